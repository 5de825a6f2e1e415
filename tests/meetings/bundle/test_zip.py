"""All papers as a ZIP: each reader's own, in order, under safe names, without holding it in memory."""

import io
import tracemalloc
import zipfile
from datetime import date
from uuid import UUID

import pytest

from circle.core.clock import Clock
from circle.core.db import Connection
from circle.core.files import Storage
from circle.meetings.bundle import archive, rules
from circle.meetings.bundle.model import BundleFile, BundlePaper, Collection
from tests import make
from tests.clients import Clients, queries

from . import paper, pdf, world


async def unpacked(client: Clients, nick: str, meeting: UUID) -> zipfile.ZipFile:
    answer = await (await client.as_(nick)).get(f"/api/v1/meetings/{meeting}/papers.zip")
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/zip"
    assert 'filename="Unterlagen-KK-2027-1.zip"' in answer.headers["content-disposition"]
    packed = zipfile.ZipFile(io.BytesIO(answer.content))
    assert packed.testzip() is None
    return packed


async def test_each_reader_gets_what_they_may_open_in_the_order_of_the_agenda(
    db: Connection, client: Clients, office: Clock, storage: Storage
) -> None:
    meeting = await world(db, storage, office)
    ben = await unpacked(client, "ben", meeting)
    assert ben.namelist() == [
        "TOP 01 Sprachmittlung/01-1 Sachstand.pdf",
        "TOP 01 Sprachmittlung/01-2 Entwurf.pdf",
        "TOP 02 Personalsache Quarz/02-1 Quarzbericht.pdf",
        "TOP 03 Förderung Stand Ausblick/03-1 Tabelle.docx",
        "Inhalt.txt",
    ]
    assert ben.read("TOP 03 Förderung Stand Ausblick/03-1 Tabelle.docx") == b"PK\x03\x04 Tabelle"
    assert ben.getinfo("TOP 03 Förderung Stand Ausblick/03-1 Tabelle.docx").flag_bits & 0x800, "UTF-8"
    listing = ben.read("Inhalt.txt").decode()
    assert "02-1 Quarzbericht.pdf: vertraulich, vom 20.11.2026" in listing
    assert "Mittwoch, 13. Januar 2027" in listing
    kim = await unpacked(client, "kim", meeting)
    assert len(kim.namelist()) == 4 and "Quarz" not in str(kim.namelist()) + kim.read("Inhalt.txt").decode()
    read = await db.fetch("select actor_name, detail ->> 'purpose' as purpose from audit_event where action = 'agenda_item.read'")  # fmt: skip
    assert [tuple(one) for one in read] == [("Ben Beauftragt", "Unterlagen als ZIP")]


async def test_strangers_and_meetings_without_papers(
    db: Connection, client: Clients, office: Clock, storage: Storage
) -> None:
    meeting = await world(db, storage, office)
    path = f"/api/v1/meetings/{meeting}/papers.zip"
    clara = await client.as_("clara")
    unknown = f"/api/v1/meetings/{UUID(int=5)}/papers.zip"
    assert (await clara.get(path)).status_code == (await clara.get(unknown)).status_code == 404
    assert (await client.stranger.get(path)).status_code == 401
    empty = await make.meeting(db, "KK-2027-2")
    sealed = await make.item(db, empty, "Nur für Ben", level="confidential")
    await paper(db, storage, sealed, "Geheim", pdf(), level="confidential")
    refused = await (await client.as_("kim")).get(f"/api/v1/meetings/{empty}/papers.zip")
    assert (refused.status_code, refused.json()["code"]) == (409, "no_papers")
    page = await (await client.browser("kim")).get("/sitzungen/KK-2027-2/unterlagen")
    assert page.status_code == 200 and "Noch sind keine da" in page.text
    assert (await (await client.browser("ben")).get("/sitzungen/KK-2027-2/unterlagen.zip")).status_code == 200


@pytest.mark.confidential
async def test_what_is_confidential_changes_no_byte_for_others(
    db: Connection, client: Clients, office: Clock, storage: Storage
) -> None:
    """Twin worlds: with the confidential paper, and without."""
    meeting = await world(db, storage, office)
    kim = await client.as_("kim")
    with_it = await kim.get(f"/api/v1/meetings/{meeting}/papers.zip")
    await db.execute("delete from paper where confidentiality = 'confidential'")
    without = await kim.get(f"/api/v1/meetings/{meeting}/papers.zip")
    assert with_it.status_code == 200 and with_it.content == without.content


@pytest.mark.confidential
async def test_a_sealed_paper_of_an_open_item_leaves_no_gap(
    db: Connection, client: Clients, office: Clock, storage: Storage
) -> None:
    meeting = await world(db, storage, office)
    item = await db.fetchval("select id from agenda_item where number = '3'")
    await db.execute("delete from paper where item_id = $1", item)
    await paper(db, storage, item, "Versteckt", pdf("X"), level="confidential")
    await paper(db, storage, item, "Offen", pdf("Y"))
    kim = await unpacked(client, "kim", meeting)
    assert "TOP 03 Förderung Stand Ausblick/03-1 Offen.pdf" in kim.namelist()


async def test_documents_come_printed_with_their_attachments(
    db: Connection, client: Clients, office: Clock, storage: Storage
) -> None:
    meeting = await world(db, storage, office)
    item = await db.fetchval("select id from agenda_item where number = '3'")
    attachment = await make.file(db, storage, "Merkblatt.odt", b"PK\x03\x04", audience=["internal"])
    document = await make.document(db, files=[attachment])
    other = await make.document(db, "anna", level="confidential", reference="WD-901")
    for document_id, title in ((document, "Leitfaden"), (other, "Nur für Anna")):
        await db.execute(
            """
            insert into paper (meeting_id, item_id, number, title, confidentiality, document_id, submitted_on)
            values ($1, $2, (select count(*) + 1 from paper where item_id = $2), $3, 'circle', $4, '2026-11-20')
            """,
            meeting, item, title, document_id,
        )  # fmt: skip
    await db.execute("update file_use set object_id = $1 where file_id = $2", document, attachment)
    kim = await unpacked(client, "kim", meeting)
    folder = "TOP 03 Förderung Stand Ausblick"
    assert kim.namelist()[-3:-1] == [f"{folder}/03-2 Leitfaden.pdf", f"{folder}/03-2 Leitfaden, Anlage Merkblatt.odt"]  # fmt: skip
    assert kim.read(f"{folder}/03-2 Leitfaden.pdf").startswith(b"%PDF-")
    assert "Nur für Anna" not in kim.read("Inhalt.txt").decode()


async def test_the_read_is_one_statement(
    db: Connection, client: Clients, office: Clock, storage: Storage
) -> None:
    meeting = await world(db, storage, office, secret=False)
    kim = await client.as_("kim")
    with queries(db) as seen:
        assert (await kim.get(f"/api/v1/meetings/{meeting}/papers.zip")).status_code == 200
    assert len(seen) == 1


async def test_a_file_that_is_gone_is_named(
    db: Connection, client: Clients, office: Clock, storage: Storage
) -> None:
    meeting = await world(db, storage, office)
    await storage.drop(await db.fetchval("select key from file where name = 'Entwurf.pdf'"))
    kim = await unpacked(client, "kim", meeting)
    assert "TOP 01 Sprachmittlung/01-2 Entwurf.pdf" not in kim.namelist()
    assert "01-2 Entwurf.pdf: Koordinierungskreis, vom 20.11.2026 (Die Datei liegt nicht mehr" in kim.read("Inhalt.txt").decode()  # fmt: skip


def collection(*papers: tuple[str, str], key: str = "", size: int = 0) -> Collection:
    """Papers of one item: title and file name."""
    made = [
        BundlePaper(
            UUID(int=n), UUID(int=1), "5a", "Punkt", title, 1, "advance", date(2026, 11, 20), "circle",
            [BundleFile(UUID(int=n), name, "application/pdf", size, "", key)], None,
        )
        for n, (title, name) in enumerate(papers, start=1)
    ]  # fmt: skip
    day = date(2027, 1, 13)
    return Collection(UUID(int=9), "KK-2027-1", "1. Sitzung", day, "10:00", "14:00", "", "Host", made)


def test_names_lead_nowhere_and_are_never_the_same() -> None:
    found = collection(
        ("../../etc/passwd", "a.pdf"), ("Vorlage", "b.pdf"), ("VORLAGE", "c.PDF"), ("Vorlage.pdf", "d.pdf"),
        ("a\u202egnp", "e.pdf"), ("x" * 300, "f" * 170 + ".pdf"), ("C:\\con", "g.p/../df"), ("...", "ohne"),
    )  # fmt: skip
    made = rules.entries(found)
    paths = [f"{one.folder}/{one.name}" for one in made]
    assert len({path.casefold() for path in paths}) == len(paths)
    assert {one.folder for one in made} == {"TOP 05a Punkt"}
    for one in made:
        assert not set('<>:"/\\|?*\u202e') & set(one.name) and ".." not in one.name and len(one.name) <= 120
    assert made[0].name == "05a-1 etc passwd.pdf"
    assert [one.name for one in made[1:4]] == ["05a-2 Vorlage.pdf", "05a-3 VORLAGE.pdf", "05a-4 Vorlage.pdf"]


async def test_memory_stays_flat(storage: Storage) -> None:
    """Sixty megabytes go through in less than four of memory."""
    size = 20 * 1024 * 1024
    key = await storage.put(bytes(size))
    found = collection(*[(f"Band {n}", "band.pdf") for n in range(3)], key=key, size=size)
    tracemalloc.start()
    try:
        sent = 0
        async for piece in archive.stream(storage, found):
            sent += len(piece)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
        await storage.drop(key)
    assert sent > 3 * size and peak < 4 * 1024 * 1024, peak
