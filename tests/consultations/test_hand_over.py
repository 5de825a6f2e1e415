"""A confidential request stays with the tenure it came from until it is handed over; others follow the house."""

from datetime import date
from uuid import UUID, uuid4

import httpx
import pytest

from circle.core.clock import Clock
from circle.core.db import Connection
from tests import make
from tests.clients import Clients

pytestmark = pytest.mark.confidential


async def succeed(db: Connection) -> None:
    """Ben's appointment ends, Sofia is the commissioner of Arnsberg from today on."""
    await db.execute(
        "update appointment set valid_to = $1 where person_id = (select id from person where email = 'ben@example.org')",
        date(2026, 11, 22),
    )
    sofia, house = (
        await make.person(db, "sofia", authority="br-arnsberg"),
        await make.authority(db, "br-arnsberg"),
    )
    await make.appoint(db, sofia, house, "commissioner", date(2026, 11, 23))


async def sees(client: Clients, nick: str, request_id: UUID) -> list[int]:
    """Page, program and number of hits, as somebody finds a request."""
    program, browser = await client.as_(nick), await client.browser(nick)
    one = await program.get(f"/api/v1/consultations/{request_id}")
    page = await browser.get(
        f"/anfragen/{one.json()['reference']}" if one.status_code == 200 else f"/anfragen/{request_id}"
    )
    hits = (await program.post("/api/v1/search", json={"query": "Sprachmittlung in der Beratung"})).json()[
        "results"
    ]
    return [one.status_code, page.status_code, len(hits)]


async def hand_over(
    program: httpx.AsyncClient, request_id: UUID, version: int | None = None
) -> httpx.Response:
    headers = {"if-match": f'"v{version}"'} if version is not None else {}
    return await program.post(f"/api/v1/consultations/{request_id}/hand-over", headers=headers)


async def test_a_confidential_request_waits_for_the_handover(
    db: Connection, client: Clients, office: Clock
) -> None:
    request_id = await make.consultation(db, office, confidentiality="confidential")
    assert (await sees(client, "ben", request_id))[:2] == [200, 200]
    await succeed(db)
    assert await sees(client, "sofia", request_id) == [404, 404, 0]
    assert (await sees(client, "ben", request_id))[:2] == [404, 404]
    anna = await client.as_("anna")
    shown = (await anna.get(f"/api/v1/consultations/{request_id}")).json()
    assert shown["handover_open"] is True
    assert (await hand_over(anna, request_id, shown["revision"])).json()["handover_open"] is False
    assert await sees(client, "sofia", request_id) == [200, 200, 1]
    (line,) = await db.fetch(
        "select reference, object_id from audit_event where action = 'consultation.handed_over'"
    )
    assert line["object_id"] == request_id
    assert (await hand_over(anna, request_id)).status_code == 409, "once is enough"


async def test_other_requests_follow_the_house(db: Connection, client: Clients, office: Clock) -> None:
    request_id = await make.consultation(db, office)
    await succeed(db)
    assert (await sees(client, "sofia", request_id))[:2] == [200, 200]
    assert (await hand_over(await client.as_("anna"), request_id)).status_code == 409


async def test_the_page_offers_it_to_the_office_only(db: Connection, client: Clients, office: Clock) -> None:
    request_id = await make.consultation(db, office, confidentiality="confidential")
    reference = await db.fetchval("select reference from consultation where id = $1", request_id)
    anna = await client.browser("anna")
    assert "An die Nachfolge übergeben" not in (await anna.get(f"/anfragen/{reference}")).text
    await succeed(db)
    assert "An die Nachfolge übergeben" in (await anna.get(f"/anfragen/{reference}")).text
    revision = await db.fetchval("select revision from consultation where id = $1", request_id)
    form = {"revision": str(revision), "idempotency_key": "k"}
    done = await anna.post(f"/anfragen/{request_id}/hand_over", form)
    assert done.status_code == 303
    assert (await sees(client, "sofia", request_id))[:2] == [200, 200]


async def test_nobody_else_hands_over(db: Connection, client: Clients, office: Clock) -> None:
    request_id = await make.consultation(db, office, confidentiality="confidential")
    ben, clara = await client.as_("ben"), await client.as_("clara")
    assert (await hand_over(ben, request_id)).status_code == 403
    hidden, unknown = await hand_over(clara, request_id), await hand_over(clara, uuid4())
    assert (hidden.status_code, unknown.status_code) == (404, 404)
    await succeed(db)
    stale = await hand_over(await client.as_("anna"), request_id, 99)
    assert stale.status_code == 412
    assert (await sees(client, "sofia", request_id))[0] == 404


async def test_deputy_and_assistant_go_with_the_tenure(
    db: Connection, client: Clients, office: Clock
) -> None:
    request_id = await make.consultation(db, office, confidentiality="confidential")
    dirk = await make.person(db, "dirk", authority="br-arnsberg", roles=["deputy"])
    await make.person(db, "zoe", authority="br-arnsberg", roles=["assistant"])
    await make.absence(db, await make.person_id(db, "ben"), dirk, date(2026, 11, 20), date(2026, 11, 25))
    for nick in ("dirk", "zoe"):
        assert (await sees(client, nick, request_id))[0] == 200, nick
    await succeed(db)
    for nick in ("dirk", "zoe"):
        assert (await sees(client, nick, request_id))[0] == 404, nick


async def test_in_a_vacancy_there_is_nobody_to_hand_it_to(
    db: Connection, client: Clients, office: Clock
) -> None:
    """Otherwise every later commissioner would see it."""
    request_id = await make.consultation(db, office, confidentiality="confidential")
    await db.execute("update appointment set valid_to = '2026-11-22'")
    anna = await client.as_("anna")
    assert (await anna.get(f"/api/v1/consultations/{request_id}")).json()["handover_open"] is False
    assert (await hand_over(anna, request_id)).status_code == 409
    await succeed(db)
    assert (await sees(client, "sofia", request_id))[0] == 404
    assert (await hand_over(anna, request_id)).status_code == 200
    assert (await sees(client, "sofia", request_id))[0] == 200


async def test_what_is_asked_in_a_vacancy_stays_with_who_asked(
    db: Connection, client: Clients, office: Clock
) -> None:
    for nick in ("zoe", "zora"):
        await make.person(db, nick, authority="br-arnsberg", roles=["assistant"])
    await db.execute("update appointment set valid_to = '2026-11-22'")
    request_id = await make.consultation(db, office, by="zoe", confidentiality="confidential")
    assert (await sees(client, "zoe", request_id))[0] == 200
    assert (await sees(client, "zora", request_id))[0] == 404
    await succeed(db)
    assert (await sees(client, "sofia", request_id))[0] == 404
    assert (await hand_over(await client.as_("anna"), request_id)).status_code == 200
    assert (await sees(client, "sofia", request_id))[0] == 200
