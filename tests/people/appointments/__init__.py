"""Appointments in tests: addresses, bodies, and the houses' people."""

from typing import Any
from uuid import UUID

import httpx
import msgspec

from circle.core.db import Connection
from tests import make

ROOT = "/api/v1/appointments"


def api(appointment_id: UUID | str, act: str = "") -> str:
    """The address of an appointment, or of an act on it."""
    return f"{ROOT}/{appointment_id}" + (f"/{act}" if act else "")


async def bens(db: Connection) -> UUID:
    """Ben's appointment: commissioner of Arnsberg since 01.01.2024."""
    found: UUID = await db.fetchval(
        "select a.id from appointment a join person p on p.id = a.person_id "
        "where p.email = 'ben@example.org' and a.kind = 'commissioner'"
    )
    return found


async def new(db: Connection, nick: str, **given: Any) -> dict[str, Any]:
    """What enters somebody as commissioner of their house from 01.12.2026."""
    house = await db.fetchval("select authority_id from person where email = $1", f"{nick}@example.org")
    body = {
        "person_id": str(await make.person_id(db, nick)), "authority_id": str(house), "kind": "commissioner",
        "order_date": "2026-11-20", "file_reference": "11-IB/26", "valid_from": "2026-12-01",
    }  # fmt: skip
    return body | given


def reasons(answer: httpx.Response) -> dict[str, str]:
    """The fields a refusal names, with the German reason."""
    return {one["field"]: one["detail"] for one in answer.json().get("errors", [])}


async def acts(db: Connection, appointment_id: UUID | str) -> list[str]:
    """What the record says was done, oldest first."""
    rows = await db.fetch(
        "select action from audit_event where object_id = $1 order by id", UUID(str(appointment_id))
    )
    return [row["action"] for row in rows]


async def detail(db: Connection, appointment_id: UUID | str, action: str) -> dict[str, Any]:
    """The facts of the last record of an act."""
    raw = await db.fetchval(
        "select detail from audit_event where object_id = $1 and action = $2 order by id desc limit 1",
        UUID(str(appointment_id)), action,
    )  # fmt: skip
    found: dict[str, Any] = msgspec.json.decode(raw)
    return found
