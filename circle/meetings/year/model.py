"""A year of meetings: the pattern it is planned by, the days that are proposed, and the meetings it holds."""

from datetime import date as Date
from typing import Annotated
from uuid import UUID

import msgspec

from circle.core.calendar import Deadline
from circle.core.fields import Day, OptionalLine
from circle.meetings.model import LocalTime, Mode, State

FIRST_YEAR, LAST_YEAR = 1990, 2199
LAST = 5
"""The „n-th“ that means the last one of the month."""

Year = Annotated[int, msgspec.Meta(ge=FIRST_YEAR, le=LAST_YEAR)]
Nth = Annotated[int, msgspec.Meta(ge=1, le=LAST)]
Weekday = Annotated[int, msgspec.Meta(ge=1, le=5)]
Month = Annotated[int, msgspec.Meta(ge=1, le=12)]


class PatternForm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A pattern as the form of one year says it."""

    nth: Annotated[list[Nth], msgspec.Meta(min_length=1, max_length=2)]
    weekday: Weekday
    months: Annotated[list[Month], msgspec.Meta(min_length=1, max_length=12)]
    start_local: LocalTime
    end_local: LocalTime
    mode: Mode = "in_person"
    place: OptionalLine = ""
    link: OptionalLine = ""
    title: OptionalLine = ""
    earlier: bool = False


class Pattern(PatternForm, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The first to fourth, or (5) the last, Monday (1) to Friday (5) of the chosen months.

    A public holiday moves it to the next working day, with `earlier` to the one before. In `title` „{monat}“ and
    „{jahr}“ are filled in; without one a meeting is called by its number.
    """

    year: Year


class SeriesMeeting(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One meeting of the year, as it is to be set."""

    date: Day
    start_local: LocalTime
    end_local: LocalTime
    mode: Mode = "in_person"
    title: OptionalLine = ""
    place: OptionalLine = ""
    link: OptionalLine = ""


class Series(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A pattern, or the meetings themselves when days were changed or left out. `preview` writes nothing."""

    preview: bool = True
    pattern: Pattern | None = None
    meetings: Annotated[list[SeriesMeeting], msgspec.Meta(min_length=1, max_length=24)] | None = None


class Proposal(msgspec.Struct, frozen=True):
    """A meeting with what is to be known before it is set. `refused` says why it cannot be, and is empty otherwise.

    `moved` says from which holiday it was moved; `taken` is the meeting that has the day already.
    """

    meeting: SeriesMeeting
    moved: str
    warnings: list[str]
    refused: str
    field: str
    taken: str | None
    deadlines: dict[str, Deadline]


class Created(msgspec.Struct, frozen=True):
    """A meeting that was set."""

    id: UUID
    reference: str
    title: str
    date: Date


class SeriesAnswer(msgspec.Struct, frozen=True):
    """What a series would set, or has set. `notes` hold for the year as a whole."""

    items: list[Proposal]
    created: list[Created]
    notes: list[str]


class YearMeeting(msgspec.Struct, frozen=True):
    """A meeting as the calendar of a year shows it."""

    reference: str
    title: str
    date: Date
    start_local: str
    state: State
    place: str
    deadlines: dict[str, Deadline]
