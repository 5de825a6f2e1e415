"""SQL about requests to speak and votes."""

from datetime import date, datetime
from uuid import UUID

import asyncpg
import msgspec

from circle.core.db import Answer, Caller, Connection, read_one, read_page, row

from .model import Cast, Floor, Listener, LockedBallot, Place, Presence, StoredRequest, Voice


async def get_list(db: Connection, caller: Caller, meeting_id: UUID) -> Answer:
    """Who speaks and who waits on the item that is called up, as a `SpeechList`, of a visible meeting."""
    return await read_one(
        db,
        """
        with me as materialized (select * from whoami($1, $2))
        select me.card as me, 0 as revision,
            case when m.id is not null then speech_list(m, me.keys)::text end as body
        from me left join meeting m on m.id = $3 and visible(m.audience, me.keys)
        """,
        caller,
        meeting_id,
    )


async def get_request(db: Connection, caller: Caller, request_id: UUID) -> Answer:
    """One visible request to speak."""
    return await read_one(
        db,
        """
        with me as materialized (select * from whoami($1, $2))
        select me.card as me, 0 as revision, case when s.id is not null then speech_body(s)::text end as body
        from me left join (speech_request s join meeting m on m.id = s.meeting_id)
            on s.id = $3 and visible(m.audience, me.keys) and visible(s.audience, me.keys)
        """,
        caller,
        request_id,
    )


async def get_ballot(db: Connection, caller: Caller, ballot_id: UUID) -> Answer:
    """One visible vote, as a `StoredBallot`."""
    return await read_one(
        db,
        """
        with me as materialized (select * from whoami($1, $2))
        select me.card as me, coalesce(b.revision, 0) as revision,
            case when b.id is not null then ballot_body(b, me.person_id, $2)::text end as body
        from me left join (ballot b join meeting m on m.id = b.meeting_id)
            on b.id = $3 and visible(m.audience, me.keys) and visible(b.audience, me.keys)
        """,
        caller,
        ballot_id,
    )


async def list_ballots(
    db: Connection, caller: Caller, after: str | None, limit: int, item_id: UUID
) -> Answer:
    """The votes on an item, the first one first; none of a confidential one that is not open to the caller.

    Raises NotFound for an item that the caller does not see.
    """
    return await read_page(
        db,
        """
        with me as materialized (select * from whoami($1, $2)),
        seen as (
            select i.id from me, agenda_item i join meeting m on m.id = i.meeting_id
            where i.id = $5 and visible(m.audience, me.keys) and item_open(i, me.keys)),
        page as (
            select b.id, b.opened_at || ' ' || b.id as key, row_number() over (order by b.opened_at, b.id) as n
            from ballot b where b.item_id = $5 and visible(b.audience, (select keys from me)) and ($3::text is null
                or (b.opened_at, b.id) > (left($3, -37)::timestamptz, right($3, 36)::uuid))
            order by b.opened_at, b.id limit $4 + 1
        )
        select me.card as me, case when exists (select from seen) then (
            select coalesce(jsonb_agg(ballot_body(b, me.person_id, $2) order by g.n), '[]')::text
            from page g join ballot b on b.id = g.id where g.n <= $4) end as items,
            (select key from page where n = $4 and exists (select from page where n > $4)) as next
        from me
        """,
        caller,
        after,
        limit,
        item_id,
    )


async def look(
    db: Connection, keys: list[str], meeting_id: UUID, item_id: UUID | None, reader: UUID | None, at: datetime
) -> Floor:
    """What goes on at an item, as far as `keys` open it; the personal part is that of `reader`."""
    found = await row(
        db,
        """
        select jsonb_build_object('speeches', speech_list(m, $2), 'left_over', (
                select count(*) from speech_request s
                where s.meeting_id = m.id and s.item_id is distinct from $3 and s.state = 'waiting'
                    and s.audience && array['circle'] and visible(s.audience, $2)),
            'ballots', (
                select coalesce(jsonb_agg(ballot_body(b, $4, $5) order by b.opened_at desc, b.id), '[]')
                from ballot b where b.item_id = $3 and b.state <> 'cancelled' and visible(b.audience, $2)),
            'voices', array(select voices_at(m.id, $5)),
            'procedure', coalesce((select p.rules from procedure p where p.version = m.procedure_version), '{}'),
            'reader_here', exists (
                select from presence p where p.meeting_id = m.id and p.person_id = $4 and p.arrived_at <= $5
                    and (p.left_at is null or p.left_at > $5)))::text as body
        from meeting m where m.id = $1
        """,
        meeting_id,
        keys,
        item_id,
        reader,
        at,
    )
    return msgspec.json.decode(found["body"], type=Floor)


async def find_place(db: Connection, meeting_id: UUID, keys: list[str]) -> Place | None:
    """The item that is called up; None between two items."""
    found = await db.fetchrow(
        """
        select k.item_id, c.item_id is not null as open, coalesce(c.audience, '{}') as audience
        from item_call k left join agenda_content c on c.item_id = k.item_id and visible(c.audience, $2)
        where k.meeting_id = $1 and k.ended_at is null
        """,
        meeting_id,
        keys,
    )
    return msgspec.convert(dict(found), Place) if found else None


async def list_listeners(
    db: Connection, meeting_id: UUID, audience: list[str], at: datetime, person_id: UUID | None = None
) -> list[Listener]:
    """Who is in the room at an instant, or one of them, and whether they may open what `audience` may."""
    rows = await db.fetch(
        """
        select p.person_id, trim(q.title || ' ' || q.name) as name, a.short as authority_name,
            $2 && array['circle'] or $2 && keys_on(q.id, q.authority_id, roles_on(q.id, d.day), d.day) as opens
        from presence p join person q on q.id = p.person_id join authority a on a.id = q.authority_id
        cross join lateral (select ($3 at time zone 'Europe/Berlin')::date as day) d
        where p.meeting_id = $1 and p.arrived_at <= $3 and (p.left_at is null or p.left_at > $3)
            and ($4::uuid is null or p.person_id = $4)
        order by q.name, q.id
        """,
        meeting_id,
        audience,
        at,
        person_id,
    )
    return msgspec.convert([dict(one) for one in rows], list[Listener])


async def meeting_of_request(db: Connection, request_id: UUID) -> UUID | None:
    """The meeting of a request that the second wall does not hide; the caller locks it next."""
    found: UUID | None = await db.fetchval("select meeting_id from speech_request where id = $1", request_id)
    return found


async def lock_request(db: Connection, request_id: UUID, keys: list[str]) -> StoredRequest | None:
    """A visible request to speak, held until the end of the transaction."""
    found = await db.fetchrow(
        """
        select s.id, s.meeting_id, s.item_id, s.person_id, s.kind, s.state, s.place, exists (
            select from item_call k where k.item_id = s.item_id and k.ended_at is null) as current
        from speech_request s where s.id = $1 and visible(s.audience, $2) for update of s
        """,
        request_id,
        keys,
    )
    return msgspec.convert(dict(found), StoredRequest) if found else None


async def is_waiting(db: Connection, item_id: UUID, person_id: UUID) -> bool:
    """Whether somebody waits to speak on an item."""
    return bool(
        await db.fetchval(
            "select exists (select from speech_request where item_id = $1 and person_id = $2 and state = 'waiting')",
            item_id,
            person_id,
        )
    )


async def insert_request(
    db: Connection, meeting_id: UUID, item_id: UUID, person_id: UUID, kind: str, at: datetime, audience: list[str]
) -> UUID:  # fmt: skip
    """A new request at the end of the list."""
    found = await row(
        db,
        """
        insert into speech_request (meeting_id, item_id, person_id, kind, place, asked_at, audience)
        select $1, $2, $3, $4, coalesce(max(s.place), 0) + 1, $5, $6 from speech_request s where s.meeting_id = $1
        returning id
        """,
        meeting_id,
        item_id,
        person_id,
        kind,
        at,
        audience,
    )
    return UUID(str(found["id"]))


async def mark_request(db: Connection, request_id: UUID, state: str) -> None:
    """A request that did not come to a speech is over."""
    await db.execute("update speech_request set state = $2 where id = $1", request_id, state)


async def mark_speaking(db: Connection, request_id: UUID, at: datetime) -> None:
    """Somebody has the floor."""
    await db.execute(
        "update speech_request set state = 'speaking', began_at = $2 where id = $1", request_id, at
    )


async def end_speech(db: Connection, meeting_id: UUID, at: datetime) -> None:
    """Whoever has the floor has spoken."""
    await db.execute(
        "update speech_request set state = 'done', ended_at = $2 where meeting_id = $1 and state = 'speaking'",
        meeting_id,
        at,
    )


async def update_place(db: Connection, request_id: UUID, place: int) -> None:
    """Another place in the list."""
    await db.execute("update speech_request set place = $2 where id = $1", request_id, place)


async def take_over(
    db: Connection, meeting_id: UUID, item_id: UUID, audience: list[str], keys: list[str]
) -> None:
    """Who waited on another open item waits on this one; who does so already, or waited on two, once."""
    await db.execute(
        """
        update speech_request s set item_id = $2, audience = $3
        where s.id in (
            select distinct on (o.person_id) o.id from speech_request o
            where o.meeting_id = $1 and o.item_id <> $2 and o.state = 'waiting' and o.audience && array['circle']
                and visible(o.audience, $4) and not exists (
                    select from speech_request w
                    where w.item_id = $2 and w.person_id = o.person_id and w.state = 'waiting')
            order by o.person_id, o.place)
        """,
        meeting_id,
        item_id,
        audience,
        keys,
    )


async def drop_left_over(db: Connection, meeting_id: UUID, item_id: UUID | None, keys: list[str]) -> None:
    """Who waited on other open items waits no more."""
    await db.execute(
        """
        update speech_request set state = 'removed' where meeting_id = $1 and item_id is distinct from $2 and state = 'waiting'
            and audience && array['circle'] and visible(audience, $3)
        """,
        meeting_id,
        item_id,
        keys,
    )


async def meeting_of_ballot(db: Connection, ballot_id: UUID) -> UUID | None:
    """The meeting of a vote that the second wall does not hide; the caller locks it next."""
    found: UUID | None = await db.fetchval("select meeting_id from ballot where id = $1", ballot_id)
    return found


async def lock_ballot(db: Connection, ballot_id: UUID, keys: list[str]) -> LockedBallot | None:
    """A visible vote, held until the end of the transaction."""
    found = await db.fetchrow(
        """
        select b.id, b.meeting_id, b.item_id, b.kind, b.text, b.state, b.revision, b.audience
        from ballot b where b.id = $1 and visible(b.audience, $2) for update of b
        """,
        ballot_id,
        keys,
    )
    return msgspec.convert(dict(found), LockedBallot) if found else None


async def insert_ballot(
    db: Connection, *, meeting_id: UUID, item_id: UUID, kind: str, text: str, by: UUID | None, at: datetime,
    audience: list[str],
) -> UUID:  # fmt: skip
    """A vote is opened."""
    found = await row(
        db,
        """
        insert into ballot (meeting_id, item_id, kind, text, opened_by, opened_at, audience)
        values ($1, $2, $3, $4, $5, $6, $7) returning id
        """,
        meeting_id,
        item_id,
        kind,
        text,
        by,
        at,
        audience,
    )
    return UUID(str(found["id"]))


async def list_entitled(db: Connection, item_id: UUID, at: datetime) -> list[Voice]:
    """The houses that can vote on an item at an instant, and who carries their voice."""
    rows = await db.fetch(
        "select e.authority_id, e.person_id, e.member_id from entitled_at($1, $2) e order by 1", item_id, at
    )
    return msgspec.convert([dict(one) for one in rows], list[Voice])


async def insert_vote(
    db: Connection, ballot: LockedBallot, voice: Voice, *, choice: str, by: UUID | None = None,
    reservation_kind: str | None = None, text: str = "", decide_by: date | None = None, assumed: bool = False,
    entered_by: UUID | None, at: datetime,
) -> None:  # fmt: skip
    """One more vote of a house, which counts from now on. `by` declares a reservation."""
    await db.execute(
        """
        insert into ballot_vote (ballot_id, authority_id, person_id, member_id, choice, reservation_kind, text, decide_by,
            assumed, entered_by, cast_at, audience)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
        """,
        ballot.id,
        voice.authority_id,
        voice.person_id,
        by,
        choice,
        reservation_kind,
        text.strip(),
        decide_by,
        assumed,
        entered_by,
        at,
        ballot.audience,
    )


async def touch_ballot(db: Connection, ballot_id: UUID) -> None:
    """What everybody sees of a vote has changed."""
    await db.execute("update ballot set revision = revision + 1 where id = $1", ballot_id)


async def list_cast(db: Connection, ballot_id: UUID) -> list[Cast]:
    """The vote of each house that counts: its last one."""
    rows = await db.fetch(
        """
        select distinct on (v.authority_id) v.authority_id, v.choice, v.member_id as by, v.reservation_kind, v.text,
            v.decide_by
        from ballot_vote v where v.ballot_id = $1 order by v.authority_id, v.number desc
        """,
        ballot_id,
    )
    return msgspec.convert([dict(one) for one in rows], list[Cast])


async def mark_closed(
    db: Connection, ballot_id: UUID, at: datetime, *, present: int, houses: int, needed: int, quorum: bool, consent: int,
    reservation: int, against: int, abstained: int, result: str,
) -> bool:  # fmt: skip
    """What a vote found. Who could vote the database itself looks up: a constraint holds the counts to them.

    False when the vote is not open any more.
    """
    return bool(
        await db.fetchval(
            """
            update ballot b set state = 'closed', ended_at = $2, present = $3, houses = $4, needed = $5, quorum = $6,
                consent = $7, reservation = $8, against = $9, abstained = $10, result = $11, revision = b.revision + 1,
                voices = array(
                    select e.authority_id from entitled_at(b.item_id, $2) e
                    union select v.authority_id from ballot_vote v where v.ballot_id = b.id)
            where b.id = $1 and b.state = 'open' returning true
            """,
            ballot_id,
            at,
            present,
            houses,
            needed,
            quorum,
            consent,
            reservation,
            against,
            abstained,
            result,
        )
    )


async def mark_cancelled(db: Connection, ballot_id: UUID, at: datetime) -> None:
    """A vote ends without a result."""
    await db.execute(
        "update ballot set state = 'cancelled', ended_at = $2, revision = revision + 1 where id = $1",
        ballot_id,
        at,
    )


async def find_presence(db: Connection, meeting_id: UUID, at: datetime) -> Presence:
    """What the quorum of an instant follows from."""
    found = await row(
        db,
        """
        select jsonb_build_object('voices', array(select voices_at(m.id, $2)),
            'members', (
                select coalesce(jsonb_agg(jsonb_build_object('authority_id', h.id, 'authority_name', h.short,
                    'person_id', p.id, 'name', p.name) order by h.name), '[]')
                from authority h
                left join (appointment b join person p on p.id = b.person_id) on b.authority_id = h.id
                    and b.kind = 'commissioner' and b.valid_from <= m.date
                    and (b.valid_to is null or b.valid_to >= m.date)
                where h.kind = 'district_government'),
            'editions', (
                select coalesce(jsonb_agg(jsonb_build_object('version', v.version, 'kind', v.kind, 'sent_on', v.sent_on,
                    'sha256', v.sha256, 'file_id', null, 'members', v.members || array(
                        select l.person_id from late_invitation l
                        where l.meeting_id = v.meeting_id and l.version = v.version)) order by v.version), '[]')
                from agenda_version v where v.meeting_id = m.id))::text as body
        from meeting m where m.id = $1
        """,
        meeting_id,
        at,
    )
    return msgspec.json.decode(found["body"], type=Presence)


async def list_houses(db: Connection, people: list[UUID], day: date) -> dict[UUID, UUID]:
    """The house for which each of these people speaks on a day, by appointment, or else their own authority."""
    rows: list[asyncpg.Record] = await db.fetch(
        """
        select p.id, coalesce((
            select a.authority_id from appointment a
            where a.person_id = p.id and a.valid_from <= $2 and (a.valid_to is null or a.valid_to >= $2)
            order by a.kind limit 1), p.authority_id) as house
        from person p where p.id = any($1)
        """,
        people,
        day,
    )
    return {one["id"]: one["house"] for one in rows}
