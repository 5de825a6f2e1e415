"""What an open page is told while it stands open: server-sent events (HTML Standard, 9.2).

A stream is only for looking: pages work without it. Each look asks for the rights anew and does not keep the session
alive, so a stream ends within two seconds after the right, the office or the session has (limit: five seconds).

Two kinds: `stream` looks every two seconds, `watch` is woken by what `tell` says about its topic, in any process, and
shares one rendering among all who may see the same.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import asyncpg
import msgspec
import prometheus_client
import structlog
from litestar import Request
from litestar.response import Stream

from . import errors
from .db import Caller, Connection, Database

LOOK, BREATH, LIFE = 2.0, 15.0, 600.0
"""Seconds between two looks, until a silent stream says that it lives, and until the browser has to come again."""
PACE = 0.4
"""Seconds between two renderings of the same thing: people read no faster, and writers type in bursts."""
CHANNEL = "circle_live"

OPEN = prometheus_client.Gauge("circle_live_streams", "Open streams of server-sent events.")
Look = Callable[[Connection, Caller], Awaitable[tuple[str, bool]]]
"""Looks once: the part of the page as it is now, and whether that was the last change."""
Admit = Callable[[Connection, Caller], Awaitable[str]]
"""Asks for the rights and answers which view of the topic they open: equal views are the same to the letter."""
Render = Callable[[Connection, Caller, str], Awaitable[dict[str, str]]]
"""The parts of a page for a view: name of the event → HTML. An empty dict ends the stream: the page loads itself anew."""
log = structlog.get_logger("circle.live")


class Hub:
    """What this process hears about topics, over one LISTEN connection, and who waits for it.

    A lost connection loses nothing: whoever waits looks every two seconds anyway.
    """

    def __init__(self) -> None:
        self._waiting: dict[str, set[asyncio.Event]] = {}
        self._heard: dict[str, list[Callable[[str], None]]] = {}
        self._said: dict[str, int] = {}
        self._shared: dict[tuple[str, str], _Shared] = {}

    async def listen(self, url: str) -> None:
        """Hear until cancelled; after a lost connection come again within a second and wake everybody."""
        while True:
            try:
                connection = await asyncpg.connect(url, server_settings={"application_name": "circle live"})
            except (OSError, asyncpg.PostgresError, TimeoutError):
                await asyncio.sleep(1)
                continue
            lost = asyncio.Event()
            try:
                connection.add_termination_listener(lambda *_, lost=lost: lost.set())
                await connection.add_listener(CHANNEL, lambda *said: self.hear(str(said[-1])))
                for topic in {*self._waiting, *self._heard}:
                    self.hear(topic)
                await lost.wait()
                log.warning("live.connection_lost")
            except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
                await asyncio.sleep(1)
            finally:
                with suppress(OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
                    connection.terminate()

    def hear(self, said: str) -> None:
        """`topic text`: wake who waits for the topic and call who hears it with the text, empty after a silence."""
        topic, _, text = said.partition(" ")
        if topic not in self._waiting and topic not in self._heard:
            return
        self._said[topic] = self._said.get(topic, 0) + 1
        for bell in self._waiting.get(topic, ()):
            bell.set()
        for call in self._heard.get(topic, ()):
            call(text)

    @contextmanager
    def hearing(self, topic: str, call: Callable[[str], None]) -> Iterator[None]:
        """Call with every text about a topic; an empty one says that texts may have been missed."""
        self._heard.setdefault(topic, []).append(call)
        try:
            yield
        finally:
            self._heard[topic].remove(call)
            self._forget(topic)

    @contextmanager
    def waiting(self, topic: str) -> Iterator[asyncio.Event]:
        """A bell that rings at every word about a topic."""
        bell = asyncio.Event()
        self._waiting.setdefault(topic, set()).add(bell)
        try:
            yield bell
        finally:
            self._waiting[topic].discard(bell)
            self._forget(topic)

    async def parts(
        self, topic: str, view: str, render: Callable[[], Awaitable[dict[str, str]]]
    ) -> dict[str, str]:
        """The parts of a view as they are now, rendered once for all who ask, not more often than every `PACE`."""
        shared = self._shared.setdefault((topic, view), _Shared())
        async with shared.lock:
            now = asyncio.get_running_loop().time()
            if shared.said == self._said.get(topic, 0) and now - shared.at < LOOK:
                return shared.parts
            await asyncio.sleep(max(shared.at + PACE - now, 0))
            said = self._said.get(topic, 0)
            shared.parts = await render()
            shared.at, shared.said = asyncio.get_running_loop().time(), said
            return shared.parts

    def _forget(self, topic: str) -> None:
        if self._waiting.get(topic) or self._heard.get(topic):
            return
        for known in (self._waiting, self._heard, self._said):
            known.pop(topic, None)
        for key in [key for key in self._shared if key[0] == topic]:
            del self._shared[key]


class _Shared:
    """One rendering of a view: when it was made, and how much had been said by then."""

    def __init__(self) -> None:
        self.lock = asyncio.Lock()
        self.parts: dict[str, str] = {}
        self.at, self.said = float("-inf"), -1


async def tell(db: Connection, topic: str, text: str = "") -> None:
    """Say something about a topic to all open pages of all processes, once the transaction commits.

    `topic` is one word (`meeting:<id>`), `text` at most some hundred characters, never content.
    """
    await db.execute("select pg_notify($1, $2)", CHANNEL, f"{topic} {text}".strip())


async def watch(
    request: Request[Any, Any, Any], caller: Caller, topic: str, admit: Admit, render: Render
) -> Stream:
    """Tell an open page each part that has changed, under its name; `done` when it has to load itself anew.

    Raises what the first `admit` raises: who may not see the thing gets the same 404 as everywhere.
    """
    database: Database = request.app.state.db
    hub: Hub = request.app.state.hub

    def now() -> Caller:
        return msgspec.structs.replace(caller, now=request.app.state.clock.now(), quiet=True)

    async def once() -> str:
        async with database.read() as connection:
            return await admit(connection, now())

    async def drawn(view: str) -> dict[str, str]:
        async def draw() -> dict[str, str]:
            # The second wall stays shut to all but what this reader may open, which is what the view says.
            who = now()
            async with database.begin(who) as connection:
                return await render(connection, who, view)

        return await hub.parts(topic, view, draw)

    view = await once()
    headers = {"cache-control": "no-store", "x-accel-buffering": "no"}
    return Stream(_watched(hub, topic, view, once, drawn), media_type="text/event-stream", headers=headers)


async def _watched(
    hub: Hub,
    topic: str,
    view: str,
    once: Callable[[], Awaitable[str]],
    drawn: Callable[[str], Awaitable[dict[str, str]]],
) -> AsyncIterator[str]:
    clock = asyncio.get_running_loop().time
    begun = asked = spoke = clock()
    told: dict[str, str] = {}
    with OPEN.track_inprogress(), hub.waiting(topic) as bell:
        while clock() - begun < LIFE:
            bell.clear()
            try:
                if clock() - asked >= LOOK:
                    view, asked = await once(), clock()
                parts = await drawn(view)
            except errors.Unavailable:
                parts = told
            except (errors.CircleError, asyncpg.PostgresError, OSError):
                parts = {}
            if not parts and told is not parts:
                yield event("done", "")
                return
            for name, text in parts.items():
                if told.get(name) != text:
                    yield event(name, text)
                    spoke = clock()
            told = parts
            if clock() - spoke >= BREATH:
                yield ": \n\n"
                spoke = clock()
            with suppress(TimeoutError):
                await asyncio.wait_for(bell.wait(), LOOK)


async def stream(request: Request[Any, Any, Any], caller: Caller, look: Look) -> Stream:
    """Tell an open page its part `progress` at every change, then `done`.

    Raises what the first look raises: who may not see the thing gets the same 404 as everywhere.
    """
    database: Database = request.app.state.db

    async def once() -> tuple[str, bool]:
        async with database.read() as connection:
            return await look(
                connection, msgspec.structs.replace(caller, now=request.app.state.clock.now(), quiet=True)
            )

    first = await once()
    headers = {"cache-control": "no-store", "x-accel-buffering": "no"}
    return Stream(_events(once, first), media_type="text/event-stream", headers=headers)


async def _events(
    once: Callable[[], Awaitable[tuple[str, bool]]], first: tuple[str, bool]
) -> AsyncIterator[str]:
    (text, over), told, silent = first, "", 0.0
    with OPEN.track_inprogress():
        for _ in range(int(LIFE / LOOK)):
            if text != told:
                yield event("progress", text)
                told, silent = text, 0.0
            elif silent >= BREATH:
                yield ": \n\n"
                silent = 0.0
            if over:
                yield event("done", "")
                return
            await asyncio.sleep(LOOK)
            silent += LOOK
            try:
                text, over = await once()
            except errors.Unavailable:
                continue
            except (errors.CircleError, asyncpg.PostgresError, OSError):
                yield event("done", "")
                return


def event(name: str, text: str) -> str:
    """One event; every line of its text is a line of its own."""
    return f"event: {name}\n" + "".join(f"data: {line}\n" for line in text.splitlines() or [""]) + "\n"
