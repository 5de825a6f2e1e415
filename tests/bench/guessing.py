"""Whether the time of an answer tells who has an account (security, abuse case 13)."""

import random
import statistics
import time

import asyncpg
import httpx

from circle.core import auth

SAMPLES = 200
KNOWN = "p{}@bench.example"
UNKNOWN = "x{}@bench.example"


async def compare(port: int, admin_url: str) -> None:
    """Ask with known and unknown addresses in turn and print how the times differ.

    `sorted right` is how often the slower one of a pair was the known address: 0.50 tells nothing.
    """
    db = await asyncpg.connect(admin_url)
    await db.execute(
        "update person set password_hash = $1 where email like 'p%@bench.example'",
        await auth.hash_password("vier Wörter sind genug"),
    )
    try:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}/api/v1") as client:
            for name, path, more, status in (
                ("sign-in", "/sessions", {"password": "falsch"}, 401),
                ("reset", "/password-resets", {}, 202),
            ):
                pairs = []
                for n in range(SAMPLES + 10):
                    if n % 5 == 0:  # The limits are not what is measured.
                        await db.execute("truncate sign_in_failure, account_request")
                    took, bodies = {}, set()
                    for kind in random.sample((KNOWN, UNKNOWN), 2):
                        since = time.perf_counter()
                        answer = await client.post(path, json={"email": kind.format(n % 100 + 1), **more})
                        took[kind] = time.perf_counter() - since
                        if answer.status_code != status:
                            raise RuntimeError(f"{name}: {answer.status_code}")
                        bodies.add(answer.text.replace(str(answer.headers["x-request-id"]), ""))
                    if len(bodies) != 1:
                        raise RuntimeError(f"{name}: the answers differ")
                    pairs.append((took[KNOWN], took[UNKNOWN]))
                known, unknown = zip(*pairs[10:], strict=True)  # The first ones warm up.
                right = sum(a > b for a, b in zip(known, unknown, strict=True)) / SAMPLES
                print(
                    f"{name:<8} known {statistics.median(known) * 1000:.2f} ms, unknown "
                    f"{statistics.median(unknown) * 1000:.2f} ms, x"
                    f"{statistics.median(known) / statistics.median(unknown):.3f}, sorted right {right:.2f}"
                )
    finally:
        await db.close()
