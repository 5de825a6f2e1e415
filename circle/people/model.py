"""Authorities, persons and appointments as they go out, and what comes in."""

from datetime import date
from typing import Annotated, Literal
from uuid import UUID

import msgspec

from circle.core.auth import Me
from circle.core.fields import Email

Password = Annotated[str, msgspec.Meta(min_length=1, max_length=1000, pattern=r"^[^\x00]*$")]


class Credentials(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What one signs in with."""

    email: Email
    password: Password


class Session(msgspec.Struct, frozen=True):
    """An opened session; `token` is shown once and goes into `Authorization: Bearer`."""

    token: str
    person: Me


class Authority(msgspec.Struct, frozen=True):
    """A house: a district government, the competence centre, the ministry."""

    id: UUID
    key: str
    name: str
    short: str
    code: str | None
    seat: str | None
    kind: str
    commissioner_name: str | None


class Person(msgspec.Struct, frozen=True):
    """A person of the directory, with the roles held today. Whoever is outside learns of the commissioners only."""

    id: UUID
    reference: str | None
    name: str
    title: str
    function: str
    email: str
    phone: str
    authority_id: UUID
    authority_key: str
    authority_name: str
    active: bool
    roles: list[str]


class Appointment(msgspec.Struct, frozen=True):
    """An appointment (Bestellung) with its proofs (decree Nr. 3)."""

    id: UUID
    person_id: UUID
    person_name: str
    authority_id: UUID
    authority_key: str
    authority_name: str
    kind: str
    valid_from: date
    valid_to: date | None
    order_date: date
    file_reference: str
    attached_to: str
    announced_internally_on: date | None
    announced_externally_on: date | None
    ministry_informed_on: date | None
    requirements_confirmed_on: date | None
    succeeded_by: UUID | None
    state: Literal["prepared", "valid", "ended"]
    """Follows from the dates alone, at 00:00 in Berlin."""
    valid_today: bool


class Absence(msgspec.Struct, frozen=True):
    """A time in which a deputy acts."""

    person_name: str
    deputy_name: str
    starts_on: date
    ends_on: date


class PersonDetail(Person, frozen=True):
    """A person with the attachment (Anbindung) of today's appointment, and for staff the appointments and absences."""

    attached_to: str
    appointments: list[Appointment]
    absences: list[Absence]


class Contact(msgspec.Struct, frozen=True):
    """A house as the public sees it; `name` and what follows are None until its commissioner is announced outside."""

    house: str
    seat: str | None
    appointed: bool
    name: str | None = None
    function: str | None = None
    email: str | None = None
    phone: str | None = None
    attached_to: str | None = None


class AuthorityDetail(Authority, frozen=True):
    """A house with its people. `vacant_since` is the day after the last commissioner, when there is none today."""

    commissioner_id: UUID | None
    attached_to: str
    vacant_since: date | None
    people: list[Person]
    appointments: list[Appointment]
