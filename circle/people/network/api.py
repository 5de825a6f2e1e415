"""JSON API of the network's contacts."""

from functools import partial
from typing import Any
from uuid import UUID

from litestar import Request, Response, Router, delete, get, patch, post
from litestar.datastructures import UploadFile
from litestar.params import FromPath, FromQuery, JSONBody

from circle.core import answers, errors, fields, files, pages, web
from circle.core.answers import Page
from circle.core.db import Answer

from . import actions, cards, sheets, store
from .model import (
    ContactChange,
    Coverage,
    Import,
    ImportChoice,
    Kind,
    NetworkContact,
    NewContact,
    NewNote,
    Note,
    Origin,
)

Incoming = Request[Any, Any, Any]


@get("/contacts", opt={"permission": "signed_in"})
async def list_contacts(
    request: Incoming,
    db: web.Db,
    caller: web.Asking,
    limit: FromQuery[int] = 50,
    after: FromQuery[str | None] = None,
    authority: FromQuery[str | None] = None,
    kind: FromQuery[Kind | None] = None,
    topic: FromQuery[str | None] = None,
    text: FromQuery[str | None] = None,
    ags: FromQuery[str | None] = None,
    subscribed: FromQuery[bool | None] = None,
) -> Response[Page[NetworkContact]]:
    """Contacts by organisation; `authority` is the key or id of a house, `ags` the first digits of a municipality key."""
    found = await store.list_contacts(
        db, caller, answers.unseal(after), answers.page_size(limit), authority=plain(authority), kind=kind,
        topic=plain(topic), text=plain(text), ags=plain(ags), subscribed=subscribed,
    )  # fmt: skip
    return answers.page(request, found)


def plain(word: str | None) -> str | None:
    """A filter as the database can take it; empty is none."""
    return (word or "").replace("\x00", "").strip()[:100] or None


@post("/contacts", opt={"permission": "network.write"})
async def add(
    request: Incoming, db: web.Db, caller: web.Asking, actor: web.Acting, data: JSONBody[NewContact]
) -> Response[NetworkContact]:
    """Enter a contact of the own house. One that looks like another is refused with 409 unless `despite_duplicates`."""

    async def act() -> Answer:
        return await store.get(db, caller, await actions.add(db, actor, data))

    return await answers.once(db, actor, request, act, status=201, read=partial(store.get, db, caller))


@get("/contacts/{contact_id:uuid}", opt={"permission": "signed_in"})
async def read(db: web.Db, caller: web.Asking, contact_id: FromPath[UUID]) -> Response[NetworkContact]:
    """One contact."""
    return answers.one(await store.get(db, caller, contact_id))


@patch("/contacts/{contact_id:uuid}", opt={"permission": "network.write"})
async def change(
    request: Incoming,
    db: web.Db,
    caller: web.Asking,
    actor: web.Acting,
    contact_id: FromPath[UUID],
    data: JSONBody[ContactChange],
) -> Response[NetworkContact]:
    """Change a contact of the own house; needs If-Match."""
    expected = answers.expected_revision(request)
    assert expected is not None
    await actions.change(db, actor, contact_id, data, expected)
    return answers.done(await store.get(db, caller, contact_id))


@delete("/contacts/{contact_id:uuid}", status_code=204, opt={"permission": "network.write"})
async def remove(request: Incoming, db: web.Db, actor: web.Acting, contact_id: FromPath[UUID]) -> None:
    """Delete a contact of the own house with its notes; needs If-Match. Only a hash of the address is kept, so that
    an opt-out holds."""
    expected = answers.expected_revision(request)
    assert expected is not None
    await actions.remove(db, actor, contact_id, expected)


@get("/contacts/coverage", opt={"permission": "signed_in"})
async def coverage(db: web.Db, caller: web.Asking) -> Response[Coverage]:
    """Which kreisfreie Städte and Kreise have a municipal contact, by Regierungsbezirk, and which have none."""
    _, found = await actions.coverage(db, caller)
    return Response(found, media_type=answers.JSON)


@get("/contacts.csv", opt={"permission": "signed_in"})
async def export_csv(
    db: web.Db, caller: web.Asking, actor: web.Acting, authority: FromQuery[str | None] = None,
    kind: FromQuery[Kind | None] = None, topic: FromQuery[str | None] = None, text: FromQuery[str | None] = None,
) -> Response[bytes]:  # fmt: skip
    """The contacts as a table (CSV, UTF-8, semicolons); no cell is taken for a formula."""
    found = await actions.export(
        db, actor, caller, authority=plain(authority), kind=kind, topic=plain(topic), text=plain(text)
    )
    return download("netzwerk.csv", "text/csv; charset=utf-8", sheets.write(found))


@get("/contacts.vcf", opt={"permission": "signed_in"})
async def export_vcf(
    db: web.Db, caller: web.Asking, actor: web.Acting, authority: FromQuery[str | None] = None,
    kind: FromQuery[Kind | None] = None, topic: FromQuery[str | None] = None, text: FromQuery[str | None] = None,
) -> Response[bytes]:  # fmt: skip
    """The contacts as business cards (vCard 4.0)."""
    found = await actions.export(
        db, actor, caller, authority=plain(authority), kind=kind, topic=plain(topic), text=plain(text)
    )
    return download("netzwerk.vcf", "text/vcard; charset=utf-8", cards.write(found))


def download(name: str, kind: str, content: bytes) -> Response[bytes]:
    """A file to save."""
    headers = {"content-disposition": files.disposition(name), "content-type": kind}
    return Response(content, headers=headers, media_type=kind.split(";")[0])


@post("/contacts/import", opt={"permission": "network.write"})
async def preview_import(
    request: Incoming, db: web.Db, caller: web.Asking, actor: web.Acting
) -> Response[Import]:
    """Read a CSV or vCard file (multipart field `file`) and say what each line would become; nothing is entered yet.

    The fields `kind`, `source` and `source_on` hold for all lines that lack them.
    """
    actions.require_writer(actor)
    try:
        form = await pages.plain_form(request)
    except errors.TooLarge as error:
        raise too_large(request) from error
    upload = form.get("file")
    if not isinstance(upload, UploadFile):
        raise errors.Invalid(
            "Im Feld file wird genau eine Datei erwartet.",
            code="file_missing",
            fields={"file": "Bitte eine Datei wählen."},
        )
    try:
        content = await upload.read()
    finally:
        await form.close()
    import_id = await actions.preview(db, actor, content, fields.from_form(Origin, form))
    return answers.done(await store.get_import(db, caller, import_id), status=201)


def too_large(request: Incoming) -> errors.TooLarge:
    """The refusal of a file that is larger than any request may be (CIRCLE_BODY_LIMIT)."""
    limit = request.app.state.settings.body_limit // 1024
    return errors.TooLarge(
        f"Die Datei darf höchstens {limit} kB groß sein. Bitte teilen Sie sie in mehrere Dateien."
    )


@get("/contacts/import/{import_id:uuid}", opt={"permission": "signed_in"})
async def read_import(db: web.Db, caller: web.Asking, import_id: FromPath[UUID]) -> Response[Import]:
    """One's own import: the lines until it is confirmed, then how many were added."""
    return answers.one(await store.get_import(db, caller, import_id))


@post("/contacts/import/{import_id:uuid}/confirm", status_code=200, opt={"permission": "network.write"})
async def confirm_import(
    request: Incoming,
    db: web.Db,
    caller: web.Asking,
    actor: web.Acting,
    import_id: FromPath[UUID],
    data: JSONBody[ImportChoice | None] = None,
) -> Response[Import]:
    """Enter all new lines in one transaction; said again, nothing more is entered.

    With wrong lines in the file it is refused with 409, unless `leave_out_wrong` says that they are left out.
    """

    async def act() -> Answer:
        await actions.confirm_import(db, actor, import_id, data or ImportChoice())
        return await store.get_import(db, caller, import_id)

    return await answers.once(db, actor, request, act, read=partial(store.get_import, db, caller))


@get("/contacts/{contact_id:uuid}/notes", opt={"permission": "signed_in"})
async def list_notes(
    request: Incoming, db: web.Db, caller: web.Asking, contact_id: FromPath[UUID]
) -> Response[Page[Note]]:
    """The exchanges with a contact of the own house, newest first; of another house's contacts there are none."""
    return answers.page(request, await store.list_notes(db, caller, contact_id))


@post("/contacts/{contact_id:uuid}/notes", opt={"permission": "network.write"})
async def note_exchange(
    request: Incoming,
    db: web.Db,
    caller: web.Asking,
    actor: web.Acting,
    contact_id: FromPath[UUID],
    data: JSONBody[NewNote],
) -> Response[NetworkContact]:
    """Write down an exchange with a contact of the own house. Answers with the contact."""

    async def act() -> Answer:
        await actions.note_exchange(db, actor, contact_id, data)
        return await store.get(db, caller, contact_id)

    return await answers.once(db, actor, request, act, status=201, read=partial(store.get, db, caller))


router = Router(
    "/api/v1",
    tags=["contacts"],
    route_handlers=[
        list_contacts, add, read, change, remove, coverage, export_csv, export_vcf, preview_import, read_import,
        confirm_import, list_notes, note_exchange,
    ],
)  # fmt: skip
