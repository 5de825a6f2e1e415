"""SQL about consultation requests. What a request shows to whom is built by `consultation_body` in the schema."""

from datetime import date
from typing import Any
from uuid import UUID

import msgspec

from circle.core.db import Answer, Caller, Connection, read_one, read_page, row

from .model import Directory, Staff, StockDocument, Stored


async def get(
    db: Connection, caller: Caller, consultation_id: UUID | None, reference: str | None = None
) -> Answer:
    """One request by id or by its number, with its course."""
    return await read_one(
        db,
        """
        with me as materialized (select * from whoami($1, $2))
        select me.card as me, coalesce(c.revision, 0) as revision,
            case when c.id is not null
                then consultation_body(c, me.keys, ($2 at time zone 'Europe/Berlin')::date) end as body
        from me left join consultation c on (c.id = $3 or c.reference = $4) and visible(c.audience, me.keys)
        """,
        caller,
        consultation_id,
        reference,
    )


async def list_visible(
    db: Connection,
    caller: Caller,
    after: str | None,
    limit: int,
    *,
    state: str | None = None,
    open_only: bool | None = None,
    mine: bool = False,
    overdue: bool = False,
) -> Answer:
    """Requests that the caller may see, newest first, drafts on top.

    `open_only` true = still to be answered, false = the others; `mine` = asked by or assigned to the caller.
    """
    return await read_page(
        db,
        """
        with me as materialized (select * from whoami($1, $2)),
        today as (select ($2 at time zone 'Europe/Berlin')::date as day),
        page as (
            select consultation_line(c, today.day) as line, k.key, row_number() over (order by k.key desc) as n
            from me, today, consultation c
            cross join lateral (select coalesce(c.received_on, '9999-12-31'::date) || ' '
                || coalesce(c.reference, '') || ' ' || c.id as key) k
            where visible(c.audience, me.keys)
                and ($3::text is null or k.key < $3)
                and ($5::text is null or c.state = $5)
                and ($6::boolean is null or $6 = (c.state in
                    ('draft', 'received', 'clarification', 'assigned', 'in_progress', 'in_review')))
                and (not $7 or me.person_id in (c.requested_by, c.assignee_id, c.deputy_id, c.reviewer_id, c.approver_id))
                and (not $8 or consultation_overdue(c, today.day))
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
        open_only,
        mine,
        overdue,
    )


async def get_page(
    db: Connection, caller: Caller, consultation_id: UUID | None, reference: str | None = None
) -> Answer:
    """One request by id or by its number, together with what its forms offer."""
    return await read_one(
        db,
        """
        with me as materialized (select *, ($2 at time zone 'Europe/Berlin')::date as day from whoami($1, $2))
        select me.card as me, coalesce(c.revision, 0) as revision,
            case when c.id is not null then jsonb_build_object('thing', consultation_body(c, me.keys, me.day),
                'called_in', experts_of('consultation', c.id, me.keys, me.day),
                'choices', consultation_choices(c.authority_id, me.keys, me.day)) end as body
        from me left join consultation c on (c.id = $3 or c.reference = $4) and visible(c.audience, me.keys)
        """,
        caller,
        consultation_id,
        reference,
    )


async def get_choices(db: Connection, caller: Caller) -> Answer:
    """What the form of a new request offers."""
    return await read_one(
        db,
        """
        select me.card as me, 0 as revision,
            consultation_choices(null, me.keys, ($2 at time zone 'Europe/Berlin')::date) as body
        from whoami($1, $2) me
        """,
        caller,
    )


async def lock(db: Connection, consultation_id: UUID, keys: list[str]) -> Stored | None:
    """The row of a request for an act; None when it does not exist for these keys."""
    found = await db.fetchrow(
        """
        select id, reference, subject, question, purpose, tried, topics, priority, urgency_reason, wish_date,
            confidentiality, state, requested_by, authority_id, received_on, due_on_effective,
            due_steps, assignee_id, deputy_id, reviewer_id, answer, answer_summary, answered_by, answered_on,
            reviewed_on, proposed_by, release_title, release_abstract, release_text, release_level, release_topics,
            release_review_on, audience, revision
        from consultation where id = $1 and visible(audience, $2) for update
        """,
        consultation_id,
        keys,
    )
    if found is None:
        return None
    return msgspec.convert({**dict(found), "due_steps": msgspec.json.decode(found["due_steps"])}, Stored)


async def get_body(db: Connection, consultation_id: UUID, keys: list[str], day: date) -> dict[str, Any]:
    """The present state for somebody with these keys, as it goes out beside a refusal."""
    found = await row(
        db,
        "select consultation_body(c, $2, $3)::text as body from consultation c where c.id = $1 and visible(c.audience, $2)",
        consultation_id,
        keys,
        day,
    )
    body: dict[str, Any] = msgspec.json.decode(found["body"])
    return body


async def next_number(db: Connection, series: str, year: int) -> int:
    """The next number of a yearly series."""
    found = await row(db, "select next_number($1, $2) as number", series, year)
    return int(found["number"])


async def list_topics(db: Connection) -> list[str]:
    """The ids of all topics."""
    return [found["id"] for found in await db.fetch("select id from topic")]


async def list_staff(
    db: Connection, person_ids: list[UUID], consultation_id: UUID, authority_id: UUID, day: date
) -> list[Staff]:
    """Active persons with their roles on a day; `conflicted` when they belong to the asking house, act for it, or
    advised it on this request."""
    rows = await db.fetch(
        """
        select p.id, p.name, roles_on(p.id, $3) as roles,
            acts_for(p.id, p.authority_id, $2, $3) or was_expert(p.id, $4) as conflicted
        from person p where p.id = any($1) and p.active
        """,
        person_ids,
        authority_id,
        day,
        consultation_id,
    )
    return [msgspec.convert(dict(found), Staff) for found in rows]


async def is_conflicted(
    db: Connection, person_id: UUID | None, consultation_id: UUID, authority_id: UUID, day: date
) -> bool:
    """Whether a person acts for the asking house on a day, or ever advised it on this request."""
    return bool(
        await db.fetchval(
            "select acts_for(p.id, p.authority_id, $3, $4) or was_expert(p.id, $2) from person p where p.id = $1",
            person_id,
            consultation_id,
            authority_id,
            day,
        )
    )


async def list_with_roles(db: Connection, roles: list[str], day: date) -> list[Staff]:
    """Active persons who hold one of `roles` on a day; those with the earlier role of the list come first."""
    rows = await db.fetch(
        """
        select p.id, p.name, r.roles from person p cross join lateral (select roles_on(p.id, $2) as roles) r
        where p.active and r.roles && $1
        order by (select min(array_position($1, held)) from unnest(r.roles) held), p.reference nulls last, p.name
        """,
        roles,
        day,
    )
    return [msgspec.convert(dict(found), Staff) for found in rows]


async def list_house(db: Connection, authority_id: UUID, day: date) -> list[UUID]:
    """Who acts for a house on a day: commissioner, deputy in its time, assistant."""
    rows = await db.fetch(
        """
        select p.id from person p
        where p.active and p.authority_id = $1 and roles_on(p.id, $2) && array['commissioner', 'deputy', 'assistant']
        order by p.name
        """,
        authority_id,
        day,
    )
    return [found["id"] for found in rows]


async def get_house_name(db: Connection, authority_id: UUID) -> str:
    """The name of a house."""
    found = await row(db, "select name from authority where id = $1", authority_id)
    return str(found["name"])


async def get_directory(db: Connection, asking: UUID) -> Directory:
    """The words by which people and houses are known, for the check before a release."""
    found = await row(
        db,
        """
        select a.house, array(select name from person order by name) as names,
            array(select function from person where active and function <> '' group by function
                having count(*) = 1 order by function) as functions,
            array(select array[name, short] from authority
                where kind = 'district_government' and id <> $1 order by name) as others
        from (select array_remove(array[name, short, code, seat], null) as house from authority where id = $1) a
        """,
        asking,
    )
    return msgspec.convert(dict(found), Directory)


async def get_authority_of(db: Connection, person_id: UUID) -> UUID:
    """The house a person belongs to."""
    found = await row(db, "select authority_id from person where id = $1", person_id)
    return UUID(str(found["authority_id"]))


async def find_document(
    db: Connection, document_id: UUID | None, reference: str, keys: list[str]
) -> StockDocument | None:
    """A released knowledge document that these keys may open, by its id or its number."""
    found = await db.fetchrow(
        """
        select id, reference, title, confidentiality, audience from document
        where (id = $1 or upper(reference) = upper($2)) and visible(audience, $3)
            and state in ('released', 'review_overdue')
        """,
        document_id,
        reference,
        keys,
    )
    return msgspec.convert(dict(found), StockDocument) if found else None


async def insert(
    db: Connection,
    *,
    subject: str,
    question: str,
    purpose: str,
    tried: str,
    topics: list[str],
    priority: str,
    urgency_reason: str,
    wish_date: date | None,
    confidentiality: str,
    requested_by: UUID | None,
    authority_id: UUID | None,
) -> UUID:
    """A new draft of a house."""
    found = await row(
        db,
        """
        insert into consultation (subject, question, purpose, tried, topics, priority, urgency_reason, wish_date,
            confidentiality, requested_by, authority_id, state)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 'draft') returning id
        """,
        subject,
        question,
        purpose,
        tried,
        topics,
        priority,
        urgency_reason,
        wish_date,
        confidentiality,
        requested_by,
        authority_id,
    )
    return UUID(str(found["id"]))


async def mark_received(
    db: Connection,
    consultation_id: UUID,
    revision: int,
    *,
    reference: str,
    received_on: date,
    acknowledge_by: date,
    due_on: date,
    steps: str,
) -> bool:
    """Receipt: number and deadlines. False when the row has moved on."""
    return bool(
        await db.fetchval(
            """
            update consultation set state = 'received', reference = $3, received_on = $4, acknowledge_by = $5,
                due_on = $6, due_on_effective = $6, due_steps = $7::jsonb,
                house_keys = house_keys(authority_id, confidentiality, $4, requested_by), revision = revision + 1
            where id = $1 and revision = $2 returning true
            """,
            consultation_id,
            revision,
            reference,
            received_on,
            acknowledge_by,
            due_on,
            steps,
        )
    )


async def update(
    db: Connection,
    consultation_id: UUID,
    revision: int,
    *,
    subject: str,
    question: str,
    purpose: str,
    tried: str,
    topics: list[str],
    wish_date: date | None,
    priority: str,
    urgency_reason: str,
    confidentiality: str,
    note: str | None,
) -> bool:
    """Change what was asked; `note` None stays as it is. False when the row has moved on."""
    return bool(
        await db.fetchval(
            """
            update consultation set subject = $3, question = $4, purpose = $5, tried = $6, topics = $7,
                wish_date = $8, priority = $9, urgency_reason = $10, confidentiality = $11,
                note = coalesce($12, note), revision = revision + 1
            where id = $1 and revision = $2 returning true
            """,
            consultation_id,
            revision,
            subject,
            question,
            purpose,
            tried,
            topics,
            wish_date,
            priority,
            urgency_reason,
            confidentiality,
            note,
        )
    )


async def mark_assigned(
    db: Connection,
    consultation_id: UUID,
    revision: int,
    *,
    assignee_id: UUID,
    deputy_id: UUID | None,
    reviewer_id: UUID | None,
    day: date,
) -> bool:
    """Name who answers; the first time this confirms the receipt by a person. False when the row has moved on."""
    return bool(
        await db.fetchval(
            """
            update consultation set assignee_id = $3, deputy_id = $4, reviewer_id = $5,
                acknowledged_on = coalesce(acknowledged_on, $6),
                state = case when state = 'received' then 'assigned' else state end, revision = revision + 1
            where id = $1 and revision = $2 returning true
            """,
            consultation_id,
            revision,
            assignee_id,
            deputy_id,
            reviewer_id,
            day,
        )
    )


async def awaits_handover(db: Connection, consultation_id: UUID, day: date) -> bool:
    """True when a confidential request is closed to the commissioner of the day, and there is one."""
    return bool(
        await db.fetchval(
            "select awaits_handover(c, $2) from consultation c where id = $1", consultation_id, day
        )
    )


async def hand_over(db: Connection, consultation_id: UUID, revision: int, day: date) -> bool:
    """Open a confidential request to the tenure of today's commissioner, beside those it was open to. False when the
    row has moved on."""
    return bool(
        await db.fetchval(
            """
            update consultation set revision = revision + 1, house_keys = house_keys || array(
                select key from unnest(house_keys(authority_id, 'confidential', $3, requested_by)) key
                where key <> all(house_keys))
            where id = $1 and revision = $2 returning true
            """,
            consultation_id,
            revision,
            day,
        )
    )


async def insert_clarification(
    db: Connection,
    consultation_id: UUID,
    question: str,
    asked_by: UUID | None,
    day: date,
    audience: list[str],
) -> None:
    """A question back. A second open one is refused by `clarification_one_open`."""
    await db.execute(
        """
        insert into clarification (consultation_id, question, asked_by, asked_on, audience)
        values ($1, $2, $3, $4, $5)
        """,
        consultation_id,
        question,
        asked_by,
        day,
        audience,
    )


async def mark_clarifying(db: Connection, consultation_id: UUID, revision: int) -> bool:
    """The clock stops. False when the row has moved on."""
    return bool(
        await db.fetchval(
            """
            update consultation set state = 'clarification', revision = revision + 1
            where id = $1 and revision = $2 returning true
            """,
            consultation_id,
            revision,
        )
    )


async def update_clarification(
    db: Connection, consultation_id: UUID, reply: str, replied_by: UUID | None, day: date
) -> date | None:
    """Answer the open question; returns the day it was asked, None when there is none."""
    asked_on: date | None = await db.fetchval(
        """
        update clarification set reply = $2, replied_by = $3, replied_on = $4
        where consultation_id = $1 and replied_on is null returning asked_on
        """,
        consultation_id,
        reply,
        replied_by,
        day,
    )
    return asked_on


async def mark_clarified(
    db: Connection, consultation_id: UUID, revision: int, *, state: str, due_on_effective: date, steps: str
) -> bool:
    """The clock goes on, with the deadline moved. False when the row has moved on."""
    return bool(
        await db.fetchval(
            """
            update consultation set state = $3, due_on_effective = $4, due_steps = $5::jsonb, revision = revision + 1
            where id = $1 and revision = $2 returning true
            """,
            consultation_id,
            revision,
            state,
            due_on_effective,
            steps,
        )
    )


async def update_answer(
    db: Connection,
    consultation_id: UUID,
    revision: int,
    *,
    state: str,
    answer: str,
    summary: str,
    sources: str,
    answered_by: UUID | None,
    reviewer_id: UUID | None,
) -> bool:
    """Keep an answer; an earlier review no longer counts. False when the row has moved on."""
    return bool(
        await db.fetchval(
            """
            update consultation set state = $3, answer = $4, answer_summary = $5, sources = $6::jsonb,
                answered_by = $7, reviewer_id = $8, reviewed_by = null, reviewed_on = null, revision = revision + 1
            where id = $1 and revision = $2 returning true
            """,
            consultation_id,
            revision,
            state,
            answer,
            summary,
            sources,
            answered_by,
            reviewer_id,
        )
    )


async def mark_reviewed(
    db: Connection,
    consultation_id: UUID,
    revision: int,
    *,
    state: str,
    reviewed_by: UUID | None,
    day: date | None,
    note: str,
) -> bool:
    """The reviewer's decision; returned answers carry no reviewer. False when the row has moved on."""
    return bool(
        await db.fetchval(
            """
            update consultation set state = $3, reviewed_by = $4, reviewed_on = $5, review_note = $6,
                revision = revision + 1
            where id = $1 and revision = $2 returning true
            """,
            consultation_id,
            revision,
            state,
            reviewed_by,
            day,
            note,
        )
    )


async def get_frozen(db: Connection, consultation_id: UUID, day: date) -> dict[str, Any]:
    """Question and answer as they stand, for the record of what was sent on `day`."""
    found = await row(
        db,
        """
        select jsonb_build_object('reference', c.reference, 'authority', a.name, 'requested_by', p.name,
            'received_on', c.received_on, 'subject', c.subject, 'question', c.question, 'purpose', c.purpose,
            'tried', c.tried, 'topics', c.topics, 'confidentiality', c.confidentiality,
            'due_on', c.due_on, 'due_on_effective', c.due_on_effective,
            'clarifications', (
                select coalesce(jsonb_agg(jsonb_build_object('question', q.question, 'asked_on', q.asked_on,
                    'reply', q.reply, 'replied_on', q.replied_on) order by q.asked_on, q.id), '[]')
                from clarification q where q.consultation_id = c.id),
            'answer', c.answer, 'answer_summary', c.answer_summary, 'sources', c.sources,
            'answered_by', (select name from person where id = c.answered_by),
            'reviewed_by', (select name from person where id = c.reviewed_by), 'reviewed_on', c.reviewed_on,
            'files', (
                select coalesce(jsonb_agg(jsonb_build_object('name', f.name, 'sha256', f.sha256, 'part', u.part)
                    order by u.part, f.name, f.sha256), '[]')
                from consultation_file u join file f on f.id = u.file_id where u.consultation_id = c.id),
            'sent_on', $2::date)::text as body
        from consultation c join authority a on a.id = c.authority_id join person p on p.id = c.requested_by
        where c.id = $1
        """,
        consultation_id,
        day,
    )
    body: dict[str, Any] = msgspec.json.decode(found["body"])
    return body


async def insert_sent(
    db: Connection, consultation_id: UUID, frozen: str, sha256: str, day: date, audience: list[str]
) -> None:
    """What was sent, once and for all."""
    await db.execute(
        "insert into consultation_answer (consultation_id, frozen, sha256, sent_on, audience) values ($1, $2, $3, $4, $5)",
        consultation_id,
        frozen,
        sha256,
        day,
        audience,
    )


async def mark_answered(db: Connection, consultation_id: UUID, revision: int, day: date) -> bool:
    """The answer has left the house. False when the row has moved on."""
    return bool(
        await db.fetchval(
            """
            update consultation set state = 'answered', answered_on = $3, revision = revision + 1
            where id = $1 and revision = $2 returning true
            """,
            consultation_id,
            revision,
            day,
        )
    )


async def mark_proposed(
    db: Connection,
    consultation_id: UUID,
    revision: int,
    *,
    title: str,
    abstract: str,
    text: str,
    level: str,
    topics: list[str],
    review_on: date,
    findings: str,
    proposed_by: UUID | None,
    approver_id: UUID | None,
) -> bool:
    """A text that may become a knowledge document. False when the row has moved on."""
    return bool(
        await db.fetchval(
            """
            update consultation set state = 'release_review', release_title = $3, release_abstract = $4,
                release_text = $5, release_level = $6, release_topics = $7, release_review_on = $8,
                release_findings = $9::jsonb, proposed_by = $10, approver_id = $11, revision = revision + 1
            where id = $1 and revision = $2 returning true
            """,
            consultation_id,
            revision,
            title,
            abstract,
            text,
            level,
            topics,
            review_on,
            findings,
            proposed_by,
            approver_id,
        )
    )


async def mark_released(
    db: Connection, consultation_id: UUID, revision: int, *, released_as: UUID, approver_id: UUID | None, day: date
) -> bool:  # fmt: skip
    """The document stands. False when the row has moved on."""
    return bool(
        await db.fetchval(
            """
            update consultation set state = 'released', released_as = $3, approver_id = $4, released_on = $5,
                revision = revision + 1
            where id = $1 and revision = $2 returning true
            """,
            consultation_id,
            revision,
            released_as,
            approver_id,
            day,
        )
    )


async def mark_declined(db: Connection, consultation_id: UUID, revision: int, note: str) -> bool:
    """No release: back to the answered request; the proposal stays to be mended. False when the row has moved on."""
    return bool(
        await db.fetchval(
            """
            update consultation set state = 'answered', review_note = $3, revision = revision + 1
            where id = $1 and revision = $2 returning true
            """,
            consultation_id,
            revision,
            note,
        )
    )


async def mark_ended(
    db: Connection,
    consultation_id: UUID,
    revision: int,
    *,
    state: str,
    day: date,
    note: str,
    referred_to: str = "",
    answered_with: UUID | None = None,
) -> bool:
    """Withdrawn, referred, answered from stock or closed. False when the row has moved on."""
    return bool(
        await db.fetchval(
            """
            update consultation set state = $3, closed_on = $4, note = case when $5 = '' then note else $5 end,
                referred_to = $6, answered_with = $7, answered_on = case when $7::uuid is null then answered_on else $4 end,
                revision = revision + 1
            where id = $1 and revision = $2 returning true
            """,
            consultation_id,
            revision,
            state,
            day,
            note,
            referred_to,
            answered_with,
        )
    )


async def attach(db: Connection, consultation_id: UUID, file_ids: list[UUID], part: str) -> None:
    """Add files to the question or to the answer; a file that is already there stays."""
    await db.execute(
        """
        insert into consultation_file (consultation_id, file_id, part) select $1, f, $3 from unnest($2::uuid[]) f
        on conflict on constraint consultation_file_unique do nothing
        """,
        consultation_id,
        file_ids,
        part,
    )


async def detach(db: Connection, consultation_id: UUID, file_ids: list[UUID], part: str) -> None:
    """Take away the files of one part that are not among these, and the right to open them that came with it."""
    await db.execute(
        """
        with gone as (
            delete from consultation_file where consultation_id = $1 and part = $3 and file_id <> all($2)
            returning file_id
        )
        delete from file_use where object_id = $1 and file_id in (select file_id from gone)
        """,
        consultation_id,
        file_ids,
        part,
    )


async def list_files(db: Connection, consultation_id: UUID, keys: list[str]) -> list[tuple[UUID, list[str]]]:
    """The files that these keys open, each with who may: those of an unsent answer are not for the asking house."""
    rows = await db.fetch(
        """
        select f.file_id, a.audience from consultation c
        join consultation_file f on f.consultation_id = c.id
        cross join lateral (
            select case when f.part = 'question' or (c.answered_on is not null and c.answered_with is null)
                then c.audience
                else consultation_workers(c)
            end as audience) a
        where c.id = $1 and visible(a.audience, $2)
        """,
        consultation_id,
        keys,
    )
    return [(found["file_id"], found["audience"]) for found in rows]


async def spread(db: Connection, consultation_id: UUID) -> None:
    """The questions back follow the request: whoever may see it, and nobody else."""
    await db.execute(
        """
        update clarification q set audience = c.audience from consultation c
        where c.id = $1 and q.consultation_id = c.id and q.audience is distinct from c.audience
        """,
        consultation_id,
    )


async def get_audience(db: Connection, consultation_id: UUID) -> list[str]:
    """Who may see a request now."""
    found = await row(db, "select audience from consultation where id = $1", consultation_id)
    return list(found["audience"])


async def get_indexed(db: Connection, consultation_id: UUID) -> dict[str, Any] | None:
    """What the search knows of a request; None while it was not received. An answer only once it is sent."""
    found = await db.fetchrow(
        """
        select c.reference, c.subject, concat_ws(E'\\n\\n', c.question, nullif(c.purpose, ''), nullif(c.tried, ''),
            case when c.answered_on is not null and c.answered_with is null
                then c.answer_summary || E'\\n\\n' || c.answer end) as body,
            c.confidentiality, c.topics, c.authority_id, extract(year from c.received_on)::int as year, c.audience
        from consultation c where c.id = $1 and c.reference is not null and c.received_on is not null
        """,
        consultation_id,
    )
    return dict(found) if found else None


async def list_unanswered(db: Connection) -> list[dict[str, Any]]:
    """Requests with a running deadline, for the daily reminder."""
    rows = await db.fetch(
        """
        select c.id, c.reference, c.confidentiality, c.assignee_id, c.due_on_effective, c.reminded_for,
            c.escalated_for
        from consultation c
        where c.state in ('received', 'assigned', 'in_progress', 'in_review') and c.due_on_effective is not null
        order by c.due_on_effective, c.id
        for update
        """,
    )
    return [dict(found) for found in rows]


async def mark_reminded(db: Connection, consultation_id: UUID, day: date) -> None:
    """A reminder of the deadline on `day` is written."""
    await db.execute("update consultation set reminded_for = $2 where id = $1", consultation_id, day)


async def mark_escalated(db: Connection, consultation_id: UUID, day: date) -> None:
    """The missed deadline of `day` is told."""
    await db.execute("update consultation set escalated_for = $2 where id = $1", consultation_id, day)
