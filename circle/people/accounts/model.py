"""Accounts as they go out, and what comes in."""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

import msgspec

from circle.core.fields import Day, Email, Line, OptionalLine
from circle.people.model import Password

Role = Literal[
    "circle_office", "circle_moderator", "kfi_head", "kfi_expert", "knowledge_editor", "quality_reviewer",
    "release_approver", "assistant", "regional_staff", "ministry_observer", "municipal_contact", "partner",
    "records_manager", "data_protection_officer", "technical_admin", "former_commissioner",
]  # fmt: skip
"""What can be granted. Commissioner and deputy follow from an appointment (domain rules 3.2)."""
Roles = Annotated[list[Role], msgspec.Meta(max_length=20)]
State = Literal["active", "invited", "no_access", "inactive"]


class Grant(msgspec.Struct, frozen=True):
    """A role and its days; no end is for good, and an end before the begin is one at once on the first day."""

    role: Role
    valid_from: date
    valid_to: date | None


class Account(msgspec.Struct, frozen=True):
    """An account for whoever keeps it. `roles` are those of today, with what follows from an appointment;
    `pending_email` waits for a second person."""

    id: UUID
    title: str
    name: str
    function: str
    email: str
    phone: str
    authority_id: UUID
    authority_name: str
    revision: int
    state: State
    roles: list[str]
    grants: list[Grant]
    invited_at: datetime | None
    invitation_failure: str
    pending_email: str | None = None
    pending_by_name: str | None = None


class NewAccount(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A person to enter; the roles are theirs from today."""

    name: Line
    email: Email
    authority_id: UUID
    title: OptionalLine = ""
    function: OptionalLine = ""
    phone: OptionalLine = ""
    roles: Roles = []


class AccountChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is to be different; what is left out stays."""

    name: Line | msgspec.UnsetType = msgspec.UNSET
    email: Email | msgspec.UnsetType = msgspec.UNSET
    authority_id: UUID | msgspec.UnsetType = msgspec.UNSET
    title: OptionalLine | msgspec.UnsetType = msgspec.UNSET
    function: OptionalLine | msgspec.UnsetType = msgspec.UNSET
    phone: OptionalLine | msgspec.UnsetType = msgspec.UNSET


class NewGrant(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A role to grant; from today when no day is named."""

    role: Role
    valid_from: Day | None = None
    valid_to: Day | None = None


class GrantEnd(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The last day of a role; none ends it at once."""

    role: Role
    last_day: Day | None = None


class PasswordChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The present password and the one to come."""

    old: Password
    new: Password


class PasswordRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whose password is forgotten."""

    email: Email


class OpenSession(msgspec.Struct, frozen=True):
    """One of the caller's own sessions; `current` is the one that asks."""

    id: UUID
    kind: Literal["cookie", "bearer"]
    device: str
    signed_in_at: datetime
    last_seen: datetime
    current: bool
