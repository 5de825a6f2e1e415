"""What no input can do: set a field that is not the caller's to set, or do what the caller has no right to."""

from typing import Any

import pytest
from litestar import Litestar

from circle.core import access, openapi
from tests.house.test_openapi import operations

from .test_matrix import ROLES, Person, all_operations, taken_back
from .test_matrix import people as people

pytestmark = pytest.mark.asyncio(loop_scope="session")

FORBIDDEN = [
    "status", "state", "owner", "owner_id", "approved_at", "role", "roles", "revision", "id", "audience", "unbekannt",
]  # fmt: skip
WRITTEN_ANYWAY = {"audit_event", "session", "sign_in_failure"}

INSIDE = "/api/v1/people/{person_id}/absences"
"""Who is away is known to staff of the houses alone; others find the person and no absences."""


async def checksum(person: Person) -> dict[str, str]:
    """Table → hash of all that it holds."""
    tables = await person.db.fetch("select tablename from pg_tables where schemaname = 'public' order by 1")
    one = " union all ".join(
        f"select '{name}' as name, md5(string_agg(t::text, '' order by t::text)) as hash from \"{name}\" t"
        for (name,) in tables
    )
    return {row["name"]: row["hash"] for row in await person.db.fetch(one)}


def inputs(app: Litestar) -> list[tuple[str, str, dict[str, Any], set[str]]]:
    """Method, path, documented body and known keys of every operation that takes JSON."""
    described = openapi.describe(app, app.openapi_schema.to_schema())
    found = []
    for method, path, told in operations(described):
        media = told.get("requestBody", {}).get("content", {}).get("application/json")
        if media is None:
            continue
        schema = media["schema"]
        named = [schema, *schema.get("oneOf", []), *schema.get("anyOf", [])]
        name = next(one["$ref"].rsplit("/", 1)[-1] for one in named if "$ref" in one)
        keys = set(described["components"]["schemas"][name]["properties"])
        found.append((method, path, media["example"], keys))
    return found


@pytest.mark.parametrize("role", ROLES)
async def test_no_field_is_set_that_the_input_does_not_name(
    app: Litestar, people: dict[str, Person], standing: None, role: str
) -> None:
    """Each role tries a third of the keys at every input, so that each key is tried by two or three of them."""
    person, turn = people[role], list(ROLES).index(role)
    ids: dict[tuple[str, str], dict[str, str]] = {}
    for operation in all_operations(app):
        seen, foreign = await person.things(operation)
        ids[operation.method, operation.path] = (seen + foreign)[0]
    before, wrong = await checksum(person), []
    for method, path, example, keys in inputs(app):
        address = path.format_map(ids.get((method, path), {}))
        headers = {"If-Match": '"v1"', "Idempotency-Key": "properties"}
        for number, key in enumerate(FORBIDDEN):
            if key in keys or number % 3 != turn % 3:
                continue
            answer = await person.program.request(
                method, address, json=example | {key: "approved"}, headers=headers
            )
            named = [one["field"] for one in answer.json().get("errors", [])]
            if answer.status_code != 400 or named != [key]:
                wrong.append(f"{method} {path} with {key}: {answer.status_code} {answer.text}")
    assert not wrong, "\n".join(wrong)
    assert await checksum(person) == before


@pytest.mark.parametrize("role", ROLES)
async def test_nothing_changes_by_who_has_no_right(
    app: Litestar, people: dict[str, Person], standing: None, role: str
) -> None:
    """On things they see, every act whose right none of their roles holds."""
    person = people[role]
    roles = set((await person.program.get("/api/v1/me")).json()["roles"])
    rights = {
        (route.path_format, method): str(handler.opt.get("permission"))
        for route in app.routes
        for handler in getattr(route, "route_handlers", [])
        for method in handler.http_methods
    }
    acts = [
        (operation, (await person.things(operation))[0])
        for operation in all_operations(app)
        if operation.method != "GET"
        and (right := rights[operation.path, operation.method]) in access.RIGHTS
        and not access.RIGHTS[right] & roles
    ]
    wrong = []
    async with taken_back(person.db):
        before = await checksum(person)
        for operation, seen in acts:
            for ids in seen:
                for body in operation.bodies:
                    answer = await person.program.request(
                        operation.method, operation.address(ids), json=body, headers=operation.headers
                    )
                    allowed = {403, 409} if body == operation.bodies[-1] else {400, 403, 409}
                    if operation.path == INSIDE:
                        allowed.add(404)
                    if answer.status_code not in allowed:
                        wrong.append(
                            f"{operation.method} {operation.address(ids)} {body}: {answer.status_code} {answer.text}"
                        )
        after = await checksum(person)
    assert not wrong, "\n".join(wrong)
    assert {name for name in before if before[name] != after[name]} <= WRITTEN_ANYWAY
