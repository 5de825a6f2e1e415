"""The page of a running dispatch: how far it is, without script, and a way to stop the reloading."""

import pytest

from circle.core.clock import Clock
from circle.core.db import Connection
from tests import make
from tests.clients import Clients

from .test_acts import running


async def test_it_counts_and_loads_itself_again_while_mails_wait(
    db: Connection, client: Clients, office: Clock
) -> None:
    dispatch_id = await running(db, office, "new", "sending", "sent", "sent", "failed", "uncertain")
    anna = await client.browser("anna")
    shown = await anna.get(f"/versand/{dispatch_id}")
    assert shown.headers["refresh"] == "10"
    for words in ("2 von 6 gesendet, 1 fehlgeschlagen", "2 warten. 1 ungeklärt.", "Noch einmal versuchen"):
        assert words in shown.text
    assert shown.text.count("<h1>") == 1
    assert "style=" not in shown.text and "<script>" not in shown.text and "hx-" not in shown.text


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
    assert "refresh" not in paused.headers
    assert "Wieder von selbst aktualisieren" in paused.text


@pytest.mark.parametrize("state", ["sent", "failed", "uncertain"])
async def test_at_the_end_it_stands_still(db: Connection, client: Clients, office: Clock, state: str) -> None:
    dispatch_id = await running(db, office, state)
    await db.execute("update dispatch set state = 'done'")
    shown = await (await client.browser("anna")).get(f"/versand/{dispatch_id}")
    assert "refresh" not in shown.headers
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
    assert "refresh" in second.headers


async def test_a_dispatch_is_dated_in_the_offices_time(
    client: Clients, db: Connection, office: Clock
) -> None:
    dispatch_id = await make.dispatch(db, office, [await make.person_id(db, "ben")])
    shown = (await (await client.browser("anna")).get(f"/versand/{dispatch_id}")).text
    assert "23.11.2026" in shown.partition("Erstellt")[2][:120]
