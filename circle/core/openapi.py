"""The description of the API (OpenAPI 3.1) as it goes out.

The framework knows paths, parameters and bodies. It documents an error format that is not ours, and its examples are
thrown dice; here come our problems (RFC 9457), who may do what, the headers, and examples in the words of the office.
"""

import re
from typing import Any

import msgspec
from litestar import Litestar, Request
from litestar.openapi.plugins import JsonRenderPlugin

JSON = "application/json"
WORDS: dict[str, Any] = {
    "abstract": "Was Häuser bei der Sprachmittlung beachten.",
    "action": "task.assigned",
    "after": "S0stMjAyNi01",
    "answer": "Es gilt der Rahmenvertrag; die Einzelheiten stehen im Merkblatt.",
    "authority_name": "Bezirksregierung Arnsberg",
    "contact_email": "b.beispiel@arnsberg.example",
    "content_type": "application/pdf",
    "email": "b.beispiel@arnsberg.example",
    "file_reference": "36.05.02-12/26",
    "function": "Integrationsbeauftragte",
    "kind": "notice",
    "message_id": "<f3a1@circle.example>",
    "name": "Bea Beispiel",
    "next": None,
    "nth": 2,
    "object_kind": "task",
    "password": "ein langes Kennwort",
    "phone": "0231 5550-100",
    "place": "Arnsberg, Raum 211",
    "purpose": "Für die Abstimmung im eigenen Haus.",
    "question": "Welche Qualifikation brauchen Sprachmittlerinnen und Sprachmittler?",
    "reason": "Die Zuständigkeit liegt bei einem anderen Haus.",
    "reference": "BA-2026-021",
    "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "source": "KK-2026-5/TOP-6",
    "subject": "Sprachmittlung in Beratungsgesprächen",
    "title": "Sprachmittlung in Beratungsgesprächen",
    "text": "Bitte den Wortlaut wie in der Sitzung besprochen übernehmen.",
    "token": "5Yq0…",
    "url": "/anfragen/BA-2026-021",
    "size": 48_213,
    "limit": 50,
    "year": 2026,
}
FORMATS = {
    "uuid": "5b0c7f52-8a1e-4f0b-9c3d-2e6a7d4c1b90",
    "date": "2026-12-07",
    "date-time": "2026-11-23T08:00:00Z",
    "time": "10:00:00",
    "binary": "",
}
REFUSALS = "Refused. `code` is stable; docs/errors.md lists all codes with their status."
HEADERS = {
    "If-Match": ('"v7"', "The revision that the change starts from, as the ETag named it. Stale is 412."),
    "Idempotency-Key": (
        "2b8f6c1e",
        "The same key with the same request gets the stored answer. Needed to invite, send, release and approve.",
    ),
}
PROBLEM = {
    "title": "Problem",
    "description": "A refusal (RFC 9457) with stable English code and German text.",
    "type": "object",
    "required": ["type", "title", "status", "code", "detail"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "code": {"type": "string"},
        "detail": {"type": "string"},
        "request_id": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["field", "detail"],
                "properties": {"field": {"type": "string"}, "detail": {"type": "string"}},
            },
        },
        "current": {"type": "object", "description": "With 412: the present state."},
    },
    "examples": [
        {
            "type": "about:blank",
            "title": "Das gibt es hier nicht, oder es ist nicht für Sie bestimmt.",
            "status": 404,
            "code": "not_found",
            "detail": "Das gibt es hier nicht, oder es ist nicht für Sie bestimmt.",
            "request_id": "9c0d1f2e3a4b5c6d",
        }
    ],
}


class Description(JsonRenderPlugin):
    """Answers `/api/v1/openapi.json`; worked out once."""

    content: bytes = b""

    def render(self, request: Request[Any, Any, Any], openapi_schema: dict[str, Any]) -> bytes:
        """The description as JSON."""
        if not self.content:
            self.content = msgspec.json.encode(describe(request.app, openapi_schema))
        return self.content


def describe(app: Litestar, schema: dict[str, Any]) -> dict[str, Any]:
    """The framework's description of `app`, put right and completed."""
    plain = re.sub(rb"Page_circle\.[\w.]+\.(\w+)_", rb"\1Page", msgspec.json.encode(schema))
    described: dict[str, Any] = msgspec.json.decode(plain)
    parts = described.setdefault("components", {})
    schemas = parts.setdefault("schemas", {})
    schemas["Problem"] = PROBLEM
    parts["securitySchemes"] = {
        "token": {"type": "http", "scheme": "bearer", "description": "The token of POST /api/v1/sessions."}
    }
    parts["responses"] = {
        "Problem": {
            "description": REFUSALS,
            "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
    }
    described["security"] = [{"token": []}]
    rights = permissions(app)
    for path, methods in described["paths"].items():
        for method, operation in methods.items():
            _complete(operation, path, method, rights[path, method.upper()], schemas)
    return described


def permissions(app: Litestar) -> dict[tuple[str, str], str]:
    """Path and method → the right that the route names."""
    return {
        (route.path_format, method): handler.opt.get("permission", "")
        for route in app.routes
        for handler in getattr(route, "route_handlers", [])
        for method in handler.http_methods
        if method != "OPTIONS"
    }


def _complete(operation: dict[str, Any], path: str, method: str, right: str, schemas: dict[str, Any]) -> None:
    """Summary, right, headers, refusals and examples of one operation."""
    text = operation.get("description", "")
    operation["summary"] = re.split(r"[.;:](?:\s|$)", text, maxsplit=1)[0]
    if right == "public":
        operation["security"] = []
    elif right != "signed_in":
        operation["description"] = f"{text} Right: `{right}`."
    responses = operation["responses"]
    responses.pop("400", None)
    responses["default"] = {"$ref": "#/components/responses/Problem"}
    given = operation.setdefault("parameters", [])
    for parameter in given:
        parameter["example"] = example(parameter["schema"], schemas, parameter["name"])
    names = {"post": ["If-Match", "Idempotency-Key"]} | {
        changing: ["If-Match"] for changing in ("patch", "put", "delete")
    }
    if right != "public":
        given += [
            {"name": name, "in": "header", "required": method == "patch", "description": HEADERS[name][1],
             "schema": {"type": "string"}, "example": HEADERS[name][0]}
            for name in names.get(method, [])
            if name != "If-Match" or "{" in path
        ]  # fmt: skip
    for body in (operation.get("requestBody", {}), *responses.values()):
        for media in body.get("content", {}).values():
            media["example"] = example(media["schema"], schemas)


def example(schema: dict[str, Any], schemas: dict[str, Any], name: str = "") -> Any:
    """A value that fits `schema`, the same each time; `name` is the property that it is for."""
    if reference := schema.get("$ref"):
        return example(schemas[reference.rsplit("/", 1)[-1]], schemas, name)
    if choices := schema.get("oneOf") or schema.get("anyOf"):
        one = next((choice for choice in choices if choice.get("type") != "null"), choices[0])
        return example({**schema, "oneOf": None, "anyOf": None, **one}, schemas, name)
    if "enum" in schema:
        return schema["enum"][0]
    if "const" in schema:
        return schema["const"]
    kinds = schema.get("type", [])
    kind = next((one for one in ([kinds] if isinstance(kinds, str) else kinds) if one != "null"), "null")
    match kind:
        case "object":
            return {key: example(one, schemas, key) for key, one in schema.get("properties", {}).items()}
        case "array":
            one = [example(schema["items"], schemas, name)] if schema.get("items") else []
            return one * max(schema.get("minItems", 1), 1)
        case "boolean":
            return bool(schema.get("default", True))
        case "integer" | "number":
            # The same name may be a word elsewhere: the place of a meeting, the place in a row.
            known: Any = WORDS.get(name, 7)
            known = known if isinstance(known, int) else 7
            fitting = min(max(known, schema.get("minimum", known)), schema.get("maximum", known))
            return int(fitting) if kind == "integer" else fitting
        case "string":
            known = FORMATS.get(schema.get("format", "")) or WORDS.get(name, "Beispiel")
            return known[: schema.get("maxLength", len(known))] if isinstance(known, str) else known
        case _:
            return None
