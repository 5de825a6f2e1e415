"""The letter that a recipient opens after sign-in."""

import uuid
from datetime import date
from uuid import UUID

import pytest

from circle.core.clock import Clock
from circle.core.db import Connection
from circle.distribution.model import Part
from tests import make
from tests.clients import Clients

from .conftest import Run


async def letter_to_ben(db: Connection, office: Clock, **letter: object) -> UUID:
    """A letter on its way to Ben; returns the id of his delivery."""
    ben = await make.person_id(db, "ben")
    parts = [
        Part("Für alle", "internal", url="/wissen/WD-1", audience=["internal"]),
        Part("Für andere", "confidential", url="/wissen/WD-2", audience=["named:other"]),
    ]
    await make.dispatch(db, office, [ben], parts, start=True, **letter)
    delivery_id: UUID = await db.fetchval("select id from delivery")
    return delivery_id


async def test_its_recipient_reads_text_and_papers(db: Connection, client: Clients, office: Clock) -> None:
    delivery_id = await letter_to_ben(db, office, text="Erster Absatz.\n\nZweiter <b>Absatz</b>.")
    page = await (await client.browser("ben")).get(f"/versand/post/{delivery_id}")
    assert page.status_code == 200
    for words in ("Rundschreiben zum Förderjahr", "<p>Erster Absatz.</p>", "Zweiter &lt;b&gt;", "Für alle"):
        assert words in page.text
    assert "Für andere" not in page.text
    assert "Versendet am Montag, 23. November 2026" in page.text


async def test_nobody_else_reads_it_and_a_stranger_signs_in_first(
    db: Connection, client: Clients, office: Clock
) -> None:
    delivery_id = await letter_to_ben(db, office)
    for nick in ("clara", "anna"):
        assert (await (await client.browser(nick)).get(f"/versand/post/{delivery_id}")).status_code == 404
    stranger = await client.stranger.get(f"/versand/post/{delivery_id}")
    assert stranger.headers["location"] == f"/anmelden?next=/versand/post/{delivery_id}"


async def test_not_before_it_is_sent(db: Connection, client: Clients, office: Clock) -> None:
    delivery_id = await letter_to_ben(db, office)
    ben = await client.browser("ben")
    await db.execute("update dispatch set state = 'prepared'")
    assert (await ben.get(f"/versand/post/{delivery_id}")).status_code == 404
    await db.execute("update dispatch set state = 'cancelled'")
    assert (await ben.get(f"/versand/post/{delivery_id}")).status_code == 404
    await db.execute("update delivery set state = 'sent'")
    assert (await ben.get(f"/versand/post/{delivery_id}")).status_code == 200, "what arrived stays readable"


@pytest.mark.confidential
async def test_a_confidential_one_is_read_while_the_right_lasts(
    db: Connection, client: Clients, office: Clock
) -> None:
    thing, ben = uuid.uuid4(), await make.person_id(db, "ben")
    await db.execute("insert into named_access (object_id, person_id) values ($1, $2)", thing, ben)
    delivery_id = await letter_to_ben(
        db, office, level="confidential", audience=[f"named:{thing}"], text="Das Geheimnis."
    )
    browser = await client.browser("ben")
    assert "Das Geheimnis." in (await browser.get(f"/versand/post/{delivery_id}")).text
    assert await db.fetchval("select actor_name from audit_event where action = 'letter.read'") == (
        "Ben Beauftragt"
    )
    await db.execute("delete from named_access")
    gone = await browser.get(f"/versand/post/{delivery_id}")
    assert gone.status_code == 404 and "Geheimnis" not in gone.text


async def test_without_a_paper_for_them_it_stays_closed(
    db: Connection, client: Clients, office: Clock
) -> None:
    delivery_id = await letter_to_ben(db, office)
    ben = await client.browser("ben")
    await db.execute("update dispatch_part set audience = '{named:other}'")
    assert (await ben.get(f"/versand/post/{delivery_id}")).status_code == 404


async def test_one_about_a_request_is_for_its_readers(db: Connection, client: Clients, office: Clock) -> None:
    ben = await make.person_id(db, "ben")
    await make.dispatch(db, office, [ben], start=True, audience=["person:" + str(ben)])
    await db.execute("update dispatch set object_kind = 'consultation'")
    path = f"/versand/post/{await db.fetchval('select id from delivery')}"
    browser = await client.browser("ben")
    assert (await browser.get(path)).status_code == 200
    await db.execute("update dispatch set readers = '{asking:other}'")
    assert (await browser.get(path)).status_code == 404
    await db.execute("update dispatch set level = 'public'")
    assert (await browser.get(path)).status_code == 404, "whatever its level"


async def test_whoever_was_refused_the_answer_does_not_read_it_here(
    db: Connection, client: Clients, office: Clock, run: Run
) -> None:
    await make.advisers(db)
    deputy = await make.person(db, "depp", authority="br-arnsberg", roles=["deputy"])
    ben = await make.person_id(db, "ben")
    await make.absence(db, ben, deputy, date(2026, 11, 20), date(2026, 11, 30))
    await make.consultation(db, office, "answered")
    await db.execute("delete from absence")
    await run(await db.fetchval("select id from dispatch where kind = 'answer'"))
    found = await db.fetch(
        "select person_id, d.id, d.state from delivery d join dispatch s on s.id = dispatch_id where kind = 'answer'"
    )
    by_person = {one["person_id"]: one for one in found}
    assert (by_person[deputy]["state"], by_person[ben]["state"]) == ("failed", "sent")
    for nick, person_id, status in (("depp", deputy, 404), ("ben", ben, 200)):
        page = await (await client.browser(nick)).get(f"/versand/post/{by_person[person_id]['id']}")
        assert page.status_code == status


async def test_one_about_a_document_closes_with_it(
    db: Connection, client: Clients, office: Clock, run: Run
) -> None:
    document_id = await make.document(db)
    body = {"document_id": str(document_id), "person_ids": [str(await make.person_id(db, "ben"))]}
    anna = await client.as_("anna")
    dispatch_id = (await anna.post("/api/v1/dispatches", json=body)).json()["id"]
    await anna.post(f"/api/v1/dispatches/{dispatch_id}/send", headers={"idempotency-key": "k"})
    await run(UUID(dispatch_id))
    path = f"/versand/post/{await db.fetchval('select id from delivery')}"
    browser = await client.browser("ben")
    assert (await browser.get(path)).status_code == 200
    await db.execute("update document set confidentiality = 'confidential' where id = $1", document_id)
    assert (await browser.get(path)).status_code == 404
