"""Votes at once, on connections of their own: they queue at the meeting, and each finds what the one before has done."""

import asyncio
from typing import Any
from uuid import UUID

import pytest

from circle.core import auth, clock, errors
from circle.core.db import Caller, Connection, Database
from circle.meetings.floor import actions
from circle.meetings.floor.model import BallotClosing, NewBallot, NewSpeech, NewVote
from circle.settings import Settings
from tests import make

from .world import called, houses, leave

Fresh = tuple[Database, Settings]


class Circle:
    """A vote in a database of its own, and people who act on it in transactions of their own."""

    def __init__(self, database: Database) -> None:
        self.database = database

    async def open(self, **new: Any) -> "Circle":
        async with self.database.begin(None) as db:
            self.office = await clock.read(db)
            self.meeting, self.item = await called(db, self.office)
            await houses(db, self.office, self.meeting)
            self.tokens = {
                nick: await auth.open_session(db, await make.person_id(db, nick), "bearer")
                for nick in ("mona", "anna", "ben", "kim", "tom")
            }
        self.ballot: UUID = await self.act("mona", actions.open_ballot, self.item, NewBallot("Text", **new))
        return self

    async def act(self, nick: str, does: Any, *args: Any) -> Any:
        """What somebody does, as a request does it."""
        caller = Caller(auth.token_hash(self.tokens[nick]), self.office.now())
        async with self.database.begin(caller) as db:
            return await does(db, await auth.actor(db, caller), *args)

    async def code(self, nick: str, does: Any, *args: Any) -> str:
        """The code of a refusal, or `done`."""
        try:
            await self.act(nick, does, *args)
        except errors.CircleError as refused:
            return refused.code
        return "done"

    async def all(self, sql: str) -> list[Any]:
        async with self.database.begin(None) as db:
            return [tuple(row) for row in await db.fetch(sql)]


@pytest.mark.parametrize("kind", ["by_name", "objection"])
async def test_two_votes_of_a_house_at_once(fresh: Fresh, kind: Any) -> None:
    circle = await Circle(fresh[0]).open(kind=kind)
    koeln = await _house(circle, "br-koeln")
    said: Any = await asyncio.gather(
        circle.code("kim", actions.cast, circle.ballot, NewVote("against")),
        circle.code("mona", actions.cast, circle.ballot, NewVote("consent", authority_id=koeln)),
    )
    assert said == ["done", "done"]
    votes = await circle.all("select choice from ballot_vote order by number")
    assert sorted(votes) == [("against",), ("consent",)], "both are kept"
    assert await circle.code("mona", actions.close, circle.ballot, BallotClosing("exchanged")) == "done"
    counts = await circle.all("select consent, against from ballot")
    assert counts == [(int(votes[-1] == ("consent",)), int(votes[-1] == ("against",)))], "the last one counts"


async def test_casting_while_it_is_closed(fresh: Fresh) -> None:
    circle = await Circle(fresh[0]).open(kind="by_name")
    said: Any = await asyncio.gather(
        *[circle.code(nick, actions.cast, circle.ballot, NewVote("consent")) for nick in ("ben", "kim", "tom")],
        circle.code("mona", actions.close, circle.ballot, BallotClosing("noted")),
    )  # fmt: skip
    assert said[3] == "done" and set(said[:3]) <= {"done", "ballot_ended"}
    taken = said[:3].count("done")
    assert await circle.all("select consent, state from ballot") == [(taken, "closed")], (
        "what was taken counts"
    )
    assert await circle.all("select count(*) from ballot_vote") == [(taken,)]


async def test_two_close_at_once(fresh: Fresh) -> None:
    circle = await Circle(fresh[0]).open()
    closing = BallotClosing("agreed", no_objection=True)
    said = await asyncio.gather(
        *(circle.code(nick, actions.close, circle.ballot, closing) for nick in ("mona", "anna"))
    )
    assert sorted(said) == ["ballot_ended", "done"]
    assert await circle.all("select count(*) from ballot_vote where assumed") == [(5,)]
    assert await circle.all("select count(*) from audit_event where action = 'ballot.closed'") == [(1,)]


async def test_leaving_while_it_is_closed(fresh: Fresh) -> None:
    circle = await Circle(fresh[0]).open()

    async def gone() -> None:
        async with circle.database.begin(None) as db:
            await db.execute("select from meeting where id = $1 for update", circle.meeting)
            await leave(db, circle.office, circle.meeting, "tom")

    closing = BallotClosing("agreed", no_objection=True)
    await asyncio.gather(circle.code("mona", actions.close, circle.ballot, closing), gone())
    [(consent, present, voices)] = await circle.all(
        "select consent, present, cardinality(voices) from ballot"
    )
    assert consent == present == voices and consent in (4, 5)


async def test_two_votes_are_not_opened_at_once(fresh: Fresh) -> None:
    circle = await Circle(fresh[0]).open()
    await circle.act("mona", actions.cancel, circle.ballot)
    said = await asyncio.gather(
        *(circle.code(nick, actions.open_ballot, circle.item, NewBallot("Text")) for nick in ("mona", "anna"))
    )
    assert sorted(said) == ["ballot_open", "done"]


async def test_one_request_and_one_speaker(fresh: Fresh) -> None:
    circle = await Circle(fresh[0]).open()
    said = await asyncio.gather(
        *(circle.code("ben", actions.ask, circle.meeting, NewSpeech()) for _ in range(3))
    )
    assert sorted(said) == ["already_waiting", "already_waiting", "done"]
    await circle.act("kim", actions.ask, circle.meeting, NewSpeech())
    requests = [row[0] for row in await circle.all("select id from speech_request where state = 'waiting'")]
    said = await asyncio.gather(*(circle.code("mona", actions.grant, one) for one in requests))
    assert said == ["done", "done"]
    states = await circle.all("select state from speech_request order by state")
    assert states == [("done",), ("speaking",)]


async def _house(circle: Circle, key: str) -> UUID:
    db: Connection
    async with circle.database.begin(None) as db:
        return await make.authority(db, key)
