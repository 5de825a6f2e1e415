"""SQL about calendar feeds."""

from datetime import date
from uuid import UUID

import msgspec

from circle.core import fields
from circle.core.db import Connection, row

from .model import Entry, Feed, Taken


async def find(db: Connection, person_id: UUID | None) -> Feed:
    """The feed of a person, or without one that of the circle."""
    found = await db.fetchrow(
        """
        select made_on, last_used_on from calendar_feed where person_id is not distinct from $1 and revoked_on is null
        """,
        person_id,
    )
    return Feed(found["made_on"], found["last_used_on"]) if found else Feed(None, None)


async def insert(
    db: Connection, person_id: UUID | None, token_hash: bytes, made_by: UUID | None, day: date
) -> UUID:
    """A new address; the one before has to be revoked."""
    found = await row(
        db,
        """
        insert into calendar_feed (person_id, token_hash, made_by, made_on) values ($1, $2, $3, $4) returning id
        """,
        person_id,
        token_hash,
        made_by,
        day,
    )
    return UUID(str(found["id"]))


async def lock(db: Connection, person_id: UUID | None) -> None:
    """Who makes and revokes addresses of the same feed at the same time waits for each other."""
    await db.execute(
        "select pg_advisory_xact_lock(hashtext('calendar_feed ' || coalesce($1::uuid::text, '')))", person_id
    )


async def revoke(db: Connection, person_id: UUID | None, day: date) -> UUID | None:
    """The address serves nobody any more. Returns its id, None when there was none."""
    found: UUID | None = await db.fetchval(
        """
        update calendar_feed set revoked_on = $2
        where person_id is not distinct from $1 and revoked_on is null returning id
        """,
        person_id,
        day,
    )
    return found


async def take(db: Connection, token_hash: bytes, day: date) -> Taken | None:
    """The feed behind an address, with this fetch counted; None for one that was never made or is revoked."""
    found = await db.fetchrow(
        """
        update calendar_feed set last_used_on = $2,
            fetches = case when counted_from > now() - interval '1 hour' then fetches + 1 else 1 end,
            counted_from = case when counted_from > now() - interval '1 hour' then counted_from else now() end
        where token_hash = $1 and revoked_on is null
        returning person_id, fetches, extract(epoch from counted_from + interval '1 hour' - now())::integer as seconds_left
        """,
        token_hash,
        day,
    )
    return msgspec.convert(dict(found), Taken) if found else None


async def list_own(
    db: Connection, person_id: UUID, day: date, propose: list[str], object_: list[str], answer: list[str]
) -> list[Entry]:
    """What a person may see on a day, and their own periods; the lists are the roles that may propose, object and answer.

    Nothing for whoever is not active. Meetings of a year back are shown, cancelled ones until two weeks after their day.
    """
    found = await db.fetchval(
        """
        with me as materialized (
            select p.id, r.roles, keys_on(p.id, p.authority_id, r.roles, $2) as keys
            from person p cross join lateral (select roles_on(p.id, $2) as roles offset 0) r
            where p.id = $1 and p.active
        ),
        seen as materialized (
            select m.* from me, meeting m where visible(m.audience, me.keys) and m.date > $2 - 366 and m.state <> 'moved'
        ),
        asked as materialized (
            select p.*, exists (
                select from date_poll_answer a where a.poll_id = p.id and a.person_id = me.id) as answered
            from me, date_poll p join date_poll_person q on q.poll_id = p.id
            where q.person_id = me.id and p.state = 'open' and visible(p.audience, me.keys) and me.roles && $5::text[]
        ),
        entry as (
            select 'meeting' as kind, coalesce(m.calendar_id, m.id) as id, m.sequence, m.state, m.reference, m.title, m.date,
                m.start_local, m.end_local, m.time_zone, m.place, '/sitzungen/' || m.reference as path
            from seen m where m.state <> 'cancelled' or m.date >= $2 - 14
            union all
            select 'submission', m.id, 0, m.state, m.reference, m.title, (m.deadlines -> 'agenda_submission' ->> 'on')::date,
                null, null, m.time_zone, '', '/sitzungen/' || m.reference
            from seen m, me where m.state in ('planned', 'agenda_open') and me.roles && $3::text[]
                and (m.deadlines -> 'agenda_submission' ->> 'on')::date >= $2 - 14
            union all
            select 'objection', m.id, 0, m.state, m.reference, m.title, n.objection_until,
                null, null, m.time_zone, '', '/sitzungen/' || m.reference || '/niederschrift'
            from seen m join minutes n on n.meeting_id = m.id, me
            where n.state = 'sent' and n.objection_until >= $2 - 14 and me.roles && $4::text[]
            union all
            select 'hold', d.calendar_id, 0, 'open', '', p.title, d.date, d.start_local, d.end_local, 'Europe/Berlin', p.place,
                '/terminabfragen/' || p.id
            from asked p join date_poll_date d on d.poll_id = p.id
            where d.date >= $2 and not exists (
                select from date_poll_answer a, me
                where a.poll_id = p.id and a.number = d.number and a.person_id = me.id and a.answer = 'no')
            union all
            select 'answer', p.id, 0, 'open', '', p.title, p.answer_until, null, null, 'Europe/Berlin', '',
                '/terminabfragen/' || p.id
            from asked p where not p.answered and p.answer_until >= $2
        )
        select coalesce(jsonb_agg(jsonb_build_object('kind', kind, 'id', id, 'sequence', sequence, 'state', state,
            'reference', reference, 'title', title, 'date', date, 'start_local', coalesce(to_char(start_local, 'HH24:MI'), ''),
            'end_local', coalesce(to_char(end_local, 'HH24:MI'), ''), 'time_zone', time_zone, 'place', place,
            'path', path) order by date, start_local nulls first, kind, id), '[]')::text
        from entry where date is not null
        """,
        person_id,
        day,
        propose,
        object_,
        answer,
    )
    return msgspec.json.decode(found, type=list[Entry], dec_hook=fields.decode)


async def list_circle(db: Connection, day: date) -> list[Entry]:
    """The meetings that are open to the whole circle, with what its level allows."""
    found = await db.fetchval(
        """
        select coalesce(jsonb_agg(jsonb_build_object('kind', 'meeting', 'id', coalesce(m.calendar_id, m.id),
            'sequence', m.sequence, 'state', m.state, 'reference', m.reference, 'title', m.title, 'date', m.date,
            'start_local', to_char(m.start_local, 'HH24:MI'), 'end_local', to_char(m.end_local, 'HH24:MI'),
            'time_zone', m.time_zone, 'place', m.place, 'path', '') order by m.date, m.start_local, m.id), '[]')::text
        from meeting m
        where visible(m.audience, array['circle']) and m.date > $1::date - 366 and m.state <> 'moved'
            and (m.state <> 'cancelled' or m.date >= $1::date - 14)
        """,
        day,
    )
    return msgspec.json.decode(found, type=list[Entry], dec_hook=fields.decode)
