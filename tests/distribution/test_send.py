"""Starting a prepared dispatch."""

from uuid import UUID

import httpx
import pytest

from circle.core.clock import Clock
from circle.core.db import Connection
from circle.core.files import Storage
from tests import make
from tests.clients import Clients

from .conftest import Run
from .mailserver import MailServer
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


async def document_to_ben(db: Connection, client: Clients, storage: Storage) -> tuple[UUID, UUID]:
    """A document with a file, prepared for Ben: the document and the dispatch."""
    file_id = await make.file(db, storage, "Leitfaden.pdf", b"%PDF-1.7 x")
    document_id = await make.document(db, files=[file_id])
    body = {"document_id": str(document_id), "person_ids": [str(await make.person_id(db, "ben"))]}
    answer = await (await client.as_("anna")).post("/api/v1/dispatches", json=body)
    return document_id, UUID(answer.json()["id"])


SINCE = [("retired", "internal", "nicht mehr freigegeben"), ("released", "confidential", "höher eingestuft")]


@pytest.mark.parametrize(("state", "level", "reason"), SINCE)
async def test_a_document_retired_or_raised_since_is_409(
    db: Connection, client: Clients, storage: Storage, state: str, level: str, reason: str
) -> None:
    document_id, dispatch_id = await document_to_ben(db, client, storage)
    await db.execute(
        "update document set state = $2, confidentiality = $3 where id = $1", document_id, state, level
    )
    anna = await client.as_("anna")
    refused = await send(anna, dispatch_id, "k")
    assert (refused.status_code, refused.json()["code"]) == (409, "not_released")
    assert reason in refused.json()["detail"]
    (preview,) = (await anna.get(f"/api/v1/dispatches/{dispatch_id}/preview")).json()
    assert reason in preview["refused"] and preview["attached"] == preview["linked"] == []
    assert await make.outbox(db, "distribution.send") == []


@pytest.mark.parametrize(("state", "level", "reason"), SINCE)
async def test_and_raised_after_that_it_goes_to_nobody(
    db: Connection, client: Clients, storage: Storage, run: Run, server: MailServer, state: str, level: str, reason: str
) -> None:  # fmt: skip
    document_id, dispatch_id = await document_to_ben(db, client, storage)
    assert (await send(await client.as_("anna"), dispatch_id, "k")).status_code == 200
    await db.execute(
        "update document set state = $2, confidentiality = $3 where id = $1", document_id, state, level
    )
    assert await run(dispatch_id) is None
    assert server.addresses == []
    delivery = await db.fetchrow("select state, error from delivery")
    assert delivery["state"] == "failed" and reason in delivery["error"]


async def test_a_document_as_it_was_goes_out(
    db: Connection, client: Clients, storage: Storage, run: Run, server: MailServer
) -> None:
    _, dispatch_id = await document_to_ben(db, client, storage)
    await send(await client.as_("anna"), dispatch_id, "k")
    await run(dispatch_id)
    assert server.addresses == ["ben@example.org"]
