"""Pages of tasks: the list, one task with its acts, and the form that asks for something."""

from collections.abc import Awaitable, Callable
from datetime import date
from typing import Any
from uuid import UUID

import msgspec
from litestar import Request, Response, Router, get, post
from litestar.datastructures import FormMultiDict
from litestar.params import FromPath, FromQuery

from circle.core import access, answers, auth, clock, errors, fields, pages, web
from circle.core.auth import Actor, Me
from circle.core.db import Answer, Caller, Connection
from circle.core.fields import Day, Line

from . import actions, rules, store
from .model import NewTask, Refusal, Task, TaskChange

Incoming = Request[Any, Any, Any]


class Changed(msgspec.Struct, frozen=True):
    """The form of a change: all of the task, an empty date for none."""

    title: Line
    owner_id: UUID
    due: Day | None = None
    resubmission_on: Day | None = None


@get("/aufgaben", opt={"permission": "signed_in"})
async def show_tasks(
    request: Incoming,
    db: web.Db,
    caller: web.Asking,
    ansicht: FromQuery[str] = "meine",
    stand: FromQuery[str] = "",
    after: FromQuery[str | None] = None,
) -> Response[bytes]:
    """One's own tasks, or those of the circle."""
    status = stand if stand in rules.WORDS else None
    found = await store.list_tasks(
        db, caller, answers.unseal(after), 50, mine=ansicht != "kreis", status=status
    )
    me = auth.me(found.me)
    return pages.show(
        request, "tasks/list.html", me, tasks=pages.as_struct(found, list[Task]), words=rules.WORDS,
        view="kreis" if ansicht == "kreis" else "meine", stand=status or "",
        next=answers.next_link(request, found), first=bool(after), may_assign=access.may(me, "tasks.assign"),
    )  # fmt: skip


@get("/aufgaben/neu", opt={"permission": "tasks.assign"})
async def show_new(
    request: Incoming, db: web.Db, actor: web.Acting, item: FromQuery[UUID | None] = None
) -> Response[bytes]:
    """The form that asks somebody to do something, alone or for an agenda item."""
    access.require(actor, "tasks.assign")
    return pages.show(request, "tasks/new.html", actor.card, **await _choices(db, actor, item))


@post("/aufgaben/neu", opt={"permission": "tasks.assign"})
async def assign(request: Incoming, db: web.Db, actor: web.Acting) -> Response[Any]:
    """Take the form."""
    access.require(actor, "tasks.assign")
    form = await pages.read_form(request)
    choices = await _choices(db, actor, _id(form.get("item_id")))

    async def act() -> str:
        return f"/aufgaben/{await actions.assign(db, actor, fields.from_form(NewTask, form))}"

    try:
        notice = "Die Aufgabe ist angelegt. Sie gilt, sobald sie angenommen ist."
        return await pages.once(request, db, actor, form, act, notice)
    except pages.MENDABLE as wrong:
        pages.again(request, "tasks/new.html", actor, wrong, form, **choices)


@get("/aufgaben/{task_id:uuid}", opt={"permission": "signed_in"})
async def show_task(
    request: Incoming, db: web.Db, caller: web.Asking, task_id: FromPath[UUID]
) -> Response[bytes]:
    """One task and what this person can do with it."""
    found = await actions.read(db, caller, task_id)
    context = await _task_page(db, found, auth.me(found.me), clock.day(caller.now))
    return pages.show(request, "tasks/show.html", found.me, **context)


@post("/aufgaben/{task_id:uuid}", opt={"permission": "tasks.assign"})
async def change(
    request: Incoming, db: web.Db, caller: web.Asking, actor: web.Acting, task_id: FromPath[UUID]
) -> Response[Any]:
    """Take the changed wording, owner and dates. An empty date is taken away."""

    async def act(form: FormMultiDict) -> None:
        new = fields.from_form(Changed, form)
        wanted = TaskChange(new.title, new.owner_id, new.due, new.resubmission_on)
        await actions.change(db, actor, task_id, wanted, pages.revision(form))

    return await _do(request, db, caller, actor, task_id, act, "Die Änderung ist gespeichert.")


@post("/aufgaben/{task_id:uuid}/annehmen", opt={"permission": "tasks.settle"})
async def accept(
    request: Incoming, db: web.Db, caller: web.Asking, actor: web.Acting, task_id: FromPath[UUID]
) -> Response[Any]:
    """The owner takes the task on."""

    async def act(form: FormMultiDict) -> None:
        await actions.accept(db, actor, task_id, pages.revision(form))

    return await _do(request, db, caller, actor, task_id, act, "Sie haben die Aufgabe angenommen.")


@post("/aufgaben/{task_id:uuid}/erledigen", opt={"permission": "tasks.settle"})
async def complete(
    request: Incoming, db: web.Db, caller: web.Asking, actor: web.Acting, task_id: FromPath[UUID]
) -> Response[Any]:
    """The task is done."""

    async def act(form: FormMultiDict) -> None:
        await actions.complete(db, actor, task_id, pages.revision(form))

    return await _do(request, db, caller, actor, task_id, act, "Die Aufgabe ist erledigt.")


@post("/aufgaben/{task_id:uuid}/ablehnen", opt={"permission": "tasks.settle"})
async def decline(
    request: Incoming, db: web.Db, caller: web.Asking, actor: web.Acting, task_id: FromPath[UUID]
) -> Response[Any]:
    """The owner does not take the task on."""

    async def act(form: FormMultiDict) -> None:
        await actions.decline(db, actor, task_id, fields.from_form(Refusal, form), pages.revision(form))

    return await _do(request, db, caller, actor, task_id, act, "Sie haben die Aufgabe abgelehnt.")


async def _do(
    request: Incoming,
    db: Connection,
    caller: Caller,
    actor: Actor,
    task_id: UUID,
    act: Callable[[FormMultiDict], Awaitable[None]],
    notice: str,
) -> Response[Any]:
    """One act on a task, done once even if the button is pressed twice; wrong fields are shown in the task's page."""
    form = await pages.read_form(request)
    found = await store.get(db, caller, task_id)

    async def done() -> str:
        await act(form)
        return f"/aufgaben/{task_id}"

    try:
        return await pages.once(request, db, actor, form, done, notice)
    except pages.MENDABLE as wrong:
        context = await _task_page(db, found, auth.me(actor.card), actor.today)
        pages.again(request, "tasks/show.html", actor, wrong, form, **context)


async def _choices(db: Connection, actor: Actor, item_id: UUID | None) -> dict[str, Any]:
    """What the form offers: owners, and the agenda item when the actor may open it. Raises NotFound otherwise."""
    item = await store.find_item(db, item_id, list(actor.keys)) if item_id else None
    if item_id and item is None:
        raise errors.NotFound(me=actor.card)
    owners = await store.list_owners(db, actor.today, sorted(access.RIGHTS["tasks.settle"]))
    return {
        "item": item,
        "owners": [(row["id"], f"{row['name']} ({row['authority_name']})") for row in owners],
    }


async def _task_page(db: Connection, found: Answer, me: Me, today: date) -> dict[str, Any]:
    task: Task = pages.as_struct(found, Task)
    own = task.owner_id == me.person_id and access.may(me, "tasks.settle")
    may_change = access.may(me, "tasks.assign") and task.status != "done"
    owners = await store.list_owners(db, today, sorted(access.RIGHTS["tasks.settle"])) if may_change else []
    return {
        "task": task,
        "revision": found.revision,
        "words": rules.WORDS,
        "own": own,
        "may_change": may_change,
        "may_complete": task.status == "accepted" and (own or "circle_office" in me.roles),
        "owners": [(row["id"], f"{row['name']} ({row['authority_name']})") for row in owners],
    }


def _id(value: Any) -> UUID | None:
    try:
        return msgspec.convert(value, UUID) if value else None
    except msgspec.ValidationError:
        return None


router = Router(
    "/",
    include_in_schema=False,
    route_handlers=[show_tasks, show_new, assign, show_task, change, accept, complete, decline],
)
