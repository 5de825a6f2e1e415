"""The list of speakers: who is in the room asks to speak, the moderation gives the floor, nobody keeps who spoke how long."""

import json
import uuid
from typing import Any
from uuid import UUID

import httpx
import pytest

from circle.core.clock import Clock
from circle.core.db import Connection
from circle.meetings import actions as meetings
from circle.meetings.room import actions as room
from circle.meetings.room.model import Step
from tests import make
from tests.clients import Clients, queries

from .world import API, call, called, enter, item_of, leave


def requests(meeting: UUID) -> str:
    return f"{API}/meetings/{meeting}/speech-requests"


async def asked(client: httpx.AsyncClient, meeting: UUID, **body: Any) -> dict[str, Any]:
    answer = await client.post(requests(meeting), json=body)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def listed(client: httpx.AsyncClient, meeting: UUID) -> list[tuple[str, str]]:
    answer = await client.get(requests(meeting))
    assert answer.status_code == 200, answer.text
    return [(one["name"], one["state"]) for one in answer.json()["items"]]


async def act(client: httpx.AsyncClient, request: dict[str, Any], what: str, body: Any = None) -> int:
    return (await client.post(f"{API}/speech-requests/{request['id']}/{what}", json=body)).status_code


async def test_who_is_there_asks_and_is_given_the_floor(
    db: Connection, client: Clients, office: Clock
) -> None:
    meeting, _ = await called(db, office)
    ben, kim, mona = await client.as_("ben"), await client.as_("kim"), await client.as_("mona")
    first = await asked(ben, meeting)
    assert (first["kind"], first["state"], first["first"], first["authority_name"]) == (
        "speech", "waiting", True, "BR Arnsberg",
    )  # fmt: skip
    second = await asked(kim, meeting)
    with queries(db) as seen:
        assert await listed(ben, meeting) == [("Ben Beauftragt", "waiting"), ("Kim Köln", "waiting")]
    assert len(seen) == 1
    assert await act(mona, first, "grant") == 200
    assert await listed(ben, meeting) == [("Ben Beauftragt", "speaking"), ("Kim Köln", "waiting")]
    assert await act(mona, second, "grant") == 200, "the one before has spoken"
    assert await listed(ben, meeting) == [("Kim Köln", "speaking")]
    assert await act(mona, second, "end") == 200
    assert await act(mona, second, "end") == 409
    assert await listed(ben, meeting) == []


async def test_the_order_of_business_goes_first(db: Connection, client: Clients, office: Clock) -> None:
    meeting, _ = await called(db, office)
    ben, kim = await client.as_("ben"), await client.as_("kim")
    await asked(ben, meeting)
    await asked(kim, meeting, kind="order")
    assert [name for name, _ in await listed(ben, meeting)] == ["Kim Köln", "Ben Beauftragt"]


async def test_the_first_speech_goes_before_the_second_when_the_procedure_says_so(
    db: Connection, client: Clients, office: Clock
) -> None:
    meeting, _ = await called(db, office)
    ben, kim, mona = await client.as_("ben"), await client.as_("kim"), await client.as_("mona")
    order = await asked(ben, meeting, kind="order")
    assert await act(mona, order, "grant") == await act(mona, order, "end") == 200
    spoken = await asked(ben, meeting)
    assert spoken["first"], "a word to the order of business is none on the item"
    assert await act(mona, spoken, "grant") == await act(mona, spoken, "end") == 200
    again = await asked(ben, meeting)
    assert not again["first"]
    new = await asked(kim, meeting)
    assert [name for name, _ in await listed(ben, meeting)] == ["Ben Beauftragt", "Kim Köln"]
    await db.execute("""update procedure set rules = rules || '{"speaking_order": "first_speech_first"}'""")
    assert [name for name, _ in await listed(ben, meeting)] == ["Kim Köln", "Ben Beauftragt"]
    assert await act(mona, new, "move", {"direction": "down"}) == 409, "not past another rank"
    assert await act(mona, again, "grant") == 200, "the moderation may give it out of turn"


async def test_the_moderation_moves_and_removes(db: Connection, client: Clients, office: Clock) -> None:
    meeting, _ = await called(db, office)
    ben, kim, mona = await client.as_("ben"), await client.as_("kim"), await client.as_("mona")
    first, second = await asked(ben, meeting), await asked(kim, meeting)
    assert await act(mona, first, "move", {"direction": "up"}) == 409
    assert await act(mona, second, "move", {"direction": "up"}) == 200
    assert [name for name, _ in await listed(ben, meeting)] == ["Kim Köln", "Ben Beauftragt"]
    assert await act(mona, second, "move", {"direction": "sideways"}) == 400
    assert await act(mona, second, "remove") == 200
    assert await act(mona, second, "grant") == await act(mona, second, "remove") == 409
    assert await listed(ben, meeting) == [("Ben Beauftragt", "waiting")]


async def test_nobody_waits_twice(db: Connection, client: Clients, office: Clock) -> None:
    meeting, _ = await called(db, office)
    ben, mona = await client.as_("ben"), await client.as_("mona")
    request = await asked(ben, meeting)
    again = await ben.post(requests(meeting), json={"kind": "order"})
    assert (again.status_code, again.json()["code"]) == (409, "already_waiting")
    ben_id = str(await make.person_id(db, "ben"))
    assert (await mona.post(requests(meeting), json={"person_id": ben_id})).status_code == 409
    assert await act(ben, request, "withdraw") == 200
    assert await act(ben, request, "withdraw") == 409
    await asked(ben, meeting)


async def test_a_key_asks_once(db: Connection, client: Clients, office: Clock) -> None:
    meeting, _ = await called(db, office)
    ben = await client.as_("ben")
    once = [await ben.post(requests(meeting), json={}, headers={"idempotency-key": "k"}) for _ in range(2)]
    assert once[0].status_code == once[1].status_code == 201 and once[0].json() == once[1].json()
    kept = await db.fetchval("select answer from idempotent_answer where key = 'k'")
    assert json.loads(kept) == {"id": once[0].json()["id"]}, "who spoke is not kept with the key either"


async def test_the_moderation_enters_whoever_raises_a_hand(
    db: Connection, client: Clients, office: Clock
) -> None:
    meeting, _ = await called(db, office)
    mona, ben = await client.as_("mona"), await client.as_("ben")
    vera, edda = str(await make.person_id(db, "vera")), str(await make.person_id(db, "edda"))
    assert (await asked(mona, meeting, person_id=vera))["name"] == "Vera Ministerium", "a guest"
    assert (await ben.post(requests(meeting), json={"person_id": vera})).status_code == 403
    for outside in (edda, str(uuid.uuid4())):
        refused = await mona.post(requests(meeting), json={"person_id": outside})
        assert (refused.status_code, refused.json()["errors"][0]["field"]) == (400, "person_id")
    assert (await asked(mona, meeting))["name"] == "Mona Moderat", "for herself"


async def test_who_may_not(db: Connection, client: Clients, office: Clock) -> None:
    meeting, _ = await called(db, office)
    ben, clara, anna, mona = [await client.as_(nick) for nick in ("ben", "clara", "anna", "mona")]
    request = await asked(ben, meeting)
    assert (await anna.post(requests(meeting), json={})).status_code == 403, "she is not in the room"
    assert (await clara.get(requests(meeting))).status_code == 404
    assert (await clara.post(requests(meeting), json={})).status_code == 404
    kim = await client.as_("kim")
    for what, body in (("grant", None), ("end", None), ("move", {"direction": "up"}), ("remove", None)):
        assert await act(kim, request, what, body) == 403
        assert await act(clara, request, what, body) in (403, 404)
        assert await act(mona, {"id": uuid.uuid4()}, what, body) == 404
    assert await act(kim, request, "withdraw") == 403
    assert await act(clara, request, "withdraw") == 404
    await leave(db, office, meeting, "ben")
    assert (await ben.post(requests(meeting), json={})).status_code == 403, "he has left"


async def test_the_list_is_that_of_the_item(db: Connection, client: Clients, office: Clock) -> None:
    meeting, item = await called(db, office)
    ben, kim, mona = await client.as_("ben"), await client.as_("kim"), await client.as_("mona")
    first, second = await asked(ben, meeting), await asked(kim, meeting)
    assert await act(mona, first, "grant") == 200
    third = await item_of(db, meeting, "3")
    await call(db, office, meeting, third)
    assert await listed(ben, meeting) == [], "another item, another list"
    assert (
        await db.fetchval("select state from speech_request where id = $1", uuid.UUID(first["id"])) == "done"
    )
    assert await act(mona, second, "grant") == 409, "its item is not called up"
    kept = await mona.post(f"{requests(meeting)}/take-over", json={"keep": True})
    assert [one["name"] for one in kept.json()["items"]] == ["Kim Köln"]
    await call(db, office, meeting, item)
    dropped = await mona.post(f"{requests(meeting)}/take-over", json={"keep": False})
    assert dropped.json()["items"] == []
    await call(db, office, meeting, third)
    assert await listed(ben, meeting) == []
    assert (await ben.post(f"{requests(meeting)}/take-over", json={})).status_code == 403


async def test_between_two_items_nobody_asks(db: Connection, client: Clients, office: Clock) -> None:
    meeting, _ = await called(db, office)
    ben = await client.as_("ben")
    await room.next_(db, await make.actor(db, office, "mona"), meeting, Step())
    refused = await ben.post(requests(meeting), json={})
    assert (refused.status_code, refused.json()["code"]) == (409, "not_called")


async def test_nothing_of_it_stays(db: Connection, client: Clients, office: Clock) -> None:
    meeting, _ = await called(db, office)
    ben, mona = await client.as_("ben"), await client.as_("mona")
    request = await asked(ben, meeting)
    await act(mona, request, "grant")
    await meetings.close(db, await make.actor(db, office, "mona"), meeting)
    assert await db.fetchval("select count(*) from speech_request") == 0
    assert await db.fetchval("select count(*) from audit_event where action like 'speech%'") == 0
    assert (await ben.post(requests(meeting), json={})).status_code == 409
    assert await listed(ben, meeting) == []


@pytest.mark.confidential
async def test_on_a_confidential_item_only_those_who_may_open_it(
    db: Connection, client: Clients, office: Clock
) -> None:
    meeting, _ = await called(
        db, office, title="Personalsache", level="confidential", by="ben", named=["kim"]
    )
    ben, kim, vera, mona, anna = [await client.as_(nick) for nick in ("ben", "kim", "vera", "mona", "anna")]
    request = await asked(ben, meeting)
    assert await listed(kim, meeting) == [("Ben Beauftragt", "waiting")]
    for outside in (vera, mona, anna):
        assert await listed(outside, meeting) == []
    assert (await vera.post(requests(meeting), json={})).status_code == 403
    assert await act(mona, request, "grant") == 404
    await call(db, office, meeting, await item_of(db, meeting, "4"))
    kept = await mona.post(f"{requests(meeting)}/take-over", json={"keep": True})
    assert kept.json()["items"] == [], "who waited there stays there"


@pytest.mark.confidential
async def test_who_was_named_enters_only_those_who_hear_it(
    db: Connection, client: Clients, office: Clock
) -> None:
    meeting, _ = await called(
        db, office, title="Personalsache", level="confidential", by="ben", named=["mona"]
    )
    mona = await client.as_("mona")
    refused = await mona.post(requests(meeting), json={"person_id": str(await make.person_id(db, "kim"))})
    assert refused.status_code == 400
    await asked(mona, meeting, person_id=str(await make.person_id(db, "ben")))


async def test_closing_by_who_sees_less_ends_every_list(
    db: Connection, client: Clients, office: Clock
) -> None:
    meeting, _ = await called(db, office, title="Personalsache", level="confidential", by="ben")
    await asked(await client.as_("ben"), meeting)
    mona = await client.as_("mona")
    closed = await mona.post(f"{API}/meetings/{meeting}/close")
    assert closed.status_code == 200, closed.text
    assert await db.fetchval("select count(*) from speech_request") == 0


async def test_somebody_enters_with_a_house_of_their_own(
    db: Connection, client: Clients, office: Clock
) -> None:
    meeting, _ = await called(db, office)
    await enter(db, office, meeting, "anna")
    assert (await asked(await client.as_("anna"), meeting))["authority_name"] == "KfI"
