"""A mail server for each test, and what the workers do with a dispatch about a meeting."""

from collections.abc import AsyncIterator, Awaitable, Callable
from uuid import UUID

import msgspec
import pytest
import pytest_asyncio

from circle.core.clock import Clock
from circle.core.files import Storage
from circle.distribution import sending
from circle.meetings.build import build_invitation
from circle.settings import Settings
from tests.clients import OneConnection
from tests.distribution.mailserver import MailServer

Send = Callable[[UUID], Awaitable[None]]


@pytest_asyncio.fixture
async def server() -> AsyncIterator[MailServer]:
    async with MailServer() as running:
        yield running


@pytest.fixture
def send(
    server: MailServer, database: OneConnection, storage: Storage, settings: Settings, office: Clock
) -> Send:
    """Render the papers of a dispatch and send it."""
    own = msgspec.structs.replace(settings, smtp_url=server.url)

    async def both(dispatch_id: UUID) -> None:
        await build_invitation(database, storage, own, dispatch_id, office)
        await sending.send(database, storage, own, office, dispatch_id)

    return both
