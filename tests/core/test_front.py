"""What every answer carries, and what no request leaves behind."""

import pytest

from tests.clients import Clients, OneConnection


@pytest.mark.parametrize(
    "method, path, status",
    [
        ("GET", "/nothing", 404),
        ("GET", "/api/v1/nothing", 404),
        ("PUT", "/aufgaben", 405),
        ("GET", "/static/nothing", 404),
        ("GET", "/anmelden", 200),
        ("GET", "/health/live", 200),
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
    assert answer.headers["content-type"].count("charset") <= 1
    if answer.headers["content-type"] == "application/problem+json":
        assert answer.json()["request_id"] == answer.headers["x-request-id"]


@pytest.mark.parametrize("path", ["/", "/nothing", "/api/v1/nothing", "/anmelden"])
async def test_another_host_is_refused_before_anything_else(client: Clients, path: str) -> None:
    answer = await client.stranger.get(path, headers={"host": "evil.example"})
    assert answer.status_code == 421


@pytest.mark.parametrize("method, path", [("POST", "/api/v1/tasks"), ("GET", "/aufgaben/neu"), ("GET", "/")])
async def test_a_stranger_leaves_no_transaction_open(
    client: Clients, database: OneConnection, method: str, path: str
) -> None:
    answer = await client.stranger.request(method, path, json={} if method == "POST" else None)
    assert answer.status_code in (303, 400, 401)
    assert not database.lock.locked()
