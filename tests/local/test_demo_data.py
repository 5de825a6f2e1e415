"""The example circle hangs together: every reference leads somewhere, and every document has a text of its own."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import circle.local

DEMO = Path(circle.local.__file__).parent / "demo"
TEXTS = DEMO / "texts"
LEVELS = {"public", "internal", "circle", "confidential"}
AIMS = {"experience", "information", "knowledge_transfer", "coordination"}
ANSWERED = {"answered", "release_review", "released", "closed"}
NOTICE = "Erfundener Text für die Vorführung."


def table(name: str) -> Any:
    return json.loads((DEMO / f"{name}.json").read_text(encoding="utf-8"))


def ids(name: str) -> set[str]:
    """The ids of one table; a doubled one fails here."""
    rows = [row["id"] for row in table(name)]
    assert len(rows) == len(set(rows)), f"{name}: an id stands twice"
    return set(rows)


def items() -> Iterator[dict[str, Any]]:
    for meeting in table("meetings"):
        yield from meeting["agenda"]


def words(text: str) -> list[str]:
    return re.findall(r"\w+", text.lower())


def runs(text: str, length: int) -> set[tuple[str, ...]]:
    """All runs of `length` consecutive words."""
    found = words(text)
    return {tuple(found[at : at + length]) for at in range(len(found) - length + 1)}


def referred(node: Any, keys: set[str]) -> Iterator[str]:
    """Every text that stands, at any depth, under one of the keys, alone or in a list."""
    if isinstance(node, list):
        for part in node:
            yield from referred(part, keys)
    elif isinstance(node, dict):
        for key, value in node.items():
            if key in keys:
                yield from (
                    part for part in (value if isinstance(value, list) else [value]) if isinstance(part, str)
                )
            yield from referred(value, keys)


def test_thirty_people_one_of_them_an_assistant() -> None:
    people = table("persons")
    assert len(ids("persons")) == 30
    assert [person["id"] for person in people if "assistant" in person["roles"]] == ["p-094"]
    assert {person["authority"] for person in people} <= ids("authorities") | {"kommunal"}
    assert all(person["email"].endswith(".example") for person in people)


def test_the_assistant_works_for_the_commissioner_of_the_same_house() -> None:
    house = {person["id"]: person["authority"] for person in table("persons")}
    appointments = table("appointments")
    commissioners = {row["person"] for row in appointments["appointments"] if row["kind"] == "commissioner"}
    (assistant,) = appointments["assistants"]
    assert assistant["acts_for"] in commissioners
    assert house[assistant["person"]] == house[assistant["acts_for"]] == assistant["authority"]


PERSON_KEYS = {
    *(
        "person",
        "deputy",
        "acts_for",
        "rapporteur",
        "submitted_by",
        "by",
        "present",
        "excused",
        "guests",
        "office",
    ),
    *("member", "keeper", "requested_by", "assignee", "reviewed_by", "owner", "contact"),
}


@pytest.mark.parametrize(
    ("keys", "target"),
    [
        (PERSON_KEYS, "persons"),
        ({"authority", "district", "parent"}, "authorities"),
        ({"topics"}, "topics"),
        ({"documents", "document", "released_as"}, "documents"),
        ({"approved_in", "follow_up_meeting"}, "meetings"),
        ({"derived_from"}, "consultations"),
    ],
    ids=["persons", "authorities", "topics", "documents", "meetings", "consultations"],
)
def test_every_reference_resolves(keys: set[str], target: str) -> None:
    tables = ("appointments", "meetings", "circulars", "consultations", "documents", "tasks", "partners")
    found = {(name, value) for name in tables for value in referred(table(name), keys)}
    known = ids(target)
    assert found, "nothing was compared"
    assert {(name, value) for name, value in found if value not in known} == set()


def test_items_named_by_tasks_and_minutes_exist() -> None:
    known = {item["id"] for item in items()}
    assert len(known) == 44
    assert {task["source"] for task in table("tasks")} <= known
    assert set(referred(table("meetings"), {"agenda_item"})) <= known


def test_successors_are_appointments() -> None:
    rows = table("appointments")["appointments"]
    assert {row["succeeded_by"] for row in rows} - {None} <= {row["id"] for row in rows}


def test_every_agenda_item_has_an_aim_of_the_decree() -> None:
    assert {item["aim"] for item in items()} == AIMS
    formal = [item for item in items() if item["kind"] in {"formality", "approval_of_minutes", "resolution"}]
    assert {item["aim"] for item in formal} == {"coordination"}


def test_levels_are_known() -> None:
    rows = [*items(), *table("consultations"), *table("documents")]
    assert {row["confidentiality"] for row in rows} == LEVELS
    assert {row["id"] for row in table("documents") if row["confidentiality"] == "public"} == {
        *("WD-019", "WD-021", "WD-022", "WD-024")
    }


@pytest.mark.parametrize("document", table("documents"), ids=lambda row: row["id"])
def test_each_document_has_a_text_of_its_own(document: dict[str, Any]) -> None:
    text = (TEXTS / f"{document['id']}.md").read_text(encoding="utf-8")
    assert 350 <= len(words(text)) <= 1200
    assert text.startswith("## ")
    assert text.rstrip().endswith(NOTICE)
    assert text.count(NOTICE) == 1


def test_every_text_belongs_to_a_document() -> None:
    assert {path.stem for path in TEXTS.glob("*.md")} == ids("documents") | {"decree"}


def test_no_two_texts_share_more_than_twelve_words_in_a_row() -> None:
    decree = runs((TEXTS / "decree.md").read_text(encoding="utf-8"), 13)
    texts = {path.stem: path.read_text(encoding="utf-8") for path in TEXTS.glob("WD-*.md")}
    texts |= {row["id"]: row["answer"] for row in table("consultations") if row["answer"]}
    first: dict[tuple[str, ...], str] = {}
    doubled = []
    for name, text in sorted(texts.items()):
        for run in runs(text, 13) - decree:
            if first.setdefault(run, name) != name:
                doubled.append((first[run], name, " ".join(run)))
    assert doubled == []


def test_the_decree_is_quoted_in_full() -> None:
    official = words((DEMO / "decree.txt").read_text(encoding="utf-8"))
    shown = words((TEXTS / "decree.md").read_text(encoding="utf-8").replace("## Nr. ", ""))
    body = official[official.index("runderlass") :]
    assert shown[shown.index("runderlass") :] == body
    numbers = re.findall(r"^## Nr\. (\d)", (TEXTS / "decree.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert [int(number) for number in numbers] == list(range(1, 8))


@pytest.mark.parametrize("request_", table("consultations"), ids=lambda row: row["id"])
def test_answered_requests_carry_an_answer_with_sources(request_: dict[str, Any]) -> None:
    assert request_["purpose"]
    assert request_["tried"]
    if request_["state"] in ANSWERED or request_["state"] == "in_review":
        assert 100 <= len(words(request_["answer"])) <= 250
        assert all(source["title"] and source["as_of"] for source in request_["sources"])
        assert request_["sources"]
    else:
        assert request_["answer"] is None
        assert request_["sources"] == []


def test_no_word_that_the_house_avoids() -> None:
    for path in TEXTS.glob("*.md"):
        assert "Migrationshintergrund" not in path.read_text(encoding="utf-8"), path.name
