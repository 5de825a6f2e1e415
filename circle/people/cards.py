"""People as electronic business cards (vCard 4.0, RFC 6350). Pure: a card says what it is given, nothing else."""

from collections.abc import Iterable, Iterator

import msgspec

from circle.core.ics import escape, fold

from .model import Person, PersonDetail, PublicContact


class Card(msgspec.Struct, frozen=True, kw_only=True):
    """What stands on a card; what is empty is left out. `uid` is for who may see the person's page."""

    name: str
    function: str
    house: str
    email: str = ""
    phone: str = ""
    room: str = ""
    hours: str = ""
    address: str = ""
    seat: str = ""
    uid: str = ""


def of_person(person: Person) -> Card:
    """The card of a person as the reader of `person` may see them."""
    return Card(
        name=f"{person.title} {person.name}".strip(), function=person.function, house=person.authority_name,
        email=person.email, phone=person.phone, room=person.room, hours=person.hours, uid=str(person.id),
        address=person.authority_address if isinstance(person, PersonDetail) else "",
        seat=(person.authority_seat or "") if isinstance(person, PersonDetail) else "",
    )  # fmt: skip


def of_contact(contact: PublicContact) -> Card:
    """The public card of an announced commissioner."""
    return Card(
        name=contact.name, function=contact.function, house=contact.house, email=contact.email or "",
        phone=contact.phone or "", room=contact.room or "", hours=contact.hours or "",
    )  # fmt: skip


def write(cards: Iterable[Card]) -> bytes:
    """One file with a card for each."""
    return "".join(fold(line) for one in cards for line in _lines(one)).encode()


def _lines(one: Card) -> Iterator[str]:
    yield "BEGIN:VCARD"
    yield "VERSION:4.0"
    yield "KIND:individual"
    if one.uid:
        yield f"UID:urn:uuid:{one.uid}"
    yield f"FN:{escape(one.name)}"
    yield f"ORG:{escape(one.house)}"
    if one.function:
        yield f"TITLE:{escape(one.function)}"
    if one.email:
        yield f"EMAIL;TYPE=work:{escape(one.email)}"
    if one.phone:
        yield f"TEL;TYPE=work;VALUE=text:{escape(one.phone)}"
    if one.address:
        yield f"ADR;TYPE=work:;;{escape(one.address)};{escape(one.seat)};;;"
    # A vCard has no place for rooms (RFC 6350 6.3.1 advises against the old one) and none for hours.
    said = [f"Raum: {one.room}"] if one.room else []
    said += [f"Sprechzeiten: {one.hours}"] if one.hours else []
    if said:
        yield f"NOTE:{escape(chr(10).join(said))}"
    yield "END:VCARD"
