"""How well search finds, and how fast: real German texts with judged queries, through the service's own door.

    make bench-search CORPUS=folder

The folder holds `*.corpus.jsonl.xz` (id, title, text) and `*.queries.jsonl` (text, rel: the ids that fit, and for
probes a kind). Everything goes into one index and every query runs against all of it, signed in, with rights on.
CIRCLE_BENCH_QUERIES bounds the queries of each set (default 200), CIRCLE_BENCH_LINES the texts of each corpus.
"""

import asyncio
import itertools
import json
import lzma
import math
import os
import random
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import asyncpg
import httpx

from circle import settings as settings_module
from circle.app import create_app
from circle.core import auth, clock
from circle.core import db as core_db
from circle.local import postgres
from circle.local.importer import jsonl
from db import migrate
from tests import make

QUERIES = int(os.environ.get("CIRCLE_BENCH_QUERIES", "200"))
LINES = int(os.environ.get("CIRCLE_BENCH_LINES", "0"))
SEED = 3


def judge(found: list[str], wanted: set[str]) -> tuple[float, float]:
    """nDCG@10 and recall@100 of one answer."""
    gains = [one in wanted for one in found[:100]]
    best = sum(1 / math.log2(place + 2) for place in range(min(10, len(wanted))))
    gained = sum(gain / math.log2(place + 2) for place, gain in enumerate(gains[:10]))
    return gained / best, sum(gains) / min(100, len(wanted))


def queries(folder: Path, known: set[str]) -> dict[str, list[dict[str, Any]]]:
    """The judged queries by set, and probes by kind; without those whose texts are not in the index."""
    sets: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for path in sorted(folder.glob("*.queries.jsonl")):
        for line in path.read_text(encoding="utf-8").splitlines():
            query = json.loads(line)
            if known.issuperset(query["rel"]):
                name = path.name.removesuffix(".queries.jsonl")
                sets[f"{name}:{query['kind']}" if "kind" in query else name].append(query)
    for one in sets.values():
        random.Random(SEED).shuffle(one)
    return sets


async def load(database: core_db.Database, folder: Path, scratch: Path) -> None:
    """Import every corpus as the command line does."""
    for path in sorted(folder.glob("*.corpus.jsonl.xz")):
        since, source = time.perf_counter(), path
        if LINES:
            source = scratch / path.name.removesuffix(".xz")
            with lzma.open(path) as packed:
                source.write_bytes(b"".join(itertools.islice(packed, LINES)))
        count = await jsonl.load_jsonl(database, source, lambda *_: None)
        print(f"{path.name:<40} {count:>7} texts  {time.perf_counter() - since:6.1f} s", flush=True)


async def measure(admin: str, url: str, folder: Path, scratch: Path) -> None:
    """Fill, ask, print one line for each set."""
    await migrate.migrate(admin, url)
    owner = await asyncpg.connect(admin)
    await clock.wind(owner, "2026-11-23T09:00:00+01:00")
    await make.world(owner)
    database = await core_db.connect(url, smallest=1, largest=2, statement_timeout=600)
    await load(database, folder, scratch)
    await owner.execute("vacuum analyze")
    token = await auth.open_session(owner, await make.person_id(owner, "anna"), "bearer")
    known = {
        row[0]
        for row in await owner.fetch(
            "select substr(reference, 4) from search_entry where reference like 'IM-%'"
        )
    }
    await database.pool.close()
    settings = settings_module.read(
        {"DATABASE_URL": url, "CIRCLE_MODE": "test", "CIRCLE_LOG": "json", "CIRCLE_FILES": str(scratch)}
    )
    async with AsyncExitStack() as stack:
        app = create_app(settings)
        await stack.enter_async_context(app.lifespan())
        client = await stack.enter_async_context(
            httpx.AsyncClient(
                transport=httpx.ASGITransport(app), base_url=settings.address, timeout=60,
                headers={"authorization": f"Bearer {token}"},
            )
        )  # fmt: skip
        means = []
        for name, asked in queries(folder, known).items():
            scores, times = [], []
            for query in asked[:QUERIES]:
                since = time.perf_counter()
                answer = await client.post(
                    "/api/v1/search", json={"query": query["text"][:300], "limit": 100}
                )
                times.append((time.perf_counter() - since) * 1000)
                found = [hit["source_id"] for hit in answer.raise_for_status().json()["results"]]
                scores.append(judge(found, set(query["rel"])))
            ndcg, recall = (statistics.fmean(column) for column in zip(*scores, strict=True))
            times.sort()
            print(
                f"{name:<28} n={len(scores):<4} nDCG@10 {ndcg:.3f}  recall@100 {recall:.3f}  "
                f"p50 {times[len(times) // 2]:.0f} ms  p95 {times[int(len(times) * 0.95)]:.0f} ms",
                flush=True,
            )
            if ":" not in name:
                means.append((ndcg, recall))
        ndcg, recall = (statistics.fmean(column) for column in zip(*means, strict=True))
        print(
            f"{'mean of the judged sets':<28} {len(known)} texts  nDCG@10 {ndcg:.3f}  recall@100 {recall:.3f}"
        )
    await owner.close()


def main(folder: Path) -> int:
    if not list(folder.glob("*.corpus.jsonl.xz")):
        print(f"{folder} holds no *.corpus.jsonl.xz", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory(prefix="circle-bench-") as name:
        home = Path(name)
        home.chmod(0o711)
        with postgres.running(home / "postgres", durable=False) as server:
            asyncio.run(measure(server.admin_url(), server.url(), folder, home))
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
