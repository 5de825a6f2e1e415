"""Contacts of the network as they go out, and what comes in."""

from datetime import date
from typing import Annotated, Literal
from uuid import UUID

import msgspec

from circle.core.fields import Day, Line, OptionalLine, RequiredText, Topics

Kind = Literal["municipal_contact", "institution", "association"]
Address = Annotated[
    str, msgspec.Meta(max_length=500, pattern=r"^[^\x00-\x09\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]*$")
]
"""Several lines of an official address."""
Ags = Annotated[str, msgspec.Meta(max_length=20)]
"""The official municipality key (Amtlicher Gemeindeschlüssel), 8 digits; `rules` says what is wrong with it."""


class NetworkContact(msgspec.Struct, frozen=True):
    """A municipal contact or partner, owned by one district government.

    `source` says from whom the address is known and `source_on` since when; `subscribed` is false after an opt-out.
    """

    id: UUID
    reference: str | None
    kind: Kind
    organisation: str
    name: str
    function: str
    address: str
    email: str
    phone: str
    municipality: str
    ags: str | None
    topics: list[str]
    source: str
    source_on: date
    subscribed: bool
    unsubscribed_on: date | None
    authority_id: UUID
    authority_key: str
    authority_name: str


class NewContact(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A contact of the own house. `despite_duplicates` says that it is another one than those that look alike."""

    kind: Kind
    organisation: Line
    source: Line
    source_on: Day
    name: OptionalLine = ""
    function: OptionalLine = ""
    address: Address = ""
    email: OptionalLine = ""
    phone: OptionalLine = ""
    municipality: OptionalLine = ""
    ags: Ags | None = None
    topics: Topics = []
    subscribed: bool = True
    despite_duplicates: bool = False


class ContactChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Only what is named changes."""

    kind: Kind | msgspec.UnsetType = msgspec.UNSET
    organisation: Line | msgspec.UnsetType = msgspec.UNSET
    source: Line | msgspec.UnsetType = msgspec.UNSET
    source_on: Day | msgspec.UnsetType = msgspec.UNSET
    name: OptionalLine | msgspec.UnsetType = msgspec.UNSET
    function: OptionalLine | msgspec.UnsetType = msgspec.UNSET
    address: Address | msgspec.UnsetType = msgspec.UNSET
    email: OptionalLine | msgspec.UnsetType = msgspec.UNSET
    phone: OptionalLine | msgspec.UnsetType = msgspec.UNSET
    municipality: OptionalLine | msgspec.UnsetType = msgspec.UNSET
    ags: Ags | msgspec.UnsetType | None = msgspec.UNSET
    topics: Topics | msgspec.UnsetType = msgspec.UNSET
    subscribed: bool | msgspec.UnsetType = msgspec.UNSET


class Duplicate(msgspec.Struct, frozen=True):
    """A contact that looks like another one: `same_email`, or a similar organisation in the same municipality."""

    id: UUID
    organisation: str
    name: str
    municipality: str
    authority_name: str
    same_email: bool


class DistrictCoverage(msgspec.Struct, frozen=True):
    """A kreisfreie Stadt or a Kreis, and how many contacts are known there; no municipal contact is a gap."""

    ags: str
    name: str
    kind: Literal["city", "district"]
    municipal_contacts: int
    partners: int


class RegionCoverage(msgspec.Struct, frozen=True):
    """A Regierungsbezirk with its cities and districts; `covered` counts those with a municipal contact."""

    authority_key: str
    name: str
    covered: int
    total: int
    districts: list[DistrictCoverage]


class Coverage(msgspec.Struct, frozen=True):
    """Which cities and districts have a municipal contact, by Regierungsbezirk."""

    regions: list[RegionCoverage]


class ImportLine(msgspec.Struct, frozen=True):
    """A line of a file: `new` with the contact it will become, `duplicate` of one that is there, or `wrong`.

    `messages` are German sentences that say why; `line` counts from 1 as in the file. `given` is what a wrong line says.
    """

    line: int
    status: Literal["new", "duplicate", "wrong"]
    organisation: str
    name: str
    messages: list[str] = []
    contact: NewContact | None = None
    given: dict[str, str] = {}


class Import(msgspec.Struct, frozen=True):
    """A file that was read. `added` is None until its author confirms; then only lines that were not entered are left."""

    id: UUID
    notes: list[str]
    lines: list[ImportLine]
    new: int
    duplicate: int
    wrong: int
    added: int | None = None


class ImportChoice(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`leave_out_wrong` says that the good lines are wanted although others are wrong."""

    leave_out_wrong: bool = False


class NewNote(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What was talked about with a contact, when and with whom. The own house alone reads it."""

    held_on: Day
    text: RequiredText
    participants: OptionalLine = ""


class Note(msgspec.Struct, frozen=True):
    """A note about an exchange."""

    id: UUID
    held_on: date
    participants: str
    text: str
    written_by_name: str | None


class Origin(msgspec.Struct, frozen=True):
    """What a file may leave out: kind, source and since when, the same for all its lines."""

    kind: Kind | None = None
    source: OptionalLine = ""
    source_on: Day | None = None
