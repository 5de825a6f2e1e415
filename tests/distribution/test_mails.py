"""The mails themselves, as they lie in the Maildir: levels (decree Nr. 5), heads, parts, attachments, links."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

import icalendar
import msgspec
import pytest
import pytest_asyncio
from aiosmtpd import smtp

from circle.core import ics
from circle.core.clock import Clock
from circle.core.db import Connection
from circle.core.files import Storage
from circle.distribution import rules, sending
from circle.distribution.model import Paper, Part
from circle.local.mailbox import SIZE_LIMIT, Catcher
from circle.settings import Settings
from tests import make
from tests.clients import OneConnection

PDF = b"%PDF-1.7\n.\n..line\r\nend"
MEETING = ics.Event(
    uid="kk-2026-6@example.org", sequence=1, summary="6. Sitzung", organizer_email="kk@example.org", stamp=datetime(2026, 11, 23, 8, tzinfo=UTC),
    starts=datetime(2026, 12, 9, 10), ends=datetime(2026, 12, 9, 14, 30),
)  # fmt: skip


class Post:
    """The mail catcher of the demo, and what lies in its folder."""

    def __init__(self, folder: Path, port: int) -> None:
        self.folder, self.port = folder, port

    def mails(self) -> dict[str, EmailMessage]:
        """Address → the one mail that came."""
        found: dict[str, EmailMessage] = {}
        for file in (self.folder / "new").iterdir():
            message = message_from_bytes(file.read_bytes(), policy=default)
            assert isinstance(message, EmailMessage) and not message.defects
            assert message["x-envelope-to"] not in found
            found[message["x-envelope-to"]] = message
        return found


@pytest_asyncio.fixture
async def post(tmp_path: Path) -> AsyncIterator[Post]:
    for part in ("tmp", "new", "cur"):
        (tmp_path / part).mkdir()
    loop, catcher = asyncio.get_running_loop(), Catcher(tmp_path, {}, 0)
    server = await loop.create_server(
        lambda: smtp.SMTP(catcher, hostname="localhost", data_size_limit=SIZE_LIMIT, loop=loop),
        "127.0.0.1",
        0,
    )
    yield Post(tmp_path, server.sockets[0].getsockname()[1])
    server.close()
    await server.wait_closed()


@pytest.fixture
def deliver(
    post: Post, db: Connection, database: OneConnection, storage: Storage, settings: Settings, office: Clock
) -> Any:
    """Send a letter to people by their nicks and return their mails."""

    async def act(*nicks: str, parts: list[Part] | None = None, **letter: Any) -> dict[str, EmailMessage]:
        people = [await make.person_id(db, nick) for nick in nicks]
        dispatch_id = await make.dispatch(db, office, people, parts, start=True, **letter)
        own = msgspec.structs.replace(settings, smtp_url=f"smtp://127.0.0.1:{post.port}")
        assert await sending.send(database, storage, own, office, dispatch_id) is None
        return post.mails()

    return act


def attached(mail: EmailMessage) -> dict[str, bytes]:
    return {str(part.get_filename()): part.get_content() for part in mail.iter_attachments()}


def words(mail: EmailMessage, kind: str) -> str:
    part = mail.get_body(preferencelist=(kind,))
    assert part is not None
    return str(part.get_content())


async def test_the_head(db: Connection, deliver: Any) -> None:
    await db.execute(
        "update person set name = 'Änne Łukasz; \"Chefin\"', title = 'Dr.' where email = 'ben@example.org'"
    )
    mail = (await deliver("ben", subject="Förderjahr 2026: „Übersicht“ – bitte lesen"))["ben@example.org"]
    assert mail["subject"] == "Förderjahr 2026: „Übersicht“ – bitte lesen"
    (to,) = mail["to"].addresses
    assert (to.display_name, to.addr_spec) == ('Dr. Änne Łukasz; "Chefin"', "ben@example.org")
    (sender,) = mail["from"].addresses
    assert (sender.display_name, sender.addr_spec) == (
        "Koordinierungskreis – Geschäftsführung",
        "koordinierungskreis@example.invalid",
    )
    assert mail["x-envelope-from"] == "koordinierungskreis@example.invalid"
    delivery = await db.fetchrow("select id, message_id from delivery")
    assert mail["message-id"] == delivery["message_id"] == f"<{delivery['id']}.0@example.invalid>"
    assert mail["auto-submitted"] == "auto-generated"
    assert "koordinierungskreis" in mail["list-id"]
    assert mail["date"].datetime.date().isoformat() == "2026-11-23"
    assert all(len(line) <= 998 for line in mail.as_bytes().splitlines())


async def test_text_and_html_say_the_same(deliver: Any) -> None:
    mail = (await deliver("ben", text="erste Zeile\nzweite Zeile\n\n.\n\nEnde & <b>Schluss</b>"))[
        "ben@example.org"
    ]
    plain, html = words(mail, "plain"), words(mail, "html")
    assert plain.startswith(
        "Guten Tag, Ben Beauftragt,\n\nerste Zeile\nzweite Zeile\n\n.\n\nEnde & <b>Schluss</b>\n"
    )
    assert "<p>erste Zeile<br>zweite Zeile</p>" in html
    assert "Ende &amp; &lt;b&gt;Schluss&lt;/b&gt;" in html
    assert plain.rstrip().endswith("http://127.0.0.1:8000")
    assert "Mit freundlichen Grüßen\nKoordinierungskreis – Geschäftsführung" in plain


async def test_pdf_and_calendar_go_along_as_they_are(db: Connection, storage: Storage, deliver: Any) -> None:
    raw = ics.event(MEETING)
    parts = [
        Part("Einladung", "internal", await make.file(db, storage, "Einladung Übersicht.pdf", PDF), audience=["internal"]),
        Part("Termin", "internal", await make.file(db, storage, "Termin.ics", raw, "text/calendar"), calendar=True,
            audience=["internal"]),
    ]  # fmt: skip
    mails = await deliver("anna", "ben", parts=parts)
    mail = mails["ben@example.org"]
    files = {str(part.get_filename()): part for part in mail.iter_attachments()}
    assert set(files) == {"Einladung Übersicht.pdf", "Termin.ics"}
    pdf = files["Einladung Übersicht.pdf"]
    assert pdf.get_content_type() == "application/pdf"
    assert hashlib.sha256(pdf.get_content()).digest() == hashlib.sha256(PDF).digest()
    (shown,) = [
        part for part in mail.walk() if part.get_content_type() == "text/calendar" and not part.get_filename()
    ]
    assert shown.get_param("method") == "REQUEST"
    (event,) = icalendar.Calendar.from_ical(shown.get_payload(decode=True)).walk("VEVENT")
    assert (event["UID"], event["SUMMARY"]) == ("kk-2026-6@example.org", "6. Sitzung")
    assert event["ATTENDEE"] == "mailto:ben@example.org", "each is asked alone and learns of no other address"
    file = icalendar.Calendar.from_ical(files["Termin.ics"].get_payload(decode=True))
    assert file["METHOD"] == "REQUEST" and file.walk("VEVENT")[0] == event
    assert "Im Anhang:\n- Einladung\n" in words(mail, "plain")


async def test_circle_papers_are_attached_for_members_and_linked_for_others(
    db: Connection, storage: Storage, deliver: Any
) -> None:
    await make.person(db, "guest", roles=["ministry_observer"])
    file_id = await make.file(db, storage, "Vorlage.pdf", PDF)
    parts = [Part("Vorlage", "circle", file_id, audience=["circle", "role:ministry_observer"])]
    mails = await deliver(
        "ben", "guest", parts=parts, level="circle", audience=["circle", "role:ministry_observer"]
    )
    assert set(attached(mails["ben@example.org"])) == {"Vorlage.pdf"}
    guest = mails["guest@example.org"]
    assert attached(guest) == {}
    delivery_id = await db.fetchval("select id from delivery where address = 'guest@example.org'")
    assert f"- Vorlage\n  http://127.0.0.1:8000/versand/post/{delivery_id}\n" in words(guest, "plain")


async def test_ten_megabytes_go_along_and_the_rest_is_linked(
    db: Connection, storage: Storage, deliver: Any
) -> None:
    big = b"%PDF-1.7" + bytes(6 * 1024 * 1024)
    parts = [
        Part(
            name,
            "public",
            await make.file(db, storage, f"{name}.pdf", big if name != "C" else PDF),
            audience=["public"],
        )
        for name in ("A", "B", "C")
    ]
    mail = (await deliver("ben", parts=parts, level="public", audience=["public"]))["ben@example.org"]
    assert set(attached(mail)) == {"A.pdf", "C.pdf"}
    assert "Zum Lesen bitte anmelden:\n- B\n" in words(mail, "plain")


@pytest.mark.confidential
async def test_a_confidential_letter_says_only_that_there_is_one(
    db: Connection, storage: Storage, deliver: Any
) -> None:
    ben = await make.person_id(db, "ben")
    file_id = await make.file(db, storage, "Geheim.pdf", PDF)
    parts = [Part("Geheimer Titel", "confidential", file_id, "/wissen/WD-7", audience=[f"person:{ben}"])]
    mails = await deliver(
        "ben", "anna", parts=parts, level="confidential", audience=[f"person:{ben}"], title="Geheimer Titel",
        subject="Geheimer Betreff", text="Geheimer Text",
    )  # fmt: skip
    assert set(mails) == {"ben@example.org"}, "whoever may not read it gets nothing"
    mail = mails["ben@example.org"]
    assert mail["subject"] == rules.NEUTRAL_SUBJECT
    raw = mail.as_bytes() + b"".join(part.get_payload(decode=True) or b"" for part in mail.walk())
    assert b"eheim" not in raw and b"WD-7" not in raw and attached(mail) == {}
    delivery_id = await db.fetchval("select id from delivery where state = 'sent'")
    link = f"http://127.0.0.1:8000/versand/post/{delivery_id}"
    assert link in words(mail, "plain") and f'href="{link}"' in words(mail, "html")


@pytest.mark.confidential
async def test_a_confidential_paper_of_an_open_letter_is_a_nameless_link(
    db: Connection, storage: Storage, deliver: Any
) -> None:
    ben = await make.person_id(db, "ben")
    parts = [
        Part("Niederschrift", "circle", await make.file(db, storage, "N.pdf", PDF), audience=["circle"]),
        Part(
            "Anlage über X",
            "confidential",
            await make.file(db, storage, "X.pdf", PDF),
            audience=[f"person:{ben}"],
        ),
    ]
    mails = await deliver("anna", "ben", parts=parts, level="circle", audience=["circle"])
    assert set(attached(mails["ben@example.org"])) == {"N.pdf"}
    assert "- Vertrauliche Unterlage\n" in words(mails["ben@example.org"], "plain")
    assert "über X" not in mails["ben@example.org"].as_string()
    assert "Vertrauliche" not in words(mails["anna@example.org"], "plain")


async def test_file_names_that_systems_refuse_or_share_are_mended(
    db: Connection, storage: Storage, deliver: Any
) -> None:
    names = ["Was ist neu? 1/2.pdf", "Plan.pdf", "plan.pdf", "x" * 170 + ".pdf"]
    parts = [
        Part(name, "internal", await make.file(db, storage, name, PDF), audience=["internal"])
        for name in names
    ]
    mail = (await deliver("ben", parts=parts))["ben@example.org"]
    assert list(attached(mail)) == ["Was ist neu_ 1_2.pdf", "Plan.pdf", "plan (2).pdf", "x" * 120 + ".pdf"]


async def test_a_file_that_is_gone_is_said_and_stops_nobody_else(
    db: Connection, storage: Storage, settings: Settings, post: Post, database: OneConnection, office: Clock
) -> None:
    file_id = await make.file(db, storage, "weg.pdf", PDF)
    await storage.drop(await db.fetchval("select key from file where id = $1", file_id))
    parts = [
        Part("Weg", "internal", file_id, audience=["internal"]),
        Part("Seite", "public", url="/x", audience=["public"]),
    ]
    people = [await make.person_id(db, nick) for nick in ("ben", "clara")]
    dispatch_id = await make.dispatch(
        db, office, people, parts, level="public", audience=["public"], start=True
    )
    own = msgspec.structs.replace(settings, smtp_url=f"smtp://127.0.0.1:{post.port}")
    await sending.send(database, storage, own, office, dispatch_id)
    assert set(post.mails()) == {"clara@example.org"}
    assert await db.fetchval("select error from delivery where state = 'failed'") == (
        "Eine Datei des Versands liegt nicht mehr in der Ablage."
    )


def paper(level: Any, *audience: str, size: int = 1, file: bool = True) -> Paper:
    from uuid import uuid4

    return Paper(
        "P",
        level,
        uuid4() if file else None,
        "",
        False,
        list(audience),
        "p.pdf",
        "application/pdf",
        size,
        "k",
    )


@pytest.mark.parametrize(
    ("letter", "level", "keys", "way"),
    [
        ("public", "public", ["public"], "attached"),
        ("internal", "internal", ["public", "internal"], "attached"),
        ("circle", "circle", ["internal", "circle"], "attached"),
        ("circle", "circle", ["internal", "meeting:1"], "linked"),
        ("circle", "confidential", ["circle", "named:1"], "linked"),
        ("confidential", "internal", ["internal"], "linked"),
        ("internal", "internal", ["public"], "left out"),
    ],
)
def test_levels_decide_the_way(letter: Any, level: Any, keys: list[str], way: str) -> None:
    one = paper(level, level if level != "confidential" else "named:1", "meeting:1")
    inside, linked = rules.sort_papers(letter, [one], keys)
    assert (inside, linked) == {
        "attached": ([one], []), "linked": ([], [one]), "left out": ([], []),
    }[way]  # fmt: skip


def test_who_watches_a_dispatch() -> None:
    assert rules.watchers("circle", ["circle"], "person:1") == ["person:1", "role:circle_office"]
    assert rules.watchers("confidential", ["named:1"], "person:1") == ["person:1"]
    assert rules.watchers("confidential", ["role:circle_office"], "") == ["role:circle_office"]
