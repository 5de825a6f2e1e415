"""The words of the mails that ask for an answer after the invitation. Pure.

`meeting` has the title, the day, the hours as HH:MM and the place.
"""

from collections.abc import Mapping
from typing import Any

from circle.core import calendar


def reminder(meeting: Mapping[str, Any]) -> tuple[str, str]:
    """Subject and text to whoever has not answered."""
    return (
        f"Kommen Sie? {meeting['title']} am {calendar.date_short(meeting['date'])}"[:250],
        f"zu dieser Sitzung fehlt noch Ihre Rückmeldung:\n\n{_facts(meeting)}\n\n"
        "Bitte sagen Sie kurz, ob Sie kommen. Es zeigt uns, ob der Kreis beschließen kann.",
    )


def deputy(meeting: Mapping[str, Any], member: str) -> tuple[str, str]:
    """Subject and text to whoever was named as deputy."""
    return (
        f"Sie vertreten {member} in der Sitzung am {calendar.date_short(meeting['date'])}"[:250],
        f"{member} lässt sich in dieser Sitzung durch Sie vertreten:\n\n{_facts(meeting)}\n\n"
        "Tagesordnung und Unterlagen stehen für Sie im Arbeitsraum. Bitte sagen Sie kurz, ob Sie kommen.",
    )


def _facts(meeting: Mapping[str, Any]) -> str:
    place = f"\nOrt: {meeting['place']}" if meeting["place"] else ""
    return (
        f"{meeting['title']}\nTermin: {calendar.date_long(meeting['date'])}, {meeting['start_local']} bis "
        f"{meeting['end_local']} Uhr{place}"
    )
