"""A meeting that does not take place as planned: everybody is told, calendars too, and the old one is kept."""

from typing import Any
from uuid import UUID

import icalendar

from circle.core.clock import Clock
from circle.core.db import Connection
from circle.core.files import Storage
from circle.meetings.build import build_invitation
from circle.settings import Settings
from tests import make
from tests.clients import Clients, OneConnection

from .test_invite import dispatch, parts, stored
from .world import PAGE, act, convened, invited, running

REASON = {"reason": "Der Saal steht unter Wasser."}
NEW_DATE = REASON | {"date": "2027-01-20", "start_local": "09:30", "end_local": "13:00"}


async def calendar(db: Connection, storage: Storage, name: str) -> tuple[str, Any]:
    found = icalendar.Calendar.from_ical(await stored(db, storage, name))
    return str(found["METHOD"]), found.walk("VEVENT")[0]


async def test_a_cancellation_reaches_everybody_and_their_calendars(
    db: Connection, database: OneConnection, storage: Storage, settings: Settings, client: Clients, office: Clock
) -> None:  # fmt: skip
    meeting = await invited(db, office)
    answer = await act(await client.as_("anna"), meeting, "cancel", REASON)
    assert answer.status_code == 200, answer.text
    found = answer.json()
    assert (found["state"], found["reason"], found["sequence"]) == ("cancelled", REASON["reason"], 1)
    row = await db.fetchrow("select id, subject, text, build from dispatch where kind = 'cancellation'")
    assert row["subject"] == "Absage: 1. Sitzung des Koordinierungskreises 2027 am 13.01.2027"
    assert REASON["reason"] in row["text"]
    before = await db.fetch(
        "select name from delivery where dispatch_id = $1 order by name", await dispatch(db)
    )
    after = await db.fetch("select name from delivery where dispatch_id = $1 order by name", row["id"])
    assert [one["name"] for one in before] == [one["name"] for one in after]
    await build_invitation(database, storage, settings, row["id"], office)
    method, event = await calendar(db, storage, "KK-2027-1.ics")
    assert (method, event["SEQUENCE"], event["STATUS"]) == ("CANCEL", 1, "CANCELLED")
    assert event["UID"] == f"{meeting}@example.invalid"
    assert [title for title, *_ in await parts(db)] == ["Termin für den Kalender", "Sitzung im Arbeitsraum"]
    assert await db.fetchval("select count(*) from audit_event where action = 'meeting.cancelled'") == 1
    page = await (await client.browser("ben")).get(PAGE)
    assert "Diese Sitzung ist abgesagt" in page.text and REASON["reason"] in page.text


async def test_before_the_invitation_no_calendar_is_asked(
    db: Connection, client: Clients, office: Clock
) -> None:
    meeting = await convened(db, office)
    answer = await act(await client.as_("anna"), meeting, "cancel", REASON)
    assert answer.json()["sequence"] == 0
    row = await db.fetchrow("select state, build from dispatch")
    assert tuple(row) == ("sending", "")
    names = [one["name"] for one in await db.fetch("select name from delivery order by name")]
    assert names == ["Anna Amt", "Ben Beauftragt", "Kim Köln", "Mona Moderat"], (
        "who never saw it hears nothing"
    )


async def test_a_later_meeting_takes_over_the_agenda(db: Connection, client: Clients, office: Clock) -> None:
    meeting = await invited(db, office)
    later = await make.meeting(db, "KK-2027-2", on=office.now().date().replace(year=2027, month=3, day=17))
    answer = await act(await client.as_("anna"), meeting, "cancel", REASON | {"items_to": str(later)})
    assert answer.status_code == 200, answer.text
    moved = [item["title"] for item in answer.json()["agenda"] if item["adjourned_to"]]
    assert moved == ["Sprachmittlung in Verfahren"], "what stands on every agenda stays"
    titles = await db.fetch("select title from agenda_content where meeting_id = $1", later)
    assert [row["title"] for row in titles] == moved
    assert "auf die 2. Sitzung 2027 übertragen" in await db.fetchval(
        "select text from dispatch where kind = 'cancellation'"
    )
    early = await make.meeting(db, "KK-2026-9", on=office.now().date())
    other = await make.meeting(db, "KK-2027-3")
    await make.item(db, other)
    refused = await act(await client.as_("anna"), other, "cancel", REASON | {"items_to": str(early)})
    assert refused.status_code == 400 and refused.json()["errors"][0]["field"] == "items_to"


async def test_proposals_of_a_cancelled_meeting_go_on_as_proposals(
    db: Connection, client: Clients, office: Clock
) -> None:
    meeting = await convened(db, office)
    later = await make.meeting(db, "KK-2027-2", on=office.now().date().replace(year=2027, month=3, day=17))
    await make.item(db, meeting, "Aufgenommen")
    waiting = await make.item(db, meeting, "Wartet", status="registered")
    await make.item(db, meeting, "Zurückgegeben", status="returned")
    anna, items = await client.as_("anna"), f"/api/v1/meetings/{later}/agenda-items"
    answer = await act(anna, meeting, "cancel", REASON | {"items_to": str(later)})
    assert answer.status_code == 200, answer.text
    listed = (await anna.get(items)).json()["items"]
    assert {one["title"]: one["status"] for one in listed} == {
        "Aufgenommen": "admitted", "Wartet": "registered", "Zurückgegeben": "returned",
    }  # fmt: skip
    assert (await anna.get(f"/api/v1/agenda-items/{waiting}")).json()["adjourned_to"]


async def test_what_stays_with_a_cancelled_meeting_is_adjourned_or_withdrawn_later(
    db: Connection, client: Clients, office: Clock
) -> None:
    meeting = await convened(db, office)
    one, two = [
        await make.item(db, meeting, title, status="registered") for title in ("Wartet", "Nicht mehr")
    ]
    anna, ben = await client.as_("anna"), await client.as_("ben")
    assert (await act(anna, meeting, "cancel", REASON)).status_code == 200
    later = await make.meeting(db, "KK-2027-2", on=office.now().date().replace(year=2027, month=3, day=17))
    nowhere = await anna.post(f"/api/v1/agenda-items/{one}/adjourn")
    assert nowhere.status_code == 400 and nowhere.json()["errors"][0]["field"] == "meeting_id"
    moved = await anna.post(f"/api/v1/agenda-items/{one}/adjourn", json={"meeting_id": str(later)})
    assert moved.status_code == 200, moved.text
    there = (await anna.get(f"/api/v1/agenda-items/{moved.json()['adjourned_to']}")).json()
    assert (there["title"], there["status"]) == ("Wartet", "registered")
    gone = await ben.post(f"/api/v1/agenda-items/{two}/withdraw")
    assert gone.status_code == 200 and gone.json()["status"] == "withdrawn"


async def test_a_moved_meeting_is_a_new_one_that_calendars_know(
    db: Connection, database: OneConnection, storage: Storage, settings: Settings, client: Clients, office: Clock
) -> None:  # fmt: skip
    meeting = await invited(db, office)
    anna = await client.as_("anna")
    answer = await act(anna, meeting, "move", NEW_DATE)
    assert answer.status_code == 200, answer.text
    old = answer.json()
    assert (old["state"], old["moved_to_reference"], old["sequence"]) == ("moved", "KK-2027-2", 1)
    assert old["date"] == "2027-01-13", "the old one is kept"
    new = (await anna.get(f"/api/v1/meetings/{old['moved_to']}")).json()
    assert (new["state"], new["date"], new["start_local"], new["place"]) == (
        "agenda_open", "2027-01-20", "09:30", "Arnsberg, Saal 1",
    )  # fmt: skip
    assert new["title"] == "2. Sitzung des Koordinierungskreises 2027"
    assert new["moved_from_reference"] == "KK-2027-1" and new["sequence"] == 1
    assert new["deadlines"]["agenda_submission"]["on"] == "2026-12-23"
    assert [(item["title"], item["status"], item["number"]) for item in new["agenda"]][3:] == [
        ("Sprachmittlung in Verfahren", "admitted", ""),
    ]  # fmt: skip
    assert len(new["agenda"]) == 4
    assert [(one["name"], one["status"]) for one in new["attendance"]] == [("Vera Ministerium", "guest")]
    row = await db.fetchrow("select id, text from dispatch where kind = 'notice'")
    assert "Neuer Termin: Mittwoch, 20. Januar 2027, 09:30 bis 13:00 Uhr" in row["text"]
    await build_invitation(database, storage, settings, row["id"], office)
    method, event = await calendar(db, storage, "KK-2027-2.ics")
    assert (method, event["SEQUENCE"], event["UID"]) == ("REQUEST", 1, f"{meeting}@example.invalid")
    assert event["DTSTART"].dt.isoformat() == "2027-01-20T09:30:00+01:00"
    assert ("Sitzung im Arbeitsraum", "circle", "/sitzungen/KK-2027-2", False) in await parts(db)
    invited_again = await act(anna, UUID(old["moved_to"]), "invite")
    assert invited_again.status_code == 200 and invited_again.json()["sequence"] == 1
    await build_invitation(database, storage, settings, await dispatch(db), office)
    later = await db.fetchval(
        "select key from file where name = 'KK-2027-2.ics' order by created_at desc, id desc limit 1"
    )
    assert f"UID:{meeting}@example.invalid".encode() in await storage.get(later)


async def test_a_new_date_that_calendars_know_is_called_off_in_them_before_its_invitation(
    db: Connection, database: OneConnection, storage: Storage, settings: Settings, client: Clients, office: Clock
) -> None:  # fmt: skip
    meeting = await invited(db, office)
    anna = await client.as_("anna")
    new = UUID((await act(anna, meeting, "move", NEW_DATE)).json()["moved_to"])
    assert (await act(anna, new, "cancel", REASON)).json()["sequence"] == 2
    row = await db.fetchrow("select id from dispatch where kind = 'cancellation'")
    await build_invitation(database, storage, settings, row["id"], office)
    method, event = await calendar(db, storage, "KK-2027-2.ics")
    assert (method, event["SEQUENCE"], event["UID"]) == ("CANCEL", 2, f"{meeting}@example.invalid")


async def test_who_may_not_and_when_not(db: Connection, client: Clients, office: Clock) -> None:
    meeting = await running(db, office)
    anna = await client.as_("anna")
    for path, body in (("cancel", REASON), ("move", NEW_DATE)):
        assert (await act(anna, meeting, path, body)).status_code == 409
        assert (await act(anna, meeting, path, body, key="")).json()["code"] == "key_required"
        for nick, status in (("ben", 403), ("mona", 403), ("clara", 404)):
            assert (await act(await client.as_(nick), meeting, path, body)).status_code == status
    early = await make.meeting(db, "KK-2027-8")
    assert (await act(anna, early, "cancel", {"reason": " "})).status_code == 400
    assert (await act(anna, early, "cancel", REASON, match='"v9"')).status_code == 412
    past = await act(anna, early, "move", NEW_DATE | {"date": "2026-01-01"})
    assert past.status_code == 400 and past.json()["errors"][0]["field"] == "date"
    gone = await act(anna, early, "move", NEW_DATE | {"date": "2027-03-28", "start_local": "02:30"})
    assert gone.json()["errors"][0]["field"] == "start_local"
    assert await db.fetchval("select count(*) from dispatch where kind <> 'invitation'") == 0


async def test_the_pages_do_it_once(db: Connection, client: Clients, office: Clock) -> None:
    await invited(db, office)
    browser = await client.browser("anna")
    page = await browser.get(f"{PAGE}/verlegen")
    assert page.status_code == 200 and "Wer bekommt Bescheid? (6)" in page.text
    wrong = await browser.post(
        f"{PAGE}/verlegen", NEW_DATE | {"date": "", "revision": "2", "idempotency_key": "k"}
    )
    assert wrong.status_code == 422 and 'id="error-date"' in wrong.text and REASON["reason"] in wrong.text
    stale = await browser.post(f"{PAGE}/verlegen", NEW_DATE | {"revision": "1", "idempotency_key": "k"})
    assert stale.status_code == 412 and REASON["reason"] in stale.text and "stehen noch hier" in stale.text
    form = NEW_DATE | {"revision": "2", "idempotency_key": "k"}
    answers = [await browser.post(f"{PAGE}/verlegen", form) for _ in range(2)]
    assert [one.headers["location"] for one in answers] == ["/sitzungen/KK-2027-2"] * 2
    assert "Diese Sitzung ersetzt den früheren Termin" in (await browser.get("/sitzungen/KK-2027-2")).text
    assert (await browser.get("/sitzungen/KK-2027-2/absagen")).status_code == 200
    empty = await browser.post("/sitzungen/KK-2027-2/absagen", {"revision": "1", "idempotency_key": "a"})
    assert empty.status_code == 422 and 'id="error-reason"' in empty.text
    form = REASON | {"revision": "1", "idempotency_key": "a"}
    answers = [await browser.post("/sitzungen/KK-2027-2/absagen", form) for _ in range(2)]
    assert {one.headers["location"] for one in answers} == {f"/versand/{await dispatch(db, 'cancellation')}"}
    assert await db.fetchval("select count(*) from meeting") == 2
