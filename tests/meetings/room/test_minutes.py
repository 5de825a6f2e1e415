"""What the minutes say of who was there: several times a person, and what differs at an item."""

import msgspec
import pytest

from circle.core.clock import Clock
from circle.core.db import Connection
from circle.meetings import actions as meetings
from circle.meetings.minutes import actions as minutes
from circle.meetings.minutes import rules, store
from circle.meetings.minutes.model import Content
from circle.meetings.room import actions
from circle.meetings.room.model import Arrival, Calling, Departure, Step, Swap
from tests import make
from tests.clients import Clients

from . import scene


async def content(here: scene.Scene) -> Content:
    return msgspec.convert(await store.content(here.db, here.meeting), Content)


async def test_times_and_items_tell_who_was_there(client: Clients, db: Connection, office: Clock) -> None:
    here = await scene.running(db, office)
    who = here.people
    for nick in ("ben", "kim", "dora", "mona"):
        await actions.arrive(db, here.at(0), here.meeting, Arrival(who[nick]))
    await actions.call(db, here.at(0), here.meeting, await here.item("1"))
    await actions.next_(db, here.at(5), here.meeting, Step(next_id=await here.item("4")))
    await actions.arrive(db, here.at(20), here.meeting, Arrival(who["egon"]))
    await actions.leave(db, here.at(22), here.meeting, Departure(who["ben"]))
    await actions.swap(db, here.at(25), here.meeting, Swap(who["dina"]))
    await actions.next_(db, here.at(30), here.meeting, Step(next_id=await here.item("5")))
    await actions.next_(db, here.at(40), here.meeting, Step())
    await actions.arrive(db, here.at(45), here.meeting, Arrival(who["ben"]))
    await meetings.close(db, here.at(60), here.meeting)
    told = {item.number: rules.presence_lines(item.presence) for item in (await content(here)).items}
    assert told["1"] == ["Nicht anwesend: Egon Mitglied (BR Düsseldorf), Dina Vertretung (BR Köln)."]
    assert told["4"] == [
        "Egon Mitglied (BR Düsseldorf) kam um 10:20 Uhr.",
        "Ben Beauftragt (BR Arnsberg) ging um 10:22 Uhr.",
        "Dina Vertretung (BR Köln) kam um 10:25 Uhr.",
        "Kim Köln (BR Köln) ging um 10:25 Uhr.",
        "Dina Vertretung (BR Köln) übernahm die Stimme des Hauses um 10:25 Uhr.",
    ]
    assert told["5"] == ["Nicht anwesend: Ben Beauftragt (BR Arnsberg), Kim Köln (BR Köln)."]
    assert told["2"] == []
    lines = rules.attendance_lines((await content(here)).attendance, "present")
    assert "Ben Beauftragt (BR Arnsberg), 10:00 bis 10:22 Uhr und 10:45 bis 11:00 Uhr" in lines
    assert "Kim Köln (BR Köln), bis 10:25 Uhr" in lines
    assert "Egon Mitglied (BR Düsseldorf), ab 10:20 Uhr" in lines
    page = await (await client.browser("mona")).get("/sitzungen/KK-2027-1/niederschrift")
    assert "Egon Mitglied (BR Düsseldorf) kam um 10:20 Uhr." in page.text


async def test_guests_are_told_where_they_come_and_go_and_are_missed_nowhere(
    db: Connection, office: Clock
) -> None:
    here = await scene.running(db, office)
    edda = await make.person_id(db, "edda")
    await actions.arrive(db, here.at(0), here.meeting, Arrival(here.people["ben"]))
    await actions.call(db, here.at(0), here.meeting, await here.item("1"))
    await actions.next_(db, here.at(5), here.meeting, Step(next_id=await here.item("4")))
    await actions.arrive(db, here.at(10), here.meeting, Arrival(here.people["dora"]))
    await actions.arrive(db, here.at(20), here.meeting, Arrival(edda))
    await actions.leave(db, here.at(25), here.meeting, Departure(edda))
    await actions.next_(db, here.at(30), here.meeting, Step(next_id=await here.item("5")))
    await meetings.close(db, here.at(60), here.meeting)
    told = {item.number: rules.presence_lines(item.presence) for item in (await content(here)).items}
    assert told["1"] == ["Nicht anwesend: Dora Mitglied (BR Detmold)."]
    assert [line.split(" (")[0] for line in told["4"]] == [
        "Dora Mitglied",
        "Edda Fachkraft",
        "Edda Fachkraft",
    ]
    assert told["5"] == []


@pytest.mark.confidential
async def test_who_heard_a_confidential_item_stands_in_its_annex_alone(
    client: Clients, db: Connection, office: Clock
) -> None:
    here = await scene.running(db, office, title="Personalfrage", level="confidential", named=["dora"])
    item = await db.fetchval(
        "select item_id from agenda_content where meeting_id = $1 and confidentiality = 'confidential'",
        here.meeting,
    )
    for nick in ("ben", "dora", "egon", "vera"):
        await actions.arrive(db, here.at(0), here.meeting, Arrival(here.people[nick]))
    await actions.leave(db, here.at(5), here.meeting, Departure(here.people["egon"]))
    wanted = Calling(confirmed=True, without_guests=True)
    await actions.call(db, here.at(10), here.meeting, item, wanted)
    await actions.leave(db, here.at(15), here.meeting, Departure(here.people["ben"]))
    await meetings.close(db, here.at(20), here.meeting)
    await minutes.circulate(db, await make.actor(db, office, "anna"), here.meeting)
    versions = await db.fetch("select item_id, canonical from minutes_version order by item_id nulls first")
    main, annex = versions
    assert "Personalfrage" not in main["canonical"]
    secret = next(one for one in msgspec.json.decode(main["canonical"])["items"] if one["id"] == str(item))
    assert secret["presence"] == []
    kinds = [one["kind"] for one in msgspec.json.decode(annex["canonical"])["presence"]]
    assert kinds == ["absent", "left"], "a house that was away, and no guest who was asked out"
    for nick, shown in (("dora", True), ("egon", False)):
        answer = await (await client.as_(nick)).get(f"/api/v1/meetings/{here.meeting}/minutes")
        found = next(one for one in answer.json()["items"] if one["id"] == str(item))
        assert bool(found["presence"]) == shown, nick
