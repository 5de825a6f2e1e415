"""JSON API of tasks."""

from functools import partial
from typing import Any
from uuid import UUID

from litestar import Request, Response, Router, get, patch, post
from litestar.params import FromPath, FromQuery, JSONBody

from circle.core import answers, web
from circle.core.answers import Page
from circle.core.db import Answer

from . import actions, store
from .model import NewTask, Refusal, Status, Task, TaskChange

Incoming = Request[Any, Any, Any]


@get("/tasks", opt={"permission": "signed_in"})
async def list_tasks(
    request: Incoming,
    db: web.Db,
    caller: web.Asking,
    limit: FromQuery[int] = 50,
    after: FromQuery[str | None] = None,
    mine: FromQuery[bool] = False,
    status: FromQuery[Status | None] = None,
    item_id: FromQuery[UUID | None] = None,
) -> Response[Page[Task]]:
    """Tasks by due day; `mine` keeps one's own, `item_id` those of an agenda item."""
    found = await store.list_tasks(
        db, caller, answers.unseal(after), answers.page_size(limit), mine=mine, status=status, item_id=item_id
    )
    return answers.page(request, found)


@post("/tasks", opt={"permission": "tasks.assign"})
async def assign(
    request: Incoming, db: web.Db, caller: web.Asking, actor: web.Acting, data: JSONBody[NewTask]
) -> Response[Task]:
    """Ask somebody to do something; it binds only when accepted."""

    async def act() -> Answer:
        return await store.get(db, caller, await actions.assign(db, actor, data))

    return await answers.once(db, actor, request, act, status=201, read=partial(store.get, db, caller))


@get("/tasks/{task_id:uuid}", opt={"permission": "signed_in"})
async def read(db: web.Db, caller: web.Asking, task_id: FromPath[UUID]) -> Response[Task]:
    """One task."""
    return answers.one(await actions.read(db, caller, task_id))


@patch("/tasks/{task_id:uuid}", opt={"permission": "tasks.assign"})
async def change(
    request: Incoming,
    db: web.Db,
    caller: web.Asking,
    actor: web.Acting,
    task_id: FromPath[UUID],
    data: JSONBody[TaskChange],
) -> Response[Task]:
    """Change wording, dates or owner; needs If-Match. With another owner the task is open again."""
    expected = answers.expected_revision(request)
    assert expected is not None
    await actions.change(db, actor, task_id, data, expected)
    return answers.done(await store.get(db, caller, task_id))


@post("/tasks/{task_id:uuid}/accept", status_code=200, opt={"permission": "tasks.settle"})
async def accept(
    request: Incoming, db: web.Db, caller: web.Asking, actor: web.Acting, task_id: FromPath[UUID]
) -> Response[Task]:
    """Take a task on; only its owner can."""

    async def act() -> Answer:
        await actions.accept(db, actor, task_id, answers.expected_revision(request, required=False))
        return await store.get(db, caller, task_id)

    return await answers.once(db, actor, request, act, read=partial(store.get, db, caller))


@post("/tasks/{task_id:uuid}/complete", status_code=200, opt={"permission": "tasks.settle"})
async def complete(
    request: Incoming, db: web.Db, caller: web.Asking, actor: web.Acting, task_id: FromPath[UUID]
) -> Response[Task]:
    """Say that an accepted task is done."""

    async def act() -> Answer:
        await actions.complete(db, actor, task_id, answers.expected_revision(request, required=False))
        return await store.get(db, caller, task_id)

    return await answers.once(db, actor, request, act, read=partial(store.get, db, caller))


@post("/tasks/{task_id:uuid}/decline", status_code=200, opt={"permission": "tasks.settle"})
async def decline(
    request: Incoming,
    db: web.Db,
    caller: web.Asking,
    actor: web.Acting,
    task_id: FromPath[UUID],
    data: JSONBody[Refusal | None] = None,
) -> Response[Task]:
    """Do not take a task on, or give it back; only its owner can."""

    async def act() -> Answer:
        expected = answers.expected_revision(request, required=False)
        await actions.decline(db, actor, task_id, data or Refusal(), expected)
        return await store.get(db, caller, task_id)

    return await answers.once(db, actor, request, act, read=partial(store.get, db, caller))


router = Router(
    "/api/v1",
    tags=["tasks"],
    route_handlers=[list_tasks, assign, read, change, accept, complete, decline],
)
