"""Rules of date polls, and the words of their letters. Pure."""

from collections.abc import Sequence
from datetime import date, datetime

from circle.core import calendar, errors, ics
from circle.meetings import rules as meetings

from .model import Hold, NewPoll, NewPollDate, PollAnswer, PollDate, StoredPoll

ANSWERS = {"yes": "ja", "if_needed": "notfalls", "no": "nein"}
TONES = {"yes": "success", "if_needed": "warning", "no": "danger"}
STATES = {"open": "offen", "fixed": "Tag festgelegt", "closed": "ohne Ergebnis beendet"}


def require_poll(new: NewPoll, today: date) -> None:
    """Raises Invalid at the fields for days that are past, doubled or have no such hour, and a last day behind them."""
    wrong: dict[str, str] = {}
    seen: set[tuple[date, str]] = set()
    for n, one in enumerate(new.dates):
        try:
            meetings.require_times(one.date, one.start_local, one.end_local, today)
        except errors.Invalid as error:
            wrong |= {f"dates.{n}.{name}": text for name, text in error.fields.items()}
            continue
        if (one.date, one.start_local[:5]) in seen:
            wrong[f"dates.{n}.date"] = "Dieser Termin steht in der Liste zweimal."
        seen.add((one.date, one.start_local[:5]))
    if new.answer_until < today:
        wrong["answer_until"] = "Dieser Tag ist schon vorbei."
    elif new.answer_until >= min(one.date for one in new.dates):
        wrong["answer_until"] = "Bitte wählen Sie einen Tag vor dem ersten vorgeschlagenen Termin."
    if wrong:
        raise errors.Invalid("Bitte prüfen Sie die Terminabfrage.", fields=wrong)


def require_open(poll: StoredPoll) -> None:
    """Raises Conflict once a day is fixed or the poll was closed."""
    if poll.state != "open":
        raise errors.Conflict(f"Diese Terminabfrage ist nicht mehr offen: {STATES[poll.state]}.")


def is_open(state: str, answer_until: date, today: date) -> bool:
    """Whether one may answer: until the end of the last day, unless a day was fixed or the poll closed before."""
    return state == "open" and today <= answer_until


def require_answer(poll: StoredPoll, given: PollAnswer, today: date) -> None:
    """Raises Conflict after the last day, Invalid unless each day is answered once."""
    require_open(poll)
    if today > poll.answer_until:
        raise errors.Conflict(
            f"Antworten waren bis zum {calendar.date_short(poll.answer_until)} möglich. Bitte sprechen Sie die "
            "Geschäftsstelle an."
        )
    wanted, numbers = set(range(1, len(poll.dates) + 1)), [one.number for one in given.answers]
    if len(numbers) != len(set(numbers)) or not set(numbers) <= wanted:
        raise errors.Invalid(
            "Zu jedem Termin gehört eine Antwort.", fields={"answers": "Bitte jeden Termin einmal nennen."}
        )
    if missing := wanted - set(numbers):
        raise errors.Invalid(
            "Zu jedem Termin gehört eine Antwort.",
            fields={f"answer_{n}": "Bitte wählen Sie ja, notfalls oder nein." for n in sorted(missing)},
        )


def best(dates: Sequence[PollDate]) -> list[int]:
    """The numbers of the days that suit best: whom they suit counts first, then whom they suit if needed. None without a yes."""
    most = max(((one.yes, one.if_needed) for one in dates), default=(0, 0))
    return [one.number for one in dates if (one.yes, one.if_needed) == most and one.yes]


def words(one: NewPollDate) -> str:
    """A proposed day, as letters and lists name it."""
    return f"{calendar.date_long(one.date)}, {one.start_local[:5]} bis {one.end_local[:5]} Uhr"


def asking(title: str, dates: Sequence[NewPollDate], until: date, note: str) -> tuple[str, str]:
    """Subject and text to everybody who is asked."""
    days = "\n".join(f"- {words(one)}" for one in dates)
    return (
        f"Welcher Termin passt Ihnen? {title}"[:250],
        f"für „{title}“ suchen wir einen Termin. Vorgeschlagen sind:\n\n{days}\n\n"
        f"Bitte antworten Sie bis zum {calendar.date_long(until)}. Zu jedem Termin liegt eine Vormerkung für Ihren "
        "Kalender bei." + (f"\n\n{note.strip()}" if note.strip() else ""),
    )


def fixed(title: str, one: NewPollDate, reference: str) -> tuple[str, str]:
    """Subject and text to the same people when a day is fixed."""
    return (
        f"Termin steht fest: {calendar.date_short(one.date)}, {title}"[:250],
        f"der Termin für „{title}“ steht fest:\n\n{words(one)}\n\nDie Sitzung hat die Nummer {reference}. "
        "Eine Einladung mit Tagesordnung folgt; bis dahin bleibt der Tag vorgemerkt. Die anderen Tage sind wieder frei. "
        "Die Absagen für Ihren Kalender liegen bei.",
    )


def closed(title: str) -> tuple[str, str]:
    """Subject and text to the same people when no day was found."""
    return (
        f"Kein Termin: {title}"[:250],
        f"die Terminabfrage für „{title}“ ist ohne Ergebnis beendet. Alle vorgemerkten Tage sind wieder frei. Die Absagen "
        "für Ihren Kalender liegen bei.",
    )


def hold(one: Hold, now: datetime, address: str, name: str, sender: str) -> ics.Event:
    """A proposed day as calendars keep it: with reserve, under the name that a meeting on that day would have.

    It is published and asks nothing (RFC 5546 3.2.1): the answer is given in the poll. `address` is the service's, `name`
    and `sender` are the office's.
    """
    return ics.Event(
        uid=f"{one.calendar_id}@{sender.rpartition('@')[2]}", sequence=int(one.off), summary=f"Vormerkung: {one.title}",
        starts=datetime.combine(one.date, one.start_local), ends=datetime.combine(one.date, one.end_local), stamp=now,
        location=one.place or None, description="Vorgeschlagener Termin. Noch steht kein Tag fest.",
        url=f"{address}/terminabfragen/{one.poll_id}", organizer_name=name, organizer_email=sender, status="TENTATIVE",
    )  # fmt: skip
