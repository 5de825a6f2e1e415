"""The end of a request, or its answer from what is already there."""

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
        text = "select text from dispatch where object_id = $1 and kind = 'answer'"
        assert "WD-900, Leitfaden Sprachmittlung" in await db.fetchval(text, found)


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
