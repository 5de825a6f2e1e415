"""The text of an item while it is being written, the lines in it that stand for something, and what comes in."""

from datetime import date
from typing import Annotated, Literal
from uuid import UUID

import msgspec

from circle.core.fields import Day, Line, RequiredText
from circle.meetings.agenda.model import Result, Whole

Kind = Literal["result", "task", "question"]
Wording = Annotated[str, msgspec.Meta(min_length=1, max_length=2000, pattern=r"^[^\x00\n]*\S[^\x00\n]*$")]


class Page(msgspec.Struct, frozen=True):
    """An item with its text and what decides who may write it. Not `open`: its reader may not read it, all is empty."""

    item_id: UUID
    meeting_id: UUID
    reference: str
    meeting_title: str
    date: date
    meeting_state: str
    number: str
    status: str
    adjourned_to: UUID | None
    keeper_id: UUID | None
    chair_id: UUID | None
    open: bool
    title: str
    text: str
    kind: str
    confidentiality: str
    result: str
    resolution_text: str


class Update(msgspec.Struct, frozen=True):
    """A change to the text as it is kept, and whose hand it was; nobody's when the service took something in."""

    id: int
    update: bytes
    person_id: UUID | None
    name: str | None


class Person(msgspec.Struct, frozen=True):
    """Whom a task can be given to."""

    id: UUID
    name: str
    house: str


class Captured(msgspec.Struct, frozen=True):
    """A line of the text that stands for something: `line` without the letter that says so."""

    kind: Kind
    line: str


class Kept(Captured, frozen=True):
    """A line that was confirmed or dismissed, as it was then."""

    state: Literal["confirmed", "dismissed"]
    task_id: UUID | None
    task_reference: str | None


class Card(msgspec.Struct, frozen=True):
    """A line and what became of it. `changed`: it reads otherwise than what was confirmed (`was`); `gone`: it is not in
    the text any more."""

    kind: Kind
    line: str
    state: Literal["open", "confirmed", "dismissed", "changed", "gone"]
    was: str = ""
    task_id: UUID | None = None
    task_reference: str | None = None


class Written(msgspec.Struct, frozen=True):
    """An item of a meeting with its text and what became of its lines."""

    page: Page
    kept: list[Kept]


class Unsettled(msgspec.Struct, frozen=True):
    """How many lines of an item wait for somebody to confirm them, and where that is done."""

    name: str
    path: str
    lines: int


class Draft(msgspec.Struct, frozen=True):
    """A task as it was understood; `wrong` says at which field something is left to decide."""

    title: str
    owner_id: UUID | None
    due: date | None
    wrong: dict[str, str]


class Writing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The text as a form: `base` is what the form began with, so that what others wrote meanwhile is kept."""

    text: Whole = ""
    base: Whole = ""


class Pick(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which line is meant, in its own words."""

    kind: Kind
    line: Wording


class ResultPick(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A line becomes the wording of the item's result. What is there already stays before it."""

    line: Wording
    result: Result
    wording: RequiredText


class TaskPick(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A line becomes a task."""

    line: Wording
    title: Line
    owner_id: UUID
    due: Day | None = None
