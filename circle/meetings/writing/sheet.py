"""The text of one item with its history, as one process or one request holds it. It asks nobody and writes nowhere."""

from collections.abc import Iterable

from circle.core import merging

from .model import Update

MOST_BYTES = 32 * 1024 * 1024
"""Of one item's history; thousands of pages of typing."""


class Sheet:
    """What is known of an item's history: all updates up to `last`, `size` bytes of them."""

    def __init__(self) -> None:
        self._document = merging.Document()
        self.last = 0
        self.size = 0

    @property
    def text(self) -> str:
        """The words as they stand."""
        return self._document.text

    def take(self, updates: Iterable[Update]) -> list[Update]:
        """Take in what was kept; the ones that were new here."""
        fresh = [one for one in updates if one.id > self.last]
        for one in fresh:
            self._document.apply(one.update)
            self.note(one.id, one.update)
        return fresh

    def apply(self, update: bytes) -> None:
        """Take in what is not kept yet. Raises ValueError when it is no update of a text; then the sheet is to be thrown away."""
        merging.require_plain(update)
        self._document.apply(update)

    def note(self, update_id: int, update: bytes) -> None:
        """What was applied is kept under this id."""
        self.last = max(self.last, update_id)
        self.size += len(update)

    def rewrite(self, wanted: str) -> bytes | None:
        """Turn the text into `wanted`; the update, or None when it says that already."""
        return self._document.rewrite(wanted) if wanted != self.text else None

    def state(self) -> bytes:
        """What is known here, for another one to say what it has besides."""
        return self._document.state()

    def since(self, state: bytes | None) -> bytes:
        """What another one of that state lacks; all, when there is none. Raises ValueError for what is no state."""
        return self._document.since(state)
