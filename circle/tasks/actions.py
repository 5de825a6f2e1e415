"""What people do with tasks: ask, accept, decline, complete; and the daily resubmission."""

import uuid
from datetime import datetime
from uuid import UUID

import asyncpg
import msgspec

from circle.core import access, audit, auth, clock, errors
from circle.core.auth import Actor
from circle.core.db import Answer, Caller, Connection, for_the_record
from circle.distribution import actions as distribution
from circle.distribution.model import Letter, Level, Part
from circle.search import index as search_index

from . import letters, rules, store
from .model import NewTask, Refusal, Task, TaskChange


async def read(db: Connection, caller: Caller, task_id: UUID) -> Answer:
    """One task. Reading a confidential one is recorded (domain rules 3.2)."""
    found = await store.get(db, caller, task_id)
    task = msgspec.json.decode(found.body, type=Task)
    if task.confidential:
        await audit.reading(db, caller, found.me, "task", task.id, task.reference, purpose="Aufgabe")
    return found


async def assign(db: Connection, actor: Actor, new: NewTask) -> UUID:
    """Ask somebody to do something. The office or the moderation asks; it binds only when accepted (decree Nr. 6).

    The task of a confidential item is confidential too. Returns the id.
    """
    access.require(actor, "tasks.assign")
    rules.require_dates(new.due, new.resubmission_on, actor.today)
    await _require_owner_exists(db, actor, new.owner_id)
    if new.item_id:
        await store.hold_item(db, new.item_id)
    item = await store.find_item(db, new.item_id, list(actor.keys)) if new.item_id else None
    if new.item_id and item is None:
        raise errors.Invalid(
            "Diesen Tagesordnungspunkt gibt es nicht.",
            code="unknown_reference",
            fields={"item_id": "Bitte einen anderen wählen."},
        )
    task_id = uuid.uuid4()
    reference = await store.next_reference(db, actor.today.year)
    await store.insert(
        db, task_id=task_id, reference=reference, title=new.title, owner_id=new.owner_id, due=new.due,
        resubmission_on=new.resubmission_on, item_id=new.item_id,
        source=f"{item['reference']}/TOP-{item['number']}" if item and item["number"] else item["reference"] if item else "",
        confidential=bool(item and item["confidentiality"] == "confidential"), created_by=actor.person_id,
    )  # fmt: skip
    await audit.record(db, actor, "task.assigned", "task", task_id, reference)
    await index(db, task_id)
    await _ask(db, actor, task_id)
    return task_id


async def change(db: Connection, actor: Actor, task_id: UUID, new: TaskChange, expected: int) -> None:
    """Change wording, dates or owner. With another owner it is open again. Raises Stale, and Conflict when done."""
    task = await _locked(db, actor, task_id)
    access.require(actor, "tasks.assign")
    rules.require_changeable(task["status"])
    _require_current(task, expected)
    values = {
        name: task[name] if value is msgspec.UNSET else value
        for name, value in msgspec.structs.asdict(new).items()
    }
    kept = [name for name in values if values[name] == task[name]]
    rules.require_dates(values["due"], values["resubmission_on"], actor.today, kept)
    passed_on = values["owner_id"] != task["owner_id"]
    if passed_on:
        if task["confidential"] and not await store.find_item(db, task["item_id"], list(actor.keys)):
            raise errors.Forbidden("Eine vertrauliche Aufgabe gibt weiter, wer für den Punkt benannt ist.")
        await _require_owner_exists(db, actor, values["owner_id"])
    if not await store.update(db, task_id, expected, **values, reopen=passed_on):
        raise errors.Stale(current=_state(task))
    await audit.record(db, actor, "task.changed", "task", task_id, task["reference"])
    await index(db, task_id)
    if passed_on:
        await _ask(db, actor, task_id)


async def accept(db: Connection, actor: Actor, task_id: UUID, expected: int | None = None) -> None:
    """Take a task on. Only its owner can: the houses act on their own responsibility (decree Nr. 6)."""
    task = await _settling(db, actor, task_id, "accepted", expected)
    await store.mark_accepted(db, task_id, task["owner_id"], actor.today)
    await audit.record(db, actor, "task.accepted", "task", task_id, task["reference"])


async def decline(
    db: Connection, actor: Actor, task_id: UUID, refusal: Refusal, expected: int | None = None
) -> None:
    """Do not take a task on, or give it back. Only its owner can."""
    task = await _settling(db, actor, task_id, "declined", expected)
    await store.mark_declined(db, task_id, refusal.reason)
    await audit.record(db, actor, "task.declined", "task", task_id, task["reference"])
    if task["created_by"] not in (None, actor.person_id):
        wording = letters.declined(task["reference"], task["title"], task["confidential"])
        await _tell(db, actor, task, wording, task["created_by"])


async def complete(db: Connection, actor: Actor, task_id: UUID, expected: int | None = None) -> None:
    """Say that an accepted task is done. The owner does, or the office on the owner's word."""
    task = await _settling(db, actor, task_id, "done", expected)
    await store.mark_done(db, task_id, actor.today)
    await audit.record(db, actor, "task.completed", "task", task_id, task["reference"])


async def seal(db: Connection, item_id: UUID) -> None:
    """Its item became confidential, and so do the tasks. For the act that raises the level; no act opens them again."""
    async with for_the_record(db):
        for task_id in await store.mark_confidential(db, item_id):
            await index(db, task_id)


async def remind_due(db: Connection, now: datetime) -> int:
    """Wiedervorlage, daily: an unsettled task comes back to its owner, once for each day set (domain rules 3.3).

    `now` is office time, aware. Returns the number of notices.
    """
    actor, today, written = auth.service(now), clock.day(now), 0
    for task in await store.list_resubmitted(db, today):
        if rules.reminder_day(task["resubmission_on"]) <= today:
            wording = letters.resubmitted(task["reference"], task["title"], task["due"], task["confidential"])
            await _tell(db, actor, task, wording, task["owner_id"])
            await store.mark_reminded(db, task["id"])
            written += 1
    return written


async def hand_over(db: Connection, now: datetime) -> int:
    """Move open tasks to the successors whose first day has come (decree Nr. 3, Nachfolge). `now` is office time.

    Each is open again, because nobody accepts for somebody else, and says from whom it came. A confidential one stays
    until the successor is named for its item, and the daily run looks again. Of several successions that are due
    together, everything goes to the last. Once for each, in whatever number of workers; returns the number of tasks.
    """
    actor, today, moved = auth.service(now), clock.day(now), 0
    for change in await store.list_successions(db, today):
        moving = await store.hand_over(
            db, change["person_id"], change["successor_id"], today, waiting=change["begun"]
        )
        for task_id in moving:
            task = await store.find(db, task_id)
            await audit.record(
                db,
                actor,
                "task.handed_over",
                "task",
                task_id,
                task["reference"],
                to=str(change["successor_id"]),
            )
            await index(db, task_id)
            wording = letters.handed_over(
                task["reference"], task["title"], task["due"], change["name"], task["confidential"]
            )
            await _tell(db, actor, task, wording, task["owner_id"])
            moved += 1
        await store.mark_handed_over(db, change["id"], change["successor_id"], today)
    return moved


async def take_back(db: Connection, now: datetime, appointment_id: UUID, predecessor_id: UUID) -> int:
    """Give back what went over to an appointment that was entered by mistake, while nobody has touched it. `now` is
    office time. Run again, there is nothing left; returns the number of tasks."""
    actor, moved = auth.service(now), await store.take_back(db, appointment_id, predecessor_id)
    for task_id in moved:
        task = await store.find(db, task_id)
        await audit.record(
            db, actor, "task.taken_back", "task", task_id, task["reference"], to=str(task["owner_id"])
        )
        await index(db, task_id)
        wording = letters.taken_back(task["reference"], task["title"], task["due"], task["confidential"])
        await _tell(db, actor, task, wording, task["owner_id"])
    return len(moved)


async def _ask(db: Connection, actor: Actor, task_id: UUID) -> None:
    """Tell the owner what they are asked to do; who asks themselves knows."""
    task = await _locked(db, actor, task_id)
    if task["owner_id"] != actor.person_id:
        wording = letters.asked(task["reference"], task["title"], task["due"], task["confidential"])
        await _tell(db, actor, task, wording, task["owner_id"])


async def _tell(
    db: Connection, actor: Actor, task: asyncpg.Record, wording: tuple[str, str], person_id: UUID
) -> None:
    """Write a mail about a task, with a link to it."""
    subject, text = wording
    level: Level = "confidential" if task["confidential"] else "circle"
    audience = list(task["audience"])
    letter = Letter(
        kind="notice", object_kind="task", object_id=task["id"], title=subject, subject=subject, text=text, level=level,
        audience=audience, recipients=[person_id],
    )  # fmt: skip
    part = Part(
        title=f"Aufgabe {task['reference']}", level=level, url=f"/aufgaben/{task['id']}", audience=audience
    )
    await distribution.add_part(db, await distribution.prepare(db, actor, letter), part)


async def index(db: Connection, task_id: UUID) -> None:
    """Write the task's row of the search index, open to whom the task is."""
    row = await store.find_entry(db, task_id)
    if row is None:
        return
    await search_index.put(
        db,
        search_index.Entry(
            source_kind="task", source_id=task_id, reference=row["reference"], title=row["title"],
            body=f"Aufgabe von {row['owner_name']}. {row['source']}".strip(), kind="Aufgabe",
            level="confidential" if row["confidential"] else "circle", authority_id=row["authority_id"],
            year=int(row["reference"].split("-")[1]), url=f"/aufgaben/{task_id}", audience=list(row["audience"]),
        ),
    )  # fmt: skip


async def _locked(db: Connection, actor: Actor, task_id: UUID) -> asyncpg.Record:
    task = await store.lock(db, task_id, list(actor.keys))
    if task is None:
        raise errors.NotFound(me=actor.card)
    return task


async def _settling(
    db: Connection, actor: Actor, task_id: UUID, following: str, expected: int | None
) -> asyncpg.Record:
    """The locked task after every check that accepting, declining and completing share."""
    task = await _locked(db, actor, task_id)
    access.require(actor, "tasks.settle")
    if not (following == "done" and "circle_office" in actor.roles):
        rules.require_owner(actor.person_id, task["owner_id"])
    rules.require_step(task["status"], following)
    if expected is not None:
        _require_current(task, expected)
    return task


async def _require_owner_exists(db: Connection, actor: Actor, owner_id: UUID) -> None:
    roles = await store.roles_of(db, owner_id, actor.today)
    if roles is None:
        raise errors.Invalid(
            "Diese Person gibt es nicht.",
            code="unknown_reference",
            fields={"owner_id": "Bitte eine andere wählen."},
        )
    rules.require_able_owner(roles)


def _require_current(task: asyncpg.Record, expected: int) -> None:
    if task["revision"] != expected:
        raise errors.Stale(current=_state(task))


def _state(task: asyncpg.Record) -> dict[str, object]:
    """The present state, as a stale answer carries it."""
    return {name: task[name] for name in (
        "id", "reference", "title", "owner_id", "due", "resubmission_on", "status", "revision")}  # fmt: skip
