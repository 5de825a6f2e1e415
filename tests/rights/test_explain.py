"""„Wer darf was“ in the example circle: what it says of everybody is what the engine does."""

from datetime import UTC, date, datetime
from typing import Any

import httpx
import pytest
from litestar import Litestar

from circle.core.db import Connection
from tests.clients import Clients

pytestmark = pytest.mark.asyncio(loop_scope="session")

OFFICE, HEAD, STAFF = (
    "leyla.musteroglu@kfi.example",
    "merle.mustertal@kfi.example",
    "kim.beispielmann@br-koeln.example",
)
THINGS = [
    "KK-2026-1", "KK-2026-5", "KK-2026-6", "KK-2026-2 TOP 5a", "KK-2026-6 TOP 3", "KK-2026-6 TOP 6", "KK-2026-3/TOP-6",
    "BA-2026-012", "BA-2026-018", "WD-006", "WD-015", "WD-019", "AUF-2026-04",
]  # fmt: skip
API = {
    "meeting": "/api/v1/meetings/{}", "agenda_item": "/api/v1/agenda-items/{}",
    "consultation": "/api/v1/consultations/{}", "document": "/api/v1/documents/{}", "task": "/api/v1/tasks/{}",
}  # fmt: skip


async def explain(client: httpx.AsyncClient, person: Any, on: str, thing: str = "") -> httpx.Response:
    return await client.get(
        "/api/v1/rights", params={"person_id": str(person), "on": on} | ({"object": thing} if thing else {})
    )


async def sees(client: httpx.AsyncClient, kind: str, thing: Any) -> bool:
    """Whether the engine opens a thing; of a confidential item the place on the agenda is no content."""
    answer = await client.get(API[kind].format(thing))
    assert answer.status_code in (200, 404)
    return answer.status_code == 200 and (kind != "agenda_item" or answer.json()["description"] is not None)


async def call_in(db: Connection) -> None:
    """One of the staff advises on a coming item and on a request, until a day between those that are asked about."""
    await db.execute(
        """
        insert into expert_involvement (object_kind, object_id, person_id, authority_id, valid_from, valid_to)
        select t.kind, t.id, p.id, p.authority_id, '2026-06-01', '2026-10-31'
        from person p, (
            select 'consultation' as kind, id from consultation where reference = 'BA-2026-018'
            union all
            select 'agenda_item', i.id from agenda_item i join meeting m on m.id = i.meeting_id
            where m.reference = 'KK-2026-2' and i.number = '5a') t
        where p.email = $1
        on conflict do nothing
        """,
        STAFF,
    )


# A day in a commissioner's absence, and the last day of another one.
@pytest.mark.parametrize("day", ["2026-11-04", "2026-06-30"])
async def test_it_agrees_with_the_engine_for_everybody(circle: Clients, app: Litestar, day: str) -> None:
    db = circle.database.connection
    assert db is not None
    office = await circle.as_(OFFICE)
    await call_in(db)
    people = await db.fetch("select id, email from person where active")
    assert len(people) > 20
    ids = {}
    for thing in THINGS:
        found = (await explain(office, people[0]["id"], day, thing)).json()["object"]
        ids[thing] = found["kind"], await db.fetchval(
            "select coalesce((select id from meeting where reference = $1), (select id from consultation where reference = $1),"
            " (select id from document where reference = $1), $2)",
            found["reference"], found["url"].rpartition("/")[2] if found["kind"] in ("agenda_item", "task") else None,
        )  # fmt: skip
    said = {
        (person["email"], thing): (await explain(office, person["id"], day, thing)).json()["object"]
        for person in people
        for thing in THINGS
    }
    roles = {person["email"]: (await explain(office, person["id"], day)).json()["roles"] for person in people}
    clock = app.state.clock
    before = clock.offset
    clock.offset = datetime.fromisoformat(f"{day}T12:00:00+00:00") - datetime.now(UTC)
    try:
        for person in people:
            client = await circle.as_(person["email"])
            card = (await client.get("/api/v1/me")).json()
            assert {one["role"] for one in roles[person["email"]]} == set(card["roles"]), person["email"]
            for thing in THINGS:
                told = said[person["email"], thing]
                assert told["visible"] is await sees(client, *ids[thing]), (person["email"], thing, told)
                assert (
                    bool(told["because"]) is told["visible"] and bool(told["missing"]) is not told["visible"]
                )
    finally:
        clock.offset = before
    for thing in ("KK-2026-2 TOP 5a", "BA-2026-018"):
        told = said[STAFF, thing]
        assert told["because"] == ([] if day > "2026-10-31" else ["hinzugezogen bis 31.10.2026"])
    assert {True, False} == {one["visible"] for one in said.values()}


async def test_the_deputy_sees_the_meetings_while_the_commissioner_is_away(circle: Clients) -> None:
    db = circle.database.connection
    assert db is not None
    absence = await db.fetchrow(
        "select b.*, trim(p.title || ' ' || p.name) as name from absence b join person p on p.id = b.person_id"
        " where starts_on = '2026-11-02'"
    )
    office = await circle.as_(OFFICE)
    for day, there in ((date(2026, 11, 1), False), (date(2026, 11, 2), True), (date(2026, 11, 7), False)):
        told = (await explain(office, absence["deputy_id"], str(day), "KK-2026-6")).json()
        acting = {"role": "deputy", "from": "2026-11-02", "until": "2026-11-06", "source": "absence",
            "about": absence["name"]}  # fmt: skip
        assert (acting in told["roles"]) is there
        assert told["object"]["visible"] is there
        reason = "Mitglied des Koordinierungskreises"
        assert told["object"]["because"] == ([reason] if there else [])
        assert told["object"]["missing"] == ([] if there else [f"{reason} oder nimmt an der Sitzung teil"])
        assert ("Einwendung gegen die Niederschrift erheben" in str(told["rights"])) is there


@pytest.mark.confidential
async def test_what_the_asker_does_not_see_is_unknown(circle: Clients) -> None:
    """The head is not named for the item: for her there is nothing, of herself and of those who are named."""
    db = circle.database.connection
    assert db is not None
    head, browser = await circle.as_(HEAD), await circle.browser(HEAD)
    named = await db.fetchval(
        "select person_id from named_access n join agenda_item i on i.id = n.object_id"
        " join meeting m on m.id = i.meeting_id where m.reference = 'KK-2026-3' and i.number = '6' limit 1"
    )
    assert (
        await explain(await circle.as_(OFFICE), named, "2026-06-30", "KK-2026-3 TOP 6")
    ).status_code == 200
    for thing in ("KK-2026-3 TOP 6", "BA-2026-012"):
        hidden, unknown = [await explain(head, named, "2026-06-30", one) for one in (thing, "ZZ-2026-99")]
        assert hidden.status_code == unknown.status_code == 404
        assert hidden.json() | {"request_id": ""} == unknown.json() | {"request_id": ""}
        shown = [
            await browser.get(f"/rechte?person={named}&tag=2026-06-30&sache={one}")
            for one in (thing, "ZZ-2026-99")
        ]
        texts = [
            answer.text.replace(answer.headers["x-request-id"], "").replace(one, "")
            for answer, one in zip(shown, (thing, "ZZ-2026-99"), strict=True)
        ]
        assert [one.status_code for one in shown] == [404, 404] and texts[0] == texts[1]


async def test_the_register_of_a_house_is_never_told_of(circle: Clients) -> None:
    db = circle.database.connection
    assert db is not None
    office = await circle.as_(OFFICE)
    one = await db.fetchrow("select id, authority_id from measure limit 1")
    person = await db.fetchval(
        "select id from person where authority_id = $1 and active limit 1", one["authority_id"]
    )
    assert (await explain(office, person, "2026-11-23", str(one["id"]))).status_code == 404


async def test_a_confidential_request_is_explained_by_the_tenure_that_asked(circle: Clients) -> None:
    """Who asked sees it by their appointment, and the page says so in words."""
    db = circle.database.connection
    assert db is not None
    asked = await db.fetchrow(
        "select reference, requested_by from consultation where confidentiality = 'confidential' and state = 'assigned'"
    )
    office = await circle.as_("leyla.musteroglu@kfi.example")
    told = await office.get(f"/api/v1/rights?person_id={asked['requested_by']}&object={asked['reference']}")
    assert told.status_code == 200, told.text
    assert told.json()["object"]["because"] == ["Bestellung, unter der das Haus gefragt hat"]
