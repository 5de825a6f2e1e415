"""Pages of absences: who is away when and who acts, the form to enter one, and the form to change or call off."""

from datetime import date, timedelta
from typing import Any
from uuid import UUID

import msgspec
from litestar import Request, Response, Router, get, post
from litestar.params import FromPath, FromQuery

from circle.core import access, answers, auth, calendar, clock, errors, fields, pages, web
from circle.core.auth import Actor
from circle.core.db import Answer, Connection
from circle.core.fields import Day

from . import actions, rules, store
from .model import Absence, AbsenceChange, NewAbsence

Incoming = Request[Any, Any, Any]
WEEKS = 8
STATES = {"ahead": "geplant", "running": "läuft", "over": "vorbei"}


class TimeForm(msgspec.Struct, frozen=True):
    """What can be changed before it has begun."""

    deputy_id: UUID
    starts_on: Day
    ends_on: Day


class EndForm(msgspec.Struct, frozen=True):
    """What can be changed while it runs."""

    ends_on: Day


class Strip(msgspec.Struct, frozen=True):
    """The coming weeks of one person, day by day; a bar is its first day and length, counted from the Monday."""

    name: str
    words: str
    bars: list[tuple[int, int, str]]


@get("/vertretungen", opt={"permission": "signed_in"})
async def show_all(
    request: Incoming, db: web.Db, caller: web.Asking, vorbei: FromQuery[bool] = False, after: FromQuery[str | None] = None
) -> Response[bytes]:  # fmt: skip
    """Who is away and who acts: today and in the coming weeks, or what is over."""
    found = await store.list_absences(db, caller, answers.unseal(after), 100, vorbei)
    absences: list[Absence] = pages.as_struct(found, list[Absence])
    me, today = auth.me(found.me), clock.day(caller.now)
    monday = today - timedelta(days=today.weekday())
    return pages.show(
        request, "deputies/list.html", me, absences=absences if vorbei else absences[::-1], past=vorbei,
        next_href=answers.next_link(request, found), may_enter=access.may(me, "absences.enter"), states=STATES,
        keeps={one.id for one in absences if one.state != "over" and rules.keeps(me, one.person_id, one.authority_id)
               and one.deputy_id != me.person_id},
        strips=[] if vorbei else strips(absences, monday), monday=monday, weeks=WEEKS, at=(today - monday).days,
    )  # fmt: skip


def strips(absences: list[Absence], monday: date) -> list[Strip]:
    """The drawing of the coming weeks: who is away in them, in the order of houses."""
    last = monday + timedelta(days=7 * WEEKS - 1)
    lines: dict[UUID, list[Absence]] = {}
    for one in sorted(absences, key=lambda one: (one.authority_name, one.starts_on)):
        if one.starts_on <= last and one.ends_on >= monday:
            lines.setdefault(one.person_id, []).append(one)
    drawn = []
    for own in lines.values():
        bars = []
        for one in own:
            first, end = max(one.starts_on, monday), min(one.ends_on, last)
            words = f"{calendar.date_short(one.starts_on)} bis {calendar.date_short(one.ends_on)}, Vertretung: {one.deputy_name}"
            bars.append(((first - monday).days, (end - first).days + 1, words))
        name = f"{own[0].authority_name}: {own[0].person_name}"
        drawn.append(Strip(name, "; ".join(bar[2] for bar in bars), bars))
    return drawn


@get("/vertretungen/neu", opt={"permission": "absences.enter"})
async def show_new(
    request: Incoming,
    db: web.Db,
    actor: web.Acting,
    person: FromQuery[str] = "",
    sitzung: FromQuery[str] = "",
) -> Response[bytes]:
    """The form; `sitzung` is the meeting it is for, whose day is filled in."""
    access.require(actor, "absences.enter")
    return pages.show(
        request, "deputies/form.html", actor.card, one=None, **await _choices(db, actor, sitzung), chosen=person[:40]
    )  # fmt: skip


@post("/vertretungen/neu", opt={"permission": "absences.enter"})
async def enter(request: Incoming, db: web.Db, actor: web.Acting) -> Response[Any]:
    """Take the form."""
    access.require(actor, "absences.enter")
    form = await pages.read_form(request)

    async def act() -> str:
        given = fields.from_form(NewAbsence, form)
        await actions.enter(db, actor, given.person_id, given)
        return "/vertretungen"

    try:
        return await pages.once(request, db, actor, form, act, "Die Vertretung ist eingetragen.")
    except pages.MENDABLE as wrong:
        choices = await _choices(db, actor, str(form.get("meeting_reference", ""))[:40])
        if "meeting_id" in wrong.fields:
            wrong = errors.Invalid(wrong.detail)  # no field of the form that a link could lead to
        pages.again(request, "deputies/form.html", actor, wrong, form, one=None, **choices, chosen="")


@get("/vertretungen/{absence_id:uuid}", opt={"permission": "absences.enter"})
async def show_change(
    request: Incoming, db: web.Db, caller: web.Asking, actor: web.Acting, absence_id: FromPath[UUID]
) -> Response[bytes]:
    """The form to change an absence or call it off."""
    found = await store.get(db, caller, absence_id)
    one: Absence = pages.as_struct(found, Absence)
    rules.require_keeper(actor, one.person_id, one.authority_id)
    rules.require_another(actor, one.deputy_id)
    return pages.show(request, "deputies/form.html", actor.card, **await _of(db, actor, found))


@post("/vertretungen/{absence_id:uuid}", opt={"permission": "absences.enter"})
async def change(
    request: Incoming, db: web.Db, caller: web.Asking, actor: web.Acting, absence_id: FromPath[UUID]
) -> Response[Any]:
    """Take the change."""
    form = await pages.read_form(request)
    found = await store.get(db, caller, absence_id)
    one: Absence = pages.as_struct(found, Absence)
    rules.require_keeper(actor, one.person_id, one.authority_id)
    kind: type[TimeForm] | type[EndForm] = TimeForm if one.state == "ahead" else EndForm
    try:
        async with pages.attempt(db):
            given = msgspec.structs.asdict(fields.from_form(kind, form))
            await actions.change(db, actor, absence_id, AbsenceChange(**given), pages.revision(form))
    except pages.MENDABLE as wrong:
        pages.again(request, "deputies/form.html", actor, wrong, form, **await _of(db, actor, found))
    return pages.go("/vertretungen", "Die Vertretung ist geändert.")


@post("/vertretungen/{absence_id:uuid}/aufheben", opt={"permission": "absences.enter"})
async def call_off(
    request: Incoming, db: web.Db, caller: web.Asking, actor: web.Acting, absence_id: FromPath[UUID]
) -> Response[Any]:
    """Call an absence off: what lies ahead goes, what runs ends today."""
    form = await pages.read_form(request)
    one: Absence = pages.as_struct(await store.get(db, caller, absence_id), Absence)
    rules.require_keeper(actor, one.person_id, one.authority_id)
    await actions.call_off(db, actor, absence_id, pages.revision(form))
    return pages.go("/vertretungen", "Die Abwesenheit ist aufgehoben.")


async def _of(db: Connection, actor: Actor, found: Answer) -> dict[str, Any]:
    one: Absence = pages.as_struct(found, Absence)
    choices = await _choices(db, actor, one.meeting_reference or "")
    deputies = [row for row in choices["deputies"] if row[2] == one.authority_id]
    return choices | {"one": one, "revision": found.revision, "deputies": deputies, "chosen": ""}


async def _choices(db: Connection, actor: Actor, meeting: str) -> dict[str, Any]:
    """Whose absence this person may enter, the deputies of those houses, and the meeting it is for."""
    people = await store.list_people(db, actor.today)
    absent = [
        row
        for row in people
        if row["kind"] == "commissioner" and rules.keeps(actor, row["id"], row["authority_id"])
    ]
    houses = {row["authority_id"] for row in absent}
    return {
        "people": [(row["id"], f"{row['name']} ({row['authority_name']})") for row in absent],
        "deputies": [
            (row["id"], f"{row['name']} ({row['authority_name']})", row["authority_id"])
            for row in people
            if row["kind"] == "deputy" and row["authority_id"] in houses and row["id"] != actor.person_id
        ],
        "meeting": await store.find_meeting(db, list(actor.keys), None, meeting) if meeting else None,
    }


router = Router(
    "/", include_in_schema=False, route_handlers=[show_all, show_new, enter, show_change, change, call_off]
)
