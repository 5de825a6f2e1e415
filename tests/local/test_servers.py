"""The embedded PostgreSQL and Redis, started for real in folders of their own."""

import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest
import redis.asyncio

from circle.local import child, postgres
from circle.local import redis as local_redis

pytestmark = pytest.mark.local


@pytest.fixture
def home() -> Iterator[Path]:
    """A folder that PostgreSQL's unprivileged user can reach too, so that nothing is left in /var/lib."""
    folder = Path(tempfile.mkdtemp(prefix="circle-"))
    folder.chmod(0o711)
    yield folder / "home"
    shutil.rmtree(folder)


async def test_a_cluster_has_two_roles_and_neither_is_superuser(home: Path) -> None:
    with postgres.running(home, durable=False) as server:
        for url, name in ((server.admin_url(), postgres.OWNER), (server.url(), postgres.RUNTIME)):
            db = await asyncpg.connect(url)
            try:
                row = await db.fetchrow(
                    "select rolname, rolsuper, rolbypassrls from pg_roles where rolname = current_user"
                )
            finally:
                await db.close()
            assert row is not None
            assert (row["rolname"], row["rolsuper"], row["rolbypassrls"]) == (name, False, False)


async def test_the_owner_can_do_what_migrations_and_tests_need(home: Path) -> None:
    with postgres.running(home, durable=False) as server:
        db = await asyncpg.connect(server.admin_url())
        try:
            for extension in ("unaccent", "pg_trgm", "btree_gist"):
                await db.execute(f"create extension {extension}")
            await db.execute("create database copy template circle")
            await db.execute("drop database copy")
            # Full-text search must not cut words at umlauts: that hangs on lc_ctype.
            words = await db.fetchval("select to_tsvector('simple', 'Übergänge Straße')::text")
        finally:
            await db.close()
        assert words == "'straße':2 'übergänge':1"


async def test_the_superuser_cannot_log_in(home: Path) -> None:
    with (
        postgres.running(home, durable=False) as server,
        pytest.raises(asyncpg.InvalidAuthorizationSpecificationError),
    ):
        await asyncpg.connect(f"postgresql://postgres@127.0.0.1:{server.port}/postgres")


async def test_lost_passwords_are_made_anew_and_the_rows_stay(home: Path) -> None:
    with postgres.running(home, durable=False) as server:
        db = await asyncpg.connect(server.admin_url())
        await db.execute("create table kept as select 7 as number")
        await db.close()
    assert stat.S_IMODE((home / "passwords.json").stat().st_mode) == 0o600
    (home / "passwords.json").unlink()
    with postgres.running(home, durable=False) as again:
        assert again.passwords != server.passwords
        db = await asyncpg.connect(again.admin_url())
        assert await db.fetchval("select number from kept") == 7
        await db.close()


def test_a_pid_file_of_somebody_else_is_no_obstacle(home: Path) -> None:
    with postgres.running(home, durable=False) as server:
        pass
    # After a restart of the machine the number may belong to any program; here it is our own.
    (server.folder / "postmaster.pid").write_text(
        f"{os.getpid()}\n/elsewhere\n1\n5432\n\n127.0.0.1\n1 1\nready\n"
    )
    with postgres.running(home, durable=False) as again:
        assert child.listens(again.port)


async def test_a_killed_server_is_cleared_away_and_recovers(home: Path) -> None:
    server = postgres.prepare(home)
    first = child.spawn(server.child, home / "log")
    try:
        assert child.wait_ready(server.child, first)
        db = await asyncpg.connect(server.admin_url())
        await db.execute("create table kept as select 7 as number")
        first.send_signal(signal.SIGKILL)
        first.wait()
    finally:
        child.stop(first, server.child)
    with postgres.running(home) as again:
        db = await asyncpg.connect(again.admin_url())
        assert await db.fetchval("select number from kept") == 7
        await db.close()


def test_a_broken_folder_is_named_in_german(home: Path) -> None:
    folder = postgres.prepare(home, durable=False).folder
    (folder / "PG_VERSION").write_text("9\n")
    with pytest.raises(child.LocalError, match="gefunden: 9, gebraucht: 18"):
        postgres.prepare(home)


async def test_redis_answers_with_its_password_only(tmp_path: Path) -> None:
    home = tmp_path / 'Ordner mit "Umläuten"'
    with local_redis.running(home) as server:
        client = redis.asyncio.from_url(server.url)
        await client.set("word", "Wort")
        assert await client.get("word") == b"Wort"
        assert (await client.config_get("maxmemory-policy"))["maxmemory-policy"] == "noeviction"
        assert (await client.config_get("appendonly"))["appendonly"] == "yes"
        await client.aclose()
        stranger = redis.asyncio.from_url(f"redis://127.0.0.1:{server.port}/0")
        with pytest.raises(redis.AuthenticationError):
            await stranger.get("word")
        await stranger.aclose()
    assert (home / "appendonlydir").is_dir()
    assert stat.S_IMODE((home / "valkey.conf").stat().st_mode) == 0o600


def test_servers_die_with_the_one_who_started_them(home: Path) -> None:
    """A parent that is killed without warning leaves no server behind."""
    code = (
        "import sys, time; from pathlib import Path; from circle.local import child, postgres\n"
        "home = Path(sys.argv[1]); server = postgres.prepare(home, durable=False)\n"
        "process = child.spawn(server.child, home / 'log'); child.wait_ready(server.child, process)\n"
        "print(server.port, server.folder, flush=True); time.sleep(60)\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", code, str(home)], stdout=subprocess.PIPE, text=True)
    with parent:
        assert parent.stdout is not None
        port, folder = parent.stdout.readline().split()
        parent.kill()
    end = time.monotonic() + 5
    while (child.listens(int(port)) or postgres._servers_in(Path(folder))) and time.monotonic() < end:
        time.sleep(0.05)
    assert not child.listens(int(port))
    assert postgres._servers_in(Path(folder)) == []
