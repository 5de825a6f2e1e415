"""What `circle demo` and `circle up` start, in which order, and what each part is told.

Addresses that the environment names already (DATABASE_URL, REDIS_URL, SMTP_URL) are used as they are; for the
others the embedded servers are started.
"""

import http.client
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import msgspec

from circle.local import child, postgres, redis, supervisor
from circle.local.child import Child, LocalError
from circle.local.supervisor import Stage, Step
from circle.settings import Settings

DEMO = Path(__file__).parent / "demo"
DEMO_PASSWORD = "demo"  # noqa: S105 - the published password of invented people
READY = b'"event":"ready"'
"""What workers.app writes when a background process takes up its work."""
WEB_GRACE = 5
"""Seconds that open requests get when the web server stops."""


class _Plan(msgspec.Struct):
    """Collects what the settings leave open."""

    neighbours: list[Child]
    env: dict[str, str]
    """For the web server and the background processes."""
    admin: dict[str, str]
    """Besides, for the steps that change the database itself."""
    facts: dict[str, Any]


def run(kind: Literal["demo", "up"], settings: Settings, folder: Path, say: Callable[[str], None]) -> int:
    """Start everything on `folder` and stay until a signal comes. Returns the exit code.

    Raises LocalError with a German sentence when something is in the way before the start.
    """
    folder = supervisor.open_folder(folder)
    with supervisor.locked(folder):
        if left := supervisor.sweep(folder, patience=15.0):
            say(f"{len(left)} Prozesse eines abgebrochenen Laufs wurden beendet.")
        (folder / "run.json").unlink(missing_ok=True)
        supervisor.check_port(settings.host, settings.port)
        plan = _plan(kind, settings, folder, say)
        stages: list[Stage] = [
            plan.neighbours,
            _steps(kind, plan),
            _service(settings, folder, plan),
        ]
        greeting = [
            f"READY http://127.0.0.1:{settings.port}",
            *(_people() if kind == "demo" else _advice(plan)),
        ]
        return supervisor.Supervisor(folder, say).run(stages, plan.facts, greeting)


def web_command() -> list[str]:
    """The web server."""
    return [sys.executable, "-m", "circle.cli", "serve"]


def worker_command(processes: int) -> list[str]:
    """The background worker with so many processes."""
    worker = ["worker", "--pool", "prefork", "-c", str(processes), "--loglevel", "INFO"]
    # Gossip and mingle talk to other workers; nobody listens to what they say.
    return [*_celery(), *worker, "--without-gossip", "--without-mingle"]


def beat_command(schedule: Path) -> list[str]:
    """The ticking clock; `schedule` is its own note file, which may be lost."""
    return [*_celery(), "beat", "--loglevel", "INFO", "--schedule", str(schedule), "--pidfile", ""]


def relay_command() -> list[str]:
    """The process that hands the outbox to the workers."""
    return [sys.executable, "-m", "workers.relay"]


def _celery() -> list[str]:
    return [sys.executable, "-m", "celery", "-A", "workers.app"]


def _plan(kind: Literal["demo", "up"], settings: Settings, folder: Path, say: Callable[[str], None]) -> _Plan:
    env = {
        "CIRCLE_MODE": settings.mode,
        "CIRCLE_HOST": settings.host,
        "CIRCLE_PORT": str(settings.port),
        "CIRCLE_URL": settings.address,
        "CIRCLE_CLOCK": _clock(kind, settings),
        "CIRCLE_FILES": os.environ.get("CIRCLE_FILES") or str(folder / "files"),
        "CIRCLE_LOG": "json",
        "PYTHONUNBUFFERED": "1",
    }
    facts: dict[str, Any] = {
        "url": settings.address,
        "maildir": None,
        "smtp_port": None,
        "log_dir": str(folder / "log"),
        "clock": env["CIRCLE_CLOCK"] or None,
        "mode": settings.mode,
        "files": env["CIRCLE_FILES"],
    }
    plan = _Plan([], env, {}, facts)
    _plan_database(plan, settings, folder, say)
    _plan_redis(plan, settings, folder)
    _plan_mail(plan, kind, settings, folder)
    # The owner's password and that of the first account are for the steps alone, whoever set them.
    plan.env |= dict.fromkeys(("DATABASE_ADMIN_URL", "CIRCLE_ADMIN_EMAIL", "CIRCLE_ADMIN_PASSWORD"), "")
    return plan


def _plan_database(plan: _Plan, settings: Settings, folder: Path, say: Callable[[str], None]) -> None:
    url, admin_url = settings.database_url, settings.database_admin_url
    if not url:
        since = time.monotonic()
        server = postgres.prepare(folder / "postgres")
        say(f"Datenbankordner … fertig ({supervisor.seconds(since)})")
        plan.neighbours.append(server.child)
        plan.facts["postgres_dir"] = str(server.folder)
        url, admin_url = server.url(), server.admin_url()
    elif not admin_url:
        raise LocalError(
            "DATABASE_URL ist gesetzt, DATABASE_ADMIN_URL fehlt. Zum Einrichten der Tabellen braucht es "
            "die Adresse mit der Rolle, der die Datenbank gehört."
        )
    plan.env["DATABASE_URL"] = plan.facts["database_url"] = url
    plan.admin["DATABASE_ADMIN_URL"] = plan.facts["admin_url"] = admin_url
    plan.admin |= {
        "CIRCLE_ADMIN_EMAIL": settings.admin_email,
        "CIRCLE_ADMIN_PASSWORD": settings.admin_password,
    }


def _plan_redis(plan: _Plan, settings: Settings, folder: Path) -> None:
    url = settings.redis_url
    if not url:
        server = redis.prepare(folder / "redis")
        plan.neighbours.append(server.child)
        url = server.url
    plan.env["REDIS_URL"] = plan.facts["redis_url"] = url


def _plan_mail(plan: _Plan, kind: Literal["demo", "up"], settings: Settings, folder: Path) -> None:
    """Only the demo catches mails. In service they wait in the database until SMTP_URL is set."""
    plan.env["SMTP_URL"] = settings.smtp_url
    if settings.smtp_url or kind == "up":
        return
    port, maildir = child.free_port(), folder / "mail"
    plan.neighbours.append(
        Child(
            name="mail",
            title="Mailfänger",
            command=[sys.executable, "-m", "circle.local.mailbox", str(port), str(maildir)],
            ready=lambda: child.listens(port),
        )
    )
    plan.env["SMTP_URL"] = f"smtp://127.0.0.1:{port}"
    plan.facts |= {"maildir": str(maildir), "smtp_port": port}


def _clock(kind: str, settings: Settings) -> str:
    """The demo's day is the one its data were written for; it counts at the first start only."""
    if kind == "up" or settings.clock:
        return settings.clock
    meta: dict[str, Any] = msgspec.json.decode((DEMO / "meta.json").read_bytes())
    return str(meta["demo_now"])


def _steps(kind: str, plan: _Plan) -> list[Step]:
    circle = [sys.executable, "-m", "circle.cli"]
    env = plan.env | plan.admin
    steps = [Step(name="migrate", title="Datenbank einrichten", command=[*circle, "migrate"], env=env)]
    if kind == "demo":
        command = [*circle, "import", "--if-empty", str(DEMO)]
        steps.append(Step(name="import", title="Beispieldaten laden", command=command, env=env))
    else:
        command = [*circle, "user", "first"]
        steps.append(Step(name="first-account", title="Erstes Konto prüfen", command=command, env=env))
    return steps


def _service(settings: Settings, folder: Path, plan: _Plan) -> list[Child]:
    return [
        Child(
            name="web",
            title="Webserver",
            command=web_command(),
            env=plan.env,
            ready=lambda: _web_answers(settings.host, settings.port),
            patience=WEB_GRACE + 4.0,
        ),
        Child(
            name="worker",
            title="Hintergrunddienst",
            command=worker_command(settings.workers),
            env=plan.env,
            patience=10.0,
            **_says(folder / "log" / "worker.log", READY),
        ),
        Child(
            name="beat",
            title="Zeitgeber",
            command=beat_command(folder / "beat-schedule"),
            env=plan.env,
            **_says(folder / "log" / "beat.log", READY),
        ),
        Child(name="relay", title="Auftragsübergabe", command=relay_command(), env=plan.env),
    ]


def _web_answers(host: str, port: int) -> bool:
    """Ask the health route; a wildcard address is asked on loopback."""
    near = "127.0.0.1" if host in ("0.0.0.0", "::", "") else host  # noqa: S104 - compared, not bound
    connection = http.client.HTTPConnection(near, port, timeout=3)
    try:
        connection.request("GET", "/health/ready")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _says(log: Path, words: bytes) -> dict[str, Any]:
    """`before` and `ready` of a child that announces itself in its log; what a predecessor wrote does not count."""
    start = 0

    def begin() -> None:
        nonlocal start
        start = log.stat().st_size if log.exists() else 0

    def ready() -> bool:
        try:
            with log.open("rb") as lines:
                lines.seek(start)
                return words in lines.read()
        except OSError:
            return False

    return {"before": begin, "ready": ready}


def _people() -> list[str]:
    """Whom one can sign in as, sorted by what they may do."""
    from circle.core.auth import ROLE_NAMES

    people: list[dict[str, Any]] = msgspec.json.decode((DEMO / "persons.json").read_bytes())
    lines = [f"Zum Ausprobieren anmelden, Kennwort für alle: {DEMO_PASSWORD}"]
    for role, title in ROLE_NAMES.items():
        if role in ("municipal_contact", "partner"):  # They receive mails and have no account.
            continue
        lines += [
            f"  {title}: {person['name']} <{person['email']}>"
            for person in people
            if role in person["roles"] and person["active"]
        ]
    return lines


def _advice(plan: _Plan) -> list[str]:
    if plan.env["SMTP_URL"]:
        return []
    return ["SMTP_URL ist nicht gesetzt: E-Mails werden nicht versendet, sie warten. Setzen Sie SMTP_URL."]
