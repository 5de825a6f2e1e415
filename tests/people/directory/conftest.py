"""What a worker has at hand, on a database of its own, since jobs commit."""

from pathlib import Path

import pytest

from circle.core import clock
from circle.core.clock import Clock
from circle.core.db import Database
from circle.core.files import Storage
from circle.settings import Settings
from workers.jobs import Around


@pytest.fixture
def around(fresh: tuple[Database, Settings], office: Clock, tmp_path: Path) -> Around:
    database, settings = fresh
    return Around(database, Storage(str(tmp_path / "files")), settings, clock.Clock(office.offset))
