"""Finding things: words in any form, compounds, typos, phrases, exclusions, references, and what stands first."""

import pytest

from circle.core.db import Connection
from tests.clients import Clients, queries

from . import put, titles


@pytest.mark.parametrize(
    "asked",
    [
        "Förderrichtlinie",
        "förderrichtlinien",
        "Foerderrichtlinie",
        "Forderrichtlinie",
        "richtlinie",
        "Förder",
        "FÖRDERRICHTLINIE",
        "Förderrichtlinnie",
        "Föderrichtlinie",
        "Förderrichtlinie*innen",
    ],
)
async def test_a_word_is_found_in_any_form(client: Clients, db: Connection, asked: str) -> None:
    await put(db, "Die Förderrichtlinie des Landes")
    await put(db, "Etwas ganz anderes")
    assert await titles(await client.as_("anna"), asked) == ["Die Förderrichtlinie des Landes"]


@pytest.mark.parametrize(
    "asked, text",
    [
        ("Beauftragte", "Die Integrationsbeauftragten treffen sich."),
        ("Sprachkurs", "Es gibt neue Sprachkurse."),
        ("Jugendamt", "Die Jugendämter sind beteiligt."),
        ("Sprache", "Ein Sprachkurs beginnt."),
        ("Integrationskonzept", "Das Konzept zur Integration gilt."),
        ("Integrationskonzept", "Integration braucht ein Konzept."),
        ("Mitarbeiter:innen", "Die Mitarbeiterinnen und Mitarbeiter beraten."),
    ],
)
async def test_compounds_are_found_by_their_parts_and_parts_by_the_compound(
    client: Clients, db: Connection, asked: str, text: str
) -> None:
    await put(db, "Treffer", text)
    await put(db, "Etwas anderes", "Hier steht nichts davon.")
    assert await titles(await client.as_("anna"), asked) == ["Treffer"]


async def test_a_typo_is_mended_and_said(client: Clients, db: Connection) -> None:
    await put(db, "Standards der Sprachmittlung")
    anna = await client.as_("anna")
    answer = (await anna.post("/api/v1/search", json={"query": "standards sprachmitlung"})).json()
    assert [hit["title"] for hit in answer["results"]] == ["Standards der Sprachmittlung"]
    assert answer["suggestion"] == "standards Sprachmittlung"
    known = (await anna.post("/api/v1/search", json={"query": "Sprachmittlung"})).json()
    assert known["suggestion"] is None


async def test_a_phrase_must_stand_there_as_it_is(client: Clients, db: Connection) -> None:
    await put(db, "Eins", "Das kommunale Integrationsmanagement hilft.")
    await put(db, "Zwei", "Das Integrationsmanagement ist kommunale Sache.")
    anna = await client.as_("anna")
    assert set(await titles(anna, "kommunale Integrationsmanagement")) == {"Eins", "Zwei"}
    assert await titles(anna, '"kommunale Integrationsmanagement"') == ["Eins"]
    assert await titles(anna, "„kommunale Integrationsmanagement“") == ["Eins"]
    assert await titles(anna, '"Integrationsmanagement kommunale"') == []


async def test_what_is_excluded_does_not_come(client: Clients, db: Connection) -> None:
    await put(db, "Wohnen", "Beratung in Notunterkünften")
    await put(db, "Arbeit", "Beratung im Betrieb")
    anna = await client.as_("anna")
    assert await titles(anna, "Beratung -Betrieb") == ["Wohnen"]
    assert await titles(anna, 'Beratung -"im Betrieb"') == ["Wohnen"]
    assert await titles(anna, "-Betrieb") == []


async def test_a_reference_leads_to_its_thing_first(client: Clients, db: Connection) -> None:
    await put(db, "Nennt sie", "Siehe WD-006 und noch einmal WD-006.", reference="WD-007")
    await put(db, "Ist sie", "Ohne Nummer im Text.", reference="WD-006")
    await put(db, "Punkt", reference="KK-2026-5/TOP-5a", source_kind="agenda_item")
    anna = await client.as_("anna")
    assert await titles(anna, "wd-006") == ["Ist sie", "Nennt sie"]
    assert (await titles(anna, "WD-006 Nummer"))[0] == "Ist sie"
    assert await titles(anna, "KK-2026-5/TOP-5a") == ["Punkt"]
    assert await titles(anna, "BA-2026-021") == []


async def test_titles_and_rare_words_weigh_more_and_old_texts_less(client: Clients, db: Connection) -> None:
    await put(db, "Wohnen und Sprachmittlung", "Text über vieles.")
    await put(db, "Vieles", "Text über Wohnen und auch über Sprachmittlung in einem langen Satz.")
    for number in range(20):
        await put(db, f"Wohnen {number}", "Text über vieles.")
    anna = await client.as_("anna")
    assert (await titles(anna, "Wohnen Sprachmittlung"))[:2] == ["Wohnen und Sprachmittlung", "Vieles"]
    await put(db, "Zuflucht neu", "gleich")
    await put(db, "Zuflucht alt", "gleich", trust=0.4)
    assert await titles(anna, "Zuflucht") == ["Zuflucht neu", "Zuflucht alt"]


async def test_hits_are_marked_and_everything_else_is_escaped(client: Clients, db: Connection) -> None:
    body = (
        "Anfang. "
        + "Füllwort " * 80
        + "<script>alert(1)</script> Die Sprachmittlungspools & mehr. "
        + "Ende " * 80
    )
    await put(db, "Pools", body)
    anna = await client.as_("anna")
    (hit,) = (await anna.post("/api/v1/search", json={"query": "Sprachmittlung"})).json()["results"]
    assert "<mark>Sprachmittlungspools</mark> &amp; mehr" in hit["snippet"]
    assert "&lt;script&gt;" in hit["snippet"] and "<script" not in hit["snippet"]
    assert hit["snippet"].startswith("… ") and hit["snippet"].endswith(" …") and len(hit["snippet"]) < 450
    assert set(hit) >= {"id", "source_id", "type", "title", "level", "group", "snippet", "url"}
    assert (hit["type"], hit["group"], hit["level"], hit["source_id"]) == (
        "document",
        "knowledge",
        "internal",
        None,
    )


async def test_an_imported_text_tells_the_id_it_came_with(client: Clients, db: Connection) -> None:
    await put(db, "Satzung", "Abwasser", reference="IM-kom:7/a", kind="Import")
    anna = await client.as_("anna")
    (hit,) = (await anna.post("/api/v1/search", json={"query": "Abwasser"})).json()["results"]
    assert hit["source_id"] == "kom:7/a"


async def test_search_is_one_statement(client: Clients, db: Connection) -> None:
    await put(db, "Förderrichtlinie")
    anna = await client.as_("anna")
    with queries(db) as seen:
        await titles(anna, 'Förderrichtlinnie "des Landes" -alt WD-006', filters={"year": 2026})
    assert len(seen) == 1


async def test_strangers_are_asked_to_sign_in(client: Clients) -> None:
    answer = await client.stranger.post("/api/v1/search", json={"query": "x"})
    assert answer.status_code == 401
