"""Rückgabe: the office asks for more with a reason; the submitter mends the proposal."""

import pytest

from circle.core.db import Connection
from tests import make
from tests.clients import Clients

from . import NEW, SECRET, acts, found_in, item, letters, of

REASON = {"reason": "Bitte nennen Sie das gewünschte Ergebnis."}


async def test_the_submitter_gets_the_reason_and_mends_it(client: Clients, db: Connection) -> None:
    meeting = await make.meeting(db)
    ben, anna = await client.as_("ben"), await client.as_("anna")
    made = (await ben.post(of(meeting), json=NEW)).json()
    answer = await anna.post(item(made["id"], "return"), json=REASON)
    assert answer.status_code == 200 and answer.json()["status"] == "returned"
    ((subject, text, name),) = await letters(db, made["id"])
    assert name == "Ben Beauftragt" and REASON["reason"] in text and NEW["title"] in subject
    assert (await ben.get(item(made["id"]))).json()["return_reason"] == REASON["reason"]
    assert (await anna.post(item(made["id"], "admit"))).status_code == 409
    mended = await ben.patch(
        item(made["id"]), json={"description": "Ziel: Eckpunkte."}, headers={"if-match": '"v2"'}
    )
    assert (mended.json()["status"], mended.json()["return_reason"]) == ("registered", "")
    assert await acts(db, made["id"]) == [
        "agenda_item.proposed", "agenda_item.returned", "agenda_item.changed",
    ]  # fmt: skip


async def test_an_admitted_one_leaves_agenda_and_search_again(client: Clients, db: Connection) -> None:
    meeting = await make.meeting(db)
    await make.person(db, "carl", authority="br-koeln", roles=["commissioner"])
    made, anna = await make.item(db, meeting, status="registered"), await client.as_("anna")
    await anna.post(item(made, "admit"))
    assert await found_in(db, made)
    assert (await anna.post(item(made, "return"), json=REASON)).status_code == 200
    assert await found_in(db, made) is None
    assert (await (await client.as_("carl")).get(item(made))).status_code == 404


async def test_refusals(client: Clients, db: Connection) -> None:
    meeting = await make.meeting(db, state="invited")
    made = await make.item(db, meeting, status="registered")
    sent = await make.item(db, meeting, status="on_agenda", number="3")
    anna, ben, clara = [await client.as_(nick) for nick in ("anna", "ben", "clara")]
    assert (await clara.post(item(made, "return"), json=REASON)).status_code == 404
    assert (await ben.post(item(made, "return"), json=REASON)).status_code == 403
    assert (await anna.post(item(made, "return"), json={"reason": " "})).status_code == 400
    assert (await anna.post(item(made, "return"), json={})).json()["errors"][0]["field"] == "reason"
    stale = await anna.post(item(made, "return"), json=REASON, headers={"if-match": '"v4"'})
    assert stale.status_code == 412
    assert (await anna.post(item(sent, "return"), json=REASON)).status_code == 409


@pytest.mark.confidential
async def test_of_a_confidential_one_the_mail_says_nothing(client: Clients, db: Connection) -> None:
    meeting = await make.meeting(db)
    ben, anna = await client.as_("ben"), await client.as_("anna")
    made = (await ben.post(of(meeting), json=SECRET)).json()
    assert (await anna.post(item(made["id"], "return"), json=REASON)).json()["title"] == SECRET["title"]
    ((subject, text, _),) = await letters(db, made["id"])
    assert SECRET["title"] not in subject + text and REASON["reason"] not in text
    assert (await ben.get(item(made["id"]))).json()["return_reason"] == REASON["reason"]
