"""The rules alone: deadlines, numbers, findings."""

from datetime import date

import pytest

from circle.consultations import letters, rules
from circle.consultations.model import Directory

DIRECTORY = Directory(
    house=["Bezirksregierung Arnsberg", "BR Arnsberg", "BRA", "Arnsberg"],
    others=[["Bezirksregierung Köln", "BR Köln"], ["Bezirksregierung Münster", "BR Münster"], ["Bezirksregierung Detmold", "BR Detmold"]],
    names=["Anna Amt", "Ben van der Beek", "Eva Müller-Lüdenscheidt"],
    functions=["Leitung des Kompetenzzentrums"],
)  # fmt: skip


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Es gelten die Standards des Landes, Absatz 2.", []),
        ("Schreiben Sie an a.b@x-y.example.", ["email:a.b@x-y.example"]),
        ("Tel. 02931 82-1234 oder +49 2931 821234", ["phone:+49 2931 821234", "phone:02931 82-1234"]),
        ("Siehe Az. 36.05.02-12/26.", ["file_number:Az. 36.05.02-12/26"]),
        ("wie in BA-2026-V03 gefragt", ["reference:BA-2026-V03"]),
        ("Frau Amts Entwurf", ["name:Amts"]),
        ("das Ausländeramt und die Ämter", []),
        ("nach anna  amt", ["name:anna amt"]),
        ("Eva Müller-Lüdenscheidts Rat", ["name:Eva Müller-Lüdenscheidts"]),
        ("die Leitung des Kompetenzzentrums sagt", ["function:Leitung des Kompetenzzentrums"]),
        ("am 03.11.2026 und am 4. März 2026", ["date:03.11.2026", "date:4. März 2026"]),
        ("in Arnsberg und Arnsberg", ["house:Arnsberg"]),
        ("die Bezirksregierung Köln und BR Münster", ["house:BR Münster", "house:Bezirksregierung Köln"]),
        ("Bezirksregierung Köln, BR Münster und BR Detmold", []),
        ("Arnsberg, BR Köln, BR Münster", ["house:Arnsberg"]),
    ],
)
def test_findings(text: str, found: list[str]) -> None:
    assert [one.key for one in rules.anonymity_findings(text, DIRECTORY)] == found


def test_a_long_directory_and_a_long_text_take_no_time() -> None:
    crowd = Directory(["BRA"], [], [f"Vorname Nachname{number}" for number in range(20_000)], [])
    text = "Ein Satz über Nachname77 und anderes. " * 3_000
    assert [one.key for one in rules.anonymity_findings(text, crowd)] == ["name:Nachname77"]


@pytest.mark.parametrize(
    ("asked", "replied", "days", "due"),
    [
        (date(2026, 11, 23), date(2026, 11, 23), 0, date(2026, 12, 7)),
        (date(2026, 11, 27), date(2026, 11, 29), 0, date(2026, 12, 7)),  # Friday to Sunday
        (date(2026, 11, 27), date(2026, 11, 30), 1, date(2026, 12, 8)),
        (date(2026, 12, 4), date(2026, 12, 28), 15, date(2026, 12, 29)),  # Christmas does not count
    ],
)
def test_the_clock_stands(asked: date, replied: date, days: int, due: date) -> None:
    assert rules.stopped_days(asked, replied) == days
    assert rules.moved(date(2026, 12, 7), asked, replied)[0] == due


def test_numbers() -> None:
    assert rules.reference(2026, 21, False) == "BA-2026-021"
    assert rules.reference(2026, 1, True) == "BA-2026-V01"
    assert rules.reference(2026, 1000, False) == "BA-2026-1000"


def test_review_after_at_most_a_year_also_on_a_leap_day() -> None:
    assert rules.review_on(None, date(2028, 2, 29)) == date(2029, 2, 28)
    assert rules.review_on(None, date(2026, 1, 31)) == date(2027, 1, 31)


def test_an_abstract_is_the_first_paragraph() -> None:
    assert rules.short_text("\n\n# Kurz *gesagt*\n\nMehr") == "Kurz gesagt"
    assert len(rules.short_text("wort " * 200)) <= 300


@pytest.mark.parametrize("confidential", [False, True])
def test_mails_go_on_after_the_comma_of_the_salutation(confidential: bool) -> None:
    day = date(2026, 12, 7)
    reference = "BA-2026-001"
    told = [
        letters.receipt(reference, day, day), letters.arrival(reference, "Bezirksregierung Köln", day, day, True),
        letters.assignment(reference, day), letters.clarification(reference, "Was?", confidential),
        letters.replied(reference, day), letters.for_review(reference), letters.answer(reference, "Rat.", confidential),
        letters.reviewed(reference, True), letters.reviewed(reference, False), letters.withdrawn(reference),
        letters.for_release(reference), letters.not_released(reference),
        letters.referral(reference, "das Standesamt", confidential), letters.from_stock(reference, confidential),
        letters.reminder(reference, day), letters.escalation(reference, day),
    ]  # fmt: skip
    for one in told:
        first = one.text.split()[0]
        assert first[0].islower() or first in ("Ihre", "Ihr"), one.text
    assert told[1].text.startswith("von der Bezirksregierung Köln ist")
