"""The floor: the same framework, driver, tables and answers, and nothing that makes a product. No sign-in, no rights,
no log.

Served beside the product with the same uvicorn. Statements and Structs are what one writes without further thought:
one statement for the thing, one for each kind of what hangs on it.
"""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date, datetime, time
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
    meeting_id: UUID
    meeting_reference: str
    order: int
    number: str
    status: str
    frozen: bool
    late_submission: bool
    revision: int
    title: str
    description: str
    aim: str
    kind: str
    confidentiality: str
    rapporteur_id: UUID | None
    rapporteur_name: str | None
    submitted_by_id: UUID | None
    submitted_by_name: str | None
    authority_id: UUID | None
    authority_name: str | None
    planned_minutes: int
    return_reason: str
    minutes: str
    result: str
    resolution_text: str
    votes: msgspec.Raw
    reservations: msgspec.Raw
    adjourned_to: UUID | None
    adjourned_to_reference: str | None
    named: list[UUID] | None = None
    papers: list["Paper"] = []


class Paper(msgspec.Struct):
    id: UUID
    item_id: UUID
    number: int
    title: str
    version: int
    confidentiality: str
    file_name: str | None
    author_name: str | None


class Attendance(msgspec.Struct):
    person_id: UUID
    name: str
    authority_id: UUID
    authority_name: str
    house: bool
    status: str
    represented_by: UUID | None
    represented_by_name: str | None
    from_local: time | None
    to_local: time | None


class Member(msgspec.Struct):
    authority_id: UUID
    authority_name: str
    person_id: UUID | None
    name: str | None


class Edition(msgspec.Struct):
    version: int
    kind: str
    sent_on: date
    sha256: str
    members: bool
    file_id: UUID | None


class Dispatch(msgspec.Struct):
    id: UUID
    kind: str
    title: str
    state: str
    sent_on: date | None
    total: int
    sent: int
    failed: int


class Meeting(msgspec.Struct):
    id: UUID
    reference: str
    number: int
    title: str
    date: date
    start_local: time
    end_local: time
    time_zone: str
    mode: str
    place: str
    link: str
    state: str
    invitation_sent_on: date | None
    invitation_until: str | None
    overdue: bool
    agenda_version: int
    sequence: int
    moved_to: UUID | None
    moved_to_reference: str | None
    item_count: int
    proposal_count: int
    revision: int


class FullMeeting(Meeting):
    file_reference: str
    deadlines: msgspec.Raw
    procedure_version: int
    started_at: datetime | None
    ended_at: datetime | None
    moved_from_reference: str | None
    reason: str
    note: str
    convened_by: UUID | None
    convened_by_name: str | None
    calendar_id: UUID
    quorum_least: int
    called_on: date | None
    unsent: None = None
    minutes_open: bool = True
    agenda: list[Item] = []
    attendance: list[Attendance] = []
    members: list[Member] = []
    editions: list[Edition] = []
    dispatches: list[Dispatch] = []


class DocumentLine(msgspec.Struct):
    id: UUID
    reference: str
    title: str
    kind: str
    abstract: str
    topics: list[str]
    confidentiality: str
    state: str
    draft_state: str | None
    version: int
    language_level: str
    owner_id: UUID
    owner_name: str
    authority_id: UUID
    authority_name: str
    released_on: date | None
    review_on: date | None
    updated_at: datetime
    revision: int


class File(msgspec.Struct):
    id: UUID
    name: str
    content_type: str
    size: int
    sha256: str


class Version(msgspec.Struct):
    number: int
    title: str
    confidentiality: str
    released_on: date
    released_by_name: str
    sha256: str


class Document(DocumentLine):
    body: str
    legal_basis: str
    released_by_name: str | None
    edited_by_id: UUID | None
    edited_by_name: str | None
    return_note: str
    retired_note: str
    superseded_by: UUID | None
    supersedes: None = None
    draft: None = None
    named: list[UUID] = []
    file_ids: list[UUID] = []
    files: list[File] = []
    versions: list[Version] = []


class Person(msgspec.Struct):
    id: UUID
    reference: str | None
    title: str
    name: str
    email: str
    phone: str
    function: str
    room: str
    hours: str
    active: bool
    authority_id: UUID
    authority_name: str
    authority_key: str
    roles: list[str]


class NewRequest(msgspec.Struct, forbid_unknown_fields=True):
    subject: str
    question: str


MEETING = """
    select m.id, m.reference, m.number, m.title, m.date, m.start_local, m.end_local, m.time_zone, m.mode, m.place, m.link,
        m.state, m.invitation_sent_on, m.deadlines -> 'invitation_latest' ->> 'on' as invitation_until,
        coalesce((m.deadlines -> 'invitation_latest' ->> 'on')::date < current_date, false) as overdue,
        m.agenda_version, m.sequence, m.moved_to, t.reference as moved_to_reference, (
            select count(*) from agenda_item i
            where i.meeting_id = m.id and i.status in ('admitted', 'on_agenda', 'treated')) as item_count, (
            select count(*) from agenda_item i where i.meeting_id = m.id and i.status = 'registered') as proposal_count,
        m.revision, m.file_reference, m.deadlines, m.procedure_version, m.started_at, m.ended_at,
        (select o.reference from meeting o where o.moved_to = m.id limit 1) as moved_from_reference, m.reason, m.note,
        m.convened_by, (select name from person where id = m.convened_by) as convened_by_name,
        coalesce(m.calendar_id, m.id) as calendar_id, 3 as quorum_least,
        (select max(c.sent_on) from call_for_items c where c.meeting_id = m.id) as called_on
    from meeting m left join meeting t on t.id = m.moved_to where m.id = $1
"""


@get("/hello")
async def hello() -> dict[str, str]:
    return {"status": "ok"}


@get("/meetings/{key:uuid}")
async def meeting(state: State, key: FromPath[UUID]) -> FullMeeting:
    async with state.pool.acquire() as db:
        head = await db.fetchrow(MEETING, key)
        items = await db.fetch(
            """
            select i.id, i.meeting_id, m.reference as meeting_reference, i."order", i.number, i.status, i.frozen,
                i.late_submission, i.revision, c.title, c.description, c.aim, c.kind, c.confidentiality, c.rapporteur_id,
                r.name as rapporteur_name, c.submitted_by as submitted_by_id, p.name as submitted_by_name,
                a.id as authority_id, a.short as authority_name, c.planned_minutes, c.return_reason, c.minutes, c.result,
                c.resolution_text, c.votes, c.reservations, i.adjourned_to, l.reference as adjourned_to_reference
            from agenda_item i
            join meeting m on m.id = i.meeting_id
            join agenda_content c on c.item_id = i.id
            left join person r on r.id = c.rapporteur_id
            left join person p on p.id = c.submitted_by
            left join authority a on a.id = p.authority_id
            left join agenda_item s on s.id = i.adjourned_to
            left join meeting l on l.id = s.meeting_id
            where i.meeting_id = $1 order by i."order"
            """,
            key,
        )
        papers = await db.fetch(
            """
            select a.id, a.item_id, a.number, a.title, a.version, a.confidentiality, f.name as file_name,
                p.name as author_name
            from paper a left join file f on f.id = a.file_id left join person p on p.id = a.author_id
            where a.meeting_id = $1 order by a.number
            """,
            key,
        )
        people = await db.fetch(
            """
            select a.person_id, p.name, h.id as authority_id, h.short as authority_name,
                h.kind = 'district_government' as house, a.status, a.represented_by, d.name as represented_by_name,
                a.from_local, a.to_local
            from attendance a
            join person p on p.id = a.person_id
            join authority h on h.id = p.authority_id
            left join person d on d.id = a.represented_by
            where a.meeting_id = $1 order by h.name, p.name
            """,
            key,
        )
        members = await db.fetch(
            """
            select h.id as authority_id, h.short as authority_name, p.id as person_id, p.name
            from authority h
            left join appointment b on b.authority_id = h.id and b.kind = 'commissioner' and b.valid_from <= $1
                and (b.valid_to is null or b.valid_to >= $1)
            left join person p on p.id = b.person_id
            where h.kind = 'district_government' order by h.name
            """,
            head["date"],
        )
        editions = await db.fetch(
            """
            select v.version, v.kind, v.sent_on, v.sha256, v.members, t.file_id
            from agenda_version v left join dispatch_part t on t.dispatch_id = v.dispatch_id and t.position = 1
            where v.meeting_id = $1 order by v.version
            """,
            key,
        )
        dispatches = await db.fetch(
            """
            select s.id, s.kind, s.title, s.state, s.sent_on, count(d.id) as total,
                count(*) filter (where d.state = 'sent') as sent,
                count(*) filter (where d.state in ('failed', 'uncertain')) as failed
            from dispatch s left join delivery d on d.dispatch_id = s.id
            where s.object_kind = 'meeting' and s.object_id = $1 group by s.id order by s.created_at
            """,
            key,
        )
    found = [
        Item(
            **raw(row, "votes", "reservations"),
            papers=[Paper(**p) for p in papers if p["item_id"] == row["id"]],
        )
        for row in items
    ]
    return FullMeeting(
        **raw(head, "deadlines"), agenda=found, attendance=[Attendance(**row) for row in people],
        members=[Member(**row) for row in members], editions=[Edition(**row) for row in editions],
        dispatches=[Dispatch(**row) for row in dispatches],
    )  # fmt: skip


def raw(row: asyncpg.Record, *names: str) -> dict[str, Any]:
    """A row whose JSON columns pass through as they are."""
    return dict(row) | {name: msgspec.Raw((row[name] or "null").encode()) for name in names}


@get("/meetings")
async def meetings(state: State) -> dict[str, list[Meeting] | None]:
    async with state.pool.acquire() as db:
        rows = await db.fetch(
            """
            select m.id, m.reference, m.number, m.title, m.date, m.start_local, m.end_local, m.time_zone, m.mode, m.place,
                m.link, m.state, m.invitation_sent_on, m.deadlines -> 'invitation_latest' ->> 'on' as invitation_until,
                coalesce((m.deadlines -> 'invitation_latest' ->> 'on')::date < current_date, false) as overdue,
                m.agenda_version, m.sequence, m.moved_to, t.reference as moved_to_reference, (
                    select count(*) from agenda_item i
                    where i.meeting_id = m.id and i.status in ('admitted', 'on_agenda', 'treated')) as item_count, (
                    select count(*) from agenda_item i
                    where i.meeting_id = m.id and i.status = 'registered') as proposal_count,
                m.revision
            from meeting m left join meeting t on t.id = m.moved_to
            where m.audience && $1 order by m.date desc, m.id desc limit 50
            """,
            KEYS,
        )
    return {"items": [Meeting(**row) for row in rows], "next": None}


@get("/documents/{key:uuid}")
async def document(state: State, key: FromPath[UUID]) -> Document:
    async with state.pool.acquire() as db:
        row = await db.fetchrow(
            """
            select d.id, d.reference, d.title, d.kind, d.abstract, d.topics, d.confidentiality, d.state,
                r.state as draft_state, d.version, d.language_level, d.owner_id, o.name as owner_name, d.authority_id,
                a.short as authority_name, d.released_on, d.review_on, d.updated_at, d.revision, d.body, d.legal_basis,
                b.name as released_by_name, d.edited_by as edited_by_id, e.name as edited_by_name, d.return_note,
                d.retired_note, d.superseded_by
            from document d
            join person o on o.id = d.owner_id
            join authority a on a.id = d.authority_id
            left join document_draft r on r.document_id = d.id
            left join person b on b.id = d.released_by
            left join person e on e.id = d.edited_by
            where d.id = $1
            """,
            key,
        )
        files = await db.fetch(
            """
            select f.id, f.name, f.content_type, f.size, f.sha256
            from document_file u join file f on f.id = u.file_id where u.document_id = $1 order by f.name
            """,
            key,
        )
        versions = await db.fetch(
            """
            select number, title, confidentiality, released_on, released_by_name, sha256
            from document_version where document_id = $1 order by number desc
            """,
            key,
        )
    found = [File(**one) for one in files]
    return Document(
        **row, files=found, file_ids=[one.id for one in found], versions=[Version(**one) for one in versions]
    )


@get("/documents")
async def documents(state: State) -> dict[str, list[DocumentLine] | None]:
    async with state.pool.acquire() as db:
        rows = await db.fetch(
            """
            select d.id, d.reference, d.title, d.kind, d.abstract, d.topics, d.confidentiality, d.state,
                r.state as draft_state, d.version, d.language_level, d.owner_id, o.name as owner_name, d.authority_id,
                a.short as authority_name, d.released_on, d.review_on, d.updated_at, d.revision
            from document d
            join person o on o.id = d.owner_id
            join authority a on a.id = d.authority_id
            left join document_draft r on r.document_id = d.id
            where d.audience && $1
            order by coalesce(d.released_on, '9999-12-31') desc, d.id desc limit 50
            """,
            KEYS,
        )
    return {"items": [DocumentLine(**row) for row in rows], "next": None}


@get("/people")
async def people(state: State) -> dict[str, list[Person] | None]:
    async with state.pool.acquire() as db:
        rows = await db.fetch(
            """
            select p.id, p.reference, p.title, p.name, p.email, p.phone, p.function, p.room, p.hours, p.active, p.authority_id, a.short as authority_name,
                a.key as authority_key, roles_on(p.id, current_date) as roles
            from person p join authority a on a.id = p.authority_id where p.active order by p.name limit 50
            """
        )
    return {"items": [Person(**row) for row in rows], "next": None}


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
