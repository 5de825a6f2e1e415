"""Anmeldung: who puts an item forward, until when it is in time, and who learns of it before it is admitted."""

from datetime import date

import pytest

from circle.core.clock import Clock
from circle.core.db import Connection
from tests import make
from tests.clients import Clients, queries

NEW = {"title": "Qualität der Sprachmittlung", "aim": "coordination", "planned_minutes": 30}


async def test_a_member_proposes_and_the_office_sees_it(client: Clients, db: Connection) -> None:
    meeting = await make.meeting(db)
    last = await make.item(db, meeting, "Verschiedenes", by="anna", kind="miscellaneous")
    ben, anna = await client.as_("ben"), await client.as_("anna")
    answer = await ben.post(f"/api/v1/meetings/{meeting}/agenda-items", json=NEW)
    assert answer.status_code == 201, answer.text
    assert answer.headers["etag"] == '"v1"'
    made = answer.json()
    assert (made["status"], made["number"], made["late_submission"]) == ("registered", "", False)
    assert (made["title"], made["submitted_by_name"], made["papers"]) == (NEW["title"], "Ben Beauftragt", [])
    with queries(db) as seen:
        agenda = (await anna.get(f"/api/v1/meetings/{meeting}/agenda-items")).json()
    assert len(seen) == 1
    assert [one["id"] for one in agenda["items"]] == [made["id"], str(last)]
    assert agenda["next"] is None
    assert await db.fetchval("select count(*) from audit_event where action = 'agenda_item.proposed'") == 1
