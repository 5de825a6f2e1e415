"""Tasks as they go out, and what comes in."""

from datetime import date
from typing import Literal
from uuid import UUID

import msgspec

from circle.core.fields import Day, Line, OptionalLine

Status = Literal["open", "accepted", "done", "declined"]


class Task(msgspec.Struct, frozen=True):
    """A task (Arbeitsauftrag): who does what by when. It binds only whoever accepted it (decree Nr. 6).

    `resubmission_on` is the day on which the matter comes back to the desk (Wiedervorlage); `source` names the
    agenda item it came from, such as KK-2026-5/TOP-6; `overdue` is judged by the office's day of the read.
    """

    id: UUID
    reference: str
    title: str
    owner_id: UUID
    owner_name: str
    due: date | None
    resubmission_on: date | None
    item_id: UUID | None
    source: str
    meeting_reference: str | None
    status: Status
    overdue: bool
    confidential: bool
    accepted_by: UUID | None
    accepted_on: date | None
    declined_reason: str
    done_on: date | None
    created_by: UUID | None
    created_by_name: str | None
    handed_over_from_name: str | None
    handed_over_on: date | None
    """When it came with the office, and from whom (Nachfolge)."""


class NewTask(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is asked of whom. `item_id` is the agenda item it follows from; the item's level goes over to the task."""

    title: Line
    owner_id: UUID
    due: Day | None = None
    resubmission_on: Day | None = None
    item_id: UUID | None = None


class TaskChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Only what is named changes. Another `owner_id` opens the task again, because nobody accepts for somebody else."""

    title: Line | msgspec.UnsetType = msgspec.UNSET
    owner_id: UUID | msgspec.UnsetType = msgspec.UNSET
    due: Day | msgspec.UnsetType | None = msgspec.UNSET
    resubmission_on: Day | msgspec.UnsetType | None = msgspec.UNSET


class Refusal(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why a task is declined."""

    reason: OptionalLine = ""
