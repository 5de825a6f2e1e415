"""Consultation requests with their course: clarification, answer as it was sent, release."""

import hashlib
from datetime import date
from uuid import UUID

from circle.consultations import actions, rules, store
from circle.consultations.model import Source, plain
from circle.core import calendar
from circle.core.db import row
from circle.local.child import LocalError

from . import people
from .folder import Clarification, Consultation
from .run import Run

UNKNOWN_WORDING = "Der Wortlaut ist nicht überliefert."


async def load_consultations(run: Run) -> None:
    """Requests by their number; one that exists is left as it is."""
    run.know(
        "consultations",
        await run.db.fetch(
            "select reference as key, id from consultation where reference = any($1)",
            [request.id for request in run.folder.consultations],
        ),
    )
    for request in run.missing("consultations", run.folder.consultations):
        consultation_id = await _insert(run, request)
        if request.clarification:
            await _clarify(run, request, request.clarification, consultation_id)
        if request.answered_on:
            await _freeze(run, consultation_id, request.answered_on)
        if request.state == "release_review":
            await _propose(run, request, consultation_id)
        await actions.spread(run.db, run.actor, consultation_id)


def due_steps(request: Consultation) -> list[str]:
    """How the deadline came about. Raises LocalError when the folder gives other days than the calendar."""
    deadline = rules.due(request.priority, request.received_on)
    steps, effective = deadline.steps, deadline.on
    stop = request.clarification
    if stop and stop.replied_on:
        effective, told = rules.moved(deadline.on, stop.asked_on, stop.replied_on)
        steps = steps + told
    acknowledge_by = rules.acknowledge_by(request.received_on)
    for name, given, right in (
        ("acknowledge_by", request.acknowledge_by, acknowledge_by),
        ("due_on", request.due_on, deadline.on),
        ("due_on_effective", request.due_on_effective, effective),
    ):
        if given != right:
            raise LocalError(
                f"Die Frist {name} der Anfrage {request.id} steht auf dem {calendar.date_short(given)}, "
                f"richtig ist der {calendar.date_short(right)}."
            )
    return steps


async def _insert(run: Run, request: Consultation) -> UUID:
    """The row itself. A reviewer who stands beside an unsent answer still has to review it."""
    place = f"Die Anfrage {request.id}"
    reviewer_id = run.maybe("persons", request.reviewed_by, place)
    assignee_id = run.maybe("persons", request.assignee, place)
    released_as = run.maybe("documents", request.released_as, place)
    added = await row(
        run.db,
        """
        insert into consultation (reference, subject, question, purpose, tried, topics, priority, urgency_reason,
            confidentiality, contains_personal_data, state, requested_by, authority_id, received_on, acknowledge_by,
            acknowledged_on, due_on, due_on_effective, due_steps, assignee_id, reviewer_id, answer, answer_summary,
            sources, answered_by, answered_on, answered_with, reviewed_by, reviewed_on, released_on, released_as,
            closed_on, note, house_keys)
        select $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, p.id, p.authority_id, $13, $14, $15, $16, $17, $18::jsonb,
            $19, $20, $21, $22, $23::jsonb, $24, $25, $26, $27, $28, $29, $30, $31, $32,
            house_keys(p.authority_id, $9, coalesce($13, current_date), p.id)
        from person p where p.id = $12
        returning id
        """,
        request.id,
        request.subject,
        request.question,
        request.purpose,
        request.tried,
        request.topics,
        request.priority,
        request.urgency_reason or (request.purpose if request.priority == "urgent" else ""),
        request.confidentiality,
        request.contains_personal_data,
        request.state,
        run.find("persons", request.requested_by, place),
        request.received_on,
        request.acknowledge_by,
        min(filter(None, (request.acknowledge_by, request.answered_on, request.closed_on)))
        if request.assignee
        else None,
        request.due_on,
        request.due_on_effective,
        plain(due_steps(request)),
        assignee_id,
        reviewer_id,
        request.answer or "",
        request.answer_summary or "",
        plain(
            [
                Source(as_of=source.as_of, title=source.title, document=source.document)
                for source in request.sources
            ]
        ),
        assignee_id if request.answer else None,
        request.answered_on,
        None if request.released_on else released_as,
        reviewer_id if request.answered_on else None,
        request.answered_on,
        request.released_on,
        released_as if request.released_on else None,
        request.closed_on,
        request.note or "",
    )
    return run.add("consultations", request.id, added["id"])


async def _clarify(run: Run, request: Consultation, asked: Clarification, consultation_id: UUID) -> None:
    """The question back and its reply. Who may see them follows from the request (`actions.spread`)."""
    place = f"Die Rückfrage zu {request.id}"
    replied = asked.replied_on is not None
    await run.db.execute(
        """
        insert into clarification (consultation_id, question, asked_on, asked_by, reply, replied_on, replied_by, audience)
        values ($1, $2, $3, $4, $5, $6, $7, '{}')
        """,
        consultation_id,
        asked.question or UNKNOWN_WORDING,
        asked.asked_on,
        run.find("persons", request.assignee or people.office(run).id, place),
        (asked.reply or UNKNOWN_WORDING) if replied else "",
        asked.replied_on,
        run.find("persons", request.requested_by, place) if replied else None,
    )


async def _freeze(run: Run, consultation_id: UUID, sent_on: date) -> None:
    """What was sent, in the same form in which an answer is frozen when it goes out."""
    frozen = actions.canonical(await store.get_frozen(run.db, consultation_id, sent_on))
    found = await row(run.db, "select audience from consultation where id = $1", consultation_id)
    await store.insert_sent(
        run.db,
        consultation_id,
        frozen,
        hashlib.sha256(frozen.encode()).hexdigest(),
        sent_on,
        found["audience"],
    )


async def _propose(run: Run, request: Consultation, consultation_id: UUID) -> None:
    """A release in review: the answer itself is the proposal; what the machine finds in it is kept beside it."""
    place = f"Die Anfrage {request.id}"
    found = await row(
        run.db, "select authority_id, revision from consultation where id = $1", consultation_id
    )
    text = request.answer or ""
    directory = await store.get_directory(run.db, found["authority_id"])
    deciding = [p.id for p in people.holders(run, "release_approver") if p.id != request.assignee]
    await store.mark_proposed(
        run.db, consultation_id, found["revision"], title=request.subject, abstract=request.answer_summary or "",
        text=text, level=min(request.confidentiality, "internal", key=rules.LEVELS.index), topics=request.topics,
        review_on=rules.review_on(None, run.actor.today),
        findings=plain(rules.anonymity_findings(text, directory)),
        proposed_by=run.maybe("persons", request.assignee, place),
        approver_id=run.maybe("persons", deciding[0] if deciding else None, place),
    )  # fmt: skip
