"""What people do with all papers of a meeting: read them as a ZIP, have a PDF made, and fetch it."""

from collections.abc import Iterable
from uuid import UUID

from circle.core import audit, auth, jobs
from circle.core.auth import Actor
from circle.core.db import Caller, Connection
from circle.meetings import actions as meetings

from . import rules, store
from .model import BundlePaper, Collection


async def ask(db: Connection, actor: Actor, meeting_id: UUID, found: Collection) -> None:
    """Have one's own PDF of all papers made; asked again for the same papers, nothing happens.

    Its rights are asked for anew when it is put together and whenever it is fetched. Raises NotFound, and Conflict
    (`no_papers`) when there is nothing that one may open.
    """
    await meetings.locked(db, actor, meeting_id)
    rules.require_papers(found)
    assert actor.person_id is not None
    asked = await store.ask(db, meeting_id, actor.person_id, list(actor.keys))
    if asked is None:
        return
    bundle_id, turn = asked
    await audit.record(db, actor, "papers.bundled", "meeting", meeting_id, found.reference)
    await jobs.enqueue(db, "meetings.build_bundle", bundle_id=bundle_id, turn=turn)


async def note_reading(
    db: Connection,
    caller: Caller,
    card: bytes,
    meeting_id: UUID | None,
    papers: Iterable[BundlePaper],
    purpose: str,
) -> None:
    """Log that somebody was given confidential papers (domain rules 3.2); nothing for open ones."""
    sealed = [one for one in papers if one.level == "confidential"]
    me = auth.me(card)
    reader = Actor(me.person_id, me.authority_id, me.name, frozenset(me.roles), (), caller.now)
    if items := sorted({one.item_id for one in sealed}):
        kind, object_id = ("agenda_item", items[0]) if len(items) == 1 else ("meeting", meeting_id)
        await audit.record(db, reader, "agenda_item.read", kind, object_id, items=items, purpose=purpose)
    for one in sealed:
        if one.document and one.document.confidentiality == "confidential":
            await audit.record(
                db,
                reader,
                "document.read",
                "document",
                one.document.id,
                one.document.reference,
                purpose=purpose,
            )
