"""The pages of those who keep accounts."""

import re

import pytest

from circle.core.db import Connection
from circle.people.accounts import rules
from tests import make
from tests.clients import Clients


async def test_an_account_from_the_form_to_the_end(client: Clients, db: Connection) -> None:
    anna, kfi = await client.browser("anna"), await make.authority(db, "kfi")
    form = {
        "name": "Dora Neu",
        "email": "dora@example.org",
        "authority_id": str(kfi),
        "roles": ["kfi_expert"],
    }
    made = await anna.post("/konten/neu", form | {"idempotency_key": "k1"})
    assert made.status_code == 303, made.text
    here = made.headers["location"]
    page = (await anna.get(here)).text
    assert "ohne Zugang" in page and "Fachkraft (KfI)" in page and page.count("<h1") == 1

    async def act(part: str, revision: int, **more: str) -> int:
        form = {"revision": str(revision), "idempotency_key": f"{part}{revision}"} | more
        return (await anna.post(here + part, form)).status_code

    assert await act("/einladen", 1) == 303
    assert "eingeladen" in (await anna.get(here)).text
    assert await act("/rollen", 1, role="quality_reviewer") == 303
    assert "prüft denselben Text nicht" in (await anna.get(here)).text
    assert await act("/rollen/beenden", 2, role="quality_reviewer") == 303
    changed = {"name": "Dora Anders", "email": "dora@example.org", "authority_id": str(kfi)}
    assert await act("", 3, **changed) == 303
    assert await act("/sperren", 3) == 412
    assert await act("/sperren", 4) == 303
    assert "gesperrt" in (await anna.get("/konten")).text
    assert await act("/entsperren", 5) == 303


async def test_what_is_wrong_is_said_on_the_page(client: Clients, db: Connection) -> None:
    anna, kfi = await client.browser("anna"), await make.authority(db, "kfi")
    form = {"name": "", "email": "ben@example.org", "authority_id": str(kfi), "idempotency_key": "k"}
    empty = await anna.post("/konten/neu", form)
    assert empty.status_code == 422 and 'href="#field-name"' in empty.text
    taken = await anna.post("/konten/neu", form | {"name": "Dora", "idempotency_key": "k2"})
    assert taken.status_code == 409 and 'href="#field-email"' in taken.text
    tom = await make.person(db, "tom", roles=["technical_admin"])
    last = await anna.post(f"/konten/{tom}/sperren", {"revision": "1", "idempotency_key": "k3"})
    assert last.status_code == 409 and "letzte Technische Administration" in last.text


@pytest.mark.parametrize("nick", ["ben", "clara"])
async def test_others_find_no_such_pages(client: Clients, db: Connection, nick: str) -> None:
    browser, anna = await client.browser(nick), await make.person_id(db, "anna")
    assert (await browser.get("/konten")).status_code == 403
    assert (await browser.get("/konten/neu")).status_code == 403
    assert (await browser.get(f"/konten/{anna}")).status_code == 404
    answer = await browser.post(f"/konten/{anna}/sperren", {"revision": "1", "idempotency_key": "k"})
    assert answer.status_code == (403 if nick == "ben" else 404)


async def test_the_administration_begins_with_its_accounts(client: Clients, db: Connection) -> None:
    await make.person(db, "tom", roles=["technical_admin"])
    tom = await client.browser("tom")
    assert re.search(r'href="/konten"', (await tom.get("/")).text)
    assert "Anna Amt" in (await tom.get("/konten")).text


async def test_the_way_to_a_new_password_begins_at_the_sign_in(client: Clients) -> None:
    assert 'href="/kennwort-vergessen"' in (await client.stranger.get("/anmelden")).text
    assert (await client.stranger.get("/kennwort-vergessen")).status_code == 200
    wrong = await client.stranger.post("/kennwort-vergessen", data={"email": "x"})
    assert wrong.status_code == 422 and 'href="#field-email"' in wrong.text


def test_roles_that_exclude_each_other_are_explained() -> None:
    assert rules.remarks(["kfi_expert"]) == []
    assert len(rules.remarks(["kfi_expert", "commissioner", "quality_reviewer"])) == 2


async def test_what_was_typed_on_an_old_state_comes_back(client: Clients, db: Connection) -> None:
    anna, ben = await client.browser("anna"), await make.person_id(db, "ben")
    house = await db.fetchval("select authority_id from person where id = $1", ben)
    form = {
        "name": "Ben Beauftragt",
        "email": "ben@example.org",
        "authority_id": str(house),
        "function": "Behalten",
    }
    stale = await anna.post(f"/konten/{ben}", form | {"revision": "7", "idempotency_key": "k"})
    assert stale.status_code == 412 and 'value="Behalten"' in stale.text
    assert "stehen noch hier" in stale.text and stale.text.count("<h1") == 1
    again = await anna.post(f"/konten/{ben}", form | {"revision": "1", "idempotency_key": "k"})
    assert again.status_code == 303
