"""JSON API of absences."""

from functools import partial
from typing import Any
from uuid import UUID

from litestar import Request, Response, Router, delete, get, patch, post
from litestar.params import FromPath, FromQuery, JSONBody

from circle.core import answers, web
from circle.core.answers import Page
from circle.core.db import Answer

from . import actions, store
from .model import Absence, AbsenceChange, NewAbsence, NewTime

Incoming = Request[Any, Any, Any]
ENTER = {"permission": "absences.enter"}


@post("/people/{person_id:uuid}/absences", opt=ENTER)
async def enter_for(
    request: Incoming,
    db: web.Db,
    caller: web.Asking,
    actor: web.Acting,
    person_id: FromPath[UUID],
    data: JSONBody[NewTime],
) -> Response[Absence]:
    """Enter that a commissioner is away, and which deputy of the house acts meanwhile."""

    async def act() -> Answer:
        return await store.get(db, caller, await actions.enter(db, actor, person_id, data))

    return await answers.once(db, actor, request, act, status=201, read=partial(store.get, db, caller))


@post("/absences", opt=ENTER)
async def enter(
    request: Incoming, db: web.Db, caller: web.Asking, actor: web.Acting, data: JSONBody[NewAbsence]
) -> Response[Absence]:
    """Enter that a commissioner is away, for a time or with `meeting_id` for one meeting."""

    async def act() -> Answer:
        return await store.get(db, caller, await actions.enter(db, actor, data.person_id, data))

    return await answers.once(db, actor, request, act, status=201, read=partial(store.get, db, caller))


@get("/absences", opt={"permission": "signed_in"})
async def read_all(
    request: Incoming,
    db: web.Db,
    caller: web.Asking,
    limit: FromQuery[int] = 50,
    after: FromQuery[str | None] = None,
    past: FromQuery[bool] = False,
) -> Response[Page[Absence]]:
    """Absences that run or lie ahead, for staff of the houses; with `past` those of the own house that are over."""
    found = await store.list_absences(db, caller, answers.unseal(after), answers.page_size(limit), past)
    return answers.page(request, found)


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
    """Call off an absence: what lies ahead goes, what runs ends today."""
    await actions.call_off(db, actor, absence_id, answers.expected_revision(request, required=False))


router = Router(
    "/api/v1", tags=["absences"], route_handlers=[enter_for, enter, read_all, read, change, call_off]
)
