"""Reading: one statement, filters, pages of a list, the mark „overdue“."""

import pytest

from circle.core.clock import Clock
from circle.core.db import Connection
from tests import make
from tests.clients import Clients, queries

from . import api


async def test_one_request_is_one_statement(client: Clients, db: Connection, office: Clock) -> None:
    await make.advisers(db)
    found = await make.consultation(db, office, "answered")
    ben, page = await client.as_("ben"), await client.browser("ben")
    with queries(db) as seen:
        assert (await ben.get(api(found))).status_code == 200
    assert len(seen) == 1
    with queries(db) as seen:
        assert (await page.get(f"/anfragen/{found}")).status_code == 200
    assert len(seen) == 1


async def test_the_list_is_one_statement_and_pages_by_key(
    client: Clients, db: Connection, office: Clock
) -> None:
    for _ in range(3):
        await make.consultation(db, office)
    await make.consultation(db, office, "draft")
    ben = await client.as_("ben")
    with queries(db) as seen:
        first = (await ben.get("/api/v1/consultations?limit=2")).json()
    assert len(seen) == 1
    second = (await ben.get(first["next"])).json()
    assert [one["reference"] for one in first["items"] + second["items"]] == [
        None, "BA-2026-003", "BA-2026-002", "BA-2026-001"]  # fmt: skip
    assert second["next"] is None
    anna = await client.browser("anna")
    with queries(db) as seen:
        assert "BA-2026-003" in (await anna.get("/anfragen")).text
    assert len(seen) == 1


@pytest.mark.parametrize(
    ("query", "states"),
    [
        ("state=assigned", ["assigned"]),
        ("open=true", ["assigned", "received"]),
        ("open=false", ["answered"]),
        ("mine=true", ["answered", "assigned"]),
        ("overdue=true", ["received"]),
    ],
)
async def test_filters(client: Clients, db: Connection, office: Clock, query: str, states: list[str]) -> None:
    await make.advisers(db)
    await make.person(db, "erik", roles=["kfi_expert", "circle_office"])
    late = await make.consultation(db, office)
    await db.execute("update consultation set due_on_effective = '2026-11-20' where id = $1", late)
    for state in ("assigned", "answered"):
        found = await make.consultation(db, office, state)
        await db.execute("update consultation set assignee_id = (select id from person where email = 'erik@example.org') where id = $1", found)  # fmt: skip
    erik = await client.as_("erik")
    lines = (await erik.get(f"/api/v1/consultations?{query}")).json()["items"]
    assert [line["state"] for line in lines] == states
    assert [line["overdue"] for line in lines] == [line["id"] == str(late) for line in lines]


@pytest.mark.parametrize(
    "query", ["state=unknown", "limit=0", "limit=201", "after=AA", "after=_w", "open=perhaps"]
)
async def test_odd_queries_are_refused(client: Clients, query: str) -> None:
    answer = await (await client.as_("ben")).get(f"/api/v1/consultations?{query}")
    assert answer.status_code == 400, answer.text


async def test_odd_addresses_lead_nowhere(client: Clients) -> None:
    ben, page = await client.as_("ben"), await client.browser("ben")
    assert (await ben.get("/api/v1/consultations/BA-2026-001")).status_code == 404
    for name in ("BA-2026-999", "%00", "x" * 300, "ä"):
        assert (await page.get(f"/anfragen/{name}")).status_code in (404, 422), name
    assert (await client.stranger.get("/api/v1/consultations")).status_code == 401
    assert (await client.stranger.get("/anfragen")).status_code == 303
