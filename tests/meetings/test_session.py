"""The meeting itself: it begins, items are dealt with, it is closed, and the minutes come next."""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from circle.core.clock import Clock
from circle.core.db import Connection
from circle.meetings import rules
from circle.meetings.model import Attendee, Edition, Meeting, Member
from tests import make
from tests.clients import Clients

from .world import PAGE, act, convened, invited, running


async def test_it_begins_and_ends(db: Connection, client: Clients, office: Clock) -> None:
    meeting = await invited(db, office)
    mona = await client.as_("mona")
    begun = await act(mona, meeting, "start", key="")
    assert begun.status_code == 200 and begun.json()["state"] == "running" and begun.json()["started_at"]
    item = begun.json()["agenda"][3]
    result = await mona.post(
        f"/api/v1/agenda-items/{item['id']}/result", json={"result": "noted", "minutes": "Gut."}
    )
    assert result.status_code == 200, result.text
    closed = await act(mona, meeting, "close", key="")
    assert closed.status_code == 200 and closed.json()["state"] == "held" and closed.json()["ended_at"]
    states = [(one["number"], one["status"]) for one in closed.json()["agenda"]]
    assert states == [("1", "treated"), ("2", "adjourned"), ("3", "treated"), ("4", "treated")]
    acts = await db.fetch(
        "select action from audit_event where object_id = $1 and action like 'meeting.%' order by id", meeting
    )
    assert [row["action"] for row in acts] == [
        "meeting.convened", "meeting.invited", "meeting.started", "meeting.closed",
    ]  # fmt: skip


async def test_who_may_not_and_when_not(db: Connection, client: Clients, office: Clock) -> None:
    early = await convened(db, office)
    anna = await client.as_("anna")
    assert (await act(anna, early, "start")).status_code == 409
    assert (await act(anna, early, "close")).status_code == 409
    await act(anna, early, "invite")
    for path in ("start", "close"):
        for nick, status in (("ben", 403), ("clara", 404)):
            assert (await act(await client.as_(nick), early, path)).status_code == status
    assert (await act(anna, early, "start", match='"v1"')).status_code == 412
    assert (await act(anna, early, "start", match='"v2"')).status_code == 200
    assert (await act(anna, early, "start")).status_code == 409


async def test_the_room_leads_from_opening_to_the_minutes(
    db: Connection, client: Clients, office: Clock
) -> None:
    meeting = await invited(db, office)
    browser = await client.browser("mona")
    page = await browser.get(f"{PAGE}/raum")
    assert page.status_code == 200 and "1 von 5 Häusern ist angekündigt" in page.text
    assert "eschlussfähig" not in page.text
    begun = await browser.post(f"{PAGE}/raum/beginnen", {"revision": "2", "idempotency_key": "a"})
    assert (begun.status_code, begun.headers["location"]) == (303, f"{PAGE}/raum")
    page = await browser.get(f"{PAGE}/raum")
    first = await db.fetchval("select id from agenda_item where meeting_id = $1 and number = '1'", meeting)
    for words in ("Sitzung schließen", f"{PAGE}/top/{first}", "Ende voraussichtlich", "TOP 1 aufrufen",
        "Nicht beschlussfähig", "1 von 5 Häusern ist da", "<li>TOP 4: Sprachmittlung in Verfahren</li>"):  # fmt: skip
        assert words in page.text, words
    assert "<li>TOP 1:" not in page.text and "angekündigt" not in page.text
    assert (await browser.get(f"{PAGE}/top/{first}")).status_code == 200
    shut = await browser.post(f"{PAGE}/raum/schliessen", {"revision": "3", "idempotency_key": "b"})
    assert (shut.status_code, shut.headers["location"]) == (303, f"{PAGE}/niederschrift")
    assert (await browser.get(shut.headers["location"])).status_code == 200
    again = await browser.post(f"{PAGE}/raum/schliessen", {"revision": "3", "idempotency_key": "b"})
    assert again.headers["location"] == shut.headers["location"]


async def test_on_another_day_the_button_to_open_stands_behind_a_question(
    db: Connection, client: Clients, office: Clock
) -> None:
    await invited(db, office)
    browser = await client.browser("mona")
    page = (await browser.get(f"{PAGE}/raum")).text
    hidden = page.partition("Heute ist nicht der Tag der Sitzung</summary>")[2].partition("</details>")[0]
    assert "Trotzdem eröffnen" in hidden and page.count("Trotzdem eröffnen") == 1
    assert page.count("/raum/beginnen") == 1 and "Sitzung eröffnen" not in page
    await db.execute("update meeting set date = $1", (await make.actor(db, office, "mona")).today)
    page = (await browser.get(f"{PAGE}/raum")).text
    assert "Sitzung eröffnen" in page and "Heute ist nicht der Tag" not in page


async def test_only_the_moderation_enters_the_room(db: Connection, client: Clients, office: Clock) -> None:
    await running(db, office)
    for nick, status in (("ben", 403), ("clara", 404), ("vera", 403), ("anna", 200)):
        assert (await (await client.browser(nick)).get(f"{PAGE}/raum")).status_code == status, nick
    ben = await client.browser("ben")
    refused = await ben.post(f"{PAGE}/raum/schliessen", {"revision": "3", "idempotency_key": "k"})
    assert refused.status_code == 403


HOUSES = [make.uuid.uuid4() for _ in range(5)]
MEMBERS = [Member(house, f"BR {n}", make.uuid.uuid4(), f"Mitglied {n}") for n, house in enumerate(HOUSES)]


def there(
    house: int, status: str = "present", since: str | None = None, until: str | None = None
) -> Attendee:
    given: Any = status
    return Attendee(make.uuid.uuid4(), "P", HOUSES[house], "BR", True, given, None, None, since, until)


def edition(members: list[Member]) -> Edition:
    return Edition(1, "invitation", make.SINCE, "", None, [one.person_id for one in members if one.person_id])


@pytest.mark.parametrize(
    ("attendance", "at", "present", "met"),
    [
        ([there(0), there(1), there(2)], None, 3, True),
        ([there(0), there(1)], None, 2, False),
        ([there(0), there(0), there(1)], None, 2, False),
        ([there(0), there(1), there(2, "represented")], None, 3, True),
        ([there(0), there(1), there(2, "excused"), there(3, "guest")], None, 2, False),
        ([there(0), there(1), there(2, since="11:00")], "10:30", 2, False),
        ([there(0), there(1), there(2, since="11:00")], "11:00", 3, True),
        ([there(0), there(1), there(2, until="11:00")], "11:00", 2, False),
    ],
)
def test_quorum_is_more_than_half_of_the_houses(
    attendance: list[Attendee], at: str | None, present: int, met: bool
) -> None:
    found = rules.quorum(attendance, MEMBERS, [edition(MEMBERS)], at=at)
    assert (found.present, found.houses, found.needed, found.met) == (present, 5, 3, met)


def test_quorum_needs_everybody_invited() -> None:
    full = [there(n) for n in range(5)]
    assert rules.quorum(full, MEMBERS, []).missing == "Die Einladung ist noch nicht versendet."
    assert rules.quorum(full, MEMBERS, [edition(MEMBERS[1:])]).missing == "Nicht eingeladen: BR 0."
    vacant = [msgspec.structs.replace(MEMBERS[0], person_id=None, name=None), *MEMBERS[1:]]
    assert rules.quorum(full, vacant, [edition(MEMBERS[1:])]).met, "a vacant office cannot be invited"
    assert rules.quorum(full[:3], MEMBERS, [edition(MEMBERS)], least=4).met is False


async def test_the_forecast_adds_what_is_still_planned(
    db: Connection, client: Clients, office: Clock
) -> None:
    meeting_id = await running(db, office)
    found = msgspec.convert(
        (await (await client.as_("anna")).get(f"/api/v1/meetings/{meeting_id}")).json(), Meeting
    )
    start = datetime(2027, 1, 13, 9, tzinfo=UTC)
    meeting = msgspec.structs.replace(found, started_at=start)
    seen = rules.forecast(meeting, start + timedelta(minutes=20))
    assert (seen.planned, seen.passed, seen.rest, seen.ends, seen.late) == (40, 20, 40, "11:00", False)
    assert rules.forecast(meeting, start + timedelta(hours=4)).late
    assert list(rules.clock_times(meeting).values()) == ["10:00", "10:05", "10:15", "10:25"]
    waiting = msgspec.structs.replace(meeting, started_at=None)
    assert rules.forecast(waiting, start - timedelta(days=3)).ends == "10:40"
