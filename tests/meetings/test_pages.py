"""The pages as Anna (office), Ben (member), a guest and a person outside see them."""

import re
from typing import Any

import icalendar
import pytest

from circle.core.clock import Clock
from circle.core.db import Connection
from tests import make
from tests.clients import Clients, queries
from tests.house.test_walk import flaws

from .world import PAGE, REFERENCE, convened, invited, running

EVERY = re.compile(".*")


async def test_the_list_says_what_comes_and_what_waits(
    db: Connection, client: Clients, office: Clock
) -> None:
    meeting = await convened(db, office)
    await make.item(db, meeting, status="registered")
    await make.meeting(db, "KK-2026-4", state="minutes_approved", on=make.date(2026, 9, 2))
    anna, ben, clara = [await client.browser(nick) for nick in ("anna", "ben", "clara")]
    with queries(db) as seen:
        page = (await anna.get("/sitzungen")).text
    assert len(seen) == 2
    for words in (
        "Sitzung ansetzen",
        "Kommende Sitzungen",
        "1 Anmeldung wartet",
        REFERENCE,
        "Frühere Sitzungen",
        "KK-2026-4",
    ):
        assert words in page, words
    member = (await ben.get("/sitzungen")).text
    assert REFERENCE in member and "Sitzung ansetzen" not in member and "Anmeldung wartet" not in member
    outside = (await clara.get("/sitzungen")).text
    assert REFERENCE not in outside and "Zurzeit ist keine angesetzt" in outside


async def test_the_page_of_a_meeting_says_where_it_stands_and_what_comes_next(
    db: Connection, client: Clients, office: Clock
) -> None:
    await convened(db, office)
    anna, ben = await client.browser("anna"), await client.browser("ben")
    page = (await anna.get(PAGE)).text
    for words in (
        "Einladung versenden …", "So kommt das Datum zustande", "bis Dienstag, 29. Dezember 2026", "Mit 14 vollen Tagen",
        "Begrüßung, Form und Frist", "10:05 Uhr", "Sitzung verlegen …", "Sitzung absagen …", f"{PAGE}/tagesordnung",
        f"{PAGE}/termin.ics", "Tagesordnung",
    ):  # fmt: skip
        assert words in page, words
    member = (await ben.get(PAGE)).text
    assert "Punkt anmelden" in member
    for words in ("Einladung versenden", "verlegen", "absagen", "/raum", "/bearbeiten"):
        assert words not in member, words


async def test_once_all_are_invited_the_room_comes_next(
    db: Connection, client: Clients, office: Clock
) -> None:
    meeting = await invited(db, office)

    async def shown(nick: str) -> tuple[list[str], list[str]]:
        """The primary button of the page, and the further steps in their order."""
        page = (await (await client.browser(nick)).get(PAGE)).text
        further = page.partition('id="next"')[2].partition("</section>")[0]
        return (
            re.findall(r'kern-btn--primary"[^>]*><span class="kern-label">([^<]+)<', page),
            re.findall(r"<li><a[^>]*>([^<]+)<", further),
        )

    for nick in ("anna", "mona"):
        assert (await shown(nick))[0] == ["Zum Sitzungsraum"], nick
    assert (await shown("ben"))[0] == ["Punkt anmelden"]
    await make.item(db, meeting, "Nachgereicht")
    primary, further = await shown("anna")
    assert (primary, further[0]) == (["Nachversand …"], "Zum Sitzungsraum"), (
        "what waits to be told goes before"
    )


async def test_each_page_is_whole_for_each_person(db: Connection, client: Clients, office: Clock) -> None:
    meeting = await running(db, office)
    await make.item(db, meeting, "Geheim", level="confidential", number="5", status="on_agenda")
    for nick in ("anna", "mona", "ben", "dina", "vera"):
        browser = await client.browser(nick)
        for path in ("/sitzungen", PAGE):
            answer = await browser.get(path)
            assert answer.status_code == 200 and flaws(answer.text, [EVERY]) == [], (nick, path)
            assert 'style="' not in answer.text and "<script>" not in answer.text
            for link in set(re.findall(r'href="(/sitzungen/[^"#]*)"', answer.text)):
                assert (await browser.get(link)).status_code == 200, (nick, link)


@pytest.mark.parametrize(
    "path", ["", "/bearbeiten", "/einladung", "/nachversand", "/absagen", "/verlegen", "/raum", "/termin.ics"]
)
async def test_outside_there_is_no_door(db: Connection, client: Clients, office: Clock, path: str) -> None:
    await invited(db, office)
    clara = await client.browser("clara")
    hidden, unknown = await clara.get(PAGE + path), await clara.get("/sitzungen/KK-1999-1" + path)
    assert hidden.status_code == unknown.status_code == 404
    assert REFERENCE not in hidden.text
    stranger = await client.stranger.get(PAGE + path)
    assert stranger.status_code == 303 and stranger.headers["location"].startswith("/anmelden?next=")


@pytest.mark.parametrize(
    "path",
    ["/bearbeiten", "/einladung", "/nachversand", "/absagen", "/verlegen", "/raum/anwesenheit", "/raum/beginnen",
     "/raum/schliessen"],
)  # fmt: skip
async def test_no_form_works_for_a_member_or_without_its_token(
    db: Connection, client: Clients, office: Clock, path: str
) -> None:
    await invited(db, office)
    form: dict[str, Any] = {"revision": "2", "idempotency_key": "k", "reason": "Grund", "title": "T", "date": "2027-01-20",
        "start_local": "10:00", "end_local": "11:00", "mode": "online"}  # fmt: skip
    ben, clara, anna = [await client.browser(nick) for nick in ("ben", "clara", "anna")]
    assert (await ben.post(PAGE + path, form)).status_code == 403
    assert (await clara.post(PAGE + path, form)).status_code == 404
    anna.token = "another"
    assert (await anna.post(PAGE + path, form)).status_code == 403
    assert await db.fetchval("select state || agenda_version || revision from meeting") == "invited12"


async def test_the_appointment_can_be_taken_along(db: Connection, client: Clients, office: Clock) -> None:
    meeting = await convened(db, office)
    ben = await client.browser("ben")
    answer = await ben.get(f"{PAGE}/termin.ics")
    assert answer.headers["content-type"].startswith("text/calendar")
    assert 'filename="KK-2027-1.ics"' in answer.headers["content-disposition"]
    calendar = icalendar.Calendar.from_ical(answer.content)
    (event,) = calendar.walk("VEVENT")
    assert (calendar["METHOD"], event["STATUS"], event["SEQUENCE"]) == ("PUBLISH", "TENTATIVE", 0)
    assert event["UID"] == f"{meeting}@example.invalid" and "ATTENDEE" not in event
    await db.execute("update meeting set state = 'cancelled'")
    assert b"STATUS:CANCELLED" in (await ben.get(f"{PAGE}/termin.ics")).content


@pytest.mark.confidential
async def test_a_confidential_item_is_there_for_all_and_says_nothing(
    db: Connection, client: Clients, office: Clock
) -> None:
    meeting = await running(db, office)
    await make.item(
        db,
        meeting,
        "Personalsache Quarzlampe",
        by="kim",
        level="confidential",
        number="5",
        status="on_agenda",
    )
    for nick, path in (
        ("ben", PAGE),
        ("vera", PAGE),
        ("mona", PAGE),
        ("mona", f"{PAGE}/raum"),
        ("anna", f"{PAGE}/raum"),
    ):
        page = (await (await client.browser(nick)).get(path)).text
        assert "Quarzlampe" not in page and "Vertraulicher Tagesordnungspunkt" in page, (nick, path)
    kim = (await (await client.browser("kim")).get(PAGE)).text
    assert "Personalsache Quarzlampe" in kim
    assert await db.fetchval("select count(*) from audit_event where action = 'agenda_item.read'") == 1


async def test_the_meeting_and_its_agenda_take_three_statements_at_most(
    db: Connection, client: Clients, office: Clock
) -> None:
    meeting = await invited(db, office)
    await make.item(db, meeting, status="admitted")
    for state in ("agenda_open", "invited", "running", "minutes_draft"):
        await db.execute("update meeting set state = $2 where id = $1", meeting, state)
        for nick in ("anna", "ben"):
            browser = await client.browser(nick)
            with queries(db) as seen:
                assert (await browser.get(PAGE)).status_code == 200
            assert len(seen) <= 3, (state, nick, [text.split()[:6] for text in seen])
    await db.execute("update meeting set state = 'agenda_open' where id = $1", meeting)
    anna = await client.browser("anna")
    with queries(db) as seen:
        assert (await anna.get(f"{PAGE}/tagesordnung")).status_code == 200
    assert len(seen) <= 3, [text.split()[:6] for text in seen]
