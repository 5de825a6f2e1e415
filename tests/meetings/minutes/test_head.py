"""Beginning minutes and changing their head."""

from uuid import uuid4

import pytest

from circle.core.clock import Clock
from circle.core.db import Connection
from tests import make
from tests.clients import Clients, queries

from .world import PAGE, approved, begun, held, sent


async def test_they_are_begun_then_changed_with_if_match(db: Connection, client: Clients) -> None:
    world = await held(db)
    anna = await client.as_("anna")
    assert (await anna.get(world.path)).status_code == 404
    first = await anna.put(world.path, json={"kind": "result"})
    assert (first.status_code, first.headers["etag"], first.json()["state"]) == (201, '"v1"', "draft")
    mona = str(await make.person_id(db, "mona"))
    second = await anna.put(
        world.path, json={"kind": "course", "chair_id": mona}, headers={"if-match": '"v1"'}
    )
    assert (second.status_code, second.headers["etag"]) == (200, '"v2"')
    assert (second.json()["kind"], second.json()["chair_name"]) == ("course", "Mona Moderat")
    acts = await db.fetch("select action from audit_event where object_kind = 'minutes' order by id")
    assert [row["action"] for row in acts] == ["minutes.begun", "minutes.head_changed"]


async def test_without_if_match_428_and_stale_412(db: Connection, client: Clients, office: Clock) -> None:
    world = await begun(db, office)
    anna = await client.as_("anna")
    assert (await anna.put(world.path, json={})).status_code == 428
    stale = await anna.put(world.path, json={}, headers={"if-match": '"v9"'})
    assert (stale.status_code, stale.json()["current"]["revision"]) == (412, 1)


async def test_clara_gets_404_ben_403(db: Connection, client: Clients) -> None:
    world = await held(db)
    for nick, status in (("clara", 404), ("ben", 403), ("kim", 403)):
        assert (await (await client.as_(nick)).put(world.path, json={})).status_code == status


@pytest.mark.parametrize("state", ["cancelled", "moved", "minutes_approved"])
async def test_not_for_a_meeting_without_open_minutes(db: Connection, client: Clients, state: str) -> None:
    world = await held(db, state)
    assert (await (await client.as_("anna")).put(world.path, json={})).status_code == 409


async def test_nothing_changes_after_the_approval(db: Connection, client: Clients, office: Clock) -> None:
    world = await approved(db, office)
    anna = await client.as_("anna")
    now = await anna.get(world.path)
    answer = await anna.put(world.path, json={"kind": "course"}, headers={"if-match": now.headers["etag"]})
    assert (answer.status_code, answer.json()["code"]) == (409, "minutes_approved")


@pytest.mark.parametrize(
    "body", [{"keeper_id": str(uuid4())}, {"kind": "novel"}, {"keeper": "anna"}, {"chair_id": "x"}]
)
async def test_odd_input_is_400(db: Connection, client: Clients, body: dict[str, str]) -> None:
    world = await held(db)
    assert (await (await client.as_("anna")).put(world.path, json=body)).status_code == 400


async def test_before_the_draft_is_out_only_its_makers_see_it(
    db: Connection, client: Clients, office: Clock
) -> None:
    world = await begun(db, office)
    for nick, status in (("anna", 200), ("mona", 200), ("ben", 404), ("clara", 404)):
        assert (await (await client.as_(nick)).get(world.path)).status_code == status
        assert (await (await client.browser(nick)).get(PAGE)).status_code == status
    assert (await (await client.as_("ben")).get(f"{world.path}/versions")).json()["items"] == []
    assert (await (await client.as_("clara")).get(f"{world.path}/versions")).status_code == 404


async def test_a_read_is_one_statement(db: Connection, client: Clients, office: Clock) -> None:
    world = await sent(db, office)
    kim = await client.as_("kim")
    for path in (world.path, f"{world.path}/versions"):
        with queries(db) as seen:
            assert (await kim.get(path)).status_code == 200
        assert len(seen) == 1, seen


async def test_the_page_begins_and_changes_them(db: Connection, client: Clients) -> None:
    await held(db)
    anna = await client.browser("anna")
    shown = await anna.get(PAGE)
    assert "Niederschrift beginnen" in shown.text and shown.text.count("<h1>") == 1
    done = await anna.post(f"{PAGE}/kopf", {"kind": "course", "revision": "0"})
    assert (done.status_code, done.headers["location"]) == (303, PAGE)
    assert "Verlaufsniederschrift über die 5. Sitzung 2026" in (await anna.get(PAGE)).text
    stale = await anna.post(f"{PAGE}/kopf", {"kind": "result", "revision": "7"})
    assert stale.status_code == 412 and "stehen noch hier" in stale.text and "Ergebnis" in stale.text
    wrong = await anna.post(f"{PAGE}/kopf", {"kind": "novel", "revision": "1"})
    assert wrong.status_code == 422 and "error-summary" in wrong.text
