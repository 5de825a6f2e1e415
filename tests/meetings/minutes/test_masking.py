"""A confidential item keeps its number and nothing else for whoever is not named: twin worlds look the same."""

import pytest

from circle.core.clock import Clock
from circle.core.db import Connection
from circle.meetings.minutes import rules
from tests.clients import Clients

from .world import PAGE, held, sent


@pytest.mark.confidential
async def test_twin_worlds_give_the_same_bytes(db: Connection, client: Clients, office: Clock) -> None:
    world = await sent(db, office)
    await db.execute("update agenda_content set minutes = '' where item_id = $1", world.secret_item)
    ways = [world.path, f"{world.path}/versions", PAGE]
    kim, browser = await client.as_("kim"), await client.browser("kim")

    async def seen() -> list[str]:
        answers = [await (browser if path == PAGE else kim).get(path) for path in ways]
        assert all(answer.status_code == 200 for answer in answers)
        texts = [answer.text for answer in answers]
        texts[2] = texts[2].partition("<main")[2].partition('name="idempotency_key"')[0]
        return texts

    before = await seen()
    await db.execute(
        """
        update agenda_content set title = 'Ganz anderes', minutes = 'Viel längerer Text.', result = 'agreed',
            resolution_text = 'Beschluss', reservations = '["x"]' where item_id = $1
        """,
        world.secret_item,
    )
    assert await seen() == before


@pytest.mark.confidential
async def test_whoever_is_named_reads_it_on_the_page(db: Connection, client: Clients, office: Clock) -> None:
    await sent(db, office)
    ben = (await (await client.browser("ben")).get(PAGE)).text
    assert "Personalsache X" in ben and "Geheimer Verlauf." in ben
    anna = (await (await client.browser("anna")).get(PAGE)).text
    assert "TOP 2: Vertraulicher Tagesordnungspunkt" in anna
    assert "Personalsache" not in anna and "Geheimer" not in anna


@pytest.mark.confidential
async def test_versions_come_with_the_annex_of_whoever_is_named(
    db: Connection, client: Clients, office: Clock
) -> None:
    world = await sent(db, office)

    async def items(nick: str) -> list[str | None]:
        answer = await (await client.as_(nick)).get(f"{world.path}/versions")
        return [one["item_number"] for one in answer.json()["items"]]

    assert await items("ben") == [None, "2"]
    assert await items("anna") == await items("kim") == [None]


@pytest.mark.confidential
async def test_who_read_a_confidential_item_is_recorded(
    db: Connection, client: Clients, office: Clock
) -> None:
    world = await sent(db, office)
    for nick in ("ben", "kim"):
        for path in (world.path, f"{world.path}/versions"):
            await (await client.as_(nick)).get(path)
        await (await client.browser(nick)).get(PAGE)
    rows = await db.fetch(
        "select actor_name, detail ->> 'purpose' as purpose from audit_event where action = 'minutes.read' order by id"
    )
    assert [tuple(row) for row in rows] == [
        ("Ben Beauftragt", "Niederschrift"), ("Ben Beauftragt", "Fassungen"), ("Ben Beauftragt", "Niederschrift"),
    ]  # fmt: skip


def test_the_mask_leaves_number_state_and_level() -> None:
    item = {"id": "1", "number": "2", "status": "treated", "confidentiality": "confidential", "title": "X", "minutes": "Y",
        "votes": {"yes": 3}, "reservations": ["Z"], "tasks": ["A"]}  # fmt: skip
    assert rules.masked(item) == {
        "id": "1", "number": "2", "status": "treated", "confidentiality": "confidential", "title": rules.MASK,
        "minutes": None, "votes": None, "reservations": [], "tasks": [], "presence": [],
    }  # fmt: skip


@pytest.mark.confidential
async def test_a_confidential_task_never_stands_in_the_main_part(
    db: Connection, client: Clients, office: Clock
) -> None:
    """An item that was lowered keeps its confidential tasks, and the minutes leave them out, for its owner too."""
    world, secret = await held(db), "Einzelfall Quastenflosser"
    anna = await client.as_("anna")
    for item in (world.open_item, world.secret_item):
        await db.execute(
            """
            insert into task (reference, title, owner_id, item_id, confidential)
            select 'AUF-2026-' || right($1::uuid::text, 6), $2, id, $1::uuid, true from person where email = 'ben@example.org'
            """,
            item,
            secret,
        )
    answer = await anna.post(f"{world.path}/circulate", headers={"idempotency-key": "k"})
    assert answer.status_code == 200, answer.text
    filed = "select canonical from minutes_version where item_id is not distinct from $1"
    assert secret not in await db.fetchval(filed, None)
    assert secret in await db.fetchval(filed, world.secret_item)
    assert (await (await client.as_("ben")).get(world.path)).text.count(secret) == 1
