"""Meetings at random against a simple model of them: whatever two moderators do, presence, quorum, times and counts agree.

A few dozen short meetings by default; CIRCLE_ROOM_EXAMPLES makes it more of them, and longer ones.
"""

import asyncio
import os
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import msgspec
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from circle.core import auth, clock, db, errors
from circle.core.db import Caller, Connection
from circle.meetings import actions as meetings
from circle.meetings import rules as meeting_rules
from circle.meetings import store as meeting_store
from circle.meetings.agenda import actions as agenda
from circle.meetings.agenda.model import Adjournment, Outcome, Plan, Votes
from circle.meetings.floor import actions as floor
from circle.meetings.floor.model import BallotClosing, NewBallot, NewVote
from circle.meetings.minutes import rules as minutes_rules
from circle.meetings.minutes import store as minutes_store
from circle.meetings.minutes.model import Content
from circle.meetings.room import actions, rules, store
from circle.meetings.room.model import (
    Arrival,
    Calling,
    Departure,
    Extension,
    Room,
    StayChange,
    Step,
    Swap,
)
from tests import conftest, make
from tests.clients import OneConnection

from . import scene

EXAMPLES = int(os.environ.get("CIRCLE_ROOM_EXAMPLES", "25"))
LONGEST = 30 if EXAMPLES <= 25 else 60
OPENINGS = [
    datetime(2026, 11, 23, 10, 0, tzinfo=clock.BERLIN).astimezone(UTC),
    datetime(2026, 11, 23, 21, 30, tzinfo=clock.BERLIN).astimezone(UTC),  # past midnight
    datetime(2026, 10, 24, 23, 0, tzinfo=clock.BERLIN).astimezone(UTC),  # an hour twice
    datetime(2027, 3, 27, 23, 30, tzinfo=clock.BERLIN).astimezone(UTC),  # an hour never
]
HOUSES = {
    "ben": "br-arnsberg",
    "kim": "br-koeln",
    "dora": "br-detmold",
    "egon": "br-duesseldorf",
    "mia": "br-muenster",
}
GUESTS = ["vera", "edda", "anna"]
PEOPLE = [*HOUSES, "dina", *GUESTS]

_who = st.integers(0, 35)
"""Mostly somebody for whom the act makes sense."""
_item = st.integers(0, 8)
_ago = st.sampled_from([None, None, None, 0, 1, 7, 25])
ACTS = st.one_of(
    st.tuples(st.just("arrive"), _who, _ago),
    st.tuples(st.just("arrive"), _who, _ago),
    st.tuples(st.just("arrive"), _who, _ago),
    st.tuples(
        st.just("stand_in"), st.sampled_from(["dina", "vera", "mia"]), st.sampled_from(["kim", "dora"])
    ),
    st.tuples(st.just("leave"), _who, _ago),
    st.tuples(st.just("swap"), st.sampled_from(["dina", "dina", "kim", "ben", "vera"]), st.booleans()),
    st.tuples(st.just("change_stay"), st.integers(0, 9), st.integers(0, 90), st.integers(0, 90)),
    st.tuples(st.just("drop_stay"), st.integers(0, 9)),
    st.tuples(st.just("call"), _item),
    st.tuples(st.just("next"), _item),
    st.tuples(st.just("next"), st.none()),
    st.tuples(st.just("pause")),
    st.tuples(st.just("extend"), _item, st.integers(-30, 60)),
    st.tuples(st.just("arrange"), st.randoms(use_true_random=False)),
    st.tuples(st.just("late")),
    st.tuples(st.just("adjourn"), _item),
    st.tuples(st.just("conclude"), _item, st.integers(0, 6)),
    st.tuples(st.just("open_ballot"), _item),
    st.tuples(st.just("cast"), st.sampled_from(list(HOUSES))),
    st.tuples(st.just("close_ballot"), st.booleans()),
)
MEETINGS = st.tuples(
    st.sampled_from(OPENINGS),
    st.lists(
        st.tuples(ACTS, st.sampled_from(["mona", "anna"]), st.sampled_from([0, 1, 3, 12])),
        min_size=LONGEST // 3,
        max_size=LONGEST,
    ),
)


class Model:
    """A meeting in a few lists. Times are whole minutes; a house is the nick of its member."""

    def __init__(self, opened: datetime) -> None:
        self.opened, self.now = opened, opened
        self.stays: list[dict[str, Any]] = []
        self.calls: list[dict[str, Any]] = []
        self.extra: dict[UUID, int] = {}
        self.ballot: UUID | None = None

    def there(self, nick: str) -> dict[str, Any] | None:
        return next((one for one in self.stays if one["who"] == nick and one["left"] is None), None)

    def voice(self, house: str) -> dict[str, Any] | None:
        return next((one for one in self.stays if one["house"] == house and one["left"] is None), None)

    def voices(self, at: datetime) -> set[str]:
        return {one["house"] for one in self.stays if one["house"] and _in(one["came"], one["left"], at)}

    def current(self) -> dict[str, Any] | None:
        return next((one for one in self.calls if one["ended"] is None), None)

    def meant(self, ago: int | None) -> tuple[str | None, datetime]:
        """What is typed for so many minutes ago, and the latest minute of the meeting that it can mean."""
        if ago is None:
            return None, self.now
        text = f"{(self.now - timedelta(minutes=ago)).astimezone(clock.BERLIN):%H:%M}"
        minute = self.now
        while minute >= self.opened:
            if f"{minute.astimezone(clock.BERLIN):%H:%M}" == text:
                return text, minute
            minute -= timedelta(minutes=1)
        return text, self.now - timedelta(minutes=ago)

    def free(self, nick: str, house: str | None, came: datetime) -> bool:
        return not any(
            (one["who"] == nick or (house and one["house"] == house))
            and (one["left"] is None or one["left"] > came)
            for one in self.stays
        )

    def most(self, item: UUID) -> int:
        """The houses that had a voice at once while an item was dealt with, or now when it never was."""
        spans = [(one["called"], one["ended"]) for one in self.calls if one["item"] == item]
        moments = {one["came"] for one in self.stays}
        if not spans:
            return len(self.voices(self.now))
        return max(
            len(self.voices(at))
            for begin, end in spans
            for at in {begin, *(one for one in moments if _in(begin, end, one))}
        )


def _in(begin: datetime, end: datetime | None, at: datetime) -> bool:
    return begin <= at and (end is None or at < end)


class World:
    """A database with the meeting in it, and everything of one example undone after it."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.loop.run_until_complete(self._open())

    async def _open(self) -> None:
        self.name, _, url = await conftest.clone()
        database = await db.connect(url, smallest=1, largest=2, statement_timeout=20)
        self.one = OneConnection(database.pool)
        async with database.begin(None) as connection:
            self.meeting, self.people = await scene.prepare(connection, await clock.read(connection))
            self.tokens = {
                nick: auth.token_hash(await auth.open_session(connection, self.people[nick], "bearer"))
                for nick in ("mona", "anna")
            }
            self.nicks = {person: nick for nick, person in self.people.items()}
            rows = await connection.fetch("select id, key from authority")
            keys = {row["key"]: row["id"] for row in rows}
            self.houses = {nick: keys[key] for nick, key in HOUSES.items()}
            self.house_of = {found: nick for nick, found in self.houses.items()}

    def close(self) -> None:
        async def down() -> None:
            await self.one.pool.close()
            await conftest.drop(self.name)

        self.loop.run_until_complete(down())
        self.loop.close()

    def run(self, opened: datetime, acts: list[Any]) -> None:
        async def whole() -> None:
            async with self.one.test():
                await Run(self, opened).play(acts)

        self.loop.run_until_complete(whole())


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    found = World()
    yield found
    found.close()


class Run:
    """One meeting: acts on the database and, when they are done, on the model."""

    def __init__(self, world: World, opened: datetime) -> None:
        self.world, self.model = world, Model(opened)
        self.items: list[UUID] = []
        self.nick = "mona"
        self.ballot_id: UUID | None = None

    @property
    def db(self) -> Connection:
        assert self.world.one.connection is not None
        return self.world.one.connection

    async def play(self, acts: list[Any]) -> None:
        sent = await self._sent()
        await self._as(lambda a, c: meetings.start(c, a, self.world.meeting))
        await self._list_items()
        for (name, *values), nick, passes in acts:
            self.nick = nick
            self.model.now += timedelta(minutes=passes)
            await getattr(self, name)(*values)
            await self.compare()
        assert await self._sent() == sent, "what went out stays as it went out"
        self.model.now += timedelta(minutes=1)
        done = await self._as(lambda a, c: meetings.close(c, a, self.world.meeting))
        assert (done is None) == (self.model.ballot is None), done
        if done is None:
            await self.compare_end()

    async def _as(self, act: Any) -> errors.CircleError | None:
        """An act of one of the two, in its own savepoint as in a request; returns the refusal."""
        who = Caller(self.world.tokens[self.nick], self.model.now)
        try:
            async with self.world.one.begin(who) as connection:
                actor = msgspec.structs.replace(await auth.actor(connection, who), now=self.model.now)
                await act(actor, connection)
        except errors.CircleError as refused:
            return refused
        except asyncpg.PostgresError as fault:
            refusal = errors.from_database(fault)
            assert refusal is not None, fault
            return refusal
        return None

    async def _list_items(self) -> None:
        rows = await self.db.fetch(
            'select id from agenda_item where meeting_id = $1 order by "order"', self.world.meeting
        )
        self.items += [row["id"] for row in rows if row["id"] not in self.items]

    async def _sent(self) -> list[Any]:
        rows = await self.db.fetch(
            "select version, sha256, agenda::text from agenda_version order by version"
        )
        return [tuple(row) for row in rows]

    def item(self, number: int) -> UUID:
        return self.items[number % len(self.items)]

    async def status(self, item: UUID) -> str:
        found: str = await self.db.fetchval("select status from agenda_item where id = $1", item)
        return found

    def id_of(self, nick: str) -> UUID:
        return self.world.people[nick]

    # The acts.

    def pick(self, number: int, there: bool) -> str:
        """Somebody who is in the room, or is not; one in four times anybody."""
        fitting = [nick for nick in PEOPLE if (self.model.there(nick) is not None) == there]
        people = fitting if number % 4 and fitting else PEOPLE
        return people[number % len(people)]

    async def arrive(self, number: int, ago: int | None) -> None:
        nick = self.pick(number, there=False)
        text, came = self.model.meant(ago)
        house = nick if nick in HOUSES else "kim" if nick == "dina" and not self.model.voice("kim") else None
        refused = await self._as(
            lambda a, c: actions.arrive(c, a, self.world.meeting, Arrival(self.id_of(nick), at_local=text))
        )
        fits = self.model.free(nick, house, came)
        assert (refused is None) == fits, (refused, nick, house, came)
        if refused is None:
            self.model.stays.append({"who": nick, "house": house, "came": came, "left": None})

    async def stand_in(self, nick: str, member: str) -> None:
        refused = await self._as(
            lambda a, c: actions.arrive(
                c, a, self.world.meeting, Arrival(self.id_of(nick), member_id=self.id_of(member))
            )
        )
        own = (nick, member) == ("dina", "kim")
        assert (refused is None) == (own and self.model.free(nick, member, self.model.now)), refused
        if refused is None:
            self.model.stays.append({"who": nick, "house": member, "came": self.model.now, "left": None})

    async def leave(self, number: int, ago: int | None) -> None:
        nick = self.pick(number, there=True)
        text, left = self.model.meant(ago)
        stay = self.model.there(nick)
        refused = await self._as(
            lambda a, c: actions.leave(c, a, self.world.meeting, Departure(self.id_of(nick), text))
        )
        if stay and text and f"{stay['came'].astimezone(clock.BERLIN):%H:%M}" == text:
            left = stay["came"]
        assert (refused is None) == (stay is not None and left >= stay["came"]), (refused, stay, left)
        if refused is None and stay:
            stay["left"] = left

    async def swap(self, nick: str, stays: bool) -> None:
        house = nick if nick in HOUSES else "kim" if nick == "dina" else None
        before = self.model.voice(house) if house else None
        refused = await self._as(
            lambda a, c: actions.swap(c, a, self.world.meeting, Swap(self.id_of(nick), stays=stays))
        )
        assert (refused is None) == (before is not None and before["who"] != nick), (refused, before)
        if refused is None and before:
            listening = self.model.there(nick)
            for one in (listening, before):
                if one:
                    one["left"] = self.model.now
            self.model.stays.append({"who": nick, "house": house, "came": self.model.now, "left": None})
            if stays:
                self.model.stays.append(
                    {"who": before["who"], "house": None, "came": self.model.now, "left": None}
                )

    async def change_stay(self, number: int, first: int, second: int) -> None:
        rows = await meeting_store.list_stays(self.db, self.world.meeting)
        if not rows:
            return
        stay = rows[number % len(rows)]
        (one,) = [one for one in self.model.stays if self._same(one, stay)][:1]
        texts = [
            f"{(self.model.opened + timedelta(minutes=minutes)).astimezone(clock.BERLIN):%H:%M}"
            for minutes in (first, second)
        ]
        wanted = StayChange(texts[0], texts[1] if second else None)
        refused = await self._as(lambda a, c: actions.change_stay(c, a, stay.id, wanted))
        if refused is None:
            (now,) = [
                r for r in await meeting_store.list_stays(self.db, self.world.meeting) if r.id == stay.id
            ]
            assert f"{now.arrived_at.astimezone(clock.BERLIN):%H:%M}" == texts[0]
            assert (now.left_at is None) == (second == 0)
            assert all(
                self.model.opened - timedelta(hours=3) <= at <= self.model.now
                for at in (now.arrived_at, now.left_at)
                if at
            )
            one["came"], one["left"] = now.arrived_at, now.left_at

    async def drop_stay(self, number: int) -> None:
        rows = await meeting_store.list_stays(self.db, self.world.meeting)
        if not rows:
            return
        stay = rows[number % len(rows)]
        refused = await self._as(lambda a, c: actions.drop_stay(c, a, stay.id))
        assert refused is None, refused
        self.model.stays.remove(next(one for one in self.model.stays if self._same(one, stay)))

    def _same(self, one: dict[str, Any], stay: Any) -> bool:
        return (self.world.people[one["who"]], one["came"], one["left"], self.world.houses.get(one["house"])) == (
            stay.person_id, stay.arrived_at, stay.left_at, stay.authority_id,
        )  # fmt: skip

    async def call(self, number: int) -> None:
        item, now = self.item(number), self.model.current()
        fits = await self.status(item) in ("admitted", "on_agenda", "treated")
        refused = await self._as(lambda a, c: actions.call(c, a, self.world.meeting, item, Calling()))
        fits = fits and not (now and now["item"] == item) and not (now and self.model.ballot)
        assert (refused is None) == fits, refused
        if refused is None:
            self._called(item)

    async def next(self, number: int | None) -> None:
        item, now = self.item(number) if number is not None else None, self.model.current()
        fits = (
            now is not None
            if item is None
            else await self.status(item) in ("admitted", "on_agenda", "treated")
        )
        revision = await self.db.fetchval("select revision from meeting where id = $1", self.world.meeting)
        refused = await self._as(
            lambda a, c: actions.next_(c, a, self.world.meeting, Step(next_id=item), revision)
        )
        fits = fits and not (now and now["item"] == item) and not (now and self.model.ballot)
        assert (refused is None) == fits, refused
        if refused is None:
            if now:
                assert await self.status(now["item"]) == "treated"
            self._called(item)
            assert isinstance(
                await self._as(lambda a, c: actions.next_(c, a, self.world.meeting, Step(), revision)),
                errors.Stale,
            )

    def _called(self, item: UUID | None) -> None:
        if now := self.model.current():
            now["ended"] = self.model.now
        if item:
            self.model.calls.append({"item": item, "called": self.model.now, "ended": None})

    async def pause(self) -> None:
        refused = await self._as(lambda a, c: actions.pause(c, a, self.world.meeting))
        assert (refused is None) == (self.model.current() is not None and not self.model.ballot), refused
        if refused is None:
            self._called(None)

    async def extend(self, number: int, minutes: int) -> None:
        item = self.item(number)
        fits = await self.status(item) in ("admitted", "on_agenda", "treated")
        total = max(self.model.extra.get(item, 0) + minutes, 0)
        refused = await self._as(lambda a, c: actions.extend(c, a, item, Extension(minutes)))
        assert (refused is None) == (fits and total <= 600), refused
        if refused is None:
            self.model.extra[item] = total

    async def arrange(self, chance: random.Random) -> None:
        shells = await self.db.fetch(
            """
            select id, frozen from agenda_item
            where meeting_id = $1 and status in ('registered', 'admitted', 'on_agenda') order by "order"
            """,
            self.world.meeting,
        )
        wanted = [row["id"] for row in shells]
        chance.shuffle(wanted)
        revision = await self.db.fetchval("select revision from meeting where id = $1", self.world.meeting)
        if wanted:
            await self._as(lambda a, c: agenda.arrange(c, a, self.world.meeting, Plan(wanted), revision))

    async def late(self) -> None:
        """An item that nobody has sent: the service enters it as admitted, it waits for its call."""
        if len(self.items) < 12:
            await make.item(self.db, self.world.meeting, "Eilt")
            await self._list_items()

    async def adjourn(self, number: int) -> None:
        item, now = self.item(number), self.model.current()
        fits = await self.status(item) in ("admitted", "on_agenda", "adjourned")
        refused = await self._as(lambda a, c: agenda.adjourn(c, a, item, Adjournment()))
        at_vote = now is not None and now["item"] == item and self.model.ballot is not None
        assert (refused is None) == (fits and not at_vote), refused
        if refused is None and now and now["item"] == item:
            now["ended"] = self.model.now

    async def conclude(self, number: int, count: int) -> None:
        item = self.item(number)
        kind = await self.db.fetchval("select kind from agenda_content where item_id = $1", item)
        if kind == "miscellaneous":
            return
        if not self.model.stays:
            return
        most = self.model.most(item)
        wanted = Outcome(result="agreed", votes=Votes(consent=count) if count else None)
        refused = await self._as(lambda a, c: agenda.conclude(c, a, item, wanted))
        if count > most:
            assert refused is not None
        elif refused is not None:
            assert not isinstance(refused, errors.Invalid) or "consent" not in refused.fields, (count, most)

    async def open_ballot(self, number: int) -> None:
        item, now = self.item(number), self.model.current()
        refused = await self._as(
            lambda a, c: floor.open_ballot(c, a, item, NewBallot("Wir tun das.", kind="open"))
        )
        if refused is None:
            assert now and now["item"] == item and not self.model.ballot
            self.model.ballot = item
            self.ballot_id = await self.db.fetchval("select id from ballot where state = 'open'")

    async def cast(self, house: str) -> None:
        if self.ballot_id is None:
            return
        ballot = self.ballot_id
        vote = NewVote("consent", authority_id=self.world.houses[house])
        refused = await self._as(lambda a, c: floor.cast(c, a, ballot, vote))
        assert (refused is None) == (house in self.model.voices(self.model.now)), (refused, house)

    async def close_ballot(self, counted: bool) -> None:
        if self.ballot_id is None:
            return
        ballot = self.ballot_id
        if counted:
            refused = await self._as(lambda a, c: floor.close(c, a, ballot, BallotClosing("noted")))
        else:
            refused = await self._as(lambda a, c: floor.cancel(c, a, ballot))
            assert refused is None, refused
        if refused is None:
            self.ballot_id = self.model.ballot = None

    # What has to hold after each of them.

    async def compare(self) -> None:
        model, room = self.model, await self.room()
        told = [
            (self.world.nicks[one.person_id], one.authority_id and self.world.house_of[one.authority_id], one.arrived_at,
             one.left_at)
            for one in room.stays
        ]  # fmt: skip
        known = [(one["who"], one["house"], one["came"], one["left"]) for one in model.stays]
        assert sorted(told, key=str) == sorted(known, key=str)
        for at in {
            model.now,
            *(one["came"] for one in model.stays),
            *(one["left"] for one in model.stays if one["left"]),
        }:
            voices = await self.db.fetch("select * from voices_at($1, $2)", self.world.meeting, at)
            assert len(voices) == len({row[0] for row in voices}), "one voice a house at each instant"
            assert {self.world.house_of[row[0]] for row in voices} == model.voices(at)
        self.compare_quorum(room)
        await self.compare_attendance(room)
        self.compare_times(room)
        rows = await self.db.fetch(
            "select item_id, votes from agenda_content where meeting_id = $1 and votes is not null",
            self.world.meeting,
        )
        assert all(sum(msgspec.json.decode(row["votes"]).values()) <= 5 for row in rows)

    async def room(self) -> Room:
        who = Caller(self.world.tokens["mona"], self.model.now)
        async with self.world.one.read() as connection:
            answer = await store.get_room(connection, who, self.world.meeting)
        return msgspec.json.decode(answer.body, type=Room)

    def compare_quorum(self, room: Room) -> None:
        voices = self.model.voices(self.model.now)
        found = rules.quorum_at(room, self.model.now)
        if self.model.stays:
            assert (found.present, found.met) == (len(voices), len(voices) >= 3)
            typed = meeting_rules.quorum(room.attendance, room.members, room.editions)
            assert typed.present == len({one["house"] for one in self.model.stays if one["house"]})

    async def compare_attendance(self, room: Room) -> None:
        """Who is in the attendance is who was in the room, each once, in their own line or in that of the member."""
        if not self.model.stays:
            return
        people = [one.person_id for one in room.attendance if one.status != "excused"]
        people += [one.represented_by for one in room.attendance if one.represented_by]
        met = {self.id_of(one["who"]) for one in self.model.stays}
        assert met <= set(people)
        assert {one for one in people if one not in met} <= {
            one.person_id for one in room.attendance if one.status == "represented"
        }
        present = {one.person_id for one in room.attendance if one.status == "present"}
        assert {self.id_of(one["who"]) for one in self.model.stays if one["house"] == one["who"]} <= present
        for one in room.attendance:
            theirs = [
                s for s in self.model.stays if self.id_of(s["who"]) == (one.represented_by or one.person_id)
            ]
            voices = [s for s in theirs if s["house"]]
            if one.status in ("present", "represented"):
                assert voices
                came = min(s["came"] for s in voices)
                assert one.from_local == (
                    f"{came.astimezone(clock.BERLIN):%H:%M}" if came > self.model.opened else None
                )
            elif one.status in ("guest", "office"):
                assert theirs and not voices

    def compare_times(self, room: Room) -> None:
        model = self.model
        told_calls = [(one.item_id, one.called_at, one.ended_at) for one in room.calls]
        known_calls = [(one["item"], one["called"], one["ended"]) for one in model.calls]
        assert sorted(told_calls, key=str) == sorted(known_calls, key=str)
        assert sum(one.ended_at is None for one in room.calls) <= 1
        now, expected = rules.current(room), model.current()
        assert (now.id if now else None) == (expected["item"] if expected else None)
        spent = sum(
            ((one["ended"] or model.now) - one["called"] for one in model.calls), timedelta()
        ).total_seconds()
        told = sum(rules.used(room, item.id, model.now) for item in room.agenda)
        assert told * 60 == spent <= (model.now - model.opened).total_seconds()
        assert {item: minutes for item, minutes in model.extra.items() if minutes} == room.extra
        slots = [rules.slot(room, item, model.now) for item in room.agenda]
        forecast = rules.forecast(room, model.now)
        assert all(one.rest >= 0 and one.used >= 0 for one in slots)
        assert forecast.rest >= 0 and forecast.passed * 60 == (model.now - model.opened).total_seconds()
        following = rules.following(room)
        assert following is None or (following.status in ("admitted", "on_agenda") and following != now)

    async def compare_end(self) -> None:
        for one in self.model.stays:
            one["left"] = one["left"] or self.model.now
        if now := self.model.current():
            now["ended"] = self.model.now
        room = await self.room()
        assert room.state == "held" and room.ended_at == self.model.now
        assert all(one.left_at for one in room.stays) and all(one.ended_at for one in room.calls)
        self.compare_times(room)
        async with self.world.one.begin(None) as connection:
            content = msgspec.convert(await minutes_store.content(connection, self.world.meeting), Content)
        met = {one["who"] for one in self.model.stays}
        spoke = {one["who"] for one in self.model.stays if one["house"]}
        named = {self.world.nicks[one.person_id] for one in content.attendance if one.status != "excused"}
        if met:
            assert named - met <= {"kim"}, "a member who was represented"
            assert met - named <= {"dina"}, "who represented them"
        for item in content.items:
            spans = [
                (one["called"], one["ended"])
                for one in self.model.calls
                if one["item"] == item.id and one["called"] < one["ended"]
            ]
            if not spans:
                assert item.presence == []
                continue
            absent = {move.name for move in item.presence if move.kind == "absent"}
            assert len(absent) == sum(
                not any(
                    stay["who"] == nick
                    and stay["came"] < end
                    and stay["left"] > begin
                    and stay["came"] < stay["left"]
                    for stay in self.model.stays
                    for begin, end in spans
                )
                for nick in spoke
            )
            assert all(line.endswith(".") for line in minutes_rules.presence_lines(item.presence))


@settings(
    max_examples=EXAMPLES, deadline=None, derandomize=EXAMPLES <= 25, phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)  # fmt: skip
@given(MEETINGS)
def test_a_meeting_is_what_its_acts_make_it(world: World, meeting: tuple[datetime, list[Any]]) -> None:
    opened, acts = meeting
    world.run(opened, acts)
