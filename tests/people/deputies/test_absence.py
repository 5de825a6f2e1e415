"""A commissioner is away and a deputy acts: entered, changed, called off, and what is refused (domain rules 3.2)."""

from datetime import date
from typing import Any
from uuid import UUID

import pytest

from circle.core import auth
from circle.core.clock import Clock
from circle.core.db import Connection
from circle.distribution import notices
from tests import make
from tests.clients import Clients, queries

# Today is 23.11.2026.


async def house(db: Connection) -> tuple[UUID, dict[str, str]]:
    """Ben of Arnsberg with Dora as deputy, and what enters his absence."""
    dora = await make.person(db, "dora", authority="br-arnsberg", roles=["deputy"])
    body = {"deputy_id": str(dora), "starts_on": "2026-12-01", "ends_on": "2026-12-04"}
    return await make.person_id(db, "ben"), body


async def acts(db: Connection) -> list[str]:
    rows = await db.fetch("select action from audit_event where object_kind = 'absence' order by id")
    return [row["action"] for row in rows]


@pytest.mark.parametrize("who", ["ben", "anna", "arno"])
async def test_it_is_entered_changed_and_called_off(client: Clients, db: Connection, who: str) -> None:
    ben, body = await house(db)
    await make.person(db, "arno", authority="br-arnsberg", roles=["assistant"])
    one = await client.as_(who)
    made = await one.post(f"/api/v1/people/{ben}/absences", json=body)
    assert made.status_code == 201 and made.json()["deputy_name"] == "Dora Probe", made.text
    path = f"/api/v1/absences/{made.json()['id']}"
    assert (await one.patch(path, json={"ends_on": "2026-12-05"})).status_code == 428
    changed = await one.patch(
        path, json={"ends_on": "2026-12-05"}, headers={"if-match": made.headers["etag"]}
    )
    assert changed.json()["ends_on"] == "2026-12-05" and changed.headers["etag"] == '"v2"'
    stale = await one.patch(path, json={"ends_on": "2026-12-06"}, headers={"if-match": '"v1"'})
    assert stale.status_code == 412 and stale.json()["current"]["ends_on"] == "2026-12-05"
    assert "Dora Probe" in (await (await client.browser("anna")).get(f"/personen/{ben}")).text
    assert (await one.delete(path)).status_code == 204 and (await one.get(path)).status_code == 404
    assert await acts(db) == ["absence.entered", "absence.changed", "absence.called_off"]


async def test_who_may_not(client: Clients, db: Connection) -> None:
    ben, body = await house(db)
    await make.person(db, "frida", authority="br-koeln", roles=["commissioner"])
    await make.person(db, "aske", authority="br-koeln", roles=["assistant"])
    for who, status in (("clara", 404), ("dora", 403), ("frida", 403), ("aske", 403)):
        answer = await (await client.as_(who)).post(f"/api/v1/people/{ben}/absences", json=body)
        assert answer.status_code == status, (who, answer.text)
    await make.absence(db, ben, UUID(body["deputy_id"]), date(2026, 12, 1), date(2026, 12, 4))
    path = f"/api/v1/absences/{await db.fetchval('select id from absence')}"
    for who, status in (("clara", 404), ("frida", 403)):
        assert (await (await client.as_(who)).delete(path)).status_code == status
    assert (await (await client.as_("clara")).get(path)).status_code == 404
    assert await acts(db) == [] and await db.fetchval("select count(*) from absence") == 1


async def test_bad_input(client: Clients, db: Connection) -> None:
    ben, body = await house(db)
    far = await make.person(db, "dirk", authority="br-koeln", roles=["deputy"])
    late = await make.person(db, "late", authority="br-arnsberg")
    await make.appoint(db, late, await make.authority(db, "br-arnsberg"), "deputy", date(2026, 12, 3))
    anna = await client.as_("anna")
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"ends_on": "2026-11-30"}, "vor dem Beginn"),
        ({"starts_on": "2026-11-22"}, "Rückwirkend"),
        ({"ends_on": "2028-12-01"}, "Höchstens ein Jahr"),
        ({"deputy_id": str(ben)}, "Niemand vertritt sich selbst"),
        ({"deputy_id": str(far)}, "nicht für die ganze Zeit als Vertretung bestellt"),
        ({"deputy_id": str(late)}, "nicht für die ganze Zeit als Vertretung bestellt"),
    ]
    for given, reason in wrong:
        answer = await anna.post(f"/api/v1/people/{ben}/absences", json=body | given)
        assert answer.status_code == 400 and reason in answer.text, (given, answer.text)
    of_deputy = await anna.post(
        f"/api/v1/people/{body['deputy_id']}/absences", json=body | {"deputy_id": str(late)}
    )
    assert of_deputy.status_code == 400 and "Vertreten wird nur" in of_deputy.json()["detail"]
    assert await db.fetchval("select count(*) from absence") == 0 and await acts(db) == []


async def test_absences_do_not_overlap(client: Clients, db: Connection) -> None:
    ben, body = await house(db)
    anna = await client.as_("anna")
    assert (await anna.post(f"/api/v1/people/{ben}/absences", json=body)).status_code == 201
    again = await anna.post(f"/api/v1/people/{ben}/absences", json=body | {"starts_on": "2026-12-04"})
    assert again.status_code == 409 and again.json()["code"] == "absence_overlap"
    next_day = body | {"starts_on": "2026-12-05", "ends_on": "2026-12-06"}
    assert (await anna.post(f"/api/v1/people/{ben}/absences", json=next_day)).status_code == 201


async def test_what_has_begun_only_changes_its_last_day(client: Clients, db: Connection) -> None:
    ben, body = await house(db)
    await make.absence(db, ben, UUID(body["deputy_id"]), date(2026, 11, 20), date(2026, 11, 30))
    path = f"/api/v1/absences/{await db.fetchval('select id from absence')}"
    anna, match = await client.as_("anna"), {"if-match": '"v1"'}
    assert (await anna.patch(path, json={"starts_on": "2026-11-25"}, headers=match)).status_code == 409
    assert (await anna.patch(path, json={"ends_on": "2026-11-22"}, headers=match)).status_code == 400
    assert (await anna.patch(path, json={"ends_on": "2026-11-23"}, headers=match)).status_code == 200


async def test_called_off_what_runs_ends_today_and_what_is_past_stays(
    client: Clients, db: Connection
) -> None:
    ben, body = await house(db)
    dora, anna = UUID(body["deputy_id"]), await client.as_("anna")
    await make.absence(db, ben, dora, date(2026, 11, 20), date(2026, 11, 30))
    running = f"/api/v1/absences/{await db.fetchval('select id from absence')}"
    assert (await anna.delete(running, headers={"if-match": '"v7"'})).status_code == 412
    assert (await anna.delete(running)).status_code == 204
    assert (await anna.get(running)).json()["ends_on"] == "2026-11-23"
    await make.absence(db, ben, dora, date(2026, 10, 1), date(2026, 10, 9))
    over = f"/api/v1/absences/{await db.fetchval('select id from absence where ends_on < $1', date(2026, 10, 30))}"
    assert (await anna.delete(over)).status_code == 409
    assert (await anna.get(over)).json()["state"] == "over"
    assert await db.fetchval("select count(*) from absence") == 2


async def test_past_ones_are_for_the_own_house_and_the_office(client: Clients, db: Connection) -> None:
    ben, body = await house(db)
    dora = UUID(body["deputy_id"])
    await make.person(db, "frida", authority="br-koeln", roles=["commissioner"])
    await make.absence(db, ben, dora, date(2026, 10, 1), date(2026, 10, 9))
    await make.absence(db, ben, dora, date(2026, 12, 1), date(2026, 12, 9))
    for who, ahead, over in (("anna", 1, 1), ("ben", 1, 1), ("frida", 1, 0), ("clara", 0, 0)):
        one = await client.as_(who)
        assert len((await one.get("/api/v1/absences")).json()["items"]) == ahead, who
        assert len((await one.get("/api/v1/absences?past=true")).json()["items"]) == over, who
    one = await client.as_("frida")
    with queries(db) as said:
        await one.get("/api/v1/absences")
    assert len(said) == 1


async def test_for_one_meeting_the_deputy_sees_its_papers_from_the_entry_on(
    client: Clients, db: Connection
) -> None:
    ben, body = await house(db)
    key = await make.meeting(db, "KK-2027-1", on=date(2027, 1, 13))
    other = await make.meeting(db, "KK-2027-2", on=date(2027, 3, 10))
    dora, mine = await client.as_("dora"), await client.as_("ben")
    assert (await dora.get(f"/api/v1/meetings/{key}")).status_code == 404
    given = body | {"person_id": str(ben), "meeting_id": str(key)}
    wrong = await mine.post("/api/v1/absences", json=given)
    assert wrong.status_code == 400 and {one["field"] for one in wrong.json()["errors"]} == {
        "starts_on",
        "ends_on",
    }
    day = {"starts_on": "2027-01-13", "ends_on": "2027-01-13"}
    assert (
        await mine.post("/api/v1/absences", json=given | day | {"meeting_id": str(ben)})
    ).status_code == 400
    made = await mine.post("/api/v1/absences", json=given | day)
    assert made.status_code == 201 and made.json()["meeting_reference"] == "KK-2027-1", made.text
    assert (await dora.get(f"/api/v1/meetings/{key}")).status_code == 200
    assert (await dora.get(f"/api/v1/meetings/{other}")).status_code == 404
    path, match = f"/api/v1/absences/{made.json()['id']}", {"if-match": made.headers["etag"]}
    assert (await mine.patch(path, json={"ends_on": "2027-01-14"}, headers=match)).status_code == 400
    await make.person(db, "kim", authority="br-koeln", roles=["regional_staff"])
    assert (await (await client.as_("kim")).get(path)).json()["meeting_reference"] is None
    assert (await mine.delete(path)).status_code == 204
    assert (await dora.get(f"/api/v1/meetings/{key}")).status_code == 404


@pytest.mark.confidential
async def test_nobody_enters_an_absence_in_which_they_are_the_deputy(client: Clients, db: Connection) -> None:
    ben, body = await house(db)
    arno = await make.person(db, "arno", authority="br-arnsberg", roles=["assistant", "deputy"])
    one = await client.as_("arno")
    refused = await one.post(f"/api/v1/people/{ben}/absences", json=body | {"deputy_id": str(arno)})
    assert (refused.status_code, refused.json()["code"]) == (403, "own_appointment"), refused.text
    page = await client.browser("arno")
    assert str(arno) not in (await page.get("/vertretungen/neu")).text.partition("deputy_id")[2]
    made = await one.post(f"/api/v1/people/{ben}/absences", json=body)
    path, match = f"/api/v1/absences/{made.json()['id']}", {"if-match": '"v1"'}
    assert (await one.patch(path, json={"deputy_id": str(arno)}, headers=match)).status_code == 403
    await db.execute("update absence set deputy_id = $1", arno)
    for sent in (one.patch(path, json={"ends_on": "2026-12-30"}, headers=match), one.delete(path)):
        assert (await sent).json()["code"] == "own_appointment"
    assert (await page.get(f"/vertretungen/{made.json()['id']}")).status_code == 403
    assert "Ändern" not in (await page.get("/vertretungen")).text
    assert await acts(db) == ["absence.entered"]


async def test_the_commissioner_is_told_what_somebody_else_enters(
    client: Clients, db: Connection, office: Clock
) -> None:
    ben, body = await house(db)
    assert (
        await (await client.as_("ben")).post(f"/api/v1/people/{ben}/absences", json=body)
    ).status_code == 201
    assert await db.fetchval("select count(*) from dispatch") == 0
    later = body | {"starts_on": "2026-12-07", "ends_on": "2026-12-07"}
    made = await (await client.as_("anna")).post(f"/api/v1/people/{ben}/absences", json=later)
    (told,) = await make.outbox(db, "distribution.tell_absence")
    assert told == {"absence_id": made.json()["id"], "by_id": str(await make.person_id(db, "anna"))}
    await notices.tell_absence(db, auth.service(office.now()), UUID(told["absence_id"]), UUID(told["by_id"]))
    rows = await db.fetch(
        "select d.subject, d.text, d.level, e.person_id from dispatch d join delivery e on e.dispatch_id = d.id "
        "where d.object_kind = 'absence' and d.object_id = $1",
        UUID(made.json()["id"]),
    )
    assert [(row["subject"], row["level"], row["person_id"]) for row in rows] == [
        ("Für Sie ist eine Vertretung eingetragen, am 07.12.2026", "internal", ben)
    ]
    assert "Dora Probe" in rows[0]["text"] and "Anna" in rows[0]["text"]
    assert len(await make.outbox(db, "distribution.send")) == 1
