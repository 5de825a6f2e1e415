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

from circle.core import access, answers, auth, calendar, errors, fields, idempotency, pages, web
from circle.core.auth import Actor
from circle.core.db import Caller, Connection
from circle.core.errors import CircleError
from circle.core.idempotency import Stored

from . import actions, release, rules, store
from .model import (
    Assignment,
    Choices,
    Closing,
    Consultation,
    ConsultationChange,
    ConsultationLine,
    NewAnswer,
    NewConsultation,
    NewSource,
    Question,
    Referral,
    Release,
    Reply,
    Review,
    Submission,
    Withdrawal,
)

Incoming = Request[Any, Any, Any]
Act = Callable[[Connection, Actor, UUID, Any, int | None], Awaitable[None]]

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


async def _send(
    db: Connection, actor: Actor, consultation_id: UUID, _: Submission, expected: int | None
) -> None:
    await actions.send(db, actor, consultation_id, expected)


# Act of the rules → what its form holds, what it does, what is said afterwards, and its name as a step.
FORMS: dict[str, tuple[type[Any], Act, str, str]] = {
    "submit": (Submission, actions.submit, "Ihre Anfrage ist abgeschickt.", "Anfrage abschicken"),
    "assign": (Assignment, actions.assign, "Die Anfrage ist zugewiesen.", "Zuweisen"),
    "clarify": (
        Question,
        actions.clarify,
        "Die Rückfrage ist gestellt. Die Frist ruht.",
        "Rückfrage stellen",
    ),
    "reply": (
        Reply,
        actions.reply,
        "Ihre Antwort ist gesendet. Die Frist läuft weiter.",
        "Rückfrage beantworten",
    ),
    "answer": (NewAnswer, actions.answer, "Die Antwort ist gespeichert.", "Antwort schreiben"),
    "review": (Review, actions.review, "Ihre Entscheidung ist gespeichert.", "Antwort prüfen"),
    "send": (Submission, _send, "Die Antwort ist an das anfragende Haus versandt.", "Antwort versenden"),
    "release": (Release, release.propose, "Der Vorschlag liegt zur Freigabe vor.", "Freigabe vorschlagen"),
    "approve": (
        Release,
        release.decide,
        "Ihre Entscheidung ist gespeichert.",
        "Über die Freigabe entscheiden",
    ),
    "withdraw": (Withdrawal, actions.withdraw, "Die Anfrage ist zurückgezogen.", "Anfrage zurückziehen"),
    "refer": (Referral, actions.refer, "Die Abgabenachricht ist versandt.", "An zuständige Stelle abgeben"),
    "close": (Closing, actions.close, "Die Anfrage ist abgeschlossen.", "Abschließen"),
}


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
    board = view == "offen" and "circle_office" in me.roles
    groups = [
        (rules.STATES[state], [line for line in lines if line.state == state])
        for state in BOARD
        if any(line.state == state for line in lines)
    ]
    return pages.show(
        request, "consultations/list.html", me, view=view, views=VIEWS,
        groups=groups if board else [("", lines)] if lines else [], states=rules.STATES, tones=TONES,
        may_ask=access.may(_actor(found.me, caller), "consultations.ask"), next=answers.next_link(request, found),
    )  # fmt: skip


@get("/anfragen/neu", opt={"permission": "consultations.ask"})
async def show_new(
    request: Incoming, db: web.Db, caller: web.Asking, frage: FromQuery[str] = ""
) -> Response[bytes]:
    """The form for a new request; `?frage=` takes the words of a search along."""
    found = await store.get_choices(db, caller, None)
    access.require(_actor(found.me, caller), "consultations.ask")
    choices: Choices = pages.as_struct(found, Choices)
    return pages.show(
        request, "consultations/new.html", found.me, topics=choices.topics, thing=None,
        form={"subject": frage[:300], "confidentiality": "circle", "priority": "normal"},
    )  # fmt: skip


@post("/anfragen", opt={"permission": "consultations.ask"})
async def create(request: Incoming, db: web.Db, caller: web.Asking, actor: web.Acting) -> Response[Any]:
    """Hand in the form, or keep it as a draft."""
    form = await pages.read_form(request)

    async def act() -> Stored:
        new = fields.from_form(NewConsultation, form)
        return Stored(303, f"/anfragen/{await actions.ask(db, actor, new)}".encode())

    try:
        done = await idempotency.once(db, actor, _key(form), _asked(request, form), act)
    except CircleError as wrong:
        if wrong.status != 400:
            raise
        choices: Choices = pages.as_struct(await store.get_choices(db, caller, None), Choices)
        pages.again(request, "consultations/new.html", actor, wrong, form, topics=choices.topics, thing=None)
    drafted = form.get("draft") == "true"
    return pages.go(
        done.body.decode(), "Der Entwurf ist gespeichert." if drafted else "Ihre Anfrage ist abgeschickt."
    )


@get("/anfragen/{name:str}", opt={"permission": "signed_in"})
async def show(
    request: Incoming, db: web.Db, caller: web.Asking, name: FromPath[str], schritt: FromQuery[str] = ""
) -> Response[bytes]:
    """One request as a conversation: question, clarifications, answer, review, release, and the next act."""
    consultation_id, reference = _named(name)
    found = await store.get(db, caller, consultation_id, reference)
    context = await _page(db, caller, found.me, pages.as_struct(found, Consultation), schritt)
    return pages.show(request, "consultations/show.html", found.me, **context)


@get("/anfragen/{consultation_id:uuid}/bearbeiten", opt={"permission": "consultations.ask"})
async def show_change(
    request: Incoming, db: web.Db, caller: web.Asking, consultation_id: FromPath[UUID]
) -> Response[bytes]:
    """The form of a draft, or of a request nobody works on yet."""
    found = await store.get(db, caller, consultation_id)
    thing: Consultation = pages.as_struct(found, Consultation)
    rules.require(_actor(found.me, caller), "change", thing, thing.state)
    choices: Choices = pages.as_struct(await store.get_choices(db, caller, None), Choices)
    return pages.show(
        request, "consultations/new.html", found.me, topics=choices.topics, thing=thing,
        form=msgspec.structs.asdict(thing),
    )  # fmt: skip


@post("/anfragen/{consultation_id:uuid}/bearbeiten", opt={"permission": "consultations.ask"})
async def change(
    request: Incoming, db: web.Db, caller: web.Asking, actor: web.Acting, consultation_id: FromPath[UUID]
) -> Response[Any]:
    """Save the changed request."""
    form = await pages.read_form(request)
    thing: Consultation = pages.as_struct(await store.get(db, caller, consultation_id), Consultation)
    try:
        new = msgspec.structs.asdict(fields.from_form(NewConsultation, form))
        fixed = set() if thing.state == "draft" else {"priority", "urgency_reason", "confidentiality"}
        kept = {name: new[name] for name in ConsultationChange.__struct_fields__ if name in new}
        wanted = ConsultationChange(**{name: value for name, value in kept.items() if name not in fixed})
        await actions.change(db, actor, consultation_id, wanted, pages.revision(form))
    except CircleError as wrong:
        if wrong.status != 400:
            raise
        choices: Choices = pages.as_struct(await store.get_choices(db, caller, None), Choices)
        pages.again(request, "consultations/new.html", actor, wrong, form, topics=choices.topics, thing=thing)
    return pages.go(f"/anfragen/{thing.reference or thing.id}", "Gespeichert.")


@post("/anfragen/{consultation_id:uuid}/{act:str}", opt={"permission": "signed_in"})
async def do(
    request: Incoming,
    db: web.Db,
    caller: web.Asking,
    actor: web.Acting,
    consultation_id: FromPath[UUID],
    act: FromPath[str],
) -> Response[Any]:
    """One act on a request, said once even if the button is pressed twice."""
    form = await pages.read_form(request)
    if act not in FORMS:
        raise errors.NotFound
    kind, action, notice, _ = FORMS[act]
    before: Consultation = pages.as_struct(await store.get(db, caller, consultation_id), Consultation)

    async def done() -> Stored:
        wanted = _answer(form) if act == "answer" else fields.from_form(kind, form)
        await action(db, actor, consultation_id, wanted, pages.revision(form))
        reference = before.reference if act != "submit" else None
        return Stored(303, f"/anfragen/{reference or consultation_id}".encode())

    try:
        stored = await idempotency.once(db, actor, _key(form), _asked(request, form), done)
    except CircleError as wrong:
        if wrong.status != 400:
            raise
        context = await _page(db, caller, actor.card, before, act)
        del context["form"]
        context |= {"findings": wrong.extra.get("findings", []), "source_rows": _source_rows(form)}
        pages.again(request, "consultations/show.html", actor, wrong, form, **context)
    return pages.go(stored.body.decode(), notice)


def _answer(form: FormMultiDict) -> NewAnswer:
    """The answer's form: each source is a row of three fields; empty rows do not count."""
    new = fields.from_form(NewAnswer, form)
    sources = []
    for title, as_of, note in _source_rows(form):
        try:
            sources.append(msgspec.convert({"norm": title, "as_of": as_of, "note": note}, NewSource))
        except msgspec.ValidationError as error:
            text = f"Bitte geben Sie zur Quelle „{title[:60]}“ den Tag an, an dem Sie sie gelesen haben."
            raise errors.Invalid(text, fields={"sources": text}) from error
    return msgspec.structs.replace(new, sources=sources)


def _source_rows(form: FormMultiDict) -> list[tuple[str, str, str]]:
    """The rows of sources as they were typed: name, day, remark."""
    typed = [form.getall(f"source_{name}", []) for name in ("title", "as_of", "note")]
    rows = [(str(row[0]).strip(), str(row[1]), str(row[2])) for row in zip(*typed, strict=False)]
    return [row for row in rows if row[0]]


async def _page(
    db: Connection, caller: Caller, card: bytes, thing: Consultation, step: str
) -> dict[str, Any]:
    """What the page of a request shows: the open form is the asked one, or the next act that waits for this person."""
    acts = rules.next_acts(_actor(card, caller), thing)
    first = acts[0] if acts and acts[0] in PRIMARY else ""
    settled = (first == "assign" and thing.assignee_id) or (first == "answer" and thing.state == "in_review")
    chosen = step if step in acts and step in FORMS else "" if settled else first
    choices: Choices = pages.as_struct(await store.get_choices(db, caller, thing.authority_id), Choices)
    return {
        "thing": thing,
        "chosen": chosen,
        "acts": [(act, FORMS[act][3]) for act in acts if act in FORMS and act != chosen],
        "may_change": "change" in acts,
        "form": _prefilled(thing, chosen),
        "state": rules.STATES[thing.state],
        "tone": TONES.get(thing.state, "neutral"),
        "course": course(thing),
        "findings": [],
        "source_rows": [(s.norm or s.title, s.as_of or "", s.note or "") for s in thing.sources],
        "topics": choices.topics,
        "topic_names": dict(choices.topics),
        "experts": [(p.id, p.name) for p in choices.staff if access.KFI & set(p.roles) and not p.conflicted],
        "reviewers": [
            (p.id, p.name)
            for p in choices.staff
            if access.RIGHTS["consultations.review"] & set(p.roles)
            and p.id not in (thing.assignee_id, thing.deputy_id)
        ],
        "approvers": [
            (p.id, p.name)
            for p in choices.staff
            if access.RIGHTS["consultations.release"] & set(p.roles) and p.id != thing.answered_by_id
        ],
        "documents": choices.documents,
        "stock": thing.state in rules.STOCK,
        "answer_html": _html(thing.answer or ""),
        "proposal_html": _html(thing.proposal.text if thing.proposal else ""),
        "levels": [
            (level, pages.LEVELS[level])
            for level in ("public", "internal", "circle")
            if rules.LEVELS.index(level) <= rules.LEVELS.index(thing.confidentiality)
        ],
    }


def _html(markdown: str) -> Markup:
    from circle.knowledge import rendering

    return rendering.to_html(markdown) if markdown else Markup()


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
    return known | {"note": "", "question": "", "decision": ""}


def course(thing: Consultation) -> list[tuple[str, str, str]]:
    """The drawn line of a request: (label, state, note) for the steps from receipt to release."""
    short = calendar.date_short
    reached = [
        ("Eingegangen", thing.received_on, short(thing.received_on) if thing.received_on else ""),
        ("Zugewiesen", thing.assignee_id and thing.acknowledged_on, thing.assignee_name or ""),
        ("Geprüft und beantwortet", thing.answered_on, short(thing.answered_on) if thing.answered_on else ""),
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


def _actor(card: bytes, caller: Caller) -> Actor:
    """The person on a card, for the rules that say what the page offers."""
    me = auth.me(card)
    return Actor(me.person_id, me.authority_id, me.name, frozenset(me.roles), (), caller.now)


def _named(name: str) -> tuple[UUID | None, str | None]:
    """Drafts have no number yet and go by their id."""
    try:
        return UUID(name), None
    except ValueError:
        return None, name


def _key(form: FormMultiDict) -> str:
    return str(form.get("idempotency_key", ""))


def _asked(request: Incoming, form: FormMultiDict) -> bytes:
    """What makes two submits the same: the address and all that was typed."""
    typed = sorted((name, str(value)) for name, value in form.multi_items())
    return request.url.path.encode() + b"\n" + msgspec.json.encode(typed)


router = Router(
    "/",
    include_in_schema=False,
    route_handlers=[show_list, show_new, create, show, show_change, change, do],
)
