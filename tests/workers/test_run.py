"""One job of the outbox: leased, run, kept alive, marked done, put back or given up."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from circle.core import jobs as outbox
from circle.core.db import Database
from workers import jobs, store
from workers.jobs import Around, Job


async def enqueue(around: Around, job: str = "test", **arguments: Any) -> int:
    async with around.database.begin(None) as db:
        return await outbox.enqueue(db, job, **arguments)


async def row(around: Around, outbox_id: int) -> Any:
    async with around.database.begin(None) as db:
        return await db.fetchrow("select *, due_at - now() as wait from outbox where id = $1", outbox_id)


async def change(around: Around, sql: str) -> None:
    async with around.database.begin(None) as db:
        await db.execute(sql)


def counting(
    result: datetime | None = None, error: Exception | None = None
) -> tuple[dict[str, Job], list[Any]]:
    """A job that notes its arguments, waits a moment, then returns or raises."""
    seen: list[Any] = []

    async def job(around: Around, thing: UUID | None = None) -> datetime | None:
        seen.append(thing)
        await asyncio.sleep(0.02)
        if error:
            raise error
        return result

    return {"test": job}, seen


async def test_it_runs_once_with_arguments_of_their_type(around: Around) -> None:
    known, seen = counting()
    thing = uuid4()
    outbox_id = await enqueue(around, thing=thing)
    for _ in range(2):
        await jobs.run(around, outbox_id, known)
    assert seen == [thing]
    found = await row(around, outbox_id)
    assert found["done_at"] is not None and found["lease_until"] is None


async def test_told_three_times_at_once_it_runs_once(around: Around) -> None:
    known, seen = counting()
    outbox_id = await enqueue(around)
    await asyncio.gather(*(jobs.run(around, outbox_id, known) for _ in range(3)))
    assert len(seen) == 1


async def test_nothing_happens_for_an_unknown_row_or_before_it_is_due(around: Around) -> None:
    known, seen = counting()
    await jobs.run(around, 4711, known)
    async with around.database.begin(None) as db:
        later = await outbox.enqueue(db, "test", due_at=datetime.now(UTC) + timedelta(minutes=1))
    await jobs.run(around, later, known)
    assert seen == []


async def test_what_raises_comes_again_later_each_time(around: Around) -> None:
    known, seen = counting(error=RuntimeError("secret content"))
    outbox_id = await enqueue(around)
    for attempt in (1, 2, 3):
        await jobs.run(around, outbox_id, known)
        found = await row(around, outbox_id)
        assert timedelta(seconds=2**attempt - 1) < found["wait"] <= timedelta(seconds=2**attempt)
        assert (found["attempts"], found["last_error"], found["failed_at"]) == (attempt, "RuntimeError", None)
        assert found["published_at"] is None
        await change(around, "update outbox set due_at = now()")
    assert len(seen) == 3


async def test_it_gives_up_after_the_last_attempt(around: Around) -> None:
    known, seen = counting(error=RuntimeError())
    outbox_id = await enqueue(around)
    for _ in range(jobs.MOST_ATTEMPTS + 2):
        await jobs.run(around, outbox_id, known)
        await change(around, "update outbox set due_at = now()")
    assert len(seen) == jobs.MOST_ATTEMPTS
    assert (await row(around, outbox_id))["failed_at"] is not None


async def test_a_job_that_kills_its_process_each_time_is_given_up_too(around: Around) -> None:
    known, seen = counting()
    outbox_id = await enqueue(around)
    await change(around, f"update outbox set attempts = {jobs.MOST_ATTEMPTS}")
    await jobs.run(around, outbox_id, known)
    found = await row(around, outbox_id)
    assert seen == []
    assert found["failed_at"] is not None and found["last_error"] == "Killed"


@pytest.mark.parametrize(
    ("job", "arguments"), [("unknown", {}), ("test", {"thing": "x"}), ("test", {"other": 1})]
)
async def test_a_name_or_arguments_nobody_knows_count_as_failed_attempts(
    around: Around, job: str, arguments: dict[str, Any]
) -> None:
    known, seen = counting()
    outbox_id = await enqueue(around, job, **arguments)
    await jobs.run(around, outbox_id, known)
    assert seen == []
    assert (await row(around, outbox_id))["last_error"] in ("KeyError", "ValidationError")


async def test_a_job_that_is_not_at_its_end_says_when_to_come_again(around: Around) -> None:
    at = datetime.now(UTC) + timedelta(minutes=5)
    known, _ = counting(at)
    outbox_id = await enqueue(around)
    await change(around, "update outbox set attempts = 4, published_at = now()")
    await jobs.run(around, outbox_id, known)
    found = await row(around, outbox_id)
    assert found["due_at"] == at
    assert (found["attempts"], found["done_at"], found["published_at"]) == (0, None, None)


async def test_a_lost_worker_s_job_is_free_when_its_lease_ends(around: Around) -> None:
    known, seen = counting()
    outbox_id = await enqueue(around)
    async with around.database.begin(None) as db:
        assert await store.lease(db, outbox_id, jobs.LEASE)
    await jobs.run(around, outbox_id, known)
    assert seen == []
    await change(around, "update outbox set lease_until = now() - interval '1 second'")
    await jobs.run(around, outbox_id, known)
    assert len(seen) == 1


async def test_the_lease_is_kept_while_the_job_runs(around: Around, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "HEARTBEAT", 0.01)
    outbox_id = await enqueue(around)
    leases = []

    async def job(around: Around) -> None:
        for _ in range(3):
            await asyncio.sleep(0.05)
            leases.append((await row(around, outbox_id))["lease_until"])

    await jobs.run(around, outbox_id, {"test": job})
    assert leases == sorted(set(leases)) and len(leases) == 3


async def test_whoever_lost_the_lease_stops_and_changes_nothing(
    around: Around, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "HEARTBEAT", 0.01)
    outbox_id = await enqueue(around)
    ended = []

    async def job(around: Around) -> None:
        await change(
            around, "update outbox set fence = fence + 1, lease_until = now() + interval '9 seconds'"
        )
        try:
            await asyncio.sleep(5)
        except asyncio.CancelledError:
            ended.append(True)
            raise

    await jobs.run(around, outbox_id, {"test": job})
    found = await row(around, outbox_id)
    assert ended == [True]
    assert (found["done_at"], found["failed_at"], found["last_error"]) == (None, None, "")
    assert found["lease_until"] is not None


async def test_a_late_result_of_a_lost_lease_does_not_count(around: Around) -> None:
    outbox_id = await enqueue(around)

    async def job(around: Around) -> None:
        await change(around, "update outbox set fence = fence + 1")

    await jobs.run(around, outbox_id, {"test": job})
    assert (await row(around, outbox_id))["done_at"] is None


async def test_a_job_that_takes_too_long_is_ended_and_tried_again(
    around: Around, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "LONGEST", 0.05)
    outbox_id = await enqueue(around)

    async def job(around: Around) -> None:
        await asyncio.sleep(5)

    await jobs.run(around, outbox_id, {"test": job})
    assert (await row(around, outbox_id))["last_error"] == "TimeoutError"


async def test_when_the_database_goes_away_too_the_lease_ends_by_itself(
    around: Around, fresh: tuple[Database, Any]
) -> None:
    outbox_id = await enqueue(around)

    async def job(around: Around) -> None:
        around.database.pool.terminate()
        raise ConnectionResetError

    await jobs.run(around, outbox_id, {"test": job})
