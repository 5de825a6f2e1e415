"""What people do with the attendance: set one person's or everybody's. Being recorded opens a meeting to a person.

Of those who were in the room of the meeting, the attendance says what their stays say; it is not typed a second time.
"""

from uuid import UUID

from circle.core import access, audit, errors, live
from circle.core.auth import Actor
from circle.core.db import Connection

from . import actions, rules, store
from .model import AttendanceList, Attending, AttendingPerson, Candidate, StoredMeeting


async def attend(
    db: Connection,
    actor: Actor,
    meeting_id: UUID,
    person_id: UUID,
    attending: Attending,
    expected: int | None = None,
) -> None:
    """Record how one person attends. Office and moderation do, until the minutes are approved."""
    meeting = await _recording(db, actor, meeting_id, expected)
    people = await _people(db, actor, meeting, [person_id, attending.represented_by])
    rules.require_attending(
        people.get(person_id),
        attending,
        people.get(attending.represented_by),
        meeting.date,
        appointed_only=_appointed_only(meeting),
        overnight=rules.is_overnight(meeting, actor.now),
    )
    lines = await _lines(db, meeting)
    if person_id in lines:
        rules.require_as_in_room(lines[person_id], attending)
    elif lines:
        rules.require_beside_room(attending, lines, meeting.state)
    await _put(db, meeting_id, person_id, attending)
    await _done(db, actor, meeting, person_id=person_id, status=attending.status)


async def record(
    db: Connection, actor: Actor, meeting_id: UUID, wanted: AttendanceList, expected: int
) -> None:
    """Record the whole attendance in one act; who is not named is not recorded any more."""
    meeting = await _recording(db, actor, meeting_id, expected)
    named = [one.person_id for one in wanted.items]
    deputies = [one.represented_by for one in wanted.items if one.represented_by]
    people = await _people(db, actor, meeting, [*named, *deputies])
    lines = await _lines(db, meeting)
    rules.require_all_of_room(lines, named)
    wrong: dict[str, str] = {}
    for number, one in enumerate(wanted.items):
        place = f"items.{number}."
        if one.person_id in named[:number]:
            wrong[f"{place}person_id"] = "Diese Person steht schon in der Liste."
        try:
            rules.require_attending(
                people.get(one.person_id),
                one,
                people.get(one.represented_by),
                meeting.date,
                place,
                appointed_only=_appointed_only(meeting),
                overnight=rules.is_overnight(meeting, actor.now),
            )
            if one.person_id in lines:
                rules.require_as_in_room(lines[one.person_id], one, place)
            elif lines:
                rules.require_beside_room(one, lines, meeting.state, place)
        except errors.Invalid as refused:
            wrong |= refused.fields
        if one.represented_by in deputies and deputies.count(one.represented_by) > 1:
            wrong[f"{place}represented_by"] = "Diese Person vertritt schon ein anderes Mitglied."
    if wrong:
        raise errors.Invalid("Bitte prüfen Sie die Anwesenheit.", fields=wrong)
    # Who is expected and not shown while people are in the room is still expected.
    await store.drop_attendance(
        db, meeting_id, named, excused_only=bool(lines) and meeting.state == "running"
    )
    for one in wanted.items:
        await _put(db, meeting_id, one.person_id, one)
    await _done(db, actor, meeting, people=len(named))


async def leave_out(
    db: Connection, actor: Actor, meeting_id: UUID, person_id: UUID, expected: int | None = None
) -> None:
    """Record one person no more. Raises NotFound when nobody recorded them."""
    meeting = await _recording(db, actor, meeting_id, expected)
    rules.require_all_of_room(
        {one: line for one, line in (await _lines(db, meeting)).items() if one == person_id}, []
    )
    if not await store.drop_attending(db, meeting_id, person_id):
        raise errors.NotFound(me=actor.card)
    await _done(db, actor, meeting, person_id=person_id, status=None)


async def _recording(db: Connection, actor: Actor, meeting_id: UUID, expected: int | None) -> StoredMeeting:
    meeting = await actions.locked(db, actor, meeting_id)
    access.require(actor, "meetings.run")
    rules.require_step("attend", meeting.state)
    actions.require_current(meeting, expected)
    return meeting


async def _lines(db: Connection, meeting: StoredMeeting) -> dict[UUID, AttendingPerson | None]:
    """What the stays of the meeting say of people: their line, or None for who stands in that of somebody else."""
    stays = await store.list_stays(db, meeting.id)
    if not stays:
        return {}
    opened = meeting.started_at or stays[0].arrived_at
    lines = rules.attendance_of(stays, opened, meeting.ended_at, meeting.time_zone)
    return {one.person_id: None for one in stays} | {one.person_id: one for one in lines}


def _appointed_only(meeting: StoredMeeting) -> bool:
    return meeting.rules.get("deputies") == "appointed"


async def _people(
    db: Connection, actor: Actor, meeting: StoredMeeting, ids: list[UUID | None]
) -> dict[UUID | None, Candidate]:
    found = await store.list_candidates(
        db, meeting.id, [one for one in ids if one], meeting.date, list(actor.keys), actor.today
    )
    return {one.id: one for one in found}


async def _put(db: Connection, meeting_id: UUID, person_id: UUID, attending: Attending) -> None:
    times = [rules.local_time(text) if text else None for text in (attending.from_local, attending.to_local)]
    await store.put_attendance(
        db, meeting_id, person_id, attending.status, attending.represented_by, times[0], times[1]
    )


async def _done(db: Connection, actor: Actor, meeting: StoredMeeting, **detail: object) -> None:
    await store.touch(db, meeting.id)
    await audit.record(
        db, actor, "meeting.attendance_recorded", "meeting", meeting.id, meeting.reference, **detail
    )
    await live.tell(db, f"meeting:{meeting.id}")
