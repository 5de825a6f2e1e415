"""JSON API of the procedure and its versions."""

from typing import Any
from uuid import UUID

import msgspec
from litestar import Request, Response, Router, get, post, put
from litestar.params import FromPath, FromQuery, JSONBody

from circle.core import answers, clock, web
from circle.core.answers import Page
from circle.core.db import Answer
from circle.core.fields import Day

from . import actions, rules, store
from .model import Computed, NewProcedure, Procedure, StoredProcedure

Incoming = Request[Any, Any, Any]


@get("/procedures", opt={"permission": "signed_in"})
async def list_versions(request: Incoming, db: web.Db, caller: web.Asking) -> Response[Page[Procedure]]:
    """Every version of the procedure, the newest first; `state` says which one is in force."""
    found = await store.list_versions(db, caller)
    told = [rules.told(one) for one in msgspec.json.decode(found.body, type=list[StoredProcedure])]
    return answers.page(request, msgspec.structs.replace(found, body=msgspec.json.encode(told)))


@post("/procedures", opt={"permission": "procedure.adopt"})
async def adopt(
    request: Incoming, db: web.Db, caller: web.Asking, actor: web.Acting, data: JSONBody[NewProcedure]
) -> Response[Procedure]:
    """Enter a version that was adopted: a full set of rules, what is not named holds by default."""

    async def read(procedure_id: UUID) -> Answer:
        return _told(await store.get(db, caller, procedure_id))

    async def act() -> Answer:
        return await read(await actions.adopt(db, actor, data))

    return await answers.once(db, actor, request, act, status=201, read=read)


@get("/procedures/{procedure_id:uuid}", opt={"permission": "signed_in"})
async def read(db: web.Db, caller: web.Asking, procedure_id: FromPath[UUID]) -> Response[Procedure]:
    """One version: its rules, the same in words, and what it changed."""
    return answers.one(_told(await store.get(db, caller, procedure_id)))


@put("/procedures/{procedure_id:uuid}", opt={"permission": "procedure.adopt"})
async def change(
    request: Incoming,
    db: web.Db,
    caller: web.Asking,
    actor: web.Acting,
    procedure_id: FromPath[UUID],
    data: JSONBody[NewProcedure],
) -> Response[Procedure]:
    """Put a version right before its first day; needs If-Match. Once it is in force nothing changes it."""
    expected = answers.expected_revision(request)
    assert expected is not None
    await actions.change(db, actor, procedure_id, data, expected)
    return answers.done(_told(await store.get(db, caller, procedure_id)))


@get("/procedures/{procedure_id:uuid}/deadlines", opt={"permission": "signed_in"})
async def compute(
    db: web.Db,
    caller: web.Asking,
    procedure_id: FromPath[UUID],
    date: FromQuery[Day | None] = None,
) -> Response[Computed]:
    """Every deadline that a meeting on `date` would have under this version, each with the steps that lead to it.

    Without a `date` it is today.
    """
    found = msgspec.json.decode((await store.get(db, caller, procedure_id)).body, type=StoredProcedure)
    return Response(rules.compute(found.version, found.rules, date or clock.day(caller.now)))


def _told(answer: Answer) -> Answer:
    body = rules.told(msgspec.json.decode(answer.body, type=StoredProcedure))
    return msgspec.structs.replace(answer, body=msgspec.json.encode(body))


router = Router("/api/v1", tags=["procedures"], route_handlers=[list_versions, adopt, read, change, compute])
