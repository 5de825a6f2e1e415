"""Contacts are found by the one search, by whoever is of the circle."""

import pytest

from circle.core.db import Connection
from tests import make
from tests.clients import Clients
from tests.search import titles

from . import API, HEAD, V1, entry, upload

TITLE = "Stadt Probestadt, Paul Probe"


@pytest.mark.parametrize("words", ["Probe", "Herdecke", "Ennepe", "Probestadt", "Sprachmittlung"])
async def test_the_circle_finds_them_and_nobody_else(client: Clients, db: Connection, words: str) -> None:
    await db.execute("insert into topic (id, label) values ('sprache', 'Sprachmittlung')")
    for nick, house, role in (
        ("carl", "br-koeln", "commissioner"),
        ("rita", "br-arnsberg", "regional_staff"),
        ("kora", "br-koeln", "assistant"),
        ("kim", "kfi", "kfi_expert"),
        ("max", "ministerium", "ministry_observer"),
        ("tina", "kfi", "technical_admin"),
    ):
        await make.person(db, nick, authority=house, roles=[role])
    made = await (await client.as_("ben")).post(
        API, json=entry(municipality="Herdecke", ags="05954020", topics=["sprache"], phone="0231 17")
    )
    assert made.status_code == 201, made.text
    for nick in ("anna", "ben", "carl"):
        assert await titles(await client.as_(nick), words) == [TITLE], nick
    for nick in ("rita", "kora", "kim", "max", "tina", "clara"):
        assert await titles(await client.as_(nick), words) == [], nick


async def test_the_hit_leads_to_the_contact_and_follows_it(client: Clients, db: Connection) -> None:
    ben = await client.as_("ben")
    path = f"{API}/{(await ben.post(API, json=entry())).json()['id']}"
    anna = await client.as_("anna")
    (hit,) = (await anna.post("/api/v1/search", json={"query": "Probestadt"})).json()["results"]
    assert (hit["type"], hit["group"], hit["level"]) == ("contact", "network", "circle")
    assert (await anna.get(hit["url"])).status_code == 200
    assert await titles(anna, "paul@probe.example") == [TITLE], "by the name that is part of it"
    assert "example" not in str(await db.fetch("select title, body from search_entry"))
    page = await (await client.browser("anna")).post("/suche", {"q": "Probestadt"})
    assert "Netzwerk" in page.text and hit["url"] in page.text
    narrowed = {"filters": {"authority": "br-koeln"}}
    assert await titles(anna, "Probestadt", **narrowed) == []
    await ben.patch(path, json={"name": "Petra Neumann"}, headers=V1)
    assert await titles(anna, "Neumann") == ["Stadt Probestadt, Petra Neumann"]
    assert (await ben.delete(path, headers={"if-match": '"v2"'})).status_code == 204
    assert await titles(anna, "Probestadt") == []


async def test_what_came_from_a_file_is_found(client: Clients, db: Connection) -> None:
    ben = await client.as_("ben")
    read = await upload(ben, HEAD + "Verein Brücke;association;;;Hagen;;Netz;2026-10-01\r\n")
    assert await titles(ben, "Brücke") == []
    await ben.post(f"{API}/import/{read.json()['id']}/confirm")
    assert await titles(ben, "Brücke") == ["Verein Brücke"]
