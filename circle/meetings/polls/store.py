"""SQL about date polls."""

from datetime import date, time
from uuid import UUID

import msgspec

from circle.core import fields
from circle.core.db import Answer, Caller, Connection, read_one, read_page, row

from .model import Hold, Link, Poll, StoredPoll


async def get(db: Connection, caller: Caller, poll_id: UUID) -> Answer:
    """A visible poll with its days, the counts and the answers."""
    return await read_one(
        db,
        """
        with me as materialized (select * from whoami($1, $2))
        select me.card as me, coalesce(p.revision, 0) as revision,
            case when p.id is not null then date_poll_body(p, me.keys, me.person_id)::text end as body
        from me left join date_poll p on p.id = $3 and visible(p.audience, me.keys)
        """,
        caller,
        poll_id,
    )


async def list_polls(db: Connection, caller: Caller, after: str | None, limit: int) -> Answer:
    """Visible polls, the newest first."""
    return await read_page(
        db,
        """
        with me as materialized (select * from whoami($1, $2)),
        page as (
            select p.id, p.created_on || ' ' || p.id as key, row_number() over (order by p.created_on desc, p.id desc) as n
            from date_poll p
            where visible(p.audience, (select keys from me)) and ($3::text is null
                or (p.created_on, p.id) < (split_part($3, ' ', 1)::date, split_part($3, ' ', 2)::uuid))
            order by p.created_on desc, p.id desc limit $4 + 1
        )
        select me.card as me, (
            select coalesce(jsonb_agg(date_poll_body(p, me.keys, me.person_id) order by g.n), '[]')::text
            from page g join date_poll p on p.id = g.id where g.n <= $4) as items,
            (select key from page where n = $4 and exists (select from page where n > $4)) as next
        from me
        """,
        caller,
        after,
        limit,
    )


async def lock(db: Connection, keys: list[str], poll_id: UUID) -> StoredPoll | None:
    """A visible poll, held until the end of the transaction."""
    found = await db.fetchrow(
        """
        select p.id, p.title, p.mode, p.place, p.note, p.answer_until, p.state, p.revision,
            (select json_agg(json_build_object('date', d.date, 'start_local', to_char(d.start_local, 'HH24:MI'),
                'end_local', to_char(d.end_local, 'HH24:MI')) order by d.number)::text
                from date_poll_date d where d.poll_id = p.id) as dates,
            array(select q.person_id from date_poll_person q where q.poll_id = p.id) as people
        from date_poll p where p.id = $1 and visible(p.audience, $2) for update of p
        """,
        poll_id,
        keys,
    )
    if found is None:
        return None
    dates = msgspec.json.decode(found["dates"])
    return msgspec.convert(dict(found) | {"dates": dates}, StoredPoll, dec_hook=fields.decode)


async def list_asked(db: Connection, day: date, roles: list[str]) -> list[UUID]:
    """Active people who hold one of these roles on a day."""
    rows = await db.fetch(
        "select p.id from person p where p.active and roles_on(p.id, $1) && $2::text[] order by p.id",
        day,
        roles,
    )
    return [one["id"] for one in rows]


async def insert(
    db: Connection, *, title: str, mode: str, place: str, note: str, answer_until: date, created_by: UUID | None, today: date
) -> UUID:  # fmt: skip
    """A new poll, without days."""
    found = await row(
        db,
        """
        insert into date_poll (title, mode, place, note, answer_until, created_by, created_on)
        values ($1, $2, $3, $4, $5, $6, $7) returning id
        """,
        title,
        mode,
        place,
        note,
        answer_until,
        created_by,
        today,
    )
    return UUID(str(found["id"]))


async def insert_date(db: Connection, poll_id: UUID, number: int, on: date, start: time, end: time) -> None:
    """A proposed day."""
    await db.execute(
        "insert into date_poll_date (poll_id, number, date, start_local, end_local) values ($1, $2, $3, $4, $5)",
        poll_id,
        number,
        on,
        start,
        end,
    )


async def insert_people(db: Connection, poll_id: UUID, people: list[UUID]) -> None:
    """Who is asked."""
    await db.execute(
        "insert into date_poll_person (poll_id, person_id) select $1, unnest($2::uuid[])", poll_id, people
    )


async def put_answer(db: Connection, poll_id: UUID, number: int, person_id: UUID, answer: str) -> None:
    """What somebody says to a day, again or for the first time."""
    await db.execute(
        """
        insert into date_poll_answer (poll_id, number, person_id, answer) values ($1, $2, $3, $4)
        on conflict on constraint date_poll_answer_unique do update set answer = excluded.answer
        """,
        poll_id,
        number,
        person_id,
        answer,
    )


async def list_holds(db: Connection, dispatch_id: UUID) -> list[Hold]:
    """The days that a letter tells calendars of: those it asks about, or those it gives up. For workers."""
    rows = await db.fetch(
        """
        select p.id as poll_id, p.title, p.place, d.calendar_id, d.date, d.start_local, d.end_local,
            (s.details ->> 'off')::boolean as off,
            -- Who has left the circle since still has to get rid of the days.
            p.audience || case when (s.details ->> 'off')::boolean then array(
                select 'person:' || a.person_id from date_poll_person a where a.poll_id = p.id order by 1)
                else '{}' end as audience
        from dispatch s join date_poll p on p.id = (s.details ->> 'poll_id')::uuid
        join date_poll_date d on d.poll_id = p.id and d.number is distinct from (s.details ->> 'kept')::integer
        where s.id = $1 order by d.number
        """,
        dispatch_id,
    )
    return [msgspec.convert(dict(one), Hold) for one in rows]


async def name_meeting(db: Connection, poll_id: UUID, number: int, meeting_id: UUID) -> None:
    """Calendars know the meeting under the name of the day that was kept free, of which it is the next version."""
    await db.execute(
        """
        update meeting m set calendar_id = d.calendar_id, sequence = 1
        from date_poll_date d where m.id = $3 and d.poll_id = $1 and d.number = $2
        """,
        poll_id,
        number,
        meeting_id,
    )


async def find_link(db: Connection, token_hash: bytes, day: date, roles: list[str]) -> Link | None:
    """Whose link this is, with the person's keys of the day; None for one that we never made for a poll."""
    found = await db.fetchrow(
        """
        select p.id as person_id, p.name, k.keys, d.id as poll_id, d.state, d.answer_until,
            l.revoked_at is null and p.active and k.roles && $3::text[] and visible(d.audience, k.keys) as serves
        from answer_link l join date_poll_person q on q.poll_id = l.object_id and q.person_id = l.person_id
        join date_poll d on d.id = q.poll_id join person p on p.id = q.person_id
        cross join lateral (
            select r.roles, keys_on(p.id, p.authority_id, r.roles, $2) as keys
            from (select roles_on(p.id, $2) as roles offset 0) r) k
        where l.token_hash = $1
        """,
        token_hash,
        day,
        roles,
    )
    return msgspec.convert(dict(found), Link) if found else None


async def find_linked(db: Connection, link: Link) -> Poll:
    """The poll of a link that serves, with the person's own answers and nobody else's."""
    found = await db.fetchval(
        """
        select (date_poll_body(p, $3, $2) || jsonb_build_object('people', array[]::text[]))::text
        from date_poll p where p.id = $1
        """,
        link.poll_id,
        link.person_id,
        link.keys,
    )
    return msgspec.json.decode(found, type=Poll)


async def mark(db: Connection, poll_id: UUID, state: str, meeting_id: UUID | None) -> None:
    """The poll is over, with a meeting or without."""
    await db.execute(
        "update date_poll set state = $2, meeting_id = $3, revision = revision + 1 where id = $1",
        poll_id,
        state,
        meeting_id,
    )
