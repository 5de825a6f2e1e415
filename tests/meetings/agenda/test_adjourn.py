"""Vertagung, alone, at the close of a meeting, and when a meeting is moved."""

from datetime import date

import pytest

from circle.core.clock import Clock
from circle.core.db import Connection
from circle.meetings.agenda import actions
from tests import make
from tests.clients import Clients

from . import MASK, acts, found_in, item, of


async def test_into_a_later_meeting_with_its_papers(client: Clients, db: Connection) -> None:
    now = await make.meeting(db, state="running")
    later = await make.meeting(db, "KK-2027-2", on=date(2027, 3, 10))
    last = await make.item(db, later, "Verschiedenes", by="anna", kind="miscellaneous")
    made = await make.item(db, now, status="on_agenda", number="4")
    ben, anna = await client.as_("ben"), await client.as_("anna")
    uploaded = (await ben.post("/api/v1/files", files={"file": ("Vorlage.txt", b"Entwurf")})).json()["id"]
    await ben.post(of(now, "papers"), json={"item_id": str(made), "title": "Vorlage", "file_id": uploaded})
    answer = await anna.post(item(made, "adjourn"), json={"meeting_id": str(later)})
    assert answer.status_code == 200, answer.text
    got = answer.json()
    assert (got["status"], got["number"], got["result"]) == ("adjourned", "4", "adjourned")
    assert got["adjourned_to_reference"] == "KK-2027-2"
    copy = (await ben.get(item(got["adjourned_to"]))).json()
    assert (copy["status"], copy["number"], copy["result"], copy["submitted_by_name"]) == (
        "admitted", "", "", "Ben Beauftragt",
    )  # fmt: skip
    assert [paper["title"] for paper in copy["papers"]] == ["Vorlage"] and not copy["late_submission"]
    assert [one["id"] for one in (await ben.get(of(later))).json()["items"]] == [copy["id"], str(last)]
    assert (await found_in(db, copy["id"])) == ("open", "Sprachmittlung in Verfahren", "KK-2027-2")
    assert (await anna.post(item(made, "result"), json={"result": "noted"})).status_code == 409
    assert (await anna.post(item(made, "adjourn"))).status_code == 409
    assert await acts(db, made) == ["agenda_item.adjourned"]


async def test_first_nowhere_then_somewhere(client: Clients, db: Connection) -> None:
    made = await make.item(db, await make.meeting(db, state="running"), status="on_agenda", number="4")
    later = await make.meeting(db, "KK-2027-2", on=date(2027, 3, 10), state="invited")
    anna = await client.as_("anna")
    assert (await anna.post(item(made, "adjourn"))).json()["adjourned_to"] is None
    got = (await anna.post(item(made, "adjourn"), json={"meeting_id": str(later)})).json()
    assert (await anna.get(item(got["adjourned_to"]))).json()["late_submission"]


async def test_refusals(client: Clients, db: Connection) -> None:
    now = await make.meeting(db, state="running")
    earlier = await make.meeting(db, "KK-2026-9", on=date(2026, 12, 1))
    made = await make.item(db, now, status="on_agenda", number="4")
    waiting = await make.item(db, now, status="registered")
    for nick, status in (("clara", 404), ("ben", 403)):
        assert (await (await client.as_(nick)).post(item(made, "adjourn"))).status_code == status
    anna = await client.as_("anna")
    for target in (earlier, now, made):
        answer = await anna.post(item(made, "adjourn"), json={"meeting_id": str(target)})
        assert answer.status_code == 400 and answer.json()["errors"][0]["field"] == "meeting_id"
    assert (await anna.post(item(made, "adjourn"), headers={"if-match": '"v8"'})).status_code == 412
    assert (await anna.post(item(waiting, "adjourn"))).status_code == 409


async def test_the_close_of_a_meeting_adjourns_the_rest(
    client: Clients, db: Connection, office: Clock
) -> None:
    meeting = await make.meeting(db, state="running")
    kinds = [("1", "formality"), ("2", "deliberation"), ("3", "report"), ("4", "miscellaneous")]
    ids = [await make.item(db, meeting, kind, status="on_agenda", number=n, kind=kind) for n, kind in kinds]
    anna = await client.as_("anna")
    await anna.post(item(ids[1], "result"), json={"result": "noted"})
    assert await actions.adjourn_open(db, await make.actor(db, office, "anna"), meeting) == [ids[2]]
    listed = (await anna.get(of(meeting))).json()["items"]
    assert [one["status"] for one in listed] == ["treated", "treated", "adjourned", "treated"]
    assert [one["result"] for one in listed] == ["", "noted", "adjourned", ""]


@pytest.mark.confidential
async def test_a_moved_meeting_takes_everything_along(client: Clients, db: Connection, office: Clock) -> None:
    old = await make.meeting(db, state="invited")
    new = await make.meeting(db, "KK-2027-2", on=date(2027, 3, 10))
    first = await make.item(db, old, "Begrüßung", status="on_agenda", number="1", kind="formality", by="anna")
    secret = await make.item(db, old, "Personalfrage", status="on_agenda", number="2", level="confidential")
    ended = await make.item(db, old, "Weg", status="withdrawn", number="3")
    waiting = await make.item(db, old, "Wartet", status="registered")
    await make.person(db, "carl", authority="br-koeln", roles=["commissioner"])
    await actions.move_items(db, old, new)
    ben, anna, carl = [await client.as_(nick) for nick in ("ben", "anna", "carl")]
    titles = [
        (one["title"], one["status"], one["number"]) for one in (await ben.get(of(new))).json()["items"]
    ]
    assert titles == [
        ("Begrüßung", "admitted", ""), ("Personalfrage", "admitted", ""), ("Wartet", "registered", ""),
    ]  # fmt: skip
    assert [one["title"] for one in (await carl.get(of(new))).json()["items"]] == ["Begrüßung", MASK]
    before = (await anna.get(of(old))).json()["items"]
    assert {one["id"]: one["status"] for one in before} == {
        str(first): "adjourned", str(secret): "adjourned", str(ended): "withdrawn", str(waiting): "adjourned",
    }  # fmt: skip
    assert (await carl.get(item(waiting))).status_code == 404
    copy = (await ben.get(item(secret))).json()["adjourned_to"]
    found = await found_in(db, copy)
    assert found and found[0] == "sealed"


@pytest.mark.confidential
async def test_the_office_adjourns_what_it_may_not_read(client: Clients, db: Connection) -> None:
    now = await make.meeting(db, state="running")
    later = await make.meeting(db, "KK-2027-2", on=date(2027, 3, 10))
    secret = await make.item(db, now, "Personalfrage", status="on_agenda", number="2", level="confidential")
    anna, ben = await client.as_("anna"), await client.as_("ben")
    got = (await anna.post(item(secret, "adjourn"), json={"meeting_id": str(later)})).json()
    assert (got["title"], got["status"], got["adjourned_to"]) == (MASK, "adjourned", None)
    assert [one["title"] for one in (await anna.get(of(later))).json()["items"]] == [MASK]
    assert [one["title"] for one in (await ben.get(of(later))).json()["items"]] == ["Personalfrage"]
