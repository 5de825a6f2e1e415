"""The one index over everything that can be found. Each feature writes its own rows, in the transaction of the change."""

from uuid import UUID

import msgspec

from circle.core.db import Connection


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that can be found. `audience` are the keys that may see it; `trust` 0..1 lowers the rank."""

    source_kind: str
    source_id: UUID
    reference: str = ""
    title: str
    body: str = ""
    kind: str = ""
    level: str
    topics: list[str] = []
    authority_id: UUID | None = None
    year: int | None = None
    url: str
    trust: float = 1.0
    audience: list[str]


async def put(db: Connection, entry: Entry) -> None:
    """Write or replace the row of a thing."""
    await db.execute(
        """
        insert into search_entry (source_kind, source_id, reference, title, body, kind, level, topics, authority_id,
            year, url, trust, audience)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
        on conflict on constraint search_entry_unique do update set reference = excluded.reference,
            title = excluded.title, body = excluded.body, kind = excluded.kind, level = excluded.level,
            topics = excluded.topics, authority_id = excluded.authority_id, year = excluded.year, url = excluded.url,
            trust = excluded.trust, audience = excluded.audience
        """,
        *msgspec.structs.astuple(entry),
    )


async def drop(db: Connection, source_kind: str, source_id: UUID) -> None:
    """Take a thing out of the index."""
    await db.execute(
        "delete from search_entry where source_kind = $1 and source_id = $2", source_kind, source_id
    )
