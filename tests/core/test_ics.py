"""Calendar files as icalendar reads them, and the zone's rules by hand."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import icalendar
import msgspec
import pytest
from dateutil import rrule
from hypothesis import given, settings
from hypothesis import strategies as st

from circle.core import calendar, ics, mail

MEETING = ics.Event(
    uid="kk-2026-6@bra.example",
    sequence=2,
    summary="6. Sitzung; Räume, Größe \\ Überblick",
    starts=datetime(2026, 12, 9, 10, 0),
    ends=datetime(2026, 12, 9, 14, 30),
    stamp=datetime(2026, 11, 24, 8, 30, tzinfo=UTC),
    location="Arnsberg, Raum 3.12",
    description="TOP 1 Begrüßung\nTOP 2 Niederschrift\r\nEND:VEVENT\r\nBEGIN:VEVENT " + "ü" * 200,
    url="https://kreis.example/sitzungen/1",
    organizer_name='Geschäftsführung "Kreis"; x:y',
    organizer_email="kreis@bra.example",
)


def change(**fields: Any) -> ics.Event:
    return msgspec.structs.replace(MEETING, **fields)


def parsed(raw: bytes) -> Any:
    assert raw.count(b"\n") == raw.count(b"\r") == raw.count(b"\r\n")
    assert raw.endswith(b"\r\nEND:VCALENDAR\r\n")
    assert all(len(line) <= 75 for line in raw.split(b"\r\n"))
    return icalendar.Calendar.from_ical(raw)


def test_an_invitation_comes_back_as_it_was() -> None:
    found = parsed(ics.event(MEETING))
    assert found["METHOD"] == "REQUEST"
    (one,) = found.walk("VEVENT")
    assert not one.errors
    assert one["UID"] == MEETING.uid
    assert one["SEQUENCE"] == 2
    assert one["SUMMARY"] == MEETING.summary
    assert one["LOCATION"] == MEETING.location
    assert one["DESCRIPTION"] == (MEETING.description or "").replace("\r\n", "\n")
    assert one["URL"] == MEETING.url
    assert one["STATUS"] == "CONFIRMED"
    assert one["DTSTART"].dt == datetime(2026, 12, 9, 10, tzinfo=ZoneInfo("Europe/Berlin"))
    assert one["DTSTART"].params["TZID"] == "Europe/Berlin"
    assert one["DTEND"].dt.astimezone(UTC) == datetime(2026, 12, 9, 13, 30, tzinfo=UTC)
    assert one["DTSTAMP"].dt == MEETING.stamp
    assert one["ORGANIZER"] == "mailto:kreis@bra.example"
    assert one["ORGANIZER"].params["CN"] == MEETING.organizer_name
    assert "ATTENDEE" not in one


def test_each_recipient_is_asked_alone() -> None:
    raw = ics.event(MEETING)
    name = 'Dr. Änne Müller-Lüdenscheidt; "Vertretung", Bezirksregierung Köln'
    (one,) = parsed(ics.addressed(raw, name, "aenne@brk.example")).walk("VEVENT")
    assert one["ATTENDEE"] == "mailto:aenne@brk.example"
    assert (one["ATTENDEE"].params["RSVP"], one["ATTENDEE"].params["CN"]) == ("TRUE", name)
    assert one["ORGANIZER"] == "mailto:kreis@bra.example"
    del one["ATTENDEE"]
    assert one == parsed(raw).walk("VEVENT")[0]
    with pytest.raises(mail.HeaderError):
        ics.addressed(raw, "Kim", "kim@köln.example")


def test_calling_off_and_publishing() -> None:
    off = ics.event(change(sequence=3), "CANCEL")
    (gone,) = parsed(ics.addressed(off, "Änne", "aenne@brk.example")).walk("VEVENT")
    assert (gone["STATUS"], gone["SEQUENCE"]) == ("CANCELLED", 3)
    assert "RSVP" not in gone["ATTENDEE"].params
    told = ics.event(change(organizer_email=None, status="TENTATIVE"), "PUBLISH")
    assert ics.addressed(told, "Änne", "aenne@brk.example") == told
    (shown,) = parsed(told).walk("VEVENT")
    assert shown["STATUS"] == "TENTATIVE"
    assert "ATTENDEE" not in shown


def test_a_feed_holds_many_appointments_and_the_zone_once() -> None:
    later = change(uid="b", starts=datetime(2027, 3, 17, 10), ends=datetime(2027, 3, 17, 12))
    found = parsed(ics.feed([MEETING, later], "Sitzungen, Kreis"))
    assert b"\r\nNAME:Sitzungen\\, Kreis\r\n" in ics.feed([MEETING], "Sitzungen, Kreis")
    assert [e["UID"] for e in found.walk("VEVENT")] == [MEETING.uid, "b"]
    assert len(found.walk("VTIMEZONE")) == 1
    empty = parsed(ics.feed([], "Leer", hours=12))
    assert not empty.walk("VEVENT") and len(empty.walk("VTIMEZONE")) == 1, "a calendar needs a component"
    assert empty["REFRESH-INTERVAL"].params["VALUE"] == "DURATION"
    assert (empty["REFRESH-INTERVAL"].dt, empty["X-PUBLISHED-TTL"]) == (timedelta(hours=12), "PT12H")


def test_whole_days_end_with_the_day_after_and_may_take_no_time() -> None:
    last = change(starts=datetime(2026, 12, 31), ends=datetime(2026, 12, 31), all_day=True, busy=False)
    (one,) = parsed(ics.feed([last], "Fristen")).walk("VEVENT")
    assert (one["DTSTART"].dt, one["DTEND"].dt) == (date(2026, 12, 31), date(2027, 1, 1))
    assert one["DTSTART"].params["VALUE"] == "DATE" and one["TRANSP"] == "TRANSPARENT"
    # The hour that does not exist in the night of the time change is none of a whole day.
    night = change(starts=datetime(2027, 3, 28, 2, 30), ends=datetime(2027, 3, 28, 2, 30), all_day=True)
    assert b"DTSTART;VALUE=DATE:20270328\r\n" in ics.event(night)
    with pytest.raises(ValueError, match="nach seinem Beginn"):
        ics.event(change(starts=datetime(2026, 12, 31), ends=datetime(2026, 12, 30), all_day=True))


def test_other_zones_are_written_in_utc() -> None:
    found = parsed(ics.event(change(zone="Europe/London")))
    assert found.walk("VEVENT")[0]["DTSTART"].dt == datetime(2026, 12, 9, 10, tzinfo=UTC)
    assert not found.walk("VTIMEZONE")


def offset_by_the_file(local: datetime) -> timedelta:
    """Work the VTIMEZONE out by hand: the latest onset before the local time says which offset holds."""
    (zone,) = parsed(ics.event(MEETING)).walk("VTIMEZONE")
    onsets = []
    for part in zone.subcomponents:
        rule = rrule.rrulestr(part["RRULE"].to_ical().decode(), dtstart=part["DTSTART"].dt)
        onset = rule.before(local, inc=True)
        assert onset is not None
        onsets.append((onset, part["TZOFFSETTO"].td))
    offset: timedelta = max(onsets)[1]
    return offset


@pytest.mark.parametrize("year", [1997, 2026, 2027, 2037, 2045, 2099])
def test_the_zone_says_what_the_clocks_in_berlin_say(year: int) -> None:
    berlin = ZoneInfo("Europe/Berlin")
    for days in range(365):
        local = datetime(year, 1, 1, 12) + timedelta(days)
        assert offset_by_rule(local) == local.replace(tzinfo=berlin).utcoffset()


def offset_by_rule(local: datetime) -> timedelta:
    """As offset_by_the_file, with the two onsets of the year found once."""
    year = local.year
    if year not in _ONSETS:
        (zone,) = parsed(ics.event(MEETING)).walk("VTIMEZONE")
        _ONSETS[year] = {
            part.name: rrule.rrulestr(part["RRULE"].to_ical().decode(), dtstart=part["DTSTART"].dt).between(
                datetime(year, 1, 1), datetime(year, 12, 31)
            )[0]
            for part in zone.subcomponents
        }
    return timedelta(hours=2 if _ONSETS[year]["DAYLIGHT"] <= local < _ONSETS[year]["STANDARD"] else 1)


_ONSETS: dict[int, dict[str, datetime]] = {}


def test_the_onsets_of_2026_and_2027_by_hand() -> None:
    assert offset_by_the_file(datetime(2026, 3, 29, 1, 59)) == timedelta(hours=1)
    assert offset_by_the_file(datetime(2026, 3, 29, 3, 0)) == timedelta(hours=2)
    assert offset_by_the_file(datetime(2026, 10, 25, 1, 59)) == timedelta(hours=2)
    assert offset_by_the_file(datetime(2026, 10, 25, 3, 0)) == timedelta(hours=1)
    assert offset_by_the_file(datetime(2027, 3, 28, 3, 0)) == timedelta(hours=2)
    assert offset_by_the_file(datetime(2027, 10, 31, 3, 0)) == timedelta(hours=1)


@pytest.mark.parametrize(
    ("fields", "method", "error"),
    [
        (
            {"starts": datetime(2027, 3, 28, 2, 30), "ends": datetime(2027, 3, 28, 4)},
            "REQUEST",
            calendar.LocalTimeError,
        ),
        ({"ends": MEETING.starts}, "REQUEST", ValueError),
        ({"stamp": datetime(2026, 1, 1)}, "REQUEST", ValueError),
        ({"starts": MEETING.starts.replace(tzinfo=UTC)}, "REQUEST", calendar.LocalTimeError),
        ({"organizer_email": None}, "REQUEST", ValueError),
        ({"organizer_email": None}, "CANCEL", ValueError),
        ({"organizer_email": "a@b\r\nX:y"}, "REQUEST", mail.HeaderError),
        ({"url": "javascript:alert(1)"}, "REQUEST", ValueError),
        ({"url": "https://x.example/\r\nX:y"}, "REQUEST", ValueError),
    ],
)
def test_what_is_refused(fields: dict[str, Any], method: ics.Method, error: type[ValueError]) -> None:
    with pytest.raises(error):
        ics.event(change(**fields), method)


@settings(deadline=None)
@given(text=st.text(max_size=300))
def test_no_text_breaks_out_of_its_line(text: str) -> None:
    found = parsed(ics.event(change(summary=text, description=text, location=text, organizer_name=text)))
    (one,) = found.walk("VEVENT")
    assert set(one) <= set(parsed(ics.event(MEETING)).walk("VEVENT")[0])
    expected = ics._CONTROLS.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
    assert str(one["SUMMARY"]) == expected


def test_the_same_appointment_gives_the_same_bytes() -> None:
    assert ics.event(MEETING) == ics.event(MEETING)
    assert date(2026, 12, 9) == MEETING.starts.date()
