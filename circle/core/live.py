"""What an open page is told while it stands open: server-sent events (HTML Standard, 9.2).

A stream is only for looking: pages work without it. Each look asks for the rights anew and does not keep the session
alive, so a stream ends within two seconds after the right, the office or the session has (limit: five seconds).
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import asyncpg
import msgspec
import prometheus_client
from litestar import Request
from litestar.response import Stream

from . import errors
from .db import Caller, Connection, Database

LOOK, BREATH, LIFE = 2.0, 15.0, 600.0
"""Seconds between two looks, until a silent stream says that it lives, and until the browser has to come again."""

OPEN = prometheus_client.Gauge("circle_live_streams", "Open streams of server-sent events.")
Look = Callable[[Connection, Caller], Awaitable[tuple[str, bool]]]
"""Looks once: the part of the page as it is now, and whether that was the last change."""


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
