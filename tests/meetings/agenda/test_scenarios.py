"""Stories about the agenda from beginning to end, named by their numbers, and that nothing touches what was sent."""

import hashlib
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import msgspec
import pytest
from litestar import Litestar

from circle.core import openapi
from circle.core.clock import Clock
from circle.core.db import Connection
from circle.core.files import Storage
from circle.meetings import actions as meetings
from circle.meetings.model import NewMeeting
from tests import make
from tests.clients import Clients
from tests.house.test_openapi import operations

from ..test_invite import paper
from ..world import PAGE, act, convened, invited
from . import item, letters, of
from .test_pages import FORM, read, values
from .test_papers import upload


def at(office: Clock, app: Litestar, monkeypatch: pytest.MonkeyPatch, *moment: int) -> Clock:
    """The office's clock stands at this instant (UTC)."""
    clock = Clock(office.offset)
    instant = datetime(*moment, tzinfo=UTC)  # type: ignore[misc,arg-type]  # year, month, day, hour
    clock.now = lambda: instant  # type: ignore[method-assign]  # a test's clock, this one alone
    monkeypatch.setattr(app.state, "clock", clock)
    return clock


async def test_s02_an_item_is_put_forward_admitted_and_its_house_is_told(
    client: Clients, db: Connection, office: Clock
) -> None:
    meeting = await convened(db, office)
    ben, anna = await client.browser("ben"), await client.browser("anna")
    ben_id = str(await make.person_id(db, "ben"))
    new = f"{PAGE}/top/neu"
    given = FORM | {"rapporteur_id": ben_id, "planned_minutes": "25", "title": "Qualität der Sprachmittlung"}
    done = await ben.client.post(
        new, data=values(read(await ben.get(new)), new) | given, files={"file": ("Vorlage.txt", b"Entwurf")},
        headers={"sec-fetch-site": "same-origin"},
    )  # fmt: skip
    here = done.headers["location"]
    seen = read(await anna.get(here)).xpath("//main")[0].text_content()
    for words in ("angemeldet", "Abstimmung", "Ben Beauftragt", "25 Minuten", "Vorlage"):
        assert words in seen, words
    assert "verspätet" not in seen
    page = read(await anna.get(here))
    assert (await anna.post(f"{here}/admit", values(page, f"{here}/admit"))).status_code == 303
    agenda = (await (await client.as_("ben")).get(of(meeting))).json()["items"]
    assert [one["kind"] for one in agenda] == [
        "formality", "approval_of_minutes", "deliberation", "miscellaneous",
    ], "after TOP 2 and before „Verschiedenes“"  # fmt: skip
    assert agenda[2]["status"] == "admitted"
    ((subject, text, name),) = await letters(db, here.rpartition("/")[2])
    assert subject.startswith("Ihr Punkt ist aufgenommen") and name == "Ben Beauftragt"
    assert "13. Januar 2027" in text


async def test_s10_a_late_item_needs_consent_and_is_offered_for_the_next_meeting(
    app: Litestar, client: Clients, db: Connection, office: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    await make.person(db, "dora", name="Dora Düsseldorf", authority="br-duesseldorf", roles=["commissioner"])
    anna = await make.actor(db, office, "anna")
    ids = []
    for on in (make.date(2026, 12, 9), make.date(2027, 3, 10)):
        ids.append(await meetings.convene(db, anna, NewMeeting(on, "10:00", "14:00", place="Köln")))
    meeting, following = ids
    at(office, app, monkeypatch, 2026, 11, 20, 9)
    dora, browser = await client.as_("dora"), await client.browser("dora")
    deadlines = (await dora.get(f"/api/v1/meetings/{meeting}")).json()["deadlines"]
    assert deadlines["agenda_submission"]["on"] == "2026-11-11"
    page = read(await browser.get("/sitzungen/KK-2026-1/top/neu")).text_content()
    for words in ("Die Anmeldefrist ist am 11.11.2026 abgelaufen", "als verspätet oder für die nächste Sitzung",
        "unter TOP 1", "Punkt verspätet anmelden", "Für die nächste Sitzung anmelden"):  # fmt: skip
        assert words in page, words
    made = (await dora.post(of(meeting), json={"title": "Wohnsitzregelung", "aim": "information"})).json()
    assert (made["late_submission"], made["status"], made["authority_name"]) == (
        True,
        "registered",
        "BR Düsseldorf",
    )
    office_browser, office_client = await client.browser("anna"), await client.as_("anna")
    shown = read(await office_browser.get("/sitzungen/KK-2026-1/tagesordnung")).text_content()
    assert "verspätet" in shown and "In die nächste Sitzung" in shown
    # With the circle's consent at TOP 1 it is treated here.
    second = (await dora.post(of(meeting), json={"title": "Mit Zustimmung", "aim": "information"})).json()
    await office_client.post(item(second["id"], "admit"))
    assert any("entscheidet der Kreis unter TOP 1" in text for _, text, _ in await letters(db, second["id"]))
    # Otherwise it goes into the next meeting, and there it is in time.
    moved = await office_client.post(item(made["id"], "adjourn"), json={"meeting_id": str(following)})
    assert moved.status_code == 200, moved.text
    there = [
        one for one in (await dora.get(of(following))).json()["items"] if one["title"] == "Wohnsitzregelung"
    ]
    assert [(one["status"], one["late_submission"]) for one in there] == [("registered", False)]
    assert (await letters(db, there[0]["id"]))[0][2] == "Dora Düsseldorf"


async def test_s12_an_item_is_withdrawn_after_the_invitation(
    app: Litestar, client: Clients, db: Connection, storage: Storage, office: Clock
) -> None:
    meeting = await convened(db, office)
    ben, anna, mona = await client.as_("ben"), await client.as_("anna"), await client.as_("mona")
    ids = []
    for n in range(3, 8):
        ids.append(
            (await ben.post(of(meeting), json={"title": f"Punkt {n}", "aim": "information"})).json()["id"]
        )
        await anna.post(item(ids[-1], "admit"))
    assert (await act(anna, meeting, "invite")).status_code == 200
    six = ids[3]
    numbers = [one["number"] for one in (await ben.get(of(meeting))).json()["items"]]
    assert numbers == [str(n) for n in range(1, 9)]
    await paper(db, storage, UUID(six), "Zu sechs.pdf", "internal")
    await paper(db, storage, UUID(ids[0]), "Zu drei.pdf", "internal")
    assert (await ben.post(item(six, "withdraw"))).status_code == 200
    assert [one["number"] for one in (await ben.get(of(meeting))).json()["items"]] == numbers, (
        "numbers stay 1 to 8"
    )
    browser = await client.browser("ben")
    row = next(
        one
        for one in read(await browser.get(PAGE)).xpath("//ol[@class='agenda']/li")
        if "Punkt 6" in one.text_content()
    )
    assert "abgesetzt" in row.text_content() and "6" in row.text_content()
    assert "abgesetzt" in read(await browser.get(f"{PAGE}/top/{six}")).text_content()
    sent = await act(anna, meeting, "supplement")
    assert sent.status_code == 200, sent.text
    papers = [one["title"] for one in await db.fetch("select title from agenda_version_paper")]
    assert papers == ["TOP 3: Zu drei"], "its papers are no longer sent"
    await act(mona, meeting, "start")
    await act(mona, meeting, "close")
    minutes = read(await (await client.browser("anna")).get(f"{PAGE}/niederschrift")).text_content()
    assert minutes.count("Der Punkt ist abgesetzt.") == 1


async def filed(db: Connection) -> dict[tuple[str, str], str]:
    """Every dispatched agenda and every paper of one, each with the SHA-256 of its whole row."""
    rows = await db.fetch(
        """
        select 'agenda' as kind, v.version::text as name, to_jsonb(v)::text as content from agenda_version v
        union all select 'paper', p.paper_id || ' ' || p.paper_version, to_jsonb(p)::text from agenda_version_paper p
        """
    )
    return {(one["kind"], one["name"]): hashlib.sha256(one["content"].encode()).hexdigest() for one in rows}


async def test_no_route_alters_an_agenda_that_went_out(
    app: Litestar, client: Clients, db: Connection, storage: Storage, office: Clock
) -> None:
    """Each route that writes about a meeting, its items or its papers is tried against the same world."""
    meeting = await invited(db, office)
    anna = await client.as_("anna")
    four = await db.fetchval("select id from agenda_item where number = '4'")
    handed_in = await anna.post(
        of(meeting, "papers"), json={"item_id": str(four), "title": "Zahlen", "file_id": await upload(anna)}
    )
    waiting = await make.item(db, meeting, "Wartet", status="registered")
    assert (await act(anna, meeting, "supplement")).status_code == 200
    row = await db.fetchrow("select agenda::text as agenda, sha256 from agenda_version where version = 2")
    canonical = msgspec.json.encode(msgspec.json.decode(row["agenda"]), order="sorted")
    assert hashlib.sha256(canonical).hexdigest() == row["sha256"]
    later = await make.meeting(db, "KK-2027-9", on=make.date(2027, 3, 10))
    before = await filed(db)
    assert len(before) == 3
    ids: dict[str, Any] = {
        "meeting_id": meeting,
        "paper_id": handed_in.json()["id"],
        "person_id": await make.person_id(db, "kim"),
    }
    ben_id, file_id = str(await make.person_id(db, "ben")), await upload(anna)
    times = {"date": "2027-01-20", "start_local": "10:00", "end_local": "12:00", "reason": "Saal belegt"}
    bodies: dict[str, Any] = {
        "PATCH /meetings/{meeting_id}": {"title": "Anders", "place": "Köln", "start_local": "09:00"},
        "POST /meetings/{meeting_id}/supplement": {"note": "Noch etwas."},
        "POST /meetings/{meeting_id}/cancel": {"reason": "Krank", "items_to": str(later)},
        "POST /meetings/{meeting_id}/move": times,
        "POST /meetings/{meeting_id}/agenda-items": {"title": "Neu", "aim": "information"},
        "POST /meetings/{meeting_id}/papers": {"item_id": str(four), "title": "Neu", "file_id": file_id},
        "PATCH /agenda-items/{item_id}": {"planned_minutes": 55, "rapporteur_id": ben_id},
        "POST /agenda-items/{item_id}/return": {"reason": "Bitte ergänzen."},
        "POST /agenda-items/{item_id}/adjourn": {"meeting_id": str(later)},
        "POST /agenda-items/{item_id}/result": {"result": "noted", "minutes": "Text."},
        "PATCH /papers/{paper_id}": {"title": "Andere Zahlen", "file_id": file_id},
    }
    worked: set[str] = set()
    tried = 0
    for method, path, told in operations(openapi.describe(app, app.openapi_schema.to_schema())):
        inside = path.removeprefix("/api/v1")
        if method == "GET" or not inside.startswith(("/meetings/{meeting_id}", "/agenda-items/", "/papers/")):
            continue
        example = told.get("requestBody", {}).get("content", {}).get("application/json", {}).get("example")
        for state in ("invited", "running", "held"):
            for item_id in (four, waiting) if "{item_id}" in path else (four,):
                await db.execute("savepoint world")
                await db.execute(
                    "update meeting set state = $2, started_at = now() where id = $1", meeting, state
                )
                address = path.format_map(
                    ids | {"item_id": item_id} | dict.fromkeys(missing(path, ids), uuid4())
                )
                revision = await revision_of(db, inside, ids | {"item_id": item_id})
                headers = {"idempotency-key": str(uuid4()), "if-match": f'"v{revision}"'}
                answer = await anna.request(
                    method, address, json=bodies.get(f"{method} {inside}", example), headers=headers
                )
                assert answer.status_code < 500, (method, path, answer.text)
                after = await filed(db)
                assert {name: after.get(name) for name in before} == before, (
                    method,
                    path,
                    answer.status_code,
                )
                await db.execute("rollback to world; set local circle.system = 'on'")
                tried += 1
                if answer.status_code < 300:
                    worked.add(f"{method} {inside}")
    assert set(bodies) <= worked, sorted(set(bodies) - worked)
    assert tried > 60


def missing(path: str, ids: dict[str, Any]) -> list[str]:
    """The ids in an address that name nothing of this world."""
    return [
        part[1:-1] for part in path.split("/") if part.startswith("{") and part[1:-1] not in {*ids, "item_id"}
    ]


async def revision_of(db: Connection, path: str, ids: dict[str, Any]) -> int:
    """The present revision of what an address begins with."""
    if path.startswith("/agenda-items"):
        return int(await db.fetchval("select revision from agenda_item where id = $1", ids["item_id"]))
    if path.startswith("/papers"):
        return int(await db.fetchval("select revision from paper where id = $1", UUID(str(ids["paper_id"]))))
    return int(await db.fetchval("select revision from meeting where id = $1", ids["meeting_id"]))


async def test_the_service_itself_cannot_alter_it(db: Connection, office: Clock) -> None:
    await invited(db, office)
    for statement in (
        "update agenda_version set sha256 = ''", "delete from agenda_version",
        "update agenda_version_paper set title = ''", "delete from agenda_version_paper",
    ):  # fmt: skip
        await db.execute("savepoint world")
        with pytest.raises((asyncpg.InsufficientPrivilegeError, asyncpg.RestrictViolationError)):
            await db.execute(statement)
        await db.execute("rollback to world")
