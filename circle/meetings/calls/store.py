"""SQL about calls for items."""

from datetime import date
from uuid import UUID

import msgspec

from circle.core.db import Connection, row

from .model import Stored


async def find(db: Connection, meeting_id: UUID) -> Stored:
    """The last day for items that a locked meeting keeps, and the calls that went out for it."""
    found = await row(
        db,
        """
        select json_build_object('submission', m.deadlines -> 'agenda_submission', 'calls', (
            select coalesce(json_agg(json_build_object('number', c.number, 'sent_on', c.sent_on,
                'dispatch_id', c.dispatch_id) order by c.number), '[]')
            from call_for_items c where c.meeting_id = m.id))::text as body
        from meeting m where m.id = $1
        """,
        meeting_id,
    )
    return msgspec.json.decode(found["body"], type=Stored)


async def list_called(db: Connection, day: date) -> list[UUID]:
    """Whom a call goes to: commissioners, deputies in their time, and the assistants of the houses, on a day."""
    rows = await db.fetch(
        """
        select p.id from person p join authority a on a.id = p.authority_id
        where p.active and (roles_on(p.id, $1) && array['commissioner', 'deputy']
            or a.kind = 'district_government' and 'assistant' = any(roles_on(p.id, $1)))
        order by a.name, p.name, p.id
        """,
        day,
    )
    return [one["id"] for one in rows]


async def insert(db: Connection, meeting_id: UUID, number: int, sent_on: date, dispatch_id: UUID) -> None:
    """A call has gone out, for good."""
    await db.execute(
        "insert into call_for_items (meeting_id, number, sent_on, dispatch_id) values ($1, $2, $3, $4)",
        meeting_id,
        number,
        sent_on,
        dispatch_id,
    )
