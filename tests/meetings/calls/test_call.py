"""Aufruf: the office asks the houses for items by mail, once, and again only on purpose."""

import re
from typing import Any

import httpx
import lxml.html
import pytest

from circle.core.clock import Clock
from circle.core.db import Connection
from tests import make
from tests.clients import Clients

from ..world import PAGE, act, convened

CALL = "call-for-items"


async def opened(db: Connection, office: Clock) -> Any:
    """A meeting whose agenda is open; Zoe works for the commissioner of Arnsberg."""
    meeting = await convened(db, office)
    await make.person(db, "zoe", name="Zoe Zuarbeit", authority="br-arnsberg", roles=["assistant"])
    return meeting


async def letter(db: Connection) -> Any:
    return await db.fetchrow("select id, subject, text from dispatch")


async def test_the_houses_are_asked_once(db: Connection, client: Clients, office: Clock) -> None:
    meeting, anna = await opened(db, office), await client.as_("anna")
    await db.execute("update meeting set link = 'https://konferenz.example/raum-7'")
    assert (await act(anna, meeting, CALL, key="")).json()["code"] == "key_required"
    first = await act(anna, meeting, CALL, {"note": "Bitte auch Berichte."}, key="k")
    assert first.status_code == 200, first.text
    assert first.json()["called_on"] == "2026-11-23" and first.json()["revision"] == 2
    assert (await act(anna, meeting, CALL, {"note": "Bitte auch Berichte."}, key="k")).json() == first.json()
    sent = await letter(db)
    assert (
        sent["subject"] == "Bitte Punkte anmelden bis 16.12.2026: 1. Sitzung des Koordinierungskreises 2027"
    )
    for words in (
        "am Mittwoch, 13. Januar 2027", "bis Mittwoch, 16. Dezember 2026 an", "So kommt das Datum zustande",
        "28 Tage", "Bitte auch Berichte.", "Ort: Arnsberg, Saal 1",
    ):  # fmt: skip
        assert words in sent["text"], words
    assert "konferenz.example" not in sent["text"], "assistants are no members of the circle"
    names = [
        one["name"]
        for one in await db.fetch(
            "select name from delivery where dispatch_id = $1 order by name", sent["id"]
        )
    ]
    assert names == ["Ben Beauftragt", "Kim Köln", "Zoe Zuarbeit"], (
        "Dina is no deputy yet, office and ministry know"
    )
    parts = await db.fetch(
        "select title, url, audience from dispatch_part where dispatch_id = $1 order by position", sent["id"]
    )
    assert [(one["title"], one["url"]) for one in parts] == [
        ("Punkt anmelden", f"{PAGE}/top/neu"), ("Geschäftsordnung", "/geschaeftsordnung/1"),
    ]  # fmt: skip
    assert "internal" not in parts[0]["audience"], "the form is open to those who see the meeting"
    assert len(await make.outbox(db, "distribution.send")) == 1
    assert await db.fetchval("select count(*) from audit_event where action = 'meeting.items_called'") == 1


async def test_a_deputy_in_their_time_is_asked(db: Connection, client: Clients, office: Clock) -> None:
    meeting = await opened(db, office)
    vera = await make.person(db, "ida", name="Ida Vertritt", authority="br-arnsberg", roles=["deputy"])
    today = make.date(2026, 11, 23)
    await make.absence(db, await make.person_id(db, "ben"), vera, today, today)
    shown = (await (await client.as_("anna")).get(f"/api/v1/meetings/{meeting}/{CALL}")).json()
    got = {one["name"]: one["linked"] for one in shown["recipients"]}
    assert got == {
        "Ben Beauftragt": ["Punkt anmelden", "Geschäftsordnung"], "Ida Vertritt": ["Punkt anmelden", "Geschäftsordnung"],
        "Kim Köln": ["Punkt anmelden", "Geschäftsordnung"], "Zoe Zuarbeit": ["Geschäftsordnung"],
    }  # fmt: skip
    assert not any(one["refused"] for one in shown["recipients"])


async def test_it_is_repeated_only_on_purpose(db: Connection, client: Clients, office: Clock) -> None:
    meeting, anna = await opened(db, office), await client.as_("anna")
    await act(anna, meeting, CALL)
    again = await act(anna, meeting, CALL)
    assert (again.status_code, again.json()["code"]) == (409, "already_called")
    assert again.json()["errors"][0]["field"] == "again"
    assert (await act(anna, meeting, CALL, {"again": True})).status_code == 200
    subjects = await db.fetch(
        "select c.number, d.subject from call_for_items c join dispatch d on d.id = c.dispatch_id order by 1"
    )
    assert [(one["number"], one["subject"][:27]) for one in subjects] == [
        (1, "Bitte Punkte anmelden bis 1"), (2, "Erinnerung: Bitte Punkte an"),
    ]  # fmt: skip


@pytest.mark.parametrize("state", ["planned", "invited", "running", "held", "cancelled"])
async def test_only_while_the_agenda_is_open(db: Connection, client: Clients, state: str) -> None:
    meeting = await make.meeting(db, state=state)
    anna = await client.as_("anna")
    assert (await act(anna, meeting, CALL)).status_code == 409
    assert (await anna.get(f"/api/v1/meetings/{meeting}/{CALL}")).status_code == 409
    assert (await (await client.browser("anna")).get(f"{PAGE}/aufruf")).status_code == 409


async def test_not_after_the_last_day(db: Connection, client: Clients) -> None:
    meeting = await make.meeting(db, on=make.date(2026, 12, 9))
    answer = await act(await client.as_("anna"), meeting, CALL)
    assert answer.status_code == 409 and "11.11.2026" in answer.json()["detail"]
    assert "/aufruf" not in (await (await client.browser("anna")).get(PAGE)).text


async def test_refusals(db: Connection, client: Clients, office: Clock) -> None:
    meeting = await opened(db, office)
    for nick, status in (("clara", 404), ("zoe", 404), ("ben", 403), ("mona", 403)):
        who, browser = await client.as_(nick), await client.browser(nick)
        assert (await act(who, meeting, CALL)).status_code == status, nick
        assert (await who.get(f"/api/v1/meetings/{meeting}/{CALL}")).status_code == status, nick
        assert (await browser.get(f"{PAGE}/aufruf")).status_code == status, nick
        assert (
            await browser.post(f"{PAGE}/aufruf", {"revision": "1", "idempotency_key": "x"})
        ).status_code == status
    anna = await client.as_("anna")
    stale = await act(anna, meeting, CALL, match='"v7"')
    assert stale.status_code == 412 and stale.json()["current"]["revision"] == 1
    assert (await act(anna, meeting, CALL, {"note": "x" * 20_001})).status_code == 400
    assert (await letter(db)) is None


def hidden(page: httpx.Response) -> dict[str, str]:
    fields = lxml.html.fromstring(page.text).xpath("//main//input[@type='hidden']")
    return {one.get("name"): one.get("value") for one in fields}


async def test_the_page_shows_who_gets_what_and_sends(db: Connection, client: Clients, office: Clock) -> None:
    await opened(db, office)
    anna = await client.browser("anna")
    assert "Aufruf zur Anmeldung versenden …" in (await anna.get(PAGE)).text
    page = await anna.get(f"{PAGE}/aufruf")
    for words in (
        "Wer bekommt was? (3)",
        "zoe@example.org",
        "So kommt das Datum zustande",
        "Aufruf versenden",
    ):
        assert words in page.text, words
    assert len(re.findall("kern-btn--primary", page.text)) == 1
    done = await anna.post(f"{PAGE}/aufruf", hidden(page) | {"note": "Gruß"})
    assert done.status_code == 303 and done.headers["location"].startswith("/versand/")
    assert (await anna.post(f"{PAGE}/aufruf", hidden(page) | {"note": "Gruß"})).headers[
        "location"
    ] == done.headers["location"]
    for nick in ("anna", "ben"):
        shown = (await (await client.browser(nick)).get(PAGE)).text
        assert "Die Häuser sind am 23.11.2026 aufgerufen" in shown
    page = await anna.get(f"{PAGE}/aufruf")
    assert "Der Aufruf ist schon hinausgegangen" in page.text
    refused = await anna.post(f"{PAGE}/aufruf", hidden(page) | {"note": "Bitte noch einmal lesen"})
    assert refused.status_code == 409 and "Bitte noch einmal lesen" in refused.text
    assert "error-again" in refused.text
    stale = await anna.post(f"{PAGE}/aufruf", hidden(page) | {"revision": "1", "again": "true"})
    assert stale.status_code == 412
    assert (await anna.post(f"{PAGE}/aufruf", hidden(page) | {"again": "true"})).status_code == 303
