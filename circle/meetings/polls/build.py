"""The calendar files of a letter about a date poll: what a worker makes between the act and its mails."""

import hashlib
from uuid import UUID

from circle.core import calendar, files, ics
from circle.core.clock import Clock
from circle.core.db import Database
from circle.core.files import Storage
from circle.distribution import actions as distribution
from circle.distribution.model import Level, Part
from circle.settings import Settings

from . import rules, store
from .model import Hold


async def build_holds(
    database: Database, storage: Storage, settings: Settings, dispatch_id: UUID, clock: Clock
) -> None:
    """Add one calendar file for each day of a dispatch about a poll, and start it.

    One file for each: programs take one appointment from a file, and one that is called off stands alone (RFC 5546 3.2.5).
    Run twice or at the same time, one run does the work: the dispatch is locked and must still be prepared.
    """
    async with database.begin(None) as db:
        if not await distribution.is_prepared(db, dispatch_id):
            return
        holds = await store.list_holds(db, dispatch_id)
    made = [_file(one, settings, clock) for one in holds]
    keys = [await storage.put(content) for content in made]
    kept = False
    try:
        async with database.begin(None) as db:
            if await distribution.is_prepared(db, dispatch_id):
                for one, content, key in zip(holds, made, keys, strict=True):
                    word = "Absage" if one.off else "Vormerkung"
                    digest = hashlib.sha256(content).hexdigest()
                    file = await files.insert(
                        db, name=f"{word}-{one.date.isoformat()}.ics", kind="text/calendar", size=len(content),
                        sha256=digest, key=key, uploaded_by=None,
                    )  # fmt: skip
                    await files.use(db, file.id, one.poll_id, one.audience)
                    title = f"{word} für den Kalender: {calendar.date_long(one.date)}"
                    # What is of the circle's level is attached for its members alone, and a day is taken off calendars by mail.
                    level: Level = "internal" if one.off else "circle"
                    await distribution.add_part(
                        db, dispatch_id, Part(title, level, file.id, audience=one.audience)
                    )
                await distribution.start(db, dispatch_id)
                kept = True
    finally:
        for key in [] if kept else keys:
            await storage.drop(key)


def _file(one: Hold, settings: Settings, clock: Clock) -> bytes:
    event = rules.hold(one, clock.now(), settings.address, settings.mail_name, settings.mail_from)
    return ics.event(event, "CANCEL" if one.off else "PUBLISH")
