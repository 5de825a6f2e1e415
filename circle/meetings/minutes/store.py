"""SQL about minutes."""

import uuid
from datetime import date, datetime
from typing import Any
from uuid import UUID

import asyncpg
import msgspec

from circle.core.db import Answer, Caller, Connection, read_one, read_page, row

from .model import MinutesHead, NewCorrection, NewObjection, Ruling
from .rules import Frozen


async def get(
    db: Connection,
    caller: Caller,
    meeting_id: UUID | None = None,
    *,
    reference: str | None = None,
    unborn: bool = False,
) -> Answer:
    """The minutes of a visible meeting, by its id or reference: for all from the draft sent on, before for their makers.

    `unborn` gives office and moderation what would stand in the minutes before anybody began them (revision 0).
    """
    return await read_one(
        db,
        """
        with me as materialized (select * from whoami($1, $2)),
        found as (
            select m.id as meeting_id, m.state as meeting_state, m.date as held_on, i.id, i.state, i.version, i.keeper_id,
                i.chair_id, i.draft_sent_on, i.objection_until, i.objection_steps, i.approved_on, i.approved_in, i.revision
            from me, meeting m left join minutes i on i.meeting_id = m.id
            where (m.id = $3 or m.reference = $4) and visible(m.audience, me.keys)
                and (i.id is not null or $5) and (i.state is distinct from 'draft' and i.id is not null
                    or me.roles && array['circle_office', 'circle_moderator'] or me.person_id in (i.keeper_id, i.chair_id))
        ),
        frozen as (
            select v.canonical::jsonb || jsonb_build_object('items', (
                select jsonb_agg(coalesce(a.canonical::jsonb, e.item) order by e.n)
                from jsonb_array_elements(v.canonical::jsonb -> 'items') with ordinality e (item, n)
                left join minutes_version a on a.minutes_id = v.minutes_id and a.number = v.number
                    and a.item_id = (e.item ->> 'id')::uuid and visible(a.audience, me.keys))) as content
            from me, found f join minutes_version v on v.minutes_id = f.id and v.number = f.version and v.item_id is null
            where f.state in ('approved', 'approved_with_changes') and visible(v.audience, me.keys)
        )
        select me.card as me, coalesce(f.revision, 0) as revision,
            case when f.meeting_id is not null then
                w.content || jsonb_build_object('seen', encode(sha256(convert_to(w.content::text, 'UTF8')), 'hex'), 'id', f.id, 'meeting_id', f.meeting_id, 'meeting_state', f.meeting_state,
                    'state', coalesce(f.state, 'draft'), 'version', coalesce(f.version, 0), 'keeper_id', f.keeper_id,
                    'chair_id', f.chair_id, 'draft_sent_on', f.draft_sent_on, 'objection_until', f.objection_until,
                    'objection_steps', coalesce(f.objection_steps, '[]'), 'approved_on', f.approved_on,
                    'approved_in', (select a.id from meeting a where a.id = f.approved_in and visible(a.audience, me.keys)),
                    'approved_in_reference', (
                        select a.reference from meeting a where a.id = f.approved_in and visible(a.audience, me.keys)),
                    'objections', (
                        select coalesce(jsonb_agg(jsonb_build_object('id', o.id, 'item_id', o.item_id,
                            'item_number', t.number, 'by_id', o.by_id, 'by_name', p.name, 'received_on', o.received_on,
                            'text', o.text, 'proposed_text', o.proposed_text, 'decision', o.decision,
                            'reason', o.reason) order by o.received_on, t."order", o.id), '[]')
                        from minutes_objection o join person p on p.id = o.by_id left join agenda_item t on t.id = o.item_id
                        where o.minutes_id = f.id and visible(o.audience, me.keys)),
                    'corrections', (
                        select coalesce(jsonb_agg(jsonb_build_object('id', c.id, 'text', c.text,
                            'corrected_on', c.corrected_on, 'by_name', c.by_name) order by c.corrected_on, c.id), '[]')
                        from minutes_correction c where c.minutes_id = f.id),
                    'deputised', exists (
                        select from attendance a left join appointment b on b.person_id = a.person_id and b.kind = 'deputy'
                            and b.valid_from <= f.held_on and (b.valid_to is null or b.valid_to >= f.held_on)
                        where a.meeting_id = f.meeting_id and (a.represented_by = me.person_id
                            or a.person_id = me.person_id and a.status = 'present' and b.id is not null)))
            end as body
        from me left join found f on true cross join lateral (
            select coalesce((select content from frozen), minutes_content(f.meeting_id, me.keys, false)) as content) w
        """,
        caller,
        meeting_id,
        reference,
        unborn,
    )


async def list_versions(
    db: Connection, caller: Caller, after: str | None, limit: int, meeting_id: UUID
) -> Answer:
    """The versions that went out, newest first, each annex for those who are named for its item. Raises NotFound."""
    return await read_page(
        db,
        """
        with me as materialized (select * from whoami($1, $2)),
        page as (
            select v.id, v.number, v.state, v.item_id, t.number as item_number, v.canonical, v.sha256, v.created_by_name,
                v.created_at, p.file_id, p.sha256 as file_sha256,
                lpad((99999 - v.number)::text, 5, '0') || ' ' || lpad(coalesce(t."order", 0)::text, 5, '0') || ' ' || v.id as key,
                row_number() over (order by v.number desc, coalesce(t."order", 0), v.id) as n
            from me, meeting m join minutes i on i.meeting_id = m.id join minutes_version v on v.minutes_id = i.id
            left join agenda_item t on t.id = v.item_id left join minutes_print p on p.version_id = v.id
            where m.id = $5 and visible(m.audience, me.keys) and visible(v.audience, me.keys)
                and ($3::text is null or lpad((99999 - v.number)::text, 5, '0') || ' '
                    || lpad(coalesce(t."order", 0)::text, 5, '0') || ' ' || v.id > $3)
            order by key
            limit $4 + 1
        )
        select me.card as me,
            case when exists (select from meeting m where m.id = $5 and visible(m.audience, me.keys)) then (
                select coalesce(json_agg(to_jsonb(page) - 'key' - 'n' order by key) filter (where n <= $4), '[]')
                from page) end as items,
            (select key from page where n = $4 and exists (select from page where n > $4)) as next
        from me
        """,
        caller,
        after,
        limit,
        meeting_id,
    )


async def lock_meeting(
    db: Connection, meeting_id: UUID | None, reference: str | None, keys: list[str]
) -> asyncpg.Record | None:
    """A visible meeting by id or reference, held until the end of the transaction: acts on minutes queue here."""
    return await db.fetchrow(
        """
        select id, reference, title, number, date, state, procedure_version, coalesce((
            select p.rules ->> 'minutes_kind' from procedure p where p.version = procedure_version), 'result') as minutes_kind
        from meeting where (id = $1 or reference = $2) and visible(audience, $3) for update
        """,
        meeting_id,
        reference,
        keys,
    )


async def find(db: Connection, meeting_id: UUID) -> asyncpg.Record | None:
    """The head row of a meeting's minutes."""
    return await db.fetchrow(
        """
        select id, meeting_id, kind, state, keeper_id, chair_id, version, draft_sent_on, objection_until, approved_on,
            approved_in, revision
        from minutes where meeting_id = $1
        """,
        meeting_id,
    )


async def find_meeting(db: Connection, meeting_id: UUID, keys: list[str]) -> asyncpg.Record | None:
    """Day, title and state of another visible meeting, the one that approves."""
    return await db.fetchrow(
        "select id, date, title, reference, state from meeting where id = $1 and visible(audience, $2)",
        meeting_id,
        keys,
    )


async def list_later_meetings(db: Connection, meeting_id: UUID, keys: list[str]) -> list[asyncpg.Record]:
    """Meetings after this one that have begun: they may have approved its minutes."""
    rows: list[Any] = await db.fetch(
        """
        select l.id, l.title, l.reference, l.date from meeting m join meeting l on l.date > m.date
        where m.id = $1 and visible(m.audience, $2) and visible(l.audience, $2)
            and l.state in ('running', 'held', 'minutes_draft', 'minutes_approved', 'filed')
        order by l.date limit 10
        """,
        meeting_id,
        keys,
    )
    return rows


async def objection_weeks(db: Connection, procedure_version: int) -> int:
    """The objection period in weeks, from the procedure under which the meeting was called; two when it names none."""
    return int(
        await db.fetchval(
            "select coalesce((rules -> 'minutes_objection' ->> 'value')::integer, 2) from procedure where version = $1",
            procedure_version,
        )
        or 2
    )


async def content(db: Connection, meeting_id: UUID) -> dict[str, Any]:
    """Every word of the minutes as they stand now, unmasked: only within `for_the_record`, only to freeze it."""
    found = await db.fetchval("select minutes_content($1, '{}', true)", meeting_id)
    decoded: dict[str, Any] = msgspec.json.decode(found)
    return decoded


async def seen(db: Connection, meeting_id: UUID, keys: list[str]) -> str:
    """What `get` tells as `seen` of minutes that are not approved: the words as they stand now, as far as `keys` open them."""
    found: str = await db.fetchval(
        "select encode(sha256(convert_to(minutes_content($1, $2, false)::text, 'UTF8')), 'hex')",
        meeting_id,
        keys,
    )
    return found


async def insert(db: Connection, meeting_id: UUID, head: MinutesHead) -> UUID:
    """Begin the minutes of a meeting."""
    made = await row(
        db,
        "insert into minutes (meeting_id, kind, keeper_id, chair_id) values ($1, $2, $3, $4) returning id",
        meeting_id,
        head.kind,
        head.keeper_id,
        head.chair_id,
    )
    return UUID(str(made["id"]))


async def all_in_directory(db: Connection, people: set[UUID], keys: list[str], day: date) -> bool:
    """True when the directory, as these keys open it on the day, shows all of these people."""
    found: int = await db.fetchval(
        """
        select count(*) from person p join authority a on a.id = p.authority_id
        where p.id = any($1::uuid[]) and in_directory(p, a.kind, $2, $3)
        """,
        list(people),
        keys,
        day,
    )
    return found == len(people)


async def update_head(db: Connection, minutes_id: UUID, revision: int, head: MinutesHead) -> bool:
    """Change kind, keeper and chair. False when the revision is no longer the present one."""
    done = await db.execute(
        """
        update minutes set kind = $3, keeper_id = $4, chair_id = $5, revision = revision + 1
        where id = $1 and revision = $2
        """,
        minutes_id,
        revision,
        head.kind,
        head.keeper_id,
        head.chair_id,
    )
    return bool(done == "UPDATE 1")


async def touch(db: Connection, minutes_id: UUID) -> None:
    """Something that belongs to the minutes has changed."""
    await db.execute("update minutes set revision = revision + 1 where id = $1", minutes_id)


async def mark_sent(
    db: Connection, minutes_id: UUID, version: int, today: date, until: date, steps: list[str]
) -> None:
    """The draft goes out; the objection period begins."""
    await db.execute(
        """
        update minutes set state = 'sent', version = $2, draft_sent_on = $3, objection_until = $4,
            objection_steps = $5::jsonb, revision = revision + 1
        where id = $1
        """,
        minutes_id,
        version,
        today,
        until,
        msgspec.json.encode(steps).decode(),
    )


async def mark_approved(
    db: Connection, minutes_id: UUID, state: str, version: int, today: date, approved_in: UUID | None
) -> None:
    """The minutes are approved, with or without changes."""
    await db.execute(
        """
        update minutes set state = $2, version = $3, approved_on = $4, approved_in = $5, revision = revision + 1
        where id = $1
        """,
        minutes_id,
        state,
        version,
        today,
        approved_in,
    )


async def mark_meeting(db: Connection, meeting_id: UUID, state: str) -> None:
    """The meeting goes on with its minutes."""
    await db.execute(
        "update meeting set state = $2, revision = revision + 1 where id = $1 and state <> $2",
        meeting_id,
        state,
    )


async def insert_version(
    db: Connection,
    minutes_id: UUID,
    number: int,
    state: str,
    part: Frozen,
    *,
    author: str,
    at: datetime,
    audience: list[str],
) -> None:
    """File a part of a version; it is never changed again. The id comes from here: annexes are not read back."""
    await db.execute(
        """
        insert into minutes_version (id, minutes_id, number, state, item_id, canonical, sha256, created_by_name,
            created_at, audience)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
        """,
        uuid.uuid4(),
        minutes_id,
        number,
        state,
        part.item_id,
        part.canonical,
        part.sha256,
        author,
        at,
        audience,
    )


async def digests(db: Connection, minutes_id: UUID, number: int) -> dict[UUID | None, str]:
    """Item (None: the main text) → SHA-256 of a version."""
    rows = await db.fetch(
        "select item_id, sha256 from minutes_version where minutes_id = $1 and number = $2",
        minutes_id,
        number,
    )
    return {found["item_id"]: found["sha256"] for found in rows}


async def list_recipients(db: Connection, meeting_id: UUID, day: date) -> list[asyncpg.Record]:
    """Who gets the minutes: today's members and office, the deputies who attended, keeper and chair. Active people only."""
    rows: list[Any] = await db.fetch(
        """
        select p.id, p.name, a.short as authority_name, p.email,
            case when r.roles && array['commissioner'] then 'Mitglied'
                when r.roles && array['circle_office'] then 'Geschäftsführung'
                when p.id in (i.keeper_id, i.chair_id) then 'Niederschrift und Moderation'
                else 'hat vertreten' end as reason
        from meeting m left join minutes i on i.meeting_id = m.id
        cross join person p join authority a on a.id = p.authority_id
        cross join lateral (select roles_on(p.id, $2) as roles) r
        where m.id = $1 and p.active and (r.roles && array['commissioner', 'circle_office']
            or p.id in (i.keeper_id, i.chair_id)
            or exists (select from attendance t where t.meeting_id = m.id and t.represented_by = p.id)
            or exists (select from attendance t join appointment b on b.person_id = t.person_id and b.kind = 'deputy'
                and b.valid_from <= m.date and (b.valid_to is null or b.valid_to >= m.date)
                where t.meeting_id = m.id and t.person_id = p.id and t.status = 'present'))
        order by a.kind <> 'district_government', a.name, p.name
        """,
        meeting_id,
        day,
    )
    return rows


async def attended_for_member(db: Connection, meeting_id: UUID, person_id: UUID) -> bool:
    """True when the person attended the meeting in place of a member."""
    return bool(
        await db.fetchval(
            """
            select exists (
                select from meeting m join attendance a on a.meeting_id = m.id
                left join appointment b on b.person_id = a.person_id and b.kind = 'deputy'
                    and b.valid_from <= m.date and (b.valid_to is null or b.valid_to >= m.date)
                where m.id = $1 and (a.represented_by = $2
                    or a.person_id = $2 and a.status = 'present' and b.id is not null))
            """,
            meeting_id,
            person_id,
        )
    )


async def find_item(
    db: Connection, meeting_id: UUID, item_id: UUID, keys: list[str]
) -> asyncpg.Record | None:
    """Level and text of an item of the minutes whose content the keys open."""
    return await db.fetchrow(
        """
        select t.id, t.number, c.confidentiality, c.minutes
        from agenda_item t join agenda_content c on c.item_id = t.id
        where t.id = $2 and t.meeting_id = $1 and t.number <> '' and visible(c.audience, $3)
        """,
        meeting_id,
        item_id,
        keys,
    )


async def update_item_text(db: Connection, item_id: UUID, text: str) -> None:
    """Put other words in place of an item's text."""
    await db.execute("update agenda_content set minutes = $2 where item_id = $1", item_id, text)
    await db.execute("update agenda_item set revision = revision + 1 where id = $1", item_id)


async def insert_objection(
    db: Connection, minutes_id: UUID, by_id: UUID, received_on: date, new: NewObjection, audience: list[str]
) -> UUID:
    """File an objection."""
    objection_id = uuid.uuid4()
    await db.execute(
        """
        insert into minutes_objection (id, minutes_id, item_id, by_id, received_on, text, proposed_text, audience)
        values ($1, $2, $3, $4, $5, $6, $7, $8)
        """,
        objection_id,
        minutes_id,
        new.item_id,
        by_id,
        received_on,
        new.text,
        new.proposed_text,
        audience,
    )
    return objection_id


async def lock_objection(
    db: Connection, minutes_id: UUID, objection_id: UUID, keys: list[str]
) -> asyncpg.Record | None:
    """A visible objection, held until the end of the transaction."""
    return await db.fetchrow(
        """
        select id, item_id, by_id, decision, not 'circle' = any(audience) as sealed from minutes_objection
        where id = $2 and minutes_id = $1 and visible(audience, $3) for update
        """,
        minutes_id,
        objection_id,
        keys,
    )


async def mark_decided(db: Connection, objection_id: UUID, ruling: Ruling) -> None:
    """Write down the decision on an objection."""
    await db.execute(
        "update minutes_objection set decision = $2, reason = $3, revision = revision + 1 where id = $1",
        objection_id,
        ruling.decision,
        ruling.reason,
    )


async def count_objections(db: Connection, minutes_id: UUID) -> tuple[int, int]:
    """How many objections are undecided, how many accepted: of all of them, so only within `for_the_record`."""
    found = await row(
        db,
        """
        select count(*) filter (where decision is null) as undecided,
            count(*) filter (where decision = 'accepted') as accepted
        from minutes_objection where minutes_id = $1
        """,
        minutes_id,
    )
    return found["undecided"], found["accepted"]


async def insert_correction(
    db: Connection, minutes_id: UUID, new: NewCorrection, today: date, by_name: str
) -> None:
    """File a dated correction; it is never changed again."""
    await db.execute(
        "insert into minutes_correction (minutes_id, text, corrected_on, by_name) values ($1, $2, $3, $4)",
        minutes_id,
        new.text,
        today,
        by_name,
    )


async def list_items(db: Connection, meeting_id: UUID) -> list[UUID]:
    """The items of a meeting that stand in its minutes."""
    rows = await db.fetch(
        """select id from agenda_item where meeting_id = $1 and number <> '' order by "order" """, meeting_id
    )
    return [row["id"] for row in rows]


async def find_entry(db: Connection, minutes_id: UUID) -> asyncpg.Record | None:
    """The last main version of minutes, for the search index."""
    return await db.fetchrow(
        """
        select m.id, m.reference, m.title, m.date, i.state, v.canonical, v.audience
        from minutes i join meeting m on m.id = i.meeting_id
        join minutes_version v on v.minutes_id = i.id and v.number = i.version and v.item_id is null
        where i.id = $1
        """,
        minutes_id,
    )


async def find_version(db: Connection, dispatch_id: UUID) -> tuple[UUID, int]:
    """The minutes that a dispatch carries, and the number of their version."""
    found = await row(
        db,
        "select object_id, (details ->> 'number')::integer as number from dispatch where id = $1",
        dispatch_id,
    )
    return found["object_id"], found["number"]


async def list_parts(
    db: Connection, minutes_id: UUID, number: int, dispatch_id: UUID | None
) -> list[asyncpg.Record]:
    """The parts of a version, main text first, with what their prints need. For workers.

    `dispatch_id` is the dispatch it went out with, for the list of recipients.
    """
    rows: list[Any] = await db.fetch(
        """
        select v.id, v.number, v.item_id, v.state, v.canonical, v.sha256, v.audience, v.created_at,
            main.canonical as main, i.state as minutes_state, i.objection_until, i.approved_on,
            (select a.title from meeting a where a.id = i.approved_in) as approving_title,
            coalesce(h.name, c.name, '') as host, case when h.id is null then '' else c.name end as office,
            (select coalesce(array_agg(e.name order by e.name), '{}') from delivery e where e.dispatch_id = $3) as recipients
        from minutes i
        join minutes_version v on v.minutes_id = i.id and v.number = $2
        join minutes_version main on main.minutes_id = i.id and main.number = v.number and main.item_id is null
        left join agenda_item t on t.id = v.item_id
        left join lateral (
            select o.name, o.parent_id from authority o where o.kind = 'competence_centre' order by o.key limit 1) c on true
        left join authority h on h.id = c.parent_id
        where i.id = $1
        order by coalesce(t."order", -1), v.id
        """,
        minutes_id,
        number,
        dispatch_id,
    )
    return rows


async def lock_unprinted(db: Connection, minutes_id: UUID, number: int) -> bool:
    """True when a version has no print yet. Locks the minutes, so that of two builders one sees False."""
    await db.execute("select from minutes where id = $1 for update", minutes_id)
    return not await db.fetchval(
        """
        select exists (select from minutes_print p join minutes_version v on v.id = p.version_id
            where v.minutes_id = $1 and v.number = $2)
        """,
        minutes_id,
        number,
    )


async def page_of(db: Connection, dispatch_id: UUID) -> asyncpg.Record:
    """Id and reference of the meeting whose minutes a dispatch carries."""
    return await row(
        db,
        """
        select m.id, m.reference from dispatch d join minutes i on i.id = d.object_id join meeting m on m.id = i.meeting_id
        where d.id = $1
        """,
        dispatch_id,
    )


async def insert_print(db: Connection, version_id: UUID, file_id: UUID, sha256: str) -> None:
    """File the print of a version; it is never changed again."""
    await db.execute(
        "insert into minutes_print (version_id, file_id, sha256) values ($1, $2, $3)",
        version_id,
        file_id,
        sha256,
    )


async def list_makers(db: Connection, day: date) -> list[asyncpg.Record]:
    """Who may keep minutes or chair: office and moderation of the day."""
    rows: list[Any] = await db.fetch(
        """
        select p.id, p.name from person p
        where p.active and roles_on(p.id, $1) && array['circle_office', 'circle_moderator']
        order by p.name
        """,
        day,
    )
    return rows
