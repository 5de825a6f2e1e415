"""The words of the letters about a meeting, and the papers that go along. Salutation, links and signature come with
the dispatch. Pure."""

import re
from datetime import date, datetime, time
from typing import Any
from uuid import UUID

import msgspec

from circle.core import calendar, ics
from circle.distribution.model import Level, Part

from .model import StoredMeeting, UnsentPaper

TO_BE_MADE = UUID(int=0)
"""Stands for a file in the look at a dispatch: it is rendered when the act is done."""
ANSWER_PAGE = "/rueckmeldung"
"""Where whoever is invited answers by the link in the mail."""
CLOSING = (
    "Sollten Sie verhindert sein, benachrichtigen Sie bitte Ihre Vertretung und geben Sie kurz Rückmeldung."
)


class Wording(msgspec.Struct, frozen=True):
    """Subject and text of a letter."""

    subject: str
    text: str


def heading(title: str, supplement: int = 0) -> str:
    """„Einladung zur 7. Sitzung …“; a title of another kind stands after a colon. `supplement` counts from 1."""
    to = f"zur {title}" if re.match(r"\d+\. Sitzung\b", title) else f"zur Sitzung: {title}"
    return f"{supplement}. Nachtrag {to}" if supplement else f"Einladung {to}"


def when_and_where(meeting: StoredMeeting) -> str:
    """The facts as lines."""
    lines = [
        f"Termin: {calendar.date_long(meeting.date)}, {meeting.start_local} bis {meeting.end_local} Uhr",
        f"Ort: {meeting.place}" if meeting.place else "",
        f"Zugang: {meeting.link}" if meeting.link else "",
    ]
    return "\n".join(line for line in lines if line)


def introduction(on: date, supplement: int) -> str:
    """Why the letter comes, as it stands in print."""
    if not supplement:
        return f"zur Sitzung am {calendar.date_long(on)} lade ich Sie herzlich ein."
    return (
        f"zur Sitzung am {calendar.date_long(on)} übersende ich einen Nachtrag. Über verspätet angemeldete Punkte "
        "entscheidet der Koordinierungskreis zu Beginn der Sitzung."
    )


def invitation(meeting: StoredMeeting, reply_until: date | None, note: str) -> Wording:
    """The invitation as a mail."""
    until = f" bis zum {calendar.date_short(reply_until)}" if reply_until else ""
    return Wording(
        f"{heading(meeting.title)} am {calendar.date_short(meeting.date)}"[:250],
        _paragraphs(
            introduction(meeting.date, 0),
            when_and_where(meeting),
            note,
            "Tagesordnung, Unterlagen und Termin sind beigefügt oder verlinkt.",
            CLOSING[:-1] + f"{until}.",
        ),
    )


def supplement(
    meeting: StoredMeeting, number: int, items: list[str], papers: list[str], changed: bool, note: str
) -> Wording:
    """A supplement: `items` are new on the agenda, `papers` are new; confidential ones are not among them."""
    news = (
        "Zeit, Ort oder Zugang haben sich geändert. Der Termin im Anhang ersetzt den früheren."
        if changed
        else ""
    )
    told = [
        "Neu auf der Tagesordnung:\n" + "\n".join(f"- {one}" for one in items) if items else "",
        "Neue Unterlagen:\n" + "\n".join(f"- {one}" for one in papers) if papers else "",
    ]
    return Wording(
        f"{heading(meeting.title, number)} am {calendar.date_short(meeting.date)}"[:250],
        _paragraphs(introduction(meeting.date, number), news, when_and_where(meeting), *told, note),
    )


def cancellation(meeting: StoredMeeting, reason: str, taken_over: str) -> Wording:
    """The meeting does not take place; `taken_over` names the meeting that goes on with its agenda."""
    return Wording(
        f"Absage: {meeting.title} am {calendar.date_short(meeting.date)}"[:250],
        _paragraphs(
            f"die Sitzung am {calendar.date_long(meeting.date)} muss leider entfallen.",
            f"Grund: {reason.strip()}",
            f"Die Tagesordnung wird auf die {taken_over} übertragen." if taken_over else "",
        ),
    )


def moved(old: StoredMeeting, new: StoredMeeting, reason: str) -> Wording:
    """The meeting has another date."""
    return Wording(
        f"Verlegung: {old.title} am {calendar.date_short(old.date)}"[:250],
        _paragraphs(
            f"die Sitzung am {calendar.date_long(old.date)} wird verlegt.",
            f"Neuer Termin: {calendar.date_long(new.date)}, {new.start_local} bis {new.end_local} Uhr\n"
            f"Neue Nummer: {new.reference}" + (f"\nOrt: {new.place}" if new.place else ""),
            f"Grund: {reason.strip()}",
            "Die Punkte gehen mit. Die Einladung mit der Tagesordnung folgt.",
        ),
    )


def _paragraphs(*parts: str) -> str:
    return "\n\n".join(part.strip() for part in parts if part.strip())


def audience(meeting_id: UUID) -> list[str]:
    """Who sees a meeting, every open item on its agenda and its papers."""
    return ["circle", f"meeting:{meeting_id}", f"papers:{meeting_id}"]


def letter_part(meeting_id: UUID, file_id: UUID, supplement: int) -> Part:
    """The printed invitation or supplement. Confidential items are masked in it for everybody."""
    title = f"{supplement}. Nachtrag zur Tagesordnung" if supplement else "Einladung und Tagesordnung"
    return Part(title, "circle", file_id, audience=audience(meeting_id))


def calendar_part(meeting_id: UUID, file_id: UUID) -> Part:
    """The calendar file. It tells when and where and no item, so that it may travel to guests as well, and to those
    who were invited and have left since."""
    return Part(
        "Termin für den Kalender", "internal", file_id, calendar=True,
        audience=[*audience(meeting_id), "internal"],
    )  # fmt: skip


def page_part(meeting_id: UUID, reference: str) -> Part:
    """The way to the meeting's page."""
    return Part(
        "Sitzung im Arbeitsraum", "circle", url=f"/sitzungen/{reference}", audience=audience(meeting_id)
    )


def paper_title(paper: UnsentPaper, numbers: dict[UUID, str]) -> str:
    """A paper with its item; `numbers` are those that are about to be given."""
    return f"TOP {numbers.get(paper.item_id, paper.number)}: {paper.title}"


def paper_part(title: str, level: Level, file_id: UUID | None, url: str, readers: list[str]) -> Part:
    """A paper, for its readers."""
    return Part(title, level, file_id, url, audience=readers)


def appointment(
    *,
    calendar_id: UUID,
    reference: str,
    title: str,
    on: date,
    start: time,
    end: time,
    zone: str,
    place: str,
    link: str,
    sequence: int,
    now: datetime,
    address: str,
    domain: str,
    **more: Any,
) -> ics.Event:
    """The meeting as calendars keep it: when and where, no item. `address` is the service's, `domain` names the office."""
    access = f"\nZugang: {link}" if link else ""
    return ics.Event(
        uid=f"{calendar_id}@{domain}", sequence=sequence, summary=title, starts=datetime.combine(on, start),
        ends=datetime.combine(on, end), stamp=now, zone=zone, location=place or link or None,
        description=f"Tagesordnung und Unterlagen stehen im Arbeitsraum.{access}",
        url=f"{address}/sitzungen/{reference}", **more,
    )  # fmt: skip
