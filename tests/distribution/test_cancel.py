"""Stopping what is not on its way."""

from circle.core.clock import Clock
from circle.core.db import Connection
from tests import make
from tests.clients import Clients

from .test_acts import prepared, running


async def test_it_stops_what_waits_and_leaves_the_rest(
    db: Connection, client: Clients, office: Clock
) -> None:
    dispatch_id = await running(db, office, "new", "leased", "sending", "sent", "failed", "uncertain")
    answer = await (await client.as_("anna")).post(f"/api/v1/dispatches/{dispatch_id}/cancel")
    assert answer.status_code == 200
    assert answer.json()["state"] == "cancelled"
    assert answer.json()["counts"] == {
        "total": 6, "sent": 1, "waiting": 1, "failed": 1, "uncertain": 1, "cancelled": 2,
    }  # fmt: skip
    assert (
        await db.fetchval("select detail ->> 'stopped' from audit_event where action = 'dispatch.cancelled'")
        == "2"
    )


async def test_a_worker_that_holds_a_stopped_delivery_cannot_go_on(
    db: Connection, client: Clients, office: Clock
) -> None:
    dispatch_id = await running(db, office, "leased")
    before = await db.fetchval("select fence from delivery")
    await (await client.as_("anna")).post(f"/api/v1/dispatches/{dispatch_id}/cancel")
    assert await db.fetchval("select fence from delivery") == before + 1


async def test_an_ended_one_is_409(db: Connection, client: Clients, office: Clock) -> None:
    dispatch_id = await prepared(db, office)
    anna = await client.as_("anna")
    assert (await anna.post(f"/api/v1/dispatches/{dispatch_id}/cancel")).status_code == 200
    assert (await anna.post(f"/api/v1/dispatches/{dispatch_id}/cancel")).status_code == 409


async def test_the_page_does_the_same(db: Connection, client: Clients, office: Clock) -> None:
    dispatch_id = await running(db, office, "new")
    anna = await client.browser("anna")
    assert "Versand abbrechen" in (await anna.get(f"/versand/{dispatch_id}")).text
    assert (await anna.post(f"/versand/{dispatch_id}/abbrechen")).status_code == 303
    shown = await anna.get(f"/versand/{dispatch_id}")
    assert "1 abgebrochen" in shown.text and "refresh" not in shown.headers


async def test_papers_that_are_rendered_too_late_are_not_sent(
    db: Connection, client: Clients, office: Clock
) -> None:
    from circle.distribution import actions

    dispatch_id = await prepared(db, office)
    await (await client.as_("anna")).post(f"/api/v1/dispatches/{dispatch_id}/cancel")
    assert not await actions.is_prepared(db, dispatch_id)
    await actions.start(db, dispatch_id)
    assert await make.outbox(db, "distribution.send") == []
