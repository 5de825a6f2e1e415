"""Absences as they go out, and what comes in."""

from datetime import date
from typing import Literal
from uuid import UUID

import msgspec

from circle.core.fields import Day


class Absence(msgspec.Struct, frozen=True):
    """A time in which a commissioner is away and a deputy acts („abwesend, Vertretung: …“). No reason is kept.

    With a meeting it is for that meeting alone, whose papers the deputy sees from the entry on.
    """

    id: UUID
    person_id: UUID
    person_name: str
    deputy_id: UUID
    deputy_name: str
    authority_id: UUID
    authority_key: str
    authority_name: str
    starts_on: date
    ends_on: date
    meeting_id: UUID | None
    meeting_reference: str | None
    state: Literal["ahead", "running", "over"]


class NewTime(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """First and last day of the absence, and who acts meanwhile; for one meeting both are its day."""

    deputy_id: UUID
    starts_on: Day
    ends_on: Day
    meeting_id: UUID | None = None


class NewAbsence(NewTime, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The same, of a person."""

    person_id: UUID


class AbsenceChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Only what is named changes. Once it has begun, only the last day does."""

    deputy_id: UUID | msgspec.UnsetType = msgspec.UNSET
    starts_on: Day | msgspec.UnsetType = msgspec.UNSET
    ends_on: Day | msgspec.UnsetType = msgspec.UNSET
