"""The call for agenda items as it goes out, and what comes in."""

from datetime import date as Date
from uuid import UUID

import msgspec

from circle.core.calendar import Deadline
from circle.core.fields import Text
from circle.distribution.model import Preview


class NewCall(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the letter says besides. `again` sends it once more, when it went out before."""

    note: Text = ""
    again: bool = False


class Call(msgspec.Struct, frozen=True):
    """A call that went out."""

    number: int
    sent_on: Date
    dispatch_id: UUID


class CallPreview(msgspec.Struct, frozen=True):
    """Exactly what would go out now and who gets what of it; `calls` went out before."""

    subject: str
    text: str
    submission: Deadline
    calls: list[Call]
    recipients: list[Preview]


class Stored(msgspec.Struct, frozen=True):
    """What a meeting keeps that a call is about; without a deadline of its own that of its procedure counts."""

    submission: Deadline | None
    calls: list[Call]
