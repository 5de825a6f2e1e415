"""Documents in tests: addresses, what people write, and short ways to a state."""

from typing import Any
from uuid import UUID

import httpx

from circle.core.db import Connection
from tests import make
from tests.clients import Clients

WRITTEN: dict[str, Any] = {
    "title": "Leitfaden Sprachmittlung",
    "kind": "Leitfaden",
    "abstract": "Was Häuser beachten.",
    "body": "# Anlass\n\nDolmetschen im **Amt**.",
    "topics": ["sprache"],
    "confidentiality": "internal",
    "legal_basis": "TIntG § 6 Absatz 5",
}


def api(document_id: UUID | str, act: str = "") -> str:
    """The address of a document, or of an act on it."""
    return f"/api/v1/documents/{document_id}" + (f"/{act}" if act else "")


async def people(db: Connection) -> None:
    """A topic, and who works on texts: editor Wanda, reviewer Quirin, approver Frida; Rolf reads in a house."""
    await db.execute("insert into topic (id, label) values ('sprache', 'Sprache'), ('recht', 'Recht')")
    await make.person(db, "wanda", roles=["knowledge_editor"])
    await make.person(db, "quirin", roles=["quality_reviewer"])
    await make.person(db, "frida", roles=["release_approver"])
    await make.person(db, "rolf", authority="br-koeln", roles=["regional_staff"])


async def write(client: Clients, nick: str = "wanda", **changed: Any) -> dict[str, Any]:
    """A draft of somebody."""
    answer = await (await client.as_(nick)).post("/api/v1/documents", json=WRITTEN | changed)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


async def act(
    client: Clients, nick: str, document_id: str, name: str, body: dict[str, Any] | None = None, **headers: str
) -> httpx.Response:  # fmt: skip
    """Somebody's act on a document; the same act with the same body has the same key."""
    sent = {"idempotency-key": f"{document_id} {name} {len(str(body))}"} | {
        key.replace("_", "-"): value for key, value in headers.items()
    }
    return await (await client.as_(nick)).post(api(document_id, name), json=body, headers=sent)


async def submitted(client: Clients, **changed: Any) -> dict[str, Any]:
    """Wanda's text in review."""
    made = await write(client, **changed)
    answer = await act(client, "wanda", made["id"], "submit")
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def released(client: Clients, **changed: Any) -> dict[str, Any]:
    """Wanda's text, released by Frida."""
    made = await submitted(client, **changed)
    answer = await act(client, "frida", made["id"], "release")
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def change(client: Clients, nick: str, document_id: str, **wanted: Any) -> httpx.Response:
    """A change on top of the present state."""
    who = await client.as_(nick)
    tag = (await who.get(api(document_id))).headers["etag"]
    return await who.patch(api(document_id), json=wanted, headers={"if-match": tag})


async def acts(db: Connection, document_id: str) -> list[str]:
    """What the record says was done to a document, oldest first."""
    rows = await db.fetch(
        "select action from audit_event where object_id = $1 order by id", UUID(document_id)
    )
    return [row["action"] for row in rows]


async def indexed(db: Connection, document_id: str) -> tuple[str, str, str, float] | None:
    """Table, title, body and weight of the document's row in the search index; None when there is none."""
    row = await db.fetchrow(
        """
        select 'open' as place, title, body, trust from search_entry where source_id = $1
        union all select 'sealed', title, body, trust from search_sealed where source_id = $1
        """,
        UUID(document_id),
    )
    return tuple(row) if row else None
