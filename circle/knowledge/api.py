"""JSON API of knowledge documents."""

from functools import partial
from typing import Annotated, Any
from uuid import UUID

from litestar import Request, Response, Router, get, patch, post
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from circle.core import answers, files, pages, web
from circle.core.answers import Page
from circle.core.db import Answer

from . import actions, prints, store
from .model import (
    Document,
    DocumentCard,
    DocumentChange,
    Level,
    NewDocument,
    Release,
    Retirement,
    Return,
    State,
    Supersession,
    Version,
    VersionCard,
)

Incoming = Request[Any, Any, Any]
PATH = "/documents/{document_id:uuid}"


@get("/documents", opt={"permission": "signed_in"})
async def list_documents(
    request: Incoming,
    db: web.Db,
    caller: web.Asking,
    limit: FromQuery[int] = 50,
    after: FromQuery[str | None] = None,
    kind: FromQuery[str | None] = None,
    topic: FromQuery[str | None] = None,
    level: FromQuery[Level | None] = None,
    stage: Annotated[State | None, QueryParameter(name="state")] = None,
    authority: FromQuery[UUID | None] = None,
    mine: FromQuery[bool] = False,
) -> Response[Page[DocumentCard]]:
    """Documents the caller may open, drafts first, then the newest. `mine` keeps those one answers for.

    `state` also finds released documents whose next version is in that state.
    """
    found = await store.list_documents(
        db, caller, answers.unseal(after), answers.page_size(limit), kind=kind, topic=topic, level=level, state=stage,
        authority_id=authority, mine=mine,
    )  # fmt: skip
    return answers.page(request, found)


@post("/documents", opt={"permission": "documents.write"})
async def write_document(
    request: Incoming, db: web.Db, caller: web.Asking, actor: web.Acting, data: JSONBody[NewDocument]
) -> Response[Document]:
    """Begin a document as a draft."""

    async def act() -> Answer:
        return await actions.get(db, caller, await actions.write(db, actor, data))

    return await answers.once(db, actor, request, act, status=201, read=partial(actions.get, db, caller))


@get(PATH, opt={"permission": "signed_in"})
async def read_document(db: web.Db, caller: web.Asking, document_id: FromPath[UUID]) -> Response[Document]:
    """One document with its text. Reading a confidential one is recorded."""
    return answers.one(await actions.read(db, caller, document_id))


@patch(PATH, opt={"permission": "documents.write"})
async def change_document(
    request: Incoming,
    db: web.Db,
    caller: web.Asking,
    actor: web.Acting,
    document_id: FromPath[UUID],
    data: JSONBody[DocumentChange],
) -> Response[Document]:
    """Change a draft, or the next version of a released document; needs If-Match."""
    expected = answers.expected_revision(request)
    assert expected is not None
    await actions.change(db, actor, document_id, data, expected)
    return answers.done(await actions.get(db, caller, document_id))


@post(PATH + "/submit", status_code=200, opt={"permission": "documents.write"})
async def submit_document(
    request: Incoming, db: web.Db, caller: web.Asking, actor: web.Acting, document_id: FromPath[UUID]
) -> Response[Document]:
    """Hand a draft in for review; a released text without a next version is handed in as it is, to be checked again."""

    async def act() -> Answer:
        await actions.submit(db, actor, document_id, answers.expected_revision(request, required=False))
        return await actions.get(db, caller, document_id)

    return await answers.once(db, actor, request, act, read=partial(actions.get, db, caller))


@post(PATH + "/return", status_code=200, opt={"permission": "documents.write"})
async def return_document(
    request: Incoming,
    db: web.Db,
    caller: web.Asking,
    actor: web.Acting,
    document_id: FromPath[UUID],
    data: JSONBody[Return],
) -> Response[Document]:
    """Give a text in review back to its author, with the reason."""

    async def act() -> Answer:
        expected = answers.expected_revision(request, required=False)
        await actions.give_back(db, actor, document_id, data, expected)
        return await actions.get(db, caller, document_id)

    return await answers.once(db, actor, request, act, read=partial(actions.get, db, caller))


@post(PATH + "/release", status_code=200, opt={"permission": "documents.release"})
async def release_document(
    request: Incoming,
    db: web.Db,
    caller: web.Asking,
    actor: web.Acting,
    document_id: FromPath[UUID],
    data: JSONBody[Release | None] = None,
) -> Response[Document]:
    """Release the text in review: neither its owner nor its last editor can. Needs a recent sign-in and a key."""

    async def act() -> Answer:
        expected = answers.expected_revision(request, required=False)
        await actions.release(db, actor, document_id, data or Release(), expected)
        return await actions.get(db, caller, document_id)

    return await answers.once(db, actor, request, act, required=True, read=partial(actions.get, db, caller))


@post(PATH + "/supersede", status_code=200, opt={"permission": "documents.write"})
async def supersede_document(
    request: Incoming,
    db: web.Db,
    caller: web.Asking,
    actor: web.Acting,
    document_id: FromPath[UUID],
    data: JSONBody[Supersession],
) -> Response[Document]:
    """Put another released document in the place of this one, which keeps answering and points there."""

    async def act() -> Answer:
        expected = answers.expected_revision(request, required=False)
        await actions.supersede(db, actor, document_id, data, expected)
        return await actions.get(db, caller, document_id)

    return await answers.once(db, actor, request, act, read=partial(actions.get, db, caller))


@post(PATH + "/retire", status_code=200, opt={"permission": "documents.write"})
async def retire_document(
    request: Incoming,
    db: web.Db,
    caller: web.Asking,
    actor: web.Acting,
    document_id: FromPath[UUID],
    data: JSONBody[Retirement],
) -> Response[Document]:
    """Take a released document out of force; its readers still find it, with the reason."""

    async def act() -> Answer:
        expected = answers.expected_revision(request, required=False)
        await actions.retire(db, actor, document_id, data, expected)
        return await actions.get(db, caller, document_id)

    return await answers.once(db, actor, request, act, read=partial(actions.get, db, caller))


@get(PATH + "/versions", opt={"permission": "signed_in"})
async def list_versions(
    request: Incoming,
    db: web.Db,
    caller: web.Asking,
    document_id: FromPath[UUID],
    limit: FromQuery[int] = 50,
    after: FromQuery[str | None] = None,
) -> Response[Page[VersionCard]]:
    """The released versions of a document, newest first."""
    found = await store.list_versions(
        db, caller, document_id, answers.unseal(after), answers.page_size(limit)
    )
    return answers.page(request, found)


@get(PATH + "/versions/{number:int}", opt={"permission": "signed_in"})
async def read_version(
    db: web.Db, caller: web.Asking, document_id: FromPath[UUID], number: FromPath[int]
) -> Response[Version]:
    """One released version with its text, as it was frozen."""
    return answers.one(await actions.read_version(db, caller, document_id, None, number))


@get(PATH + "/print", opt={"permission": "signed_in"}, media_type="application/pdf")
async def print_document(
    request: Incoming, caller: web.Asking, document_id: FromPath[UUID]
) -> Response[bytes]:
    """The document as PDF (PDF/A-2a, PDF/UA-1), rendered on demand."""
    async with request.app.state.db.begin(caller) as db:
        found = await actions.read(db, caller, document_id, purpose="print")
    printed = prints.of(pages.as_struct(found, Document))
    return pdf(printed.reference, await prints.in_thread(printed))


def pdf(reference: str, content: bytes) -> Response[bytes]:
    """A PDF as a download."""
    headers = {"content-disposition": files.disposition(f"{reference}.pdf")}
    return Response(content, media_type="application/pdf", headers=headers)


router = Router(
    "/api/v1",
    tags=["documents"],
    route_handlers=[
        list_documents,
        write_document,
        read_document,
        change_document,
        submit_document,
        return_document,
        release_document,
        supersede_document,
        retire_document,
        list_versions,
        read_version,
        print_document,
    ],
)
