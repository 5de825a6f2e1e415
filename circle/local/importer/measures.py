"""The own-house registers (Nr. 4 and 5 a of the decree): each house brings its own, and it alone sees it."""

from uuid import UUID

from circle.core.db import row
from circle.measures import actions

from .folder import RegisterMeasure, RegisterReport
from .run import Run


async def load_registers(run: Run) -> None:
    """Units, reports and measures of each house. A house whose register holds anything already stays untouched."""
    for register in run.folder.registers:
        house = run.find("authorities", register.authority, "Das Register")
        found = await row(
            run.db, "select exists (select from department where authority_id = $1) as begun", house
        )
        if found["begun"]:
            continue
        for unit in register.departments:
            added = await row(
                run.db, "insert into department (authority_id, number, name) values ($1, $2, $3) returning id",
                house, unit.number, unit.name,
            )  # fmt: skip
            run.add("departments", unit.id, added["id"])
        for report in register.reports:
            await actions.index_report(run.db, await _report(run, house, report))
        for measure in register.measures:
            await actions.index_measure(run.db, await _measure(run, house, measure))


async def _report(run: Run, house: UUID, report: RegisterReport) -> UUID:
    added = await row(
        run.db,
        """
        insert into report_to_head (authority_id, occasion, field, reported_on, text, outcome, state, source,
            resubmission_on, created_by)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) returning id
        """,
        house, report.occasion, report.field, report.reported_on, report.text, report.outcome, report.state,
        report.source, report.resubmission_on,
        run.maybe("persons", report.created_by, f"Der Vortrag {report.id}"),
    )  # fmt: skip
    return run.add("reports", report.id, added["id"])


async def _measure(run: Run, house: UUID, measure: RegisterMeasure) -> UUID:
    """A measure stands in the register with the last of its stages."""
    place = f"Die Maßnahme {measure.id}"
    by = run.maybe("persons", measure.created_by, place)
    added = await row(
        run.db,
        """
        insert into measure (authority_id, title, description, lead_unit, stage, draft, resubmission_on, created_by)
        values ($1, $2, $3, $4, $5, false, $6, $7) returning id, audience
        """,
        house, measure.title, measure.description, run.maybe("departments", measure.lead_unit, place),
        measure.stages[-1].stage, measure.resubmission_on, by,
    )  # fmt: skip
    measure_id, audience = run.add("measures", measure.id, added["id"]), added["audience"]
    for key in measure.departments:
        await run.db.execute(
            "insert into measure_department (measure_id, department_id, audience) values ($1, $2, $3)",
            measure_id, run.find("departments", key, place), audience,
        )  # fmt: skip
    for stage in measure.stages:
        await run.db.execute(
            """
            insert into measure_stage (measure_id, stage, changed_on, note, changed_by, audience)
            values ($1, $2, $3, $4, $5, $6)
            """,
            measure_id, stage.stage, stage.changed_on, stage.note, by, audience,
        )  # fmt: skip
    for asked in measure.participations:
        await run.db.execute(
            """
            insert into participation (measure_id, department_id, subject, asked_on, answer_due, statement, answered_on,
                state, audience)
            values ($1, $2, $3, $4, $5, $6, $7, case when $7::date is null then 'open' else 'answered' end, $8)
            """,
            measure_id, run.find("departments", asked.department, place), asked.subject, asked.asked_on,
            asked.answer_due, asked.statement, asked.answered_on, audience,
        )  # fmt: skip
    for step, signed in enumerate(measure.co_signatures, 1):
        await run.db.execute(
            """
            insert into co_signature (measure_id, step, department_id, state, initials, signed_on, text_version, audience)
            values ($1, $2, $3, case when $5::date is null then 'open' else 'signed' end, $4, $5,
                case when $5::date is not null then 1 end, $6)
            """,
            measure_id, step, run.find("departments", signed.department, place), signed.initials,
            signed.signed_on, audience,
        )  # fmt: skip
    return measure_id
