"""A meeting that was held, for tests of its minutes.

Anna keeps the minutes, Mona chairs. Ben attended and is named for the confidential item; Kim (BR Köln) was represented
by Dina, whose deputyship is over by now.
"""

from datetime import date
from typing import Any
from uuid import UUID

import httpx
import msgspec

from circle.core.clock import Clock
from circle.core.db import Connection
from circle.meetings.minutes import actions
from circle.meetings.minutes.model import Approval, MinutesHead, NewObjection
from tests import make

HELD_ON = date(2026, 11, 4)
REFERENCE = "KK-2026-5"
PAGE = f"/sitzungen/{REFERENCE}/niederschrift"


class World(msgspec.Struct):
    """Ids of the meeting, its open item and its confidential one."""

    meeting: UUID
    open_item: UUID
    secret_item: UUID

    @property
    def path(self) -> str:
        return f"/api/v1/meetings/{self.meeting}/minutes"


async def held(db: Connection, state: str = "held", weeks: int | None = None) -> World:
    """The meeting of 4 November, closed, with three items."""
    await make.person(db, "mona", name="Mona Moderat", roles=["circle_moderator"])
    await make.person(db, "kim", name="Kim Köln", authority="br-koeln", roles=["commissioner"])
    dina = await make.person(db, "dina", name="Dina Vertretung", authority="br-koeln")
    house = await make.authority(db, "br-koeln")
    await make.appoint(db, dina, house, "deputy", until=date(2026, 11, 10))
    meeting = await make.meeting(db, REFERENCE, on=HELD_ON, state=state)
    if weeks:
        await db.execute(
            "update procedure set rules = jsonb_build_object('minutes_objection', jsonb_build_object('value', $1::int))",
            weeks,
        )
    ben, kim = await make.person_id(db, "ben"), await make.person_id(db, "kim")
    await db.execute(
        "insert into attendance values ($1, $2, 'present', null), ($1, $3, 'represented', $4)", meeting, ben, kim, dina
    )  # fmt: skip
    opened = await make.item(
        db,
        meeting,
        "Sprachmittlung",
        number="1",
        text="Die Erfahrungen werden ausgetauscht.",
        status="treated",
    )
    secret = await make.item(
        db,
        meeting,
        "Personalsache X",
        number="2",
        text="Geheimer Verlauf.",
        level="confidential",
        status="treated",
    )
    await make.item(db, meeting, "Verschiedenes", number="3", text="Keine Wortmeldungen.", status="treated")
    await db.execute("update agenda_content set result = 'noted' where item_id = $1", opened)
    await db.execute(
        "insert into task (reference, title, owner_id, due, item_id) values ('A-2026-1', 'Liste führen', $1, '2026-12-01', $2)",
        ben, opened,
    )  # fmt: skip
    return World(meeting, opened, secret)


async def begun(db: Connection, office: Clock) -> World:
    """The minutes are begun: Anna keeps them, Mona chairs."""
    world = await held(db)
    head = MinutesHead("result", await make.person_id(db, "anna"), await make.person_id(db, "mona"))
    await actions.write_head(db, await make.actor(db, office, "anna"), world.meeting, head, None)
    return world


async def sent(db: Connection, office: Clock) -> World:
    """The draft is out; objections are possible until the end of 7 December."""
    world = await begun(db, office)
    await actions.circulate(db, await make.actor(db, office, "anna"), world.meeting)
    return world


async def objected(
    db: Connection, office: Clock, nick: str = "ben", item: UUID | None = None
) -> tuple[World, UUID]:
    """Somebody has objected, to the open item unless another one is given."""
    world = await sent(db, office)
    new = NewObjection("Das haben wir anders gesagt.", item or world.open_item, "Besserer Text.")
    return world, await actions.object_to(db, await make.actor(db, office, nick), world.meeting, new)


async def approved(db: Connection, office: Clock) -> World:
    """The minutes are approved."""
    world = await sent(db, office)
    await actions.approve(db, await make.actor(db, office, "anna"), world.meeting, Approval())
    return world


async def act(
    client: httpx.AsyncClient, world: World, path: str, body: Any = None, key: str = "k", match: str = ""
) -> httpx.Response:
    """An act through the API."""
    headers = {"idempotency-key": key} if key else {}
    return await client.post(
        f"{world.path}/{path}", json=body, headers=headers | ({"if-match": match} if match else {})
    )
