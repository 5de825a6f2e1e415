"""Order and times: the whole agenda in one act."""

import pytest

from circle.core.db import Connection
from tests import make
from tests.clients import Clients

from . import of


async def test_the_whole_order_in_one_act(client: Clients, db: Connection) -> None:
    meeting = await make.meeting(db)
    ids = [str(await make.item(db, meeting, title)) for title in ("A", "B", "C")]
    gone = await make.item(db, meeting, "Zurück", status="returned")
    anna = await client.as_("anna")
    wanted = {"item_ids": [ids[2], ids[0], ids[1]], "minutes": {ids[0]: 50}}
    answer = await anna.post(of(meeting, "agenda-items/order"), json=wanted, headers={"if-match": '"v1"'})
    assert answer.status_code == 200, answer.text
    items = answer.json()["items"]
    assert [one["title"] for one in items] == ["C", "A", "B", "Zurück"]
    assert [one["order"] for one in items] == [0, 1, 2, 3] and items[1]["planned_minutes"] == 50
    assert str(gone) == items[3]["id"]
    stale = await anna.post(of(meeting, "agenda-items/order"), json=wanted, headers={"if-match": '"v1"'})
    assert stale.status_code == 412
    assert (await anna.post(of(meeting, "agenda-items/order"), json=wanted)).status_code == 428
    assert await db.fetchval("select count(*) from audit_event where action = 'agenda.arranged'") == 1


async def test_refusals(client: Clients, db: Connection) -> None:
    meeting = await make.meeting(db)
    ids = [str(await make.item(db, meeting, title)) for title in ("A", "B")]
    match = {"if-match": '"v1"'}
    for nick, status in (("clara", 404), ("ben", 403)):
        answer = await (await client.as_(nick)).post(
            of(meeting, "agenda-items/order"), json={"item_ids": ids}, headers=match
        )
        assert answer.status_code == status
    anna = await client.as_("anna")
    for wrong in ([ids[0]], [ids[0], ids[0]], [*ids, str(meeting)]):
        answer = await anna.post(of(meeting, "agenda-items/order"), json={"item_ids": wrong}, headers=match)
        assert (answer.status_code, answer.json()["code"]) == (409, "agenda_changed")


async def test_what_went_out_keeps_its_order(client: Clients, db: Connection) -> None:
    meeting = await make.meeting(db, state="invited")
    one, two = [str(await make.item(db, meeting, n, status="on_agenda", number=n)) for n in ("1", "2")]
    late = str(await make.item(db, meeting, "Neu"))
    anna, match = await client.as_("anna"), {"if-match": '"v1"'}
    swapped = await anna.post(
        of(meeting, "agenda-items/order"), json={"item_ids": [two, one, late]}, headers=match
    )
    assert swapped.status_code == 409
    between = await anna.post(
        of(meeting, "agenda-items/order"), json={"item_ids": [one, late, two]}, headers=match
    )
    assert between.status_code == 200


@pytest.mark.confidential
async def test_times_of_confidential_items_stay_with_the_named(client: Clients, db: Connection) -> None:
    meeting = await make.meeting(db)
    secret = str(await make.item(db, meeting, "Personalfrage", level="confidential"))
    answer = await (await client.as_("anna")).post(
        of(meeting, "agenda-items/order"),
        json={"item_ids": [secret], "minutes": {secret: 99}},
        headers={"if-match": '"v1"'},
    )
    assert answer.json()["items"][0]["planned_minutes"] is None
    ben = await client.as_("ben")
    assert (await ben.get(of(meeting))).json()["items"][0]["planned_minutes"] == 15


async def test_paging(client: Clients, db: Connection) -> None:
    meeting = await make.meeting(db)
    for n in range(5):
        await make.item(db, meeting, f"Punkt {n}")
    ben, titles, path = await client.as_("ben"), [], of(meeting) + "?limit=2"
    while path:
        page = (await ben.get(path)).json()
        titles += [one["title"] for one in page["items"]]
        path = page["next"]
    assert titles == [f"Punkt {n}" for n in range(5)]
    assert (await ben.get(of(meeting) + "?after=S0stMjAyNi01")).status_code == 400
