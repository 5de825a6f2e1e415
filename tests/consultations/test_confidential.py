"""Nobody but the asking house, the office and those named sees a request, whatever its level (each wall alone holds)."""

from uuid import UUID

import pytest

from circle.core.clock import Clock
from circle.core.db import Connection
from tests import make
from tests.clients import Clients

from . import ASKED, api

pytestmark = pytest.mark.confidential
LEVELS = ["public", "internal", "circle", "confidential"]
OUTSIDE = ["clara", "carl", "frida", "lena", "rolf", "mira", "theo"]


async def outsiders(db: Connection) -> None:
    """Also without a part in it: the head, another reviewer, the ministry, the technical administration."""
    await make.advisers(db)
    await make.person(db, "lena", roles=["kfi_head", "knowledge_editor", "circle_moderator"])
    await make.person(db, "rolf", roles=["quality_reviewer", "kfi_expert", "records_manager"])
    await make.person(db, "mira", authority="ministerium", roles=["ministry_observer"])
    await make.person(db, "theo", roles=["technical_admin", "data_protection_officer"])


@pytest.mark.parametrize("level", LEVELS)
async def test_strangers_find_nothing(client: Clients, db: Connection, office: Clock, level: str) -> None:
    await outsiders(db)
    ben = await client.as_("ben")
    file_id = (await ben.post("/api/v1/files", files={"file": ("a.txt", b"x")})).json()["id"]
    found = await make.consultation(db, office, "answered", confidentiality=level, file_ids=[UUID(file_id)])
    reference = await db.fetchval("select reference from consultation where id = $1", found)
    for nick in OUTSIDE:
        who = await client.as_(nick)
        hidden, unknown = (
            await who.get(api(found)),
            await who.get(api("00000000-0000-4000-8000-000000000000")),
        )
        assert hidden.json() | {"request_id": ""} == unknown.json() | {"request_id": ""}, nick
        assert (await who.get("/api/v1/consultations")).json() == {"items": [], "next": None}, nick
        assert (await who.get(f"/api/v1/files/{file_id}")).status_code == 404, nick
        assert (await who.get(f"/api/v1/files/{file_id}/content")).status_code == 404, nick
        page = await client.browser(nick)
        for name in (found, reference):
            shown = await page.get(f"/anfragen/{name}")
            assert shown.status_code == 404 and ASKED["subject"] not in shown.text, nick
        assert ASKED["subject"] not in (await page.get("/anfragen")).text
        assert ASKED["subject"] not in (await page.get("/")).text


@pytest.mark.parametrize("level", LEVELS)
async def test_those_with_a_part_in_it_see_it(
    client: Clients, db: Connection, office: Clock, level: str
) -> None:
    await outsiders(db)
    await make.person(db, "zoe", authority="br-arnsberg", roles=["assistant"])
    found = await make.consultation(db, office, "answered", confidentiality=level)
    for nick in ("ben", "zoe", "anna", "dora", "emil", "quirin"):
        who = await client.as_(nick)
        assert (await who.get(api(found))).status_code == 200, nick
        assert [line["id"] for line in (await who.get("/api/v1/consultations")).json()["items"]] == [
            str(found)
        ], nick


@pytest.mark.parametrize("level", LEVELS)
async def test_search_rows_are_sealed(client: Clients, db: Connection, office: Clock, level: str) -> None:
    """The row is in the walled table, and nowhere are its words learnt for suggestions."""
    await outsiders(db)
    found = await make.consultation(db, office, confidentiality=level, subject="Quittenmarmelade")
    assert await db.fetchval("select count(*) from search_entry where source_id = $1", found) == 0
    sealed = await db.fetchval("select audience from search_sealed where source_id = $1", found)
    assert sealed == await db.fetchval("select audience from consultation where id = $1", found)
    assert not set(sealed) & {"public", "internal", "circle"}
    assert await db.fetchval("select count(*) from search_word where word like 'quitten%'") == 0


async def test_an_unsent_answer_is_not_for_the_house(client: Clients, db: Connection, office: Clock) -> None:
    await make.advisers(db)
    found = await make.consultation(db, office, "in_review", confidentiality="confidential")
    ben = await client.as_("ben")
    seen = (await ben.get(api(found))).json()
    assert seen["answer"] is None and seen["reviewer_name"] is None
    assert "Es gelten" not in (await (await client.browser("ben")).get(f"/anfragen/{found}")).text


async def test_every_door_is_closed_to_strangers(client: Clients, db: Connection, office: Clock) -> None:
    """Each act answers as for an id that never existed."""
    await outsiders(db)
    found = await make.consultation(db, office, "in_review", confidentiality="confidential")
    acts = {
        "reply": {"reply": "x"}, "assign": {"assignee_id": str(found)}, "clarify": {"question": "x"},
        "answer": {"answer": "x"}, "review": {"decision": "approve"}, "release": {"title": "x"}, "withdraw": {},
        "refer": {"referred_to": "x"}, "close": {}, "submit": {},
    }  # fmt: skip
    for nick in ("clara", "carl", "rolf"):
        who, page = await client.as_(nick), await client.browser(nick)
        for act, body in acts.items():
            answer = await who.post(api(found, act), json=body, headers={"idempotency-key": f"{nick}{act}"})
            assert answer.status_code == 404, (nick, act)
            assert (await page.post(f"/anfragen/{found}/{act}", {"revision": "1"})).status_code == 404, (
                nick,
                act,
            )
        assert (await who.patch(api(found), json={}, headers={"if-match": '"v1"'})).status_code == 404
        assert (await page.get(f"/anfragen/{found}/bearbeiten")).status_code == 404
        assert (await page.post(f"/anfragen/{found}/bearbeiten")).status_code == 404


async def test_numbers_and_lists_do_not_tell_of_confidential_ones(
    client: Clients, db: Connection, office: Clock
) -> None:
    """Twin worlds: with a confidential request of another house between them, Ben's numbers and lists are the same."""
    await make.advisers(db)
    first = await make.consultation(db, office)
    hidden = await make.consultation(db, office, by="carl", confidentiality="confidential")
    second = await make.consultation(db, office)
    numbers = await db.fetch("select id, reference from consultation")
    assert {row["id"]: row["reference"] for row in numbers} == {
        first: "BA-2026-001", hidden: "BA-2026-V01", second: "BA-2026-002"}  # fmt: skip
    lines = (await (await client.as_("ben")).get("/api/v1/consultations")).json()["items"]
    assert [line["reference"] for line in lines] == ["BA-2026-002", "BA-2026-001"]


async def test_a_withdrawn_right_acts_at_once(client: Clients, db: Connection, office: Clock) -> None:
    await make.advisers(db)
    found = await make.consultation(db, office, "assigned", confidentiality="confidential")
    ben = await client.as_("ben")
    assert (await ben.get(api(found))).status_code == 200
    await db.execute("update appointment set valid_to = '2026-11-22'")
    assert (await ben.get(api(found))).status_code == 404


async def test_reading_it_is_recorded_with_its_purpose(
    client: Clients, db: Connection, office: Clock
) -> None:
    await make.advisers(db)
    found = await make.consultation(db, office, "assigned", confidentiality="confidential")
    plain = await make.consultation(db, office, "assigned")
    await (await client.as_("dora")).get(api(found))
    await (await client.browser("ben")).get(f"/anfragen/{found}")
    await (await client.as_("clara")).get(api(found))
    await (await client.as_("dora")).get(api(plain))
    read = await db.fetch(
        "select actor_name, object_id, detail from audit_event where action = 'consultation.read'"
    )
    assert [(row["actor_name"], row["object_id"], row["detail"]) for row in read] == [
        (name, found, '{"purpose": "Beratung"}') for name in ("Dora Probe", "Ben Beauftragt")]  # fmt: skip
