"""Calendar files (RFC 5545): one appointment for a mail, or several for a feed. Pure, no clock.

Times are local in Europe/Berlin and carry the zone's own rules, so that an appointment stays at ten o'clock
whatever the reading program knows about zones. Appointments in other zones are written in UTC.
"""

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Literal

import msgspec

from circle.core import calendar, mail

Method = Literal["REQUEST", "CANCEL", "PUBLISH"]
Status = Literal["CONFIRMED", "TENTATIVE", "CANCELLED"]

# The rules of the European Union since 1996: last Sunday of March and of October, 01:00 UTC.
_BERLIN = """BEGIN:VTIMEZONE
TZID:Europe/Berlin
BEGIN:DAYLIGHT
TZNAME:CEST
TZOFFSETFROM:+0100
TZOFFSETTO:+0200
DTSTART:19960331T020000
RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU
END:DAYLIGHT
BEGIN:STANDARD
TZNAME:CET
TZOFFSETFROM:+0200
TZOFFSETTO:+0100
DTSTART:19961027T030000
RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU
END:STANDARD
END:VTIMEZONE""".splitlines()

_OCTETS = 75
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """One appointment.

    `starts` and `ends` are naive local times in `zone`; `stamp` is the aware time of this version, whose
    number is `sequence`; `uid` stays the same for the whole life of the appointment. Who is asked is added to each
    recipient's copy: see `addressed`.
    """

    uid: str
    sequence: int
    summary: str
    starts: datetime
    ends: datetime
    stamp: datetime
    zone: str = calendar.BERLIN
    location: str | None = None
    description: str | None = None
    url: str | None = None
    organizer_name: str | None = None
    organizer_email: str | None = None
    status: Status = "CONFIRMED"
    all_day: bool = False
    """A day without hours, such as the last one of a period: of `starts` and `ends` the days count, both included."""
    busy: bool = True
    """Whether the time is taken (TRANSP). What is tentative takes it with reserve."""


def event(one: Event, method: Method = "REQUEST") -> bytes:
    """Return the calendar file that asks to, tells of or (CANCEL) calls off one appointment.

    Raises calendar.LocalTimeError for local times that do not exist, mail.HeaderError for bad addresses and
    ValueError for an end before the start, a naive stamp, or REQUEST and CANCEL without organizer.
    """
    if method != "PUBLISH" and one.organizer_email is None:
        raise ValueError("Eine Einladung im Kalender braucht eine einladende Stelle mit E-Mail-Adresse.")
    return _file([one], method, None)


def addressed(file: bytes, name: str, address: str) -> bytes:
    """Return one recipient's copy of a calendar file of `event`: they are its only ATTENDEE (RFC 5546 3.2.2, 3.2.5).

    Nobody learns from it who else is asked. A published appointment asks nobody (RFC 5546 3.2.1) and stays as it is.
    Raises mail.HeaderError for a bad address.
    """
    if b"\r\nMETHOD:PUBLISH\r\n" in file:
        return file
    asked = ";RSVP=TRUE" if b"\r\nMETHOD:REQUEST\r\n" in file else ""
    line = fold(
        f"ATTENDEE{_name(name)};CUTYPE=INDIVIDUAL;ROLE=REQ-PARTICIPANT;PARTSTAT=NEEDS-ACTION"
        f"{asked}:mailto:{mail.check_address(address)}"
    )
    return file.replace(b"\r\nEND:VEVENT\r\n", b"\r\n" + line.encode() + b"END:VEVENT\r\n")


def feed(events: Sequence[Event], name: str, hours: int = 4) -> bytes:
    """Return the calendar file of a feed that programs subscribe to, shown there as `name`; may be empty.

    `hours` is how often they had better look again (RFC 7986 5.7, and the older name for the same). The time zone is
    always told: a file without any component would be none (RFC 5545 3.6).
    """
    return _file(events, "PUBLISH", name, hours)


def _file(events: Sequence[Event], method: Method, name: str | None, hours: int = 0) -> bytes:
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Koordinierungskreis//Circle//DE"]
    lines += ["CALSCALE:GREGORIAN", f"METHOD:{method}"]
    if name is not None:
        lines += [f"NAME:{escape(name)}", f"X-WR-CALNAME:{escape(name)}", f"X-WR-TIMEZONE:{calendar.BERLIN}"]
        lines += [f"REFRESH-INTERVAL;VALUE=DURATION:PT{hours}H", f"X-PUBLISHED-TTL:PT{hours}H"]
    if name is not None or any(e.zone == calendar.BERLIN for e in events):
        lines += _BERLIN
    for e in events:
        lines += _event(e, method)
    lines.append("END:VCALENDAR")
    return "".join(fold(line) for line in lines).encode()


def _event(e: Event, method: Method) -> Iterable[str]:
    times = list(_days(e) if e.all_day else _hours(e))
    if e.stamp.tzinfo is None:
        raise ValueError("Der Zeitpunkt der Fassung braucht eine Zeitzone.")
    yield "BEGIN:VEVENT"
    yield f"UID:{escape(e.uid)}"
    yield f"SEQUENCE:{e.sequence}"
    yield f"DTSTAMP:{_utc(e.stamp)}"
    yield f"LAST-MODIFIED:{_utc(e.stamp)}"
    yield from times
    yield f"SUMMARY:{escape(e.summary)}"
    if e.location:
        yield f"LOCATION:{escape(e.location)}"
    if e.description:
        yield f"DESCRIPTION:{escape(e.description)}"
    if e.url:
        yield f"URL:{_link(e.url)}"
    if e.organizer_email:
        yield f"ORGANIZER{_name(e.organizer_name)}:mailto:{mail.check_address(e.organizer_email)}"
    yield f"STATUS:{'CANCELLED' if method == 'CANCEL' else e.status}"
    yield f"TRANSP:{'OPAQUE' if e.busy else 'TRANSPARENT'}"
    yield "END:VEVENT"


def _hours(e: Event) -> Iterable[str]:
    starts = calendar.parse_local(e.starts.date(), e.starts.timetz(), e.zone)
    ends = calendar.parse_local(e.ends.date(), e.ends.timetz(), e.zone)
    if ends.astimezone(UTC) <= starts.astimezone(UTC):
        raise ValueError("Das Ende eines Termins muss nach seinem Beginn liegen.")
    yield _when("DTSTART", starts, e.zone)
    yield _when("DTEND", ends, e.zone)


def _days(e: Event) -> Iterable[str]:
    """Whole days; the end is the day after the last one (RFC 5545 3.6.1)."""
    if e.ends.date() < e.starts.date():
        raise ValueError("Das Ende eines Termins muss nach seinem Beginn liegen.")
    yield f"DTSTART;VALUE=DATE:{e.starts:%Y%m%d}"
    yield f"DTEND;VALUE=DATE:{e.ends + timedelta(days=1):%Y%m%d}"


def _when(name: str, at: datetime, zone: str) -> str:
    if zone == calendar.BERLIN:
        return f"{name};TZID={zone}:{at:%Y%m%dT%H%M%S}"
    return f"{name}:{_utc(at)}"


def _utc(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def escape(text: str) -> str:
    """Write text as a value (RFC 5545 3.3.11, the same in RFC 6350 3.4); control characters go."""
    text = _CONTROLS.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
    for sign in "\\;,":
        text = text.replace(sign, "\\" + sign)
    return text.replace("\n", "\\n")


def _name(name: str | None) -> str:
    """Write a name as parameter CN; RFC 6868 says how quotes, line breaks and carets are written there."""
    if not name:
        return ""
    text = _CONTROLS.sub("", name).replace("^", "^^").replace("\n", "^n").replace('"', "^'")
    return f';CN="{text}"'


def _link(url: str) -> str:
    if not re.fullmatch(r"https?://[!-~]+", url):
        raise ValueError(
            "Die Adresse der Seite muss mit https:// beginnen und darf keine Leerzeichen enthalten."
        )
    return url


def fold(line: str) -> str:
    """Break a line so that none is longer than 75 octets, and no character is cut (RFC 5545 3.1)."""
    parts, part, size = [], "", 0
    for sign in line:
        octets = len(sign.encode())
        if size + octets > _OCTETS:
            parts.append(part)
            part, size = " ", 1
        part += sign
        size += octets
    return "\r\n".join([*parts, part]) + "\r\n"
