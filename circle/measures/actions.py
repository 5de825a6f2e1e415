"""What a house does in its register: units, reports to the head, measures, participation, co-signatures.

Everything here is for the acting commissioner, deputy and assistant of one house. Assistants prepare; what binds is
done by commissioner or deputy (decree Nr. 4 (3)). Every act on a thing names the revision it starts from.
"""

import uuid
from typing import Any
from uuid import UUID

import asyncpg
import msgspec

from circle.core import access, audit, errors
from circle.core.auth import Actor
from circle.core.db import Connection
from circle.search import index as search_index

from . import rules, store
from .model import (
    Closing,
    DepartmentChange,
    MeasureChange,
    NewCoSignature,
    NewDepartment,
    NewMeasure,
    NewParticipation,
    NewReport,
    NewStage,
    Outcome,
    ReportChange,
    Signature,
    Statement,
    StatementDraft,
)


async def add_department(db: Connection, actor: Actor, new: NewDepartment) -> UUID:
    """Enter a unit of the own house. Raises Conflict (`department_exists`) when its number is taken."""
    house = _house(actor)
    department_id = uuid.uuid4()
    await store.insert_department(db, department_id, house, new.number, new.name)
    await _record(db, actor, "department.added", "department", department_id)
    return department_id


async def change_department(
    db: Connection, actor: Actor, department_id: UUID, new: DepartmentChange, expected: int
) -> None:
    """Give a unit another number or name, or offer it no more. Raises Stale."""
    row = await store.lock_department(db, department_id, list(actor.keys))
    if row is None:
        raise errors.NotFound(me=actor.card)
    access.require(actor, "register.draft")
    _require_current(row, expected)
    if not await store.update_department(db, department_id, expected, **_merged(row, new)):
        raise errors.Stale(current=_state(row))
    await _record(db, actor, "department.changed", "department", department_id)


async def draft_report(db: Connection, actor: Actor, new: NewReport) -> UUID:
    """Prepare a report to the head (right to report, decree Nr. 4 (2) S. 1). Returns the id of the draft."""
    house = _house(actor)
    rules.require_source(new.source)
    rules.require_resubmission(new.resubmission_on, actor.today)
    report_id = uuid.uuid4()
    await store.insert_report(db, report_id, house, actor.person_id, **msgspec.structs.asdict(new))
    await _record(db, actor, "report.drafted", "report_to_head", report_id)
    await index_report(db, report_id)
    return report_id


async def change_report(
    db: Connection, actor: Actor, report_id: UUID, new: ReportChange, expected: int
) -> None:
    """Change a report whose outcome is not told yet. Raises Stale, Conflict."""
    row = await _locked_report(db, actor, report_id)
    rules.require_writer(actor, row["state"] == "draft")
    rules.require_report(row["state"], "draft", "open")
    _require_current(row, expected)
    values = _merged(row, new)
    rules.require_source(values["source"])
    rules.require_resubmission(values["resubmission_on"], actor.today, row["resubmission_on"])
    if not await store.update_report(db, report_id, expected, **values):
        raise errors.Stale(current=_state(row))
    await _record(db, actor, "report.changed", "report_to_head", report_id)
    await index_report(db, report_id)


async def schedule_report(db: Connection, actor: Actor, report_id: UUID, expected: int) -> None:
    """Take a drafted report into the register: from now on its outcome is open."""
    await _move_report(db, actor, report_id, expected, "draft", "open", "", "report.scheduled")


async def tell_outcome(db: Connection, actor: Actor, report_id: UUID, new: Outcome, expected: int) -> None:
    """Note what the head said or decided. Raises Invalid for a day to come."""
    await _move_report(
        db, actor, report_id, expected, "open", "told", new.outcome, "report.told", new.reported_on
    )


async def close_report(db: Connection, actor: Actor, report_id: UUID, new: Closing, expected: int) -> None:
    """Close a report that will not be held; the note says why."""
    await _move_report(db, actor, report_id, expected, "open", "closed", new.note, "report.closed")


async def delete_report(db: Connection, actor: Actor, report_id: UUID, expected: int) -> None:
    """Drop a draft; everything else is closed and stays."""
    row = await _locked_report(db, actor, report_id)
    access.require(actor, "register.draft")
    rules.require_report(row["state"], "draft")
    _require_current(row, expected)
    await store.delete_report(db, report_id)
    await search_index.drop(db, "report_to_head", report_id)
    await _record(db, actor, "report.deleted", "report_to_head", report_id)


async def draft_measure(db: Connection, actor: Actor, new: NewMeasure) -> UUID:
    """Prepare a measure on which the commissioner works between departments (decree Nr. 4 (4)). Returns the id."""
    house = _house(actor)
    rules.require_resubmission(new.resubmission_on, actor.today)
    others = _others(new.lead_unit, new.department_ids)
    await _require_departments(
        db, actor, lead_unit=[new.lead_unit] if new.lead_unit else [], department_ids=others
    )
    measure_id = uuid.uuid4()
    await store.insert_measure(
        db, measure_id, house, actor.person_id, title=new.title, description=new.description, stage=new.stage,
        lead_unit=new.lead_unit, resubmission_on=new.resubmission_on,
    )  # fmt: skip
    await store.set_departments(db, measure_id, others)
    await _record(db, actor, "measure.drafted", "measure", measure_id)
    await index_measure(db, measure_id)
    return measure_id


async def change_measure(
    db: Connection, actor: Actor, measure_id: UUID, new: MeasureChange, expected: int
) -> None:
    """Change a measure. Another text opens the later co-signatures again: co-signature is co-responsibility.

    Raises Stale, and Conflict for one that has ended.
    """
    row = await _locked_measure(db, actor, measure_id)
    rules.require_writer(actor, row["draft"])
    rules.require_measure(row["draft"], row["stage"], registered=False)
    _require_current(row, expected)
    values = _merged(row, new)
    rules.require_resubmission(values["resubmission_on"], actor.today, row["resubmission_on"])
    others = _others(values["lead_unit"], values["department_ids"])
    await _require_departments(
        db, actor, lead_unit=[values["lead_unit"]] if values["lead_unit"] else [], department_ids=others
    )
    rewritten = (values["title"], values["description"]) != (row["title"], row["description"])
    if not await store.update_measure(
        db, measure_id, expected, title=values["title"], description=values["description"], lead_unit=values["lead_unit"],
        resubmission_on=values["resubmission_on"], text_version=row["text_version"] + rewritten,
    ):  # fmt: skip
        raise errors.Stale(current=_state(row))
    await store.set_departments(db, measure_id, others)
    again = []
    if rewritten:
        steps = await store.list_steps(db, measure_id, list(actor.keys))
        again = rules.reopened(steps, new.agreed_to_step)
        await store.reopen_steps(db, measure_id, again, actor.today)
    await _record(db, actor, "measure.changed", "measure", measure_id, reopened_steps=again)
    await index_measure(db, measure_id)


async def register_measure(db: Connection, actor: Actor, measure_id: UUID, expected: int) -> None:
    """Take a drafted measure into the register, with its stage as of today."""
    row = await _locked_measure(db, actor, measure_id)
    access.require(actor, "register.decide")
    if not row["draft"]:
        raise errors.Conflict("Die Maßnahme steht schon im Register.")
    await _touch(db, row, expected, draft=False)
    await store.insert_stage(db, measure_id, row["stage"], actor.today, "", actor.person_id)
    await _record(db, actor, "measure.registered", "measure", measure_id)


async def delete_measure(db: Connection, actor: Actor, measure_id: UUID, expected: int) -> None:
    """Drop a draft with all below it; a registered measure is ended instead."""
    row = await _locked_measure(db, actor, measure_id)
    access.require(actor, "register.draft")
    if not row["draft"]:
        raise errors.Conflict(
            "Die Maßnahme steht im Register und wird nicht gelöscht. Sie können sie beenden."
        )
    _require_current(row, expected)
    await store.delete_measure(db, measure_id)
    await search_index.drop(db, "measure", measure_id)
    await _record(db, actor, "measure.deleted", "measure", measure_id)


async def reach_stage(db: Connection, actor: Actor, measure_id: UUID, new: NewStage, expected: int) -> None:
    """The measure has reached another stage. Raises Conflict, Invalid (see `rules.require_stage`) and Stale."""
    row = await _locked_measure(db, actor, measure_id)
    access.require(actor, "register.decide")
    rules.require_measure(row["draft"], row["stage"])
    on = new.changed_on or actor.today
    rules.require_stage(row["stage"], row["since"], new.stage, on, new.note, actor.today)
    await _touch(db, row, expected, stage=new.stage)
    await store.insert_stage(db, measure_id, new.stage, on, new.note, actor.person_id)
    await _record(db, actor, "measure.stage_reached", "measure", measure_id, stage=new.stage)
    await index_measure(db, measure_id)


async def ask_participation(
    db: Connection, actor: Actor, measure_id: UUID, new: NewParticipation, expected: int
) -> UUID:
    """Note that a department has asked the commissioner to take part (decree Nr. 5 a). Returns its id."""
    row = await _locked_measure(db, actor, measure_id)
    access.require(actor, "register.draft")
    rules.require_measure(row["draft"], row["stage"], registered=False)
    rules.require_not_future("asked_on", new.asked_on, actor.today)
    if new.answer_due and new.answer_due < new.asked_on:
        raise errors.Invalid(
            "Bitte prüfen Sie die markierten Felder.",
            fields={"answer_due": "Die Antwort ist nicht vor der Anfrage fällig."},
        )
    await _require_departments(db, actor, department_id=[new.department_id])
    await _touch(db, row, expected)
    participation_id = uuid.uuid4()
    await store.insert_participation(
        db, participation_id, measure_id, department_id=new.department_id, asked_on=new.asked_on,
        answer_due=new.answer_due, subject=new.subject,
    )  # fmt: skip
    await _record(db, actor, "measure.participation_asked", "measure", measure_id)
    await index_measure(db, measure_id)
    return participation_id


async def draft_statement(
    db: Connection, actor: Actor, measure_id: UUID, participation_id: UUID, new: StatementDraft, expected: int
) -> None:
    """Keep the words of a statement that is not given yet."""
    row, _ = await _open_participation(db, actor, measure_id, participation_id, "register.draft")
    await _touch(db, row, expected)
    await store.update_participation(
        db, participation_id, state="open", statement=new.statement, answered_on=None, note=""
    )
    await _record(db, actor, "measure.statement_drafted", "measure", measure_id)
    await index_measure(db, measure_id)


async def give_statement(
    db: Connection, actor: Actor, measure_id: UUID, participation_id: UUID, new: Statement, expected: int
) -> None:
    """Give the statement to the department (decree Nr. 5 a). It never changes after."""
    row, asked = await _open_participation(db, actor, measure_id, participation_id, "register.decide")
    on = new.answered_on or actor.today
    rules.require_not_future("answered_on", on, actor.today)
    if on < asked["asked_on"]:
        raise errors.Invalid(
            "Bitte prüfen Sie die markierten Felder.",
            fields={"answered_on": "Die Antwort liegt nicht vor der Anfrage."},
        )
    await _touch(db, row, expected)
    await store.update_participation(
        db, participation_id, state="answered", statement=new.statement, answered_on=on, note=""
    )
    await _record(db, actor, "measure.statement_given", "measure", measure_id)
    await index_measure(db, measure_id)


async def close_participation(
    db: Connection, actor: Actor, measure_id: UUID, participation_id: UUID, new: Closing, expected: int
) -> None:
    """Close a participation without a statement; the note says why."""
    row, _ = await _open_participation(db, actor, measure_id, participation_id, "register.decide")
    await _touch(db, row, expected)
    await store.update_participation(
        db, participation_id, state="closed", statement=None, answered_on=None, note=new.note
    )
    await _record(db, actor, "measure.participation_closed", "measure", measure_id)


async def add_co_signature(
    db: Connection, actor: Actor, measure_id: UUID, new: NewCoSignature, expected: int
) -> int:
    """Add the next step: a unit that signs after all before it. Returns its number."""
    row = await _locked_measure(db, actor, measure_id)
    access.require(actor, "register.draft")
    rules.require_measure(row["draft"], row["stage"], registered=False)
    await _require_departments(db, actor, department_id=[new.department_id])
    steps = await store.list_steps(db, measure_id, list(actor.keys))
    if len(steps) >= rules.MOST_STEPS:
        raise errors.Conflict(f"Mehr als {rules.MOST_STEPS} Schritte sind nicht vorgesehen.")
    await _touch(db, row, expected)
    await store.insert_step(db, measure_id, len(steps) + 1, new.department_id)
    await _record(db, actor, "measure.co_signature_added", "measure", measure_id, step=len(steps) + 1)
    return len(steps) + 1


async def co_sign(
    db: Connection, actor: Actor, measure_id: UUID, step: int, new: Signature, expected: int
) -> None:
    """Note what a unit did with the text: it signed, or refused with a remark. The order of the steps is kept.

    Raises Conflict (`earlier_step_open`) before its turn, and Stale: who signs, signs the text as it stands.
    """
    row = await _locked_measure(db, actor, measure_id)
    steps = await store.list_steps(db, measure_id, list(actor.keys))
    if step not in [one["step"] for one in steps]:
        raise errors.NotFound(me=actor.card)
    access.require(actor, "register.decide")
    rules.require_measure(row["draft"], row["stage"])
    rules.require_turn(steps, step)
    on = new.signed_on or actor.today
    rules.require_not_future("signed_on", on, actor.today)
    if new.decision == "refused" and not new.remark.strip():
        raise errors.Invalid(
            "Bitte prüfen Sie die markierten Felder.",
            fields={"remark": "Bitte sagen, warum nicht mitgezeichnet wird."},
        )
    await _touch(db, row, expected)
    await store.mark_step(
        db, measure_id, step, state=new.decision, initials=new.initials, signed_on=on, remark=new.remark,
        text_version=row["text_version"],
    )  # fmt: skip
    await _record(db, actor, f"measure.co_signature_{new.decision}", "measure", measure_id, step=step)


async def index_report(db: Connection, report_id: UUID) -> None:
    """Write the row of the search index of a report, open to its house alone."""
    row = await store.find_report_entry(db, report_id)
    assert row is not None
    await search_index.put(
        db,
        search_index.Entry(
            source_kind="report_to_head", source_id=report_id, title=row["occasion"],
            body=f"{row['text']} {row['outcome']} {row['source']}".strip(), kind="Vortrag bei der Behördenleitung",
            level="confidential", authority_id=row["authority_id"], year=row["reported_on"].year,
            url=f"/haus/vortraege/{report_id}", audience=list(row["audience"]),
        ),
    )  # fmt: skip


async def index_measure(db: Connection, measure_id: UUID) -> None:
    """Write the row of the search index of a measure, open to its house alone."""
    row = await store.find_measure_entry(db, measure_id)
    assert row is not None
    words = (row["description"], row["lead_unit_name"], rules.STAGES[row["stage"]], row["statements"])
    await search_index.put(
        db,
        search_index.Entry(
            source_kind="measure", source_id=measure_id, title=row["title"], body=" ".join(filter(None, words)),
            kind="Maßnahme des Hauses", level="confidential", authority_id=row["authority_id"],
            url=f"/haus/massnahmen/{measure_id}", audience=list(row["audience"]),
        ),
    )  # fmt: skip


def _house(actor: Actor) -> UUID:
    """The house whose register the actor keeps. Raises Forbidden for everybody else."""
    access.require(actor, "register.draft")
    if actor.authority_id is None or f"asking:{actor.authority_id}" not in actor.keys:
        raise errors.Forbidden
    return actor.authority_id


async def _record(
    db: Connection, actor: Actor, action: str, kind: str, thing_id: UUID, **detail: Any
) -> None:
    """The house stands in the record, so that only the house reads the line (`may_read_event`). No words of ours do."""
    await audit.record(db, actor, action, kind, thing_id, authority_id=str(actor.authority_id), **detail)


async def _locked_report(db: Connection, actor: Actor, report_id: UUID) -> asyncpg.Record:
    row = await store.lock_report(db, report_id, list(actor.keys))
    if row is None:
        raise errors.NotFound(me=actor.card)
    return row


async def _move_report(
    db: Connection, actor: Actor, report_id: UUID, expected: int, state: str, following: str, outcome: str, action: str,
    on: Any = None,
) -> None:  # fmt: skip
    """What scheduling, telling and closing share."""
    row = await _locked_report(db, actor, report_id)
    access.require(actor, "register.decide")
    rules.require_report(row["state"], state)
    day = on or row["reported_on"]
    if following == "told":
        rules.require_not_future("reported_on", day, actor.today)
    _require_current(row, expected)
    if not await store.mark_report(db, report_id, expected, following, outcome, day):
        raise errors.Stale(current=_state(row))
    await _record(db, actor, action, "report_to_head", report_id)
    await index_report(db, report_id)


async def _locked_measure(db: Connection, actor: Actor, measure_id: UUID) -> asyncpg.Record:
    row = await store.lock_measure(db, measure_id, list(actor.keys))
    if row is None:
        raise errors.NotFound(me=actor.card)
    return row


async def _open_participation(
    db: Connection, actor: Actor, measure_id: UUID, participation_id: UUID, right: str
) -> tuple[asyncpg.Record, asyncpg.Record]:
    """The locked measure and its participation, which waits for a statement."""
    row = await _locked_measure(db, actor, measure_id)
    asked = await store.find_participation(db, measure_id, participation_id, list(actor.keys))
    if asked is None:
        raise errors.NotFound(me=actor.card)
    access.require(actor, right)
    rules.require_measure(row["draft"], row["stage"], registered=right == "register.decide")
    if asked["state"] != "open":
        raise errors.Conflict(f"Die Beteiligung ist {rules.PARTICIPATION_STATES[asked['state']]}.")
    return row, asked


async def _touch(
    db: Connection, row: asyncpg.Record, expected: int, *, stage: str = "", draft: bool | None = None
) -> None:
    """Count the change on the measure. Raises Stale when somebody was faster."""
    _require_current(row, expected)
    changed = await store.touch_measure(
        db, row["id"], expected, stage=stage or row["stage"], draft=row["draft"] if draft is None else draft
    )
    if not changed:
        raise errors.Stale(current=_state(row))


async def _require_departments(db: Connection, actor: Actor, **named: list[UUID]) -> None:
    """Raises Invalid at the field that names something else than a unit of the own house."""
    for name, ids in named.items():
        if ids and await store.count_departments(db, ids, list(actor.keys)) != len(set(ids)):
            raise errors.Invalid(
                "Diesen Fachbereich gibt es in Ihrem Haus nicht.",
                code="unknown_reference",
                fields={name: "Bitte einen anderen wählen."},
            )


def _others(lead_unit: UUID | None, department_ids: list[UUID]) -> list[UUID]:
    """The departments concerned beside the lead, each once."""
    return [one for one in dict.fromkeys(department_ids) if one != lead_unit]


def _merged(row: asyncpg.Record, new: msgspec.Struct) -> dict[str, Any]:
    """The fields of a change, with the present value where none is named."""
    return {
        name: row[name] if value is msgspec.UNSET else value
        for name, value in msgspec.structs.asdict(new).items()
        if name != "agreed_to_step"
    }


def _require_current(row: asyncpg.Record, expected: int) -> None:
    if row["revision"] != expected:
        raise errors.Stale(current=_state(row))


def _state(row: asyncpg.Record) -> dict[str, object]:
    """The present state, as a stale answer carries it."""
    return dict(row)
