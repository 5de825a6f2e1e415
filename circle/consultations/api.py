"""JSON API of consultation requests (Beratungsanfragen)."""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Annotated, Any
from uuid import UUID

from litestar import Request, Response, Router, delete, get, patch, post
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from circle.core import answers, web
from circle.core.answers import Page
from circle.core.auth import Actor
from circle.core.db import Answer, Caller, Connection
from circle.people.experts import store as expert_store
from circle.people.experts.model import Expert, NewExpert

from . import actions, experts, release, store
from .model import (
    Assignment,
    Closing,
    Consultation,
    ConsultationChange,
    ConsultationLine,
    NewAnswer,
    NewConsultation,
    Question,
    Referral,
    Release,
    Reply,
    Review,
    State,
    Submission,
    Withdrawal,
)

Incoming = Request[Any, Any, Any]
PATH = "/consultations/{consultation_id:uuid}"


@get("/consultations", opt={"permission": "signed_in"})
async def list_consultations(
    request: Incoming,
    db: web.Db,
    caller: web.Asking,
    limit: FromQuery[int] = 50,
    after: FromQuery[str | None] = None,
    stage: Annotated[State | None, QueryParameter(name="state")] = None,
    open: FromQuery[bool | None] = None,
    mine: FromQuery[bool] = False,
    overdue: FromQuery[bool] = False,
) -> Response[Page[ConsultationLine]]:
    """Requests the caller may see, newest first. `open`: still to be answered; `mine`: asked by or named for me."""
    found = await store.list_visible(
        db, caller, answers.unseal(after), answers.page_size(limit), state=stage, open_only=open, mine=mine,
        overdue=overdue,
    )  # fmt: skip
    return answers.page(request, found)


@post("/consultations", opt={"permission": "consultations.ask"})
async def create_consultation(
    request: Incoming, db: web.Db, caller: web.Asking, actor: web.Acting, data: JSONBody[NewConsultation]
) -> Response[Consultation]:
    """Ask the competence centre. The answer carries number and deadline; receipts go out. `draft` keeps it back."""

    async def act() -> Answer:
        return await store.get(db, caller, await actions.ask(db, actor, data))

    return await answers.once(db, actor, request, act, status=201, read=partial(store.get, db, caller))


@get(PATH, opt={"permission": "signed_in"})
async def read_consultation(
    db: web.Db, caller: web.Asking, consultation_id: FromPath[UUID]
) -> Response[Consultation]:
    """One request with its course, as the caller may see it."""
    return answers.one(await actions.read(db, caller, consultation_id))


@patch(PATH, opt={"permission": "signed_in"})
async def change_consultation(
    request: Incoming,
    db: web.Db,
    caller: web.Asking,
    actor: web.Acting,
    consultation_id: FromPath[UUID],
    data: JSONBody[ConsultationChange],
) -> Response[Consultation]:
    """Mend a draft or a request nobody works on yet. Needs If-Match. The office changes topics and note at any time."""
    expected = answers.expected_revision(request)
    assert expected is not None
    await actions.change(db, actor, consultation_id, data, expected)
    return answers.done(await store.get(db, caller, consultation_id))


@post(f"{PATH}/submit", opt={"permission": "consultations.ask"}, status_code=200)
async def submit_consultation(
    request: Incoming,
    db: web.Db,
    caller: web.Asking,
    actor: web.Acting,
    consultation_id: FromPath[UUID],
    data: JSONBody[Submission],
) -> Response[Consultation]:
    """Hand in a draft: it gets its number and its deadline."""
    return await _act(request, db, caller, actor, consultation_id, actions.submit, data)


@post(f"{PATH}/assign", opt={"permission": "consultations.assign"}, status_code=200)
async def assign_consultation(
    request: Incoming,
    db: web.Db,
    caller: web.Asking,
    actor: web.Acting,
    consultation_id: FromPath[UUID],
    data: JSONBody[Assignment],
) -> Response[Consultation]:
    """Name the responsible expert and who stands in. Nobody who also acts for the asking house."""
    return await _act(request, db, caller, actor, consultation_id, actions.assign, data)


@post(f"{PATH}/clarify", opt={"permission": "consultations.answer"}, status_code=200)
async def clarify_consultation(
    request: Incoming,
    db: web.Db,
    caller: web.Asking,
    actor: web.Acting,
    consultation_id: FromPath[UUID],
    data: JSONBody[Question],
) -> Response[Consultation]:
    """Ask the house one question back; the clock stops until the reply."""
    return await _act(request, db, caller, actor, consultation_id, actions.clarify, data)


@post(f"{PATH}/reply", opt={"permission": "consultations.reply"}, status_code=200)
async def reply_to_clarification(
    request: Incoming,
    db: web.Db,
    caller: web.Asking,
    actor: web.Acting,
    consultation_id: FromPath[UUID],
    data: JSONBody[Reply],
) -> Response[Consultation]:
    """Reply to the open question; the deadline moves by the working days on which the clock stood."""
    return await _act(request, db, caller, actor, consultation_id, actions.reply, data)


@post(f"{PATH}/answer", opt={"permission": "consultations.answer"}, status_code=200)
async def answer_consultation(
    request: Incoming,
    db: web.Db,
    caller: web.Asking,
    actor: web.Acting,
    consultation_id: FromPath[UUID],
    data: JSONBody[NewAnswer],
) -> Response[Consultation]:
    """Write the answer and hand it to review; only the responsible expert and who stands in."""
    return await _act(request, db, caller, actor, consultation_id, actions.answer, data)


@post(f"{PATH}/review", opt={"permission": "consultations.review"}, status_code=200)
async def review_consultation(
    request: Incoming,
    db: web.Db,
    caller: web.Asking,
    actor: web.Acting,
    consultation_id: FromPath[UUID],
    data: JSONBody[Review],
) -> Response[Consultation]:
    """Approve the answer for sending or return it with a note; never one's own (403 `four_eyes`)."""
    return await _act(request, db, caller, actor, consultation_id, actions.review, data)


@post(f"{PATH}/send", opt={"permission": "consultations.send"}, status_code=200)
async def send_consultation(
    request: Incoming, db: web.Db, caller: web.Asking, actor: web.Acting, consultation_id: FromPath[UUID]
) -> Response[Consultation]:
    """Freeze the reviewed answer and send it to the asking house. Needs an Idempotency-Key."""
    return await _act(request, db, caller, actor, consultation_id, actions.send, required=True)


@post(f"{PATH}/release", opt={"permission": "signed_in"}, status_code=200)
async def release_consultation(
    request: Incoming,
    db: web.Db,
    caller: web.Asking,
    actor: web.Acting,
    consultation_id: FromPath[UUID],
    data: JSONBody[Release],
) -> Response[Consultation]:
    """Propose a text for release, or (with `approve`) decide about it as a second person. Needs an Idempotency-Key.

    Unconfirmed findings are refused as 400 `findings_open` with the list `findings`; name their keys in
    `confirmed_findings`.
    """
    return await _act(request, db, caller, actor, consultation_id, release.act, data, required=True)


@post(f"{PATH}/withdraw", opt={"permission": "consultations.withdraw"}, status_code=200)
async def withdraw_consultation(
    request: Incoming,
    db: web.Db,
    caller: web.Asking,
    actor: web.Acting,
    consultation_id: FromPath[UUID],
    data: JSONBody[Withdrawal | None] = None,
) -> Response[Consultation]:
    """The asking house takes its request back, until the answer is sent."""
    return await _act(request, db, caller, actor, consultation_id, actions.withdraw, data or Withdrawal())


@post(f"{PATH}/refer", opt={"permission": "consultations.assign"}, status_code=200)
async def refer_consultation(
    request: Incoming,
    db: web.Db,
    caller: web.Asking,
    actor: web.Acting,
    consultation_id: FromPath[UUID],
    data: JSONBody[Referral],
) -> Response[Consultation]:
    """Point the house to the competent office (Abgabenachricht); the request ends here."""
    return await _act(request, db, caller, actor, consultation_id, actions.refer, data)


@post(f"{PATH}/hand-over", opt={"permission": "consultations.assign"}, status_code=200)
async def hand_over_consultation(
    request: Incoming, db: web.Db, caller: web.Asking, actor: web.Acting, consultation_id: FromPath[UUID]
) -> Response[Consultation]:
    """Open a confidential request to the successor of the commissioner who asked."""
    return await _act(request, db, caller, actor, consultation_id, actions.hand_over)


@post(f"{PATH}/close", opt={"permission": "consultations.assign"}, status_code=200)
async def close_consultation(
    request: Incoming,
    db: web.Db,
    caller: web.Asking,
    actor: web.Acting,
    consultation_id: FromPath[UUID],
    data: JSONBody[Closing | None] = None,
) -> Response[Consultation]:
    """End an answered request, or answer an open one from stock with `document_id`."""
    return await _act(request, db, caller, actor, consultation_id, actions.close, data or Closing())


async def _act(
    request: Incoming,
    db: Connection,
    caller: Caller,
    actor: Actor,
    consultation_id: UUID,
    act: Callable[..., Awaitable[None]],
    *wanted: Any,
    required: bool = False,
) -> Response[Any]:
    """Do `act` (under the Idempotency-Key, when there is one) and answer with the request as it stands then."""

    async def done() -> Answer:
        await act(db, actor, consultation_id, *wanted, answers.expected_revision(request, required=False))
        return await store.get(db, caller, consultation_id)

    return await answers.once(
        db, actor, request, done, required=required, read=partial(store.get, db, caller)
    )


@get(f"{PATH}/experts", opt={"permission": "signed_in"})
async def list_experts(
    request: Incoming, db: web.Db, caller: web.Asking, consultation_id: FromPath[UUID]
) -> Response[Page[Expert]]:
    """Who is called in today on this request, for whoever may open it."""
    return answers.page(request, await expert_store.list_experts(db, caller, "consultation", consultation_id))


@post(f"{PATH}/experts", opt={"permission": "experts.involve"})
async def involve_expert(
    request: Incoming,
    db: web.Db,
    caller: web.Asking,
    actor: web.Acting,
    consultation_id: FromPath[UUID],
    data: JSONBody[NewExpert],
) -> Response[Expert]:
    """Call in somebody of the own house until a day: they read this request, and nothing else."""
    read = partial(expert_store.get_expert, db, caller, "consultation", consultation_id)

    async def act() -> Answer:
        return await read(await experts.involve(db, actor, consultation_id, data))

    return await answers.once(db, actor, request, act, status=201, read=read)


@delete(PATH + "/experts/{person_id:uuid}", status_code=204, opt={"permission": "experts.involve"})
async def end_expert(
    db: web.Db, actor: web.Acting, consultation_id: FromPath[UUID], person_id: FromPath[UUID]
) -> None:
    """End it at once."""
    await experts.end(db, actor, consultation_id, person_id)


router = Router(
    "/api/v1",
    tags=["consultations"],
    route_handlers=[
        list_consultations, create_consultation, read_consultation, change_consultation, submit_consultation,
        assign_consultation, clarify_consultation, reply_to_clarification, answer_consultation, review_consultation,
        send_consultation, release_consultation, withdraw_consultation, refer_consultation, hand_over_consultation,
        close_consultation,
        list_experts, involve_expert, end_expert,
    ],
)  # fmt: skip
