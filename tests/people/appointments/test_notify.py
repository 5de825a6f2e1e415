"""The ministry is told (decree Nr. 3 S. 3): a worker writes the letter, sends it once, and the day is recorded."""

import asyncio
import io
from typing import Any
from uuid import UUID

import pikepdf
import pytest

from circle.core import clock
from circle.core.clock import Clock
from circle.core.db import Connection, Database
from circle.core.files import Storage
from circle.distribution import actions as distribution
from circle.distribution import notices
from circle.people.appointments import actions, letters
from circle.people.appointments.model import NewMinistry
from circle.settings import Settings
from tests import make
from tests.clients import Clients, OneConnection
from tests.distribution.conftest import Run
from tests.distribution.mailserver import MailServer

from . import acts, api, bens, reasons

MINISTRY = {
    "name": "Ministerium für Zusammenhalt", "short": "MZ", "email": "poststelle@mz.example",
    "valid_from": "2026-01-01",
}  # fmt: skip


async def ready(client: Clients, db: Connection) -> UUID:
    """Ben's appointment of which nobody was told, and a ministry with a mailbox."""
    await make.untold(db, await make.person_id(db, "ben"))
    made = await (await client.as_("anna")).post("/api/v1/ministries", json=MINISTRY)
    assert made.status_code == 201, made.text
    return await bens(db)


async def notify(client: Clients, one: UUID, nick: str = "ben", key: str = "k", **head: str) -> Any:
    return await (await client.as_(nick)).post(
        api(one, "notify-ministry"), headers={"idempotency-key": key} | head
    )


async def write(db: Connection, database: Database, storage: Storage, office: Clock) -> UUID:
    """What the worker does with the asked notice; returns the dispatch."""
    (asked,) = await make.outbox(db, "distribution.notify_ministry")
    await notices.notify_ministry(database, storage, office.now(), UUID(asked["notice_id"]))
    found: UUID = await db.fetchval("select dispatch_id from ministry_notice")
    return found


async def test_the_letter_is_written_sent_and_recorded(
    client: Clients, db: Connection, database: OneConnection, storage: Storage, office: Clock, run: Run,
    server: MailServer,
) -> None:  # fmt: skip
    one = await ready(client, db)
    asked = await notify(client, one, **{"if-match": '"v1"'})
    assert asked.status_code == 200 and asked.json()["ministry_informed_on"] is None
    assert [x["reference"] for x in asked.json()["notices"]] == ["BM-2026-01"]
    dispatch = await write(db, database, storage, office)
    assert await write(db, database, storage, office) == dispatch
    assert await db.fetchval("select count(*) from dispatch where object_kind = 'appointment'") == 1
    await run(dispatch)
    await run(dispatch)
    assert server.addresses == ["poststelle@mz.example"]
    mail = server.message("poststelle@mz.example")
    assert mail["subject"] == "Bestellung bei der Bezirksregierung Arnsberg zum 01.01.2024"
    body = mail.get_body(("plain",))
    assert body is not None
    text = " ".join(body.get_content().split())
    assert "nach Nummer 3 Satz 3 des Runderlasses" in text and "Ben Beauftragt ist mit Wirkung vom" in text
    (pdf,) = [part for part in mail.iter_attachments() if part.get_content_type() == "application/pdf"]
    with pikepdf.open(io.BytesIO(pdf.get_content())) as opened:
        assert opened.Root.MarkInfo.Marked and str(opened.Root.Lang) == "de-DE"
        assert "Mitteilung über die Bestellung nach Nr. 3 Satz 3" in str(opened.docinfo["/Title"])
    ben = await client.as_("ben")
    got = (await ben.get(api(one))).json()
    assert got["ministry_informed_on"] == "2026-11-23" and got["notices"][0]["sent_on"] == "2026-11-23"
    assert [(p["duty"], p["reference"]) for p in got["proofs"]] == [("ministry_informed", "BM-2026-01")]
    assert (await ben.get(f"/api/v1/files/{got['proofs'][0]['file_id']}/content")).status_code == 200
    assert await acts(db, one) == ["appointment.notice_requested", "appointment.ministry_informed"]
    again = await notify(client, one, key="k2")
    assert again.status_code == 409 and "seit dem 23.11.2026 informiert" in again.json()["detail"]


async def test_it_is_asked_for_once(
    client: Clients, db: Connection, database: OneConnection, storage: Storage, office: Clock
) -> None:
    one = await ready(client, db)
    bare = await (await client.as_("ben")).post(api(one, "notify-ministry"))
    assert bare.status_code == 400 and bare.json()["code"] == "key_required"
    assert (await notify(client, one)).status_code == 200
    assert (await notify(client, one)).status_code == 200
    assert (await notify(client, one, key="k2")).status_code == 409
    dispatch = await write(db, database, storage, office)
    assert (await notify(client, one, "anna", key="k3")).status_code == 409
    await distribution.cancel(db, await make.actor(db, office, "anna"), dispatch)
    assert (await notify(client, one, key="k4")).status_code == 200


async def test_who_may_not(client: Clients, db: Connection) -> None:
    one = await ready(client, db)
    await make.person(db, "mia", authority="br-muenster", roles=["commissioner"])
    await make.person(db, "zoe", authority="br-arnsberg", roles=["assistant"])
    for nick, status in (("mia", 403), ("zoe", 403), ("clara", 404)):
        assert (await notify(client, one, nick)).status_code == status
    assert (await notify(client, one, **{"if-match": '"v4"'})).status_code == 412
    assert await make.outbox(db, "distribution.notify_ministry") == []


async def test_without_a_ministry_it_says_what_to_do(client: Clients, db: Connection) -> None:
    await make.untold(db, await make.person_id(db, "ben"))
    refused = await notify(client, await bens(db))
    assert refused.status_code == 409 and refused.json()["code"] == "no_ministry"


async def test_an_unclear_delivery_that_arrived_counts(
    client: Clients, db: Connection, database: OneConnection, storage: Storage, office: Clock, run: Run,
    server: MailServer,
) -> None:  # fmt: skip
    one = await ready(client, db)
    await notify(client, one)
    server.behaviour["poststelle@mz.example"] = "hang up after the dot"
    await run(await write(db, database, storage, office))
    anna = await client.as_("anna")
    assert (await anna.get(api(one))).json()["ministry_informed_on"] is None
    assert (await notify(client, one, key="k2")).status_code == 409
    delivery = await db.fetchval("select id from delivery where state = 'uncertain'")
    await distribution.settle(db, await make.actor(db, office, "anna"), delivery, True)
    assert (await anna.get(api(one))).json()["ministry_informed_on"] == "2026-11-23"


async def test_two_workers_write_one_letter(fresh: tuple[Database, Settings]) -> None:
    database, settings = fresh
    storage = Storage(settings.files)
    async with database.begin(None) as db:
        office = await clock.read(db)
        await make.untold(db, await make.person_id(db, "ben"))
        anna = await make.actor(db, office, "anna")
        await actions.name_ministry(
            db, anna, NewMinistry("Ministerium", "M", "post@m.example", office.now().date())
        )
        await actions.notify_ministry(db, anna, await bens(db))
        (asked,) = await make.outbox(db, "distribution.notify_ministry")
    notice = UUID(asked["notice_id"])
    await asyncio.gather(
        *[notices.notify_ministry(database, storage, office.now(), notice) for _ in range(3)]
    )
    async with database.begin(None) as db:
        assert await db.fetchval("select count(*) from dispatch") == 1
        assert await db.fetchval("select count(*) from file") == 1
        assert len(await make.outbox(db, "distribution.send")) == 1


async def test_the_next_ministry_takes_over_from_its_day(client: Clients, db: Connection) -> None:
    one = await ready(client, db)
    anna = await client.as_("anna")
    later = MINISTRY | {"name": "Ministerium für Vielfalt", "short": "MV", "valid_from": "2026-12-01"}
    listed = await anna.post("/api/v1/ministries", json=later)
    assert [x["short"] for x in listed.json()["items"]] == ["MV", "MZ"]
    assert await db.fetchval("select count(*) from person where email = $1", MINISTRY["email"]) == 1
    assert (await notify(client, one)).json()["notices"][0]["ministry_name"] == "Ministerium für Zusammenhalt"
    twice = await anna.post("/api/v1/ministries", json=later)
    assert twice.status_code == 409 and twice.json()["code"] == "ministry_exists"


@pytest.mark.parametrize(("nick", "status"), [("ben", 403), ("clara", 403)])
async def test_the_office_names_the_ministry(client: Clients, nick: str, status: int) -> None:
    assert (await (await client.as_(nick)).post("/api/v1/ministries", json=MINISTRY)).status_code == status
    taken = await (await client.as_("anna")).post(
        "/api/v1/ministries", json=MINISTRY | {"email": "ben@example.org"}
    )
    assert taken.status_code == 400 and "nicht im Ministerium" in reasons(taken)["email"]


async def test_the_pages_do_the_same(client: Clients, db: Connection) -> None:
    await make.untold(db, await make.person_id(db, "ben"))
    one, anna, ben = await bens(db), await client.browser("anna"), await client.browser("ben")
    wrong = await anna.post("/bestellungen/ministerium", MINISTRY | {"email": "x", "idempotency_key": "a"})
    assert wrong.status_code == 422 and 'href="#field-email"' in wrong.text
    assert (
        await anna.post("/bestellungen/ministerium", MINISTRY | {"idempotency_key": "b"})
    ).status_code == 303
    assert "Ministerium für Zusammenhalt" in (await ben.get("/bestellungen/ministerium")).text
    assert "Mitteilung ansehen und versenden" in (await ben.get(f"/bestellungen/{one}")).text
    form = {"revision": "1", "idempotency_key": "c"}
    assert (await ben.post(f"/bestellungen/{one}/mitteilung", form)).status_code == 303
    assert "in Arbeit seit 23.11.2026" in (await ben.get(f"/bestellungen/{one}")).text
    twice = await ben.post(f"/bestellungen/{one}/mitteilung", form | {"idempotency_key": "d"})
    assert twice.status_code == 409 and "schon auf dem Weg" in twice.text


async def test_the_letter_is_shown_before_it_goes(client: Clients, db: Connection) -> None:
    one = await ready(client, db)
    ben, here = await client.browser("ben"), f"/bestellungen/{one}/mitteilung"
    page = await ben.get(here)
    assert page.status_code == 200, page.text
    for words in (
        MINISTRY["name"], MINISTRY["email"], "Bestellung bei der Bezirksregierung Arnsberg zum 01.01.2024",
        "Ben Beauftragt ist mit Wirkung vom", "Mitteilung versenden", f'href="{here}/entwurf"',
    ):  # fmt: skip
        assert words in page.text, words
    draft = await ben.get(f"{here}/entwurf")
    assert draft.status_code == 200 and draft.content.startswith(b"%PDF")
    assert await db.fetchval("select count(*) from ministry_notice") == 0, "looking sends nothing"
    form = {"revision": "1", "idempotency_key": "k"}
    for _ in range(2):
        assert (await ben.post(here, form)).status_code == 303
    assert len(await make.outbox(db, "distribution.notify_ministry")) == 1
    late = await ben.get(here)
    assert late.status_code == 409 and "schon auf dem Weg" in late.text
    assert f'href="/bestellungen/{one}"' in late.text and "Mitteilung versenden" not in late.text
    await make.person(db, "mia", authority="br-muenster", roles=["commissioner"])
    for nick, status in (("mia", 403), ("clara", 404)):
        other = await client.browser(nick)
        assert (
            (await other.get(here)).status_code == (await other.get(f"{here}/entwurf")).status_code == status
        )


async def test_the_draft_says_what_the_letter_says(
    client: Clients, db: Connection, database: OneConnection, storage: Storage, office: Clock
) -> None:
    one = await ready(client, db)
    drafted, address = await actions.draft_notice(db, await make.actor(db, office, "ben"), one)
    await notify(client, one)
    dispatch = await write(db, database, storage, office)
    sent = await db.fetchrow(
        "select d.subject, d.text, e.address from dispatch d join delivery e on e.dispatch_id = d.id where d.id = $1",
        dispatch,
    )
    assert sent and tuple(sent) == (letters.subject(drafted), letters.text(drafted), address)
