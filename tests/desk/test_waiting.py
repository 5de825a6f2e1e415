"""The start page: what waits for whom, and nothing for those whom it does not concern."""

from datetime import date
from uuid import UUID

import lxml.html
import pytest

from circle.consultations import actions as consultations
from circle.core import calendar
from circle.core.clock import Clock
from circle.core.db import Connection
from circle.desk.pages import ACTS
from tests import make
from tests.clients import Clients, queries


async def waiting(client: Clients, nick: str) -> list[tuple[str, str]]:
    """What and title of each thing that waits for somebody, in order."""
    answer = await (await client.browser(nick)).get("/")
    assert answer.status_code == 200, answer.text
    rows = lxml.html.fromstring(answer.text).xpath("//section[@aria-labelledby='waiting']//li")
    return [
        (
            row.xpath(".//p[@class='meta']")[0].text_content().split(" · ")[0],
            row.xpath(".//p[@class='title']/a")[0].text,
        )
        for row in rows
    ]


async def request_in(client: Clients, db: Connection, office: Clock, state: str) -> UUID:
    await make.advisers(db)
    return await make.consultation(db, office, state)


@pytest.mark.parametrize(
    "state, kind, who",
    [
        ("received", "assign", "anna"),
        ("assigned", "answer", "dora"),
        ("clarification", "reply", "ben"),
        ("in_progress", "answer", "dora"),
        ("in_review", "review", "quirin"),
        ("reviewed", "send", "anna"),
    ],
)
async def test_a_request_waits_for_exactly_one(
    client: Clients, db: Connection, office: Clock, state: str, kind: str, who: str
) -> None:
    await request_in(client, db, office, state)
    found = {
        nick: await waiting(client, nick)
        for nick in ("anna", "ben", "carl", "dora", "emil", "quirin", "clara")
    }
    assert found.pop(who) == [(ACTS[kind][0], "Sprachmittlung in der Beratung")]
    assert not any(found.values()), found


async def test_a_request_shows_among_those_of_the_house_only(
    client: Clients, db: Connection, office: Clock
) -> None:
    await request_in(client, db, office, "received")
    for nick, shown in [("ben", True), ("anna", True), ("carl", False), ("clara", False)]:
        text = (await (await client.browser(nick)).get("/")).text
        assert ("Sprachmittlung in der Beratung" in text) == shown, nick


async def test_a_deputy_finds_the_house_s_matters_only_in_the_time_of_the_absence(
    client: Clients, db: Connection, office: Clock
) -> None:
    found = await request_in(client, db, office, "assigned")
    await consultations.clarify(
        db, await make.actor(db, office, "dora"), found, consultations.Question("Für welches Amt?")
    )
    dirk = await make.person(db, "dirk", authority="br-arnsberg", roles=["deputy"])
    assert await waiting(client, "dirk") == []
    await make.absence(db, await make.person_id(db, "ben"), dirk, date(2026, 11, 23), date(2026, 11, 23))
    assert await waiting(client, "dirk") == [
        (ACTS["deputise"][0], "Sie vertreten Ben Beauftragt"),
        (ACTS["reply"][0], "Sprachmittlung in der Beratung"),
    ]
    await db.execute("update absence set starts_on = '2026-11-24', ends_on = '2026-11-30'")
    assert await waiting(client, "dirk") == []


async def test_tasks_wait_by_due_day_for_their_owner(client: Clients, db: Connection) -> None:
    ben, anna = await make.person_id(db, "ben"), await make.person_id(db, "anna")
    for number, (due, status) in enumerate(
        [
            (None, "open"),
            (date(2026, 12, 1), "accepted"),
            (date(2026, 11, 20), "open"),
            (date(2026, 11, 1), "done"),
        ]
    ):
        await db.execute(
            "insert into task (reference, title, owner_id, due, status, created_by) values ($1, $2, $3, $4, $5, $6)",
            f"AUF-2026-{number:02}", f"Aufgabe {number}", ben, due, status, anna,
        )  # fmt: skip
    assert [title for _, title in await waiting(client, "ben")] == ["Aufgabe 2", "Aufgabe 1", "Aufgabe 0"]
    page = (await (await client.browser("ben")).get("/")).text
    assert f"seit {calendar.date_short(date(2026, 11, 20))} fällig" in page
    assert await waiting(client, "anna") == []


async def test_the_office_meets_the_steps_of_a_meeting(client: Clients, db: Connection) -> None:
    await make.person(db, "mona", roles=["circle_moderator"])
    meeting = await make.meeting(db, on=date(2026, 12, 1))
    await db.execute(
        """update meeting set deadlines = '{"invitation_latest": {"on": "2026-11-30"}}' where id = $1""",
        meeting,
    )
    await make.item(db, meeting, "Anmeldung aus Arnsberg", status="registered")
    kinds = [kind for kind, _ in await waiting(client, "anna")]
    assert sorted(kinds) == sorted([ACTS["admit"][0], ACTS["invite"][0]])
    assert await waiting(client, "mona") == [] == await waiting(client, "ben")
    for state, kind in [("running", "run"), ("held", "write")]:
        await db.execute("update meeting set state = $2 where id = $1", meeting, state)
        for nick in ("anna", "mona"):
            assert ACTS[kind][0] in [one for one, _ in await waiting(client, nick)], (state, nick)
        assert await waiting(client, "ben") == [] == await waiting(client, "clara")


async def test_a_prepared_or_unclear_dispatch_waits_for_the_office(
    client: Clients, db: Connection, office: Clock
) -> None:
    ben = await make.person_id(db, "ben")
    dispatch = await make.dispatch(db, office, [ben])
    assert await waiting(client, "anna") == [(ACTS["dispatch"][0], "Rundschreiben")]
    await db.execute("update dispatch set state = 'done' where id = $1", dispatch)
    assert await waiting(client, "anna") == []
    await db.execute("update delivery set state = 'uncertain' where dispatch_id = $1", dispatch)
    assert await waiting(client, "anna") == [(ACTS["settle"][0], "Rundschreiben")]
    assert await waiting(client, "ben") == []


async def test_a_draft_waits_for_its_house_and_has_no_number_yet(
    client: Clients, db: Connection, office: Clock
) -> None:
    await make.person(db, "lina", authority="br-arnsberg", roles=["assistant"])
    found = await request_in(client, db, office, "draft")
    for nick in ("ben", "lina"):
        page = lxml.html.fromstring((await (await client.browser(nick)).get("/")).text)
        links = page.xpath("//a[normalize-space()='Sprachmittlung in der Beratung']/@href")
        assert links == [f"/anfragen/{found}"] * 2, nick
        assert "Entwurf" in page.xpath("//section[@aria-labelledby='requests']")[0].text_content()
        assert await waiting(client, nick) == [(ACTS["finish"][0], "Sprachmittlung in der Beratung")]
        assert (await (await client.browser(nick)).get(links[0])).status_code == 200
    for nick in ("anna", "carl", "dora", "clara"):
        assert await waiting(client, nick) == []


async def test_an_answered_request_shows_its_state_instead_of_a_deadline(
    client: Clients, db: Connection, office: Clock
) -> None:
    await make.advisers(db)
    for state in ("assigned", "answered"):
        await make.consultation(db, office, state)
    page = lxml.html.fromstring((await (await client.browser("ben")).get("/")).text)
    rows = page.xpath("//section[@aria-labelledby='requests']//p[@class='meta']")
    assert [row.text_content() for row in rows] == [
        "BA-2026-002 · Beantwortet",
        "BA-2026-001 · Antwort bis 07.12.2026",
    ]


async def test_a_returned_proposal_waits_for_its_house(client: Clients, db: Connection) -> None:
    await make.person(db, "carl", authority="br-koeln", roles=["commissioner"])
    meeting = await make.meeting(db, on=date(2026, 12, 1))
    item = await make.item(db, meeting, "Noch unklar", status="returned")
    assert await waiting(client, "ben") == [(ACTS["amend"][0], "Noch unklar")]
    for nick in ("carl", "anna", "clara"):
        assert await waiting(client, nick) == [], nick
    page = await (await client.browser("ben")).get("/")
    address = f"/sitzungen/KK-2027-1/top/{item}"
    assert f'href="{address}"' in page.text
    assert (await (await client.browser("ben")).get(address)).status_code == 200


async def test_the_office_admits_in_the_table_of_the_agenda(client: Clients, db: Connection) -> None:
    await make.item(db, await make.meeting(db), "Neuer Punkt", status="registered")
    anna = await client.browser("anna")
    address = "/sitzungen/KK-2027-1/tagesordnung"
    assert f'href="{address}"' in (await anna.get("/")).text
    assert "Neuer Punkt" in (await anna.get(address)).text


async def test_minutes_wait_for_objections_then_for_decisions_then_for_approval(
    client: Clients, db: Connection
) -> None:
    await make.person(db, "mona", roles=["circle_moderator"])
    meeting = await make.meeting(db, "KK-2026-5", on=date(2026, 11, 4), state="minutes_draft")
    minutes = await db.fetchval(
        """
        insert into minutes (meeting_id, state, version, draft_sent_on, objection_until)
        values ($1, 'sent', 1, '2026-11-09', '2026-11-23') returning id
        """,
        meeting,
    )
    title = "5. Sitzung 2026"
    assert await waiting(client, "ben") == [(ACTS["object"][0], title)]
    assert await waiting(client, "anna") == await waiting(client, "mona") == []
    objection = await db.fetchval(
        """
        insert into minutes_objection (minutes_id, by_id, received_on, text, audience)
        values ($1, $2, '2026-11-20', 'Anders gesagt.', array['circle']) returning id
        """,
        minutes, await make.person_id(db, "ben"),
    )  # fmt: skip
    assert await waiting(client, "anna") == [(ACTS["decide"][0], title)]
    await db.execute("update minutes_objection set decision = 'accepted' where id = $1", objection)
    await db.execute("update minutes set objection_until = '2026-11-22'")
    assert await waiting(client, "anna") == await waiting(client, "ben") == []
    await make.meeting(db, "KK-2026-6", on=date(2026, 11, 23), state="running")
    assert (ACTS["approve"][0], title) in await waiting(client, "anna")
    assert await waiting(client, "ben") == await waiting(client, "clara") == []
    for nick in ("ben", "anna"):
        assert (
            await (await client.browser(nick)).get("/sitzungen/KK-2026-5/niederschrift")
        ).status_code == 200


async def test_a_text_waits_for_whoever_may_release_it_and_did_not_write_it(
    client: Clients, db: Connection
) -> None:
    await make.person(db, "frida", roles=["release_approver"])
    await make.person(db, "wanda", roles=["knowledge_editor"])
    await make.document(db, "wanda", state="in_review")
    title = "Leitfaden Sprachmittlung"
    assert await waiting(client, "frida") == [(ACTS["release_document"][0], title)]
    await db.execute("update document set state = 'draft', return_note = 'Bitte kürzen.'")
    assert await waiting(client, "wanda") == [(ACTS["mend"][0], title)]
    await db.execute("update document set state = 'released', review_on = '2026-11-22'")
    assert await waiting(client, "wanda") == [(ACTS["check"][0], title)]
    for nick in ("frida", "anna", "ben", "clara"):
        assert await waiting(client, nick) == [], nick


@pytest.mark.confidential
async def test_a_confidential_item_waits_without_its_title(client: Clients, db: Connection) -> None:
    meeting = await make.meeting(db, on=date(2026, 12, 1))
    await make.item(db, meeting, "Quittengelee", status="registered", level="confidential")
    page = (await (await client.browser("anna")).get("/")).text
    assert "Quittengelee" not in page


async def test_the_next_meeting_shows_the_agenda_as_one_may_see_it(client: Clients, db: Connection) -> None:
    meeting = await make.meeting(db, on=date(2026, 12, 1), state="invited")
    await make.item(db, meeting, "Offener Punkt", number="1", status="on_agenda")
    await make.item(
        db, meeting, "Quittengelee", number="2", status="on_agenda", level="confidential", by="ben"
    )
    ben, anna = [(await (await client.browser(nick)).get("/")).text for nick in ("ben", "anna")]
    assert "Offener Punkt" in ben and "Quittengelee" in ben
    assert "Offener Punkt" in anna and "Vertraulicher Tagesordnungspunkt" in anna
    clara = (await (await client.browser("clara")).get("/")).text
    assert "Nächste Sitzung" not in clara and "Offener Punkt" not in clara


async def test_a_running_meeting_is_one_click_away(client: Clients, db: Connection) -> None:
    await make.meeting(db, on=date(2026, 12, 1), state="running")
    reference = await db.fetchval("select reference from meeting")
    ben, anna, clara = [
        (await (await client.browser(nick)).get("/")).text for nick in ("ben", "anna", "clara")
    ]
    room, live = f'href="/sitzungen/{reference}/raum"', f'href="/sitzungen/{reference}/live"'
    assert live in ben and room not in ben
    assert room in anna and live not in anna
    assert room not in clara and live not in clara


@pytest.mark.parametrize(
    "role", ["regional_staff", "technical_admin", "data_protection_officer", "partner", "kfi_head"]
)
async def test_where_nothing_waits_the_page_says_so_and_leads_on(
    client: Clients, db: Connection, role: str
) -> None:
    await make.person(db, "dora", authority="br-koeln", roles=[role])
    page = await (await client.browser("dora")).get("/")
    assert page.status_code == 200 and "Im Moment wartet nichts auf Sie." in page.text
    assert page.text.count("<h1>") == 1


async def test_the_start_page_is_one_statement(client: Clients, db: Connection) -> None:
    anna = await client.browser("anna")
    with queries(db) as seen:
        await anna.get("/")
    assert len(seen) == 1


@pytest.mark.parametrize("path", ["/hilfe", "/barrierefreiheit", "/datenschutz", "/impressum"])
async def test_the_pages_of_the_footer_are_open_to_everybody(client: Clients, path: str) -> None:
    stranger = await client.stranger.get(path)
    assert (
        stranger.status_code == 200 and stranger.text.count("<h1>") == 1 and "Abmelden" not in stranger.text
    )
    assert "Abmelden" in (await (await client.browser("clara")).get(path)).text
