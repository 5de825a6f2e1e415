"""Experts as they go out, and what comes in."""

from datetime import date
from typing import Literal
from uuid import UUID

import msgspec

from circle.core.fields import Day

ObjectKind = Literal["agenda_item", "consultation"]


class NewExpert(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who of the own house is called in, and the last day on which they see the thing."""

    person_id: UUID
    valid_to: Day


class EndExpert(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whose part ends now."""

    person_id: UUID


class Expert(msgspec.Struct, frozen=True):
    """Somebody who is called in on one item or one request, from the first to the last day (decree Nr. 4 (3) S. 1)."""

    id: UUID
    object_kind: ObjectKind
    object_id: UUID
    person_id: UUID
    person_name: str
    authority_id: UUID
    authority_name: str
    valid_from: date
    valid_to: date


class Staff(msgspec.Struct, frozen=True):
    """An active person of the house as the rules judge them; `sees` the thing already, `voice` = appointed somewhere."""

    id: UUID
    name: str
    roles: list[str]
    sees: bool
    voice: bool
