"""JSON API of the own-house register. Every act on a thing needs If-Match: three people share a register."""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Annotated, Any
from uuid import UUID

from litestar import Request, Response, Router, delete, get, patch, post
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from circle.core import answers, files, pages, web
from circle.core.answers import Page
from circle.core.auth import Actor
from circle.core.db import Answer, Caller, Connection

from . import actions, prints, store
from .model import (
    Closing,
    CoSignature,
    Department,
    DepartmentChange,
    Measure,
    MeasureChange,
    NewCoSignature,
    NewDepartment,
    NewMeasure,
    NewParticipation,
    NewReport,
    NewStage,
    Outcome,
    Participation,
    Report,
    ReportChange,
    ReportState,
    Signature,
    Stage,
    Statement,
    StatementDraft,
)

Incoming = Request[Any, Any, Any]
SEEN = {"permission": "signed_in"}
DRAFT = {"permission": "register.draft"}
DECIDE = {"permission": "register.decide"}


@get("/departments", opt=SEEN)
async def list_departments(
    request: Incoming,
    db: web.Db,
    caller: web.Asking,
    limit: FromQuery[int] = 50,
    after: FromQuery[str | None] = None,
    active: FromQuery[bool | None] = None,
) -> Response[Page[Department]]:
    """Units of one's own house by number."""
    found = await store.list_departments(
        db, caller, answers.unseal(after), answers.page_size(limit), active=active
    )
    return answers.page(request, found)


@post("/departments", opt=DRAFT)
async def add_department(
    request: Incoming, db: web.Db, caller: web.Asking, actor: web.Acting, data: JSONBody[NewDepartment]
) -> Response[Department]:
    """Enter a unit of one's own house."""

    async def act() -> Answer:
        return await store.get_department(db, caller, await actions.add_department(db, actor, data))

    return await answers.once(
        db, actor, request, act, status=201, read=partial(store.get_department, db, caller)
    )


@get("/departments/{department_id:uuid}", opt=SEEN)
async def read_department(
    db: web.Db, caller: web.Asking, department_id: FromPath[UUID]
) -> Response[Department]:
    """One unit of one's own house."""
    return answers.one(await store.get_department(db, caller, department_id))


@patch("/departments/{department_id:uuid}", opt=DRAFT)
async def change_department(
    request: Incoming, db: web.Db, caller: web.Asking, actor: web.Acting, department_id: FromPath[UUID],
    data: JSONBody[DepartmentChange],
) -> Response[Department]:  # fmt: skip
    """Another number or name, or `active` false: it is offered no more."""
    await actions.change_department(db, actor, department_id, data, _expected(request))
    return answers.done(await store.get_department(db, caller, department_id))


@get("/reports", opt=SEEN)
async def list_reports(
    request: Incoming,
    db: web.Db,
    caller: web.Asking,
    limit: FromQuery[int] = 50,
    after: FromQuery[str | None] = None,
    stage: Annotated[ReportState | None, QueryParameter(name="state")] = None,
) -> Response[Page[Report]]:
    """Reports to the head of one's own house, newest first."""
    found = await store.list_reports(db, caller, answers.unseal(after), answers.page_size(limit), state=stage)
    return answers.page(request, found)


@post("/reports", opt=DRAFT)
async def draft_report(
    request: Incoming, db: web.Db, caller: web.Asking, actor: web.Acting, data: JSONBody[NewReport]
) -> Response[Report]:
    """Prepare a report to the head; it is a draft."""

    async def act() -> Answer:
        return await store.get_report(db, caller, await actions.draft_report(db, actor, data))

    return await answers.once(db, actor, request, act, status=201, read=partial(store.get_report, db, caller))


@get("/reports/{report_id:uuid}", opt=SEEN)
async def read_report(db: web.Db, caller: web.Asking, report_id: FromPath[UUID]) -> Response[Report]:
    """One report."""
    return answers.one(await store.get_report(db, caller, report_id))


@get("/reports/{report_id:uuid}/note", opt=SEEN)
async def read_note(request: Incoming, caller: web.Asking, report_id: FromPath[UUID]) -> Response[bytes]:
    """The Vortragsvermerk as PDF."""
    return await note(request, caller, report_id)


@patch("/reports/{report_id:uuid}", opt=DRAFT)
async def change_report(
    request: Incoming, db: web.Db, caller: web.Asking, actor: web.Acting, report_id: FromPath[UUID],
    data: JSONBody[ReportChange],
) -> Response[Report]:  # fmt: skip
    """Change a report whose outcome is not told yet."""
    await actions.change_report(db, actor, report_id, data, _expected(request))
    return answers.done(await store.get_report(db, caller, report_id))


@delete("/reports/{report_id:uuid}", status_code=204, opt=DRAFT)
async def delete_report(request: Incoming, db: web.Db, actor: web.Acting, report_id: FromPath[UUID]) -> None:
    """Drop a draft."""
    await actions.delete_report(db, actor, report_id, _expected(request))


@post("/reports/{report_id:uuid}/schedule", status_code=200, opt=DECIDE)
async def schedule_report(
    request: Incoming, db: web.Db, caller: web.Asking, actor: web.Acting, report_id: FromPath[UUID]
) -> Response[Report]:
    """Take a draft into the register: its outcome is open."""
    act = partial(actions.schedule_report, db, actor, report_id, _expected(request))
    return await _on_report(request, db, caller, actor, report_id, act)


@post("/reports/{report_id:uuid}/outcome", status_code=200, opt=DECIDE)
async def tell_outcome(
    request: Incoming, db: web.Db, caller: web.Asking, actor: web.Acting, report_id: FromPath[UUID],
    data: JSONBody[Outcome],
) -> Response[Report]:  # fmt: skip
    """Note what the head said or decided."""
    act = partial(actions.tell_outcome, db, actor, report_id, data, _expected(request))
    return await _on_report(request, db, caller, actor, report_id, act)


@post("/reports/{report_id:uuid}/close", status_code=200, opt=DECIDE)
async def close_report(
    request: Incoming, db: web.Db, caller: web.Asking, actor: web.Acting, report_id: FromPath[UUID],
    data: JSONBody[Closing],
) -> Response[Report]:  # fmt: skip
    """Close a report that will not be held."""
    act = partial(actions.close_report, db, actor, report_id, data, _expected(request))
    return await _on_report(request, db, caller, actor, report_id, act)


@get("/measures", opt=SEEN)
async def list_measures(
    request: Incoming,
    db: web.Db,
    caller: web.Asking,
    limit: FromQuery[int] = 50,
    after: FromQuery[str | None] = None,
    stage: FromQuery[Stage | None] = None,
) -> Response[Page[Measure]]:
    """Measures of one's own house by title, ended ones last."""
    found = await store.list_measures(
        db, caller, answers.unseal(after), answers.page_size(limit), stage=stage
    )
    return answers.page(request, found)


@post("/measures", opt=DRAFT)
async def draft_measure(
    request: Incoming, db: web.Db, caller: web.Asking, actor: web.Acting, data: JSONBody[NewMeasure]
) -> Response[Measure]:
    """Prepare a measure; it is a draft."""

    async def act() -> Answer:
        return await store.get_measure(db, caller, await actions.draft_measure(db, actor, data))

    return await answers.once(
        db, actor, request, act, status=201, read=partial(store.get_measure, db, caller)
    )


@get("/measures/{measure_id:uuid}", opt=SEEN)
async def read_measure(db: web.Db, caller: web.Asking, measure_id: FromPath[UUID]) -> Response[Measure]:
    """One measure with participation and co-signatures."""
    return answers.one(await store.get_measure(db, caller, measure_id))


@patch("/measures/{measure_id:uuid}", opt=DRAFT)
async def change_measure(
    request: Incoming, db: web.Db, caller: web.Asking, actor: web.Acting, measure_id: FromPath[UUID],
    data: JSONBody[MeasureChange],
) -> Response[Measure]:  # fmt: skip
    """Change a measure. Another text opens the co-signatures again that come after `agreed_to_step`."""
    await actions.change_measure(db, actor, measure_id, data, _expected(request))
    return answers.done(await store.get_measure(db, caller, measure_id))


@delete("/measures/{measure_id:uuid}", status_code=204, opt=DRAFT)
async def delete_measure(
    request: Incoming, db: web.Db, actor: web.Acting, measure_id: FromPath[UUID]
) -> None:
    """Drop a draft."""
    await actions.delete_measure(db, actor, measure_id, _expected(request))


@post("/measures/{measure_id:uuid}/register", status_code=200, opt=DECIDE)
async def register_measure(
    request: Incoming, db: web.Db, caller: web.Asking, actor: web.Acting, measure_id: FromPath[UUID]
) -> Response[Measure]:
    """Take a draft into the register."""
    act = partial(actions.register_measure, db, actor, measure_id, _expected(request))
    return await _on_measure(request, db, caller, actor, measure_id, act)


@post("/measures/{measure_id:uuid}/stage", status_code=200, opt=DECIDE)
async def reach_stage(
    request: Incoming, db: web.Db, caller: web.Asking, actor: web.Acting, measure_id: FromPath[UUID],
    data: JSONBody[NewStage],
) -> Response[Measure]:  # fmt: skip
    """The measure has reached another stage."""
    act = partial(actions.reach_stage, db, actor, measure_id, data, _expected(request))
    return await _on_measure(request, db, caller, actor, measure_id, act)


@get("/measures/{measure_id:uuid}/participations", opt=SEEN)
async def list_participations(
    db: web.Db, caller: web.Asking, measure_id: FromPath[UUID]
) -> Page[Participation]:
    """What departments asked for, oldest first, in one part."""
    measure: Measure = pages.as_struct(await store.get_measure(db, caller, measure_id), Measure)
    return Page(measure.participations, None)


@post("/measures/{measure_id:uuid}/participations", opt=DRAFT)
async def ask_participation(
    request: Incoming, db: web.Db, caller: web.Asking, actor: web.Acting, measure_id: FromPath[UUID],
    data: JSONBody[NewParticipation],
) -> Response[Measure]:  # fmt: skip
    """Note that a department has asked for a statement; answers with the measure."""
    act = partial(actions.ask_participation, db, actor, measure_id, data, _expected(request))
    return await _on_measure(request, db, caller, actor, measure_id, act, status=201)


@patch("/measures/{measure_id:uuid}/participations/{participation_id:uuid}", opt=DRAFT)
async def draft_statement(
    request: Incoming, db: web.Db, caller: web.Asking, actor: web.Acting, measure_id: FromPath[UUID],
    participation_id: FromPath[UUID], data: JSONBody[StatementDraft],
) -> Response[Measure]:  # fmt: skip
    """Keep the words of a statement that is not given yet; If-Match names the measure's revision."""
    await actions.draft_statement(db, actor, measure_id, participation_id, data, _expected(request))
    return answers.done(await store.get_measure(db, caller, measure_id))


@post(
    "/measures/{measure_id:uuid}/participations/{participation_id:uuid}/answer", status_code=200, opt=DECIDE
)
async def give_statement(
    request: Incoming, db: web.Db, caller: web.Asking, actor: web.Acting, measure_id: FromPath[UUID],
    participation_id: FromPath[UUID], data: JSONBody[Statement],
) -> Response[Measure]:  # fmt: skip
    """Give the statement to the department."""
    act = partial(actions.give_statement, db, actor, measure_id, participation_id, data, _expected(request))
    return await _on_measure(request, db, caller, actor, measure_id, act)


@post("/measures/{measure_id:uuid}/participations/{participation_id:uuid}/close", status_code=200, opt=DECIDE)
async def close_participation(
    request: Incoming, db: web.Db, caller: web.Asking, actor: web.Acting, measure_id: FromPath[UUID],
    participation_id: FromPath[UUID], data: JSONBody[Closing],
) -> Response[Measure]:  # fmt: skip
    """Close a participation without a statement."""
    act = partial(
        actions.close_participation, db, actor, measure_id, participation_id, data, _expected(request)
    )
    return await _on_measure(request, db, caller, actor, measure_id, act)


@get("/measures/{measure_id:uuid}/co-signatures", opt=SEEN)
async def list_co_signatures(db: web.Db, caller: web.Asking, measure_id: FromPath[UUID]) -> Page[CoSignature]:
    """The steps in their order, in one part."""
    measure: Measure = pages.as_struct(await store.get_measure(db, caller, measure_id), Measure)
    return Page(measure.co_signatures, None)


@post("/measures/{measure_id:uuid}/co-signatures", opt=DRAFT)
async def add_co_signature(
    request: Incoming, db: web.Db, caller: web.Asking, actor: web.Acting, measure_id: FromPath[UUID],
    data: JSONBody[NewCoSignature],
) -> Response[Measure]:  # fmt: skip
    """Add the next step; answers with the measure."""
    act = partial(actions.add_co_signature, db, actor, measure_id, data, _expected(request))
    return await _on_measure(request, db, caller, actor, measure_id, act, status=201)


@post("/measures/{measure_id:uuid}/co-signatures/{step:int}/sign", status_code=200, opt=DECIDE)
async def co_sign(
    request: Incoming, db: web.Db, caller: web.Asking, actor: web.Acting, measure_id: FromPath[UUID],
    step: FromPath[int], data: JSONBody[Signature],
) -> Response[Measure]:  # fmt: skip
    """Note that a unit signed or refused the text as it stands."""
    act = partial(actions.co_sign, db, actor, measure_id, step, data, _expected(request))
    return await _on_measure(request, db, caller, actor, measure_id, act)


async def note(request: Incoming, caller: Caller, report_id: UUID) -> Response[bytes]:
    """The Vortragsvermerk, printed after the transaction of the read has ended."""
    async with request.app.state.db.begin(caller) as db:
        found = await store.get_report(db, caller, report_id)
    printed = prints.of(pages.as_struct(found, Report), found.me, request.app.state.clock.now())
    headers = {"content-disposition": files.disposition(f"Vortragsvermerk {printed.reported_on}.pdf")}
    return Response(await prints.in_thread(printed), media_type="application/pdf", headers=headers)


def _expected(request: Incoming) -> int:
    expected = answers.expected_revision(request)
    assert expected is not None
    return expected


async def _on_report(
    request: Incoming, db: Connection, caller: Caller, actor: Actor, report_id: UUID,
    do: Callable[[], Awaitable[None]],
) -> Response[Any]:  # fmt: skip
    """An act on a report, answered with the report."""

    async def act() -> Answer:
        await do()
        return await store.get_report(db, caller, report_id)

    return await answers.once(db, actor, request, act, read=partial(store.get_report, db, caller))


async def _on_measure(
    request: Incoming, db: Connection, caller: Caller, actor: Actor, measure_id: UUID,
    do: Callable[[], Awaitable[object]], *, status: int = 200,
) -> Response[Any]:  # fmt: skip
    """An act on a measure or what stands below it, answered with the measure."""

    async def act() -> Answer:
        await do()
        return await store.get_measure(db, caller, measure_id)

    return await answers.once(
        db, actor, request, act, status=status, read=partial(store.get_measure, db, caller)
    )


router = Router(
    "/api/v1",
    tags=["measures"],
    route_handlers=[
        list_departments,
        add_department,
        read_department,
        change_department,
        list_reports,
        draft_report,
        read_report,
        read_note,
        change_report,
        delete_report,
        schedule_report,
        tell_outcome,
        close_report,
        list_measures,
        draft_measure,
        read_measure,
        change_measure,
        delete_measure,
        register_measure,
        reach_stage,
        list_participations,
        ask_participation,
        draft_statement,
        give_statement,
        close_participation,
        list_co_signatures,
        add_co_signature,
        co_sign,
    ],
)
