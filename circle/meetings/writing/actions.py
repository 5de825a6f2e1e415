"""What people do with a text while it is written: type, save a form, confirm a line or leave it as it is.

The text stands twice: as a log of changes, from which open pages draw, and as it reads in `agenda_content.minutes`, for
everybody else. Every act holds the meeting and leaves both saying the same. What was put into the text elsewhere (result
form, API, accepted objection) is taken into the log as the change that it is.
"""

from uuid import UUID

import msgspec

from circle.core import audit, auth, errors, live, merging
from circle.core.auth import Actor
from circle.core.db import Answer, Connection
from circle.meetings.agenda import actions as agenda
from circle.meetings.agenda import rules as agenda_rules
from circle.meetings.agenda.model import Outcome
from circle.tasks import actions as tasks
from circle.tasks.model import NewTask

from . import rules, store
from .model import Kind, Page, Pick, ResultPick, TaskPick, Update, Writing
from .sheet import MOST_BYTES, Sheet


def topic(item_id: UUID) -> str:
    """What open pages of the item listen to."""
    return f"writing:{item_id}"


async def open_page(db: Connection, actor: Actor, item_id: UUID, reference: str) -> Page:
    """The text of an item for whoever writes it. Raises NotFound, Forbidden and Conflict as for writing.

    Opening a confidential one goes on record (domain rules 3.2).
    """
    page = await store.find_page(db, item_id, list(actor.keys))
    if page is None or page.reference != reference:
        raise errors.NotFound(me=actor.card)
    rules.require_writer(actor, page)
    await _note_reading(db, actor, page)
    return page


def require_writer(found: Answer) -> Page:
    """The page of a read, when its caller may write on it now. Raises Forbidden and Conflict as for writing."""
    page = msgspec.json.decode(found.body, type=Page)
    rules.require_writer(auth.me(found.me), page)
    return page


async def begin(
    db: Connection, actor: Actor, item_id: UUID, sheet: Sheet, reference: str
) -> tuple[Page, list[Update]]:
    """Sit down at an item: the page, and what is new to `sheet`, which is brought to what is kept.

    Raises NotFound, Forbidden and Conflict as for writing. Opening a confidential item goes on record.
    """
    page = await _page(db, actor, item_id)
    if page.reference != reference:
        raise errors.NotFound(me=actor.card)
    await _note_reading(db, actor, page)
    return page, await _catch_up(db, actor, page, sheet)


async def catch_up(db: Connection, actor: Actor, item_id: UUID, sheet: Sheet) -> list[Update]:
    """The same for whoever sits there already; nobody's act when the service itself follows (no person)."""
    if actor.person_id is not None:
        return await _catch_up(db, actor, await _page(db, actor, item_id), sheet)
    keys = _keys(actor, item_id)
    page = await store.find_page(db, item_id, keys) if await store.hold(db, item_id, keys) else None
    if page is None or not page.open or page.meeting_state not in agenda_rules.TALKING:
        return []
    return await _catch_up(db, actor, page, sheet)


async def write(
    db: Connection, actor: Actor, item_id: UUID, sheet: Sheet, update: bytes, *, first: bool = False
) -> list[Update]:
    """Keep one change that somebody typed, with the rights of this moment; what was new to `sheet`, this one last.

    Once this raises, the sheet is to be thrown away. `first` is the first one of an open page, which goes on record.
    """
    page = await _page(db, actor, item_id)
    fresh = await _catch_up(db, actor, page, sheet)
    if sheet.size + len(update) > MOST_BYTES:
        raise errors.Invalid("An diesem Text wurde so viel geändert, dass er nicht weiter wachsen kann.")
    try:
        sheet.apply(update)
    except ValueError as error:
        raise errors.Invalid("Diese Änderung ist nicht lesbar.") from error
    return [*fresh, await _keep(db, actor, page, sheet, update, note=first)]


async def save(db: Connection, actor: Actor, item_id: UUID, new: Writing) -> None:
    """Save the text of a form: what it changed of `base` is made to the text as it stands now, and nothing is lost."""
    page, sheet = await _page(db, actor, item_id), Sheet()
    await _catch_up(db, actor, page, sheet)
    update = sheet.rewrite(merging.merge(new.base, new.text, sheet.text))
    if update is not None:
        await _keep(db, actor, page, sheet, update, note=True)
        await live.tell(db, f"meeting:{page.meeting_id}")


async def confirm_result(db: Connection, actor: Actor, item_id: UUID, pick: ResultPick) -> None:
    """Make a line the wording of the item's result, after what is there already. Counted voices stay as they are.

    Raises what entering a result raises: the circle overrules no house.
    """
    page = await _picked(db, actor, item_id, "result", pick.line)
    outcome = Outcome(result=pick.result, resolution_text=rules.wording(page.resolution_text, pick.wording))
    await agenda.conclude(db, actor, item_id, outcome)
    await _settle(db, actor, page, "result", pick.line, "confirmed", None)


async def confirm_task(db: Connection, actor: Actor, item_id: UUID, pick: TaskPick) -> UUID:
    """Ask somebody to do what a line says; it binds whoever accepts it. The task's id."""
    page = await _picked(db, actor, item_id, "task", pick.line)
    task_id = await tasks.assign(db, actor, NewTask(pick.title, pick.owner_id, pick.due, None, item_id))
    await _settle(db, actor, page, "task", pick.line, "confirmed", task_id)
    return task_id


async def dismiss(db: Connection, actor: Actor, item_id: UUID, pick: Pick) -> None:
    """Nothing is to come of a line; it stays in the text."""
    page = await _picked(db, actor, item_id, pick.kind, pick.line)
    await _settle(db, actor, page, pick.kind, pick.line, "dismissed", None)


async def forget(db: Connection, meeting_id: UUID) -> int:
    """Delete who typed what when, once the minutes of the meeting are approved; the text stays. Twice changes nothing."""
    return await store.delete_updates(db, meeting_id)


async def _note_reading(db: Connection, actor: Actor, page: Page) -> None:
    if page.confidentiality == "confidential":
        await audit.record(
            db,
            actor,
            "agenda_item.read",
            "agenda_item",
            page.item_id,
            page.reference,
            purpose="Niederschrift",
        )


async def _page(db: Connection, actor: Actor, item_id: UUID) -> Page:
    keys = list(actor.keys)
    page = await store.find_page(db, item_id, keys) if await store.hold(db, item_id, keys) else None
    if page is None:
        raise errors.NotFound(me=actor.card)
    rules.require_writer(actor, page)
    return page


async def _catch_up(db: Connection, actor: Actor, page: Page, sheet: Sheet) -> list[Update]:
    """Take in what is kept, then what was put into the text past the log."""
    keys = _keys(actor, page.item_id)
    fresh = sheet.take(await store.list_updates(db, page.item_id, sheet.last, keys))
    update = sheet.rewrite(page.text)
    if update is not None:
        fresh.append(await _keep(db, auth.service(actor.now), page, sheet, update))
    return fresh


async def _keep(
    db: Connection, actor: Actor, page: Page, sheet: Sheet, update: bytes, *, note: bool = False
) -> Update:
    """Write down an update that `sheet` has taken in, and the text that comes of it; tell the other processes."""
    text = sheet.text
    rules.require_text(text, page.text)
    update_id = await store.insert_update(db, page.item_id, update, actor.person_id, actor.now)
    sheet.note(update_id, update)
    if text != page.text:
        await store.update_text(db, page.item_id, text)
    await live.tell(db, topic(page.item_id), str(update_id))
    if note:
        await audit.record(db, actor, "agenda_item.written", "agenda_item", page.item_id, page.reference)
    return Update(update_id, update, actor.person_id, actor.name if actor.person_id else None)


async def _picked(db: Connection, actor: Actor, item_id: UUID, kind: Kind, line: str) -> Page:
    """The page whose text holds that line, not yet settled. Raises Conflict otherwise."""
    page = await _page(db, actor, item_id)
    kept = await store.list_kept(db, item_id, list(actor.keys))
    found = [one for one in rules.cards(page.text, kept) if (one.kind, one.line) == (kind, line)]
    if not found or found[0].state == "gone":
        raise errors.Conflict(
            "Diese Zeile steht so nicht mehr im Text. Bitte sehen Sie nach, wie sie jetzt lautet."
        )
    if found[0].state == "confirmed":
        raise errors.Conflict("Diese Zeile ist schon übernommen.")
    return page


async def _settle(
    db: Connection, actor: Actor, page: Page, kind: Kind, line: str, state: str, task_id: UUID | None
) -> None:
    values = {
        "kind": kind,
        "line": line,
        "state": state,
        "task_id": task_id,
        "person_id": actor.person_id,
        "at": actor.now,
    }
    await store.put_line(db, page.item_id, **values)
    await audit.record(
        db, actor, f"agenda_item.line_{state}", "agenda_item", page.item_id, page.reference, kind=kind
    )
    await live.tell(db, f"meeting:{page.meeting_id}")


def _keys(actor: Actor, item_id: UUID) -> list[str]:
    """What somebody may see; the service itself, which tells nobody who may not, every item."""
    return list(actor.keys) if actor.person_id else ["circle", "role:circle_office", f"named:{item_id}"]
