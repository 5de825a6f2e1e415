"""Pages of the agenda: a proposal, one item with its next act, and the office's table of the whole.

An item's page offers one form at a time: the next act of this person, or the one named by `?schritt=`.
"""

from collections.abc import Awaitable, Callable
from pathlib import PurePath
from typing import Any
from uuid import UUID

import msgspec
from litestar import Request, Response, Router, get, post
from litestar.datastructures import FormMultiDict
from litestar.params import FromPath, FromQuery

from circle.core import access, auth, clock, errors, fields, files, files_api, pages, web
from circle.core.auth import Actor, Me
from circle.core.db import Answer, Caller, Connection
from circle.core.files_api import UploadRequest
from circle.people.experts import store as expert_store
from circle.people.experts.model import EndExpert, NewExpert
from circle.tasks import actions as tasks
from circle.tasks import store as task_store
from circle.tasks.model import NewTask, Task

from . import actions, experts, papers, rules, store, versions
from .model import (
    Adjournment,
    Agenda,
    AgendaItem,
    AgendaPreview,
    ItemChange,
    LeftItem,
    Lift,
    Meeting,
    NewItem,
    NewPaper,
    NewReservation,
    NextMeeting,
    Outcome,
    PaperChange,
    PaperForm,
    Plan,
    ResultForm,
    Return,
    Standing,
    StoredVersions,
    TakeOver,
    Times,
    Version,
    Votes,
)

Incoming = Request[Any, Any, Any]
HERE = "/sitzungen/{reference:str}"
LEVELS = ("public", "internal", "circle", "confidential")
TONES = {
    "registered": "warning",
    "returned": "warning",
    "admitted": "info",
    "on_agenda": "info",
    "treated": "success",
}


@get(HERE + "/top/neu", opt={"permission": "agenda.propose"})
async def show_new(
    request: Incoming, db: web.Db, caller: web.Asking, reference: FromPath[str]
) -> Response[bytes]:
    """The form of a proposal; after the deadline it says that the item will be late."""
    found = await store.get_agenda(db, caller, reference[:40])
    meeting = pages.as_struct(found, Agenda).meeting
    me = auth.me(found.me)
    if not access.may(me, "agenda.propose"):
        raise errors.Forbidden(me=found.me)
    rules.require_proposals(meeting.state, office=access.may(me, "agenda.admit"))
    form = {"confidentiality": "circle", "kind": "deliberation", "planned_minutes": 15}
    return pages.show(
        request, "agenda/new.html", me, form=form | {"rapporteur_id": me.person_id},
        **await _new_page(db, caller, meeting),
    )  # fmt: skip


@post(
    HERE + "/top/neu",
    opt={"permission": "agenda.propose"},
    request_class=UploadRequest,
    request_max_body_size=None,
)
async def propose(request: Incoming, caller: web.Asking, reference: FromPath[str]) -> Response[Any]:
    """Take a proposal with its paper, once for the key of its form."""
    async with request.app.state.db.begin(caller) as db:
        meeting = pages.as_struct(await store.get_agenda(db, caller, reference[:40]), Agenda).meeting
        access.require(await auth.actor(db, caller), "agenda.propose")
    form = await pages.read_form(request)
    filled, refused = await files_api.take(request, caller, form)
    async with request.app.state.db.begin(caller) as db:
        actor = await auth.actor(db, caller)

        async def act() -> str:
            new = fields.from_form(NewItem, filled)
            paper = fields.from_form(PaperForm, filled)
            if refused:
                raise refused
            where: Meeting | NextMeeting = meeting
            if filled.get("into") == "next":
                later = await store.next_meeting(db, meeting.date, list(actor.keys), actor.today)
                if later is None:
                    raise errors.Conflict("Nach dieser Sitzung ist noch keine offen, die Punkte aufnimmt.")
                where = later
            item_id = await actions.propose(db, actor, where.id, new)
            for file_id in paper.file_ids:
                title = await _paper_title(db, actor, paper, file_id)
                level = new.confidentiality
                await papers.hand_in(db, actor, where.id, NewPaper(item_id, title, level, file_id))
            return _path(where.reference, item_id)

        try:
            return await pages.once(request, db, actor, form, act, "Ihr Punkt ist angemeldet.")
        except pages.MENDABLE as wrong:
            context = await _new_page(db, caller, meeting)
            context["attached"] = await _attached(db, actor, filled)
            pages.again(request, "agenda/new.html", actor, wrong, filled, **context)


@get(HERE + "/top/{item_id:uuid}", opt={"permission": "signed_in"})
async def show_item(
    request: Incoming,
    db: web.Db,
    caller: web.Asking,
    reference: FromPath[str],
    item_id: FromPath[UUID],
    schritt: FromQuery[str] = "",
    unterlage: FromQuery[str] = "",
) -> Response[bytes]:
    """One item: content, papers, state, and the next act of this person."""
    found = await store.get_agenda(db, caller, reference[:40], item_id)
    agenda, item = _one(found, item_id)
    await actions.note_reading(db, caller, found.me, [item])
    me = auth.me(found.me)
    context = await _item_page(db, caller, me, agenda, item, schritt)
    return pages.show(request, "agenda/item.html", me, **context, paper_id=unterlage)


class Form(msgspec.Struct, frozen=True):
    """An act as a form: its name as a step, what it does, and what is said afterwards."""

    step: str
    act: Callable[..., Awaitable[Any]]
    done: str


async def _admit(db: Connection, actor: Actor, item: AgendaItem, form: FormMultiDict) -> None:
    await actions.admit(db, actor, item.id, pages.revision(form))


async def _return(db: Connection, actor: Actor, item: AgendaItem, form: FormMultiDict) -> None:
    await actions.return_(db, actor, item.id, fields.from_form(Return, form), pages.revision(form))


async def _withdraw(db: Connection, actor: Actor, item: AgendaItem, form: FormMultiDict) -> None:
    await actions.withdraw(db, actor, item.id, pages.revision(form))


async def _adjourn(db: Connection, actor: Actor, item: AgendaItem, form: FormMultiDict) -> None:
    await actions.adjourn(db, actor, item.id, fields.from_form(Adjournment, form), pages.revision(form))


async def _change(db: Connection, actor: Actor, item: AgendaItem, form: FormMultiDict) -> None:
    kind = Times if item.frozen else Standing if item.kind not in rules.PROPOSED_KINDS else NewItem
    given = msgspec.structs.asdict(fields.from_form(kind, form))
    await actions.change(db, actor, item.id, ItemChange(**given), pages.revision(form))


async def _conclude(db: Connection, actor: Actor, item: AgendaItem, form: FormMultiDict) -> None:
    new = fields.from_form(ResultForm, form)
    counted = {name: getattr(new, name) for name in Votes.__struct_fields__}
    votes = Votes(**{name: value or 0 for name, value in counted.items()})
    reservations = [
        msgspec.convert({"by": one.by, "kind": one.kind, "text": one.text}, NewReservation)
        for one in item.reservations or []
    ]
    if new.by:
        reservations.append(NewReservation(new.kind, new.text, new.by))
    outcome = Outcome(
        result=new.result or msgspec.UNSET,
        minutes=new.minutes,
        minutes_base=new.minutes_base if "minutes_base" in form else msgspec.UNSET,
        resolution_text=new.resolution_text,
        votes=None if set(counted.values()) == {None} else votes,
        reservations=reservations if new.by else msgspec.UNSET,
    )
    await actions.conclude(db, actor, item.id, outcome, pages.revision(form))


async def _reserve(db: Connection, actor: Actor, item: AgendaItem, form: FormMultiDict) -> None:
    await actions.reserve(db, actor, item.id, fields.from_form(NewReservation, form), pages.revision(form))


async def _lift(db: Connection, actor: Actor, item: AgendaItem, form: FormMultiDict) -> None:
    await actions.lift(db, actor, item.id, fields.from_form(Lift, form), pages.revision(form))


async def _task(db: Connection, actor: Actor, item: AgendaItem, form: FormMultiDict) -> None:
    new = msgspec.structs.replace(fields.from_form(NewTask, form), item_id=item.id)
    await tasks.assign(db, actor, new)


async def _hand_in(db: Connection, actor: Actor, item: AgendaItem, form: FormMultiDict) -> None:
    new = fields.from_form(PaperForm, form)
    document = await store.find_document_named(db, new.document, list(actor.keys)) if new.document else None
    if new.document and document is None:
        raise errors.Invalid(
            "Dieses Dokument gibt es nicht.", fields={"document": "Bitte prüfen Sie die Nummer."}
        )
    if bool(document) == bool(new.file_ids):
        raise errors.Invalid(
            "Bitte wählen Sie eine Datei oder nennen Sie ein Wissensdokument.",
            fields={"file": "Bitte eine Datei wählen."},
        )
    if document:
        title = new.paper_title or document["title"]
        wanted = NewPaper(item.id, title, new.confidentiality, document_id=document["id"])
        await papers.hand_in(db, actor, item.meeting_id, wanted)
    for file_id in new.file_ids:
        title = await _paper_title(db, actor, new, file_id)
        wanted = NewPaper(item.id, title, new.confidentiality, file_id)
        await papers.hand_in(db, actor, item.meeting_id, wanted)


async def _new_version(db: Connection, actor: Actor, item: AgendaItem, form: FormMultiDict) -> None:
    new = fields.from_form(Version, form)
    paper = next((one for one in item.papers or [] if one.id == new.paper_id), None)
    if paper is None:
        raise errors.NotFound(me=actor.card)
    if len(new.file_ids) != 1:
        raise errors.Invalid("Eine neue Fassung ist eine Datei.", fields={"file": "Bitte eine Datei wählen."})
    await papers.change(db, actor, paper.id, PaperChange(file_id=new.file_ids[0]), pages.revision(form))


async def _involve(db: Connection, actor: Actor, item: AgendaItem, form: FormMultiDict) -> None:
    await experts.involve(db, actor, item.id, fields.from_form(NewExpert, form))


async def _end_involvement(db: Connection, actor: Actor, item: AgendaItem, form: FormMultiDict) -> None:
    await experts.end(db, actor, item.id, fields.from_form(EndExpert, form).person_id)


FORMS = {
    "admit": Form("Aufnehmen", _admit, "Der Punkt ist aufgenommen."),
    "return": Form("Zurückgeben", _return, "Der Punkt ist zurückgegeben. Die anmeldende Person bekommt eine Mail."),
    "change": Form("Punkt ändern", _change, "Die Änderung ist gespeichert."),
    "withdraw": Form("Zurückziehen", _withdraw, "Der Punkt ist zurückgezogen."),
    "adjourn": Form("Vertagen", _adjourn, "Der Punkt ist vertagt."),
    "result": Form("Text und Ergebnis eintragen", _conclude, "Gespeichert. Text und Ergebnis stehen beim Punkt."),
    "reserve": Form("Vorbehalt erklären", _reserve, "Ihr Vorbehalt ist festgehalten."),
    "lift": Form("Vorbehalt aufheben", _lift, "Das Ende des Vorbehalts ist festgehalten."),
    "paper": Form("Unterlage hinzufügen", _hand_in, "Die Unterlage ist hinzugefügt."),
    "version": Form("Neue Fassung einer Unterlage", _new_version, "Die neue Fassung ist gespeichert."),
    "task": Form("Aufgabe anlegen", _task, "Die Aufgabe ist angelegt. Sie gilt, sobald sie angenommen ist."),
    "involve": Form("Sachkundige hinzuziehen", _involve, "Die Person ist hinzugezogen und bekommt eine Mail."),
    "end_involvement": Form("Hinzuziehung beenden", _end_involvement, "Die Hinzuziehung ist beendet."),
}  # fmt: skip
WITH_FILES = {"paper", "version"}


@post(
    HERE + "/top/{item_id:uuid}/{act:str}",
    opt={"permission": "signed_in"},
    request_class=UploadRequest,
    request_max_body_size=None,
)
async def do(
    request: Incoming,
    caller: web.Asking,
    reference: FromPath[str],
    item_id: FromPath[UUID],
    act: FromPath[str],
    von: FromQuery[str] = "",
) -> Response[Any]:
    """One act on an item, done once even if the button is pressed twice; from the office's table it leads back there."""
    async with request.app.state.db.begin(caller) as db:
        found = await store.get_agenda(db, caller, reference[:40], item_id)
    agenda, item = _one(found, item_id)
    if act not in FORMS or (act == "version" and not item.papers):
        raise errors.NotFound(me=found.me)
    if act in WITH_FILES and not access.may(auth.me(found.me), "papers.hand_in"):
        raise errors.Forbidden(me=found.me)
    form = await pages.read_form(request)
    filled, refused = await files_api.take(request, caller, form) if act in WITH_FILES else (form, None)
    async with request.app.state.db.begin(caller) as db:
        actor = await auth.actor(db, caller)

        async def done() -> str:
            if refused:
                raise refused
            await FORMS[act].act(db, actor, item, filled)
            back = f"/sitzungen/{reference}/tagesordnung"
            return back if von == "tagesordnung" else _path(reference, item_id)

        try:
            return await pages.once(request, db, actor, form, done, FORMS[act].done)
        except pages.MENDABLE as wrong:
            context = await _item_page(db, caller, auth.me(actor.card), agenda, item, act, failed=True)
            del context["form"]
            if act in WITH_FILES:
                context["attached"] = await _attached(db, actor, filled)
            pages.again(request, "agenda/item.html", actor, wrong, filled, **context, paper_id="")


@get(HERE + "/tagesordnung", opt={"permission": "agenda.admit"})
async def show_agenda(
    request: Incoming, db: web.Db, caller: web.Asking, reference: FromPath[str]
) -> Response[bytes]:
    """The office's table: what waits for admission, order and times, and whether they fit into the meeting."""
    found = await store.get_agenda(db, caller, reference[:40])
    if not access.may(auth.me(found.me), "agenda.admit"):
        raise errors.Forbidden(me=found.me)
    return pages.show(request, "agenda/arrange.html", found.me, **await _table(db, caller, found))


@post(HERE + "/tagesordnung", opt={"permission": "agenda.admit"})
async def arrange(
    request: Incoming, db: web.Db, caller: web.Asking, actor: web.Acting, reference: FromPath[str]
) -> Response[Any]:
    """Take the numbers as typed; a button moves one item by one place."""
    form = await pages.read_form(request)
    found = await store.get_agenda(db, caller, reference[:40])
    agenda: Agenda = pages.as_struct(found, Agenda)
    try:
        async with pages.attempt(db):
            plan = _plan(form, agenda)
            await actions.arrange(db, actor, agenda.meeting.id, plan, pages.revision(form))
    except pages.MENDABLE as wrong:
        table = await _table(db, caller, found)
        table["movable"] = _as_typed(table["movable"], form)
        pages.again(request, "agenda/arrange.html", actor, wrong, form, **table)
    moved = form.get("up") or form.get("down")
    return pages.go(
        f"/sitzungen/{reference}/tagesordnung" + (f"#top-{moved}" if moved else ""),
        "Reihenfolge und Zeiten sind gespeichert.",
    )


@get(HERE + "/ansicht", opt={"permission": "agenda.admit"})
async def show_preview(
    request: Incoming,
    db: web.Db,
    caller: web.Asking,
    actor: web.Acting,
    reference: FromPath[str],
    als: FromQuery[str] = "member",
) -> Response[bytes]:
    """The agenda and its papers as a role sees them, without anything to press."""
    role = als if als in rules.SIGHTS else "member"
    found = await store.preview_as(db, caller, role, reference=reference[:40])
    access.require(actor, "agenda.admit")
    return pages.show(
        request, "agenda/preview.html", found.me, preview=pages.as_struct(found, AgendaPreview), role=role,
        sights=rules.SIGHTS, aims=rules.AIMS, statuses=rules.STATUSES, labels=rules.LABELS, tones=TONES,
    )  # fmt: skip


@get(HERE + "/fassungen", opt={"permission": "signed_in"})
async def show_versions(
    request: Incoming, db: web.Db, caller: web.Asking, reference: FromPath[str]
) -> Response[bytes]:
    """What each agenda that went out changed against the one before it."""
    found = await store.list_versions(db, caller, reference=reference[:40])
    stored = pages.as_struct(found, StoredVersions)
    return pages.show(
        request, "agenda/versions.html", found.me, meeting=stored, versions=versions.told(stored.versions)[::-1],
        changes=versions.CHANGES,
    )  # fmt: skip


@post(HERE + "/tagesordnung/uebernehmen", opt={"permission": "agenda.admit"})
async def take_over(
    request: Incoming, db: web.Db, caller: web.Asking, actor: web.Acting, reference: FromPath[str]
) -> Response[Any]:
    """Take up what an earlier meeting put off."""
    form = await pages.read_form(request)
    found = await store.get_agenda(db, caller, reference[:40])
    meeting = pages.as_struct(found, Agenda).meeting
    access.require(actor, "agenda.admit")

    async def act() -> str:
        wanted = fields.from_form(TakeOver, form)
        await actions.adjourn(db, actor, wanted.item_id, Adjournment(meeting.id), pages.revision(form))
        return f"/sitzungen/{reference}/tagesordnung"

    try:
        return await pages.once(request, db, actor, form, act, "Der Punkt ist übernommen.")
    except pages.MENDABLE as wrong:
        pages.again(
            request, "agenda/arrange.html", actor, wrong, FormMultiDict(), **await _table(db, caller, found)
        )


def _plan(form: FormMultiDict, agenda: Agenda) -> Plan:
    """The order that the form describes: by the typed numbers, equal ones as before; then one step up or down."""
    movable = [item for item in agenda.items if item.status in rules.MOVABLE]
    wrong: dict[str, str] = {}

    def number(name: str, highest: int, otherwise: int) -> int:
        typed = str(form.get(name, "")).strip()
        if not typed:
            return otherwise
        if not typed.isascii() or not typed.isdigit() or int(typed[:9]) > highest:
            wrong[name] = f"Bitte eine ganze Zahl von 0 bis {highest}."
            return otherwise
        return int(typed)

    places = {item.id: number(f"place_{item.id}", 999, n) for n, item in enumerate(movable, start=1)}
    minutes = {
        item.id: number(f"minutes_{item.id}", 600, item.planned_minutes or 0) for item in movable if item.open
    }
    if wrong:
        raise errors.Invalid("Bitte prüfen Sie die markierten Felder.", fields=wrong)
    order = [item.id for item in sorted(movable, key=lambda item: places[item.id])]
    for name, step in (("up", -1), ("down", 1)):
        at = next((n for n, item_id in enumerate(order) if str(item_id) == form.get(name)), None)
        if at is not None and 0 <= at + step < len(order):
            order[at], order[at + step] = order[at + step], order[at]
    return Plan(order, minutes)


def _as_typed(items: list[AgendaItem], form: FormMultiDict) -> list[AgendaItem]:
    """The rows in the order that somebody gave them; what is new stays where it is."""
    typed = {item.id: str(form.get(f"place_{item.id}", "")) for item in items}
    return [
        item
        for _, item in sorted(
            enumerate(items, start=1),
            key=lambda pair: (
                int(typed[pair[1].id][:9])
                if typed[pair[1].id].isdecimal() and typed[pair[1].id].isascii()
                else pair[0]
            ),
        )
    ]


async def _table(db: Connection, caller: Caller, found: Answer) -> dict[str, Any]:
    agenda: Agenda = pages.as_struct(found, Agenda)
    meeting = agenda.meeting
    planned = [item for item in agenda.items if item.status in ("admitted", "on_agenda", "treated")]
    length = (meeting.end_local.hour - meeting.start_local.hour) * 60 + (
        meeting.end_local.minute - meeting.start_local.minute
    )
    takes = meeting.state in rules.BEFORE_MEETING
    left = await store.list_left(db, caller, None, 50, meeting.id) if takes else None
    late = any(item.status == "registered" and item.late_submission for item in agenda.items)
    return {
        "left": pages.as_struct(left, list[LeftItem]) if left else [],
        "later": await _later(db, caller, meeting, planned=True) if late else None,
        "meeting": meeting,
        "revision": found.revision,
        "items": agenda.items,
        "waiting": [item for item in agenda.items if item.status == "registered"],
        "movable": [item for item in agenda.items if item.status in rules.MOVABLE],
        "ended": [item for item in agenda.items if item.frozen and item.status not in rules.MOVABLE],
        "sum": sum(item.planned_minutes or 0 for item in planned),
        "unknown": sum(not item.open for item in planned),
        "length": length,
        "statuses": rules.STATUSES,
        "tones": TONES,
        "aims": rules.AIMS,
        "may_arrange": meeting.state in (*rules.BEFORE_MEETING, "running"),
    }


async def _new_page(db: Connection, caller: Caller, meeting: Meeting) -> dict[str, Any]:
    today = clock.day(caller.now)
    kept = meeting.deadlines.get("agenda_submission")
    until = kept.on if kept else rules.submission_day(meeting.date)
    return {
        "meeting": meeting,
        "late": rules.is_late(meeting.state, meeting.date, until, today),
        "until": until,
        "until_steps": kept.steps if kept else [],
        "later": await _later(db, caller, meeting, planned=False),
        "refused": meeting.late_refused,
        "people": await _people(db, caller),
        "aims": rules.AIMS,
        "kinds": [(kind, rules.KINDS[kind]) for kind in rules.PROPOSED_KINDS],
        "attached": [],
    }


async def _later(db: Connection, caller: Caller, meeting: Meeting, *, planned: bool) -> NextMeeting | None:
    """The meeting that a late item can go into; the caller sees meetings, as this page shows one."""
    return await store.next_meeting(db, meeting.date, ["circle"], clock.day(caller.now), planned=planned)


async def _people(db: Connection, caller: Caller) -> list[tuple[UUID, str]]:
    rows = await store.list_people(db, clock.day(caller.now))
    return [(row["id"], f"{row['name']} ({row['authority_name']})") for row in rows]


async def _item_page(
    db: Connection,
    caller: Caller,
    me: Me,
    agenda: Agenda,
    item: AgendaItem,
    step: str,
    *,
    failed: bool = False,
) -> dict[str, Any]:
    """What the page of an item shows: the open form is the asked one, or the next act that waits for this person."""
    meeting = agenda.meeting
    acts = rules.acts(me, item, meeting.state)
    place = [one.id for one in agenda.items].index(item.id)
    coming = [one for one in agenda.items[place + 1 :] if one.status in ("admitted", "on_agenda")]
    fresh = {"version"} if "paper" in acts and item.papers else set()
    first = acts[0] if acts and acts[0] in ("result",) else ""
    if item.status == "returned" and "change" in acts:
        first = "change"
    chosen = step if step in FORMS and (failed or step in acts or step in fresh) else first
    with_people = chosen in ("change", "result", "task")
    done = await task_store.list_tasks(db, caller, None, 50, item_id=item.id) if item.frozen else None
    return {
        "meeting": meeting,
        "whole": agenda.whole,
        "called_in": agenda.called_in,
        "may_end": "involve" in acts,
        "house_staff": await expert_store.list_choices(db, me.authority_id) if chosen == "involve" else [],
        "item": item,
        "acts": acts,
        "room": meeting.state == "running" and access.may(me, "meetings.run"),
        "next_item": coming[0].id if meeting.state == "running" and coming else None,
        "chosen": chosen,
        "steps_left": [
            (act, FORMS[act].step)
            for act in acts
            if act != chosen
            and act not in ("admit", "withdraw")
            and not (act == "task" and chosen == "result")
        ],
        "form": _prefilled(item, chosen),
        "points": _points(item),
        "statuses": rules.STATUSES,
        "tones": TONES,
        "aims": rules.AIMS,
        "kinds": rules.KINDS,
        "labels": rules.LABELS,
        "results": rules.RESULTS,
        "outcomes": rules.OUTCOMES,
        "fitting": [
            (name, rules.RESULTS[name])
            for name in rules.results_for(item.kind or "", item.confidentiality == "confidential")
        ],
        "own_kinds": [(kind, rules.KINDS[kind]) for kind in rules.PROPOSED_KINDS],
        "standing": item.kind not in rules.PROPOSED_KINDS,
        "people": await _people(db, caller) if with_people else [],
        "members": await _members(db, caller) if chosen == "result" else [],
        "meetings": [
            (row["id"], f"{row['title']} ({row['date']:%d.%m.%Y})")
            for row in await store.list_later_meetings(db, meeting.date, ["circle"])
        ]
        if chosen == "adjourn"
        else [],
        "tasks": pages.as_struct(done, list[Task]) if done else [],
        "may_change_paper": "paper" in acts,
        "later": await _later(db, caller, meeting, planned=True)
        if "adjourn" in acts and item.status in rules.PROPOSALS
        else None,
        "attached": [],
    }


async def _members(db: Connection, caller: Caller) -> list[tuple[UUID, str]]:
    rows = await store.list_members(db, clock.day(caller.now))
    return [(row["id"], f"{row['name']} ({row['authority_name']})") for row in rows]


def _prefilled(item: AgendaItem, act: str) -> dict[str, Any]:
    """What a form shows before somebody typed."""
    if act == "result":
        votes = msgspec.structs.asdict(item.votes) if item.votes else {}
        return {
            "result": item.result,
            "minutes": item.minutes,
            "minutes_base": item.minutes,
            "resolution_text": item.resolution_text,
        } | votes
    if act == "change":
        return {name: getattr(item, name) for name in NewItem.__struct_fields__ if name != "named"} | {
            "named": [one.id for one in item.named or []]
        }
    return {"confidentiality": item.confidentiality, "outcome": "withdrawn", "kind": "Leitungsvorbehalt"}


def _points(item: AgendaItem) -> list[tuple[str, str, str]]:
    """The drawn line of an item from its proposal to its result."""
    number = f"TOP {item.number}" if item.frozen else ""
    if item.status in ("returned", "withdrawn", "adjourned", "removed"):
        reached = [("Angemeldet", "done", "")] + (
            [("Auf der Tagesordnung", "done", number)] if item.frozen else []
        )
        return [*reached, (rules.STATUSES[item.status].capitalize(), "current", "")]
    names = {
        "registered": "Angemeldet",
        "admitted": "Aufgenommen",
        "on_agenda": "Auf der Tagesordnung",
        "treated": "Behandelt",
    }
    at = list(names).index(item.status)
    return [
        (
            label,
            "done" if n < at or item.status == "treated" else "current" if n == at else "open",
            number if status == "on_agenda" else "",
        )
        for n, (status, label) in enumerate(names.items())
    ]


async def _attached(db: Connection, actor: Actor, form: FormMultiDict) -> list[tuple[UUID, str]]:
    """Files that came with a form that is shown again, as choices that stay ticked."""
    kept = fields.from_form(PaperForm, {"file_ids": form.getall("file_ids", [])})
    return [(file.id, file.name) for file in await files.require_own(db, actor, kept.file_ids)]


async def _paper_title(db: Connection, actor: Actor, paper: PaperForm, file_id: UUID) -> str:
    """The typed title, or the name of the file without its ending."""
    if paper.paper_title and len(paper.file_ids) == 1:
        return paper.paper_title
    (file,) = await files.require_own(db, actor, [file_id])
    return PurePath(file.name).stem or file.name


def _one(found: Answer, item_id: UUID) -> tuple[Agenda, AgendaItem]:
    """The agenda and one item of it. Raises NotFound for an item that the reader does not see."""
    agenda: Agenda = pages.as_struct(found, Agenda)
    item = next((one for one in agenda.items if one.id == item_id), None)
    if item is None:
        raise errors.NotFound(me=found.me)
    return agenda, item


def _path(reference: str, item_id: UUID) -> str:
    return f"/sitzungen/{reference}/top/{item_id}"


router = Router(
    "/",
    include_in_schema=False,
    route_handlers=[
        show_new,
        propose,
        show_item,
        do,
        show_agenda,
        arrange,
        take_over,
        show_preview,
        show_versions,
    ],
)
