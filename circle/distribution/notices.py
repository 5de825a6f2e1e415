"""The notice to the ministry about an appointment (decree Nr. 3 S. 3): written by a worker, sent like every letter."""

import asyncio
import hashlib
from datetime import date, datetime
from uuid import UUID

import asyncpg
import msgspec

from circle.core import files
from circle.core.auth import Actor
from circle.core.db import Connection, Database
from circle.core.files import Storage
from circle.people.appointments import letters
from circle.people.appointments import store as appointments
from circle.people.deputies import letters as absence_letters
from circle.people.deputies import store as absences

from . import actions, store
from .model import Letter, Part

PDF = "application/pdf"


async def notify_ministry(database: Database, storage: Storage, now: datetime, notice_id: UUID) -> None:
    """Render the letter, file it, and start its dispatch to the ministry's mailbox. `now` is office time.

    Run twice or at the same time, one run does the work: the notice is locked and must have no dispatch yet. The file
    is made outside of any transaction; a run that comes too late throws its bytes away.
    """
    async with database.begin(None) as db:
        found = await appointments.find_notice(db, notice_id)
    if found is None or found["dispatch_id"]:
        return
    printed = msgspec.json.decode(found["letter"], type=letters.NoticePrint)
    content = await asyncio.to_thread(letters.printed, printed)
    key = await storage.put(content)
    kept = False
    try:
        async with database.begin(None) as db:
            again = await appointments.find_notice(db, notice_id)
            if again is not None and not again["dispatch_id"]:
                await _send(db, now, again, notice_id, printed, content, key)
                kept = True
    finally:
        if not kept:
            await storage.drop(key)


async def _send(
    db: Connection, now: datetime, found: asyncpg.Record, notice_id: UUID, printed: letters.NoticePrint,
    content: bytes, key: str,
) -> None:  # fmt: skip
    sender = Actor(
        found["requested_by"], found["sender_authority_id"], found["sender_name"], frozenset(), (), now
    )
    audience = ["internal", f"person:{found['recipient_id']}"]
    file = await files.insert(
        db, name=f"Mitteilung-{found['reference']}.pdf", kind=PDF, size=len(content),
        sha256=hashlib.sha256(content).hexdigest(), key=key, uploaded_by=found["requested_by"],
    )  # fmt: skip
    await files.use(db, file.id, found["appointment_id"], audience)
    letter = Letter(
        kind="notice", object_kind="appointment", object_id=found["appointment_id"],
        title=f"Mitteilung {found['reference']} an das Ministerium", subject=letters.subject(printed),
        text=letters.text(printed), level="internal", audience=audience, recipients=[found["recipient_id"]],
        details={"reference": found["reference"]},
    )  # fmt: skip
    dispatch_id = await actions.insert(db, sender, letter)
    await actions.add_part(db, dispatch_id, Part(letters.HEADING, "internal", file.id, "", False, audience))
    await appointments.mark_written(db, notice_id, file.id, dispatch_id)
    await actions.start(db, dispatch_id, sender)


async def tell_absence(db: Connection, service: Actor, absence_id: UUID, by_id: UUID) -> None:
    """Tell a commissioner that somebody else entered or changed their absence. Run twice, the same words go out once."""
    found = await absences.find_notice(db, absence_id, by_id)
    if found is None:
        return
    subject, text = absence_letters.entered(
        found["starts_on"], found["ends_on"], found["deputy_name"], found["by_name"]
    )
    if await store.has_letter(db, "absence", absence_id, text):
        return
    letter = Letter(
        kind="notice", object_kind="absence", object_id=absence_id, title=subject, subject=subject, text=text,
        level="internal", audience=["internal"], recipients=[found["person_id"]],
    )  # fmt: skip
    part = Part(title="Vertretungen", level="internal", url="/vertretungen", audience=["internal"])
    await actions.add_part(db, await actions.prepare(db, service, letter), part)


async def tell_deputy(
    db: Connection, service: Actor, news: absence_letters.News, absence_id: UUID, revision: int, person_id: UUID,
    deputy_id: UUID, starts_on: date, ends_on: date,
) -> None:  # fmt: skip
    """Tell a deputy that they act for somebody, on other days, or no more. Run twice, one letter goes out for a revision."""
    found = await absences.find_parties(db, person_id, deputy_id)
    if found is None:
        return
    subject, text = absence_letters.deputised(news, starts_on, ends_on, found["name"])
    if await store.has_letter(db, "absence", absence_id, text, revision):
        return
    letter = Letter(
        kind="notice", object_kind="absence", object_id=absence_id, title=subject, subject=subject, text=text,
        level="internal", audience=["internal"], recipients=[deputy_id], details={"revision": revision},
    )  # fmt: skip
    part = Part(title="Vertretungen", level="internal", url="/vertretungen", audience=["internal"])
    await actions.add_part(db, await actions.prepare(db, service, letter), part)
