"""What an hour means that somebody types: midnight, and the two nights in which the clock changes."""

from datetime import UTC, datetime

import pytest

from circle.core import errors
from circle.core.clock import BERLIN
from circle.meetings.room import rules


def berlin(text: str, fold: int = 0) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN, fold=fold).astimezone(UTC)


def read(text: str, opened: datetime, now: datetime) -> datetime:
    return rules.instant(text, opened, now, "Europe/Berlin", "at_local")


def test_an_hour_is_on_the_day_of_the_opening_or_past_midnight_on_the_next() -> None:
    opened, now = berlin("2026-11-23T21:00"), berlin("2026-11-24T01:00")
    assert read("22:15", opened, now) == berlin("2026-11-23T22:15")
    assert read("00:30", opened, now) == berlin("2026-11-24T00:30")
    assert read("21:00", berlin("2026-11-23T21:00:40"), now) == opened


def test_an_hour_before_the_opening_is_that_one_while_the_next_day_is_still_to_come() -> None:
    opened, now = berlin("2026-11-23T10:00"), berlin("2026-11-23T10:20")
    assert read("09:50", opened, now) == berlin("2026-11-23T09:50")
    with pytest.raises(errors.Invalid) as refused:
        read("10:21", opened, now)
    assert list(refused.value.fields) == ["at_local"]
    with pytest.raises(errors.Invalid):  # nobody came at one in the morning of the day before
        read("00:59", berlin("2026-11-23T23:30"), berlin("2026-11-24T00:41"))


def test_in_the_night_with_an_hour_twice_the_later_one_that_has_been_counts() -> None:
    # On 25.10.2026 the clock goes back from 3:00 to 2:00.
    opened = berlin("2026-10-24T23:00")
    first, second = berlin("2026-10-25T02:30"), berlin("2026-10-25T02:30", fold=1)
    assert (second - first).total_seconds() == 3600
    assert read("02:30", opened, berlin("2026-10-25T02:40")) == first
    assert read("02:30", opened, berlin("2026-10-25T02:20", fold=1)) == first
    assert read("02:30", opened, berlin("2026-10-25T02:40", fold=1)) == second
    kept = [first, None]
    late = berlin("2026-10-25T04:00")
    assert rules.instant("02:30", opened, late, "Europe/Berlin", "arrived_local", kept) == first


def test_in_the_night_without_an_hour_nobody_comes_in_it() -> None:
    # On 28.03.2027 the clock goes from 2:00 to 3:00.
    opened, now = berlin("2027-03-27T23:00"), berlin("2027-03-28T04:00")
    assert read("03:10", opened, now) == berlin("2027-03-28T03:10")
    with pytest.raises(errors.Invalid):
        read("02:30", opened, now)


@pytest.mark.parametrize("text", ["", "7", "24:00", "12:60", "12:00:30", "1２:00", "heute", "10:00 "])
def test_what_is_no_hour_is_refused_at_the_field(text: str) -> None:
    with pytest.raises(errors.Invalid) as refused:
        read(text, berlin("2026-11-23T10:00"), berlin("2026-11-23T14:00"))
    assert list(refused.value.fields) == ["at_local"]
