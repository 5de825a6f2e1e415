"""Measures; see the package's text."""

import asyncio
import itertools
import json
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import httpx
import msgspec

from circle import settings as settings_module
from circle.core import db
from circle.local import child, postgres
from tests.clients import OneConnection, queries

from . import guessing, load, world, writing

ROUNDS, SECONDS = 5, 1.0
ROOT = Path(__file__).parents[2]


class Kind(msgspec.Struct, frozen=True):
    """One thing to ask for: of the product, of the floor, the most that may be used (total CPU), statements allowed."""

    name: str
    product: Callable[[], Iterator[bytes]]
    floor: Callable[[], Iterator[bytes]]
    goal: float | None
    statements: int | None = None
    path: str = ""


def asking(
    path: str, keys: list[str] | None = None, token: str = "", body: bytes = b""
) -> Callable[[], Iterator[bytes]]:
    """Requests for one address, or for one after the other with each of `keys` in it."""

    def requests() -> Iterator[bytes]:
        order = random.sample(keys, len(keys)) if keys else [""]
        for key in itertools.cycle(order):
            head = f"{'POST' if body else 'GET'} {path.format(key)} HTTP/1.1\r\nhost: 127.0.0.1:{{port}}\r\n"
            extra = f"authorization: Bearer {token}\r\n" if token else ""
            if body:
                extra += f"content-type: application/json\r\ncontent-length: {len(body)}\r\n"
            yield head.format(port=PORTS["product"]).encode() + extra.encode() + b"\r\n" + body

    return requests


PORTS: dict[str, int] = {}


def kinds(made: dict[str, list[str]]) -> list[Kind]:
    """What is measured, with the goals of docs/decisions/0010-floors.md."""
    anna, ben = made["tokens"]
    api, meetings, documents = "/api/v1", made["meetings"], made["documents"]
    asked = json.dumps(
        {"subject": "Sprachmittlung", "question": world.TEXT, "no_personal_data": True}
    ).encode()
    bare = json.dumps({"subject": "Sprachmittlung", "question": world.TEXT}).encode()
    one = f"{api}/meetings/{meetings[0]}"
    return [
        Kind("all layers, no database", asking("/health/live"), asking("/hello"), 2.0),
        Kind("a meeting with agenda", asking(api + "/meetings/{}", meetings, anna), asking("/meetings/{}", meetings), 1.25, 1, one),
        Kind("50 meetings", asking(f"{api}/meetings?limit=50", None, anna), asking("/meetings"), 1.25, 1, f"{api}/meetings?limit=50"),
        Kind("a document of 20 KB", asking(api + "/documents/{}", documents, anna), asking("/documents/{}", documents), 1.4, 1, f"{api}/documents/{documents[0]}"),
        Kind("50 documents", asking(f"{api}/documents?limit=50", None, anna), asking("/documents"), 1.25, 1, f"{api}/documents?limit=50"),
        Kind("50 people", asking(f"{api}/people?limit=50", None, anna), asking("/people"), 1.25, 1, f"{api}/people?limit=50"),
        Kind("a request for advice", asking(f"{api}/consultations", None, ben, asked), asking("/consultations", None, "", bare), None),
        Kind("the start page", asking("/", None, anna), asking("/meetings/{}", meetings), None, 1, "/"),
    ]  # fmt: skip


def same_fields(kind: Kind) -> None:
    """Both answer the same question: the floor leaves no field out. Raises RuntimeError naming what it lacks."""
    ours, theirs = (
        json.loads(load.once(PORTS[stack], next(ask())))
        for stack, ask in (("product", kind.product), ("floor", kind.floor))
    )
    lacking = fields(ours) - fields(theirs)
    if lacking:
        raise RuntimeError(f"{kind.name}: the floor lacks {sorted(lacking)}")


def fields(body: Any, path: str = "") -> set[str]:
    """The names of all fields, with the way to them."""
    if isinstance(body, list):
        return set().union(*(fields(one, f"{path}[]") for one in body))
    if isinstance(body, dict):
        return set().union(
            *(fields(one, f"{path}.{name}") | {f"{path}.{name}"} for name, one in body.items())
        )
    return set()


async def count_statements(admin: str, url: str, wanted: list[Kind], token: str) -> dict[str, int]:
    """How many statements each read takes, counted inside the program."""
    from circle.app import create_app

    settings = settings_module.read(
        {"DATABASE_URL": url, "CIRCLE_MODE": "test", "CIRCLE_PORT": str(PORTS["product"])}
    )
    database = await db.connect(url, smallest=1, largest=1, statement_timeout=10)
    one, found = OneConnection(database.pool), {}
    app = create_app(settings, one)
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(app.lifespan())
        transport, address = httpx.ASGITransport(app), settings.address
        client = await stack.enter_async_context(httpx.AsyncClient(transport=transport, base_url=address))
        await stack.enter_async_context(one.test())
        for kind in wanted:
            if not kind.path:
                continue
            with queries(one.connection) as seen:
                answer = await client.get(kind.path, headers={"authorization": f"Bearer {token}"})
            if answer.status_code == 200:
                found[kind.name] = len(seen)
    await database.pool.close()
    return found


def speed(rounds: int) -> int:
    """Measure everything and print one line each. Returns 1 when a goal is missed."""
    with tempfile.TemporaryDirectory(prefix="circle-bench-") as name:
        home = Path(name)
        home.chmod(0o711)
        PORTS.update(product=child.free_port(), floor=child.free_port())
        with postgres.running(home / "postgres") as server:
            made = asyncio.run(world.build(server.admin_url(), server.url()))
            wanted = kinds(made)
            counted = asyncio.run(
                count_statements(server.admin_url(), server.url(), wanted, made["tokens"][0])
            )
            pg = int((server.folder / "postmaster.pid").read_text().splitlines()[0])
            env = {
                "DATABASE_URL": server.url(), "CIRCLE_MODE": "test", "CIRCLE_PORT": str(PORTS["product"]),
                "CIRCLE_FILES": str(home / "files"), "CIRCLE_LOG": "json",
            }  # fmt: skip
            product = [sys.executable, "-m", "circle.cli", "serve"]
            floor = [
                sys.executable, "-m", "uvicorn", "tests.bench.floor:app", "--port", str(PORTS["floor"]),
                "--loop", "uvloop", "--http", "httptools", "--no-access-log", "--log-level", "warning",
            ]  # fmt: skip
            with (
                load.serving(product, PORTS["product"], env, home / "product.log") as (web, web_start),
                load.serving(floor, PORTS["floor"], env, home / "floor.log") as (bare, floor_start),
            ):
                for kind in wanted:
                    if kind.path.startswith("/api/"):
                        same_fields(kind)
                missed = [line(kind, counted, rounds, (web, pg), (bare, pg)) for kind in wanted]
                print(f"\nstart to the first port: {web_start:.2f} s, floor {floor_start:.2f} s")
                asyncio.run(guessing.compare(PORTS["product"], server.admin_url()))
                print(f"memory after load:       {load.pss(web):.0f} MiB, floor {load.pss(bare):.0f} MiB")
    return int(any(missed))


def line(
    kind: Kind, counted: dict[str, int], rounds: int, web: tuple[int, int], bare: tuple[int, int]
) -> bool:
    """Measure one kind, print it, and say whether a goal was missed."""
    if kind.path and kind.name not in counted:
        print(f"{kind.name:<26} not answered")
        return False
    done: dict[str, list[load.Round]] = {"product": [], "floor": []}
    for turn in range(rounds + 1):
        for stack in random.sample(sorted(done), 2):
            ask, pids = (kind.product, web) if stack == "product" else (kind.floor, bare)
            found = load.burst(PORTS[stack], pids, ask, seconds=SECONDS)
            if turn:  # The first one warms up.
                done[stack].append(found)
    pairs = list(zip(done["product"], done["floor"], strict=True))
    total = statistics.median(ours.total / theirs.total for ours, theirs in pairs)
    server = statistics.median(ours.server / theirs.server for ours, theirs in pairs)
    ours, statements = done["product"], counted.get(kind.name)
    slow = kind.goal is not None and total > kind.goal
    many = kind.statements is not None and statements is not None and statements > kind.statements
    goal = f"goal {kind.goal}" if kind.goal else ""
    print(
        f"{kind.name:<26} total x{total:.2f}  server x{server:.2f}  "
        f"{statistics.median(r.server for r in ours):.2f} + {statistics.median(r.postgres for r in ours):.2f} ms CPU  "
        f"p50 {statistics.median(r.p50 for r in ours):.1f} ms  {'' if statements is None else f'{statements} statement(s)'}  "
        f"{goal}{'  MISSED' if slow or many else ''}",
        flush=True,
    )
    return slow or many


def demo(folder: Path) -> int:
    """Memory of a running demo, part by part, and how long Python needs to have the service in memory."""
    run = folder / "run.json"
    if not run.exists():
        print(f"{run} is missing: start „make demo“ first.", file=sys.stderr)
        return 2
    sums = {}
    for name, pid in json.loads(run.read_text(encoding="utf-8"))["pids"].items():
        if pid:
            sums[name] = sum(load.pss(one) for one in (load.tree(pid) if name != "supervisor" else [pid]))
            print(f"{name:<12} {sums[name]:>7.1f} MiB")
    print(f"{'together':<12} {sum(sums.values()):>7.1f} MiB")
    for module in ("circle.app", "workers.app", "tests.bench.floor"):
        took = []
        for _ in range(5):
            since = time.perf_counter()
            env = {"PATH": "/usr/bin:/bin", "DATABASE_URL": ""}
            subprocess.run([sys.executable, "-c", f"import {module}"], cwd=ROOT, env=env, check=True)
            took.append(time.perf_counter() - since)
        print(f"import {module:<18} {statistics.median(took):.2f} s")
    return 0


if __name__ == "__main__":
    words = sys.argv[1:]
    if words[:1] == ["demo"]:
        sys.exit(demo(Path(words[1] if len(words) > 1 else "var/demo")))
    sys.exit(max(speed(int(words[0]) if words else ROUNDS), writing.run()))
