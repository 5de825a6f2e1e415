"""Saying what became of an uncertain delivery."""

from uuid import UUID

from circle.core.clock import Clock
from circle.core.db import Connection
from tests import make
from tests.clients import Clients

from .conftest import Run
from .mailserver import MailServer
from .test_acts import running


async def uncertain(db: Connection, office: Clock, by: str = "anna") -> tuple[UUID, UUID]:
    """A dispatch that is done but for one delivery nobody knows of."""
    dispatch_id = await running(db, office, "uncertain", by=by)
    await db.execute("update dispatch set state = 'done'; delete from outbox")
    return dispatch_id, await db.fetchval("select id from delivery")


async def test_it_arrived(db: Connection, client: Clients, office: Clock) -> None:
    dispatch_id, delivery_id = await uncertain(db, office)
    anna = await client.as_("anna")
    answer = await anna.post(f"/api/v1/deliveries/{delivery_id}/settle", json={"arrived": True})
    assert (answer.status_code, answer.json()["state"]) == (200, "sent")
    assert await make.outbox(db, "distribution.send") == []
    assert (await anna.get(f"/api/v1/dispatches/{dispatch_id}")).json()["state"] == "done"
    assert await db.fetchval("select action from audit_event order by id desc limit 1") == "delivery.settled"


async def test_it_did_not_arrive_and_is_sent_again(
    db: Connection, client: Clients, office: Clock, run: Run, server: MailServer
) -> None:
    dispatch_id, delivery_id = await uncertain(db, office)
    answer = await (await client.as_("anna")).post(
        f"/api/v1/deliveries/{delivery_id}/settle", json={"arrived": False}
    )
    assert answer.json()["state"] == "new"
    assert await make.outbox(db, "distribution.send") == [{"dispatch_id": str(dispatch_id)}]
    assert await run(dispatch_id) is None
    assert server.addresses == ["p0@example.org"]


async def test_twice_is_409(db: Connection, client: Clients, office: Clock) -> None:
    _, delivery_id = await uncertain(db, office)
    anna = await client.as_("anna")
    for status in (200, 409):
        answer = await anna.post(f"/api/v1/deliveries/{delivery_id}/settle", json={"arrived": True})
        assert answer.status_code == status


async def test_after_the_end_nothing_is_sent_again(db: Connection, client: Clients, office: Clock) -> None:
    _, delivery_id = await uncertain(db, office)
    await db.execute("update dispatch set state = 'cancelled'")
    answer = await (await client.as_("anna")).post(
        f"/api/v1/deliveries/{delivery_id}/settle", json={"arrived": False}
    )
    assert answer.status_code == 409


async def test_clara_gets_404_and_ben_403(db: Connection, client: Clients, office: Clock) -> None:
    _, delivery_id = await uncertain(db, office, by="ben")
    for nick, status in (("clara", 404), ("ben", 403)):
        answer = await (await client.as_(nick)).post(
            f"/api/v1/deliveries/{delivery_id}/settle", json={"arrived": True}
        )
        assert answer.status_code == status


async def test_the_page_offers_both_ways(db: Connection, client: Clients, office: Clock) -> None:
    dispatch_id, delivery_id = await uncertain(db, office)
    anna = await client.browser("anna")
    shown = (await anna.get(f"/versand/{dispatch_id}")).text
    assert "1 ungeklärt" in shown and "Ist angekommen" in shown and "Erneut senden" in shown
    done = await anna.post(
        f"/versand/zustellungen/{delivery_id}/klaeren", {"arrived": "true", "idempotency_key": "k"}
    )
    assert (done.status_code, done.headers["location"]) == (303, f"/versand/{dispatch_id}")
    assert "Ist angekommen" not in (await anna.get(f"/versand/{dispatch_id}")).text
