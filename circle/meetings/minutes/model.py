"""Minutes as they go out, and what comes in. Times are local at the place of the meeting."""

from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec

from circle.core.fields import OptionalLine, RequiredText, Text

Kind = Literal["result", "course"]
Decision = Literal["accepted", "rejected", "noted"]


class MinutesTask(msgspec.Struct, frozen=True):
    """A task that an item led to."""

    reference: str
    title: str
    owner_name: str
    due: date | None


class Move(msgspec.Struct, frozen=True):
    """How somebody's presence at an item differs from the whole list: `absent` all the time, `came` or `left` meanwhile,
    or took over the `voice` of their house."""

    kind: Literal["absent", "came", "left", "voice"]
    name: str
    authority_name: str
    at_local: str | None


class Times(msgspec.Struct, frozen=True):
    """From when to when, as HH:MM; without an end until now."""

    from_local: str
    to_local: str | None


class MinutesItem(msgspec.Struct, frozen=True):
    """An item as the minutes tell it. One that the reader may not open keeps its number and nothing else."""

    id: UUID
    number: str
    title: str
    status: str
    confidentiality: str
    aim: str | None
    kind: str | None
    minutes: str | None
    result: str | None
    resolution_text: str | None
    votes: Any
    reservations: list[Any]
    tasks: list[MinutesTask]
    presence: list[Move] = []


class Attendance(msgspec.Struct, frozen=True):
    """Who was there: present, represented, excused, guest or office."""

    person_id: UUID
    name: str
    authority_name: str
    status: str
    represented_by_name: str | None
    from_local: str | None
    to_local: str | None
    times: list[Times] = []
    """All times, when somebody was there more than once."""


class SummonsWords(msgspec.Struct, frozen=True):
    """How the meeting was called (Form und Frist): what the deliveries prove, each defect, and what was said at TOP 1."""

    finding: str
    defects: list[str]
    statement: str


class Content(msgspec.Struct, frozen=True):
    """What minutes say: head and items, names as text of the day. The canonical JSON of a version holds these fields.

    `begins` and `ends` are HH:MM, `number` counts the meetings of the year. `summons` is null, and not filed, where
    nothing is known about it.
    """

    reference: str
    title: str
    number: int
    date: date
    begins: str
    ends: str
    time_zone: str
    mode: Literal["in_person", "online", "hybrid"]
    place: str
    file_reference: str
    kind: Kind
    chair_name: str | None
    keeper_name: str | None
    attendance: list[Attendance]
    items: list[MinutesItem]
    summons: SummonsWords | None = None


class Objection(msgspec.Struct, frozen=True):
    """An objection (Einwendung) to the wording, and what was decided on it."""

    id: UUID
    item_id: UUID | None
    item_number: str | None
    by_id: UUID
    by_name: str
    received_on: date
    text: str
    proposed_text: str
    decision: Decision | None
    reason: str


class Correction(msgspec.Struct, frozen=True):
    """A dated note after the approval; the approved text stays as it is."""

    id: UUID
    text: str
    corrected_on: date
    by_name: str


class Minutes(Content, frozen=True, kw_only=True):
    """The minutes of a meeting. Until the approval the text is that of the items, then that of the last version.

    `objection_until` is the last day for objections, `objection_steps` how it came about; `deputised` says that the
    reader attended the meeting for a member.
    """

    id: UUID | None
    meeting_id: UUID
    meeting_state: str
    state: Literal["draft", "sent", "approved", "approved_with_changes"]
    version: int
    keeper_id: UUID | None
    chair_id: UUID | None
    draft_sent_on: date | None
    objection_until: date | None
    objection_steps: list[str]
    approved_on: date | None
    approved_in: UUID | None
    approved_in_reference: str | None
    objections: list[Objection]
    corrections: list[Correction]
    deputised: bool
    seen: str
    """SHA-256 of the words as this reader sees them; sent with the approval it tells whether they are still the same."""


class Version(msgspec.Struct, frozen=True):
    """A version that went out: the main text, or the annex of one confidential item (`item_id`).

    `sha256` is taken over `canonical` in UTF-8; `file_id` is the printed version, once it is rendered.
    """

    id: UUID
    number: int
    state: str
    item_id: UUID | None
    item_number: str | None
    canonical: str
    sha256: str
    created_by_name: str
    created_at: datetime
    file_id: UUID | None
    file_sha256: str | None


class MinutesHead(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the head says besides the meeting itself: the kind, who keeps the minutes, who chairs."""

    kind: Kind = "result"
    keeper_id: UUID | None = None
    chair_id: UUID | None = None


class NewObjection(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An objection to the wording, of one item or of the whole, perhaps with other words to put in place."""

    text: RequiredText
    item_id: UUID | None = None
    proposed_text: Text = ""


class Ruling(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The decision on an objection. `new_text` replaces the text of its item when it is accepted."""

    decision: Decision
    reason: OptionalLine = ""
    new_text: Text = ""


class Approval(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How minutes were approved: `approved_in` is the meeting that did, `seen` what the minutes said of their words when
    they were read."""

    approved_in: UUID | None = None
    seen: Annotated[str, msgspec.Meta(max_length=64)] = ""


class NewCorrection(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A correction of an evident slip, as it will stand below the approved text. The whole circle reads it."""

    text: RequiredText
