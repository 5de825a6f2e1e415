"""What is due at which hour. Any number of clocks may tick: each due instant is written down once.

Times are the office's, in Europe/Berlin. After a standstill the latest due instant of each job is made up for; the
jobs judge by the day, so that earlier ones would only say the same.
"""

from datetime import UTC, datetime, time, timedelta

import structlog

from circle.core import clock
from circle.core.clock import Clock
from circle.core.db import Database

from . import store

DAILY: dict[str, time] = {
    "workers.tidy": time(3, 30),
    "meetings.tidy_bundles": time(3, 45),
    "knowledge.mark_overdue": time(5, 0),
    "consultations.remind_due": time(6, 0),
    "tasks.remind_due": time(8, 0),
    "meetings.open_agendas": time(5, 30),
    "meetings.remind_replies": time(10, 0),
    "tasks.hand_over": time(0, 0),
    "people.remind_contacts": time(7, 0),
}

OFTEN: dict[str, timedelta] = {"meetings.read_mailbox": timedelta(minutes=5)}
"""Looked for when there is a mailbox to read."""

log = structlog.get_logger("circle.schedule")


def latest(at: time, now: datetime) -> datetime:
    """The last instant up to `now` (aware) at which it was `at` in Berlin.

    The hours chosen exist once on every day: clocks change between two and three.
    """
    local = now.astimezone(clock.BERLIN)
    due = datetime.combine(local.date(), at, clock.BERLIN)
    if due > local:
        due = datetime.combine(local.date() - timedelta(days=1), at, clock.BERLIN)
    return due


async def tick(database: Database, office: Clock, *, mailbox: bool = False) -> list[str]:
    """Write down every job that is due and was not yet; those of OFTEN with a `mailbox` only. Returns their names."""
    now = office.now()
    written = []
    async with database.begin(None) as db:
        for job, at in DAILY.items():
            if await store.schedule(db, job, latest(at, now)):
                written.append(job)
        for job, pause in OFTEN.items() if mailbox else ():
            if await store.schedule(db, job, now - (now - datetime.min.replace(tzinfo=UTC)) % pause):
                written.append(job)
    if written:
        log.info("scheduled", jobs=written)
    return written
