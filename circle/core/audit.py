"""The record of what was done: one row in the same transaction as the change. Rows are only ever added."""

from typing import Any
from uuid import UUID

import msgspec

from . import auth
from .auth import Actor
from .db import Caller, Connection


async def record(
    db: Connection,
    actor: Actor,
    action: str,
    object_kind: str,
    object_id: UUID | None,
    reference: str = "",
    **detail: Any,
) -> None:
    """Write down that `actor` did `action` (`meeting.convened`) to an object. `detail` holds no content, only facts.

    What a deputy or an assistant does is marked with the commissioner they act for (`acting_for`).
    """
    await db.execute(
        """
        insert into audit_event (office_at, actor_id, actor_name, action, object_kind, object_id, reference, detail)
        values ($1, $2, $3, $4, $5, $6, $7, $8::jsonb
            || case when $9 then jsonb_strip_nulls(jsonb_build_object('acting_for', acting_for($2, $10))) else '{}' end)
        """,
        actor.now,
        actor.person_id,
        actor.name,
        action,
        object_kind,
        object_id,
        reference,
        msgspec.json.encode(detail).decode(),
        not actor.roles.isdisjoint({"deputy", "assistant"}),
        actor.today,
    )


async def reading(
    db: Connection, caller: Caller, card: bytes, object_kind: str, object_id: UUID, reference: str = "", **detail: Any
) -> None:  # fmt: skip
    """Write down that the caller, whose card a read brought along, read confidential content and for which purpose
    (domain rules 3.2)."""
    me = auth.me(card)
    reader = Actor(me.person_id, me.authority_id, me.name, frozenset(me.roles), (), caller.now)
    await record(db, reader, f"{object_kind}.read", object_kind, object_id, reference, **detail)
