"""Contacts as a table of a spreadsheet program (CSV, RFC 4180), written and read.

Programs take a cell that begins with one of `= + - @` or a control character for a formula. Such a cell gets an
apostrophe in front, and reading takes it away again (OWASP CSV Injection).
"""

import csv
import io
import re
from collections.abc import Iterable, Iterator
from datetime import date, datetime
from typing import Any

import msgspec

from circle.core import errors, fields

from . import rules
from .model import ImportLine, NetworkContact, NewContact, Origin

MOST_LINES = 2000
COLUMNS = {
    "kind": "Art",
    "organisation": "Organisation",
    "name": "Name",
    "function": "Funktion",
    "address": "Anschrift",
    "email": "E-Mail",
    "phone": "Telefon",
    "municipality": "Gemeinde",
    "ags": "AGS",
    "topics": "Themen",
    "source": "Quelle",
    "source_on": "Seit",
    "subscribed": "Abonnement",
}
"""Field → heading. Reading also takes the field's own name."""
_HEADINGS = {name.casefold(): field for field, word in COLUMNS.items() for name in (field, word)} | {
    "email": "email",
    "ansprechperson": "name",
}
_DANGER = r"(?=['\"]*[=+\-@\t\r\n\x00＝＋－＠])"
# A program that expects another separator begins a new cell inside of ours, so each of them counts as a beginning.
_BEGINS = re.compile(r"(?<![^;,\t\n])" + _DANGER)
_GUARDED = re.compile(r"(?<![^;,\t\n])'" + _DANGER)
_KINDS = {word.casefold(): kind for kind, word in rules.KINDS.items()}
_REMARKS = ("Zeile", "Fehler")
"""What we write beside a wrong line; reading passes over it."""
_EXPECTED = {
    "kind": f"Bitte eine dieser Arten angeben: {', '.join(rules.KINDS.values())}.",
    "source_on": "Bitte ein Datum angeben, das es gibt, zum Beispiel 23.11.2026.",
}
"""What a cell has to say, in the words of a file; the general messages speak of choices and of the API's dates."""
_YES_NO = {"ja": True, "nein": False, "": True}


class Row(msgspec.Struct, frozen=True):
    """One line of a file: what it says, or why it cannot be taken."""

    line: int
    organisation: str
    name: str
    contact: NewContact | None
    wrong: dict[str, str]
    given: dict[str, str] = {}


def guarded(cell: str) -> str:
    """The cell as no program takes it for a formula."""
    return _BEGINS.sub("'", cell)


def unguarded(cell: str) -> str:
    """What `guarded` was given."""
    return _GUARDED.sub("", cell)


def write(contacts: Iterable[NetworkContact]) -> bytes:
    """A table in UTF-8 with a mark at its beginning and semicolons, as German programs open it."""
    rows = (
        [
            rules.KINDS[one.kind], one.organisation, one.name, one.function, one.address, one.email, one.phone,
            one.municipality, one.ags or "", ", ".join(one.topics), one.source, one.source_on.isoformat(),
            "ja" if one.subscribed else "nein", one.authority_name,
        ]
        for one in contacts
    )  # fmt: skip
    return _table([*COLUMNS.values(), "Haus"], rows)


def write_wrong(lines: Iterable[ImportLine]) -> bytes:
    """The wrong lines of a file as a table with the reasons, to be mended and read again."""
    rows = (
        [str(one.line), " ".join(one.messages), *(one.given.get(name, "") for name in COLUMNS)]
        for one in lines
        if one.status == "wrong"
    )
    return _table([*_REMARKS, *COLUMNS.values()], rows)


def _table(headings: list[str], rows: Iterable[list[str]]) -> bytes:
    out = io.StringIO()
    writer = csv.writer(out, delimiter=";", quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow(headings)
    writer.writerows([guarded(cell) for cell in row] for row in rows)
    return out.getvalue().encode("utf-8-sig")


def decode(content: bytes) -> tuple[str, list[str]]:
    """The text of a file, with notes for its reader. Raises Invalid for anything but UTF-8 and Windows-1252."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\x00" in content:
        raise _refused(
            "Die Datei ist kein einfacher Text oder liegt in UTF-16 vor. Bitte speichern Sie sie als „CSV UTF-8“."
        )
    try:
        return content.decode("utf-8-sig"), []
    except UnicodeDecodeError:
        pass
    try:
        text = content.decode("cp1252")
    except UnicodeDecodeError as error:
        raise _refused(
            "Die Datei ist weder in UTF-8 noch in Windows-1252 geschrieben. Bitte speichern Sie sie als „CSV UTF-8“."
        ) from error
    return text, ["Die Datei wurde als Windows-1252 gelesen. Bitte prüfen Sie die Umlaute."]


def read(text: str, origin: Origin) -> tuple[list[Row], list[str]]:
    """The lines of a table below its headings, and notes. `origin` fills in what the table leaves out.

    Raises Invalid when the table as a whole cannot be read: no headings, a column missing, too many lines, an open quote.
    """
    first = text.split("\n", 1)[0]
    delimiter = max(";,\t", key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        headings = next(reader, [])
        fields = [_HEADINGS.get(one.strip().casefold(), "") for one in headings]
        notes = _check_headings(headings, fields, origin)
        rows = list(_rows(reader, fields, origin))
    except csv.Error as error:
        raise _refused(
            f"Zeile {reader.line_num} ist nicht lesbar. Oft fehlt ein Anführungszeichen, oder ein Feld ist zu lang."
        ) from error
    if not rows:
        raise _refused("Unter den Überschriften steht keine Zeile.")
    return rows, notes


def _check_headings(headings: list[str], fields: list[str], origin: Origin) -> list[str]:
    known = [one for one in fields if one]
    if twice := sorted({COLUMNS[one] for one in known if known.count(one) > 1}):
        raise _refused(f"Diese Spalte kommt zweimal vor: {', '.join(twice)}.")
    given = {name for name in ("kind", "source", "source_on") if getattr(origin, name)}
    missing = [
        COLUMNS[one] for one in ("organisation", "kind", "source", "source_on") if one not in {*known, *given}
    ]
    if missing:
        raise _refused(
            f"In der ersten Zeile fehlt: {', '.join(missing)}. "
            "Art, Quelle und Seit können Sie auch für alle Zeilen gemeinsam angeben."
        )
    left_out = [
        one.strip()[:40]
        for one, field in zip(headings, fields, strict=True)
        if not field and one.strip() not in ("", *_REMARKS)
    ]
    return [f"Diese Spalten werden nicht gelesen: {', '.join(left_out[:10])}."] if left_out else []


def _rows(reader: Any, fields: list[str], origin: Origin) -> Iterator[Row]:
    count, line = 0, reader.line_num + 1
    for cells in reader:
        start, line = line, reader.line_num + 1
        if not any(cell.strip() for cell in cells):
            continue
        count += 1
        if count > MOST_LINES:
            raise _refused(
                f"Die Datei hat mehr als {MOST_LINES} Zeilen. Bitte teilen Sie sie in mehrere Dateien."
            )
        given = {
            field: unguarded(cell.strip(" ")) for field, cell in zip(fields, cells, strict=False) if field
        }
        row = convert(start, given, origin)
        if len(cells) > len(fields):
            reason = f"Die Zeile hat {len(cells)} Felder, erwartet werden {len(fields)}."
            row = msgspec.structs.replace(row, contact=None, wrong={"": reason})
        yield row


def convert(line: int, given: dict[str, str], origin: Origin) -> Row:
    """One entry from words as people write them: kinds in German, days as 2026-11-23 or 23.11.2026, topics by comma."""
    values: dict[str, Any] = {name: word.replace("\r\n", "\n").strip() for name, word in given.items()}
    shown = re.sub(r"[\x00-\x1f\x7f-\x9f]", " ", values.get("organisation", ""))[:100]
    person = re.sub(r"[\x00-\x1f\x7f-\x9f]", " ", values.get("name", ""))[:100]
    values["kind"] = _KINDS.get(values.get("kind", "").casefold(), values.get("kind")) or origin.kind
    values["source"] = values.get("source") or origin.source
    values["source_on"] = _day(values.get("source_on", "")) or origin.source_on
    values["ags"] = rules.clean_ags(values.get("ags"))
    values["topics"] = [one.strip() for one in values.get("topics", "").split(",") if one.strip()]
    word = values.get("subscribed", "").casefold()
    values["subscribed"] = _YES_NO.get(word, word)
    wrong: dict[str, str] = {}
    made: dict[str, Any] = {}
    for field in msgspec.structs.fields(NewContact):
        if field.name not in values:
            continue
        if values[field.name] in (None, "") and field.required:
            wrong[field.name] = "Diese Angabe fehlt."
            continue
        try:
            made[field.name] = msgspec.convert(values[field.name], field.type, dec_hook=fields.decode)
        except msgspec.ValidationError as error:
            wrong[field.name] = _EXPECTED.get(field.name) or errors.german(str(error))
    if "organisation" not in values:
        wrong["organisation"] = "Diese Angabe fehlt."
    said = {
        "kind": rules.KINDS.get(origin.kind or "", ""),
        "source": origin.source,
        "source_on": str(origin.source_on or ""),
    } | {name: word for name, word in given.items() if word}
    return Row(line, shown, person, None if wrong else NewContact(**made), wrong, said)


def _day(word: str) -> date | str | None:
    if not word:
        return None
    try:
        return datetime.strptime(word, "%d.%m.%Y").date()
    except ValueError:
        return word


def _refused(text: str) -> errors.Invalid:
    return errors.Invalid(text, code="import_unreadable", fields={"file": text})
