"""What people do with the contacts of their house: enter, change, remove, read files, note exchanges; and the opt-out."""

from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg
import msgspec

from circle.core import access, audit, auth, calendar, clock, errors, fields
from circle.core.auth import Actor
from circle.core.db import Caller, Connection
from circle.search import index as search_index

from . import cards, rules, sheets, store
from .model import (
    ContactChange,
    Coverage,
    Duplicate,
    ImportChoice,
    ImportLine,
    NetworkContact,
    NewContact,
    NewNote,
    Origin,
)

MOST_EXPORTED = 5000
_CONTENT = [field.name for field in msgspec.structs.fields(ContactChange)]
"""What the house itself writes about a contact."""


class _Counts(msgspec.Struct, frozen=True):
    houses: set[str] | None
    known: list[tuple[str, str, int]]


async def add(db: Connection, actor: Actor, new: NewContact) -> UUID:
    """Enter a contact of the own house, in whose district it must lie (decree Nr. 5 d). Returns the id.

    Raises Invalid, and Conflict (`contact_exists`, with `duplicates`) when it looks like one that is there, unless the
    entry says that it is another one.
    """
    access.require(actor, "network.write")
    new = msgspec.structs.replace(new, ags=rules.clean_ags(new.ags), email=new.email.strip())
    await _require_valid(db, actor, new)
    if not new.despite_duplicates:
        await store.lock_house(db, actor.authority_id)
        await _require_unlike(db, actor, new)
    (contact_id,) = await store.insert(db, [new], actor.authority_id, actor.today)
    await store.link_people(db, [contact_id])
    await index(db, [contact_id])
    await audit.record(db, actor, "contact.added", "contact", contact_id)
    return contact_id


async def change(db: Connection, actor: Actor, contact_id: UUID, new: ContactChange, expected: int) -> None:
    """Change a contact of the own house. Raises Stale.

    Another house's contact with the same address stays as it is: it gets its letters, under its own name. The day of an
    opt-out stays until the subscription is renewed, which a new address that has opted out itself does not do.
    """
    row = await _own(db, actor, contact_id, expected)
    given = {name: value for name, value in msgspec.structs.asdict(new).items() if value is not msgspec.UNSET}
    contact = NewContact(**({name: row[name] for name in _CONTENT} | given))
    contact = msgspec.structs.replace(contact, ags=rules.clean_ags(contact.ags), email=contact.email.strip())
    await _require_valid(db, actor, contact)
    moved = contact.email.lower() != row["email"].lower()
    opted_out = None
    if moved:
        await store.keep_opt_out(db, contact_id)
        opted_out = (await store.find_opt_outs(db, [contact.email], row["authority_id"])).get(contact.email)
    if opted_out:
        contact = msgspec.structs.replace(contact, subscribed=False)
    elif contact.subscribed and not row["subscribed"]:
        await store.drop_opt_out(db, contact.email, row["authority_id"])
    day = None if contact.subscribed else opted_out or row["unsubscribed_on"] or actor.today
    if not await store.update(db, contact_id, expected, contact, day):
        raise errors.Stale(current=_state(row))
    if moved:
        await store.unlink_person(db, contact_id)
    await store.link_people(db, [contact_id])
    people = row["person_id"], await store.person_of(db, contact_id)
    await store.refresh_people(db, [one for one in people if one])
    await index(db, [contact_id])
    await audit.record(
        db, actor, "contact.changed", "contact", contact_id, row["reference"] or "", fields=sorted(given)
    )


async def remove(db: Connection, actor: Actor, contact_id: UUID, expected: int) -> None:
    """Delete a contact of the own house with its notes. The record keeps that it was done, nothing of the content; a hash
    of the address stays, so that an opt-out holds."""
    row = await _own(db, actor, contact_id, expected)
    await store.keep_opt_out(db, contact_id)
    await store.unlink_person(db, contact_id)
    if not await store.delete(db, contact_id, expected):
        raise errors.Stale(current=_state(row))
    await search_index.drop(db, "contact", contact_id)
    if row["person_id"]:
        await store.refresh_people(db, [row["person_id"]])
    await audit.record(db, actor, "contact.removed", "contact", contact_id, row["reference"] or "")


async def unsubscribe(db: Connection, opt_out: UUID, now: datetime) -> None:
    """The opt-out by the link in a letter, for the address with every house. It tells nobody whose the link is."""
    for found in await store.end_subscription(db, opt_out, clock.day(now)):
        await audit.record(
            db, auth.service(now), "contact.unsubscribed", "contact", found["id"], found["reference"] or ""
        )


async def note_exchange(db: Connection, actor: Actor, contact_id: UUID, note: NewNote) -> UUID:
    """Write down an exchange with a contact of the own house (decree Nr. 5 d); no other house reads it."""
    await _own(db, actor, contact_id)
    if note.held_on > actor.today:
        raise errors.Invalid(
            "Bitte prüfen Sie die markierten Felder.", fields={"held_on": "Dieser Tag liegt in der Zukunft."}
        )
    note_id = await store.insert_note(db, contact_id, note, actor.person_id)
    await audit.record(db, actor, "contact.exchange_noted", "contact", contact_id)
    return note_id


async def coverage(db: Connection, caller: Caller) -> tuple[bytes, Coverage]:
    """The caller's card, and which cities and districts have a contact: all for the circle, the own ones for a house."""
    found = await store.count_by_district(db, caller)
    counts = msgspec.json.decode(found.body, type=_Counts)
    return found.me, rules.coverage(counts.known, counts.houses)


async def export(db: Connection, actor: Actor, caller: Caller, **filters: Any) -> list[NetworkContact]:
    """All contacts that the actor may see and that fit, for a file. Needs a recent sign-in and is on the record.

    Raises NotFound for who sees no contacts, Invalid when there are too many for one file.
    """
    found = await store.list_contacts(db, caller, None, MOST_EXPORTED, **filters)
    auth.require_recent(actor)
    if found.next:
        raise errors.Invalid(
            f"Eine Datei enthält höchstens {MOST_EXPORTED} Kontakte. Bitte wählen Sie ein Haus oder ein Thema."
        )
    contacts = msgspec.json.decode(found.body, type=list[NetworkContact])
    await audit.record(db, actor, "contacts.exported", "contact", None, count=len(contacts))
    return contacts


async def duplicates(db: Connection, actor: Actor, contact: NetworkContact) -> list[Duplicate]:
    """Other contacts that look like one that is there, as far as the actor sees them."""
    entry = NewContact(**{name: getattr(contact, name) for name in _CONTENT})
    rows = await store.find_duplicates(db, [entry], actor.authority_id, list(actor.keys), without=contact.id)
    return _duplicates(rows)


async def index(db: Connection, contact_ids: list[UUID]) -> None:
    """Write the rows of the search index of contacts, open to the circle. Address and telephone are not in them."""
    entries = []
    for row in await store.find_entries(db, contact_ids):
        words = (row["function"], row["municipality"], rules.district_name(row["ags"]), *row["labels"])
        entries.append(
            search_index.Entry(
                source_kind="contact", source_id=row["id"], reference=row["reference"] or "",
                title=", ".join(filter(None, (row["organisation"], row["name"]))),
                body=". ".join(filter(None, words)), kind=rules.KINDS[row["kind"]], level="circle",
                topics=row["topics"], authority_id=row["authority_id"], url=f"/netzwerk/{row['id']}", audience=["circle"],
            )
        )  # fmt: skip
    await search_index.put_many(db, entries, "circle")


def require_writer(actor: Actor) -> None:
    """Raises Forbidden for who enters no contacts; asked before a file is read."""
    access.require(actor, "network.write")


async def preview(db: Connection, actor: Actor, content: bytes, origin: Origin) -> UUID:
    """Read a CSV or vCard file and say line by line what it would become; nothing is entered. Returns the import's id.

    Raises Invalid (`import_unreadable`) when the file as a whole cannot be read.
    """
    require_writer(actor)
    text, notes = sheets.decode(content)
    if text.lstrip()[:11].upper() == "BEGIN:VCARD":
        rows = cards.read(text, origin)
    else:
        rows, more = sheets.read(text, origin)
        notes += more
    lines = await _judge(db, actor, rows)
    kept = msgspec.json.encode({"notes": notes, "lines": lines} | _numbers(lines)).decode()
    return await store.insert_import(db, actor.person_id, actor.authority_id, kept)


async def confirm_import(db: Connection, actor: Actor, import_id: UUID, choice: ImportChoice) -> int:
    """Enter all new lines of one's own import, in one transaction; duplicates stay as they are. Returns how many.

    Said again, nothing more is entered. Raises NotFound, and Conflict while a line is wrong, unless the choice says that
    the wrong ones are left out.
    """
    row = await store.lock_import(db, import_id, actor.person_id, actor.authority_id)
    if row is None:
        raise errors.NotFound(me=actor.card)
    access.require(actor, "network.write")
    if row["added"] is not None:
        return int(row["added"])
    read = msgspec.json.decode(row["content"], type=_Kept, dec_hook=fields.decode)
    if read.wrong and not choice.leave_out_wrong:
        raise errors.Conflict(
            "Die Datei hat fehlerhafte Zeilen. Bitte berichtigen Sie sie und lesen Sie die Datei noch einmal ein, oder "
            "übernehmen Sie ausdrücklich nur die gültigen Zeilen.",
            code="import_has_faults",
        )
    # Between preview and word somebody may have entered one of them.
    await store.lock_house(db, actor.authority_id)
    wanted = [
        sheets.Row(one.line, one.organisation, one.name, one.contact, {}) for one in read.lines if one.contact
    ]
    lines = await _judge(db, actor, wanted)
    fresh = [one.contact for one in lines if one.status == "new" and one.contact]
    added = await store.insert(db, fresh, actor.authority_id, actor.today)
    await store.link_people(db, added)
    await index(db, added)
    left = [one for one in read.lines if one.status == "wrong"] + [
        one for one in lines if one.status != "new"
    ]
    kept = msgspec.json.encode({"lines": left} | _numbers(left)).decode()
    await store.mark_imported(db, import_id, len(fresh), kept)
    await audit.record(db, actor, "contacts.imported", "contact", None, count=len(fresh), left_out=read.wrong)
    return len(fresh)


class _Kept(msgspec.Struct, frozen=True):
    lines: list[ImportLine]
    wrong: int


async def _judge(db: Connection, actor: Actor, rows: list[sheets.Row]) -> list[ImportLine]:
    """What would become of each line: the house's rules, what is there already, and what stood further up."""
    house, topics = await store.find_house(db, actor.authority_id), await store.topic_labels(db)
    entries = [row.contact for row in rows if row.contact]
    known: dict[int, list[asyncpg.Record]] = {}
    for found in await store.find_duplicates(db, entries, actor.authority_id, list(actor.keys)):
        known.setdefault(found["n"], []).append(found)
    opt_outs = await store.find_opt_outs(db, [one.email for one in entries], actor.authority_id)
    lines: list[ImportLine] = []
    seen: dict[str | tuple[str, ...], int] = {}
    n = -1
    for row in rows:
        wrong = dict(row.wrong)
        if row.contact is None:
            lines.append(_line(row, "wrong", [_told(name, text) for name, text in wrong.items()]))
            continue
        n += 1
        wrong |= rules.faults(row.contact, house, topics, actor.today)
        alike = known.get(n, [])
        names: list[str | tuple[str, ...]] = [
            (
                row.contact.organisation.casefold(),
                row.contact.name.casefold(),
                row.contact.ags or row.contact.municipality.casefold(),
            )
        ]
        if row.contact.email:
            names.append(row.contact.email.casefold())
        if wrong:
            lines.append(_line(row, "wrong", [_told(name, text) for name, text in wrong.items()]))
            continue
        earlier = next((seen[name] for name in names if name in seen), None)
        seen |= {name: row.line for name in names if name not in seen}
        if sure := [one for one in alike if one["same"]]:
            lines.append(_line(row, "duplicate", [f"Gibt es schon: {_called(sure[0])}."]))
        elif earlier is not None:
            lines.append(_line(row, "duplicate", [f"Steht schon in Zeile {earlier}."]))
        else:
            hints = [
                f"{'Gleiche E-Mail-Adresse' if one['same_email'] else 'Ähnlich'}: {_called(one)}."
                for one in alike[:3]
            ]
            contact = row.contact
            if day := opt_outs.get(contact.email):
                hints.append(
                    f"Diese Adresse hat Informationen abbestellt (am {calendar.date_short(day)}). Der Kontakt wird "
                    "eingetragen und bekommt keine E-Mails."
                )
                contact = msgspec.structs.replace(contact, subscribed=False)
            lines.append(ImportLine(row.line, "new", row.organisation, row.name, hints, contact))
    return lines


def _line(row: sheets.Row, status: str, messages: list[str]) -> ImportLine:
    return msgspec.convert(
        {
            "line": row.line,
            "status": status,
            "organisation": row.organisation,
            "name": row.name,
            "messages": messages,
            "given": row.given if status == "wrong" else {},
        },
        ImportLine,
    )


def _told(name: str, text: str) -> str:
    return f"{sheets.COLUMNS[name]}: {text}" if name in sheets.COLUMNS else text


def _called(row: asyncpg.Record) -> str:
    return ", ".join(filter(None, (row["organisation"], row["name"], row["authority_name"])))


def _numbers(lines: list[ImportLine]) -> dict[str, int]:
    return {status: sum(one.status == status for one in lines) for status in ("new", "duplicate", "wrong")}


async def _require_valid(db: Connection, actor: Actor, contact: NewContact) -> None:
    house, topics = await store.find_house(db, actor.authority_id), await store.topic_labels(db)
    rules.require_valid(contact, house, topics, actor.today)


async def _require_unlike(db: Connection, actor: Actor, new: NewContact) -> None:
    rows = await store.find_duplicates(db, [new], actor.authority_id, list(actor.keys))
    if rows:
        raise errors.Conflict(
            "Einen ähnlichen Kontakt gibt es schon. Bitte prüfen Sie, ob es derselbe ist.",
            code="contact_exists",
            duplicates=msgspec.to_builtins(_duplicates(rows)),
        )


def _duplicates(rows: list[asyncpg.Record]) -> list[Duplicate]:
    """Each contact once, though its address and its name may both be alike."""
    found = {row["id"]: msgspec.convert(dict(row), Duplicate) for row in reversed(rows)}
    return list(reversed(found.values()))[:20]


async def _own(db: Connection, actor: Actor, contact_id: UUID, expected: int | None = None) -> asyncpg.Record:
    """The locked contact of the own house. Raises NotFound, Forbidden for another house, Stale."""
    row = await store.lock(db, contact_id, actor.authority_id, list(actor.keys))
    if row is None:
        raise errors.NotFound(me=actor.card)
    access.require(actor, "network.write")
    if row["authority_id"] != actor.authority_id:
        raise errors.Forbidden("Diesen Kontakt pflegt ein anderes Haus.")
    if expected is not None and row["revision"] != expected:
        raise errors.Stale(current=_state(row))
    return row


def _state(row: asyncpg.Record) -> dict[str, object]:
    return {name: row[name] for name in ("id", "organisation", "name", "email", "subscribed", "revision")}
