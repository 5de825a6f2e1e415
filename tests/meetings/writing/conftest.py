"""A running meeting in a database of its own, and two services on it that hear each other only through the database."""

import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any
from uuid import UUID

import msgspec
import pytest_asyncio

from circle.core import auth, clock
from circle.core.db import Database
from circle.settings import Settings
from tests import make
from tests.meetings import world
from tests.writers import Writer, served


class Room(msgspec.Struct):
    """Two services, and an item of a running meeting."""

    database: Database
    settings: list[Settings]
    meeting: UUID
    item: UUID
    secret: UUID

    async def token(self, nick: str) -> str:
        async with self.database.begin(None) as db:
            return await auth.open_session(db, await make.person_id(db, nick), "cookie")

    def address(self, service: int, item: UUID | None = None) -> str:
        return f"ws://127.0.0.1:{self.settings[service].port}{world.PAGE}/top/{item or self.item}/schreiben"

    async def writer(self, nick: str, service: int = 0, item: UUID | None = None, **more: Any) -> Writer:
        return Writer(lambda: self.address(service, item), await self.token(nick), **more)

    async def value(self, sql: str, *args: Any) -> Any:
        async with self.database.begin(None) as db:
            return await db.fetchval(sql, *args)

    async def text(self) -> str:
        return str(await self.value("select minutes from agenda_content where item_id = $1", self.item))


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@pytest_asyncio.fixture
async def room(fresh: tuple[Database, Settings]) -> AsyncIterator[Room]:
    database, settings = fresh
    async with database.begin(None) as db:
        office = await clock.read(db)
        meeting = await world.running(db, office)
        item = await make.item(db, meeting, number="5", status="on_agenda")
        secret = await make.item(
            db, meeting, "Geheimes", number="6", status="on_agenda", level="confidential", named=["mona"]
        )
    both = [msgspec.structs.replace(settings, port=free_port()) for _ in range(2)]
    async with AsyncExitStack() as stack:
        for one in both:
            await stack.enter_async_context(served(one))
        yield Room(database, both, meeting, item, secret)
