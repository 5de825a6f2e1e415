"""SQL about the summons."""

from datetime import date, datetime
from uuid import UUID

import msgspec

from circle.core.db import Answer, Caller, Connection, read_one

from .model import Facts


async def get(
    db: Connection, caller: Caller, meeting_id: UUID | None, reference: str | None = None
) -> Answer:
    """What proves the summons of a visible meeting, for office and moderation; for others JSON null."""
    return await read_one(
        db,
        """
        with me as materialized (
            select *, ($2 at time zone 'Europe/Berlin')::date as today from whoami($1, $2)
        )
        select me.card as me, coalesce((select u.revision from summons u where u.meeting_id = m.id), 0) as revision,
            case when m.id is not null then case when me.roles && array['circle_office', 'circle_moderator']
                then summons_facts(m.id, me.today)::text else 'null' end end as body
        from me left join meeting m on (m.id = $3 or m.reference = $4) and visible(m.audience, me.keys)
        """,
        caller,
        meeting_id,
        reference,
    )


async def find(db: Connection, meeting_id: UUID, today: date) -> Facts:
    """The same for an act or a page that has asked for the right before."""
    return msgspec.json.decode(
        await db.fetchval("select summons_facts($1, $2)::text", meeting_id, today), type=Facts
    )


async def put(db: Connection, meeting_id: UUID, finding: str, defects: list[str], statement: str) -> None:
    """Keep the words of the minutes; the same words leave the revision as it is."""
    await db.execute(
        """
        insert into summons as s (meeting_id, finding, defects, statement) values ($1, $2, $3::jsonb, $4)
        on conflict on constraint summons_unique do update set finding = excluded.finding, defects = excluded.defects,
            statement = excluded.statement
        where (s.finding, s.defects, s.statement) is distinct from (excluded.finding, excluded.defects, excluded.statement)
        """,
        meeting_id,
        finding,
        msgspec.json.encode(defects).decode(),
        statement,
    )


async def record(
    db: Connection, meeting_id: UUID, finding: str, objections: str, by: str, at: datetime
) -> None:
    """What was said at TOP 1: '' for no objections."""
    await db.execute(
        """
        insert into summons as s (meeting_id, finding, objections, recorded_by_name, recorded_at)
        values ($1, $2, $3, $4, $5)
        on conflict on constraint summons_unique do update set objections = excluded.objections,
            recorded_by_name = excluded.recorded_by_name, recorded_at = excluded.recorded_at, revision = s.revision + 1
        """,
        meeting_id,
        finding,
        objections,
        by,
        at,
    )


async def insert_late(
    db: Connection, meeting_id: UUID, version: int, person_id: UUID, dispatch_id: UUID, on: date
) -> None:
    """Somebody is sent the agenda that holds now. Twice is refused (`late_invitation_once`)."""
    await db.execute(
        "insert into late_invitation (meeting_id, version, person_id, dispatch_id, sent_on) values ($1, $2, $3, $4, $5)",
        meeting_id,
        version,
        person_id,
        dispatch_id,
        on,
    )
