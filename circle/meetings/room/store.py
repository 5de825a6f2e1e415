"""SQL about the room of a meeting: who is there from when to when, and which item was called up when."""

from datetime import date, datetime
from uuid import UUID

import msgspec

from circle.core.db import Answer, Caller, Connection

from .. import store as meetings
from .model import Expected, StoredCall


async def get_room(
    db: Connection, caller: Caller, meeting_id: UUID | None = None, *, reference: str | None = None
) -> Answer:
    """A visible meeting as `meetings.store.get` reads it, with its stays, the calls of its items and the minutes given."""
    return await meetings.get(db, caller, meeting_id, reference=reference, room=True)


async def list_expected(db: Connection, meeting_id: UUID) -> list[Expected]:
    """Who may come in: who is invited, whom the attendance names, members, and the office; not who is there.

    A member who answered that somebody represents them, or who is away that day, is not expected: the deputy is.
    """
    rows = await db.fetch(
        """
        with m as (select * from meeting where id = $1),
        answered as (
            select distinct on (y.person_id) y.person_id, y.answer, y.deputy_id
            from reply y where y.meeting_id = $1 order by y.person_id, y.number desc
        ),
        -- The last answer counts before what is written down, and both before an absence.
        standing as (
            select distinct on (s.member_id) s.member_id, s.deputy_id from (
                select person_id as member_id, deputy_id, 1 as rank from answered where answer = 'represented'
                union all
                select t.person_id, t.represented_by, 2 from attendance t
                where t.meeting_id = $1 and t.status = 'represented' and t.represented_by is not null
                union all
                select b.person_id, b.deputy_id, 3 from absence b, m
                where m.date between b.starts_on and b.ends_on and roles_on(b.deputy_id, m.date) && array['deputy']) s
            where not exists (
                select from answered a
                where a.person_id = s.member_id and a.answer in ('in_person', 'online', 'coming') and s.rank > 1)
            order by s.member_id, s.rank, s.deputy_id
        ),
        people as (
            select p.id, p.title, p.name, p.authority_id, r.roles, s.member_id, a.answer
            from m cross join person p cross join lateral (select roles_on(p.id, m.date) as roles) r
            left join standing s on s.deputy_id = p.id
            left join answered a on a.person_id = p.id
            where p.active and (s.member_id is not null or r.roles && array['commissioner', 'circle_office', 'circle_moderator']
                or exists (select from invitee i where i.meeting_id = $1 and i.person_id = p.id)
                or exists (select from attendance t where t.meeting_id = $1 and t.person_id = p.id and t.status <> 'excused'))
                and not exists (select from standing g where g.member_id = p.id)
                and not exists (
                    select from presence s where s.meeting_id = $1 and s.person_id = p.id and s.left_at is null)
        )
        select p.id as person_id, trim(p.title || ' ' || p.name) as name, h.short as house_name,
            p.member_id is not null or p.roles && array['commissioner'] as voice,
            p.roles && array['circle_office', 'circle_moderator'] as office, p.member_id,
            (select trim(o.title || ' ' || o.name) from person o where o.id = p.member_id) as member_name,
            case when p.answer = 'online' or m.mode = 'online' then 'online' else 'on_site' end as mode, p.answer
        from m cross join people p join authority h on h.id = p.authority_id
        order by h.kind <> 'district_government', h.name, p.name, p.id
        """,
        meeting_id,
    )
    return [msgspec.convert(dict(one), Expected) for one in rows]


async def insert_stay(
    db: Connection,
    meeting_id: UUID,
    *,
    person_id: UUID,
    authority_id: UUID | None,
    member_id: UUID | None,
    mode: str,
    arrived_at: datetime,
    left_at: datetime | None = None,
) -> UUID:
    """Somebody is in the room from an instant on."""
    found: UUID = await db.fetchval(
        """
        insert into presence (meeting_id, person_id, authority_id, member_id, mode, arrived_at, left_at)
        values ($1, $2, $3, $4, $5, $6, $7) returning id
        """,
        meeting_id,
        person_id,
        authority_id,
        member_id,
        mode,
        arrived_at,
        left_at,
    )
    return found


async def end_stay(db: Connection, stay_id: UUID, at: datetime, left_for: UUID | None = None) -> None:
    """Somebody leaves; `left_for` is the confidential item that they may not hear."""
    await db.execute("update presence set left_at = $2, left_for = $3 where id = $1", stay_id, at, left_for)


async def update_stay(db: Connection, stay_id: UUID, arrived_at: datetime, left_at: datetime | None) -> None:
    """Other times of a stay."""
    await db.execute(
        """
        update presence set arrived_at = $2, left_at = $3, left_for = case when left_at = $3 then left_for end
        where id = $1
        """,
        stay_id,
        arrived_at,
        left_at,
    )


async def delete_stay(db: Connection, stay_id: UUID) -> None:
    """A stay that never was."""
    await db.execute("delete from presence where id = $1", stay_id)


async def meeting_of(db: Connection, stay_id: UUID) -> UUID | None:
    """The meeting of a stay, seen or not; the caller locks it next."""
    found: UUID | None = await db.fetchval("select meeting_id from presence where id = $1", stay_id)
    return found


async def find_open_call(db: Connection, meeting_id: UUID) -> StoredCall | None:
    """The item that is being dealt with."""
    found = await db.fetchrow(
        "select id, item_id, called_at from item_call where meeting_id = $1 and ended_at is null", meeting_id
    )
    return msgspec.convert(dict(found), StoredCall) if found else None


async def insert_call(db: Connection, meeting_id: UUID, item_id: UUID, at: datetime) -> None:
    """An item is dealt with from now on."""
    await db.execute(
        "insert into item_call (meeting_id, item_id, called_at) values ($1, $2, $3)", meeting_id, item_id, at
    )


async def end_call(db: Connection, call_id: UUID, at: datetime) -> None:
    """The item is dealt with no more."""
    await db.execute("update item_call set ended_at = $2 where id = $1", call_id, at)


async def add_minutes(db: Connection, item_id: UUID, minutes: int) -> None:
    """Minutes more for an item, or less, but not less than none."""
    await db.execute(
        "update agenda_content set extra_minutes = greatest(extra_minutes + $2, 0) where item_id = $1",
        item_id,
        minutes,
    )


async def not_open_to(db: Connection, item_id: UUID, people: list[UUID]) -> list[UUID]:
    """Those of `people` to whom the content of an item is not open on the day of its meeting; only within
    `for_the_record`, because the moderation that calls an item up may not read it."""
    rows = await db.fetch(
        """
        select p.id from agenda_content c join meeting m on m.id = c.meeting_id
        join person p on p.id = any($2)
        where c.item_id = $1 and c.confidentiality = 'confidential'
            and not c.audience && keys_on(p.id, p.authority_id, roles_on(p.id, m.date), m.date)
        """,
        item_id,
        people,
    )
    return [row["id"] for row in rows]


async def commissioner_of(db: Connection, authority_id: UUID, day: date) -> UUID | None:
    """The commissioner of a house on a day; None while the office is vacant."""
    found: UUID | None = await db.fetchval(
        """
        select person_id from appointment
        where authority_id = $1 and kind = 'commissioner' and valid_from <= $2 and (valid_to is null or valid_to >= $2)
        """,
        authority_id,
        day,
    )
    return found
