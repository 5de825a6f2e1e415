"""A meeting in the room, for tests of what people do there: it was opened at 10:00 on 23.11.2026, and every act has its time.

Mona moderates. Ben sits for Arnsberg; Kim for Köln is away that day and Dina stands in; Dora, Egon and Mia sit for Detmold,
Düsseldorf and Münster.
"""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec

from circle.core import clock
from circle.core.auth import Actor
from circle.core.db import Connection
from circle.meetings import actions as meetings
from circle.meetings import dispatches
from circle.meetings.model import Sending
from circle.meetings.room import store
from circle.meetings.room.model import Room
from tests import make
from tests.meetings import world

OPENED = datetime(2026, 11, 23, 10, 0, tzinfo=clock.BERLIN).astimezone(UTC)
MORE = {"dora": "br-detmold", "egon": "br-duesseldorf", "mia": "br-muenster"}


class Scene:
    """A running meeting, its items by number, and the moderation at any minute of it."""

    def __init__(self, db: Connection, meeting: UUID, mona: Actor, people: dict[str, UUID]) -> None:
        self.db, self.meeting, self.mona, self.people = db, meeting, mona, people

    def at(self, minutes: float, who: Actor | None = None) -> Actor:
        """Mona, or somebody else, so many minutes after the opening."""
        return msgspec.structs.replace(who or self.mona, now=OPENED + timedelta(minutes=minutes))

    async def item(self, number: str) -> UUID:
        found: UUID = await self.db.fetchval(
            "select id from agenda_item where meeting_id = $1 and number = $2", self.meeting, number
        )
        assert found is not None, number
        return found

    async def status(self, number: str) -> str:
        found: str = await self.db.fetchval(
            "select status from agenda_item where meeting_id = $1 and number = $2", self.meeting, number
        )
        return found

    async def revision(self) -> int:
        found: int = await self.db.fetchval("select revision from meeting where id = $1", self.meeting)
        return found

    async def room(self, nick: str = "mona") -> Room:
        """The room as somebody sees it."""
        return await room_of(self.db, self.meeting, self.people[nick])

    async def attendance(self) -> dict[str, tuple[str, str | None, str | None, str | None]]:
        """The attendance by nick: status, who stands in, from, to."""
        rows = await self.db.fetch(
            """
            select split_part(p.email, '@', 1) as nick, a.status, split_part(d.email, '@', 1) as deputy,
                to_char(a.from_local, 'HH24:MI') as came, to_char(a.to_local, 'HH24:MI') as went
            from attendance a join person p on p.id = a.person_id left join person d on d.id = a.represented_by
            where a.meeting_id = $1
            """,
            self.meeting,
        )
        return {row["nick"]: (row["status"], row["deputy"], row["came"], row["went"]) for row in rows}


async def room_of(db: Connection, meeting: UUID, person: UUID) -> Room:
    """The room as a person sees it at the opening's day."""
    from circle.core import auth
    from circle.core.db import Caller

    token = await auth.open_session(db, person, "bearer")
    answer = await store.get_room(db, Caller(auth.token_hash(token), OPENED), meeting)
    return msgspec.json.decode(answer.body, type=Room)


async def prepare(db: Connection, office: clock.Clock, **item: Any) -> tuple[UUID, dict[str, UUID]]:
    """The meeting of `world`, invited, with five houses and two more items of Ben's."""
    meeting = await world.convened(db, office)
    for nick, house in MORE.items():
        await make.person(
            db, nick, name=f"{nick.capitalize()} Mitglied", authority=house, roles=["commissioner"]
        )
    for title in ("Sprachmittlung", "Haushalt", "Fachtag"):
        await make.item(db, meeting, title)
    if item:
        await make.item(db, meeting, **item)
    await dispatches.invite(db, await make.actor(db, office, "anna"), meeting, Sending())
    nicks = ["anna", "ben", "clara", "mona", "kim", "dina", "vera", "edda", *MORE]
    return meeting, {nick: await make.person_id(db, nick) for nick in nicks}


async def running(db: Connection, office: clock.Clock, **item: Any) -> Scene:
    """The meeting has begun at 10:00. `item` makes one more, such as a confidential one."""
    meeting, people = await prepare(db, office, **item)
    scene = Scene(db, meeting, await make.actor(db, office, "mona"), people)
    await meetings.start(db, scene.at(0), meeting)
    return scene
