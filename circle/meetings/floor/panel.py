"""What the pages of the room show of the floor: for whoever looks (`panel`), and what everybody sees (`shown`)."""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from circle.core import access
from circle.core.auth import Actor
from circle.core.db import Connection

from .. import rules as meeting_rules
from .. import store as meeting_store
from ..agenda import rules as agenda
from ..agenda.model import AgendaItem
from ..model import Meeting
from . import rules, store
from .model import Ballot, Floor, SpeechRequest, StoredBallot

WORDS: dict[str, Any] = {
    "speeches": rules.SPEECHES,
    "ballots": rules.BALLOTS,
    "ballot_hints": rules.BALLOT_HINTS,
    "choices": rules.CHOICES,
    "counted": rules.COUNTED,
    "reservations": ["Leitungsvorbehalt", "Prüfvorbehalt"],
    "results": agenda.RESULTS,
}


async def panel(db: Connection, actor: Actor, meeting: Meeting, item: AgendaItem | None) -> dict[str, Any]:
    """What an actor sees of the floor at the current item and can do there; a handler's `db` of a request that acts."""
    at = await meeting_store.room_now(db, meeting.id, actor.now)
    floor = await store.look(db, list(actor.keys), meeting.id, item.id if item else None, actor.person_id, at)
    seen = _seen(floor, item.id if item else None)
    leads, running = access.may(actor, "meetings.run"), meeting.state == "running"
    open_here = running and item is not None and item.open
    own = [one for one in floor.speeches.items if one.person_id == actor.person_id]
    quorum = meeting_rules.quorum_of(
        set(floor.voices), meeting.members, meeting.editions, least=meeting.quorum_least
    )
    kinds = rules.kinds(floor.procedure)
    found: dict[str, Any] = seen | {
        "here": f"/sitzungen/{meeting.reference}",
        "reference": meeting.reference,
        "item": item,
        "open": open_here,
        "leads": leads,
        "in_room": floor.reader_here,
        "own_waiting": next((one for one in own if one.state == "waiting"), None),
        "own_speaking": any(one.state == "speaking" for one in own),
        "left_over": floor.left_over if open_here else 0,
        "quorum": quorum,
        "kinds": [(kind, rules.BALLOTS[kind], rules.BALLOT_HINTS[kind]) for kind in kinds],
        "may_vote_on": open_here and item is not None and item.kind != "miscellaneous",
        "wording": (item.resolution_text or "") if item else "",
        "listeners": [],
        "offered": [],
        "usual": "",
    }
    if leads and open_here and item is not None:
        place = await store.find_place(db, meeting.id, list(actor.keys))
        here = await store.list_listeners(db, meeting.id, place.audience if place else [], at)
        waiting = {one.person_id for one in seen["waiting"]}
        secret = item.confidentiality == "confidential"
        found |= {
            "listeners": [
                (one.person_id, f"{one.name}, {one.authority_name}")
                for one in here
                if one.opens and one.person_id not in waiting
            ],
            "offered": rules.results(item.kind or "", secret, quorum),
            "usual": rules.usual_result(item.kind or "", secret, quorum),
        }
    return found


async def shown(
    db: Connection, keys: list[str], meeting_id: UUID, item_id: UUID | None, now: datetime
) -> dict[str, Any]:
    """What everybody with these keys sees of the floor; nothing of it is personal."""
    return _seen(await store.look(db, keys, meeting_id, item_id, None, now), item_id)


def _seen(floor: Floor, item_id: UUID | None) -> dict[str, Any]:
    items = floor.speeches.items if floor.speeches.item_id == item_id else []
    waiting = rules.order_of((one for one in items if one.state == "waiting"), floor.speeches.order)
    ballot = next((told(one) for one in floor.ballots if one.state == "open"), None)
    last = next((told(one) for one in floor.ballots if one.state == "closed"), None)
    return {
        "speaker": next((one for one in items if one.state == "speaking"), None),
        "waiting": waiting,
        "moves": _moves(waiting, floor),
        "by_turns": floor.speeches.order == "first_speech_first",
        "ballot": ballot,
        "last": last,
        "summary": rules.counted(last.counts) if last else "",
        "bars": bars(last) if last else [],
        "words": WORDS,
    }


def _moves(waiting: list[SpeechRequest], floor: Floor) -> dict[UUID, list[str]]:
    """In which directions each request can change its place."""
    order = floor.speeches.order
    return {
        one.id: [way for way, other in (("up", n - 1), ("down", n + 1))
                 if 0 <= other < len(waiting) and rules.same_rank(one, waiting[other], order)]
        for n, one in enumerate(waiting)
    }  # fmt: skip


def told(one: StoredBallot) -> Ballot:
    """A vote with its result in words."""
    values = {name: getattr(one, name) for name in StoredBallot.__struct_fields__}
    return Ballot(**values, words=rules.words(one.result, one.open_reservations))


def bars(ballot: Ballot) -> list[tuple[str, str, int, float]]:
    """The bars of a result: name, label, number, and the share of the houses that could vote, in percent.

    Voices that were not given come last.
    """
    counts = msgspec.structs.asdict(ballot.counts) if ballot.counts else {}
    whole = max(ballot.voices or 0, sum(counts.values()), 1)
    rest = (ballot.voices or 0) - sum(counts.values())
    found = [(name, label, counts.get(name, 0)) for name, label in rules.COUNTED.items()]
    if rest > 0:
        found.append(("none", "ohne Stimme", rest))
    return [(name, label, number, round(100 * number / whole, 2)) for name, label, number in found]
