"""How the room is drawn: the time of items, who is where, and that a shared view holds what its keys open and no more."""

from datetime import timedelta

import msgspec
import pytest

from circle.core.clock import Clock
from circle.core.db import Connection
from circle.meetings.room import actions, store, view
from circle.meetings.room.model import Arrival, Extension, Step
from tests import make

from . import scene
from .scene import OPENED

MASK = "Vertraulicher Tagesordnungspunkt"


def at(minutes: float) -> timedelta:
    return timedelta(minutes=minutes)


async def test_the_time_of_items_and_of_the_meeting(db: Connection, office: Clock) -> None:
    room = await scene.running(db, office)
    await actions.next_(db, room.at(0), room.meeting, Step(next_id=await room.item("1")))
    await actions.next_(db, room.at(9), room.meeting, Step(next_id=await room.item("2")))
    drawn = view.scene(await room.room(), OPENED + at(13))
    first, second, third = drawn.lines[:3]
    assert (first.state, first.used, first.planned, first.over) == ("done", 9, 5, 4)
    assert (second.state, second.used, second.planned, second.left, second.over) == ("now", 4, 10, 6, 0)
    assert drawn.current == second and drawn.next == third and drawn.back == first
    assert (drawn.position, drawn.count) == (2, 6)
    assert third.due == "10:19", "the current item takes what is left of it"
    await actions.extend(db, room.at(13), await room.item("2"), Extension(10))
    drawn = view.scene(await room.room(), OPENED + at(13))
    assert drawn.lines[1].left == 16 and drawn.lines[2].due == "10:29"
    await actions.pause(db, room.at(14), room.meeting)
    drawn = view.scene(await room.room(), OPENED + at(20))
    assert drawn.pause and drawn.current is None and drawn.next and drawn.next.item.number == "2"


async def test_who_is_there_and_who_is_expected(db: Connection, office: Clock) -> None:
    room = await scene.running(db, office)
    await actions.arrive(db, room.at(1), room.meeting, Arrival(room.people["ben"]))
    await actions.arrive(db, room.at(2), room.meeting, Arrival(room.people["dina"], room.people["kim"]))
    await actions.arrive(db, room.at(3), room.meeting, Arrival(room.people["edda"], mode="online"))
    found = await room.room()
    drawn = view.scene(found, OPENED + at(5))
    assert (drawn.quorum.present, drawn.on_site, drawn.online, drawn.standing_in) == (2, 2, 0, 1)
    assert len(drawn.houses) == 2 and len(drawn.missing) == 3
    people = {one.name: one for one in view.people(found, await store.list_expected(db, room.meeting))}
    assert people["Ben Beauftragt"].words == "vor Ort seit 10:01"
    assert people["Dina Vertretung"].words == "vor Ort seit 10:02, vertritt Kim Köln"
    assert (people["Edda Fachkraft"].group, people["Edda Fachkraft"].words) == ("guest", "online seit 10:03")
    egon = people["Egon Mitglied"]
    assert egon.stay is None and view.arrival(egon.value) == {
        "person_id": str(room.people["egon"]),
        "mode": "on_site",
    }
    assert [one.group for one in people.values()] == sorted(
        [one.group for one in people.values()], key=["voice", "office", "guest"].index
    )


@pytest.mark.confidential
async def test_a_shared_view_holds_no_more_than_its_keys_open(db: Connection, office: Clock) -> None:
    room = await scene.running(
        db, office, title="Personalsache Quarzlampe", level="confidential", by="egon", named=["mona"]
    )
    item = await db.fetchval("select item_id from agenda_content where confidentiality = 'confidential'")
    await actions.extend(db, room.at(1), item, Extension(7))
    await actions.next_(db, room.at(2), room.meeting, Step(next_id=item, confirmed=True))
    whole = await room.room("mona")
    assert b"Quarzlampe" in msgspec.json.encode(whole)
    common = view.as_seen(whole, ["circle", f"meeting:{room.meeting}", f"papers:{room.meeting}"])
    assert b"Quarzlampe" not in msgspec.json.encode(common)
    drawn = view.scene(common, OPENED + at(10))
    assert drawn.current and drawn.current.item.title == MASK
    assert drawn.current.planned is None and drawn.current.used == 0 and item not in common.extra
    assert all(call.called_at is None for call in common.calls if call.item_id == item)
    named = view.as_seen(whole, ["circle", f"named:{item}"])
    assert b"Quarzlampe" in msgspec.json.encode(named)


async def test_equal_keys_of_a_meeting_are_equal_views(db: Connection, office: Clock) -> None:
    room = await scene.running(db, office)
    views = {
        nick: view.keys_for((await make.actor(db, office, nick)).keys, room.meeting)
        for nick in ("ben", "egon", "mona")
    }
    assert views["ben"] == views["egon"] and "circle" in views["ben"]
    assert not any(key.startswith(("person:", "role:")) for keys in views.values() for key in keys)


def test_the_ring_is_drawn_to_its_share_and_its_mark() -> None:
    assert view.arc(5, 5) == "263.9 263.9"
    assert view.arc(0, 0) == "0.0 263.9"
    assert view.notch(3, 5) == ["30.0", "77.5", "20.6", "90.5"]
