"""SQL about dispatches, their papers and deliveries. Leases and retries are judged by the database's clock."""

from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import msgspec

from circle.core.db import Answer, Caller, Connection, read_one, read_page, row

from .model import Letter, Paper, Part, Reader, Standing


async def insert(
    db: Connection, letter: Letter, audience: list[str], requester: UUID | None, build: str
) -> UUID:
    """A new dispatch, prepared."""
    found = await row(
        db,
        """
        insert into dispatch (kind, object_kind, object_id, title, subject, text, level, details, requested_by,
            audience, readers, build, answer_page)
        values ($1, $2, $3, $4, $5, $6, $7, $8::jsonb, $9, $10, $11, $12, $13) returning id
        """,
        letter.kind, letter.object_kind, letter.object_id, letter.title, letter.subject, letter.text, letter.level,
        msgspec.json.encode(letter.details).decode(), requester, audience, letter.audience, build,
        letter.answer_page,
    )  # fmt: skip
    return UUID(str(found["id"]))


async def insert_deliveries(
    db: Connection, dispatch_id: UUID, people: list[UUID], audience: list[str]
) -> int:
    """One delivery for each person, with name and address of now. Returns how many."""
    status: str = await db.execute(
        """
        insert into delivery (dispatch_id, person_id, name, address, audience)
        select $1, p.id, trim(p.title || ' ' || p.name), p.email, $3::text[] || array['person:' || p.id]
        from person p where p.id = any($2)
        """,
        dispatch_id,
        people,
        audience,
    )
    return int(status.split()[-1])


async def lock(db: Connection, dispatch_id: UUID) -> asyncpg.Record | None:
    """The dispatch's own columns, locked until the transaction ends; None when there is none."""
    return await db.fetchrow(
        """
        select id, title, object_kind, object_id, state, level, subject, text, readers, audience, requested_by,
            sent_on, revision, build, answer_page
        from dispatch where id = $1 for update
        """,
        dispatch_id,
    )


async def lock_visible(db: Connection, dispatch_id: UUID, keys: list[str]) -> asyncpg.Record | None:
    """The same for a person: None when it is not for them."""
    return await db.fetchrow(
        """
        select id, title, object_kind, object_id, state, level, subject, text, readers, audience, requested_by,
            sent_on, revision, build
        from dispatch where id = $1 and visible(audience, $2) and dispatch_open(object_kind, object_id, $2)
        for update
        """,
        dispatch_id,
        keys,
    )


async def insert_part(db: Connection, dispatch_id: UUID, part: Part) -> bool:
    """Add a paper while nobody can send the dispatch yet: it is prepared, or `now()`, the start of this transaction,
    is when it was created. False otherwise. The counter keeps the order."""
    return bool(
        await db.fetchval(
            """
            with counted as (
                update dispatch set parts = parts + 1
                where id = $1 and (state = 'prepared' or (state = 'sending' and created_at = now()))
                returning parts
            ), added as (
                insert into dispatch_part (dispatch_id, position, title, level, file_id, url, calendar, audience)
                select $1, parts, $2, $3, $4, $5, $6, $7 from counted
            )
            select count(*) from counted
            """,
            dispatch_id, part.title, part.level, part.file_id, part.url, part.calendar, part.audience,
        )
    )  # fmt: skip


async def mark_started(db: Connection, dispatch_id: UUID, day: date) -> bool:
    """prepared → sending; False when somebody was faster."""
    return bool(
        await db.fetchval(
            """
            update dispatch set state = 'sending', sent_on = $2, revision = revision + 1
            where id = $1 and state = 'prepared' returning true
            """,
            dispatch_id,
            day,
        )
    )


async def mark_cancelled(db: Connection, dispatch_id: UUID) -> int:
    """Stop a dispatch and what is not yet on its way. Returns how many deliveries were stopped."""
    return int(
        await db.fetchval(
            """
            with stopped as (
                update dispatch set state = 'cancelled', revision = revision + 1 where id = $1
            ), left_out as (
                update delivery set state = 'cancelled', fence = fence + 1, lease_until = null
                where dispatch_id = $1 and state in ('new', 'leased') returning 1
            )
            select count(*) from left_out
            """,
            dispatch_id,
        )
    )


async def mark_again(db: Connection, dispatch_id: UUID, states: list[str]) -> int:
    """Put deliveries in one of `states` back into the queue with a fresh count of tries. Returns how many."""
    return int(
        await db.fetchval(
            """
            with back as (
                update delivery set state = 'new', attempts = 0, first_try_at = null, next_try = now(),
                    fence = fence + 1, lease_until = null, error = ''
                where dispatch_id = $1 and state = any($2) returning 1
            ), reopened as (
                update dispatch set state = 'sending', revision = revision + 1
                where id = $1 and exists (select from back)
            )
            select count(*) from back
            """,
            dispatch_id,
            states,
        )
    )


async def lock_delivery(db: Connection, delivery_id: UUID, keys: list[str]) -> asyncpg.Record | None:
    """A delivery of a dispatch the person may see as a whole. The dispatch is locked, as every act on one begins."""
    return await db.fetchrow(
        """
        select d.dispatch_id, s.state as dispatch_state, s.object_kind
        from delivery d join dispatch s on s.id = d.dispatch_id
        where d.id = $1 and visible(s.audience, $2) and dispatch_open(s.object_kind, s.object_id, $2)
        for update of s
        """,
        delivery_id,
        keys,
    )


async def mark_settled(db: Connection, delivery_id: UUID, arrived: bool) -> bool:
    """An uncertain delivery becomes sent, as of when it was handed over, or goes back into the queue; False when it is not
    uncertain (any more)."""
    return bool(
        await db.fetchval(
            """
            with settled as (
                update delivery set state = case when $2 then 'sent' else 'new' end,
                    sent_at = case when $2 then coalesce(handed_over_at, now()) end, error = '', attempts = 0, first_try_at = null,
                    next_try = now(), fence = fence + 1, lease_until = null
                where id = $1 and state = 'uncertain' returning dispatch_id
            )
            update dispatch set state = case when $2 then state else 'sending' end, revision = revision + 1
            from settled where dispatch.id = settled.dispatch_id returning true
            """,
            delivery_id,
            arrived,
        )
    )


async def has_job(db: Connection, dispatch_id: UUID) -> bool:
    """True when a job is left that sends the dispatch."""
    return bool(
        await db.fetchval(
            """
            select exists (select from outbox where job = 'distribution.send' and done_at is null
                and failed_at is null and arguments ->> 'dispatch_id' = $1::text)
            """,
            str(dispatch_id),
        )
    )


# What the worker does: every change names the fence of its lease, so that a late one changes nothing.


async def expire_leases(db: Connection, dispatch_id: UUID) -> int:
    """Deliveries whose worker is gone: not yet on the way → again; on the way → uncertain. Returns the uncertain."""
    return int(
        await db.fetchval(
            """
            with back as (
                update delivery set state = 'new', lease_until = null, fence = fence + 1
                where dispatch_id = $1 and state = 'leased' and lease_until < now()
            ), lost as (
                update delivery set state = 'uncertain', lease_until = null, error = $2
                where dispatch_id = $1 and state = 'sending' and lease_until < now() returning 1
            )
            select count(*) from lost
            """,
            dispatch_id,
            "Der Versand wurde unterbrochen, bevor der Mailserver antwortete.",
        )
    )


async def lease_next(db: Connection, dispatch_id: UUID, day: date, lease: timedelta) -> asyncpg.Record | None:
    """Take one due delivery of a running dispatch, with the recipient's rights on `day` and the document as it stands; None when none is due."""
    return await db.fetchrow(
        """
        with due as (
            select d.id from delivery d
            where d.dispatch_id = $1 and d.state = 'new' and d.next_try <= now()
                and exists (select from dispatch s where s.id = $1 and s.state = 'sending')
            order by d.next_try, d.id limit 1 for update of d skip locked
        ), taken as (
            update delivery d set state = 'leased', fence = d.fence + 1, lease_until = now() + $3,
                first_try_at = coalesce(d.first_try_at, now())
            from due where d.id = due.id
            returning d.id, d.person_id, d.name, d.address, d.fence, d.attempts
        )
        select t.*, p.active, keys_on(p.id, p.authority_id, roles_on(p.id, $2), $2) || ('person:' || p.id) as keys,
            (select coalesce(bool_or(not c.subscribed), false) from partner c where c.person_id = p.id) as opted_out,
            (select c.opt_out from partner c where c.person_id = p.id order by c.id limit 1) as opt_out,
            (select json_build_object('state', x.state, 'level', x.confidentiality, 'audience', x.audience)
                from dispatch s join document x on x.id = s.object_id
                where s.id = $1 and s.object_kind = 'document') as document
        from taken t join person p on p.id = t.person_id
        """,
        dispatch_id,
        day,
        lease,
    )


async def insert_answer_link(db: Connection, token_hash: bytes, delivery_id: UUID) -> None:
    """One more link by which the recipient of a delivery may answer without sign-in."""
    await db.execute(
        """
        insert into answer_link (token_hash, object_id, person_id)
        select $1, s.object_id, d.person_id from delivery d join dispatch s on s.id = d.dispatch_id where d.id = $2
        """,
        token_hash,
        delivery_id,
    )


async def mark_sending(
    db: Connection, delivery_id: UUID, fence: int, message_id: str, lease: timedelta
) -> bool:
    """leased → sending, written down before the message goes over the wire; False when the lease is lost."""
    return bool(
        await db.fetchval(
            """
            update delivery set state = 'sending', attempts = attempts + 1, message_id = $3,
                lease_until = now() + $4, handed_over_at = now()
            where id = $1 and fence = $2 and state = 'leased' and lease_until > now() returning true
            """,
            delivery_id,
            fence,
            message_id,
            lease,
        )
    )


async def mark_sent(db: Connection, delivery_id: UUID, fence: int) -> bool:
    """The mail server took it. A delivery that was called uncertain meanwhile is settled by that."""
    return bool(
        await db.fetchval(
            """
            update delivery set state = 'sent', sent_at = now(), error = '', lease_until = null
            where id = $1 and fence = $2 and state in ('sending', 'uncertain') returning true
            """,
            delivery_id,
            fence,
        )
    )


async def mark_failed(db: Connection, delivery_id: UUID, fence: int, reason: str) -> None:
    """Refused for good, with the reason for the office."""
    await db.execute(
        """
        update delivery set state = 'failed', error = $3, lease_until = null
        where id = $1 and fence = $2 and state in ('leased', 'sending', 'uncertain')
        """,
        delivery_id,
        fence,
        reason,
    )


async def mark_uncertain(db: Connection, delivery_id: UUID, fence: int, reason: str) -> None:
    """The connection broke after the message was on its way: it may have arrived."""
    await db.execute(
        """
        update delivery set state = 'uncertain', error = $3, lease_until = null
        where id = $1 and fence = $2 and state = 'sending'
        """,
        delivery_id,
        fence,
        reason,
    )


async def mark_later(
    db: Connection, delivery_id: UUID, fence: int, reason: str, pause: timedelta, give_up: timedelta
) -> None:
    """Not now: again after `pause`, or failed when the first try is `give_up` ago."""
    await db.execute(
        """
        update delivery set error = $3, lease_until = null, next_try = now() + $4,
            attempts = attempts + case when state = 'leased' then 1 else 0 end,
            state = case when first_try_at < now() - $5::interval then 'failed' else 'new' end
        where id = $1 and fence = $2 and state in ('leased', 'sending', 'uncertain')
        """,
        delivery_id,
        fence,
        reason,
        pause,
        give_up,
    )


async def mark_unreachable(
    db: Connection, dispatch_id: UUID, reason: str, pause: timedelta, give_up: timedelta
) -> None:
    """The mail server was not reached: everything due waits, instead of each recipient trying in turn."""
    await db.execute(
        """
        update delivery set attempts = attempts + 1, error = $2, next_try = now() + $3,
            first_try_at = coalesce(first_try_at, now()),
            state = case when first_try_at < now() - $4::interval then 'failed' else 'new' end
        where dispatch_id = $1 and state = 'new' and next_try <= now()
        """,
        dispatch_id,
        reason,
        pause,
        give_up,
    )


async def finish(db: Connection, dispatch_id: UUID) -> datetime | None:
    """sending → done when nothing is open. Returns when the next delivery is due, None when there is none."""
    found: datetime | None = await db.fetchval(
        """
        with open as (
            select min(case when state = 'new' then next_try else lease_until end) as at
            from delivery where dispatch_id = $1 and state in ('new', 'leased', 'sending')
        ), ended as (
            update dispatch set state = 'done', revision = revision + 1
            where id = $1 and state = 'sending' and (select at from open) is null
        )
        select at from open
        """,
        dispatch_id,
    )
    return found


async def papers_of(db: Connection, dispatch_id: UUID) -> list[Paper]:
    """The papers of a dispatch with their files, in order."""
    rows = await db.fetch(
        """
        select t.title, t.level, t.file_id, t.url, t.calendar, t.audience, coalesce(f.name, '') as file_name,
            coalesce(f.content_type, '') as content_type, coalesce(f.size, 0) as size, coalesce(f.key, '') as key
        from dispatch_part t left join file f on f.id = t.file_id
        where t.dispatch_id = $1 order by t.position
        """,
        dispatch_id,
    )
    return [msgspec.convert(dict(one), Paper) for one in rows]


async def papers_for(db: Connection, parts: list[Part]) -> list[Paper]:
    """The same for parts that belong to no dispatch yet."""
    rows = await db.fetch(
        "select id, name, content_type, size, key from file where id = any($1)",
        [part.file_id for part in parts if part.file_id],
    )
    found = {one["id"]: one for one in rows}
    papers = []
    for part in parts:
        one = found.get(part.file_id)
        known: dict[str, Any] = (
            {name: one[name] for name in ("content_type", "size", "key")} | {"file_name": one["name"]}
            if one
            else {}
        )
        papers.append(
            Paper(part.title, part.level, part.file_id, part.url, part.calendar, part.audience, **known)
        )
    return papers


async def readers_of(db: Connection, people: list[UUID], day: date) -> list[Reader]:
    """People with their address and rights of `day`, in the order of their names."""
    rows = await db.fetch(
        """
        select p.id as person_id, trim(p.title || ' ' || p.name) as name, p.email as address, p.active,
            keys_on(p.id, p.authority_id, roles_on(p.id, $2), $2) || ('person:' || p.id) as keys,
            (select coalesce(bool_or(not c.subscribed), false) from partner c where c.person_id = p.id) as opted_out
        from person p where p.id = any($1) order by p.name, p.id
        """,
        people,
        day,
    )
    return [msgspec.convert(dict(one), Reader) for one in rows]


async def people_with(db: Connection, roles: list[str], authority_ids: list[UUID], day: date) -> list[UUID]:
    """Active people who hold one of `roles` on `day` in one of the houses; an empty list does not narrow. Contacts who
    want no more letters are left out."""
    rows = await db.fetch(
        """
        select p.id from person p
        cross join lateral (select roles_on(p.id, $3) as roles) r
        where p.active and cardinality(r.roles) > 0
            and (cardinality($1::text[]) = 0 or r.roles && $1)
            and (cardinality($2::uuid[]) = 0 or p.authority_id = any($2))
            and not exists (select from partner c where c.person_id = p.id and not c.subscribed)
        order by p.name
        """,
        roles,
        authority_ids,
        day,
    )
    return [one["id"] for one in rows]


async def people_of(db: Connection, dispatch_id: UUID) -> list[UUID]:
    """The recipients of a dispatch."""
    rows = await db.fetch("select person_id from delivery where dispatch_id = $1", dispatch_id)
    return [one["person_id"] for one in rows]


async def standing_of(db: Connection, document_id: UUID) -> Standing | None:
    """How a document stands now; None when the caller may not see it (any more)."""
    found = await db.fetchrow(
        "select state, confidentiality as level, audience from document where id = $1", document_id
    )
    return msgspec.convert(dict(found), Standing) if found else None


async def find_document(db: Connection, document_id: UUID, keys: list[str]) -> asyncpg.Record | None:
    """The released text's facts of a document the person may see, with its files."""
    return await db.fetchrow(
        """
        select d.id, d.reference, d.title, d.abstract, d.confidentiality as level, d.state, d.audience,
            (select coalesce(json_agg(json_build_object('id', f.id, 'name', f.name) order by f.name), '[]')
                from document_file u join file f on f.id = u.file_id where u.document_id = d.id) as files
        from document d where d.id = $1 and visible(d.audience, $2)
        """,
        document_id,
        keys,
    )


async def find_document_by_reference(db: Connection, reference: str, keys: list[str]) -> UUID | None:
    """The id behind WD-006, when the person may see it."""
    found: UUID | None = await db.fetchval(
        "select id from document where reference = $1 and visible(audience, $2)", reference, keys
    )
    return found


async def list_choices(db: Connection, day: date) -> list[asyncpg.Record]:
    """People who hold a role on `day` and their houses, for the form."""
    rows: list[asyncpg.Record] = await db.fetch(
        """
        select p.id, trim(p.title || ' ' || p.name) as name, a.id as authority_id, a.short
        from person p join authority a on a.id = p.authority_id
        where p.active and cardinality(roles_on(p.id, $1)) > 0
        order by a.kind = 'municipal', a.short, a.id, p.name, p.id
        """,
        day,
    )
    return rows


# Reads for people: one statement each, visibility in the WHERE.


async def list_all(db: Connection, caller: Caller, after: str | None, limit: int) -> Answer:
    """Dispatches, newest first, with the counts of their deliveries."""
    return await read_page(
        db,
        """
        with me as materialized (select * from whoami($1, $2)),
        page as (
            select s.id, s.kind, s.object_kind, s.object_id, s.title, s.subject, s.level, s.state,
                s.requested_by as requested_by_id, p.name as requested_by_name, s.created_at, s.sent_on, s.revision,
                json_build_object('total', c.total, 'sent', c.sent, 'waiting', c.waiting, 'failed', c.failed,
                    'uncertain', c.uncertain, 'cancelled', c.cancelled) as counts,
                to_char(s.created_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS.US') || ' ' || s.id as key,
                row_number() over (order by s.created_at desc, s.id desc) as n
            from me join dispatch s on visible(s.audience, me.keys)
                and dispatch_open(s.object_kind, s.object_id, me.keys)
            left join person p on p.id = s.requested_by
            cross join lateral (
                select count(*) as total, count(*) filter (where state = 'sent') as sent,
                    count(*) filter (where state in ('new', 'leased', 'sending')) as waiting,
                    count(*) filter (where state = 'failed') as failed,
                    count(*) filter (where state = 'uncertain') as uncertain,
                    count(*) filter (where state = 'cancelled') as cancelled
                from delivery where dispatch_id = s.id) c
            where $3::text is null
                or (s.created_at, s.id) < ((left($3, 26) || '+00')::timestamptz, substr($3, 28)::uuid)
            order by s.created_at desc, s.id desc
            limit $4 + 1
        )
        select me.card as me,
            (select coalesce(json_agg(to_jsonb(page) - 'key' - 'n' order by n) filter (where n <= $4), '[]') from page) as items,
            (select key from page where n = $4 and exists (select from page where n > $4)) as next
        from me
        """,
        caller,
        after,
        limit,
    )


async def get(db: Connection, caller: Caller, dispatch_id: UUID) -> Answer:
    """One dispatch with its letter, its counts and the papers the caller may see."""
    return await read_one(
        db,
        """
        with me as materialized (select * from whoami($1, $2))
        select me.card as me, coalesce(s.revision, 0) as revision, case when s.id is not null then jsonb_build_object(
            'id', s.id, 'kind', s.kind, 'object_kind', s.object_kind, 'object_id', s.object_id, 'title', s.title,
            'subject', s.subject, 'text', s.text, 'level', s.level, 'state', s.state, 'details', s.details,
            'requested_by_id', s.requested_by, 'requested_by_name', (select name from person where id = s.requested_by),
            'created_at', s.created_at, 'sent_on', s.sent_on, 'revision', s.revision,
            'building', case when s.state <> 'prepared' or s.build = '' then 'none'
                when exists (select from outbox o where o.job = s.build and o.done_at is null and o.failed_at is null
                    and o.arguments ->> 'dispatch_id' = s.id::text) then 'running' else 'failed' end,
            'stalled', s.state = 'sending' and not exists (select from outbox o where o.job = 'distribution.send'
                and o.done_at is null and o.failed_at is null and o.arguments ->> 'dispatch_id' = s.id::text),
            'counts', (select jsonb_build_object('total', count(*), 'sent', count(*) filter (where state = 'sent'),
                    'waiting', count(*) filter (where state in ('new', 'leased', 'sending')),
                    'failed', count(*) filter (where state = 'failed'),
                    'uncertain', count(*) filter (where state = 'uncertain'),
                    'cancelled', count(*) filter (where state = 'cancelled'))
                from delivery where dispatch_id = s.id),
            'parts', (select coalesce(jsonb_agg(jsonb_build_object('position', t.position, 'title', t.title,
                    'level', t.level, 'file_id', t.file_id, 'file_name', f.name, 'size', f.size, 'url', t.url,
                    'calendar', t.calendar) order by t.position), '[]')
                from dispatch_part t left join file f on f.id = t.file_id
                where t.dispatch_id = s.id and visible(t.audience, me.keys))) end as body
        from me left join dispatch s on s.id = $3 and visible(s.audience, me.keys)
            and dispatch_open(s.object_kind, s.object_id, me.keys)
        """,
        caller,
        dispatch_id,
    )


async def list_deliveries(
    db: Connection, caller: Caller, dispatch_id: UUID | None, after: str | None, limit: int
) -> Answer:
    """Deliveries of a dispatch the caller may see (else NotFound), or of all; a recipient sees their own there."""
    return await read_page(
        db,
        """
        with me as materialized (select * from whoami($1, $2)),
        page as (
            select d.id, d.dispatch_id,
                case when s.level <> 'confidential' or visible(s.audience, me.keys) then s.title
                    else 'Vertrauliche Unterlage' end as dispatch_title,
                d.person_id, d.name, d.address, d.state, d.attempts,
                case when d.state = 'new' then d.next_try end as next_try, d.message_id, d.sent_at, d.error,
                d.name || ' ' || d.id as key, row_number() over (order by d.name || ' ' || d.id) as n
            from me, delivery d join dispatch s on s.id = d.dispatch_id
            where visible(d.audience, me.keys) and ($3::uuid is null or d.dispatch_id = $3)
                and (d.person_id = me.person_id or dispatch_open(s.object_kind, s.object_id, me.keys))
                and (visible(s.audience, me.keys) or s.state in ('sending', 'done')
                    or d.state in ('sending', 'sent', 'uncertain'))
                and ($4::text is null or d.name || ' ' || d.id > $4)
            order by key limit $5 + 1
        )
        select me.card as me,
            case when $3::uuid is null or exists (
                select from dispatch where id = $3 and visible(audience, me.keys)
                    and dispatch_open(object_kind, object_id, me.keys)) then (
                select coalesce(json_agg(to_jsonb(page) - 'key' - 'n' order by n) filter (where n <= $5), '[]')
                from page) end as items,
            (select key from page where n = $5 and exists (select from page where n > $5)) as next
        from me
        """,
        caller,
        dispatch_id,
        after,
        limit,
    )


async def get_delivery(db: Connection, caller: Caller, delivery_id: UUID) -> Answer:
    """One delivery, for those who see the dispatch and for its recipient."""
    return await read_one(
        db,
        """
        with me as materialized (select * from whoami($1, $2))
        select me.card as me, 0 as revision, case when d.id is not null then jsonb_build_object('id', d.id,
            'dispatch_id', d.dispatch_id, 'dispatch_title', case when s.level <> 'confidential'
                or visible(s.audience, me.keys) then s.title else 'Vertrauliche Unterlage' end, 'person_id', d.person_id, 'name', d.name,
            'address', d.address, 'state', d.state, 'attempts', d.attempts,
            'next_try', case when d.state = 'new' then d.next_try end, 'message_id', d.message_id,
            'sent_at', d.sent_at, 'error', d.error) end as body
        from me left join (delivery d join dispatch s on s.id = d.dispatch_id)
            on d.id = $3 and visible(d.audience, me.keys)
                and (d.person_id = me.person_id or dispatch_open(s.object_kind, s.object_id, me.keys))
                and (visible(s.audience, me.keys) or s.state in ('sending', 'done')
                    or d.state in ('sending', 'sent', 'uncertain'))
        """,
        caller,
        delivery_id,
    )


async def get_letter(db: Connection, caller: Caller, delivery_id: UUID) -> Answer:
    """The letter of a delivery for its recipient, while they may still read it; papers by their rights of now.

    What `rules.refusal` says for the mail holds here too: a letter whose papers are all closed to them, or that is
    about a document they may not see now, stays closed. A request's letter is for its own readers alone.
    """
    return await read_one(
        db,
        """
        with me as materialized (select * from whoami($1, $2))
        select me.card as me, 0 as revision, case when d.id is not null then jsonb_build_object('id', d.id,
            'title', s.title, 'subject', s.subject, 'text', s.text, 'level', s.level, 'sent_on', s.sent_on,
            'parts', (select coalesce(jsonb_agg(jsonb_build_object('position', t.position, 'title', t.title,
                    'level', t.level, 'file_id', t.file_id, 'file_name', f.name, 'size', f.size, 'url', t.url,
                    'calendar', t.calendar) order by t.position), '[]')
                from dispatch_part t left join file f on f.id = t.file_id
                where t.dispatch_id = s.id and visible(t.audience, me.keys))) end as body
        from me left join (delivery d join dispatch s on s.id = d.dispatch_id)
            on d.id = $3 and d.person_id = me.person_id
                and (s.state in ('sending', 'done') or d.state in ('sending', 'sent', 'uncertain'))
                and (s.level = 'public' and s.object_kind <> 'consultation' or visible(
                    s.readers || case when s.level = 'confidential' or s.object_kind = 'consultation' then '{}'
                        else array['internal'] end, me.keys))
                and (s.parts = 0 or exists (
                    select from dispatch_part t where t.dispatch_id = s.id and visible(t.audience, me.keys)))
                and (s.object_kind <> 'document' or exists (
                    select from document x where x.id = s.object_id and visible(x.audience, me.keys)))
        """,
        caller,
        delivery_id,
    )


async def has_letter(
    db: Connection, object_kind: str, object_id: UUID, text: str, revision: int | None = None
) -> bool:
    """True when a dispatch about this thing with these words exists; with `revision`, about the thing in that one."""
    found: bool = await db.fetchval(
        """
        select exists (select from dispatch where object_kind = $1 and object_id = $2 and text = $3
            and ($4::integer is null or details ->> 'revision' = $4::text))
        """,
        object_kind,
        object_id,
        text,
        revision,
    )
    return found
