"""Accounts from the command line: the first administrator, and whoever is added by hand."""

import asyncpg

from circle import settings as settings_module
from circle.core import auth, clock, db
from circle.local.child import LocalError
from circle.people import actions, store
from circle.settings import Settings

OFFICE = ("kfi", "Kompetenzzentrum für Integration", "KfI", "competence_centre")
SHORTEST = 12
"""Characters of a password; the demo's own people are exempt."""


async def first(settings: Settings) -> str:
    """Make the first account when nobody can sign in yet. Returns a German line about what was done.

    Needs CIRCLE_ADMIN_EMAIL and CIRCLE_ADMIN_PASSWORD then; raises LocalError when the password is too short.
    """
    database = await _connect(settings)
    try:
        async with database.begin(None) as connection:
            # Two starts at once must not make two first accounts.
            await connection.execute("lock table person in share row exclusive mode")
            if await connection.fetchval("select exists(select from person where password_hash is not null)"):
                return "Konten sind vorhanden."
            if not settings.admin_email or not settings.admin_password:
                return "Noch kann sich niemand anmelden. Legen Sie ein Konto an: circle user add NAME@BEHOERDE --role technical_admin"
            _check_password(settings.admin_password)
            house = await store.upsert_authority(connection, *OFFICE)
            await actions.add_person(
                connection,
                auth.service((await clock.read(connection)).now()),
                name="Technische Administration",
                email=settings.admin_email,
                password=settings.admin_password,
                authority_id=house,
                roles=["technical_admin", "circle_office"],
            )
    finally:
        await database.pool.close()
    return f"Das erste Konto ist angelegt: {settings.admin_email}"


async def add(settings: Settings, email: str, name: str, password: str, house: str, roles: list[str]) -> str:
    """Enter a person of the authority with the key `house`. Returns a German line about what was done.

    Raises LocalError for unknown roles, an unknown house, a short password or an address that exists.
    """
    if unknown := sorted(set(roles) - set(auth.ROLE_NAMES)):
        raise LocalError(f"Diese Rolle gibt es nicht: {', '.join(unknown)}. Möglich: {', '.join(auth.ROLE_NAMES)}.")
    _check_password(password)
    database = await _connect(settings)
    try:
        async with database.begin(None) as connection:
            if house == OFFICE[0]:
                house_id = await store.upsert_authority(connection, *OFFICE)
            else:
                house_id = await connection.fetchval("select id from authority where key = $1", house)
            if house_id is None:
                keys = await connection.fetch("select key from authority order by key")
                raise LocalError(f"Diese Behörde gibt es nicht: {house}. Möglich: {', '.join(row['key'] for row in keys)}.")
            await actions.add_person(
                connection,
                auth.service((await clock.read(connection)).now()),
                name=name,
                email=email,
                password=password,
                authority_id=house_id,
                roles=roles,
            )
    except asyncpg.UniqueViolationError as error:
        raise LocalError(f"Für {email} gibt es schon ein Konto.") from error
    finally:
        await database.pool.close()
    return f"Das Konto ist angelegt: {email}"


def _check_password(password: str) -> None:
    if len(password) < SHORTEST:
        raise LocalError(f"Das Kennwort ist zu kurz. Nehmen Sie mindestens {SHORTEST} Zeichen.")


async def _connect(settings: settings_module.Settings) -> db.Database:
    url = settings.database_url
    return await db.connect(url, smallest=1, largest=1, statement_timeout=settings.statement_timeout)
