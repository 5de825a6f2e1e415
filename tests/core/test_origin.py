"""Where a request that changes something may come from: our own pages, or a program with its token."""

import pytest

from circle.core import auth
from circle.core.db import Connection
from tests.clients import ADDRESS, Clients


async def sessions(db: Connection) -> int:
    return int(await db.fetchval("select count(*) from session"))


@pytest.mark.parametrize(
    "headers, passes",
    [
        ({"sec-fetch-site": "same-origin"}, True),
        ({"sec-fetch-site": "none"}, True),
        ({"sec-fetch-site": "cross-site"}, False),
        ({"sec-fetch-site": "same-site"}, False),
        ({"sec-fetch-site": "cross-site", "origin": ADDRESS}, False),
        ({"sec-fetch-site": "anything"}, False),
        ({"origin": ADDRESS}, True),
        ({"origin": "https://evil.example"}, False),
        ({"origin": "http://127.0.0.1:8001"}, False),
        ({"origin": "null"}, False),
        ({"origin": f"{ADDRESS}.evil.example"}, False),
    ],
)  # fmt: skip
async def test_a_form_comes_from_our_own_pages(
    client: Clients, db: Connection, headers: dict[str, str], passes: bool
) -> None:
    browser = await client.browser("ben")
    form = {"csrf_token": auth.form_token(browser.token)}
    answer = await browser.client.post("/abmelden", data=form, headers=headers)
    assert answer.status_code == (303 if passes else 403)
    assert await sessions(db) == (0 if passes else 1)
    if not passes:
        assert "kommt nicht von unseren Seiten" in answer.text


@pytest.mark.parametrize(
    "path", ["/anmelden", "/abmelden", "/aufgaben/neu", "/api/v1/tasks", "/api/v1/sessions"]
)
async def test_another_site_reaches_no_door(client: Clients, path: str) -> None:
    browser = await client.browser("anna")
    answer = await browser.client.post(path, data={"title": "x"}, headers={"sec-fetch-site": "cross-site"})
    assert answer.status_code == 403
    if path.startswith("/api/"):
        assert answer.json()["code"] == "cross_site"


async def test_a_cookie_alone_changes_nothing_through_the_api(client: Clients, db: Connection) -> None:
    """A form of another site with `text/plain` looks like JSON; browsers without fetch metadata send no more."""
    browser = await client.browser("ben")
    answer = await browser.client.delete("/api/v1/sessions")
    assert answer.status_code == 403 and answer.json()["code"] == "cross_site"
    assert await sessions(db) == 1
    own = {"sec-fetch-site": "same-origin"}
    assert (await browser.client.delete("/api/v1/sessions", headers=own)).status_code == 204


async def test_a_program_with_its_token_needs_no_origin(client: Clients, db: Connection) -> None:
    ben = await client.as_("ben")
    assert (await ben.delete("/api/v1/sessions", headers={"sec-fetch-site": "cross-site"})).status_code == 204


async def test_a_form_carries_the_token_of_its_own_session(client: Clients, db: Connection) -> None:
    ben, anna = await client.browser("ben"), await client.browser("anna")
    for wrong in (None, "", "x", "ä", auth.form_token(anna.token), auth.form_token(""), ben.token):
        form = {} if wrong is None else {"csrf_token": wrong}
        answer = await ben.client.post("/abmelden", data=form, headers={"sec-fetch-site": "same-origin"})
        assert answer.status_code == 403, wrong
        assert "stammt aus einer anderen Anmeldung" in answer.text
    as_file = await ben.client.post(
        "/abmelden", files={"csrf_token": ("x.txt", b"x")}, headers={"sec-fetch-site": "same-origin"}
    )
    assert as_file.status_code == 403
    assert await sessions(db) == 2
    assert (await ben.post("/abmelden")).status_code == 303


async def test_every_form_on_a_page_carries_that_token(client: Clients) -> None:
    ben = await client.browser("ben")
    page = (await ben.get("/personen")).text
    assert page.count('method="post"') == page.count(f'value="{auth.form_token(ben.token)}.') > 0
    assert ben.token not in page
