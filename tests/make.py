"""People and things for tests, as plain functions.

Three fixed people: Anna holds the office, Ben is a commissioner (Arnsberg), Clara is outside (a municipal contact).
More of them: `await make.person(db, "dora", roles=["kfi_expert"])` signs in as `dora`.
"""

import hashlib
import uuid
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from circle.consultations import actions as consultations
from circle.consultations.model import Assignment, NewAnswer, NewConsultation, Question, Review
from circle.core import auth, files
from circle.core.auth import Actor
from circle.core.clock import Clock
from circle.core.db import Caller, Connection
from circle.core.files import Storage
from circle.distribution import actions as distribution
from circle.distribution.model import Letter, Part

HOUSES = [
    ("br-arnsberg", "Bezirksregierung Arnsberg", "BR Arnsberg", "district_government"),
    ("br-detmold", "Bezirksregierung Detmold", "BR Detmold", "district_government"),
    ("br-duesseldorf", "Bezirksregierung Düsseldorf", "BR Düsseldorf", "district_government"),
    ("br-koeln", "Bezirksregierung Köln", "BR Köln", "district_government"),
    ("br-muenster", "Bezirksregierung Münster", "BR Münster", "district_government"),
    ("kfi", "Kompetenzzentrum für Integration", "KfI", "competence_centre"),
    ("ministerium", "Für Integration zuständiges Ministerium", "Ministerium", "ministry"),
    ("kommunal", "Kommunen", "Kommunen", "municipal"),
]
SINCE = date(2024, 1, 1)


async def world(db: Connection) -> None:
    """The houses, and the three people every test knows."""
    for key, name, short, kind in HOUSES:
        await db.execute(
            "insert into authority (key, name, short, kind) values ($1, $2, $3, $4)", key, name, short, kind
        )
    await person(db, "anna", name="Anna Amt", authority="kfi", roles=["circle_office"])
    await person(db, "ben", name="Ben Beauftragt", authority="br-arnsberg", roles=["commissioner"])
    await person(db, "clara", name="Clara Außen", authority="kommunal", roles=["municipal_contact"])


async def authority(db: Connection, key: str) -> UUID:
    """The id of a house."""
    found: UUID = await db.fetchval("select id from authority where key = $1", key)
    return found


async def person(
    db: Connection,
    nick: str,
    *,
    name: str = "",
    authority: str = "kfi",
    roles: list[str] | None = None,
    password: str | None = None,
) -> UUID:
    """A person who signs in as `nick`; `commissioner` and `deputy` are appointed, other roles are granted."""
    house = await db.fetchval("select id from authority where key = $1", authority)
    found: UUID = await db.fetchval(
        """
        insert into person (name, email, authority_id, function, password_hash, contact_confirmed_on)
        values ($1, $2, $3, 'Prüfperson', $4, '2026-11-02') returning id
        """,
        name or f"{nick.capitalize()} Probe",
        f"{nick}@example.org",
        house,
        await auth.hash_password(password) if password else None,
    )
    for role in roles or []:
        if role in ("commissioner", "deputy"):
            await appoint(db, found, house, role)
        else:
            await db.execute("insert into role_grant (person_id, role) values ($1, $2)", found, role)
    return found


async def appoint(
    db: Connection, person_id: UUID, house: UUID, kind: str, since: date = SINCE, until: date | None = None
) -> UUID:
    """An appointment by order of the house, of which everybody was told on its first day."""
    found: UUID = await db.fetchval(
        """
        insert into appointment (person_id, authority_id, kind, valid_from, valid_to, order_date, file_reference,
            announced_internally_on, announced_externally_on, ministry_informed_on)
        values ($1, $2, $3, $4, $5, $4, 'Org 1/24', $4, $4, $4) returning id
        """,
        person_id,
        house,
        kind,
        since,
        until,
    )
    return found


async def absence(db: Connection, commissioner: UUID, deputy: UUID, starts: date, ends: date) -> None:
    """The commissioner is away, the deputy acts."""
    await db.execute(
        "insert into absence (person_id, deputy_id, starts_on, ends_on) values ($1, $2, $3, $4)",
        commissioner,
        deputy,
        starts,
        ends,
    )


async def person_id(db: Connection, nick: str) -> UUID:
    found: UUID = await db.fetchval("select id from person where email = $1", f"{nick}@example.org")
    return found


async def actor(db: Connection, office: Clock, nick: str) -> Actor:
    """Somebody as an actor, for calling actions directly."""
    token = await auth.open_session(db, await person_id(db, nick), "bearer")
    return await auth.actor(db, Caller(auth.token_hash(token), office.now()))


async def outbox(db: Connection, job: str) -> list[dict[str, Any]]:
    """The arguments of all jobs of one name, oldest first."""
    import msgspec

    rows = await db.fetch("select arguments from outbox where job = $1 order by id", job)
    return [msgspec.json.decode(row["arguments"]) for row in rows]


def utc_now() -> datetime:
    return datetime.now(UTC)


async def file(
    db: Connection, storage: Storage, name: str, content: bytes, kind: str = "application/pdf",
    audience: list[str] | None = None,
) -> UUID:  # fmt: skip
    """A stored file, used by something that `audience` may see."""
    key = await storage.put(content)
    stored = await files.insert(
        db, name=name, kind=kind, size=len(content), sha256=hashlib.sha256(content).hexdigest(), key=key,
        uploaded_by=None,
    )  # fmt: skip
    await files.use(db, stored.id, uuid.uuid4(), audience or ["internal"])
    return stored.id


async def dispatch(
    db: Connection, office: Clock, people: list[UUID], parts: list[Part] | None = None, *, by: str = "anna",
    start: bool = False, **letter: Any,
) -> UUID:  # fmt: skip
    """A notice to `people`, prepared by somebody and, if wanted, on its way."""
    who = await actor(db, office, by)
    given = {"title": "Rundschreiben", "subject": "Rundschreiben zum Förderjahr", "text": "bitte beachten.",
        "level": "internal", "audience": ["internal"]} | letter  # fmt: skip
    new = Letter(kind="notice", object_kind="person", object_id=uuid.uuid4(), recipients=people, **given)
    dispatch_id = await distribution.insert(db, who, new)
    for part in parts or []:
        await distribution.add_part(db, dispatch_id, part)
    if start:
        await distribution.start(db, dispatch_id, who)
    return dispatch_id


async def document(
    db: Connection, owner: str = "anna", *, level: str = "internal", state: str = "released",
    reference: str = "WD-900", files: list[UUID] | None = None,
) -> UUID:  # fmt: skip
    """A knowledge document as the tables know it."""
    found: UUID = await db.fetchval(
        """
        insert into document (reference, title, kind, abstract, confidentiality, state, owner_id, authority_id)
        select $1, 'Leitfaden Sprachmittlung', 'guideline', 'Was zu beachten ist.', $2, $3, p.id, p.authority_id
        from person p where p.email = $4 returning id
        """,
        reference, level, state, f"{owner}@example.org",
    )  # fmt: skip
    for file_id in files or []:
        await db.execute("insert into document_file (document_id, file_id) values ($1, $2)", found, file_id)
    return found


async def advisers(db: Connection) -> None:
    """Who answers requests: experts Dora and Emil, reviewer Quirin, approver Frida; and Carl, commissioner in Köln."""
    await person(db, "dora", roles=["kfi_expert"])
    await person(db, "emil", roles=["kfi_expert"])
    await person(db, "quirin", roles=["quality_reviewer"])
    await person(db, "frida", roles=["release_approver"])
    await person(db, "carl", authority="br-koeln", roles=["commissioner"])


async def consultation(
    db: Connection, office: Clock, state: str = "received", *, by: str = "ben", **new: Any
) -> UUID:
    """A request of Ben (or of another member of a house), taken to a state on the way to its answer; needs `advisers` from `assigned` on."""
    given = {"subject": "Sprachmittlung in der Beratung", "question": "Welche Standards gelten?", "draft": state == "draft",
        "no_personal_data": True} | new  # fmt: skip
    found = await consultations.ask(db, await actor(db, office, by), NewConsultation(**given))
    if state in ("draft", "received"):
        return found
    people = [await person_id(db, nick) for nick in ("dora", "emil", "quirin")]
    await consultations.assign(db, await actor(db, office, "anna"), found, Assignment(*people))
    if state == "assigned":
        return found
    if state == "clarification":
        await consultations.clarify(db, await actor(db, office, "dora"), found, Question("Für welches Amt?"))
        return found
    text = NewAnswer(
        "Es gelten die **Standards** des Landes.", "Standards des Landes.", draft=state == "in_progress"
    )
    await consultations.answer(db, await actor(db, office, "dora"), found, text)
    if state in ("in_progress", "in_review"):
        return found
    await consultations.review(db, await actor(db, office, "quirin"), found, Review("approve"))
    if state == "reviewed":
        return found
    await consultations.send(db, await actor(db, office, "anna"), found)
    assert state == "answered"
    return found


async def meeting(
    db: Connection, reference: str = "KK-2027-1", *, on: date = date(2027, 1, 13), state: str = "agenda_open",
) -> UUID:  # fmt: skip
    """A meeting as the tables know it, without items; by default seven weeks ahead and open for proposals."""
    await db.execute(
        "insert into procedure (version, adopted_on, in_force_from, rules) values (1, $1, $1, '{}') on conflict do nothing",
        SINCE,
    )
    found: UUID = await db.fetchval(
        """
        insert into meeting (reference, number, title, date, start_local, end_local, mode, place, state, procedure_version)
        values ($1, $2, $3, $4, '10:00', '15:00', 'in_person', 'Arnsberg', $5, 1) returning id
        """,
        reference, int(reference.split("-")[2]), f"{reference.split('-')[2]}. Sitzung {on.year}", on, state,
    )  # fmt: skip
    return found


async def item(
    db: Connection, meeting_id: UUID, title: str = "Sprachmittlung in Verfahren", *, status: str = "admitted",
    number: str = "", by: str = "ben", kind: str = "deliberation", level: str = "circle", named: list[str] | None = None,
    text: str = "",
) -> UUID:  # fmt: skip
    """An agenda item of somebody; with a number it stands on an agenda that went out. `named` open a confidential one."""
    submitter = await person_id(db, by)
    found: UUID = await db.fetchval(
        """
        insert into agenda_item (meeting_id, "order", number, status, frozen)
        select $1, count(*), $2::text, $3, $2::text <> '' from agenda_item where meeting_id = $1 returning id
        """,
        meeting_id, number, status,
    )  # fmt: skip
    for nick in [by, *(named or [])] if level == "confidential" else []:
        await db.execute(
            "insert into named_access (object_id, person_id) values ($1, $2) on conflict do nothing",
            found, await person_id(db, nick),
        )  # fmt: skip
    await db.execute(
        """
        insert into agenda_content (item_id, meeting_id, title, aim, kind, confidentiality, submitted_by, minutes)
        values ($1, $2, $3, 'coordination', $4, $5, $6, $7)
        """,
        found, meeting_id, title, kind, level, submitter, text,
    )  # fmt: skip
    return found


async def contact(db: Connection, house: str = "br-arnsberg", **given: Any) -> UUID:
    """A municipal contact of a house as the table knows it."""
    values = {"organisation": "Stadt Musterhausen", "name": "Mia Muster", "email": "mia@stadt.example",
        "municipality": "Musterhausen", "ags": "05962000", "kind": "municipal_contact", "topics": []} | given  # fmt: skip
    found: UUID = await db.fetchval(
        """
        insert into partner (authority_id, organisation, name, email, municipality, ags, kind, topics, source, source_on)
        values ($1, $2, $3, $4, $5, $6, $7, $8, 'Internetseite', '2026-01-05') returning id
        """,
        await authority(db, house), *(values[name] for name in (
            "organisation", "name", "email", "municipality", "ags", "kind", "topics")),
    )  # fmt: skip
    return found


async def untold(db: Connection, person_id: UUID) -> None:
    """Nobody was told yet that this person is appointed."""
    await db.execute(
        """
        update appointment set announced_internally_on = null, announced_externally_on = null,
            ministry_informed_on = null where person_id = $1
        """,
        person_id,
    )
