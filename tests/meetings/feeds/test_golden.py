"""Every calendar file that the product writes, byte by byte, read by two libraries, and replayed as a calendar would.

The files in `golden/` tell the life of one meeting: its day is kept free, it is invited to, changed, moved and called off.
`make snapshots` writes them anew; the diff is the review.
"""

import itertools
import os
import random
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

import icalendar
import pytest
import vobject

from circle.core import ics
from circle.meetings import letters
from circle.meetings.feeds import rules as feeds
from circle.meetings.feeds.model import Entry
from circle.meetings.polls import rules as polls
from circle.meetings.polls.model import Hold

GOLDEN = Path(__file__).parent / "golden"
BERLIN = ZoneInfo("Europe/Berlin")
ADDRESS, NAME, SENDER = "https://kreis.example", "Geschäftsstelle Koordinierungskreis", "kreis@kfi.example"
POLL = UUID("0b7e4a52-6d0c-4c3e-9a55-2f0d3c1b7a01")
LOST, FIXED = UUID("1f6a3b1c-0c55-4f0e-8f61-5f3f2a9d7e11"), UUID("1f6a3b1c-0c55-4f0e-8f61-5f3f2a9d7e22")
MEETING = UUID("5c0b8b34-3b3e-4d2f-9a1a-7d8e6f5a4b33")
STAMP = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
WINTER, SUMMER = date(2027, 3, 26), date(2027, 3, 30)
"""The Friday before and the Tuesday after the night in which the clocks go forward (28 March 2027)."""


def meeting(
    sequence: int, on: date, method: ics.Method = "REQUEST", start: time = time(10), place: str = "Arnsberg, Saal 1",
    reference: str = "KK-2027-2",
) -> bytes:  # fmt: skip
    """One version of the meeting, as the mail to one recipient bears it."""
    event = letters.appointment(
        calendar_id=FIXED, reference=reference, title="2. Sitzung des Koordinierungskreises 2027", on=on, start=start,
        end=time(14, 30), zone="Europe/Berlin", place=place, link="", sequence=sequence,
        now=STAMP + timedelta(days=7 * sequence), address=ADDRESS, domain="kfi.example", organizer_name=NAME,
        organizer_email=SENDER,
    )  # fmt: skip
    return ics.addressed(ics.event(event, method), "Änne Müller-Lüdenscheidt", "aenne@brk.example")


def hold(calendar_id: UUID, on: date, off: bool) -> bytes:
    one = Hold(POLL, [], "Klausur; Räume, Wege", "Köln, Raum 2", calendar_id, on, time(10), time(14), off)
    event = polls.hold(one, STAMP + timedelta(days=int(off)), ADDRESS, NAME, SENDER)
    return ics.event(event, "CANCEL" if off else "PUBLISH")


def feed() -> bytes:
    def entry(
        kind: Any, key: UUID, state: Any, on: date, start: str = "", end: str = "", **more: Any
    ) -> Entry:
        given = {"sequence": 0, "reference": "KK-2027-2", "title": "2. Sitzung des Koordinierungskreises 2027",
            "place": "", "path": "/sitzungen/KK-2027-2"} | more  # fmt: skip
        return Entry(
            kind=kind,
            id=key,
            state=state,
            date=on,
            start_local=start,
            end_local=end,
            time_zone="Europe/Berlin",
            **given,
        )

    entries = [
        entry("submission", FIXED, "agenda_open", date(2027, 3, 2)),
        entry("answer", POLL, "open", date(2027, 1, 15), reference="", path=f"/terminabfragen/{POLL}"),
        entry("objection", MEETING, "minutes_draft", date(2026, 12, 30), reference="KK-2026-6",
            path="/sitzungen/KK-2026-6/niederschrift"),
        entry("meeting", MEETING, "cancelled", date(2026, 12, 9), "10:00", "14:00", sequence=3, place="Münster, Saal 1",
            reference="KK-2026-6", title="6. Sitzung des Koordinierungskreises 2026", path="/sitzungen/KK-2026-6"),
        entry("meeting", FIXED, "planned", SUMMER, "10:00", "14:30", sequence=1, place="Köln, https://video.example/kk"),
        entry("hold", LOST, "open", WINTER, "10:00", "14:00", reference="", title="Klausur; Räume, Wege",
            path=f"/terminabfragen/{POLL}"),
    ]  # fmt: skip
    return ics.feed(feeds.own_events(entries, STAMP, ADDRESS, NAME, SENDER), feeds.OWN_NAME)


FILES: dict[str, Callable[[], bytes]] = {
    "hold": lambda: hold(FIXED, WINTER, False),
    "hold-of-another-day": lambda: hold(LOST, SUMMER, False),
    "hold-cancelled": lambda: hold(LOST, SUMMER, True),
    "invitation": lambda: meeting(1, WINTER),
    "update": lambda: meeting(2, WINTER, start=time(11), place="Köln, Raum 2"),
    "moved": lambda: meeting(3, SUMMER, place="Köln, Raum 2", reference="KK-2027-3"),
    "cancellation": lambda: meeting(4, SUMMER, "CANCEL", place="Köln, Raum 2", reference="KK-2027-3"),
    "feed": feed,
}


def golden(name: str) -> bytes:
    return (GOLDEN / f"{name}.ics").read_bytes()


@pytest.mark.parametrize("name", FILES)
def test_each_file_is_as_it_was(name: str) -> None:
    made = FILES[name]()
    if os.environ.get("CIRCLE_SNAPSHOTS") == "renew":
        (GOLDEN / f"{name}.ics").write_bytes(made)
    assert made == golden(name)
    assert max(map(len, made.split(b"\r\n"))) <= 75


def test_no_file_is_left_over() -> None:
    assert {path.stem for path in GOLDEN.glob("*.ics")} == set(FILES)


class Told(NamedTuple):
    """What a program understands of one event."""

    method: str
    uid: str
    sequence: int
    stamp: datetime
    start: datetime | date
    end: datetime | date
    summary: str
    place: str
    status: str
    busy: bool


def utc(value: Any) -> Any:
    return value.astimezone(UTC) if isinstance(value, datetime) else value


def by_icalendar(raw: bytes) -> list[Told]:
    file = icalendar.Calendar.from_ical(raw)
    return [
        Told(str(file["METHOD"]), str(one["UID"]), int(one["SEQUENCE"]), utc(one["DTSTAMP"].dt), utc(one["DTSTART"].dt),
            utc(one["DTEND"].dt), str(one["SUMMARY"]), str(one.get("LOCATION", "")), str(one["STATUS"]),
            one["TRANSP"] == "OPAQUE")
        for one in file.walk("VEVENT")
    ]  # fmt: skip


def by_vobject(raw: bytes) -> list[Told]:
    file = vobject.readOne(raw.decode())
    return [
        Told(file.method.value, one.uid.value, int(one.sequence.value), utc(one.dtstamp.value), utc(one.dtstart.value),
            utc(one.dtend.value), one.summary.value, one.location.value if "location" in one.contents else "",
            one.status.value, one.transp.value == "OPAQUE")
        for one in file.vevent_list
    ]  # fmt: skip


@pytest.mark.parametrize("name", FILES)
def test_two_libraries_understand_the_same(name: str) -> None:
    assert by_icalendar(golden(name)) == by_vobject(golden(name))
    assert by_icalendar(golden(name))


def test_hours_are_right_on_both_sides_of_the_time_change() -> None:
    for read in (by_icalendar, by_vobject):
        (winter,), (summer,) = read(golden("invitation")), read(golden("moved"))
        assert winter.start == datetime(2027, 3, 26, 9, tzinfo=UTC)
        assert summer.start == datetime(2027, 3, 30, 8, tzinfo=UTC)
        shown = {one.summary: one for one in read(golden("feed"))}
        assert shown["2. Sitzung des Koordinierungskreises 2027"].start == summer.start
        assert shown["Vormerkung: Klausur; Räume, Wege"].start == winter.start
    # The zone that the file itself brings says the same, whatever a program knows of Berlin.
    zone = icalendar.Calendar.from_ical(golden("invitation")).walk("VTIMEZONE")[0].to_tz()
    for year, month in itertools.product((2026, 2027, 2028), range(1, 13)):
        for day in (1, 15, 24, 25, 26, 27, 28):
            at = datetime(year, month, day, 12)
            assert at.replace(tzinfo=zone).utcoffset() == at.replace(tzinfo=BERLIN).utcoffset(), at


def test_last_days_take_no_time_and_have_no_hours() -> None:
    for read in (by_icalendar, by_vobject):
        days = [one for one in read(golden("feed")) if not isinstance(one.start, datetime)]
        assert [(one.summary, one.end - one.start, one.busy) for one in days] == [
            ("Anmeldeschluss für KK-2027-2", timedelta(days=1), False),
            ("Terminabfrage beantworten", timedelta(days=1), False),
            ("Einwendungsfrist zur Niederschrift KK-2026-6", timedelta(days=1), False),
        ]


class Calendar:
    """A calendar as RFC 5546 wants it: of two versions the higher SEQUENCE wins, of equals the later DTSTAMP (2.1.5).

    What was called off is remembered, so that a version that comes late does not bring it back.
    """

    def __init__(self) -> None:
        self.kept: dict[str, Told] = {}

    def take(self, raw: bytes, read: Callable[[bytes], list[Told]]) -> None:
        for told in read(raw):
            known = self.kept.get(told.uid)
            if known is None or (told.sequence, told.stamp) >= (known.sequence, known.stamp):
                self.kept[told.uid] = told

    def shown(self) -> list[tuple[str, datetime | date, str, str]]:
        """What its owner sees."""
        return sorted(
            (one.summary, one.start, one.place, one.status)
            for one in self.kept.values()
            if one.method != "CANCEL"
        )


def replayed(names: Iterable[str], read: Callable[[bytes], list[Told]] = by_icalendar) -> Calendar:
    calendar = Calendar()
    for name in names:
        calendar.take(golden(name), read)
    return calendar


STORY = ["hold", "hold-of-another-day", "hold-cancelled", "invitation", "update", "moved", "cancellation"]
TITLE = "2. Sitzung des Koordinierungskreises 2027"


@pytest.mark.parametrize("read", [by_icalendar, by_vobject])
def test_the_story_as_it_happens(read: Callable[[bytes], list[Told]]) -> None:
    free = "Vormerkung: Klausur; Räume, Wege"
    assert replayed(STORY[:2], read).shown() == [
        (free, datetime(2027, 3, 26, 9, tzinfo=UTC), "Köln, Raum 2", "TENTATIVE"),
        (free, datetime(2027, 3, 30, 8, tzinfo=UTC), "Köln, Raum 2", "TENTATIVE"),
    ]
    assert replayed(STORY[:3], read).shown() == [
        (free, datetime(2027, 3, 26, 9, tzinfo=UTC), "Köln, Raum 2", "TENTATIVE")
    ]
    assert replayed(STORY[:4], read).shown() == [
        (TITLE, datetime(2027, 3, 26, 9, tzinfo=UTC), "Arnsberg, Saal 1", "CONFIRMED")
    ], "the invitation takes the place of the day that was kept free"
    assert replayed(STORY[:5], read).shown() == [
        (TITLE, datetime(2027, 3, 26, 10, tzinfo=UTC), "Köln, Raum 2", "CONFIRMED")
    ]
    assert replayed(STORY[:6], read).shown() == [
        (TITLE, datetime(2027, 3, 30, 8, tzinfo=UTC), "Köln, Raum 2", "CONFIRMED")
    ]
    assert replayed(STORY, read).shown() == []


def test_order_and_doubles_do_not_matter() -> None:
    for end in range(1, len(STORY) + 1):
        wanted = replayed(STORY[:end]).shown()
        dice = random.Random(end)
        for _ in range(20):
            mails = STORY[:end] * 2
            dice.shuffle(mails)
            assert replayed(mails).shown() == wanted, mails


def test_every_version_is_higher_than_the_one_before() -> None:
    versions = [
        by_icalendar(golden(name))[0] for name in ("hold", "invitation", "update", "moved", "cancellation")
    ]
    assert len({one.uid for one in versions}) == 1
    assert [one.sequence for one in versions] == [0, 1, 2, 3, 4]
    assert [one.stamp for one in versions] == sorted(one.stamp for one in versions)


def test_what_each_method_has_to_say() -> None:
    """RFC 5546 3.2: an organizer always; an attendee where one is asked, none where it is published."""
    for name in FILES:
        file = icalendar.Calendar.from_ical(golden(name))
        for one in file.walk("VEVENT"):
            assert "ORGANIZER" in one and "DTSTAMP" in one and "UID" in one, name
            asked = file["METHOD"] == "REQUEST" or name == "cancellation"
            assert ("ATTENDEE" in one) == asked, name
            if file["METHOD"] == "CANCEL":
                assert one["STATUS"] == "CANCELLED"
        if file["METHOD"] in ("REQUEST", "CANCEL"):
            assert len(file.walk("VEVENT")) == 1, name
