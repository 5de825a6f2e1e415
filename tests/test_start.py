"""The start page and the pages of the footer."""

import pytest

from circle.core.db import Connection
from tests.clients import Clients, queries


@pytest.mark.parametrize("nick", ["anna", "ben", "clara"])
async def test_everybody_has_a_desk_in_one_query(client: Clients, db: Connection, nick: str) -> None:
    browser = await client.browser(nick)
    with queries(db) as seen:
        page = await browser.get("/")
    assert page.status_code == 200 and "Wartet auf Sie" in page.text
    assert len(seen) == 1


@pytest.mark.parametrize("path", ["/hilfe", "/barrierefreiheit", "/datenschutz", "/impressum", "/anmelden"])
async def test_strangers_read_the_public_pages(client: Clients, path: str) -> None:
    page = await client.stranger.get(path)
    assert page.status_code == 200 and "default-src 'none'" in page.headers["content-security-policy"]


async def test_people_page(client: Clients) -> None:
    page = await (await client.browser("ben")).get("/personen?q=anna")
    assert "Anna Amt" in page.text and "mailto:anna@example.org" in page.text
