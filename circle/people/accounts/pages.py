"""Pages of accounts: the list and one account for who keeps them, „Mein Konto“, and the way to a new password."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import msgspec
from litestar import Request, Response, Router, get, post
from litestar.datastructures import FormMultiDict
from litestar.params import FromPath, FromQuery

from circle.core import access, answers, auth, errors, fields, pages, web
from circle.core.auth import ROLE_NAMES, Actor
from circle.core.db import Caller, Connection
from circle.core.fields import Day
from circle.people.model import Password

from . import actions, api, rules, store
from .model import (
    Account,
    AccountChange,
    GrantEnd,
    NewAccount,
    NewGrant,
    OpenSession,
    PasswordChange,
    PasswordRequest,
    Role,
)

Incoming = Request[Any, Any, Any]
STATES = {
    "active": ("aktiv", "success"),
    "invited": ("eingeladen", "info"),
    "no_access": ("ohne Zugang", "neutral"),
    "inactive": ("gesperrt", "danger"),
}
ROLES = [(role, ROLE_NAMES[role]) for role in Role.__args__]  # type: ignore[attr-defined]  # Literal has it
TOLD = "Wenn es zu dieser Adresse ein Konto gibt, ist eine E-Mail unterwegs. Der Link darin gilt eine Stunde."


class NewPassword(msgspec.Struct, frozen=True):
    """The form at the end of a link."""

    link: Password
    password: Password
    again: Password


class OwnPassword(msgspec.Struct, frozen=True):
    """The form of one's own page."""

    old: Password
    new: Password
    again: Password


class RoleForm(msgspec.Struct, frozen=True):
    """A role to grant; an empty day is today, or no end."""

    role: Role
    valid_from: Day | None = None
    valid_to: Day | None = None


@get("/konten", opt={"permission": "people.manage"})
async def list_accounts(
    request: Incoming, db: web.Db, caller: web.Asking, after: FromQuery[str | None] = None
) -> Response[bytes]:
    """All accounts with their state."""
    found = await api.listed(db, caller, after)
    return pages.show(
        request, "accounts/list.html", found.me, accounts=pages.as_struct(found, list[Account]), states=STATES,
        role_names=ROLE_NAMES, next=answers.next_link(request, found), first=bool(after),
    )  # fmt: skip


@get("/konten/neu", opt={"permission": "people.manage"})
async def show_new(request: Incoming, db: web.Db, actor: web.Acting) -> Response[bytes]:
    """The form of a new account."""
    access.require(actor, "people.manage")
    return pages.show(
        request, "accounts/new.html", actor.card, roles=_grantable(actor), houses=await _houses(db)
    )


@post("/konten/neu", opt={"permission": "people.manage"})
async def add(request: Incoming, db: web.Db, actor: web.Acting) -> Response[Any]:
    """Enter a person."""
    form = await pages.read_form(request)
    access.require(actor, "people.manage")
    houses = await _houses(db)

    async def act() -> str:
        return f"/konten/{await actions.add(db, actor, fields.from_form(NewAccount, form))}"

    try:
        return await pages.once(
            request, db, actor, form, act, "Das Konto ist angelegt. Laden Sie die Person jetzt ein."
        )
    except pages.MENDABLE as wrong:
        pages.again(
            request, "accounts/new.html", actor, wrong, form, roles=_grantable(actor), houses=houses,
            chosen=form.getall("roles", []),
        )  # fmt: skip


@get("/konten/{person_id:uuid}", opt={"permission": "people.manage"})
async def show_account(
    request: Incoming, db: web.Db, caller: web.Asking, person_id: FromPath[UUID]
) -> Response[bytes]:
    """One account and what can be done with it."""
    return pages.show(request, "accounts/show.html", **await _page(db, caller, person_id))


@post("/konten/{person_id:uuid}", opt={"permission": "people.manage"})
async def change(
    request: Incoming, db: web.Db, caller: web.Asking, actor: web.Acting, person_id: FromPath[UUID]
) -> Response[Any]:
    """Change the entry."""

    async def act(form: FormMultiDict) -> None:
        given = fields.from_form(NewAccount, form)
        new = AccountChange(
            given.name, given.email, given.authority_id, given.title, given.function, given.phone
        )
        await actions.change(db, actor, person_id, new, pages.revision(form))

    return await _do(request, db, caller, actor, person_id, act, "Die Angaben sind geändert.")


@post("/konten/{person_id:uuid}/adresse/bestaetigen", opt={"permission": "people.manage"})
async def confirm_address(
    request: Incoming, db: web.Db, caller: web.Asking, actor: web.Acting, person_id: FromPath[UUID]
) -> Response[Any]:
    """Let the waiting address count."""

    async def act(form: FormMultiDict) -> None:
        await actions.confirm_address(db, actor, person_id, pages.revision(form))

    return await _do(
        request, db, caller, actor, person_id, act, "Die neue Adresse gilt. Alle Anmeldungen sind beendet."
    )


@post("/konten/{person_id:uuid}/adresse/verwerfen", opt={"permission": "people.manage"})
async def drop_address(
    request: Incoming, db: web.Db, caller: web.Asking, actor: web.Acting, person_id: FromPath[UUID]
) -> Response[Any]:
    """Drop the waiting address."""

    async def act(form: FormMultiDict) -> None:
        await actions.drop_address(db, actor, person_id, pages.revision(form))

    return await _do(request, db, caller, actor, person_id, act, "Die Adresse bleibt, wie sie war.")


@post("/konten/{person_id:uuid}/einladen", opt={"permission": "people.manage"})
async def invite(
    request: Incoming, db: web.Db, caller: web.Asking, actor: web.Acting, person_id: FromPath[UUID]
) -> Response[Any]:
    """Send the link to the first password."""

    async def act(form: FormMultiDict) -> None:
        await actions.invite(db, actor, person_id, pages.revision(form))

    return await _do(request, db, caller, actor, person_id, act, "Die Einladung geht gleich hinaus.")


@post("/konten/{person_id:uuid}/sperren", opt={"permission": "people.manage"})
async def deactivate(
    request: Incoming, db: web.Db, caller: web.Asking, actor: web.Acting, person_id: FromPath[UUID]
) -> Response[Any]:
    """Close the account."""

    async def act(form: FormMultiDict) -> None:
        await actions.deactivate(db, actor, person_id, pages.revision(form))

    return await _do(
        request, db, caller, actor, person_id, act, "Das Konto ist gesperrt. Alle Anmeldungen sind beendet."
    )


@post("/konten/{person_id:uuid}/entsperren", opt={"permission": "people.manage"})
async def reactivate(
    request: Incoming, db: web.Db, caller: web.Asking, actor: web.Acting, person_id: FromPath[UUID]
) -> Response[Any]:
    """Open the account again."""

    async def act(form: FormMultiDict) -> None:
        await actions.reactivate(db, actor, person_id, pages.revision(form))

    return await _do(request, db, caller, actor, person_id, act, "Das Konto ist wieder offen.")


@post("/konten/{person_id:uuid}/rollen", opt={"permission": "people.manage"})
async def grant(
    request: Incoming, db: web.Db, caller: web.Asking, actor: web.Acting, person_id: FromPath[UUID]
) -> Response[Any]:
    """Grant a role."""

    async def act(form: FormMultiDict) -> None:
        given = fields.from_form(RoleForm, form)
        new = NewGrant(given.role, given.valid_from, given.valid_to)
        await actions.grant(db, actor, person_id, new, pages.revision(form))

    return await _do(request, db, caller, actor, person_id, act, "Die Rolle ist vergeben.")


@post("/konten/{person_id:uuid}/rollen/beenden", opt={"permission": "people.manage"})
async def end_role(
    request: Incoming, db: web.Db, caller: web.Asking, actor: web.Acting, person_id: FromPath[UUID]
) -> Response[Any]:
    """End a role."""

    async def act(form: FormMultiDict) -> None:
        end = fields.from_form(GrantEnd, form)
        await actions.end_role(db, actor, person_id, end, pages.revision(form))

    return await _do(request, db, caller, actor, person_id, act, "Die Rolle ist beendet.")


@post("/personen/{person_id:uuid}/zuarbeit", opt={"permission": "assistants.name"})
async def name_assistant(
    request: Incoming, db: web.Db, actor: web.Acting, person_id: FromPath[UUID]
) -> Response[Any]:
    """The commissioner names somebody of the house who works for it."""
    form = await pages.read_form(request)

    async def act() -> str:
        await actions.grant(db, actor, person_id, NewGrant("assistant"), pages.revision(form))
        return f"/personen/{person_id}"

    return await pages.once(request, db, actor, form, act, "Die Zuarbeit ist eingetragen.")


@post("/personen/{person_id:uuid}/zuarbeit/beenden", opt={"permission": "assistants.name"})
async def end_assistant(
    request: Incoming, db: web.Db, actor: web.Acting, person_id: FromPath[UUID]
) -> Response[Any]:
    """The commissioner ends it, at once."""
    form = await pages.read_form(request)

    async def act() -> str:
        await actions.end_role(db, actor, person_id, GrantEnd("assistant"), pages.revision(form))
        return f"/personen/{person_id}"

    return await pages.once(request, db, actor, form, act, "Die Zuarbeit ist beendet.")


async def _do(
    request: Incoming, db: Connection, caller: Caller, actor: Actor, person_id: UUID,
    act: Callable[[FormMultiDict], Awaitable[None]], notice: str,
) -> Response[Any]:  # fmt: skip
    """One act on an account; what is wrong is said on its page. A second click goes there too."""
    await actions.find(db, actor, person_id, None)
    form = await pages.read_form(request)
    context = await _page(db, caller, person_id)
    context.pop("me")

    async def done() -> str:
        await act(form)
        return f"/konten/{person_id}"

    try:
        return await pages.once(request, db, actor, form, done, notice)
    except (*pages.MENDABLE, errors.TooMany) as wrong:
        pages.again(request, "accounts/show.html", actor, wrong, form, **context)


async def _page(db: Connection, caller: Caller, person_id: UUID) -> dict[str, Any]:
    found = await store.get(db, caller, person_id)
    account: Account = pages.as_struct(found, Account)
    me = auth.me(found.me)
    if not access.may(me, "people.manage"):
        raise errors.Forbidden(me=found.me)
    return {
        "me": me, "entry": account, "states": STATES, "role_names": ROLE_NAMES, "houses": await _houses(db),
        "endable": [role for role, _ in ROLES if rules.may_end(me, role, account.authority_id)],
        "roles": _grantable(me), "own": me.person_id == person_id, "remarks": rules.remarks(account.roles),
    }  # fmt: skip


def _grantable(who: Actor | auth.Me) -> list[tuple[str, str]]:
    # Assistants are named on the page of the person, by the commissioner.
    return [pair for pair in ROLES if rules.may_grant(who, pair[0], None)]


async def _houses(db: Connection) -> list[tuple[UUID, str]]:
    return [(row["id"], row["name"]) for row in await store.list_houses(db)]


@get("/konto", opt={"permission": "signed_in"})
async def show_own(request: Incoming, db: web.Db, caller: web.Asking) -> Response[bytes]:
    """„Mein Konto“: the own card, the password, the open sessions."""
    found = await store.list_sessions(db, caller)
    return pages.show(
        request, "accounts/own.html", found.me, sessions=pages.as_struct(found, list[OpenSession])
    )


@post("/konto/kennwort", opt={"permission": "signed_in"})
async def change_password(
    request: Incoming, db: web.Db, caller: web.Asking, actor: web.Acting
) -> Response[Any]:
    """Change the own password."""
    form = await pages.read_form(request)
    sessions = pages.as_struct(await store.list_sessions(db, caller), list[OpenSession])
    try:
        given = fields.from_form(OwnPassword, form)
        _require_same(given.new, given.again)
        fits = await actions.change_password(
            db, actor, caller, PasswordChange(given.old, given.new), web.address_of(request)
        )
    except (errors.Invalid, errors.TooMany) as wrong:
        pages.again(request, "accounts/own.html", actor, wrong, form, sessions=sessions)
    if not fits:
        reasons = {"old": "Das bisherige Kennwort stimmt nicht."}
        return pages.show(
            request, "accounts/own.html", actor.card, status=422, errors=reasons, sessions=sessions
        )
    return pages.go("/konto", "Ihr Kennwort ist geändert. Alle anderen Anmeldungen sind beendet.")


@post("/konto/anmeldungen/{session_id:uuid}/beenden", opt={"permission": "signed_in"})
async def end_session(
    request: Incoming, db: web.Db, actor: web.Acting, session_id: FromPath[UUID]
) -> Response[Any]:
    """End one of one's own sessions."""
    await pages.read_form(request)
    await actions.end_session(db, actor, session_id)
    return pages.go("/konto", "Die Anmeldung ist beendet.")


@post("/konto/anmeldungen/beenden", opt={"permission": "signed_in"})
async def end_other_sessions(
    request: Incoming, db: web.Db, caller: web.Asking, actor: web.Acting
) -> Response[Any]:
    """End all of one's own sessions but this one."""
    await pages.read_form(request)
    await actions.end_other_sessions(db, actor, caller)
    return pages.go("/konto", "Alle anderen Anmeldungen sind beendet.")


@get("/kennwort-vergessen", opt={"permission": "public"})
async def show_forgotten(request: Incoming) -> Response[bytes]:
    """The form to ask for a new password."""
    return pages.show(request, "accounts/forgotten.html", None)


@post("/kennwort-vergessen", opt={"permission": "public"})
async def request_reset(request: Incoming, db: web.Db) -> Response[Any]:
    """Ask for a link; the answer is the same for every address."""
    form = await pages.plain_form(request)
    try:
        email = fields.from_form(PasswordRequest, form).email
    except errors.Invalid as wrong:
        return pages.show(
            request, "accounts/forgotten.html", None, status=422, errors=wrong.fields, form=form
        )
    await actions.request_reset(db, email, web.address_of(request))
    return pages.go("/anmelden", TOLD)


@get("/kennwort", opt={"permission": "public"})
async def show_password(request: Incoming, db: web.Db, link: FromQuery[str] = "") -> Response[bytes]:
    """The form at the end of a link. Looking at it does not use it up: mail programs look at links too."""
    if not await store.has_link(db, auth.token_hash(link)):
        return _dead(request)
    return pages.show(request, "accounts/password.html", None, link=link)


@post("/kennwort", opt={"permission": "public"})
async def set_password(request: Incoming, db: web.Db, caller: web.Asking) -> Response[Any]:
    """Set the password by the link, once."""
    form = await pages.plain_form(request)
    try:
        given = fields.from_form(NewPassword, form)
        _require_same(given.password, given.again)
        await actions.set_password(db, caller.now, given.link, given.password)
    except errors.Invalid as wrong:
        if "link" in wrong.fields:
            return _dead(request)
        return pages.show(
            request, "accounts/password.html", None, status=422, errors=wrong.fields, link=form["link"]
        )
    except errors.NotFound:
        return _dead(request)
    return pages.go("/anmelden", "Ihr Kennwort ist gesetzt. Bitte melden Sie sich damit an.")


def _dead(request: Incoming) -> Response[bytes]:
    """The same words whether a link is used, over or made up, so that nobody learns who exists."""
    return pages.show(request, "accounts/dead_link.html", None, status=404)


def _require_same(password: str, again: str) -> None:
    if password != again:
        raise errors.Invalid(fields={"again": "Die beiden Eingaben sind verschieden."})


router = Router(
    "/",
    include_in_schema=False,
    route_handlers=[
        list_accounts, show_new, add, show_account, change, confirm_address, drop_address, invite, deactivate,
        reactivate, grant, end_role, name_assistant, end_assistant, show_own, change_password, end_session,
        end_other_sessions, show_forgotten, request_reset, show_password, set_password,
    ],
)  # fmt: skip
