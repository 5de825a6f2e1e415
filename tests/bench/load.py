"""Processes and their CPU time, and a client that costs them nothing."""

import asyncio
import contextlib
import os
import signal
import socket
import statistics
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec

from circle.local import child

TICKS = os.sysconf("SC_CLK_TCK")


class Round(msgspec.Struct, frozen=True):
    """What one burst of requests cost: CPU milliseconds per request, and the median time to an answer."""

    server: float
    postgres: float
    p50: float

    @property
    def total(self) -> float:
        return self.server + self.postgres


def tree(pid: int) -> list[int]:
    """A process and all below it."""
    children: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            children.setdefault(int(stat.read_text().rpartition(")")[2].split()[1]), []).append(
                int(stat.parent.name)
            )
    found, waiting = [], [pid]
    while waiting:
        found.append(waiting.pop())
        waiting += children.get(found[-1], [])
    return found


def cpu(pid: int) -> float:
    """CPU seconds of a process and all below it, ended children included."""
    total = 0
    for one in tree(pid):
        with contextlib.suppress(OSError):
            total += sum(map(int, Path(f"/proc/{one}/stat").read_text().rpartition(")")[2].split()[11:15]))
    return total / TICKS


def pss(pid: int) -> float:
    """MiB of one process, shared pages counted in parts. Needs the right to look at the process."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) / 1024
    return 0.0


@contextlib.contextmanager
def serving(command: list[str], port: int, env: dict[str, str], log: Path) -> Iterator[tuple[int, float]]:
    """A server for the length of a `with` block: its pid, and the seconds until it listened."""
    since = time.monotonic()
    with log.open("wb") as out:
        process = subprocess.Popen(
            command, env=os.environ | env, stdout=out, stderr=subprocess.STDOUT, start_new_session=True
        )
    try:
        while not listens(port):
            if process.poll() is not None or time.monotonic() - since > 30:
                raise child.LocalError(f"{command} did not start:\n{log.read_text()[-2000:]}")
            time.sleep(0.01)
        yield process.pid, time.monotonic() - since
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(15)


def listens(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 0.2):
        return True
    return False


async def _talk(
    port: int, requests: Iterator[bytes], until: float, times: list[float], bad: list[bytes]
) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    while (since := time.perf_counter()) < until:
        writer.write(next(requests))
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0])
        body = await reader.readexactly(length)
        times.append(time.perf_counter() - since)
        if not head.startswith(b"HTTP/1.1 2"):
            bad.append(head.split(b"\r\n")[0] + body[:300])
            break
    writer.close()
    await writer.wait_closed()


def once(port: int, request: bytes) -> bytes:
    """The body of one answer."""
    with socket.create_connection(("127.0.0.1", port), 5) as line, line.makefile("rb") as answer:
        line.sendall(request)
        length = 0
        while (head := answer.readline()) not in (b"\r\n", b""):
            if head.lower().startswith(b"content-length:"):
                length = int(head.split(b":")[1])
        return answer.read(length)


def burst(
    port: int,
    pids: tuple[int, int],
    requests: Callable[[], Iterator[bytes]],
    *,
    seconds: float,
    lines: int = 8,
) -> Round:
    """Ask for some seconds over `lines` kept connections. Raises RuntimeError when an answer is not good."""

    async def all_lines() -> None:
        until = time.perf_counter() + seconds
        async with asyncio.TaskGroup() as group:
            for _ in range(lines):
                group.create_task(_talk(port, requests(), until, times, bad))

    times: list[float] = []
    bad: list[bytes] = []
    before = [cpu(pid) for pid in pids]
    asyncio.run(all_lines())
    spent = [(cpu(pid) - was) * 1000 / max(len(times), 1) for pid, was in zip(pids, before, strict=True)]
    if bad:
        raise RuntimeError(bad[0].decode(errors="replace"))
    return Round(spent[0], spent[1], statistics.median(times) * 1000)
