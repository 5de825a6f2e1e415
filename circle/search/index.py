"""The one index over everything that can be found. Each feature writes its own rows, in the transaction of the change.

Two tables: what a level opens (public, internal, circle), and what is sealed for few, behind row-level security.
"""

import re
from collections.abc import Sequence
from uuid import UUID

import msgspec

from circle.core.db import Connection

OPEN = ("public", "internal", "circle")
"""Keys that make a row open: everybody of that level may find it."""
_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")


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
    """Write or replace the row of a thing. When its audience changes, the row moves to the table where it belongs."""
    entry = _clean(entry)
    levels = [level for level in OPEN if level in entry.audience]
    if not levels:
        await _put_sealed(db, entry)
        return
    await _put_open(db, [entry], levels)


async def put_many(db: Connection, entries: Sequence[Entry], level: str) -> None:
    """The same for many things at once that are all open to the same level."""
    await _put_open(db, [_clean(entry) for entry in entries], [level])


def _clean(entry: Entry) -> Entry:
    """Control characters mark the hits in snippets, so texts hold none."""
    return msgspec.structs.replace(
        entry, title=_CONTROLS.sub(" ", entry.title), body=_CONTROLS.sub(" ", entry.body)
    )


async def _put_open(db: Connection, entries: Sequence[Entry], levels: list[str]) -> None:
    await db.executemany(
        """
        with moved as (delete from search_sealed where source_kind = $1 and source_id = $2)
        insert into search_entry (source_kind, source_id, reference, title, body, kind, level, topics, authority_id,
            year, url, trust, audience)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
        on conflict on constraint search_entry_unique do update set reference = excluded.reference,
            title = excluded.title, body = excluded.body, kind = excluded.kind, level = excluded.level,
            topics = excluded.topics, authority_id = excluded.authority_id, year = excluded.year, url = excluded.url,
            trust = excluded.trust, audience = excluded.audience
        """,
        [msgspec.structs.astuple(entry) for entry in entries],
    )
    texts = " ".join(f"{entry.title} {entry.body}"[:200_000] for entry in entries)
    await db.execute("select learn_words($1, $2)", texts, levels)


async def _put_sealed(db: Connection, entry: Entry) -> None:
    await db.execute(
        """
        with moved as (delete from search_entry where source_kind = $1 and source_id = $2)
        insert into search_sealed (source_kind, source_id, reference, title, body, kind, level, topics, authority_id,
            year, url, trust, audience)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
        on conflict (source_kind, source_id) do update set reference = excluded.reference,
            title = excluded.title, body = excluded.body, kind = excluded.kind, level = excluded.level,
            topics = excluded.topics, authority_id = excluded.authority_id, year = excluded.year, url = excluded.url,
            trust = excluded.trust, audience = excluded.audience
        """,
        *msgspec.structs.astuple(entry),
    )


async def drop(db: Connection, source_kind: str, source_id: UUID) -> None:
    """Take a thing out of the index."""
    await db.execute(
        """
        with sealed as (delete from search_sealed where source_kind = $1 and source_id = $2)
        delete from search_entry where source_kind = $1 and source_id = $2
        """,
        source_kind,
        source_id,
    )
