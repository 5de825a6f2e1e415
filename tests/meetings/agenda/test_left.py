"""What earlier meetings left: nothing put off is forgotten, and what came too late goes into the next meeting."""

from datetime import date
from typing import Any
from uuid import UUID

import lxml.html
import pytest

from circle.core.db import Connection
from tests import make
from tests.clients import Browser, Clients, queries

from . import MASK, NEW, acts, item, letters, of
from .test_pages import FORM, press, read, values

NEXT = "/sitzungen/KK-2027-2"
TABLE = NEXT + "/tagesordnung"


async def two(db: Connection, state: str = "held") -> tuple[UUID, UUID]:
    """A meeting of November, and the next one."""
    earlier = await make.meeting(db, "KK-2026-5", on=date(2026, 11, 4), state=state)
    return earlier, await make.meeting(db, "KK-2027-2", on=date(2027, 3, 10))


async def test_what_was_put_off_is_offered_and_taken_over(client: Clients, db: Connection) -> None:
    earlier, later = await two(db)
    left = await make.item(db, earlier, "Monitoring", status="adjourned", number="5")
    await make.item(db, earlier, "Erledigt", status="treated", number="6")
    await make.item(db, earlier, "Verschiedenes", status="adjourned", number="7", kind="miscellaneous")
    anna, ben = await client.as_("anna"), await client.as_("ben")
    offered = (await anna.get(of(later, "left-items"))).json()
    assert [(one["title"], one["meeting_reference"], one["number"]) for one in offered["items"]] == [
        ("Monitoring", "KK-2026-5", "5")
    ]
    assert (await anna.get(of(earlier, "left-items"))).json()["items"] == [], "only what lies before it"
    for nick, status in (("ben", 403), ("clara", 404)):
        assert (await (await client.as_(nick)).get(of(later, "left-items"))).status_code == status
    office = await client.browser("anna")
    page = read(await office.get(TABLE))
    assert "Aus früheren Sitzungen übernehmen" in page.text_content()
    assert "vertagt in KK-2026-5 am 04.11.2026, dort TOP 5" in page.text_content()
    done = await press(office, TABLE, f"{TABLE}/uebernehmen")
    assert (done.status_code, done.headers["location"]) == (303, TABLE)
    assert "Aus früheren Sitzungen" not in read(await office.get(TABLE)).text_content()
    (taken,) = (await ben.get(of(later))).json()["items"]
    assert (taken["title"], taken["status"]) == ("Monitoring", "admitted")
    old = (await ben.get(item(left))).json()
    assert (old["adjourned_to"], old["number"]) == (taken["id"], "5")
    assert await acts(db, left) == ["agenda_item.adjourned"]
    again = await office.post(
        f"{TABLE}/uebernehmen", {"item_id": str(left), "revision": "2", "idempotency_key": "n"}
    )
    assert again.status_code == 409 and len(read(again, 409).findall(".//h1")) == 1


async def test_refusals(client: Clients, db: Connection) -> None:
    earlier, _ = await two(db)
    left = str(await make.item(db, earlier, status="adjourned", number="5"))
    form = {"item_id": left, "revision": "1", "idempotency_key": "k"}
    for nick, status in (("ben", 403), ("clara", 404)):
        assert (await (await client.browser(nick)).post(f"{TABLE}/uebernehmen", form)).status_code == status
    anna = await client.browser("anna")
    assert (await anna.post(f"{TABLE}/uebernehmen", form | {"revision": "7"})).status_code == 412
    assert (await anna.post(f"{TABLE}/uebernehmen", form | {"item_id": "x"})).status_code == 422
    unknown = form | {"item_id": "00000000-0000-0000-0000-000000000001", "idempotency_key": "u"}
    assert (await anna.post(f"{TABLE}/uebernehmen", unknown)).status_code == 404


async def test_a_cancelled_meeting_leaves_all_it_had(client: Clients, db: Connection) -> None:
    earlier, later = await two(db, "cancelled")
    for title, status in (("Angemeldet", "registered"), ("Aufgenommen", "admitted"), ("Weg", "withdrawn")):
        await make.item(db, earlier, title, status=status)
    anna = await client.as_("anna")
    with queries(db) as seen:
        offered = (await anna.get(of(later, "left-items") + "?limit=1")).json()
    assert [one["title"] for one in offered["items"]] == ["Angemeldet"] and len(seen) <= 2
    assert [one["title"] for one in (await anna.get(offered["next"])).json()["items"]] == ["Aufgenommen"]


@pytest.mark.parametrize("state", ["held", "minutes_draft", "minutes_approved", "filed"])
async def test_a_proposal_that_nobody_decided_on_is_not_forgotten(
    client: Clients, db: Connection, state: str
) -> None:
    earlier, later = await two(db, state)
    made = await make.item(db, earlier, "Übersehen", status="registered")
    anna = await client.as_("anna")
    (offered,) = (await anna.get(of(later, "left-items"))).json()["items"]
    assert (offered["title"], offered["status"]) == ("Übersehen", "registered")
    answer = await anna.post(item(made, "adjourn"), json={"meeting_id": str(later)})
    assert answer.status_code == 200, answer.text
    (there,) = (await anna.get(of(later))).json()["items"]
    assert there["status"] == "registered" and len(await letters(db, there["id"])) == 1
    assert (await anna.get(of(later, "left-items"))).json()["items"] == []


@pytest.mark.confidential
async def test_a_confidential_one_stays_masked(client: Clients, db: Connection) -> None:
    earlier, later = await two(db)
    await make.item(db, earlier, "Personalfrage", status="adjourned", number="5", level="confidential")
    (shown,) = (await (await client.as_("anna")).get(of(later, "left-items"))).json()["items"]
    assert (shown["title"], shown["planned_minutes"]) == (MASK, None)
    office = await client.browser("anna")
    assert "Personalfrage" not in (await office.get(TABLE)).text
    assert (await press(office, TABLE, f"{TABLE}/uebernehmen")).status_code == 303
    (mine,) = (await (await client.as_("ben")).get(of(later))).json()["items"]
    assert mine["title"] == "Personalfrage", "it goes over unread, with the people who are named"


async def late(db: Connection) -> tuple[UUID, UUID]:
    """The next meeting is in two weeks, another one in March."""
    return await make.meeting(db, on=date(2026, 12, 9)), await make.meeting(
        db, "KK-2027-2", on=date(2027, 3, 10)
    )


async def propose(who: Browser, **more: str) -> Any:
    here = "/sitzungen/KK-2027-1/top/neu"
    return await who.post(here, values(read(await who.get(here)), here) | FORM | more)


async def test_a_late_one_goes_into_the_next_meeting_with_one_click(client: Clients, db: Connection) -> None:
    _, later = await late(db)
    ben = await client.browser("ben")
    page = await ben.get("/sitzungen/KK-2027-1/top/neu")
    assert "Die nächste ist die 2. Sitzung 2027 am 10.03.2027." in read(page).text_content()
    done = await propose(ben, into="next")
    assert done.headers["location"].startswith(NEXT + "/top/")
    (made,) = (await (await client.as_("ben")).get(of(later))).json()["items"]
    assert (made["late_submission"], made["title"]) == (False, NEW["title"])
    await db.execute("update meeting set state = 'planned' where id = $1", later)
    refused = await propose(ben, into="next", title="Bitte nicht verlieren")
    assert refused.status_code == 409 and "Bitte nicht verlieren" in refused.text


async def test_where_late_ones_are_refused_the_next_meeting_is_named(client: Clients, db: Connection) -> None:
    meeting, later = await late(db)
    await db.execute("""update procedure set rules = '{"late_items": "next_meeting"}'""")
    ben, program = await client.browser("ben"), await client.as_("ben")
    buttons = [
        one.text_content().strip()
        for one in lxml.html.fromstring((await ben.get("/sitzungen/KK-2027-1/top/neu")).text).xpath(
            "//main//form//button"
        )
    ]
    assert buttons == ["Für die nächste Sitzung anmelden"]
    refused = await program.post(of(meeting), json=NEW)
    assert refused.status_code == 409 and "KK-2027-2 am 10.03.2027" in refused.json()["detail"]
    assert (await propose(ben, title="Nicht verlieren")).status_code == 409
    assert (await propose(ben, into="next")).status_code == 303
    await db.execute("update meeting set state = 'planned' where id = $1", later)
    refused = await program.post(of(meeting), json=NEW)
    assert "sobald sie Punkte aufnimmt" in refused.json()["detail"]


async def test_the_office_moves_a_late_proposal_and_its_house_is_told(
    client: Clients, db: Connection
) -> None:
    meeting, later = await late(db)
    made = await make.item(db, meeting, status="registered")
    await db.execute("update agenda_item set late_submission = true")
    table, anna = "/sitzungen/KK-2027-1/tagesordnung", await client.browser("anna")
    assert "In die nächste Sitzung" in (await anna.get(f"/sitzungen/KK-2027-1/top/{made}")).text
    action = f"/sitzungen/KK-2027-1/top/{made}/adjourn?von=tagesordnung"
    assert (await press(anna, table, action)).headers["location"] == table
    ben = await client.as_("ben")
    old = (await ben.get(item(made))).json()
    (there,) = (await ben.get(of(later))).json()["items"]
    assert (old["status"], old["adjourned_to"]) == ("adjourned", there["id"])
    assert (there["status"], there["late_submission"]) == ("registered", False), (
        "it waits for admission there"
    )
    ((subject, text, name),) = await letters(db, there["id"])
    assert subject.startswith("Ihr Punkt kommt in die nächste Sitzung") and name == "Ben Beauftragt"
    assert "10. März 2027" in text


async def test_one_in_time_waits_for_its_decision(client: Clients, db: Connection) -> None:
    meeting, later = await late(db)
    made = await make.item(db, meeting, status="registered")
    answer = await (await client.as_("anna")).post(item(made, "adjourn"), json={"meeting_id": str(later)})
    assert answer.status_code == 409
