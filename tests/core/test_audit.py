"""The record: written with the act, read by those who must look, and nobody learns of hidden things from it."""

import asyncpg
import pytest

from circle.core import answers, audit
from circle.core.clock import Clock
from circle.core.db import Connection
from tests import make
from tests.clients import Clients, queries

EVENTS = "/api/v1/audit-events"


@pytest.mark.parametrize(
    "role, status",
    [
        ("data_protection_officer", 200),
        ("records_manager", 200),
        ("kfi_head", 200),
        ("circle_office", 200),
        ("technical_admin", 403),
        ("commissioner", 403),
        ("regional_staff", 403),
        ("kfi_expert", 403),
        ("municipal_contact", 403),
    ],
)
async def test_who_may_look(client: Clients, db: Connection, role: str, status: int) -> None:
    await make.person(db, "dora", authority="br-koeln", roles=[role])
    assert (await (await client.as_("dora")).get(EVENTS)).status_code == status
    assert (await client.stranger.get(EVENTS)).status_code == 401


async def test_an_act_leaves_one_line_with_who_and_what_and_no_content(
    client: Clients, db: Connection, office: Clock
) -> None:
    found = await make.consultation(db, office, subject="Quittengelee")
    anna = await client.as_("anna")
    answer = await anna.get(f"{EVENTS}?object_id={found}")
    (event,) = answer.json()["items"]
    assert event["action"] == "consultation.received" and event["actor_name"] == "Ben Beauftragt"
    assert event["object_kind"] == "consultation" and event["reference"].startswith("BA-2026-")
    assert "Quittengelee" not in answer.text
    assert event["office_at"].startswith("2026-11-23")


async def test_it_is_read_newest_first_in_parts_with_one_statement(
    client: Clients, db: Connection, office: Clock
) -> None:
    for number in range(5):
        await make.consultation(db, office, subject=f"Frage {number}")
    anna = await client.as_("anna")
    following: str | None = f"{EVENTS}?limit=2"
    seen: list[int] = []
    while following:
        with queries(db) as ran:
            part = (await anna.get(following)).json()
        # The right is asked for first, then the list is read.
        assert len(ran) == 2
        seen += [event["id"] for event in part["items"]]
        following = part["next"]
    assert len(seen) >= 5 and seen == sorted(set(seen), reverse=True)


@pytest.mark.parametrize("key", ["x", "²", "-1", "1.5", "9" * 19, ""])
async def test_a_page_key_that_is_not_ours_is_told(client: Clients, key: str) -> None:
    anna = await client.as_("anna")
    answer = await anna.get(EVENTS, params={"after": answers.seal(key)})
    assert answer.status_code == (400 if key else 200)


async def test_signing_in_and_reading_is_told_to_data_protection_alone(
    client: Clients, db: Connection
) -> None:
    await make.person(db, "dora", roles=["kfi_expert"], password="streng geheim")
    await make.person(db, "ute", roles=["data_protection_officer"])
    credentials = {"email": "dora@example.org", "password": "streng geheim"}
    assert (await client.stranger.post("/api/v1/sessions", json=credentials)).status_code == 201
    for nick, told in [("anna", False), ("ute", True)]:
        actions = [event["action"] for event in (await (await client.as_(nick)).get(EVENTS)).json()["items"]]
        assert ("session.opened" in actions) == told, nick


async def test_whose_calendar_asks_and_who_took_papers_along_is_told_to_data_protection_alone(
    client: Clients, db: Connection, office: Clock
) -> None:
    await make.person(db, "ute", roles=["data_protection_officer"])
    ben, meeting = await make.actor(db, office, "ben"), await make.meeting(db)
    await audit.record(db, ben, "papers.bundled", "meeting", meeting)
    await audit.record(db, ben, "calendar_feed.made", "calendar_feed", meeting)
    await audit.record(db, ben, "answers.exported", "person", ben.person_id)
    for nick, told in [("anna", 0), ("ute", 3)]:
        events = (await (await client.as_(nick)).get(EVENTS)).json()["items"]
        assert len([one for one in events if one["actor_name"] == ben.name]) == told, nick


@pytest.mark.confidential
async def test_what_was_done_to_hidden_things_is_not_told(
    client: Clients, db: Connection, office: Clock
) -> None:
    await make.person(db, "kai", roles=["kfi_head"])
    await make.person(db, "ute", roles=["data_protection_officer"])
    kai = await client.as_("kai")
    before = (await kai.get(EVENTS)).content
    found = await make.consultation(db, office, confidentiality="confidential")
    assert (await kai.get(EVENTS)).content == before
    assert (await kai.get(f"{EVENTS}?object_id={found}")).json()["items"] == []
    ute = await client.as_("ute")
    assert len((await ute.get(f"{EVENTS}?object_id={found}")).json()["items"]) == 1


async def test_a_proposal_is_told_to_those_who_know_of_it(
    client: Clients, db: Connection, office: Clock
) -> None:
    """Before its admission an item is an affair between its house and the office."""
    await make.person(db, "kai", roles=["kfi_head"])
    item = await make.item(db, await make.meeting(db), status="registered")
    await audit.record(db, await make.actor(db, office, "ben"), "agenda_item.proposed", "agenda_item", item)
    for status, knows in [("registered", {"anna"}), ("admitted", {"anna", "kai"})]:
        await db.execute("update agenda_item set status = $1", status)
        for nick in ("anna", "kai"):
            answer = await (await client.as_(nick)).get(f"{EVENTS}?object_id={item}")
            assert bool(answer.json()["items"]) == (nick in knows), (status, nick)


async def test_even_the_owner_of_the_database_meets_the_lock(shared: tuple[object, object, str]) -> None:
    owner = await asyncpg.connect(shared[2])
    try:
        await owner.execute("begin")
        await owner.execute(
            "insert into audit_event (office_at, actor_name, action, object_kind) values (now(), 'x', 'y', 'z')"
        )
        for act in ("update audit_event set actor_name = 'x'", "delete from audit_event"):
            await owner.execute("savepoint before")
            with pytest.raises(asyncpg.IntegrityConstraintViolationError) as refused:
                await owner.execute(act)
            assert refused.value.constraint_name == "written_once"
            await owner.execute("rollback to savepoint before")
        await owner.execute("rollback")
    finally:
        await owner.close()


async def test_nobody_changes_it(client: Clients, db: Connection, office: Clock) -> None:
    await make.consultation(db, office)
    for act in ("update audit_event set actor_name = 'x'", "delete from audit_event", "truncate audit_event"):
        await db.execute("savepoint before")
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await db.execute(act)
        await db.execute("rollback to savepoint before")
