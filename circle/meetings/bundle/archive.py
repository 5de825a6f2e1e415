"""All papers as a ZIP, written while it is sent.

It is streamed and not built: papers are stored as they are (PDF and office files are packed already), so that a request
costs one read of each file and its check sum, and holds one piece of a quarter of a megabyte at a time, however large the
whole is (a test measures it). Nothing is kept, so that there is no copy whose rights could lag behind: what the statement
of this request did not show is not in it. The PDF has to be read and put together page by page, which takes processes of
their own and up to a minute; that is a worker's.
"""

import io
import zipfile
from collections.abc import AsyncIterator
from datetime import date

from circle.core.files import Storage

from . import documents, rules
from .model import Collection


class _Pipe(io.RawIOBase):
    """Takes what is written until it is fetched; it cannot go back."""

    def __init__(self) -> None:
        self.pieces: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: bytes) -> int:  # type: ignore[override]  # any buffer
        self.pieces.append(bytes(data))
        return len(data)

    def take(self) -> bytes:
        taken = b"".join(self.pieces)
        self.pieces.clear()
        return taken


async def stream(storage: Storage, found: Collection) -> AsyncIterator[bytes]:
    """The bytes of the ZIP. Equal papers give equal bytes: times are those of the papers. A file that is gone from the
    store is named as missing in `Inhalt.txt`, which comes last, because only then that is known."""
    pipe, missing = _Pipe(), set[str]()
    made = rules.entries(found)
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_STORED) as packed:
        for one in made:
            path = f"{one.folder}/{one.name}"
            if one.file is None:
                assert one.paper.document is not None
                text = await documents.printed(one.paper.document)
                packed.writestr(_head(path, one.paper.submitted_on, len(text)), text)
            else:
                try:
                    pieces = await storage.open(one.file.key)
                except FileNotFoundError:
                    missing.add(path)
                    continue
                with packed.open(_head(path, one.paper.submitted_on, one.file.size), "w") as entry:
                    async for piece in pieces:
                        entry.write(piece)
                        yield pipe.take()
            yield pipe.take()
        listing = rules.contents(found, made, missing).encode()
        packed.writestr(_head("Inhalt.txt", found.date, len(listing)), listing)
    yield pipe.take()


def _head(path: str, day: date, size: int) -> zipfile.ZipInfo:
    """An entry that anybody may read and nobody runs; names are UTF-8, which Python marks as such."""
    head = zipfile.ZipInfo(path, (day.year, day.month, day.day, 0, 0, 0))
    head.compress_type, head.file_size, head.create_system, head.external_attr = (
        zipfile.ZIP_STORED,
        size,
        3,
        0o644 << 16,
    )
    return head
