"""JSON API of the answers to an invitation."""

from functools import partial
from typing import Any
from uuid import UUID

from litestar import Request, Response, Router, get, post
from litestar.params import FromPath, JSONBody

from circle.core import answers, web
from circle.core.db import Answer

from . import actions, store
from .model import NewReply, OwnReply, Replies

Incoming = Request[Any, Any, Any]


@get("/meetings/{meeting_id:uuid}/replies", opt={"permission": "signed_in"})
async def read(db: web.Db, caller: web.Asking, meeting_id: FromPath[UUID]) -> Response[Replies]:
    """Who is asked to a meeting and what they answered. Whoever is not of the circle reads their own answer alone."""
    return answers.one(await store.get(db, caller, meeting_id))


@get("/meetings/{meeting_id:uuid}/reply", opt={"permission": "signed_in"})
async def read_own(db: web.Db, caller: web.Asking, meeting_id: FromPath[UUID]) -> Response[OwnReply]:
    """One's own answer with those before it."""
    return answers.one(await store.get_one(db, caller, meeting_id))


@post("/meetings/{meeting_id:uuid}/reply", status_code=200, opt={"permission": "signed_in"})
async def answer(
    request: Incoming, db: web.Db, caller: web.Asking, actor: web.Acting, meeting_id: FromPath[UUID],
    data: JSONBody[NewReply],
) -> Response[OwnReply]:  # fmt: skip
    """Say whether one comes, and how; until the meeting begins, the last answer counts.

    With `represented` the absence for this meeting is entered when the caller may do so: `acting_id` tells.
    """

    async def act() -> Answer:
        await actions.answer(db, actor, meeting_id, data, "api")
        return await store.get_one(db, caller, meeting_id)

    return await answers.once(db, actor, request, act, read=partial(store.get_one, db, caller))


@post(
    "/meetings/{meeting_id:uuid}/replies/{person_id:uuid}",
    status_code=200,
    opt={"permission": "meetings.invite"},
)
async def enter(
    request: Incoming, db: web.Db, caller: web.Asking, actor: web.Acting, meeting_id: FromPath[UUID],
    person_id: FromPath[UUID], data: JSONBody[NewReply],
) -> Response[OwnReply]:  # fmt: skip
    """Write down what somebody answered on the telephone."""

    async def act() -> Answer:
        await actions.enter(db, actor, meeting_id, person_id, data)
        return await store.get_one(db, caller, meeting_id, person_id)

    return await answers.once(
        db, actor, request, act, read=lambda found: store.get_one(db, caller, found, person_id)
    )


@post(
    "/meetings/{meeting_id:uuid}/replies/{person_id:uuid}/revoke-links",
    status_code=200,
    opt={"permission": "meetings.invite"},
)
async def revoke_links(
    request: Incoming, db: web.Db, caller: web.Asking, actor: web.Acting, meeting_id: FromPath[UUID],
    person_id: FromPath[UUID],
) -> Response[OwnReply]:  # fmt: skip
    """Let the links in this person's mails serve no more; later mails bring new ones."""

    async def act() -> Answer:
        await actions.revoke_links(db, actor, meeting_id, person_id)
        return await store.get_one(db, caller, meeting_id, person_id)

    return await answers.once(
        db, actor, request, act, read=lambda found: store.get_one(db, caller, found, person_id)
    )


router = Router("/api/v1", tags=["replies"], route_handlers=[read, read_own, answer, enter, revoke_links])
