"""Contacts as electronic business cards (vCard 4.0, RFC 6350), written and read.

What a vCard has no place for stands in properties of our own: X-CIRCLE-KIND, -AGS, -SOURCE, -SOURCE-ON, -SUBSCRIBED.
"""

import re
from collections.abc import Iterable, Iterator

from icalendar.parser import Contentlines

from circle.core import errors
from circle.core.ics import escape, fold

from . import sheets
from .model import NetworkContact, Origin
from .sheets import Row

_OWN = {
    "X-CIRCLE-KIND": "kind",
    "X-CIRCLE-AGS": "ags",
    "X-CIRCLE-SOURCE": "source",
    "X-CIRCLE-SOURCE-ON": "source_on",
    "X-CIRCLE-SUBSCRIBED": "subscribed",
}


def write(contacts: Iterable[NetworkContact]) -> bytes:
    """One card for each contact: that of a person in an organisation, or of the organisation when no one is named."""
    return "".join(fold(line) for one in contacts for line in _card(one)).encode()


def _card(one: NetworkContact) -> Iterator[str]:
    yield "BEGIN:VCARD"
    yield "VERSION:4.0"
    yield f"UID:urn:uuid:{one.id}"
    yield f"KIND:{'individual' if one.name else 'org'}"
    yield f"FN:{escape(one.name or one.organisation)}"
    yield f"ORG:{escape(one.organisation)}"
    if one.function:
        yield f"TITLE:{escape(one.function)}"
    if one.address or one.municipality:
        yield f"ADR;TYPE=work:;;{escape(one.address)};{escape(one.municipality)};;;"
    if one.email:
        yield f"EMAIL;TYPE=work:{escape(one.email)}"
    if one.phone:
        yield f"TEL;TYPE=work;VALUE=text:{escape(one.phone)}"
    if one.topics:
        yield f"CATEGORIES:{','.join(map(escape, one.topics))}"
    yield f"X-CIRCLE-KIND:{one.kind}"
    if one.ags:
        yield f"X-CIRCLE-AGS:{one.ags}"
    yield f"X-CIRCLE-SOURCE:{escape(one.source)}"
    yield f"X-CIRCLE-SOURCE-ON:{one.source_on.isoformat()}"
    yield f"X-CIRCLE-SUBSCRIBED:{'ja' if one.subscribed else 'nein'}"
    yield "END:VCARD"


def read(text: str, origin: Origin) -> list[Row]:
    """The cards of a file; `line` of a row counts the cards. Raises Invalid when it holds none, or too many."""
    rows: list[Row] = []
    card: dict[str, str] | None = None
    for line in Contentlines.from_ical(text):  # type: ignore[no-untyped-call]  # unfolds
        name, value = _property(line)
        if name == "BEGIN" and value.upper() == "VCARD":
            card = {}
        elif card is None:
            continue
        elif name == "END":
            if len(rows) == sheets.MOST_LINES:
                raise _refused(f"Die Datei hat mehr als {sheets.MOST_LINES} Einträge. Bitte teilen Sie sie.")
            rows.append(_row(len(rows) + 1, card, origin))
            card = None
        elif name not in card:
            card[name] = value
    if card is not None:
        raise _refused("Die Datei bricht mitten in einer Visitenkarte ab.")
    if not rows:
        raise _refused("In der Datei steht keine Visitenkarte (vCard).")
    return rows


def _property(line: str) -> tuple[str, str]:
    """Name without its group, and the value as it is written. The value begins at the first colon outside quotes."""
    found = re.match(r'([A-Za-z0-9-]+\.)?([A-Za-z0-9-]+)(?:;(?:[^":]|"[^"]*")*)?:(.*)', line, re.DOTALL)
    return (found[2].upper(), found[3]) if found else ("", "")


def _row(number: int, card: dict[str, str], origin: Origin) -> Row:
    full_name = _plain(card.get("FN", ""))
    organisation = _plain(_parts(card.get("ORG", ""))[0]) or full_name
    address = [_plain(part) for part in _parts(card.get("ADR", ""))] + [""] * 7
    values = {
        "organisation": organisation,
        "name": "" if full_name == organisation else full_name,
        "function": _plain(card.get("TITLE", "")),
        # Other programs keep street, place and postal code apart; ours keeps the whole address in the street.
        "address": "\n".join(
            filter(None, (address[2], f"{address[5]} {address[3]}".strip() if address[5] else ""))
        ),
        "municipality": address[3],
        "email": _plain(card.get("EMAIL", "")),
        "phone": re.sub(r"^tel:", "", _plain(card.get("TEL", ""))),
        "topics": card.get("CATEGORIES", ""),
    }
    values |= {field: _plain(card[name]) for name, field in _OWN.items() if name in card}
    return sheets.convert(number, values, origin)


def _parts(value: str) -> list[str]:
    """A value in its components; a semicolon after a backslash separates nothing."""
    return re.findall(r"(?:^|;)((?:[^;\\]|\\.)*)", value, re.DOTALL) or [""]


def _plain(value: str) -> str:
    """A value without its escapes."""
    return re.sub(r"\\(.)", lambda found: "\n" if found[1] in "nN" else found[1], value, flags=re.DOTALL)


def _refused(text: str) -> errors.Invalid:
    return errors.Invalid(text, code="import_unreadable", fields={"file": text})
