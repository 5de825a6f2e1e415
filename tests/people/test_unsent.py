"""A form that comes when its session has ended: nothing is done, and nothing that was typed is lost."""

import html
import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode
from uuid import UUID

import httpx
import pytest

from circle.core import auth
from circle.core.clock import Clock
from circle.core.db import Connection
from tests import make
from tests.clients import Browser, Clients
from tests.consultations import Page
from tests.consultations.test_release import propose

PASSWORD = "streng geheim"
OWN = {"sec-fetch-site": "same-origin", "referer": "http://127.0.0.1:8000/aufgaben/neu?von=1"}
TEXT = 'Zeile "eins" <b>\r\n\r\nÜber & unter {"a": [1]}'


@pytest.fixture(name="hashed", scope="module")
async def hash_of_the_password() -> str:
    return await auth.hash_password(PASSWORD)


@pytest.fixture(name="passwords", autouse=True)
async def passwords_for_ben_and_anna(db: Connection, hashed: str) -> None:
    await db.execute(
        "update person set password_hash = $1 where name like 'Ben%' or name like 'Anna%'", hashed
    )


async def lapse(db: Connection) -> None:
    """Half an hour goes by."""
    await db.execute("update session set last_seen = $1", datetime.now(UTC) - timedelta(minutes=31))


async def task(db: Connection, person: Browser) -> dict[str, str]:
    """The form of a new task as the page gives it, filled in."""
    given = Page((await person.get("/aufgaben/neu")).text).values
    ben = str(await make.person_id(db, "ben"))
    return {
        "csrf_token": given["csrf_token"], "idempotency_key": given["idempotency_key"], "title": "Liste <der> Dienste",
        "text": TEXT, "owner_id": ben, "due": "2026-12-01",
    }  # fmt: skip


async def tasks(db: Connection) -> list[str]:
    return [row["title"] for row in await db.fetch("select title from task order by title")]


def hidden(page: httpx.Response) -> dict[str, str]:
    """The hidden fields of the form in the page's main part."""
    main = page.text.partition("<main")[2]
    return {
        name: html.unescape(value)
        for name, value in re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', main)
    }


async def sign_in(
    browser: Browser, page: httpx.Response, nick: str, password: str = PASSWORD
) -> httpx.Response:
    fields = hidden(page) | {"email": f"{nick}@example.org", "password": password}
    return await browser.client.post(
        "/anmelden", files={name: (None, value) for name, value in fields.items()}, headers=OWN
    )


async def resend(browser: Browser, page: httpx.Response) -> httpx.Response:
    return await browser.client.post(
        "/aufgaben/neu", files={name: (None, value) for name, value in hidden(page).items()}, headers=OWN
    )


async def test_what_was_typed_comes_through_the_sign_in_and_is_sent_by_hand(
    client: Clients, db: Connection
) -> None:
    anna = await client.browser("anna")
    form = await task(db, anna)
    await lapse(db)
    ended = await anna.client.post("/aufgaben/neu", data=form, headers=OWN)
    assert ended.status_code == 401 and "Nichts wurde gespeichert" in ended.text
    assert "<b>" not in ended.text and "Liste &lt;der&gt; Dienste" not in ended.text.partition("unsent")[0]
    wrong = await sign_in(anna, ended, "anna", "falsch")
    assert wrong.status_code == 422 and hidden(wrong)["unsent"] == hidden(ended)["unsent"]
    shown = await sign_in(anna, wrong, "anna")
    assert shown.status_code == 200 and "set-cookie" in shown.headers
    assert (
        "Liste &lt;der&gt; Dienste</dd>" in shown.text and "Zeile &#34;eins&#34; &lt;b&gt;\r\n" in shown.text
    )
    assert 'href="/aufgaben/neu?von=1"' in shown.text, "the way back to the form"
    assert hidden(shown)["text"] == TEXT
    Page(shown.text).check()
    assert await tasks(db) == [], "nothing sends itself"
    sent = await resend(anna, shown)
    assert sent.status_code == 303 and await tasks(db) == ["Liste <der> Dienste"]
    assert (await resend(anna, shown)).status_code == 303 and len(await tasks(db)) == 1


async def test_another_person_who_signs_in_there_sees_none_of_it(client: Clients, db: Connection) -> None:
    anna = await client.browser("anna")
    form = await task(db, anna)
    await lapse(db)
    ended = await anna.client.post("/aufgaben/neu", data=form, headers=OWN)
    other = await sign_in(anna, ended, "ben")
    assert other.status_code == 303 and other.headers["location"] == "/" and "Dienste" not in other.text


async def test_a_form_of_another_session_behaves_the_same_way(client: Clients, db: Connection) -> None:
    anna = await client.browser("anna")
    form = await task(db, anna)
    await make.person(db, "dora", roles=["circle_office"])
    later, dora = await client.browser("anna"), await client.browser("dora")
    shown = await later.client.post("/aufgaben/neu", data=form, headers=OWN)
    assert shown.status_code == 403 and "Liste &lt;der&gt; Dienste</dd>" in shown.text
    assert await tasks(db) == []
    theirs = await dora.client.post("/aufgaben/neu", data=form, headers=OWN)
    assert theirs.status_code == 403 and "Dienste</dd>" not in theirs.text and "Anmelden" in theirs.text
    assert (await sign_in(dora, theirs, "anna")).status_code == 200
    assert (await resend(later, shown)).status_code == 303 and len(await tasks(db)) == 1
    no_cookie = await client.stranger.post("/aufgaben/neu", data=form, headers=OWN)
    assert no_cookie.status_code == 401 and "unsent" in hidden(no_cookie)
    other_site = await anna.client.post("/aufgaben/neu", data=form, headers={"sec-fetch-site": "cross-site"})
    assert other_site.status_code == 403 and "Dienste" not in other_site.text


async def test_a_token_without_its_session_never_counts(client: Clients, db: Connection) -> None:
    anna = await client.browser("anna")
    form = await task(db, anna)
    mine = UUID(form["csrf_token"].partition(".")[2])
    for wrong in (f"x.{mine.hex}", f".{mine.hex}", mine.hex):
        answer = await anna.client.post("/aufgaben/neu", data=form | {"csrf_token": wrong}, headers=OWN)
        assert answer.status_code == 403
    assert await tasks(db) == []


async def test_passwords_are_not_kept_and_files_are_named(client: Clients, db: Connection) -> None:
    anna = await client.browser("anna")
    token = (await task(db, anna))["csrf_token"]
    await lapse(db)
    secret = {"csrf_token": token, "old": "das alte Wort", "new": "das neue Wort", "again": "das neue Wort"}
    answer = await anna.client.post("/konto/kennwort", data=secret, headers=OWN)
    assert answer.status_code == 401 and "unsent" not in hidden(answer) and "Wort" not in answer.text
    answer = await anna.client.post(
        "/wissen/neu", data={"csrf_token": token, "title": "Handreichung"}, files={"file": ("a<b>.pdf", b"%PDF-")},
        headers=OWN,
    )  # fmt: skip
    assert answer.status_code == 401 and "Wählen Sie danach neu: a&lt;b&gt;.pdf" in answer.text
    shown = await sign_in(anna, answer, "anna")
    assert 'type="file" id="field-file"' in shown.text and "Bitte neu wählen: a&lt;b&gt;.pdf" in shown.text
    assert await db.fetchval("select count(*) from file") == 0


async def test_what_is_too_large_is_not_carried_and_says_so(client: Clients, db: Connection) -> None:
    anna = await client.browser("anna")
    form = await task(db, anna)
    await lapse(db)
    for size in (701_000, 1_100_000):
        answer = await anna.client.post("/aufgaben/neu", data=form | {"text": "x" * size}, headers=OWN)
        assert answer.status_code == 401 and "unsent" not in hidden(answer), size
        assert "lassen sich hier nicht aufheben" in answer.text

    async def without_its_length() -> AsyncIterator[bytes]:
        yield urlencode(form).encode()

    kind = {"content-type": "application/x-www-form-urlencoded"}
    chunked = await anna.client.post("/aufgaben/neu", content=without_its_length(), headers=OWN | kind)
    assert chunked.status_code == 401 and "unsent" not in hidden(chunked)
    longest = await anna.client.post("/aufgaben/neu", data=form | {"text": "ü" * 100_000}, headers=OWN)
    assert (await sign_in(anna, longest, "anna")).status_code == 200


@pytest.mark.parametrize(
    "planted",
    ["", "x", "[]", "{}", '{"path": "//evil.example", "page": "/", "author": "%s", "entries": [["a", "b"]], "files": []}'],
)  # fmt: skip
async def test_what_is_planted_in_the_sign_in_form_leads_nowhere(
    client: Clients, db: Connection, planted: str
) -> None:
    anna = await make.person_id(db, "anna")
    form = {"email": "anna@example.org", "password": PASSWORD, "unsent": planted.replace("%s", str(anna))}
    answer = await client.stranger.post("/anmelden", data=form, headers=OWN)
    assert answer.status_code == 303 and answer.headers["location"] == "/"


async def test_a_button_without_words_leads_back_to_its_page(client: Clients, db: Connection) -> None:
    anna = await client.browser("anna")
    token = (await task(db, anna))["csrf_token"]
    await lapse(db)
    pressed = {"csrf_token": token, "revision": "1", "idempotency_key": "k"}
    answer = await anna.client.post(f"/aufgaben/{UUID(int=1)}/annehmen", data=pressed, headers=OWN)
    assert answer.status_code == 401 and hidden(answer) == {"next": "/aufgaben/neu?von=1"}


async def test_an_approval_after_a_quarter_of_an_hour_asks_for_the_sign_in_and_keeps_the_note(
    client: Clients, db: Connection, office: Clock, hashed: str
) -> None:
    await make.advisers(db)
    await db.execute("update person set password_hash = $1 where email = 'frida@example.org'", hashed)
    found = await make.consultation(db, office, "answered")
    await propose(await client.as_("dora"), found)
    frida = await client.browser("frida")
    token = f"{auth.form_token(frida.token)}.{(await make.person_id(db, 'frida')).hex}"
    await db.execute("update session set signed_in_at = now() - interval '16 minutes'")
    revision = str(await db.fetchval("select revision from consultation where id = $1", found))
    form = {
        "csrf_token": token,
        "approve": "true",
        "revision": revision,
        "idempotency_key": "k",
        "note": "Sehr gut so.",
    }
    answer = await frida.client.post(f"/anfragen/{found}/approve", data=form, headers=OWN)
    assert (
        answer.status_code == 401 and "höchstens 15 Minuten alt ist. Nichts wurde gespeichert" in answer.text
    )
    shown = await sign_in(frida, answer, "frida")
    assert shown.status_code == 200 and "Sehr gut so.</dd>" in shown.text
    assert hidden(shown) | {"csrf_token": token} == form
