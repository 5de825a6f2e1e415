"""Zurückziehung: the house takes its item back; what went out keeps its number (story S12)."""

import pytest

from circle.core.db import Connection
from tests import make
from tests.clients import Clients

from . import MASK, acts, found_in, item, of


async def test_before_the_invitation_it_is_gone_for_the_others(client: Clients, db: Connection) -> None:
    meeting = await make.meeting(db)
    made = await make.item(db, meeting)
    await make.person(db, "carl", authority="br-koeln", roles=["commissioner"])
    ben, carl = await client.as_("ben"), await client.as_("carl")
    assert (await carl.get(item(made))).status_code == 200
    answer = await ben.post(item(made, "withdraw"))
    assert answer.status_code == 200 and answer.json()["status"] == "withdrawn"
    assert (await carl.get(item(made))).status_code == 404
    assert await acts(db, made) == ["agenda_item.withdrawn"]


async def test_after_the_invitation_the_number_stays(client: Clients, db: Connection) -> None:
    meeting = await make.meeting(db, state="invited")
    made = await make.item(db, meeting, status="on_agenda", number="6")
    answer = await (await client.as_("ben")).post(item(made, "withdraw"))
    assert (answer.json()["status"], answer.json()["number"]) == ("withdrawn", "6")
    listed = (await (await client.as_("anna")).get(of(meeting))).json()["items"]
    assert [(one["number"], one["status"]) for one in listed] == [("6", "withdrawn")]
    found = await found_in(db, made)
    assert found and found[2] == "KK-2027-1/TOP-6"


async def test_who_may(client: Clients, db: Connection) -> None:
    meeting = await make.meeting(db)
    made = await make.item(db, meeting)
    await make.person(db, "carl", authority="br-koeln", roles=["commissioner"])
    for nick, status in (("clara", 404), ("carl", 403)):
        assert (await (await client.as_(nick)).post(item(made, "withdraw"))).status_code == status, nick
    anna = await client.as_("anna")
    assert (await anna.post(item(made, "withdraw"), headers={"if-match": '"v7"'})).status_code == 412
    assert (await anna.post(item(made, "withdraw"))).status_code == 200
    assert (await anna.post(item(made, "withdraw"))).status_code == 409
    over = await make.item(
        db, await make.meeting(db, "KK-2026-9", state="held"), status="on_agenda", number="1"
    )
    assert (await anna.post(item(over, "withdraw"))).status_code == 409


@pytest.mark.confidential
async def test_the_office_takes_back_on_the_houses_word_without_reading(
    client: Clients, db: Connection
) -> None:
    meeting = await make.meeting(db)
    made = await make.item(db, meeting, "Personalfrage", level="confidential")
    await make.person(db, "carl", authority="br-koeln", roles=["commissioner"])
    assert (await (await client.as_("carl")).post(item(made, "withdraw"))).status_code == 403
    answer = await (await client.as_("anna")).post(item(made, "withdraw"))
    assert (answer.json()["status"], answer.json()["title"]) == ("withdrawn", MASK)
