"""The assistants of a house are named by its commissioner alone, and nobody moves themself into a house."""

from uuid import UUID

import pytest

from circle.core.db import Connection
from tests import make
from tests.clients import Clients

API = "/api/v1/people"


@pytest.fixture(name="asta")
async def somebody_of_the_house(db: Connection) -> UUID:
    return await make.person(db, "asta", name="Asta Hilft", authority="br-arnsberg")


async def test_the_commissioner_names_and_ends_the_assistants_of_the_house(
    client: Clients, db: Connection, asta: UUID
) -> None:
    ben, path = await client.as_("ben"), f"{API}/{asta}/roles"
    stale = await ben.post(path, json={"role": "assistant"}, headers={"if-match": '"v9"'})
    assert stale.status_code == 412
    for _ in range(2):
        given = await ben.post(path, json={"role": "assistant"}, headers={"idempotency-key": "k"})
        assert (given.status_code, given.json()["roles"]) == (200, ["assistant"]), given.text
    assert (await ben.get(f"{API}/{asta}/account")).json() == given.json()
    ended = await ben.post(f"{path}/end", json={"role": "assistant"})
    assert (ended.status_code, ended.json()["roles"]) == (200, [])
    rows = await db.fetch("select action from audit_event where object_id = $1 order by id", asta)
    assert [row["action"] for row in rows] == ["role.granted", "role.ended"]


async def test_nobody_else_names_them(client: Clients, db: Connection, asta: UUID) -> None:
    await make.person(db, "tom", roles=["technical_admin"])
    await make.person(db, "carl", authority="br-koeln", roles=["commissioner"])
    helper = await make.person(db, "hanna", authority="br-arnsberg", roles=["assistant"])
    for nick in ("anna", "tom", "carl", "hanna"):
        answer = await (await client.as_(nick)).post(f"{API}/{asta}/roles", json={"role": "assistant"})
        assert (answer.status_code, answer.json()["code"]) == (403, "role_not_yours"), nick
    clara = await (await client.as_("clara")).post(f"{API}/{asta}/roles", json={"role": "assistant"})
    assert clara.status_code == 404
    house = str(await make.authority(db, "br-arnsberg"))
    puppet = {"name": "Puppe", "email": "p@example.org", "authority_id": house, "roles": ["assistant"]}
    anna = await client.as_("anna")
    assert (await anna.post(API, json=puppet)).json()["code"] == "role_not_yours"
    ben = await client.as_("ben")
    for role in ("kfi_expert", "regional_staff", "technical_admin"):
        assert (await ben.post(f"{API}/{asta}/roles", json={"role": role})).json()["code"] == "role_not_yours"
    own = await ben.post(f"{API}/{await make.person_id(db, 'ben')}/roles", json={"role": "assistant"})
    assert own.json()["code"] == "own_role"
    # Where a house has no commissioner the office still takes the role away.
    assert (await anna.post(f"{API}/{helper}/roles/end", json={"role": "assistant"})).status_code == 200


async def test_nobody_moves_themself_and_an_assistant_stays(client: Clients, db: Connection) -> None:
    await make.person(db, "hanna", authority="br-arnsberg", roles=["assistant"])
    anna, koeln = await client.as_("anna"), str(await make.authority(db, "br-koeln"))
    own = await anna.patch(
        f"{API}/{await make.person_id(db, 'anna')}",
        json={"authority_id": koeln},
        headers={"if-match": '"v1"'},
    )
    assert (own.status_code, own.json()["code"]) == (403, "own_house")
    hanna = await make.person_id(db, "hanna")
    moved = await anna.patch(f"{API}/{hanna}", json={"authority_id": koeln}, headers={"if-match": '"v1"'})
    assert moved.status_code == 409
    assert await db.fetchval("select authority_id::text from person where id = $1", hanna) != koeln


async def test_the_page_of_the_person_names_and_ends(client: Clients, db: Connection, asta: UUID) -> None:
    ben, anna, page = await client.browser("ben"), await client.browser("anna"), f"/personen/{asta}"
    assert "Zuarbeit eintragen" in (await ben.get(page)).text
    assert "Zuarbeit eintragen" not in (await anna.get(page)).text
    guard = {"revision": "1", "idempotency_key": "a"}
    assert (await anna.post(f"{page}/zuarbeit", guard)).status_code == 403
    for _ in range(2):
        assert (await ben.post(f"{page}/zuarbeit", guard)).headers["location"] == page
    assert "Asta Hilft arbeitet Ihnen zu" in (await ben.get(page)).text
    ended = await ben.post(f"{page}/zuarbeit/beenden", {"revision": "2", "idempotency_key": "b"})
    assert ended.status_code == 303
    assert "Zuarbeit eintragen" in (await ben.get(page)).text
    assert (await ben.get(f"/konten/{asta}")).status_code == 403
    assert 'value="assistant"' not in (await anna.get(f"/konten/{asta}")).text
