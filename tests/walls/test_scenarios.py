"""Scenarios of the circle's rules against the example circle: who finds and reads what."""

import re
from uuid import uuid4

import pytest

from tests.clients import Clients

pytestmark = pytest.mark.asyncio(loop_scope="session")

STAFF, CONTACT = "kim.beispielmann@br-koeln.example", "svenja.kommunalbeispiel@kommunal.example"


@pytest.mark.parametrize("words", ["Sprachmittlung", "Uebersetzung", "Übersetzungen"])
async def test_regional_staff_search_the_shared_knowledge(circle: Clients, words: str) -> None:
    """S05: what is released is found in every spelling; drafts and requests are not, and nothing counts them."""
    kim = await circle.as_(STAFF)
    found = (await kim.post("/api/v1/search", json={"query": words, "limit": 100})).json()
    urls = [hit["url"] for hit in found["results"]]
    assert {"/wissen/WD-006", "/wissen/WD-020"} <= set(urls)
    assert "/wissen/WD-015" not in urls and not any(url.startswith("/anfragen") for url in urls)
    counted = {one["value"]: one["count"] for one in found["facets"]["kind"]}
    assert sum(counted.values()) == len(found["results"]) and "consultation" not in counted
    page = (await (await circle.browser(STAFF)).post("/suche", {"q": words})).text
    assert "WD-015" not in page and "BA-2026" not in page
    for reference in ("WD-015", "BA-2026-020"):
        hidden = (await kim.post("/api/v1/search", json={"query": reference})).json()
        assert reference not in str(hidden)


async def test_a_municipal_contact_reads_public_material_only(circle: Clients) -> None:
    """S08: the list holds the four public documents; a guessed address answers like one that does not exist."""
    program, browser = await circle.as_(CONTACT), await circle.browser(CONTACT)
    listed = (await program.get("/api/v1/documents?limit=200")).json()["items"]
    assert {one["reference"] for one in listed} - {"WD-000"} == {"WD-019", "WD-021", "WD-022", "WD-024"}
    assert {one["confidentiality"] for one in listed} == {"public"}
    assert set(re.findall(r'href="/wissen/(WD-\d+)"', (await browser.get("/wissen")).text)) == {
        one["reference"] for one in listed
    }
    hidden, unknown = await browser.get("/wissen/WD-006"), await browser.get("/wissen/WD-999")
    assert hidden.status_code == unknown.status_code == 404
    plain = [
        answer.text.replace(answer.headers["x-request-id"], "").replace(name, "")
        for answer, name in ((hidden, "WD-006"), (unknown, "WD-999"))
    ]
    assert plain[0] == plain[1]
    ids = [
        await circle.database.connection.fetchval("select id from document where reference = 'WD-006'"),
        uuid4(),
    ]
    answers = [await program.get(f"/api/v1/documents/{one}") for one in ids]
    assert [one.status_code for one in answers] == [404, 404]
    assert answers[0].json() | {"request_id": ""} == answers[1].json() | {"request_id": ""}


OFFICE, OTHER, ADMIN = (
    "leyla.musteroglu@kfi.example",
    "hannelore.probekamp@br-muenster.example",
    "sam.technikmuster@kfi.example",
)
SEALED = {"KK-2026-6": "Personalbezogene Einzelfrage", "KK-2026-3": "personenbezogenen Eingabe"}


@pytest.mark.confidential
@pytest.mark.parametrize("meeting", SEALED)
async def test_a_confidential_item_is_a_place_on_the_agenda(circle: Clients, meeting: str) -> None:
    """S23: guest, staff, administration and a member who is not named see „Vertraulicher Tagesordnungspunkt“ at most.

    Mail, letter and calendar file of an invitation: tests/meetings/test_invite.py, with a sealed item.
    """
    db, words = circle.database.connection, SEALED[meeting]
    assert db is not None
    guest = await db.fetchval(
        "select id from person where email = $1", STAFF.replace("kim.beispielmann", "irina.musterkowa")
    )
    key = await db.fetchval("select id from meeting where reference = $1", meeting)
    await db.execute(
        "insert into attendance (meeting_id, person_id, status) values ($1, $2, 'guest') on conflict do nothing",
        key,
        guest,
    )
    # Members who sat there are named for what was dealt with.
    members = [OTHER] if meeting == "KK-2026-6" else []
    for email in (*members, "irina.musterkowa@br-koeln.example", STAFF, ADMIN):
        program, browser = await circle.as_(email), await circle.browser(email)
        told = [
            await program.get(f"/api/v1/meetings/{key}{part}")
            for part in ("", "/agenda-items", "/papers", "/minutes", "/minutes/versions")
        ]
        told += [
            await browser.get(f"/sitzungen/{meeting}{part}")
            for part in ("", "/tagesordnung", "/niederschrift", "/termin.ics", "/raum")
        ]
        told += [
            await browser.get("/"),
            await browser.get("/aufgaben"),
            await browser.post("/suche", {"q": words}),
        ]
        told.append(await program.post("/api/v1/search", json={"query": words}))
        told.append(await program.get("/api/v1/audit-events?limit=200"))
        for answer in told:
            assert answer.status_code in (200, 403, 404, 409), f"{email} {answer.url}: {answer.status_code}"
            shown = answer.text.replace(f'value="{words}"', "").replace(f"„{words}“", "")
            assert words not in shown or answer.url.path in ("/suche", "/api/v1/search"), (
                f"{email}: {answer.url}"
            )
        assert words not in str([hit["title"] for hit in told[-2].json()["results"]])
        agenda = told[1]
        if agenda.status_code == 200:
            sealed = [one for one in agenda.json()["items"] if one["confidentiality"] == "confidential"]
            assert {one["title"] for one in sealed} == {"Vertraulicher Tagesordnungspunkt"}
            hidden = ("description", "minutes", "result", "papers", "named")
            assert {one[name] for one in sealed for name in hidden} == {None}


@pytest.mark.confidential
async def test_every_reading_of_a_confidential_item_is_on_record(circle: Clients) -> None:
    """S23: whoever is named opens it, and the record says who read it and for which purpose."""
    db = circle.database.connection
    assert db is not None
    key = await db.fetchval("select id from meeting where reference = 'KK-2026-6'")
    malik = await circle.as_("malik.neubeispiel@br-detmold.example")
    reading = (
        "select count(*) from audit_event where action like '%.read' and actor_name = 'Malik Neubeispiel'"
    )
    before = await db.fetchval(reading)
    agenda = (await malik.get(f"/api/v1/meetings/{key}/agenda-items")).json()["items"]
    assert SEALED["KK-2026-6"] in next(
        one["title"] for one in agenda if one["confidentiality"] == "confidential"
    )
    assert await db.fetchval(reading) == before + 1
    assert not await db.fetchval("select count(*) from audit_event where detail::text like '%Einzelfrage%'")
