"""The whole demo as a newcomer starts it: `circle demo` in a folder of its own, ended like with Ctrl-C."""

import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from circle.local import child

PASSWORD = "demo"
START_LIMIT = 120.0
"""Seconds until the demo says READY, on a busy machine."""


class Demo(msgspec.Struct, frozen=True):
    """A running demo: its address and its data folder."""

    url: str
    folder: Path

    @property
    def facts(self) -> dict[str, Any]:
        """What run.json says now. Raises FileNotFoundError when the demo has ended."""
        found: dict[str, Any] = msgspec.json.decode((self.folder / "run.json").read_bytes())
        return found

    @property
    def maildir(self) -> Path:
        return self.folder / "mail"


@contextlib.contextmanager
def running() -> Iterator[Demo]:
    """Start the demo with nothing of the surroundings' settings. Raises RuntimeError with its output when it fails."""
    home = Path(tempfile.mkdtemp(prefix="circle-demo-"))
    home.chmod(0o711)
    port = child.free_port()
    command = [sys.executable, "-m", "circle.cli", "demo", "--port", str(port), "--data", str(home / "demo")]
    strange = ("DATABASE_", "REDIS_", "SMTP_", "CIRCLE_")
    env = {name: value for name, value in os.environ.items() if not name.startswith(strange)}
    with (home / "output").open("w", encoding="utf-8") as output:
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, env=env)
        try:
            yield Demo(_ready(process, home / "output"), home / "demo")
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(60)
            shutil.rmtree(home, ignore_errors=True)


def _ready(process: subprocess.Popen[bytes], output: Path) -> str:
    end = time.monotonic() + START_LIMIT
    while time.monotonic() < end and process.poll() is None:
        if found := re.search(r"^READY (\S+)$", output.read_text(encoding="utf-8"), re.M):
            return found[1]
        time.sleep(0.1)
    raise RuntimeError(f"the demo did not start: {output.read_text(encoding='utf-8')}")
