"""JSON API of appointments, of what is missing about them, and of the responsible ministry."""

from functools import partial
from typing import Any
from uuid import UUID

from litestar import Request, Response, Router, get, patch, post
from litestar.params import FromPath, FromQuery, JSONBody

from circle.core import answers, web
from circle.core.answers import Page
from circle.core.db import Answer
from circle.core.fields import Day
from circle.people.model import Appointment

from . import actions, store
from .model import (
    Annulment,
    AppointmentDetail,
    Correction,
    Duty,
    Ending,
    Entitled,
    Ministry,
    NewAppointment,
    NewAttachment,
    NewMinistry,
    NewProof,
    ProofWithdrawal,
    Succession,
)

Incoming = Request[Any, Any, Any]


@get("/appointments", opt={"permission": "signed_in"})
async def list_appointments(
    request: Incoming,
    db: web.Db,
    caller: web.Asking,
    limit: FromQuery[int] = 50,
    after: FromQuery[str | None] = None,
    on: FromQuery[Day | None] = None,
) -> Response[Page[Appointment]]:
    """Appointments (Bestellungen) with their proofs, newest first; `on` keeps those valid on a day."""
    found = await store.list_appointments(db, caller, answers.unseal(after), answers.page_size(limit), on)
    return answers.page(request, found)


@get("/appointments/entitled", opt={"permission": "signed_in"})
async def list_entitled(
    request: Incoming, db: web.Db, caller: web.Asking, on: FromQuery[Day | None] = None
) -> Response[Page[Entitled]]:
    """Who was entitled on a day (today without `on`), house by house, from history."""
    return answers.page(request, await store.list_entitled(db, caller, on))


@get("/duties", opt={"permission": "signed_in"})
async def list_duties(request: Incoming, db: web.Db, caller: web.Asking) -> Response[Page[Duty]]:
    """What is missing for the appointments of today, and since when (decree Nr. 3 S. 2 and 3)."""
    return answers.page(request, await store.list_duties(db, caller))


@post("/appointments", opt={"permission": "appointments.register"})
async def enter(
    request: Incoming, db: web.Db, caller: web.Asking, actor: web.Acting, data: JSONBody[NewAppointment]
) -> Response[AppointmentDetail]:
    """Enter an order by which a house appoints its commissioner or deputy."""

    async def act() -> Answer:
        return await store.get(db, caller, await actions.enter(db, actor, data))

    return await answers.once(db, actor, request, act, status=201, read=partial(store.get, db, caller))


@get("/appointments/{appointment_id:uuid}", opt={"permission": "signed_in"})
async def read(db: web.Db, caller: web.Asking, appointment_id: FromPath[UUID]) -> Response[AppointmentDetail]:
    """One appointment with attachments, proofs, notices and successor."""
    return answers.one(await store.get(db, caller, appointment_id))


@patch("/appointments/{appointment_id:uuid}", opt={"permission": "appointments.register"})
async def correct(
    request: Incoming,
    db: web.Db,
    caller: web.Asking,
    actor: web.Acting,
    appointment_id: FromPath[UUID],
    data: JSONBody[Correction],
) -> Response[AppointmentDetail]:
    """Correct order, dates or the confirmed requirements; needs If-Match."""
    expected = answers.expected_revision(request)
    assert expected is not None
    await actions.correct(db, actor, appointment_id, data, expected)
    return answers.done(await store.get(db, caller, appointment_id))


@post("/appointments/{appointment_id:uuid}/end", status_code=200, opt={"permission": "appointments.register"})
async def end(
    request: Incoming,
    db: web.Db,
    caller: web.Asking,
    actor: web.Acting,
    appointment_id: FromPath[UUID],
    data: JSONBody[Ending],
) -> Response[AppointmentDetail]:
    """End an appointment with the end of a day."""

    async def act() -> Answer:
        await actions.end(db, actor, appointment_id, data, _expected(request))
        return await store.get(db, caller, appointment_id)

    return await answers.once(db, actor, request, act, read=partial(store.get, db, caller))


@post("/appointments/{appointment_id:uuid}/succeed", opt={"permission": "appointments.register"})
async def succeed(
    request: Incoming,
    db: web.Db,
    caller: web.Asking,
    actor: web.Acting,
    appointment_id: FromPath[UUID],
    data: JSONBody[Succession],
) -> Response[AppointmentDetail]:
    """End an appointment and begin its successor on the next day; answers with the successor's."""

    async def act() -> Answer:
        made = await actions.succeed(db, actor, appointment_id, data, _expected(request))
        return await store.get(db, caller, made)

    return await answers.once(db, actor, request, act, status=201, read=partial(store.get, db, caller))


@post(
    "/appointments/{appointment_id:uuid}/annul", status_code=200, opt={"permission": "appointments.register"}
)
async def annul(
    request: Incoming,
    db: web.Db,
    caller: web.Asking,
    actor: web.Acting,
    appointment_id: FromPath[UUID],
    data: JSONBody[Annulment],
) -> Response[AppointmentDetail]:
    """Mark an appointment as entered by mistake, while nothing was done under it; a succession is taken back with it."""

    async def act() -> Answer:
        await actions.annul(db, actor, appointment_id, data, _expected(request))
        return await store.get(db, caller, appointment_id)

    return await answers.once(db, actor, request, act, read=partial(store.get, db, caller))


@post(
    "/appointments/{appointment_id:uuid}/attach", status_code=200, opt={"permission": "appointments.attach"}
)
async def attach(
    request: Incoming,
    db: web.Db,
    caller: web.Asking,
    actor: web.Acting,
    appointment_id: FromPath[UUID],
    data: JSONBody[NewAttachment],
) -> Response[AppointmentDetail]:
    """Say where the commissioner is attached from a day on; only the own house can."""

    async def act() -> Answer:
        await actions.attach(db, actor, appointment_id, data, _expected(request))
        return await store.get(db, caller, appointment_id)

    return await answers.once(db, actor, request, act, read=partial(store.get, db, caller))


@post(
    "/appointments/{appointment_id:uuid}/announce", status_code=200, opt={"permission": "appointments.prove"}
)
async def announce(
    request: Incoming,
    db: web.Db,
    caller: web.Asking,
    actor: web.Acting,
    appointment_id: FromPath[UUID],
    data: JSONBody[NewProof],
) -> Response[AppointmentDetail]:
    """Record that the appointment was made known inside or outside, or that the ministry was told in another way."""

    async def act() -> Answer:
        await actions.announce(db, actor, appointment_id, data, _expected(request))
        return await store.get(db, caller, appointment_id)

    return await answers.once(db, actor, request, act, read=partial(store.get, db, caller))


@post(
    "/appointments/{appointment_id:uuid}/withdraw-proof",
    status_code=200,
    opt={"permission": "appointments.prove"},
)
async def withdraw_proof(
    request: Incoming,
    db: web.Db,
    caller: web.Asking,
    actor: web.Acting,
    appointment_id: FromPath[UUID],
    data: JSONBody[ProofWithdrawal],
) -> Response[AppointmentDetail]:
    """Take back a proof that was entered by mistake; the entry stays to be read."""

    async def act() -> Answer:
        await actions.withdraw_proof(db, actor, appointment_id, data, _expected(request))
        return await store.get(db, caller, appointment_id)

    return await answers.once(db, actor, request, act, read=partial(store.get, db, caller))


@post(
    "/appointments/{appointment_id:uuid}/notify-ministry",
    status_code=200,
    opt={"permission": "appointments.notify"},
)
async def notify_ministry(
    request: Incoming, db: web.Db, caller: web.Asking, actor: web.Acting, appointment_id: FromPath[UUID]
) -> Response[AppointmentDetail]:
    """Have the notice to the ministry written and sent; needs an Idempotency-Key."""

    async def act() -> Answer:
        await actions.notify_ministry(db, actor, appointment_id, _expected(request))
        return await store.get(db, caller, appointment_id)

    return await answers.once(db, actor, request, act, required=True, read=partial(store.get, db, caller))


@get("/ministries", opt={"permission": "signed_in"})
async def list_ministries(request: Incoming, db: web.Db, caller: web.Asking) -> Response[Page[Ministry]]:
    """The ministries in charge of integration by their first day, newest first."""
    return answers.page(request, await store.list_ministries(db, caller))


@post("/ministries", opt={"permission": "appointments.register"})
async def name_ministry(
    request: Incoming, db: web.Db, caller: web.Asking, actor: web.Acting, data: JSONBody[NewMinistry]
) -> Response[Page[Ministry]]:
    """Enter the ministry in charge from a day on; answers with all of them."""
    await actions.name_ministry(db, actor, data)
    found = answers.page(request, await store.list_ministries(db, caller))
    found.status_code = 201
    return found


def _expected(request: Incoming) -> int | None:
    return answers.expected_revision(request, required=False)


router = Router(
    "/api/v1",
    tags=["appointments"],
    route_handlers=[
        list_appointments, list_entitled, list_duties, enter, read, correct, end, succeed, annul, attach, announce,
        withdraw_proof, notify_ministry, list_ministries, name_ministry,
    ],
)  # fmt: skip
