"""Participation and co-signatures: due days, order, and a changed text that opens later signatures again."""

from circle.core.db import Connection
from tests.clients import Clients

from . import act, acts, assistant, department, match, measure

SIGNED = {"decision": "signed", "initials": "Mu"}


async def test_the_order_is_kept(client: Clients) -> None:
    ben = await client.as_("ben")
    made = await measure(ben)
    for number in ("11", "12"):
        made = await act(ben, made, "co-signatures", {"department_id": await department(ben, number)})
    early = await ben.post(
        f"/api/v1/measures/{made['id']}/co-signatures/2/sign", json=SIGNED, headers=match(made)
    )
    assert early.status_code == 409 and early.json()["code"] == "earlier_step_open"
    made = await act(ben, made, "co-signatures/1/sign", SIGNED)
    twice = await ben.post(
        f"/api/v1/measures/{made['id']}/co-signatures/1/sign", json=SIGNED, headers=match(made)
    )
    assert twice.status_code == 409
    bare = await ben.post(
        f"/api/v1/measures/{made['id']}/co-signatures/2/sign",
        json={"decision": "refused", "initials": "Xy"}, headers=match(made),
    )  # fmt: skip
    assert bare.status_code == 400 and bare.json()["errors"][0]["field"] == "remark"
    refusal = {"decision": "refused", "initials": "Xy", "remark": "Haushalt fehlt"}
    made = await act(ben, made, "co-signatures/2/sign", refusal)
    made = await act(ben, made, "co-signatures/2/sign", SIGNED)
    steps = (await ben.get(f"/api/v1/measures/{made['id']}/co-signatures")).json()["items"]
    assert [(one["state"], one["initials"], one["signed_on"]) for one in steps] == [
        ("signed", "Mu", "2026-11-23"), ("signed", "Mu", "2026-11-23")
    ]  # fmt: skip
    assert [one["remark"] for one in steps[1]["earlier"]] == ["Haushalt fehlt"]
    missing = await ben.post(
        f"/api/v1/measures/{made['id']}/co-signatures/9/sign", json=SIGNED, headers=match(made)
    )
    assert missing.status_code == 404


async def test_another_text_opens_later_signatures_again(client: Clients, db: Connection) -> None:
    ben = await client.as_("ben")
    made = await measure(ben)
    for step, number in enumerate(("11", "12", "13"), 1):
        made = await act(ben, made, "co-signatures", {"department_id": await department(ben, number)})
        made = await act(ben, made, f"co-signatures/{step}/sign", SIGNED)
    path = f"/api/v1/measures/{made['id']}"
    same = await ben.patch(path, json={"resubmission_on": "2026-12-01"}, headers=match(made))
    assert {one["state"] for one in same.json()["co_signatures"]} == {"signed"}
    agreed = {"description": "Zwei Jahre lang.", "agreed_to_step": 1}
    made = (await ben.patch(path, json=agreed, headers=match(same.json()))).json()
    assert [one["state"] for one in made["co_signatures"]] == ["signed", "open", "open"]
    assert made["co_signatures"][1]["reopened_on"] == "2026-11-23" and made["text_version"] == 2
    assert made["co_signatures"][1]["earlier"][0] | {"remark": ""} == {
        "state": "signed", "initials": "Mu", "signed_on": "2026-11-23", "remark": "", "text_version": 1
    }  # fmt: skip
    made = (await ben.patch(path, json={"title": "Neu"}, headers=match(made))).json()
    assert [one["state"] for one in made["co_signatures"]] == ["open", "open", "open"]
    assert (await acts(db, made["id"]))[-1] == "measure.changed"


async def test_who_signed_an_older_text_is_told_so(client: Clients) -> None:
    """The text changes between reading and signing: the signature is refused as stale."""
    ben = await client.as_("ben")
    made = await measure(ben)
    made = await act(ben, made, "co-signatures", {"department_id": await department(ben)})
    await ben.patch(f"/api/v1/measures/{made['id']}", json={"title": "Neu"}, headers=match(made))
    late = await ben.post(
        f"/api/v1/measures/{made['id']}/co-signatures/1/sign", json=SIGNED, headers=match(made)
    )
    assert late.status_code == 412


async def test_a_statement_is_drafted_given_and_final(client: Clients, db: Connection) -> None:
    await assistant(db)
    ben, asta = await client.as_("ben"), await client.as_("asta")
    made, unit = await measure(ben), await department(ben)
    asked = {
        "department_id": unit,
        "asked_on": "2026-11-02",
        "answer_due": "2026-11-20",
        "subject": "Entwurf",
    }
    made = await act(asta, made, "participations", asked)
    one = made["participations"][0]
    assert (one["state"], one["overdue"], one["department_name"]) == ("open", True, "Dezernat 11 Personal")
    path = f"/api/v1/measures/{made['id']}/participations/{one['id']}"
    kept = await asta.patch(path, json={"statement": "Zustimmung."}, headers=match(made))
    assert kept.json()["participations"][0]["statement"] == "Zustimmung."
    given = {"statement": "Zustimmung mit Hinweis.", "answered_on": "2026-11-23"}
    assert (await asta.post(f"{path}/answer", json=given, headers=match(kept.json()))).status_code == 403
    done = await ben.post(f"{path}/answer", json=given, headers=match(kept.json()))
    one = done.json()["participations"][0]
    assert (one["state"], one["answered_on"], one["overdue"]) == ("answered", "2026-11-23", False)
    for answer in (
        await ben.post(f"{path}/answer", json=given, headers=match(done.json())),
        await ben.post(f"{path}/close", json={"note": "x"}, headers=match(done.json())),
        await asta.patch(path, json={"statement": "x"}, headers=match(done.json())),
    ):
        assert answer.status_code == 409


async def test_days_of_a_participation(client: Clients) -> None:
    ben = await client.as_("ben")
    made, unit = await measure(ben), await department(ben)
    path = f"/api/v1/measures/{made['id']}/participations"
    for data, field in (
        ({"asked_on": "2026-11-24"}, "asked_on"),
        ({"asked_on": "2026-11-20", "answer_due": "2026-11-19"}, "answer_due"),
    ):
        refused = await ben.post(path, json=data | {"department_id": unit}, headers=match(made))
        assert refused.status_code == 400 and refused.json()["errors"][0]["field"] == field
    made = await act(ben, made, "participations", {"department_id": unit, "asked_on": "2026-11-20"})
    one = f"{path}/{made['participations'][0]['id']}"
    early = {"statement": "Ja.", "answered_on": "2026-11-19"}
    assert (await ben.post(f"{one}/answer", json=early, headers=match(made))).status_code == 400
    closed = await ben.post(f"{one}/close", json={"note": "Zurückgezogen"}, headers=match(made))
    assert closed.json()["participations"][0]["state"] == "closed"
