"""Absences at the pages: the list, the form, its refusals, and the ways there."""

from datetime import date
from uuid import UUID

from circle.core.db import Connection
from tests import make
from tests.clients import Clients
from tests.people.deputies.test_absence import acts, house


async def test_entered_changed_and_called_off(client: Clients, db: Connection) -> None:
    ben, body = await house(db)
    one = await client.browser("ben")
    assert "Dora Probe" in (await one.get("/vertretungen/neu")).text
    given = body | {"person_id": str(ben), "idempotency_key": "k-1"}
    for _ in range(2):
        assert (await one.post("/vertretungen/neu", given)).status_code == 303
    assert await db.fetchval("select count(*) from absence") == 1
    listed = (await one.get("/vertretungen")).text
    assert "Die nächsten 8 Wochen" in listed and "Vertretung: Dora Probe" in listed and "<svg" in listed
    path = f"/vertretungen/{await db.fetchval('select id from absence')}"
    assert path in listed and "Abwesenheit aufheben" in (await one.get(path)).text
    changed = {
        "deputy_id": body["deputy_id"],
        "starts_on": "2026-12-01",
        "ends_on": "2026-12-08",
        "revision": "1",
    }
    assert (await one.post(path, changed)).status_code == 303
    assert (await one.post(path, changed | {"ends_on": "2026-12-09"})).status_code == 412
    wrong = await one.post(path, changed | {"ends_on": "2026-11-30", "revision": "2"})
    assert (
        wrong.status_code == 422 and "Letzter Tag: </a>" not in wrong.text and "vor dem Beginn" in wrong.text
    )
    assert (await one.post(f"{path}/aufheben", {"revision": "2"})).status_code == 303
    assert "keine Vertretung" in (await one.get("/vertretungen")).text
    assert await acts(db) == ["absence.entered", "absence.changed", "absence.called_off"]


async def test_of_what_runs_only_the_last_day_is_offered(client: Clients, db: Connection) -> None:
    ben, body = await house(db)
    await make.absence(db, ben, UUID(body["deputy_id"]), date(2026, 11, 20), date(2026, 11, 30))
    one = await client.browser("anna")
    path = f"/vertretungen/{await db.fetchval('select id from absence')}"
    page = (await one.get(path)).text
    assert "nur noch der letzte Tag" in page and 'name="starts_on"' not in page
    assert (await one.post(path, {"ends_on": "2026-12-04", "revision": "1"})).status_code == 303
    assert (await one.post(f"{path}/aufheben", {"revision": "2"})).status_code == 303
    assert await db.fetchval("select ends_on from absence") == date(2026, 11, 23)


async def test_what_is_wrong_stands_at_the_field_and_nothing_changes(client: Clients, db: Connection) -> None:
    ben, body = await house(db)
    dirk = await make.person(db, "dirk", authority="br-koeln", roles=["deputy"])
    one = await client.browser("anna")
    for number, (given, field) in enumerate([
        ({"deputy_id": str(ben)}, "deputy_id"), ({"deputy_id": str(dirk)}, "deputy_id"), ({"deputy_id": ""}, "deputy_id"),
        ({"starts_on": "2026-02-30"}, "starts_on"), ({"starts_on": "2020-01-01"}, "starts_on"),
        ({"ends_on": "2026-11-30"}, "ends_on"),
    ]):  # fmt: skip
        form = body | {"person_id": str(ben), "idempotency_key": f"k-{number}"} | given
        answer = await one.post("/vertretungen/neu", form)
        assert answer.status_code == 422 and f'id="error-{field}"' in answer.text, (given, answer.text)
    await make.absence(db, ben, UUID(body["deputy_id"]), date(2026, 12, 4), date(2026, 12, 9))
    form = body | {"person_id": str(ben), "idempotency_key": "k-o"}
    taken = await one.post("/vertretungen/neu", form)
    assert taken.status_code == 409 and "schon eine Abwesenheit eingetragen" in taken.text
    assert await db.fetchval("select count(*) from absence") == 1 and await acts(db) == []


async def test_who_sees_and_who_may(client: Clients, db: Connection) -> None:
    ben, body = await house(db)
    await make.person(db, "frida", authority="br-koeln", roles=["commissioner"])
    await make.absence(db, ben, UUID(body["deputy_id"]), date(2026, 12, 1), date(2026, 12, 4))
    path = f"/vertretungen/{await db.fetchval('select id from absence')}"
    for who, status in (("clara", 404), ("dora", 403), ("frida", 403), ("ben", 200), ("anna", 200)):
        one = await client.browser(who)
        assert (await one.get(path)).status_code == status, who
        if status != 200:
            assert (await one.post(f"{path}/aufheben")).status_code == status, who
        assert ("Dora Probe" in (await one.get("/vertretungen")).text) == (who != "clara")
        assert (path in (await one.get("/vertretungen")).text) == (status == 200)
    assert (await (await client.browser("dora")).get("/vertretungen/neu")).status_code == 403
    assert "Ben Probe" not in (await (await client.browser("frida")).get("/vertretungen/neu")).text


async def test_from_the_meeting_the_day_is_filled_in(client: Clients, db: Connection) -> None:
    ben, body = await house(db)
    key = await make.meeting(db, "KK-2027-1", on=date(2027, 1, 13))
    one = await client.browser("ben")
    assert "/vertretungen/neu?sitzung=KK-2027-1" in (await one.get("/sitzungen/KK-2027-1")).text
    page = (await one.get("/vertretungen/neu?sitzung=KK-2027-1")).text
    assert page.count('value="2027-01-13"') == 2 and f'value="{key}"' in page
    form = {"person_id": str(ben), "deputy_id": body["deputy_id"], "starts_on": "2027-01-13", "ends_on": "2027-01-13",
        "meeting_id": str(key), "meeting_reference": "KK-2027-1", "idempotency_key": "k"}  # fmt: skip
    wrong = await one.post("/vertretungen/neu", form | {"ends_on": "2027-01-14"})
    assert wrong.status_code == 422 and "Nur für diesen Tag" in wrong.text and f'value="{key}"' in wrong.text
    assert (await one.post("/vertretungen/neu", form | {"idempotency_key": "l"})).status_code == 303
    assert "für die Sitzung" in (await one.get("/vertretungen")).text
    await db.execute("update meeting set state = 'cancelled'")
    gone = await one.post("/vertretungen/neu", form | {"idempotency_key": "m"})
    assert (
        gone.status_code == 422 and "findet nicht statt" in gone.text and "#field-meeting_id" not in gone.text
    )


async def test_what_was_typed_comes_back_when_another_was_first(client: Clients, db: Connection) -> None:
    ben, body = await house(db)
    deputy = UUID(body["deputy_id"])
    await make.absence(db, ben, deputy, date(2026, 12, 1), date(2026, 12, 4))
    path = f"/vertretungen/{await db.fetchval('select id from absence')}"
    await make.absence(db, ben, deputy, date(2026, 12, 14), date(2026, 12, 18))
    one = await client.browser("ben")
    given = {"deputy_id": str(deputy), "starts_on": "2026-12-16", "ends_on": "2026-12-22"}
    for where, form in (
        ("/vertretungen/neu", given | {"person_id": str(ben), "idempotency_key": "k"}),
        (path, given | {"revision": "1"}),
    ):
        taken = await one.post(where, form)
        assert taken.status_code == 409 and "schon eine Abwesenheit" in taken.text, where
        assert 'value="2026-12-22"' in taken.text and taken.text.count("<h1") == 1
    stale = await one.post(path, given | {"revision": "7"})
    assert stale.status_code == 412 and 'value="2026-12-22"' in stale.text
    assert 'name="revision" value="1"' in stale.text
