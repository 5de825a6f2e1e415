"""Where calendars' answers come in: a Maildir that the mail server fills, or one mail on its way.

A mail that was read goes into the folder `done` or `refused` of the same Maildir (Maildir++: `.done`, `.refused`), after
the database has written down what became of it; one that is read again in between counts once.
"""

import asyncio
import os
import stat
from pathlib import Path

import structlog

from circle.core import clock, db
from circle.core.clock import Clock
from circle.core.db import Database
from circle.settings import Settings

from . import actions
from .incoming import MAIL_LIMIT, Reason

MOST = 200
"""Mails of one run; the next one goes on."""

log = structlog.get_logger("circle.replies")


async def read(database: Database, settings: Settings, office: Clock) -> int:
    """Read what waits in the Maildir, the oldest first. Returns how many mails; run twice at once, each counts once."""
    if not settings.reply_maildir:
        return 0
    root, count = Path(settings.reply_maildir), 0
    failure: Exception | None = None
    for path in await asyncio.to_thread(_waiting, root):
        raw = await asyncio.to_thread(_content, path)
        if raw is None:
            continue
        try:
            reason = await _take(database, settings, office, raw)
        except Exception as error:  # One mail holds up no other; it stays, and the job is tried again.
            failure = error
            continue
        await asyncio.to_thread(_move, path, root / (".refused" if reason else ".done"))
        count += 1
    if failure:
        raise failure
    return count


async def take_one(settings: Settings, raw: bytes) -> Reason | None:
    """One mail that was piped in. Returns None, or why it was not taken."""
    database = await db.connect(
        settings.database_url, smallest=1, largest=1, statement_timeout=settings.statement_timeout
    )
    try:
        async with database.begin(None) as connection:
            office = await clock.read(connection)
        return await _take(database, settings, office, raw)
    finally:
        await database.pool.close()


async def _take(database: Database, settings: Settings, office: Clock, raw: bytes) -> Reason | None:
    async with database.begin(None) as connection:
        reason = await actions.take_mail(connection, raw, settings.mail_from.rpartition("@")[2], office.now())
    log.info("calendar reply", reason=reason or "taken")
    return reason


def _waiting(root: Path) -> list[Path]:
    found = [path for name in ("new", "cur") if (root / name).is_dir() for path in (root / name).iterdir()]
    # A Maildir's names begin with the second of the delivery.
    return sorted(found, key=lambda path: path.name)[:MOST]


def _content(path: Path) -> bytes | None:
    """The mail, cut just above what is read at all; None for what is no plain file or was moved meanwhile."""
    try:
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb") as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                return None
            return file.read(MAIL_LIMIT + 1)
    except OSError:
        return None


def _move(path: Path, folder: Path) -> None:
    for name in ("cur", "new", "tmp"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    try:
        path.rename(folder / "cur" / path.name)
    except FileNotFoundError:
        log.info("calendar reply was moved by another worker")
