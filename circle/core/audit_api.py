"""The record of what was done, for those who must look: data protection, records, head and office."""

import re
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from litestar import Request, Response, Router, get
from litestar.params import FromQuery

from . import access, answers, errors, web
from .answers import Page
from .db import Answer, Caller, Connection, read_page


class AuditEvent(msgspec.Struct, frozen=True):
    """One line of the record: who did what to which object; `detail` holds facts, never content."""

    id: int
    at: datetime
    office_at: datetime
    actor_id: UUID | None
    actor_name: str
    action: str
    object_kind: str
    object_id: UUID | None
    reference: str
    detail: dict[str, Any]


async def list_events(
    db: Connection, caller: Caller, after: int | None, limit: int, object_id: UUID | None
) -> Answer:
    """Events, newest first, for whoever holds the right to read them, as far as the things they tell of are for them."""
    return await read_page(
        db,
        """
        with me as materialized (select * from whoami($1, $2)),
        page as (
            select e.*, row_number() over (order by e.id desc) as n
            from me, audit_event e
            where ($3::bigint is null or e.id < $3) and ($5::uuid is null or e.object_id = $5)
                and may_read_event(e, me.person_id, me.keys)
            order by e.id desc
            limit $4 + 1
        )
        select me.card as me,
            (select coalesce(json_agg(to_jsonb(page) - 'n' order by n) filter (where n <= $4), '[]') from page) as items,
            (select id::text from page where n = $4 and exists (select from page where n > $4)) as next
        from me
        """,
        caller,
        after,
        limit,
        object_id,
    )


@get("/audit-events", opt={"permission": "audit.read"})
async def read_events(
    request: Request[Any, Any, Any],
    db: web.Db,
    caller: web.Asking,
    actor: web.Acting,
    limit: FromQuery[int] = 50,
    after: FromQuery[str | None] = None,
    object_id: FromQuery[UUID | None] = None,
) -> Response[Page[AuditEvent]]:
    """The record of changes, newest first; `object_id` narrows it to one thing.

    Data protection and records read everything; office and head what was done to things they see, without sign-ins and
    without who read what.
    """
    access.require(actor, "audit.read")
    key = answers.unseal(after)
    if key and not re.fullmatch("[0-9]{1,18}", key):
        raise errors.Invalid(
            "Der Wert von after stammt nicht aus dieser Liste.", fields={"after": "Bitte next verwenden."}
        )
    found = await list_events(db, caller, int(key) if key else None, answers.page_size(limit), object_id)
    return answers.page(request, found)


router = Router("/api/v1", tags=["audit"], route_handlers=[read_events])
