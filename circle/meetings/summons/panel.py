"""How a meeting was called, as its pages show it to whoever runs it: `summons/panel.html`."""

from typing import Any

import msgspec

from circle.core import access
from circle.core.auth import Actor, Me
from circle.core.db import Caller, Connection
from circle.meetings.model import Meeting

from . import rules, store
from .model import Facts, Summons


async def panel(db: Connection, actor: Actor, meeting: Meeting) -> dict[str, Any]:
    """What `summons/panel.html` shows under the name `summons`; empty for others, and while nobody is invited."""
    if not access.may(actor, "meetings.run") or meeting.state in ("planned", "agenda_open"):
        return {}
    return shown(
        rules.judge(await store.find(db, meeting.id, actor.today)),
        invites=access.may(actor, "meetings.invite"),
    )


async def of_page(db: Connection, caller: Caller, me: Me, meeting: Meeting) -> dict[str, Any]:
    """The same for the page of a meeting, which only reads: one statement more, for whoever runs it; nothing is recorded
    there."""
    if not access.may(me, "meetings.run") or meeting.state in ("planned", "agenda_open"):
        return {}
    facts = msgspec.json.decode((await store.get(db, caller, meeting.id)).body, type=Facts | None)
    if facts is None:
        return {}
    found = rules.judge(facts)
    if (
        found.verdict == "unproven"
        and meeting.state not in ("invited", "running")
        and found.objections is None
    ):
        # Long past and not called from here: there is nothing to say.
        return {}
    return shown(found, invites=access.may(me, "meetings.invite")) | {"may_record": False}


def shown(found: Summons, *, invites: bool) -> dict[str, Any]:
    """The same for a page that has asked already."""
    return {
        "found": found,
        "here": f"/sitzungen/{found.reference}/ladung",
        "word": rules.VERDICTS[found.verdict],
        "may_record": found.meeting_state in rules.RECORDING,
        "may_send_on": invites and found.meeting_state == "invited",
        "formula": rules.FORMULA,
    }
