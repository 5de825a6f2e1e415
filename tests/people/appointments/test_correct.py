"""What was entered wrongly is corrected by the office; the record keeps both (decree Nr. 3 S. 1)."""

from datetime import date

from circle.core.db import Connection
from tests import make
from tests.clients import Clients

from . import acts, api, bens, detail, reasons

V1 = {"if-match": '"v1"'}


async def test_the_office_corrects(client: Clients, db: Connection) -> None:
    anna, one = await client.as_("anna"), await bens(db)
    done = await anna.patch(
        api(one), json={"file_reference": "Org 2/24", "requirements_confirmed_on": "2026-11-23"}, headers=V1
    )
    assert done.status_code == 200 and done.headers["etag"] == '"v2"'
    assert (done.json()["file_reference"], done.json()["valid_from"]) == ("Org 2/24", "2024-01-01")
    assert await acts(db, one) == ["appointment.corrected"]
    kept = await detail(db, one, "appointment.corrected")
    assert kept["file_reference"] == ["Org 1/24", "Org 2/24"] and "valid_from" not in kept


async def test_who_may_not_and_who_is_late(client: Clients, db: Connection) -> None:
    one, body = await bens(db), {"file_reference": "x"}
    assert (await (await client.as_("clara")).patch(api(one), json=body, headers=V1)).status_code == 404
    assert (await (await client.as_("ben")).patch(api(one), json=body, headers=V1)).status_code == 403
    anna = await client.as_("anna")
    assert (await anna.patch(api(one), json=body)).status_code == 428
    stale = await anna.patch(api(one), json=body, headers={"if-match": '"v7"'})
    assert stale.status_code == 412 and stale.json()["current"]["file_reference"] == "Org 1/24"
    assert (await anna.patch(api(one), json={"person_id": str(one)}, headers=V1)).status_code == 400
    assert await acts(db, one) == []


async def test_it_does_not_reach_into_anothers_time(client: Clients, db: Connection) -> None:
    anna, one = await client.as_("anna"), await bens(db)
    former = await make.person(db, "fritz", authority="br-arnsberg")
    house = await make.authority(db, "br-arnsberg")
    await make.appoint(db, former, house, "commissioner", date(2022, 1, 1), date(2023, 12, 31))
    refused = await anna.patch(api(one), json={"valid_from": "2023-12-31"}, headers=V1)
    assert refused.status_code == 409 and "Fritz Probe" in reasons(refused)["valid_from"]
    refused = await anna.patch(api(one), json={"valid_to": "2023-12-31"}, headers=V1)
    assert refused.status_code == 400 and "valid_to" in reasons(refused)


async def test_the_page_does_the_same(client: Clients, db: Connection) -> None:
    anna, one = await client.browser("anna"), await bens(db)
    address = f"/bestellungen/{one}/korrigieren"
    assert 'value="Org 1/24"' in (await anna.get(address)).text
    form = {
        "order_date": "2024-01-01", "file_reference": "Org 3/24", "valid_from": "2024-01-01", "valid_to": "",
        "requirements_confirmed": "true", "revision": "1", "idempotency_key": "k",
    }  # fmt: skip
    wrong = await anna.post(address, form | {"valid_to": "2023-01-01"})
    assert wrong.status_code == 422 and 'href="#field-valid_to"' in wrong.text
    assert (await anna.post(address, form)).status_code == 303
    shown = (await anna.get(f"/bestellungen/{one}")).text
    assert "Org 3/24" in shown and "eingetragen am 23.11.2026" in shown
    late = await anna.post(address, form | {"file_reference": "Org 9/24", "idempotency_key": "k2"})
    assert late.status_code == 412 and 'value="Org 9/24"' in late.text and "stehen noch hier" in late.text
    assert 'name="revision" value="2"' in late.text
    assert (await (await client.browser("ben")).get(address)).status_code == 403
    assert (await anna.get(f"/bestellungen/{one}/erfunden")).status_code == 404


async def test_a_correction_of_past_days_needs_a_reason(client: Clients, db: Connection) -> None:
    anna, one = await client.as_("anna"), await bens(db)
    for days in ({"valid_from": "2023-12-01"}, {"valid_from": "2024-02-01"}, {"valid_to": "2026-11-20"}):
        asked = await anna.patch(api(one), json=days, headers=V1)
        assert asked.status_code == 400 and "Grund" in reasons(asked)["reason"], asked.text
    given = {"valid_from": "2023-12-01", "reason": "Zahlendreher"}
    assert (await anna.patch(api(one), json=given, headers=V1)).status_code == 200
    kept = await detail(db, one, "appointment.corrected")
    assert kept["reason"] == "Zahlendreher" and kept["valid_from"] == ["2024-01-01", "2023-12-01"]
    ahead = await anna.patch(api(one), json={"valid_to": "2027-12-31"}, headers={"if-match": '"v2"'})
    assert ahead.status_code == 200 and "reason" not in await detail(db, one, "appointment.corrected")
