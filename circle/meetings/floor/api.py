"""JSON API of requests to speak and votes in a running meeting."""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any
from uuid import UUID

import msgspec
from litestar import Request, Response, Router, get, post
from litestar.params import FromPath, FromQuery, JSONBody

from circle.core import answers, web
from circle.core.answers import Page
from circle.core.auth import Actor
from circle.core.db import Answer, Caller, Connection

from . import actions, panel, rules, store
from .model import (
    Ballot,
    BallotClosing,
    LeftOver,
    NewBallot,
    NewSpeech,
    NewVote,
    SpeechList,
    SpeechMove,
    SpeechRequest,
    StoredBallot,
)

Incoming = Request[Any, Any, Any]


@get("/meetings/{meeting_id:uuid}/speech-requests", opt={"permission": "signed_in"})
async def list_requests(
    db: web.Db, caller: web.Asking, meeting_id: FromPath[UUID]
) -> Response[Page[SpeechRequest]]:
    """Who speaks and who waits on the item that is called up, in the order of speaking; nobody between two items.

    On a confidential item those who may not open it see nobody.
    """
    return _list(await store.get_list(db, caller, meeting_id))


@post("/meetings/{meeting_id:uuid}/speech-requests", opt={"permission": "signed_in"})
async def ask(
    request: Incoming,
    db: web.Db,
    caller: web.Asking,
    actor: web.Acting,
    meeting_id: FromPath[UUID],
    data: JSONBody[NewSpeech],
) -> Response[SpeechRequest]:
    """Ask to speak, for whoever is in the room. Office and moderation enter others who are, guests too, by `person_id`.

    `order` is a request to speak to the order of business, which goes first. Nobody waits twice on one item.
    """

    async def act() -> Answer:
        return await store.get_request(db, caller, await actions.ask(db, actor, meeting_id, data))

    return await answers.once(
        db, actor, request, act, status=201, read=partial(store.get_request, db, caller)
    )


@post(
    "/meetings/{meeting_id:uuid}/speech-requests/take-over",
    status_code=200,
    opt={"permission": "meetings.run"},
)
async def take_over(
    db: web.Db, caller: web.Asking, actor: web.Acting, meeting_id: FromPath[UUID], data: JSONBody[LeftOver]
) -> Response[Page[SpeechRequest]]:
    """What is left of the lists of items that were called up before: kept for the current one, or dropped."""
    await actions.take_over(db, actor, meeting_id, data)
    return _list(await store.get_list(db, caller, meeting_id))


async def _speech(
    request: Incoming, db: Connection, caller: Caller, actor: Actor, request_id: UUID, does: Callable[[], Awaitable[Any]]
) -> Response[SpeechRequest]:  # fmt: skip
    """One act on a request to speak, once per key; the answer is the request after it."""

    async def act() -> Answer:
        await does()
        return await store.get_request(db, caller, request_id)

    return await answers.once(db, actor, request, act, read=partial(store.get_request, db, caller))


@get("/speech-requests/{request_id:uuid}", opt={"permission": "signed_in"})
async def read_request(db: web.Db, caller: web.Asking, request_id: FromPath[UUID]) -> Response[SpeechRequest]:
    """One request to speak, as long as the meeting runs."""
    return answers.one(await store.get_request(db, caller, request_id))


@post("/speech-requests/{request_id:uuid}/withdraw", status_code=200, opt={"permission": "signed_in"})
async def withdraw(
    request: Incoming, db: web.Db, caller: web.Asking, actor: web.Acting, request_id: FromPath[UUID]
) -> Response[SpeechRequest]:
    """Take one's request back; the moderation does so for others."""
    return await _speech(
        request, db, caller, actor, request_id, partial(actions.withdraw, db, actor, request_id)
    )


@post("/speech-requests/{request_id:uuid}/grant", status_code=200, opt={"permission": "meetings.run"})
async def grant(
    request: Incoming, db: web.Db, caller: web.Asking, actor: web.Acting, request_id: FromPath[UUID]
) -> Response[SpeechRequest]:
    """Give the floor; whoever had it has spoken."""
    return await _speech(
        request, db, caller, actor, request_id, partial(actions.grant, db, actor, request_id)
    )


@post("/speech-requests/{request_id:uuid}/end", status_code=200, opt={"permission": "meetings.run"})
async def end(
    request: Incoming, db: web.Db, caller: web.Asking, actor: web.Acting, request_id: FromPath[UUID]
) -> Response[SpeechRequest]:
    """The speech is over."""
    return await _speech(request, db, caller, actor, request_id, partial(actions.end, db, actor, request_id))


@post("/speech-requests/{request_id:uuid}/move", status_code=200, opt={"permission": "meetings.run"})
async def move(
    request: Incoming,
    db: web.Db,
    caller: web.Asking,
    actor: web.Acting,
    request_id: FromPath[UUID],
    data: JSONBody[SpeechMove],
) -> Response[SpeechRequest]:
    """One place up or down, among requests of the same rank."""
    return await _speech(
        request, db, caller, actor, request_id, partial(actions.move, db, actor, request_id, data)
    )


@post("/speech-requests/{request_id:uuid}/remove", status_code=200, opt={"permission": "meetings.run"})
async def remove(
    request: Incoming, db: web.Db, caller: web.Asking, actor: web.Acting, request_id: FromPath[UUID]
) -> Response[SpeechRequest]:
    """Take a request off the list."""
    return await _speech(
        request, db, caller, actor, request_id, partial(actions.remove, db, actor, request_id)
    )


@get("/agenda-items/{item_id:uuid}/ballots", opt={"permission": "signed_in"})
async def list_ballots(
    request: Incoming, db: web.Db, caller: web.Asking, item_id: FromPath[UUID], limit: FromQuery[int] = 50,
    after: FromQuery[str | None] = None,
) -> Response[Page[Ballot]]:  # fmt: skip
    """The votes on an item, the first one first. Of a confidential item they are for those who may open it."""
    found = await store.list_ballots(db, caller, answers.unseal(after), answers.page_size(limit), item_id)
    told = [panel.told(one) for one in msgspec.json.decode(found.body, type=list[StoredBallot])]
    return answers.page(request, Answer(found.me, msgspec.json.encode(told), 0, found.next))


@post("/agenda-items/{item_id:uuid}/ballots", opt={"permission": "meetings.run"})
async def open_ballot(
    request: Incoming,
    db: web.Db,
    caller: web.Asking,
    actor: web.Acting,
    item_id: FromPath[UUID],
    data: JSONBody[NewBallot],
) -> Response[Ballot]:
    """Put a wording to the vote on the item that is called up.

    `objection` asks for objections, `by_name` lets each house vote for itself, `open` counts hands. Without a kind it is the one of
    the procedure's decision rule.
    """

    async def act() -> Answer:
        return await read_ballot(db, caller, await actions.open_ballot(db, actor, item_id, data))

    return await answers.once(db, actor, request, act, status=201, read=partial(read_ballot, db, caller))


@get("/ballots/{ballot_id:uuid}", opt={"permission": "signed_in"})
async def read(db: web.Db, caller: web.Asking, ballot_id: FromPath[UUID]) -> Response[Ballot]:
    """One vote. By name, how a house votes is told when it is closed; before, that it has."""
    return answers.one(await read_ballot(db, caller, ballot_id))


async def _ballot(
    request: Incoming, db: Connection, caller: Caller, actor: Actor, ballot_id: UUID, does: Callable[[], Awaitable[Any]]
) -> Response[Ballot]:  # fmt: skip
    """One act on a vote, once per key; the answer is the vote after it."""

    async def act() -> Answer:
        await does()
        return await read_ballot(db, caller, ballot_id)

    return await answers.once(db, actor, request, act, read=partial(read_ballot, db, caller))


@post("/ballots/{ballot_id:uuid}/cast", status_code=200, opt={"permission": "signed_in"})
async def cast(
    request: Incoming,
    db: web.Db,
    caller: web.Asking,
    actor: web.Acting,
    ballot_id: FromPath[UUID],
    data: JSONBody[NewVote],
) -> Response[Ballot]:
    """Cast the vote of the house whose voice one carries in the room; until the vote is closed the last one counts.

    The moderation enters, by `authority_id`, what a house says aloud. Office and moderation have no vote.
    """
    return await _ballot(
        request, db, caller, actor, ballot_id, partial(actions.cast, db, actor, ballot_id, data)
    )


@post("/ballots/{ballot_id:uuid}/close", status_code=200, opt={"permission": "meetings.run"})
async def close(
    request: Incoming,
    db: web.Db,
    caller: web.Asking,
    actor: web.Acting,
    ballot_id: FromPath[UUID],
    data: JSONBody[BallotClosing],
) -> Response[Ballot]:
    """Count the vote and enter result, wording, voices and reservations at the item, in one act.

    Without a quorum nothing is decided. With If-Match it is stale when a house has objected since. With `houses`, silence is
    consent only while the houses that can vote are those (409 `houses_changed`).
    """
    return await _ballot(
        request, db, caller, actor, ballot_id,
        lambda: actions.close(db, actor, ballot_id, data, answers.expected_revision(request, required=False)),
    )  # fmt: skip


@post("/ballots/{ballot_id:uuid}/cancel", status_code=200, opt={"permission": "meetings.run"})
async def cancel(
    request: Incoming, db: web.Db, caller: web.Asking, actor: web.Acting, ballot_id: FromPath[UUID]
) -> Response[Ballot]:
    """End the vote without a result."""
    return await _ballot(request, db, caller, actor, ballot_id, partial(actions.cancel, db, actor, ballot_id))


async def read_ballot(db: Connection, caller: Caller, ballot_id: UUID) -> Answer:
    """One visible vote with its result in words."""
    found = await store.get_ballot(db, caller, ballot_id)
    ballot = panel.told(msgspec.json.decode(found.body, type=StoredBallot))
    return Answer(found.me, msgspec.json.encode(ballot), found.revision)


def _list(found: Answer) -> Response[Any]:
    speeches = msgspec.json.decode(found.body, type=SpeechList)
    speaking = [one for one in speeches.items if one.state == "speaking"]
    waiting = rules.order_of((one for one in speeches.items if one.state == "waiting"), speeches.order)
    return Response({"items": [*speaking, *waiting], "next": None})


router = Router(
    "/api/v1",
    tags=["floor"],
    route_handlers=[
        list_requests, ask, take_over, read_request, withdraw, grant, end, move, remove, list_ballots, open_ballot, read, cast, close,
        cancel,
    ],
)  # fmt: skip
