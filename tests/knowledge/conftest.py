"""Whoever works on texts, in every test of this folder that has a database."""

import pytest_asyncio

from circle.core.db import Connection

from . import people


@pytest_asyncio.fixture
async def team(db: Connection) -> None:
    """Wanda, Quirin, Frida and Rolf beside Anna, Ben and Clara, and two topics."""
    await people(db)
