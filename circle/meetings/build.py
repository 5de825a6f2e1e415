"""The papers of a letter about a meeting: what a worker renders between the act and its mails."""

import asyncio
import hashlib
from datetime import date, datetime, time
from typing import Any
from uuid import UUID

import asyncpg
import msgspec

from circle.core import files, ics
from circle.core.clock import Clock
from circle.core.db import Connection, Database
from circle.core.files import Storage
from circle.distribution import actions as distribution
from circle.distribution.model import Part
from circle.settings import Settings

from . import letters, prints, store
from .agenda import rules as agenda_rules
from .model import Mode
from .prints import AgendaItemPrint, InvitationPrint

PDF, ICS = "application/pdf", "text/calendar"


class Rendered(msgspec.Struct, frozen=True):
    """A file that was made for the dispatch."""

    name: str
    kind: str
    content: bytes


class FrozenItem(msgspec.Struct, frozen=True):
    """An item as the filed agenda tells it; of a confidential one it tells no more than its number."""

    id: UUID
    number: str
    status: str
    late_submission: bool
    title: str
    aim: str | None
    rapporteur_name: str | None
    planned_minutes: int | None
    papers: list[dict[str, Any]]


class FrozenAgenda(msgspec.Struct, frozen=True):
    """The filed agenda; see `rules.snapshot`."""

    reference: str
    title: str
    date: date
    start_local: str
    end_local: str
    mode: Mode
    place: str
    link: str
    file_reference: str
    items: list[FrozenItem]


async def build_invitation(
    database: Database, storage: Storage, settings: Settings, dispatch_id: UUID, clock: Clock
) -> None:
    """Render letter and calendar file of a dispatch about a meeting, add them with its papers, and start it.

    Run twice or at the same time, one run does the work: the dispatch is locked and must still be prepared. Files are
    made outside of any transaction; a run that comes too late throws its bytes away.
    """
    async with database.begin(None) as db:
        if not await distribution.is_prepared(db, dispatch_id):
            return
        row = await store.find_letter(db, dispatch_id)
        if row is None:
            return
        papers = await store.list_edition_papers(
            db, row["meeting_id"], row["version"] or 0, whole=row["late"]
        )
    made = [_calendar(row, settings, clock.now())]
    if row["agenda"]:
        made.insert(0, await asyncio.to_thread(_letter, row))
    keys = [await storage.put(one.content) for one in made]
    kept = False
    try:
        async with database.begin(None) as db:
            if await distribution.is_prepared(db, dispatch_id):
                for part in [
                    *[await _file(db, row, one, key) for one, key in zip(made, keys, strict=True)],
                    letters.page_part(row["target_id"], row["reference"]),
                    *(letters.paper_part(*paper) for paper in papers),
                ]:
                    await distribution.add_part(db, dispatch_id, part)
                await distribution.start(db, dispatch_id)
                kept = True
    finally:
        for key in [] if kept else keys:
            await storage.drop(key)


async def _file(db: Connection, row: asyncpg.Record, made: Rendered, key: str) -> Part:
    """Record one file, open it to whom it goes, and make a paper of it."""
    digest = hashlib.sha256(made.content).hexdigest()
    file = await files.insert(
        db, name=made.name, kind=made.kind, size=len(made.content), sha256=digest, key=key, uploaded_by=None
    )
    part = (
        letters.calendar_part(row["meeting_id"], file.id)
        if made.kind == ICS
        else letters.letter_part(row["meeting_id"], file.id, _supplement(row))
    )
    await files.use(db, file.id, row["meeting_id"], part.audience)
    return part


def _supplement(row: asyncpg.Record) -> int:
    return int(msgspec.json.decode(row["details"]).get("supplement", 0))


def _calendar(row: asyncpg.Record, settings: Settings, now: datetime) -> Rendered:
    """The appointment as it stands now: asked for, moved (the same name, another day), or called off."""
    off = row["kind"] == "cancellation"
    event = letters.appointment(
        calendar_id=row["calendar_id"], reference=row["reference"], title=row["title"], on=row["date"],
        start=row["start_local"], end=row["end_local"], zone=row["time_zone"], place=row["place"], link=row["link"],
        sequence=row["sequence"], now=now, address=settings.address, domain=settings.mail_from.rpartition("@")[2],
        organizer_name=settings.mail_name, organizer_email=settings.mail_from,
    )  # fmt: skip
    return Rendered(f"{row['reference']}.ics", ICS, ics.event(event, "CANCEL" if off else "REQUEST"))


def _letter(row: asyncpg.Record) -> Rendered:
    """The invitation or supplement, printed from the filed agenda alone."""
    filed = msgspec.json.decode(row["agenda"], type=FrozenAgenda)
    supplement = _supplement(row)
    reply_until = row["reply_until"] if row["reply_until"] and row["reply_until"] > row["sent_on"] else None
    printed = InvitationPrint(
        host=row["host"], office=row["office"], reference=filed.reference,
        heading=letters.heading(filed.title, supplement), on=filed.date, starts=time.fromisoformat(filed.start_local),
        ends=time.fromisoformat(filed.end_local), mode=filed.mode, sent_on=row["sent_on"],
        sender_name=row["sender_name"], introduction=letters.introduction(filed.date, supplement),
        agenda=[_item(item) for item in filed.items],
        label=f"{supplement}. Nachtrag" if supplement else "Einladung", file_reference=filed.file_reference,
        level="Koordinierungskreis", place=filed.place, link=filed.link or None,
        reply_until=None if supplement else reply_until, sender_role="Geschäftsführung des Koordinierungskreises",
        closing_text="" if supplement else letters.CLOSING,
        recipients=[name for name, _ in msgspec.json.decode(row["people"], type=list[tuple[str, str]])],
    )  # fmt: skip
    mark = f"Nachtrag-{supplement}" if supplement else "Einladung"
    return Rendered(f"{mark}-{filed.reference}.pdf", PDF, prints.invitation(printed))


def _item(item: FrozenItem) -> AgendaItemPrint:
    late = "Verspätet angemeldet; über die Aufnahme entscheidet der Koordinierungskreis zu TOP 1."
    off = item.status in ("withdrawn", "removed", "adjourned")
    return AgendaItemPrint(
        number=item.number,
        title=item.title,
        aim=agenda_rules.AIMS.get(item.aim or "", ""),
        rapporteur=item.rapporteur_name or "",
        minutes=None if off else item.planned_minutes,
        papers=[] if off else [paper["title"] for paper in item.papers],
        note="Der Punkt ist abgesetzt." if off else late if item.late_submission else "",
    )
