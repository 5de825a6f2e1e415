"""What everybody may read: the commissioners whom their houses have announced outside, and what these let be public."""

from datetime import date

import httpx
import lxml.html
import pytest

from circle.core.db import Connection
from tests import make
from tests.clients import Clients, queries

JSON, PAGE, CARD = "/api/v1/public/contacts", "/ansprechpersonen", "/ansprechpersonen.vcf"
FIELDS = {"house", "name", "function", "email", "phone", "room", "hours"}


async def reachable(db: Connection, public: list[str] | None = None) -> None:
    """Ben with everything filled in, and what of it is public."""
    await db.execute(
        """
        update person set title = 'Dr.', phone = '02931 82-1', room = 'R 3.12', hours = 'Mo 9 bis 12 Uhr',
            contact_email = 'ib@bra.example', public_fields = coalesce($1, public_fields)
        where name = 'Ben Beauftragt'
        """,
        public,
    )


async def told(client: Clients) -> list[dict[str, str | None]]:
    answer = await client.stranger.get(JSON)
    assert answer.status_code == 200 and answer.headers["cache-control"] == "no-store"
    assert set(answer.json()) == {"items", "next"}
    items: list[dict[str, str | None]] = answer.json()["items"]
    return items


async def test_by_default_no_way_to_be_reached_is_public(client: Clients, db: Connection) -> None:
    """The announcement makes name, function and house known (decree Nr. 3 S. 2); the rest is for the person to say."""
    await reachable(db)
    with queries(db) as seen:
        (one,) = await told(client)
    assert len(seen) == 1
    assert one == {
        "house": "Bezirksregierung Arnsberg", "name": "Dr. Ben Beauftragt", "function": "Prüfperson",
        "email": None, "phone": None, "room": None, "hours": None,
    }  # fmt: skip


VALUES = {"email": "ib@bra.example", "phone": "02931 82-1", "room": "R 3.12", "hours": "Mo 9 bis 12 Uhr"}


async def test_the_address_for_sign_in_is_never_public(client: Clients, db: Connection) -> None:
    """Whoever lets the e-mail be public and has entered no official one shows none; staff still find somebody to write to."""
    await reachable(db, ["email", "phone"])
    await db.execute("update person set contact_email = ''")
    (one,) = await told(client)
    assert one["email"] is None and one["phone"] == VALUES["phone"]
    ben = await make.person_id(db, "ben")
    for nick, email in (("clara", ""), ("anna", "ben@example.org")):
        assert (await (await client.as_(nick)).get(f"/api/v1/people/{ben}")).json()["email"] == email
    for path in (PAGE, CARD):
        assert "ben@example.org" not in (await client.stranger.get(path)).text


async def test_the_commissioner_ticks_field_by_field_and_sees_what_everybody_will(
    client: Clients, db: Connection
) -> None:
    """Nothing is ticked at first; the preview says the same as the public page; no box for who never stands there."""
    await reachable(db)
    ben, browser = await make.person_id(db, "ben"), await client.browser("ben")
    form = f"/personen/{ben}/erreichbarkeit"
    boxes = lxml.html.fromstring((await browser.get(form)).text).xpath("//input[@name='public_fields']")
    assert [box.get("value") for box in boxes] == [*VALUES] and not any(
        "checked" in box.attrib for box in boxes
    )
    entered = {"contact_email": "", "phone": "02931 82-1", "room": "R 3.12", "hours": ""}
    done = await browser.post(form, {"revision": 1, "public_fields": ["email", "phone"], **entered})
    assert done.status_code == 303
    public = lxml.html.fromstring((await client.stranger.get(PAGE)).text).xpath("//section[1]//dl")[0]
    for path in (form, f"/personen/{ben}"):
        page = lxml.html.fromstring((await browser.get(path)).text)
        (preview,) = page.xpath("//section[@aria-labelledby='published']")
        said = preview.xpath(".//dt/text()")
        assert said == ["Name", "Funktion", "Haus", "Telefon"] and "R 3.12" not in preview.text_content()
        assert [word for word in said if word != "Haus"] == public.xpath(".//dt/text()")
        assert "E-Mail-Adresse: freigegeben, aber nicht eingetragen" in preview.text_content()
        assert "Noch sieht das niemand" not in preview.text_content()
    detail = await db.fetchval(
        "select detail ->> 'public' from audit_event where action = 'person.contact_changed'"
    )
    assert detail == '["email", "phone"]'
    await db.execute("update appointment set announced_externally_on = null")
    assert "Noch sieht das niemand" in (await browser.get(form)).text
    anna, annas = await client.browser("anna"), await make.person_id(db, "anna")
    for path in (f"/personen/{ben}", f"/personen/{annas}", f"/personen/{annas}/erreichbarkeit"):
        page_of_others = (await anna.get(path)).text
        assert "published" not in page_of_others and "public_fields" not in page_of_others


@pytest.mark.parametrize("public", [[], ["email"], ["phone"], ["room"], ["hours"], [*VALUES]])
async def test_nothing_is_said_beyond_what_the_person_lets_be_public(
    client: Clients, db: Connection, public: list[str]
) -> None:
    """JSON, card, page, and what signed-in people outside read: all the same."""
    await reachable(db, public)
    ben = await make.person_id(db, "ben")
    (one,) = await told(client)
    assert set(one) == FIELDS
    assert {name for name in VALUES if one[name]} == set(public)
    clara, browser = await client.as_("clara"), await client.browser("clara")
    everywhere = [
        await client.stranger.get(JSON),
        await client.stranger.get(CARD),
        await client.stranger.get(PAGE),
        await clara.get("/api/v1/people"),
        await clara.get(f"/api/v1/people/{ben}"),
        await clara.get("/api/v1/people.vcf"),
        await clara.get(f"/api/v1/people/{ben}/card.vcf"),
        await clara.get(f"/api/v1/authorities/{await make.authority(db, 'br-arnsberg')}"),
        await browser.get("/personen"),
        await browser.get(f"/personen/{ben}"),
        await browser.get("/personen/haus/br-arnsberg"),
    ]
    for answer in everywhere:
        assert answer.status_code == 200
        said = answer.text.replace("\r\n ", "")
        assert "Ben Beauftragt" in said
        assert "ben@example.org" not in said, answer.url
        for name, value in VALUES.items():
            if name not in public:
                assert value not in said, (answer.url, name)
    for answer in everywhere[:3]:
        for name in public:
            assert VALUES[name] in answer.text.replace("\r\n ", ""), (answer.url, name)
        assert str(ben) not in answer.text


async def test_the_public_card_has_these_lines_and_no_other(client: Clients, db: Connection) -> None:
    await reachable(db, ["email", "phone"])
    answer = await client.stranger.get(CARD)
    assert answer.headers["content-type"] == "text/vcard; charset=utf-8"
    assert answer.content.decode().split("\r\n") == [
        "BEGIN:VCARD", "VERSION:4.0", "KIND:individual", "FN:Dr. Ben Beauftragt", "ORG:Bezirksregierung Arnsberg",
        "TITLE:Prüfperson", "EMAIL;TYPE=work:ib@bra.example", "TEL;TYPE=work;VALUE=text:02931 82-1", "END:VCARD", "",
    ]  # fmt: skip
    assert (await client.stranger.get(f"{CARD}?haus=br-arnsberg")).content == answer.content
    for nowhere in ("br-koeln", "nirgends", "%00"):
        assert (await client.stranger.get(f"{CARD}?haus={nowhere}")).status_code == 404


async def test_people_outside_find_whom_the_public_page_names_and_nobody_else(
    client: Clients, db: Connection
) -> None:
    """Municipal contacts and partners: not a name before the house has announced it."""
    kim = await make.person(db, "kim", name="Kim Köln", authority="br-koeln", roles=["commissioner"])
    await make.person(db, "petra", authority="br-koeln", roles=["partner"])
    koeln = await make.authority(db, "br-koeln")
    for announced, named in ((None, False), (date(2026, 11, 24), False), (date(2026, 11, 23), True)):
        await db.execute(
            "update appointment set announced_externally_on = $1 where person_id = $2", announced, kim
        )
        public = [str(one["name"]) for one in await told(client)]
        assert public == ["Ben Beauftragt"] + ["Kim Köln"] * named
        for nick in ("clara", "petra"):
            one, browser = await client.as_(nick), await client.browser(nick)
            assert [p["name"] for p in (await one.get("/api/v1/people")).json()["items"]] == public
            assert (await one.get(f"/api/v1/people/{kim}")).status_code == (200 if named else 404)
            assert (await one.get(f"/api/v1/people/{kim}/card.vcf")).status_code == (200 if named else 404)
            houses = (await one.get("/api/v1/authorities")).json()["items"]
            assert [h["commissioner_name"] for h in houses if h["key"] == "br-koeln"] == [
                "Kim Köln" if named else None
            ]
            house = (await one.get(f"/api/v1/authorities/{koeln}")).json()
            assert house["appointed"] and house["vacant_since"] is None
            assert (house["commissioner_id"] is not None) == (house["people"] != []) == named
            for path in ("/personen", "/personen/haus/br-koeln"):
                page = await browser.get(path)
                assert ("Kim Köln" in page.text) == named, path
                assert ("wird noch bekannt gemacht" in page.text) == (not named), path
            for role, found in (("commissioner", public), ("deputy", []), ("circle_office", [])):
                listed = (await one.get(f"/api/v1/people?role={role}")).json()["items"]
                assert [p["name"] for p in listed] == found
    ben = await client.as_("ben")
    assert (await ben.get(f"/api/v1/people/{kim}")).status_code == 200


async def test_the_page_says_the_same(client: Clients, db: Connection) -> None:
    await reachable(db, ["phone", "hours"])
    page = await client.stranger.get(PAGE)
    facts = lxml.html.fromstring(page.text).xpath("//section[1]//dt/text()")
    assert facts == ["Name", "Funktion", "Telefon", "Sprechzeiten"] and page.text.count("<h1>") == 1
    links = lxml.html.fromstring(page.text).xpath("//main//a/@href")
    assert links == [CARD, f"{CARD}?haus=br-arnsberg"]
    await db.execute("update appointment set announced_externally_on = null")
    assert await told(client) == []
    assert CARD not in (await client.stranger.get(PAGE)).text
    assert (await client.stranger.get(CARD)).status_code == 404


def unfolded(answer: httpx.Response) -> list[str]:
    assert answer.status_code == 200 and answer.headers["content-type"] == "text/vcard; charset=utf-8"
    for line in answer.content.split(b"\r\n"):
        assert len(line) <= 75
        line.decode()
    return answer.text.replace("\r\n ", "").split("\r\n")


async def test_a_card_escapes_and_folds(client: Clients, db: Connection) -> None:
    ben = await make.person_id(db, "ben")
    await db.execute(
        "update person set name = $2, function = $3, room = 'A;1', hours = 'Mo, Di' where id = $1",
        ben, "Böse\r\nEND:VCARD\r\nX:,;\\", "Ämter " * 30,
    )  # fmt: skip
    await db.execute("update authority set address = 'Weg 1, Haus 2' where key = 'br-arnsberg'")
    lines = unfolded(await (await client.as_("anna")).get(f"/api/v1/people/{ben}/card.vcf"))
    assert lines[4] == "FN:Böse\\nEND:VCARD\\nX:\\,\\;\\\\"
    assert lines[6] == "TITLE:" + "Ämter " * 30
    assert lines.count("END:VCARD") == 1 and f"UID:urn:uuid:{ben}" in lines
    assert "NOTE:Raum: A\\;1\\nSprechzeiten: Mo\\, Di" in lines
    assert "ADR;TYPE=work:;;Weg 1\\, Haus 2;;;;" in lines
    page = await (await client.browser("anna")).get(f"/personen/{ben}/visitenkarte.vcf")
    assert unfolded(page) == lines


async def test_the_list_is_filtered_and_its_cards_are_the_same_people(
    client: Clients, db: Connection
) -> None:
    await make.person(db, "dirk", authority="br-arnsberg", roles=["deputy"])
    await make.person(db, "dora", authority="kfi", roles=["kfi_expert"])
    anna, browser = await client.as_("anna"), await client.browser("anna")
    for api, page, names in (
        ("role=deputy", "rolle=deputy", ["Dirk Probe"]),
        ("role=kfi_expert", "rolle=kfi_expert", ["Dora Probe"]),
        ("authority=br-arnsberg", "haus=br-arnsberg", ["Ben Beauftragt", "Dirk Probe"]),
        ("authority=kfi&q=dora", "haus=kfi&q=dora", ["Dora Probe"]),
        ("role=nobody", "rolle=nobody", []),
    ):
        with queries(db) as seen:
            listed = (await anna.get(f"/api/v1/people?{api}")).json()["items"]
        assert len(seen) == 1 and [person["name"] for person in listed] == names
        shown = lxml.html.fromstring((await browser.get(f"/personen?{page}")).text)
        assert shown.xpath("//section[@aria-labelledby='people']//p[@class='title']/a/text()") == names
        for answer in (
            await anna.get(f"/api/v1/people.vcf?{api}"),
            await browser.get(f"/personen.vcf?{page}"),
        ):
            assert [line[3:] for line in answer.text.split("\r\n") if line.startswith("FN:")] == names
    assert await db.fetchval("select count(*) from audit_event where action = 'people.exported'") == 10
    for name in ("q", "role", "authority"):
        assert (await anna.get(f"/api/v1/people?{name}={'x' * 101}")).status_code == 400
        assert (await anna.get(f"/api/v1/people?{name}=%00")).status_code == 400
    await db.execute("update session set signed_in_at = now() - interval '16 minutes'")
    assert (await anna.get("/api/v1/people.vcf")).status_code == 401
