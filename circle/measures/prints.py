"""The Vortragsvermerk: a report to the head of the house on paper, as tagged PDF."""

import asyncio
from datetime import date, datetime
from pathlib import Path
from typing import Any

import msgspec

from circle.core import auth, calendar, clock, printing

from . import rules
from .model import Report

_SOURCE = Path(__file__).parent / "printed" / "note.typ"
_AT_ONCE = asyncio.Semaphore(2)


class NotePrint(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that the note says. `issued_on` dates it."""

    house: str
    author: str
    issued_on: date
    occasion: str
    field: str
    reported_on: date
    state: str
    source: str
    text: str
    outcome: str
    draft: bool


def of(report: Report, card: bytes, now: datetime) -> NotePrint:
    """The note of a report as the person of `card` prints it at `now` (aware)."""
    me = auth.me(card)
    return NotePrint(
        house=me.authority_name, author=f"{me.title} {me.name}".strip(), issued_on=clock.day(now),
        occasion=report.occasion, field=rules.FIELDS[report.field], reported_on=report.reported_on,
        state=rules.REPORT_STATES[report.state], source=report.source, text=report.text, outcome=report.outcome,
        draft=report.state == "draft",
    )  # fmt: skip


async def in_thread(printed: NotePrint) -> bytes:
    """The PDF, set beside the event loop, two at a time. No transaction may be open meanwhile."""
    async with _AT_ONCE:
        return await asyncio.to_thread(note, printed)


def note(printed: NotePrint) -> bytes:
    """Return the note as PDF/A-2a and PDF/UA-1; equal input gives equal bytes."""
    content: dict[str, Any] = msgspec.to_builtins(printed) | {
        "reported_on_text": calendar.date_long(printed.reported_on),
        "issued_on_text": calendar.date_long(printed.issued_on),
    }
    return printing.render(_SOURCE, msgspec.json.encode(content))
