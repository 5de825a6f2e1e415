"""JSON API of a year of meetings: look at the days it would have, and set them in one act."""

from typing import Any

import msgspec
from litestar import Request, Response, Router, post
from litestar.params import JSONBody

from circle.core import answers, web
from circle.core.db import Answer

from . import actions
from .model import Series, SeriesAnswer

Incoming = Request[Any, Any, Any]


@post("/meeting-series", opt={"permission": "meetings.convene"})
async def plan(
    request: Incoming, db: web.Db, actor: web.Acting, data: JSONBody[Series]
) -> Response[SeriesAnswer]:
    """Plan up to 24 meetings. With `preview` nothing is written (200); without it all are set as planned, or none (201).

    Setting them needs an Idempotency-Key. Named `meetings` must all be possible; of a `pattern` the possible days are set.
    """
    if data.preview:
        return Response(await actions.preview(db, actor, data), status_code=200)

    async def act() -> Answer:
        return Answer(b"", msgspec.json.encode(await actions.create(db, actor, data)))

    return await answers.once(db, actor, request, act, status=201, required=True)


router = Router("/api/v1", tags=["meetings"], route_handlers=[plan])
