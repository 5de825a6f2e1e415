"""Vorbehalt: a house consents subject to its head or a check, and says later how that ended (decree Nr. 4 (2) S. 2)."""

from circle.core.db import Connection
from tests import make
from tests.clients import Clients

from . import acts, item


async def test_a_member_declares_and_lifts_it(client: Clients, db: Connection) -> None:
    meeting = await make.meeting(db, state="running")
    made = await make.item(db, meeting, status="on_agenda", number="3", by="anna")
    ben, anna = await client.as_("ben"), await client.as_("anna")
    answer = await ben.post(item(made, "reservations"), json={"text": "Bis Ende Januar."})
    assert answer.status_code == 201, answer.text
    (one,) = answer.json()["reservations"]
    assert (one["by_name"], one["kind"], one["resolved_on"]) == (
        "Ben Beauftragt (BR Arnsberg)", "Leitungsvorbehalt", None,
    )  # fmt: skip
    kept = await anna.post(item(made, "result"), json={"result": "agreed"})
    assert len(kept.json()["reservations"]) == 1
    await db.execute("update meeting set state = 'minutes_approved'")
    assert (await ben.post(item(made, "reservations"), json={})).status_code == 409
    lifted = await ben.post(item(made, "reservations/lift"), json={"outcome": "withdrawn"})
    (one,) = lifted.json()["reservations"]
    assert (one["resolved_on"], one["outcome"]) == ("2026-11-23", "withdrawn")
    assert (await ben.post(item(made, "reservations/lift"))).status_code == 409
    assert (await acts(db, made))[-1] == "agenda_item.reservation_lifted"


async def test_office_and_moderation_write_it_down_for_a_member(client: Clients, db: Connection) -> None:
    meeting = await make.meeting(db, state="held")
    made = await make.item(db, meeting, status="treated", number="3", by="anna")
    carl = await make.person(db, "carl", authority="br-koeln", roles=["commissioner"])
    anna, ben, clara = [await client.as_(nick) for nick in ("anna", "ben", "clara")]
    given = {"kind": "Prüfvorbehalt", "by": str(carl)}
    assert (await clara.post(item(made, "reservations"), json={})).status_code == 404
    assert (await ben.post(item(made, "reservations"), json=given)).status_code == 403
    answer = await anna.post(
        item(made, "result"),
        json={"result": "agreed", "reservations": [given], "votes": {"consent": 4, "reservation": 1}},
    )
    assert answer.json()["reservations"][0]["by_name"] == "Carl Probe (BR Köln)"
    assert (await anna.post(item(made, "reservations"), json={})).status_code == 400
    office = {"by": str(await make.person_id(db, "anna"))}
    wrong = await anna.post(item(made, "reservations"), json=office)
    assert wrong.status_code == 400 and wrong.json()["errors"][0]["field"] == "by"
    stale = await anna.post(
        item(made, "reservations/lift"), json={"by": str(carl)}, headers={"if-match": '"v1"'}
    )
    assert stale.status_code == 412
    upheld = await anna.post(item(made, "reservations/lift"), json={"by": str(carl), "outcome": "upheld"})
    assert upheld.json()["reservations"][0]["outcome"] == "upheld"
    assert (await ben.post(item(made, "reservations/lift"), json={"by": str(carl)})).status_code == 403
