"""Answering an invitation: on the page and by API, until the meeting begins; a deputy is named (stories S03, S09)."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from circle.core.clock import Clock
from circle.core.db import Connection
from tests import make
from tests.clients import Clients, queries
from tests.meetings.world import DAY, PAGE, act, convened, invited

OWN = f"{PAGE}/rueckmeldung"
ALL = f"{PAGE}/rueckmeldungen"


async def answers(db: Connection, nick: str = "ben") -> list[tuple[str, str]]:
    """Answer and way of all that somebody said, oldest first."""
    who = await make.person_id(db, nick)
    rows = await db.fetch("select answer, way from reply where person_id = $1 order by number", who)
    return [(row["answer"], row["way"]) for row in rows]


async def deputy(db: Connection, nick: str = "dora", house: str = "br-arnsberg") -> Any:
    return await make.person(db, nick, name="Dora Stellvertretung", authority=house, roles=["deputy"])


async def test_the_last_answer_counts_and_all_are_kept(
    db: Connection, client: Clients, office: Clock
) -> None:
    meeting = await invited(db, office)
    ben = await client.as_("ben")
    first = await act(ben, meeting, "reply", {"answer": "in_person", "note": "ab elf Uhr"})
    assert first.status_code == 200
    assert (first.json()["answer"], first.json()["way"], first.json()["id"]) == (
        "in_person",
        "api",
        str(meeting),
    )
    await act(ben, meeting, "reply", {"answer": "declined"})
    assert await answers(db) == [("in_person", "api"), ("declined", "api")]
    own = (await ben.get(f"/api/v1/meetings/{meeting}/reply")).json()
    assert own["answer"] == "declined" and [one["note"] for one in own["history"]] == ["", "ab elf Uhr"]
    assert own["history"][0]["entered_by_name"] == "Ben Beauftragt"
    told = await db.fetch("select detail::text from audit_event where action = 'reply.given' order by id")
    assert len(told) == 2 and "elf" not in told[0]["detail"]


async def test_page_and_api_agree(db: Connection, client: Clients, office: Clock) -> None:
    meeting = await invited(db, office)
    page = await client.browser("ben")
    with queries(db) as seen:
        shown = await page.get(PAGE)
    assert len(seen) == 2 and f'action="{OWN}"' in shown.text and "(6 offen)" in shown.text
    form = (await page.get(OWN)).text
    assert "kommt in Präsenz" in form and "kommt online" not in form
    done = await page.post(OWN, {"answer": "in_person", "note": "gern", "idempotency_key": "k1"})
    assert (done.status_code, done.headers["location"]) == (303, PAGE)
    assert await answers(db) == [("in_person", "page")]
    items = (await (await client.as_("ben")).get(f"/api/v1/meetings/{meeting}/replies")).json()["items"]
    assert [one["answer"] for one in items if one["name"] == "Ben Beauftragt"] == ["in_person"]
    shown = await page.get(PAGE)
    assert "kommt in Präsenz" in shown.text and "Antwort ändern" in shown.text and "(5 offen)" in shown.text
    again = (await page.get(OWN)).text
    assert "gern" in again and "im Arbeitsraum" in again


async def test_outside_there_is_nothing(db: Connection, client: Clients, office: Clock) -> None:
    meeting = await invited(db, office)
    clara, page = await client.as_("clara"), await client.browser("clara")
    assert (await act(clara, meeting, "reply", {"answer": "in_person"})).status_code == 404
    assert (await clara.get(f"/api/v1/meetings/{meeting}/replies")).status_code == 404
    for path in (OWN, ALL):
        assert (await page.get(path)).status_code == 404
    assert (await page.post(OWN, {"answer": "in_person", "idempotency_key": "k"})).status_code == 404


async def test_who_sees_it_and_is_not_invited_may_not_answer(
    db: Connection, client: Clients, office: Clock
) -> None:
    meeting = await invited(db, office)
    await make.person(db, "quirin", roles=["quality_reviewer"])
    quirin = await client.as_("quirin")
    assert (await act(quirin, meeting, "reply", {"answer": "in_person"})).status_code == 403
    page = await (await client.browser("quirin")).get(OWN)
    assert "nicht eingeladen" in page.text and "Rückmeldung senden" not in page.text


@pytest.mark.parametrize(
    ("mode", "good", "bad"), [("in_person", "in_person", "online"), ("online", "online", "in_person")]
)
async def test_one_comes_as_the_meeting_is_held(
    db: Connection, client: Clients, office: Clock, mode: str, good: str, bad: str
) -> None:
    meeting = await invited(db, office)
    await db.execute("update meeting set mode = $1", mode)
    ben, page = await client.as_("ben"), await client.browser("ben")
    refused = await act(ben, meeting, "reply", {"answer": bad})
    assert refused.status_code == 400 and refused.json()["errors"][0]["field"] == "answer"
    shown = await page.post(OWN, {"answer": bad, "note": "mein Satz", "idempotency_key": "k"})
    assert shown.status_code == 422 and "mein Satz" in shown.text and "field-answer" in shown.text
    assert (await act(ben, meeting, "reply", {"answer": good})).status_code == 200


@pytest.mark.parametrize(
    "body",
    [{}, {"answer": "tentative"}, {"answer": "in_person", "note": "x" * 501}, {"answer": "in_person", "more": 1},
     {"answer": "represented"}, {"answer": "in_person", "deputy_id": "00000000-0000-4000-8000-000000000000"},
     {"answer": "represented", "deputy_id": "00000000-0000-4000-8000-000000000000"}],
)  # fmt: skip
async def test_bad_input_is_told_at_its_field(
    db: Connection, client: Clients, office: Clock, body: dict[str, Any]
) -> None:
    meeting = await invited(db, office)
    answer = await act(await client.as_("ben"), meeting, "reply", body)
    assert answer.status_code == 400 and answer.json()["errors"]
    assert await answers(db) == []


@pytest.mark.parametrize("state", ["running", "held", "cancelled", "moved", "filed"])
async def test_not_after_the_begin_nor_when_it_does_not_take_place(
    db: Connection, client: Clients, office: Clock, state: str
) -> None:
    meeting = await invited(db, office)
    await db.execute("update meeting set state = $1", state)
    answer = await act(await client.as_("ben"), meeting, "reply", {"answer": "in_person"})
    assert answer.status_code == 409
    assert "Rückmeldung senden" not in (await (await client.browser("ben")).get(OWN)).text


async def test_not_before_the_invitation(db: Connection, client: Clients, office: Clock) -> None:
    meeting = await convened(db, office)
    assert (await act(await client.as_("ben"), meeting, "reply", {"answer": "in_person"})).status_code == 409


async def test_the_hour_of_the_begin_ends_it(
    db: Connection, client: Clients, office: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    meeting = await invited(db, office)
    begin = datetime(2027, 1, 13, 9, 0, tzinfo=UTC)
    for at, status in ((begin - timedelta(minutes=1), 200), (begin, 409)):
        monkeypatch.setattr(Clock, "now", lambda self, at=at: at)
        answer = await act(await client.as_("ben"), meeting, "reply", {"answer": "in_person"})
        assert answer.status_code == status, at


async def test_naming_a_deputy_enters_the_absence_and_changing_ones_mind_takes_it_back(
    db: Connection, client: Clients, office: Clock
) -> None:
    dora = await deputy(db)
    meeting = await invited(db, office)
    ben, stand_in = await client.as_("ben"), await client.as_("dora")
    assert (await stand_in.get(f"/api/v1/meetings/{meeting}")).status_code == 404
    answer = await act(ben, meeting, "reply", {"answer": "represented", "deputy_id": str(dora)})
    assert answer.status_code == 200 and answer.json()["acting_id"] == str(dora)
    row = await db.fetchrow("select * from absence where deputy_id = $1", dora)
    assert (row["starts_on"], row["ends_on"], row["meeting_id"]) == (DAY, DAY, meeting)
    assert (await stand_in.get(f"/api/v1/meetings/{meeting}")).status_code == 200
    told = await db.fetchrow(
        "select d.subject, d.answer_page from dispatch d join delivery e on e.dispatch_id = d.id where e.person_id = $1",
        dora,
    )
    assert told["subject"] == "Sie vertreten Ben Beauftragt in der Sitzung am 13.01.2027"
    assert told["answer_page"] == "/rueckmeldung"
    assert (await stand_in.get(f"/api/v1/meetings/{meeting}/reply")).json()["answer"] is None
    await act(ben, meeting, "reply", {"answer": "in_person"})
    assert await db.fetchval("select count(*) from absence where deputy_id = $1", dora) == 0
    assert await db.fetchval("select count(*) from invitee where person_id = $1", dora) == 0
    assert (await stand_in.get(f"/api/v1/meetings/{meeting}")).status_code == 404


async def test_another_deputy_takes_the_place_of_the_first(
    db: Connection, client: Clients, office: Clock
) -> None:
    dora, emma = await deputy(db), await deputy(db, "emma")
    meeting = await invited(db, office)
    ben = await client.as_("ben")
    for one in (dora, emma):
        await act(ben, meeting, "reply", {"answer": "represented", "deputy_id": str(one)})
    ben_id = await make.person_id(db, "ben")
    rows = await db.fetch("select deputy_id from absence where person_id = $1", ben_id)
    assert [row["deputy_id"] for row in rows] == [emma]
    asked = await db.fetch("select person_id from invitee where as_deputy")
    assert [row["person_id"] for row in asked] == [emma]


async def test_an_absence_that_stands_in_the_way_is_left_and_told(
    db: Connection, client: Clients, office: Clock
) -> None:
    dora, emma = await deputy(db), await deputy(db, "emma")
    meeting = await invited(db, office)
    ben = await make.person_id(db, "ben")
    await make.absence(db, ben, emma, date(2027, 1, 1), date(2027, 1, 31))
    page = await client.browser("ben")
    form = {"answer": "represented", "deputy_id": str(dora), "idempotency_key": "k"}
    done = await page.post(OWN, form)
    assert done.status_code == 303 and "fehlt%20noch%20ein%20Schritt" in done.cookies["notice"]
    assert await answers(db) == [("represented", "page")]
    assert await db.fetchval("select deputy_id from absence where person_id = $1", ben) == emma
    assert "noch nicht eingetragen" in (await page.get(OWN)).text
    assert meeting


async def test_a_deputy_of_another_house_is_refused(db: Connection, client: Clients, office: Clock) -> None:
    meeting = await invited(db, office)
    dina = await make.person_id(db, "dina")
    answer = await act(
        await client.as_("ben"), meeting, "reply", {"answer": "represented", "deputy_id": str(dina)}
    )
    assert answer.status_code == 400


async def test_kfi_staff_and_deputies_in_their_time_answer_too(
    db: Connection, client: Clients, office: Clock
) -> None:
    meeting = await invited(db, office)
    for nick in ("mona", "dina", "vera", "anna"):
        answer = await act(await client.as_(nick), meeting, "reply", {"answer": "in_person"})
        assert answer.status_code == 200, nick


async def test_a_guest_answers_and_reads_only_the_own_answer(
    db: Connection, client: Clients, office: Clock
) -> None:
    meeting = await convened(db, office)
    await make.item(db, meeting)
    clara = await make.person_id(db, "clara")
    await db.execute(
        "insert into attendance (meeting_id, person_id, status) values ($1, $2, 'guest')", meeting, clara
    )
    await act(await client.as_("anna"), meeting, "invite", {})
    guest = await client.as_("clara")
    assert (await act(guest, meeting, "reply", {"answer": "in_person"})).status_code == 200
    found = (await guest.get(f"/api/v1/meetings/{meeting}/replies")).json()
    assert [one["name"] for one in found["items"]] == ["Clara Außen"] and found["deputies"] == []
    page = await (await client.browser("clara")).get(ALL)
    assert page.status_code == 200 and "Ben" not in page.text


async def test_notes_are_for_the_own_house_and_the_office(
    db: Connection, client: Clients, office: Clock
) -> None:
    meeting = await invited(db, office)
    await make.person(db, "ada", authority="br-arnsberg", roles=["assistant"])
    await act(await client.as_("ben"), meeting, "reply", {"answer": "declined", "note": "Zahnarzt Quarz"})
    for nick, reads in (("anna", True), ("ben", True), ("kim", False), ("mona", False)):
        found = await (await client.as_(nick)).get(f"/api/v1/meetings/{meeting}/replies")
        page = await (await client.browser(nick)).get(ALL)
        assert ("Quarz" in found.text, "Quarz" in page.text) == (reads, reads), nick
        assert '"answer":"declined"' in found.text.replace(": ", ":"), nick


async def test_the_office_enters_what_was_said_on_the_telephone(
    db: Connection, client: Clients, office: Clock
) -> None:
    meeting = await invited(db, office)
    ben = await make.person_id(db, "ben")
    anna = await client.as_("anna")
    path = f"replies/{ben}"
    done = await act(anna, meeting, path, {"answer": "in_person"})
    assert done.status_code == 200 and done.json()["way"] == "telephone"
    assert done.json()["history"][0]["entered_by_name"] == "Anna Amt"
    page = await client.browser("anna")
    assert (await page.get(f"{ALL}/{ben}")).status_code == 200
    sent = await page.post(f"{ALL}/{ben}", {"answer": "declined", "idempotency_key": "k"})
    assert (sent.status_code, sent.headers["location"]) == (303, ALL)
    assert await answers(db) == [("in_person", "telephone"), ("declined", "telephone")]
    acts = await db.fetch("select actor_name from audit_event where action = 'reply.given'")
    assert {row["actor_name"] for row in acts} == {"Anna Amt"}
    assert (await act(await client.as_("kim"), meeting, path, {"answer": "in_person"})).status_code == 403
    assert (await act(await client.as_("clara"), meeting, path, {"answer": "in_person"})).status_code == 404
    clara = await make.person_id(db, "clara")
    assert (await act(anna, meeting, f"replies/{clara}", {"answer": "in_person"})).status_code == 404


async def test_the_overview_says_who_comes_and_which_houses_are_missing(
    db: Connection, client: Clients, office: Clock
) -> None:
    meeting = await invited(db, office)
    await act(await client.as_("ben"), meeting, "reply", {"answer": "in_person"})
    ben = await client.as_("ben")
    with queries(db) as seen:
        assert (await ben.get(f"/api/v1/meetings/{meeting}/replies")).status_code == 200
    assert len(seen) == 1
    text = (await (await client.browser("ben")).get(ALL)).text
    assert "1 von 5 Häusern" in text and "BR Köln" in text and "Telefonisch" not in text
    assert 'role="img"' in text and "offen seit 23.11.2026" in text
    assert "Telefonisch eintragen" in (await (await client.browser("anna")).get(ALL)).text


async def test_an_answer_is_never_altered(db: Connection, client: Clients, office: Clock) -> None:
    meeting = await invited(db, office)
    await act(await client.as_("ben"), meeting, "reply", {"answer": "in_person"})
    for sql in ("update reply set answer = 'declined'", "delete from reply"):
        await db.execute("savepoint before")
        with pytest.raises(Exception, match=r"written once|permission denied"):
            await db.execute(sql)
        await db.execute("rollback to savepoint before")
