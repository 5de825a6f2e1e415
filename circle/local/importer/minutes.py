"""Minutes with their frozen text, objections and corrections, and the tasks that came out of the meetings."""

from datetime import datetime, time
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec

from circle.core import calendar, jobs
from circle.core.db import row
from circle.local.child import LocalError
from circle.meetings.minutes import actions as record
from circle.tasks import actions as tasks

from .folder import Meeting, Minutes, Task
from .run import Run

KINDS = {"Ergebnisniederschrift": "result", "Verlaufsniederschrift": "course"}
NOON = time(12, tzinfo=ZoneInfo(calendar.BERLIN))
"""The folder keeps the day on which minutes went out; the record wants a time."""
STATUS = {"in_progress": "accepted"}
"""Where the folder says it differently from the database."""


async def load_minutes(run: Run, fresh: list[Meeting]) -> None:
    """The minutes of the new meetings. All meetings stand by now, so an approval can name its meeting."""
    for meeting in fresh:
        if meeting.minutes is not None:
            minutes_id = await _insert(run, meeting, meeting.minutes)
            await _object(run, meeting, meeting.minutes, minutes_id)
            await _correct(run, meeting, meeting.minutes, minutes_id)


def state(minutes: Minutes) -> str:
    """How far the minutes are; an objection that was accepted means approval with changes."""
    if minutes.approved_on:
        changed = any(objection.decision == "accepted" for objection in minutes.objections)
        return "approved_with_changes" if changed else "approved"
    return "sent" if minutes.draft_sent_on else "draft"


async def _insert(run: Run, meeting: Meeting, minutes: Minutes) -> UUID:
    place = f"Die Niederschrift zu {meeting.id}"
    until = _objection_until(meeting, minutes)
    chair = next(
        (person.id for person in run.folder.persons
         if "circle_moderator" in person.roles and person.id in meeting.attendance.office), None,
    )  # fmt: skip
    added = await row(
        run.db,
        """
        insert into minutes (meeting_id, kind, state, keeper_id, chair_id, version, draft_sent_on, objection_until,
            objection_steps, approved_on, approved_in)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9::jsonb, $10, $11) returning id
        """,
        run.ids["meetings"][meeting.id],
        KINDS[minutes.kind],
        state(minutes),
        run.find("persons", minutes.keeper, place),
        run.maybe("persons", chair, place),
        1 if minutes.draft_sent_on else 0,
        minutes.draft_sent_on,
        until and until.on,
        msgspec.json.encode(until.steps if until else []).decode(),
        minutes.approved_on,
        run.maybe("meetings", minutes.approved_in, place),
    )
    return run.add("minutes", meeting.id, added["id"])


def _objection_until(meeting: Meeting, minutes: Minutes) -> calendar.Deadline | None:
    """Two weeks after the draft went out. Raises LocalError when the folder gives another day."""
    if minutes.draft_sent_on is None:
        return None
    deadline = calendar.deadline("weeks", minutes.draft_sent_on, 2)
    if minutes.objection_until not in (None, deadline.on):
        raise LocalError(
            f"Die Einwendungsfrist zu {meeting.id} steht auf dem {minutes.objection_until}, richtig ist der {deadline.on}."
        )
    return deadline


async def _object(run: Run, meeting: Meeting, minutes: Minutes, minutes_id: UUID) -> None:
    place = f"Die Einwendung zu {meeting.id}"
    for objection in minutes.objections:
        item = meeting.item(objection.agenda_item)
        item_id = run.maybe("agenda_items", objection.agenda_item, place)
        confidential = item is not None and item.confidentiality == "confidential"
        by_id = run.find("persons", objection.by, place)
        meeting_id = run.ids["meetings"][meeting.id]
        await run.db.execute(
            """
            insert into minutes_objection (minutes_id, item_id, by_id, received_on, text, decision, audience)
            values ($1, $2, $3, $4, $5, $6, $7)
            """,
            minutes_id,
            item_id,
            by_id,
            objection.received_on,
            objection.text,
            objection.decision,
            [f"named:{item_id}", f"person:{by_id}"] if confidential else ["circle", f"meeting:{meeting_id}"],
        )


async def _correct(run: Run, meeting: Meeting, minutes: Minutes, minutes_id: UUID) -> None:
    names = {person.id: f"{person.title} {person.name}".strip() for person in run.folder.persons}
    for correction in minutes.corrections:
        run.find("persons", correction.by, f"Die Berichtigung zu {meeting.id}")
        item = meeting.item(correction.agenda_item)
        await run.db.execute(
            "insert into minutes_correction (minutes_id, text, corrected_on, by_name) values ($1, $2, $3, $4)",
            minutes_id,
            f"Zu TOP {item.number}: {correction.text}" if item else correction.text,
            correction.on,
            names[correction.by],
        )


async def freeze(run: Run, fresh: list[Meeting]) -> None:
    """File the text that went out, once tasks stand beside their items, and make approved minutes findable.

    It is the first version here: wordings of earlier ones did not come along.
    """
    names = {person.id: person.name for person in run.folder.persons}
    for meeting in fresh:
        minutes = meeting.minutes
        if minutes is None or minutes.draft_sent_on is None:
            continue
        sent_on = minutes.approved_on or minutes.draft_sent_on
        minutes_id = run.ids["minutes"][meeting.id]
        await record.freeze(
            run.db,
            run.ids["meetings"][meeting.id],
            minutes_id,
            1,
            "approved" if minutes.approved_on else "sent",
            names[minutes.keeper],
            datetime.combine(sent_on, NOON),
        )
        await record.index(run.db, minutes_id)
        await jobs.enqueue(run.db, "minutes.file_print", minutes_id=minutes_id, number=1)


async def load_tasks(run: Run) -> None:
    """Tasks; `source` names the agenda item each came from."""
    run.know(
        "tasks",
        await run.db.fetch(
            "select reference as key, id from task where reference = any($1)",
            [task.id for task in run.folder.tasks],
        ),
    )
    levels = {item.id: item.confidentiality for meeting in run.folder.meetings for item in meeting.agenda}
    keepers = {
        item.id: meeting.minutes.keeper
        for meeting in run.folder.meetings
        for item in meeting.agenda
        if meeting.minutes
    }
    for task in run.missing("tasks", run.folder.tasks):
        task_id = await _insert_task(
            run, task, levels.get(task.source) == "confidential", keepers.get(task.source)
        )
        await tasks.index(run.db, task_id)


async def _insert_task(run: Run, task: Task, confidential: bool, keeper: str | None) -> UUID:
    place = f"Der Auftrag {task.id}"
    owner_id = run.find("persons", task.owner, place)
    status = STATUS.get(task.status, task.status)
    added = await row(
        run.db,
        """
        insert into task (reference, title, owner_id, due, resubmission_on, item_id, source, status, accepted_by,
            done_on, confidential, created_by)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) returning id
        """,
        task.id,
        task.title,
        owner_id,
        task.due,
        task.resubmission_on,
        run.maybe("agenda_items", task.source or None, place),
        task.source,
        status,
        owner_id if status in ("accepted", "done") else None,
        task.done_on,
        confidential,
        run.maybe("persons", keeper, place),
    )
    return run.add("tasks", task.id, added["id"])
