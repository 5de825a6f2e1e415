"""Texts of several hands come together without losing a word, in every script."""

import contextlib
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from circle.core import merging
from circle.core.merging import Change, Document

# Letters of one, two, three and four bytes, combining ones, right to left, emoji of several signs, and breaks.
LETTERS = st.sampled_from("aäßöÜ€😀e\u0301👩\u200d👧שלוםعربي\n .,")
TEXTS = st.text(LETTERS, max_size=60)
WORDS = st.lists(st.text("abäßשµ", min_size=1, max_size=4), max_size=12)


def test_the_library_counts_as_we_believe() -> None:
    merging.check()
    assert len("äöü😀x") == 5 and len("äöü😀x".encode()) == 11


def test_another_count_is_refused_at_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(merging, "_at", lambda text, place: place)
    with pytest.raises(RuntimeError, match="garbled"):
        merging.check()


@given(TEXTS, TEXTS)
def test_changes_make_the_one_text_of_the_other(old: str, new: str) -> None:
    made, shift = old, 0
    for start, end, text in merging.changes(old, new):
        made = made[: start + shift] + text + made[end + shift :]
        shift += len(text) - (end - start)
    assert made == new
    document = Document(old)
    other = Document()
    other.apply(document.since(None))
    other.apply(document.rewrite(new))
    assert document.text == other.text == new


@given(WORDS, WORDS, WORDS)
def test_no_new_word_is_lost(base: list[str], mine: list[str], theirs: list[str]) -> None:
    """What either hand added is there; what neither touched is there; what a hand took out is not put back by us."""
    merged = merging.merge(" ".join(base), " ".join(mine), " ".join(theirs))
    for word in {*mine, *theirs} - set(base):
        assert word in merged


@given(TEXTS, TEXTS)
def test_one_hand_alone_gets_what_it_wrote(base: str, new: str) -> None:
    assert (
        merging.merge(base, new, base)
        == merging.merge(base, base, new)
        == merging.merge(base, new, new)
        == new
    )


def test_words_stay_whole_and_conflicts_keep_both() -> None:
    assert merging.merge("Der Kreis dankt.", "Der Kreis dankt herzlich.", "Der ganze Kreis dankt.") == (
        "Der ganze Kreis dankt herzlich."
    )
    both = merging.merge("am Montag", "am Dienstag", "am Freitag")
    assert "Dienstag" in both and "Freitag" in both and "Montag" not in both
    both = merging.merge("eins zwei", "EINS zwei drei", "EINS zwei vier")
    assert both.count("EINS") == 1 and "drei" in both and "vier" in both, "what both did is done once"


STEPS = st.lists(
    st.tuples(st.integers(0, 2), st.integers(0, 80), st.integers(0, 6), st.text(LETTERS, max_size=5)),
    max_size=25,
)


@given(STEPS, st.randoms(use_true_random=False))
@settings(deadline=None)
def test_hands_that_write_at_once_end_with_the_same_text(
    steps: list[tuple[int, int, int, str]], chance: random.Random
) -> None:
    """Three hands, each seeing only its own; then all get all, each hand's in its order, mixed otherwise and twice."""
    first = Document("Anfang äöü 😀 שלום")
    hands = [Document() for _ in range(3)]
    for hand in hands:
        hand.apply(first.since(None))
    sent: list[list[bytes]] = [[], [], []]
    for who, place, gone, text in steps:
        before = hands[who].text
        start = min(place, len(before))
        end = min(start + gone, len(before))
        sent[who].append(hands[who].edit([Change(start, end, text)]))
        assert hands[who].text == before[:start] + text + before[end:], "in its own eyes as typed"
    hands.append(Document(""))
    hands[-1].apply(first.since(None))
    for hand in hands:
        queues = [list(one) for one in sent]
        while any(queues):
            update = chance.choice([one for one in queues if one]).pop(0)
            hand.apply(update)
            hand.apply(update)
    assert len({hand.text for hand in hands}) == 1


def test_a_text_of_signs_alone_is_compared_in_time() -> None:
    assert merging.merge(". " * 9000, ", " * 9000 + "Ende", ". " * 9000 + "Schluss").count("Ende") == 1


@given(st.lists(st.tuples(st.booleans(), TEXTS), max_size=8))
def test_whatever_is_written_in_a_text_is_plain(steps: list[tuple[bool, str]]) -> None:
    hands = Document("Anfang"), Document()
    merging.require_plain(Document().since())
    hands[1].apply(hands[0].since())
    for second, text in steps:
        hand, other = hands[second], hands[not second]
        known = other.state()
        merging.require_plain(hand.rewrite(text))
        lacking = hand.since(known)
        merging.require_plain(lacking)
        other.apply(lacking)
        merging.require_plain(hand.since())


@pytest.mark.parametrize(
    "update, why",
    [
        # One nested in another so often that the library would bring the process down.
        (b"\x01\x01\x05\x00\x08\x01\x04text\x01" + b"\x75\x01" * 200_000 + b"\x7e\x00", "more than a text"),
        (b"\x01\x01\x05\x00\x04\x01\x05other\x01a\x00", "something else"),
        (b"\x01\x01\x05\x00\x24\x01\x04text\x01k\x01a\x00", "something else"),
        (b"\x01\x01\x05\x00\x04\x00\x05\x00\x01a\x00", "something else"),
        (b"\x01\x01\x05\x00\x04\x01\x04text\x05a\x00", "too early"),
        (b"\x01\x01\x05\x00\x04\x01\x04text\x01a\x00a", "after its end"),
        (b"\xff" * 10 + b"\x01", "a number that is none"),
        (b"", "too early"),
    ],
)
def test_what_is_no_text_is_not_taken_in(update: bytes, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        merging.require_plain(update)
    merging.require_plain(b"\x01\x01\x05\x00\x04\x01\x04text\x01a\x00")


@given(st.binary(max_size=60))
def test_bytes_of_any_kind_are_an_update_or_none(content: bytes) -> None:
    with contextlib.suppress(ValueError):
        merging.require_plain(content)
