"""What people do with an invitation: answer it, and change the answer until the meeting begins."""

import hashlib
from datetime import UTC, datetime
from uuid import UUID

import msgspec

from circle.core import access, audit, auth, clock, errors
from circle.core.auth import Actor
from circle.core.db import Connection
from circle.distribution import actions as distribution
from circle.distribution.model import Letter
from circle.meetings import actions as meetings
from circle.meetings import letters as meeting_letters
from circle.meetings.model import StoredMeeting
from circle.people.deputies import actions as deputies
from circle.people.deputies import rules as deputies_rules
from circle.people.deputies.model import AbsenceChange, NewTime

from . import incoming, letters, rules, store
from .incoming import Reason
from .model import Appointment, Attendee, Invited, Link, NewReply, Way


async def answer(db: Connection, actor: Actor, meeting_id: UUID, new: NewReply, way: Way) -> None:
    """Say whether one comes, and how. The last answer counts, all are kept.

    Raises NotFound, Forbidden for whoever is not invited, Conflict before the invitation and from the begin on, Invalid
    for a form the meeting does not have or a deputy the house does not have.
    """
    meeting = await meetings.locked(db, actor, meeting_id)
    who = await store.find_invited(db, meeting.id, actor.person_id)
    if who is None:
        if meeting.agenda_version:
            raise errors.Forbidden("Antworten kann, wer zu dieser Sitzung eingeladen ist.")
        raise errors.Conflict("Zu dieser Sitzung ist noch nicht eingeladen.")
    await _record(db, actor, meeting, who, new, way)


async def enter(db: Connection, actor: Actor, meeting_id: UUID, person_id: UUID, new: NewReply) -> None:
    """The office writes down what somebody said on the telephone. Raises as `answer`; NotFound for who is not invited."""
    meeting = await meetings.locked(db, actor, meeting_id)
    access.require(actor, "meetings.invite")
    who = await store.find_invited(db, meeting.id, person_id)
    if who is None:
        raise errors.NotFound(me=actor.card)
    await _record(db, actor, meeting, who, new, "telephone")


async def open_link(db: Connection, token: str, now: datetime) -> Link:
    """Whose a link in a mail is. Raises NotFound for one that was never made, Gone for one that serves no more.

    It serves until the meeting begins, while it takes place as invited, its owner may see it and the office has not
    revoked the link. Opening it does not use it up: mail programs follow links.
    """
    link = await store.find_link(db, auth.token_hash(token), clock.day(now))
    if link is None:
        raise errors.NotFound
    if not link.serves or not rules.is_open(link.state, link.date, link.start_local, now):
        raise errors.Gone
    return link


async def answer_by_link(db: Connection, token: str, new: NewReply, now: datetime) -> None:
    """Answer without sign-in. Raises as `open_link` and `answer`.

    Whoever holds the mail can do this, so that it gives nobody rights: the absence of a deputy who is named is entered by
    somebody who is signed in.
    """
    link = await open_link(db, token, now)
    actor = Actor(link.person_id, None, link.name, frozenset(), tuple(link.keys), now)
    await answer(db, actor, link.meeting_id, new, "link")


async def revoke_links(db: Connection, actor: Actor, meeting_id: UUID, person_id: UUID) -> None:
    """The office lets the links in somebody's mails serve no more; later mails bring new ones.

    Raises NotFound, Forbidden, and Conflict when there is none.
    """
    meeting = await meetings.locked(db, actor, meeting_id)
    access.require(actor, "meetings.invite")
    if await store.find_invited(db, meeting.id, person_id) is None:
        raise errors.NotFound(me=actor.card)
    count = await store.revoke_links(db, meeting.id, person_id)
    if not count:
        raise errors.Conflict("Es gibt keinen Link, der noch gilt.")
    await audit.record(
        db,
        actor,
        "reply.links_revoked",
        "meeting",
        meeting.id,
        meeting.reference,
        person_id=person_id,
        count=count,
    )


async def remind(db: Connection, now: datetime) -> int:
    """Remind those who have not answered, on the procedure's day or when that was missed, once each (domain rules 3.3).

    `now` is office time, aware. Returns the number of people. Run twice or at the same time, nobody is told twice.
    """
    actor, today, told = auth.service(now), clock.day(now), 0
    for meeting in await store.list_awaited(db, today):
        due = rules.reminder(meeting["date"], msgspec.json.decode(meeting["rules"]))
        if due > now or not rules.is_open(meeting["state"], meeting["date"], meeting["start_local"], now):
            continue
        people = await store.mark_reminded(db, meeting["id"], today, due.date())
        if not people:
            continue
        subject, text = letters.reminder(dict(meeting))
        await _write(db, actor, meeting["id"], meeting["reference"], subject, text, people)
        await audit.record(
            db, actor, "reply.reminded", "meeting", meeting["id"], meeting["reference"], people=len(people)
        )
        told += len(people)
    return told


async def take_mail(db: Connection, raw: bytes, domain: str, now: datetime) -> Reason | None:
    """Take over a calendar's answer from a mail (RFC 5546 3.2.3). Returns None, or why it was not taken.

    Each mail counts once, however often it is read. `domain` is that of our appointments' names; `now` is office time.
    What is not taken is written down with its reason alone. Like a link, a calendar gives nobody rights.
    """
    digest = hashlib.sha256(raw).digest()
    said = await store.claim_mail(db, digest)
    if said is not None:
        return msgspec.convert(said, Reason) if said else None
    meeting: Appointment | None = None
    who: Attendee | None = None
    reason: Reason | None = None
    stamp = None
    try:
        found = incoming.read(raw)
        stamp = found.stamp
        name, _, house = found.uid.rpartition("@")
        calendar_id = rules.calendar_id(name) if house.lower() == domain.lower() else None
        meeting = await store.lock_by_calendar(db, calendar_id) if calendar_id else None
        if meeting is None:
            raise incoming.Refused("unknown_meeting")
        who = await store.find_attendee(db, meeting.id, found.address, clock.day(now))
        if who is None:
            raise incoming.Refused("not_invited")
        rules.require_version(found.sequence, meeting.sent_sequence, meeting.sequence)
        if not rules.is_open(meeting.state, meeting.date, meeting.start_local, now):
            raise incoming.Refused("closed")
        # The senders' clocks are real ones, whatever day the office is made to have.
        rules.require_later(found.stamp, who.stamp, max(now, datetime.now(UTC)))
        given = rules.of_calendar(found.answer, meeting.mode, who.answer)
        await store.insert(db, meeting.id, who.id, given, None, found.comment, "calendar", None, now)
        actor = Actor(who.id, None, who.name, frozenset(), (), now)
        await audit.record(
            db, actor, "reply.given", "meeting", meeting.id, meeting.reference, person_id=who.id, answer=given,
            way="calendar",
        )  # fmt: skip
    except incoming.Refused as refused:
        reason = refused.reason
    await store.settle_mail(
        db, digest, reason or "", meeting.id if meeting else None, who.id if who else None, stamp
    )
    return reason


async def _record(
    db: Connection, actor: Actor, meeting: StoredMeeting, who: Invited, new: NewReply, way: Way
) -> None:
    rules.require_open(meeting.state, meeting.date, meeting.start_local, actor.now)
    rules.require_answer(new, meeting.mode, who)
    by = None if way in ("link", "calendar") else actor.person_id
    await store.insert(db, meeting.id, who.person_id, new.answer, new.deputy_id, new.note, way, by, actor.now)
    await audit.record(
        db, actor, "reply.given", "meeting", meeting.id, meeting.reference, person_id=who.person_id,
        answer=new.answer, way=way,
    )  # fmt: skip
    await _represent(db, actor, meeting, who, new)


async def _represent(
    db: Connection, actor: Actor, meeting: StoredMeeting, who: Invited, new: NewReply
) -> None:
    """Let the house's absence for this meeting follow the answer, as far as the actor may enter it.

    What they may not, and another absence on that day, stays as it is: the page says what is missing.
    """
    if not access.may(actor, "absences.enter"):
        return
    if not deputies_rules.keeps(actor, who.person_id, who.authority_id) or actor.person_id in (
        new.deputy_id,
        who.absence_deputy_id,
    ):
        return
    if new.deputy_id is None:
        ahead = who.absence_starts_on is not None and who.absence_starts_on > actor.today
        if who.for_this and who.absence_id and who.absence_deputy_id and ahead:
            await deputies.call_off(db, actor, who.absence_id)
            await store.delete_deputy(db, meeting.id, who.absence_deputy_id)
    elif who.absence_id is None:
        new_time = NewTime(new.deputy_id, meeting.date, meeting.date, meeting.id)
        await deputies.enter(db, actor, who.person_id, new_time)
        await _ask_deputy(db, actor, meeting, who, new.deputy_id)
    elif (
        who.for_this
        and who.absence_revision
        and who.absence_deputy_id != new.deputy_id
        and meeting.date > actor.today
    ):
        await deputies.change(db, actor, who.absence_id, AbsenceChange(new.deputy_id), who.absence_revision)
        if who.absence_deputy_id:
            await store.delete_deputy(db, meeting.id, who.absence_deputy_id)
        await _ask_deputy(db, actor, meeting, who, new.deputy_id)


async def _ask_deputy(
    db: Connection, actor: Actor, meeting: StoredMeeting, who: Invited, deputy_id: UUID
) -> None:
    """Who is named as deputy is told and asked; who is invited already knows of the meeting."""
    if await store.insert_deputy(db, meeting.id, deputy_id, actor.today):
        subject, text = letters.deputy(msgspec.structs.asdict(meeting), who.name)
        await _write(db, actor, meeting.id, meeting.reference, subject, text, [deputy_id])


async def _write(
    db: Connection,
    actor: Actor,
    meeting_id: UUID,
    reference: str,
    subject: str,
    text: str,
    people: list[UUID],
) -> None:
    """A letter that asks for an answer, with the way to the meeting's page."""
    letter = Letter(
        kind="notice", object_kind="meeting", object_id=meeting_id, title=f"Rückmeldung {reference}", subject=subject,
        text=text, level="circle", audience=meeting_letters.audience(meeting_id), recipients=people,
        answer_page=meeting_letters.ANSWER_PAGE,
    )  # fmt: skip
    dispatch_id = await distribution.prepare(db, actor, letter)
    await distribution.add_part(db, dispatch_id, meeting_letters.page_part(meeting_id, reference))
