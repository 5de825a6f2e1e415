"""Where an absence shows: on the page of the person and of the house, and on the deputy's desk."""

from datetime import date
from uuid import UUID

from circle.core.db import Connection
from tests import make
from tests.clients import Clients
from tests.people.deputies.test_absence import house


async def test_person_and_house_say_who_acts(client: Clients, db: Connection) -> None:
    ben, body = await house(db)
    await make.absence(db, ben, UUID(body["deputy_id"]), date(2026, 11, 23), date(2026, 11, 24))
    for who, seen in (("anna", True), ("clara", False)):
        one = await client.browser(who)
        for path in (f"/personen/{ben}", "/personen/haus/br-arnsberg"):
            text = (await one.get(path)).text
            assert ("abwesend, Vertretung: Dora Probe" in text) == seen, (who, path)
    for who, offered in (("anna", True), ("ben", True), ("dora", False)):
        text = (await (await client.browser(who)).get(f"/personen/{ben}")).text
        assert (f"/vertretungen/neu?person={ben}" in text) == offered, who
    api = await (await client.as_("clara")).get("/api/v1/authorities/br-arnsberg")
    assert api.status_code == 404 or api.json()["absences"] == []


async def test_the_desk_tells_the_deputy(client: Clients, db: Connection) -> None:
    ben, body = await house(db)
    dora = UUID(body["deputy_id"])
    name = await db.fetchval("select name from person where id = $1", ben)
    one = await client.browser("dora")
    await make.absence(db, ben, dora, date(2026, 11, 24), date(2026, 11, 25))
    assert "Sie vertreten" not in (await one.get("/")).text
    await make.absence(db, ben, dora, date(2026, 11, 20), date(2026, 11, 23))
    assert f"Sie vertreten {name}" in (await one.get("/")).text
    assert "Sie vertreten" not in (await (await client.browser("ben")).get("/")).text


async def test_for_one_meeting_the_desk_leads_there_before_the_day(client: Clients, db: Connection) -> None:
    ben, body = await house(db)
    key = await make.meeting(db, "KK-2027-1", on=date(2027, 1, 13))
    day = {"starts_on": "2027-01-13", "ends_on": "2027-01-13", "meeting_id": str(key), "person_id": str(ben)}
    assert (await (await client.as_("ben")).post("/api/v1/absences", json=body | day)).status_code == 201
    desk = (await (await client.browser("dora")).get("/")).text
    assert "Sie vertreten" in desk and 'href="/sitzungen/KK-2027-1"' in desk
