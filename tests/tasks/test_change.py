"""Wording, dates and owner change until the task is done; nobody accepts for somebody else."""

from circle.core.clock import Clock
from circle.core.db import Connection
from tests import make
from tests.clients import Clients

from . import acts, api, letters, secret, task

V1 = {"if-match": '"v1"'}


async def test_it_works_and_leaves_the_rest(client: Clients, db: Connection, office: Clock) -> None:
    found = await task(db, office)
    anna = await client.as_("anna")
    answer = await anna.patch(api(found), json={"title": "Merkblatt prüfen", "due": None}, headers=V1)
    assert answer.status_code == 200 and answer.headers["etag"] == '"v2"'
    made = answer.json()
    assert (made["title"], made["due"], made["owner_name"]) == ("Merkblatt prüfen", None, "Ben Beauftragt")
    assert (await acts(db, found))[-1] == "task.changed"
    assert (
        await db.fetchval("select title from search_entry where source_id = $1", found) == "Merkblatt prüfen"
    )
    assert len(await letters(db, found)) == 1


async def test_passed_on_it_is_open_again_and_the_new_owner_is_told(
    client: Clients, db: Connection, office: Clock
) -> None:
    await make.person(db, "carl", authority="br-koeln", roles=["commissioner"])
    found = await task(db, office, accepted=True)
    carl = str(await make.person_id(db, "carl"))
    made = await (await client.as_("anna")).patch(
        api(found), json={"owner_id": carl}, headers={"if-match": '"v2"'}
    )
    assert (made.json()["status"], made.json()["accepted_by"]) == ("open", None)
    assert ("Neue Aufgabe AUF-2026-01", "Carl Probe") in await letters(db, found)
    assert (await (await client.as_("ben")).post(api(found, "accept"))).status_code == 403


async def test_a_past_day_that_stays_is_no_fault(client: Clients, db: Connection, office: Clock) -> None:
    found = await task(db, office)
    await db.execute("update task set due = '2026-11-20'")
    anna = await client.as_("anna")
    assert (await anna.patch(api(found), json={"title": "x"}, headers=V1)).json()["overdue"] is True
    refused = await anna.patch(api(found), json={"due": "2026-11-21"}, headers={"if-match": '"v2"'})
    assert refused.status_code == 400 and refused.json()["errors"][0]["field"] == "due"


async def test_the_resubmission_is_judged_against_the_day_that_stays(
    client: Clients, db: Connection, office: Clock
) -> None:
    found = await task(db, office)
    refused = await (await client.as_("anna")).patch(
        api(found), json={"resubmission_on": "2026-12-16"}, headers=V1
    )
    assert refused.status_code == 400 and refused.json()["errors"][0]["field"] == "resubmission_on"


async def test_who_may_not_and_when_not(client: Clients, db: Connection, office: Clock) -> None:
    found = await task(db, office, accepted=True)
    for nick, status in (("clara", 404), ("ben", 403)):
        assert (await (await client.as_(nick)).patch(api(found), json={}, headers=V1)).status_code == status
    anna = await client.as_("anna")
    assert (await anna.patch(api(found), json={})).status_code == 428
    stale = await anna.patch(api(found), json={}, headers=V1)
    assert stale.status_code == 412 and stale.json()["current"]["status"] == "accepted"
    await anna.post(api(found, "complete"))
    assert (await anna.patch(api(found), json={}, headers={"if-match": '"v3"'})).status_code == 409


async def test_a_confidential_one_is_passed_on_by_who_is_named(
    client: Clients, db: Connection, office: Clock
) -> None:
    """Mo owns it without being named for the item: passing it on would take it out of Mo's own sight."""
    await make.person(db, "mo", roles=["circle_moderator"])
    found, ben = await secret(db, office, "mo"), str(await make.person_id(db, "ben"))
    refused = await (await client.as_("mo")).patch(api(found), json={"owner_id": ben}, headers=V1)
    assert refused.status_code == 403
    assert (
        await (await client.as_("anna")).patch(api(found), json={"owner_id": ben}, headers=V1)
    ).status_code == 200
    assert (await (await client.as_("mo")).get(api(found))).status_code == 404
