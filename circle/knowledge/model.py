"""Knowledge documents as they go out, and what comes in."""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

import msgspec
from msgspec import UNSET, UnsetType

from circle.core.fields import ONE_LINE, Body, Day, Line, OptionalLine, RequiredText, Text, Topics

Level = Literal["public", "internal", "circle", "confidential"]
Language = Literal["standard", "plain", "easy"]
DraftState = Literal["draft", "in_review"]
State = Literal["draft", "in_review", "released", "review_overdue", "superseded", "retired"]
Kind = Annotated[str, msgspec.Meta(min_length=1, max_length=60, pattern=ONE_LINE)]
Files = Annotated[list[UUID], msgspec.Meta(max_length=50)]
People = Annotated[list[UUID], msgspec.Meta(max_length=50)]


class Topic(msgspec.Struct, frozen=True):
    """A topic of the circle's list; `documents` counts what the caller may open."""

    id: str
    label: str
    documents: int


class NewDocument(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What begins a document. `named` are the persons who may read it when it is confidential."""

    title: Line
    kind: Kind
    abstract: Text = ""
    body: Body = ""
    topics: Topics = []
    confidentiality: Level = "internal"
    language_level: Language = "standard"
    legal_basis: OptionalLine = ""
    review_on: Day | None = None
    file_ids: Files = []
    named: People = []
    owner_id: UUID | None = None
    """Who answers for the text; None = whoever begins it."""


class Content(msgspec.Struct, frozen=True, kw_only=True):
    """What a document says, and what is said about it: the same for a document and for its next version."""

    title: str
    kind: str
    abstract: str
    body: str
    topics: list[str]
    confidentiality: str
    language_level: str
    legal_basis: str
    review_on: date | None
    file_ids: list[UUID]


class DocumentChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What changes; what is left out stays. A released document keeps its text until the next release."""

    title: Line | UnsetType = UNSET
    kind: Kind | UnsetType = UNSET
    abstract: Text | UnsetType = UNSET
    body: Body | UnsetType = UNSET
    topics: Topics | UnsetType = UNSET
    confidentiality: Level | UnsetType = UNSET
    language_level: Language | UnsetType = UNSET
    legal_basis: OptionalLine | UnsetType = UNSET
    review_on: Day | UnsetType | None = UNSET
    file_ids: Files | UnsetType = UNSET
    named: People | UnsetType = UNSET


class Release(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A release; `review_on` is at most twelve months away, None = what the text says, else twelve months."""

    review_on: Day | None = None


class Return(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why a text goes back to its author, and what is to be done."""

    reason: RequiredText


class Supersession(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The released document that takes the place of this one."""

    successor_id: UUID
    note: Text = ""


class Retirement(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why a document no longer holds, and what to read instead."""

    note: RequiredText
    successor_id: UUID | None = None


class Attachment(msgspec.Struct, frozen=True):
    """A file of a document; its bytes lie at `/api/v1/files/{id}/content`."""

    id: UUID
    name: str
    content_type: str
    size: int
    sha256: str


class DocumentLink(msgspec.Struct, frozen=True):
    """Another document that the caller may open."""

    id: UUID
    reference: str
    title: str


class Named(msgspec.Struct, frozen=True):
    """A person named for a confidential document."""

    id: UUID
    name: str


class VersionCard(msgspec.Struct, frozen=True):
    """A released version; SHA-256 in hex over its title, abstract, body and files as canonical JSON."""

    number: int
    title: str
    confidentiality: Level
    released_on: date
    released_by_name: str
    sha256: str


class Version(VersionCard, frozen=True):
    """A released version with its text. It never changes."""

    abstract: str
    body: str
    files: list[Attachment]
    document: DocumentLink


class Draft(msgspec.Struct, frozen=True):
    """The next version of a released document, seen by those who work on it."""

    state: DraftState
    return_note: str
    title: str
    kind: str
    abstract: str
    body: str
    topics: list[str]
    confidentiality: Level
    language_level: Language
    legal_basis: str
    review_on: date | None
    files: list[Attachment]
    edited_by_id: UUID
    edited_by_name: str


class DocumentCard(msgspec.Struct, frozen=True, kw_only=True):
    """A document in a list. `state` is that of the office's day: what is past its review day says so.

    `draft_state` is that of the next version, for those who work on it.
    """

    id: UUID
    reference: str
    title: str
    kind: str
    abstract: str
    topics: list[str]
    confidentiality: Level
    state: State
    draft_state: DraftState | None
    version: int
    language_level: Language
    owner_id: UUID
    owner_name: str
    authority_id: UUID
    authority_name: str
    released_on: date | None
    review_on: date | None
    updated_at: datetime
    revision: int


class Document(DocumentCard, frozen=True, kw_only=True):
    """A document with its text. A retired one still answers, with its note and its successor.

    `return_note` says why a draft came back from review; `named` is told to those who work on it, and to the readers of
    a confidential one.
    """

    body: str
    legal_basis: str
    released_by_name: str | None
    edited_by_id: UUID | None
    edited_by_name: str | None
    return_note: str
    retired_note: str
    superseded_by: DocumentLink | None
    supersedes: DocumentLink | None
    file_ids: list[UUID]
    files: list[Attachment]
    named: list[Named]
    versions: list[VersionCard]
    draft: Draft | None


class Overdue(msgspec.Struct, frozen=True):
    """A document whose review day is over, for the notice to whoever answers for it."""

    id: UUID
    reference: str
    title: str
    confidentiality: Level
    owner_id: UUID
    review_on: date
    audience: list[str]
