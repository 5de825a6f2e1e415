"""Authorities, persons and appointments as they go out, and what comes in."""

from datetime import date
from typing import Annotated, Literal
from uuid import UUID

import msgspec

from circle.core.auth import Me
from circle.core.fields import Email, OptionalLine

Password = Annotated[str, msgspec.Meta(min_length=1, max_length=1000, pattern=r"^[^\x00]*$")]

OptionalEmail = Annotated[
    str, msgspec.Meta(max_length=254, pattern=r"^(?:[^\s@<>\x00-\x1f]+@[^\s@<>\x00-\x1f]+)?$")
]


class Credentials(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What one signs in with."""

    email: Email
    password: Password


class Session(msgspec.Struct, frozen=True):
    """An opened session; `token` is shown once and goes into `Authorization: Bearer`."""

    token: str
    person: Me


class Authority(msgspec.Struct, frozen=True):
    """A house: a district government, the competence centre, the ministry. One that is located at another one, as the
    KfI at Arnsberg, is a house of its own; `parent_key` names where. `appointed` says that there is a commissioner,
    also when the caller may not know yet who."""

    id: UUID
    key: str
    name: str
    short: str
    code: str | None
    seat: str | None
    kind: str
    address: str
    phone: str
    website: str
    parent_key: str | None
    parent_name: str | None
    appointed: bool
    commissioner_name: str | None


class AuthorityChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a house says of itself; what is left out stays, an empty text clears. `website` begins with https://."""

    seat: OptionalLine | msgspec.UnsetType = msgspec.UNSET
    address: OptionalLine | msgspec.UnsetType = msgspec.UNSET
    phone: OptionalLine | msgspec.UnsetType = msgspec.UNSET
    website: OptionalLine | msgspec.UnsetType = msgspec.UNSET


class Person(msgspec.Struct, frozen=True):
    """A person of the directory, with the roles held today. Whoever is outside learns of the announced
    commissioners only, and of them what they let be public; the rest is empty."""

    id: UUID
    reference: str | None
    name: str
    title: str
    function: str
    email: str
    phone: str
    room: str
    hours: str
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
    person_active: bool
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
    annulled_on: date | None
    """Entered by mistake: it gave no right on any day."""
    annulled_by_name: str | None
    annulled_reason: str
    state: Literal["prepared", "valid", "ended", "annulled"]
    """Follows from the dates alone, at 00:00 in Berlin, unless it was annulled."""
    valid_today: bool


class Absence(msgspec.Struct, frozen=True):
    """A time in which a deputy acts."""

    person_name: str
    deputy_name: str
    starts_on: date
    ends_on: date


class Hat(msgspec.Struct, frozen=True):
    """The roles that a person holds in one house. Roles of different houses are never mixed."""

    authority_key: str
    authority_name: str
    roles: list[str]


PublicField = Literal["email", "phone", "room", "hours"]


class PersonDetail(Person, frozen=True):
    """A person with the attachment (Anbindung) of today's appointment, and for staff the appointments and absences.

    `contact_confirmed_on` is the day on which they last said that the entry is right; `contact_doubtful_on` the day
    since which a mail server refuses their address. `email` is where to write; `contact_email` is the official address
    as entered, the only one that may be public, and like `public_fields` it is for staff.
    """

    authority_kind: str
    authority_address: str
    authority_seat: str | None
    hats: list[Hat]
    revision: int
    contact_email: str | None
    public_fields: list[PublicField] | None
    contact_confirmed_on: date | None
    contact_due: bool
    contact_doubtful_on: date | None
    attached_to: str
    appointments: list[Appointment]
    absences: list[Absence]


class Outdated(Person, frozen=True):
    """An entry that is due for its half-yearly check, or doubtful."""

    contact_confirmed_on: date | None
    contact_due: bool
    contact_doubtful_on: date | None
    contact_reminded_on: date | None


class ContactChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How a person is reached (Erreichbarkeit); what is left out stays, an empty text clears.

    `contact_email` is the address that the directory shows; while it is empty, staff see the one for sign-in, which
    never changes here and is never public. `public_fields` only the person decides; at first nothing is public.
    """

    contact_email: OptionalEmail | msgspec.UnsetType = msgspec.UNSET
    phone: OptionalLine | msgspec.UnsetType = msgspec.UNSET
    room: OptionalLine | msgspec.UnsetType = msgspec.UNSET
    hours: OptionalLine | msgspec.UnsetType = msgspec.UNSET
    public_fields: Annotated[list[PublicField], msgspec.Meta(max_length=4)] | msgspec.UnsetType = (
        msgspec.UNSET
    )


class PublicContact(msgspec.Struct, frozen=True):
    """A commissioner whom the house has announced outside, with the ways to be reached that they let be public."""

    house: str
    name: str
    function: str
    email: str | None
    phone: str | None
    room: str | None
    hours: str | None


class Contact(msgspec.Struct, frozen=True):
    """A house as the public page shows it; `name` and what follows are None until its commissioner is announced outside."""

    key: str
    house: str
    appointed: bool
    name: str | None = None
    function: str | None = None
    email: str | None = None
    phone: str | None = None
    room: str | None = None
    hours: str | None = None
    attached_to: str | None = None


class Named(msgspec.Struct, frozen=True):
    """A person by name."""

    id: UUID
    name: str


class Located(msgspec.Struct, frozen=True):
    """A house that is located at another one."""

    key: str
    name: str


class AuthorityDetail(Authority, frozen=True):
    """A house with its people. `vacant_since` is the day after the last commissioner, when there is none today; absences of
    its commissioner that run or lie ahead are for staff."""

    revision: int
    houses: list[Located]
    commissioner_id: UUID | None
    deputies: list[Named]
    attached_to: str
    vacant_since: date | None
    people: list[Person]
    appointments: list[Appointment]
    absences: list[Absence]
