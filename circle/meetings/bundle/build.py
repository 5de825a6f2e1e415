"""The PDF of all papers of a meeting: what a worker puts together."""

import asyncio
import tempfile
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
import pikepdf

from circle.core import calendar, clock, printing
from circle.core.clock import Clock
from circle.core.db import Database
from circle.core.files import Storage
from circle.meetings.prints import CIRCLE

from . import documents, pdf, rules, store
from .model import Collection, Order, Reason
from .pdf import Mark, Piece, Plan
from .rules import Entry

_PRINTED = Path(__file__).parent / "printed"


class Taken(msgspec.Struct, frozen=True):
    """What became of an entry: clean pages in a file of our own, or why there are none."""

    entry: Entry
    path: str = ""
    pages: int = 1
    reason: Reason | None = None


async def build(database: Database, storage: Storage, office: Clock, bundle_id: UUID, turn: int) -> None:
    """Put the PDF together from what its reader may open now, and tell after each paper how far it is.

    Run twice or at the same time, one run's work counts: the other throws its bytes away. No transaction is open while
    files are read. A file that cannot be taken over, or comes when pages, bytes or time are used up, gets a sheet that
    says so; it hinders no other.
    """
    async with database.begin(None) as db:
        order = await store.find_order(db, bundle_id, turn, clock.day(office.now()))
    if order is None:
        return
    with tempfile.TemporaryDirectory(prefix="circle-bundle-") as folder:
        taken = await _read(database, storage, bundle_id, order, Path(folder))
        target = Path(folder) / "bundle.pdf"
        pages = await _put_together(order, taken, Path(folder), target)
        key, size, sha256, _ = await storage.put_stream(_pieces(target), pdf.MOST_WRITTEN)
    old: str | None = None
    try:
        async with database.begin(None) as db:
            old = await store.mark_ready(db, bundle_id, order, pages=pages, size=size, sha256=sha256, key=key)
    finally:
        if old is None:
            await storage.drop(key)
    if old:
        await storage.drop(old)


async def tidy(database: Database, storage: Storage) -> None:
    """Throw away PDFs that were asked for more than a day ago: copies of sealed things do not lie about."""
    async with database.begin(None) as db:
        keys = await store.delete_old(db)
    for key in keys:
        await storage.drop(key)


async def _read(
    database: Database, storage: Storage, bundle_id: UUID, order: Order, folder: Path
) -> list[Taken]:
    """Every entry in order, each PDF read by a process of its own."""
    made = rules.entries(order.collection)
    total = len(order.collection.papers)
    end = time.monotonic() + rules.SECONDS
    pages = size = 0
    taken: list[Taken] = []
    for n, entry in enumerate(made):
        one = Taken(entry, reason="time")
        if time.monotonic() < end:
            one = await _take(storage, entry, folder / f"{n}.pdf", size)
        if one.reason is None and pages + one.pages > rules.MOST_PAGES_IN_ALL:
            one = Taken(entry, reason="size")
        if one.reason is None:
            pages, size = pages + one.pages, size + (entry.file.size if entry.file else 0)
        taken.append(one)
        done = len({each.entry.paper.paper_id for each in taken})
        async with database.begin(None) as db:
            await store.mark_progress(db, bundle_id, order.turn, done, total)
    return taken


async def _take(storage: Storage, entry: Entry, target: Path, size: int) -> Taken:
    """The clean pages of one entry, or the reason why there are none. `size` bytes are in already."""
    source = target.with_suffix(".in")
    if entry.file is None:
        assert entry.paper.document is not None
        source.write_bytes(await documents.printed(entry.paper.document))
    elif entry.file.content_type != rules.PDF:
        return Taken(entry, reason="kind")
    elif size + entry.file.size > rules.MOST_BYTES_IN_ALL:
        return Taken(entry, reason="size")
    else:
        try:
            pieces = await storage.open(entry.file.key)
        except FileNotFoundError:
            return Taken(entry, reason="missing")
        with source.open("wb") as file:
            async for piece in pieces:
                file.write(piece)
    try:
        pages = await pdf.in_child("clean", str(source), str(target), str(rules.MOST_PAGES))
    except pdf.Refused as refused:
        return Taken(entry, reason=refused.reason)
    finally:
        source.unlink()
    return Taken(entry, str(target), pages)


async def _put_together(order: Order, taken: list[Taken], folder: Path, target: Path) -> int:
    """Cover, contents, pages and sheets under their bookmarks; returns the number of pages."""
    found = order.collection
    sheets = await asyncio.to_thread(_sheets, found, [one for one in taken if one.reason], folder)
    # The list of contents names pages behind itself: how long it is follows from a first look.
    front = folder / "front.pdf"
    length = await asyncio.to_thread(_cover, order, taken, 0, front)
    while (again := await asyncio.to_thread(_cover, order, taken, length, front)) > length:
        length = again
    pieces, marks, page, sheet = [Piece(str(front), 0, length)], [Mark("Inhalt", 0)], length, 0
    places: dict[UUID, list[Mark]] = {}
    for one in taken:
        places.setdefault(one.entry.paper.item_id, []).append(Mark(one.entry.title, page))
        if one.reason:
            pieces.append(Piece(str(sheets), sheet, 1))
            sheet += 1
        else:
            pieces.append(Piece(one.path, 0, one.pages))
        page += one.pages
    for label, title, papers in rules.by_item(found):
        below = places[papers[0].item_id]
        marks.append(Mark(rules.heading(label, title), below[0].page, below))
    plan = folder / "plan.json"
    plan.write_bytes(msgspec.json.encode(Plan(_title(found), found.host, pieces, marks)))
    return await pdf.in_child("join", str(plan), str(target))


def _title(found: Collection) -> str:
    return f"Unterlagen: {found.title} ({found.reference})"


def _cover(order: Order, taken: list[Taken], length: int, target: Path) -> int:
    """Print the cover for a list of contents of `length` pages; returns how many it has."""
    found = order.collection
    page = length + 1
    shown: dict[UUID, list[dict[str, Any]]] = {}
    for one in taken:
        note = f"Nicht enthalten. {rules.REASONS[one.reason]}" if one.reason else ""
        shown.setdefault(one.entry.paper.item_id, []).append(
            {"title": one.entry.title, "facts": rules.facts(one.entry.paper), "note": note, "page": page}
        )
        page += one.pages
    sealed = any(one.level == "confidential" for one in found.papers)
    content = _head(found) | {
        "heading": _title(found), "total": page - 1, "reader": order.person_name,
        "when_text": f"{calendar.date_long(found.date)}, {found.start_local} bis {found.end_local} Uhr",
        "place": found.place, "level": "enthält Vertrauliches" if sealed else "Koordinierungskreis",
        "items": [
            {"heading": rules.heading(label, title), "papers": shown[papers[0].item_id]}
            for label, title, papers in rules.by_item(found)
        ],
    }  # fmt: skip
    target.write_bytes(printing.render(_PRINTED / "cover.typ", msgspec.json.encode(content)))
    with pikepdf.open(target) as made:
        return len(made.pages)


def _sheets(found: Collection, left_out: list[Taken], folder: Path) -> Path:
    """One sheet for each file whose pages are not in."""
    target = folder / "sheets.pdf"
    if not left_out:
        return target
    labels = {papers[0].item_id: rules.heading(label, title) for label, title, papers in rules.by_item(found)}
    sheets = [
        {
            "title": one.entry.title, "point": labels[one.entry.paper.item_id], "facts": rules.facts(one.entry.paper),
            "name": f"{one.entry.folder}/{one.entry.name}", "reason": rules.REASONS[one.reason or "broken"],
        }
        for one in left_out
    ]  # fmt: skip
    content = _head(found) | {"sheets": sheets}
    target.write_bytes(printing.render(_PRINTED / "divider.typ", msgspec.json.encode(content)))
    return target


def _head(found: Collection) -> dict[str, Any]:
    return {"host": found.host, "reference": found.reference, "circle": CIRCLE, "on": found.date}


async def _pieces(path: Path) -> AsyncIterator[bytes]:
    with path.open("rb") as file:
        while piece := await asyncio.to_thread(file.read, 256 * 1024):
            yield piece
