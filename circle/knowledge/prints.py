"""A knowledge document as PDF: its Markdown becomes a short list of typed blocks, which the sheet sets."""

import asyncio
from collections.abc import Iterable, Iterator
from datetime import date
from pathlib import Path
from typing import Any, Literal

import msgspec
from markdown_it import MarkdownIt
from markdown_it.tree import SyntaxTreeNode

from circle.core import calendar, clock, pages, printing

from .model import Document

LONGEST_BODY = 200_000

_PRINTED = Path(__file__).parent / "printed"
_MARKDOWN = MarkdownIt(
    "gfm-like", {"html": False, "typographer": True, "quotes": "„“‚‘", "maxNesting": 100}
).enable(["replacements", "smartquotes"])
NOTES = {
    "draft": " (Entwurf)",
    "in_review": " (Entwurf)",
    "superseded": " (ersetzt)",
    "retired": " (zurückgezogen)",
}
"""What stands beside the version of a text that does not hold."""
_DEEPEST_HEADING = 6
_DEEPEST_NESTING = 6
_AT_ONCE = asyncio.Semaphore(2)
"""More would not be faster on a small machine, and the pages need its processor too."""


class Run(msgspec.Struct, frozen=True):
    """A stretch of text with one look; a line break within it is "\\n", `href` an address that is safe."""

    text: str
    strong: bool = False
    emphasis: bool = False
    strike: bool = False
    code: bool = False
    href: str = ""


class Heading(msgspec.Struct, frozen=True, tag_field="kind", tag="heading"):
    """A heading; levels start at 1 and none is left out, whatever the author typed."""

    level: int
    runs: list[Run]


class Paragraph(msgspec.Struct, frozen=True, tag_field="kind", tag="paragraph"):
    """A paragraph."""

    runs: list[Run]


class Points(msgspec.Struct, frozen=True, tag_field="kind", tag="list"):
    """A list; with a number in `start` it counts from there, without it has dashes."""

    start: int | None
    points: list[list["Block"]]


class Quote(msgspec.Struct, frozen=True, tag_field="kind", tag="quote"):
    """A quotation."""

    parts: list["Block"]


class Cell(msgspec.Struct, frozen=True):
    """A cell of a table."""

    runs: list[Run]


class Table(msgspec.Struct, frozen=True, tag_field="kind", tag="table"):
    """A table with one row of headers; `align` says left, center or right for each column."""

    header: list[list[Run]]
    align: list[Literal["left", "center", "right"]]
    rows: list[list[Cell]]


class Code(msgspec.Struct, frozen=True, tag_field="kind", tag="code"):
    """Text whose spaces and lines count."""

    text: str


class Rule(msgspec.Struct, frozen=True, tag_field="kind", tag="rule"):
    """A line across."""


Block = Heading | Paragraph | Points | Quote | Table | Code | Rule


class DocumentPrint(msgspec.Struct, frozen=True, kw_only=True):
    """A version of a document: `as_of` is its Stand, `level` the German word, `body` Markdown."""

    reference: str
    title: str
    level: str
    version: str
    as_of: date
    owner: str
    body: str
    legal_basis: str = ""
    circle: str = "Koordinierungskreis der Integrationsbeauftragten der Bezirksregierungen"


def of(found: Document) -> DocumentPrint:
    """What is printed of a document as its reader sees it; a text that does not hold says so beside its version."""
    return DocumentPrint(
        reference=found.reference, title=found.title, level=pages.LEVELS[found.confidentiality],
        version=f"{found.version}{NOTES.get(found.state, '')}",
        as_of=found.released_on or clock.day(found.updated_at), owner=f"{found.owner_name}, {found.authority_name}",
        body=found.body or found.abstract, legal_basis=found.legal_basis,
    )  # fmt: skip


async def in_thread(printed: DocumentPrint) -> bytes:
    """The PDF, set beside the event loop, two at a time. No transaction may be open meanwhile."""
    async with _AT_ONCE:
        return await asyncio.to_thread(document, printed)


def document(printed: DocumentPrint) -> bytes:
    """Return the document as PDF/A-2a and PDF/UA-1. Raises ValueError, in German, for an overlong body."""
    fields: dict[str, Any] = msgspec.to_builtins(printed)
    fields["as_of_text"] = calendar.date_short(printed.as_of)
    fields["blocks"] = msgspec.to_builtins(blocks(printed.body))
    return printing.render(_PRINTED / "document.typ", msgspec.json.encode(fields))


def blocks(markdown: str) -> list[Block]:
    """Return what the Markdown text consists of. HTML stays text, pictures become their description.

    Raises ValueError, in German, beyond 200,000 characters: the parser's time grows faster than the text.
    """
    if len(markdown) > LONGEST_BODY:
        raise ValueError(
            f"Der Text ist zu lang. Möglich sind höchstens {LONGEST_BODY:,} Zeichen.".replace(",", ".")
        )
    return list(_whole_levels(_blocks(SyntaxTreeNode(_MARKDOWN.parse(markdown)).children)))


def _blocks(nodes: Iterable[SyntaxTreeNode], depth: int = 0) -> Iterator[Block]:
    """Turn nodes into blocks; what is nested deeper than the sheet is wide loses its frame, not its text."""
    for node in nodes:
        match node.type:
            case "heading":
                yield Heading(int(node.tag[1:]), _runs(node))
            case "paragraph":
                yield Paragraph(_runs(node))
            case "bullet_list" | "ordered_list" | "blockquote" if depth == _DEEPEST_NESTING:
                points = node.children if node.type != "blockquote" else [node]
                for point in points:
                    yield from _plain_headings(_blocks(point.children, depth))
            case "bullet_list" | "ordered_list":
                start = int(node.attrs.get("start", 1)) if node.type == "ordered_list" else None
                yield Points(
                    start, [_plain_headings(_blocks(point.children, depth + 1)) for point in node.children]
                )
            case "blockquote":
                yield Quote(_plain_headings(_blocks(node.children, depth + 1)))
            case "table":
                yield _table(node)
            case "fence" | "code_block":
                yield Code(node.content.rstrip("\n"))
            case "hr":
                yield Rule()


def _whole_levels(found: Iterable[Block]) -> Iterator[Block]:
    """Close gaps between the levels of headings; PDF/UA refuses a document that jumps from 1 to 3."""
    open_levels: list[int] = []
    for block in found:
        if isinstance(block, Heading):
            while open_levels and open_levels[-1] >= block.level:
                open_levels.pop()
            open_levels.append(block.level)
            block = Heading(min(len(open_levels), _DEEPEST_HEADING), block.runs)
        yield block


def _plain_headings(found: Iterable[Block]) -> list[Block]:
    """Within lists and quotations a heading is a strong line: it opens no chapter of the document."""
    return [
        Paragraph([msgspec.structs.replace(run, strong=True) for run in block.runs])
        if isinstance(block, Heading)
        else block
        for block in found
    ]


def _table(node: SyntaxTreeNode) -> Table:
    head, *body = node.children
    cells = head.children[0].children
    align: list[Literal["left", "center", "right"]] = [
        _align(str(cell.attrs.get("style", ""))) for cell in cells
    ]
    rows = body[0].children if body else []
    return Table(
        header=[_runs(cell) for cell in cells],
        align=align,
        rows=[[Cell(_runs(cell)) for cell in row.children] for row in rows],
    )


def _align(style: str) -> Literal["left", "center", "right"]:
    if style.endswith("center"):
        return "center"
    return "right" if style.endswith("right") else "left"


def _runs(node: SyntaxTreeNode) -> list[Run]:
    return [run for child in node.children for run in _inline(child, Run("")) if run.text]


def _inline(node: SyntaxTreeNode, look: Run) -> Iterator[Run]:
    """Walk through a line's tree and give each piece of text the look of all that it stands in."""
    change = msgspec.structs.replace
    match node.type:
        case "text":
            yield change(look, text=node.content)
        case "code_inline":
            yield change(look, text=node.content, code=True)
        case "softbreak":
            yield change(look, text=" ")
        case "hardbreak":
            yield change(look, text="\n")
        case "image":
            yield change(look, text=f"[Bild: {node.content}]")
            return
        case "strong":
            look = change(look, strong=True)
        case "em":
            look = change(look, emphasis=True)
        case "s":
            look = change(look, strike=True)
        case "link":
            look = change(look, href=str(node.attrs.get("href", "")))
    for child in node.children:
        yield from _inline(child, look)
