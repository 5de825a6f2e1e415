"""Documents past their review day say so once, and whoever answers for them is written to once."""

import asyncio
from pathlib import Path
from uuid import UUID

import pytest

from circle.core import auth
from circle.core.clock import Clock
from circle.core.db import Connection, Database
from circle.core.files import Storage
from circle.distribution import actions as distribution
from circle.knowledge import actions
from circle.settings import Settings
from tests import make
from tests.clients import Clients
from workers import jobs

from . import act, acts, api, indexed, released


async def overdue(client: Clients, db: Connection, review_on: str = "2026-11-22", **given: object) -> str:
    made = await released(client, **given)
    await db.execute(
        "update document set review_on = $2::text::date where id = $1", UUID(made["id"]), review_on
    )
    return str(made["id"])


async def run(db: Connection, office: Clock) -> None:
    """What the worker does every morning."""
    service = auth.service(office.now())
    await distribution.tell_review_due(db, service, await actions.mark_overdue(db, service))


@pytest.mark.usefixtures("team")
async def test_it_is_marked_and_told_once_however_often_the_job_runs(
    client: Clients, db: Connection, office: Clock
) -> None:
    document_id = await overdue(client, db)
    for _ in range(2):
        await run(db, office)
    found = (await (await client.as_("rolf")).get(api(document_id))).json()
    assert (found["state"], found["body"] != "") == ("review_overdue", True)
    assert (await acts(db, document_id)).count("document.review_due") == 1
    assert round((await indexed(db, document_id) or ("", "", "", 0))[3], 1) == 0.7
    (letter,) = await db.fetch(
        "select d.subject, d.kind, e.name from dispatch d join delivery e on e.dispatch_id = d.id where d.object_id = $1",
        UUID(document_id),
    )
    assert tuple(letter) == ("Prüftermin erreicht: WD-001", "notice", "Wanda Probe")
    assert len(await make.outbox(db, "distribution.send")) == 1


@pytest.mark.usefixtures("team")
async def test_the_review_day_itself_is_in_time(client: Clients, db: Connection, office: Clock) -> None:
    document_id = await overdue(client, db, "2026-11-23")
    await run(db, office)
    assert (await (await client.as_("rolf")).get(api(document_id))).json()["state"] == "released"


@pytest.mark.usefixtures("team")
async def test_checked_again_it_holds_again(client: Clients, db: Connection, office: Clock) -> None:
    document_id = await overdue(client, db)
    await run(db, office)
    sent = (await act(client, "wanda", document_id, "submit", {})).json()
    assert (sent["state"], sent["draft"]["review_on"]) == ("review_overdue", None)
    now = (await act(client, "frida", document_id, "release", {})).json()
    assert (now["state"], now["review_on"], now["version"]) == ("released", "2027-11-23", 2)
    assert (await indexed(db, document_id) or ("", "", "", 0))[3] == 1.0


@pytest.mark.confidential
@pytest.mark.usefixtures("team")
async def test_the_letter_about_a_confidential_one_is_for_its_owner_alone(
    client: Clients, db: Connection, office: Clock
) -> None:
    frida_id = str(await make.person_id(db, "frida"))
    document_id = await overdue(
        client, db, title="Geheimer Titel", confidentiality="confidential", named=[frida_id]
    )
    await run(db, office)
    anna = await client.as_("anna")
    dispatches = (await anna.get("/api/v1/dispatches")).json()["items"]
    assert [one for one in dispatches if "Geheimer" in str(one) or one["object_id"] == document_id] == []
    level = await db.fetchval("select level from dispatch where object_id = $1", UUID(document_id))
    assert level == "confidential"


async def test_two_workers_at_once_tell_it_once(
    fresh: tuple[Database, Settings], office: Clock, tmp_path: Path
) -> None:
    database, settings = fresh
    async with database.begin(None) as db:
        await make.document(db)
        await db.execute("update document set review_on = '2026-11-01'")
    around = jobs.Around(database, Storage(str(tmp_path / "files")), settings, office)
    await asyncio.gather(jobs.mark_overdue(around), jobs.mark_overdue(around))
    async with database.begin(None) as db:
        assert await db.fetchval("select array_agg(state) from document") == ["review_overdue"]
        assert await db.fetchval("select count(*) from dispatch") == 1


async def test_two_workers_at_once_read_a_file_to_the_same_end(
    fresh: tuple[Database, Settings], office: Clock, tmp_path: Path
) -> None:
    database, settings = fresh
    storage = Storage(str(tmp_path / "files"))
    async with database.begin(None) as db:
        file_id = await make.file(db, storage, "anlage.txt", b"Rahmenvertrag", "text/plain")
        document_id = await make.document(db, files=[file_id])
    around = jobs.Around(database, storage, settings, office)
    await asyncio.gather(*(jobs.extract_text(around, file_id) for _ in range(3)))
    async with database.begin(None) as db:
        assert await db.fetchval("select text from file where id = $1", file_id) == "Rahmenvertrag"
        assert "Rahmenvertrag" in (await indexed(db, str(document_id)) or ("", "", ""))[2]
