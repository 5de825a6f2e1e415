"""The own-house register in tests: Ben keeps that of Arnsberg, Asta assists him."""

from typing import Any

import httpx

from circle.core.db import Connection
from tests import make

SECRET = "Anonyme Bewerbung im Probelauf"


def match(body: dict[str, Any]) -> dict[str, str]:
    """If-Match with the revision of a body."""
    return {"if-match": f'"v{body["revision"]}"'}


async def assistant(db: Connection) -> None:
    """Asta prepares things for Ben."""
    await make.person(db, "asta", authority="br-arnsberg", roles=["assistant"])


async def department(who: httpx.AsyncClient, number: str = "Dezernat 11") -> str:
    """A unit of the house; its id."""
    made = await who.post("/api/v1/departments", json={"number": number, "name": "Personal"})
    assert made.status_code == 201, made.text
    return str(made.json()["id"])


async def measure(who: httpx.AsyncClient, *, registered: bool = True, **new: Any) -> dict[str, Any]:
    """A measure as the API gives it."""
    made = await who.post("/api/v1/measures", json={"title": SECRET, "description": "Ein Jahr lang."} | new)
    assert made.status_code == 201, made.text
    return await act(who, made.json(), "register") if registered else dict(made.json())


async def act(
    who: httpx.AsyncClient, body: dict[str, Any], path: str, data: dict[str, Any] | None = None
) -> dict[str, Any]:
    """An act on a measure, or what it answers."""
    done = await who.post(f"/api/v1/measures/{body['id']}/{path}", json=data, headers=match(body))
    assert done.status_code in (200, 201), done.text
    return dict(done.json())


async def report(who: httpx.AsyncClient, **new: Any) -> dict[str, Any]:
    """The draft of a report to the head."""
    given = {"occasion": SECRET, "field": "intercultural_opening", "reported_on": "2026-11-20"} | new
    made = await who.post("/api/v1/reports", json=given)
    assert made.status_code == 201, made.text
    return dict(made.json())


async def acts(db: Connection, thing: str) -> list[str]:
    """What the record says was done to a thing, oldest first."""
    rows = await db.fetch(
        "select action from audit_event where object_id = $1::text::uuid order by id", thing
    )
    return [row["action"] for row in rows]
