"""The expert or who stands in writes the answer; the house sees nothing of it before it is sent."""

import pytest

from circle.core.clock import Clock
from circle.core.db import Connection
from tests import make
from tests.clients import Clients

from . import acts, api, letters

TEXT = {
    "answer": "Es gelten die Standards.",
    "answer_summary": "Standards gelten.",
    "sources": [{"norm": "§ 8 TIntG", "as_of": "2026-11-20", "note": "Absatz 2"}],
}


async def test_it_works_and_goes_to_the_reviewer(client: Clients, db: Connection, office: Clock) -> None:
    await make.advisers(db)
    found = await make.consultation(db, office, "assigned")
    answer = await (await client.as_("emil")).post(api(found, "answer"), json=TEXT)
    assert answer.status_code == 200
    made = answer.json()
    assert (made["state"], made["answered_by_name"], made["reviewer_name"]) == (
        "in_review", "Emil Probe", "Quirin Probe")  # fmt: skip
    assert made["sources"][0]["norm"] == "§ 8 TIntG" and made["sources"][0]["as_of"] == "2026-11-20"
    assert ("notice", "Beratungsanfrage BA-2026-001: Antwort bitte prüfen", "Quirin Probe") in await letters(
        db, found
    )
    assert (await acts(db, found))[-1] == "consultation.answer_written"
    ben = (await (await client.as_("ben")).get(api(found))).json()
    hidden = (
        "answer",
        "answer_summary",
        "answered_by_id",
        "answered_by_name",
        "reviewer_id",
        "review_note",
        "proposal",
    )
    assert {name: ben[name] for name in hidden} == dict.fromkeys(hidden) and ben["sources"] == []
    assert "Es gelten" not in await db.fetchval("select body from search_sealed where source_id = $1", found)


async def test_a_draft_is_only_kept(client: Clients, db: Connection, office: Clock) -> None:
    await make.advisers(db)
    found = await make.consultation(db, office, "assigned")
    dora, before = await client.as_("dora"), await letters(db, found)
    made = (await dora.post(api(found, "answer"), json=TEXT | {"draft": True})).json()
    assert made["state"] == "in_progress" and made["answer"] == TEXT["answer"]
    assert await letters(db, found) == before
    assert (await (await client.as_("ben")).get(api(found))).json()["answer"] is None


async def test_files_of_an_unsent_answer_are_not_for_the_house(
    client: Clients, db: Connection, office: Clock
) -> None:
    await make.advisers(db)
    found = await make.consultation(db, office, "assigned")
    dora, ben, quirin = await client.as_("dora"), await client.as_("ben"), await client.as_("quirin")
    file_id = (await dora.post("/api/v1/files", files={"file": ("muster.txt", b"x")})).json()["id"]
    await dora.post(api(found, "answer"), json=TEXT | {"file_ids": [file_id]})
    assert (await quirin.get(f"/api/v1/files/{file_id}")).status_code == 200
    assert (await ben.get(f"/api/v1/files/{file_id}")).status_code == 404
    assert (await ben.get(api(found))).json()["files"] == []
    await quirin.post(api(found, "review"), json={"decision": "approve"})
    await (await client.as_("anna")).post(api(found, "send"), headers={"idempotency-key": "s"})
    assert (await ben.get(f"/api/v1/files/{file_id}/content")).content == b"x"
    assert [file["part"] for file in (await ben.get(api(found))).json()["files"]] == ["answer"]


async def test_who_may_not_and_when_not(client: Clients, db: Connection, office: Clock) -> None:
    await make.advisers(db)
    found = await make.consultation(db, office, "assigned")
    for nick, status in (("clara", 404), ("carl", 404), ("ben", 403), ("quirin", 403), ("anna", 403)):
        assert (await (await client.as_(nick)).post(api(found, "answer"), json=TEXT)).status_code == status, (
            nick
        )
    dora = await client.as_("dora")
    assert (await dora.post(api(found, "answer"), json=TEXT, headers={"if-match": '"v1"'})).status_code == 412
    waiting = await make.consultation(db, office, "clarification")
    assert (await dora.post(api(waiting, "answer"), json=TEXT)).status_code == 409


async def test_a_source_has_a_name_and_a_day_and_the_reviewer_is_another(
    client: Clients, db: Connection, office: Clock
) -> None:
    await make.advisers(db)
    found = await make.consultation(db, office, "assigned")
    dora = await client.as_("dora")
    for wrong, at in (
        ({"sources": [{"as_of": "2026-11-20"}]}, "sources.0"),
        ({"sources": [{"norm": "x"}]}, "as_of"),
        ({"answer": " "}, "answer"),
        ({"reviewer_id": str(await make.person_id(db, "dora"))}, "reviewer_id"),
        ({"reviewer_id": str(await make.person_id(db, "emil"))}, "reviewer_id"),
    ):
        refused = await dora.post(api(found, "answer"), json=TEXT | wrong)
        assert refused.status_code == 400 and refused.json()["errors"][0]["field"].startswith(at), (
            refused.json()
        )


async def test_without_anybody_to_review_it_says_so(client: Clients, db: Connection, office: Clock) -> None:
    await make.advisers(db)
    found = await make.consultation(db, office, "assigned")
    await db.execute("update consultation set reviewer_id = null")
    await db.execute("delete from role_grant where role in ('quality_reviewer', 'release_approver')")
    refused = await (await client.as_("dora")).post(api(found, "answer"), json=TEXT)
    assert refused.status_code == 409 and refused.json()["code"] == "no_reviewer"


async def test_rewritten_it_is_reviewed_anew(client: Clients, db: Connection, office: Clock) -> None:
    await make.advisers(db)
    found = await make.consultation(db, office, "reviewed")
    made = (await (await client.as_("dora")).post(api(found, "answer"), json=TEXT)).json()
    assert made["reviewed_on"] is None and made["state"] == "in_review"
    refused = await (await client.as_("anna")).post(api(found, "send"), headers={"idempotency-key": "s"})
    assert refused.status_code == 409 and refused.json()["code"] == "not_reviewed"


@pytest.mark.confidential
async def test_said_again_after_the_task_went_to_another_it_tells_nothing(
    client: Clients, db: Connection, office: Clock
) -> None:
    await make.advisers(db)
    found = await make.consultation(db, office, "assigned", confidentiality="confidential")
    dora, anna = await client.as_("dora"), await client.as_("anna")
    body, same = {"answer": "Streng vertraulich.", "draft": True}, {"idempotency-key": "entwurf"}
    first = await dora.post(api(found, "answer"), json=body, headers=same)
    again = await dora.post(api(found, "answer"), json=body, headers=same)
    assert (first.status_code, again.status_code) == (200, 200)
    assert (again.json(), again.headers["etag"]) == (first.json(), first.headers["etag"])
    emil = {"assignee_id": str(await make.person_id(db, "emil"))}
    assert (await anna.post(api(found, "assign"), json=emil)).status_code == 200
    gone = await dora.post(api(found, "answer"), json=body, headers=same)
    assert gone.status_code == 404 and "vertraulich" not in gone.text.lower()
