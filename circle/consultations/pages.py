"""Requests for people: the list of the own house or the office's board, the form, and the course of one request.

A request's page offers one form at a time: the next act of this person, or the one named by `?schritt=`.
"""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import msgspec
from litestar import Request, Response, Router, get, post
from litestar.datastructures import FormMultiDict
from litestar.params import FromPath, FromQuery
from markupsafe import Markup

from circle.core import access, answers, auth, calendar, errors, fields, files, files_api, pages, web
from circle.core.auth import Actor, Me
from circle.core.db import Connection
from circle.core.errors import CircleError
from circle.core.files_api import UploadRequest
from circle.knowledge import rendering
from circle.people.experts import store as expert_store
from circle.people.experts.model import EndExpert, NewExpert

from . import actions, experts, release, rules, store
from .model import (
    Assignment,
    Choices,
    Closing,
    Consultation,
    ConsultationChange,
    ConsultationLine,
    FileIds,
    NewAnswer,
    NewConsultation,
    NewSource,
    Opened,
    Question,
    Referral,
    Release,
    Reply,
    Review,
    Submission,
    Withdrawal,
)

Incoming = Request[Any, Any, Any]

VIEWS = {
    "offen": "Offen",
    "meine": "Für mich",
    "ueberfaellig": "Überfällig",
    "erledigt": "Beantwortet und abgeschlossen",
}
BOARD = ["draft", "received", "clarification", "assigned", "in_progress", "in_review"]
TONES = {
    "received": "info",
    "clarification": "warning",
    "assigned": "info",
    "in_progress": "info",
    "in_review": "info",
    "answered": "success",
    "release_review": "info",
    "released": "success",
    "answered_from_stock": "success",
}
PRIMARY = {"reply", "approve", "submit", "assign", "review", "send", "answer"}
"""Acts that wait for this person; the others are offered as further steps."""


class Form(msgspec.Struct, frozen=True):
    """An act as a form: its name as a step, what it does, what is said afterwards, and what its form holds."""

    step: str
    act: Callable[..., Awaitable[None]]
    done: str
    holds: type[Any] | None = None


async def _involve(
    db: Connection, actor: Actor, consultation_id: UUID, new: NewExpert, expected: int | None
) -> None:
    await experts.involve(db, actor, consultation_id, new, expected)


async def _end_involvement(
    db: Connection, actor: Actor, consultation_id: UUID, whom: EndExpert, _: int | None
) -> None:
    await experts.end(db, actor, consultation_id, whom.person_id)


FORMS = {
    "submit": Form("Anfrage abschicken", actions.submit, "Ihre Anfrage ist abgeschickt.", Submission),
    "assign": Form("Zuweisen", actions.assign, "Die Anfrage ist zugewiesen.", Assignment),
    "clarify": Form("Rückfrage stellen", actions.clarify, "Die Rückfrage ist gestellt. Die Frist ruht.", Question),
    "reply": Form("Rückfrage beantworten", actions.reply, "Ihre Antwort ist gesendet. Die Frist läuft weiter.", Reply),
    "answer": Form("Antwort schreiben", actions.answer, "Die Antwort ist gespeichert.", NewAnswer),
    "review": Form("Antwort prüfen", actions.review, "Ihre Entscheidung ist gespeichert.", Review),
    "send": Form("Antwort versenden", actions.send, "Die Antwort ist an das anfragende Haus versandt."),
    "release": Form("Freigabe vorschlagen", release.propose, "Der Vorschlag liegt zur Freigabe vor.", Release),
    "approve": Form("Über die Freigabe entscheiden", release.decide, "Ihre Entscheidung ist gespeichert.", Release),
    "withdraw": Form("Anfrage zurückziehen", actions.withdraw, "Die Anfrage ist zurückgezogen.", Withdrawal),
    "refer": Form("An zuständige Stelle abgeben", actions.refer, "Die Abgabenachricht ist versandt.", Referral),
    "close": Form("Abschließen", actions.close, "Die Anfrage ist abgeschlossen.", Closing),
    "hand_over": Form("An die Nachfolge übergeben", actions.hand_over, "Die Nachfolge sieht die Anfrage jetzt."),
    "involve": Form("Sachkundige hinzuziehen", _involve, "Die Person ist hinzugezogen und bekommt eine Mail.", NewExpert),
    "end_involvement": Form("Hinzuziehung beenden", _end_involvement, "Die Hinzuziehung ist beendet.", EndExpert),
}  # fmt: skip
WITH_FILES = {"reply": "question", "answer": "answer"}
"""Acts whose form takes files, and the part that they go to."""


class Kept(msgspec.Struct, frozen=True):
    """The files that a form still ticks."""

    file_ids: FileIds = []


@get("/anfragen", opt={"permission": "signed_in"})
async def show_list(
    request: Incoming,
    db: web.Db,
    caller: web.Asking,
    stand: FromQuery[str] = "offen",
    after: FromQuery[str | None] = None,
) -> Response[bytes]:
    """Requests of the own house or assigned ones; the office sees all open ones by their state."""
    view = stand if stand in VIEWS else "offen"
    found = await store.list_visible(
        db, caller, answers.unseal(after), 200 if view == "offen" else 50,
        open_only={"offen": True, "erledigt": False}.get(view), mine=view == "meine", overdue=view == "ueberfaellig",
    )  # fmt: skip
    me = auth.me(found.me)
    lines: list[ConsultationLine] = pages.as_struct(found, list[ConsultationLine])
    groups = [("", lines)] if lines else []
    if view == "offen" and "circle_office" in me.roles:
        by_state = [(rules.STATES[state], [line for line in lines if line.state == state]) for state in BOARD]
        groups = [group for group in by_state if group[1]]
    return pages.show(
        request, "consultations/list.html", me, view=view, views=VIEWS, groups=groups, states=rules.STATES, tones=TONES,
        may_ask=access.may(me, "consultations.ask"), next=answers.next_link(request, found),
        first=f"/anfragen?stand={view}" if after else None,
    )  # fmt: skip


@get("/anfragen/neu", opt={"permission": "consultations.ask"})
async def show_new(
    request: Incoming, db: web.Db, caller: web.Asking, frage: FromQuery[str] = ""
) -> Response[bytes]:
    """The form for a new request; `?frage=` takes the words of a search along."""
    found = await store.get_choices(db, caller)
    if not access.may(auth.me(found.me), "consultations.ask"):
        raise errors.Forbidden(me=found.me)
    choices: Choices = pages.as_struct(found, Choices)
    form = {"subject": frage[:300], "confidentiality": "circle", "priority": "normal"}
    return pages.show(
        request, "consultations/new.html", found.me, topics=choices.topics, thing=None, form=form, attached=[]
    )


@post(
    "/anfragen",
    opt={"permission": "consultations.ask"},
    request_class=UploadRequest,
    request_max_body_size=None,
)
async def create(request: Incoming, caller: web.Asking) -> Response[Any]:
    """Hand in the form with its files, or keep it as a draft."""
    async with request.app.state.db.begin(caller) as db:
        access.require(await auth.actor(db, caller), "consultations.ask")
    form = await pages.read_form(request)
    filled, refused = await files_api.take(request, caller, form)
    async with request.app.state.db.begin(caller) as db:
        actor = await auth.actor(db, caller)

        async def act() -> str:
            new = _filled(NewConsultation, filled, refused)
            return f"/anfragen/{await actions.ask(db, actor, new)}"

        drafted = form.get("draft") == "true"
        notice = "Der Entwurf ist gespeichert." if drafted else "Ihre Anfrage ist abgeschickt."
        try:
            return await pages.once(request, db, actor, form, act, notice)
        except pages.MENDABLE as wrong:
            choices: Choices = pages.as_struct(await store.get_choices(db, caller), Choices)
            pages.again(
                request, "consultations/new.html", actor, wrong, filled, topics=choices.topics, thing=None,
                attached=await _attached(db, actor, filled),
            )  # fmt: skip


@get("/anfragen/{name:str}", opt={"permission": "signed_in"})
async def show(
    request: Incoming, db: web.Db, caller: web.Asking, name: FromPath[str], schritt: FromQuery[str] = ""
) -> Response[bytes]:
    """One request as a conversation: question, clarifications, answer, review, release, and the next act."""
    found = await store.get_page(db, caller, *_named(name))
    opened: Opened = pages.as_struct(found, Opened)
    await actions.note_reading(db, caller, found.me, opened.thing)
    me = auth.me(found.me)
    context = await _page(me, opened, schritt) | await _house_staff(db, me, opened, schritt)
    return pages.show(request, "consultations/show.html", me, **context)


@get("/anfragen/{consultation_id:uuid}/bearbeiten", opt={"permission": "consultations.ask"})
async def show_change(
    request: Incoming, db: web.Db, caller: web.Asking, consultation_id: FromPath[UUID]
) -> Response[bytes]:
    """The form of a draft, or of a request nobody works on yet."""
    found = await store.get_page(db, caller, consultation_id)
    opened: Opened = pages.as_struct(found, Opened)
    thing = opened.thing
    rules.require(auth.me(found.me), "change", thing, thing.state)
    return pages.show(
        request, "consultations/new.html", found.me, topics=opened.choices.topics, thing=thing,
        form=msgspec.structs.asdict(thing) | {"file_ids": _ids_of(thing, "question")},
        attached=_labelled(thing, "question"),
    )  # fmt: skip


@post(
    "/anfragen/{consultation_id:uuid}/bearbeiten",
    opt={"permission": "consultations.ask"},
    request_class=UploadRequest,
    request_max_body_size=None,
)
async def change(request: Incoming, caller: web.Asking, consultation_id: FromPath[UUID]) -> Response[Any]:
    """Save the changed request and its files."""
    async with request.app.state.db.begin(caller) as db:
        found = await store.get_page(db, caller, consultation_id)
    opened: Opened = pages.as_struct(found, Opened)
    thing = opened.thing
    if not rules.may(auth.me(found.me), "change", thing):
        raise errors.Forbidden(me=found.me)
    form = await pages.read_form(request)
    filled, refused = await files_api.take(request, caller, form)
    async with request.app.state.db.begin(caller) as db:
        actor = await auth.actor(db, caller)

        async def act() -> str:
            new = msgspec.structs.asdict(_filled(NewConsultation, filled, refused))
            fixed = set() if thing.state == "draft" else {"priority", "urgency_reason", "confidentiality"}
            names = new.keys() & set(ConsultationChange.__struct_fields__) - fixed
            wanted = ConsultationChange(**{name: new[name] for name in names})
            await actions.change(db, actor, consultation_id, wanted, pages.revision(form))
            return f"/anfragen/{thing.reference or thing.id}"

        try:
            return await pages.once(request, db, actor, form, act, "Gespeichert.")
        except pages.MENDABLE as wrong:
            pages.again(
                request, "consultations/new.html", actor, wrong, filled, topics=opened.choices.topics, thing=thing,
                attached=_labelled(thing, "question") + await _attached(db, actor, filled, thing),
            )  # fmt: skip


@post(
    "/anfragen/{consultation_id:uuid}/{act:str}",
    opt={"permission": "signed_in"},
    request_class=UploadRequest,
    request_max_body_size=None,
)
async def do(
    request: Incoming, caller: web.Asking, consultation_id: FromPath[UUID], act: FromPath[str]
) -> Response[Any]:
    """One act on a request, done once even if the button is pressed twice.

    The right is checked before the form, which may bring files, is read.
    """
    async with request.app.state.db.begin(caller) as db:
        found = await store.get_page(db, caller, consultation_id)
    opened: Opened = pages.as_struct(found, Opened)
    thing = opened.thing
    if act not in FORMS:
        raise errors.NotFound(me=found.me)
    if not rules.may(auth.me(found.me), act, thing):
        raise errors.Forbidden(me=found.me)
    form = await pages.read_form(request)
    filled, refused = await files_api.take(request, caller, form) if act in WITH_FILES else (form, None)
    async with request.app.state.db.begin(caller) as db:
        actor = await auth.actor(db, caller)

        async def done() -> str:
            await FORMS[act].act(
                db, actor, consultation_id, *_wanted(act, filled, refused), pages.revision(form)
            )
            return f"/anfragen/{thing.reference or consultation_id}"

        try:
            return await pages.once(request, db, actor, form, done, FORMS[act].done)
        except CircleError as wrong:
            if not wrong.fields and not isinstance(wrong, pages.MENDABLE):
                raise
            me = auth.me(actor.card)
            context = await _page(me, opened, act) | await _house_staff(db, me, opened, act)
            context |= {
                "findings": wrong.extra.get("findings", []),
                "source_rows": _source_rows(filled),
            }
            if act in WITH_FILES:
                context["attached"] += await _attached(db, actor, filled, thing)
            del context["form"]
            pages.again(request, "consultations/show.html", actor, wrong, filled, **context)


def _wanted(act: str, form: FormMultiDict, refused: errors.Invalid | None) -> list[Any]:
    """What an act gets from its form besides the revision."""
    if act == "answer":
        return [_answer(form, refused)]
    holds = FORMS[act].holds
    return [_filled(holds, form, refused)] if holds else []


def _filled(kind: type[Any], form: FormMultiDict, refused: errors.Invalid | None) -> Any:
    """The form as input. Raises Invalid, also for an upload that was refused."""
    new = fields.from_form(kind, form)
    if refused:
        raise refused
    return new


def _answer(form: FormMultiDict, refused: errors.Invalid | None) -> NewAnswer:
    """The answer's form: each source is a row of three fields; empty rows do not count."""
    new: NewAnswer = _filled(NewAnswer, form, refused)
    sources = []
    for title, as_of, note in _source_rows(form):
        try:
            sources.append(
                msgspec.convert(
                    {"norm": title, "as_of": as_of, "note": note}, NewSource, dec_hook=fields.decode
                )
            )
        except msgspec.ValidationError as error:
            text = f"Bitte geben Sie zur Quelle „{title[:60]}“ den Tag an, an dem Sie sie gelesen haben."
            raise errors.Invalid(text, fields={"sources": text}) from error
    return msgspec.structs.replace(new, sources=sources)


def _source_rows(form: FormMultiDict) -> list[tuple[str, str, str]]:
    """The rows of sources as they were typed: name, day, remark."""
    typed = [form.getall(f"source_{name}", []) for name in ("title", "as_of", "note")]
    rows = [(str(row[0]).strip(), str(row[1]), str(row[2])) for row in zip(*typed, strict=False)]
    return [row for row in rows if row[0]]


async def _attached(
    db: Connection, actor: Actor, form: FormMultiDict, thing: Consultation | None = None
) -> list[tuple[UUID, str]]:
    """Files that came with this form and are not in the request yet, as choices that stay ticked."""
    known = {file.id for file in thing.files} if thing else set()
    new = [file_id for file_id in fields.from_form(Kept, form).file_ids if file_id not in known]
    return [(file.id, file.name) for file in await files.require_own(db, actor, new)]


def _labelled(thing: Consultation, part: str) -> list[tuple[UUID, str]]:
    """The files of the question or of the answer, as choices."""
    return [(file.id, file.name) for file in thing.files if file.part == part]


def _ids_of(thing: Consultation, part: str) -> list[UUID]:
    return [file_id for file_id, _ in _labelled(thing, part)]


async def _house_staff(db: Connection, me: Me, opened: Opened, step: str) -> dict[str, Any]:
    """Whom the asking house may call in, when that is the step."""
    wanted = step == "involve" and rules.may(me, step, opened.thing)
    return {"house_staff": await expert_store.list_choices(db, me.authority_id) if wanted else []}


async def _page(me: Me, opened: Opened, step: str) -> dict[str, Any]:
    """What the page of a request shows: the open form is the asked one, or the next act that waits for this person."""
    thing, choices = opened.thing, opened.choices
    acts = rules.next_acts(me, thing)
    first = acts[0] if acts and acts[0] in PRIMARY else ""
    settled = (first == "assign" and thing.assignee_id) or (first == "answer" and thing.state == "in_review")
    chosen = step if step in acts and step in FORMS else "" if settled else first
    named = {thing.assignee_id, thing.deputy_id}
    return {
        "thing": thing,
        "called_in": opened.called_in,
        "may_end": rules.may(me, "end_involvement", thing),
        "chosen": chosen,
        "acts": [(act, FORMS[act].step) for act in acts if act in FORMS and act != chosen],
        "may_change": "change" in acts,
        "form": _prefilled(thing, chosen),
        "attached": _labelled(thing, "answer") if chosen == "answer" else [],
        "state": rules.REVIEWED
        if thing.state == "in_review" and thing.reviewed_on
        else rules.STATES[thing.state],
        "tone": TONES.get(thing.state, "neutral"),
        "course": course(thing),
        "findings": [],
        "source_rows": [(s.norm or s.title, s.as_of or "", s.note or "") for s in thing.sources],
        "topics": choices.topics,
        "topic_names": dict(choices.topics),
        "experts": _people(choices, access.KFI, {p.id for p in choices.staff if p.conflicted}),
        "reviewers": _people(choices, access.RIGHTS["consultations.review"], named),
        "approvers": _people(choices, access.RIGHTS["consultations.release"], {thing.answered_by_id}),
        "stock": thing.state in rules.STOCK,
        "answer_html": await _html(thing.answer or ""),
        "proposal_html": await _html(thing.proposal.text if thing.proposal else ""),
        "levels": [
            (level, pages.LEVELS[level])
            for level in ("public", "internal", "circle")
            if rules.LEVELS.index(level) <= rules.LEVELS.index(thing.confidentiality)
        ],
    }


def _people(choices: Choices, roles: set[str], barred: set[UUID | None]) -> list[tuple[UUID, str]]:
    """Who may be named for a part in the request."""
    return [(p.id, p.name) for p in choices.staff if roles & set(p.roles) and p.id not in barred]


async def _html(markdown: str) -> Markup:
    return await rendering.to_html(markdown) if markdown else Markup()


def _prefilled(thing: Consultation, act: str) -> dict[str, Any]:
    """What a form shows before somebody typed: what is already known."""
    known: dict[str, Any] = msgspec.structs.asdict(thing)
    if act == "release":
        old = thing.proposal
        return {
            "title": old.title if old else thing.subject,
            "abstract": old.abstract if old else thing.answer_summary or "",
            "text": old.text if old else thing.answer or "",
            "level": old.level if old else "",
            "topics": old.topics if old else thing.topics,
            "review_on": old.review_on if old else None,
        }
    return known | {"note": "", "question": "", "decision": "", "file_ids": _ids_of(thing, "answer")}


def course(thing: Consultation) -> list[tuple[str, str, str]]:
    """The drawn line of a request: (label, state, note) for the steps from receipt to release."""
    short = calendar.date_short
    reached = [
        ("Eingegangen", thing.received_on, short(thing.received_on) if thing.received_on else ""),
        ("Zugewiesen", thing.assignee_id and thing.acknowledged_on, thing.assignee_name or ""),
        (
            rules.REVIEWED if thing.state == "in_review" and thing.reviewed_on else "Geprüft und beantwortet",
            thing.answered_on,
            short(thing.answered_on) if thing.answered_on else "",
        ),
        ("Als Wissen freigegeben", thing.released_on, short(thing.released_on) if thing.released_on else ""),
    ]
    ended = {"withdrawn", "referred", "answered_from_stock", "closed"}
    if thing.state in ended:
        points = [(label, "done", note) for label, day, note in reached if day]
        return [
            *points,
            (rules.STATES[thing.state], "done", short(thing.closed_on) if thing.closed_on else ""),
        ]
    points, current = [], True
    for label, day, note in reached:
        points.append((label, "done" if day else "current" if current else "open", note))
        current = current and bool(day)
    return points


def _named(name: str) -> tuple[UUID | None, str | None]:
    """Drafts have no number yet and go by their id."""
    try:
        return UUID(name), None
    except ValueError:
        return None, name


router = Router(
    "/",
    include_in_schema=False,
    route_handlers=[show_list, show_new, create, show, show_change, change, do],
)
