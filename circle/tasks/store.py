"""SQL about tasks."""

from datetime import date
from typing import Any
from uuid import UUID

import asyncpg

from circle.core.db import Answer, Caller, Connection, read_one, read_page, row


async def get(db: Connection, caller: Caller, task_id: UUID) -> Answer:
    """One task that the caller may see."""
    return await read_one(
        db,
        """
        with me as materialized (select * from whoami($1, $2))
        select me.card as me, coalesce(t.revision, 0) as revision,
            case when t.id is not null
                then task_body(t, me.keys, ($2 at time zone 'Europe/Berlin')::date) end as body
        from me left join task t on t.id = $3 and visible(t.audience, me.keys)
        """,
        caller,
        task_id,
    )


async def list_tasks(
    db: Connection,
    caller: Caller,
    after: str | None,
    limit: int,
    *,
    mine: bool = False,
    status: str | None = None,
    item_id: UUID | None = None,
) -> Answer:
    """Tasks by due day, those without one last. $5 keeps the caller's own, $6 a status, $7 those of an item."""
    return await read_page(
        db,
        """
        with me as materialized (select * from whoami($1, $2)),
        page as (
            select task_body(t, me.keys, ($2 at time zone 'Europe/Berlin')::date) as line, k.key,
                row_number() over (order by k.key) as n
            from me, task t
            cross join lateral (select coalesce(t.due::text, '9999-12-31') || ' ' || t.id as key) k
            where visible(t.audience, me.keys)
                and ($3::text is null or k.key > $3)
                and (not $5::boolean or t.owner_id = me.person_id)
                and ($6::text is null or t.status = $6)
                and ($7::uuid is null or t.item_id = $7)
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
        mine,
        status,
        item_id,
    )


async def lock(db: Connection, task_id: UUID, keys: list[str]) -> asyncpg.Record | None:
    """The row of a visible task, held until the end of the transaction."""
    return await db.fetchrow(
        """
        select id, reference, title, owner_id, due, resubmission_on, item_id, status, confidential, created_by,
            revision, audience
        from task where id = $1 and visible(audience, $2) for update
        """,
        task_id,
        keys,
    )


async def find(db: Connection, task_id: UUID) -> asyncpg.Record:
    """What a letter about a task needs, for the service, which has just changed it."""
    return await row(
        db,
        "select id, reference, title, owner_id, due, confidential, audience from task where id = $1",
        task_id,
    )


async def hold_item(db: Connection, item_id: UUID) -> None:
    """Wait for whoever changes an item, and keep others from changing its level until the end of the transaction."""
    await db.execute("select from agenda_item where id = $1 for key share", item_id)


async def find_item(db: Connection, item_id: UUID, keys: list[str]) -> asyncpg.Record | None:
    """Level, number and meeting of an agenda item whose content the keys open."""
    return await db.fetchrow(
        """
        select i.id, i.number, c.title, c.confidentiality, m.reference
        from agenda_item i join agenda_content c on c.item_id = i.id join meeting m on m.id = i.meeting_id
        where i.id = $1 and visible(c.audience, $2) and visible(m.audience, $2)
        """,
        item_id,
        keys,
    )


async def roles_of(db: Connection, person_id: UUID, day: date) -> list[str] | None:
    """The roles of an active person on a day; None when there is no such person."""
    found: list[str] | None = await db.fetchval(
        "select roles_on(id, $2) from person where id = $1 and active", person_id, day
    )
    return found


async def list_owners(db: Connection, day: date, roles: list[str]) -> list[asyncpg.Record]:
    """Active people who hold one of `roles` on a day, for the choice in a form."""
    rows: list[Any] = await db.fetch(
        """
        select p.id, p.name, a.short as authority_name
        from person p join authority a on a.id = p.authority_id
        where p.active and roles_on(p.id, $1) && $2
        order by a.kind <> 'district_government', a.name, p.name
        """,
        day,
        roles,
    )
    return rows


async def next_reference(db: Connection, year: int) -> str:
    """The next number of the year's series: AUF-2026-07."""
    number = await db.fetchval("select next_number('AUF', $1)", year)
    return f"AUF-{year}-{number:02d}"


async def insert(
    db: Connection,
    *,
    task_id: UUID,
    reference: str,
    title: str,
    owner_id: UUID,
    due: date | None,
    resubmission_on: date | None,
    item_id: UUID | None,
    source: str,
    confidential: bool,
    created_by: UUID | None,
) -> None:
    """A new task. The id comes from outside, so that nothing has to be read back through the wall."""
    await db.execute(
        """
        insert into task (id, reference, title, owner_id, due, resubmission_on, item_id, source, confidential, created_by)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
        """,
        task_id,
        reference,
        title,
        owner_id,
        due,
        resubmission_on,
        item_id,
        source,
        confidential,
        created_by,
    )


async def update(
    db: Connection,
    task_id: UUID,
    revision: int,
    *,
    title: str,
    owner_id: UUID,
    due: date | None,
    resubmission_on: date | None,
    reopen: bool,
) -> bool:
    """Change a task; `reopen` takes an acceptance back. False when the revision is no longer the present one."""
    done = await db.execute(
        """
        update task set title = $3, owner_id = $4, due = $5, resubmission_on = $6,
            status = case when $7 then 'open' else status end,
            accepted_by = case when $7 then null else accepted_by end,
            accepted_on = case when $7 then null else accepted_on end,
            declined_reason = case when $7 then '' else declined_reason end,
            revision = revision + 1
        where id = $1 and revision = $2
        """,
        task_id,
        revision,
        title,
        owner_id,
        due,
        resubmission_on,
        reopen,
    )
    return bool(done == "UPDATE 1")


async def mark_accepted(db: Connection, task_id: UUID, by: UUID, today: date) -> None:
    """The owner has accepted."""
    await db.execute(
        """
        update task set status = 'accepted', accepted_by = $2, accepted_on = $3, revision = revision + 1 where id = $1
        """,
        task_id,
        by,
        today,
    )


async def mark_done(db: Connection, task_id: UUID, today: date) -> None:
    """It is done."""
    await db.execute(
        "update task set status = 'done', done_on = $2, revision = revision + 1 where id = $1",
        task_id,
        today,
    )


async def mark_declined(db: Connection, task_id: UUID, reason: str) -> None:
    """The owner does not take it on."""
    await db.execute(
        """
        update task set status = 'declined', declined_reason = $2, accepted_by = null, accepted_on = null,
            revision = revision + 1
        where id = $1
        """,
        task_id,
        reason,
    )


async def mark_confidential(db: Connection, item_id: UUID) -> list[UUID]:
    """The tasks of an item are for its named people from now on; returns those that were open before."""
    rows = await db.fetch(
        """
        update task set confidential = true, revision = revision + 1 where item_id = $1 and not confidential returning id
        """,
        item_id,
    )
    return [one["id"] for one in rows]


async def list_resubmitted(db: Connection, day: date) -> list[asyncpg.Record]:
    """Unsettled tasks whose resubmission day has come and that nobody was reminded of yet, held until the end."""
    rows: list[Any] = await db.fetch(
        """
        select id, reference, title, owner_id, due, resubmission_on, confidential, audience from task
        where status in ('open', 'accepted') and resubmission_on <= $1
            and reminded_for is distinct from resubmission_on
        order by id for update skip locked
        """,
        day,
    )
    return rows


async def mark_reminded(db: Connection, task_id: UUID) -> None:
    """The owner is reminded of the resubmission day as it stands."""
    await db.execute("update task set reminded_for = resubmission_on where id = $1", task_id)


async def list_successions(db: Connection, day: date) -> list[asyncpg.Record]:
    """Appointments whose successor has begun and whose tasks did not all go over yet, held until the end, oldest first.

    `successor_id` is whoever holds the office now: where several successions are due, the last of them.
    """
    rows: list[Any] = await db.fetch(
        """
        with recursive due as (
            select a.id, s.id as successor, s.person_id, s.succeeded_by, s.valid_from, 1 as step
            from appointment a join appointment s on s.id = a.succeeded_by
            where a.handed_over_on is null and s.valid_from <= $1
            union all
            select d.id, s.id, s.person_id, s.succeeded_by, d.valid_from, d.step + 1
            from due d join appointment s on s.id = d.succeeded_by where s.valid_from <= $1 and d.step < 100
        ),
        last as (select distinct on (id) id, person_id, valid_from from due order by id, step desc)
        select a.id, a.person_id, p.name, a.file_reference, l.person_id as successor_id,
            a.handover_began_on is not null as begun
        from last l join appointment a on a.id = l.id join person p on p.id = a.person_id
        join person q on q.id = l.person_id and q.active
        where a.handed_over_on is null and a.succeeded_by is not null
        order by l.valid_from, a.id for update of a skip locked
        """,
        day,
    )
    return rows


async def mark_handed_over(db: Connection, appointment_id: UUID, successor_id: UUID, day: date) -> None:
    """The tasks of this predecessor went over, unless a confidential one is still theirs: the next run tries again."""
    await db.execute(
        """
        update appointment a set handover_began_on = coalesce(a.handover_began_on, $2),
            handed_over_on = case when a.person_id = $3 or not exists (
                select from task t where t.owner_id = a.person_id and t.status in ('open', 'accepted') and t.confidential)
                then $2::date end
        where a.id = $1
        """,
        appointment_id,
        day,
        successor_id,
    )


async def hand_over(db: Connection, old: UUID, new: UUID, day: date, *, waiting: bool) -> list[UUID]:
    """Give the unsettled tasks of one person to another, open again; returns their ids. A confidential one only goes
    to whoever is named for its item; `waiting` moves these alone, for the others went before."""
    rows = await db.fetch(
        """
        update task set owner_id = $2, handed_over_from = $1, handed_over_on = $3, status = 'open', accepted_by = null,
            accepted_on = null, revision = revision + 1
        where owner_id = $1 and $1 <> $2 and status in ('open', 'accepted') and (not confidential and not $4
            or exists (select from named_access n where n.object_id = task.item_id and n.person_id = $2))
        returning id
        """,
        old,
        new,
        day,
        waiting,
    )
    return [one["id"] for one in rows]


async def take_back(db: Connection, mistaken: UUID, predecessor: UUID) -> list[UUID]:
    """Give the tasks that came to an annulled appointment with the office to its predecessor; returns their ids. Only
    open ones of which the record says that nobody did anything since: what was taken up stays where it is."""
    rows = await db.fetch(
        """
        with recursive before as (
            select id, person_id from appointment where id = $2
            union
            select a.id, a.person_id from appointment a join before b on a.succeeded_by = b.id
        )
        update task t set owner_id = p.person_id, revision = t.revision + 1,
            handed_over_from = nullif(t.handed_over_from, p.person_id),
            handed_over_on = case when t.handed_over_from <> p.person_id then t.handed_over_on end
        from appointment s, appointment p
        where s.id = $1 and s.annulled_on is not null and p.id = $2 and t.owner_id = s.person_id
            and t.owner_id <> p.person_id and t.status = 'open' and t.handed_over_on >= s.valid_from
            and t.handed_over_from in (select person_id from before)
            and 'task.handed_over' = (
                select e.action from audit_event e where e.object_id = t.id and e.action <> 'task.read'
                order by e.id desc limit 1)
        returning t.id
        """,
        mistaken,
        predecessor,
    )
    return [one["id"] for one in rows]


async def find_entry(db: Connection, task_id: UUID) -> asyncpg.Record | None:
    """What the search index keeps of a task, with its audience."""
    return await db.fetchrow(
        """
        select t.reference, t.title, o.name as owner_name, o.authority_id, t.source, t.confidential, t.audience
        from task t join person o on o.id = t.owner_id where t.id = $1
        """,
        task_id,
    )
