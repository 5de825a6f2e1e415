"""Appointments (Bestellungen) in full, what is missing about them, and what comes in."""

from datetime import date
from typing import Literal
from uuid import UUID

import msgspec

from circle.core.fields import Day, Email, Line, OptionalLine, Text
from circle.people.model import Appointment

Kind = Literal["commissioner", "deputy"]
DutyName = Literal["announced_internally", "announced_externally", "ministry_informed"]


class Attachment(msgspec.Struct, frozen=True):
    """Where the commissioner is attached (Anbindung) from a day on; the first entry is that of the order."""

    valid_from: date
    text: str
    set_by_name: str | None


class Proof(msgspec.Struct, frozen=True):
    """That the appointment was made known; a withdrawn entry stays to be read and counts no more."""

    id: UUID
    duty: DutyName
    done_on: date
    reference: str
    proof: str
    file_id: UUID | None
    file_name: str | None
    recorded_by_name: str | None
    withdrawn_on: date | None
    withdrawn_reason: str


class Notice(msgspec.Struct, frozen=True):
    """A notice to the ministry that the service writes; `sent_on` when its mail server took it."""

    reference: str
    ministry_name: str
    requested_on: date
    requested_by_name: str
    file_id: UUID | None
    dispatch_id: UUID | None
    sent_on: date | None


class Predecessor(msgspec.Struct, frozen=True):
    """Who held the office before."""

    id: UUID
    person_name: str
    valid_to: date | None


class AppointmentDetail(Appointment, frozen=True):
    """An appointment with its history."""

    successor_name: str | None
    predecessors: list[Predecessor]
    attachments: list[Attachment]
    proofs: list[Proof]
    notices: list[Notice]


class Duty(msgspec.Struct, frozen=True):
    """What is missing for an appointment that is valid today (decree Nr. 3 S. 2 and 3), open since its first day."""

    appointment_id: UUID
    duty: DutyName
    since: date
    kind: Kind
    person_id: UUID
    person_name: str
    authority_id: UUID
    authority_key: str
    authority_name: str


class Entitled(msgspec.Struct, frozen=True):
    """Who was entitled for a house on a day: the commissioner, or in their absence (until `absent_until`) the deputy.

    Nobody is entitled where the office is vacant, or where nobody acts in an absence.
    """

    authority_id: UUID
    authority_key: str
    authority_name: str
    appointment_id: UUID | None
    commissioner_id: UUID | None
    commissioner_name: str | None
    absent_until: date | None
    deputy_id: UUID | None
    deputy_name: str | None
    entitled_id: UUID | None
    entitled_name: str | None


class Ministry(msgspec.Struct, frozen=True):
    """The ministry in charge of integration from a day on, and the mailbox that takes notices."""

    id: UUID
    name: str
    short: str
    email: str
    valid_from: date


class NewAppointment(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An order by which a house appoints somebody (decree Nr. 3 S. 1). Both days of the period count."""

    person_id: UUID
    authority_id: UUID
    kind: Kind
    order_date: Day
    file_reference: Line
    valid_from: Day
    valid_to: Day | None = None
    attached_to: OptionalLine = ""
    requirements_confirmed_on: Day | None = None
    """When the house said that the requirements of decree Nr. 2 are met."""


class Correction(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Only what is named changes. Person, house and kind stay: for another person there is another appointment."""

    order_date: Day | msgspec.UnsetType = msgspec.UNSET
    file_reference: Line | msgspec.UnsetType = msgspec.UNSET
    valid_from: Day | msgspec.UnsetType = msgspec.UNSET
    valid_to: Day | msgspec.UnsetType | None = msgspec.UNSET
    requirements_confirmed_on: Day | msgspec.UnsetType | None = msgspec.UNSET
    reason: OptionalLine = ""
    """Needed when it changes who was entitled on a day before today."""


class Ending(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The last day, and the reason when it lies so far back that it changes who was entitled."""

    valid_to: Day
    reason: OptionalLine = ""


class Annulment(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why it was entered by mistake."""

    reason: Line


class Succession(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who follows and from which day; the predecessor's last day is the day before, or the earlier one entered.

    A reason is needed when days before today are taken from the predecessor.
    """

    person_id: UUID
    starts_on: Day
    order_date: Day
    file_reference: Line
    attached_to: OptionalLine = ""
    requirements_confirmed_on: Day | None = None
    reason: OptionalLine = ""


class Consequences(msgspec.Struct, frozen=True):
    """What a succession will do, told before it is entered. What the caller may not see is neither named nor counted."""

    last_day: date
    starts_on: date
    successor_name: str
    tasks_moving: int
    """Open ones; each is open again, for nobody accepts for somebody else."""
    tasks_staying: int
    """Confidential ones for whose item the successor is not named yet."""
    requests_staying: list[str]
    """Numbers of the confidential requests that stay closed to the successor until the office hands them over."""
    meetings: list[str]
    """The meetings to which the successor belongs from the first day on."""


class NewAttachment(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where the commissioner is attached from a day on."""

    valid_from: Day
    text: Line


class NewProof(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """When and where the appointment was made known; `ministry_informed` for a notice that went another way."""

    duty: DutyName
    done_on: Day
    reference: Line
    proof: Text = ""
    file_id: UUID | None = None


class ProofWithdrawal(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A proof that was entered by mistake."""

    duty: DutyName
    reason: Line


class NewMinistry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The next ministry in charge, from a day on."""

    name: Line
    short: Line
    email: Email
    valid_from: Day
