"""Contacts of the network get what is public, with a link that ends it; whoever used the link gets nothing more."""

import re

from circle.core.clock import Clock
from circle.core.db import Connection
from circle.distribution import actions
from circle.distribution.model import NewDispatch
from tests import make
from tests.clients import Clients

from .conftest import Run
from .mailserver import MailServer


async def subscriber(db: Connection) -> None:
    """Clara is a municipal contact of Arnsberg."""
    await make.contact(db, email="clara@example.org")
    await db.execute("update partner set person_id = $1", await make.person_id(db, "clara"))


async def test_a_public_letter_carries_the_way_out(
    client: Clients, db: Connection, office: Clock, run: Run, server: MailServer
) -> None:
    await subscriber(db)
    people = [await make.person_id(db, nick) for nick in ("ben", "clara")]
    public = await make.dispatch(db, office, people, start=True, level="public", audience=["public"])
    await run(public)
    mine, other = server.message("clara@example.org"), server.message("ben@example.org")
    link = re.search(r"http\S+/abmelden-newsletter/\S+", mine.get_body(("plain",)).get_content())
    assert link and mine["list-unsubscribe"] == f"<{link[0]}>"
    assert "list-unsubscribe" not in other and "abmelden" not in other.get_body(("plain",)).get_content()
    again = await make.dispatch(db, office, people, start=True, level="public", audience=["public"])
    path = link[0].removeprefix("http://127.0.0.1:8000")
    assert (await client.stranger.post(path)).status_code == 200
    await run(again)
    assert sorted(server.addresses) == ["ben@example.org", "ben@example.org", "clara@example.org"]
    refused = await db.fetchrow(
        "select state, error from delivery where dispatch_id = $1 and name like 'Clara%'", again
    )
    assert refused and tuple(refused) == ("failed", "Die Person hat die Informationen abbestellt.")


async def test_nothing_but_public_reaches_a_contact(
    db: Connection, office: Clock, run: Run, server: MailServer
) -> None:
    await subscriber(db)
    people = [await make.person_id(db, "clara")]
    for level in ("internal", "circle"):
        await run(await make.dispatch(db, office, people, start=True, level=level, audience=[level]))
    assert server.addresses == []


async def test_a_role_leaves_out_whoever_ended_it(db: Connection, office: Clock) -> None:
    await subscriber(db)
    anna = await make.actor(db, office, "anna")
    new = NewDispatch(roles=["municipal_contact"], kind="notice", subject="Neues", text="Text")
    assert await actions.recipients_of(db, anna, new) == [await make.person_id(db, "clara")]
    await db.execute("update partner set subscribed = false, unsubscribed_on = '2026-11-01'")
    assert await actions.recipients_of(db, anna, new) == []
