"""Pages of the procedure: the rules in force in words, earlier and coming versions, a calculator, and the form."""

import re
from typing import Any, NoReturn

from litestar import Request, Response, Router, get, post
from litestar.datastructures import FormMultiDict
from litestar.params import FromPath, FromQuery

from circle.core import access, auth, errors, fields, pages, web
from circle.core.auth import Actor
from circle.core.db import Answer, Caller, Connection
from circle.core.errors import CircleError
from circle.meetings import rules as meetings
from circle.meetings.agenda import rules as agenda

from . import actions, rules, store
from .model import (
    MOST_STANDING,
    NewProcedure,
    Procedure,
    ProcedureForm,
    Question,
    Rules,
    StandingItem,
    StoredProcedure,
)

Incoming = Request[Any, Any, Any]
ROOT = "/geschaeftsordnung"
HERE = ROOT + "/{version:int}"
STATES = {"past": ("abgelöst", "neutral"), "in_force": ("gilt", "success"), "coming": ("kommt", "info")}
BEFORE = [(name, rules.UNITS[name]) for name in ("days_before", "clear_days_before")]
AFTER = [(name, rules.UNITS[name]) for name in ("weeks", "days", "working_days")]
WORDS: dict[str, Any] = {
    "states": STATES,
    "deadline_words": meetings.DEADLINE_WORDS
    | {name: rules.LABELS[name] for name in ("reply_reminder", "agenda_opens")},
    "labels": rules.LABELS,
    "before_units": BEFORE,
    "after_units": AFTER,
    "decisions": list(rules.DECISIONS.items()),
    "deputies": list(rules.DEPUTIES.items()),
    "late_items": list(rules.LATE_ITEMS.items()),
    "speaking_orders": list(rules.SPEAKING.items()),
    "minutes_kinds": list(rules.MINUTES_KINDS.items()),
    "standing_kinds": list(agenda.KINDS.items()),
    "aims": list(agenda.AIMS.items()),
    "places": list(rules.PLACES.items()),
    "most_standing": MOST_STANDING,
}


@get(ROOT, opt={"permission": "signed_in"})
async def show_current(
    request: Incoming, db: web.Db, caller: web.Asking, day: FromQuery[str | None] = None
) -> Response[bytes]:
    """The rules in force, what else there is, and the deadlines of a day."""
    found, versions = await _versions(db, caller)
    current = next((one for one in versions if one.state == "in_force"), None)
    return _show(request, found, versions, current, day)


@get(HERE, opt={"permission": "signed_in"})
async def show(
    request: Incoming,
    db: web.Db,
    caller: web.Asking,
    version: FromPath[int],
    day: FromQuery[str | None] = None,
) -> Response[bytes]:
    """One version in the same way."""
    found, versions = await _versions(db, caller)
    return _show(request, found, versions, _one(found, versions, version), day)


@get(ROOT + "/neu", opt={"permission": "procedure.adopt"})
async def show_new(request: Incoming, db: web.Db, caller: web.Asking, actor: web.Acting) -> Response[bytes]:
    """The form of a new version, filled with the newest rules."""
    access.require(actor, "procedure.adopt")
    _, versions = await _versions(db, caller)
    form = rules.to_form(versions[0].rules if versions else Rules())
    return pages.show(
        request, "procedure/form.html", actor.card, form=form, version=None, **await _choices(db, actor)
    )


@post(ROOT + "/neu", opt={"permission": "procedure.adopt"})
async def adopt(request: Incoming, db: web.Db, actor: web.Acting) -> Response[Any]:
    """Enter the version once."""
    access.require(actor, "procedure.adopt")
    form = await pages.read_form(request)

    async def act() -> str:
        await actions.adopt(db, actor, _new(form))
        return ROOT

    try:
        return await pages.once(request, db, actor, form, act, "Die Fassung ist eingetragen.")
    except pages.MENDABLE as wrong:
        await _again(request, db, actor, wrong, form, version=None)


@get(HERE + "/bearbeiten", opt={"permission": "procedure.adopt"})
async def show_change(
    request: Incoming, db: web.Db, caller: web.Asking, actor: web.Acting, version: FromPath[int]
) -> Response[bytes]:
    """The form of a version that is still to come."""
    found, versions = await _versions(db, caller)
    one = _one(found, versions, version)
    access.require(actor, "procedure.adopt")
    rules.require_coming(one.in_force_from, one.meetings, actor.today)
    form = rules.to_form(one.rules) | {
        name: getattr(one, name) for name in ("adopted_on", "in_force_from", "reference", "meeting_id")
    }
    return pages.show(
        request, "procedure/form.html", actor.card, form=form, version=one, **await _choices(db, actor)
    )


@post(HERE + "/bearbeiten", opt={"permission": "procedure.adopt"})
async def change(
    request: Incoming, db: web.Db, caller: web.Asking, actor: web.Acting, version: FromPath[int]
) -> Response[Any]:
    """Take what is put right."""
    form = await pages.read_form(request)
    found, versions = await _versions(db, caller)
    one = _one(found, versions, version)
    try:
        async with pages.attempt(db):
            await actions.change(db, actor, one.id, _new(form), pages.revision(form))
    except pages.MENDABLE as wrong:
        await _again(request, db, actor, wrong, form, version=one)
    return pages.go(f"{ROOT}/{version}", "Die Fassung ist geändert.")


async def _versions(db: Connection, caller: Caller) -> tuple[Answer, list[Procedure]]:
    """Every version, the newest first."""
    found = await store.list_versions(db, caller)
    return found, [rules.told(one) for one in pages.as_struct(found, list[StoredProcedure])]


def _one(found: Answer, versions: list[Procedure], version: int) -> Procedure:
    for one in versions:
        if one.version == version:
            return one
    raise errors.NotFound(me=found.me)


def _show(
    request: Incoming, found: Answer, versions: list[Procedure], one: Procedure | None, day: str | None
) -> Response[bytes]:
    """A version with the calculator; a day that cannot be read is said beside the field."""
    me, computed, wrong = auth.me(found.me), None, {}
    if day is not None:
        try:
            on = fields.from_form(Question, {"day": day}).day
            computed = rules.compute(one.version if one else 1, one.rules if one else Rules(), on)
        except errors.Invalid as error:
            wrong = {"day": next(iter(error.fields.values()))}
    return pages.show(
        request, "procedure/show.html", me, status=422 if wrong else 200, errors=wrong, versions=versions, one=one,
        form={"day": day or ""}, computed=computed, may_adopt=access.may(me, "procedure.adopt"),
        silent=rules.words(Rules()), **WORDS,
    )  # fmt: skip


def _rows(form: FormMultiDict) -> list[int]:
    """The rows of standing items that have a title, in order: an emptied one is left out."""
    return [n for n in range(MOST_STANDING) if str(form.get(f"standing_title_{n}", "")).strip()]


def _new(form: FormMultiDict) -> NewProcedure:
    """The version that the form describes. Raises Invalid with all that is wrong, rows of standing items too."""
    wrong: dict[str, str] = {}
    standing = []
    for n in _rows(form):
        try:
            row = {name: form.get(f"standing_{name}_{n}", "") for name in StandingItem.__struct_fields__}
            standing.append(fields.from_form(StandingItem, row))
        except errors.Invalid as error:
            wrong |= {f"standing_{name}_{n}": text for name, text in error.fields.items()}
    try:
        new = rules.from_form(fields.from_form(ProcedureForm, form), standing)
    except errors.Invalid as error:
        raise errors.Invalid(error.detail, fields=error.fields | wrong) from error
    if wrong:
        raise errors.Invalid("Bitte prüfen Sie die markierten Felder.", fields=wrong)
    return new


async def _choices(db: Connection, actor: Actor) -> dict[str, Any]:
    """What the form offers: units, rules, and the meetings that may have adopted it."""
    rows = await store.list_resolving(db, list(actor.keys), actor.today)
    return WORDS | {
        "resolving": [(one["id"], f"{one['reference']} vom {one['date']:%d.%m.%Y}") for one in rows]
    }


async def _again(
    request: Incoming, db: Connection, actor: Actor, wrong: CircleError, form: FormMultiDict, *, version: Procedure | None
) -> NoReturn:  # fmt: skip
    """The form again; `rules.agenda_submission.value` of the API is its field `agenda_submission_value`."""
    rows = _rows(form)
    wrong.fields = {_field(name.removeprefix("rules."), rows): text for name, text in wrong.fields.items()}
    pages.again(
        request, "procedure/form.html", actor, wrong, form, version=version, **await _choices(db, actor)
    )


def _field(name: str, rows: list[int]) -> str:
    """`standing_items.1.kind` is that of the second row that is filled, perhaps `standing_kind_3`."""
    if found := re.fullmatch(r"standing_items\.(\d+)\.(\w+)", name):
        return f"standing_{found[2]}_{rows[int(found[1])]}"
    return name.replace(".", "_")


router = Router(
    "/",
    include_in_schema=False,
    route_handlers=[show_current, show, show_new, adopt, show_change, change],
)
