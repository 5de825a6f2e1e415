"""What people do on the floor of a running meeting: ask to speak, give the floor, open a vote, cast one, close it.

Every act locks the meeting first, so that votes and the closing queue there. Times are those of the room.

Requests to speak leave no trace in the record, and none after the meeting: a list of who spoke when and how long would be
fit to judge people by, which takes the staff council's consent and serves nothing here (LPVG NRW § 72 (3)). Votes are
acts of houses, and are recorded.
"""

from datetime import datetime
from uuid import UUID

import msgspec

from circle.core import access, audit, errors, live
from circle.core.auth import Actor
from circle.core.db import Connection

from .. import actions as meetings
from .. import store as meeting_store
from ..agenda import actions as agenda
from ..agenda import rules as agenda_rules
from ..agenda import store as agenda_store
from ..agenda.model import Lift, NewReservation, Outcome, StoredItem
from ..model import StoredMeeting
from . import rules, store
from .model import (
    BallotClosing,
    Cast,
    LeftOver,
    LockedBallot,
    NewBallot,
    NewSpeech,
    NewVote,
    Place,
    SpeechMove,
    StoredRequest,
    Voice,
)

_NOT_NAMED = "Diesen Punkt bearbeiten nur die Personen, die für ihn benannt sind."


async def ask(db: Connection, actor: Actor, meeting_id: UUID, new: NewSpeech) -> UUID:
    """Ask to speak on the item that is called up; office and moderation enter whoever raises a hand, guests too.

    Raises Forbidden for whoever is not in the room, Invalid for somebody else who is not, Conflict for who waits already
    and between two items. Returns the request's id.
    """
    meeting = await meetings.locked(db, actor, meeting_id)
    who = new.person_id or actor.person_id
    if who != actor.person_id:
        access.require(actor, "meetings.run")
    rules.require_running(meeting.state)
    place, at = await _place(db, actor, meeting), await _now(db, actor, meeting)
    here = await store.list_listeners(db, meeting.id, place.audience, at, who)
    if not here and who == actor.person_id:
        raise errors.Forbidden("Zu Wort melden kann sich, wer als anwesend eingetragen ist.")
    if not here or not here[0].opens:
        raise errors.Invalid(
            "Das Wort bekommt, wer im Raum ist und den Punkt mitberät.",
            fields={"person_id": "Bitte eine Person aus der Liste wählen."},
        )
    if await store.is_waiting(db, place.item_id, here[0].person_id):
        raise errors.Conflict("Diese Wortmeldung steht schon auf der Liste.", code="already_waiting")
    request_id = await store.insert_request(
        db, meeting.id, place.item_id, here[0].person_id, new.kind, at, place.audience
    )
    await _tell(db, meeting.id)
    return request_id


async def withdraw(db: Connection, actor: Actor, request_id: UUID) -> None:
    """Take a request to speak back: whoever asked, or the moderation for them."""
    meeting, request = await _request(db, actor, request_id)
    if request.person_id != actor.person_id:
        access.require(actor, "meetings.run")
    rules.require_running(meeting.state)
    if request.state != "waiting":
        raise errors.Conflict("Diese Wortmeldung ist schon erledigt.")
    await store.mark_request(db, request.id, "withdrawn")
    await _tell(db, meeting.id)


async def grant(db: Connection, actor: Actor, request_id: UUID) -> None:
    """Give somebody the floor; whoever had it has spoken. The order of the list binds the moderation no further."""
    meeting, request = await _led(db, actor, request_id)
    rules.require_waiting(request)
    at = await _now(db, actor, meeting)
    await store.end_speech(db, meeting.id, at)
    await store.mark_speaking(db, request.id, at)
    await _tell(db, meeting.id)


async def end(db: Connection, actor: Actor, request_id: UUID) -> None:
    """The speech is over. Raises Conflict for who does not have the floor."""
    meeting, request = await _led(db, actor, request_id)
    if request.state != "speaking":
        raise errors.Conflict("Diese Person hat gerade nicht das Wort.")
    await store.end_speech(db, meeting.id, await _now(db, actor, meeting))
    await _tell(db, meeting.id)


async def move(db: Connection, actor: Actor, request_id: UUID, wanted: SpeechMove) -> None:
    """One place up or down, among those of the same rank. Raises Conflict at its end."""
    meeting, request = await _led(db, actor, request_id)
    rules.require_waiting(request)
    floor = await store.look(
        db, list(actor.keys), meeting.id, request.item_id, None, await _now(db, actor, meeting)
    )
    waiting = [one for one in floor.speeches.items if one.state == "waiting"]
    one, other = rules.neighbour(waiting, floor.speeches.order, request.id, wanted.direction)
    await store.update_place(db, one.id, other.place)
    await store.update_place(db, other.id, one.place)
    await _tell(db, meeting.id)


async def remove(db: Connection, actor: Actor, request_id: UUID) -> None:
    """Take a request off the list. It takes no reason."""
    meeting, request = await _led(db, actor, request_id)
    if request.state != "waiting":
        raise errors.Conflict("Diese Wortmeldung ist schon erledigt.")
    await store.mark_request(db, request.id, "removed")
    await _tell(db, meeting.id)


async def take_over(db: Connection, actor: Actor, meeting_id: UUID, wanted: LeftOver) -> None:
    """What is left of the lists of other items: kept for the one that is called up, or dropped.

    Who waited on a confidential item stays there: that they did is not for everybody.
    """
    meeting = await meetings.locked(db, actor, meeting_id)
    access.require(actor, "meetings.run")
    rules.require_running(meeting.state)
    place = await _place(db, actor, meeting)
    if wanted.keep:
        if "circle" not in place.audience:
            raise errors.Conflict("Ein vertraulicher Punkt hat seine eigene Liste.")
        await store.take_over(db, meeting.id, place.item_id, place.audience, list(actor.keys))
    await store.drop_left_over(db, meeting.id, place.item_id, list(actor.keys))
    await _tell(db, meeting.id)


async def open_ballot(db: Connection, actor: Actor, item_id: UUID, new: NewBallot) -> UUID:
    """Put a wording to the vote on the item that is called up.

    Raises Forbidden for an item that is not open to the moderation, Conflict while another vote on it is open, for an
    item that is not called up, and under „Verschiedenes“. Returns the vote's id.
    """
    _, item = await agenda.locked(db, actor, item_id)
    access.require(actor, "meetings.run")
    meeting = await meetings.locked(db, actor, item.meeting_id)
    rules.require_running(meeting.state)
    place = await _place(db, actor, meeting)
    if place.item_id != item_id:
        raise errors.Conflict("Abgestimmt wird über den Punkt, der aufgerufen ist.", code="not_called")
    agenda_rules.require_outcome(item.status, meeting.state, item.adjourned_to)
    kind = new.kind or rules.default_kind(meeting.rules)
    rules.require_ballot(item.kind, kind, meeting.rules)
    floor = await store.look(db, list(actor.keys), meeting.id, item_id, None, actor.now)
    if any(one.state == "open" for one in floor.ballots):
        raise errors.Conflict("Zu diesem Punkt läuft schon eine Abstimmung.", code="ballot_open")
    ballot_id = await store.insert_ballot(
        db, meeting_id=meeting.id, item_id=item_id, kind=kind, text=new.text.strip(), by=actor.person_id,
        at=await _now(db, actor, meeting), audience=place.audience,
    )  # fmt: skip
    await audit.record(
        db, actor, "ballot.opened", "ballot", ballot_id, meeting.reference, item_id=item_id, kind=kind
    )
    await _tell(db, meeting.id)
    return ballot_id


async def cast(db: Connection, actor: Actor, ballot_id: UUID, vote: NewVote) -> None:
    """Cast the vote of the house whose voice one carries in the room, or, for the moderation, of one that says it aloud.

    Until the vote is closed the last one counts, all are kept. Raises Forbidden for whoever carries no voice now, Conflict
    once it is closed, Invalid for a house that has no voice in the room and for a reservation that nobody can declare.
    """
    meeting, ballot = await _ballot(db, actor, ballot_id)
    at = await _now(db, actor, meeting)
    entitled = await store.list_entitled(db, ballot.item_id, at)
    own = next((one for one in entitled if one.person_id == actor.person_id), None)
    voice = own
    if vote.authority_id and not (own and own.authority_id == vote.authority_id):
        access.require(actor, "meetings.run")
        voice = next((one for one in entitled if one.authority_id == vote.authority_id), None)
        if voice is None:
            raise errors.Invalid(
                "Abstimmen kann ein Haus, dessen Stimme im Raum ist.",
                fields={"authority_id": "Bitte ein Haus aus der Liste wählen."},
            )
    if voice is None:
        raise errors.Forbidden("Abstimmen kann, wer gerade die Stimme eines Hauses führt.")
    rules.require_running(meeting.state)
    rules.require_open(ballot.state)
    rules.require_vote(ballot.kind, vote, actor.today)
    if vote.choice == "reservation":
        await store.insert_vote(
            db, ballot, voice, choice=vote.choice, by=await _declarer(db, meeting, voice),
            reservation_kind=vote.reservation_kind, text=vote.text, decide_by=vote.decide_by,
            entered_by=actor.person_id, at=at,
        )  # fmt: skip
    else:
        await store.insert_vote(db, ballot, voice, choice=vote.choice, entered_by=actor.person_id, at=at)
    if ballot.kind != "by_name":
        await store.touch_ballot(db, ballot.id)
    await audit.record(
        db, actor, "ballot.cast", "ballot", ballot.id, meeting.reference, item_id=ballot.item_id,
        authority_id=voice.authority_id, aloud=voice is not own,
    )  # fmt: skip
    await _tell(db, meeting.id)


async def close(
    db: Connection, actor: Actor, ballot_id: UUID, closing: BallotClosing, expected: int | None = None
) -> None:
    """Count a vote and enter what became of the item: result, wording, voices and reservations, in one act.

    A house that votes takes back what it reserved on the item before. Raises Stale when a house has objected meanwhile,
    Invalid for a decision without a quorum or without the consent that it takes, Conflict when it is closed, or
    (`houses_changed`) when the silence of a house is to be consent that was not there to be asked.
    """
    meeting, ballot = await _ballot(db, actor, ballot_id)
    access.require(actor, "meetings.run")
    _, item = await agenda.locked(db, actor, ballot.item_id)
    rules.require_running(meeting.state)
    rules.require_open(ballot.state)
    if expected is not None and ballot.revision != expected:
        raise errors.Stale(current={"id": ballot.id, "state": ballot.state, "revision": ballot.revision})
    at = await _now(db, actor, meeting)
    there = await store.find_presence(db, meeting.id, at)
    quorum = rules.quorum(there, meeting_least(meeting))
    entitled = {one.authority_id: one for one in await store.list_entitled(db, item.id, at)}
    rules.require_asked(closing, entitled)
    votes = await store.list_cast(db, ballot.id)
    reserved = await _reserved(db, actor, item)
    found = rules.tally(
        ballot.kind, entitled, {one.authority_id: one.choice for one in votes}, closing, reserved.values()
    )
    rules.require_result(closing, ballot.kind, found, quorum, meeting.rules)
    for house in found.assumed:
        await store.insert_vote(
            db, ballot, entitled[house], choice="consent", assumed=True, entered_by=actor.person_id, at=at
        )
    counts = msgspec.structs.asdict(found.counts)
    await store.mark_closed(
        db, ballot.id, at, present=quorum.present, houses=quorum.houses, needed=quorum.needed, quorum=quorum.met,
        result=closing.result, **counts,
    )  # fmt: skip
    await agenda.conclude(
        db, actor, item.id,
        Outcome(
            result=closing.result, votes=found.counts if any(counts.values()) else None,
            resolution_text=ballot.text if rules.takes_wording(closing.result) else msgspec.UNSET,
        ),
        voices=len(entitled.keys() | {one.authority_id for one in votes}),
    )  # fmt: skip
    await _enter_reservations(db, actor, item.id, votes, reserved)
    await audit.record(
        db, actor, "ballot.closed", "ballot", ballot.id, meeting.reference, item_id=item.id, result=closing.result
    )  # fmt: skip
    await _tell(db, meeting.id)


async def cancel(db: Connection, actor: Actor, ballot_id: UUID) -> None:
    """End a vote without a result. That it was opened stays on the record, how houses voted nobody is told."""
    meeting, ballot = await _ballot(db, actor, ballot_id)
    access.require(actor, "meetings.run")
    rules.require_running(meeting.state)
    rules.require_open(ballot.state)
    await store.mark_cancelled(db, ballot.id, await _now(db, actor, meeting))
    await audit.record(
        db, actor, "ballot.cancelled", "ballot", ballot.id, meeting.reference, item_id=ballot.item_id
    )
    await _tell(db, meeting.id)


def meeting_least(meeting: StoredMeeting) -> int:
    """How many houses a quorum takes at least by the procedure of a meeting."""
    found: int = meeting.rules.get("quorum", {}).get("present_members_min", 3)
    return found


async def _enter_reservations(
    db: Connection, actor: Actor, item_id: UUID, votes: list[Cast], reserved: dict[UUID, UUID]
) -> None:
    voted = {one.authority_id for one in votes}
    for person, house in reserved.items():
        if house in voted:
            await agenda.lift(db, actor, item_id, Lift("withdrawn", person))
    for one in votes:
        if one.choice == "reservation" and one.reservation_kind:
            await agenda.reserve(
                db, actor, item_id, NewReservation(one.reservation_kind, one.text, one.by, one.decide_by)
            )


async def _reserved(db: Connection, actor: Actor, item: StoredItem) -> dict[UUID, UUID]:
    """Who has an open reservation on the item, and for which house."""
    kept = msgspec.json.decode(item.reservations)
    people = [UUID(str(one["by"])) for one in kept if one.get("by") and not one.get("resolved_on")]
    return await store.list_houses(db, people, actor.today) if people else {}


async def _declarer(db: Connection, meeting: StoredMeeting, voice: Voice) -> UUID:
    """Who declares a reservation of a house: the member or deputy who is there, or the member that is represented."""
    for person in filter(None, (voice.person_id, voice.member_id)):
        if await agenda_store.holds_voice(db, person, meeting.date):
            return person
    raise errors.Invalid(
        "Einen Vorbehalt erklärt ein Mitglied oder seine Vertretung.",
        fields={"choice": "Für dieses Haus ist gerade niemand da, der einen Vorbehalt erklären kann."},
    )


async def _place(db: Connection, actor: Actor, meeting: StoredMeeting) -> Place:
    """The item that is called up. Raises Conflict between two items, Forbidden when it is not open to the actor."""
    place = await store.find_place(db, meeting.id, list(actor.keys))
    if place is None:
        raise errors.Conflict("Gerade ist kein Punkt aufgerufen.", code="not_called")
    if not place.open:
        raise errors.Forbidden(_NOT_NAMED)
    return place


async def _request(db: Connection, actor: Actor, request_id: UUID) -> tuple[StoredMeeting, StoredRequest]:
    meeting_id = await store.meeting_of_request(db, request_id)
    if meeting_id is None:
        raise errors.NotFound(me=actor.card)
    meeting = await meetings.locked(db, actor, meeting_id)
    request = await store.lock_request(db, request_id, list(actor.keys))
    if request is None:
        raise errors.NotFound(me=actor.card)
    return meeting, request


async def _led(db: Connection, actor: Actor, request_id: UUID) -> tuple[StoredMeeting, StoredRequest]:
    """A request in a running meeting, for the moderation."""
    meeting, request = await _request(db, actor, request_id)
    access.require(actor, "meetings.run")
    rules.require_running(meeting.state)
    return meeting, request


async def _ballot(db: Connection, actor: Actor, ballot_id: UUID) -> tuple[StoredMeeting, LockedBallot]:
    meeting_id = await store.meeting_of_ballot(db, ballot_id)
    if meeting_id is None:
        raise errors.NotFound(me=actor.card)
    meeting = await meetings.locked(db, actor, meeting_id)
    ballot = await store.lock_ballot(db, ballot_id, list(actor.keys))
    if ballot is None:
        raise errors.NotFound(me=actor.card)
    return meeting, ballot


async def _now(db: Connection, actor: Actor, meeting: StoredMeeting) -> datetime:
    return await meeting_store.room_now(db, meeting.id, actor.now)


async def _tell(db: Connection, meeting_id: UUID) -> None:
    await live.tell(db, f"meeting:{meeting_id}")
