"""Rights change at 00:00 Europe/Berlin of the day, in summer, in winter and in both nights of the time change.

Pages, API and search here; mail in tests/distribution/test_delivery.py, open streams in test_progress.py there.
"""

from collections.abc import Awaitable, Callable
from datetime import date, datetime, timedelta
from uuid import UUID

import pytest

from circle.core.clock import Clock
from circle.core.db import Connection
from circle.search import index
from tests import make
from tests.clients import Clients

NIGHTS = {
    "summer": ("2026-07-15T21:59:59+00:00", date(2026, 7, 15)),
    "winter": ("2026-11-23T22:59:59+00:00", date(2026, 11, 23)),
    "before the clocks go forward": ("2026-03-28T22:59:59+00:00", date(2026, 3, 28)),
    "after the clocks went forward": ("2026-03-29T21:59:59+00:00", date(2026, 3, 29)),
    "before the clocks go back": ("2026-10-24T21:59:59+00:00", date(2026, 10, 24)),
    "after the clocks went back": ("2026-10-25T22:59:59+00:00", date(2026, 10, 25)),
}
"""The last second of a day in Berlin, and that day."""

Seen = Callable[[str], Awaitable[list[bool]]]


@pytest.fixture
async def sees(db: Connection, client: Clients) -> Seen:
    """Whether somebody finds a document of the circle by page, by API and by search."""
    document_id = await make.document(db, level="circle")
    await index.put(
        db,
        index.Entry(
            source_kind="document", source_id=document_id, reference="WD-900", title="Leitfaden Sprachmittlung",
            level="circle", url="/wissen/WD-900", audience=["circle"],
        ),
    )  # fmt: skip

    async def look(nick: str) -> list[bool]:
        browser, program = await client.browser(nick), await client.as_(nick)
        page = await browser.get("/wissen/WD-900")
        one = await program.get(f"/api/v1/documents/{document_id}")
        hits = (await program.post("/api/v1/search", json={"query": "Sprachmittlung"})).json()["results"]
        assert {page.status_code, one.status_code} <= {200, 404}
        return [page.status_code == 200, one.status_code == 200, bool(hits)]

    return look


def stop(office: Clock, patch: pytest.MonkeyPatch, instant: datetime) -> None:
    """Let it be this instant in the office, and stay it."""
    patch.setattr(office, "now", lambda: instant)


@pytest.mark.parametrize("night", NIGHTS)
@pytest.mark.parametrize("how", ["ends", "begins", "absence", "return", "grant"])
async def test_access_switches_at_midnight_in_berlin(
    db: Connection, office: Clock, monkeypatch: pytest.MonkeyPatch, sees: Seen, night: str, how: str
) -> None:
    last_second, day = datetime.fromisoformat(NIGHTS[night][0]), NIGHTS[night][1]
    next_day, koeln = day + timedelta(days=1), await make.authority(db, "br-koeln")
    who, after = await _arrange(db, how, koeln, day, next_day)
    stop(office, monkeypatch, last_second)
    assert await sees(who) == [not after] * 3, "the last second"
    stop(office, monkeypatch, last_second + timedelta(seconds=1))
    assert await sees(who) == [after] * 3, "midnight"


async def _arrange(db: Connection, how: str, house: UUID, day: date, next_day: date) -> tuple[str, bool]:
    """Somebody whose rights change in the night, and whether they see the circle's papers after it."""
    who = await make.person(db, "rosa", authority="br-koeln")
    match how:
        case "ends":
            await make.appoint(db, who, house, "commissioner", until=day)
            return "rosa", False
        case "begins":
            await make.appoint(db, who, house, "commissioner", since=next_day)
            return "rosa", True
        case "grant":
            await db.execute(
                "insert into role_grant (person_id, role, valid_to) values ($1, 'records_manager', $2)",
                who,
                day,
            )
            return "rosa", False
    deputy = await make.person(db, "vera", authority="br-koeln", roles=["deputy"])
    await make.appoint(db, who, house, "commissioner")
    if how == "absence":
        await make.absence(db, who, deputy, next_day, next_day + timedelta(days=4))
        return "vera", True
    await make.absence(db, who, deputy, day - timedelta(days=4), day)
    return "vera", False
