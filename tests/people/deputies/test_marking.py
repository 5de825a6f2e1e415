"""Who acts for somebody is marked: in the record, on requests, in the head of a page."""

from datetime import date
from uuid import UUID, uuid4

import msgspec
import pytest

from circle.core import audit
from circle.core.auth import ActingFor, Me
from circle.core.clock import Clock
from circle.core.db import Connection
from tests import make
from tests.clients import Clients

QUESTION = {"subject": "Sprachmittlung", "question": "Welche Standards gelten?", "no_personal_data": True}


async def house(db: Connection) -> UUID:
    """Dora stands in for Ben of Arnsberg this week, Arno is assistant there."""
    dora = await make.person(db, "dora", authority="br-arnsberg", roles=["deputy"])
    await make.person(db, "arno", authority="br-arnsberg", roles=["assistant"])
    ben = await make.person_id(db, "ben")
    await make.absence(db, ben, dora, date(2026, 11, 23), date(2026, 11, 27))
    return ben


@pytest.mark.parametrize(
    ("who", "role", "words"), [("dora", "deputy", "in Vertretung für"), ("arno", "assistant", "im Namen von"), ("ben", "", "")]
)  # fmt: skip
async def test_a_request_names_for_whom_it_was_asked(
    client: Clients, db: Connection, office: Clock, who: str, role: str, words: str
) -> None:
    ben = await house(db)
    name = await db.fetchval("select name from person where id = $1", ben)
    one = await client.as_(who)
    key = {"idempotency-key": str(uuid4())}
    made = await one.post("/api/v1/consultations", json=QUESTION, headers=key)
    assert made.status_code == 201, made.text
    asked_for = {"role": role, "person_id": str(ben), "name": name} if role else None
    assert made.json()["requested_for"] == asked_for
    listed = (await (await client.as_("anna")).get("/api/v1/consultations")).json()["items"]
    assert [x["requested_for"] for x in listed] == [asked_for]
    page = (await (await client.browser(who)).get(f"/anfragen/{made.json()['reference']}")).text
    assert f"{words} {name}" in page if role else "im Namen von" not in page and "in Vertretung" not in page
    detail = msgspec.json.decode(
        await db.fetchval(
            "select detail::text from audit_event where object_kind = 'consultation' order by id limit 1"
        )
    )
    assert detail.get("acting_for") == asked_for


async def test_the_mark_ends_with_the_time(db: Connection, office: Clock) -> None:
    await house(db)
    dora = await make.person_id(db, "dora")
    assert await db.fetchval("select acting_for($1, '2026-11-27')", dora)
    assert await db.fetchval("select acting_for($1, '2026-11-28')", dora) is None
    who = await make.actor(db, office, "anna")
    await audit.record(db, who, "test.done", "test", None)
    assert await db.fetchval("select detail::text from audit_event where action = 'test.done'") == "{}"


def test_the_head_of_a_page_says_for_whom() -> None:
    me = Me(
        UUID(int=1),
        "Dora Probe",
        "",
        "dora@example.org",
        "",
        UUID(int=2),
        "Arnsberg",
        ["deputy", "regional_staff"],
    )
    assert me.role_line == "Vertretung, Regionale Beschäftigte"
    acting = msgspec.structs.replace(me, acting_for=ActingFor("deputy", UUID(int=3), "Ben Probe"))
    assert acting.role_line == "Vertretung für Ben Probe, Regionale Beschäftigte"
    helping = msgspec.structs.replace(
        me, roles=["assistant"], acting_for=ActingFor("assistant", UUID(int=3), "Ben Probe")
    )
    assert helping.role_line == "Zuarbeit für Ben Probe"
