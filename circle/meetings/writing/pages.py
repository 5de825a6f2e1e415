"""Pages on which the text of an item is written: a form with what became of its lines, and the socket that makes it live."""

import asyncio
from collections.abc import Coroutine
from typing import Any
from uuid import UUID

from litestar import Request, Response, Router, WebSocket, get, post, websocket
from litestar.datastructures import FormMultiDict
from litestar.params import FromPath, FromQuery

from circle.core import auth, errors, fields, pages, web
from circle.core.auth import Actor
from circle.core.db import Caller, Connection

from . import actions, panel
from .desk import AWAY, Desk, Seat
from .model import Page, Pick, ResultPick, TaskPick, Writing

Incoming = Request[Any, Any, Any]
Socket = WebSocket[Any, Any, Any]
HERE = "/sitzungen/{reference:str}/top/{item_id:uuid}/schreiben"
BACK = {"raum": "/sitzungen/{}/raum", "live": "/sitzungen/{}/live"}
"""Where a form came from, and goes back to: the room of the moderator, and that of everybody."""
CARD = {"title", "owner_id", "due", "result", "wording"}
"""The fields of a card. What else a result may fail for, such as a house against it, is said at its kind."""
LOOK = 2.0
"""Seconds between two looks at the rights of an open socket."""
TRY_AGAIN = 1013
"""Close code of RFC 6455's registry. Refusals close with 4000 and the status of the same answer to a page."""


@get(HERE, opt={"permission": "signed_in"})
async def show(
    request: Incoming,
    db: web.Db,
    actor: web.Acting,
    reference: FromPath[str],
    item_id: FromPath[UUID],
    von: FromQuery[str] = "",
) -> Response[bytes]:
    """The text of an item with its lines, for whoever writes it."""
    page = await actions.open_page(db, actor, item_id, reference[:40])
    context = await _context(db, actor, page, von)
    return pages.show(request, "writing/page.html", actor.card, **context)


@get(HERE + "/zeilen", opt={"permission": "signed_in"})
async def show_lines(
    request: Incoming,
    db: web.Db,
    actor: web.Acting,
    reference: FromPath[str],
    item_id: FromPath[UUID],
    von: FromQuery[str] = "",
) -> Response[bytes]:
    """The cards alone, for a page that stands open."""
    page = await actions.open_page(db, actor, item_id, reference[:40])
    context = await _context(db, actor, page, von)
    return pages.show(request, "writing/lines.html", actor.card, **context)


@post(HERE, opt={"permission": "signed_in"})
async def save(
    request: Incoming, db: web.Db, actor: web.Acting, reference: FromPath[str], item_id: FromPath[UUID]
) -> Response[Any]:
    """Save the text; what others wrote since the form was opened stays."""
    form = await pages.read_form(request)

    async def act() -> str:
        await actions.save(db, actor, item_id, fields.from_form(Writing, form))
        return _back(reference, item_id, form)

    return await _done(request, db, actor, form, reference, item_id, act, "Der Text ist gespeichert.")


@post(HERE + "/ergebnis", opt={"permission": "meetings.run"})
async def confirm_result(
    request: Incoming, db: web.Db, actor: web.Acting, reference: FromPath[str], item_id: FromPath[UUID]
) -> Response[Any]:
    """Take a line over as the wording of the result."""
    form = await pages.read_form(request)

    async def act() -> str:
        await actions.confirm_result(db, actor, item_id, fields.from_form(ResultPick, _plain(form)))
        return _back(reference, item_id, form)

    return await _done(request, db, actor, form, reference, item_id, act, "Das Ergebnis ist übernommen.")


@post(HERE + "/aufgabe", opt={"permission": "tasks.assign"})
async def confirm_task(
    request: Incoming, db: web.Db, actor: web.Acting, reference: FromPath[str], item_id: FromPath[UUID]
) -> Response[Any]:
    """Make a task of a line."""
    form = await pages.read_form(request)

    async def act() -> str:
        await actions.confirm_task(db, actor, item_id, fields.from_form(TaskPick, _plain(form)))
        return _back(reference, item_id, form)

    return await _done(request, db, actor, form, reference, item_id, act, "Die Aufgabe ist vergeben.")


@post(HERE + "/lassen", opt={"permission": "signed_in"})
async def dismiss(
    request: Incoming, db: web.Db, actor: web.Acting, reference: FromPath[str], item_id: FromPath[UUID]
) -> Response[Any]:
    """Leave a line as the text that it is."""
    form = await pages.read_form(request)

    async def act() -> str:
        await actions.dismiss(db, actor, item_id, fields.from_form(Pick, _plain(form)))
        return _back(reference, item_id, form)

    return await _done(request, db, actor, form, reference, item_id, act, "Die Zeile bleibt, wie sie ist.")


@websocket(HERE, opt={"permission": "signed_in"})
async def write(socket: Socket, reference: FromPath[str], item_id: FromPath[UUID]) -> None:
    """Write together with others. What a page may not, closes it with 4000 and the status that a page would answer."""
    state = socket.app.state
    token, _ = auth.token_of(socket.headers, socket.cookies, state.settings.cookie)
    caller = Caller(auth.token_hash(token), state.clock.now())
    desk: Desk = state.desk
    await socket.accept()
    code = 1000
    try:
        if not state.settings.minutes_live:
            raise errors.NotFound
        async with desk.seat(caller, item_id, reference[:40]) as seat:
            await _first_to_end(_receive(socket, desk, seat), _send(socket, seat), _look(desk, seat))
    except errors.CircleError as refusal:
        code = 4000 + refusal.status if refusal.status < 500 else TRY_AGAIN
    except AWAY:
        code = TRY_AGAIN
    if socket.connection_state != "disconnect":
        await socket.close(code)


async def _first_to_end(*works: Coroutine[Any, Any, None]) -> None:
    """Do all until one ends, then end the others. Raises what that one raised."""
    tasks = [asyncio.create_task(work) for work in works]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    for task in done:
        task.result()


async def _receive(socket: Socket, desk: Desk, seat: Seat) -> None:
    """One message after the other: a page that types faster than is kept waits in its own connection."""
    while True:
        message: Any = await socket.receive()
        if message["type"] == "websocket.disconnect":
            socket.connection_state = "disconnect"
            return
        await desk.answer(seat, message.get("bytes") or b"")


async def _send(socket: Socket, seat: Seat) -> None:
    while True:
        message = await seat.take()
        await socket.send_data(message, mode="binary" if isinstance(message, bytes) else "text")


async def _look(desk: Desk, seat: Seat) -> None:
    while True:
        try:
            await asyncio.wait_for(seat.full.wait(), LOOK)
        except TimeoutError:
            await desk.look(seat)
        else:
            raise errors.Unavailable


async def _done(
    request: Incoming, db: Connection, actor: Actor, form: FormMultiDict, reference: str, item_id: UUID,
    act: Any, notice: str,
) -> Response[Any]:  # fmt: skip
    """An act of a form, once; what cannot be is shown on the page of the text, with all that was typed."""
    page = await actions.open_page(db, actor, item_id, reference[:40])
    try:
        return await pages.once(request, db, actor, form, act, notice)
    except pages.MENDABLE as wrong:
        context = await _context(db, actor, page, str(form.get("von", "")), form, wrong)
        pages.again(request, "writing/page.html", actor, wrong, form, **context)


def _plain(form: FormMultiDict) -> dict[str, Any]:
    """The entries of a card, whose fields carry its place in their names."""
    ending = f"_{form.get('place', '')}"
    return {name.removesuffix(ending): value for name, value in form.items() if isinstance(value, str)}


def _back(reference: str, item_id: UUID, form: FormMultiDict) -> str:
    way = BACK.get(str(form.get("von", "")))
    return way.format(reference) if way else f"/sitzungen/{reference}/top/{item_id}/schreiben"


async def _context(
    db: Connection,
    actor: Actor,
    page: Page,
    von: str,
    form: FormMultiDict | None = None,
    wrong: errors.CircleError | None = None,
) -> dict[str, Any]:
    writing = await panel.of_page(db, actor, page)
    if form is not None and wrong is not None:
        typed = _plain(form)
        places = [n for n, card in enumerate(writing["waiting"]) if card.line == typed.get("line")]
        if places:
            # The card may stand elsewhere by now; its fields are named after where it is.
            wrong.fields = {
                f"{name if name in CARD else 'result'}_{places[0]}": text
                for name, text in wrong.fields.items()
            }
        writing |= {"typed": typed, "wrong": wrong.fields, "typed_at": places[0] if places else None}
    return {"writing": writing, "von": von if von in BACK else ""}


router = Router(
    "/",
    include_in_schema=False,
    route_handlers=[show, show_lines, save, confirm_result, confirm_task, dismiss, write],
)
