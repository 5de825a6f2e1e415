"""Calendar feeds as they go out, and what stands in them."""

from datetime import date as Date
from typing import Literal
from uuid import UUID

import msgspec

from circle.meetings.model import State

Kind = Literal["meeting", "submission", "objection", "hold", "answer"]


class Feed(msgspec.Struct, frozen=True):
    """Whether there is an address, since when, and the last day on which a program used it. The address itself is secret."""

    made_on: Date | None
    last_used_on: Date | None


class NewFeed(msgspec.Struct, frozen=True):
    """A new address. It is told this once and can not be read again."""

    address: str


class Entry(msgspec.Struct, frozen=True):
    """One date for a calendar: a meeting, the last day of a period, or a day that a poll keeps free.

    `path` is its page. Nothing of it is confidential: no item of an agenda stands in it.
    """

    kind: Kind
    id: UUID
    sequence: int
    state: State | Literal["open"]
    reference: str
    title: str
    date: Date
    start_local: str
    end_local: str
    time_zone: str
    place: str
    path: str


class Taken(msgspec.Struct, frozen=True):
    """A feed that is fetched: whose it is (None: the circle's), and how often in this hour."""

    person_id: UUID | None
    fetches: int
    seconds_left: int
