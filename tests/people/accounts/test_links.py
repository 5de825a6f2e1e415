"""Links to a password: invitation and „Kennwort vergessen“, sent once, used once, and telling nobody who exists."""

import asyncio
import re
from datetime import timedelta
from email.message import EmailMessage

import msgspec
import pytest

from circle.core import auth
from circle.core.clock import Clock
from circle.core.db import Connection, Database
from circle.distribution import links
from circle.people.accounts import actions
from circle.settings import Settings
from tests import make
from tests.clients import Clients
from tests.distribution.mailserver import MailServer

API = "/api/v1"
GOOD = "vier Wörter sind lang"
OWN = {"sec-fetch-site": "same-origin"}


async def link(db: Connection, nick: str, kind: str = "invitation", life: str = "1 hour") -> str:
    """A link as the mail carries it."""
    token = f"{nick}-{kind}-token"
    await db.execute(
        "insert into account_link (person_id, kind, token_hash, expires_at) values ($1, $2, $3, now() + $4::text::interval)",
        await make.person_id(db, nick),
        kind,
        auth.token_hash(token),
        life,
    )
    return token


async def put(client: Clients, token: str, password: str = GOOD, again: str | None = None) -> tuple[int, str]:
    form = {"link": token, "password": password, "again": password if again is None else again}
    answer = await client.stranger.post("/kennwort", data=form, headers=OWN)
    return answer.status_code, answer.text


def words(message: EmailMessage) -> str:
    part = message.get_body(("plain",))
    assert part is not None
    return str(part.get_content())


async def test_an_invitation_waits_in_the_outbox_and_needs_a_key(client: Clients, db: Connection) -> None:
    anna, dora = await client.as_("anna"), await make.person(db, "dora", roles=["kfi_expert"])
    path = f"{API}/people/{dora}/invite"
    assert (await anna.post(path)).json()["code"] == "key_required"
    first = await anna.post(path, headers={"idempotency-key": "k1"})
    assert (first.status_code, first.json()["state"]) == (200, "invited"), first.text
    assert (await anna.post(path, headers={"idempotency-key": "k1"})).status_code == 200
    jobs = await make.outbox(db, "accounts.send_link")
    assert len(jobs) == 1
    assert await db.fetchval(
        "select expires_at - created_at = interval '7 days' and token_hash is null from account_link where id = $1::uuid",
        jobs[0]["link_id"],
    )
    for n in range(2, 2 + actions.ACCOUNT_LIMIT):
        last = await anna.post(path, headers={"idempotency-key": f"k{n}"})
    assert last.status_code == 429 and int(last.headers["retry-after"]) > 0
    assert await db.fetchval("select count(*) from account_link") == 1


async def test_what_strangers_ask_for_keeps_no_invitation_back(client: Clients, db: Connection) -> None:
    dora, anna = await make.person(db, "dora"), await client.as_("anna")
    for _ in range(actions.ACCOUNT_LIMIT + 1):
        asked = await client.stranger.post(f"{API}/password-resets", json={"email": "dora@example.org"})
    assert asked.status_code == 429
    path = f"{API}/people/{dora}/invite"
    for n in range(actions.ACCOUNT_LIMIT):
        assert (await anna.post(path, headers={"idempotency-key": f"k{n}"})).status_code == 200
    assert (await anna.post(path, headers={"idempotency-key": "last"})).status_code == 429
    # Another person is invited, until whoever invites has reached the limit of an hour.
    eva = f"{API}/people/{await make.person(db, 'eva')}/invite"
    assert (await anna.post(eva, headers={"idempotency-key": "e1"})).status_code == 200
    await db.execute(
        "insert into account_request (account, address) select 'x' || n, 'person:' || $1::uuid from generate_series(1, 50) n",
        await make.person_id(db, "anna"),
    )
    assert (await anna.post(eva, headers={"idempotency-key": "e2"})).status_code == 429


@pytest.mark.parametrize("change", ["active = false", "password_hash = 'set'"])
async def test_whoever_is_closed_out_or_has_a_password_is_not_invited(
    client: Clients, db: Connection, change: str
) -> None:
    dora = await make.person(db, "dora")
    await db.execute(f"update person set {change} where id = $1", dora)
    answer = await (await client.as_("anna")).post(
        f"{API}/people/{dora}/invite", headers={"idempotency-key": "k"}
    )
    assert answer.status_code == 409


async def test_a_link_works_once_and_ends_all_sessions(client: Clients, db: Connection) -> None:
    await make.person(db, "dora", name="Dora Probe", roles=["kfi_expert"])
    token, other, dora = await link(db, "dora"), await link(db, "dora", "reset"), await client.as_("dora")
    assert 'type="password"' in (await client.stranger.get(f"/kennwort?link={token}")).text
    assert (await put(client, token))[0] == 303
    assert (await dora.get(f"{API}/me")).status_code == 401
    assert (await put(client, token))[0] == 404 and (await put(client, other))[0] == 404
    signed_in = await client.stranger.post(
        f"{API}/sessions", json={"email": "dora@example.org", "password": GOOD}
    )
    assert signed_in.status_code == 201
    assert await db.fetchval("select detail->>'by' from audit_event where action = 'password.set'") == (
        "invitation"
    )


async def test_a_link_that_is_over_or_made_up_or_of_a_closed_account_sets_nothing(
    client: Clients, db: Connection
) -> None:
    await make.person(db, "dora")
    old = await link(db, "dora", life="-1 second")
    closed = await link(db, "dora", "reset")
    await db.execute("update person set active = false where email = 'dora@example.org'")
    answers = [await put(client, token) for token in (old, closed, "made-up")]
    assert [status for status, _ in answers] == [404, 404, 404]
    assert "Dieser Link gilt nicht mehr" in answers[2][1]
    assert not await db.fetchval("select password_hash from person where email = 'dora@example.org'")


async def test_a_link_says_at_once_that_it_is_used_up_and_how_to_get_another(
    client: Clients, db: Connection
) -> None:
    await make.person(db, "dora", roles=["kfi_expert"])
    used = await link(db, "dora")
    assert (await put(client, used))[0] == 303
    over, closed = await link(db, "ben", life="-1 second"), await link(db, "clara", "reset")
    await db.execute("update person set active = false where email = 'clara@example.org'")
    client.stranger.cookies.clear()  # That the password is set was news of its own.
    pages = [
        await client.stranger.get("/kennwort", params={"link": one})
        for one in (used, over, closed, "made-up", "")
    ]
    assert {(page.status_code, page.text) for page in pages} == {(404, pages[0].text)}
    assert "Dieser Link gilt nicht mehr" in pages[0].text and 'type="password"' not in pages[0].text
    assert 'href="/kennwort-vergessen"' in pages[0].text and "erneut einzuladen" in pages[0].text
    assert await put(client, used) == (404, pages[0].text)
    fresh = await link(db, "ben", "reset")
    assert 'type="password"' in (await client.stranger.get("/kennwort", params={"link": fresh})).text


@pytest.mark.parametrize(
    "weak",
    ["kurz", "12345678901234", "aaaaaaaaaaaaaaaa", "passwort1234", "Passwort Passwort!", "dora@example.org", "Dora Langername", "langername-dora-1"],
)  # fmt: skip
async def test_a_weak_password_is_said_at_its_field_and_the_link_stays(
    client: Clients, db: Connection, weak: str
) -> None:
    await make.person(db, "dora", name="Dora Langername")
    token = await link(db, "dora")
    status, text = await put(client, token, weak)
    assert status == 422 and 'href="#field-password"' in text and f'value="{token}"' in text
    assert (await put(client, token, GOOD, "etwas anderes"))[0] == 422
    assert (await put(client, token))[0] == 303


async def test_asking_for_a_new_password_tells_nobody_who_exists(client: Clients, db: Connection) -> None:
    await db.execute("update person set password_hash = 'set' where email = 'ben@example.org'")
    told = []
    for email in ("ben@example.org", "niemand@example.org"):
        page = await client.stranger.post("/kennwort-vergessen", data={"email": email}, headers=OWN)
        program = await client.stranger.post(f"{API}/password-resets", json={"email": email})
        told.append((page.status_code, page.headers["location"], page.headers["set-cookie"], page.text,
                     program.status_code, program.text))  # fmt: skip
    assert told[0] == told[1] and told[0][0] == 303 and told[0][4] == 202
    assert len(await make.outbox(db, "accounts.send_link")) == 4
    assert await db.fetchval("select count(person_id) from account_link") == 2


async def test_asking_is_limited_by_account_and_by_network_whoever_exists(
    client: Clients, db: Connection
) -> None:
    for email in ("ben@example.org", "niemand@example.org"):
        answers = [
            await client.stranger.post(f"{API}/password-resets", json={"email": email})
            for _ in range(actions.ACCOUNT_LIMIT + 1)
        ]
        assert [one.status_code for one in answers] == [202] * actions.ACCOUNT_LIMIT + [429]
    await db.execute(
        "insert into account_request (account, address) select 'x' || n, '127.0.0.1' from generate_series(1, 50) n"
    )
    answer = await client.stranger.post(f"{API}/password-resets", json={"email": "neu@example.org"})
    assert answer.status_code == 429


async def test_a_foreign_host_gets_no_mail_out(client: Clients, db: Connection) -> None:
    answer = await client.stranger.post(
        f"{API}/password-resets", json={"email": "ben@example.org"}, headers={"host": "evil.example"}
    )
    assert answer.status_code == 421
    assert not await make.outbox(db, "accounts.send_link")


async def test_the_worker_sends_one_mail_with_a_link_on_the_configured_address(
    fresh: tuple[Database, Settings], office: Clock
) -> None:
    database, settings = fresh
    async with MailServer() as server:
        settings = msgspec.structs.replace(settings, smtp_url=server.url, url="https://kreis.example")
        async with database.begin(None) as db:
            dora = await make.person(db, "dora", name="Döra Übel")
            link_id = await actions.store.insert_invitation(db, dora, timedelta(days=7))
            nobody = await actions.store.insert_reset(db, "niemand@example.org", timedelta(hours=1))
        await asyncio.gather(*(links.send(database, settings, office.now(), link_id) for _ in range(3)))
        assert await links.send(database, settings, office.now(), link_id) is None
        assert await links.send(database, settings, office.now(), nobody) is None
        assert server.addresses == ["dora@example.org"]
        found = re.search(
            r"https://kreis\.example/kennwort\?link=([\w-]{43})\s", words(server.message("dora@example.org"))
        )
        assert found
    async with database.begin(None) as db:
        row = await db.fetchrow("select token_hash, sent_at from account_link where id = $1", link_id)
        assert row and row["token_hash"] == auth.token_hash(found[1]) and row["sent_at"]
        await actions.set_password(db, office.now(), found[1], GOOD)


async def test_a_link_waits_for_a_mail_server_that_is_away(
    fresh: tuple[Database, Settings], office: Clock
) -> None:
    database, settings = fresh
    async with database.begin(None) as db:
        dora = await make.person(db, "dora")
        link_id = await actions.store.insert_invitation(db, dora, timedelta(days=7))
    assert await links.send(database, settings, office.now(), link_id) is not None
    async with database.begin(None) as db:
        assert not await db.fetchval("select leased_until from account_link where id = $1", link_id)
