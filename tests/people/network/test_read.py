"""The circle reads all contacts, the staff of a house its own, nobody else any."""

from circle.core.db import Connection
from tests import make
from tests.clients import Clients, queries

from . import API


async def test_who_sees_which(client: Clients, db: Connection) -> None:
    own = await make.contact(db)
    other = await make.contact(db, "br-koeln", organisation="Stadt Domprobe", email="", ags="05315000")
    await make.person(db, "zoe", authority="br-arnsberg", roles=["assistant"])
    await make.person(db, "rita", authority="br-arnsberg", roles=["regional_staff"])
    await make.person(db, "kim", roles=["kfi_expert"])
    await make.person(db, "max", authority="ministerium", roles=["ministry_observer"])
    await make.person(db, "tina", roles=["technical_admin"])
    for nick, names in (
        ("anna", {"Stadt Musterhausen", "Stadt Domprobe"}),
        ("ben", {"Stadt Musterhausen", "Stadt Domprobe"}),
        ("zoe", {"Stadt Musterhausen"}),
        ("rita", {"Stadt Musterhausen"}),
    ):
        who = await client.as_(nick)
        listed = await who.get(API)
        assert {one["organisation"] for one in listed.json()["items"]} == names, nick
        assert (await who.get(f"{API}/{own}")).status_code == 200
        assert (await who.get(f"{API}/{other}")).status_code == (200 if len(names) == 2 else 404)
    for nick in ("clara", "kim", "max", "tina"):
        who = await client.as_(nick)
        for path in (
            API,
            f"{API}/{own}",
            f"{API}/coverage",
            f"{API}.csv",
            f"{API}.vcf",
            f"{API}/{own}/notes",
        ):
            assert (await who.get(path)).status_code == 404, (nick, path)
    assert (await client.stranger.get(API)).status_code == 401


async def test_one_statement_and_every_filter(client: Clients, db: Connection) -> None:
    await db.execute("insert into topic (id, label) values ('ki', 'KI')")
    await make.contact(db, topics=["ki"])
    await make.contact(db, "br-koeln", organisation="Verein Öffnung", kind="association", ags=None, email="")
    anna = await client.as_("anna")
    with queries(db) as seen:
        whole = (await anna.get(API)).json()
    assert len(seen) == 1 and len(whole["items"]) == 2
    for query, found in (
        ("authority=br-koeln", "Verein Öffnung"),
        ("kind=association", "Verein Öffnung"),
        ("topic=ki", "Stadt Musterhausen"),
        ("text=offnung", "Verein Öffnung"),
        ("text=MIA@", "Stadt Musterhausen"),
        ("ags=05962", "Stadt Musterhausen"),
    ):
        items = (await anna.get(f"{API}?{query}")).json()["items"]
        assert [one["organisation"] for one in items] == [found], query
    assert (await anna.get(f"{API}?subscribed=false")).json()["items"] == []
    assert (await anna.get(f"{API}?text=%00")).status_code == 200
    first = (await anna.get(f"{API}?limit=1")).json()
    second = (await anna.get(first["next"])).json()
    assert [one["organisation"] for one in first["items"] + second["items"]] == [
        "Stadt Musterhausen",
        "Verein Öffnung",
    ]
    assert second["next"] is None


async def test_the_body_keeps_the_opt_out_link_to_itself(client: Clients, db: Connection) -> None:
    found = await make.contact(db)
    answer = await (await client.as_("anna")).get(f"{API}/{found}")
    assert answer.headers["etag"] == '"v1"' and answer.json()["authority_name"] == "BR Arnsberg"
    assert str(await db.fetchval("select opt_out from partner")) not in answer.text


async def test_coverage_names_contacts_and_gaps(client: Clients, db: Connection) -> None:
    await make.contact(db)
    await make.contact(db, organisation="Verein", kind="association", ags="05911000", email="")
    await make.contact(db, "br-koeln", organisation="Stadt Aachenprobe", ags="05334002", email="")
    await make.person(db, "rita", authority="br-arnsberg", roles=["regional_staff"])
    regions = {
        one["authority_key"]: one
        for one in (await (await client.as_("anna")).get(f"{API}/coverage")).json()["regions"]
    }
    assert {key: one["covered"] for key, one in regions.items()} == {
        "br-arnsberg": 1, "br-detmold": 0, "br-duesseldorf": 0, "br-koeln": 1, "br-muenster": 0
    }  # fmt: skip
    districts = {one["name"]: one for one in regions["br-arnsberg"]["districts"]}
    assert districts["Märkischer Kreis"]["municipal_contacts"] == 1
    assert (districts["Bochum"]["municipal_contacts"], districts["Bochum"]["partners"]) == (0, 1)
    own = (await (await client.as_("rita")).get(f"{API}/coverage")).json()["regions"]
    assert [one["authority_key"] for one in own] == ["br-arnsberg"]
