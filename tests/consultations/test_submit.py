"""A draft is handed in: only then it has a number, a deadline and readers outside the house."""

from circle.core.clock import Clock
from circle.core.db import Connection
from tests import make
from tests.clients import Clients

from . import acts, api, field, letters

TICK = {"no_personal_data": True}


async def test_it_works(client: Clients, db: Connection, office: Clock) -> None:
    draft = await make.consultation(db, office, "draft")
    ben, anna = await client.as_("ben"), await client.as_("anna")
    answer = await ben.post(api(draft, "submit"), json=TICK)
    assert answer.status_code == 200
    made = answer.json()
    assert (made["state"], made["reference"], made["due_on"]) == ("received", "BA-2026-001", "2026-12-07")
    assert [kind for kind, _, _ in await letters(db, draft)] == ["notice", "receipt"]
    assert await acts(db, draft) == ["consultation.drafted", "consultation.received"]
    assert (await anna.get(api(draft))).json()["reference"] == "BA-2026-001"
    assert (
        await db.fetchval("select reference from search_sealed where source_id = $1", draft) == "BA-2026-001"
    )


async def test_without_the_tick_it_stays_a_draft(client: Clients, db: Connection, office: Clock) -> None:
    draft = await make.consultation(db, office, "draft")
    answer = await (await client.as_("ben")).post(api(draft, "submit"), json={})
    assert answer.status_code == 400 and answer.json()["errors"][0]["field"] == "no_personal_data"
    assert await field(db, draft, "state") == "draft"


async def test_a_wish_that_has_passed_since_is_named(client: Clients, db: Connection, office: Clock) -> None:
    draft = await make.consultation(db, office, "draft")
    await db.execute("update consultation set wish_date = '2026-11-20' where id = $1", draft)
    answer = await (await client.as_("ben")).post(api(draft, "submit"), json=TICK)
    assert answer.status_code == 400 and answer.json()["errors"][0]["field"] == "wish_date"


async def test_twice_is_a_conflict_and_the_key_makes_it_once(
    client: Clients, db: Connection, office: Clock
) -> None:
    draft = await make.consultation(db, office, "draft")
    ben, key = await client.as_("ben"), {"idempotency-key": "s"}
    first = await ben.post(api(draft, "submit"), json=TICK, headers=key)
    again = await ben.post(api(draft, "submit"), json=TICK, headers=key)
    assert again.json() == first.json()
    assert (await ben.post(api(draft, "submit"), json=TICK)).status_code == 409
    assert await db.fetchval("select last from number_series where series = 'BA'") == 1


async def test_stale_is_412_with_the_present_state(client: Clients, db: Connection, office: Clock) -> None:
    draft = await make.consultation(db, office, "draft")
    ben = await client.as_("ben")
    stale = await ben.post(api(draft, "submit"), json=TICK, headers={"if-match": '"v9"'})
    assert stale.status_code == 412 and stale.json()["current"]["revision"] == 1
    assert (await ben.post(api(draft, "submit"), json=TICK, headers={"if-match": '"v1"'})).status_code == 200


async def test_strangers_get_404(client: Clients, db: Connection, office: Clock) -> None:
    await make.advisers(db)
    draft = await make.consultation(db, office, "draft")
    for nick in ("clara", "carl", "anna", "dora"):
        assert (await (await client.as_(nick)).post(api(draft, "submit"), json=TICK)).status_code == 404
