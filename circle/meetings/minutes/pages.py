"""Pages of minutes: one document to read, with the acts of whoever reads it."""

from typing import Any
from uuid import UUID

from litestar import Request, Response, Router, get, post
from litestar.params import FromPath, FromQuery

from circle.core import access, auth, clock, errors, fields, pages, web
from circle.core.auth import Actor, Me
from circle.core.db import Answer, Caller, Connection

from ..writing import panel as writing
from . import actions, rules, store
from .model import Approval, Minutes, MinutesHead, NewCorrection, NewObjection, Ruling, Version

Incoming = Request[Any, Any, Any]
HERE = "/sitzungen/{reference:str}/niederschrift"
STEPS = [("draft", "Entwurf in Arbeit"), ("sent", "Entwurf versendet"), ("approved", "Genehmigt")]


@get(HERE, opt={"permission": "signed_in"})
async def show(
    request: Incoming, db: web.Db, caller: web.Asking, reference: FromPath[str]
) -> Response[bytes]:
    """The minutes as a document, with their state, versions and the acts open to this person."""
    found = await store.get(db, caller, reference=reference[:40], unborn=True)
    await actions.note_reading(db, caller, found)
    return pages.show(request, "minutes/show.html", found.me, **await _page(db, caller, found))


@post(HERE + "/kopf", opt={"permission": "minutes.write"})
async def write_head(
    request: Incoming, db: web.Db, caller: web.Asking, actor: web.Acting, reference: FromPath[str]
) -> Response[Any]:
    """Begin the minutes, or change kind, keeper and chair."""
    form = await pages.read_form(request)
    found = await store.get(db, caller, reference=reference[:40], unborn=True)
    meeting_id = pages.as_struct(found, Minutes).meeting_id
    try:
        async with pages.attempt(db):
            head = fields.from_form(MinutesHead, form)
            await actions.write_head(db, actor, meeting_id, head, pages.revision(form) or None)
    except pages.MENDABLE as wrong:
        pages.again(request, "minutes/show.html", actor, wrong, form, **await _page(db, caller, found))
    return pages.go(_path(reference), "Der Kopf der Niederschrift ist gespeichert.")


@get(HERE + "/versand", opt={"permission": "minutes.circulate"})
async def preview(
    request: Incoming, db: web.Db, caller: web.Asking, actor: web.Acting, reference: FromPath[str]
) -> Response[bytes]:
    """Who will get the draft, before it goes out."""
    return await _confirm(
        request, db, caller, actor, reference, "minutes.circulate", "minutes/circulate.html"
    )


@post(HERE + "/versand", opt={"permission": "minutes.circulate"})
async def circulate(
    request: Incoming, db: web.Db, caller: web.Asking, actor: web.Acting, reference: FromPath[str]
) -> Response[Any]:
    """Send the draft and go to the page that shows how far it is."""
    form = await pages.read_form(request)
    meeting_id = await _meeting_id(db, actor, reference)

    async def act() -> str:
        return f"/versand/{await actions.circulate(db, actor, meeting_id, pages.revision(form) or None)}"

    return await pages.once(request, db, actor, form, act, "Der Entwurf wird versendet.")


@post(HERE + "/einwendungen", opt={"permission": "minutes.object"})
async def object_to(
    request: Incoming, db: web.Db, caller: web.Asking, actor: web.Acting, reference: FromPath[str]
) -> Response[Any]:
    """Object to the wording; sent twice, it is filed once."""
    form = await pages.read_form(request)
    found = await store.get(db, caller, reference=reference[:40], unborn=True)
    meeting_id = pages.as_struct(found, Minutes).meeting_id

    async def act() -> str:
        await actions.object_to(db, actor, meeting_id, fields.from_form(NewObjection, form))
        return _path(reference) + "#einwendungen"

    try:
        return await pages.once(request, db, actor, form, act, "Ihre Einwendung ist eingegangen.")
    except pages.MENDABLE as wrong:
        pages.again(request, "minutes/show.html", actor, wrong, form, **await _page(db, caller, found))


@post(HERE + "/einwendungen/{objection_id:uuid}", opt={"permission": "minutes.approve"})
async def decide(
    request: Incoming,
    db: web.Db,
    caller: web.Asking,
    actor: web.Acting,
    reference: FromPath[str],
    objection_id: FromPath[UUID],
) -> Response[Any]:
    """Decide on an objection."""
    form = await pages.read_form(request)
    found = await store.get(db, caller, reference=reference[:40], unborn=True)
    meeting_id = pages.as_struct(found, Minutes).meeting_id
    try:
        async with pages.attempt(db):
            ruling = fields.from_form(Ruling, form)
            if ruling.decision != "accepted":
                ruling = Ruling(ruling.decision, ruling.reason)
            await actions.decide(db, actor, meeting_id, objection_id, ruling, pages.revision(form))
    except pages.MENDABLE as wrong:
        context = await _page(db, caller, found) | {"deciding": objection_id}
        pages.again(request, "minutes/show.html", actor, wrong, form, **context)
    return pages.go(_path(reference) + "#einwendungen", "Über die Einwendung ist entschieden.")


@get(HERE + "/genehmigung", opt={"permission": "minutes.approve"})
async def show_approval(
    request: Incoming,
    db: web.Db,
    caller: web.Asking,
    actor: web.Acting,
    reference: FromPath[str],
    gelesen: FromQuery[str] = "",
) -> Response[bytes]:
    """What the approval means and who gets the final version. `gelesen` says which words the page of the minutes showed."""
    return await _confirm(
        request, db, caller, actor, reference, "minutes.approve", "minutes/approve.html", gelesen[:64]
    )


@post(HERE + "/genehmigung", opt={"permission": "minutes.approve"})
async def approve(
    request: Incoming, db: web.Db, caller: web.Asking, actor: web.Acting, reference: FromPath[str]
) -> Response[Any]:
    """Approve the minutes and go to the page of the dispatch."""
    form = await pages.read_form(request)
    meeting_id = await _meeting_id(db, actor, reference)
    approval = fields.from_form(Approval, form)

    async def act() -> str:
        return f"/versand/{await actions.approve(db, actor, meeting_id, approval, pages.revision(form))}"

    return await pages.once(
        request, db, actor, form, act, "Die Niederschrift ist genehmigt. Die Endfassung wird versendet."
    )


@post(HERE + "/berichtigungen", opt={"permission": "minutes.approve"})
async def correct(
    request: Incoming, db: web.Db, caller: web.Asking, actor: web.Acting, reference: FromPath[str]
) -> Response[Any]:
    """File a dated correction and tell everybody."""
    form = await pages.read_form(request)
    found = await store.get(db, caller, reference=reference[:40], unborn=True)
    meeting_id = pages.as_struct(found, Minutes).meeting_id

    async def act() -> str:
        new = fields.from_form(NewCorrection, form)
        return f"/versand/{await actions.correct(db, actor, meeting_id, new, pages.revision(form))}"

    try:
        return await pages.once(request, db, actor, form, act, "Die Berichtigung ist festgehalten.")
    except pages.MENDABLE as wrong:
        pages.again(request, "minutes/show.html", actor, wrong, form, **await _page(db, caller, found))


async def _page(db: Connection, caller: Caller, found: Answer) -> dict[str, Any]:
    """What the document page needs for this person."""
    minutes: Minutes = pages.as_struct(found, Minutes)
    me = auth.me(found.me)
    versions = await store.list_versions(db, caller, None, 100, minutes.meeting_id)
    may = {name: _may(me, name, minutes) for name in ("write", "circulate", "object", "approve", "correct")}
    today = clock.day(caller.now)
    return {
        "minutes": minutes,
        "revision": found.revision,
        "versions": pages.as_struct(versions, list[Version]),
        "makers": [(row["id"], row["name"]) for row in await store.list_makers(db, today)] if may["write"] else [],
        "may": may,
        "may_object": may["object"] and minutes.objection_until is not None and today <= minutes.objection_until,
        "undecided": [one for one in minutes.objections if one.decision is None],
        "unsettled": await writing.unsettled(db, caller, minutes.meeting_id) if may["write"] else [],
        "points": _points(minutes),
        "line": rules.status_line(
            minutes.state, minutes.objection_until, minutes.approved_on, minutes.approved_in_reference or ""
        ),
        "reservation_text": rules.reservation_text,
        "votes_text": rules.votes_text,
        "lines": rules.attendance_lines,
        "presence_lines": rules.presence_lines,
        "written_out": rules.written_out,
        "results": rules.RESULTS,
        "kinds": rules.KINDS,
        "decisions": rules.DECISIONS,
        "deciding": None,
    }  # fmt: skip


def _may(me: Me, act: str, minutes: Minutes) -> bool:
    """Whether the page offers an act: the right, and the state that allows it. The action itself checks again."""
    right = "minutes.approve" if act == "correct" else f"minutes.{act}"
    held = not access.RIGHTS[right].isdisjoint(me.roles) or (act == "object" and minutes.deputised)
    allowed = {
        "write": minutes.state in ("draft", "sent")
        and minutes.meeting_state not in rules.CLOSED | {"cancelled", "moved"},
        "circulate": minutes.state in ("draft", "sent")
        and minutes.meeting_state in ("held", "minutes_draft"),
        "object": minutes.state == "sent",
        "approve": minutes.state == "sent",
        "correct": minutes.state in ("approved", "approved_with_changes"),
    }
    return held and allowed[act]


def _points(minutes: Minutes) -> list[tuple[str, str, str]]:
    """The state line: what is done, what is now, what is still to come."""
    place = {"draft": 0, "sent": 1}.get(minutes.state, 3)
    days = [None, minutes.draft_sent_on, minutes.approved_on]
    return [
        (
            label,
            "done" if n < place else "current" if n == place else "open",
            f"am {day:%d.%m.%Y}" if (day := days[n]) and n <= place else "",
        )
        for n, (_, label) in enumerate(STEPS)
    ]


async def _confirm(
    request: Incoming,
    db: Connection,
    caller: Caller,
    actor: Actor,
    reference: str,
    right: str,
    template: str,
    seen: str = "",
) -> Response[bytes]:
    """The page before an act that cannot be taken back: what will happen, and exactly who gets what."""
    found = await store.get(db, caller, reference=reference[:40], unborn=True)
    access.require(actor, right)
    minutes: Minutes = pages.as_struct(found, Minutes)
    rules.require_held(minutes.meeting_state)
    return pages.show(
        request, template, actor.card, minutes=minutes, revision=found.revision, seen=seen or minutes.seen,
        shut=[f"TOP {item.number}" for item in minutes.items if item.title == rules.MASK],
        recipients=await store.list_recipients(db, minutes.meeting_id, actor.today),
        unsettled=await writing.unsettled(db, caller, minutes.meeting_id),
        annexes=[item for item in minutes.items if item.confidentiality == "confidential"],
        undecided=[one for one in minutes.objections if one.decision is None],
        meetings=[
            (row["id"], f"{row['title']} ({row['date']:%d.%m.%Y})")
            for row in await store.list_later_meetings(db, minutes.meeting_id, list(actor.keys))
        ],
    )  # fmt: skip


async def _meeting_id(db: Connection, actor: Actor, reference: str) -> UUID:
    meeting = await store.lock_meeting(db, None, reference[:40], list(actor.keys))
    if meeting is None:
        raise errors.NotFound(me=actor.card)
    return UUID(str(meeting["id"]))


def _path(reference: str) -> str:
    return f"/sitzungen/{reference}/niederschrift"


router = Router(
    "/",
    include_in_schema=False,
    route_handlers=[show, write_head, preview, circulate, object_to, decide, show_approval, approve, correct],
)
