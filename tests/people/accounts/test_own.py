"""„Mein Konto“: the own sessions and the own password."""

from uuid import uuid4

import pytest

from circle.core import auth
from circle.core.db import Connection
from circle.people import rules
from tests import make
from tests.clients import Clients, queries

API = "/api/v1/me"
OLD, NEW = "das alte Kennwort", "ein ganz anderes Wort"


@pytest.fixture(name="hashed", scope="module")
async def hash_of_the_password() -> str:
    return await auth.hash_password(OLD)


@pytest.fixture(name="dora")
async def an_expert(db: Connection, hashed: str) -> str:
    await make.person(db, "dora", name="Dora Probe", roles=["kfi_expert"])
    await db.execute("update person set password_hash = $1 where email = 'dora@example.org'", hashed)
    return "dora"


async def test_one_sees_and_ends_ones_own_sessions_only(client: Clients, db: Connection, dora: str) -> None:
    here, there, ben = await client.as_(dora), await client.as_(dora), await client.as_("ben")
    with queries(db) as seen:
        listed = (await here.get(f"{API}/sessions")).json()["items"]
    assert len(seen) == 1
    assert [one["current"] for one in listed] == [True, False]
    assert set(listed[0]) == {"id", "kind", "device", "signed_in_at", "last_seen", "current"}
    foreign = await ben.delete(f"{API}/sessions/{listed[1]['id']}")
    unknown = await ben.delete(f"{API}/sessions/{uuid4()}")
    assert (foreign.status_code, unknown.status_code) == (404, 404)
    assert (await there.get(API)).status_code == 200
    assert (await here.delete(f"{API}/sessions/{listed[1]['id']}")).status_code == 204
    assert (await there.get(API)).status_code == 401 and (await here.get(API)).status_code == 200


async def test_the_page_shows_them_and_ends_all_others(client: Clients, db: Connection, dora: str) -> None:
    browser, other = await client.browser(dora), await client.as_(dora)
    page = (await browser.get("/konto")).text
    assert "diese Anmeldung" in page and "über die Schnittstelle" in page and page.count("<h1") == 1
    assert (await browser.post("/konto/anmeldungen/beenden")).status_code == 303
    assert (await other.get(API)).status_code == 401 and (await browser.get("/konto")).status_code == 200


async def test_a_new_password_needs_the_old_one_and_ends_all_other_sessions(
    client: Clients, db: Connection, dora: str
) -> None:
    here, there = await client.as_(dora), await client.as_(dora)
    wrong = await here.post(f"{API}/password", json={"old": "falsch", "new": NEW})
    assert (wrong.status_code, wrong.json()["code"]) == (400, "password_wrong")
    assert await db.fetchval("select count(*) from sign_in_failure where account = 'dora@example.org'") == 1
    weak = await here.post(f"{API}/password", json={"old": OLD, "new": "kurz"})
    assert weak.status_code == 400 and weak.json()["errors"][0]["field"] == "new"
    assert (await there.get(API)).status_code == 200
    assert (await here.post(f"{API}/password", json={"old": OLD, "new": NEW})).status_code == 204
    assert (await there.get(API)).status_code == 401 and (await here.get(API)).status_code == 200
    assert await db.fetchval("select true from audit_event where action = 'password.changed'")


async def test_guessing_the_old_password_is_stopped_with_the_sign_in(
    client: Clients, db: Connection, dora: str
) -> None:
    await db.execute(
        "insert into sign_in_failure (account, address) select 'dora@example.org', 'x' from generate_series(1, 10)"
    )
    answer = await (await client.as_(dora)).post(f"{API}/password", json={"old": OLD, "new": NEW})
    assert answer.status_code == 429 and "retry-after" in answer.headers


async def test_the_form_says_what_is_wrong_at_its_field(client: Clients, db: Connection, dora: str) -> None:
    browser = await client.browser(dora)
    for form, field in (
        ({"old": "falsch", "new": NEW, "again": NEW}, "old"),
        ({"old": OLD, "new": "kurz", "again": "kurz"}, "new"),
        ({"old": OLD, "new": NEW, "again": "anders"}, "again"),
    ):
        answer = await browser.post("/konto/kennwort", form)
        assert answer.status_code == 422 and f'href="#field-{field}"' in answer.text, field
    good = await browser.post("/konto/kennwort", {"old": OLD, "new": NEW, "again": NEW})
    assert good.status_code == 303


async def test_a_sign_in_replaces_the_cookie_that_was_there_before(
    client: Clients, db: Connection, dora: str
) -> None:
    """Session fixation: the value from before is worth nothing after."""
    chosen = await client.token("ben")
    form = {"email": "dora@example.org", "password": OLD}
    answer = await client.stranger.post(
        "/anmelden", data=form, headers={"cookie": f"circle={chosen}", "sec-fetch-site": "same-origin"}
    )
    assert answer.status_code == 303 and chosen not in answer.headers["set-cookie"]
    old = await client.stranger.get(API, headers={"authorization": f"Bearer {chosen}"})
    assert old.status_code == 401


@pytest.mark.parametrize(
    ("agent", "word"),
    [
        ("Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:144.0) Gecko/20100101 Firefox/144.0", "Firefox, Windows"),
        ("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/141.0 Safari/537.36", "Chrome, Linux"),
        ("curl/8.5", ""),
        ("", ""),
    ],
)  # fmt: skip
def test_a_device_is_a_word_or_two(agent: str, word: str) -> None:
    assert rules.device(agent) == word
