"""Calling in experts and ending it: what is common to items and requests, which check the right first."""

from uuid import UUID

from circle.core import audit, errors
from circle.core.auth import Actor
from circle.core.db import Connection

from . import rules, store
from .model import NewExpert, ObjectKind


async def involve(
    db: Connection,
    actor: Actor,
    kind: ObjectKind,
    object_id: UUID,
    reference: str,
    audience: list[str],
    new: NewExpert,
    *,
    voiceless: bool = False,
) -> UUID:
    """Call in somebody of the actor's own house until a day (decree Nr. 4 (3) S. 1); they see this one thing alone.

    `audience` opens the thing; `voiceless` refuses appointed people. Returns the id. Raises Invalid, Conflict.
    """
    rules.require_period(new.valid_to, actor.today)
    person = await store.find_staff(db, new.person_id, actor.authority_id, audience, actor.today)
    rules.require_staff(person, voiceless=voiceless)
    expert_id = await store.insert(
        db, kind, object_id, new.person_id, actor.authority_id, actor.person_id, actor.today, new.valid_to
    )
    await audit.record(
        db, actor, f"{kind}.expert_involved", kind, object_id, reference,
        person_id=new.person_id, valid_to=new.valid_to,
    )  # fmt: skip
    return expert_id


async def end(
    db: Connection, actor: Actor, kind: ObjectKind, object_id: UUID, reference: str, person_id: UUID
) -> None:
    """End it at once. Raises Forbidden unless it is the house that called the person in, NotFound when none did."""
    if not await store.end(db, kind, object_id, person_id, actor.authority_id, actor.today):
        if await store.is_involved(db, kind, object_id, person_id, actor.today):
            raise errors.Forbidden("Das beendet das Haus, das die Person hinzugezogen hat.")
        raise errors.NotFound(me=actor.card)
    await audit.record(db, actor, f"{kind}.expert_ended", kind, object_id, reference, person_id=person_id)
