"""Which item is being dealt with: call up, go on, pause, more time; and who may hear a confidential one."""

import json
from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from circle.core import errors
from circle.core.clock import Clock
from circle.core.db import Connection
from circle.meetings import actions as meetings
from circle.meetings.agenda import actions as agenda
from circle.meetings.agenda.model import Adjournment, Outcome, Votes
from circle.meetings.room import actions, rules
from circle.meetings.room.model import Arrival, Calling, Departure, Extension, Room, Step
from tests import make
from tests.clients import Clients

from . import scene
from .scene import OPENED


def spans(room: Room) -> list[tuple[float, float | None]]:
    """The calls in minutes after the opening."""
    return [
        (
            (one.called_at - OPENED).total_seconds() / 60,
            (one.ended_at - OPENED).total_seconds() / 60 if one.ended_at else None,
        )
        for one in room.calls
        if one.called_at
    ]


async def test_items_are_called_one_after_the_other_and_back(db: Connection, office: Clock) -> None:
    here = await scene.running(db, office)
    one, two = await here.item("1"), await here.item("2")
    await actions.call(db, here.at(0), here.meeting, one)
    await actions.next_(db, here.at(10), here.meeting, Step(next_id=two))
    assert await here.status("1") == "treated"
    await actions.pause(db, here.at(15), here.meeting)
    await actions.call(db, here.at(20), here.meeting, one)
    room = await here.room()
    assert spans(room) == [(0, 10), (10, 15), (20, None)]
    now = rules.current(room)
    assert now and now.id == one
    assert rules.used(room, one, OPENED + timedelta(minutes=25)) == 15
    await actions.next_(db, here.at(30), here.meeting, Step())
    assert rules.current(await here.room()) is None
    assert (await here.status("1"), await here.status("2")) == ("treated", "on_agenda")


async def test_acts_in_the_wrong_state_are_refused(db: Connection, office: Clock) -> None:
    here = await scene.running(db, office)
    one = await here.item("1")
    codes = []
    again: list[Callable[[], Awaitable[None]]] = [
        lambda: actions.call(db, here.at(1), here.meeting, one),
        lambda: actions.next_(db, here.at(1), here.meeting, Step(next_id=one)),
    ]
    none: list[Callable[[], Awaitable[None]]] = [
        lambda: actions.pause(db, here.at(3), here.meeting),
        lambda: actions.next_(db, here.at(3), here.meeting, Step()),
    ]
    await actions.call(db, here.at(0), here.meeting, one)
    for act in [*again, None, *none]:
        if act is None:
            await actions.pause(db, here.at(2), here.meeting)
            continue
        with pytest.raises(errors.Conflict) as refused:
            await act()
        codes.append(refused.value.code)
    assert codes == ["item_open", "item_open", "no_item_open", "no_item_open"]
    await agenda.withdraw(db, await make.actor(db, office, "anna"), await here.item("6"))
    with pytest.raises(errors.Conflict):
        await actions.call(db, here.at(4), here.meeting, await here.item("6"))
    other = await make.meeting(db, "KK-2027-9", state="running")
    elsewhere = await make.item(db, other, status="on_agenda", number="1")
    for strange in (elsewhere, other):
        with pytest.raises(errors.NotFound):
            await actions.call(db, here.at(5), here.meeting, strange)
    await meetings.close(db, here.at(6), here.meeting)
    over: list[Callable[[], Awaitable[None]]] = [
        *again,
        *none,
        lambda: actions.extend(db, here.at(7), one, Extension(5)),
    ]
    for act in over:
        with pytest.raises(errors.Conflict):
            await act()


async def test_two_who_go_on_at_once_skip_nothing(client: Clients, db: Connection, office: Clock) -> None:
    here = await scene.running(db, office)
    mona, anna = await client.as_("mona"), await client.as_("anna")
    url = f"/api/v1/meetings/{here.meeting}"
    two, three = await here.item("2"), await here.item("3")
    match = {"if-match": f'"v{await here.revision()}"'}
    done = await mona.post(f"{url}/next", json={"next_id": str(two)}, headers=match)
    assert done.status_code == 200, done.text
    stale = await anna.post(f"{url}/next", json={"next_id": str(three)}, headers=match)
    assert stale.status_code == 412
    seen = {"if-match": done.headers["etag"]}
    assert (
        await anna.post(f"{url}/arrivals", json={"person_id": str(here.people["ben"])})
    ).status_code == 200
    after = await mona.post(f"{url}/next", json={"next_id": str(three)}, headers=seen)
    assert after.status_code == 200, "who comes in meanwhile changes nothing about the agenda"
    assert [one["item_id"] for one in after.json()["calls"]] == [str(two), str(three)]


async def test_a_late_item_gets_its_number_when_it_is_called_up(db: Connection, office: Clock) -> None:
    here = await scene.running(db, office)
    late = await make.item(db, here.meeting, "Eilt")
    assert rules.following(await here.room()) is not None
    await actions.call(db, here.at(0), here.meeting, late)
    room = await here.room()
    now = rules.current(room)
    assert now and now.number and now.status == "on_agenda"
    await actions.next_(db, here.at(5), here.meeting, Step())
    assert await db.fetchval("select status from agenda_item where id = $1", late) == "treated"


async def test_what_is_put_off_or_taken_off_is_dealt_with_no_more(db: Connection, office: Clock) -> None:
    here = await scene.running(db, office)
    for number, (minutes, end) in zip(
        ("4", "5", "6"), ((0, "adjourn"), (10, "remove"), (20, "withdraw")), strict=True
    ):
        item = await here.item(number)
        await actions.call(db, here.at(minutes), here.meeting, item)
        if end == "adjourn":
            await agenda.adjourn(db, here.at(minutes + 5), item, Adjournment())
        elif end == "remove":
            await agenda.conclude(db, here.at(minutes + 5), item, Outcome(result="removed"))
        else:
            anna = await make.actor(db, office, "anna")
            await agenda.withdraw(db, here.at(minutes + 5, anna), item)
        assert rules.current(await here.room()) is None
    assert spans(await here.room()) == [(0, 5), (10, 15), (20, 25)]


async def test_the_close_ends_what_is_being_dealt_with(db: Connection, office: Clock) -> None:
    here = await scene.running(db, office)
    await actions.arrive(db, here.at(0), here.meeting, Arrival(here.people["ben"]))
    await actions.call(db, here.at(0), here.meeting, await here.item("4"))
    await meetings.close(db, here.at(25), here.meeting)
    room = await here.room()
    assert spans(room) == [(0, 25)]
    assert [one.left_at for one in room.stays] == [OPENED + timedelta(minutes=25)]


async def test_more_time_counts_beside_the_plan(client: Clients, db: Connection, office: Clock) -> None:
    here = await scene.running(db, office)
    item = await here.item("4")
    await actions.call(db, here.at(0), here.meeting, item)
    plain = rules.forecast(await here.room(), OPENED)
    await actions.extend(db, here.at(1), item, Extension(10))
    await actions.extend(db, here.at(1), item, Extension(5))
    await actions.extend(db, here.at(1), item, Extension(-20))
    await actions.extend(db, here.at(1), item, Extension(15))
    room = await here.room()
    found = next(one for one in room.agenda if one.id == item)
    assert (found.planned_minutes, room.extra) == (15, {item: 15})
    assert rules.forecast(room, OPENED).rest == plain.rest + 15
    slot = rules.slot(room, found, OPENED + timedelta(minutes=20))
    assert (slot.planned, slot.used, slot.rest) == (30, 20, 10)
    over = rules.slot(room, found, OPENED + timedelta(minutes=50))
    assert (over.used, over.rest) == (50, 0)
    await db.execute("update agenda_content set extra_minutes = 599 where item_id = $1", item)
    mona = await client.as_("mona")
    url = f"/api/v1/agenda-items/{item}/extend"
    assert (await mona.post(url, json={"minutes": 1})).json()["extra"] == {str(item): 600}
    for minutes in (1, 121, 0.5):
        assert (await mona.post(url, json={"minutes": minutes})).status_code == 400, minutes


async def test_counts_never_exceed_the_voices_in_the_room(db: Connection, office: Clock) -> None:
    here = await scene.running(db, office)
    item = await here.item("4")
    for nick in ("ben", "dora", "egon"):
        await actions.arrive(db, here.at(0), here.meeting, Arrival(here.people[nick]))
    await actions.arrive(db, here.at(0), here.meeting, Arrival(here.people["vera"]))
    await actions.call(db, here.at(1), here.meeting, item)
    await actions.leave(db, here.at(5), here.meeting, Departure(here.people["ben"]))
    await actions.arrive(db, here.at(6), here.meeting, Arrival(here.people["mia"]))
    await actions.next_(db, here.at(10), here.meeting, Step())
    await actions.arrive(db, here.at(11), here.meeting, Arrival(here.people["dina"]))
    for count, fits in ((4, False), (3, True)):
        outcome = Outcome(result="agreed", votes=Votes(consent=count))
        if fits:
            await agenda.conclude(db, here.at(12), item, outcome)
        else:
            with pytest.raises(errors.Invalid) as refused:
                await agenda.conclude(db, here.at(12), item, outcome)
            assert "consent" in refused.value.fields
    other = await here.item("5")
    with pytest.raises(errors.Invalid):
        await agenda.conclude(db, here.at(12), other, Outcome(result="agreed", votes=Votes(consent=5)))
    await agenda.conclude(db, here.at(12), other, Outcome(result="agreed", votes=Votes(consent=4)))


SECRET = {"title": "Personalfrage", "level": "confidential", "by": "ben", "named": ["dora"]}


async def test_a_confidential_item_is_called_up_unread_once_it_is_confirmed(
    client: Clients, db: Connection, office: Clock
) -> None:
    here = await scene.running(db, office, **SECRET)
    item = await db.fetchval(
        "select item_id from agenda_content where meeting_id = $1 and confidentiality = 'confidential'",
        here.meeting,
    )
    for nick in ("ben", "dora", "egon", "vera", "mona"):
        await actions.arrive(db, here.at(0), here.meeting, Arrival(here.people[nick]))
    mona = await client.as_("mona")
    refused = await mona.post(f"/api/v1/agenda-items/{item}/call")
    assert (refused.status_code, refused.json()["code"]) == (409, "not_open_to_all")
    assert refused.json()["people"] == ["Egon Mitglied", "Vera Ministerium"]
    assert refused.json()["guests"] == ["Vera Ministerium"]
    again = await mona.post(f"/api/v1/agenda-items/{item}/call", json={"without_guests": True})
    assert again.json()["people"] == ["Egon Mitglied"], "a member is not sent out"
    done = await mona.post(
        f"/api/v1/agenda-items/{item}/call", json={"without_guests": True, "confirmed": True}
    )
    assert done.status_code == 200, done.text
    assert done.json()["calls"] == [{"item_id": str(item), "called_at": None, "ended_at": None}]
    heard = await db.fetch(
        "select detail ->> 'people' as people from audit_event where action = 'agenda_item.heard'"
    )
    assert [json.loads(one["people"]) for one in heard] == [[str(here.people["egon"])]], "who was let hear it"
    room = await here.room()
    gone = {one.name for one in room.stays if one.left_for == item}
    assert gone == {"Vera Ministerium"}
    for nick in ("dora", "ben", "egon"):
        told = (await here.room(nick)).stays
        assert "Vera Ministerium" not in {one.name for one in told}, "a gap would tell of the item"
        assert len(told) == 4 and all(one.left_at is one.left_for is None for one in told)
    egon = await client.as_("egon")
    for name, status in (("Vera Ministerium", 404), ("Dora Mitglied", 403)):
        stay = next(one.id for one in room.stays if one.name == name)
        answer = await egon.delete(f"/api/v1/meetings/{here.meeting}/stays/{stay}")
        assert answer.status_code == status, "a stay that is not told is not there"
    assert rules.returning(room) == []
    assert (await mona.post(f"/api/v1/agenda-items/{item}/extend", json={"minutes": 5})).status_code == 403
    await actions.next_(db, here.at(10**6), here.meeting, Step(next_id=await here.item("4")))
    room = await here.room()
    assert [one.name for one in rules.returning(room)] == ["Vera Ministerium"]
    assert [one.item_id for one in room.calls] == [await here.item("4")], "what has ended is not told"
    reader = await here.room("dora")
    assert next(one.item_id for one in reader.calls) == item
    await actions.arrive(db, here.at(10**6 + 1), here.meeting, Arrival(here.people["vera"]))
    assert rules.returning(await here.room()) == []
    vera = [one for one in (await here.room("ben")).stays if one.name == "Vera Ministerium"]
    assert len(vera) == 1 and vera[0].left_for is None
    await meetings.close(db, here.at(10**6 + 2), here.meeting)
    assert len((await here.room("ben")).stays) == 5, "those who were there at the end"
    assert len((await here.room()).stays) == 6


async def test_who_is_alone_with_the_named_is_asked_nothing(db: Connection, office: Clock) -> None:
    here = await scene.running(db, office, **SECRET)
    item = await db.fetchval(
        "select item_id from agenda_content where meeting_id = $1 and confidentiality = 'confidential'",
        here.meeting,
    )
    for nick in ("ben", "dora"):
        await actions.arrive(db, here.at(0), here.meeting, Arrival(here.people[nick]))
    await actions.call(db, here.at(1), here.meeting, item, Calling())
    assert len((await here.room("ben")).calls) == 1


async def test_who_comes_in_to_a_confidential_item_is_asked_for(
    client: Clients, db: Connection, office: Clock
) -> None:
    here = await scene.running(db, office, **SECRET)
    item = await db.fetchval(
        "select item_id from agenda_content where meeting_id = $1 and confidentiality = 'confidential'",
        here.meeting,
    )
    ben, kim, dina, vera, dora, egon = (
        here.people[nick] for nick in ("ben", "kim", "dina", "vera", "dora", "egon")
    )
    for one in (ben, egon):
        await actions.arrive(db, here.at(0), here.meeting, Arrival(one))
    stay = next(one for one in (await here.room()).stays if one.name == "Egon Mitglied")
    await actions.arrive(db, here.at(0), here.meeting, Arrival(dina, kim))
    await actions.leave(db, here.at(1), here.meeting, Departure(egon))
    await actions.call(db, here.at(2), here.meeting, item, Calling(confirmed=True))
    mona, url = await client.as_("mona"), f"/api/v1/meetings/{here.meeting}"
    times = {"arrived_local": "10:00"}
    for name, change, path, body in (
        ("Vera Ministerium", mona.post, "arrivals", {"person_id": str(vera)}),
        ("Kim Köln", mona.post, "swaps", {"person_id": str(kim)}),
        ("Egon Mitglied", mona.put, f"stays/{stay.id}", times),
        ("Vera Ministerium", mona.post, "roll-call", {"items": [{"person_id": str(vera)}]}),
    ):
        refused = await change(f"{url}/{path}", json=body)
        assert (refused.status_code, refused.json()["code"]) == (409, "not_open_to_all"), (path, refused.text)
        assert (refused.json()["people"], refused.json()["guests"]) == ([name], [])
    ours = (
        "select detail ->> 'people' from audit_event where action = 'agenda_item.heard' order by id offset 1"
    )
    assert await db.fetch(ours) == []
    await actions.arrive(db, here.at(3), here.meeting, Arrival(dora))
    assert await db.fetch(ours) == [], "who is named for it is not asked for"
    for change, path, body in (
        (mona.post, "arrivals", {"person_id": str(vera)}),
        (mona.post, "swaps", {"person_id": str(kim)}),
        (mona.put, f"stays/{stay.id}", times),
    ):
        done = await change(f"{url}/{path}", json=body | {"confirmed": True})
        assert done.status_code == 200, done.text
    heard = [json.loads(row[0]) for row in await db.fetch(ours)]
    assert heard == [[str(vera)], [str(kim)], [str(egon)]], "who was let in"
    await actions.next_(db, here.at(10**6), here.meeting, Step())
    await actions.leave(db, here.at(10**6), here.meeting, Departure(vera))
    await actions.arrive(db, here.at(10**6 + 1), here.meeting, Arrival(vera))


async def test_page_and_program_see_the_same_room(client: Clients, db: Connection, office: Clock) -> None:
    here = await scene.running(db, office)
    await actions.call(db, here.at(0), here.meeting, await here.item("4"))
    ben = await client.as_("ben")
    answer = await ben.get(f"/api/v1/meetings/{here.meeting}/room")
    assert answer.status_code == 200
    assert answer.json()["calls"][0]["item_id"] == str(await here.item("4"))
    assert answer.headers["etag"] == f'"v{await here.revision()}"'
