"""Who gets what, and when to try again: pure."""

from datetime import timedelta
from typing import Literal

from circle.core import mail

from .model import FullDispatch, Level, Paper, Reader, Standing

MAIL_LIMIT = 10 * 1024 * 1024
"""Bytes of files that go along in one mail; what does not fit is linked."""
NEUTRAL_SUBJECT = "Neue vertrauliche Unterlage im Koordinierungskreis"
NEUTRAL_TITLE = "Vertrauliche Unterlage"
LEVELS: tuple[Level, ...] = ("public", "internal", "circle", "confidential")
"""From open to closed."""
LONGEST_PAUSE = timedelta(hours=4)
GIVE_UP = timedelta(hours=48)

States = Literal["new", "leased", "sending", "sent", "failed", "uncertain", "cancelled"]


def moving(dispatch: FullDispatch) -> bool:
    """True while its papers are built or mails wait: its page tells how far it is."""
    return dispatch.building == "running" or (
        dispatch.state == "sending" and dispatch.counts.waiting > 0 and not dispatch.stalled
    )


def sort_papers(level: Level, papers: list[Paper], keys: list[str]) -> tuple[list[Paper], list[Paper]]:
    """The papers that one recipient gets: attached ones and linked ones. The others are left out.

    Public and internal files are attached, those of the circle to its members, confidential ones never; with a
    confidential letter nothing is attached (levels as in the rules of the circle, decree Nr. 5).
    """
    attached: list[Paper] = []
    linked: list[Paper] = []
    room = MAIL_LIMIT
    for paper in papers:
        if not set(paper.audience) & set(keys):
            continue
        if paper.file_id is not None and paper.size <= room and _may_travel(level, paper.level, keys):
            attached.append(paper)
            room -= paper.size
        else:
            linked.append(paper)
    return attached, linked


def _may_travel(letter: Level, paper: Level, keys: list[str]) -> bool:
    if "confidential" in (letter, paper):
        return False
    return paper != "circle" or "circle" in keys


def refusal(
    reader: Reader, level: Level, readers: list[str], papers: list[Paper], document: Standing | None = None
) -> str:
    """Why this person gets nothing, in German; empty when they may have the letter.

    Rights are those of the moment: whoever lost the office on the way gets nothing any more. `document` is the one
    that the letter is about, as it stands now.
    """
    if document is not None and (reason := withdrawal(document, level)):
        return reason
    if not reader.active:
        return "Die Person ist nicht mehr aktiv."
    # What is public goes out as information of the network; a letter to few is no such information.
    if reader.opted_out and level == "public":
        return "Die Person hat die Informationen abbestellt."
    try:
        mail.check_address(reader.address)
    except mail.HeaderError as wrong:
        return str(wrong)
    own = set(reader.keys)
    free = {"public": own, "confidential": set()}.get(level, {"internal"})
    if not own & {*free, *readers} or (document is not None and not own & set(document.audience)):
        return "Die Person darf das nicht (mehr) lesen."
    if papers and not any(own & set(paper.audience) for paper in papers):
        return "Die Person darf keine der Unterlagen sehen."
    return ""


def withdrawal(document: Standing, level: Level) -> str:
    """Why a document is not distributed under `level` any more, in German; empty when it is.

    A dispatch may lie prepared for days: retired, replaced or raised meanwhile, the document goes out to nobody.
    """
    if document.state not in ("released", "review_overdue"):
        return "Das Dokument ist nicht mehr freigegeben."
    if LEVELS.index(document.level) > LEVELS.index(level):
        return "Das Dokument ist inzwischen höher eingestuft. Bitte bereiten Sie den Versand neu vor."
    return ""


def watchers(level: Level, readers: list[str], requester: str) -> list[str]:
    """Keys that may see a dispatch with its recipients: whoever asked for it, and the office.

    A confidential letter stays hidden from the office, unless the office may read the thing it is about.
    """
    office = "role:circle_office"
    known = {office} if level != "confidential" or office in readers else set()
    return sorted({*known, *({requester} if requester else set())})


def pause(attempts: int, *, answered: bool) -> timedelta:
    """How long to wait after the n-th try (n from 1): doubled each time, at most four hours.

    A server that answered „later“ is left alone for a minute; one that was not reached may be back in ten seconds.
    """
    first = timedelta(minutes=1) if answered else timedelta(seconds=10)
    doublings = min(max(attempts, 1) - 1, 12)
    return min(first * (1 << doublings), LONGEST_PAUSE)


STATE_WORDS: dict[States, tuple[str, str]] = {
    "new": ("wartet", "neutral"),
    "leased": ("wird vorbereitet", "info"),
    "sending": ("wird gesendet", "info"),
    "sent": ("gesendet", "success"),
    "failed": ("nicht zugestellt", "danger"),
    "uncertain": ("ungeklärt", "warning"),
    "cancelled": ("abgebrochen", "neutral"),
}
"""State of a delivery in words, with the tone of its mark."""
DISPATCH_WORDS = {
    "prepared": ("vorbereitet", "neutral"),
    "sending": ("läuft", "info"),
    "done": ("abgeschlossen", "success"),
    "cancelled": ("abgebrochen", "neutral"),
}
KIND_WORDS = {
    "invitation": "Einladung",
    "supplement": "Nachversand",
    "minutes_draft": "Niederschrift (Entwurf)",
    "minutes_approved": "Niederschrift",
    "correction": "Berichtigung",
    "receipt": "Eingangsbestätigung",
    "clarification": "Rückfrage",
    "answer": "Antwort",
    "document": "Wissensdokument",
    "notice": "Mitteilung",
    "cancellation": "Absage",
}
