"""Uploads and downloads: what is taken, under which name, and who may open it."""

import gc
import hashlib
import re
import uuid
from pathlib import Path
from typing import Any

import httpx
import pytest
from litestar import Litestar

from circle.core import errors, files
from circle.core.db import Connection
from circle.core.files import Storage
from circle.settings import Settings
from tests import make
from tests.clients import Clients, queries

FILES = "/api/v1/files"
PDF = b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n"
# The framework leaves the spool of a body that broke off to the garbage collector, which removes it.
ABANDONED = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
PNG = b"\x89PNG\r\n\x1a\n" + b"\x00\x00\x00\rIHDR" + b"\x00" * 17


async def upload(
    client: httpx.AsyncClient, name: str, content: bytes, kind: str = "text/html"
) -> httpx.Response:
    """The type that a program claims counts for nothing."""
    return await client.post(FILES, files={"file": (name, content, kind)})


def stored(settings: Settings) -> int:
    return sum(path.is_file() for path in Path(settings.files).rglob("*"))


async def test_what_goes_in_comes_out(client: Clients, db: Connection) -> None:
    anna = await client.as_("anna")
    answer = await upload(anna, "Förderung 2026.pdf", PDF)
    assert answer.status_code == 201
    card = answer.json()
    assert card["name"] == "Förderung 2026.pdf" and card["content_type"] == "application/pdf"
    assert card["size"] == len(PDF) and card["sha256"] == hashlib.sha256(PDF).hexdigest()
    assert (await anna.get(f"{FILES}/{card['id']}")).json() == card
    browser = await client.browser("anna")
    for found in (
        await anna.get(f"{FILES}/{card['id']}/content"),
        await browser.get(f"/dateien/{card['id']}"),
    ):
        assert found.status_code == 200 and found.content == PDF
        assert found.headers["content-disposition"] == (
            "attachment; filename=\"Forderung 2026.pdf\"; filename*=UTF-8''F%C3%B6rderung%202026.pdf"
        )
        assert found.headers["content-security-policy"] == "sandbox; default-src 'none'"
        assert found.headers["x-content-type-options"] == "nosniff"
        assert found.headers["cache-control"] == "no-store"
    assert await make.outbox(db, "knowledge.extract_text") == [{"file_id": card["id"]}]


async def test_until_it_is_used_only_the_uploader_opens_it(client: Clients, db: Connection) -> None:
    ben = await client.as_("ben")
    found = (await upload(ben, "a.pdf", PDF)).json()["id"]
    for nick in ("anna", "clara"):
        other = await client.as_(nick)
        for path in (f"{FILES}/{found}", f"{FILES}/{found}/content"):
            unseen = await other.get(path)
            unknown = await other.get(path.replace(found, str(uuid.uuid4())))
            assert unseen.status_code == 404
            assert unseen.json() | {"request_id": ""} == unknown.json() | {"request_id": ""}
        assert (await (await client.browser(nick)).get(f"/dateien/{found}")).status_code == 404
    assert (await client.stranger.get(f"{FILES}/{found}/content")).status_code == 401
    await files.use(db, uuid.UUID(found), uuid.uuid4(), ["internal"])
    assert (await (await client.as_("anna")).get(f"{FILES}/{found}/content")).status_code == 200
    assert (await (await client.as_("clara")).get(f"{FILES}/{found}")).status_code == 404


@pytest.mark.confidential
async def test_a_file_follows_what_uses_it(client: Clients, db: Connection, storage: Storage) -> None:
    ben = await make.person_id(db, "ben")
    found = await make.file(db, storage, "geheim.pdf", PDF, audience=[f"person:{ben}"])
    statuses = {
        nick: (await (await client.as_(nick)).get(f"{FILES}/{found}/content")).status_code
        for nick in ("anna", "ben", "clara")
    }
    assert statuses == {"anna": 404, "ben": 200, "clara": 404}


async def test_a_closed_audience_closes_the_link(client: Clients, db: Connection) -> None:
    found = (await upload(await client.as_("ben"), "a.pdf", PDF)).json()["id"]
    thing = uuid.uuid4()
    await files.use(db, uuid.UUID(found), thing, ["internal"])
    anna = await client.as_("anna")
    assert (await anna.get(f"{FILES}/{found}/content")).status_code == 200
    await files.reopen(db, thing, ["person:nobody"])
    assert (await anna.get(f"{FILES}/{found}/content")).status_code == 404


async def test_who_may_not_upload(client: Clients, db: Connection) -> None:
    clara = await client.as_("clara")
    assert (await upload(clara, "a.pdf", PDF)).status_code == 403
    assert (await upload(client.stranger, "a.pdf", PDF)).status_code == 401


@pytest.mark.parametrize(
    "name",
    [
        "a\r\nSet-Cookie: x=1.pdf", "a\u202egpj.pdf", "a\u200b.pdf", "a" * 181 + ".pdf", "", "   ", "..", "a\x00.pdf",
        "a\u2028.pdf", "\ufeffa.pdf", "a\x85.pdf",
    ],
)  # fmt: skip
async def test_hostile_names_are_refused(client: Clients, settings: Settings, name: str) -> None:
    """Built by hand, as no decent client would send them."""
    anna = await client.as_("anna")
    before = stored(settings)
    body = (
        b'--x\r\nContent-Disposition: form-data; name="file"; filename="'
        + name.encode()
        + b'"\r\nContent-Type: application/pdf\r\n\r\n'
        + PDF
        + b"\r\n--x--\r\n"
    )
    answer = await anna.post(FILES, content=body, headers={"content-type": "multipart/form-data; boundary=x"})
    assert answer.status_code == 400 and answer.headers["content-type"] == "application/problem+json"
    assert "set-cookie" not in answer.headers and stored(settings) == before


@pytest.mark.parametrize(
    "name, kept",
    [
        ("../../etc/passwd.txt", "passwd.txt"),
        ("C:\\Dokumente\\Bericht.txt", "Bericht.txt"),
        ("CON.txt", "CON.txt"),
        ("Bericht.pdf.txt", "Bericht.pdf.txt"),
        ("A\u0308mter.txt", "Ämter.txt"),
        ("a;b'c,d.txt", "a;b'c,d.txt"),
    ],
)
async def test_of_a_name_the_last_part_stays_and_never_decides_where_bytes_lie(
    client: Clients, db: Connection, name: str, kept: str
) -> None:
    anna = await client.as_("anna")
    card = (await upload(anna, name, b"Text")).json()
    assert card["name"] == kept
    assert re.fullmatch(
        r"[0-9a-f]{2}/[0-9a-f]{32}",
        await db.fetchval("select key from file where id = $1", uuid.UUID(card["id"])),
    )
    sent = (await anna.get(f"{FILES}/{card['id']}/content")).headers["content-disposition"]
    assert sent.isascii() and "\r" not in sent and sent.count('"') == 2


@pytest.mark.parametrize(
    "name, content",
    [
        ("page.html", b"<html></html>"),
        ("picture.svg", b"<svg xmlns='http://www.w3.org/2000/svg'/>"),
        ("program.exe", b"MZ"),
        ("macro.docm", b"PK\x03\x04"),
        ("link.lnk", b"L"),
        ("noending", b"text"),
        (".pdf", b"%PDF-1.7"),
        ("false.pdf", b"<html><script>alert(1)</script></html>"),
        ("false.png", PDF),
        ("false.docx", b"%PDF-1.7"),
        ("false.txt", b"text\x00more"),
        ("empty.pdf", b""),
    ],
)
async def test_wrong_kinds_and_false_content_are_refused_and_leave_nothing(
    client: Clients, db: Connection, settings: Settings, name: str, content: bytes
) -> None:
    before = stored(settings)
    answer = await upload(await client.as_("anna"), name, content, "application/pdf")
    assert answer.status_code == 400 and answer.json()["errors"][0]["field"] == "file", answer.text
    assert stored(settings) == before and not await db.fetchval("select count(*) from file")


@ABANDONED
async def test_over_the_limit_is_413_announced_or_not(
    client: Clients, db: Connection, settings: Settings
) -> None:
    anna, before = await client.as_("anna"), stored(settings)
    fits = b"a" * settings.upload_limit
    assert (await upload(anna, "a.txt", fits)).status_code == 201
    over = await upload(anna, "a.txt", fits + b"a")
    assert over.status_code == 413 and over.json()["code"] == "too_large"
    large = await upload(anna, "a.txt", fits * 2)
    assert large.status_code == 413

    async def pieces() -> Any:
        yield b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\n'
        for _ in range(40):
            yield b"a" * 65536
        yield b"\r\n--x--\r\n"

    headers = {"content-type": "multipart/form-data; boundary=x"}
    assert (await anna.post(FILES, content=pieces(), headers=headers)).status_code == 413
    assert stored(settings) == before + 1
    gc.collect()


@ABANDONED
@pytest.mark.parametrize(
    "kind, body",
    [
        ("multipart/form-data; boundary=x", b""),
        ("multipart/form-data; boundary=x", b"--x\r\nContent-Disposition: form-data; name=\"file\"\r\n\r\ntext\r\n--x--\r\n"),
        ("multipart/form-data; boundary=x", b"--x\r\nnonsense"),
        ("multipart/form-data", b"--x"),
        ("application/json", b"{}"),
        ("text/plain", PDF),
    ],
)  # fmt: skip
async def test_what_is_no_upload_is_told(client: Clients, kind: str, body: bytes) -> None:
    anna = await client.as_("anna")
    answer = await anna.post(FILES, content=body, headers={"content-type": kind})
    assert answer.status_code in (400, 415) and answer.headers["content-type"] == "application/problem+json"
    gc.collect()


async def test_two_files_at_once_are_not_taken(client: Clients) -> None:
    anna = await client.as_("anna")
    answer = await anna.post(FILES, files=[("file", ("a.txt", b"a")), ("file", ("b.txt", b"b"))])
    assert answer.status_code == 400 and answer.json()["code"] == "file_missing"


async def test_a_card_is_one_statement(client: Clients, app: Litestar, db: Connection) -> None:
    anna = await client.as_("anna")
    found = (await upload(anna, "a.png", PNG)).json()["id"]
    with queries(db) as seen:
        assert (await anna.get(f"{FILES}/{found}")).status_code == 200
    assert len(seen) == 1


@pytest.mark.parametrize("name", ["bild.png", "brief.pdf", "brief.docx"])
def test_bytes_of_no_known_kind_are_refused_as_such(name: str) -> None:
    with pytest.raises(errors.Invalid) as refused:
        files.content_type(name, bytes(range(1, 60)))
    assert refused.value.fields == {"file": "Bitte die Datei prüfen."}
