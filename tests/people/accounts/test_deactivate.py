"""Closing and opening accounts; the last administrator stays."""

import asyncio
from uuid import UUID

import pytest

from circle.core import auth, errors
from circle.core.clock import Clock
from circle.core.db import Caller, Connection, Database
from circle.people.accounts import actions
from circle.people.accounts.model import GrantEnd
from circle.settings import Settings
from tests import make
from tests.clients import Clients

API = "/api/v1/people"


async def administrator(db: Connection, nick: str) -> UUID:
    found = await make.person(db, nick, roles=["technical_admin"])
    await db.execute("update person set password_hash = 'set' where id = $1", found)
    return found


async def test_a_closed_account_is_out_at_once_and_can_be_opened_again(
    client: Clients, db: Connection
) -> None:
    anna, target = await client.as_("anna"), await make.person(db, "dora", roles=["kfi_expert"])
    dora = await client.as_("dora")
    stale = await anna.post(f"{API}/{target}/deactivate", headers={"if-match": '"v4"'})
    assert stale.status_code == 412
    assert (await dora.get("/api/v1/me")).status_code == 200
    closed = await anna.post(f"{API}/{target}/deactivate")
    assert (closed.status_code, closed.json()["state"]) == (200, "inactive")
    assert (await dora.get("/api/v1/me")).status_code == 401
    assert await db.fetchval("select count(*) from session where person_id = $1", target) == 0
    assert (await anna.post(f"{API}/{target}/deactivate")).status_code == 409
    opened = await anna.post(f"{API}/{target}/reactivate")
    assert (opened.status_code, opened.json()["state"]) == (200, "no_access")
    assert (await dora.get("/api/v1/me")).status_code == 401
    assert (await anna.post(f"{API}/{target}/reactivate")).status_code == 409
    rows = await db.fetch("select action from audit_event where object_id = $1 order by id", target)
    assert [row["action"] for row in rows] == ["person.deactivated", "person.reactivated"]


async def test_the_last_administrator_stays(client: Clients, db: Connection) -> None:
    tom = await administrator(db, "tom")
    # Somebody who was never invited, and somebody whose role ends, cannot mend anything.
    await make.person(db, "uwe", roles=["technical_admin"])
    ends = await administrator(db, "vera")
    await db.execute("update role_grant set valid_to = '2026-12-31' where person_id = $1", ends)
    anna, theirs = await client.as_("anna"), await client.as_("uwe")
    for answer in (
        await anna.post(f"{API}/{tom}/deactivate"),
        await theirs.post(f"{API}/{tom}/roles/end", json={"role": "technical_admin"}),
    ):
        assert (answer.status_code, answer.json()["code"]) == (409, "last_admin")
        assert "letzte Technische Administration" in answer.json()["detail"]
    assert await db.fetchval("select active from person where id = $1", tom)
    await administrator(db, "willi")
    assert (await anna.post(f"{API}/{tom}/deactivate")).status_code == 200


async def test_a_role_does_not_end_in_the_past(client: Clients, db: Connection) -> None:
    """Neither the last administrator nor the history of who was entitled goes by a day that lies back."""
    tom, eva = await administrator(db, "tom"), await administrator(db, "eva")
    await db.execute("update role_grant set valid_to = '2026-11-24' where person_id = $1", tom)
    theirs, path = await client.as_("tom"), f"{API}/{eva}/roles/end"
    for day in ("2026-11-21", "2020-01-01"):
        past = await theirs.post(path, json={"role": "technical_admin", "last_day": day})
        assert (past.status_code, past.json()["errors"][0]["field"]) == (400, "last_day")
    for day in (None, "2026-11-22", "2026-11-23", "2026-11-24", "2027-05-01"):
        last = await theirs.post(path, json={"role": "technical_admin", "last_day": day})
        assert (last.status_code, last.json()["code"]) == (409, "last_admin"), day
    kept = await db.fetchval("select valid_to from role_grant where person_id = $1", eva)
    assert kept is None


async def test_what_has_begun_is_never_taken_out(client: Clients, db: Connection) -> None:
    anna, target = await client.as_("anna"), await make.person(db, "dora")
    path, role = f"{API}/{target}/roles", {"role": "kfi_expert"}
    for _ in range(2):
        given = await anna.post(path, json=role)
        assert given.json()["roles"] == ["kfi_expert"], given.text
        assert (await anna.post(path, json=role)).json()["code"] == "role_held"
        ended = await anna.post(f"{path}/end", json=role)
        assert ended.json()["roles"] == []
        assert [(one["valid_from"], one["valid_to"]) for one in ended.json()["grants"]] == [
            ("2026-11-23", "2026-11-22")
        ]
        assert (await anna.post(f"{path}/end", json=role)).status_code == 409
    assert "gleich beendet" in (await (await client.browser("anna")).get(f"/konten/{target}")).text
    assert (await anna.post(path, json=role | {"valid_from": "2027-01-01"})).status_code == 200
    later = await anna.post(f"{path}/end", json=role)
    assert len(later.json()["grants"]) == 1


@pytest.mark.parametrize("by", ["deactivate", "end"])
async def test_two_who_remove_each_other_at_once_leave_one(
    fresh: tuple[Database, Settings], office: Clock, by: str
) -> None:
    database, _ = fresh
    async with database.begin(None) as db:
        pair = [await administrator(db, "tom"), await administrator(db, "uwe")]
        tokens = [await auth.open_session(db, one, "bearer") for one in pair]
    callers = [Caller(auth.token_hash(token), office.now()) for token in tokens]

    async def remove(caller: Caller, other: UUID) -> None:
        async with database.begin(caller) as db:
            actor = await auth.actor(db, caller)
            await asyncio.sleep(0)
            if by == "deactivate":
                await actions.deactivate(db, actor, other, None)
            else:
                await actions.end_role(db, actor, other, GrantEnd("technical_admin"), None)

    results = await asyncio.gather(
        remove(callers[0], pair[1]), remove(callers[1], pair[0]), return_exceptions=True
    )
    refused = [one for one in results if one is not None]
    assert len(refused) == 1 and isinstance(refused[0], errors.Conflict | errors.NotSignedIn), results
    async with database.begin(None) as db:
        left = await db.fetchval(
            """
            select count(*) from person p where p.active and p.password_hash is not null
                and 'technical_admin' = any(roles_on(p.id, $1))
            """,
            office.now().date(),
        )
    assert left == 1
