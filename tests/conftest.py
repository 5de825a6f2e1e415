"""Real servers for every test: one migrated template database, one clone per test process, one transaction per test.

The servers are the embedded ones, or those that DATABASE_ADMIN_URL, DATABASE_URL and REDIS_URL name.
CIRCLE_TEST_WITHOUT takes one of the two walls away: `predicate` (the SQL predicate lets everything through) or
`rows` (row-level security is off).
"""

import asyncio
import contextlib
import os
import shutil
import socket
import tempfile
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import httpx
import pytest
import pytest_asyncio
from litestar import Litestar

from circle import settings as settings_module
from circle.app import create_app
from circle.core import clock, db
from circle.core.files import Storage
from circle.settings import Settings
from db import migrate
from tests import make
from tests.clients import Clients, OneConnection

START = "2026-11-23T09:00:00+01:00"
TEMPLATE = "circle_template"
_SERVERS = contextlib.ExitStack()


def pytest_configure(config: pytest.Config) -> None:
    """Start the servers once, in the process that starts the others."""
    if hasattr(config, "workerinput") or "CIRCLE_TEST_ADMIN_URL" in os.environ or config.option.collectonly:
        return
    if admin := os.environ.get("DATABASE_ADMIN_URL"):
        runtime, redis_url = os.environ["DATABASE_URL"], os.environ["REDIS_URL"]
    else:
        from circle.local import postgres, redis

        home = Path(tempfile.mkdtemp(prefix="circle-test-"))
        home.chmod(0o711)
        _SERVERS.callback(shutil.rmtree, home, ignore_errors=True)
        server = _SERVERS.enter_context(postgres.running(home / "postgres", durable=False))
        admin, runtime = server.admin_url(), server.url()
        redis_url = _SERVERS.enter_context(redis.running(home / "redis")).url
    os.environ |= {
        "CIRCLE_TEST_ADMIN_URL": admin,
        "CIRCLE_TEST_URL": runtime,
        "CIRCLE_TEST_REDIS_URL": redis_url,
    }
    asyncio.run(_make_template(admin, runtime))


def pytest_unconfigure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        _SERVERS.close()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """One process has the browser and its demo for itself; all other tests go wherever there is room.

    The groups of xdist 3.8 do not reach the scheduler under pytest 9.2, so the folder decides.
    """
    from xdist.scheduler import LoadScopeScheduling

    class BrowserAlone(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return "browser" if nodeid.startswith("tests/browser/") else nodeid

    return BrowserAlone(config, log)


def named(url: str, database: str) -> str:
    """The same server, another database."""
    return urlunsplit(urlsplit(url)._replace(path=f"/{database}"))


async def _make_template(admin: str, runtime: str) -> None:
    """Migrate the template, wind its clock, enter the houses and the three fixed people."""
    owner = await asyncpg.connect(admin)
    await owner.execute(f"drop database if exists {TEMPLATE} with (force)")
    await owner.execute(f"create database {TEMPLATE}")
    await owner.close()
    await migrate.migrate(named(admin, TEMPLATE), named(runtime, TEMPLATE))
    connection = await asyncpg.connect(named(admin, TEMPLATE))
    await clock.wind(connection, START)
    await make.world(connection)
    await _take_wall_away(connection, os.environ.get("CIRCLE_TEST_WITHOUT", ""))
    await connection.close()


async def _take_wall_away(owner: asyncpg.Connection, wall: str) -> None:
    if wall == "predicate":
        await owner.execute(
            "create or replace function visible(audience text[], keys text[]) returns boolean "
            "language sql immutable parallel safe as $$ select true $$"
        )
    elif wall == "rows":
        for (table,) in await owner.fetch("select oid::regclass::text from pg_class where relrowsecurity"):
            await owner.execute(
                f"alter table {table} disable row level security; alter table {table} no force row level security"
            )


@pytest.fixture(scope="session", autouse=True)
def no_strange_sockets() -> Iterator[None]:
    """Tests talk to our own servers on this machine and to nobody else."""
    real = socket.socket.connect

    def connect(self: socket.socket, address: Any) -> None:
        if isinstance(address, tuple) and address[0] not in ("127.0.0.1", "localhost", "::1"):
            raise RuntimeError(f"a test wanted to reach {address[0]}")
        real(self, address)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", connect)
        yield


async def clone(template: str = TEMPLATE) -> tuple[str, str, str]:
    """A new database from a template: its name, the owner's and the service's address."""
    admin, name = os.environ["CIRCLE_TEST_ADMIN_URL"], f"circle_test_{uuid.uuid4().hex[:12]}"
    owner = await asyncpg.connect(admin)
    try:
        await owner.execute("select pg_advisory_lock(7205)")
        await owner.execute(f"create database {name} template {template}")
    finally:
        await owner.close()
    return name, named(admin, name), named(os.environ["CIRCLE_TEST_URL"], name)


async def drop(name: str) -> None:
    """Drop a database of a test. `with (force)` may not end a vacuum of the server's own, the plain drop waits it out."""
    owner = await asyncpg.connect(os.environ["CIRCLE_TEST_ADMIN_URL"])
    try:
        with contextlib.suppress(asyncpg.InsufficientPrivilegeError):
            await owner.execute(f"drop database {name} with (force)")
        await owner.execute(f"drop database if exists {name}")
    finally:
        await owner.close()


def settings_for(url: str, admin_url: str, files: Path) -> Settings:
    """The settings of a service on a test's database."""
    return settings_module.read(
        {
            "DATABASE_URL": url,
            "DATABASE_ADMIN_URL": admin_url,
            "REDIS_URL": os.environ["CIRCLE_TEST_REDIS_URL"],
            "SMTP_URL": "smtp://127.0.0.1:1",
            "CIRCLE_MODE": "test",
            "CIRCLE_FILES": str(files),
            "CIRCLE_UPLOAD_LIMIT": str(1024 * 1024),
        }
    )


@pytest_asyncio.fixture(scope="session")
async def shared(
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[tuple[OneConnection, Settings, str]]:
    """This process's database, and the one connection that all requests of a test share."""
    name, admin_url, url = await clone()
    settings = settings_for(url, admin_url, tmp_path_factory.mktemp("files"))
    database = await db.connect(url, smallest=1, largest=3, statement_timeout=20)
    yield OneConnection(database.pool), settings, admin_url
    await database.pool.close()
    await drop(name)


@pytest_asyncio.fixture(scope="session")
async def app(shared: tuple[OneConnection, Settings, str]) -> AsyncIterator[Litestar]:
    """The application over ASGI."""
    one, settings, _ = shared
    application = create_app(settings, one)
    up, down = asyncio.Event(), asyncio.Event()

    async def live() -> None:
        # In a task of its own: set-up and tear-down of a fixture are different tasks, a lifespan needs one.
        async with application.lifespan():
            up.set()
            await down.wait()

    life = asyncio.create_task(live())
    started = asyncio.create_task(up.wait())
    await asyncio.wait([life, started], return_when=asyncio.FIRST_COMPLETED)
    if life.done():
        started.cancel()
        await life
    yield application
    down.set()
    await life


@pytest_asyncio.fixture
async def database(shared: tuple[OneConnection, Settings, str]) -> AsyncIterator[OneConnection]:
    """All `begin` of this test run on one connection inside a transaction that is rolled back."""
    one = shared[0]
    async with one.test():
        yield one


@pytest_asyncio.fixture(name="db")
async def connection(database: OneConnection) -> db.Connection:
    """The test's connection as the service itself sees it (both walls open for it)."""
    assert database.connection is not None
    return database.connection


@pytest.fixture
def settings(shared: tuple[OneConnection, Settings, str]) -> Settings:
    return shared[1]


@pytest.fixture
def storage(app: Litestar) -> Storage:
    found: Storage = app.state.storage
    return found


@pytest.fixture
def office(app: Litestar) -> clock.Clock:
    """The office's clock: 23.11.2026, 9:00 Berlin and running."""
    found: clock.Clock = app.state.clock
    return found


@pytest_asyncio.fixture
async def client(app: Litestar, database: OneConnection) -> AsyncIterator[Clients]:
    """Signed-in clients: `await client.as_("anna")`; `client.stranger` is nobody."""
    async with AsyncExitStack() as stack:
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        yield Clients(stack, transport, database)


@pytest_asyncio.fixture
async def fresh(tmp_path: Path) -> AsyncIterator[tuple[db.Database, Settings]]:
    """A database of its own for tests that commit: (pool, settings)."""
    name, admin_url, url = await clone()
    database = await db.connect(url, smallest=1, largest=8, statement_timeout=20)
    yield database, settings_for(url, admin_url, tmp_path / "files")
    await database.pool.close()
    await drop(name)
