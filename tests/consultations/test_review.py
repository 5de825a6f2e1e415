"""Four eyes: a second person approves the answer or returns it with a reason."""

from circle.core.clock import Clock
from circle.core.db import Connection
from tests import make
from tests.clients import Clients

from . import acts, api, letters

FINE = {"decision": "approve"}


async def test_approved_it_waits_for_the_office(client: Clients, db: Connection, office: Clock) -> None:
    await make.advisers(db)
    found = await make.consultation(db, office, "in_review")
    answer = await (await client.as_("quirin")).post(api(found, "review"), json=FINE)
    assert answer.status_code == 200
    made = answer.json()
    assert (made["state"], made["reviewed_by_name"], made["reviewed_on"]) == (
        "in_review", "Quirin Probe", "2026-11-23")  # fmt: skip
    assert ("notice", "Beratungsanfrage BA-2026-001: Antwort geprüft", "Anna Amt") in await letters(db, found)
    assert (await acts(db, found))[-1] == "consultation.review_approve"
    page = (await (await client.browser("anna")).get("/anfragen/BA-2026-001")).text
    assert page.count("Geprüft, wartet auf Versand") == 2 and "In Prüfung" not in page


async def test_returned_the_author_gets_the_reason(client: Clients, db: Connection, office: Clock) -> None:
    await make.advisers(db)
    found = await make.consultation(db, office, "in_review")
    quirin = await client.as_("quirin")
    silent = await quirin.post(api(found, "review"), json={"decision": "return"})
    assert silent.status_code == 400 and silent.json()["errors"][0]["field"] == "note"
    made = (
        await quirin.post(api(found, "review"), json={"decision": "return", "note": "Quelle fehlt."})
    ).json()
    assert (made["state"], made["review_note"], made["reviewed_on"]) == ("in_progress", "Quelle fehlt.", None)
    asked = ("notice", "Beratungsanfrage BA-2026-001: Antwort bitte überarbeiten", "Dora Probe")
    assert asked in await letters(db, found)
    assert (await (await client.as_("ben")).get(api(found))).json()["review_note"] is None


async def test_nobody_reviews_their_own_answer(client: Clients, db: Connection, office: Clock) -> None:
    await make.advisers(db)
    dora_id = await make.person_id(db, "dora")
    await db.execute("insert into role_grant (person_id, role) values ($1, 'quality_reviewer')", dora_id)
    found = await make.consultation(db, office, "in_review")
    refused = await (await client.as_("dora")).post(api(found, "review"), json=FINE)
    assert refused.status_code == 403 and refused.json()["code"] == "four_eyes"


async def test_who_may_not_and_when_not(client: Clients, db: Connection, office: Clock) -> None:
    await make.advisers(db)
    found = await make.consultation(db, office, "in_review")
    # Frida may review, but is not named for this request: she does not see it.
    for nick, status in (
        ("clara", 404),
        ("carl", 404),
        ("frida", 404),
        ("ben", 403),
        ("anna", 403),
        ("emil", 403),
    ):
        assert (await (await client.as_(nick)).post(api(found, "review"), json=FINE)).status_code == status, (
            nick
        )
    quirin = await client.as_("quirin")
    assert (
        await quirin.post(api(found, "review"), json=FINE, headers={"if-match": '"v1"'})
    ).status_code == 412
    early = await make.consultation(db, office, "assigned")
    assert (await quirin.post(api(early, "review"), json=FINE)).status_code == 409
