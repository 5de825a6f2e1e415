"""SQL about the own-house register."""

from datetime import date
from typing import Any
from uuid import UUID

import asyncpg

from circle.core.db import Answer, Caller, Connection, read_one, read_page


async def get_house(db: Connection, caller: Caller) -> Answer:
    """The register of the caller's own house: its units, reports and measures. Nobody else has one."""
    return await read_one(
        db,
        """
        with me as materialized (select *, ($2 at time zone 'Europe/Berlin')::date as today from whoami($1, $2))
        select me.card as me, 0 as revision, case when 'asking:' || me.authority_id = any(me.keys) then jsonb_build_object(
            'departments', (select coalesce(jsonb_agg(department_body(d) order by d.number), '[]') from department d
                where visible(d.audience, me.keys) and d.authority_id = me.authority_id),
            'reports', (select coalesce(jsonb_agg(r.body order by r.reported_on desc, r.id), '[]') from (
                select report_body(r, me.today) as body, r.reported_on, r.id from report_to_head r
                where visible(r.audience, me.keys) and r.authority_id = me.authority_id
                order by r.state in ('told', 'closed'), r.reported_on desc, r.id limit 200) r),
            'measures', (select coalesce(jsonb_agg(m.body order by m.ended, lower(m.title), m.id), '[]') from (
                select measure_body(m, me.today) as body, m.stage = 'ended' as ended, m.title, m.id from measure m
                where visible(m.audience, me.keys) and m.authority_id = me.authority_id
                order by m.stage = 'ended', lower(m.title), m.id limit 200) m)) end as body
        from me
        """,
        caller,
    )


async def list_departments(
    db: Connection, caller: Caller, after: str | None, limit: int, *, active: bool | None = None
) -> Answer:
    """Units of the caller's house by number."""
    return await read_page(
        db,
        """
        with me as materialized (select * from whoami($1, $2)),
        page as (
            select department_body(d) as line, k.key, row_number() over (order by k.key) as n
            from me, department d cross join lateral (select d.number || ' ' || d.id as key) k
            where visible(d.audience, me.keys) and ($3::text is null or k.key > $3)
                and ($5::boolean is null or d.active = $5)
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
        active,
    )


async def get_department(db: Connection, caller: Caller, department_id: UUID) -> Answer:
    """One unit of the caller's house."""
    return await read_one(
        db,
        """
        with me as materialized (select * from whoami($1, $2))
        select me.card as me, coalesce(d.revision, 0) as revision, case when d.id is not null then department_body(d) end as body
        from me left join department d on d.id = $3 and visible(d.audience, me.keys)
        """,
        caller,
        department_id,
    )


async def lock_department(db: Connection, department_id: UUID, keys: list[str]) -> asyncpg.Record | None:
    """The row of a visible unit, held until the end of the transaction."""
    return await db.fetchrow(
        "select id, number, name, active, revision from department where id = $1 and visible(audience, $2) for update",
        department_id,
        keys,
    )


async def insert_department(
    db: Connection, department_id: UUID, authority_id: UUID, number: str, name: str
) -> None:
    """A new unit of a house."""
    await db.execute(
        "insert into department (id, authority_id, number, name) values ($1, $2, $3, $4)",
        department_id,
        authority_id,
        number,
        name,
    )


async def update_department(
    db: Connection, department_id: UUID, revision: int, *, number: str, name: str, active: bool
) -> bool:
    """Change a unit. False when the revision is no longer the present one."""
    done = await db.execute(
        """
        update department set number = $3, name = $4, active = $5, revision = revision + 1 where id = $1 and revision = $2
        """,
        department_id,
        revision,
        number,
        name,
        active,
    )
    return bool(done == "UPDATE 1")


async def count_departments(db: Connection, ids: list[UUID], keys: list[str]) -> int:
    """How many of these are units that the keys open."""
    found: int = await db.fetchval(
        "select count(*) from department where id = any($1) and visible(audience, $2)", ids, keys
    )
    return found


async def list_reports(
    db: Connection, caller: Caller, after: str | None, limit: int, *, state: str | None = None
) -> Answer:
    """Reports to the head of the caller's house, newest first. $5 keeps a state."""
    return await read_page(
        db,
        """
        with me as materialized (select * from whoami($1, $2)),
        page as (
            select report_body(r, ($2 at time zone 'Europe/Berlin')::date) as line, k.key,
                row_number() over (order by k.key desc) as n
            from me, report_to_head r cross join lateral (select r.reported_on || ' ' || r.id as key) k
            where visible(r.audience, me.keys) and ($3::text is null or k.key < $3) and ($5::text is null or r.state = $5)
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
        state,
    )


async def get_report(db: Connection, caller: Caller, report_id: UUID) -> Answer:
    """One report that the caller may see."""
    return await read_one(
        db,
        """
        with me as materialized (select * from whoami($1, $2))
        select me.card as me, coalesce(r.revision, 0) as revision,
            case when r.id is not null then report_body(r, ($2 at time zone 'Europe/Berlin')::date) end as body
        from me left join report_to_head r on r.id = $3 and visible(r.audience, me.keys)
        """,
        caller,
        report_id,
    )


async def lock_report(db: Connection, report_id: UUID, keys: list[str]) -> asyncpg.Record | None:
    """The row of a visible report, held until the end of the transaction."""
    return await db.fetchrow(
        """
        select id, occasion, field, reported_on, text, outcome, state, source, resubmission_on, revision
        from report_to_head where id = $1 and visible(audience, $2) for update
        """,
        report_id,
        keys,
    )


async def insert_report(
    db: Connection, report_id: UUID, authority_id: UUID, created_by: UUID | None, *, occasion: str, field: str,
    reported_on: date, text: str, source: str, resubmission_on: date | None,
) -> None:  # fmt: skip
    """A new report, as a draft."""
    await db.execute(
        """
        insert into report_to_head (id, authority_id, created_by, occasion, field, reported_on, text, source, resubmission_on)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
        """,
        report_id,
        authority_id,
        created_by,
        occasion,
        field,
        reported_on,
        text,
        source,
        resubmission_on,
    )


async def update_report(
    db: Connection, report_id: UUID, revision: int, *, occasion: str, field: str, reported_on: date, text: str,
    source: str, resubmission_on: date | None,
) -> bool:  # fmt: skip
    """Change a report. False when the revision is no longer the present one."""
    done = await db.execute(
        """
        update report_to_head set occasion = $3, field = $4, reported_on = $5, text = $6, source = $7, resubmission_on = $8,
            revision = revision + 1
        where id = $1 and revision = $2
        """,
        report_id,
        revision,
        occasion,
        field,
        reported_on,
        text,
        source,
        resubmission_on,
    )
    return bool(done == "UPDATE 1")


async def mark_report(
    db: Connection, report_id: UUID, revision: int, state: str, outcome: str, reported_on: date
) -> bool:
    """Put a report into a state. False when the revision is no longer the present one."""
    done = await db.execute(
        """
        update report_to_head set state = $3, outcome = $4, reported_on = $5, revision = revision + 1
        where id = $1 and revision = $2
        """,
        report_id,
        revision,
        state,
        outcome,
        reported_on,
    )
    return bool(done == "UPDATE 1")


async def delete_report(db: Connection, report_id: UUID) -> None:
    """Drop a draft."""
    await db.execute("delete from report_to_head where id = $1 and state = 'draft'", report_id)


async def find_report_entry(db: Connection, report_id: UUID) -> asyncpg.Record | None:
    """What the search index keeps of a report, with its audience."""
    return await db.fetchrow(
        "select occasion, text, outcome, source, reported_on, authority_id, audience from report_to_head where id = $1",
        report_id,
    )


async def list_measures(
    db: Connection, caller: Caller, after: str | None, limit: int, *, stage: str | None = None
) -> Answer:
    """Measures of the caller's house by title, ended ones last. $5 keeps a stage."""
    return await read_page(
        db,
        """
        with me as materialized (select * from whoami($1, $2)),
        page as (
            select measure_body(m, ($2 at time zone 'Europe/Berlin')::date) as line, k.key,
                row_number() over (order by k.key) as n
            from me, measure m
            cross join lateral (
                select case when m.stage = 'ended' then '1 ' else '0 ' end || lower(m.title) || ' ' || m.id as key) k
            where visible(m.audience, me.keys) and ($3::text is null or k.key > $3) and ($5::text is null or m.stage = $5)
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
        stage,
    )


async def get_measure(db: Connection, caller: Caller, measure_id: UUID) -> Answer:
    """One measure with all that stands below it, for a caller who may see it."""
    return await read_one(
        db,
        """
        with me as materialized (select * from whoami($1, $2))
        select me.card as me, coalesce(m.revision, 0) as revision,
            case when m.id is not null then measure_body(m, ($2 at time zone 'Europe/Berlin')::date) end as body
        from me left join measure m on m.id = $3 and visible(m.audience, me.keys)
        """,
        caller,
        measure_id,
    )


async def lock_measure(db: Connection, measure_id: UUID, keys: list[str]) -> asyncpg.Record | None:
    """The row of a visible measure with its other departments and the day of its stage, held until the end."""
    return await db.fetchrow(
        """
        select m.id, m.title, m.description, m.text_version, m.lead_unit, m.stage, m.draft, m.resubmission_on, m.revision,
            (select coalesce(array_agg(u.department_id order by u.department_id), '{}')
                from measure_department u where u.measure_id = m.id) as department_ids,
            (select max(s.changed_on) from measure_stage s where s.measure_id = m.id) as since
        from measure m where m.id = $1 and visible(m.audience, $2) for update of m
        """,
        measure_id,
        keys,
    )


async def insert_measure(
    db: Connection, measure_id: UUID, authority_id: UUID, created_by: UUID | None, *, title: str, description: str,
    stage: str, lead_unit: UUID | None, resubmission_on: date | None,
) -> None:  # fmt: skip
    """A new measure, as a draft."""
    await db.execute(
        """
        insert into measure (id, authority_id, created_by, title, description, stage, lead_unit, resubmission_on)
        values ($1, $2, $3, $4, $5, $6, $7, $8)
        """,
        measure_id,
        authority_id,
        created_by,
        title,
        description,
        stage,
        lead_unit,
        resubmission_on,
    )


async def set_departments(db: Connection, measure_id: UUID, department_ids: list[UUID]) -> None:
    """The departments concerned, beside the one that has the lead."""
    await db.execute(
        """
        with gone as (delete from measure_department where measure_id = $1 and department_id <> all($2))
        insert into measure_department (measure_id, department_id, audience)
        select m.id, d, m.audience from measure m, unnest($2::uuid[]) d where m.id = $1
        on conflict on constraint measure_department_unique do nothing
        """,
        measure_id,
        department_ids,
    )


async def update_measure(
    db: Connection, measure_id: UUID, revision: int, *, title: str, description: str, lead_unit: UUID | None,
    resubmission_on: date | None, text_version: int,
) -> bool:  # fmt: skip
    """Change a measure. False when the revision is no longer the present one."""
    done = await db.execute(
        """
        update measure set title = $3, description = $4, lead_unit = $5, resubmission_on = $6, text_version = $7,
            revision = revision + 1
        where id = $1 and revision = $2
        """,
        measure_id,
        revision,
        title,
        description,
        lead_unit,
        resubmission_on,
        text_version,
    )
    return bool(done == "UPDATE 1")


async def touch_measure(db: Connection, measure_id: UUID, revision: int, *, stage: str, draft: bool) -> bool:
    """Count a change of stage, or of what stands below a measure. False when the revision is no longer the present one."""
    done = await db.execute(
        "update measure set stage = $3, draft = $4, revision = revision + 1 where id = $1 and revision = $2",
        measure_id,
        revision,
        stage,
        draft,
    )
    return bool(done == "UPDATE 1")


async def delete_measure(db: Connection, measure_id: UUID) -> None:
    """Drop a draft with all that stands below it."""
    await db.execute("delete from measure where id = $1 and draft", measure_id)


async def insert_stage(
    db: Connection, measure_id: UUID, stage: str, on: date, note: str, by: UUID | None
) -> None:
    """Add a line to the history of stages."""
    await db.execute(
        """
        insert into measure_stage (measure_id, stage, changed_on, note, changed_by, audience)
        select id, $2, $3, $4, $5, audience from measure where id = $1
        """,
        measure_id,
        stage,
        on,
        note,
        by,
    )


async def insert_participation(
    db: Connection, participation_id: UUID, measure_id: UUID, *, department_id: UUID, asked_on: date,
    answer_due: date | None, subject: str,
) -> None:  # fmt: skip
    """A department has asked for a statement."""
    await db.execute(
        """
        insert into participation (id, measure_id, department_id, asked_on, answer_due, subject, audience)
        select $2, id, $3, $4, $5, $6, audience from measure where id = $1
        """,
        measure_id,
        participation_id,
        department_id,
        asked_on,
        answer_due,
        subject,
    )


async def find_participation(
    db: Connection, measure_id: UUID, participation_id: UUID, keys: list[str]
) -> asyncpg.Record | None:
    """A participation of a measure that the keys open."""
    return await db.fetchrow(
        """
        select id, state, asked_on, answer_due from participation
        where measure_id = $1 and id = $2 and visible(audience, $3)
        """,
        measure_id,
        participation_id,
        keys,
    )


async def update_participation(
    db: Connection, participation_id: UUID, *, state: str, statement: str | None, answered_on: date | None, note: str
) -> None:  # fmt: skip
    """Write the statement (None leaves it as it is), give it, or close without one."""
    await db.execute(
        """
        update participation set state = $2, statement = coalesce($3, statement), answered_on = $4, closing_note = $5
        where id = $1
        """,
        participation_id,
        state,
        statement,
        answered_on,
        note,
    )


async def list_steps(db: Connection, measure_id: UUID, keys: list[str]) -> list[dict[str, Any]]:
    """The co-signatures of a measure in their order: step and state."""
    rows = await db.fetch(
        "select step, state from co_signature where measure_id = $1 and visible(audience, $2) order by step",
        measure_id,
        keys,
    )
    return [dict(row) for row in rows]


async def insert_step(db: Connection, measure_id: UUID, step: int, department_id: UUID) -> None:
    """A unit that will sign after all before it."""
    await db.execute(
        """
        insert into co_signature (measure_id, step, department_id, audience)
        select id, $2, $3, audience from measure where id = $1
        """,
        measure_id,
        step,
        department_id,
    )


async def mark_step(
    db: Connection, measure_id: UUID, step: int, *, state: str, initials: str, signed_on: date, remark: str,
    text_version: int,
) -> None:  # fmt: skip
    """A unit has signed, or refused to. A refusal before is kept among the earlier ones."""
    await db.execute(
        """
        update co_signature set state = $3, initials = $4, signed_on = $5, remark = $6, text_version = $7,
            reopened_on = null, earlier = case when state = 'refused' then earlier || jsonb_build_object('state', state,
                'initials', initials, 'signed_on', signed_on, 'remark', remark, 'text_version', text_version) else earlier end
        where measure_id = $1 and step = $2
        """,
        measure_id,
        step,
        state,
        initials,
        signed_on,
        remark,
        text_version,
    )


async def reopen_steps(db: Connection, measure_id: UUID, steps: list[int], today: date) -> None:
    """The text has changed: these units are asked again; what they signed before is kept."""
    await db.execute(
        """
        update co_signature set state = 'open', initials = '', signed_on = null, remark = '', text_version = null,
            reopened_on = $3, earlier = earlier || jsonb_build_object('state', state, 'initials', initials,
                'signed_on', signed_on, 'remark', remark, 'text_version', text_version)
        where measure_id = $1 and step = any($2)
        """,
        measure_id,
        steps,
        today,
    )


async def find_measure_entry(db: Connection, measure_id: UUID) -> asyncpg.Record | None:
    """What the search index keeps of a measure, with its audience."""
    return await db.fetchrow(
        """
        select m.title, m.description, m.authority_id, m.audience, m.stage, department_name(m.lead_unit) as lead_unit_name,
            (select string_agg(concat_ws(' ', p.subject, p.statement), ' ' order by p.asked_on, p.id)
                from participation p where p.measure_id = m.id) as statements
        from measure m where m.id = $1
        """,
        measure_id,
    )
