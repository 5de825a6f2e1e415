"""What is sent, to whom, and how far it is."""

from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec

from circle.core.fields import OptionalLine, Text

MOST = 2000
"""People, roles or houses that one request may name."""
Ids = Annotated[list[UUID], msgspec.Meta(max_length=MOST)]
Level = Literal["public", "internal", "circle", "confidential"]
Kind = Literal[
    "invitation",
    "supplement",
    "minutes_draft",
    "minutes_approved",
    "correction",
    "receipt",
    "clarification",
    "answer",
    "document",
    "notice",
    "cancellation",
]


class Letter(msgspec.Struct, frozen=True):
    """What an act wants to be sent. `text` is plain German without salutation; `title` names it in our own lists.

    `audience` are the keys that may read the letter, checked again when it goes out (persons with `internal` may read
    all but confidential ones); `details` are facts for the act that renders its papers. `answer_page` is the page on
    which each recipient may answer without sign-in, by a link of their own.
    """

    kind: Kind
    object_kind: str
    object_id: UUID
    title: str
    subject: str
    text: str
    level: Level
    audience: list[str]
    recipients: list[UUID]
    details: dict[str, Any] = {}
    answer_page: str = ""


class Part(msgspec.Struct, frozen=True):
    """A paper that goes along: a stored file, or a page of the service (`url` is a path such as /wissen/WD-006).

    Only recipients with a key of `audience` get it. `calendar` marks the .ics file that mail programs show.
    """

    title: str
    level: Level
    file_id: UUID | None = None
    url: str = ""
    calendar: bool = False
    audience: list[str] = []


class Paper(msgspec.Struct, frozen=True):
    """A part with what is known of its file; `size` in bytes, 0 without a file."""

    title: str
    level: Level
    file_id: UUID | None
    url: str
    calendar: bool
    audience: list[str]
    file_name: str = ""
    content_type: str = ""
    size: int = 0
    key: str = ""


class Reader(msgspec.Struct, frozen=True):
    """A recipient with the rights of this moment. `opted_out` is a contact of the network who wants no more letters."""

    person_id: UUID
    name: str
    address: str
    active: bool
    keys: list[str]
    opted_out: bool = False


class Standing(msgspec.Struct, frozen=True):
    """How a document stands at this moment, whatever the dispatch wrote down of it."""

    state: str
    level: Level
    audience: list[str]


class Preview(msgspec.Struct, frozen=True):
    """Exactly what one recipient gets: titles attached and linked, or the reason why nothing is sent."""

    person_id: UUID
    name: str
    address: str
    attached: list[str]
    linked: list[str]
    refused: str


class Counts(msgspec.Struct, frozen=True):
    """Deliveries of a dispatch: `waiting` are on their way or will be tried again."""

    total: int
    sent: int
    waiting: int
    failed: int
    uncertain: int
    cancelled: int


class Dispatch(msgspec.Struct, frozen=True):
    """A dispatch in a list."""

    id: UUID
    kind: Kind
    object_kind: str
    object_id: UUID
    title: str
    subject: str
    level: Level
    state: Literal["prepared", "sending", "done", "cancelled"]
    requested_by_id: UUID | None
    requested_by_name: str | None
    created_at: datetime
    sent_on: date | None
    counts: Counts
    revision: int


class PartCard(msgspec.Struct, frozen=True):
    """A paper of a dispatch as the caller may see it."""

    position: int
    title: str
    level: Level
    file_id: UUID | None
    file_name: str | None
    size: int | None
    url: str
    calendar: bool


class FullDispatch(Dispatch, frozen=True):
    """A dispatch with its letter and papers."""

    text: str
    details: dict[str, Any]
    building: Literal["none", "running", "failed"]
    """Whether the papers are being rendered; the dispatch starts by itself after that."""
    stalled: bool
    """Mails wait and no job is left that would send them; `resend` goes on."""
    parts: list[PartCard]


class PreparedDispatch(FullDispatch, frozen=True):
    """A new dispatch and what each recipient would get."""

    preview: list[Preview]


class Delivery(msgspec.Struct, frozen=True):
    """One recipient's share of a dispatch. `message_id` is the same in every attempt."""

    id: UUID
    dispatch_id: UUID
    dispatch_title: str
    person_id: UUID
    name: str
    address: str
    state: Literal["new", "leased", "sending", "sent", "failed", "uncertain", "cancelled"]
    attempts: int
    next_try: datetime | None
    message_id: str
    sent_at: datetime | None
    error: str


class ReceivedLetter(msgspec.Struct, frozen=True):
    """A letter as its recipient reads it after sign-in."""

    id: UUID
    title: str
    subject: str
    text: str
    level: Level
    sent_on: date | None
    parts: list[PartCard]


class NewDispatch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Distribute a released document, or send a notice of its own.

    Recipients are `person_ids` and everyone who holds one of `roles` in one of `authority_ids`; an empty list of the
    two does not narrow. At least one of the three is given.
    """

    kind: Literal["document", "notice"] = "document"
    document_id: UUID | None = None
    person_ids: Ids = []
    roles: Annotated[list[Annotated[str, msgspec.Meta(max_length=40)]], msgspec.Meta(max_length=MOST)] = []
    authority_ids: Ids = []
    subject: OptionalLine = ""
    text: Text = ""
    level: Level = "internal"
    """Of a notice; a document brings its own."""


class Resend(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Send again what failed; what is uncertain only when it is said, for it may have arrived."""

    include_uncertain: bool = False


class Settlement(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What became of an uncertain delivery: it arrived, or it did not and is sent again."""

    arrived: bool
