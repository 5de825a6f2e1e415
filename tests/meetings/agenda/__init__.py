"""The agenda in tests: what people put forward, and addresses."""

from typing import Any
from uuid import UUID

from circle.core.db import Connection

NEW: dict[str, Any] = {"title": "Qualität der Sprachmittlung", "aim": "coordination", "planned_minutes": 30}
SECRET = NEW | {"title": "Einzelfrage aus einem Haus", "confidentiality": "confidential"}
MASK = "Vertraulicher Tagesordnungspunkt"


def of(meeting_id: UUID | str, what: str = "agenda-items") -> str:
    """The address of a meeting's items or papers."""
    return f"/api/v1/meetings/{meeting_id}/{what}"


def item(item_id: UUID | str, act: str = "") -> str:
    """The address of an item, or of an act on it."""
    return f"/api/v1/agenda-items/{item_id}" + (f"/{act}" if act else "")


async def acts(db: Connection, object_id: UUID | str) -> list[str]:
    """What the record says was done to an item, oldest first."""
    rows = await db.fetch(
        "select action from audit_event where object_id = $1 order by id", UUID(str(object_id))
    )
    return [row["action"] for row in rows]


async def letters(db: Connection, object_id: UUID | str) -> list[tuple[str, str, str]]:
    """(subject, text, name of the recipient) of the mails about an item."""
    rows = await db.fetch(
        """
        select d.subject, d.text, e.name from dispatch d join delivery e on e.dispatch_id = d.id
        where d.object_id = $1 order by d.created_at, d.id, e.name
        """,
        UUID(str(object_id)),
    )
    return [tuple(row) for row in rows]


async def found_in(db: Connection, item_id: UUID | str) -> tuple[str, str, str] | None:
    """(table, title, reference) of an item's row in the search index."""
    row = await db.fetchrow(
        """
        select 'open' as place, title, reference from search_entry where source_id = $1
        union all select 'sealed', title, reference from search_sealed where source_id = $1
        """,
        UUID(str(item_id)),
    )
    return tuple(row) if row else None
