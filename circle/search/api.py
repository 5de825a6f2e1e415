"""JSON API of search."""

from typing import Any

import msgspec
from litestar import Request, Response, Router, post
from litestar.params import FromQuery, JSONBody

from circle.core import answers, web
from circle.core.db import Answer

from . import actions
from .model import Query, Results


@post("/search", status_code=200, opt={"permission": "signed_in"})
async def search(
    request: Request[Any, Any, Any],
    db: web.Db,
    caller: web.Asking,
    data: JSONBody[Query],
    after: FromQuery[str | None] = None,
) -> Response[Results]:
    """Find things by words, "phrases", -exclusions or references; for the next part send the same body to `next`."""
    _, found = await actions.find(db, caller, data, answers.unseal(after))
    following = answers.next_link(request, Answer(b"", b"", next=found.next))
    return answers.created(msgspec.structs.replace(found, next=following), status=200)


router = Router("/api/v1", tags=["search"], route_handlers=[search])
