"""Anmeldung: who puts an item forward, until when it is in time, and who learns of it before it is admitted."""

import asyncio
from datetime import date
from typing import Any

import pytest

from circle.core.clock import Clock
from circle.core.db import Connection, Database
from circle.meetings.agenda import actions
from circle.meetings.agenda.model import NewItem
from circle.settings import Settings
from tests import make
from tests.clients import Clients, queries

from . import MASK, NEW, SECRET, acts, found_in, item, of


async def test_a_member_proposes_and_the_office_sees_it_before_the_end(
    client: Clients, db: Connection
) -> None:
    meeting = await make.meeting(db)
    last = await make.item(db, meeting, "Verschiedenes", by="anna", kind="miscellaneous")
    ben, anna = await client.as_("ben"), await client.as_("anna")
    answer = await ben.post(of(meeting), json=NEW)
    assert answer.status_code == 201, answer.text
    assert answer.headers["etag"] == '"v1"'
    made = answer.json()
    assert (made["status"], made["number"], made["late_submission"]) == ("registered", "", False)
    assert (made["title"], made["submitted_by_name"], made["papers"]) == (NEW["title"], "Ben Beauftragt", [])
    assert made["authority_name"] == "BR Arnsberg" and made["order"] == 0
    with queries(db) as seen:
        agenda = (await anna.get(of(meeting))).json()
    assert len(seen) == 1
    assert [one["id"] for one in agenda["items"]] == [made["id"], str(last)]
    assert agenda["next"] is None
    assert await acts(db, made["id"]) == ["agenda_item.proposed"]
    assert await found_in(db, made["id"]) is None
    assert (await ben.get(item(made["id"]))).json() == made


async def test_strangers_and_those_without_the_right_do_not(client: Clients, db: Connection) -> None:
    meeting = await make.meeting(db)
    await make.person(db, "zoe", authority="br-arnsberg", roles=["assistant"])
    await make.person(db, "rita", roles=["records_manager"])
    await make.person(db, "vera", authority="br-arnsberg", roles=["deputy"])
    assert (await client.stranger.post(of(meeting), json=NEW)).status_code == 401
    for nick, status in (("clara", 404), ("zoe", 404), ("vera", 404), ("rita", 403)):
        assert (await (await client.as_(nick)).post(of(meeting), json=NEW)).status_code == status, nick
        listed = await (await client.as_(nick)).get(of(meeting))
        assert listed.status_code == (200 if nick == "rita" else 404), nick


async def test_a_deputy_proposes_in_their_time(client: Clients, db: Connection) -> None:
    meeting = await make.meeting(db)
    vera = await make.person(db, "vera", authority="br-arnsberg", roles=["deputy"])
    today = date(2026, 11, 23)
    await make.absence(db, await make.person_id(db, "ben"), vera, today, today)
    made = await (await client.as_("vera")).post(of(meeting), json=NEW)
    assert made.status_code == 201 and made.json()["submitted_by_name"] == "Vera Probe"


@pytest.mark.parametrize(
    ("on", "state", "late"),
    [
        (date(2026, 12, 21), "agenda_open", False),  # 28 days before is today
        (date(2026, 12, 20), "agenda_open", True),  # a Sunday before: the working day before it is over
        (date(2026, 12, 9), "agenda_open", True),
        (date(2027, 1, 13), "invited", True),
    ],
)
async def test_what_comes_after_the_deadline_is_late(
    client: Clients, db: Connection, on: date, state: str, late: bool
) -> None:
    meeting = await make.meeting(db, on=on, state=state)
    made = (await (await client.as_("ben")).post(of(meeting), json=NEW)).json()
    assert made["late_submission"] is late


@pytest.mark.parametrize("state", ["running", "held", "minutes_approved", "cancelled", "moved"])
async def test_a_meeting_that_began_takes_none(client: Clients, db: Connection, state: str) -> None:
    meeting = await make.meeting(db, state=state)
    answer = await (await client.as_("ben")).post(of(meeting), json=NEW)
    assert (answer.status_code, answer.json()["code"]) == (409, "wrong_state")


async def test_before_the_admission_other_houses_do_not_learn_of_it(client: Clients, db: Connection) -> None:
    meeting = await make.meeting(db)
    await make.item(db, meeting, "Begrüßung", by="anna", kind="formality")
    await make.person(db, "carl", authority="br-koeln", roles=["commissioner"])
    await make.person(db, "mona", roles=["circle_moderator"])
    ben, carl, mona = [await client.as_(nick) for nick in ("ben", "carl", "mona")]
    made = (await ben.post(of(meeting), json=NEW)).json()
    assert (await carl.get(item(made["id"]))).status_code == 404
    assert (await carl.post(item(made["id"], "withdraw"))).status_code == 404
    assert [one["title"] for one in (await carl.get(of(meeting))).json()["items"]] == ["Begrüßung"]
    assert len((await mona.get(of(meeting))).json()["items"]) == 2
    assert NEW["title"] not in (await (await client.browser("carl")).get("/")).text


@pytest.mark.parametrize(
    ("wrong", "name"),
    [
        ({"title": " "}, "title"),
        ({"title": "zwei\nZeilen"}, "title"),
        ({"aim": "chat"}, "aim"),
        ({"kind": "formality"}, "kind"),
        ({"planned_minutes": 601}, "planned_minutes"),
        ({"confidentiality": "vs-nfd"}, "confidentiality"),
        ({"status": "admitted"}, "status"),
    ],
)
async def test_what_is_wrong_is_named(
    client: Clients, db: Connection, wrong: dict[str, Any], name: str
) -> None:
    meeting = await make.meeting(db)
    answer = await (await client.as_("ben")).post(of(meeting), json=NEW | wrong)
    assert answer.status_code == 400 and answer.json()["errors"][0]["field"] == name


async def test_the_same_key_proposes_once(client: Clients, db: Connection) -> None:
    meeting, ben, key = await make.meeting(db), await client.as_("ben"), {"idempotency-key": "anmeldung"}
    first = await ben.post(of(meeting), json=NEW, headers=key)
    assert (await ben.post(of(meeting), json=NEW, headers=key)).json() == first.json()
    assert await db.fetchval("select count(*) from agenda_item") == 1


@pytest.mark.confidential
async def test_a_confidential_one_is_open_to_the_named_alone(client: Clients, db: Connection) -> None:
    meeting = await make.meeting(db)
    carl = await make.person(db, "carl", authority="br-koeln", roles=["commissioner"])
    await make.person(db, "dirk", authority="br-detmold", roles=["commissioner"])
    clients = {nick: await client.as_(nick) for nick in ("ben", "carl", "dirk", "anna")}
    made = (await clients["ben"].post(of(meeting), json=SECRET | {"named": [str(carl)]})).json()
    assert [one["name"] for one in made["named"]] == ["Ben Beauftragt", "Carl Probe"]
    seen = (await clients["anna"].get(item(made["id"]))).json()
    assert (seen["title"], seen["confidentiality"], seen["status"]) == (MASK, "confidential", "registered")
    open_fields = {"id", "meeting_id", "meeting_reference", "order", "number", "status", "frozen", "late_submission",
        "revision", "title", "confidentiality"}  # fmt: skip
    assert {name for name, value in seen.items() if value is not None} == open_fields
    assert (await clients["dirk"].get(item(made["id"]))).status_code == 404
    assert (await clients["carl"].get(item(made["id"]))).json()["title"] == SECRET["title"]
    assert await found_in(db, made["id"]) is None


@pytest.mark.confidential
async def test_twin_worlds_look_the_same_from_outside(client: Clients, db: Connection) -> None:
    """Title, text, papers and duration of a confidential item change nothing in what the others get."""
    await make.person(db, "dirk", authority="br-detmold", roles=["commissioner"])
    meeting = await make.meeting(db)
    secret = await make.item(db, meeting, "Personalfrage Nord", level="confidential")
    dirk = await client.as_("dirk")
    paths = [of(meeting), item(secret), of(meeting, "papers")]
    before = [(await dirk.get(path)).content for path in paths]
    await db.execute(
        """
        update agenda_content set title = 'Etwas ganz anderes', planned_minutes = 90, result = 'confidential',
            minutes = 'Sehr lang', kind = 'report', return_reason = 'x', rapporteur_id = submitted_by where item_id = $1
        """,
        secret,
    )
    await db.execute(
        """
        insert into paper (meeting_id, item_id, number, title, confidentiality, document_id, submitted_on)
        values ($1, $2, 1, 'Gutachten', 'confidential', $3, '2026-11-20')
        """,
        meeting, secret, await make.document(db),
    )  # fmt: skip
    assert [(await dirk.get(path)).content for path in paths] == before
    assert len((await (await client.as_("ben")).get(of(meeting, "papers"))).json()["items"]) == 1


@pytest.mark.confidential
async def test_reading_a_confidential_item_is_logged(client: Clients, db: Connection) -> None:
    meeting = await make.meeting(db)
    secret = await make.item(db, meeting, "Personalfrage Nord", level="confidential")
    anna, ben = await client.as_("anna"), await client.as_("ben")
    for path in (item(secret), of(meeting)):
        await anna.get(path)
    assert await db.fetchval("select count(*) from audit_event where action = 'agenda_item.read'") == 0
    await ben.get(item(secret))
    await ben.get(of(meeting))
    await (await client.browser("ben")).get(f"/sitzungen/KK-2027-1/top/{secret}")
    rows = await db.fetch("select actor_name, detail from audit_event where action = 'agenda_item.read'")
    assert [row["actor_name"] for row in rows] == ["Ben Beauftragt"] * 3
    assert all(str(secret) in row["detail"] and "Personalfrage" not in row["detail"] for row in rows)


async def test_two_at_once_get_a_place_each(fresh: tuple[Database, Settings], office: Clock) -> None:
    database, _ = fresh
    async with database.begin(None) as db:
        meeting = await make.meeting(db)
        last = await make.item(db, meeting, "Verschiedenes", by="anna", kind="miscellaneous")
        who = await make.actor(db, office, "ben")

    async def propose(title: str) -> None:
        async with database.begin(None) as db:
            await actions.propose(db, who, meeting, NewItem(title, "information"))

    await asyncio.gather(*(propose(title) for title in "ABCD"))
    async with database.begin(None) as db:
        rows = await db.fetch('select id, "order" from agenda_item order by "order"')
    assert [row["order"] for row in rows] == [0, 1, 2, 3, 4] and rows[4]["id"] == last
