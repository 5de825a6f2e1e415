"""The example circle for the tests of the walls, and a clock that stands."""

from collections.abc import Iterator
from datetime import datetime

import pytest
from litestar import Litestar

from circle.core.clock import Clock
from tests.house.test_walk import example_circle as example_circle


class StandingClock(Clock):
    """Office time that does not go on, so that two answers can be compared byte for byte."""

    def now(self) -> datetime:
        return self.instant


@pytest.fixture(scope="module")
def standing(app: Litestar) -> Iterator[None]:
    """Stop the office's clock until the end of the module."""
    before = app.state.clock
    clock = StandingClock(before.offset)
    clock.instant = before.now()
    app.state.clock = clock
    yield
    app.state.clock = before
