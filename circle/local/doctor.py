"""`circle doctor`: what an operator would check by hand, one German line each."""

import asyncio
import smtplib
import time
import uuid
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import asyncpg
import redis.asyncio

from circle.local import child
from circle.settings import Settings
from db import migrate

FONTS = Path(__file__).parent.parent / "core" / "fonts"
VERSIONS = range(15, 19)
DRIFT = 2.0
"""Seconds between this machine's clock and the database's."""
LIMIT = 5.0
"""Seconds that one check may take."""


class _Wrong(Exception):
    """A check failed; the German text says what to do."""


async def check(settings: Settings, say: Callable[[bool, str], None]) -> bool:
    """Run all checks and say each result. Returns True when everything is well."""
    checks: list[Callable[[Settings], Coroutine[Any, Any, str]]] = [
        _address,
        _database,
        _role,
        _migrations,
        _clock,
        _redis,
        _smtp,
        _files,
        _fonts,
    ]
    good = True
    for one in checks:
        try:
            async with asyncio.timeout(LIMIT):
                say(True, await one(settings))
        except _Wrong as wrong:
            good = False
            say(False, str(wrong))
    return good


async def _address(settings: Settings) -> str:
    host = urlsplit(settings.address).hostname or ""
    if not settings.secure and host not in ("127.0.0.1", "::1", "localhost"):
        raise _Wrong(
            f"CIRCLE_URL: {settings.address} ist nicht verschlüsselt. Nehmen Sie eine Adresse mit https."
        )
    return f"Einstellungen lesbar, Adresse {settings.address}, Betriebsart {settings.mode}"


async def _connect(settings: Settings) -> "asyncpg.Connection[asyncpg.Record]":
    if not settings.database_url:
        raise _Wrong("Datenbank: DATABASE_URL ist nicht gesetzt.")
    try:
        return await asyncpg.connect(settings.database_url, timeout=LIMIT - 1)
    except (OSError, TimeoutError, ValueError, asyncpg.PostgresError) as error:
        raise _Wrong(
            f"Datenbank nicht erreichbar: {type(error).__name__}. Prüfen Sie DATABASE_URL."
        ) from error


async def _database(settings: Settings) -> str:
    db = await _connect(settings)
    try:
        version = db.get_server_version()
        if version.major not in VERSIONS:
            raise _Wrong(f"PostgreSQL {version.major} wird nicht unterstützt. Nehmen Sie 15 bis 18.")
        return f"Datenbank erreichbar, PostgreSQL {db.get_settings().server_version.split()[0]}"
    finally:
        await db.close()


async def _role(settings: Settings) -> str:
    """Row-level security protects from a role only when that role owns nothing and may not step over it."""
    db = await _connect(settings)
    try:
        row = await db.fetchrow(
            """
            select current_user as name, rolsuper or rolbypassrls as mighty,
                exists(select from pg_class where relowner = r.oid and relkind = 'r') as owner
            from pg_roles r where rolname = current_user
            """
        )
    finally:
        await db.close()
    if row is None or row["mighty"] or row["owner"]:
        raise _Wrong(
            "DATABASE_URL nutzt die Rolle des Eigentümers. Nehmen Sie eine Rolle ohne eigene Tabellen."
        )
    return f"Datenbankrolle {row['name']} hat nur die nötigen Rechte"


async def _migrations(settings: Settings) -> str:
    db = await _connect(settings)
    try:
        missing = await migrate.pending(db)
    except migrate.MigrationError as error:
        raise _Wrong(str(error)) from error
    except asyncpg.PostgresError as error:
        raise _Wrong(f"Tabellen nicht lesbar: {error}. Rufen Sie „circle migrate“ auf.") from error
    finally:
        await db.close()
    if missing:
        raise _Wrong(f"Es fehlen {len(missing)} Schritte an den Tabellen. Rufen Sie „circle migrate“ auf.")
    return "Tabellen auf dem neuesten Stand"


async def _clock(settings: Settings) -> str:
    db = await _connect(settings)
    try:
        before = time.time()
        theirs = float(await db.fetchval("select extract(epoch from clock_timestamp())"))
        # They looked at their clock about half way between our two looks.
        drift = theirs - (before + time.time()) / 2
    finally:
        await db.close()
    if abs(drift) > DRIFT:
        raise _Wrong(
            f"Die Uhren von Rechner und Datenbank weichen {drift:.0f} Sekunden ab. Stellen Sie NTP ein."
        )
    return f"Uhren stimmen überein ({abs(drift) * 1000:.0f} ms)"


async def _redis(settings: Settings) -> str:
    if not settings.redis_url:
        raise _Wrong("Redis: REDIS_URL ist nicht gesetzt.")
    client = redis.asyncio.from_url(settings.redis_url, socket_timeout=LIMIT - 1)
    try:
        await client.ping()
        memory = await client.info("memory")
    except (OSError, TimeoutError, redis.RedisError) as error:
        raise _Wrong(f"Redis nicht erreichbar: {type(error).__name__}. Prüfen Sie REDIS_URL.") from error
    finally:
        await client.aclose()
    if memory.get("maxmemory_policy") != "noeviction":
        raise _Wrong("Redis wirft bei Platzmangel Aufträge weg. Setzen Sie maxmemory-policy noeviction.")
    return "Redis erreichbar"


async def _smtp(settings: Settings) -> str:
    if not settings.smtp_url:
        return "SMTP_URL ist nicht gesetzt: E-Mails werden nicht versendet, sie warten"
    place = urlsplit(settings.smtp_url)
    encrypted = place.scheme == "smtps"
    port = place.port or (465 if encrypted else 25)

    def greet() -> None:
        kind = smtplib.SMTP_SSL if encrypted else smtplib.SMTP
        with kind(place.hostname or "", port, local_hostname="localhost", timeout=LIMIT - 1) as server:
            server.noop()

    try:
        await asyncio.to_thread(greet)
    except (OSError, smtplib.SMTPException) as error:
        raise _Wrong(f"Mailserver nicht erreichbar: {type(error).__name__}. Prüfen Sie SMTP_URL.") from error
    return f"Mailserver erreichbar ({place.hostname}:{port})"


async def _files(settings: Settings) -> str:
    if settings.files.startswith("s3://"):
        return f"Dateien liegen in {settings.files}"
    folder = Path(settings.files)
    try:
        await asyncio.to_thread(_write, folder)
    except OSError as error:
        raise _Wrong(
            f"In {folder} lässt sich nicht schreiben ({child.reason(error)}). Prüfen Sie CIRCLE_FILES."
        ) from error
    return f"Dateiablage beschreibbar ({folder})"


def _write(folder: Path) -> None:
    probe = folder / f".doctor-{uuid.uuid4()}"
    folder.mkdir(parents=True, exist_ok=True)
    probe.write_bytes(b"")
    probe.unlink()


async def _fonts(settings: Settings) -> str:
    found = list(FONTS.glob("*.ttf"))
    if not found:
        raise _Wrong(f"Die Schriften für PDF-Dateien fehlen in {FONTS}. Installieren Sie das Programm neu.")
    return f"Schriften für PDF-Dateien vorhanden ({len(found)})"
