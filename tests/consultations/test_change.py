"""A request is mended until somebody works on it; the office sorts it at any time."""

from circle.core.clock import Clock
from circle.core.db import Connection
from circle.core.files import Storage
from tests import make
from tests.clients import Clients

from . import acts, api, field

V2 = {"if-match": '"v2"'}


async def test_it_works_and_leaves_the_rest(client: Clients, db: Connection, office: Clock) -> None:
    found = await make.consultation(db, office, purpose="Für die Dienststelle")
    ben = await client.as_("ben")
    answer = await ben.patch(api(found), json={"subject": "Sprachmittlung"}, headers=V2)
    assert answer.status_code == 200 and answer.headers["etag"] == '"v3"'
    assert (answer.json()["subject"], answer.json()["purpose"]) == ("Sprachmittlung", "Für die Dienststelle")
    assert (await acts(db, found))[-1] == "consultation.changed"
    assert (
        await db.fetchval("select title from search_sealed where source_id = $1", found) == "Sprachmittlung"
    )


async def test_without_if_match_428_and_stale_412(client: Clients, db: Connection, office: Clock) -> None:
    found = await make.consultation(db, office)
    ben = await client.as_("ben")
    assert (await ben.patch(api(found), json={"subject": "a"})).status_code == 428
    stale = await ben.patch(api(found), json={"subject": "a"}, headers={"if-match": '"v1"'})
    assert stale.status_code == 412 and stale.json()["current"]["subject"] == "Sprachmittlung in der Beratung"


async def test_level_and_haste_stand_fast_after_receipt(
    client: Clients, db: Connection, office: Clock
) -> None:
    draft, received = await make.consultation(db, office, "draft"), await make.consultation(db, office)
    ben = await client.as_("ben")
    wanted = {"confidentiality": "confidential", "priority": "urgent", "urgency_reason": "Frist"}
    changed = await ben.patch(api(draft), json=wanted, headers={"if-match": '"v1"'})
    assert changed.json()["confidentiality"] == "confidential"
    assert (await ben.patch(api(received), json=wanted, headers=V2)).status_code == 409
    urgent = {"priority": "urgent", "urgency_reason": ""}
    assert (await ben.patch(api(draft), json=urgent, headers=V2)).status_code == 400


async def test_the_office_sorts_but_does_not_reword(client: Clients, db: Connection, office: Clock) -> None:
    await make.advisers(db)
    await db.execute("insert into topic (id, label) values ('sprache', 'Sprache')")
    found = await make.consultation(db, office, "answered")
    revision = await field(db, found, "revision")
    anna, match = await client.as_("anna"), {"if-match": f'"v{revision}"'}
    sorted_ = await anna.patch(
        api(found), json={"topics": ["sprache"], "note": "Reihe Sprache"}, headers=match
    )
    assert (sorted_.json()["topics"], sorted_.json()["note"]) == (["sprache"], "Reihe Sprache")
    assert (await anna.patch(api(found), json={"subject": "x"}, headers=match)).status_code == 403
    ben = await client.as_("ben")
    assert (await ben.patch(api(found), json={"subject": "x"}, headers=match)).status_code == 409


async def test_the_house_does_not_write_the_offices_note(
    client: Clients, db: Connection, office: Clock
) -> None:
    found = await make.consultation(db, office)
    answer = await (await client.as_("ben")).patch(api(found), json={"note": "x"}, headers=V2)
    assert answer.status_code == 403


async def test_strangers_get_404(client: Clients, db: Connection, office: Clock) -> None:
    await make.advisers(db)
    found = await make.consultation(db, office)
    for nick in ("clara", "carl", "dora"):
        answer = await (await client.as_(nick)).patch(api(found), json={"subject": "x"}, headers=V2)
        assert answer.status_code == 404


async def test_files_come_and_go(client: Clients, db: Connection, office: Clock, storage: Storage) -> None:
    ben, anna = await client.as_("ben"), await client.as_("anna")
    first, second = [
        (await ben.post("/api/v1/files", files={"file": (name, b"Text")})).json()["id"]
        for name in ("entwurf.txt", "anlage.txt")
    ]
    found = await make.consultation(db, office, file_ids=[])
    await ben.patch(api(found), json={"file_ids": [first]}, headers=V2)
    assert (await anna.get(f"/api/v1/files/{first}/content")).content == b"Text"
    changed = await ben.patch(api(found), json={"file_ids": [second]}, headers={"if-match": '"v3"'})
    assert [(file["name"], file["part"]) for file in changed.json()["files"]] == [("anlage.txt", "question")]
    assert (await anna.get(f"/api/v1/files/{first}/content")).status_code == 404
    assert (await anna.get(f"/api/v1/files/{second}")).status_code == 200
    strange = await make.file(db, storage, "fremd.pdf", b"%PDF", audience=["role:kfi_head"])
    refused = await ben.patch(api(found), json={"file_ids": [str(strange)]}, headers={"if-match": '"v4"'})
    assert refused.status_code == 400 and refused.json()["code"] == "unknown_reference"
