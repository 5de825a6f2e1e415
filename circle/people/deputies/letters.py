"""The words of the mails about an absence. Pure; of why somebody is away nothing is known and nothing is said."""

from datetime import date
from typing import Literal

from circle.core import calendar

News = Literal["entered", "changed", "withdrawn"]


def entered(starts_on: date, ends_on: date, deputy: str, by: str) -> tuple[str, str]:
    """Subject and text to the commissioner for whom somebody else has entered or changed an absence."""
    days = _days(starts_on, ends_on)
    return (
        f"Für Sie ist eine Vertretung eingetragen, {days}",
        f"{by} hat eingetragen, dass Sie {days} abwesend sind. In dieser Zeit handelt {deputy} mit Ihren Rechten.\n\n"
        "Wenn das nicht stimmt, heben Sie die Abwesenheit bitte auf.",
    )


def deputised(news: News, starts_on: date, ends_on: date, name: str) -> tuple[str, str]:
    """Subject and text to the deputy of `name`: they act, on other days than before, or not at all."""
    days = _days(starts_on, ends_on)
    if news == "withdrawn":
        return (
            f"Ihre Vertretung für {name} entfällt, {days}",
            f"Sie vertreten {name} {days} nicht mehr. Zu tun ist nichts.",
        )
    changed = news == "changed"
    return (
        f"{'Geändert: ' if changed else ''}Sie vertreten {name}, {days}",
        f"{'Die Vertretung ist geändert. ' if changed else ''}Sie vertreten {name} {days}. In dieser Zeit handeln Sie mit "
        "den Rechten der abwesenden Person, davor und danach nicht.\n\n"
        f"Wenn Sie verhindert sind, sagen Sie es bitte {name} oder der Geschäftsführung.",
    )


def _days(starts_on: date, ends_on: date) -> str:
    first, last = calendar.date_short(starts_on), calendar.date_short(ends_on)
    return f"am {first}" if starts_on == ends_on else f"vom {first} bis {last}"
