"""The rules about tasks: who may settle one, and from which state."""

from collections.abc import Container, Iterable
from datetime import date
from uuid import UUID

from circle.core import access, calendar, errors

WORDS = {
    "open": "noch nicht angenommen",
    "accepted": "angenommen",
    "done": "erledigt",
    "declined": "abgelehnt",
}
"""The states in the words of the interface."""

_MAY_FOLLOW = {
    "accepted": {"open"},
    "declined": {"open", "accepted"},
    "done": {"accepted"},
}


def require_step(status: str, following: str) -> None:
    """Raises Conflict unless a task in `status` may become `following`: first accepted, then done."""
    if status in _MAY_FOLLOW[following]:
        return
    if following == "done" and status == "open":
        raise errors.Conflict("Die Aufgabe ist noch nicht angenommen. Bitte zuerst annehmen.")
    raise errors.Conflict(f"Die Aufgabe ist schon {WORDS[status]}.")


def require_changeable(status: str) -> None:
    """Raises Conflict for a task that is done."""
    if status == "done":
        raise errors.Conflict("Die Aufgabe ist erledigt und wird nicht mehr geändert.")


def require_owner(actor_id: UUID | None, owner_id: UUID) -> None:
    """Raises Forbidden for anybody but the owner: the houses act on their own responsibility (decree Nr. 6)."""
    if actor_id != owner_id:
        raise errors.Forbidden("Das kann nur die Person, an die sich die Aufgabe richtet.")


def require_able_owner(roles: Iterable[str]) -> None:
    """Raises Invalid when a person with these roles could never accept a task."""
    if access.RIGHTS["tasks.settle"].isdisjoint(roles):
        raise errors.Invalid(
            "Diese Person kann keine Aufgabe annehmen.",
            fields={"owner_id": "Bitte ein Mitglied, eine Vertretung oder eine Person des KfI wählen."},
        )


def reminder_day(resubmission_on: date) -> date:
    """A resubmission on a day off comes on the next working day (domain rules 3.3)."""
    return (
        resubmission_on
        if calendar.is_working_day(resubmission_on)
        else calendar.add_working_days(resubmission_on, 1)
    )


def require_dates(
    due: date | None, resubmission_on: date | None, today: date, kept: Container[str] = ()
) -> None:
    """Raises Invalid for days that are over, unless they are `kept` as they were, and for a resubmission after the due day."""
    wrong = {
        name: f"Dieser Tag ist vorbei. Heute ist der {calendar.date_short(today)}."
        for name, day in (("due", due), ("resubmission_on", resubmission_on))
        if day is not None and day < today and name not in kept
    }
    if due and resubmission_on and resubmission_on > due and not wrong:
        wrong["resubmission_on"] = "Die Wiedervorlage liegt nicht nach dem Fälligkeitstag."
    if wrong:
        raise errors.Invalid("Bitte prüfen Sie die markierten Felder.", fields=wrong)
