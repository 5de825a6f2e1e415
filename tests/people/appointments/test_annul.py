"""Irrtümlich erfasst: what was entered by mistake gives no right on any day, and stays to be read."""

import asyncio
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest

from circle.core import clock
from circle.core.clock import Clock
from circle.core.db import Connection, Database
from circle.people.appointments import actions
from circle.people.appointments.model import Annulment, Succession
from circle.settings import Settings
from circle.tasks import actions as tasks
from tests import make
from tests.clients import Clients
from tests.tasks import acts as task_acts
from tests.tasks import api as task_api
from tests.tasks import letters, task

from . import acts, api, bens, detail, new

WHY = {"reason": "Falsche Person."}


async def succeeded(
    client: Clients, db: Connection, starts_on: str = "2026-11-23"
) -> tuple[UUID, UUID, UUID]:
    """Nadia follows Ben: her id, his appointment, hers."""
    nadia = await make.person(db, "nadia", authority="br-arnsberg")
    one = await bens(db)
    body = {"person_id": str(nadia), "starts_on": starts_on, "order_date": "2026-11-20", "file_reference": "11-IB/26",
        "reason": "Verfügung wirkt zurück."}  # fmt: skip
    made = await (await client.as_("anna")).post(api(one, "succeed"), json=body)
    assert made.status_code == 201, made.text
    return nadia, one, UUID(made.json()["id"])


async def annul(client: Clients, one: UUID | str, nick: str = "anna", **head: str) -> httpx.Response:
    return await (await client.as_(nick)).post(api(one, "annul"), json=WHY, headers=head)


async def test_a_mistaken_succession_is_taken_back(client: Clients, db: Connection) -> None:
    _, one, mistaken = await succeeded(client, db)
    hers = await client.as_("nadia")
    assert (await hers.get("/api/v1/me")).json()["roles"] == ["commissioner"]
    assert "commissioner" not in (await (await client.as_("ben")).get("/api/v1/me")).json()["roles"]
    done = await annul(client, mistaken, **{"if-match": '"v1"'})
    assert done.status_code == 200, done.text
    body = done.json()
    assert (body["state"], body["valid_today"], body["valid_to"]) == ("annulled", False, None)
    assert (body["annulled_on"], body["annulled_by_name"], body["annulled_reason"]) == (
        "2026-11-23",
        "Anna Amt",
        "Falsche Person.",
    )
    assert (await hers.get("/api/v1/me")).status_code == 401, "sessions end as with any role that is lost"
    assert (await (await client.as_("nadia")).get("/api/v1/me")).json()["roles"] == []
    old = (await (await client.as_("ben")).get(api(one))).json()
    assert (old["valid_to"], old["succeeded_by"], old["state"]) == (None, None, "valid")
    assert await acts(db, mistaken) == ["appointment.entered", "appointment.annulled"]
    assert await acts(db, one) == ["appointment.succeeded", "appointment.succession_annulled"]
    assert (await detail(db, mistaken, "appointment.annulled"))["reason"] == "Falsche Person."
    assert (await detail(db, one, "appointment.succession_annulled"))["valid_to"] == ["2026-11-22", None]
    assert await make.outbox(db, "tasks.take_back") == [
        {"appointment_id": str(mistaken), "predecessor_id": str(one)}
    ]
    again = await annul(client, mistaken)
    assert again.status_code == 409 and "seit dem 23.11.2026" in again.json()["detail"]
    entitled = (await (await client.as_("anna")).get("/api/v1/appointments/entitled?on=2026-11-23")).json()
    assert [x["entitled_name"] for x in entitled["items"] if x["authority_key"] == "br-arnsberg"] == [
        "Ben Beauftragt"
    ]


async def test_it_holds_on_no_day_and_stands_in_nobodys_way(client: Clients, db: Connection) -> None:
    await make.person(db, "nadia", authority="br-koeln")
    anna = await client.as_("anna")
    body = await new(db, "nadia", valid_from="2026-11-01", valid_to="2027-03-31")
    first = (await anna.post("/api/v1/appointments", json=body)).json()
    assert (await annul(client, first["id"])).status_code == 200
    of_the_day = (await anna.get("/api/v1/appointments?on=2026-11-10")).json()["items"]
    assert [one["person_name"] for one in of_the_day] == ["Ben Beauftragt"]
    again = await anna.post("/api/v1/appointments", json=body)
    assert again.status_code == 201, again.text
    listed = {one["id"]: one["state"] for one in (await anna.get("/api/v1/appointments")).json()["items"]}
    assert (listed[first["id"]], listed[again.json()["id"]]) == ("annulled", "valid")
    assert (await annul(client, again.json()["id"])).status_code == 200
    house = (await anna.get(f"/api/v1/authorities/{body['authority_id']}")).json()
    assert (house["appointed"], house["vacant_since"]) == (False, None)
    assert [one["valid_to"] for one in house["appointments"]] == ["2027-03-31"] * 2
    duties = (await anna.get("/api/v1/duties")).json()["items"]
    assert "Nadia Probe" not in {one["person_name"] for one in duties}


async def test_who_may_not(client: Clients, db: Connection) -> None:
    _, one, mistaken = await succeeded(client, db)
    # Ben holds no role since the succession, and sees as little as Clara.
    for nick, status in (("clara", 404), ("ben", 404), ("nadia", 403)):
        assert (await annul(client, mistaken, nick)).status_code == status, nick
    assert (await annul(client, mistaken, **{"if-match": '"v7"'})).status_code == 412
    bare = await (await client.as_("anna")).post(api(mistaken, "annul"), json={})
    assert bare.status_code == 400
    first = await annul(client, one)
    assert first.status_code == 409 and "zuerst diese" in first.json()["detail"]
    assert await db.fetchval("select count(*) from appointment where annulled_on is not null") == 0


async def test_nobody_annuls_their_own(client: Clients, db: Connection, office: Clock) -> None:
    leyla = await make.person(db, "leyla", authority="br-koeln", roles=["circle_office", "deputy"])
    own = await db.fetchval("select id from appointment where person_id = $1", leyla)
    refused = await annul(client, own, "leyla")
    assert (refused.status_code, refused.json()["code"]) == (403, "own_appointment")


async def test_the_predecessor_does_not_give_the_office_back_to_themself(
    client: Clients, db: Connection
) -> None:
    _, one, mistaken = await succeeded(client, db)
    ben = await make.person_id(db, "ben")
    await db.execute("insert into role_grant (person_id, role) values ($1, 'circle_office')", ben)
    refused = await annul(client, mistaken, "ben")
    assert (refused.status_code, refused.json()["code"]) == (403, "own_appointment")
    assert await db.fetchval("select succeeded_by from appointment where id = $1", one) == mistaken


async def attend(db: Connection, who: UUID, status: str) -> None:
    meeting = await make.meeting(db, "KK-2026-6", on=date(2026, 11, 23), state="held")
    await db.execute(
        "insert into attendance (meeting_id, person_id, status) values ($1, $2, $3)", meeting, who, status
    )


async def letter(db: Connection, who: UUID, kind: str, level: str = "circle") -> None:
    dispatch = await db.fetchval(
        """
        insert into dispatch (kind, object_kind, object_id, title, subject, text, level, state, sent_on, audience, readers)
        values ($1, 'meeting', gen_random_uuid(), 'Einladung KK-2026-7', 'x', 'x', $2, 'done', '2026-11-23', '{}', '{}')
        returning id
        """,
        kind, level,
    )  # fmt: skip
    await db.execute(
        "insert into delivery (dispatch_id, person_id, name, address, state, audience) values ($1, $2, 'N', 'n@x', 'sent', '{}')",
        dispatch, who,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("used", "words"),
    [
        ("meeting", "am 23.11.2026 an der Sitzung KK-2026-6 teilgenommen"),
        ("guest", ""),
        ("letter", "ging am 23.11.2026 ein Versand „Einladung KK-2026-7“ an die Person"),
        ("confidential letter", "ging am 23.11.2026 ein Versand an die Person"),
        ("notice", ""),
        ("request", "am 23.11.2026 eine Beratungsanfrage gestellt"),
        ("both", "an der Sitzung KK-2026-6 teilgenommen, außerdem ging am"),
    ],
)
async def test_what_was_done_under_it_keeps_it(
    client: Clients, db: Connection, office: Clock, used: str, words: str
) -> None:
    nadia, one, mistaken = await succeeded(client, db)
    if used in ("meeting", "guest", "both"):
        await attend(db, nadia, "guest" if used == "guest" else "present")
    if used in ("letter", "confidential letter", "notice", "both"):
        kind = "notice" if used == "notice" else "invitation"
        await letter(db, nadia, kind, "confidential" if used == "confidential letter" else "circle")
    if used == "request":
        await make.consultation(db, office, by="nadia")
    answer = await annul(client, mistaken)
    if not words:
        assert answer.status_code == 200, answer.text
        return
    assert (answer.status_code, answer.json()["code"]) == (409, "appointment_used"), answer.text
    assert words in answer.json()["detail"] and "beenden Sie die Bestellung" in answer.json()["detail"]
    assert await db.fetchval("select succeeded_by from appointment where id = $1", one) == mistaken
    page = await (await client.browser("anna")).post(
        f"/bestellungen/{mistaken}/irrtuemlich-erfasst", WHY | {"revision": "1", "idempotency_key": "k"}
    )
    assert page.status_code == 409 and words in page.text and 'value="Falsche Person."' in page.text


@pytest.mark.confidential
async def test_a_confidential_request_of_the_house_keeps_it_too(
    client: Clients, db: Connection, office: Clock
) -> None:
    await succeeded(client, db)
    await make.person(db, "arno", authority="br-arnsberg", roles=["assistant"])
    await make.consultation(db, office, by="arno", confidentiality="confidential")
    mistaken = await db.fetchval("select succeeded_by from appointment where id = $1", await bens(db))
    answer = await annul(client, mistaken)
    assert (
        answer.status_code == 409 and "eine vertrauliche Beratungsanfrage gestellt" in answer.json()["detail"]
    )


async def test_an_end_that_was_entered_before_comes_back(client: Clients, db: Connection) -> None:
    anna, one = await client.as_("anna"), await bens(db)
    await anna.post(api(one, "end"), json={"valid_to": "2027-06-30"})
    _, _, mistaken = await succeeded(client, db, "2026-12-01")
    assert (await anna.get(api(one))).json()["valid_to"] == "2026-11-30"
    assert (await annul(client, mistaken)).status_code == 200
    assert (await anna.get(api(one))).json()["valid_to"] == "2027-06-30"


async def test_an_end_that_was_corrected_since_stays(client: Clients, db: Connection) -> None:
    anna = await client.as_("anna")
    _, one, mistaken = await succeeded(client, db, "2026-12-05")
    tag = (await anna.get(api(one))).headers["etag"]
    mended = await anna.patch(api(one), json={"valid_to": "2026-11-30"}, headers={"if-match": tag})
    assert mended.status_code == 200, mended.text
    assert (await annul(client, mistaken)).status_code == 200
    assert (await anna.get(api(one))).json()["valid_to"] == "2026-11-30"


async def test_somebody_else_in_the_time_that_comes_back_is_told(client: Clients, db: Connection) -> None:
    anna = await client.as_("anna")
    _, _, mistaken = await succeeded(client, db)
    await anna.post(api(mistaken, "end"), json={"valid_to": "2026-11-30"})
    await make.person(db, "cem", authority="br-arnsberg")
    assert (await anna.post("/api/v1/appointments", json=await new(db, "cem"))).status_code == 201
    refused = await annul(client, mistaken)
    assert (refused.status_code, refused.json()["code"]) == (409, "appointment_overlap"), refused.text
    assert "Cem" in refused.json()["detail"]


async def test_open_tasks_go_back_when_nobody_touched_them(
    client: Clients, db: Connection, office: Clock
) -> None:
    untouched, taken = await task(db, office), await task(db, office)
    _, one, mistaken = await succeeded(client, db)
    await tasks.hand_over(db, office.now())
    await tasks.accept(db, await make.actor(db, office, "nadia"), taken)
    own = await task(db, office, "nadia")
    assert (await annul(client, mistaken)).status_code == 200
    (asked,) = await make.outbox(db, "tasks.take_back")
    given = UUID(asked["appointment_id"]), UUID(asked["predecessor_id"])
    assert await tasks.take_back(db, office.now(), *given) == 1
    assert await tasks.take_back(db, office.now(), *given) == 0
    anna = await client.as_("anna")
    back = (await anna.get(task_api(untouched))).json()
    assert (back["owner_name"], back["status"], back["handed_over_from_name"], back["handed_over_on"]) == (
        "Ben Beauftragt", "open", None, None
    )  # fmt: skip
    for kept in (taken, own):
        assert (await anna.get(task_api(kept))).json()["owner_name"] == "Nadia Probe"
    assert (await task_acts(db, untouched))[-1] == "task.taken_back"
    assert any(
        "ist wieder bei Ihnen" in subject and who == "Ben Beauftragt"
        for subject, who in await letters(db, untouched)
    )
    # The right person follows, and the tasks go over anew.
    cem = await make.person(db, "cem", authority="br-arnsberg")
    body = {
        "person_id": str(cem),
        "starts_on": "2026-11-24",
        "order_date": "2026-11-20",
        "file_reference": "x",
    }
    assert (await anna.post(api(one, "succeed"), json=body)).status_code == 201
    assert await tasks.hand_over(db, office.now() + timedelta(days=1)) == 1
    assert (await anna.get(task_api(untouched))).json()["owner_name"] == "Cem Probe"


async def test_two_at_once_annul_once(fresh: tuple[Database, Settings]) -> None:
    database = fresh[0]
    async with database.begin(None) as db:
        office = await clock.read(db)
        nadia = await make.person(db, "nadia", authority="br-arnsberg")
        anna, one = await make.actor(db, office, "anna"), await bens(db)
        today = office.now().date()
        mistaken = await actions.succeed(db, anna, one, Succession(nadia, today, today, "11-IB/26"))

    async def run() -> Any:
        async with database.begin(None) as db:
            await actions.annul(db, anna, mistaken, Annulment("Doppelt."), 1)

    ended = await asyncio.gather(*[run() for _ in range(3)], return_exceptions=True)
    assert sorted(type(one).__name__ for one in ended) == ["NoneType", "Stale", "Stale"]
    async with database.begin(None) as db:
        assert await db.fetchval("select valid_to from appointment where id = $1", one) is None
        assert len(await make.outbox(db, "tasks.take_back")) == 1


async def test_the_pages_show_it_struck_through(client: Clients, db: Connection) -> None:
    nadia, one, mistaken = await succeeded(client, db)
    anna = await client.browser("anna")
    here = f"/bestellungen/{mistaken}"
    form = (await anna.get(f"{here}/irrtuemlich-erfasst")).text
    assert (
        "Die Nachfolge auf Ben Beauftragt entfällt" in form and "Als irrtümlich erfasst kennzeichnen" in form
    )
    empty = await anna.post(f"{here}/irrtuemlich-erfasst", {"revision": "1", "idempotency_key": "a"})
    assert empty.status_code == 422 and 'href="#field-reason"' in empty.text
    for _ in range(2):
        sent = WHY | {"revision": "1", "idempotency_key": "b"}
        assert (await anna.post(f"{here}/irrtuemlich-erfasst", sent)).status_code == 303
    page = (await anna.get(here)).text
    assert "Montag, 23. November 2026 von Anna Amt. Grund: Falsche Person." in page
    assert "<s>23.11.2026 bis auf Weiteres</s>" in page and "Angaben berichtigen" not in page
    closed = await anna.get(f"{here}/korrigieren")
    assert closed.status_code == 409 and "als irrtümlich erfasst gekennzeichnet" in closed.text
    assert f'<s><a href="{here}">Nadia Probe</a></s>' in (await anna.get("/bestellungen")).text
    for where in ("/personen/haus/br-arnsberg", f"/personen/{nadia}"):
        assert "<s>23.11.2026 bis auf Weiteres</s>" in (await anna.get(where)).text, where
    assert "Irrtümlich erfasst" in (await (await client.browser("ben")).get(here)).text
    assert (await (await client.browser("clara")).get(here)).status_code == 404
    assert "irrtuemlich-erfasst" not in (await anna.get(f"/bestellungen/{one}/nachfolge")).text
