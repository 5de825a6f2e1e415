"""Two clocks. Office time = real time + an offset kept in the database; leases and sessions run on database time.

Office time decides rights, deadlines and every date that people see. It is passed into SQL as a parameter.
"""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import asyncpg

BERLIN = ZoneInfo("Europe/Berlin")


class Clock:
    """Office time of one process."""

    def __init__(self, offset: timedelta = timedelta(0)) -> None:
        self.offset = offset

    def now(self) -> datetime:
        """The office's present instant, aware, in UTC."""
        return datetime.now(UTC) + self.offset

    @property
    def shifted(self) -> bool:
        """True in a demo whose day is not today; the pages say so in a banner."""
        return abs(self.offset) > timedelta(seconds=1)


def day(instant: datetime) -> date:
    """The calendar day of an aware instant in Europe/Berlin."""
    return instant.astimezone(BERLIN).date()


async def wind(db: asyncpg.Connection, start: str) -> None:
    """Set the offset so that office time is `start` (RFC 3339) now. Only the first call of a database counts."""
    instant = datetime.fromisoformat(start)
    offset = instant - datetime.now(UTC)
    await db.execute(
        "insert into office_clock (offset_seconds) values ($1) on conflict do nothing",
        round(offset.total_seconds()),
    )


async def read(db: asyncpg.Connection) -> Clock:
    """The clock of this database; real time when it was never wound."""
    return Clock(timedelta(seconds=await db.fetchval("select offset_seconds from office_clock") or 0))
