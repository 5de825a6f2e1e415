"""What people do with a meeting: set its date, change it, start and close it. What is sent stands in `dispatches.py`,
who attends in `attendance.py`.

Every act locks the meeting first, as those on its agenda and its minutes do.
"""

from datetime import date, datetime
from typing import Any
from uuid import UUID

import msgspec

from circle.core import access, audit, errors, live
from circle.core.auth import Actor
from circle.core.db import Connection
from circle.search import index as search_index

from . import rules, store
from .agenda import actions as agenda
from .model import MeetingChange, NewMeeting, StoredMeeting
from .summons import finding as summons


async def convene(db: Connection, actor: Actor, new: NewMeeting) -> UUID:
    """Set the date of a meeting: number of the year, deadlines, and the items that stand on every agenda.

    It keeps the procedure of this day. Raises Invalid for a day or hour that is past or does not exist. A deadline that
    is over already refuses nothing: the circle may waive it. Returns the id.
    """
    access.require(actor, "meetings.convene")
    rules.require_times(new.date, new.start_local, new.end_local, actor.today)
    rules.require_link(new.link)
    version, procedure = await store.current_procedure(db, actor.today)
    meeting_id, reference = await insert(
        db, actor, on=new.date, start=new.start_local, end=new.end_local, mode=new.mode, title=new.title,
        place=new.place, link=new.link, state=new.state, file_reference=new.file_reference, note=new.note,
        procedure_version=version, procedure=procedure,
    )  # fmt: skip
    await agenda.add_standing_items(db, actor, meeting_id)
    await audit.record(db, actor, "meeting.convened", "meeting", meeting_id, reference)
    await index(db, meeting_id)
    return meeting_id


async def insert(
    db: Connection,
    actor: Actor,
    *,
    on: date,
    start: str,
    end: str,
    title: str,
    procedure: dict[str, Any],
    **given: Any,
) -> tuple[UUID, str]:
    """A new meeting with the next number of its year and its deadlines; returns id and reference."""
    deadlines = rules.deadlines(on, procedure)
    number = await store.next_number(db, on.year)
    reference = f"KK-{on.year}-{number}"
    meeting_id = await store.insert(
        db, reference=reference, number=number, title=title.strip() or rules.default_title(number, on.year), on=on,
        start=rules.local_time(start), end=rules.local_time(end), deadlines=_json(deadlines),
        convened_by=actor.person_id, **given,
    )  # fmt: skip
    return meeting_id, reference


async def change(
    db: Connection, actor: Actor, meeting_id: UUID, wanted: MeetingChange, expected: int
) -> None:
    """Change title, time, place and the like. With another day the deadlines are worked out again.

    After the invitation the day stands fast; what calendars keep is counted, and the next supplement tells it.
    """
    meeting = await locked(db, actor, meeting_id)
    access.require(actor, "meetings.convene")
    given = {
        name: value for name, value in msgspec.structs.asdict(wanted).items() if value is not msgspec.UNSET
    }
    for name in {"start_local", "end_local"} & set(given):
        given[name] = given[name].strip()[:5]
    changed = {name: value for name, value in given.items() if value != getattr(meeting, name)}
    rules.require_change(meeting.state, set(changed))
    require_current(meeting, expected)
    new = msgspec.structs.replace(meeting, **changed)
    if changed.keys() & {"date", "start_local", "end_local"}:
        rules.require_times(
            new.date, new.start_local, new.end_local, actor.today if "date" in changed else None
        )
    rules.require_link(new.link)
    if new.date.year != meeting.date.year:
        raise errors.Invalid(
            "In einem anderen Jahr bekommt die Sitzung eine andere Nummer. Bitte verlegen Sie sie.",
            fields={"date": "Bitte einen Tag im selben Jahr wählen oder die Sitzung verlegen."},
        )
    deadlines = _json(rules.deadlines(new.date, meeting.rules)) if "date" in changed else None
    await store.update(
        db, meeting_id, expected, title=new.title, on=new.date, start=rules.local_time(new.start_local),
        end=rules.local_time(new.end_local), mode=new.mode, place=new.place, link=new.link, state=new.state,
        file_reference=new.file_reference, note=new.note, deadlines=deadlines,
        announced=rules.is_announced_change(meeting.state, set(changed)),
    )  # fmt: skip
    await audit.record(
        db, actor, "meeting.changed", "meeting", meeting_id, meeting.reference, fields=sorted(changed)
    )
    await index(db, meeting_id)


async def open_agenda(db: Connection, actor: Actor, meeting_id: UUID, expected: int | None = None) -> None:
    """The office lets members put items forward for a planned meeting; by itself it opens on the procedure's day."""
    meeting = await locked(db, actor, meeting_id)
    access.require(actor, "meetings.convene")
    rules.require_step("open", meeting.state)
    require_current(meeting, expected)
    await store.mark_open(db, meeting_id)
    await audit.record(db, actor, "meeting.opened", "meeting", meeting_id, meeting.reference)


async def start(db: Connection, actor: Actor, meeting_id: UUID, expected: int | None = None) -> None:
    """The moderation opens the meeting; results can be entered from now on."""
    meeting = await _step(db, actor, meeting_id, "start", expected)
    await store.mark_started(db, meeting_id, actor.now)
    await summons.settle(db, meeting_id, actor.today)
    await audit.record(db, actor, "meeting.started", "meeting", meeting_id, meeting.reference)
    await live.tell(db, f"meeting:{meeting_id}")


async def close(db: Connection, actor: Actor, meeting_id: UUID, expected: int | None = None) -> None:
    """The moderation closes the meeting. What was not dealt with is adjourned and keeps its number."""
    meeting = await _step(db, actor, meeting_id, "close", expected)
    at = await store.room_now(db, meeting_id, actor.now)
    await store.end_room(db, meeting_id, at)
    adjourned = await agenda.adjourn_open(db, actor, meeting_id)
    await store.mark_closed(db, meeting_id, at)
    if await store.list_stays(db, meeting_id):
        await derive(db, meeting, [], at)
        await store.drop_expected(db, meeting_id)
    await summons.settle(db, meeting_id, actor.today)
    await audit.record(
        db, actor, "meeting.closed", "meeting", meeting_id, meeting.reference, adjourned=len(adjourned)
    )
    await live.tell(db, f"meeting:{meeting_id}")


async def derive(
    db: Connection, meeting: StoredMeeting, people: list[UUID], closed: datetime | None = None
) -> None:
    """Write into the attendance what the stays of a meeting say. `people` are those whose stays have changed; of whom
    no stay is left, what the invitation expected holds again. For the acts in the room and the close."""
    stays = await store.list_stays(db, meeting.id)
    lines = rules.attendance_of(
        stays, meeting.started_at or stays[0].arrived_at, closed or meeting.ended_at, meeting.time_zone
    ) if stays else []  # fmt: skip
    there = {one.person_id for one in stays}
    await store.put_derived(db, meeting.id, lines, [*people, *there])
    gone = [one for one in people if one not in there]
    if gone and not meeting.ended_at:
        await store.expect_again(db, meeting.id, gone, meeting.date)


async def index(db: Connection, meeting_id: UUID) -> None:
    """Write the meeting's row of the search index: its facts and the open titles of the agenda that went out."""
    row = await store.find_entry(db, meeting_id)
    await search_index.put(
        db,
        search_index.Entry(
            source_kind="meeting", source_id=meeting_id, reference=row["reference"], title=row["title"],
            body="\n".join([row["place"], *row["titles"]]), kind="Sitzung", level="circle", year=row["date"].year,
            url=f"/sitzungen/{row['reference']}", audience=list(row["audience"]),
        ),
    )  # fmt: skip


async def locked(
    db: Connection, actor: Actor, meeting_id: UUID | None, reference: str | None = None
) -> StoredMeeting:
    """The meeting, held until the end of the transaction. Raises NotFound when it is not for the actor."""
    meeting = await store.lock(db, list(actor.keys), meeting_id, reference)
    if meeting is None:
        raise errors.NotFound(me=actor.card)
    return meeting


def require_current(meeting: StoredMeeting, expected: int | None) -> None:
    """Raises Stale when the actor has seen another revision; None is not compared."""
    if expected is not None and meeting.revision != expected:
        current = {name: getattr(meeting, name) for name in (
            "id", "reference", "title", "date", "start_local", "end_local", "mode", "place", "link", "state", "revision")}  # fmt: skip
        raise errors.Stale(current=current)


async def _step(
    db: Connection, actor: Actor, meeting_id: UUID, act: str, expected: int | None
) -> StoredMeeting:
    meeting = await locked(db, actor, meeting_id)
    access.require(actor, "meetings.run")
    rules.require_step(act, meeting.state)
    require_current(meeting, expected)
    return meeting


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()
