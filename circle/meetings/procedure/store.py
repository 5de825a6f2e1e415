"""SQL about the versions of the procedure."""

from datetime import date
from uuid import UUID

import asyncpg

from circle.core.db import Answer, Caller, Connection, read_one, read_page, row


async def list_versions(db: Connection, caller: Caller) -> Answer:
    """Every version, the newest first, as `model.StoredProcedure`. Raises NotFound for whoever works in no house."""
    return await read_page(
        db,
        """
        with me as materialized (
            select *, ($2 at time zone 'Europe/Berlin')::date as today from whoami($1, $2)
        )
        select me.card as me, case when visible(array['internal'], me.keys) then (
            select coalesce(json_agg(procedure_body(p, me.keys, me.today) order by p.version desc), '[]')
            from procedure p where visible(p.audience, me.keys)) end as items, null as next
        from me
        """,
        caller,
    )


async def get(db: Connection, caller: Caller, procedure_id: UUID) -> Answer:
    """One version by its id."""
    return await read_one(
        db,
        """
        with me as materialized (
            select *, ($2 at time zone 'Europe/Berlin')::date as today from whoami($1, $2)
        )
        select me.card as me, coalesce(p.revision, 0) as revision,
            case when p.id is not null then procedure_body(p, me.keys, me.today)::text end as body
        from me left join procedure p on p.id = $3 and visible(p.audience, me.keys)
        """,
        caller,
        procedure_id,
    )


async def lock_all(db: Connection, keys: list[str]) -> list[asyncpg.Record]:
    """Every visible version, held until the end of the transaction, the oldest first, with the meetings it has."""
    rows: list[asyncpg.Record] = await db.fetch(
        """
        select p.id, p.version, p.in_force_from, p.revision, (
            select count(*) from meeting m where m.procedure_version = p.version) as meetings
        from procedure p where visible(p.audience, $1) order by p.version for update
        """,
        keys,
    )
    return rows


async def sees_meeting(db: Connection, keys: list[str], meeting_id: UUID) -> bool:
    """Whether the meeting that adopted a version is there for whoever names it."""
    return bool(
        await db.fetchval(
            "select exists(select from meeting where id = $1 and visible(audience, $2))", meeting_id, keys
        )
    )


async def insert(
    db: Connection,
    *,
    version: int,
    adopted_on: date,
    in_force_from: date,
    reference: str,
    meeting_id: UUID | None,
    rules: str,
) -> UUID:
    """A new version; `rules` is JSON."""
    found = await row(
        db,
        """
        insert into procedure (version, adopted_on, in_force_from, reference, meeting_id, rules)
        values ($1, $2, $3, $4, $5, $6::jsonb) returning id
        """,
        version,
        adopted_on,
        in_force_from,
        reference,
        meeting_id,
        rules,
    )
    return UUID(str(found["id"]))


async def update(
    db: Connection,
    procedure_id: UUID,
    revision: int,
    *,
    adopted_on: date,
    in_force_from: date,
    reference: str,
    meeting_id: UUID | None,
    rules: str,
    today: date,
) -> bool:
    """Change a version that is still to come; False when it is in force or the revision is no longer the present one."""
    done = await db.execute(
        """
        update procedure set adopted_on = $3, in_force_from = $4, reference = $5, meeting_id = $6, rules = $7::jsonb,
            revision = revision + 1
        where id = $1 and revision = $2 and in_force_from > $8
        """,
        procedure_id,
        revision,
        adopted_on,
        in_force_from,
        reference,
        meeting_id,
        rules,
        today,
    )
    return bool(done == "UPDATE 1")


async def list_resolving(db: Connection, keys: list[str], today: date) -> list[asyncpg.Record]:
    """Meetings that may have adopted a version: those of the last two years, the latest first."""
    rows: list[asyncpg.Record] = await db.fetch(
        """
        select id, reference, date from meeting
        where date <= $2 and date > $2 - 730 and state not in ('cancelled', 'moved') and visible(audience, $1)
        order by date desc, number desc limit 30
        """,
        keys,
        today,
    )
    return rows
