"""The summons of the meeting of 13 January 2027: its last day is 29 December 2026 (14 clear days), that of papers 5 January."""

from uuid import UUID

from circle.core.db import Connection

PATH = "/api/v1/meetings/{}/summons"
PAGE = "/sitzungen/KK-2027-1/ladung"


async def dispatch(db: Connection, kind: str = "invitation") -> UUID:
    """The last dispatch of a kind."""
    found: UUID = await db.fetchval(
        "select id from dispatch where kind = $1 order by created_at desc, id limit 1", kind
    )
    return found
