"""Pages of the answers to an invitation: one's own, and the overview „Rückmeldungen“."""

from typing import Any
from uuid import UUID

import msgspec
from litestar import Request, Response, Router, get, post
from litestar.datastructures import FormMultiDict
from litestar.params import FromPath, FromQuery

from circle.core import access, auth, errors, fields, pages, web
from circle.core.db import Answer, Caller, Connection
from circle.meetings.letters import ANSWER_PAGE

from . import actions, rules, store
from .model import Invitee, NewReply, OwnReply, Replies

Incoming = Request[Any, Any, Any]
HERE = "/sitzungen/{reference:str}"
WORDS: dict[str, Any] = {
    "answers": rules.WORDS,
    "reply_tones": rules.TONES,
    "ways": rules.WAYS,
    "reasons": rules.REASONS,
}


@get(HERE + "/rueckmeldung", opt={"permission": "signed_in"})
async def show_own(
    request: Incoming, db: web.Db, caller: web.Asking, reference: FromPath[str]
) -> Response[bytes]:
    """The form for one's own answer, with what was answered before."""
    found, replies = await _replies(db, caller, reference)
    own = _own(found, replies)
    return pages.show(
        request, "replies/answer.html", found.me, form=filled(own), **form_context(own, replies, caller)
    )


@post(HERE + "/rueckmeldung", opt={"permission": "signed_in"})
async def answer(
    request: Incoming, db: web.Db, caller: web.Asking, actor: web.Acting, reference: FromPath[str]
) -> Response[Any]:
    """Take the answer, and say what is still missing for a deputy."""
    form = await pages.read_form(request)
    found, replies = await _replies(db, caller, reference)

    async def act() -> str:
        await actions.answer(db, actor, replies.id, given(form), "page")
        return f"/sitzungen/{replies.reference}"

    try:
        done = await pages.once(request, db, actor, form, act)
    except pages.MENDABLE as wrong:
        context = form_context(_own(found, replies), replies, caller)
        pages.again(request, "replies/answer.html", actor, wrong, form, **context)
    now = pages.as_struct(await store.get_one(db, caller, replies.id), OwnReply)
    return pages.go(done.headers["location"], rules.thanks(now))


@get(HERE + "/rueckmeldungen", opt={"permission": "signed_in"})
async def show_all(
    request: Incoming, db: web.Db, caller: web.Asking, reference: FromPath[str]
) -> Response[bytes]:
    """Who comes how, who is represented, who has not answered since when, and the quorum to expect."""
    found, replies = await _replies(db, caller, reference)
    me = auth.me(found.me)
    return pages.show(
        request, "replies/overview.html", me, replies=replies,
        expected=rules.expected(replies.items, replies.houses, replies.quorum_least),
        bars=rules.summary(replies.items), open=_open(replies, caller), may_enter=access.may(me, "meetings.invite"),
        is_waiting=rules.is_waiting, is_unrepresented=rules.is_unrepresented, **WORDS,
    )  # fmt: skip


@get(HERE + "/rueckmeldungen/{person_id:uuid}", opt={"permission": "meetings.invite"})
async def show_entry(
    request: Incoming, db: web.Db, caller: web.Asking, actor: web.Acting, reference: FromPath[str],
    person_id: FromPath[UUID],
) -> Response[bytes]:  # fmt: skip
    """The form for an answer from the telephone, and all answers of this person."""
    _, replies = await _replies(db, caller, reference)
    access.require(actor, "meetings.invite")
    one = _entry(replies, person_id)
    return pages.show(
        request, "replies/enter.html", actor.card, form=filled(one), **form_context(one, replies, caller)
    )


@post(HERE + "/rueckmeldungen/{person_id:uuid}", opt={"permission": "meetings.invite"})
async def enter(
    request: Incoming, db: web.Db, caller: web.Asking, actor: web.Acting, reference: FromPath[str],
    person_id: FromPath[UUID],
) -> Response[Any]:  # fmt: skip
    """The office writes down an answer from the telephone."""
    form = await pages.read_form(request)
    _, replies = await _replies(db, caller, reference)
    access.require(actor, "meetings.invite")
    one = _entry(replies, person_id)

    async def act() -> str:
        await actions.enter(db, actor, replies.id, person_id, given(form))
        return f"/sitzungen/{replies.reference}/rueckmeldungen"

    try:
        return await pages.once(
            request, db, actor, form, act, f"Die Rückmeldung von {one.name} ist eingetragen."
        )
    except pages.MENDABLE as wrong:
        pages.again(request, "replies/enter.html", actor, wrong, form, **form_context(one, replies, caller))


@post(HERE + "/rueckmeldungen/{person_id:uuid}/links", opt={"permission": "meetings.invite"})
async def revoke_links(
    request: Incoming, db: web.Db, caller: web.Asking, actor: web.Acting, reference: FromPath[str],
    person_id: FromPath[UUID],
) -> Response[Any]:  # fmt: skip
    """The links in somebody's mails serve no more."""
    form = await pages.read_form(request)
    _, replies = await _replies(db, caller, reference)

    async def act() -> str:
        await actions.revoke_links(db, actor, replies.id, person_id)
        return f"/sitzungen/{replies.reference}/rueckmeldungen/{person_id}"

    return await pages.once(request, db, actor, form, act, "Die Links sind ungültig.")


@get(ANSWER_PAGE, opt={"permission": "public"})
async def show_link(
    request: Incoming, db: web.Db, caller: web.Asking, link: FromQuery[str] = ""
) -> Response[bytes]:
    """The form behind the link in a mail. Looking at it answers nothing."""
    try:
        found = await actions.open_link(db, link, caller.now)
    except (errors.NotFound, errors.Gone) as why:
        return dead(request, why)
    replies = await store.find_linked(db, found)
    return _link_page(request, replies, link, caller, filled(replies.items[0]))


@post(ANSWER_PAGE, opt={"permission": "public"})
async def answer_by_link(request: Incoming, db: web.Db, caller: web.Asking) -> Response[Any]:
    """Take the answer of a link; as often as one likes until the meeting begins."""
    form = await pages.plain_form(request)
    link = str(form.get("link", ""))
    try:
        found = await actions.open_link(db, link, caller.now)
        replies = await store.find_linked(db, found)
        await actions.answer_by_link(db, link, given(form), caller.now)
    except (errors.NotFound, errors.Gone) as why:
        return dead(request, why)
    except errors.Invalid as wrong:
        return _link_page(request, replies, link, caller, form, status=422, errors=wrong.fields)
    (own,) = (await store.find_linked(db, found)).items
    return pages.go(f"{ANSWER_PAGE}?link={link}", rules.thanks(own))


def _link_page(
    request: Incoming, replies: Replies, link: str, caller: Caller, form: Any, **more: Any
) -> Response[bytes]:
    context = form_context(replies.items[0], replies, caller)
    return pages.show(request, "replies/link.html", None, link=link, form=form, **context, **more)


def dead(request: Incoming, why: errors.CircleError) -> Response[bytes]:
    """The same words for every link that does not serve, so that nobody learns who exists."""
    return pages.show(request, "replies/dead_link.html", None, status=why.status)


async def _replies(db: Connection, caller: Caller, reference: str) -> tuple[Answer, Replies]:
    found = await store.get(db, caller, reference=reference[:40])
    return found, pages.as_struct(found, Replies)


def given(form: FormMultiDict) -> NewReply:
    """The answer of a form. A deputy that is chosen in it and no longer meant is left out."""
    new = fields.from_form(NewReply, form)
    return new if new.answer == "represented" else msgspec.structs.replace(new, deputy_id=None)


def filled(one: Invitee | None) -> dict[str, Any]:
    """The last answer as the form shows it."""
    if one is None or one.answer is None:
        return {}
    return {"answer": one.answer, "deputy_id": one.deputy_id or "", "note": one.note or ""}


def form_context(one: Invitee | None, replies: Replies, caller: Caller) -> dict[str, Any]:
    """What a form for an answer of `one` needs."""
    deputies = [
        (deputy.id, deputy.name)
        for deputy in replies.deputies
        if one and one.commissioner and deputy.authority_id == one.authority_id and deputy.id != one.person_id
    ]
    return {
        "replies": replies, "one": one, "deputies": deputies, "choices": rules.choices(replies.mode, bool(deputies)),
        "open": _open(replies, caller), "unrepresented": bool(one and rules.is_unrepresented(one)), **WORDS,
    }  # fmt: skip


async def panel(db: Connection, caller: Caller, meeting_id: UUID) -> dict[str, Any]:
    """What the meeting's own page shows: the reader's answer with its form, and how far all are."""
    found = await store.get(db, caller, meeting_id)
    replies = pages.as_struct(found, Replies)
    own = _own(found, replies)
    waiting = sum(rules.is_waiting(one.answer) for one in replies.items)
    return form_context(own, replies, caller) | {"last": filled(own), "waiting": waiting}


def _own(found: Answer, replies: Replies) -> Invitee | None:
    """The reader's own line; None for whoever is not invited, who gets the page without a form."""
    me = auth.me(found.me)
    return next((one for one in replies.items if one.person_id == me.person_id), None)


def _entry(replies: Replies, person_id: UUID) -> Invitee:
    found = next((one for one in replies.items if one.person_id == person_id), None)
    if found is None:
        raise errors.NotFound
    return found


def _open(replies: Replies, caller: Caller) -> bool:
    return rules.is_open(replies.state, replies.date, replies.start_local, caller.now)


router = Router(
    "/",
    include_in_schema=False,
    route_handlers=[show_own, answer, show_all, show_entry, enter, revoke_links, show_link, answer_by_link],
)
