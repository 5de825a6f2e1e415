"""SQL about appointments, their proofs and attachments, and the responsible ministry."""

from datetime import date
from typing import Any
from uuid import UUID

import asyncpg

from circle.core.db import Answer, Caller, Connection, read_one, read_page, row


async def get(db: Connection, caller: Caller, appointment_id: UUID) -> Answer:
    """One appointment with its history, for staff of the houses."""
    return await read_one(
        db,
        """
        with me as materialized (
            select *, ($2 at time zone 'Europe/Berlin')::date as today from whoami($1, $2)
        )
        select me.card as me, coalesce(b.revision, 0) as revision,
            case when b.id is not null then appointment_detail(b, p, a, me.today) end as body
        from me
        left join (appointment b join person p on p.id = b.person_id join authority a on a.id = b.authority_id)
            on b.id = $3 and 'internal' = any(me.keys)
        """,
        caller,
        appointment_id,
    )


async def list_appointments(
    db: Connection, caller: Caller, after: str | None, limit: int, on: date | None = None
) -> Answer:
    """Appointments with their proofs, newest first; for staff of the houses. $5 keeps those valid on a day."""
    return await read_page(
        db,
        """
        with me as materialized (
            select *, ($2 at time zone 'Europe/Berlin')::date as today from whoami($1, $2)
        ),
        page as (
            select appointment_body(b, p, a, me.today) as line, k.key, row_number() over (order by k.key desc) as n
            from me, appointment b join person p on p.id = b.person_id join authority a on a.id = b.authority_id
            cross join lateral (select b.valid_from || ' ' || b.id as key) k
            where 'internal' = any(me.keys) and ($3::text is null or k.key < $3)
                and ($5::date is null or b.valid_from <= $5 and (b.valid_to is null or b.valid_to >= $5))
            order by k.key desc
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
        on,
    )


async def list_entitled(db: Connection, caller: Caller, day: date | None) -> Answer:
    """Who was entitled on a day (today without one), house by house; for staff of the houses."""
    return await read_page(
        db,
        """
        select me.card as me, null as next, case when 'internal' = any(me.keys)
            then entitled_on(coalesce($3, ($2 at time zone 'Europe/Berlin')::date)) else '[]' end as items
        from whoami($1, $2) me
        """,
        caller,
        day,
    )


async def get_overview(db: Connection, caller: Caller, day: date) -> Answer:
    """Who is entitled on a day, and all appointments of the district governments; for staff of the houses."""
    return await read_one(
        db,
        """
        with me as materialized (
            select *, ($2 at time zone 'Europe/Berlin')::date as today from whoami($1, $2)
        )
        select me.card as me, 0 as revision, case when 'internal' = any(me.keys) then jsonb_build_object(
            'entitled', entitled_on($3),
            'appointments', (
                select coalesce(jsonb_agg(appointment_body(b, p, a, me.today)
                    order by a.name, b.kind, b.valid_from, b.id), '[]')
                from appointment b join person p on p.id = b.person_id join authority a on a.id = b.authority_id)
            ) end as body
        from me
        """,
        caller,
        day,
    )


async def list_duties(db: Connection, caller: Caller) -> Answer:
    """What is missing today, the longest first; for staff of the houses."""
    return await read_page(
        db,
        """
        with me as materialized (
            select *, ($2 at time zone 'Europe/Berlin')::date as today from whoami($1, $2)
        )
        select me.card as me, null as next, (
            select coalesce(jsonb_agg(to_jsonb(d) order by d.since, d.authority_name, d.person_name, d.duty), '[]')
            from open_duties(me.today) d where 'internal' = any(me.keys)) as items
        from me
        """,
        caller,
    )


async def list_ministries(db: Connection, caller: Caller) -> Answer:
    """The ministries in charge, newest first; for staff of the houses."""
    return await read_page(
        db,
        """
        select me.card as me, null as next, (
            select coalesce(jsonb_agg(jsonb_build_object('id', m.id, 'name', m.name, 'short', m.short,
                'email', p.email, 'valid_from', m.valid_from) order by m.valid_from desc), '[]')
            from responsible_ministry m join person p on p.id = m.recipient_id
            where 'internal' = any(me.keys)) as items
        from whoami($1, $2) me
        """,
        caller,
    )


async def lock(db: Connection, appointment_id: UUID) -> asyncpg.Record | None:
    """The row of an appointment, held until the end of the transaction."""
    return await db.fetchrow(
        """
        select id, person_id, authority_id, kind, valid_from,
            case when annulled_on is null then valid_to else annulled_to end as valid_to, order_date, file_reference,
            attached_to, requirements_confirmed_on, succeeded_by, announced_internally_on, announced_externally_on,
            ministry_informed_on, annulled_on, revision
        from appointment where id = $1 for update
        """,
        appointment_id,
    )


async def lock_person(db: Connection, person_id: UUID) -> asyncpg.Record | None:
    """A person, held so that two appointments of the same one are entered one after the other."""
    return await db.fetchrow(
        """
        select p.id, p.authority_id, p.active, a.kind = 'competence_centre' as of_centre
        from person p join authority a on a.id = p.authority_id where p.id = $1 for no key update of p
        """,
        person_id,
    )


async def kind_of_house(db: Connection, authority_id: UUID) -> str | None:
    """What kind of house it is; None when there is none."""
    found: str | None = await db.fetchval("select kind from authority where id = $1", authority_id)
    return found


async def find_overlap(
    db: Connection, person_id: UUID, authority_id: UUID, kind: str, starts: date, ends: date | None,
    but: list[UUID],
) -> asyncpg.Record | None:  # fmt: skip
    """An appointment that leaves no room for another: a commissioner beside one, or the same person beside themselves."""
    return await db.fetchrow(
        """
        select p.id as person_id, p.name, b.kind, b.valid_from, b.valid_to
        from appointment b join person p on p.id = b.person_id
        where b.authority_id = $2 and (b.kind = 'commissioner' and $3 = 'commissioner' or b.person_id = $1)
            and b.valid_from <= coalesce($5, 'infinity'::date) and coalesce(b.valid_to, 'infinity') >= $4
            and not b.id = any($6::uuid[])
        order by b.valid_from limit 1
        """,
        person_id,
        authority_id,
        kind,
        starts,
        ends,
        but,
    )


async def insert(
    db: Connection,
    *,
    person_id: UUID,
    authority_id: UUID,
    kind: str,
    valid_from: date,
    valid_to: date | None,
    order_date: date,
    file_reference: str,
    attached_to: str,
    requirements_confirmed_on: date | None,
) -> UUID:
    """A new appointment."""
    made = await row(
        db,
        """
        insert into appointment (person_id, authority_id, kind, valid_from, valid_to, order_date, file_reference,
            attached_to, requirements_confirmed_on)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9) returning id
        """,
        person_id,
        authority_id,
        kind,
        valid_from,
        valid_to,
        order_date,
        file_reference,
        attached_to,
        requirements_confirmed_on,
    )
    return UUID(str(made["id"]))


async def update(
    db: Connection,
    appointment_id: UUID,
    revision: int,
    *,
    valid_from: date,
    valid_to: date | None,
    order_date: date,
    file_reference: str,
    requirements_confirmed_on: date | None,
    succeeded_by: UUID | None,
) -> bool:
    """Change an appointment. False when the revision is no longer the present one."""
    done = await db.execute(
        """
        update appointment set valid_from = $3, valid_to = $4, order_date = $5, file_reference = $6,
            requirements_confirmed_on = $7, succeeded_by = $8, revision = revision + 1,
            ended_by_succession = ended_by_succession and valid_to is not distinct from $4
        where id = $1 and revision = $2
        """,
        appointment_id,
        revision,
        valid_from,
        valid_to,
        order_date,
        file_reference,
        requirements_confirmed_on,
        succeeded_by,
    )
    return bool(done == "UPDATE 1")


async def mark_succeeded(
    db: Connection, appointment_id: UUID, successor_id: UUID, end_before: date | None
) -> None:
    """Name the successor, and keep the last day that stood there before."""
    await db.execute(
        """
        update appointment set succeeded_by = $2, ended_by_succession = valid_to is distinct from $3,
            end_before_succession = $3, revision = revision + 1
        where id = $1
        """,
        appointment_id,
        successor_id,
        end_before,
    )


async def mark_annulled(
    db: Connection, appointment_id: UUID, revision: int, by: UUID | None, on: date, reason: str
) -> bool:
    """It ended before all days: whoever asks by the day finds it on none. False when the revision is not the present one."""
    done = await db.execute(
        """
        update appointment set valid_to = '-infinity', annulled_to = valid_to, annulled_by = $3, annulled_on = $4,
            annulled_reason = $5, revision = revision + 1
        where id = $1 and revision = $2
        """,
        appointment_id,
        revision,
        by,
        on,
        reason,
    )
    return bool(done == "UPDATE 1")


async def lock_predecessors(db: Connection, appointment_id: UUID) -> list[asyncpg.Record]:
    """Whom this appointment succeeds, held until the end of the transaction."""
    rows: list[Any] = await db.fetch(
        """
        select id, person_id, authority_id, kind, valid_from, valid_to, file_reference, ended_by_succession,
            end_before_succession
        from appointment where succeeded_by = $1 order by valid_from, id for update
        """,
        appointment_id,
    )
    return rows


async def take_back_succession(db: Connection, appointment_id: UUID, ends: date | None) -> None:
    """There is no successor; the next one gets the tasks anew."""
    await db.execute(
        """
        update appointment set succeeded_by = null, valid_to = $2, ended_by_succession = false,
            end_before_succession = null, handed_over_on = null, handover_began_on = null, revision = revision + 1
        where id = $1
        """,
        appointment_id,
        ends,
    )


async def find_done_under(
    db: Connection, appointment: asyncpg.Record, today: date, kinds: list[str]
) -> tuple[tuple[str, date] | None, tuple[str, date] | None, tuple[str, date] | None]:
    """What was done under an appointment up to today: a meeting attended as a member, a letter of the distribution, and
    an act on a thing of one of `kinds`; each the first one with its day. Letters of the service about work do not count."""
    last = min(appointment["valid_to"] or today, today)
    meeting = await find_attended(db, appointment["person_id"], [(appointment["valid_from"], last)])
    letter = await db.fetchrow(
        """
        select case when s.level = 'confidential' then '' else s.title end as title, s.sent_on
        from delivery d join dispatch s on s.id = d.dispatch_id
        where d.person_id = $1 and s.kind <> 'notice' and s.sent_on between $2 and $3
            and d.state not in ('failed', 'cancelled')
        order by s.sent_on, s.id limit 1
        """,
        appointment["person_id"],
        appointment["valid_from"],
        last,
    )
    act = await db.fetchrow(
        """
        select kind, day from (
            select e.object_kind as kind, (e.office_at at time zone 'Europe/Berlin')::date as day from audit_event e
            where e.actor_id = $1 and e.object_kind = any($5) and e.action not like '%.read'
            union all
            select 'tenure', greatest(c.received_on, $2) from consultation c
            where 'tenure:' || $4::uuid = any(c.house_keys)) done
        where day between $2 and $3 order by day limit 1
        """,
        appointment["person_id"],
        appointment["valid_from"],
        last,
        appointment["id"],
        kinds,
    )
    return tuple(meeting) if meeting else None, tuple(letter) if letter else None, tuple(act) if act else None


async def find_attended(
    db: Connection, person_id: UUID, pieces: list[tuple[date, date]]
) -> asyncpg.Record | None:
    """The first meeting in one of the periods (first and last days) in which a person took part as a member or for one."""
    return await db.fetchrow(
        """
        select m.reference, m.date from attendance a join meeting m on m.id = a.meeting_id
        join unnest($2::date[], $3::date[]) as taken (first, last) on m.date between taken.first and taken.last
        where (a.person_id = $1 and a.status in ('present', 'represented')) or a.represented_by = $1
        order by m.date limit 1
        """,
        person_id,
        [first for first, _ in pieces],
        [last for _, last in pieces],
    )


async def find_consequences(
    db: Connection, appointment: asyncpg.Record, successor_id: UUID, starts_on: date, keys: list[str], *,
    commissioner: bool,
) -> dict[str, Any]:  # fmt: skip
    """What a succession does beside the appointments, as far as `keys` see it: tasks, confidential requests, meetings."""
    found = await row(
        db,
        """
        select p.name as successor_name, t.tasks_moving, t.tasks_staying, array(
            select c.reference from consultation c
            where $6 and c.authority_id = $3 and c.confidentiality = 'confidential' and c.state not in ('draft', 'withdrawn')
                and c.house_keys <> '{}' and 'asking:' || c.authority_id <> all(c.house_keys) and visible(c.audience, $5)
            order by c.reference) as requests_staying, array(
            select m.reference from meeting m
            where $6 and m.date >= $4 and m.state in ('planned', 'agenda_open', 'invited') and visible(m.audience, $5)
            order by m.date, m.reference) as meetings
        from person p
        cross join lateral (
            select count(*) filter (where o.free) as tasks_moving, count(*) filter (where not o.free) as tasks_staying
            from (
                select not t.confidential or exists (
                    select from named_access n where n.object_id = t.item_id and n.person_id = $2) as free
                from task t where t.owner_id = $1 and $1 <> $2 and t.status in ('open', 'accepted')
                    and visible(t.audience, $5)) o) t
        where p.id = $2
        """,
        appointment["person_id"],
        successor_id,
        appointment["authority_id"],
        starts_on,
        keys,
        commissioner,
    )
    return dict(found)


async def find_predecessor_end(db: Connection, appointment_id: UUID) -> date | None:
    """The last day of whoever this appointment succeeds; None without one."""
    found: date | None = await db.fetchval(
        "select max(valid_to) from appointment where succeeded_by = $1", appointment_id
    )
    return found


async def find_successor_start(db: Connection, appointment_id: UUID) -> date | None:
    """The first day of the successor; None without one."""
    found: date | None = await db.fetchval(
        "select s.valid_from from appointment a join appointment s on s.id = a.succeeded_by where a.id = $1",
        appointment_id,
    )
    return found


async def put_attachment(
    db: Connection, appointment_id: UUID, valid_from: date, text: str, by: UUID | None
) -> None:
    """The attachment from a day on; a second entry for the same day replaces the first."""
    await db.execute(
        """
        with touched as (update appointment set revision = revision + 1 where id = $1)
        insert into appointment_attachment (appointment_id, valid_from, text, set_by) values ($1, $2, $3, $4)
        on conflict on constraint appointment_attachment_unique
            do update set text = excluded.text, set_by = excluded.set_by, set_at = now()
        """,
        appointment_id,
        valid_from,
        text,
        by,
    )


async def insert_proof(
    db: Connection,
    appointment_id: UUID,
    *,
    duty: str,
    done_on: date,
    reference: str,
    proof: str,
    file_id: UUID | None,
    by: UUID | None,
) -> bool:
    """Record that a duty is done, there and at the appointment. False when it was recorded before."""
    done = await db.execute(
        """
        with entered as (
            insert into appointment_proof (appointment_id, duty, done_on, reference, proof, file_id, recorded_by)
            select id, $2, $3, $4, $5, $6, $7 from appointment where id = $1 and case $2
                when 'announced_internally' then announced_internally_on
                when 'announced_externally' then announced_externally_on else ministry_informed_on end is null
            on conflict (appointment_id, duty) where withdrawn_on is null do nothing
            returning appointment_id
        )
        update appointment set revision = revision + 1,
            announced_internally_on = case $2 when 'announced_internally' then $3 else announced_internally_on end,
            announced_externally_on = case $2 when 'announced_externally' then $3 else announced_externally_on end,
            ministry_informed_on = case $2 when 'ministry_informed' then $3 else ministry_informed_on end
        where id in (select appointment_id from entered)
        """,
        appointment_id,
        duty,
        done_on,
        reference,
        proof,
        file_id,
        by,
    )
    return bool(done == "UPDATE 1")


async def withdraw_proof(
    db: Connection, appointment_id: UUID, duty: str, by: UUID | None, on: date, reason: str
) -> None:
    """The duty is open again; what was entered stays to be read. A day without an entry of its own goes as well."""
    await db.execute(
        """
        with taken_back as (
            update appointment_proof set withdrawn_on = $4, withdrawn_by = $3, withdrawn_reason = $5
            where appointment_id = $1 and duty = $2 and withdrawn_on is null
        )
        update appointment set revision = revision + 1,
            announced_internally_on = case $2 when 'announced_internally' then null else announced_internally_on end,
            announced_externally_on = case $2 when 'announced_externally' then null else announced_externally_on end,
            ministry_informed_on = case $2 when 'ministry_informed' then null else ministry_informed_on end
        where id = $1
        """,
        appointment_id,
        duty,
        by,
        on,
        reason,
    )


async def find_ministry(db: Connection, day: date) -> asyncpg.Record | None:
    """The ministry in charge on a day."""
    return await db.fetchrow(
        "select id, name from responsible_ministry where valid_from <= $1 order by valid_from desc limit 1",
        day,
    )


async def find_mailbox(db: Connection, email: str) -> asyncpg.Record | None:
    """Who has an address, and whether they are an active person of a ministry."""
    return await db.fetchrow(
        """
        select p.id, p.active and a.kind = 'ministry' as fits
        from person p join authority a on a.id = p.authority_id where lower(p.email) = lower($1) and not p.letters_only
        """,
        email,
    )


async def insert_mailbox(db: Connection, name: str, email: str) -> UUID | None:
    """The mailbox of the ministry as a recipient that nobody signs in as. None when no ministry is a house yet."""
    found: UUID | None = await db.fetchval(
        """
        insert into person (name, email, function, authority_id)
        select $1, $2, 'Postfach für Mitteilungen', id from authority where kind = 'ministry' order by key limit 1
        returning id
        """,
        name,
        email,
    )
    return found


async def insert_ministry(
    db: Connection, *, name: str, short: str, recipient_id: UUID, valid_from: date, by: UUID | None
) -> UUID:
    """The ministry in charge from a day on."""
    made = await row(
        db,
        """
        insert into responsible_ministry (name, short, recipient_id, valid_from, set_by)
        values ($1, $2, $3, $4, $5) returning id
        """,
        name,
        short,
        recipient_id,
        valid_from,
        by,
    )
    return UUID(str(made["id"]))


async def has_notice_under_way(db: Connection, appointment_id: UUID) -> bool:
    """Whether a notice was asked for that may still arrive: not sent, and its dispatch neither stopped nor failed."""
    return bool(
        await db.fetchval(
            """
            select exists (
                select from ministry_notice n left join dispatch d on d.id = n.dispatch_id
                where n.appointment_id = $1 and n.sent_on is null and (d.id is null or d.state in ('prepared', 'sending')
                    or exists (select from delivery v where v.dispatch_id = d.id and v.state = 'uncertain')))
            """,
            appointment_id,
        )
    )


async def insert_notice(
    db: Connection, *, year: int, appointment_id: UUID, ministry_id: UUID, by: UUID | None, on: date
) -> asyncpg.Record:
    """A notice that a worker will write: its id and number (BM-2026-01)."""
    return await row(
        db,
        """
        insert into ministry_notice (reference, appointment_id, ministry_id, requested_by, requested_on)
        values ('BM-' || $1::integer || '-' || lpad(next_number('BM', $1)::text, 2, '0'), $2, $3, $4, $5)
        returning id, reference
        """,
        year,
        appointment_id,
        ministry_id,
        by,
        on,
    )


async def find_notice(db: Connection, notice_id: UUID) -> asyncpg.Record | None:
    """What the letter says (`letter`, JSON), and to whom it goes. Locks the notice, so that of two workers one sees the
    other's."""
    return await db.fetchrow(
        """
        select n.reference, n.requested_by, n.dispatch_id, n.appointment_id, q.name as sender_name,
            q.authority_id as sender_authority_id, m.recipient_id,
            notice_letter(a, m, n.requested_by, n.requested_on) || jsonb_build_object('reference', n.reference) as letter
        from ministry_notice n join responsible_ministry m on m.id = n.ministry_id
        join person q on q.id = n.requested_by join appointment a on a.id = n.appointment_id
        where n.id = $1 for update of n
        """,
        notice_id,
    )


async def draft_letter(
    db: Connection, appointment_id: UUID, ministry_id: UUID, reference: str, sender_id: UUID | None, day: date
) -> asyncpg.Record:
    """What the letter would say today (`letter`, JSON), and the mailbox it would go to."""
    return await row(
        db,
        """
        select notice_letter(a, m, $4, $5) || jsonb_build_object('reference', $3::text) as letter, p.email
        from appointment a, responsible_ministry m join person p on p.id = m.recipient_id
        where a.id = $1 and m.id = $2
        """,
        appointment_id,
        ministry_id,
        reference,
        sender_id,
        day,
    )


async def mark_written(db: Connection, notice_id: UUID, file_id: UUID, dispatch_id: UUID) -> None:
    """The letter is filed and on its way."""
    await db.execute(
        "update ministry_notice set file_id = $2, dispatch_id = $3 where id = $1",
        notice_id,
        file_id,
        dispatch_id,
    )


async def mark_sent(db: Connection, dispatch_id: UUID, on: date) -> asyncpg.Record | None:
    """The mail server took it. None when that was recorded before, or the dispatch is no notice."""
    return await db.fetchrow(
        """
        update ministry_notice set sent_on = $2 where dispatch_id = $1 and sent_on is null
        returning appointment_id, reference, file_id, requested_by
        """,
        dispatch_id,
        on,
    )


async def list_people(db: Connection) -> list[asyncpg.Record]:
    """Active people of the district governments, for the choice in a form."""
    rows: list[Any] = await db.fetch(
        """
        select p.id, p.name, a.id as authority_id, a.short as authority_name
        from person p join authority a on a.id = p.authority_id
        where p.active and a.kind = 'district_government' order by a.name, p.name
        """
    )
    return rows


async def list_houses(db: Connection) -> list[asyncpg.Record]:
    """The district governments, for the choice in a form."""
    rows: list[Any] = await db.fetch(
        "select id, name from authority where kind = 'district_government' order by name"
    )
    return rows
