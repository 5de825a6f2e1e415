"""S09 in the room: the commissioner is away, the deputy reads the papers, carries the voice of Köln once, and after the
time of the deputyship keeps nothing but the right to object to these minutes."""

import uuid
from datetime import datetime
from typing import Any

import httpx
import pytest

from circle.core import errors
from circle.core.clock import Clock
from circle.core.db import Connection
from circle.core.files import Storage
from circle.meetings.floor import actions as floor
from circle.meetings.floor.model import NewBallot, NewVote
from tests import make
from tests.clients import Clients
from tests.meetings import world
from tests.people.test_midnight import stop


async def test_s09_the_deputy_takes_part(
    client: Clients, db: Connection, storage: Storage, office: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    meeting = await world.invited(db, office)
    dina, kim = await make.person_id(db, "dina"), await make.person_id(db, "kim")
    ben = await make.person_id(db, "ben")
    await make.person(db, "mia", authority="br-muenster", roles=["commissioner"])
    item = await db.fetchval("select id from agenda_item where meeting_id = $1 and number = '4'", meeting)
    file_id = await make.file(
        db, storage, "lage.pdf", b"%PDF-1.7 Lage", audience=["circle", f"meeting:{meeting}"]
    )
    await db.execute(
        """
        insert into paper (meeting_id, item_id, number, title, confidentiality, file_id, submitted_on)
        values ($1, $2, 1, 'Lagebild', 'circle', $3, '2027-01-02')
        """,
        meeting, item, file_id,
    )  # fmt: skip
    here = f"/api/v1/meetings/{meeting}"

    def at(text: str) -> None:
        stop(office, monkeypatch, datetime.fromisoformat(text))

    async def signed(nick: str) -> httpx.AsyncClient:
        return await client.as_(nick)

    async def post(nick: str, path: str, body: Any = None) -> httpx.Response:
        return await (await signed(nick)).post(
            path, json=body if body is not None else {}, headers={"idempotency-key": str(uuid.uuid4())}
        )

    at("2027-01-13T10:00:00+01:00")
    assert "Lagebild" in (await (await signed("dina")).get(f"{here}/papers")).text
    assert (await post("mona", f"{here}/start")).status_code == 200
    roll = {"items": [{"person_id": str(ben)}, {"person_id": str(dina)}]}
    assert (await post("mona", f"{here}/roll-call", roll)).status_code == 200
    second = await post("mona", f"{here}/arrivals", {"person_id": str(kim)})
    assert (second.status_code, second.json()["code"]) == (409, "voice_taken")

    at("2027-01-13T10:30:00+01:00")
    assert (await post("mona", f"/api/v1/agenda-items/{item}/call")).status_code == 200
    text = NewBallot("Die Standards gelten.", kind="open")
    ballot_id = await floor.open_ballot(db, await make.actor(db, office, "mona"), item, text)
    for _ in range(2):
        await floor.cast(db, await make.actor(db, office, "dina"), ballot_id, NewVote("consent"))
    with pytest.raises(errors.Forbidden):
        await floor.cast(db, await make.actor(db, office, "kim"), ballot_id, NewVote("consent"))
    counted = await db.fetchval(
        "select count(distinct authority_id) from ballot_vote where ballot_id = $1", ballot_id
    )
    assert counted == 1, "Köln votes once"

    at("2027-01-13T12:00:00+01:00")
    await floor.cancel(db, await make.actor(db, office, "mona"), ballot_id)
    assert (await post("mona", f"{here}/close")).status_code == 200
    lines = (await (await signed("dina")).get(f"{here}/attendance")).json()["items"]
    koeln = [one for one in lines if one["authority_name"] == "BR Köln"]
    assert [(one["person_id"], one["status"], one["represented_by"]) for one in koeln] == [
        (str(kim), "represented", str(dina))
    ]
    assert (await post("anna", f"{here}/minutes/circulate")).status_code == 200

    at("2027-01-16T00:00:00+01:00")
    listed = (await (await signed("dina")).get("/api/v1/meetings?limit=100")).json()["items"]
    assert [one["id"] for one in listed] == [str(meeting)]
    assert (await (await signed("dina")).get("/api/v1/me")).json()["roles"] == ["regional_staff"]
    objected = await post("dina", f"{here}/minutes/objections", {"text": "Zu TOP 4 fehlt ein Satz."})
    assert objected.status_code == 201, objected.text
    assert (await post("dina", f"{here}/arrivals", {"person_id": str(dina)})).status_code == 403
