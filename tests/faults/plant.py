"""The real thing on one machine: worker with prefork pool, relay, Redis and a mail server as processes of their own.

Any of them can be killed without warning and started again, as a supervisor would.
"""

import asyncio
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import datetime
from email import message_from_bytes
from email.policy import default
from pathlib import Path
from typing import Any
from uuid import UUID

import redis as redis_client

from circle.core import clock
from circle.core.db import Database
from circle.local import child, redis
from circle.local.child import Child
from circle.local.start import READY, relay_command, worker_command
from circle.settings import Settings
from tests import make

SLOW = 0.05
"""Seconds that the mail server takes for a message after it is stored: the moment in which kills hurt."""


WORKS = {"worke": READY, "relay": b"relay works"}
"""What each says in its log when it has taken up its work, by the start of its name."""


class Plant:
    """Processes by name, the mails that arrived, and the state of dispatches."""

    def __init__(self, folder: Path, database: Database, settings: Settings, workers: int = 2) -> None:
        self.folder, self.database, self.settings = folder, database, settings
        self.maildir, self.port = folder / "mail", child.free_port()
        self.redis = redis.prepare(folder / "redis")
        env = {
            "DATABASE_URL": settings.database_url, "DATABASE_ADMIN_URL": "", "REDIS_URL": self.redis.url,
            "SMTP_URL": f"smtp://127.0.0.1:{self.port}", "CIRCLE_MODE": "test", "CIRCLE_CLOCK": "",
            "CIRCLE_FILES": str(folder / "files"), "CIRCLE_LOG": "json", "CIRCLE_MAILBOX_DELAY": str(SLOW),
        }  # fmt: skip
        mailbox = [sys.executable, "-m", "circle.local.mailbox", str(self.port), str(self.maildir)]
        self.children = {
            "redis": self.redis.child,
            "mail": Child(
                name="mail", title="", command=mailbox, env=env, ready=lambda: child.listens(self.port)
            ),
        } | {
            name: Child(
                name=name,
                title="",
                command=worker_command(workers) if name.startswith("worker") else relay_command(),
                env=env,
                ready=lambda name=name: self._log(name).count(WORKS[name[:5]]) >= self.starts[name],
            )
            for name in ("worker", "relay", "worker2", "relay2")
        }
        self.running: dict[str, subprocess.Popen[bytes]] = {}
        self.starts: Counter[str] = Counter()

    def _log(self, name: str) -> bytes:
        return (self.folder / f"{name}.log").read_bytes()

    def start(self, *names: str) -> None:
        """Start some, one of each by default, and wait until all can be used."""
        names = names or ("redis", "mail", "worker", "relay")
        for name in names:
            self.starts[name] += 1
            self.running[name] = child.spawn(self.children[name], self.folder / f"{name}.log")
        for name in names:
            ready = child.wait_ready(self.children[name], self.running[name])
            assert ready, self._log(name)[-2000:].decode()

    def kill(self, name: str) -> None:
        """kill -9 of the process and everything it started."""
        child.kill_group(self.running[name].pid)
        self.running.pop(name).wait()

    def stop(self) -> None:
        """End everything that runs."""
        for name in list(self.running):
            self.kill(name)

    def redis_client(self) -> "redis_client.Redis":
        return redis_client.Redis.from_url(self.redis.url)

    async def dispatch(self, people: int, start: str = "a") -> UUID:
        """A dispatch to new people, on its way."""
        async with self.database.begin(None) as db:
            ids = [await make.person(db, f"{start}{n}", roles=["regional_staff"]) for n in range(people)]
            return await make.dispatch(db, await clock.read(db), ids, start=True)

    def arrived(self) -> Counter[str]:
        """Address → how many mails lie in the folder."""
        return Counter(file.read_bytes().partition(b"X-Envelope-To: ")[2].split(b"\n")[0].decode()
            for file in (self.maildir / "new").iterdir())  # fmt: skip

    def message_ids(self) -> list[str]:
        return [
            str(message_from_bytes(file.read_bytes(), policy=default)["message-id"])
            for file in (self.maildir / "new").iterdir()
        ]

    async def states(self, dispatch_id: UUID) -> Counter[str]:
        """State → how many deliveries."""
        async with self.database.begin(None) as db:
            rows = await db.fetch(
                "select state, count(*) as n from delivery where dispatch_id = $1 group by state", dispatch_id
            )
        return Counter({row["state"]: row["n"] for row in rows})

    async def sent(self, dispatch_id: UUID) -> dict[str, datetime]:
        """Address → when the record says that it was sent."""
        async with self.database.begin(None) as db:
            rows = await db.fetch(
                "select address, sent_at from delivery where dispatch_id = $1 and state = 'sent'", dispatch_id
            )
        return {row["address"]: row["sent_at"] for row in rows}

    async def is_done(self, dispatch_id: UUID) -> bool:
        async with self.database.begin(None) as db:
            return bool(await db.fetchval("select state = 'done' from dispatch where id = $1", dispatch_id))

    async def pass_time(self) -> None:
        """Minutes pass: what waits is due. Without a living worker leases are over, and what nobody took is lost.

        The leases of the living must not end, so those stay while one runs.
        """
        async with self.database.begin(None) as db:
            await db.execute(
                """
                update delivery set next_try = least(next_try, now()) where state = 'new';
                update outbox set due_at = least(due_at, now()) where done_at is null and lease_until is null
                """
            )
            if "worker" not in self.running:
                await db.execute(
                    """
                    update delivery set lease_until = now() where lease_until is not null;
                    update outbox set published_at = published_at - interval '10 minutes',
                        lease_until = lease_until - interval '9 minutes', due_at = least(due_at, now())
                        where done_at is null
                    """
                )

    async def done_in_time(self, dispatch_id: UUID) -> bool:
        """Whether a dispatch is at its end, while minutes pass between two questions."""
        await self.pass_time()
        return await self.is_done(dispatch_id)

    async def until(self, true: Callable[[], Any], seconds: float = 40) -> None:
        """Wait until something is so, or fail with what there is to know."""
        end = time.monotonic() + seconds
        while True:
            found = true()
            if await found if isinstance(found, Awaitable) else found:
                return
            if time.monotonic() > end:
                raise AssertionError((self._log("worker")[-3000:] + self._log("relay")[-1000:]).decode())
            await asyncio.sleep(0.02)

    async def check(self, dispatch_id: UUID, people: int, *, uncertain: int) -> None:
        """Nobody is served twice, nobody is left out; at most so many are uncertain."""
        found = await self.states(dispatch_id)
        assert found["sent"] + found["uncertain"] == people, found
        assert found["uncertain"] <= uncertain, found
        async with self.database.begin(None) as db:
            rows = await db.fetch("select address, state from delivery where dispatch_id = $1", dispatch_id)
        arrived = self.arrived()
        for row in rows:
            allowed = {1} if row["state"] == "sent" else {0, 1}
            assert arrived[row["address"]] in allowed, (row["address"], row["state"])
        assert len(set(self.message_ids())) == arrived.total()
