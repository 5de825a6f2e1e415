"""The circle's own rules (Geschäftsordnung) as they go out, and what comes in.

The decree regulates none of them; the defaults are those of domain part 3, whose sources do not bind the circle either.
"""

from datetime import date as Date
from typing import Annotated, Literal
from uuid import UUID

import msgspec

from circle.core.calendar import Deadline
from circle.core.fields import Day, Line, Minutes
from circle.meetings.agenda.model import Aim, Kind

BeforeUnit = Literal["days_before", "clear_days_before"]
AfterUnit = Literal["weeks", "days", "working_days"]
BeforeValue = Annotated[int, msgspec.Meta(ge=0, le=180)]
AfterValue = Annotated[int, msgspec.Meta(ge=1, le=180)]
WeeksValue = Annotated[int, msgspec.Meta(ge=1, le=26)]
Houses = Annotated[int, msgspec.Meta(ge=1, le=20)]
DecisionRule = Literal["consensus_with_reservations", "expressed_consensus"]
Deputies = Literal["same_house", "appointed"]
LateItems = Literal["consent", "next_meeting"]
MinutesKind = Literal["result", "course"]
SpeakingOrder = Literal["as_asked", "first_speech_first"]
Place = Literal["first", "last"]


class Before(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A latest day before the meeting."""

    unit: BeforeUnit = "days_before"
    value: BeforeValue = 0


class After(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A period after an event."""

    unit: AfterUnit = "weeks"
    value: AfterValue = 1


class Weeks(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A period in weeks; it ends on the same weekday."""

    unit: Literal["weeks"] = "weeks"
    value: WeeksValue = 2


class Quorum(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How many houses it takes at least; more than half of them it always takes (VwVfG § 90 (1))."""

    present_members_min: Houses = 3


class StandingItem(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An item of every agenda, at its beginning or its end."""

    title: Line
    kind: Kind = "information"
    aim: Aim = "information"
    minutes: Minutes = 10
    place: Place = "first"


STANDING = (
    StandingItem("Begrüßung, Form und Frist, Tagesordnung", "formality", "coordination", 5),
    StandingItem("Genehmigung der Niederschrift", "approval_of_minutes", "coordination"),
    StandingItem("Termine und Verschiedenes", "miscellaneous", place="last"),
)
"""What stands on every agenda when the procedure is silent (domain part 3, Tagesordnung)."""
MOST_STANDING = 12


class Rules(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A full set of rules; what is not named holds as it stands here (domain part 3)."""

    agenda_opens: Before = Before("days_before", 84)
    agenda_submission: Before = Before("days_before", 28)
    invitation: Before = Before("clear_days_before", 14)
    papers: Before = Before("clear_days_before", 7)
    reply_reminder: Before = Before("days_before", 7)
    minutes_draft: After = After("weeks", 3)
    minutes_objection: Weeks = Weeks()
    circular_default: After = After("working_days", 5)
    quorum: Quorum = Quorum()
    decision_rule: DecisionRule = "consensus_with_reservations"
    deputies: Deputies = "same_house"
    late_items: LateItems = "consent"
    speaking_order: SpeakingOrder = "as_asked"
    minutes_kind: MinutesKind = "result"
    standing_items: Annotated[list[StandingItem], msgspec.Meta(max_length=MOST_STANDING)] = msgspec.field(
        default_factory=lambda: list(STANDING)
    )


class Rule(msgspec.Struct, frozen=True):
    """One rule in words."""

    rule: str
    label: str
    text: str


class Change(msgspec.Struct, frozen=True):
    """What a version changed in one rule, in words."""

    rule: str
    label: str
    before: str
    after: str


class StoredProcedure(msgspec.Struct, frozen=True, kw_only=True):
    """A version as the database knows it. `in_force_until` is None while no later one is known.

    `rules` may be a part: what it does not name holds by default.
    """

    id: UUID
    version: int
    state: Literal["past", "in_force", "coming"]
    adopted_on: Date
    in_force_from: Date
    in_force_until: Date | None
    reference: str
    meeting_id: UUID | None
    meeting_reference: str | None
    meetings: int
    rules: Rules
    before: Rules | None
    revision: int


class Procedure(msgspec.Struct, frozen=True, kw_only=True):
    """A version of the procedure: since when it holds, by which resolution, its rules and what they changed.

    `meetings` counts those that were called under it, as far as the reader sees them.
    """

    id: UUID
    version: int
    state: Literal["past", "in_force", "coming"]
    adopted_on: Date
    in_force_from: Date
    in_force_until: Date | None
    reference: str
    meeting_id: UUID | None
    meeting_reference: str | None
    meetings: int
    rules: Rules
    words: list[Rule]
    changes: list[Change]
    revision: int


class NewProcedure(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A version that was adopted: the day, the first day it counts, the resolution, and the full set of rules."""

    adopted_on: Day
    in_force_from: Day
    reference: Line
    rules: Rules
    meeting_id: UUID | None = None


class ProcedureForm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The same as one form says it."""

    adopted_on: Day
    in_force_from: Day
    reference: Line
    agenda_opens_unit: BeforeUnit
    agenda_opens_value: BeforeValue
    agenda_submission_unit: BeforeUnit
    agenda_submission_value: BeforeValue
    invitation_unit: BeforeUnit
    invitation_value: BeforeValue
    papers_unit: BeforeUnit
    papers_value: BeforeValue
    reply_reminder_unit: BeforeUnit
    reply_reminder_value: BeforeValue
    minutes_draft_unit: AfterUnit
    minutes_draft_value: AfterValue
    minutes_objection_value: WeeksValue
    circular_default_unit: AfterUnit
    circular_default_value: AfterValue
    quorum: Houses
    decision_rule: DecisionRule
    deputies: Deputies
    late_items: LateItems
    minutes_kind: MinutesKind
    meeting_id: UUID | None = None
    speaking_order: SpeakingOrder = "as_asked"


class Question(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """For which day of a meeting the deadlines are asked."""

    day: Day


class Computed(msgspec.Struct, frozen=True):
    """Every deadline of a meeting on a day under one version, with its steps; `warnings` move nothing.

    `holidays` are the public holidays from the submission of items to the draft of the minutes.
    """

    procedure_version: int
    date: Date
    deadlines: dict[str, Deadline]
    holidays: list[str]
    warnings: list[str]
