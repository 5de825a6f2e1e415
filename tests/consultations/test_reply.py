"""The house replies to the question back; the deadline moves by the working days on which the clock stood."""

from datetime import timedelta

from circle.core.clock import Clock
from circle.core.db import Connection
from tests import make
from tests.clients import Clients

from . import acts, api, letters


async def test_it_works_and_the_deadline_moves(client: Clients, db: Connection, office: Clock) -> None:
    await make.advisers(db)
    found = await make.consultation(db, office, "clarification")
    office.offset += timedelta(days=7)  # Monday to Monday: five working days
    answer = await (await client.as_("ben")).post(
        api(found, "reply"), json={"reply": "Für das Ausländeramt."}
    )
    office.offset -= timedelta(days=7)
    assert answer.status_code == 200
    made = answer.json()
    assert (made["state"], made["due_on"], made["due_on_effective"]) == (
        "assigned",
        "2026-12-07",
        "2026-12-14",
    )
    assert "Die Frist ruhte 5 Arbeitstage." in " ".join(made["due_steps"])
    (asked,) = made["clarifications"]
    assert (asked["reply"], asked["replied_on"], asked["replied_by_name"]) == (
        "Für das Ausländeramt.", "2026-11-30", "Ben Beauftragt")  # fmt: skip
    told = [
        name
        for _, subject, name in await letters(db, found)
        if subject.startswith("Antwort auf die Rückfrage")
    ]
    assert told == ["Dora Probe", "Emil Probe"]
    assert (await acts(db, found))[-1] == "consultation.replied"


async def test_on_the_same_day_nothing_moves(client: Clients, db: Connection, office: Clock) -> None:
    found = await make.consultation(db, office)
    await (await client.as_("anna")).post(api(found, "clarify"), json={"question": "Wann?"})
    made = (await (await client.as_("ben")).post(api(found, "reply"), json={"reply": "Im März."})).json()
    assert (made["state"], made["due_on_effective"]) == ("received", "2026-12-07")
    told = [
        name
        for _, subject, name in await letters(db, found)
        if subject.startswith("Antwort auf die Rückfrage")
    ]
    assert told == ["Anna Amt"]


async def test_a_reply_brings_files(client: Clients, db: Connection, office: Clock) -> None:
    await make.advisers(db)
    found = await make.consultation(db, office, "clarification")
    ben = await client.as_("ben")
    file_id = (await ben.post("/api/v1/files", files={"file": ("entwurf.txt", b"x")})).json()["id"]
    made = await ben.post(api(found, "reply"), json={"reply": "Siehe Anlage.", "file_ids": [file_id]})
    assert [file["name"] for file in made.json()["files"]] == ["entwurf.txt"]
    assert (await (await client.as_("dora")).get(f"/api/v1/files/{file_id}")).status_code == 200


async def test_who_may_not_and_when_not(client: Clients, db: Connection, office: Clock) -> None:
    await make.advisers(db)
    found, body = await make.consultation(db, office, "clarification"), {"reply": "Ja."}
    for nick, status in (("clara", 404), ("carl", 404), ("dora", 403), ("anna", 403)):
        assert (await (await client.as_(nick)).post(api(found, "reply"), json=body)).status_code == status
    ben = await client.as_("ben")
    assert (await ben.post(api(found, "reply"), json=body, headers={"if-match": '"v1"'})).status_code == 412
    assert (await ben.post(api(found, "reply"), json={})).status_code == 400
    assert (await ben.post(api(found, "reply"), json=body)).status_code == 200
    assert (await ben.post(api(found, "reply"), json=body)).status_code == 409
