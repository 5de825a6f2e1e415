"""Pages of appointments: who is entitled when, one appointment with its acts, open duties, the ministry."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import date
from typing import Any
from uuid import UUID

import msgspec
from litestar import Request, Response, Router, get, post
from litestar.datastructures import FormMultiDict
from litestar.params import FromPath, FromQuery

from circle.core import access, auth, clock, errors, fields, files, files_api, pages, web
from circle.core.auth import Actor, Me
from circle.core.db import Answer, Caller, Connection
from circle.core.fields import Day, Line, OptionalLine
from circle.core.files_api import UploadRequest
from circle.people.model import Appointment

from . import actions, letters, rules, store
from .model import (
    Annulment,
    AppointmentDetail,
    Correction,
    Duty,
    DutyName,
    Ending,
    Entitled,
    Kind,
    Ministry,
    NewAppointment,
    NewAttachment,
    NewMinistry,
    NewProof,
    ProofWithdrawal,
    Succession,
)

Incoming = Request[Any, Any, Any]
PDF = "application/pdf"

ACTS = {
    "nachweis": "Nachweis eintragen",
    "nachweis-zuruecknehmen": "Nachweis zurücknehmen",
    "anbindung": "Anbindung ändern",
    "nachfolge": "Nachfolge eintragen",
    "beenden": "Bestellung beenden",
    "korrigieren": "Angaben berichtigen",
    "irrtuemlich-erfasst": "Irrtümlich erfasst",
}
"""What can be done with an appointment in a form of its own, by the last part of its address."""


class Overview(msgspec.Struct, frozen=True):
    """Who is entitled on a day, and every appointment for the drawing."""

    entitled: list[Entitled]
    appointments: list[Appointment]


class Bar(msgspec.Struct, frozen=True):
    """One appointment in the drawing: begin and width in thousandths of the line; `row` is 0 for commissioners."""

    x: float
    width: float
    row: int
    state: str
    label: str


class HouseLine(msgspec.Struct, frozen=True):
    """The drawing of one house."""

    house: str
    bars: list[Bar]
    words: str


class EntryForm(msgspec.Struct, frozen=True):
    """The form of a new appointment; the house is the person's."""

    person_id: UUID
    kind: Kind
    order_date: Day
    file_reference: Line
    valid_from: Day
    valid_to: Day | None = None
    attached_to: OptionalLine = ""
    requirements_confirmed: bool = False


class CorrectionForm(msgspec.Struct, frozen=True):
    """All that can be corrected; an empty end is none."""

    order_date: Day
    file_reference: Line
    valid_from: Day
    valid_to: Day | None = None
    requirements_confirmed: bool = False
    reason: OptionalLine = ""


class SuccessionForm(msgspec.Struct, frozen=True):
    """Who follows."""

    person_id: UUID
    starts_on: Day
    order_date: Day
    file_reference: Line
    attached_to: OptionalLine = ""
    requirements_confirmed: bool = False
    reason: OptionalLine = ""


class ProofForm(msgspec.Struct, frozen=True):
    """A duty that is done; its file came along in the same form."""

    duty: DutyName
    done_on: Day
    reference: Line
    proof: OptionalLine = ""
    file_ids: list[UUID] = []


@get("/bestellungen", opt={"permission": "signed_in"})
async def show_overview(
    request: Incoming, db: web.Db, caller: web.Asking, am: FromQuery[str] = ""
) -> Response[bytes]:
    """Who is or was entitled on a day, with the appointments of all houses along the years."""
    today = clock.day(caller.now)
    wrong: dict[str, str] = {}
    try:
        day = date.fromisoformat(am) if am else today
        rules.require_sensible(am=day)
    except (ValueError, errors.Invalid):
        day, wrong = today, {"am": "Dieses Datum gibt es nicht. Gezeigt wird heute."}
    found = await store.get_overview(db, caller, day)
    overview: Overview = pages.as_struct(found, Overview)
    me = auth.me(found.me)
    first, years, lines = drawing(overview, day)
    return pages.show(
        request, "appointments/list.html", me, status=422 if wrong else 200, errors=wrong, day=day,
        entitled=overview.entitled, appointments=overview.appointments[::-1], first=first, years=years, lines=lines,
        at=_share(day, first, years), may_register=access.may(me, "appointments.register"), kinds=rules.KINDS,
        states=rules.STATES,
    )  # fmt: skip


def drawing(overview: Overview, day: date) -> tuple[int, int, list[HouseLine]]:
    """The time line: first year, number of years, and the bars of each house."""
    begins = [one.valid_from.year for one in overview.appointments] + [day.year]
    ends = [(one.valid_to or one.valid_from).year for one in overview.appointments] + [day.year + 1]
    # A slip of the year far away must not squeeze everybody else into a dot.
    first, last = max(min(begins), day.year - 15), min(max(ends), day.year + 10)
    years = last - first + 1
    lines = []
    for house in overview.entitled:
        own = [
            one
            for one in overview.appointments
            if one.authority_id == house.authority_id and one.annulled_on is None
        ]
        bars = []
        for one in own:
            x = _share(one.valid_from, first, years)
            until = _share(one.valid_to, first, years) if one.valid_to else 1000.0
            words = f"{one.person_name}, {rules.KINDS[one.kind]}"
            bars.append(Bar(x, max(until - x, 2.0), int(one.kind == "deputy"), one.state, words))
        lines.append(HouseLine(house.authority_name, bars, "; ".join(bar.label for bar in bars)))
    return first, years, lines


def _share(day: date, first: int, years: int) -> float:
    """Where a day stands in the drawing, 0 to 1000."""
    at = (day.year - first + (day.timetuple().tm_yday - 1) / 366) / years * 1000
    return round(min(max(at, 0.0), 1000.0), 1)


@get("/bestellungen/neu", opt={"permission": "appointments.register"})
async def show_new(request: Incoming, db: web.Db, actor: web.Acting) -> Response[bytes]:
    """The form of a new appointment."""
    access.require(actor, "appointments.register")
    return pages.show(request, "appointments/new.html", actor.card, **await _choices(db))


@post("/bestellungen/neu", opt={"permission": "appointments.register"})
async def enter(request: Incoming, db: web.Db, actor: web.Acting) -> Response[Any]:
    """Take the form."""
    access.require(actor, "appointments.register")
    form = await pages.read_form(request)
    people = await store.list_people(db)

    async def act() -> str:
        given = fields.from_form(EntryForm, form)
        house = next((one["authority_id"] for one in people if one["id"] == given.person_id), None)
        if house is None:
            reason = "Diese Person gibt es nicht."
            raise errors.Invalid(reason, fields={"person_id": reason})
        made = await actions.enter(
            db,
            actor,
            NewAppointment(
                given.person_id, house, given.kind, given.order_date, given.file_reference, given.valid_from,
                given.valid_to, given.attached_to, actor.today if given.requirements_confirmed else None,
            ),
        )  # fmt: skip
        return f"/bestellungen/{made}"

    try:
        return await pages.once(request, db, actor, form, act, "Die Bestellung ist eingetragen.")
    except pages.MENDABLE as wrong:
        pages.again(request, "appointments/new.html", actor, wrong, form, **_offered(people))


@get("/bestellungen/{appointment_id:uuid}", opt={"permission": "signed_in"})
async def show_appointment(
    request: Incoming, db: web.Db, caller: web.Asking, appointment_id: FromPath[UUID]
) -> Response[bytes]:
    """One appointment, what is missing, and what this person can do."""
    found = await store.get(db, caller, appointment_id)
    return pages.show(
        request,
        "appointments/show.html",
        found.me,
        **await _page(db, found, auth.me(found.me), clock.day(caller.now)),
    )


@get([f"/bestellungen/{{appointment_id:uuid}}/{act}" for act in ACTS], opt={"permission": "signed_in"})
async def show_act(
    request: Incoming, db: web.Db, caller: web.Asking, appointment_id: FromPath[UUID]
) -> Response[bytes]:
    """The form of one act, for whoever may do it."""
    act = request.url.path.rpartition("/")[2]
    found = await store.get(db, caller, appointment_id)
    context = await _page(db, found, auth.me(found.me), clock.day(caller.now))
    if act not in context["allowed"]:
        raise errors.Forbidden(me=found.me)
    closed = rules.why_closed(context["one"], act, clock.day(caller.now))
    if closed:
        return _closed(request, found.me, context, ACTS[act], closed)
    return pages.show(request, "appointments/act.html", found.me, **context | {"act": act})


@post("/bestellungen/{appointment_id:uuid}/korrigieren", opt={"permission": "appointments.register"})
async def correct(
    request: Incoming, db: web.Db, caller: web.Asking, actor: web.Acting, appointment_id: FromPath[UUID]
) -> Response[Any]:
    """Take corrected order and dates."""

    async def act(form: FormMultiDict, before: AppointmentDetail) -> None:
        given = fields.from_form(CorrectionForm, form)
        confirmed = (
            (before.requirements_confirmed_on or actor.today) if given.requirements_confirmed else None
        )
        wanted = Correction(
            given.order_date, given.file_reference, given.valid_from, given.valid_to, confirmed, given.reason
        )
        await actions.correct(db, actor, appointment_id, wanted, pages.revision(form))

    return await _do(
        request, db, caller, actor, appointment_id, act, "Die Berichtigung ist gespeichert.", "korrigieren"
    )


@post("/bestellungen/{appointment_id:uuid}/beenden", opt={"permission": "appointments.register"})
async def end(
    request: Incoming, db: web.Db, caller: web.Asking, actor: web.Acting, appointment_id: FromPath[UUID]
) -> Response[Any]:
    """End it with the end of a day."""

    async def act(form: FormMultiDict, before: AppointmentDetail) -> None:
        await actions.end(db, actor, appointment_id, fields.from_form(Ending, form), pages.revision(form))

    return await _do(request, db, caller, actor, appointment_id, act, "Das Ende ist eingetragen.", "beenden")


@post("/bestellungen/{appointment_id:uuid}/nachfolge", opt={"permission": "appointments.register"})
async def succeed(
    request: Incoming, db: web.Db, caller: web.Asking, actor: web.Acting, appointment_id: FromPath[UUID]
) -> Response[Any]:
    """Show what the succession will do, and enter it once that was confirmed."""
    form = await pages.read_form(request)

    def wanted() -> Succession:
        given = fields.from_form(SuccessionForm, form)
        return Succession(
            given.person_id, given.starts_on, given.order_date, given.file_reference, given.attached_to,
            actor.today if given.requirements_confirmed else None, given.reason,
        )  # fmt: skip

    async def act(form: FormMultiDict, before: AppointmentDetail) -> None:
        await actions.succeed(db, actor, appointment_id, wanted(), pages.revision(form))

    if form.get("step") == "enter":
        notice = "Die Nachfolge ist eingetragen. Offene Aufgaben gehen am ersten Tag über."
        return await _do(request, db, caller, actor, appointment_id, act, notice, "nachfolge", form)
    found = await store.get(db, caller, appointment_id)
    rules.require(actor, "appointments.register", pages.as_struct(found, AppointmentDetail).authority_id)
    context = await _page(db, found, auth.me(actor.card), actor.today) | {"act": "nachfolge"}
    if form.get("step") == "change":
        return pages.show(request, "appointments/act.html", actor.card, **context, form=form)
    try:
        after = await actions.foresee(db, actor, appointment_id, wanted(), pages.revision(form))
    except pages.MENDABLE as wrong:
        pages.again(request, "appointments/act.html", actor, wrong, form, **context)
    names = [field.encode_name for field in msgspec.structs.fields(SuccessionForm)]
    entered = [(name, form[name]) for name in names if form.get(name)]
    return pages.show(
        request, "appointments/succession.html", actor.card, **context, after=after, entered=entered
    )


@post("/bestellungen/{appointment_id:uuid}/irrtuemlich-erfasst", opt={"permission": "appointments.register"})
async def annul(
    request: Incoming, db: web.Db, caller: web.Asking, actor: web.Acting, appointment_id: FromPath[UUID]
) -> Response[Any]:
    """Mark it as entered by mistake."""

    async def act(form: FormMultiDict, before: AppointmentDetail) -> None:
        wanted = fields.from_form(Annulment, form)
        await actions.annul(db, actor, appointment_id, wanted, pages.revision(form))

    notice = "Die Bestellung ist als irrtümlich erfasst gekennzeichnet."
    return await _do(request, db, caller, actor, appointment_id, act, notice, "irrtuemlich-erfasst")


@post("/bestellungen/{appointment_id:uuid}/anbindung", opt={"permission": "appointments.attach"})
async def attach(
    request: Incoming, db: web.Db, caller: web.Asking, actor: web.Acting, appointment_id: FromPath[UUID]
) -> Response[Any]:
    """The house says where the commissioner is attached."""

    async def act(form: FormMultiDict, before: AppointmentDetail) -> None:
        new = fields.from_form(NewAttachment, form)
        await actions.attach(db, actor, appointment_id, new, pages.revision(form))

    return await _do(
        request, db, caller, actor, appointment_id, act, "Die Anbindung ist eingetragen.", "anbindung"
    )


@post(
    "/bestellungen/{appointment_id:uuid}/nachweis",
    opt={"permission": "appointments.prove"},
    request_class=UploadRequest,
    request_max_body_size=None,
)
async def announce(request: Incoming, caller: web.Asking, appointment_id: FromPath[UUID]) -> Response[Any]:
    """Record that a duty is done, with a file as proof if there is one."""
    async with request.app.state.db.begin(caller) as db:
        found = await store.get(db, caller, appointment_id)
        actor = await auth.actor(db, caller)
        rules.require(actor, "appointments.prove", pages.as_struct(found, AppointmentDetail).authority_id)
    form, refused = await files_api.take(request, caller, await pages.read_form(request))
    async with request.app.state.db.begin(caller) as db:
        actor = await auth.actor(db, caller)

        async def act(given: FormMultiDict, before: AppointmentDetail) -> None:
            if refused:
                raise refused
            new = fields.from_form(ProofForm, given)
            proof = NewProof(
                new.duty, new.done_on, new.reference, new.proof, new.file_ids[-1] if new.file_ids else None
            )
            await actions.announce(db, actor, appointment_id, proof, pages.revision(given))

        return await _do(
            request, db, caller, actor, appointment_id, act, "Der Nachweis ist eingetragen.", "nachweis", form
        )


@post("/bestellungen/{appointment_id:uuid}/nachweis-zuruecknehmen", opt={"permission": "appointments.prove"})
async def withdraw_proof(
    request: Incoming, db: web.Db, caller: web.Asking, actor: web.Acting, appointment_id: FromPath[UUID]
) -> Response[Any]:
    """Take a proof back."""

    async def act(form: FormMultiDict, before: AppointmentDetail) -> None:
        wanted = fields.from_form(ProofWithdrawal, form)
        await actions.withdraw_proof(db, actor, appointment_id, wanted, pages.revision(form))

    notice = "Der Nachweis ist zurückgenommen. Die Pflicht ist wieder offen."
    return await _do(request, db, caller, actor, appointment_id, act, notice, "nachweis-zuruecknehmen")


@get("/bestellungen/{appointment_id:uuid}/mitteilung", opt={"permission": "appointments.notify"})
async def show_notice(
    request: Incoming, db: web.Db, caller: web.Asking, actor: web.Acting, appointment_id: FromPath[UUID]
) -> Response[bytes]:
    """The notice as it would go out, before anybody sends it."""
    found = await store.get(db, caller, appointment_id)
    context = await _page(db, found, auth.me(found.me), actor.today)
    try:
        letter, address = await actions.draft_notice(db, actor, appointment_id)
    except errors.Conflict as closed:
        return _closed(request, found.me, context, "Mitteilung an das Ministerium", closed.detail)
    return pages.show(
        request, "appointments/notice.html", found.me, **context, letter=letter, address=address,
        subject=letters.subject(letter), heading=letters.HEADING, text=letters.text(letter),
    )  # fmt: skip


@get(
    "/bestellungen/{appointment_id:uuid}/mitteilung/entwurf",
    opt={"permission": "appointments.notify"},
    media_type=PDF,
)
async def print_notice(db: web.Db, actor: web.Acting, appointment_id: FromPath[UUID]) -> Response[bytes]:
    """The letter as PDF, before it has a number."""
    letter, _ = await actions.draft_notice(db, actor, appointment_id)
    content = await asyncio.to_thread(letters.printed, letter)
    name = files.disposition(f"Entwurf Mitteilung {letter.person_name}.pdf")
    return Response(content, media_type=PDF, headers={"content-disposition": name})


@post("/bestellungen/{appointment_id:uuid}/mitteilung", opt={"permission": "appointments.notify"})
async def notify_ministry(
    request: Incoming, db: web.Db, caller: web.Asking, actor: web.Acting, appointment_id: FromPath[UUID]
) -> Response[Any]:
    """Have the notice to the ministry written and sent."""

    async def act(form: FormMultiDict, before: AppointmentDetail) -> None:
        await actions.notify_ministry(db, actor, appointment_id, pages.revision(form))

    notice = "Die Mitteilung wird geschrieben und versandt. Der Tag wird eingetragen, sobald sie hinaus ist."
    return await _do(request, db, caller, actor, appointment_id, act, notice)


@get("/pflichten", opt={"permission": "signed_in"})
async def show_duties(request: Incoming, db: web.Db, caller: web.Asking) -> Response[bytes]:
    """What is missing for the appointments of today, and since when."""
    found = await store.list_duties(db, caller)
    return pages.show(
        request, "appointments/duties.html", found.me, open_duties=pages.as_struct(found, list[Duty]), duties=rules.DUTIES,
        kinds=rules.KINDS,
    )  # fmt: skip


@get("/bestellungen/ministerium", opt={"permission": "signed_in"})
async def show_ministries(request: Incoming, db: web.Db, caller: web.Asking) -> Response[bytes]:
    """Which ministry is in charge, and from which day."""
    found = await store.list_ministries(db, caller)
    return pages.show(request, "appointments/ministry.html", found.me, **_ministries(found))


@post("/bestellungen/ministerium", opt={"permission": "appointments.register"})
async def name_ministry(
    request: Incoming, db: web.Db, caller: web.Asking, actor: web.Acting
) -> Response[Any]:
    """Enter the next ministry."""
    form = await pages.read_form(request)
    access.require(actor, "appointments.register")
    found = await store.list_ministries(db, caller)

    async def act() -> str:
        await actions.name_ministry(db, actor, fields.from_form(NewMinistry, form))
        return "/bestellungen/ministerium"

    try:
        return await pages.once(request, db, actor, form, act, "Das Ministerium ist eingetragen.")
    except pages.MENDABLE as wrong:
        pages.again(request, "appointments/ministry.html", actor, wrong, form, **_ministries(found))


def _ministries(found: Answer) -> dict[str, Any]:
    return {
        "ministries": pages.as_struct(found, list[Ministry]),
        "may_register": access.may(auth.me(found.me), "appointments.register"),
    }


async def _do(
    request: Incoming,
    db: Connection,
    caller: Caller,
    actor: Actor,
    appointment_id: UUID,
    act: Callable[[FormMultiDict, AppointmentDetail], Awaitable[None]],
    notice: str,
    name: str = "",
    form: FormMultiDict | None = None,
) -> Response[Any]:
    """One act on an appointment, done once; what is wrong is shown in the form of the act `name`, or in the page."""
    form = form or await pages.read_form(request)
    found = await store.get(db, caller, appointment_id)
    before: AppointmentDetail = pages.as_struct(found, AppointmentDetail)

    async def done() -> str:
        await act(form, before)
        return f"/bestellungen/{appointment_id}"

    try:
        return await pages.once(request, db, actor, form, done, notice)
    except pages.MENDABLE as wrong:
        context = await _page(db, found, auth.me(actor.card), actor.today) | {"act": name}
        template = "appointments/act.html" if name else "appointments/show.html"
        pages.again(request, template, actor, wrong, form, **context)


def _closed(
    request: Incoming, card: bytes, context: dict[str, Any], title: str, reason: str
) -> Response[bytes]:
    """Why an act cannot be done now, what was recorded, and the way back."""
    return pages.show(
        request, "appointments/closed.html", card, status=409, **context, what=title, reason=reason
    )


async def _choices(db: Connection) -> dict[str, Any]:
    return _offered(await store.list_people(db))


def _offered(people: list[Any], house: UUID | None = None) -> dict[str, Any]:
    return {
        "people": [
            (one["id"], f"{one['name']} ({one['authority_name']})")
            for one in people
            if house in (None, one["authority_id"])
        ],
        "kinds": rules.KINDS,
    }


async def _page(db: Connection, found: Answer, me: Me, today: date) -> dict[str, Any]:
    one: AppointmentDetail = pages.as_struct(found, AppointmentDetail)
    missing = [(name, words) for name, words in rules.DUTIES.items() if getattr(one, f"{name}_on") is None]
    done = [pair for pair in rules.DUTIES.items() if pair not in missing]
    registers, proves = (
        access.may(me, "appointments.register") and me.person_id != one.person_id,
        rules.may_do(me, "appointments.prove", one.authority_id),
    )
    attaches = access.may(me, "appointments.attach") and me.authority_id == one.authority_id
    rights = {
        "nachweis": proves,
        "nachweis-zuruecknehmen": proves,
        "anbindung": attaches,
        "nachfolge": registers,
        "beenden": registers,
        "korrigieren": registers,
        "irrtuemlich-erfasst": registers,
    }
    allowed = [act for act, may in rights.items() if may]
    acts = [act for act in allowed if not rules.why_closed(one, act, today)]
    return {
        "one": one,
        "revision": found.revision,
        "states": rules.STATES,
        "duties": rules.DUTIES,
        "missing": missing,
        "done": done,
        "allowed": allowed,
        "acts": acts,
        "words": ACTS,
        "may_notify": rules.may_do(me, "appointments.notify", one.authority_id)
        and one.ministry_informed_on is None
        and one.annulled_on is None,
        **_offered(await store.list_people(db) if "nachfolge" in acts else [], one.authority_id),
    }


router = Router(
    "/",
    include_in_schema=False,
    route_handlers=[
        show_overview, show_new, enter, show_appointment, show_act, correct, end, succeed, annul, attach, announce, withdraw_proof,
        show_notice, print_notice, notify_ministry, show_duties, show_ministries, name_ministry,
    ],
)  # fmt: skip
