"""What is kept of somebody's own answers: all of it for them, and nothing of anybody else's."""

import json

from circle.core.clock import Clock
from circle.core.db import Connection
from tests import make
from tests.clients import Clients, queries

from ..meetings.feeds.test_feed import made
from ..meetings.polls.test_polls import ANSWER, PATH, send
from ..meetings.world import act, invited

OWN, EXPORT = "/api/v1/me/answers", "/api/v1/rights/answers"
POLL = {
    "title": "Klausur 2027", "answer_until": "2026-12-11",
    "dates": [{"date": day, "start_local": "10:00", "end_local": "15:00"} for day in ("2027-02-10", "2027-02-17")],
}  # fmt: skip


async def test_one_reads_all_that_is_kept_of_oneself(db: Connection, client: Clients, office: Clock) -> None:
    meeting = await invited(db, office)
    ben, kim, anna = await client.as_("ben"), await client.as_("kim"), await client.as_("anna")
    await act(ben, meeting, "reply", {"answer": "in_person", "note": "Quarz aus Bens Haus"})
    await act(ben, meeting, "reply", {"answer": "declined"})
    await act(kim, meeting, "reply", {"answer": "declined", "note": "Basalt aus Kims Haus"})
    poll = (await send(anna, PATH, POLL)).json()["id"]
    await ben.post(f"{PATH}/{poll}/answer", json=ANSWER)
    address = await made(client, "ben")
    await made(client, "kim")
    with queries(db) as seen:
        answer = await ben.get(OWN)
    assert len(seen) == 1 and answer.status_code == 200
    assert answer.headers["content-disposition"] == 'attachment; filename="meine-antworten.json"'
    found = answer.json()
    (invitation,) = found["invitations"]
    assert invitation["meeting"] == "KK-2027-1"
    assert [(one["answer"], one["note"]) for one in invitation["replies"]] == [
        ("in_person", "Quarz aus Bens Haus"), ("declined", ""),
    ]  # fmt: skip
    assert found["polls"] == [
        {"title": "Klausur 2027", "asked_on": "2026-11-23", "answers": [
            {"date": "2027-02-10", "answer": "no"}, {"date": "2027-02-17", "answer": "yes"}]}
    ]  # fmt: skip
    assert found["calendar_feeds"] == [{"made_on": "2026-11-23", "revoked_on": None, "last_used_on": None}]
    text = json.dumps(found)
    assert "Basalt" not in text and "Kim" not in text and address.rpartition("/")[2][:10] not in text


async def test_it_is_kept_for_them_when_they_see_the_meeting_no_more(
    db: Connection, client: Clients, office: Clock
) -> None:
    meeting = await invited(db, office)
    await act(await client.as_("ben"), meeting, "reply", {"answer": "declined"})
    await db.execute("update appointment set valid_to = '2026-11-22'")
    assert (await (await client.as_("ben")).get(OWN)).json()["invitations"][0]["replies"]
    clara = (await (await client.as_("clara")).get(OWN)).json()
    assert all(clara[name] == [] for name in ("invitations", "polls", "answer_links", "calendar_feeds"))
    assert (await client.stranger.get(OWN)).status_code == 401
    assert OWN in (await (await client.browser("clara")).get("/konto")).text


async def test_data_protection_reads_it_of_anybody_and_that_is_recorded(
    db: Connection, client: Clients, office: Clock
) -> None:
    meeting = await invited(db, office)
    await act(await client.as_("ben"), meeting, "reply", {"answer": "declined", "note": "Quarz"})
    poll = (await send(await client.as_("anna"), PATH, POLL)).json()["id"]
    await (await client.as_("ben")).post(f"{PATH}/{poll}/answer", json=ANSWER)
    own = (await (await client.as_("ben")).get(OWN)).json()
    await make.person(db, "uta", name="Uta Datenschutz", roles=["data_protection_officer"])
    ben = await make.person_id(db, "ben")
    await db.execute("update person set active = false where id = $1", ben)
    uta = await client.as_("uta")
    answer = await uta.get(EXPORT, params={"person_id": str(ben)})
    assert answer.status_code == 200 and answer.json() == own
    assert [one["answer"] for one in own["polls"][0]["answers"]] == ["no", "yes"]
    assert answer.headers["content-disposition"] == 'attachment; filename="antworten.json"'
    told = await db.fetchrow(
        "select actor_name, object_id from audit_event where action = 'answers.exported'"
    )
    assert tuple(told) == ("Uta Datenschutz", ben)
    unknown = await uta.get(EXPORT, params={"person_id": "00000000-0000-4000-8000-000000000000"})
    assert unknown.status_code == 404
    assert await db.fetchval("select count(*) from audit_event where action = 'answers.exported'") == 1
    for nick in ("anna", "kim", "clara"):
        assert (await (await client.as_(nick)).get(EXPORT, params={"person_id": str(ben)})).status_code == 403
    page = await client.browser("uta")
    kim = await make.person_id(db, "kim")
    link = f"{EXPORT}?person_id={kim}"
    assert link in (await page.get(f"/rechte?person={kim}")).text
    assert (await page.get(link)).status_code == 200
    assert EXPORT not in (await (await client.browser("anna")).get(f"/rechte?person={kim}")).text
