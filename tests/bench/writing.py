"""Minutes that five people write and two hundred read along, on two web processes, one of which is killed at half time.

    python -m tests.bench.writing [SECONDS]

Each writer types words of its own at random places, on over every break. A reader is an open page of the room. How long a
word takes counts from the key to each reader's page, the outage included. Exit code 1 when a word is lost or stands twice,
when two texts differ at the end, or when 95 of 100 words take longer than `GOAL` seconds.
"""

import asyncio
import contextlib
import itertools
import os
import random
import re
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import AsyncExitStack, ExitStack
from pathlib import Path
from uuid import UUID

import asyncpg
import msgspec

from circle.core import auth, clock, merging
from circle.local import child, postgres
from db import migrate
from tests import make
from tests.meetings import world
from tests.writers import Writer

from . import load

SECONDS, WRITERS, READERS = 60.0, 5, 200
GOAL = 1.5
WAITING = 20.0
"""Seconds after the last key until everything has to have arrived everywhere."""
WORD = re.compile(rb"w\d+q\d+z")


class Place(msgspec.Struct):
    """What is written where, by whom."""

    item: UUID
    path: str
    writers: list[str]
    reader: str


async def build(admin_url: str, runtime_url: str) -> Place:
    """A running meeting with an item that is called up; sessions of its writers and of a member who reads along."""
    await migrate.migrate(admin_url, runtime_url)
    db = await asyncpg.connect(admin_url)
    try:
        await clock.wind(db, "2026-11-23T09:00:00+01:00")
        await make.world(db)
        async with db.transaction():
            await db.execute("set local circle.system = 'on'")
            office = await clock.read(db)
            meeting = await world.running(db, office)
            item = await make.item(db, meeting, number="5", status="on_agenda")
            await db.execute(
                "insert into item_call (meeting_id, item_id, called_at) values ($1, $2, $3)",
                meeting,
                item,
                office.now(),
            )
            await db.execute(
                """
                insert into presence (meeting_id, person_id, authority_id, arrived_at)
                select $1, id, authority_id, $2 from person where name = 'Ben Beauftragt'
                    and not exists (select from presence where meeting_id = $1 and person_id = person.id)
                """,
                meeting,
                office.now(),
            )
        people = itertools.islice(itertools.cycle(("anna", "mona")), WRITERS)
        writers = [await auth.open_session(db, await make.person_id(db, nick), "cookie") for nick in people]
        reader = await auth.open_session(db, await make.person_id(db, "ben"), "cookie")
        return Place(item, world.PAGE, writers, reader)
    finally:
        await db.close()


class Reader:
    """An open page: it notes when it first saw each word, and comes again elsewhere when its stream breaks off."""

    def __init__(self, ports: list[int], at: int, path: str, token: str) -> None:
        self.ports, self.at, self.path, self.token = ports, at, path, token
        self.seen: dict[bytes, float] = {}
        self.words: set[bytes] = set()

    async def read(self) -> None:
        while True:
            with contextlib.suppress(OSError, asyncio.IncompleteReadError):
                await self._once()
            self.at += 1
            await asyncio.sleep(random.random() / 2)

    async def _once(self) -> None:
        port = self.ports[self.at % len(self.ports)]
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 22)
        try:
            writer.write(
                f"GET {self.path}/live/stand HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\ncookie: circle={self.token}\r\n\r\n".encode()
            )
            head = await reader.readuntil(b"\r\n\r\n")
            if not head.startswith(b"HTTP/1.1 200"):
                return
            while True:
                event = await reader.readuntil(b"\n\n")
                if b"event: text\n" not in event[:40]:
                    continue
                now = time.monotonic()
                self.words = set(WORD.findall(event))
                for word in self.words - self.seen.keys():
                    self.seen[word] = now
        finally:
            writer.close()


async def measure(place: Place, ports: list[int], seconds: float, kill: asyncio.Event) -> int:
    """Write and read for so long; print what came of it. Returns 1 when a goal is missed."""
    typed: dict[bytes, float] = {}
    turn = itertools.count()
    writers = [
        Writer(
            lambda: f"ws://127.0.0.1:{ports[next(turn) % 2]}{place.path}/top/{place.item}/schreiben", token
        )
        for token in place.writers
    ]
    readers = [Reader(ports, n, place.path, place.reader) for n in range(READERS)]
    reading = [asyncio.create_task(one.read()) for one in readers]
    async with AsyncExitStack() as stack:
        for writer in writers:
            await stack.enter_async_context(writer.writing(again=True))
        await asyncio.gather(*(writer.live.wait() for writer in writers))
        await asyncio.sleep(2)
        begun = time.monotonic()

        async def write(number: int, writer: Writer) -> None:
            for count in itertools.count():
                left = seconds - (time.monotonic() - begun)
                if left <= 0:
                    return
                if left < seconds / 2:
                    kill.set()
                word = f"w{number}q{count}z"
                # Between two words: nobody types into somebody else's.
                place = random.choice([0, *(found.end() for found in re.finditer(" ", writer.text))])
                typed[word.encode()] = time.monotonic()
                await writer.type(f"{word} ", place)
                await asyncio.sleep(random.uniform(0.15, 0.45))

        await asyncio.gather(*(write(n, writer) for n, writer in enumerate(writers)))
        whole, end = set(typed), time.monotonic() + WAITING
        while time.monotonic() < end and not (
            len({writer.text for writer in writers}) == 1 and all(one.words == whole for one in readers)
        ):
            await asyncio.sleep(0.1)
        texts = [writer.text for writer in writers]
        drops = sum(writer.drops for writer in writers)
    for task in reading:
        task.cancel()
    await asyncio.gather(*reading, return_exceptions=True)
    found = WORD.findall(texts[0].encode())
    lost, doubled = len(whole - set(found)), len(found) - len(set(found))
    equal, complete = len(set(texts)) == 1, sum(one.words == whole for one in readers)
    took = sorted(one.seen[word] - at for one in readers for word, at in typed.items() if word in one.seen)
    p50, p95, most = (
        took[min(int(len(took) * part), len(took) - 1)] if took else 0.0 for part in (0.5, 0.95, 1.0)
    )
    missed = bool(lost or doubled or not equal or complete < READERS or p95 > GOAL)
    print(
        f"minutes: {len(typed)} words by {WRITERS} writers, {drops} broken connections, {lost} lost, {doubled} doubled, "
        f"texts {'equal' if equal else 'DIFFERENT'}, {complete} of {READERS} readers complete\n"
        f"         from key to reader p50 {p50 * 1000:.0f} ms, p95 {p95 * 1000:.0f} ms, longest {most:.2f} s "
        f"(outage included), goal p95 {GOAL} s{'  MISSED' if missed else ''}",
        flush=True,
    )
    return int(missed)


def replay(count: int = 20_000) -> None:
    """Print how long a process needs to take in a long history, as it does when somebody opens the page."""
    hand, updates, place = merging.Document(), [], 0
    for n in range(count):
        # Somebody types a line, then goes somewhere else.
        place = min(place + 1, len(hand.text)) if n % 60 else random.randint(0, len(hand.text))
        updates.append(hand.edit([merging.Change(place, place, "wortäö😀 "[n % 8])]))
        if len(hand.text) > 10_000:
            updates.append(hand.edit([merging.Change(0, 9_000, "")]))
    since = time.perf_counter()
    late = merging.Document()
    for update in updates:
        late.apply(update)
    took = time.perf_counter() - since
    assert late.text == hand.text
    print(
        f"minutes: {len(updates)} changes taken in within {took:.2f} s, {len(late.since(None)) // 1024} KB as one",
        flush=True,
    )


def run(seconds: float = SECONDS) -> int:
    """Start everything, measure, and print. Returns 1 when a goal is missed."""
    replay()
    with ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="circle-bench-")))
        home.chmod(0o711)
        server = stack.enter_context(postgres.running(home / "postgres"))
        place = asyncio.run(build(server.admin_url(), server.url()))
        ports = [child.free_port(), child.free_port()]

        def env(port: int) -> dict[str, str]:
            files = str(home / "files")
            return {
                "DATABASE_URL": server.url(),
                "CIRCLE_MODE": "test",
                "CIRCLE_PORT": str(port),
                "CIRCLE_FILES": files,
            }

        command = [sys.executable, "-m", "circle.cli", "serve"]
        stack.enter_context(load.serving(command, ports[0], env(ports[0]), home / "web1.log"))
        victim = subprocess.Popen(
            command, env=os.environ | env(ports[1]), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        while not load.listens(ports[1]):
            time.sleep(0.05)

        async def all_of_it() -> int:
            nonlocal victim
            kill = asyncio.Event()

            async def strike() -> None:
                """Kill it in the middle of its work; the supervisor would start it again like this."""
                nonlocal victim
                await kill.wait()
                victim.send_signal(signal.SIGKILL)
                victim.wait()
                await asyncio.sleep(1)
                victim = subprocess.Popen(
                    command,
                    env=os.environ | env(ports[1]),
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                )

            striking = asyncio.create_task(strike())
            result = await measure(place, ports, seconds, kill)
            await striking
            return result

        try:
            return asyncio.run(all_of_it())
        finally:
            victim.terminate()
            victim.wait(20)


if __name__ == "__main__":
    sys.exit(run(float(sys.argv[1]) if len(sys.argv) > 1 else SECONDS))
