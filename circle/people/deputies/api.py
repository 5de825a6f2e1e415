"""JSON API of absences."""

from functools import partial
from typing import Any
from uuid import UUID

from litestar import Request, Response, Router, delete, get, patch, post
from litestar.params import FromPath, JSONBody

from circle.core import answers, web
from circle.core.db import Answer

from . import actions, store
from .model import Absence, AbsenceChange, NewAbsence

Incoming = Request[Any, Any, Any]
ENTER = {"permission": "absences.enter"}


@post("/people/{person_id:uuid}/absences", opt=ENTER)
async def enter(
    request: Incoming,
    db: web.Db,
    caller: web.Asking,
    actor: web.Acting,
    person_id: FromPath[UUID],
    data: JSONBody[NewAbsence],
) -> Response[Absence]:
    """Enter that a commissioner is away, and which deputy of the house acts meanwhile."""

    async def act() -> Answer:
        return await store.get(db, caller, await actions.enter(db, actor, person_id, data))

    return await answers.once(db, actor, request, act, status=201, read=partial(store.get, db, caller))


@get("/absences/{absence_id:uuid}", opt={"permission": "signed_in"})
async def read(db: web.Db, caller: web.Asking, absence_id: FromPath[UUID]) -> Response[Absence]:
    """One absence, for staff of the houses."""
    return answers.one(await store.get(db, caller, absence_id))


@patch("/absences/{absence_id:uuid}", opt=ENTER)
async def change(
    request: Incoming,
    db: web.Db,
    caller: web.Asking,
    actor: web.Acting,
    absence_id: FromPath[UUID],
    data: JSONBody[AbsenceChange],
) -> Response[Absence]:
    """Change days or deputy; needs If-Match. Of an absence that has begun only the last day changes."""
    expected = answers.expected_revision(request)
    assert expected is not None
    await actions.change(db, actor, absence_id, data, expected)
    return answers.done(await store.get(db, caller, absence_id))


@delete("/absences/{absence_id:uuid}", status_code=204, opt=ENTER)
async def call_off(request: Incoming, db: web.Db, actor: web.Acting, absence_id: FromPath[UUID]) -> None:
    """Call off an absence that has not begun."""
    await actions.call_off(db, actor, absence_id, answers.expected_revision(request, required=False))


router = Router("/api/v1", tags=["absences"], route_handlers=[enter, read, change, call_off])
