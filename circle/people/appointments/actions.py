"""What people do with appointments: enter, correct, end, succeed, annul; make them known; tell the ministry."""

from datetime import date
from typing import Any
from uuid import UUID

import asyncpg
import msgspec

from circle.core import access, audit, calendar, errors, files, jobs
from circle.core.auth import Actor
from circle.core.db import Connection, for_the_record
from circle.people.accounts import store as accounts

from . import rules, store
from .letters import NoticePrint
from .model import (
    Annulment,
    Consequences,
    Correction,
    Ending,
    NewAppointment,
    NewAttachment,
    NewMinistry,
    NewProof,
    ProofWithdrawal,
    Succession,
)


async def enter(db: Connection, actor: Actor, new: NewAppointment) -> UUID:
    """Enter an order by which a house appoints its commissioner or deputy (decree Nr. 3 S. 1). The office does.

    Returns the id. Raises Forbidden (also for one's own), Invalid (dates, person, house), Conflict (the house is taken
    in that time).
    """
    access.require(actor, "appointments.register")
    rules.require_another(actor, new.person_id)
    rules.require_period(new.valid_from, new.valid_to, new.order_date, actor.today)
    rules.require_confirmed(new.requirements_confirmed_on, actor.today)
    await _require_appointable(db, new.person_id, new.authority_id)
    await _require_room(db, new.person_id, new.authority_id, new.kind, new.valid_from, new.valid_to)
    appointment_id = await store.insert(db, **msgspec.structs.asdict(new))
    await audit.record(
        db, actor, "appointment.entered", "appointment", appointment_id, new.file_reference, kind=new.kind,
        valid_from=new.valid_from, valid_to=new.valid_to,
    )  # fmt: skip
    return appointment_id


async def correct(db: Connection, actor: Actor, appointment_id: UUID, new: Correction, expected: int) -> None:
    """Correct order, dates or the tick that the requirements were checked. The office does; the record keeps both.

    Raises Stale, Invalid, and Conflict when it would reach into the time of predecessor, successor or another, or take
    away the day of a meeting attended.
    """
    found = await _locked(db, actor, appointment_id)
    rules.require(actor, "appointments.register", found["authority_id"])
    rules.require_another(actor, found["person_id"])
    _require_current(found, expected)
    values = {
        name: found[name] if value is msgspec.UNSET else value
        for name, value in msgspec.structs.asdict(new).items()
        if name != "reason"
    }
    rules.require_period(values["valid_from"], values["valid_to"], values["order_date"], actor.today)
    rules.require_confirmed(values["requirements_confirmed_on"], actor.today)
    before = await store.find_predecessor_end(db, appointment_id)
    after = await store.find_successor_start(db, appointment_id)
    if before and values["valid_from"] <= before:
        raise _taken(
            "valid_from",
            f"Die Vorgängerin oder der Vorgänger ist bis {calendar.date_short(before)} bestellt.",
        )
    if after and (values["valid_to"] is None or values["valid_to"] >= after):
        raise _taken("valid_to", f"Die Nachfolge beginnt am {calendar.date_short(after)}.")
    await _require_room(
        db, found["person_id"], found["authority_id"], found["kind"], values["valid_from"], values["valid_to"],
        but=appointment_id,
    )  # fmt: skip
    field = "valid_from" if values["valid_from"] != found["valid_from"] else "valid_to"
    await _require_past_kept(db, actor, found, (values["valid_from"], values["valid_to"]), new.reason, field)
    if not await store.update(db, appointment_id, expected, **values, succeeded_by=found["succeeded_by"]):
        raise errors.Stale(current=_state(found))
    changed = {name: [found[name], values[name]] for name in values if values[name] != found[name]}
    await audit.record(
        db,
        actor,
        "appointment.corrected",
        "appointment",
        appointment_id,
        values["file_reference"],
        **changed,
        **_why(new.reason),
    )


async def end(
    db: Connection, actor: Actor, appointment_id: UUID, wanted: Ending, expected: int | None = None
) -> None:
    """End an appointment with the end of a day (Bestellung beenden). The office does.

    Rights end at 00:00 of the next day, because they are computed from the dates. An end in the past needs a reason, and
    takes away no day of a meeting attended.
    """
    found = await _locked(db, actor, appointment_id)
    rules.require(actor, "appointments.register", found["authority_id"])
    rules.require_another(actor, found["person_id"])
    _require_current(found, expected)
    rules.require_end(
        found["valid_from"],
        found["valid_to"],
        found["succeeded_by"] is not None,
        wanted.valid_to,
        actor.today,
    )
    await _require_room(
        db, found["person_id"], found["authority_id"], found["kind"], found["valid_from"], wanted.valid_to,
        but=appointment_id,
    )  # fmt: skip
    await _require_past_kept(
        db, actor, found, (found["valid_from"], wanted.valid_to), wanted.reason, "valid_to"
    )
    await _update(db, found, valid_to=wanted.valid_to)
    await audit.record(
        db,
        actor,
        "appointment.ended",
        "appointment",
        appointment_id,
        found["file_reference"],
        valid_to=wanted.valid_to,
        **_why(wanted.reason),
    )


async def foresee(
    db: Connection, actor: Actor, appointment_id: UUID, new: Succession, expected: int | None = None
) -> Consequences:
    """What `succeed` would do; it refuses whatever that refuses, and changes nothing."""
    found, last = await _require_succession(db, actor, appointment_id, new, expected)
    seen = await store.find_consequences(
        db,
        found,
        new.person_id,
        new.starts_on,
        list(actor.keys),
        commissioner=found["kind"] == "commissioner",
    )
    return Consequences(last, new.starts_on, **seen)


async def succeed(
    db: Connection, actor: Actor, appointment_id: UUID, new: Succession, expected: int | None = None
) -> UUID:
    """End one appointment and begin its successor on the next day (Nachfolge). The office does. Returns the new id.

    What is past keeps the predecessor's name. Open tasks go over on the successor's first day; the job that moves
    them runs now for a day that has come, and daily for one that lies ahead.
    """
    found, last = await _require_succession(db, actor, appointment_id, new, expected)
    # The old one ends first, or both would hold the office for the length of a statement.
    await _update(db, found, valid_to=last)
    successor_id = await store.insert(
        db, person_id=new.person_id, authority_id=found["authority_id"], kind=found["kind"],
        valid_from=new.starts_on, valid_to=None, order_date=new.order_date, file_reference=new.file_reference,
        attached_to=new.attached_to, requirements_confirmed_on=new.requirements_confirmed_on,
    )  # fmt: skip
    await store.mark_succeeded(db, appointment_id, successor_id, found["valid_to"])
    await audit.record(
        db, actor, "appointment.succeeded", "appointment", appointment_id, found["file_reference"],
        by=str(successor_id), valid_to=last, **_why(new.reason),
    )  # fmt: skip
    await audit.record(
        db, actor, "appointment.entered", "appointment", successor_id, new.file_reference, kind=found["kind"],
        valid_from=new.starts_on, follows=str(appointment_id),
    )  # fmt: skip
    await jobs.enqueue(db, "tasks.hand_over")
    return successor_id


async def _require_succession(
    db: Connection, actor: Actor, appointment_id: UUID, new: Succession, expected: int | None
) -> tuple[asyncpg.Record, date]:
    """The held row of the predecessor and their last day, when the succession can be entered."""
    found = await _locked(db, actor, appointment_id)
    rules.require(actor, "appointments.register", found["authority_id"])
    rules.require_another(actor, found["person_id"])
    _require_current(found, expected)
    if found["succeeded_by"]:
        raise errors.Conflict("Die Nachfolge ist schon eingetragen.")
    rules.require_another(actor, new.person_id)
    last = rules.last_day(found["valid_from"], found["valid_to"], new.starts_on)
    rules.require_period(new.starts_on, None, new.order_date, actor.today)
    rules.require_confirmed(new.requirements_confirmed_on, actor.today)
    await _require_appointable(db, new.person_id, found["authority_id"], succession=True)
    await _require_room(
        db, new.person_id, found["authority_id"], found["kind"], new.starts_on, None, but=appointment_id,
        field="starts_on",
    )  # fmt: skip
    await _require_past_kept(db, actor, found, (found["valid_from"], last), new.reason, "starts_on")
    return found, last


async def annul(
    db: Connection, actor: Actor, appointment_id: UUID, wanted: Annulment, expected: int | None = None
) -> None:
    """Mark an appointment as entered by mistake (irrtümlich erfasst). The office does, while nothing was done under it.

    It gives no right on any day and stands in nobody's way, but stays to be read with who, when and why. Of a succession
    the predecessor's end is taken back; a job gives back the tasks that nobody touched. Open sign-ins of the person end,
    as with any role that is lost. Raises Forbidden for the person and for the predecessor, who would get the time back, and
    Conflict when it has a successor, when a notice is on its way, when something was done under it (`appointment_used`),
    or when somebody else is appointed in the time that the predecessor gets back.
    """
    found = await _locked(db, actor, appointment_id)
    rules.require(actor, "appointments.register", found["authority_id"])
    rules.require_another(actor, found["person_id"])
    _require_current(found, expected)
    if found["succeeded_by"]:
        raise errors.Conflict("Die Nachfolge ist schon eingetragen. Bitte kennzeichnen Sie zuerst diese.")
    async with for_the_record(db):
        under_way = await store.has_notice_under_way(db, appointment_id)
        done = await store.find_done_under(db, found, actor.today, list(rules.MEMBERS_ACTS))
    if under_way:
        raise errors.Conflict(
            "Eine Mitteilung an das Ministerium ist auf dem Weg. Bitte warten Sie, bis sie hinaus ist, oder brechen Sie "
            "den Versand ab."
        )
    rules.require_unused(*done)
    if not await store.mark_annulled(
        db, appointment_id, found["revision"], actor.person_id, actor.today, wanted.reason
    ):
        raise errors.Stale(current=_state(found))
    await accounts.delete_sessions(db, found["person_id"])
    await audit.record(
        db, actor, "appointment.annulled", "appointment", appointment_id, found["file_reference"], reason=wanted.reason,
        valid_from=found["valid_from"], valid_to=found["valid_to"],
    )  # fmt: skip
    for before in await store.lock_predecessors(db, appointment_id):
        rules.require_another(actor, before["person_id"])
        ends = before["end_before_succession"] if before["ended_by_succession"] else before["valid_to"]
        await _require_room(
            db, before["person_id"], before["authority_id"], before["kind"], before["valid_from"], ends,
            but=before["id"], field="",
        )  # fmt: skip
        await store.take_back_succession(db, before["id"], ends)
        await audit.record(
            db, actor, "appointment.succession_annulled", "appointment", before["id"], before["file_reference"],
            by=str(appointment_id), valid_to=[before["valid_to"], ends],
        )  # fmt: skip
        await jobs.enqueue(db, "tasks.take_back", appointment_id=appointment_id, predecessor_id=before["id"])


async def attach(
    db: Connection, actor: Actor, appointment_id: UUID, new: NewAttachment, expected: int | None = None
) -> None:
    """Say where the commissioner is attached from a day on (Anbindung). Only the own house does (decree Nr. 4 (1))."""
    found = await _locked(db, actor, appointment_id)
    rules.require(actor, "appointments.attach", found["authority_id"])
    if found["authority_id"] != actor.authority_id:
        raise errors.Forbidden("Über die Anbindung entscheidet das Haus selbst.")
    _require_current(found, expected)
    rules.require_attachable(found["valid_from"], found["valid_to"], new.valid_from)
    await store.put_attachment(db, appointment_id, new.valid_from, new.text, actor.person_id)
    await audit.record(
        db, actor, "appointment.attached", "appointment", appointment_id, found["file_reference"],
        valid_from=new.valid_from, text=new.text,
    )  # fmt: skip


async def announce(
    db: Connection, actor: Actor, appointment_id: UUID, new: NewProof, expected: int | None = None
) -> None:
    """Record that the appointment was made known inside or outside, or to the ministry (decree Nr. 3 S. 2 and 3).

    The own house does, or the office on its word. Raises Conflict when that was recorded before.
    """
    found = await _locked(db, actor, appointment_id)
    rules.require(actor, "appointments.prove", found["authority_id"])
    _require_current(found, expected)
    rules.require_done(new.done_on, found["order_date"], actor.today)
    if new.file_id:
        await files.require_own(db, actor, [new.file_id])
        await files.use(db, new.file_id, appointment_id, ["internal"])
    if not await store.insert_proof(db, appointment_id, **msgspec.structs.asdict(new), by=actor.person_id):
        raise errors.Conflict("Das ist schon eingetragen. Zum Ändern bitte zuerst zurücknehmen.")
    await audit.record(
        db, actor, "appointment.announced", "appointment", appointment_id, found["file_reference"], duty=new.duty,
        done_on=new.done_on,
    )  # fmt: skip


async def withdraw_proof(
    db: Connection, actor: Actor, appointment_id: UUID, wanted: ProofWithdrawal, expected: int | None = None
) -> None:
    """Take back a proof that was entered by mistake: the duty is open again, the entry and the reason stay."""
    found = await _locked(db, actor, appointment_id)
    rules.require(actor, "appointments.prove", found["authority_id"])
    _require_current(found, expected)
    if found[f"{wanted.duty}_on"] is None:
        raise errors.Conflict("Hier ist nichts eingetragen.")
    await store.withdraw_proof(db, appointment_id, wanted.duty, actor.person_id, actor.today, wanted.reason)
    await audit.record(
        db, actor, "appointment.proof_withdrawn", "appointment", appointment_id, found["file_reference"],
        duty=wanted.duty, done_on=found[f"{wanted.duty}_on"],
    )  # fmt: skip


async def draft_notice(db: Connection, actor: Actor, appointment_id: UUID) -> tuple[NoticePrint, str]:
    """The notice as `notify_ministry` would have it written now, and the address it would go to. It refuses whatever that
    refuses. The number comes with the notice itself."""
    ministry_id = await _require_notice(db, actor, appointment_id, None)
    found = await store.draft_letter(
        db, appointment_id, ministry_id, f"BM-{actor.today.year}-…", actor.person_id, actor.today
    )
    return msgspec.json.decode(found["letter"], type=NoticePrint), found["email"]


async def notify_ministry(
    db: Connection, actor: Actor, appointment_id: UUID, expected: int | None = None
) -> None:
    """Have the notice to the ministry written and sent (decree Nr. 3 S. 3). The own house's commissioner or the office.

    A worker writes the letter; `record_sent` notes the day. Raises Conflict when the ministry was informed, when a
    notice is on its way, or when nobody has entered which ministry it is.
    """
    ministry_id = await _require_notice(db, actor, appointment_id, expected)
    notice = await store.insert_notice(
        db, year=actor.today.year, appointment_id=appointment_id, ministry_id=ministry_id, by=actor.person_id,
        on=actor.today,
    )  # fmt: skip
    await audit.record(
        db, actor, "appointment.notice_requested", "appointment", appointment_id, notice["reference"]
    )
    await jobs.enqueue(db, "distribution.notify_ministry", notice_id=notice["id"])


async def _require_notice(db: Connection, actor: Actor, appointment_id: UUID, expected: int | None) -> UUID:
    """The ministry that is to be told, when the notice can go out."""
    found = await _locked(db, actor, appointment_id)
    rules.require(actor, "appointments.notify", found["authority_id"])
    _require_current(found, expected)
    if found["ministry_informed_on"]:
        day = calendar.date_short(found["ministry_informed_on"])
        raise errors.Conflict(f"Das Ministerium ist seit dem {day} informiert.")
    ministry = await store.find_ministry(db, actor.today)
    if ministry is None:
        raise errors.Conflict(
            "Das zuständige Ministerium ist noch nicht eingetragen. Das tut die Geschäftsführung.",
            code="no_ministry",
        )
    async with for_the_record(db):
        under_way = await store.has_notice_under_way(db, appointment_id)
    if under_way:
        raise errors.Conflict("Eine Mitteilung ist schon auf dem Weg.")
    ministry_id: UUID = ministry["id"]
    return ministry_id


async def record_sent(db: Connection, actor: Actor, dispatch_id: UUID) -> None:
    """A notice has reached the ministry's mail server: the duty is done. For the dispatch; said again, it does nothing."""
    sent = await store.mark_sent(db, dispatch_id, actor.today)
    if sent is None:
        return
    await store.insert_proof(
        db, sent["appointment_id"], duty="ministry_informed", done_on=actor.today, reference=sent["reference"],
        proof="Vom Dienst als E-Mail versandt.", file_id=sent["file_id"], by=sent["requested_by"],
    )  # fmt: skip
    await audit.record(
        db, actor, "appointment.ministry_informed", "appointment", sent["appointment_id"], sent["reference"],
        dispatch_id=str(dispatch_id),
    )  # fmt: skip


async def name_ministry(db: Connection, actor: Actor, new: NewMinistry) -> UUID:
    """Enter the ministry that is in charge of integration from a day on, with its mailbox. The office does.

    Earlier letters keep the earlier name. Raises Invalid for an address of somebody who is not of a ministry, Conflict
    for a second entry from the same day.
    """
    access.require(actor, "appointments.register")
    rules.require_sensible(valid_from=new.valid_from)
    mailbox = await store.find_mailbox(db, new.email)
    if mailbox is not None and not mailbox["fits"]:
        reason = "Diese Adresse gehört jemandem, der nicht im Ministerium ist."
        raise errors.Invalid(reason, fields={"email": reason})
    recipient_id = mailbox["id"] if mailbox else await store.insert_mailbox(
        db, f"Postfach {new.short}", new.email
    )  # fmt: skip
    if recipient_id is None:
        raise errors.Conflict("Es ist noch kein Ministerium als Haus eingetragen.", code="no_ministry")
    ministry_id = await store.insert_ministry(
        db, name=new.name, short=new.short, recipient_id=recipient_id, valid_from=new.valid_from,
        by=actor.person_id,
    )  # fmt: skip
    await audit.record(
        db, actor, "ministry.named", "ministry", ministry_id, new.short, valid_from=new.valid_from
    )
    return ministry_id


async def _locked(db: Connection, actor: Actor, appointment_id: UUID) -> asyncpg.Record:
    """The held row of an appointment that the actor may see: staff of the houses do."""
    found = await store.lock(db, appointment_id) if "internal" in actor.keys else None
    if found is None:
        raise errors.NotFound(me=actor.card)
    return found


async def _update(db: Connection, found: Any, **changed: Any) -> None:
    kept = {
        name: found[name]
        for name in (
            "valid_from", "valid_to", "order_date", "file_reference", "requirements_confirmed_on", "succeeded_by")
    }  # fmt: skip
    if not await store.update(db, found["id"], found["revision"], **(kept | changed)):
        raise errors.Stale(current=_state(found))


async def _require_appointable(
    db: Connection, person_id: UUID, authority_id: UUID, *, succession: bool = False
) -> None:
    kind = await store.kind_of_house(db, authority_id)
    person = await store.lock_person(db, person_id)
    rules.require_appointable(
        person["active"] if person else None,
        person["authority_id"] if person else None,
        authority_id,
        kind,
        succession,
        of_centre=bool(person and person["of_centre"]),
    )


async def _require_room(
    db: Connection, person_id: UUID, authority_id: UUID, kind: str, starts: date, ends: date | None, *,
    but: UUID | None = None, field: str = "valid_from",
) -> None:  # fmt: skip
    """Raises Conflict when another appointment is in the way; the constraint in the database catches the race."""
    other = await store.find_overlap(db, person_id, authority_id, kind, starts, ends, [but] if but else [])
    if other:
        until = f"bis {calendar.date_short(other['valid_to'])}" if other["valid_to"] else "auf Weiteres"
        word = rules.KINDS[other["kind"]]
        raise _taken(
            field,
            f"{other['name']} ist ab {calendar.date_short(other['valid_from'])} {until} bestellt ({word}). "
            "Bitte dort zuerst das Ende eintragen oder die Nachfolge wählen.",
        )


async def _require_past_kept(
    db: Connection,
    actor: Actor,
    found: asyncpg.Record,
    after: tuple[date, date | None],
    reason: str,
    field: str,
) -> None:
    """What is past keeps its ground: Conflict (`attended`) for the day of a meeting, Invalid without a reason."""
    before = found["valid_from"], found["valid_to"]
    taken = rules.past_pieces(before, after, actor.today)
    async with for_the_record(db):
        meeting = await store.find_attended(db, found["person_id"], taken)
    if meeting:
        raise rules.attended(meeting["reference"], meeting["date"], field)
    rules.require_reason(taken + rules.past_pieces(after, before, actor.today), reason, actor.today)


def _why(reason: str) -> dict[str, str]:
    return {"reason": reason} if reason else {}


def _taken(field: str, reason: str) -> errors.Conflict:
    return errors.Conflict(reason, code="appointment_overlap", fields={field: reason})


def _require_current(found: asyncpg.Record, expected: int | None) -> None:
    """Raises Stale, and Conflict for what was annulled: nothing is done with it any more."""
    if expected is not None and found["revision"] != expected:
        raise errors.Stale(current=_state(found))
    if found["annulled_on"]:
        day = calendar.date_short(found["annulled_on"])
        raise errors.Conflict(f"Diese Bestellung ist seit dem {day} als irrtümlich erfasst gekennzeichnet.")


def _state(found: Any) -> dict[str, object]:
    """The present state, as a stale answer carries it."""
    return {name: found[name] for name in (
        "id", "person_id", "authority_id", "kind", "valid_from", "valid_to", "order_date", "file_reference",
        "requirements_confirmed_on", "succeeded_by", "revision")}  # fmt: skip
