"""The office names who answers; nobody who also acts for the asking house (two hats)."""

import pytest

from circle.core.clock import Clock
from circle.core.db import Connection
from tests import make
from tests.clients import Clients

from . import acts, api, letters


async def ids(db: Connection, *nicks: str) -> list[str]:
    return [str(await make.person_id(db, nick)) for nick in nicks]


async def test_it_works_and_confirms_the_receipt(client: Clients, db: Connection, office: Clock) -> None:
    await make.advisers(db)
    found = await make.consultation(db, office)
    dora, emil, quirin = await ids(db, "dora", "emil", "quirin")
    assert (await (await client.as_("dora")).get(api(found))).status_code == 404
    answer = await (await client.as_("anna")).post(
        api(found, "assign"), json={"assignee_id": dora, "deputy_id": emil, "reviewer_id": quirin}
    )
    assert answer.status_code == 200
    made = answer.json()
    assert (made["state"], made["assignee_name"], made["deputy_name"]) == (
        "assigned",
        "Dora Probe",
        "Emil Probe",
    )
    assert made["acknowledged_on"] == "2026-11-23" and made["reviewer_name"] == "Quirin Probe"
    told = [name for kind, subject, name in await letters(db, found) if "zugewiesen" in subject]
    assert told == ["Dora Probe", "Emil Probe"]
    assert (await acts(db, found))[-1] == "consultation.assigned"
    for nick in ("dora", "emil", "quirin"):
        assert (await (await client.as_(nick)).get(api(found))).status_code == 200


async def test_passed_on_the_former_expert_sees_it_no_longer(
    client: Clients, db: Connection, office: Clock
) -> None:
    await make.advisers(db)
    found = await make.consultation(db, office, "assigned")
    (emil,) = await ids(db, "emil")
    dora, anna = await client.as_("dora"), await client.as_("anna")
    assert (await dora.get(api(found))).status_code == 200
    passed = await anna.post(api(found, "assign"), json={"assignee_id": emil})
    assert passed.json()["assignee_name"] == "Emil Probe" and passed.json()["deputy_id"] is None
    assert passed.json()["state"] == "assigned" and passed.json()["reviewer_name"] == "Quirin Probe"
    assert (await dora.get(api(found))).status_code == 404
    found_by = "select audience from search_sealed where source_id = $1"
    assert f"person:{await make.person_id(db, 'dora')}" not in await db.fetchval(found_by, found)


@pytest.mark.parametrize("kind", ["deputy", "commissioner"])
async def test_two_hats(client: Clients, db: Connection, office: Clock, kind: str) -> None:
    """An expert of the competence centre who is appointed in the asking house does not answer its request."""
    await make.advisers(db)
    await db.execute("delete from appointment")
    await make.appoint(db, await make.person_id(db, "dora"), await make.authority(db, "br-arnsberg"), kind)
    await make.person(db, "gerd", authority="br-arnsberg", roles=["kfi_expert"])
    await make.person(db, "zoe", authority="br-arnsberg", roles=["assistant"])
    found = await make.consultation(db, office, by="zoe")
    dora, gerd, emil = await ids(db, "dora", "gerd", "emil")
    anna = await client.as_("anna")
    for named, at in (
        ({"assignee_id": dora}, "assignee_id"),
        ({"assignee_id": gerd}, "assignee_id"),
        ({"assignee_id": emil, "deputy_id": dora}, "deputy_id"),
    ):
        refused = await anna.post(api(found, "assign"), json=named)
        assert refused.status_code == 400 and refused.json()["code"] == "conflict_of_interest"
        assert refused.json()["errors"][0]["field"] == at


async def test_only_the_competence_centre_answers_and_nobody_twice(
    client: Clients, db: Connection, office: Clock
) -> None:
    await make.advisers(db)
    found = await make.consultation(db, office)
    anna = await client.as_("anna")
    carl, dora, emil = await ids(db, "carl", "dora", "emil")
    for named, at in (
        ({"assignee_id": carl}, "assignee_id"),
        ({"assignee_id": str(found)}, "assignee_id"),
        ({"assignee_id": dora, "deputy_id": dora}, "deputy_id"),
        ({"assignee_id": dora, "reviewer_id": dora}, "reviewer_id"),
        ({"assignee_id": dora, "reviewer_id": emil}, "reviewer_id"),
    ):
        refused = await anna.post(api(found, "assign"), json=named)
        assert refused.status_code == 400 and refused.json()["errors"][0]["field"] == at, named


async def test_who_may_not_and_when_not(client: Clients, db: Connection, office: Clock) -> None:
    await make.advisers(db)
    found, answered = await make.consultation(db, office), await make.consultation(db, office, "answered")
    body = {"assignee_id": (await ids(db, "dora"))[0]}
    for nick, status in (("clara", 404), ("carl", 404), ("ben", 403)):
        assert (await (await client.as_(nick)).post(api(found, "assign"), json=body)).status_code == status
    anna = await client.as_("anna")
    assert (await anna.post(api(answered, "assign"), json=body)).status_code == 409
    stale = await anna.post(api(found, "assign"), json=body, headers={"if-match": '"v1"'})
    assert stale.status_code == 412 and stale.json()["current"]["state"] == "received"
