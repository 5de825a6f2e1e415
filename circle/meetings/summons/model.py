"""The summons (Ladung): what its deliveries prove, as it goes out, and what is recorded about it."""

from datetime import date as Date
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec

from circle.meetings.model import State

Verdict = Literal["not_yet", "proper", "defective", "pending", "unproven", "off"]
HouseState = Literal[
    "served", "late", "deputy_only", "not_invited", "failed", "uncertain", "waiting", "cancelled", "vacant"
]
DeliveryState = Literal["new", "leased", "sending", "sent", "failed", "uncertain", "cancelled"]


class SummonsHouse(msgspec.Struct, frozen=True):
    """How one house was summoned. `reached_on` is the day on which the mail server took the mail, or, earlier, that of an
    answer; `days_late` counts from the last day of the period, 0 in time; `text` is the line for people."""

    authority_id: UUID
    authority_name: str
    person_id: UUID | None
    name: str | None
    state: HouseState
    reached_on: Date | None
    days_late: int
    text: str


class SummonsDelivery(msgspec.Struct, frozen=True):
    """One mail of the summons. `accepted_at` is when the mail server took it; `version` and `sha256` are those of the
    agenda it brought; `late`: sent on to somebody who came into the circle after the invitation."""

    delivery_id: UUID
    dispatch_id: UUID
    dispatch_title: str
    kind: Literal["invitation", "supplement"]
    version: int
    sha256: str
    late: bool
    person_id: UUID
    name: str
    authority_name: str
    member: bool
    state: DeliveryState
    accepted_at: datetime | None
    replied_on: Date | None
    error: str


class LateInvitee(msgspec.Struct, frozen=True):
    """Who came into the circle after the invitation and has not been sent it; `deputy` for the day of the meeting."""

    person_id: UUID
    name: str
    authority_name: str
    deputy: bool


class Summons(msgspec.Struct, frozen=True):
    """Whether a meeting was called in form and time, computed from its deliveries.

    `finding`, `defects` and `statement` are the words of the minutes; `hints` are not. `objections` is null while the
    moderation has recorded nothing, '' when none were raised.
    """

    meeting_id: UUID
    reference: str
    title: str
    date: Date
    meeting_state: State
    verdict: Verdict
    latest: Date
    finding: str
    defects: list[str]
    hints: list[str]
    houses: list[SummonsHouse]
    deliveries: list[SummonsDelivery]
    waiting: list[LateInvitee]
    objections: str | None
    statement: str
    recorded_by_name: str
    recorded_at: datetime | None
    revision: int


class Objections(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What was said at TOP 1 about form and time of the invitation: nothing (`raised` false), or these objections."""

    raised: bool
    text: Annotated[str, msgspec.Meta(max_length=2000, pattern=r"^[^\x00]*$")] = ""


class LateInvitation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who is sent the present invitation."""

    person_id: UUID


class House(msgspec.Struct, frozen=True):
    """A house with a voice, its commissioner on the day of the meeting and its appointed deputies; `present`: it attends."""

    id: UUID
    name: str
    person_id: UUID | None
    person_name: str | None
    present: bool
    deputies: list[UUID]


class Mail(msgspec.Struct, frozen=True):
    """A delivery as the database knows it."""

    delivery_id: UUID
    dispatch_id: UUID
    dispatch_title: str
    kind: Literal["invitation", "supplement"]
    version: int
    sha256: str
    late: bool
    person_id: UUID
    name: str
    authority_name: str
    member: bool
    address: str
    state: DeliveryState
    accepted_at: datetime | None
    error: str


class SentPaper(msgspec.Struct, frozen=True):
    """A paper and the day of the agenda with which it first went out."""

    title: str
    sent_on: Date


class Facts(msgspec.Struct, frozen=True):
    """All that a summons is judged by. `rules` are those of the procedure under which the meeting was called."""

    meeting_id: UUID
    reference: str
    title: str
    date: Date
    state: State
    zone: str
    invitation_sent_on: Date | None
    rules: dict[str, Any] | None
    moved_to: str | None
    houses: list[House]
    deliveries: list[Mail]
    replies: dict[UUID, datetime]
    papers: list[SentPaper]
    waiting: list[LateInvitee]
    objections: str | None
    recorded_by_name: str
    recorded_at: datetime | None
    revision: int
