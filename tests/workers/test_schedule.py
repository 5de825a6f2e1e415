"""Any number of clocks: each due instant is written down once."""

import asyncio
from datetime import datetime, time, timedelta

import pytest

from circle.core import clock
from circle.core.clock import Clock
from workers import jobs, schedule
from workers.jobs import Around


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


def clock_at(text: str) -> Clock:
    """A clock that shows this instant now."""
    return Clock(at(text) - datetime.now(at(text).tzinfo))


@pytest.mark.parametrize(
    ("now", "due"),
    [
        ("2026-11-23T09:00:00+01:00", "2026-11-23T05:00:00+01:00"),
        ("2026-11-23T05:00:00+01:00", "2026-11-23T05:00:00+01:00"),
        ("2026-11-23T04:59:59+01:00", "2026-11-22T05:00:00+01:00"),
        ("2026-03-29T05:30:00+02:00", "2026-03-29T05:00:00+02:00"),
        ("2026-03-29T04:30:00+02:00", "2026-03-28T05:00:00+01:00"),
        ("2026-10-25T04:30:00+01:00", "2026-10-24T05:00:00+02:00"),
        ("2027-01-01T00:30:00+01:00", "2026-12-31T05:00:00+01:00"),
    ],
)
def test_the_last_due_instant_is_the_office_s(now: str, due: str) -> None:
    assert schedule.latest(time(5), at(now)) == at(due)


def test_no_hour_is_one_that_a_time_change_leaves_out_or_doubles() -> None:
    assert not [job for job, hour in schedule.DAILY.items() if 2 <= hour.hour < 3]
    assert set(schedule.DAILY) <= set(jobs.JOBS)


async def written(around: Around) -> list[tuple[str, datetime]]:
    async with around.database.begin(None) as db:
        assert await db.fetchval("select count(*) from outbox") == await db.fetchval(
            "select count(*) from schedule_run"
        )
        return [tuple(row) for row in await db.fetch("select job, due_at from schedule_run order by due_at")]


async def test_many_clocks_write_each_job_once(around: Around) -> None:
    ticks = [schedule.tick(around.database, around.clock) for _ in range(5)]
    told = [job for jobs in await asyncio.gather(*ticks) for job in jobs]
    assert sorted(told) == sorted(schedule.DAILY)
    assert len(await written(around)) == len(schedule.DAILY)
    assert await schedule.tick(around.database, around.clock) == []


async def test_the_next_day_it_is_due_again_and_a_standstill_is_made_up_for_once(around: Around) -> None:
    every = len(schedule.DAILY)
    for now, expected in (
        ("2026-11-23T12:00:00+01:00", every),
        ("2026-11-24T02:00:00+01:00", sum(hour <= time(2) for hour in schedule.DAILY.values())),
        ("2026-11-24T05:30:00+01:00", sum(time(2) < hour <= time(5, 30) for hour in schedule.DAILY.values())),
        ("2026-12-03T12:00:00+01:00", every),
    ):
        assert len(await schedule.tick(around.database, clock_at(now))) == expected, now
    days = {clock.day(due).isoformat() for _, due in await written(around)}
    assert days == {"2026-11-23", "2026-11-24", "2026-12-03"}


async def test_a_clock_that_is_behind_writes_nothing_twice(around: Around) -> None:
    await schedule.tick(around.database, clock_at("2026-11-24T09:00:00+01:00"))
    behind = Clock(clock_at("2026-11-24T09:00:00+01:00").offset - timedelta(seconds=90))
    assert await schedule.tick(around.database, behind) == []
