"""Experts of a request, and the two hats: nobody works on it for both sides (domain rules 3.2)."""

from datetime import datetime
from typing import Any
from uuid import UUID

import pytest

from circle.core.clock import Clock
from circle.core.db import Connection
from tests import make
from tests.clients import Clients

# Today is 23.11.2026.
UNTIL = "2026-12-04"
LEVELS = ["circle", pytest.param("confidential", marks=pytest.mark.confidential)]


def api(found: UUID) -> str:
    return f"/api/v1/consultations/{found}"


async def seen(client: Clients, db: Connection, found: UUID, nick: str = "rita") -> list[bool]:
    """Whether somebody finds the request by page, API and search."""
    reference = await db.fetchval("select reference from consultation where id = $1", found)
    program = await client.as_(nick)
    page = await (await client.browser(nick)).get(f"/anfragen/{reference}")
    one = await program.get(api(found))
    hits = (await program.post("/api/v1/search", json={"query": "Sprachmittlung"})).json()["results"]
    assert {page.status_code, one.status_code} <= {200, 404}
    return [page.status_code == 200, one.status_code == 200, bool(hits)]


async def involve(
    client: Clients, found: UUID, person: UUID, valid_to: str = UNTIL, nick: str = "ben"
) -> Any:
    return await (await client.as_(nick)).post(
        f"{api(found)}/experts", json={"person_id": str(person), "valid_to": valid_to}
    )


@pytest.mark.parametrize("level", LEVELS)
async def test_it_works_until_the_day(
    client: Clients, db: Connection, office: Clock, monkeypatch: pytest.MonkeyPatch, level: str
) -> None:
    await make.advisers(db)
    rita = await make.person(db, "rita", authority="br-arnsberg", roles=["regional_staff"])
    found = await make.consultation(db, office, "in_review", confidentiality=level)
    assert await seen(client, db, found) == [False] * 3
    made = await involve(client, found, rita)
    assert made.status_code == 201 and made.json()["authority_name"] == "BR Arnsberg", made.text
    assert await seen(client, db, found) == [True] * 3
    program = await client.as_("rita")
    assert (await program.get(api(found))).json()["answer"] is None, (
        "the unsent answer is not for the asking house"
    )
    assert (await program.post(f"{api(found)}/withdraw", json={})).status_code == 403
    assert (
        await program.post(f"{api(found)}/experts", json={"person_id": str(rita), "valid_to": UNTIL})
    ).status_code == 403
    subjects = [
        row["subject"] for row in await db.fetch("select subject from dispatch where object_id = $1", found)
    ]
    assert any("hinzugezogen" in subject and "Sprachmittlung" not in subject for subject in subjects)
    assert (
        await db.fetchval("select count(*) from audit_event where action = 'consultation.expert_involved'")
        == 1
    )
    assert "Sie sind hinzugezogen" in (await (await client.browser("rita")).get("/")).text
    monkeypatch.setattr(office, "now", lambda: datetime.fromisoformat("2026-12-04T22:59:59+00:00"))
    assert await seen(client, db, found) == [True] * 3
    monkeypatch.setattr(office, "now", lambda: datetime.fromisoformat("2026-12-04T23:00:00+00:00"))
    assert await seen(client, db, found) == [False] * 3


@pytest.mark.parametrize("level", LEVELS)
async def test_ended_it_is_gone_at_once(client: Clients, db: Connection, office: Clock, level: str) -> None:
    rita = await make.person(db, "rita", authority="br-arnsberg", roles=["regional_staff"])
    found = await make.consultation(db, office, confidentiality=level)
    await involve(client, found, rita)
    path = f"{api(found)}/experts/{rita}"
    for nick, status in (("clara", 404), ("rita", 403), ("anna", 403)):
        assert (await (await client.as_(nick)).delete(path)).status_code == status, nick
    assert (await (await client.as_("ben")).delete(path)).status_code == 204
    assert await seen(client, db, found) == [False] * 3
    assert (await (await client.as_("ben")).delete(path)).status_code == 404


async def test_who_may_not_and_bad_input(client: Clients, db: Connection, office: Clock) -> None:
    rita = await make.person(db, "rita", authority="br-arnsberg", roles=["regional_staff"])
    await make.person(db, "aske", authority="br-arnsberg", roles=["assistant"])
    far = await make.person(db, "fee", authority="br-koeln")
    found = await make.consultation(db, office)
    for nick, status in (("clara", 404), ("aske", 403), ("anna", 403)):
        assert (await involve(client, found, rita, nick=nick)).status_code == status, nick
    for person, until in ((far, UNTIL), (rita, "2026-11-22"), (await make.person_id(db, "aske"), UNTIL)):
        assert (await involve(client, found, person, until)).status_code == 400
    draft = await make.consultation(db, office, "draft")
    assert (await involve(client, draft, rita)).status_code == 409


async def test_the_page_does_the_same(client: Clients, db: Connection, office: Clock) -> None:
    rita = await make.person(db, "rita", authority="br-arnsberg", roles=["regional_staff"])
    found = await make.consultation(db, office)
    ben, path = await client.browser("ben"), f"/anfragen/{found}"
    assert "Rita Probe" in (await ben.get(f"{path}?schritt=involve")).text
    form = {"person_id": str(rita), "valid_to": "2020-01-01", "revision": "2", "idempotency_key": "k1"}
    wrong = await ben.post(f"{path}/involve", form)
    assert wrong.status_code == 422 and "frühestens heute" in wrong.text
    done = await ben.post(f"{path}/involve", form | {"valid_to": UNTIL, "idempotency_key": "k2"})
    assert done.status_code == 303, done.text
    assert "Sachkundige Beschäftigte" in (await ben.get(path)).text
    ended = await ben.post(
        f"{path}/end_involvement", {"person_id": str(rita), "revision": "2", "idempotency_key": "k3"}
    )
    assert ended.status_code == 303 and await seen(client, db, found) == [False] * 3


async def test_an_expert_of_the_house_is_never_assigned(
    client: Clients, db: Connection, office: Clock
) -> None:
    await make.advisers(db)
    rita = await make.person(db, "rita", authority="br-arnsberg", roles=["kfi_expert"])
    found = await make.consultation(db, office)
    assert (await involve(client, found, rita)).status_code == 201
    # Later she changes to the competence centre, and her part has ended.
    await (await client.as_("ben")).delete(f"{api(found)}/experts/{rita}")
    await db.execute(
        "update person set authority_id = $2 where id = $1", rita, await make.authority(db, "kfi")
    )
    refused = await (await client.as_("anna")).post(f"{api(found)}/assign", json={"assignee_id": str(rita)})
    assert refused.status_code == 400 and refused.json()["code"] == "conflict_of_interest"


async def test_who_works_on_it_is_never_called_in(client: Clients, db: Connection, office: Clock) -> None:
    await make.advisers(db)
    found = await make.consultation(db, office, "in_progress")
    dora = await make.person_id(db, "dora")
    # Dora, who wrote the draft, changes to the asking house; another expert goes on.
    await db.execute(
        "update person set authority_id = $2 where id = $1", dora, await make.authority(db, "br-arnsberg")
    )
    await db.execute("update consultation set assignee_id = deputy_id, deputy_id = null where id = $1", found)
    refused = await involve(client, found, dora)
    assert refused.status_code == 400 and refused.json()["code"] == "conflict_of_interest"


@pytest.mark.parametrize("how", ["appointed", "moved"])
async def test_who_joins_the_asking_house_answers_no_more(
    client: Clients, db: Connection, office: Clock, how: str
) -> None:
    await make.advisers(db)
    found = await make.consultation(db, office, "assigned")
    dora, arnsberg = await make.person_id(db, "dora"), await make.authority(db, "br-arnsberg")
    if how == "appointed":
        await make.appoint(db, dora, arnsberg, "deputy")
    else:
        await db.execute("update person set authority_id = $2 where id = $1", dora, arnsberg)
    refused = await (await client.as_("dora")).post(
        f"{api(found)}/answer", json={"answer": "So.", "answer_summary": "So."}
    )
    assert refused.status_code == 403 and refused.json()["code"] == "two_hats", refused.text


async def test_nobody_reviews_for_the_house_that_they_joined(
    client: Clients, db: Connection, office: Clock
) -> None:
    await make.advisers(db)
    found = await make.consultation(db, office, "in_review")
    await make.appoint(
        db, await make.person_id(db, "quirin"), await make.authority(db, "br-arnsberg"), "deputy"
    )
    refused = await (await client.as_("quirin")).post(f"{api(found)}/review", json={"decision": "approve"})
    assert refused.status_code == 403 and refused.json()["code"] == "two_hats"
