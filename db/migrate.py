"""Applies `db/migrations/*.sql` in order: forward only, one transaction each, under an advisory lock.

Each file is kept with its SHA-256; a file that changed after it was applied stops the start. Why an own runner of
this size and not a library: docs/decisions/0002-migrations.md.
"""

import hashlib
from pathlib import Path
from urllib.parse import unquote, urlsplit

import asyncpg

FOLDER = Path(__file__).parent / "migrations"
LOCK = 7_205_205_2024
"""Any number of processes may start at once; this advisory lock lets one migrate."""


class MigrationError(RuntimeError):
    """The database and the files do not agree; the German text says what to do."""


def files(folder: Path = FOLDER) -> list[tuple[str, str, str]]:
    """Name, text and SHA-256 of every migration, in the order in which they apply."""
    texts = [(path.name, path.read_text(encoding="utf-8")) for path in sorted(folder.glob("[0-9]*.sql"))]
    return [(name, text, hashlib.sha256(text.encode()).hexdigest()) for name, text in texts]


async def applied(db: asyncpg.Connection) -> dict[str, str]:
    """Name → SHA-256 of what this database has seen; empty for a new database."""
    if await db.fetchval("select to_regclass('migration')") is None:
        return {}
    return {row["name"]: row["sha256"] for row in await db.fetch("select name, sha256 from migration")}


async def pending(db: asyncpg.Connection, folder: Path = FOLDER) -> list[str]:
    """Names of files not yet applied. Raises MigrationError when an applied file has changed or is missing."""
    seen, known = await applied(db), {name: sha256 for name, _, sha256 in files(folder)}
    for name, sha256 in seen.items():
        if known.get(name) != sha256:
            raise MigrationError(
                f"Die Datenbank kennt „{name}“ in anderem Wortlaut. Bitte die Programmfassung verwenden, "
                "die diese Datenbank angelegt hat, oder eine neuere."
            )
    return [name for name in known if name not in seen]


async def migrate(admin_url: str, runtime_url: str = "", folder: Path = FOLDER) -> list[str]:
    """Bring the database behind `admin_url` (its owner) up to date and grant the role of `runtime_url` its rights.

    Returns the names applied now. Raises MigrationError, or asyncpg's error of the failing file (rolled back).
    """
    db = await asyncpg.connect(admin_url)
    try:
        await db.execute(f"select pg_advisory_lock({LOCK})")
        await db.execute(
            "set lock_timeout = '5s'; set statement_timeout = '300s'; set client_min_messages = warning"
        )
        await db.execute(
            "create table if not exists migration (name text primary key, sha256 text not null, "
            "applied_at timestamptz not null default now())"
        )
        new = await pending(db, folder)
        for name, text, sha256 in files(folder):
            if name in new:
                async with db.transaction():
                    await db.execute(text)
                    await db.execute("insert into migration (name, sha256) values ($1, $2)", name, sha256)
        if role := unquote(urlsplit(runtime_url).username or ""):
            await db.execute("select grant_runtime($1)", role)
        return new
    finally:
        await db.close()
