"""JSON API of the summons."""

from typing import Any
from uuid import UUID

import msgspec
from litestar import Request, Response, Router, get, post
from litestar.params import FromPath, JSONBody

from circle.core import access, answers, auth, errors, web
from circle.core.db import Answer, Caller, Connection
from circle.distribution import store as dispatches
from circle.distribution.model import FullDispatch

from . import actions, rules, store
from .model import Facts, LateInvitation, Objections, Summons

Incoming = Request[Any, Any, Any]


async def judged(
    db: Connection, caller: Caller, meeting_id: UUID | None, reference: str | None = None
) -> tuple[Answer, Summons]:
    """The summons of a visible meeting. Raises NotFound, and Forbidden for whoever does not run meetings."""
    found = await store.get(db, caller, meeting_id, reference)
    facts = msgspec.json.decode(found.body, type=Facts | None)
    if facts is None or not access.may(auth.me(found.me), "meetings.run"):
        raise errors.Forbidden(me=found.me)
    return found, rules.judge(facts)


async def _answer(db: Connection, caller: Caller, meeting_id: UUID) -> Answer:
    found, summons = await judged(db, caller, meeting_id)
    return msgspec.structs.replace(found, body=msgspec.json.encode(summons))


@get("/meetings/{meeting_id:uuid}/summons", opt={"permission": "meetings.run"})
async def read(db: web.Db, caller: web.Asking, meeting_id: FromPath[UUID]) -> Response[Summons]:
    """Whether the meeting was called in form and time: the verdict with its words, each house, each mail."""
    return answers.one(await _answer(db, caller, meeting_id))


@post("/meetings/{meeting_id:uuid}/summons/objections", status_code=200, opt={"permission": "meetings.run"})
async def record(
    request: Incoming, db: web.Db, caller: web.Asking, actor: web.Acting, meeting_id: FromPath[UUID],
    data: JSONBody[Objections],
) -> Response[Summons]:  # fmt: skip
    """Record at TOP 1 that no objections against form and time are raised, or which. Said again, the last word counts."""
    expected = answers.expected_revision(request, required=False)
    await actions.record(db, actor, meeting_id, data, expected)
    return answers.done(await _answer(db, caller, meeting_id))


@post("/meetings/{meeting_id:uuid}/summons/late", status_code=201, opt={"permission": "meetings.invite"})
async def send_on(
    request: Incoming, db: web.Db, caller: web.Asking, actor: web.Acting, meeting_id: FromPath[UUID],
    data: JSONBody[LateInvitation],
) -> Response[FullDispatch]:  # fmt: skip
    """Send the present invitation to a commissioner or deputy who came after it. Needs an Idempotency-Key."""

    async def act() -> Answer:
        return await dispatches.get(db, caller, await actions.send_on(db, actor, meeting_id, data))

    async def again(dispatch_id: UUID) -> Answer:
        return await dispatches.get(db, caller, dispatch_id)

    return await answers.once(db, actor, request, act, status=201, required=True, read=again)


router = Router("/api/v1", tags=["meetings"], route_handlers=[read, record, send_on])
