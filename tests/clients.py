"""Clients over ASGI and the one connection of a test."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from typing import Any
from urllib.parse import urlsplit

import httpx
from litestar import Litestar

from circle.core import auth
from circle.core.db import Caller, Connection, Database

ADDRESS = "http://127.0.0.1:8000"
OWN = ("begin", "commit", "rollback", "savepoint", "release", "set local", "select set_config")


class OneConnection(Database):
    """Every `begin` is a savepoint on the test's connection; outside a test it is the plain pool."""

    connection: Connection | None = None

    @asynccontextmanager
    async def test(self) -> AsyncIterator[None]:
        """One test: everything it writes is rolled back."""
        self.lock = asyncio.Lock()
        async with self.pool.acquire() as connection:
            await connection.execute("begin; set local circle.system = 'on'")
            self.connection = connection
            try:
                yield
            finally:
                self.connection = None
                await connection.execute("rollback")

    @asynccontextmanager
    async def begin(self, caller: Caller | None) -> AsyncIterator[Connection]:
        if self.connection is None:
            async with super().begin(caller) as connection:
                yield connection
            return
        async with self.lock:
            await self.connection.execute("savepoint request; " + context(caller))
            try:
                yield self.connection
            except BaseException:
                await self.connection.execute("rollback to savepoint request; set local circle.system = 'on'")
                raise
            await self.connection.execute("release savepoint request; set local circle.system = 'on'")

    @asynccontextmanager
    async def read(self) -> AsyncIterator[Connection]:
        if self.connection is None:
            async with super().read() as connection:
                yield connection
            return
        async with self.lock:
            await self.connection.execute(
                "savepoint request; set local circle.system = 'off'; set local circle.caller = ''"
            )
            try:
                yield self.connection
            except BaseException:
                await self.connection.execute("rollback to savepoint request; set local circle.system = 'on'")
                raise
            await self.connection.execute("release savepoint request; set local circle.system = 'on'")


def context(caller: Caller | None) -> str:
    """The caller's context for row-level security, as `Database.begin` sets it."""
    if caller is None:
        return "set local circle.system = 'on'"
    return f"set local circle.system = 'off'; set local circle.caller = '{caller.token_hash.hex()} {caller.now.isoformat()}'"


class Browser:
    """A person at the pages: cookie, form token, no JavaScript."""

    def __init__(self, client: httpx.AsyncClient, token: str) -> None:
        self.client, self.token = client, token

    async def get(self, path: str) -> httpx.Response:
        return await self.client.get(path)

    async def post(self, path: str, data: dict[str, Any] | None = None, **more: Any) -> httpx.Response:
        """Submit a form with its token."""
        form = {"csrf_token": auth.form_token(self.token)} | (data or {})
        return await self.client.post(path, data=form, headers={"sec-fetch-site": "same-origin"}, **more)


class Clients:
    """Makes clients for people; `stranger` is signed in nowhere."""

    def __init__(
        self, stack: AsyncExitStack, transport: httpx.ASGITransport, database: OneConnection
    ) -> None:
        self.stack, self.transport, self.database = stack, transport, database
        self.stranger = httpx.AsyncClient(transport=transport, base_url=ADDRESS)

    async def _token(self, email: str, kind: str) -> str:
        assert self.database.connection is not None
        email = email if "@" in email else f"{email}@example.org"
        person = await self.database.connection.fetchval("select id from person where email = $1", email)
        assert person, f"nobody with {email}"
        return await auth.open_session(self.database.connection, person, kind)

    async def as_(self, email: str) -> httpx.AsyncClient:
        """A program signed in as somebody: `anna` or a full e-mail address."""
        headers = {"authorization": f"Bearer {await self._token(email, 'bearer')}"}
        client = httpx.AsyncClient(transport=self.transport, base_url=ADDRESS, headers=headers)
        return await self.stack.enter_async_context(client)

    async def token(self, email: str) -> str:
        """A bearer token of theirs."""
        return await self._token(email, "bearer")

    async def browser(self, email: str) -> Browser:
        """The same person at the pages."""
        token = await self._token(email, "cookie")
        client = httpx.AsyncClient(transport=self.transport, base_url=ADDRESS, cookies={"circle": token})
        return Browser(await self.stack.enter_async_context(client), token)


class Told:
    """What comes over a stream of server-sent events, as it comes."""

    def __init__(self) -> None:
        self.messages: asyncio.Queue[dict[str, Any]] = asyncio.Queue()

    async def start(self) -> dict[str, str]:
        """The headers of the answer, which is 200."""
        found = await self._next()
        assert found["status"] == 200, found
        return {name.decode(): value.decode() for name, value in found["headers"]}

    async def event(self, name: str) -> str:
        """The text of the next event, which has this name."""
        text = (await self._next())["body"].decode()
        lines = text.splitlines()
        assert lines[0] == f"event: {name}" and text.endswith("\n\n"), text
        return "\n".join(line.removeprefix("data: ") for line in lines[1:-1])

    async def over(self) -> bool:
        """True when nothing more comes."""
        found = await self._next()
        return found["body"] == b"" and not found.get("more_body", False)

    async def _next(self) -> dict[str, Any]:
        return await asyncio.wait_for(self.messages.get(), 30)


@asynccontextmanager
async def listening(app: Litestar, path: str, token: str) -> AsyncIterator[Told]:
    """An open stream; the client that the other tests use waits for the end of an answer."""
    told, gone = Told(), asyncio.Event()
    path, _, query = path.partition("?")
    headers = [(b"host", urlsplit(ADDRESS).netloc.encode()), (b"authorization", f"Bearer {token}".encode())]
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "GET", "scheme": "http",
        "path": path, "raw_path": path.encode(), "query_string": query.encode(), "root_path": "", "headers": headers,
        "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 80), "state": {},
    }  # fmt: skip

    async def receive() -> dict[str, Any]:
        await gone.wait()
        return {"type": "http.disconnect"}

    task = asyncio.create_task(app(scope, receive, told.messages.put))  # type: ignore[arg-type]  # only what the server would say
    try:
        yield told
    finally:
        gone.set()
        await asyncio.wait_for(task, 30)


@contextmanager
def queries(connection: Any) -> Iterator[list[str]]:
    """The statements that run inside the block, but begin, commit and settings."""
    seen: list[str] = []

    def note(record: Any) -> None:
        text = record.query.strip()
        if not text.lower().startswith(OWN):
            seen.append(text)

    with connection.query_logger(note):
        yield seen
