"""What people do with papers for the agenda: hand one in, and replace it by a new version."""

import uuid
from uuid import UUID

import asyncpg
import msgspec

from circle.core import access, audit, errors, files
from circle.core.auth import Actor
from circle.core.db import Connection

from . import actions, rules, store
from .model import NewPaper, PaperChange, StoredItem, StoredMeeting


async def hand_in(db: Connection, actor: Actor, meeting_id: UUID, new: NewPaper) -> UUID:
    """Add a paper to an item that one may read. Its label follows from the day, its level from the item.

    The file opens to whoever may open the item. Returns the id.
    """
    meeting = await store.lock_meeting(db, meeting_id, list(actor.keys))
    if meeting is None:
        raise errors.NotFound(me=actor.card)
    access.require(actor, "papers.hand_in")
    item = await _item(db, actor, meeting_id, new.item_id)
    rules.require_paper(item, meeting.state, office=access.may(actor, "agenda.admit"))
    level = rules.paper_level(item.confidentiality, new.confidentiality)
    if (new.file_id is None) == (new.document_id is None):
        raise errors.Invalid(
            "Eine Unterlage ist entweder eine Datei oder ein Wissensdokument.",
            fields={"file_id": "Bitte eines von beiden angeben."},
        )
    if new.file_id:
        await files.require_own(db, actor, [new.file_id])
    if new.document_id:
        document = await store.find_document(db, new.document_id, list(actor.keys))
        if document is None:
            raise errors.Invalid(
                "Dieses Dokument gibt es nicht.",
                code="unknown_reference",
                fields={"document_id": "Bitte ein anderes wählen."},
            )
        level = rules.paper_level(item.confidentiality, rules.higher(level, document["confidentiality"]))
    paper_id = uuid.uuid4()
    await store.insert_paper(
        db, paper_id=paper_id, meeting_id=meeting_id, item_id=new.item_id, title=new.title, confidentiality=level,
        label=rules.paper_label(meeting, actor.today), file_id=new.file_id, document_id=new.document_id,
        author_id=actor.person_id, submitted_on=actor.today,
    )  # fmt: skip
    await _open(db, actor, paper_id, new.file_id)
    await actions.index(db, new.item_id)
    await audit.record(db, actor, "paper.handed_in", "paper", paper_id, meeting.reference)
    return paper_id


async def change(db: Connection, actor: Actor, paper_id: UUID, wanted: PaperChange, expected: int) -> None:
    """Another title, or a new version of one's own paper; the office may too. A new version is dated today.

    What was dispatched stays: the file of the version before is still open to the same people.
    """
    paper, meeting, item = await _locked(db, actor, paper_id)
    office = access.may(actor, "agenda.admit")
    if not office and not (paper["author_id"] == actor.person_id and access.may(actor, "papers.hand_in")):
        raise errors.Forbidden
    rules.require_paper(item, meeting.state, office=office)
    if paper["revision"] != expected:
        raise errors.Stale(current=_state(paper))
    title = paper["title"] if wanted.title is msgspec.UNSET else wanted.title
    file_id, version = paper["file_id"], paper["version"]
    label, submitted_on = paper["label"], paper["submitted_on"]
    if wanted.file_id is not msgspec.UNSET and wanted.file_id != file_id:
        if paper["document_id"]:
            raise errors.Conflict("Diese Unterlage ist ein Wissensdokument. Neue Fassungen entstehen dort.")
        await files.require_own(db, actor, [wanted.file_id])
        file_id, version = wanted.file_id, version + 1
        label, submitted_on = rules.paper_label(meeting, actor.today), actor.today
    if not await store.update_paper(
        db, paper_id, expected, title=title, version=version, file_id=file_id, label=label, submitted_on=submitted_on
    ):  # fmt: skip
        raise errors.Stale(current=_state(paper))
    await _open(db, actor, paper_id, file_id)
    await actions.index(db, item.id)
    await audit.record(db, actor, "paper.changed", "paper", paper_id, meeting.reference, version=version)


async def _item(db: Connection, actor: Actor, meeting_id: UUID, item_id: UUID) -> StoredItem:
    """The locked item of this meeting. Raises Invalid for another one, Forbidden when its content is not open."""
    item = await store.lock_item(db, item_id, list(actor.keys))
    if item is None or item.meeting_id != meeting_id:
        raise errors.Invalid(
            "Diesen Punkt enthält die Tagesordnung nicht.",
            code="unknown_reference",
            fields={"item_id": "Bitte einen anderen Punkt wählen."},
        )
    if not item.open:
        raise errors.Forbidden
    return item


async def _locked(
    db: Connection, actor: Actor, paper_id: UUID
) -> tuple[asyncpg.Record, StoredMeeting, StoredItem]:
    """The paper with its meeting and item, locked in the order in which all acts lock. Raises NotFound."""
    keys = list(actor.keys)
    seen = await store.find_paper(db, paper_id, keys)
    meeting = await store.lock_meeting(db, seen["meeting_id"], keys) if seen else None
    item = await store.lock_item(db, seen["item_id"], keys) if seen and meeting else None
    paper = await store.lock_paper(db, paper_id, keys) if item else None
    if seen and meeting is None and f"expert:{seen['item_id']}" in keys:
        raise errors.Forbidden(me=actor.card)
    if meeting is None or item is None or paper is None:
        raise errors.NotFound(me=actor.card)
    return paper, meeting, item


async def _open(db: Connection, actor: Actor, paper_id: UUID, file_id: UUID | None) -> None:
    """Open the file to the paper's audience."""
    if file_id is None:
        return
    paper = await store.lock_paper(db, paper_id, list(actor.keys))
    assert paper is not None
    await files.use(db, file_id, paper_id, list(paper["audience"]))


def _state(paper: asyncpg.Record) -> dict[str, object]:
    """The present state, as a stale answer carries it."""
    return {name: paper[name] for name in (
        "id", "item_id", "title", "version", "confidentiality", "label", "file_id", "revision")}  # fmt: skip
