"""What the acts on a dispatch share: outsiders see nothing, requesters may look, the office acts."""

from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from circle.core.clock import Clock
from circle.core.db import Connection
from tests import make
from tests.clients import Clients

ACTS: list[tuple[str, Any]] = [("send", None), ("cancel", None), ("resend", {"include_uncertain": False})]
FORMS = {"send": "senden", "cancel": "abbrechen", "resend": "erneut"}


async def prepared(db: Connection, office: Clock, *, by: str = "anna", **letter: Any) -> UUID:
    """A dispatch to Ben."""
    return await make.dispatch(db, office, [await make.person_id(db, "ben")], by=by, **letter)


async def running(db: Connection, office: Clock, *states: str, **letter: Any) -> UUID:
    """A running dispatch to as many people as there are states."""
    people = [await make.person(db, f"p{n}", roles=["regional_staff"]) for n in range(len(states))]
    dispatch_id = await make.dispatch(db, office, people, start=True, **letter)
    for person_id, state in zip(people, states, strict=True):
        await db.execute("update delivery set state = $2 where person_id = $1", person_id, state)
    return dispatch_id


async def send(client: httpx.AsyncClient, dispatch_id: UUID, key: str, act: str = "send") -> httpx.Response:
    return await client.post(f"/api/v1/dispatches/{dispatch_id}/{act}", headers={"idempotency-key": key})


@pytest.mark.parametrize(("act", "body"), ACTS)
async def test_clara_gets_404_as_for_an_unknown_one(
    db: Connection, client: Clients, office: Clock, act: str, body: Any
) -> None:
    clara = await client.as_("clara")
    seen = []
    for dispatch_id in (await prepared(db, office), uuid4()):
        answer = await clara.post(
            f"/api/v1/dispatches/{dispatch_id}/{act}", json=body, headers={"idempotency-key": "k"}
        )
        seen.append((answer.status_code, {**answer.json(), "request_id": ""}))
    assert seen[0] == seen[1]
    assert seen[0][0] == 404
    page = await (await client.browser("clara")).post(
        f"/versand/{await prepared(db, office)}/{FORMS[act]}", {"idempotency_key": "k2"}
    )
    assert page.status_code == 404


@pytest.mark.parametrize(("act", "body"), ACTS)
async def test_ben_who_asked_for_it_may_look_but_not_act(
    db: Connection, client: Clients, office: Clock, act: str, body: Any
) -> None:
    dispatch_id = await prepared(db, office, by="ben")
    ben = await client.as_("ben")
    assert (await ben.get(f"/api/v1/dispatches/{dispatch_id}")).status_code == 200
    answer = await ben.post(
        f"/api/v1/dispatches/{dispatch_id}/{act}", json=body, headers={"idempotency-key": "k"}
    )
    assert answer.status_code == 403


@pytest.mark.confidential
async def test_a_confidential_dispatch_is_hidden_from_the_office(
    db: Connection, client: Clients, office: Clock
) -> None:
    dispatch_id = await prepared(db, office, by="ben", level="confidential", audience=["named:x"])
    anna = await client.as_("anna")
    assert (await anna.get(f"/api/v1/dispatches/{dispatch_id}")).status_code == 404
    assert (await anna.get(f"/api/v1/dispatches/{dispatch_id}/deliveries")).status_code == 404
    assert (await anna.get("/api/v1/dispatches")).json()["items"] == []
    assert (await anna.get("/api/v1/deliveries")).json()["items"] == []
    for act, body in ACTS:
        answer = await anna.post(
            f"/api/v1/dispatches/{dispatch_id}/{act}", json=body, headers={"idempotency-key": act}
        )
        assert answer.status_code == 404
