"""The owner does not take a task on, or gives it back; whoever asked is told."""

from circle.core.clock import Clock
from circle.core.db import Connection
from tests import make
from tests.clients import Clients

from . import acts, api, letters, task


async def test_it_works_also_after_accepting(client: Clients, db: Connection, office: Clock) -> None:
    ben = await client.as_("ben")
    for accepted in (False, True):
        found = await task(db, office, accepted=accepted)
        made = (await ben.post(api(found, "decline"), json={"reason": "Keine Zuständigkeit."})).json()
        assert (made["status"], made["declined_reason"]) == ("declined", "Keine Zuständigkeit.")
        assert (made["accepted_by"], made["accepted_on"]) == (None, None)
        assert (f"Aufgabe {made['reference']} ist abgelehnt", "Anna Amt") in await letters(db, found)
        assert (await acts(db, found))[-1] == "task.declined"


async def test_a_reason_is_not_needed(client: Clients, db: Connection, office: Clock) -> None:
    found = await task(db, office)
    assert (await (await client.as_("ben")).post(api(found, "decline"))).json()["declined_reason"] == ""


async def test_who_may_not_and_when_not(client: Clients, db: Connection, office: Clock) -> None:
    await make.person(db, "carl", authority="br-koeln", roles=["commissioner"])
    found = await task(db, office)
    for nick, status in (("clara", 404), ("carl", 403), ("anna", 403)):
        assert (await (await client.as_(nick)).post(api(found, "decline"))).status_code == status
    ben = await client.as_("ben")
    assert (await ben.post(api(found, "decline"), json={"reason": "x" * 301})).status_code == 400
    assert (await ben.post(api(found, "decline"), headers={"if-match": '"v7"'})).status_code == 412
    assert (await ben.post(api(found, "decline"))).status_code == 200
    assert (await ben.post(api(found, "decline"))).status_code == 409
