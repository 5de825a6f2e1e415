"""Sending a dispatch: what the worker runs, as often and in as many processes as it likes.

A delivery goes new → leased → sending → sent. `sending` is committed before the first byte of the message goes out,
`sent` right after the server's 250, so that a killed worker leaves at most the one message in its hands unclear.
Such a one becomes `uncertain` when its lease ends and is never sent again by a program.
"""

import asyncio
import secrets
import smtplib
import time
from datetime import UTC, datetime, timedelta
from uuid import UUID

import asyncpg
import msgspec
import structlog

from circle.core import auth, clock, mail
from circle.core.clock import Clock
from circle.core.db import Database
from circle.core.files import Storage
from circle.people import store as people
from circle.people.appointments import actions as appointments
from circle.settings import Settings

from . import letters, outgoing, rules, store
from .model import Paper, Reader, Standing

LEASE = timedelta(seconds=90)
"""How long a killed worker keeps a delivery to itself; longer than message and answer may take."""
STINT = 5.0
"""Seconds of one run. A worker that is told to stop is done within that time; the rest is another run's work."""
NO_SERVER = timedelta(minutes=1)

log = structlog.get_logger("circle.distribution")


class Round(msgspec.Struct):
    """One run over one dispatch: what is fixed for all its recipients, and the open connection."""

    database: Database
    storage: Storage
    settings: Settings
    now: datetime
    dispatch: asyncpg.Record
    papers: list[Paper]
    contents: dict[UUID, bytes]
    connection: smtplib.SMTP | None = None


async def send(
    database: Database, storage: Storage, settings: Settings, office: Clock, dispatch_id: UUID
) -> datetime | None:
    """Send what is due of a dispatch, one mail at a time. Returns when to come again (database time), None at its end.

    Safe to run twice and in parallel: each delivery is leased by one run, and each change names the lease's fence.
    """
    async with database.begin(None) as db:
        dispatch = await store.lock(db, dispatch_id)
        uncertain = await store.expire_leases(db, dispatch_id)
        papers = await store.papers_of(db, dispatch_id)
    if dispatch is None:
        return None
    if uncertain:
        log.warning("uncertain deliveries", dispatch=str(dispatch_id), count=uncertain)
    if dispatch["state"] == "sending" and not settings.smtp_url:
        return datetime.now(UTC) + NO_SERVER
    this = Round(database, storage, settings, office.now(), dispatch, papers, {})
    stop = time.monotonic() + STINT
    try:
        while time.monotonic() < stop and await _next(this):
            pass
    finally:
        if this.connection is not None:
            outgoing.close(this.connection)
    async with database.begin(None) as db:
        # The lock comes first: who puts a delivery back into the queue must not be overtaken by „done“.
        await store.lock(db, dispatch_id)
        return await store.finish(db, dispatch_id)


async def _next(this: Round) -> bool:
    """Take one delivery as far as it goes; False when nothing is due or the server is away."""
    async with this.database.begin(None) as db:
        taken = await store.lease_next(db, this.dispatch["id"], clock.day(this.now), LEASE)
    if taken is None:
        return False
    # The address is the one of the dispatch, the rights and the document's state are those of this moment.
    reader = Reader(
        taken["person_id"], taken["name"], taken["address"], taken["active"], taken["keys"], taken["opted_out"]
    )  # fmt: skip
    level = this.dispatch["level"]
    document = msgspec.json.decode(taken["document"], type=Standing) if taken["document"] else None
    if reason := rules.refusal(reader, level, list(this.dispatch["readers"]), this.papers, document):
        await _fail(this, taken, reason)
        return True
    try:
        message = await _write(this, taken, reader)
    except mail.HeaderError as wrong:
        await _fail(this, taken, str(wrong))
        return True
    except FileNotFoundError:
        await _fail(this, taken, "Eine Datei des Versands liegt nicht mehr in der Ablage.")
        return True
    return await _deliver(this, taken, message)


async def _write(this: Round, taken: asyncpg.Record, reader: Reader) -> bytes:
    level = this.dispatch["level"]
    attached, linked = rules.sort_papers(level, this.papers, reader.keys)
    for paper in attached:
        if paper.file_id is not None and paper.file_id not in this.contents:
            this.contents[paper.file_id] = await this.storage.get(paper.key)
    sheet = letters.Sheet(
        taken["id"], reader.name, reader.address, this.dispatch["subject"], this.dispatch["text"], level, attached, linked,
        taken["opt_out"], await _answer_link(this, taken["id"]),
    )  # fmt: skip
    return await asyncio.to_thread(letters.compose, sheet, this.contents, this.settings, this.now)


async def _answer_link(this: Round, delivery_id: UUID) -> str:
    """A link of this mail's own, of which only the hash is kept. Earlier ones still work: one of them may have arrived."""
    page: str = this.dispatch["answer_page"]
    if not page or this.dispatch["level"] == "confidential":
        return ""
    token = secrets.token_urlsafe(32)
    async with this.database.begin(None) as db:
        await store.insert_answer_link(db, auth.token_hash(token), delivery_id)
    # In the query, which the service does not log.
    return f"{this.settings.address}{page}?link={token}"


async def _deliver(this: Round, taken: asyncpg.Record, message: bytes) -> bool:
    """Hand one message to the server and write down what it said."""
    key: UUID = taken["id"]
    fence: int = taken["fence"]
    try:
        if this.connection is None:
            this.connection = await asyncio.to_thread(outgoing.connect, this.settings)
    except outgoing.Unreachable as away:
        await _wait_for_server(this, taken, str(away))
        return False
    try:
        await asyncio.to_thread(outgoing.offer, this.connection, this.settings.mail_from, taken["address"])
        async with this.database.begin(None) as db:
            own = await store.mark_sending(db, key, fence, letters.message_id(key, this.settings), LEASE)
        if not own:
            _drop(this)
            return True
        await asyncio.to_thread(outgoing.hand_over, this.connection, message)
    except outgoing.Refused as refused:
        await _refused(this, taken, refused)
    except outgoing.Unsure as unsure:
        _drop(this)
        async with this.database.begin(None) as db:
            await store.mark_uncertain(db, key, fence, str(unsure))
    except outgoing.Unreachable as broken:
        # This one waits; the next one is tried on a new connection, so that one bad address stops nobody else.
        _drop(this)
        pause = rules.pause(taken["attempts"] + 1, answered=False)
        async with this.database.begin(None) as db:
            await store.mark_later(db, key, fence, str(broken), pause, rules.GIVE_UP)
    else:
        async with this.database.begin(None) as db:
            await store.mark_sent(db, key, fence)
            if this.dispatch["object_kind"] == "appointment":
                await appointments.record_sent(db, auth.service(this.now), this.dispatch["id"])
    return True


def _drop(this: Round) -> None:
    if this.connection is not None:
        outgoing.close(this.connection)
    this.connection = None


async def _refused(this: Round, taken: asyncpg.Record, refused: outgoing.Refused) -> None:
    """5xx is final for this recipient, 4xx is later; the conversation goes on with the next one."""
    async with this.database.begin(None) as db:
        if refused.final:
            await store.mark_failed(db, taken["id"], taken["fence"], _said(refused))
            if refused.nobody_there:
                await people.mark_doubtful(db, taken["person_id"], clock.day(this.now))
        else:
            pause = rules.pause(taken["attempts"] + 1, answered=True)
            await store.mark_later(db, taken["id"], taken["fence"], _said(refused), pause, rules.GIVE_UP)
    try:
        if this.connection is not None:
            await asyncio.to_thread(outgoing.forget, this.connection)
    except outgoing.Unreachable:
        _drop(this)


def _said(refused: outgoing.Refused) -> str:
    return f"Der Mailserver antwortete: {refused}"


async def _wait_for_server(this: Round, taken: asyncpg.Record, reason: str) -> None:
    pause = rules.pause(taken["attempts"] + 1, answered=False)
    async with this.database.begin(None) as db:
        await store.mark_later(db, taken["id"], taken["fence"], reason, pause, rules.GIVE_UP)
        await store.mark_unreachable(db, this.dispatch["id"], reason, pause, rules.GIVE_UP)
    log.warning("mail server away", dispatch=str(this.dispatch["id"]), reason=reason)


async def _fail(this: Round, taken: asyncpg.Record, reason: str) -> None:
    async with this.database.begin(None) as db:
        await store.mark_failed(db, taken["id"], taken["fence"], reason)
