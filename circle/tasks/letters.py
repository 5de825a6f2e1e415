"""The words of the mails about tasks. A confidential task is named by its number alone. Pure."""

from datetime import date

from circle.core import calendar

NEUTRAL = "Bitte melden Sie sich an, um sie zu lesen."


def asked(reference: str, title: str, due: date | None, confidential: bool) -> tuple[str, str]:
    """Subject and text to the person who is asked to do something."""
    until = f", bis zum {calendar.date_short(due)}" if due else ""
    what = NEUTRAL if confidential else f"Sie sind um Folgendes gebeten{until}:\n\n{title}"
    return (
        f"Neue Aufgabe {reference}",
        f"{what}\n\nDie Aufgabe gilt erst, wenn Sie sie annehmen. Sie können sie auch ablehnen.",
    )


def resubmitted(reference: str, title: str, due: date | None, confidential: bool) -> tuple[str, str]:
    """Wiedervorlage to the owner."""
    until = f"\n\nSie ist bis zum {calendar.date_short(due)} zu erledigen." if due else ""
    what = NEUTRAL if confidential else title
    return (
        f"Wiedervorlage: Aufgabe {reference}",
        f"Zur Wiedervorlage liegt Ihnen die Aufgabe {reference} vor. {what}{until}",
    )


def declined(reference: str, title: str, confidential: bool) -> tuple[str, str]:
    """To whoever asked: the task is open to be given to somebody else."""
    what = NEUTRAL if confidential else title
    return f"Aufgabe {reference} ist abgelehnt", f"Die Aufgabe {reference} ist abgelehnt. {what}"


def handed_over(
    reference: str, title: str, due: date | None, predecessor: str, confidential: bool
) -> tuple[str, str]:
    """Subject and text to the successor who gets an open task with the office."""
    until = f", fällig am {calendar.date_short(due)}" if due else ""
    what = NEUTRAL if confidential else f"{title}{until}"
    return (
        f"Aufgabe {reference} geht auf Sie über",
        f"Mit der Nachfolge von {predecessor} geht diese Aufgabe auf Sie über:\n\n{what}\n\n"
        "Sie gilt erst, wenn Sie sie annehmen. Sie können sie auch ablehnen.",
    )


def taken_back(reference: str, title: str, due: date | None, confidential: bool) -> tuple[str, str]:
    """Subject and text to the predecessor whose succession was entered by mistake."""
    until = f", fällig am {calendar.date_short(due)}" if due else ""
    what = NEUTRAL if confidential else f"{title}{until}"
    return (
        f"Aufgabe {reference} ist wieder bei Ihnen",
        f"Die Nachfolge war irrtümlich eingetragen. Diese Aufgabe ist wieder bei Ihnen:\n\n{what}\n\n"
        "Sie gilt erst, wenn Sie sie annehmen. Sie können sie auch ablehnen.",
    )
