"""What people do with a date poll: ask, answer, fix a day, or end it without one."""

from datetime import datetime
from uuid import UUID

import msgspec

from circle.core import access, audit, auth, clock, errors
from circle.core.auth import Actor
from circle.core.db import Connection
from circle.distribution import actions as distribution
from circle.distribution.model import Letter, Part
from circle.meetings import actions as meetings
from circle.meetings import letters as meeting_letters
from circle.meetings import rules as meeting_rules
from circle.meetings.model import NewMeeting
from circle.meetings.replies import store as replies

from . import rules, store
from .model import Choice, Link, NewPoll, PollAnswer, StoredPoll

BUILD = "polls.build_holds"
ANSWER_PAGE = "/terminantwort"
"""Where whoever is asked answers by the link in the mail."""
ASKED = sorted(access.RIGHTS["polls.answer"])


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
    people = await store.list_asked(db, actor.today, ASKED)
    await store.insert_people(db, poll_id, people)
    await audit.record(db, actor, "date_poll.asked", "date_poll", poll_id, people=len(people))
    await _write(
        db, actor, poll_id, f"Terminabfrage: {new.title}"[:250],
        rules.asking(new.title, new.dates, new.answer_until, new.note), people, answer_page=ANSWER_PAGE, off=False,
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
    await _take(db, actor, poll, actor.person_id, given)


async def open_link(db: Connection, token: str, now: datetime) -> Link:
    """Whose a link in a mail is. Raises NotFound for one that was never made for a poll, Gone for one that serves no more.

    It serves until the last day to answer, while its owner may answer and the office has not revoked it. Opening it does
    not use it up: mail programs follow links.
    """
    link = await store.find_link(db, auth.token_hash(token), clock.day(now), ASKED)
    if link is None:
        raise errors.NotFound
    if not link.serves or not rules.is_open(link.state, link.answer_until, clock.day(now)):
        raise errors.Gone
    return link


async def answer_by_link(db: Connection, token: str, given: PollAnswer, now: datetime) -> None:
    """Answer without sign-in, for the owner of the link alone. Raises as `open_link` and `answer`."""
    link = await open_link(db, token, now)
    actor = Actor(link.person_id, None, link.name, frozenset(), tuple(link.keys), now)
    await _take(db, actor, await _locked(db, actor, link.poll_id), link.person_id, given, way="link")


async def revoke_links(db: Connection, actor: Actor, poll_id: UUID, person_id: UUID) -> None:
    """The office lets the links to a poll in somebody's mails serve no more.

    Raises NotFound, Forbidden, and Conflict when there is none.
    """
    poll = await _locked(db, actor, poll_id)
    access.require(actor, "polls.manage")
    if person_id not in poll.people:
        raise errors.NotFound(me=actor.card)
    count = await replies.revoke_links(db, poll_id, person_id)
    if not count:
        raise errors.Conflict("Es gibt keinen Link, der noch gilt.")
    await audit.record(
        db, actor, "date_poll.links_revoked", "date_poll", poll_id, person_id=person_id, count=count
    )


async def fix(
    db: Connection, actor: Actor, poll_id: UUID, choice: Choice, expected: int | None = None
) -> UUID:
    """Fix one of the days: it becomes a planned meeting, and everybody who was asked is told. Returns the meeting's id.

    Calendars give up the other days. The one that is fixed stays kept free until the invitation takes its place.
    """
    poll = await _managed(db, actor, poll_id, expected)
    if choice.number > len(poll.dates):
        raise errors.Invalid("Diesen Termin gibt es nicht.", fields={"number": "Bitte aus der Liste wählen."})
    one = poll.dates[choice.number - 1]
    meeting_id = await meetings.convene(
        db, actor, NewMeeting(**msgspec.structs.asdict(one), mode=poll.mode, title=poll.title, place=poll.place,
                              note=poll.note, state="planned")
    )  # fmt: skip
    await store.name_meeting(db, poll_id, choice.number, meeting_id)
    await store.mark(db, poll_id, "fixed", meeting_id)
    meeting = await meetings.locked(db, actor, meeting_id)
    await audit.record(db, actor, "date_poll.fixed", "date_poll", poll_id, meeting.reference)
    letter = Letter(
        "notice", "meeting", meeting_id, f"Termin {meeting.reference}", *rules.fixed(poll.title, one, meeting.reference),
        "circle", meeting_letters.audience(meeting_id), poll.people,
        {"poll_id": poll_id, "off": True, "kept": choice.number},
    )  # fmt: skip
    dispatch_id = await distribution.prepare(db, actor, letter, build=BUILD)
    await distribution.add_part(db, dispatch_id, meeting_letters.page_part(meeting_id, meeting.reference))
    return meeting_id


async def close(db: Connection, actor: Actor, poll_id: UUID, expected: int | None = None) -> None:
    """End a poll without a day, and tell everybody who was asked: calendars give up all its days."""
    poll = await _managed(db, actor, poll_id, expected)
    await store.mark(db, poll_id, "closed", None)
    await audit.record(db, actor, "date_poll.closed", "date_poll", poll_id)
    title = f"Terminabfrage beendet: {poll.title}"[:250]
    await _write(db, actor, poll_id, title, rules.closed(poll.title), poll.people, answer_page="", off=True)


async def _write(
    db: Connection,
    actor: Actor,
    poll_id: UUID,
    title: str,
    wording: tuple[str, str],
    people: list[UUID],
    *,
    answer_page: str,
    off: bool,
) -> None:
    """A letter about a poll, with the way to its page. Its calendar files are made by `build.build_holds`."""
    letter = Letter(
        "notice", "date_poll", poll_id, title, *wording, "circle", ["circle"], people, {"poll_id": poll_id, "off": off},
        answer_page,
    )  # fmt: skip
    dispatch_id = await distribution.prepare(db, actor, letter, build=BUILD)
    await distribution.add_part(
        db, dispatch_id, Part("Terminabfrage im Arbeitsraum", "circle", url=f"/terminabfragen/{poll_id}", audience=["circle"])
    )  # fmt: skip


async def _take(
    db: Connection, actor: Actor, poll: StoredPoll, person_id: UUID, given: PollAnswer, **way: str
) -> None:
    rules.require_answer(poll, given, actor.today)
    for one in given.answers:
        await store.put_answer(db, poll.id, one.number, person_id, one.answer)
    await audit.record(db, actor, "date_poll.answered", "date_poll", poll.id, **way)


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
