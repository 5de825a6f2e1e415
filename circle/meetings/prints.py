"""The meetings' printed documents: invitation (or supplement) and minutes, as PDF.

Who may read what is decided before: the caller puts „Vertraulicher Tagesordnungspunkt“ in place of what the
recipient may not see. Nothing is left out or masked here.
"""

from datetime import date, time
from pathlib import Path
from typing import Any, Literal

import msgspec

from circle.core import calendar, printing

Mode = Literal["in_person", "online", "hybrid"]

CIRCLE = "Koordinierungskreis der Integrationsbeauftragten der Bezirksregierungen"

_MODES: dict[Mode, str] = {
    "in_person": "in Präsenz",
    "online": "online",
    "hybrid": "in Präsenz mit Zuschaltung (hybrid)",
}
_PRINTED = Path(__file__).parent / "printed"


class AgendaItemPrint(msgspec.Struct, frozen=True, kw_only=True):
    """An item as the invitation shows it: `aim` and `note` in German words, `minutes` the time planned."""

    number: str
    title: str
    aim: str = ""
    rapporteur: str = ""
    minutes: int | None = None
    papers: list[str] = []
    note: str = ""


class InvitationPrint(msgspec.Struct, frozen=True, kw_only=True):
    """An invitation or supplement. Times are local at the place of the meeting; `sent_on` dates the letter.

    `label` is „Einladung“, „1. Nachtrag“ …; `heading` the title of the document; `introduction` and
    `closing_text` are plain text, an empty line starts a new paragraph.
    """

    host: str
    reference: str
    heading: str
    on: date
    starts: time
    ends: time | None
    mode: Mode
    sent_on: date
    sender_name: str
    introduction: str
    agenda: list[AgendaItemPrint]
    label: str = "Einladung"
    office: str = ""
    circle: str = CIRCLE
    file_reference: str = ""
    level: str = ""
    place: str = ""
    link: str | None = None
    reply_until: date | None = None
    sender_role: str = ""
    salutation: str = "Guten Tag,"
    closing_text: str = ""
    greeting: str = "Mit freundlichen Grüßen"
    closing: str = "Im Auftrag"
    recipients: list[str] = []


class TaskPrint(msgspec.Struct, frozen=True):
    """A task that an item led to: who does what, and until which day."""

    who: str
    what: str
    until: date | None = None


class MinutesItemPrint(msgspec.Struct, frozen=True, kw_only=True):
    """An item as the minutes tell it: `result` the German label, `resolution` its wording, `votes` the voices."""

    number: str
    title: str
    text: str = ""
    result: str = ""
    resolution: str = ""
    votes: str = ""
    reservations: list[str] = []
    tasks: list[TaskPrint] = []


class SignaturePrint(msgspec.Struct, frozen=True):
    """A place to sign, with the name below the line."""

    name: str
    role: str = ""


class MinutesPrint(msgspec.Struct, frozen=True, kw_only=True):
    """Minutes with the head and foot that DIN 5008 asks for. Times are local at the place of the meeting.

    `issued_on` dates this version; `draft` marks each page as „Entwurf“; `status_text` is the line about
    objections or the approval, such as „Genehmigt in der 4. Sitzung am 16.09.2026.“.
    """

    host: str
    reference: str
    heading: str
    occasion: str
    on: date
    begins: time
    ends: time | None
    chair: str
    keeper: str
    issued_on: date
    agenda: list[MinutesItemPrint]
    kind: str = "Ergebnisniederschrift"
    office: str = ""
    circle: str = CIRCLE
    file_reference: str = ""
    level: str = ""
    place: str = ""
    present: list[str] = []
    represented: list[str] = []
    excused: list[str] = []
    guests: list[str] = []
    summons: list[str] = []
    draft: bool = False
    status_text: str = ""
    signed_place: str = ""
    signed_on: date | None = None
    signatures: list[SignaturePrint] = []
    distribution: list[str] = []
    annexes: list[str] = []


def invitation(printed: InvitationPrint) -> bytes:
    """Return the invitation as PDF/A-2a and PDF/UA-1; equal input gives equal bytes."""
    planned = [item.minutes for item in printed.agenda]
    total = sum(minutes for minutes in planned if minutes is not None)
    content = _content(
        printed,
        sent_on_text=calendar.date_short(printed.sent_on),
        when_text=f"{calendar.date_long(printed.on)}, {_span(printed.starts, printed.ends)}",
        mode_text=_MODES[printed.mode],
        reply_until_text=calendar.date_long(printed.reply_until) if printed.reply_until else None,
        duration_text=f"Vorgesehene Dauer ohne Pausen: {total} Minuten."
        if total and None not in planned
        else None,
    )
    return printing.render(_PRINTED / "invitation.typ", content)


def minutes(printed: MinutesPrint) -> bytes:
    """Return the minutes as PDF/A-2a and PDF/UA-1; equal input gives equal bytes."""
    signed_on = calendar.date_short(printed.signed_on) if printed.signed_on else ""
    content = _content(
        printed,
        on_text=calendar.date_long(printed.on),
        time_text=_span(printed.begins, printed.ends),
        signed_text=", ".join(part for part in (printed.signed_place, signed_on) if part),
    )
    return printing.render(_PRINTED / "minutes.typ", content)


def _content(printed: msgspec.Struct, **texts: str | None) -> bytes:
    fields: dict[str, Any] = msgspec.to_builtins(printed) | texts
    for item in fields["agenda"]:
        for task in item.get("tasks", ()):
            until = task["until"]
            task["until_text"] = calendar.date_short(date.fromisoformat(until)) if until else "–"
    return msgspec.json.encode(fields)


def _span(starts: time, ends: time | None) -> str:
    return f"{starts:%H:%M} bis {calendar.time_text(ends)}" if ends else calendar.time_text(starts)
