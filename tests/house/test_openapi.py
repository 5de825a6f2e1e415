"""The published description of the API: complete, the same each time, and its examples are input that is taken."""

from typing import Any

import msgspec
import pytest
from litestar import Litestar

from circle.core import fields, openapi
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


def kind(schema: dict[str, Any]) -> str:
    """A type in a few words: `string uuid`, `string ≤300`, `[Task]`, `open|done|null`, `Task`."""
    if reference := schema.get("$ref"):
        return str(reference.rsplit("/", 1)[-1])
    if choices := schema.get("oneOf") or schema.get("anyOf"):
        return "|".join(kind(choice) for choice in choices) + limits(schema)
    if "enum" in schema:
        return "|".join("null" if one is None else str(one) for one in schema["enum"])
    if schema.get("type") == "array":
        return f"[{kind(schema.get('items', {}))}]" + limits(schema)
    names = schema.get("type", "any")
    text = names if isinstance(names, str) else "|".join(names)
    return " ".join(filter(None, [text, schema.get("format", "")])) + limits(schema)


def limits(schema: dict[str, Any]) -> str:
    found = [(sign, schema[name]) for sign, name in LIMITS if name in schema]
    return "".join(f" {sign}{value}" for sign, value in found) + (
        " like a pattern" if "pattern" in schema else ""
    )


LIMITS = [
    ("≥", "minLength"), ("≤", "maxLength"), ("≥", "minimum"), ("≤", "maximum"), ("≥", "minItems"), ("≤", "maxItems"), ("=", "default"),
]  # fmt: skip


def told(described: dict[str, Any]) -> str:
    """The description as lines that a person compares: what goes in, what comes out, which types."""
    lines = []
    for method, path, operation in sorted(operations(described), key=lambda one: (one[1], one[0])):
        answers = [
            f"{status} {kind(media['schema'])}"
            for status, answer in operation["responses"].items()
            for media in answer.get("content", {"": {"schema": {}}}).values()
            if status != "default"
        ]
        public = " (public)" if operation.get("security") == [] else ""
        lines.append(f"{method} {path}{public} → {', '.join(answers)}")
        for media in operation.get("requestBody", {}).get("content", {}).values():
            lines.append(f"    body {kind(media['schema'])}")
        for one in operation.get("parameters", []):
            if one["in"] != "path":
                needed = "" if one["required"] else "?"
                lines.append(f"    {one['in']} {one['name']}{needed}: {kind(one['schema'])}")
    for name, schema in sorted(described["components"]["schemas"].items()):
        lines += ["", name]
        needed = schema.get("required", [])
        for key, one in schema.get("properties", {}).items():
            lines.append(f"    {key}{'' if key in needed else '?'}: {kind(one)}")
    return "\n".join(lines) + "\n"


def test_it_is_the_kept_one(described: dict[str, Any]) -> None:
    compare(ROOT / "tests/house/api.txt", told(described))


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
        msgspec.convert(media["example"], data.annotation, dec_hook=fields.decode)
        tried += 1
    assert tried > 15


async def test_programs_read_it_where_it_is_announced(client: Clients) -> None:
    answer = await client.stranger.get("/api/v1/openapi.json")
    assert answer.status_code == 200 and answer.headers["content-type"].startswith("application/")
    assert answer.json()["openapi"].startswith("3.1")
