"""Experts of an item: staff of a house who see this one item for a time (decree Nr. 4 (3) S. 1)."""

from uuid import UUID

from circle.core import calendar
from circle.core.auth import Actor
from circle.core.db import Connection
from circle.distribution import actions as distribution
from circle.distribution.model import Letter, Part
from circle.people.experts import actions as experts
from circle.people.experts.model import NewExpert

from . import actions, rules, store
from .model import Level


async def involve(db: Connection, actor: Actor, item_id: UUID, new: NewExpert) -> UUID:
    """Call in somebody of the house that put the item forward or speaks to it, or for the office of the competence
    centre; they are told by mail. Returns the id. Raises NotFound, Forbidden, Conflict, Invalid."""
    meeting, item = await actions.locked(db, actor, item_id)
    rules.require_involver(actor, item.open, await store.houses_of(db, item_id, list(actor.keys)))
    rules.require_expert_state(item.status)
    audience = await store.audience_of(db, item_id, list(actor.keys))
    expert_id = await experts.involve(
        db, actor, "agenda_item", item_id, meeting.reference, audience, new,
        voiceless="circle_office" in actor.roles,
    )  # fmt: skip
    secret = item.confidentiality == "confidential"
    level: Level = "confidential" if secret else "circle"
    title = f"Sie sind hinzugezogen: {actions.MASK if secret else item.title}"[:250]
    readers = [f"expert:{item_id}"]
    named = "einem vertraulichen Tagesordnungspunkt" if secret else f"dem Tagesordnungspunkt „{item.title}“"
    dispatch_id = await distribution.prepare(
        db,
        actor,
        Letter(
            kind="notice", object_kind="agenda_item", object_id=item_id, title=title, subject=title,
            text=f"Sie sind als sachkundige Person zu {named} hinzugezogen. Bis zum Ablauf des "
            f"{calendar.date_short(new.valid_to)} können Sie ihn mit seinen Unterlagen lesen.",
            level=level, audience=readers, recipients=[new.person_id], details={"reference": meeting.reference},
        ),
    )  # fmt: skip
    url = f"/sitzungen/{meeting.reference}/top/{item_id}"
    part = Part(title="Tagesordnungspunkt", level=level, url=url, audience=readers)
    await distribution.add_part(db, dispatch_id, part)
    return expert_id


async def end(db: Connection, actor: Actor, item_id: UUID, person_id: UUID) -> None:
    """End it at once. Raises NotFound and Forbidden."""
    meeting, item = await actions.locked(db, actor, item_id)
    rules.require_involver(actor, item.open, await store.houses_of(db, item_id, list(actor.keys)))
    await experts.end(db, actor, "agenda_item", item_id, meeting.reference, person_id)
