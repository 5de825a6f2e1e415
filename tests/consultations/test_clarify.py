"""One question back at a time; the clock stands until the reply."""

from circle.core.clock import Clock
from circle.core.db import Connection
from tests import make
from tests.clients import Clients

from . import acts, api, letters

ASK = {"question": "Für welches Amt?"}


async def test_it_works_and_the_clock_stands(client: Clients, db: Connection, office: Clock) -> None:
    await make.advisers(db)
    found = await make.consultation(db, office, "assigned")
    answer = await (await client.as_("dora")).post(api(found, "clarify"), json=ASK)
    assert answer.status_code == 200 and answer.json()["state"] == "clarification"
    asked = (await (await client.as_("ben")).get(api(found))).json()["clarifications"]
    assert [(q["question"], q["asked_by_name"], q["asked_on"], q["reply"]) for q in asked] == [
        ("Für welches Amt?", "Dora Probe", "2026-11-23", None)
    ]
    assert ("clarification", "Rückfrage zu Ihrer Beratungsanfrage BA-2026-001", "Ben Beauftragt") in (
        await letters(db, found)
    )
    assert (await acts(db, found))[-1] == "consultation.clarified"
    await db.execute("update consultation set due_on_effective = '2026-11-20' where id = $1", found)
    await db.execute("update clarification set asked_on = '2026-11-19'")
    assert (await (await client.as_("anna")).get(api(found))).json()["overdue"] is False


async def test_the_office_may_ask_before_anybody_is_named(
    client: Clients, db: Connection, office: Clock
) -> None:
    found = await make.consultation(db, office)
    anna = await client.as_("anna")
    assert (await anna.post(api(found, "clarify"), json=ASK)).json()["state"] == "clarification"
    assert (await anna.post(api(found, "clarify"), json=ASK)).status_code == 409


async def test_who_may_not_and_when_not(client: Clients, db: Connection, office: Clock) -> None:
    await make.advisers(db)
    found = await make.consultation(db, office, "assigned")
    for nick, status in (("clara", 404), ("carl", 404), ("ben", 403), ("quirin", 403)):
        assert (await (await client.as_(nick)).post(api(found, "clarify"), json=ASK)).status_code == status
    dora = await client.as_("dora")
    assert (await dora.post(api(found, "clarify"), json={"question": " "})).status_code == 400
    stale = await dora.post(api(found, "clarify"), json=ASK, headers={"if-match": '"v1"'})
    assert stale.status_code == 412
    answered = await make.consultation(db, office, "answered")
    assert (await dora.post(api(answered, "clarify"), json=ASK)).status_code == 409


async def test_mails_about_a_confidential_request_say_nothing(
    client: Clients, db: Connection, office: Clock
) -> None:
    await make.advisers(db)
    found = await make.consultation(
        db, office, "assigned", confidentiality="confidential", subject="Geheimes"
    )
    await (await client.as_("dora")).post(api(found, "clarify"), json=ASK)
    for row in await db.fetch("select subject, text, title from dispatch where object_id = $1", found):
        words = " ".join(row)
        assert "BA-2026-V01" in words and "Amt" not in words and "Geheimes" not in words
