"""Reading tasks: filters, pages of the list, one statement."""

from datetime import date

import pytest

from circle.core.clock import Clock
from circle.core.db import Connection
from tests import make
from tests.clients import Clients, queries

from . import api, task


async def test_the_list_is_one_statement_and_pages_by_due_day(
    client: Clients, db: Connection, office: Clock
) -> None:
    days = [date(2026, 12, 20), None, date(2026, 12, 1)]
    for day in days:
        await task(db, office, due=day)
    ben = await client.as_("ben")
    with queries(db) as seen:
        first = (await ben.get("/api/v1/tasks?limit=2")).json()
    assert len(seen) == 1
    second = (await ben.get(first["next"])).json()
    assert [one["due"] for one in first["items"] + second["items"]] == ["2026-12-01", "2026-12-20", None]
    assert second["next"] is None
    with queries(db) as seen:
        await ben.get(api(second["items"][0]["id"]))
    assert len(seen) == 1
    page = await client.browser("ben")
    with queries(db) as seen:
        assert "AUF-2026-01" in (await page.get("/aufgaben")).text
    assert len(seen) == 1


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", ["AUF-2026-01", "AUF-2026-02", "AUF-2026-03"]),
        ("mine=true", ["AUF-2026-01", "AUF-2026-03"]),
        ("status=accepted", ["AUF-2026-03"]),
        ("status=accepted&mine=true", ["AUF-2026-03"]),
        ("status=done", []),
        ("item_id=ITEM", ["AUF-2026-02"]),
    ],
)
async def test_filters(client: Clients, db: Connection, office: Clock, query: str, found: list[str]) -> None:
    item = await make.item(db, await make.meeting(db), number="2")
    await task(db, office)
    await task(db, office, "anna", item_id=item)
    await task(db, office, accepted=True)
    lines = (await (await client.as_("ben")).get(f"/api/v1/tasks?{query.replace('ITEM', str(item))}")).json()
    assert sorted(line["reference"] for line in lines["items"]) == found


@pytest.mark.parametrize("query", ["status=x", "limit=0", "after=AA", "item_id=x"])
async def test_odd_queries_are_refused(client: Clients, query: str) -> None:
    assert (await (await client.as_("ben")).get(f"/api/v1/tasks?{query}")).status_code == 400


async def test_outsiders_see_none(client: Clients, db: Connection, office: Clock) -> None:
    found = await task(db, office)
    clara, page = await client.as_("clara"), await client.browser("clara")
    assert (await clara.get("/api/v1/tasks")).json() == {"items": [], "next": None}
    assert (await clara.get(api(found))).status_code == 404
    assert (await page.get(f"/aufgaben/{found}")).status_code == 404
    assert "Merkblatt" not in (await page.get("/aufgaben?ansicht=kreis")).text
    assert (await client.stranger.get("/api/v1/tasks")).status_code == 401


async def test_an_owner_outside_the_circle_sees_their_own_only(
    client: Clients, db: Connection, office: Clock
) -> None:
    await make.person(db, "dora", roles=["kfi_expert"])
    own, other = await task(db, office, "dora"), await task(db, office)
    dora = await client.as_("dora")
    assert (await dora.get(api(own))).status_code == 200 and (await dora.get(api(other))).status_code == 404
    assert [line["id"] for line in (await dora.get("/api/v1/tasks")).json()["items"]] == [str(own)]
