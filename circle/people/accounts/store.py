"""SQL about accounts, links to a password, and sessions."""

from datetime import date, timedelta
from uuid import UUID

import asyncpg

from circle.core.db import Answer, Caller, Connection, read_one, read_page


async def list_accounts(db: Connection, caller: Caller, after: str | None, limit: int) -> Answer:
    """All accounts by name, for whoever keeps them; people of the network who only get letters are none."""
    return await read_page(
        db,
        """
        with me as materialized (
            select *, ($2 at time zone 'Europe/Berlin')::date as today from whoami($1, $2)
        ),
        page as (
            select account_body(p, a, me.today) as line, k.key, row_number() over (order by k.key) as n
            from me, person p join authority a on a.id = p.authority_id
            cross join lateral (select lower(unaccent(p.name)) || ' ' || p.id as key) k
            where me.roles && array['technical_admin', 'circle_office']
                and ($3::text is null or k.key > $3)
                and not p.letters_only
            order by k.key limit $4 + 1
        )
        select me.card as me,
            (select coalesce(jsonb_agg(line order by n) filter (where n <= $4), '[]') from page) as items,
            (select key from page where n = $4 and exists (select from page where n > $4)) as next
        from me
        """,
        caller,
        after,
        limit,
    )


async def get(db: Connection, caller: Caller, person_id: UUID) -> Answer:
    """One account, for whoever keeps it, and for the commissioner of the house, who names its assistants."""
    return await read_one(
        db,
        """
        with me as materialized (
            select *, ($2 at time zone 'Europe/Berlin')::date as today from whoami($1, $2)
        )
        select me.card as me, coalesce(p.revision, 0) as revision,
            case when p.id is not null then account_body(p, a, me.today) end as body
        from me
        left join (person p join authority a on a.id = p.authority_id) on p.id = $3 and (
            me.roles && array['technical_admin', 'circle_office'] or ('commissioner' = any(me.roles)
                and p.authority_id = me.authority_id and in_directory(p, a.kind, me.keys, me.today)))
        """,
        caller,
        person_id,
    )


async def list_houses(db: Connection) -> list[asyncpg.Record]:
    """Houses to choose from."""
    rows: list[asyncpg.Record] = await db.fetch("select id, name from authority order by kind, name")
    return rows


async def lock(db: Connection, person_id: UUID, keys: list[str], day: date) -> asyncpg.Record | None:
    """A person, locked; `seen` says that the caller finds them in the directory."""
    return await db.fetchrow(
        """
        select p.id, p.title, p.name, p.email, p.function, p.phone, p.authority_id, p.active, p.revision,
            p.password_hash, p.letters_only, p.pending_email, p.pending_by, roles_on(p.pending_by, $3) as pending_roles, in_directory(p, a.kind, $2, $3) as seen,
            exists (select from appointment b where b.person_id = p.id and (b.valid_to is null or b.valid_to >= $3))
                as appointed,
            array(select g.role from role_grant g
                where g.person_id = p.id and (g.valid_to is null or g.valid_to >= $3)) as granted
        from person p join authority a on a.id = p.authority_id where p.id = $1 for update of p
        """,
        person_id,
        keys,
        day,
    )


async def insert(
    db: Connection, *, name: str, email: str, authority_id: UUID, title: str, function: str, phone: str
) -> UUID | None:
    """A new person without a password; None when somebody has the address."""
    found: UUID | None = await db.fetchval(
        """
        insert into person (name, email, authority_id, title, function, phone) values ($1, $2, $3, $4, $5, $6)
        on conflict (lower(email)) where not letters_only do nothing returning id
        """,
        name,
        email,
        authority_id,
        title,
        function,
        phone,
    )
    return found


async def update(
    db: Connection, person_id: UUID, revision: int, *, name: str, email: str, authority_id: UUID, title: str,
    function: str, phone: str,
) -> bool:  # fmt: skip
    """Change a person; False when somebody else did meanwhile."""
    return bool(
        await db.fetchval(
            """
            update person set name = $3, email = $4, authority_id = $5, title = $6, function = $7, phone = $8,
                revision = revision + 1
            where id = $1 and revision = $2 returning true
            """,
            person_id,
            revision,
            name,
            email,
            authority_id,
            title,
            function,
            phone,
        )
    )


async def has_address(db: Connection, email: str, but: UUID) -> bool:
    """True when somebody else has the address."""
    found: bool = await db.fetchval(
        "select exists (select from person where lower(email) = lower($1) and not letters_only and id <> $2)",
        email,
        but,
    )
    return found


async def update_pending(db: Connection, person_id: UUID, email: str | None, by: UUID | None) -> None:
    """Keep an address that waits for a second person, in the same change as the rest; None drops it."""
    await db.execute(
        "update person set pending_email = $2, pending_by = $3 where id = $1", person_id, email, by
    )


async def take_pending(db: Connection, person_id: UUID, revision: int) -> bool:
    """Let the waiting address count; False when stale."""
    return bool(
        await db.fetchval(
            """
            update person set email = pending_email, pending_email = null, pending_by = null, revision = revision + 1
            where id = $1 and revision = $2 returning true
            """,
            person_id,
            revision,
        )
    )


async def update_active(db: Connection, person_id: UUID, revision: int, active: bool) -> bool:
    """Open or close an account; False when stale."""
    return bool(
        await db.fetchval(
            "update person set active = $3, revision = revision + 1 where id = $1 and revision = $2 returning true",
            person_id,
            revision,
            active,
        )
    )


async def mark_changed(db: Connection, person_id: UUID, revision: int) -> bool:
    """Count a change of roles; False when stale."""
    return bool(
        await db.fetchval(
            "update person set revision = revision + 1 where id = $1 and revision = $2 returning true",
            person_id,
            revision,
        )
    )


async def insert_grant(
    db: Connection, person_id: UUID, role: str, valid_from: date, valid_to: date | None
) -> bool:
    """Grant a role, again also when it ended at once on this day. False when it is held from that day; the database
    refuses one that is held in that time."""
    return bool(
        await db.fetchval(
            """
            insert into role_grant as g (person_id, role, valid_from, valid_to) values ($1, $2, $3, $4)
            on conflict on constraint role_grant_unique do update set valid_to = excluded.valid_to
                where g.valid_to < g.valid_from
            returning true
            """,
            person_id,
            role,
            valid_from,
            valid_to,
        )
    )


async def end_grants(db: Connection, person_id: UUID, role: str, last_day: date, today: date) -> bool:
    """Let a role end with a day, and take back what would begin later; False when nothing was granted. What has begun
    is never taken out."""
    found: int = await db.fetchval(
        """
        with gone as (
            delete from role_grant where person_id = $1 and role = $2 and valid_from > greatest($3::date, $4::date)
            returning 1
        ), ended as (
            update role_grant set valid_to = $3
            where person_id = $1 and role = $2 and valid_from <= greatest($3::date, $4::date)
                and (valid_to is null or valid_to > $3) returning 1
        )
        select (select count(*) from gone) + (select count(*) from ended)
        """,
        person_id,
        role,
        last_day,
        today,
    )
    return found > 0


async def lock_administrators(db: Connection) -> None:
    """Let whoever takes an administrator away queue, so that each counts those who are left."""
    await db.execute("select pg_advisory_xact_lock(7205209)")


async def is_administrator(db: Connection, person_id: UUID, day: date) -> bool:
    """True when the person is an administrator on a day."""
    found: bool = await db.fetchval("select 'technical_admin' = any(roles_on($1, $2))", person_id, day)
    return found


async def count_other_administrators(db: Connection, person_id: UUID, day: date) -> int:
    """Administrators beside this one who can sign in and stay so without end from a day."""
    found: int = await db.fetchval(
        """
        select count(*) from role_grant g join person p on p.id = g.person_id
        where g.role = 'technical_admin' and g.valid_from <= $2 and g.valid_to is null and p.id <> $1
            and p.active and p.password_hash is not null
        """,
        person_id,
        day,
    )
    return found


async def update_password(db: Connection, person_id: UUID, password_hash: str) -> None:
    """Set a password; links that could set another one are void."""
    await db.execute(
        """
        with void as (delete from account_link where person_id = $1 and kind <> 'notice')
        update person set password_hash = $2 where id = $1
        """,
        person_id,
        password_hash,
    )


async def password_of(db: Connection, person_id: UUID) -> asyncpg.Record | None:
    """Address, name and password hash of a person, locked."""
    return await db.fetchrow(
        "select email, name, password_hash from person where id = $1 for update", person_id
    )


async def delete_links(db: Connection, person_id: UUID) -> None:
    """Void every link of a person; a notice still goes out."""
    await db.execute("delete from account_link where person_id = $1 and kind <> 'notice'", person_id)


async def insert_invitation(db: Connection, person_id: UUID, life: timedelta) -> UUID:
    """A link to the first password."""
    found: UUID = await db.fetchval(
        "insert into account_link (person_id, kind, expires_at) values ($1, 'invitation', now() + $2) returning id",
        person_id,
        life,
    )
    return found


async def insert_notice(db: Connection, person_id: UUID, address: str, life: timedelta) -> UUID:
    """A mail to the address of now, also when that has changed before it goes out."""
    found: UUID = await db.fetchval(
        """
        insert into account_link (person_id, kind, address, expires_at) values ($1, 'notice', $2, now() + $3) returning id
        """,
        person_id,
        address,
        life,
    )
    return found


async def insert_reset(db: Connection, email: str, life: timedelta) -> UUID:
    """A link to a new password, also when nobody has the address: the same work. Old rows go."""
    found: UUID = await db.fetchval(
        """
        with old as (delete from account_link where expires_at < now() - interval '1 day')
        insert into account_link (person_id, kind, expires_at)
        values ((select id from person where lower(email) = lower($1) and not letters_only and active and password_hash is not null),
            'reset', now() + $2) returning id
        """,
        email,
        life,
    )
    return found


async def seconds_closed(
    db: Connection, email: str, address: str, account_limit: int, address_limit: int
) -> int:
    """Seconds until fewer than the limit of requests lie within an hour for account and address; 0 = now."""
    found: int = await db.fetchval(
        """
        select coalesce(ceil(extract(epoch from max(f.at) + interval '1 hour' - now())), 0)::int
        from (
            (select at from account_request where account = lower($1) order by at desc offset $3 - 1 limit 1)
            union all
            (select at from account_request where address = $2 order by at desc offset $4 - 1 limit 1)
        ) f
        where f.at > now() - interval '1 hour'
        """,
        email,
        address,
        account_limit,
        address_limit,
    )
    return found


async def insert_request(db: Connection, email: str, address: str) -> None:
    """Remember who asked; old ones go."""
    await db.execute(
        """
        with old as (delete from account_request where at < now() - interval '1 day')
        insert into account_request (account, address) values (lower($1), $2)
        """,
        email,
        address,
    )


async def has_link(db: Connection, token_hash: bytes) -> bool:
    """True while a link sets a password."""
    found: bool = await db.fetchval(
        """
        select exists (
            select from account_link l join person p on p.id = l.person_id and p.active
            where l.token_hash = $1 and l.kind <> 'notice' and l.expires_at > now()
        )
        """,
        token_hash,
    )
    return found


async def find_link(db: Connection, token_hash: bytes) -> asyncpg.Record | None:
    """Whose password a link sets, locked; None when it is unknown, over or used."""
    return await db.fetchrow(
        """
        select l.id, l.kind, p.id as person_id, p.name, p.email
        from account_link l join person p on p.id = l.person_id and p.active
        where l.token_hash = $1 and l.kind <> 'notice' and l.expires_at > now() for update of l, p
        """,
        token_hash,
    )


async def lease_link(
    db: Connection, link_id: UUID, token_hash: bytes, lease: timedelta
) -> asyncpg.Record | None:
    """Take an unsent link to send it with this token; None when it is sent, void, or in another worker's hands."""
    return await db.fetchrow(
        """
        update account_link l set token_hash = $2, leased_until = now() + $3 from person p
        where l.id = $1 and p.id = l.person_id and (p.active or l.kind = 'notice') and l.sent_at is null and l.failure = ''
            and l.expires_at > now() and (l.leased_until is null or l.leased_until < now())
        returning l.kind, p.name, coalesce(nullif(l.address, ''), p.email) as email
        """,
        link_id,
        token_hash,
        lease,
    )


async def find_lease(db: Connection, link_id: UUID) -> asyncpg.Record | None:
    """Until when another worker has an unsent link."""
    return await db.fetchrow(
        """
        select leased_until from account_link
        where id = $1 and sent_at is null and failure = '' and leased_until > now() and expires_at > now()
        """,
        link_id,
    )


async def mark_sent(db: Connection, link_id: UUID, token_hash: bytes) -> None:
    """The server took it, or may have."""
    await db.execute(
        "update account_link set sent_at = now() where id = $1 and token_hash = $2", link_id, token_hash
    )


async def mark_failed(db: Connection, link_id: UUID, token_hash: bytes, failure: str) -> None:
    """The server refused it for good."""
    await db.execute(
        "update account_link set failure = $3 where id = $1 and token_hash = $2", link_id, token_hash, failure
    )


async def release_link(db: Connection, link_id: UUID, token_hash: bytes) -> None:
    """Nothing went out; somebody tries again."""
    await db.execute(
        "update account_link set leased_until = null where id = $1 and token_hash = $2", link_id, token_hash
    )


async def list_sessions(db: Connection, caller: Caller) -> Answer:
    """The caller's own open sessions, the latest first."""
    return await read_page(
        db,
        """
        with me as materialized (select * from whoami($1, $2))
        select me.card as me, null::text as next, (
            select coalesce(jsonb_agg(jsonb_build_object('id', s.id, 'kind', s.kind, 'device', s.device,
                'signed_in_at', s.signed_in_at, 'last_seen', s.last_seen, 'current', s.token_hash = $1)
                order by s.token_hash = $1 desc, s.last_seen desc), '[]')
            from session s where s.person_id = me.person_id and s.expires_at > now()
                and s.last_seen > now() - interval '30 minutes') as items
        from me
        """,
        caller,
    )


async def delete_session(db: Connection, person_id: UUID, session_id: UUID) -> bool:
    """End one of a person's sessions; False when it is none of theirs."""
    return bool(
        await db.fetchval(
            "delete from session where person_id = $1 and id = $2 returning true", person_id, session_id
        )
    )


async def delete_sessions(db: Connection, person_id: UUID, but: bytes = b"") -> int:
    """End all sessions of a person, but the one with this token hash."""
    found: int = await db.fetchval(
        """
        with gone as (delete from session where person_id = $1 and token_hash <> $2 returning 1)
        select count(*) from gone
        """,
        person_id,
        but,
    )
    return found


async def has_session(db: Connection, token_hash: bytes) -> bool:
    """True while the session is there."""
    return bool(await db.fetchval("select true from session where token_hash = $1", token_hash))
