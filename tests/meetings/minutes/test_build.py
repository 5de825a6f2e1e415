"""The printed version: one PDF whatever happens, with its SHA-256, tagged for all."""

import asyncio
import hashlib
from io import BytesIO
from pathlib import Path
from typing import Any

import asyncpg
import pikepdf
import pypdfium2
import pytest

from circle.core.clock import Clock
from circle.core.db import Connection, Database
from circle.core.files import Storage
from circle.meetings.minutes import actions, build
from circle.meetings.minutes.model import Approval, NewCorrection
from circle.settings import Settings
from tests import make
from tests.clients import OneConnection

from .world import PAGE, approved, begun, sent

Fresh = tuple[Database, Settings]


async def draft_id(db: Connection, kind: str = "minutes_draft") -> Any:
    return await db.fetchval("select id from dispatch where kind = $1", kind)


def text(pdf: bytes) -> str:
    document = pypdfium2.PdfDocument(pdf)
    try:
        return " ".join("".join(page.get_textpage().get_text_range() for page in document).split())
    finally:
        document.close()


async def prints(db: Connection, storage: Storage) -> dict[str, tuple[bytes, str]]:
    """File name → bytes and the SHA-256 that the record keeps."""
    rows = await db.fetch(
        "select f.name, f.key, p.sha256 from minutes_print p join file f on f.id = p.file_id"
    )
    return {row["name"]: (await storage.get(row["key"]), row["sha256"]) for row in rows}


async def test_main_text_and_annex_are_filed_and_the_dispatch_starts(
    db: Connection, database: OneConnection, storage: Storage, office: Clock
) -> None:
    await sent(db, office)
    dispatch_id = await draft_id(db)
    await build.build_print(database, storage, dispatch_id)
    found = await prints(db, storage)
    assert sorted(found) == ["Anlage-TOP-2-KK-2026-5-Entwurf-1.pdf", "Niederschrift-KK-2026-5-Entwurf-1.pdf"]
    for content, sha256 in found.values():
        assert hashlib.sha256(content).hexdigest() == sha256
    main = text(found["Niederschrift-KK-2026-5-Entwurf-1.pdf"][0])
    wording = await db.fetchval("select sha256 from minutes_version where item_id is null")
    for words in (
        "Die Erfahrungen werden ausgetauscht.",
        "Vertraulicher Tagesordnungspunkt",
        "Kim Köln",
        "Entwurf",
    ):
        assert words in main
    assert wording in main.replace(" ", "")
    assert "Geheim" not in main and "Personalsache" not in main
    assert "Geheimer Verlauf." in text(found["Anlage-TOP-2-KK-2026-5-Entwurf-1.pdf"][0])
    rows = await db.fetch(
        "select title, level, url, file_id is not null as file from dispatch_part order by position"
    )
    assert [tuple(row) for row in rows] == [
        ("Niederschrift KK-2026-5 (Entwurf)", "circle", "", True),
        ("Vertrauliche Anlage zu TOP 2", "confidential", "", True),
        ("Niederschrift im Arbeitsraum", "circle", "/sitzungen/KK-2026-5/niederschrift", False),
    ]
    assert await make.outbox(db, "distribution.send") == [{"dispatch_id": str(dispatch_id)}]


async def test_page_and_print_give_the_voices_and_the_house_of_a_reservation(
    db: Connection, database: OneConnection, storage: Storage, client: Any, office: Clock
) -> None:
    world = await begun(db, office)
    anna = await client.as_("anna")
    voices = {"consent": 0, "reservation": 1, "against": 0, "abstained": 1}
    by = {"kind": "Leitungsvorbehalt", "by": str(await make.person_id(db, "ben"))}
    wanted = {"result": "recommended", "votes": voices, "reservations": [by]}
    kept = await anna.post(f"/api/v1/agenda-items/{world.open_item}/result", json=wanted)
    assert kept.status_code == 200, kept.text
    await actions.circulate(db, await make.actor(db, office, "anna"), world.meeting)
    await build.build_print(database, storage, await draft_id(db))
    printed = text((await prints(db, storage))["Niederschrift-KK-2026-5-Entwurf-1.pdf"][0])
    shown = " ".join((await (await client.browser("anna")).get(PAGE)).text.split())
    for words in (
        "Zustimmung 0, mit Vorbehalt 1, dagegen 0, Enthaltung 1",
        "Ben Beauftragt (BR Arnsberg), Leitungsvorbehalt",
    ):
        assert words in printed and words in shown


async def test_page_and_print_write_out_the_letters_of_lines(
    db: Connection, database: OneConnection, storage: Storage, client: Any, office: Clock
) -> None:
    world = await begun(db, office)
    written = "Ein Satz.\nB: Wir prüfen.\n- A: @Ben Liste bis 9.12.\nW: Wer zahlt?\n\\B: bleibt."
    await db.execute("update agenda_content set minutes = $2 where item_id = $1", world.open_item, written)
    await actions.circulate(db, await make.actor(db, office, "anna"), world.meeting)
    await build.build_print(database, storage, await draft_id(db))
    printed = text((await prints(db, storage))["Niederschrift-KK-2026-5-Entwurf-1.pdf"][0])
    shown = (await (await client.browser("anna")).get(PAGE)).text
    for words in (
        "Ergebnis: Wir prüfen.",
        "Aufgabe: @Ben Liste bis 9.12.",
        "Wissensfrage: Wer zahlt?",
        "B: bleibt.",
    ):
        assert words in printed and words in shown
    for letters in ("B: Wir", "A: @Ben", "W: Wer", "\\B"):
        assert letters not in printed and letters not in shown


async def test_the_pdf_is_tagged_and_speaks_german(
    db: Connection, database: OneConnection, storage: Storage, office: Clock
) -> None:
    await approved(db, office)
    await build.build_print(database, storage, await draft_id(db, "minutes_approved"))
    content, _ = (await prints(db, storage))["Niederschrift-KK-2026-5-genehmigt.pdf"]
    with pikepdf.open(BytesIO(content)) as document:
        assert document.Root.Lang == "de-DE"
        assert document.Root.MarkInfo.Marked
        assert "/StructTreeRoot" in document.Root
        assert document.Root.ViewerPreferences.DisplayDocTitle
        with document.open_metadata() as meta:
            assert meta["dc:title"] == "Ergebnisniederschrift über die 5. Sitzung 2026"
            assert (meta["pdfuaid:part"], meta["pdfaid:part"]) == ("1", "2")
    assert "Genehmigt am 23.11.2026." in text(content) and "Entwurf" not in text(content)


async def test_the_file_opens_for_its_readers_alone(
    db: Connection, database: OneConnection, storage: Storage, client: Any, office: Clock
) -> None:
    await sent(db, office)
    await build.build_print(database, storage, await draft_id(db))
    rows = {row["name"]: row["id"] for row in await db.fetch("select id, name from file")}
    main, annex = rows["Niederschrift-KK-2026-5-Entwurf-1.pdf"], rows["Anlage-TOP-2-KK-2026-5-Entwurf-1.pdf"]
    for nick, for_main, for_annex in (
        ("ben", 200, 200),
        ("kim", 200, 404),
        ("dina", 200, 404),
        ("clara", 404, 404),
    ):
        person = await client.as_(nick)
        assert (await person.get(f"/api/v1/files/{main}/content")).status_code == for_main, nick
        assert (await person.get(f"/api/v1/files/{annex}/content")).status_code == for_annex, nick


async def test_a_correction_carries_the_way_to_the_page_and_no_print(
    db: Connection, database: OneConnection, storage: Storage, office: Clock
) -> None:
    world = await approved(db, office)
    anna = await make.actor(db, office, "anna")
    dispatch_id = await actions.correct(db, anna, world.meeting, NewCorrection("Statt A lies B."))
    await build.build_print(database, storage, dispatch_id)
    rows = await db.fetch("select title from dispatch_part where dispatch_id = $1", dispatch_id)
    assert [row["title"] for row in rows] == ["Niederschrift im Arbeitsraum"]
    assert await db.fetchval("select state from dispatch where id = $1", dispatch_id) == "sending"


async def committed(fresh: Fresh, office: Clock) -> Any:
    """Draft minutes in a database of their own; returns the dispatch's id."""
    async with fresh[0].begin(None) as db:
        await sent(db, office)
        return await draft_id(db)


def files_in(folder: Path) -> int:
    return sum(1 for path in folder.rglob("*") if path.is_file())


async def test_three_builders_at_once_and_one_later_leave_one_print(
    fresh: Fresh, office: Clock, tmp_path: Path
) -> None:
    database, storage = fresh[0], Storage(str(tmp_path / "files"))
    dispatch_id = await committed(fresh, office)
    await asyncio.gather(*(build.build_print(database, storage, dispatch_id) for _ in range(3)))
    await build.build_print(database, storage, dispatch_id)
    async with database.begin(None) as db:
        found = await prints(db, storage)
        assert len(found) == 2
        assert await db.fetchval("select count(*) from minutes_print") == 2
        assert await db.fetchval("select count(*) from dispatch_part") == 3
        assert len(await make.outbox(db, "distribution.send")) == 1
    for content, sha256 in found.values():
        assert hashlib.sha256(content).hexdigest() == sha256
    assert files_in(tmp_path / "files") == 2, "bytes of those who came too late are thrown away"


async def test_a_dispatch_cancelled_meanwhile_gets_no_papers(
    fresh: Fresh, office: Clock, tmp_path: Path
) -> None:
    database, storage = fresh[0], Storage(str(tmp_path / "files"))
    dispatch_id = await committed(fresh, office)
    async with database.begin(None) as db:
        await db.execute("update dispatch set state = 'cancelled'")
    await build.build_print(database, storage, dispatch_id)
    assert files_in(tmp_path / "files") == 0


async def test_the_database_itself_refuses_to_change_what_is_approved(
    fresh: Fresh, office: Clock, tmp_path: Path
) -> None:
    database, settings = fresh
    async with database.begin(None) as db:
        world = await sent(db, office)
        await actions.approve(db, await make.actor(db, office, "anna"), world.meeting, Approval())
        approved_id = await draft_id(db, "minutes_approved")
        await actions.correct(
            db, await make.actor(db, office, "anna"), world.meeting, NewCorrection("Statt A lies B.")
        )
    await build.build_print(database, Storage(str(tmp_path / "files")), approved_id)
    owner = await asyncpg.connect(settings.database_admin_url)
    try:
        await owner.execute("set circle.system = 'on'")
        for change in (
            "update minutes_version set canonical = '{}'",
            "delete from minutes_version",
            "update minutes_print set sha256 = 'x'",
            "delete from minutes_print",
            "update minutes_correction set text = 'x'",
            "delete from minutes_correction",
            "update minutes set state = 'draft'",
            "update minutes set approved_on = '2020-01-01', revision = revision + 1",
            "delete from minutes",
        ):
            with pytest.raises(asyncpg.RestrictViolationError) as refused:
                await owner.execute(change)
            assert refused.value.constraint_name == "written_once"
        await owner.execute("update minutes set revision = revision + 1")
    finally:
        await owner.close()
    for table in ("minutes_version", "minutes_print", "minutes_correction"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with database.begin(None) as db:
                await db.execute(f"delete from {table}")
