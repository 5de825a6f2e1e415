"""What operators and monitors ask: is it alive, is it ready, what does it count."""

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import httpx
import msgspec
import pytest
import redis.asyncio
from litestar import Litestar

from circle.app import create_app
from circle.core import db as core_db
from circle.core.db import Connection
from circle.settings import Settings
from tests.clients import ADDRESS, Clients, OneConnection


async def test_alive_means_that_the_process_answers(client: Clients) -> None:
    answer = await client.stranger.get("/health/live", headers={"host": "10.1.2.3:8000"})
    assert answer.status_code == 200 and answer.json() == {"status": "ok"}


async def test_ready_names_its_neighbours(client: Clients) -> None:
    answer = await client.stranger.get("/health/ready")
    assert answer.status_code == 200
    assert answer.json() == {"status": "ok", "database": "ok", "redis": "ok", "oldest_waiting_job_seconds": 0}


async def test_ready_says_how_long_the_oldest_job_waits(
    fresh: tuple[core_db.Database, Settings],
) -> None:
    database, settings = fresh
    await database.pool.execute(
        """
        insert into outbox (job, due_at, done_at, failed_at) values ('a', now() - interval '5 minutes', null, null),
            ('b', now() - interval '1 hour', now(), null), ('c', now() - interval '1 hour', null, now()),
            ('d', now() + interval '1 hour', null, null)
        """
    )
    application = create_app(settings, database)
    async with (
        application.lifespan(),
        httpx.AsyncClient(transport=httpx.ASGITransport(application), base_url=ADDRESS) as program,
    ):
        assert 299 <= (await program.get("/health/ready")).json()["oldest_waiting_job_seconds"] <= 310


async def test_without_its_database_it_is_alive_but_not_ready(
    app: Litestar, client: Clients, monkeypatch: pytest.MonkeyPatch, database: OneConnection
) -> None:
    class Away:
        """A pool whose server is gone."""

        async def fetchval(self, *_: object) -> None:
            raise ConnectionRefusedError

        def acquire(self, **_: object) -> asyncio.Future[None]:
            raise asyncpg.CannotConnectNowError

    away = core_db.Database(Away())  # type: ignore[arg-type]  # only what is asked of a pool here
    monkeypatch.setattr(app.state, "db", away)
    ready = await client.stranger.get("/health/ready")
    assert ready.status_code == 503
    assert ready.json() == {"status": "unavailable", "database": "unreachable", "redis": "ok"}
    assert (await client.stranger.get("/health/live")).status_code == 200
    api = await client.stranger.get("/api/v1/me")
    assert api.status_code == 503 and api.json()["code"] == "unavailable"
    page = await client.stranger.get("/personen")
    assert page.status_code == 503 and "nicht erreichbar" in page.text


async def test_without_redis_it_is_ready_all_the_same(
    app: Litestar, client: Clients, monkeypatch: pytest.MonkeyPatch
) -> None:
    nobody = redis.asyncio.from_url("redis://127.0.0.1:1/0")
    monkeypatch.setattr(app.state, "redis", nobody)
    answer = await client.stranger.get("/health/ready")
    await nobody.aclose()
    assert answer.status_code == 200 and answer.json()["redis"] == "unreachable"


@pytest.fixture(name="measured", scope="module")
async def a_service_with_a_token_for_metrics(
    shared: tuple[OneConnection, Settings, str],
) -> AsyncIterator[Litestar]:
    one, settings, _ = shared
    application = create_app(msgspec.structs.replace(settings, metrics_token="zählwerk-9"), one)
    up, down = asyncio.Event(), asyncio.Event()

    async def live() -> None:
        async with application.lifespan():
            up.set()
            await down.wait()

    life = asyncio.create_task(live())
    await up.wait()
    yield application
    down.set()
    await life


@pytest.mark.parametrize(
    "host, headers, opens",
    [
        ("127.0.0.1", {}, True),
        ("::1", {}, True),
        ("10.0.0.7", {}, False),
        ("127.0.0.1", {"x-forwarded-for": "10.0.0.7"}, False),
        ("10.0.0.7", {"authorization": "Bearer zählwerk-9"}, True),
        ("127.0.0.1", {"x-forwarded-for": "10.0.0.7", "authorization": "Bearer zählwerk-9"}, True),
        ("10.0.0.7", {"authorization": "Bearer zählwerk-8"}, False),
        ("10.0.0.7", {"authorization": "Bearer "}, False),
        ("10.0.0.7", {"cookie": "circle=zählwerk-9"}, False),
    ],
)  # fmt: skip
async def test_metrics_are_for_this_machine_or_with_the_token(
    measured: Litestar, host: str, headers: dict[str, str], opens: bool
) -> None:
    transport = httpx.ASGITransport(measured, client=(host, 4711))
    raw = {name: value.encode("latin-1") for name, value in headers.items()}
    async with httpx.AsyncClient(transport=transport, base_url=ADDRESS) as program:
        answer = await program.get("/metrics", headers=raw)
    assert answer.status_code == (200 if opens else 404)
    if opens:
        assert "circle_requests_total{" in answer.text and "circle_request_seconds_bucket" in answer.text
    else:
        assert answer.json()["code"] == "not_found"


async def test_without_a_token_set_none_opens(client: Clients) -> None:
    transport = httpx.ASGITransport(client.transport.app, client=("10.0.0.7", 1))
    async with httpx.AsyncClient(transport=transport, base_url=ADDRESS) as program:
        for sent in ("Bearer ", "Bearer x", ""):
            assert (await program.get("/metrics", headers={"authorization": sent})).status_code == 404


async def test_metrics_name_no_address_and_no_person(client: Clients, db: Connection) -> None:
    await (await client.as_("ben")).get("/api/v1/people?q=Geheimwort")
    text = (await client.stranger.get("/metrics")).text
    assert "Geheimwort" not in text and "people" not in text and "ben@" not in text


async def test_the_description_is_for_signed_in_people_in_real_service(
    database: OneConnection, settings: Settings
) -> None:
    live = create_app(msgspec.structs.replace(settings, mode="live"), database)
    async with live.lifespan():
        transport = httpx.ASGITransport(live)
        async with httpx.AsyncClient(transport=transport, base_url=ADDRESS) as stranger:
            assert (await stranger.get("/api/v1/openapi.json")).status_code == 401
