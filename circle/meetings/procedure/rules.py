"""The procedure in words, what a version changed, when one may begin, and the deadlines that follow from it.

The decree regulates none of it; the circle has no power over its members (decree Nr. 6), so it decides by consensus.
"""

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from typing import Any

import msgspec

from circle.core import calendar, errors
from circle.meetings import rules as meetings
from circle.meetings.agenda.rules import KINDS

from .model import (
    After,
    Before,
    Change,
    Computed,
    NewProcedure,
    Procedure,
    ProcedureForm,
    Quorum,
    Rule,
    Rules,
    StandingItem,
    StoredProcedure,
    Weeks,
)

LABELS = {
    "agenda_opens": "Öffnung der Tagesordnung",
    "agenda_submission": "Anmeldung von Punkten",
    "invitation": "Einladung",
    "papers": "Beratungsunterlagen",
    "reply_reminder": "Erinnerung an die Rückmeldung",
    "minutes_draft": "Entwurf der Niederschrift",
    "minutes_objection": "Einwendungen gegen die Niederschrift",
    "circular_default": "Umlaufverfahren",
    "quorum": "Beschlussfähigkeit",
    "decision_rule": "Entscheidung",
    "deputies": "Vertretung",
    "late_items": "Verspätete Punkte",
    "speaking_order": "Reihenfolge der Wortmeldungen",
    "minutes_kind": "Art der Niederschrift",
    "standing_items": "Ständige Punkte",
}
UNITS = {
    "days_before": "Tage vor der Sitzung",
    "clear_days_before": "volle Tage vor der Sitzung",
    "weeks": "Wochen",
    "days": "Tage",
    "working_days": "Arbeitstage",
}
DECISIONS = {
    "consensus_with_reservations": "Konsens; ein Haus kann einen Vorbehalt erklären und später aufheben",
    "expressed_consensus": "Konsens, den jedes anwesende Haus ausdrücklich erklärt; ein Vorbehalt bleibt möglich",
}
DEPUTIES = {
    "same_house": "Ein Mitglied lässt sich durch eine Person aus demselben Haus vertreten",
    "appointed": "Ein Mitglied lässt sich nur durch die bestellte Vertretung vertreten",
}
LATE_ITEMS = {
    "consent": "Ein verspäteter Punkt kommt mit Zustimmung des Kreises unter TOP 1 auf die Tagesordnung",
    "next_meeting": "Ein verspäteter Punkt kommt in die nächste Sitzung",
}
SPEAKING = {
    "as_asked": "Das Wort wird in der Reihenfolge der Wortmeldungen erteilt",
    "first_speech_first": "Wer zum Punkt noch nicht gesprochen hat, kommt vor einer zweiten Wortmeldung",
}
PLACES = {"first": "Am Anfang", "last": "Am Ende"}
MINUTES_KINDS = {"result": "Ergebnisniederschrift", "course": "Verlaufsniederschrift"}
_CHOICES = {
    "decision_rule": DECISIONS,
    "deputies": DEPUTIES,
    "late_items": LATE_ITEMS,
    "speaking_order": SPEAKING,
    "minutes_kind": MINUTES_KINDS,
}
_SENTENCES = {
    "agenda_opens": "Die Tagesordnung einer geplanten Sitzung öffnet {}, oder sobald die Geschäftsstelle sie öffnet.",
    "agenda_submission": "Punkte werden spätestens {} angemeldet.",
    "invitation": "Die Einladung geht spätestens {} hinaus.",
    "papers": "Beratungsunterlagen gehen spätestens {} hinaus.",
    "reply_reminder": "Wer nicht geantwortet hat, wird {} erinnert.",
    "minutes_draft": "Der Entwurf liegt spätestens {} nach der Sitzung vor.",
    "minutes_objection": "Einwendungen sind {} nach dem Versand des Entwurfs möglich.",
    "circular_default": "Im Umlauf wird innerhalb von {} geantwortet, wenn nichts anderes gesagt ist.",
}
_ONE = {
    "days_before": "einen Tag vor der Sitzung",
    "clear_days_before": "einen vollen Tag vor der Sitzung",
    "weeks": "1 Woche",
    "days": "1 Tag",
    "working_days": "1 Arbeitstag",
}
_IN_DATIVE = {"circular_default": {"weeks": "Wochen", "days": "Tagen", "working_days": "Arbeitstagen"}}


def words(rules: Rules) -> list[Rule]:
    """Every rule as a German sentence with its number and unit, in the order of `Rules`."""
    return [Rule(name, label, _text(name, getattr(rules, name))) for name, label in LABELS.items()]


def _text(name: str, value: Any) -> str:
    if isinstance(value, Before | After | Weeks):
        return _SENTENCES[name].format(_amount(name, value))
    if isinstance(value, Quorum):
        least = value.present_members_min
        return (
            "Alle Häuser sind eingeladen, mehr als die Hälfte ist anwesend oder vertreten, "
            f"mindestens {least} {'Haus' if least == 1 else 'Häuser'}."
        )
    if isinstance(value, list):
        return _standing(value)
    return f"{_CHOICES[name][value]}."


def _standing(items: list[StandingItem]) -> str:
    """What stands on every agenda, in its order."""
    parts = []
    for place, words in PLACES.items():
        told = [
            f"{one.title} ({KINDS[one.kind]}, {one.minutes} Minuten)" for one in items if one.place == place
        ]
        if told:
            parts.append(f"{words}: {'; '.join(told)}.")
    return " ".join(parts) or "Keine."


def _amount(name: str, period: Before | After | Weeks) -> str:
    if period.value == 0:
        return "am Tag der Sitzung" if period.unit == "days_before" else "am Tag vor der Sitzung"
    if period.value == 1:
        return _ONE[period.unit]
    return f"{period.value} {_IN_DATIVE.get(name, UNITS).get(period.unit)}"


def changes(before: Rules | None, after: Rules) -> list[Change]:
    """What a version changed against the one before it, rule by rule; nothing for the first one."""
    if before is None:
        return []
    return [
        Change(new.rule, new.label, old.text, new.text)
        for old, new in zip(words(before), words(after), strict=True)
        if old != new
    ]


def told(stored: StoredProcedure) -> Procedure:
    """A stored version with its rules in words and what it changed."""
    given = {name: getattr(stored, name) for name in StoredProcedure.__struct_fields__ if name != "before"}
    return Procedure(**given, words=words(stored.rules), changes=changes(stored.before, stored.rules))


def taken_over(given: Mapping[str, Any]) -> Rules:
    """The rules among those of a folder that is imported; its own words for periods are put into ours.

    Raises msgspec's ValidationError for values beyond the limits.
    """
    found: dict[str, Any] = {}
    for name in Rules.__struct_fields__:
        value = given.get(name)
        if isinstance(value, Mapping):
            value = {
                key: one for key, one in value.items() if key in ("unit", "value", "present_members_min")
            }
            if "unit" in value:
                value["unit"] = meetings.UNITS.get(value["unit"], value["unit"])
        if value is not None:
            found[name] = value
    return msgspec.convert(found, Rules)


def require_adoptable(
    new: NewProcedure, today: date, *, earliest: date, previous: date | None, following: date | None
) -> None:
    """When a version may begin, and which rules fit together. Raises Invalid at the fields.

    `earliest`: never back before a meeting that was called. `previous` and `following` are the first days of the
    versions before and after it, so that versions keep their order.
    """
    wrong: dict[str, str] = {}
    if new.adopted_on > today:
        wrong["adopted_on"] = (
            "Der Beschluss liegt in der Zukunft. Bitte tragen Sie ihn ein, wenn er gefasst ist."
        )
    if new.in_force_from < new.adopted_on:
        wrong["in_force_from"] = "Eine Fassung gilt nicht vor ihrem Beschluss."
    elif new.in_force_from < earliest:
        wrong["in_force_from"] = (
            f"Nach der geltenden Fassung ist schon zu Sitzungen eingeladen oder eine angesetzt. Eine neue gilt frühestens "
            f"ab dem {calendar.date_short(earliest)}."
            if earliest > today
            else "Eine Fassung gilt nicht rückwirkend. Bitte wählen Sie heute oder einen späteren Tag."
        )
    elif previous and new.in_force_from <= previous:
        wrong["in_force_from"] = (
            f"Die Fassung davor gilt ab dem {calendar.date_short(previous)}. Bitte wählen Sie einen späteren Tag."
        )
    elif following and new.in_force_from >= following:
        wrong["in_force_from"] = (
            f"Die Fassung danach gilt ab dem {calendar.date_short(following)}. Bitte wählen Sie einen früheren Tag."
        )
    rules = new.rules
    if _days(rules.agenda_submission) <= _days(rules.invitation):
        wrong["rules.agenda_submission.value"] = (
            "Die Anmeldung muss enden, bevor die Einladung hinausgeht. Bitte wählen Sie mehr Tage als für die Einladung."
        )
    if _days(rules.agenda_opens) <= _days(rules.agenda_submission):
        wrong["rules.agenda_opens.value"] = (
            "Die Tagesordnung muss offen sein, bevor die Anmeldung endet. Bitte wählen Sie mehr Tage als für die Anmeldung."
        )
    wrong |= _fitting(rules.standing_items)
    if wrong:
        raise errors.Invalid("Bitte prüfen Sie die Fassung.", fields=wrong)


def _fitting(items: list[StandingItem]) -> dict[str, str]:
    """What is wrong with the standing items: minutes are approved once, and „Verschiedenes“ ends the agenda."""
    wrong = {}
    for n, one in enumerate(items):
        again = one.kind in ("approval_of_minutes", "miscellaneous") and one.kind in [
            other.kind for other in items[:n]
        ]
        if again:
            wrong[f"rules.standing_items.{n}.kind"] = (
                f"„{KINDS[one.kind]}“ steht nur einmal auf der Tagesordnung."
            )
        elif one.kind == "miscellaneous" and one.place != "last":
            wrong[f"rules.standing_items.{n}.place"] = "„Verschiedenes“ gehört an das Ende."
    return wrong


def _days(period: Before) -> int:
    return period.value + (1 if period.unit == "clear_days_before" else 0)


def earliest_day(today: date, called: int) -> date:
    """The first day a new version may begin: today, or tomorrow once a meeting was called under the present one."""
    return today + timedelta(days=1) if called else today


def require_coming(in_force_from: date, meetings: int, today: date) -> None:
    """Raises Conflict once a version is in force or a meeting was called under it: what counted stays as it was."""
    if in_force_from <= today or meetings:
        raise errors.Conflict(
            "Diese Fassung gilt schon und bleibt, wie sie ist. Bitte tragen Sie eine neue Fassung ein."
        )


def compute(version: int, rules: Rules, on: date) -> Computed:
    """Every deadline of a meeting on a day, in the order of the days. Raises Invalid at the date outside 2000 to 2100."""
    found = meetings.deadlines(on, msgspec.to_builtins(rules))
    found["reply_reminder"] = calendar.deadline(rules.reply_reminder.unit, on, rules.reply_reminder.value)
    days = [on, *(one.on for one in found.values())]
    found["agenda_opens"] = opening(rules, on)
    return Computed(
        procedure_version=version,
        date=on,
        deadlines=dict(sorted(found.items(), key=lambda pair: pair[1].on)),
        holidays=[
            f"{calendar.date_long(day)} ({name})"
            for day in _days_between(min(days), max(days))
            if (name := calendar.holiday_name(day))
        ],
        warnings=warnings(on),
    )


def opening(rules: Rules, on: date) -> calendar.Deadline:
    """The day on which a planned meeting begins to take items by itself."""
    return calendar.deadline(rules.agenda_opens.unit, on, rules.agenda_opens.value)


def _days_between(first: date, last: date) -> Iterator[date]:
    return (first + timedelta(days=n) for n in range((last - first).days + 1))


def warnings(on: date) -> list[str]:
    """What speaks against a day without forbidding it: no working day, school holidays (domain part 3)."""
    found = []
    if not calendar.is_working_day(on):
        name = calendar.holiday_name(on) or "ein Tag am Wochenende"
        found.append(f"Der {calendar.date_short(on)} ist kein Arbeitstag ({name}).")
    if holidays := calendar.school_holiday_name(on):
        found.append(f"Am {calendar.date_short(on)} sind in Nordrhein-Westfalen Schulferien ({holidays}).")
    return found


def from_form(form: ProcedureForm, standing: list[StandingItem]) -> NewProcedure:
    """The version that a form describes, with the rows of its standing items."""
    rules = Rules(
        agenda_opens=Before(form.agenda_opens_unit, form.agenda_opens_value),
        agenda_submission=Before(form.agenda_submission_unit, form.agenda_submission_value),
        invitation=Before(form.invitation_unit, form.invitation_value),
        papers=Before(form.papers_unit, form.papers_value),
        reply_reminder=Before(form.reply_reminder_unit, form.reply_reminder_value),
        minutes_draft=After(form.minutes_draft_unit, form.minutes_draft_value),
        minutes_objection=Weeks(value=form.minutes_objection_value),
        circular_default=After(form.circular_default_unit, form.circular_default_value),
        quorum=Quorum(form.quorum),
        decision_rule=form.decision_rule,
        deputies=form.deputies,
        late_items=form.late_items,
        speaking_order=form.speaking_order,
        minutes_kind=form.minutes_kind,
        standing_items=standing,
    )
    return NewProcedure(form.adopted_on, form.in_force_from, form.reference, rules, form.meeting_id)


def to_form(rules: Rules) -> dict[str, Any]:
    """The fields of the form that hold a set of rules."""
    found: dict[str, Any] = {}
    for name in Rules.__struct_fields__:
        value = getattr(rules, name)
        if isinstance(value, Before | After | Weeks):
            found |= {f"{name}_unit": value.unit, f"{name}_value": value.value}
        elif isinstance(value, list):
            for n, one in enumerate(value):
                found |= {f"standing_{key}_{n}": given for key, given in msgspec.structs.asdict(one).items()}
        else:
            found[name] = value.present_members_min if isinstance(value, Quorum) else value
    return found
