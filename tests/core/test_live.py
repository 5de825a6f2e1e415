"""What open pages hear: over the real database, in two processes' worth of hubs."""

import asyncio
from contextlib import suppress

import asyncpg

from circle.core import live
from circle.core.db import Database
from circle.settings import Settings


async def hearing(hub: live.Hub, url: str, topic: str) -> "asyncio.Task[None]":
    """Listen, and wait until it does."""
    task = asyncio.create_task(hub.listen(url))
    with hub.waiting(topic) as bell:
        await asyncio.wait_for(bell.wait(), 5)
    return task


async def test_a_word_wakes_every_process_and_carries_its_text(fresh: tuple[Database, Settings]) -> None:
    one, other = live.Hub(), live.Hub()
    server = fresh[1].database_url
    texts: list[str] = []
    tasks = [await hearing(hub, server, "meeting:1") for hub in (one, other)]
    db = await asyncpg.connect(server)
    with (
        one.waiting("meeting:1") as bell,
        other.hearing("meeting:1", texts.append),
        one.waiting("meeting:2") as quiet,
    ):
        async with db.transaction():
            await live.tell(db, "meeting:1", "17")
            await asyncio.sleep(0.1)
            assert not bell.is_set()  # Nothing is said before the commit.
        async with asyncio.timeout(2):
            await bell.wait()
            while not texts:  # The other process hears it over a connection of its own.
                await asyncio.sleep(0.01)
        assert texts == ["17"]
        assert not quiet.is_set()
    await db.close()
    for task in tasks:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def test_a_lost_connection_is_made_again_and_everybody_looks_once_more(
    fresh: tuple[Database, Settings],
) -> None:
    hub, texts, server = live.Hub(), list[str](), fresh[1].database_url
    with hub.hearing("meeting:1", texts.append):
        task = await hearing(hub, server, "meeting:1")
        texts.clear()
        db = await asyncpg.connect(server)
        await db.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'circle live'"
            " and datname = current_database()"
        )
        async with asyncio.timeout(5):
            while texts != [""]:
                await asyncio.sleep(0.02)
        await db.close()
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def test_a_view_is_drawn_once_for_all_and_anew_after_a_word() -> None:
    hub, drawn = live.Hub(), list[int]()

    async def draw() -> dict[str, str]:
        drawn.append(1)
        await asyncio.sleep(0.01)
        return {"part": str(len(drawn))}

    with hub.waiting("meeting:1"):
        found = await asyncio.gather(*(hub.parts("meeting:1", "circle", draw) for _ in range(200)))
        assert {one["part"] for one in found} == {"1"}
        hub.hear("meeting:1")
        found = await asyncio.gather(*(hub.parts("meeting:1", "circle", draw) for _ in range(200)))
        assert {one["part"] for one in found} == {"2"}
    assert hub._shared == {}


def test_what_nobody_waits_for_is_not_kept() -> None:
    hub = live.Hub()
    hub.hear("meeting:1 17")
    with hub.waiting("meeting:1") as bell, hub.hearing("writing:1", lambda text: None):
        hub.hear("meeting:1")
        hub.hear("writing:1 3")
        hub.hear("meeting:2")
        assert bell.is_set()
    assert not any(vars(hub).values())
