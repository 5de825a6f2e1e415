"""Deadlines against worked examples, the customs of NRW, and properties that hold for any day."""

import json
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from circle.core import calendar

VECTORS = json.loads((Path(__file__).parent / "deadline_vectors.json").read_text())["vectors"]
DAYS = st.dates(date(2001, 1, 1), date(2088, 12, 31))
FORWARD = st.sampled_from(["working_days", "weeks", "days"])
BACKWARD = st.sampled_from(["clear_days_before", "days_before"])


@pytest.mark.parametrize(
    "vector", VECTORS, ids=lambda v: f"{v['kind']}-{v.get('event_on', v.get('meeting_on'))}"
)
def test_the_worked_examples(vector: dict[str, Any]) -> None:
    start = date.fromisoformat(vector.get("event_on") or vector["meeting_on"])
    found = calendar.deadline(vector["kind"], start, vector["value"])
    assert found.on.isoformat() == (vector.get("ends_on") or vector["latest_dispatch_on"])
    if "ends_at_utc" in vector:
        assert found.ends_at_utc == datetime.fromisoformat(vector["ends_at_utc"])


@pytest.mark.parametrize(
    ("kind", "start", "value", "on", "ends"),
    [
        ("days_before", "2026-11-04", 28, "2026-10-07", "2026-10-07T22:00:00Z"),
        ("days_before", "2026-07-02", 28, "2026-06-03", "2026-06-03T22:00:00Z"),
        ("days_before", "2026-11-29", 28, "2026-10-30", "2026-10-30T23:00:00Z"),
        ("clear_days_before", "2026-12-09", 14, "2026-11-24", "2026-11-24T23:00:00Z"),
        ("weeks", "2026-10-11", 2, "2026-10-26", "2026-10-26T23:00:00Z"),
        ("days", "2026-10-25", 0, "2026-10-26", "2026-10-26T23:00:00Z"),
        ("working_days", "2026-11-21", 0, "2026-11-23", "2026-11-23T23:00:00Z"),
    ],
)
def test_latest_days_holidays_and_time_changes(kind: str, start: str, value: int, on: str, ends: str) -> None:
    found = calendar.deadline(kind, date.fromisoformat(start), value)
    assert found.on == date.fromisoformat(on)
    assert found.ends_at_utc == datetime.fromisoformat(ends)
    assert found.ends_at_utc.tzinfo is UTC


def test_the_steps_name_each_day_that_was_left_out() -> None:
    steps = calendar.deadline("working_days", date(2026, 3, 30), 5).steps
    assert steps[0] == "Der Tag des Ereignisses, Montag, 30. März 2026, zählt nicht mit."
    assert "Freitag, 3. April 2026 zählt nicht: Karfreitag." in steps
    assert "Samstag, 4. April 2026 zählt nicht: Wochenende." in steps
    assert "Montag, 6. April 2026 zählt nicht: Ostermontag." in steps
    assert steps[-1] == "Die Frist endet am Mittwoch, 8. April 2026 um 24:00 Uhr."
    assert calendar.deadline("clear_days_before", date(2026, 6, 19), 14).steps == [
        "Der Tag der Sitzung, Freitag, 19. Juni 2026, und der Tag des Versands zählen nicht mit.",
        "Mit 14 vollen Tagen dazwischen bleibt Donnerstag, 4. Juni 2026.",
        "Donnerstag, 4. Juni 2026 zählt nicht: Fronleichnam.",
        "Spätester Tag: Mittwoch, 3. Juni 2026, bis 24:00 Uhr.",
    ]


@pytest.mark.parametrize("year", range(2024, 2036))
def test_nrw_has_eleven_public_holidays(year: int) -> None:
    first = date(year, 1, 1)
    names = [name for n in range(366) if (name := calendar.holiday_name(first + timedelta(n)))]
    assert len([d for d in range(365) if calendar.holiday_name(first + timedelta(d))]) == 11
    assert {"Fronleichnam", "Allerheiligen"} <= set(names)


@pytest.mark.parametrize("day", ["2026-02-16", "2026-12-24", "2026-12-31", "2026-11-11", "2026-10-30"])
def test_customary_closing_days_are_working_days(day: str) -> None:
    assert calendar.is_working_day(date.fromisoformat(day))
    assert calendar.holiday_name(date.fromisoformat(day)) is None


@settings(deadline=None)
@given(kind=FORWARD, start=DAYS, value=st.integers(0, 400))
def test_a_period_ends_on_a_working_day_and_never_early(kind: str, start: date, value: int) -> None:
    found = calendar.deadline(kind, start, value)
    assert calendar.is_working_day(found.on)
    assert (
        found.on >= start + timedelta(weeks=value)
        if kind == "weeks"
        else found.on >= start + timedelta(value)
    )
    assert calendar.deadline(kind, start, value + 1).on >= found.on
    assert calendar.deadline(kind, start + timedelta(1), value).on >= found.on
    berlin = found.ends_at_utc.astimezone(calendar.ZoneInfo(calendar.BERLIN))
    assert (berlin.date() - timedelta(1), berlin.time()) == (found.on, time())


@settings(deadline=None)
@given(kind=BACKWARD, start=DAYS, value=st.integers(0, 300))
def test_a_latest_day_is_a_working_day_and_never_late(kind: str, start: date, value: int) -> None:
    found = calendar.deadline(kind, start, value)
    assert calendar.is_working_day(found.on)
    assert found.on <= start - timedelta(value)
    assert calendar.deadline(kind, start, value + 1).on <= found.on
    assert calendar.deadline(kind, start + timedelta(1), value).on >= found.on


@settings(deadline=None)
@given(start=DAYS, value=st.integers(1, 200))
def test_working_days_lie_between_start_and_end(start: date, value: int) -> None:
    end = calendar.add_working_days(start, value)
    days = [start + timedelta(n) for n in range(1, (end - start).days + 1)]
    assert sum(map(calendar.is_working_day, days)) == value
    assert end == calendar.deadline("working_days", start, value).on
    assert calendar.add_working_days(end, -value) <= start or not calendar.is_working_day(start)


@pytest.mark.parametrize(
    ("kind", "start", "value"),
    [
        ("months", date(2026, 1, 1), 1),
        ("days", date(2026, 1, 1), -1),
        ("days", date(2026, 1, 1), 3661),
        ("weeks", date(2099, 1, 1), 3660),
        ("days", date(1999, 12, 31), 1),
        ("days_before", date(2000, 1, 10), 20),
        ("working_days", date(2100, 12, 31), 1),
        ("days", date(9999, 12, 31), 1),
    ],
)
def test_what_lies_outside_is_refused_in_german(kind: str, start: date, value: int) -> None:
    with pytest.raises(calendar.DeadlineError, match=r"Frist|Dauer"):
        calendar.deadline(kind, start, value)


def test_a_time_that_summer_time_skips_is_refused() -> None:
    with pytest.raises(calendar.LocalTimeError, match=r"Am 28\.03\.2027 gibt es die Uhrzeit 02:30 Uhr nicht"):
        calendar.parse_local("2027-03-28", "02:30")
    assert calendar.parse_local("2027-03-28", "03:00").astimezone(UTC) == datetime(2027, 3, 28, 1, tzinfo=UTC)


def test_of_a_time_that_comes_twice_the_first_is_taken() -> None:
    first = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    assert calendar.parse_local("2026-10-25", "02:30").astimezone(UTC) == first
    assert calendar.parse_local(date(2026, 10, 25), time(2, 30, fold=1)).astimezone(UTC) == first


@pytest.mark.parametrize(
    ("day", "at", "zone"),
    [
        ("2026-02-30", "10:00", "Europe/Berlin"),
        ("2026-02-20", "25:00", "Europe/Berlin"),
        ("2026-02-20", "10:00+05:00", "Europe/Berlin"),
        ("2026-02-20", "10:00", "Europe/Bielefeld"),
        ("2026-02-20", "10:00", "../../etc/passwd"),
        ("1925-02-20", "10:00", "Europe/Berlin"),
        ("heute", "10:00", "Europe/Berlin"),
    ],
)
def test_malformed_local_times_are_refused(day: str, at: str, zone: str) -> None:
    with pytest.raises(calendar.LocalTimeError):
        calendar.parse_local(day, at, zone)


def test_german_words() -> None:
    assert calendar.date_long(date(2026, 11, 4)) == "Mittwoch, 4. November 2026"
    assert calendar.date_short(date(2026, 11, 4)) == "04.11.2026"
    assert calendar.time_text(time(10)) == "10:00 Uhr"
    assert calendar.time_text(calendar.parse_local("2026-11-04", "09:05")) == "09:05 Uhr"
