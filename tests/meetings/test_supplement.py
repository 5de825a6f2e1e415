"""After the invitation: late items and new papers go out as a supplement, and what went out before stays."""

from typing import Any
from uuid import UUID

import icalendar
import msgspec
import pytest

from circle.core.clock import Clock
from circle.core.db import Connection
from circle.core.files import Storage
from circle.meetings.build import build_invitation
from circle.meetings.model import Meeting
from circle.settings import Settings
from tests import make
from tests.clients import Clients, OneConnection

from .test_invite import dispatch, paper, parts, stored, text
from .world import PAGE, act, invited


async def top_4(db: Connection, meeting: UUID) -> UUID:
    found: UUID = await db.fetchval(
        "select id from agenda_item where meeting_id = $1 and number = '4'", meeting
    )
    return found


async def agenda(db: Connection) -> list[dict[str, Any]]:
    """The filed agendas, oldest first."""
    rows = await db.fetch("select agenda::text as agenda from agenda_version order by version")
    return [msgspec.json.decode(row["agenda"]) for row in rows]


async def test_late_items_get_letters_and_only_new_papers_go_out(
    db: Connection, database: OneConnection, storage: Storage, settings: Settings, client: Clients, office: Clock
) -> None:  # fmt: skip
    meeting = await invited(db, office)
    first = (await agenda(db))[0]
    await paper(db, storage, await top_4(db, meeting), "Nachtrag.pdf", "internal")
    await make.item(db, meeting, "Neue Lage", number="")
    anna = await client.as_("anna")
    waiting = (await anna.get(f"/api/v1/meetings/{meeting}")).json()["unsent"]
    assert waiting == {"items": 1, "papers": 1, "changed": False}
    assert (
        "Noch nicht mitgeteilt: 1 neuer Punkt, 1 neue Unterlage"
        in (await (await client.browser("anna")).get(PAGE)).text
    )
    answer = await act(anna, meeting, "supplement", {"note": "Bitte beachten."})
    assert answer.status_code == 200, answer.text
    found = msgspec.convert(answer.json(), Meeting)
    assert (found.state, found.agenda_version, found.sequence) == ("invited", 2, 0)
    assert [item.number for item in found.agenda] == ["1", "2", "3", "4", "4a"]
    assert [(one.version, one.kind) for one in found.editions] == [(1, "invitation"), (2, "supplement")]
    row = await db.fetchrow("select subject, text, title from dispatch where kind = 'supplement'")
    assert row["title"] == "1. Nachversand KK-2027-1" and row["subject"].startswith(
        "1. Nachtrag zur 1. Sitzung"
    )
    for words in ("TOP 4a: Neue Lage", "TOP 4: Nachtrag", "Bitte beachten."):
        assert words in row["text"], words
    assert (await agenda(db))[0] == first and len((await agenda(db))[1]["items"]) == 5
    await db.execute("delete from dispatch_part")
    await build_invitation(database, storage, settings, await dispatch(db, "supplement"), office)
    assert [title for title, *_ in await parts(db)] == [
        "1. Nachtrag zur Tagesordnung", "Termin für den Kalender", "Sitzung im Arbeitsraum", "TOP 4: Nachtrag",
    ]  # fmt: skip
    told = text(await stored(db, storage, "Nachtrag-1-KK-2027-1.pdf"))
    assert "4a" in told and "Neue Lage" in told and "1. Nachtrag zur 1. Sitzung" in told
    event = icalendar.Calendar.from_ical(await stored(db, storage, "KK-2027-1.ics")).walk("VEVENT")[0]
    assert event["SEQUENCE"] == 0
    assert await db.fetchval("select count(*) from audit_event where action = 'meeting.supplemented'") == 1


async def test_nothing_new_is_not_sent_unless_somebody_writes_why(
    db: Connection, client: Clients, office: Clock
) -> None:
    meeting = await invited(db, office)
    anna = await client.as_("anna")
    refused = await act(anna, meeting, "supplement")
    assert (refused.status_code, refused.json()["code"]) == (409, "nothing_new")
    assert (await act(anna, meeting, "supplement", {"note": "Der Eingang ist im Hof."})).status_code == 200


async def test_another_place_counts_for_calendars(
    db: Connection, database: OneConnection, storage: Storage, settings: Settings, client: Clients, office: Clock
) -> None:  # fmt: skip
    meeting = await invited(db, office)
    anna = await client.as_("anna")
    await anna.patch(f"/api/v1/meetings/{meeting}", json={"place": "Hagen"}, headers={"if-match": '"v2"'})
    answer = await act(anna, meeting, "supplement")
    assert answer.json()["sequence"] == 1 and answer.json()["unsent"]["changed"] is False
    assert "Zeit, Ort oder Zugang haben sich geändert" in await db.fetchval(
        "select text from dispatch where kind = 'supplement'"
    )
    await build_invitation(database, storage, settings, await dispatch(db, "supplement"), office)
    calendar = icalendar.Calendar.from_ical(await stored(db, storage, "KK-2027-1.ics"))
    event = calendar.walk("VEVENT")[0]
    assert (calendar["METHOD"], event["SEQUENCE"], event["LOCATION"]) == ("REQUEST", 1, "Hagen")
    assert event["UID"].startswith(str(meeting))


async def test_a_new_version_of_a_paper_is_new_and_the_old_one_is_not_sent_again(
    db: Connection, storage: Storage, client: Clients, office: Clock
) -> None:
    meeting = await invited(db, office)
    one = await paper(db, storage, await top_4(db, meeting), "Konzept.pdf")
    anna = await client.as_("anna")
    await act(anna, meeting, "supplement")
    assert (await anna.get(f"/api/v1/meetings/{meeting}")).json()["unsent"]["papers"] == 0
    await db.execute("update paper set version = 2 where id = $1", one)
    assert (await anna.get(f"/api/v1/meetings/{meeting}")).json()["unsent"]["papers"] == 1
    await act(anna, meeting, "supplement")
    rows = await db.fetch("select version, paper_version from agenda_version_paper order by version")
    assert [tuple(row) for row in rows] == [(2, 1), (3, 2)]


async def test_papers_of_a_withdrawn_item_are_no_longer_sent(
    db: Connection, storage: Storage, client: Clients, office: Clock
) -> None:
    meeting = await invited(db, office)
    item = await top_4(db, meeting)
    await paper(db, storage, item, "Zu spät.pdf")
    anna = await client.as_("anna")
    assert (await anna.post(f"/api/v1/agenda-items/{item}/withdraw")).status_code == 200
    assert (await anna.get(f"/api/v1/meetings/{meeting}")).json()["unsent"]["papers"] == 0
    answer = await act(anna, meeting, "supplement", {"note": "TOP 4 entfällt."})
    assert [item["number"] for item in answer.json()["agenda"]] == ["1", "2", "3", "4"]
    assert await db.fetchval("select count(*) from agenda_version_paper") == 0
    page = await (await client.browser("ben")).get(PAGE)
    assert "abgesetzt" in page.text


async def test_who_may_not_and_when_not(db: Connection, client: Clients, office: Clock) -> None:
    meeting = await invited(db, office)
    for nick, status in (("ben", 403), ("clara", 404)):
        assert (await act(await client.as_(nick), meeting, "supplement", {"note": "x"})).status_code == status
    anna = await client.as_("anna")
    assert (await act(anna, meeting, "supplement", {"note": "x"}, key="")).status_code == 400
    assert (await act(anna, meeting, "supplement", {"note": "x"}, match='"v1"')).status_code == 412
    early = await make.meeting(db, "KK-2027-8")
    assert (await act(anna, early, "supplement", {"note": "x"})).status_code == 409
    assert (await (await client.browser("anna")).get("/sitzungen/KK-2027-8/nachversand")).status_code == 409


async def test_the_page_sends_once(db: Connection, client: Clients, office: Clock) -> None:
    meeting = await invited(db, office)
    browser = await client.browser("anna")
    page = await browser.get(f"{PAGE}/nachversand")
    assert page.status_code == 200 and "Seit dem letzten Versand gibt es nichts Neues" in page.text
    form = {"revision": "2", "idempotency_key": "k", "note": "Parken im Hof."}
    answers = [await browser.post(f"{PAGE}/nachversand", form) for _ in range(2)]
    assert {one.headers["location"] for one in answers} == {f"/versand/{await dispatch(db, 'supplement')}"}
    assert await db.fetchval("select agenda_version from meeting where id = $1", meeting) == 2


@pytest.mark.confidential
async def test_a_confidential_paper_alone_is_told_to_nobody_who_is_not_named(
    db: Connection, storage: Storage, client: Clients, office: Clock
) -> None:
    meeting = await invited(db, office)
    secret = await make.item(
        db, meeting, "Personalsache", number="5", level="confidential", status="on_agenda"
    )
    await paper(db, storage, secret, "Geheimakte.pdf", "confidential")
    anna, ben = await client.as_("anna"), await client.as_("ben")
    assert (await ben.get(f"/api/v1/meetings/{meeting}")).json()["unsent"]["papers"] == 1
    assert (await anna.get(f"/api/v1/meetings/{meeting}")).json()["unsent"]["papers"] == 0
    refused = await act(anna, meeting, "supplement")
    assert refused.json()["code"] == "nothing_new", "the answer is that of a world without the paper"
    answer = await act(anna, meeting, "supplement", {"note": "Hinweis"})
    assert answer.status_code == 200
    assert "Geheimakte" not in answer.text + await db.fetchval(
        "select text from dispatch where kind = 'supplement'"
    )
    assert await db.fetchval("select readers from agenda_version_paper") == [
        f"named:{secret}",
        f"expert:{secret}",
    ]
