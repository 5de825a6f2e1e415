"""What the office does with the procedure: enter a version the circle adopted, put right one that is still to come."""

from uuid import UUID

import asyncpg
import msgspec

from circle.core import access, audit, errors
from circle.core.auth import Actor
from circle.core.db import Connection

from . import rules, store
from .model import NewProcedure


async def adopt(db: Connection, actor: Actor, new: NewProcedure) -> UUID:
    """Enter the next version of the procedure with the resolution it rests on (domain part 3, Geschäftsordnung).

    It begins after every version before it, and never back before a meeting that was called. Meetings keep the version
    they were called under. Raises Invalid at the field. Returns the id.
    """
    access.require(actor, "procedure.adopt")
    versions = await store.lock_all(db, list(actor.keys))
    last = versions[-1] if versions else None
    held = next((one for one in reversed(versions) if one["in_force_from"] <= actor.today), None)
    await _require(db, actor, new, previous=last, following=None, held=held)
    version = last["version"] + 1 if last else 1
    procedure_id = await store.insert(
        db, version=version, adopted_on=new.adopted_on, in_force_from=new.in_force_from, reference=new.reference,
        meeting_id=new.meeting_id, rules=msgspec.json.encode(new.rules).decode(),
    )  # fmt: skip
    await audit.record(db, actor, "procedure.adopted", "procedure", procedure_id, f"Fassung {version}")
    return procedure_id


async def change(
    db: Connection, actor: Actor, procedure_id: UUID, wanted: NewProcedure, expected: int
) -> None:
    """Put a version right before its first day. Raises Conflict once it is in force."""
    versions = await store.lock_all(db, list(actor.keys))
    at = next((n for n, one in enumerate(versions) if one["id"] == procedure_id), None)
    if at is None:
        raise errors.NotFound(me=actor.card)
    access.require(actor, "procedure.adopt")
    one = versions[at]
    rules.require_coming(one["in_force_from"], one["meetings"], actor.today)
    if one["revision"] != expected:
        raise errors.Stale(current={"id": one["id"], "version": one["version"], "revision": one["revision"]})
    held = next((other for other in reversed(versions[:at]) if other["in_force_from"] <= actor.today), None)
    await _require(
        db, actor, wanted, previous=versions[at - 1] if at else None,
        following=versions[at + 1] if at + 1 < len(versions) else None, held=held,
    )  # fmt: skip
    await store.update(
        db, procedure_id, expected, adopted_on=wanted.adopted_on, in_force_from=wanted.in_force_from,
        reference=wanted.reference, meeting_id=wanted.meeting_id,
        rules=msgspec.json.encode(wanted.rules).decode(), today=actor.today,
    )  # fmt: skip
    await audit.record(db, actor, "procedure.changed", "procedure", procedure_id, f"Fassung {one['version']}")


async def _require(
    db: Connection,
    actor: Actor,
    new: NewProcedure,
    *,
    previous: asyncpg.Record | None,
    following: asyncpg.Record | None,
    held: asyncpg.Record | None,
) -> None:
    """The day, the order of versions, and the meeting that is named. `held` is the version of today."""
    rules.require_adoptable(
        new, actor.today, earliest=rules.earliest_day(actor.today, held["meetings"] if held else 0),
        previous=previous["in_force_from"] if previous else None,
        following=following["in_force_from"] if following else None,
    )  # fmt: skip
    if new.meeting_id and not await store.sees_meeting(db, list(actor.keys), new.meeting_id):
        raise errors.Invalid(
            "Diese Sitzung gibt es nicht.", code="unknown_reference",
            fields={"meeting_id": "Bitte wählen Sie eine Sitzung aus der Liste."},
        )  # fmt: skip
