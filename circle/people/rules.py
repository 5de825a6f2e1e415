"""The rules of appointments and of the directory (decree Nr. 3). Pure."""

import re
from collections.abc import Iterable, Iterator
from uuid import UUID

import msgspec

from circle.core import errors
from circle.core.access import HOUSE
from circle.core.auth import Actor, Me

from .model import Appointment, AuthorityDetail, Contact, PersonDetail

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


EDITORS = {
    "district_government": HOUSE,
    "competence_centre": {"circle_office"},
    "ministry": {"ministry_observer"},
}
"""Who keeps what a house says of itself and how its people are reached, by the kind of the house (domain rules 1)."""
PUBLIC_FIELDS = {"email": "E-Mail-Adresse", "phone": "Telefon", "room": "Raum", "hours": "Sprechzeiten"}
"""What a commissioner may let be public; name, function and house always are once the house has announced them."""


def as_published(person: PersonDetail) -> Contact | None:
    """One's own entry as the public page shows it from the announcement on; None for whoever never stands there."""
    terms = [
        one
        for one in person.appointments
        if one.kind == "commissioner" and one.state in ("prepared", "valid")
    ]
    if not terms:
        return None
    term = min(terms, key=lambda one: one.valid_from)
    entered = msgspec.structs.asdict(person) | {"email": person.contact_email}
    return Contact(
        key=term.authority_key, house=term.authority_name, appointed=term.valid_today,
        name=f"{person.title} {person.name}".strip(), function=person.function, attached_to=term.attached_to,
        **{name: entered[name] or None for name in person.public_fields or []},
    )  # fmt: skip


def may_edit_house(who: Actor | Me, authority_id: UUID, kind: str) -> bool:
    """Own-house data is edited by the own house only. The KfI at Arnsberg is not the house of Arnsberg."""
    return who.authority_id == authority_id and not EDITORS.get(kind, set()).isdisjoint(who.roles)


def may_edit_contact(who: Actor | Me, person_id: UUID, authority_id: UUID, kind: str) -> bool:
    """How a person is reached is kept by themselves, or by who keeps the data of their house."""
    return who.person_id == person_id or may_edit_house(who, authority_id, kind)


def require_website(website: str) -> None:
    """Raises Invalid unless it is empty or an address that browsers open."""
    if website and not re.fullmatch(r"https?://[!#-;=?-~]+", website):
        reason = "Bitte die vollständige Adresse eingeben, sie beginnt mit https://."
        raise errors.Invalid(reason, fields={"website": reason})


def chart(house: AuthorityDetail) -> Iterator[tuple[str, str]]:
    """The line for the house's own Organigramm (decree Nr. 3 S. 2), from the head down: what it is, and who."""
    yield "Leitung der Behörde", house.name
    if house.attached_to:
        yield "Anbindung", house.attached_to
    if house.commissioner_name:
        yield "Integrationsbeauftragte", house.commissioner_name
    elif house.appointed:
        yield "Integrationsbeauftragte", "bestellt, noch nicht bekannt gemacht"
    else:
        yield "Integrationsbeauftragte", "zurzeit nicht besetzt"
    if house.deputies:
        yield "Vertretung", ", ".join(one.name for one in house.deputies)


def chart_text(house: AuthorityDetail) -> str:
    """The same as text to copy, one step a line."""
    return "\n".join(f"{'    ' * depth}{what}: {who}" for depth, (what, who) in enumerate(chart(house)))


def device(user_agent: str) -> str:
    """Browser and system in two words; what is not known stays out."""
    browsers = [("Edg/", "Edge"), ("Firefox/", "Firefox"), ("Chrome/", "Chrome"), ("Safari/", "Safari")]
    systems = [
        ("Windows", "Windows"), ("Android", "Android"), ("iPhone", "iPhone"), ("iPad", "iPad"), ("Mac OS", "macOS"),
        ("Linux", "Linux"),
    ]  # fmt: skip
    found = (next((word for sign, word in table if sign in user_agent), "") for table in (browsers, systems))
    return ", ".join(filter(None, found))
