"""FAULTS=full takes its time: more kills, real leases."""

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from circle.core.db import Database
from circle.settings import Settings

from .plant import Plant

FULL = os.environ.get("FAULTS") == "full"


@pytest_asyncio.fixture
async def plant(fresh: tuple[Database, Settings], tmp_path: Path) -> AsyncIterator[Plant]:
    """Everything, running."""
    built = Plant(tmp_path, *fresh)
    try:
        built.start()
        yield built
    finally:
        built.stop()


@pytest.fixture
def full() -> None:
    """For tests that take minutes."""
    if not FULL:
        pytest.skip("FAULTS=full runs this")
