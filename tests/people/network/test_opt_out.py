"""The link in a letter ends the subscription without sign-in, and tells nothing."""

import hashlib
import uuid
from datetime import date
from typing import Any

from circle.core.db import Connection
from circle.distribution import store as distribution
from tests import make
from tests.clients import Clients
from tests.consultations import Page

from . import API, HEAD, V1, acts, entry, upload


async def test_one_click_and_the_page_say_the_same_for_every_link(client: Clients, db: Connection) -> None:
    found = await make.contact(db)
    link = await db.fetchval("select opt_out from partner")
    known, unknown = f"/abmelden-newsletter/{link}", f"/abmelden-newsletter/{uuid.uuid4()}"
    shown = [await client.stranger.get(path) for path in (known, unknown)]
    assert [one.status_code for one in shown] == [200, 200] and shown[0].content == shown[1].content
    Page(shown[0].text).check()
    assert await db.fetchval("select subscribed from partner"), "a look ends nothing"
    done = [
        await client.stranger.post(path, data={"List-Unsubscribe": "One-Click"})
        for path in (known, unknown, known)
    ]
    assert [one.status_code for one in done] == [200] * 3
    assert done[0].content == done[1].content == done[2].content
    row = await db.fetchrow("select subscribed, unsubscribed_on::text as day, revision from partner")
    assert row and tuple(row) == (False, "2026-11-23", 2)
    assert await acts(db, found) == ["contact.unsubscribed"]


async def test_a_link_that_is_none(client: Clients, db: Connection) -> None:
    assert (await client.stranger.get("/abmelden-newsletter/keiner")).status_code == 404


async def recipient(db: Connection, contact_id: str) -> tuple[str, bool] | None:
    """Name of the recipient of letters behind a contact, and whether letters are kept from them."""
    found = await db.fetchrow(
        """
        select p.id, p.name from partner c join person p on p.id = c.person_id where c.id::text = $1
        """,
        contact_id,
    )
    if found is None:
        return None
    (reader,) = await distribution.readers_of(db, [found["id"]], date(2026, 11, 23))
    return found["name"], reader.opted_out


async def two_houses(client: Clients, db: Connection, **given: Any) -> tuple[Any, str, Any, str]:
    """Ben of Arnsberg and Carl of Köln keep a contact with the same address."""
    await make.person(db, "carl", authority="br-koeln", roles=["commissioner"])
    ben, carl = await client.as_("ben"), await client.as_("carl")
    one = await ben.post(API, json=entry())
    other = entry(
        ags="05315000", organisation="Stadt Köln", name="Umbenannt", despite_duplicates=True,
        email="PAUL@probe.example",
    )  # fmt: skip
    two = await carl.post(API, json=other | given)
    assert (one.status_code, two.status_code) == (201, 201), two.text
    return ben, one.json()["id"], carl, two.json()["id"]


async def test_one_house_changes_nothing_for_the_contact_of_another(client: Clients, db: Connection) -> None:
    ben, mine, carl, theirs = await two_houses(client, db, subscribed=False)
    assert await recipient(db, mine) == ("Paul Probe", False)
    renamed = await carl.patch(f"{API}/{theirs}", json={"name": "Anders", "subscribed": True}, headers=V1)
    assert renamed.status_code == 200 and renamed.json()["subscribed"], renamed.text
    assert await recipient(db, mine) == ("Paul Probe", False) == await recipient(db, theirs)
    ended = await carl.patch(f"{API}/{theirs}", json={"subscribed": False}, headers={"if-match": '"v2"'})
    assert ended.status_code == 200 and await recipient(db, mine) == ("Paul Probe", False)
    assert (await ben.get(f"{API}/{mine}")).json()["subscribed"]
    own = await ben.patch(f"{API}/{mine}", json={"name": "Paula Probe"}, headers=V1)
    assert own.status_code == 200 and await recipient(db, mine) == ("Paula Probe", False)
    assert (await ben.patch(f"{API}/{mine}", json={"subscribed": False}, headers={"if-match": '"v2"'})).status_code == 200  # fmt: skip
    assert await recipient(db, mine) == ("Paula Probe", True)


async def test_who_is_left_names_the_recipient(client: Clients, db: Connection) -> None:
    ben, mine, _, theirs = await two_houses(client, db)
    assert (await ben.delete(f"{API}/{mine}", headers=V1)).status_code == 204
    assert await recipient(db, theirs) == ("Umbenannt", False)


async def test_the_link_counts_for_the_address_with_every_house_and_a_new_entry(
    client: Clients, db: Connection
) -> None:
    ben, mine, carl, theirs = await two_houses(client, db)
    link = await db.fetchval("select opt_out from partner where id::text = $1", theirs)
    assert (await client.stranger.post(f"/abmelden-newsletter/{link}")).status_code == 200
    assert await recipient(db, mine) == ("Paul Probe", True)
    assert [await acts(db, one) for one in (mine, theirs)] == [["contact.added", "contact.unsubscribed"]] * 2
    for one, found in ((ben, mine), (carl, theirs)):
        assert (await one.delete(f"{API}/{found}", headers={"if-match": '"v2"'})).status_code == 204
    again = (await ben.post(API, json=entry(email="Paul@Probe.example"))).json()
    assert (again["subscribed"], again["unsubscribed_on"]) == (False, "2026-11-23")
    assert await recipient(db, again["id"]) == ("Paul Probe", True)
    other = (await carl.post(API, json=entry(ags="05315000", email="neu@probe.example", despite_duplicates=True))).json()  # fmt: skip
    moved = await carl.patch(f"{API}/{other['id']}", json={"email": "paul@probe.example"}, headers=V1)
    assert moved.json()["subscribed"] is False, "another address does not bring the letters back either"
    kept = await db.fetch("select address from partner_opt_out")
    assert [row["address"] for row in kept] == [hashlib.sha256(b"paul@probe.example").digest()]
    assert "bleibt auch nach einem neuen Eintrag abgemeldet" in (await (await client.browser("ben")).get(f"/netzwerk/{again['id']}")).text  # fmt: skip
    wished = await ben.patch(f"{API}/{again['id']}", json={"subscribed": True}, headers=V1)
    assert wished.json()["subscribed"] is True and await recipient(db, again["id"]) == ("Paul Probe", False)


FILE = HEAD + "Stadt Probestadt;Kommunale Ansprechperson;Paul Probe;{};P;05911000;Netz;2026-10-01\r\n"


async def test_the_link_outlives_its_contact_and_the_import_says_so(client: Clients, db: Connection) -> None:
    ben = await client.as_("ben")
    first = (await ben.post(API, json=entry())).json()["id"]
    link = await db.fetchval("select opt_out from partner")
    assert (await ben.delete(f"{API}/{first}", headers=V1)).status_code == 204
    second = (await ben.post(API, json=entry())).json()
    assert second["subscribed"] and await db.fetchval("select opt_out from partner") != link
    assert (await client.stranger.post(f"/abmelden-newsletter/{link}")).status_code == 200
    assert await recipient(db, second["id"]) == ("Paul Probe", True)
    assert (await acts(db, second["id"]))[-1] == "contact.unsubscribed"
    assert (await ben.delete(f"{API}/{second['id']}", headers={"if-match": '"v2"'})).status_code == 204
    read = (await upload(ben, FILE.format("PAUL@probe.example"))).json()
    (line,) = read["lines"]
    assert line["status"] == "new" and line["contact"]["subscribed"] is False
    assert "abbestellt (am 23.11.2026)" in line["messages"][0]
    done = await ben.post(f"{API}/import/{read['id']}/confirm")
    assert done.json()["added"] == 1 and not await db.fetchval("select subscribed from partner")
    kept = await db.fetch("select address from partner_opt_out_link")
    assert {row["address"] for row in kept} == {hashlib.sha256(b"paul@probe.example").digest()}


async def test_what_a_house_ended_outlives_its_contact_for_this_house(
    client: Clients, db: Connection
) -> None:
    ben, mine, carl, theirs = await two_houses(client, db)
    await ben.patch(f"{API}/{mine}", json={"subscribed": False}, headers=V1)
    assert (await ben.delete(f"{API}/{mine}", headers={"if-match": '"v2"'})).status_code == 204
    assert await recipient(db, theirs) == ("Umbenannt", False)
    (line,) = (await upload(ben, FILE.format("paul@probe.example"))).json()["lines"]
    assert line["contact"]["subscribed"] is False and "abbestellt" in " ".join(line["messages"])
    again = (await ben.post(API, json=entry(despite_duplicates=True))).json()
    assert (again["subscribed"], again["unsubscribed_on"]) == (False, "2026-11-23")
    other = (await carl.post(API, json=entry(ags="05315000", despite_duplicates=True))).json()
    assert other["subscribed"], "of another house it says nothing"
    path = f"{API}/{again['id']}"
    assert (await ben.patch(path, json={"subscribed": True}, headers=V1)).json()["subscribed"]
    assert await db.fetchval("select count(*) from partner_opt_out") == 0, "the person wished for it"


async def test_a_letter_to_an_old_address_ends_nothing_for_the_new_one(
    client: Clients, db: Connection
) -> None:
    ben = await client.as_("ben")
    found = (await ben.post(API, json=entry())).json()["id"]
    link = await db.fetchval("select opt_out from partner")
    moved = await ben.patch(f"{API}/{found}", json={"email": "neu@probe.example"}, headers=V1)
    assert moved.status_code == 200
    assert (await client.stranger.post(f"/abmelden-newsletter/{link}")).status_code == 200
    assert (await ben.get(f"{API}/{found}")).json()["subscribed"]
    back = await ben.patch(
        f"{API}/{found}", json={"email": "paul@probe.example"}, headers={"if-match": '"v2"'}
    )
    assert back.json()["subscribed"] is False
