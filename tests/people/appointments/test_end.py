"""An appointment ends with a day; at midnight in Berlin the rights are gone and the house stands vacant."""

from datetime import UTC, date, datetime

import pytest

from circle.core.db import Caller, Connection
from tests import make
from tests.clients import Clients

from . import acts, api, bens, detail, reasons


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
    asked = await anna.post(f"/bestellungen/{one}/beenden", form)
    assert asked.status_code == 422 and 'href="#field-reason"' in asked.text
    form |= {"reason": "Schreiben des Hauses kam später."}
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
    assert (
        await anna.post(api(one, "end"), json={"valid_to": "2026-11-20", "reason": "x"})
    ).status_code == 200
    again = await anna.post(api(one, "end"), json={"valid_to": "2026-11-21"})
    assert again.status_code == 409 and "beendet" in again.json()["detail"]


async def test_an_end_in_the_past_needs_a_reason_which_the_record_keeps(
    client: Clients, db: Connection
) -> None:
    anna, one = await client.as_("anna"), await bens(db)
    asked = await anna.post(api(one, "end"), json={"valid_to": "2026-11-21"})
    assert asked.status_code == 400 and "Grund" in reasons(asked)["reason"]
    assert await acts(db, one) == []
    given = {"valid_to": "2026-11-21", "reason": "Versetzung kam später an."}
    assert (await anna.post(api(one, "end"), json=given)).status_code == 200
    assert (await detail(db, one, "appointment.ended"))["reason"] == given["reason"]


@pytest.mark.parametrize(("status", "refused"), [("present", True), ("represented", True), ("guest", False)])
async def test_the_day_of_a_meeting_attended_is_not_taken_away(
    client: Clients, db: Connection, status: str, refused: bool
) -> None:
    meeting = await make.meeting(db, "KK-2026-2", on=date(2026, 3, 18), state="held")
    ben, one, anna = await make.person_id(db, "ben"), await bens(db), await client.as_("anna")
    await db.execute(
        "insert into attendance (meeting_id, person_id, status) values ($1, $2, $3)", meeting, ben, status
    )
    sent = {"valid_to": "2025-06-30", "reason": "Irrtum"}
    if not refused:
        assert (await anna.post(api(one, "end"), json=sent)).status_code == 200
        return
    for answer, field in (
        (await anna.post(api(one, "end"), json=sent), "valid_to"),
        (await anna.patch(api(one), json=sent, headers={"if-match": '"v1"'}), "valid_to"),
        (
            await anna.patch(
                api(one), json={"valid_from": "2026-03-19", "reason": "x"}, headers={"if-match": '"v1"'}
            ),
            "valid_from",
        ),
    ):
        assert (answer.status_code, answer.json()["code"]) == (409, "attended"), answer.text
        assert "KK-2026-2 am 18.03.2026" in reasons(answer)[field]
    assert await acts(db, one) == []
    entitled = (await anna.get("/api/v1/appointments/entitled?on=2026-03-18")).json()["items"]
    assert "Ben Beauftragt" in [x["entitled_name"] for x in entitled]
    assert (await anna.post(api(one, "end"), json=sent | {"valid_to": "2026-03-18"})).status_code == 200


async def test_nor_from_a_deputy_who_stood_in(client: Clients, db: Connection) -> None:
    meeting = await make.meeting(db, "KK-2026-2", on=date(2026, 3, 18), state="held")
    dora = await make.person(db, "dora", authority="br-arnsberg", roles=["deputy"])
    await db.execute(
        "insert into attendance (meeting_id, person_id, status, represented_by) values ($1, $2, 'represented', $3)",
        meeting, await make.person_id(db, "ben"), dora,
    )  # fmt: skip
    own = await db.fetchval("select id from appointment where person_id = $1", dora)
    answer = await (await client.as_("anna")).post(
        api(own, "end"), json={"valid_to": "2026-03-17", "reason": "x"}
    )
    assert (answer.status_code, answer.json()["code"]) == (409, "attended"), answer.text
