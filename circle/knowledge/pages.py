"""Pages of knowledge: the list, one document with its versions, the form, and a page for each act that needs a word.

A form brings its files along and shows a preview without script.
"""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import msgspec
from litestar import Request, Response, Router, get, post
from litestar.datastructures import FormMultiDict
from litestar.params import FromPath, FromQuery
from markupsafe import Markup

from circle.core import access, answers, auth, clock, errors, fields, files, files_api, pages, web
from circle.core.auth import Actor
from circle.core.db import Caller, Connection
from circle.core.files_api import UploadRequest

from . import actions, api, prints, rendering, rules, store
from .model import (
    Document,
    DocumentCard,
    DocumentChange,
    NewDocument,
    Release,
    Retirement,
    Return,
    Supersession,
    Topic,
    Version,
)

Incoming = Request[Any, Any, Any]
TONES = {
    "draft": "neutral",
    "in_review": "info",
    "released": "success",
    "review_overdue": "warning",
    "superseded": "neutral",
    "retired": "neutral",
}
OTHER = "other"
"""The choice of a kind that is not on the list."""


class Facets(msgspec.Struct, frozen=True):
    topics: list[Topic]
    kinds: list[tuple[str, int]]


class Kept(msgspec.Struct, frozen=True):
    """The files that a form still ticks."""

    file_ids: list[UUID] = []


class Step(msgspec.Struct, frozen=True):
    """An act on a document: its name in `rules.next_acts`, what it does, what is said after it, what its form holds."""

    name: str
    act: Callable[..., Awaitable[None]]
    title: str
    done: str
    holds: type[Any] | None = None


STEPS = {
    "einreichen": Step(
        "submit", actions.submit, "Zur Prüfung einreichen", "Der Text liegt jetzt zur Prüfung vor."
    ),
    "freigeben": Step("release", actions.release, "Freigeben", "Das Dokument ist freigegeben.", Release),
    "zurueckgeben": Step(
        "return", actions.give_back, "Zurückgeben", "Der Text ist wieder ein Entwurf.", Return
    ),
    "ersetzen": Step(
        "supersede", actions.supersede, "Ersetzen", "Das Dokument ist ersetzt. Es verweist auf das neue.", Supersession
    ),
    "zurueckziehen": Step(
        "retire", actions.retire, "Zurückziehen", "Das Dokument ist zurückgezogen.", Retirement
    ),
}  # fmt: skip


@get("/wissen", opt={"permission": "signed_in"})
async def show_list(
    request: Incoming,
    db: web.Db,
    caller: web.Asking,
    thema: FromQuery[str] = "",
    art: FromQuery[str] = "",
    stufe: FromQuery[str] = "",
    stand: FromQuery[str] = "",
    ansicht: FromQuery[str] = "",
    after: FromQuery[str | None] = None,
) -> Response[bytes]:
    """All documents for this person, or their own, narrowed by topic, kind, level and state."""
    chosen = {
        "thema": thema,
        "art": art,
        "stufe": stufe if stufe in pages.LEVELS else "",
        "stand": stand if stand in rules.STATES else "",
    }
    found = await store.list_documents(
        db, caller, answers.unseal(after), 50, topic=chosen["thema"] or None, kind=chosen["art"] or None,
        level=chosen["stufe"] or None, state=chosen["stand"] or None, mine=ansicht == "meine",
    )  # fmt: skip
    facets: Facets = pages.as_struct(await store.get_facets(db, caller), Facets)
    me = auth.me(found.me)
    return pages.show(
        request, "knowledge/list.html", me, documents=pages.as_struct(found, list[DocumentCard]), facets=facets,
        chosen=chosen, view="meine" if ansicht == "meine" else "", states=rules.STATES, tones=TONES,
        topic_names={topic.id: topic.label for topic in facets.topics}, levels=list(pages.LEVELS.items()),
        may_write=access.may(me, "documents.write"), may_release=access.may(me, "documents.release"),
        next=answers.next_link(request, found), first="/wissen" if after else None,
    )  # fmt: skip


@get("/wissen/neu", opt={"permission": "documents.write"})
async def show_new(request: Incoming, db: web.Db, actor: web.Acting) -> Response[bytes]:
    """The form for a new document."""
    access.require(actor, "documents.write")
    form = {"confidentiality": "internal", "language_level": "standard"}
    return pages.show(request, "knowledge/edit.html", actor.card, form=form, **await _form_page(db, actor))


@post(
    "/wissen/neu",
    opt={"permission": "documents.write"},
    request_class=UploadRequest,
    request_max_body_size=None,
)
async def create(request: Incoming, caller: web.Asking) -> Response[Any]:
    """Begin a document with its files, or show how its text will look."""
    async with request.app.state.db.begin(caller) as db:
        access.require(await auth.actor(db, caller), "documents.write")
    form, refused = await files_api.take(request, caller, await pages.read_form(request))
    async with request.app.state.db.begin(caller) as db:
        actor = await auth.actor(db, caller)

        async def act() -> str:
            document_id = await actions.write(db, actor, _filled(form, refused))
            found: Document = pages.as_struct(await actions.get(db, caller, document_id), Document)
            return f"/wissen/{found.reference}"

        try:
            if form.get("preview"):
                return await _preview(request, db, actor, form, refused)
            return await pages.once(request, db, actor, form, act, "Der Entwurf ist gespeichert.")
        except pages.MENDABLE as wrong:
            pages.again(
                request, "knowledge/edit.html", actor, wrong, form, **await _form_page(db, actor, form)
            )


@get("/wissen/{reference:str}", opt={"permission": "signed_in"})
async def show(
    request: Incoming, db: web.Db, caller: web.Asking, reference: FromPath[str], fassung: FromQuery[str] = ""
) -> Response[bytes]:
    """One document; whoever works on its next version sees that with `?fassung=entwurf`."""
    found = await actions.read(db, caller, None, reference)
    document: Document = pages.as_struct(found, Document)
    me = auth.me(found.me)
    draft = document.draft if fassung == "entwurf" else None
    text = draft or document
    html = await rendering.to_html(text.body)
    headings = rendering.headings(html)
    return pages.show(
        request, "knowledge/show.html", me, document=document, draft=draft, text=text, html=html,
        contents=headings if len(headings) >= 3 else [], acts=rules.next_acts(me, document), states=rules.STATES,
        tones=TONES, languages=rules.LANGUAGES, topic_names=dict(await store.list_topics(db)),
    )  # fmt: skip


@get("/wissen/{reference:str}/bearbeiten", opt={"permission": "documents.write"})
async def show_change(
    request: Incoming, db: web.Db, caller: web.Asking, actor: web.Acting, reference: FromPath[str]
) -> Response[bytes]:
    """The form of a draft, or of the next version of a released document."""
    document = await _own(db, caller, actor, reference)
    rules.require_changeable(document.state)
    text = document.draft or document
    form = msgspec.structs.asdict(text) | {
        "file_ids": [file.id for file in text.files],
        "named": [person.id for person in document.named],
    }
    if document.state in rules.IN_FORCE and not document.draft:
        form["review_on"] = None
    context = await _form_page(db, actor, form, document)
    return pages.show(request, "knowledge/edit.html", actor.card, form=form, **context)


@post(
    "/wissen/{reference:str}/bearbeiten",
    opt={"permission": "documents.write"},
    request_class=UploadRequest,
    request_max_body_size=None,
)
async def change(request: Incoming, caller: web.Asking, reference: FromPath[str]) -> Response[Any]:
    """Save the form with its files, or show how its text will look."""
    async with request.app.state.db.begin(caller) as db:
        document = await _own(db, caller, await auth.actor(db, caller), reference)
    form, refused = await files_api.take(request, caller, await pages.read_form(request))
    async with request.app.state.db.begin(caller) as db:
        actor = await auth.actor(db, caller)

        async def act() -> str:
            new = _filled(form, refused)
            wanted = DocumentChange(**{name: getattr(new, name) for name in DocumentChange.__struct_fields__})
            await actions.change(db, actor, document.id, wanted, pages.revision(form))
            return f"/wissen/{reference}" + ("?fassung=entwurf" if document.state in rules.IN_FORCE else "")

        try:
            if form.get("preview"):
                return await _preview(request, db, actor, form, refused, document)
            return await pages.once(request, db, actor, form, act, "Gespeichert.")
        except errors.Stale as stale:
            # Nobody loses what they typed: the form comes back on top of the present state.
            context = await _form_page(db, actor, form, document)
            context["revision"] = stale.extra["current"]["revision"]
            told = errors.Stale(
                "Inzwischen hat jemand anderes gespeichert. Ihre Eingaben stehen noch hier. Bitte vergleichen Sie; wenn "
                "Sie noch einmal speichern, gilt Ihr Text."
            )
            pages.again(request, "knowledge/edit.html", actor, told, form, **context)
        except pages.MENDABLE as wrong:
            context = await _form_page(db, actor, form, document)
            pages.again(request, "knowledge/edit.html", actor, wrong, form, **context)


@get("/wissen/{reference:str}/pdf", opt={"permission": "signed_in"})
async def show_pdf(request: Incoming, caller: web.Asking, reference: FromPath[str]) -> Response[bytes]:
    """The document as PDF."""
    async with request.app.state.db.begin(caller) as db:
        found = await actions.read(db, caller, None, reference, purpose="print")
    printed = prints.of(pages.as_struct(found, Document))
    return api.pdf(printed.reference, await prints.in_thread(printed))


@get("/wissen/{reference:str}/version/{number:int}", opt={"permission": "signed_in"})
async def show_version(
    request: Incoming, db: web.Db, caller: web.Asking, reference: FromPath[str], number: FromPath[int]
) -> Response[bytes]:
    """One released version, as it was frozen."""
    found = await actions.read_version(db, caller, None, reference, number)
    version: Version = pages.as_struct(found, Version)
    return pages.show(
        request,
        "knowledge/version.html",
        found.me,
        version=version,
        html=await rendering.to_html(version.body),
    )


@get("/wissen/{reference:str}/{step:str}", opt={"permission": "signed_in"})
async def show_step(
    request: Incoming, db: web.Db, caller: web.Asking, reference: FromPath[str], step: FromPath[str]
) -> Response[bytes]:
    """The page of an act: what it brings about, and what it needs to know."""
    found = await actions.read(db, caller, None, reference)
    if step not in STEPS:
        raise errors.NotFound(me=found.me)
    document: Document = pages.as_struct(found, Document)
    if STEPS[step].name not in rules.next_acts(auth.me(found.me), document):
        raise errors.Forbidden("Dieser Schritt steht Ihnen hier zurzeit nicht offen.", me=found.me)
    return pages.show(
        request, "knowledge/step.html", found.me, **await _step_page(request, db, document, step)
    )


@post("/wissen/{reference:str}/{step:str}", opt={"permission": "signed_in"})
async def do(
    request: Incoming, db: web.Db, caller: web.Asking, actor: web.Acting, reference: FromPath[str], step: FromPath[str]
) -> Response[Any]:  # fmt: skip
    """Do an act once, even if its button is pressed twice."""
    form = await pages.read_form(request)
    document_id = await store.find_id(db, reference, list(actor.keys))
    if document_id is None or step not in STEPS:
        raise errors.NotFound(me=actor.card)

    async def act() -> str:
        wanted = await _wanted(db, actor, STEPS[step], form)
        await STEPS[step].act(db, actor, document_id, *wanted, pages.revision(form))
        return f"/wissen/{reference}"

    try:
        return await pages.once(request, db, actor, form, act, STEPS[step].done)
    except pages.MENDABLE as wrong:
        document = pages.as_struct(await actions.get(db, caller, document_id), Document)
        context = await _step_page(request, db, document, step)
        pages.again(request, "knowledge/step.html", actor, wrong, form, **context)


async def _wanted(db: Connection, actor: Actor, step: Step, form: FormMultiDict) -> list[Any]:
    """What an act gets from its form besides the revision. A successor is named by its number."""
    if step.holds is None:
        return []
    values: dict[str, Any] = dict(form.multi_items())
    if typed := str(values.get("successor_id", "")).strip():
        values["successor_id"] = await store.find_id(db, typed.upper(), list(actor.keys))
        if values["successor_id"] is None:
            text = "Unter dieser Nummer gibt es für Sie kein Dokument."
            raise errors.Invalid(text, fields={"successor_id": text})
    return [fields.from_form(step.holds, values)]


async def _step_page(request: Incoming, db: Connection, document: Document, step: str) -> dict[str, Any]:
    """What the page of an act shows; a release shows the text and exactly who will be able to read it."""
    text = document.draft or document
    releasing = STEPS[step].name == "release"
    day = clock.day(request.app.state.clock.now())
    return {
        "document": document,
        "text": text,
        "step": step,
        "act": STEPS[step],
        "html": await rendering.to_html(text.body) if releasing else Markup(),
        "readers": rules.READERS[text.confidentiality],
        "count": await store.count_readers(db, text.confidentiality, day) if releasing else 0,
        "latest": rules.review_day(day, None),
        "review_on": text.review_on
        if text.review_on and text.review_on > day
        else rules.review_day(day, None),
    }


async def _own(db: Connection, caller: Caller, actor: Actor, reference: str) -> Document:
    """The document when this person may change it while it is a draft. Raises NotFound, Forbidden."""
    document: Document = pages.as_struct(
        await actions.read(db, caller, None, reference, purpose="edit"), Document
    )
    access.require(actor, "documents.write")
    if not rules.may_edit(actor.person_id, actor.roles, document.owner_id):
        raise errors.Forbidden(me=actor.card)
    return document


def _filled(form: FormMultiDict, refused: errors.Invalid | None) -> NewDocument:
    """The form as input. Raises Invalid, also for an upload that was refused."""
    entries = [pair for pair in form.multi_items() if pair[0] != "owner_id"]
    if form.get("kind") == OTHER:
        entries = [pair for pair in entries if pair[0] != "kind"] + [("kind", form.get("kind_other", ""))]
    try:
        new = fields.from_form(NewDocument, FormMultiDict(entries))
    except errors.Invalid as wrong:
        if "kind" in wrong.fields and form.get("kind") == OTHER:
            wrong.fields["kind_other"] = wrong.fields.pop("kind")
        raise
    if refused:
        raise refused
    return new


async def _preview(
    request: Incoming, db: Connection, actor: Actor, form: FormMultiDict, refused: errors.Invalid | None,
    document: Document | None = None,
) -> Response[bytes]:  # fmt: skip
    """The form again with the text as readers will see it. Nothing is saved but the files that came along."""
    if refused:
        raise refused
    context = await _form_page(db, actor, form, document)
    html = await rendering.to_html(str(form.get("body", "")).replace("\r\n", "\n"))
    if document:
        context["revision"] = pages.revision(form)
    return pages.show(
        request,
        "knowledge/edit.html",
        actor.card,
        form=form,
        **context | {"preview": html, "previewed": True},
    )


async def _form_page(
    db: Connection, actor: Actor, form: FormMultiDict | dict[str, Any] | None = None, document: Document | None = None
) -> dict[str, Any]:  # fmt: skip
    """What the form offers: kinds, topics, people, the files that are there and those that came with it."""
    text = document and (document.draft or document)
    known = {file.id: file.name for file in text.files} if text else {}
    if isinstance(form, FormMultiDict):
        ticked = fields.from_form(Kept, form).file_ids
        new = [file_id for file_id in ticked if file_id not in known]
        known |= {file.id: file.name for file in await files.require_own(db, actor, new)}
    people = await store.list_nameable(db, actor.today, sorted(rules.OUTSIDE))
    return {
        "document": document,
        "revision": document.revision if document else None,
        "kinds": sorted({*rules.KINDS, *([text.kind] if text else [])}),
        "levels": [(level, word, rules.READERS[level]) for level, word in pages.LEVELS.items()],
        "languages": list(rules.LANGUAGES.items()),
        "topics": await store.list_topics(db),
        "people": [(row["id"], f"{row['name']} ({row['short']})") for row in people],
        "attached": list(known.items()),
        "preview": Markup(),
        "previewed": False,
        "latest": rules.review_day(actor.today, None),
    }


router = Router(
    "/",
    include_in_schema=False,
    route_handlers=[
        show_list,
        show_new,
        create,
        show,
        show_change,
        change,
        show_pdf,
        show_version,
        show_step,
        do,
    ],
)
