"""What changed from one dispatched agenda to the next: for each item, in words, from the snapshots alone."""

from datetime import date
from typing import Any
from uuid import UUID

import msgspec
import pytest

from circle.core.clock import Clock
from circle.core.db import Connection
from circle.core.files import Storage
from circle.meetings.agenda import versions
from circle.meetings.agenda.model import SentAgenda, SentItem, SentPaper
from tests import make
from tests.clients import Clients, queries

from ..test_invite import paper
from ..world import PAGE, act, invited
from . import MASK, item, of
from .test_pages import read


async def top(db: Connection, meeting: UUID, number: str) -> str:
    return str(
        await db.fetchval("select id from agenda_item where meeting_id = $1 and number = $2", meeting, number)
    )


async def two_versions(db: Connection, storage: Storage, client: Clients, office: Clock) -> UUID:
    """TOP 4 takes longer and gets a paper, TOP 3 is taken back, 3a is new, and the meeting has another room."""
    meeting, anna = await invited(db, office), await client.as_("anna")
    four = await top(db, meeting, "4")
    await paper(db, storage, UUID(four), "Zahlen.pdf", "internal")
    ben_id = str(await make.person_id(db, "ben"))
    await anna.patch(
        item(four), json={"planned_minutes": 40, "rapporteur_id": ben_id}, headers={"if-match": '"v2"'}
    )
    await (await client.as_("ben")).post(of(meeting), json={"title": "Neue Lage", "aim": "information"})
    new = await db.fetchval("select id from agenda_item where number = ''")
    await anna.post(item(new, "admit"))
    await anna.post(item(await top(db, meeting, "2"), "withdraw"))
    revision = (await anna.get(f"/api/v1/meetings/{meeting}")).headers["etag"]
    moved = {"place": "Arnsberg, Saal 2", "end_local": "15:00"}
    assert (
        await anna.patch(f"/api/v1/meetings/{meeting}", json=moved, headers={"if-match": revision})
    ).status_code == 200
    sent = await act(anna, meeting, "supplement")
    assert sent.status_code == 200, sent.text
    return meeting


async def test_each_change_is_told_in_words(
    db: Connection, storage: Storage, client: Clients, office: Clock
) -> None:
    meeting = await two_versions(db, storage, client, office)
    ben = await client.as_("ben")
    with queries(db) as seen:
        first, second = (await ben.get(of(meeting, "agenda-versions"))).json()["items"]
    assert len(seen) == 1
    assert (first["version"], first["kind"], first["item_count"], first["items"], first["meeting"]) == (
        1, "invitation", 4, [], [],
    )  # fmt: skip
    assert [(one["field"], one["before"], one["after"]) for one in second["meeting"]] == [
        ("end_local", "14:00 Uhr", "15:00 Uhr"), ("place", "Arnsberg, Saal 1", "Arnsberg, Saal 2"),
    ]  # fmt: skip
    told = {one["number"]: (one["change"], one["fields"]) for one in second["items"]}
    assert {number: change for number, (change, _) in told.items()} == {"2": "removed", "4": "changed"} | {
        number: "new" for number in told if number not in ("2", "4")
    }
    assert [(one["title"], one["number"]) for one in second["items"] if one["change"] == "new"] == [
        ("Neue Lage", "2a")
    ]
    assert told["4"][1] == [
        {"field": "planned_minutes", "label": "Dauer", "before": "15 Minuten", "after": "40 Minuten"},
        {"field": "rapporteur_name", "label": "Vortrag", "before": "", "after": "Ben Beauftragt"},
        {"field": "papers", "label": "Neue Unterlage", "before": "", "after": "Zahlen"},
    ]


async def test_the_page_marks_them(db: Connection, storage: Storage, client: Clients, office: Clock) -> None:
    await two_versions(db, storage, client, office)
    for nick in ("anna", "ben"):
        browser = await client.browser(nick)
        assert f"{PAGE}/fassungen" in (await browser.get(PAGE)).text
        page = read(await browser.get(f"{PAGE}/fassungen"))
        removed, added = ([one.text_content() for one in page.xpath(f"//{tag}")] for tag in ("del", "ins"))
        assert "vorher: 15 Minuten" in removed and "jetzt: 40 Minuten" in added and "Neue Lage" in added
        assert any(one.startswith("Genehmigung der Niederschrift") for one in removed)
        headings = [one.text_content() for one in page.xpath("//main//h2")]
        assert headings == ["1. Nachversand vom 23.11.2026", "Einladung vom 23.11.2026"], "the newest first"
        assert not page.xpath("//main//form")
    clara = await client.browser("clara")
    assert (await clara.get(f"{PAGE}/fassungen")).status_code == 404
    meeting = await db.fetchval("select id from meeting")
    assert (await (await client.as_("clara")).get(of(meeting, "agenda-versions"))).status_code == 404


async def test_before_the_invitation_there_is_none(client: Clients, db: Connection) -> None:
    meeting = await make.meeting(db)
    assert (await (await client.as_("ben")).get(of(meeting, "agenda-versions"))).json() == {
        "items": [],
        "next": None,
    }
    assert "Noch ist keine versandt" in (await (await client.browser("ben")).get(f"{PAGE}/fassungen")).text
    assert f"{PAGE}/fassungen" not in (await (await client.browser("ben")).get(PAGE)).text


@pytest.mark.confidential
async def test_a_confidential_item_stays_masked(
    db: Connection, storage: Storage, client: Clients, office: Clock
) -> None:
    meeting = await invited(db, office)
    secret = await make.item(db, meeting, "Personalfrage", level="confidential")
    await paper(db, storage, secret, "Gutachten.pdf", "confidential")
    anna = await client.as_("anna")
    assert (await act(anna, meeting, "supplement")).status_code == 200
    await db.execute("update agenda_content set planned_minutes = 90 where item_id = $1", secret)
    assert (await act(anna, meeting, "supplement", {"note": "Noch etwas."})).status_code == 200
    for nick in ("anna", "ben"):
        answer = await (await client.as_(nick)).get(of(meeting, "agenda-versions"))
        assert "Personalfrage" not in answer.text and "Gutachten" not in answer.text, (
            "named or not: as it went out"
        )
        _, second, third = answer.json()["items"]
        ((number, title, fields),) = [(one["number"], one["title"], one["fields"]) for one in second["items"]]
        assert (number, title, fields) == ("4a", MASK, []) and third["items"] == []


async def test_papers_that_a_guest_may_open_no_more_are_not_named(
    db: Connection, storage: Storage, client: Clients, office: Clock
) -> None:
    meeting = await two_versions(db, storage, client, office)
    vera = await client.as_("vera")
    assert "Zahlen" in (await vera.get(of(meeting, "agenda-versions"))).text
    await db.execute("update meeting set date = '2026-11-20'")
    answer = await vera.get(of(meeting, "agenda-versions"))
    assert answer.status_code == 200 and "Zahlen" not in answer.text


ONE, TWO, THREE = (UUID(int=n) for n in (1, 2, 3))


def agenda(*items: SentItem, **given: Any) -> SentAgenda:
    values = {"title": "1. Sitzung", "date": date(2027, 1, 13), "start_local": "10:00", "end_local": "14:00",
        "mode": "in_person", "place": "Köln", "link": ""} | given  # fmt: skip
    return SentAgenda(**values, items=list(items))


def test_the_rule_alone() -> None:
    same = SentItem(ONE, "1", "Begrüßung", "on_agenda", planned_minutes=5)
    paper = SentPaper(THREE, "Zahlen")
    old = SentItem(TWO, "2", "Bericht", "on_agenda", aim="information", kind="report", papers=[paper])
    assert versions.differences(agenda(same, old), agenda(same, old)) == []
    newer = msgspec.structs.replace(
        old, papers=[SentPaper(THREE, "Zahlen", 2)], kind="deliberation", aim="coordination"
    )
    (found,) = versions.differences(agenda(same, old), agenda(same, newer))
    assert [(one.label, one.before, one.after) for one in found.fields] == [
        ("Ziel", "Information", "Abstimmung"), ("Art", "Bericht", "Beratung"),
        ("Unterlage", "Zahlen", "Zahlen (Fassung 2)"),
    ]  # fmt: skip
    for status, change in (("withdrawn", "removed"), ("removed", "removed"), ("adjourned", "adjourned")):
        gone = msgspec.structs.replace(old, status=status)
        assert [one.change for one in versions.differences(agenda(old), agenda(gone))] == [change]
        assert versions.differences(agenda(gone), agenda(gone)) == [], "told once"
    assert [one.change for one in versions.differences(agenda(same, old), agenda(same))] == ["removed"]
    late = SentItem(THREE, "2a", "Spät", "on_agenda", papers=[SentPaper(ONE, "Lage")])
    (new,) = versions.differences(agenda(old), agenda(old, late))
    assert (new.change, new.fields[0].label, new.fields[0].after) == ("new", "Neue Unterlage", "Lage")
