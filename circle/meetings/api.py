"""JSON API of meetings and their attendance."""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Request, Response, Router, delete, get, patch, post, put
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from circle.core import answers, web
from circle.core.answers import Page
from circle.core.auth import Actor
from circle.core.db import Answer, Caller, Connection

from . import actions, dispatches, store
from . import attendance as attendance_actions
from .agenda import actions as agenda
from .model import (
    AttendanceList,
    Attendee,
    Attending,
    Cancellation,
    InvitationPreview,
    Meeting,
    MeetingCard,
    MeetingChange,
    Move,
    NewMeeting,
    Sending,
    State,
)

Incoming = Request[Any, Any, Any]


@get("/meetings", opt={"permission": "signed_in"})
async def list_meetings(
    request: Incoming,
    db: web.Db,
    caller: web.Asking,
    limit: FromQuery[int] = 50,
    after: FromQuery[str | None] = None,
    stage: Annotated[State | None, QueryParameter(name="state")] = None,
    upcoming: FromQuery[bool | None] = None,
) -> Response[Page[MeetingCard]]:
    """Meetings, the latest first; `upcoming=true` keeps those to come, the next first, `upcoming=false` the others."""
    found = await store.list_meetings(
        db, caller, answers.unseal(after), answers.page_size(limit), state=stage, upcoming=upcoming
    )
    return answers.page(request, found)


@post("/meetings", opt={"permission": "meetings.convene"})
async def convene(
    request: Incoming, db: web.Db, caller: web.Asking, actor: web.Acting, data: JSONBody[NewMeeting]
) -> Response[Meeting]:
    """Set the date of a meeting: number, deadlines with their steps, and the items that stand on every agenda.

    `overdue` says that the invitation would be late already; that refuses nothing.
    """

    async def act() -> Answer:
        return await store.get(db, caller, await actions.convene(db, actor, data))

    return await answers.once(db, actor, request, act, status=201, read=partial(store.get, db, caller))


@get("/meetings/{meeting_id:uuid}", opt={"permission": "signed_in"})
async def read(db: web.Db, caller: web.Asking, meeting_id: FromPath[UUID]) -> Response[Meeting]:
    """A meeting with its agenda, attendance and deadlines. Who reads confidential items is logged."""
    found = await store.get(db, caller, meeting_id)
    await agenda.note_reading(db, caller, found.me, msgspec.json.decode(found.body, type=Meeting).agenda)
    return answers.one(found)


@patch("/meetings/{meeting_id:uuid}", opt={"permission": "meetings.convene"})
async def change(
    request: Incoming,
    db: web.Db,
    caller: web.Asking,
    actor: web.Acting,
    meeting_id: FromPath[UUID],
    data: JSONBody[MeetingChange],
) -> Response[Meeting]:
    """Change title, time, place and the like; needs If-Match. After the invitation the day changes by `move` alone."""
    expected = answers.expected_revision(request)
    assert expected is not None
    await actions.change(db, actor, meeting_id, data, expected)
    return answers.done(await store.get(db, caller, meeting_id))


@get("/meetings/{meeting_id:uuid}/invitation", opt={"permission": "meetings.invite"})
async def preview(db: web.Db, actor: web.Acting, meeting_id: FromPath[UUID]) -> Response[InvitationPreview]:
    """Exactly what `invite`, or after it `supplement`, would send now: numbers, words, and who gets what."""
    return Response(await dispatches.preview(db, actor, meeting_id))


async def _act(
    request: Incoming,
    db: Connection,
    caller: Caller,
    actor: Actor,
    meeting_id: UUID,
    does: Callable[[int | None], Awaitable[Any]],
    *,
    required: bool = True,
) -> Response[Meeting]:
    """One act on a meeting, once per key; the answer is the meeting after it."""

    async def act() -> Answer:
        await does(answers.expected_revision(request, required=False))
        return await store.get(db, caller, meeting_id)

    return await answers.once(db, actor, request, act, required=required, read=partial(store.get, db, caller))


@post("/meetings/{meeting_id:uuid}/invite", status_code=200, opt={"permission": "meetings.invite"})
async def invite(
    request: Incoming,
    db: web.Db,
    caller: web.Asking,
    actor: web.Acting,
    meeting_id: FromPath[UUID],
    data: JSONBody[Sending | None] = None,
) -> Response[Meeting]:
    """Freeze the agenda and send the invitation with papers and calendar file. Needs an Idempotency-Key."""
    return await _act(
        request, db, caller, actor, meeting_id,
        lambda expected: dispatches.invite(db, actor, meeting_id, data or Sending(), expected),
    )  # fmt: skip


@post("/meetings/{meeting_id:uuid}/supplement", status_code=200, opt={"permission": "meetings.invite"})
async def supplement(
    request: Incoming,
    db: web.Db,
    caller: web.Asking,
    actor: web.Acting,
    meeting_id: FromPath[UUID],
    data: JSONBody[Sending | None] = None,
) -> Response[Meeting]:
    """Send what came after the invitation: late items, new papers, changes of time or place. Needs an Idempotency-Key."""
    return await _act(
        request, db, caller, actor, meeting_id,
        lambda expected: dispatches.supplement(db, actor, meeting_id, data or Sending(), expected),
    )  # fmt: skip


@post("/meetings/{meeting_id:uuid}/open", status_code=200, opt={"permission": "meetings.convene"})
async def open_agenda(
    request: Incoming, db: web.Db, caller: web.Asking, actor: web.Acting, meeting_id: FromPath[UUID]
) -> Response[Meeting]:
    """Let members put items forward for a planned meeting."""
    return await _act(
        request, db, caller, actor, meeting_id,
        lambda expected: actions.open_agenda(db, actor, meeting_id, expected), required=False,
    )  # fmt: skip


@post("/meetings/{meeting_id:uuid}/start", status_code=200, opt={"permission": "meetings.run"})
async def start(
    request: Incoming, db: web.Db, caller: web.Asking, actor: web.Acting, meeting_id: FromPath[UUID]
) -> Response[Meeting]:
    """Open the meeting; results can be entered from now on."""
    return await _act(
        request, db, caller, actor, meeting_id,
        lambda expected: actions.start(db, actor, meeting_id, expected), required=False,
    )  # fmt: skip


@post("/meetings/{meeting_id:uuid}/close", status_code=200, opt={"permission": "meetings.run"})
async def close(
    request: Incoming, db: web.Db, caller: web.Asking, actor: web.Acting, meeting_id: FromPath[UUID]
) -> Response[Meeting]:
    """Close the meeting. What was not dealt with is adjourned and keeps its number."""
    return await _act(
        request, db, caller, actor, meeting_id,
        lambda expected: actions.close(db, actor, meeting_id, expected), required=False,
    )  # fmt: skip


@post("/meetings/{meeting_id:uuid}/cancel", status_code=200, opt={"permission": "meetings.invite"})
async def cancel(
    request: Incoming,
    db: web.Db,
    caller: web.Asking,
    actor: web.Acting,
    meeting_id: FromPath[UUID],
    data: JSONBody[Cancellation],
) -> Response[Meeting]:
    """Call the meeting off and tell everybody; `items_to` takes over its agenda. Needs an Idempotency-Key."""
    return await _act(
        request, db, caller, actor, meeting_id,
        lambda expected: dispatches.cancel(db, actor, meeting_id, data, expected),
    )  # fmt: skip


@post("/meetings/{meeting_id:uuid}/move", status_code=200, opt={"permission": "meetings.invite"})
async def move(
    request: Incoming,
    db: web.Db,
    caller: web.Asking,
    actor: web.Acting,
    meeting_id: FromPath[UUID],
    data: JSONBody[Move],
) -> Response[Meeting]:
    """Give the meeting another date and tell everybody; `moved_to` is the new meeting. Needs an Idempotency-Key."""
    return await _act(
        request, db, caller, actor, meeting_id,
        lambda expected: dispatches.move(db, actor, meeting_id, data, expected),
    )  # fmt: skip


@get("/meetings/{meeting_id:uuid}/attendance", opt={"permission": "signed_in"})
async def list_attendance(
    request: Incoming, db: web.Db, caller: web.Asking, meeting_id: FromPath[UUID]
) -> Response[Page[Attendee]]:
    """Who attends, houses first."""
    return answers.page(request, await store.list_attendance(db, caller, meeting_id))


@put("/meetings/{meeting_id:uuid}/attendance", opt={"permission": "meetings.run"})
async def record(
    request: Incoming,
    db: web.Db,
    caller: web.Asking,
    actor: web.Acting,
    meeting_id: FromPath[UUID],
    data: JSONBody[AttendanceList],
) -> Response[Page[Attendee]]:
    """Set the whole attendance in one act; needs If-Match with the meeting's revision."""
    expected = answers.expected_revision(request)
    assert expected is not None
    await attendance_actions.record(db, actor, meeting_id, data, expected)
    return answers.page(request, await store.list_attendance(db, caller, meeting_id))


@put("/meetings/{meeting_id:uuid}/attendance/{person_id:uuid}", opt={"permission": "meetings.run"})
async def attend(
    request: Incoming,
    db: web.Db,
    caller: web.Asking,
    actor: web.Acting,
    meeting_id: FromPath[UUID],
    person_id: FromPath[UUID],
    data: JSONBody[Attending],
) -> Response[Page[Attendee]]:
    """Set how one person attends; the answer is the whole list. If-Match is honoured when given."""
    expected = answers.expected_revision(request, required=False)
    await attendance_actions.attend(db, actor, meeting_id, person_id, data, expected)
    return answers.page(request, await store.list_attendance(db, caller, meeting_id))


@delete(
    "/meetings/{meeting_id:uuid}/attendance/{person_id:uuid}",
    status_code=200,
    opt={"permission": "meetings.run"},
)
async def leave_out(
    request: Incoming,
    db: web.Db,
    caller: web.Asking,
    actor: web.Acting,
    meeting_id: FromPath[UUID],
    person_id: FromPath[UUID],
) -> Response[Page[Attendee]]:
    """Record one person no more; the answer is the whole list."""
    expected = answers.expected_revision(request, required=False)
    await attendance_actions.leave_out(db, actor, meeting_id, person_id, expected)
    return answers.page(request, await store.list_attendance(db, caller, meeting_id))


router = Router(
    "/api/v1",
    tags=["meetings"],
    route_handlers=[
        list_meetings, convene, read, change, preview, open_agenda, invite, supplement, start, close, cancel, move,
        list_attendance, record, attend, leave_out,
    ],
)  # fmt: skip
