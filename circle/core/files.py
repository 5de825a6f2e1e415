"""Stored files: bytes in a folder or S3 (obstore), everything else about them in PostgreSQL.

Bytes are written before the row, under a random key; a row never points to bytes that are not there.
"""

import hashlib
import os
import re
import unicodedata
import uuid
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import quote
from uuid import UUID

import msgspec
import obstore
import puremagic
from litestar.datastructures import UploadFile
from obstore.store import LocalStore, S3Store

from . import access, auth, errors, jobs
from .auth import Actor
from .db import Answer, Caller, Connection, Database, read_one, row

Store = LocalStore | S3Store

# What may be uploaded: extension → content type. Anything else is refused with this list in the message.
ACCEPTED = {
    ".pdf": "application/pdf",
    ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ".pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    ".odt": "application/vnd.oasis.opendocument.text",
    ".ods": "application/vnd.oasis.opendocument.spreadsheet",
    ".odp": "application/vnd.oasis.opendocument.presentation",
    ".txt": "text/plain",
    ".md": "text/markdown",
    ".csv": "text/csv",
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".ics": "text/calendar",
}
_TEXT = {".txt", ".md", ".csv", ".ics"}


class StoredFile(msgspec.Struct, frozen=True):
    """A stored file: size in bytes, SHA-256 in hex. Its bytes lie at `/api/v1/files/{id}/content`."""

    id: UUID
    name: str
    content_type: str
    size: int
    sha256: str


class Storage:
    """Where the bytes lie."""

    def __init__(self, place: str) -> None:
        """`place` is a folder or `s3://bucket/prefix`; credentials come from the usual AWS_* variables."""
        if place.startswith("s3://"):
            self.store: Store = S3Store.from_url(place)
        else:
            folder = Path(place).resolve()
            folder.mkdir(parents=True, exist_ok=True)
            self.store = LocalStore(folder)

    async def put(self, content: bytes) -> str:
        """Write bytes and return their key."""
        key = _new_key()
        await obstore.put_async(self.store, key, content)
        return key

    async def put_stream(self, chunks: AsyncIterator[bytes], limit: int) -> tuple[str, int, str, bytes]:
        """Write a stream of at most `limit` bytes. Returns key, size, SHA-256 and the first 8 kB.

        Raises TooLarge when more comes; nothing is left behind then.
        """
        key, size, digest, head = _new_key(), 0, hashlib.sha256(), b""

        async def counted() -> AsyncIterator[bytes]:
            nonlocal size, head
            async for chunk in chunks:
                size += len(chunk)
                if size > limit:
                    raise errors.TooLarge(f"Eine Datei darf höchstens {limit // 1024 // 1024} MB groß sein.")
                digest.update(chunk)
                head = head if len(head) >= 8192 else (head + chunk)[:8192]
                yield chunk

        try:
            await obstore.put_async(self.store, key, counted())
        except Exception as error:
            cause: BaseException | None = error
            while cause is not None and not isinstance(cause, errors.CircleError):
                cause = cause.__cause__ or cause.__context__
            if size > limit:
                raise errors.TooLarge(
                    f"Eine Datei darf höchstens {limit // 1024 // 1024} MB groß sein."
                ) from error
            raise (cause or error) from None
        return key, size, digest.hexdigest(), head

    async def get(self, key: str) -> bytes:
        """All bytes of a key. Raises FileNotFoundError."""
        found = await obstore.get_async(self.store, key)
        return bytes(await found.bytes_async())

    async def open(self, key: str) -> AsyncIterator[bytes]:
        """The bytes of a key in pieces. Raises FileNotFoundError at once, before the first piece is asked for."""
        found = await obstore.get_async(self.store, key)

        async def pieces() -> AsyncIterator[bytes]:
            async for chunk in found.stream(min_chunk_size=256 * 1024):
                yield bytes(chunk)

        return pieces()

    async def drop(self, key: str) -> None:
        """Remove bytes whose row was never written."""
        await obstore.delete_async(self.store, key)


def _new_key() -> str:
    name = uuid.uuid4().hex
    return f"{name[:2]}/{name}"


def clean_name(raw: str) -> str:
    """The last part of an uploaded name in NFC, safe to show and to send back.

    Raises Invalid on control characters, direction overrides, an empty name or more than 180 characters.
    """
    name = unicodedata.normalize("NFC", re.split(r"[\\/]", raw)[-1]).strip()
    if (
        not name
        or name in (".", "..")
        or len(name) > 180
        or re.search(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ud800-\udfff\ufeff]", name)
    ):
        raise errors.Invalid(
            "Der Dateiname ist leer, zu lang oder enthält Steuerzeichen.",
            fields={"file": "Bitte umbenennen."},
        )
    return name


def content_type(name: str, head: bytes) -> str:
    """The content type by extension, confirmed by the first bytes.

    Raises Invalid for types that are not accepted, and when the bytes are not what the name says.
    """
    extension = os.path.splitext(name)[1].lower()  # noqa: PTH122  a bare name, not a path
    if extension not in ACCEPTED:
        kinds = ", ".join(sorted(kind[1:].upper() for kind in ACCEPTED))
        raise errors.Invalid(
            f"Diese Art von Datei wird nicht angenommen. Möglich: {kinds}.",
            code="file_type",
            fields={"file": "Bitte eine andere Datei wählen."},
        )
    if extension in _TEXT:
        genuine = b"\x00" not in head
    else:
        guesses = _guesses(head)
        office = extension in {".docx", ".xlsx", ".pptx", ".odt", ".ods", ".odp"}
        genuine = (
            head.startswith(b"PK\x03\x04")
            if office
            else bool(guesses & {extension, ".jpg" if extension == ".jpeg" else extension})
        )
    if not genuine:
        raise errors.Invalid(
            "Der Inhalt passt nicht zur Endung des Dateinamens.",
            code="file_type",
            fields={"file": "Bitte die Datei prüfen."},
        )
    return ACCEPTED[extension]


def _guesses(head: bytes) -> set[str]:
    """The extensions that fit the first bytes; none when no known kind begins like that."""
    try:
        return {match.extension.lower() for match in puremagic.magic_string(head)}
    except (puremagic.PureError, ValueError):
        return set()


async def insert(
    db: Connection,
    *,
    name: str,
    kind: str,
    size: int,
    sha256: str,
    key: str,
    uploaded_by: UUID | None,
    text: str = "",
) -> StoredFile:
    """Record a stored file; until something uses it only the uploader may open it."""
    stored = await row(
        db,
        """
        insert into file (name, content_type, size, sha256, key, uploaded_by, text) values ($1, $2, $3, $4, $5, $6, $7)
        returning id, name, content_type, size, sha256
        """,
        name,
        kind,
        size,
        sha256,
        key,
        uploaded_by,
        text,
    )
    return msgspec.convert(dict(stored), StoredFile)


async def save(
    db: Connection, storage: Storage, *, name: str, kind: str, content: bytes, actor: Actor
) -> StoredFile:
    """Store bytes made by the service (a PDF, a calendar file) and record them."""
    key = await storage.put(content)
    return await insert(
        db, name=name, kind=kind, size=len(content), sha256=hashlib.sha256(content).hexdigest(), key=key,
        uploaded_by=actor.person_id,
    )  # fmt: skip


async def use(db: Connection, file_id: UUID, object_id: UUID, audience: list[str]) -> None:
    """Open a file to whoever shares a key with `audience`, because `object_id` uses it. Said again, it replaces."""
    await db.execute(
        """
        insert into file_use (file_id, object_id, audience) values ($1, $2, $3)
        on conflict on constraint file_use_unique do update set audience = excluded.audience
        """,
        file_id,
        object_id,
        audience,
    )


async def require_own(db: Connection, actor: Actor, file_ids: list[UUID]) -> list[StoredFile]:
    """The files behind ids that the actor uploaded or may open, in that order. Raises Invalid for any other id."""
    rows = await db.fetch(
        """
        select f.id, f.name, f.content_type, f.size, f.sha256 from file f
        where f.id = any($1) and (f.uploaded_by = $2
            or exists (select from file_use u where u.file_id = f.id and visible(u.audience, $3)))
        """,
        file_ids,
        actor.person_id,
        list(actor.keys),
    )
    found = {row["id"]: msgspec.convert(dict(row), StoredFile) for row in rows}
    if missing := [file_id for file_id in file_ids if file_id not in found]:
        raise errors.Invalid(f"Die Datei {missing[0]} gibt es nicht.", code="unknown_reference")
    return [found[file_id] for file_id in file_ids]


async def reopen(db: Connection, object_id: UUID, audience: list[str]) -> None:
    """Open everything that `object_id` uses to another audience, when its level or state has changed."""
    await db.execute("update file_use set audience = $2 where object_id = $1", object_id, audience)


async def receive(
    database: Database, storage: Storage, caller: Caller, upload: UploadFile, limit: int
) -> tuple[Actor, StoredFile]:
    """Take an upload of at most `limit` bytes: check, store, record, and have its text read later.

    No transaction is open while bytes move. Raises Forbidden without the right, Invalid for a name, type or content
    that is not accepted, TooLarge. Nothing is left behind then.
    """
    name = clean_name(upload.filename)
    head = await upload.read(8192)
    if not head:
        raise errors.Invalid(
            "Die Datei ist leer.", code="file_empty", fields={"file": "Bitte eine andere wählen."}
        )
    kind = content_type(name, head)
    await upload.seek(0)
    key, size, sha256, _ = await storage.put_stream(_pieces(upload), limit)
    try:
        async with database.begin(caller) as db:
            actor = await auth.actor(db, caller)
            access.require(actor, "files.upload")
            stored = await insert(
                db, name=name, kind=kind, size=size, sha256=sha256, key=key, uploaded_by=actor.person_id
            )
            await jobs.enqueue(db, "knowledge.extract_text", file_id=stored.id)
    except BaseException:
        await storage.drop(key)
        raise
    return actor, stored


async def _pieces(upload: UploadFile) -> AsyncIterator[bytes]:
    while piece := await upload.read(256 * 1024):
        yield piece


def disposition(name: str) -> str:
    """Content-Disposition that saves under `name`, with a plain spelling for old programs (RFC 6266, RFC 8187)."""
    plain = unicodedata.normalize("NFKD", name.replace("ß", "ss")).encode("ascii", "ignore").decode()
    plain = re.sub(r"[^A-Za-z0-9._ -]", "_", plain).strip() or "datei"
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"


async def get(db: Connection, caller: Caller, file_id: UUID) -> Answer:
    """A file's card, when the caller uploaded it or may see something that uses it."""
    return await read_one(
        db,
        """
        with me as materialized (select * from whoami($1, $2))
        select me.card as me, 0 as revision, (
            select jsonb_build_object('id', f.id, 'name', f.name, 'content_type', f.content_type, 'size', f.size,
                'sha256', f.sha256)
            from file f
            where f.id = $3 and (f.uploaded_by = me.person_id
                or exists (select from file_use u where u.file_id = f.id and visible(u.audience, me.keys)))
        ) as body
        from me
        """,
        caller,
        file_id,
    )


async def find_key(db: Connection, file_id: UUID) -> str:
    """Where the bytes of a file lie. Only for a file whose card the caller was allowed to read. Raises NotFound."""
    key = await db.fetchval("select key from file where id = $1", file_id)
    if key is None:
        raise errors.NotFound
    return str(key)
