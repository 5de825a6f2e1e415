"""SQL about absences."""

from datetime import date
from uuid import UUID

import asyncpg

from circle.core.db import Answer, Caller, Connection, read_one


async def get(db: Connection, caller: Caller, absence_id: UUID) -> Answer:
    """One absence, for staff of the houses."""
    return await read_one(
        db,
        """
        with me as materialized (select * from whoami($1, $2))
        select me.card as me, coalesce(b.revision, 0) as revision,
            case when b.id is not null then jsonb_build_object('id', b.id, 'person_id', b.person_id,
                'person_name', p.name, 'deputy_id', b.deputy_id, 'deputy_name', d.name,
                'starts_on', b.starts_on, 'ends_on', b.ends_on) end as body
        from me
        left join (absence b join person p on p.id = b.person_id join person d on d.id = b.deputy_id)
            on b.id = $3 and 'internal' = any(me.keys)
        """,
        caller,
        absence_id,
    )


async def find_house(db: Connection, person_id: UUID) -> UUID | None:
    """The house of an active person; their row is held, so that entries about them follow one another."""
    found: UUID | None = await db.fetchval(
        "select authority_id from person where id = $1 and active for update", person_id
    )
    return found


async def lock(db: Connection, absence_id: UUID) -> asyncpg.Record | None:
    """The row of an absence with the house, held until the end of the transaction."""
    return await db.fetchrow(
        """
        select b.id, b.person_id, b.deputy_id, b.starts_on, b.ends_on, b.revision, p.authority_id
        from absence b join person p on p.id = b.person_id where b.id = $1 for update of b
        """,
        absence_id,
    )


async def is_appointed(
    db: Connection, person_id: UUID, authority_id: UUID, kind: str, first: date, last: date
) -> bool:
    """True when an active person is appointed as `kind` in the house on every day of a period."""
    found: bool = await db.fetchval(
        """
        select exists (
            select from appointment a join person p on p.id = a.person_id and p.active
            where a.person_id = $1 and a.authority_id = $2 and a.kind = $3 and a.valid_from <= $4
                and (a.valid_to is null or a.valid_to >= $5))
        """,
        person_id,
        authority_id,
        kind,
        first,
        last,
    )
    return found


async def insert(db: Connection, person_id: UUID, deputy_id: UUID, starts_on: date, ends_on: date) -> UUID:
    found: UUID = await db.fetchval(
        "insert into absence (person_id, deputy_id, starts_on, ends_on) values ($1, $2, $3, $4) returning id",
        person_id,
        deputy_id,
        starts_on,
        ends_on,
    )
    return found


async def update(
    db: Connection, absence_id: UUID, expected: int, deputy_id: UUID, starts_on: date, ends_on: date
) -> bool:
    """False when somebody changed it meanwhile."""
    found: UUID | None = await db.fetchval(
        """
        update absence set deputy_id = $3, starts_on = $4, ends_on = $5, revision = revision + 1
        where id = $1 and revision = $2 returning id
        """,
        absence_id,
        expected,
        deputy_id,
        starts_on,
        ends_on,
    )
    return found is not None


async def delete(db: Connection, absence_id: UUID) -> None:
    await db.execute("delete from absence where id = $1", absence_id)
