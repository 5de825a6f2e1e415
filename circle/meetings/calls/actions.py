"""What the office does: look at the call for items, and send it."""

from uuid import UUID

from circle.core import access, audit
from circle.core.auth import Actor
from circle.core.calendar import Deadline
from circle.core.db import Connection
from circle.distribution import actions as distribution
from circle.distribution.model import Letter, Part
from circle.meetings import actions as meetings
from circle.meetings import letters
from circle.meetings import rules as meeting_rules
from circle.meetings import store as meeting_store
from circle.meetings.model import StoredMeeting

from . import rules, store
from .model import Call, CallPreview, NewCall


async def preview(db: Connection, actor: Actor, meeting_id: UUID, note: str = "") -> CallPreview:
    """What would go out now, and exactly who gets what of it. Raises Conflict when nothing can."""
    meeting, until, calls = await _open(db, actor, meeting_id)
    wording = rules.wording(meeting, until, note, again=bool(calls))
    people = await store.list_called(db, actor.today)
    told = await distribution.preview(
        db, actor, people, _parts(meeting), "internal", letters.audience(meeting_id)
    )
    return CallPreview(wording.subject, wording.text, until, calls, told)


async def send(
    db: Connection, actor: Actor, meeting_id: UUID, wanted: NewCall, expected: int | None = None
) -> UUID:
    """Ask the houses for items by mail (Aufruf zur Anmeldung von Punkten): once, and again only on purpose.

    The letter goes to commissioners, deputies in their time and assistants; the way to the form goes to those who see
    the meeting. Raises Conflict when the agenda is not open or the last day is over. Returns the id of the dispatch.
    """
    meeting, until, calls = await _open(db, actor, meeting_id)
    rules.require_wanted(calls, again=wanted.again)
    meetings.require_current(meeting, expected)
    wording = rules.wording(meeting, until, wanted.note, again=bool(calls))
    number = len(calls) + 1
    dispatch_id = await distribution.prepare(
        db,
        actor,
        Letter(
            kind="notice", object_kind="meeting", object_id=meeting_id,
            title=f"Aufruf zur Anmeldung {meeting.reference}" + (f", {number}. Mal" if calls else ""),
            subject=wording.subject, text=wording.text, level="internal", audience=letters.audience(meeting_id),
            recipients=await store.list_called(db, actor.today), details={"reference": meeting.reference},
        ),
    )  # fmt: skip
    for part in _parts(meeting):
        await distribution.add_part(db, dispatch_id, part)
    await store.insert(db, meeting_id, number, actor.today, dispatch_id)
    await meeting_store.touch(db, meeting_id)
    await audit.record(
        db, actor, "meeting.items_called", "meeting", meeting_id, meeting.reference, dispatch_id=dispatch_id
    )
    return dispatch_id


async def _open(db: Connection, actor: Actor, meeting_id: UUID) -> tuple[StoredMeeting, Deadline, list[Call]]:
    """The locked meeting, its last day for items, and the calls before."""
    meeting = await meetings.locked(db, actor, meeting_id)
    access.require(actor, "meetings.invite")
    kept = await store.find(db, meeting_id)
    until = kept.submission or meeting_rules.deadlines(meeting.date, meeting.rules)["agenda_submission"]
    rules.require_callable(meeting.state, until.on, actor.today)
    return meeting, until, kept.calls


def _parts(meeting: StoredMeeting) -> list[Part]:
    """The form, for those who see the meeting; and the rules, which assistants read too."""
    return [
        Part("Punkt anmelden", "circle", url=f"/sitzungen/{meeting.reference}/top/neu", audience=letters.audience(meeting.id)),
        Part("Geschäftsordnung", "internal", url=f"/geschaeftsordnung/{meeting.procedure_version}", audience=["internal"]),
    ]  # fmt: skip
