"""kill -9 in the middle of a dispatch: nobody is served twice, nobody is left out."""

import os
import signal
from pathlib import Path

import pytest

from .conftest import FULL
from .plant import Plant

pytestmark = pytest.mark.faults
PEOPLE = 40


async def test_the_worker_is_killed_while_it_sends(plant: Plant) -> None:
    kills = 8 if FULL else 3
    dispatch_id = await plant.dispatch(PEOPLE)
    for number in range(1, kills + 1):
        wanted = number * PEOPLE // (kills + 2)
        await plant.until(lambda wanted=wanted: plant.arrived().total() >= wanted)
        plant.kill("worker")
        await plant.pass_time()
        plant.start("worker")
    await plant.until(lambda: plant.is_done(dispatch_id))
    await plant.check(dispatch_id, PEOPLE, uncertain=kills)
    before = plant.arrived().total()
    plant.kill("worker")
    await plant.pass_time()
    plant.start("worker")
    second = await plant.dispatch(1, "b")
    await plant.until(lambda: plant.is_done(second))
    assert plant.arrived().total() == before + 1, "what is uncertain is not sent again by itself"


async def test_one_process_of_the_pool_is_killed_and_time_heals_it(plant: Plant, full: None) -> None:
    dispatch_id = await plant.dispatch(PEOPLE)
    await plant.until(lambda: plant.arrived().total() >= 5)
    main = plant.running["worker"].pid
    for pid in Path(f"/proc/{main}/task/{main}/children").read_text().split():
        os.kill(int(pid), signal.SIGKILL)
    await plant.until(lambda: plant.is_done(dispatch_id), 240)
    await plant.check(dispatch_id, PEOPLE, uncertain=1)


async def test_the_relay_is_killed_and_its_jobs_wait_for_the_next(plant: Plant) -> None:
    first = await plant.dispatch(10, "a")
    await plant.until(lambda: plant.arrived().total() >= 2)
    plant.kill("relay")
    second = await plant.dispatch(10, "b")
    plant.start("relay")
    third = await plant.dispatch(10, "c")
    for dispatch_id in (first, second, third):
        await plant.until(lambda dispatch_id=dispatch_id: plant.is_done(dispatch_id))
    for dispatch_id in (first, second, third):
        await plant.check(dispatch_id, 10, uncertain=0)


async def test_two_relays_and_two_workers_serve_everybody_once(plant: Plant) -> None:
    plant.start("worker2", "relay2")
    ids = [await plant.dispatch(10, start) for start in "abcd"]
    for dispatch_id in ids:
        await plant.until(lambda dispatch_id=dispatch_id: plant.is_done(dispatch_id))
    for dispatch_id in ids:
        await plant.check(dispatch_id, 10, uncertain=0)


async def test_s28_killed_after_the_fifth_of_fourteen_and_two_workers_take_over(plant: Plant) -> None:
    dispatch_id = await plant.dispatch(14, "s28")
    await plant.until(lambda: plant.arrived().total() >= 5)
    plant.kill("worker")
    before = await plant.sent(dispatch_id)
    assert 0 < len(before) < 14
    await plant.pass_time()
    plant.start("worker", "worker2")
    await plant.until(lambda: plant.done_in_time(dispatch_id))
    await plant.check(dispatch_id, 14, uncertain=1)
    after = await plant.sent(dispatch_id)
    assert before.items() <= after.items(), "what the first run had sent stays as it wrote it down"
    assert len(after) >= 13, "the others got theirs in the second run"
    async with plant.database.begin(None) as db:
        runs = await db.fetchval(
            "select max(attempts) from outbox where arguments ->> 'dispatch_id' = $1", str(dispatch_id)
        )
    assert runs >= 2, "the record shows both runs"
