"""The own-house register as it goes out, and what comes in."""

from datetime import date
from typing import Annotated, Literal
from uuid import UUID

import msgspec

from circle.core.fields import Day, Line, OptionalLine, RequiredText, Text

Field = Literal["concerns", "intercultural_opening"]
ReportState = Literal["draft", "open", "told", "closed"]
Stage = Literal["planned", "in_development", "in_introduction", "implemented", "ended"]
Number = Annotated[str, msgspec.Meta(min_length=1, max_length=40, pattern=r"^[^\x00-\x1f\x7f-\x9f]*\S[^\x00-\x1f\x7f-\x9f]*$")]  # fmt: skip
Initials = Annotated[str, msgspec.Meta(min_length=1, max_length=20, pattern=r"^[^\x00-\x1f\x7f-\x9f]*\S[^\x00-\x1f\x7f-\x9f]*$")]  # fmt: skip
Units = Annotated[list[UUID], msgspec.Meta(max_length=30)]


class Department(msgspec.Struct, frozen=True):
    """A unit of the house (Fachbereich, Dezernat). One that is no longer `active` is offered no more."""

    id: UUID
    number: str
    name: str
    active: bool
    revision: int


class NewDepartment(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    number: Number
    name: Line


class DepartmentChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Only what is named changes."""

    number: Number | msgspec.UnsetType = msgspec.UNSET
    name: Line | msgspec.UnsetType = msgspec.UNSET
    active: bool | msgspec.UnsetType = msgspec.UNSET


class Report(msgspec.Struct, frozen=True):
    """A report to the head of the house (Vortrag, decree Nr. 4 (2) S. 1). It is open until its outcome is told.

    `source` is the number of the agenda item or request it goes back to; `reported_on` is the day for which it is
    planned, later the day on which it was held.
    """

    id: UUID
    authority_id: UUID
    occasion: str
    field: Field
    reported_on: date
    text: str
    outcome: str
    state: ReportState
    source: str
    resubmission_on: date | None
    resubmitted: bool
    created_by_name: str | None
    revision: int


class NewReport(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    occasion: Line
    field: Field
    reported_on: Day
    text: Text = ""
    source: OptionalLine = ""
    resubmission_on: Day | None = None


class ReportChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Only what is named changes."""

    occasion: Line | msgspec.UnsetType = msgspec.UNSET
    field: Field | msgspec.UnsetType = msgspec.UNSET
    reported_on: Day | msgspec.UnsetType = msgspec.UNSET
    text: Text | msgspec.UnsetType = msgspec.UNSET
    source: OptionalLine | msgspec.UnsetType = msgspec.UNSET
    resubmission_on: Day | msgspec.UnsetType | None = msgspec.UNSET


class Outcome(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the head decided or said, and the day of the report; without one the planned day stays."""

    outcome: RequiredText
    reported_on: Day | None = None


class Unit(msgspec.Struct, frozen=True):
    id: UUID
    name: str


class StageStep(msgspec.Struct, frozen=True):
    stage: Stage
    changed_on: date
    note: str
    changed_by_name: str | None


class Participation(msgspec.Struct, frozen=True):
    """A department asked the commissioner to take part (decree Nr. 5 a). `statement` is a draft until `answered_on`."""

    id: UUID
    department_id: UUID
    department_name: str
    subject: str
    asked_on: date
    answer_due: date | None
    statement: str
    answered_on: date | None
    state: Literal["open", "answered", "closed"]
    closing_note: str
    overdue: bool


class EarlierSignature(msgspec.Struct, frozen=True):
    """A signature that a later text took away."""

    state: str
    initials: str
    signed_on: date
    remark: str
    text_version: int


class CoSignature(msgspec.Struct, frozen=True):
    """One numbered step of the co-signatures (Mitzeichnung): who signs, shares the responsibility for the text."""

    step: int
    department_id: UUID
    department_name: str
    state: Literal["open", "signed", "refused"]
    initials: str
    signed_on: date | None
    remark: str
    text_version: int | None
    reopened_on: date | None
    earlier: list[EarlierSignature]


class Measure(msgspec.Struct, frozen=True):
    """A measure or procedure of the house on which the commissioner works between the departments (decree Nr. 4 (4)).

    One revision covers the measure and all that stands below it.
    """

    id: UUID
    authority_id: UUID
    title: str
    description: str
    text_version: int
    lead_unit: UUID | None
    lead_unit_name: str | None
    stage: Stage
    draft: bool
    resubmission_on: date | None
    resubmitted: bool
    created_by_name: str | None
    departments: list[Unit]
    stages: list[StageStep]
    participations: list[Participation]
    co_signatures: list[CoSignature]
    revision: int


class NewMeasure(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A draft of the register. `lead_unit` has the lead (Federführung), `department_ids` are the others concerned."""

    title: Line
    description: Text = ""
    stage: Stage = "planned"
    lead_unit: UUID | None = None
    department_ids: Units = []
    resubmission_on: Day | None = None


class MeasureChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Only what is named changes. Another text opens the co-signatures again that come after `agreed_to_step`."""

    title: Line | msgspec.UnsetType = msgspec.UNSET
    description: Text | msgspec.UnsetType = msgspec.UNSET
    lead_unit: UUID | msgspec.UnsetType | None = msgspec.UNSET
    department_ids: Units | msgspec.UnsetType = msgspec.UNSET
    resubmission_on: Day | msgspec.UnsetType | None = msgspec.UNSET
    agreed_to_step: Annotated[int, msgspec.Meta(ge=0, le=50)] = 0


class NewStage(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The measure has reached a stage. Without a day it is today; going back takes a note."""

    stage: Stage
    changed_on: Day | None = None
    note: OptionalLine = ""


class NewParticipation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    department_id: UUID
    asked_on: Day
    answer_due: Day | None = None
    subject: OptionalLine = ""


class StatementDraft(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The words of a statement (Stellungnahme) before it is given."""

    statement: Text


class Statement(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The statement as it is given to the department. Without a day it is today."""

    statement: RequiredText
    answered_on: Day | None = None


class Closing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why something ends without an answer."""

    note: Line


class NewCoSignature(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The next step: this unit signs after all before it."""

    department_id: UUID


class Signature(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a unit did with the text. Without a day it is today; a refusal takes a remark."""

    decision: Literal["signed", "refused"]
    initials: Initials
    signed_on: Day | None = None
    remark: OptionalLine = ""
