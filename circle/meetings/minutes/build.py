"""The printed version: what a worker renders between an act on minutes and its mails."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import time
from uuid import UUID

import asyncpg
import msgspec

from circle.core import clock, files
from circle.core.db import Connection, Database
from circle.core.files import Storage
from circle.distribution import actions as distribution
from circle.distribution.model import Level, Part
from circle.meetings import prints
from circle.meetings.prints import MinutesItemPrint, MinutesPrint, SignaturePrint, TaskPrint

from . import rules, store
from .model import Content, MinutesItem


class Paper(msgspec.Struct, frozen=True):
    """One part of a version: the main text or an annex, with its print and where it lies once rendered."""

    version_id: UUID
    title: str
    file_name: str
    level: Level
    audience: list[str]
    printed: MinutesPrint


async def build_print(database: Database, storage: Storage, dispatch_id: UUID) -> None:
    """Render main text and annexes of the dispatch's version, add them to it and start it.

    Run twice or at the same time, one run does the work: the dispatch is locked and must still be prepared. The PDFs
    are made outside of any transaction; a run that comes too late throws its bytes away.
    """
    async with database.begin(None) as db:
        if not await distribution.is_prepared(db, dispatch_id):
            return
        minutes_id, number = await store.find_version(db, dispatch_id)
        papers = [_paper(row) for row in await store.list_parts(db, minutes_id, number, dispatch_id)]
    async with _rendered(storage, papers) as made:
        async with database.begin(None) as db:
            if not await distribution.is_prepared(db, dispatch_id):
                return
            for paper, file_id in await _file(db, papers, made):
                part = Part(paper.title, paper.level, file_id, audience=paper.audience)
                await distribution.add_part(db, dispatch_id, part)
            await _add_page(db, dispatch_id)
            await distribution.start(db, dispatch_id)
        made.kept = True


async def file_print(database: Database, storage: Storage, minutes_id: UUID, number: int) -> None:
    """Render a version that went out before the service was there, so that it can be read and proved like the others.

    Run twice or at the same time, one run does the work.
    """
    async with database.begin(None) as db:
        if not await store.lock_unprinted(db, minutes_id, number):
            return
        papers = [_paper(row) for row in await store.list_parts(db, minutes_id, number, None)]
    async with _rendered(storage, papers) as made:
        async with database.begin(None) as db:
            if not await store.lock_unprinted(db, minutes_id, number):
                return
            await _file(db, papers, made)
        made.kept = True


class _Prints(msgspec.Struct):
    """PDFs whose bytes are stored; unless `kept`, they are thrown away again."""

    contents: list[bytes]
    keys: list[str]
    kept: bool = False


@asynccontextmanager
async def _rendered(storage: Storage, papers: list[Paper]) -> AsyncIterator[_Prints]:
    """The PDFs of `papers`, made outside of any transaction."""
    contents = [await asyncio.to_thread(prints.minutes, paper.printed) for paper in papers]
    made = _Prints(contents, [await storage.put(content) for content in contents])
    try:
        yield made
    finally:
        for key in [] if made.kept else made.keys:
            await storage.drop(key)


async def _file(db: Connection, papers: list[Paper], made: _Prints) -> list[tuple[Paper, UUID]]:
    """File the PDFs for good and open each to the readers of its version. Returns them with the ids of their files."""
    filed = []
    for paper, key, content in zip(papers, made.keys, made.contents, strict=True):
        sha256 = hashlib.sha256(content).hexdigest()
        file = await files.insert(
            db, name=paper.file_name, kind="application/pdf", size=len(content), sha256=sha256, key=key, uploaded_by=None
        )  # fmt: skip
        await store.insert_print(db, paper.version_id, file.id, sha256)
        await files.use(db, file.id, paper.version_id, paper.audience)
        filed.append((paper, file.id))
    return filed


async def _add_page(db: Connection, dispatch_id: UUID) -> None:
    """The way to the page, where objections are made and corrections stand."""
    found = await store.page_of(db, dispatch_id)
    part = Part(
        "Niederschrift im Arbeitsraum", "circle", url=f"/sitzungen/{found['reference']}/niederschrift",
        audience=["circle", f"meeting:{found['id']}"],
    )  # fmt: skip
    await distribution.add_part(db, dispatch_id, part)


def _paper(row: asyncpg.Record) -> Paper:
    content = msgspec.json.decode(row["main"], type=Content)
    draft = row["state"] == "sent"
    mark = f"Entwurf-{row['number']}" if draft else "genehmigt"
    if row["item_id"] is None:
        title = f"Niederschrift {content.reference}" + (" (Entwurf)" if draft else "")
        name = f"Niederschrift-{content.reference}-{mark}.pdf"
        level: Level = "circle"
        printed = _print(row, content, content.items)
    else:
        item = msgspec.json.decode(row["canonical"], type=MinutesItem)
        title = f"Vertrauliche Anlage zu TOP {item.number}"
        name = f"Anlage-TOP-{item.number}-{content.reference}-{mark}.pdf"
        level = "confidential"
        printed = _print(row, content, [item], annex=title)
    return Paper(row["id"], title, name, level, list(row["audience"]), printed)


def _print(row: asyncpg.Record, content: Content, items: list[MinutesItem], annex: str = "") -> MinutesPrint:
    """The print of a version. What a canonical text does not say (house, recipients) comes from `row`."""
    draft = row["state"] == "sent"
    state = "sent" if draft else row["minutes_state"]
    line = rules.status_line(state, row["objection_until"], row["approved_on"], row["approving_title"] or "")
    signers = [(content.chair_name, "Moderation"), (content.keeper_name, "Niederschrift")]
    kind = rules.KINDS[content.kind]
    return MinutesPrint(
        host=row["host"],
        office=row["office"],
        reference=content.reference,
        heading=annex or f"{kind} über die {content.title}",
        occasion=content.title,
        on=content.date,
        begins=time.fromisoformat(content.begins),
        ends=time.fromisoformat(content.ends),
        chair=content.chair_name or "",
        keeper=content.keeper_name or "",
        issued_on=clock.day(row["created_at"]),
        agenda=[_item(item) for item in items],
        kind=annex or kind,
        file_reference=content.file_reference,
        level="vertraulich" if annex else "Koordinierungskreis",
        place=content.place,
        present=[] if annex else rules.attendance_lines(content.attendance, "present", "office"),
        represented=[] if annex else rules.attendance_lines(content.attendance, "represented"),
        excused=[] if annex else rules.attendance_lines(content.attendance, "excused"),
        summons=[] if annex else rules.summons_lines(content.summons),
        guests=[] if annex else rules.attendance_lines(content.attendance, "guest"),
        draft=draft,
        status_text=f"{line} Fassung {row['number']}. SHA-256 des Wortlauts: {row['sha256']}",
        signed_on=None if draft else row["approved_on"],
        signatures=[SignaturePrint(name, role) for name, role in signers if name],
        distribution=[] if annex else list(row["recipients"]),
        annexes=[]
        if annex
        else [
            f"Vertrauliche Anlage zu TOP {item.number} (nur für benannte Personen)"
            for item in items
            if item.confidentiality == "confidential"
        ],
    )


def _item(item: MinutesItem) -> MinutesItemPrint:
    note = {"withdrawn": "Der Punkt ist abgesetzt.", "removed": "Der Punkt ist abgesetzt."}.get(
        item.status, ""
    )
    return MinutesItemPrint(
        number=item.number,
        title=item.title,
        text="\n\n".join(
            filter(
                None, [*rules.presence_lines(item.presence), rules.written_out(item.minutes or "") or note]
            )
        ),
        result=rules.RESULTS.get(item.result or "", item.result or ""),
        resolution=item.resolution_text or "",
        votes=rules.votes_text(item.votes),
        reservations=[rules.reservation_text(one) for one in item.reservations],
        tasks=[
            TaskPrint(task.owner_name, f"{task.title} ({task.reference})", task.due) for task in item.tasks
        ],
    )
