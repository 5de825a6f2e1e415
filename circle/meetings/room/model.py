"""The room of a meeting as it stands at an instant, and what comes in. Instants are aware."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

import msgspec

from ..model import LocalTime, Meeting

Presence = Literal["on_site", "online"]


class Stay(msgspec.Struct, frozen=True):
    """Somebody in the room from one instant to another. `authority_id` is the house whose voice they carry, if any;
    `member_id` is whom they stand in for."""

    id: UUID
    person_id: UUID
    name: str
    house_name: str
    """The person's own authority."""
    authority_id: UUID | None
    member_id: UUID | None
    member_name: str | None
    office: bool
    mode: Presence
    arrived_at: datetime
    left_at: datetime | None
    left_for: UUID | None
    """The confidential item for whose time they left; only office and moderation are told."""


class Call(msgspec.Struct, frozen=True):
    """The time an item was dealt with; the open one is the current item. Of an item that the reader may not open it
    says no more than that it is the current one: it has no times, and is not told any more once it has ended."""

    item_id: UUID
    called_at: datetime | None
    ended_at: datetime | None


class Room(Meeting, frozen=True, kw_only=True):
    """A meeting with who is there and what is being dealt with, as the reader may see it."""

    stays: list[Stay]
    """For office and moderation all of them; for others those of who is there now, or was when the meeting ended."""
    calls: list[Call]
    extra: dict[UUID, int]
    """Minutes given beyond the plan, of the items whose length the reader may see."""


class StoredCall(msgspec.Struct, frozen=True):
    """The item that is being dealt with, as acts need it."""

    id: UUID
    item_id: UUID
    called_at: datetime


class Expected(msgspec.Struct, frozen=True):
    """Somebody who may come in, with what the reply said: `member_id` is whom they would stand in for, `voice` says that
    they would carry the voice of their house, `answer` is None without a reply."""

    person_id: UUID
    name: str
    house_name: str
    voice: bool
    office: bool
    member_id: UUID | None
    member_name: str | None
    mode: Presence
    answer: str | None


class Slot(msgspec.Struct, frozen=True):
    """The time of an item in minutes: planned with what was given, used so far, still to come."""

    planned: int | None
    used: int
    rest: int


class Arrival(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Somebody comes in: `member_id` makes them that member's deputy. Without a time it is now. `confirmed` says that they
    may hear the confidential item that is being dealt with, though it is not open to them."""

    person_id: UUID
    member_id: UUID | None = None
    mode: Presence = "on_site"
    at_local: LocalTime | None = None
    confirmed: bool = False


class RollCall(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All who are there as the meeting begins. Without a time they have been there since the opening."""

    items: Annotated[list[Arrival], msgspec.Meta(min_length=1, max_length=200)]


class Departure(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Somebody leaves. Without a time it is now."""

    person_id: UUID
    at_local: LocalTime | None = None


class Swap(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Somebody takes over the voice of their house from whoever carries it, who leaves or `stays` without a voice.
    `confirmed` as with an arrival, for who was not in the room."""

    person_id: UUID
    stays: bool = False
    mode: Presence = "on_site"
    at_local: LocalTime | None = None
    confirmed: bool = False


class StayChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The times of a stay put right, both as HH:MM on the day of the meeting or, past midnight, the day after.
    `confirmed` as with an arrival, for who is in the room again."""

    arrived_local: LocalTime
    left_local: LocalTime | None = None
    confirmed: bool = False


class Extension(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Minutes more for an item, or less again."""

    minutes: Annotated[int, msgspec.Meta(ge=-120, le=120)]


class Calling(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An item is called up. When it is confidential and not open to all who are there, `confirmed` says that they may
    hear it, and `without_guests` lets the guests leave the room in the same act."""

    confirmed: bool = False
    without_guests: bool = False


class Step(Calling, frozen=True, forbid_unknown_fields=True):
    """The current item is dealt with, and `next_id` is called up; None calls none."""

    next_id: UUID | None = None
