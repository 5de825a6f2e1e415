"""Nachsenden: who came into the circle after the invitation gets it alone, and counts as asked."""

import uuid
from datetime import date
from typing import Any
from uuid import UUID

import httpx
import msgspec

from circle.core import fields
from circle.core.clock import Clock
from circle.core.db import Connection
from circle.core.files import Storage
from circle.meetings import dispatches
from circle.meetings import rules as meeting_rules
from circle.meetings.model import Meeting, Sending
from tests import make
from tests.clients import Clients
from tests.distribution.mailserver import MailServer

from ..test_invite import paper
from ..world import convened, invited
from . import PAGE, PATH, dispatch
from .conftest import Send


async def succession(db: Connection) -> UUID:
    """Kim leaves, Nina follows in Köln from today on."""
    kim = await make.person_id(db, "kim")
    await db.execute("delete from absence")
    await db.execute("update appointment set valid_to = '2026-11-22' where person_id = $1", kim)
    nina = await make.person(db, "nina", name="Nina Neu", authority="br-koeln")
    await make.appoint(db, nina, await make.authority(db, "br-koeln"), "commissioner", date(2026, 11, 23))
    return nina


async def send_on(who: httpx.AsyncClient, meeting: UUID, person: UUID, key: str | None = None) -> Any:
    return await who.post(
        f"{PATH.format(meeting)}/late", json={"person_id": str(person)}, headers={"idempotency-key": key or str(uuid.uuid4())}
    )  # fmt: skip


async def found(client: Clients, meeting: UUID) -> Any:
    return (await (await client.as_("anna")).get(PATH.format(meeting))).json()


async def test_a_successor_is_sent_the_agenda_that_holds_with_all_papers(
    db: Connection, client: Clients, office: Clock, send: Send, server: MailServer, storage: Storage
) -> None:
    meeting = await convened(db, office)
    item = await make.item(db, meeting)
    await paper(db, storage, item, "Vorlage.pdf")
    anna = await make.actor(db, office, "anna")
    await dispatches.invite(db, anna, meeting, Sending())
    await send(await dispatch(db))
    await paper(db, storage, item, "Nachtrag.pdf")
    await db.execute("update paper set version = 2 where title = 'Vorlage'")
    await dispatches.supplement(db, anna, meeting, Sending())
    await send(await dispatch(db, "supplement"))
    nina = await succession(db)
    before = await found(client, meeting)
    assert before["verdict"] == "defective" and before["defects"] == [
        "BR Köln: Nina Neu ist nicht eingeladen. Erreicht ist nur die Vertretung, Dina Vertretung (am 23.11.2026)."
    ]
    assert [(one["name"], one["deputy"]) for one in before["waiting"]] == [("Nina Neu", False)]
    first = await db.fetch("select count(*) from dispatch_part group by dispatch_id order by dispatch_id")
    server.received.clear()

    answer = await send_on(await client.as_("anna"), meeting, nina, "k")
    assert answer.status_code == 201, answer.text
    assert (await send_on(await client.as_("anna"), meeting, nina, "k")).json()["id"] == answer.json()["id"]
    late = UUID(answer.json()["id"])
    assert answer.json()["title"] == "Einladung KK-2027-1, nachgesandt"
    assert [one["name"] for one in await db.fetch("select name from delivery where dispatch_id = $1", late)] == ["Nina Neu"]  # fmt: skip
    await send(late)
    assert server.addresses == ["nina@example.org"]
    parts = await db.fetch("select title, calendar from dispatch_part where dispatch_id = $1 order by position", late)  # fmt: skip
    assert [one["title"] for one in parts] == [
        "Einladung und Tagesordnung", "Termin für den Kalender", "Sitzung im Arbeitsraum", "TOP 4: Vorlage", "TOP 4: Nachtrag",
    ]  # fmt: skip
    mail = server.message("nina@example.org")
    assert "Einladung zur 1. Sitzung" in str(mail["subject"])
    assert {part.get_filename() for part in mail.walk()} >= {"Einladung-KK-2027-1.pdf", "KK-2027-1.ics"}
    after = await found(client, meeting)
    assert (after["verdict"], after["waiting"]) == ("proper", [])
    assert [(one["name"], one["version"], one["member"]) for one in after["deliveries"] if one["late"]] == [("Nina Neu", 2, True)]  # fmt: skip
    others = await db.fetch(
        "select count(*) from dispatch_part where dispatch_id <> $1 group by dispatch_id order by dispatch_id", late
    )  # fmt: skip
    assert others == first, "what went out before stays as it was"
    again = await send_on(await client.as_("anna"), meeting, nina)
    assert (again.status_code, again.json()["code"]) == (409, "already_asked")
    assert await db.fetchval("select count(*) from audit_event where action = 'meeting.invited_later'") == 1
    reply = await (await client.as_("nina")).get(f"/api/v1/meetings/{meeting}/reply")
    assert reply.status_code == 200, "she is asked for her answer"


async def test_the_quorum_knows(db: Connection, client: Clients, office: Clock, send: Send) -> None:
    meeting = await invited(db, office)
    nina = await succession(db)

    async def forgotten() -> str:
        shown = (await (await client.as_("anna")).get(f"/api/v1/meetings/{meeting}")).json()
        one = msgspec.convert(shown, Meeting, dec_hook=fields.decode)
        return meeting_rules.quorum(one.attendance, one.members, one.editions).missing

    assert await forgotten() == "Nicht eingeladen: BR Köln."
    assert (await send_on(await client.as_("anna"), meeting, nina)).status_code == 201
    assert "Nicht eingeladen" not in await forgotten()


async def test_it_waits_on_the_office_s_desk(db: Connection, client: Clients, office: Clock) -> None:
    await invited(db, office)
    anna, mona = await client.browser("anna"), await client.browser("mona")
    assert "nachsenden" not in (await anna.get("/")).text
    nina = await succession(db)
    desk = (await anna.get("/")).text
    assert "Nina Neu" in desk and f"{PAGE}#nachsenden" in desk and "Einladung nachsenden" in desk
    assert f"{PAGE}#nachsenden" not in (await mona.get("/")).text
    page = (await anna.get(PAGE)).text
    assert "Einladung nachsenden" in page
    assert "Einladung nachsenden" not in (await mona.get(PAGE)).text
    assert (await mona.post(f"{PAGE}/nachsenden", {"person_id": str(nina), "idempotency_key": "m"})).status_code == 403  # fmt: skip
    done = await anna.post(f"{PAGE}/nachsenden", {"person_id": str(nina), "idempotency_key": "a"})
    assert done.status_code == 303 and done.headers["location"].startswith("/versand/")
    twice = await anna.post(f"{PAGE}/nachsenden", {"person_id": str(nina), "idempotency_key": "a"})
    assert twice.headers["location"] == done.headers["location"]
    assert await db.fetchval("select count(*) from dispatch where kind = 'invitation'") == 2
    assert f"{PAGE}#nachsenden" not in (await anna.get("/")).text
    refused = await anna.post(f"{PAGE}/nachsenden", {"person_id": str(nina), "idempotency_key": "b"})
    assert refused.status_code == 409 and "schon eingeladen" in refused.text
    wrong = await anna.post(f"{PAGE}/nachsenden", {"person_id": "x", "idempotency_key": "c"})
    assert wrong.status_code == 422


async def test_a_deputy_for_the_day_who_was_entered_later(
    db: Connection, client: Clients, office: Clock, send: Send, server: MailServer
) -> None:
    meeting = await invited(db, office)
    await send(await dispatch(db))
    house = await make.authority(db, "br-arnsberg")
    doris = await make.person(db, "doris", name="Doris Vertritt", authority="br-arnsberg")
    await make.appoint(db, doris, house, "deputy")
    assert (await found(client, meeting))["waiting"] == []
    await make.absence(db, await make.person_id(db, "ben"), doris, date(2027, 1, 13), date(2027, 1, 13))
    waiting = (await found(client, meeting))["waiting"]
    assert [(one["name"], one["deputy"]) for one in waiting] == [("Doris Vertritt", True)]
    answer = await send_on(await client.as_("anna"), meeting, doris)
    await send(UUID(answer.json()["id"]))
    assert "doris@example.org" in server.addresses
    assert (await (await client.as_("doris")).get(f"/api/v1/meetings/{meeting}")).status_code == 200
    row = await db.fetchrow("select status, represented_by from attendance where person_id = $1", await make.person_id(db, "ben"))  # fmt: skip
    assert row is not None and tuple(row) == ("represented", doris)


async def test_who_may_and_when(db: Connection, client: Clients, office: Clock) -> None:
    meeting = await invited(db, office)
    nina = await succession(db)
    anna = await client.as_("anna")
    for nick, status in (("mona", 403), ("ben", 403), ("clara", 404)):
        assert (await send_on(await client.as_(nick), meeting, nina)).status_code == status, nick
    keyless = await anna.post(f"{PATH.format(meeting)}/late", json={"person_id": str(nina)})
    assert keyless.json()["code"] == "key_required"
    for person in (await make.person_id(db, "ben"), await make.person_id(db, "clara"), UUID(int=3)):
        assert (await send_on(anna, meeting, person)).status_code == 409
    await db.execute("update meeting set state = 'running' where id = $1", meeting)
    assert (await send_on(anna, meeting, nina)).status_code == 409


async def test_an_imported_meeting_asks_nobody_to_be_sent_on(db: Connection, client: Clients) -> None:
    await make.meeting(db, state="invited")
    await make.person(db, "kim", name="Kim Köln", authority="br-koeln", roles=["commissioner"])
    assert "nachsenden" not in (await (await client.browser("anna")).get("/")).text
