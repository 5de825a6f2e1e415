"""People and things for tests, as plain functions.

Three fixed people: Anna holds the office, Ben is a commissioner (Arnsberg), Clara is outside (a municipal contact).
More of them: `await make.person(db, "dora", roles=["kfi_expert"])` signs in as `dora`.
"""

from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from circle.core import auth
from circle.core.auth import Actor
from circle.core.clock import Clock
from circle.core.db import Caller, Connection

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
        "insert into person (name, email, authority_id, function, password_hash) values ($1, $2, $3, 'Prüfperson', $4) returning id",
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
    """An appointment by order of the house."""
    found: UUID = await db.fetchval(
        """
        insert into appointment (person_id, authority_id, kind, valid_from, valid_to, order_date, file_reference)
        values ($1, $2, $3, $4, $5, $4, 'Org 1/24') returning id
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
