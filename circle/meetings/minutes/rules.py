"""The rules about minutes: which act in which state, how a version is frozen, how things are called."""

import hashlib
import re
from collections.abc import Iterable
from datetime import date
from typing import Any
from uuid import UUID

import msgspec

from circle.core import calendar, errors
from circle.meetings.agenda import rules as agenda_rules

from .model import Attendance, Move, SummonsWords

MASK = "Vertraulicher Tagesordnungspunkt"
KINDS = {"result": "Ergebnisniederschrift", "course": "Verlaufsniederschrift"}
RESULTS = agenda_rules.RESULTS
DECISIONS = {"accepted": "übernommen", "rejected": "nicht übernommen", "noted": "zur Kenntnis genommen"}
CLOSED = {"minutes_approved", "filed"}
WORDS = {"B": "Ergebnis", "A": "Aufgabe", "W": "Wissensfrage"}
"""What the letters stand for with which a line of a text may begin."""
_BEGINNING = r"^[ \t]{0,3}(?:[-*+][ \t]+)?"
LINE = re.compile(_BEGINNING + r"([ABW]):[ \t]*(\S.{0,1990}?)[ \t]*$", re.MULTILINE)
PLAIN = re.compile(r"^([ \t]{0,3}(?:[-*+][ \t]+)?)\\([ABW]:)", re.MULTILINE)
BEGUN = CLOSED | {"running", "held", "minutes_draft"}


class Frozen(msgspec.Struct, frozen=True):
    """A part of a version: the main text (`item_id` None) or the annex of a confidential item."""

    item_id: UUID | None
    canonical: str
    sha256: str


def require_open(meeting_state: str) -> None:
    """Raises Conflict when the minutes of the meeting are approved: from then on its texts and results stand."""
    if meeting_state in CLOSED:
        raise errors.Conflict(
            "Die Niederschrift dieser Sitzung ist genehmigt. Änderungen sind nur noch als Berichtigung möglich.",
            code="minutes_approved",
        )


def require_writable(meeting_state: str) -> None:
    """Raises Conflict when the meeting has no minutes to write: approved already, cancelled or moved."""
    require_open(meeting_state)
    if meeting_state in ("cancelled", "moved"):
        raise errors.Conflict("Diese Sitzung hat nicht stattgefunden. Es gibt keine Niederschrift.")


def require_held(meeting_state: str) -> None:
    """Raises Conflict unless the meeting is over and its minutes are not yet approved."""
    require_writable(meeting_state)
    if meeting_state not in ("held", "minutes_draft"):
        raise errors.Conflict(
            "Die Sitzung ist noch nicht geschlossen. Bitte schließen Sie zuerst die Sitzung."
        )


def require_objectable(state: str, objection_until: date | None, today: date) -> None:
    """Raises Conflict unless the draft is out and its objection period, which ends at 24:00, is not over."""
    if state != "sent" or objection_until is None:
        raise errors.Conflict(
            "Die Niederschrift ist genehmigt. Wenden Sie sich wegen einer Berichtigung an die Geschäftsführung."
        )
    if today > objection_until:
        raise errors.Conflict(
            f"Die Einwendungsfrist ist am {calendar.date_short(objection_until)} abgelaufen. "
            "Sprechen Sie den Punkt bei der Genehmigung in der nächsten Sitzung an.",
            code="objection_period_over",
        )


def require_sent(state: str) -> None:
    """Raises Conflict unless the draft is out and not yet approved."""
    if state == "draft":
        raise errors.Conflict("Der Entwurf ist noch nicht versendet. Bitte versenden Sie zuerst den Entwurf.")
    if state != "sent":
        raise errors.Conflict("Die Niederschrift ist schon genehmigt.")


def require_other_hand(actor: UUID | None, objector: UUID) -> None:
    """Raises Forbidden (`four_eyes`) when somebody decides on their own objection."""
    if actor == objector:
        raise errors.Forbidden(
            "Über eine Einwendung entscheidet nicht, wer sie erhoben hat.", code="four_eyes"
        )


def require_reason(decision: str, reason: str) -> None:
    """Raises Invalid for a refusal that tells no reason: whoever objected is told why."""
    if decision == "rejected" and not reason.strip():
        raise errors.Invalid(
            "Eine Einwendung wird nur mit Begründung nicht übernommen.",
            fields={"reason": "Bitte begründen Sie, warum die Einwendung nicht übernommen wird."},
        )


def require_approved(state: str) -> None:
    """Raises Conflict unless the minutes are approved: before, the text itself is changed."""
    if state not in ("approved", "approved_with_changes"):
        raise errors.Conflict("Berichtigt wird erst nach der Genehmigung. Vorher ändern Sie den Text selbst.")


def require_seen(seen: str, now: str) -> None:
    """Raises Conflict when the words are no longer those that were read; '' says nothing about what was read."""
    if seen and seen != now:
        raise errors.Conflict(
            "Seit Sie die Niederschrift gelesen haben, hat sich ihr Text geändert. Bitte lesen Sie sie noch einmal und "
            "genehmigen Sie dann.",
            code="words_changed",
        )


def masked(item: dict[str, Any]) -> dict[str, Any]:
    """The item as everybody sees it: its number and state, and that it is confidential."""
    return dict.fromkeys(item) | {
        "id": item["id"],
        "number": item["number"],
        "status": item["status"],
        "title": MASK,
        "confidentiality": "confidential",
        "reservations": [],
        "tasks": [],
        "presence": [],
    }


def freeze(content: dict[str, Any]) -> list[Frozen]:
    """The version of a content: the main text with confidential items masked, then one annex for each of those."""
    secret = [item for item in content["items"] if item["confidentiality"] == "confidential"]
    main = content | {"items": [masked(item) if item in secret else item for item in content["items"]]}
    return [_part(None, main), *(_part(UUID(item["id"]), item) for item in secret)]


def _part(item_id: UUID | None, content: dict[str, Any]) -> Frozen:
    canonical = msgspec.json.encode(content, order="sorted")
    return Frozen(item_id, canonical.decode(), hashlib.sha256(canonical).hexdigest())


def reservation_text(reservation: Any) -> str:
    """A reservation in one line: who, which kind, what, and until when the house decides."""
    if not isinstance(reservation, dict):
        return str(reservation)
    head = ", ".join(str(reservation[name]) for name in ("by_name", "kind") if reservation.get(name))
    text = ": ".join(part for part in (head, str(reservation.get("text") or "")) if part)
    until = reservation.get("decide_by")
    return f"{text} (Entscheidung bis {calendar.date_short(date.fromisoformat(until))})" if until else text


def votes_text(votes: Any) -> str:
    """How the houses stood, in one line; '' when no voices were counted."""
    if not isinstance(votes, dict):
        return ""
    labels = {
        "consent": "Zustimmung", "reservation": "mit Vorbehalt", "against": "dagegen", "abstained": "Enthaltung"
    }  # fmt: skip
    return ", ".join(f"{label} {votes.get(name, 0)}" for name, label in labels.items())


def status_line(state: str, objection_until: date | None, approved_on: date | None, approved_in: str) -> str:
    """The line below the heading. `approved_in` names the meeting that approved, such as „6. Sitzung 2026“."""
    if state == "draft":
        return "Entwurf in Arbeit, noch nicht versendet."
    if state == "sent" and objection_until:
        return (
            "Entwurf. Einwendungen gegen den Wortlaut sind bis zum Ablauf des "
            f"{calendar.date_short(objection_until)} möglich."
        )
    changes = " mit Änderungen" if state == "approved_with_changes" else ""
    on = f" am {calendar.date_short(approved_on)}" if approved_on else ""
    return f"Genehmigt{on}{changes}{f' ({approved_in})' if approved_in else ''}."


def written_out(text: str) -> str:
    """A text of the minutes for readers: „B:“ at the beginning of a line becomes „Ergebnis:“, „\\B:“ becomes „B:“."""

    def words(found: re.Match[str]) -> str:
        return f"{found[0][: found.start(1) - found.start()]}{WORDS[found[1]]}: {found[2]}"

    return PLAIN.sub(r"\1\2", LINE.sub(words, text))


def presence_lines(moves: Iterable[Move]) -> list[str]:
    """Who was there for an item, as far as it differs from the whole list: „Ben Muster (BR Köln) kam um 10:20 Uhr.“"""
    told = list(moves)
    names = [f"{one.name} ({one.authority_name})" for one in told if one.kind == "absent"]
    words = {"came": "kam um", "left": "ging um", "voice": "übernahm die Stimme des Hauses um"}
    return [f"Nicht anwesend: {', '.join(names)}."] * bool(names) + [
        f"{one.name} ({one.authority_name}) {words[one.kind]} {one.at_local} Uhr."
        for one in told
        if one.kind != "absent"
    ]


def _times(one: Attendance) -> str:
    if one.times:
        spans = [
            f"{span.from_local} bis {span.to_local} Uhr" if span.to_local else f"seit {span.from_local} Uhr"
            for span in one.times
        ]
        return f", {' und '.join([', '.join(spans[:-1]), spans[-1]])}"
    return (f", ab {one.from_local} Uhr" if one.from_local else "") + (
        f", bis {one.to_local} Uhr" if one.to_local else ""
    )


def summons_lines(summons: SummonsWords | None) -> list[str]:
    """What minutes say about form and time of the invitation, line by line."""
    if summons is None:
        return []
    return [line for line in (summons.finding, *summons.defects, summons.statement) if line]


def attendance_lines(attendance: list[Attendance], *statuses: str) -> list[str]:
    """The attendance of some statuses as lines: „Amira Muster (BR Köln), vertreten durch …“."""
    return [
        f"{one.name} ({one.authority_name})"
        + (f", vertreten durch {one.represented_by_name}" if one.represented_by_name else "")
        + _times(one)
        for one in attendance
        if one.status in statuses
    ]
