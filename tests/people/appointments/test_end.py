"""An appointment ends with a day; at midnight in Berlin the rights are gone and the house stands vacant."""

from datetime import UTC, datetime

from circle.core.db import Caller, Connection
from tests import make
from tests.clients import Clients

from . import acts, api, bens, reasons


async def test_the_office_ends_it(client: Clients, db: Connection) -> None:
    anna, one = await client.as_("anna"), await bens(db)
    done = await anna.post(api(one, "end"), json={"valid_to": "2026-11-30"}, headers={"if-match": '"v1"'})
    assert done.status_code == 200 and done.json()["valid_to"] == "2026-11-30"
    assert done.json()["state"] == "valid" and await acts(db, one) == ["appointment.ended"]
    ben = await make.person_id(db, "ben")
    token = bytes(32)
    await db.execute(
        "insert into session (token_hash, person_id, kind) values ($1, $2, 'bearer')", token, ben
    )
    for instant, roles in ((datetime(2026, 11, 30, 22, 59, 59, tzinfo=UTC), ["commissioner"]),
                           (datetime(2026, 11, 30, 23, 0, 0, tzinfo=UTC), [])):  # fmt: skip
        caller = Caller(token, instant)
        held = await db.fetchval("select roles from whoami($1, $2)", caller.token_hash, caller.now)
        assert held == roles


async def test_the_house_is_vacant_since_the_next_day(client: Clients, db: Connection) -> None:
    one = await bens(db)
    anna = await client.browser("anna")
    form = {"valid_to": "2026-11-20", "revision": "1", "idempotency_key": "k"}
    assert (await anna.post(f"/bestellungen/{one}/beenden", form)).status_code == 303
    assert "Unbesetzt seit Samstag, 21. November 2026" in (await anna.get("/personen/haus/br-arnsberg")).text
    assert "unbesetzt" in (await anna.get("/bestellungen")).text
    shown = await anna.get("/bestellungen?am=2026-11-20")
    assert "Berechtigt am Freitag, 20. November 2026" in shown.text and "Ben Beauftragt" in shown.text


async def test_who_may_not(client: Clients, db: Connection) -> None:
    one, body = await bens(db), {"valid_to": "2026-11-30"}
    assert (await (await client.as_("clara")).post(api(one, "end"), json=body)).status_code == 404
    assert (await (await client.as_("ben")).post(api(one, "end"), json=body)).status_code == 403
    late = await (await client.as_("anna")).post(api(one, "end"), json=body, headers={"if-match": '"v3"'})
    assert late.status_code == 412 and await acts(db, one) == []


async def test_an_end_before_the_begin_and_after_the_end(client: Clients, db: Connection) -> None:
    anna, one = await client.as_("anna"), await bens(db)
    refused = await anna.post(api(one, "end"), json={"valid_to": "2023-12-31"})
    assert refused.status_code == 400 and "vor dem Beginn am 01.01.2024" in reasons(refused)["valid_to"]
    assert (await anna.post(api(one, "end"), json={"valid_to": "2026-11-20"})).status_code == 200
    again = await anna.post(api(one, "end"), json={"valid_to": "2026-11-21"})
    assert again.status_code == 409 and "beendet" in again.json()["detail"]
