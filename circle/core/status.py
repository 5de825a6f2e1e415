"""Health, metrics and the API description: what operators and programs ask before anything else."""

import asyncio
import hmac
from typing import Any

import asyncpg
import prometheus_client
import redis.exceptions
from litestar import Request, Response, Router, get
from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler

from . import auth, errors
from .db import Caller

LIMIT = 2.0
"""Seconds that a neighbour has to answer."""


@get("/health/live", opt={"permission": "public"}, include_in_schema=False)
async def live() -> dict[str, str]:
    """This process runs."""
    return {"status": "ok"}


@get("/health/ready", opt={"permission": "public"}, include_in_schema=False)
async def ready(request: Request[Any, Any, Any]) -> Response[dict[str, Any]]:
    """The neighbours answer; 503 names the one that does not. Redis away means delay, not failure."""
    state = request.app.state
    found: dict[str, Any] = {}
    try:
        async with asyncio.timeout(LIMIT):
            found["oldest_waiting_job_seconds"] = await state.db.pool.fetchval(
                "select coalesce(extract(epoch from now() - min(due_at)), 0)::int from outbox where done_at is null and failed_at is null and due_at < now()"
            )
            found["database"] = "ok"
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
        found["database"] = "unreachable"
    try:
        async with asyncio.timeout(LIMIT):
            found["redis"] = "ok" if state.redis is None or await state.redis.ping() else "unreachable"
    except (OSError, TimeoutError, redis.exceptions.RedisError):
        found["redis"] = "unreachable"
    good = found["database"] == "ok"
    return Response({"status": "ok" if good else "unavailable"} | found, status_code=200 if good else 503)


@get("/metrics", opt={"permission": "public"}, include_in_schema=False)
async def metrics(request: Request[Any, Any, Any]) -> Response[bytes]:
    """Prometheus metrics, on loopback or with the token of CIRCLE_METRICS_TOKEN."""
    token = request.app.state.settings.metrics_token
    sent, _ = auth.token_of(request.headers, {}, "")
    near = (
        request.client is not None
        and request.client.host in ("127.0.0.1", "::1")
        and "x-forwarded-for" not in request.headers
    )
    if not (near or (token and hmac.compare_digest(sent.encode(), token.encode()))):
        raise errors.NotFound
    # The framework adds the charset to text on its own.
    kind = prometheus_client.CONTENT_TYPE_LATEST.removesuffix("; charset=utf-8")
    return Response(prometheus_client.generate_latest(), media_type=kind)


async def description(connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
    """Guard of the API description: public in demo and test, else after sign-in. Raises NotSignedIn."""
    state = connection.app.state
    if state.settings.mode == "live":
        token, _bearer = auth.token_of(connection.headers, connection.cookies, state.settings.cookie)
        caller = Caller(auth.token_hash(token), state.clock.now())
        async with state.db.begin(caller) as db:
            await auth.actor(db, caller)


router = Router("/", route_handlers=[live, ready, metrics])
