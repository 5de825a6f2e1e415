"""Agenda items and papers as they go out, and what comes in."""

from datetime import date, time
from typing import Annotated, Literal
from uuid import UUID

import msgspec

from circle.core.calendar import Deadline
from circle.core.fields import Day, Line, Minutes, OptionalLine, RequiredText, Text
from circle.people.experts.model import Expert

Level = Literal["public", "internal", "circle", "confidential"]
Aim = Literal["experience", "information", "knowledge_transfer", "coordination"]
Kind = Literal[
    "formality",
    "approval_of_minutes",
    "report",
    "deliberation",
    "exchange",
    "resolution",
    "information",
    "miscellaneous",
]
ProposedKind = Literal["report", "deliberation", "exchange", "resolution", "information"]
Status = Literal[
    "registered", "returned", "admitted", "on_agenda", "treated", "adjourned", "removed", "withdrawn"
]
Result = Literal[
    "noted",
    "exchanged",
    "agreed",
    "recommended",
    "commissioned",
    "adjourned",
    "removed",
    "resolution",
    "adopted",
    "adopted_with_changes",
    "approved",
    "approved_with_changes",
    "postponed_to_circular",
    "confidential",
]
ReservationKind = Literal["Leitungsvorbehalt", "Prüfvorbehalt"]
Sight = Literal["member", "guest", "house", "ministry"]
Lifting = Literal["withdrawn", "upheld"]
Count = Annotated[int, msgspec.Meta(ge=0, le=50)]
LONGEST = 40_000
"""Characters of the text of an item. Whoever types stops at half of it: two who write at once may pass that together."""
Whole = Annotated[str, msgspec.Meta(max_length=LONGEST, pattern=r"^[^\x00]*$")]
Ids = Annotated[list[UUID], msgspec.Meta(max_length=50)]


class Named(msgspec.Struct, frozen=True):
    """A person who may open a confidential item."""

    id: UUID
    name: str


class Votes(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How the houses stand to a text, one voice each."""

    consent: Count = 0
    reservation: Count = 0
    against: Count = 0
    abstained: Count = 0


class Reservation(msgspec.Struct, frozen=True):
    """A house's reservation (decree Nr. 4 (2) S. 2), the day by which it is decided, and the day and outcome of its end."""

    by: UUID
    by_name: str
    kind: str
    text: str = ""
    decide_by: date | None = None
    resolved_on: date | None = None
    outcome: str | None = None


class Paper(msgspec.Struct, frozen=True):
    """A paper for an item: a stored file or a document of the knowledge base.

    `label` follows from the day: `advance` in time, `late` after the papers' deadline, `tabled` in the meeting.
    """

    id: UUID
    meeting_id: UUID
    item_id: UUID
    number: int
    title: str
    version: int
    confidentiality: Level
    label: Literal["advance", "late", "tabled"]
    file_id: UUID | None
    file_name: str | None
    file_size: int | None
    document_id: UUID | None
    document_reference: str | None
    author_id: UUID | None
    author_name: str | None
    submitted_on: date
    revision: int

    @property
    def open(self) -> bool:
        """Papers are shown to those alone who may read them."""
        return True


class AgendaItem(msgspec.Struct, frozen=True):
    """An item as the reader may see it. Of a confidential one that is not open, all but its place and state is null.

    `order` counts from 0 among the items that the reader sees; `number` is the text on paper, such as 5a, empty
    before the invitation. `minutes` stays empty until the draft of the minutes is out, but for those who write them.
    `named` are the people who may open a confidential item; `authority_id` is the submitter's house.
    """

    id: UUID
    meeting_id: UUID
    meeting_reference: str
    order: int
    number: str
    status: Status
    frozen: bool
    late_submission: bool
    revision: int
    title: str
    description: str | None
    aim: Aim | None
    kind: Kind | None
    confidentiality: Level
    rapporteur_id: UUID | None
    rapporteur_name: str | None
    submitted_by_id: UUID | None
    submitted_by_name: str | None
    authority_id: UUID | None
    authority_name: str | None
    planned_minutes: int | None
    return_reason: str | None
    minutes: str | None
    result: str | None
    resolution_text: str | None
    votes: Votes | None
    reservations: list[Reservation] | None
    named: list[Named] | None
    papers: list[Paper] | None
    adjourned_to: UUID | None
    adjourned_to_reference: str | None

    @property
    def open(self) -> bool:
        """Whether the reader sees the content."""
        return self.kind is not None

    @property
    def item_id(self) -> UUID:
        """As its papers name it."""
        return self.id

    @property
    def submitted_by(self) -> UUID | None:
        """As the rules name it."""
        return self.submitted_by_id

    @property
    def house(self) -> UUID | None:
        """The submitter's authority, as the rules name it."""
        return self.authority_id


class Meeting(msgspec.Struct, frozen=True):
    """What the agenda needs to know of its meeting. `deadlines` are kept with the steps that led to them."""

    id: UUID
    reference: str
    title: str
    date: date
    start_local: time
    end_local: time
    state: str
    revision: int
    deadlines: dict[str, Deadline]
    late_refused: bool
    """By its procedure late items come into the next meeting."""


class Agenda(msgspec.Struct, frozen=True):
    """A meeting and its items, for the pages; not `whole` for whoever is called in on the one item in it."""

    meeting: Meeting
    items: list[AgendaItem]
    whole: bool = True
    called_in: list[Expert] | None = None


class NextMeeting(msgspec.Struct, frozen=True):
    """A later meeting that takes items."""

    id: UUID
    reference: str
    title: str
    date: date


class LeftItem(msgspec.Struct, frozen=True):
    """An item that an earlier meeting put off without naming another one, or that a cancelled meeting left.

    Of a confidential one that is not open title and time are hidden.
    """

    id: UUID
    meeting_id: UUID
    meeting_reference: str
    meeting_date: date
    number: str
    status: Status
    revision: int
    title: str
    confidentiality: Level
    planned_minutes: int | None


class AgendaPreview(msgspec.Struct, frozen=True):
    """The agenda as somebody with a role sees it, as far as the reader sees it too. Not `seen`: they don't see the meeting."""

    id: UUID
    reference: str
    title: str
    date: date
    role: Sight
    seen: bool
    items: list[AgendaItem]


class SentPaper(msgspec.Struct, frozen=True):
    """A paper on an agenda that went out."""

    id: UUID
    title: str
    version: int = 1


class SentItem(msgspec.Struct, frozen=True):
    """An item on an agenda that went out; of a confidential one it holds the place alone."""

    id: UUID
    number: str
    title: str
    status: str = ""
    aim: str | None = None
    kind: str | None = None
    confidentiality: str = ""
    rapporteur_name: str | None = None
    planned_minutes: int | None = None
    papers: list[SentPaper] = []


class SentAgenda(msgspec.Struct, frozen=True):
    """What an agenda said when it went out."""

    title: str
    date: date
    start_local: str
    end_local: str
    mode: str
    place: str
    link: str
    items: list[SentItem]


class StoredVersion(msgspec.Struct, frozen=True):
    """A dispatched agenda as the database keeps it."""

    version: int
    kind: Literal["invitation", "supplement"]
    sent_on: date
    sha256: str
    agenda: SentAgenda


class StoredVersions(msgspec.Struct, frozen=True):
    """A meeting and the agendas that went out for it."""

    id: UUID
    reference: str
    title: str
    date: date
    versions: list[StoredVersion]


class Difference(msgspec.Struct, frozen=True):
    """What a field said before and says now, in words; empty when there was or is nothing."""

    field: str
    label: str
    before: str
    after: str


class ItemDifference(msgspec.Struct, frozen=True):
    """An item that is new on an agenda, was taken off, put off, or changed. A confidential one stays masked."""

    id: UUID
    number: str
    title: str
    change: Literal["new", "removed", "adjourned", "changed"]
    fields: list[Difference]


class AgendaVersion(msgspec.Struct, frozen=True):
    """A dispatched agenda against the one before it: what changed about the meeting, and item by item."""

    version: int
    kind: Literal["invitation", "supplement"]
    sent_on: date
    sha256: str
    item_count: int
    meeting: list[Difference]
    items: list[ItemDifference]


class StoredMeeting(msgspec.Struct, frozen=True):
    """A locked meeting, as the rules judge it; a deadline it does not keep is None."""

    id: UUID
    reference: str
    title: str
    on: date
    state: str
    revision: int
    submission_until: date | None
    papers_until: date | None
    late_refused: bool
    """By its procedure late items come into the next meeting."""


class Shell(msgspec.Struct, frozen=True):
    """An item's place and state, which everybody on the agenda sees."""

    id: UUID
    order: int
    number: str
    status: Status
    frozen: bool
    late_submission: bool


class StoredItem(Shell, frozen=True, kw_only=True):
    """A locked item. When its content is not `open` to the actor, that is empty, and the level is confidential.

    `house` is the submitter's authority; `votes` and `reservations` are JSON.
    """

    meeting_id: UUID
    adjourned_to: UUID | None
    revision: int
    open: bool
    title: str
    description: str
    aim: str
    kind: str
    confidentiality: Level
    rapporteur_id: UUID | None
    submitted_by: UUID | None
    house: UUID | None
    planned_minutes: int
    minutes: str
    result: str
    resolution_text: str
    votes: str
    reservations: str
    written_revision: int | None
    """The revision at which the text was last written together."""


class NewItem(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A proposal (Anmeldung). `named` are further people who may open it when it is confidential."""

    title: Line
    aim: Aim
    kind: ProposedKind = "deliberation"
    description: Text = ""
    rapporteur_id: UUID | None = None
    planned_minutes: Minutes = 15
    confidentiality: Level = "circle"
    named: Ids = []


class Standing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a form changes of an item that stands on every agenda."""

    title: Line
    description: Text = ""
    rapporteur_id: UUID | None = None
    planned_minutes: Minutes = 15


class Times(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a form changes of an item that went out with the invitation."""

    rapporteur_id: UUID | None = None
    planned_minutes: Minutes = 15


class ResultForm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The result as a form: empty fields are empty texts, no number at all means that no voices were counted.

    `by` declares one more reservation.
    """

    result: Result | None = None
    minutes: Whole = ""
    minutes_base: Whole = ""
    resolution_text: Text = ""
    consent: Count | None = None
    reservation: Count | None = None
    against: Count | None = None
    abstained: Count | None = None
    by: UUID | None = None
    kind: ReservationKind = "Leitungsvorbehalt"
    text: OptionalLine = ""


class PaperForm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A paper as a form: the title may stay empty, then the file's name is taken; or a document by its number."""

    paper_title: OptionalLine = ""
    confidentiality: Level = "circle"
    document: OptionalLine = ""
    file_ids: Ids = []


class Version(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A new version of a paper as a form."""

    paper_id: UUID
    file_ids: Ids = []


class ItemChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Only what is given changes. `named` replaces who may open a confidential item, besides those who always may."""

    title: Line | msgspec.UnsetType = msgspec.UNSET
    aim: Aim | msgspec.UnsetType = msgspec.UNSET
    kind: ProposedKind | msgspec.UnsetType = msgspec.UNSET
    description: Text | msgspec.UnsetType = msgspec.UNSET
    rapporteur_id: UUID | msgspec.UnsetType | None = msgspec.UNSET
    planned_minutes: Minutes | msgspec.UnsetType = msgspec.UNSET
    confidentiality: Level | msgspec.UnsetType = msgspec.UNSET
    named: Ids | msgspec.UnsetType = msgspec.UNSET


class Return(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why a proposal goes back, in words for the submitter."""

    reason: RequiredText


class Adjournment(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`meeting_id` is the later meeting that takes the item up; without one it waits."""

    meeting_id: UUID | None = None


class TakeOver(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The item of an earlier meeting that comes onto an agenda."""

    item_id: UUID


class NewReservation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A reservation. `by` is the member who declares it; left out, the one who asks. `decide_by` is the day by which the
    house decides."""

    kind: ReservationKind = "Leitungsvorbehalt"
    text: OptionalLine = ""
    by: UUID | None = None
    decide_by: Day | None = None


class Lift(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How the reservation of `by` ended: withdrawn, or upheld by the head of the house."""

    outcome: Lifting = "withdrawn"
    by: UUID | None = None


class Outcome(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What became of an item. Only what is given changes; without `result` the text alone is kept.

    `minutes_base` is the text as it was read: what others wrote since then stays beside what changed here.
    """

    result: Result | msgspec.UnsetType = msgspec.UNSET
    minutes: Whole | msgspec.UnsetType = msgspec.UNSET
    minutes_base: Whole | msgspec.UnsetType = msgspec.UNSET
    resolution_text: Text | msgspec.UnsetType = msgspec.UNSET
    votes: Votes | msgspec.UnsetType | None = msgspec.UNSET
    reservations: Annotated[list[NewReservation], msgspec.Meta(max_length=20)] | msgspec.UnsetType = (
        msgspec.UNSET
    )


class Plan(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The whole order: every item that is still to come, each once."""

    item_ids: Annotated[list[UUID], msgspec.Meta(min_length=1, max_length=200)]
    minutes: dict[UUID, Minutes] | msgspec.UnsetType = msgspec.UNSET


class NewPaper(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A paper for an item: an uploaded file, or a document of the knowledge base. One of the two."""

    item_id: UUID
    title: Line
    confidentiality: Level = "circle"
    file_id: UUID | None = None
    document_id: UUID | None = None


class PaperChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A better title, or a new version with another file."""

    title: Line | msgspec.UnsetType = msgspec.UNSET
    file_id: UUID | msgspec.UnsetType = msgspec.UNSET
