"""The notice to the ministry (decree Nr. 3 S. 3): its words, and the letter as PDF. Pure."""

from datetime import date
from pathlib import Path
from typing import Any

import msgspec

from circle.core import calendar, printing

HEADING = "Mitteilung über die Bestellung nach Nr. 3 Satz 3 des Runderlasses vom 5. Dezember 2023"
_SOURCE = Path(__file__).parent / "printed" / "notice.typ"
_WORDS = {"commissioner": "zur oder zum Integrationsbeauftragten", "deputy": "zur Vertretung der oder des Integrationsbeauftragten"}  # fmt: skip


class NoticePrint(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that the letter says. `sent_on` dates it; `predecessor_name` is empty for a first appointment."""

    reference: str
    sent_on: date
    ministry_name: str
    authority_name: str
    authority_short: str
    kind: str
    person_name: str
    function: str
    email: str
    phone: str
    attached_to: str
    valid_from: date
    valid_to: date | None
    order_date: date
    file_reference: str
    predecessor_name: str
    sender_name: str
    sender_role: str
    sender_house: str
    sender_seat: str


def subject(given: NoticePrint) -> str:
    """The subject of the mail."""
    return f"Bestellung bei der {given.authority_name} zum {calendar.date_short(given.valid_from)}"


def text(given: NoticePrint) -> str:
    """What letter and mail say, without salutation."""
    until = f" bis zum {calendar.date_long(given.valid_to)}" if given.valid_to else ""
    follows = ""
    if given.predecessor_name == given.person_name:
        follows = f" {given.person_name} wird damit erneut bestellt."
    elif given.predecessor_name:
        follows = f" {given.person_name} folgt auf {given.predecessor_name}."
    return (
        "nach Nummer 3 Satz 3 des Runderlasses vom 5. Dezember 2023 (MBl. NRW. 2024 S. 2) teile ich mit:\n\n"
        f"{given.person_name} ist mit Wirkung vom {calendar.date_long(given.valid_from)}{until} "
        f"{_WORDS[given.kind]} bei der {given.authority_name} bestellt. Grundlage ist die Organisationsverfügung vom "
        f"{calendar.date_long(given.order_date)}, Aktenzeichen {given.file_reference}.{follows}"
    )


def printed(given: NoticePrint) -> bytes:
    """The letter as tagged PDF. Equal content gives equal bytes."""
    content: dict[str, Any] = msgspec.to_builtins(given) | {
        "heading": HEADING,
        "sent_on_text": calendar.date_long(given.sent_on),
        "text": text(given),
    }
    return printing.render(_SOURCE, msgspec.json.encode(content))
