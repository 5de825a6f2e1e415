"""Contacts of the network in tests: addresses, entries, files, and what the record says."""

from typing import Any
from uuid import UUID

import httpx

from circle.core.db import Connection

API = "/api/v1/contacts"
V1 = {"if-match": '"v1"'}
HEAD = "Organisation;Art;Name;E-Mail;Gemeinde;AGS;Quelle;Seit\r\n"


def entry(**given: Any) -> dict[str, Any]:
    """A new contact in the district of Arnsberg."""
    return {
        "kind": "municipal_contact", "organisation": "Stadt Probestadt", "name": "Paul Probe", "ags": "05911000",
        "email": "paul@probe.example", "source": "Internetseite der Stadt", "source_on": "2026-10-01",
    } | given  # fmt: skip


async def acts(db: Connection, contact_id: UUID | str | None) -> list[str]:
    """What the record says was done to a contact (None: to the list), oldest first."""
    rows = await db.fetch(
        "select action from audit_event where object_kind = 'contact' and object_id is not distinct from $1 order by id",
        UUID(str(contact_id)) if contact_id else None,
    )
    return [row["action"] for row in rows]


async def upload(who: httpx.AsyncClient, content: bytes | str, **fields: str) -> httpx.Response:
    """Give a file to be read."""
    raw = content.encode() if isinstance(content, str) else content
    return await who.post(f"{API}/import", files={"file": ("kontakte.csv", raw)}, data=fields)


async def count(db: Connection) -> int:
    found: int = await db.fetchval("select count(*) from partner")
    return found
