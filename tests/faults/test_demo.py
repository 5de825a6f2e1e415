"""kill -9 of every single process of the running demo, three times each: what was accepted is done, once."""

import asyncio
import email
import email.policy
import os
import signal
import time
import uuid
from collections import Counter
from typing import Any

import httpx
import pytest

from tests.demo import PASSWORD, Demo, running

pytestmark = pytest.mark.faults
OFFICE = "leyla.musteroglu@kfi.example"
ROUNDS = 3
PATIENCE = 60.0
APART = 9.0
"""Seconds between two kills: three deaths of one process within a minute end everything, as promised."""


class Insistent:
    """The office's program: it asks again with the same key until it gets an answer."""

    def __init__(self, demo: Demo, client: httpx.AsyncClient) -> None:
        self.demo, self.client = demo, client

    async def ask(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            try:
                answer = await self.client.request(method, f"/api/v1{path}", json=body, headers=headers)
                if answer.status_code < 500:
                    assert answer.status_code < 300, answer.text
                    return answer.json()
            except httpx.TransportError:
                pass
            await asyncio.sleep(0.2)
        raise AssertionError(f"no answer to {method} {path} within {PATIENCE} s")

    async def sign_in(self) -> None:
        found = await self.ask("POST", "/sessions", {"email": OFFICE, "password": PASSWORD})
        self.client.headers["authorization"] = f"Bearer {found['token']}"

    async def send_notice(self, subject: str) -> str:
        """Write a notice to all regional staff and commissioners and start it; accepted means answered."""
        body = {
            "kind": "notice",
            "subject": subject,
            "text": "Ein Test.",
            "roles": ["commissioner", "regional_staff"],
        }
        made = await self.ask("POST", "/dispatches", body, **{"idempotency-key": str(uuid.uuid4())})
        await self.ask("POST", f"/dispatches/{made['id']}/send", {}, **{"idempotency-key": str(uuid.uuid4())})
        return str(made["id"])

    async def done(self, dispatch_id: str) -> dict[str, int]:
        end = time.monotonic() + 3 * PATIENCE
        while time.monotonic() < end:
            found = await self.ask("GET", f"/dispatches/{dispatch_id}")
            if found["state"] == "done":
                counts: dict[str, int] = found["counts"]
                return counts
            await asyncio.sleep(0.5)
        raise AssertionError(f"dispatch {dispatch_id} is not done")


async def test_what_was_accepted_is_done_whatever_is_killed(full: None) -> None:
    with running() as demo:
        async with httpx.AsyncClient(base_url=demo.url, timeout=20) as client:
            office = Insistent(demo, client)
            await office.sign_in()
            accepted = {}
            for number in range(ROUNDS):
                for name in ("web", "worker", "beat", "relay", "postgres", "redis", "mail"):
                    before, after = f"{name} {number} davor", f"{name} {number} danach"
                    accepted[before] = await office.send_notice(before)
                    pid = demo.facts["pids"][name]
                    os.kill(pid, signal.SIGKILL)
                    accepted[after] = await office.send_notice(after)
                    await asyncio.sleep(APART)
                    assert demo.facts["pids"][name] != pid, f"{name} was not started again"
            counted = {subject: await office.done(dispatch_id) for subject, dispatch_id in accepted.items()}
        received = Counter(_letters(demo))
    for subject, counts in counted.items():
        assert counts["sent"] + counts["uncertain"] == counts["total"] >= 8, (subject, counts)
        times = [count for (found, _), count in received.items() if found == subject]
        assert set(times) == {1}, subject
        assert counts["sent"] <= len(times) <= counts["total"], (subject, counts)
    # Only a worker or a mail server that dies in the middle of a message leaves one unsettled.
    assert sum(counts["uncertain"] for counts in counted.values()) <= 2 * ROUNDS


def _letters(demo: Demo) -> list[tuple[str, str]]:
    found = []
    for path in [*(demo.maildir / "new").iterdir(), *(demo.maildir / "cur").iterdir()]:
        mail = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
        found.append((str(mail["subject"]), str(mail["x-envelope-to"])))
    return found
