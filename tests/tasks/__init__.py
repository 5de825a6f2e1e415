"""Tasks in tests: addresses, tasks, and what was written about them."""

from datetime import date
from typing import Any
from uuid import UUID

from circle.core.clock import Clock
from circle.core.db import Connection
from circle.tasks import actions
from circle.tasks.model import NewTask
from tests import make

SECRET = "Einzelfall klären"


def api(task_id: UUID | str, act: str = "") -> str:
    """The address of a task, or of an act on it."""
    return f"/api/v1/tasks/{task_id}" + (f"/{act}" if act else "")


async def task(
    db: Connection, office: Clock, owner: str = "ben", *, by: str = "anna", accepted: bool = False, **new: Any
) -> UUID:
    """Anna asks somebody to do something by 15 December."""
    given = {"title": "Merkblatt entwerfen", "due": date(2026, 12, 15)} | new
    made = NewTask(owner_id=await make.person_id(db, owner), **given)
    found = await actions.assign(db, await make.actor(db, office, by), made)
    if accepted:
        await actions.accept(db, await make.actor(db, office, owner), found)
    return found


async def secret(db: Connection, office: Clock, owner: str = "ben") -> UUID:
    """A task of a confidential item for which Anna and Ben are named."""
    item = await make.item(
        db, await make.meeting(db), "Vertrauliche Sache", level="confidential", number="3", named=["anna"]
    )
    return await task(db, office, owner, item_id=item, title=SECRET)


async def letters(db: Connection, task_id: UUID | str) -> list[tuple[str, str]]:
    """(subject, recipient) of the mails about a task, in no order: one test is one instant."""
    rows = await db.fetch(
        """
        select d.subject, e.name from dispatch d join delivery e on e.dispatch_id = d.id
        where d.object_kind = 'task' and d.object_id = $1
        """,
        UUID(str(task_id)),
    )
    return [tuple(row) for row in rows]


async def acts(db: Connection, task_id: UUID | str) -> list[str]:
    """What the record says was done to a task, oldest first."""
    rows = await db.fetch(
        "select action from audit_event where object_id = $1 order by id", UUID(str(task_id))
    )
    return [row["action"] for row in rows]
