"""Which lines stand for something, and how a task is understood."""

import time
import uuid
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from circle.meetings.writing import rules
from circle.meetings.writing.model import Captured, Kept, Person
from circle.meetings.writing.sheet import Sheet

TODAY, NEXT = date(2026, 11, 23), date(2027, 1, 13)
KIM = Person(uuid.uuid4(), "Kim Köln", "BR Köln")
ANNA = Person(uuid.uuid4(), "Dr. Anna Amt", "KfI")
BEN = Person(uuid.uuid4(), "Ben Amt", "BR Arnsberg")
PEOPLE = [ANNA, BEN, KIM]


def test_lines_that_stand_for_something() -> None:
    text = "Einleitung\nB: Der Kreis verabredet etwas.\n- A: @Kim Liste prüfen\n  W: Gilt das?\n\\B: nur Text\nZB: nein\nB:\nB: Der Kreis verabredet etwas."
    assert rules.captured(text) == [
        Captured("result", "Der Kreis verabredet etwas."), Captured("task", "@Kim Liste prüfen"), Captured("question", "Gilt das?"),
    ]  # fmt: skip
    assert len(rules.captured("".join(f"B: Nummer {n}\n" for n in range(200)))) == rules.MOST_CARDS


def test_readers_get_words_for_letters() -> None:
    shown = rules.readable("Vorher\nB: Ja.\nNachher\n- A: @Kim tut\n\\W: bleibt")
    assert "\n\n**Ergebnis:** Ja.\n\n" in shown
    assert "- **Aufgabe:** @Kim tut" in shown
    assert "\nW: bleibt" in shown and "\\" not in shown


@pytest.mark.parametrize(("line", "title", "owner", "due", "wrong"), [
    ("@Kim Liste prüfen bis 9.12.", "Liste prüfen", KIM, date(2026, 12, 9), set()),
    ("@Kim Köln: Liste prüfen bis zum 09.12.2026", "Liste prüfen", KIM, date(2026, 12, 9), set()),
    ("Liste prüfen, @kim, bis 1. 3.", "Liste prüfen", KIM, date(2027, 3, 1), set()),
    ("@Frau Köln Bericht bis 9.12.26 vorlegen", "Bericht vorlegen", KIM, date(2026, 12, 9), set()),
    ("@Ben Bericht bis zur nächsten Sitzung", "Bericht", BEN, NEXT, set()),
    ("@Ben Bericht bis nächste Sitzung", "Bericht", BEN, NEXT, set()),
    ("@Ben bis 2027-02-03 liefern", "liefern", BEN, date(2027, 2, 3), set()),
    ("@Amt prüfen", "prüfen", None, None, {"owner_id"}),
    ("@Ben Amt prüfen", "prüfen", BEN, None, set()),
    ("@Zora prüfen", "@Zora prüfen", None, None, {"owner_id"}),
    ("prüfen", "prüfen", None, None, {"owner_id"}),
    ("@Kim prüfen bis 31.2.", "prüfen bis 31.2.", KIM, None, {"due"}),
    ("@Kim prüfen bis 1.11.2026", "prüfen bis 1.11.2026", KIM, None, {"due"}),
    ("@Kim von 8 bis 10 Uhr da sein", "von 8 bis 10 Uhr da sein", KIM, None, set()),
    ("@Kim bis 29.2. schalten", "schalten", KIM, date(2028, 2, 29), set()),
    ("schreiben an a@kim.example", "schreiben an a@kim.example", None, None, {"owner_id"}),
    ("@Kim", "@Kim", KIM, None, set()),
])  # fmt: skip
def test_a_task_as_it_is_understood(
    line: str, title: str, owner: Person | None, due: date | None, wrong: set[str]
) -> None:
    draft = rules.draft(line, PEOPLE, TODAY, NEXT)
    assert (draft.owner_id, draft.due, set(draft.wrong)) == (owner.id if owner else None, due, wrong)
    assert draft.title == title


def test_what_is_unclear_is_said() -> None:
    assert (
        "Dr. Anna Amt (KfI), Ben Amt (BR Arnsberg)"
        in rules.draft("@Amt x", PEOPLE, TODAY, None).wrong["owner_id"]
    )
    assert "„Zora“" in rules.draft("@Zora x", PEOPLE, TODAY, None).wrong["owner_id"]
    assert "31.2." in rules.draft("@Kim x bis 31.2.", PEOPLE, TODAY, None).wrong["due"]
    assert "01.11.2026" in rules.draft("@Kim x bis 1.11.2026", PEOPLE, TODAY, None).wrong["due"]
    assert (
        "steht noch nicht fest" in rules.draft("@Kim x bis nächste Sitzung", PEOPLE, TODAY, None).wrong["due"]
    )


def test_what_became_of_lines() -> None:
    task = uuid.uuid4()
    kept = [
        Kept("task", "@Kim Liste prüfen bis 9.12.", "confirmed", task, "AUF-2026-01"),
        Kept("result", "Das ist ganz anders.", "confirmed", None, None),
        Kept("question", "Gilt das?", "dismissed", None, None),
    ]
    text = "A: @Kim Liste prüfen bis 16.12.\nB: Der Kreis dankt.\nW: Gilt das?"
    found = [(card.kind, card.state, card.was) for card in rules.cards(text, kept)]
    assert found == [
        ("task", "changed", "@Kim Liste prüfen bis 9.12."), ("result", "open", ""), ("question", "dismissed", ""),
        ("result", "gone", ""),
    ]  # fmt: skip
    assert rules.cards("A: @Kim Liste prüfen bis 9.12.", kept)[0].state == "confirmed"


def test_long_lines_that_changed_are_found_in_no_time() -> None:
    words = "der Kreis verabredet gemeinsam die Leitlinie und prüft im Dezember " * 28
    kept = [Kept("result", f"{n} {words}"[:1900], "confirmed", None, None) for n in range(20)]
    begun = time.process_time()
    found = rules.cards("".join(f"B: {n} {words}"[:1902] + "!\n" for n in range(20)), kept)
    assert time.process_time() - begun < 3
    assert [card.state for card in found] == ["changed"] * 20


@given(st.text(st.sampled_from("AB W:\\-*\n @Kimbis9.12ä😀"), max_size=80))
def test_no_text_makes_it_stumble(text: str) -> None:
    for card in rules.cards(text, []):
        assert card.line.strip() == card.line and card.line in text
        draft = rules.draft(card.line, PEOPLE, TODAY, NEXT)
        assert draft.title.strip() or draft.wrong
    rules.readable(text)


def test_a_wording_is_said_once() -> None:
    assert rules.wording("", "Eins.") == "Eins."
    assert rules.wording("Eins.", "Zwei.") == "Eins.\n\nZwei."
    assert rules.wording("Eins.\n\nZwei.", "Zwei.") == "Eins.\n\nZwei."


def test_a_sheet_takes_in_nothing_but_text() -> None:
    nested = b"\x01\x01\x05\x00\x08\x01\x04text\x01" + b"\x75\x01" * 10 + b"\x7e\x00"
    with pytest.raises(ValueError, match="more than a text"):
        Sheet().apply(nested)
