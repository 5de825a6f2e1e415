"""The engine's answer in plain German. What is allowed stands in `core.access` and in the SQL, never here."""

from collections.abc import Iterable

from circle.core import calendar
from circle.core.access import RIGHTS
from circle.core.auth import ROLE_NAMES

from .model import Facts, FoundPerson, FoundThing, Right, Thing

RIGHT_NAMES = {
    "polls.manage": "Termine abfragen und festlegen",
    "feeds.manage": "die Adresse für den Kalender des Kreises verwalten",
    "polls.answer": "auf eine Terminabfrage antworten",
    "procedure.adopt": "beschlossene Geschäftsordnung eintragen",
    "meetings.convene": "Sitzung ansetzen",
    "meetings.invite": "einladen, Sitzung verlegen oder absagen",
    "meetings.run": "Sitzung leiten: Anwesenheit, Ergebnisse",
    "agenda.propose": "Tagesordnungspunkt anmelden",
    "agenda.admit": "Tagesordnungspunkt aufnehmen oder zurückgeben",
    "papers.hand_in": "Beratungsunterlage einreichen",
    "minutes.write": "Niederschrift schreiben",
    "minutes.circulate": "Entwurf der Niederschrift versenden",
    "minutes.approve": "Genehmigung der Niederschrift eintragen",
    "minutes.object": "Einwendung gegen die Niederschrift erheben",
    "tasks.assign": "Aufgabe erteilen",
    "tasks.settle": "Aufgabe annehmen, ablehnen, erledigen",
    "consultations.ask": "Beratungsanfrage stellen",
    "consultations.withdraw": "eigene Anfrage zurückziehen",
    "consultations.reply": "Rückfrage zur eigenen Anfrage beantworten",
    "consultations.assign": "Anfrage zuweisen",
    "consultations.answer": "zugewiesene Anfrage beantworten",
    "consultations.review": "Antwort einer anderen Person prüfen",
    "consultations.send": "geprüfte Antwort senden",
    "consultations.release": "anonymisierte Fassung freigeben",
    "documents.write": "Dokument schreiben",
    "documents.release": "Dokument einer anderen Person freigeben",
    "documents.distribute": "Dokument verteilen",
    "dispatches.send": "Versand auslösen",
    "appointments.register": "Bestellung eintragen",
    "appointments.attach": "Anbindung im eigenen Haus ändern",
    "appointments.prove": "Bekanntmachung nachweisen",
    "appointments.notify": "Mitteilung an das Ministerium senden",
    "absences.enter": "Abwesenheit und Vertretung eintragen",
    "experts.involve": "Sachkundige hinzuziehen",
    "register.draft": "Register des eigenen Hauses führen",
    "register.decide": "im Register des eigenen Hauses entscheiden",
    "people.manage": "Konten und Rollen verwalten",
    "assistants.name": "Zuarbeit im eigenen Haus eintragen und beenden",
    "people.review": "veraltete Angaben nachhalten",
    "authorities.edit": "Angaben des eigenen Hauses ändern",
    "network.write": "Netzwerk des eigenen Hauses pflegen",
    "files.upload": "Datei hochladen",
    "audit.read": "Protokoll lesen",
    "answers.export": "Auskunft über die Antworten einer Person ausgeben",
    "rights.explain": "nachsehen, wer was darf",
}
"""Every right by the name of what it allows; a test asks for each."""

SPECIFIC = ("named:", "meeting:", "papers:", "expert:", "person:", "role:", "tenure:")
"""Keys that open single things or repeat a role."""
HANDLED_BY = {
    "consultation": "mit der Anfrage befasst",
    "document": "für das Dokument verantwortlich",
    "task": "soll die Aufgabe erledigen",
}
CIRCLES = {
    "public": "liest Öffentliches",
    "internal": "Beschäftigte der beteiligten Häuser (verwaltungsintern)",
    "circle": "Mitglied des Koordinierungskreises",
}
LEVELS = dict.fromkeys(CIRCLES, "nein") | {"confidential": "wenn benannt"}
"""The levels in their order, with what is said when no key of a role opens one."""


def readers(person: FoundPerson) -> list[str]:
    """The circles of readers somebody belongs to, by their general keys."""
    return [
        CIRCLES.get(key) or f"eigenes Haus: {person.authority_name}"
        for key in person.keys
        if not key.startswith(SPECIFIC)
    ]


def key_words(key: str, thing: FoundThing, *, opened: bool) -> str:
    """How a key of a thing's audience is said: `named:…` is „namentlich benannt“."""
    kind, _, rest = key.partition(":")
    if kind == "role":
        return f"Rolle {ROLE_NAMES[rest]}"
    if kind == "asking":
        return "Haus der Anfrage"
    if kind == "expert" and opened and thing.involved_until:
        return f"hinzugezogen bis {calendar.date_short(thing.involved_until)}"
    return {
        **CIRCLES,
        "named": "namentlich benannt",
        "meeting": "nimmt an der Sitzung teil",
        "papers": "nimmt an der Sitzung teil, bis zu ihrem Ende",
        "expert": "hinzugezogen",
        "tenure": "Bestellung, unter der das Haus gefragt hat",
        "person": HANDLED_BY.get(thing.kind, "zuständig"),
    }[kind]


def explain_thing(found: FoundThing) -> Thing:
    """Why the person sees a thing: for each condition what meets it, or of those not met what would."""
    if found.visible:
        because = [_words(gate.opened, found, " und ", opened=True) for gate in found.gates]
        missing = []
    else:
        because = []
        missing = [
            _words(gate.asked, found, " oder ", opened=False) for gate in found.gates if not gate.opened
        ]
    return Thing(
        found.reference,
        found.kind,
        found.url,
        found.visible,
        list(dict.fromkeys(because)),
        list(dict.fromkeys(missing)),
    )


def _words(keys: Iterable[str], thing: FoundThing, between: str, *, opened: bool) -> str:
    return between.join(dict.fromkeys(key_words(key, thing, opened=opened) for key in keys))


def rights_of(roles: Iterable[str]) -> list[Right]:
    """The acts that these roles allow (`core.access.RIGHTS`)."""
    held = set(roles)
    return [Right(right, RIGHT_NAMES[right]) for right, by in RIGHTS.items() if by & held]


def level_table(facts: Facts) -> list[list[str]]:
    """Role by role what its keys open, for the page: one cell for each of `LEVELS`."""
    return [
        [ROLE_NAMES[one.role], *("ja" if level in one.keys else without for level, without in LEVELS.items())]
        for one in facts.roles
    ]


def right_table() -> list[list[str]]:
    """Right by right which roles hold it, in the order of the roles."""
    return [
        [RIGHT_NAMES[right], ", ".join(name for role, name in ROLE_NAMES.items() if role in by)]
        for right, by in RIGHTS.items()
    ]
