"""Pages of meetings: the list, one meeting with its next act, what goes out, and the room in which it is held."""

from collections.abc import Awaitable, Callable
from datetime import time
from typing import Any
from uuid import UUID

import msgspec
from litestar import Request, Response, Router, get, post
from litestar.datastructures import FormMultiDict
from litestar.params import FromPath, FromQuery

from circle.core import access, answers, auth, calendar, clock, errors, fields, files, ics, pages, web
from circle.core.auth import Actor
from circle.core.clock import BERLIN
from circle.core.db import Answer, Caller, Connection
from circle.core.errors import CircleError

from . import actions, attendance, dispatches, letters, rules, store
from .agenda import actions as agenda
from .agenda import rules as agenda_rules
from .model import (
    AttendanceList,
    AttendingPerson,
    Cancellation,
    Meeting,
    MeetingCard,
    MeetingChange,
    MeetingForm,
    Move,
    NewMeeting,
    Sending,
)
from .procedure import rules as procedure
from .replies import pages as reply_pages
from .replies import rules as reply_rules
from .replies import store as replies
from .summons import panel as summons_panel

Incoming = Request[Any, Any, Any]
HERE = "/sitzungen/{reference:str}"
TONES = {
    "agenda_open": "info",
    "invited": "info",
    "running": "success",
    "held": "warning",
    "minutes_draft": "warning",
    "minutes_approved": "success",
    "cancelled": "danger",
    "moved": "danger",
}
ACTS = {
    "room": ("Zum Sitzungsraum", "/raum"),
    "minutes": ("Zur Niederschrift", "/niederschrift"),
    "invite": ("Einladung versenden …", "/einladung"),
    "supplement": ("Nachversand …", "/nachversand"),
    "call": ("Aufruf zur Anmeldung versenden …", "/aufruf"),
    "propose": ("Punkt anmelden", "/top/neu"),
    "arrange": ("Tagesordnung bearbeiten", "/tagesordnung"),
    "change": ("Angaben zur Sitzung ändern", "/bearbeiten"),
    "attendance": ("Anwesenheit eintragen", "/raum"),
    "move": ("Sitzung verlegen …", "/verlegen"),
    "cancel": ("Sitzung absagen …", "/absagen"),
}
STEPS = [
    ("Tagesordnung", ("planned", "agenda_open")),
    ("Eingeladen", ("invited",)),
    ("Sitzung", ("running", "held")),
    ("Niederschrift", ("minutes_draft",)),
    ("Genehmigt", ("minutes_approved", "filed")),
]
WORDS: dict[str, Any] = {
    "states": rules.STATES,
    "tones": TONES,
    "modes": rules.MODES,
    "aims": agenda_rules.AIMS,
    "item_states": agenda_rules.STATUSES,
    "paper_labels": agenda_rules.LABELS,
    "attendance_words": rules.ATTENDANCE,
}


@get("/sitzungen", opt={"permission": "signed_in"})
async def show_all(
    request: Incoming, db: web.Db, caller: web.Asking, after: FromQuery[str | None] = None
) -> Response[bytes]:
    """Meetings to come with what waits, and those of the past."""
    past = await store.list_meetings(db, caller, answers.unseal(after), 20, upcoming=False)
    upcoming = await store.list_meetings(db, caller, None, 50, upcoming=True) if not after else None
    me = auth.me(past.me)
    return pages.show(
        request, "meetings/list.html", me, past=pages.as_struct(past, list[MeetingCard]),
        upcoming=pages.as_struct(upcoming, list[MeetingCard]) if upcoming else [], first=not after,
        next=answers.next_link(request, past), may_convene=access.may(me, "meetings.convene"),
        may_admit=access.may(me, "agenda.admit"), **WORDS,
    )  # fmt: skip


@get("/sitzungen/neu", opt={"permission": "meetings.convene"})
async def show_new(request: Incoming, actor: web.Acting) -> Response[bytes]:
    """The form that sets the date of a meeting."""
    access.require(actor, "meetings.convene")
    form = {"mode": "in_person", "start_local": "10:00", "end_local": "14:00"}
    return pages.show(request, "meetings/form.html", actor.card, form=form, meeting=None, **WORDS)


@post("/sitzungen/neu", opt={"permission": "meetings.convene"})
async def convene(request: Incoming, db: web.Db, caller: web.Asking, actor: web.Acting) -> Response[Any]:
    """Take the form; a late invitation deadline is told and refuses nothing."""
    access.require(actor, "meetings.convene")
    form = await pages.read_form(request)
    told = ""

    async def act() -> str:
        nonlocal told
        meeting_id = await actions.convene(db, actor, fields.from_form(NewMeeting, form))
        meeting = pages.as_struct(await store.get(db, caller, meeting_id), Meeting)
        told = " ".join(_hints(meeting))
        return f"/sitzungen/{meeting.reference}"

    try:
        done = await pages.once(request, db, actor, form, act)
    except pages.MENDABLE as wrong:
        pages.again(request, "meetings/form.html", actor, wrong, form, meeting=None, **WORDS)
    return pages.go(done.headers["location"], f"Die Sitzung ist angesetzt. {told}".strip())


@get(HERE, opt={"permission": "signed_in"})
async def show(
    request: Incoming, db: web.Db, caller: web.Asking, reference: FromPath[str]
) -> Response[bytes]:
    """One meeting: where it stands, agenda, deadlines, attendance, what went out, and the next act of this person."""
    found, meeting = await _meeting(db, caller, reference)
    await agenda.note_reading(db, caller, found.me, meeting.agenda)
    me, today = auth.me(found.me), clock.day(caller.now)
    acts = rules.acts(me, meeting, today)
    reply = await reply_pages.panel(db, caller, meeting.id) if meeting.state == "invited" else None
    summons = await summons_panel.of_page(db, caller, me, meeting)
    return pages.show(
        request, "meetings/show.html", me, meeting=meeting, acts=acts, act_links=ACTS, points=_points(meeting),
        hints=_hints(meeting) if access.may(me, "meetings.convene") else [], times=rules.clock_times(meeting),
        deadline_words=rules.DEADLINE_WORDS, revision=found.revision, may_open=meeting.state in rules.STEPS["open"] and access.may(me, "meetings.convene"), reply=reply, summons=summons, may_dispatch=access.may(me, "dispatches.send"),
        may_deputise=access.may(me, "absences.enter") and meeting.date >= today and meeting.state not in ("cancelled", "moved"),
        **WORDS,
    )  # fmt: skip


@get(HERE + "/termin.ics", opt={"permission": "signed_in"})
async def calendar_file(
    request: Incoming, db: web.Db, caller: web.Asking, reference: FromPath[str]
) -> Response[bytes]:
    """The appointment for one's own calendar; it tells when and where and no item."""
    _, meeting = await _meeting(db, caller, reference)
    settings = request.app.state.settings
    status: ics.Status = "TENTATIVE" if meeting.state in rules.BEFORE_INVITATION else "CONFIRMED"
    event = letters.appointment(
        calendar_id=meeting.calendar_id, reference=meeting.reference, title=meeting.title, on=meeting.date,
        start=time.fromisoformat(meeting.start_local), end=time.fromisoformat(meeting.end_local),
        zone=meeting.time_zone, place=meeting.place, link=meeting.link, sequence=meeting.sequence, now=caller.now,
        address=settings.address, domain=settings.mail_from.rpartition("@")[2],
        status="CANCELLED" if meeting.state in ("cancelled", "moved") else status,
    )  # fmt: skip
    return Response(
        ics.event(event, "PUBLISH"),
        media_type="text/calendar; charset=utf-8",
        headers={"content-disposition": files.disposition(f"{meeting.reference}.ics")},
    )


@get(HERE + "/bearbeiten", opt={"permission": "meetings.convene"})
async def show_change(
    request: Incoming, db: web.Db, caller: web.Asking, actor: web.Acting, reference: FromPath[str]
) -> Response[bytes]:
    """The form that changes title, time and place."""
    found, meeting = await _meeting(db, caller, reference)
    access.require(actor, "meetings.convene")
    rules.require_change(meeting.state, set())
    form = {name: getattr(meeting, name) for name in MeetingForm.__struct_fields__}
    return pages.show(
        request,
        "meetings/form.html",
        actor.card,
        form=form,
        meeting=meeting,
        revision=found.revision,
        **WORDS,
    )


@post(HERE + "/bearbeiten", opt={"permission": "meetings.convene"})
async def change(
    request: Incoming, db: web.Db, caller: web.Asking, actor: web.Acting, reference: FromPath[str]
) -> Response[Any]:
    """Take the changes."""
    form = await pages.read_form(request)
    found, meeting = await _meeting(db, caller, reference)
    try:
        async with pages.attempt(db):
            wanted = MeetingChange(**msgspec.structs.asdict(fields.from_form(MeetingForm, form)))
            await actions.change(db, actor, meeting.id, wanted, pages.revision(form))
    except pages.MENDABLE as wrong:
        pages.again(
            request,
            "meetings/form.html",
            actor,
            wrong,
            form,
            meeting=meeting,
            revision=found.revision,
            **WORDS,
        )
    return pages.go(f"/sitzungen/{reference}", "Die Änderung ist gespeichert.")


@post(HERE + "/oeffnen", opt={"permission": "meetings.convene"})
async def open_agenda(
    request: Incoming, db: web.Db, actor: web.Acting, reference: FromPath[str]
) -> Response[Any]:
    """Let members put items forward for a planned meeting."""
    form = await pages.read_form(request)
    meeting = await actions.locked(db, actor, None, reference[:40])
    await actions.open_agenda(db, actor, meeting.id, pages.revision(form))
    return pages.go(f"/sitzungen/{reference}", "Die Tagesordnung ist offen. Punkte können angemeldet werden.")


@get(HERE + "/einladung", opt={"permission": "meetings.invite"})
async def show_invitation(
    request: Incoming, db: web.Db, caller: web.Asking, actor: web.Acting, reference: FromPath[str]
) -> Response[bytes]:
    """Exactly what the invitation says and who gets what, before it goes out."""
    return await _look(request, db, caller, actor, reference, "invitation")


@post(HERE + "/einladung", opt={"permission": "meetings.invite"})
async def invite(
    request: Incoming, db: web.Db, caller: web.Asking, actor: web.Acting, reference: FromPath[str]
) -> Response[Any]:
    """Send the invitation once, and go to the page that shows how far it is."""
    return await _send(request, db, caller, actor, reference, "invitation")


@get(HERE + "/nachversand", opt={"permission": "meetings.invite"})
async def show_supplement(
    request: Incoming, db: web.Db, caller: web.Asking, actor: web.Acting, reference: FromPath[str]
) -> Response[bytes]:
    """The same for a supplement."""
    return await _look(request, db, caller, actor, reference, "supplement")


@post(HERE + "/nachversand", opt={"permission": "meetings.invite"})
async def supplement(
    request: Incoming, db: web.Db, caller: web.Asking, actor: web.Acting, reference: FromPath[str]
) -> Response[Any]:
    """Send the supplement once."""
    return await _send(request, db, caller, actor, reference, "supplement")


@get(HERE + "/absagen", opt={"permission": "meetings.invite"})
async def show_cancel(
    request: Incoming, db: web.Db, caller: web.Asking, actor: web.Acting, reference: FromPath[str]
) -> Response[bytes]:
    """Why the meeting does not take place, and who will be told."""
    found, meeting = await _meeting(db, caller, reference)
    context = await _off_page(db, actor, meeting, found.revision, "cancel")
    return pages.show(request, "meetings/cancel.html", actor.card, **context)


@post(HERE + "/absagen", opt={"permission": "meetings.invite"})
async def cancel(
    request: Incoming, db: web.Db, caller: web.Asking, actor: web.Acting, reference: FromPath[str]
) -> Response[Any]:
    """Call the meeting off once, and go to the page of the dispatch."""
    form = await pages.read_form(request)
    found, meeting = await _meeting(db, caller, reference)

    async def act() -> str:
        wanted = fields.from_form(Cancellation, form)
        return f"/versand/{await dispatches.cancel(db, actor, meeting.id, wanted, pages.revision(form))}"

    try:
        return await pages.once(
            request, db, actor, form, act, "Die Sitzung ist abgesagt. Alle bekommen Bescheid."
        )
    except pages.MENDABLE as wrong:
        context = await _off_page(db, actor, meeting, found.revision, "cancel")
        pages.again(request, "meetings/cancel.html", actor, wrong, form, **context)


@get(HERE + "/verlegen", opt={"permission": "meetings.invite"})
async def show_move(
    request: Incoming, db: web.Db, caller: web.Asking, actor: web.Acting, reference: FromPath[str]
) -> Response[bytes]:
    """The new date, why, and who will be told."""
    found, meeting = await _meeting(db, caller, reference)
    context = await _off_page(db, actor, meeting, found.revision, "move")
    form = {name: getattr(meeting, name) for name in ("start_local", "end_local", "place", "link")}
    return pages.show(request, "meetings/move.html", actor.card, **context, form=form)


@post(HERE + "/verlegen", opt={"permission": "meetings.invite"})
async def move(
    request: Incoming, db: web.Db, caller: web.Asking, actor: web.Acting, reference: FromPath[str]
) -> Response[Any]:
    """Move the meeting once, and go to the new one."""
    form = await pages.read_form(request)
    found, meeting = await _meeting(db, caller, reference)

    async def act() -> str:
        wanted = fields.from_form(Move, form)
        new_id = await dispatches.move(db, actor, meeting.id, wanted, pages.revision(form))
        return f"/sitzungen/{pages.as_struct(await store.get(db, caller, new_id), Meeting).reference}"

    try:
        return await pages.once(
            request, db, actor, form, act, "Die Sitzung ist verlegt. Alle bekommen Bescheid."
        )
    except pages.MENDABLE as wrong:
        context = await _off_page(db, actor, meeting, found.revision, "move")
        pages.again(request, "meetings/move.html", actor, wrong, form, **context)


@get(HERE + "/raum", opt={"permission": "meetings.run"})
async def show_room(
    request: Incoming, db: web.Db, caller: web.Asking, actor: web.Acting, reference: FromPath[str]
) -> Response[bytes]:
    """The room of the moderation: agenda with time, attendance with quorum, and the way from opening to closing."""
    found, meeting = await _meeting(db, caller, reference)
    access.require(actor, "meetings.run")
    rules.require_step("attend", meeting.state)
    await agenda.note_reading(db, caller, found.me, meeting.agenda)
    return pages.show(
        request, "meetings/room.html", actor.card, **await _room(db, actor, meeting, found.revision)
    )


@post(HERE + "/raum/anwesenheit", opt={"permission": "meetings.run"})
async def record_attendance(
    request: Incoming, db: web.Db, caller: web.Asking, actor: web.Acting, reference: FromPath[str]
) -> Response[Any]:
    """Take everybody's attendance in one act."""
    form = await pages.read_form(request)
    found, meeting = await _meeting(db, caller, reference)
    access.require(actor, "meetings.run")
    people: list[str] = []
    try:
        async with pages.attempt(db):
            wanted, people = _attendance_of(form)
            await attendance.record(db, actor, meeting.id, wanted, pages.revision(form))
    except pages.MENDABLE as wrong:
        named = _at_fields(wrong, people)
        pages.again(
            request, "meetings/room.html", actor, named, form, **await _room(db, actor, meeting, found.revision)
        )  # fmt: skip
    return pages.go(f"/sitzungen/{reference}/raum", "Die Anwesenheit ist gespeichert.")


@post(HERE + "/raum/beginnen", opt={"permission": "meetings.run"})
async def start(request: Incoming, db: web.Db, actor: web.Acting, reference: FromPath[str]) -> Response[Any]:
    """Open the meeting."""
    form = await pages.read_form(request)
    meeting = await actions.locked(db, actor, None, reference[:40])

    async def act() -> str:
        await actions.start(db, actor, meeting.id, pages.revision(form))
        return f"/sitzungen/{reference}/raum"

    return await pages.once(request, db, actor, form, act, "Die Sitzung ist eröffnet.")


@post(HERE + "/raum/schliessen", opt={"permission": "meetings.run"})
async def close(request: Incoming, db: web.Db, actor: web.Acting, reference: FromPath[str]) -> Response[Any]:
    """Close the meeting, and go on with the minutes."""
    form = await pages.read_form(request)
    meeting = await actions.locked(db, actor, None, reference[:40])

    async def act() -> str:
        await actions.close(db, actor, meeting.id, pages.revision(form))
        return f"/sitzungen/{reference}/niederschrift"

    return await pages.once(request, db, actor, form, act, "Die Sitzung ist geschlossen.")


async def _meeting(db: Connection, caller: Caller, reference: str) -> tuple[Answer, Meeting]:
    found = await store.get(db, caller, reference=reference[:40])
    return found, pages.as_struct(found, Meeting)


def _hints(meeting: Meeting) -> list[str]:
    """What is told about a date without refusing it."""
    found = []
    if meeting.overdue and meeting.invitation_until:
        found.append(
            f"Die Einladungsfrist ist am {calendar.date_short(meeting.invitation_until)} abgelaufen."
        )
    if meeting.state in rules.BEFORE_MEETING:
        found += procedure.warnings(meeting.date)
    return found


def _points(meeting: Meeting) -> list[tuple[str, str, str]]:
    """The line of states: what is done, what is now, what is still to come."""
    place = next((n for n, (_, states) in enumerate(STEPS) if meeting.state in states), -1)
    notes = {
        0: f"Anmeldung bis {calendar.date_short(meeting.deadlines['agenda_submission'].on)}"
        if "agenda_submission" in meeting.deadlines
        else "",
        1: f"am {calendar.date_short(meeting.invitation_sent_on)}" if meeting.invitation_sent_on else "",
        2: f"am {calendar.date_short(meeting.date)}",
    }
    last = meeting.state in ("minutes_approved", "filed")
    return [
        (label, "done" if n < place or last else "current" if n == place else "open", notes.get(n, ""))
        for n, (label, _) in enumerate(STEPS)
    ]


async def _look(
    request: Incoming, db: Connection, caller: Caller, actor: Actor, reference: str, kind: str
) -> Response[bytes]:
    """The page before something goes out that cannot be taken back."""
    context = await _preview(db, caller, actor, reference, kind)
    return pages.show(request, "meetings/send.html", actor.card, **context)


async def _preview(db: Connection, caller: Caller, actor: Actor, reference: str, kind: str) -> dict[str, Any]:
    found, meeting = await _meeting(db, caller, reference)
    access.require(actor, "meetings.invite")
    rules.require_step("invite" if kind == "invitation" else kind, meeting.state)
    return {
        "meeting": meeting,
        "revision": found.revision,
        "preview": await dispatches.preview(db, actor, meeting.id),
        "missing": rules.missing_for_invitation(meeting),
    }


async def _send(
    request: Incoming, db: Connection, caller: Caller, actor: Actor, reference: str, kind: str
) -> Response[Any]:
    form = await pages.read_form(request)
    meeting = await actions.locked(db, actor, None, reference[:40])
    sends: Callable[..., Awaitable[UUID]] = (
        dispatches.invite if kind == "invitation" else dispatches.supplement
    )

    async def act() -> str:
        wanted = fields.from_form(Sending, form)
        return f"/versand/{await sends(db, actor, meeting.id, wanted, pages.revision(form))}"

    try:
        return await pages.once(request, db, actor, form, act, "Der Versand beginnt.")
    except pages.MENDABLE as wrong:
        context = await _preview(db, caller, actor, reference, kind)
        pages.again(request, "meetings/send.html", actor, wrong, form, **context)


async def _off_page(
    db: Connection, actor: Actor, meeting: Meeting, revision: int, act: str
) -> dict[str, Any]:
    """What the pages of cancelling and moving show."""
    access.require(actor, "meetings.invite")
    rules.require_step(act, meeting.state)
    people = await store.list_recipients(db, meeting.id, actor.today, invited_before=True)
    return {
        "meeting": meeting,
        "revision": revision,
        "recipients": [one for one in people if meeting.state == "invited" or one.sees],
        "later": [
            (row["id"], f"{row['title']} ({calendar.date_short(row['date'])})")
            for row in await store.list_later(db, meeting.id, list(actor.keys))
        ],
    }


async def _room(db: Connection, actor: Actor, meeting: Meeting, revision: int) -> dict[str, Any]:
    """The room: who may be there, the quorum of this minute, and how the time stands."""
    recorded = {one.person_id: one for one in meeting.attendance}
    choices = await store.list_choices(db, meeting.id, meeting.date)
    seats = {one.person_id for one in meeting.members}
    shown = [row for row in choices if row["id"] in recorded or row["id"] in seats or row["office"]]
    known = {row["id"] for row in shown}
    running = meeting.state == "running"
    at = f"{actor.now.astimezone(BERLIN):%H:%M}" if running else None
    waiting = [item for item in meeting.agenda if item.status in ("admitted", "on_agenda")]
    answered = await replies.list_answers(db, meeting.id)
    return {
        "meeting": meeting,
        "answered": answered,
        "answer_words": reply_rules.WORDS,
        "proposed": {
            row["id"]: status
            for row in shown
            if row["id"] in answered and row["id"] not in recorded and meeting.state in ("invited", "running")
            if (status := reply_rules.proposal(answered[row["id"]]["answer"], member=row["id"] in seats))
        },
        "revision": revision,
        "recorded": recorded,
        "shown": shown,
        "deputies": {
            row["id"]: [
                (one["id"], one["name"] + (" (Vertretung)" if one["deputy"] else ""))
                for one in sorted(choices, key=lambda one: not one["deputy"])
                if one["authority_id"] == row["authority_id"] and one["id"] != row["id"]
            ]
            for row in shown
            if row["id"] in seats
        },
        "others": [
            (row["id"], f"{row['name']} ({row['authority_name']})")
            for row in choices
            if row["id"] not in known
        ],
        "quorum": rules.quorum(
            meeting.attendance, meeting.members, meeting.editions, least=meeting.quorum_least, at=at
        ),
        "forecast": rules.forecast(meeting, actor.now),
        "times": rules.clock_times(meeting),
        "current": waiting[0].id if running and waiting else None,
        "before": meeting.state in rules.BEFORE_MEETING,
        "may_start": meeting.state in rules.STEPS["start"],
        "may_close": running,
        "left": [item for item in waiting if item.kind not in ("formality", "miscellaneous")],
        **WORDS,
    }


def _attendance_of(form: FormMultiDict) -> tuple[AttendanceList, list[str]]:
    """The attendance as the form of the room describes it, and the ids of its people in that order.

    Who has no status is not recorded. Raises Invalid at the fields.
    """
    items: list[AttendingPerson] = []
    people: list[str] = []
    wrong: dict[str, str] = {}
    named = [str(one) for one in form.getall("person", [])]
    added = str(form.get("add_person", ""))
    for person in [*named, *([added] if added else [])]:
        mark = "add" if person == added and person not in named else person
        status = str(form.get(f"status_{mark}", ""))
        if not status:
            continue
        given = {"person_id": person, "status": status} | {
            name: str(value)
            for name, field in (("represented_by", "by"), ("from_local", "from"), ("to_local", "to"))
            if (value := form.get(f"{field}_{mark}"))
        }
        if status != "represented":
            # The choice of a deputy stays in the form when it is no longer meant.
            given.pop("represented_by", None)
        try:
            items.append(msgspec.convert(given, AttendingPerson, strict=False))
        except msgspec.ValidationError as error:
            wrong[f"status_{mark}"] = errors.german(str(error))
        people.append(mark)
    if wrong:
        raise errors.Invalid("Bitte prüfen Sie die Anwesenheit.", fields=wrong)
    return AttendanceList(items), people


FIELDS = {
    "person_id": "status",
    "status": "status",
    "represented_by": "by",
    "from_local": "from",
    "to_local": "to",
}


def _at_fields(wrong: CircleError, people: list[str]) -> CircleError:
    """The refusal of a list at the fields of its form: `items.2.status` → `status_<person>`."""
    fields_wrong = {}
    for name, text in wrong.fields.items():
        parts = name.split(".")
        if len(parts) == 3 and parts[1].isdigit():
            name = f"{FIELDS[parts[2]]}_{people[int(parts[1])]}"
        fields_wrong[name] = text
    wrong.fields = fields_wrong
    return wrong


router = Router(
    "/",
    include_in_schema=False,
    route_handlers=[
        show_all, show_new, convene, show, calendar_file, show_change, change, open_agenda, show_invitation, invite,
        show_supplement, supplement, show_cancel, cancel, show_move, move, show_room, record_attendance, start, close,
    ],
)  # fmt: skip
