"""Only the owner takes a task on: the houses act on their own responsibility (decree Nr. 6)."""

from circle.core.clock import Clock
from circle.core.db import Connection
from tests import make
from tests.clients import Clients

from . import acts, api, task


async def test_it_works(client: Clients, db: Connection, office: Clock) -> None:
    found = await task(db, office)
    answer = await (await client.as_("ben")).post(api(found, "accept"))
    assert answer.status_code == 200 and answer.headers["etag"] == '"v2"'
    made = answer.json()
    assert (made["status"], made["accepted_on"]) == ("accepted", "2026-11-23")
    assert made["accepted_by"] == str(await make.person_id(db, "ben"))
    assert (await acts(db, found))[-1] == "task.accepted"


async def test_who_may_not_and_when_not(client: Clients, db: Connection, office: Clock) -> None:
    await make.person(db, "carl", authority="br-koeln", roles=["commissioner"])
    found = await task(db, office)
    for nick, status in (("clara", 404), ("carl", 403), ("anna", 403)):
        assert (await (await client.as_(nick)).post(api(found, "accept"))).status_code == status
    ben = await client.as_("ben")
    stale = await ben.post(api(found, "accept"), headers={"if-match": '"v7"'})
    assert stale.status_code == 412 and stale.json()["current"]["revision"] == 1
    assert (await ben.post(api(found, "accept"), headers={"if-match": '"v1"'})).status_code == 200
    assert (await ben.post(api(found, "accept"))).status_code == 409


async def test_an_owner_without_their_office_no_longer_accepts(
    client: Clients, db: Connection, office: Clock
) -> None:
    found = await task(db, office)
    await db.execute("update appointment set valid_to = '2026-11-22'")
    assert (await (await client.as_("ben")).post(api(found, "accept"))).status_code == 404
