"""Mails with a link to set a password. Their text is a secret, so it is no letter: it is written when it is sent, and
only the hash of its token is kept."""

import asyncio
import secrets
from datetime import UTC, datetime, timedelta
from uuid import UUID

from circle.core import auth, mail
from circle.core.db import Database
from circle.people.accounts import letters, store
from circle.settings import Settings

from . import outgoing

LEASE = timedelta(seconds=90)
LATER = timedelta(minutes=1)


async def send(database: Database, settings: Settings, now: datetime, link_id: UUID) -> datetime | None:
    """Send the link if it still stands. Returns when to come again (database time), None at its end.

    Run twice or at the same time, one mail goes out. A link that nobody may use is left alone. After a broken
    connection it counts as sent: whoever got nothing asks again.
    """
    token = secrets.token_urlsafe(32)
    hashed = auth.token_hash(token)
    async with database.begin(None) as db:
        taken = await store.lease_link(db, link_id, hashed, LEASE)
        if taken is None:
            waiting = await store.find_lease(db, link_id)
            return waiting["leased_until"] if waiting else None
    failure = ""
    try:
        message = letters.compose(link_id, taken["kind"], taken["name"], taken["email"], token, settings, now)
        await asyncio.to_thread(_hand_over, settings, taken["email"], message)
    except mail.HeaderError as wrong:
        failure = str(wrong)
    except outgoing.Refused as refused:
        if not refused.final:
            return await _later(database, link_id, hashed)
        failure = f"Der Mailserver antwortete: {refused}"
    except outgoing.Unreachable:
        return await _later(database, link_id, hashed)
    except outgoing.Unsure:
        pass
    async with database.begin(None) as db:
        if failure:
            await store.mark_failed(db, link_id, hashed, failure)
        else:
            await store.mark_sent(db, link_id, hashed)
    return None


async def _later(database: Database, link_id: UUID, hashed: bytes) -> datetime:
    async with database.begin(None) as db:
        await store.release_link(db, link_id, hashed)
    return datetime.now(UTC) + LATER


def _hand_over(settings: Settings, address: str, message: bytes) -> None:
    connection = outgoing.connect(settings)
    try:
        outgoing.offer(connection, settings.mail_from, address)
        outgoing.hand_over(connection, message)
    finally:
        outgoing.close(connection)
