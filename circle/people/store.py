"""SQL about authorities, persons, appointments and sign-in."""

from datetime import date
from typing import Any
from uuid import UUID

import asyncpg

from circle.core.db import Answer, Caller, Connection, read_one, read_page


async def find_account(db: Connection, email: str) -> asyncpg.Record | None:
    """Id and password hash of an active person; None when unknown."""
    return await db.fetchrow(
        "select id, password_hash from person where lower(email) = lower($1) and active",
        email,
    )


async def lock_account(db: Connection, email: str) -> None:
    """Let tries for one account queue until the end of the transaction, so that each sees the failures before it."""
    await db.execute("select pg_advisory_xact_lock(7205204, hashtext(lower($1)))", email)


async def seconds_closed(
    db: Connection, email: str, address: str, account_limit: int, address_limit: int
) -> int:
    """Seconds until fewer than the limit of failures lie within 15 minutes for account and address; 0 = now."""
    return int(
        await db.fetchval(
            """
            select coalesce(ceil(extract(epoch from max(f.at) + interval '15 minutes' - now())), 0)::int
            from (
                (select at from sign_in_failure where account = lower($1) order by at desc offset $3 - 1 limit 1)
                union all
                (select at from sign_in_failure where address = $2 order by at desc offset $4 - 1 limit 1)
            ) f
            where f.at > now() - interval '15 minutes'
            """,
            email,
            address,
            account_limit,
            address_limit,
        )
    )


async def insert_failure(db: Connection, email: str, address: str) -> None:
    """Remember a failed sign-in; old ones go."""
    await db.execute(
        """
        with old as (delete from sign_in_failure where at < now() - interval '1 day')
        insert into sign_in_failure (account, address) values (lower($1), $2)
        """,
        email,
        address,
    )


async def get_me(db: Connection, caller: Caller) -> Answer:
    """The caller's own card."""
    return await read_one(
        db,
        """
        with me as materialized (select * from whoami($1, $2))
        select me.card as me, (me.card - 'stale') as body, 0 as revision from me
        """,
        caller,
    )


async def list_people(
    db: Connection, caller: Caller, after: str | None, limit: int, text: str | None
) -> Answer:
    """People of the directory by name, as far as it is for the caller. $5 is looked for in name, function and house."""
    return await read_page(
        db,
        """
        with me as materialized (
            select *, ($2 at time zone 'Europe/Berlin')::date as today from whoami($1, $2)
        ),
        page as (
            select person_body(p, a, me.keys, me.today) as line, k.key, row_number() over (order by k.key) as n
            from me, person p join authority a on a.id = p.authority_id
            cross join lateral (select lower(unaccent(p.name)) || ' ' || p.id as key) k
            where in_directory(p, a.kind, me.keys, me.today)
                and ($3::text is null or k.key > $3)
                and ($5::text is null or strpos(
                    lower(unaccent(p.name || ' ' || p.function || ' ' || a.name || ' ' || a.short)), lower(unaccent($5))) > 0)
            order by k.key
            limit $4 + 1
        )
        select me.card as me,
            (select coalesce(jsonb_agg(line order by n) filter (where n <= $4), '[]') from page) as items,
            (select key from page where n = $4 and exists (select from page where n > $4)) as next
        from me
        """,
        caller,
        after,
        limit,
        text,
    )


async def get_person(db: Connection, caller: Caller, person_id: UUID) -> Answer:
    """One person, under the same rule as the list."""
    return await read_one(
        db,
        """
        with me as materialized (
            select *, ($2 at time zone 'Europe/Berlin')::date as today from whoami($1, $2)
        )
        select me.card as me, coalesce(p.revision, 0) as revision, case when p.id is not null then
            person_body(p, a, me.keys, me.today) || jsonb_build_object(
                'attached_to', coalesce((
                    select attachment_on(b, me.today) from appointment b
                    where b.person_id = p.id and b.valid_from <= me.today and (b.valid_to is null or b.valid_to >= me.today)
                    order by b.kind limit 1), ''),
                'appointments', (
                    select coalesce(jsonb_agg(appointment_body(b, p, h, me.today) order by b.valid_from desc, b.id), '[]')
                    from appointment b join authority h on h.id = b.authority_id
                    where b.person_id = p.id and 'internal' = any(me.keys)),
                'absences', (
                    select coalesce(jsonb_agg(jsonb_build_object('person_name', o.name, 'deputy_name', d.name,
                        'starts_on', b.starts_on, 'ends_on', b.ends_on) order by b.starts_on, b.id), '[]')
                    from absence b join person o on o.id = b.person_id join person d on d.id = b.deputy_id
                    where p.id in (b.person_id, b.deputy_id) and b.ends_on >= me.today and 'internal' = any(me.keys)))
            end as body
        from me
        left join (person p join authority a on a.id = p.authority_id)
            on p.id = $3 and in_directory(p, a.kind, me.keys, me.today)
        """,
        caller,
        person_id,
    )


async def list_authorities(db: Connection, caller: Caller) -> Answer:
    """The houses with the commissioner of today; the municipal side is one house, for members of the circle."""
    return await read_page(
        db,
        """
        with me as materialized (
            select *, ($2 at time zone 'Europe/Berlin')::date as today from whoami($1, $2)
        )
        select me.card as me, null as next, (
            select coalesce(json_agg(json_build_object('id', a.id, 'key', a.key, 'name', a.name, 'short', a.short,
                'code', a.code, 'seat', a.seat, 'kind', a.kind, 'commissioner_name', (
                    select p.name from appointment b join person p on p.id = b.person_id
                    where b.authority_id = a.id and b.kind = 'commissioner'
                        and b.valid_from <= me.today and (b.valid_to is null or b.valid_to >= me.today)))
                order by a.kind = 'municipal', a.name), '[]')
            from authority a
            where house_in_directory(a.kind, me.keys)
        ) as items
        from me
        """,
        caller,
    )


async def get_authority(db: Connection, caller: Caller, key: str) -> Answer:
    """One house by its id or key, with those of its people who are in the caller's directory."""
    return await read_one(
        db,
        """
        with me as materialized (
            select *, ($2 at time zone 'Europe/Berlin')::date as today from whoami($1, $2)
        )
        select me.card as me, 0 as revision, case when a.id is not null then jsonb_build_object(
            'id', a.id, 'key', a.key, 'name', a.name, 'short', a.short, 'code', a.code, 'seat', a.seat, 'kind', a.kind,
            'commissioner_id', c.person_id, 'commissioner_name', c.name, 'attached_to', coalesce(c.attached_to, ''),
            'vacant_since', case when c.person_id is null and a.kind = 'district_government' then (
                select max(b.valid_to) + 1 from appointment b
                where b.authority_id = a.id and b.kind = 'commissioner' and b.valid_to < me.today) end,
            'people', (
                select coalesce(jsonb_agg(person_body(p, a, me.keys, me.today) order by lower(unaccent(p.name)), p.id), '[]')
                from person p where p.authority_id = a.id and in_directory(p, a.kind, me.keys, me.today)),
            'appointments', (
                select coalesce(jsonb_agg(appointment_body(b, p, a, me.today) order by b.valid_from desc, b.id), '[]')
                from appointment b join person p on p.id = b.person_id
                where b.authority_id = a.id and 'internal' = any(me.keys))) end as body
        from me
        left join authority a on (a.id::text = $3 or a.key = $3) and house_in_directory(a.kind, me.keys)
        left join lateral (
            select b.person_id, p.name, attachment_on(b, me.today) as attached_to from appointment b join person p on p.id = b.person_id
            where b.authority_id = a.id and b.kind = 'commissioner'
                and b.valid_from <= me.today and (b.valid_to is null or b.valid_to >= me.today)
        ) c on true
        """,
        caller,
        key,
    )


async def list_contacts(db: Connection, day: date) -> list[asyncpg.Record]:
    """The district governments with their commissioners of the day. Only whom the house has announced outside by then
    is named (decree Nr. 3 S. 2): this page announces nobody."""
    found: list[asyncpg.Record] = await db.fetch(
        """
        select a.name as house, a.seat, c.id is not null as appointed, trim(p.title || ' ' || p.name) as name, p.function,
            p.email, p.phone, case when p.id is not null then attachment_on(c, $1) end as attached_to
        from authority a
        left join appointment c on c.authority_id = a.id and c.kind = 'commissioner'
            and c.valid_from <= $1 and (c.valid_to is null or c.valid_to >= $1)
        left join person p on p.id = c.person_id and p.active and c.announced_externally_on <= $1
        where a.kind = 'district_government'
        order by a.name
        """,
        day,
    )
    return found


async def list_for_sign_in(db: Connection, day: date) -> list[asyncpg.Record]:
    """The demo's people for its sign-in page: name, e-mail, house, roles. Only people who can sign in."""
    rows: list[Any] = await db.fetch(
        """
        select p.name, p.email, a.short as authority_name,
            roles_on(p.id, $1) as roles, p.function
        from person p join authority a on a.id = p.authority_id
        where p.active and p.password_hash is not null
        order by a.kind <> 'competence_centre', p.reference
        """,
        day,
    )
    return rows


async def insert_person(
    db: Connection, *, name: str, email: str, authority_id: UUID, function: str, password_hash: str | None
) -> UUID:
    """A new person; the e-mail address is unique."""
    return UUID(
        str(
            await db.fetchval(
                "insert into person (name, email, authority_id, function, password_hash) values ($1, $2, $3, $4, $5) returning id",
                name,
                email,
                authority_id,
                function,
                password_hash,
            )
        )
    )


async def insert_role(db: Connection, person_id: UUID, role: str) -> None:
    """Grant a role without end; granting twice is no error."""
    await db.execute(
        "insert into role_grant (person_id, role) values ($1, $2) on conflict on constraint role_grant_unique do nothing",
        person_id,
        role,
    )


async def upsert_authority(db: Connection, key: str, name: str, short: str, kind: str) -> UUID:
    """A house by its key."""
    return UUID(
        str(
            await db.fetchval(
                """
                insert into authority (key, name, short, kind) values ($1, $2, $3, $4)
                on conflict on constraint authority_key_unique do update set name = excluded.name
                returning id
                """,
                key,
                name,
                short,
                kind,
            )
        )
    )
