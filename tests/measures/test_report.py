"""Reports to the head (right to report): drafted, scheduled, told or closed, printed."""

from circle.core.db import Connection
from tests.clients import Clients

from . import acts, assistant, match, report


async def test_from_draft_to_outcome(client: Clients, db: Connection) -> None:
    await assistant(db)
    asta, ben = await client.as_("asta"), await client.as_("ben")
    made = await report(asta, source="BA-2026-021", text="Wir schlagen vor.")
    path = f"/api/v1/reports/{made['id']}"
    assert made["state"] == "draft"
    assert (await asta.post(f"{path}/schedule", headers=match(made))).status_code == 403
    assert (await ben.post(f"{path}/schedule")).status_code == 428
    made = (await ben.post(f"{path}/schedule", headers=match(made))).json()
    assert (made["state"], made["outcome"]) == ("open", "")
    assert (await asta.patch(path, json={"text": "x"}, headers=match(made))).status_code == 403
    made = (await ben.patch(path, json={"text": "Neu."}, headers=match(made))).json()
    future = {"outcome": "Ja.", "reported_on": "2026-11-24"}
    assert (await ben.post(f"{path}/outcome", json=future, headers=match(made))).status_code == 400
    told = await ben.post(f"{path}/outcome", json={"outcome": "Zugestimmt."}, headers=match(made))
    assert (told.json()["state"], told.json()["reported_on"]) == ("told", "2026-11-20")
    assert (await ben.patch(path, json={"text": "x"}, headers=match(told.json()))).status_code == 409
    assert (await ben.delete(path, headers=match(told.json()))).status_code == 409
    assert await acts(db, made["id"]) == [
        "report.drafted", "report.scheduled", "report.changed", "report.told"
    ]  # fmt: skip


async def test_closed_or_deleted(client: Clients) -> None:
    ben = await client.as_("ben")
    made = await report(ben)
    path = f"/api/v1/reports/{made['id']}"
    assert (await ben.post(f"{path}/close", json={"note": "x"}, headers=match(made))).status_code == 409
    made = (await ben.post(f"{path}/schedule", headers=match(made))).json()
    closed = await ben.post(f"{path}/close", json={"note": "Erledigt"}, headers=match(made))
    assert closed.json()["state"] == "closed"
    draft = await report(ben)
    assert (await ben.delete(f"/api/v1/reports/{draft['id']}", headers=match(draft))).status_code == 204
    assert [one["id"] for one in (await ben.get("/api/v1/reports")).json()["items"]] == [made["id"]]
    assert (await ben.get("/api/v1/reports?state=open")).json()["items"] == []


async def test_bad_input(client: Clients) -> None:
    ben = await client.as_("ben")
    good = {"occasion": "x", "field": "concerns", "reported_on": "2026-11-20"}
    for bad in ({"source": "../etc"}, {"field": "press"}, {"occasion": " "}, {"reported_on": "2026-02-30"},
                {"resubmission_on": "2026-11-01"}, {"text": "x" * 20_001}, {"state": "told"}):  # fmt: skip
        assert (await ben.post("/api/v1/reports", json=good | bad)).status_code == 400, bad


async def test_the_note_is_a_tagged_pdf(client: Clients) -> None:
    ben = await client.as_("ben")
    made = await report(ben, text="Erster Absatz.\n\nZweiter – mit „Zeichen“ und \u202e.")
    answer = await ben.get(f"/api/v1/reports/{made['id']}/note")
    assert answer.status_code == 200 and answer.headers["content-type"] == "application/pdf"
    assert answer.content.startswith(b"%PDF") and b"/StructTreeRoot" in answer.content
    assert (await (await client.as_("anna")).get(f"/api/v1/reports/{made['id']}/note")).status_code == 404
