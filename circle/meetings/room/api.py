"""JSON API of the room of a meeting: who is there, and which item is being dealt with."""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any
from uuid import UUID

import msgspec
from litestar import Request, Response, Router, delete, get, post, put
from litestar.params import FromPath, JSONBody

from circle.core import answers, web
from circle.core.auth import Actor
from circle.core.db import Answer, Caller, Connection

from ..agenda import actions as agenda
from . import actions, store
from .model import Arrival, Calling, Departure, Extension, RollCall, Room, StayChange, Step, Swap

Incoming = Request[Any, Any, Any]


@get("/meetings/{meeting_id:uuid}/room", opt={"permission": "signed_in"})
async def read(db: web.Db, caller: web.Asking, meeting_id: FromPath[UUID]) -> Response[Room]:
    """The meeting with its stays, the calls of its items and the minutes given. The open call is the current item.

    Of a confidential item that the reader may not open it says no more than that it is the current one.
    """
    found = await store.get_room(db, caller, meeting_id)
    await agenda.note_reading(db, caller, found.me, msgspec.json.decode(found.body, type=Room).agenda)
    return answers.one(found)


async def _act(
    request: Incoming,
    db: Connection,
    caller: Caller,
    actor: Actor,
    meeting_id: UUID,
    does: Callable[[int | None], Awaitable[Any]],
) -> Response[Room]:
    """One act in a room, once per key; the answer is the room after it."""

    async def act() -> Answer:
        await does(answers.expected_revision(request, required=False))
        return await store.get_room(db, caller, meeting_id)

    return await answers.once(db, actor, request, act, read=partial(store.get_room, db, caller))


@post("/meetings/{meeting_id:uuid}/arrivals", status_code=200, opt={"permission": "meetings.run"})
async def arrive(
    request: Incoming,
    db: web.Db,
    caller: web.Asking,
    actor: web.Acting,
    meeting_id: FromPath[UUID],
    data: JSONBody[Arrival],
) -> Response[Room]:
    """Somebody comes in. Members and deputies carry the voice of their house, one voice a house; others have none.

    `at_local` is HH:MM, without one it is now. While a confidential item is being dealt with, the answer may be 409
    `not_open_to_all` for who is not named for it: `confirmed` lets them hear it. So do the other ways in (`swaps`, `stays`).
    """
    return await _act(
        request, db, caller, actor, meeting_id, lambda _: actions.arrive(db, actor, meeting_id, data)
    )


@post("/meetings/{meeting_id:uuid}/roll-call", status_code=200, opt={"permission": "meetings.run"})
async def call_roll(
    request: Incoming,
    db: web.Db,
    caller: web.Asking,
    actor: web.Acting,
    meeting_id: FromPath[UUID],
    data: JSONBody[RollCall],
) -> Response[Room]:
    """All who are there as the meeting begins, since its opening unless a time is given. Who was entered before stays so."""
    return await _act(
        request, db, caller, actor, meeting_id, lambda _: actions.arrive_all(db, actor, meeting_id, data)
    )


@post("/meetings/{meeting_id:uuid}/departures", status_code=200, opt={"permission": "meetings.run"})
async def leave(
    request: Incoming,
    db: web.Db,
    caller: web.Asking,
    actor: web.Acting,
    meeting_id: FromPath[UUID],
    data: JSONBody[Departure],
) -> Response[Room]:
    """Somebody leaves the room, for good or for a while."""
    return await _act(
        request, db, caller, actor, meeting_id, lambda _: actions.leave(db, actor, meeting_id, data)
    )


@post("/meetings/{meeting_id:uuid}/swaps", status_code=200, opt={"permission": "meetings.run"})
async def swap(
    request: Incoming,
    db: web.Db,
    caller: web.Asking,
    actor: web.Acting,
    meeting_id: FromPath[UUID],
    data: JSONBody[Swap],
) -> Response[Room]:
    """Somebody takes over the voice of their house at one instant: the deputy from the member, or back."""
    return await _act(
        request, db, caller, actor, meeting_id, lambda _: actions.swap(db, actor, meeting_id, data)
    )


@put("/meetings/{meeting_id:uuid}/stays/{stay_id:uuid}", opt={"permission": "meetings.run"})
async def change_stay(
    request: Incoming,
    db: web.Db,
    caller: web.Asking,
    actor: web.Acting,
    meeting_id: FromPath[UUID],
    stay_id: FromPath[UUID],
    data: JSONBody[StayChange],
) -> Response[Room]:
    """Put the times of a stay right, until the minutes are approved."""
    return await _act(
        request, db, caller, actor, meeting_id,
        lambda _: actions.change_stay(db, actor, stay_id, data, meeting_id),
    )  # fmt: skip


@delete(
    "/meetings/{meeting_id:uuid}/stays/{stay_id:uuid}", status_code=200, opt={"permission": "meetings.run"}
)
async def drop_stay(
    request: Incoming,
    db: web.Db,
    caller: web.Asking,
    actor: web.Acting,
    meeting_id: FromPath[UUID],
    stay_id: FromPath[UUID],
) -> Response[Room]:
    """Take back a stay that was entered by mistake."""
    return await _act(
        request, db, caller, actor, meeting_id, lambda _: actions.drop_stay(db, actor, stay_id, meeting_id)
    )


@post("/meetings/{meeting_id:uuid}/next", status_code=200, opt={"permission": "meetings.run"})
async def go_on(
    request: Incoming,
    db: web.Db,
    caller: web.Asking,
    actor: web.Acting,
    meeting_id: FromPath[UUID],
    data: JSONBody[Step],
) -> Response[Room]:
    """The current item is dealt with, and `next_id` is called up. If-Match with the meeting's revision is honoured."""
    return await _act(
        request, db, caller, actor, meeting_id,
        lambda expected: actions.next_(db, actor, meeting_id, data, expected),
    )  # fmt: skip


@post("/meetings/{meeting_id:uuid}/pause", status_code=200, opt={"permission": "meetings.run"})
async def pause(
    request: Incoming, db: web.Db, caller: web.Asking, actor: web.Acting, meeting_id: FromPath[UUID]
) -> Response[Room]:
    """A break: the current item waits, and is called up again afterwards."""
    return await _act(
        request, db, caller, actor, meeting_id,
        lambda expected: actions.pause(db, actor, meeting_id, expected),
    )  # fmt: skip


@post("/agenda-items/{item_id:uuid}/call", status_code=200, opt={"permission": "meetings.run"})
async def call(
    request: Incoming,
    db: web.Db,
    caller: web.Asking,
    actor: web.Acting,
    item_id: FromPath[UUID],
    data: JSONBody[Calling | None] = None,
) -> Response[Room]:
    """Call an item up, also one that was dealt with before.

    For a confidential item the answer may be 409 `not_open_to_all` with the names (`people`) of those in the room who are
    not named for it: `without_guests` lets the `guests` among them leave, `confirmed` calls it up all the same.
    """
    meeting_id = await actions.meeting_of(db, actor, item_id)
    return await _act(
        request, db, caller, actor, meeting_id,
        lambda expected: actions.call(db, actor, meeting_id, item_id, data or Calling(), expected),
    )  # fmt: skip


@post("/agenda-items/{item_id:uuid}/extend", status_code=200, opt={"permission": "meetings.run"})
async def extend(
    request: Incoming,
    db: web.Db,
    caller: web.Asking,
    actor: web.Acting,
    item_id: FromPath[UUID],
    data: JSONBody[Extension],
) -> Response[Room]:
    """Give an item minutes beyond the plan, or take them back. What was planned stays as it was called."""
    meeting_id = await actions.meeting_of(db, actor, item_id)
    return await _act(
        request, db, caller, actor, meeting_id, lambda _: actions.extend(db, actor, item_id, data)
    )


router = Router(
    "/api/v1",
    tags=["meetings"],
    route_handlers=[
        read, arrive, call_roll, leave, swap, change_stay, drop_stay, go_on, pause, call, extend,
    ],
)  # fmt: skip
