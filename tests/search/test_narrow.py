"""Filters, counts, parts of the list, and input that is odd."""

import json
import string

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from circle.core.db import Connection
from circle.search import rules
from tests import make
from tests.clients import Clients

from . import put, titles


@pytest.fixture(name="anna")
async def searcher(client: Clients, db: Connection) -> httpx.AsyncClient:
    """Anna, before a small library."""
    await db.execute("insert into topic (id, label) values ('ikoe', 'Interkulturelle Öffnung')")
    koeln = await make.authority(db, "br-koeln")
    await put(db, "Beratung A", kind="Leitfaden", year=2025, topics=["ikoe"], authority_id=koeln)
    await put(db, "Beratung B", kind="Vermerk", year=2026, level="circle")
    await put(db, "Beratung C", kind="Aufgabe", year=2026, source_kind="task", url="/aufgaben/1")
    return await client.as_("anna")


@pytest.mark.parametrize(
    "filters, found",
    [
        ({"kind": "Vermerk"}, {"Beratung B"}),
        ({"kind": "task"}, {"Beratung C"}),
        ({"kind": ["Leitfaden", "Aufgabe"]}, {"Beratung A", "Beratung C"}),
        ({"topic": "ikoe"}, {"Beratung A"}),
        ({"authority": "br-koeln"}, {"Beratung A"}),
        ({"authority": "br-nirgends"}, set()),
        ({"year": 2026}, {"Beratung B", "Beratung C"}),
        ({"year": [2025, 2026], "level": "internal"}, {"Beratung A", "Beratung C"}),
        ({"level": "confidential"}, set()),
        ({"kind": []}, {"Beratung A", "Beratung B", "Beratung C"}),
    ],
)
async def test_filters_narrow(anna: httpx.AsyncClient, filters: dict[str, object], found: set[str]) -> None:
    assert set(await titles(anna, "Beratung", filters=filters)) == found


async def test_facets_count_what_was_found(anna: httpx.AsyncClient) -> None:
    facets = (await anna.post("/api/v1/search", json={"query": "Beratung"})).json()["facets"]
    assert facets["topic"] == [{"value": "ikoe", "label": "Interkulturelle Öffnung", "count": 1}]
    assert facets["authority"] == [{"value": "br-koeln", "label": "BR Köln", "count": 1}]
    assert [(one["value"], one["count"]) for one in facets["year"]] == [("2026", 2), ("2025", 1)]
    assert {one["value"]: one["count"] for one in facets["kind"]} == {
        "Leitfaden": 1,
        "Vermerk": 1,
        "Aufgabe": 1,
    }


async def test_parts_of_a_list_hold_each_hit_once(client: Clients, db: Connection) -> None:
    made = {f"Beratung {number}" for number in range(7)}
    for title in made:
        await put(db, title, "gleich")
    anna = await client.as_("anna")
    seen: list[str] = []
    following: str | None = "/api/v1/search"
    while following:
        answer = (await anna.post(following, json={"query": "Beratung", "limit": 3})).json()
        seen += [hit["title"] for hit in answer["results"]]
        following = answer["next"]
    assert sorted(seen) == sorted(made)


@pytest.mark.parametrize("after", ["über", "YWJj", "MSAy", "TmFOIDAw", "SW5maW5pdHkgMDA"])
async def test_a_page_key_that_is_not_ours_is_told(client: Clients, after: str) -> None:
    anna = await client.as_("anna")
    answer = await anna.post("/api/v1/search", params={"after": after}, json={"query": "x"})
    assert answer.status_code == 400 and answer.json()["errors"][0]["field"] == "after"


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"query": "x" * 301},
        {"query": 7},
        {"query": "x", "limit": 0},
        {"query": "x", "limit": 101},
        {"query": "x", "filters": {"colour": "red"}},
        {"query": "x", "filters": {"year": 20261}},
        {"query": "x", "offset": 3},
        {"query": "null\x00"},
    ],
)
async def test_input_that_is_not_a_query_is_told(client: Clients, body: dict[str, object]) -> None:
    anna = await client.as_("anna")
    answer = await anna.post("/api/v1/search", json=body)
    assert answer.status_code == 400 and answer.headers["content-type"] == "application/problem+json"


NASTY = [
    "", " ", "'", '"', '""', '"""', "-", "--", "- -", "\\", "%", "_", "%%%", "& | ! ( )", "a & b", "a:*", "!a", "<->",
    "der die das", "und", "a", "ß", "ẞ", "İ", "ﬁ", "\u202e", "\ufeff", "\u0000"[:0], "🦊 Fuchs", "o'neill", "x'); drop table person; --",
    "„“”»«", "„ohne Ende", '-"', '-""', "-a -b -c", "WD-", "WD-0", "KK-2026-", "KK-99999-99999", "a" * 300, "ä" * 300, "- " * 150,
    '"' * 300, "Donau" + "dampf" * 59, "ue oe ae ss", "1 2 3", "§ 6 Abs. 5 TIntG", "e\u0301\u0301\u0301", "ǅ", "\r\n\t", "Straße", "STRASSE",
    "Mitarbeiter*innen", "*innen", "/-innen", "a/b/c", "http://example.org/?q=1&x=2", "x@example.org", "-5", "3.14", "1e999", "\ud7ff",
    "{}", "[[]]", "$1", "{{ 7*7 }}", "<script>alert(1)</script>", "null", "(" * 100, "a-b-c-d", "-a-b", "--a", "~*^", "\\x00", "\\u0000",
]  # fmt: skip


async def test_odd_words_are_no_fault(client: Clients, db: Connection) -> None:
    await put(db, "Straße <b>& mehr</b>", "Donaudampf " * 20 + "<script>alert(1)</script> § 6 Abs. 5 TIntG")
    anna, page = await client.as_("anna"), await client.browser("anna")
    for text in NASTY:
        answer = await anna.post("/api/v1/search", json={"query": text})
        assert answer.status_code == 200, (text, answer.text)
        for hit in answer.json()["results"]:
            assert "<script" not in hit["snippet"] and "<b>" not in hit["snippet"]
        shown = await page.post("/suche", {"q": text})
        assert shown.status_code == 200 and "<script>alert" not in shown.text, text


ALPHABET = string.ascii_letters + string.digits + string.punctuation + "äöüßÄÖÜ „“»« \t\u00ad\u202e\u0301ẞ🦊"


@settings(
    max_examples=60, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)  # fmt: skip
@given(text=st.text(ALPHABET, max_size=40))
async def test_any_text_is_a_query(client: Clients, text: str) -> None:
    anna = await client.as_("anna")
    answer = await anna.post("/api/v1/search", content=json.dumps({"query": text}))
    assert answer.status_code == 200, (text, answer.text)


@given(text=st.text(max_size=300), body=st.text(max_size=300))
@settings(max_examples=200, deadline=None, derandomize=True)
def test_marking_changes_nothing_but_the_marks(text: str, body: str) -> None:
    import html

    marked = rules.mark(body, rules.wanted(rules.read(text)))
    assert html.unescape(marked.replace("<mark>", "").replace("</mark>", "")) == html.unescape(
        html.escape(body)
    )
    assert marked.count("<mark>") == marked.count("</mark>")
