"""The invitation: the agenda is frozen and filed, everybody gets what is theirs, and a double click sends it once."""

import asyncio
import hashlib
from io import BytesIO
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import icalendar
import msgspec
import pikepdf
import pypdfium2
import pytest

from circle.core.clock import Clock
from circle.core.db import Connection, Database
from circle.core.files import Storage
from circle.distribution import sending
from circle.meetings.build import build_invitation
from circle.meetings.model import InvitationPreview, Meeting
from circle.settings import Settings
from tests import make
from tests.clients import Clients, OneConnection
from tests.consultations import Page
from tests.distribution.mailserver import MailServer

from .world import PAGE, act, convened, invited

SECRET = "Personalsache Quarzlampe"


async def dispatch(db: Connection, kind: str = "invitation") -> UUID:
    found: UUID = await db.fetchval(
        "select id from dispatch where kind = $1 order by created_at desc limit 1", kind
    )
    return found


async def parts(db: Connection) -> list[tuple[Any, ...]]:
    rows = await db.fetch(
        "select title, level, url, calendar from dispatch_part order by dispatch_id, position"
    )
    return [tuple(row) for row in rows]


async def stored(db: Connection, storage: Storage, name: str) -> bytes:
    return await storage.get(await db.fetchval("select key from file where name = $1", name))


def text(pdf: bytes) -> str:
    document = pypdfium2.PdfDocument(pdf)
    try:
        return " ".join("".join(page.get_textpage().get_text_range() for page in document).split())
    finally:
        document.close()


async def paper(db: Connection, storage: Storage, item: UUID, name: str, level: str = "circle") -> UUID:
    """A file for an item, as its number 1."""
    meeting = await db.fetchval("select meeting_id from agenda_item where id = $1", item)
    file_id = await make.file(db, storage, name, b"%PDF-1.7 " + name.encode())
    found: UUID = await db.fetchval(
        """
        insert into paper (meeting_id, item_id, number, title, confidentiality, file_id, submitted_on)
        values ($1, $2, (select count(*) + 1 from paper where item_id = $2), $3, $4, $5, '2026-11-20') returning id
        """,
        meeting, item, name.removesuffix(".pdf"), level, file_id,
    )  # fmt: skip
    return found


async def test_it_freezes_files_and_prepares_the_dispatch(
    db: Connection, client: Clients, office: Clock
) -> None:
    meeting = await convened(db, office)
    await make.item(db, meeting)
    answer = await act(await client.as_("anna"), meeting, "invite", {"note": "Es gibt Kaffee."})
    assert answer.status_code == 200, answer.text
    found = msgspec.convert(answer.json(), Meeting)
    assert (found.state, found.agenda_version, found.sequence) == ("invited", 1, 0)
    assert found.invitation_sent_on is not None and found.invitation_sent_on.isoformat() == "2026-11-23"
    assert [item.number for item in found.agenda] == ["1", "2", "3", "4"]
    assert all(item.frozen and item.status == "on_agenda" for item in found.agenda)
    row = await db.fetchrow("select id, kind, state, build, level, title, subject, text from dispatch")
    assert tuple(row)[1:6] == (
        "invitation",
        "prepared",
        "meetings.build_invitation",
        "circle",
        "Einladung KK-2027-1",
    )
    assert row["subject"] == "Einladung zur 1. Sitzung des Koordinierungskreises 2027 am 13.01.2027"
    for words in (
        "Mittwoch, 13. Januar 2027, 10:00 bis 14:00 Uhr",
        "Arnsberg, Saal 1",
        "Es gibt Kaffee.",
        "05.01.2027",
    ):
        assert words in row["text"], words
    assert await make.outbox(db, "meetings.build_invitation") == [{"dispatch_id": str(row["id"])}]
    names = [one["name"] for one in await db.fetch("select name from delivery order by name")]
    assert names == [
        "Anna Amt",
        "Ben Beauftragt",
        "Dina Vertretung",
        "Kim Köln",
        "Mona Moderat",
        "Vera Ministerium",
    ]
    assert await db.fetchval("select count(*) from audit_event where action = 'meeting.invited'") == 1
    filed = await db.fetchrow(
        "select version, kind, agenda::text as agenda, sha256, dispatch_id from agenda_version"
    )
    assert (filed["version"], filed["kind"], filed["dispatch_id"]) == (1, "invitation", row["id"])
    canonical = msgspec.json.encode(msgspec.json.decode(filed["agenda"]), order="sorted")
    assert hashlib.sha256(canonical).hexdigest() == filed["sha256"] == found.editions[0].sha256
    assert "Sprachmittlung in Verfahren" in filed["agenda"]


async def test_it_opens_the_meeting_to_deputies_of_the_day_and_guests(
    db: Connection, client: Clients, office: Clock
) -> None:
    meeting = await convened(db, office)
    item = await make.item(db, meeting)
    edda = await make.person_id(db, "edda")
    await db.execute("update agenda_content set rapporteur_id = $1 where item_id = $2", edda, item)
    path = f"/api/v1/meetings/{meeting}"
    people = [await client.as_(nick) for nick in ("dina", "vera", "edda")]
    assert [(await one.get(path)).status_code for one in people] == [404, 404, 404]
    await act(await client.as_("anna"), meeting, "invite")
    assert [(await one.get(path)).status_code for one in people] == [200, 200, 200]
    rows = (await people[0].get(f"{path}/attendance")).json()["items"]
    assert [(row["name"], row["status"], row["represented_by_name"]) for row in rows] == [
        ("Kim Köln", "represented", "Dina Vertretung"), ("Vera Ministerium", "guest", None),
        ("Edda Fachkraft", "guest", None),
    ]  # fmt: skip


@pytest.mark.confidential
async def test_the_look_before_masks_what_the_letter_masks(
    db: Connection, client: Clients, office: Clock
) -> None:
    meeting = await convened(db, office)
    made = await make.item(db, meeting, SECRET, level="confidential", named=["anna"])
    page = (await (await client.browser("anna")).get(f"{PAGE}/einladung")).text
    assert SECRET not in page and page.count("Vertraulicher Tagesordnungspunkt") >= 2
    looked = await (await client.as_("anna")).get(f"/api/v1/meetings/{meeting}/invitation")
    (item,) = [one for one in looked.json()["items"] if one["id"] == str(made)]
    assert item["title"] == "Vertraulicher Tagesordnungspunkt"


async def test_who_may_not_and_when_not(db: Connection, client: Clients, office: Clock) -> None:
    meeting = await convened(db, office)
    anna = await client.as_("anna")
    for nick, status in (("ben", 403), ("mona", 403), ("clara", 404)):
        assert (await act(await client.as_(nick), meeting, "invite")).status_code == status
        preview = await (await client.as_(nick)).get(f"/api/v1/meetings/{meeting}/invitation")
        assert preview.status_code == status
    without = await act(anna, meeting, "invite", key="")
    assert (without.status_code, without.json()["code"]) == (400, "key_required")
    assert (await act(anna, meeting, "invite", match='"v7"')).status_code == 412
    assert (await act(anna, meeting, "invite")).status_code == 200
    again = await act(anna, meeting, "invite")
    assert (again.status_code, again.json()["code"]) == (409, "wrong_state")
    empty = await make.meeting(db, "KK-2027-9")
    refused = await act(anna, empty, "invite")
    assert (refused.status_code, refused.json()["code"]) == (409, "agenda_empty")
    assert await db.fetchval("select count(*) from dispatch") == 1


async def test_a_double_click_sends_nothing_twice(db: Connection, client: Clients, office: Clock) -> None:
    await convened(db, office)
    browser = await client.browser("anna")
    page = await browser.get(f"{PAGE}/einladung")
    assert page.status_code == 200
    for words in (
        "Wer bekommt was? (6)",
        "Vera Ministerium",
        "Einladung und Tagesordnung",
        "TOP 3",
        "13.01.2027",
    ):
        assert words in page.text, words
    form = {"revision": "1", "idempotency_key": "klick", "note": ""}
    first, second = (
        await browser.post(f"{PAGE}/einladung", form),
        await browser.post(f"{PAGE}/einladung", form),
    )
    assert first.status_code == second.status_code == 303
    assert first.headers["location"] == second.headers["location"] == f"/versand/{await dispatch(db)}"
    assert await db.fetchval("select count(*) from dispatch") == 1
    assert (await browser.get(first.headers["location"])).status_code == 200
    assert len(await make.outbox(db, "meetings.build_invitation")) == 1
    shown = (await browser.get(PAGE)).text
    assert "Einladung KK-2027-1" in shown and "eingeladen" in shown


async def test_a_note_written_on_an_old_state_comes_back(
    db: Connection, client: Clients, office: Clock
) -> None:
    await convened(db, office)
    browser = await client.browser("anna")
    form = {"revision": "7", "idempotency_key": "k", "note": "Bitte Parkausweis mitbringen."}
    stale = await browser.post(f"{PAGE}/einladung", form)
    page = Page(stale.text)
    page.check()
    assert stale.status_code == 412 and "Bitte Parkausweis mitbringen.</textarea>" in stale.text
    form["revision"] = page.values["revision"]
    assert (await browser.post(f"{PAGE}/einladung", form)).status_code == 303
    late = await browser.post(f"{PAGE}/einladung", form | {"idempotency_key": "l"})
    assert late.status_code == 409 and "Bitte Parkausweis mitbringen.</textarea>" in late.text


async def test_the_look_before_is_what_goes_out(
    db: Connection, database: OneConnection, storage: Storage, settings: Settings, client: Clients, office: Clock
) -> None:  # fmt: skip
    meeting = await convened(db, office)
    item = await make.item(db, meeting)
    await paper(db, storage, item, "Konzept.pdf", "internal")
    await paper(db, storage, item, "Entwurf.pdf")
    anna = await client.as_("anna")
    looked = msgspec.convert(
        (await anna.get(f"/api/v1/meetings/{meeting}/invitation")).json(), InvitationPreview
    )
    assert [one.number for one in looked.items] == ["1", "2", "3", "4"]
    await act(anna, meeting, "invite")
    dispatch_id = await dispatch(db)
    await build_invitation(database, storage, settings, dispatch_id, office)
    sent = (await anna.get(f"/api/v1/dispatches/{dispatch_id}/preview")).json()
    assert msgspec.to_builtins(looked.recipients, str_keys=True) == sent
    by_name = {one.name: one for one in looked.recipients}
    everything = ["Einladung und Tagesordnung", "Termin für den Kalender", "TOP 4: Konzept", "TOP 4: Entwurf"]
    assert by_name["Ben Beauftragt"].attached == everything
    assert by_name["Vera Ministerium"].attached == ["Termin für den Kalender", "TOP 4: Konzept"]
    assert by_name["Vera Ministerium"].linked == [
        "Einladung und Tagesordnung", "Sitzung im Arbeitsraum", "TOP 4: Entwurf",
    ]  # fmt: skip
    assert not any(one.refused for one in looked.recipients)
    row = await db.fetchrow("select subject, state from dispatch")
    assert (row["subject"], row["state"]) == (looked.subject, "sending")


async def test_the_letter_is_tagged_and_the_calendar_file_is_one_that_programs_read(
    db: Connection, database: OneConnection, storage: Storage, settings: Settings, client: Clients, office: Clock
) -> None:  # fmt: skip
    meeting = await invited(db, office)
    await build_invitation(database, storage, settings, await dispatch(db), office)
    assert await parts(db) == [
        ("Einladung und Tagesordnung", "circle", "", False), ("Termin für den Kalender", "internal", "", True),
        ("Sitzung im Arbeitsraum", "circle", PAGE, False),
    ]  # fmt: skip
    assert await make.outbox(db, "distribution.send") == [{"dispatch_id": str(await dispatch(db))}]
    letter = await stored(db, storage, "Einladung-KK-2027-1.pdf")
    with pikepdf.open(BytesIO(letter)) as document:
        assert document.Root.Lang == "de-DE" and document.Root.MarkInfo.Marked
        assert "/StructTreeRoot" in document.Root and document.Root.ViewerPreferences.DisplayDocTitle
        with document.open_metadata() as meta:
            assert meta["dc:title"] == "Einladung zur 1. Sitzung des Koordinierungskreises 2027"
    for words in ("Mittwoch, 13. Januar 2027", "Sprachmittlung in Verfahren", "Anna Amt", "Dina Vertretung"):
        assert words in text(letter), words
    calendar = icalendar.Calendar.from_ical(await stored(db, storage, "KK-2027-1.ics"))
    assert calendar["METHOD"] == "REQUEST"
    (event,) = calendar.walk("VEVENT")
    assert event["UID"] == f"{meeting}@example.invalid" and event["SEQUENCE"] == 0
    assert event["DTSTART"].params["TZID"] == "Europe/Berlin"
    assert event["DTSTART"].dt.isoformat() == "2027-01-13T10:00:00+01:00"
    assert event["ORGANIZER"] == f"mailto:{settings.mail_from}"
    assert "ATTENDEE" not in event, "each recipient's copy names them alone"
    assert event["URL"] == f"{settings.address}{PAGE}"
    assert "Sprachmittlung" not in str(event), "items do not stand in calendars"
    ben, clara = await client.as_("ben"), await client.as_("clara")
    file_id = (await ben.get(f"/api/v1/meetings/{meeting}")).json()["editions"][0]["file_id"]
    assert (await ben.get(f"/dateien/{file_id}")).content == letter
    assert (await clara.get(f"/dateien/{file_id}")).status_code == 404


async def test_one_bad_address_stops_nobody_else(
    db: Connection, database: OneConnection, storage: Storage, settings: Settings, office: Clock
) -> None:
    await invited(db, office)
    await db.execute("update delivery set address = 'kim@köln.example' where name = 'Kim Köln'")
    dispatch_id = await dispatch(db)
    await build_invitation(database, storage, settings, dispatch_id, office)
    async with MailServer() as server:
        own = msgspec.structs.replace(settings, smtp_url=server.url)
        await sending.send(database, storage, own, office, dispatch_id)
    rows = await db.fetch("select name, state, error from delivery where state <> 'sent'")
    assert [(row["name"], row["state"]) for row in rows] == [("Kim Köln", "failed")]
    assert "E-Mail-Adresse" in rows[0]["error"]
    (shown,) = [
        part for part in server.message("ben@example.org").walk()
        if part.get_content_type() == "text/calendar" and not part.get_filename()
    ]  # fmt: skip
    (event,) = icalendar.Calendar.from_ical(shown.get_payload(decode=True)).walk("VEVENT")
    assert event["ATTENDEE"] == "mailto:ben@example.org"


@pytest.mark.confidential
async def test_a_confidential_item_goes_out_masked_and_its_papers_to_named_persons(
    db: Connection, database: OneConnection, storage: Storage, settings: Settings, client: Clients, office: Clock
) -> None:  # fmt: skip
    meeting = await convened(db, office)
    secret = await make.item(db, meeting, SECRET, level="confidential", named=["kim"])
    await paper(db, storage, secret, "Geheimakte.pdf", "confidential")
    anna = await client.as_("anna")
    looked = await anna.get(f"/api/v1/meetings/{meeting}/invitation")
    assert "Vertraulicher Tagesordnungspunkt" in looked.text
    answer = await act(anna, meeting, "invite")
    await build_invitation(database, storage, settings, await dispatch(db), office)
    seen = [looked.text, answer.text, (await anna.get(f"/api/v1/meetings/{meeting}")).text,
        (await anna.get(f"/api/v1/dispatches/{await dispatch(db)}")).text,
        (await anna.get(f"/api/v1/dispatches/{await dispatch(db)}/preview")).text,
        (await (await client.browser("anna")).get(PAGE)).text,
        (await (await client.as_("vera")).get(f"/api/v1/meetings/{meeting}")).text,
        text(await stored(db, storage, "Einladung-KK-2027-1.pdf")),
        (await stored(db, storage, "KK-2027-1.ics")).decode(),
        await db.fetchval("select agenda::text from agenda_version"),
        await db.fetchval("select body from search_entry where source_id = $1", meeting),
        await db.fetchval("select string_agg(detail::text, ' ') from audit_event"),
        await db.fetchval("select text || subject || details from dispatch")]  # fmt: skip
    for told in seen:
        assert "Quarzlampe" not in told and "Geheimakte" not in told
    row = await db.fetchrow(
        "select title, level, audience, position from dispatch_part where level = 'confidential'"
    )
    assert (row["title"], row["audience"]) == ("TOP 4: Geheimakte", [f"named:{secret}", f"expert:{secret}"])
    assert row["position"] == 4, "it stands last, so that nobody sees a gap"
    kim = await client.as_("kim")
    assert SECRET in (await kim.get(f"/api/v1/meetings/{meeting}")).text
    logged = await db.fetchrow(
        "select actor_name, detail ->> 'purpose' as purpose from audit_event where action = 'agenda_item.read'"
    )
    assert tuple(logged) == ("Kim Köln", "Sitzung")


@pytest.mark.confidential
async def test_who_reports_on_a_confidential_item_is_no_guest_for_all_to_see(
    db: Connection, client: Clients, office: Clock
) -> None:
    meeting = await convened(db, office)
    secret = await make.item(db, meeting, SECRET, by="kim", level="confidential", named=["edda"])
    await db.execute("update agenda_content set rapporteur_id = $1 where item_id = $2",
        await make.person_id(db, "edda"), secret)  # fmt: skip
    await act(await client.as_("anna"), meeting, "invite")
    assert "Edda" not in [row["name"] for row in await db.fetch("select name from delivery")]
    ben = await client.as_("ben")
    assert "Edda" not in (await ben.get(f"/api/v1/meetings/{meeting}")).text


async def test_a_withdrawn_item_and_one_that_waits_send_no_papers(
    db: Connection, storage: Storage, office: Clock, client: Clients
) -> None:
    meeting = await convened(db, office)
    for status in ("registered", "withdrawn", "returned"):
        await paper(db, storage, await make.item(db, meeting, status=status), f"{status}.pdf")
    page = await (await client.browser("anna")).get(f"{PAGE}/einladung")
    assert "Ein angemeldeter Punkt wartet noch auf die Aufnahme." in page.text
    await act(await client.as_("anna"), meeting, "invite")
    assert await db.fetchval("select count(*) from agenda_version_paper") == 0
    assert "registered" not in await db.fetchval("select agenda::text from agenda_version")


async def test_a_document_goes_to_its_own_readers(db: Connection, client: Clients, office: Clock) -> None:
    meeting = await convened(db, office)
    item = await make.item(db, meeting)
    document = await make.document(db, level="circle")
    await db.execute(
        """
        insert into paper (meeting_id, item_id, number, title, confidentiality, document_id, submitted_on)
        values ($1, $2, 1, 'Leitfaden', 'circle', $3, '2026-11-20')
        """,
        meeting, item, document,
    )  # fmt: skip
    looked = msgspec.convert(
        (await (await client.as_("anna")).get(f"/api/v1/meetings/{meeting}/invitation")).json(),
        InvitationPreview,
    )
    linked = {one.name: one.linked for one in looked.recipients}
    assert "TOP 4: Leitfaden" in linked["Ben Beauftragt"]
    assert "TOP 4: Leitfaden" not in linked["Vera Ministerium"]


Fresh = tuple[Database, Settings]


def files_in(folder: Path) -> int:
    return sum(1 for path in folder.rglob("*") if path.is_file())


async def test_three_builders_at_once_and_one_later_leave_one_letter(
    fresh: Fresh, office: Clock, tmp_path: Path
) -> None:
    database, settings = fresh
    storage = Storage(str(tmp_path / "files"))
    async with database.begin(None) as db:
        await invited(db, office)
        dispatch_id = await dispatch(db)
    await asyncio.gather(
        *(build_invitation(database, storage, settings, dispatch_id, office) for _ in range(3))
    )
    await build_invitation(database, storage, settings, dispatch_id, office)
    async with database.begin(None) as db:
        assert len(await parts(db)) == 3
        assert len(await make.outbox(db, "distribution.send")) == 1
        assert await db.fetchval("select count(*) from file") == 2
    assert files_in(tmp_path / "files") == 2, "bytes of those who came too late are thrown away"


async def test_a_dispatch_cancelled_meanwhile_gets_no_letter(
    fresh: Fresh, office: Clock, tmp_path: Path
) -> None:
    database, settings = fresh
    storage = Storage(str(tmp_path / "files"))
    async with database.begin(None) as db:
        await invited(db, office)
        dispatch_id = await dispatch(db)
        await db.execute("update dispatch set state = 'cancelled'")
    await build_invitation(database, storage, settings, dispatch_id, office)
    assert files_in(tmp_path / "files") == 0


async def test_what_went_out_is_never_altered(fresh: Fresh, office: Clock) -> None:
    database, _ = fresh
    async with database.begin(None) as db:
        await invited(db, office)
    for change in (
        "update agenda_version set sha256 = 'x'",
        "delete from agenda_version",
        "delete from agenda_version_paper",
    ):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with database.begin(None) as db:
                await db.execute(change)


async def test_the_meeting_is_found_by_the_titles_that_went_out(
    db: Connection, client: Clients, office: Clock
) -> None:
    meeting = await convened(db, office)
    await make.item(db, meeting, "Sprachmittlung vor Gericht")
    for status in ("registered", "returned", "withdrawn"):
        await make.item(db, meeting, f"Nicht dabei {status}", status=status)
    body = "select body from search_entry where source_id = $1"
    assert "Verschiedenes" not in await db.fetchval(body, meeting)
    await act(await client.as_("anna"), meeting, "invite")
    told = await db.fetchval(body, meeting)
    assert "Sprachmittlung vor Gericht" in told and "Nicht dabei" not in told
