"""The relay: hands due rows to Celery, and again when nothing came of it. With a Redis of its own."""

import asyncio
import base64
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
import redis as redis_client

from circle.core import jobs as outbox
from circle.core.db import Database
from circle.local import child, redis
from circle.settings import Settings
from workers import app as celery_app
from workers import jobs, relay, store

Fresh = tuple[Database, Settings]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[redis.Server]:
    with redis.running(tmp_path_factory.mktemp("redis")) as running:
        before = celery_app.app.conf.broker_url
        celery_app.app.conf.broker_url = celery_app.broker(running.url)
        yield running
        celery_app.app.conf.broker_url = before


@pytest.fixture
def queue(server: redis.Server) -> Iterator[Any]:
    with redis_client.Redis.from_url(server.url) as client:
        client.flushall()
        yield client


def waiting(queue: Any) -> list[int]:
    """The outbox ids of the messages that wait, oldest first."""
    bodies = [msgspec.json.decode(raw)["body"] for raw in queue.lrange(celery_app.QUEUE, 0, -1)]
    return [msgspec.json.decode(base64.b64decode(body))[0][0] for body in reversed(bodies)]


async def enqueue(database: Database, **more: Any) -> int:
    async with database.begin(None) as db:
        return await outbox.enqueue(db, "workers.tidy", **more)


async def pass_time(database: Database, seconds: float) -> None:
    """Everything that was handed out or leased was so that much earlier."""
    async with database.begin(None) as db:
        await db.execute(
            "update outbox set published_at = published_at - $1::interval, lease_until = lease_until - $1::interval",
            timedelta(seconds=seconds),
        )


async def test_due_jobs_are_handed_out_once_in_their_order(fresh: Fresh, queue: Any) -> None:
    database, _ = fresh
    ids = [await enqueue(database) for _ in range(3)]
    await enqueue(database, due_at=datetime.now(UTC) + timedelta(minutes=1))
    assert await relay.turn(database) == 3
    assert await relay.turn(database) == 0
    assert waiting(queue) == ids


async def test_the_message_carries_the_id_and_nothing_else(fresh: Fresh, queue: Any) -> None:
    database, _ = fresh
    async with database.begin(None) as db:
        outbox_id = await outbox.enqueue(db, "distribution.send", dispatch_id="geheim")
    await relay.turn(database)
    raw = queue.lrange(celery_app.QUEUE, 0, -1)[0]
    message = msgspec.json.decode(raw)
    assert message["headers"]["task"] == "circle.run"
    assert message["content-type"] == "application/json"
    assert msgspec.json.decode(base64.b64decode(message["body"]))[:2] == [[outbox_id], {}]
    assert b"geheim" not in raw


async def test_two_relays_share_the_work(fresh: Fresh, queue: Any) -> None:
    database, _ = fresh
    ids = [await enqueue(database) for _ in range(30)]
    handed = await asyncio.gather(*(relay.turn(database) for _ in range(3)))
    assert sum(handed) == 30
    assert sorted(waiting(queue)) == ids


async def test_what_another_relay_holds_is_skipped_not_waited_for(fresh: Fresh) -> None:
    database, _ = fresh
    ids = {await enqueue(database) for _ in range(4)}
    async with database.begin(None) as one, database.begin(None) as other:
        first = await store.claim_due(one, 2, relay.PATIENCE)
        second = await store.claim_due(other, 4, relay.PATIENCE)
    assert len(first) == len(second) == 2
    assert {*first, *second} == ids


async def test_an_emptied_redis_costs_time_and_no_job(fresh: Fresh, queue: Any) -> None:
    database, _ = fresh
    outbox_id = await enqueue(database)
    await relay.turn(database)
    queue.flushall()
    assert await relay.turn(database) == 0
    await pass_time(database, 31)
    assert await relay.turn(database) == 1
    assert waiting(queue) == [outbox_id]


async def test_while_messages_wait_nothing_is_said_twice_too_early(fresh: Fresh, queue: Any) -> None:
    database, _ = fresh
    await enqueue(database)
    await relay.turn(database)
    await pass_time(database, 60)
    assert await relay.turn(database) == 0
    await pass_time(database, 300)
    assert await relay.turn(database) == 1


async def test_a_job_whose_worker_is_lost_is_handed_out_again_at_once(fresh: Fresh, queue: Any) -> None:
    database, _ = fresh
    outbox_id = await enqueue(database)
    await relay.turn(database)
    async with database.begin(None) as db:
        assert await store.lease(db, outbox_id, jobs.LEASE)
    queue.flushall()
    assert await relay.turn(database) == 0, "its lease lives"
    await pass_time(database, 21)
    assert await relay.turn(database) == 1


async def test_done_and_failed_jobs_rest(fresh: Fresh, queue: Any) -> None:
    database, _ = fresh
    await enqueue(database)
    await enqueue(database)
    async with database.begin(None) as db:
        await db.execute("update outbox set done_at = now() where id = (select min(id) from outbox)")
        await db.execute("update outbox set failed_at = now() where done_at is null")
    assert await relay.turn(database) == 0


async def test_without_redis_jobs_are_given_back_and_handed_out_later(
    fresh: Fresh, server: redis.Server, queue: Any, tmp_path: Path
) -> None:
    database, _ = fresh
    outbox_id = await enqueue(database)
    celery_app.app.conf.broker_url = f"redis://127.0.0.1:{child.free_port()}/0"
    try:
        with pytest.raises(relay.BROKER_AWAY):
            await relay.turn(database)
    finally:
        celery_app.app.conf.broker_url = celery_app.broker(server.url)
    async with database.begin(None) as db:
        assert await db.fetchval("select published_at from outbox where id = $1", outbox_id) is None
    assert await relay.turn(database) == 1
    assert waiting(queue) == [outbox_id]


async def test_the_loop_works_and_ends_when_it_is_told(
    fresh: Fresh, queue: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    database, settings = fresh
    monkeypatch.setenv("DATABASE_URL", settings.database_url)
    monkeypatch.setattr(relay, "INTERVAL", 0.02)
    outbox_id = await enqueue(database)
    stopped = asyncio.Event()
    work = asyncio.create_task(relay.relay(stopped))
    async with asyncio.timeout(30):
        while not waiting(queue):
            await asyncio.sleep(0.01)
        stopped.set()
        await work
    assert waiting(queue) == [outbox_id]


async def test_the_loop_outlives_a_database_that_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", f"postgresql://nobody@127.0.0.1:{child.free_port()}/nothing")
    monkeypatch.setattr(relay, "INTERVAL", 0.01)
    stopped = asyncio.Event()
    work = asyncio.create_task(relay.relay(stopped))
    await asyncio.sleep(0.1)
    assert not work.done()
    stopped.set()
    await asyncio.wait_for(work, 30)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("redis://:secret@127.0.0.1:6380/1", "redis://:secret@127.0.0.1:6380/1"),
        ("", "redis://127.0.0.1:6379/0"),
        ("unix:///run/redis/s.sock?db=1", "redis+socket:///run/redis/s.sock?virtual_host=1"),
        ("unix://:a%20b@/run/s.sock", "redis+socket://:a b@/run/s.sock?virtual_host=0"),
        ("unix:///run/s.sock?password=x", "redis+socket://:x@/run/s.sock?virtual_host=0"),
    ],
)
def test_addresses_as_celery_reads_them(url: str, expected: str) -> None:
    assert celery_app.broker(url) == expected
