"""Pages of the own-house register: its start, one page for each report and measure, one form on each page."""

from collections.abc import Awaitable, Callable
from datetime import date
from typing import Any, Literal
from uuid import UUID

import msgspec
from litestar import Request, Response, Router, get, post
from litestar.datastructures import FormMultiDict
from litestar.handlers import HTTPRouteHandler
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
UNIT, REPORT, MEASURE = (
    "/haus/fachbereiche/{department_id:uuid}", "/haus/vortraege/{report_id:uuid}", "/haus/massnahmen/{measure_id:uuid}",
)  # fmt: skip
PART, STEP = MEASURE + "/beteiligungen/{participation_id:uuid}", MEASURE + "/mitzeichnung/{step:int}"
SAVED = "Die Änderung ist gespeichert."


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


@get("/haus/vortraege/{report_id:uuid}/vermerk", opt=SEEN)
async def show_note(request: Incoming, caller: web.Asking, report_id: FromPath[UUID]) -> Response[bytes]:
    """The Vortragsvermerk as PDF."""
    return await api.note(request, caller, report_id)


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


def _page(path: str, right: dict[str, str], page: str) -> HTTPRouteHandler:
    """The page of what the path names, or of a form about it."""

    @get(path, opt=right)
    async def show(request: Incoming, db: web.Db, caller: web.Asking) -> Response[bytes]:
        found, context = await _thing(db, caller, **request.path_params)
        return pages.show(request, f"measures/{page}.html", found.me, **context)

    return show


def _act(
    path: str, right: dict[str, str], act: Callable[..., Awaitable[object]], holds: type[Any] | None, notice: str,
    page: str, *, becomes: type[Any] | None = None, to: str = "",
) -> HTTPRouteHandler:  # fmt: skip
    """One act on what the path names, done once even if the button is pressed twice.

    `holds` is what the form holds and `becomes` what the action takes for it; wrong fields are shown on `page`,
    where the form stands. `to` is where it leads when that is not the thing's own page.
    """

    @post(path, opt=right)
    async def do(request: Incoming, db: web.Db, caller: web.Asking, actor: web.Acting) -> Response[Any]:
        form = await pages.read_form(request)

        async def done() -> str:
            given: list[Any] = (
                [form if holds is FormMultiDict else fields.from_form(holds, form)] if holds else []
            )
            if becomes:
                given = [becomes(**msgspec.structs.asdict(given[0]))]
            await act(db, actor, *request.path_params.values(), *given, pages.revision(form))
            return to or "/".join(request.url.path.split("/")[:4])

        try:
            return await pages.once(request, db, actor, form, done, notice)
        except pages.MENDABLE as wrong:
            _, context = await _thing(db, caller, **request.path_params)
            pages.again(request, f"measures/{page}.html", actor, wrong, form, **context)

    return do


async def _write_statement(
    db: Connection, actor: Actor, measure_id: UUID, participation_id: UUID, form: FormMultiDict, expected: int
) -> None:
    """Keep the statement as a draft, or give it."""
    if fields.from_form(Chosen, form).act == "give":
        given = fields.from_form(Statement, form)
        await actions.give_statement(db, actor, measure_id, participation_id, given, expected)
    else:
        kept = fields.from_form(StatementDraft, form)
        await actions.draft_statement(db, actor, measure_id, participation_id, kept, expected)


async def _thing(
    db: Connection, caller: Caller, *, department_id: UUID | None = None, report_id: UUID | None = None,
    measure_id: UUID | None = None, participation_id: UUID | None = None, step: int | None = None,
) -> tuple[Answer, dict[str, Any]]:  # fmt: skip
    """What a path names, and what its pages show. Raises NotFound."""
    if department_id:
        found = await store.get_department(db, caller, department_id)
        return found, {"department": pages.as_struct(found, Department)}
    if report_id:
        found = await store.get_report(db, caller, report_id)
        report: Report = pages.as_struct(found, Report)
        context = {"report": report, "source_path": rules.source_path(report.source)}
        return found, context | _rights(found.me) | WORDS
    assert measure_id
    found = await store.get_measure(db, caller, measure_id)
    measure: Measure = pages.as_struct(found, Measure)
    one = next((one for one in measure.participations if one.id == participation_id), None)
    if (participation_id and one is None) or (
        step is not None and step not in [one.step for one in measure.co_signatures]
    ):
        raise errors.NotFound(me=found.me)
    return found, {
        "measure": measure,
        "one": one,
        "step": step,
        "line": rules.stage_line(measure),
        "turn": rules.next_step(measure.co_signatures),
        **await _choices(db, caller, measure),
        **_rights(found.me),
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


router = Router(
    "/",
    include_in_schema=False,
    route_handlers=[
        show_house, show_departments, add_department, show_new_report, draft_report, show_note, show_new_measure,
        draft_measure,
        _page(UNIT, SEEN, "department"),
        _page(REPORT, SEEN, "report"),
        _page(REPORT + "/aendern", DRAFT, "report_form"),
        _page(MEASURE, SEEN, "measure"),
        _page(MEASURE + "/aendern", DRAFT, "measure_form"),
        _page(MEASURE + "/stand", DECIDE, "stage"),
        _page(MEASURE + "/beteiligung", DRAFT, "participation"),
        _page(MEASURE + "/mitzeichnung", DRAFT, "step"),
        _page(PART, SEEN, "statement"),
        _page(STEP, DECIDE, "signature"),
        _act(UNIT, DRAFT, actions.change_department, ChangedDepartment, SAVED, "department",
            becomes=DepartmentChange, to="/haus/fachbereiche"),
        _act(REPORT + "/aendern", DRAFT, actions.change_report, ChangedReport, SAVED, "report_form", becomes=ReportChange),
        _act(REPORT + "/vorsehen", DECIDE, actions.schedule_report, None, "Der Vortrag steht im Register.", "report"),
        _act(REPORT + "/ergebnis", DECIDE, actions.tell_outcome, Outcome, "Das Ergebnis ist festgehalten.", "report"),
        _act(REPORT + "/schliessen", DECIDE, actions.close_report, Closing, "Der Vortrag ist abgeschlossen.", "report"),
        _act(REPORT + "/loeschen", DRAFT, actions.delete_report, None, "Der Entwurf ist gelöscht.", "report", to="/haus"),
        _act(MEASURE + "/aendern", DRAFT, actions.change_measure, ChangedMeasure, SAVED, "measure_form", becomes=MeasureChange),
        _act(MEASURE + "/aufnehmen", DECIDE, actions.register_measure, None, "Die Maßnahme steht im Register.", "measure"),
        _act(MEASURE + "/loeschen", DRAFT, actions.delete_measure, None, "Der Entwurf ist gelöscht.", "measure", to="/haus"),
        _act(MEASURE + "/stand", DECIDE, actions.reach_stage, NewStage, "Der neue Stand ist eingetragen.", "stage"),
        _act(MEASURE + "/beteiligung", DRAFT, actions.ask_participation, NewParticipation, "Die Beteiligung ist eingetragen.",
            "participation"),
        _act(PART, DRAFT, _write_statement, FormMultiDict, "Die Stellungnahme ist gespeichert.", "statement"),
        _act(PART + "/schliessen", DECIDE, actions.close_participation, Closing, "Die Beteiligung ist geschlossen.", "statement"),
        _act(MEASURE + "/mitzeichnung", DRAFT, actions.add_co_signature, NewCoSignature, "Der Schritt ist eingetragen.", "step"),
        _act(STEP, DECIDE, actions.co_sign, Signature, "Die Mitzeichnung ist eingetragen.", "signature"),
    ],
)  # fmt: skip
