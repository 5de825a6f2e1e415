"""Every job by its name, and how one is run: leased, kept alive, marked done or put back.

The message that woke the worker carries the outbox id and nothing else; name, arguments and state are read here.
Jobs are run at least once, now and then twice or in parallel: each is written so that this changes nothing.
"""

import asyncio
import typing
from collections.abc import Awaitable, Callable
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import msgspec
import structlog

from circle.consultations import actions as consultations
from circle.core import auth
from circle.core.clock import Clock
from circle.core.db import Database
from circle.core.files import Storage
from circle.distribution import actions as distribution
from circle.distribution import links, notices, sending
from circle.knowledge import actions as knowledge
from circle.meetings import build as meetings
from circle.meetings.bundle import build as bundles
from circle.meetings.minutes import build as minutes
from circle.meetings.polls import build as polls
from circle.meetings.replies import actions as replies
from circle.meetings.replies import mailbox
from circle.meetings.writing import actions as writing
from circle.meetings.year import actions as year
from circle.people import actions as people
from circle.people.deputies.letters import News
from circle.settings import Settings
from circle.tasks import actions as tasks

from . import store

LEASE = timedelta(seconds=20)
"""After that a job whose worker was killed is another worker's."""
HEARTBEAT = 5.0
LONGEST = 100.0
"""Seconds that a job may take; less than the hard limit at which the worker's process is ended."""
MOST_ATTEMPTS = 10

log = structlog.get_logger("circle.workers")


class Around(msgspec.Struct, frozen=True):
    """What every job has at hand."""

    database: Database
    storage: Storage
    settings: Settings
    clock: Clock


Job = Callable[..., Awaitable[datetime | None]]
"""Takes Around and the arguments of `jobs.enqueue`. An instant as result: not at its end, again then."""


async def send(around: Around, dispatch_id: UUID) -> datetime | None:
    """Send what is due of a dispatch."""
    return await sending.send(around.database, around.storage, around.settings, around.clock, dispatch_id)


async def notify_ministry(around: Around, notice_id: UUID) -> None:
    """Write the notice about an appointment and start its dispatch."""
    await notices.notify_ministry(around.database, around.storage, around.clock.now(), notice_id)


async def tell_absence(around: Around, absence_id: UUID, by_id: UUID) -> None:
    """Tell a commissioner of an absence that somebody else entered."""
    async with around.database.begin(None) as db:
        await notices.tell_absence(db, auth.service(around.clock.now()), absence_id, by_id)


async def tell_deputy(
    around: Around,
    news: News,
    absence_id: UUID,
    revision: int,
    person_id: UUID,
    deputy_id: UUID,
    starts_on: date,
    ends_on: date,
) -> None:
    """Tell a deputy for whom and when they act."""
    async with around.database.begin(None) as db:
        service = auth.service(around.clock.now())
        await notices.tell_deputy(
            db, service, news, absence_id, revision, person_id, deputy_id, starts_on, ends_on
        )


async def send_link(around: Around, link_id: UUID) -> datetime | None:
    """Send a link to set a password."""
    return await links.send(around.database, around.settings, around.clock.now(), link_id)


async def build_invitation(around: Around, dispatch_id: UUID) -> None:
    """Render a letter about a meeting and its calendar file, then start the dispatch."""
    await meetings.build_invitation(
        around.database, around.storage, around.settings, dispatch_id, around.clock
    )


async def build_holds(around: Around, dispatch_id: UUID) -> None:
    """Make the calendar files of a letter about a date poll, then start the dispatch."""
    await polls.build_holds(around.database, around.storage, around.settings, dispatch_id, around.clock)


async def build_bundle(around: Around, bundle_id: UUID, turn: int) -> None:
    """Put all papers of a meeting together as one PDF."""
    await bundles.build(around.database, around.storage, around.clock, bundle_id, turn)


async def tidy_bundles(around: Around) -> None:
    """PDFs of all papers that nobody fetches any more."""
    await bundles.tidy(around.database, around.storage)


async def open_agendas(around: Around) -> None:
    """Planned meetings whose agenda opens."""
    async with around.database.begin(None) as db:
        await year.open_due(db, around.clock.now())


async def remind_replies(around: Around) -> None:
    """Those who have not answered an invitation."""
    async with around.database.begin(None) as db:
        await replies.remind(db, around.clock.now())


async def read_mailbox(around: Around) -> None:
    """Answers of calendars to invitations."""
    await mailbox.read(around.database, around.settings, around.clock)


async def build_print(around: Around, dispatch_id: UUID) -> None:
    """Render minutes, then start the dispatch."""
    await minutes.build_print(around.database, around.storage, dispatch_id)


async def file_print(around: Around, minutes_id: UUID, number: int) -> None:
    """Render minutes that were imported."""
    await minutes.file_print(around.database, around.storage, minutes_id, number)


async def forget_writing(around: Around, meeting_id: UUID) -> None:
    """Who typed what when in minutes that are approved."""
    async with around.database.begin(None) as db:
        await writing.forget(db, meeting_id)


async def extract_text(around: Around, file_id: UUID) -> None:
    """Read the text of an upload for the search."""
    await knowledge.extract_text(around.database, around.storage, file_id)


async def mark_overdue(around: Around) -> None:
    """Documents whose review is due, and the notice to those who answer for them."""
    service = auth.service(around.clock.now())
    async with around.database.begin(None) as db:
        await distribution.tell_review_due(db, service, await knowledge.mark_overdue(db, service))


async def remind_due(around: Around) -> None:
    """Requests whose answer is due."""
    async with around.database.begin(None) as db:
        await consultations.remind_due(db, around.clock.now())


async def resubmit(around: Around) -> None:
    """Tasks that come back to their owners."""
    async with around.database.begin(None) as db:
        await tasks.remind_due(db, around.clock.now())


async def hand_over(around: Around) -> None:
    """Open tasks of commissioners whose successors have begun."""
    async with around.database.begin(None) as db:
        await tasks.hand_over(db, around.clock.now())


async def take_back(around: Around, appointment_id: UUID, predecessor_id: UUID) -> None:
    """Tasks that went over with a succession entered by mistake."""
    async with around.database.begin(None) as db:
        await tasks.take_back(db, around.clock.now(), appointment_id, predecessor_id)


async def remind_contacts(around: Around) -> None:
    """The half-yearly check of one's own entry in the directory."""
    service = auth.service(around.clock.now())
    async with around.database.begin(None) as db:
        await distribution.tell_contacts_due(db, service, await people.remind_contacts(db, service))


async def tidy(around: Around) -> None:
    """Drop technical rows whose time is over."""
    async with around.database.begin(None) as db:
        await store.tidy(db)


JOBS: dict[str, Job] = {
    "distribution.send": send,
    "distribution.notify_ministry": notify_ministry,
    "distribution.tell_absence": tell_absence,
    "distribution.tell_deputy": tell_deputy,
    "accounts.send_link": send_link,
    "meetings.build_invitation": build_invitation,
    "meetings.build_bundle": build_bundle,
    "meetings.tidy_bundles": tidy_bundles,
    "meetings.open_agendas": open_agendas,
    "meetings.remind_replies": remind_replies,
    "meetings.read_mailbox": read_mailbox,
    "minutes.build_print": build_print,
    "polls.build_holds": build_holds,
    "minutes.file_print": file_print,
    "writing.forget": forget_writing,
    "knowledge.extract_text": extract_text,
    "knowledge.mark_overdue": mark_overdue,
    "consultations.remind_due": remind_due,
    "tasks.remind_due": resubmit,
    "tasks.hand_over": hand_over,
    "tasks.take_back": take_back,
    "people.remind_contacts": remind_contacts,
    "workers.tidy": tidy,
}


async def run(around: Around, outbox_id: int, jobs: dict[str, Job] = JOBS) -> None:
    """Run one job of the outbox if it is due and free; else do nothing."""
    async with around.database.begin(None) as db:
        row = await store.lease(db, outbox_id, LEASE)
        if row is not None and row["attempts"] > MOST_ATTEMPTS:  # Each of them died with its process.
            await store.mark_failed(db, outbox_id, row["fence"], "Killed", timedelta(0), MOST_ATTEMPTS)
            log.error("job given up", job=row["job"], outbox=outbox_id)
            return
    if row is None:
        return
    try:
        async with asyncio.timeout(LONGEST):
            again = await _alive(around, row, jobs[row["job"]])
    except LeaseLost:
        log.warning("lease lost", job=row["job"], outbox=outbox_id)
    except Exception as error:  # Whatever a job raises is counted and tried again; the worker goes on.
        log.error("job failed", job=row["job"], outbox=outbox_id, attempt=row["attempts"], exc_info=error)
        await _put_back(around, row, error)
    else:
        async with around.database.begin(None) as db:
            if isinstance(again, datetime):
                await store.mark_again(db, outbox_id, row["fence"], again)
            else:
                await store.mark_done(db, outbox_id, row["fence"])


class LeaseLost(Exception):
    """Another worker has the job; what is left undone here is its work."""


async def _alive(around: Around, row: asyncpg.Record, job: Job) -> Any:
    """Run the job and keep its lease meanwhile."""
    work = asyncio.ensure_future(job(around, **arguments(job, row["arguments"])))
    try:
        while not work.done():
            await asyncio.wait({work}, timeout=HEARTBEAT)
            if work.done():
                break
            async with around.database.begin(None) as db:
                if not await store.renew(db, row["id"], row["fence"], LEASE):
                    raise LeaseLost
        return work.result()
    finally:
        if not work.done():
            work.cancel()
            await asyncio.wait({work})


def arguments(job: Job, raw: str) -> dict[str, Any]:
    """The stored arguments in the types the job names. Raises msgspec.ValidationError."""
    hints = typing.get_type_hints(job)
    return {name: msgspec.convert(value, hints[name]) for name, value in msgspec.json.decode(raw).items()}


async def _put_back(around: Around, row: asyncpg.Record, error: Exception) -> None:
    pause = min(timedelta(seconds=2 ** row["attempts"]), timedelta(minutes=10))
    try:
        async with around.database.begin(None) as db:
            await store.mark_failed(db, row["id"], row["fence"], type(error).__name__, pause, MOST_ATTEMPTS)
    except Exception as away:  # The database is gone as well: the lease ends by itself.
        log.warning("could not put back", outbox=row["id"], kind=type(away).__name__)
