"""The words about the summons that the minutes take over, put down when they are needed."""

from datetime import date
from uuid import UUID

from circle.core.db import Connection

from . import rules, store


async def settle(db: Connection, meeting_id: UUID, today: date) -> None:
    """Put down what the deliveries prove now: when a meeting begins and ends, and when its minutes are frozen.

    A meeting whose invitation did not go out from here gets no such words unless something was recorded about it: nothing
    is known, so nothing is said.
    """
    found = rules.judge(await store.find(db, meeting_id, today))
    if found.verdict in ("not_yet", "off") or (found.verdict == "unproven" and found.objections is None):
        return
    await store.put(db, meeting_id, found.finding, found.defects, found.statement)
