"""The text of uploads: read in a child process of limited memory and time, whatever the file does."""

import asyncio
import io
import zipfile

import pytest
import typst

from circle.core.db import Database
from circle.core.files import Storage
from circle.knowledge import actions, extraction
from circle.settings import Settings
from tests import make

OFFICE = "application/vnd.openxmlformats-officedocument."
DOCX, XLSX, PPTX = (
    OFFICE + kind
    for kind in ("wordprocessingml.document", "spreadsheetml.sheet", "presentationml.presentation")
)
ODT = "application/vnd.oasis.opendocument.text"
W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'


def package(**parts: str | bytes) -> bytes:
    """An office file: parts by name, with __ for / and _x for the extension's dot."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name.replace("__", "/") + ".xml", content)
    return out.getvalue()


def docx(body: str) -> bytes:
    return package(word__document=f"<w:document {W}><w:body>{body}</w:body></w:document>")


async def test_pdf_with_words_cut_at_the_end_of_lines() -> None:
    source = '#set page(width: 4.2cm, margin: 1cm)\n#set text(lang: "de", hyphenate: true)\nSprachmittlungen für Ämter'
    pdf = typst.compile(source.encode(), format="pdf")
    assert isinstance(pdf, bytes)
    text = await extraction.in_child(pdf, "application/pdf")
    assert text.split() == ["Sprachmittlungen", "für", "Ämter"], "what a line's end had cut is whole again"


async def test_word_with_paragraphs_tables_and_notes() -> None:
    text = await extraction.in_child(
        package(
            word__document=f"<w:document {W}><w:body><w:p><w:r><w:t>Sprach</w:t></w:r><w:r><w:t>mittlung</w:t></w:r></w:p>"
            "<w:tbl><w:tr><w:tc><w:p><w:r><w:t>Zelle</w:t></w:r></w:p></w:tc></w:tr></w:tbl></w:body></w:document>",
            word__footnotes=f"<w:footnotes {W}><w:p><w:r><w:t>Fußnote</w:t></w:r></w:p></w:footnotes>",
            word__settings="<geheim>nicht lesen</geheim>",
        ),
        DOCX,
    )
    assert [line for line in text.splitlines() if line] == ["Sprachmittlung", "Zelle", "Fußnote"]


async def test_slides_in_their_order_and_sheets() -> None:
    slides = {f"ppt__slides__slide{n}": f"<p xmlns:a='a'><a:t>Folie {n}</a:t></p>" for n in (10, 2, 1)}
    assert (await extraction.in_child(package(**slides), PPTX)).split("\n\n") == [
        "Folie 1",
        "Folie 2",
        "Folie 10",
    ]
    shared = "<sst><si><t>Haus</t></si><si><t>Anzahl</t></si></sst>"
    assert await extraction.in_child(package(xl__sharedStrings=shared), XLSX) == "Haus\nAnzahl"


async def test_opendocument() -> None:
    content = (
        "<o:body xmlns:o='o' xmlns:t='t'><t:h>Titel</t:h><t:p>Ein <t:span>Wort</t:span> mehr</t:p>"
        "<t:list-item><t:p>Punkt</t:p></t:list-item></o:body>"
    )
    text = await extraction.in_child(package(content=content), ODT)
    assert [line for line in text.splitlines() if line] == ["Titel", "Ein Wort mehr", "Punkt"]


async def test_plain_text_in_any_state_and_pictures_without() -> None:
    assert (
        await extraction.in_child("\ufeffÄmter\r\nund\x00 Häuser".encode(), "text/plain")
        == "Ämter\nund Häuser"
    )
    assert await extraction.in_child(b"\xff\xfe\x00kaputt", "text/csv") != ""
    assert await extraction.in_child(b"\x89PNG", "image/png") == ""
    assert await extraction.in_child(b"", "text/plain") == ""


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"%PDF-1.7 kein PDF", "application/pdf"),
        (b"PK\x03\x04 kein Archiv", DOCX),
        (b"", DOCX),
        (package(word__document="<w:document"), DOCX),
        (docx("<w:p><w:r><w:t>x</w:t></w:r></w:p>")[:-40], DOCX),
    ],
    ids=["pdf", "no archive", "empty", "no xml", "cut off"],
)
async def test_a_broken_file_is_refused(content: bytes, kind: str) -> None:
    with pytest.raises(extraction.ExtractionError):
        await extraction.in_child(content, kind)


async def test_a_zip_bomb_is_refused_before_it_is_unpacked() -> None:
    bomb = package(word__document=b" " * (extraction.MOST_UNPACKED + 1))
    assert len(bomb) < 1024 * 1024
    with pytest.raises(extraction.ExtractionError):
        await extraction.in_child(bomb, DOCX)
    many = package(**{f"word__header{n}": "<a/>" for n in range(extraction.MOST_MEMBERS + 1)})
    with pytest.raises(extraction.ExtractionError):
        await extraction.in_child(many, DOCX)


def with_entities(declared: str) -> bytes:
    return package(
        word__document=f"<!DOCTYPE x [{declared}]><w:document {W}><w:p><w:r><w:t>vor</w:t></w:r>"
        "<w:r><w:t>&l8;</w:t></w:r></w:p></w:document>"
    )


async def test_entities_bring_nothing_in_from_elsewhere_and_do_not_swell() -> None:
    outside = '<!ENTITY l8 SYSTEM "file:///etc/hostname">'
    assert await extraction.in_child(with_entities(outside), DOCX) == "vor"
    laughs = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 9))
    with pytest.raises(extraction.ExtractionError):
        await extraction.in_child(with_entities(f'<!ENTITY l0 "ha">{laughs}'), DOCX)


async def test_at_most_a_million_signs_are_kept() -> None:
    text = await extraction.in_child(b"Wort " * 400_000, "text/plain")
    assert len(text) == extraction.LONGEST


async def test_a_child_that_takes_too_long_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extraction, "WALL_SECONDS", 0.01)
    with pytest.raises(extraction.ExtractionError, match="too long"):
        await extraction.in_child(b"x", "text/plain")


BLOCKED = (
    "select exists (select from pg_locks where not granted and pg_backend_pid() = any(pg_blocking_pids(pid)))"
)


@pytest.mark.confidential
async def test_the_text_of_a_file_opens_no_document_that_is_sealed_meanwhile(
    fresh: tuple[Database, Settings],
) -> None:
    """The worker reads while a release of a confidential version is under way, and waits for it."""
    database, settings = fresh
    storage = Storage(settings.files)
    async with database.begin(None) as db:
        await make.person(db, "rita", roles=["release_approver"])
        file_id = await make.file(db, storage, "a.txt", b"Quastenflosser im Anhang", "text/plain")
        document = await make.document(db, level="circle", files=[file_id])
        await actions.index(db, document)
    async with asyncio.timeout(20), database.begin(None) as db:
        await db.execute(
            "update document set confidentiality = 'confidential', title = 'Geheim' where id = $1", document
        )
        await actions.index(db, document)
        job = asyncio.create_task(actions.extract_text(database, storage, file_id))
        while not await db.fetchval(BLOCKED):
            await asyncio.sleep(0)
    await job
    async with database.begin(None) as db:
        opened = "select count(*) from search_entry where source_id = $1"
        assert await db.fetchval(opened, document) == 0
        row = await db.fetchrow("select title, body from search_sealed where source_id = $1", document)
        assert row and row["title"] == "Geheim" and "Quastenflosser" in row["body"]
