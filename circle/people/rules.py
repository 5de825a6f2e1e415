"""The rules of appointments (decree Nr. 3). Pure."""

from collections.abc import Iterable

from .model import Appointment

DUTIES = {
    "announced_internally_on": "Bekanntmachung in der Behörde (Nr. 3 Satz 2)",
    "announced_externally_on": "Bekanntmachung nach außen (Nr. 3 Satz 2)",
    "ministry_informed_on": "Mitteilung an das für Integration zuständige Ministerium (Nr. 3 Satz 3)",
}
"""What an appointment brings along, by the field that holds the day on which it was done."""


def open_duties(appointments: Iterable[Appointment]) -> list[tuple[str, Appointment]]:
    """What is still to be done about appointments that are valid today. The decree sets no period, so none is late."""
    return [
        (duty, one)
        for one in appointments
        if one.valid_today
        for field, duty in DUTIES.items()
        if getattr(one, field) is None
    ]
