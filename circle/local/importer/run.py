"""One run of the importer: the transaction it writes in, and which thing of the folder has which id in the database."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

import msgspec

from circle.core.auth import Actor
from circle.core.db import Connection
from circle.core.files import Storage
from circle.local.child import LocalError

from .folder import Folder

# Table → (its German name in the progress, what one calls a thing that is missing).
TABLES = {
    "authorities": "Behörden",
    "persons": "Personen",
    "appointments": "Bestellungen",
    "absences": "Abwesenheiten",
    "partners": "Netzwerkkontakte",
    "topics": "Themen",
    "templates": "Textvorlagen",
    "documents": "Wissensdokumente",
    "meetings": "Sitzungen",
    "agenda_items": "Tagesordnungspunkte",
    "minutes": "Niederschriften",
    "tasks": "Aufträge",
    "polls": "Terminabfragen",
    "consultations": "Beratungsanfragen",
    "departments": "Fachbereiche",
    "reports": "Vorträge",
    "measures": "Maßnahmen",
}


class Run(msgspec.Struct):
    """What the steps share. `actor` is the service itself, with the office's time."""

    db: Connection
    storage: Storage
    actor: Actor
    folder: Folder
    ids: dict[str, dict[str, UUID]] = msgspec.field(default_factory=lambda: {table: {} for table in TABLES})
    new: dict[str, int] = msgspec.field(default_factory=lambda: dict.fromkeys(TABLES, 0))
    stored: list[str] = msgspec.field(default_factory=list)
    """Keys of files whose bytes were written."""

    def know(self, table: str, found: Iterable[Any]) -> None:
        """Remember rows `key, id` that the database holds already."""
        self.ids[table] |= {row["key"]: row["id"] for row in found}

    def add(self, table: str, key: str, row_id: UUID) -> UUID:
        """Remember a row that was just written."""
        self.ids[table][key] = row_id
        self.new[table] += 1
        return row_id

    def missing(self, table: str, things: Iterable[Any]) -> list[Any]:
        """Those of the folder's things that the database does not hold yet."""
        return [thing for thing in things if thing.id not in self.ids[table]]

    def find(self, table: str, key: str, place: str) -> UUID:
        """The id of a thing that `place` refers to. Raises LocalError when the folder does not hold it."""
        found = self.ids[table].get(key)
        if found is None:
            raise LocalError(f"{place} verweist auf „{key}“, das unter {TABLES[table]} nicht steht.")
        return found

    def maybe(self, table: str, key: str | None, place: str) -> UUID | None:
        """As `find`; none stays none."""
        return None if key is None else self.find(table, key, place)
