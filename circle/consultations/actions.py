"""What people do with requests: from the question to its end (domain rules 4). Release stands in `release.py`.

Order of refusals: unseen, no right, wrong state, stale. `expected` is the revision the person looked at; None skips
that check.
"""

import hashlib
from collections.abc import Iterable
from datetime import date, datetime
from typing import Any
from uuid import UUID

import msgspec

from circle.core import access, audit, auth, clock, errors, files
from circle.core.auth import Actor
from circle.core.db import Answer, Caller, Connection
from circle.distribution import actions as distribution
from circle.distribution.model import Kind, Letter, Part
from circle.search import index

from . import letters, rules, store
from .letters import Wording
from .model import (
    Assignment,
    Closing,
    Consultation,
    ConsultationChange,
    Named,
    NewAnswer,
    NewConsultation,
    Question,
    Referral,
    Reply,
    Review,
    Staff,
    StockDocument,
    Stored,
    Submission,
    Withdrawal,
    plain,
)

REVIEWERS = ["quality_reviewer", "kfi_head", "release_approver"]
"""Who reviews, in the order in which somebody is proposed."""


async def read(db: Connection, caller: Caller, consultation_id: UUID) -> Answer:
    """One request as the caller may see it. Reading a confidential one is recorded."""
    found = await store.get(db, caller, consultation_id)
    await note_reading(db, caller, found.me, msgspec.json.decode(found.body, type=Named))
    return found


async def note_reading(db: Connection, caller: Caller, card: bytes, thing: Named | Consultation) -> None:
    """Record that somebody read a request, when it is confidential (domain rules 3.2)."""
    if thing.confidentiality == "confidential":
        await audit.reading(
            db, caller, card, "consultation", thing.id, thing.reference or "", purpose="Beratung"
        )


async def ask(db: Connection, actor: Actor, new: NewConsultation) -> UUID:
    """Put a question to the competence centre, or keep it as a draft of the house (decree Nr. 6 (1) S. 2)."""
    access.require(actor, "consultations.ask")
    if not new.draft:
        rules.require_confirmed(new)
    rules.require_sound(new, actor.today, set(await store.list_topics(db)))
    await files.require_own(db, actor, new.file_ids)
    consultation_id = await store.insert(
        db, subject=new.subject, question=new.question, purpose=new.purpose, tried=new.tried, topics=new.topics,
        priority=new.priority, urgency_reason=new.urgency_reason, wish_date=new.wish_date,
        confidentiality=new.confidentiality, requested_by=actor.person_id, authority_id=actor.authority_id,
    )  # fmt: skip
    await store.attach(db, consultation_id, new.file_ids, "question")
    if new.draft:
        await spread(db, actor, consultation_id)
        await audit.record(db, actor, "consultation.drafted", "consultation", consultation_id)
    else:
        await _receive(db, actor, await open_for(db, actor, consultation_id, "submit"))
    return consultation_id


async def submit(
    db: Connection, actor: Actor, consultation_id: UUID, submission: Submission, expected: int | None = None
) -> None:
    """Hand in a draft."""
    found = await open_for(db, actor, consultation_id, "submit")
    await require_fresh(db, actor, found, expected)
    new = NewConsultation(
        found.subject, found.question, found.purpose, found.tried, found.topics, found.wish_date,
        "urgent" if found.priority == "urgent" else "normal", found.urgency_reason,
        no_personal_data=submission.no_personal_data,
    )  # fmt: skip
    rules.require_confirmed(new)
    rules.require_sound(new, actor.today, set(await store.list_topics(db)))
    await _receive(db, actor, found)


async def _receive(db: Connection, actor: Actor, found: Stored) -> None:
    """Eingang: number, deadlines, receipt to the asker, notice to the office."""
    today, confidential = actor.today, found.confidentiality == "confidential"
    number = await store.next_number(db, "BA-V" if confidential else "BA", today.year)
    reference = rules.reference(today.year, number, confidential)
    deadline, acknowledge_by = rules.due(found.priority, today), rules.acknowledge_by(today)
    done = await store.mark_received(
        db, found.id, found.revision, reference=reference, received_on=today, acknowledge_by=acknowledge_by,
        due_on=deadline.on, steps=plain(deadline.steps),
    )  # fmt: skip
    await settle(db, actor, found, done, "consultation.received", reference=reference)
    received = msgspec.structs.replace(found, reference=reference)
    house = await store.get_house_name(db, found.authority_id)
    wording = letters.receipt(reference, today, deadline.on)
    await tell(db, actor, received, wording, [actor.person_id], kind="receipt")
    urgent = found.priority == "urgent"
    arrival = letters.arrival(reference, house, deadline.on, acknowledge_by, urgent)
    await tell(db, actor, received, arrival, await _office(db, actor.today))


async def change(
    db: Connection, actor: Actor, consultation_id: UUID, wanted: ConsultationChange, expected: int
) -> None:
    """Mend a request until somebody works on it; the office sorts it (topics, note) at any time.

    Level and priority decide number and deadline and stand fast once the request is received.
    """
    given = {name for name, value in msgspec.structs.asdict(wanted).items() if value is not msgspec.UNSET}
    found = await seen(db, actor, consultation_id)
    sorts = access.may(actor, "consultations.assign") and given <= {"topics", "note"}
    if not sorts:
        rules.require(actor, "change", found, found.state)
        if "note" in given:
            raise errors.Forbidden
        if found.state != "draft" and given & {"priority", "urgency_reason", "confidentiality"}:
            raise errors.Conflict("Vertraulichkeit und Eile stehen mit dem Eingang fest.")
    await require_fresh(db, actor, found, expected)
    kept = {name: getattr(found, name) for name in _CHANGEABLE}
    new = kept | {name: getattr(wanted, name) for name in given & kept.keys()}
    known = set(await store.list_topics(db)) | set(found.topics)
    wish_date = new["wish_date"] if new["wish_date"] != found.wish_date else None
    rules.require_sound(NewConsultation(**(new | {"wish_date": wish_date})), actor.today, known)
    note = None if wanted.note is msgspec.UNSET else wanted.note
    if wanted.file_ids is not msgspec.UNSET:
        await _set_files(db, actor, found.id, wanted.file_ids, "question")
    done = await store.update(db, found.id, found.revision, note=note, **new)
    await settle(db, actor, found, done, "consultation.changed", fields=sorted(given))


_CHANGEABLE = [
    "subject", "question", "purpose", "tried", "topics", "wish_date", "priority", "urgency_reason", "confidentiality",
]  # fmt: skip


async def _set_files(
    db: Connection, actor: Actor, consultation_id: UUID, file_ids: list[UUID], part: str
) -> None:
    """These are the files of that part from now on. Raises Invalid for a file the actor may not open."""
    await files.require_own(db, actor, file_ids)
    await store.detach(db, consultation_id, file_ids, part)
    await store.attach(db, consultation_id, file_ids, part)


async def assign(
    db: Connection, actor: Actor, consultation_id: UUID, wanted: Assignment, expected: int | None = None
) -> None:
    """Zuweisung: one responsible expert, one who stands in; nobody who also acts for the asking house.

    The first assignment is the receipt by a person (2 working days).
    """
    found = await open_for(db, actor, consultation_id, "assign")
    await require_fresh(db, actor, found, expected)
    reviewer_id = wanted.reviewer_id or found.reviewer_id
    if wanted.reviewer_id is None and reviewer_id in (wanted.assignee_id, wanted.deputy_id):
        reviewer_id = None
    rules.require_different(
        {"assignee_id": wanted.assignee_id, "deputy_id": wanted.deputy_id, "reviewer_id": reviewer_id}
    )
    named = [person for person in (wanted.assignee_id, wanted.deputy_id, wanted.reviewer_id) if person]
    staff = await _staff(db, actor, found, named)
    rules.require_able(staff, "assignee_id", wanted.assignee_id, access.KFI)
    rules.require_able(staff, "deputy_id", wanted.deputy_id, access.KFI)
    rules.require_able(staff, "reviewer_id", wanted.reviewer_id, access.RIGHTS["consultations.review"])
    done = await store.mark_assigned(
        db, found.id, found.revision, assignee_id=wanted.assignee_id, deputy_id=wanted.deputy_id,
        reviewer_id=reviewer_id, day=actor.today,
    )  # fmt: skip
    await settle(db, actor, found, done, "consultation.assigned", assignee_id=wanted.assignee_id)
    new = [
        person
        for person in (wanted.assignee_id, wanted.deputy_id)
        if person not in (found.assignee_id, found.deputy_id)
    ]
    await tell(db, actor, found, letters.assignment(named_by(found), found.due_on_effective), new)


async def clarify(
    db: Connection, actor: Actor, consultation_id: UUID, asked: Question, expected: int | None = None
) -> None:
    """Rückfrage: one open question at a time; the clock stops until the reply."""
    found = await open_for(db, actor, consultation_id, "clarify")
    await require_fresh(db, actor, found, expected)
    await store.insert_clarification(
        db, found.id, asked.question, actor.person_id, actor.today, found.audience
    )
    done = await store.mark_clarifying(db, found.id, found.revision)
    await settle(db, actor, found, done, "consultation.clarified")
    house = await store.list_house(db, found.authority_id, actor.today)
    wording = letters.clarification(named_by(found), asked.question, found.confidentiality == "confidential")
    await tell(db, actor, found, wording, house, kind="clarification")


async def reply(
    db: Connection, actor: Actor, consultation_id: UUID, given: Reply, expected: int | None = None
) -> None:
    """Reply to the open question; the deadline moves by the working days on which the clock stood."""
    found = await open_for(db, actor, consultation_id, "reply")
    await require_fresh(db, actor, found, expected)
    await files.require_own(db, actor, given.file_ids)
    await store.attach(db, found.id, given.file_ids, "question")
    asked_on = await store.update_clarification(db, found.id, given.reply, actor.person_id, actor.today)
    if asked_on is None or found.due_on_effective is None:
        raise errors.Conflict("Es ist keine Rückfrage offen.")
    due_on, steps = rules.moved(found.due_on_effective, asked_on, actor.today)
    done = await store.mark_clarified(
        db, found.id, found.revision, state=rules.after_reply(found.assignee_id is not None, bool(found.answer)),
        due_on_effective=due_on, steps=plain(found.due_steps + steps),
    )  # fmt: skip
    await settle(db, actor, found, done, "consultation.replied")
    await tell(db, actor, found, letters.replied(named_by(found), due_on), await _handling(db, actor, found))


async def answer(
    db: Connection, actor: Actor, consultation_id: UUID, new: NewAnswer, expected: int | None = None
) -> None:
    """Write the answer with its sources and hand it to a second person for review; a draft is only kept."""
    found = await open_for(db, actor, consultation_id, "answer")
    await require_fresh(db, actor, found, expected)
    rules.require_sources(new)
    reviewer_id = found.reviewer_id if new.draft else await _reviewer(db, actor, found, new.reviewer_id)
    await _set_files(db, actor, found.id, new.file_ids, "answer")
    done = await store.update_answer(
        db, found.id, found.revision, state="in_progress" if new.draft else "in_review", answer=new.answer,
        summary=new.answer_summary, sources=plain(new.sources), answered_by=actor.person_id, reviewer_id=reviewer_id,
    )  # fmt: skip
    await settle(
        db, actor, found, done, "consultation.draft_kept" if new.draft else "consultation.answer_written"
    )
    if not new.draft:
        await tell(db, actor, found, letters.for_review(named_by(found)), [reviewer_id])


async def _reviewer(db: Connection, actor: Actor, found: Stored, wanted: UUID | None) -> UUID:
    """Who reviews: the one named, the one already known, or the next in line. Never the author."""
    if wanted is not None:
        rules.require_different({"author": actor.person_id, "reviewer_id": wanted})
        staff = await _staff(db, actor, found, [wanted])
        rules.require_able(staff, "reviewer_id", wanted, access.RIGHTS["consultations.review"])
        return wanted
    if found.reviewer_id is not None and found.reviewer_id != actor.person_id:
        return found.reviewer_id
    barred = {actor.person_id, found.assignee_id, found.deputy_id}
    for person in await store.list_with_roles(db, REVIEWERS, actor.today):
        if person.id not in barred:
            return person.id
    raise errors.Conflict("Es gibt niemanden, der die Antwort prüfen kann.", code="no_reviewer")


async def review(
    db: Connection, actor: Actor, consultation_id: UUID, judged: Review, expected: int | None = None
) -> None:
    """Prüfung by a second person: question answered, sources alive, level, plain wording (author ≠ reviewer)."""
    found = await open_for(db, actor, consultation_id, "review")
    rules.require_other_hand(actor, found.answered_by)
    await require_fresh(db, actor, found, expected)
    approved = judged.decision == "approve"
    if not approved and not judged.note.strip():
        text = "Bitte schreiben Sie, was zu ändern ist."
        raise errors.Invalid(text, fields={"note": text})
    done = await store.mark_reviewed(
        db, found.id, found.revision, state="in_review" if approved else "in_progress",
        reviewed_by=actor.person_id if approved else None, day=actor.today if approved else None, note=judged.note,
    )  # fmt: skip
    await settle(db, actor, found, done, f"consultation.review_{judged.decision}")
    wording = letters.reviewed(named_by(found), approved)
    await tell(db, actor, found, wording, await _office(db, actor.today) if approved else [found.answered_by])


async def send(db: Connection, actor: Actor, consultation_id: UUID, expected: int | None = None) -> None:
    """Versand: freeze question and answer with their SHA-256 and send it to the asking house, and to nobody else."""
    found = await open_for(db, actor, consultation_id, "send")
    if found.reviewed_on is None:
        raise errors.Conflict("Die Antwort ist noch nicht geprüft.", code="not_reviewed")
    await require_fresh(db, actor, found, expected)
    house = await store.list_house(db, found.authority_id, actor.today)
    if not house:
        raise errors.Conflict("Im anfragenden Haus ist gerade niemand erreichbar.", code="no_recipient")
    frozen = canonical(await store.get_frozen(db, found.id, actor.today))
    digest = hashlib.sha256(frozen.encode()).hexdigest()
    await store.insert_sent(db, found.id, frozen, digest, actor.today, found.audience)
    done = await store.mark_answered(db, found.id, found.revision, actor.today)
    await settle(db, actor, found, done, "consultation.sent", sha256=digest)
    wording = letters.answer(named_by(found), found.answer_summary, found.confidentiality == "confidential")
    await tell(db, actor, found, wording, house, kind="answer")


async def withdraw(
    db: Connection, actor: Actor, consultation_id: UUID, why: Withdrawal, expected: int | None = None
) -> None:
    """The asking house takes its request back; a draft disappears from the list of open ones."""
    found = await open_for(db, actor, consultation_id, "withdraw")
    await require_fresh(db, actor, found, expected)
    done = await store.mark_ended(
        db, found.id, found.revision, state="withdrawn", day=actor.today, note=why.note
    )
    await settle(db, actor, found, done, "consultation.withdrawn")
    if found.reference:
        await tell(db, actor, found, letters.withdrawn(found.reference), await _handling(db, actor, found))


async def refer(
    db: Connection, actor: Actor, consultation_id: UUID, to: Referral, expected: int | None = None
) -> None:
    """Abgabenachricht: the competence centre is not competent and names the office that is."""
    found = await open_for(db, actor, consultation_id, "refer")
    await require_fresh(db, actor, found, expected)
    done = await store.mark_ended(
        db, found.id, found.revision, state="referred", day=actor.today, note=to.note, referred_to=to.referred_to
    )  # fmt: skip
    await settle(db, actor, found, done, "consultation.referred")
    house = await store.list_house(db, found.authority_id, actor.today)
    wording = letters.referral(named_by(found), to.referred_to, found.confidentiality == "confidential")
    await tell(db, actor, found, wording, house)


async def hand_over(db: Connection, actor: Actor, consultation_id: UUID, expected: int | None = None) -> None:
    """Open a confidential request to the successor of the commissioner who asked. The office does it, at the
    predecessor's or the house's word: what is confidential does not go over with the office by itself (domain rules 3.2).
    """
    found = await open_for(db, actor, consultation_id, "hand_over")
    await require_fresh(db, actor, found, expected)
    if not await store.awaits_handover(db, found.id, actor.today):
        raise errors.Conflict(
            "Hier ist nichts zu übergeben: Entweder sieht das Haus die Anfrage schon, oder dort ist zurzeit niemand bestellt."
        )
    done = await store.hand_over(db, found.id, found.revision, actor.today)
    await settle(db, actor, found, done, "consultation.handed_over")
    house = await store.list_house(db, found.authority_id, actor.today)
    await tell(db, actor, found, letters.handover(named_by(found)), house)


async def close(
    db: Connection, actor: Actor, consultation_id: UUID, end: Closing, expected: int | None = None
) -> None:
    """Abschluss; before an answer only with the document that answers the request from stock (Dublette)."""
    found = await open_for(db, actor, consultation_id, "close")
    await require_fresh(db, actor, found, expected)
    document = None
    if found.state in rules.STOCK:
        document = await _stock(db, actor, end)
    done = await store.mark_ended(
        db, found.id, found.revision, state="answered_from_stock" if document else "closed", day=actor.today,
        note=end.note, answered_with=document.id if document else None,
    )  # fmt: skip
    await settle(db, actor, found, done, "consultation.closed", document_id=document.id if document else None)
    if document:
        house = await store.list_house(db, found.authority_id, actor.today)
        secret = found.confidentiality == "confidential"
        # Not everybody in the house may know of every document: it is a part with readers of its own, never confidential.
        part = Part(
            title=f"{document.reference}, {document.title}", level=document.confidentiality,
            url=f"/wissen/{document.reference}", audience=document.audience,
        )  # fmt: skip
        wording = letters.from_stock(named_by(found), secret)
        await tell(
            db,
            actor,
            found,
            wording,
            house,
            kind="answer",
            parts=[] if secret or document.confidentiality == "confidential" else [part],
        )


async def _stock(db: Connection, actor: Actor, end: Closing) -> StockDocument:
    """The released document that answers a request. Raises Conflict when none is named, Invalid when it is not there."""
    if end.document_id is None and not end.document_reference:
        text = "Die Anfrage ist noch nicht beantwortet. Nennen Sie das Dokument, das sie beantwortet."
        raise errors.Conflict(text, fields={"document_reference": text})
    found = await store.find_document(db, end.document_id, end.document_reference, list(actor.keys))
    if found is None:
        text = "Dieses Dokument gibt es nicht, oder es ist nicht freigegeben."
        field = "document_id" if end.document_id else "document_reference"
        raise errors.Invalid(text, fields={field: text})
    return found


async def remind_due(db: Connection, now: datetime) -> int:
    """Daily: 2 working days before the deadline a reminder, on the day after a word to the head (domain rules 4).

    `now` is office time, aware. Said once for each deadline, however often it runs. A confidential request stays
    with the office. Returns the number of notices.
    """
    actor, today, written = auth.service(now), clock.day(now), 0
    head = [person.id for person in await store.list_with_roles(db, ["kfi_head"], today)]
    for row in await store.list_unanswered(db):
        due_on: date = row["due_on_effective"]
        thing = Named(row["id"], row["reference"], row["confidentiality"])
        if rules.is_reminder_due(due_on, today) and row["reminded_for"] != due_on:
            people = [row["assignee_id"]] if row["assignee_id"] else await _office(db, today)
            await tell(db, actor, thing, letters.reminder(row["reference"], due_on), people)
            await store.mark_reminded(db, thing.id, due_on)
            written += 1
        if today > due_on and row["escalated_for"] != due_on:
            known = bool(head) and thing.confidentiality != "confidential"
            people = head if known else await _office(db, today)
            await tell(db, actor, thing, letters.escalation(row["reference"], due_on), people, link=not known)
            await store.mark_escalated(db, thing.id, due_on)
            written += 1
    return written


# What all acts share


async def seen(db: Connection, actor: Actor, consultation_id: UUID) -> Stored:
    """Lock a request the actor may see. Raises NotFound."""
    found = await store.lock(db, consultation_id, list(actor.keys))
    if found is None:
        raise errors.NotFound
    return found


async def open_for(db: Connection, actor: Actor, consultation_id: UUID, act: str) -> Stored:
    """Lock a request for an act. Raises NotFound, Forbidden, Conflict, in this order."""
    found = await seen(db, actor, consultation_id)
    rules.require(actor, act, found, found.state)
    if act in rules.ADVISING and await store.is_conflicted(
        db, actor.person_id, found.id, found.authority_id, actor.today
    ):
        raise errors.Forbidden(
            "Sie handeln in dieser Sache für das anfragende Haus. Bitte überlassen Sie das jemand anderem.",
            code="two_hats",
        )
    return found


async def require_fresh(db: Connection, actor: Actor, found: Stored, expected: int | None) -> None:
    """Raises Stale with the present state when the person looked at another revision."""
    if expected is not None and expected != found.revision:
        body = await store.get_body(db, found.id, list(actor.keys), actor.today)
        raise errors.Stale(current=body)


async def settle(
    db: Connection, actor: Actor, found: Stored, done: bool, action: str, reference: str = "", **detail: Any
) -> None:
    """After an act: everything that hangs on the request follows it, and the act is written down."""
    if not done:
        raise errors.Stale
    await spread(db, actor, found.id)
    await audit.record(
        db, actor, action, "consultation", found.id, reference or found.reference or "", **detail
    )


async def spread(db: Connection, actor: Actor, consultation_id: UUID) -> None:
    """Questions back, files and the search entry are open to whoever may see the request now, and nobody else."""
    await store.spread(db, consultation_id)
    for file_id, audience in await store.list_files(db, consultation_id, list(actor.keys)):
        await files.use(db, file_id, consultation_id, audience)
    await index_consultation(db, consultation_id)


async def index_consultation(db: Connection, consultation_id: UUID) -> None:
    """Write the search entry of a received request; a draft has none."""
    entry = await store.get_indexed(db, consultation_id)
    if entry is None:
        return
    await index.put(
        db,
        index.Entry(
            source_kind="consultation", source_id=consultation_id, reference=entry["reference"], title=entry["subject"],
            body=entry["body"], kind="Beratungsanfrage", level=entry["confidentiality"], topics=entry["topics"],
            authority_id=entry["authority_id"], year=entry["year"], url=f"/anfragen/{entry['reference']}",
            audience=entry["audience"],
        ),
    )  # fmt: skip


async def tell(
    db: Connection,
    actor: Actor,
    thing: Stored | Named,
    wording: Wording,
    people: Iterable[UUID | None],
    *,
    kind: Kind = "notice",
    link: bool = True,
    parts: Iterable[Part] = (),
) -> None:
    """Write a mail about a request, with a link to it, to `people`; without people nothing is written.

    `link` false is for those who only have to know that it exists. Who may read it is taken from the request as it
    stands after the act; `parts` go along to their own readers.
    """
    recipients = list(dict.fromkeys(person for person in people if person is not None))
    if not recipients:
        return
    reference = thing.reference or ""
    audience = await store.get_audience(db, thing.id)
    readers = audience if link else [*audience, *(f"person:{person}" for person in recipients)]
    letter = Letter(
        kind=kind, object_kind="consultation", object_id=thing.id, title=wording.subject, subject=wording.subject,
        text=wording.text, level=thing.confidentiality, audience=readers, recipients=recipients,
        details={"reference": reference},
    )  # fmt: skip
    dispatch_id = await distribution.prepare(db, actor, letter)
    if link:
        part = Part(
            title=f"Beratungsanfrage {reference}", level=thing.confidentiality, url=f"/anfragen/{reference}",
            audience=audience,
        )  # fmt: skip
        await distribution.add_part(db, dispatch_id, part)
    for part in parts:
        await distribution.add_part(db, dispatch_id, part)


def named_by(found: Stored) -> str:
    """The number of a received request."""
    return found.reference or ""


def canonical(value: dict[str, Any]) -> str:
    """JSON with sorted keys and no white space: equal content gives equal text, and so an equal SHA-256."""
    return msgspec.json.encode(value, order="sorted").decode()


async def _office(db: Connection, today: date) -> list[UUID]:
    return [person.id for person in await store.list_with_roles(db, ["circle_office"], today)]


async def _handling(db: Connection, actor: Actor, found: Stored) -> list[UUID]:
    """Who works on a request; as long as nobody does, the office."""
    workers = [person for person in (found.assignee_id, found.deputy_id) if person]
    return workers or await _office(db, actor.today)


async def _staff(db: Connection, actor: Actor, found: Stored, people: list[UUID]) -> dict[UUID, Staff]:
    rows = await store.list_staff(db, people, found.id, found.authority_id, actor.today)
    return {person.id: person for person in rows}
