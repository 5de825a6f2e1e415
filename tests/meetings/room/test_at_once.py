"""Two moderators at the same time, on two connections: both are right about different people, one about the same."""

import asyncio
from uuid import UUID

from circle.core import clock, errors
from circle.core.db import Database
from circle.meetings import actions as meetings
from circle.meetings.room import actions
from circle.meetings.room.model import Arrival, Departure, Step
from circle.settings import Settings

from . import scene


async def begun(database: Database) -> scene.Scene:
    async with database.begin(None) as db:
        return await scene.running(db, await clock.read(db))


async def do(database: Database, act: str, here: scene.Scene, minutes: float, *given: object) -> str:
    """One act on a connection of its own; returns the code of a refusal."""
    try:
        async with database.begin(None) as db:
            await getattr(actions, act)(db, here.at(minutes), here.meeting, *given)
    except errors.CircleError as refused:
        return refused.code
    return "done"


async def stays(database: Database, meeting: UUID) -> int:
    async with database.begin(None) as db:
        found: int = await db.fetchval("select count(*) from presence where meeting_id = $1", meeting)
        return found


async def test_arrivals_of_different_people_are_both_kept(fresh: tuple[Database, Settings]) -> None:
    here = await begun(fresh[0])
    nicks = ["ben", "dora", "egon", "mia", "anna", "vera"]
    done = await asyncio.gather(
        *[do(fresh[0], "arrive", here, 5, Arrival(here.people[nick])) for nick in nicks]
    )
    assert done == ["done"] * 6
    assert await stays(fresh[0], here.meeting) == 6
    async with fresh[0].begin(None) as db:
        found = await db.fetch("select status from attendance where meeting_id = $1", here.meeting)
    assert sorted(row["status"] for row in found) == [
        "guest", "office", "present", "present", "present", "present", "represented",
    ]  # fmt: skip


async def test_the_same_person_comes_once(fresh: tuple[Database, Settings]) -> None:
    here = await begun(fresh[0])
    ben = Arrival(here.people["ben"])
    done = await asyncio.gather(*[do(fresh[0], "arrive", here, 5, ben) for _ in range(3)])
    assert sorted(done) == ["already_there", "already_there", "done"]
    voices = [Arrival(here.people["kim"]), Arrival(here.people["dina"], here.people["kim"])]
    done = await asyncio.gather(*[do(fresh[0], "arrive", here, 6, one) for one in voices])
    assert sorted(done) == ["done", "voice_taken"]
    gone = Departure(here.people["ben"])
    done = await asyncio.gather(*[do(fresh[0], "leave", here, 7, gone) for _ in range(2)])
    assert sorted(done) == ["done", "not_there"]


async def test_who_waited_keeps_the_order_of_the_clock(fresh: tuple[Database, Settings]) -> None:
    # The later act has the earlier time: it was asked first and had to wait.
    here = await begun(fresh[0])
    async with fresh[0].begin(None) as db:
        here.db = db
        one, two = await here.item("1"), await here.item("2")
        await actions.arrive(db, here.at(10), here.meeting, Arrival(here.people["ben"]))
        await actions.call(db, here.at(10), here.meeting, one)
    assert await do(fresh[0], "next_", here, 9.999, Step(next_id=two)) == "done"
    assert await do(fresh[0], "leave", here, 9.998, Departure(here.people["ben"])) == "done"
    assert await do(fresh[0], "arrive", here, 9.997, Arrival(here.people["ben"])) == "done"
    async with fresh[0].begin(None) as db:
        await meetings.close(db, here.at(9), here.meeting)
        ended = await db.fetchval("select ended_at from meeting where id = $1", here.meeting)
        assert ended == here.at(10).now
        assert await db.fetchval("select count(*) from item_call where ended_at is null") == 0
        assert await db.fetchval("select count(*) from presence where left_at is null") == 0


async def test_two_who_call_up_different_items_leave_one_open(fresh: tuple[Database, Settings]) -> None:
    here = await begun(fresh[0])
    async with fresh[0].begin(None) as db:
        here.db = db
        items = [await here.item(number) for number in ("1", "2", "3")]
    done = await asyncio.gather(*[do(fresh[0], "call", here, 5, item) for item in items])
    assert done == ["done"] * 3, "without a revision each takes the place of the one before"
    async with fresh[0].begin(None) as db:
        assert await db.fetchval("select count(*) from item_call where ended_at is null") == 1
        revision = await db.fetchval("select revision from meeting where id = $1", here.meeting)
    steps = [do(fresh[0], "next_", here, 6, Step(), revision) for _ in range(2)]
    assert sorted(await asyncio.gather(*steps)) == ["done", "stale"]
    async with fresh[0].begin(None) as db:
        assert await db.fetchval("select count(*) from item_call where ended_at is null") == 0
