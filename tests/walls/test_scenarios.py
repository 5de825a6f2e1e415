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
