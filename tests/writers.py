"""A page that writes, without a browser: the socket's messages and a replicated text, for tests and the bench."""

import asyncio
import contextlib
import json
import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import uvicorn
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from circle.app import create_app
from circle.core import merging
from circle.meetings.writing.desk import Kind
from circle.settings import Settings


class Writer:
    """Types at random or wanted places, on and on over broken connections; `closed` is the code of the last end."""

    def __init__(
        self, urls: Callable[[], str], token: str, cookie: str = "circle", origin: str | None = None
    ) -> None:
        self.urls, self.token, self.cookie, self.origin = urls, token, cookie, origin
        self.document = merging.Document()
        self.socket: ClientConnection | None = None
        self.live = asyncio.Event()
        self.heard: list[dict[str, Any]] = []
        self.changed: Callable[[], None] = lambda: None
        self.unsaved = 0
        self.drops = 0
        self.closed = 0

    @property
    def text(self) -> str:
        return self.document.text

    @asynccontextmanager
    async def writing(self, *, again: bool = False) -> AsyncIterator["Writer"]:
        """Connected while the block runs; with `again` after every end anew."""
        task = asyncio.create_task(self._run(again))
        try:
            yield self
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    async def _run(self, again: bool) -> None:
        while True:
            with contextlib.suppress(OSError, ConnectionClosed, TimeoutError):
                await self._once()
            self.live.clear()
            self.socket = None
            if not again:
                return
            self.drops += 1
            await asyncio.sleep(0.05 + 0.1 * random.random())

    async def _once(self) -> None:
        headers = {"cookie": f"{self.cookie}={self.token}"}
        async with connect(
            self.urls(), additional_headers=headers, origin=self.origin, compression=None
        ) as socket:  # type: ignore[arg-type]
            self.socket = socket
            try:
                await socket.send(bytes([Kind.STATE]) + self.document.state())
                async for message in socket:
                    await self._take(socket, message)
            finally:
                self.closed = socket.close_code or 0

    async def _take(self, socket: ClientConnection, message: str | bytes) -> None:
        if isinstance(message, str):
            said = json.loads(message)
            self.heard.append(said)
            self.unsaved -= "saved" in said
        elif message[0] == Kind.KNOWN:
            lacking = self.document.since(message[1:])
            self.unsaved = 0
            if len(lacking) > 2:
                await self._send(socket, lacking)
            self.live.set()
        else:
            self.document.apply(message[1:])
            self.changed()

    async def _send(self, socket: ClientConnection, update: bytes) -> None:
        self.unsaved += 1
        with contextlib.suppress(ConnectionClosed):
            await socket.send(bytes([Kind.UPDATE]) + update)

    async def type(self, words: str, at: int | None = None) -> None:
        """Insert at a place, by default at the end; without a connection it waits in the document."""
        place = len(self.text) if at is None else at
        update = self.document.edit([merging.Change(place, place, words)])
        if self.socket is not None and self.live.is_set():
            await self._send(self.socket, update)

    async def saved(self, timeout: float = 10) -> None:
        """Once everything is acknowledged."""
        async with asyncio.timeout(timeout):
            while self.unsaved or not self.live.is_set():
                await asyncio.sleep(0.01)

    async def until(self, wanted: Callable[[str], bool], timeout: float = 10) -> str:
        """The text, once it is as wanted."""
        async with asyncio.timeout(timeout):
            while not wanted(self.text):
                await asyncio.sleep(0.01)
        return self.text


@asynccontextmanager
async def served(settings: Settings) -> AsyncIterator[uvicorn.Server]:
    """The application as `circle serve` serves it, on the port of its settings, in this process."""
    server = uvicorn.Server(
        uvicorn.Config(
            create_app(settings), host="127.0.0.1", port=settings.port, log_config=None, ws="websockets-sansio",
            ws_max_size=1024 * 1024, ws_per_message_deflate=False, timeout_graceful_shutdown=1, access_log=False,
        )
    )  # fmt: skip
    task = asyncio.create_task(server.serve())
    while not server.started:
        if task.done():
            await task
        await asyncio.sleep(0.02)
    try:
        yield server
    finally:
        server.should_exit = True
        await task
