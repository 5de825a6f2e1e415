"""JSON API of minutes."""

from typing import Any
from uuid import UUID

from litestar import Request, Response, Router, get, post, put
from litestar.params import FromPath, FromQuery, JSONBody

from circle.core import answers, web
from circle.core.answers import Page
from circle.core.db import Answer

from . import actions, store
from .model import Approval, Minutes, MinutesHead, NewCorrection, NewObjection, Ruling, Version

Incoming = Request[Any, Any, Any]


@get("/meetings/{meeting_id:uuid}/minutes", opt={"permission": "signed_in"})
async def read(db: web.Db, caller: web.Asking, meeting_id: FromPath[UUID]) -> Response[Minutes]:
    """The minutes of a meeting, from the draft sent on; office, moderation, keeper and chair see them before."""
    found = await store.get(db, caller, meeting_id)
    await actions.note_reading(db, caller, found)
    return answers.one(found)


@put("/meetings/{meeting_id:uuid}/minutes", opt={"permission": "minutes.write"})
async def write_head(
    request: Incoming,
    db: web.Db,
    caller: web.Asking,
    actor: web.Acting,
    meeting_id: FromPath[UUID],
    data: JSONBody[MinutesHead],
) -> Response[Minutes]:
    """Begin the minutes (201), or change kind, keeper and chair (needs If-Match)."""
    expected = answers.expected_revision(request, required=False)
    begun = await actions.write_head(db, actor, meeting_id, data, expected)
    return answers.done(await store.get(db, caller, meeting_id), 201 if begun else 200)


@post(
    "/meetings/{meeting_id:uuid}/minutes/circulate", status_code=200, opt={"permission": "minutes.circulate"}
)
async def circulate(
    request: Incoming, db: web.Db, caller: web.Asking, actor: web.Acting, meeting_id: FromPath[UUID]
) -> Response[Minutes]:
    """Send the draft to members, office and the deputies who attended; the objection period begins.

    Needs an Idempotency-Key.
    """

    async def act() -> Answer:
        await actions.circulate(db, actor, meeting_id, answers.expected_revision(request, required=False))
        return await store.get(db, caller, meeting_id)

    return await answers.once(
        db, actor, request, act, required=True, read=lambda _: store.get(db, caller, meeting_id)
    )


@post("/meetings/{meeting_id:uuid}/minutes/objections", opt={"permission": "minutes.object"})
async def object_to(
    request: Incoming,
    db: web.Db,
    caller: web.Asking,
    actor: web.Acting,
    meeting_id: FromPath[UUID],
    data: JSONBody[NewObjection],
) -> Response[Minutes]:
    """Object to the wording of the draft until the end of the period: members, and deputies who attended."""

    async def act() -> Answer:
        await actions.object_to(db, actor, meeting_id, data)
        return await store.get(db, caller, meeting_id)

    return await answers.once(
        db, actor, request, act, status=201, read=lambda _: store.get(db, caller, meeting_id)
    )


@post(
    "/meetings/{meeting_id:uuid}/minutes/objections/{objection_id:uuid}/decide",
    status_code=200,
    opt={"permission": "minutes.approve"},
)
async def decide(
    request: Incoming,
    db: web.Db,
    caller: web.Asking,
    actor: web.Acting,
    meeting_id: FromPath[UUID],
    objection_id: FromPath[UUID],
    data: JSONBody[Ruling],
) -> Response[Minutes]:
    """Decide on an objection; an accepted one about an item brings the item's new text."""

    async def act() -> Answer:
        expected = answers.expected_revision(request, required=False)
        await actions.decide(db, actor, meeting_id, objection_id, data, expected)
        return await store.get(db, caller, meeting_id)

    return await answers.once(db, actor, request, act, read=lambda _: store.get(db, caller, meeting_id))


@post("/meetings/{meeting_id:uuid}/minutes/approve", status_code=200, opt={"permission": "minutes.approve"})
async def approve(
    request: Incoming,
    db: web.Db,
    caller: web.Asking,
    actor: web.Acting,
    meeting_id: FromPath[UUID],
    data: JSONBody[Approval | None] = None,
) -> Response[Minutes]:
    """Approve the minutes; nothing changes any more. Needs a recent sign-in and an Idempotency-Key.

    With `seen` of the minutes as they were read, it is refused (409 `words_changed`) when the main text or an annex that is
    open to the caller has changed since; If-Match tells of the main text alone.
    """

    async def act() -> Answer:
        expected = answers.expected_revision(request, required=False)
        await actions.approve(db, actor, meeting_id, data or Approval(), expected)
        return await store.get(db, caller, meeting_id)

    return await answers.once(
        db, actor, request, act, required=True, read=lambda _: store.get(db, caller, meeting_id)
    )


@post("/meetings/{meeting_id:uuid}/minutes/corrections", opt={"permission": "minutes.approve"})
async def correct(
    request: Incoming,
    db: web.Db,
    caller: web.Asking,
    actor: web.Acting,
    meeting_id: FromPath[UUID],
    data: JSONBody[NewCorrection],
) -> Response[Minutes]:
    """File a dated correction below the approved text and tell everybody who got the minutes."""

    async def act() -> Answer:
        await actions.correct(db, actor, meeting_id, data, answers.expected_revision(request, required=False))
        return await store.get(db, caller, meeting_id)

    return await answers.once(
        db, actor, request, act, status=201, read=lambda _: store.get(db, caller, meeting_id)
    )


@get("/meetings/{meeting_id:uuid}/minutes/versions", opt={"permission": "signed_in"})
async def list_versions(
    request: Incoming,
    db: web.Db,
    caller: web.Asking,
    meeting_id: FromPath[UUID],
    limit: FromQuery[int] = 50,
    after: FromQuery[str | None] = None,
) -> Response[Page[Version]]:
    """The versions that went out, newest first: canonical text, SHA-256, printed file; annexes for named persons."""
    found = await store.list_versions(db, caller, answers.unseal(after), answers.page_size(limit), meeting_id)
    await actions.note_annexes(db, caller, found, meeting_id)
    return answers.page(request, found)


router = Router(
    "/api/v1",
    tags=["minutes"],
    route_handlers=[read, write_head, circulate, object_to, decide, approve, correct, list_versions],
)
