"""Stored files: bytes in a folder or S3 (obstore), everything else about them in PostgreSQL.

Bytes are written before the row, under a random key; a row never points to bytes that are not there.
"""

import hashlib
import os
import re
import uuid
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID

import msgspec
import obstore
import puremagic
from obstore.store import LocalStore, S3Store

from . import errors
from .auth import Actor
from .db import Answer, Caller, Connection, read_one

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

    async def stream(self, key: str) -> AsyncIterator[bytes]:
        """The bytes of a key in pieces. Raises FileNotFoundError."""
        found = await obstore.get_async(self.store, key)
        async for chunk in found.stream(min_chunk_size=256 * 1024):
            yield bytes(chunk)

    async def drop(self, key: str) -> None:
        """Remove bytes whose row was never written."""
        await obstore.delete_async(self.store, key)


def _new_key() -> str:
    name = uuid.uuid4().hex
    return f"{name[:2]}/{name}"


def clean_name(raw: str) -> str:
    """The last part of an uploaded name, safe to show and to send back.

    Raises Invalid on control characters, direction overrides, an empty name or more than 180 characters.
    """
    name = re.split(r"[\\/]", raw)[-1].strip()
    if (
        not name
        or name in (".", "..")
        or len(name) > 180
        or re.search(r"[\x00-\x1f\x7f\u200e\u200f\u202a-\u202e\u2066-\u2069]", name)
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
        guesses = {match.extension.lower() for match in puremagic.magic_string(head)} if head else set()
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
    row = await db.fetchrow(
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
    return msgspec.convert(dict(row), StoredFile)


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


async def get(db: Connection, caller: Caller, file_id: UUID) -> Answer:
    """A file's card (with its storage `key`), when the caller uploaded it or may see something that uses it."""
    return await read_one(
        db,
        """
        with me as materialized (select * from whoami($1, $2))
        select me.card as me, 0 as revision, (
            select json_build_object('id', f.id, 'name', f.name, 'content_type', f.content_type, 'size', f.size,
                'sha256', f.sha256, 'key', f.key)
            from file f
            where f.id = $3 and (f.uploaded_by = me.person_id
                or exists (select from file_use u where u.file_id = f.id and visible(u.audience, me.keys)))
        ) as body
        from me
        """,
        caller,
        file_id,
    )
