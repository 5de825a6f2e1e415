"""The rules of appointments (decree Nr. 1-4, domain rules 3.1 and 3.2). Pure."""

from datetime import date, timedelta
from uuid import UUID

from circle.core import access, calendar, errors
from circle.core.auth import Actor, Me

from .model import AppointmentDetail

DUTIES = {
    "announced_internally": "Bekanntmachung in der Behörde (Nr. 3 Satz 2)",
    "announced_externally": "Bekanntmachung nach außen (Nr. 3 Satz 2)",
    "ministry_informed": "Mitteilung an das für Integration zuständige Ministerium (Nr. 3 Satz 3)",
}
KINDS = {"commissioner": "Integrationsbeauftragte", "deputy": "Vertretung"}
STATES = {"prepared": "vorbereitet", "valid": "gültig", "ended": "beendet", "annulled": "irrtümlich erfasst"}
MEMBERS_ACTS = {
    "agenda_item": "hat die Person am {} zur Tagesordnung beigetragen",
    "consultation": "hat die Person am {} eine Beratungsanfrage gestellt oder bearbeitet",
    "minutes": "hat die Person am {} eine Einwendung erhoben",
    "tenure": "wurde am {} eine vertrauliche Beratungsanfrage gestellt oder übergeben",
}
"""What is done as a member of the circle, by the kind of thing in the record; `tenure` is what the appointment alone
opens. Voices are counted in meetings: who attended had one."""
FIRST, LAST = date(1990, 1, 1), date(2199, 12, 31)
"""No appointment lies outside; a slip in the year is told at once."""


def may_do(who: Actor | Me, right: str, authority_id: UUID) -> bool:
    """True when `right` is theirs for a house. The office has the care of all, everybody else of the own house only;
    the attachment is the own house's alone (decree Nr. 4 (1)), for which the office lacks the right itself."""
    return access.may(who, right) and ("circle_office" in who.roles or who.authority_id == authority_id)


def require(actor: Actor, right: str, authority_id: UUID) -> None:
    """Raises Forbidden unless the actor may do this for the house."""
    if not may_do(actor, right, authority_id):
        own = access.may(actor, right)
        raise errors.Forbidden("Das tut das Haus selbst, für sich." if own else "")


def require_another(actor: Actor, person_id: UUID) -> None:
    """Raises Forbidden (`own_appointment`) when the actor is the appointed person: nobody appoints themself."""
    if actor.person_id == person_id:
        raise errors.Forbidden(
            "Ihre eigene Bestellung trägt jemand anderes ein, ändert und beendet jemand anderes.",
            code="own_appointment",
        )


def require_sensible(**days: date | None) -> None:
    """Raises Invalid for days outside of FIRST and LAST."""
    wrong = {name: "Bitte das Jahr prüfen." for name, day in days.items() if day and not FIRST <= day <= LAST}
    if wrong:
        raise errors.Invalid("Bitte prüfen Sie das Jahr.", fields=wrong)


def require_period(valid_from: date, valid_to: date | None, order_date: date, today: date) -> None:
    """Raises Invalid for an end before the begin, and for an order of a day that has not come."""
    require_sensible(valid_from=valid_from, valid_to=valid_to, order_date=order_date)
    wrong = {}
    if valid_to and valid_to < valid_from:
        wrong["valid_to"] = f"Das Ende liegt vor dem Beginn am {calendar.date_short(valid_from)}."
    if order_date > today:
        wrong["order_date"] = "Das Datum der Verfügung liegt in der Zukunft."
    if wrong:
        raise errors.Invalid("Bitte prüfen Sie die Daten.", fields=wrong)


def require_confirmed(on: date | None, today: date) -> None:
    """Raises Invalid when the requirements were confirmed on a day that has not come."""
    if on and not FIRST <= on <= today:
        reason = "Die Prüfung kann nicht in der Zukunft liegen."
        raise errors.Invalid(reason, fields={"requirements_confirmed_on": reason})


def require_appointable(
    active: bool | None,
    own: UUID | None,
    house: UUID,
    kind: str | None,
    succession: bool = False,
    *,
    of_centre: bool = False,
) -> None:
    """Raises Invalid unless an active person of the house is appointed by a district government (decree Nr. 1).

    `of_centre` is somebody of the competence centre: with two hats the one of the house is a person of its own
    (domain rules 3.2).
    """
    if kind != "district_government":
        reason = "Bestellt wird bei einer Bezirksregierung."
        raise errors.Invalid(
            reason, code="unknown_reference", fields={"authority_id": "Bitte eine Bezirksregierung wählen."}
        )
    if active is None:
        reason = "Diese Person gibt es nicht."
    elif not active:
        reason = "Diese Person ist nicht mehr aktiv. Bitte zuerst das Konto prüfen lassen."
    elif of_centre:
        reason = (
            "Diese Person gehört zum Kompetenzzentrum; ein Haus bestellt sie nicht. "
            "Wer auch im Haus arbeitet, ist dort als eigene Person eingetragen."
        )
    elif own != house:
        reason = (
            "Die Nachfolge kommt aus demselben Haus. Diese Person gehört zu einem anderen."
            if succession
            else "Diese Person gehört zu einem anderen Haus."
        )
    else:
        return
    raise errors.Invalid(reason, code="unknown_reference", fields={"person_id": reason})


def last_day(valid_from: date, valid_to: date | None, starts_on: date) -> date:
    """The predecessor's last day: the day before the successor begins, or the earlier one that was entered.

    Raises Invalid when the successor would begin before the predecessor has served a day.
    """
    require_sensible(starts_on=starts_on)
    if starts_on <= valid_from:
        reason = f"Die Nachfolge beginnt nach dem {calendar.date_short(valid_from)}."
        raise errors.Invalid(reason, fields={"starts_on": reason})
    before = starts_on - timedelta(days=1)
    return min(valid_to, before) if valid_to else before


def require_end(valid_from: date, valid_to: date | None, succeeded: bool, end: date, today: date) -> None:
    """Raises Conflict for an appointment that has ended or has a successor, Invalid for an end before the begin."""
    if succeeded:
        raise errors.Conflict("Die Nachfolge ist schon eingetragen; damit steht auch das Ende fest.")
    if valid_to and valid_to < today:
        raise errors.Conflict(f"Die Bestellung ist seit dem {calendar.date_short(valid_to)} beendet.")
    require_period(valid_from, end, valid_from, max(today, valid_from))


def past_pieces(
    before: tuple[date, date | None], after: tuple[date, date | None], today: date
) -> list[tuple[date, date]]:
    """What `before` has and `after` lacks up to today, as first and last days. Swapped, it says what is added."""
    last, pieces = before[1] or date.max, []
    if after[0] > before[0]:
        pieces.append((before[0], min(last, after[0] - timedelta(days=1), today)))
    if after[1] and after[1] < last:
        pieces.append((max(before[0], after[1] + timedelta(days=1)), min(last, today)))
    return [(first, end) for first, end in pieces if first <= end]


def require_reason(changed: list[tuple[date, date]], reason: str, today: date) -> None:
    """Raises Invalid when it changes who was entitled on a day before today, and nobody said why."""
    if not reason and any(first < today for first, _ in changed):
        raise errors.Invalid(
            "Das ändert, wer an vergangenen Tagen berechtigt war. Bitte nennen Sie den Grund.",
            fields={"reason": "Bitte den Grund angeben; er wird mit der Änderung aufbewahrt."},
        )


def attended(reference: str, day: date, field: str) -> errors.Conflict:
    """The refusal to take the day of a meeting away: what the person did as a member of the circle keeps its ground."""
    reason = (
        f"In der Sitzung {reference} am {calendar.date_short(day)} hat die Person als Mitglied teilgenommen. "
        "Für diesen Tag lässt sich die Bestellung nicht mehr entziehen."
    )
    return errors.Conflict(reason, code="attended", fields={field: reason})


def require_unused(
    meeting: tuple[str, date] | None, letter: tuple[str, date] | None, act: tuple[str, date] | None
) -> None:
    """An appointment under which something was done has been one: Conflict (`appointment_used`) that says what it was.

    Meeting and letter by their name (a confidential letter has none here), the act by the kind of its thing.
    """
    said = []
    if meeting:
        said.append(
            f"hat die Person am {calendar.date_short(meeting[1])} an der Sitzung {meeting[0]} teilgenommen"
        )
    if letter:
        named = f" „{letter[0]}“" if letter[0] else ""
        said.append(f"ging am {calendar.date_short(letter[1])} ein Versand{named} an die Person")
    if act:
        said.append(MEMBERS_ACTS[act[0]].format(calendar.date_short(act[1])))
    if said:
        raise errors.Conflict(
            f"Unter dieser Bestellung {', außerdem '.join(said)}. Damit lässt sie sich nicht mehr als Irrtum "
            "kennzeichnen. Bitte berichtigen Sie die Angaben oder beenden Sie die Bestellung.",
            code="appointment_used",
        )


def why_closed(one: AppointmentDetail, act: str, today: date) -> str:
    """Why somebody who may do an act cannot do it now, by the last part of its address; empty when they can."""
    if one.annulled_on:
        return f"Die Bestellung ist seit dem {calendar.date_short(one.annulled_on)} als irrtümlich erfasst gekennzeichnet."
    done = [getattr(one, f"{duty}_on") is not None for duty in DUTIES]
    if act == "nachweis" and all(done):
        return "Alle Nachweise zu dieser Bestellung sind eingetragen. Es ist nichts mehr offen."
    if act == "nachweis-zuruecknehmen" and not any(done):
        return "Zu dieser Bestellung ist noch kein Nachweis eingetragen."
    if act in ("nachfolge", "beenden", "irrtuemlich-erfasst") and one.succeeded_by:
        said = f"Die Nachfolge ist schon eingetragen: {one.successor_name}."
        return f"{said} Bitte kennzeichnen Sie zuerst diese." if act == "irrtuemlich-erfasst" else said
    if act in ("beenden", "anbindung") and one.valid_to and one.valid_to < today:
        return f"Die Bestellung ist seit dem {calendar.date_short(one.valid_to)} beendet."
    return ""


def require_attachable(valid_from: date, valid_to: date | None, day: date) -> None:
    """Raises Invalid when the attachment would begin outside of the appointment."""
    require_sensible(valid_from=day)
    if day < valid_from or (valid_to and day > valid_to):
        reason = "Dieser Tag liegt außerhalb der Bestellung."
        raise errors.Invalid(reason, fields={"valid_from": reason})


def require_done(done_on: date, order_date: date, today: date) -> None:
    """Raises Invalid unless the duty was done between the order and today."""
    reason = ""
    if done_on > today:
        reason = "Dieser Tag liegt in der Zukunft. Bitte erst eintragen, wenn es geschehen ist."
    elif done_on < order_date:
        reason = f"Die Verfügung ist erst vom {calendar.date_short(order_date)}."
    if reason:
        raise errors.Invalid(reason, fields={"done_on": reason})
