"""Meetings as they go out, and what comes in. Times are local at the place of the meeting, as HH:MM."""

from datetime import date as Date
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec

from circle.core.calendar import Deadline
from circle.core.fields import Day, Line, OptionalLine, RequiredText, Text
from circle.distribution.model import Preview

from .agenda.model import AgendaItem

Mode = Literal["in_person", "online", "hybrid"]
State = Literal[
    "planned", "agenda_open", "invited", "running", "held", "minutes_draft", "minutes_approved", "filed",
    "cancelled", "moved",
]  # fmt: skip
OpeningState = Literal["planned", "agenda_open"]
Status = Literal["present", "represented", "excused", "guest", "office"]
LocalTime = Annotated[str, msgspec.Meta(max_length=8)]
"""HH:MM, read by `calendar.parse_local`, which knows the hours that do not exist."""


class MeetingCard(msgspec.Struct, frozen=True):
    """A meeting in a list. `overdue`: the invitation is not out, though its last day is over.

    `sequence` counts what calendars have to take over; `proposal_count` are items that wait for admission.
    """

    id: UUID
    reference: str
    number: int
    title: str
    date: Date
    start_local: str
    end_local: str
    time_zone: str
    mode: Mode
    place: str
    link: str
    state: State
    invitation_sent_on: Date | None
    invitation_until: Date | None
    overdue: bool
    agenda_version: int
    sequence: int
    moved_to: UUID | None
    moved_to_reference: str | None
    item_count: int
    proposal_count: int
    revision: int


class Attendee(msgspec.Struct, frozen=True):
    """Who was there, from when to when; `house` says that the person's authority has a voice in the circle."""

    person_id: UUID
    name: str
    authority_id: UUID
    authority_name: str
    house: bool
    status: Status
    represented_by: UUID | None
    represented_by_name: str | None
    from_local: str | None
    to_local: str | None


class Member(msgspec.Struct, frozen=True):
    """A house with a voice and its commissioner on the day of the meeting; None while the office is vacant."""

    authority_id: UUID
    authority_name: str
    person_id: UUID | None
    name: str | None


class Edition(msgspec.Struct, frozen=True):
    """An agenda that went out. `sha256` is taken over its canonical JSON; `file_id` is the letter, once it is rendered.

    `members` are the people to whom it went as members or deputies.
    """

    version: int
    kind: Literal["invitation", "supplement"]
    sent_on: Date
    sha256: str
    file_id: UUID | None
    members: list[UUID]


class MeetingDispatch(msgspec.Struct, frozen=True):
    """A dispatch about the meeting, for those who may see it as a whole."""

    id: UUID
    kind: str
    title: str
    state: str
    sent_on: Date | None
    total: int
    sent: int
    failed: int


class Unsent(msgspec.Struct, frozen=True):
    """What came up since the last agenda went out, as far as the reader may see it."""

    items: int
    papers: int
    changed: bool
    """Place, access or time."""


class Meeting(MeetingCard, frozen=True, kw_only=True):
    """A meeting with its agenda as the reader may see it, attendance and deadlines."""

    file_reference: str
    deadlines: dict[str, Deadline]
    procedure_version: int
    started_at: datetime | None
    ended_at: datetime | None
    moved_from_reference: str | None
    reason: str
    note: str
    convened_by: UUID | None
    convened_by_name: str | None
    agenda: list[AgendaItem]
    attendance: list[Attendee]
    members: list[Member]
    editions: list[Edition]
    dispatches: list[MeetingDispatch]
    unsent: Unsent | None
    quorum_least: int
    calendar_id: UUID
    called_on: Date | None
    """When the houses were last asked for items."""
    minutes_open: bool
    """Whether the reader may open the minutes."""


class StoredMeeting(msgspec.Struct, frozen=True):
    """A locked meeting, as acts need it. `rules` is the procedure it was convened under."""

    id: UUID
    reference: str
    number: int
    title: str
    date: Date
    start_local: str
    end_local: str
    mode: Mode
    place: str
    link: str
    state: State
    file_reference: str
    note: str
    procedure_version: int
    agenda_version: int
    sequence: int
    calendar_id: UUID
    revision: int
    rules: dict[str, Any]
    time_zone: str
    started_at: datetime | None
    ended_at: datetime | None


class StoredStay(msgspec.Struct, frozen=True):
    """Somebody in the room of a meeting from one instant to another, as acts need it.

    `authority_id` is the house whose voice they carry, if any; `member_id` is whom they stand in for.
    """

    id: UUID
    person_id: UUID
    name: str
    authority_id: UUID | None
    member_id: UUID | None
    office: bool
    mode: Literal["on_site", "online"]
    arrived_at: datetime
    left_at: datetime | None
    left_for: UUID | None


class NewMeeting(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A date that is set. Without a title it is „7. Sitzung des Koordinierungskreises 2026“."""

    date: Day
    start_local: LocalTime
    end_local: LocalTime
    mode: Mode = "in_person"
    title: OptionalLine = ""
    place: OptionalLine = ""
    link: OptionalLine = ""
    file_reference: OptionalLine = ""
    note: Text = ""
    state: OpeningState = "agenda_open"


class MeetingForm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a form changes: everything is named, empty means empty."""

    title: Line
    date: Day
    start_local: LocalTime
    end_local: LocalTime
    mode: Mode
    place: OptionalLine = ""
    link: OptionalLine = ""
    file_reference: OptionalLine = ""
    note: Text = ""


class MeetingChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Only what is given changes. After the invitation the date changes by `move` alone."""

    title: Line | msgspec.UnsetType = msgspec.UNSET
    date: Day | msgspec.UnsetType = msgspec.UNSET
    start_local: LocalTime | msgspec.UnsetType = msgspec.UNSET
    end_local: LocalTime | msgspec.UnsetType = msgspec.UNSET
    mode: Mode | msgspec.UnsetType = msgspec.UNSET
    place: OptionalLine | msgspec.UnsetType = msgspec.UNSET
    link: OptionalLine | msgspec.UnsetType = msgspec.UNSET
    file_reference: OptionalLine | msgspec.UnsetType = msgspec.UNSET
    note: Text | msgspec.UnsetType = msgspec.UNSET
    state: OpeningState | msgspec.UnsetType = msgspec.UNSET


class Sending(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the letter of an invitation or a supplement says besides."""

    note: Text = ""


class Cancellation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why a meeting does not take place. `items_to` is the later meeting that takes over what is on the agenda."""

    reason: RequiredText
    items_to: UUID | None = None


class Move(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The new date and why. Place and access stay unless others are given."""

    date: Day
    start_local: LocalTime
    end_local: LocalTime
    reason: RequiredText
    place: OptionalLine = ""
    link: OptionalLine = ""


class Attending(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How one person attends; `represented_by` belongs to `represented` alone."""

    status: Status
    represented_by: UUID | None = None
    from_local: LocalTime | None = None
    to_local: LocalTime | None = None


class AttendingPerson(Attending, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One line of the whole attendance."""

    person_id: UUID


class AttendanceList(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The whole attendance; who is not named is not recorded any more."""

    items: Annotated[list[AttendingPerson], msgspec.Meta(max_length=200)]


class Candidate(msgspec.Struct, frozen=True):
    """A person as the rules of attendance see them; `voice`: speaks for a house on the day of the meeting."""

    id: UUID
    name: str
    authority_id: UUID
    authority_name: str
    house: bool
    voice: bool
    commissioner: bool


class Recipient(msgspec.Struct, frozen=True):
    """Who gets the invitation, and as what; `sees`: the meeting is open to them already."""

    id: UUID
    name: str
    authority_name: str
    reason: str
    member: bool
    sees: bool


class UnsentPaper(msgspec.Struct, frozen=True):
    """A version of a paper that has not gone out yet. `audience` may open it; of them it goes to the `readers`."""

    paper_id: UUID
    paper_version: int
    item_id: UUID
    number: str
    title: str
    level: Literal["public", "internal", "circle", "confidential"]
    file_id: UUID | None
    url: str
    audience: list[str]
    readers: list[str]


class PreviewItem(msgspec.Struct, frozen=True):
    """An item with the number under which it will go out."""

    id: UUID
    number: str
    title: str


class InvitationPreview(msgspec.Struct, frozen=True):
    """Exactly what would go out now, and who gets what of it."""

    kind: Literal["invitation", "supplement"]
    agenda_version: int
    subject: str
    text: str
    items: list[PreviewItem]
    recipients: list[Preview]
