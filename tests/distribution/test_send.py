"""Starting a prepared dispatch."""

import httpx

from circle.core.clock import Clock
from circle.core.db import Connection
from tests import make
from tests.clients import Clients

from .test_acts import prepared, send


async def test_it_works_once_per_key(db: Connection, client: Clients, office: Clock) -> None:
    dispatch_id = await prepared(db, office)
    anna = await client.as_("anna")
    first = await send(anna, dispatch_id, "k")
    again = await send(anna, dispatch_id, "k")
    assert first.status_code == again.status_code == 200
    assert first.json() == again.json()
    assert first.json()["state"] == "sending"
    assert first.json()["sent_on"] == "2026-11-23"
    assert await make.outbox(db, "distribution.send") == [{"dispatch_id": str(dispatch_id)}]
    assert await db.fetchval("select count(*) from audit_event where action = 'dispatch.sent'") == 1


async def test_the_key_is_required(db: Connection, client: Clients, office: Clock) -> None:
    dispatch_id = await prepared(db, office)
    refused = await (await client.as_("anna")).post(f"/api/v1/dispatches/{dispatch_id}/send")
    assert (refused.status_code, refused.json()["code"]) == (400, "key_required")


async def test_a_started_one_is_409(db: Connection, client: Clients, office: Clock) -> None:
    dispatch_id = await prepared(db, office)
    anna = await client.as_("anna")
    await send(anna, dispatch_id, "a")
    assert (await send(anna, dispatch_id, "b")).status_code == 409


async def test_while_papers_are_rendered_it_is_409(db: Connection, client: Clients, office: Clock) -> None:
    dispatch_id = await prepared(db, office)
    await db.execute("update dispatch set build = 'minutes.build_print'")
    refused: httpx.Response = await send(await client.as_("anna"), dispatch_id, "a")
    assert refused.status_code == 409
    assert "Unterlagen werden noch erstellt" in refused.json()["detail"]


async def test_the_page_does_the_same(db: Connection, client: Clients, office: Clock) -> None:
    dispatch_id = await prepared(db, office)
    anna = await client.browser("anna")
    shown = await anna.get(f"/versand/{dispatch_id}")
    assert "Jetzt versenden" in shown.text and "Ben Beauftragt" in shown.text
    done = await anna.post(f"/versand/{dispatch_id}/senden", {"idempotency_key": "k"})
    assert (done.status_code, done.headers["location"]) == (303, f"/versand/{dispatch_id}")
    assert len(await make.outbox(db, "distribution.send")) == 1
    assert (await anna.post(f"/versand/{dispatch_id}/senden")).status_code == 422
