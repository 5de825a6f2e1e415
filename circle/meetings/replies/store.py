"""SQL about who is asked to a meeting and what they answer."""

from datetime import date, datetime
from uuid import UUID

import asyncpg
import msgspec

from circle.core.db import Answer, Caller, Connection, read_one

from .model import Appointment, Attendee, Invited, Link, Replies


async def get(
    db: Connection, caller: Caller, meeting_id: UUID | None = None, *, reference: str | None = None
) -> Answer:
    """The answers to a visible meeting: everybody's for the circle, one's own for others.

    Notes and earlier answers are for the own house and the office.
    """
    return await read_one(
        db,
        """
        with me as materialized (select * from whoami($1, $2))
        select me.card as me, 0 as revision, case when m.id is not null then jsonb_build_object('id', m.id,
            'reference', m.reference, 'title', m.title, 'date', m.date,
            'start_local', to_char(m.start_local, 'HH24:MI'), 'end_local', to_char(m.end_local, 'HH24:MI'),
            'place', m.place, 'mode', m.mode, 'state', m.state,
            'quorum_least', coalesce((
                select (r.rules -> 'quorum' ->> 'present_members_min')::integer
                from procedure r where r.version = m.procedure_version), 3),
            'whole', 'circle' = any(me.keys),
            'refused', (
                select coalesce(jsonb_agg(jsonb_build_object('received_at', c.received_at, 'reason', c.reason, 'name', (
                    select p.name from person p where p.id = c.person_id)) order by c.received_at), '[]')
                from calendar_reply c
                where c.meeting_id = m.id and c.reason <> '' and me.roles && array['circle_office']),
            'houses', (
                select coalesce(jsonb_agg(jsonb_build_object('id', h.id, 'name', h.short) order by h.name), '[]')
                from authority h where h.kind = 'district_government'),
            'deputies', (
                select coalesce(jsonb_agg(jsonb_build_object('id', d.id, 'name', trim(d.title || ' ' || d.name),
                    'authority_id', b.authority_id) order by d.name, d.id), '[]')
                from appointment b join person d on d.id = b.person_id and d.active
                where 'circle' = any(me.keys) and b.kind = 'deputy' and b.valid_from <= m.date
                    and (b.valid_to is null or b.valid_to >= m.date)),
            'items', (
                select coalesce(jsonb_agg(invitee_body(i, m, p.id = me.person_id
                    or me.roles && array['circle_office']
                    or (p.authority_id = me.authority_id and 'internal' = any(me.keys)))
                    order by a.kind <> 'district_government', a.name, p.name, p.id), '[]')
                from invitee i join person p on p.id = i.person_id join authority a on a.id = p.authority_id
                where i.meeting_id = m.id and ('circle' = any(me.keys) or i.person_id = me.person_id)))::text end as body
        from me left join meeting m on (m.id = $3 or m.reference = $4) and visible(m.audience, me.keys)
        """,
        caller,
        meeting_id,
        reference,
    )


async def get_one(db: Connection, caller: Caller, meeting_id: UUID, person_id: UUID | None = None) -> Answer:
    """One person's answer, one's own unless the office asks for another's; `id` is the meeting's."""
    return await read_one(
        db,
        """
        with me as materialized (select * from whoami($1, $2))
        select me.card as me, 0 as revision, case when i.meeting_id is not null
            then (invitee_body(i, m, true) || jsonb_build_object('id', m.id))::text end as body
        from me
        left join (invitee i join meeting m on m.id = i.meeting_id) on m.id = $3 and visible(m.audience, me.keys)
            and i.person_id = coalesce($4, me.person_id)
            and (i.person_id = me.person_id or me.roles && array['circle_office'])
        """,
        caller,
        meeting_id,
        person_id,
    )


async def insert_invitees(db: Connection, meeting_id: UUID, people: list[UUID], day: date) -> None:
    """Who is asked to the meeting from now on; who was asked before stays so."""
    await db.execute(
        """
        insert into invitee (meeting_id, person_id, invited_on) select $1, p.id, $3 from person p where p.id = any($2)
        on conflict on constraint invitee_unique do nothing
        """,
        meeting_id,
        people,
        day,
    )


async def insert_deputy(db: Connection, meeting_id: UUID, person_id: UUID, day: date) -> bool:
    """A deputy who is named in an answer is asked too; False when they were before."""
    return bool(
        await db.fetchval(
            """
            insert into invitee (meeting_id, person_id, invited_on, as_deputy) values ($1, $2, $3, true)
            on conflict on constraint invitee_unique do nothing returning true
            """,
            meeting_id,
            person_id,
            day,
        )
    )


async def delete_deputy(db: Connection, meeting_id: UUID, person_id: UUID) -> None:
    """A deputy who is named no more is not asked any more, unless they have answered."""
    await db.execute(
        """
        delete from invitee i where i.meeting_id = $1 and i.person_id = $2 and i.as_deputy
            and not exists (select from reply y where y.meeting_id = $1 and y.person_id = $2)
        """,
        meeting_id,
        person_id,
    )


async def find_invited(db: Connection, meeting_id: UUID, person_id: UUID | None) -> Invited | None:
    """One who is asked, held until the end of the transaction: entries about their absence queue at their row too."""
    found = await db.fetchrow(
        """
        select p.id as person_id, trim(p.title || ' ' || p.name) as name, p.authority_id, (
                select y.answer from reply y where y.meeting_id = m.id and y.person_id = p.id
                order by y.number desc limit 1) as answer,
            array(
                select d.person_id from appointment d join person o on o.id = d.person_id and o.active
                where d.kind = 'deputy' and d.authority_id = p.authority_id and d.person_id <> p.id
                    and m.date between d.valid_from and coalesce(d.valid_to, 'infinity')
                    and exists (select from appointment c where c.person_id = p.id and c.kind = 'commissioner'
                        and c.authority_id = p.authority_id and m.date between c.valid_from and coalesce(c.valid_to, 'infinity'))
            ) as deputies,
            b.id as absence_id, b.deputy_id as absence_deputy_id, b.starts_on as absence_starts_on,
            b.revision as absence_revision, coalesce(b.meeting_id = m.id, false) as for_this
        from invitee i join meeting m on m.id = i.meeting_id join person p on p.id = i.person_id
        left join absence b on b.person_id = p.id and m.date between b.starts_on and b.ends_on
        where i.meeting_id = $1 and i.person_id = $2 for update of p
        """,
        meeting_id,
        person_id,
    )
    return msgspec.convert(dict(found), Invited) if found else None


async def list_answers(db: Connection, meeting_id: UUID) -> dict[UUID, asyncpg.Record]:
    """The answers that count, by person, for the room: `answer`, `deputy_id`, `deputy_name`. No notes."""
    rows = await db.fetch(
        """
        select distinct on (y.person_id) y.person_id, y.answer, y.deputy_id,
            (select trim(d.title || ' ' || d.name) from person d where d.id = y.deputy_id) as deputy_name
        from reply y where y.meeting_id = $1 order by y.person_id, y.number desc
        """,
        meeting_id,
    )
    return {row["person_id"]: row for row in rows}


async def list_awaited(db: Connection, day: date) -> list[asyncpg.Record]:
    """Meetings that are invited to and not over, with the procedure they were convened under. For workers."""
    rows: list[asyncpg.Record] = await db.fetch(
        """
        select m.id, m.reference, m.title, m.date, to_char(m.start_local, 'HH24:MI') as start_local,
            to_char(m.end_local, 'HH24:MI') as end_local, m.place, m.state, r.rules::text as rules
        from meeting m join procedure r on r.version = m.procedure_version
        where m.state = 'invited' and m.date >= $1 order by m.date, m.id
        """,
        day,
    )
    return rows


async def mark_reminded(db: Connection, meeting_id: UUID, day: date, due: date) -> list[UUID]:
    """Who is reminded today and never again: invited before the day on which it was due, able to read the letter, and
    without an answer. A calendar's „tentative“ is none."""
    rows = await db.fetch(
        """
        update invitee i set reminded_on = $2 from meeting m, person p
        where i.meeting_id = $1 and m.id = $1 and p.id = i.person_id and p.active
            and i.reminded_on is null and i.invited_on < $3
            and visible(m.audience, keys_on(p.id, p.authority_id, roles_on(p.id, $2), $2))
            and coalesce((
                select y.answer from reply y where y.meeting_id = i.meeting_id and y.person_id = i.person_id
                order by y.number desc limit 1), 'tentative') = 'tentative'
        returning i.person_id
        """,
        meeting_id,
        day,
        due,
    )
    return [row["person_id"] for row in rows]


async def find_link(db: Connection, token_hash: bytes, day: date) -> Link | None:
    """Whose link this is, with the person's keys of the day; None for one that we never made."""
    found = await db.fetchrow(
        """
        select p.id as person_id, p.name, k.keys, m.id as meeting_id, m.state, m.date,
            to_char(m.start_local, 'HH24:MI') as start_local,
            l.revoked_at is null and p.active and visible(m.audience, k.keys) as serves
        from answer_link l join invitee i on i.meeting_id = l.object_id and i.person_id = l.person_id
        join meeting m on m.id = i.meeting_id join person p on p.id = i.person_id
        cross join lateral (select keys_on(p.id, p.authority_id, roles_on(p.id, $2), $2) as keys) k
        where l.token_hash = $1
        """,
        token_hash,
        day,
    )
    return msgspec.convert(dict(found), Link) if found else None


async def find_linked(db: Connection, link: Link) -> Replies:
    """The meeting of a link that serves, as the form needs it: with the person's own line, without what was before."""
    found = await db.fetchval(
        """
        select jsonb_build_object('id', m.id, 'reference', m.reference, 'title', m.title, 'date', m.date,
            'start_local', to_char(m.start_local, 'HH24:MI'), 'end_local', to_char(m.end_local, 'HH24:MI'),
            'place', m.place, 'mode', m.mode, 'state', m.state, 'quorum_least', 0, 'whole', false, 'refused', array[]::text[], 'houses', array[]::text[],
            'deputies', (
                select coalesce(jsonb_agg(jsonb_build_object('id', d.id, 'name', trim(d.title || ' ' || d.name),
                    'authority_id', b.authority_id) order by d.name, d.id), '[]')
                from person p join appointment b on b.authority_id = p.authority_id
                join person d on d.id = b.person_id and d.active
                where p.id = i.person_id and b.kind = 'deputy' and b.valid_from <= m.date
                    and (b.valid_to is null or b.valid_to >= m.date)),
            'items', jsonb_build_array(invitee_body(i, m, true)))::text
        from invitee i join meeting m on m.id = i.meeting_id
        where i.meeting_id = $1 and i.person_id = $2 and visible(m.audience, $3)
        """,
        link.meeting_id,
        link.person_id,
        link.keys,
    )
    return msgspec.json.decode(found, type=Replies)


async def revoke_links(db: Connection, meeting_id: UUID, person_id: UUID) -> int:
    """No link of this person to this meeting serves any more. Returns how many served until now."""
    done: str = await db.execute(
        "update answer_link set revoked_at = now() where object_id = $1 and person_id = $2 and revoked_at is null",
        meeting_id,
        person_id,
    )
    return int(done.split()[-1])


async def claim_mail(db: Connection, digest: bytes) -> str | None:
    """None when a mail is new, and this transaction's to judge; otherwise what was said of it before, empty for taken."""
    if await db.fetchval(
        """
        insert into calendar_reply (digest) values ($1) on conflict on constraint calendar_reply_unique do nothing
        returning true
        """,
        digest,
    ):
        return None
    found: str = await db.fetchval("select reason from calendar_reply where digest = $1", digest)
    return found


async def settle_mail(
    db: Connection,
    digest: bytes,
    reason: str,
    meeting_id: UUID | None,
    person_id: UUID | None,
    stamp: datetime | None,
) -> None:
    """What became of a mail."""
    await db.execute(
        "update calendar_reply set reason = $2, meeting_id = $3, person_id = $4, stamp = $5 where digest = $1",
        digest,
        reason,
        meeting_id,
        person_id,
        stamp,
    )


async def lock_by_calendar(db: Connection, calendar_id: UUID) -> Appointment | None:
    """The meeting that calendars know by this name, on its last date, held until the end of the transaction."""
    found = await db.fetchrow(
        """
        select m.id, m.reference, m.mode, m.state, m.date, to_char(m.start_local, 'HH24:MI') as start_local, m.sequence,
            coalesce((
                select (v.agenda ->> 'sequence')::integer from agenda_version v
                where v.meeting_id = m.id and v.version = m.agenda_version), m.sequence) as sent_sequence
        from meeting m where (m.calendar_id = $1 or m.id = $1) and m.state <> 'moved'
        order by m.sequence desc limit 1 for update of m
        """,
        calendar_id,
    )
    return msgspec.convert(dict(found), Appointment) if found else None


async def find_attendee(db: Connection, meeting_id: UUID, address: str, day: date) -> Attendee | None:
    """Who is invited under an address, their own or the one to which the invitation went, and may still see the meeting."""
    found = await db.fetchrow(
        """
        select p.id, p.name, (
                select y.answer from reply y where y.meeting_id = m.id and y.person_id = p.id
                order by y.number desc limit 1) as answer,
            (select max(c.stamp) from calendar_reply c
                where c.meeting_id = m.id and c.person_id = p.id and c.reason = '') as stamp
        from invitee i join person p on p.id = i.person_id and p.active join meeting m on m.id = i.meeting_id
        where m.id = $1 and visible(m.audience, keys_on(p.id, p.authority_id, roles_on(p.id, $3), $3))
            and (lower(p.email) = $2 or exists (
                select from delivery e join dispatch d on d.id = e.dispatch_id
                where d.object_id = m.id and e.person_id = p.id and lower(e.address) = $2))
        order by lower(p.email) <> $2, p.letters_only limit 1
        """,
        meeting_id,
        address,
        day,
    )
    return msgspec.convert(dict(found), Attendee) if found else None


async def insert(
    db: Connection,
    meeting_id: UUID,
    person_id: UUID,
    answer: str,
    deputy_id: UUID | None,
    note: str,
    way: str,
    by: UUID | None,
    at: datetime,
) -> None:
    """One more answer, which counts from now on."""
    await db.execute(
        """
        insert into reply (meeting_id, person_id, answer, deputy_id, note, way, entered_by, answered_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8)
        """,
        meeting_id,
        person_id,
        answer,
        deputy_id,
        note.strip(),
        way,
        by,
        at,
    )
