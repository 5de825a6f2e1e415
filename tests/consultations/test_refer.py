"""Abgabenachricht: another office is competent, and the house is told which."""

from circle.core.clock import Clock
from circle.core.db import Connection
from tests import make
from tests.clients import Clients

from . import acts, api, letters

TO = {"referred_to": "Landesbeauftragte für Datenschutz"}


async def test_it_works(client: Clients, db: Connection, office: Clock) -> None:
    found = await make.consultation(db, office)
    made = (await (await client.as_("anna")).post(api(found, "refer"), json=TO)).json()
    assert (made["state"], made["referred_to"], made["closed_on"]) == (
        "referred",
        TO["referred_to"],
        "2026-11-23",
    )
    subject = "Ihre Beratungsanfrage BA-2026-001: Verweis an die zuständige Stelle"
    assert ("notice", subject, "Ben Beauftragt") in await letters(db, found)
    text = await db.fetchval(
        "select text from dispatch where object_id = $1 and subject = $2", found, subject
    )
    assert TO["referred_to"] in text
    assert (await acts(db, found))[-1] == "consultation.referred"


async def test_the_mail_of_a_confidential_one_names_no_office(
    client: Clients, db: Connection, office: Clock
) -> None:
    found = await make.consultation(db, office, confidentiality="confidential")
    await (await client.as_("anna")).post(api(found, "refer"), json=TO)
    texts = await db.fetch("select text from dispatch where object_id = $1", found)
    assert texts and not [row for row in texts if TO["referred_to"] in row["text"]]


async def test_who_may_not_and_when_not(client: Clients, db: Connection, office: Clock) -> None:
    await make.advisers(db)
    found = await make.consultation(db, office, "assigned")
    for nick, status in (("clara", 404), ("carl", 404), ("ben", 403), ("dora", 403)):
        assert (await (await client.as_(nick)).post(api(found, "refer"), json=TO)).status_code == status
    anna = await client.as_("anna")
    assert (await anna.post(api(found, "refer"), json={"referred_to": ""})).status_code == 400
    assert (await anna.post(api(found, "refer"), json=TO, headers={"if-match": '"v1"'})).status_code == 412
    answered = await make.consultation(db, office, "answered")
    assert (await anna.post(api(answered, "refer"), json=TO)).status_code == 409
