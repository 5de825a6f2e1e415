"""All papers as one PDF: made by a worker for one reader, with bookmarks, without what acts, and only as long as all that
it holds is open to them."""

import asyncio
import io
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import msgspec
import pikepdf
import pypdfium2
import pytest
from litestar import Litestar
from pikepdf import Array, Dictionary, Name, String

from circle.core import clock
from circle.core.clock import Clock
from circle.core.db import Connection, Database
from circle.core.files import Storage
from circle.meetings.bundle import actions, build, pdf, rules
from circle.meetings.bundle.model import Collection
from circle.settings import Settings
from tests import make
from tests.clients import Clients, OneConnection, listening

from . import DOCX, paper, world
from . import pdf as blank


async def asked(client: Clients, nick: str, meeting: UUID) -> httpx.Response:
    return await (await client.as_(nick)).post(f"/api/v1/meetings/{meeting}/bundle")


async def built(database: Database, storage: Storage, office: Clock, db: Connection) -> None:
    """Run the job that was asked for last."""
    job = (await make.outbox(db, "meetings.build_bundle"))[-1]
    await build.build(database, storage, office, UUID(job["bundle_id"]), job["turn"])
    await db.execute("update outbox set done_at = now() where job = 'meetings.build_bundle'")


async def fetched(client: Clients, nick: str, meeting: UUID) -> bytes:
    answer = await (await client.as_(nick)).get(f"/api/v1/meetings/{meeting}/papers.pdf")
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-length"] == str(len(answer.content))
    return answer.content


def contents(content: bytes) -> list[bytes]:
    """What is drawn on each page that came from a paper of the tests."""
    with pikepdf.open(io.BytesIO(content)) as made:
        return [b"".join(pieces(page)) for page in made.pages]


def pieces(page: Any) -> list[bytes]:
    drawn = page.obj.get("/Contents")
    return [bytes(one.read_bytes()) for one in (drawn if isinstance(drawn, Array) else [drawn])]


def text(content: bytes) -> list[str]:
    document = pypdfium2.PdfDocument(content)
    try:
        return [" ".join(page.get_textpage().get_text_range().split()) for page in document]
    finally:
        document.close()


def bookmarks(content: bytes) -> list[tuple[str, int, list[tuple[str, int]]]]:
    """Titles and pages (from 1) of the outline and of what is below."""
    with pikepdf.open(io.BytesIO(content)) as made, made.open_outline() as outline:
        places = {page.objgen: n for n, page in enumerate((page.obj for page in made.pages), start=1)}

        def at(item: Any) -> int:
            return places[item.destination[0].objgen]

        return [
            (str(one.title), at(one), [(str(each.title), at(each)) for each in one.children])
            for one in outline.root
        ]


async def test_it_is_made_in_order_with_bookmarks_and_page_numbers(
    db: Connection, client: Clients, office: Clock, storage: Storage, database: OneConnection
) -> None:
    meeting = await world(db, storage, office)
    answer = await asked(client, "ben", meeting)
    assert answer.status_code == 202, answer.text
    bundle = answer.json()
    assert (bundle["state"], bundle["done"], bundle["total"], bundle["current"]) == ("building", 0, 4, True)
    early = await (await client.as_("ben")).get(f"/api/v1/meetings/{meeting}/papers.pdf")
    assert (early.status_code, early.json()["code"]) == (409, "not_ready")
    await built(database, storage, office, db)
    bundle = (await (await client.as_("ben")).get(f"/api/v1/meetings/{meeting}/bundle")).json()
    content = await fetched(client, "ben", meeting)
    assert (bundle["state"], bundle["done"], bundle["pages"]) == ("ready", 4, 6)
    assert bundle["size"] == len(content)
    drawn = contents(content)
    assert [drawn[n].split(b"\n")[0] for n in (1, 2, 3, 4)] == [b"BT % A1", b"BT % A2", b"BT % B1", b"BT % Geheim"]  # fmt: skip
    assert bookmarks(content) == [
        ("Inhalt", 1, []),
        ("TOP 1: Sprachmittlung", 2, [("Sachstand", 2), ("Entwurf", 4)]),
        ("TOP 2: Personalsache Quarz", 5, [("Quarzbericht", 5)]),
        ("TOP 3: Förderung: Stand/Ausblick", 6, [("Tabelle", 6)]),
    ]
    cover, sheet = text(content)[0], text(content)[5]
    for words in ("Mittwoch, 13. Januar 2027", "Für Ben Beauftragt", "enthält Vertrauliches",
                  "Seite 1 von 6", "Nicht enthalten. Die Datei ist kein PDF."):  # fmt: skip
        assert words in cover, (words, cover)
    assert "Tabelle" in sheet and "ZIP-Datei" in sheet and "03-1 Tabelle.docx" in sheet
    with pikepdf.open(io.BytesIO(content)) as made:
        assert str(made.Root.Lang) == "de-DE" and made.Root.PageMode == Name.UseOutlines
        assert bool(made.Root.ViewerPreferences.DisplayDocTitle)
        assert next(iter(made.Root.PageLabels.Nums)) == 0
        with made.open_metadata() as meta:
            assert meta["dc:title"] == "Unterlagen: 1. Sitzung 2027 (KK-2027-1)"
            assert "pdfaid:part" not in meta and "pdfuaid:part" not in meta, "it promises no standard"
        assert "/StructTreeRoot" not in made.Root
    events = await db.fetch("select action, actor_name from audit_event where action in ('papers.bundled', 'agenda_item.read')")  # fmt: skip
    assert [tuple(one) for one in events] == [("papers.bundled", "Ben Beauftragt"), ("agenda_item.read", "Ben Beauftragt")]  # fmt: skip


@pytest.mark.confidential
async def test_two_readers_get_different_ones(
    db: Connection, client: Clients, office: Clock, storage: Storage, database: OneConnection
) -> None:
    meeting = await world(db, storage, office)
    for nick in ("ben", "kim"):
        await asked(client, nick, meeting)
        await built(database, storage, office, db)
    ben, kim = await fetched(client, "ben", meeting), await fetched(client, "kim", meeting)
    assert len(bookmarks(ben)) == 4 and [one[0] for one in bookmarks(kim)] == [
        "Inhalt", "TOP 1: Sprachmittlung", "TOP 3: Förderung: Stand/Ausblick",
    ]  # fmt: skip
    assert "Quarz" not in " ".join(text(kim)) and b"Geheim" not in b"".join(contents(kim))
    assert "Für Kim Köln" in text(kim)[0] and "enthält Vertrauliches" not in text(kim)[0]


async def test_nobody_has_another_s(
    db: Connection, client: Clients, office: Clock, storage: Storage, database: OneConnection
) -> None:
    meeting = await world(db, storage, office)
    await asked(client, "ben", meeting)
    await built(database, storage, office, db)
    for nick, status in (("mona", 404), ("clara", 404)):
        for name in ("bundle", "papers.pdf"):
            answer = await (await client.as_(nick)).get(f"/api/v1/meetings/{meeting}/{name}")
            assert answer.status_code == status, (nick, name)
    assert (await asked(client, "clara", meeting)).status_code == 404
    assert (await client.stranger.post(f"/api/v1/meetings/{meeting}/bundle")).status_code == 401


@pytest.mark.confidential
@pytest.mark.parametrize(
    "withdrawal",
    [
        "delete from named_access where person_id = (select id from person where name = 'Ben Beauftragt')",
        "update appointment set valid_to = '2026-11-22' where person_id = (select id from person where name = 'Ben Beauftragt')",
        "update file_use set audience = '{nobody}' where file_id = (select id from file where name = 'Sachstand.pdf')",
        "delete from file_use where file_id = (select id from file where name = 'Tabelle.docx')",
    ],
)
async def test_a_right_that_is_withdrawn_closes_it_at_the_next_request(
    db: Connection, client: Clients, office: Clock, storage: Storage, database: OneConnection, withdrawal: str
) -> None:
    meeting = await world(db, storage, office)
    await asked(client, "ben", meeting)
    await built(database, storage, office, db)
    ben = await client.as_("ben")
    never = await (await client.as_("mona")).get(f"/api/v1/meetings/{meeting}/papers.pdf")
    assert (await ben.get(f"/api/v1/meetings/{meeting}/papers.pdf")).status_code == 200
    await db.execute(withdrawal)
    for name in ("papers.pdf", "bundle"):
        answer = await ben.get(f"/api/v1/meetings/{meeting}/{name}")
        assert answer.status_code == 404, name
    told = answer.json() | {"request_id": ""}
    assert told == never.json() | {"request_id": ""}
    page = await (await client.browser("ben")).get("/sitzungen/KK-2027-1/unterlagen")
    assert "PDF herunterladen" not in page.text


async def test_what_is_closed_before_the_worker_comes_is_not_put_in(
    db: Connection, client: Clients, office: Clock, storage: Storage, database: OneConnection
) -> None:
    meeting = await world(db, storage, office)
    await asked(client, "ben", meeting)
    await db.execute("delete from named_access")
    await built(database, storage, office, db)
    content = await fetched(client, "ben", meeting)
    assert b"Geheim" not in b"".join(contents(content)) and "Quarz" not in " ".join(text(content))
    assert (await (await client.as_("ben")).get(f"/api/v1/meetings/{meeting}/bundle")).json()["current"]


async def test_new_papers_leave_the_old_one_and_a_new_one_replaces_it(
    db: Connection, client: Clients, office: Clock, storage: Storage, database: OneConnection
) -> None:
    meeting = await world(db, storage, office)
    await asked(client, "kim", meeting)
    assert len(await make.outbox(db, "meetings.build_bundle")) == 1
    assert (await asked(client, "kim", meeting)).status_code == 202
    assert len(await make.outbox(db, "meetings.build_bundle")) == 1, "asked twice, made once"
    await built(database, storage, office, db)
    await asked(client, "kim", meeting)
    assert len(await make.outbox(db, "meetings.build_bundle")) == 1, "the same papers"
    key = await db.fetchval("select key from paper_bundle")
    item = await db.fetchval("select id from agenda_item where number = '3'")
    await paper(db, storage, item, "Nachtrag", blank("C1"))
    kim = await client.as_("kim")
    assert not (await kim.get(f"/api/v1/meetings/{meeting}/bundle")).json()["current"]
    await fetched(client, "kim", meeting)
    page = (await (await client.browser("kim")).get("/sitzungen/KK-2027-1/unterlagen")).text
    assert "Inzwischen gibt es andere Unterlagen" in page and "PDF neu erstellen" in page
    await asked(client, "kim", meeting)
    await built(database, storage, office, db)
    assert "Nachtrag" in str(bookmarks(await fetched(client, "kim", meeting)))
    with pytest.raises(FileNotFoundError):
        await storage.get(key)
    assert await db.fetchval("select count(*) from paper_bundle") == 1


async def test_before_the_invitation_points_have_no_number(
    db: Connection, client: Clients, office: Clock, storage: Storage, database: OneConnection
) -> None:
    await world(db, storage, office)
    meeting = await make.meeting(db, "KK-2027-2")
    await paper(db, storage, await make.item(db, meeting, "Arbeitsplanung"), "Entwurf", blank("P1"))
    await asked(client, "kim", meeting)
    await built(database, storage, office, db)
    assert bookmarks(await fetched(client, "kim", meeting))[1:] == [("Arbeitsplanung", 2, [("Entwurf", 2)])]
    page = (await (await client.browser("kim")).get("/sitzungen/KK-2027-2/unterlagen")).text
    assert "Arbeitsplanung</h2>" in page and "Punkt 1" not in page


async def test_no_papers(db: Connection, client: Clients) -> None:
    meeting = await make.meeting(db)
    refused = await asked(client, "ben", meeting)
    assert (refused.status_code, refused.json()["code"]) == (409, "no_papers")


# ---- files of unknown making


def hostile() -> bytes:
    """A PDF with scripts and actions wherever they may stand, an attached file, a form, a launch link and a good one."""
    with pikepdf.Pdf.new() as made:
        script = Dictionary(S=Name.JavaScript, JS=String("app.alert(1)"))
        page = made.add_blank_page(page_size=(595, 842))
        page.Contents = made.make_stream(b"BT % Fracht\nET")
        look = made.make_stream(
            b"BT % Kommentar\nET", Type=Name.XObject, Subtype=Name.Form, BBox=[0, 0, 9, 9]
        )
        page.obj.AA = Dictionary(O=script)
        elsewhere = made.make_stream(
            b"", Type=Name.XObject, Subtype=Name.Form, BBox=[0, 0, 9, 9], F=String("file:///etc/passwd"),
            Ref=Dictionary(F=String("fremd.pdf"), Page=0), Metadata=made.make_stream(b"<verfasst/>"),
        )  # fmt: skip
        page.obj.Resources = Dictionary(XObject=Dictionary(Woanders=elsewhere))
        page.obj.Annots = Array(
            [
                made.make_indirect(one)
                for one in (
                    Dictionary(Type=Name.Annot, Subtype=Name.Link, Rect=[0, 0, 9, 9], A=Dictionary(S=Name.Launch, F=String("calc.exe"))),
                    Dictionary(Type=Name.Annot, Subtype=Name.Link, Rect=[0, 0, 9, 9], A=script),
                    Dictionary(Type=Name.Annot, Subtype=Name.Link, Rect=[0, 0, 9, 9], A=Dictionary(S=Name.URI, URI=String("javascript:alert(1)"))),
                    Dictionary(Type=Name.Annot, Subtype=Name.Link, Rect=[1, 2, 3, 4], A=Dictionary(S=Name.URI, URI=String("https://recht.example/"), Next=script), AA=Dictionary(E=script)),
                    Dictionary(Type=Name.Annot, Subtype=Name.Square, Rect=[0, 0, 9, 9], AP=Dictionary(N=look), A=script),
                    Dictionary(Type=Name.Annot, Subtype=Name.Screen, Rect=[0, 0, 9, 9], AA=Dictionary(PO=script)),
                )
            ]
        )  # fmt: skip
        made.Root.OpenAction = script
        made.Root.AA = Dictionary(WC=script)
        made.Root.Names = Dictionary(JavaScript=Dictionary(Names=[String("a"), script]))
        made.Root.AcroForm = Dictionary(Fields=Array([]), XFA=made.make_stream(b"<xdp/>"))
        made.attachments["virus.exe"] = pikepdf.AttachedFileSpec(made, b"MZ", filename="virus.exe")
        out = io.BytesIO()
        made.save(out)
        return out.getvalue()


def encrypted() -> bytes:
    with pikepdf.open(io.BytesIO(blank("Zu"))) as made:
        out = io.BytesIO()
        made.save(out, encryption=pikepdf.Encryption(owner="a", user="b"))
        return out.getvalue()


def with_root(**more: Any) -> bytes:
    with pikepdf.open(io.BytesIO(blank("X"))) as made:
        for name, value in more.items():
            made.Root[f"/{name}"] = value
        out = io.BytesIO()
        made.save(out)
        return out.getvalue()


def inherited() -> bytes:
    """Size and turn of the page stand above it, in the tree of pages."""
    with pikepdf.open(io.BytesIO(blank("Quer"))) as made:
        made.Root.Pages.MediaBox = Array([0, 0, 842, 595])
        made.Root.Pages.Rotate = 90
        del made.pages[0].obj["/MediaBox"]
        out = io.BytesIO()
        made.save(out)
        return out.getvalue()


async def test_hostile_and_broken_files_hinder_no_other(
    db: Connection, client: Clients, office: Clock, storage: Storage, database: OneConnection
) -> None:
    await world(db, storage, office)
    meeting = await make.meeting(db, "KK-2027-2")
    item = await make.item(db, meeting, "Fracht", number="1", status="on_agenda")
    for title, content in (
        ("Skripte", hostile()),
        ("Kennwort", encrypted()),
        ("Kaputt", b"%PDF-1.7\nnichts"),
        ("Leer", b"%PDF-1.7\n"),
        ("Mappe", with_root(Collection=Dictionary(Type=Name.Collection))),
        ("Formular", with_root(NeedsRendering=True)),
        ("Quer", inherited()),
        ("Zuletzt", blank("Ende")),
    ):
        await paper(db, storage, item, title, content)
    await asked(client, "kim", meeting)
    await built(database, storage, office, db)
    content = await fetched(client, "kim", meeting)
    with pikepdf.open(io.BytesIO(content)) as made:
        everything = b"".join(bytes(one.unparse()) for one in made.objects)
        for word in (b"JavaScript", b"/JS", b"Launch", b"OpenAction", b"/AA", b"EmbeddedFile", b"virus", b"XFA", b"AcroForm", b"calc", b"/Next", b"passwd", b"fremd", b"/Ref", b"/Metadata <"):  # fmt: skip
            assert word not in everything, word
        links = [one for page in made.pages for one in page.obj.get("/Annots", [])]
        assert [bytes(one.A.URI) for one in links if one.A.URI] == [b"https://recht.example/"]
        drawn = contents(content)
        assert b"Fracht" in drawn[1]
        comment = made.pages[1].obj.Resources.XObject
        assert any(b"Kommentar" in one.read_bytes() for one in comment.values()), "a comment stays to be read"
        turned = made.pages[7].obj
        assert [float(x) for x in turned.MediaBox] == [0, 0, 842, 595] and turned.Rotate == 90
    shown = text(content)
    for n, reason in ((2, "encrypted"), (3, "broken"), (4, "broken"), (5, "portfolio"), (6, "form")):
        assert rules.REASONS[reason] in shown[n], (n, reason, shown[n])  # type: ignore[index]
    assert drawn[8].startswith(b"BT % Ende") and len(shown) == 9


async def test_limits(
    db: Connection, client: Clients, office: Clock, storage: Storage, database: OneConnection,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """Too many pages, too many bytes, too long: a sheet says which, and what is in stays in."""
    meeting = await world(db, storage, office, secret=False)
    item = await db.fetchval("select id from agenda_item where number = '3'")
    await paper(db, storage, item, "Viele", blank(*["x"] * 12))
    monkeypatch.setattr(rules, "MOST_PAGES", 10)
    monkeypatch.setattr(rules, "MOST_PAGES_IN_ALL", 2)
    await asked(client, "kim", meeting)
    await built(database, storage, office, db)
    shown = text(await fetched(client, "kim", meeting))
    assert len(shown) == 6
    assert rules.REASONS["size"] in shown[3] and rules.REASONS["pages"] in shown[5]
    monkeypatch.setattr(rules, "SECONDS", -1.0)
    await db.execute("update paper_bundle set digest = ''")
    await asked(client, "kim", meeting)
    await built(database, storage, office, db)
    shown = text(await fetched(client, "kim", meeting))
    assert len(shown) == 5 and all(rules.REASONS["time"] in page for page in shown[1:])


async def test_a_file_that_eats_memory_or_time_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    """A tree of pages that holds itself; and a process that takes longer than it may."""
    source, target = tmp_path / "in.pdf", tmp_path / "out.pdf"
    source.write_bytes(
        b"%PDF-1.7\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[2 0 R 2 0 R]/Count 9>>endobj\n"
        b"trailer<</Root 1 0 R>>\n"
    )
    with pytest.raises(pdf.Refused):
        await pdf.in_child("clean", str(source), str(target), "10")
    monkeypatch.setitem(pdf.WALL_SECONDS, "clean", 0.0)
    source.write_bytes(blank())
    with pytest.raises(pdf.Refused):
        await pdf.in_child("clean", str(source), str(target), "10")


async def test_long_titles_fit_on_their_sheet(
    db: Connection, client: Clients, office: Clock, storage: Storage, database: OneConnection
) -> None:
    await world(db, storage, office)
    meeting = await make.meeting(db, "KK-2027-2")
    item = await make.item(db, meeting, "W" * 300, number="1", status="on_agenda")
    for n in range(40):
        title = ("W" * 300 if n % 2 else "Wort " * 60)[:297] + f"{n:03}"
        await paper(db, storage, item, title, b"PK\x03\x04", name="x" * 170 + ".docx", kind=DOCX)
    await asked(client, "kim", meeting)
    await built(database, storage, office, db)
    content = await fetched(client, "kim", meeting)
    shown = text(content)
    marks = bookmarks(content)[1][2]
    assert len(shown) - 40 == marks[0][1] - 1 > 1, "the list of contents takes several pages"
    assert [page for _, page in marks] == list(range(marks[0][1], len(shown) + 1))
    assert f"Seite 1 von {len(shown)}" in shown[0]


# ---- workers


@pytest.mark.parametrize("parallel", [False, True])
async def test_run_twice_one_run_counts(fresh: tuple[Database, Settings], parallel: bool) -> None:
    database, settings = fresh
    storage = Storage(settings.files)
    async with database.begin(None) as db:
        office = await clock.read(db)
        meeting = await world(db, storage, office)
        actor = await make.actor(db, office, "kim")
        found = await _collection(db, meeting, list(actor.keys))
        await actions.ask(db, actor, meeting, found)
        job = (await make.outbox(db, "meetings.build_bundle"))[0]
    before = _stored(settings)
    runs = [build.build(database, storage, office, UUID(job["bundle_id"]), job["turn"]) for _ in range(2)]
    if parallel:
        await asyncio.gather(*runs)
    else:
        for run in runs:
            await run
    async with database.begin(None) as db:
        row = await db.fetchrow("select ready, done, total, key, sha256 from paper_bundle")
    assert row is not None and (row["ready"], row["done"], row["total"]) == (True, 3, 3)
    assert await storage.get(row["key"])
    assert _stored(settings) - before == 1, "the other run's bytes are thrown away"
    async with database.begin(None) as db:
        await db.execute("update paper_bundle set asked_at = now() - interval '2 days'")
    await build.tidy(database, storage)
    await build.tidy(database, storage)
    assert _stored(settings) == before


async def _collection(db: Connection, meeting: UUID, keys: list[str]) -> Any:
    papers = await db.fetchval("select bundle_papers($1, $2, false)::text", meeting, keys)
    given = {"meeting_id": meeting, "reference": "KK-2027-1", "title": "", "date": "2027-01-13", "start_local": "",
             "end_local": "", "place": "", "host": "", "papers": msgspec.json.decode(papers)}  # fmt: skip
    return msgspec.convert(given, Collection)


def _stored(settings: Settings) -> int:
    return sum(1 for one in Path(settings.files).rglob("*") if one.is_file())


async def test_asked_anew_an_earlier_run_writes_nothing(
    db: Connection, client: Clients, office: Clock, storage: Storage, database: OneConnection
) -> None:
    meeting = await world(db, storage, office)
    await asked(client, "kim", meeting)
    first = (await make.outbox(db, "meetings.build_bundle"))[0]
    await db.execute("update paper_bundle set turn = 2")
    await build.build(database, storage, office, UUID(first["bundle_id"]), first["turn"])
    assert not await db.fetchval("select ready from paper_bundle")


# ---- pages


async def test_the_pages(
    db: Connection, client: Clients, office: Clock, storage: Storage, database: OneConnection, app: Litestar
) -> None:
    meeting = await world(db, storage, office)
    kim = await client.browser("kim")
    shown = await kim.get("/sitzungen/KK-2027-1")
    assert "/sitzungen/KK-2027-1/unterlagen/pdf" in shown.text and "/sitzungen/KK-2027-1/unterlagen.zip" in shown.text  # fmt: skip
    done = await kim.post("/sitzungen/KK-2027-1/unterlagen/pdf")
    assert (done.status_code, done.headers["location"]) == (303, "/sitzungen/KK-2027-1/unterlagen")
    waiting = (await kim.get("/sitzungen/KK-2027-1/unterlagen")).text
    assert "0 von 3 Unterlagen" in waiting and "sse-connect" in waiting and "http-equiv" in waiting
    assert "sse-connect" not in (await kim.get("/sitzungen/KK-2027-1/unterlagen?angehalten=true")).text
    token = await client.token("kim")
    async with listening(app, "/sitzungen/KK-2027-1/unterlagen/stand", token) as told:
        await told.start()
        assert "0 von 3 Unterlagen" in await told.event("progress")
        await built(database, storage, office, db)
        with pytest.raises(AssertionError, match="event: done"):
            while True:  # As many looks as it takes.
                await told.event("progress")
        assert await told.over()
    ready = (await kim.get("/sitzungen/KK-2027-1/unterlagen")).text
    assert "PDF herunterladen (5 Seiten" in ready and "Alle Unterlagen als PDF" not in ready
    got = await kim.get("/sitzungen/KK-2027-1/unterlagen.pdf")
    assert got.content == await fetched(client, "kim", meeting)
    assert (await kim.get("/sitzungen/KK-2027-1/unterlagen.zip")).status_code == 200
    clara = await client.browser("clara")
    for path in ("unterlagen", "unterlagen.zip", "unterlagen.pdf", "unterlagen/stand"):
        assert (await clara.get(f"/sitzungen/KK-2027-1/{path}")).status_code == 404, path
    assert (await clara.post("/sitzungen/KK-2027-1/unterlagen/pdf")).status_code == 404


async def test_a_job_that_gave_up_is_told_and_may_be_asked_again(
    db: Connection, client: Clients, office: Clock, storage: Storage
) -> None:
    meeting = await world(db, storage, office)
    await asked(client, "kim", meeting)
    await db.execute("update outbox set failed_at = now()")
    page = (await (await client.browser("kim")).get("/sitzungen/KK-2027-1/unterlagen")).text
    assert "Das PDF konnte nicht erstellt werden" in page and "PDF neu erstellen" in page
    assert (await asked(client, "kim", meeting)).json()["state"] == "building"
