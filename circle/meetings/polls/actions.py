"""What people do with a date poll: ask, answer, fix a day, or end it without one."""

from uuid import UUID

import msgspec

from circle.core import access, audit, errors
from circle.core.auth import Actor
from circle.core.db import Connection
from circle.distribution import actions as distribution
from circle.distribution.model import Letter, Part
from circle.meetings import actions as meetings
from circle.meetings import letters as meeting_letters
from circle.meetings import rules as meeting_rules
from circle.meetings.model import NewMeeting

from . import rules, store
from .model import Choice, NewPoll, PollAnswer, StoredPoll


async def ask(db: Connection, actor: Actor, new: NewPoll) -> UUID:
    """Propose days for a meeting and ask members, office and moderation by mail which suit them. Returns the id.

    Raises Invalid at the fields of days that cannot be.
    """
    access.require(actor, "polls.manage")
    rules.require_poll(new, actor.today)
    poll_id = await store.insert(
        db, title=new.title, mode=new.mode, place=new.place, note=new.note, answer_until=new.answer_until,
        created_by=actor.person_id, today=actor.today,
    )  # fmt: skip
    for number, one in enumerate(new.dates, start=1):
        await store.insert_date(
            db, poll_id, number, one.date, meeting_rules.local_time(one.start_local),
            meeting_rules.local_time(one.end_local),
        )  # fmt: skip
    people = await store.list_asked(db, actor.today, sorted(access.RIGHTS["polls.answer"]))
    await store.insert_people(db, poll_id, people)
    await audit.record(db, actor, "date_poll.asked", "date_poll", poll_id, people=len(people))
    letter = Letter(
        "notice", "date_poll", poll_id, f"Terminabfrage: {new.title}"[:250],
        *rules.asking(new.title, new.dates, new.answer_until, new.note), "circle", ["circle"], people,
    )  # fmt: skip
    dispatch_id = await distribution.prepare(db, actor, letter)
    await distribution.add_part(
        db, dispatch_id, Part("Terminabfrage im Arbeitsraum", "circle", url=f"/terminabfragen/{poll_id}", audience=["circle"])
    )  # fmt: skip
    return poll_id


async def answer(db: Connection, actor: Actor, poll_id: UUID, given: PollAnswer) -> None:
    """Say which days suit oneself; the last answer counts, until the last day to answer.

    Raises Forbidden for whoever was not asked.
    """
    poll = await _locked(db, actor, poll_id)
    access.require(actor, "polls.answer")
    if actor.person_id is None or actor.person_id not in poll.people:
        raise errors.Forbidden("Zu dieser Terminabfrage sind Sie nicht gefragt.")
    rules.require_answer(poll, given, actor.today)
    for one in given.answers:
        await store.put_answer(db, poll_id, one.number, actor.person_id, one.answer)
    await audit.record(db, actor, "date_poll.answered", "date_poll", poll_id)


async def fix(
    db: Connection, actor: Actor, poll_id: UUID, choice: Choice, expected: int | None = None
) -> UUID:
    """Fix one of the days: it becomes a planned meeting, and everybody who was asked is told. Returns the meeting's id."""
    poll = await _managed(db, actor, poll_id, expected)
    if choice.number > len(poll.dates):
        raise errors.Invalid("Diesen Termin gibt es nicht.", fields={"number": "Bitte aus der Liste wählen."})
    one = poll.dates[choice.number - 1]
    meeting_id = await meetings.convene(
        db, actor, NewMeeting(**msgspec.structs.asdict(one), mode=poll.mode, title=poll.title, place=poll.place,
                              note=poll.note, state="planned")
    )  # fmt: skip
    await store.mark(db, poll_id, "fixed", meeting_id)
    meeting = await meetings.locked(db, actor, meeting_id)
    await audit.record(db, actor, "date_poll.fixed", "date_poll", poll_id, meeting.reference)
    letter = Letter(
        "notice", "meeting", meeting_id, f"Termin {meeting.reference}", *rules.fixed(poll.title, one, meeting.reference),
        "circle", meeting_letters.audience(meeting_id), poll.people,
    )  # fmt: skip
    dispatch_id = await distribution.prepare(db, actor, letter)
    await distribution.add_part(db, dispatch_id, meeting_letters.page_part(meeting_id, meeting.reference))
    return meeting_id


async def close(db: Connection, actor: Actor, poll_id: UUID, expected: int | None = None) -> None:
    """End a poll without a day."""
    await _managed(db, actor, poll_id, expected)
    await store.mark(db, poll_id, "closed", None)
    await audit.record(db, actor, "date_poll.closed", "date_poll", poll_id)


async def _managed(db: Connection, actor: Actor, poll_id: UUID, expected: int | None) -> StoredPoll:
    poll = await _locked(db, actor, poll_id)
    access.require(actor, "polls.manage")
    rules.require_open(poll)
    if expected is not None and poll.revision != expected:
        raise errors.Stale(current={"id": poll.id, "state": poll.state, "revision": poll.revision})
    return poll


async def _locked(db: Connection, actor: Actor, poll_id: UUID) -> StoredPoll:
    poll = await store.lock(db, list(actor.keys), poll_id)
    if poll is None:
        raise errors.NotFound(me=actor.card)
    return poll
