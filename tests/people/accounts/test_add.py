"""Entering people, changing their entry, roles, and who may not."""

from uuid import uuid4

import pytest

from circle.core.db import Connection
from tests import make
from tests.clients import Clients, queries

API = "/api/v1/people"


@pytest.fixture(name="kfi")
async def the_competence_centre(db: Connection) -> str:
    return str(await make.authority(db, "kfi"))


def new(kfi: str, **more: object) -> dict[str, object]:
    return {"name": "Dora Neu", "email": "dora.neu@example.org", "authority_id": kfi} | more


async def test_the_office_enters_a_person_with_roles_from_today(
    client: Clients, db: Connection, kfi: str
) -> None:
    anna = await client.as_("anna")
    answer = await anna.post(API, json=new(kfi, roles=["kfi_expert"], function="Referentin"))
    assert answer.status_code == 201, answer.text
    account = answer.json()
    assert (account["state"], account["roles"]) == ("no_access", ["kfi_expert"])
    assert account["grants"][0]["valid_from"] == "2026-11-23"
    assert await db.fetchval(
        "select true from audit_event where action = 'person.added' and object_id = $1::uuid", account["id"]
    )
    with queries(db) as seen:
        found = await anna.get(f"{API}/{account['id']}/account")
    assert len(seen) == 1 and found.json() == account and found.headers["etag"] == '"v1"'


async def test_who_does_not_keep_accounts_enters_nobody(client: Clients, db: Connection, kfi: str) -> None:
    for nick in ("ben", "clara"):
        answer = await (await client.as_(nick)).post(API, json=new(kfi))
        assert answer.status_code == 403
    assert not await db.fetchval("select true from person where email = 'dora.neu@example.org'")


async def test_an_address_that_somebody_has_is_refused_in_words_that_name_nobody(
    client: Clients, db: Connection, kfi: str
) -> None:
    hidden = await make.person(db, "hidden", name="Heimliche Person")
    await db.execute("update person set active = false where id = $1", hidden)
    anna = await client.as_("anna")
    taken = [
        await anna.post(API, json=new(kfi, email=email))
        for email in ("Ben@example.org", "hidden@example.org")
    ]
    assert [one.status_code for one in taken] == [409, 409]
    assert taken[0].json()["code"] == "email_taken"
    bodies = [{k: v for k, v in one.json().items() if k != "request_id"} for one in taken]
    assert bodies[0] == bodies[1] and "Heimliche" not in taken[1].text


@pytest.mark.parametrize(
    "wrong",
    [
        {"email": "kein"}, {"email": "zwei@b@c.de"}, {"email": "ü@example.org"}, {"name": ""}, {"name": "a\nb"},
        {"roles": ["commissioner"]}, {"roles": ["deputy"]}, {"active": False}, {"password_hash": "x"},
        {"authority_id": str(uuid4())},
    ],
)  # fmt: skip
async def test_bad_input_is_400_and_leaves_nothing(
    client: Clients, db: Connection, kfi: str, wrong: dict[str, object]
) -> None:
    before = await db.fetchval("select count(*) from person")
    answer = await (await client.as_("anna")).post(API, json=new(kfi, **wrong))
    assert answer.status_code == 400, answer.text
    assert await db.fetchval("select count(*) from person") == before


async def test_an_entry_is_changed_from_the_state_that_was_seen(client: Clients, db: Connection) -> None:
    anna, target = await client.as_("anna"), await make.person(db, "dora", roles=["kfi_expert"])
    path = f"{API}/{target}"
    assert (await anna.patch(path, json={"name": "Dora Anders"})).status_code == 428
    assert (
        await anna.patch(path, json={"name": "Dora Anders"}, headers={"if-match": '"v9"'})
    ).status_code == 412
    dora = await client.as_("dora")
    good = await anna.patch(path, json={"name": "Dora Anders"}, headers={"if-match": '"v1"'})
    assert (good.status_code, good.json()["name"], good.headers["etag"]) == (200, "Dora Anders", '"v2"')
    assert (await dora.get("/api/v1/me")).status_code == 200
    moved = await anna.patch(path, json={"email": "neu@example.org"}, headers={"if-match": '"v2"'})
    assert moved.status_code == 200
    assert (await dora.get("/api/v1/me")).status_code == 401
    taken = await anna.patch(path, json={"email": "BEN@example.org"}, headers={"if-match": '"v3"'})
    assert (taken.status_code, taken.json()["code"]) == (409, "email_taken")


async def test_the_house_of_somebody_appointed_stays(client: Clients, db: Connection, kfi: str) -> None:
    ben = await make.person_id(db, "ben")
    answer = await (await client.as_("anna")).patch(
        f"{API}/{ben}", json={"authority_id": kfi}, headers={"if-match": '"v1"'}
    )
    assert answer.status_code == 409


@pytest.mark.parametrize("act", ["invite", "deactivate", "reactivate", "roles", "roles/end"])
async def test_foreign_hands_get_403_for_whom_they_see_and_404_for_all_others(
    client: Clients, db: Connection, act: str
) -> None:
    anna_id = await make.person_id(db, "anna")
    body = {"json": {"role": "kfi_expert"}} if act.startswith("roles") else {}
    headers = {"idempotency-key": "k1"}
    ben, clara = await client.as_("ben"), await client.as_("clara")
    assert (await ben.post(f"{API}/{anna_id}/{act}", headers=headers, **body)).status_code == 403
    unseen = await clara.post(f"{API}/{anna_id}/{act}", headers=headers, **body)
    nobody = await clara.post(f"{API}/{uuid4()}/{act}", headers=headers, **body)
    assert (unseen.status_code, nobody.status_code) == (404, 404)
    masked = [{k: v for k, v in one.json().items() if k != "request_id"} for one in (unseen, nobody)]
    assert masked[0] == masked[1]


async def test_only_those_who_keep_accounts_read_them(client: Clients, db: Connection) -> None:
    target = await make.person_id(db, "clara")
    for nick in ("ben", "clara"):
        theirs = await client.as_(nick)
        assert (await theirs.get(f"{API}/accounts")).status_code == 403
        assert (await theirs.get(f"{API}/{target}/account")).status_code == 404
    anna = await client.as_("anna")
    with queries(db) as seen:
        listed = await anna.get(f"{API}/accounts?limit=2")
    assert len(seen) == 1 and len(listed.json()["items"]) == 2 and listed.json()["next"]
    rest = await anna.get(listed.json()["next"])
    assert rest.json()["items"][0]["id"] == str(target)


async def test_roles_begin_and_end_and_sessions_end_with_them(client: Clients, db: Connection) -> None:
    anna, target = await client.as_("anna"), await make.person(db, "dora", roles=["regional_staff"])
    dora = await client.as_("dora")
    given = await anna.post(f"{API}/{target}/roles", json={"role": "kfi_expert"})
    assert given.status_code == 200 and "kfi_expert" in given.json()["roles"], given.text
    assert (await dora.get("/api/v1/me")).status_code == 401
    twice = await anna.post(f"{API}/{target}/roles", json={"role": "kfi_expert", "valid_from": "2027-01-01"})
    assert (twice.status_code, twice.json()["code"]) == (409, "role_held")
    wrong = {"role": "kfi_head", "valid_from": "2027-01-02", "valid_to": "2027-01-01"}
    assert (await anna.post(f"{API}/{target}/roles", json=wrong)).status_code == 400
    ended = await anna.post(
        f"{API}/{target}/roles/end", json={"role": "kfi_expert"}, headers={"if-match": '"v2"'}
    )
    assert ended.json()["roles"] == ["regional_staff"], ended.text
    again = await anna.post(f"{API}/{target}/roles/end", json={"role": "kfi_expert"})
    assert again.status_code == 409
    actions = await db.fetch("select action from audit_event where object_id = $1 order by id", target)
    assert [row["action"] for row in actions] == ["role.granted", "role.ended"]


async def test_nobody_grants_themself_a_role_and_the_office_names_no_administrator(
    client: Clients, db: Connection
) -> None:
    anna, own = await client.as_("anna"), await make.person_id(db, "anna")
    answer = await anna.post(f"{API}/{own}/roles", json={"role": "kfi_head"})
    assert (answer.status_code, answer.json()["code"]) == (403, "own_role")
    ben = await make.person_id(db, "ben")
    assert (await anna.post(f"{API}/{ben}/roles", json={"role": "technical_admin"})).status_code == 403
    await make.person(db, "tom", roles=["technical_admin"])
    tom = await client.as_("tom")
    assert (await tom.post(f"{API}/{ben}/roles", json={"role": "technical_admin"})).status_code == 200
