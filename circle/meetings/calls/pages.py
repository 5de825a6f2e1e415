"""The page that shows the call for items before it goes out, and sends it."""

from typing import Any

from litestar import Request, Response, Router, get, post
from litestar.params import FromPath

from circle.core import fields, pages, web
from circle.core.auth import Actor
from circle.core.db import Connection
from circle.meetings import actions as meetings

from . import actions
from .model import NewCall

Incoming = Request[Any, Any, Any]
HERE = "/sitzungen/{reference:str}/aufruf"


@get(HERE, opt={"permission": "meetings.invite"})
async def show(request: Incoming, db: web.Db, actor: web.Acting, reference: FromPath[str]) -> Response[bytes]:
    """Exactly what the call says and who gets it."""
    return pages.show(request, "calls/send.html", actor.card, **await _look(db, actor, reference))


@post(HERE, opt={"permission": "meetings.invite"})
async def send(request: Incoming, db: web.Db, actor: web.Acting, reference: FromPath[str]) -> Response[Any]:
    """Send the call once, and go to the page that shows how far it is."""
    form = await pages.read_form(request)
    meeting = await meetings.locked(db, actor, None, reference[:40])

    async def act() -> str:
        wanted = fields.from_form(NewCall, form)
        return f"/versand/{await actions.send(db, actor, meeting.id, wanted, pages.revision(form))}"

    try:
        return await pages.once(request, db, actor, form, act, "Der Versand beginnt.")
    except pages.MENDABLE as wrong:
        pages.again(request, "calls/send.html", actor, wrong, form, **await _look(db, actor, reference))


async def _look(db: Connection, actor: Actor, reference: str) -> dict[str, Any]:
    meeting = await meetings.locked(db, actor, None, reference[:40])
    preview = await actions.preview(db, actor, meeting.id)
    return {"meeting": meeting, "revision": meeting.revision, "preview": preview}


router = Router("/", include_in_schema=False, route_handlers=[show, send])
