"""SQL about agenda items and papers."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

import asyncpg
import msgspec

from circle.core.db import Answer, Caller, Connection, read_one, read_page

from .model import NextMeeting, Shell, StoredItem, StoredMeeting


async def get_agenda(db: Connection, caller: Caller, reference: str, item_id: UUID | None = None) -> Answer:
    """A visible meeting, named by its reference, with its agenda; the revision is the meeting's.

    Whoever is called in on `item_id` gets the head of its meeting and that item alone, and it is not `whole`.
    """
    return await read_one(
        db,
        """
        with me as materialized (select * from whoami($1, $2))
        select me.card as me, coalesce(m.revision, 0) as revision,
            case when m.id is not null then json_build_object(
                'meeting', json_build_object('id', m.id, 'reference', m.reference, 'title', m.title, 'date', m.date,
                    'start_local', m.start_local, 'end_local', m.end_local, 'state', m.state, 'revision', m.revision,
                    'deadlines', m.deadlines, 'late_refused', exists (
                        select from procedure p where p.version = m.procedure_version
                            and p.rules ->> 'late_items' = 'next_meeting')),
                'whole', visible(m.audience, me.keys),
                'called_in', experts_of('agenda_item', $4, me.keys, ($2 at time zone 'Europe/Berlin')::date),
                'items', case when visible(m.audience, me.keys) then agenda_body(m.id, me.keys) else (
                    select json_agg(a.item) from json_array_elements(agenda_body(m.id, me.keys)) a (item)
                    where a.item ->> 'id' = $4::uuid::text) end) end as body
        from me
        left join meeting m on m.reference = $3 and (visible(m.audience, me.keys) or exists (
            select from agenda_item i
            where i.id = $4::uuid and i.meeting_id = m.id and 'expert:' || i.id = any(me.keys)
                and item_open(i, me.keys)))
        """,
        caller,
        reference,
        item_id,
    )


async def preview_as(
    db: Connection, caller: Caller, role: str, meeting_id: UUID | None = None, reference: str | None = None
) -> Answer:
    """A visible meeting's agenda as a role sees it, and never more of it than the caller does."""
    return await read_one(
        db,
        """
        with me as materialized (
            select *, ($2 at time zone 'Europe/Berlin')::date as today from whoami($1, $2)
        )
        select me.card as me, coalesce(m.revision, 0) as revision,
            case when m.id is not null then json_build_object('id', m.id, 'reference', m.reference, 'title', m.title,
                'date', m.date, 'role', $3::text, 'seen', visible(m.audience, s.keys),
                'items', case when visible(m.audience, s.keys) then agenda_as(m.id, s.keys, me.keys) else '[]' end) end as body
        from me
        left join meeting m on (m.id = $4 or m.reference = $5) and visible(m.audience, me.keys)
        left join lateral (select sight_of($3, m.id, me.today) as keys) s on true
        """,
        caller,
        role,
        meeting_id,
        reference,
    )


async def list_versions(
    db: Connection, caller: Caller, meeting_id: UUID | None = None, reference: str | None = None
) -> Answer:
    """The agendas of a visible meeting as they went out, the oldest first, with the papers the caller may open."""
    return await read_one(
        db,
        """
        with me as materialized (select * from whoami($1, $2))
        select me.card as me, coalesce(m.revision, 0) as revision,
            case when m.id is not null then json_build_object('id', m.id, 'reference', m.reference, 'title', m.title,
                'date', m.date, 'versions', (
                    select coalesce(json_agg(json_build_object('version', v.version, 'kind', v.kind, 'sent_on', v.sent_on,
                        'sha256', v.sha256, 'agenda', jsonb_set(v.agenda, '{items}', (
                            select coalesce(jsonb_agg(jsonb_set(i.item, '{papers}', (
                                select coalesce(jsonb_agg(q.paper order by q.n), '[]')
                                from jsonb_array_elements(coalesce(i.item -> 'papers', '[]')) with ordinality q (paper, n)
                                join paper p on p.id::text = q.paper ->> 'id' and visible(p.audience, me.keys)))
                                order by i.n), '[]')
                            from jsonb_array_elements(coalesce(v.agenda -> 'items', '[]')) with ordinality i (item, n))))
                        order by v.version), '[]')
                    from agenda_version v where v.meeting_id = m.id)) end as body
        from me left join meeting m on (m.id = $3 or m.reference = $4) and visible(m.audience, me.keys)
        """,
        caller,
        meeting_id,
        reference,
    )


async def list_items(
    db: Connection, caller: Caller, after: str | None, limit: int, meeting_id: UUID
) -> Answer:
    """The agenda of a visible meeting in order. Raises NotFound for an unseen meeting."""
    return await read_page(
        db,
        """
        with me as materialized (select * from whoami($1, $2)),
        seen as (select m.id from me, meeting m where m.id = $5 and visible(m.audience, me.keys)),
        page as (
            select a.item, (a.item ->> 'order')::integer as n
            from me, seen, json_array_elements(agenda_body(seen.id, me.keys)) a (item)
            where $3::text is null or (a.item ->> 'order')::integer > $3::text::integer
            order by n
            limit $4 + 1
        )
        select me.card as me,
            case when exists (select from seen)
                then (select coalesce(json_agg(item order by n), '[]') from (select * from page order by n limit $4) p)
            end as items,
            case when (select count(*) from page) > $4 then (select n::text from page order by n offset $4 - 1 limit 1) end as next
        from me
        """,
        caller,
        after,
        limit,
        meeting_id,
    )


async def get_item(db: Connection, caller: Caller, item_id: UUID, reference: str | None = None) -> Answer:
    """One item of a visible meeting, or one that the caller is called in on; `reference` binds it to that meeting."""
    return await read_one(
        db,
        """
        with me as materialized (select * from whoami($1, $2))
        select me.card as me, coalesce((a.item ->> 'revision')::integer, 0) as revision, a.item as body
        from me
        left join (agenda_item i join meeting m on m.id = i.meeting_id)
            on i.id = $3 and ($4::text is null or m.reference = $4)
            and (visible(m.audience, me.keys) or 'expert:' || i.id = any(me.keys))
        left join lateral json_array_elements(agenda_body(m.id, me.keys)) a (item) on a.item ->> 'id' = $3::text
        """,
        caller,
        item_id,
        reference,
    )


async def list_papers(
    db: Connection, caller: Caller, after: str | None, limit: int, meeting_id: UUID
) -> Answer:
    """The papers of a meeting that the caller may open, by item and number. Raises NotFound for an unseen meeting."""
    return await read_page(
        db,
        """
        with me as materialized (select * from whoami($1, $2)),
        seen as (select m.id from me, meeting m where m.id = $5 and visible(m.audience, me.keys)),
        page as (
            select paper_body(p, f, d, a) as paper, to_char(i."order", 'FM000000') || to_char(p.number, 'FM000000') as key
            from me, seen, paper p join agenda_item i on i.id = p.item_id
            left join file f on f.id = p.file_id
            left join document d on d.id = p.document_id and visible(d.audience, (select k.keys from me k))
            left join person a on a.id = p.author_id
            where p.meeting_id = seen.id and visible(p.audience, me.keys) and item_open(i, me.keys)
                and ($3::text is null or to_char(i."order", 'FM000000') || to_char(p.number, 'FM000000') > $3)
            order by key
            limit $4 + 1
        )
        select me.card as me,
            case when exists (select from seen)
                then (select coalesce(json_agg(paper order by key), '[]') from (select * from page order by key limit $4) p)
            end as items,
            case when (select count(*) from page) > $4 then (select key from page order by key offset $4 - 1 limit 1) end as next
        from me
        """,
        caller,
        after,
        limit,
        meeting_id,
    )


async def get_paper(db: Connection, caller: Caller, paper_id: UUID) -> Answer:
    """One paper that the caller may open."""
    return await read_one(
        db,
        """
        with me as materialized (select * from whoami($1, $2))
        select me.card as me, coalesce(p.revision, 0) as revision,
            case when p.id is not null then paper_body(p, f, d, a) end as body
        from me
        left join (paper p join agenda_item i on i.id = p.item_id join meeting m on m.id = p.meeting_id)
            on p.id = $3 and visible(p.audience, me.keys) and item_open(i, me.keys)
            and (visible(m.audience, me.keys) or 'expert:' || i.id = any(me.keys))
        left join file f on f.id = p.file_id
        left join document d on d.id = p.document_id and visible(d.audience, me.keys)
        left join person a on a.id = p.author_id
        """,
        caller,
        paper_id,
    )


async def lock_meeting(db: Connection, meeting_id: UUID, keys: list[str]) -> StoredMeeting | None:
    """A visible meeting, held until the end of the transaction: acts on one agenda queue here."""
    found = await db.fetchrow(
        """
        select id, reference, title, date as "on", state, revision,
            (deadlines -> 'agenda_submission' ->> 'on')::date as submission_until,
            (deadlines -> 'papers_latest' ->> 'on')::date as papers_until, exists (
                select from procedure p where p.version = procedure_version
                    and p.rules ->> 'late_items' = 'next_meeting') as late_refused
        from meeting where id = $1 and visible(audience, $2) for update
        """,
        meeting_id,
        keys,
    )
    return msgspec.convert(dict(found), StoredMeeting) if found else None


async def meeting_of(db: Connection, item_id: UUID) -> UUID | None:
    """The meeting of an item, seen or not; the caller locks it next."""
    found: UUID | None = await db.fetchval("select meeting_id from agenda_item where id = $1", item_id)
    return found


async def lock_item(db: Connection, item_id: UUID, keys: list[str]) -> StoredItem | None:
    """An item that `keys` see, held until the end of the transaction. Its content is empty when it is not open."""
    found = await db.fetchrow(
        """
        select i.id, i.meeting_id, i."order", i.number, i.status, i.frozen, i.late_submission, i.adjourned_to, i.revision,
            c.item_id is not null as open, coalesce(c.title, '') as title, coalesce(c.description, '') as description,
            coalesce(c.aim, '') as aim, coalesce(c.kind, '') as kind,
            coalesce(c.confidentiality, 'confidential') as confidentiality, c.rapporteur_id, c.submitted_by,
            p.authority_id as house, coalesce(c.planned_minutes, 0) as planned_minutes, coalesce(c.minutes, '') as minutes,
            coalesce(c.result, '') as result, coalesce(c.resolution_text, '') as resolution_text,
            coalesce(c.votes::text, '') as votes, coalesce(c.reservations::text, '[]') as reservations,
            c.written_revision
        from agenda_item i
        left join agenda_content c on c.item_id = i.id and visible(c.audience, $2)
        left join person p on p.id = c.submitted_by
        where i.id = $1 and item_open(i, $2) for update of i
        """,
        item_id,
        keys,
    )
    return msgspec.convert(dict(found), StoredItem) if found else None


async def list_shells(db: Connection, meeting_id: UUID) -> list[Shell]:
    """Every item's place and state, in order, locked. For acts of the office, which sees them all."""
    rows = await db.fetch(
        """
        select id, "order", number, status, frozen, late_submission from agenda_item
        where meeting_id = $1 order by "order" for update
        """,
        meeting_id,
    )
    return msgspec.convert([dict(row) for row in rows], list[Shell])


async def count_items(db: Connection, meeting_id: UUID) -> int:
    """How many items a locked meeting has, whatever became of them."""
    return int(await db.fetchval("select count(*) from agenda_item where meeting_id = $1", meeting_id))


async def next_place(db: Connection, meeting_id: UUID) -> int:
    """The place of a new item: at the end, but before „Verschiedenes“ and what else stands last, which make room."""
    place: int = await db.fetchval(
        """
        select coalesce(
            (select min(i."order") from agenda_item i left join agenda_content c on c.item_id = i.id
                where i.meeting_id = $1 and (c.kind = 'miscellaneous' or i.standing = 'last')),
            (select max("order") + 1 from agenda_item where meeting_id = $1), 0)
        """,
        meeting_id,
    )
    await db.execute(
        """update agenda_item set "order" = "order" + 1 where meeting_id = $1 and "order" >= $2""",
        meeting_id,
        place,
    )
    return place


async def standing_items(db: Connection, meeting_id: UUID) -> str | None:
    """What stands on every agenda by the procedure that a meeting keeps, as JSON; None when that is silent."""
    found: str | None = await db.fetchval(
        """
        select p.rules ->> 'standing_items' from procedure p join meeting m on m.procedure_version = p.version
        where m.id = $1
        """,
        meeting_id,
    )
    return found


async def keep_standing(db: Connection, item_id: UUID, copy_id: UUID) -> None:
    """What stood on the agenda of its own accord does so on that of the new date."""
    await db.execute(
        "update agenda_item i set standing = o.standing from agenda_item o where o.id = $1 and i.id = $2",
        item_id,
        copy_id,
    )


async def insert_item(
    db: Connection,
    *,
    item_id: UUID,
    meeting_id: UUID,
    order: int,
    status: str,
    late: bool,
    standing: str | None = None,
) -> None:
    """The shell of a new item; `standing` is its place when it stands on every agenda."""
    await db.execute(
        """
        insert into agenda_item (id, meeting_id, "order", status, late_submission, standing)
        values ($1, $2, $3, $4, $5, $6)
        """,
        item_id,
        meeting_id,
        order,
        status,
        late,
        standing,
    )


async def insert_content(
    db: Connection,
    *,
    item_id: UUID,
    meeting_id: UUID,
    title: str,
    description: str,
    aim: str,
    kind: str,
    confidentiality: str,
    rapporteur_id: UUID | None,
    submitted_by: UUID | None,
    planned_minutes: int,
) -> None:
    """What a new item is about. Nothing is read back through the wall."""
    await db.execute(
        """
        insert into agenda_content (item_id, meeting_id, title, description, aim, kind, confidentiality, rapporteur_id,
            submitted_by, planned_minutes)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
        """,
        item_id,
        meeting_id,
        title,
        description,
        aim,
        kind,
        confidentiality,
        rapporteur_id,
        submitted_by,
        planned_minutes,
    )


async def unknown_people(
    db: Connection, item_id: UUID, people: list[UUID], keys: list[str], day: date
) -> bool:
    """True when somebody is neither in the directory as these keys open it nor named for the item already."""
    found: bool = await db.fetchval(
        """
        select exists (select from unnest($2::uuid[]) wanted where not exists (
            select from person p join authority a on a.id = p.authority_id where p.id = wanted and in_directory(p, a.kind, $3, $4)
            union all select from named_access n where n.object_id = $1 and n.person_id = wanted))
        """,
        item_id,
        people,
        keys,
        day,
    )
    return found


async def insert_named(
    db: Connection, item_id: UUID, people: list[UUID], granted_by: UUID | None
) -> list[UUID]:
    """Name people for a confidential item. Returns those who were not named before."""
    rows = await db.fetch(
        """
        insert into named_access (object_id, person_id, granted_by) select $1, unnest($2::uuid[]), $3
        on conflict on constraint named_access_unique do nothing returning person_id
        """,
        item_id,
        people,
        granted_by,
    )
    return [row["person_id"] for row in rows]


async def drop_named(db: Connection, item_id: UUID, keep: list[UUID]) -> list[UUID]:
    """Take everybody but `keep` off a confidential item. Returns those who were named before."""
    rows = await db.fetch(
        "delete from named_access where object_id = $1 and person_id <> all($2) returning person_id",
        item_id,
        keep,
    )
    return [row["person_id"] for row in rows]


async def update_content(
    db: Connection,
    item_id: UUID,
    *,
    title: str,
    description: str,
    aim: str,
    kind: str,
    confidentiality: str,
    rapporteur_id: UUID | None,
    planned_minutes: int,
) -> None:
    """Another wording, person, time or level. The item's revision is counted with its state."""
    await db.execute(
        """
        update agenda_content set title = $2, description = $3, aim = $4, kind = $5, confidentiality = $6,
            rapporteur_id = $7, planned_minutes = $8
        where item_id = $1
        """,
        item_id,
        title,
        description,
        aim,
        kind,
        confidentiality,
        rapporteur_id,
        planned_minutes,
    )


async def update_planned_minutes(
    db: Connection, item_ids: list[UUID], minutes: list[int], keys: list[str]
) -> None:
    """The planned times of several items whose content `keys` open."""
    await db.execute(
        """
        update agenda_content c set planned_minutes = n.minutes
        from unnest($1::uuid[], $2::integer[]) n (id, minutes)
        where c.item_id = n.id and visible(c.audience, $3)
        """,
        item_ids,
        minutes,
        keys,
    )


async def mark(db: Connection, item_id: UUID, revision: int, status: str) -> bool:
    """Move an item to a state, or only count its change. False when the revision is no longer the present one."""
    done = await db.execute(
        "update agenda_item set status = $3, revision = revision + 1 where id = $1 and revision = $2",
        item_id,
        revision,
        status,
    )
    return bool(done == "UPDATE 1")


async def update_return_reason(db: Connection, item_id: UUID, reason: str) -> None:
    """Why the proposal went back; empty once it is mended or admitted."""
    await db.execute("update agenda_content set return_reason = $2 where item_id = $1", item_id, reason)


async def update_outcome(
    db: Connection,
    item_id: UUID,
    *,
    minutes: str,
    result: str,
    resolution_text: str,
    votes: str | None,
    reservations: str,
) -> None:
    """Text and result. `votes` and `reservations` are JSON."""
    await db.execute(
        """
        update agenda_content set minutes = $2, result = $3, resolution_text = $4, votes = $5::jsonb,
            reservations = $6::jsonb
        where item_id = $1
        """,
        item_id,
        minutes,
        result,
        resolution_text,
        votes,
        reservations,
    )


async def update_reservations(db: Connection, item_id: UUID, reservations: str) -> None:
    """The reservations as JSON."""
    await db.execute(
        "update agenda_content set reservations = $2::jsonb where item_id = $1", item_id, reservations
    )


async def count_voices(db: Connection, meeting_id: UUID, item_id: UUID, at: datetime) -> int:
    """Houses with a voice: those in the room while the item was dealt with, or, when nobody's coming was recorded, those
    present or represented, or all five while no attendance is kept. `at` counts for an item that was not called up."""
    return int(
        await db.fetchval(
            """
            select coalesce(most_voices($1, $2, $3), nullif((
                select count(distinct p.authority_id) from attendance a join person p on p.id = a.person_id
                join authority h on h.id = p.authority_id and h.kind = 'district_government'
                where a.meeting_id = $1 and a.status in ('present', 'represented')), 0),
                (select count(*) from authority where kind = 'district_government'))
            """,
            meeting_id,
            item_id,
            at,
        )
    )


async def end_call(db: Connection, item_id: UUID, at: datetime) -> None:
    """An item that is being dealt with in the room is so no more."""
    await db.execute(
        "update item_call set ended_at = greatest(called_at, $2) where item_id = $1 and ended_at is null",
        item_id,
        at,
    )


async def update_places(db: Connection, item_ids: list[UUID], places: list[int]) -> None:
    """New places for some items; the others keep theirs."""
    await db.execute(
        """
        update agenda_item i set "order" = n.place from unnest($1::uuid[], $2::integer[]) n (id, place)
        where i.id = n.id
        """,
        item_ids,
        places,
    )


async def touch_meeting(db: Connection, meeting_id: UUID) -> None:
    """Count a change of the whole agenda at its meeting."""
    await db.execute("update meeting set revision = revision + 1 where id = $1", meeting_id)


async def mark_frozen(db: Connection, item_ids: list[UUID], numbers: list[str]) -> None:
    """Onto the agenda that goes out, with numbers that stay."""
    await db.execute(
        """
        update agenda_item i set status = 'on_agenda', number = n.number, frozen = true, revision = revision + 1
        from unnest($1::uuid[], $2::text[]) n (id, number)
        where i.id = n.id
        """,
        item_ids,
        numbers,
    )


async def last_held(db: Connection, before: date) -> str | None:
    """The title of the last meeting that took place before a day."""
    found: str | None = await db.fetchval(
        """
        select title from meeting where date < $1 and state in ('running', 'held', 'minutes_draft', 'minutes_approved', 'filed')
        order by date desc, number desc limit 1
        """,
        before,
    )
    return found


async def copy_item(
    db: Connection, item_id: UUID, copy_id: UUID, meeting_id: UUID, order: int, status: str, late: bool
) -> None:
    """Take an item over into another meeting: content, named persons and papers, without what was said about it.

    Only within `for_the_record`, because whoever moves an agenda may not read all of it.
    """
    await insert_item(db, item_id=copy_id, meeting_id=meeting_id, order=order, status=status, late=late)
    await db.execute(
        """
        insert into named_access (object_id, person_id, granted_by)
        select $2::uuid, person_id, granted_by from named_access where object_id = $1::uuid
        """,
        item_id,
        copy_id,
    )
    await db.execute(
        """
        insert into expert_involvement (object_kind, object_id, person_id, authority_id, granted_by, valid_from, valid_to,
            ended_on)
        select object_kind, $2::uuid, person_id, authority_id, granted_by, valid_from, valid_to, ended_on
        from expert_involvement where object_id = $1::uuid
        """,
        item_id,
        copy_id,
    )
    await db.execute(
        """
        insert into agenda_content (item_id, meeting_id, title, description, aim, kind, confidentiality, rapporteur_id,
            submitted_by, planned_minutes, return_reason)
        select $2::uuid, $3::uuid, title, description, aim, kind, confidentiality, rapporteur_id, submitted_by,
            planned_minutes, return_reason
        from agenda_content where item_id = $1::uuid
        """,
        item_id,
        copy_id,
        meeting_id,
    )
    await db.execute(
        """
        insert into paper (meeting_id, item_id, number, title, version, confidentiality, label, file_id, document_id,
            author_id, submitted_on)
        select $3::uuid, $2::uuid, number, title, version, confidentiality, 'advance', file_id, document_id, author_id,
            submitted_on
        from paper where item_id = $1::uuid
        """,
        item_id,
        copy_id,
        meeting_id,
    )
    await db.execute(
        """
        insert into file_use (file_id, object_id, audience)
        select file_id, id, audience from paper where item_id = $1 and file_id is not null
        """,
        copy_id,
    )


async def mark_adjourned(
    db: Connection, item_id: UUID, successor: UUID | None, status: str = "adjourned"
) -> None:
    """To a later meeting; only within `for_the_record`, for the result of an item that the actor may not read."""
    await db.execute(
        """
        update agenda_item set status = $3, adjourned_to = coalesce($2, adjourned_to), revision = revision + 1
        where id = $1
        """,
        item_id,
        successor,
        status,
    )
    await db.execute(
        "update agenda_content set result = 'adjourned' where item_id = $1 and $2 = 'adjourned' and result = ''",
        item_id,
        status,
    )


async def kinds_of(db: Connection, meeting_id: UUID) -> dict[UUID, str]:
    """The kind of every item; only within `for_the_record`."""
    rows = await db.fetch("select item_id, kind from agenda_content where meeting_id = $1", meeting_id)
    return {row["item_id"]: row["kind"] for row in rows}


async def list_later_meetings(db: Connection, day: date, keys: list[str]) -> list[asyncpg.Record]:
    """Meetings after a day that still take items up."""
    rows: list[Any] = await db.fetch(
        """
        select id, title, date from meeting
        where date > $1 and state in ('planned', 'agenda_open', 'invited') and visible(audience, $2)
        order by date, number limit 10
        """,
        day,
        keys,
    )
    return rows


async def next_meeting(
    db: Connection, day: date, keys: list[str], today: date, *, planned: bool = False
) -> NextMeeting | None:
    """The next meeting after a day that takes items in time; with `planned` one that is not open yet counts too."""
    found = await db.fetchrow(
        """
        select id, reference, title, date from meeting
        where date > $1 and visible(audience, $2) and (state = 'agenda_open' or $4 and state = 'planned')
            and coalesce((deadlines -> 'agenda_submission' ->> 'on')::date, date - 28) >= $3
        order by date, number limit 1
        """,
        day,
        keys,
        today,
        planned,
    )
    return msgspec.convert(dict(found), NextMeeting) if found else None


async def list_left(
    db: Connection, caller: Caller, after: str | None, limit: int, meeting_id: UUID
) -> Answer:
    """What earlier meetings put off without naming another one, proposals on which they did not decide, and what cancelled
    ones left, the oldest first.

    What stands on every agenda of its own accord is not among it. Raises NotFound for an unseen meeting.
    """
    return await read_page(
        db,
        """
        with me as materialized (select * from whoami($1, $2)),
        seen as (select m.id, m.date from me, meeting m where m.id = $5 and visible(m.audience, me.keys)),
        page as (
            select json_build_object('id', i.id, 'meeting_id', m.id, 'meeting_reference', m.reference,
                    'meeting_date', m.date, 'number', i.number, 'status', i.status, 'revision', i.revision,
                    'title', coalesce(c.title, 'Vertraulicher Tagesordnungspunkt'),
                    'confidentiality', coalesce(c.confidentiality, 'confidential'),
                    'planned_minutes', c.planned_minutes) as item,
                m.date || ' ' || to_char(i."order", 'FM000000') || ' ' || i.id as key
            from me, seen, agenda_item i join meeting m on m.id = i.meeting_id
            left join agenda_content c on c.item_id = i.id and visible(c.audience, (select k.keys from me k))
            where m.date < seen.date and visible(m.audience, me.keys) and item_open(i, me.keys)
                and i.adjourned_to is null and i.standing is null
                and (i.status = 'adjourned' and m.state <> 'moved'
                    or i.status = 'registered' and m.state in ('held', 'minutes_draft', 'minutes_approved', 'filed')
                    or m.state = 'cancelled' and i.status in ('registered', 'returned', 'admitted', 'on_agenda'))
                and coalesce(c.kind, '') not in ('formality', 'approval_of_minutes', 'miscellaneous')
                and ($3::text is null or m.date || ' ' || to_char(i."order", 'FM000000') || ' ' || i.id > $3)
            order by key
            limit $4 + 1
        )
        select me.card as me,
            case when exists (select from seen)
                then (select coalesce(json_agg(item order by key), '[]') from (select * from page order by key limit $4) p)
            end as items,
            case when (select count(*) from page) > $4 then (select key from page order by key offset $4 - 1 limit 1) end as next
        from me
        """,
        caller,
        after,
        limit,
        meeting_id,
    )


async def list_people(db: Connection, day: date) -> list[asyncpg.Record]:
    """Who may report on an item or be named for a confidential one: members, deputies in time, and the KfI."""
    rows: list[Any] = await db.fetch(
        """
        select p.id, p.name, a.short as authority_name
        from person p join authority a on a.id = p.authority_id
        where p.active and roles_on(p.id, $1) && array['commissioner', 'deputy', 'circle_office', 'circle_moderator',
            'kfi_head', 'kfi_expert']
        order by a.kind <> 'district_government', a.name, p.name
        """,
        day,
    )
    return rows


async def list_members(db: Connection, day: date) -> list[asyncpg.Record]:
    """Who speaks for a house on a day."""
    rows: list[Any] = await db.fetch(
        """
        select p.id, p.name, a.short as authority_name
        from person p join authority a on a.id = p.authority_id
        where p.active and roles_on(p.id, $1) && array['commissioner', 'deputy']
        order by a.name, p.name
        """,
        day,
    )
    return rows


async def person_name(db: Connection, person_id: UUID) -> str | None:
    """Title, name and house of an active person: „Kim Köln (BR Köln)“."""
    found: str | None = await db.fetchval(
        """
        select trim(p.title || ' ' || p.name) || ' (' || a.short || ')'
        from person p join authority a on a.id = p.authority_id where p.id = $1 and p.active
        """,
        person_id,
    )
    return found


async def holds_voice(db: Connection, person_id: UUID, day: date) -> bool:
    """Whether a person speaks for a house on a day: commissioner or deputy in time."""
    return bool(
        await db.fetchval("select roles_on($1, $2) && array['commissioner', 'deputy']", person_id, day)
    )


async def find_document(db: Connection, document_id: UUID, keys: list[str]) -> asyncpg.Record | None:
    """Level of a document that `keys` open."""
    return await db.fetchrow(
        "select id, confidentiality from document where id = $1 and visible(audience, $2)",
        document_id,
        keys,
    )


async def find_document_named(db: Connection, reference: str, keys: list[str]) -> asyncpg.Record | None:
    """A document by its number, when `keys` open it."""
    return await db.fetchrow(
        "select id, title from document where upper(reference) = upper($1) and visible(audience, $2)",
        reference.strip(),
        keys,
    )


async def insert_paper(
    db: Connection,
    *,
    paper_id: UUID,
    meeting_id: UUID,
    item_id: UUID,
    title: str,
    confidentiality: str,
    label: str,
    file_id: UUID | None,
    document_id: UUID | None,
    author_id: UUID | None,
    submitted_on: date,
) -> None:
    """A new paper with the next number of its item."""
    await db.execute(
        """
        insert into paper (id, meeting_id, item_id, number, title, confidentiality, label, file_id, document_id, author_id,
            submitted_on)
        select $1, $2, $3, coalesce(max(p.number), 0) + 1, $4, $5, $6, $7, $8, $9, $10 from paper p where p.item_id = $3
        """,
        paper_id,
        meeting_id,
        item_id,
        title,
        confidentiality,
        label,
        file_id,
        document_id,
        author_id,
        submitted_on,
    )


async def lock_paper(db: Connection, paper_id: UUID, keys: list[str]) -> asyncpg.Record | None:
    """A paper that `keys` open, held until the end of the transaction."""
    return await db.fetchrow(
        """
        select id, item_id, title, version, confidentiality, label, file_id, document_id, author_id, submitted_on, revision,
            audience
        from paper where id = $1 and visible(audience, $2) for update
        """,
        paper_id,
        keys,
    )


async def update_paper(
    db: Connection,
    paper_id: UUID,
    revision: int,
    *,
    title: str,
    version: int,
    file_id: UUID | None,
    label: str,
    submitted_on: date,
) -> bool:
    """Another title or version. False when the revision is no longer the present one."""
    done = await db.execute(
        """
        update paper set title = $3, version = $4, file_id = $5, label = $6, submitted_on = $7, revision = revision + 1
        where id = $1 and revision = $2
        """,
        paper_id,
        revision,
        title,
        version,
        file_id,
        label,
        submitted_on,
    )
    return bool(done == "UPDATE 1")


async def update_paper_levels(db: Connection, item_id: UUID, level: str) -> list[asyncpg.Record]:
    """Give all papers of an item the item's level; returns their ids with the audiences they have now."""
    rows: list[Any] = await db.fetch(
        """
        update paper set confidentiality = $2, revision = revision + 1 where item_id = $1 returning id, audience
        """,
        item_id,
        level,
    )
    return rows


async def find_entry(db: Connection, item_id: UUID) -> asyncpg.Record | None:
    """What the search index keeps of an item; only within `for_the_record`.

    The text of the minutes is found once they are approved. A paper of a higher level than its item names nothing.
    """
    return await db.fetchrow(
        """
        select m.reference, m.date, i.number, i.status, i.frozen, c.title, c.description, c.resolution_text,
            case when m.state in ('minutes_approved', 'filed') then c.minutes else '' end as minutes, c.confidentiality,
            c.audience, (select coalesce(array_agg(p.title order by p.number), '{}') from paper p
                where p.item_id = i.id
                    and (p.confidentiality = 'confidential') = (c.confidentiality = 'confidential')) as papers
        from agenda_item i join meeting m on m.id = i.meeting_id join agenda_content c on c.item_id = i.id
        where i.id = $1
        """,
        item_id,
    )


async def houses_of(db: Connection, item_id: UUID, keys: list[str]) -> list[UUID]:
    """The houses of submitter and rapporteur of an item whose content `keys` open."""
    rows = await db.fetch(
        """
        select distinct p.authority_id from agenda_content c join person p on p.id in (c.submitted_by, c.rapporteur_id)
        where c.item_id = $1 and visible(c.audience, $2)
        """,
        item_id,
        keys,
    )
    return [row["authority_id"] for row in rows]


async def audience_of(db: Connection, item_id: UUID, keys: list[str]) -> list[str]:
    """Who may open the content of an item that `keys` open."""
    found = await db.fetchval(
        "select audience from agenda_content where item_id = $1 and visible(audience, $2)", item_id, keys
    )
    return list(found or [])


async def find_paper(db: Connection, paper_id: UUID, keys: list[str]) -> asyncpg.Record | None:
    """Where a paper belongs, when `keys` open it; the caller locks meeting and item before the paper."""
    return await db.fetchrow(
        "select meeting_id, item_id from paper where id = $1 and visible(audience, $2)", paper_id, keys
    )
