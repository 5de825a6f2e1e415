"""How a query is read and a hit is marked."""

import pytest

from circle.search import rules
from circle.search.model import Asked, Correction


@pytest.mark.parametrize(
    "text, asked",
    [
        ("Sprache lernen Sprache", Asked(["Sprache", "lernen"], [], [], [])),
        ('"in der Nacht" ruhig', Asked(["ruhig"], ["in der Nacht"], [], [])),
        ("„in der Nacht“ -laut", Asked([], ["in der Nacht"], ["laut"], [])),
        ("ruhig -'laut", Asked(["ruhig", "laut"], [], [], [])),
        ('-"sehr laut" ruhig', Asked(["ruhig"], [], ["sehr laut"], [])),
        ("ba-2026-v01 Wohnen", Asked(["Wohnen"], [], [], ["BA-2026-V01"])),
        ("siehe WD-006, KK-2026-5", Asked(["siehe"], [], [], ["WD-006", "KK-2026-5"])),
        ("Kosten-Nutzen-Rechnung", Asked(["Kosten", "Nutzen", "Rechnung"], [], [], [])),
        ("ohne -Kosten-Nutzen", Asked(["ohne"], [], ["Kosten Nutzen"], [])),
        ("Mitarbeiter*innen Bürger:in", Asked(["Mitarbeiter", "Bürger"], [], [], [])),
        ("?! -", Asked([], [], [], [])),
    ],
)
def test_a_query_is_taken_apart(text: str, asked: Asked) -> None:
    assert rules.read(text) == asked


def test_a_long_question_is_cut() -> None:
    assert len(rules.read(" ".join(f"w{number}" for number in range(99))).words) == rules.MOST_WORDS


@pytest.mark.parametrize(
    "asked, text, marked",
    [
        ("Förderung", "Forderung, Förderungen", "<mark>Forderung</mark>, <mark>Förderungen</mark>"),
        ("Foerderung", "Die Förderung", "Die <mark>Förderung</mark>"),
        ("Strasse", "Straße & Strasse", "<mark>Straße</mark> &amp; <mark>Strasse</mark>"),
        ("Amt", "Amt, Amtes, gesamt, amtlich", "<mark>Amt</mark>, <mark>Amtes</mark>, gesamt, amtlich"),
        ("Beauftragte", "Integrationsbeauftragten", "<mark>Integrationsbeauftragten</mark>"),
        ("a", "<a>", "&lt;<mark>a</mark>&gt;"),
        ("", "<mark>", "&lt;mark&gt;"),
    ],
)
def test_a_hit_is_marked_as_a_whole_word(asked: str, text: str, marked: str) -> None:
    assert rules.mark(text, rules.wanted(rules.read(asked))) == marked


def test_marking_a_long_word_takes_no_time() -> None:
    assert (
        rules.mark("a" * 1000, rules.wanted(rules.read(" ".join("a" * n for n in range(5, 24))))).count(
            "<mark>"
        )
        == 1
    )


def test_a_suggestion_keeps_the_rest_of_the_query() -> None:
    mended = rules.suggest('Sprachmitlung "in Köln" -alt', [Correction("Sprachmitlung", "Sprachmittlung")])
    assert mended == 'Sprachmittlung "in Köln" -alt'
    assert rules.suggest("Sprachmittlung", []) is None
