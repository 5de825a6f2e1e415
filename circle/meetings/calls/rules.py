"""When items are called for, and the words of the letter. Pure.

The decree says nothing of it; the last day follows from the procedure (domain part 3, Anmeldung von TOP).
"""

from datetime import date

import msgspec

from circle.core import calendar, errors
from circle.core.calendar import Deadline
from circle.meetings import letters
from circle.meetings import rules as meetings
from circle.meetings.letters import Wording
from circle.meetings.model import StoredMeeting

from .model import Call


def require_callable(state: str, until: date, today: date) -> None:
    """Raises Conflict unless the agenda is open and items can still be put forward in time."""
    if state != "agenda_open":
        hint = (
            "Öffnen Sie zuerst die Tagesordnung."
            if state == "planned"
            else "Aufgerufen wird, solange die Tagesordnung in Vorbereitung ist."
        )
        raise errors.Conflict(f"Die Sitzung ist im Stand „{meetings.STATES[state]}“. {hint}")
    if today > until:
        raise errors.Conflict(
            f"Die Anmeldefrist ist am {calendar.date_short(until)} abgelaufen. Ein Aufruf käme zu spät."
        )


def require_wanted(calls: list[Call], *, again: bool) -> None:
    """Raises Conflict when the call went out before and is not repeated on purpose."""
    if calls and not again:
        raise errors.Conflict(
            f"Der Aufruf ist am {calendar.date_short(calls[-1].sent_on)} schon hinausgegangen. Wenn er noch einmal "
            "hinausgehen soll, sagen Sie es bitte ausdrücklich.",
            code="already_called",
            fields={"again": "Bitte ankreuzen, wenn der Aufruf noch einmal hinausgehen soll."},
        )


def wording(meeting: StoredMeeting, until: Deadline, note: str, *, again: bool) -> Wording:
    """Subject and text: the day of the meeting, the last day for items and how it was worked out."""
    steps = "\n".join(f"- {step}" for step in until.steps)
    remind = "Ich erinnere an die Anmeldung von Punkten." if again else ""
    parts = [
        f"für die {meeting.title} am {calendar.date_long(meeting.date)} nehme ich Punkte für die Tagesordnung auf.",
        remind,
        # Assistants get the letter too; the way into an online meeting is for those who attend it.
        letters.when_and_where(msgspec.structs.replace(meeting, link="")),
        f"Bitte melden Sie Ihre Punkte bis {calendar.date_long(until.on)} an; der Tag zählt noch mit.",
        f"So kommt das Datum zustande:\n{steps}" if steps else "",
        "Punkte melden die Integrationsbeauftragten und ihre Vertretungen im Arbeitsraum an, mit Ziel, Vortrag, Dauer "
        "und Unterlagen.",
        note,
    ]
    return Wording(
        f"{'Erinnerung: ' if again else ''}Bitte Punkte anmelden bis {calendar.date_short(until.on)}: {meeting.title}"[
            :250
        ],
        "\n\n".join(part.strip() for part in parts if part.strip()),
    )
