"""A year is planned: days are proposed and nothing is written, then all meetings are set in one act."""

from datetime import date
from typing import Any

import pytest

from circle.core.clock import Clock
from circle.core.db import Connection
from circle.meetings.year import rules
from tests import make
from tests.clients import Clients

PATH = "/api/v1/meeting-series"
PAGE = "/sitzungen/jahr/2027/planen"
PATTERN: dict[str, Any] = {
    "year": 2027, "nth": [2], "weekday": 3, "months": [1, 3, 5], "start_local": "10:00", "end_local": "14:00",
    "place": "Arnsberg",
}  # fmt: skip
ASKED = "nth=2&weekday=3&months=1&months=3&start_local=10:00&end_local=14:00&mode=in_person&place=Arnsberg&earlier=false"


async def written(db: Connection) -> tuple[int, int]:
    return (
        await db.fetchval("select count(*) from meeting"),
        await db.fetchval("select count(*) from procedure"),
    )


async def send(client: Clients, body: dict[str, Any], *, nick: str = "anna", key: str = "k") -> Any:
    headers = {"idempotency-key": key} if key else {}
    return await (await client.as_(nick)).post(PATH, json=body, headers=headers)


@pytest.mark.parametrize(
    ("year", "month", "weekday", "nth", "found"),
    [
        (2027, 1, 3, 2, date(2027, 1, 13)),
        (2027, 9, 3, 1, date(2027, 9, 1)),
        (2027, 12, 5, 5, date(2027, 12, 31)),
        (2028, 2, 2, 5, date(2028, 2, 29)),
        (2026, 2, 1, 4, date(2026, 2, 23)),
    ],
)
def test_the_nth_day_of_a_month(year: int, month: int, weekday: int, nth: int, found: date) -> None:
    assert rules.nth_day(year, month, weekday, nth) == found


def test_a_holiday_moves_the_day_within_its_year() -> None:
    assert rules.suitable(date(2027, 5, 6), earlier=False)[0] == date(2027, 5, 7)
    assert rules.suitable(date(2027, 5, 6), earlier=True)[0] == date(2027, 5, 5)
    assert rules.suitable(date(2027, 1, 1), earlier=True)[0] == date(2027, 1, 4), "not into the year before"
    assert "Christi Himmelfahrt" in rules.suitable(date(2027, 5, 6), earlier=False)[1]
    assert rules.suitable(date(2026, 12, 24), earlier=False) == (date(2026, 12, 24), "")


async def test_a_preview_writes_nothing(db: Connection, client: Clients) -> None:
    before = await written(db)
    answer = await send(client, {"preview": True, "pattern": PATTERN}, key="")
    assert answer.status_code == 200 and answer.json()["created"] == []
    items = answer.json()["items"]
    assert [one["meeting"]["date"] for one in items] == ["2027-01-13", "2027-03-10", "2027-05-12"]
    assert items[0]["deadlines"]["invitation_latest"]["on"] == "2026-12-29"
    assert await written(db) == before


async def test_holidays_move_school_holidays_warn_and_other_meetings_collide(
    db: Connection, client: Clients
) -> None:
    await make.meeting(db, "KK-2027-9", on=date(2027, 5, 7))
    thursdays = PATTERN | {"nth": [1], "weekday": 4, "months": [5, 8]}
    may, august = (await send(client, {"pattern": thursdays}, key="")).json()["items"]
    assert "Christi Himmelfahrt" in may["moved"] and may["meeting"]["date"] == "2027-05-07"
    assert "KK-2027-9" in may["refused"] and may["taken"] == "KK-2027-9"
    assert "Sommerferien" in august["warnings"][0] and not august["refused"]
    before = (await send(client, {"pattern": thursdays | {"earlier": True}}, key="")).json()["items"][0]
    assert before["meeting"]["date"] == "2027-05-05" and not before["refused"]
    done = await send(client, {"preview": False, "pattern": thursdays})
    assert [one["date"] for one in done.json()["created"]] == ["2027-08-05"], "the possible ones"
    unknown = (await send(client, {"pattern": PATTERN | {"year": 2040}}, key="")).json()
    assert "Schulferien des Jahres 2040" in unknown["notes"][0]


async def test_all_are_set_once_as_planned_ones(db: Connection, client: Clients) -> None:
    body = {"preview": False, "pattern": PATTERN | {"title": "Sitzung im {monat} {jahr}"}}
    answer = await send(client, body)
    assert answer.status_code == 201, answer.text
    assert [(one["reference"], one["title"]) for one in answer.json()["created"]] == [
        ("KK-2027-1", "Sitzung im Januar 2027"), ("KK-2027-2", "Sitzung im März 2027"),
        ("KK-2027-3", "Sitzung im Mai 2027"),
    ]  # fmt: skip
    assert (await send(client, body)).json() == answer.json()
    assert await db.fetchval("select count(*) from meeting where state = 'planned'") == 3
    assert await db.fetchval("select count(*) from audit_event where action = 'meeting.convened'") == 3
    assert await db.fetchval("select count(*) from search_entry where source_kind = 'meeting'") == 3
    assert (await send(client, body, key="")).json()["code"] == "key_required"
    again = await send(client, body, key="another")
    assert (again.status_code, again.json()["code"]) == (409, "day_taken")
    assert await db.fetchval("select count(*) from meeting") == 3


async def test_named_meetings_are_set_all_or_none(db: Connection, client: Clients) -> None:
    one = {"date": "2027-01-13", "start_local": "10:00", "end_local": "14:00", "mode": "online"}
    wrong = await send(
        client, {"preview": False, "meetings": [one, one | {"end_local": "09:00", "date": "2027-02-10"}]}
    )
    assert wrong.status_code == 400 and wrong.json()["errors"][0]["field"] == "meetings.1.end_local"
    twice = await send(client, {"preview": False, "meetings": [one, one]}, key="k2")
    assert twice.status_code == 400 and twice.json()["errors"][0]["field"] == "meetings.1.date"
    assert await db.fetchval("select count(*) from meeting") == 0
    done = await send(client, {"preview": False, "meetings": [one | {"date": "2027-02-10"}, one]}, key="k3")
    assert [(m["reference"], m["date"]) for m in done.json()["created"]] == [
        ("KK-2027-1", "2027-01-13"), ("KK-2027-2", "2027-02-10"),
    ]  # fmt: skip


async def test_the_night_of_the_change(client: Clients) -> None:
    night = {"date": "2027-03-28", "start_local": "02:30", "end_local": "04:00"}
    found = (await send(client, {"meetings": [night]}, key="")).json()["items"][0]
    assert "Sommerzeit" in found["refused"] and found["field"] == "start_local"
    refused = await send(client, {"preview": False, "meetings": [night]})
    assert refused.status_code == 400 and refused.json()["errors"][0]["field"] == "meetings.0.start_local"


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"pattern": PATTERN | {"year": 1989}},
        {"pattern": PATTERN | {"year": 2200}},
        {"pattern": PATTERN | {"months": [13]}},
        {"pattern": PATTERN | {"months": []}},
        {"pattern": PATTERN | {"months": [1, 1]}},
        {"pattern": PATTERN | {"nth": [0]}},
        {"pattern": PATTERN | {"nth": [1, 2, 3]}},
        {"pattern": PATTERN | {"weekday": 6}},
        {"pattern": PATTERN | {"title": "x" * 301}},
        {"pattern": PATTERN | {"colour": "red"}},
        {"meetings": []},
        {"meetings": [{"date": "2027-01-13", "start_local": "10:00", "end_local": "14:00"}] * 25},
    ],
)
async def test_beyond_the_limits(client: Clients, body: dict[str, Any]) -> None:
    assert (await send(client, {"preview": True} | body, key="")).status_code == 400


async def test_hours_and_years_without_a_day_are_told(client: Clients) -> None:
    for given in ({"start_local": "25:00"}, {"end_local": "09:00"}, {"year": 1995}, {"year": 2150}):
        answer = await send(client, {"pattern": PATTERN | given}, key="")
        assert answer.status_code == 200 and all(one["refused"] for one in answer.json()["items"]), given


async def test_who_may_not(db: Connection, client: Clients) -> None:
    for nick in ("ben", "clara"):
        assert (await send(client, {"pattern": PATTERN}, nick=nick)).status_code == 403
        assert (await send(client, {"preview": False, "pattern": PATTERN}, nick=nick)).status_code == 403
        assert (await (await client.browser(nick)).get(PAGE)).status_code == 403
        assert (await (await client.browser(nick)).post(PAGE, {"act": "create"})).status_code == 403
    assert await written(db) == (0, 0)


def rows(**given: str) -> dict[str, Any]:
    return {
        "act": "create", "idempotency_key": "k", "mode": "in_person", "link": "", "row": ["0", "1"], "take_0": "true",
        "date_0": "2027-01-13", "start_local_0": "10:00", "end_local_0": "14:00", "place_0": "Köln", "title_0": "",
        "take_1": "true", "date_1": "2027-03-10", "start_local_1": "10:00", "end_local_1": "14:00", "place_1": "", "title_1": "",
    } | given  # fmt: skip


async def test_the_page_proposes_checks_and_sets(db: Connection, client: Clients) -> None:
    anna = await client.browser("anna")
    assert "Der wievielte im Monat" in (await anna.get(PAGE)).text
    page = (await anna.get(f"{PAGE}?{ASKED}")).text
    assert "2 Tage sind vorgeschlagen" in page and 'value="2027-03-10"' in page and "Fristen" in page
    wrong = await anna.get(f"{PAGE}?{ASKED}&nth=9")
    assert wrong.status_code == 422 and 'id="error-nth"' in wrong.text
    checked = await anna.post(PAGE, rows(act="check", date_1="2027-05-06"))
    assert checked.status_code == 200 and "Christi Himmelfahrt" in checked.text
    assert await written(db) == (0, 0)
    refused = await anna.post(PAGE, rows(end_local_1="09:00", place_0="Bonn"))
    assert refused.status_code == 422 and 'id="error-end_local_1"' in refused.text and "Bonn" in refused.text
    left_out = rows() | {"take_1": ""}
    done = await anna.post(PAGE, left_out)
    assert (done.status_code, done.headers["location"]) == (303, "/sitzungen/jahr/2027"), done.text
    assert (await anna.post(PAGE, left_out)).status_code == 303
    assert [tuple(one) for one in await db.fetch("select reference, place, state from meeting")] == [
        ("KK-2027-1", "Köln", "planned")
    ]
    taken = await anna.post(PAGE, rows(idempotency_key="k2"))
    assert taken.status_code == 409 and 'id="error-date_0"' in taken.text
    nothing = await anna.post(PAGE, rows(idempotency_key="k3", take_0="", take_1=""))
    assert nothing.status_code == 422 and "1 bis 24 Termine" in nothing.text


async def test_the_calendar_of_a_year(db: Connection, client: Clients, office: Clock) -> None:
    await send(client, {"preview": False, "pattern": PATTERN})
    ben = await client.browser("ben")
    page = await ben.get("/sitzungen/jahr/2027")
    assert page.status_code == 200 and page.text.count("<h1") == 1
    assert 'href="/sitzungen/KK-2027-2"' in page.text and "Als Tabelle" in page.text
    assert "Mittwoch, 10. März 2027: 2. Sitzung des Koordinierungskreises 2027, geplant" in page.text
    assert "Schulferien (Sommerferien)" in page.text and "Jahr planen" not in page.text
    assert "Anmeldung von Punkten für KK-2027-1" in (await ben.get("/sitzungen/jahr/2026")).text
    clara = (await (await client.browser("clara")).get("/sitzungen/jahr/2027")).text
    assert "KK-2027" not in clara
    assert (await ben.get("/sitzungen/jahr/1989")).status_code == 404
    assert (await ben.get("/sitzungen/jahr/2199")).status_code == 200
    assert (await ben.get("/sitzungen/jahr/abc")).status_code == 404
    assert 'href="/sitzungen/jahr/2026"' in (await ben.get("/sitzungen")).text
