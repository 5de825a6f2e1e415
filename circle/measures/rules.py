"""The rules of the own-house register: states, days, whose turn it is, and what is open. Pure."""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

import msgspec

from circle.core import access, calendar, errors
from circle.core.auth import Actor

from .model import CoSignature, Measure, Report

FIELDS = {
    "concerns": "Belange der Integration von Menschen mit Einwanderungsgeschichte",
    "intercultural_opening": "Interkulturelle Öffnung der Verwaltung",
}
"""The two fields of the right to report (decree Nr. 4 (2) S. 1)."""
REPORT_STATES = {"draft": "Entwurf", "open": "Ergebnis offen", "told": "vorgetragen", "closed": "abgeschlossen ohne Vortrag"}  # fmt: skip
STAGES = {
    "planned": "geplant",
    "in_development": "in Entwicklung",
    "in_introduction": "in Einführung",
    "implemented": "umgesetzt",
    "ended": "beendet",
}
PARTICIPATION_STATES = {"open": "offen", "answered": "abgegeben", "closed": "ohne Stellungnahme geschlossen"}
SIGNATURE_STATES = {"open": "offen", "signed": "mitgezeichnet", "refused": "nicht mitgezeichnet"}
MOST_STEPS = 50
_SOURCE = re.compile(r"(KK-\d{4}-\d{1,3}(?:/TOP-\d{1,3}[a-z]?)?|BA-\d{4}-V?\d{1,6})")


class Point(msgspec.Struct, frozen=True):
    """Something that is open in the house; `what` says what, `due` by when."""

    what: str
    title: str
    detail: str
    due: date | None
    url: str


def require_writer(actor: Actor, draft: bool) -> None:
    """Raises Forbidden for an assistant who would change more than a draft: assistants prepare (decree Nr. 4 (3))."""
    access.require(actor, "register.draft" if draft else "register.decide")


def require_source(source: str) -> None:
    """Raises Invalid unless `source` is empty or looks like the number of an agenda item or a request."""
    if source and not _SOURCE.fullmatch(source):
        raise errors.Invalid(
            "Bitte prüfen Sie die markierten Felder.",
            fields={"source": "Bitte eine Nummer wie KK-2026-5/TOP-6 oder BA-2026-021 eingeben."},
        )


def source_path(source: str) -> str:
    """The page of what `source` names; empty when it names nothing."""
    if source.startswith("BA-"):
        return f"/anfragen/{source}"
    return f"/sitzungen/{source.split('/')[0]}" if source else ""


def require_not_future(name: str, day: date, today: date) -> None:
    """Raises Invalid when something is said to have happened on a day that is still to come."""
    if day > today:
        raise errors.Invalid(
            "Bitte prüfen Sie die markierten Felder.",
            fields={name: f"Dieser Tag liegt noch vor uns. Heute ist der {calendar.date_short(today)}."},
        )


def require_resubmission(day: date | None, today: date, before: date | None = None) -> None:
    """Raises Invalid for a resubmission on a day that is over, unless it stays as it was."""
    if day is not None and day < today and day != before:
        raise errors.Invalid(
            "Bitte prüfen Sie die markierten Felder.",
            fields={"resubmission_on": f"Dieser Tag ist vorbei. Heute ist der {calendar.date_short(today)}."},
        )


def require_report(state: str, *allowed: str) -> None:
    """Raises Conflict unless a report in `state` is in one of the allowed ones."""
    if state not in allowed:
        raise errors.Conflict(f"Der Vortrag ist im Stand „{REPORT_STATES[state]}“. So geht das nicht mehr.")


def require_measure(draft: bool, stage: str, *, registered: bool = True) -> None:
    """Raises Conflict for a measure that has ended, and for a draft where only a registered measure will do."""
    if stage == "ended":
        raise errors.Conflict("Die Maßnahme ist beendet und wird nicht mehr geändert.")
    if draft and registered:
        raise errors.Conflict("Die Maßnahme ist noch ein Entwurf. Bitte zuerst in das Register aufnehmen.")


def require_stage(present: str, since: date | None, new: str, on: date, note: str, today: date) -> None:
    """Raises Conflict when nothing changes, Invalid for a day before the last change or to come, and for a step back
    without a note."""
    order = list(STAGES)
    if new == present:
        raise errors.Conflict("Diesen Stand hat die Maßnahme schon.")
    require_not_future("changed_on", on, today)
    wrong = {}
    if since is not None and on < since:
        wrong["changed_on"] = f"Der jetzige Stand gilt seit dem {calendar.date_short(since)}."
    if order.index(new) < order.index(present) and not note.strip():
        wrong["note"] = "Ein Schritt zurück braucht eine Bemerkung."
    if wrong:
        raise errors.Invalid("Bitte prüfen Sie die markierten Felder.", fields=wrong)


def require_turn(steps: Sequence[Mapping[str, Any]], step: int) -> None:
    """Raises Conflict when the step has signed already, or one before it has not: the order is kept."""
    if next(one for one in steps if one["step"] == step)["state"] == "signed":
        raise errors.Conflict("Dieser Schritt ist schon mitgezeichnet.")
    if any(one["step"] < step and one["state"] != "signed" for one in steps):
        raise errors.Conflict("Ein früherer Schritt ist noch offen.", code="earlier_step_open")


def reopened(steps: Iterable[Mapping[str, Any]], agreed_to_step: int) -> list[int]:
    """The steps that a changed text opens again: a co-signature is co-responsibility for the words that were signed.

    With units up to `agreed_to_step` the new words are agreed; a refusal is open again in any case.
    """
    return [
        one["step"]
        for one in steps
        if (one["state"] == "signed" and one["step"] > agreed_to_step) or one["state"] == "refused"
    ]


def next_step(steps: Iterable[CoSignature]) -> int | None:
    """The step whose turn it is."""
    return next((one.step for one in steps if one.state != "signed"), None)


def stage_line(measure: Measure) -> list[tuple[str, str, str]]:
    """The stages as a drawn line: name, done | current | open | skipped, and the day each was reached last, or in words
    why there is none: a measure may begin late in the register, leave a stage out, or end early."""
    order = list(STAGES)
    reached: dict[str, str] = {step.stage: calendar.date_short(step.changed_on) for step in measure.stages}
    at = order.index(measure.stage)
    went = [order.index(stage) for stage in reached if stage != "ended"]
    first, last = min(went, default=at), max(went, default=at)
    line = []
    for number, stage in enumerate(order):
        state = "current" if number == at else "open" if number > at else "done"
        note = reached.get(stage, "")
        if state == "done" and not note:
            state = "skipped"
            note = (
                "nicht eingetragen"
                if number < first
                else "übersprungen"
                if number < last
                else "nicht erreicht"
            )
        line.append((STAGES[stage], state, note))
    return line


def open_points(measures: Iterable[Measure], reports: Iterable[Report]) -> list[Point]:
    """What is open in the house, most urgent first: statements, co-signatures, reports, resubmissions."""
    points = []
    for measure in measures:
        path = f"/haus/massnahmen/{measure.id}"
        points += [
            Point("Stellungnahme", measure.title, one.department_name, one.answer_due, f"{path}/beteiligungen/{one.id}")
            for one in measure.participations
            if one.state == "open" and measure.stage != "ended"
        ]  # fmt: skip
        step = next_step(measure.co_signatures)
        if step is not None and measure.stage != "ended" and not measure.draft:
            unit = next(one.department_name for one in measure.co_signatures if one.step == step)
            points.append(
                Point("Mitzeichnung", measure.title, f"Schritt {step}, {unit}", None, f"{path}/mitzeichnung/{step}")
            )  # fmt: skip
        if measure.resubmitted:
            points.append(Point("Wiedervorlage", measure.title, "Maßnahme", measure.resubmission_on, path))
    for report in reports:
        path = f"/haus/vortraege/{report.id}"
        if report.state == "open":
            points.append(Point("Vortrag", report.occasion, "Ergebnis offen", report.reported_on, path))
        if report.resubmitted:
            points.append(Point("Wiedervorlage", report.occasion, "Vortrag", report.resubmission_on, path))
    return sorted(points, key=lambda point: (point.due or date.max, point.title, point.what))
