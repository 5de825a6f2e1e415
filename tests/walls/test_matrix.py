"""Every operation of the API × every role: what a person may not see answers as what does not exist, byte for byte.

The operations come from the description of the API, so that a new one is tried by itself.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import asynccontextmanager
from typing import Any, NamedTuple
from uuid import uuid4

import httpx
import pytest
from litestar import Litestar

from circle.core import openapi
from tests.clients import Clients
from tests.house.test_openapi import operations

pytestmark = pytest.mark.asyncio(loop_scope="session")

ROLES = {
    "office": "leyla.musteroglu@kfi.example",
    "commissioner": "joern.probemuster@br-arnsberg.example",
    "deputy": "carsten.probebach@br-duesseldorf.example",
    "assistant": "linh.probetran@br-duesseldorf.example",
    "regional staff": "kim.beispielmann@br-koeln.example",
    "ministry": "viola.referatsmuster@ministerium.example",
    "data protection": "ute.datenprobe@br-arnsberg.example",
    "technical admin": "sam.technikmuster@kfi.example",
}
A_FEW = 2
# They act on accounts: those who keep them know closed ones too, whose card nobody sees.
ACCOUNT = {
    "PATCH /api/v1/people/{person_id}",
    "POST /api/v1/people/{person_id}/confirm-address",
    "POST /api/v1/people/{person_id}/deactivate",
    "POST /api/v1/people/{person_id}/drop-address",
    "POST /api/v1/people/{person_id}/invite",
    "POST /api/v1/people/{person_id}/reactivate",
    "POST /api/v1/people/{person_id}/roles",
    "POST /api/v1/people/{person_id}/roles/end",
}
# Seen by all who see the thing, but only prepared for who sends, and as long as there is something to send.
NOT_NOW = {
    (f"/api/v1/meetings/{{meeting_id}}/{what}", status)
    for what in ("invitation", "call-for-items", "left-items", "agenda-preview")
    for status in (403, 409)
} | {
    ("/api/v1/meetings/{meeting_id}/reply", 404),  # Whoever is not invited has no answer.
    ("/api/v1/meetings/{meeting_id}/bundle", 404),  # One has the PDF that one asked for.
    ("/api/v1/meetings/{meeting_id}/papers.pdf", 404),
    ("/api/v1/meetings/{meeting_id}/papers.zip", 409),  # Not every meeting has papers.
    ("/api/v1/meetings/{meeting_id}/summons", 403),  # For whoever runs meetings.
}
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
REFUSED_UNSEEN = {400, 403, 404, 422, 428}
"""404, or a right or a header or the input's form, refused before the thing is looked for."""


# Address → how the database itself names the ids in it.
THINGS = {
    "/api/v1/absences/{absence_id}": "select id from absence order by 1",
    "/api/v1/agenda-items/{item_id}": "select id from agenda_item order by 1",
    "/api/v1/agenda-items/{item_id}/experts/{person_id}": """
        select object_id, person_id from expert_involvement where object_kind = 'agenda_item' order by 1
    """,
    "/api/v1/appointments/{appointment_id}": "select id from appointment order by 1",
    "/api/v1/authorities/{authority_id}": "select id from authority order by 1",
    "/api/v1/ballots/{ballot_id}": "select id from ballot order by 1",
    "/api/v1/consultations/{consultation_id}": "select id from consultation order by 1",
    "/api/v1/consultations/{consultation_id}/experts/{person_id}": """
        select object_id, person_id from expert_involvement where object_kind = 'consultation' order by 1
    """,
    "/api/v1/contacts/import/{import_id}": "select id from partner_import order by 1",
    "/api/v1/contacts/{contact_id}": "select id from partner order by 1",
    "/api/v1/date-polls/{poll_id}": "select id from date_poll order by 1",
    "/api/v1/date-polls/{poll_id}/people/{person_id}": "select poll_id, person_id from date_poll_person order by 1, 2",
    "/api/v1/deliveries/{delivery_id}": "select id from delivery order by 1",
    "/api/v1/departments/{department_id}": "select id from department order by 1",
    "/api/v1/dispatches/{dispatch_id}": "select id from dispatch order by 1",
    "/api/v1/documents/{document_id}": "select id from document order by 1",
    "/api/v1/documents/{document_id}/versions/{number}": """
        select document_id, number from document_version order by 1, 2
    """,
    "/api/v1/files/{file_id}": "select id from file order by 1",
    "/api/v1/me/sessions/{session_id}": "select id from session order by 1",
    "/api/v1/measures/{measure_id}": "select id from measure order by 1",
    "/api/v1/measures/{measure_id}/co-signatures/{step}": "select measure_id, step from co_signature order by 1, 2",
    "/api/v1/measures/{measure_id}/participations/{participation_id}": "select measure_id, id from participation order by 2",
    "/api/v1/meetings/{meeting_id}": "select id from meeting order by 1",
    "/api/v1/meetings/{meeting_id}/attendance/{person_id}": "select meeting_id, person_id from attendance order by 2, 1",
    "/api/v1/meetings/{meeting_id}/minutes": "select meeting_id from minutes order by 1",
    "/api/v1/meetings/{meeting_id}/minutes/objections/{objection_id}": """
        select m.meeting_id, o.id from minutes_objection o join minutes m on m.id = o.minutes_id order by 2
    """,
    "/api/v1/meetings/{meeting_id}/replies/{person_id}": "select meeting_id, person_id from invitee order by 2, 1",
    "/api/v1/meetings/{meeting_id}/stays/{stay_id}": "select meeting_id, id from presence order by 2",
    "/api/v1/papers/{paper_id}": "select id from paper order by 1",
    "/api/v1/people/{person_id}": "select id from person order by 1",
    "/api/v1/people/{person_id}/account": "select id from person order by 1",
    "/api/v1/people/{person_id}?kept": "select id from person order by 1",
    "/api/v1/procedures/{procedure_id}": "select id from procedure order by 1",
    "/api/v1/reports/{report_id}": "select id from report_to_head order by 1",
    "/api/v1/speech-requests/{request_id}": "select id from speech_request order by 1",
    "/api/v1/tasks/{task_id}": "select id from task order by 1",
    "/dateien/{file_id}": "select id from file order by 1",
}
# The answer that holds the last of the ids for whoever may see it, where that is not the address itself.
SHOWN_BY = {
    "/api/v1/agenda-items/{item_id}/experts/{person_id}": ["/api/v1/agenda-items/{item_id}/experts"],
    "/api/v1/consultations/{consultation_id}/experts/{person_id}": [
        "/api/v1/consultations/{consultation_id}/experts"
    ],
    "/api/v1/date-polls/{poll_id}/people/{person_id}": ["/api/v1/date-polls/{poll_id}"],
    "/api/v1/me/sessions/{session_id}": ["/api/v1/me/sessions"],
    "/api/v1/measures/{measure_id}/participations/{participation_id}": [
        "/api/v1/measures/{measure_id}/participations"
    ],
    "/api/v1/measures/{measure_id}/co-signatures/{step}": ["/api/v1/measures/{measure_id}/co-signatures"],
    "/api/v1/meetings/{meeting_id}/attendance/{person_id}": [
        "/api/v1/people/{person_id}",
        "/api/v1/people/{person_id}/account",
    ],
    "/api/v1/meetings/{meeting_id}/minutes/objections/{objection_id}": [
        "/api/v1/meetings/{meeting_id}/minutes"
    ],
    "/api/v1/meetings/{meeting_id}/replies/{person_id}": ["/api/v1/meetings/{meeting_id}/replies"],
    "/api/v1/meetings/{meeting_id}/stays/{stay_id}": ["/api/v1/meetings/{meeting_id}/room"],
    "/api/v1/people/{person_id}?kept": ["/api/v1/people/{person_id}", "/api/v1/people/{person_id}/account"],
    "/dateien/{file_id}": ["/api/v1/files/{file_id}"],
}


AUTHORITIES, DEPARTMENTS, DOCUMENTS, FILES, ITEMS, MEETINGS, PEOPLE = (
    "/api/v1/authorities/{authority_id}", "/api/v1/departments/{department_id}",
    "/api/v1/documents/{document_id}", "/api/v1/files/{file_id}", "/api/v1/agenda-items/{item_id}",
    "/api/v1/meetings/{meeting_id}", "/api/v1/people/{person_id}",
)  # fmt: skip
# A field of a body that is an id → the kind of thing that it names.
NAMED = {
    "authority_id": AUTHORITIES, "authority_ids": AUTHORITIES, "houses": AUTHORITIES,
    "department_id": DEPARTMENTS, "department_ids": DEPARTMENTS, "lead_unit": DEPARTMENTS,
    "document_id": DOCUMENTS, "successor_id": DOCUMENTS,
    "file_id": FILES, "file_ids": FILES,
    "item_id": ITEMS, "item_ids": ITEMS, "next_id": ITEMS,
    "approved_in": MEETINGS, "items_to": MEETINGS, "meeting_id": MEETINGS,
    "approver_id": PEOPLE, "assignee_id": PEOPLE, "by": PEOPLE, "chair_id": PEOPLE, "deputy_id": PEOPLE,
    "keeper_id": PEOPLE, "member_id": PEOPLE, "named": PEOPLE, "owner_id": PEOPLE, "person_id": PEOPLE,
    "person_ids": PEOPLE, "rapporteur_id": PEOPLE, "represented_by": PEOPLE, "reviewer_id": PEOPLE,
}  # fmt: skip


class Operation(NamedTuple):
    method: str
    path: str
    thing: str
    """The entry of THINGS that the address begins with."""
    headers: dict[str, str]
    bodies: list[Any]

    def address(self, ids: dict[str, str]) -> str:
        return self.path.format_map(ids)


def all_operations(app: Litestar) -> Iterator[Operation]:
    """Those with an id in their address, each with the headers it knows, an empty body and the documented one."""
    described = openapi.describe(app, app.openapi_schema.to_schema())
    for method, path, told in operations(described):
        if "{" not in path:
            continue
        thing = max((one for one in THINGS if f"{path}/".startswith(f"{one}/")), key=len, default="")
        if f"{method} {path}" in ACCOUNT:
            thing = "/api/v1/people/{person_id}?kept"
        assert names(thing) == names(path), (
            f"{path} has no entry in THINGS: say how to find the ids of its things"
        )
        headers = {"If-Match": '"v1"', "Idempotency-Key": "matrix"}
        known = {one["name"] for one in told["parameters"] if one["in"] == "header"}
        example = told.get("requestBody", {}).get("content", {}).get("application/json", {}).get("example")
        bodies = [None] if method == "GET" else [{}, example] if example else [{}]
        yield Operation(method, path, thing, {name: headers[name] for name in headers.keys() & known}, bodies)


class Naming(NamedTuple):
    """A place in the body of an operation that takes the id of something."""

    operation: Operation
    schema: dict[str, Any]
    schemas: dict[str, Any]
    path: tuple[str, ...]
    """The names of the fields on the way to it; `*` is one of a list."""

    @property
    def thing(self) -> str:
        """The kind of thing that is named, as an entry of THINGS."""
        return NAMED[field_of(self.path)]

    def body(self, key: str, known: Callable[[str], str]) -> Any:
        """The least input that names `key` here; `known` has the other ids that it needs."""
        return least(self.schema, self.schemas, self.path, key, known)


def field_of(path: tuple[str, ...]) -> str:
    return next(name for name in reversed(path) if name != "*")


def all_namings(app: Litestar) -> Iterator[Naming]:
    """Every id in every documented body."""
    described = openapi.describe(app, app.openapi_schema.to_schema())
    schemas = described["components"]["schemas"]
    for method, path, told in operations(described):
        media = told.get("requestBody", {}).get("content", {}).get("application/json")
        if media is None:
            continue
        thing = max((one for one in THINGS if f"{path}/".startswith(f"{one}/")), key=len, default="")
        headers = {"Idempotency-Key": "matrix"} if method == "POST" else {}
        operation = Operation(method, path, thing, headers, [])
        for place in ids_in(media["schema"], schemas):
            yield Naming(operation, media["schema"], schemas, place)


def ids_in(
    schema: dict[str, Any], schemas: dict[str, Any], path: tuple[str, ...] = ()
) -> Iterator[tuple[str, ...]]:
    """The paths to all ids in an input of this form."""
    if reference := schema.get("$ref"):
        yield from ids_in(schemas[reference.rsplit("/", 1)[-1]], schemas, path)
    for one in schema.get("oneOf", []) + schema.get("anyOf", []):
        yield from ids_in(one, schemas, path)
    if schema.get("format") == "uuid":
        yield path
    if "items" in schema:
        yield from ids_in(schema["items"], schemas, (*path, "*"))
    for name, one in schema.get("properties", {}).items():
        yield from ids_in(one, schemas, (*path, name))


def least(
    schema: dict[str, Any],
    schemas: dict[str, Any],
    path: tuple[str, ...] | None,
    key: str,
    known: Callable[[str], str],
    name: str = "",
) -> Any:
    """The least input of this form with `key` at the end of `path`; None: it lies elsewhere."""
    if path == ():
        return key
    if reference := schema.get("$ref"):
        return least(schemas[reference.rsplit("/", 1)[-1]], schemas, path, key, known, name)
    if choices := schema.get("oneOf") or schema.get("anyOf"):
        one = next(choice for choice in choices if choice.get("type") != "null")
        return least(one, schemas, path, key, known, name)
    if "properties" in schema:
        wanted = {*schema.get("required", []), *(path or ())[:1]}
        return {
            one: least(part, schemas, path[1:] if path and one == path[0] else None, key, known, one)
            for one, part in schema["properties"].items()
            if one in wanted
        }
    if "items" in schema:
        return [least(schema["items"], schemas, path and path[1:], key, known, name)]
    return known(name) if schema.get("format") == "uuid" else openapi.example(schema, schemas, name)


def names(path: str) -> list[str]:
    """The names of the ids in an address."""
    return re.findall(r"{(\w+)}", path)


class Person:
    """Somebody who tries every address, and what they are shown."""

    def __init__(self, circle: Clients, program: httpx.AsyncClient) -> None:
        assert circle.database.connection is not None
        self.db, self.program = circle.database.connection, program
        self.found: dict[str, tuple[list[dict[str, str]], list[dict[str, str]]]] = {}
        self.answers: dict[str, httpx.Response] = {}

    async def things(self, operation: Operation) -> tuple[list[dict[str, str]], list[dict[str, str]]]:
        """A few that are shown to them, and a few that are not but are real."""
        thing = operation.thing
        if thing not in self.found:
            seen: list[dict[str, str]] = []
            foreign: list[dict[str, str]] = []
            for row in await self.db.fetch(THINGS[thing]):
                ids = dict(zip(names(thing), map(str, row.values()), strict=True))
                of_kind = seen if await self.sees_all(thing, ids) else foreign
                if len(of_kind) < A_FEW:
                    of_kind.append(ids)
                if len(seen) == len(foreign) == A_FEW:
                    break
            self.found[thing] = seen, foreign
        return self.found[thing]

    def sealed(self, ids: dict[str, str]) -> bool:
        """True for an item of which only the place on the agenda is theirs to see."""
        answer = self.answers.get(f"/api/v1/agenda-items/{ids.get('item_id')}")
        return answer is not None and answer.json().get("title") == "Vertraulicher Tagesordnungspunkt"

    async def seen(self, thing: str) -> list[dict[str, str]]:
        """All that is shown to them of a kind; nothing to name is one way to name it."""
        if not thing:
            return [{}]
        rows = [
            dict(zip(names(thing), map(str, row.values()), strict=True))
            for row in await self.db.fetch(THINGS[thing])
        ]
        return [ids for ids in rows if await self.sees_all(thing, ids)]

    async def sees_all(self, thing: str, ids: dict[str, str]) -> bool:
        """True when nothing that the address names is hidden from them."""
        for name in ids:
            if not await self.sees(thing, ids, name):
                return False
        return True

    async def sees(self, thing: str, ids: dict[str, str], name: str) -> bool:
        """True when the answer about the thing that `name` is the id of opens to them and shows the id."""
        own = thing if name == names(thing)[-1] else thing[: thing.index(f"{{{name}}}") + len(name) + 2]
        for address in (one.format_map(ids) for one in SHOWN_BY.get(own, [own])):
            if address not in self.answers:
                self.answers[address] = await self.program.get(address)
            answer = self.answers[address]
            if answer.status_code == 200 and ids[name] in answer.text:
                return True
        return False

    def state(self, thing: str, ids: dict[str, str]) -> dict[str, str]:
        """The header with the state of what an address names, as far as it has one."""
        answer = self.answers.get(thing.format_map(ids))
        return {"If-Match": answer.headers["etag"]} if answer and "etag" in answer.headers else {}

    async def try_(
        self, operation: Operation, ids: dict[str, str], body: Any, more: dict[str, str] | None = None
    ) -> httpx.Response:
        """One request; what it changes is taken back."""
        content = {} if body is None else {"json": body}
        headers = operation.headers | (more or {})
        if operation.method == "GET":
            return await self.program.get(operation.address(ids), headers=headers)
        async with taken_back(self.db):
            return await self.program.request(
                operation.method, operation.address(ids), headers=headers, **content
            )


@asynccontextmanager
async def taken_back(db: Any) -> Any:
    """Whatever happens inside has not happened."""
    await db.execute("savepoint matrix")
    try:
        yield
    finally:
        await db.execute(
            "rollback to savepoint matrix; release savepoint matrix; set local circle.system = 'on'"
        )


def unknown(known: str) -> str:
    """What nothing is called."""
    return "999999" if known.isdecimal() else str(uuid4())


def masked(answer: httpx.Response, ids: dict[str, str]) -> bytes:
    """Status, headers and body without what is drawn for each request and without the ids that were asked for."""
    heads = sorted((name, value) for name, value in answer.headers.items() if name != "x-request-id")
    told = f"{answer.status_code} {heads}\n".encode() + answer.content
    for drawn in (answer.headers["x-request-id"], *(value for value in ids.values() if len(value) == 36)):
        told = told.replace(drawn.encode(), b"*")
    return told


@pytest.fixture(scope="module")
async def people(circle: Clients) -> dict[str, Person]:
    """One person of each role, and what the example circle lacks: lists read in, experts, a date poll, votes, letters."""
    people = {role: Person(circle, await circle.as_(email)) for role, email in ROLES.items()}
    db = people["office"].db
    await db.execute(
        """
        insert into partner_import (person_id, authority_id, content)
        select id, authority_id, '{"notes": [], "lines": [], "new": 0, "duplicate": 0, "wrong": 0}' from person
        where email = any($1::text[])
        """,
        [ROLES["commissioner"], ROLES["assistant"]],
    )
    await db.execute(
        """
        insert into expert_involvement (object_kind, object_id, person_id, authority_id, valid_from, valid_to)
        select t.kind, t.id, p.id, p.authority_id, '2026-11-01', '2027-01-31'
        from person p, (select 'agenda_item' as kind, id from agenda_item
            union all select 'consultation', id from consultation) t
        where p.email = 'selin.beispielhain@br-arnsberg.example'
        """
    )
    await db.execute(
        """
        insert into invitee (meeting_id, person_id, invited_on)
        select m.id, a.person_id, m.date from meeting m, appointment a
        where m.state = 'minutes_approved' and a.kind = 'commissioner'
        on conflict do nothing
        """
    )
    await db.execute(
        """
        with asked as (
            insert into date_poll (title, mode, answer_until, created_on)
            values ('Klausur', 'online', '2026-12-11', '2026-11-23') returning id
        )
        insert into date_poll_date (poll_id, number, date, start_local, end_local)
        select id, n, date '2027-02-10' + n, '10:00', '14:00' from asked, generate_series(1, 2) n
        """
    )
    for floor in (
        """
        insert into ballot (meeting_id, item_id, kind, text, opened_at, audience)
        select meeting_id, item_id, 'by_name', 'Ein Wortlaut', '2026-11-23 09:00+01', audience from agenda_content
        """,
        """
        insert into speech_request (meeting_id, item_id, person_id, kind, place, asked_at, audience)
        select c.meeting_id, c.item_id, p.id, 'speech', 1, '2026-11-23 09:00+01', c.audience
        from agenda_content c, person p where p.email = 'leyla.musteroglu@kfi.example'
        """,
        """
        insert into presence (meeting_id, person_id, arrived_at, left_at)
        select m.id, p.id, '2026-11-23 09:00+01', '2026-11-23 10:00+01'
        from meeting m, person p where p.email = 'leyla.musteroglu@kfi.example'
        """,
    ):
        await db.execute(floor)
    for role in ("commissioner", "regional staff"):
        letter = {
            "kind": "notice",
            "person_ids": [str(await db.fetchval("select id from person where email = $1", ROLES[role]))],
            "subject": "Terminhinweis",
            "text": "Der Termin bleibt.",
        }
        answer = await people["office"].program.post("/api/v1/dispatches", json=letter)
        assert answer.status_code == 201, answer.text
    return people


@pytest.mark.confidential
@pytest.mark.parametrize("role", ROLES)
async def test_what_is_not_theirs_answers_as_what_does_not_exist(
    app: Litestar, people: dict[str, Person], standing: None, role: str
) -> None:
    person = people[role]
    wrong = []
    for operation in all_operations(app):
        _, foreign = await person.things(operation)
        for ids in foreign:
            nobody = {
                name: value if await person.sees(operation.thing, ids, name) else unknown(value)
                for name, value in ids.items()
            }
            for body in operation.bodies:
                met = await person.try_(operation, ids, body)
                random = await person.try_(operation, nobody, body)
                question = f"{operation.method} {operation.address(ids)} {body}"
                allowed = REFUSED_UNSEEN | ({409} if ids.items() & nobody.items() else set())
                if met.status_code not in allowed:
                    wrong.append(f"{question}: {met.status_code} {met.text}")
                elif masked(met, ids) != masked(random, nobody):
                    wrong.append(
                        f"{question}: {met.status_code} {met.text}, but of nothing {random.status_code} {random.text}"
                    )
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("role", ROLES)
async def test_what_is_theirs_is_never_missing(
    app: Litestar, people: dict[str, Person], standing: None, role: str
) -> None:
    person = people[role]
    wrong = []
    for operation in all_operations(app):
        seen, _ = await person.things(operation)
        for ids in seen:
            for body in operation.bodies:
                answer = await person.try_(operation, ids, body)
                status = answer.status_code
                if status == 404 and (person.sealed(ids) or (operation.path, status) in NOT_NOW):
                    continue
                # The documented body names things that nobody has.
                missing = status == 404 and not UUID.search(str(body))
                refused = (
                    operation.method == "GET" and status >= 300 and (operation.path, status) not in NOT_NOW
                )
                if missing or refused or status >= 500:
                    wrong.append(
                        f"{operation.method} {operation.address(ids)} {body}: {answer.status_code} {answer.text}"
                    )
    assert not wrong, "\n".join(wrong)


async def test_every_kind_of_thing_is_tried(app: Litestar, people: dict[str, Person]) -> None:
    """Of each kind somebody sees one, and somebody does not: otherwise the tests above say nothing of it."""
    untried = []
    for operation in {operation.thing: operation for operation in all_operations(app)}.values():
        found = [await person.things(operation) for person in people.values()]
        if not any(seen for seen, _ in found):
            untried.append(f"nobody sees {operation.thing}")
        if not any(foreign for _, foreign in found):
            untried.append(f"everybody sees {operation.thing}")
    assert not untried, "\n".join(untried)


ATTENDANCE = {
    "/api/v1/meetings/{meeting_id}/attendance",
    "/api/v1/meetings/{meeting_id}/attendance/{person_id}",
}
"""Whoever once spoke for a house stands in its history, and attended the meetings of that time."""


def reaches(answer: httpx.Response, field: str) -> bool:
    """True when the answer comes from looking for what the field names, not from the way there."""
    told = answer.json() if answer.content else {}
    found = told.get("code") in ("not_found", "unknown_reference") or field in str(told.get("errors", ""))
    return answer.is_success or found


@pytest.mark.confidential
@pytest.mark.parametrize("role", ROLES)
async def test_what_is_not_theirs_is_named_like_what_does_not_exist(
    app: Litestar, people: dict[str, Person], standing: None, role: str
) -> None:
    """The same for every id inside a body, nested ones too; and nothing is done with it."""
    person, wrong = people[role], []
    spoke = {str(row["person_id"]) for row in await person.db.fetch("select person_id from appointment")}
    own = {name: await person.seen(thing) for name, thing in NAMED.items()}

    def known(name: str) -> str:
        return next(iter(own[name][0].values())) if own[name] else str(uuid4())

    for naming in all_namings(app):
        operation, field = naming.operation, field_of(naming.path)
        foreign = (await person.things(operation._replace(thing=naming.thing)))[1]
        if operation.path in ATTENDANCE:
            foreign = [ids for ids in foreign if ids["person_id"] not in spoke]
        place = f"{operation.method} {operation.path} {'.'.join(naming.path)}"
        tried = 0
        for ids in await person.seen(operation.thing):
            state = person.state(operation.thing, ids)
            one = {field: str(uuid4())}
            random = await person.try_(operation, ids, naming.body(one[field], known), state)
            reached = reaches(random, field)
            if not reached and tried >= A_FEW:
                continue
            tried += 1
            for other in ({field: key} for key in (next(iter(each.values())) for each in foreign)):
                met = await person.try_(operation, ids, naming.body(other[field], known), state)
                # Where both are taken, the field says nothing here.
                ignored = met.is_success and random.is_success
                if not ignored and masked(met, other) != masked(random, one):
                    wrong.append(
                        f"{place} at {ids}: {met.status_code} {met.text}, but of nothing {random.status_code} {random.text}"
                    )
            if reached:
                break
    assert not wrong, "\n".join(wrong)
