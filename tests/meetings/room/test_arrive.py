"""Coming, going, and whose voice is in the room; the attendance follows."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from circle.core import errors
from circle.core.clock import Clock
from circle.core.db import Connection
from circle.meetings import store as meeting_store
from circle.meetings.room import actions
from circle.meetings.room.model import Arrival, Departure, RollCall, StayChange, Swap
from tests import make
from tests.clients import Clients
from tests.meetings import world


async def lines(db: Connection, meeting: UUID) -> dict[str, tuple[str, str | None]]:
    """The attendance by nick: status and who stands in."""
    rows = await db.fetch(
        """
        select split_part(p.email, '@', 1) as nick, a.status, split_part(d.email, '@', 1) as deputy
        from attendance a join person p on p.id = a.person_id left join person d on d.id = a.represented_by
        where a.meeting_id = $1
        """,
        meeting,
    )
    return {row["nick"]: (row["status"], row["deputy"]) for row in rows}


async def test_a_member_comes_with_the_voice_of_the_house(client: Clients, db: Connection, office: Clock) -> None:
    meeting = await world.running(db, office)
    ben = await make.person_id(db, "ben")
    mona = await client.as_("mona")
    answer = await mona.post(f"/api/v1/meetings/{meeting}/arrivals", json={"person_id": str(ben)})
    assert answer.status_code == 200, answer.text
    (stay,) = answer.json()["stays"]
    assert stay["authority_id"] == str(await make.authority(db, "br-arnsberg"))
    assert stay["left_at"] is None
    assert (await lines(db, meeting))["ben"] == ("present", None)
    again = await mona.post(f"/api/v1/meetings/{meeting}/arrivals", json={"person_id": str(ben)})
    assert (again.status_code, again.json()["code"]) == (409, "already_there")
    left = await mona.post(f"/api/v1/meetings/{meeting}/departures", json={"person_id": str(ben)})
    assert left.json()["stays"][0]["left_at"] is not None
    attendee = next(one for one in left.json()["attendance"] if one["person_id"] == str(ben))
    assert attendee["to_local"] is not None
    gone = await mona.post(f"/api/v1/meetings/{meeting}/departures", json={"person_id": str(ben)})
    assert (gone.status_code, gone.json()["code"]) == (409, "not_there")
    acts = await db.fetch("select action from audit_event where object_id = $1 order by id desc limit 2", meeting)
    assert [row["action"] for row in acts] == ["meeting.left", "meeting.arrived"]
