"""Objecting to the wording of a circulated draft."""

from datetime import date
from uuid import uuid4

import pytest

from circle.core.clock import Clock
from circle.core.db import Connection
from tests import make
from tests.clients import Clients

from .world import PAGE, World, act, approved, begun, sent


def body(world: World, **more: object) -> dict[str, object]:
    return {
        "text": "Das haben wir anders gesagt.",
        "item_id": str(world.open_item),
        "proposed_text": "Neu.",
    } | more


async def test_a_member_objects_and_everybody_reads_it(
    db: Connection, client: Clients, office: Clock
) -> None:
    world = await sent(db, office)
    answer = await act(await client.as_("ben"), world, "objections", body(world))
    assert answer.status_code == 201
    (one,) = answer.json()["objections"]
    assert (one["item_number"], one["by_name"], one["received_on"], one["decision"]) == (
        "1", "Ben Beauftragt", "2026-11-23", None,
    )  # fmt: skip
    kim = (await (await client.as_("kim")).get(world.path)).json()
    assert kim["objections"] == answer.json()["objections"]
    assert await db.fetchval("select count(*) from audit_event where action = 'minutes.objected'") == 1


async def test_the_deputy_who_attended_may_though_the_time_is_over(
    db: Connection, client: Clients, office: Clock
) -> None:
    world = await sent(db, office)
    dina = await client.as_("dina")
    assert (await dina.get(world.path)).json()["deputised"] is True
    assert (await act(dina, world, "objections", body(world))).status_code == 201


async def test_others_may_not(db: Connection, client: Clients, office: Clock) -> None:
    world = await sent(db, office)
    await make.person(db, "quin", roles=["quality_reviewer"])
    for nick, status in (("clara", 404), ("anna", 403), ("quin", 403)):
        assert (await act(await client.as_(nick), world, "objections", body(world))).status_code == status


async def test_until_the_last_day_and_not_after(db: Connection, client: Clients, office: Clock) -> None:
    world = await sent(db, office)
    ben = await client.as_("ben")
    await db.execute("update minutes set objection_until = $1", date(2026, 11, 23))
    assert (await act(ben, world, "objections", body(world))).status_code == 201
    await db.execute("update minutes set objection_until = $1", date(2026, 11, 22))
    late = await act(ben, world, "objections", body(world), key="b")
    assert (late.status_code, late.json()["code"]) == (409, "objection_period_over")
    assert "am 22.11.2026 abgelaufen" in late.json()["detail"]


async def test_not_before_the_draft_is_out_nor_after_the_approval(
    db: Connection, client: Clients, office: Clock
) -> None:
    world = await begun(db, office)
    ben = await client.as_("ben")
    assert (await act(ben, world, "objections", body(world))).status_code == 404


async def test_not_after_the_approval(db: Connection, client: Clients, office: Clock) -> None:
    world = await approved(db, office)
    assert (await act(await client.as_("ben"), world, "objections", body(world))).status_code == 409


@pytest.mark.parametrize(
    "more", [{"item_id": str(uuid4())}, {"text": "  "}, {"text": "x" * 20001}, {"by": "me"}]
)
async def test_odd_input_is_400(
    db: Connection, client: Clients, office: Clock, more: dict[str, object]
) -> None:
    world = await sent(db, office)
    assert (await act(await client.as_("ben"), world, "objections", body(world, **more))).status_code == 400


@pytest.mark.confidential
async def test_one_about_a_confidential_item_is_for_those_who_are_named(
    db: Connection, client: Clients, office: Clock
) -> None:
    world = await sent(db, office)
    secret = body(world, item_id=str(world.secret_item), text="Geheime Einwendung")
    unseen = await act(await client.as_("kim"), world, "objections", secret)
    assert (unseen.status_code, unseen.json()["code"]) == (400, "unknown_reference")
    own = await act(await client.as_("ben"), world, "objections", secret)
    assert own.json()["objections"][0]["text"] == "Geheime Einwendung"
    for nick in ("anna", "kim", "mona"):
        seen = await (await client.as_(nick)).get(world.path)
        assert seen.json()["objections"] == [] and "Geheim" not in seen.text
    await make.person(db, "lena", roles=["kfi_head"])
    for nick in ("anna", "lena"):
        record = (await (await client.as_(nick)).get("/api/v1/audit-events?limit=200")).json()["items"]
        assert record and "minutes.objected" not in {one["action"] for one in record}, nick
    kept = await db.fetchrow(
        "select object_kind, object_id from audit_event where action = 'minutes.objected'"
    )
    assert kept and tuple(kept) == ("agenda_item", world.secret_item)


async def test_the_page_takes_it_once_and_says_what_is_missing(
    db: Connection, client: Clients, office: Clock
) -> None:
    world = await sent(db, office)
    ben = await client.browser("ben")
    assert "Einwendung erheben" in (await ben.get(PAGE)).text
    empty = await ben.post(
        f"{PAGE}/einwendungen", {"text": "", "proposed_text": "Bleibt", "idempotency_key": "k"}
    )
    assert empty.status_code == 422 and "Bleibt" in empty.text
    form = {"text": "Anders.", "item_id": str(world.open_item), "idempotency_key": "k"}
    for _ in range(2):
        done = await ben.post(f"{PAGE}/einwendungen", form)
        assert (done.status_code, done.headers["location"]) == (303, f"{PAGE}#einwendungen")
    assert await db.fetchval("select count(*) from minutes_objection") == 1
