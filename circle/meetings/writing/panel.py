"""What the pages of the room show of a text: to whoever writes it, and to whoever reads along."""

from typing import Any
from uuid import UUID

import msgspec
from markupsafe import Markup

from circle.core import access, auth
from circle.core.auth import Actor
from circle.core.db import Caller, Connection
from circle.knowledge import rendering
from circle.meetings.agenda import rules as agenda
from circle.meetings.agenda.model import AgendaItem
from circle.meetings.model import Meeting

from . import rules, store
from .model import Page, Unsettled, Written

MOST_TYPED = 20_000


async def panel(db: Connection, actor: Actor, meeting: Meeting, item: AgendaItem | None) -> dict[str, Any]:
    """For `writing/editor.html` and `writing/results.html`: the text of the current item and the cards of its lines.

    `open` is False between two items, and for an item that the actor may not read.
    """
    page = await store.find_page(db, item.id, list(actor.keys)) if item else None
    if page is None or not page.open:
        return {"open": False}
    return await of_page(db, actor, page)


async def of_page(db: Connection, actor: Actor, page: Page) -> dict[str, Any]:
    """The same for one page."""
    may_write = rules.may_write(actor, page)
    cards = rules.cards(page.text, await store.list_kept(db, page.item_id, list(actor.keys)))
    waiting = [card for card in cards if card.state in rules.WAITING]
    people = (
        await store.list_people(db, page.meeting_id, actor.today, sorted(access.RIGHTS["tasks.settle"]))
        if may_write and any(card.kind == "task" for card in waiting)
        else []
    )
    following = await store.next_date(db, page.date, list(actor.keys)) if people else None
    drafts = {
        card.line: rules.draft(card.line, people, actor.today, following)
        for card in waiting
        if card.kind == "task"
    }
    secret = page.confidentiality == "confidential"
    return {
        "open": True,
        "page": page,
        "name": _name(page),
        "path": _path(page),
        "person": actor.person_id,
        "may_write": may_write,
        "may_conclude": may_write and access.may(actor, "meetings.run"),
        "may_assign": may_write and access.may(actor, "tasks.assign"),
        "may_ask": access.may(actor, "consultations.ask"),
        "secret": secret,
        "longest": MOST_TYPED,
        "waiting": waiting,
        "settled": [card for card in cards if card.state in ("confirmed", "gone")],
        "left": [card for card in cards if card.state == "dismissed"],
        "drafts": drafts,
        "notes": [
            {f"{name}_{n}": text for name, text in drafts[card.line].wrong.items()} if card.line in drafts else {}
            for n, card in enumerate(waiting)
        ],
        "people": [(one.id, f"{one.name} ({one.house})") for one in people],
        "results": [(name, agenda.RESULTS[name]) for name in agenda.results_for(page.kind, secret)
                    if name not in ("adjourned", "removed")],
        "kinds": rules.KINDS,
        "typed": {},
        "wrong": {},
        "typed_at": None,
    }  # fmt: skip


async def unsettled(db: Connection, caller: Caller, meeting_id: UUID) -> list[Unsettled]:
    """For `writing/waiting.html`: the items of a meeting with lines that wait, as far as the caller may settle them."""
    found = await store.list_sheets(db, caller, meeting_id)
    me, sheets = auth.me(found.me), msgspec.json.decode(found.body, type=list[Written])
    counted = [
        (one.page, sum(card.state in rules.WAITING for card in rules.cards(one.page.text, one.kept)))
        for one in sheets
        if rules.may_write(me, one.page)
    ]
    return [Unsettled(_name(page), _path(page), lines) for page, lines in counted if lines]


def _name(page: Page) -> str:
    return f"TOP {page.number}" if page.number else page.title


def _path(page: Page) -> str:
    return f"/sitzungen/{page.reference}/top/{page.item_id}/schreiben"


async def shown(db: Connection, keys: list[str], meeting_id: UUID, item_id: UUID | None) -> dict[str, Any]:
    """For `writing/shown.html`: the text as whoever has these keys reads it, clean HTML; empty for what is not open."""
    found = await store.find(db, item_id, keys) if item_id else None
    html = await rendering.to_html(rules.readable(found[0])) if found else Markup("")
    return {"open": found is not None, "html": html}
