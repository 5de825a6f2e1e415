"""What nobody has settled yet is said before a meeting is closed, and before its minutes go out."""

import re

from circle.core.clock import Clock
from circle.core.db import Connection
from circle.meetings import actions as meetings
from circle.meetings.minutes import actions as minutes
from tests import make
from tests.clients import Browser, Clients

from .. import world

TEXT = "B: Die Liste wird geführt.\nA: @Ben Liste prüfen\nW: Gilt das überall?\nB: Der Termin bleibt."
MINUTES = f"{world.PAGE}/niederschrift"


async def told(browser: Browser, path: str) -> list[tuple[str, str]]:
    """The lines of the warning on a page: where each leads, and what it says."""
    answer = await browser.get(path)
    assert answer.status_code == 200, (path, answer.status_code)
    return re.findall(r'<a href="([^"]+)">([^<]+ auf Bestätigung)</a>', answer.text)


async def test_lines_that_wait_are_named_before_the_close_and_before_the_dispatch(
    db: Connection, client: Clients, office: Clock
) -> None:
    meeting = await world.running(db, office)
    item = await make.item(db, meeting, number="5", status="on_agenda", text=TEXT)
    secret = await make.item(
        db, meeting, "Geheimes", number="6", status="on_agenda", level="confidential", named=["mona"], text="W: Wer?"
    )  # fmt: skip
    await make.item(
        db, meeting, number="7", status="on_agenda", text="Ohne besondere Zeile, aber B: mittendrin."
    )
    path, hidden = (f"{world.PAGE}/top/{one}/schreiben" for one in (item, secret))
    anna, mona, ben = [await client.browser(nick) for nick in ("anna", "mona", "ben")]
    for line, kind in (("Der Termin bleibt.", "result"), ("Gilt das überall?", "question")):
        answer = await anna.post(
            f"{path}/lassen", {"kind": kind, "line": line, "idempotency_key": f"left-{kind}"}
        )
        assert answer.status_code == 303, answer.text
    both, one = (
        (path, "TOP 5: 2 Zeilen warten auf Bestätigung"),
        (hidden, "TOP 6: 1 Zeile wartet auf Bestätigung"),
    )
    assert await told(anna, f"{world.PAGE}/raum") == [both]
    assert await told(mona, f"{world.PAGE}/raum") == [both, one]
    await meetings.close(db, await make.actor(db, office, "mona"), meeting)
    assert await told(anna, MINUTES) == await told(anna, f"{MINUTES}/versand") == [both]
    assert await told(mona, MINUTES) == [both, one], "only who may open the item"
    await minutes.circulate(db, await make.actor(db, office, "anna"), meeting)
    assert await told(ben, MINUTES) == [], "only who may settle them"
    assert await told(anna, f"{MINUTES}/genehmigung") == [both]
    await db.execute("update agenda_content set minutes = 'Ohne Zeilen.' where item_id = $1", item)
    assert await told(anna, MINUTES) == []
