"""SQL about texts that are being written."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

import msgspec

from circle.core.db import Answer, Caller, Connection, read_one

from .model import Kept, Page, Person, Update


async def get(db: Connection, caller: Caller, item_id: UUID, reference: str) -> Answer:
    """An item on the agenda of a visible meeting with its text, as far as it is open to the caller."""
    return await read_one(
        db,
        """
        with me as materialized (select * from whoami($1, $2))
        select me.card as me, 0 as revision, case when p ->> 'reference' = $4 then p::text end as body
        from me left join lateral writing_page($3, me.keys) p on true
        """,
        caller,
        item_id,
        reference,
    )


async def list_sheets(db: Connection, caller: Caller, meeting_id: UUID) -> Answer:
    """The items of a visible meeting whose text is open to the caller and may hold lines, each with those that were
    confirmed or dismissed. Whose task came of a line is left out."""
    return await read_one(
        db,
        """
        with me as materialized (select * from whoami($1, $2))
        select me.card as me, 0 as revision, (
            select coalesce(jsonb_agg(jsonb_build_object('page', p.page, 'kept', (
                    select coalesce(jsonb_agg(jsonb_build_object('kind', l.kind, 'line', l.line, 'state', l.state,
                        'task_id', null, 'task_reference', null) order by l.at, l.id), '[]')
                    from captured_line l where l.item_id = i.id and visible(l.audience, me.keys)))
                order by i."order"), '[]')
            from agenda_item i cross join lateral (select writing_page(i.id, me.keys) as page) p
            where i.meeting_id = $3 and (p.page ->> 'open')::boolean and p.page ->> 'text' ~ '[ABW]:')::text as body
        from me
        """,
        caller,
        meeting_id,
    )


async def hold(db: Connection, item_id: UUID, keys: list[str]) -> bool:
    """Hold the meeting of an item until the end of the transaction, when `keys` see it: acts on its items queue there.

    What is read in the same statement would be as it was before the wait.
    """
    found = await db.fetchval(
        """
        select m.id from meeting m join agenda_item i on i.meeting_id = m.id
        where i.id = $1 and visible(m.audience, $2) for update of m
        """,
        item_id,
        keys,
    )
    return found is not None


async def find_page(db: Connection, item_id: UUID, keys: list[str]) -> Page | None:
    """The same for keys."""
    found = await db.fetchval("select writing_page($1, $2)::text", item_id, keys)
    return msgspec.json.decode(found, type=Page) if found else None


async def find(db: Connection, item_id: UUID, keys: list[str]) -> tuple[str, str] | None:
    """Text and level of an item that is open to `keys`."""
    found = await db.fetchrow(
        "select minutes, confidentiality from agenda_content where item_id = $1 and visible(audience, $2)",
        item_id,
        keys,
    )
    return (found["minutes"], found["confidentiality"]) if found else None


async def list_updates(db: Connection, item_id: UUID, after: int, keys: list[str]) -> list[Update]:
    """What was written since update `after`, in order. Ids of one item are given while its meeting is held, so none
    appears behind a later one."""
    rows = await db.fetch(
        """
        select u.id, u.update, u.person_id, p.name from writing_update u left join person p on p.id = u.person_id
        where u.item_id = $1 and u.id > $2 and visible(u.audience, $3) order by u.id
        """,
        item_id,
        after,
        keys,
    )
    return [Update(**dict(row)) for row in rows]


async def insert_update(
    db: Connection, item_id: UUID, update: bytes, person_id: UUID | None, at: datetime
) -> int:
    """One change, open to whom its item is; its id."""
    return int(
        await db.fetchval(
            """
            insert into writing_update (item_id, update, person_id, at, audience)
            select item_id, $2, $3, $4, audience from agenda_content where item_id = $1 returning id
            """,
            item_id,
            update,
            person_id,
            at,
        )
    )


async def update_text(db: Connection, item_id: UUID, text: str) -> None:
    """The text as readers see it; the item's revision stays, for its other words did not change."""
    await db.execute(
        """
        update agenda_content c set minutes = $2, written_revision = i.revision
        from agenda_item i where i.id = c.item_id and c.item_id = $1
        """,
        item_id,
        text,
    )


async def delete_updates(db: Connection, meeting_id: UUID) -> int:
    """Forget who typed what in a meeting whose minutes are approved; how many changes that were."""
    gone = await db.fetch(
        """
        delete from writing_update u using agenda_item i, meeting m
        where i.id = u.item_id and m.id = i.meeting_id and m.id = $1 and m.state in ('minutes_approved', 'filed')
        returning u.id
        """,
        meeting_id,
    )
    return len(gone)


async def list_people(db: Connection, meeting_id: UUID, day: date, roles: list[str]) -> list[Person]:
    """Whom a task of the meeting can be given to, as far as they hold one of `roles`: members and deputies, office and
    moderation of the day, and who was there."""
    rows = await db.fetch(
        """
        select p.id, p.name, a.short as house from person p join authority a on a.id = p.authority_id
        where p.active and roles_on(p.id, $2) && $3 and (
            roles_on(p.id, $2) && array['commissioner', 'deputy', 'circle_office', 'circle_moderator']
            or exists (select from presence s where s.meeting_id = $1 and s.person_id = p.id)
            or exists (select from attendance t where t.meeting_id = $1 and p.id in (t.person_id, t.represented_by)))
        order by p.name, p.id
        """,
        meeting_id,
        day,
        roles,
    )
    return [Person(**dict(row)) for row in rows]


async def next_date(db: Connection, day: date, keys: list[str]) -> date | None:
    """The day of the next meeting after one."""
    found: date | None = await db.fetchval(
        """
        select min(date) from meeting
        where date > $1 and state in ('planned', 'agenda_open', 'invited') and visible(audience, $2)
        """,
        day,
        keys,
    )
    return found


async def list_kept(db: Connection, item_id: UUID, keys: list[str]) -> list[Kept]:
    """Lines that were confirmed or dismissed; of a task that `keys` do not open its number is missing."""
    rows = await db.fetch(
        """
        select l.kind, l.line, l.state, t.id as task_id, t.reference as task_reference
        from captured_line l left join task t on t.id = l.task_id and visible(t.audience, $2)
        where l.item_id = $1 and visible(l.audience, $2) order by l.at, l.id
        """,
        item_id,
        keys,
    )
    return [msgspec.convert(dict(row), Kept) for row in rows]


async def put_line(db: Connection, item_id: UUID, **values: Any) -> bool:
    """Note what became of a line; False when that is settled already. A dismissed one may still be confirmed."""
    found = await db.fetchval(
        """
        insert into captured_line (item_id, kind, line, state, task_id, person_id, at, audience)
        select item_id, $2, $3, $4, $5, $6, $7, audience from agenda_content where item_id = $1
        on conflict (item_id, kind, md5(line)) do update set state = $4, task_id = $5, person_id = $6, at = $7
            where captured_line.state = 'dismissed' and $4 = 'confirmed'
        returning id
        """,
        item_id,
        *(values[name] for name in ("kind", "line", "state", "task_id", "person_id", "at")),
    )
    return found is not None
