"""Answers to an invitation as they go out, and what comes in."""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

import msgspec

from circle.meetings.model import Mode, State

Answer = Literal["in_person", "online", "coming", "declined", "represented", "tentative"]
"""`coming` and `tentative` come from calendars alone, which do not ask how."""
Given = Literal["in_person", "online", "declined", "represented"]
Way = Literal["page", "api", "link", "calendar", "telephone"]
Note = Annotated[str, msgspec.Meta(max_length=500, pattern=r"^[^\x00]*$")]


class PastReply(msgspec.Struct, frozen=True):
    """One answer, as it was given. `entered_by_name` is who was signed in then."""

    answer: Answer
    deputy_name: str | None
    note: str
    way: Way
    answered_at: datetime
    entered_by_name: str | None


class Invitee(msgspec.Struct, frozen=True):
    """One who is asked, with the answer that counts.

    `voice`: speaks for a house on the day of the meeting. `acting_id` stands in for them that day by an absence that is
    entered. `note` and `history` are for the own house and the office, null for others.
    """

    person_id: UUID
    name: str
    authority_id: UUID
    authority_name: str
    house: bool
    commissioner: bool
    voice: bool
    invited_on: date
    reminded_on: date | None
    answer: Answer | None
    deputy_id: UUID | None
    deputy_name: str | None
    way: Way | None
    answered_at: datetime | None
    acting_id: UUID | None
    acting_name: str | None
    note: str | None
    history: list[PastReply] | None


class OwnReply(Invitee, frozen=True, kw_only=True):
    """The caller's own answer; `id` is the meeting's."""

    id: UUID


class Deputy(msgspec.Struct, frozen=True):
    """Who may be named: a deputy of a house on the day of the meeting."""

    id: UUID
    name: str
    authority_id: UUID


class House(msgspec.Struct, frozen=True):
    """A house with a voice in the circle."""

    id: UUID
    name: str


class RefusedReply(msgspec.Struct, frozen=True):
    """A calendar's answer that was not taken over, and why."""

    received_at: datetime
    reason: str
    name: str | None


class Replies(msgspec.Struct, frozen=True):
    """The answers to one meeting: everybody's for the circle (`whole`), one's own for others.

    `quorum_least` is the procedure's, `refused` are calendars' answers that were not taken over, for the office.
    """

    id: UUID
    reference: str
    title: str
    date: date
    start_local: str
    end_local: str
    place: str
    mode: Mode
    state: State
    quorum_least: int
    whole: bool
    refused: list[RefusedReply]
    houses: list[House]
    deputies: list[Deputy]
    items: list[Invitee]


class NewReply(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An answer; `deputy_id` belongs to `represented` alone."""

    answer: Given
    deputy_id: UUID | None = None
    note: Note = ""


class Link(msgspec.Struct, frozen=True):
    """Whose a link in a mail is, and whether it still serves: not revoked, and the person may see the meeting today."""

    person_id: UUID
    name: str
    keys: list[str]
    meeting_id: UUID
    state: State
    date: date
    start_local: str
    serves: bool


class Appointment(msgspec.Struct, frozen=True):
    """A locked meeting as a calendar's answer meets it: `sent_sequence` is the version that went out last."""

    id: UUID
    reference: str
    mode: Mode
    state: State
    date: date
    start_local: str
    sequence: int
    sent_sequence: int


class Attendee(msgspec.Struct, frozen=True):
    """Who answers from a calendar, with the answer that counts and the stamp of the last one from a calendar."""

    id: UUID
    name: str
    answer: Answer | None
    stamp: datetime | None


class Invited(msgspec.Struct, frozen=True):
    """One who is asked, as acts need it. `deputies` may stand in for them that day, when they are the commissioner."""

    person_id: UUID
    name: str
    authority_id: UUID
    answer: Answer | None
    deputies: list[UUID]
    absence_id: UUID | None
    absence_deputy_id: UUID | None
    absence_starts_on: date | None
    absence_revision: int | None
    for_this: bool
    """The absence is for this meeting alone."""
