"""Signing in and out, by program and by page."""

import asyncio
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from circle.app import create_app
from circle.core import auth, db
from circle.core.db import Connection
from circle.settings import Settings
from tests import make
from tests.clients import ADDRESS, Clients, OneConnection

PASSWORD = "streng geheim"
OWN = {"sec-fetch-site": "same-origin"}


@pytest.fixture(name="hashed", scope="module")
async def hash_of_the_password() -> str:
    """Hashing takes its time, so it is done once."""
    return await auth.hash_password(PASSWORD)


@pytest.fixture(name="dora")
async def an_expert_with_a_password(db: Connection, hashed: str) -> str:
    """Dora, who can sign in; the value is her address."""
    await make.person(db, "dora", roles=["kfi_expert"])
    await db.execute("update person set password_hash = $1 where email = 'dora@example.org'", hashed)
    return "dora@example.org"


async def by_program(client: httpx.AsyncClient, email: str, password: str = PASSWORD) -> httpx.Response:
    return await client.post("/api/v1/sessions", json={"email": email, "password": password})


async def by_page(
    client: httpx.AsyncClient, email: str, password: str = PASSWORD, **more: str
) -> httpx.Response:
    form = {"email": email, "password": password} | more
    return await client.post("/anmelden", data=form, headers=OWN)


async def fail(
    db: Connection, times: int, account: str, address: str = "127.0.0.1", minutes: float = 1
) -> None:
    """So many failures lie that long back."""
    await db.execute(
        """
        insert into sign_in_failure (account, address, at)
        select $1, $2, now() - make_interval(secs => $3) from generate_series(1, $4)
        """,
        account, address, minutes * 60, times,
    )  # fmt: skip


async def failures(db: Connection) -> int:
    return int(await db.fetchval("select count(*) from sign_in_failure"))


async def test_it_works_and_the_token_opens_the_door(client: Clients, db: Connection, dora: str) -> None:
    answer = await by_program(client.stranger, "Dora@Example.org")
    assert answer.status_code == 201 and answer.json()["person"]["name"] == "Dora Probe"
    bearer = {"authorization": f"Bearer {answer.json()['token']}"}
    me = await client.stranger.get("/api/v1/me", headers=bearer)
    assert me.json()["roles"] == ["kfi_expert"]
    assert (await client.stranger.delete("/api/v1/sessions", headers=bearer)).status_code == 204
    assert (await client.stranger.get("/api/v1/me", headers=bearer)).status_code == 401
    assert (
        await db.fetchval("select detail ->> 'kind' from audit_event where action = 'session.opened'")
        == "bearer"
    )


async def test_the_database_knows_only_the_hash_of_a_token(
    client: Clients, db: Connection, dora: str
) -> None:
    token = (await by_program(client.stranger, dora)).json()["token"]
    assert len(token) >= 43
    assert await db.fetchval("select token_hash from session") == auth.token_hash(token)


async def test_half_an_address_says_what_is_missing(client: Clients) -> None:
    page = await by_page(client.stranger, "malik", "falsch")
    assert page.status_code == 422
    assert "Bitte die vollständige E-Mail-Adresse eingeben." in page.text


async def test_a_wrong_password_is_counted_and_a_right_one_is_not(
    client: Clients, db: Connection, dora: str
) -> None:
    wrong = await by_program(client.stranger, dora, "falsch")
    assert wrong.status_code == 401 and wrong.json()["code"] == "sign_in_failed"
    assert wrong.headers["content-type"] == "application/problem+json"
    page = await by_page(client.stranger, dora, "falsch")
    assert page.status_code == 422 and "E-Mail-Adresse oder Kennwort stimmen nicht" in page.text
    assert "set-cookie" not in page.headers and "falsch" not in page.text
    for _ in range(3):
        assert (await by_program(client.stranger, dora)).status_code == 201
    assert await failures(db) == 2


async def test_an_unknown_account_gets_the_answer_of_a_wrong_password(
    client: Clients, db: Connection, dora: str
) -> None:
    unknown, wrong = (
        await by_program(client.stranger, "nobody@example.org"),
        await by_program(client.stranger, dora, "x"),
    )
    without = await by_program(client.stranger, "ben@example.org", "x")
    body = {"request_id": ""}
    assert (
        unknown.json() | body == wrong.json() | body == without.json() | body
        and unknown.status_code == wrong.status_code == without.status_code
    )
    assert await failures(db) == 3


async def test_who_left_cannot_sign_in(client: Clients, db: Connection, dora: str) -> None:
    await db.execute("update person set active = false where email = $1", dora)
    assert (await by_program(client.stranger, dora)).json()["code"] == "sign_in_failed"


async def test_ten_failures_close_the_account_until_the_first_lapses(
    client: Clients, db: Connection, dora: str
) -> None:
    await fail(db, 1, dora, "10.0.0.1", minutes=14)
    await fail(db, 8, dora, "10.0.0.2", minutes=2)
    assert (await by_program(client.stranger, "DORA@example.org", "falsch")).status_code == 401
    for answer in (
        await by_program(client.stranger, dora),
        await by_page(client.stranger, "DORA@EXAMPLE.ORG"),
    ):
        assert answer.status_code == 429 and 50 <= int(answer.headers["retry-after"]) <= 60
        assert "Zu viele Fehlversuche" in answer.text and "set-cookie" not in answer.headers
    assert await failures(db) == 10, "a refused try counts for nothing"
    assert (await by_program(client.stranger, "ben@example.org", "falsch")).status_code == 401


async def test_after_a_quarter_of_an_hour_it_opens_again(client: Clients, db: Connection, dora: str) -> None:
    await fail(db, 10, dora, minutes=15.1)
    assert (await by_program(client.stranger, dora)).status_code == 201


async def test_a_hundred_failures_close_the_address(client: Clients, db: Connection, dora: str) -> None:
    await fail(db, 99, "somebody@example.org", minutes=5)
    assert (await by_program(client.stranger, dora)).status_code == 201
    await fail(db, 1, "another@example.org", minutes=3)
    refused = await by_program(client.stranger, dora)
    assert refused.status_code == 429 and 590 <= int(refused.headers["retry-after"]) <= 600
    await db.execute("update sign_in_failure set address = '10.0.0.9'")
    assert (await by_program(client.stranger, dora)).status_code == 201


@pytest.mark.parametrize(
    "one, other, same",
    [
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", True),
        ("2001:db8:1:2::1", "2001:db8:1:3::1", False),
        ("::ffff:192.0.2.1", "192.0.2.1", True),
        ("::ffff:192.0.2.1", "::ffff:192.0.2.2", False),
        ("192.0.2.1", "192.0.2.2", False),
    ],
)  # fmt: skip
async def test_of_ipv6_the_network_counts(
    client: Clients, db: Connection, dora: str, one: str, other: str, same: bool
) -> None:
    for address in (one, other):
        transport = httpx.ASGITransport(client.transport.app, client=(address, 4711))
        async with httpx.AsyncClient(transport=transport, base_url=ADDRESS) as program:
            assert (await by_program(program, dora, "falsch")).status_code == 401
    assert await db.fetchval("select count(distinct address) from sign_in_failure") == (1 if same else 2)


async def test_tries_at_the_same_moment_are_counted_one_after_another(
    fresh: tuple[db.Database, Settings], hashed: str
) -> None:
    """With a pool of real connections: fifty at once get ten wrong answers, not one more."""
    database, settings = fresh
    application = create_app(settings, database)
    async with application.lifespan():
        transport = httpx.ASGITransport(application)
        async with httpx.AsyncClient(transport=transport, base_url=ADDRESS) as program:
            answers = await asyncio.gather(
                *(by_program(program, "ben@example.org", "falsch") for _ in range(30))
            )
    codes = sorted(answer.status_code for answer in answers)
    assert codes.count(401) == 10 and set(codes) == {401, 429}


async def test_the_page_gives_a_cookie_for_this_host_alone(
    client: Clients, db: Connection, dora: str
) -> None:
    answer = await by_page(client.stranger, dora)
    assert answer.status_code == 303 and answer.headers["location"] == "/"
    name, _, rest = answer.headers["set-cookie"].partition("=")
    token, *flags = rest.split("; ")
    assert name == "circle" and {flag.lower() for flag in flags} == {"httponly", "path=/", "samesite=lax"}
    assert await db.fetchval("select token_hash from session where kind = 'cookie'") == auth.token_hash(token)


async def test_over_https_the_cookie_is_bound_to_host_and_transport(
    database: OneConnection, settings: Settings, dora: str
) -> None:
    import msgspec

    secure = create_app(msgspec.structs.replace(settings, url="https://kreis.example"), database)
    async with secure.lifespan():
        transport = httpx.ASGITransport(secure)
        async with httpx.AsyncClient(transport=transport, base_url="https://kreis.example") as browser:
            answer = await by_page(browser, dora)
            name, _, rest = answer.headers["set-cookie"].partition("=")
            token, *flags = rest.split("; ")
            assert name == "__Host-circle"
            assert {flag.lower() for flag in flags} == {"httponly", "path=/", "samesite=lax", "secure"}
            assert answer.headers["strict-transport-security"] == "max-age=31536000"
            plain = {"cookie": f"circle={token}"}
            browser.cookies.clear()
            assert (await browser.get("/api/v1/me", headers=plain)).status_code == 401
            mine = {"cookie": f"__Host-circle={token}"}
            assert (await browser.get("/api/v1/me", headers=mine)).status_code == 200
            out = await browser.post(
                "/abmelden", data={"csrf_token": auth.form_token(token)}, headers=mine | OWN
            )
            ended = out.headers["set-cookie"].lower()
            assert ended.startswith("__host-circle=") and "max-age=0" in ended and "secure" in ended


async def test_a_new_sign_in_has_a_new_token_and_ends_the_old_session(
    client: Clients, db: Connection, dora: str
) -> None:
    browser = await client.browser("dora")
    planted = "chosen-by-somebody-else"
    browser.client.cookies.set("circle", browser.token)
    answer = await by_page(browser.client, dora)
    fresh = answer.cookies["circle"]
    assert fresh not in (browser.token, planted)
    hashes = {row["token_hash"] for row in await db.fetch("select token_hash from session")}
    assert hashes == {auth.token_hash(fresh)}
    stolen = {"cookie": f"circle={browser.token}"}
    browser.client.cookies.clear()
    assert (await browser.client.get("/api/v1/me", headers=stolen)).status_code == 401


async def test_a_token_chosen_before_the_sign_in_is_worth_nothing(client: Clients, dora: str) -> None:
    planted = {"cookie": "circle=chosen-by-somebody-else"}
    answer = await client.stranger.post(
        "/anmelden", data={"email": dora, "password": PASSWORD}, headers=planted | OWN
    )
    assert answer.cookies["circle"] != "chosen-by-somebody-else"
    client.stranger.cookies.clear()
    assert (await client.stranger.get("/api/v1/me", headers=planted)).status_code == 401


@pytest.mark.parametrize(
    "target, leads_to",
    [
        ("/anfragen?stand=offen", "/anfragen?stand=offen"),
        ("//evil.example", "/"),
        ("///evil.example", "/"),
        ("/\\evil.example", "/"),
        ("/\t/evil.example", "/"),
        ("\\\\evil.example", "/"),
        ("https://evil.example/", "/"),
        ("javascript:alert(1)", "/"),
        ("evil.example", "/"),
        ("/x\r\nset-cookie: a=b", "/"),
        ("/wissen\\..\\evil", "/"),
        ("", "/"),
    ],
)  # fmt: skip
async def test_it_leads_only_inside(client: Clients, dora: str, target: str, leads_to: str) -> None:
    answer = await by_page(client.stranger, dora, next=target)
    assert answer.status_code == 303 and answer.headers["location"] == leads_to
    shown = await client.stranger.get("/anmelden", params={"next": target})
    assert f'name="next" value="{leads_to}"' in shown.text


async def test_an_empty_form_says_what_is_missing_and_keeps_the_address(
    client: Clients, db: Connection
) -> None:
    answer = await by_page(client.stranger, "dora@example.org", "")
    assert answer.status_code == 422 and 'href="#field-password"' in answer.text
    assert 'value="dora@example.org"' in answer.text and await failures(db) == 0


async def test_pages_lead_strangers_to_sign_in_and_programs_get_401(client: Clients) -> None:
    page = await client.stranger.get("/personen?q=a")
    assert page.status_code == 303 and page.headers["location"] == "/anmelden?next=/personen%3Fq%3Da"
    assert (await client.stranger.get("/api/v1/people")).status_code == 401


async def test_signing_out_ends_the_session_for_good(client: Clients, db: Connection) -> None:
    browser = await client.browser("ben")
    assert (await browser.get("/personen")).status_code == 200
    out = await browser.post("/abmelden")
    assert out.status_code == 303 and out.headers["clear-site-data"] == '"cache"'
    assert "max-age=0" in out.headers["set-cookie"].lower()
    browser.client.cookies.set("circle", browser.token)
    assert (await browser.get("/api/v1/me")).status_code == 401
    assert await db.fetchval("select count(*) from session") == 0


@pytest.mark.parametrize(
    "column, past, alive",
    [
        ("expires_at", timedelta(seconds=1), False),
        ("expires_at", -timedelta(minutes=1), True),
        ("last_seen", timedelta(minutes=31), False),
        ("last_seen", timedelta(minutes=29), True),
    ],
)
async def test_sessions_end_after_ten_hours_or_thirty_idle_minutes(
    client: Clients, db: Connection, column: str, past: timedelta, alive: bool
) -> None:
    ben = await client.as_("ben")
    life = await db.fetchrow("select expires_at - signed_in_at as life from session")
    assert life is not None and life["life"] == timedelta(hours=10)
    statement = {
        "expires_at": "update session set expires_at = $1",
        "last_seen": "update session set last_seen = $1",
    }
    await db.execute(statement[column], datetime.now(UTC) - past)
    assert (await ben.get("/api/v1/me")).status_code == (200 if alive else 401)
    assert (await ben.post("/api/v1/tasks", json={})).status_code == (400 if alive else 401)
    if column == "last_seen" and alive:
        seen = await db.fetchval("select last_seen > now() - interval '1 minute' from session")
        assert seen, "who works stays signed in"


@pytest.mark.parametrize(
    "headers",
    [
        {"authorization": "Bearer "},
        {"authorization": "Bearer unknown"},
        {"authorization": "Basic YW5uYTp4"},
        {"authorization": "Bearer \xff\xfe"},
        {"cookie": "circle=unknown"},
        {"cookie": "circle="},
        {"cookie": "__Host-circle=unknown"},
    ],
)
async def test_what_is_no_token_of_ours_opens_nothing(client: Clients, headers: dict[str, str]) -> None:
    raw = {name: value.encode("latin-1") for name, value in headers.items()}
    answer = await client.stranger.get("/api/v1/me", headers=raw)
    assert answer.status_code == 401 and answer.json()["code"] == "not_signed_in"


async def test_a_bearer_token_is_read_whatever_the_case_of_its_scheme(client: Clients) -> None:
    ben = await client.as_("ben")
    token = ben.headers["authorization"].split()[1]
    answer = await client.stranger.get("/api/v1/me", headers={"authorization": f"bEaReR  {token} "})
    assert answer.json()["email"] == "ben@example.org"


async def test_who_is_deactivated_is_out_on_the_next_request(client: Clients, db: Connection) -> None:
    ben, browser = await client.as_("ben"), await client.browser("ben")
    assert (await ben.get("/api/v1/me")).status_code == 200
    await db.execute("update person set active = false where email = 'ben@example.org'")
    assert (await ben.get("/api/v1/me")).status_code == 401
    assert (await browser.get("/")).headers["location"].startswith("/anmelden")
