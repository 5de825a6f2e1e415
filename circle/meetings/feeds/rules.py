"""What stands in a calendar feed, in which words. Pure.

A calendar is read over many a shoulder and lies on servers of others: it says when, where and which meeting, and for the
rest there is the page behind the sign-in.
"""

import hashlib
import re
from collections.abc import Sequence
from datetime import UTC, date, datetime, time

from circle.core import ics
from circle.meetings import rules as meetings

from .model import Entry, Kind

MOST_FETCHES = 120
"""Fetches of one address in an hour: a few devices of one person that look every few minutes."""
CACHE = "private, no-cache"
OWN_NAME = "Koordinierungskreis: meine Termine"
CIRCLE_NAME = "Koordinierungskreis: Sitzungen"
EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
WORDS: dict[Kind, str] = {
    "meeting": "{title}",
    "hold": "Vormerkung: {title}",
    "submission": "Anmeldeschluss für {reference}",
    "objection": "Einwendungsfrist zur Niederschrift {reference}",
    "answer": "Terminabfrage beantworten",
}


def own_events(
    entries: Sequence[Entry], now: datetime, address: str, name: str, sender: str
) -> list[ics.Event]:
    """What one person's calendar shows. `address` is the service's, `name` and `sender` are the office's."""
    return [
        _event(
            one, now, name, sender, url=address + one.path,
            description="\n".join(filter(None, (one.reference, address + one.path))),
        )
        for one in entries
    ]  # fmt: skip


def circle_events(entries: Sequence[Entry], now: datetime, name: str, sender: str) -> list[ics.Event]:
    """What the calendar of the circle shows to whoever has its address: date, place and title of meetings."""
    return [_event(one, now, name, sender, url=None, description=None) for one in entries]


def _event(
    one: Entry, now: datetime, name: str, sender: str, *, url: str | None, description: str | None
) -> ics.Event:
    domain = sender.rpartition("@")[2]
    off = one.state == "cancelled"
    day = one.kind in ("submission", "objection", "answer")
    own = one.kind in ("meeting", "hold")
    summary = WORDS[one.kind].format(title=one.title, reference=one.reference)
    return ics.Event(
        # The name of an invitation or a hold in the mail, so that programs know them as one.
        uid=f"{one.id}@{domain}" if own else f"{one.kind}-{one.id}@{domain}", sequence=one.sequence,
        summary=f"Abgesagt: {summary}" if off else summary, starts=_at(one.date, one.start_local),
        ends=_at(one.date, one.end_local), stamp=now, zone=one.time_zone, location=_place(one.place),
        description=description, url=url, organizer_name=name, organizer_email=sender,
        status="CANCELLED" if off else "TENTATIVE" if _with_reserve(one) else "CONFIRMED", all_day=day,
        busy=not (off or day),
    )  # fmt: skip


def _with_reserve(one: Entry) -> bool:
    return one.kind == "hold" or (one.kind == "meeting" and one.state in meetings.BEFORE_INVITATION)


def _at(on: date, hour: str) -> datetime:
    return datetime.combine(on, time.fromisoformat(hour or "00:00"))


def _place(place: str) -> str | None:
    """The place; an address of an online room that somebody wrote there stays out."""
    return re.sub(r"\s*\S*://\S*", "", place).strip(" ,;") or None


def tag(file: bytes) -> str:
    """The ETag of a feed that was written with `EPOCH` for its stamp; weak, for what goes out bears the hour of the fetch."""
    return f'W/"{hashlib.sha256(file).hexdigest()[:32]}"'


def is_known(tag: str, asked: str) -> bool:
    """Whether the reader has this version already (If-None-Match, RFC 9110 13.1.2: compared weakly)."""
    return asked.strip() == "*" or tag.removeprefix("W/") in [
        one.strip().removeprefix("W/") for one in asked.split(",")
    ]
