"""The sheets that lie open in this process, and who sits at them.

A sheet is taken in hand by one at a time. What somebody typed is kept first (`actions.write`: rights, log, text, one
transaction), then given to the others and acknowledged: what a page calls saved is committed. When keeping fails, the
sheet is thrown away, for it may know what nobody kept, and the page comes again with what was not acknowledged.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import asyncpg
import msgspec
import prometheus_client
import structlog

from circle.core import auth, clock, errors, live
from circle.core.clock import Clock
from circle.core.db import Caller, Database

from . import actions, store
from .model import Page, Update
from .sheet import Sheet

LARGEST = 512 * 1024
"""Bytes of one message: a pasted text, or an hour's writing without a connection."""
MOST_SEATS = 64
"""Open pages of one item in one process."""
BACKLOG = 512
"""Messages that wait for a page that does not take them; beyond it the page has to come again."""
HEAVIEST = 2 * 1024 * 1024
"""Bytes that wait so, characters of what is said to people; for a page that has taken everything it may be more at once."""
WRITING = 20.0
"""Seconds for which somebody is said to write after the last word."""
AWAY = (errors.Unavailable, asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError)

WRITERS = prometheus_client.Gauge("circle_writers", "Open pages on which minutes are written.")
log = structlog.get_logger("circle.writing")


class Kind:
    """The first byte of a message, in both directions; what says something to people is JSON text."""

    STATE = 0
    """From a page: what it knows. From here: what it lacks."""
    UPDATE = 1
    KNOWN = 2
    """From here: what is known, so that the page sends what is not."""


class Seat:
    """An open page of somebody."""

    def __init__(self, caller: Caller, page: Page, person_id: UUID | None) -> None:
        self.caller, self.page, self.person_id = caller, page, person_id
        self.waiting: asyncio.Queue[bytes | str] = asyncio.Queue(BACKLOG)
        self.weight = 0
        self.full = asyncio.Event()
        self.has_written = False
        self.others: list[str] = []

    def give(self, *messages: bytes | str) -> None:
        """Something for the page, in order. One that takes nothing is told to come again."""
        weight = sum(len(message) for message in messages)
        if self.weight and self.weight + weight > HEAVIEST:
            self.full.set()
            return
        try:
            for message in messages:
                self.waiting.put_nowait(message)
                self.weight += len(message)
        except asyncio.QueueFull:
            self.full.set()

    async def take(self) -> bytes | str:
        """The next message for the page; waits for one."""
        message = await self.waiting.get()
        self.weight -= len(message)
        return message


class _Open:
    """A sheet in use. `sheet` None: to be read anew; then the pages get the whole of it."""

    def __init__(self, item_id: UUID) -> None:
        self.item_id = item_id
        self.lock = asyncio.Lock()
        self.sheet: Sheet | None = None
        self.seats: set[Seat] = set()
        self.users = 0
        self.wrote: dict[UUID, tuple[str, float]] = {}
        self.behind = False
        self.untold, self.told_at = False, 0.0
        self.tasks: set[asyncio.Task[None]] = set()

    def start(self, work: Any) -> None:
        """Something to be done beside, kept from the garbage collector."""
        task = asyncio.create_task(work)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)


class Desk:
    """All sheets of this process."""

    def __init__(self, database: Database, hub: live.Hub, office: Clock) -> None:
        self._database, self._hub, self._clock = database, hub, office
        self._open: dict[UUID, _Open] = {}

    @asynccontextmanager
    async def seat(self, caller: Caller, item_id: UUID, reference: str) -> AsyncIterator[Seat]:
        """Sit down at an item. Raises NotSignedIn, NotFound, Forbidden and Conflict as writing does,
        and Unavailable when too many sit there."""
        opened = self._open.setdefault(item_id, _Open(item_id))
        opened.users += 1
        try:
            with self._hub.hearing(actions.topic(item_id), lambda said: self._hear(opened, said)):
                async with opened.lock, self._in_hand(opened, caller) as (db, sheet):
                    actor = await auth.actor(db, caller)
                    page, fresh = await actions.begin(db, actor, item_id, sheet, reference)
                self._share(opened, fresh)
                if len(opened.seats) >= MOST_SEATS:
                    raise errors.Unavailable
                seat = Seat(caller, page, actor.person_id)
                opened.seats.add(seat)
                try:
                    with WRITERS.track_inprogress():
                        yield seat
                finally:
                    opened.seats.discard(seat)
        finally:
            opened.users -= 1
            if not opened.users:
                del self._open[item_id]

    async def answer(self, seat: Seat, message: bytes) -> None:
        """Do what a message of a page asks. Raises Invalid for what is none, and what writing raises."""
        if not 1 < len(message) <= LARGEST or message[0] not in (Kind.STATE, Kind.UPDATE):
            raise errors.Invalid("Diese Nachricht ist nicht lesbar.")
        opened, content = self._open[seat.page.item_id], message[1:]
        caller = msgspec.structs.replace(seat.caller, now=self._clock.now())
        async with opened.lock:
            if message[0] == Kind.STATE:
                async with self._in_hand(opened, caller) as (db, sheet):
                    actor = await auth.actor(db, caller)
                    fresh = await actions.catch_up(db, actor, opened.item_id, sheet)
                try:
                    lacking = sheet.since(content)
                except ValueError as error:
                    raise errors.Invalid("Diese Nachricht ist nicht lesbar.") from error
                seat.give(bytes([Kind.STATE]) + lacking, bytes([Kind.KNOWN]) + sheet.state())
                self._share(opened, fresh)
                return
            async with self._in_hand(opened, caller) as (db, sheet):
                actor = await auth.actor(db, caller)
                first, item_id = not seat.has_written, opened.item_id
                fresh = await actions.write(db, actor, item_id, sheet, content, first=first)
            seat.has_written = True
            self._share(opened, fresh, seat)
        local = caller.now.astimezone(clock.BERLIN)
        seat.give(msgspec.json.encode({"saved": f"{local:%H:%M:%S}"}).decode())
        self._tell_readers(opened, seat.page.meeting_id)

    async def look(self, seat: Seat) -> None:
        """Ask for the rights anew, every other second, and mend what was not heard. Raises what writing raises."""
        opened = self._open[seat.page.item_id]
        caller = msgspec.structs.replace(seat.caller, now=self._clock.now(), quiet=True)
        try:
            async with self._database.read() as db:
                found = await store.get(db, caller, seat.page.item_id, seat.page.reference)
        except AWAY:
            return
        page = actions.require_writer(found)
        if opened.sheet is None or opened.sheet.text != page.text:
            self._hear(opened, "")
        self._present(opened)

    def _hear(self, opened: _Open, said: str) -> None:
        """Another process kept something, or somebody changed the text elsewhere; nothing said: perhaps."""
        known = opened.sheet.last if opened.sheet is not None else 0
        if opened.behind or (said.isdecimal() and int(said) <= known):
            return
        opened.behind = True
        opened.start(self._follow(opened))

    async def _follow(self, opened: _Open) -> None:
        try:
            async with opened.lock:
                opened.behind = False
                async with self._in_hand(opened, None) as (db, sheet):
                    service = auth.service(self._clock.now())
                    fresh = await actions.catch_up(db, service, opened.item_id, sheet)
                self._share(opened, fresh)
        except Exception as error:
            # The next look tries again; a task that dies silently would leave the pages behind for good.
            opened.behind = False
            log.warning("writing.behind", kind=type(error).__name__)

    @asynccontextmanager
    async def _in_hand(self, opened: _Open, caller: Caller | None) -> AsyncIterator[tuple[Any, Sheet]]:
        """The sheet in a transaction; it is thrown away when that fails, whatever the reason."""
        before, sheet = opened.sheet, opened.sheet or Sheet()
        opened.sheet = None
        async with self._database.begin(caller) as db:
            yield db, sheet
        opened.sheet = sheet
        if before is None:
            # Whatever was typed while there was no sheet: who has it already, learns nothing new.
            whole = bytes([Kind.UPDATE]) + sheet.since(None)
            for seat in opened.seats:
                seat.give(whole)

    def _share(self, opened: _Open, fresh: list[Update], by: Seat | None = None) -> None:
        """Give the pages what is new; the page that wrote the last of it has that."""
        now = asyncio.get_running_loop().time()
        for update in fresh:
            message = bytes([Kind.UPDATE]) + update.update
            for seat in opened.seats:
                if seat is not by or update is not fresh[-1]:
                    seat.give(message)
        for update in fresh[-50:] if opened.seats else []:
            if update.person_id and update.name:
                opened.wrote[update.person_id] = (update.name, now)
        self._present(opened)

    def _present(self, opened: _Open) -> None:
        """Say on each page who else writes."""
        now = asyncio.get_running_loop().time()
        opened.wrote = {key: one for key, one in opened.wrote.items() if now - one[1] < WRITING}
        for seat in opened.seats:
            others = sorted(name for key, (name, _) in opened.wrote.items() if key != seat.person_id)
            if others != seat.others:
                seat.others = others
                seat.give(msgspec.json.encode({"others": others}).decode())

    def _tell_readers(self, opened: _Open, meeting_id: UUID) -> None:
        """Wake who reads along, as often as a page is drawn, for people type faster than others read."""
        if opened.untold:
            return
        opened.untold = True

        async def tell() -> None:
            now = asyncio.get_running_loop().time()
            await asyncio.sleep(max(opened.told_at + live.PACE - now, 0))
            opened.untold, opened.told_at = False, asyncio.get_running_loop().time()
            try:
                async with self._database.begin(None) as db:
                    await live.tell(db, f"meeting:{meeting_id}")
            except AWAY as error:
                # Readers look by themselves every other second.
                log.warning("writing.untold", kind=type(error).__name__)

        opened.start(tell())
