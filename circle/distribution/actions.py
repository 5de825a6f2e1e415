"""What people do with dispatches. Other features call `prepare`, `add_part` and `start`.

Sending itself is `sending.send`, which a worker runs. Nobody is served twice without a person saying so: what is
uncertain stays so until somebody settles it (RFC 1047 tells why a program cannot).
"""

from uuid import UUID

import asyncpg
import msgspec

from circle.core import access, audit, auth, calendar, clock, errors, jobs, mail
from circle.core.auth import Actor
from circle.core.db import Connection
from circle.knowledge.model import Overdue
from circle.people.appointments import actions as appointments

from . import rules, store
from .model import Letter, Level, NewDispatch, Paper, Part, Preview, Standing


async def prepare(db: Connection, actor: Actor, letter: Letter, build: str = "") -> UUID:
    """Write a dispatch down with one delivery per recipient, names and addresses as of now. Returns its id.

    `build` names the job that renders the papers, adds them and starts the dispatch; without one it starts at once.
    Raises Invalid for a subject with line breaks or a missing recipient.
    """
    dispatch_id = await insert(db, actor, letter, build)
    if build:
        await jobs.enqueue(db, build, dispatch_id=dispatch_id)
    else:
        await start(db, dispatch_id, actor)
    return dispatch_id


async def insert(db: Connection, actor: Actor, letter: Letter, build: str = "") -> UUID:
    """The prepared dispatch alone: nothing happens with it until `start`."""
    try:
        mail.check_subject(letter.subject)
    except mail.HeaderError as wrong:
        raise errors.Invalid(str(wrong), fields={"subject": str(wrong)}) from wrong
    people = list(dict.fromkeys(letter.recipients))
    if not people:
        raise errors.Invalid(
            "Der Versand hat noch niemanden, der ihn bekommt.", code="no_recipients",
            fields={"person_ids": "Bitte wählen Sie Empfängerinnen und Empfänger."},
        )  # fmt: skip
    requester = f"person:{actor.person_id}" if actor.person_id else ""
    keys = rules.watchers(letter.level, letter.audience, requester)
    dispatch_id = await store.insert(db, letter, keys, actor.person_id, build)
    if await store.insert_deliveries(db, dispatch_id, people, keys) != len(people):
        raise errors.Invalid("Eine der Personen gibt es nicht.", code="unknown_reference")
    await audit.record(
        db, actor, "dispatch.prepared", "dispatch", dispatch_id, kind=letter.kind, recipients=len(people)
    )
    return dispatch_id


async def is_prepared(db: Connection, dispatch_id: UUID) -> bool:
    """True when papers may still be added. Locks the dispatch, so that of two builders one sees False."""
    found = await store.lock(db, dispatch_id)
    return found is not None and found["state"] == "prepared"


async def add_part(db: Connection, dispatch_id: UUID, part: Part) -> None:
    """Add a paper to a prepared dispatch, or to one written down in this same transaction.

    Raises Conflict when it was started or cancelled before.
    """
    if not await store.insert_part(db, dispatch_id, part):
        raise errors.Conflict("Der Versand läuft schon.")


async def start(db: Connection, dispatch_id: UUID, actor: Actor | None = None) -> None:
    """prepared → sending, and the job that sends. Said again, it does nothing.

    `actor` gives the office's day; without one (a worker) it is read from the database's office clock.
    """
    day = actor.today if actor else clock.day((await clock.read(db)).now())
    if await store.mark_started(db, dispatch_id, day):
        await jobs.enqueue(db, "distribution.send", dispatch_id=dispatch_id)


async def send(db: Connection, actor: Actor, dispatch_id: UUID) -> None:
    """A person starts a prepared dispatch. Raises NotFound, Forbidden, Conflict (started, or a document that was
    retired or raised since)."""
    found = await _locked(db, actor, dispatch_id)
    access.require(actor, "dispatches.send")
    if found["state"] != "prepared":
        raise errors.Conflict("Dieser Versand ist schon gestartet oder abgebrochen.")
    if found["build"]:
        raise errors.Conflict("Die Unterlagen werden noch erstellt; danach startet der Versand von selbst.")
    document = await _document_of(db, found)
    if document is not None and (reason := rules.withdrawal(document, found["level"])):
        raise errors.Conflict(reason, code="not_released")
    await start(db, dispatch_id, actor)
    await audit.record(db, actor, "dispatch.sent", "dispatch", dispatch_id)


async def cancel(db: Connection, actor: Actor, dispatch_id: UUID) -> None:
    """Stop what is not on its way. Raises Conflict when nothing is left to stop."""
    found = await _locked(db, actor, dispatch_id)
    access.require(actor, "dispatches.send")
    if found["state"] not in ("prepared", "sending"):
        raise errors.Conflict("Dieser Versand ist schon zu Ende.")
    stopped = await store.mark_cancelled(db, dispatch_id)
    await audit.record(db, actor, "dispatch.cancelled", "dispatch", dispatch_id, stopped=stopped)


async def resend(db: Connection, actor: Actor, dispatch_id: UUID, include_uncertain: bool = False) -> int:
    """Try again what failed; what is uncertain only by explicit choice. Returns how many. Raises Conflict for none.

    While the papers could not be rendered yet, that is tried again; so is a dispatch whose job gave up.
    """
    found = await _locked(db, actor, dispatch_id)
    access.require(actor, "dispatches.send")
    if found["state"] == "prepared" and found["build"]:
        await jobs.enqueue(db, found["build"], dispatch_id=dispatch_id)
        await audit.record(db, actor, "dispatch.built_again", "dispatch", dispatch_id)
        return 0
    if found["state"] not in ("sending", "done"):
        raise errors.Conflict("Dieser Versand ist nicht gelaufen oder wurde abgebrochen.")
    states = ["failed", "uncertain"] if include_uncertain else ["failed"]
    count = await store.mark_again(db, dispatch_id, states)
    stalled = found["state"] == "sending" and not await store.has_job(db, dispatch_id)
    if not count and not stalled:
        raise errors.Conflict("Hier ist nichts erneut zu senden.", code="nothing_to_resend")
    await jobs.enqueue(db, "distribution.send", dispatch_id=dispatch_id)
    await audit.record(
        db, actor, "dispatch.resent", "dispatch", dispatch_id, count=count, uncertain=include_uncertain
    )
    return count


async def settle(db: Connection, actor: Actor, delivery_id: UUID, arrived: bool) -> UUID:
    """Say what became of an uncertain delivery; one that did not arrive is sent again. Returns the dispatch's id."""
    found = await store.lock_delivery(db, delivery_id, list(actor.keys))
    if found is None:
        raise errors.NotFound(me=actor.card)
    access.require(actor, "dispatches.send")
    if found["dispatch_state"] == "cancelled" and not arrived:
        raise errors.Conflict("Dieser Versand wurde abgebrochen.")
    if not await store.mark_settled(db, delivery_id, arrived):
        raise errors.Conflict("Diese Zustellung ist nicht (mehr) ungeklärt.")
    if not arrived:
        await jobs.enqueue(db, "distribution.send", dispatch_id=found["dispatch_id"])
    elif found["object_kind"] == "appointment":
        await appointments.record_sent(db, actor, found["dispatch_id"])
    await audit.record(
        db, actor, "delivery.settled", "dispatch", found["dispatch_id"], delivery_id=str(delivery_id), arrived=arrived
    )  # fmt: skip
    return UUID(str(found["dispatch_id"]))


async def preview(
    db: Connection,
    actor: Actor,
    recipients: list[UUID],
    parts: list[Part],
    level: str,
    readers: list[str] | None = None,
) -> list[Preview]:
    """Exactly who gets what, by each person's rights of the office's day. Says nothing of parts the actor cannot see.

    `readers` is the letter's audience; left out, whoever may see a part may read the letter.
    """
    papers = await store.papers_for(db, parts)
    return await _previews(db, actor, recipients, papers, level, readers)


async def preview_of(db: Connection, actor: Actor, dispatch_id: UUID) -> list[Preview]:
    """The same for a dispatch that is already written down. Raises NotFound."""
    found = await _locked(db, actor, dispatch_id)
    people = await store.people_of(db, dispatch_id)
    papers = await store.papers_of(db, dispatch_id)
    document = await _document_of(db, found)
    return await _previews(db, actor, people, papers, found["level"], list(found["readers"]), document)


async def _previews(
    db: Connection, actor: Actor, people: list[UUID], papers: list[Paper], level: str, readers: list[str] | None,
    document: Standing | None = None,
) -> list[Preview]:  # fmt: skip
    letter_level = msgspec.convert(level, Level)
    may_read = readers if readers is not None else [key for paper in papers for key in paper.audience]
    shown = []
    for reader in await store.readers_of(db, people, actor.today):
        reason = rules.refusal(reader, letter_level, may_read, papers, document)
        attached, linked = ([], []) if reason else rules.sort_papers(letter_level, papers, reader.keys)
        titles = [[p.title for p in some if set(p.audience) & set(actor.keys)] for some in (attached, linked)]
        shown.append(Preview(reader.person_id, reader.name, reader.address, titles[0], titles[1], reason))
    return shown


async def compose(db: Connection, actor: Actor, new: NewDispatch) -> UUID:
    """Prepare the distribution of a released document, or a notice; `send` starts it. Returns the dispatch's id.

    Raises Forbidden, NotFound (a document the actor cannot see), Conflict (not released), Invalid.
    """
    access.require(actor, "documents.distribute")
    people = await recipients_of(db, actor, new)
    if new.kind == "notice":
        return await insert(db, actor, _notice(actor, new, people))
    if new.document_id is None:
        raise errors.Invalid("Welches Dokument?", fields={"document_id": "Bitte ein Dokument nennen."})
    document = await released_document(db, actor, new.document_id)
    letter = Letter(
        kind="document",
        object_kind="document",
        object_id=document["id"],
        title=f"{document['reference']} {document['title']}",
        subject=new.subject or f"{document['reference']}: {document['title']}"[:250],
        text=new.text or _document_text(document),
        level=document["level"],
        audience=list(document["audience"]),
        recipients=people,
        details={"reference": document["reference"]},
    )
    dispatch_id = await insert(db, actor, letter)
    for part in document_parts(document):
        await add_part(db, dispatch_id, part)
    return dispatch_id


async def tell_review_due(db: Connection, actor: Actor, due: list[Overdue]) -> None:
    """Write to whoever answers for a document that its review day is over. Its page goes along as a link."""
    for document in due:
        letter = Letter(
            kind="notice",
            object_kind="document",
            object_id=document.id,
            title=f"Prüftermin {document.reference}",
            subject=f"Prüftermin erreicht: {document.reference}",
            text=f"Sie verantworten das Dokument „{document.title}“ ({document.reference}). Der Prüftermin war der "
            f"{calendar.date_short(document.review_on)}. Bitte prüfen Sie, ob der Text noch stimmt. Legen Sie ihn dann "
            "unverändert oder geändert zur Prüfung vor, oder ziehen Sie ihn zurück.",
            level=document.confidentiality,
            audience=document.audience,
            recipients=[document.owner_id],
        )
        dispatch_id = await insert(db, actor, letter)
        url = f"/wissen/{document.reference}"
        part = Part(document.title, document.confidentiality, url=url, audience=document.audience)
        await add_part(db, dispatch_id, part)
        await start(db, dispatch_id, actor)


async def tell_contacts_due(db: Connection, actor: Actor, people: list[UUID]) -> None:
    """Ask each of them to look through their entry in the directory. Their page goes along as a link."""
    for person_id in people:
        letter = Letter(
            kind="notice",
            object_kind="person",
            object_id=person_id,
            title="Prüfung der Angaben im Verzeichnis",
            subject="Stimmen Ihre Angaben im Verzeichnis noch?",
            text="Ihre Angaben im Verzeichnis des Koordinierungskreises haben Sie seit mehr als einem halben Jahr nicht "
            "bestätigt. Bitte sehen Sie sie durch. Wenn alles stimmt, genügt ein Klick auf „Meine Angaben stimmen“.",
            level="internal",
            audience=["role:circle_office", f"person:{person_id}"],
            recipients=[person_id],
        )
        dispatch_id = await insert(db, actor, letter)
        await add_part(
            db,
            dispatch_id,
            Part("Ihre Angaben", "internal", url=f"/personen/{person_id}", audience=letter.audience),
        )
        await start(db, dispatch_id, actor)


async def recipients_of(db: Connection, actor: Actor, new: NewDispatch) -> list[UUID]:
    """The people named one by one, and those of the chosen roles and houses on the office's day."""
    unknown = [role for role in new.roles if role not in auth.ROLE_NAMES]
    if unknown:
        raise errors.Invalid("Diese Rolle gibt es nicht.", fields={"roles": f"Unbekannt: {unknown[0][:40]}"})
    people = list(new.person_ids)
    if new.roles or new.authority_ids:
        people += await store.people_with(db, new.roles, new.authority_ids, actor.today)
    return list(dict.fromkeys(people))


async def released_document(db: Connection, actor: Actor, document_id: UUID) -> asyncpg.Record:
    """A document that may be distributed. Raises NotFound, and Conflict unless it is released."""
    document = await store.find_document(db, document_id, list(actor.keys))
    if document is None:
        raise errors.NotFound(me=actor.card)
    if document["state"] not in ("released", "review_overdue"):
        raise errors.Conflict("Nur freigegebene Dokumente werden verteilt.", code="not_released")
    return document


def document_parts(document: asyncpg.Record) -> list[Part]:
    """The document's page and its files, all of its own level."""
    audience = list(document["audience"])
    parts = [
        Part(document["title"], document["level"], None, f"/wissen/{document['reference']}", False, audience)
    ]
    for file in msgspec.json.decode(document["files"]):
        parts.append(Part(file["name"], document["level"], UUID(file["id"]), "", False, audience))
    return parts


def _document_text(document: asyncpg.Record) -> str:
    return f"der Koordinierungskreis gibt Ihnen dieses Dokument zur Kenntnis: „{document['title']}“ ({document['reference']}).\n\n{document['abstract']}".strip()


def _notice(actor: Actor, new: NewDispatch, people: list[UUID]) -> Letter:
    wrong = {name: "Bitte ausfüllen." for name in ("subject", "text") if not getattr(new, name).strip()}
    if wrong:
        raise errors.Invalid("Eine Mitteilung braucht Betreff und Text.", fields=wrong)
    readers: list[str] = [new.level]
    if new.level == "confidential":
        readers = [f"person:{person}" for person in people]
    object_id = actor.person_id or UUID(int=0)
    return Letter(
        "notice", "person", object_id, new.subject, new.subject, new.text, new.level, readers, people
    )


async def _document_of(db: Connection, dispatch: asyncpg.Record) -> Standing | None:
    """The document a dispatch is about, as it stands now. One that the actor may not see any more was raised."""
    if dispatch["object_kind"] != "document":
        return None
    return await store.standing_of(db, dispatch["object_id"]) or Standing("released", "confidential", [])


async def _locked(db: Connection, actor: Actor, dispatch_id: UUID) -> asyncpg.Record:
    found = await store.lock_visible(db, dispatch_id, list(actor.keys))
    if found is None:
        raise errors.NotFound(me=actor.card)
    return found
