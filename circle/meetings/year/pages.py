"""Pages of a year: the calendar as a drawing with a table, and the planning of its meetings."""

from datetime import date
from typing import Any, NoReturn

import msgspec
from litestar import Request, Response, Router, get, post
from litestar.datastructures import FormMultiDict
from litestar.params import FromPath

from circle.core import access, auth, errors, fields, pages, web
from circle.core.auth import Actor
from circle.meetings import rules as meetings

from . import actions, rules, store
from .model import (
    FIRST_YEAR,
    LAST_YEAR,
    Pattern,
    PatternForm,
    Proposal,
    Series,
    SeriesAnswer,
    SeriesMeeting,
    YearMeeting,
)

Incoming = Request[Any, Any, Any]
HERE = "/sitzungen/jahr/{year:int}"
WORDS: dict[str, Any] = {
    "states": meetings.STATES,
    "deadline_words": meetings.DEADLINE_WORDS,
    "shapes": rules.SHAPE_WORDS,
    "nth": list(rules.NTH.items()),
    "weekdays": list(enumerate(rules.WEEKDAYS, start=1)),
    "months": list(enumerate(rules.MONTHS, start=1)),
    "last_year": LAST_YEAR,
    "first_year": FIRST_YEAR,
}
ROW = ("date", "start_local", "end_local", "place", "title")
"""What the form asks of each meeting; form and access are those of all."""


@get(HERE, opt={"permission": "signed_in"})
async def show(request: Incoming, db: web.Db, caller: web.Asking, year: FromPath[int]) -> Response[bytes]:
    """The meetings of a year with their last days, holidays and school holidays: drawn, and as a table."""
    known = min(max(year, FIRST_YEAR), LAST_YEAR)
    found = await store.list_year(db, caller, date(known, 1, 1), date(known, 12, 31))
    if year != known:
        raise errors.NotFound(me=found.me)
    every = pages.as_struct(found, list[YearMeeting])
    me = auth.me(found.me)
    return pages.show(
        request, "year/show.html", me, year=year, lines=rules.drawing(year, every), notes=rules.notes([year]),
        meetings=[one for one in every if one.date.year == year], may_plan=access.may(me, "meetings.convene"), **WORDS,
    )  # fmt: skip


@get(HERE + "/planen", opt={"permission": "meetings.convene"})
async def show_plan(request: Incoming, db: web.Db, actor: web.Acting, year: FromPath[int]) -> Response[bytes]:
    """The form of the pattern, and with its fields in the address the days it means. Nothing is written."""
    access.require(actor, "meetings.convene")
    _require_year(year)
    asked = request.query_params
    if not asked:
        form: Any = {"start_local": "10:00", "end_local": "14:00", "mode": "in_person", "weekday": "3"}
        return _page(request, actor, year, form, {})
    try:
        given = fields.from_form(PatternForm, asked)
        pattern = Pattern(year=year, **msgspec.structs.asdict(given))
        answer = await actions.preview(db, actor, Series(pattern=pattern))
    except errors.Invalid as wrong:
        return _page(request, actor, year, asked, wrong.fields)
    return _page(request, actor, year, asked, {}, answer, _rows(answer.items))


@post(HERE + "/planen", opt={"permission": "meetings.convene"})
async def plan(request: Incoming, db: web.Db, actor: web.Acting, year: FromPath[int]) -> Response[Any]:
    """Look at the changed days once more, or set all that are chosen."""
    access.require(actor, "meetings.convene")
    _require_year(year)
    form = await pages.read_form(request)
    if form.get("act") == "check":
        try:
            series = _series(form)
            answer = await actions.preview(db, actor, series)
        except errors.Invalid as wrong:
            _again(request, actor, year, wrong, form)
        return _page(request, actor, year, form, {}, answer, _typed(form, answer.items))

    async def act() -> str:
        await actions.create(db, actor, _series(form))
        return f"/sitzungen/jahr/{year}"

    try:
        return await pages.once(request, db, actor, form, act, "Die Sitzungen sind als geplant angesetzt.")
    except pages.MENDABLE as wrong:
        _again(request, actor, year, _at_rows(wrong, _taken(form)), form)


def _page(
    request: Incoming, actor: Actor, year: int, form: Any, wrong: dict[str, str],
    answer: SeriesAnswer | None = None, rows: list[dict[str, Any]] | None = None,
) -> Response[bytes]:  # fmt: skip
    return pages.show(
        request, "year/plan.html", actor.card, status=422 if wrong else 200, errors=wrong, year=year, form=form,
        chosen=_chosen(form), rows=rows or [], notes=answer.notes if answer else [], **WORDS,
    )  # fmt: skip


def _chosen(form: Any) -> dict[str, list[str]]:
    """What is ticked of the pattern."""
    many = form.getall if hasattr(form, "getall") else lambda name, default: default
    return {name: [str(one) for one in many(name, [])] for name in ("nth", "months")}


def _again(
    request: Incoming, actor: Actor, year: int, wrong: errors.CircleError, form: FormMultiDict
) -> NoReturn:
    pages.again(
        request, "year/plan.html", actor, wrong, form, year=year, chosen=_chosen(form), rows=_typed(form, []),
        notes=[], **WORDS,
    )  # fmt: skip


def _rows(proposals: list[Proposal]) -> list[dict[str, Any]]:
    """The rows of the form for what is proposed; what cannot be set is left out until it is changed."""
    return [
        {"n": str(n), "take": not one.refused, "proposal": one}
        | {name: getattr(one.meeting, name) for name in ROW}
        for n, one in enumerate(proposals)
    ]


def _numbers(form: FormMultiDict) -> list[str]:
    """The rows that a form names, at most as many as the list that is set may have, plus those left out."""
    return [str(one) for one in form.getall("row", [])][:48]


def _taken(form: FormMultiDict) -> list[str]:
    return [n for n in _numbers(form) if form.get(f"take_{n}")]


def _typed(form: FormMultiDict, proposals: list[Proposal]) -> list[dict[str, Any]]:
    """The rows as they were typed, with what is known of those that are chosen."""
    known = dict(zip(_taken(form), proposals, strict=False))
    return [
        {"n": n, "take": bool(form.get(f"take_{n}")), "proposal": known.get(n)}
        | {name: str(form.get(f"{name}_{n}", "")) for name in ROW}
        for n in _numbers(form)
    ]


def _series(form: FormMultiDict) -> Series:
    """The meetings that a form chooses. Raises Invalid at its fields, for none, and for more than 24."""
    found: list[SeriesMeeting] = []
    wrong: dict[str, str] = {}
    taken = _taken(form)
    if not 1 <= len(taken) <= 24:
        raise errors.Invalid("Bitte wählen Sie 1 bis 24 Termine aus.")
    for n in taken:
        values = {name: form.get(f"{name}_{n}") for name in ROW} | {
            name: form.get(name) for name in ("mode", "link")
        }
        try:
            found.append(fields.from_form(SeriesMeeting, values))
        except errors.Invalid as error:
            wrong |= {
                name if name in ("mode", "link") else f"{name}_{n}": text
                for name, text in error.fields.items()
            }
    if wrong:
        raise errors.Invalid("Bitte prüfen Sie die Termine.", fields=wrong)
    return Series(preview=False, meetings=found)


def _at_rows(wrong: errors.CircleError, taken: list[str]) -> errors.CircleError:
    """The refusal of a list at the fields of its form: `meetings.2.date` → `date_<row>`."""
    named = {}
    for name, text in wrong.fields.items():
        parts = name.split(".")
        if len(parts) == 3 and parts[1].isdigit():
            name = parts[2] if parts[2] == "link" else f"{parts[2]}_{taken[int(parts[1])]}"
        named[name] = text
    wrong.fields = named
    return wrong


def _require_year(year: int) -> None:
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise errors.NotFound


router = Router("/", include_in_schema=False, route_handlers=[show, show_plan, plan])
