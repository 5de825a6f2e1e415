"""What people do with knowledge documents: write, submit, release, return, supersede, retire; and what the workers do.

Order of refusals: unseen, no right, wrong state, four eyes, stale. `expected` is the revision the person looked at;
None skips that check. A released document keeps its text until the next version of it is released.
"""

import uuid
from datetime import date
from typing import Any
from uuid import UUID

import asyncpg
import msgspec
import structlog

from circle.core import access, audit, auth, clock, errors, files
from circle.core.auth import Actor
from circle.core.db import Answer, Caller, Connection, Database, for_the_record
from circle.core.files import Storage
from circle.search import index as search_index

from . import extraction, rendering, rules, store
from .model import (
    Content,
    DocumentChange,
    DocumentLink,
    NewDocument,
    Overdue,
    Release,
    Retirement,
    Return,
    Supersession,
)

log = structlog.get_logger("circle.knowledge")


class _Level(msgspec.Struct, frozen=True):
    confidentiality: str


class _Shown(_Level, frozen=True):
    """What decides whether a reading is recorded."""

    id: UUID
    reference: str
    draft: _Level | None = None


class _ShownVersion(_Level, frozen=True):
    document: DocumentLink


async def read(
    db: Connection,
    caller: Caller,
    document_id: UUID | None,
    reference: str | None = None,
    purpose: str = "read",
) -> Answer:
    """One document as the caller may see it. Reading confidential text is recorded with its purpose (rules 3.2)."""
    found = await get(db, caller, document_id, reference)
    shown = msgspec.json.decode(found.body, type=_Shown)
    if "confidential" in (shown.confidentiality, shown.draft and shown.draft.confidentiality):
        await audit.reading(db, caller, found.me, "document", shown.id, shown.reference, purpose=purpose)
    return found


async def read_version(
    db: Connection, caller: Caller, document_id: UUID | None, reference: str | None, number: int
) -> Answer:
    """One released version. Reading confidential text is recorded."""
    found = await store.get_version(db, caller, document_id, reference, number)
    shown = msgspec.json.decode(found.body, type=_ShownVersion)
    if shown.confidentiality == "confidential":
        document = shown.document
        await audit.reading(
            db, caller, found.me, "document", document.id, document.reference, purpose="read", version=number
        )
    return found


async def get(
    db: Connection, caller: Caller, document_id: UUID | None, reference: str | None = None
) -> Answer:
    """The state after an act, which is on record itself."""
    return await store.get(db, caller, document_id, reference, sorted(rules.EDITORS))


async def write(db: Connection, actor: Actor, new: NewDocument) -> UUID:
    """Begin a document as a draft. Only the editors begin one for somebody else. Returns the id."""
    access.require(actor, "documents.write")
    owner_id = new.owner_id or actor.person_id
    if owner_id is None or (owner_id != actor.person_id and rules.EDITORS.isdisjoint(actor.roles)):
        raise errors.Forbidden("Ein Dokument für andere beginnt nur die Redaktion.")
    content = _content(msgspec.structs.asdict(new))
    await _require_sound(db, actor, content)
    document_id = uuid.uuid4()
    await _name(db, actor, document_id, owner_id, new.named)
    reference = await _next_reference(db, content.confidentiality)
    await _insert(db, document_id, content, reference=reference, owner_id=owner_id, actor=actor)
    await _spread(db, document_id)
    await audit.record(
        db, actor, "document.drafted", "document", document_id, reference, level=content.confidentiality
    )
    return document_id


async def change(
    db: Connection, actor: Actor, document_id: UUID, wanted: DocumentChange, expected: int
) -> None:
    """Change a draft; of a released document this opens or changes the next version, readers keep the released text."""
    document = await _editable(db, actor, document_id)
    rules.require_changeable(document["state"])
    draft = await _draft(db, actor, document)
    _require_current(document, expected)
    in_force = document["state"] in rules.IN_FORCE
    before = _content(dict(draft or document))
    if in_force and draft is None:
        before = msgspec.structs.replace(before, review_on=None)
    given = {
        name: value for name, value in msgspec.structs.asdict(wanted).items() if value is not msgspec.UNSET
    }
    content = msgspec.structs.replace(
        before, **{name: value for name, value in given.items() if name != "named"}
    )
    await _require_sound(db, actor, content, before)
    if "named" in given or content.confidentiality == "confidential":
        await _name(db, actor, document_id, document["owner_id"], given.get("named"))
    if in_force:
        await _put_draft(db, actor, document, content, draft["state"] if draft else "draft")
        done = await store.touch(db, document_id, document["revision"])
    else:
        await store.set_files(db, document_id, content.file_ids)
        done = await store.update(db, document_id, document["revision"], content, actor.person_id, actor.now)
    await _settle(
        db, actor, document, done, "document.changed", fields=sorted(given), level=content.confidentiality
    )


async def submit(db: Connection, actor: Actor, document_id: UUID, expected: int | None = None) -> None:
    """Hand a draft in for review. A released text without a next version is handed in as it is, to be checked again."""
    document = await _editable(db, actor, document_id)
    draft = await _draft(db, actor, document)
    rules.require_submittable(document["state"], draft["state"] if draft else None)
    content = _content(dict(draft or document))
    rules.require_ready(content.title, content.body, content.file_ids)
    _require_current(document, expected)
    if document["state"] in rules.IN_FORCE:
        if draft is None:
            await _put_draft(
                db, actor, document, msgspec.structs.replace(content, review_on=None), "in_review"
            )
        else:
            await store.set_draft_state(db, document_id, "in_review", "")
        done = await store.touch(db, document_id, document["revision"])
    else:
        done = await store.set_state(db, document_id, document["revision"], "in_review", "")
    await _settle(db, actor, document, done, "document.submitted")


async def give_back(
    db: Connection, actor: Actor, document_id: UUID, wanted: Return, expected: int | None = None
) -> None:
    """A text in review goes back to its author with the reason; the author may take it back too."""
    document = await _seen(db, actor, document_id)
    if actor.person_id != document["owner_id"]:
        access.require(actor, "documents.release")
    draft = await _draft(db, actor, document)
    rules.require_in_review(document["state"], draft["state"] if draft else None)
    _require_current(document, expected)
    if draft:
        await store.set_draft_state(db, document_id, "draft", wanted.reason)
        done = await store.touch(db, document_id, document["revision"])
    else:
        done = await store.set_state(db, document_id, document["revision"], "draft", wanted.reason)
    await _settle(db, actor, document, done, "document.returned")


async def release(
    db: Connection, actor: Actor, document_id: UUID, wanted: Release, expected: int | None = None
) -> None:
    """Freigabe: the text in review holds from today, and is frozen as a version with its SHA-256.

    Four eyes: neither the owner nor the last editor releases (domain rules 4). So a lower level, which only a release
    brings about, has two persons behind it as well.
    """
    document = await _seen(db, actor, document_id)
    access.require(actor, "documents.release")
    draft = await _draft(db, actor, document)
    rules.require_in_review(document["state"], draft["state"] if draft else None)
    text = draft or document
    rules.require_other_person(actor.person_id, document["owner_id"], text["edited_by"])
    auth.require_recent(actor)
    _require_current(document, expected)
    review_on = rules.review_day(actor.today, wanted.review_on or text["review_on"])
    revision, version = document["revision"], document["version"]
    done = True
    if draft:
        version += 1
        content = _content(dict(draft))
        await store.drop_draft(db, document_id)
        await store.set_files(db, document_id, content.file_ids)
        done = await store.update(db, document_id, revision, content, draft["edited_by"], actor.now)
        revision += 1
    done = done and await store.mark_released(
        db, document_id, revision, version=version, by=actor.person_id, day=actor.today, review_on=review_on
    )
    await _freeze(db, document_id, text["title"], text["abstract"], text["body"])
    await _settle(
        db, actor, document, done, "document.released", version=version, level=text["confidentiality"],
        level_before=document["confidentiality"],
    )  # fmt: skip


async def release_from_consultation(
    db: Connection,
    actor: Actor,
    *,
    title: str,
    abstract: str,
    body: str,
    topics: list[str],
    level: str,
    review_on: date,
    owner_id: UUID,
    authority_id: UUID,
) -> UUID:
    """Make a released document of an answer whose release was decided by a second person. Returns its id.

    Nothing in it leads back to the request or to the house that asked (domain rules 4).
    """
    content = Content(
        title=title, kind=rules.ANSWER, abstract=abstract, body=body, topics=topics, confidentiality=level,
        language_level="standard", legal_basis="", review_on=review_on, file_ids=[],
    )  # fmt: skip
    document_id = uuid.uuid4()
    reference = await _next_reference(db, level)
    await _insert(
        db,
        document_id,
        content,
        reference=reference,
        owner_id=owner_id,
        actor=actor,
        authority_id=authority_id,
    )
    async with for_the_record(db):
        await store.mark_released(
            db, document_id, 1, version=1, by=actor.person_id, day=actor.today,
            review_on=rules.review_day(actor.today, review_on),
        )  # fmt: skip
    await _freeze(db, document_id, title, abstract, body)
    await _spread(db, document_id)
    await audit.record(
        db, actor, "document.released", "document", document_id, reference, version=1, level=level
    )
    return document_id


async def supersede(
    db: Connection, actor: Actor, document_id: UUID, wanted: Supersession, expected: int | None = None
) -> None:
    """Another released document takes the place of this one; this one keeps answering and points there."""
    document = await _editable(db, actor, document_id)
    rules.require_in_force(document["state"])
    await _require_successor(db, actor, document_id, wanted.successor_id)
    await _end(db, actor, document, "superseded", wanted.note, wanted.successor_id, expected)


async def retire(
    db: Connection, actor: Actor, document_id: UUID, wanted: Retirement, expected: int | None = None
) -> None:
    """A document no longer holds; whoever could read it finds it with the reason, and with a successor if there is one."""
    document = await _editable(db, actor, document_id)
    rules.require_in_force(document["state"])
    if wanted.successor_id:
        await _require_successor(db, actor, document_id, wanted.successor_id)
    await _end(db, actor, document, "retired", wanted.note, wanted.successor_id, expected)


async def index(db: Connection, document_id: UUID) -> None:
    """Write the document's row of the search index, open to whom its text is. A next version is not in it.

    The document is held first: a row written from what a worker read before would open again what was sealed meanwhile.
    """
    async with for_the_record(db):
        await store.hold(db, document_id)
        row = await store.find_entry(db, document_id)
        if row is None:
            return
        words = (row["abstract"], rendering.plain(row["body"]), row["texts"])
        await search_index.put(
            db,
            search_index.Entry(
                source_kind="document", source_id=document_id, reference=row["reference"], title=row["title"],
                body="\n\n".join(filter(None, words)), kind=row["kind"], level=row["confidentiality"],
                topics=list(row["topics"]), authority_id=row["authority_id"], year=row["year"],
                url=f"/wissen/{row['reference']}", trust=rules.TRUST[row["state"]], audience=list(row["audience"]),
            ),
        )  # fmt: skip


async def mark_overdue(db: Connection, actor: Actor) -> list[Overdue]:
    """Released documents whose review day is over. Returns those that were not marked before, for a notice."""
    found = await store.mark_overdue(db, actor.today)
    for document in found:
        await index(db, document.id)
        await audit.record(db, actor, "document.review_due", "document", document.id, document.reference)
    return found


async def extract_text(database: Database, storage: Storage, file_id: UUID) -> None:
    """Read the text of an upload and renew the index rows of the documents that use it.

    Run twice it writes the same. A file that cannot be read within the limits is noted and not tried again. No
    transaction is open while bytes are read.
    """
    async with database.begin(None) as db:
        file = await store.find_file(db, file_id)
        now = (await clock.read(db)).now()
    if file is None:
        return
    text, reason = "", ""
    try:
        text = await extraction.in_child(await storage.get(file["key"]), file["content_type"])
    except (extraction.ExtractionError, FileNotFoundError) as error:
        reason = str(error) if isinstance(error, extraction.ExtractionError) else "the bytes are gone"
        log.warning("text not read", file=str(file_id), reason=reason)
    async with database.begin(None) as db:
        if reason:
            await audit.record(db, auth.service(now), "file.text_unread", "file", file_id, reason=reason)
            return
        for document_id in await store.set_text(db, file_id, text):
            await index(db, document_id)


def _content(values: dict[str, Any]) -> Content:
    return Content(**{name: values[name] for name in Content.__struct_fields__})


async def _seen(db: Connection, actor: Actor, document_id: UUID) -> asyncpg.Record:
    document = await store.lock(db, document_id, list(actor.keys))
    if document is None:
        raise errors.NotFound(me=actor.card)
    return document


async def _editable(db: Connection, actor: Actor, document_id: UUID) -> asyncpg.Record:
    """The locked document, when the actor may write it."""
    document = await _seen(db, actor, document_id)
    access.require(actor, "documents.write")
    if not rules.may_edit(actor.person_id, actor.roles, document["owner_id"]):
        raise errors.Forbidden
    return document


async def _draft(db: Connection, actor: Actor, document: asyncpg.Record) -> asyncpg.Record | None:
    """The next version. Raises Conflict when there is one that the actor may not read."""
    async with for_the_record(db):
        draft = await store.find_draft(db, document["id"])
    if draft is not None and set(draft["audience"]).isdisjoint(actor.keys):
        raise errors.Conflict("An der nächsten Fassung arbeitet schon jemand anderes.")
    return draft


async def _put_draft(
    db: Connection, actor: Actor, document: asyncpg.Record, content: Content, state: str
) -> None:
    levels = (document["confidentiality"], content.confidentiality)
    audience = rules.draft_audience(document["id"], document["owner_id"], levels)
    await store.put_draft(
        db, document["id"], content, state=state, edited_by=actor.person_id, audience=audience
    )


async def _require_sound(
    db: Connection, actor: Actor, content: Content, before: Content | None = None
) -> None:
    """Topics and files exist, the review day can be kept. What stood there before is not asked again."""
    unknown = sorted(set(content.topics) - {topic for topic, _ in await store.list_topics(db)})
    if unknown:
        text = f"Dieses Thema gibt es nicht: {unknown[0]}."
        raise errors.Invalid(text, fields={"topics": text})
    if content.review_on and (before is None or content.review_on != before.review_on):
        rules.review_day(actor.today, content.review_on)
    known = set(before.file_ids) if before else set()
    await files.require_own(db, actor, [file_id for file_id in content.file_ids if file_id not in known])


async def _name(
    db: Connection, actor: Actor, document_id: UUID, owner_id: UUID, people: list[UUID] | None
) -> None:
    """Name who reads it when it is confidential; None keeps who is named. Whoever writes stays named, or is the owner."""
    own = [actor.person_id] if actor.person_id and actor.person_id != owner_id else []
    if people is None:
        await store.add_named(db, document_id, own, actor.person_id)
        return
    wanted = set(people)
    able = await store.list_nameable(db, actor.today, sorted(rules.OUTSIDE), list(wanted))
    if missing := wanted - {row["id"] for row in able}:
        raise errors.Invalid(
            f"Die Person {min(missing)} kann nicht benannt werden.", code="unknown_reference",
            fields={"named": "Bitte nur Personen der beteiligten Häuser benennen."},
        )  # fmt: skip
    await store.set_named(db, document_id, sorted({*wanted, *own}), actor.person_id)


async def _next_reference(db: Connection, level: str) -> str:
    """WD-027; what begins confidential has a series of its own, so that no gap tells of it (as with requests)."""
    series = "WD-V" if level == "confidential" else "WD"
    number = await store.next_reference(db, series)
    return f"WD-V{number:02d}" if level == "confidential" else f"WD-{number:03d}"


async def _insert(
    db: Connection, document_id: UUID, content: Content, *, reference: str, owner_id: UUID, actor: Actor,
    authority_id: UUID | None = None,
) -> None:  # fmt: skip
    if not await store.insert(
        db, document_id, content, reference=reference, owner_id=owner_id, authority_id=authority_id,
        edited_by=actor.person_id, now=actor.now,
    ):  # fmt: skip
        raise errors.Invalid(
            "Diese Person gibt es nicht.", code="unknown_reference",
            fields={"owner_id": "Bitte eine andere wählen."},
        )  # fmt: skip
    await store.set_files(db, document_id, content.file_ids)


async def _freeze(db: Connection, document_id: UUID, title: str, abstract: str, body: str) -> None:
    async with for_the_record(db):
        attached: list[dict[str, Any]] = msgspec.to_builtins(await store.list_files(db, document_id))
        await store.freeze(db, document_id, attached, rules.fingerprint(title, abstract, body, attached))


async def _require_successor(db: Connection, actor: Actor, document_id: UUID, successor_id: UUID) -> None:
    state = await store.find_state(db, successor_id, list(actor.keys))
    if state is None:
        raise errors.Invalid(
            "Das neue Dokument gibt es nicht.", code="unknown_reference",
            fields={"successor_id": "Bitte ein anderes nennen."},
        )  # fmt: skip
    rules.require_able_successor(document_id, successor_id, state)


async def _end(
    db: Connection, actor: Actor, document: asyncpg.Record, state: str, note: str, successor_id: UUID | None,
    expected: int | None,
) -> None:  # fmt: skip
    """A next version that was begun goes with the document."""
    await _draft(db, actor, document)
    _require_current(document, expected)
    await store.drop_draft(db, document["id"])
    done = await store.mark_ended(db, document["id"], document["revision"], state, note, successor_id)
    await _settle(db, actor, document, done, f"document.{state}", successor=successor_id)


async def _settle(
    db: Connection, actor: Actor, document: asyncpg.Record, done: bool, action: str, **detail: Any
) -> None:
    """After every act: nobody was faster, files and index are open to the right people, and it is on record."""
    if not done:
        raise errors.Stale(current=_state(document))
    await _spread(db, document["id"])
    await audit.record(db, actor, action, "document", document["id"], document["reference"], **detail)


async def _spread(db: Connection, document_id: UUID) -> None:
    async with for_the_record(db):
        await store.open_files(db, document_id)
    await index(db, document_id)


def _require_current(document: asyncpg.Record, expected: int | None) -> None:
    if expected is not None and document["revision"] != expected:
        raise errors.Stale(current=_state(document))


def _state(document: asyncpg.Record) -> dict[str, object]:
    """The present state, as a stale answer carries it."""
    return {name: document[name] for name in (
        "id", "reference", "title", "abstract", "body", "confidentiality", "state", "version", "revision")}  # fmt: skip
