"""Pages of distribution: the list, one dispatch while it runs, a new one, and the letter for its recipient."""

from typing import Any
from uuid import UUID

from litestar import Request, Response, Router, get, post
from litestar.params import FromPath, FromQuery
from litestar.response import Stream

from circle.core import access, answers, audit, errors, fields, live, pages, web
from circle.core.auth import ROLE_NAMES, Actor
from circle.core.db import Caller, Connection

from . import actions, rules, store
from .model import Delivery, Dispatch, FullDispatch, NewDispatch, ReceivedLetter

Incoming = Request[Any, Any, Any]
WORDS: dict[str, Any] = {
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
    angehalten: FromQuery[bool] = False,
) -> Response[bytes]:
    """One dispatch: what goes to whom, and how far it is. While it runs, the page is told (`show_progress`).

    Without scripts it loads itself again. A link beside it stops either (WCAG 2.2.1, 2.2.2).
    """
    answer = await store.get(db, caller, dispatch_id)
    deliveries = await store.list_deliveries(db, caller, dispatch_id, answers.unseal(after), 100)
    found: FullDispatch = pages.as_struct(answer, FullDispatch)
    waiting = found.state == "prepared" and found.building == "none"
    return pages.show(
        request, "distribution/show.html", actor.card, dispatch=found, moving=rules.moving(found), paused=angehalten, live=False,
        # Rows are stamped with real time; people read the office's.
        created_at=found.created_at + request.app.state.clock.offset,
        previews=await actions.preview_of(db, actor, dispatch_id) if waiting else [],
        deliveries=pages.as_struct(deliveries, list[Delivery]), next=answers.next_link(request, deliveries),
        after=after or "", may_send=access.may(actor, "dispatches.send"), **WORDS,
    )  # fmt: skip


@get("/versand/{dispatch_id:uuid}/stand", opt={"permission": "signed_in"})
async def show_progress(request: Incoming, caller: web.Asking, dispatch_id: FromPath[UUID]) -> Stream:
    """How far a dispatch is, told to an open page until it stands still."""

    async def look(db: Connection, caller: Caller) -> tuple[str, bool]:
        found: FullDispatch = pages.as_struct(await store.get(db, caller, dispatch_id), FullDispatch)
        moving = rules.moving(found)
        part = pages.part(request, "distribution/progress.html", dispatch=found, moving=moving, live=True)
        return part, not moving

    return await live.stream(request, caller, look)


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
    people = await store.list_choices(db, actor.today)
    return {
        "document": document,
        "roles": [(role, ROLE_NAMES[role]) for role in RECEIVING_ROLES],
        "houses": list(dict.fromkeys((row["authority_id"], row["short"]) for row in people)),
        "people": [(row["id"], f"{row['name']} ({row['short']})") for row in people],
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
        return await pages.once(request, db, actor, form, act)
    except pages.MENDABLE as wrong:
        pages.again(request, "distribution/new.html", actor, wrong, form, **context)


@post("/versand/{dispatch_id:uuid}/senden", opt={"permission": "dispatches.send"})
async def send(
    request: Incoming, db: web.Db, actor: web.Acting, dispatch_id: FromPath[UUID]
) -> Response[Any]:
    """Start a prepared dispatch."""
    form = await pages.read_form(request)

    async def act() -> str:
        await actions.send(db, actor, dispatch_id)
        return f"/versand/{dispatch_id}"

    return await pages.once(request, db, actor, form, act, "Der Versand läuft.")


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

    return await pages.once(request, db, actor, form, act, "Es wird noch einmal versucht.")


@post("/versand/zustellungen/{delivery_id:uuid}/klaeren", opt={"permission": "dispatches.send"})
async def settle(
    request: Incoming, db: web.Db, actor: web.Acting, delivery_id: FromPath[UUID]
) -> Response[Any]:
    """One click settles what is uncertain: it arrived, or it is sent again."""
    form = await pages.read_form(request)
    arrived = form.get("arrived") == "true"

    async def act() -> str:
        return f"/versand/{await actions.settle(db, actor, delivery_id, arrived)}"

    notice = "Als angekommen vermerkt." if arrived else "Die E-Mail geht noch einmal hinaus."
    return await pages.once(request, db, actor, form, act, notice)


@get("/versand/post/{delivery_id:uuid}", opt={"permission": "signed_in"})
async def show_letter(
    request: Incoming, db: web.Db, caller: web.Asking, delivery_id: FromPath[UUID]
) -> Response[bytes]:
    """The letter for its recipient: where the link of a neutral mail leads."""
    found = await store.get_letter(db, caller, delivery_id)
    letter: ReceivedLetter = pages.as_struct(found, ReceivedLetter)
    if letter.level == "confidential":
        await audit.reading(db, caller, found.me, "letter", delivery_id, purpose="Versand")
    return pages.show(request, "distribution/letter.html", found.me, letter=letter)


router = Router(
    "/",
    include_in_schema=False,
    route_handlers=[
        show_all,
        show_new,
        prepare,
        show,
        show_progress,
        send,
        cancel,
        resend,
        settle,
        show_letter,
    ],
)
