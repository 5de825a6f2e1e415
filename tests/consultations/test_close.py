"""The end of a request, or its answer from what is already there."""

import pytest

from circle.core.clock import Clock
from circle.core.db import Connection
from tests import make
from tests.clients import Clients

from . import acts, api, letters


async def test_an_answered_one_is_closed(client: Clients, db: Connection, office: Clock) -> None:
    await make.advisers(db)
    found = await make.consultation(db, office, "answered")
    made = (await (await client.as_("anna")).post(api(found, "close"), json={"note": "Erledigt."})).json()
    assert (made["state"], made["closed_on"], made["note"]) == ("closed", "2026-11-23", "Erledigt.")
    assert made["answer"] and (await acts(db, found))[-1] == "consultation.closed"


async def test_a_duplicate_is_answered_from_stock(client: Clients, db: Connection, office: Clock) -> None:
    document = await make.document(db)
    for named in ({"document_id": str(document)}, {"document_reference": "wd-900"}):
        found = await make.consultation(db, office)
        made = (await (await client.as_("anna")).post(api(found, "close"), json=named)).json()
        assert (made["state"], made["answered_on"]) == ("answered_from_stock", "2026-11-23")
        assert made["answered_with"]["reference"] == "WD-900"
        assert [one[2] for one in await letters(db, found) if one[0] == "answer"] == ["Ben Beauftragt"]
        parts = "select p.title from dispatch d join dispatch_part p on p.dispatch_id = d.id where d.object_id = $1"
        titles = [row["title"] for row in await db.fetch(f"{parts} and d.kind = 'answer'", found)]
        assert "WD-900, Leitfaden Sprachmittlung" in titles


@pytest.mark.confidential
async def test_only_its_readers_are_told_which_document_answers(
    client: Clients, db: Connection, office: Clock
) -> None:
    await make.person(db, "assi", authority="br-arnsberg", roles=["assistant"])
    found, document = await make.consultation(db, office), await make.document(db, level="circle")
    assi = await client.as_("assi")
    assert (await assi.get(f"/api/v1/documents/{document}")).status_code == 404
    assert (await assi.get(api(found))).json()["answered_with"] is None
    closed = await (await client.as_("anna")).post(api(found, "close"), json={"document_id": str(document)})
    assert closed.json()["state"] == "answered_from_stock"
    told = await db.fetchrow(
        "select id, title, subject, text from dispatch where object_id = $1 and kind = 'answer'", found
    )
    assert told and not any(word in told[n] for n in (1, 2, 3) for word in ("WD-900", "Leitfaden"))
    readers = await db.fetchval(
        "select audience from dispatch_part where dispatch_id = $1 and title like 'WD-900%'", told["id"]
    )
    keys = "select keys_on(id, authority_id, roles_on(id, $2), $2) from person where email = $1"
    assert set(readers) & set(await db.fetchval(keys, "ben@example.org", office.now().date()))
    assert not set(readers) & set(await db.fetchval(keys, "assi@example.org", office.now().date()))
    assert (await assi.get(api(found))).json()["answered_with"] is None


async def test_the_mail_of_a_confidential_one_names_no_document(
    client: Clients, db: Connection, office: Clock
) -> None:
    document = await make.document(db)
    found = await make.consultation(db, office, confidentiality="confidential")
    await (await client.as_("anna")).post(api(found, "close"), json={"document_id": str(document)})
    text = await db.fetchval("select text from dispatch where object_id = $1 and kind = 'answer'", found)
    assert "Leitfaden" not in text and "WD-900" not in text


async def test_an_open_one_needs_a_released_document(client: Clients, db: Connection, office: Clock) -> None:
    found, draft = await make.consultation(db, office), await make.document(db, state="draft")
    anna = await client.as_("anna")
    assert (await anna.post(api(found, "close"))).status_code == 409
    refused = await anna.post(api(found, "close"), json={"document_id": str(draft)})
    assert refused.status_code == 400 and refused.json()["errors"][0]["field"] == "document_id"


async def test_who_may_not_and_when_not(client: Clients, db: Connection, office: Clock) -> None:
    await make.advisers(db)
    found = await make.consultation(db, office, "answered")
    for nick, status in (("clara", 404), ("carl", 404), ("ben", 403), ("dora", 403)):
        assert (await (await client.as_(nick)).post(api(found, "close"))).status_code == status
    anna = await client.as_("anna")
    assert (await anna.post(api(found, "close"), headers={"if-match": '"v1"'})).status_code == 412
    assert (await anna.post(api(found, "close"))).status_code == 200
    assert (await anna.post(api(found, "close"))).status_code == 409
