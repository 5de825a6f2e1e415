"""JSON API of date polls."""

from functools import partial
from typing import Any
from uuid import UUID

from litestar import Request, Response, Router, get, post
from litestar.params import FromPath, FromQuery, JSONBody

from circle.core import answers, web
from circle.core.answers import Page
from circle.core.db import Answer

from . import actions, store
from .model import Choice, NewPoll, Poll, PollAnswer

Incoming = Request[Any, Any, Any]


@get("/date-polls", opt={"permission": "signed_in"})
async def list_polls(
    request: Incoming, db: web.Db, caller: web.Asking, limit: FromQuery[int] = 50, after: FromQuery[str | None] = None
) -> Response[Page[Poll]]:  # fmt: skip
    """Date polls, the newest first."""
    found = await store.list_polls(db, caller, answers.unseal(after), answers.page_size(limit))
    return answers.page(request, found)


@post("/date-polls", opt={"permission": "polls.manage"})
async def ask(
    request: Incoming, db: web.Db, caller: web.Asking, actor: web.Acting, data: JSONBody[NewPoll]
) -> Response[Poll]:
    """Propose two to ten days and ask members, office and moderation by mail. Needs an Idempotency-Key."""

    async def act() -> Answer:
        return await store.get(db, caller, await actions.ask(db, actor, data))

    return await answers.once(
        db, actor, request, act, status=201, required=True, read=partial(store.get, db, caller)
    )


@get("/date-polls/{poll_id:uuid}", opt={"permission": "signed_in"})
async def read(db: web.Db, caller: web.Asking, poll_id: FromPath[UUID]) -> Response[Poll]:
    """One poll with its days, the counts and the answers."""
    return answers.one(await store.get(db, caller, poll_id))


@post("/date-polls/{poll_id:uuid}/answer", status_code=200, opt={"permission": "polls.answer"})
async def answer(
    db: web.Db, caller: web.Asking, actor: web.Acting, poll_id: FromPath[UUID], data: JSONBody[PollAnswer]
) -> Response[Poll]:
    """Say to every day whether it suits oneself; said again, the last answer counts."""
    await actions.answer(db, actor, poll_id, data)
    return answers.done(await store.get(db, caller, poll_id))


@post("/date-polls/{poll_id:uuid}/fix", status_code=200, opt={"permission": "polls.manage"})
async def fix(
    request: Incoming,
    db: web.Db,
    caller: web.Asking,
    actor: web.Acting,
    poll_id: FromPath[UUID],
    data: JSONBody[Choice],
) -> Response[Poll]:
    """Fix a day: a planned meeting comes of it, and everybody is told. Needs an Idempotency-Key."""

    async def act() -> Answer:
        await actions.fix(db, actor, poll_id, data, answers.expected_revision(request, required=False))
        return await store.get(db, caller, poll_id)

    return await answers.once(db, actor, request, act, required=True, read=partial(store.get, db, caller))


@post("/date-polls/{poll_id:uuid}/close", status_code=200, opt={"permission": "polls.manage"})
async def close(
    request: Incoming, db: web.Db, caller: web.Asking, actor: web.Acting, poll_id: FromPath[UUID]
) -> Response[Poll]:
    """End a poll without a day."""
    await actions.close(db, actor, poll_id, answers.expected_revision(request, required=False))
    return answers.done(await store.get(db, caller, poll_id))


@post(
    "/date-polls/{poll_id:uuid}/people/{person_id:uuid}/revoke-links",
    status_code=200,
    opt={"permission": "polls.manage"},
)
async def revoke_links(
    request: Incoming, db: web.Db, caller: web.Asking, actor: web.Acting, poll_id: FromPath[UUID],
    person_id: FromPath[UUID],
) -> Response[Poll]:  # fmt: skip
    """Let the links to this poll in this person's mails serve no more."""

    async def act() -> Answer:
        await actions.revoke_links(db, actor, poll_id, person_id)
        return await store.get(db, caller, poll_id)

    return await answers.once(db, actor, request, act, read=partial(store.get, db, caller))


router = Router(
    "/api/v1", tags=["date-polls"], route_handlers=[list_polls, ask, read, answer, fix, close, revoke_links]
)
