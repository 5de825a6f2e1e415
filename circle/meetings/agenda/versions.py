"""What changed from one dispatched agenda to the next, in words: pure, from the snapshots alone.

After the invitation numbers stay, late items come as 5a and what is taken off keeps its place (domain part 3, Tagesordnung).
"""

from collections.abc import Callable
from typing import Any

from circle.core import calendar
from circle.meetings import rules as meetings

from . import rules
from .model import (
    AgendaVersion,
    Difference,
    ItemDifference,
    SentAgenda,
    SentItem,
    SentPaper,
    StoredVersion,
)

CHANGES = {
    "new": ("neu", "info"),
    "removed": ("abgesetzt", "warning"),
    "adjourned": ("vertagt", "warning"),
    "changed": ("geändert", "neutral"),
}
_GONE = {"withdrawn": "removed", "removed": "removed", "adjourned": "adjourned"}


def _text(value: Any) -> str:
    return str(value or "")


_MEETING: dict[str, tuple[str, Callable[[Any], str]]] = {
    "title": ("Titel", _text),
    "date": ("Tag", calendar.date_long),
    "start_local": ("Beginn", lambda at: f"{at} Uhr"),
    "end_local": ("Ende", lambda at: f"{at} Uhr"),
    "mode": ("Form", lambda mode: meetings.MODES.get(mode, mode)),
    "place": ("Ort", _text),
    "link": ("Zugang", _text),
}
_ITEM: dict[str, tuple[str, Callable[[Any], str]]] = {
    "title": ("Titel", _text),
    "planned_minutes": ("Dauer", lambda minutes: "" if minutes is None else f"{minutes} Minuten"),
    "rapporteur_name": ("Vortrag", _text),
    "aim": ("Ziel", lambda aim: rules.AIMS.get(aim, "")),
    "kind": ("Art", lambda kind: rules.KINDS.get(kind, "")),
}


def told(versions: list[StoredVersion]) -> list[AgendaVersion]:
    """Each version against the one before it, the oldest first; the first one has nothing to differ from."""
    found = []
    for before, one in zip([None, *versions], versions, strict=False):
        found.append(
            AgendaVersion(
                one.version, one.kind, one.sent_on, one.sha256, len(one.agenda.items),
                _fields(_MEETING, before.agenda, one.agenda) if before else [],
                differences(before.agenda, one.agenda) if before else [],
            )
        )  # fmt: skip
    return found


def differences(before: SentAgenda, after: SentAgenda) -> list[ItemDifference]:
    """What is new, taken off, put off or changed, in the order of the later agenda."""
    known = {item.id: item for item in before.items}
    found = []
    for item in after.items:
        old = known.get(item.id)
        fields = [*_fields(_ITEM, old, item), *_papers(old, item)] if old else _new_papers(item.papers)
        gone = (
            _GONE.get(item.status) if old is None or _GONE.get(old.status) != _GONE.get(item.status) else None
        )
        change: Any = gone or ("new" if old is None else "changed")
        if change != "changed" or fields:
            found.append(ItemDifference(item.id, item.number, item.title, change, fields))
    left = {item.id for item in after.items}
    found += [
        ItemDifference(item.id, item.number, item.title, "removed", [])
        for item in before.items
        if item.id not in left
    ]
    return found


def _fields(kinds: dict[str, tuple[str, Callable[[Any], str]]], before: Any, after: Any) -> list[Difference]:
    return [
        Difference(name, label, words(getattr(before, name)), words(getattr(after, name)))
        for name, (label, words) in kinds.items()
        if getattr(before, name) != getattr(after, name)
    ]


def _papers(before: SentItem, after: SentItem) -> list[Difference]:
    """Papers that came, and those of which a new version came."""
    known = {paper.id: paper for paper in before.papers}
    newer = [
        Difference(
            "papers", "Unterlage", _paper(known[paper.id]), _paper(paper)
        )
        for paper in after.papers
        if paper.id in known and known[paper.id] != paper
    ]  # fmt: skip
    return _new_papers([paper for paper in after.papers if paper.id not in known]) + newer


def _new_papers(papers: list[SentPaper]) -> list[Difference]:
    return [Difference("papers", "Neue Unterlage", "", _paper(paper)) for paper in papers]


def _paper(paper: SentPaper) -> str:
    return f"{paper.title} (Fassung {paper.version})" if paper.version > 1 else paper.title
