"""Nachfolge: one act ends the old on a day and begins the new on the next; what is past keeps its name."""

import asyncio
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from circle.core import clock
from circle.core.clock import BERLIN, Clock
from circle.core.db import Connection, Database
from circle.settings import Settings
from circle.tasks import actions as tasks
from tests import make
from tests.clients import Clients
from tests.tasks import api as task_api
from tests.tasks import letters, secret, task
from workers import schedule

from . import acts, api, bens, detail, reasons


def at(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 0, 0, tzinfo=BERLIN)


async def following(db: Connection, nick: str = "nadia", **given: Any) -> dict[str, Any]:
    return {
        "person_id": str(await make.person_id(db, nick)), "starts_on": "2026-12-01", "order_date": "2026-11-20",
        "file_reference": "11-IB/26",
    } | given  # fmt: skip


async def test_one_ends_and_the_other_begins(client: Clients, db: Connection) -> None:
    nadia = await make.person(db, "nadia", authority="br-arnsberg")
    anna, one = await client.as_("anna"), await bens(db)
    made = await anna.post(
        api(one, "succeed"), json=await following(db, attached_to="Leitung"), headers={"if-match": '"v1"'}
    )
    assert made.status_code == 201, made.text
    new = made.json()
    assert (new["person_id"], new["valid_from"], new["valid_to"]) == (str(nadia), "2026-12-01", None)
    assert new["predecessors"] == [
        {"id": str(one), "person_name": "Ben Beauftragt", "valid_to": "2026-11-30"}
    ]
    old = (await anna.get(api(one))).json()
    assert (old["valid_to"], old["succeeded_by"], old["successor_name"]) == (
        "2026-11-30",
        new["id"],
        "Nadia Probe",
    )
    assert await acts(db, one) == ["appointment.succeeded"]
    assert await acts(db, new["id"]) == ["appointment.entered"]
    assert await make.outbox(db, "tasks.hand_over") == [{}]
    for day, who in (("2026-11-30", "Ben Beauftragt"), ("2026-12-01", "Nadia Probe")):
        entitled = (await anna.get(f"/api/v1/appointments/entitled?on={day}")).json()["items"]
        assert [x["entitled_name"] for x in entitled if x["authority_key"] == "br-arnsberg"] == [who]
    for path in (api(one, "succeed"), api(one, "end")):
        body = await following(db) if path.endswith("succeed") else {"valid_to": "2026-11-29"}
        assert (await anna.post(path, json=body)).status_code == 409
    assert (await anna.patch(api(one), json={"valid_to": "2026-12-01"}, headers={"if-match": '"v3"'})).status_code == 409  # fmt: skip


async def test_after_a_vacancy_the_end_stays(client: Clients, db: Connection) -> None:
    await make.person(db, "nadia", authority="br-arnsberg")
    anna, one = await client.as_("anna"), await bens(db)
    await anna.post(api(one, "end"), json={"valid_to": "2026-11-20", "reason": "x"})
    assert (await anna.post(api(one, "succeed"), json=await following(db))).status_code == 201
    assert (await anna.get(api(one))).json()["valid_to"] == "2026-11-20"


async def test_who_may_not(client: Clients, db: Connection) -> None:
    await make.person(db, "nadia", authority="br-arnsberg")
    one, body = await bens(db), await following(db)
    assert (await (await client.as_("clara")).post(api(one, "succeed"), json=body)).status_code == 404
    assert (await (await client.as_("ben")).post(api(one, "succeed"), json=body)).status_code == 403
    late = await (await client.as_("anna")).post(api(one, "succeed"), json=body, headers={"if-match": '"v9"'})
    assert late.status_code == 412 and await db.fetchval("select count(*) from appointment") == 1


async def test_bad_input_changes_nothing(client: Clients, db: Connection) -> None:
    await make.person(db, "mia", authority="br-muenster")
    gone = await make.person(db, "gone", authority="br-arnsberg")
    await db.execute("update person set active = false where id = $1", gone)
    anna, one = await client.as_("anna"), await bens(db)
    for body, field, word in (
        (await following(db, "mia"), "person_id", "aus demselben Haus"),
        (await following(db, "gone"), "person_id", "nicht mehr aktiv"),
        (await following(db, "gone", person_id=str(one)), "person_id", "gibt es nicht"),
        (await following(db, "gone", starts_on="2024-01-01"), "starts_on", "nach dem 01.01.2024"),
        (await following(db, "gone", starts_on="0001-01-01"), "starts_on", "01.01.1990"),
        (await following(db, "gone", order_date="2027-01-01"), "order_date", "Zukunft"),
    ):
        refused = await anna.post(api(one, "succeed"), json=body)
        assert refused.status_code == 400 and word in reasons(refused)[field], refused.text
    page = await (await client.browser("anna")).post(
        f"/bestellungen/{one}/nachfolge",
        await following(db, "mia") | {"revision": "1", "idempotency_key": "k"},
    )
    assert page.status_code == 422 and 'href="#field-person_id"' in page.text
    assert await db.fetchval("select valid_to from appointment where id = $1", one) is None
    assert await db.fetchval("select count(*) from appointment") == 1


async def test_open_tasks_go_over_on_the_first_day(client: Clients, db: Connection, office: Clock) -> None:
    assert (schedule.DAILY["tasks.hand_over"].hour, schedule.DAILY["tasks.hand_over"].minute) == (0, 0)
    nadia = await make.person(db, "nadia", authority="br-arnsberg")
    open_one, taken, done = (
        await task(db, office),
        await task(db, office, accepted=True),
        await task(db, office, accepted=True),
    )
    await tasks.complete(db, await make.actor(db, office, "ben"), done)
    anna = await client.as_("anna")
    await anna.post(api(await bens(db), "succeed"), json=await following(db))
    assert await tasks.hand_over(db, datetime(2026, 11, 30, 22, 59, 59, tzinfo=UTC)) == 0
    assert await tasks.hand_over(db, datetime(2026, 11, 30, 23, 0, 0, tzinfo=UTC)) == 2
    assert await tasks.hand_over(db, at(date(2026, 12, 2))) == 0
    for moved in (open_one, taken):
        got = (await anna.get(task_api(moved))).json()
        assert (got["owner_id"], got["status"], got["accepted_by"]) == (str(nadia), "open", None)
        assert (got["handed_over_from_name"], got["handed_over_on"]) == ("Ben Beauftragt", "2026-12-01")
        assert any(
            who == "Nadia Probe" and "geht auf Sie über" in subject
            for subject, who in await letters(db, moved)
        )
    assert "am Dienstag, 1. Dezember 2026 von Ben Beauftragt" in (await (await client.browser("anna")).get(f"/aufgaben/{taken}")).text  # fmt: skip
    assert (await anna.get(task_api(done))).json()["owner_name"] == "Ben Beauftragt"


@pytest.mark.confidential
async def test_a_confidential_task_waits_until_the_successor_is_named(
    client: Clients, db: Connection, office: Clock
) -> None:
    nadia = await make.person(db, "nadia", authority="br-arnsberg")
    hidden = await secret(db, office)
    anna = await client.as_("anna")
    await anna.post(api(await bens(db), "succeed"), json=await following(db, starts_on="2026-11-23"))
    assert await tasks.hand_over(db, office.now()) == 0
    assert await db.fetchval("select owner_id from task where id = $1", hidden) != nadia
    assert (await (await client.as_("nadia")).get(task_api(hidden))).status_code == 404
    # What the predecessor is asked to do afterwards is theirs, whatever still waits.
    ben, house = await make.person_id(db, "ben"), await make.authority(db, "br-arnsberg")
    await make.appoint(db, ben, house, "deputy", date(2026, 11, 23))
    await make.absence(db, nadia, ben, date(2026, 11, 23), date(2026, 11, 23))
    later = await task(db, office)
    await db.execute("insert into named_access select item_id, $2 from task where id = $1", hidden, nadia)
    assert await tasks.hand_over(db, office.now() + timedelta(days=1)) == 1
    moved = await db.fetchrow("select owner_id, status, handed_over_on from task where id = $1", hidden)
    assert moved and tuple(moved) == (nadia, "open", date(2026, 11, 24))
    assert await db.fetchval("select owner_id from task where id = $1", later) != nadia
    assert await db.fetchval("select handed_over_on from appointment where id = $1", await bens(db)) == date(
        2026, 11, 24
    )


@pytest.mark.parametrize("first", ["00000000", "ffffffff"])
async def test_of_successions_due_together_the_last_gets_everything(
    db: Connection, office: Clock, first: str
) -> None:
    house = await make.authority(db, "br-arnsberg")
    bea, cem = [await make.person(db, nick, authority="br-arnsberg") for nick in ("bea", "cem")]
    bens_task, beas_task = await task(db, office), await task(db, office)
    await db.execute("update task set owner_id = $2 where id = $1", beas_task, bea)
    one = await bens(db)
    await db.execute("update appointment set valid_to = '2026-11-20' where id = $1", one)
    two = await make.appoint(db, bea, house, "commissioner", date(2026, 11, 21), date(2026, 11, 22))
    key = UUID(f"{first}-0000-4000-8000-000000000001")
    await db.execute("update appointment set id = $2 where id = $1", two, key)
    three = await make.appoint(db, cem, house, "commissioner", date(2026, 11, 23))
    await db.execute("update appointment set succeeded_by = $2 where id = $1", one, key)
    await db.execute("update appointment set succeeded_by = $2 where id = $1", key, three)
    assert await tasks.hand_over(db, office.now()) == 2
    for moved in (bens_task, beas_task):
        assert await db.fetchval("select owner_id from task where id = $1", moved) == cem
    assert await db.fetchval("select count(*) from appointment where handed_over_on = '2026-11-23'") == 2
    assert await tasks.hand_over(db, office.now()) == 0


async def test_two_workers_at_once_hand_over_once(fresh: tuple[Database, Settings]) -> None:
    database = fresh[0]
    async with database.begin(None) as db:
        nadia = await make.person(db, "nadia", authority="br-arnsberg")
        moved = await task(db, await clock.read(db))
        one, house = await bens(db), await make.authority(db, "br-arnsberg")
        await db.execute("update appointment set valid_to = '2026-11-22' where id = $1", one)
        new = await make.appoint(db, nadia, house, "commissioner", date(2026, 11, 23))
        await db.execute("update appointment set succeeded_by = $2 where id = $1", one, new)

    async def run() -> int:
        async with database.begin(None) as db:
            return await tasks.hand_over(db, at(date(2026, 11, 23)))

    assert sum(await asyncio.gather(*[run() for _ in range(4)])) == 1
    async with database.begin(None) as db:
        told = [who for subject, who in await letters(db, moved) if "geht auf Sie über" in subject]
        assert told == ["Nadia Probe"]


async def test_a_succession_does_not_rewrite_the_past_either(client: Clients, db: Connection) -> None:
    await make.person(db, "nadia", authority="br-arnsberg")
    meeting = await make.meeting(db, "KK-2026-2", on=date(2026, 3, 18), state="held")
    await db.execute(
        "insert into attendance (meeting_id, person_id, status) values ($1, $2, 'present')",
        meeting, await make.person_id(db, "ben"),
    )  # fmt: skip
    anna, one = await client.as_("anna"), await bens(db)
    early = await anna.post(api(one, "succeed"), json=await following(db, starts_on="2026-03-18"))
    assert (early.status_code, early.json()["code"]) == (409, "attended"), early.text
    asked = await anna.post(api(one, "succeed"), json=await following(db, starts_on="2026-11-01"))
    assert asked.status_code == 400 and "Grund" in reasons(asked)["reason"]
    given = await following(db, starts_on="2026-11-01", reason="Verfügung wirkt zurück.")
    assert (await anna.post(api(one, "succeed"), json=given)).status_code == 201
    assert (await detail(db, one, "appointment.succeeded"))["reason"] == "Verfügung wirkt zurück."


async def test_before_it_is_entered_the_page_shows_what_will_happen(
    client: Clients, db: Connection, office: Clock
) -> None:
    await make.person(db, "nadia", authority="br-arnsberg")
    await task(db, office)
    await task(db, office, accepted=True)
    await make.meeting(db, "KK-2026-7", on=date(2026, 12, 16))
    anna, one = await client.browser("anna"), await bens(db)
    here = f"/bestellungen/{one}/nachfolge"
    form = await following(db, attached_to="Leitung") | {"revision": "1", "idempotency_key": "k"}
    shown = await anna.post(here, form)
    assert shown.status_code == 200, shown.text
    for words in (
        "Montag, 30. November 2026, 24:00 Uhr", "Dienstag, 1. Dezember 2026, 00:00 Uhr", "2 Aufgaben gehen",
        "KK-2026-7", "Mitteilung an das für Integration zuständige Ministerium", 'value="Leitung"',
        "Keine bleibt für die Nachfolge verschlossen", "Niemand wird abgemeldet",
    ):  # fmt: skip
        assert words in shown.text, words
    assert await db.fetchval("select count(*) from appointment") == 1 and await acts(db, one) == []
    back = await anna.post(here, form | {"step": "change"})
    assert back.status_code == 200 and 'value="2026-12-01"' in back.text and 'value="11-IB/26"' in back.text
    for _ in range(2):
        assert (await anna.post(here, form | {"step": "enter"})).status_code == 303
    assert await db.fetchval("select count(*) from appointment") == 2
    assert await acts(db, one) == ["appointment.succeeded"]
    stale = await anna.post(here, form | {"idempotency_key": "l"})
    assert stale.status_code == 412 and 'value="2026-12-01"' in stale.text
    for nick, status in (("ben", 403), ("clara", 404)):
        assert (await (await client.browser(nick)).post(here, form)).status_code == status


@pytest.mark.confidential
async def test_the_preview_counts_no_confidential_task_that_the_office_does_not_see(
    client: Clients, db: Connection, office: Clock
) -> None:
    nadia = await make.person(db, "nadia", authority="br-arnsberg")
    hidden = await secret(db, office)
    anna, one = await client.browser("anna"), await bens(db)
    form = await following(db) | {"revision": "1", "idempotency_key": "k"}
    item = await db.fetchval("select item_id from task where id = $1", hidden)
    await db.execute("delete from named_access where object_id = $1", item)
    shown = (await anna.post(f"/bestellungen/{one}/nachfolge", form)).text
    assert "Keine Aufgabe geht" in shown and "Vertrauliche Aufgaben" not in shown
    await db.execute("insert into named_access values ($1, $2)", item, await make.person_id(db, "anna"))
    shown = (await anna.post(f"/bestellungen/{one}/nachfolge", form)).text
    assert "Eine Aufgabe bleibt bei Ben Beauftragt" in shown
    await db.execute("insert into named_access values ($1, $2)", item, nadia)
    shown = (await anna.post(f"/bestellungen/{one}/nachfolge", form)).text
    assert "Eine Aufgabe geht am ersten Tag über und ist neu anzunehmen." in shown
    assert "Vertrauliche Aufgaben" not in shown


@pytest.mark.confidential
async def test_the_preview_names_the_confidential_requests_that_stay(
    client: Clients, db: Connection, office: Clock
) -> None:
    await make.person(db, "nadia", authority="br-arnsberg")
    asked = await make.consultation(db, office, confidentiality="confidential")
    number = await db.fetchval("select reference from consultation where id = $1", asked)
    one, anna = await bens(db), await client.browser("anna")
    form = await following(db) | {"revision": "1", "idempotency_key": "k"}
    shown = (await anna.post(f"/bestellungen/{one}/nachfolge", form)).text
    assert f"{number}: Die Nachfolge sieht sie erst, wenn Sie sie übergeben." in shown
    await db.execute("update consultation set house_keys = '{}' where id = $1", asked)
    shown = (await anna.post(f"/bestellungen/{one}/nachfolge", form)).text
    assert number not in shown and "Keine bleibt für die Nachfolge verschlossen" in shown
