"""Papers: handed in with a label that follows from the day, opened to whoever may read the item (story S11)."""

from datetime import date
from uuid import UUID

import httpx
import pytest

from circle.core.db import Connection
from tests import make
from tests.clients import Clients, queries

from . import acts, found_in, item, of


async def upload(who: httpx.AsyncClient, name: str = "Vorlage.txt", text: bytes = b"Entwurf") -> str:
    answer = await who.post("/api/v1/files", files={"file": (name, text)})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


async def hand_in(who: httpx.AsyncClient, meeting: UUID, made: UUID, **more: object) -> httpx.Response:
    given: dict[str, object] = {"item_id": str(made), "title": "Vorlage"} | more
    if "document_id" not in given:
        given.setdefault("file_id", await upload(who))
    return await who.post(of(meeting, "papers"), json=given)


async def test_it_is_there_for_all_who_read_the_item(client: Clients, db: Connection) -> None:
    meeting = await make.meeting(db)
    made = await make.item(db, meeting)
    await make.person(db, "carl", authority="br-koeln", roles=["commissioner"])
    ben, carl, clara = [await client.as_(nick) for nick in ("ben", "carl", "clara")]
    answer = await hand_in(ben, meeting, made)
    assert answer.status_code == 201 and answer.headers["etag"] == '"v1"'
    paper = answer.json()
    assert (paper["number"], paper["label"], paper["version"]) == (1, "advance", 1)
    assert (paper["file_name"], paper["author_name"]) == ("Vorlage.txt", "Ben Beauftragt")
    content = f"/api/v1/files/{paper['file_id']}/content"
    assert (await carl.get(content)).content == b"Entwurf"
    assert (await clara.get(content)).status_code == 404
    assert (await hand_in(carl, meeting, made, title="Stellungnahme")).json()["number"] == 2
    with queries(db) as seen:
        listed = (await carl.get(of(meeting, "papers"))).json()
    assert len(seen) == 1 and [one["title"] for one in listed["items"]] == ["Vorlage", "Stellungnahme"]
    assert (await carl.get(f"/api/v1/papers/{paper['id']}")).json() == paper
    assert [one["id"] for one in (await carl.get(item(made))).json()["papers"]] == [
        one["id"] for one in listed["items"]
    ]
    for path in (of(meeting, "papers"), f"/api/v1/papers/{paper['id']}"):
        assert (await clara.get(path)).status_code == 404
    assert await acts(db, paper["id"]) == ["paper.handed_in"]
    body = await db.fetchval("select body from search_entry where source_id = $1", made)
    assert "Stellungnahme" in body


@pytest.mark.parametrize(
    ("on", "state", "label"),
    [
        (date(2026, 12, 1), "invited", "advance"),  # 23.11., then seven whole days, then the meeting
        (date(2026, 11, 30), "invited", "late"),
        (date(2026, 11, 23), "invited", "tabled"),
        (date(2027, 1, 13), "running", "tabled"),
    ],
)
async def test_the_label_follows_from_the_day(
    client: Clients, db: Connection, on: date, state: str, label: str
) -> None:
    meeting = await make.meeting(db, on=on, state=state)
    made = await make.item(db, meeting, status="on_agenda", number="1")
    assert (await hand_in(await client.as_("ben"), meeting, made)).json()["label"] == label


async def test_a_new_version_is_dated_and_labelled_anew(client: Clients, db: Connection) -> None:
    meeting = await make.meeting(db)
    made = await make.item(db, meeting)
    ben, anna = await client.as_("ben"), await client.as_("anna")
    paper = (await hand_in(ben, meeting, made)).json()
    path = f"/api/v1/papers/{paper['id']}"
    await db.execute("update meeting set date = '2026-11-26', state = 'invited' where id = $1", meeting)
    new = await upload(ben, text=b"Zweite Fassung")
    assert (await ben.patch(path, json={"file_id": new})).status_code == 428
    answer = await ben.patch(path, json={"file_id": new}, headers={"if-match": '"v1"'})
    assert answer.status_code == 200, answer.text
    assert (answer.json()["version"], answer.json()["label"]) == (2, "late")
    assert (await anna.get(f"/api/v1/files/{new}/content")).content == b"Zweite Fassung"
    assert (await anna.get(f"/api/v1/files/{paper['file_id']}/content")).status_code == 200
    stale = await ben.patch(path, json={"title": "x"}, headers={"if-match": '"v1"'})
    assert stale.status_code == 412 and stale.json()["current"]["version"] == 2
    named = await anna.patch(path, json={"title": "Vorlage neu"}, headers={"if-match": '"v2"'})
    assert (named.json()["title"], named.json()["version"]) == ("Vorlage neu", 2)
    await make.person(db, "carl", authority="br-koeln", roles=["commissioner"])
    other = await (await client.as_("carl")).patch(path, json={"title": "x"}, headers={"if-match": '"v3"'})
    assert other.status_code == 403


async def test_a_document_of_the_knowledge_base(client: Clients, db: Connection) -> None:
    meeting = await make.meeting(db)
    made, ben = await make.item(db, meeting), await client.as_("ben")
    document = await make.document(db, level="circle")
    paper = (await hand_in(ben, meeting, made, document_id=str(document), confidentiality="public")).json()
    assert (paper["document_reference"], paper["confidentiality"]) == ("WD-900", "circle")
    secret = await make.document(db, level="confidential", reference="WD-901")
    assert (await hand_in(ben, meeting, made, document_id=str(secret))).status_code == 400
    draft = await make.document(db, state="draft", reference="WD-902")
    await db.execute("update paper set document_id = $1", draft)
    seen = (await ben.get(f"/api/v1/papers/{paper['id']}")).json()
    assert (seen["title"], seen["document_id"], seen["document_reference"]) == ("Vorlage", None, None)


async def test_refusals(client: Clients, db: Connection) -> None:
    meeting = await make.meeting(db)
    made, gone = await make.item(db, meeting), await make.item(db, meeting, status="withdrawn")
    await make.person(db, "rita", roles=["records_manager"])
    ben, anna, clara, rita = [await client.as_(nick) for nick in ("ben", "anna", "clara", "rita")]
    foreign = await upload(anna)
    body = {"item_id": str(made), "title": "Vorlage", "file_id": foreign}
    assert (await clara.post(of(meeting, "papers"), json=body)).status_code == 404
    assert (await rita.post(of(meeting, "papers"), json=body)).status_code == 403
    assert (await ben.post(of(meeting, "papers"), json=body)).status_code == 400
    assert (await hand_in(ben, meeting, meeting)).json()["errors"][0]["field"] == "item_id"
    assert (await hand_in(ben, meeting, made, confidentiality="confidential")).json()[
        "code"
    ] == "level_too_high"
    assert (await ben.post(of(meeting, "papers"), json=body | {"file_id": None})).status_code == 400
    assert (await hand_in(anna, meeting, gone)).status_code == 409
    for state, nick, status in (("held", ben, 409), ("held", anna, 201), ("minutes_approved", anna, 409)):
        await db.execute("update meeting set state = $2 where id = $1", meeting, state)
        assert (await hand_in(nick, meeting, made)).status_code == status, state


@pytest.mark.confidential
async def test_papers_of_a_confidential_item_are_confidential(client: Clients, db: Connection) -> None:
    meeting = await make.meeting(db)
    made = await make.item(db, meeting, "Personalfrage", level="confidential")
    ben, anna = await client.as_("ben"), await client.as_("anna")
    paper = (await hand_in(ben, meeting, made)).json()
    assert paper["confidentiality"] == "confidential"
    assert (await hand_in(anna, meeting, made)).status_code == 403
    assert (await anna.get(of(meeting, "papers"))).json()["items"] == []
    for path in (f"/api/v1/papers/{paper['id']}", f"/api/v1/files/{paper['file_id']}/content"):
        assert (await anna.get(path)).status_code == 404
        assert (await ben.get(path)).status_code == 200
    assert (await anna.get(item(made))).json()["papers"] is None
    readers = await db.fetch("select actor_name from audit_event where action = 'agenda_item.read'")
    assert [row["actor_name"] for row in readers] == ["Ben Beauftragt"]
    found = await found_in(db, made)
    assert found and found[0] == "sealed"


async def test_who_attended_keeps_the_item_and_not_its_papers(client: Clients, db: Connection) -> None:
    """The deputy's rights are for the time; what stays is what the minutes are about (domain rules 3.2)."""
    meeting = await make.meeting(db, on=date(2026, 11, 23))
    made = await make.item(db, meeting)
    kim = await make.person(db, "kim", authority="br-koeln", roles=["commissioner"])
    dina = await make.person(db, "dina", authority="br-koeln", roles=["regional_staff"])
    await db.execute("insert into attendance values ($1, $2, 'represented', $3)", meeting, kim, dina)
    paper = (await hand_in(await client.as_("ben"), meeting, made)).json()
    paths = f"/api/v1/papers/{paper['id']}", f"/api/v1/files/{paper['file_id']}/content"
    member, deputy = await client.as_("kim"), await client.as_("dina")
    for path in paths:
        assert (await deputy.get(path)).status_code == 200
    await db.execute("update meeting set date = '2026-11-22' where id = $1", meeting)
    for path in paths:
        assert (await deputy.get(path)).status_code == 404
        assert (await member.get(path)).status_code == 200
    found = (await deputy.get(item(made))).json()
    assert (found["title"], found["papers"]) == ("Sprachmittlung in Verfahren", [])
