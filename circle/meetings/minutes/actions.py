"""What people do with minutes: write the head, circulate the draft, object, decide, approve, correct."""

from datetime import datetime
from uuid import UUID

import asyncpg
import msgspec

from circle.core import access, audit, auth, calendar, clock, errors, jobs, live
from circle.core.auth import Actor
from circle.core.db import Answer, Caller, Connection, for_the_record
from circle.distribution import actions as distribution
from circle.distribution.model import Kind as LetterKind
from circle.distribution.model import Letter, Part
from circle.meetings.agenda import actions as agenda
from circle.meetings.summons import finding as summons
from circle.search import index as search_index

from . import rules, store
from .model import Approval, Content, Minutes, MinutesHead, NewCorrection, NewObjection, Ruling, Version

BUILD = "minutes.build_print"


async def note_reading(db: Connection, caller: Caller, found: Answer) -> None:
    """Record who read a confidential item in minutes (domain rules 3.2)."""
    minutes = msgspec.json.decode(found.body, type=Minutes)
    if any(item.confidentiality == "confidential" and item.minutes is not None for item in minutes.items):
        object_id = minutes.id or minutes.meeting_id
        await audit.reading(
            db, caller, found.me, "minutes", object_id, minutes.reference, purpose="Niederschrift"
        )


async def note_annexes(db: Connection, caller: Caller, found: Answer, meeting_id: UUID) -> None:
    """Record who was given the annex of a confidential item among the versions (domain rules 3.2)."""
    if any(version.item_id for version in msgspec.json.decode(found.body, type=list[Version])):
        await audit.reading(db, caller, found.me, "minutes", meeting_id, purpose="Fassungen")


async def write_head(
    db: Connection, actor: Actor, meeting_id: UUID, head: MinutesHead, expected: int | None
) -> bool:
    """Begin the minutes or change their head; the right is asked before anything about them is said.

    Returns True when they were begun. Raises MatchRequired when they exist and `expected` is None.
    """
    meeting, minutes = await _locked(db, actor, meeting_id, "minutes.write")
    rules.require_writable(meeting["state"])
    kept = {minutes["keeper_id"], minutes["chair_id"]} if minutes else set()
    people = {one for one in (head.keeper_id, head.chair_id) if one and one not in kept}
    if not await store.all_in_directory(db, people, list(actor.keys), actor.today):
        # As for somebody who does not exist.
        raise errors.Invalid("Ein Verweis zeigt auf etwas, das es nicht gibt.", code="unknown_reference")
    if minutes is None:
        if expected is not None:
            raise errors.Stale(current=None)
        minutes_id = await store.insert(db, meeting_id, head)
        await audit.record(db, actor, "minutes.begun", "minutes", minutes_id, meeting["reference"])
        return True
    if expected is None:
        raise errors.MatchRequired
    if not await store.update_head(db, minutes["id"], expected, head):
        raise errors.Stale(current=_state(minutes))
    await audit.record(db, actor, "minutes.head_changed", "minutes", minutes["id"], meeting["reference"])
    return False


async def circulate(db: Connection, actor: Actor, meeting_id: UUID, expected: int | None = None) -> UUID:
    """Send the draft to members, office and the deputies who attended; the objection period begins.

    It ends as the procedure says, two weeks later by default (BGB §§ 187 to 193). A changed draft may go out again;
    the same words do not. Returns the id of the dispatch.
    """
    meeting, minutes = await _locked(db, actor, meeting_id, "minutes.circulate")
    rules.require_held(meeting["state"])
    if minutes is None:
        await store.insert(
            db, meeting_id, MinutesHead(kind=meeting["minutes_kind"], keeper_id=actor.person_id)
        )
        minutes = await store.find(db, meeting_id)
        assert minutes is not None
    _require_current(minutes, expected)
    number = minutes["version"] + 1
    changed = await freeze(db, meeting_id, minutes["id"], number, "sent", actor.name, actor.now)
    if not changed:
        raise errors.Conflict("Dieser Entwurf ist schon versendet. Seitdem hat sich nichts geändert.")
    weeks = await store.objection_weeks(db, meeting["procedure_version"])
    period = calendar.deadline("weeks", actor.today, weeks)
    await store.mark_sent(db, minutes["id"], number, actor.today, period.on, period.steps)
    await store.mark_meeting(db, meeting_id, "minutes_draft")
    await audit.record(
        db, actor, "minutes.circulated", "minutes", minutes["id"], meeting["reference"], version=number
    )
    kind = rules.KINDS[minutes["kind"]]
    return await _dispatch(
        db, actor, meeting, minutes["id"], "minutes_draft",
        title=f"Entwurf der Niederschrift, {meeting['reference']}",
        subject=f"Entwurf der {kind} über die Sitzung am {calendar.date_short(meeting['date'])}",
        text=f"den Entwurf der {kind} über die Sitzung am {calendar.date_long(meeting['date'])} übersende ich mit der "
        f"Bitte um Durchsicht. Einwendungen gegen den Wortlaut bitte ich bis zum Ablauf des "
        f"{calendar.date_short(period.on)} mitzuteilen. Gehen keine Einwendungen ein, wird die Niederschrift in der "
        f"nächsten Sitzung zur Genehmigung vorgelegt.",
        details={"number": number},
    )  # fmt: skip


async def object_to(db: Connection, actor: Actor, meeting_id: UUID, new: NewObjection) -> UUID:
    """Object to the wording of a circulated draft: members, and the deputies who attended. Returns the objection's id.

    The right of a deputy for these minutes outlasts the deputyship. Raises Conflict when the period is over.
    """
    meeting, minutes = await _locked(db, actor, meeting_id, None)
    if not access.may(actor, "minutes.object") and not (
        actor.person_id and await store.attended_for_member(db, meeting_id, actor.person_id)
    ):
        raise errors.Forbidden
    if minutes is None or minutes["state"] == "draft":
        raise errors.NotFound(me=actor.card)
    rules.require_objectable(minutes["state"], minutes["objection_until"], actor.today)
    audience = ["circle", f"meeting:{meeting_id}"]
    kind, object_id = "minutes", minutes["id"]
    if new.item_id:
        item = await store.find_item(db, meeting_id, new.item_id, list(actor.keys))
        if item is None:
            raise errors.Invalid(
                "Diesen Punkt enthält die Niederschrift nicht.",
                code="unknown_reference",
                fields={"item_id": "Bitte einen anderen Punkt wählen."},
            )
        if item["confidentiality"] == "confidential":
            audience = [f"named:{new.item_id}", f"person:{actor.person_id}"]
            # Whoever reads the record of the minutes does not learn from it who objects to what is sealed.
            kind, object_id = "agenda_item", new.item_id
    assert actor.person_id is not None
    objection_id = await store.insert_objection(
        db, minutes["id"], actor.person_id, actor.today, new, audience
    )
    await store.touch(db, minutes["id"])
    await audit.record(db, actor, "minutes.objected", kind, object_id, meeting["reference"])
    return objection_id


async def decide(
    db: Connection,
    actor: Actor,
    meeting_id: UUID,
    objection_id: UUID,
    ruling: Ruling,
    expected: int | None = None,
) -> None:
    """Decide on an objection, not on one's own (two hats), and tell whoever objected. A refusal gives its reason.

    An accepted one about an item brings the new text of that item, before the approval.
    """
    meeting, minutes = await _locked(db, actor, meeting_id, None)
    if minutes is None:
        raise errors.NotFound(me=actor.card)
    objection = await store.lock_objection(db, minutes["id"], objection_id, list(actor.keys))
    if objection is None:
        raise errors.NotFound(me=actor.card)
    access.require(actor, "minutes.approve")
    rules.require_other_hand(actor.person_id, objection["by_id"])
    rules.require_sent(minutes["state"])
    if objection["decision"]:
        decided = rules.DECISIONS[objection["decision"]]
        raise errors.Conflict(f"Über diese Einwendung ist schon entschieden: {decided}.")
    _require_current(minutes, expected)
    rules.require_reason(ruling.decision, ruling.reason)
    if ruling.decision == "accepted" and objection["item_id"]:
        if not ruling.new_text.strip():
            raise errors.Invalid(
                "Eine übernommene Einwendung braucht den neuen Wortlaut.",
                fields={"new_text": "Bitte den neuen Text des Punktes angeben."},
            )
        await store.update_item_text(db, objection["item_id"], ruling.new_text)
        await live.tell(db, f"writing:{objection['item_id']}")
    elif ruling.new_text.strip():
        raise errors.Invalid(
            "Neuer Text gehört zu einer übernommenen Einwendung gegen einen Punkt.",
            fields={"new_text": "Bitte leer lassen."},
        )
    await store.mark_decided(db, objection_id, ruling)
    await store.touch(db, minutes["id"])
    kind, object_id = (
        ("agenda_item", objection["item_id"]) if objection["sealed"] else ("minutes", minutes["id"])
    )
    await audit.record(
        db,
        actor,
        "minutes.objection_decided",
        kind,
        object_id,
        meeting["reference"],
        decision=ruling.decision,
    )
    if objection["by_id"] != actor.person_id:
        await _tell_decision(db, actor, meeting, minutes["id"], objection, ruling)


async def approve(
    db: Connection, actor: Actor, meeting_id: UUID, approval: Approval, expected: int | None = None
) -> UUID:
    """Approve the minutes: the final version is frozen and sent to the same people, and nothing changes any more.

    From now on the items are found by what was said about them, each by those to whom it is open.

    Needs a recent sign-in and a decision on every objection. Raises Conflict (`words_changed`) when the main text, or an
    annex that is open to the actor, is not as it was read. Returns the id of the dispatch.
    """
    meeting, minutes = await _locked(db, actor, meeting_id, "minutes.approve")
    if minutes is None:
        raise errors.NotFound(me=actor.card)
    rules.require_sent(minutes["state"])
    auth.require_recent(actor)
    _require_current(minutes, expected)
    # The revision does not tell of an annex: everybody who sees the minutes sees how often they changed.
    rules.require_seen(approval.seen, await store.seen(db, meeting_id, list(actor.keys)))
    approving = await _approving_meeting(db, actor, meeting, approval)
    async with for_the_record(db):
        undecided, accepted = await store.count_objections(db, minutes["id"])
    if undecided:
        raise errors.Conflict(
            "Über eine Einwendung ist noch nicht entschieden. Bitte entscheiden Sie zuerst.",
            code="objections_undecided",
        )
    number = minutes["version"] + 1
    changed = await freeze(db, meeting_id, minutes["id"], number, "approved", actor.name, actor.now)
    state = "approved_with_changes" if changed or accepted else "approved"
    await store.mark_approved(db, minutes["id"], state, number, actor.today, approval.approved_in)
    await store.mark_meeting(db, meeting_id, "minutes_approved")
    await index(db, minutes["id"])
    for item_id in await store.list_items(db, meeting_id):
        await agenda.index(db, item_id)
    # Who typed which letter when is nobody's business any more.
    await jobs.enqueue(db, "writing.forget", meeting_id=meeting_id)
    await audit.record(
        db, actor, "minutes.approved", "minutes", minutes["id"], meeting["reference"], version=number, state=state
    )  # fmt: skip
    line = rules.status_line(state, None, actor.today, approving)
    return await _dispatch(
        db, actor, meeting, minutes["id"], "minutes_approved",
        title=f"Niederschrift, {meeting['reference']}",
        subject=f"{rules.KINDS[minutes['kind']]} über die Sitzung am {calendar.date_short(meeting['date'])}",
        text=f"die Niederschrift über die Sitzung am {calendar.date_long(meeting['date'])} übersende ich zur Kenntnis. "
        f"{line}",
        details={"number": number},
    )  # fmt: skip


async def correct(
    db: Connection, actor: Actor, meeting_id: UUID, new: NewCorrection, expected: int | None = None
) -> UUID:
    """File a dated correction of an evident slip below the approved text and tell everybody. Returns the dispatch's id."""
    meeting, minutes = await _locked(db, actor, meeting_id, "minutes.approve")
    if minutes is None:
        raise errors.NotFound(me=actor.card)
    rules.require_approved(minutes["state"])
    _require_current(minutes, expected)
    await store.insert_correction(db, minutes["id"], new, actor.today, actor.name)
    await store.touch(db, minutes["id"])
    await audit.record(db, actor, "minutes.corrected", "minutes", minutes["id"], meeting["reference"])
    on = calendar.date_short(meeting["date"])
    return await _dispatch(
        db, actor, meeting, minutes["id"], "correction",
        title=f"Berichtigung der Niederschrift, {meeting['reference']}",
        subject=f"Berichtigung der Niederschrift über die Sitzung am {on}",
        text=f"die genehmigte Niederschrift über die Sitzung am {on} wird wie folgt berichtigt:\n\n{new.text}",
        details={},
    )  # fmt: skip


async def freeze(
    db: Connection, meeting_id: UUID, minutes_id: UUID, number: int, state: str, author: str, at: datetime
) -> bool:
    """File the present text as version `number`: canonical JSON with its SHA-256, an annex per confidential item.

    The main part is for the circle and the guests of the meeting, an annex for the persons named for its item.
    Returns False when the words are those of the version before.
    """
    await summons.settle(db, meeting_id, clock.day(at))
    async with for_the_record(db):
        parts = rules.freeze(await store.content(db, meeting_id))
        before = await store.digests(db, minutes_id, number - 1)
    for part in parts:
        audience = [f"named:{part.item_id}"] if part.item_id else ["circle", f"meeting:{meeting_id}"]
        await store.insert_version(
            db, minutes_id, number, state, part, author=author, at=at, audience=audience
        )
    return before != {part.item_id: part.sha256 for part in parts}


async def index(db: Connection, minutes_id: UUID) -> None:
    """Write the search row of approved minutes: the main text, confidential items masked as it files them."""
    row = await store.find_entry(db, minutes_id)
    if row is None or row["state"] not in ("approved", "approved_with_changes"):
        return
    content = msgspec.json.decode(row["canonical"], type=Content)
    body = "\n\n".join(
        "\n".join(part for part in (f"TOP {item.number}: {item.title}", item.minutes, item.resolution_text) if part)
        for item in content.items
    )  # fmt: skip
    await search_index.put(
        db,
        search_index.Entry(
            source_kind="minutes", source_id=minutes_id, reference=row["reference"],
            title=f"Niederschrift: {row['title']}", body=body, kind="Niederschrift", level="circle",
            year=row["date"].year, url=f"/sitzungen/{row['reference']}/niederschrift", audience=list(row["audience"]),
        ),
    )  # fmt: skip


async def _locked(
    db: Connection, actor: Actor, meeting_id: UUID, right: str | None
) -> tuple[asyncpg.Record, asyncpg.Record | None]:
    """The locked meeting with its minutes. An unseen meeting is a 404, a missing right a 403, with or without minutes.

    The minutes are read after the lock is held: a statement that waits for a row sees the others as they were.
    """
    meeting = await store.lock_meeting(db, meeting_id, None, list(actor.keys))
    if meeting is None:
        raise errors.NotFound(me=actor.card)
    if right:
        access.require(actor, right)
    return meeting, await store.find(db, meeting_id)


async def _approving_meeting(
    db: Connection, actor: Actor, meeting: asyncpg.Record, approval: Approval
) -> str:
    """The title of the meeting that approves, '' when none is named. Raises Invalid unless it comes later and has begun."""
    if approval.approved_in is None:
        return ""
    approving = await store.find_meeting(db, approval.approved_in, list(actor.keys))
    if approving is None or approving["date"] <= meeting["date"]:
        raise errors.Invalid(
            "Genehmigt wird in einer späteren Sitzung.",
            code="unknown_reference",
            fields={"approved_in": "Bitte eine spätere Sitzung wählen."},
        )
    if approving["state"] not in rules.BEGUN:
        raise errors.Invalid(
            "Diese Sitzung hat noch nicht begonnen. Genehmigt wird in der Sitzung selbst.",
            code="unknown_reference",
            fields={"approved_in": "Bitte eine Sitzung wählen, die begonnen hat."},
        )
    return str(approving["title"])


async def _tell_decision(
    db: Connection,
    actor: Actor,
    meeting: asyncpg.Record,
    minutes_id: UUID,
    objection: asyncpg.Record,
    ruling: Ruling,
) -> None:
    """One mail to whoever objected. About a confidential item it says no more than that there is a decision."""
    item_id = objection["item_id"]
    item = await store.find_item(db, meeting["id"], item_id, list(actor.keys)) if item_id else None
    secret = bool(item_id) and (item is None or item["confidentiality"] == "confidential")
    on = calendar.date_short(meeting["date"])
    if secret:
        text = (
            f"über Ihre Einwendung zur Niederschrift der Sitzung am {on} ist entschieden. "
            "Die Entscheidung lesen Sie im Arbeitsraum."
        )
    else:
        where = f"zu TOP {item['number']} der" if item else "zur"
        text = f"Ihre Einwendung {where} Niederschrift über die Sitzung am {on}: {rules.DECISIONS[ruling.decision]}."
        if ruling.reason.strip():
            text += f"\n\nBegründung: {ruling.reason.strip()}"
    audience = [f"person:{objection['by_id']}"]
    letter = Letter(
        kind="notice",
        object_kind="minutes",
        object_id=minutes_id,
        title=f"Entscheidung über eine Einwendung, {meeting['reference']}",
        subject=f"Ihre Einwendung zur Niederschrift vom {on}",
        text=text,
        level="confidential" if secret else "circle",
        audience=audience,
        recipients=[objection["by_id"]],
    )
    dispatch_id = await distribution.prepare(db, actor, letter)
    part = Part(
        "Niederschrift im Arbeitsraum",
        "confidential" if secret else "circle",
        url=f"/sitzungen/{meeting['reference']}/niederschrift#einwendungen",
        audience=audience,
    )
    await distribution.add_part(db, dispatch_id, part)


async def _dispatch(
    db: Connection,
    actor: Actor,
    meeting: asyncpg.Record,
    minutes_id: UUID,
    kind: LetterKind,
    *,
    title: str,
    subject: str,
    text: str,
    details: dict[str, object],
) -> UUID:
    recipients = await store.list_recipients(db, meeting["id"], actor.today)
    letter = Letter(
        kind=kind,
        object_kind="minutes",
        object_id=minutes_id,
        title=title,
        subject=subject,
        text=text,
        level="circle",
        audience=["circle", f"meeting:{meeting['id']}"],
        recipients=[row["id"] for row in recipients],
        details={"reference": meeting["reference"], **details},
    )
    return await distribution.prepare(db, actor, letter, build=BUILD)


def _require_current(minutes: asyncpg.Record, expected: int | None) -> None:
    if expected is not None and minutes["revision"] != expected:
        raise errors.Stale(current=_state(minutes))


def _state(minutes: asyncpg.Record) -> dict[str, object]:
    """The present head, as a stale answer carries it."""
    return dict(minutes)
