"""What is asked for, and what is found."""

from typing import Annotated
from uuid import UUID

import msgspec

Words = Annotated[str, msgspec.Meta(max_length=300, pattern=r"^[^\x00]*$")]
Value = Annotated[str, msgspec.Meta(max_length=100, pattern=r"^[^\x00]*$")]
Values = Annotated[list[Value], msgspec.Meta(max_length=20)]
Year = Annotated[int, msgspec.Meta(ge=1900, le=2200)]
Years = Annotated[list[Year], msgspec.Meta(max_length=20)]


class Filters(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One value or several of each: kind of thing, topic, house (key or id), year, level."""

    kind: Value | Values = []
    topic: Value | Values = []
    authority: Value | Values = []
    year: Year | Years = []
    level: Value | Values = []


class Query(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What somebody looks for: words, "phrases", -exclusions, references like WD-006."""

    query: Words
    limit: Annotated[int, msgspec.Meta(ge=1, le=100)] = 20
    filters: Filters = msgspec.field(default_factory=Filters)


class Asked(msgspec.Struct, frozen=True):
    """A query taken apart. Words may be found, phrases must, excluded ones must not; references are found directly."""

    words: list[str]
    phrases: list[str]
    excluded: list[str]
    references: list[str]

    @property
    def empty(self) -> bool:
        """True when nothing is left to look for."""
        return not (self.words or self.phrases or self.references)


class Found(msgspec.Struct, frozen=True):
    """One hit as the database finds it: `passage` is a part of its text, `whole` says that it is all of it."""

    id: UUID
    source_id: str | None
    type: str
    kind: str
    reference: str
    title: str
    level: str
    url: str
    passage: str
    begins: bool
    trust: float


class Count(msgspec.Struct, frozen=True):
    """How many hits have a value; `label` is the word for people."""

    value: str
    label: str
    count: int


class Facets(msgspec.Struct, frozen=True):
    """Counts of what was found, over what the caller may see."""

    kind: list[Count] = []
    topic: list[Count] = []
    authority: list[Count] = []
    year: list[Count] = []
    level: list[Count] = []


class Correction(msgspec.Struct, frozen=True):
    """A word that stands nowhere, and the one that was looked for instead."""

    word: str
    spelling: str


class Raw(msgspec.Struct, frozen=True):
    """What the one statement brings."""

    found: list[Found]
    total: int
    facets: Facets
    corrections: list[Correction]


class Hit(msgspec.Struct, frozen=True):
    """A hit as it goes out. `snippet` is HTML: escaped text with the hits in <mark>; confidential things have none.

    `source_id` is the id that an imported text came with, `group` the part of the answer page it belongs to.
    """

    id: UUID
    source_id: str | None
    type: str
    kind: str
    reference: str
    title: str
    level: str
    group: str
    snippet: str
    url: str


class Results(msgspec.Struct, frozen=True):
    """Hits in the order of rank. `total` ends at a bound; `suggestion` is the query with unknown words replaced."""

    results: list[Hit]
    facets: Facets
    total: int
    suggestion: str | None
    next: str | None
