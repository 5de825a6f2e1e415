"""Stories S01 and S25: a meeting is set and shows its deadlines; the clocks change between invitation and meeting."""

from datetime import UTC, date, datetime, time, timedelta

import msgspec

from circle.core import calendar
from circle.core.clock import Clock
from circle.core.db import Connection
from circle.meetings.procedure.model import Before, Rules
from circle.meetings.replies import rules as replies
from tests import make
from tests.clients import Clients
from workers import schedule

from ..world import convened


async def test_a_meeting_shows_its_deadlines_with_holidays_and_school_holidays(
    db: Connection, client: Clients, office: Clock
) -> None:
    """S01, with the day one year on: the office sets no meeting in the past."""
    await make.person(db, "mona", name="Mona Moderat", roles=["circle_moderator"])
    anna = await client.as_("anna")
    made = await anna.post(
        "/api/v1/meetings", json={"date": "2027-06-09", "start_local": "10:00", "end_local": "14:00"}
    )
    found = {name: one["on"] for name, one in made.json()["deadlines"].items()}
    assert found == {
        "agenda_submission": "2027-05-12", "invitation_latest": "2027-05-25", "papers_latest": "2027-06-01",
        "minutes_draft": "2027-06-30",
    }  # fmt: skip
    held = await anna.post(
        "/api/v1/meetings", json={"date": "2027-07-21", "start_local": "10:00", "end_local": "14:00"}
    )
    shown = await (await client.browser("anna")).get(f"/sitzungen/{held.json()['reference']}")
    assert "Am 21.07.2027 sind in Nordrhein-Westfalen Schulferien (Sommerferien)." in shown.text
    page = (await (await client.browser("mona")).get("/geschaeftsordnung?day=2026-06-10")).text
    for words in (
        "13. Mai 2026",
        "26. Mai 2026",
        "2. Juni 2026",
        "1. Juli 2026",
        "Pfingstmontag",
        "Fronleichnam",
    ):
        assert words in page, words
    summer = (await (await client.browser("mona")).get("/geschaeftsordnung?day=2026-07-22")).text
    assert "Schulferien (Sommerferien)" in summer


async def test_the_clocks_change_between_invitation_and_meeting(
    db: Connection, client: Clients, office: Clock
) -> None:
    """S25."""
    rules = msgspec.to_builtins(Rules(reply_reminder=Before("days_before", 14)))
    reminder = replies.reminder(date(2026, 11, 4), rules)
    assert reminder.astimezone(UTC) == datetime(2026, 10, 21, 8, 0, tzinfo=UTC)
    begins = calendar.parse_local(date(2026, 11, 4), "10:00")
    assert begins.astimezone(UTC) == datetime(2026, 11, 4, 9, 0, tzinfo=UTC)
    await convened(db, office)
    file = (await (await client.browser("ben")).get("/sitzungen/KK-2027-1/termin.ics")).text
    assert "DTSTART;TZID=Europe/Berlin:20270113T100000" in file and "BEGIN:VTIMEZONE" in file
    night = datetime(2026, 10, 24, 23, 0, tzinfo=UTC)
    due = {schedule.latest(time(2, 30), night + timedelta(minutes=10 * n)).astimezone(UTC) for n in range(24)}
    assert sorted(due)[1:] == [datetime(2026, 10, 25, 0, 30, tzinfo=UTC)], (
        "02:30 comes twice that night, the job once"
    )
