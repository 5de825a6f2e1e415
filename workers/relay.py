"""The relay: hands due rows of the outbox to the workers, and again when nothing came of it.

    python -m workers.relay

Any number of relays may run. Whatever Redis loses is handed out again; while Redis or PostgreSQL is away the relay
waits and tries, a little longer each time.
"""

import asyncio
import signal
from datetime import timedelta
from typing import Any

import asyncpg
import redis.exceptions
import structlog
from kombu.exceptions import OperationalError

from circle import settings as settings_module
from circle.core import db, errors, logs
from circle.core.db import Database

from . import app as celery_app
from . import store

INTERVAL = 0.5
BATCH = 200
PATIENCE = timedelta(seconds=30)
"""After that a job nobody leased counts as lost, when the queue is empty."""
LONG_PATIENCE = timedelta(minutes=5)
"""The same while the queue is full: then the message most likely still waits in it."""
LONGEST_WAIT = 10.0

log = structlog.get_logger("circle.relay")
AWAY = (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError, errors.Unavailable)
BROKER_AWAY = (OSError, OperationalError, redis.exceptions.RedisError)


def publish(ids: list[int]) -> None:
    """Put one message per job into the queue. Raises one of BROKER_AWAY.

    A new connection each time: it declares the queue again, which an emptied Redis has forgotten.
    """
    with celery_app.app.connection_for_write() as connection:
        for outbox_id in ids:
            celery_app.run.apply_async((outbox_id,), connection=connection, retry=False)


def queue_length() -> int:
    """Messages that wait. Raises one of BROKER_AWAY."""
    with celery_app.app.connection_for_read() as connection:
        channel = connection.default_channel
        return int(channel.client.llen(celery_app.QUEUE))


async def turn(database: Database) -> int:
    """Hand out what is due. Returns how many jobs. Raises one of AWAY or BROKER_AWAY."""
    async with database.begin(None) as connection:
        ids = await store.claim_due(connection, BATCH, LONG_PATIENCE)
        untaken = not ids and await store.has_untaken(connection, PATIENCE)
    if untaken and await asyncio.to_thread(queue_length) == 0:
        async with database.begin(None) as connection:
            ids = await store.claim_due(connection, BATCH, PATIENCE)
    if not ids:
        return 0
    try:
        await asyncio.to_thread(publish, ids)
    except BROKER_AWAY:
        async with database.begin(None) as connection:
            await store.give_back(connection, ids)
        raise
    return len(ids)


async def relay(stopped: asyncio.Event) -> None:
    """Work until `stopped` is set."""
    settings = settings_module.read()
    logs.configure(settings.log)
    database: Database | None = None
    failures = 0
    while not stopped.is_set():
        try:
            if database is None:
                database = await db.connect(
                    settings.database_url, smallest=0, largest=2, statement_timeout=10
                )
                log.info("relay works")
            handed = await turn(database)
            if handed:
                log.info("handed out", jobs=handed)
            failures = 0
        except (*AWAY, *BROKER_AWAY) as error:
            failures += 1
            log.warning("neighbour away", kind=type(error).__name__, failures=failures)
        wait = min(INTERVAL * 2 ** min(failures, 6), LONGEST_WAIT)
        await _pause(stopped, wait)
    if database is not None:
        await database.pool.close()
    log.info("relay ends")


async def _pause(stopped: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await stopped.wait()
    except TimeoutError:
        return


async def _main() -> None:
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for kind in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(kind, stopped.set)
    await relay(stopped)


def main(*_: Any) -> None:
    """Run the relay until SIGTERM or SIGINT."""
    asyncio.run(_main())


if __name__ == "__main__":
    main()
