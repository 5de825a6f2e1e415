"""Pages of the own-house register: its start, one page for each report and measure, one form on each page."""

from collections.abc import Awaitable, Callable
from datetime import date
from typing import Any, Literal
from uuid import UUID

import msgspec
from litestar import Request, Response, Router, get, post
from litestar.datastructures import FormMultiDict
from litestar.params import FromPath

from circle.core import access, auth, errors, fields, pages, web
from circle.core.auth import Actor
from circle.core.db import Answer, Caller, Connection
from circle.core.fields import Day, Line, OptionalLine, Text

from . import actions, api, rules, store
from .model import (
    Closing,
    Department,
    DepartmentChange,
    Field,
    Measure,
    MeasureChange,
    NewCoSignature,
    NewDepartment,
    NewMeasure,
    NewParticipation,
    NewReport,
    NewStage,
    Number,
    Outcome,
    Participation,
    Report,
    ReportChange,
    Signature,
    Statement,
    StatementDraft,
    Units,
)

Incoming = Request[Any, Any, Any]
SEEN = {"permission": "signed_in"}
DRAFT = {"permission": "register.draft"}
DECIDE = {"permission": "register.decide"}
WORDS: dict[str, Any] = {
    "fields": rules.FIELDS,
    "report_states": rules.REPORT_STATES,
    "stages": rules.STAGES,
    "participation_states": rules.PARTICIPATION_STATES,
    "signature_states": rules.SIGNATURE_STATES,
}
Act = Callable[[FormMultiDict], Awaitable[str | None]]
"""Does what a form asks for; returns the address to go to when it is not the thing's own page."""


class House(msgspec.Struct, frozen=True):
    """The whole register of a house."""

    departments: list[Department]
    reports: list[Report]
    measures: list[Measure]


class ChangedDepartment(msgspec.Struct, frozen=True):
    """The form of a unit; a box that is not ticked is not sent."""

    number: Number
    name: Line
    active: bool = False


class ChangedReport(msgspec.Struct, frozen=True):
    """The form of a report, all of it."""

    occasion: Line
    field: Field
    reported_on: Day
    text: Text = ""
    source: OptionalLine = ""
    resubmission_on: Day | None = None


class ChangedMeasure(msgspec.Struct, frozen=True):
    """The form of a measure, all of it."""

    title: Line
    description: Text = ""
    lead_unit: UUID | None = None
    department_ids: Units = []
    resubmission_on: Day | None = None
    agreed_to_step: int = 0


class Chosen(msgspec.Struct, frozen=True):
    """Which of two buttons of the statement's form was pressed."""

    act: Literal["draft", "give"] = "draft"


@get("/haus", opt=SEEN)
async def show_house(request: Incoming, db: web.Db, caller: web.Asking) -> Response[bytes]:
    """The start of the register: what is open first, then measures, participations and reports."""
    found = await store.get_house(db, caller)
    house: House = pages.as_struct(found, House)
    return pages.show(
        request, "measures/house.html", found.me, house=house, **WORDS,
        points=rules.open_points(house.measures, house.reports),
        lines={measure.id: rules.stage_line(measure) for measure in house.measures},
        asked=sorted(
            ((measure, one) for measure in house.measures for one in measure.participations),
            key=lambda pair: (pair[1].state != "open", pair[1].answer_due or date.max, pair[1].asked_on),
        ),
    )  # fmt: skip


@get("/haus/fachbereiche", opt=SEEN)
async def show_departments(request: Incoming, db: web.Db, caller: web.Asking) -> Response[bytes]:
    """The units of the house, and the form for another one."""
    found = await store.get_house(db, caller)
    house: House = pages.as_struct(found, House)
    return pages.show(request, "measures/departments.html", found.me, departments=house.departments)


@post("/haus/fachbereiche", opt=DRAFT)
async def add_department(
    request: Incoming, db: web.Db, caller: web.Asking, actor: web.Acting
) -> Response[Any]:
    """Take another unit."""
    access.require(actor, "register.draft")
    form = await pages.read_form(request)
    house: House = pages.as_struct(await store.get_house(db, caller), House)

    async def act() -> str:
        await actions.add_department(db, actor, fields.from_form(NewDepartment, form))
        return "/haus/fachbereiche"

    try:
        return await pages.once(request, db, actor, form, act, "Der Fachbereich ist eingetragen.")
    except pages.MENDABLE as wrong:
        pages.again(request, "measures/departments.html", actor, wrong, form, departments=house.departments)


@get("/haus/fachbereiche/{department_id:uuid}", opt=SEEN)
async def show_department(
    request: Incoming, db: web.Db, caller: web.Asking, department_id: FromPath[UUID]
) -> Response[bytes]:
    """The form of one unit."""
    found = await store.get_department(db, caller, department_id)
    return pages.show(
        request, "measures/department.html", found.me, department=pages.as_struct(found, Department)
    )


@post("/haus/fachbereiche/{department_id:uuid}", opt=DRAFT)
async def change_department(
    request: Incoming, db: web.Db, caller: web.Asking, actor: web.Acting, department_id: FromPath[UUID]
) -> Response[Any]:
    """Take the changed unit."""
    form = await pages.read_form(request)
    department: Department = pages.as_struct(
        await store.get_department(db, caller, department_id), Department
    )

    async def act() -> str:
        new = fields.from_form(ChangedDepartment, form)
        change = DepartmentChange(new.number, new.name, new.active)
        await actions.change_department(db, actor, department_id, change, pages.revision(form))
        return "/haus/fachbereiche"

    try:
        return await pages.once(request, db, actor, form, act, "Die Änderung ist gespeichert.")
    except pages.MENDABLE as wrong:
        pages.again(request, "measures/department.html", actor, wrong, form, department=department)


@get("/haus/vortraege/neu", opt=DRAFT)
async def show_new_report(request: Incoming, actor: web.Acting, db: web.Db) -> Response[bytes]:
    """The form for a report to the head."""
    access.require(actor, "register.draft")
    return pages.show(request, "measures/report_form.html", actor.card, report=None, **WORDS)


@post("/haus/vortraege/neu", opt=DRAFT)
async def draft_report(request: Incoming, db: web.Db, actor: web.Acting) -> Response[Any]:
    """Take the draft of a report."""
    access.require(actor, "register.draft")
    form = await pages.read_form(request)

    async def act() -> str:
        return f"/haus/vortraege/{await actions.draft_report(db, actor, fields.from_form(NewReport, form))}"

    try:
        return await pages.once(request, db, actor, form, act, "Der Vortrag ist als Entwurf angelegt.")
    except pages.MENDABLE as wrong:
        pages.again(request, "measures/report_form.html", actor, wrong, form, report=None, **WORDS)


@get("/haus/vortraege/{report_id:uuid}", opt=SEEN)
async def show_report(
    request: Incoming, db: web.Db, caller: web.Asking, report_id: FromPath[UUID]
) -> Response[bytes]:
    """One report and what can be done with it."""
    found = await store.get_report(db, caller, report_id)
    return pages.show(request, "measures/report.html", found.me, **_report_page(found, found.me))


@get("/haus/vortraege/{report_id:uuid}/vermerk", opt=SEEN)
async def show_note(request: Incoming, caller: web.Asking, report_id: FromPath[UUID]) -> Response[bytes]:
    """The Vortragsvermerk as PDF."""
    return await api.note(request, caller, report_id)


@get("/haus/vortraege/{report_id:uuid}/aendern", opt=DRAFT)
async def show_report_form(
    request: Incoming, db: web.Db, caller: web.Asking, report_id: FromPath[UUID]
) -> Response[bytes]:
    """The form of one report."""
    found = await store.get_report(db, caller, report_id)
    return pages.show(request, "measures/report_form.html", found.me, **_report_page(found, found.me))


@post("/haus/vortraege/{report_id:uuid}/aendern", opt=DRAFT)
async def change_report(
    request: Incoming, db: web.Db, caller: web.Asking, actor: web.Acting, report_id: FromPath[UUID]
) -> Response[Any]:
    """Take the changed report."""

    async def act(form: FormMultiDict) -> None:
        change = ReportChange(**msgspec.structs.asdict(fields.from_form(ChangedReport, form)))
        await actions.change_report(db, actor, report_id, change, pages.revision(form))

    notice = "Die Änderung ist gespeichert."
    return await _on_report(request, db, caller, actor, report_id, act, notice, "measures/report_form.html")


@post("/haus/vortraege/{report_id:uuid}/vorsehen", opt=DECIDE)
async def schedule_report(
    request: Incoming, db: web.Db, caller: web.Asking, actor: web.Acting, report_id: FromPath[UUID]
) -> Response[Any]:
    """Take the draft into the register."""

    async def act(form: FormMultiDict) -> None:
        await actions.schedule_report(db, actor, report_id, pages.revision(form))

    return await _on_report(request, db, caller, actor, report_id, act, "Der Vortrag steht im Register.")


@post("/haus/vortraege/{report_id:uuid}/ergebnis", opt=DECIDE)
async def tell_outcome(
    request: Incoming, db: web.Db, caller: web.Asking, actor: web.Acting, report_id: FromPath[UUID]
) -> Response[Any]:
    """Take the outcome."""

    async def act(form: FormMultiDict) -> None:
        await actions.tell_outcome(
            db, actor, report_id, fields.from_form(Outcome, form), pages.revision(form)
        )

    return await _on_report(request, db, caller, actor, report_id, act, "Das Ergebnis ist festgehalten.")


@post("/haus/vortraege/{report_id:uuid}/schliessen", opt=DECIDE)
async def close_report(
    request: Incoming, db: web.Db, caller: web.Asking, actor: web.Acting, report_id: FromPath[UUID]
) -> Response[Any]:
    """Close a report that will not be held."""

    async def act(form: FormMultiDict) -> None:
        await actions.close_report(
            db, actor, report_id, fields.from_form(Closing, form), pages.revision(form)
        )

    return await _on_report(request, db, caller, actor, report_id, act, "Der Vortrag ist abgeschlossen.")


@post("/haus/vortraege/{report_id:uuid}/loeschen", opt=DRAFT)
async def delete_report(
    request: Incoming, db: web.Db, caller: web.Asking, actor: web.Acting, report_id: FromPath[UUID]
) -> Response[Any]:
    """Drop a draft."""

    async def act(form: FormMultiDict) -> str:
        await actions.delete_report(db, actor, report_id, pages.revision(form))
        return "/haus"

    return await _on_report(request, db, caller, actor, report_id, act, "Der Entwurf ist gelöscht.")


@get("/haus/massnahmen/neu", opt=DRAFT)
async def show_new_measure(
    request: Incoming, db: web.Db, caller: web.Asking, actor: web.Acting
) -> Response[bytes]:
    """The form for a measure."""
    access.require(actor, "register.draft")
    context = await _choices(db, caller, None)
    return pages.show(request, "measures/measure_form.html", actor.card, measure=None, **context, **WORDS)


@post("/haus/massnahmen/neu", opt=DRAFT)
async def draft_measure(
    request: Incoming, db: web.Db, caller: web.Asking, actor: web.Acting
) -> Response[Any]:
    """Take the draft of a measure."""
    access.require(actor, "register.draft")
    form = await pages.read_form(request)
    context = await _choices(db, caller, None)

    async def act() -> str:
        return (
            f"/haus/massnahmen/{await actions.draft_measure(db, actor, fields.from_form(NewMeasure, form))}"
        )

    try:
        return await pages.once(request, db, actor, form, act, "Die Maßnahme ist als Entwurf angelegt.")
    except pages.MENDABLE as wrong:
        pages.again(
            request, "measures/measure_form.html", actor, wrong, form, measure=None, **context, **WORDS
        )


@get("/haus/massnahmen/{measure_id:uuid}", opt=SEEN)
async def show_measure(
    request: Incoming, db: web.Db, caller: web.Asking, measure_id: FromPath[UUID]
) -> Response[bytes]:
    """One measure with its stages, participations and co-signatures."""
    return await _show(request, db, caller, measure_id, "measures/measure.html")


@get("/haus/massnahmen/{measure_id:uuid}/aendern", opt=DRAFT)
async def show_measure_form(
    request: Incoming, db: web.Db, caller: web.Asking, measure_id: FromPath[UUID]
) -> Response[bytes]:
    """The form of one measure."""
    return await _show(request, db, caller, measure_id, "measures/measure_form.html")


@post("/haus/massnahmen/{measure_id:uuid}/aendern", opt=DRAFT)
async def change_measure(
    request: Incoming, db: web.Db, caller: web.Asking, actor: web.Acting, measure_id: FromPath[UUID]
) -> Response[Any]:
    """Take the changed measure."""

    async def act(form: FormMultiDict) -> None:
        change = MeasureChange(**msgspec.structs.asdict(fields.from_form(ChangedMeasure, form)))
        await actions.change_measure(db, actor, measure_id, change, pages.revision(form))

    notice = "Die Änderung ist gespeichert."
    return await _on_measure(
        request, db, caller, actor, measure_id, act, notice, "measures/measure_form.html"
    )


@post("/haus/massnahmen/{measure_id:uuid}/aufnehmen", opt=DECIDE)
async def register_measure(
    request: Incoming, db: web.Db, caller: web.Asking, actor: web.Acting, measure_id: FromPath[UUID]
) -> Response[Any]:
    """Take the draft into the register."""

    async def act(form: FormMultiDict) -> None:
        await actions.register_measure(db, actor, measure_id, pages.revision(form))

    return await _on_measure(request, db, caller, actor, measure_id, act, "Die Maßnahme steht im Register.")


@post("/haus/massnahmen/{measure_id:uuid}/loeschen", opt=DRAFT)
async def delete_measure(
    request: Incoming, db: web.Db, caller: web.Asking, actor: web.Acting, measure_id: FromPath[UUID]
) -> Response[Any]:
    """Drop a draft."""

    async def act(form: FormMultiDict) -> str:
        await actions.delete_measure(db, actor, measure_id, pages.revision(form))
        return "/haus"

    return await _on_measure(request, db, caller, actor, measure_id, act, "Der Entwurf ist gelöscht.")


@get("/haus/massnahmen/{measure_id:uuid}/stand", opt=DECIDE)
async def show_stage(
    request: Incoming, db: web.Db, caller: web.Asking, measure_id: FromPath[UUID]
) -> Response[bytes]:
    """The form for another stage."""
    return await _show(request, db, caller, measure_id, "measures/stage.html")


@post("/haus/massnahmen/{measure_id:uuid}/stand", opt=DECIDE)
async def reach_stage(
    request: Incoming, db: web.Db, caller: web.Asking, actor: web.Acting, measure_id: FromPath[UUID]
) -> Response[Any]:
    """Take the other stage."""

    async def act(form: FormMultiDict) -> None:
        await actions.reach_stage(
            db, actor, measure_id, fields.from_form(NewStage, form), pages.revision(form)
        )

    notice = "Der neue Stand ist eingetragen."
    return await _on_measure(request, db, caller, actor, measure_id, act, notice, "measures/stage.html")


@get("/haus/massnahmen/{measure_id:uuid}/beteiligung", opt=DRAFT)
async def show_new_participation(
    request: Incoming, db: web.Db, caller: web.Asking, measure_id: FromPath[UUID]
) -> Response[bytes]:
    """The form that notes what a department asks for."""
    return await _show(request, db, caller, measure_id, "measures/participation.html")


@post("/haus/massnahmen/{measure_id:uuid}/beteiligung", opt=DRAFT)
async def ask_participation(
    request: Incoming, db: web.Db, caller: web.Asking, actor: web.Acting, measure_id: FromPath[UUID]
) -> Response[Any]:
    """Take what a department asks for."""

    async def act(form: FormMultiDict) -> None:
        new = fields.from_form(NewParticipation, form)
        await actions.ask_participation(db, actor, measure_id, new, pages.revision(form))

    notice = "Die Beteiligung ist eingetragen."
    return await _on_measure(
        request, db, caller, actor, measure_id, act, notice, "measures/participation.html"
    )


@get("/haus/massnahmen/{measure_id:uuid}/beteiligungen/{participation_id:uuid}", opt=SEEN)
async def show_statement(
    request: Incoming, db: web.Db, caller: web.Asking, measure_id: FromPath[UUID], participation_id: FromPath[UUID]
) -> Response[bytes]:  # fmt: skip
    """One participation, and the form of its statement."""
    found = await store.get_measure(db, caller, measure_id)
    context = await _measure_page(db, caller, found, found.me)
    context["one"] = _participation(context["measure"], participation_id, found.me)
    return pages.show(request, "measures/statement.html", found.me, **context)


@post("/haus/massnahmen/{measure_id:uuid}/beteiligungen/{participation_id:uuid}", opt=DRAFT)
async def write_statement(
    request: Incoming, db: web.Db, caller: web.Asking, actor: web.Acting, measure_id: FromPath[UUID],
    participation_id: FromPath[UUID],
) -> Response[Any]:  # fmt: skip
    """Keep the statement as a draft, or give it."""

    async def act(form: FormMultiDict) -> None:
        if fields.from_form(Chosen, form).act == "give":
            given = fields.from_form(Statement, form)
            await actions.give_statement(db, actor, measure_id, participation_id, given, pages.revision(form))
        else:
            kept = fields.from_form(StatementDraft, form)
            await actions.draft_statement(db, actor, measure_id, participation_id, kept, pages.revision(form))

    return await _on_measure(
        request, db, caller, actor, measure_id, act, "Die Stellungnahme ist gespeichert.", "measures/statement.html",
        participation_id,
    )  # fmt: skip


@post("/haus/massnahmen/{measure_id:uuid}/beteiligungen/{participation_id:uuid}/schliessen", opt=DECIDE)
async def close_participation(
    request: Incoming, db: web.Db, caller: web.Asking, actor: web.Acting, measure_id: FromPath[UUID],
    participation_id: FromPath[UUID],
) -> Response[Any]:  # fmt: skip
    """Close a participation without a statement."""

    async def act(form: FormMultiDict) -> None:
        why = fields.from_form(Closing, form)
        await actions.close_participation(db, actor, measure_id, participation_id, why, pages.revision(form))

    return await _on_measure(
        request, db, caller, actor, measure_id, act, "Die Beteiligung ist geschlossen.", "measures/statement.html",
        participation_id,
    )  # fmt: skip


@get("/haus/massnahmen/{measure_id:uuid}/mitzeichnung", opt=DRAFT)
async def show_new_step(
    request: Incoming, db: web.Db, caller: web.Asking, measure_id: FromPath[UUID]
) -> Response[bytes]:
    """The form for the next step of the co-signatures."""
    return await _show(request, db, caller, measure_id, "measures/step.html")


@post("/haus/massnahmen/{measure_id:uuid}/mitzeichnung", opt=DRAFT)
async def add_co_signature(
    request: Incoming, db: web.Db, caller: web.Asking, actor: web.Acting, measure_id: FromPath[UUID]
) -> Response[Any]:
    """Take the next step."""

    async def act(form: FormMultiDict) -> None:
        new = fields.from_form(NewCoSignature, form)
        await actions.add_co_signature(db, actor, measure_id, new, pages.revision(form))

    notice = "Der Schritt ist eingetragen."
    return await _on_measure(request, db, caller, actor, measure_id, act, notice, "measures/step.html")


@get("/haus/massnahmen/{measure_id:uuid}/mitzeichnung/{step:int}", opt=DECIDE)
async def show_signature(
    request: Incoming, db: web.Db, caller: web.Asking, measure_id: FromPath[UUID], step: FromPath[int]
) -> Response[bytes]:
    """The form that notes what a unit did with the text."""
    found = await store.get_measure(db, caller, measure_id)
    context = await _measure_page(db, caller, found, found.me)
    _require_step(context["measure"], step, found.me)
    return pages.show(request, "measures/signature.html", found.me, step=step, **context)


@post("/haus/massnahmen/{measure_id:uuid}/mitzeichnung/{step:int}", opt=DECIDE)
async def co_sign(
    request: Incoming, db: web.Db, caller: web.Asking, actor: web.Acting, measure_id: FromPath[UUID],
    step: FromPath[int],
) -> Response[Any]:  # fmt: skip
    """Take what a unit did with the text."""

    async def act(form: FormMultiDict) -> None:
        new = fields.from_form(Signature, form)
        await actions.co_sign(db, actor, measure_id, step, new, pages.revision(form))

    notice = "Die Mitzeichnung ist eingetragen."
    return await _on_measure(
        request, db, caller, actor, measure_id, act, notice, "measures/signature.html", step=step
    )


async def _show(
    request: Incoming, db: Connection, caller: Caller, measure_id: UUID, template: str
) -> Response[bytes]:
    """A page about one measure."""
    found = await store.get_measure(db, caller, measure_id)
    return pages.show(request, template, found.me, **await _measure_page(db, caller, found, found.me))


async def _on_report(
    request: Incoming, db: Connection, caller: Caller, actor: Actor, report_id: UUID, act: Act, notice: str,
    template: str = "measures/report.html",
) -> Response[Any]:  # fmt: skip
    """One act on a report, done once even if the button is pressed twice."""
    form = await pages.read_form(request)

    async def done() -> str:
        return await act(form) or f"/haus/vortraege/{report_id}"

    try:
        return await pages.once(request, db, actor, form, done, notice)
    except pages.MENDABLE as wrong:
        found = await store.get_report(db, caller, report_id)
        pages.again(request, template, actor, wrong, form, **_report_page(found, actor.card))


async def _on_measure(
    request: Incoming, db: Connection, caller: Caller, actor: Actor, measure_id: UUID, act: Act, notice: str,
    template: str = "measures/measure.html", participation_id: UUID | None = None, step: int | None = None,
) -> Response[Any]:  # fmt: skip
    """One act on a measure or what stands below it; wrong fields are shown in the form they came from."""
    form = await pages.read_form(request)

    async def done() -> str:
        return await act(form) or f"/haus/massnahmen/{measure_id}"

    try:
        return await pages.once(request, db, actor, form, done, notice)
    except pages.MENDABLE as wrong:
        found = await store.get_measure(db, caller, measure_id)
        context = await _measure_page(db, caller, found, actor.card)
        if participation_id:
            context["one"] = _participation(context["measure"], participation_id, actor.card)
        if step is not None:
            _require_step(context["measure"], step, actor.card)
            context["step"] = step
        pages.again(request, template, actor, wrong, form, **context)


def _report_page(found: Answer, card: bytes) -> dict[str, Any]:
    report: Report = pages.as_struct(found, Report)
    return {"report": report, "source_path": rules.source_path(report.source)} | _rights(card) | WORDS


async def _measure_page(db: Connection, caller: Caller, found: Answer, card: bytes) -> dict[str, Any]:
    measure: Measure = pages.as_struct(found, Measure)
    turn = rules.next_step(measure.co_signatures)
    return {
        "measure": measure,
        "line": rules.stage_line(measure),
        "turn": turn,
        **await _choices(db, caller, measure),
        **_rights(card),
        **WORDS,
    }


def _rights(card: bytes) -> dict[str, bool]:
    me = auth.me(card)
    return {"may_draft": access.may(me, "register.draft"), "may_decide": access.may(me, "register.decide")}


async def _choices(db: Connection, caller: Caller, measure: Measure | None) -> dict[str, Any]:
    """The units that a form offers: those in use, and those that the measure names already."""
    found = await store.list_departments(db, caller, None, 200, active=True)
    units = {
        one.id: f"{one.number} {one.name}" for one in msgspec.json.decode(found.body, type=list[Department])
    }
    if measure:
        units |= {unit.id: unit.name for unit in measure.departments}
        if measure.lead_unit:
            units[measure.lead_unit] = measure.lead_unit_name or ""
    return {"units": sorted(units.items(), key=lambda pair: pair[1])}


def _participation(measure: Measure, participation_id: UUID, card: bytes) -> Participation:
    for one in measure.participations:
        if one.id == participation_id:
            return one
    raise errors.NotFound(me=card)


def _require_step(measure: Measure, step: int, card: bytes) -> None:
    if step not in [one.step for one in measure.co_signatures]:
        raise errors.NotFound(me=card)


router = Router(
    "/",
    include_in_schema=False,
    route_handlers=[
        show_house,
        show_departments,
        add_department,
        show_department,
        change_department,
        show_new_report,
        draft_report,
        show_report,
        show_note,
        show_report_form,
        change_report,
        schedule_report,
        tell_outcome,
        close_report,
        delete_report,
        show_new_measure,
        draft_measure,
        show_measure,
        show_measure_form,
        change_measure,
        register_measure,
        delete_measure,
        show_stage,
        reach_stage,
        show_new_participation,
        ask_participation,
        show_statement,
        write_statement,
        close_participation,
        show_new_step,
        add_co_signature,
        show_signature,
        co_sign,
    ],
)
