"""What people do with absences: enter, change, call off. Rights follow from the dates (domain rules 3.2)."""

from datetime import date
from typing import Any
from uuid import UUID

import asyncpg
import msgspec

from circle.core import audit, errors, jobs
from circle.core.auth import Actor
from circle.core.db import Connection

from . import rules, store
from .letters import News
from .model import AbsenceChange, NewTime


async def enter(db: Connection, actor: Actor, person_id: UUID, new: NewTime) -> UUID:
    """Enter that a commissioner is away and who acts meanwhile. They do, their assistant, or the office.

    Whom somebody else enters is told by mail, and the deputy always is. Returns the id. Raises NotFound, Forbidden (also for the deputy), Invalid (dates, deputy), and Conflict when another absence overlaps.
    """
    house = None
    if "internal" in actor.keys:
        house = await store.find_house(db, person_id, list(actor.keys), actor.today)
    if house is None:
        raise errors.NotFound(me=actor.card)
    rules.require_keeper(actor, person_id, house)
    rules.require_another(actor, new.deputy_id)
    rules.require_period(new.starts_on, new.ends_on, actor.today)
    if new.meeting_id:
        meeting = await store.find_meeting(db, list(actor.keys), new.meeting_id)
        rules.require_meeting_day(meeting["date"] if meeting else None, new.starts_on, new.ends_on)
    await _require_persons(db, person_id, new.deputy_id, house, new.starts_on, new.ends_on)
    absence_id = await store.insert(db, person_id, new.deputy_id, new.starts_on, new.ends_on, new.meeting_id)
    await audit.record(
        db,
        actor,
        "absence.entered",
        "absence",
        absence_id,
        **({"person_id": person_id} | msgspec.structs.asdict(new)),
    )
    await _tell(db, actor, absence_id)
    await _tell_deputy(db, "entered", absence_id, 1, person_id, new.deputy_id, new.starts_on, new.ends_on)
    return absence_id


async def change(db: Connection, actor: Actor, absence_id: UUID, new: AbsenceChange, expected: int) -> None:
    """Change days or deputy; of what has begun only the last day. Raises Stale, Invalid and Conflict."""
    found = await _locked(db, actor, absence_id)
    _require_current(found, expected)
    values = {
        name: found[name] if value is msgspec.UNSET else value
        for name, value in msgspec.structs.asdict(new).items()
    }
    rules.require_another(actor, values["deputy_id"])
    if found["starts_on"] <= actor.today:
        fixed = values["starts_on"] == found["starts_on"] and values["deputy_id"] == found["deputy_id"]
        rules.require_change(found["starts_on"], found["ends_on"], fixed, values["ends_on"], actor.today)
    rules.require_period(
        values["starts_on"], values["ends_on"], min(actor.today, found["starts_on"])
        if values["starts_on"] == found["starts_on"] else actor.today,
    )  # fmt: skip
    if found["meeting_id"] and (values["starts_on"], values["ends_on"]) != (
        found["starts_on"],
        found["ends_on"],
    ):
        rules.require_meeting_day(found["starts_on"], values["starts_on"], values["ends_on"])
    await _require_persons(db, found["person_id"], house=found["authority_id"], **values)
    if not await store.update(db, absence_id, expected, **values):
        raise errors.Stale(current=_state(found))
    changed: dict[str, Any] = {
        name: [found[name], values[name]] for name in values if values[name] != found[name]
    }
    await audit.record(db, actor, "absence.changed", "absence", absence_id, **changed)
    await _tell(db, actor, absence_id)
    about = absence_id, expected + 1, found["person_id"]
    if "deputy_id" in changed:
        await _tell_deputy(db, "withdrawn", *about, found["deputy_id"], found["starts_on"], found["ends_on"])
        await _tell_deputy(db, "entered", *about, **values)
    elif changed:
        await _tell_deputy(db, "changed", *about, **values)


async def call_off(db: Connection, actor: Actor, absence_id: UUID, expected: int | None = None) -> None:
    """Call an absence off (Abwesenheit aufheben): what lies ahead goes, what runs ends today.

    What is past stays, for it says who was entitled: Conflict.
    """
    found = await _locked(db, actor, absence_id)
    _require_current(found, expected)
    rules.require_not_over(found["ends_on"], actor.today)
    about = absence_id, found["revision"] + 1, found["person_id"], found["deputy_id"], found["starts_on"]
    if found["starts_on"] > actor.today:
        await store.delete(db, absence_id)
        await _tell_deputy(db, "withdrawn", *about, found["ends_on"])
    else:
        await store.update(
            db, absence_id, found["revision"], found["deputy_id"], found["starts_on"], actor.today
        )
        if found["ends_on"] != actor.today:
            await _tell_deputy(db, "changed", *about, actor.today)
    await audit.record(
        db, actor, "absence.called_off", "absence", absence_id, person_id=found["person_id"], **_state(found)
    )


async def _tell(db: Connection, actor: Actor, absence_id: UUID) -> None:
    """Tell the commissioner by mail who acts for them and when, unless they entered it themselves."""
    if await store.is_of(db, absence_id, actor.person_id):
        return
    await jobs.enqueue(db, "distribution.tell_absence", absence_id=absence_id, by_id=actor.person_id)


async def _tell_deputy(
    db: Connection, news: News, absence_id: UUID, revision: int, person_id: UUID, deputy_id: UUID, starts_on: date,
    ends_on: date,
) -> None:  # fmt: skip
    """Tell the deputy by mail for whom and when they act; the days go along, for what is called off leaves no row."""
    await jobs.enqueue(
        db, "distribution.tell_deputy", news=news, absence_id=absence_id, revision=revision, person_id=person_id,
        deputy_id=deputy_id, starts_on=starts_on, ends_on=ends_on,
    )  # fmt: skip


async def _locked(db: Connection, actor: Actor, absence_id: UUID) -> asyncpg.Record:
    """The held row of an absence that the actor may see and keep."""
    found = await store.lock(db, absence_id, actor)
    if found is None:
        raise errors.NotFound(me=actor.card)
    rules.require_keeper(actor, found["person_id"], found["authority_id"])
    rules.require_another(actor, found["deputy_id"])
    return found


async def _require_persons(
    db: Connection, person_id: UUID, deputy_id: UUID, house: UUID, starts_on: date, ends_on: date
) -> None:
    rules.require_persons(
        person_id,
        deputy_id,
        await store.is_appointed(db, person_id, house, "commissioner", starts_on, ends_on),
        await store.is_appointed(db, deputy_id, house, "deputy", starts_on, ends_on),
    )


def _require_current(found: asyncpg.Record, expected: int | None) -> None:
    if expected is not None and expected != found["revision"]:
        raise errors.Stale(current=_state(found))


def _state(found: asyncpg.Record) -> dict[str, Any]:
    return {name: found[name] for name in ("deputy_id", "starts_on", "ends_on", "revision")}
