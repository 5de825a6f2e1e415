"""Accounts from the command line: the first administrator, and whoever is added by hand."""

from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import msgspec

from circle.core import auth, clock, db
from circle.local.child import LocalError
from circle.people import actions, store
from circle.people.accounts import rules
from circle.settings import Settings

# The houses are real and stand in the decree; the demo's list of them serves everybody.
HOUSES = Path(__file__).parent / "demo" / "authorities.json"
KINDS = {"office": "competence_centre"}
"""Where the list says it differently from the database."""


async def first(settings: Settings) -> str:
    """Make the first account when nobody can sign in yet. Returns a German line about what was done.

    Needs CIRCLE_ADMIN_EMAIL and CIRCLE_ADMIN_PASSWORD then; raises LocalError when the password is too weak.
    """
    database = await _connect(settings)
    try:
        async with database.begin(None) as connection:
            # Two starts at once must not make two first accounts.
            await connection.execute("lock table person in share row exclusive mode")
            if await connection.fetchval("select exists(select from person where password_hash is not null)"):
                return "Konten sind vorhanden."
            if not settings.admin_email or not settings.admin_password:
                return (
                    "Noch kann sich niemand anmelden. Legen Sie ein Konto an: "
                    "circle user add NAME@BEHÖRDE --role technical_admin"
                )
            person = ("Technische Administration", settings.admin_email, settings.admin_password)
            await _enter(connection, *person, "kfi", ["technical_admin"])
    finally:
        await database.pool.close()
    return f"Das erste Konto ist angelegt: {settings.admin_email}"


async def add(settings: Settings, name: str, email: str, password: str, house: str, roles: list[str]) -> str:
    """Enter a person of the authority with the key `house`. Returns a German line about what was done.

    Raises LocalError for unknown roles, an unknown house, a weak password or an address that exists.
    """
    if unknown := sorted(set(roles) - set(auth.ROLE_NAMES)):
        known = ", ".join(auth.ROLE_NAMES)
        raise LocalError(f"Diese Rolle gibt es nicht: {', '.join(unknown)}. Möglich sind: {known}.")
    database = await _connect(settings)
    try:
        async with database.begin(None) as connection:
            await _enter(connection, name, email, password, house, roles)
    except asyncpg.UniqueViolationError as error:
        raise LocalError(f"Für {email} gibt es schon ein Konto.") from error
    finally:
        await database.pool.close()
    return f"Das Konto ist angelegt: {email}"


async def _enter(
    connection: db.Connection, name: str, email: str, password: str, house: str, roles: list[str]
) -> None:
    if weakness := rules.weakness(password, email, name):
        raise LocalError(weakness)
    await actions.add_person(
        connection,
        auth.service((await clock.read(connection)).now()),
        name=name,
        email=email,
        password=password,
        authority_id=await _house(connection, house),
        roles=roles,
    )


async def _house(connection: db.Connection, key: str) -> UUID:
    """The id of a house; one of the decree's houses is entered when it is missing."""
    if found := await connection.fetchval("select id from authority where key = $1", key):
        return UUID(str(found))
    houses: list[dict[str, Any]] = msgspec.json.decode(HOUSES.read_bytes())
    for house in houses:
        if house["id"] == key:
            kind = KINDS.get(house["kind"], house["kind"])
            return await store.upsert_authority(connection, key, house["name"], house["short"], kind)
    raise LocalError(
        f"Diese Behörde gibt es nicht: {key}. Möglich sind: {', '.join(house['id'] for house in houses)}."
    )


async def _connect(settings: Settings) -> db.Database:
    url = settings.database_url
    return await db.connect(url, smallest=1, largest=1, statement_timeout=settings.statement_timeout)
