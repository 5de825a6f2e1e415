"""The reviewed answer is frozen and goes to the asking house, once, and to nobody else."""

import hashlib

import asyncpg
import msgspec
import pytest

from circle.core.clock import Clock
from circle.core.db import Connection
from tests import make
from tests.clients import Clients

from . import acts, api, letters

KEY = {"idempotency-key": "versand-1"}


async def test_it_works_and_freezes_question_and_answer(
    client: Clients, db: Connection, office: Clock
) -> None:
    await make.advisers(db)
    await make.person(db, "zoe", authority="br-arnsberg", roles=["assistant"])
    await make.person(db, "vera", authority="br-arnsberg", roles=["deputy"])
    found = await make.consultation(db, office, "reviewed")
    answer = await (await client.as_("anna")).post(api(found, "send"), headers=KEY)
    assert answer.status_code == 200
    made = answer.json()
    assert (made["state"], made["answered_on"]) == ("answered", "2026-11-23")
    kept = await db.fetchrow(
        "select frozen, sha256 from consultation_answer where consultation_id = $1", found
    )
    assert kept and made["sha256"] == kept["sha256"] == hashlib.sha256(kept["frozen"].encode()).hexdigest()
    frozen = msgspec.json.decode(kept["frozen"])
    assert frozen["question"] == "Welche Standards gelten?" and frozen["reviewed_by"] == "Quirin Probe"
    assert frozen["answer"].startswith("Es gelten") and frozen["reference"] == "BA-2026-001"
    # The deputy outside their time is not written to.
    assert [one[2] for one in await letters(db, found) if one[0] == "answer"] == [
        "Ben Beauftragt",
        "Zoe Probe",
    ]
    assert (await acts(db, found))[-1] == "consultation.sent"
    ben = (await (await client.as_("ben")).get(api(found))).json()
    assert ben["answer"] == frozen["answer"] and ben["answered_by_name"] == "Dora Probe"
    assert ben["reviewed_by_name"] is None and ben["sha256"] == made["sha256"]
    assert "Standards**" in await db.fetchval("select body from search_sealed where source_id = $1", found)


async def test_what_was_sent_is_never_altered(db: Connection, office: Clock) -> None:
    await make.advisers(db)
    await make.consultation(db, office, "answered")
    with pytest.raises(asyncpg.PostgresError, match="permission denied"):
        await db.execute("update consultation_answer set frozen = ''")


async def test_exactly_once(client: Clients, db: Connection, office: Clock) -> None:
    await make.advisers(db)
    found = await make.consultation(db, office, "reviewed")
    anna = await client.as_("anna")
    assert (await anna.post(api(found, "send"))).json()["code"] == "key_required"
    first, again = [await anna.post(api(found, "send"), headers=KEY) for _ in range(2)]
    assert again.json() == first.json() and again.headers["etag"] == first.headers["etag"]
    other = await anna.post(api(found, "send"), headers={"idempotency-key": "versand-2"})
    assert other.status_code == 409
    assert len([one for one in await letters(db, found) if one[0] == "answer"]) == 1


async def test_who_may_not_and_when_not(client: Clients, db: Connection, office: Clock) -> None:
    await make.advisers(db)
    found = await make.consultation(db, office, "reviewed")
    for nick, status in (("clara", 404), ("carl", 404), ("ben", 403), ("dora", 403), ("quirin", 403)):
        assert (await (await client.as_(nick)).post(api(found, "send"), headers=KEY)).status_code == status
    anna = await client.as_("anna")
    assert (await anna.post(api(found, "send"), headers=KEY | {"if-match": '"v1"'})).status_code == 412
    unread = await make.consultation(db, office, "in_review")
    refused = await anna.post(api(unread, "send"), headers={"idempotency-key": "a"})
    assert refused.status_code == 409 and refused.json()["code"] == "not_reviewed"


async def test_a_house_without_anybody_is_told_to_the_office(
    client: Clients, db: Connection, office: Clock
) -> None:
    await make.advisers(db)
    found = await make.consultation(db, office, "reviewed")
    await db.execute(
        "update appointment set valid_to = '2026-11-22' where person_id = $1", await make.person_id(db, "ben")
    )
    refused = await (await client.as_("anna")).post(api(found, "send"), headers=KEY)
    assert refused.status_code == 409 and refused.json()["code"] == "no_recipient"
