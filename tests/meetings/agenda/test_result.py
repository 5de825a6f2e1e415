"""Ergebnis: text, result, voices and reservations, until the minutes are approved."""

from typing import Any

import pytest

from circle.core.db import Connection
from tests import make
from tests.clients import Clients

from . import MASK, acts, found_in, item

AGREED = {
    "result": "agreed",
    "minutes": "Die Häuser tragen vor.",
    "resolution_text": "Der Koordinierungskreis verabredet gemeinsame Standards.",
    "votes": {"consent": 4, "abstained": 1},
}


async def running(db: Connection, state: str = "running", **more: Any) -> Any:
    return await make.item(
        db, await make.meeting(db, state=state), **{"status": "on_agenda", "number": "3"} | more
    )


async def test_it_is_entered_and_seen(client: Clients, db: Connection) -> None:
    made, anna, ben = await running(db), await client.as_("anna"), await client.as_("ben")
    answer = await anna.post(item(made, "result"), json=AGREED, headers={"if-match": '"v1"'})
    assert answer.status_code == 200, answer.text
    got = answer.json()
    assert (got["status"], got["result"], got["revision"]) == ("treated", "agreed", 2)
    assert got["votes"] == {"consent": 4, "reservation": 0, "against": 0, "abstained": 1}
    seen = (await ben.get(item(made))).json()
    assert (seen["result"], seen["resolution_text"]) == ("agreed", AGREED["resolution_text"])
    assert seen["minutes"] == "" and got["minutes"] == AGREED["minutes"]
    await db.execute("update meeting set state = 'minutes_draft'")
    assert (await ben.get(item(made))).json()["minutes"] == AGREED["minutes"]
    assert await found_in(db, made) == ("open", "Sprachmittlung in Verfahren", "KK-2027-1/TOP-3")
    assert await acts(db, made) == ["agenda_item.concluded"]


async def test_only_what_is_given_changes(client: Clients, db: Connection) -> None:
    made, anna = await running(db), await client.as_("anna")
    await anna.post(item(made, "result"), json={"minutes": "Es wird noch beraten."})
    assert (await anna.get(item(made))).json()["status"] == "on_agenda"
    await anna.post(item(made, "result"), json={"result": "noted"})
    got = (await anna.get(item(made))).json()
    assert (got["status"], got["minutes"]) == ("treated", "Es wird noch beraten.")
    await anna.post(item(made, "result"), json={"result": "removed"})
    assert (await anna.get(item(made))).json()["status"] == "removed"


@pytest.mark.parametrize(
    ("kind", "body", "field"),
    [
        ("miscellaneous", {"result": "agreed"}, "result"),
        ("miscellaneous", {"result": "noted", "votes": {"consent": 5}}, "resolution_text"),
        ("deliberation", {"result": "resolution"}, "result"),
        ("deliberation", {"result": "approved"}, "result"),
        ("deliberation", {"result": "confidential"}, "result"),
        ("deliberation", {"result": "agreed", "votes": {"consent": 4, "against": 1}}, "against"),
        ("deliberation", {"result": "noted", "votes": {"consent": 6}}, "consent"),
        ("deliberation", {"result": "verboten"}, "result"),
        ("deliberation", {"votes": {"consent": -1}}, "votes.consent"),
    ],
)
async def test_what_does_not_fit(
    client: Clients, db: Connection, kind: str, body: dict[str, Any], field: str
) -> None:
    made = await running(db, kind=kind)
    answer = await (await client.as_("anna")).post(item(made, "result"), json=body)
    assert answer.status_code == 400 and answer.json()["errors"][0]["field"] == field, answer.text


@pytest.mark.parametrize(
    ("kind", "result"),
    [("formality", "adopted"), ("approval_of_minutes", "approved"), ("resolution", "resolution")],
)
async def test_formal_results_belong_to_inner_matters(
    client: Clients, db: Connection, kind: str, result: str
) -> None:
    made = await running(db, kind=kind)
    answer = await (await client.as_("anna")).post(item(made, "result"), json={"result": result})
    assert answer.status_code == 200


async def test_who_may_when(client: Clients, db: Connection) -> None:
    made = await running(db)
    await make.person(db, "mona", roles=["circle_moderator"])
    for nick, status in (("clara", 404), ("ben", 403), ("mona", 200)):
        answer = await (await client.as_(nick)).post(item(made, "result"), json={"result": "noted"})
        assert answer.status_code == status, nick
    anna = await client.as_("anna")
    stale = await anna.post(item(made, "result"), json={}, headers={"if-match": '"v1"'})
    assert stale.status_code == 412
    for state, code in (("invited", "wrong_state"), ("minutes_approved", "minutes_approved")):
        await db.execute("update meeting set state = $1", state)
        refused = await anna.post(item(made, "result"), json={"result": "noted"})
        assert (refused.status_code, refused.json()["code"]) == (409, code)


async def test_what_was_admitted_too_late_for_a_supplement_gets_its_number(
    client: Clients, db: Connection
) -> None:
    first = await running(db)
    meeting = await db.fetchval("select meeting_id from agenda_item where id = $1", first)
    late = await make.item(db, meeting, "Kurzfristig")
    answer = await (await client.as_("anna")).post(item(late, "result"), json={"result": "noted"})
    assert (answer.json()["number"], answer.json()["status"]) == ("3a", "treated")


@pytest.mark.confidential
async def test_a_confidential_one_only_by_the_named(client: Clients, db: Connection) -> None:
    made = await running(db, level="confidential", title="Personalfrage")
    anna, ben = await client.as_("anna"), await client.as_("ben")
    await make.person(db, "mona", roles=["circle_moderator"])
    assert (await anna.post(item(made, "result"), json={"result": "noted"})).status_code == 403
    await db.execute(
        "insert into named_access (object_id, person_id) values ($1, $2)",
        made,
        await make.person_id(db, "mona"),
    )
    given = {"result": "confidential", "minutes": "Vertraulich beraten."}
    assert (await (await client.as_("mona")).post(item(made, "result"), json=given)).status_code == 200
    seen = (await anna.get(item(made))).json()
    assert (seen["title"], seen["result"], seen["minutes"], seen["status"]) == (MASK, None, None, "treated")
    assert (await ben.get(item(made))).json()["result"] == "confidential"
    found = await found_in(db, made)
    assert found and found[0] == "sealed"
