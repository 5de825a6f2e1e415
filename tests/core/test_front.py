"""What every answer carries, and what no request leaves behind."""

import httpx
import pytest

from circle.people import store
from tests.clients import ADDRESS, Clients, OneConnection


@pytest.mark.parametrize(
    "method, path, status",
    [
        ("GET", "/nothing", 404),
        ("GET", "/api/v1/nothing", 404),
        ("PUT", "/aufgaben", 405),
        ("GET", "/static/nothing", 404),
        ("GET", "/anmelden", 200),
        ("GET", "/health/live", 200),
        ("GET", "/static/app.css", 200),
        ("GET", "/metrics", 200),
        ("GET", "/api/v1/openapi.json", 200),
        ("GET", "/", 303),
        ("POST", "/abmelden", 401),
        ("GET", "/personen?after=x", 422),
        ("GET", "/static/%2e%2e/%2e%2e/settings.py", 404),
    ],
)
async def test_every_answer_has_its_headers_and_its_number(
    client: Clients, method: str, path: str, status: int
) -> None:
    answer = await client.stranger.request(method, path)
    assert answer.status_code == status
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert len(answer.headers["x-request-id"]) == 16
    assert answer.headers["x-frame-options"] == "DENY" and answer.headers["referrer-policy"] == "same-origin"
    assert (
        answer.headers["cross-origin-opener-policy"]
        == answer.headers["cross-origin-resource-policy"]
        == "same-origin"
    )
    cached = "public, max-age=3600" if path.startswith("/static/") else "no-store"
    assert answer.headers.get_list("cache-control") == [cached]
    assert "strict-transport-security" not in answer.headers, "on plain http it would lock people out"
    assert "server" not in answer.headers and "x-powered-by" not in answer.headers
    assert answer.headers.get("content-type", "").count("charset") <= 1
    if answer.headers.get("content-type") == "application/problem+json":
        assert answer.json()["request_id"] == answer.headers["x-request-id"]


@pytest.mark.parametrize("path", ["/", "/nothing", "/api/v1/nothing", "/anmelden"])
async def test_another_host_is_refused_before_anything_else(client: Clients, path: str) -> None:
    answer = await client.stranger.get(path, headers={"host": "evil.example"})
    assert answer.status_code == 421 and "default-src 'none'" in answer.headers["content-security-policy"]
    assert "evil" not in answer.text


@pytest.mark.parametrize(
    "hosts, passes",
    [
        (["127.0.0.1:8000"], True),
        (["LOCALHOST:8000"], True),
        (["[::1]:8000"], True),
        (["127.0.0.1"], False),
        (["127.0.0.1:8001"], False),
        (["127.0.0.1:8000", "127.0.0.1:8000"], False),
        (["127.0.0.1:8000", "evil.example"], False),
        (["evil.example", "127.0.0.1:8000"], False),
        (["127.0.0.1:8000.evil.example"], False),
        (["127.0.0.1:8000, evil.example"], False),
        ([""], False),
    ],
)  # fmt: skip
async def test_the_host_is_ours_and_named_once(client: Clients, hosts: list[str], passes: bool) -> None:
    headers = [(b"host", host.encode()) for host in hosts] + [(b"x-forwarded-host", b"evil.example")]
    request = httpx.Request("GET", f"{ADDRESS}/anmelden", headers=headers)
    answer = await client.transport.handle_async_request(request)
    assert answer.status_code == (200 if passes else 421)


async def test_a_fault_of_ours_tells_its_number_and_nothing_else(
    client: Clients, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: object, **__: object) -> None:
        raise KeyError("Geheimnis")

    monkeypatch.setattr(store, "list_people", broken)
    for path, kind in (
        ("/api/v1/people", "application/problem+json"),
        ("/personen", "text/html; charset=utf-8"),
    ):
        answer = await (await client.browser("ben")).get(path)
        assert answer.status_code == 500 and answer.headers["content-type"] == kind
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-request-id"] in answer.text
        assert "Geheimnis" not in answer.text and "Traceback" not in answer.text


@pytest.mark.parametrize("method, path", [("POST", "/api/v1/tasks"), ("GET", "/aufgaben/neu"), ("GET", "/")])
async def test_a_stranger_leaves_no_transaction_open(
    client: Clients, database: OneConnection, method: str, path: str
) -> None:
    answer = await client.stranger.request(method, path, json={} if method == "POST" else None)
    assert answer.status_code in (303, 400, 401)
    assert not database.lock.locked()
