"""The published description of the API: complete, the same each time, and its examples are input that is taken."""

import json
from typing import Any

import msgspec
import pytest
from litestar import Litestar

from circle.core import openapi
from tests.clients import Clients

from . import ROOT, compare


@pytest.fixture(name="described")
def description(app: Litestar) -> dict[str, Any]:
    return openapi.describe(app, app.openapi_schema.to_schema())


def operations(described: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    return [
        (method.upper(), path, operation)
        for path, methods in described["paths"].items()
        for method, operation in methods.items()
    ]


def without_examples(value: Any) -> Any:
    """They follow from the schemas and would only make the snapshot long."""
    if isinstance(value, dict):
        return {key: without_examples(one) for key, one in value.items() if key != "example"}
    return [without_examples(one) for one in value] if isinstance(value, list) else value


def test_it_is_the_kept_one(described: dict[str, Any]) -> None:
    text = json.dumps(without_examples(described), indent=1, ensure_ascii=False, sort_keys=True)
    compare(ROOT / "tests/house/openapi.json", text + "\n")


def test_every_operation_says_what_it_does_and_shows_an_example(described: dict[str, Any]) -> None:
    assert len(operations(described)) > 40
    for method, path, operation in operations(described):
        place = f"{method} {path}"
        assert len(operation["summary"]) > 4 and " " in operation["summary"], place
        bodies = [operation.get("requestBody", {}), *operation["responses"].values()]
        for media in (media for body in bodies for media in body.get("content", {}).values()):
            assert "example" in media, place
        assert all("example" in parameter for parameter in operation.get("parameters", [])), place


def test_every_example_of_a_request_is_input_that_is_taken(app: Litestar, described: dict[str, Any]) -> None:
    handlers = {
        (route.path_format, method): handler
        for route in app.routes
        for handler in getattr(route, "route_handlers", [])
        for method in handler.http_methods
    }
    tried = 0
    for method, path, operation in operations(described):
        data = handlers[path, method].parsed_fn_signature.parameters.get("data")
        media = operation.get("requestBody", {}).get("content", {}).get("application/json")
        if data is None or media is None:
            continue
        msgspec.convert(media["example"], data.annotation)
        tried += 1
    assert tried > 15


async def test_programs_read_it_where_it_is_announced(client: Clients) -> None:
    answer = await client.stranger.get("/api/v1/openapi.json")
    assert answer.status_code == 200 and answer.headers["content-type"].startswith("application/")
    assert answer.json()["openapi"].startswith("3.1")
