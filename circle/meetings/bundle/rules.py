"""What a bundle holds in which order, how its files are called, and when a paper is not in the PDF. Pure."""

import re
from collections.abc import Iterator
from itertools import groupby
from pathlib import PurePosixPath

import msgspec

from circle.core import errors, pages
from circle.core.calendar import date_long, date_short
from circle.meetings.agenda import rules as agenda_rules

from .model import BundleFile, BundlePaper, Collection, Reason

MOST_PAGES = 1_000
"""Pages of one file."""
MOST_PAGES_IN_ALL = 5_000
MOST_BYTES_IN_ALL = 300 * 1024 * 1024
SECONDS = 45.0
"""For reading all files; what is left then gets a sheet. A job ends after a hundred."""
PDF = "application/pdf"
REASONS: dict[Reason, str] = {
    "encrypted": "Die Datei ist mit einem Kennwort oder gegen das Zusammenfügen geschützt.",
    "broken": "Die Datei ist beschädigt oder lässt sich nicht in ein anderes PDF übernehmen.",
    "pages": f"Die Datei hat mehr als {MOST_PAGES} Seiten.",
    "form": "Die Datei ist ein Formular, das nur ein besonderes Programm anzeigt.",
    "portfolio": "Die Datei ist eine Sammelmappe mit weiteren Dateien.",
    "empty": "Die Datei hat keine Seiten.",
    "kind": "Die Datei ist kein PDF.",
    "missing": "Die Datei liegt nicht mehr in der Ablage.",
    "size": "Mit dieser Datei wäre das PDF zu groß geworden.",
    "time": "Das Zusammenfügen hätte zu lange gedauert.",
}
"""Why a sheet stands in place of a file."""
_RESERVED = re.compile(r"(?i)(con|prn|aux|nul|com\d|lpt\d)(\..*)?$")


class Entry(msgspec.Struct, frozen=True):
    """One file of a bundle: a stored one, or the print of a document (`file` None). `folder` and `name` are for the ZIP."""

    paper: BundlePaper
    file: BundleFile | None
    folder: str
    name: str
    title: str


def require_papers(found: Collection) -> None:
    """Raises Conflict when there is nothing to put together."""
    if not found.papers:
        raise errors.Conflict(
            "Zu dieser Sitzung gibt es noch keine Unterlagen, die Sie öffnen können.", code="no_papers"
        )


def point(paper: BundlePaper, place: int) -> str:
    """„TOP 4“; before numbers are given the place among the points that have papers."""
    return f"TOP {paper.item_number}" if paper.item_number else f"Punkt {place}"


def heading(label: str, title: str) -> str:
    """„TOP 4: Sprachmittlung“; a point without a number has its title alone, for its place may still change."""
    return f"{label}: {title}" if label.startswith("TOP ") else title


def by_item(found: Collection) -> Iterator[tuple[str, str, list[BundlePaper]]]:
    """The points that have papers: „TOP 4“, its title, the papers."""
    for place, (_, papers) in enumerate(groupby(found.papers, key=lambda one: one.item_id), start=1):
        group = list(papers)
        yield point(group[0], place), group[0].item_title, group


def entries(found: Collection) -> list[Entry]:
    """Every file in order, under a name that no other has. Papers are counted as the reader sees them: a gap would tell
    of one that they do not see."""
    made: list[Entry] = []
    taken: set[str] = set()
    for label, item_title, papers in by_item(found):
        number = re.sub(r"^\D+", "", label)
        digits = re.match(r"\d*", number)
        padded = number.zfill(len(number) + 2 - len(digits.group() if digits else ""))
        folder = safe(f"{label.split()[0]} {padded} {item_title}", 60)
        for count, paper in enumerate(papers, start=1):
            for file in [None, *paper.files] if paper.document else paper.files:
                title = paper.title
                ending = ".pdf"
                if file is not None:
                    ending = PurePosixPath(file.name).suffix.lower() or ""
                    if paper.document:
                        title = f"{paper.title}, Anlage {PurePosixPath(file.name).stem}"
                name = _unlike(f"{padded}-{count} {_without(title, ending)}", ending, folder, taken)
                made.append(Entry(paper, file, folder, name, title))
    return made


def safe(text: str, longest: int) -> str:
    """A name that every system takes and that leads nowhere else."""
    plain = re.sub(
        r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff<>:\"/\\|?*]+", " ", text
    )
    plain = " ".join(re.sub(r"\.{2,}", " ", plain).split())[:longest].strip(" .")
    return f"_{plain}" if not plain or _RESERVED.match(plain) else plain


def _without(title: str, ending: str) -> str:
    return title[: -len(ending)] if ending and title.lower().endswith(ending) else title


def _unlike(stem: str, ending: str, folder: str, taken: set[str]) -> str:
    stem, ending = safe(stem, 100), re.sub(r"[^.\w]", "", ending)[:12]
    for count in range(1, 10_000):
        name = f"{stem}{f' ({count})' if count > 1 else ''}{ending}"
        path = f"{folder}/{name}".casefold()
        if path not in taken:
            taken.add(path)
            return name
    raise AssertionError("ten thousand papers of one name")


def contents(found: Collection, made: list[Entry], missing: set[str]) -> str:
    """What `Inhalt.txt` says: every paper in order, with its level and the file's name."""
    lines = [
        f"Unterlagen zur {found.title}" if found.title[:1].isdigit() else f"Unterlagen: {found.title}",
        f"{date_long(found.date)}, {found.start_local} bis {found.end_local} Uhr"
        + (f", {found.place}" if found.place else ""),
        found.reference,
    ]
    for (folder, _), group in groupby(made, key=lambda one: (one.folder, one.paper.item_id)):
        lines += ["", folder]
        for one in group:
            note = f" ({REASONS['missing']})" if f"{one.folder}/{one.name}" in missing else ""
            lines.append(f"  {one.name}: {facts(one.paper)}{note}")
    lines += ["", "Enthalten ist, was Sie zu dieser Sitzung öffnen dürfen. Bitte geben Sie nichts weiter, was andere nicht lesen dürfen."]  # fmt: skip
    return "\r\n".join(lines) + "\r\n"


def facts(paper: BundlePaper) -> str:
    """Level, version and when it came, in one line."""
    told = [pages.LEVELS[paper.level]]
    if paper.version > 1:
        told.append(f"Fassung {paper.version}")
    told.append(f"vom {date_short(paper.submitted_on)}")
    if paper.label != "advance":
        told.append(agenda_rules.LABELS[paper.label])
    return ", ".join(told)
