"""Pages of the floor: its forms stand in the room and on the live page and lead back there; a page of its own shows them
again when something is wrong, and works alone."""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, TypeVar
from uuid import UUID

import msgspec
from litestar import Request, Response, Router, get, post
from litestar.datastructures import FormMultiDict
from litestar.params import FromPath

from circle.core import errors, fields, pages, web
from circle.core.auth import Actor
from circle.core.db import Answer, Caller, Connection

from .. import store as meetings
from ..agenda import actions as agenda
from ..model import Meeting
from . import actions, panel, store
from .model import BallotClosing, LeftOver, NewBallot, NewSpeech, NewVote, SpeechMove

Incoming = Request[Any, Any, Any]
T = TypeVar("T")
HERE = "/sitzungen/{reference:str}"
SPEECH = HERE + "/wort/{request_id:uuid}"
BALLOT = HERE + "/abstimmung/{ballot_id:uuid}"
BACK = {"raum": "raum", "live": "live"}
"""Where a form came from → the page it leads back to; any other is the page of its own."""


@get(HERE + "/wort", opt={"permission": "signed_in"})
async def show(
    request: Incoming, db: web.Db, caller: web.Asking, actor: web.Acting, reference: FromPath[str]
) -> Response[bytes]:
    """Requests to speak and votes on the item that is called up, with everything that the reader can do there."""
    found, context = await _context(db, caller, actor, reference)
    await agenda.note_reading(db, caller, found.me, [one for one in [context["floor"]["item"]] if one])
    return pages.show(request, "floor/page.html", actor.card, **context)


@post(HERE + "/wort", opt={"permission": "signed_in"})
async def ask(
    request: Incoming, db: web.Db, caller: web.Asking, actor: web.Acting, reference: FromPath[str]
) -> Response[Any]:
    """Ask to speak, or enter somebody who raises a hand."""
    asked = await _asked(request, db, caller, actor, reference)

    async def act() -> None:
        await actions.ask(db, actor, asked.meeting_id, _input(NewSpeech, asked.form, "speech_"))

    return await asked.do(act, "Die Wortmeldung steht auf der Liste.", "speech_")


@post(HERE + "/wort/uebernehmen", opt={"permission": "meetings.run"})
async def take_over(
    request: Incoming, db: web.Db, caller: web.Asking, actor: web.Acting, reference: FromPath[str]
) -> Response[Any]:
    """Keep or drop what is left of other items' lists."""
    asked = await _asked(request, db, caller, actor, reference)

    async def act() -> None:
        await actions.take_over(db, actor, asked.meeting_id, fields.from_form(LeftOver, asked.form))

    return await asked.do(act)


@post(SPEECH + "/zurueckziehen", opt={"permission": "signed_in"})
async def withdraw(
    request: Incoming, db: web.Db, caller: web.Asking, actor: web.Acting, reference: FromPath[str],
    request_id: FromPath[UUID],
) -> Response[Any]:  # fmt: skip
    """Take a request back."""
    asked = await _asked(request, db, caller, actor, reference, request_id=request_id)
    return await asked.do(
        partial(actions.withdraw, db, actor, request_id), "Die Wortmeldung ist zurückgezogen."
    )


@post(SPEECH + "/erteilen", opt={"permission": "meetings.run"})
async def grant(
    request: Incoming, db: web.Db, caller: web.Asking, actor: web.Acting, reference: FromPath[str],
    request_id: FromPath[UUID],
) -> Response[Any]:  # fmt: skip
    """Give the floor."""
    asked = await _asked(request, db, caller, actor, reference, request_id=request_id)
    return await asked.do(partial(actions.grant, db, actor, request_id))


@post(SPEECH + "/beenden", opt={"permission": "meetings.run"})
async def end(
    request: Incoming, db: web.Db, caller: web.Asking, actor: web.Acting, reference: FromPath[str],
    request_id: FromPath[UUID],
) -> Response[Any]:  # fmt: skip
    """End a speech."""
    asked = await _asked(request, db, caller, actor, reference, request_id=request_id)
    return await asked.do(partial(actions.end, db, actor, request_id))


@post(SPEECH + "/verschieben", opt={"permission": "meetings.run"})
async def move(
    request: Incoming, db: web.Db, caller: web.Asking, actor: web.Acting, reference: FromPath[str],
    request_id: FromPath[UUID],
) -> Response[Any]:  # fmt: skip
    """Move a request up or down."""
    asked = await _asked(request, db, caller, actor, reference, request_id=request_id)

    async def act() -> None:
        await actions.move(db, actor, request_id, fields.from_form(SpeechMove, asked.form))

    return await asked.do(act)


@post(SPEECH + "/streichen", opt={"permission": "meetings.run"})
async def remove(
    request: Incoming, db: web.Db, caller: web.Asking, actor: web.Acting, reference: FromPath[str],
    request_id: FromPath[UUID],
) -> Response[Any]:  # fmt: skip
    """Take a request off the list."""
    asked = await _asked(request, db, caller, actor, reference, request_id=request_id)
    return await asked.do(
        partial(actions.remove, db, actor, request_id), "Die Wortmeldung ist von der Liste genommen."
    )


@post(HERE + "/abstimmung", opt={"permission": "meetings.run"})
async def open_ballot(
    request: Incoming, db: web.Db, caller: web.Asking, actor: web.Acting, reference: FromPath[str]
) -> Response[Any]:
    """Open a vote once, on the item that the form was made for."""
    asked = await _asked(request, db, caller, actor, reference)

    async def act() -> None:
        item_id = fields.from_form(_Item, asked.form).item_id
        await actions.open_ballot(db, actor, item_id, _input(NewBallot, asked.form, "ballot_"))

    return await asked.do(act, "Die Abstimmung läuft.", "ballot_", once=True)


@post(BALLOT + "/stimme", opt={"permission": "signed_in"})
async def cast(
    request: Incoming, db: web.Db, caller: web.Asking, actor: web.Acting, reference: FromPath[str],
    ballot_id: FromPath[UUID],
) -> Response[Any]:  # fmt: skip
    """Cast the vote of one's own house, or enter what a house says aloud."""
    asked = await _asked(request, db, caller, actor, reference, ballot_id=ballot_id)
    aloud = "aloud" in asked.form
    prefix = "aloud_" if aloud else "vote_"

    async def act() -> None:
        vote = _input(NewVote, asked.form, prefix)
        if aloud and vote.authority_id is None:
            raise errors.Invalid(
                "Zu welchem Haus gehört die Stimme?", fields={"authority_id": "Bitte ein Haus wählen."}
            )
        await actions.cast(db, actor, ballot_id, vote)

    notice = "Die Stimme ist eingetragen." if aloud else "Ihre Stimme ist abgegeben."
    return await asked.do(act, notice, prefix)


@post(BALLOT + "/schliessen", opt={"permission": "meetings.run"})
async def close(
    request: Incoming, db: web.Db, caller: web.Asking, actor: web.Acting, reference: FromPath[str],
    ballot_id: FromPath[UUID],
) -> Response[Any]:  # fmt: skip
    """Close a vote once."""
    asked = await _asked(request, db, caller, actor, reference, ballot_id=ballot_id)

    async def act() -> None:
        closing = _input(BallotClosing, asked.form, "close_")
        await actions.close(db, actor, ballot_id, closing, pages.revision(asked.form))

    return await asked.do(act, "Das Ergebnis steht beim Punkt.", "close_", once=True)


@post(BALLOT + "/abbrechen", opt={"permission": "meetings.run"})
async def cancel(
    request: Incoming, db: web.Db, caller: web.Asking, actor: web.Acting, reference: FromPath[str],
    ballot_id: FromPath[UUID],
) -> Response[Any]:  # fmt: skip
    """Cancel a vote."""
    asked = await _asked(request, db, caller, actor, reference, ballot_id=ballot_id)
    return await asked.do(partial(actions.cancel, db, actor, ballot_id), "Die Abstimmung ist abgebrochen.")


class _Item(msgspec.Struct, frozen=True):
    """The item that a form was made for."""

    item_id: UUID


class _Asked:
    """A form that was sent from the room or the live page: it is done and leads back there, or is shown again."""

    def __init__(
        self, request: Incoming, db: Connection, caller: Caller, actor: Actor, meeting: Answer, form: FormMultiDict
    ) -> None:  # fmt: skip
        self.request, self.db, self.caller, self.actor, self.form = request, db, caller, actor, form
        known: Meeting = pages.as_struct(meeting, Meeting)
        self.meeting_id, self.reference = known.id, known.reference
        self.back = str(form.get("von", ""))

    async def do(
        self, act: Callable[[], Awaitable[None]], notice: str = "", prefix: str = "", *, once: bool = False
    ) -> Response[Any]:
        """Act, `once` for the form's key. Fields of a refusal are those of the form, which go by a prefix."""
        target = f"/sitzungen/{self.reference}/{BACK.get(self.back, 'wort')}"

        async def done() -> str:
            await act()
            return target

        try:
            if once:
                return await pages.once(self.request, self.db, self.actor, self.form, done, notice)
            async with pages.attempt(self.db):
                await act()
            return pages.go(target, notice)
        except pages.MENDABLE as wrong:
            wrong.fields = {
                name if name.startswith(prefix) else f"{prefix}{name}": text
                for name, text in wrong.fields.items()
            }
            context = await _context(self.db, self.caller, self.actor, self.reference, self.back)
            pages.again(self.request, "floor/page.html", self.actor, wrong, self.form, **context[1])


async def _asked(
    request: Incoming,
    db: Connection,
    caller: Caller,
    actor: Actor,
    reference: str,
    *,
    request_id: UUID | None = None,
    ballot_id: UUID | None = None,
) -> _Asked:
    """The form and its meeting. Raises NotFound when that is not for the actor, or the thing not of that meeting."""
    form = await pages.read_form(request)
    asked = _Asked(request, db, caller, actor, await meetings.get(db, caller, reference=reference[:40]), form)
    for thing_id, of in ((request_id, store.meeting_of_request), (ballot_id, store.meeting_of_ballot)):
        if thing_id and await of(db, thing_id) != asked.meeting_id:
            raise errors.NotFound(me=actor.card)
    return asked


async def _context(
    db: Connection, caller: Caller, actor: Actor, reference: str, back: str = ""
) -> tuple[Answer, dict[str, Any]]:
    """What the page of the floor shows."""
    found = await meetings.get(db, caller, reference=reference[:40])
    meeting: Meeting = pages.as_struct(found, Meeting)
    place = await store.find_place(db, meeting.id, list(actor.keys))
    item = next((one for one in meeting.agenda if place and one.id == place.item_id), None)
    floor = await panel.panel(db, actor, meeting, item)
    back = BACK.get(back, "")
    return found, {"floor": floor | ({"von": back or "wort"}), "back": back}


def _input(kind: type[T], form: FormMultiDict, prefix: str) -> T:
    """The input among the fields of a form that begin with a prefix."""
    named = [(name, value) for name, value in form.multi_items() if name.startswith(prefix)]
    return fields.from_form(kind, FormMultiDict((name.removeprefix(prefix), value) for name, value in named))


router = Router(
    "/",
    include_in_schema=False,
    route_handlers=[
        show, ask, take_over, withdraw, grant, end, move, remove, open_ballot, cast, close, cancel,
    ],
)  # fmt: skip
