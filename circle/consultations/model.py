"""Consultation requests (Beratungsanfragen) as they are kept, come in and go out."""

from datetime import date
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec

from circle.core.auth import ActingFor
from circle.core.fields import Body, Day, Line, OptionalLine, RequiredText, Text, Topics
from circle.people.experts.model import Expert

State = Literal[
    "draft",
    "received",
    "clarification",
    "assigned",
    "in_progress",
    "in_review",
    "answered",
    "release_review",
    "released",
    "closed",
    "withdrawn",
    "referred",
    "answered_from_stock",
]
Level = Literal["public", "internal", "circle", "confidential"]
ReleaseLevel = Literal["public", "internal", "circle"]
Priority = Literal["normal", "urgent"]
FileIds = Annotated[list[UUID], msgspec.Meta(max_length=20)]
RequiredBody = Annotated[str, msgspec.Meta(min_length=1, max_length=200_000, pattern=r"^[^\x00]*\S[^\x00]*$")]

# What comes in


class NewConsultation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A question to the competence centre. `draft` keeps it in the own house, without number and deadline.

    The tick `no_personal_data` (or `contains_personal_data` false) is needed before it can be handed in.
    """

    subject: Line
    question: RequiredText
    purpose: Text = ""
    tried: Text = ""
    topics: Topics = []
    wish_date: Day | None = None
    priority: Priority = "normal"
    urgency_reason: Text = ""
    confidentiality: Level = "circle"
    no_personal_data: bool = False
    contains_personal_data: bool | None = None
    file_ids: FileIds = []
    draft: bool = False


class ConsultationChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What changes; fields left out stay. Level and priority only in a draft; the office changes topics and note.

    `file_ids` are the files that stay or come; files left out of it are taken away.
    """

    subject: Line | msgspec.UnsetType = msgspec.UNSET
    question: RequiredText | msgspec.UnsetType = msgspec.UNSET
    purpose: Text | msgspec.UnsetType = msgspec.UNSET
    tried: Text | msgspec.UnsetType = msgspec.UNSET
    topics: Topics | msgspec.UnsetType = msgspec.UNSET
    wish_date: Day | msgspec.UnsetType | None = msgspec.UNSET
    priority: Priority | msgspec.UnsetType = msgspec.UNSET
    urgency_reason: Text | msgspec.UnsetType = msgspec.UNSET
    confidentiality: Level | msgspec.UnsetType = msgspec.UNSET
    file_ids: FileIds | msgspec.UnsetType = msgspec.UNSET
    note: Text | msgspec.UnsetType = msgspec.UNSET


class Submission(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The tick with which a draft is handed in."""

    no_personal_data: bool = False


class Assignment(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who answers, who stands in, and (optionally) who will review."""

    assignee_id: UUID
    deputy_id: UUID | None = None
    reviewer_id: UUID | None = None


class Question(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One question back to the asking house."""

    question: RequiredText


class Reply(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The asking house's reply to the open question. Its files join those of the request."""

    reply: RequiredText
    file_ids: FileIds = []


class NewSource(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What an answer rests on: a `norm` (law, decree) or the `title` of another source, and the day it was read."""

    as_of: Day
    norm: OptionalLine = ""
    title: OptionalLine = ""
    document: OptionalLine | None = None
    note: OptionalLine = ""


class NewAnswer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The whole answer with its sources and files, in place of an earlier one; with `draft` it is only kept.

    Without `reviewer_id` the next reviewer in line gets it.
    """

    answer: RequiredBody
    answer_summary: Text = ""
    sources: Annotated[list[NewSource], msgspec.Meta(max_length=50)] = []
    reviewer_id: UUID | None = None
    file_ids: FileIds = []
    draft: bool = False


class Review(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The reviewer's decision; a return says why."""

    decision: Literal["approve", "return"]
    note: Text = ""


class Release(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """First the proposal (`title`, `text`, `level`, ...), then a second person's `approve` true or false.

    `confirmed_findings` names the keys of the findings that a person looked at and found harmless.
    """

    title: OptionalLine = ""
    abstract: Text = ""
    text: Body = ""
    level: ReleaseLevel | None = None
    topics: Topics | None = None
    review_on: Day | None = None
    approver_id: UUID | None = None
    confirmed_findings: Annotated[list[Line], msgspec.Meta(max_length=200)] = []
    approve: bool | None = None
    note: Text = ""


class Withdrawal(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why a request is taken back, if the house likes to say."""

    note: Text = ""


class Referral(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The office that is competent instead (Abgabenachricht)."""

    referred_to: Line
    note: Text = ""


class Closing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The end of a request; a document (its id, or its number such as WD-006) answers it from what is already there."""

    note: Text = ""
    document_id: UUID | None = None
    document_reference: OptionalLine = ""


# What is kept


class Stored(msgspec.Struct, frozen=True):
    """The row of a request that an act locks."""

    id: UUID
    reference: str | None
    subject: str
    question: str
    purpose: str
    tried: str
    topics: list[str]
    priority: str
    urgency_reason: str
    wish_date: date | None
    confidentiality: Level
    state: str
    requested_by: UUID
    authority_id: UUID
    received_on: date | None
    due_on_effective: date | None
    due_steps: list[str]
    assignee_id: UUID | None
    deputy_id: UUID | None
    reviewer_id: UUID | None
    answer: str
    answer_summary: str
    answered_by: UUID | None
    answered_on: date | None
    reviewed_on: date | None
    proposed_by: UUID | None
    release_title: str
    release_abstract: str
    release_text: str
    release_level: str
    release_topics: list[str]
    release_review_on: date | None
    audience: list[str]
    revision: int


class Named(msgspec.Struct, frozen=True):
    """What a letter or the record of a reading needs to know of a request."""

    id: UUID
    reference: str | None
    confidentiality: Level


class Staff(msgspec.Struct, frozen=True):
    """A person who may be named for an act: roles of the day; `conflicted` when they belong to the asking house."""

    id: UUID
    name: str
    roles: list[str]
    conflicted: bool = False


# What goes out


class Finding(msgspec.Struct, frozen=True):
    """Something in a text that may point to a person or a house. `key` is what `confirmed_findings` names."""

    key: str
    kind: str
    text: str
    label: str


class Source(msgspec.Struct, frozen=True):
    """What an answer rests on."""

    as_of: date | None = None
    norm: str = ""
    title: str = ""
    document: str | None = None
    note: str | None = None


class Clarification(msgspec.Struct, frozen=True):
    """A question back, and the reply once it is there."""

    id: UUID
    question: str
    asked_on: date
    asked_by_id: UUID
    asked_by_name: str
    reply: str | None
    replied_on: date | None
    replied_by_id: UUID | None
    replied_by_name: str | None


class Attachment(msgspec.Struct, frozen=True):
    """A file of the question or of the answer; its bytes lie at `/api/v1/files/{id}/content`."""

    id: UUID
    name: str
    content_type: str
    size: int
    sha256: str
    part: str


class DocumentLink(msgspec.Struct, frozen=True):
    """A knowledge document that the caller may open."""

    id: UUID
    reference: str
    title: str


class StockDocument(DocumentLink, frozen=True):
    """A released document with its readers, as a mail takes it along."""

    confidentiality: Level
    audience: list[str]


class Proposal(msgspec.Struct, frozen=True):
    """The text that would become a knowledge document."""

    title: str
    abstract: str
    text: str
    level: str
    topics: list[str]
    review_on: date | None
    findings: list[Finding]
    proposed_by_id: UUID
    proposed_by_name: str
    approver_id: UUID | None
    approver_name: str | None


class ConsultationLine(msgspec.Struct, frozen=True, kw_only=True):
    """A request in a list. `overdue` is a mark of the day, not a state."""

    id: UUID
    reference: str | None
    subject: str
    state: State
    priority: Priority
    confidentiality: Level
    topics: list[str]
    authority_id: UUID
    authority_name: str
    requested_by_id: UUID
    requested_by_name: str
    requested_for: ActingFor | None
    """The commissioner in whose name an assistant asked it, or in whose place a deputy did."""
    assignee_id: UUID | None
    assignee_name: str | None
    received_on: date | None
    acknowledge_by: date | None
    acknowledged_on: date | None
    due_on: date | None
    due_on_effective: date | None
    overdue: bool
    answered_on: date | None
    released_on: date | None
    closed_on: date | None
    revision: int


class Consultation(ConsultationLine, frozen=True, kw_only=True):
    """A request with its course. Review and proposal are null for the asking house, the answer until it is sent.

    `handover_open` tells the office that a confidential request is closed to the commissioner of today.
    """

    handover_open: bool
    question: str
    purpose: str
    tried: str
    urgency_reason: str
    wish_date: date | None
    contains_personal_data: bool
    due_steps: list[str]
    deputy_id: UUID | None
    deputy_name: str | None
    referred_to: str
    note: str
    clarifications: list[Clarification]
    files: list[Attachment]
    answer: str | None
    answer_summary: str | None
    sources: list[Source]
    answered_by_id: UUID | None
    answered_by_name: str | None
    sha256: str | None
    answered_with: DocumentLink | None
    released_as: DocumentLink | None
    reviewer_id: UUID | None
    reviewer_name: str | None
    reviewed_by_id: UUID | None
    reviewed_by_name: str | None
    reviewed_on: date | None
    review_note: str | None
    proposal: Proposal | None


class Choices(msgspec.Struct, frozen=True):
    """What the forms offer: people of the competence centre, and topics as (id, label)."""

    staff: list[Staff]
    topics: list[tuple[str, str]]


class Opened(msgspec.Struct, frozen=True):
    """A request and what its forms offer, as its page needs them."""

    thing: Consultation
    choices: Choices
    called_in: list[Expert]


class Directory(msgspec.Struct, frozen=True):
    """Words that point to somebody: the asking house's, other houses', people's names, functions held by one person."""

    house: list[str]
    others: list[list[str]]
    names: list[str]
    functions: list[str]


def plain(value: Any) -> Any:
    """A Struct (or a list of them) as JSON text for a jsonb column."""
    return msgspec.json.encode(value).decode()
