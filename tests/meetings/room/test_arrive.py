"""Coming, going, and whose voice is in the room; the attendance follows."""

import uuid
from collections.abc import Awaitable, Callable
from datetime import date, timedelta
from typing import Any

import pytest

from circle.core import errors
from circle.core.clock import Clock
from circle.core.db import Connection
from circle.meetings import actions as meetings
from circle.meetings.room import actions
from circle.meetings.room.model import Arrival, Departure, RollCall, StayChange, Swap
from tests import make
from tests.clients import Clients
from tests.meetings import world

from . import scene
from .scene import OPENED


async def test_a_member_comes_with_the_voice_of_the_house_and_goes(
    client: Clients, db: Connection, office: Clock
) -> None:
    meeting = await world.running(db, office)
    ben = await make.person_id(db, "ben")
    mona = await client.as_("mona")
    answer = await mona.post(f"/api/v1/meetings/{meeting}/arrivals", json={"person_id": str(ben)})
    assert answer.status_code == 200, answer.text
    (stay,) = answer.json()["stays"]
    assert stay["authority_id"] == str(await make.authority(db, "br-arnsberg"))
    assert stay["left_at"] is None
    again = await mona.post(f"/api/v1/meetings/{meeting}/arrivals", json={"person_id": str(ben)})
    assert (again.status_code, again.json()["code"]) == (409, "already_there")
    left = await mona.post(f"/api/v1/meetings/{meeting}/departures", json={"person_id": str(ben)})
    assert left.json()["stays"][0]["left_at"] is not None
    attendee = next(one for one in left.json()["attendance"] if one["person_id"] == str(ben))
    assert (attendee["status"], attendee["to_local"] is not None) == ("present", True)
    gone = await mona.post(f"/api/v1/meetings/{meeting}/departures", json={"person_id": str(ben)})
    assert (gone.status_code, gone.json()["code"]) == (409, "not_there")
    acts = await db.fetch(
        "select action from audit_event where object_id = $1 order by id desc limit 2", meeting
    )
    assert [row["action"] for row in acts] == ["meeting.left", "meeting.arrived"]


async def test_who_is_outside_finds_no_room_and_who_does_not_moderate_lets_nobody_in(
    client: Clients, db: Connection, office: Clock
) -> None:
    meeting = await world.running(db, office)
    ben = await make.person_id(db, "ben")
    stay = await actions.arrive(db, await make.actor(db, office, "mona"), meeting, Arrival(ben))
    item = await db.fetchval("select id from agenda_item where meeting_id = $1 and number = '4'", meeting)
    body: dict[str, Any]
    for nick, status in (("clara", 404), ("ben", 403), ("vera", 403)):
        someone = await client.as_(nick)
        for path, body in (
            ("arrivals", {"person_id": str(ben)}),
            ("roll-call", {"items": [{"person_id": str(ben)}]}),
            ("departures", {"person_id": str(ben)}),
            ("swaps", {"person_id": str(ben)}),
            ("next", {}),
            ("pause", {}),
        ):
            answer = await someone.post(f"/api/v1/meetings/{meeting}/{path}", json=body)
            assert answer.status_code == status, (nick, path, answer.text)
        for path, body in (("call", {}), ("extend", {"minutes": 5})):
            answer = await someone.post(f"/api/v1/agenda-items/{item}/{path}", json=body)
            assert answer.status_code == status, (nick, path, answer.text)
        answer = await someone.put(
            f"/api/v1/meetings/{meeting}/stays/{stay}", json={"arrived_local": "09:00"}
        )
        assert answer.status_code == status, (nick, "change")
        assert (await someone.delete(f"/api/v1/meetings/{meeting}/stays/{stay}")).status_code == status, nick
        read = await someone.get(f"/api/v1/meetings/{meeting}/room")
        assert read.status_code == (404 if nick == "clara" else 200), nick


async def test_a_deputy_stands_in_the_line_of_the_member(db: Connection, office: Clock) -> None:
    here = await scene.running(db, office)
    kim, dina = here.people["kim"], here.people["dina"]
    assert (await here.attendance())["kim"] == ("represented", "dina", None, None)
    assert (await here.room()).attendance
    await actions.arrive(db, here.at(20), here.meeting, Arrival(dina, kim))
    lines = await here.attendance()
    assert lines["kim"] == ("represented", "dina", "10:20", None)
    assert "dina" not in lines
    with pytest.raises(errors.Conflict) as refused:
        await actions.arrive(db, here.at(25), here.meeting, Arrival(kim))
    assert refused.value.code == "voice_taken"


async def test_an_acting_deputy_needs_no_word_for_whom_and_listens_beside_the_member(
    db: Connection, office: Clock
) -> None:
    here = await scene.running(db, office)
    await actions.arrive(db, here.at(0), here.meeting, Arrival(here.people["dina"]))
    (stay,) = (await here.room()).stays
    assert (stay.member_id, stay.authority_id) == (here.people["kim"], await make.authority(db, "br-koeln"))
    await actions.leave(db, here.at(5), here.meeting, Departure(here.people["dina"]))
    await actions.arrive(db, here.at(5), here.meeting, Arrival(here.people["kim"]))
    await actions.arrive(db, here.at(6), here.meeting, Arrival(here.people["dina"]))
    voices = [one.name for one in (await here.room()).stays if one.authority_id and one.left_at is None]
    assert voices == ["Kim Köln"]


@pytest.mark.parametrize(
    ("person", "member", "field"),
    [
        ("ben", "kim", "person_id"),  # another house
        ("anna", "kim", "person_id"),  # no house with a voice
        ("kim", "kim", "person_id"),  # for oneself
        ("dina", "dina", "member_id"),  # no member
        ("dina", "nobody", "member_id"),
        ("nobody", None, "person_id"),
        ("nobody", "kim", "person_id"),
    ],
)
async def test_who_cannot_come_so_is_told_at_the_field(
    db: Connection, office: Clock, person: str, member: str | None, field: str
) -> None:
    here = await scene.running(db, office)
    ids = here.people | {"nobody": uuid.uuid4()}
    with pytest.raises(errors.Invalid) as refused:
        await actions.arrive(
            db, here.at(1), here.meeting, Arrival(ids[person], ids[member] if member else None)
        )
    assert field in refused.value.fields
    assert not (await here.room()).stays


async def test_by_its_procedure_only_who_is_entered_as_deputy_stands_in(
    db: Connection, office: Clock
) -> None:
    here = await scene.running(db, office)
    rita = await make.person(db, "rita", authority="br-detmold", roles=["regional_staff"])
    await actions.arrive(db, here.at(1), here.meeting, Arrival(rita, here.people["dora"]))
    await actions.leave(db, here.at(2), here.meeting, Departure(rita))
    await db.execute("""update procedure set rules = rules || '{"deputies": "appointed"}'""")
    with pytest.raises(errors.Invalid) as refused:
        await actions.arrive(db, here.at(3), here.meeting, Arrival(rita, here.people["dora"]))
    assert "person_id" in refused.value.fields


async def test_guests_and_office_carry_no_voice(db: Connection, office: Clock) -> None:
    here = await scene.running(db, office)
    for nick in ("anna", "vera", "edda"):
        await actions.arrive(db, here.at(0), here.meeting, Arrival(here.people[nick], mode="online"))
    room = await here.room()
    assert [(one.authority_id, one.mode) for one in room.stays] == [(None, "online")] * 3
    lines = await here.attendance()
    assert [lines[nick][0] for nick in ("anna", "vera", "edda")] == ["office", "guest", "guest"]
    assert await db.fetchval("select count(*) from voices_at($1, $2)", here.meeting, OPENED) == 0


async def test_those_who_are_there_at_the_beginning_come_in_one_act(db: Connection, office: Clock) -> None:
    here = await scene.running(db, office)
    assert (await here.room()).stays == []
    late = Arrival(here.people["egon"], at_local="10:04")
    await actions.arrive(db, here.at(1), here.meeting, Arrival(here.people["ben"]))
    roll = [Arrival(here.people[nick]) for nick in ("ben", "dora", "mia", "anna", "dina")]
    await actions.arrive_all(db, here.at(5), here.meeting, RollCall([*roll, late]))
    room = await here.room()
    assert {one.name: one.arrived_at for one in room.stays if one.arrived_at != OPENED} == {
        "Ben Beauftragt": OPENED + timedelta(minutes=1),
        "Egon Mitglied": OPENED + timedelta(minutes=4),
    }
    lines = await here.attendance()
    assert lines["dora"] == ("present", None, None, None)
    assert lines["egon"] == ("present", None, "10:04", None)
    with pytest.raises(errors.Invalid) as refused:
        await actions.arrive_all(
            db, here.at(6), here.meeting, RollCall([roll[0], Arrival(here.people["vera"], at_local="25:00")])
        )
    assert list(refused.value.fields) == ["items.1.at_local"]


async def test_the_expected_are_offered_until_they_are_there(db: Connection, office: Clock) -> None:
    from circle.meetings.room import store

    here = await scene.running(db, office)
    before = {one.name: one for one in await store.list_expected(db, here.meeting)}
    assert "Kim Köln" not in before
    assert before["Dina Vertretung"].member_id == here.people["kim"]
    assert before["Dina Vertretung"].voice
    assert before["Anna Amt"].office
    assert not before["Vera Ministerium"].voice
    await actions.arrive(db, here.at(0), here.meeting, Arrival(here.people["ben"]))
    after = {one.name for one in await store.list_expected(db, here.meeting)}
    assert set(before) - after == {"Ben Beauftragt"}


async def test_nobody_goes_before_they_came_or_later_than_now(db: Connection, office: Clock) -> None:
    here = await scene.running(db, office)
    ben = here.people["ben"]
    await actions.arrive(db, here.at(30.5), here.meeting, Arrival(ben))
    for typed in ("10:20", "10:50", "nie", "24:00", "9:00"):
        with pytest.raises(errors.Invalid) as refused:
            await actions.leave(db, here.at(40), here.meeting, Departure(ben, typed))
        assert list(refused.value.fields) == ["at_local"], typed
    await actions.leave(db, here.at(40), here.meeting, Departure(ben, "10:30"))
    (stay,) = (await here.room()).stays
    assert stay.left_at == stay.arrived_at == OPENED + timedelta(minutes=30.5)


async def test_several_stays_make_one_line(db: Connection, office: Clock) -> None:
    here = await scene.running(db, office)
    ben = here.people["ben"]
    await actions.arrive(db, here.at(0), here.meeting, Arrival(ben))
    await actions.leave(db, here.at(30), here.meeting, Departure(ben))
    assert (await here.attendance())["ben"] == ("present", None, None, "10:30")
    with pytest.raises(errors.Conflict) as refused:
        await actions.arrive(db, here.at(60), here.meeting, Arrival(ben, at_local="10:15"))
    assert refused.value.code == "already_there"
    await actions.arrive(db, here.at(60), here.meeting, Arrival(ben, at_local="10:45"))
    assert (await here.attendance())["ben"] == ("present", None, None, None)
    await meetings.close(db, here.at(90), here.meeting)
    assert (await here.attendance())["ben"] == ("present", None, None, None)
    assert [one.left_at for one in (await here.room()).stays][-1] == OPENED + timedelta(minutes=90)


async def test_the_voice_passes_at_one_instant_and_back(db: Connection, office: Clock) -> None:
    here = await scene.running(db, office)
    kim, dina = here.people["kim"], here.people["dina"]
    with pytest.raises(errors.Conflict) as refused:
        await actions.swap(db, here.at(0), here.meeting, Swap(dina))
    assert refused.value.code == "no_voice"
    await actions.arrive(db, here.at(0), here.meeting, Arrival(kim))
    await actions.swap(db, here.at(30), here.meeting, Swap(dina, stays=True))
    with pytest.raises(errors.Conflict):
        await actions.swap(db, here.at(31), here.meeting, Swap(dina))
    now = {one.name: one.authority_id is not None for one in (await here.room()).stays if one.left_at is None}
    assert now == {"Dina Vertretung": True, "Kim Köln": False}
    lines = await here.attendance()
    assert lines["kim"] == ("present", None, None, "10:30")
    assert lines["dina"] == ("present", None, "10:30", None)
    await actions.swap(db, here.at(40), here.meeting, Swap(kim))
    koeln = await make.authority(db, "br-koeln")
    for minutes in (0, 29.9, 30, 39.9, 40, 60):
        voices = await db.fetch(
            "select * from voices_at($1, $2)", here.meeting, OPENED + timedelta(minutes=minutes)
        )
        assert [row[0] for row in voices] == [koeln], minutes
    with pytest.raises(errors.Invalid):
        await actions.swap(db, here.at(61), here.meeting, Swap(dina, at_local="10:20"))


async def test_a_stay_is_put_right_or_taken_back(db: Connection, office: Clock) -> None:
    here = await scene.running(db, office)
    ben, dina, edda = here.people["ben"], here.people["dina"], here.people["edda"]
    first = await actions.arrive(db, here.at(0), here.meeting, Arrival(ben))
    await actions.leave(db, here.at(30), here.meeting, Departure(ben))
    second = await actions.arrive(db, here.at(40), here.meeting, Arrival(ben))
    await actions.change_stay(db, here.at(45), first, StayChange("10:05", "10:25"))
    assert (await here.attendance())["ben"] == ("present", None, "10:05", None)
    with pytest.raises(errors.Conflict) as refused:
        await actions.change_stay(db, here.at(45), first, StayChange("10:05"))
    assert refused.value.code == "already_there"
    with pytest.raises(errors.Invalid) as wrong:
        await actions.change_stay(db, here.at(45), first, StayChange("10:25", "10:05"))
    assert list(wrong.value.fields) == ["left_local"]
    await actions.drop_stay(db, here.at(46), second)
    assert (await here.attendance())["ben"] == ("present", None, "10:05", "10:25")
    for person, before in ((dina, "kim"), (edda, "edda")):
        was = (await here.attendance()).get(before)
        stay = await actions.arrive(db, here.at(47), here.meeting, Arrival(person))
        await actions.drop_stay(db, here.at(48), stay)
        assert (await here.attendance()).get(before) == was, before
    with pytest.raises(errors.NotFound):
        await actions.drop_stay(db, here.at(49), second)


async def test_before_and_after_the_meeting_nobody_comes_and_times_stand_once_approved(
    db: Connection, office: Clock
) -> None:
    meeting, people = await scene.prepare(db, office)
    mona = await make.actor(db, office, "mona")
    here = scene.Scene(db, meeting, mona, people)
    acts: list[Callable[[], Awaitable[object]]] = [
        lambda: actions.arrive(db, here.at(60), meeting, Arrival(people["ben"])),
        lambda: actions.arrive_all(db, here.at(60), meeting, RollCall([Arrival(people["ben"])])),
        lambda: actions.leave(db, here.at(60), meeting, Departure(people["ben"])),
        lambda: actions.swap(db, here.at(60), meeting, Swap(people["dina"])),
    ]
    for act in acts:
        with pytest.raises(errors.Conflict):
            await act()
    await meetings.start(db, here.at(0), meeting)
    stay = await actions.arrive(db, here.at(0), meeting, Arrival(people["ben"]))
    await meetings.close(db, here.at(50), meeting)
    for act in acts:
        with pytest.raises(errors.Conflict):
            await act()
    await actions.change_stay(db, here.at(70), stay, StayChange("10:05", "10:40"))
    assert (await here.attendance())["ben"] == ("present", None, "10:05", "10:40")
    with pytest.raises(errors.Invalid):
        await actions.change_stay(db, here.at(70), stay, StayChange("10:05", "10:55"))
    await actions.change_stay(db, here.at(70), stay, StayChange("10:05"))
    assert (await here.attendance())["ben"] == ("present", None, "10:05", None)
    await db.execute("update meeting set state = 'minutes_approved' where id = $1", meeting)
    with pytest.raises(errors.Conflict):
        await actions.change_stay(db, here.at(80), stay, StayChange("10:05"))
    with pytest.raises(errors.Conflict):
        await actions.drop_stay(db, here.at(80), stay)


async def test_who_only_listens_stands_in_for_nobody(db: Connection, office: Clock) -> None:
    here = await scene.running(db, office)
    stay = await actions.arrive(db, here.at(0), here.meeting, Arrival(here.people["kim"]))
    await actions.arrive(db, here.at(0), here.meeting, Arrival(here.people["dina"]))
    await actions.drop_stay(db, here.at(1), stay)
    shown = {one.name: one.status for one in (await here.room()).attendance}
    assert shown == {"Dina Vertretung": "guest"}
    await meetings.close(db, here.at(2), here.meeting)
    assert await here.attendance() == {
        "dina": ("guest", None, None, None),
        "kim": ("excused", None, None, None),
    }


async def test_after_the_close_the_attendance_holds_who_was_there(db: Connection, office: Clock) -> None:
    here = await scene.running(db, office)
    await db.execute(
        "insert into attendance (meeting_id, person_id, status) values ($1, $2, 'excused'), ($1, $3, 'guest')",
        here.meeting, here.people["egon"], here.people["edda"],
    )  # fmt: skip
    await actions.arrive(db, here.at(0), here.meeting, Arrival(here.people["ben"]))
    shown = {one.name: one.status for one in (await here.room()).attendance}
    assert shown == {"Ben Beauftragt": "present", "Egon Mitglied": "excused"}
    assert (await here.attendance())["edda"][0] == "guest"  # still opens the meeting to her
    await meetings.close(db, here.at(50), here.meeting)
    assert await here.attendance() == {
        "ben": ("present", None, None, None),
        "egon": ("excused", None, None, None),
        "kim": ("excused", None, None, None),
    }


async def test_before_the_paper_form_the_room_comes_first(
    client: Clients, db: Connection, office: Clock
) -> None:
    here = await scene.running(db, office)
    mona = await client.as_("mona")
    url = f"/api/v1/meetings/{here.meeting}/attendance"
    ben, dina, egon = (str(here.people[nick]) for nick in ("ben", "dina", "egon"))
    await actions.arrive(db, here.at(0), here.meeting, Arrival(here.people["ben"]))
    await actions.arrive(db, here.at(5), here.meeting, Arrival(here.people["dina"]))
    assert (await mona.put(f"{url}/{egon}", json={"status": "present"})).status_code == 400
    assert (await mona.put(f"{url}/{egon}", json={"status": "excused"})).status_code == 200
    assert (await mona.put(f"{url}/{ben}", json={"status": "excused"})).status_code == 400
    assert (await mona.put(f"{url}/{ben}", json={"status": "present"})).status_code == 200
    assert (await mona.delete(f"{url}/{ben}")).status_code == 409
    shown = (await mona.get(url)).json()["items"]
    same = [
        {name: one[name] for name in ("person_id", "status", "represented_by", "from_local", "to_local")}
        for one in shown
    ]
    match = {"if-match": f'"v{await here.revision()}"'}
    assert (await mona.put(url, json={"items": same}, headers=match)).status_code == 200
    match = {"if-match": f'"v{await here.revision()}"'}
    fewer = [one for one in same if one["person_id"] != ben]
    refused = await mona.put(url, json={"items": fewer}, headers=match)
    assert (refused.status_code, refused.json()["code"]) == (409, "was_in_room")
    await meetings.close(db, here.at(50), here.meeting)
    late = {"status": "present", "from_local": "11:00"}
    assert (await mona.put(f"{url}/{egon}", json=late)).status_code == 200
    for person in (ben, dina):
        assert (await mona.put(f"{url}/{person}", json={"status": "guest"})).status_code == 400, (
            "their stays say otherwise"
        )
    stay = next(one for one in (await here.room()).stays if one.name == "Ben Beauftragt")
    await actions.drop_stay(db, here.at(60), stay.id)
    lines = await here.attendance()
    assert lines["egon"] == ("present", None, "11:00", None), "what was typed after the meeting stays"
    assert "ben" not in lines


async def test_coming_and_going_leaves_what_was_sent_as_it_was(db: Connection, office: Clock) -> None:
    here = await scene.running(db, office)
    before = await db.fetch("select version, sha256, agenda from agenda_version order by version")
    await actions.arrive(db, here.at(0), here.meeting, Arrival(here.people["ben"]))
    await meetings.close(db, here.at(1), here.meeting)
    assert await db.fetch("select version, sha256, agenda from agenda_version order by version") == before
    assert await db.fetchval("select date from meeting where id = $1", here.meeting) == date(2027, 1, 13)
