"""What stands on a person's desk."""

from datetime import date, time
from uuid import UUID

import msgspec


class Waiting(msgspec.Struct, frozen=True):
    """One thing that waits for this person; `kind` says which word and button it gets."""

    kind: str
    title: str
    reference: str
    due: date | None
    url: str


class NextItem(msgspec.Struct, frozen=True):
    number: str
    title: str


class NextMeeting(msgspec.Struct, frozen=True):
    """The next meeting the person may see, with its agenda as they may see it."""

    id: UUID
    reference: str
    title: str
    date: date
    start_local: time
    end_local: time
    place: str
    state: str
    agenda: list[NextItem]


class Request(msgspec.Struct, frozen=True):
    """A request that is not settled; a draft has no number yet."""

    reference: str | None
    subject: str
    state: str
    due_on: date | None
    url: str


class Document(msgspec.Struct, frozen=True):
    reference: str
    title: str
    kind: str
    released_on: date | None
    confidentiality: str


class Desk(msgspec.Struct, frozen=True):
    """The start page: the next meeting, what waits, own requests, new knowledge."""

    next_meeting: NextMeeting | None
    waiting: list[Waiting]
    requests: list[Request]
    documents: list[Document]
