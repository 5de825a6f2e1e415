"""What a rule of the procedure does to a meeting that was called under it."""

from typing import Any

import msgspec

from circle.core.clock import Clock
from circle.core.db import Connection
from tests import make
from tests.clients import Clients

from ..world import PAGE, act, convened, running

LATE = {"title": "Sprachmittlung", "aim": "information", "planned_minutes": 15}


async def under(db: Connection, **rules: Any) -> None:
    await db.execute("update procedure set rules = $1::text::jsonb", msgspec.json.encode(rules).decode())


async def test_late_items_come_into_the_next_meeting(db: Connection, client: Clients, office: Clock) -> None:
    meeting = await convened(db, office)
    await db.execute(
        "update meeting set deadlines = jsonb_set(deadlines, '{agenda_submission,on}', '\"2026-11-20\"')"
    )
    ben, anna = await client.as_("ben"), await client.as_("anna")
    path = f"/api/v1/meetings/{meeting}/agenda-items"
    assert (await ben.post(path, json=LATE)).json()["late_submission"] is True
    await under(db, late_items="next_meeting")
    refused = await ben.post(path, json=LATE)
    assert (refused.status_code, refused.json()["code"]) == (409, "wrong_state")
    assert "nächste Sitzung" in refused.json()["detail"]
    assert (await anna.post(path, json=LATE)).status_code == 201


async def test_only_the_appointed_deputy_represents(db: Connection, client: Clients, office: Clock) -> None:
    meeting = await running(db, office)
    await make.person(db, "karl", name="Karl Kollege", authority="br-koeln")
    kim, karl, dina = [await make.person_id(db, nick) for nick in ("kim", "karl", "dina")]
    mona = await client.as_("mona")
    path = f"/api/v1/meetings/{meeting}/attendance/{kim}"
    represented = {"status": "represented", "represented_by": str(karl)}
    assert (await mona.put(path, json=represented)).status_code == 200
    await under(db, deputies="appointed")
    refused = await mona.put(path, json=represented)
    assert refused.status_code == 400 and refused.json()["errors"][0]["field"] == "represented_by"
    assert (await mona.put(path, json=represented | {"represented_by": str(dina)})).status_code == 200


async def test_minutes_are_of_the_kind_it_names(db: Connection, client: Clients, office: Clock) -> None:
    meeting = await running(db, office)
    await under(db, minutes_kind="course")
    mona, anna = await client.as_("mona"), await client.as_("anna")
    assert (await act(mona, meeting, "close")).status_code == 200
    page = await (await client.browser("anna")).get(f"{PAGE}/niederschrift")
    assert "Verlaufsniederschrift" in page.text
    assert (await act(anna, meeting, "minutes/circulate")).status_code == 200
    assert await db.fetchval("select kind from minutes") == "course"
