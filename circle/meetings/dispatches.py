"""What goes out about a meeting: invitation, supplement, cancellation, another date; and the look at it before.

The letter goes to whoever sees the meeting; the worker renders its papers (`build.py`) and starts the dispatch.
"""

import hashlib
from typing import Any, Literal
from uuid import UUID

import msgspec

from circle.core import access, audit, errors
from circle.core.auth import Actor
from circle.core.db import Connection, for_the_record
from circle.distribution import actions as distribution
from circle.distribution.model import Kind as LetterKind
from circle.distribution.model import Letter

from . import actions, letters, rules, store
from .agenda import actions as agenda
from .agenda import rules as agenda_rules
from .agenda.model import Adjournment, AgendaItem
from .letters import Wording
from .model import (
    Cancellation,
    InvitationPreview,
    Move,
    PreviewItem,
    Recipient,
    Sending,
    StoredMeeting,
    UnsentPaper,
)
from .replies import store as replies

BUILD = "meetings.build_invitation"
Kind = Literal["invitation", "supplement"]


class Edition(msgspec.Struct, frozen=True):
    """What an agenda that goes out brings: to whom, under which words, and what is new."""

    kind: Kind
    version: int
    supplement: int
    wording: Wording
    recipients: list[Recipient]
    items: list[AgendaItem]
    papers: list[UnsentPaper]


async def preview(db: Connection, actor: Actor, meeting_id: UUID) -> InvitationPreview:
    """What would go out now, with numbers, and exactly who gets what of it: the invitation, or a supplement to it."""
    meeting = await actions.locked(db, actor, meeting_id)
    access.require(actor, "meetings.invite")
    kind: Kind = "supplement" if meeting.state == "invited" else "invitation"
    rules.require_step("supplement" if kind == "supplement" else "invite", meeting.state)
    items = await store.list_agenda(db, meeting_id, list(actor.keys))
    numbers = agenda_rules.numbers(items, supplement=kind == "supplement")
    edition = await _edition(db, actor, meeting, kind, numbers, "")
    people = [one.id for one in edition.recipients]
    # Whom the act itself opens the meeting to sees it by then.
    opened = [f"person:{person}" for person in people]
    parts = [
        letters.letter_part(meeting_id, letters.TO_BE_MADE, edition.supplement),
        letters.calendar_part(meeting_id, letters.TO_BE_MADE),
        letters.page_part(meeting_id, meeting.reference),
    ]
    for one in edition.papers:
        title = letters.paper_title(one, numbers)
        parts.append(letters.paper_part(title, one.level, one.file_id, one.url, one.readers))
    parts = [
        msgspec.structs.replace(part, audience=[*part.audience, *opened])
        if not {f"meeting:{meeting_id}", f"papers:{meeting_id}"}.isdisjoint(part.audience)
        else part
        for part in parts
    ]
    return InvitationPreview(
        kind=kind, agenda_version=edition.version, subject=edition.wording.subject, text=edition.wording.text,
        items=[
            PreviewItem(
                item.id,
                numbers.get(item.id, item.number),
                agenda.MASK if item.confidentiality == "confidential" else item.title,
            )
            for item in items
            if item.id in numbers or item.number
        ],
        recipients=await distribution.preview(
            db, actor, people, parts, "circle", [*letters.audience(meeting_id), *opened]
        ),
    )  # fmt: skip


async def invite(
    db: Connection, actor: Actor, meeting_id: UUID, wanted: Sending, expected: int | None = None
) -> UUID:
    """Invite: the agenda is frozen with its numbers, filed with its SHA-256, and goes out (Einladung).

    After it nothing is renumbered and nothing deleted. Returns the id of the dispatch.
    """
    meeting = await _step(db, actor, meeting_id, "invite", expected)
    return await _send_agenda(db, actor, meeting, "invitation", wanted.note)


async def supplement(
    db: Connection, actor: Actor, meeting_id: UUID, wanted: Sending, expected: int | None = None
) -> UUID:
    """Send what came after the invitation: late items (5a), new papers, changes of time or place (Nachversand).

    What went out before stays as it was. Returns the id of the dispatch.
    """
    meeting = await _step(db, actor, meeting_id, "supplement", expected)
    return await _send_agenda(db, actor, meeting, "supplement", wanted.note)


async def cancel(
    db: Connection, actor: Actor, meeting_id: UUID, wanted: Cancellation, expected: int | None = None
) -> UUID:
    """Call a meeting off and tell everybody; a later meeting may take over what is on its agenda.

    Calendars that know the appointment are asked to drop it (RFC 5546 3.2.5). Returns the id of the dispatch.
    """
    meeting = await _step(db, actor, meeting_id, "cancel", expected)
    known = rules.is_known(meeting.state, meeting.sequence)
    await store.mark_off(db, meeting_id, "cancelled", wanted.reason, None, announced=known)
    taken_over = ""
    if wanted.items_to:
        taken_over = await _hand_over(db, actor, meeting, wanted.items_to)
    await audit.record(db, actor, "meeting.cancelled", "meeting", meeting_id, meeting.reference)
    wording = letters.cancellation(meeting, wanted.reason, taken_over)
    return await _tell(db, actor, meeting, "cancellation", f"Absage {meeting.reference}", wording, {}, known)


async def move(
    db: Connection, actor: Actor, meeting_id: UUID, wanted: Move, expected: int | None = None
) -> UUID:
    """Give a meeting another date: a new meeting takes over items and guests, the old one is kept and points to it.

    Calendars that know the appointment move it; the new invitation follows. Returns the id of the new meeting.
    """
    meeting = await _step(db, actor, meeting_id, "move", expected)
    rules.require_times(wanted.date, wanted.start_local, wanted.end_local, actor.today)
    rules.require_link(wanted.link)
    version, procedure = await store.current_procedure(db, actor.today)
    own_title = meeting.title != rules.default_title(meeting.number, meeting.date.year)
    known = rules.is_known(meeting.state, meeting.sequence)
    new_id, _ = await actions.insert(
        db, actor, on=wanted.date, start=wanted.start_local, end=wanted.end_local, mode=meeting.mode,
        title=meeting.title if own_title else "", place=wanted.place or meeting.place,
        link=wanted.link or meeting.link, state="agenda_open", file_reference=meeting.file_reference,
        note=meeting.note, procedure_version=version, procedure=procedure,
        sequence=meeting.sequence + (1 if known else 0), calendar_id=meeting.calendar_id,
    )  # fmt: skip
    await agenda.move_items(db, meeting_id, new_id)
    await store.copy_guests(db, meeting_id, new_id)
    await store.mark_off(db, meeting_id, "moved", wanted.reason, new_id, announced=known)
    new = await actions.locked(db, actor, new_id)
    await audit.record(db, actor, "meeting.moved", "meeting", meeting_id, meeting.reference, to=new.reference)
    await audit.record(
        db, actor, "meeting.convened", "meeting", new_id, new.reference, moved_from=meeting.reference
    )
    await actions.index(db, new_id)
    title = f"Verlegung {meeting.reference} auf {new.reference}"
    wording = letters.moved(meeting, new, wanted.reason)
    await _tell(db, actor, meeting, "notice", title, wording, {"moved_to": new.reference}, known, new)
    return new_id


async def _step(
    db: Connection, actor: Actor, meeting_id: UUID, act: str, expected: int | None
) -> StoredMeeting:
    meeting = await actions.locked(db, actor, meeting_id)
    access.require(actor, "meetings.invite")
    rules.require_step(act, meeting.state)
    actions.require_current(meeting, expected)
    return meeting


async def _send_agenda(db: Connection, actor: Actor, meeting: StoredMeeting, kind: Kind, note: str) -> UUID:
    before = await store.list_agenda(db, meeting.id, list(actor.keys))
    numbers = agenda_rules.numbers(before, supplement=kind == "supplement")
    if kind == "invitation":
        rules.require_items(numbers)
    edition = await _edition(db, actor, meeting, kind, numbers, note)
    if kind == "supplement":
        seen = [one for one in edition.papers if set(one.audience) & set(actor.keys)]
        rules.require_news(len(edition.items), len(seen), await _changed(db, meeting), note)
    await agenda.freeze(db, actor, meeting.id, supplement=kind == "supplement")
    people = [one.id for one in edition.recipients]
    await store.insert_expected(db, meeting.id, people, actor.today)
    await replies.insert_invitees(db, meeting.id, people, actor.today)
    await store.mark_invited(db, meeting.id, edition.version, actor.today)
    frozen = await store.list_agenda(db, meeting.id, letters.audience(meeting.id))
    canonical = msgspec.json.encode(rules.snapshot(meeting, frozen, edition.version), order="sorted")
    word = f"{edition.supplement}. Nachversand" if edition.supplement else "Einladung"
    dispatch_id = await distribution.prepare(
        db,
        actor,
        _letter(meeting, kind, f"{word} {meeting.reference}", edition.wording, edition.recipients,
            {"version": edition.version, "supplement": edition.supplement}),
        build=BUILD,
    )  # fmt: skip
    await store.insert_edition(
        db, meeting.id, version=edition.version, kind=kind, agenda=canonical.decode(),
        sha256=hashlib.sha256(canonical).hexdigest(), members=[one.id for one in edition.recipients if one.member],
        sent_on=actor.today, dispatch_id=dispatch_id,
    )  # fmt: skip
    for paper in edition.papers:
        await store.insert_edition_paper(
            db, meeting.id, edition.version, paper, letters.paper_title(paper, numbers)
        )
    act = "meeting.invited" if kind == "invitation" else "meeting.supplemented"
    await audit.record(
        db, actor, act, "meeting", meeting.id, meeting.reference, version=edition.version, dispatch_id=dispatch_id
    )  # fmt: skip
    await actions.index(db, meeting.id)
    return dispatch_id


async def _edition(
    db: Connection, actor: Actor, meeting: StoredMeeting, kind: Kind, numbers: dict[UUID, str], note: str
) -> Edition:
    """What would go out. The words name no confidential paper, and of confidential items no more than that they are."""
    async with for_the_record(db):
        papers = await store.list_new_papers(db, meeting.id)
    items = await store.list_agenda(db, meeting.id, letters.audience(meeting.id))
    new = [item for item in items if item.id in numbers]
    number = max(meeting.agenda_version, 1) if kind == "supplement" else 0
    if kind == "invitation":
        until = rules.deadlines(meeting.date, meeting.rules)["papers_latest"].on
        wording = letters.invitation(meeting, until if until > actor.today else None, note)
    else:
        told = [letters.paper_title(one, numbers) for one in papers if one.level != "confidential"]
        named = [f"TOP {numbers[item.id]}: {item.title}" for item in new]
        changed = await _changed(db, meeting)
        wording = letters.supplement(meeting, number, named, told, changed, note)
    recipients = await store.list_recipients(db, meeting.id, actor.today)
    return Edition(kind, meeting.agenda_version + 1, number, wording, recipients, new, papers)


async def _changed(db: Connection, meeting: StoredMeeting) -> bool:
    """Whether time, place or access differ from what went out last."""
    sent = await store.sent_sequence(db, meeting.id, meeting.agenda_version)
    return sent is not None and sent != meeting.sequence


async def _hand_over(db: Connection, actor: Actor, meeting: StoredMeeting, target_id: UUID) -> str:
    """Adjourn items and proposals into a later meeting, except what stands on each agenda; returns that meeting's title."""
    standing = ("formality", "approval_of_minutes", "miscellaneous")
    for item in await store.list_agenda(db, meeting.id, list(actor.keys)):
        if item.status in (*agenda_rules.PROPOSALS, "admitted", "on_agenda") and item.kind not in standing:
            try:
                await agenda.adjourn(db, actor, item.id, Adjournment(target_id))
            except errors.Invalid as wrong:
                raise errors.Invalid(
                    wrong.detail, code=wrong.code, fields={"items_to": "Bitte eine spätere Sitzung wählen."}
                ) from wrong
    target = await store.lock(db, list(actor.keys), target_id)
    return target.title if target else ""


async def _tell(
    db: Connection,
    actor: Actor,
    meeting: StoredMeeting,
    kind: LetterKind,
    title: str,
    wording: Wording,
    details: dict[str, Any],
    known: bool,
    new: StoredMeeting | None = None,
) -> UUID:
    """A letter that a meeting does not take place as planned; with a calendar file when it is in calendars already."""
    recipients = await store.list_recipients(db, meeting.id, actor.today, invited_before=True)
    if not known:
        recipients = [one for one in recipients if one.sees]
    letter = _letter(meeting, kind, title, wording, recipients, details)
    if known:
        return await distribution.prepare(db, actor, letter, build=BUILD)
    target = new or meeting
    dispatch_id = await distribution.prepare(db, actor, letter)
    await distribution.add_part(db, dispatch_id, letters.page_part(target.id, target.reference))
    return dispatch_id


def _letter(
    meeting: StoredMeeting,
    kind: LetterKind,
    title: str,
    wording: Wording,
    recipients: list[Recipient],
    details: dict[str, Any],
) -> Letter:
    return Letter(
        kind=kind, object_kind="meeting", object_id=meeting.id, title=title, subject=wording.subject,
        text=wording.text, level="circle", audience=letters.audience(meeting.id),
        recipients=[one.id for one in recipients], details={"reference": meeting.reference, **details},
        answer_page=letters.ANSWER_PAGE if kind in ("invitation", "supplement") else "",
    )  # fmt: skip
