"""What people do in the room of a meeting: let people come and go, call items up, give them more time.

Every act locks the meeting first; the attendance follows from the stays in the same transaction. The calls of items count
as changes of the meeting, coming and going does not: two who enter it at once are both right.
"""

from datetime import datetime
from uuid import UUID

from circle.core import access, audit, errors, live
from circle.core.auth import Actor
from circle.core.db import Connection, for_the_record

from .. import actions as meetings
from .. import store as meeting_store
from ..agenda import actions as agenda
from ..agenda import store as agenda_store
from ..agenda.model import StoredItem
from ..model import Candidate, StoredMeeting, StoredStay
from . import rules, store
from .model import Arrival, Calling, Departure, Extension, RollCall, StayChange, Step, StoredCall, Swap


async def arrive(db: Connection, actor: Actor, meeting_id: UUID, arrival: Arrival) -> UUID:
    """Somebody comes in: members and their deputies with the voice of their house, others without. Returns the stay's id.

    Raises Conflict for who is there already, for a second voice of a house, and (`not_open_to_all`) for who would hear a
    confidential item that is not open to them, until that is confirmed.
    """
    meeting, now = await _running(db, actor, meeting_id)
    stay_id = await _enter(db, actor, meeting, arrival, now)
    await _changed(db, actor, meeting, "meeting.arrived", [arrival.person_id, arrival.member_id])
    return stay_id


async def arrive_all(db: Connection, actor: Actor, meeting_id: UUID, roll: RollCall) -> None:
    """Those who are there as the meeting begins, in one act; without a time they came with the opening.

    Who was there before stays as entered. Raises Invalid with the fields of the line that cannot be taken.
    """
    meeting, now = await _running(db, actor, meeting_id)
    assert meeting.started_at is not None
    before = {one.person_id for one in await meeting_store.list_stays(db, meeting_id)}
    for number, one in enumerate(roll.items):
        if one.person_id in before:
            continue
        try:
            await _enter(db, actor, meeting, one, now, at=meeting.started_at)
        except errors.Invalid as refused:
            fields = {f"items.{number}.{name}": text for name, text in refused.fields.items()}
            raise errors.Invalid(refused.detail, code=refused.code, fields=fields) from refused
    people = [one for line in roll.items for one in (line.person_id, line.member_id)]
    await _changed(db, actor, meeting, "meeting.roll_called", people)


async def leave(db: Connection, actor: Actor, meeting_id: UUID, departure: Departure) -> None:
    """Somebody leaves. Raises Conflict for who is not in the room, Invalid for a time before they came."""
    meeting, now = await _running(db, actor, meeting_id)
    stays = await meeting_store.list_stays(db, meeting_id)
    stay = rules.stay_of(stays, departure.person_id)
    if stay is None:
        await _known(db, actor, meeting, departure.person_id)
        raise errors.Conflict("Diese Person ist gerade nicht im Raum.", code="not_there")
    at = _time(meeting, departure.at_local, now, "at_local", stay.arrived_at)
    rules.require_order(stay.arrived_at, at, "at_local")
    await store.end_stay(db, stay.id, at)
    await _changed(db, actor, meeting, "meeting.left", [stay.person_id, stay.member_id])


async def swap(db: Connection, actor: Actor, meeting_id: UUID, wanted: Swap) -> UUID:
    """Somebody takes over the voice of their house at one instant: the deputy from the member, or back.

    Whoever hands over leaves, or stays without a voice. Returns the new stay's id.
    """
    meeting, now = await _running(db, actor, meeting_id)
    stays = await meeting_store.list_stays(db, meeting_id)
    who = await _known(db, actor, meeting, wanted.person_id)
    before = rules.voice_of(stays, who.authority_id)
    if before is None:
        raise errors.Conflict(
            "Für dieses Haus führt gerade niemand die Stimme. Bitte tragen Sie ein, dass diese Person kommt.",
            code="no_voice",
        )
    if before.person_id == who.id:
        raise errors.Conflict(f"{who.name} führt die Stimme schon.", code="voice_taken")
    listening = rules.stay_of(stays, who.id)
    at = _time(meeting, wanted.at_local, now, "at_local", before.arrived_at)
    rules.require_order(before.arrived_at, at, "at_local")
    if listening:
        rules.require_order(listening.arrived_at, at, "at_local")
        await store.end_stay(db, listening.id, at)
    await store.end_stay(db, before.id, at)
    member_id = None if who.commissioner else await _commissioner(db, meeting, who.authority_id)
    mode = listening.mode if listening else wanted.mode
    arrival = Arrival(who.id, member_id, mode, confirmed=wanted.confirmed)
    stay_id = await _enter(db, actor, meeting, arrival, now, at=at, inside=listening is not None)
    if wanted.stays:
        await store.insert_stay(
            db, meeting_id, person_id=before.person_id, authority_id=None, member_id=None, mode=before.mode,
            arrived_at=at,
        )  # fmt: skip
    await _changed(
        db, actor, meeting, "meeting.voice_passed", [before.person_id, before.member_id, who.id, member_id]
    )
    return stay_id


async def change_stay(
    db: Connection, actor: Actor, stay_id: UUID, wanted: StayChange, meeting_id: UUID | None = None
) -> None:
    """Put the times of a stay right, until the minutes are approved. After the meeting a stay ends with it at the latest."""
    meeting, stays, stay = await _stay(db, actor, stay_id, meeting_id)
    now = meeting.ended_at or await meeting_store.room_now(db, meeting.id, actor.now)
    edges = [edge for one in stays for edge in (one.arrived_at, one.left_at)]
    arrived_at = _time(meeting, wanted.arrived_local, now, "arrived_local", stay.arrived_at, *edges)
    left_at = meeting.ended_at
    if wanted.left_local:
        left_at = _time(meeting, wanted.left_local, now, "left_local", stay.left_at, *edges, meeting.ended_at)
    if left_at is not None:
        if wanted.arrived_local == wanted.left_local:
            left_at = max(left_at, arrived_at)
        rules.require_order(arrived_at, left_at, "left_local")
    rules.require_free(stays, stay, arrived_at, left_at)
    if stay.left_at is not None and left_at is None:
        await _let_hear(db, actor, meeting, stay.person_id, stay.name, confirmed=wanted.confirmed)
    await store.update_stay(db, stay_id, arrived_at, left_at)
    await _changed(db, actor, meeting, "meeting.stay_changed", [stay.person_id, stay.member_id])


async def drop_stay(db: Connection, actor: Actor, stay_id: UUID, meeting_id: UUID | None = None) -> None:
    """Take back a stay that was entered by mistake, until the minutes are approved."""
    meeting, _, stay = await _stay(db, actor, stay_id, meeting_id)
    await store.delete_stay(db, stay_id)
    await _changed(db, actor, meeting, "meeting.stay_dropped", [stay.person_id, stay.member_id])


async def call(
    db: Connection,
    actor: Actor,
    meeting_id: UUID,
    item_id: UUID,
    wanted: Calling | None = None,
    expected: int | None = None,
) -> None:
    """Call an item up, also one that was dealt with before; what was being dealt with waits. Times are kept.

    An admitted item gets its number. Raises Conflict (`not_open_to_all`) with the names of those in the room to whom a
    confidential item is not open, until that is confirmed. The moderation need not be able to read it.
    """
    meeting, now = await _running(db, actor, meeting_id, expected)
    open_call = await store.find_open_call(db, meeting_id)
    if open_call and open_call.item_id == item_id:
        raise errors.Conflict("Dieser Punkt ist schon aufgerufen.", code="item_open")
    await _call(db, actor, meeting, item_id, wanted or Calling(), open_call, now)
    await _moved(db, actor, meeting, "agenda_item.called", item_id)


async def next_(
    db: Connection, actor: Actor, meeting_id: UUID, step: Step, expected: int | None = None
) -> None:
    """The current item is dealt with, and the next one is called up, if one is named. `expected` is the meeting's revision."""
    meeting, now = await _running(db, actor, meeting_id, expected)
    open_call = await store.find_open_call(db, meeting_id)
    if open_call is None and step.next_id is None:
        raise errors.Conflict("Gerade ist kein Punkt aufgerufen.", code="no_item_open")
    if open_call and step.next_id == open_call.item_id:
        raise errors.Conflict("Dieser Punkt ist schon aufgerufen.", code="item_open")
    if open_call:
        await agenda.treat(db, actor, open_call.item_id)
    if step.next_id is None:
        assert open_call is not None
        await store.end_call(db, open_call.id, now)
    else:
        await _call(db, actor, meeting, step.next_id, step, open_call, now)
    await _moved(
        db, actor, meeting, "agenda_item.called" if step.next_id else "agenda_item.ended",
        step.next_id or (open_call.item_id if open_call else None),
    )  # fmt: skip


async def pause(db: Connection, actor: Actor, meeting_id: UUID, expected: int | None = None) -> None:
    """A break: what was being dealt with waits and is called up again."""
    meeting, now = await _running(db, actor, meeting_id, expected)
    open_call = await store.find_open_call(db, meeting_id)
    if open_call is None:
        raise errors.Conflict("Gerade ist kein Punkt aufgerufen.", code="no_item_open")
    await store.end_call(db, open_call.id, now)
    await _moved(db, actor, meeting, "agenda_item.paused", open_call.item_id)


async def extend(db: Connection, actor: Actor, item_id: UUID, wanted: Extension) -> None:
    """Give an item minutes beyond the plan, or take them back; what was planned stays as it was called.

    Two who give five minutes each give ten. Raises Forbidden for an item that the actor may not read.
    """
    shell, item = await agenda.locked(db, actor, item_id)
    access.require(actor, "meetings.run")
    rules.require_running(shell.state)
    if not item.open:
        raise errors.Forbidden("Diesen Punkt bearbeiten nur die Personen, die für ihn benannt sind.")
    rules.require_callable(item)
    await store.add_minutes(db, item_id, wanted.minutes)
    await audit.record(
        db, actor, "agenda_item.extended", "agenda_item", item_id, shell.reference, minutes=wanted.minutes
    )
    await live.tell(db, f"meeting:{item.meeting_id}")


async def meeting_of(db: Connection, actor: Actor, item_id: UUID) -> UUID:
    """The meeting of an item. Raises NotFound when either is not for the actor."""
    _, item = await agenda.locked(db, actor, item_id)
    return item.meeting_id


async def _running(
    db: Connection, actor: Actor, meeting_id: UUID, expected: int | None = None
) -> tuple[StoredMeeting, datetime]:
    """The locked meeting, which runs, and the instant of the act: not before any that was entered already."""
    meeting = await meetings.locked(db, actor, meeting_id)
    access.require(actor, "meetings.run")
    rules.require_running(meeting.state)
    meetings.require_current(meeting, expected)
    return meeting, await meeting_store.room_now(db, meeting_id, actor.now)


async def _enter(
    db: Connection,
    actor: Actor,
    meeting: StoredMeeting,
    wanted: Arrival,
    now: datetime,
    *,
    at: datetime | None = None,
    inside: bool = False,
) -> UUID:
    """A new stay of somebody who comes in, or who was `inside` without this voice."""
    stays = await meeting_store.list_stays(db, meeting.id)
    people = await _people(db, actor, meeting, [wanted.person_id, wanted.member_id])
    who, member = people.get(wanted.person_id), people.get(wanted.member_id)
    if wanted.at_local or at is None:
        at = _time(meeting, wanted.at_local, now, "at_local", *(one.left_at for one in stays))
    taken = bool(who and rules.voice_of(stays, who.authority_id))
    commissioner = await _commissioner(db, meeting, who.authority_id) if who and who.house else None
    authority_id, member_id = rules.voice(wanted, who, member, commissioner, meeting, taken=taken)
    rules.require_apart(stays, wanted.person_id, at)
    if authority_id:
        rules.require_silent(stays, authority_id, at)
    if who and not inside:
        await _let_hear(db, actor, meeting, who.id, who.name, confirmed=wanted.confirmed)
    return await store.insert_stay(
        db, meeting.id, person_id=wanted.person_id, authority_id=authority_id, member_id=member_id, mode=wanted.mode,
        arrived_at=at,
    )  # fmt: skip


async def _call(
    db: Connection,
    actor: Actor,
    meeting: StoredMeeting,
    item_id: UUID,
    wanted: Calling,
    open_call: StoredCall | None,
    now: datetime,
) -> None:
    item = await _item(db, actor, meeting, item_id)
    rules.require_callable(item)
    leaving: list[StoredStay] = []
    if item.confidentiality == "confidential":
        leaving = await _hearers(db, actor, meeting, item_id, wanted)
    if item.status == "admitted":
        # Consent at TOP 1: what came too late for a supplement gets its number when it is called up.
        await agenda.freeze(db, actor, meeting.id, supplement=True)
    if open_call:
        await store.end_call(db, open_call.id, now)
    await store.insert_call(db, meeting.id, item_id, now)
    for one in leaving:
        await store.end_stay(db, one.id, now, item_id)
    if leaving:
        await _changed(db, actor, meeting, "meeting.guests_left", [one.person_id for one in leaving])


async def _hearers(
    db: Connection, actor: Actor, meeting: StoredMeeting, item_id: UUID, wanted: Calling
) -> list[StoredStay]:
    """Who leaves the room before a confidential item is called up: guests to whom it is not open, when that is wanted.

    Raises Conflict with the names of those who would hear it, until it is confirmed; then it is on record.
    """
    inside = [
        one
        for one in await meeting_store.list_stays(db, meeting.id)
        if one.left_at is None and one.person_id != actor.person_id
    ]
    async with for_the_record(db):
        strange = set(await store.not_open_to(db, item_id, [one.person_id for one in inside]))
    strangers = [one for one in inside if one.person_id in strange]
    guests = [one for one in strangers if rules.is_guest(one)]
    leaving = guests if wanted.without_guests else []
    rest = [one for one in strangers if one not in leaving]
    rules.require_hearers(
        [one.name for one in rest], [one.name for one in guests], confirmed=wanted.confirmed
    )
    if rest:
        await audit.record(
            db, actor, "agenda_item.heard", "agenda_item", item_id, meeting.reference,
            people=[one.person_id for one in rest],
        )  # fmt: skip
    return leaving


async def _let_hear(
    db: Connection, actor: Actor, meeting: StoredMeeting, person_id: UUID, name: str, *, confirmed: bool
) -> None:
    """Who comes in while a confidential item is being dealt with hears it: asked and put on record as with its call."""
    open_call = await store.find_open_call(db, meeting.id)
    if open_call is None or person_id == actor.person_id:
        return
    async with for_the_record(db):
        strange = await store.not_open_to(db, open_call.item_id, [person_id])
    if not strange:
        return
    rules.require_hearer(name, confirmed=confirmed)
    await audit.record(
        db, actor, "agenda_item.heard", "agenda_item", open_call.item_id, meeting.reference, people=strange
    )


async def _item(db: Connection, actor: Actor, meeting: StoredMeeting, item_id: UUID) -> StoredItem:
    item = await agenda_store.lock_item(db, item_id, list(actor.keys))
    if item is None or item.meeting_id != meeting.id:
        raise errors.NotFound(me=actor.card)
    return item


async def _stay(
    db: Connection, actor: Actor, stay_id: UUID, named: UUID | None
) -> tuple[StoredMeeting, list[StoredStay], StoredStay]:
    """The locked meeting of a stay, all its stays, and this one. Raises NotFound when the meeting is not for the actor, or
    is not the `named` one."""
    meeting_id = await store.meeting_of(db, stay_id)
    if meeting_id is None or named not in (None, meeting_id):
        raise errors.NotFound(me=actor.card)
    meeting = await meetings.locked(db, actor, meeting_id)
    stays = await meeting_store.list_stays(db, meeting_id)
    stay = next((one for one in stays if one.id == stay_id), None)
    if stay is None or not (access.may(actor, "meetings.run") or rules.is_told(stay, meeting)):
        raise errors.NotFound(me=actor.card)
    access.require(actor, "meetings.run")
    rules.require_open_record(meeting.state)
    return meeting, stays, stay


async def _people(
    db: Connection, actor: Actor, meeting: StoredMeeting, ids: list[UUID | None]
) -> dict[UUID | None, Candidate]:
    found = await meeting_store.list_candidates(
        db, meeting.id, [one for one in ids if one], meeting.date, list(actor.keys), actor.today
    )
    return {one.id: one for one in found}


async def _known(db: Connection, actor: Actor, meeting: StoredMeeting, person_id: UUID) -> Candidate:
    found = (await _people(db, actor, meeting, [person_id])).get(person_id)
    if found is None:
        raise errors.Invalid(
            "Bitte prüfen Sie die Anwesenheit.",
            code="unknown_reference",
            fields={"person_id": "Diese Person gibt es nicht."},
        )
    return found


async def _commissioner(db: Connection, meeting: StoredMeeting, authority_id: UUID) -> UUID | None:
    return await store.commissioner_of(db, authority_id, meeting.date)


def _time(
    meeting: StoredMeeting, text: str | None, now: datetime, field: str, *kept: datetime | None
) -> datetime:
    """The instant of HH:MM; without one it is now."""
    if not text:
        return now
    return rules.instant(text, meeting.started_at or now, now, meeting.time_zone, field, kept)


async def _changed(
    db: Connection, actor: Actor, meeting: StoredMeeting, action: str, people: list[UUID | None]
) -> None:
    """After people came or left: attendance, record, and all open pages."""
    named = [one for one in dict.fromkeys(people) if one]
    await meetings.derive(db, meeting, named)
    await audit.record(db, actor, action, "meeting", meeting.id, meeting.reference, people=named)
    await live.tell(db, f"meeting:{meeting.id}")


async def _moved(
    db: Connection, actor: Actor, meeting: StoredMeeting, action: str, item_id: UUID | None
) -> None:
    """After the agenda went on: the meeting's revision, record, and all open pages."""
    await meeting_store.touch(db, meeting.id)
    await audit.record(db, actor, action, "agenda_item", item_id, meeting.reference)
    await live.tell(db, f"meeting:{meeting.id}")
