"""A dated correction below the approved text."""

from circle.core.clock import Clock
from circle.core.db import Connection
from tests import make
from tests.clients import Clients

from .world import PAGE, act, approved, sent

SLIP = {"text": "Zu TOP 1: statt „2025“ richtig „2026“."}


async def test_it_stands_below_and_everybody_is_told(db: Connection, client: Clients, office: Clock) -> None:
    world = await approved(db, office)
    before = await db.fetch("select canonical from minutes_version order by id")
    answer = await act(await client.as_("anna"), world, "corrections", SLIP)
    assert answer.status_code == 201
    (one,) = answer.json()["corrections"]
    assert (one["text"], one["corrected_on"], one["by_name"]) == (SLIP["text"], "2026-11-23", "Anna Amt")
    assert await db.fetch("select canonical from minutes_version order by id") == before
    letter = await db.fetchrow("select id, text from dispatch where kind = 'correction'")
    assert SLIP["text"] in letter["text"]
    assert {"dispatch_id": str(letter["id"])} in await make.outbox(db, "minutes.build_print")
    assert await db.fetchval("select count(*) from audit_event where action = 'minutes.corrected'") == 1
    assert SLIP["text"] in (await (await client.browser("kim")).get(PAGE)).text


async def test_only_after_the_approval(db: Connection, client: Clients, office: Clock) -> None:
    world = await sent(db, office)
    answer = await act(await client.as_("anna"), world, "corrections", SLIP)
    assert answer.status_code == 409 and "Vorher ändern Sie den Text selbst" in answer.json()["detail"]


async def test_clara_404_ben_403_stale_412_empty_400(db: Connection, client: Clients, office: Clock) -> None:
    world = await approved(db, office)
    for nick, status in (("clara", 404), ("ben", 403)):
        assert (await act(await client.as_(nick), world, "corrections", SLIP)).status_code == status
    anna = await client.as_("anna")
    assert (await act(anna, world, "corrections", SLIP, match='"v1"')).status_code == 412
    assert (await act(anna, world, "corrections", {"text": " "})).status_code == 400


async def test_the_page_does_the_same_once(db: Connection, client: Clients, office: Clock) -> None:
    await approved(db, office)
    anna = await client.browser("anna")
    form = SLIP | {"revision": str(await db.fetchval("select revision from minutes")), "idempotency_key": "k"}
    for _ in range(2):
        assert (await anna.post(f"{PAGE}/berichtigungen", form)).status_code == 303
    assert await db.fetchval("select count(*) from minutes_correction") == 1
