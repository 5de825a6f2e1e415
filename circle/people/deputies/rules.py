"""Rules of absences, pure (decree Nr. 3 and 4; domain rules 3.2)."""

from datetime import date
from uuid import UUID

from circle.core import access, calendar, errors
from circle.core.auth import Actor, Me


def keeps(who: Actor | Me, person_id: UUID, authority_id: UUID) -> bool:
    """True for the absent person, an assistant of the house, and the office."""
    own = who.person_id == person_id
    helps = "assistant" in who.roles and who.authority_id == authority_id
    return access.may(who, "absences.enter") and (own or helps or "circle_office" in who.roles)


def require_keeper(actor: Actor, person_id: UUID, authority_id: UUID) -> None:
    """Raises Forbidden unless the actor keeps the absences of this person."""
    access.require(actor, "absences.enter")
    if not keeps(actor, person_id, authority_id):
        raise errors.Forbidden("Das trägt die Person selbst ein, ihre Zuarbeit oder die Geschäftsführung.")


def require_another(actor: Actor, deputy_id: UUID) -> None:
    """Raises Forbidden (`own_appointment`) when the actor is the deputy: nobody gives themself the rights of another."""
    if actor.person_id == deputy_id:
        raise errors.Forbidden(
            "Eine Abwesenheit, in der Sie selbst vertreten, trägt jemand anderes ein, ändert und beendet jemand anderes.",
            code="own_appointment",
        )


def require_period(starts_on: date, ends_on: date, today: date) -> None:
    """Raises Invalid for a begin that is past, an end before the begin, and more than a year.

    What is past stays: it says who was entitled on a day.
    """
    wrong = {}
    if starts_on < today:
        wrong["starts_on"] = "Rückwirkend lässt sich keine Vertretung eintragen."
    if ends_on < starts_on:
        wrong["ends_on"] = f"Das Ende liegt vor dem Beginn am {calendar.date_short(starts_on)}."
    elif (ends_on - starts_on).days > 366:
        wrong["ends_on"] = "Höchstens ein Jahr. Bitte prüfen Sie das Datum."
    if wrong:
        raise errors.Invalid("Bitte prüfen Sie die Daten.", fields=wrong)


def require_change(starts_on: date, ends_on: date, fixed: bool, wanted_end: date, today: date) -> None:
    """What has begun keeps its deputy and its first day, and what is over stays as it was.

    `fixed` says that the change leaves both alone. Raises Conflict and Invalid.
    """
    require_not_over(ends_on, today)
    if not fixed:
        raise errors.Conflict("Die Abwesenheit hat begonnen. Ändern lässt sich nur noch der letzte Tag.")
    if wanted_end < today:
        reason = "Der letzte Tag kann frühestens heute sein."
        raise errors.Invalid(reason, fields={"ends_on": reason})


def require_not_over(ends_on: date, today: date) -> None:
    """Raises Conflict for what is past."""
    if ends_on < today:
        raise errors.Conflict("Diese Abwesenheit ist vorbei und bleibt, wie sie war.")


def require_meeting_day(day: date | None, starts_on: date, ends_on: date) -> None:
    """Raises Invalid unless a deputyship for one meeting is of its day; None is a meeting that is not to be found."""
    if day is None:
        reason = "Diese Sitzung gibt es nicht, oder sie findet nicht statt."
        raise errors.Invalid(reason, code="unknown_reference", fields={"meeting_id": reason})
    wrong = {name: given for name, given in (("starts_on", starts_on), ("ends_on", ends_on)) if given != day}
    if wrong:
        reason = f"Die Sitzung ist am {calendar.date_short(day)}. Nur für diesen Tag gilt die Vertretung."
        raise errors.Invalid(reason, fields=dict.fromkeys(wrong, reason))


def require_persons(person_id: UUID, deputy_id: UUID, is_commissioner: bool, is_deputy: bool) -> None:
    """A deputy of the house stands in for its commissioner, both appointed in the whole time. Raises Invalid.

    Nobody stands in for a deputy or for themself.
    """
    if deputy_id == person_id:
        reason = "Niemand vertritt sich selbst."
        raise errors.Invalid(reason, fields={"deputy_id": reason})
    if not is_commissioner:
        raise errors.Invalid(
            "Vertreten wird nur, wer in der ganzen Zeit als Integrationsbeauftragte oder -beauftragter bestellt ist.",
            fields={"starts_on": "In dieser Zeit ist die Person nicht durchgehend bestellt."},
        )
    if not is_deputy:
        reason = "Diese Person ist in dem Haus nicht für die ganze Zeit als Vertretung bestellt."
        raise errors.Invalid(reason, fields={"deputy_id": reason})
