"""What people do about the summons: record what was said at TOP 1, and send the invitation on to who came later."""

from uuid import UUID

from circle.core import access, audit, errors
from circle.core.auth import Actor
from circle.core.db import Connection
from circle.distribution import actions as distribution
from circle.distribution.model import Letter
from circle.meetings import actions as meetings
from circle.meetings import letters
from circle.meetings import rules as meeting_rules
from circle.meetings import store as meeting_store
from circle.meetings.replies import store as replies

from . import finding, rules, store
from .model import LateInvitation, Objections, Summons

BUILD = "meetings.build_invitation"


async def look(db: Connection, actor: Actor, meeting_id: UUID) -> Summons:
    """How the meeting was called, for whoever runs it. Raises Forbidden."""
    access.require(actor, "meetings.run")
    return rules.judge(await store.find(db, meeting_id, actor.today))


async def record(
    db: Connection, actor: Actor, meeting_id: UUID, new: Objections, expected: int | None = None
) -> None:
    """The moderation records at TOP 1 what was said about form and time of the invitation: no objections, or which.

    It heals a defect for the houses that were there, and nothing does without it. It may be put right until the minutes
    are approved. Raises NotFound, Forbidden, Conflict, Stale, Invalid at the text.
    """
    meeting = await meetings.locked(db, actor, meeting_id)
    found = await look(db, actor, meeting_id)
    rules.require_recordable(meeting.state)
    if expected is not None and expected != found.revision:
        raise errors.Stale(current={"objections": found.objections, "revision": found.revision})
    rules.require_objections(new)
    await store.record(db, meeting_id, found.finding, new.text.strip(), actor.name, actor.now)
    await finding.settle(db, meeting_id, actor.today)
    await audit.record(
        db, actor, "summons.recorded", "meeting", meeting_id, meeting.reference, raised=new.raised,
        verdict=found.verdict,
    )  # fmt: skip


async def send_on(db: Connection, actor: Actor, meeting_id: UUID, who: LateInvitation) -> UUID:
    """Send the invitation on (Nachsenden) to one commissioner or deputy who came into the circle after it went out.

    They get the agenda that holds now with all papers sent so far, as a dispatch of its own, and count as asked. Returns
    its id. Raises NotFound, Forbidden, Conflict when they have it or the meeting is not invited to.
    """
    meeting = await meetings.locked(db, actor, meeting_id)
    access.require(actor, "meetings.invite")
    found = await look(db, actor, meeting_id)
    person = rules.require_waiting(who.person_id, found.waiting, meeting.state)
    people = [person.person_id]
    await meeting_store.insert_expected(db, meeting_id, people, actor.today)
    await replies.insert_invitees(db, meeting_id, people, actor.today)
    until = meeting_rules.deadlines(meeting.date, meeting.rules)["papers_latest"].on
    wording = letters.invitation(meeting, until if until > actor.today else None, "")
    dispatch_id = await distribution.prepare(
        db,
        actor,
        Letter(
            kind="invitation", object_kind="meeting", object_id=meeting_id,
            title=f"Einladung {meeting.reference}, nachgesandt", subject=wording.subject, text=wording.text,
            level="circle", audience=letters.audience(meeting_id), recipients=people,
            details={"reference": meeting.reference, "version": meeting.agenda_version, "late": True},
            answer_page=letters.ANSWER_PAGE,
        ),
        build=BUILD,
    )  # fmt: skip
    await store.insert_late(
        db, meeting_id, meeting.agenda_version, person.person_id, dispatch_id, actor.today
    )
    await audit.record(
        db, actor, "meeting.invited_later", "meeting", meeting_id, meeting.reference, person_id=person.person_id,
        dispatch_id=dispatch_id,
    )  # fmt: skip
    return dispatch_id
