"""Ansicht als …: the office sees an agenda as a role sees it, and never more than it sees itself."""

from datetime import date
from typing import Any
from uuid import UUID

import msgspec
import pytest

from circle.core.db import Connection
from circle.core.files import Storage
from tests import make
from tests.clients import Clients, queries

from ..test_invite import paper
from . import MASK, of
from .test_pages import read

PAGE = "/sitzungen/KK-2027-1"
PEOPLE = {"member": "carl", "guest": "gunda", "house": "rosa", "ministry": "vera"}


async def world(db: Connection, storage: Storage) -> UUID:
    """A meeting with an open item, a proposal, a confidential item and papers; one person of each role."""
    await make.person(db, "carl", authority="br-koeln", roles=["commissioner"])
    await make.person(db, "rosa", authority="br-koeln", roles=["regional_staff"])
    gunda = await make.person(db, "gunda", authority="kommunal", roles=["municipal_contact"])
    await make.person(db, "vera", authority="ministerium", roles=["ministry_observer"])
    meeting = await make.meeting(db)
    await db.execute(
        "insert into attendance (meeting_id, person_id, status) values ($1, $2, 'guest')", meeting, gunda
    )
    plain = await make.item(db, meeting, "Sprachmittlung")
    await paper(db, storage, plain, "Zahlen.pdf", "internal")
    document = await make.document(db, level="circle", reference="WD-901")
    await db.execute(
        """
        insert into paper (meeting_id, item_id, number, title, confidentiality, document_id, submitted_on)
        values ($1, $2, 2, 'Leitfaden', 'circle', $3, '2026-11-20')
        """,
        meeting, plain, document,
    )  # fmt: skip
    await make.item(db, meeting, "Nur angemeldet", status="registered")
    secret = await make.item(db, meeting, "Personalfrage", level="confidential", named=["anna"])
    await paper(db, storage, secret, "Gutachten.pdf", "confidential")
    return meeting


async def preview(client: Clients, meeting: UUID, role: str, nick: str = "anna") -> Any:
    return await (await client.as_(nick)).get(of(meeting, f"agenda-preview?role={role}"))


@pytest.mark.parametrize("role", PEOPLE)
async def test_it_is_what_somebody_of_the_role_sees(
    client: Clients, db: Connection, storage: Storage, role: str
) -> None:
    meeting = await world(db, storage)
    shown = (await preview(client, meeting, role)).json()
    theirs = await (await client.as_(PEOPLE[role])).get(of(meeting))
    assert shown["seen"] is (theirs.status_code == 200) is (role in ("member", "guest"))
    assert shown["items"] == (theirs.json()["items"] if shown["seen"] else [])
    if shown["seen"]:
        assert [one["title"] for one in shown["items"]] == ["Sprachmittlung", MASK], (
            "proposals are the office's"
        )
        documents = [one["document_reference"] for one in shown["items"][0]["papers"]]
        assert documents == [None, "WD-901" if role == "member" else None]


async def test_the_ministry_sees_it_once_it_is_a_guest(
    client: Clients, db: Connection, storage: Storage
) -> None:
    meeting = await world(db, storage)
    await db.execute(
        "insert into attendance (meeting_id, person_id, status) values ($1, $2, 'guest')",
        meeting, await make.person_id(db, "vera"),
    )  # fmt: skip
    shown = (await preview(client, meeting, "ministry")).json()
    theirs = (await (await client.as_("vera")).get(of(meeting))).json()["items"]
    assert shown["seen"] and shown["items"] == theirs


async def test_after_the_day_a_guest_has_no_papers(client: Clients, db: Connection, storage: Storage) -> None:
    meeting = await world(db, storage)
    await db.execute("update meeting set date = $1", date(2026, 11, 20))
    shown = (await preview(client, meeting, "guest")).json()["items"]
    theirs = (await (await client.as_("gunda")).get(of(meeting))).json()["items"]
    assert shown[0]["papers"] == [] and shown == theirs


@pytest.mark.confidential
@pytest.mark.parametrize("role", PEOPLE)
async def test_what_the_office_may_read_itself_does_not_slip_into_it(
    client: Clients, db: Connection, storage: Storage, role: str
) -> None:
    meeting = await world(db, storage)
    own = await (await client.as_("anna")).get(of(meeting))
    assert "Personalfrage" in own.text and "Gutachten" in own.text, "she is named for it"
    for answer in (
        await preview(client, meeting, role), await (await client.browser("anna")).get(f"{PAGE}/ansicht?als={role}"),
    ):  # fmt: skip
        assert answer.status_code == 200
        assert "Personalfrage" not in answer.text and "Gutachten" not in answer.text
    assert "Personalfrage" in (await (await client.as_("anna")).get(of(meeting))).text, (
        "her own view is as it was"
    )


async def test_never_more_than_the_office_sees(client: Clients, db: Connection, storage: Storage) -> None:
    """Even keys that open everything show no more than the reader's own do."""
    meeting = await world(db, storage)
    secret = await db.fetchval("select item_id from agenda_content where confidentiality = 'confidential'")
    mighty = ["public", "internal", "circle", f"named:{secret}", "role:circle_office"]
    for own in (["circle", "internal"], ["internal"], []):
        ours = msgspec.json.decode(await db.fetchval("select agenda_body($1, $2)", meeting, own))
        seen = msgspec.json.decode(await db.fetchval("select agenda_as($1, $2, $3)", meeting, mighty, own))
        assert {one["id"] for one in seen} <= {one["id"] for one in ours}
        for one in seen:
            mine = next(other for other in ours if other["id"] == one["id"])
            if mine["kind"] is None:
                assert one == mine
            papers = {paper["id"] for paper in one["papers"] or []}
            assert papers <= {paper["id"] for paper in mine["papers"] or []}
        text = msgspec.json.encode(seen).decode()
        assert "Personalfrage" not in text and "Gutachten" not in text


async def test_refusals_and_one_statement(client: Clients, db: Connection, storage: Storage) -> None:
    meeting = await world(db, storage)
    for nick, status in (("ben", 403), ("clara", 404), ("rosa", 404)):
        assert (await preview(client, meeting, "member", nick)).status_code == status
        assert (await (await client.browser(nick)).get(f"{PAGE}/ansicht")).status_code == status
    assert (await preview(client, meeting, "emperor")).status_code == 400
    anna = await client.browser("anna")
    with queries(db) as seen:
        await anna.get(f"{PAGE}/ansicht?als=guest")
    assert len(seen) <= 2, "who asks, and the preview"


async def test_the_page_is_marked_and_has_nothing_to_press(
    client: Clients, db: Connection, storage: Storage
) -> None:
    await world(db, storage)
    anna = await client.browser("anna")
    links = read(await anna.get(PAGE)).xpath("//a[contains(@href, '/ansicht?als=')]")
    assert [one.text_content() for one in links] == [
        f"Ansicht als {name}"
        for name in ("Mitglied", "Gast der Sitzung", "Person aus dem Haus", "Ministerium")
    ]
    assert "/ansicht" not in (await (await client.browser("ben")).get(PAGE)).text
    for role in (*PEOPLE, "emperor"):
        page = read(await anna.get(f"{PAGE}/ansicht?als={role}"))
        text = page.xpath("//main")[0].text_content()
        assert "Das ist eine Vorschau" in text and not page.xpath("//main//form | //main//button")
        assert "Personalfrage" not in text and "Gutachten" not in text
        assert ("Sprachmittlung" in text) is (role not in ("house", "ministry"))
        assert "Zahlen" in text or role in ("house", "ministry")
