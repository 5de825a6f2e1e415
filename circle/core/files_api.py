"""Uploads and downloads. Bytes go through the spool to the store in pieces; no request holds a file in memory."""

from collections.abc import AsyncGenerator
from typing import Any
from uuid import UUID

import msgspec
from litestar import Request, Response, Router, get, post
from litestar.datastructures import FormMultiDict, UploadFile
from litestar.exceptions import ClientException
from litestar.params import FromPath
from litestar.response import Stream

from . import access, answers, auth, errors, files, web
from .db import Caller
from .files import StoredFile

OVERHEAD = 256 * 1024
"""What the other fields of a form and the frame of multipart may take beside the file."""


class UploadRequest(Request[Any, Any, Any]):
    """A request whose body may be as large as the upload limit; handlers set `request_max_body_size=None` for it.

    The limit stands in the settings, which the framework does not know when handlers are made.
    """

    async def stream(self) -> AsyncGenerator[bytes, None]:
        """The body in pieces. Raises TooLarge as soon as it is announced or turns out to be larger than allowed."""
        limit = self.app.state.settings.upload_limit
        refusal = errors.TooLarge(f"Eine Datei darf höchstens {_megabytes(limit)} groß sein.")
        if (self.content_length or 0) > limit + OVERHEAD:
            raise refusal
        taken = 0
        async for piece in super().stream():
            taken += len(piece)
            if taken > limit + OVERHEAD:
                raise refusal
            yield piece


def _megabytes(size: int) -> str:
    return f"{size // 1024} kB" if size < 1024 * 1024 else f"{size // 1024 // 1024} MB"


async def require_uploader(request: Request[Any, Any, Any], caller: Caller) -> None:
    """Ask for sign-in and right before a large body is read. Raises NotSignedIn or Forbidden."""
    async with request.app.state.db.begin(caller) as db:
        access.require(await auth.actor(db, caller), "files.upload")


@post(
    "/api/v1/files",
    opt={"permission": "files.upload"},
    request_class=UploadRequest,
    request_max_body_size=None,
    tags=["files"],
)
async def upload(request: Request[Any, Any, Any], caller: web.Asking) -> Response[StoredFile]:
    """Store a file (multipart field `file`). Until something uses it only the uploader may open it."""
    await require_uploader(request, caller)
    try:
        form = await request.form()
    except (ClientException, UnicodeDecodeError, ValueError) as error:
        raise errors.Invalid(
            "Der Inhalt ist kein lesbares multipart/form-data.", code="multipart_invalid"
        ) from error
    try:
        given = form.getall("file", [])
        if len(given) != 1 or not isinstance(given[0], UploadFile):
            raise errors.Invalid(
                "Im Feld file wird genau eine Datei erwartet.",
                code="file_missing",
                fields={"file": "Bitte eine Datei wählen."},
            )
        state = request.app.state
        _, stored = await files.receive(
            state.db, state.storage, caller, given[0], state.settings.upload_limit
        )
    finally:
        await form.close()
    return answers.created(stored)


async def take(
    request: Request[Any, Any, Any], caller: Caller, form: FormMultiDict
) -> tuple[FormMultiDict, errors.Invalid | None]:
    """Store the uploads of a page's form (field `file`) outside any transaction, each in its own.

    Returns the form with the ids of what was taken among its `file_ids`, and the refusal of what was not.
    """
    state = request.app.state
    entries = [(name, value) for name, value in form.multi_items() if isinstance(value, str)]
    refused = None
    try:
        for upload in form.getall("file", []):
            if not isinstance(upload, UploadFile):
                continue
            try:
                _, stored = await files.receive(
                    state.db, state.storage, caller, upload, state.settings.upload_limit
                )
            except (errors.Invalid, errors.TooLarge) as wrong:
                text = f"{upload.filename[:180]}: {wrong.detail}"
                refused = errors.Invalid(text, fields={"file": text})
            else:
                entries.append(("file_ids", str(stored.id)))
    finally:
        await form.close()
    return FormMultiDict(entries), refused


@get("/api/v1/files/{file_id:uuid}", opt={"permission": "signed_in"}, tags=["files"])
async def read(db: web.Db, caller: web.Asking, file_id: FromPath[UUID]) -> Response[StoredFile]:
    """A file's card: name, type, size in bytes, SHA-256."""
    return answers.one(await files.get(db, caller, file_id))


@get(
    ["/api/v1/files/{file_id:uuid}/content", "/dateien/{file_id:uuid}"],
    opt={"permission": "signed_in"},
    tags=["files"],
)
async def download(
    request: Request[Any, Any, Any], db: web.Db, caller: web.Asking, file_id: FromPath[UUID]
) -> Stream:
    """The bytes of a file, always as a download; a browser never runs what somebody uploaded."""
    card = msgspec.json.decode((await files.get(db, caller, file_id)).body, type=StoredFile)
    pieces = await request.app.state.storage.open(await files.find_key(db, file_id))
    return Stream(
        pieces,
        media_type=card.content_type,
        headers={
            "content-disposition": files.disposition(card.name),
            "content-length": str(card.size),
            "content-security-policy": "sandbox; default-src 'none'",
            "x-content-type-options": "nosniff",
        },
    )


router = Router("/", route_handlers=[upload, read, download])
