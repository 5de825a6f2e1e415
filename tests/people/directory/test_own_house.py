"""What a house says of itself: its own people change it, everybody in the directory reads it."""

from typing import Any

import httpx
import lxml.html
import pytest

from circle.core.db import Connection
from tests import make
from tests.clients import Clients

CHANGE = {"seat": "Arnsberg", "address": "Seibertzstraße 1, 59821 Arnsberg", "phone": "02931 82-0",
          "website": "https://www.bra.example"}  # fmt: skip


async def change(
    client: Clients, db: Connection, nick: str, house: str, given: dict[str, Any] | None = None, match: str = '"v1"'
) -> httpx.Response:  # fmt: skip
    one = await client.as_(nick)
    path = f"/api/v1/authorities/{await make.authority(db, house)}"
    return await one.patch(path, json=CHANGE if given is None else given, headers={"if-match": match})


async def test_its_commissioner_changes_it_and_page_and_program_agree(
    client: Clients, db: Connection
) -> None:
    answer = await change(client, db, "ben", "br-arnsberg")
    assert answer.status_code == 200 and answer.headers["etag"] == '"v2"'
    assert {name: answer.json()[name] for name in CHANGE} == CHANGE
    page = await (await client.browser("anna")).get("/personen/haus/br-arnsberg")
    for text in CHANGE.values():
        assert text in page.text
    event = await db.fetchrow(
        "select object_kind, detail from audit_event where action = 'authority.changed'"
    )
    assert event["object_kind"] == "authority" and "address" in event["detail"]
    assert "Seibertzstraße" not in event["detail"]


@pytest.mark.parametrize(
    ("nick", "house", "roles", "at", "status"),
    [
        ("ben", "br-koeln", None, "", 403),
        ("anna", "br-arnsberg", None, "", 403),
        ("anna", "kfi", None, "", 200),
        ("ben", "kfi", None, "", 403),
        ("anna", "ministerium", None, "", 403),
        ("mia", "ministerium", ["ministry_observer"], "ministerium", 200),
        ("ina", "br-arnsberg", ["assistant"], "br-arnsberg", 200),
        ("rolf", "br-arnsberg", ["regional_staff"], "br-arnsberg", 403),
        ("dirk", "br-arnsberg", ["deputy"], "br-arnsberg", 403),
        ("olaf", "br-arnsberg", ["circle_office"], "br-arnsberg", 403),
        ("clara", "br-arnsberg", None, "", 403),
        ("clara", "kommunal", None, "", 404),
        ("dora", "br-arnsberg", ["data_protection_officer"], "br-arnsberg", 404),
    ],
)
async def test_who_may(
    client: Clients, db: Connection, nick: str, house: str, roles: list[str] | None, at: str, status: int
) -> None:
    """Own-house data is edited by the own house only; a deputy does while they act."""
    if roles:
        await make.person(db, nick, authority=at, roles=roles)
    assert (await change(client, db, nick, house)).status_code == status
    assert (await db.fetchval("select count(*) from authority where address <> ''")) == (status == 200)


async def test_unknown_looks_like_hidden_and_stale_carries_the_state(client: Clients, db: Connection) -> None:
    ben = await client.as_("ben")
    unknown = "/api/v1/authorities/00000000-0000-4000-8000-000000000000"
    assert (await ben.patch(unknown, json=CHANGE, headers={"if-match": '"v1"'})).status_code == 404
    assert (await change(client, db, "ben", "br-arnsberg")).status_code == 200
    stale = await change(client, db, "ben", "br-arnsberg", {"phone": "1"})
    assert stale.status_code == 412 and stale.json()["current"]["phone"] == "02931 82-0"
    path = f"/api/v1/authorities/{await make.authority(db, 'br-arnsberg')}"
    assert (await ben.patch(path, json=CHANGE)).status_code == 428


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"website": "javascript:alert(1)"}, "website"),
        ({"website": 'https://x"onclick="y'}, "website"),
        ({"phone": "1\n2"}, "phone"),
        ({"address": "x" * 301}, "address"),
        ({"name": "Bezirksregierung Neu"}, "name"),
    ],
)
async def test_what_is_refused(client: Clients, db: Connection, given: dict[str, Any], field: str) -> None:
    refused = await change(client, db, "ben", "br-arnsberg", given)
    assert refused.status_code == 400 and field in refused.text
    assert await db.fetchval("select max(revision) from authority") == 1


async def test_the_form_is_for_the_own_house_and_empties_what_comes_empty(
    client: Clients, db: Connection
) -> None:
    ben, anna = await client.browser("ben"), await client.browser("anna")
    page, form = "/personen/haus/br-arnsberg", "/personen/haus/br-arnsberg/angaben"
    assert form in (await ben.get(page)).text and form not in (await anna.get(page)).text
    assert (await anna.get(form)).status_code == 403
    assert (await anna.post(form, {"revision": 1, "phone": "1"})).status_code == 403
    assert (await ben.get(form)).text.count("<h1>") == 1
    done = await ben.post(form, {"revision": 1, "phone": "02931 82-0", "seat": "Arnsberg"})
    assert done.status_code == 303 and done.headers["location"] == page
    done = await ben.post(form, {"revision": 2, "phone": "", "seat": "Arnsberg"})
    assert await db.fetchval("select phone || seat from authority where key = 'br-arnsberg'") == "Arnsberg"
    wrong = await ben.post(form, {"revision": 3, "website": "www.bra.example"})
    summary = lxml.html.fromstring(wrong.text).xpath("//*[@id='error-summary']//a/@href")
    assert wrong.status_code == 422 and summary == ["#field-website"]
    assert (await ben.post(form, {"revision": 1, "phone": "2"})).status_code == 412


async def test_two_hats_of_arnsberg_stay_apart(client: Clients, db: Connection) -> None:
    """The KfI is located at Arnsberg and is a house of its own; who works in both is shown with both hats."""
    await db.execute(
        "update authority set parent_id = (select id from authority where key = 'br-arnsberg') where key = 'kfi'"
    )
    zoe = await make.person(db, "zoe", name="Zoe Zweihut", authority="kfi", roles=["kfi_expert"])
    await make.appoint(db, zoe, await make.authority(db, "br-arnsberg"), "deputy")
    ben = await client.as_("ben")
    shown = (await ben.get(f"/api/v1/people/{zoe}")).json()
    assert [(hat["authority_key"], hat["roles"]) for hat in shown["hats"]] == [
        ("kfi", ["kfi_expert"]), ("br-arnsberg", ["deputy"]),
    ]  # fmt: skip
    browser = await client.browser("ben")
    page = await browser.get("/personen/haus/br-arnsberg")
    links = lxml.html.fromstring(page.text).xpath("//section[@aria-labelledby='own-data']//a/@href")
    assert links == ["/personen/haus/kfi"] and "Zoe Zweihut" in page.text
    assert "ein eigenes Haus" in (await browser.get("/personen/haus/kfi")).text
    for house in ("kfi", "br-arnsberg"):
        listed = (await ben.get(f"/api/v1/people?authority={house}")).json()["items"]
        assert "Zoe Zweihut" in [person["name"] for person in listed], house


async def test_the_line_for_the_organigramm_reads_as_text(client: Clients, db: Connection) -> None:
    await make.person(db, "dirk", authority="br-arnsberg", roles=["deputy"])
    await db.execute(
        "update appointment set attached_to = 'Stabsstelle Vielfalt' where kind = 'commissioner'"
    )
    page = (await (await client.browser("anna")).get("/personen/haus/br-arnsberg")).text
    (text,) = lxml.html.fromstring(page).xpath("//pre/text()")
    assert text.splitlines() == [
        "Leitung der Behörde: Bezirksregierung Arnsberg",
        "    Anbindung: Stabsstelle Vielfalt",
        "        Integrationsbeauftragte: Ben Beauftragt",
        "            Vertretung: Dirk Probe",
    ]
    boxes = lxml.html.fromstring(page).xpath("//section[@aria-labelledby='chart']//*[@class='box']")
    assert [" ".join(box.text_content().split()) for box in boxes][-1] == "Vertretung Dirk Probe"
    outside = (await (await client.browser("clara")).get("/personen/haus/br-arnsberg")).text
    assert "Ben Beauftragt" in outside and "Dirk Probe" not in outside
