"""The deputy is told by mail for whom and when they act, when that changes, and when it falls away."""

import asyncio
from datetime import date
from typing import Any
from uuid import UUID

import msgspec
import pytest

from circle.core import auth, clock
from circle.core.clock import Clock
from circle.core.db import Connection, Database
from circle.distribution import notices
from circle.settings import Settings
from tests import make
from tests.clients import Clients
from tests.people.deputies.test_absence import house
from workers import jobs

Letter = tuple[str, str, UUID]


async def tell(db: Connection, office: Clock) -> None:
    """What the worker does with everything asked so far, each twice."""
    for asked in await make.outbox(db, "distribution.tell_deputy"):
        given = jobs.arguments(jobs.tell_deputy, msgspec.json.encode(asked).decode())
        for _ in range(2):
            await notices.tell_deputy(db, auth.service(office.now()), **given)


async def letters(db: Connection) -> list[Letter]:
    """(subject, text, recipient) of the mails about absences, in the order of what they tell."""
    rows = await db.fetch(
        """
        select d.subject, d.text, e.person_id, d.level from dispatch d join delivery e on e.dispatch_id = d.id
        where d.object_kind = 'absence' order by (d.details ->> 'revision')::integer, d.subject desc
        """
    )
    assert {row["level"] for row in rows} <= {"internal"}
    return [(row["subject"], row["text"], row["person_id"]) for row in rows]


@pytest.mark.parametrize("who", ["ben", "anna"])
async def test_entered_changed_and_called_off(
    client: Clients, db: Connection, office: Clock, who: str
) -> None:
    ben, body = await house(db)
    dora, one = UUID(body["deputy_id"]), await client.as_(who)
    made = await one.post(f"/api/v1/people/{ben}/absences", json=body)
    path = f"/api/v1/absences/{made.json()['id']}"
    for revision, last in (("v1", "2026-12-07"), ("v2", "2026-12-04"), ("v3", "2026-12-07")):
        sent = await one.patch(path, json={"ends_on": last}, headers={"if-match": f'"{revision}"'})
        assert sent.status_code == 200, sent.text
    same = await one.patch(path, json={"ends_on": "2026-12-07"}, headers={"if-match": '"v4"'})
    assert same.status_code == 200
    assert (await one.delete(path)).status_code == 204
    await tell(db, office)
    told = await letters(db)
    assert [subject for subject, _, _ in told] == [
        "Sie vertreten Ben Beauftragt, vom 01.12.2026 bis 04.12.2026",
        "Geändert: Sie vertreten Ben Beauftragt, vom 01.12.2026 bis 07.12.2026",
        "Geändert: Sie vertreten Ben Beauftragt, vom 01.12.2026 bis 04.12.2026",
        "Geändert: Sie vertreten Ben Beauftragt, vom 01.12.2026 bis 07.12.2026",
        "Ihre Vertretung für Ben Beauftragt entfällt, vom 01.12.2026 bis 07.12.2026",
    ]
    assert {recipient for _, _, recipient in told} == {dora}
    assert "mit den Rechten der abwesenden Person" in told[0][1]


async def test_another_deputy_is_told_and_the_first_one_too(
    client: Clients, db: Connection, office: Clock
) -> None:
    ben, body = await house(db)
    emil = await make.person(db, "emil", authority="br-arnsberg", roles=["deputy"])
    one = await client.as_("ben")
    made = await one.post(f"/api/v1/people/{ben}/absences", json=body)
    given: dict[str, Any] = {"deputy_id": str(emil), "ends_on": "2026-12-05"}
    path = f"/api/v1/absences/{made.json()['id']}"
    assert (await one.patch(path, json=given, headers={"if-match": '"v1"'})).status_code == 200
    await tell(db, office)
    assert [(subject, who) for subject, _, who in await letters(db)][1:] == [
        ("Sie vertreten Ben Beauftragt, vom 01.12.2026 bis 05.12.2026", emil),
        (
            "Ihre Vertretung für Ben Beauftragt entfällt, vom 01.12.2026 bis 04.12.2026",
            UUID(body["deputy_id"]),
        ),
    ]


async def test_what_runs_ends_today(client: Clients, db: Connection, office: Clock) -> None:
    ben, body = await house(db)
    await make.absence(db, ben, UUID(body["deputy_id"]), date(2026, 11, 20), date(2026, 11, 30))
    path = f"/api/v1/absences/{await db.fetchval('select id from absence')}"
    assert (await (await client.as_("anna")).delete(path)).status_code == 204
    await tell(db, office)
    ((subject, _, _),) = await letters(db)
    assert subject == "Geändert: Sie vertreten Ben Beauftragt, vom 20.11.2026 bis 23.11.2026"


async def test_whoever_left_is_not_written_to(client: Clients, db: Connection, office: Clock) -> None:
    ben, body = await house(db)
    assert (
        await (await client.as_("ben")).post(f"/api/v1/people/{ben}/absences", json=body)
    ).status_code == 201
    await db.execute("update person set active = false where id = $1", UUID(body["deputy_id"]))
    await tell(db, office)
    assert await letters(db) == []


async def test_two_workers_write_one_letter(fresh: tuple[Database, Settings]) -> None:
    database = fresh[0]
    async with database.begin(None) as db:
        office = await clock.read(db)
        dora = await make.person(db, "dora", authority="br-arnsberg", roles=["deputy"])
        ben = await make.person_id(db, "ben")
        await make.absence(db, ben, dora, date(2026, 12, 1), date(2026, 12, 4))
        absence = await db.fetchval("select id from absence")

    async def run() -> None:
        async with database.begin(None) as db:
            service = auth.service(office.now())
            await notices.tell_deputy(
                db, service, "entered", absence, 1, ben, dora, date(2026, 12, 1), date(2026, 12, 4)
            )

    await asyncio.gather(*[run() for _ in range(3)])
    async with database.begin(None) as db:
        assert len(await letters(db)) == 1
