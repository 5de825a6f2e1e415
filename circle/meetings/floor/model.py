"""Requests to speak and votes as they go out, and what comes in. Instants are aware."""

from datetime import date as Date
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec

from circle.core.fields import Day, OptionalLine

from ..agenda.model import Count, ReservationKind, Result, Votes
from ..model import Edition, Member
from ..procedure.model import SpeakingOrder

SpeechKind = Literal["speech", "order"]
BallotKind = Literal["objection", "open", "by_name"]
BallotState = Literal["open", "closed", "cancelled"]
Choice = Literal["consent", "reservation", "against", "abstained"]
Wording = Annotated[str, msgspec.Meta(min_length=1, max_length=4000, pattern=r"^[^\x00]*\S[^\x00]*$")]


class SpeechRequest(msgspec.Struct, frozen=True):
    """Somebody asks to speak, speaks or has spoken on an item. `first`: they have not spoken on it before.

    `place` orders the requests of a meeting; it says nothing by itself.
    """

    id: UUID
    meeting_id: UUID
    item_id: UUID
    person_id: UUID
    name: str
    authority_name: str
    kind: SpeechKind
    state: Literal["waiting", "speaking", "done", "withdrawn", "removed"]
    first: bool
    place: int
    asked_at: datetime
    began_at: datetime | None


class SpeechList(msgspec.Struct, frozen=True):
    """Who speaks and who waits on the item that is called up, not yet in order; `item_id` is None between two items."""

    item_id: UUID | None
    order: SpeakingOrder
    items: list[SpeechRequest]


class HouseVote(msgspec.Struct, frozen=True):
    """A house that could vote or has voted, and how as far as the reader sees it.

    `name` carried its voice; `assumed` is consent by silence, which the moderation established.
    """

    authority_id: UUID
    authority_name: str
    name: str
    present: bool
    voted: bool
    choice: Choice | None
    reservation_kind: ReservationKind | None
    text: str | None
    decide_by: Date | None
    assumed: bool


class StoredBallot(msgspec.Struct, frozen=True):
    """A vote as the database tells it to a reader; `mine` is the house whose voice they carry.

    What it found is None until it is closed: `counts` of `voices` houses that could vote, while `present` of `houses` were
    in the room and `needed` make a quorum.
    """

    id: UUID
    meeting_id: UUID
    item_id: UUID
    kind: BallotKind
    text: str
    state: BallotState
    opened_at: datetime
    ended_at: datetime | None
    present: int | None
    houses: int | None
    needed: int | None
    quorum: bool | None
    counts: Votes | None
    voices: int | None
    result: Result | None
    open_reservations: int
    mine: UUID | None
    votes: list[HouseVote]
    revision: int

    @property
    def own(self) -> HouseVote | None:
        """The vote of the house whose voice the reader carries."""
        return next((one for one in self.votes if one.authority_id == self.mine), None)

    @property
    def cast(self) -> int:
        """How many houses have voted."""
        return sum(one.voted for one in self.votes)


class Ballot(StoredBallot, frozen=True, kw_only=True):
    """A vote with its result in words: „verabredet, ein Vorbehalt offen“; empty until it is closed."""

    words: str


class Floor(msgspec.Struct, frozen=True):
    """What goes on at an item: requests to speak, those left over from other items, votes the newest first, and whose
    voices are in the room. `reader_here`: the reader is."""

    speeches: SpeechList
    left_over: int
    ballots: list[StoredBallot]
    voices: list[UUID]
    procedure: dict[str, Any]
    reader_here: bool


class Place(msgspec.Struct, frozen=True):
    """The item that is called up, as somebody who acts sees it; without its content it is not `open` to them."""

    item_id: UUID
    open: bool
    audience: list[str]


class Listener(msgspec.Struct, frozen=True):
    """Somebody in the room, and whether they may open the item that is called up."""

    person_id: UUID
    name: str
    authority_name: str
    opens: bool


class StoredRequest(msgspec.Struct, frozen=True):
    """A locked request to speak. `current`: its item is called up."""

    id: UUID
    meeting_id: UUID
    item_id: UUID
    person_id: UUID
    kind: SpeechKind
    state: str
    place: int
    current: bool


class LockedBallot(msgspec.Struct, frozen=True):
    """A locked vote, as acts need it."""

    id: UUID
    meeting_id: UUID
    item_id: UUID
    kind: BallotKind
    text: str
    state: BallotState
    revision: int
    audience: list[str]


class Voice(msgspec.Struct, frozen=True):
    """Who carries a house's voice, and for whom."""

    authority_id: UUID
    person_id: UUID
    member_id: UUID | None


class Cast(msgspec.Struct, frozen=True):
    """The vote of a house that counts. `by` declares its reservation."""

    authority_id: UUID
    choice: Choice
    by: UUID | None
    reservation_kind: ReservationKind | None
    text: str
    decide_by: Date | None


class Presence(msgspec.Struct, frozen=True):
    """What the quorum follows from: whose voices are in the room, the houses, and what went out to whom."""

    voices: list[UUID]
    members: list[Member]
    editions: list[Edition]


class NewSpeech(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Ask to speak; `person_id` is somebody who raises a hand, entered by office or moderation."""

    kind: SpeechKind = "speech"
    person_id: UUID | None = None


class SpeechMove(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One place up or down in the list."""

    direction: Literal["up", "down"]


class LeftOver(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Requests left over from items that were called up before: kept for the current one, or dropped."""

    keep: bool = True


class NewBallot(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A vote on a wording. Without a kind it is the one that follows from the procedure's decision rule."""

    text: Wording
    kind: BallotKind | None = None


class NewVote(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The vote of one's own house, or of `authority_id` that says it aloud to the moderation.

    A reservation has its kind, what it is about, and the day by which the house decides.
    """

    choice: Choice
    reservation_kind: ReservationKind = "Leitungsvorbehalt"
    text: OptionalLine = ""
    decide_by: Day | None = None
    authority_id: UUID | None = None


class BallotClosing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The end of a vote. Counts are those of a show of hands; reservations are counted as the houses declared them.

    `no_objection` establishes that the houses which said nothing consent; `houses` are those that were there when objections
    were asked for. `despite_silence`: where each house votes, it is decided without those that have not.
    """

    result: Result
    consent: Count = 0
    against: Count = 0
    abstained: Count = 0
    no_objection: bool = False
    despite_silence: bool = False
    houses: Annotated[list[UUID], msgspec.Meta(max_length=20)] | None = None
