"""Pages of distribution: the list, one dispatch while it runs, a new one, and the letter for its recipient."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

from litestar import Request, Response, Router, get, post
from litestar.datastructures import FormMultiDict
from litestar.params import FromPath, FromQuery

from circle.core import access, answers, errors, fields, idempotency, pages, web
from circle.core.auth import ROLE_NAMES, Actor
from circle.core.db import Caller, Connection
from circle.core.idempotency import Stored

from . import actions, rules, store
from .model import Delivery, Dispatch, FullDispatch, NewDispatch, ReceivedLetter

Incoming = Request[Any, Any, Any]
WORDS = {
    "state_words": rules.STATE_WORDS,
    "dispatch_words": rules.DISPATCH_WORDS,
    "kind_words": rules.KIND_WORDS,
}
RECEIVING_ROLES = [
    "commissioner", "deputy", "regional_staff", "kfi_expert", "knowledge_editor", "kfi_head", "ministry_observer",
    "municipal_contact", "partner",
]  # fmt: skip


@get("/versand", opt={"permission": "signed_in"})
async def show_all(
    request: Incoming, db: web.Db, caller: web.Asking, after: FromQuery[str | None] = None
) -> Response[bytes]:
    """Dispatches, newest first."""
    found = await store.list_all(db, caller, answers.unseal(after), 50)
    return pages.show(
        request, "distribution/list.html", found.me, dispatches=pages.as_struct(found, list[Dispatch]),
        next=answers.next_link(request, found), **WORDS,
    )  # fmt: skip


@get("/versand/{dispatch_id:uuid}", opt={"permission": "signed_in"})
async def show(
    request: Incoming,
    db: web.Db,
    caller: web.Asking,
    actor: web.Acting,
    dispatch_id: FromPath[UUID],
    after: FromQuery[str | None] = None,
) -> Response[bytes]:
    """One dispatch: what goes to whom, and how far it is."""
    context = await _progress(request, db, caller, dispatch_id, after)
    found: FullDispatch = context["dispatch"]
    waiting = found.state == "prepared" and found.building == "none"
    previews = await actions.preview_of(db, actor, dispatch_id) if waiting else []
    return pages.show(
        request, "distribution/show.html", actor.card, previews=previews,
        may_send=access.may(actor, "dispatches.send"), **context,
    )  # fmt: skip


@get("/versand/{dispatch_id:uuid}/stand", opt={"permission": "signed_in"})
async def show_progress(
    request: Incoming,
    db: web.Db,
    caller: web.Asking,
    actor: web.Acting,
    dispatch_id: FromPath[UUID],
    after: FromQuery[str | None] = None,
) -> Response[bytes]:
    """The moving part of the page alone, asked for every two seconds while mails go out."""
    context = await _progress(request, db, caller, dispatch_id, after)
    return pages.show(
        request, "distribution/progress.html", actor.card, may_send=access.may(actor, "dispatches.send"),
        **context,
    )  # fmt: skip


async def _progress(
    request: Incoming, db: Connection, caller: Caller, dispatch_id: UUID, after: str | None
) -> dict[str, Any]:
    answer = await store.get(db, caller, dispatch_id)
    deliveries = await store.list_deliveries(db, caller, dispatch_id, answers.unseal(after), 100)
    following = answers.next_link(request, deliveries)
    return {
        "dispatch": pages.as_struct(answer, FullDispatch),
        "deliveries": pages.as_struct(deliveries, list[Delivery]),
        "next": following and following.replace("/stand?", "?"),
        "after": after or "",
        **WORDS,
    }


@get("/versand/neu", opt={"permission": "documents.distribute"})
async def show_new(
    request: Incoming, db: web.Db, actor: web.Acting, dokument: FromQuery[str] = ""
) -> Response[bytes]:
    """Choose who gets a document, or write a notice."""
    access.require(actor, "documents.distribute")
    context = await _choices(db, actor, dokument[:60])
    return pages.show(request, "distribution/new.html", actor.card, **context)


async def _choices(db: Connection, actor: Actor, reference: str) -> dict[str, Any]:
    """What the form offers. Raises NotFound for a document the actor cannot see, Conflict unless it is released."""
    document = None
    if reference:
        document_id = await store.find_document_by_reference(db, reference, list(actor.keys))
        if document_id is None:
            raise errors.NotFound(me=actor.card)
        document = await actions.released_document(db, actor, document_id)
    return {
        "document": document,
        "roles": [(role, ROLE_NAMES[role]) for role in RECEIVING_ROLES],
        "houses": [(row["id"], row["short"]) for row in await store.list_choices(db, actor.today)],
        "levels": [(level, name) for level, name in pages.LEVELS.items()],
    }


@post("/versand/neu", opt={"permission": "documents.distribute"})
async def prepare(request: Incoming, db: web.Db, actor: web.Acting) -> Response[Any]:
    """Prepare; the next page shows exactly who gets what before anything is sent."""
    form = await pages.read_form(request)
    access.require(actor, "documents.distribute")
    context = await _choices(db, actor, str(form.get("dokument", ""))[:60])

    async def act() -> str:
        new = fields.from_form(NewDispatch, form)
        return f"/versand/{await actions.compose(db, actor, new)}"

    try:
        target = await _once(db, actor, form, request, act)
    except errors.Invalid as wrong:
        pages.again(request, "distribution/new.html", actor, wrong, form, **context)
    return pages.go(target)


@post("/versand/{dispatch_id:uuid}/senden", opt={"permission": "dispatches.send"})
async def send(
    request: Incoming, db: web.Db, actor: web.Acting, dispatch_id: FromPath[UUID]
) -> Response[Any]:
    """Start a prepared dispatch."""
    form = await pages.read_form(request)

    async def act() -> str:
        await actions.send(db, actor, dispatch_id)
        return f"/versand/{dispatch_id}"

    return pages.go(await _once(db, actor, form, request, act), "Der Versand läuft.")


@post("/versand/{dispatch_id:uuid}/abbrechen", opt={"permission": "dispatches.send"})
async def cancel(
    request: Incoming, db: web.Db, actor: web.Acting, dispatch_id: FromPath[UUID]
) -> Response[Any]:
    """Stop what is not on its way."""
    await pages.read_form(request)
    await actions.cancel(db, actor, dispatch_id)
    return pages.go(
        f"/versand/{dispatch_id}", "Der Versand ist abgebrochen. Was schon unterwegs war, kommt an."
    )


@post("/versand/{dispatch_id:uuid}/erneut", opt={"permission": "dispatches.send"})
async def resend(
    request: Incoming, db: web.Db, actor: web.Acting, dispatch_id: FromPath[UUID]
) -> Response[Any]:
    """Try again what failed."""
    form = await pages.read_form(request)

    async def act() -> str:
        await actions.resend(db, actor, dispatch_id)
        return f"/versand/{dispatch_id}"

    return pages.go(await _once(db, actor, form, request, act), "Es wird noch einmal versucht.")


@post("/versand/zustellungen/{delivery_id:uuid}/klaeren", opt={"permission": "dispatches.send"})
async def settle(
    request: Incoming, db: web.Db, actor: web.Acting, delivery_id: FromPath[UUID]
) -> Response[Any]:
    """One click settles what is uncertain: it arrived, or it is sent again."""
    form = await pages.read_form(request)
    arrived = form.get("arrived") == "true"

    async def act() -> str:
        return f"/versand/{await actions.settle(db, actor, delivery_id, arrived)}"

    target = await _once(db, actor, form, request, act)
    return pages.go(target, "Als angekommen vermerkt." if arrived else "Die E-Mail geht noch einmal hinaus.")


@get("/versand/post/{delivery_id:uuid}", opt={"permission": "signed_in"})
async def show_letter(
    request: Incoming, db: web.Db, caller: web.Asking, delivery_id: FromPath[UUID]
) -> Response[bytes]:
    """The letter for its recipient: where the link of a neutral mail leads."""
    found = await store.get_letter(db, caller, delivery_id)
    return pages.show(
        request, "distribution/letter.html", found.me, letter=pages.as_struct(found, ReceivedLetter)
    )


async def _once(
    db: Connection, actor: Actor, form: FormMultiDict, request: Incoming, act: Callable[[], Awaitable[str]]
) -> str:
    """Run a form's act under its key, so that a second click leads to the same page and does nothing."""

    async def stored() -> Stored:
        return Stored(303, (await act()).encode())

    key = str(form.get("idempotency_key", ""))
    kept = await idempotency.once(db, actor, key, f"form {request.url.path}".encode(), stored)
    return kept.body.decode()


router = Router(
    "/",
    include_in_schema=False,
    route_handlers=[
        show_all, show_new, prepare, show, show_progress, send, cancel, resend, settle, show_letter,
    ],
)  # fmt: skip
