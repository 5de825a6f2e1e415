"""The answer to „Wer darf was“ as it goes out, and what the one statement behind it finds."""

from datetime import date, datetime
from datetime import date as Date
from typing import Literal
from uuid import UUID

import msgspec

from circle.core.fields import Day, OptionalLine

Kind = Literal["meeting", "agenda_item", "consultation", "document", "task"]


class Question(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who, on which day (None: the office's today), and which thing by its reference."""

    person_id: UUID
    on: Day | None = None
    object: OptionalLine = ""


class RoleHeld(msgspec.Struct, frozen=True):
    """A role of the day and its origin: `about` is the house of an appointment, or who is absent."""

    role: str
    since: date = msgspec.field(name="from")
    until: date | None
    source: Literal["grant", "appointment", "absence"]
    about: str


class PersonNamed(msgspec.Struct, frozen=True):
    """Somebody who can be asked about."""

    id: UUID
    name: str
    authority_name: str


class Thing(msgspec.Struct, frozen=True):
    """Whether the person sees the thing. `because` and `missing` have one German reason for each condition: a meeting
    has one, an agenda item that of its meeting and its own."""

    reference: str
    kind: Kind
    url: str
    visible: bool
    because: list[str]
    missing: list[str]


class Right(msgspec.Struct, frozen=True):
    """An act that one of the roles allows, with its German name."""

    right: str
    name: str


class Explanation(msgspec.Struct, frozen=True):
    """What a person may on a day: roles, circles of readers they belong to (`keys`), the thing asked for, and acts.

    What opens single things (being named, a meeting attended) is not in `keys`: it is told of a thing alone.
    """

    person: PersonNamed
    on: date
    roles: list[RoleHeld]
    keys: list[str]
    object: Thing | None
    rights: list[Right]


class Gate(msgspec.Struct, frozen=True):
    """One condition of a thing: the keys that would meet it, and those of them that the person has."""

    asked: list[str]
    opened: list[str]


class FoundThing(msgspec.Struct, frozen=True):
    """The thing as the statement finds it; `involved_until` is the person's last day as expert there."""

    reference: str
    kind: Kind
    url: str
    visible: bool
    gates: list[Gate]
    involved_until: date | None


class FoundPerson(PersonNamed, frozen=True):
    """The person with roles and keys of the day."""

    roles: list[RoleHeld]
    keys: list[str]


class RoleKeys(msgspec.Struct, frozen=True):
    """What a role alone opens, by `keys_on`."""

    role: str
    keys: list[str]


class Facts(msgspec.Struct, frozen=True):
    """What the statement finds: who can be chosen, what each role opens, and the person and the thing, if there are."""

    on: date
    people: list[PersonNamed]
    roles: list[RoleKeys]
    person: FoundPerson | None
    object: FoundThing | None


class KeptReply(msgspec.Struct, frozen=True):
    """One's answer to an invitation."""

    answer: str
    note: str
    way: str
    answered_at: datetime
    deputy_name: str | None


class KeptInvitation(msgspec.Struct, frozen=True):
    """A meeting that one was asked to, with everything one answered."""

    meeting: str
    date: Date
    invited_on: Date
    as_deputy: bool
    reminded_on: Date | None
    replies: list[KeptReply]


class KeptNaming(msgspec.Struct, frozen=True):
    """Somebody named oneself as their deputy."""

    meeting: str
    date: Date
    answered_at: datetime


class KeptChoice(msgspec.Struct, frozen=True):
    """What one said to a proposed day."""

    date: Date
    answer: str


class KeptPoll(msgspec.Struct, frozen=True):
    """A date poll that one was asked in."""

    title: str
    asked_on: Date
    answers: list[KeptChoice]


class KeptLink(msgspec.Struct, frozen=True):
    """A link in a mail by which one could answer; the link itself is not kept."""

    made_at: datetime
    revoked_at: datetime | None


class KeptFeed(msgspec.Struct, frozen=True):
    """An address of one's own calendar; the address itself is not kept."""

    made_on: Date
    revoked_on: Date | None
    last_used_on: Date | None


class KeptAnswers(msgspec.Struct, frozen=True):
    """What is kept about a person as somebody who is invited and asked; `id` is theirs."""

    id: UUID
    invitations: list[KeptInvitation]
    named_as_deputy: list[KeptNaming]
    polls: list[KeptPoll]
    answer_links: list[KeptLink]
    calendar_feeds: list[KeptFeed]
