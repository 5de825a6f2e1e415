"""What the answers let expect: one voice per house, whoever gives it."""

import uuid
from datetime import date
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from circle.meetings.replies import rules
from circle.meetings.replies.model import Answer, House, Invitee

HOUSES = [House(uuid.uuid5(uuid.NAMESPACE_DNS, name), name) for name in "ABCDE"]
ANSWERS: list[Answer | None] = [None, *rules.WORDS]


def one(house: int, answer: Answer | None, *, voice: bool = True, deputy: UUID | None = None) -> Invitee:
    return Invitee(
        uuid.uuid4(), "Wer", HOUSES[house].id, HOUSES[house].name, True, True, voice, date(2026, 11, 23), None, answer,
        deputy, None, None, None, None, None, None, None,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("answers", "coming"),
    [([], 0), ([None, "tentative"], 0), (["in_person", "online", "coming"], 3), (["declined"], 0)],
)  # fmt: skip
def test_houses_are_counted_by_their_answers(answers: list[Answer | None], coming: int) -> None:
    found = rules.expected([one(n, answer) for n, answer in enumerate(answers)], HOUSES, 3)
    assert (found.coming, found.needed, found.met) == (coming, 3, coming >= 3)


def test_two_of_a_house_are_one_voice_and_guests_none() -> None:
    people = [one(0, "in_person"), one(0, "online"), one(1, "in_person", voice=False)]
    found = rules.expected(people, HOUSES, 3)
    assert found.coming == 1 and found.open == ["B", "C", "D", "E"]


def test_a_deputy_who_declines_brings_no_voice() -> None:
    deputy = one(0, "declined")
    member = one(0, "represented", deputy=deputy.person_id)
    assert rules.expected([member, deputy], HOUSES, 3).coming == 0
    assert rules.expected([member], HOUSES, 3).coming == 1


@given(st.lists(st.tuples(st.integers(0, 4), st.sampled_from(ANSWERS), st.booleans()), max_size=40))
def test_numbers_never_contradict_each_other(drawn: list[tuple[int, Any, bool]]) -> None:
    people = [one(house, answer, voice=voice) for house, answer, voice in drawn]
    found = rules.expected(people, HOUSES, 3)
    assert 0 <= found.coming + len(found.open) <= found.houses == 5
    assert found.met == (found.coming >= found.needed)
    assert sum(count for _, _, count in rules.summary(people)) == len(people)
