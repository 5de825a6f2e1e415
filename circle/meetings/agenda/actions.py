"""What people do with the agenda: propose, admit, return, order, treat. Papers stand in `papers.py`.

Every act locks the meeting first, then the item: acts on one agenda, the invitation too, queue there.
"""

import uuid
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import asyncpg
import msgspec

from circle.core import access, audit, auth, calendar, errors, files, live, merging
from circle.core.auth import Actor
from circle.core.db import Caller, Connection, for_the_record
from circle.distribution import actions as distribution
from circle.distribution.model import Letter, Part
from circle.meetings.procedure.model import STANDING, StandingItem
from circle.search import index as search_index
from circle.tasks import actions as tasks

from . import rules, store
from .model import (
    Adjournment,
    AgendaItem,
    ItemChange,
    Level,
    Lift,
    NewItem,
    NewReservation,
    Outcome,
    Paper,
    Plan,
    Return,
    StoredItem,
    StoredMeeting,
)

MASK = "Vertraulicher Tagesordnungspunkt"


async def propose(db: Connection, actor: Actor, meeting_id: UUID, new: NewItem) -> UUID:
    """Put an item forward (Anmeldung). After the deadline it is marked late, after the invitation it waits for a supplement.

    A confidential one is open to the submitter, the rapporteur and the named people; the office sees that there is
    one, and is named when it admits or returns it. Returns the id.
    """
    meeting = await _meeting(db, actor, meeting_id)
    access.require(actor, "agenda.propose")
    rules.require_proposals(meeting.state, office=access.may(actor, "agenda.admit"))
    rules.require_room(await store.count_items(db, meeting_id))
    item_id = uuid.uuid4()
    await _require_known(db, actor, item_id, [new.rapporteur_id, *new.named])
    order = await store.next_place(db, meeting_id)
    late = rules.is_late(meeting.state, meeting.on, meeting.submission_until, actor.today)
    if late and meeting.late_refused and not access.may(actor, "agenda.admit"):
        later = await store.next_meeting(db, meeting.on, list(actor.keys), actor.today)
        raise errors.Conflict(
            "Die Anmeldefrist ist vorbei. Nach der Geschäftsordnung kommt der Punkt in die nächste Sitzung. Bitte melden Sie "
            + (
                f"ihn für {later.reference} am {calendar.date_short(later.date)} an."
                if later
                else "ihn an, sobald sie Punkte aufnimmt."
            )
        )
    await store.insert_item(
        db, item_id=item_id, meeting_id=meeting_id, order=order, status="registered", late=late
    )
    if new.confidentiality == "confidential":
        await _name(db, actor, meeting, item_id, [actor.person_id, new.rapporteur_id, *new.named])
    await store.insert_content(
        db, item_id=item_id, meeting_id=meeting_id, title=new.title, description=new.description, aim=new.aim,
        kind=new.kind, confidentiality=new.confidentiality, rapporteur_id=new.rapporteur_id,
        submitted_by=actor.person_id, planned_minutes=new.planned_minutes,
    )  # fmt: skip
    await _record(db, actor, "agenda_item.proposed", item_id, meeting, late=late)
    return item_id


async def change(db: Connection, actor: Actor, item_id: UUID, wanted: ItemChange, expected: int) -> None:
    """Mend a proposal, or change an item. A returned proposal that is mended waits for admission again.

    `named` replaces who is named for a confidential item; submitter, rapporteur and whoever changes it always stay.
    """
    meeting, item = await locked(db, actor, item_id)
    given = {
        name: value for name, value in msgspec.structs.asdict(wanted).items() if value is not msgspec.UNSET
    }
    rules.require_change(actor, item, meeting.state, set(given))
    named = given.pop("named", None)
    new = {name: getattr(item, name) for name in _CHANGEABLE} | given
    rules.require_level_change(actor, item, new["confidentiality"])
    _require_current(item, expected)
    others = [new["rapporteur_id"] if new["rapporteur_id"] != item.rapporteur_id else None, *(named or [])]
    await _require_known(db, actor, item_id, others)
    if new["confidentiality"] == "confidential":
        people = [actor.person_id, item.submitted_by, new["rapporteur_id"], *(named or [])]
        await _name(db, actor, meeting, item_id, people, alone=named is not None)
    await store.update_content(db, item_id, **new)
    if new["confidentiality"] != item.confidentiality:
        await _move_papers(db, item, new["confidentiality"])
    if new["confidentiality"] == "confidential":
        await tasks.seal(db, item_id)
    mended = item.status == "returned" and rules.is_own(actor, item.submitted_by, item.house)
    await _mark(db, item, "registered" if mended else item.status)
    if mended:
        await store.update_return_reason(db, item_id, "")
    await index(db, item_id)
    await _record(db, actor, "agenda_item.changed", item_id, meeting, fields=sorted(given))


_CHANGEABLE = [
    "title", "description", "aim", "kind", "confidentiality", "rapporteur_id", "planned_minutes",
]  # fmt: skip


async def admit(db: Connection, actor: Actor, item_id: UUID, expected: int | None = None) -> None:
    """Take a proposal onto the agenda; the submitter is told. In a running meeting it gets its number at once."""
    meeting, item = await _for_the_office(db, actor, item_id)
    rules.require_admissible(item.status, meeting.state)
    _require_current(item, expected)
    item = await _name_office(db, actor, meeting, item)
    await _mark(db, item, "admitted")
    await store.update_return_reason(db, item_id, "")
    if meeting.state == "running":
        await freeze(db, actor, item.meeting_id, supplement=True)
    await index(db, item_id)
    await _record(db, actor, "agenda_item.admitted", item_id, meeting)
    late = " Er ist verspätet angemeldet; über die Aufnahme entscheidet der Kreis unter TOP 1."
    await _tell(
        db, actor, meeting, item, "Ihr Punkt ist aufgenommen",
        f"Ihr Punkt „{item.title}“ ist für die Sitzung am {calendar.date_long(meeting.on)} aufgenommen."
        f"{late if item.late_submission else ''}",
    )  # fmt: skip


async def return_(
    db: Connection, actor: Actor, item_id: UUID, wanted: Return, expected: int | None = None
) -> None:
    """Give a proposal back with a reason, before the invitation; the submitter is told and can mend it."""
    meeting, item = await _for_the_office(db, actor, item_id)
    rules.require_returnable(item.status, item.frozen)
    _require_current(item, expected)
    item = await _name_office(db, actor, meeting, item)
    await _mark(db, item, "returned")
    await store.update_return_reason(db, item_id, wanted.reason)
    await index(db, item_id)
    await _record(db, actor, "agenda_item.returned", item_id, meeting)
    await _tell(
        db, actor, meeting, item, "Ihr Punkt braucht eine Ergänzung",
        f"Ihren Punkt „{item.title}“ für die Sitzung am {calendar.date_long(meeting.on)} gebe ich mit der Bitte "
        f"um Ergänzung zurück:\n\n{wanted.reason}",
    )  # fmt: skip


async def withdraw(db: Connection, actor: Actor, item_id: UUID, expected: int | None = None) -> None:
    """Take an item back: its house, or the office on the house's word. After the invitation its number stays."""
    meeting, item = await locked(db, actor, item_id)
    own = rules.is_own(actor, item.submitted_by, item.house) and access.may(actor, "agenda.propose")
    if not own:
        access.require(actor, "agenda.admit")
    rules.require_withdrawable(item.status, meeting.state)
    _require_current(item, expected)
    await _mark(db, item, "withdrawn")
    await store.end_call(db, item_id, actor.now)
    await index(db, item_id)
    await _record(db, actor, "agenda_item.withdrawn", item_id, meeting)
    await live.tell(db, f"meeting:{item.meeting_id}")


async def adjourn(
    db: Connection, actor: Actor, item_id: UUID, wanted: Adjournment, expected: int | None = None
) -> UUID | None:
    """Put an item off. The named later meeting takes it up with its papers; the number here stays.

    A proposal of a cancelled meeting that nobody admitted goes on as a proposal, and so does a late one.
    Returns the id of the item there. Office and moderation do it without reading a confidential item.
    """
    meeting, item = await locked(db, actor, item_id)
    access.require(actor, "meetings.run")
    rules.require_adjournable(item.status, item.adjourned_to, meeting.state, late=item.late_submission)
    _require_current(item, expected)
    target = await _target(db, actor, meeting, wanted.meeting_id) if wanted.meeting_id else None
    if target is None and item.status in rules.PROPOSALS:
        raise errors.Invalid(
            "Eine Anmeldung, über die nicht entschieden ist, wartet nur in einer Sitzung.",
            fields={"meeting_id": "Bitte eine spätere Sitzung wählen."},
        )
    async with for_the_record(db):
        successor = await _copy(db, item, target) if target else None
        await store.mark_adjourned(db, item_id, successor)
    await store.end_call(db, item_id, actor.now)
    for changed in filter(None, (item_id, successor)):
        await index(db, changed)
    await _record(
        db, actor, "agenda_item.adjourned", item_id, meeting, to=target.reference if target else None
    )
    await live.tell(db, f"meeting:{item.meeting_id}")
    if target and successor and item.status in rules.PROPOSALS and meeting.state != "cancelled":
        there = msgspec.structs.replace(item, id=successor)
        await _tell(
            db, actor, target, there, "Ihr Punkt kommt in die nächste Sitzung",
            f"Ihr Punkt „{item.title}“ war für die Sitzung am {calendar.date_long(meeting.on)} angemeldet und kam dort nicht auf "
            f"die Tagesordnung. Er ist jetzt für die Sitzung am {calendar.date_long(target.on)} angemeldet.",
        )  # fmt: skip
    return successor


async def conclude(
    db: Connection,
    actor: Actor,
    item_id: UUID,
    wanted: Outcome,
    expected: int | None = None,
    *,
    voices: int | None = None,
) -> None:
    """Enter text, result, wording, voices and reservations, until the minutes are approved (part 3, Ergebnisarten).

    The circle overrules no house, and decides nothing under „Verschiedenes“. `voices` are those that a vote has found;
    without it they are those that were there.
    """
    meeting, item = await locked(db, actor, item_id)
    access.require(actor, "meetings.run")
    if not item.open:
        raise errors.Forbidden("Diesen Punkt bearbeiten nur die Personen, die für ihn benannt sind.")
    rules.require_outcome(item.status, meeting.state, item.adjourned_to)
    _require_current(item, expected)
    if item.status == "admitted":
        # Consent at TOP 1: what came too late for a supplement gets its number when it is called up.
        await freeze(db, actor, item.meeting_id, supplement=True)
        meeting, item = await locked(db, actor, item_id)
    result = item.result if wanted.result is msgspec.UNSET else wanted.result
    text = item.resolution_text if wanted.resolution_text is msgspec.UNSET else wanted.resolution_text
    kept = msgspec.json.decode(item.votes) if item.votes else None
    votes = kept if wanted.votes is msgspec.UNSET else msgspec.to_builtins(wanted.votes)
    rules.require_result(item.kind, item.confidentiality == "confidential", result, text, votes)
    if voices is None:
        voices = await store.count_voices(db, item.meeting_id, item_id, actor.now)
    rules.require_votes(votes, voices)
    reservations = msgspec.json.decode(item.reservations)
    if wanted.reservations is not msgspec.UNSET:
        reservations = [
            await _reservation(db, actor, meeting, one, reservations) for one in wanted.reservations
        ]
    minutes = _minutes(item, wanted)
    await store.update_outcome(
        db, item_id, minutes=minutes, result=result,
        resolution_text=text, votes=_json(votes) if votes else None, reservations=_json(reservations),
    )  # fmt: skip
    given = "" if wanted.result is msgspec.UNSET else wanted.result
    status = rules.status_after(given, item.status)
    await _mark(db, item, status)
    if status in ("adjourned", "removed"):
        await store.end_call(db, item_id, actor.now)
    await index(db, item_id)
    if minutes != item.minutes:
        await live.tell(db, f"writing:{item_id}")
    await _record(db, actor, "agenda_item.concluded", item_id, meeting)
    await live.tell(db, f"meeting:{item.meeting_id}")


async def treat(db: Connection, actor: Actor, item_id: UUID) -> None:
    """The moderation has dealt with an item, which it need not be able to read. For the act that goes on to the next.

    An item that came too late for a supplement gets its number; one that was put off or taken off stays so.
    """
    meeting, item = await locked(db, actor, item_id)
    if item.status == "admitted":
        await freeze(db, actor, item.meeting_id, supplement=True)
        meeting, item = await locked(db, actor, item_id)
    if item.status != "on_agenda":
        return
    await _mark(db, item, "treated")
    await index(db, item_id)
    await _record(db, actor, "agenda_item.treated", item_id, meeting)


def _minutes(item: StoredItem, wanted: Outcome) -> str:
    """The text as it will stand: replaced, or merged with what others wrote since it was read.

    Raises Conflict (`minutes_base_missing`) when it was written together since the revision that the form goes by, and
    nothing says which state was read, and Invalid when both together are too long.
    """
    if wanted.minutes is msgspec.UNSET:
        return item.minutes
    if wanted.minutes_base is not msgspec.UNSET:
        merged = merging.merge(wanted.minutes_base, wanted.minutes, item.minutes)
        rules.require_length(merged, item.minutes, "minutes")
        return merged
    if wanted.minutes != item.minutes and item.written_revision == item.revision:
        raise errors.Conflict(
            "Am Text dieses Punktes wird gemeinsam geschrieben. Bitte geben Sie in minutes_base an, welchen Text Sie "
            "gelesen haben. Dann geht nichts verloren.",
            code="minutes_base_missing",
        )
    return wanted.minutes


async def reserve(
    db: Connection, actor: Actor, item_id: UUID, new: NewReservation, expected: int | None = None
) -> None:
    """Declare a reservation (decree Nr. 4 (2) S. 2): a member for the own house, office and moderation for a member."""
    meeting, item = await locked(db, actor, item_id)
    if not item.open:
        raise errors.Forbidden
    await _require_voice(actor, new.by)
    rules.require_outcome(item.status, meeting.state, item.adjourned_to)
    _require_current(item, expected)
    kept = msgspec.json.decode(item.reservations)
    added = await _reservation(db, actor, meeting, new, [])
    kept = [one for one in kept if (one["by"], one["kind"]) != (added["by"], added["kind"])]
    await store.update_reservations(db, item_id, _json([*kept, added]))
    await _mark(db, item, item.status)
    await _record(db, actor, "agenda_item.reserved", item_id, meeting)


async def lift(
    db: Connection, actor: Actor, item_id: UUID, wanted: Lift, expected: int | None = None
) -> None:
    """End a reservation with its day, also after the approval of the minutes, which keep what was said."""
    meeting, item = await locked(db, actor, item_id)
    if not item.open:
        raise errors.Forbidden
    await _require_voice(actor, wanted.by)
    _require_current(item, expected)
    by = str(wanted.by or actor.person_id)
    kept = msgspec.json.decode(item.reservations)
    open_ones = [one for one in kept if str(one.get("by")) == by and not one.get("resolved_on")]
    if not open_ones:
        raise errors.Conflict("Zu diesem Punkt gibt es keinen offenen Vorbehalt dieser Person.")
    for one in open_ones:
        one |= {"resolved_on": actor.today.isoformat(), "outcome": wanted.outcome}
    await store.update_reservations(db, item_id, _json(kept))
    await _mark(db, item, item.status)
    await _record(db, actor, "agenda_item.reservation_lifted", item_id, meeting)


async def arrange(db: Connection, actor: Actor, meeting_id: UUID, plan: Plan, expected: int) -> None:
    """Put the items still to come in order, all in one act, and set their times. `expected` is the meeting's revision.

    Items that went out keep their order among each other.
    """
    meeting = await _meeting(db, actor, meeting_id)
    access.require(actor, "agenda.admit")
    if meeting.state not in (*rules.BEFORE_MEETING, "running"):
        raise errors.Conflict("Die Sitzung ist vorbei. Die Reihenfolge steht fest.")
    shells = await store.list_shells(db, meeting_id)
    if meeting.revision != expected:
        there = [shell.id for shell in shells if shell.status in rules.MOVABLE]
        raise errors.Stale(current={"id": meeting.id, "revision": meeting.revision, "item_ids": there})
    places = rules.places(shells, plan.item_ids)
    await store.update_places(db, list(places), list(places.values()))
    if plan.minutes is not msgspec.UNSET:
        times = {item_id: minutes for item_id, minutes in plan.minutes.items() if item_id in places}
        await store.update_planned_minutes(db, list(times), list(times.values()), list(actor.keys))
    await store.touch_meeting(db, meeting_id)
    await audit.record(db, actor, "agenda.arranged", "meeting", meeting_id, meeting.reference)
    await live.tell(db, f"meeting:{meeting_id}")


async def add_standing_items(db: Connection, actor: Actor, meeting_id: UUID) -> None:
    """What stands on every agenda by the procedure that the meeting keeps. For the act that convenes.

    The approval of the minutes names the last meeting that was held.
    """
    meeting = await _meeting(db, actor, meeting_id)
    last = await store.last_held(db, meeting.on)
    kept = await store.standing_items(db, meeting_id)
    items = msgspec.json.decode(kept, type=list[StandingItem]) if kept else STANDING
    for order, one in enumerate(sorted(items, key=lambda one: one.place == "last")):
        item_id = uuid.uuid4()
        title = (
            f"{one.title} über die {last}"[:300] if last and one.kind == "approval_of_minutes" else one.title
        )
        await store.insert_item(
            db, item_id=item_id, meeting_id=meeting_id, order=order, status="admitted", late=False, standing=one.place
        )  # fmt: skip
        await store.insert_content(
            db, item_id=item_id, meeting_id=meeting_id, title=title, description="", aim=one.aim, kind=one.kind,
            confidentiality="circle", rapporteur_id=None, submitted_by=actor.person_id, planned_minutes=one.minutes,
        )  # fmt: skip
        await index(db, item_id)


async def freeze(db: Connection, actor: Actor, meeting_id: UUID, supplement: bool) -> list[UUID]:
    """Admitted items go onto the agenda that is sent, with numbers that stay. For the acts that invite and supplement.

    Returns the items that are new on it, in order.
    """
    numbers = rules.numbers(await store.list_shells(db, meeting_id), supplement=supplement)
    await store.mark_frozen(db, list(numbers), list(numbers.values()))
    for item_id in numbers:
        await index(db, item_id)
    if numbers:
        await audit.record(db, actor, "agenda.frozen", "meeting", meeting_id, items=len(numbers))
    return list(numbers)


async def move_items(db: Connection, meeting_id: UUID, new_meeting_id: UUID) -> None:
    """A meeting gets another date as a new meeting: it takes over all that was still to come, in order and unnumbered.

    The old agenda stays as it went out, and says where its items are now.
    """
    async with for_the_record(db):
        moved = [
            (shell.id, "admitted" if shell.status == "on_agenda" else shell.status)
            for shell in await store.list_shells(db, meeting_id)
            if shell.status in ("registered", "returned", "admitted", "on_agenda")
        ]
        place = 1 + max((shell.order for shell in await store.list_shells(db, new_meeting_id)), default=-1)
        copies = []
        for offset, (item_id, status) in enumerate(moved):
            copies.append(uuid.uuid4())
            await store.copy_item(db, item_id, copies[-1], new_meeting_id, place + offset, status, False)
            await store.keep_standing(db, item_id, copies[-1])
            await store.mark_adjourned(db, item_id, copies[-1])
    for item_id in [item_id for item_id, _ in moved] + copies:
        await index(db, item_id)


async def adjourn_open(db: Connection, actor: Actor, meeting_id: UUID) -> list[UUID]:
    """At the close of a meeting: what was not dealt with is adjourned; opening and end count as treated.

    Returns the adjourned items.
    """
    async with for_the_record(db):
        kinds = await store.kinds_of(db, meeting_id)
        waiting = [
            shell.id
            for shell in await store.list_shells(db, meeting_id)
            if shell.status in ("admitted", "on_agenda")
        ]
        done = {item_id for item_id in waiting if kinds.get(item_id) in ("formality", "miscellaneous")}
        for item_id in waiting:
            await store.mark_adjourned(db, item_id, None, "treated" if item_id in done else "adjourned")
    for item_id in waiting:
        await index(db, item_id)
    adjourned = [item_id for item_id in waiting if item_id not in done]
    if adjourned:
        await audit.record(db, actor, "agenda.rest_adjourned", "meeting", meeting_id, items=len(adjourned))
    return adjourned


async def note_reading(
    db: Connection, caller: Caller, card: bytes, things: Sequence[AgendaItem | Paper]
) -> None:
    """Log that somebody read confidential items or papers (3.2): one row for one reading, none when all was open or masked."""
    read = [one for one in things if one.confidentiality == "confidential" and one.open]
    if not read:
        return
    me = auth.me(card)
    reader = Actor(me.person_id, me.authority_id, me.name, frozenset(me.roles), (), caller.now)
    items = sorted({one.item_id for one in read})
    kind, object_id = ("agenda_item", items[0]) if len(items) == 1 else ("meeting", read[0].meeting_id)
    await audit.record(db, reader, "agenda_item.read", kind, object_id, items=items, purpose="Sitzung")


async def index(db: Connection, item_id: UUID) -> None:
    """Write an item's row of the search index once it is admitted, open to whom its content is; before, there is none."""
    async with for_the_record(db):
        row = await store.find_entry(db, item_id)
        if row and (row["frozen"] or row["status"] == "admitted"):
            await search_index.put(db, _entry(item_id, row))
        else:
            await search_index.drop(db, "agenda_item", item_id)


def _entry(item_id: UUID, row: asyncpg.Record) -> search_index.Entry:
    words = (row["description"], row["minutes"], row["resolution_text"], *row["papers"])
    return search_index.Entry(
        source_kind="agenda_item", source_id=item_id,
        reference=f"{row['reference']}/TOP-{row['number']}" if row["number"] else row["reference"],
        title=row["title"], body="\n\n".join(filter(None, words)), kind="Tagesordnungspunkt",
        level=row["confidentiality"], year=row["date"].year, url=f"/sitzungen/{row['reference']}/top/{item_id}",
        audience=list(row["audience"]),
    )  # fmt: skip


async def _meeting(db: Connection, actor: Actor, meeting_id: UUID) -> StoredMeeting:
    meeting = await store.lock_meeting(db, meeting_id, list(actor.keys))
    if meeting is None:
        raise errors.NotFound(me=actor.card)
    return meeting


async def locked(db: Connection, actor: Actor, item_id: UUID) -> tuple[StoredMeeting, StoredItem]:
    """The locked meeting and item. Raises NotFound for a proposal of another house, Forbidden for whoever is called in
    on the item alone: they read."""
    meeting_id = await store.meeting_of(db, item_id)
    if meeting_id is None:
        raise errors.NotFound(me=actor.card)
    if f"expert:{item_id}" in actor.keys and not await store.lock_meeting(db, meeting_id, list(actor.keys)):
        raise errors.Forbidden(me=actor.card)
    meeting = await _meeting(db, actor, meeting_id)
    item = await store.lock_item(db, item_id, list(actor.keys))
    if item is None:
        raise errors.NotFound(me=actor.card)
    return meeting, item


async def _for_the_office(db: Connection, actor: Actor, item_id: UUID) -> tuple[StoredMeeting, StoredItem]:
    meeting, item = await locked(db, actor, item_id)
    access.require(actor, "agenda.admit")
    return meeting, item


async def _name_office(db: Connection, actor: Actor, meeting: StoredMeeting, item: StoredItem) -> StoredItem:
    """Whoever decides about a confidential proposal is named for it, on the record, and sees it from then on."""
    if item.open:
        return item
    await _name(db, actor, meeting, item.id, [actor.person_id])
    opened = await store.lock_item(db, item.id, [*actor.keys, f"named:{item.id}"])
    assert opened is not None
    return opened


async def _require_known(db: Connection, actor: Actor, item_id: UUID, people: list[UUID | None]) -> None:
    """Raises Invalid for whoever is not shown to the actor as for whoever does not exist."""
    if await store.unknown_people(db, item_id, [one for one in people if one], list(actor.keys), actor.today):
        raise errors.Invalid("Ein Verweis zeigt auf etwas, das es nicht gibt.", code="unknown_reference")


async def _name(
    db: Connection,
    actor: Actor,
    meeting: StoredMeeting,
    item_id: UUID,
    people: list[UUID | None],
    *,
    alone: bool = False,
) -> None:
    """Name people for a confidential item, on the record; `alone` takes everybody else off it."""
    wanted = list(dict.fromkeys(person for person in people if person))
    added = await store.insert_named(db, item_id, wanted, actor.person_id)
    removed = await store.drop_named(db, item_id, wanted) if alone else []
    if added:
        await _record(db, actor, "agenda_item.named", item_id, meeting, people=added)
    if removed:
        await _record(db, actor, "agenda_item.named_no_more", item_id, meeting, people=removed)


async def _mark(db: Connection, item: StoredItem, status: str) -> None:
    if not await store.mark(db, item.id, item.revision, status):
        raise errors.Stale(current=_state(item))


async def _move_papers(db: Connection, item: StoredItem, level: str) -> None:
    """Papers go along when an item becomes confidential, or is opened by who submitted it."""
    if "confidential" not in (level, item.confidentiality):
        return
    for paper in await store.update_paper_levels(db, item.id, level):
        await files.reopen(db, paper["id"], list(paper["audience"]))


async def _target(db: Connection, actor: Actor, meeting: StoredMeeting, target_id: UUID) -> StoredMeeting:
    target = await store.lock_meeting(db, target_id, list(actor.keys))
    if target is None or target.on <= meeting.on or target.state not in rules.BEFORE_MEETING:
        raise errors.Invalid(
            "Vertagt wird in eine spätere Sitzung, die noch Punkte aufnimmt.",
            code="unknown_reference",
            fields={"meeting_id": "Bitte eine spätere Sitzung wählen."},
        )
    return target


async def _copy(db: Connection, item: StoredItem, target: StoredMeeting) -> UUID:
    rules.require_room(await store.count_items(db, target.id))
    copy_id = uuid.uuid4()
    order = await store.next_place(db, target.id)
    status = item.status if item.status in rules.PROPOSALS else "admitted"
    await store.copy_item(db, item.id, copy_id, target.id, order, status, target.state == "invited")
    return copy_id


async def _require_voice(actor: Actor, by: UUID | None) -> None:
    """A member speaks for the own house; office and moderation write down what a member said."""
    own = by in (None, actor.person_id)
    if not (own and not actor.roles.isdisjoint({"commissioner", "deputy"})):
        access.require(actor, "meetings.run")


async def _reservation(
    db: Connection, actor: Actor, meeting: StoredMeeting, new: NewReservation, kept: list[dict[str, Any]]
) -> dict[str, Any]:
    """A reservation with the member's name and house of that day; one that was there before keeps its end."""
    by = new.by or actor.person_id
    name = await store.person_name(db, by) if by else None
    if by is None or name is None or not await store.holds_voice(db, by, meeting.on):
        raise errors.Invalid(
            "Einen Vorbehalt erklärt ein Mitglied oder seine Vertretung.",
            code="unknown_reference",
            fields={"by": "Bitte ein Mitglied wählen."},
        )
    before = next((one for one in kept if (str(one.get("by")), one.get("kind")) == (str(by), new.kind)), {})
    return {
        "by": str(by),
        "by_name": name,
        "kind": new.kind,
        "text": new.text,
        "decide_by": new.decide_by.isoformat() if new.decide_by else None,
        "resolved_on": before.get("resolved_on"),
        "outcome": before.get("outcome"),
    }


async def _tell(
    db: Connection, actor: Actor, meeting: StoredMeeting, item: StoredItem, subject: str, text: str
) -> None:
    """A notice to the submitter, unless the office's own person is the submitter."""
    submitter = item.submitted_by
    if submitter is None or submitter == actor.person_id:
        return
    audience = [f"person:{submitter}"]
    url = f"/sitzungen/{meeting.reference}/top/{item.id}"
    secret = item.confidentiality == "confidential"
    level: Level = "confidential" if secret else "circle"
    if secret:
        text = "Zu Ihrem vertraulichen Tagesordnungspunkt gibt es eine Nachricht. Bitte lesen Sie sie dort."
    title = f"{subject}: {MASK if secret else item.title}"[:250]
    dispatch_id = await distribution.prepare(
        db,
        actor,
        Letter(
            kind="notice", object_kind="agenda_item", object_id=item.id, title=title, subject=title, text=text,
            level=level, audience=audience, recipients=[submitter], details={"reference": meeting.reference},
        ),
    )  # fmt: skip
    await distribution.add_part(
        db, dispatch_id, Part(title="Tagesordnungspunkt", level=level, url=url, audience=audience)
    )


async def _record(
    db: Connection, actor: Actor, action: str, item_id: UUID, meeting: StoredMeeting, **detail: Any
) -> None:
    await audit.record(db, actor, action, "agenda_item", item_id, meeting.reference, **detail)


def _require_current(item: StoredItem, expected: int | None) -> None:
    if expected is not None and item.revision != expected:
        raise errors.Stale(current=_state(item))


def _state(item: StoredItem) -> dict[str, object]:
    """The present state of the item's shell, as a stale answer carries it."""
    return {
        name: getattr(item, name)
        for name in ("id", "number", "status", "frozen", "late_submission", "revision")
    }


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()
