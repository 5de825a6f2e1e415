"""A right that is withdrawn in one web process is gone in another one at the next request, with Redis and without.

Security, abuse case 11: the rights of a session stand in PostgreSQL alone, so that no process has to be told.
"""

import subprocess
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio

from circle.core import auth
from circle.core.db import Database
from circle.local import child, redis
from circle.local.child import Child
from circle.local.start import web_command
from circle.settings import Settings
from tests import make

pytestmark = pytest.mark.faults
API = "/api/v1"


class Two:
    """Two web servers over one database: Anna acts at the first, others ask the second."""

    def __init__(self, database: Database, first: httpx.AsyncClient, second: httpx.AsyncClient) -> None:
        self.database, self.first, self.second = database, first, second

    async def token(self, nick: str) -> dict[str, str]:
        """The headers of a new session."""
        async with self.database.begin(None) as db:
            token = await auth.open_session(db, await make.person_id(db, nick), "bearer")
        return {"authorization": f"Bearer {token}"}

    async def act(self, path: str, body: Any = None) -> None:
        """Anna does something at the first server."""
        answer = await self.first.post(f"{API}{path}", json=body, headers=await self.token("anna"))
        assert answer.status_code in (200, 204), answer.text

    async def status(self, headers: dict[str, str], path: str) -> int:
        """What the second server answers."""
        return (await self.second.get(f"{API}{path}", headers=headers)).status_code


@pytest_asyncio.fixture
async def cut_redis(tmp_path: Path) -> AsyncIterator[tuple[str, Any]]:
    """The address of a Redis, and the act of killing it."""
    server = redis.prepare(tmp_path / "redis")
    running = child.spawn(server.child, tmp_path / "redis.log")
    try:
        assert child.wait_ready(server.child, running)
        yield server.url, lambda: (child.kill_group(running.pid), running.wait())
    finally:
        child.stop(running, server.child)


@pytest_asyncio.fixture
async def two(
    fresh: tuple[Database, Settings], cut_redis: tuple[str, Any], tmp_path: Path
) -> AsyncIterator[Two]:
    """Both servers, answering."""
    database, settings = fresh
    started: list[tuple[subprocess.Popen[bytes], Child]] = []
    try:
        for name in ("first", "second"):
            port = child.free_port()
            env = {
                "DATABASE_URL": settings.database_url, "DATABASE_ADMIN_URL": "", "REDIS_URL": cut_redis[0],
                "CIRCLE_MODE": "test", "CIRCLE_CLOCK": "", "CIRCLE_PORT": str(port), "CIRCLE_URL": "",
                "CIRCLE_FILES": str(tmp_path / "files"), "CIRCLE_LOG": "json",
            }  # fmt: skip
            one = Child(
                name=name, title="", command=web_command(), env=env,
                ready=lambda port=port: child.listens(port),
            )  # fmt: skip
            started.append((child.spawn(one, tmp_path / f"{name}.log"), one))
        for running, one in started:
            assert child.wait_ready(one, running), (tmp_path / f"{one.name}.log").read_text()[-2000:]
        async with AsyncExitStack() as stack:
            first, second = [
                await stack.enter_async_context(
                    httpx.AsyncClient(base_url=f"http://127.0.0.1:{one.env['CIRCLE_PORT']}", timeout=10)
                )
                for _, one in started
            ]
            yield Two(database, first, second)
    finally:
        for running, one in started:
            child.stop(running, one)


async def test_another_process_knows_at_once(two: Two, cut_redis: tuple[str, Any]) -> None:
    async with two.database.begin(None) as db:
        meeting = f"/meetings/{await make.meeting(db)}"
    for nick in ("dora", "emil"):
        if nick == "emil":
            cut_redis[1]()
        async with two.database.begin(None) as db:
            person = await make.person(db, nick, roles=["circle_moderator"])
        theirs = await two.token(nick)
        assert await two.status(theirs, meeting) == 200

        await two.act(f"/people/{person}/roles/end", {"role": "circle_moderator"})
        assert await two.status(theirs, "/me") == 401
        theirs = await two.token(nick)
        assert (await two.status(theirs, "/me"), await two.status(theirs, meeting)) == (200, 404)

        async with two.database.begin(None) as db:
            await db.execute(
                "insert into account_link (person_id, kind, token_hash, expires_at) values ($1, 'reset', $2, now() + interval '1 hour')",
                person, auth.token_hash(f"{nick}-link"),
            )  # fmt: skip
        form = {"link": f"{nick}-link", "password": "vier Wörter sind lang", "again": "vier Wörter sind lang"}
        own = {"sec-fetch-site": "same-origin"}
        assert (await two.first.post("/kennwort", data=form, headers=own)).status_code == 303
        assert await two.status(theirs, "/me") == 401

        theirs = await two.token(nick)
        assert await two.status(theirs, "/me") == 200
        await two.act(f"/people/{person}/deactivate")
        assert await two.status(theirs, "/me") == 401

        ended = await two.token("anna")
        assert await two.status(ended, meeting) == 200
        assert (await two.first.delete(f"{API}/sessions", headers=ended)).status_code == 204
        assert await two.status(ended, meeting) == 401
