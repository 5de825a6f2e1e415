"""Writing together over sockets: two services on one database, who hear each other only through it."""

import asyncio
from typing import Any

import httpx
import msgspec
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from circle.core import merging
from circle.meetings.writing import desk as desks
from circle.meetings.writing.desk import Kind
from tests import make
from tests.writers import Writer, served

from .conftest import Room, free_port


async def closing(room: Room, writer: Writer) -> int:
    """The code with which an attempt to write ends."""
    async with writer.writing():
        async with asyncio.timeout(10):
            while not writer.closed:
                await asyncio.sleep(0.02)
    return writer.closed


async def test_two_write_at_once_on_two_services(room: Room) -> None:
    anna, mona = await room.writer("anna", 0), await room.writer("mona", 1)
    async with anna.writing(), mona.writing():
        await asyncio.gather(anna.live.wait(), mona.live.wait())
        for n in range(20):
            await asyncio.gather(anna.type(f"ä{n}ß "), mona.type(f"😀{n}e\u0301 ", 0))
        await asyncio.gather(anna.saved(), mona.saved())
        words = {f"ä{n}ß" for n in range(20)} | {f"😀{n}e\u0301" for n in range(20)}
        text = await anna.until(lambda text: words <= set(text.split()))
        assert await mona.until(lambda other: other == text) == text
        assert len(text.split()) == 40, "nothing twice"
        assert await room.text() == text
        assert {"others": ["Mona Moderat"]} in anna.heard
        assert all(len(said["saved"]) == 8 for said in anna.heard if "saved" in said)
    rows = await room.value("select count(*) from writing_update where item_id = $1", room.item)
    assert rows == 40
    kinds = await room.value(
        "select array_agg(distinct action) from audit_event where action like 'agenda_item.w%'"
    )
    assert kinds == ["agenda_item.written"]
    assert await room.value("select count(*) from audit_event where action = 'agenda_item.written'") == 2


async def test_what_is_there_comes_first_and_once(room: Room) -> None:
    await room.value("update agenda_content set minutes = 'Der Kreis dankt.' where item_id = $1", room.item)
    writers = [await room.writer("anna", n % 2) for n in range(4)]
    for writer in writers:
        async with writer.writing():
            await writer.live.wait()
            assert await writer.until(bool) == "Der Kreis dankt."
    assert await room.value("select count(*) from writing_update") == 1


async def test_what_is_written_elsewhere_comes_in_and_nothing_is_lost(room: Room) -> None:
    """The result form with an old state, the API without one, and a text put past all of it."""
    anna = await room.writer("anna")
    async with anna.writing():
        await anna.live.wait()
        await anna.type("Der Kreis dankt.")
        await anna.saved()
        async with room.database.begin(None) as db:
            from circle.core import clock
            from circle.meetings.agenda import actions
            from circle.meetings.agenda.model import Outcome

            mona = await make.actor(db, await clock.read(db), "mona")
            await actions.conclude(db, mona, room.item, Outcome(minutes="Es war gut.", minutes_base=""))
        text = await anna.until(lambda text: "gut" in text)
        assert "Der Kreis dankt." in text and "Es war gut." in text
        await room.value(
            "update agenda_content set minutes = minutes || ' Ende.' where item_id = $1", room.item
        )
        await anna.until(lambda text: text.endswith(" Ende."))
        await anna.type(" Nachsatz.")
        await anna.saved()
        assert await room.text() == anna.text


async def test_typing_without_a_connection_is_made_good(room: Room) -> None:
    anna, mona = await room.writer("anna", 0), await room.writer("mona", 1)
    async with mona.writing():
        await mona.live.wait()
        async with anna.writing():
            await anna.live.wait()
            await anna.type("eins ")
            await anna.saved()
        await anna.type("offline ")
        await mona.until(lambda text: "eins" in text)
        await mona.type("zwei ")
        await mona.saved()
        async with anna.writing():
            await anna.saved()
            await anna.until(lambda text: "zwei" in text)
        await mona.until(lambda text: "offline" in text)
    assert sorted((await room.text()).split()) == ["eins", "offline", "zwei"]


@pytest.mark.parametrize("withdraw", [
    "delete from session",
    "delete from role_grant where role = 'circle_moderator'",
    "update meeting set state = 'minutes_approved'",
])  # fmt: skip
async def test_a_withdrawn_right_ends_it(room: Room, withdraw: str) -> None:
    """By the look, within seconds; and with the next message at once, before anything of it is kept."""
    looking, typing = await room.writer("mona"), await room.writer("mona", 1)
    async with looking.writing(), typing.writing():
        await asyncio.gather(looking.live.wait(), typing.live.wait())
        await room.value(withdraw)
        await typing.type("heimlich")
        async with asyncio.timeout(5):
            while not (looking.closed and typing.closed):
                await asyncio.sleep(0.02)
    expected = {"delete from session": 4401, "update meeting set state = 'minutes_approved'": 4409}.get(
        withdraw, 4404
    )
    assert looking.closed == typing.closed == expected
    assert await room.text() == "" and await room.value("select count(*) from writing_update") == 0


async def test_who_may_not_write(room: Room) -> None:
    clara, ben, stranger = (
        await room.writer("clara"),
        await room.writer("ben"),
        Writer(lambda: room.address(0), "no"),
    )
    assert await closing(room, clara) == 4404
    assert await closing(room, ben) == 4403
    assert await closing(room, stranger) == 4401
    nowhere = Writer(lambda: room.address(0, room.meeting), await room.token("anna"))
    assert await closing(room, nowhere) == 4404


@pytest.mark.confidential
async def test_a_confidential_item_is_written_by_whom_it_names(room: Room) -> None:
    """Anna holds the office and is not named; Ben is named and holds no pen."""
    assert await closing(room, await room.writer("anna", item=room.secret)) == 4403
    assert await closing(room, await room.writer("ben", item=room.secret)) == 4403
    mona = await room.writer("mona", item=room.secret)
    async with mona.writing():
        await mona.live.wait()
        await mona.type("Geheim.")
        await mona.saved()
    keys = await room.value("select distinct audience from writing_update")
    assert keys == [f"named:{room.secret}", f"expert:{room.secret}"]
    reads = await room.value("select count(*) from audit_event where action = 'agenda_item.read'")
    assert reads == 1


async def test_the_keeper_of_the_minutes_writes_too(room: Room) -> None:
    ben = await room.writer("ben")
    await room.value(
        "insert into minutes (meeting_id, keeper_id) select $1, id from person where name = 'Ben Beauftragt'",
        room.meeting,
    )
    async with ben.writing():
        await ben.live.wait()
        await ben.type("Von Ben.")
        await ben.saved()
    assert await room.text() == "Von Ben."


async def test_pages_of_other_hosts_are_refused(room: Room) -> None:
    token = await room.token("anna")
    for headers in (
        {"cookie": f"circle={token}", "origin": "https://evil.example"},
        {"cookie": f"circle={token}", "sec-fetch-site": "cross-site"},
        {"cookie": f"circle={token}", "host": "evil.example"},
    ):
        with pytest.raises(InvalidStatus) as refused:
            async with connect(room.address(0), additional_headers=headers, compression=None):
                pass
        assert refused.value.response.status_code == 403
    anna = await room.writer("anna", origin=room.address(0).split("/sitzungen")[0].replace("ws:", "http:"))
    async with anna.writing():
        await asyncio.wait_for(anna.live.wait(), 5)


@pytest.mark.parametrize(("message", "code"), [
    (b"", 4400), (b"\x01", 4400), (b"\x01junk", 4400), (b"\x00\xff\xff\xff\xff", 4400), (b"\x07abc", 4400),
    (b"\x01" + b"x" * desks.LARGEST, 4400), (b"\x01" + b"x" * 2_000_000, 1009), ("text", 4400),
])  # fmt: skip
async def test_no_message_does_harm(room: Room, message: bytes | str, code: int) -> None:
    good = await room.writer("anna")
    headers = {"cookie": f"circle={await room.token('mona')}"}
    async with good.writing():
        await good.live.wait()
        async with connect(room.address(0), additional_headers=headers, compression=None) as socket:
            await socket.send(message)
            async with asyncio.timeout(10):
                await socket.wait_closed()
            assert socket.close_code == code
        await good.type("heil")
        await good.saved()
    assert await room.text() == "heil"


async def test_a_text_does_not_grow_without_end(room: Room) -> None:
    anna = await room.writer("anna")
    async with anna.writing():
        await anna.live.wait()
        await anna.type("kurz")
        await anna.saved()
        await anna.type("x" * 40_001)
        async with asyncio.timeout(10):
            while not anna.closed:
                await asyncio.sleep(0.02)
    assert anna.closed == 4400 and await room.text() == "kurz"


async def test_what_waits_for_a_page_is_bounded() -> None:
    caller: Any = None
    seat, whole = desks.Seat(caller, caller, None), b"x" * (desks.HEAVIEST + 1)
    seat.give(whole, b"known")
    assert not seat.full.is_set(), "a long sheet alone comes through"
    assert [await seat.take() for _ in range(2)] == [whole, b"known"] and seat.weight == 0
    for _ in range(4):
        seat.give(b"x" * (desks.HEAVIEST // 4))
    assert not seat.full.is_set()
    seat.give("{}")
    assert seat.full.is_set() and seat.waiting.qsize() == 4
    many = desks.Seat(caller, caller, None)
    for _ in range(desks.BACKLOG):
        many.give(b"x")
    assert not many.full.is_set()
    many.give(b"x")
    assert many.full.is_set() and many.weight == desks.BACKLOG


async def test_delivered_twice_and_in_another_order(room: Room) -> None:
    """The same update sent again, and notices that come late, twice or backwards."""
    anna, mona = await room.writer("anna", 0), await room.writer("mona", 1)
    async with anna.writing(), mona.writing():
        await asyncio.gather(anna.live.wait(), mona.live.wait())
        update = anna.document.edit([merging.Change(0, 0, "einmal ")])
        assert anna.socket is not None
        for _ in range(3):
            await anna.socket.send(bytes([Kind.UPDATE]) + update)
        await mona.until(lambda text: "einmal" in text)
        async with room.database.begin(None) as db:
            ids = [row["id"] for row in await db.fetch("select id from writing_update order by id desc")]
            for one in [*ids, *ids, 0]:
                await db.execute("select pg_notify('circle_live', $1)", f"writing:{room.item} {one}")
        await mona.type("zweimal ")
        await mona.saved()
        await anna.until(lambda text: "zweimal" in text)
    assert (await room.text()).split() == ["einmal", "zweimal"]


async def test_a_lost_listener_catches_up(room: Room) -> None:
    anna, mona = await room.writer("anna", 0), await room.writer("mona", 1)
    async with anna.writing(), mona.writing():
        await asyncio.gather(anna.live.wait(), mona.live.wait())
        await room.value(
            "select count(pg_terminate_backend(pid)) from pg_stat_activity where application_name = 'circle live' "
            "and datname = current_database()"
        )
        await anna.type("trotzdem")
        await anna.saved()
        await mona.until(lambda text: text == "trotzdem", 8)


async def test_readers_are_woken_but_not_for_every_letter(room: Room) -> None:
    said: list[Any] = []
    async with room.database.pool.acquire() as listener:
        await listener.add_listener("circle_live", lambda *one: said.append(one[-1]))
        anna = await room.writer("anna")
        async with anna.writing():
            await anna.live.wait()
            for n in range(30):
                await anna.type(f"{n} ")
            await anna.saved()
            await asyncio.sleep(0.5)
        await listener.remove_listener("circle_live", said.append)
        await listener.reset()
    woken = said.count(f"meeting:{room.meeting}")
    assert 1 <= woken <= 8
    assert len([one for one in said if one.startswith(f"writing:{room.item} ")]) == 30


async def test_switched_off_it_is_a_form(room: Room) -> None:
    settings = msgspec.structs.replace(room.settings[0], minutes_live=False, port=free_port())
    async with served(settings):
        writer = Writer(
            lambda: room.address(0).replace(str(room.settings[0].port), str(settings.port)),
            await room.token("mona"),
        )
        assert await closing(room, writer) == 4404
        async with httpx.AsyncClient(base_url=settings.address, cookies={"circle": writer.token}) as client:
            page = (await client.get(room.address(0).split(str(room.settings[0].port))[1])).text
    assert "Text speichern" in page and "data-writing=" not in page and "writing.js" not in page
