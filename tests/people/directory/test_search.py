"""Looking for somebody: what is searched, how words are spelled, and what the page says of how many it found."""

from urllib.parse import urlencode

import lxml.html
import pytest

from circle.core.db import Connection
from tests import make
from tests.clients import Clients


@pytest.fixture(autouse=True)
async def people(db: Connection) -> None:
    """Somebody with dots, somebody who writes them out, somebody in the municipal house."""
    await make.person(db, "joerg", name="Jörg Öztürk", authority="br-koeln", roles=["regional_staff"])
    await make.person(
        db, "karin", name="Karin Mueller-Groß", authority="br-muenster", roles=["regional_staff"]
    )
    await db.execute("update person set title = 'Dr.' where name = 'Jörg Öztürk'")


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("öztürk", ["Jörg Öztürk"]), ("oeztuerk", ["Jörg Öztürk"]), ("ozturk", ["Jörg Öztürk"]), ("ZTÜR", ["Jörg Öztürk"]),
        ("müller", ["Karin Mueller-Groß"]), ("mueller", ["Karin Mueller-Groß"]), ("gross", ["Karin Mueller-Groß"]),
        ("köl", ["Jörg Öztürk"]), ("koeln", ["Jörg Öztürk"]), ("muenst", ["Karin Mueller-Groß"]),
        ("öztürk jörg", ["Jörg Öztürk"]), (" dr.  jörg ", ["Jörg Öztürk"]), ("prüf münster", ["Karin Mueller-Groß"]),
        ("jörg münster", []), ("%", []), ("_", []), ("\\", []), (".*", []),
    ],
)  # fmt: skip
async def test_every_word_stands_in_name_function_or_house_however_it_is_spelled(
    client: Clients, words: str, found: list[str]
) -> None:
    anna, browser = await client.as_("anna"), await client.browser("anna")
    answer = await anna.get("/api/v1/people", params={"q": words})
    assert [person["name"] for person in answer.json()["items"]] == found
    page = lxml.html.fromstring((await browser.get(f"/personen?{urlencode({'q': words})}")).text)
    assert [name.removeprefix("Dr. ") for name in page.xpath(TITLES)] == found


PANEL = "//section[@aria-labelledby='people']"
TITLES = f"{PANEL}//p[@class='title']/a/text()"


async def told(client: Clients, nick: str, query: str = "") -> tuple[int, str, list[str]]:
    """How many rows the page has, what it says of them, and the links of what it says."""
    page = lxml.html.fromstring((await (await client.browser(nick)).get(f"/personen{query}")).text)
    (said,) = page.xpath(f"{PANEL}//p[@role='status'] | {PANEL}//div[@class='empty']")
    return len(page.xpath(TITLES)), " ".join(" ".join(said.itertext()).split()), said.xpath(".//a/@href")


async def test_the_count_is_that_of_the_reader(client: Clients, db: Connection) -> None:
    """Regional staff do not find contacts of municipalities, people outside find announced commissioners alone."""
    reset = ["/personen#people"]
    assert await told(client, "anna") == (5, "5 Personen", [])
    assert await told(client, "joerg") == (4, "4 Personen", [])
    assert await told(client, "clara") == (1, "1 Person", [])
    assert await told(client, "joerg", "?q=muenster") == (1, "1 Person Suche zurücksetzen", reset)
    for number in range(50):
        await make.person(db, f"viele{number}", authority="kfi", roles=["regional_staff"])
    assert await told(client, "joerg") == (50, "Die ersten 50 Personen, unten geht es weiter", [])
    browser = await client.browser("joerg")
    page = lxml.html.fromstring((await browser.get("/personen")).text)
    rest = page.xpath("//nav[@class='pager']//a/@href")[-1]
    assert (await told(client, "joerg", rest.removeprefix("/personen")))[:2] == (4, "4 weitere")


@pytest.mark.parametrize(
    ("nick", "where"),
    [
        ("anna", "unter allen Beschäftigten der Häuser und allen Kontakten von Kommunen und Partnern."),
        (
            "joerg",
            "unter den Beschäftigten der Häuser. Kontakte von Kommunen und Partnern stehen im Netzwerk.",
        ),
        ("clara", "unter den Integrationsbeauftragten, die ihr Haus nach außen bekannt gemacht hat."),
    ],
)
async def test_whoever_finds_nobody_learns_where_was_searched(client: Clients, nick: str, where: str) -> None:
    rows, said, links = await told(client, nick, "?q=xyz")
    assert rows == 0 and said == f"Niemand gefunden. Gesucht wird {where} Suche zurücksetzen"
    assert links == ["/personen#people"]
    page = (await (await client.browser(nick)).get("/personen")).text
    assert ('name="rolle"' in page) == ("/bestellungen" in page) == (nick != "clara")


async def test_nobody_announced_is_said_without_a_search(client: Clients, db: Connection) -> None:
    await db.execute("update appointment set announced_externally_on = null")
    rows, said, links = await told(client, "clara")
    assert (rows, links) == (0, []) and said.startswith("Noch hat kein Haus")
