"""A sign-in with the old password at the same time as a new one is set, on two connections."""

import asyncio
from uuid import UUID

import pytest

from circle.core import auth
from circle.core.clock import Clock
from circle.core.db import Caller, Database
from circle.people import actions as people
from circle.people.accounts import actions
from circle.people.model import Credentials
from circle.settings import Settings
from tests import make

OLD = Credentials(email="ben@example.org", password="ein altes Kennwort")


class Passwords:
    """Hashing without the work; a sign-in stops between comparing and what follows until it may go on."""

    def __init__(self) -> None:
        self.compared, self.go_on = asyncio.Event(), asyncio.Event()

    async def verify(self, stored: str | None, password: str) -> bool:
        self.compared.set()
        await self.go_on.wait()
        return stored == password

    async def hash(self, password: str) -> str:
        return password


@pytest.fixture(name="passwords")
def passwords_without_the_work(monkeypatch: pytest.MonkeyPatch) -> Passwords:
    passwords = Passwords()
    monkeypatch.setattr(auth, "verify_password", passwords.verify)
    monkeypatch.setattr(auth, "hash_password", passwords.hash)
    return passwords


async def asked(database: Database) -> UUID:
    """Ben with the old password and a link to a new one."""
    async with database.begin(None) as db:
        ben = await make.person_id(db, "ben")
        await db.execute("update person set password_hash = $2 where id = $1", ben, OLD.password)
        await db.execute(
            """
            insert into account_link (person_id, kind, token_hash, expires_at)
            values ($1, 'reset', $2, now() + interval '1 hour')
            """,
            ben,
            auth.token_hash("link"),
        )
    return ben


async def reset(database: Database, office: Clock) -> None:
    async with database.begin(None) as db:
        await actions.set_password(db, office.now(), "link", "vier Wörter sind lang")


async def test_a_password_set_after_the_comparison_opens_no_session(
    fresh: tuple[Database, Settings], office: Clock, passwords: Passwords
) -> None:
    database, _ = fresh
    ben = await asked(database)

    async def sign_in() -> str | None:
        async with database.begin(None) as db:
            return await people.sign_in(db, Caller(b"", office.now()), OLD, "192.0.2.1", "bearer")

    signing = asyncio.create_task(sign_in())
    await passwords.compared.wait()
    await reset(database, office)
    passwords.go_on.set()
    assert await signing is None
    async with database.begin(None) as db:
        assert not await db.fetchval("select count(*) from session where person_id = $1", ben)
        assert await db.fetchval("select count(*) from sign_in_failure") == 1


async def test_a_password_set_before_the_session_is_there_for_all_ends_it(
    fresh: tuple[Database, Settings], office: Clock, passwords: Passwords
) -> None:
    database, _ = fresh
    ben = await asked(database)
    passwords.go_on.set()
    async with database.begin(None) as db:
        assert await people.sign_in(db, Caller(b"", office.now()), OLD, "192.0.2.1", "bearer")
        setting = asyncio.create_task(reset(database, office))
        # Of all that wait on this server, the one who waits for us.
        waits = "select exists (select from pg_locks where not granted and pg_backend_pid() = any(pg_blocking_pids(pid)))"
        while not await db.fetchval(waits):
            assert not setting.done()
    await setting
    async with database.begin(None) as db:
        assert not await db.fetchval("select count(*) from session where person_id = $1", ben)
