"""Wiedervorlage: once, on the day set or the next working day, until the task is settled (story S07)."""

import asyncio
from datetime import date, datetime

from circle.core import clock
from circle.core.clock import BERLIN, Clock
from circle.core.db import Connection, Database
from circle.settings import Settings
from circle.tasks import actions
from tests import make
from tests.clients import Clients
from workers import schedule

from . import api, letters, secret, task

SATURDAY = date(2026, 12, 5)
NOTICE = ("Wiedervorlage: Aufgabe AUF-2026-01", "Ben Beauftragt")


def morning(day: int) -> datetime:
    return datetime(2026, 12, day, 8, tzinfo=BERLIN)


async def test_a_saturday_comes_on_monday_and_once(db: Connection, office: Clock) -> None:
    assert schedule.DAILY["tasks.remind_due"].hour == 8
    found = await task(db, office, resubmission_on=SATURDAY)
    for day, written in ((4, 0), (5, 0), (6, 0), (7, 1), (7, 0), (8, 0)):
        assert await actions.remind_due(db, morning(day)) == written, day
    assert (await letters(db, found)).count(NOTICE) == 1
    text = await db.fetchval("select text from dispatch where subject = $1", NOTICE[0])
    assert "Merkblatt entwerfen" in text and "15.12.2026" in text


async def test_a_missed_day_is_made_up_for(db: Connection, office: Clock) -> None:
    await task(db, office, resubmission_on=SATURDAY, accepted=True)
    assert await actions.remind_due(db, morning(10)) == 1


async def test_settled_tasks_stay_quiet(client: Clients, db: Connection, office: Clock) -> None:
    ben = await client.as_("ben")
    done = await task(db, office, resubmission_on=SATURDAY, accepted=True)
    declined = await task(db, office, resubmission_on=SATURDAY)
    await ben.post(api(done, "complete"))
    await ben.post(api(declined, "decline"))
    assert await actions.remind_due(db, morning(7)) == 0


async def test_another_day_is_reminded_of_anew(client: Clients, db: Connection, office: Clock) -> None:
    found = await task(db, office, resubmission_on=SATURDAY)
    assert await actions.remind_due(db, morning(7)) == 1
    moved = {"resubmission_on": "2026-12-11"}
    await (await client.as_("anna")).patch(api(found), json=moved, headers={"if-match": '"v1"'})
    assert await actions.remind_due(db, morning(10)) == 0
    assert await actions.remind_due(db, morning(11)) == 1


async def test_two_workers_at_once_say_it_once(fresh: tuple[Database, Settings]) -> None:
    database = fresh[0]
    async with database.begin(None) as db:
        found = await task(db, await clock.read(db), resubmission_on=SATURDAY)

    async def run() -> int:
        async with database.begin(None) as db:
            return await actions.remind_due(db, morning(7))

    assert sum(await asyncio.gather(*[run() for _ in range(4)])) == 1
    async with database.begin(None) as db:
        assert (await letters(db, found)).count(NOTICE) == 1


async def test_a_confidential_one_is_not_told_in_the_mail(db: Connection, office: Clock) -> None:
    found = await secret(db, office)
    await db.execute("update task set resubmission_on = $1", SATURDAY)
    assert await actions.remind_due(db, morning(7)) == 1
    told = await db.fetchval("select string_agg(text, ' ') from dispatch where object_id = $1", found)
    assert "Einzelfall" not in told and await make.outbox(db, "distribution.send")
