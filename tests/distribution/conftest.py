"""A mail server for each test, and one run of the worker over a dispatch."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import datetime
from uuid import UUID

import msgspec
import pytest
import pytest_asyncio

from circle.core.clock import Clock
from circle.core.files import Storage
from circle.distribution import sending
from circle.settings import Settings
from tests.clients import OneConnection

from .mailserver import MailServer

Run = Callable[[UUID], Awaitable[datetime | None]]


@pytest_asyncio.fixture
async def server() -> AsyncIterator[MailServer]:
    async with MailServer() as running:
        yield running


@pytest.fixture
def run(
    server: MailServer, database: OneConnection, storage: Storage, settings: Settings, office: Clock
) -> Run:
    """What the worker does with a dispatch, inside the test's transaction."""
    own = msgspec.structs.replace(settings, smtp_url=server.url)
    return lambda dispatch_id: sending.send(database, storage, own, office, dispatch_id)
