"""SQL about absences."""

from datetime import date
from uuid import UUID

import asyncpg

from circle.core.auth import Actor
from circle.core.db import Answer, Caller, Connection, read_one, read_page


async def get(db: Connection, caller: Caller, absence_id: UUID) -> Answer:
    """One absence, for staff of the houses; when it is over, for the own house and the office."""
    return await read_one(
        db,
        """
        with me as materialized (
            select *, ($2 at time zone 'Europe/Berlin')::date as today from whoami($1, $2)
        )
        select me.card as me, coalesce(b.revision, 0) as revision,
            case when b.id is not null then absence_body(b, me.keys, me.today) end as body
        from me
        left join (absence b join person p on p.id = b.person_id) on b.id = $3 and 'internal' = any(me.keys)
            and (b.ends_on >= me.today or p.authority_id = me.authority_id or 'circle_office' = any(me.roles))
        """,
        caller,
        absence_id,
    )


async def list_absences(
    db: Connection, caller: Caller, after: str | None, limit: int, past: bool = False
) -> Answer:
    """Absences that run or lie ahead, for staff of the houses; past ones for the own house and the office. Latest first."""
    return await read_page(
        db,
        """
        with me as materialized (
            select *, ($2 at time zone 'Europe/Berlin')::date as today from whoami($1, $2)
        ),
        page as (
            select absence_body(b, me.keys, me.today) as line, k.key,
                row_number() over (order by k.key desc) as n
            from me, absence b join person p on p.id = b.person_id
            cross join lateral (select b.starts_on || ' ' || b.id as key) k
            where 'internal' = any(me.keys) and ($3::text is null or k.key < $3) and case when $5
                then b.ends_on < me.today and (p.authority_id = me.authority_id or 'circle_office' = any(me.roles))
                else b.ends_on >= me.today end
            order by k.key desc
            limit $4 + 1
        )
        select me.card as me,
            (select coalesce(jsonb_agg(line - 'revision' order by n) filter (where n <= $4), '[]') from page) as items,
            (select key from page where n = $4 and exists (select from page where n > $4)) as next
        from me
        """,
        caller,
        after,
        limit,
        past,
    )


async def list_people(db: Connection, day: date) -> list[asyncpg.Record]:
    """Commissioners and deputies of a day or later, for the choice in a form: id, name, house, kind."""
    found: list[asyncpg.Record] = await db.fetch(
        """
        select distinct p.id, p.name, a.id as authority_id, a.short as authority_name, b.kind
        from appointment b join person p on p.id = b.person_id and p.active join authority a on a.id = b.authority_id
        where b.valid_to is null or b.valid_to >= $1
        order by a.short, p.name
        """,
        day,
    )
    return found


async def find_meeting(
    db: Connection, keys: list[str], meeting_id: UUID | None = None, reference: str = ""
) -> asyncpg.Record | None:
    """Day and reference of a meeting that takes place and that `keys` find."""
    return await db.fetchrow(
        """
        select m.id, m.reference, m.date from meeting m
        where (m.id = $2 or m.reference = $3) and visible(m.audience, $1) and m.state not in ('cancelled', 'moved')
        """,
        keys,
        meeting_id,
        reference,
    )


async def find_house(db: Connection, person_id: UUID, keys: list[str], day: date) -> UUID | None:
    """The house of an active person whom `keys` find; their row is held, so that entries about them follow one another."""
    found: UUID | None = await db.fetchval(
        """
        select p.authority_id from person p join authority a on a.id = p.authority_id
        where p.id = $1 and p.active and in_directory(p, a.kind, $2, $3) for update of p
        """,
        person_id,
        keys,
        day,
    )
    return found


async def lock(db: Connection, absence_id: UUID, actor: Actor) -> asyncpg.Record | None:
    """The row of an absence with the house, held until the end of the transaction; what `get` does not show is None."""
    return await db.fetchrow(
        """
        select b.id, b.person_id, b.deputy_id, b.starts_on, b.ends_on, b.meeting_id, b.revision, p.authority_id
        from absence b join person p on p.id = b.person_id
        where b.id = $1 and 'internal' = any($2::text[])
            and (b.ends_on >= $3 or p.authority_id = $4 or 'circle_office' = any($5::text[]))
        for update of b
        """,
        absence_id,
        list(actor.keys),
        actor.today,
        actor.authority_id,
        list(actor.roles),
    )


async def is_of(db: Connection, absence_id: UUID, person_id: UUID | None) -> bool:
    """True when this is the person who is away."""
    return bool(await db.fetchval("select person_id = $2 from absence where id = $1", absence_id, person_id))


async def find_notice(db: Connection, absence_id: UUID, by_id: UUID) -> asyncpg.Record | None:
    """What the letter to the absent person needs, held; None when it was called off meanwhile."""
    return await db.fetchrow(
        """
        select b.person_id, b.starts_on, b.ends_on, trim(d.title || ' ' || d.name) as deputy_name, e.name as by_name
        from absence b join person d on d.id = b.deputy_id join person e on e.id = $2
        where b.id = $1 for update of b
        """,
        absence_id,
        by_id,
    )


async def find_parties(db: Connection, person_id: UUID, deputy_id: UUID) -> asyncpg.Record | None:
    """The absent person's name, and that the deputy is active; the deputy is held, so that letters follow one another."""
    return await db.fetchrow(
        """
        select trim(p.title || ' ' || p.name) as name from person p, person d
        where p.id = $1 and d.id = $2 and d.active for no key update of d
        """,
        person_id,
        deputy_id,
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


async def insert(
    db: Connection, person_id: UUID, deputy_id: UUID, starts_on: date, ends_on: date, meeting_id: UUID | None
) -> UUID:
    found: UUID = await db.fetchval(
        """
        insert into absence (person_id, deputy_id, starts_on, ends_on, meeting_id) values ($1, $2, $3, $4, $5)
        returning id
        """,
        person_id,
        deputy_id,
        starts_on,
        ends_on,
        meeting_id,
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
