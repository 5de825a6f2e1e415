"""SQL about the meetings of a year."""

from datetime import date
from typing import Any
from uuid import UUID

import asyncpg
import msgspec

from circle.core.db import Answer, Caller, Connection, read_page


async def list_year(db: Connection, caller: Caller, first: date, last: date) -> Answer:
    """The visible meetings of a year, and those whose submission or invitation ends in it, as `model.YearMeeting`."""
    return await read_page(
        db,
        """
        with me as materialized (select * from whoami($1, $2))
        select me.card as me, (
            select coalesce(json_agg(json_build_object('reference', m.reference, 'title', m.title, 'date', m.date,
                'start_local', to_char(m.start_local, 'HH24:MI'), 'state', m.state, 'place', m.place,
                'deadlines', m.deadlines) order by m.date, m.number), '[]')
            from meeting m
            where visible(m.audience, me.keys) and m.date >= $3 and (m.date <= $4
                or (m.deadlines -> 'agenda_submission' ->> 'on')::date <= $4
                or (m.deadlines -> 'invitation_latest' ->> 'on')::date <= $4)) as items, null as next
        from me
        """,
        caller,
        first,
        last,
    )


async def list_taken(db: Connection, keys: list[str], days: list[date]) -> dict[date, str]:
    """Which of these days have a meeting already, by its reference."""
    rows: list[asyncpg.Record] = await db.fetch(
        """
        select date, min(reference) as reference from meeting
        where date = any($2) and state not in ('cancelled', 'moved') and visible(audience, $1)
        group by date
        """,
        keys,
        days,
    )
    return {one["date"]: one["reference"] for one in rows}


async def find_rules(db: Connection, today: date) -> dict[str, Any]:
    """The rules of the procedure in force on a day; none when the circle has no procedure yet. Writes nothing."""
    found = await db.fetchval(
        """
        select rules::text from procedure
        order by in_force_from > $1, case when in_force_from > $1 then -version else version end desc limit 1
        """,
        today,
    )
    rules: dict[str, Any] = msgspec.json.decode(found or "{}")
    return rules


async def lock_year(db: Connection, year: int) -> None:
    """Hold the numbers of a year's meetings until the end of the transaction: nobody else plans it meanwhile."""
    await db.execute(
        """
        insert into number_series (series, year, last) values ('KK', $1, 0)
        on conflict on constraint number_series_unique do update set last = number_series.last
        """,
        year,
    )


async def list_created(db: Connection, keys: list[str], ids: list[UUID]) -> list[asyncpg.Record]:
    """Meetings that were just set, in order."""
    rows: list[asyncpg.Record] = await db.fetch(
        """
        select id, reference, title, date from meeting where id = any($2) and visible(audience, $1)
        order by date, number
        """,
        keys,
        ids,
    )
    return rows


async def list_planned(db: Connection, today: date) -> list[asyncpg.Record]:
    """Planned meetings of today or later that may be due to open, with the procedure they were called under. For workers.

    The longest period that a procedure may name is 180 days, and days off come on top.
    """
    rows: list[asyncpg.Record] = await db.fetch(
        """
        select m.id, m.reference, m.date, r.rules::text as rules
        from meeting m join procedure r on r.version = m.procedure_version
        where m.state = 'planned' and m.date between $1 and $1 + 200 order by m.date
        """,
        today,
    )
    return rows
