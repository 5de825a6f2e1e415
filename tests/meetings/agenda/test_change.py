"""Mending a proposal, changing an item, and what moves when its level changes."""

from typing import Any

import lxml.html
import pytest

from circle.core.db import Connection
from circle.core.files import Storage
from tests import make
from tests.clients import Clients

from . import MASK, NEW, SECRET, found_in, item, of

V1 = {"if-match": '"v1"'}


async def test_the_submitter_mends_and_the_house_too(client: Clients, db: Connection) -> None:
    meeting = await make.meeting(db)
    ben = await client.as_("ben")
    made = (await ben.post(of(meeting), json=NEW)).json()
    answer = await ben.patch(item(made["id"]), json={"title": "Besser", "planned_minutes": 45}, headers=V1)
    assert answer.status_code == 200 and answer.headers["etag"] == '"v2"'
    assert (answer.json()["title"], answer.json()["planned_minutes"]) == ("Besser", 45)
    assert answer.json()["aim"] == NEW["aim"]
    assert (await ben.patch(item(made["id"]), json={"title": "x"})).status_code == 428
    stale = await ben.patch(item(made["id"]), json={"title": "x"}, headers=V1)
    assert stale.status_code == 412 and stale.json()["current"]["revision"] == 2


async def test_who_may_when(client: Clients, db: Connection) -> None:
    meeting = await make.meeting(db)
    await make.person(db, "carl", authority="br-koeln", roles=["commissioner"])
    waiting, admitted = await make.item(db, meeting, status="registered"), await make.item(db, meeting)
    ben, carl, anna, clara = [await client.as_(nick) for nick in ("ben", "carl", "anna", "clara")]
    new = {"title": "Neu"}
    assert (await clara.patch(item(admitted), json=new, headers=V1)).status_code == 404
    assert (await carl.patch(item(waiting), json=new, headers=V1)).status_code == 404
    assert (await carl.patch(item(admitted), json=new, headers=V1)).status_code == 403
    assert (await ben.patch(item(admitted), json=new, headers=V1)).status_code == 409
    assert (await anna.patch(item(admitted), json=new, headers=V1)).status_code == 200
    assert await found_in(db, admitted) == ("open", "Neu", "KK-2027-1")


async def test_after_the_invitation_only_time_and_rapporteur(client: Clients, db: Connection) -> None:
    meeting = await make.meeting(db, state="invited")
    made, anna = await make.item(db, meeting, status="on_agenda", number="3"), await client.as_("anna")
    assert (await anna.patch(item(made), json={"title": "Neu"}, headers=V1)).status_code == 409
    answer = await anna.patch(item(made), json={"planned_minutes": 5}, headers=V1)
    assert answer.json()["planned_minutes"] == 5 and answer.json()["number"] == "3"
    standing = await make.item(db, await make.meeting(db, "KK-2027-2"), kind="formality", by="anna")
    assert (await anna.patch(item(standing), json={"kind": "report"}, headers=V1)).status_code == 409
    over = await make.item(
        db, await make.meeting(db, "KK-2026-9", state="held"), status="treated", number="1"
    )
    assert (await anna.patch(item(over), json={"planned_minutes": 5}, headers=V1)).status_code == 409


@pytest.mark.confidential
async def test_raising_the_level_seals_item_papers_files_and_search(
    client: Clients, db: Connection, storage: Storage
) -> None:
    meeting = await make.meeting(db)
    await make.person(db, "carl", authority="br-koeln", roles=["commissioner"])
    made, ben, anna, carl = (
        await make.item(db, meeting),
        await client.as_("ben"),
        await client.as_("anna"),
        await client.as_("carl"),
    )
    uploaded = (await ben.post("/api/v1/files", files={"file": ("Vorlage.txt", b"Entwurf")})).json()["id"]
    given = {"item_id": str(made), "title": "Vorlage", "file_id": uploaded}
    paper = (await ben.post(of(meeting, "papers"), json=given)).json()
    assert paper["confidentiality"] == "circle"
    content = f"/api/v1/files/{uploaded}/content"
    assert (await carl.get(content)).status_code == 200
    answer = await anna.patch(item(made), json={"confidentiality": "confidential"}, headers=V1)
    assert answer.status_code == 200 and answer.json()["papers"][0]["confidentiality"] == "confidential"
    assert {one["name"] for one in answer.json()["named"]} == {"Anna Amt", "Ben Beauftragt"}
    assert (await carl.get(item(made))).json()["title"] == MASK
    assert (await carl.get(content)).status_code == 404
    assert (await carl.get(f"/api/v1/papers/{paper['id']}")).status_code == 404
    assert (await ben.get(content)).status_code == 200
    assert await found_in(db, made) == ("sealed", "Sprachmittlung in Verfahren", "KK-2027-1")
    lowered = await anna.patch(item(made), json={"confidentiality": "circle"}, headers={"if-match": '"v2"'})
    assert (lowered.status_code, lowered.json()["code"]) == (409, "two_persons")


@pytest.mark.confidential
async def test_the_submitter_lowers_and_the_office_admits(client: Clients, db: Connection) -> None:
    meeting = await make.meeting(db)
    ben, anna = await client.as_("ben"), await client.as_("anna")
    made = (await ben.post(of(meeting), json=SECRET)).json()
    lower = {"confidentiality": "internal"}
    assert (await anna.patch(item(made["id"]), json=lower, headers=V1)).status_code == 403
    answer = await ben.patch(item(made["id"]), json=lower, headers=V1)
    assert answer.json()["confidentiality"] == "internal"
    assert (await anna.get(item(made["id"]))).json()["title"] == SECRET["title"]


@pytest.mark.confidential
async def test_another_rapporteur_is_named(client: Clients, db: Connection) -> None:
    meeting = await make.meeting(db)
    dora = await make.person(db, "dora", roles=["kfi_expert", "circle_moderator"])
    ben, dora_ = await client.as_("ben"), await client.as_("dora")
    made = (await ben.post(of(meeting), json=SECRET)).json()
    assert (await dora_.get(item(made["id"]))).json()["title"] == MASK
    given: dict[str, Any] = {"rapporteur_id": str(dora)}
    await ben.patch(item(made["id"]), json=given, headers=V1)
    assert (await dora_.get(item(made["id"]))).json()["title"] == SECRET["title"]


@pytest.mark.confidential
async def test_the_title_of_an_item_raised_later_was_never_in_the_row_of_its_meeting(
    client: Clients, db: Connection
) -> None:
    meeting = await make.meeting(db)
    await make.person(db, "carl", authority="br-koeln", roles=["commissioner"])
    ben, anna, carl = [await client.as_(nick) for nick in ("ben", "anna", "carl")]
    made = (await ben.post(of(meeting), json=NEW | {"title": "Sache Quastenflosser"})).json()["id"]
    assert (await anna.post(item(made, "admit"))).status_code == 200
    changed = await anna.patch(f"/api/v1/meetings/{meeting}", json={"place": "Köln"}, headers=V1)
    assert changed.status_code == 200
    raised = {"confidentiality": "confidential"}
    assert (await anna.patch(item(made), json=raised, headers={"if-match": '"v2"'})).status_code == 200
    found = (await carl.post("/api/v1/search", json={"query": "Quastenflosser"})).json()["results"]
    assert found == []
    assert "Köln" in await db.fetchval("select body from search_entry where source_id = $1", meeting)


@pytest.mark.confidential
async def test_raising_the_level_seals_the_tasks_and_lowering_opens_none(
    client: Clients, db: Connection
) -> None:
    meeting = await make.meeting(db)
    await make.person(db, "carl", authority="br-koeln", roles=["commissioner"])
    made = await make.item(db, meeting, status="registered")
    ben, anna, carl = [await client.as_(nick) for nick in ("ben", "anna", "carl")]
    asked = {"title": "Akte Quastenflosser", "owner_id": str(await make.person_id(db, "anna"))}
    task = (await anna.post("/api/v1/tasks", json=asked | {"item_id": str(made)})).json()["id"]
    path, level = f"/api/v1/tasks/{task}", "confidentiality"
    assert (await carl.get(path)).status_code == 200 and (await found_in(db, task) or "")[0] == "open"
    raised = await ben.patch(item(made), json={level: "confidential"}, headers=V1)
    assert raised.status_code == 200
    assert (await carl.get(path)).status_code == 404 and (await found_in(db, task) or "")[0] == "sealed"
    assert (await carl.post("/api/v1/search", json={"query": "Quastenflosser"})).json()["results"] == []
    assert (await ben.get(path)).json()["confidential"] and (await anna.get(path)).status_code == 200
    lowered = await ben.patch(item(made), json={level: "circle"}, headers={"if-match": '"v2"'})
    assert lowered.status_code == 200 and (await carl.get(path)).status_code == 404


@pytest.mark.confidential
async def test_named_people_are_taken_off_again_but_never_who_submits_or_reports(
    client: Clients, db: Connection
) -> None:
    meeting = await make.meeting(db)
    carl, kim, dora = [
        await make.person(db, nick, authority=house, roles=["commissioner"])
        for nick, house in (("carl", "br-koeln"), ("kim", "br-muenster"), ("dora", "br-detmold"))
    ]
    ben, ben_id = await client.as_("ben"), str(await make.person_id(db, "ben"))
    new = SECRET | {"rapporteur_id": str(dora), "named": [str(carl)]}
    made = (await ben.post(of(meeting), json=new)).json()["id"]
    carl_ = await client.as_("carl")
    assert (await carl_.get(item(made))).json()["title"] == SECRET["title"]
    kept = await ben.patch(item(made), json={"planned_minutes": 5}, headers=V1)
    assert {one["id"] for one in kept.json()["named"]} == {ben_id, str(carl), str(dora)}
    given = {"named": [str(kim)]}
    answer = await ben.patch(item(made), json=given, headers={"if-match": '"v2"'})
    assert {one["id"] for one in answer.json()["named"]} == {ben_id, str(kim), str(dora)}
    assert (await carl_.get(item(made))).status_code == 404, (
        "an unadmitted proposal is there for its own only"
    )
    record = await db.fetchval(
        "select detail -> 'people' ->> 0 from audit_event where action = 'agenda_item.named_no_more'"
    )
    assert record == str(carl)
    page = await (await client.browser("ben")).get(f"/sitzungen/KK-2027-1/top/{made}?schritt=change")
    form = lxml.html.fromstring(page.text).xpath("//input[@name='named'][@checked]/@value")
    assert set(form) == {ben_id, str(kim), str(dora)}
