"""Experts of an agenda item: they read the one item, until the day, and nothing else (decree Nr. 4 (3) S. 1)."""

from datetime import datetime
from typing import Any
from uuid import UUID

import httpx
import pytest

from circle.core.clock import Clock
from circle.core.db import Connection
from circle.core.files import Storage, use
from circle.meetings.agenda import actions as agenda
from tests import make
from tests.clients import Clients, queries

# Today is 23.11.2026.
UNTIL = "2026-12-04"
WORDS = ["Sprachmittlung in Verfahren", "Sprachmittlung in Verfahren", "Vorlage", "Quarzlampe", "Quarzlampe"]
LEVELS = ["circle", pytest.param("confidential", marks=pytest.mark.confidential)]


class Thing:
    """An item of Ben with a paper; Rita of his house is not of the circle."""

    meeting: UUID
    item: UUID
    other: UUID
    paper: UUID
    file: UUID
    rita: UUID

    @property
    def api(self) -> str:
        return f"/api/v1/agenda-items/{self.item}"

    @property
    def page(self) -> str:
        return f"/sitzungen/KK-2027-1/top/{self.item}"

    @property
    def body(self) -> dict[str, Any]:
        return {"person_id": str(self.rita), "valid_to": UNTIL}


async def thing(db: Connection, storage: Storage, level: str = "circle") -> Thing:
    one = Thing()
    one.meeting = await make.meeting(db)
    one.item = await make.item(
        db, one.meeting, "Sprachmittlung in Verfahren", level=level, number="4", status="on_agenda"
    )
    one.other = await make.item(db, one.meeting, "Anderes", number="5", status="on_agenda")
    one.file = await make.file(db, storage, "Vorlage.txt", b"Quarzlampe", "text/plain", audience=["person:x"])
    one.paper = await db.fetchval(
        """
        insert into paper (meeting_id, item_id, number, title, confidentiality, file_id, submitted_on)
        values ($1, $2, 1, 'Vorlage', $3, $4, '2026-11-20') returning id
        """,
        one.meeting, one.item, level, one.file,
    )  # fmt: skip
    audience = await db.fetchval("select audience from paper where id = $1", one.paper)
    await use(db, one.file, one.paper, list(audience))
    await agenda.index(db, one.item)
    one.rita = await make.person(db, "rita", authority="br-arnsberg", roles=["regional_staff"])
    return one


async def seen(client: Clients, one: Thing, nick: str = "rita") -> list[bool]:
    """Whether somebody finds the item by page, API, paper, download and search."""
    browser, program = await client.browser(nick), await client.as_(nick)
    answers = [
        await browser.get(one.page),
        await program.get(one.api),
        await program.get(f"/api/v1/papers/{one.paper}"),
        await program.get(f"/api/v1/files/{one.file}/content"),
        await browser.get(f"/dateien/{one.file}"),
    ]
    assert {answer.status_code for answer in answers} <= {200, 404}, [answer.text for answer in answers]
    hits = (await program.post("/api/v1/search", json={"query": "Sprachmittlung"})).json()["results"]
    return [word in answer.text for word, answer in zip(WORDS, answers, strict=True)] + [bool(hits)]


async def involve(client: Clients, one: Thing, **more: Any) -> httpx.Response:
    return await (await client.as_("ben")).post(f"{one.api}/experts", json=one.body | more)


@pytest.mark.parametrize("level", LEVELS)
async def test_it_works(client: Clients, db: Connection, storage: Storage, level: str) -> None:
    one = await thing(db, storage, level)
    assert await seen(client, one) == [False] * 6
    made = await involve(client, one)
    assert made.status_code == 201, made.text
    assert (made.json()["person_name"], made.json()["valid_to"]) == ("Rita Probe", UNTIL)
    assert await seen(client, one) == [True] * 6
    rita = await client.as_("rita")
    listed = (await rita.get(f"{one.api}/experts")).json()["items"]
    assert [row["person_id"] for row in listed] == [str(one.rita)]
    subject = await db.fetchval("select subject from dispatch where object_id = $1", one.item)
    assert ("Sprachmittlung" in subject) == (level == "circle") and "hinzugezogen" in subject
    assert await db.fetchval("select count(*) from delivery where person_id = $1", one.rita) == 1
    assert await db.fetchval(
        "select detail ->> 'person_id' from audit_event where action = 'agenda_item.expert_involved'"
    ) == str(one.rita)
    desk = (await (await client.browser("rita")).get("/")).text
    assert "Sie sind hinzugezogen: Sprachmittlung in Verfahren" in desk and one.page in desk
    read = await db.fetchval(
        "select count(*) from audit_event where action = 'agenda_item.read' and actor_id = $1", one.rita
    )
    assert bool(read) == (level == "confidential")


@pytest.mark.parametrize("level", ["circle", "confidential"])
async def test_nothing_else_opens(client: Clients, db: Connection, storage: Storage, level: str) -> None:
    one = await thing(db, storage, level)
    await involve(client, one)
    rita, browser = await client.as_("rita"), await client.browser("rita")
    for path in (f"/api/v1/meetings/{one.meeting}", f"/api/v1/meetings/{one.meeting}/agenda-items",
                 f"/api/v1/meetings/{one.meeting}/papers", f"/api/v1/agenda-items/{one.other}",
                 f"/api/v1/agenda-items/{one.other}/experts", f"/api/v1/meetings/{one.meeting}/attendance"):  # fmt: skip
        assert (await rita.get(path)).status_code == 404, path
    for path in (
        "/sitzungen/KK-2027-1",
        f"/sitzungen/KK-2027-1/top/{one.other}",
        "/sitzungen/KK-2027-1/niederschrift",
    ):
        assert (await browser.get(path)).status_code == 404, path
    page = (await browser.get(one.page)).text
    assert "Anderes" not in page and 'href="/sitzungen/KK-2027-1"' not in page
    for act in ("withdraw", "adjourn", "reservations"):
        answer = await rita.post(f"{one.api}/{act}", json={"kind": "Prüfvorbehalt", "text": "x"})
        assert answer.status_code in (403, 404, 400), (act, answer.text)
    assert (await rita.post(f"{one.api}/withdraw")).status_code == 403
    assert (await rita.post(f"{one.api}/experts", json=one.body)).status_code == 403
    assert (
        await browser.post(
            f"{one.page}/reserve",
            {"idempotency_key": "k1", "kind": "Prüfvorbehalt", "text": "Wir prüfen.", "revision": "1"},
        )
    ).status_code == 403


@pytest.mark.parametrize("level", LEVELS)
async def test_it_ends_at_midnight_after_the_last_day(
    client: Clients,
    db: Connection,
    storage: Storage,
    office: Clock,
    monkeypatch: pytest.MonkeyPatch,
    level: str,
) -> None:
    one = await thing(db, storage, level)
    await involve(client, one)
    monkeypatch.setattr(office, "now", lambda: datetime.fromisoformat("2026-12-04T22:59:59+00:00"))
    assert await seen(client, one) == [True] * 6
    monkeypatch.setattr(office, "now", lambda: datetime.fromisoformat("2026-12-04T23:00:00+00:00"))
    assert await seen(client, one) == [False] * 6


@pytest.mark.parametrize("level", LEVELS)
async def test_ended_it_is_gone_at_once(
    client: Clients, db: Connection, storage: Storage, level: str
) -> None:
    one = await thing(db, storage, level)
    await involve(client, one)
    path = f"{one.api}/experts/{one.rita}"
    await make.person(db, "carl", authority="br-koeln", roles=["commissioner"])
    for nick, status in (("clara", 404), ("rita", 403), ("carl", 403)) if level == "circle" else ():
        assert (await (await client.as_(nick)).delete(path)).status_code == status, nick
    ben = await client.as_("ben")
    assert (await ben.delete(path)).status_code == 204
    assert await seen(client, one) == [False] * 6
    assert (await ben.delete(path)).status_code == 404
    assert (await involve(client, one)).status_code == 201, "again on the same day"
    assert await seen(client, one) == [True] * 6


async def test_who_may_not_and_bad_input(client: Clients, db: Connection, storage: Storage) -> None:
    one = await thing(db, storage)
    await make.person(db, "carl", authority="br-koeln", roles=["commissioner"])
    await make.person(db, "arno", authority="br-arnsberg", roles=["deputy"])
    far = await make.person(db, "fee", authority="br-koeln")
    for nick, status in (("clara", 404), ("arno", 404), ("carl", 403)):
        answer = await (await client.as_(nick)).post(f"{one.api}/experts", json=one.body)
        assert answer.status_code == status, (nick, answer.text)
    for given, reason in (
        ({"valid_to": "2026-11-22"}, "frühestens heute"),
        ({"valid_to": "2028-01-01"}, "Höchstens ein Jahr"),
        ({"person_id": str(far)}, "aus Ihrem Haus"),
        ({"person_id": str(await make.person_id(db, "ben"))}, "sieht das schon"),
    ):
        answer = await involve(client, one, **given)
        assert answer.status_code == 400 and reason in answer.text, (given, answer.text)
    missing = await (await client.as_("ben")).post(f"{one.api}/experts", json={"person_id": str(one.rita)})
    assert missing.status_code == 400
    await db.execute("update person set active = false where id = $1", one.rita)
    assert (await involve(client, one)).status_code == 400
    assert await db.fetchval("select count(*) from expert_involvement") == 0


async def test_the_office_calls_in_its_own_experts_but_no_member(
    client: Clients, db: Connection, storage: Storage
) -> None:
    one = await thing(db, storage)
    dora = await make.person(db, "dora", roles=["kfi_expert"])
    both = await make.person(db, "emil", roles=["kfi_expert"])
    await make.appoint(db, both, await make.authority(db, "br-arnsberg"), "deputy")
    anna = await client.as_("anna")
    made = await anna.post(f"{one.api}/experts", json={"person_id": str(dora), "valid_to": UNTIL})
    assert made.status_code == 201 and await seen(client, one, "dora") == [True] * 6
    refused = await anna.post(f"{one.api}/experts", json={"person_id": str(both), "valid_to": UNTIL})
    assert refused.status_code == 400 and refused.json()["code"] == "conflict_of_interest"


@pytest.mark.confidential
async def test_a_confidential_item_is_not_the_offices(
    client: Clients, db: Connection, storage: Storage
) -> None:
    one = await thing(db, storage, "confidential")
    dora = await make.person(db, "dora", roles=["kfi_expert"])
    answer = await (await client.as_("anna")).post(
        f"{one.api}/experts", json={"person_id": str(dora), "valid_to": UNTIL}
    )
    assert answer.status_code == 403


async def test_the_page_does_the_same(client: Clients, db: Connection, storage: Storage) -> None:
    one = await thing(db, storage)
    ben = await client.browser("ben")
    form = (await ben.get(f"{one.page}?schritt=involve")).text
    assert "Wen aus Ihrem Haus?" in form and "Rita Probe" in form and "Clara" not in form
    wrong = await ben.post(
        f"{one.page}/involve", {"idempotency_key": "k1", "person_id": str(one.rita), "valid_to": "2020-01-01"}
    )
    assert wrong.status_code == 422 and "frühestens heute" in wrong.text
    done = await ben.post(f"{one.page}/involve", one.body | {"idempotency_key": "k2"})
    assert done.status_code == 303, done.text
    with queries(db) as asked:
        page = (await ben.get(one.page)).text
    assert "Sachkundige Beschäftigte" in page and "04.12.2026" in page and len(asked) <= 2
    assert await seen(client, one) == [True] * 6
    ended = await ben.post(
        f"{one.page}/end_involvement", {"idempotency_key": "k3", "person_id": str(one.rita)}
    )
    assert ended.status_code == 303 and await seen(client, one) == [False] * 6
