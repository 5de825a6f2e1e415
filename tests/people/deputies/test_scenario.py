"""S09 against the example circle: the deputy takes part in the meeting of March, and after it only may object."""

import json
import shutil
from datetime import datetime
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from circle.core.clock import Clock
from circle.core.db import Connection
from circle.core.files import Storage
from circle.local import importer
from tests import make
from tests.clients import Clients, OneConnection
from tests.local.test_importer import DEMO
from tests.people.test_midnight import stop

IRINA = "irina.musterkowa@br-koeln.example"


@pytest.fixture
async def march(database: OneConnection, db: Connection, storage: Storage, tmp_path: Path) -> UUID:
    """The example circle, in which the minutes of KK-2026-2 are out and nobody objected yet, with a paper."""
    folder = tmp_path / "demo"
    shutil.copytree(DEMO, folder)
    meetings = json.loads((folder / "meetings.json").read_text(encoding="utf-8"))
    (one,) = [meeting for meeting in meetings if meeting["id"] == "KK-2026-2"]
    one["minutes"] |= {"objections": [], "approved_on": None, "approved_in": None}
    (folder / "meetings.json").write_text(json.dumps(meetings), encoding="utf-8")
    # Ben holds the office that the example gives to somebody else.
    await db.execute("delete from appointment")
    await importer.load_folder(database, storage, folder, lambda *_: None)
    key: UUID = await db.fetchval("select id from meeting where reference = 'KK-2026-2'")
    file_id = await make.file(
        db, storage, "lage.pdf", b"%PDF-1.7 Lage", audience=["circle", f"meeting:{key}"]
    )
    await db.execute(
        """
        insert into paper (meeting_id, item_id, number, title, confidentiality, file_id, submitted_on)
        select $1, id, 91, 'Lagebild', 'circle', $2, '2026-03-10' from agenda_item where meeting_id = $1
        order by "order" limit 1
        """,
        key,
        file_id,
    )
    return key


async def test_the_deputy_of_march(
    client: Clients, db: Connection, office: Clock, monkeypatch: pytest.MonkeyPatch, march: UUID
) -> None:
    irina, browser = await client.as_(IRINA), await client.browser(IRINA)
    circle = await db.fetchval(
        "select reference from document where confidentiality = 'circle' and state = 'released' limit 1"
    )
    others = [row["id"] for row in await db.fetch("select id from meeting where id <> $1", march)]
    here = f"/api/v1/meetings/{march}"

    async def sees_circle() -> bool:
        assert circle
        seen = {(await browser.get(f"/wissen/{circle}")).status_code == 200}
        seen |= {(await irina.get(f"/api/v1/meetings/{one}")).status_code == 200 for one in others}
        assert len(seen) == 1, "all of the circle or nothing of it"
        return seen.pop()

    async def roles() -> list[str]:
        found: list[str] = (await irina.get("/api/v1/me")).json()["roles"]
        return found

    stop(office, monkeypatch, datetime.fromisoformat("2026-03-15T23:59:59+01:00"))
    assert not await sees_circle() and "deputy" not in await roles()

    stop(office, monkeypatch, datetime.fromisoformat("2026-03-18T10:00:00+01:00"))
    assert await sees_circle() and "deputy" in await roles()
    assert "Lagebild" in (await irina.get(f"{here}/papers")).text
    assert "Sie vertreten" in (await browser.get("/")).text
    attendance = (await irina.get(here)).json()["attendance"]
    koeln = [
        one
        for one in attendance
        if "Köln" in one["authority_name"] and one["status"] in ("present", "represented")
    ]
    assert [(one["status"], one["represented_by_name"]) for one in koeln] == [
        ("represented", "Irina Musterkowa")
    ]
    entitled = (await irina.get("/api/v1/appointments/entitled")).json()["items"]
    assert [one["entitled_name"] for one in entitled if one["authority_key"] == "br-koeln"] == [
        "Irina Musterkowa"
    ]
    await irina.post(
        "/api/v1/consultations", headers={"idempotency-key": str(uuid4())},
        json={"subject": "Sprachmittlung", "question": "Welche Standards gelten?", "no_personal_data": True},
    )  # fmt: skip
    acting = "select detail -> 'acting_for' ->> 'name' from audit_event where actor_name = 'Irina Musterkowa' order by id desc"
    assert await db.fetchval(acting) == "Paweł Dombeispiel"

    stop(office, monkeypatch, datetime.fromisoformat("2026-03-20T23:59:59+01:00"))
    assert await sees_circle()

    stop(office, monkeypatch, datetime.fromisoformat("2026-03-21T00:00:00+01:00"))
    assert not await sees_circle() and "deputy" not in await roles()
    assert (await irina.get("/api/v1/consultations")).json()["items"] == []
    listed = (await irina.get("/api/v1/meetings?limit=100")).json()["items"]
    assert [one["reference"] for one in listed] == ["KK-2026-2"]

    stop(office, monkeypatch, datetime.fromisoformat("2026-04-09T09:00:00+02:00"))
    assert "Niederschrift prüfen" in (await browser.get("/")).text
    page = (await browser.get("/sitzungen/KK-2026-2/niederschrift")).text
    assert "/sitzungen/KK-2026-2/niederschrift/einwendungen" in page
    objection = {"text": "Zu TOP 4 ist die Rahmenvereinbarung zu ergänzen."}
    filed = await irina.post(
        f"{here}/minutes/objections", json=objection, headers={"idempotency-key": str(uuid4())}
    )
    assert filed.status_code == 201, filed.text
    assert [one["by_name"] for one in filed.json()["objections"]] == ["Irina Musterkowa"]
    for path, body in (("agenda-items", {"title": "Neu", "aim": "information", "kind": "information"}),):
        refused = await irina.post(f"{here}/{path}", json=body, headers={"idempotency-key": str(uuid4())})
        assert refused.status_code == 403, refused.text

    stop(office, monkeypatch, datetime.fromisoformat("2026-04-16T00:00:00+02:00"))
    late = await irina.post(
        f"{here}/minutes/objections", json=objection, headers={"idempotency-key": str(uuid4())}
    )
    assert late.json()["code"] == "objection_period_over"
