"""The office or the moderation asks somebody to do something; it binds only when accepted (decree Nr. 6)."""

from typing import Any

import pytest

from circle.core.db import Connection
from tests import make
from tests.clients import Clients

from . import acts, letters


async def new(db: Connection, owner: str = "ben", **more: Any) -> dict[str, Any]:
    return {
        "title": "Merkblatt entwerfen",
        "owner_id": str(await make.person_id(db, owner)),
        "due": "2026-12-15",
    } | more


async def test_it_works_and_the_owner_is_told(client: Clients, db: Connection) -> None:
    anna = await client.as_("anna")
    answer = await anna.post("/api/v1/tasks", json=await new(db, resubmission_on="2026-12-05"))
    assert answer.status_code == 201 and answer.headers["etag"] == '"v1"'
    made = answer.json()
    assert (made["reference"], made["status"], made["owner_name"]) == (
        "AUF-2026-01",
        "open",
        "Ben Beauftragt",
    )
    assert (made["due"], made["resubmission_on"], made["overdue"]) == ("2026-12-15", "2026-12-05", False)
    assert (made["created_by_name"], made["accepted_on"], made["confidential"]) == ("Anna Amt", None, False)
    assert await letters(db, made["id"]) == [("Neue Aufgabe AUF-2026-01", "Ben Beauftragt")]
    assert len(await make.outbox(db, "distribution.send")) == 1
    assert await acts(db, made["id"]) == ["task.assigned"]
    title = await db.fetchval("select title from search_entry where reference = 'AUF-2026-01'")
    assert title == "Merkblatt entwerfen"


async def test_the_moderation_asks_from_an_item(client: Clients, db: Connection) -> None:
    await make.person(db, "mo", roles=["circle_moderator"])
    item = await make.item(db, await make.meeting(db), number="4")
    made = (
        await (await client.as_("mo")).post("/api/v1/tasks", json=await new(db, item_id=str(item)))
    ).json()
    assert (made["source"], made["meeting_reference"]) == ("KK-2027-1/TOP-4", "KK-2027-1")


async def test_who_asks_themselves_gets_no_mail(client: Clients, db: Connection) -> None:
    made = (await (await client.as_("anna")).post("/api/v1/tasks", json=await new(db, "anna"))).json()
    assert await letters(db, made["id"]) == []


@pytest.mark.parametrize(
    ("wrong", "at"),
    [
        ({"title": " "}, "title"),
        ({"title": "a\nb"}, "title"),
        ({"due": "2026-11-22"}, "due"),
        ({"resubmission_on": "2026-11-22"}, "resubmission_on"),
        ({"resubmission_on": "2026-12-16"}, "resubmission_on"),
        ({"owner_id": "00000000-0000-4000-8000-000000000000"}, "owner_id"),
        ({"item_id": "00000000-0000-4000-8000-000000000000"}, "item_id"),
        ({"status": "accepted"}, "status"),
    ],
)
async def test_what_is_wrong_is_named_at_its_field(
    client: Clients, db: Connection, wrong: dict[str, Any], at: str
) -> None:
    refused = await (await client.as_("anna")).post("/api/v1/tasks", json=await new(db, **wrong))
    assert refused.status_code == 400 and refused.json()["errors"][0]["field"] == at
    assert await db.fetchval("select count(*) from task") == 0


async def test_only_who_could_accept_is_asked(client: Clients, db: Connection) -> None:
    refused = await (await client.as_("anna")).post("/api/v1/tasks", json=await new(db, "clara"))
    assert refused.status_code == 400 and refused.json()["errors"][0]["field"] == "owner_id"


async def test_who_may_not(client: Clients, db: Connection) -> None:
    for nick in ("clara", "ben"):
        assert (await (await client.as_(nick)).post("/api/v1/tasks", json=await new(db))).status_code == 403
    assert (await client.stranger.post("/api/v1/tasks", json=await new(db))).status_code == 401


async def test_the_same_key_asks_once(client: Clients, db: Connection) -> None:
    anna, key = await client.as_("anna"), {"idempotency-key": "k"}
    first, again = [await anna.post("/api/v1/tasks", json=await new(db), headers=key) for _ in range(2)]
    assert again.json() == first.json() and await db.fetchval("select count(*) from task") == 1
