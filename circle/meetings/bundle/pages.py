"""Pages of all papers of a meeting: the list, the ZIP, and the PDF with how far it is."""

from typing import Any

from litestar import Request, Response, Router, get, post
from litestar.params import FromPath, FromQuery
from litestar.response import Stream

from circle.core import live, pages, web
from circle.core.db import Caller, Connection

from . import actions, api, rules, store
from .model import Collection

Incoming = Request[Any, Any, Any]
HERE = "/sitzungen/{reference:str}/unterlagen"


@get(HERE, opt={"permission": "signed_in"})
async def show(
    request: Incoming, db: web.Db, caller: web.Asking, reference: FromPath[str], angehalten: FromQuery[bool] = False
) -> Response[bytes]:  # fmt: skip
    """The papers that one may open, and the two ways to have them all. While the PDF is made, the page is told how far it is."""
    answer = await store.collect(db, caller, reference=reference[:40])
    found = store.decode(answer)
    await actions.note_reading(db, caller, answer.me, found.meeting_id, found.papers, "Sitzung")
    return pages.show(request, "bundle/show.html", answer.me, paused=angehalten, **_context(found))


@get(HERE + "/stand", opt={"permission": "signed_in"})
async def show_progress(request: Incoming, caller: web.Asking, reference: FromPath[str]) -> Stream:
    """How far the PDF is, told to an open page until it is there."""

    async def look(db: Connection, caller: Caller) -> tuple[str, bool]:
        found = store.decode(await store.collect(db, caller, reference=reference[:40]))
        moving = found.bundle is not None and found.bundle.state == "building"
        return pages.part(request, "bundle/progress.html", **_context(found)), not moving

    return await live.stream(request, caller, look)


@post(HERE + "/pdf", opt={"permission": "signed_in"})
async def ask(
    request: Incoming, db: web.Db, caller: web.Asking, actor: web.Acting, reference: FromPath[str]
) -> Response[Any]:
    """Have the PDF made and go to the page that shows how far it is."""
    await pages.read_form(request)
    found = store.decode(await store.collect(db, caller, reference=reference[:40]))
    await actions.ask(db, actor, found.meeting_id, found)
    return pages.go(f"/sitzungen/{found.reference}/unterlagen")


@get("/sitzungen/{reference:str}/unterlagen.zip", opt={"permission": "signed_in"})
async def download_zip(request: Incoming, db: web.Db, caller: web.Asking, reference: FromPath[str]) -> Stream:
    """The ZIP."""
    return await api.zip_of(request, db, caller, None, reference[:40])


@get("/sitzungen/{reference:str}/unterlagen.pdf", opt={"permission": "signed_in"})
async def download_pdf(request: Incoming, db: web.Db, caller: web.Asking, reference: FromPath[str]) -> Stream:
    """The PDF."""
    return await api.pdf_of(request, db, caller, None, reference[:40])


def _context(found: Collection) -> dict[str, Any]:
    return {
        "meeting": found, "bundle": found.bundle, "points": list(rules.by_item(found)), "heading": rules.heading, "facts": rules.facts,
        "moving": found.bundle is not None and found.bundle.state == "building",
    }  # fmt: skip


router = Router(
    "/", include_in_schema=False, route_handlers=[show, show_progress, ask, download_zip, download_pdf]
)
