"""JSON API of calendar feeds, and the address that calendar programs fetch."""

from typing import Any

import msgspec
from litestar import Request, Response, Router, get, post
from litestar.params import FromPath

from circle.core import access, answers, errors, web

from . import actions, rules, store
from .model import Feed, NewFeed

Incoming = Request[Any, Any, Any]


@get("/me/calendar-feed", opt={"permission": "signed_in"})
async def read_own(db: web.Db, actor: web.Acting) -> Response[Feed]:
    """Whether one's own dates can be subscribed to, since when, and the last day on which a program did."""
    return _told(await store.find(db, actor.person_id))


@post("/me/calendar-feed", status_code=201, opt={"permission": "signed_in"})
async def make_own(request: Incoming, db: web.Db, actor: web.Acting) -> Response[NewFeed]:
    """Make the secret address of one's own dates. It is told this once; an earlier one serves no more."""
    return answers.created(NewFeed(await actions.make(db, actor, request.app.state.settings.address)))


@post("/me/calendar-feed/revoke", status_code=200, opt={"permission": "signed_in"})
async def revoke_own(db: web.Db, actor: web.Acting) -> Response[Feed]:
    """The address of one's own dates serves nobody any more."""
    await actions.revoke(db, actor)
    return _told(await store.find(db, actor.person_id))


@get("/calendar-feed", opt={"permission": "feeds.manage"})
async def read_circle(db: web.Db, actor: web.Acting) -> Response[Feed]:
    """The same for the circle's meetings."""
    access.require(actor, "feeds.manage")
    return _told(await store.find(db, None))


@post("/calendar-feed", status_code=201, opt={"permission": "feeds.manage"})
async def make_circle(request: Incoming, db: web.Db, actor: web.Acting) -> Response[NewFeed]:
    """Make the secret address of the circle's meetings: date, place and title, for whoever is given it."""
    address = request.app.state.settings.address
    return answers.created(NewFeed(await actions.make(db, actor, address, circle=True)))


@post("/calendar-feed/revoke", status_code=200, opt={"permission": "feeds.manage"})
async def revoke_circle(db: web.Db, actor: web.Acting) -> Response[Feed]:
    """The address of the circle's meetings serves nobody any more."""
    await actions.revoke(db, actor, circle=True)
    return _told(await store.find(db, None))


@get(actions.PATH + "/{name:str}", include_in_schema=False, opt={"permission": "public"})
async def fetch(request: Incoming, db: web.Db, caller: web.Asking, name: FromPath[str]) -> Response[bytes]:
    """What a calendar program fetches. Unknown and revoked addresses are the same to it."""
    known = request.headers.get("if-none-match", "")
    settings = request.app.state.settings
    try:
        if not name.endswith(".ics"):
            raise errors.NotFound
        file = await actions.serve(db, name.removesuffix(".ics"), known, settings, caller.now)
    except (errors.NotFound, errors.TooMany) as refused:
        # Plain words: whoever reads them is a program, and a page of ours has links that need a sign-in.
        return Response(
            f"{refused.title}\n".encode(), status_code=refused.status, media_type="text/plain",
            headers={"cache-control": "no-store", "referrer-policy": "no-referrer"} | refused.headers,
        )  # fmt: skip
    headers = {"etag": file.tag, "cache-control": rules.CACHE, "referrer-policy": "no-referrer",
        "x-robots-tag": "noindex"}  # fmt: skip
    if file.content is None:
        return Response(b"", status_code=304, headers=headers)
    headers["content-disposition"] = 'inline; filename="kalender.ics"'
    return Response(file.content, media_type="text/calendar", headers=headers)


def _told(feed: Feed) -> Response[Any]:
    return Response(msgspec.json.encode(feed), media_type=answers.JSON)


router = Router("/api/v1", tags=["calendar-feeds"], route_handlers=[read_own, make_own, revoke_own, read_circle, make_circle, revoke_circle])  # fmt: skip
fetched = Router("/", include_in_schema=False, route_handlers=[fetch])
