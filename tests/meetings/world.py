"""A meeting on its way, for tests of its acts: Anna holds the office, Mona moderates, Ben and Kim are members.

Dina stands in for Kim on the day of the meeting only. Vera watches for the ministry, Edda is an expert.
"""

import uuid
from datetime import date
from typing import Any
from uuid import UUID

import httpx

from circle.core.clock import Clock
from circle.core.db import Connection
from circle.meetings import actions, dispatches
from circle.meetings.model import NewMeeting, Sending
from tests import make

DAY = date(2027, 1, 13)
REFERENCE = "KK-2027-1"
PAGE = f"/sitzungen/{REFERENCE}"
NEW = {
    "date": "2027-01-13",
    "start_local": "10:00",
    "end_local": "14:00",
    "place": "Arnsberg, Saal 1",
}


async def people(db: Connection) -> None:
    """Everybody besides the three whom every test knows."""
    await make.person(db, "mona", name="Mona Moderat", roles=["circle_moderator"])
    await make.person(db, "kim", name="Kim Köln", authority="br-koeln", roles=["commissioner"])
    await make.person(db, "dina", name="Dina Vertretung", authority="br-koeln", roles=["deputy"])
    await make.absence(
        db,
        await make.person_id(db, "kim"),
        await make.person_id(db, "dina"),
        date(2027, 1, 11),
        date(2027, 1, 15),
    )
    await make.person(
        db, "vera", name="Vera Ministerium", authority="ministerium", roles=["ministry_observer"]
    )
    await make.person(db, "edda", name="Edda Fachkraft", roles=["kfi_expert"])


async def convened(db: Connection, office: Clock, **new: Any) -> UUID:
    """A meeting seven weeks ahead, open for proposals, with the items that stand on every agenda."""
    await people(db)
    anna = await make.actor(db, office, "anna")
    return await actions.convene(db, anna, NewMeeting(**({"date": DAY, "start_local": "10:00", "end_local": "14:00",
        "place": "Arnsberg, Saal 1"} | new)))  # fmt: skip


async def invited(db: Connection, office: Clock) -> UUID:
    """The same with an item of Ben's as TOP 4; the invitation is out."""
    meeting = await convened(db, office)
    await make.item(db, meeting)
    await dispatches.invite(db, await make.actor(db, office, "anna"), meeting, Sending())
    return meeting


async def running(db: Connection, office: Clock) -> UUID:
    """The meeting has begun."""
    meeting = await invited(db, office)
    await actions.start(db, await make.actor(db, office, "mona"), meeting)
    return meeting


async def act(
    client: httpx.AsyncClient,
    meeting: UUID,
    path: str,
    body: Any = None,
    *,
    key: str | None = None,
    match: str = "",
) -> httpx.Response:
    """An act through the API, under a key of its own unless one is given; '' sends none."""
    headers = {"idempotency-key": str(uuid.uuid4()) if key is None else key} if key != "" else {}
    if match:
        headers["if-match"] = match
    return await client.post(f"/api/v1/meetings/{meeting}/{path}", json=body, headers=headers)
