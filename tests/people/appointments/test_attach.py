"""Anbindung: from a day on, by the own house alone (decree Nr. 4 (1))."""

from datetime import date

from circle.core.db import Connection
from tests import make
from tests.clients import Clients

from . import acts, api, bens, reasons

NEW = {"valid_from": "2026-12-01", "text": "Stabsstelle bei der Behördenleitung"}


async def test_the_own_house_says_where(client: Clients, db: Connection) -> None:
    await make.person(db, "zoe", authority="br-arnsberg", roles=["assistant"])
    ben, zoe, one = await client.as_("ben"), await client.as_("zoe"), await bens(db)
    first = {"valid_from": "2026-02-01", "text": "Abteilung 2"}
    assert (await zoe.post(api(one, "attach"), json=first)).status_code == 200
    done = await ben.post(api(one, "attach"), json=NEW, headers={"if-match": '"v2"'})
    assert done.status_code == 200 and done.json()["attached_to"] == "Abteilung 2"
    history = [(x["valid_from"], x["text"], x["set_by_name"]) for x in done.json()["attachments"]]
    assert history == [
        ("2024-01-01", "", None),
        ("2026-02-01", "Abteilung 2", "Zoe Probe"),
        ("2026-12-01", NEW["text"], "Ben Beauftragt"),
    ]
    assert await acts(db, one) == ["appointment.attached", "appointment.attached"]
    on = "select attachment_on(a, $2) from appointment a where id = $1"
    for day, text in (
        (date(2026, 1, 31), ""),
        (date(2026, 11, 30), "Abteilung 2"),
        (date(2026, 12, 1), NEW["text"]),
    ):
        assert await db.fetchval(on, one, day) == text
    assert "Abteilung 2" in (await (await client.browser("clara")).get("/personen/haus/br-arnsberg")).text
    assert "Abteilung 2" in (await client.stranger.get("/ansprechpersonen")).text


async def test_nobody_else_does(client: Clients, db: Connection) -> None:
    await make.person(db, "mia", authority="br-muenster", roles=["commissioner"])
    one = await bens(db)
    for nick, status in (("anna", 403), ("mia", 403), ("clara", 404)):
        assert (await (await client.as_(nick)).post(api(one, "attach"), json=NEW)).status_code == status, nick
    ben = await client.as_("ben")
    assert (await ben.post(api(one, "attach"), json=NEW, headers={"if-match": '"v9"'})).status_code == 412
    early = await ben.post(api(one, "attach"), json=NEW | {"valid_from": "2023-12-31"})
    assert early.status_code == 400 and "außerhalb" in reasons(early)["valid_from"]
    assert await acts(db, one) == []


async def test_the_page_does_the_same(client: Clients, db: Connection) -> None:
    ben, one = await client.browser("ben"), await bens(db)
    address = f"/bestellungen/{one}/anbindung"
    assert address in (await ben.get(f"/bestellungen/{one}")).text
    assert 'value="2026-11-23"' in (await ben.get(address)).text
    form = {"text": "", "valid_from": "2026-11-23", "revision": "1", "idempotency_key": "k"}
    wrong = await ben.post(address, form)
    assert wrong.status_code == 422 and 'href="#field-text"' in wrong.text
    assert (await ben.post(address, form | {"text": "Leitungsstab"})).status_code == 303
    assert "Leitungsstab" in (await ben.get(f"/bestellungen/{one}")).text
    assert (await (await client.browser("anna")).get(address)).status_code == 403
