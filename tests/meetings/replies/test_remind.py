"""The reminder: only to those who have not answered, on the day the procedure says, once (story S25)."""

import asyncio
from datetime import UTC, date, datetime, time

import pytest

from circle.core import clock
from circle.core.clock import BERLIN, Clock
from circle.core.db import Connection, Database
from circle.meetings.replies import actions, rules
from circle.settings import Settings
from tests import make
from tests.clients import Clients
from tests.meetings.world import act, invited
from workers import schedule


def at(month: int, day: int, hour: int = 10, year: int = 2027) -> datetime:
    return datetime(year, month, day, hour, tzinfo=BERLIN)


async def told(db: Connection) -> list[str]:
    """Whom the reminders went to, by name."""
    rows = await db.fetch(
        "select e.name from delivery e join dispatch d on d.id = e.dispatch_id where d.kind = 'notice' order by e.name"
    )
    return [row["name"] for row in rows]


async def test_only_those_without_an_answer_and_once(db: Connection, client: Clients, office: Clock) -> None:
    meeting = await invited(db, office)
    for nick, answer in (("ben", "in_person"), ("vera", "declined")):
        await act(await client.as_(nick), meeting, "reply", {"answer": answer})
    for day, count in ((5, 0), (6, 4), (6, 0), (7, 0), (12, 0)):
        assert await actions.remind(db, at(1, day)) == count, day
    assert await told(db) == ["Anna Amt", "Dina Vertretung", "Kim Köln", "Mona Moderat"]
    row = await db.fetchrow("select id, subject, text, answer_page from dispatch where kind = 'notice'")
    assert "13.01.2027" in row["subject"] and "10:00" in row["text"] and row["answer_page"] == "/rueckmeldung"
    assert await make.outbox(db, "distribution.send") == [{"dispatch_id": str(row["id"])}]
    assert (
        await db.fetchval("select detail ->> 'people' from audit_event where action = 'reply.reminded'")
        == "4"
    )
    shown = await (await client.browser("anna")).get("/sitzungen/KK-2027-1/rueckmeldungen")
    assert "erinnert am 06.01.2027" in shown.text


async def test_never_before_ten(db: Connection, office: Clock) -> None:
    await invited(db, office)
    assert await actions.remind(db, at(1, 6, 9)) == 0
    assert await actions.remind(db, at(1, 6, 10)) == 6


async def test_a_missed_day_is_made_up_for_until_the_begin(db: Connection, office: Clock) -> None:
    await invited(db, office)
    assert await actions.remind(db, at(1, 13)) == 0
    assert await actions.remind(db, at(1, 13, 9)) == 6


@pytest.mark.parametrize("state", ["cancelled", "moved", "running", "agenda_open"])
async def test_a_meeting_that_is_not_awaited_reminds_nobody(
    db: Connection, office: Clock, state: str
) -> None:
    await invited(db, office)
    await db.execute("update meeting set state = $1", state)
    assert await actions.remind(db, at(1, 6)) == 0


async def test_whoever_was_invited_late_or_has_left_is_left_alone(db: Connection, office: Clock) -> None:
    await invited(db, office)
    await db.execute(
        "update invitee set invited_on = '2027-01-06' where person_id = $1", await make.person_id(db, "ben")
    )
    await db.execute("update person set active = false where email = 'kim@example.org'")
    assert await actions.remind(db, at(1, 7)) == 4
    assert "Ben Beauftragt" not in await told(db)


async def test_tentative_is_no_answer(db: Connection, office: Clock) -> None:
    await invited(db, office)
    await db.execute(
        """
        insert into reply (meeting_id, person_id, answer, way, answered_at)
        select meeting_id, person_id, 'tentative', 'calendar', now() from invitee
        """
    )
    assert await actions.remind(db, at(1, 6)) == 6


async def test_two_workers_at_once_say_it_once(fresh: tuple[Database, Settings]) -> None:
    database = fresh[0]
    async with database.begin(None) as db:
        await invited(db, await clock.read(db))

    async def run() -> int:
        async with database.begin(None) as db:
            return await actions.remind(db, at(1, 6))

    assert sum(await asyncio.gather(*[run() for _ in range(4)])) == 6
    async with database.begin(None) as db:
        assert len(await told(db)) == 6


def test_the_day_and_the_hour_hold_over_the_change_of_time() -> None:
    fortnight = {"reply_reminder": {"unit": "days_before", "value": 14}}
    assert rules.reminder(date(2026, 11, 4), fortnight).astimezone(UTC) == datetime(
        2026, 10, 21, 8, tzinfo=UTC
    )
    assert schedule.DAILY["meetings.remind_replies"] == time(10)
    due = schedule.latest(time(10), datetime(2026, 10, 21, 20, tzinfo=UTC))
    assert due.astimezone(UTC) == datetime(2026, 10, 21, 8, tzinfo=UTC)
    later = schedule.latest(time(10), datetime(2026, 10, 28, 20, tzinfo=UTC))
    assert later.astimezone(UTC) == datetime(2026, 10, 28, 9, tzinfo=UTC)


@pytest.mark.parametrize(
    ("meeting", "day"),
    [(date(2026, 12, 9), date(2026, 12, 2)), (date(2026, 11, 8), date(2026, 10, 30)), (date(2027, 1, 8), date(2026, 12, 31))],
)  # fmt: skip
def test_a_day_off_moves_it_to_the_working_day_before(meeting: date, day: date) -> None:
    assert rules.reminder(meeting, {}).date() == day
