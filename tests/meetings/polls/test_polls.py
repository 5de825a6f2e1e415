"""A date poll: the office proposes days, members answer, everybody sees the counts, one day is fixed and told."""

import uuid
from typing import Any

import httpx
import pytest

from circle.core.clock import Clock
from circle.core.db import Connection
from tests import make
from tests.clients import Clients, queries

from ..world import people

PATH = "/api/v1/date-polls"
NEW: dict[str, Any] = {
    "title": "Klausur 2027", "answer_until": "2026-12-11", "place": "Arnsberg",
    "dates": [
        {"date": "2027-02-10", "start_local": "10:00", "end_local": "15:00"},
        {"date": "2027-02-17", "start_local": "10:00", "end_local": "15:00"},
    ],
}  # fmt: skip
ANSWER = {"answers": [{"number": 1, "answer": "no"}, {"number": 2, "answer": "yes"}]}
FORM = {
    "idempotency_key": "k", "title": "Klausur 2027", "answer_until": "2026-12-11", "mode": "in_person", "place": "", "note": "",
    "date_0": "2027-02-10", "start_local_0": "10:00", "end_local_0": "15:00",
    "date_4": "2027-02-17", "start_local_4": "10:00", "end_local_4": "15:00",
}  # fmt: skip


async def send(
    client: httpx.AsyncClient, path: str, body: Any, key: str | None = None, **headers: str
) -> httpx.Response:
    return await client.post(path, json=body, headers={"idempotency-key": key or str(uuid.uuid4())} | headers)


async def asked(db: Connection, client: Clients) -> str:
    await people(db)
    answer = await send(await client.as_("anna"), PATH, NEW)
    assert answer.status_code == 201, answer.text
    return f"{PATH}/{answer.json()['id']}"


async def letters(db: Connection) -> list[tuple[str, int]]:
    return [
        tuple(one)
        for one in await db.fetch(
            """
            select d.subject, (select count(*) from delivery e where e.dispatch_id = d.id) from dispatch d
            order by d.created_at, d.id
            """
        )
    ]


async def test_the_office_asks_by_mail(db: Connection, client: Clients) -> None:
    await people(db)
    anna = await client.as_("anna")
    assert (await anna.post(PATH, json=NEW)).json()["code"] == "key_required"
    first = await send(anna, PATH, NEW, "k")
    assert (await send(anna, PATH, NEW, "k")).json() == first.json()
    poll = first.json()
    assert (poll["state"], poll["asked"], poll["answered"]) == ("open", 4, 0), "Anna, Ben, Kim, Mona"
    assert await letters(db) == [("Welcher Termin passt Ihnen? Klausur 2027", 4)]
    assert len(await make.outbox(db, "polls.build_holds")) == 1
    assert "Mittwoch, 17. Februar 2027, 10:00 bis 15:00 Uhr" in await db.fetchval("select text from dispatch")
    assert await db.fetchval("select count(*) from audit_event where action = 'date_poll.asked'") == 1


async def test_members_answer_and_everybody_sees_the_counts(db: Connection, client: Clients) -> None:
    path = await asked(db, client)
    ben, kim = await client.as_("ben"), await client.as_("kim")
    assert (await ben.post(f"{path}/answer", json=ANSWER)).status_code == 200
    changed = {"answers": [{"number": 1, "answer": "if_needed"}, {"number": 2, "answer": "yes"}]}
    assert (await ben.post(f"{path}/answer", json=changed)).status_code == 200, "the last one counts"
    await kim.post(f"{path}/answer", json=ANSWER)
    with queries(db) as seen:
        poll = (await kim.get(path)).json()
    assert len(seen) == 1 and poll["answered"] == 2
    assert [(one["yes"], one["if_needed"], one["no"], one["mine"]) for one in poll["dates"]] == [
        (0, 1, 1, "no"), (2, 0, 0, "yes"),
    ]  # fmt: skip
    assert {one["name"]: one["answers"] for one in poll["people"]}["Ben Beauftragt"] == {
        "1": "if_needed", "2": "yes",
    }  # fmt: skip
    assert (await kim.get(PATH)).json()["items"] == [poll]


async def test_a_fixed_day_becomes_a_meeting_and_is_told(db: Connection, client: Clients) -> None:
    path = await asked(db, client)
    anna, ben = await client.as_("anna"), await client.as_("ben")
    assert (await send(anna, f"{path}/fix", {"number": 2}, **{"if-match": '"v9"'})).status_code == 412
    assert (await send(anna, f"{path}/fix", {"number": 3})).status_code == 400
    done = await send(anna, f"{path}/fix", {"number": 2}, "k2")
    assert done.status_code == 200, done.text
    assert (done.json()["state"], done.json()["meeting_reference"]) == ("fixed", "KK-2027-1")
    assert (await send(anna, f"{path}/fix", {"number": 2}, "k2")).json() == done.json()
    meeting = await db.fetchrow("select title, date::text as date, state, place from meeting")
    assert tuple(meeting) == ("Klausur 2027", "2027-02-17", "planned", "Arnsberg")
    assert ("Termin steht fest: 17.02.2027, Klausur 2027", 4) in await letters(db)
    assert (await send(anna, f"{path}/fix", {"number": 1})).status_code == 409
    assert (await ben.post(f"{path}/answer", json=ANSWER)).status_code == 409
    assert (await anna.post(f"{path}/close")).status_code == 409


async def test_it_may_end_without_a_day(db: Connection, client: Clients) -> None:
    path = await asked(db, client)
    anna = await client.as_("anna")
    assert (await anna.post(f"{path}/close")).json()["state"] == "closed"
    assert await db.fetchval("select count(*) from meeting") == 0


async def test_who_may_not(db: Connection, client: Clients) -> None:
    path = await asked(db, client)
    ben, clara, edda = await client.as_("ben"), await client.as_("clara"), await client.as_("edda")
    assert (await send(ben, PATH, NEW)).status_code == 403
    assert (await send(ben, f"{path}/fix", {"number": 1})).status_code == 403
    assert (await ben.post(f"{path}/close")).status_code == 403
    assert (await clara.get(path)).status_code == 404
    assert (await clara.post(f"{path}/answer", json=ANSWER)).status_code == 404
    assert (await send(clara, f"{path}/fix", {"number": 1})).status_code == 404
    assert (await clara.get(PATH)).json()["items"] == []
    assert (await edda.post(f"{path}/answer", json=ANSWER)).status_code in (403, 404)
    await make.person(db, "nina", name="Nina Neu", authority="br-muenster", roles=["commissioner"])
    assert (await (await client.as_("nina")).post(f"{path}/answer", json=ANSWER)).status_code == 403


async def test_after_the_last_day_nobody_answers(db: Connection, client: Clients) -> None:
    path = await asked(db, client)
    await db.execute("update date_poll set answer_until = '2026-11-22'")
    assert (await (await client.as_("ben")).post(f"{path}/answer", json=ANSWER)).status_code == 409


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"dates": NEW["dates"][:1]}, "dates"),
        ({"dates": NEW["dates"] * 6}, "dates"),
        ({"dates": [NEW["dates"][0]] * 2}, "dates.1.date"),
        ({"dates": [NEW["dates"][0], {"date": "2027-03-28", "start_local": "02:30", "end_local": "04:00"}]}, "dates.1.start_local"),
        ({"dates": [NEW["dates"][0], {"date": "2026-11-22", "start_local": "10:00", "end_local": "11:00"}]}, "dates.1.date"),
        ({"answer_until": "2027-02-10"}, "answer_until"),
        ({"answer_until": "2026-11-22"}, "answer_until"),
        ({"title": " "}, "title"),
        ({"title": "a\nb"}, "title"),
        ({"votes": 3}, "votes"),
    ],
)  # fmt: skip
async def test_what_does_not_fit(client: Clients, given: dict[str, Any], field: str) -> None:
    answer = await send(await client.as_("anna"), PATH, NEW | given)
    assert answer.status_code == 400, answer.text
    assert field in [one["field"] for one in answer.json()["errors"]]


async def test_every_day_gets_one_answer(db: Connection, client: Clients) -> None:
    path = await asked(db, client)
    ben = await client.as_("ben")
    for numbers in ([1], [1, 1], [1, 2, 3], [0]):
        body = {"answers": [{"number": n, "answer": "yes"} for n in numbers]}
        assert (await ben.post(f"{path}/answer", json=body)).status_code == 400, numbers
    assert await db.fetchval("select count(*) from date_poll_answer") == 0


async def test_the_pages(db: Connection, client: Clients, office: Clock) -> None:
    await people(db)
    anna, ben = await client.browser("anna"), await client.browser("ben")
    assert (await ben.get("/terminabfragen/neu")).status_code == 403
    assert (await anna.get("/terminabfragen/neu")).status_code == 200
    one = await anna.post("/terminabfragen/neu", {**FORM, "date_4": ""})
    assert one.status_code == 422 and 'id="error-date_1"' in one.text
    wrong = await anna.post("/terminabfragen/neu", FORM | {"end_local_4": "09:00"})
    assert wrong.status_code == 422 and 'id="error-end_local_4"' in wrong.text
    done = await anna.post("/terminabfragen/neu", FORM)
    assert done.status_code == 303, done.text
    page = done.headers["location"]
    assert "Klausur 2027" in (await ben.get("/terminabfragen")).text
    shown = (await ben.get(page)).text
    assert "Welcher Termin passt Ihnen?" in shown and "Tag festlegen" not in shown
    missing = await ben.post(f"{page}/antwort", {"answer_1": "yes"})
    assert missing.status_code == 422 and 'id="error-answer_2"' in missing.text
    nothing = await ben.post(f"{page}/antwort", {})
    assert nothing.status_code == 422
    assert (await ben.post(f"{page}/antwort", {"answer_1": "yes", "answer_2": "maybe"})).status_code == 422
    assert (
        await ben.post(f"{page}/antwort", {"answer_1": "yes", "answer_2": "if_needed"})
    ).status_code == 303
    assert "notfalls" in (await anna.get(page)).text
    open_ = await anna.post(f"{page}/festlegen", {"revision": "1", "idempotency_key": "f0"})
    assert open_.status_code == 422 and 'id="error-number"' in open_.text
    stale = {"number": "1", "revision": "9", "idempotency_key": "f1"}
    assert (await anna.post(f"{page}/festlegen", stale)).status_code == 412
    fixed = await anna.post(f"{page}/festlegen", {"number": "1", "revision": "1", "idempotency_key": "f"})
    assert fixed.status_code == 303
    assert 'href="/sitzungen/KK-2027-1"' in (await ben.get(page)).text
    assert (await (await client.browser("clara")).get(page)).status_code == 404
    assert 'href="/terminabfragen"' in (await ben.get("/sitzungen")).text


async def test_it_waits_on_the_desk_of_whoever_has_to_act(db: Connection, client: Clients) -> None:
    path = await asked(db, client)
    page = path.replace(PATH, "/terminabfragen")
    anna, ben = await client.browser("anna"), await client.browser("ben")
    assert page in (await ben.get("/")).text and page in (await anna.get("/")).text
    for nick in ("ben", "kim", "mona", "anna"):
        assert "Tag festlegen" not in (await anna.get("/")).text
        assert (await (await client.as_(nick)).post(f"{path}/answer", json=ANSWER)).status_code == 200
    assert page not in (await ben.get("/")).text
    assert "Tag festlegen" in (await anna.get("/")).text
