"""The room of an instant as its pages draw it: pure functions of a `Room` and the office's time.

A `Room` holds what its reader may see, and what it does not hold is not drawn. What many open pages share is cut down to
what all of them may see (`as_seen`), whoever it was read for.
"""

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from math import cos, pi, sin
from typing import Literal
from uuid import UUID

import msgspec

from circle.core import calendar
from circle.core.clock import BERLIN

from .. import rules as meetings
from ..agenda.model import AgendaItem
from . import rules
from .model import Expected, Presence, Room, Slot, Stay

State = Literal["done", "now", "open", "off"]
Group = Literal["voice", "office", "guest"]
OFF = ("withdrawn", "removed", "adjourned")
BLANK: dict[str, None] = dict.fromkeys(
    ("description", "aim", "kind", "rapporteur_id", "rapporteur_name", "submitted_by_id", "submitted_by_name",
     "authority_id", "authority_name", "planned_minutes", "return_reason", "minutes", "result", "resolution_text",
     "votes", "reservations", "named", "papers", "adjourned_to", "adjourned_to_reference"),
)  # fmt: skip
"""What is null of an item whose content is not open."""
ANSWERS = {
    "in_person": "kommt vor Ort",
    "online": "kommt online",
    "coming": "kommt",
    "represented": "lässt sich vertreten",
    "declined": "hat abgesagt",
    "tentative": "noch unsicher",
}
PLACES = {"on_site": "vor Ort", "online": "online"}
RADIUS = 42


class Line(msgspec.Struct, frozen=True):
    """An item with its time; `due` is when it is to begin (HH:MM), as far as that can be said."""

    item: AgendaItem
    state: State
    slot: Slot
    due: str

    @property
    def name(self) -> str:
        """How it is called in words: TOP 4, or its title while it has no number."""
        return f"TOP {self.item.number}" if self.item.number else self.item.title

    @property
    def planned(self) -> int | None:
        """Minutes with those given in the meeting; None when the reader may not see them."""
        return self.slot.planned

    @property
    def used(self) -> int:
        """Whole minutes used so far."""
        return self.slot.used

    @property
    def over(self) -> int:
        """Minutes used beyond the plan."""
        return max(self.used - self.planned, 0) if self.planned is not None else 0

    @property
    def left(self) -> int | None:
        """Minutes left of the plan; None when the reader may not see it."""
        return None if self.planned is None else max(self.planned - self.used, 0)

    @property
    def under_way(self) -> bool:
        """Whether time was spent on it."""
        return self.used > 0 or self.state in ("now", "done")


class Scene(msgspec.Struct, frozen=True):
    """What every view of a room shows."""

    now: datetime
    lines: list[Line]
    current: Line | None
    next: Line | None
    back: Line | None
    """The item that was dealt with last before this one, to go back to."""
    position: int
    """The place of the current item among those to be dealt with, from 1; 0 without one."""
    used: int
    planned: int
    forecast: meetings.Forecast
    quorum: meetings.Quorum
    on_site: int
    online: int
    standing_in: int
    houses: list[str]
    """Names of the houses whose voice is there."""
    missing: list[str]

    @property
    def count(self) -> int:
        """How many items there are to deal with."""
        return sum(line.state != "off" for line in self.lines)

    @property
    def begun(self) -> bool:
        """Whether an item was called up, as far as the reader knows."""
        return (
            self.current is not None
            or self.back is not None
            or any(line.state == "done" for line in self.lines)
        )

    @property
    def pause(self) -> bool:
        """Whether nothing is called up, after something was and while something waits."""
        return self.current is None and self.next is not None and self.begun


def scene(room: Room, now: datetime) -> Scene:
    """The room at `now` (aware), or as it was when the meeting was closed."""
    at = room.ended_at or now
    lines = _lines(room, at)
    current = next((line for line in lines if line.state == "now"), None)
    following = rules.following(room)
    last = rules.last_instant(room, now)
    voices = [one for one in rules.there(room.stays, last) if one.authority_id]
    there = {one.authority_id for one in voices}
    counted = [line for line in lines if line.state != "off"]
    return Scene(
        now=now,
        lines=lines,
        current=current,
        next=next((line for line in lines if following and line.item.id == following.id), None),
        back=_back(room, lines, current),
        position=counted.index(current) + 1 if current in counted else 0,
        used=sum(line.used for line in counted),
        planned=sum(line.planned or 0 for line in counted),
        forecast=rules.forecast(room, now),
        quorum=rules.quorum_at(room, last),
        on_site=sum(one.mode == "on_site" for one in voices),
        online=sum(one.mode == "online" for one in voices),
        standing_in=sum(one.member_id is not None for one in voices),
        houses=[one.authority_name for one in room.members if one.authority_id in there],
        missing=[one.authority_name for one in room.members if one.authority_id not in there],
    )


def is_beginning(scene: Scene) -> bool:
    """Whether form and time of the invitation are still to be spoken of: until the first item is dealt with."""
    return scene.position <= 1 and all(line.state != "done" for line in scene.lines)


def _lines(room: Room, at: datetime) -> list[Line]:
    now = rules.current(room)
    due: datetime | None = (
        at if room.started_at else calendar.parse_local(room.date, room.start_local, room.time_zone)
    )
    found: list[Line] = []
    for item in room.agenda:
        if item.status in ("registered", "returned"):
            continue
        state: State = "done" if item.status == "treated" else "off" if item.status in OFF else "open"
        if now and item.id == now.id:
            state = "now"
        slot = rules.slot(room, item, at)
        told = clock(due) if state == "open" and not room.ended_at else ""
        if state in ("now", "open"):
            due = due + timedelta(minutes=slot.rest) if due and slot.planned is not None else None
        found.append(Line(item, state, slot, told))
    return found


def _back(room: Room, lines: list[Line], current: Line | None) -> Line | None:
    called = [call.item_id for call in room.calls if call.ended_at]
    last = next((item_id for item_id in reversed(called) if not current or item_id != current.item.id), None)
    return next((line for line in lines if line.item.id == last and line.state != "off"), None)


def as_seen(room: Room, keys: Collection[str]) -> Room:
    """The room as everybody with these keys sees it, whoever it was read for: what needs another key is blank.

    Open are the items and papers of the circle's level, which every view of the meeting may hold, and confidential ones
    with their own key. Documents are not named: each is opened by its own readers.
    """
    agenda = [_seen(item, keys) for item in room.agenda if item.status not in ("registered", "returned")]
    shut = {item.id for item in agenda if not item.open}
    calls = [
        msgspec.structs.replace(call, called_at=None) if call.item_id in shut else call
        for call in room.calls
        if call.item_id not in shut or call.ended_at is None
    ]
    extra = {item_id: minutes for item_id, minutes in room.extra.items() if item_id not in shut}
    return msgspec.structs.replace(room, agenda=agenda, calls=calls, extra=extra)


def _seen(item: AgendaItem, keys: Collection[str]) -> AgendaItem:
    own = {f"named:{item.id}", f"expert:{item.id}"}
    if item.confidentiality == "confidential" and own.isdisjoint(keys):
        return msgspec.structs.replace(item, title="Vertraulicher Tagesordnungspunkt", **BLANK)
    papers = [
        msgspec.structs.replace(paper, document_id=None, document_reference=None)
        for paper in item.papers or []
        if not own.isdisjoint(keys)
        or (
            paper.confidentiality != "confidential"
            and not {"circle", f"papers:{item.meeting_id}"}.isdisjoint(keys)
        )
    ]
    return msgspec.structs.replace(item, papers=papers, minutes=None) if item.open else item


def keys_for(keys: Iterable[str], meeting_id: UUID) -> list[str]:
    """Those of somebody's keys that can open anything of a meeting, in order: equal ones see the same."""
    own = {"circle", f"meeting:{meeting_id}", f"papers:{meeting_id}"}
    return sorted(key for key in keys if key in own or key.startswith(("named:", "expert:")))


class Person(msgspec.Struct, frozen=True):
    """Somebody in the list of attendance: in the room by `stay`, or expected. `words` say how they stand."""

    person_id: UUID
    name: str
    house: str
    group: Group
    stay: Stay | None
    member_id: UUID | None
    mode: Presence
    words: str
    ticked: bool

    @property
    def value(self) -> str:
        """As a tick of the form that opens the meeting says it; `arrival` reads it."""
        return ",".join(map(str, filter(None, (self.person_id, self.mode, self.member_id))))


def people(room: Room, expected: Iterable[Expected]) -> list[Person]:
    """Who is there and who may still come: the houses first, then the office, then guests."""
    found = [_here(stay) for stay in rules.there(room.stays)] + [_awaited(one, room) for one in expected]
    order: list[Group] = ["voice", "office", "guest"]
    return sorted(found, key=lambda one: (order.index(one.group), one.house, one.name))


def _here(stay: Stay) -> Person:
    words = f"{PLACES[stay.mode]} seit {clock(stay.arrived_at)}"
    if stay.member_name:
        words += f", vertritt {stay.member_name}"
    group: Group = "voice" if stay.authority_id else "office" if stay.office else "guest"
    return Person(
        stay.person_id, stay.name, stay.house_name, group, stay, stay.member_id, stay.mode, words, True
    )


def _awaited(one: Expected, room: Room) -> Person:
    last = next((stay for stay in reversed(room.stays) if stay.person_id == one.person_id), None)
    words = [f"vertritt {one.member_name}"] if one.member_name else []
    if last and last.left_for:
        words.append(f"hinausgebeten um {clock(last.left_at)}")
    elif last:
        words.append(f"da von {clock(last.arrived_at)} bis {clock(last.left_at)}")
    elif one.answer:
        words.append(ANSWERS.get(one.answer, ""))
    elif one.voice and not one.member_name:
        words.append("keine Rückmeldung")
    group: Group = "voice" if one.voice else "office" if one.office else "guest"
    coming = one.answer in ("in_person", "online", "coming") or one.member_id is not None
    return Person(
        one.person_id, one.name, one.house_name, group, None, one.member_id, one.mode,
        ", ".join(filter(None, words)), coming,
    )  # fmt: skip


def announced(scene: Scene, people: Iterable[Person]) -> Scene:
    """Before a meeting begins the ring counts the houses that have said that they come, as the ticks show them."""
    houses = {one.house for one in people if one.group == "voice" and one.ticked}
    quorum = msgspec.structs.replace(
        scene.quorum, present=len(houses), met=len(houses) >= scene.quorum.needed
    )
    return msgspec.structs.replace(scene, quorum=quorum)


def arrival(value: str) -> dict[str, str]:
    """What a tick says, as the fields of an arrival."""
    person, mode, member = [*value.split(","), "", ""][:3]
    return {"person_id": person, "mode": mode} | ({"member_id": member} if member else {})


def modes(room: Room) -> list[Presence]:
    """The ways in which somebody can be there, the usual one first."""
    ways: dict[str, list[Presence]] = {"in_person": ["on_site"], "online": ["online"]}
    return ways.get(room.mode, ["on_site", "online"])


def clock(instant: datetime | None) -> str:
    """An instant as HH:MM on the wall of the room."""
    return f"{instant.astimezone(BERLIN):%H:%M}" if instant else ""


def arc(present: int, houses: int) -> str:
    """The dash pattern that draws a share of the ring."""
    whole = 2 * pi * RADIUS
    return f"{whole * min(present / houses, 1) if houses else 0:.1f} {whole:.1f}"


def notch(needed: int, houses: int) -> list[str]:
    """From where to where the mark of the quorum goes on the ring: x1, y1, x2, y2 in a box of 100."""
    turn = 2 * pi * (min(needed / houses, 1) if houses else 0) - pi / 2
    return [f"{50 + radius * part:.1f}" for radius in (34, 50) for part in (cos(turn), sin(turn))]
