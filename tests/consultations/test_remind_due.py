"""Two working days before the deadline a reminder, on the day after a word to the head; each said once."""

import asyncio
from datetime import datetime

from circle.consultations import actions
from circle.core import clock
from circle.core.clock import BERLIN, Clock
from circle.core.db import Connection, Database
from circle.settings import Settings
from tests import make

from . import letters

REMINDER, LATE = "Frist zur Beratungsanfrage BA-2026-001", "Beratungsanfrage BA-2026-001 ist überfällig"


def morning(day: int, month: int = 12) -> datetime:
    return datetime(2026, month, day, 6, tzinfo=BERLIN)


async def told(db: Connection, found: object) -> list[tuple[str, str]]:
    return [
        (subject, name) for _, subject, name in await letters(db, str(found)) if subject in (REMINDER, LATE)
    ]


async def test_said_once_on_the_day_and_once_after_it(db: Connection, office: Clock) -> None:
    await make.advisers(db)
    await make.person(db, "lena", roles=["kfi_head"])
    found = await make.consultation(db, office, "assigned")  # due on Monday, 7 December
    assert await actions.remind_due(db, morning(2)) == 0
    for _ in range(2):
        await actions.remind_due(db, morning(3))
    assert await told(db, found) == [(REMINDER, "Dora Probe")]
    assert await actions.remind_due(db, morning(7)) == 0
    for _ in range(2):
        await actions.remind_due(db, morning(8))
    assert await told(db, found) == [(LATE, "Lena Probe"), (REMINDER, "Dora Probe")]


async def test_a_missed_day_is_made_up_for(db: Connection, office: Clock) -> None:
    await make.advisers(db)
    found = await make.consultation(db, office, "assigned")
    assert await actions.remind_due(db, morning(5)) == 1
    assert await told(db, found) == [(REMINDER, "Dora Probe")]


async def test_a_moved_deadline_is_reminded_of_anew(db: Connection, office: Clock) -> None:
    await make.advisers(db)
    await make.consultation(db, office, "assigned")
    assert await actions.remind_due(db, morning(3)) == 1
    await db.execute("update consultation set due_on_effective = '2026-12-14'")
    assert await actions.remind_due(db, morning(9)) == 0
    assert await actions.remind_due(db, morning(10)) == 1


async def test_nobody_named_yet_the_office_is_told(db: Connection, office: Clock) -> None:
    found = await make.consultation(db, office)
    await actions.remind_due(db, morning(3))
    await actions.remind_due(db, morning(8))
    assert await told(db, found) == [(LATE, "Anna Amt"), (REMINDER, "Anna Amt")]


async def test_no_word_while_the_clock_stands_or_after_the_answer(db: Connection, office: Clock) -> None:
    await make.advisers(db)
    for state in ("draft", "clarification", "answered"):
        await make.consultation(db, office, state)
    assert await actions.remind_due(db, morning(8)) == 0


async def test_two_workers_at_once_say_it_once(fresh: tuple[Database, Settings]) -> None:
    database = fresh[0]
    async with database.begin(None) as db:
        await make.advisers(db)
        found = await make.consultation(db, await clock.read(db), "assigned")

    async def run() -> int:
        async with database.begin(None) as db:
            return await actions.remind_due(db, morning(3))

    assert sum(await asyncio.gather(*[run() for _ in range(4)])) == 1
    async with database.begin(None) as db:
        assert await told(db, found) == [(REMINDER, "Dora Probe")]


async def test_a_confidential_one_stays_with_the_office(db: Connection, office: Clock) -> None:
    await make.advisers(db)
    await make.person(db, "lena", roles=["kfi_head"])
    found = await make.consultation(db, office, "assigned", confidentiality="confidential")
    await actions.remind_due(db, morning(8))
    late = [name for _, subject, name in await letters(db, found) if "überfällig" in subject]
    assert late == ["Anna Amt"]
