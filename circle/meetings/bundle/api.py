"""JSON API of all papers of a meeting in one file.

The ZIP is a plain GET, written while it is sent. The PDF takes a worker: POST has it made (202), GET `bundle` tells how far
it is, GET `papers.pdf` brings it. One has one's own; nobody else's has an address.
"""

from typing import Any
from uuid import UUID

from litestar import Request, Response, Router, get, post
from litestar.params import FromPath
from litestar.response import Stream

from circle.core import answers, errors, files, web
from circle.core.db import Caller, Connection

from . import actions, archive, rules, store
from .model import Bundle, Made

Incoming = Request[Any, Any, Any]
_HEADERS = {"content-security-policy": "sandbox; default-src 'none'", "x-content-type-options": "nosniff"}


@get("/meetings/{meeting_id:uuid}/papers.zip", opt={"permission": "signed_in"})
async def download_zip(
    request: Incoming, db: web.Db, caller: web.Asking, meeting_id: FromPath[UUID]
) -> Stream:
    """All papers of the meeting that one may open now, by agenda item, with a list of contents. 409 when there are none."""
    return await zip_of(request, db, caller, meeting_id)


@post("/meetings/{meeting_id:uuid}/bundle", status_code=202, opt={"permission": "signed_in"})
async def ask(
    db: web.Db, caller: web.Asking, actor: web.Acting, meeting_id: FromPath[UUID]
) -> Response[Bundle]:
    """Have one PDF made of all papers that one may open now. Said again for the same papers, it changes nothing."""
    found = store.decode(await store.collect(db, caller, meeting_id))
    await actions.ask(db, actor, meeting_id, found)
    return answers.done(await store.get(db, caller, meeting_id), 202)


@get("/meetings/{meeting_id:uuid}/bundle", opt={"permission": "signed_in"})
async def read(db: web.Db, caller: web.Asking, meeting_id: FromPath[UUID]) -> Response[Bundle]:
    """How far one's own PDF is. 404 when none was asked for, or when something in it is not open to one any more."""
    return answers.one(await store.get(db, caller, meeting_id))


@get("/meetings/{meeting_id:uuid}/papers.pdf", opt={"permission": "signed_in"})
async def download_pdf(
    request: Incoming, db: web.Db, caller: web.Asking, meeting_id: FromPath[UUID]
) -> Stream:
    """One's own PDF. 404 as for `bundle`; 409 (`not_ready`) while it is being made."""
    return await pdf_of(request, db, caller, meeting_id)


async def zip_of(
    request: Incoming, db: Connection, caller: Caller, meeting_id: UUID | None, reference: str | None = None
) -> Stream:
    """The answer with the ZIP. Raises NotFound, Conflict."""
    answer = await store.collect(db, caller, meeting_id, reference, whole=True)
    found = store.decode(answer)
    rules.require_papers(found)
    await actions.note_reading(db, caller, answer.me, found.meeting_id, found.papers, "Unterlagen als ZIP")
    name = files.disposition(f"Unterlagen-{found.reference}.zip")
    return Stream(
        archive.stream(request.app.state.storage, found), media_type="application/zip",
        headers=_HEADERS | {"content-disposition": name},
    )  # fmt: skip


async def pdf_of(
    request: Incoming, db: Connection, caller: Caller, meeting_id: UUID | None, reference: str | None = None
) -> Stream:
    """The answer with the PDF. Raises NotFound, Conflict."""
    answer = await store.get_made(db, caller, meeting_id, reference)
    made = store.decode_made(answer)
    if made.state != "ready":
        raise errors.Conflict("Das PDF wird noch erstellt.", code="not_ready")
    pieces = await _open(request, made)
    await actions.note_reading(db, caller, answer.me, made.meeting_id, made.papers, "Unterlagen als PDF")
    name = files.disposition(f"Unterlagen-{made.reference}.pdf")
    return Stream(
        pieces, media_type=rules.PDF,
        headers=_HEADERS | {"content-disposition": name, "content-length": str(made.size)},
    )  # fmt: skip


async def _open(request: Incoming, made: Made) -> Any:
    try:
        return await request.app.state.storage.open(made.key)
    except FileNotFoundError as error:
        raise errors.Conflict(
            "Das PDF liegt nicht mehr bereit. Bitte lassen Sie es neu erstellen.", code="not_ready"
        ) from error


router = Router("/api/v1", tags=["papers"], route_handlers=[download_zip, ask, read, download_pdf])
