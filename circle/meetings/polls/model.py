"""Date polls as they go out, and what comes in."""

from datetime import date as Date
from datetime import time
from typing import Annotated, Literal
from uuid import UUID

import msgspec

from circle.core.fields import Day, Line, OptionalLine, Text
from circle.meetings.model import LocalTime, Mode

Suits = Literal["yes", "if_needed", "no"]
MOST_DATES = 10
Number = Annotated[int, msgspec.Meta(ge=1, le=MOST_DATES)]


class PollDate(msgspec.Struct, frozen=True):
    """A proposed day with how many it suits; `mine` is the reader's own answer."""

    number: int
    date: Date
    start_local: str
    end_local: str
    yes: int
    if_needed: int
    no: int
    mine: Suits | None


class PollPerson(msgspec.Struct, frozen=True):
    """One who was asked, and what they said to which day."""

    person_id: UUID
    name: str
    authority_name: str
    answers: dict[int, Suits]


class Poll(msgspec.Struct, frozen=True):
    """A date poll: `answer_until` is the last day to answer, `meeting_reference` the meeting that came of it."""

    id: UUID
    title: str
    mode: Mode
    place: str
    note: str
    answer_until: Date
    state: Literal["open", "fixed", "closed"]
    created_on: Date
    meeting_reference: str | None
    asked: int
    answered: int
    asks_me: bool
    dates: list[PollDate]
    people: list[PollPerson]
    revision: int


class NewPollDate(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A day that is proposed."""

    date: Day
    start_local: LocalTime
    end_local: LocalTime


class PollHead(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a poll says besides its days."""

    title: Line
    answer_until: Day
    mode: Mode = "in_person"
    place: OptionalLine = ""
    note: Text = ""


class NewPoll(PollHead, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A poll with two to ten days."""

    dates: Annotated[list[NewPollDate], msgspec.Meta(min_length=2, max_length=MOST_DATES)]


class DateAnswer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What somebody says to one day."""

    number: Number
    answer: Suits


class PollAnswer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One's own answers to every day; they take the place of earlier ones."""

    answers: Annotated[list[DateAnswer], msgspec.Meta(min_length=1, max_length=MOST_DATES)]


class Choice(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The day that is fixed."""

    number: Number


class Link(msgspec.Struct, frozen=True):
    """Whose a link in a mail is, and whether it still serves: not revoked, and the person may answer the poll today."""

    person_id: UUID
    name: str
    keys: list[str]
    poll_id: UUID
    state: str
    answer_until: Date
    serves: bool


class Hold(msgspec.Struct, frozen=True):
    """A proposed day as a calendar keeps it free, for the letter `off` that gives it up or the one that asks.

    `audience` opens the file: who sees the poll, and who was asked about a day that is given up.
    """

    poll_id: UUID
    audience: list[str]
    title: str
    place: str
    calendar_id: UUID
    date: Date
    start_local: time
    end_local: time
    off: bool


class StoredPoll(msgspec.Struct, frozen=True):
    """A locked poll, as acts need it."""

    id: UUID
    title: str
    mode: Mode
    place: str
    note: str
    answer_until: Date
    state: str
    revision: int
    dates: list[NewPollDate]
    people: list[UUID]
