"""An address may be that of contacts of several houses and of an account; no contact is taken for the account."""

import asyncpg
import pytest

from circle.core.db import Connection
from tests import make
from tests.clients import Clients

from . import API, V1, entry

PEOPLE = "/api/v1/people"
PASSWORD = "lang und geheim genug"


@pytest.fixture(name="contact")
async def the_contact_of_arnsberg(client: Clients, db: Connection) -> str:
    """A contact with the address paul@probe.example, and its recipient of letters."""
    made = await (await client.as_("ben")).post(API, json=entry())
    return str(made.json()["id"])


async def recipient(db: Connection, contact: str) -> str:
    return str(await db.fetchval("select person_id from partner where id::text = $1", contact))


async def test_an_account_takes_the_address_of_a_contact(
    client: Clients, db: Connection, contact: str
) -> None:
    anna = await client.as_("anna")
    kfi = str(await make.authority(db, "kfi"))
    new = {"name": "Dora Neu", "email": "Paul@probe.example", "authority_id": kfi}
    made = await anna.post(PEOPLE, json=new)
    assert made.status_code == 201, made.text
    again = await anna.post(PEOPLE, json=new)
    assert again.status_code == 409 and again.json()["code"] == "email_taken", "of accounts there is one"
    assert made.json()["id"] != await recipient(db, contact)
    assert (await (await client.as_("ben")).get(f"{API}/{contact}")).json()["subscribed"]


async def test_an_account_moves_to_the_address_of_a_contact(
    client: Clients, db: Connection, contact: str
) -> None:
    dora = await make.person(db, "dora", password=PASSWORD)
    anna = await client.as_("anna")
    moved = await anna.patch(f"{PEOPLE}/{dora}", json={"email": "paul@probe.example"}, headers=V1)
    assert moved.status_code == 200 and moved.json()["pending_email"] == "paul@probe.example", moved.text
    await db.execute(
        "update person set pending_by = $1 where id = $2",
        await make.person(db, "tom", roles=["technical_admin"]),
        dora,
    )
    done = await anna.post(
        f"{PEOPLE}/{dora}/confirm-address",
        headers={"if-match": moved.headers["etag"], "idempotency-key": "k1"},
    )
    assert done.status_code == 200 and done.json()["email"] == "paul@probe.example", done.text


async def test_another_house_takes_the_address_and_learns_nothing(
    client: Clients, db: Connection, contact: str
) -> None:
    await make.person(db, "kora", authority="br-koeln", roles=["assistant"])
    made = await (await client.as_("kora")).post(API, json=entry(ags="05315000", organisation="Stadt Köln"))
    assert made.status_code == 201, made.text
    assert await recipient(db, contact) == await recipient(db, made.json()["id"]), "letters come once"


async def test_a_contact_is_never_found_by_its_address(client: Clients, db: Connection, contact: str) -> None:
    """Sign-in, a new password and an invitation look for accounts alone."""
    dora = await make.person(db, "dora", password=PASSWORD)
    await db.execute("update person set email = 'paul@probe.example' where id = $1", dora)
    signed_in = await client.stranger.post(
        "/api/v1/sessions", json={"email": "paul@probe.example", "password": PASSWORD}
    )
    assert signed_in.status_code == 201, signed_in.text
    assert await db.fetchval("select exists (select from session where person_id = $1)", dora)
    browser = await client.browser("anna")
    for owner in (dora, None):
        asked = await browser.post("/kennwort-vergessen", {"email": "paul@probe.example"})
        assert asked.status_code in (200, 303), asked.text
        (link,) = await db.fetch("delete from account_link returning person_id")
        assert link["person_id"] == owner
        await db.execute("update person set email = 'anders@example.org' where id = $1", dora)
    anna = await client.as_("anna")
    invited = await anna.post(
        f"{PEOPLE}/{await recipient(db, contact)}/invite", headers=V1 | {"idempotency-key": "k1"}
    )
    assert invited.status_code == 409 and "Kontakt des Netzwerks" in invited.text, invited.text
    role = {"role": "knowledge_editor"}
    granted = await anna.post(f"{PEOPLE}/{await recipient(db, contact)}/roles", json=role, headers=V1)
    assert granted.status_code == 409 and "Kontakt des Netzwerks" in granted.text, granted.text
    moved = {"authority_id": str(await make.authority(db, "br-arnsberg"))}
    changed = await anna.patch(f"{PEOPLE}/{await recipient(db, contact)}", json=moved, headers=V1)
    assert changed.status_code == 409 and "Kontakt des Netzwerks" in changed.text, changed.text
    with pytest.raises(asyncpg.CheckViolationError, match="person_letters_only_without_password"):
        await db.execute("update person set password_hash = 'x' where letters_only")


async def test_contacts_are_no_accounts_in_the_list(client: Clients, db: Connection, contact: str) -> None:
    listed = await (await client.as_("anna")).get(f"{PEOPLE}/accounts")
    assert "paul@probe.example" not in listed.text


async def test_the_mailbox_of_the_ministry_may_be_a_contact(
    client: Clients, db: Connection, contact: str
) -> None:
    anna = await client.as_("anna")
    named = await anna.post(
        "/api/v1/ministries",
        json={
            "name": "Ministerium",
            "short": "MKJFGFI",
            "email": "paul@probe.example",
            "valid_from": "2026-12-01",
        },
    )
    assert named.status_code == 201, named.text
