"""The letters of a poll, built and sent as workers do."""

import asyncio
from email.message import EmailMessage
from uuid import UUID

import msgspec
import pytest

from circle.core.clock import Clock
from circle.core.db import Connection
from circle.core.files import Storage
from circle.distribution import sending
from circle.meetings.build import build_invitation
from circle.meetings.polls.build import build_holds
from circle.settings import Settings
from tests.clients import OneConnection
from tests.distribution.mailserver import MailServer


class Post:
    """Builds and sends the letters that wait, each as often as two workers would."""

    def __init__(
        self, db: Connection, database: OneConnection, storage: Storage, settings: Settings, office: Clock
    ) -> None:
        self.db, self.database, self.storage, self.settings, self.office = (
            db,
            database,
            storage,
            settings,
            office,
        )
        self.done: set[UUID] = set()

    async def deliver(self) -> dict[str, EmailMessage]:
        """The mails of the one letter that is new, by address."""
        (row,) = [
            one
            for one in await self.db.fetch("select id, build from dispatch order by created_at")
            if one["id"] not in self.done
        ]
        self.done.add(row["id"])
        build = build_invitation if row["build"] == "meetings.build_invitation" else build_holds
        async with MailServer() as server:
            own = msgspec.structs.replace(self.settings, smtp_url=server.url)
            for _ in range(2):
                await asyncio.gather(
                    *(build(self.database, self.storage, own, row["id"], self.office) for _ in range(2))
                )
            for _ in range(2):
                await sending.send(self.database, self.storage, own, self.office, row["id"])
            assert len(server.addresses) == len(set(server.addresses)), "nobody gets it twice"
            return {address: server.message(address) for address in server.addresses}


@pytest.fixture
def post(
    db: Connection, database: OneConnection, storage: Storage, settings: Settings, office: Clock
) -> Post:
    return Post(db, database, storage, settings, office)
