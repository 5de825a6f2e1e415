"""The rules of the room: who carries the voice of a house, what time a typed hour is, what may be called up, how long
things took. Who was there follows from stays and calls alone.

The decree names office and moderation only (Nr. 6); that they have no vote, and one voice a house, is the circle's custom.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Protocol
from uuid import UUID
from zoneinfo import ZoneInfo

from circle.core import calendar, errors

from .. import rules as meetings
from ..agenda import rules as agenda
from ..agenda.model import AgendaItem, Shell
from ..model import Attending, Candidate, StoredMeeting, StoredStay
from .model import Arrival, Call, Room, Slot, Stay

CALLABLE = ("admitted", "on_agenda", "treated")
_DAY = timedelta(days=1)
_EARLY = timedelta(hours=3)
"""So long before the opening people may have come; what is longer ago is a slip."""


class Timed(Protocol):
    """Anything that lasts from an instant to another, or still does."""

    @property
    def arrived_at(self) -> datetime: ...
    @property
    def left_at(self) -> datetime | None: ...


def require_running(state: str) -> None:
    """Raises Conflict unless the meeting runs: before it nobody is in the room, after it stays alone are put right."""
    if state != "running":
        raise errors.Conflict(
            f"Die Sitzung ist im Stand „{meetings.STATES[state]}“. Das geht nur in einer laufenden Sitzung."
        )


def require_open_record(state: str) -> None:
    """Raises Conflict unless times may still be put right: in the meeting and until its minutes are approved."""
    if state not in ("running", "held", "minutes_draft"):
        raise errors.Conflict(
            f"Die Sitzung ist im Stand „{meetings.STATES[state]}“. Die Zeiten der Anwesenheit stehen fest."
        )


def instant(
    text: str, opened: datetime, now: datetime, zone: str, field: str, kept: Iterable[datetime | None] = ()
) -> datetime:
    """The instant that somebody means by HH:MM: on the day of the opening, or after midnight on the next one.

    In the night that has an hour twice it is the later one that has been; an hour shortly before the opening means that
    one when the next day's is still to come. One of `kept` in the same minute stays as it was, to the second.
    Raises Invalid at the field for an hour that does not exist or is still to come.
    """
    day = opened.astimezone(ZoneInfo(zone)).date()
    readings: list[datetime] = []
    wrong = ""
    for on in (day, day + _DAY):
        try:
            local = calendar.parse_local(on, meetings.local_time(text), zone)
        except calendar.LocalTimeError as error:
            wrong = wrong or str(error)
            continue
        readings += [local.replace(fold=fold).astimezone(UTC) for fold in (0, 1)]
    for before in kept:
        if before and any(one <= before < one + timedelta(minutes=1) for one in readings):
            return before
    minute = opened.astimezone(UTC).replace(second=0, microsecond=0)
    past = [one for one in readings if minute - _EARLY <= one <= now]
    during = [one for one in past if one >= minute]
    if during:
        return max(during)
    if past and not wrong:
        return max(past)
    raise errors.Invalid(
        "Bitte prüfen Sie die Uhrzeit.", fields={field: wrong or "Diese Uhrzeit liegt noch vor Ihnen."}
    )


def there(stays: Iterable[Stay], at: datetime | None = None) -> list[Stay]:
    """Who is in the room, or was at an instant."""
    return [one for one in stays if _holds(one, at)]


def stay_of(stays: Iterable[StoredStay], person_id: UUID) -> StoredStay | None:
    """The open stay of a person."""
    return next((one for one in stays if one.person_id == person_id and one.left_at is None), None)


def voice_of(
    stays: Iterable[StoredStay], authority_id: UUID, at: datetime | None = None
) -> StoredStay | None:
    """Whose stay carries the voice of a house now, or did at an instant."""
    return next((one for one in stays if one.authority_id == authority_id and _holds(one, at)), None)


def _holds(one: Timed, at: datetime | None) -> bool:
    if at is None:
        return one.left_at is None
    return one.arrived_at <= at and (one.left_at is None or at < one.left_at)


def require_apart(stays: Iterable[StoredStay], person_id: UUID, at: datetime) -> None:
    """Raises Conflict when the person is in the room at that time or came later."""
    for one in stays:
        if one.person_id == person_id and (one.left_at is None or one.left_at > at):
            raise errors.Conflict(f"{one.name} ist schon als anwesend eingetragen.", code="already_there")


def require_silent(stays: Iterable[StoredStay], authority_id: UUID, at: datetime) -> None:
    """Raises Conflict when the house has its voice in the room from then on: one voice a house."""
    for one in stays:
        if one.authority_id == authority_id and (one.left_at is None or one.left_at > at):
            raise errors.Conflict(
                f"Die Stimme dieses Hauses führt schon {one.name}. Bitte lassen Sie die Stimme übernehmen, oder "
                "tragen Sie erst ein, dass diese Person geht.",
                code="voice_taken",
            )


def voice(
    wanted: Arrival,
    who: Candidate | None,
    member: Candidate | None,
    commissioner: UUID | None,
    meeting: StoredMeeting,
    *,
    taken: bool = False,
) -> tuple[UUID | None, UUID | None]:
    """Which house's voice somebody carries, and for whom: members their own, whoever stands in that of the member.

    `commissioner` is the one of the person's house on that day; `taken` says that the house has its voice in the room:
    an acting deputy who comes besides listens. Raises Invalid at the fields as `meetings.rules.require_attending` does.
    """
    if wanted.member_id is not None:
        meetings.require_attending(
            who, Attending("present" if who and who.voice else "guest"), None, meeting.date
        )
        if member is None:
            raise errors.Invalid(
                "Bitte prüfen Sie die Anwesenheit.", fields={"member_id": "Dieses Mitglied gibt es nicht."}
            )
        try:
            meetings.require_attending(
                member,
                Attending("represented", represented_by=wanted.person_id),
                who,
                meeting.date,
                appointed_only=meeting.rules.get("deputies") == "appointed",
            )
        except errors.Invalid as refused:
            # What the attendance calls the deputy is here the person who comes.
            names = {"status": "member_id", "represented_by": "person_id"}
            fields = {names.get(name, name): text for name, text in refused.fields.items()}
            raise errors.Invalid(refused.detail, fields=fields) from refused
        return member.authority_id, member.id
    meetings.require_attending(
        who, Attending("present" if who and who.voice else "guest"), None, meeting.date
    )
    assert who is not None
    if not who.house or not who.voice:
        return None, None
    if who.commissioner:
        return who.authority_id, None
    if taken:
        return None, None
    return who.authority_id, commissioner


def is_told(stay: StoredStay, meeting: StoredMeeting) -> bool:
    """Whether the room tells everybody who sees it of a stay, as its SQL does: who is there, or was at the end."""
    return stay.left_at is None or bool(meeting.ended_at and stay.left_at >= meeting.ended_at)


def is_guest(stay: StoredStay) -> bool:
    """Whether somebody is there without a voice and without an office."""
    return stay.authority_id is None and not stay.office


def require_free(
    stays: Iterable[StoredStay], stay: StoredStay, arrived_at: datetime, left_at: datetime | None
) -> None:
    """Raises Conflict when other times of a stay would meet another one of the person or another voice of the house."""
    for one in stays:
        if one.id == stay.id or not (
            (left_at is None or one.arrived_at < left_at)
            and (one.left_at is None or arrived_at < one.left_at)
        ):
            continue
        if one.person_id == stay.person_id:
            raise errors.Conflict(
                f"{one.name} ist in dieser Zeit schon als anwesend eingetragen.", code="already_there"
            )
        if stay.authority_id and one.authority_id == stay.authority_id:
            raise errors.Conflict(
                f"In dieser Zeit führt {one.name} die Stimme dieses Hauses.", code="voice_taken"
            )


def require_order(arrived_at: datetime, left_at: datetime, field: str) -> None:
    """Raises Invalid at the field when somebody would leave before they came."""
    if left_at < arrived_at:
        raise errors.Invalid(
            "Bitte prüfen Sie die Uhrzeit.",
            fields={field: "Diese Uhrzeit liegt vor dem Kommen."},
        )


def require_callable(item: Shell) -> None:
    """Raises Conflict unless the item is on the agenda of today, dealt with or not."""
    if item.status not in CALLABLE:
        told = "Bitte nehmen Sie ihn zuerst auf." if item.status == "registered" else ""
        raise errors.Conflict(f"Der Punkt ist {agenda.STATUSES[item.status]}. {told}".strip())


def require_hearers(names: Sequence[str], guests: Sequence[str], *, confirmed: bool) -> None:
    """Raises Conflict with the names of those in the room to whom a confidential item is not open, until it is confirmed.

    `people` are all of them, `guests` those who have no voice here and can be asked to leave the room.
    """
    if names and not confirmed:
        raise errors.Conflict(
            f"Dieser Punkt ist vertraulich. Im Raum, aber nicht für ihn benannt: {', '.join(names)}. Bitte lassen Sie "
            "Gäste den Raum verlassen, oder bestätigen Sie, dass alle ihn hören dürfen.",
            code="not_open_to_all",
            people=list(names),
            guests=list(guests),
        )


def require_hearer(name: str, *, confirmed: bool) -> None:
    """The same for one who comes in while a confidential item is being dealt with: nobody is asked out."""
    if not confirmed:
        raise errors.Conflict(
            f"Gerade wird ein vertraulicher Punkt behandelt. Nicht für ihn benannt: {name}. Bitte warten Sie mit dem "
            "Eintragen bis nach dem Punkt, oder bestätigen Sie, dass diese Person ihn hören darf.",
            code="not_open_to_all",
            people=[name],
            guests=[],
        )


def current(room: Room) -> AgendaItem | None:
    """The item that is being dealt with."""
    open_call = next((one for one in room.calls if one.ended_at is None), None)
    return next((item for item in room.agenda if open_call and item.id == open_call.item_id), None)


def following(room: Room) -> AgendaItem | None:
    """What comes next: the first item still to come after the current one, or else the first of all."""
    waiting = [item for item in room.agenda if item.status in ("admitted", "on_agenda")]
    now = current(room)
    later = [item for item in waiting if now and item.order > now.order]
    return next((item for item in [*later, *waiting] if now is None or item.id != now.id), None)


def returning(room: Room) -> list[Stay]:
    """Guests who left for a confidential item and have not come back, when no such item is being dealt with."""
    now = current(room)
    if now is not None and now.confidentiality == "confidential":
        return []
    back = {one.person_id for one in room.stays if one.left_at is None}
    last = {one.person_id: one for one in room.stays}
    return [one for one in last.values() if one.left_for and one.person_id not in back]


def last_instant(room: Room, now: datetime) -> datetime:
    """The instant that a page shows: now, or the last one of a closed meeting. With its end everybody leaves."""
    return room.ended_at - timedelta(microseconds=1) if room.ended_at else now


def quorum_at(room: Room, at: datetime) -> meetings.Quorum:
    """Whether the circle can decide at an instant, by the voices that are in the room then.

    A meeting whose attendance is kept on paper counts that.
    """
    if not room.stays:
        local = at.astimezone(ZoneInfo(room.time_zone))
        return meetings.quorum(
            room.attendance, room.members, room.editions, least=room.quorum_least, at=f"{local:%H:%M}"
        )
    voices = {one.authority_id for one in there(room.stays, at) if one.authority_id}
    return meetings.quorum_of(voices, room.members, room.editions, least=room.quorum_least)


def _spans(calls: Iterable[Call], item_id: UUID, now: datetime) -> list[tuple[datetime, datetime]]:
    return [
        (one.called_at, one.ended_at or now)
        for one in calls
        if one.item_id == item_id and one.called_at is not None
    ]


def used(room: Room, item_id: UUID, now: datetime) -> int:
    """Whole minutes that an item has been dealt with, in all its calls that the reader may see."""
    spans = _spans(room.calls, item_id, now)
    return int(
        sum((max(end - begin, timedelta()) for begin, end in spans), timedelta()).total_seconds() // 60
    )


def slot(room: Room, item: AgendaItem, now: datetime) -> Slot:
    """How the time of an item stands: what an item still to come takes is what was planned and given, less what it used."""
    spent = used(room, item.id, now)
    if item.planned_minutes is None:
        return Slot(None, 0, 0)
    planned = item.planned_minutes + room.extra.get(item.id, 0)
    call = next((one for one in room.calls if one.ended_at is None), None)
    waits = item.status in ("admitted", "on_agenda") or bool(call and call.item_id == item.id)
    return Slot(planned, spent, max(planned - spent, 0) if waits else 0)


def forecast(room: Room, now: datetime) -> meetings.Forecast:
    """How the time of the meeting stands at `now`, with what each item has used and was given."""
    counted = [item for item in room.agenda if item.status in CALLABLE]
    slots = [slot(room, item, now) for item in counted]
    return meetings.forecast_of(
        room,
        now,
        planned=sum(one.planned or 0 for one in slots),
        rest=sum(one.rest for one in slots),
        unknown=sum(not item.open for item in counted),
    )
