"""The page of search. Words go by POST, so that they stand in no log and no history; links may bring `?q=`."""

from typing import Any

import msgspec
from litestar import Request, Response, Router, get, post
from litestar.params import FromQuery

from circle.core import access, answers, auth, errors, fields, pages, web
from circle.core.db import Caller, Connection

from . import actions, rules
from .model import Filters, Hit, Query, Value, Words, Year

Incoming = Request[Any, Any, Any]


class Form(msgspec.Struct, frozen=True):
    """What the page sends: the words, one choice of each filter, the place where the next part begins."""

    q: Words = ""
    kind: Value = ""
    topic: Value = ""
    authority: Value = ""
    year: Year | None = None
    level: Value = ""
    after: Value = ""


@get("/suche", opt={"permission": "signed_in"})
async def show_search(
    request: Incoming, db: web.Db, caller: web.Asking, q: FromQuery[str] = ""
) -> Response[bytes]:
    """The empty form, or what a link asks for."""
    return await _page(request, db, caller, Form(q=q[:300].replace("\x00", "")))


@post("/suche", status_code=200, opt={"permission": "signed_in"})
async def search(request: Incoming, db: web.Db, caller: web.Asking) -> Response[bytes]:
    """Find, narrow, go on."""
    form = await pages.read_form(request)
    try:
        return await _page(request, db, caller, fields.from_form(Form, form))
    except errors.Invalid as wrong:
        actor = await auth.actor(db, caller)
        reasons = {
            name if name == "q" else "": text for name, text in (wrong.fields or {"": wrong.detail}).items()
        }
        return pages.show(
            request, "search/search.html", actor.card, status=422, errors=reasons, found=None,
            asked=Form(q=str(form.get("q", ""))[:300]),
        )  # fmt: skip


async def _page(request: Incoming, db: Connection, caller: Caller, form: Form) -> Response[bytes]:
    filters = Filters(
        kind=form.kind or [], topic=form.topic or [], authority=form.authority or [], year=form.year or [],
        level=form.level or [],
    )  # fmt: skip
    me, found = await actions.find(db, caller, Query(form.q, filters=filters), answers.unseal(form.after))
    sought = rules.wanted(rules.read(found.suggestion or form.q))
    groups: dict[str, list[tuple[str, Hit]]] = {}
    for hit in found.results:
        groups.setdefault(rules.GROUPS[hit.group], []).append((rules.mark(hit.title, sought), hit))
    return pages.show(
        request, "search/search.html", me, asked=form, found=found if form.q.strip() else None, groups=groups,
        next=answers.seal(found.next) if found.next else None, levels=pages.LEVELS,
        may_ask=access.may(auth.me(me), "consultations.ask"),
    )  # fmt: skip


router = Router("/", include_in_schema=False, route_handlers=[show_search, search])
