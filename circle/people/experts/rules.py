"""Rules of calling in experts, pure (decree Nr. 4 (3) S. 1; domain rules 3.2, two hats)."""

from datetime import date

from circle.core import calendar, errors

from .model import Staff

LONGEST = 366
"""Days: at most a year."""
NO_CONTENT = {"technical_admin", "data_protection_officer"}


def require_period(valid_to: date, today: date) -> None:
    """Raises Invalid at `valid_to` for a last day that is past or more than a year ahead."""
    if valid_to < today:
        reason = f"Der letzte Tag ist frühestens heute, der {calendar.date_short(today)}."
    elif (valid_to - today).days > LONGEST:
        reason = "Höchstens ein Jahr. Bitte prüfen Sie das Datum."
    else:
        return
    raise errors.Invalid(reason, fields={"valid_to": reason})


def require_staff(person: Staff | None, *, voiceless: bool) -> Staff:
    """Raises Invalid at `person_id` for whoever is not of the house or sees the thing already.

    `voiceless` refuses those who are appointed: nobody is expert of the competence centre and member in one matter.
    """
    if person is None or not NO_CONTENT.isdisjoint(person.roles):
        reason = "Bitte wählen Sie jemanden aus Ihrem Haus."
        raise errors.Invalid(reason, code="unknown_reference", fields={"person_id": reason})
    if voiceless and person.voice:
        reason = "Diese Person ist in einem Haus bestellt. Bitte wählen Sie jemand anderen."
        raise errors.Invalid(reason, code="conflict_of_interest", fields={"person_id": reason})
    if person.sees:
        reason = "Diese Person sieht das schon. Bitte wählen Sie jemand anderen."
        raise errors.Invalid(reason, fields={"person_id": reason})
    return person
