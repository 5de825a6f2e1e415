"""What people do with a calendar feed: make its address, make another one, take it back; and what a program fetches."""

import secrets
from datetime import datetime
from uuid import UUID

import msgspec

from circle.core import access, audit, auth, clock, errors, ics
from circle.core.auth import Actor
from circle.core.db import Connection
from circle.settings import Settings

from . import rules, store

PATH = "/kalender"
PROPOSE, OBJECT, ANSWER = (
    sorted(access.RIGHTS[right]) for right in ("agenda.propose", "minutes.object", "polls.answer")
)


class File(msgspec.Struct, frozen=True):
    """A feed as it goes out; without content when the reader has it already."""

    tag: str
    content: bytes | None


async def make(db: Connection, actor: Actor, address: str, *, circle: bool = False) -> str:
    """A new address of one's own feed, or of the circle's; the one before serves no more. Returns it, this once.

    `address` is the service's. 256 random bits stand in it, of which only the hash is kept. Said again it makes another
    one: an answer that is kept for a repeated request would keep the secret. Raises Forbidden.
    """
    person_id = _whose(actor, circle)
    token = secrets.token_urlsafe(32)
    await store.lock(db, person_id)
    await store.revoke(db, person_id, actor.today)
    feed_id = await store.insert(db, person_id, auth.token_hash(token), actor.person_id, actor.today)
    await audit.record(db, actor, "calendar_feed.made", "calendar_feed", feed_id, circle=circle)
    return f"{address}{PATH}/{token}.ics"


async def revoke(db: Connection, actor: Actor, *, circle: bool = False) -> None:
    """The address serves nobody any more. Raises Forbidden, and Conflict when there is none."""
    person_id = _whose(actor, circle)
    await store.lock(db, person_id)
    feed_id = await store.revoke(db, person_id, actor.today)
    if feed_id is None:
        raise errors.Conflict("Es gibt keine Adresse, die noch gilt.")
    await audit.record(db, actor, "calendar_feed.revoked", "calendar_feed", feed_id, circle=circle)


async def serve(db: Connection, token: str, known: str, settings: Settings, now: datetime) -> File:
    """What the feed behind an address holds at this moment, by the rights its owner has now. `known` is If-None-Match.

    Whoever has left, and whoever may see nothing any more, gets an empty calendar: programs then drop what they hold, which
    they would keep after a refusal. Raises NotFound for an address that was never made or is revoked, TooMany.
    """
    day = clock.day(now)
    taken = await store.take(db, auth.token_hash(token), day)
    if taken is None:
        raise errors.NotFound
    if taken.fetches > rules.MOST_FETCHES:
        raise errors.TooMany(headers={"retry-after": str(max(taken.seconds_left, 1))})
    if taken.person_id is None:
        entries, name = await store.list_circle(db, day), rules.CIRCLE_NAME
    else:
        entries = await store.list_own(db, taken.person_id, day, PROPOSE, OBJECT, ANSWER)
        name = rules.OWN_NAME

    def write(stamp: datetime) -> bytes:
        office = settings.mail_name, settings.mail_from
        events = (
            rules.circle_events(entries, stamp, *office)
            if taken.person_id is None
            else rules.own_events(entries, stamp, settings.address, *office)
        )
        return ics.feed(events, name)

    tag = rules.tag(write(rules.EPOCH))
    return File(tag, None if rules.is_known(tag, known) else write(now))


def _whose(actor: Actor, circle: bool) -> UUID | None:
    if circle:
        access.require(actor, "feeds.manage")
        return None
    return actor.person_id
