"""The register is for the own house alone: not for the competence centre, other houses, administration, plain staff."""

import pytest

from circle.core.db import Connection
from tests import make
from tests.clients import Clients

from . import SECRET, act, assistant, department, match, measure, report

pytestmark = pytest.mark.confidential
KFI = ["circle_office", "circle_moderator", "kfi_head", "kfi_expert", "knowledge_editor", "quality_reviewer",
       "release_approver", "records_manager", "data_protection_officer", "technical_admin"]  # fmt: skip
OUTSIDE = ["anna", "clara", "carl", "kim", "rita"]


async def outsiders(db: Connection) -> None:
    """Carl of another house, Kim with every role of the centre inside Arnsberg, Rita of the staff of Arnsberg."""
    await make.person(db, "carl", authority="br-koeln", roles=["commissioner"])
    await make.person(db, "kim", authority="br-arnsberg", roles=KFI)
    await make.person(db, "rita", authority="br-arnsberg", roles=["regional_staff"])


async def test_nobody_else_finds_anything(client: Clients, db: Connection) -> None:
    await outsiders(db)
    ben = await client.as_("ben")
    unit = await department(ben)
    made = await measure(ben)
    made = await act(ben, made, "participations", {"department_id": unit, "asked_on": "2026-11-20"})
    made = await act(ben, made, "co-signatures", {"department_id": unit})
    told = await report(ben)
    part = made["participations"][0]["id"]
    here, there = f"/api/v1/measures/{made['id']}", f"/api/v1/reports/{told['id']}"
    for nick in OUTSIDE:
        who, page = await client.as_(nick), await client.browser(nick)
        for path in (here, f"{here}/participations", f"{here}/co-signatures", there, f"{there}/note",
                     f"/api/v1/departments/{unit}"):  # fmt: skip
            assert (await who.get(path)).status_code == 404, (nick, path)
        for path in ("measures", "reports", "departments"):
            assert (await who.get(f"/api/v1/{path}")).json() == {"items": [], "next": None}, (nick, path)
        for path, data in (
            (f"{here}/stage", {"stage": "ended"}), (f"{here}/register", None),
            (f"{here}/participations", {"department_id": unit, "asked_on": "2026-11-20"}),
            (f"{here}/participations/{part}/answer", {"statement": "x"}),
            (f"{here}/participations/{part}/close", {"note": "x"}),
            (f"{here}/co-signatures", {"department_id": unit}),
            (f"{here}/co-signatures/1/sign", {"decision": "signed", "initials": "x"}),
            (f"{there}/schedule", None), (f"{there}/outcome", {"outcome": "x"}), (f"{there}/close", {"note": "x"}),
        ):  # fmt: skip
            assert (await who.post(path, json=data, headers=match(made))).status_code == 404, (nick, path)
        for path in (here, there, f"/api/v1/departments/{unit}"):
            assert (await who.patch(path, json={}, headers=match(made))).status_code == 404, (nick, path)
        for path in (here, there):
            assert (await who.delete(path, headers=match(made))).status_code == 404, (nick, path)
        for path in (f"/haus/massnahmen/{made['id']}", f"/haus/vortraege/{told['id']}",
                     f"/haus/massnahmen/{made['id']}/beteiligungen/{part}", f"/haus/fachbereiche/{unit}"):  # fmt: skip
            assert (await page.get(path)).status_code == 404, (nick, path)
        house = await page.get("/haus")
        assert house.status_code == (200 if nick == "carl" else 404) and SECRET not in house.text
        assert SECRET not in (await page.get("/")).text, nick
        found = await who.post("/api/v1/search", json={"query": SECRET})
        assert found.json().get("results", []) == [], nick
    assert (await ben.get(here)).json()["stage"] == "planned"


async def test_who_may_not_begin_one(client: Clients, db: Connection) -> None:
    await outsiders(db)
    new = {"occasion": "x", "field": "concerns", "reported_on": "2026-11-20"}
    for nick in ("anna", "clara", "kim", "rita"):
        who = await client.as_(nick)
        assert (await who.post("/api/v1/measures", json={"title": "x"})).status_code == 403
        assert (await who.post("/api/v1/reports", json=new)).status_code == 403
        assert (await who.post("/api/v1/departments", json={"number": "1", "name": "x"})).status_code == 403


async def test_units_of_another_house_cannot_be_named(client: Clients, db: Connection) -> None:
    await outsiders(db)
    foreign = await department(await client.as_("carl"))
    ben = await client.as_("ben")
    refused = await ben.post("/api/v1/measures", json={"title": "x", "lead_unit": foreign})
    assert refused.status_code == 400 and refused.json()["code"] == "unknown_reference"
    made = await measure(ben)
    step = await ben.post(
        f"/api/v1/measures/{made['id']}/co-signatures", json={"department_id": foreign}, headers=match(made)
    )
    assert step.status_code == 400


async def test_the_record_tells_nobody_else(client: Clients, db: Connection) -> None:
    await outsiders(db)
    ben = await client.as_("ben")
    made, told = await measure(ben), await report(ben)
    for nick in ("anna", "kim"):
        who = await client.as_(nick)
        for thing in (made["id"], told["id"]):
            assert (await who.get(f"/api/v1/audit-events?object_id={thing}")).json()["items"] == [], nick
        lines = (await who.get("/api/v1/audit-events?limit=200")).json()["items"]
        assert not [one for one in lines if one["object_kind"] in ("measure", "report_to_head", "department")]
    detail = await db.fetchval(
        "select string_agg(detail::text || reference, ' ') from audit_event where object_kind = 'measure'"
    )
    assert SECRET not in detail


async def test_search_rows_are_sealed(client: Clients, db: Connection) -> None:
    ben = await client.as_("ben")
    made, told = await measure(ben), await report(ben)
    house = await make.authority(db, "br-arnsberg")
    for thing in (made["id"], told["id"]):
        assert await db.fetchval("select count(*) from search_entry where source_id::text = $1", thing) == 0
        sealed = await db.fetchval("select audience from search_sealed where source_id::text = $1", thing)
        assert sealed == [f"asking:{house}"]


async def test_a_deputy_sees_it_while_acting_and_the_assistant_always(
    client: Clients, db: Connection
) -> None:
    await assistant(db)
    made = await measure(await client.as_("ben"))
    dana = await make.person(db, "dana", authority="br-arnsberg", roles=["deputy"])
    path = f"/api/v1/measures/{made['id']}"
    who = await client.as_("dana")
    assert (await who.get(path)).status_code == 404
    from datetime import date

    await make.absence(db, await make.person_id(db, "ben"), dana, date(2026, 11, 23), date(2026, 11, 24))
    assert (await who.get(path)).status_code == 200
    assert (await (await client.as_("asta")).get(path)).status_code == 200
