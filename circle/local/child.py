"""One program that the supervisor keeps alive: how it is described, started and ended.

Linux does the work that a careless parent would forget: every child leads its own process group and dies with
the process that started it (PR_SET_PDEATHSIG), also when that one is killed without warning.
"""

import contextlib
import ctypes
import errno
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36
NOBODY = 65534

# Loaded once: between fork and exec nothing may be imported.
_prctl = ctypes.CDLL(None, use_errno=True).prctl if sys.platform == "linux" else None


class LocalError(Exception):
    """Something that a person has to put right; the German text says what and how."""


def _always() -> bool:
    return True


@dataclass(frozen=True, kw_only=True)
class Child:
    """A program under supervision. Times in seconds."""

    name: str
    """Key in run.json and name of the log file."""
    title: str
    """The name people read."""
    command: list[str]
    env: Mapping[str, str] = field(default_factory=dict)
    """Added to the environment of the supervisor."""
    user: int | None = None
    """Drop to this user and group (only root can)."""
    ready: Callable[[], bool] = _always
    """True as soon as the child can be used; asked often, so it has to answer quickly."""
    before: Callable[[], None] | None = None
    """Called before each start, for example to remove what a killed predecessor left."""
    stop_signal: int = signal.SIGTERM
    patience: float = 8.0
    """How long it may take to stop before its group is killed."""
    start_limit: float = 60.0
    """How long it may take to be ready."""
    umask: int = 0o077


def spawn(child: Child, log: Path, env: Mapping[str, str] = MappingProxyType({})) -> subprocess.Popen[bytes]:
    """Start `child` in a process group of its own, with `env` besides its own; both outputs are appended to `log`.

    Call it from the main thread: the kernel ends the child with the *thread* that started it.
    """
    if child.before:
        child.before()
    parent = os.getpid()

    def bind_to_parent() -> None:
        if _prctl is not None:
            _prctl(PR_SET_PDEATHSIG, int(child.stop_signal), 0, 0, 0)
            if os.getppid() != parent:  # The parent died between fork and prctl.
                os._exit(1)

    with log.open("ab") as output:
        return subprocess.Popen(
            child.command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd="/" if child.user is not None else None,
            env={**os.environ, **child.env, **env},
            user=child.user,
            group=child.user,
            extra_groups=[] if child.user is not None else None,
            umask=child.umask,
            start_new_session=True,
            preexec_fn=bind_to_parent,
        )


def wait_ready(
    child: Child, running: subprocess.Popen[bytes], stopping: Callable[[], bool] = lambda: False
) -> bool:
    """Wait until `child` can be used; False when it died, took too long or `stopping` turned true."""
    end = time.monotonic() + child.start_limit
    while time.monotonic() < end and running.poll() is None and not stopping():
        if child.ready():
            return True
        time.sleep(0.03)
    return False


def stop(running: subprocess.Popen[bytes], child: Child) -> None:
    """End one child: first its own signal, after `patience` the whole group without asking."""
    if running.poll() is None:
        running.send_signal(child.stop_signal)
        with contextlib.suppress(subprocess.TimeoutExpired):
            running.wait(child.patience)
    kill_group(running.pid)
    running.wait()


def kill_group(leader: int) -> None:
    """Kill what is left of a child's process group."""
    try:
        os.killpg(leader, signal.SIGKILL)
    except ProcessLookupError:
        return
    except PermissionError:
        # The group's last member may have changed its user; the kernel ends it with its parent.
        return


def free_port() -> int:
    """A TCP port on loopback that nobody listens on right now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def bind_once(host: str, port: int) -> None:
    """Take the port and let it go again. Raises OSError when it cannot be had."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        # As the web server does it: connections that still wind down are no obstacle.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind((host, port))
        probe.listen(1)


def listens(port: int) -> bool:
    """True when something accepts connections on this loopback port."""
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex(("127.0.0.1", port)) == 0


_REASONS = {
    errno.EACCES: "keine Berechtigung",
    errno.EPERM: "keine Berechtigung",
    errno.EROFS: "nur lesbar",
    errno.ENOSPC: "kein Platz mehr",
    errno.ENOTDIR: "kein Ordner",
    errno.EEXIST: "kein Ordner",
    errno.EADDRINUSE: "schon belegt",
    errno.EADDRNOTAVAIL: "Adresse gibt es hier nicht",
}


def reason(error: OSError) -> str:
    """What the system refused, in German where it is one of the usual reasons."""
    return _REASONS.get(error.errno or 0) or error.strerror or type(error).__name__


def as_root() -> bool:
    """True when this process may change its user."""
    return os.geteuid() == 0
