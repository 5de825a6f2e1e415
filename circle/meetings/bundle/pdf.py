"""Other people's PDFs, read in child processes: what parsers do to memory and time stays there.

`python -m circle.meetings.bundle.pdf clean IN OUT MOST` keeps the pages of a file and nothing that acts; `… join PLAN OUT`
puts clean ones together. Both write one line of JSON to standard output: the number of pages, or why there are none.

Only pages are taken over, each with what is drawn on it: scripts, actions, forms, attached files, names and metadata of a
file stay behind (ISO 32000-2, 12.6 and 7.11.4). Comments and filled fields become part of the page.
"""

import asyncio
import json
import os
import resource
import sys
from pathlib import Path
from typing import Any, Literal

import msgspec
import pikepdf
from pikepdf import Array, Dictionary, Name, OutlineItem, Pdf, Stream, String

from .model import Reason

MEMORY, CPU_SECONDS = 1024 * 1024 * 1024, 25
WALL_SECONDS = {"clean": 15.0, "join": 30.0}
"""With the time for reading (`rules.SECONDS`) less than a job may take."""
MOST_WRITTEN = 600 * 1024 * 1024
MOST_LINKS = 2_000
_KEPT = {
    "/Type", "/MediaBox", "/CropBox", "/BleedBox", "/TrimBox", "/ArtBox", "/Rotate", "/Resources", "/Contents", "/Group",
    "/UserUnit", "/Parent",
}  # fmt: skip
# Of what is drawn: bytes that lie in another file, pictures of pages elsewhere, what programs and authors left.
_LEFT_OUT = {
    "/F",
    "/FFilter",
    "/FDecodeParms",
    "/Ref",
    "/OPI",
    "/AF",
    "/PieceInfo",
    "/Metadata",
    "/StructParent",
    "/StructParents",
}
_SAFE = (b"https://", b"http://", b"mailto:")


class Refused(Exception):
    """A file whose pages cannot be taken over."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason)
        self.reason: Reason = reason


class Mark(msgspec.Struct, frozen=True):
    """A bookmark: what it says, the page (from 0) and those below it."""

    title: str
    page: int
    below: list["Mark"] = []


class Piece(msgspec.Struct, frozen=True):
    """Pages to be put in: `count` of a file from `first` on."""

    path: str
    first: int
    count: int


class Plan(msgspec.Struct, frozen=True):
    """A whole to be put together."""

    title: str
    author: str
    pieces: list[Piece]
    marks: list[Mark]


class _Said(msgspec.Struct, frozen=True):
    pages: int = 0
    reason: Reason | None = None


def clean(source: Path, target: Path, most: int) -> int:
    """Write the pages of a file as a file of their own and return how many. Raises Refused."""
    try:
        with pikepdf.open(source) as pdf, Pdf.new() as kept:
            _require_plain(pdf)
            count = len(pdf.pages)
            if not 0 < count <= most:
                raise Refused("pages" if count else "empty")
            if "/AcroForm" in pdf.Root:
                pdf.generate_appearance_streams()
            pdf.flatten_annotations("all")
            for page in pdf.pages:
                links = _links(page.obj)
                for key in set(page.obj.keys()) - _KEPT:
                    del page.obj[key]
                kept.pages.append(page)
                mine = kept.pages[-1].obj
                if "/MediaBox" not in mine:
                    mine["/MediaBox"] = Array([0, 0, 595, 842])
                if links:
                    mine["/Annots"] = Array([kept.make_indirect(_link(*one)) for one in links])
            for one in kept.objects:
                if isinstance(one, Stream):
                    for key in _LEFT_OUT & set(one.keys()):
                        del one[key]
            kept.save(target, deterministic_id=True)
            return count
    except pikepdf.PasswordError as error:
        raise Refused("encrypted") from error
    except (pikepdf.PdfError, ValueError, TypeError, KeyError, AttributeError, RuntimeError, RecursionError, NotImplementedError) as error:  # fmt: skip
        # Whatever a library meets in a file of unknown making.
        raise Refused("broken") from error


def _require_plain(pdf: Pdf) -> None:
    if pdf.is_encrypted and not (pdf.allow.modify_assembly or pdf.allow.extract):
        raise Refused("encrypted")
    if "/Collection" in pdf.Root:
        raise Refused("portfolio")
    # Pages of such a form hold a notice that another program is needed.
    if pdf.Root.get("/NeedsRendering", False) is True:
        raise Refused("form")


def _links(page: Any) -> list[tuple[list[float], bytes]]:
    """Links of a page that lead to an address on the net or to a mailbox: where they lie and where they lead."""
    found: list[tuple[list[float], bytes]] = []
    annotations = page.get("/Annots")
    for one in list(annotations)[:MOST_LINKS] if isinstance(annotations, Array) else []:
        if not isinstance(one, Dictionary) or one.get("/Subtype") != Name.Link:
            continue
        action, rect = one.get("/A"), one.get("/Rect")
        if not isinstance(action, Dictionary) or action.get("/S") != Name.URI or not isinstance(rect, Array):
            continue
        address = action.get("/URI")
        raw = bytes(address) if isinstance(address, String) else b""
        if raw.lower().startswith(_SAFE) and len(raw) <= 2000 and len(rect) == 4:
            found.append(([float(x) for x in rect], raw))  # Numbers, or it is broken.
    return found


def _link(rect: list[float], address: bytes) -> Dictionary:
    return Dictionary(
        Type=Name.Annot, Subtype=Name.Link, Rect=Array([round(x, 3) for x in rect]), Border=Array([0, 0, 0]), F=4,
        A=Dictionary(S=Name.URI, URI=String(address)),
    )  # fmt: skip


def join(plan: Plan, target: Path) -> int:
    """Put clean pages together under bookmarks and return how many there are.

    Pages are numbered from the cover on, as they are counted on the screen. The whole is untagged: a file of which only
    some pages are tagged hides the others from screen readers.
    """
    with Pdf.new() as whole:
        opened: dict[str, Pdf] = {}
        try:
            for piece in plan.pieces:
                source = opened.get(piece.path) or opened.setdefault(piece.path, pikepdf.open(piece.path))
                for page in source.pages[piece.first : piece.first + piece.count]:
                    whole.pages.append(page)
                    mine = whole.pages[-1].obj
                    for key in set(mine.keys()) - _KEPT - {"/Annots"}:
                        del mine[key]
            with whole.open_outline() as outline:
                outline.root.extend(_bookmark(mark) for mark in plan.marks)
            whole.Root.PageLabels = Dictionary(Nums=Array([0, Dictionary(S=Name.D)]))
            whole.Root.Lang = String("de-DE")
            whole.Root.PageMode = Name.UseOutlines
            whole.Root.ViewerPreferences = Dictionary(DisplayDocTitle=True)
            with whole.open_metadata(set_pikepdf_as_editor=False) as meta:
                meta["dc:title"] = plan.title
                meta["dc:creator"] = [plan.author]
                meta["dc:language"] = ["de-DE"]
            whole.save(target, deterministic_id=True, object_stream_mode=pikepdf.ObjectStreamMode.generate)
            return len(whole.pages)
        finally:
            for source in opened.values():
                source.close()


def _bookmark(mark: Mark) -> OutlineItem:
    item = OutlineItem(mark.title, mark.page)
    item.children.extend(_bookmark(one) for one in mark.below)
    return item


async def in_child(act: Literal["clean", "join"], *arguments: str) -> int:
    """Run this module as a process of limited memory and time; returns the number of pages. Raises Refused."""
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "circle.meetings.bundle.pdf", act, *arguments,
        stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
        env={"PATH": os.environ.get("PATH", ""), "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    )  # fmt: skip
    try:
        said, _ = await asyncio.wait_for(child.communicate(), WALL_SECONDS[act])
    except TimeoutError as error:
        raise Refused("broken") from error
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()
    try:
        told = msgspec.json.decode(said, type=_Said)
    except msgspec.DecodeError as error:  # It was ended: too much memory, time or disk.
        raise Refused("broken") from error
    if told.reason or child.returncode:
        raise Refused(told.reason or "broken")
    return told.pages


def main() -> int:
    """Do one of the two and say what came of it."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_FSIZE, (MOST_WRITTEN, MOST_WRITTEN))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    act, first, target, *more = sys.argv[1:]
    said: dict[str, int | str]
    try:
        if act == "clean":
            said = {"pages": clean(Path(first), Path(target), int(more[0]))}
        else:
            plan = msgspec.json.decode(Path(first).read_bytes(), type=Plan)
            said = {"pages": join(plan, Path(target))}
    except Refused as refused:
        said = {"reason": refused.reason}
    except MemoryError:
        said = {"reason": "broken"}
    sys.stdout.write(json.dumps(said))
    return 0


if __name__ == "__main__":
    sys.exit(main())
