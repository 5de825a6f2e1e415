"""What the office does with a year: look at the days it would have, and set them in one act."""

from datetime import datetime

import msgspec

from circle.core import access, audit, auth, clock, errors
from circle.core.auth import Actor
from circle.core.db import Connection
from circle.meetings import actions as meetings
from circle.meetings import store as meeting_store
from circle.meetings.model import NewMeeting
from circle.meetings.procedure import rules as procedure
from circle.meetings.procedure.model import Rules

from . import rules, store
from .model import Created, Series, SeriesAnswer, SeriesMeeting


async def preview(db: Connection, actor: Actor, series: Series) -> SeriesAnswer:
    """What a series would set: each day with the holiday it was moved from, warnings, deadlines, and what forbids it.

    Writes nothing. Raises Invalid when neither a pattern nor meetings are given.
    """
    access.require(actor, "meetings.convene")
    wanted = _wanted(series)
    days = [one.date for one, _ in wanted]
    proposals = rules.judge(
        wanted,
        await store.list_taken(db, list(actor.keys), days),
        await store.find_rules(db, actor.today),
        actor.today,
    )
    return SeriesAnswer(proposals, [], rules.notes(day.year for day in days))


async def create(db: Connection, actor: Actor, series: Series) -> SeriesAnswer:
    """Set all meetings of a series as planned ones, all or none, through `convene`.

    Of a pattern only the days that can be set; meetings that are named must all be possible, otherwise it raises Invalid,
    or Conflict when a day has got a meeting meanwhile.
    """
    access.require(actor, "meetings.convene")
    for year in sorted({one.date.year for one, _ in _wanted(series)}):
        await store.lock_year(db, year)
    answer = await preview(db, actor, series)
    if series.meetings is not None:
        rules.require_settable(answer.items)
    chosen = [one.meeting for one in answer.items if not one.refused]
    if not chosen:
        rules.require_settable(answer.items)
    ids = [
        await meetings.convene(db, actor, NewMeeting(**msgspec.structs.asdict(one), state="planned"))
        for one in sorted(chosen, key=lambda one: one.date)
    ]
    created = [
        msgspec.convert(dict(one), Created) for one in await store.list_created(db, list(actor.keys), ids)
    ]
    return msgspec.structs.replace(answer, created=created)


async def open_due(db: Connection, now: datetime) -> int:
    """Open the planned meetings whose day by the procedure they were called under has come (domain rules 3.1, 3.3).

    `now` is office time, aware. Returns how many. Run twice or at the same time, each is opened once.
    """
    actor, today, opened = auth.service(now), clock.day(now), 0
    for meeting in await store.list_planned(db, today):
        known = msgspec.json.decode(meeting["rules"], type=Rules)
        if procedure.opening(known, meeting["date"]).on > today or not await meeting_store.mark_open(
            db, meeting["id"]
        ):
            continue
        await audit.record(db, actor, "meeting.opened", "meeting", meeting["id"], meeting["reference"])
        opened += 1
    return opened


def _wanted(series: Series) -> list[tuple[SeriesMeeting, str]]:
    if series.meetings is not None:
        return [(one, "") for one in series.meetings]
    if series.pattern is None:
        raise errors.Invalid(
            "Bitte nennen Sie ein Muster oder die Termine selbst.", fields={"pattern": "Bitte ausfüllen."}
        )
    return rules.days(series.pattern)
