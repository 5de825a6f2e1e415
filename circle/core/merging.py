"""Text that several people write at the same time: one replicated text (CRDT), in which no change is lost.

pycrdt counts the bytes of UTF-8, where Python counts characters. Only `_at` knows that, and `check` refuses to start
with a release that counts otherwise: it would put words into the wrong places without a sound.
"""

import difflib
import re
from typing import Any, NamedTuple

import pycrdt

NAME = "text"
"""The name of the text in its document, here and in the browser."""
_TOKEN = re.compile(r"\w+|\s+|[^\w\s]")
_LINE = re.compile(r"[^\n]*\n|[^\n]+")
_MOST = 2_000_000
"""Pairs of pieces to compare; beyond it larger pieces are taken, for the time grows with the product."""


class Change(NamedTuple):
    """Replace the characters from `start` to `end` by `text`."""

    start: int
    end: int
    text: str


class Document:
    """A text with its history. Two that have taken in the same updates, each hand's in its order, say the same.

    A gap in what one hand wrote is not mended well by the library when it is filled later: letters may be missing then.
    """

    def __init__(self, text: str = "") -> None:
        self._doc: Any = pycrdt.Doc()
        self._text: Any = self._doc.get(NAME, type=pycrdt.Text)
        if text:
            self._text += text

    @property
    def text(self) -> str:
        """The words as they stand."""
        return str(self._text)

    def apply(self, update: bytes) -> None:
        """Take in an update; one that is known already changes nothing. Raises ValueError when it is none."""
        self._doc.apply_update(update)

    def state(self) -> bytes:
        """What is known here, for `since` of another document."""
        return bytes(self._doc.get_state())

    def since(self, state: bytes | None = None) -> bytes:
        """What another one of that state lacks; all, when there is none. Raises ValueError for what is no state."""
        return bytes(self._doc.get_update(state) if state is not None else self._doc.get_update())

    def edit(self, changes: list[Change]) -> bytes:
        """Make changes, all counted in the text as it is now, and return them as an update."""
        before, old = self.state(), self.text
        with self._doc.transaction():
            for start, end, text in sorted(changes, reverse=True):
                if end > start:
                    del self._text[_at(old, start) : _at(old, end)]
                if text:
                    self._text.insert(_at(old, start), text)
        return self.since(before)

    def rewrite(self, wanted: str) -> bytes:
        """Turn the text into `wanted` with the fewest words touched; the update."""
        return self.edit(changes(self.text, wanted))


def changes(old: str, new: str) -> list[Change]:
    """How `new` came of `old`: by whole words where that is quick enough, else by lines, else as one change."""
    for piece in (_TOKEN, _LINE):
        left, right = piece.findall(old), piece.findall(new)
        start = _common(left, right)
        end = _common(left[start:][::-1], right[start:][::-1])
        a, b = left[start : len(left) - end], right[start : len(right) - end]
        if len(a) * len(b) <= _MOST:
            break
    else:
        return _placed(left[:start], a, b, [("replace", 0, len(a), 0, len(b))])
    return _placed(left[:start], a, b, difflib.SequenceMatcher(None, a, b, autojunk=False).get_opcodes())


def _placed(before: list[str], old: list[str], new: list[str], steps: list[Any]) -> list[Change]:
    """Steps between pieces as changes of characters, all counted in the old text."""
    places = [sum(map(len, before))]
    for one in old:
        places.append(places[-1] + len(one))
    return [
        Change(places[i1], places[i2], "".join(new[j1:j2]))
        for kind, i1, i2, j1, j2 in steps
        if kind != "equal"
    ]


def merge(base: str, mine: str, theirs: str) -> str:
    """What comes of `base` when one hand made `mine` of it and another `theirs`: no new word of either is lost.

    The same change by both is made once; of different words in the same place both stay.
    """
    if mine in (base, theirs):
        return theirs
    if theirs == base:
        return mine
    others = changes(base, theirs)
    first = Document(base)
    second = Document()
    second.apply(first.since())
    first.edit(others)
    second.edit([one for one in changes(base, mine) if one not in others])
    first.apply(second.since())
    return first.text


def require_plain(update: bytes) -> None:
    """Raises ValueError for an update that holds anything but letters of the text and their deletion.

    The library takes in much more than a text is made of, and one thing nested in another a hundred thousand times brings
    the whole process down. The encoding is that of Yjs (first version), which the browser writes too.
    """
    reader = _Reader(update)
    for _ in range(reader.number()):
        count = reader.number()
        reader.skip_numbers(2)  # The hand, and its letter with which it begins.
        for _ in range(count):
            _require_letters(reader)
    for _ in range(reader.number()):
        reader.skip_numbers(1)
        reader.skip_numbers(2 * reader.number())  # Deleted: from where, and how many.
    if reader.place != len(update):
        raise ValueError("the update goes on after its end")


def _require_letters(reader: "_Reader") -> None:
    """One piece of an update: letters, or that letters are gone."""
    head = reader.byte()
    if head in (_GONE, _SKIPPED):
        return reader.skip_numbers(1)
    kind = head & 31
    if kind not in (_DELETED, _LETTERS):
        raise ValueError("the update holds more than a text")
    left, right = head & 128, head & 64
    reader.skip_numbers(2 * (bool(left) + bool(right)))
    if not (left or right) and (reader.number() != 1 or reader.word() != NAME.encode() or head & 32):
        raise ValueError("the update is about something else than the text")
    if kind == _LETTERS:
        reader.word()
    else:
        reader.skip_numbers(1)
    return None


_GONE, _DELETED, _LETTERS, _SKIPPED = 0, 1, 4, 10
"""Kinds of pieces in an update."""


class _Reader:
    """Numbers (of seven bits a byte, the lowest first) and words of an update. Raises ValueError when it ends too early."""

    def __init__(self, content: bytes) -> None:
        self.content, self.place = content, 0

    def byte(self) -> int:
        if self.place >= len(self.content):
            raise ValueError("the update ends too early")
        self.place += 1
        return self.content[self.place - 1]

    def number(self) -> int:
        value = shift = 0
        while True:
            byte = self.byte()
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value
            if shift > 63:
                raise ValueError("the update holds a number that is none")

    def skip_numbers(self, count: int) -> None:
        for _ in range(count):
            self.number()

    def word(self) -> bytes:
        length = self.number()
        found = self.content[self.place : self.place + length]
        self.place += length
        if len(found) < length:
            raise ValueError("the update ends too early")
        return found


def check() -> None:
    """Raises RuntimeError unless the library counts as `_at` believes. For the start of the service."""
    document = Document("äöü😀x")
    document.edit([Change(4, 5, "ß"), Change(0, 1, "Ä"), Change(3, 3, "e\u0301")])
    if document.text != "Äöüe\u0301😀ß":
        raise RuntimeError(
            "pycrdt counts in other units than circle.core.merging believes: texts would be garbled"
        )


def _at(text: str, place: int) -> int:
    """The place of a character in the library's count."""
    return len(text[:place].encode())


def _common(one: list[str], other: list[str]) -> int:
    """How many pieces two texts begin with in common."""
    count = 0
    for left, right in zip(one, other, strict=False):
        if left != right:
            break
        count += 1
    return count
