"""What a calendar program answers by mail (RFC 5546 3.2.3), read from bytes that anybody may have sent. Pure.

Fit to be told are the refusal's reason and nothing else: no subject, no address, no text of the mail.
"""

import email
import re
from collections.abc import Iterator
from datetime import datetime
from email import policy
from email.message import EmailMessage
from typing import Any, Literal

import icalendar
import msgspec

Reason = Literal[
    "too_large", "unreadable", "no_calendar", "not_a_reply", "no_answer", "foreign_sender", "unknown_meeting",
    "other_sequence", "not_invited", "closed", "older",
]  # fmt: skip
MAIL_LIMIT, CALENDAR_LIMIT = 512 * 1024, 64 * 1024
MOST_PARTS = 50
ANSWERS: dict[str, Literal["accepted", "declined", "tentative"]] = {
    "ACCEPTED": "accepted",
    "DECLINED": "declined",
    "TENTATIVE": "tentative",
}


class Refused(Exception):
    """A mail that is no answer to one of our invitations, by its reason."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason)
        self.reason: Reason = reason


class CalendarReply(msgspec.Struct, frozen=True):
    """The answer of one address to one appointment, of which it has seen the version `sequence`.

    `stamp` is when it was given (aware), by the sender's clock.
    """

    uid: str
    sequence: int
    address: str
    answer: Literal["accepted", "declined", "tentative"]
    stamp: datetime
    comment: str


def read(raw: bytes) -> CalendarReply:
    """The one answer in a mail. Raises Refused.

    The sender must be the attendee, so that nobody answers for somebody else. That a sender's address is genuine is for
    the mail server to say (SPF, DKIM, DMARC).
    """
    if len(raw) > MAIL_LIMIT:
        raise Refused("too_large")
    try:
        message = email.message_from_bytes(raw, policy=policy.default)
        content = next(_calendars(message), None)
        if content is None:
            raise Refused("no_calendar")
        if len(content) > CALENDAR_LIMIT:
            raise Refused("too_large")
        found = _answer(icalendar.Calendar.from_ical(content))
        sender = _sender(message)
    except Refused:
        raise
    except Exception as error:  # Whatever strangers make the parsers stumble over is their mail's fault.
        raise Refused("unreadable") from error
    if sender != found.address or not re.fullmatch(r"[^\s\x00-\x1f\x7f\ud800-\udfff]{3,254}", sender):
        raise Refused("foreign_sender")
    return found


def _sender(message: EmailMessage) -> str:
    heads = message.get_all("from", [])
    if len(heads) != 1 or len(heads[0].addresses) != 1:
        raise Refused("foreign_sender")
    return str(heads[0].addresses[0].addr_spec).lower()


def _calendars(message: EmailMessage) -> Iterator[str]:
    """The calendar files of a mail, those to be shown before those attached. Mails that are attached stay shut."""
    waiting: list[Any] = [message]
    attached: list[str] = []
    for part in waiting:
        if len(waiting) > MOST_PARTS:
            raise Refused("unreadable")
        kind = part.get_content_type()
        if part.get_content_maintype() == "multipart":
            waiting += part.get_payload()
        elif kind in ("text/calendar", "application/ics"):
            content = _decoded(part.get_payload(decode=True), part.get_content_charset("utf-8"))
            if kind == "text/calendar":
                yield content
            else:
                attached.append(content)
    yield from attached


def _decoded(content: bytes, charset: str) -> str:
    """The text, in the letters of the West when it is not in those that it names: mail programs err that way."""
    try:
        return content.decode(charset)
    except UnicodeDecodeError:
        return content.decode("cp1252", "replace")


def _answer(calendar: icalendar.Component) -> CalendarReply:
    if calendar.name != "VCALENDAR" or str(calendar.get("METHOD", "")).upper() != "REPLY":
        raise Refused("not_a_reply")
    events = [part for part in calendar.subcomponents if part.name == "VEVENT"]
    if len(events) != 1 or {"RECURRENCE-ID", "RRULE", "RDATE"} & events[0].keys():
        raise Refused("not_a_reply")
    event: Any = events[0]
    attendee, sequence = event.get("ATTENDEE"), event.get("SEQUENCE", 0)
    if isinstance(attendee, list) or not str(attendee or "").lower().startswith("mailto:"):
        raise Refused("not_a_reply")
    answer = ANSWERS.get(str(attendee.params.get("PARTSTAT", "")).upper())
    if answer is None:
        raise Refused("no_answer")
    stamp = event["DTSTAMP"].dt
    if not isinstance(sequence, int) or not isinstance(stamp, datetime) or stamp.tzinfo is None:
        raise Refused("unreadable")
    return CalendarReply(
        str(event["UID"])[:300], sequence, str(attendee)[7:].strip().lower(), answer, stamp, _comment(event)
    )


def _comment(event: Any) -> str:
    """What was written beside the answer, in one line without controls."""
    comment = event.get("COMMENT", "")
    first = comment[0] if isinstance(comment, list) else comment
    return " ".join(
        re.sub(r"[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]", " ", str(first)).split()
    )[:500]
