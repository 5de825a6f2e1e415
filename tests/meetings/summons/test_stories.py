"""Stories S03 and S11 to their end: the invitation is sent once and proved; what comes later goes out alone."""

from datetime import UTC, date, datetime

from circle.core.clock import Clock
from circle.core.db import Connection
from circle.core.files import Storage
from circle.meetings import dispatches
from circle.meetings.agenda import papers
from circle.meetings.agenda.model import NewPaper
from circle.meetings.model import Sending
from tests import make
from tests.clients import Clients
from tests.distribution.mailserver import MailServer

from ..test_invite import paper
from ..world import convened
from . import PATH, dispatch
from .conftest import Send

DAY = date(2026, 12, 9)


def at(day: date) -> Clock:
    """The office's clock on another morning."""
    wanted = datetime(day.year, day.month, day.day, 8, 0, tzinfo=UTC)
    return Clock(wanted - datetime.now(UTC))


async def test_s03_the_invitation_is_sent_by_double_click(
    db: Connection, client: Clients, office: Clock, send: Send, server: MailServer, storage: Storage
) -> None:
    """S03: today is 23.11.2026, the meeting on 09.12.2026; the last day is 24.11. (14 clear days)."""
    meeting = await convened(db, office, date=DAY)
    await paper(db, storage, await make.item(db, meeting), "Vorlage.pdf")
    page = await client.browser("anna")
    reference = await db.fetchval("select reference from meeting")
    form = {
        "note": "",
        "revision": str(await db.fetchval("select revision from meeting")),
        "idempotency_key": "klick",
    }
    first = await page.post(f"/sitzungen/{reference}/einladung", form)
    second = await page.post(f"/sitzungen/{reference}/einladung", form)
    assert first.status_code == second.status_code == 303
    assert first.headers["location"] == second.headers["location"]
    assert await db.fetchval("select count(*) from dispatch") == 1
    await send(await dispatch(db))
    await send(await dispatch(db))
    names = [one["address"] for one in await db.fetch("select address from delivery order by address")]
    assert server.addresses == names, "every recipient has one mail"
    for address in names:
        files = {part.get_filename() for part in server.message(address).walk()}
        assert f"{reference}.ics" in files
        member = address.split("@")[0] in ("anna", "ben", "kim", "mona")
        assert ("Vorlage.pdf" in files) == member, address
        assert (f"Einladung-{reference}.pdf" in files) == member, address
    shown = (await (await client.as_("ben")).get(f"/api/v1/meetings/{meeting}")).json()
    assert shown["state"] == "invited"
    assert [(item["number"], item["frozen"]) for item in shown["agenda"]] == [
        (str(n), True) for n in range(1, 5)
    ]
    proof = (await (await client.as_("mona")).get(PATH.format(meeting))).json()
    assert (proof["verdict"], proof["latest"]) == ("proper", "2026-11-24")


async def test_s11_a_paper_comes_after_its_day(
    db: Connection, client: Clients, office: Clock, send: Send, server: MailServer, storage: Storage
) -> None:
    """S11: papers were due on 01.12.2026; one comes on 04.12., another on the day itself."""
    meeting = await convened(db, office, date=DAY)
    item = await make.item(db, meeting)
    await paper(db, storage, item, "Vorlage.pdf")
    anna = await make.actor(db, office, "anna")
    await dispatches.invite(db, anna, meeting, Sending())
    first = await dispatch(db)
    await send(first)
    before = [tuple(one) for one in await db.fetch("select * from dispatch_part where dispatch_id = $1 order by position", first)]  # fmt: skip
    agenda = await db.fetchval("select sha256 from agenda_version where version = 1")

    async def hand_in(title: str, day: date) -> str:
        ben = await make.actor(db, at(day), "ben")
        file_id = await make.file(db, storage, f"{title}.pdf", b"%PDF-1.7", audience=["internal"])
        new = NewPaper(item_id=item, title=title, file_id=file_id)
        return str(await db.fetchval("select label from paper where id = $1", await papers.hand_in(db, ben, meeting, new)))  # fmt: skip

    assert await hand_in("Nachtrag", date(2026, 12, 4)) == "late"
    server.received.clear()
    later = await make.actor(db, at(date(2026, 12, 4)), "anna")
    second = await dispatches.supplement(db, later, meeting, Sending())
    await send(second)
    titles = [one["title"] for one in await db.fetch("select title from dispatch_part where dispatch_id = $1 order by position", second)]  # fmt: skip
    assert titles == ["1. Nachtrag zur Tagesordnung", "Termin für den Kalender", "Sitzung im Arbeitsraum", "TOP 4: Nachtrag"]  # fmt: skip
    assert "Nachtrag.pdf" in str([part.get_filename() for part in server.message("kim@example.org").walk()])
    assert "Vorlage.pdf" not in str(
        [part.get_filename() for part in server.message("kim@example.org").walk()]
    )
    after = [tuple(one) for one in await db.fetch("select * from dispatch_part where dispatch_id = $1 order by position", first)]  # fmt: skip
    assert after == before and agenda == await db.fetchval(
        "select sha256 from agenda_version where version = 1"
    )
    assert await hand_in("Tischvorlage", DAY) == "tabled"
    proof = (await (await client.as_("mona")).get(PATH.format(meeting))).json()
    assert proof["verdict"] == "proper"
    assert proof["hints"][-1] == "Nach dem 01.12.2026, dem letzten Tag für Unterlagen, versandt (am 04.12.2026): TOP 4: Nachtrag"  # fmt: skip
