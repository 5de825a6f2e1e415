"""Redis and the mail server go away in the middle of a dispatch: it takes longer, and nothing else happens."""

import asyncio

import pytest

from .plant import Plant

pytestmark = pytest.mark.faults
PEOPLE = 30


async def test_redis_forgets_everything(plant: Plant) -> None:
    first = await plant.dispatch(PEOPLE, "a")
    await plant.until(lambda: plant.arrived().total() >= 3)
    with plant.redis_client() as client:
        client.flushall()
    second = await plant.dispatch(10, "b")
    await plant.until(lambda: plant.is_done(first))
    await plant.until(lambda: plant.is_done(second))
    await plant.check(first, PEOPLE, uncertain=0)
    await plant.check(second, 10, uncertain=0)


async def test_redis_is_killed_and_comes_back_empty(plant: Plant) -> None:
    first = await plant.dispatch(PEOPLE, "a")
    await plant.until(lambda: plant.arrived().total() >= 3)
    plant.kill("redis")
    second = await plant.dispatch(10, "b")
    await asyncio.sleep(1)
    for file in (plant.folder / "redis").glob("*.rdb"):
        file.unlink()
    plant.start("redis")
    await plant.until(lambda: plant.is_done(first), 60)
    await plant.until(lambda: plant.is_done(second), 60)
    await plant.check(first, PEOPLE, uncertain=0)
    await plant.check(second, 10, uncertain=0)


async def test_messages_that_redis_lost_before_anybody_took_them(plant: Plant) -> None:
    plant.kill("worker")
    dispatch_id = await plant.dispatch(10)
    with plant.redis_client() as client:
        await plant.until(lambda: client.llen("circle") == 1)
        client.flushall()
    await plant.pass_time()
    plant.start("worker")
    await plant.until(lambda: plant.is_done(dispatch_id))
    await plant.check(dispatch_id, 10, uncertain=0)


async def test_the_mail_server_is_away_for_a_while(plant: Plant) -> None:
    plant.kill("mail")
    dispatch_id = await plant.dispatch(10)
    async with asyncio.timeout(20):
        while "nicht erreichbar" not in await _error(plant):
            await asyncio.sleep(0.05)
    plant.start("mail")
    await plant.until(lambda: plant.done_in_time(dispatch_id))
    await plant.check(dispatch_id, 10, uncertain=0)


async def test_the_mail_server_is_killed_in_the_middle(plant: Plant) -> None:
    dispatch_id = await plant.dispatch(20)
    await plant.until(lambda: plant.arrived().total() >= 5)
    plant.kill("mail")
    plant.start("mail")
    await plant.until(lambda: plant.done_in_time(dispatch_id))
    await plant.check(dispatch_id, 20, uncertain=1)


async def _error(plant: Plant) -> str:
    async with plant.database.begin(None) as db:
        return str(await db.fetchval("select max(error) from delivery"))
