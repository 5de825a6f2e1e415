"""Pages of the room: the moderation's one screen, the participants' live page, and the view for the projector.

All of it works by forms and reload. An open page is told besides what others change (`live.watch`): parts are drawn once
for all who may see the same, cut down to what all of them may see.
"""

import hashlib
from collections.abc import Awaitable, Callable, Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from litestar import Request, Response, Router, get, post
from litestar.datastructures import FormMultiDict
from litestar.params import FromPath, FromQuery
from litestar.response import Stream

from circle.core import access, auth, errors, fields, live, pages, web
from circle.core.auth import Actor
from circle.core.db import Answer, Caller, Connection
from circle.core.errors import CircleError

from .. import actions as meetings
from .. import attendance
from .. import rules as meeting_rules
from .. import store as meeting_store
from ..agenda import actions as agenda
from ..agenda import rules as agenda_rules
from ..agenda.model import Adjournment
from ..floor import panel as floor_panel
from ..floor import rules as floor_rules
from ..model import AttendanceList, AttendingPerson, StoredMeeting, StoredStay
from ..replies import rules as reply_rules
from ..replies import store as replies
from ..summons import panel as summons_panel
from ..writing import panel as writing_panel
from . import actions, rules, store, view
from .model import Arrival, Calling, Departure, Extension, RollCall, Room, Stay, StayChange, Step, Swap

Incoming = Request[Any, Any, Any]
HERE = "/sitzungen/{reference:str}"
RESULTS = agenda_rules.RESULTS


class View(msgspec.Struct, frozen=True):
    """What an open page looks at: equal views are the same to the letter. `state` is the meeting's when it was opened,
    `item` the current item that the moderation has before it; `reads`: the text of the minutes too."""

    page: str
    state: str
    keys: list[str]
    item: str = ""
    reads: bool = False


class Going(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A step as its form sends it: from the current item to the next one."""

    item_id: UUID | None = None
    next_id: UUID | None = None
    confirmed: bool = False
    without_guests: bool = False


class Handover(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who takes over the voice of their house, and whether the one who had it stays."""

    taker_id: UUID
    stays: bool = False
    confirmed: bool = False


class Longer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Minutes for the current item, as the form sends them."""

    item_id: UUID
    minutes: int = 10


@get(HERE + "/raum", opt={"permission": "meetings.run"})
async def show_room(
    request: Incoming, db: web.Db, caller: web.Asking, actor: web.Acting, reference: FromPath[str]
) -> Response[bytes]:
    """The room of the moderation: agenda with time, the current item, who is there with the quorum, and the way on."""
    found, room = await _room(db, caller, reference)
    access.require(actor, "meetings.run")
    meeting_rules.require_step("attend", room.state)
    await agenda.note_reading(db, caller, found.me, room.agenda)
    return pages.show(request, "room/room.html", actor.card, **await _screen(db, caller, actor, found, room))


@get(HERE + "/live", opt={"permission": "signed_in"})
async def show_live(
    request: Incoming, db: web.Db, caller: web.Asking, actor: web.Acting, reference: FromPath[str]
) -> Response[bytes]:
    """The calm view of whoever sees the meeting: the current item, results as they are confirmed, one's own vote."""
    found, room = await _room(db, caller, reference)
    await agenda.note_reading(db, caller, found.me, room.agenda)
    context = _drawn(room, actor.now) | {
        "may_run": access.may(actor, "meetings.run"),
        "waiting": room.state in meeting_rules.BEFORE_MEETING,
        "von": "live",
        "reads": _reads_along(actor, room),
    }
    if room.state == "running":
        current = rules.current(room)
        context["floor"] = await floor_panel.panel(db, actor, room, current)
        if current and context["reads"]:
            context["writing"] = await writing_panel.shown(db, list(actor.keys), room.id, current.id)
    return pages.show(request, "room/live.html", actor.card, **context)


@get(HERE + "/praesentation", opt={"permission": "signed_in"})
async def show_projected(
    request: Incoming, db: web.Db, caller: web.Asking, actor: web.Acting, reference: FromPath[str]
) -> Response[bytes]:
    """The view for the projector: never more than an ordinary member of the meeting may see."""
    found, room = await _room(db, caller, reference)
    keys = _common(actor.keys, room.id)
    context = _drawn(view.as_seen(room, keys), actor.now)
    if room.state == "running":
        context["floor"] = await _floor(db, keys, room, actor.now)
    return pages.show(request, "room/projector.html", found.me, **context)


@get(HERE + "/raum/stand", opt={"permission": "meetings.run"})
async def tell_room(
    request: Incoming,
    caller: web.Asking,
    reference: FromPath[str],
    stand: FromQuery[str] = "",
    top: FromQuery[str] = "",
) -> Stream:
    """What others change while the moderation has its room open; `stand` and `top` are what the page shows."""
    return await _tell(request, caller, reference, "room", stand, top[:40])


@get(HERE + "/live/stand", opt={"permission": "signed_in"})
async def tell_live(
    request: Incoming, caller: web.Asking, reference: FromPath[str], stand: FromQuery[str] = ""
) -> Stream:
    """What goes on, for the participants' page."""
    return await _tell(request, caller, reference, "live", stand)


@get(HERE + "/praesentation/stand", opt={"permission": "signed_in"})
async def tell_projected(
    request: Incoming, caller: web.Asking, reference: FromPath[str], stand: FromQuery[str] = ""
) -> Stream:
    """What goes on, for the projector."""
    return await _tell(request, caller, reference, "screen", stand)


@post(HERE + "/raum/beginnen", opt={"permission": "meetings.run"})
async def start(
    request: Incoming, db: web.Db, caller: web.Asking, actor: web.Acting, reference: FromPath[str]
) -> Response[Any]:
    """Open the meeting; whose ticks are set are there from its beginning."""

    async def act(meeting: StoredMeeting, form: FormMultiDict) -> None:
        await meetings.start(db, actor, meeting.id, pages.revision(form))
        if ticks := [view.arrival(str(one)) for one in form.getall("here", [])]:
            await actions.arrive_all(db, actor, meeting.id, _input(RollCall, {"items": ticks}, "here"))

    return await _do(request, db, caller, actor, reference, act, "Die Sitzung ist eröffnet.")


@post(HERE + "/raum/schliessen", opt={"permission": "meetings.run"})
async def close(
    request: Incoming, db: web.Db, caller: web.Asking, actor: web.Acting, reference: FromPath[str]
) -> Response[Any]:
    """Close the meeting, and go on with the minutes."""

    async def act(meeting: StoredMeeting, form: FormMultiDict) -> None:
        await meetings.close(db, actor, meeting.id, pages.revision(form))

    return await _do(
        request, db, caller, actor, reference, act, "Die Sitzung ist geschlossen.", to="/niederschrift"
    )


@post(HERE + "/raum/weiter", opt={"permission": "meetings.run"})
async def go_on(
    request: Incoming, db: web.Db, caller: web.Asking, actor: web.Acting, reference: FromPath[str]
) -> Response[Any]:
    """The current item is dealt with; the next one is called up. Without a current one, one is called up."""

    async def act(meeting: StoredMeeting, form: FormMultiDict) -> None:
        going = fields.from_form(Going, form)
        step = Step(going.confirmed, going.without_guests, going.next_id)
        await actions.next_(db, actor, meeting.id, step, pages.revision(form))

    return await _do(request, db, caller, actor, reference, act)


@post(HERE + "/raum/zurueck", opt={"permission": "meetings.run"})
async def go_back(
    request: Incoming, db: web.Db, caller: web.Asking, actor: web.Acting, reference: FromPath[str]
) -> Response[Any]:
    """An item is called up again; what was being dealt with waits."""

    async def act(meeting: StoredMeeting, form: FormMultiDict) -> None:
        going = fields.from_form(Going, form)
        if going.next_id is None:
            raise errors.Invalid("Bitte wählen Sie, zu welchem Punkt Sie zurückgehen.")
        calling = Calling(going.confirmed, going.without_guests)
        await actions.call(db, actor, meeting.id, going.next_id, calling, pages.revision(form))

    return await _do(request, db, caller, actor, reference, act)


@post(HERE + "/raum/vertagen", opt={"permission": "meetings.run"})
async def adjourn(
    request: Incoming, db: web.Db, caller: web.Asking, actor: web.Acting, reference: FromPath[str]
) -> Response[Any]:
    """The current item is put off, and the next one is called up."""

    async def act(meeting: StoredMeeting, form: FormMultiDict) -> None:
        going = fields.from_form(Going, form)
        if going.item_id is None:
            raise errors.Conflict("Gerade ist kein Punkt aufgerufen.", code="no_item_open")
        meetings.require_current(meeting, pages.revision(form))
        await agenda.adjourn(db, actor, going.item_id, Adjournment())
        if going.next_id:
            step = Step(going.confirmed, going.without_guests, going.next_id)
            await actions.next_(db, actor, meeting.id, step)

    return await _do(request, db, caller, actor, reference, act, "Der Punkt ist vertagt.")


@post(HERE + "/raum/pause", opt={"permission": "meetings.run"})
async def pause(
    request: Incoming, db: web.Db, caller: web.Asking, actor: web.Acting, reference: FromPath[str]
) -> Response[Any]:
    """A break."""

    async def act(meeting: StoredMeeting, form: FormMultiDict) -> None:
        await actions.pause(db, actor, meeting.id, pages.revision(form))

    return await _do(request, db, caller, actor, reference, act)


@post(HERE + "/raum/verlaengern", opt={"permission": "meetings.run"})
async def extend(
    request: Incoming, db: web.Db, caller: web.Asking, actor: web.Acting, reference: FromPath[str]
) -> Response[Any]:
    """Minutes more for the current item."""

    async def act(meeting: StoredMeeting, form: FormMultiDict) -> None:
        longer = fields.from_form(Longer, form)
        await actions.extend(db, actor, longer.item_id, _input(Extension, {"minutes": longer.minutes}))

    return await _do(request, db, caller, actor, reference, act)


@post(HERE + "/raum/kommt", opt={"permission": "meetings.run"})
async def arrive(
    request: Incoming, db: web.Db, caller: web.Asking, actor: web.Acting, reference: FromPath[str]
) -> Response[Any]:
    """Somebody who is expected comes in."""

    async def act(meeting: StoredMeeting, form: FormMultiDict) -> None:
        await actions.arrive(db, actor, meeting.id, fields.from_form(Arrival, form))

    return await _do(request, db, caller, actor, reference, act)


@post(HERE + "/raum/geht", opt={"permission": "meetings.run"})
async def leave(
    request: Incoming, db: web.Db, caller: web.Asking, actor: web.Acting, reference: FromPath[str]
) -> Response[Any]:
    """Somebody leaves."""

    async def act(meeting: StoredMeeting, form: FormMultiDict) -> None:
        await actions.leave(db, actor, meeting.id, fields.from_form(Departure, form))

    return await _do(request, db, caller, actor, reference, act)


@get(HERE + "/raum/eintragen", opt={"permission": "meetings.run"})
async def show_arrival(
    request: Incoming, db: web.Db, caller: web.Asking, actor: web.Acting, reference: FromPath[str]
) -> Response[bytes]:
    """The form of a guest, or of somebody who stands in for a member unannounced."""
    found, room = await _room(db, caller, reference)
    access.require(actor, "meetings.run")
    rules.require_running(room.state)
    return pages.show(request, "room/enter.html", actor.card, **await _arrival_page(db, found, room))


@post(HERE + "/raum/eintragen", opt={"permission": "meetings.run"})
async def enter(
    request: Incoming, db: web.Db, caller: web.Asking, actor: web.Acting, reference: FromPath[str]
) -> Response[Any]:
    """Take it."""

    async def act(meeting: StoredMeeting, form: FormMultiDict) -> None:
        await actions.arrive(db, actor, meeting.id, fields.from_form(Arrival, form))

    async def again(form: FormMultiDict, wrong: CircleError, found: Answer, room: Room) -> None:
        context = await _arrival_page(db, found, room)
        pages.again(request, "room/enter.html", actor, wrong, form, **context)

    return await _do(request, db, caller, actor, reference, act, "Eingetragen.", again=again)


@post(HERE + "/raum/stimme", opt={"permission": "meetings.run"})
async def hand_over(
    request: Incoming, db: web.Db, caller: web.Asking, actor: web.Acting, reference: FromPath[str]
) -> Response[Any]:
    """Somebody takes over the voice of their house."""

    async def act(meeting: StoredMeeting, form: FormMultiDict) -> None:
        wanted = fields.from_form(Handover, form)
        await actions.swap(
            db, actor, meeting.id, Swap(wanted.taker_id, wanted.stays, confirmed=wanted.confirmed)
        )

    async def again(form: FormMultiDict, wrong: CircleError, found: Answer, room: Room) -> None:
        wrong.fields = {
            "taker_id" if name == "person_id" else name: text for name, text in wrong.fields.items()
        }
        context = await _arrival_page(db, found, room)
        pages.again(request, "room/enter.html", actor, wrong, form, **context)

    return await _do(request, db, caller, actor, reference, act, "Die Stimme ist übernommen.", again=again)


@get(HERE + "/raum/zeiten", opt={"permission": "meetings.run"})
async def show_times(
    request: Incoming, db: web.Db, caller: web.Asking, actor: web.Acting, reference: FromPath[str]
) -> Response[bytes]:
    """Who was there from when to when, to be put right."""
    found, room = await _room(db, caller, reference)
    access.require(actor, "meetings.run")
    rules.require_open_record(room.state)
    return pages.show(request, "room/enter.html", actor.card, **_times_page(found, room))


@post(HERE + "/raum/zeiten/{stay_id:uuid}", opt={"permission": "meetings.run"})
async def change_times(
    request: Incoming,
    db: web.Db,
    caller: web.Asking,
    actor: web.Acting,
    reference: FromPath[str],
    stay_id: FromPath[UUID],
) -> Response[Any]:
    """Put the times of a stay right, or take it back as entered by mistake."""

    async def act(meeting: StoredMeeting, form: FormMultiDict) -> None:
        if form.get("act") == "drop":
            await actions.drop_stay(db, actor, stay_id, meeting.id)
        else:
            await actions.change_stay(db, actor, stay_id, fields.from_form(StayChange, form), meeting.id)

    async def again(form: FormMultiDict, wrong: CircleError, found: Answer, room: Room) -> None:
        pages.again(request, "room/enter.html", actor, wrong, form, **_times_page(found, room))

    return await _do(
        request, db, caller, actor, reference, act, "Die Zeiten sind berichtigt.", to="/raum/zeiten", again=again
    )  # fmt: skip


@get(HERE + "/raum/anwesenheit", opt={"permission": "meetings.run"})
async def show_attendance(
    request: Incoming, db: web.Db, caller: web.Asking, actor: web.Acting, reference: FromPath[str]
) -> Response[bytes]:
    """The list of attendance as a whole, for a meeting that is prepared or that was kept on paper."""
    found, room = await _room(db, caller, reference)
    access.require(actor, "meetings.run")
    meeting_rules.require_step("attend", room.state)
    return pages.show(
        request, "room/attendance.html", actor.card, **await _attendance_page(db, actor, found, room)
    )


@post(HERE + "/raum/anwesenheit", opt={"permission": "meetings.run"})
async def record_attendance(
    request: Incoming, db: web.Db, caller: web.Asking, actor: web.Acting, reference: FromPath[str]
) -> Response[Any]:
    """Take everybody's attendance in one act."""
    form = await pages.read_form(request)
    found, room = await _room(db, caller, reference)
    access.require(actor, "meetings.run")
    people: list[str] = []
    try:
        async with pages.attempt(db):
            wanted, people = _attendance_of(form)
            await attendance.record(db, actor, room.id, wanted, pages.revision(form))
    except pages.MENDABLE as wrong:
        named = _at_fields(wrong, people)
        context = await _attendance_page(db, actor, found, room)
        pages.again(request, "room/attendance.html", actor, named, form, **context)
    return pages.go(f"/sitzungen/{reference}/raum/anwesenheit", "Die Anwesenheit ist gespeichert.")


Act = Callable[[StoredMeeting, FormMultiDict], Awaitable[None]]
Again = Callable[[FormMultiDict, CircleError, Answer, Room], Awaitable[None]]


async def _do(
    request: Incoming,
    db: Connection,
    caller: Caller,
    actor: Actor,
    reference: str,
    act: Act,
    notice: str = "",
    *,
    to: str = "/raum",
    again: Again | None = None,
) -> Response[Any]:
    """One act in the room, done once even if the button is pressed twice; refused, it shows its page with the reason."""
    form = await pages.read_form(request)
    meeting = await meetings.locked(db, actor, None, reference[:40])
    access.require(actor, "meetings.run")

    async def done() -> str:
        await act(meeting, form)
        return f"/sitzungen/{meeting.reference}{to}"

    try:
        return await pages.once(request, db, actor, form, done, notice)
    except pages.MENDABLE as wrong:
        found, room = await _room(db, caller, reference)
        if wrong.code == "not_open_to_all":
            raise pages.Again(_confirmation(request, actor, found, room, form, wrong)) from wrong
        if again:
            await again(form, wrong, found, room)
        context = await _screen(db, caller, actor, found, room)
        pages.again(request, "room/room.html", actor, wrong, form, **context)


def _confirmation(
    request: Incoming, actor: Actor, found: Answer, room: Room, form: FormMultiDict, wrong: CircleError
) -> Response[bytes]:
    """The question before a confidential item is called up while people are there to whom it is not open, or before one of
    them comes in while it is being dealt with."""
    next_id = str(form.get("next_id", ""))
    calls = bool(next_id)
    item = (
        next((one for one in room.agenda if str(one.id) == next_id), None) if calls else rules.current(room)
    )
    answers = ("csrf_token", "revision", "idempotency_key", "confirmed", "without_guests")
    return pages.show(
        request, "room/confirm.html", actor.card, status=409, meeting=room, here=_here(room), revision=found.revision,
        name=f"TOP {item.number}" if item and item.number else "Der Punkt", people=wrong.extra["people"],
        guests=wrong.extra["guests"], action=request.url.path, calls=calls,
        fields=[(name, value) for name, value in form.multi_items() if name not in answers],
    )  # fmt: skip


async def _room(db: Connection, caller: Caller, reference: str) -> tuple[Answer, Room]:
    found = await store.get_room(db, caller, reference=reference[:40])
    return found, pages.as_struct(found, Room)


def _here(room: Room) -> str:
    return f"/sitzungen/{room.reference}"


def _common(keys: Iterable[str], meeting_id: UUID) -> list[str]:
    """Those of somebody's keys that open no more of a meeting than an ordinary member sees."""
    return [key for key in view.keys_for(keys, meeting_id) if not key.startswith(("named:", "expert:"))]


async def _floor(db: Connection, keys: list[str], room: Room, now: datetime) -> dict[str, Any]:
    current = rules.current(room)
    return await floor_panel.shown(db, keys, room.id, current.id if current else None, now)


def _drawn(room: Room, now: datetime) -> dict[str, Any]:
    """What each view of a room draws from."""
    return {
        "meeting": room,
        "here": _here(room),
        "scene": view.scene(room, now),
        "states": meeting_rules.STATES,
        "clock": view.clock,
        "arc": view.arc,
        "notch": view.notch,
        "results": RESULTS,
        "counted": floor_rules.COUNTED,
        "floor": None,
        "writing": None,
        "summons": None,
    }


async def _screen(db: Connection, caller: Caller, actor: Actor, found: Answer, room: Room) -> dict[str, Any]:
    """The moderation's one screen."""
    running, before = room.state == "running", room.state in meeting_rules.BEFORE_MEETING
    expected = await store.list_expected(db, room.id) if running or before else []
    people = view.people(room, expected)
    context = _drawn(room, actor.now)
    if before:
        context["scene"] = view.announced(context["scene"], people)
    if running:
        current = rules.current(room)
        context["floor"] = await floor_panel.panel(db, actor, room, current)
        if current and current.open:
            context["writing"] = await writing_panel.panel(db, actor, room, current)
    if before or (running and view.is_beginning(context["scene"])):
        context["summons"] = await summons_panel.panel(db, actor, room)
    return context | {
        "unsettled": await writing_panel.unsettled(db, caller, room.id) if running else [],
        "von": "raum",
        "revision": found.revision,
        "before": before,
        "people": people,
        "returning": rules.returning(room) if running else [],
        "modes": view.modes(room),
        "may_start": room.state in meeting_rules.STEPS["start"],
        "may_arrange": access.may(actor, "agenda.admit") and (running or before),
        "may_propose": access.may(actor, "agenda.propose") and (running or before),
        "moved": False,
    }


async def _arrival_page(db: Connection, found: Answer, room: Room) -> dict[str, Any]:
    stays = rules.there(room.stays)
    there, voices = {one.person_id for one in stays}, {one.authority_id for one in stays}
    speaking = {one.person_id for one in stays if one.authority_id}
    choices = await meeting_store.list_choices(db, room.id, room.date)
    return {
        "meeting": room,
        "here": _here(room),
        "revision": found.revision,
        "heading": "Gast oder Vertretung eintragen",
        "modes": view.modes(room),
        "choices": [
            (row["id"], f"{row['name']} ({row['authority_name']})")
            for row in choices
            if row["id"] not in there
        ],
        "takers": [
            (row["id"], f"{row['name']} ({row['authority_name']})")
            for row in choices
            if row["authority_id"] in voices and row["id"] not in speaking
        ],
        "roles": [
            (one.person_id, f"Vertretung von {one.name} ({one.authority_name})")
            for one in room.members
            if one.person_id
        ],
    }


def _times_page(found: Answer, room: Room) -> dict[str, Any]:
    return {
        "meeting": room,
        "here": _here(room),
        "revision": found.revision,
        "heading": "Zeiten berichtigen",
        "stays": room.stays,
        "clock": view.clock,
    }


def _input(kind: Any, given: dict[str, Any], field: str = "") -> Any:
    """Checked input. Raises Invalid with a German text at the field."""
    try:
        return msgspec.convert(given, kind, strict=False)
    except msgspec.ValidationError as error:
        text = errors.german(str(error))
        raise errors.Invalid(text, fields={field: text}) from error


async def _tell(
    request: Incoming, caller: Caller, reference: str, page: str, shown: str, item: str = ""
) -> Stream:
    """Tell an open page its parts, until the meeting is in another state than the page shows: then it loads itself anew.

    Raises NotFound for whoever does not see the meeting, Forbidden without the right.
    """
    async with request.app.state.db.read() as db:
        _, room = await _room(db, caller, reference)
    state, meeting_id = shown if shown in meeting_rules.STATES else room.state, room.id

    async def admit(db: Connection, caller: Caller) -> str:
        actor = await auth.actor(db, caller)
        keys = view.keys_for(actor.keys, meeting_id)
        if {"circle", f"meeting:{meeting_id}"}.isdisjoint(keys):
            raise errors.NotFound(me=actor.card)
        if page == "room":
            access.require(actor, "meetings.run")
        if page == "screen":
            keys = _common(keys, meeting_id)
        reads = page == "live" and (
            access.may(actor, "meetings.run")
            or _has_voice(actor, await meeting_store.list_stays(db, meeting_id))
        )
        return msgspec.json.encode(View(page, state, keys, item, reads)).decode()

    async def render(db: Connection, caller: Caller, seen: str) -> dict[str, str]:
        asked = msgspec.json.decode(seen, type=View)
        _, room = await _room(db, caller, reference)
        if room.state != asked.state:
            return {}
        return await _parts(request, db, caller, view.as_seen(room, asked.keys), asked)

    return await live.watch(request, caller, f"meeting:{meeting_id}", admit, render)


def _reads_along(actor: Actor, room: Room) -> bool:
    """Who may see the text of the minutes grow: who writes it, and members and deputies in the room; guests do not."""
    return access.may(actor, "meetings.run") or _has_voice(actor, room.stays)


def _has_voice(actor: Actor, stays: Iterable[Stay | StoredStay]) -> bool:
    return any(
        one.person_id == actor.person_id and one.left_at is None and one.authority_id is not None
        for one in stays
    )


PARTS = {
    "room": ("clock", "agenda", "left", "quorum", "foot", "moved"),
    "live": ("clock", "agenda", "now", "quorum", "houses", "foot", "results", "text", "floor", "said"),
    "screen": ("screen",),
}
"""Parts of each page that everybody with the same view is told alike; each is a template of its name."""


async def _parts(
    request: Incoming, db: Connection, caller: Caller, room: Room, asked: View
) -> dict[str, str]:
    context = _drawn(room, caller.now)
    current = rules.current(room)
    context["reads"] = asked.reads
    context["moved"] = asked.page == "room" and asked.item != (str(current.id) if current else "")
    if room.state == "running":
        context["floor"] = await _floor(db, asked.keys, room, caller.now)
        if current and asked.reads:
            context["writing"] = await writing_panel.shown(db, asked.keys, room.id, current.id)
    found = {name: pages.part(request, f"room/{name}.html", **context) for name in PARTS[asked.page]}
    if asked.page == "live":
        # Not to be shown: what is one's own, the request to speak and the vote, belongs to an item.
        found["item"] = str(current.id) if current else room.state
    if asked.page == "room":
        # Not to be shown: they say that there is something to fetch anew.
        found["people"] = " ".join(str(one.id) for one in rules.there(room.stays))
        found["floor"] = hashlib.sha256(
            pages.part(request, "floor/shown.html", **context).encode()
        ).hexdigest()
    return found


async def _attendance_page(db: Connection, actor: Actor, found: Answer, room: Room) -> dict[str, Any]:
    """The whole list: who may be there, and what the replies propose."""
    recorded = {one.person_id: one for one in room.attendance}
    choices = await meeting_store.list_choices(db, room.id, room.date)
    seats = {one.person_id for one in room.members}
    shown = [row for row in choices if row["id"] in recorded or row["id"] in seats or row["office"]]
    known = {row["id"] for row in shown}
    answered = await replies.list_answers(db, room.id)
    return {
        "meeting": room,
        "here": _here(room),
        "revision": found.revision,
        "answered": answered,
        "answer_words": reply_rules.WORDS,
        "attendance_words": meeting_rules.ATTENDANCE,
        "recorded": recorded,
        "shown": shown,
        "proposed": {
            row["id"]: status
            for row in shown
            if row["id"] in answered and row["id"] not in recorded and room.state in ("invited", "running")
            if (status := reply_rules.proposal(answered[row["id"]]["answer"], member=row["id"] in seats))
        },
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
        "quorum": rules.quorum_at(room, rules.last_instant(room, actor.now)),
        "closed": room.ended_at is not None,
        "before": room.state in meeting_rules.BEFORE_MEETING,
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
        show_room, show_live, show_projected, tell_room, tell_live, tell_projected, start, close, go_on, go_back, adjourn,
        pause, extend, arrive, leave, show_arrival, enter, hand_over, show_times, change_times, show_attendance, record_attendance,
    ],
)  # fmt: skip
