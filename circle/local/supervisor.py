"""Starts the programs of one data folder in order, keeps them alive, and ends them in order.

One process, one loop, no threads. Whatever happens to it, nothing stays behind: children die with their parent,
every one of them carries a mark in its environment, and both the end and the next start sweep by that mark.
"""

import contextlib
import fcntl
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any

import msgspec

from circle.local import child
from circle.local.child import Child, LocalError

MARK = "CIRCLE_SUPERVISED"
"""Variable in the environment of every supervised process; its value is the data folder."""
DEATHS, WITHIN = 3, 60.0
"""So many deaths of one child within so many seconds end everything."""
BACKOFF = (0.2, 1.5)
"""Seconds before the first and the second restart: together with the start itself less than five."""
OLD_LOGS = 3


@dataclass(frozen=True, kw_only=True)
class Step:
    """A program that runs to its end between two starts, for example the migrations."""

    name: str
    title: str
    command: list[str]
    env: dict[str, str] = field(default_factory=dict)
    limit: float = 600.0
    """Seconds."""


@dataclass
class _Kept:
    """A child and how it fares."""

    child: Child
    process: subprocess.Popen[bytes]
    since: float
    stage: int
    deaths: list[float] = field(default_factory=list)
    again_at: float | None = None
    usable: bool = False


Stage = Sequence[Child | Step]


class Supervisor:
    """The life of one data folder, from the lock to the last process."""

    def __init__(self, folder: Path, say: Callable[[str], None]) -> None:
        """`say` receives each line that a person should read."""
        self.folder, self.say = folder, say
        self.logs = folder / "log"
        self.kept: dict[str, _Kept] = {}
        self.facts: dict[str, Any] = {}
        self.signals = 0
        self.stage = 0

    def run(self, stages: Sequence[Stage], facts: dict[str, Any], greeting: Sequence[str]) -> int:
        """Start the stages one after the other, keep everything alive until a signal comes.

        `facts` go into run.json beside the process ids; `greeting` is said when everything can be used.
        Returns the exit code: 0 after a signal, 1 when a child cannot be kept alive.
        """
        self.facts = facts
        with self._signals():
            try:
                for stage in stages:
                    self._start(stage)
                if not self.signals:
                    self._write_facts()
                    for line in greeting:
                        self.say(line)
                self._watch()
            except LocalError as error:
                self.say(str(error))
                return 1
            finally:
                self._stop_all()
        return 0

    @contextlib.contextmanager
    def _signals(self) -> Iterator[None]:
        def note(number: int, frame: FrameType | None) -> None:
            self.signals += 1

        kinds = [signal.SIGTERM, signal.SIGINT]
        if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # Ignored means: started with nohup.
            kinds.append(signal.SIGHUP)
        before = {kind: signal.signal(kind, note) for kind in kinds}
        try:
            yield
        finally:
            for kind, action in before.items():
                signal.signal(kind, action)

    def _stopping(self) -> bool:
        return self.signals > 0

    def _start(self, stage: Stage) -> None:
        """Start the children of a stage together and wait for each; then run its steps."""
        self.stage += 1
        begun = [self._begin(part) for part in stage if isinstance(part, Child) and not self.signals]
        for kept in begun:
            if not self.signals:
                self._await_first(kept)
        for part in stage:
            if isinstance(part, Step) and not self.signals:
                self._run_step(part)

    def _begin(self, part: Child) -> _Kept:
        rotate(self.logs / f"{part.name}.log")
        self.kept[part.name] = _Kept(part, self._spawn(part), time.monotonic(), self.stage)
        return self.kept[part.name]

    def _spawn(self, part: Child) -> subprocess.Popen[bytes]:
        return child.spawn(part, self.logs / f"{part.name}.log", {MARK: str(self.folder)})

    def _await_first(self, kept: _Kept) -> None:
        if child.wait_ready(kept.child, kept.process, self._stopping):
            kept.usable = True
            self.say(f"{kept.child.title} … bereit ({seconds(kept.since)})")
        elif not self.signals:
            raise LocalError(f"{kept.child.title} ist nicht gestartet. {self._reason(kept.child.name)}")

    def _run_step(self, step: Step) -> None:
        log = self.logs / f"{step.name}.log"
        rotate(log)
        part = Child(name=step.name, title=step.title, command=step.command, env=step.env)
        since = time.monotonic()
        process = self._spawn(part)
        try:
            while process.poll() is None and not self.signals and time.monotonic() < since + step.limit:
                time.sleep(0.03)
        finally:
            code = process.poll()
            child.stop(process, part)
        if self.signals:
            return
        if code != 0:
            raise LocalError(f"{step.title} ist fehlgeschlagen. {self._reason(step.name)}")
        self.say(f"{step.title} … fertig ({seconds(since)})")

    def _reason(self, name: str) -> str:
        log = self.logs / f"{name}.log"
        lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
        last = f" Letzte Zeile: {lines[-1][:300]}" if lines else ""
        return f"Den Grund nennt {log}.{last}"

    def _watch(self) -> None:
        while not self.signals:
            for kept in self.kept.values():
                self._look_after(kept)
            time.sleep(0.1)

    def _look_after(self, kept: _Kept) -> None:
        now = time.monotonic()
        if kept.again_at is not None:
            if now >= kept.again_at and self._ground_is_firm(kept.stage):
                kept.process, kept.since = self._spawn(kept.child), now
                kept.again_at = None
                self._write_facts()
        elif kept.process.poll() is not None:
            self._note_death(kept, now)
        elif not kept.usable and kept.child.ready():
            kept.usable = True
            self.say(f"{kept.child.title} … wieder bereit ({seconds(kept.since)})")
        elif not kept.usable and now > kept.since + kept.child.start_limit:
            kept.process.kill()  # Noticed as a death in the next round.

    def _ground_is_firm(self, stage: int) -> bool:
        """Whether everything that was started before this stage can be used: a web server without its database
        would die at once and count as unstable."""
        return all(kept.usable and kept.again_at is None for kept in self.kept.values() if kept.stage < stage)

    def _note_death(self, kept: _Kept, now: float) -> None:
        child.kill_group(kept.process.pid)
        kept.deaths = [at for at in kept.deaths if at > now - WITHIN] + [now]
        title = kept.child.title
        if len(kept.deaths) >= DEATHS:
            raise LocalError(
                f"{title} ist dreimal in einer Minute ausgefallen. Alles wird beendet. {self._reason(kept.child.name)}"
            )
        self.say(f"{title} ist ausgefallen (Ende mit {kept.process.returncode}) und wird neu gestartet.")
        kept.usable = False
        kept.again_at = now + BACKOFF[len(kept.deaths) - 1]

    def _write_facts(self) -> None:
        """Replace run.json in one go: whoever reads it sees the old or the new one, never a half one."""
        pids = {name: kept.process.pid for name, kept in self.kept.items()}
        text = msgspec.json.encode(self.facts | {"pids": pids | {"supervisor": os.getpid()}})
        file = self.folder / "run.json"
        part = self.folder / "run.json.part"
        part.unlink(missing_ok=True)
        # It holds the addresses with their passwords.
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as output:
            output.write(msgspec.json.format(text, indent=1) + b"\n")
        part.replace(file)

    def _stop_all(self) -> None:
        """End the stages in the reverse order of their start; a second signal cuts the waiting short."""
        if self.kept:
            self.say("Wird beendet …")
        limit = max(self.signals, 1)
        last = -1
        for kept in sorted(self.kept.values(), key=lambda kept: -kept.stage):
            if kept.stage != last:
                last = kept.stage
                self._ask_to_stop(last)
            end = time.monotonic() + kept.child.patience
            while kept.process.poll() is None and time.monotonic() < end and self.signals <= limit:
                time.sleep(0.02)
            if kept.process.poll() is None:
                self.say(f"{kept.child.title} reagiert nicht und wird abgebrochen.")
            child.kill_group(kept.process.pid)
            kept.process.kill()
            kept.process.wait()
        sweep(self.folder, patience=0.0)
        (self.folder / "run.json").unlink(missing_ok=True)
        self.say("Beendet.")

    def _ask_to_stop(self, stage: int) -> None:
        for kept in self.kept.values():
            if kept.stage == stage and kept.process.poll() is None:
                kept.process.send_signal(kept.child.stop_signal)


def open_folder(folder: Path) -> Path:
    """Make the data folder usable and return its full path. Raises LocalError with what to do about it."""
    try:
        # Root hands PostgreSQL to another user, who has to pass through; for anybody else it stays closed.
        folder.mkdir(mode=0o711 if child.as_root() else 0o700, parents=True, exist_ok=True)
        folder = folder.resolve()
        (folder / "log").mkdir(mode=0o700, exist_ok=True)
        probe = folder / ".probe"
        probe.write_bytes(b"")
        probe.unlink()
    except OSError as error:
        raise LocalError(
            f"In den Ordner {folder} lässt sich nicht schreiben ({child.reason(error)}). "
            "Wählen Sie einen anderen: make demo DATA=/pfad/zum/ordner"
        ) from error
    return folder


@contextlib.contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold the data folder for oneself; the kernel lets go of it when the process ends, however it ends."""
    with (folder / "lock").open("a+", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            file.seek(0)
            raise LocalError(
                f"Mit dem Ordner {folder} läuft schon ein Dienst (Prozess {file.read().strip() or 'unbekannt'}). "
                "Beenden Sie ihn zuerst, oder wählen Sie einen anderen Ordner und Port: "
                "make demo DATA=var/zweite PORT=8001"
            ) from error
        file.truncate(0)
        file.write(f"{os.getpid()}\n")
        file.flush()
        yield


def check_port(host: str, port: int) -> None:
    """Raises LocalError when the port cannot be had."""
    try:
        child.bind_once(host, port)
    except OSError as error:
        other = port + 1 if port < 65535 else 8000
        raise LocalError(
            f"Der Port {port} ist nicht frei ({child.reason(error)}). Nehmen Sie einen anderen: make demo PORT={other}"
        ) from error


def sweep(folder: Path, patience: float) -> list[int]:
    """End every process that carries the mark of `folder`; give them `patience` seconds to end by themselves.

    Returns the ids of those that had to be killed.
    """
    end = time.monotonic() + patience
    while (left := _marked(folder)) and time.monotonic() < end:
        time.sleep(0.05)
    for pid in left:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, signal.SIGKILL)
    return left


def _marked(folder: Path) -> list[int]:
    mark, found = f"{MARK}={folder}".encode(), []
    for proc in Path("/proc").glob("[0-9]*"):
        # Processes of others cannot be read, and those that just ended are gone: neither is ours.
        with contextlib.suppress(OSError):
            if mark in (proc / "environ").read_bytes().split(b"\0") and int(proc.name) != os.getpid():
                found.append(int(proc.name))
    return found


def rotate(log: Path) -> None:
    """Move the log of the last run aside: name.log → name.log.1 → … → name.log.3."""
    for number in range(OLD_LOGS, 0, -1):
        older = log if number == 1 else log.with_name(f"{log.name}.{number - 1}")
        if older.exists():
            older.replace(log.with_name(f"{log.name}.{number}"))


def seconds(since: float) -> str:
    """The time since `since` (monotonic) as people read it: „1,2 s“."""
    return f"{time.monotonic() - since:.1f} s".replace(".", ",")
