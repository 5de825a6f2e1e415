"""The asking house takes its request back, until the answer is sent."""

from circle.core.clock import Clock
from circle.core.db import Connection
from tests import make
from tests.clients import Clients

from . import acts, api, letters


async def test_it_works_and_those_who_work_on_it_know(client: Clients, db: Connection, office: Clock) -> None:
    await make.advisers(db)
    found = await make.consultation(db, office, "in_progress")
    answer = await (await client.as_("ben")).post(api(found, "withdraw"), json={"note": "Hat sich erledigt."})
    assert answer.status_code == 200
    made = answer.json()
    assert (made["state"], made["closed_on"], made["note"]) == (
        "withdrawn",
        "2026-11-23",
        "Hat sich erledigt.",
    )
    told = [name for _, subject, name in await letters(db, found) if "zurückgezogen" in subject]
    assert told == ["Dora Probe", "Emil Probe"]
    assert (await acts(db, found))[-1] == "consultation.withdrawn"
    assert made["answer"] is None and (await (await client.as_("dora")).get(api(found))).status_code == 200


async def test_a_draft_goes_without_a_word(client: Clients, db: Connection, office: Clock) -> None:
    draft = await make.consultation(db, office, "draft")
    ben = await client.as_("ben")
    assert (await ben.post(api(draft, "withdraw"))).json()["reference"] is None
    assert await letters(db, draft) == []
    assert (await ben.get("/api/v1/consultations?open=true")).json()["items"] == []
    assert (await (await client.as_("anna")).get(api(draft))).status_code == 404


async def test_who_may_not_and_when_not(client: Clients, db: Connection, office: Clock) -> None:
    await make.advisers(db)
    found = await make.consultation(db, office)
    for nick, status in (("clara", 404), ("carl", 404), ("anna", 403)):
        assert (await (await client.as_(nick)).post(api(found, "withdraw"))).status_code == status
    ben = await client.as_("ben")
    assert (await ben.post(api(found, "withdraw"), headers={"if-match": '"v1"'})).status_code == 412
    answered = await make.consultation(db, office, "answered")
    assert (await ben.post(api(answered, "withdraw"))).status_code == 409
