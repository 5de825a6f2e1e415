"""JSON API of distribution: dispatches, and one delivery per recipient."""

from functools import partial
from typing import Any
from uuid import UUID

import msgspec
from litestar import Request, Response, Router, get, post
from litestar.params import FromPath, FromQuery, JSONBody

from circle.core import answers, web
from circle.core.answers import Page
from circle.core.auth import Actor
from circle.core.db import Answer, Caller, Connection

from . import actions, store
from .model import (
    Delivery,
    Dispatch,
    FullDispatch,
    NewDispatch,
    PreparedDispatch,
    Preview,
    Resend,
    Settlement,
)

Incoming = Request[Any, Any, Any]


@get("/dispatches", opt={"permission": "signed_in"})
async def list_dispatches(
    request: Incoming,
    db: web.Db,
    caller: web.Asking,
    limit: FromQuery[int] = 50,
    after: FromQuery[str | None] = None,
) -> Response[Page[Dispatch]]:
    """Dispatches, newest first, with how far they are: all for the office, one's own for others."""
    found = await store.list_all(db, caller, answers.unseal(after), answers.page_size(limit))
    return answers.page(request, found)


@get("/dispatches/{dispatch_id:uuid}", opt={"permission": "signed_in"})
async def read_dispatch(
    db: web.Db, caller: web.Asking, dispatch_id: FromPath[UUID]
) -> Response[FullDispatch]:
    """One dispatch with its letter, papers and counts."""
    return answers.one(await store.get(db, caller, dispatch_id))


@get("/dispatches/{dispatch_id:uuid}/preview", opt={"permission": "signed_in"})
async def preview_dispatch(
    db: web.Db, actor: web.Acting, dispatch_id: FromPath[UUID]
) -> Response[list[Preview]]:
    """Exactly who would get what now: attached, linked, or why nothing."""
    return Response(await actions.preview_of(db, actor, dispatch_id))


@get("/dispatches/{dispatch_id:uuid}/deliveries", opt={"permission": "signed_in"})
async def list_deliveries_of(
    request: Incoming,
    db: web.Db,
    caller: web.Asking,
    dispatch_id: FromPath[UUID],
    limit: FromQuery[int] = 50,
    after: FromQuery[str | None] = None,
) -> Response[Page[Delivery]]:
    """Every recipient of a dispatch with the state of their delivery, by name."""
    found = await store.list_deliveries(
        db, caller, dispatch_id, answers.unseal(after), answers.page_size(limit)
    )
    return answers.page(request, found)


@get("/deliveries", opt={"permission": "signed_in"})
async def list_deliveries(
    request: Incoming,
    db: web.Db,
    caller: web.Asking,
    limit: FromQuery[int] = 50,
    after: FromQuery[str | None] = None,
) -> Response[Page[Delivery]]:
    """One's own deliveries; for the office those of all dispatches."""
    found = await store.list_deliveries(db, caller, None, answers.unseal(after), answers.page_size(limit))
    return answers.page(request, found)


@get("/deliveries/{delivery_id:uuid}", opt={"permission": "signed_in"})
async def read_delivery(db: web.Db, caller: web.Asking, delivery_id: FromPath[UUID]) -> Response[Delivery]:
    """One delivery, for its recipient and for those who see the dispatch."""
    return answers.one(await store.get_delivery(db, caller, delivery_id))


@post("/dispatches", opt={"permission": "documents.distribute"})
async def prepare(
    request: Incoming, db: web.Db, caller: web.Asking, actor: web.Acting, data: JSONBody[NewDispatch]
) -> Response[PreparedDispatch]:
    """Prepare the distribution of a released document, or a notice. Nothing is sent before `send`."""

    async def act() -> Answer:
        dispatch_id = await actions.compose(db, actor, data)
        return await _with_preview(db, caller, actor, dispatch_id)

    return await answers.once(
        db, actor, request, act, status=201, read=partial(_with_preview, db, caller, actor)
    )


@post("/dispatches/{dispatch_id:uuid}/send", status_code=200, opt={"permission": "dispatches.send"})
async def send(
    request: Incoming, db: web.Db, caller: web.Asking, actor: web.Acting, dispatch_id: FromPath[UUID]
) -> Response[FullDispatch]:
    """Start a prepared dispatch."""

    async def act() -> Answer:
        await actions.send(db, actor, dispatch_id)
        return await store.get(db, caller, dispatch_id)

    return await answers.once(db, actor, request, act, required=True, read=partial(store.get, db, caller))


@post("/dispatches/{dispatch_id:uuid}/cancel", status_code=200, opt={"permission": "dispatches.send"})
async def cancel(
    request: Incoming, db: web.Db, caller: web.Asking, actor: web.Acting, dispatch_id: FromPath[UUID]
) -> Response[FullDispatch]:
    """Stop what is not on its way yet."""

    async def act() -> Answer:
        await actions.cancel(db, actor, dispatch_id)
        return await store.get(db, caller, dispatch_id)

    return await answers.once(db, actor, request, act, read=partial(store.get, db, caller))


@post("/dispatches/{dispatch_id:uuid}/resend", status_code=200, opt={"permission": "dispatches.send"})
async def resend(
    request: Incoming,
    db: web.Db,
    caller: web.Asking,
    actor: web.Acting,
    dispatch_id: FromPath[UUID],
    data: JSONBody[Resend],
) -> Response[FullDispatch]:
    """Try again what failed; what is uncertain only when `include_uncertain` says so."""

    async def act() -> Answer:
        await actions.resend(db, actor, dispatch_id, data.include_uncertain)
        return await store.get(db, caller, dispatch_id)

    return await answers.once(db, actor, request, act, read=partial(store.get, db, caller))


@post("/deliveries/{delivery_id:uuid}/settle", status_code=200, opt={"permission": "dispatches.send"})
async def settle(
    request: Incoming,
    db: web.Db,
    caller: web.Asking,
    actor: web.Acting,
    delivery_id: FromPath[UUID],
    data: JSONBody[Settlement],
) -> Response[Delivery]:
    """Say what became of an uncertain delivery; one that did not arrive is sent again."""

    async def act() -> Answer:
        await actions.settle(db, actor, delivery_id, data.arrived)
        return await store.get_delivery(db, caller, delivery_id)

    return await answers.once(db, actor, request, act, read=partial(store.get_delivery, db, caller))


async def _with_preview(db: Connection, caller: Caller, actor: Actor, dispatch_id: UUID) -> Answer:
    found = await store.get(db, caller, dispatch_id)
    previews = msgspec.json.encode(await actions.preview_of(db, actor, dispatch_id))
    body = found.body.rstrip()[:-1] + b', "preview": ' + previews + b"}"
    return Answer(found.me, body, found.revision)


router = Router(
    "/api/v1",
    tags=["distribution"],
    route_handlers=[
        list_dispatches, read_dispatch, preview_dispatch, list_deliveries_of, list_deliveries, read_delivery,
        prepare, send, cancel, resend, settle,
    ],
)  # fmt: skip
