"""Who attends: one person or all in one act, by office and moderation; being recorded opens the meeting."""

from typing import Any
from uuid import UUID

import httpx
import msgspec

from circle.core.clock import Clock
from circle.core.db import Connection
from circle.meetings import rules
from circle.meetings.model import Attendee
from tests import make
from tests.clients import Clients, queries
from tests.consultations import Page

from .world import PAGE, act, convened, invited, running


async def put(
    client: httpx.AsyncClient, meeting: UUID, body: Any, person: UUID | str = "", match: str = ""
) -> httpx.Response:
    path = f"/api/v1/meetings/{meeting}/attendance" + (f"/{person}" if person else "")
    return await client.put(path, json=body, headers={"if-match": match} if match else {})


async def ids(db: Connection, *nicks: str) -> list[UUID]:
    return [await make.person_id(db, nick) for nick in nicks]


async def test_one_person_is_recorded(db: Connection, client: Clients, office: Clock) -> None:
    meeting = await running(db, office)
    ben, kim, dina = await ids(db, "ben", "kim", "dina")
    mona = await client.as_("mona")
    answer = await put(mona, meeting, {"status": "present", "from_local": "10:15"}, ben)
    assert answer.status_code == 200, answer.text
    assert [(one["name"], one["status"], one["from_local"]) for one in answer.json()["items"]] == [
        ("Ben Beauftragt", "present", "10:15"), ("Kim Köln", "represented", None), ("Vera Ministerium", "guest", None),
    ]  # fmt: skip
    own = await put(mona, meeting, {"status": "present"}, kim)
    assert own.status_code == 200 and own.json()["items"][1]["represented_by"] is None
    back = await put(mona, meeting, {"status": "represented", "represented_by": str(dina)}, kim)
    assert back.json()["items"][1]["represented_by_name"] == "Dina Vertretung"
    found = (await mona.get(f"/api/v1/meetings/{meeting}")).json()
    assert found["attendance"] == back.json()["items"] and found["revision"] == 6
    acts = await db.fetchval("select count(*) from audit_event where action = 'meeting.attendance_recorded'")
    assert acts == 3


async def test_all_are_recorded_in_one_act(db: Connection, client: Clients, office: Clock) -> None:
    meeting = await invited(db, office)
    ben, kim, dina, anna = await ids(db, "ben", "kim", "dina", "anna")
    body = {"items": [
        {"person_id": str(ben), "status": "present"},
        {"person_id": str(kim), "status": "represented", "represented_by": str(dina)},
        {"person_id": str(anna), "status": "office"},
    ]}  # fmt: skip
    office_ = await client.as_("anna")
    assert (await put(office_, meeting, body)).status_code == 428
    assert (await put(office_, meeting, body, match='"v1"')).status_code == 412
    answer = await put(office_, meeting, body, match='"v2"')
    assert [one["name"] for one in answer.json()["items"]] == ["Ben Beauftragt", "Kim Köln", "Anna Amt"]
    ben_ = await client.as_("ben")
    with queries(db) as seen:
        listed = await ben_.get(f"/api/v1/meetings/{meeting}/attendance")
    assert len(seen) == 1 and listed.json() == answer.json()


async def test_being_recorded_opens_the_meeting_and_no_more_closes_it(
    db: Connection, client: Clients, office: Clock
) -> None:
    meeting = await convened(db, office)
    (edda,) = await ids(db, "edda")
    anna, guest = await client.as_("anna"), await client.as_("edda")
    path = f"/api/v1/meetings/{meeting}"
    assert (await guest.get(path)).status_code == 404
    assert (await put(anna, meeting, {"status": "guest"}, edda)).status_code == 200
    assert (await guest.get(path)).status_code == 200
    assert (await anna.delete(f"{path}/attendance/{edda}")).json()["items"] == []
    assert (await guest.get(path)).status_code == 404
    assert (await anna.delete(f"{path}/attendance/{edda}")).status_code == 404


async def test_what_cannot_be_is_refused_at_its_field(db: Connection, client: Clients, office: Clock) -> None:
    meeting = await running(db, office)
    ben, kim, dina, edda = await ids(db, "ben", "kim", "dina", "edda")
    mona = await client.as_("mona")
    for person, body, field in (
        (edda, {"status": "present"}, "status"),
        (edda, {"status": "represented", "represented_by": str(ben)}, "status"),
        (ben, {"status": "represented"}, "represented_by"),
        (ben, {"status": "represented", "represented_by": str(dina)}, "represented_by"),
        (ben, {"status": "represented", "represented_by": str(ben)}, "represented_by"),
        (ben, {"status": "present", "represented_by": str(dina)}, "represented_by"),
        (ben, {"status": "present", "from_local": "25:00"}, "from_local"),
        (ben, {"status": "present", "from_local": "11:00", "to_local": "10:00"}, "to_local"),
        ("00000000-0000-4000-8000-000000000000", {"status": "guest"}, "person_id"),
        (ben, {"status": "asleep"}, "status"),
    ):  # fmt: skip
        answer = await put(mona, meeting, body, person)
        assert answer.status_code == 400, (body, answer.text)
        assert answer.json()["errors"][0]["field"] == field, body
    twice = {
        "items": [{"person_id": str(ben), "status": "present"}, {"person_id": str(ben), "status": "excused"}]
    }
    answer = await put(mona, meeting, twice, match='"v3"')
    assert [one["field"] for one in answer.json()["errors"]] == ["items.1.person_id"]
    assert kim


async def test_a_list_on_paper_goes_past_midnight_when_the_meeting_did(
    db: Connection, client: Clients, office: Clock
) -> None:
    meeting = await running(db, office)
    (ben,) = await ids(db, "ben")
    mona = await client.as_("mona")
    late = {"status": "present", "from_local": "20:00", "to_local": "00:30"}
    assert (await put(mona, meeting, late, ben)).status_code == 400
    await db.execute(
        "update meeting set started_at = '2026-11-22 18:00+00', ended_at = '2026-11-23 00:10+00' where id = $1",
        meeting,
    )
    answer = await put(mona, meeting, late, ben)
    assert answer.status_code == 200, answer.text
    listed = {"items": [{"person_id": str(ben)} | late]}
    revision = await db.fetchval("select revision from meeting where id = $1", meeting)
    answer = await put(mona, meeting, listed, match=f'"v{revision}"')
    assert answer.status_code == 200, answer.text
    (one,) = answer.json()["items"]
    assert (one["from_local"], one["to_local"]) == ("20:00", "00:30")
    there = [
        rules.quorum([msgspec.convert(one, Attendee)], [], [], at=at).present
        for at in ("19:59", "20:00", "23:59", "00:29", "00:30")
    ]
    assert there == [0, 1, 1, 1, 0]


async def test_who_may_not_and_when_not(db: Connection, client: Clients, office: Clock) -> None:
    meeting = await invited(db, office)
    (ben,) = await ids(db, "ben")
    for nick, status in (("ben", 403), ("clara", 404)):
        someone = await client.as_(nick)
        assert (await put(someone, meeting, {"status": "present"}, ben)).status_code == status
        assert (await put(someone, meeting, {"items": []}, match='"v2"')).status_code == status
        gone = await someone.delete(f"/api/v1/meetings/{meeting}/attendance/{ben}")
        assert gone.status_code == status
    clara = await client.as_("clara")
    assert (await clara.get(f"/api/v1/meetings/{meeting}/attendance")).status_code == 404
    approved = await make.meeting(db, "KK-2026-4", state="minutes_approved")
    assert (await put(await client.as_("anna"), approved, {"status": "present"}, ben)).status_code == 409


async def test_the_room_records_all_in_one_submit(db: Connection, client: Clients, office: Clock) -> None:
    meeting = await running(db, office)
    ben, kim, dina, anna, edda, vera = await ids(db, "ben", "kim", "dina", "anna", "edda", "vera")
    browser = await client.browser("mona")
    form = {
        "revision": "3", "person": [str(one) for one in (ben, kim, anna, vera)], f"status_{ben}": "present",
        f"status_{kim}": "represented", f"by_{kim}": str(dina), f"status_{anna}": "office", f"status_{vera}": "",
        f"to_{ben}": "09:00", f"from_{ben}": "10:00", "add_person": str(edda), "status_add": "guest",
    }  # fmt: skip
    wrong = await browser.post(f"{PAGE}/raum/anwesenheit", form)
    assert wrong.status_code == 422 and f'id="error-to_{ben}"' in wrong.text
    answer = await browser.post(
        f"{PAGE}/raum/anwesenheit", form | {f"to_{ben}": "23:59", f"from_{ben}": "00:00"}
    )
    assert (answer.status_code, answer.headers["location"]) == (303, f"{PAGE}/raum/anwesenheit")
    rows = await db.fetch(
        "select p.name, a.status from attendance a join person p on p.id = a.person_id where a.meeting_id = $1 order by 1",
        meeting,
    )
    assert [tuple(row) for row in rows] == [
        ("Anna Amt", "office"), ("Ben Beauftragt", "present"), ("Edda Fachkraft", "guest"), ("Kim Köln", "represented"),
    ]  # fmt: skip
    page = (await browser.get(f"{PAGE}/raum/anwesenheit")).text
    assert "2 von 5 Häusern sind da" in page and "Edda Fachkraft" in page
    stale = await browser.post(f"{PAGE}/raum/anwesenheit", form)
    assert stale.status_code in (412, 422)
    assert (await act(await client.as_("mona"), meeting, "close", key="")).status_code == 200


async def test_who_is_recorded_stands_in_the_form_and_stays(
    db: Connection, client: Clients, office: Clock
) -> None:
    meeting = await running(db, office)
    (clara,) = await ids(db, "clara")
    assert (await put(await client.as_("mona"), meeting, {"status": "guest"}, clara)).status_code == 200
    await db.execute("update person set active = false where id = $1", await make.person_id(db, "vera"))
    page = (await (await client.browser("mona")).get(f"{PAGE}/raum/anwesenheit")).text
    for name in ("Clara Außen", "Vera Ministerium"):
        assert name in page, "a form that leaves somebody out would forget them"


async def test_attendance_typed_on_an_old_state_comes_back_beside_what_is_kept_now(
    db: Connection, client: Clients, office: Clock
) -> None:
    meeting = await running(db, office)
    ben, kim, edda = await ids(db, "ben", "kim", "edda")
    browser = await client.browser("mona")
    anna = await client.as_("anna")
    assert (await put(anna, meeting, {"status": "excused"}, ben)).status_code == 200
    form = {
        "revision": "3", "person": [str(ben), str(kim)], f"status_{ben}": "present", f"from_{ben}": "10:15",
        f"status_{kim}": "", "add_person": str(edda), "status_add": "guest",
    }  # fmt: skip
    stale = await browser.post(f"{PAGE}/raum/anwesenheit", form)
    page = Page(stale.text)
    page.check()
    assert stale.status_code == 412 and 'value="10:15"' in stale.text
    assert "gespeichert: entschuldigt" in stale.text
    sent = await browser.post(f"{PAGE}/raum/anwesenheit", form | {"revision": page.values["revision"]})
    assert sent.status_code == 303
    kept = await db.fetch("select person_id, status from attendance where meeting_id = $1", meeting)
    assert {row["person_id"]: row["status"] for row in kept} == {ben: "present", edda: "guest"}
    await db.execute("update meeting set state = 'minutes_approved' where id = $1", meeting)
    late = await browser.post(f"{PAGE}/raum/anwesenheit", form | {f"from_{ben}": "10:45"})
    assert late.status_code == 409 and 'value="10:45"' in late.text, "what was typed can still be read"
    Page(late.text).check()
