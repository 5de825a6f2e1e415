"""The connection pool and the one transaction of a request.

`Database.begin` is the only place that begins, commits or rolls back. Each transaction carries the caller for
row-level security (`circle.caller`), set with `set local`; a read is one statement that says itself who asks
(`whoami`). Nothing outlives either, which is why the pool may skip asyncpg's reset round trip.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any, cast

import asyncpg
import msgspec

from . import errors

Connection = asyncpg.Connection


class Caller(msgspec.Struct, frozen=True):
    """Who asks, before the database has said who that is: the SHA-256 of the token, and office time (aware, UTC).

    `quiet` is a look that nobody has asked for by hand; it does not keep the session alive.
    """

    token_hash: bytes
    now: datetime
    quiet: bool = False


class Answer(msgspec.Struct, frozen=True):
    """What a read brings: the caller's card, the body as JSON bytes, and the revision for the ETag (0 = none)."""

    me: bytes
    body: bytes
    revision: int = 0
    next: str | None = None


class Database:
    """A pool whose transactions know their caller."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self.pool = pool

    @asynccontextmanager
    async def begin(self, caller: Caller | None) -> AsyncIterator[Connection]:
        """One transaction: commit when the block returns, roll back when it raises.

        `caller=None` is the service itself (workers, sign-in): the second wall stands open for it.
        Raises Unavailable when no connection is free within two seconds or the database is away.
        """
        async with self._connection() as connection:
            await connection.execute(opening(caller))
            try:
                yield connection
            except BaseException:
                if not connection.is_closed():
                    await asyncio.shield(connection.execute("rollback"))
                raise
            await connection.execute("commit")

    @asynccontextmanager
    async def read(self) -> AsyncIterator[Connection]:
        """A connection for `read_one` and `read_page`: one round trip. Other statements find the second wall shut.

        Raises Unavailable as `begin` does.
        """
        async with self._connection() as connection:
            yield connection

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[Connection]:
        try:
            connection = await self.pool.acquire(timeout=2)
        except (TimeoutError, OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            raise errors.Unavailable from error
        try:
            yield cast(Connection, connection)
        finally:
            await self.pool.release(connection)


def opening(caller: Caller | None) -> str:
    """`begin` and the caller's context in one message. The values are hex digits and a timestamp of our own making."""
    if caller is None:
        return "begin; set local circle.system = 'on'"
    return f"begin; set local circle.caller = '{caller.token_hash.hex()} {caller.now.isoformat()}'"


async def _keep(_: Any) -> None:
    """Nothing to reset: no session state is ever set outside a transaction."""


async def connect(url: str, *, smallest: int, largest: int, statement_timeout: float) -> Database:
    """Open the pool. Times in seconds. Raises asyncpg's error when the database is away."""
    pool = await asyncpg.create_pool(
        url,
        min_size=smallest,
        max_size=largest,
        command_timeout=statement_timeout + 2,
        max_inactive_connection_lifetime=300,
        reset=_keep,
        server_settings={
            "application_name": "circle",
            "statement_timeout": str(int(statement_timeout * 1000)),
            "lock_timeout": "3000",
            "idle_in_transaction_session_timeout": "15000",
            "timezone": "UTC",
            "jit": "off",
            # Statements differ little by their values, and planning the larger ones costs more than running them.
            "plan_cache_mode": "force_generic_plan",
        },
    )
    return Database(pool)


async def read_one(db: Connection, sql: str, caller: Caller, *args: Any) -> Answer:
    """Run a read that yields `me, body, revision` in one row. $1 and $2 of the statement are the caller.

    Raises NotSignedIn when there is no row, NotFound when the body is null.
    """
    row = await _read(db, sql, caller, *args)
    if row is None:
        raise errors.NotSignedIn
    await _touch(db, caller, row["me"])
    if row["body"] is None:
        raise errors.NotFound(me=row["me"].encode())
    return Answer(row["me"].encode(), row["body"].encode(), row["revision"])


async def read_page(db: Connection, sql: str, caller: Caller, *args: Any) -> Answer:
    """Run a list read that yields `me, items, next` in one row; `next` is the key of the last item, or null.

    Raises NotSignedIn when there is no row, NotFound when the items are null: what they belong to is not for the caller.
    """
    row = await _read(db, sql, caller, *args)
    if row is None:
        raise errors.NotSignedIn
    await _touch(db, caller, row["me"])
    if row["items"] is None:
        raise errors.NotFound(me=row["me"].encode())
    return Answer(row["me"].encode(), row["items"].encode(), 0, row["next"])


async def _read(db: Connection, sql: str, caller: Caller, *args: Any) -> asyncpg.Record | None:
    """The row of a read. Whether the plan asks a wall before the caller is known is the planner's choice; then once more."""
    try:
        return await db.fetchrow(sql, caller.token_hash, caller.now, *args)
    except asyncpg.PostgresError as error:
        if error.sqlstate != "CW001" or db.is_in_transaction():
            raise
    await db.execute(opening(caller))
    try:
        return await db.fetchrow(sql, caller.token_hash, caller.now, *args)
    finally:
        await db.execute("rollback")


async def _touch(db: Connection, caller: Caller, card: str) -> None:
    """Keep the session alive, at most once a minute, so that a read stays one statement."""
    if '"stale": true' in card and not caller.quiet:
        await db.execute("update session set last_seen = now() where token_hash = $1", caller.token_hash)


async def row(db: Connection, sql: str, *args: Any) -> asyncpg.Record:
    """The one row of a statement that always has one (`insert ... returning`). Raises RuntimeError otherwise."""
    found = await db.fetchrow(sql, *args)
    if found is None:
        raise RuntimeError("a statement that always returns a row returned none")
    return found


@asynccontextmanager
async def for_the_record(db: Connection) -> AsyncIterator[None]:
    """Let the service itself read and copy every word inside the block, then close the second wall again.

    For acts that must carry along what their actor may not read: freezing minutes, moving items. Nothing read inside
    goes back to the actor. When the block raises, the setting ends with the transaction.
    """
    before = await db.fetchval("select coalesce(current_setting('circle.system', true), '')")
    await db.execute("select set_config('circle.system', 'on', true)")
    yield
    await db.execute("select set_config('circle.system', $1, true)", before)
