"""Trying again what failed, and what is uncertain only when somebody says so."""

from circle.core.clock import Clock
from circle.core.db import Connection
from tests import make
from tests.clients import Clients

from .test_acts import prepared, running


async def test_only_what_failed_by_default(db: Connection, client: Clients, office: Clock) -> None:
    dispatch_id = await running(db, office, "failed", "uncertain", "sent")
    await db.execute("update dispatch set state = 'done'; delete from outbox")
    answer = await (await client.as_("anna")).post(f"/api/v1/dispatches/{dispatch_id}/resend", json={})
    assert answer.status_code == 200
    assert answer.json()["state"] == "sending"
    assert (answer.json()["counts"]["waiting"], answer.json()["counts"]["uncertain"]) == (1, 1)
    assert await make.outbox(db, "distribution.send") == [{"dispatch_id": str(dispatch_id)}]
    assert (
        await db.fetchval("select detail ->> 'count' from audit_event where action = 'dispatch.resent'")
        == "1"
    )


async def test_the_uncertain_ones_when_it_is_said(db: Connection, client: Clients, office: Clock) -> None:
    dispatch_id = await running(db, office, "failed", "uncertain", "sent")
    answer = await (await client.as_("anna")).post(
        f"/api/v1/dispatches/{dispatch_id}/resend", json={"include_uncertain": True}
    )
    assert answer.json()["counts"]["waiting"] == 2


async def test_the_same_key_does_it_once(db: Connection, client: Clients, office: Clock) -> None:
    dispatch_id = await running(db, office, "failed")
    anna = await client.as_("anna")
    for _ in range(2):
        answer = await anna.post(
            f"/api/v1/dispatches/{dispatch_id}/resend", json={}, headers={"idempotency-key": "k"}
        )
        assert answer.status_code == 200
    assert len(await make.outbox(db, "distribution.send")) == 2  # One of the start, one of this.


async def test_nothing_to_do_is_409(db: Connection, client: Clients, office: Clock) -> None:
    anna = await client.as_("anna")
    nothing = await anna.post(
        f"/api/v1/dispatches/{await running(db, office, 'sent', 'uncertain')}/resend", json={}
    )
    assert (nothing.status_code, nothing.json()["code"]) == (409, "nothing_to_resend")
    never = await anna.post(f"/api/v1/dispatches/{await prepared(db, office)}/resend", json={})
    assert never.status_code == 409


async def test_a_dispatch_whose_job_gave_up_goes_on(db: Connection, client: Clients, office: Clock) -> None:
    dispatch_id = await running(db, office, "new", "sent")
    anna = await client.browser("anna")
    assert "steht still" not in (await anna.get(f"/versand/{dispatch_id}")).text
    await db.execute("update outbox set failed_at = now()")
    shown = await anna.get(f"/versand/{dispatch_id}")
    assert "Der Versand steht still" in shown.text and "Noch einmal versuchen" in shown.text
    assert "refresh" not in shown.headers
    done = await anna.post(f"/versand/{dispatch_id}/erneut", {"idempotency_key": "k"})
    assert done.status_code == 303
    assert await db.fetchval("select count(*) from outbox where failed_at is null") == 1
    assert "steht still" not in (await anna.get(f"/versand/{dispatch_id}")).text


async def test_papers_that_could_not_be_rendered_are_tried_again(
    db: Connection, client: Clients, office: Clock
) -> None:
    dispatch_id = await prepared(db, office)
    await db.execute("update dispatch set build = 'minutes.build_print'")
    anna = await client.as_("anna")
    assert (await anna.get(f"/api/v1/dispatches/{dispatch_id}")).json()["building"] == "failed"
    again = await anna.post(f"/api/v1/dispatches/{dispatch_id}/resend", json={})
    assert again.json()["building"] == "running"
    assert await make.outbox(db, "minutes.build_print") == [{"dispatch_id": str(dispatch_id)}]
