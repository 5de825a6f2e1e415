"""Which days a pattern means, what speaks against a day, and where things stand in the drawing of a year. Pure."""

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from typing import Any

import msgspec

from circle.core import calendar, errors
from circle.meetings import rules as meetings
from circle.meetings.procedure import rules as procedure

from .model import LAST, Pattern, Proposal, SeriesMeeting, YearMeeting

MONTHS = (
    "Januar", "Februar", "März", "April", "Mai", "Juni", "Juli", "August", "September", "Oktober", "November", "Dezember",
)  # fmt: skip
WEEKDAYS = ("Montag", "Dienstag", "Mittwoch", "Donnerstag", "Freitag")
NTH = {1: "erster", 2: "zweiter", 3: "dritter", 4: "vierter", LAST: "letzter"}
SHAPES = {
    "planned": "ring",
    "agenda_open": "target",
    "invited": "diamond",
    "running": "disc",
    "held": "disc",
    "minutes_draft": "disc",
    "minutes_approved": "square",
    "filed": "square",
    "cancelled": "cross",
    "moved": "cross",
}
"""State → the shape that stands for it, because colour alone says nothing."""
SHAPE_WORDS = {
    "ring": "geplant",
    "target": "in Vorbereitung",
    "diamond": "eingeladen",
    "disc": "läuft oder gehalten",
    "square": "Niederschrift genehmigt",
    "cross": "abgesagt oder verlegt",
}
MARKS = {"agenda_submission": "open", "invitation_latest": "full"}
_LEFT, _WIDTH = 11.0, 89.0
"""The part of a line that its name takes, and that of the days, in percent."""


class Mark(msgspec.Struct, frozen=True):
    """Something in a line of the drawing: where it stands (percent), its shape, its words, and where it leads."""

    x: float
    day: int
    shape: str
    words: str
    href: str = ""


class Shade(msgspec.Struct, frozen=True):
    """Days in a row of one kind (`school`, `holiday`), in percent."""

    x: float
    width: float
    kind: str
    words: str


class MonthLine(msgspec.Struct, frozen=True):
    """One month of the drawing."""

    name: str
    width: float
    shades: list[Shade]
    marks: list[Mark]
    dots: list[Mark]


def nth_day(year: int, month: int, weekday: int, nth: int) -> date:
    """The n-th (5: the last) Monday (1) to Friday (5) of a month."""
    if nth == LAST:
        end = date(year + month // 12, month % 12 + 1, 1) - timedelta(days=1)
        return end - timedelta(days=(end.isoweekday() - weekday) % 7)
    first = date(year, month, 1)
    return first + timedelta(days=(weekday - first.isoweekday()) % 7 + 7 * (nth - 1))


def suitable(day: date, *, earlier: bool) -> tuple[date, str]:
    """The day itself, or the working day next to a holiday, and why. It stays in its year."""
    if calendar.is_working_day(day):
        return day, ""
    step = timedelta(days=-1 if earlier else 1)
    found = day
    while not calendar.is_working_day(found) or found.year != day.year:
        found += step
        if found.year != day.year:
            found, step = day, -step
    name = calendar.holiday_name(day) or "Wochenende"
    return found, f"{calendar.date_long(day)} ist kein Arbeitstag ({name})."


def days(pattern: Pattern) -> list[tuple[SeriesMeeting, str]]:
    """The meetings that a pattern means, each with the holiday it was moved from, in order. Raises Invalid for twice the
    same month or place in it."""
    for name in ("months", "nth"):
        chosen = getattr(pattern, name)
        if len(set(chosen)) < len(chosen):
            raise errors.Invalid(
                "Bitte prüfen Sie das Muster.", fields={f"pattern.{name}": "Das steht zweimal da."}
            )
    found: dict[date, tuple[SeriesMeeting, str]] = {}
    for month in sorted(pattern.months):
        for nth in sorted(pattern.nth):
            on, moved = suitable(nth_day(pattern.year, month, pattern.weekday, nth), earlier=pattern.earlier)
            title = pattern.title.replace("{monat}", MONTHS[month - 1]).replace("{jahr}", str(pattern.year))
            # The fourth one is often the last one too: then it is meant once.
            found.setdefault(
                on,
                (
                    SeriesMeeting(
                        on, pattern.start_local, pattern.end_local, pattern.mode, title, pattern.place, pattern.link
                    ),
                    moved,
                ),
            )  # fmt: skip
    return [found[on] for on in sorted(found)]


def judge(
    wanted: Iterable[tuple[SeriesMeeting, str]],
    taken: Mapping[date, str],
    procedure_rules: Mapping[str, Any],
    today: date,
) -> list[Proposal]:
    """What is to be known of each meeting before it is set: warnings, its deadlines, and why it cannot be set."""
    found: list[Proposal] = []
    seen: set[date] = set()
    for meeting, moved in wanted:
        refused, field, deadlines = "", "date", {}
        try:
            meetings.require_times(meeting.date, meeting.start_local, meeting.end_local, today)
            meetings.require_link(meeting.link)
            deadlines = meetings.deadlines(meeting.date, procedure_rules)
        except errors.Invalid as error:
            field, refused = next(iter(error.fields.items()))
        if meeting.date in seen:
            refused, field = "Dieser Tag steht in der Liste zweimal.", "date"
        elif meeting.date in taken:
            refused, field = (
                f"An diesem Tag ist schon die Sitzung {taken[meeting.date]} angesetzt.",
                "date",
            )
        seen.add(meeting.date)
        over = [
            f"Die Frist „{meetings.DEADLINE_WORDS[name]}“ ist am {calendar.date_short(one.on)} abgelaufen."
            for name, one in deadlines.items()
            if one.on < today and name != "minutes_draft" and not refused
        ]
        found.append(
            Proposal(
                meeting, moved, [*procedure.warnings(meeting.date), *over], refused, field,
                taken.get(meeting.date), deadlines,
            )
        )  # fmt: skip
    return found


def notes(years: Iterable[int]) -> list[str]:
    """What is not known about whole years."""
    return [
        f"Die Schulferien des Jahres {year} sind hier noch nicht bekannt. Bitte prüfen Sie sie selbst."
        for year in sorted(set(years))
        if not calendar.knows_school_holidays(year)
    ]


def require_settable(proposals: list[Proposal]) -> None:
    """Raises Invalid, or Conflict when only days are taken, at the fields of the meetings that cannot be set."""
    wrong = {f"meetings.{n}.{one.field}": one.refused for n, one in enumerate(proposals) if one.refused}
    if not wrong:
        return
    if all(one.taken for one in proposals if one.refused):
        raise errors.Conflict(
            "An einem dieser Tage ist schon eine Sitzung angesetzt. Nichts wurde angesetzt.",
            code="day_taken", fields=wrong,
        )  # fmt: skip
    raise errors.Invalid("Bitte prüfen Sie die Termine. Nichts wurde angesetzt.", fields=wrong)


def drawing(year: int, found: list[YearMeeting]) -> list[MonthLine]:
    """The twelve lines of a year: shaded holidays, marks for the last days, dots for the meetings."""
    return [
        MonthLine(
            name=MONTHS[month - 1][:4] if month == 3 else MONTHS[month - 1][:3],
            width=round(_WIDTH * _length(year, month) / 31, 2),
            shades=_shades(year, month),
            marks=[
                Mark(
                    _x(one.on), one.on.day, shape,
                    f"{calendar.date_long(one.on)}: {meetings.DEADLINE_WORDS[name]} für {meeting.reference}",
                )
                for meeting in found if meeting.state not in ("cancelled", "moved")
                for name, shape in MARKS.items()
                if (one := meeting.deadlines.get(name)) and (one.on.year, one.on.month) == (year, month)
            ],
            dots=[
                Mark(
                    _x(one.date), one.date.day, SHAPES[one.state],
                    f"{calendar.date_long(one.date)}: {one.title}, {meetings.STATES[one.state]}",
                    f"/sitzungen/{one.reference}",
                )
                for one in found if (one.date.year, one.date.month) == (year, month)
            ],
        )
        for month in range(1, 13)
    ]  # fmt: skip


def _length(year: int, month: int) -> int:
    return (date(year + month // 12, month % 12 + 1, 1) - timedelta(days=1)).day


def _x(day: date) -> float:
    """The middle of a day."""
    return round(_LEFT + _WIDTH * (day.day - 0.5) / 31, 2)


def _shades(year: int, month: int) -> list[Shade]:
    """Runs of school holidays, and each public holiday."""
    found: list[Shade] = []
    run: list[date] = []
    for n in range(1, _length(year, month) + 2):
        day = date(year, month, n) if n <= _length(year, month) else None
        name = calendar.school_holiday_name(day) if day else None
        if run and (day is None or name != calendar.school_holiday_name(run[0])):
            found.append(_shade(run, "school", f"Schulferien ({calendar.school_holiday_name(run[0])})"))
            run = []
        if day and name:
            run.append(day)
    for n in range(1, _length(year, month) + 1):
        day = date(year, month, n)
        if name := calendar.holiday_name(day):
            found.append(_shade([day], "holiday", f"{calendar.date_long(day)}: {name}"))
    return found


def _shade(run: list[date], kind: str, words: str) -> Shade:
    if len(run) > 1:
        words += f", {calendar.date_short(run[0])} bis {calendar.date_short(run[-1])}"
    return Shade(
        round(_LEFT + _WIDTH * (run[0].day - 1) / 31, 2), round(_WIDTH * len(run) / 31, 2), kind, words
    )
