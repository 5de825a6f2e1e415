"""Absences as they go out, and what comes in."""

from datetime import date
from uuid import UUID

import msgspec


class Absence(msgspec.Struct, frozen=True):
    """A time in which a commissioner is away and a deputy acts („abwesend, Vertretung: …“). No reason is kept."""

    id: UUID
    person_id: UUID
    person_name: str
    deputy_id: UUID
    deputy_name: str
    starts_on: date
    ends_on: date


class NewAbsence(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """First and last day of the absence, and who acts meanwhile."""

    deputy_id: UUID
    starts_on: date
    ends_on: date


class AbsenceChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Only what is named changes. Once it has begun, only the last day does."""

    deputy_id: UUID | msgspec.UnsetType = msgspec.UNSET
    starts_on: date | msgspec.UnsetType = msgspec.UNSET
    ends_on: date | msgspec.UnsetType = msgspec.UNSET
