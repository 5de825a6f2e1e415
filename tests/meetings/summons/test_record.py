"""What was said at TOP 1 about form and time is recorded by the moderation, and stands in the minutes, frozen with them."""

import hashlib
from typing import Any
from uuid import UUID

import httpx
import msgspec
import pypdfium2

from circle.core.clock import Clock
from circle.core.db import Connection
from circle.core.files import Storage
from circle.meetings import actions as meetings
from circle.meetings.minutes import actions as minutes
from circle.meetings.minutes import build
from circle.meetings.minutes.model import Approval, Content
from circle.meetings.summons import rules
from tests import make
from tests.clients import Clients, OneConnection
from tests.distribution.mailserver import MailServer

from ..minutes import world as held_world
from ..world import invited
from . import PAGE, PATH, dispatch
from .conftest import Send


async def record(
    who: httpx.AsyncClient, meeting: UUID, raised: bool = False, text: str = "", match: str = ""
) -> Any:
    headers = {"if-match": match} if match else {}
    return await who.post(
        f"{PATH.format(meeting)}/objections", json={"raised": raised, "text": text}, headers=headers
    )


async def running(db: Connection, office: Clock, send: Send) -> UUID:
    meeting = await invited(db, office)
    await send(await dispatch(db))
    await meetings.start(db, await make.actor(db, office, "mona"), meeting)
    return meeting


async def summons_of(db: Connection, meeting: UUID) -> Any:
    content = msgspec.json.decode(await db.fetchval("select minutes_content($1, '{}', true)::text", meeting))
    return content.get("summons")


async def test_nothing_is_assumed_and_no_objections_is_an_act(
    db: Connection, client: Clients, office: Clock, send: Send
) -> None:
    meeting = await running(db, office, send)
    words = await summons_of(db, meeting)
    assert words["finding"].startswith("Zu der Sitzung ist form- und fristgerecht geladen worden")
    assert (words["defects"], words["statement"]) == ([], "")
    mona = await client.as_("mona")
    before = await mona.get(PATH.format(meeting))
    assert before.json()["objections"] is None and before.headers["etag"] == '"v1"'
    done = await record(mona, meeting, match='"v1"')
    assert done.status_code == 200, done.text
    found = done.json()
    assert (found["objections"], found["statement"], found["recorded_by_name"]) == ("", rules.FORMULA, "Mona Moderat")  # fmt: skip
    assert done.headers["etag"] == '"v2"'
    assert (await summons_of(db, meeting))["statement"] == rules.FORMULA
    event = await db.fetchrow("select actor_name, detail ->> 'raised' as raised from audit_event where action = 'summons.recorded'")  # fmt: skip
    assert event is not None and tuple(event) == ("Mona Moderat", "false")


async def test_objections_are_kept_in_their_words_and_may_be_put_right(
    db: Connection, client: Clients, office: Clock, send: Send
) -> None:
    meeting = await running(db, office, send)
    anna = await client.as_("anna")
    assert (await record(anna, meeting, True)).status_code == 400
    assert (await record(anna, meeting, False, "doch")).status_code == 400
    assert (await record(anna, meeting, True, "BR Köln rügt die Frist.")).status_code == 200
    words = (await summons_of(db, meeting))["statement"]
    assert words == "Einwendungen gegen Form und Frist der Einladung: BR Köln rügt die Frist."
    assert (await record(anna, meeting, match='"v1"')).status_code == 412
    assert (await record(anna, meeting, match='"v2"')).json()["objections"] == ""


async def test_who_may_and_when(db: Connection, client: Clients, office: Clock, send: Send) -> None:
    meeting = await invited(db, office)
    await send(await dispatch(db))
    mona, ben, clara = [await client.as_(nick) for nick in ("mona", "ben", "clara")]
    assert (await record(mona, meeting)).status_code == 409, "it has not begun"
    await meetings.start(db, await make.actor(db, office, "mona"), meeting)
    assert (await record(ben, meeting)).status_code == 403
    assert (await record(clara, meeting)).status_code == 404
    assert (await record(client.stranger, meeting)).status_code == 401
    await meetings.close(db, await make.actor(db, office, "mona"), meeting)
    assert (await record(mona, meeting)).status_code == 200
    await db.execute("update meeting set state = 'minutes_approved' where id = $1", meeting)
    refused = await record(mona, meeting)
    assert (refused.status_code, refused.json()["code"]) == (409, "minutes_approved")


async def test_the_page(db: Connection, client: Clients, office: Clock, send: Send) -> None:
    meeting = await running(db, office, send)
    mona = await client.browser("mona")
    shown = (await mona.get(PAGE)).text
    assert "Festhalten: keine Einwendungen" in shown and 'name="revision" value="1"' in shown
    wrong = await mona.post(f"{PAGE}/einwendungen", {"raised": "true", "text": "", "revision": "1"})
    assert wrong.status_code == 422 and 'id="error-text"' in wrong.text
    stale = await mona.post(
        f"{PAGE}/einwendungen", {"raised": "true", "text": "BR Köln rügt.", "revision": "9"}
    )
    assert stale.status_code == 412 and "BR Köln rügt." in stale.text
    done = await mona.post(f"{PAGE}/einwendungen", {"raised": "false", "revision": "1", "back": "raum"})
    assert (done.status_code, done.headers["location"]) == (303, "/sitzungen/KK-2027-1/raum")
    page = (await mona.get(PAGE)).text
    assert rules.FORMULA in page and "Festhalten: keine Einwendungen" not in page
    assert (await (await client.as_("mona")).get(PATH.format(meeting))).json()["statement"] == rules.FORMULA
    ben = await client.browser("ben")
    assert (await ben.post(f"{PAGE}/einwendungen", {"raised": "false", "revision": "2"})).status_code == 403
    clara = await client.browser("clara")
    assert (await clara.post(f"{PAGE}/einwendungen", {"raised": "false", "revision": "2"})).status_code == 404


async def test_it_is_frozen_with_the_minutes_and_printed(
    db: Connection, client: Clients, office: Clock, send: Send, server: MailServer, storage: Storage,
    database: OneConnection,
) -> None:  # fmt: skip
    """The exact defect, and its healing, in the canonical text, on the page and in the PDF."""
    server.behaviour |= {"kim@example.org": "rcpt 550 5.1.1 no", "dina@example.org": "rcpt 550 5.1.1 no"}
    meeting = await running(db, office, send)
    await record(await client.as_("mona"), meeting)
    anna = await make.actor(db, office, "anna")
    await meetings.close(db, await make.actor(db, office, "mona"), meeting)
    await minutes.circulate(db, anna, meeting)
    row = await db.fetchrow("select canonical, sha256 from minutes_version where item_id is null")
    assert row is not None
    assert hashlib.sha256(row["canonical"].encode()).hexdigest() == row["sha256"]
    words = msgspec.json.decode(row["canonical"], type=Content).summons
    assert words is not None
    assert words.finding.startswith("Die Ladung zu der Sitzung hat Mängel (Einladung vom 23.11.2026")
    assert words.defects == ["BR Köln: Die Einladung an Kim Köln ist nicht zugestellt worden."]
    assert words.statement == f"{rules.FORMULA} Die betroffenen Häuser haben teilgenommen; die Mängel sind damit geheilt."  # fmt: skip
    await build.build_print(database, storage, await dispatch(db, "minutes_draft"))
    pdf = await storage.get(await db.fetchval("select key from file where name like 'Niederschrift-%'"))
    document = pypdfium2.PdfDocument(pdf)
    text = " ".join(" ".join(page.get_textpage().get_text_range().split()) for page in document)
    document.close()
    assert "Ladung" in text and "Die Einladung an Kim Köln ist nicht zugestellt worden." in text
    page = (await (await client.browser("ben")).get("/sitzungen/KK-2027-1/niederschrift")).text
    assert words.defects[0] in page and words.statement in page
    body = (await (await client.as_("ben")).get(f"/api/v1/meetings/{meeting}/minutes")).json()
    assert body["summons"]["defects"] == words.defects
    await minutes.approve(db, anna, meeting, Approval())
    final = await db.fetchval("select sha256 from minutes_version where number = 2 and item_id is null")
    assert final == row["sha256"], "the same words have the same hash"
    assert await db.fetchval("select state from minutes") == "approved"
    # What the deliveries say later changes nothing that is approved.
    await db.execute("update delivery set state = 'sent', sent_at = now()")
    body = (await (await client.as_("ben")).get(f"/api/v1/meetings/{meeting}/minutes")).json()
    assert body["summons"]["defects"] == words.defects


async def test_minutes_of_which_nothing_is_known_say_nothing(
    db: Connection, client: Clients, office: Clock
) -> None:
    """A meeting that was called before: its text, and the hash of what was approved, stay as they are."""
    world = await held_world.approved(db, office)
    texts = await db.fetch("select canonical from minutes_version where item_id is null")
    assert texts and all('"summons"' not in one["canonical"] for one in texts)
    body = (await (await client.as_("ben")).get(world.path)).json()
    assert body.get("summons") is None
    assert await db.fetchval("select state from minutes") == "approved"
