"""The outbox: what must happen later is written down in the same transaction as the change."""

from datetime import datetime
from typing import Any

import msgspec

from .db import Connection


async def enqueue(db: Connection, job: str, *, due_at: datetime | None = None, **arguments: Any) -> int:
    """Write a job (`meetings.build_invitation`) with its ids into the outbox; the relay hands it to the workers.

    `due_at` is an aware instant on the database's clock; None = at once. Returns the outbox id.
    A test compares every name with the workers' tasks, and the arguments with their parameters.
    """
    return int(
        await db.fetchval(
            "insert into outbox (job, arguments, due_at) values ($1, $2::jsonb, coalesce($3, now())) returning id",
            job,
            msgspec.json.encode(arguments).decode(),
            due_at,
        )
    )
