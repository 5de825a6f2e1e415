"""Pages of meetings: the list, one meeting with its next act, and what goes out."""

from collections.abc import Awaitable, Callable
from datetime import time
from typing import Any
from uuid import UUID

import msgspec
from litestar import Request, Response, Router, get, post
from litestar.params import FromPath, FromQuery

from circle.core import access, answers, auth, calendar, clock, fields, files, ics, pages, web
from circle.core.auth import Actor
from circle.core.db import Answer, Caller, Connection

from . import actions, dispatches, letters, rules, store
from .agenda import actions as agenda
from .agenda import rules as agenda_rules
from .model import (
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
    "live": ("Live mitverfolgen", "/live"),
    "minutes": ("Zur Niederschrift", "/niederschrift"),
    "invite": ("Einladung versenden …", "/einladung"),
    "supplement": ("Nachversand …", "/nachversand"),
    "call": ("Aufruf zur Anmeldung versenden …", "/aufruf"),
    "propose": ("Punkt anmelden", "/top/neu"),
    "arrange": ("Tagesordnung bearbeiten", "/tagesordnung"),
    "change": ("Angaben zur Sitzung ändern", "/bearbeiten"),
    "attendance": ("Anwesenheit eintragen", "/raum/anwesenheit"),
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


router = Router(
    "/",
    include_in_schema=False,
    route_handlers=[
        show_all, show_new, convene, show, calendar_file, show_change, change, open_agenda, show_invitation, invite,
        show_supplement, supplement, show_cancel, cancel, show_move, move,
    ],
)  # fmt: skip
