"""The rules about answers to an invitation: until when, which ones, and what they let expect.

The decree asks for none; one voice per house and the quorum are those of the procedure (domain rules 3).
"""

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec

from circle.core import calendar, errors
from circle.meetings import rules as meetings
from circle.meetings.model import Mode, Status

from .incoming import Reason, Refused
from .model import Answer, Given, House, Invited, Invitee, NewReply

WORDS: dict[Answer, str] = {
    "in_person": "kommt in Präsenz",
    "online": "kommt online",
    "coming": "kommt",
    "declined": "kommt nicht",
    "represented": "lässt sich vertreten",
    "tentative": "unter Vorbehalt",
}
TONES = {
    "in_person": "success",
    "online": "success",
    "coming": "success",
    "declined": "danger",
    "represented": "info",
    "tentative": "warning",
}
WAYS = {
    "page": "im Arbeitsraum",
    "api": "über ein Programm",
    "link": "über den Link in der E-Mail",
    "calendar": "aus dem Kalender",
    "telephone": "telefonisch",
}
REMINDER_HOUR = "10:00"
REASONS: dict[Reason, str] = {
    "too_large": "zu groß",
    "unreadable": "nicht lesbar",
    "no_calendar": "ohne Kalenderantwort",
    "not_a_reply": "keine einfache Antwort auf einen Termin",
    "no_answer": "weder Zusage noch Absage (zum Beispiel weitergeleitet)",
    "foreign_sender": "der Absender ist nicht die eingeladene Adresse",
    "unknown_meeting": "Termin unbekannt",
    "other_sequence": "Antwort auf eine frühere Fassung des Termins",
    "not_invited": "die Adresse ist nicht eingeladen",
    "closed": "die Sitzung hat begonnen oder findet nicht statt",
    "older": "inzwischen liegt eine spätere Antwort vor",
}
COMING = ("in_person", "online", "coming")
MODES: dict[Mode, tuple[Given, ...]] = {
    "in_person": ("in_person",),
    "online": ("online",),
    "hybrid": ("in_person", "online"),
}
UNREPRESENTED = "Ihre Rückmeldung ist gespeichert. Für Ihre Vertretung fehlt noch ein Schritt."


class Expected(msgspec.Struct, frozen=True):
    """What the answers let expect: houses that will be there, how many it takes, and the houses that have not said."""

    houses: int
    coming: int
    needed: int
    met: bool
    open: list[str]


def choices(mode: Mode, may_be_represented: bool) -> list[tuple[Given, str]]:
    """What one may answer, in the order of the form."""
    found: list[Given] = [*MODES[mode], "declined"]
    if may_be_represented:
        found.append("represented")
    return [(one, WORDS[one]) for one in found]


def is_open(state: str, on: date, start_local: str, now: datetime) -> bool:
    """Whether one may answer: from the invitation until the hour at which the meeting is to begin."""
    return state == "invited" and now < calendar.parse_local(on, start_local)


def require_open(state: str, on: date, start_local: str, now: datetime) -> None:
    """Raises Conflict before the invitation, after the begin, and for a meeting that does not take place."""
    if is_open(state, on, start_local, now):
        return
    if state in meetings.BEFORE_INVITATION:
        raise errors.Conflict("Zu dieser Sitzung ist noch nicht eingeladen.")
    if state in ("cancelled", "moved"):
        raise errors.Conflict(f"Diese Sitzung ist {meetings.STATES[state]}.")
    raise errors.Conflict("Die Sitzung hat begonnen. Rückmeldungen waren bis zu ihrem Beginn möglich.")


def require_answer(new: NewReply, mode: Mode, who: Invited) -> None:
    """Raises Invalid at the field for a form the meeting does not have, and for a deputy the house does not have."""
    wrong: dict[str, str] = {}
    if new.answer in ("in_person", "online") and new.answer not in MODES[mode]:
        wrong["answer"] = f"Diese Sitzung findet {meetings.MODES[mode]} statt."
    if new.answer == "represented":
        if not who.deputies:
            wrong["answer"] = (
                "Vertreten lässt sich, wer an dem Tag Mitglied ist und in dessen Haus dann eine Vertretung bestellt ist."
            )
        elif new.deputy_id not in who.deputies:
            wrong["deputy_id"] = "Bitte eine Vertretung wählen, die in Ihrem Haus bestellt ist."
    elif new.deputy_id:
        wrong["deputy_id"] = "Eine Vertretung gehört nur zur Antwort „lässt sich vertreten“."
    if wrong:
        raise errors.Invalid("Bitte prüfen Sie die Rückmeldung.", fields=wrong)


def is_waiting(answer: Answer | None) -> bool:
    """Whether somebody still has to answer; a calendar's „tentative“ is no answer yet."""
    return answer is None or answer == "tentative"


def reminder(on: date, procedure: Mapping[str, Any]) -> datetime:
    """When those who have not answered are reminded: at ten on a working day, so many days before the meeting.

    The procedure's `reply_reminder`, seven days when it is silent. A day off moves it to the working day before.
    """
    period = procedure.get("reply_reminder") or {"unit": "days_before", "value": 7}
    return calendar.parse_local(calendar.deadline(period["unit"], on, period["value"]).on, REMINDER_HOUR)


def of_calendar(answer: str, mode: Mode, before: Answer | None) -> Answer:
    """A calendar's answer as one of ours: it does not ask how one comes, so that a form said before stays."""
    if answer == "tentative":
        return "tentative"
    if answer == "declined":
        return "declined"
    if mode == "hybrid":
        return before if before in COMING else "coming"
    return mode


def calendar_id(text: str) -> UUID | None:
    """The part of an appointment's name that is ours; None when it is no id."""
    try:
        return UUID(text)
    except ValueError:
        return None


def require_version(sequence: int, sent: int, now: int) -> None:
    """Raises Refused for an answer to a version of the appointment that is out of date, or that was never sent
    (RFC 5546 2.1.5). Between a change and its supplement both versions are about."""
    if not sent <= sequence <= now:
        raise Refused("other_sequence")


def require_later(stamp: datetime, last: datetime | None, now: datetime) -> None:
    """Raises Refused for an answer that was given before the last one, and for one from the future: it would shut out
    those that follow (RFC 5546 2.1.5)."""
    if last and stamp < last:
        raise Refused("older")
    if stamp > now + timedelta(days=1):
        raise Refused("unreadable")


def proposal(answer: Answer, *, member: bool) -> Status | None:
    """How somebody is proposed for the attendance from their answer; None for „tentative“, and for members alone a
    deputy. Whoever runs the meeting decides."""
    if answer == "declined":
        return "excused"
    if answer == "represented":
        return "represented" if member else None
    return None if answer == "tentative" else "present" if member else "office"


def is_unrepresented(one: Invitee) -> bool:
    """Whether somebody has named a deputy for whom no absence is entered."""
    return one.answer == "represented" and one.acting_id != one.deputy_id


def thanks(one: Invitee) -> str:
    """What is said after an answer: that it is kept, and what is still to be done about a deputy."""
    if is_unrepresented(one):
        return UNREPRESENTED
    if one.answer == "represented":
        return f"Ihre Rückmeldung ist gespeichert. {one.acting_name} ist als Ihre Vertretung eingetragen."
    if one.acting_name:
        return (
            f"Ihre Rückmeldung ist gespeichert. Für diesen Tag steht noch {one.acting_name} als Ihre Vertretung. Wenn das "
            "nicht mehr gilt, heben Sie die Abwesenheit bitte unter „Vertretungen“ auf."
        )
    return "Ihre Rückmeldung ist gespeichert. Danke."


def expected(items: Iterable[Invitee], houses: list[House], least: int) -> Expected:
    """The quorum that the answers let expect: one voice per house (VwVfG § 90 (1), the procedure's least number).

    A house is there when somebody who speaks for it comes, or its member is represented by a deputy who did not decline.
    """
    people = list(items)
    declined = {one.person_id for one in people if one.answer == "declined"}
    there: set[UUID] = set()
    said: set[UUID] = set()
    for one in people:
        if not one.voice:
            continue
        if one.answer in COMING or (one.answer == "represented" and one.deputy_id not in declined):
            there.add(one.authority_id)
        if not is_waiting(one.answer):
            said.add(one.authority_id)
    needed = max(len(houses) // 2 + 1, least)
    coming = sum(house.id in there for house in houses)
    still_open = [house.name for house in houses if house.id not in there | said]
    return Expected(len(houses), coming, needed, coming >= needed, still_open)


def summary(items: Iterable[Invitee]) -> list[tuple[str, str, int]]:
    """How many answered what, for the drawing: tone, words, number; those who wait come last."""
    counted: dict[str, int] = {}
    for one in items:
        answer = one.answer or "open"
        counted[answer] = counted.get(answer, 0) + 1
    words: dict[Any, str] = {**WORDS, "open": "noch keine Antwort"}
    return [
        (TONES.get(answer, "neutral"), words[answer], counted[answer])
        for answer in words
        if counted.get(answer)
    ]
