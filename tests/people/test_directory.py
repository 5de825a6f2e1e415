"""The directory: who finds whom, people and houses as programs and as pages show them."""

from datetime import date, timedelta

import lxml.html
import pytest

from circle.core.clock import Clock
from circle.core.db import Connection
from tests import make
from tests.clients import Clients, queries

PEOPLE, HOUSES = "/api/v1/people", "/api/v1/authorities"


async def names(client: Clients, nick: str, query: str = "") -> list[str]:
    answer = await (await client.as_(nick)).get(f"{PEOPLE}?limit=200{query}")
    assert answer.status_code == 200
    return [person["name"] for person in answer.json()["items"]]


@pytest.mark.parametrize(
    "roles, found",
    [
        (["regional_staff"], ["Anna Amt", "Ben Beauftragt", "Dora Probe"]),
        (["circle_office"], ["Anna Amt", "Ben Beauftragt", "Clara Außen", "Dora Probe"]),
        (["ministry_observer"], ["Anna Amt", "Ben Beauftragt", "Dora Probe"]),
        (["partner"], ["Ben Beauftragt"]),
        (["technical_admin"], ["Anna Amt", "Ben Beauftragt", "Clara Außen", "Dora Probe"]),
        (["data_protection_officer"], []),
        ([], []),
    ],
)
async def test_who_finds_whom(client: Clients, db: Connection, roles: list[str], found: list[str]) -> None:
    await make.person(db, "dora", authority="br-koeln", roles=roles)
    assert await names(client, "dora") == found


async def test_outside_only_commissioners_of_today_are_known_and_only_how_to_reach_them(
    client: Clients, db: Connection
) -> None:
    former = await make.person(db, "fritz", authority="br-koeln")
    await make.appoint(
        db, former, await make.authority(db, "br-koeln"), "commissioner", until=date(2026, 6, 30)
    )
    await make.person(db, "dirk", authority="br-koeln", roles=["deputy"])
    ben = await make.person_id(db, "ben")
    clara = await client.as_("clara")
    (listed,) = (await clara.get(PEOPLE)).json()["items"]
    assert listed["name"] == "Ben Beauftragt" and listed["roles"] == ["commissioner"]
    shown = (await clara.get(f"{PEOPLE}/{ben}")).json()
    assert shown["appointments"] == shown["absences"] == [] and shown["email"] == ""
    for hidden in (former, await make.person_id(db, "anna"), await make.person_id(db, "dirk")):
        unseen = await clara.get(f"{PEOPLE}/{hidden}")
        unknown = await clara.get(f"{PEOPLE}/00000000-0000-4000-8000-000000000000")
        assert unseen.status_code == 404
        assert unseen.json() | {"request_id": ""} == unknown.json() | {"request_id": ""}
    assert (await clara.get("/api/v1/appointments")).json()["items"] == []
    houses = (await clara.get(HOUSES)).json()["items"]
    assert "kommunal" not in {house["key"] for house in houses} and len(houses) == 7
    arnsberg = next(house for house in houses if house["key"] == "br-arnsberg")
    one = (await clara.get(f"{HOUSES}/{arnsberg['id']}")).json()
    assert [person["name"] for person in one["people"]] == ["Ben Beauftragt"] and one["appointments"] == []


async def test_it_is_searched_by_name_function_and_house_and_no_sign_is_special(
    client: Clients, db: Connection
) -> None:
    await make.person(db, "joerg", name="Jörg Öztürk", authority="br-koeln", roles=["regional_staff"])
    assert await names(client, "anna", "&q=ozturk") == ["Jörg Öztürk"]
    assert await names(client, "anna", "&q=köln") == ["Jörg Öztürk"]
    assert await names(client, "anna", "&q=%25") == await names(client, "anna", "&q=_") == []
    anna = await client.as_("anna")
    assert (await anna.get(f"{PEOPLE}?q={'x' * 101}")).status_code == 400
    assert (await anna.get(f"{PEOPLE}?q=%00")).status_code == 400


async def test_it_is_read_in_parts_with_one_statement_each(client: Clients, db: Connection) -> None:
    anna = await client.as_("anna")
    with queries(db) as seen:
        answer = await anna.get(f"{PEOPLE}?limit=2")
    assert len(seen) == 1, seen
    assert [person["name"] for person in answer.json()["items"]] == ["Anna Amt", "Ben Beauftragt"]
    rest = (await anna.get(answer.json()["next"])).json()
    assert [person["name"] for person in rest["items"]] == ["Clara Außen"] and rest["next"] is None
    ben = await make.person_id(db, "ben")
    house = await make.authority(db, "br-arnsberg")
    for path in (f"{PEOPLE}/{ben}", f"{HOUSES}/{house}", HOUSES, "/api/v1/appointments"):
        with queries(db) as seen:
            assert (await anna.get(path)).status_code == 200
        assert len(seen) == 1, path


async def test_who_left_is_no_longer_in_it(client: Clients, db: Connection) -> None:
    await db.execute("update person set active = false where name = 'Ben Beauftragt'")
    assert "Ben Beauftragt" not in await names(client, "anna")
    anna = await client.as_("anna")
    assert (await anna.get(f"{PEOPLE}/{await make.person_id(db, 'ben')}")).status_code == 404


async def test_a_house_tells_its_commissioner_or_since_when_there_is_none(
    client: Clients, db: Connection, office: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Validity changes at 00:00 Europe/Berlin (domain rules 3.1)."""
    koeln = await make.authority(db, "br-koeln")
    old, new = (
        await make.person(db, "olga", authority="br-koeln"),
        await make.person(db, "nora", authority="br-koeln"),
    )
    await make.appoint(db, old, koeln, "commissioner", until=date(2026, 11, 30))
    await make.appoint(db, new, koeln, "commissioner", since=date(2026, 12, 2))
    anna = await client.as_("anna")

    async def seen() -> tuple[str | None, str | None]:
        house = (await anna.get(f"{HOUSES}/{koeln}")).json()
        listed = next(one for one in (await anna.get(HOUSES)).json()["items"] if one["key"] == "br-koeln")
        assert house["commissioner_name"] == listed["commissioner_name"]
        return house["commissioner_name"], house["vacant_since"]

    now = office.now()
    midnight = now.replace(year=2026, month=11, day=30, hour=23, minute=0, second=0, microsecond=0)
    for moment, expected in [
        (midnight - timedelta(seconds=2), ("Olga Probe", None)),
        (midnight + timedelta(seconds=2), (None, "2026-12-01")),
        (midnight + timedelta(days=1, seconds=2), ("Nora Probe", None)),
    ]:
        monkeypatch.setattr(office, "offset", office.offset + (moment - office.now()))
        assert await seen() == expected


async def test_appointments_have_their_proofs_newest_first(client: Clients, db: Connection) -> None:
    carl = await make.person(db, "carl", authority="br-koeln")
    await make.appoint(db, carl, await make.authority(db, "br-koeln"), "commissioner", since=date(2026, 3, 1))
    anna = await client.as_("anna")
    first = (await anna.get("/api/v1/appointments?limit=1")).json()
    assert first["items"][0]["person_name"] == "Carl Probe" and first["items"][0]["valid_today"] is True
    assert {"order_date", "file_reference", "ministry_informed_on"} <= set(first["items"][0])
    rest = (await anna.get(first["next"])).json()
    assert [one["person_name"] for one in rest["items"]] == ["Ben Beauftragt"] and rest["next"] is None


async def test_pages_show_people_and_houses_and_lead_from_one_to_the_other(
    client: Clients, db: Connection
) -> None:
    ben = await make.person_id(db, "ben")
    dirk = await make.person(db, "dirk", authority="br-arnsberg", roles=["deputy"])
    await make.absence(db, ben, dirk, date(2026, 11, 20), date(2026, 11, 30))
    await make.absence(db, ben, dirk, date(2026, 12, 20), date(2026, 12, 30))
    await db.execute("update appointment set attached_to = 'Stabsstelle Vielfalt' where person_id = $1", ben)
    for nick in ("anna", "clara"):
        browser = await client.browser(nick)
        listed = await browser.get("/personen?q=arnsberg")
        links = lxml.html.fromstring(listed.text).xpath("//a/@href")
        assert f"/personen/{ben}" in links and "/personen/haus/br-arnsberg" in links
        person, house = await browser.get(f"/personen/{ben}"), await browser.get("/personen/haus/br-arnsberg")
        for page in (person, house):
            assert page.status_code == 200 and page.text.count("<h1>") == 1
            assert "Stabsstelle Vielfalt" in page.text
            assert ("Org 1/24" in page.text) == (nick == "anna")
        assert ("Dirk Probe handelt für Ben Beauftragt" in person.text) == (nick == "anna")
        assert ("Geplante Vertretungen" in person.text) == (nick == "anna")
        # On a phone a row of the table is a block: every cell says what it is, the first one names the row.
        for page in (person, house):
            for row in lxml.html.fromstring(page.text).xpath("//table[contains(@class, 'stacked')]/tbody/tr"):
                assert (
                    len(row.xpath("th[@scope='row']")) == 1 and len(row.xpath("td[@data-label != '']")) == 6
                )
            assert ("stacked" in page.text) == (nick == "anna")
        assert (await browser.get("/personen/haus/nirgends")).status_code == 404
    empty = await (await client.browser("anna")).get("/personen/haus/br-muenster")
    assert "Zurzeit ist niemand bestellt" in empty.text


async def test_pages_and_programs_agree(client: Clients, db: Connection) -> None:
    for nick in ("anna", "ben", "clara"):
        page = lxml.html.fromstring((await (await client.browser(nick)).get("/personen")).text)
        shown = page.xpath("//section[@aria-labelledby='people']//li//p[@class='title']/a/text()")
        assert shown == await names(client, nick)


async def test_open_duties_of_the_decree_stand_with_house_and_person_for_staff(
    client: Clients, db: Connection
) -> None:
    """Known inside, known outside, the ministry informed (decree Nr. 3): what has no day yet is open."""
    ben = await make.person_id(db, "ben")
    await make.untold(db, ben)
    former = await make.person(db, "fritz", authority="br-arnsberg")
    house = await make.authority(db, "br-arnsberg")
    await make.appoint(db, former, house, "deputy", since=date(2023, 1, 1), until=date(2023, 12, 31))
    paths = (f"/personen/{ben}", "/personen/haus/br-arnsberg")

    async def duties(nick: str, path: str) -> list[str]:
        page = lxml.html.fromstring((await (await client.browser(nick)).get(path)).text)
        return [
            one[:30] for one in page.xpath("//section[@aria-labelledby='duties']//p[@class='title']/text()")
        ]

    inside, outside = "Bekanntmachung in der Behörde ", "Bekanntmachung nach außen (Nr."
    ministry = "Mitteilung an das für Integrat"
    for path in paths:
        assert await duties("anna", path) == [inside, outside, ministry]
        assert await duties("clara", path) == []
    await db.execute(
        "update appointment set announced_internally_on = '2024-01-01', ministry_informed_on = '2024-01-02'"
    )
    for path in paths:
        assert await duties("anna", path) == [outside]


async def test_everybody_finds_the_commissioners_who_were_announced_outside(
    client: Clients, db: Connection
) -> None:
    ben = await make.person_id(db, "ben")
    await db.execute(
        """
        update person set title = 'Dr.', phone = '02931 82-0', contact_email = 'ib@bra.example',
            public_fields = '{email,phone}' where id = $1
        """,
        ben,
    )
    await make.person(db, "dirk", authority="br-arnsberg", roles=["deputy"])
    former = await make.person(db, "fritz", authority="br-koeln")
    koeln = await make.authority(db, "br-koeln")
    await make.appoint(db, former, koeln, "commissioner", until=date(2026, 11, 22))
    await make.untold(db, ben)

    async def seen() -> dict[str, str]:
        page = await client.stranger.get("/ansprechpersonen")
        assert page.status_code == 200 and page.text.count("<h1>") == 1
        for hidden in ("Fritz", "Dirk", "Anna Amt", "Clara", str(ben), "Org 1/24"):
            assert hidden not in page.text, hidden
        panels = lxml.html.fromstring(page.text).xpath("//main//section")
        return {one.xpath(".//h2")[0].text: " ".join(one.text_content().split()) for one in panels}

    found = await seen()
    assert list(found) == sorted(found) and len(found) == 5
    assert "wird noch bekannt gemacht" in found["Bezirksregierung Arnsberg"]
    assert "Zurzeit ist niemand bestellt" in found["Bezirksregierung Köln"]
    for announced, named in [(date(2026, 11, 24), False), (date(2026, 11, 23), True)]:
        await db.execute("update appointment set announced_externally_on = $1", announced)
        told = (await seen())["Bezirksregierung Arnsberg"]
        for word in ("Dr. Ben Beauftragt", "ib@bra.example", "02931 82-0"):
            assert (word in told) == named, (announced, word)
    assert "Abmelden" in (await (await client.browser("ben")).get("/ansprechpersonen")).text
