"""Measures: drafted, registered, changed, brought from stage to stage, ended; drafts alone are deleted."""

from circle.core.db import Connection
from tests.clients import Clients, queries

from . import SECRET, act, acts, assistant, department, match, measure


async def test_from_draft_to_end(client: Clients, db: Connection) -> None:
    ben = await client.as_("ben")
    lead, other = await department(ben), await department(ben, "Dezernat 12")
    made = await measure(ben, lead_unit=lead, department_ids=[lead, other, other])
    assert made["draft"] is False and made["lead_unit_name"] == "Dezernat 11 Personal"
    assert [unit["id"] for unit in made["departments"]] == [other]
    assert [(one["stage"], one["changed_on"]) for one in made["stages"]] == [("planned", "2026-11-23")]
    made = await act(ben, made, "stage", {"stage": "in_development", "note": "Auftrag erteilt"})
    made = await act(ben, made, "stage", {"stage": "ended"})
    assert [one["stage"] for one in made["stages"]] == ["planned", "in_development", "ended"]
    assert await acts(db, made["id"]) == [
        "measure.drafted", "measure.registered", "measure.stage_reached", "measure.stage_reached"
    ]  # fmt: skip
    refused = await ben.patch(f"/api/v1/measures/{made['id']}", json={"title": "x"}, headers=match(made))
    assert refused.status_code == 409
    again = await ben.post(
        f"/api/v1/measures/{made['id']}/stage", json={"stage": "planned"}, headers=match(made)
    )
    assert again.status_code == 409


async def test_stages_keep_their_days_and_a_step_back_its_reason(client: Clients) -> None:
    ben = await client.as_("ben")
    made = await measure(ben, stage="in_introduction")
    path = f"/api/v1/measures/{made['id']}/stage"
    for data, field in (
        ({"stage": "planned"}, "note"),
        ({"stage": "implemented", "changed_on": "2026-11-24"}, "changed_on"),
        ({"stage": "implemented", "changed_on": "2026-11-22"}, "changed_on"),
    ):
        refused = await ben.post(path, json=data, headers=match(made))
        assert refused.status_code == 400 and refused.json()["errors"][0]["field"] == field, data
    assert (await ben.post(path, json={"stage": "in_introduction"}, headers=match(made))).status_code == 409
    assert (await act(ben, made, "stage", {"stage": "planned", "note": "Zurückgestellt"}))[
        "stage"
    ] == "planned"


async def test_stale_missing_and_unknown(client: Clients) -> None:
    ben = await client.as_("ben")
    made = await measure(ben)
    path = f"/api/v1/measures/{made['id']}"
    assert (await ben.patch(path, json={"title": "x"})).status_code == 428
    stale = await ben.patch(path, json={"title": "x"}, headers={"if-match": '"v1"'})
    assert stale.status_code == 412 and stale.json()["current"]["revision"] == 2
    for act_, data in (("stage", {"stage": "ended"}), ("register", None)):
        assert (await ben.post(f"{path}/{act_}", json=data)).status_code == 428
    unknown = "00000000-0000-4000-8000-000000000000"
    refused = await ben.patch(path, json={"lead_unit": unknown}, headers=match(made))
    assert refused.status_code == 400 and refused.json()["code"] == "unknown_reference"
    past = await ben.patch(path, json={"resubmission_on": "2026-11-22"}, headers=match(made))
    assert past.status_code == 400


async def test_assistants_draft_and_members_decide(client: Clients, db: Connection) -> None:
    await assistant(db)
    asta, ben = await client.as_("asta"), await client.as_("ben")
    made = await measure(asta, registered=False)
    path = f"/api/v1/measures/{made['id']}"
    changed = await asta.patch(path, json={"description": "Zwei Jahre lang."}, headers=match(made))
    assert changed.status_code == 200
    assert (await asta.post(f"{path}/register", headers=match(changed.json()))).status_code == 403
    made = await act(ben, changed.json(), "register")
    assert (await asta.patch(path, json={"title": "x"}, headers=match(made))).status_code == 403
    assert (await asta.post(f"{path}/stage", json={"stage": "ended"}, headers=match(made))).status_code == 403


async def test_only_drafts_are_deleted(client: Clients, db: Connection) -> None:
    ben = await client.as_("ben")
    unit = await department(ben)
    made = await measure(ben, registered=False, department_ids=[unit])
    made = await act(ben, made, "co-signatures", {"department_id": unit})
    made = await act(ben, made, "participations", {"department_id": unit, "asked_on": "2026-11-20"})
    path = f"/api/v1/measures/{made['id']}"
    assert (await ben.delete(path)).status_code == 428
    assert (await ben.delete(path, headers={"if-match": '"v1"'})).status_code == 412
    assert (await ben.delete(path, headers=match(made))).status_code == 204
    assert (await ben.get(path)).status_code == 404
    assert await db.fetchval("select count(*) from search_sealed where source_kind = 'measure'") == 0
    kept = await measure(ben)
    assert (await ben.delete(f"/api/v1/measures/{kept['id']}", headers=match(kept))).status_code == 409


async def test_the_list_is_one_statement_and_pages(client: Clients, db: Connection) -> None:
    ben = await client.as_("ben")
    for title in ("Zebra", "Anfang", "Mitte"):
        await measure(ben, title=title)
    with queries(db) as seen:
        first = (await ben.get("/api/v1/measures?limit=2")).json()
    assert len(seen) == 1 and [one["title"] for one in first["items"]] == ["Anfang", "Mitte"]
    assert [one["title"] for one in (await ben.get(first["next"])).json()["items"]] == ["Zebra"]
    assert (await ben.get("/api/v1/measures?stage=ended")).json()["items"] == []


async def test_units_of_the_house(client: Clients) -> None:
    ben = await client.as_("ben")
    unit = await department(ben)
    taken = await ben.post("/api/v1/departments", json={"number": "Dezernat 11", "name": "Haushalt"})
    assert taken.status_code == 409 and taken.json()["code"] == "department_exists"
    again = await ben.patch(
        f"/api/v1/departments/{unit}", json={"active": False}, headers={"if-match": '"v1"'}
    )
    assert again.json()["active"] is False
    stale = await ben.patch(f"/api/v1/departments/{unit}", json={}, headers={"if-match": '"v1"'})
    assert stale.status_code == 412
    assert (await ben.get("/api/v1/departments?active=true")).json()["items"] == []


async def test_the_own_house_finds_it(client: Clients) -> None:
    ben = await client.as_("ben")
    made = await measure(ben)
    found = (await ben.post("/api/v1/search", json={"query": "Anonyme Bewerbung"})).json()["results"]
    assert [(one["id"], one["title"]) for one in found] == [(made["id"], SECRET)]
