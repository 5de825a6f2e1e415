"""SQL about authorities, persons, appointments and sign-in."""

from datetime import date
from typing import Any
from uuid import UUID

import asyncpg

from circle.core.db import Answer, Caller, Connection, read_one, read_page


async def find_account(db: Connection, email: str) -> asyncpg.Record | None:
    """Id and password hash of an active account; None when unknown."""
    return await db.fetchrow(
        "select id, password_hash from person where lower(email) = lower($1) and not letters_only and active",
        email,
    )


async def hold_password(db: Connection, person_id: UUID, password_hash: str) -> bool:
    """True when this is still the hash of an active person; it stays so until the end of the transaction."""
    return bool(
        await db.fetchval(
            "select true from person where id = $1 and password_hash = $2 and active for share",
            person_id,
            password_hash,
        )
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
    db: Connection,
    caller: Caller,
    after: str | None,
    limit: int,
    text: str | None,
    role: str | None = None,
    house: str | None = None,
) -> Answer:
    """People of the directory by name, as far as it is for the caller. Each word of $5 is looked for in title, name,
    function and house, an ä also as ae or a; $6 is a role (a deputy counts also while the commissioner is there), $7 the
    key or id of a house."""
    return await read_page(
        db,
        """
        with me as materialized (
            select *, ($2 at time zone 'Europe/Berlin')::date as today,
                keys && array['internal', 'role:technical_admin'] as inside
            from whoami($1, $2)
        ),
        page as (
            select p as person, a as house, k.key, row_number() over (order by k.key) as n
            from me, person p join authority a on a.id = p.authority_id
            cross join lateral (select lower(unaccent(p.name)) || ' ' || p.id as key) k
            where in_directory(p, a.kind, me.keys, me.today)
                and ($3::text is null or k.key > $3)
                and ($5::text is null or not exists (
                    select from regexp_split_to_table($5, '[[:space:]]+') word,
                        concat_ws(' ', p.title, p.name, p.function, a.name, a.short) said,
                        lower(unaccent(said || ' ' || fold_german(said))) spelled
                    where strpos(spelled, lower(unaccent(word))) = 0 and strpos(spelled, unaccent(fold_german(word))) = 0))
                and ($6::text is null or case when me.inside then $6 = any(roles_on(p.id, me.today)) or exists (
                        select from appointment b where b.person_id = p.id and b.kind = $6
                            and b.valid_from <= me.today and (b.valid_to is null or b.valid_to >= me.today))
                    else $6 = 'commissioner' end)
                and ($7::text is null or $7 in (a.key, a.id::text) or exists (
                    select from appointment b join authority h on h.id = b.authority_id
                    where b.person_id = p.id and $7 in (h.key, h.id::text)
                        and b.valid_from <= me.today and (b.valid_to is null or b.valid_to >= me.today)
                        and (me.inside or b.announced_externally_on <= me.today)))
            order by k.key
            limit $4 + 1
        )
        select me.card as me, (
            select coalesce(json_agg(person_body(p.person, p.house, me.inside, r.roles) order by p.n), '[]')
            from page p left join (
                select h.person_id, array_agg(h.role order by h.role) as roles
                from roles_held(array(select (person).id from page), (select today from me)) h group by h.person_id
            ) r on r.person_id = (p.person).id
            where p.n <= $4) as items,
            (select key from page where n = $4 and exists (select from page where n > $4)) as next
        from me
        """,
        caller,
        after,
        limit,
        text,
        role,
        house,
    )


async def get_person(db: Connection, caller: Caller, person_id: UUID) -> Answer:
    """One person, under the same rule as the list."""
    return await read_one(
        db,
        """
        with me as materialized (
            select *, ($2 at time zone 'Europe/Berlin')::date as today,
                keys && array['internal', 'role:technical_admin'] as inside
            from whoami($1, $2)
        )
        select me.card as me, coalesce(p.revision, 0) as revision, case when p.id is not null then
            person_body(p, a, me.inside, roles_on(p.id, me.today)) || jsonb_build_object(
                'authority_kind', a.kind, 'authority_address', a.address, 'authority_seat', a.seat,
                'hats', hats_on(p, me.keys, me.today), 'revision', p.revision,
                'contact_email', case when me.inside then p.contact_email end,
                'public_fields', case when me.inside then p.public_fields end,
                'contact_confirmed_on', case when me.inside then p.contact_confirmed_on end,
                'contact_due', me.inside and contact_due(p, me.today),
                'contact_doubtful_on', case when me.inside then p.contact_doubtful_on end,
                'attached_to', coalesce((
                    select attachment_on(b, me.today) from appointment b
                    where b.person_id = p.id and b.valid_from <= me.today and (b.valid_to is null or b.valid_to >= me.today)
                        and (me.inside or b.kind = 'commissioner' and b.announced_externally_on <= me.today)
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


async def lock_contact(db: Connection, person_id: UUID, keys: list[str], day: date) -> asyncpg.Record | None:
    """How a person is reached, held until the end of the transaction; None when `keys` do not find them."""
    return await db.fetchrow(
        """
        select p.id, p.authority_id, a.kind as authority_kind, p.contact_email, p.phone, p.room, p.hours, p.public_fields,
            p.contact_confirmed_on, p.revision
        from person p join authority a on a.id = p.authority_id
        where p.id = $1 and in_directory(p, a.kind, $2, $3)
        for update of p
        """,
        person_id,
        keys,
        day,
    )


async def update_contact(
    db: Connection, person_id: UUID, revision: int, *, contact_email: str, phone: str, room: str, hours: str,
    public_fields: list[str], confirmed_on: date | None,
) -> int | None:  # fmt: skip
    """Write how a person is reached; a day in `confirmed_on` confirms it. None when `revision` is not the present one."""
    found: int | None = await db.fetchval(
        """
        update person set contact_email = $3, phone = $4, room = $5, hours = $6, public_fields = $7,
            contact_confirmed_on = coalesce($8, contact_confirmed_on),
            contact_doubtful_on = case when $8::date is null then contact_doubtful_on end, revision = revision + 1
        where id = $1 and revision = $2 returning revision
        """,
        person_id,
        revision,
        contact_email,
        phone,
        room,
        hours,
        public_fields,
        confirmed_on,
    )
    return found


async def mark_doubtful(db: Connection, person_id: UUID, day: date) -> None:
    """A mail server does not know this person's mailbox; the first day stays."""
    await db.execute(
        "update person set contact_doubtful_on = $2 where id = $1 and contact_doubtful_on is null",
        person_id,
        day,
    )


async def mark_reminded(db: Connection, day: date) -> list[UUID]:
    """Take everybody whose self-check is due and who was not reminded for half a year; each is given out once."""
    rows = await db.fetch(
        """
        update person p set contact_reminded_on = $1::date
        where coalesce(p.contact_reminded_on + interval '6 months' <= $1::date, true) and contact_due(p, $1::date)
        returning p.id
        """,
        day,
    )
    return [row["id"] for row in rows]


async def list_outdated(db: Connection, caller: Caller) -> Answer:
    """For the office: whose entry is due for its check or doubtful. Commissioners first, then deputies, then the oldest."""
    return await read_page(
        db,
        """
        with me as materialized (
            select *, ($2 at time zone 'Europe/Berlin')::date as today from whoami($1, $2)
        )
        select me.card as me, null as next, (
            select coalesce(jsonb_agg(person_body(p, a, true, roles_on(p.id, me.today)) || jsonb_build_object(
                    'contact_confirmed_on', p.contact_confirmed_on, 'contact_due', contact_due(p, me.today),
                    'contact_doubtful_on', p.contact_doubtful_on, 'contact_reminded_on', p.contact_reminded_on)
                order by h.rank nulls last, p.contact_confirmed_on nulls first, lower(unaccent(p.name)), p.id), '[]')
            from person p join authority a on a.id = p.authority_id
            cross join lateral (
                select min(case b.kind when 'commissioner' then 1 else 2 end) as rank from appointment b
                where b.person_id = p.id and b.valid_from <= me.today and (b.valid_to is null or b.valid_to >= me.today)
            ) h
            where 'role:circle_office' = any(me.keys) and p.active
                and (p.contact_doubtful_on is not null or contact_due(p, me.today))
        ) as items
        from me
        """,
        caller,
    )


async def list_authorities(db: Connection, caller: Caller) -> Answer:
    """The houses with the commissioner of today; the municipal side is one house, for members of the circle. Whoever is
    outside learns of announced commissioners only."""
    return await read_page(
        db,
        """
        with me as materialized (
            select *, ($2 at time zone 'Europe/Berlin')::date as today,
                keys && array['internal', 'role:technical_admin'] as inside
            from whoami($1, $2)
        )
        select me.card as me, null as next, (
            select coalesce(json_agg(json_build_object('id', a.id, 'key', a.key, 'name', a.name, 'short', a.short,
                'code', a.code, 'seat', a.seat, 'kind', a.kind, 'address', a.address, 'phone', a.phone,
                'website', a.website, 'parent_key', u.key, 'parent_name', u.name,
                'appointed', c.id is not null, 'commissioner_name', c.name)
                order by a.kind = 'municipal', a.name), '[]')
            from authority a
            left join authority u on u.id = a.parent_id
            left join lateral (
                select b.id, case when me.inside or b.announced_externally_on <= me.today and p.active then p.name end as name
                from appointment b join person p on p.id = b.person_id
                where b.authority_id = a.id and b.kind = 'commissioner'
                    and b.valid_from <= me.today and (b.valid_to is null or b.valid_to >= me.today)
            ) c on true
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
            select *, ($2 at time zone 'Europe/Berlin')::date as today,
                keys && array['internal', 'role:technical_admin'] as inside
            from whoami($1, $2)
        )
        select me.card as me, coalesce(a.revision, 0) as revision, case when a.id is not null then jsonb_build_object(
            'id', a.id, 'key', a.key, 'name', a.name, 'short', a.short, 'code', a.code, 'seat', a.seat, 'kind', a.kind,
            'address', a.address, 'phone', a.phone, 'website', a.website, 'revision', a.revision,
            'parent_key', u.key, 'parent_name', u.name,
            'houses', (select coalesce(jsonb_agg(jsonb_build_object('key', d.key, 'name', d.name) order by d.name), '[]')
                from authority d where d.parent_id = a.id and house_in_directory(d.kind, me.keys)),
            'appointed', c.appointment_id is not null,
            'commissioner_id', c.person_id, 'commissioner_name', c.name, 'attached_to', coalesce(c.attached_to, ''),
            'deputies', (
                select coalesce(jsonb_agg(jsonb_build_object('id', q.id, 'name', trim(q.title || ' ' || q.name))
                    order by b.valid_from, q.name), '[]')
                from appointment b join person q on q.id = b.person_id and q.active
                where b.authority_id = a.id and b.kind = 'deputy' and me.inside
                    and b.valid_from <= me.today and (b.valid_to is null or b.valid_to >= me.today)),
            'vacant_since', case when c.appointment_id is null and a.kind = 'district_government' then (
                select max(b.valid_to) + 1 from appointment b
                where b.authority_id = a.id and b.kind = 'commissioner' and b.valid_to < me.today
                    and b.annulled_on is null) end,
            'people', (
                select coalesce(jsonb_agg(person_body(p, h, me.inside, roles_on(p.id, me.today)) order by lower(unaccent(p.name)), p.id), '[]')
                from person p join authority h on h.id = p.authority_id
                where in_directory(p, h.kind, me.keys, me.today) and (p.authority_id = a.id or exists (
                    select from appointment b
                    where b.person_id = p.id and b.authority_id = a.id
                        and b.valid_from <= me.today and (b.valid_to is null or b.valid_to >= me.today)
                        and (me.inside or b.announced_externally_on <= me.today)))),
            'appointments', (
                select coalesce(jsonb_agg(appointment_body(b, p, a, me.today) order by b.valid_from desc, b.id), '[]')
                from appointment b join person p on p.id = b.person_id
                where b.authority_id = a.id and 'internal' = any(me.keys)),
            'absences', (
                select coalesce(jsonb_agg(jsonb_build_object('person_name', p.name, 'deputy_name', d.name,
                    'starts_on', b.starts_on, 'ends_on', b.ends_on) order by b.starts_on, b.id), '[]')
                from absence b join person p on p.id = b.person_id join person d on d.id = b.deputy_id
                where p.authority_id = a.id and b.ends_on >= me.today and 'internal' = any(me.keys))) end as body
        from me
        left join authority a on (a.id::text = $3 or a.key = $3) and house_in_directory(a.kind, me.keys)
        left join authority u on u.id = a.parent_id
        left join lateral (
            select b.id as appointment_id, s.*
            from appointment b
            left join lateral (
                select p.id as person_id, p.name, attachment_on(b, me.today) as attached_to from person p
                where p.id = b.person_id and (me.inside or b.announced_externally_on <= me.today and p.active)
            ) s on true
            where b.authority_id = a.id and b.kind = 'commissioner'
                and b.valid_from <= me.today and (b.valid_to is null or b.valid_to >= me.today)
        ) c on true
        """,
        caller,
        key,
    )


async def lock_authority(db: Connection, authority_id: UUID, keys: list[str]) -> asyncpg.Record | None:
    """What a house says of itself, held until the end of the transaction; None when `keys` do not find it."""
    return await db.fetchrow(
        """
        select a.id, a.key, a.kind, a.seat, a.address, a.phone, a.website, a.revision from authority a
        where a.id = $1 and house_in_directory(a.kind, $2) for update
        """,
        authority_id,
        keys,
    )


async def update_authority(
    db: Connection, authority_id: UUID, revision: int, *, seat: str, address: str, phone: str, website: str
) -> int | None:
    """Write what a house says of itself. None when `revision` is not the present one."""
    found: int | None = await db.fetchval(
        """
        update authority set seat = nullif($3, ''), address = $4, phone = $5, website = $6, revision = revision + 1
        where id = $1 and revision = $2 returning revision
        """,
        authority_id,
        revision,
        seat,
        address,
        phone,
        website,
    )
    return found


async def list_contacts(db: Connection, day: date) -> list[asyncpg.Record]:
    """The district governments with their commissioners of the day. Only whom the house has announced outside by then
    is named (decree Nr. 3 S. 2), with the ways to be reached that they let be public: this page announces nobody."""
    found: list[asyncpg.Record] = await db.fetch(
        """
        select a.key, a.name as house, c.id is not null as appointed, trim(p.title || ' ' || p.name) as name, p.function,
            case when 'email' = any(p.public_fields) then nullif(p.contact_email, '') end as email,
            case when 'phone' = any(p.public_fields) then nullif(p.phone, '') end as phone,
            case when 'room' = any(p.public_fields) then nullif(p.room, '') end as room,
            case when 'hours' = any(p.public_fields) then nullif(p.hours, '') end as hours,
            case when p.id is not null then attachment_on(c, $1) end as attached_to
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
