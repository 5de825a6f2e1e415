"""The words of the mail that asks once more for an answer. Pure."""

from collections.abc import Mapping
from typing import Any

from circle.core import calendar


def reminder(meeting: Mapping[str, Any]) -> tuple[str, str]:
    """Subject and text to whoever has not answered; `meeting` is a row with title, day, hours and place."""
    place = f"\nOrt: {meeting['place']}" if meeting["place"] else ""
    return (
        f"Kommen Sie? {meeting['title']} am {calendar.date_short(meeting['date'])}"[:250],
        f"zu dieser Sitzung fehlt noch Ihre Rückmeldung:\n\n{meeting['title']}\n"
        f"Termin: {calendar.date_long(meeting['date'])}, {meeting['start_local']} bis {meeting['end_local']} Uhr{place}\n\n"
        "Bitte sagen Sie kurz, ob Sie kommen oder sich vertreten lassen. Es zeigt uns, ob der Kreis beschließen kann.",
    )
