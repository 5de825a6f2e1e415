"""JSON API of the call for items."""

from functools import partial
from typing import Any
from uuid import UUID

from litestar import Request, Response, Router, get, post
from litestar.params import FromPath, JSONBody

from circle.core import answers, web
from circle.core.db import Answer
from circle.meetings import store as meetings
from circle.meetings.model import Meeting

from . import actions
from .model import CallPreview, NewCall

Incoming = Request[Any, Any, Any]


@get("/meetings/{meeting_id:uuid}/call-for-items", opt={"permission": "meetings.invite"})
async def preview(db: web.Db, actor: web.Acting, meeting_id: FromPath[UUID]) -> Response[CallPreview]:
    """Exactly what the call for items would say now, who gets it, and when it went out before."""
    return Response(await actions.preview(db, actor, meeting_id))


@post("/meetings/{meeting_id:uuid}/call-for-items", status_code=200, opt={"permission": "meetings.invite"})
async def send(
    request: Incoming,
    db: web.Db,
    caller: web.Asking,
    actor: web.Acting,
    meeting_id: FromPath[UUID],
    data: JSONBody[NewCall | None] = None,
) -> Response[Meeting]:
    """Ask the houses by mail for items, once; `again` repeats it. Needs an Idempotency-Key."""

    async def act() -> Answer:
        expected = answers.expected_revision(request, required=False)
        await actions.send(db, actor, meeting_id, data or NewCall(), expected)
        return await meetings.get(db, caller, meeting_id)

    return await answers.once(db, actor, request, act, required=True, read=partial(meetings.get, db, caller))


router = Router("/api/v1", tags=["meetings"], route_handlers=[preview, send])
