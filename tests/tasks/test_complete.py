"""An accepted task is done: its owner says so, or the office on the owner's word."""

from circle.core.clock import Clock
from circle.core.db import Connection
from tests import make
from tests.clients import Clients

from . import acts, api, task


async def test_owner_and_office_say_it(client: Clients, db: Connection, office: Clock) -> None:
    for nick in ("ben", "anna"):
        found = await task(db, office, accepted=True)
        made = (await (await client.as_(nick)).post(api(found, "complete"))).json()
        assert (made["status"], made["done_on"]) == ("done", "2026-11-23")
        assert (await acts(db, found))[-1] == "task.completed"


async def test_who_may_not_and_when_not(client: Clients, db: Connection, office: Clock) -> None:
    await make.person(db, "carl", authority="br-koeln", roles=["commissioner"])
    found = await task(db, office)
    ben = await client.as_("ben")
    early = await ben.post(api(found, "complete"))
    assert early.status_code == 409 and "noch nicht angenommen" in early.json()["detail"]
    await ben.post(api(found, "accept"))
    for nick, status in (("clara", 404), ("carl", 403)):
        assert (await (await client.as_(nick)).post(api(found, "complete"))).status_code == status
    assert (await ben.post(api(found, "complete"), headers={"if-match": '"v1"'})).status_code == 412
    assert (await ben.post(api(found, "complete"))).status_code == 200
    assert (await ben.post(api(found, "complete"))).status_code == 409
    assert (await ben.post(api(found, "decline"))).status_code == 409


async def test_a_done_task_is_never_overdue(client: Clients, db: Connection, office: Clock) -> None:
    found = await task(db, office, accepted=True)
    await db.execute("update task set due = '2026-11-20'")
    ben = await client.as_("ben")
    assert (await ben.get(api(found))).json()["overdue"] is True
    assert (await ben.post(api(found, "complete"))).json()["overdue"] is False
