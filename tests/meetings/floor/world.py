"""A running meeting with its floor: TOP 4 is called up, Ben (Arnsberg), Kim (Köln), Mona and Vera are in the room.

Tom, Uta and Mia are members of the other three houses; `houses` brings all five in. Dina stands in for Kim that week.
"""

from typing import Any
from uuid import UUID

import httpx

from circle.core.clock import Clock
from circle.core.db import Connection
from circle.meetings.room import actions as room
from circle.meetings.room.model import Calling
from tests import make

from ..world import running

API = "/api/v1"
OTHERS = {"tom": ("Tom Detmold", "br-detmold"), "uta": ("Uta Düsseldorf", "br-duesseldorf"), "mia": ("Mia Münster", "br-muenster")}  # fmt: skip


async def enter(
    db: Connection, office: Clock, meeting: UUID, nick: str, *, house: str | None = None, member: str | None = None
) -> None:  # fmt: skip
    """Somebody is in the room from now on, with the voice of a house or without."""
    await db.execute(
        """
        insert into presence (meeting_id, person_id, authority_id, member_id, arrived_at) values ($1, $2, $3, $4, $5)
        """,
        meeting,
        await make.person_id(db, nick),
        await make.authority(db, house) if house else None,
        await make.person_id(db, member) if member else None,
        office.now(),
    )


async def leave(db: Connection, office: Clock, meeting: UUID, nick: str) -> None:
    """They leave now."""
    await db.execute(
        "update presence set left_at = greatest($3, arrived_at) where meeting_id = $1 and person_id = $2 and left_at is null",
        meeting,
        await make.person_id(db, nick),
        office.now(),
    )


async def item_of(db: Connection, meeting: UUID, number: str = "4") -> UUID:
    """An item by its number."""
    found: UUID = await db.fetchval(
        "select id from agenda_item where meeting_id = $1 and number = $2", meeting, number
    )
    return found


async def call(db: Connection, office: Clock, meeting: UUID, item: UUID) -> None:
    """The moderation calls an item up."""
    mona = await make.actor(db, office, "mona")
    await room.call(db, mona, meeting, item, Calling(confirmed=True))


async def called(db: Connection, office: Clock, **item: Any) -> tuple[UUID, UUID]:
    """The meeting runs and TOP 4 is called up, or TOP 5 when another `item` is made; the meeting and the item."""
    meeting = await running(db, office)
    for nick, (name, house) in OTHERS.items():
        await make.person(db, nick, name=name, authority=house, roles=["commissioner"])
    await invite_others(db, meeting)
    for nick, house_of in (("ben", "br-arnsberg"), ("kim", "br-koeln"), ("mona", None), ("vera", None)):
        await enter(db, office, meeting, nick, house=house_of)
    number = "4"
    if item:
        number = "5"
        await make.item(db, meeting, **({"number": "5", "status": "on_agenda"} | item))
    found = await item_of(db, meeting, number)
    await call(db, office, meeting, found)
    return meeting, found


async def invite_others(db: Connection, meeting: UUID) -> None:
    """The invitation went to the other members too."""
    people = [await make.person_id(db, nick) for nick in ("ben", "kim", *OTHERS)]
    dispatch = await db.fetchval("select dispatch_id from agenda_version where meeting_id = $1", meeting)
    await db.execute(
        """
        insert into agenda_version (meeting_id, version, kind, agenda, sha256, members, sent_on, dispatch_id)
        select meeting_id, 2, 'supplement', agenda, sha256, $2, sent_on, $3 from agenda_version where meeting_id = $1
        """,
        meeting,
        people,
        dispatch,
    )


async def houses(db: Connection, office: Clock, meeting: UUID) -> None:
    """The members of the other three houses come in."""
    for nick, (_, house) in OTHERS.items():
        await enter(db, office, meeting, nick, house=house)


async def balloted(db: Connection, office: Clock, client: Any, **new: Any) -> tuple[UUID, UUID, str]:
    """All five houses are there and a vote is open: meeting, item, and the address of the vote."""
    meeting, item = await called(db, office)
    await houses(db, office, meeting)
    mona = await client.as_("mona")
    answer = await mona.post(
        f"{API}/agenda-items/{item}/ballots", json={"text": "Der Kreis verabredet die Leitlinie."} | new
    )
    assert answer.status_code == 201, answer.text
    return meeting, item, f"{API}/ballots/{answer.json()['id']}"


async def say(client: httpx.AsyncClient, ballot: str, choice: str, **more: Any) -> httpx.Response:
    """Cast a vote."""
    return await client.post(f"{ballot}/cast", json={"choice": choice} | more)
