"""An appointment is entered by the office; the dates alone decide what it is worth (decree Nr. 3 S. 1)."""

from datetime import date

import asyncpg
import pytest

from circle.core.db import Connection
from tests import make
from tests.clients import Clients, queries

from . import ROOT, acts, api, bens, new, reasons


async def test_the_office_enters_an_appointment(client: Clients, db: Connection) -> None:
    await make.person(db, "nadia", authority="br-koeln")
    anna = await client.as_("anna")
    body = await new(db, "nadia", attached_to="Leitungsstab", requirements_confirmed_on="2026-11-19")
    made = await anna.post(ROOT, json=body)
    assert made.status_code == 201 and made.headers["etag"] == '"v1"'
    got = made.json()
    assert (got["state"], got["valid_today"], got["attached_to"]) == ("prepared", False, "Leitungsstab")
    assert got["requirements_confirmed_on"] == "2026-11-19"
    assert await acts(db, got["id"]) == ["appointment.entered"]
    with queries(db) as seen:
        assert (await anna.get(api(got["id"]))).json() == got
    assert len(seen) == 1
    with queries(db) as seen:
        listed = (await anna.get(f"{ROOT}?on=2026-12-01")).json()["items"]
    assert len(seen) == 1
    assert {one["person_name"] for one in listed} == {"Ben Beauftragt", "Nadia Probe"}
    assert [one["person_name"] for one in (await anna.get(f"{ROOT}?on=2026-11-30")).json()["items"]] == ["Ben Beauftragt"]  # fmt: skip


async def test_the_right_begins_on_the_first_day(client: Clients, db: Connection) -> None:
    nadia = await make.person(db, "nadia", authority="br-koeln")
    await (await client.as_("anna")).post(ROOT, json=await new(db, "nadia", valid_to="2026-12-31"))
    held = {
        day: await db.fetchval("select roles_on($1, $2)", nadia, date.fromisoformat(day))
        for day in ("2026-11-30", "2026-12-01", "2026-12-31", "2027-01-01")
    }
    assert list(held.values()) == [[], ["commissioner"], ["commissioner"], []]


async def test_others_may_not(client: Clients, db: Connection) -> None:
    await make.person(db, "nadia", authority="br-koeln")
    body = await new(db, "nadia")
    assert (await (await client.as_("ben")).post(ROOT, json=body)).status_code == 403
    assert (await (await client.as_("clara")).post(ROOT, json=body)).status_code == 403
    assert (await client.stranger.post(ROOT, json=body)).status_code == 401
    clara = await client.as_("clara")
    assert (await clara.get(api(await bens(db)))).status_code == 404
    assert (await clara.get(ROOT)).json()["items"] == []
    assert (await (await client.browser("clara")).get(f"/bestellungen/{await bens(db)}")).status_code == 404
    assert (await (await client.browser("clara")).get("/bestellungen")).status_code == 404
    assert await db.fetchval("select count(*) from appointment") == 1


@pytest.mark.parametrize(
    ("given", "status", "field"),
    [
        ({"valid_to": "2026-11-30"}, 400, "valid_to"),
        ({"order_date": "2026-11-24"}, 400, "order_date"),
        ({"valid_from": "0001-01-01"}, 400, "valid_from"),
        ({"valid_to": "9999-12-31"}, 400, "valid_to"),
        ({"requirements_confirmed_on": "2026-12-01"}, 400, "requirements_confirmed_on"),
        ({"person_id": "7e1c2f0e-0000-4000-8000-000000000000"}, 400, "person_id"),
        ({"authority_id": "7e1c2f0e-0000-4000-8000-000000000000"}, 400, "authority_id"),
        ({"file_reference": "  "}, 400, "file_reference"),
        ({"kind": "king"}, 400, "kind"),
    ],
)
async def test_what_is_wrong_stands_at_the_field(
    client: Clients, db: Connection, given: dict[str, str], status: int, field: str
) -> None:
    await make.person(db, "nadia", authority="br-koeln")
    refused = await (await client.as_("anna")).post(ROOT, json=await new(db, "nadia", **given))
    assert refused.status_code == status and field in reasons(refused), refused.text
    assert await db.fetchval("select count(*) from appointment") == 1


async def test_only_an_active_person_of_the_house(client: Clients, db: Connection) -> None:
    anna = await client.as_("anna")
    gone = await make.person(db, "gone", authority="br-koeln")
    await db.execute("update person set active = false where id = $1", gone)
    refused = await anna.post(ROOT, json=await new(db, "gone"))
    assert refused.status_code == 400 and "nicht mehr aktiv" in reasons(refused)["person_id"]
    koeln = str(await make.authority(db, "br-koeln"))
    await make.person(db, "mia", authority="br-muenster")
    refused = await anna.post(ROOT, json=await new(db, "mia", authority_id=koeln))
    assert refused.status_code == 400 and "anderen Haus" in reasons(refused)["person_id"]
    await make.person(db, "kai")
    refused = await anna.post(ROOT, json=await new(db, "kai"))
    assert refused.status_code == 400 and "authority_id" in reasons(refused)


async def test_two_commissioners_of_one_house_are_refused(client: Clients, db: Connection) -> None:
    await make.person(db, "nadia", authority="br-arnsberg")
    refused = await (await client.as_("anna")).post(ROOT, json=await new(db, "nadia"))
    assert refused.status_code == 409 and refused.json()["code"] == "appointment_overlap"
    assert "Ben Beauftragt" in reasons(refused)["valid_from"]
    person, house = await make.person_id(db, "nadia"), await make.authority(db, "br-arnsberg")
    with pytest.raises(asyncpg.ExclusionViolationError) as race:
        await make.appoint(db, person, house, "commissioner", date(2026, 12, 1))
    assert race.value.constraint_name == "appointment_no_overlap"


async def test_nobody_is_their_own_deputy(client: Clients, db: Connection) -> None:
    refused = await (await client.as_("anna")).post(ROOT, json=await new(db, "ben", kind="deputy"))
    assert refused.status_code == 409 and "Ben Beauftragt" in reasons(refused)["valid_from"]


async def test_said_twice_it_is_entered_once(client: Clients, db: Connection) -> None:
    await make.person(db, "nadia", authority="br-koeln")
    anna = await client.as_("anna")
    body, head = await new(db, "nadia"), {"idempotency-key": "one"}
    first = await anna.post(ROOT, json=body, headers=head)
    again = await anna.post(ROOT, json=body, headers=head)
    assert (first.status_code, again.status_code) == (201, 201) and first.json() == again.json()


async def test_the_page_does_the_same(client: Clients, db: Connection) -> None:
    await make.person(db, "nadia", authority="br-koeln")
    anna = await client.browser("anna")
    assert "Anforderungen durch Dienststelle geprüft" in (await anna.get("/bestellungen/neu")).text
    body = await new(db, "nadia", requirements_confirmed="true", idempotency_key="k1")
    wrong = await anna.post("/bestellungen/neu", body | {"valid_to": "2026-11-01"})
    assert wrong.status_code == 422 and "Das Ende liegt vor dem Beginn" in wrong.text
    assert 'href="#field-valid_to"' in wrong.text
    done = await anna.post("/bestellungen/neu", body)
    assert done.status_code == 303
    shown = (await anna.get(done.headers["location"])).text
    assert "Nadia Probe" in shown and "vorbereitet" in shown and "durch Dienststelle geprüft" in shown
    taken = await anna.post("/bestellungen/neu", body | {"idempotency_key": "k2"})
    assert taken.status_code == 409 and 'href="#field-valid_from"' in taken.text
    assert (await (await client.browser("ben")).get("/bestellungen/neu")).status_code == 403


@pytest.mark.confidential
async def test_nobody_appoints_themself_nor_touches_their_own(client: Clients, db: Connection) -> None:
    """An office person who has moved into a house does not get at its register by her own hand."""
    house = await make.authority(db, "br-arnsberg")
    anna_id, one = await make.person_id(db, "anna"), await bens(db)
    await db.execute("update person set authority_id = $2 where id = $1", anna_id, house)
    anna = await client.as_("anna")
    body = await new(db, "anna", kind="deputy")
    refused = await anna.post(ROOT, json=body)
    assert (refused.status_code, refused.json()["code"]) == (403, "own_appointment"), refused.text
    after = {
        "person_id": str(anna_id),
        "starts_on": "2026-12-01",
        "order_date": "2026-11-20",
        "file_reference": "x",
    }
    refused = await anna.post(api(one, "succeed"), json=after)
    assert (refused.status_code, refused.json()["code"]) == (403, "own_appointment")
    own = await make.appoint(db, anna_id, house, "deputy")
    for sent in (
        anna.post(api(own, "end"), json={"valid_to": "2026-12-31"}),
        anna.patch(api(own), json={"valid_to": "2026-12-31"}, headers={"if-match": '"v1"'}),
        anna.post(api(own, "succeed"), json=after | {"person_id": str(await make.person_id(db, "ben"))}),
    ):
        refused = await sent
        assert (refused.status_code, refused.json()["code"]) == (403, "own_appointment"), refused.text
    page = await client.browser("anna")
    assert "Bestellung beenden" not in (await page.get(f"/bestellungen/{own}")).text
    assert (await page.get(f"/bestellungen/{own}/beenden")).status_code == 403
    assert await acts(db, own) == [] and await acts(db, one) == []


async def test_a_house_does_not_appoint_people_of_the_competence_centre(
    client: Clients, db: Connection
) -> None:
    await make.person(db, "kurt")
    house = str(await make.authority(db, "br-arnsberg"))
    refused = await (await client.as_("anna")).post(
        ROOT, json=await new(db, "kurt", authority_id=house, kind="deputy")
    )
    assert refused.status_code == 400 and "Kompetenzzentrum" in reasons(refused)["person_id"]
