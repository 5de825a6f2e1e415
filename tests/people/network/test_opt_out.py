"""The link in a letter ends the subscription without sign-in, and tells nothing."""

import uuid

from circle.core.db import Connection
from tests import make
from tests.clients import Clients
from tests.consultations import Page

from . import acts


async def test_one_click_and_the_page_say_the_same_for_every_link(client: Clients, db: Connection) -> None:
    found = await make.contact(db)
    link = await db.fetchval("select opt_out from partner")
    known, unknown = f"/abmelden-newsletter/{link}", f"/abmelden-newsletter/{uuid.uuid4()}"
    shown = [await client.stranger.get(path) for path in (known, unknown)]
    assert [one.status_code for one in shown] == [200, 200] and shown[0].content == shown[1].content
    Page(shown[0].text).check()
    assert await db.fetchval("select subscribed from partner"), "a look ends nothing"
    done = [
        await client.stranger.post(path, data={"List-Unsubscribe": "One-Click"})
        for path in (known, unknown, known)
    ]
    assert [one.status_code for one in done] == [200] * 3
    assert done[0].content == done[1].content == done[2].content
    row = await db.fetchrow("select subscribed, unsubscribed_on::text as day, revision from partner")
    assert row and tuple(row) == (False, "2026-11-23", 2)
    assert await acts(db, found) == ["contact.unsubscribed"]


async def test_a_link_that_is_none(client: Clients, db: Connection) -> None:
    assert (await client.stranger.get("/abmelden-newsletter/keiner")).status_code == 404
