"""A planned meeting takes no items of members until the office opens it, or the procedure's day has come."""

from datetime import timedelta

from circle.core.clock import Clock
from circle.core.db import Connection
from circle.meetings.year import actions as year
from tests import make
from tests.clients import Clients

from ..world import PAGE, act, convened

ITEM = {"title": "Sprachmittlung", "aim": "information", "planned_minutes": 15}


async def test_members_wait_until_the_office_opens_it(db: Connection, client: Clients, office: Clock) -> None:
    meeting = await convened(db, office, state="planned")
    ben, anna = await client.as_("ben"), await client.as_("anna")
    path = f"/api/v1/meetings/{meeting}/agenda-items"
    refused = await ben.post(path, json=ITEM)
    assert (refused.status_code, refused.json()["code"]) == (409, "wrong_state")
    page = await (await client.browser("ben")).get(PAGE)
    assert "Diese Sitzung ist geplant" in page.text and "/top/neu" not in page.text
    assert (await act(ben, meeting, "open")).status_code == 403
    assert (await act(await client.as_("clara"), meeting, "open")).status_code == 404
    assert (await act(anna, meeting, "open", match='"v9"')).status_code == 412
    assert (await anna.post(path, json=ITEM)).status_code == 201, "the office prepares it"
    done = await act(anna, meeting, "open")
    assert done.status_code == 200 and done.json()["state"] == "agenda_open"
    assert (await ben.post(path, json=ITEM)).status_code == 201
    assert (await act(anna, meeting, "open")).status_code == 409
    assert await db.fetchval("select count(*) from audit_event where action = 'meeting.opened'") == 1


async def test_the_page_opens_it_too(db: Connection, client: Clients, office: Clock) -> None:
    await convened(db, office, state="planned")
    anna = await client.browser("anna")
    assert "Tagesordnung öffnen" in (await anna.get(PAGE)).text
    assert (await anna.post(f"{PAGE}/oeffnen", {"revision": "1"})).status_code == 303
    assert await db.fetchval("select state from meeting") == "agenda_open"
    assert "Tagesordnung öffnen" not in (await anna.get(PAGE)).text


async def test_it_opens_by_itself_on_the_day_of_its_procedure(db: Connection, office: Clock) -> None:
    await convened(db, office, state="planned")
    later = await make.meeting(
        db, "KK-2027-9", on=(office.now() + timedelta(days=86)).date(), state="planned"
    )
    assert await year.open_due(db, office.now()) == 1
    assert await year.open_due(db, office.now()) == 0, "each once"
    assert await db.fetchval("select state from meeting where id = $1", later) == "planned"
    assert await year.open_due(db, office.now() + timedelta(days=3)) == 1
    assert await db.fetchval("select count(*) from audit_event where action = 'meeting.opened'") == 2
