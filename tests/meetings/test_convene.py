"""A date is set: number of the year, deadlines with their steps, standing items; read, listed and changed."""

from datetime import date
from typing import Any

import msgspec
import pytest

from circle.core.clock import Clock
from circle.core.db import Connection
from circle.meetings.model import Meeting, MeetingCard
from tests import make
from tests.clients import Clients, queries

from .world import DAY, NEW, PAGE, REFERENCE, convened, invited

PATH = "/api/v1/meetings"


async def test_it_gets_number_deadlines_and_standing_items(db: Connection, client: Clients) -> None:
    answer = await (await client.as_("anna")).post(PATH, json=NEW)
    assert answer.status_code == 201 and answer.headers["etag"] == '"v1"'
    meeting = msgspec.convert(answer.json(), Meeting)
    assert (meeting.reference, meeting.number, meeting.state) == (REFERENCE, 1, "agenda_open")
    assert meeting.title == "1. Sitzung des Koordinierungskreises 2027"
    assert {name: one.on for name, one in meeting.deadlines.items()} == {
        "agenda_submission": date(2026, 12, 16), "invitation_latest": date(2026, 12, 29),
        "papers_latest": date(2027, 1, 5), "minutes_draft": date(2027, 2, 3),
    }  # fmt: skip
    assert "14 vollen Tagen" in " ".join(meeting.deadlines["invitation_latest"].steps)
    assert [item.kind for item in meeting.agenda] == ["formality", "approval_of_minutes", "miscellaneous"]
    assert not meeting.overdue and meeting.item_count == 3 and meeting.convened_by_name == "Anna Amt"
    assert (
        await db.fetchval("select action from audit_event where object_id = $1", meeting.id)
        == "meeting.convened"
    )
    entry = await db.fetchrow(
        "select reference, body, audience from search_entry where source_id = $1", meeting.id
    )
    assert entry["reference"] == REFERENCE and "Arnsberg, Saal 1" in entry["body"]
    assert sorted(entry["audience"]) == ["circle", f"meeting:{meeting.id}"]


async def test_page_and_api_agree(client: Clients) -> None:
    browser, anna = await client.browser("anna"), await client.as_("anna")
    form = NEW | {"mode": "in_person", "idempotency_key": "k"}
    answer = await browser.post("/sitzungen/neu", form)
    assert (answer.status_code, answer.headers["location"]) == (303, PAGE)
    again = await browser.post("/sitzungen/neu", form)
    assert again.headers["location"] == PAGE, "a double click sets one date"
    by_page = (await anna.get(PATH)).json()["items"]
    assert len(by_page) == 1
    by_api = (await anna.post(PATH, json=NEW)).json()
    for name in ("date", "start_local", "end_local", "place", "mode", "state", "time_zone"):
        assert by_page[0][name] == by_api[name], name
    assert by_api["reference"] == "KK-2027-2"


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"date": "2027-03-28", "start_local": "02:30"}, "start_local"),
        ({"date": "2027-03-28", "start_local": "01:00", "end_local": "02:30"}, "end_local"),
        ({"start_local": "25:00"}, "start_local"),
        ({"start_local": "10"}, "start_local"),
        ({"end_local": "10:00"}, "end_local"),
        ({"date": "2026-11-22"}, "date"),
        ({"date": "9999-01-01"}, "date"),
        ({"date": "2100-12-31"}, "date"),
        ({"link": "javascript:alert(1)"}, "link"),
    ],
)
async def test_what_cannot_be_is_refused_at_its_field(
    db: Connection, client: Clients, changed: dict[str, str], field: str
) -> None:
    answer = await (await client.as_("anna")).post(PATH, json=NEW | changed)
    assert answer.status_code == 400, answer.text
    assert field in [one["field"] for one in answer.json()["errors"]]
    page = await (await client.browser("anna")).post(
        "/sitzungen/neu", NEW | changed | {"mode": "in_person", "idempotency_key": "k"}
    )
    assert page.status_code == 422 and f'id="error-{field}"' in page.text
    assert "<title>Fehler: " in page.text
    assert await db.fetchval("select count(*) from meeting") == 0


async def test_a_late_invitation_is_told_and_not_refused(client: Clients) -> None:
    browser, anna = await client.browser("anna"), await client.as_("anna")
    soon = NEW | {"date": "2026-11-30"}
    assert (await anna.post(PATH, json=soon)).json()["overdue"] is True
    answer = await browser.post("/sitzungen/neu", soon | {"mode": "online", "idempotency_key": "k"})
    assert answer.status_code == 303
    page = await browser.get(answer.headers["location"])
    assert "Die Einladungsfrist ist am 13.11.2026 abgelaufen." in page.text
    assert "überfällig" in page.text


async def test_a_holiday_is_told(client: Clients) -> None:
    browser = await client.browser("anna")
    await browser.post(
        "/sitzungen/neu", NEW | {"date": "2027-05-06", "mode": "online", "idempotency_key": "k"}
    )
    assert "kein Arbeitstag (Christi Himmelfahrt)" in (await browser.get(PAGE)).text


async def test_it_keeps_the_procedure_of_its_day(db: Connection, client: Clients) -> None:
    await db.execute(
        """
        insert into procedure (version, adopted_on, in_force_from, rules)
        values (1, '2020-01-01', '2020-01-01', '{}'), (3, '2026-11-01', '2027-01-01', '{}'), (2, '2026-01-01', '2026-01-01',
            '{"invitation": {"unit": "clear_days_before", "value": 7}, "minutes_draft": {"unit": "weeks_after", "value": 2}}')
        """
    )
    meeting = (await (await client.as_("anna")).post(PATH, json=NEW)).json()
    assert meeting["procedure_version"] == 2
    assert meeting["deadlines"]["invitation_latest"]["on"] == "2027-01-05"
    assert meeting["deadlines"]["minutes_draft"]["on"] == "2027-01-27"
    assert meeting["deadlines"]["agenda_submission"]["on"] == "2026-12-16", "silent rules have their default"


async def test_a_repeated_request_sets_one_date(client: Clients) -> None:
    anna = await client.as_("anna")
    answers = [await anna.post(PATH, json=NEW, headers={"idempotency-key": "k"}) for _ in range(2)]
    assert answers[0].json() == answers[1].json()
    assert len((await anna.get(PATH)).json()["items"]) == 1


async def test_only_the_office_sets_dates(client: Clients) -> None:
    for nick in ("ben", "clara"):
        assert (await (await client.as_(nick)).post(PATH, json=NEW)).status_code == 403
        browser = await client.browser(nick)
        assert (await browser.get("/sitzungen/neu")).status_code == 403
        assert (await browser.post("/sitzungen/neu")).status_code == 403
    assert (await client.stranger.post(PATH, json=NEW)).status_code == 401


async def test_a_read_is_one_statement_and_hides_from_outside(
    db: Connection, client: Clients, office: Clock
) -> None:
    meeting = await convened(db, office)
    ben = await client.as_("ben")
    with queries(db) as seen:
        answer = await ben.get(f"{PATH}/{meeting}")
    assert answer.status_code == 200 and len(seen) == 1
    assert msgspec.convert(answer.json(), Meeting).deadlines
    clara = await client.as_("clara")
    unknown = await clara.get(f"{PATH}/00000000-0000-4000-8000-000000000000")
    hidden = await clara.get(f"{PATH}/{meeting}")
    assert hidden.status_code == unknown.status_code == 404
    assert {**hidden.json(), "request_id": ""} == {**unknown.json(), "request_id": ""}
    assert (await clara.get(PATH)).json()["items"] == []


async def test_the_list_pages_by_key_and_narrows(db: Connection, client: Clients) -> None:
    for number, (on, state) in enumerate([
        (date(2026, 9, 2), "minutes_approved"), (date(2026, 11, 23), "invited"), (date(2027, 1, 13), "agenda_open"),
        (date(2027, 3, 17), "planned"), (date(2027, 5, 5), "cancelled"),
    ], start=1):  # fmt: skip
        await make.meeting(db, f"KK-{on.year}-{number}", on=on, state=state)
    ben = await client.as_("ben")

    async def dates(query: str) -> list[str]:
        found, path = [], f"{PATH}?limit=2{query}"
        while path:
            with queries(db) as seen:
                answer = await ben.get(path)
            assert answer.status_code == 200 and len(seen) == 1
            found += [msgspec.convert(one, MeetingCard).date.isoformat() for one in answer.json()["items"]]
            path = answer.json()["next"]
        return found

    every = ["2027-05-05", "2027-03-17", "2027-01-13", "2026-11-23", "2026-09-02"]
    assert await dates("") == every
    assert await dates("&upcoming=true") == ["2026-11-23", "2027-01-13", "2027-03-17"]
    assert await dates("&upcoming=false") == ["2027-05-05", "2026-09-02"]
    assert await dates("&state=planned") == ["2027-03-17"]
    assert (await ben.get(f"{PATH}?state=nonsense")).status_code == 400


async def patch(client: Clients, meeting: Any, match: str | None, **changed: Any) -> Any:
    headers = {"if-match": match} if match else {}
    return await (await client.as_("anna")).patch(f"{PATH}/{meeting}", json=changed, headers=headers)


async def test_another_day_works_the_deadlines_out_again(
    db: Connection, client: Clients, office: Clock
) -> None:
    meeting = await convened(db, office)
    answer = await patch(client, meeting, '"v1"', date="2027-01-20", place="Köln", state="planned")
    assert answer.status_code == 200 and answer.headers["etag"] == '"v2"'
    found = answer.json()
    assert (found["date"], found["place"], found["state"]) == ("2027-01-20", "Köln", "planned")
    assert found["deadlines"]["agenda_submission"]["on"] == "2026-12-23"
    assert found["sequence"] == 0, "nobody has it in a calendar yet"
    assert await db.fetchval("select detail ->> 'fields' from audit_event where action = 'meeting.changed'")
    assert "Köln" in await db.fetchval("select body from search_entry where source_id = $1", meeting)


async def test_a_change_needs_the_present_revision(db: Connection, client: Clients, office: Clock) -> None:
    meeting = await convened(db, office)
    assert (await patch(client, meeting, None, place="Köln")).status_code == 428
    stale = await patch(client, meeting, '"v9"', place="Köln")
    assert stale.status_code == 412 and stale.json()["current"]["place"] == "Arnsberg, Saal 1"
    other_year = await patch(client, meeting, '"v1"', date="2028-01-12")
    assert other_year.status_code == 400 and other_year.json()["errors"][0]["field"] == "date"
    assert (await patch(client, meeting, '"v1"', end_local="09:00")).status_code == 400
    ben = await client.as_("ben")
    assert (
        await ben.patch(f"{PATH}/{meeting}", json={"place": "K"}, headers={"if-match": '"v1"'})
    ).status_code == 403
    clara = await client.as_("clara")
    assert (
        await clara.patch(f"{PATH}/{meeting}", json={"place": "K"}, headers={"if-match": '"v1"'})
    ).status_code == 404


async def test_after_the_invitation_the_day_stands_fast_and_calendars_are_counted(
    db: Connection, client: Clients, office: Clock
) -> None:
    meeting = await invited(db, office)
    refused = await patch(client, meeting, '"v2"', date="2027-01-20")
    assert (refused.status_code, refused.json()["code"]) == (409, "already_invited")
    same = await patch(client, meeting, '"v2"', date=DAY.isoformat(), note="Bitte Ausweis mitbringen.")
    assert same.status_code == 200 and same.json()["sequence"] == 0
    moved = await patch(client, meeting, '"v3"', place="Arnsberg, Saal 2", start_local="10:30:00")
    assert (moved.json()["sequence"], moved.json()["start_local"]) == (1, "10:30")
    assert moved.json()["unsent"] == {"items": 0, "papers": 0, "changed": True}


async def test_the_form_changes_what_the_api_changes(db: Connection, client: Clients, office: Clock) -> None:
    await convened(db, office)
    browser = await client.browser("anna")
    assert (await browser.get(f"{PAGE}/bearbeiten")).status_code == 200
    form = NEW | {
        "title": "Sondersitzung",
        "mode": "hybrid",
        "link": "https://konferenz.example/1",
        "note": "",
    }
    answer = await browser.post(f"{PAGE}/bearbeiten", form | {"revision": "1"})
    assert (answer.status_code, answer.headers["location"]) == (303, PAGE)
    page = (await browser.get(PAGE)).text
    assert "Sondersitzung" in page and 'href="https://konferenz.example/1"' in page
    plain = form | {"revision": "2", "link": "http://konferenz.example/1"}
    assert (await browser.post(f"{PAGE}/bearbeiten", plain)).status_code == 422
    stale = await browser.post(f"{PAGE}/bearbeiten", form | {"revision": "1"})
    assert stale.status_code == 412 and "Inzwischen wurde das geändert" in stale.text
    wrong = await browser.post(f"{PAGE}/bearbeiten", form | {"revision": "2", "end_local": "08:00"})
    assert wrong.status_code == 422 and 'id="error-end_local"' in wrong.text
