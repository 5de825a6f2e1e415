"""The page of a running dispatch: how far it is, told while it stands open or reloaded without scripts, and stopped."""

from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from litestar import Litestar

from circle.core import live
from circle.core.clock import Clock
from circle.core.db import Connection
from tests import make
from tests.clients import Clients, OneConnection, listening
from tests.people.test_midnight import NIGHTS

from .test_acts import running


async def test_it_counts_and_loads_itself_again_while_mails_wait(
    db: Connection, client: Clients, office: Clock
) -> None:
    dispatch_id = await running(db, office, "new", "sending", "sent", "sent", "failed", "uncertain")
    anna = await client.browser("anna")
    shown = await anna.get(f"/versand/{dispatch_id}")
    assert '<noscript><meta http-equiv="refresh" content="10"></noscript>' in shown.text
    assert f'sse-connect="/versand/{dispatch_id}/stand"' in shown.text
    for words in ("2 von 6 gesendet, 1 fehlgeschlagen", "2 warten. 1 ungeklärt.", "Noch einmal versuchen"):
        assert words in shown.text
    assert shown.text.count("<h1>") == 1
    assert "style=" not in shown.text and "<script>" not in shown.text
    assert "hx-" not in shown.text.replace('hx-ext="sse"', "")


async def test_the_reloading_can_be_stopped_and_goes_on(
    db: Connection, client: Clients, office: Clock
) -> None:
    dispatch_id = await running(db, office, "new")
    anna = await client.browser("anna")
    assert (
        f'href="/versand/{dispatch_id}?angehalten=true">Anhalten'
        in (await anna.get(f"/versand/{dispatch_id}")).text
    )
    paused = await anna.get(f"/versand/{dispatch_id}?angehalten=true")
    assert 'http-equiv="refresh"' not in paused.text and "sse-connect" not in paused.text
    assert "Wieder von selbst aktualisieren" in paused.text


@pytest.mark.parametrize("state", ["sent", "failed", "uncertain"])
async def test_at_the_end_it_stands_still(db: Connection, client: Clients, office: Clock, state: str) -> None:
    dispatch_id = await running(db, office, state)
    await db.execute("update dispatch set state = 'done'")
    shown = await (await client.browser("anna")).get(f"/versand/{dispatch_id}")
    assert 'http-equiv="refresh"' not in shown.text and "sse-connect" not in shown.text
    assert "Anhalten" not in shown.text


async def test_the_reason_stands_beside_each_name(db: Connection, client: Clients, office: Clock) -> None:
    dispatch_id = await running(db, office, "failed", "new")
    await db.execute(
        "update delivery set error = 'Der Mailserver antwortete: 550 <b>nein</b>' where state = 'failed'"
    )
    await db.execute("update delivery set error = 'voll' where state = 'new'")
    text = (await (await client.browser("anna")).get(f"/versand/{dispatch_id}")).text
    assert "550 &lt;b&gt;nein&lt;/b&gt;" in text
    assert "voll Es wird von selbst wieder versucht." in text


async def test_more_than_a_page_of_people(db: Connection, client: Clients, office: Clock) -> None:
    dispatch_id = await running(db, office, "new")
    await db.execute(
        """
        with p as (insert into person (name, email, authority_id)
            select 'Z ' || n, n || '@z.example', (select id from authority limit 1) from generate_series(1, 120) n
            returning id, name, email)
        insert into delivery (dispatch_id, person_id, name, address, audience)
        select $1, id, name, email, array['role:circle_office'] from p
        """,
        dispatch_id,
    )
    anna = await client.browser("anna")
    first = (await anna.get(f"/versand/{dispatch_id}")).text
    assert "0 von 121 gesendet" in first and "Weitere Einträge" in first
    link = first.partition('class="pager"')[2].partition('href="')[2].partition('"')[0].replace("&amp;", "&")
    second = await anna.get(link)
    assert second.status_code == 200 and "Zum Anfang der Liste" in second.text
    assert first.count("@z.example") + second.text.count("@z.example") == 120
    assert 'http-equiv="refresh"' in second.text


async def test_a_dispatch_is_dated_in_the_offices_time(
    client: Clients, db: Connection, office: Clock
) -> None:
    dispatch_id = await make.dispatch(db, office, [await make.person_id(db, "ben")])
    shown = (await (await client.browser("anna")).get(f"/versand/{dispatch_id}")).text
    assert "23.11.2026" in shown.partition("Erstellt")[2][:120]


async def change(database: OneConnection, sql: str, *args: Any) -> None:
    """Change something while a stream is open, which looks over the same connection: one after the other."""
    async with database.begin(None) as db:
        await db.execute(sql, *args)


def standing(instant: datetime) -> Clock:
    """A clock that stands at this instant."""
    clock = Clock()
    clock.now = lambda: instant  # type: ignore[method-assign]  # a test's clock, this one alone
    return clock


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "LOOK", 0.01)


async def test_an_open_page_is_told_every_change_and_the_end(
    db: Connection, database: OneConnection, client: Clients, app: Litestar, office: Clock
) -> None:
    dispatch_id = await running(db, office, "new", "new")
    async with listening(app, f"/versand/{dispatch_id}/stand", await client.token("anna")) as told:
        assert (await told.start())["content-type"].startswith("text/event-stream")
        assert "0 von 2 gesendet" in await told.event("progress")
        await change(
            database,
            "update delivery set state = 'sent' where id = (select min(id::text)::uuid from delivery)",
        )
        assert "1 von 2 gesendet" in await told.event("progress")
        await change(database, "update delivery set state = 'sent'")
        last = await told.event("progress")
        assert "2 von 2 gesendet" in last and f'href="/versand/{dispatch_id}"' in last and "<form" not in last
        assert await told.event("done") == "" and await told.over()


@pytest.mark.parametrize("how", ["session", "role", "person"])
async def test_a_stream_ends_with_the_right_to_look(
    db: Connection, database: OneConnection, client: Clients, app: Litestar, office: Clock, how: str
) -> None:
    """With the next look, which comes every two seconds (abuse case 7: within five); nothing is told any more."""
    dispatch_id = await running(db, office, "new")
    olga = await make.person(db, "olga", roles=["circle_office"])
    async with listening(app, f"/versand/{dispatch_id}/stand", await client.token("olga")) as told:
        await told.start()
        await told.event("progress")
        if how == "session":
            await change(database, "delete from session where person_id = $1", olga)
        elif how == "role":
            await change(database, "delete from role_grant where person_id = $1", olga)
        else:
            await change(database, "update person set active = false where id = $1", olga)
        assert await told.event("done") == "" and await told.over()


@pytest.mark.parametrize("night", NIGHTS)
async def test_a_stream_ends_at_midnight_with_the_last_day(
    db: Connection,
    database: OneConnection,
    client: Clients,
    app: Litestar,
    office: Clock,
    monkeypatch: pytest.MonkeyPatch,
    night: str,
) -> None:
    dispatch_id = await running(db, office, "new")
    olga = await make.person(db, "olga", roles=["circle_office"])
    last_second, day = datetime.fromisoformat(NIGHTS[night][0]), NIGHTS[night][1]
    await db.execute("update role_grant set valid_from = $2, valid_to = $2 where person_id = $1", olga, day)
    token = await client.token("olga")
    monkeypatch.setattr(app.state, "clock", standing(last_second))
    async with listening(app, f"/versand/{dispatch_id}/stand", token) as told:
        await told.start()
        await told.event("progress")
        monkeypatch.setattr(app.state, "clock", standing(last_second + timedelta(seconds=1)))
        assert await told.event("done") == "" and await told.over()


async def test_a_stream_does_not_keep_a_session_alive(
    db: Connection, database: OneConnection, client: Clients, app: Litestar, office: Clock
) -> None:
    dispatch_id = await running(db, office, "new")
    token = await client.token("anna")
    await db.execute("update session set last_seen = now() - interval '20 minutes'")
    async with listening(app, f"/versand/{dispatch_id}/stand", token) as told:
        await told.start()
        await told.event("progress")
        await change(database, "update delivery set state = 'sent'")
        await told.event("progress")
    assert await db.fetchval("select bool_and(last_seen < now() - interval '19 minutes') from session")


async def test_strangers_hear_nothing(db: Connection, client: Clients, office: Clock) -> None:
    dispatch_id = await running(db, office, "new")
    clara = await client.browser("clara")
    hidden, unknown = (
        await clara.get(f"/versand/{dispatch_id}/stand"),
        await clara.get(f"/versand/{uuid4()}/stand"),
    )
    assert hidden.status_code == unknown.status_code == 404
