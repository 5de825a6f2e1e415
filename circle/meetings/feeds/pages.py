"""The page „Kalender abonnieren“."""

from typing import Any

from litestar import Request, Response, Router, get, post

from circle.core import access, pages, web
from circle.core.auth import Actor
from circle.core.db import Connection

from . import actions, store

Incoming = Request[Any, Any, Any]
ROOT = actions.PATH


@get(ROOT, opt={"permission": "signed_in"})
async def show(request: Incoming, db: web.Db, actor: web.Acting) -> Response[bytes]:
    """What can be subscribed to, and since when it is."""
    return await _page(request, db, actor)


@post(ROOT + "/adresse", opt={"permission": "signed_in"})
async def make_own(request: Incoming, db: web.Db, actor: web.Acting) -> Response[bytes]:
    """The new address is told in the answer itself: in a redirect it would come into logs and histories."""
    await pages.read_form(request)
    address = await actions.make(db, actor, request.app.state.settings.address)
    return await _page(request, db, actor, own_address=address)


@post(ROOT + "/beenden", opt={"permission": "signed_in"})
async def revoke_own(request: Incoming, db: web.Db, actor: web.Acting) -> Response[Any]:
    """Take one's own address back."""
    await pages.read_form(request)
    await actions.revoke(db, actor)
    return pages.go(ROOT, "Die Adresse gilt nicht mehr.")


@post(ROOT + "/kreis/adresse", opt={"permission": "feeds.manage"})
async def make_circle(request: Incoming, db: web.Db, actor: web.Acting) -> Response[bytes]:
    """The same for the circle."""
    await pages.read_form(request)
    address = await actions.make(db, actor, request.app.state.settings.address, circle=True)
    return await _page(request, db, actor, circle_address=address)


@post(ROOT + "/kreis/beenden", opt={"permission": "feeds.manage"})
async def revoke_circle(request: Incoming, db: web.Db, actor: web.Acting) -> Response[Any]:
    """Take the circle's address back."""
    await pages.read_form(request)
    await actions.revoke(db, actor, circle=True)
    return pages.go(ROOT, "Die Adresse des Kreises gilt nicht mehr.")


async def _page(
    request: Incoming, db: Connection, actor: Actor, own_address: str = "", circle_address: str = ""
) -> Response[bytes]:
    may_manage = access.may(actor, "feeds.manage")
    return pages.show(
        request, "feeds/show.html", actor.card, own=await store.find(db, actor.person_id), own_address=own_address,
        circle=await store.find(db, None) if may_manage else None, circle_address=circle_address,
    )  # fmt: skip


router = Router(
    "/", include_in_schema=False, route_handlers=[show, make_own, revoke_own, make_circle, revoke_circle]
)
