"""The procedure, meetings with agenda, papers and attendance."""

import hashlib
from datetime import UTC, date, datetime, time
from typing import Any
from uuid import UUID

import msgspec
from asyncpg import Record

from circle.core import calendar, files, pages
from circle.core.db import row
from circle.knowledge import prints
from circle.local.child import LocalError
from circle.meetings import rules as meeting_rules
from circle.meetings.agenda import actions as agenda
from circle.meetings.procedure import rules as procedure_rules
from circle.search import index as search

from .folder import Item, Meeting
from .run import Run

BEFORE_INVITATION = {"in_preparation": "agenda_open"}
"""Where the folder says it differently from the database."""
TABLED = "Tischvorlage"
READABLE = {"released", "review_overdue", "superseded", "retired"}
"""States in which a document has a page that its level opens."""


async def load_procedure(run: Run) -> None:
    """The rules become version 1 when the circle has none yet; meetings keep the version they were convened under."""
    if run.folder.procedure and not await run.db.fetchval("select exists(select from procedure)"):
        first = min((meeting.date for meeting in run.folder.meetings), default=run.actor.today)
        await run.db.execute(
            """
            insert into procedure (version, adopted_on, in_force_from, reference, rules)
            values (1, $1, $1, 'Übernommene Regeln', $2::jsonb)
            """,
            date(first.year, 1, 1),
            msgspec.json.encode(procedure_rules.taken_over(run.folder.procedure)).decode(),
        )


async def load_meetings(run: Run) -> list[Meeting]:
    """Meetings with all that belongs to them. Returns the new ones."""
    run.know(
        "meetings",
        await run.db.fetch(
            "select reference as key, id from meeting where reference = any($1)",
            [meeting.id for meeting in run.folder.meetings],
        ),
    )
    run.know(
        "agenda_items",
        await run.db.fetch(
            """
            select m.reference || '/TOP-' || i.number as key, i.id
            from agenda_item i join meeting m on m.id = i.meeting_id where m.reference = any($1) and i.number <> ''
            """,
            [meeting.id for meeting in run.folder.meetings],
        ),
    )
    fresh: list[Meeting] = run.missing("meetings", run.folder.meetings)
    for meeting in fresh:
        meeting_id = await _insert(run, meeting)
        await _attend(run, meeting, meeting_id)
        for item in meeting.agenda:
            await _insert_item(run, meeting, meeting_id, item)
    await _link_adjourned(run, fresh)
    return fresh


def deadlines(meeting: Meeting, procedure: dict[str, Any]) -> dict[str, calendar.Deadline]:
    """The meeting's deadlines as the calendar works them out, each with the steps that lead to it.

    Raises LocalError when the folder gives another day: one of the two is wrong, and nobody should find out later.
    """
    found = meeting_rules.deadlines(meeting.date, procedure)
    for name, deadline in found.items():
        if meeting.deadlines.get(name, deadline.on) != deadline.on:
            raise LocalError(
                f"Die Frist {name} der Sitzung {meeting.id} steht auf dem {calendar.date_short(meeting.deadlines[name])}, "
                f"richtig ist der {calendar.date_short(deadline.on)}."
            )
    return found


def state(meeting: Meeting) -> str:
    """How far the meeting is: what was held goes on with its minutes."""
    if meeting.state == "held" and meeting.minutes and meeting.minutes.approved_on:
        return "minutes_approved"
    if meeting.state == "held" and meeting.minutes and meeting.minutes.draft_sent_on:
        return "minutes_draft"
    return BEFORE_INVITATION.get(meeting.state, meeting.state)


async def _insert(run: Run, meeting: Meeting) -> UUID:
    procedure = await run.db.fetchrow("select version, rules from procedure order by version desc limit 1")
    if procedure is None:
        raise LocalError("Es fehlt die Geschäftsordnung (procedure.json).")
    rules = msgspec.json.decode(procedure["rules"])
    begun, ended = (_instant(meeting, at) for at in (meeting.start_local, meeting.end_local))
    held = meeting.state == "held"
    added = await row(
        run.db,
        """
        insert into meeting (reference, number, title, date, start_local, end_local, time_zone, mode, place, state,
            file_reference, deadlines, procedure_version, invitation_sent_on, started_at, ended_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12::jsonb, $13, $14, $15, $16) returning id
        """,
        meeting.id,
        meeting.number,
        meeting.title,
        meeting.date,
        time.fromisoformat(meeting.start_local),
        time.fromisoformat(meeting.end_local),
        meeting.time_zone,
        meeting.mode,
        meeting.place,
        state(meeting),
        meeting.file_reference,
        msgspec.json.encode(deadlines(meeting, rules)).decode(),
        procedure["version"],
        meeting.invitation_sent_on,
        begun if held else None,
        ended if held else None,
    )
    return run.add("meetings", meeting.id, added["id"])


def _instant(meeting: Meeting, at: str) -> datetime:
    try:
        return calendar.parse_local(meeting.date, at, meeting.time_zone).astimezone(UTC)
    except calendar.LocalTimeError as error:
        raise LocalError(f"Die Sitzung {meeting.id}: {error}") from error


async def _attend(run: Run, meeting: Meeting, meeting_id: UUID) -> None:
    there = meeting.attendance
    rows = [
        *((person, "present", None) for person in there.present),
        *((entry.member, "represented", entry.by) for entry in there.represented),
        *((person, "excused", None) for person in there.excused),
        *((person, "guest", None) for person in there.guests),
        *((person, "office", None) for person in there.office),
    ]
    place = f"Die Anwesenheit der Sitzung {meeting.id}"
    for person, status, deputy in rows:
        await run.db.execute(
            "insert into attendance (meeting_id, person_id, status, represented_by) values ($1, $2, $3, $4)",
            meeting_id,
            run.find("persons", person, place),
            status,
            run.maybe("persons", deputy, place),
        )


async def _insert_item(run: Run, meeting: Meeting, meeting_id: UUID, item: Item) -> None:
    """An item with its content and papers. It gets its number with the invitation, and then the number stands fast."""
    added = await row(
        run.db,
        """
        insert into agenda_item (meeting_id, "order", number, status, frozen, late_submission)
        values ($1, $2, $3, $4, $5, $6) returning id
        """,
        meeting_id,
        item.order,
        item.number if meeting.invitation_sent_on else "",
        item.status,
        meeting.invitation_sent_on is not None,
        item.late_submission,
    )
    item_id = run.add("agenda_items", item.id, added["id"])
    place = f"Der Tagesordnungspunkt {item.id}"
    if item.confidentiality == "confidential":
        await _name_persons(run, meeting, item, item_id)
    await run.db.execute(
        """
        insert into agenda_content (item_id, meeting_id, title, aim, kind, confidentiality, rapporteur_id, submitted_by,
            planned_minutes, minutes, result, resolution_text, votes, reservations)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13::jsonb, $14::jsonb)
        """,
        item_id,
        meeting_id,
        item.title,
        item.aim,
        item.kind,
        item.confidentiality,
        run.maybe("persons", item.rapporteur, place),
        run.maybe("persons", item.submitted_by, place),
        item.planned_minutes,
        item.minutes or "",
        item.result or "",
        item.resolution_text or "",
        msgspec.json.encode(item.votes).decode() if item.votes else None,
        msgspec.json.encode([_reservation(run, entry, place) for entry in item.reservations]).decode(),
    )
    await _insert_papers(run, meeting, meeting_id, item)


def _reservation(run: Run, entry: dict[str, Any], place: str) -> dict[str, Any]:
    """A reservation names its person by id, and by name and house of that day."""
    person_id = run.find("persons", entry["by"], place)
    person = next(person for person in run.folder.persons if person.id == entry["by"])
    houses = {house.id: house.short for house in run.folder.authorities}
    name = f"{person.title} {person.name}".strip()
    if person.authority in houses:
        name += f" ({houses[person.authority]})"
    return {**entry, "by": person_id, "by_name": name}


async def _name_persons(run: Run, meeting: Meeting, item: Item, item_id: UUID) -> None:
    """A confidential item is open to who reports, who submitted it, the office, and the members who sat there."""
    there = meeting.attendance
    named = {item.rapporteur, item.submitted_by, *there.office, *there.present} - {None}
    place = f"Der Tagesordnungspunkt {item.id}"
    for person in sorted(filter(None, named)):
        await run.db.execute(
            "insert into named_access (object_id, person_id) values ($1, $2)",
            item_id,
            run.find("persons", person, place),
        )


async def _insert_papers(run: Run, meeting: Meeting, meeting_id: UUID, item: Item) -> None:
    """Documents on the agenda. The folder keeps no day of submission: it is the invitation's, or the meeting's own."""
    for number, key in enumerate(item.documents, start=1):
        document_id = run.find("documents", key, f"Der Tagesordnungspunkt {item.id}")
        document = await row(
            run.db,
            """
            select d.reference, d.title, d.kind, d.confidentiality, d.state, d.abstract, d.body, p.name as owner
            from document d join person p on p.id = d.owner_id where d.id = $1
            """,
            document_id,
        )
        label = "tabled" if document["kind"] == TABLED else "late" if item.late_submission else "advance"
        submitted_on = meeting.invitation_sent_on or meeting.deadlines["agenda_submission"]
        file_id = None if document["state"] in READABLE else await _print(run, document)
        added = await row(
            run.db,
            """
            insert into paper (meeting_id, item_id, number, title, confidentiality, label, document_id, file_id, author_id,
                submitted_on)
            select $1, $2, $3, d.title, case when $4 = 'confidential' then $4 else d.confidentiality end, $5,
                case when $8::uuid is null then d.id end, $8, d.owner_id, $6
            from document d where d.id = $7
            returning id, audience
            """,
            meeting_id,
            run.ids["agenda_items"][item.id],
            number,
            item.confidentiality,
            label,
            meeting.date if label == "tabled" else submitted_on,
            document_id,
            file_id,
        )
        if file_id:
            await files.use(run.db, file_id, added["id"], added["audience"])


async def _print(run: Run, document: Record) -> UUID:
    """A draft goes to the meeting on paper: its page is closed to the members until the release."""
    printed = prints.DocumentPrint(
        reference=document["reference"], title=document["title"], level=pages.LEVELS[document["confidentiality"]],
        version="Entwurf", as_of=run.actor.today, owner=document["owner"], body=document["body"] or document["abstract"],
    )  # fmt: skip
    content = prints.document(printed)
    key = await run.storage.put(content)
    run.stored.append(key)
    stored = await files.insert(
        run.db, name=f"{document['reference']}-Entwurf.pdf", kind="application/pdf", size=len(content),
        sha256=hashlib.sha256(content).hexdigest(), key=key, uploaded_by=None,
    )  # fmt: skip
    return stored.id


async def _link_adjourned(run: Run, fresh: list[Meeting]) -> None:
    """An adjourned item goes on in a later meeting under a title that begins with its own."""
    for meeting in fresh:
        later = [item for other in run.folder.meetings if other.date > meeting.date for item in other.agenda]
        for item in meeting.agenda:
            successor = next((other for other in later if other.title.startswith(item.title)), None)
            if item.status == "adjourned" and successor:
                await run.db.execute(
                    "update agenda_item set adjourned_to = $2 where id = $1",
                    run.ids["agenda_items"][item.id],
                    run.ids["agenda_items"][successor.id],
                )


async def index(run: Run, fresh: list[Meeting]) -> None:
    """Meetings and agenda items become findable for whoever may open them, proposals once they are admitted."""
    for meeting in fresh:
        meeting_id = run.ids["meetings"][meeting.id]
        open_titles = [
            item.title
            for item in meeting.agenda
            if item.confidentiality != "confidential" and item.status not in ("registered", "returned")
        ]
        await search.put(
            run.db,
            search.Entry(
                source_kind="meeting", source_id=meeting_id, reference=meeting.id, title=meeting.title,
                body="\n".join([meeting.place, *open_titles]), kind="Sitzung", level="circle", year=meeting.date.year,
                url=f"/sitzungen/{meeting.id}", audience=["circle", f"meeting:{meeting_id}"],
            ),
        )  # fmt: skip
        for item in meeting.agenda:
            await agenda.index(run.db, run.ids["agenda_items"][item.id])
