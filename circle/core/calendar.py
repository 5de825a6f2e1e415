"""Working days in North Rhine-Westphalia, deadlines and the German words for dates. Pure: no clock, no database.

The rules are those of BGB §§ 187 to 193, as public law applies them: the day of the event does not count;
a period that ends on a Saturday, a Sunday or a public holiday in NRW ends on the next working day; it ends
at 24:00 Europe/Berlin. Rosenmontag, 24 and 31 December are working days. A latest day *before* an
appointment moves the other way, to the working day before, so that nobody's notice becomes shorter.
"""

from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from typing import Literal, get_args
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import holidays
import msgspec
from babel import dates

BERLIN = "Europe/Berlin"
FIRST_YEAR, LAST_YEAR = 2000, 2100
LONGEST = 3660

Kind = Literal["working_days", "weeks", "days", "clear_days_before", "days_before"]

_DAY = timedelta(days=1)
_SATURDAY = 5


class DeadlineError(ValueError):
    """A deadline cannot be worked out; the text is German and meant for the person who asked."""


class LocalTimeError(ValueError):
    """A local date or time is malformed or does not exist; the text is German and meant for the person."""


class Deadline(msgspec.Struct, frozen=True):
    """Where a period ends.

    `on` is the last day in Europe/Berlin, for the kinds `…_before` the latest day; `ends_at_utc` is 24:00
    Europe/Berlin of that day as an instant in UTC; `steps` tells in German how the day came about.
    """

    on: date
    ends_at_utc: datetime
    steps: list[str]


def deadline(kind: str, start: date, value: int) -> Deadline:
    """Work out the deadline of `kind` that `start` sets off, `value` days, working days or weeks away.

    `working_days`, `weeks` and `days` count forward from the event `start`. `clear_days_before` counts back
    from a meeting on `start` so that `value` whole days lie between; `days_before` counts back `value` days.
    Raises DeadlineError for an unknown kind, a value outside 0 to 3660 or a year outside 2000 to 2100.
    """
    if kind not in get_args(Kind):
        raise DeadlineError(f"Diese Art von Frist gibt es nicht. Möglich sind: {', '.join(get_args(Kind))}.")
    if not 0 <= value <= LONGEST:
        raise DeadlineError(f"Bitte geben Sie eine Dauer von 0 bis {LONGEST} an.")
    _check_year(start)
    steps: list[str] = []
    if kind in ("clear_days_before", "days_before"):
        on = _count_back(kind, start, value, steps)
        steps.append(f"Spätester Tag: {date_long(on)}, bis 24:00 Uhr.")
    else:
        on = _count_forward(kind, start, value, steps)
        steps.append(f"Die Frist endet am {date_long(on)} um 24:00 Uhr.")
    return Deadline(on=on, ends_at_utc=end_of_day(on), steps=steps)


def end_of_day(day: date, zone: str = BERLIN) -> datetime:
    """Return 24:00 of `day` in `zone`, as an instant in UTC."""
    return datetime.combine(day + _DAY, time(), ZoneInfo(zone)).astimezone(UTC)


def holiday_name(day: date) -> str | None:
    """Return the German name of the public holiday in NRW on `day`, or None."""
    return _holidays(day.year).get(day)


def school_holiday_name(day: date) -> str | None:
    """Return the German name of the school holidays in NRW on `day`, or None. They are a warning and move nothing."""
    return _school_holidays(day.year).get(day)


def knows_school_holidays(year: int) -> bool:
    """Say whether the school holidays of a whole year are known: the ministers of education set them years ahead."""
    return date(year, 12, 28) in _school_holidays(year)


def is_working_day(day: date) -> bool:
    """Say whether `day` is a Monday to Friday that is no public holiday in NRW."""
    return day.weekday() < _SATURDAY and holiday_name(day) is None


def add_working_days(start: date, value: int) -> date:
    """Return the day `value` working days after `start` (before it if negative), which itself does not count.

    With 0 it is `start`, or the next working day if `start` is none. Raises DeadlineError beyond 2000 to 2100.
    """
    if value == 0:
        return _next_working_day(start, _DAY, [])
    step = _DAY if value > 0 else -_DAY
    day = start
    for _ in range(abs(value)):
        day = _next_working_day(_move(day, step), step, [])
    return day


def parse_local(day: date | str, at: time | str, zone: str = BERLIN) -> datetime:
    """Return the aware time of `day` and `at` (objects or ISO texts) in `zone`.

    Raises LocalTimeError for malformed texts, unknown zones, years outside 2000 to 2100, and for times that
    the change to summer time skips. When the clocks go back, a time exists twice: the first one is taken.
    """
    local = datetime.combine(_day(day), _time(at), _zone(zone))
    if local.astimezone(UTC).astimezone(local.tzinfo).replace(tzinfo=None) != local.replace(tzinfo=None):
        raise LocalTimeError(
            f"Am {date_short(local.date())} gibt es die Uhrzeit {time_text(local)} nicht, weil die Uhr auf "
            "Sommerzeit springt. Bitte wählen Sie eine andere Uhrzeit."
        )
    return local


def date_long(day: date) -> str:
    """Return for example „Mittwoch, 4. November 2026“."""
    return dates.format_date(day, "EEEE, d. MMMM y", locale="de")


def date_short(day: date) -> str:
    """Return for example „04.11.2026“."""
    return dates.format_date(day, "dd.MM.y", locale="de")


def time_text(at: time | datetime) -> str:
    """Return for example „10:00 Uhr“, in the zone that `at` carries."""
    return f"{at:%H:%M} Uhr"


def _count_forward(kind: str, start: date, value: int, steps: list[str]) -> date:
    steps.append(f"Der Tag des Ereignisses, {date_long(start)}, zählt nicht mit.")
    if kind == "working_days":
        day = start
        for _ in range(value):
            day = _next_working_day(_move(day, _DAY), _DAY, steps)
        return _next_working_day(day, _DAY, steps)
    raw = _move(start, value * (timedelta(weeks=1) if kind == "weeks" else _DAY))
    steps.append(f"{_amount(kind, value)} später ist {date_long(raw)}.")
    return _next_working_day(raw, _DAY, steps)


def _count_back(kind: str, start: date, value: int, steps: list[str]) -> date:
    if kind == "clear_days_before":
        steps.append(f"Der Tag der Sitzung, {date_long(start)}, und der Tag des Versands zählen nicht mit.")
        raw = _move(start, -(value + 1) * _DAY)
        steps.append(f"Mit {_amount('clear_days', value)} dazwischen bleibt {date_long(raw)}.")
    else:
        raw = _move(start, -value * _DAY)
        steps.append(f"{_amount(kind, value)} vor {date_long(start)} ist {date_long(raw)}.")
    return _next_working_day(raw, -_DAY, steps)


def _next_working_day(day: date, step: timedelta, steps: list[str]) -> date:
    """Go from `day` by `step` until a working day is met, and write down each day that is left out."""
    while not is_working_day(day):
        name = holiday_name(day)
        steps.append(f"{date_long(day)} zählt nicht: {name or 'Wochenende'}.")
        day = _move(day, step)
    return day


def _move(day: date, by: timedelta) -> date:
    try:
        moved = day + by
    except OverflowError:
        raise DeadlineError(_OUTSIDE) from None
    _check_year(moved)
    return moved


_OUTSIDE = f"Fristen werden nur für die Jahre {FIRST_YEAR} bis {LAST_YEAR} berechnet."


def _check_year(day: date) -> None:
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise DeadlineError(_OUTSIDE)


_AMOUNTS = {
    "weeks": ("1 Woche", "Wochen"),
    "days": ("1 Tag", "Tage"),
    "days_before": ("1 Tag", "Tage"),
    "clear_days": ("einem vollen Tag", "vollen Tagen"),
}


def _amount(kind: str, value: int) -> str:
    one, many = _AMOUNTS[kind]
    return one if value == 1 else f"{value} {many}"


@cache
def _holidays(year: int) -> dict[date, str]:
    return dict(holidays.country_holidays("DE", subdiv="NW", language="de", years=year))


@cache
def _school_holidays(year: int) -> dict[date, str]:
    return dict(
        holidays.country_holidays("DE", subdiv="NW", language="de", years=year, categories=("school",))
    )


def _day(day: date | str) -> date:
    if isinstance(day, str):
        try:
            day = date.fromisoformat(day)
        except ValueError:
            raise LocalTimeError(
                "Bitte geben Sie ein Datum an, das es gibt, zum Beispiel 04.11.2026."
            ) from None
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise LocalTimeError(f"Bitte geben Sie ein Datum von {FIRST_YEAR} bis {LAST_YEAR} an.")
    return day


def _time(at: time | str) -> time:
    if isinstance(at, str):
        try:
            at = time.fromisoformat(at)
        except ValueError:
            raise LocalTimeError(
                "Bitte geben Sie eine Uhrzeit an, die es gibt, zum Beispiel 10:00."
            ) from None
    if at.tzinfo is not None:
        raise LocalTimeError("Bitte geben Sie die Uhrzeit ohne Zeitzone an.")
    return at.replace(fold=0)


def _zone(zone: str) -> ZoneInfo:
    try:
        return ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise LocalTimeError("Diese Zeitzone ist nicht bekannt. Üblich ist Europe/Berlin.") from None
