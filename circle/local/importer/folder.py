"""What an import folder holds, read and checked before anything is written. The format: circle/local/demo/README.md."""

from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec

from circle.local.child import LocalError
from circle.people.model import PublicField

Day = date
"""The type beside fields that are called `date` themselves."""
Clock = Annotated[str, msgspec.Meta(pattern=r"^\d\d:\d\d$")]
Level = Literal["public", "internal", "circle", "confidential"]


class Authority(msgspec.Struct, frozen=True):
    id: str
    name: str
    short: str
    kind: str
    code: str | None = None
    seat: str | None = None
    address: str = ""
    phone: str = ""
    website: str = ""
    parent: str | None = None


class Person(msgspec.Struct, frozen=True):
    id: str
    name: str
    authority: str
    roles: list[str]
    active: bool
    email: str
    title: str = ""
    function: str = ""
    phone: str = ""
    room: str = ""
    hours: str = ""
    contact_email: str = ""
    public_fields: list[PublicField] = []
    contact_confirmed_on: date | None = None
    contact_reminded_on: date | None = None


class Order(msgspec.Struct, frozen=True):
    """The organisation order (Nr. 3 of the decree) that appoints."""

    date: Day
    file_reference: str


class Appointment(msgspec.Struct, frozen=True):
    id: str
    person: str
    authority: str
    kind: Literal["commissioner", "deputy"]
    valid_from: date
    organisation_order: Order
    valid_to: date | None = None
    attached_to: str = ""
    announced_internally_on: date | None = None
    announced_externally_on: date | None = None
    ministry_informed_on: date | None = None
    succeeded_by: str | None = None


class Absence(msgspec.Struct, frozen=True):
    person: str
    starts_on: date = msgspec.field(name="from")
    ends_on: date = msgspec.field(name="to")
    deputy: str


class Assistant(msgspec.Struct, frozen=True):
    person: str
    acts_for: str
    valid_from: date
    valid_to: date | None = None


class Appointments(msgspec.Struct, frozen=True):
    appointments: list[Appointment] = []
    absences: list[Absence] = []
    assistants: list[Assistant] = []


class Topic(msgspec.Struct, frozen=True):
    id: str
    label: str


class Template(msgspec.Struct, frozen=True):
    id: str
    name: str
    subject: str
    body: str


class Partner(msgspec.Struct, frozen=True):
    id: str
    kind: str
    organisation: str
    district: str
    contact: str | None = None
    """Who the contact is, among the persons; otherwise the fields below say it."""
    audience: str = "public"
    subscribed: bool = True
    name: str = ""
    function: str = ""
    address: str = ""
    email: str = ""
    phone: str = ""
    municipality: str = ""
    ags: str | None = None
    topics: list[str] = []
    source: str = "Übernahme aus dem Datenbestand"
    source_on: date | None = None
    unsubscribed_on: date | None = None


class Document(msgspec.Struct, frozen=True):
    id: str
    title: str
    kind: str
    confidentiality: Level
    state: str
    owner: str
    topics: list[str] = []
    abstract: str = ""
    version: int = 1
    released_on: date | None = None
    review_on: date | None = None
    language_level: str = "standard"
    legal_basis: str = ""
    supersedes: str | None = None


class Item(msgspec.Struct, frozen=True):
    id: str
    order: int
    number: str
    title: str
    kind: str
    aim: str
    confidentiality: Level
    status: str
    rapporteur: str | None = None
    submitted_by: str | None = None
    planned_minutes: int = 15
    late_submission: bool = False
    documents: list[str] = []
    minutes: str | None = None
    result: str | None = None
    resolution_text: str | None = None
    votes: dict[str, int] | None = None
    reservations: list[dict[str, Any]] = []


class Represented(msgspec.Struct, frozen=True):
    member: str
    by: str


class Attendance(msgspec.Struct, frozen=True):
    present: list[str] = []
    represented: list[Represented] = []
    excused: list[str] = []
    guests: list[str] = []
    office: list[str] = []


class Objection(msgspec.Struct, frozen=True):
    by: str
    received_on: date
    text: str
    agenda_item: str | None = None
    decision: str | None = None


class Correction(msgspec.Struct, frozen=True):
    on: date
    by: str
    text: str
    agenda_item: str | None = None


class Minutes(msgspec.Struct, frozen=True):
    kind: str
    keeper: str
    draft_sent_on: date | None = None
    objection_until: date | None = None
    approved_on: date | None = None
    approved_in: str | None = None
    objections: list[Objection] = []
    corrections: list[Correction] = []


class Meeting(msgspec.Struct, frozen=True):
    id: str
    number: int
    title: str
    date: Day
    start_local: Clock
    end_local: Clock
    mode: str
    state: str
    deadlines: dict[str, Day]
    agenda: list[Item]
    time_zone: str = "Europe/Berlin"
    place: str = ""
    file_reference: str = ""
    invitation_sent_on: Day | None = None
    attendance: Attendance = Attendance()
    minutes: Minutes | None = None

    def item(self, key: str | None) -> Item | None:
        """The agenda item with this key."""
        return next((item for item in self.agenda if item.id == key), None)


class Task(msgspec.Struct, frozen=True):
    id: str
    title: str
    owner: str
    status: str
    source: str = ""
    due: date | None = None
    resubmission_on: date | None = None
    done_on: date | None = None


class PollDate(msgspec.Struct, frozen=True):
    date: Day
    start_local: Clock
    end_local: Clock


class Poll(msgspec.Struct, frozen=True):
    """An open date poll; `answers` has one for each day."""

    id: str
    title: str
    answer_until: date
    created_on: date
    dates: Annotated[list[PollDate], msgspec.Meta(min_length=2, max_length=10)]
    asked: Annotated[list[str], msgspec.Meta(min_length=1)]
    answers: dict[str, list[Literal["yes", "if_needed", "no"]]] = {}
    mode: Literal["in_person", "online", "hybrid"] = "in_person"
    place: str = ""
    note: str = ""
    created_by: str | None = None


class Source(msgspec.Struct, frozen=True):
    title: str
    as_of: date
    document: str | None = None


class Clarification(msgspec.Struct, frozen=True):
    asked_on: date
    replied_on: date | None = None
    question: str = ""
    reply: str = ""


class Consultation(msgspec.Struct, frozen=True):
    id: str
    received_on: date
    requested_by: str
    subject: str
    question: str
    state: str
    acknowledge_by: date
    due_on: date
    due_on_effective: date
    purpose: str = ""
    tried: str = ""
    topics: list[str] = []
    priority: Literal["normal", "urgent"] = "normal"
    urgency_reason: str = ""
    confidentiality: Level = "circle"
    contains_personal_data: bool = False
    clarification: Clarification | None = None
    assignee: str | None = None
    answered_on: date | None = None
    answer_summary: str | None = None
    answer: str | None = None
    sources: list[Source] = []
    reviewed_by: str | None = None
    released_on: date | None = None
    released_as: str | None = None
    closed_on: date | None = None
    note: str | None = None


class RegisterUnit(msgspec.Struct, frozen=True):
    id: str
    number: str
    name: str


class RegisterReport(msgspec.Struct, frozen=True):
    id: str
    occasion: str
    field: Literal["concerns", "intercultural_opening"]
    reported_on: date
    state: Literal["draft", "open", "told", "closed"]
    text: str = ""
    outcome: str = ""
    source: str = ""
    resubmission_on: date | None = None
    created_by: str | None = None


class ReachedStage(msgspec.Struct, frozen=True):
    stage: Literal["planned", "in_development", "in_introduction", "implemented", "ended"]
    changed_on: date
    note: str = ""


class AskedUnit(msgspec.Struct, frozen=True):
    department: str
    asked_on: date
    subject: str = ""
    answer_due: date | None = None
    statement: str = ""
    answered_on: date | None = None


class SigningUnit(msgspec.Struct, frozen=True):
    department: str
    initials: str = ""
    signed_on: date | None = None


class RegisterMeasure(msgspec.Struct, frozen=True):
    id: str
    title: str
    stages: Annotated[list[ReachedStage], msgspec.Meta(min_length=1)]
    description: str = ""
    lead_unit: str | None = None
    departments: list[str] = []
    participations: list[AskedUnit] = []
    co_signatures: list[SigningUnit] = []
    resubmission_on: date | None = None
    created_by: str | None = None


class HouseRegister(msgspec.Struct, frozen=True):
    """The register of one house."""

    authority: str
    departments: list[RegisterUnit] = []
    reports: list[RegisterReport] = []
    measures: list[RegisterMeasure] = []


class Folder(msgspec.Struct, frozen=True):
    """Everything that an import folder holds. Tables without a file are empty."""

    authorities: list[Authority]
    persons: list[Person]
    appointments: Appointments
    procedure: dict[str, Any]
    topics: list[Topic]
    templates: list[Template]
    partners: list[Partner]
    documents: list[Document]
    meetings: list[Meeting]
    tasks: list[Task]
    polls: list[Poll]
    consultations: list[Consultation]
    registers: list[HouseRegister]
    texts: dict[str, str]
    """Document id → Markdown."""
    decree: str
    """The decree as published; empty when the folder has none."""


def read(path: Path) -> Folder:
    """Read a folder. Raises LocalError with a German sentence that names file, place and mistake."""
    texts = {text.stem: text.read_text(encoding="utf-8") for text in sorted(path.glob("texts/*.md"))}
    decree = path / "decree.txt"
    folder = Folder(
        authorities=_table(path, "authorities", list[Authority]),
        persons=_table(path, "persons", list[Person]),
        appointments=_table(path, "appointments", Appointments, Appointments()),
        procedure=_table(path, "procedure", dict[str, Any], {}),
        topics=_table(path, "topics", list[Topic], []),
        templates=_table(path, "templates", list[Template], []),
        partners=_table(path, "partners", list[Partner], []),
        documents=_table(path, "documents", list[Document], []),
        meetings=_table(path, "meetings", list[Meeting], []),
        tasks=_table(path, "tasks", list[Task], []),
        polls=_table(path, "polls", list[Poll], []),
        consultations=_table(path, "consultations", list[Consultation], []),
        registers=_table(path, "measures", list[HouseRegister], []),
        texts=texts,
        decree=decree.read_text(encoding="utf-8") if decree.exists() else "",
    )
    if missing := [document.id for document in folder.documents if document.id not in texts]:
        raise LocalError(f"Zu {missing[0]} fehlt der Text. Erwartet wird die Datei texts/{missing[0]}.md.")
    return folder


def _table(path: Path, name: str, kind: Any, otherwise: Any = None) -> Any:
    file = path / f"{name}.json"
    if not file.exists():
        if otherwise is None:
            raise LocalError(f"In {path} fehlt die Datei {name}.json.")
        return otherwise
    try:
        return msgspec.json.decode(file.read_bytes(), type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise LocalError(f"{file} lässt sich nicht lesen: {error}") from error
