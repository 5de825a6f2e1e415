"""All papers of a meeting in one file, as they go out and as the service gathers them."""

from datetime import date, datetime
from typing import Literal
from uuid import UUID

import msgspec

Level = Literal["public", "internal", "circle", "confidential"]
Reason = Literal[
    "encrypted", "broken", "pages", "form", "portfolio", "empty", "kind", "missing", "size", "time"
]
"""Why a paper is not in the PDF."""


class Bundle(msgspec.Struct, frozen=True):
    """One's own PDF of all papers of a meeting, and how far it is: `done` of `total` papers.

    `current` says that one may open the same papers today; a PDF that is not current may be made anew. `pages`, `size`
    (bytes) and `sha256` are known once it is `ready`.
    """

    id: UUID
    meeting_id: UUID
    meeting_reference: str
    state: Literal["building", "ready", "failed"]
    done: int
    total: int
    pages: int | None
    size: int | None
    sha256: str | None
    current: bool


class BundleFile(msgspec.Struct, frozen=True):
    """A stored file; `key` is where its bytes lie."""

    id: UUID
    name: str
    content_type: str
    size: int
    sha256: str
    key: str


class BundleDocument(msgspec.Struct, frozen=True):
    """A knowledge document as it reads now."""

    id: UUID
    reference: str
    title: str
    confidentiality: Level
    state: str
    version: int
    released_on: date | None
    updated_at: datetime
    legal_basis: str
    owner_name: str
    authority_name: str
    body: str


class BundlePaper(msgspec.Struct, frozen=True):
    """A paper that the reader may open now: a file, or a document with its attachments."""

    paper_id: UUID
    item_id: UUID
    item_number: str
    item_title: str
    title: str
    version: int
    label: Literal["advance", "late", "tabled"]
    submitted_on: date
    level: Level
    files: list[BundleFile]
    document: BundleDocument | None


class Collection(msgspec.Struct, frozen=True):
    """A meeting with the papers that one may open of it, in the order of the agenda."""

    meeting_id: UUID
    reference: str
    title: str
    date: date
    start_local: str
    end_local: str
    place: str
    host: str
    papers: list[BundlePaper]
    bundle: Bundle | None = None


class Made(msgspec.Struct, frozen=True):
    """A finished PDF, its place, and the papers it holds."""

    meeting_id: UUID
    reference: str
    state: Literal["building", "ready"]
    key: str
    size: int | None
    papers: list[BundlePaper]


class Order(msgspec.Struct, frozen=True):
    """A PDF to be made, for the worker: for whom, under which name, of which papers."""

    turn: int
    person_name: str
    digest: str
    collection: Collection
