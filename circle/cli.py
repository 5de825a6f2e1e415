"""The command line. Each command imports what it needs itself, so that the small ones stay quick."""

import os
import sys
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

if TYPE_CHECKING:
    from circle.settings import Settings

HELP = {"help_option_names": ["-h", "--help"]}


@click.group(context_settings=HELP)
def main() -> None:
    """Arbeitsraum für den Koordinierungskreis."""
    for stream in (sys.stdout, sys.stderr):
        # A terminal that knows no umlauts shows question marks and goes on.
        stream.reconfigure(errors="replace", line_buffering=True)  # type: ignore[union-attr]  # always TextIOWrapper


@main.command()
@click.option("--port", type=click.IntRange(1, 65535), envvar="PORT", help="Port des Webservers.")
@click.option(
    "--data", type=Path, envvar="DATA", default="var/demo", show_default=True, help="Ordner für alle Daten."
)
def demo(port: int | None, data: Path) -> None:
    """Alles mit Beispieldaten auf diesem Rechner starten."""
    settings = _settings(CIRCLE_PORT=port, CIRCLE_MODE=os.environ.get("CIRCLE_MODE") or "demo")
    if settings.mode == "live":
        _fail("Beispieldaten gehören nicht in den echten Betrieb. Nehmen Sie „circle up“.")
    _start("demo", settings, data)


@main.command()
@click.option("--port", type=click.IntRange(1, 65535), envvar="PORT", help="Port des Webservers.")
@click.option(
    "--data", type=Path, envvar="DATA", default="var/circle", show_default=True, help="Ordner für alle Daten."
)
def up(port: int | None, data: Path) -> None:
    """Alles ohne Beispieldaten auf diesem Rechner starten."""
    given: dict[str, Any] = {"CIRCLE_PORT": port}
    asked = not (data / "log").exists() and "CIRCLE_ADMIN_EMAIL" not in os.environ and sys.stdin.isatty()
    if asked:
        click.echo("Für die Technische Administration wird das erste Konto angelegt.")
        given["CIRCLE_ADMIN_EMAIL"] = click.prompt("E-Mail-Adresse")
        given["CIRCLE_ADMIN_PASSWORD"] = click.prompt("Kennwort", hide_input=True, confirmation_prompt=True)
    _start("up", _settings(**given), data)


@main.command()
@click.option("--proxy", default="127.0.0.1", envvar="CIRCLE_PROXY", show_default=True, help="Adresse des Reverse-Proxys, dessen Angaben gelten.")  # fmt: skip
def serve(proxy: str) -> None:
    """Den Webserver starten."""
    import uvicorn

    from circle.local import start

    settings = _settings()
    uvicorn.run(
        "circle.app:create_app",
        factory=True,
        host=settings.host,
        port=settings.port,
        loop="uvloop",
        http="httptools",
        ws="websockets-sansio",
        # What is larger would not be taken anyway; and what is typed is too small to be worth packing.
        ws_max_size=1024 * 1024,
        ws_per_message_deflate=False,
        # The service logs its own requests, without addresses of people.
        access_log=False,
        log_level="warning",
        server_header=False,
        date_header=True,
        proxy_headers=True,
        forwarded_allow_ips=proxy,
        timeout_keep_alive=20,
        timeout_graceful_shutdown=start.WEB_GRACE,
        backlog=512,
        h11_max_incomplete_event_size=32 * 1024,
    )


@main.command()
@click.option("-c", "--processes", type=click.IntRange(1, 64), help="Zahl der Prozesse.")
def worker(processes: int | None) -> None:
    """Den Hintergrunddienst starten."""
    from circle.local import start

    _become(start.worker_command(processes or _settings().workers))


@main.command()
@click.option(
    "--schedule", type=Path, default="var/beat-schedule", show_default=True, help="Merkdatei des Zeitgebers."
)
def beat(schedule: Path) -> None:
    """Den Zeitgeber starten."""
    from circle.local import start

    schedule.parent.mkdir(parents=True, exist_ok=True)
    _become(start.beat_command(schedule))


@main.command()
def relay() -> None:
    """Die Übergabe von Aufträgen an den Hintergrunddienst starten."""
    from circle.local import start

    _become(start.relay_command())


@main.command()
def migrate() -> None:
    """Die Tabellen der Datenbank auf den neuesten Stand bringen."""
    import asyncio

    import asyncpg

    from db import migrate as migrations

    settings = _settings()
    if not settings.database_admin_url:
        _fail("DATABASE_ADMIN_URL ist nicht gesetzt.")
    try:
        done = asyncio.run(migrations.migrate(settings.database_admin_url, settings.database_url))
        if settings.clock:
            asyncio.run(_wind(settings.database_admin_url, settings.clock))
    except (migrations.MigrationError, asyncpg.PostgresError, OSError) as error:
        _fail(f"Die Tabellen ließen sich nicht einrichten: {error}")
    for name in done:
        click.echo(f"angewendet: {name}")
    click.echo("Die Tabellen sind auf dem neuesten Stand.")


async def _wind(admin_url: str, clock: str) -> None:
    import asyncpg

    from circle.core import clock as clocks

    db = await asyncpg.connect(admin_url)
    try:
        await clocks.wind(db, clock)
    finally:
        await db.close()


@main.command(name="import")
@click.argument("folder", required=False, type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--jsonl", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Texte, eine JSON-Zeile je Dokument, auch .xz.")  # fmt: skip
@click.option("--if-empty", is_flag=True, help="Nur laden, wenn die Datenbank noch leer ist.")
def import_(folder: Path | None, jsonl: Path | None, if_empty: bool) -> None:
    """Einen Ordner mit einem bestehenden Kreis oder eine Datei mit Texten laden."""
    import asyncio

    import asyncpg

    from circle.core.errors import Unavailable
    from circle.local.child import LocalError

    if (folder is None) == (jsonl is None):
        _fail("Nennen Sie entweder einen ORDNER oder --jsonl DATEI.")
    try:
        asyncio.run(_load(_settings(), folder, jsonl, if_empty))
    except (LocalError, Unavailable, OSError, asyncpg.PostgresError) as error:
        _fail(str(error))


async def _load(settings: "Settings", folder: Path | None, jsonl: Path | None, if_empty: bool) -> None:
    """Load one of the two. In a demo everybody active may sign in with the published password."""
    from circle.core import db, files
    from circle.local import importer, start

    database = await db.connect(
        settings.database_url, smallest=1, largest=2, statement_timeout=settings.statement_timeout
    )
    try:
        async with database.begin(None) as connection:
            filled = await connection.fetchval("select exists(select from person)")
        if if_empty and filled:
            click.echo("Daten sind schon vorhanden.")
        elif folder:
            storage = files.Storage(settings.files)
            passwords = start.DEMO_PASSWORD if settings.mode == "demo" else ""
            await importer.load_folder(database, storage, folder, _say_count, passwords=passwords)
        elif jsonl:
            await importer.load_jsonl(database, jsonl, _say_count)
    finally:
        await database.pool.close()
    if settings.database_admin_url:
        await _analyze(settings.database_admin_url)


async def _analyze(admin_url: str) -> None:
    """Let the planner know at once what was loaded; by itself it would find out minutes later. Only the owner may."""
    import asyncpg

    owner = await asyncpg.connect(admin_url)
    try:
        await owner.execute("analyze")
    finally:
        await owner.close()


def _say_count(name: str, count: int) -> None:
    click.echo(f"{name}: {count}")


@main.group()
def user() -> None:
    """Konten verwalten."""


@user.command(name="add")
@click.argument("email")
@click.option("--role", "roles", multiple=True, required=True, help="Rolle; mehrfach möglich.")
@click.option("--name", help="Name der Person; sonst die E-Mail-Adresse.")
@click.option("--house", default="kfi", show_default=True, help="Kürzel der Behörde, zum Beispiel br-koeln.")
@click.option("--password", envvar="CIRCLE_PASSWORD", help="Kennwort; ohne Angabe wird gefragt.")
def add_user(email: str, roles: tuple[str, ...], name: str | None, house: str, password: str | None) -> None:
    """Ein Konto anlegen."""
    from circle.local import accounts

    password = password or click.prompt("Kennwort", hide_input=True, confirmation_prompt=True)
    _say(accounts.add(_settings(), name or email, email, str(password), house, list(roles)))


@user.command(name="first")
def first_user() -> None:
    """Das erste Konto aus CIRCLE_ADMIN_EMAIL und CIRCLE_ADMIN_PASSWORD anlegen."""
    from circle.local import accounts

    _say(accounts.first(_settings()))


@main.command(name="calendar-reply")
def calendar_reply() -> None:
    """Eine Antwort auf eine Einladung aus einem Kalender lesen: die E-Mail kommt auf der Standardeingabe."""
    import asyncio

    import asyncpg

    from circle.core.errors import Unavailable
    from circle.meetings.replies import incoming, mailbox, rules

    raw = sys.stdin.buffer.read(incoming.MAIL_LIMIT + 1)
    try:
        reason = asyncio.run(mailbox.take_one(_settings(), raw))
    except (Unavailable, OSError, asyncpg.PostgresError):
        click.echo("Der Dienst ist gerade nicht erreichbar. Bitte später noch einmal zustellen.", err=True)
        sys.exit(os.EX_TEMPFAIL)
    # A refusal is no fault of the delivery: a mail server that got one would write to whoever the sender is said to be.
    click.echo(f"nicht übernommen: {rules.REASONS[reason]}" if reason else "übernommen")


@main.command()
@click.argument("kind")
@click.argument("day", metavar="DATE")
@click.argument("value", type=int)
@click.option("--json", "as_json", is_flag=True, help="Ausgabe für Programme.")
def deadline(kind: str, day: str, value: int, as_json: bool) -> None:
    """Eine Frist berechnen, zum Beispiel: circle deadline working_days 2026-11-23 10."""
    import msgspec

    from circle.core import calendar

    try:
        found = calendar.deadline(kind, _date(day), value)
    except ValueError as error:
        _fail(str(error))
    if as_json:
        click.echo(msgspec.json.encode(found).decode())
        return
    for step in found.steps:
        click.echo(step)


@main.command()
@click.option(
    "--data", type=Path, envvar="DATA", help="Ordner eines laufenden Dienstes, der geprüft werden soll."
)
def doctor(data: Path | None) -> None:
    """Prüfen, ob alles da ist, was der Dienst braucht."""
    import asyncio

    from circle.local import doctor as checks

    settings = _settings(**(_running(data) if data else {}))
    if not asyncio.run(
        checks.check(settings, lambda good, line: click.echo(f"{'gut   ' if good else 'FEHLER'} {line}"))
    ):
        sys.exit(1)


def _running(data: Path) -> dict[str, Any]:
    """The settings of the service that runs on `data`, from its run.json."""
    import msgspec

    try:
        facts: dict[str, Any] = msgspec.json.decode((data / "run.json").read_bytes())
    except (OSError, msgspec.DecodeError):
        _fail(f"Mit dem Ordner {data} läuft gerade kein Dienst.")
    smtp = f"smtp://127.0.0.1:{facts['smtp_port']}" if facts["smtp_port"] else None
    return {
        "DATABASE_URL": facts["database_url"],
        "REDIS_URL": facts["redis_url"],
        "SMTP_URL": smtp,
        "CIRCLE_URL": facts["url"],
        "CIRCLE_FILES": facts["files"],
        "CIRCLE_MODE": facts["mode"],
    }


def _settings(**given: Any) -> "Settings":
    """The settings of the environment; what is `given` and not None takes precedence."""
    from circle import settings

    try:
        return settings.read(
            {**os.environ, **{name: str(value) for name, value in given.items() if value is not None}}
        )
    except settings.SettingsError as error:
        _fail(str(error))


def _start(kind: Any, settings: "Settings", data: Path) -> NoReturn:
    from circle.local import start
    from circle.local.child import LocalError

    def say(line: str) -> None:
        try:
            click.echo(line)
        except OSError:  # Whoever read our lines has gone; the service stays.
            sys.stdout = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 - until the process ends

    try:
        sys.exit(start.run(kind, settings, data, say))
    except LocalError as error:
        _fail(str(error))


def _say(work: Any) -> None:
    """Run an account's coroutine and say its line."""
    import asyncio

    import asyncpg

    from circle.local.child import LocalError

    try:
        click.echo(asyncio.run(work))
    except (LocalError, OSError, asyncpg.PostgresError) as error:
        _fail(str(error))


def _date(text: str) -> date:
    """An ISO date, or one as people write it: 04.11.2026."""
    for form in ("%Y-%m-%d", "%d.%m.%Y"):
        try:
            return datetime.strptime(text, form).date()
        except ValueError:
            continue
    raise ValueError(f"„{text}“ ist kein Datum. Schreiben Sie es so: 2026-11-04 oder 04.11.2026.")


def _become(command: list[str]) -> NoReturn:
    """Turn this process into another program: signals reach it without anybody between."""
    sys.stdout.flush()
    os.execv(command[0], command)  # noqa: S606 - our own programs, no shell


def _fail(text: str) -> NoReturn:
    click.echo(text, err=True)
    sys.exit(1)


if __name__ == "__main__":
    main()
