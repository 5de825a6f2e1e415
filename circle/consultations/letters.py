"""The words of the mails about requests. A confidential request is named by its number alone. Pure."""

from datetime import date

import msgspec

from circle.core import calendar

NEUTRAL = (
    "zu einer vertraulichen Beratungsanfrage gibt es etwas Neues. Bitte melden Sie sich an, um es zu lesen."
)


class Wording(msgspec.Struct, frozen=True):
    """Subject and text of a mail; salutation, link and signature come with the dispatch.

    The text goes on after „Guten Tag, Anna Amt,“, so it begins small unless a noun or „Ihr“ stands first.
    """

    subject: str
    text: str


def receipt(reference: str, received_on: date, due_on: date) -> Wording:
    """Eingangsbestätigung to the person who asked."""
    return Wording(
        f"Ihre Beratungsanfrage {reference}",
        f"Ihre Beratungsanfrage ist am {calendar.date_short(received_on)} eingegangen und wird unter der Nummer "
        f"{reference} geführt. Eine Antwort ist bis zum Ablauf des {calendar.date_short(due_on)} vorgesehen. "
        "Bitte übersenden Sie keine Namen oder andere Angaben zu einzelnen Personen.",
    )


def arrival(reference: str, house: str, due_on: date, acknowledge_by: date, urgent: bool) -> Wording:
    """Notice of a new request to the office."""
    kind = "eilige Beratungsanfrage" if urgent else "Beratungsanfrage"
    the_house = f"der {house}" if house.startswith(("Bezirksregierung", "BR ")) else house
    return Wording(
        f"Neue {kind} {reference}",
        f"von {the_house} ist die {kind} {reference} eingegangen. Bitte weisen Sie sie bis zum "
        f"{calendar.date_short(acknowledge_by)} zu. Die Antwort ist bis zum Ablauf des "
        f"{calendar.date_short(due_on)} fällig.",
    )


def assignment(reference: str, due_on: date | None) -> Wording:
    """Notice to the expert and the one who stands in."""
    until = f" Die Antwort ist bis zum Ablauf des {calendar.date_short(due_on)} fällig." if due_on else ""
    return Wording(
        f"Beratungsanfrage {reference}: Ihnen zugewiesen",
        f"die Beratungsanfrage {reference} ist Ihnen zugewiesen.{until}",
    )


def clarification(reference: str, question: str, confidential: bool) -> Wording:
    """Rückfrage to the asking house."""
    asked = (
        NEUTRAL if confidential else f"für die Beantwortung wird noch folgende Angabe benötigt:\n\n{question}"
    )
    return Wording(
        f"Rückfrage zu Ihrer Beratungsanfrage {reference}",
        f"{asked}\n\nBis zum Eingang Ihrer Antwort ruht die Bearbeitungsfrist.",
    )


def replied(reference: str, due_on: date) -> Wording:
    """Notice of a reply to those who answer."""
    return Wording(
        f"Antwort auf die Rückfrage zu {reference}",
        f"zur Beratungsanfrage {reference} liegt die Antwort auf die Rückfrage vor. Die Frist läuft weiter und endet "
        f"mit Ablauf des {calendar.date_short(due_on)}.",
    )


def for_review(reference: str) -> Wording:
    """Notice to the reviewer."""
    return Wording(
        f"Beratungsanfrage {reference}: Antwort bitte prüfen",
        f"zur Beratungsanfrage {reference} liegt ein Antwortentwurf vor. Bitte prüfen Sie ihn.",
    )


def answer(reference: str, summary: str, confidential: bool) -> Wording:
    """The answer to the asking house; its text is read after signing in."""
    told = "" if confidential else summary.strip()
    return Wording(
        f"Antwort auf Ihre Beratungsanfrage {reference}",
        f"Ihre Beratungsanfrage {reference} ist beantwortet. Die vollständige Antwort mit ihren Quellen lesen Sie über "
        f"den Link.{chr(10) * 2 + told if told else ''}\n\n"
        "Die Antwort ist ein Rat. Sie ist keine Weisung, keine Rechtsberatung für Dritte und keine Auskunft an die Presse.",
    )


def reviewed(reference: str, approved: bool) -> Wording:
    """The reviewer's decision: to the office, which sends, or back to the author."""
    if approved:
        return Wording(
            f"Beratungsanfrage {reference}: Antwort geprüft",
            f"die Antwort auf die Beratungsanfrage {reference} ist geprüft und kann versandt werden.",
        )
    return Wording(
        f"Beratungsanfrage {reference}: Antwort bitte überarbeiten",
        f"Ihre Antwort auf die Beratungsanfrage {reference} ist nach der Prüfung zurückgegeben. Was zu ändern ist, lesen "
        "Sie über den Link.",
    )


def withdrawn(reference: str) -> Wording:
    """Notice to those who work on a request that it is taken back."""
    return Wording(
        f"Beratungsanfrage {reference} ist zurückgezogen",
        f"das anfragende Haus hat die Beratungsanfrage {reference} zurückgezogen. Es ist nichts mehr zu tun.",
    )


def for_release(reference: str) -> Wording:
    """Notice to the person who decides about a release."""
    return Wording(
        f"Beratungsanfrage {reference}: Freigabe bitte entscheiden",
        f"aus der Beratungsanfrage {reference} soll ein Wissensdokument werden. Bitte entscheiden Sie über die Freigabe.",
    )


def not_released(reference: str) -> Wording:
    """Notice to the person who proposed a release."""
    return Wording(
        f"Beratungsanfrage {reference}: nicht freigegeben",
        f"Ihr Vorschlag aus der Beratungsanfrage {reference} ist nicht freigegeben. Den Grund lesen Sie über den Link.",
    )


def referral(reference: str, referred_to: str, confidential: bool) -> Wording:
    """Abgabenachricht to the asking house."""
    told = (
        NEUTRAL
        if confidential
        else f"für Ihre Frage ist das Kompetenzzentrum nicht zuständig. Bitte wenden Sie sich an: {referred_to}."
    )
    return Wording(
        f"Ihre Beratungsanfrage {reference}: Verweis an die zuständige Stelle",
        f"{told}\n\nDie Anfrage ist hier abgeschlossen.",
    )


def handover(reference: str) -> Wording:
    """To the house: its present commissioner sees a confidential request of before."""
    return Wording(
        f"Beratungsanfrage {reference} übergeben",
        "eine vertrauliche Anfrage Ihres Hauses aus der Zeit vor Ihrer Bestellung ist an Sie übergeben. Sie finden sie unter Ihren Anfragen.",
    )


def from_stock(reference: str, confidential: bool) -> Wording:
    """The request is answered by a document that is already there; it is named to its own readers only, as a part."""
    told = (
        NEUTRAL
        if confidential
        else f"Ihre Beratungsanfrage {reference} beantwortet ein Dokument, das es schon gibt. Wenn es für Sie "
        "freigegeben ist, steht der Link dazu in dieser Nachricht."
    )
    return Wording(f"Antwort auf Ihre Beratungsanfrage {reference}", told)


def reminder(reference: str, due_on: date) -> Wording:
    """Two working days are left."""
    return Wording(
        f"Frist zur Beratungsanfrage {reference}",
        f"die Beratungsanfrage {reference} ist bis zum Ablauf des {calendar.date_short(due_on)} zu beantworten.",
    )


def escalation(reference: str, due_on: date) -> Wording:
    """The deadline has passed."""
    return Wording(
        f"Beratungsanfrage {reference} ist überfällig",
        f"die Beratungsanfrage {reference} war bis zum Ablauf des {calendar.date_short(due_on)} zu beantworten. "
        "Sie ist noch offen. Bitte sorgen Sie für eine Antwort oder eine Zwischennachricht.",
    )


def involved(reference: str, valid_to: date) -> Wording:
    """Notice to somebody of the asking house who is called in."""
    return Wording(
        f"Beratungsanfrage {reference}: Sie sind hinzugezogen",
        f"Sie sind als sachkundige Person zur Beratungsanfrage {reference} hinzugezogen. Bis zum Ablauf des "
        f"{calendar.date_short(valid_to)} können Sie sie lesen.",
    )
