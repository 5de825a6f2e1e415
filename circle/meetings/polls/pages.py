"""Pages of date polls: the list, the form that asks, and one poll with one's own answer and the counts."""

from typing import Any
from uuid import UUID

import msgspec
from litestar import Request, Response, Router, get, post
from litestar.datastructures import FormMultiDict
from litestar.params import FromPath, FromQuery

from circle.core import access, answers, auth, clock, errors, fields, pages, web
from circle.core.db import Answer, Caller
from circle.meetings import rules as meetings
from circle.meetings.replies import pages as replies

from . import actions, rules, store
from .model import (
    MOST_DATES,
    Choice,
    DateAnswer,
    Link,
    NewPoll,
    NewPollDate,
    Poll,
    PollAnswer,
    PollHead,
)

Incoming = Request[Any, Any, Any]
ROOT = "/terminabfragen"
HERE = ROOT + "/{poll_id:uuid}"
WORDS: dict[str, Any] = {
    "answer_words": rules.ANSWERS,
    "answer_tones": rules.TONES,
    "poll_states": rules.STATES,
    "modes": meetings.MODES,
    "most": MOST_DATES,
}


class Chosen(msgspec.Struct, frozen=True):
    """The person whose links end."""

    person_id: UUID


@get(ROOT, opt={"permission": "signed_in"})
async def show_all(
    request: Incoming, db: web.Db, caller: web.Asking, after: FromQuery[str | None] = None
) -> Response[bytes]:
    """Polls with how many have answered."""
    found = await store.list_polls(db, caller, answers.unseal(after), 20)
    me = auth.me(found.me)
    return pages.show(
        request, "polls/list.html", me, polls=pages.as_struct(found, list[Poll]), first=not after,
        next=answers.next_link(request, found), may_manage=access.may(me, "polls.manage"), **WORDS,
    )  # fmt: skip


@get(ROOT + "/neu", opt={"permission": "polls.manage"})
async def show_new(request: Incoming, actor: web.Acting) -> Response[bytes]:
    """The form that proposes days."""
    access.require(actor, "polls.manage")
    return pages.show(request, "polls/form.html", actor.card, form={"mode": "in_person"}, **WORDS)


@post(ROOT + "/neu", opt={"permission": "polls.manage"})
async def ask(request: Incoming, db: web.Db, actor: web.Acting) -> Response[Any]:
    """Ask once."""
    access.require(actor, "polls.manage")
    form = await pages.read_form(request)
    rows = [n for n in range(MOST_DATES) if form.get(f"date_{n}")]

    async def act() -> str:
        return f"{ROOT}/{await actions.ask(db, actor, _new(form, rows))}"

    try:
        return await pages.once(request, db, actor, form, act, "Die Terminabfrage geht hinaus.")
    except pages.MENDABLE as wrong:
        wrong.fields = {_field(name, rows): text for name, text in wrong.fields.items()}
        pages.again(request, "polls/form.html", actor, wrong, form, **WORDS)


@get(HERE, opt={"permission": "signed_in"})
async def show(request: Incoming, db: web.Db, caller: web.Asking, poll_id: FromPath[UUID]) -> Response[bytes]:
    """One poll: the days with their counts, one's own answer, and for the office the day to be fixed."""
    found = await store.get(db, caller, poll_id)
    return pages.show(request, "polls/show.html", found.me, **_context(caller, found))


@post(HERE + "/antwort", opt={"permission": "polls.answer"})
async def answer(
    request: Incoming, db: web.Db, caller: web.Asking, actor: web.Acting, poll_id: FromPath[UUID]
) -> Response[Any]:
    """Take one's own answer."""
    form = await pages.read_form(request)
    found = await store.get(db, caller, poll_id)
    try:
        async with pages.attempt(db):
            await actions.answer(db, actor, poll_id, _answers(form))
    except pages.MENDABLE as wrong:
        pages.again(request, "polls/show.html", actor, wrong, form, **_context(caller, found))
    return pages.go(f"{ROOT}/{poll_id}", "Ihre Antwort ist gespeichert.")


@post(HERE + "/festlegen", opt={"permission": "polls.manage"})
async def fix(
    request: Incoming, db: web.Db, caller: web.Asking, actor: web.Acting, poll_id: FromPath[UUID]
) -> Response[Any]:
    """Fix a day once."""
    form = await pages.read_form(request)
    found = await store.get(db, caller, poll_id)

    async def act() -> str:
        await actions.fix(db, actor, poll_id, fields.from_form(Choice, form), pages.revision(form))
        return f"{ROOT}/{poll_id}"

    try:
        return await pages.once(request, db, actor, form, act, "Der Tag steht fest. Alle bekommen Bescheid.")
    except pages.MENDABLE as wrong:
        pages.again(request, "polls/show.html", actor, wrong, form, **_context(caller, found))


@post(HERE + "/beenden", opt={"permission": "polls.manage"})
async def close(request: Incoming, db: web.Db, actor: web.Acting, poll_id: FromPath[UUID]) -> Response[Any]:
    """End it without a day."""
    form = await pages.read_form(request)

    async def act() -> str:
        await actions.close(db, actor, poll_id, pages.revision(form))
        return f"{ROOT}/{poll_id}"

    return await pages.once(request, db, actor, form, act, "Die Terminabfrage ist beendet.")


@post(HERE + "/links", opt={"permission": "polls.manage"})
async def revoke_links(
    request: Incoming, db: web.Db, caller: web.Asking, actor: web.Acting, poll_id: FromPath[UUID]
) -> Response[Any]:
    """The links in one person's mails serve no more."""
    form = await pages.read_form(request)
    found = await store.get(db, caller, poll_id)
    try:
        chosen = fields.from_form(Chosen, form)
        async with pages.attempt(db):
            await actions.revoke_links(db, actor, poll_id, chosen.person_id)
    except pages.MENDABLE as wrong:
        pages.again(request, "polls/show.html", actor, wrong, form, **_context(caller, found))
    return pages.go(f"{ROOT}/{poll_id}", "Die Links dieser Person sind ungültig.")


@get(actions.ANSWER_PAGE, opt={"permission": "public"})
async def show_link(
    request: Incoming, db: web.Db, caller: web.Asking, link: FromQuery[str] = ""
) -> Response[bytes]:
    """The form behind the link in a mail. Looking at it answers nothing."""
    try:
        found = await actions.open_link(db, link, caller.now)
    except (errors.NotFound, errors.Gone) as dead:
        return replies.dead(request, dead)
    return _link_page(request, found, await store.find_linked(db, found), link, {})


@post(actions.ANSWER_PAGE, opt={"permission": "public"})
async def answer_by_link(request: Incoming, db: web.Db, caller: web.Asking) -> Response[Any]:
    """Take the answers of a link; as often as one likes until the last day."""
    form = await pages.plain_form(request)
    link = str(form.get("link", ""))
    try:
        found = await actions.open_link(db, link, caller.now)
        poll = await store.find_linked(db, found)
        await actions.answer_by_link(db, link, _answers(form), caller.now)
    except (errors.NotFound, errors.Gone) as dead:
        return replies.dead(request, dead)
    except errors.Invalid as wrong:
        return _link_page(
            request, found, poll, link, form, status=422, errors=wrong.fields or {"": wrong.detail}
        )
    return pages.go(f"{actions.ANSWER_PAGE}?link={link}", "Danke, Ihre Antwort ist gespeichert.")


def _link_page(
    request: Incoming, found: Link, poll: Poll, link: str, form: Any, **more: Any
) -> Response[bytes]:
    return pages.show(
        request, "polls/link.html", None, poll=poll, name=found.name, link=link, form=form, **WORDS, **more
    )


def _context(caller: Caller, found: Answer) -> dict[str, Any]:
    """What the page of one poll shows."""
    poll, me = pages.as_struct(found, Poll), auth.me(found.me)
    return WORDS | {
        "poll": poll,
        "best": rules.best(poll.dates),
        "may_answer": poll.asks_me and access.may(me, "polls.answer") and poll.state == "open"
        and clock.day(caller.now) <= poll.answer_until,
        "may_manage": access.may(me, "polls.manage") and poll.state == "open",
    }  # fmt: skip


def _new(form: FormMultiDict, rows: list[int]) -> NewPoll:
    """The poll of a form; lines without a day are left out. Raises Invalid at its fields."""
    head: PollHead | None = None
    dates: list[NewPollDate] = []
    wrong: dict[str, str] = {}
    try:
        head = fields.from_form(PollHead, form)
    except errors.Invalid as error:
        wrong |= error.fields
    for n in rows:
        values = {name: form.get(f"{name}_{n}") for name in ("date", "start_local", "end_local")}
        try:
            dates.append(fields.from_form(NewPollDate, values))
        except errors.Invalid as error:
            wrong |= {f"{name}_{n}": text for name, text in error.fields.items()}
    if len(rows) < 2:
        wrong[f"date_{next(n for n in range(MOST_DATES) if n not in rows)}"] = (
            "Bitte schlagen Sie mindestens zwei Termine vor."
        )
    if wrong or head is None:
        raise errors.Invalid("Bitte prüfen Sie die Terminabfrage.", fields=wrong)
    return NewPoll(**msgspec.structs.asdict(head), dates=dates)


def _field(name: str, rows: list[int]) -> str:
    """`dates.1.date` of the API is `date_<row>` of the form."""
    parts = name.split(".")
    return f"{parts[2]}_{rows[int(parts[1])]}" if len(parts) == 3 and parts[1].isdigit() else name


def _answers(form: FormMultiDict) -> PollAnswer:
    given = [
        {"number": n, "answer": form[f"answer_{n}"]}
        for n in range(1, MOST_DATES + 1)
        if form.get(f"answer_{n}")
    ]
    try:
        return PollAnswer(msgspec.convert(given, list[DateAnswer]))
    except msgspec.ValidationError as error:
        raise errors.Invalid("Bitte wählen Sie ja, notfalls oder nein.") from error


router = Router(
    "/",
    include_in_schema=False,
    route_handlers=[
        show_all,
        show_new,
        ask,
        show,
        answer,
        fix,
        close,
        revoke_links,
        show_link,
        answer_by_link,
    ],
)
