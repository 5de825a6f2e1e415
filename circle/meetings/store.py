"""SQL about meetings, attendance and what went out."""

from datetime import date, datetime, time
from typing import Any
from uuid import UUID

import asyncpg
import msgspec

from circle.core.db import Answer, Caller, Connection, read_one, read_page, row

from .agenda.model import AgendaItem
from .model import AttendingPerson, Candidate, Recipient, StoredMeeting, StoredStay, UnsentPaper


async def get(
    db: Connection,
    caller: Caller,
    meeting_id: UUID | None = None,
    *,
    reference: str | None = None,
    room: bool = False,
) -> Answer:
    """A visible meeting by id or reference, with agenda, attendance, deadlines and what went out.

    `room` adds who is there from when to when, and which item was called up when.
    """
    return await read_one(
        db,
        """
        with me as materialized (
            select *, ($2 at time zone 'Europe/Berlin')::date as today from whoami($1, $2)
        )
        select me.card as me, coalesce(m.revision, 0) as revision, case when m.id is not null then
            -- One object of several: the card's fields, then these, then those of the room.
            left(meeting_card(m, t.reference, n.items, n.proposals, me.today)::text, -1) || ', '
            || left(substr(json_build_object(
                'file_reference', m.file_reference, 'deadlines', m.deadlines, 'procedure_version', m.procedure_version,
                'started_at', m.started_at, 'ended_at', m.ended_at, 'moved_from_reference', (
                    select o.reference from meeting o where o.moved_to = m.id and visible(o.audience, me.keys) limit 1),
                'reason', m.reason, 'note', m.note, 'convened_by', m.convened_by,
                'convened_by_name', (select name from person where id = m.convened_by),
                'agenda', agenda_body(m.id, me.keys),
                'attendance', attendance_body(m.id),
                'members', (
                    select coalesce(json_agg(json_build_object('authority_id', h.id, 'authority_name', h.short,
                        'person_id', p.id, 'name', trim(p.title || ' ' || p.name)) order by h.name), '[]')
                    from authority h
                    left join (appointment b join person p on p.id = b.person_id) on b.authority_id = h.id
                        and b.kind = 'commissioner' and b.valid_from <= m.date
                        and (b.valid_to is null or b.valid_to >= m.date)
                    where h.kind = 'district_government'),
                'editions', (
                    select coalesce(json_agg(json_build_object('version', v.version, 'kind', v.kind,
                        'sent_on', v.sent_on, 'sha256', v.sha256, 'members', v.members || array(
                            select l.person_id from late_invitation l
                            where l.meeting_id = v.meeting_id and l.version = v.version), 'file_id', (
                            select t.file_id from dispatch_part t
                            where t.dispatch_id = v.dispatch_id and t.position = 1 and visible(t.audience, me.keys)))
                        order by v.version), '[]')
                    from agenda_version v where v.meeting_id = m.id),
                'dispatches', (
                    select coalesce(json_agg(json_build_object('id', s.id, 'kind', s.kind, 'title', s.title,
                        'state', s.state, 'sent_on', s.sent_on, 'total', c.total, 'sent', c.sent, 'failed', c.failed)
                        order by s.created_at, s.id), '[]')
                    from dispatch s cross join lateral (
                        select count(*) as total, count(*) filter (where d.state = 'sent') as sent,
                            count(*) filter (where d.state in ('failed', 'uncertain')) as failed
                        from delivery d where d.dispatch_id = s.id) c
                    where s.object_kind = 'meeting' and s.object_id = m.id and visible(s.audience, me.keys)),
                'unsent', (
                    select json_build_object('changed', coalesce((v.agenda ->> 'sequence')::integer <> m.sequence, false),
                        'items', (select count(*) from agenda_item i where i.meeting_id = m.id and i.status = 'admitted'),
                        'papers', (
                            select count(*) from paper p join agenda_item i on i.id = p.item_id
                            where p.meeting_id = m.id and i.status in ('admitted', 'on_agenda')
                                and visible(p.audience, me.keys) and not exists (
                                    select from agenda_version_paper s
                                    where s.paper_id = p.id and s.paper_version = p.version)))
                    from (select) one left join agenda_version v on v.meeting_id = m.id and v.version = m.agenda_version
                    where m.state = 'invited'),
                'quorum_least', coalesce((
                    select (r.rules -> 'quorum' ->> 'present_members_min')::integer
                    from procedure r where r.version = m.procedure_version), 3),
                'calendar_id', coalesce(m.calendar_id, m.id),
                'called_on', (select max(c.sent_on) from call_for_items c where c.meeting_id = m.id),
                'minutes_open', me.roles && array['circle_office', 'circle_moderator'] or exists (
                    select from minutes i where i.meeting_id = m.id
                        and (i.state <> 'draft' or me.person_id in (i.keeper_id, i.chair_id))))::text, 2), -1)
            || case when $5 then ', ' || substr(room_body(m.id, me.keys,
                me.roles && array['circle_office', 'circle_moderator'])::text, 2) else '}' end end as body
        from me
        left join meeting m on (m.id = $3 or m.reference = $4) and visible(m.audience, me.keys)
        left join meeting t on t.id = m.moved_to and visible(t.audience, me.keys)
        left join lateral (
            select count(*) filter (where i.status in ('admitted', 'on_agenda', 'treated')) as items,
                count(*) filter (where i.status = 'registered') as proposals
            from agenda_item i where i.meeting_id = m.id and item_open(i, me.keys)) n on true
        """,
        caller,
        meeting_id,
        reference,
        room,
    )


async def list_meetings(
    db: Connection,
    caller: Caller,
    after: str | None,
    limit: int,
    *,
    state: str | None = None,
    upcoming: bool | None = None,
) -> Answer:
    """Meetings, the latest first; with `upcoming` those to come, the next first, or (False) all others."""
    return await read_page(
        db,
        """
        with me as materialized (
            select *, ($2 at time zone 'Europe/Berlin')::date as today from whoami($1, $2)
        ),
        seen as not materialized (
            select m.id, m.date from meeting m
            where visible(m.audience, (select keys from me)) and ($5::text is null or m.state = $5)
                and ($6::boolean is null or $6 = (m.state = 'running' or m.date >= (select today from me)
                    and m.state in ('planned', 'agenda_open', 'invited')))
        ),
        -- One of the two runs.
        page as (
            (select id, date || ' ' || id as key, row_number() over (order by date, id) as n from seen
            where $6 and ($3::text is null or (date, id) > (split_part($3, ' ', 1)::date, split_part($3, ' ', 2)::uuid))
            order by date, id limit $4 + 1)
            union all
            (select id, date || ' ' || id, row_number() over (order by date desc, id desc) from seen
            where $6 is not true and ($3::text is null or (date, id) < (split_part($3, ' ', 1)::date, split_part($3, ' ', 2)::uuid))
            order by date desc, id desc limit $4 + 1)
        ),
        counted as (
            select i.meeting_id, count(*) filter (where i.status in ('admitted', 'on_agenda', 'treated')) as items,
                count(*) filter (where i.status = 'registered') as proposals
            from me, agenda_item i
            where i.meeting_id = any(array(select id from page)) and item_open(i, me.keys)
            group by i.meeting_id
        )
        select me.card as me, (
            select coalesce(json_agg(meeting_card(m, t.reference, c.items, c.proposals, me.today) order by p.n), '[]')
            from page p
            join meeting m on m.id = p.id
            left join counted c on c.meeting_id = p.id
            left join meeting t on t.id = m.moved_to and visible(t.audience, me.keys)
            where p.n <= $4) as items,
            (select key from page where n = $4 and exists (select from page where n > $4)) as next
        from me
        """,
        caller,
        after,
        limit,
        state,
        upcoming,
    )


async def list_attendance(db: Connection, caller: Caller, meeting_id: UUID) -> Answer:
    """The attendance of a visible meeting. Raises NotFound for an unseen one."""
    return await read_page(
        db,
        """
        with me as materialized (select * from whoami($1, $2))
        select me.card as me, case when m.id is not null then attendance_body(m.id) end as items, null as next
        from me left join meeting m on m.id = $3 and visible(m.audience, me.keys)
        """,
        caller,
        meeting_id,
    )


async def lock(
    db: Connection, keys: list[str], meeting_id: UUID | None = None, reference: str | None = None
) -> StoredMeeting | None:
    """A visible meeting by id or reference, held until the end of the transaction: acts on it queue here."""
    found = await db.fetchrow(
        """
        select m.id, m.reference, m.number, m.title, m.date, to_char(m.start_local, 'HH24:MI') as start_local,
            to_char(m.end_local, 'HH24:MI') as end_local, m.mode, m.place, m.link, m.state, m.file_reference, m.note,
            m.procedure_version, m.agenda_version, m.sequence, coalesce(m.calendar_id, m.id) as calendar_id, m.revision,
            m.time_zone, m.started_at, m.ended_at, (select r.rules::text from procedure r where r.version = m.procedure_version) as rules
        from meeting m where (m.id = $1 or m.reference = $2) and visible(m.audience, $3) for update of m
        """,
        meeting_id,
        reference,
        keys,
    )
    if found is None:
        return None
    return msgspec.convert(
        dict(found) | {"rules": msgspec.json.decode(found["rules"] or "{}")}, StoredMeeting
    )


async def current_procedure(db: Connection, today: date) -> tuple[int, dict[str, Any]]:
    """The version of the procedure that is in force on a day, and its rules.

    A circle without one begins with an empty version 1, and before its first version the first one counts.
    """
    found = await row(
        db,
        """
        with first as (
            insert into procedure (version, adopted_on, in_force_from, rules)
            select 1, $1, $1, '{}' where not exists (select from procedure)
            on conflict do nothing returning version, in_force_from, rules
        ),
        known as (
            select version, in_force_from, rules from first
            union all select version, in_force_from, rules from procedure
        )
        select version, rules from known
        order by in_force_from > $1, case when in_force_from > $1 then -version else version end desc limit 1
        """,
        today,
    )
    return found["version"], msgspec.json.decode(found["rules"])


async def next_number(db: Connection, year: int) -> int:
    """The next number of the year's meetings."""
    return int(await db.fetchval("select next_number('KK', $1)", year))


async def insert(
    db: Connection,
    *,
    reference: str,
    number: int,
    title: str,
    on: date,
    start: time,
    end: time,
    mode: str,
    place: str,
    link: str,
    state: str,
    file_reference: str,
    note: str,
    deadlines: str,
    procedure_version: int,
    convened_by: UUID | None,
    sequence: int = 0,
    calendar_id: UUID | None = None,
) -> UUID:
    """A new meeting. `deadlines` is JSON."""
    found = await row(
        db,
        """
        insert into meeting (reference, number, title, date, start_local, end_local, mode, place, link, state,
            file_reference, note, deadlines, procedure_version, convened_by, sequence, calendar_id)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13::jsonb, $14, $15, $16, $17) returning id
        """,
        reference,
        number,
        title,
        on,
        start,
        end,
        mode,
        place,
        link,
        state,
        file_reference,
        note,
        deadlines,
        procedure_version,
        convened_by,
        sequence,
        calendar_id,
    )
    return UUID(str(found["id"]))


async def update(
    db: Connection,
    meeting_id: UUID,
    revision: int,
    *,
    title: str,
    on: date,
    start: time,
    end: time,
    mode: str,
    place: str,
    link: str,
    state: str,
    file_reference: str,
    note: str,
    deadlines: str | None,
    announced: bool,
) -> bool:
    """Change what a meeting says of itself; `deadlines` is JSON, None keeps them; `announced` counts for calendars.

    False when the revision is no longer the present one.
    """
    done = await db.execute(
        """
        update meeting set title = $3, date = $4, start_local = $5, end_local = $6, mode = $7, place = $8, link = $9,
            state = $10, file_reference = $11, note = $12, deadlines = coalesce($13::jsonb, deadlines),
            sequence = sequence + case when $14 then 1 else 0 end, revision = revision + 1
        where id = $1 and revision = $2
        """,
        meeting_id,
        revision,
        title,
        on,
        start,
        end,
        mode,
        place,
        link,
        state,
        file_reference,
        note,
        deadlines,
        announced,
    )
    return bool(done == "UPDATE 1")


async def touch(db: Connection, meeting_id: UUID) -> None:
    """Something that belongs to the meeting has changed."""
    await db.execute("update meeting set revision = revision + 1 where id = $1", meeting_id)


async def mark_invited(db: Connection, meeting_id: UUID, version: int, today: date) -> None:
    """The agenda goes out; the first time, that is the invitation."""
    await db.execute(
        """
        update meeting set state = 'invited', agenda_version = $2,
            invitation_sent_on = coalesce(invitation_sent_on, $3), revision = revision + 1
        where id = $1
        """,
        meeting_id,
        version,
        today,
    )


async def mark_open(db: Connection, meeting_id: UUID) -> bool:
    """A planned meeting takes items from now on; False when it is no longer a planned one."""
    done = await db.execute(
        "update meeting set state = 'agenda_open', revision = revision + 1 where id = $1 and state = 'planned'",
        meeting_id,
    )
    return bool(done == "UPDATE 1")


async def mark_started(db: Connection, meeting_id: UUID, at: datetime) -> None:
    """The meeting begins."""
    await db.execute(
        "update meeting set state = 'running', started_at = $2, revision = revision + 1 where id = $1",
        meeting_id,
        at,
    )


async def mark_closed(db: Connection, meeting_id: UUID, at: datetime) -> None:
    """The meeting is over."""
    await db.execute(
        "update meeting set state = 'held', ended_at = $2, revision = revision + 1 where id = $1",
        meeting_id,
        at,
    )


async def mark_off(
    db: Connection, meeting_id: UUID, state: str, reason: str, moved_to: UUID | None, *, announced: bool
) -> None:
    """The meeting is cancelled or moved; `announced` counts for calendars that know of it."""
    await db.execute(
        """
        update meeting set state = $2, reason = $3, moved_to = $4,
            sequence = sequence + case when $5 then 1 else 0 end, revision = revision + 1
        where id = $1
        """,
        meeting_id,
        state,
        reason,
        moved_to,
        announced,
    )


async def list_agenda(db: Connection, meeting_id: UUID, keys: list[str]) -> list[AgendaItem]:
    """The agenda as `keys` see it."""
    found = await db.fetchval("select agenda_body($1, $2)", meeting_id, keys)
    return msgspec.json.decode(found, type=list[AgendaItem])


async def insert_edition(
    db: Connection,
    meeting_id: UUID,
    *,
    version: int,
    kind: str,
    agenda: str,
    sha256: str,
    members: list[UUID],
    sent_on: date,
    dispatch_id: UUID,
) -> None:
    """File an agenda as it goes out, for good."""
    await db.execute(
        """
        insert into agenda_version (meeting_id, version, kind, agenda, sha256, members, sent_on, dispatch_id)
        values ($1, $2, $3, $4::jsonb, $5, $6, $7, $8)
        """,
        meeting_id,
        version,
        kind,
        agenda,
        sha256,
        members,
        sent_on,
        dispatch_id,
    )


async def sent_sequence(db: Connection, meeting_id: UUID, version: int) -> int | None:
    """The calendars' count of the meeting when an agenda went out; None when that is not known."""
    found: int | None = await db.fetchval(
        "select (agenda ->> 'sequence')::integer from agenda_version where meeting_id = $1 and version = $2",
        meeting_id,
        version,
    )
    return found


async def list_new_papers(db: Connection, meeting_id: UUID) -> list[UnsentPaper]:
    """Papers on the agenda of which this version has not gone out, confidential ones last.

    All of them, so only within `for_the_record`. A document is opened by its own readers.
    """
    rows = await db.fetch(
        """
        select p.id as paper_id, p.version as paper_version, p.item_id, i.number, p.title,
            case when d.id is null then p.confidentiality else (array['public', 'internal', 'circle', 'confidential'])[
                greatest(array_position(array['public', 'internal', 'circle', 'confidential'], p.confidentiality),
                    array_position(array['public', 'internal', 'circle', 'confidential'], d.confidentiality))] end as level,
            p.file_id, case when d.id is null then '' else '/wissen/' || d.reference end as url,
            p.audience, case when d.id is null or p.confidentiality = 'confidential' then p.audience else d.audience end
                as readers
        from paper p join agenda_item i on i.id = p.item_id left join document d on d.id = p.document_id
        where p.meeting_id = $1 and i.status in ('admitted', 'on_agenda') and not exists (
            select from agenda_version_paper s where s.paper_id = p.id and s.paper_version = p.version)
        order by p.confidentiality = 'confidential', i."order", p.number
        """,
        meeting_id,
    )
    return [msgspec.convert(dict(one), UnsentPaper) for one in rows]


async def insert_edition_paper(
    db: Connection, meeting_id: UUID, version: int, paper: UnsentPaper, title: str
) -> None:
    """File that a version of a paper goes out with this agenda."""
    await db.execute(
        """
        insert into agenda_version_paper (meeting_id, version, paper_id, paper_version, title, level, file_id, url,
            audience, readers)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
        """,
        meeting_id,
        version,
        paper.paper_id,
        paper.paper_version,
        title,
        paper.level,
        paper.file_id,
        paper.url,
        paper.audience,
        paper.readers,
    )


async def list_recipients(
    db: Connection, meeting_id: UUID, day: date, *, invited_before: bool = False
) -> list[Recipient]:
    """Who is invited: members, deputies in their time, office and moderation, the ministry, who reports, guests.

    A deputy's time may also be the day of the meeting. Who reports on a confidential item is not read from it: guests
    stand in the attendance for all to see. `invited_before` adds those to whom an earlier dispatch went.
    """
    rows = await db.fetch(
        """
        select p.id, trim(p.title || ' ' || p.name) as name, a.short as authority_name,
            case when r.roles && array['commissioner'] then 'Mitglied'
                when r.roles && array['deputy'] or s.deputising then 'Vertretung'
                when r.roles && array['circle_office'] then 'Geschäftsführung'
                when r.roles && array['circle_moderator'] then 'Moderation'
                when r.roles && array['ministry_observer'] then 'Ministerium (ständiger Gast)'
                when s.reports then 'Berichterstattung'
                when s.attends then 'Gast'
                else 'war eingeladen' end as reason,
            r.roles && array['commissioner', 'deputy'] or s.deputising as member,
            keys_on(p.id, p.authority_id, r.roles, $2) && m.audience as sees
        from meeting m cross join person p join authority a on a.id = p.authority_id
        cross join lateral (select roles_on(p.id, $2) as roles) r
        cross join lateral (
            select exists (
                    select from absence b
                    where b.deputy_id = p.id and m.date between b.starts_on and b.ends_on
                        and roles_on(p.id, m.date) && array['deputy'] and not exists (
                            select from attendance t where t.meeting_id = m.id and t.person_id = b.person_id
                                and t.represented_by is distinct from p.id)) as deputising,
                exists (
                    select from attendance t where t.meeting_id = m.id and p.id in (t.person_id, t.represented_by)
                ) as attends,
                exists (
                    select from agenda_content c join agenda_item i on i.id = c.item_id
                    where c.meeting_id = m.id and c.rapporteur_id = p.id and c.confidentiality <> 'confidential'
                        and i.status in ('admitted', 'on_agenda')) as reports,
                $3 and exists (
                    select from dispatch d join delivery e on e.dispatch_id = d.id
                    where d.object_id = m.id and d.kind in ('invitation', 'supplement') and e.person_id = p.id
                ) as before) s
        where m.id = $1 and p.active and (s.deputising or s.attends or s.reports or s.before
            or r.roles && array['commissioner', 'deputy', 'circle_office', 'circle_moderator', 'ministry_observer'])
        order by a.kind <> 'district_government', a.name, p.name, p.id
        """,
        meeting_id,
        day,
        invited_before,
    )
    return [msgspec.convert(dict(one), Recipient) for one in rows]


async def insert_expected(db: Connection, meeting_id: UUID, people: list[UUID], day: date) -> None:
    """Whom the invitation opens the meeting to: those of `people` without the circle's rights are guests, and members
    who are away that day are represented by their deputies. What somebody recorded already stays."""
    await db.execute(
        """
        with away as (
            insert into attendance (meeting_id, person_id, status, represented_by)
            select distinct on (b.person_id) m.id, b.person_id, 'represented', b.deputy_id
            from meeting m
            join absence b on b.deputy_id = any($2) and m.date between b.starts_on and b.ends_on
            where m.id = $1 and roles_on(b.deputy_id, m.date) && array['deputy']
                and roles_on(b.person_id, m.date) && array['commissioner']
            order by b.person_id, b.starts_on, b.deputy_id
            on conflict on constraint attendance_unique do nothing
            returning represented_by
        )
        insert into attendance (meeting_id, person_id, status)
        select $1, p.id, 'guest' from person p
        where p.id = any($2) and not 'circle' = any(keys_on(p.id, p.authority_id, roles_on(p.id, $3), $3))
            and p.id not in (select represented_by from away)
            and not exists (select from attendance t where t.meeting_id = $1 and t.represented_by = p.id)
        on conflict on constraint attendance_unique do nothing
        """,
        meeting_id,
        people,
        day,
    )


async def expect_again(db: Connection, meeting_id: UUID, people: list[UUID], day: date) -> None:
    """Whom of `people` the invitation expected is expected as before."""
    asked = await db.fetch(
        """
        select i.person_id from invitee i where i.meeting_id = $1 and (i.person_id = any($2) or exists (
            select from absence b where b.deputy_id = i.person_id and b.person_id = any($2)))
        """,
        meeting_id,
        people,
    )
    await insert_expected(db, meeting_id, [row["person_id"] for row in asked], day)


async def list_candidates(
    db: Connection, meeting_id: UUID, people: list[UUID], on: date, keys: list[str], today: date
) -> list[Candidate]:
    """People as the rules of attendance on a day need them: those in the directory as `keys` open it today, those who are
    recorded already, and those who spoke for a house on the day of the meeting, as its history tells everybody inside."""
    rows = await db.fetch(
        """
        select p.id, trim(p.title || ' ' || p.name) as name, p.authority_id, a.short as authority_name,
            a.kind = 'district_government' as house, r.roles && array['commissioner', 'deputy'] as voice,
            r.roles && array['commissioner'] as commissioner
        from person p join authority a on a.id = p.authority_id
        cross join lateral (select roles_on(p.id, $2) as roles) r
        where p.id = any($1) and (in_directory(p, a.kind, $3, $4) or r.roles && array['commissioner', 'deputy']
            or exists (select from attendance t where t.meeting_id = $5 and p.id in (t.person_id, t.represented_by)))
        """,
        people,
        on,
        keys,
        today,
        meeting_id,
    )
    return [msgspec.convert(dict(one), Candidate) for one in rows]


async def list_choices(db: Connection, meeting_id: UUID, on: date) -> list[asyncpg.Record]:
    """People for the form of attendance, by house: active ones, and whoever is recorded; `deputy`: appointed that day."""
    rows: list[Any] = await db.fetch(
        """
        select p.id, trim(p.title || ' ' || p.name) as name, p.authority_id, a.short as authority_name,
            a.kind = 'district_government' as house, exists (
                select from appointment b where b.person_id = p.id and b.kind = 'deputy' and b.valid_from <= $1
                    and (b.valid_to is null or b.valid_to >= $1)) as deputy,
            roles_on(p.id, $1) && array['circle_office', 'circle_moderator'] as office
        from person p join authority a on a.id = p.authority_id
        where p.active and a.kind <> 'municipal' or exists (
            select from attendance t where t.meeting_id = $2 and p.id in (t.person_id, t.represented_by))
        order by a.kind <> 'district_government', a.name, p.name, p.id
        """,
        on,
        meeting_id,
    )
    return rows


async def put_attendance(
    db: Connection,
    meeting_id: UUID,
    person_id: UUID,
    status: str,
    represented_by: UUID | None,
    from_local: time | None,
    to_local: time | None,
) -> None:
    """How one person attends, again or for the first time."""
    await db.execute(
        """
        insert into attendance (meeting_id, person_id, status, represented_by, from_local, to_local)
        values ($1, $2, $3, $4, $5, $6)
        on conflict on constraint attendance_unique do update set status = excluded.status,
            represented_by = excluded.represented_by, from_local = excluded.from_local, to_local = excluded.to_local
        """,
        meeting_id,
        person_id,
        status,
        represented_by,
        from_local,
        to_local,
    )


async def drop_attendance(
    db: Connection, meeting_id: UUID, keep: list[UUID], *, excused_only: bool = False
) -> None:
    """Forget everybody who is not named, or only those who were excused."""
    await db.execute(
        """
        delete from attendance where meeting_id = $1 and person_id <> all($2) and ($3 is false or status = 'excused')
        """,
        meeting_id,
        keep,
        excused_only,
    )


async def drop_attending(db: Connection, meeting_id: UUID, person_id: UUID) -> bool:
    """Forget one person; False when there was nothing."""
    done = await db.execute(
        "delete from attendance where meeting_id = $1 and person_id = $2", meeting_id, person_id
    )
    return bool(done == "DELETE 1")


async def list_stays(db: Connection, meeting_id: UUID) -> list[StoredStay]:
    """Who was in the room when, in the order of coming."""
    rows = await db.fetch(
        """
        select s.id, s.person_id, trim(p.title || ' ' || p.name) as name, s.authority_id, s.member_id,
            roles_on(p.id, m.date) && array['circle_office', 'circle_moderator'] as office, s.mode, s.arrived_at,
            s.left_at, s.left_for
        from presence s join person p on p.id = s.person_id join meeting m on m.id = s.meeting_id
        where s.meeting_id = $1 order by s.arrived_at, p.name, s.id
        """,
        meeting_id,
    )
    return [msgspec.convert(dict(one), StoredStay) for one in rows]


async def room_now(db: Connection, meeting_id: UUID, now: datetime) -> datetime:
    """The present instant in a room: acts that waited for each other keep their order."""
    found: datetime = await db.fetchval(
        """
        select greatest($2,
            (select greatest(max(arrived_at), max(left_at)) from presence where meeting_id = $1),
            (select greatest(max(called_at), max(ended_at)) from item_call where meeting_id = $1))
        """,
        meeting_id,
        now,
    )
    return found


async def end_room(db: Connection, meeting_id: UUID, at: datetime) -> None:
    """Everybody leaves, and no item is dealt with any more."""
    await db.execute(
        "update presence set left_at = $2 where meeting_id = $1 and left_at is null", meeting_id, at
    )
    await db.execute(
        "update item_call set ended_at = $2 where meeting_id = $1 and ended_at is null", meeting_id, at
    )


async def put_derived(
    db: Connection, meeting_id: UUID, lines: list[AttendingPerson], people: list[UUID]
) -> None:
    """How those attend who were in the room; `people` are those of whom nothing else may be said."""
    await db.execute(
        "delete from attendance where meeting_id = $1 and person_id = any($2) and person_id <> all($3)",
        meeting_id,
        people,
        [one.person_id for one in lines],
    )
    await db.execute(
        """
        insert into attendance (meeting_id, person_id, status, represented_by, from_local, to_local)
        select $1, n.person_id, n.status, n.represented_by, n.from_local::time, n.to_local::time
        from unnest($2::uuid[], $3::text[], $4::uuid[], $5::text[], $6::text[])
            n (person_id, status, represented_by, from_local, to_local)
        on conflict on constraint attendance_unique do update set status = excluded.status,
            represented_by = excluded.represented_by, from_local = excluded.from_local, to_local = excluded.to_local
        """,
        meeting_id,
        [one.person_id for one in lines],
        [one.status for one in lines],
        [one.represented_by for one in lines],
        [one.from_local for one in lines],
        [one.to_local for one in lines],
    )


async def drop_expected(db: Connection, meeting_id: UUID) -> None:
    """Who was only expected did not attend: whom somebody was to represent is excused, the others are not named."""
    await db.execute(
        """
        update attendance a set status = 'excused', represented_by = null, from_local = null, to_local = null
        where a.meeting_id = $1 and a.status = 'represented' and not exists (
            select from presence s
            where s.meeting_id = $1 and s.person_id = a.represented_by and s.member_id = a.person_id)
        """,
        meeting_id,
    )
    await db.execute(
        """
        delete from attendance a where a.meeting_id = $1 and a.status in ('present', 'guest', 'office')
            and not exists (select from presence s where s.meeting_id = $1 and s.person_id = a.person_id)
        """,
        meeting_id,
    )


async def copy_guests(db: Connection, meeting_id: UUID, new_meeting_id: UUID) -> None:
    """Guests and office go along to another date; who represents whom depends on the day."""
    await db.execute(
        """
        insert into attendance (meeting_id, person_id, status)
        select $2::uuid, person_id, status from attendance where meeting_id = $1::uuid and status in ('guest', 'office')
        """,
        meeting_id,
        new_meeting_id,
    )


async def find_entry(db: Connection, meeting_id: UUID) -> asyncpg.Record:
    """What the search index keeps of a meeting: its facts and the open titles of the agenda that went out.

    Only theirs: the level of a frozen item stands fast, that of any other may still be raised.
    """
    return await row(
        db,
        """
        select m.reference, m.title, m.place, m.date, m.audience, (
            select coalesce(array_agg(c.title order by i."order"), '{}')
            from agenda_item i join agenda_content c on c.item_id = i.id
            where i.meeting_id = m.id and i.frozen and c.confidentiality <> 'confidential') as titles
        from meeting m where m.id = $1
        """,
        meeting_id,
    )


async def find_letter(db: Connection, dispatch_id: UUID) -> asyncpg.Record | None:
    """What a worker needs to write the papers of a dispatch about a meeting. For workers.

    The calendar's facts are those of the meeting as it is, or of the one that it was moved to.
    """
    return await db.fetchrow(
        """
        select d.kind, d.details::text as details, m.id as meeting_id, m.state, v.agenda::text as agenda,
            coalesce(l.sent_on, v.sent_on) as sent_on, v.version, l.person_id is not null as late, coalesce(h.name, c.name, '') as host, case when h.id is null then '' else c.name end as office,
            coalesce((select trim(p.title || ' ' || p.name) from person p where p.id = d.requested_by), '') as sender_name,
            (select coalesce(json_agg(json_build_array(e.name, e.address) order by e.name, e.id), '[]')::text
                from delivery e where e.dispatch_id = d.id) as people,
            t.id as target_id, t.reference, t.title, t.date, t.start_local, t.end_local, t.time_zone, t.place, t.link,
            coalesce(m.calendar_id, m.id) as calendar_id, t.sequence,
            (m.deadlines -> 'papers_latest' ->> 'on')::date as reply_until
        from dispatch d join meeting m on m.id = d.object_id join meeting t on t.id = coalesce(m.moved_to, m.id)
        left join late_invitation l on l.dispatch_id = d.id
        left join agenda_version v on v.meeting_id = m.id and (v.dispatch_id = d.id or v.version = l.version)
        left join lateral (
            select o.name, o.parent_id from authority o where o.kind = 'competence_centre' order by o.key limit 1) c on true
        left join authority h on h.id = c.parent_id
        where d.id = $1
        """,
        dispatch_id,
    )


async def list_edition_papers(
    db: Connection, meeting_id: UUID, version: int, *, whole: bool = False
) -> list[asyncpg.Record]:
    """The papers that go out with an agenda, confidential ones last; `whole` adds those that went out before it, each in
    its last version. For workers."""
    rows: list[Any] = await db.fetch(
        """
        select s.title, s.level, s.file_id, s.url, s.readers
        from agenda_version_paper s join paper p on p.id = s.paper_id join agenda_item i on i.id = p.item_id
        where s.meeting_id = $1 and (s.version = $2 or $3 and s.version < $2 and not exists (
            select from agenda_version_paper n
            where n.paper_id = s.paper_id and n.paper_version > s.paper_version and n.version <= $2))
        order by s.level = 'confidential', i."order", p.number
        """,
        meeting_id,
        version,
        whole,
    )
    return rows


async def list_later(db: Connection, meeting_id: UUID, keys: list[str]) -> list[asyncpg.Record]:
    """Later meetings that may take over an agenda."""
    rows: list[Any] = await db.fetch(
        """
        select l.id, l.title, l.reference, l.date from meeting m join meeting l on l.date > m.date
        where m.id = $1 and visible(l.audience, $2) and l.state in ('planned', 'agenda_open', 'invited')
        order by l.date limit 10
        """,
        meeting_id,
        keys,
    )
    return rows
