"""The floor: the same framework, driver and tables, and nothing that makes a product. No sign-in, no rights, no log.

Served beside the product with the same uvicorn. Statements and Structs are what one writes without further thought.
"""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date, time
from typing import Any
from uuid import UUID

import asyncpg
import msgspec
from litestar import Litestar, get, post
from litestar.datastructures import State
from litestar.params import FromPath, JSONBody

KEYS = ["public", "internal", "circle"]


class Item(msgspec.Struct):
    id: UUID
    order: int
    number: str
    status: str
    title: str
    description: str
    aim: str
    kind: str
    confidentiality: str
    planned_minutes: int
    rapporteur_id: UUID | None
    minutes: str
    result: str


class Attendance(msgspec.Struct):
    person_id: UUID
    name: str
    status: str


class Meeting(msgspec.Struct):
    id: UUID
    reference: str
    title: str
    date: date
    start_local: time
    end_local: time
    mode: str
    place: str
    state: str
    revision: int


class FullMeeting(Meeting):
    items: list[Item] = []
    attendance: list[Attendance] = []


class Document(msgspec.Struct):
    id: UUID
    reference: str
    title: str
    kind: str
    abstract: str
    body: str
    topics: list[str]
    confidentiality: str
    state: str
    version: int
    revision: int


class DocumentLine(msgspec.Struct):
    id: UUID
    reference: str
    title: str
    kind: str
    abstract: str
    topics: list[str]
    confidentiality: str
    state: str
    released_on: date | None


class Person(msgspec.Struct):
    id: UUID
    title: str
    name: str
    email: str
    phone: str
    function: str
    authority_id: UUID
    authority_name: str
    authority_key: str
    roles: list[str]


class NewRequest(msgspec.Struct, forbid_unknown_fields=True):
    subject: str
    question: str


MEETING = (
    "select id, reference, title, date, start_local, end_local, mode, place, state, revision from meeting"
)


@get("/hello")
async def hello() -> dict[str, str]:
    return {"status": "ok"}


@get("/meetings/{key:uuid}")
async def meeting(state: State, key: FromPath[UUID]) -> FullMeeting:
    async with state.pool.acquire() as db:
        head = await db.fetchrow(MEETING + " where id = $1", key)
        items = await db.fetch(
            """
            select i.id, i."order", i.number, i.status, c.title, c.description, c.aim, c.kind, c.confidentiality,
                c.planned_minutes, c.rapporteur_id, c.minutes, c.result
            from agenda_item i join agenda_content c on c.item_id = i.id where i.meeting_id = $1 order by i."order"
            """,
            key,
        )
        people = await db.fetch(
            """
            select a.person_id, p.name, a.status from attendance a join person p on p.id = a.person_id
            where a.meeting_id = $1 order by p.name
            """,
            key,
        )
    return FullMeeting(
        **head, items=[Item(**row) for row in items], attendance=[Attendance(**row) for row in people]
    )


@get("/meetings")
async def meetings(state: State) -> list[Meeting]:
    async with state.pool.acquire() as db:
        rows = await db.fetch(MEETING + " where audience && $1 order by date desc, id desc limit 50", KEYS)
    return [Meeting(**row) for row in rows]


@get("/documents/{key:uuid}")
async def document(state: State, key: FromPath[UUID]) -> Document:
    async with state.pool.acquire() as db:
        row = await db.fetchrow(
            """
            select id, reference, title, kind, abstract, body, topics, confidentiality, state, version, revision
            from document where id = $1
            """,
            key,
        )
    return Document(**row)


@get("/documents")
async def documents(state: State) -> list[DocumentLine]:
    async with state.pool.acquire() as db:
        rows = await db.fetch(
            """
            select id, reference, title, kind, abstract, topics, confidentiality, state, released_on
            from document where audience && $1
            order by coalesce(released_on, '9999-12-31') desc, id desc limit 50
            """,
            KEYS,
        )
    return [DocumentLine(**row) for row in rows]


@get("/people")
async def people(state: State) -> list[Person]:
    async with state.pool.acquire() as db:
        rows = await db.fetch(
            """
            select p.id, p.title, p.name, p.email, p.phone, p.function, p.authority_id, a.name as authority_name,
                a.key as authority_key, roles_on(p.id, current_date) as roles
            from person p join authority a on a.id = p.authority_id where p.active order by p.name limit 50
            """
        )
    return [Person(**row) for row in rows]


@post("/consultations")
async def ask(state: State, data: JSONBody[NewRequest]) -> dict[str, str]:
    async with state.pool.acquire() as db, db.transaction():
        person, house = await db.fetchrow(
            "select id, authority_id from person where email = 'ben@example.org'"
        )
        number = await db.fetchval("select next_number('BENCH', 2026)")
        key = await db.fetchval(
            """
            insert into consultation (reference, subject, question, state, requested_by, authority_id, received_on)
            values ($1, $2, $3, 'received', $4, $5, current_date) returning id
            """,
            f"FLOOR-{number}", data.subject, data.question, person, house,
        )  # fmt: skip
        await db.execute(
            """
            insert into audit_event (office_at, actor_id, actor_name, action, object_kind, object_id, reference, detail)
            values (now(), $1, 'Ben', 'consultation.received', 'consultation', $2, '', '{}')
            """,
            person, key,
        )  # fmt: skip
        await db.execute(
            "insert into outbox (job, arguments, due_at) values ('floor', '{}', now() + interval '1 day')"
        )
    return {"id": str(key)}


@asynccontextmanager
async def pool(app: Litestar) -> AsyncIterator[None]:
    # The second wall stands open: a floor has no caller. Judging that once a statement is all it costs here.
    settings: dict[str, Any] = {"circle.system": "on", "jit": "off"}
    async with asyncpg.create_pool(
        os.environ["DATABASE_URL"], min_size=8, max_size=8, server_settings=settings
    ) as app.state.pool:
        yield


app = Litestar(
    [hello, meeting, meetings, document, documents, people, ask], lifespan=[pool], openapi_config=None
)
