"""JSON API of agenda items and papers."""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any
from uuid import UUID

import msgspec
from litestar import Request, Response, Router, delete, get, patch, post
from litestar.params import FromPath, FromQuery, JSONBody

from circle.core import access, answers, web
from circle.core.answers import Page
from circle.core.auth import Actor
from circle.core.db import Answer, Caller, Connection
from circle.people.experts import store as expert_store
from circle.people.experts.model import Expert, NewExpert

from . import actions, experts, papers, store, versions
from .model import (
    Adjournment,
    AgendaItem,
    AgendaPreview,
    AgendaVersion,
    ItemChange,
    LeftItem,
    Lift,
    NewItem,
    NewPaper,
    NewReservation,
    Outcome,
    Paper,
    PaperChange,
    Plan,
    Return,
    Sight,
    StoredVersions,
)

Incoming = Request[Any, Any, Any]


@get("/meetings/{meeting_id:uuid}/agenda-items", opt={"permission": "signed_in"})
async def list_items(
    request: Incoming,
    db: web.Db,
    caller: web.Asking,
    meeting_id: FromPath[UUID],
    limit: FromQuery[int] = 50,
    after: FromQuery[str | None] = None,
) -> Response[Page[AgendaItem]]:
    """The agenda in order. A confidential item shows its place and state to everybody, the rest to named persons."""
    found = await store.list_items(db, caller, answers.unseal(after), answers.page_size(limit), meeting_id)
    await actions.note_reading(db, caller, found.me, msgspec.json.decode(found.body, type=list[AgendaItem]))
    return answers.page(request, found)


@post("/meetings/{meeting_id:uuid}/agenda-items", opt={"permission": "agenda.propose"})
async def propose(
    request: Incoming,
    db: web.Db,
    caller: web.Asking,
    actor: web.Acting,
    meeting_id: FromPath[UUID],
    data: JSONBody[NewItem],
) -> Response[AgendaItem]:
    """Put an item forward; after the deadline, 28 days before, it is marked late. The office admits it."""

    async def act() -> Answer:
        return await store.get_item(db, caller, await actions.propose(db, actor, meeting_id, data))

    return await answers.once(db, actor, request, act, status=201, read=partial(store.get_item, db, caller))


@post("/meetings/{meeting_id:uuid}/agenda-items/order", status_code=200, opt={"permission": "agenda.admit"})
async def arrange(
    request: Incoming,
    db: web.Db,
    caller: web.Asking,
    actor: web.Acting,
    meeting_id: FromPath[UUID],
    data: JSONBody[Plan],
) -> Response[Page[AgendaItem]]:
    """Put all items still to come in order, in one act. Needs If-Match with the meeting's revision."""
    expected = answers.expected_revision(request)
    assert expected is not None
    await actions.arrange(db, actor, meeting_id, data, expected)
    return answers.page(request, await store.list_items(db, caller, None, answers.MAX_PAGE, meeting_id))


@get("/meetings/{meeting_id:uuid}/left-items", opt={"permission": "agenda.admit"})
async def list_left(
    request: Incoming,
    db: web.Db,
    caller: web.Asking,
    actor: web.Acting,
    meeting_id: FromPath[UUID],
    limit: FromQuery[int] = 50,
    after: FromQuery[str | None] = None,
) -> Response[Page[LeftItem]]:
    """What earlier meetings put off without naming another one. `adjourn` with this meeting takes one over."""
    found = await store.list_left(db, caller, answers.unseal(after), answers.page_size(limit), meeting_id)
    access.require(actor, "agenda.admit")
    return answers.page(request, found)


@get("/meetings/{meeting_id:uuid}/agenda-preview", opt={"permission": "agenda.admit"})
async def preview_as(
    db: web.Db,
    caller: web.Asking,
    actor: web.Acting,
    meeting_id: FromPath[UUID],
    role: FromQuery[Sight] = "member",
) -> Response[AgendaPreview]:
    """The agenda as a role sees it: a member, a guest of the meeting, somebody in a house, the ministry."""
    found = await store.preview_as(db, caller, role, meeting_id)
    access.require(actor, "agenda.admit")
    return answers.one(found)


@get("/meetings/{meeting_id:uuid}/agenda-versions", opt={"permission": "signed_in"})
async def list_versions(
    request: Incoming, db: web.Db, caller: web.Asking, meeting_id: FromPath[UUID]
) -> Response[Page[AgendaVersion]]:
    """The agendas that went out, each with what it changed against the one before it, in words."""
    found = await store.list_versions(db, caller, meeting_id)
    told = versions.told(msgspec.json.decode(found.body, type=StoredVersions).versions)
    return answers.page(request, msgspec.structs.replace(found, body=msgspec.json.encode(told)))


@get("/agenda-items/{item_id:uuid}", opt={"permission": "signed_in"})
async def read(db: web.Db, caller: web.Asking, item_id: FromPath[UUID]) -> Response[AgendaItem]:
    """One item. Who reads a confidential one is logged."""
    found = await store.get_item(db, caller, item_id)
    await actions.note_reading(db, caller, found.me, [msgspec.json.decode(found.body, type=AgendaItem)])
    return answers.one(found)


@patch("/agenda-items/{item_id:uuid}", opt={"permission": "agenda.propose"})
async def change(
    request: Incoming,
    db: web.Db,
    caller: web.Asking,
    actor: web.Acting,
    item_id: FromPath[UUID],
    data: JSONBody[ItemChange],
) -> Response[AgendaItem]:
    """Mend a proposal before its admission, or, for the office, change an item before the invitation; needs If-Match."""
    expected = answers.expected_revision(request)
    assert expected is not None
    await actions.change(db, actor, item_id, data, expected)
    return answers.done(await store.get_item(db, caller, item_id))


async def _act(
    request: Incoming,
    db: Connection,
    caller: Caller,
    actor: Actor,
    item_id: UUID,
    does: Callable[[int | None], Awaitable[Any]],
) -> Response[AgendaItem]:
    """One act on an item, once per key; the answer is the item after it."""

    async def act() -> Answer:
        await does(answers.expected_revision(request, required=False))
        return await store.get_item(db, caller, item_id)

    return await answers.once(db, actor, request, act, read=partial(store.get_item, db, caller))


@post("/agenda-items/{item_id:uuid}/admit", status_code=200, opt={"permission": "agenda.admit"})
async def admit(
    request: Incoming, db: web.Db, caller: web.Asking, actor: web.Acting, item_id: FromPath[UUID]
) -> Response[AgendaItem]:
    """Take a proposal onto the agenda. Whoever admits a confidential one is named for it."""
    return await _act(
        request, db, caller, actor, item_id, lambda expected: actions.admit(db, actor, item_id, expected)
    )


@post("/agenda-items/{item_id:uuid}/return", status_code=200, opt={"permission": "agenda.admit"})
async def return_(
    request: Incoming,
    db: web.Db,
    caller: web.Asking,
    actor: web.Acting,
    item_id: FromPath[UUID],
    data: JSONBody[Return],
) -> Response[AgendaItem]:
    """Give a proposal back with a reason, before the invitation; the submitter gets a mail."""
    return await _act(
        request, db, caller, actor, item_id,
        lambda expected: actions.return_(db, actor, item_id, data, expected),
    )  # fmt: skip


@post("/agenda-items/{item_id:uuid}/withdraw", status_code=200, opt={"permission": "agenda.propose"})
async def withdraw(
    request: Incoming, db: web.Db, caller: web.Asking, actor: web.Acting, item_id: FromPath[UUID]
) -> Response[AgendaItem]:
    """Take one's item back; after the invitation its number stays."""
    return await _act(
        request, db, caller, actor, item_id, lambda expected: actions.withdraw(db, actor, item_id, expected)
    )


@post("/agenda-items/{item_id:uuid}/adjourn", status_code=200, opt={"permission": "meetings.run"})
async def adjourn(
    request: Incoming,
    db: web.Db,
    caller: web.Asking,
    actor: web.Acting,
    item_id: FromPath[UUID],
    data: JSONBody[Adjournment | None] = None,
) -> Response[AgendaItem]:
    """Put an item off, into a later meeting when one is named; `adjourned_to` is the item there."""
    return await _act(
        request, db, caller, actor, item_id,
        lambda expected: actions.adjourn(db, actor, item_id, data or Adjournment(), expected),
    )  # fmt: skip


@post("/agenda-items/{item_id:uuid}/result", status_code=200, opt={"permission": "meetings.run"})
async def conclude(
    request: Incoming,
    db: web.Db,
    caller: web.Asking,
    actor: web.Acting,
    item_id: FromPath[UUID],
    data: JSONBody[Outcome],
) -> Response[AgendaItem]:
    """Enter text, result, wording, voices and reservations while the meeting runs, and until its minutes are approved."""
    return await _act(
        request, db, caller, actor, item_id,
        lambda expected: actions.conclude(db, actor, item_id, data, expected),
    )  # fmt: skip


@post("/agenda-items/{item_id:uuid}/reservations", opt={"permission": "signed_in"})
async def reserve(
    request: Incoming,
    db: web.Db,
    caller: web.Asking,
    actor: web.Acting,
    item_id: FromPath[UUID],
    data: JSONBody[NewReservation],
) -> Response[AgendaItem]:
    """Declare a reservation: a member for the own house, office and moderation for a member."""

    async def act() -> Answer:
        expected = answers.expected_revision(request, required=False)
        await actions.reserve(db, actor, item_id, data, expected)
        return await store.get_item(db, caller, item_id)

    return await answers.once(db, actor, request, act, status=201, read=partial(store.get_item, db, caller))


@post("/agenda-items/{item_id:uuid}/reservations/lift", status_code=200, opt={"permission": "signed_in"})
async def lift(
    request: Incoming,
    db: web.Db,
    caller: web.Asking,
    actor: web.Acting,
    item_id: FromPath[UUID],
    data: JSONBody[Lift | None] = None,
) -> Response[AgendaItem]:
    """End a reservation, dated today, also after the approval of the minutes."""
    return await _act(
        request, db, caller, actor, item_id,
        lambda expected: actions.lift(db, actor, item_id, data or Lift(), expected),
    )  # fmt: skip


@get("/meetings/{meeting_id:uuid}/papers", opt={"permission": "signed_in"})
async def list_papers(
    request: Incoming,
    db: web.Db,
    caller: web.Asking,
    meeting_id: FromPath[UUID],
    limit: FromQuery[int] = 50,
    after: FromQuery[str | None] = None,
) -> Response[Page[Paper]]:
    """The papers of a meeting that one may open, in the order of the agenda."""
    found = await store.list_papers(db, caller, answers.unseal(after), answers.page_size(limit), meeting_id)
    await actions.note_reading(db, caller, found.me, msgspec.json.decode(found.body, type=list[Paper]))
    return answers.page(request, found)


@post("/meetings/{meeting_id:uuid}/papers", opt={"permission": "papers.hand_in"})
async def hand_in(
    request: Incoming,
    db: web.Db,
    caller: web.Asking,
    actor: web.Acting,
    meeting_id: FromPath[UUID],
    data: JSONBody[NewPaper],
) -> Response[Paper]:
    """Add a paper to an item: a file that was uploaded before, or a document. Its label follows from the day."""

    async def act() -> Answer:
        return await store.get_paper(db, caller, await papers.hand_in(db, actor, meeting_id, data))

    return await answers.once(db, actor, request, act, status=201, read=partial(store.get_paper, db, caller))


@get("/papers/{paper_id:uuid}", opt={"permission": "signed_in"})
async def read_paper(db: web.Db, caller: web.Asking, paper_id: FromPath[UUID]) -> Response[Paper]:
    """One paper. Who reads a confidential one is logged."""
    found = await store.get_paper(db, caller, paper_id)
    await actions.note_reading(db, caller, found.me, [msgspec.json.decode(found.body, type=Paper)])
    return answers.one(found)


@patch("/papers/{paper_id:uuid}", opt={"permission": "papers.hand_in"})
async def change_paper(
    request: Incoming,
    db: web.Db,
    caller: web.Asking,
    actor: web.Acting,
    paper_id: FromPath[UUID],
    data: JSONBody[PaperChange],
) -> Response[Paper]:
    """Another title, or a new version with another file; needs If-Match."""
    expected = answers.expected_revision(request)
    assert expected is not None
    await papers.change(db, actor, paper_id, data, expected)
    return answers.done(await store.get_paper(db, caller, paper_id))


@get("/agenda-items/{item_id:uuid}/experts", opt={"permission": "signed_in"})
async def list_experts(
    request: Incoming, db: web.Db, caller: web.Asking, item_id: FromPath[UUID]
) -> Response[Page[Expert]]:
    """Who is called in today on this item, for whoever may open it."""
    return answers.page(request, await expert_store.list_experts(db, caller, "agenda_item", item_id))


@post("/agenda-items/{item_id:uuid}/experts", opt={"permission": "experts.involve"})
async def involve_expert(
    request: Incoming,
    db: web.Db,
    caller: web.Asking,
    actor: web.Acting,
    item_id: FromPath[UUID],
    data: JSONBody[NewExpert],
) -> Response[Expert]:
    """Call in somebody of the own house until a day: they read this item, and nothing else."""
    read = partial(expert_store.get_expert, db, caller, "agenda_item", item_id)

    async def act() -> Answer:
        return await read(await experts.involve(db, actor, item_id, data))

    return await answers.once(db, actor, request, act, status=201, read=read)


@delete(
    "/agenda-items/{item_id:uuid}/experts/{person_id:uuid}",
    status_code=204,
    opt={"permission": "experts.involve"},
)
async def end_expert(
    db: web.Db, actor: web.Acting, item_id: FromPath[UUID], person_id: FromPath[UUID]
) -> None:
    """End it at once."""
    await experts.end(db, actor, item_id, person_id)


router = Router(
    "/api/v1",
    tags=["agenda"],
    route_handlers=[
        list_items, propose, arrange, list_left, preview_as, list_versions, read, change, admit, return_, withdraw, adjourn, conclude, reserve, lift,
        list_papers, hand_in, read_paper, change_paper, list_experts, involve_expert, end_expert,
    ],
)  # fmt: skip
