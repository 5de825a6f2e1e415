"""Accounts for those who keep them, and one's own sessions and password."""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any
from uuid import UUID

from litestar import Request, Response, Router, delete, get, patch, post
from litestar.params import FromPath, FromQuery, JSONBody

from circle.core import access, answers, auth, errors, web
from circle.core.answers import Page
from circle.core.auth import Actor
from circle.core.db import Answer, Caller, Connection

from . import actions, store
from .model import (
    Account,
    AccountChange,
    GrantEnd,
    NewAccount,
    NewGrant,
    OpenSession,
    PasswordChange,
    PasswordRequest,
)

Incoming = Request[Any, Any, Any]


@get("/people/accounts", opt={"permission": "people.manage"})
async def list_accounts(
    request: Incoming, db: web.Db, caller: web.Asking, limit: FromQuery[int] = 50,
    after: FromQuery[str | None] = None,
) -> Response[Page[Account]]:  # fmt: skip
    """All accounts by name with their state, for the office and the technical administration."""
    return answers.page(request, await listed(db, caller, after, limit))


async def listed(db: Connection, caller: Caller, after: str | None, limit: int = 50) -> Answer:
    """The list for whoever keeps accounts. Raises Forbidden for anybody else."""
    found = await store.list_accounts(db, caller, answers.unseal(after), answers.page_size(limit))
    if not access.may(auth.me(found.me), "people.manage"):
        raise errors.Forbidden(me=found.me)
    return found


@get("/people/{person_id:uuid}/account", opt={"permission": "people.manage"})
async def read_account(db: web.Db, caller: web.Asking, person_id: FromPath[UUID]) -> Response[Account]:
    """One account with its roles and its state."""
    return answers.one(await store.get(db, caller, person_id))


@post("/people", opt={"permission": "people.manage"})
async def add(
    request: Incoming, db: web.Db, caller: web.Asking, actor: web.Acting, data: JSONBody[NewAccount]
) -> Response[Account]:
    """Enter a person with roles from today. They sign in once they were invited."""

    async def act() -> Answer:
        return await store.get(db, caller, await actions.add(db, actor, data))

    return await answers.once(db, actor, request, act, status=201, read=partial(store.get, db, caller))


@patch("/people/{person_id:uuid}", opt={"permission": "people.manage"})
async def change(
    request: Incoming, db: web.Db, caller: web.Asking, actor: web.Acting, person_id: FromPath[UUID],
    data: JSONBody[AccountChange],
) -> Response[Account]:  # fmt: skip
    """Change name, address, function or house; needs If-Match. A new address or house ends all their sessions.

    The address of an account with a password, or with a role that the caller does not grant, waits as `pending_email`
    for a second person, and the old one is told.
    """
    await actions.change(db, actor, person_id, data, answers.expected_revision(request))
    return answers.done(await _after(db, caller, actor, person_id))


@post("/people/{person_id:uuid}/confirm-address", status_code=200, opt={"permission": "people.manage"})
async def confirm_address(
    request: Incoming, db: web.Db, caller: web.Asking, actor: web.Acting, person_id: FromPath[UUID]
) -> Response[Account]:
    """Let `pending_email` count; needs If-Match and an Idempotency-Key. A second person does: the office what the
    technical administration entered, and the other way round."""
    answers.expected_revision(request)
    return await _act(request, db, caller, actor, person_id, actions.confirm_address, required=True)


@post("/people/{person_id:uuid}/drop-address", status_code=200, opt={"permission": "people.manage"})
async def drop_address(
    request: Incoming, db: web.Db, caller: web.Asking, actor: web.Acting, person_id: FromPath[UUID]
) -> Response[Account]:
    """Drop `pending_email`; the address stays as it is."""
    return await _act(request, db, caller, actor, person_id, actions.drop_address)


@post("/people/{person_id:uuid}/invite", status_code=200, opt={"permission": "people.manage"})
async def invite(
    request: Incoming, db: web.Db, caller: web.Asking, actor: web.Acting, person_id: FromPath[UUID]
) -> Response[Account]:
    """Send a link to set the first password; needs an Idempotency-Key. It lives seven days and works once."""
    return await _act(request, db, caller, actor, person_id, actions.invite, required=True)


@post("/people/{person_id:uuid}/deactivate", status_code=200, opt={"permission": "people.manage"})
async def deactivate(
    request: Incoming, db: web.Db, caller: web.Asking, actor: web.Acting, person_id: FromPath[UUID]
) -> Response[Account]:
    """Close an account; sessions end at once. The last technical administrator stays."""
    return await _act(request, db, caller, actor, person_id, actions.deactivate)


@post("/people/{person_id:uuid}/reactivate", status_code=200, opt={"permission": "people.manage"})
async def reactivate(
    request: Incoming, db: web.Db, caller: web.Asking, actor: web.Acting, person_id: FromPath[UUID]
) -> Response[Account]:
    """Open a closed account again."""
    return await _act(request, db, caller, actor, person_id, actions.reactivate)


@post("/people/{person_id:uuid}/roles", status_code=200, opt={"permission": "signed_in"})
async def grant(
    request: Incoming, db: web.Db, caller: web.Asking, actor: web.Acting, person_id: FromPath[UUID],
    data: JSONBody[NewGrant],
) -> Response[Account]:  # fmt: skip
    """Grant a role, from today unless a day is named. Their sessions end.

    The office does; for `technical_admin` and `data_protection_officer` the technical administration, and for
    `assistant` the commissioner of the house.
    """

    async def act(db: Connection, actor: Actor, person_id: UUID, expected: int | None) -> None:
        await actions.grant(db, actor, person_id, data, expected)

    return await _act(request, db, caller, actor, person_id, act)


@post("/people/{person_id:uuid}/roles/end", status_code=200, opt={"permission": "signed_in"})
async def end_role(
    request: Incoming, db: web.Db, caller: web.Asking, actor: web.Acting, person_id: FromPath[UUID],
    data: JSONBody[GrantEnd],
) -> Response[Account]:  # fmt: skip
    """Let a role end, at once unless a last day is named. Their sessions end."""

    async def act(db: Connection, actor: Actor, person_id: UUID, expected: int | None) -> None:
        await actions.end_role(db, actor, person_id, data, expected)

    return await _act(request, db, caller, actor, person_id, act)


@post("/password-resets", status_code=202, opt={"permission": "public"})
async def request_reset(request: Incoming, db: web.Db, data: JSONBody[PasswordRequest]) -> Response[None]:
    """Ask for a link to a new password. The answer is the same whether there is such an account or not."""
    await actions.request_reset(db, data.email, web.address_of(request))
    return Response(None, status_code=202)


@get("/me/sessions", opt={"permission": "signed_in"})
async def list_sessions(request: Incoming, db: web.Db, caller: web.Asking) -> Response[Page[OpenSession]]:
    """One's own open sessions; `current` is the one that asks."""
    return answers.page(request, await store.list_sessions(db, caller))


@delete("/me/sessions/{session_id:uuid}", status_code=204, opt={"permission": "signed_in"})
async def end_session(db: web.Db, actor: web.Acting, session_id: FromPath[UUID]) -> None:
    """End one of one's own sessions."""
    await actions.end_session(db, actor, session_id)


@post("/me/password", status_code=204, opt={"permission": "signed_in"})
async def change_password(
    request: Incoming, db: web.Db, caller: web.Asking, actor: web.Acting, data: JSONBody[PasswordChange]
) -> Response[None]:
    """Change one's own password. All other sessions end."""
    if not await actions.change_password(db, actor, caller, data, web.address_of(request)):
        wrong = "Das bisherige Kennwort stimmt nicht."
        return answers.refused(errors.Invalid(wrong, code="password_wrong", fields={"old": wrong}))
    return Response(None, status_code=204)


async def _act(
    request: Incoming, db: Connection, caller: Caller, actor: Actor, person_id: UUID,
    act: Callable[[Connection, Actor, UUID, int | None], Awaitable[None]], *, required: bool = False,
) -> Response[Any]:  # fmt: skip
    async def done() -> Answer:
        await act(db, actor, person_id, answers.expected_revision(request, required=False))
        return await _after(db, caller, actor, person_id)

    return await answers.once(
        db, actor, request, done, required=required, read=partial(store.get, db, caller)
    )


async def _after(db: Connection, caller: Caller, actor: Actor, person_id: UUID) -> Answer:
    """The account after an act. Whoever closed or moved their own has no session to read it with any more."""
    if person_id == actor.person_id and not await store.has_session(db, caller.token_hash):
        return Answer(actor.card, b'{"id":"' + str(person_id).encode() + b'"}')
    return await store.get(db, caller, person_id)


# `add` and `change` share their addresses with the directory and stand in its router.
router = Router(
    "/api/v1",
    tags=["accounts"],
    route_handlers=[
        list_accounts, read_account, confirm_address, drop_address, invite, deactivate, reactivate, grant,
        end_role, request_reset, list_sessions, end_session, change_password,
    ],
)  # fmt: skip
