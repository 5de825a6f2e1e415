"""Small worlds to search in."""

import uuid
from typing import Any
from uuid import UUID

import httpx

from circle.core.db import Connection
from circle.search import index


async def put(
    db: Connection, title: str, body: str = "", *, level: str = "internal", source_id: UUID | None = None, **more: Any
) -> UUID:  # fmt: skip
    """Something that can be found; by default an internal guideline that the whole level sees."""
    found = source_id or uuid.uuid4()
    given = {"source_kind": "document", "kind": "Leitfaden", "url": f"/wissen/{found}", "audience": [level]}
    await index.put(db, index.Entry(source_id=found, title=title, body=body, level=level, **(given | more)))
    return found


async def titles(client: httpx.AsyncClient, query: str, **more: Any) -> list[str]:
    """What somebody finds, in order."""
    answer = await client.post("/api/v1/search", json={"query": query} | more)
    assert answer.status_code == 200, answer.text
    return [hit["title"] for hit in answer.json()["results"]]
