"""The task of a confidential item is for its owner and those named for the item (each wall alone holds)."""

import pytest

from circle.core.clock import Clock
from circle.core.db import Connection
from tests import make
from tests.clients import Clients

from . import SECRET, api, letters, secret

pytestmark = pytest.mark.confidential
OUTSIDE = ["clara", "carl", "lena", "mo"]


async def outsiders(db: Connection) -> None:
    await make.person(db, "carl", authority="br-koeln", roles=["commissioner"])
    await make.person(db, "lena", roles=["kfi_head", "records_manager"])
    await make.person(db, "mo", roles=["circle_moderator", "circle_office"])


async def test_strangers_find_nothing(client: Clients, db: Connection, office: Clock) -> None:
    await outsiders(db)
    found = await secret(db, office)
    for nick in OUTSIDE:
        who, page = await client.as_(nick), await client.browser(nick)
        assert (await who.get(api(found))).status_code == 404, nick
        assert (await who.get("/api/v1/tasks")).json() == {"items": [], "next": None}, nick
        for act in ("accept", "decline", "complete"):
            assert (await who.post(api(found, act))).status_code == 404, (nick, act)
        assert (await page.get(f"/aufgaben/{found}")).status_code == 404
        for path in ("/aufgaben?ansicht=kreis", "/aufgaben", "/"):
            assert SECRET not in (await page.get(path)).text, (nick, path)
    assert (
        await (await client.as_("mo")).patch(api(found), json={}, headers={"if-match": '"v1"'})
    ).status_code == 404


async def test_owner_and_named_see_it_and_the_reading_is_recorded(
    client: Clients, db: Connection, office: Clock
) -> None:
    found = await secret(db, office)
    for nick in ("ben", "anna"):
        made = (await (await client.as_(nick)).get(api(found))).json()
        assert (made["title"], made["confidential"]) == (SECRET, True)
    readers = await db.fetch(
        "select actor_name from audit_event where action = 'task.read' and object_id = $1", found
    )
    assert [row["actor_name"] for row in readers] == ["Ben Beauftragt", "Anna Amt"]


async def test_search_rows_are_sealed_and_mails_neutral(
    client: Clients, db: Connection, office: Clock
) -> None:
    found = await secret(db, office)
    assert await db.fetchval("select count(*) from search_entry where source_id = $1", found) == 0
    assert await db.fetchval("select title from search_sealed where source_id = $1", found) == SECRET
    await (await client.as_("ben")).post(api(found, "decline"))
    assert len(await letters(db, found)) == 2
    for row in await db.fetch("select title, subject, text, level from dispatch where object_id = $1", found):
        assert (
            SECRET not in f"{row['title']} {row['subject']} {row['text']}" and row["level"] == "confidential"
        )


async def test_an_item_one_may_not_open_cannot_be_named(
    client: Clients, db: Connection, office: Clock
) -> None:
    await outsiders(db)
    item = await make.item(db, await make.meeting(db), "Vertrauliche Sache", level="confidential", number="3")
    mo, page = await client.as_("mo"), await client.browser("mo")
    new = {"title": "x", "owner_id": str(await make.person_id(db, "ben")), "item_id": str(item)}
    assert (await mo.post("/api/v1/tasks", json=new)).json()["code"] == "unknown_reference"
    assert (await page.get(f"/aufgaben/neu?item={item}")).status_code == 404
