"""The words of the mail about an absence. Pure."""

from datetime import date

from circle.core import calendar


def entered(starts_on: date, ends_on: date, deputy: str, by: str) -> tuple[str, str]:
    """Subject and text to the commissioner for whom somebody else has entered or changed an absence."""
    first, last = calendar.date_short(starts_on), calendar.date_short(ends_on)
    days = f"am {first}" if starts_on == ends_on else f"vom {first} bis {last}"
    return (
        f"Für Sie ist eine Vertretung eingetragen, {days}",
        f"{by} hat eingetragen, dass Sie {days} abwesend sind. In dieser Zeit handelt {deputy} mit Ihren Rechten.\n\n"
        "Wenn das nicht stimmt, heben Sie die Abwesenheit bitte auf.",
    )
