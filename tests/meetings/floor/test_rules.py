"""The rules of the floor for every list and every vote that can be."""

import uuid
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from circle.core import errors
from circle.meetings.agenda import rules as agenda
from circle.meetings.agenda.model import Votes
from circle.meetings.floor import rules
from circle.meetings.floor.model import BallotClosing, SpeechRequest
from circle.meetings.rules import Quorum

HOUSES = [uuid.UUID(int=n) for n in range(1, 7)]
CHOICES = ["consent", "reservation", "against", "abstained"]
MET, NOT_MET = Quorum(5, 5, 3, True, ""), Quorum(2, 5, 3, False, "Es fehlt eines.")

present_houses = st.sets(st.sampled_from(HOUSES))
cast_votes = st.dictionaries(st.sampled_from(HOUSES), st.sampled_from(CHOICES))
kinds = st.sampled_from(["objection", "by_name", "open"])
closings = st.builds(
    BallotClosing,
    st.just("agreed"),
    st.integers(0, 6),
    st.integers(0, 6),
    st.integers(0, 6),
    st.booleans(),
    st.booleans(),
)


def total(counts: Votes) -> int:
    return sum(msgspec.structs.asdict(counts).values())


@given(kinds, present_houses, cast_votes, closings, present_houses)
def test_never_more_than_could_vote(kind: Any, present: Any, votes: Any, closing: Any, reserved: Any) -> None:
    entitled = present | votes.keys()
    if kind == "open":
        votes = {house: choice for house, choice in votes.items() if choice in ("reservation", "consent")}
        entitled = present | votes.keys()
    try:
        found = rules.tally(kind, present, votes, closing, reserved)
    except errors.Invalid as refused:
        hands = closing.consent + closing.against + closing.abstained
        reservations = list(votes.values()).count("reservation")
        assert kind == "open" and refused.code == "too_many_votes" and hands + reservations > len(entitled)
        return
    assert total(found.counts) + found.without == len(entitled), (
        "each house once: counted, or without a voice"
    )
    assert found.assumed <= present - votes.keys(), "silence is that of who is there and said nothing"
    assert found.counts.reservation >= list(votes.values()).count("reservation"), "no reservation is lost"
    if kind != "open":
        assert found.counts.against == list(votes.values()).count("against"), "no objection is lost or made"
        assert found.silent <= present


@given(present_houses, cast_votes, present_houses)
def test_silence_is_consent_only_when_it_is_established(present: Any, votes: Any, reserved: Any) -> None:
    silent = rules.tally("objection", present, votes, BallotClosing("agreed"), reserved)
    assert silent.counts.consent == list(votes.values()).count("consent") and not silent.assumed
    said = rules.tally("objection", present, votes, BallotClosing("agreed", no_objection=True), reserved)
    assert said.without == 0 and said.assumed == frozenset(present - votes.keys() - reserved)
    by_name = rules.tally("by_name", present, votes, BallotClosing("agreed", no_objection=True), reserved)
    assert by_name.counts == silent.counts and by_name.without == len(present - votes.keys())


@given(st.sampled_from(list(agenda.RESULTS)), kinds, present_houses, cast_votes, closings)
def test_nothing_is_decided_without_quorum_or_consent(
    result: Any, kind: Any, present: Any, votes: Any, closing: Any
) -> None:
    try:
        found = rules.tally(kind, present, votes, closing)
    except errors.Invalid:
        return
    for quorum, procedure in ((NOT_MET, {}), (MET, {"decision_rule": "expressed_consensus"}), (MET, {})):
        try:
            rules.require_result(
                msgspec.structs.replace(closing, result=result), kind, found, quorum, procedure
            )
        except errors.Invalid as refused:
            assert result in rules.DECIDING and refused.code in ("no_quorum", "consent_missing")
        else:
            assert result not in rules.DECIDING or (
                quorum.met
                and total(found.counts)
                and not (found.without and (kind == "objection" or procedure))
                and not (found.without and kind == "by_name" and not closing.despite_silence)
            )


def request(place: int, *, kind: Any = "speech", first: bool = True, person: int = 0) -> SpeechRequest:
    now, who = datetime(2026, 11, 23, tzinfo=UTC), uuid.UUID(int=person or place + 1)
    return SpeechRequest(uuid.UUID(int=1000 + place), who, who, who, "N", "BR", kind, "waiting", first, place, now, None)  # fmt: skip


lists = st.lists(st.tuples(st.sampled_from(["speech", "order"]), st.booleans()), max_size=8).map(
    lambda given: [request(n, kind=kind, first=first) for n, (kind, first) in enumerate(given)]
)
orders: Any = st.sampled_from(["as_asked", "first_speech_first"])


@given(lists, orders)
def test_the_order_of_speaking(waiting: Sequence[SpeechRequest], order: Any) -> None:
    found = rules.order_of(waiting, order)
    assert sorted(found, key=lambda one: one.place) == list(waiting), "nobody is lost"
    assert [one.kind for one in found] == sorted(one.kind for one in waiting), "order before speech"
    speeches = [one for one in found if one.kind == "speech"]
    if order == "first_speech_first":
        assert [one.first for one in speeches] == sorted((one.first for one in speeches), reverse=True)
    else:
        assert [one.place for one in speeches] == sorted(one.place for one in speeches)


@given(lists, orders, st.data())
def test_moving_changes_two_places_and_back(waiting: Any, order: Any, data: Any) -> None:
    if not waiting:
        return
    one = data.draw(st.sampled_from(waiting))
    try:
        moved, other = rules.neighbour(waiting, order, one.id, "down")
    except errors.Conflict:
        return
    swapped = {moved.id: other.place, other.id: moved.place}
    after = [msgspec.structs.replace(that, place=swapped.get(that.id, that.place)) for that in waiting]
    before = [that.id for that in rules.order_of(waiting, order)]
    then = [that.id for that in rules.order_of(after, order)]
    n = before.index(one.id)
    assert then == [*before[:n], before[n + 1], one.id, *before[n + 2 :]]
    again, _ = rules.neighbour(after, order, one.id, "up")
    assert again.id == one.id


@pytest.mark.parametrize(
    ("result", "reserved", "words"),
    [
        ("agreed", 0, "verabredet"),
        ("agreed", 1, "verabredet, ein Vorbehalt offen"),
        ("recommended", 2, "empfohlen, zwei Vorbehalte offen"),
        ("adjourned", 0, "Vertagung"),
        (None, 1, ""),
    ],
)
def test_a_result_in_words(result: str | None, reserved: int, words: str) -> None:
    assert rules.words(result, reserved) == words


def test_counts_in_words() -> None:
    assert rules.counted(Votes(consent=4, reservation=1)) == "4 Zustimmung, 1 mit Vorbehalt"
    assert rules.counted(None) == ""
