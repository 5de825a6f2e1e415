"""Pages of the summons: its proof, one row for each mail, and what was said about it."""

from typing import Any

from litestar import Request, Response, Router, get, post
from litestar.params import FromPath

from circle.core import access, auth, fields, pages, web
from circle.core.db import Caller, Connection
from circle.meetings import actions as meetings

from . import actions, api, panel, rules
from .model import LateInvitation, Objections

Incoming = Request[Any, Any, Any]
HERE = "/sitzungen/{reference:str}/ladung"


@get(HERE, opt={"permission": "meetings.run"})
async def show(
    request: Incoming, db: web.Db, caller: web.Asking, reference: FromPath[str]
) -> Response[bytes]:
    """The proof, to be read and printed."""
    me, context = await _page(db, caller, reference)
    return pages.show(request, "summons/show.html", me, **context)


@post(HERE + "/einwendungen", opt={"permission": "meetings.run"})
async def record(
    request: Incoming, db: web.Db, caller: web.Asking, actor: web.Acting, reference: FromPath[str]
) -> Response[Any]:
    """Record what was said at TOP 1, and go back to where the form stood."""
    form = await pages.read_form(request)
    meeting = await meetings.locked(db, actor, None, reference[:40])
    try:
        async with pages.attempt(db):
            raised = form.get("raised") == "true"
            given = fields.from_form(
                Objections, {"raised": raised, "text": str(form.get("text", "")) if raised else ""}
            )
            await actions.record(db, actor, meeting.id, given, pages.revision(form))
    except pages.MENDABLE as wrong:
        _, context = await _page(db, caller, reference)
        pages.again(request, "summons/show.html", actor, wrong, form, **context)
    back = "raum" if form.get("back") == "raum" else "ladung"
    return pages.go(
        f"/sitzungen/{meeting.reference}/{back}", "Festgehalten. Es steht so in der Niederschrift."
    )


@post(HERE + "/nachsenden", opt={"permission": "meetings.invite"})
async def send_on(
    request: Incoming, db: web.Db, caller: web.Asking, actor: web.Acting, reference: FromPath[str]
) -> Response[Any]:
    """Send the invitation on to one person, once, and go to the page of its dispatch."""
    form = await pages.read_form(request)
    meeting = await meetings.locked(db, actor, None, reference[:40])

    async def act() -> str:
        wanted = fields.from_form(LateInvitation, {"person_id": str(form.get("person_id", ""))})
        return f"/versand/{await actions.send_on(db, actor, meeting.id, wanted)}"

    try:
        return await pages.once(request, db, actor, form, act, "Die Einladung geht nach.")
    except pages.MENDABLE as wrong:
        _, context = await _page(db, caller, reference)
        pages.again(request, "summons/show.html", actor, wrong, form, **context)


async def _page(db: Connection, caller: Caller, reference: str) -> tuple[bytes, dict[str, Any]]:
    found, summons = await api.judged(db, caller, None, reference[:40])
    me = auth.me(found.me)
    return found.me, {
        "summons": panel.shown(summons, invites=access.may(me, "meetings.invite")), "mail_states": rules.MAIL_STATES,
        "whole": True,
    }  # fmt: skip


router = Router("/", include_in_schema=False, route_handlers=[show, record, send_on])
