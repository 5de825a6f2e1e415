"""Aufnahme: the office takes a proposal onto the agenda, and the submitter is told (story S02)."""

import pytest

from circle.core.db import Connection
from tests import make
from tests.clients import Clients

from . import NEW, SECRET, acts, found_in, item, letters, of


async def test_everybody_sees_it_and_the_submitter_is_told(client: Clients, db: Connection) -> None:
    meeting = await make.meeting(db)
    await make.person(db, "carl", authority="br-koeln", roles=["commissioner"])
    ben, anna, carl = [await client.as_(nick) for nick in ("ben", "anna", "carl")]
    made = (await ben.post(of(meeting), json=NEW)).json()
    answer = await anna.post(item(made["id"], "admit"), headers={"if-match": '"v1"'})
    assert answer.status_code == 200 and answer.headers["etag"] == '"v2"'
    assert answer.json()["status"] == "admitted"
    assert (await carl.get(item(made["id"]))).json()["title"] == NEW["title"]
    assert await found_in(db, made["id"]) == ("open", NEW["title"], "KK-2027-1")
    ((subject, text, name),) = await letters(db, made["id"])
    assert subject == f"Ihr Punkt ist aufgenommen: {NEW['title']}" and name == "Ben Beauftragt"
    assert "Mittwoch, 13. Januar 2027" in text and "verspätet" not in text
    assert len(await make.outbox(db, "distribution.send")) == 1
    assert await acts(db, made["id"]) == ["agenda_item.proposed", "agenda_item.admitted"]


async def test_who_may_not(client: Clients, db: Connection) -> None:
    meeting = await make.meeting(db)
    await make.person(db, "mona", roles=["circle_moderator"])
    made = await make.item(db, meeting, status="registered")
    for nick, status in (("clara", 404), ("ben", 403), ("mona", 403)):
        answer = await (await client.as_(nick)).post(item(made, "admit"))
        assert answer.status_code == status, nick


async def test_stale_and_wrong_state(client: Clients, db: Connection) -> None:
    meeting = await make.meeting(db)
    made, anna = await make.item(db, meeting, status="registered"), await client.as_("anna")
    stale = await anna.post(item(made, "admit"), headers={"if-match": '"v9"'})
    assert stale.status_code == 412 and stale.json()["current"]["revision"] == 1
    assert (await anna.post(item(made, "admit"))).status_code == 200
    again = await anna.post(item(made, "admit"))
    assert (again.status_code, again.json()["code"]) == (409, "wrong_state")
    held = await make.meeting(db, "KK-2026-9", state="held")
    late = await make.item(db, held, status="registered")
    assert (await anna.post(item(late, "admit"))).status_code == 409


async def test_in_a_running_meeting_it_gets_its_number_at_once(client: Clients, db: Connection) -> None:
    meeting = await make.meeting(db, state="running")
    await make.item(db, meeting, "Begrüßung", status="on_agenda", number="1", by="anna", kind="formality")
    made = await make.item(db, meeting, status="registered")
    answer = await (await client.as_("anna")).post(item(made, "admit"))
    assert (answer.json()["status"], answer.json()["number"]) == ("on_agenda", "1a")


@pytest.mark.confidential
async def test_whoever_admits_a_confidential_one_is_named_for_it(client: Clients, db: Connection) -> None:
    meeting = await make.meeting(db)
    await make.person(db, "otto", roles=["circle_office"])
    ben, anna, otto = [await client.as_(nick) for nick in ("ben", "anna", "otto")]
    made = (await ben.post(of(meeting), json=SECRET)).json()
    assert (await anna.get(item(made["id"]))).json()["aim"] is None
    answer = await anna.post(item(made["id"], "admit"))
    assert answer.json()["title"] == SECRET["title"]
    assert (await anna.get(item(made["id"]))).json()["title"] == SECRET["title"]
    assert (await otto.get(item(made["id"]))).json()["title"] != SECRET["title"]
    assert await acts(db, made["id"]) == [
        "agenda_item.named", "agenda_item.proposed", "agenda_item.named", "agenda_item.admitted", "agenda_item.read",
    ]  # fmt: skip
    assert await found_in(db, made["id"]) == ("sealed", SECRET["title"], "KK-2027-1")
    ((subject, text, _),) = await letters(db, made["id"])
    assert SECRET["title"] not in subject + text
