"""The Celery application: one task that runs a job of the outbox, one that ticks.

Celery only carries „look at row n“. It may lose that, or say it twice; leases, retries and results are PostgreSQL's.
Each worker process has one event loop and one pool, made after the fork: neither survives one.
"""

import asyncio
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import structlog
from celery import Celery
from celery.signals import (
    beat_init,
    setup_logging,
    worker_process_init,
    worker_process_shutdown,
    worker_ready,
)

from circle import settings as settings_module
from circle.core import clock, db, logs
from circle.core.files import Storage

from . import jobs, schedule

QUEUE = "circle"
_settings = settings_module.read()
log = structlog.get_logger("circle.workers")


def broker(url: str) -> str:
    """REDIS_URL as kombu reads it: `unix:///path?db=1` becomes `redis+socket:///path?virtual_host=1`."""
    if not url.startswith("unix://"):
        return url or "redis://127.0.0.1:6379/0"
    place = urlsplit(url)
    query = parse_qs(place.query)
    password = unquote(place.password or "") or query.get("password", [""])[0]
    return (
        f"redis+socket://{':' + password + '@' if password else ''}{place.path}"
        f"?virtual_host={query.get('db', ['0'])[0]}"
    )


app = Celery("circle", broker=broker(_settings.redis_url))
app.conf.update(
    task_default_queue=QUEUE,
    task_serializer="json",
    accept_content=["json"],
    task_ignore_result=True,
    # Acknowledged at once: leases in PostgreSQL bring a killed worker's job back. Acknowledging late would add nothing,
    # and when Redis is gone by then, Celery ends the whole worker.
    task_acks_late=False,
    worker_prefetch_multiplier=1,
    task_time_limit=120,
    broker_connection_retry_on_startup=True,
    broker_connection_max_retries=None,
    broker_transport_options={
        "visibility_timeout": 300,
        "socket_keepalive": True,
        "socket_connect_timeout": 3,
        "socket_timeout": 15,
        "health_check_interval": 10,
    },
    worker_hijack_root_logger=False,
    worker_send_task_events=False,
    timezone="Europe/Berlin",
    beat_schedule={"tick": {"task": "circle.tick", "schedule": 60.0, "options": {"expires": 50}}},
)


class _Process:
    """The loop and the pool of this worker process."""

    runner: asyncio.Runner | None = None
    around: jobs.Around | None = None


async def _surroundings() -> jobs.Around:
    """Open the pool and read the office's clock; while the database is away, each job tries again."""
    if _Process.around is None:
        database = await db.connect(
            _settings.database_url, smallest=0, largest=4, statement_timeout=_settings.statement_timeout
        )
        try:
            async with database.begin(None) as connection:
                office = await clock.read(connection)
        except BaseException:
            await database.pool.close()
            raise
        _Process.around = jobs.Around(database, Storage(_settings.files), _settings, office)
    return _Process.around


@setup_logging.connect  # type: ignore[untyped-decorator]  # celery has no types
def _configure_logs(**_: Any) -> None:
    logs.configure(_settings.log)


@worker_ready.connect  # type: ignore[untyped-decorator]  # celery has no types
@beat_init.connect  # type: ignore[untyped-decorator]  # celery has no types
def _say_ready(**_: Any) -> None:
    """The supervisor waits for this line: celery's own are below the level of our logs."""
    log.info("ready")


@worker_process_init.connect  # type: ignore[untyped-decorator]  # celery has no types
def _open(**_: Any) -> None:
    _Process.runner = asyncio.Runner()
    _Process.around = None


@worker_process_shutdown.connect  # type: ignore[untyped-decorator]  # celery has no types
def _close(**_: Any) -> None:
    if _Process.runner is None:
        return
    if _Process.around is not None:
        _Process.runner.run(_Process.around.database.pool.close())
    _Process.runner.close()
    _Process.runner = None


async def _run(outbox_id: int) -> None:
    await jobs.run(await _surroundings(), outbox_id)


async def _tick() -> None:
    around = await _surroundings()
    await schedule.tick(around.database, around.clock, mailbox=bool(around.settings.reply_maildir))


def _here(work: Any) -> None:
    if _Process.runner is None:
        _Process.runner = asyncio.Runner()
    _Process.runner.run(work)


@app.task(name="circle.run")  # type: ignore[untyped-decorator]  # celery has no types
def run(outbox_id: int) -> None:
    """Run the job of an outbox row."""
    _here(_run(outbox_id))


@app.task(name="circle.tick")  # type: ignore[untyped-decorator]  # celery has no types
def tick() -> None:
    """Write down what the schedule makes due."""
    _here(_tick())
