"""The search page as a person without script uses it."""

import lxml.html
import pytest
import structlog

from circle.core import web
from circle.core.db import Connection
from tests.clients import Clients

from . import put


async def test_words_go_by_post_and_links_may_bring_them(client: Clients, db: Connection) -> None:
    await put(db, "Förderrichtlinie", "Text", reference="WD-300")
    anna = await client.browser("anna")
    empty = await anna.get("/suche")
    forms = lxml.html.fromstring(empty.text).xpath("//form[@action='/suche']")
    assert forms and all(form.get("method") == "post" for form in forms)
    assert "Treffer" not in empty.text
    by_link, by_form = await anna.get("/suche?q=richtlinie"), await anna.post("/suche", {"q": "richtlinie"})
    for answer in (by_link, by_form):
        assert answer.status_code == 200
        page = lxml.html.fromstring(answer.text)
        (link,) = page.xpath("//article[@class='hit']//h3/a")
        assert link.text_content() == "Förderrichtlinie" and link.xpath("./mark")
        assert "WD-300" in answer.text and "1 Treffer" in answer.text
        assert len(page.findall(".//h1")) == 1


async def test_page_and_program_find_the_same_in_the_same_order(client: Clients, db: Connection) -> None:
    for number in range(25):
        await put(db, f"Beratung {number}", "Beratung " * (number % 3 + 1))
    program, person = await client.as_("anna"), await client.browser("anna")
    found = (await program.post("/api/v1/search", json={"query": "Beratung", "limit": 20})).json()
    page = lxml.html.fromstring((await person.post("/suche", {"q": "Beratung"})).text)
    shown = [link.get("href") for link in page.xpath("//article[@class='hit']//h3/a")]
    assert shown == [hit["url"] for hit in found["results"]]
    (after,) = page.xpath("//nav[@class='pager']//input[@name='after']/@value")
    rest = await person.post("/suche", {"q": "Beratung", "kind": "", "year": "", "after": after})
    assert rest.text.count('class="hit"') == 5


async def test_hits_stand_in_groups_and_can_be_narrowed(client: Clients, db: Connection) -> None:
    await put(db, "Beratung als Wissen", year=2025)
    await put(db, "Beratung als Aufgabe", source_kind="task", kind="Aufgabe", year=2026)
    anna = await client.browser("anna")
    page = lxml.html.fromstring((await anna.post("/suche", {"q": "Beratung"})).text)
    assert {heading.text for heading in page.xpath("//section/header/h2")} >= {"Wissen", "Aufgaben"}
    assert "Aufgabe (1)" in [option.text for option in page.xpath("//select[@name='kind']/option")]
    narrowed = await anna.post("/suche", {"q": "Beratung", "kind": "Aufgabe", "year": "2026"})
    assert "Beratung als Aufgabe" in lxml.html.fromstring(narrowed.text).text_content()
    assert "als Wissen" not in narrowed.text and "Alle Eingrenzungen aufheben" in narrowed.text
    nothing = await anna.post("/suche", {"q": "Beratung", "level": "confidential"})
    assert "Mit dieser Eingrenzung" in nothing.text


async def test_an_empty_answer_shows_one_way_on(client: Clients) -> None:
    ben, clara = await client.browser("ben"), await client.browser("clara")
    asked = await ben.post("/suche", {"q": "Quitten & <Gelee>"})
    assert 'href="/anfragen/neu?frage=Quitten%20%26%20%3CGelee%3E"' in asked.text
    outside = await clara.post("/suche", {"q": "Quitten"})
    assert "/anfragen/neu" not in outside.text and 'href="/wissen"' in outside.text


async def test_a_typo_is_offered_as_a_button(client: Clients, db: Connection) -> None:
    await put(db, "Sprachmittlung")
    anna = await client.browser("anna")
    answer = await anna.post("/suche", {"q": "Sprachmitlung"})
    assert "Meinten Sie „Sprachmittlung“?" in answer.text and "<mark>Sprachmittlung</mark>" in answer.text


async def test_what_cannot_be_a_query_is_said_at_the_field(client: Clients) -> None:
    anna = await client.browser("anna")
    answer = await anna.post("/suche", {"q": "x" * 301})
    assert answer.status_code == 422 and "Höchstens 300 Zeichen." in answer.text
    assert (await anna.post("/suche", {"q": "x", "year": "neulich"})).status_code == 422
    assert (await anna.post("/suche", {"q": "x", "after": "unsinn"})).status_code == 422
    assert (await anna.client.post("/suche", data={"q": "x"})).status_code == 403


async def test_the_log_keeps_no_words(client: Clients, monkeypatch: pytest.MonkeyPatch) -> None:
    log = structlog.testing.CapturingLogger()
    monkeypatch.setattr(web, "log", log)
    anna = await client.browser("anna")
    await anna.get("/suche?q=Quittengelee")
    await anna.post("/suche", {"q": "Quittengelee"})
    assert [call.kwargs["path"] for call in log.calls] == ["/suche", "/suche"]
    assert "Quitten" not in str(log.calls)
