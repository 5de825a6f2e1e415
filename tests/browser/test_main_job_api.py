"""The whole work of a circle by programs alone: over HTTP against the running demo, its workers and its mail catcher."""

import asyncio
import email
import email.policy
import hashlib
import io
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from datetime import date, timedelta
from email.message import EmailMessage
from typing import Any

import httpx
import icalendar
import pikepdf
import pytest
import pytest_asyncio

from tests.demo import PASSWORD, Demo

pytestmark = pytest.mark.browser

OFFICE = "leyla.musteroglu@kfi.example"
MODERATOR = "bernd.beispielhof@kfi.example"
MEMBER = "malik.neubeispiel@br-detmold.example"
OTHER_MEMBER = "pawel.dombeispiel@br-koeln.example"
EXPERT = "tomasz.erfundenski@kfi.example"
REVIEWER = "amara.fiktivanda@kfi.example"
APPROVER = "merle.mustertal@kfi.example"
STAFF = "kim.beispielmann@br-koeln.example"
PATIENCE = 60.0
"""Seconds until the workers must have sent something, on a busy machine."""


class Program:
    """A program signed in as somebody."""

    def __init__(self, client: httpx.AsyncClient, person: dict[str, Any]) -> None:
        self.client, self.id = client, person["person_id"]

    async def get(self, path: str, status: int = 200) -> Any:
        answer = await self.client.get(f"/api/v1{path}")
        assert answer.status_code == status, (path, answer.status_code, answer.text)
        return answer.json()

    async def post(
        self, path: str, body: Any = None, status: int = 200, key: str = "", revision: int | None = None
    ) -> Any:
        headers = {"idempotency-key": key} if key else {}
        if revision is not None:
            headers["if-match"] = f'"v{revision}"'
        answer = await self.client.post(
            f"/api/v1{path}", json=body if body is not None else {}, headers=headers
        )
        assert answer.status_code == status, (path, answer.status_code, answer.text)
        return answer.json()

    async def upload(self, name: str, content: bytes) -> str:
        answer = await self.client.post("/api/v1/files", files={"file": (name, content)})
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])


SignIn = Callable[[str], Awaitable[Program]]


@pytest_asyncio.fixture
async def sign_in(demo: Demo) -> AsyncIterator[SignIn]:
    async with AsyncExitStack() as stack:

        async def signed_in(address: str) -> Program:
            client = await stack.enter_async_context(httpx.AsyncClient(base_url=demo.url, timeout=30))
            answer = await client.post("/api/v1/sessions", json={"email": address, "password": PASSWORD})
            assert answer.status_code == 201, answer.text
            client.headers["authorization"] = f"Bearer {answer.json()['token']}"
            return Program(client, answer.json()["person"])

        yield signed_in


def mails(demo: Demo, words: str) -> list[EmailMessage]:
    """Mails in the Maildir whose subject holds `words`."""
    found = []
    for path in [*(demo.maildir / "new").iterdir(), *(demo.maildir / "cur").iterdir()]:
        mail = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
        if words in str(mail["subject"]):
            found.append(mail)
    return found


async def sent(someone: Program, dispatch_id: str) -> dict[str, Any]:
    """Wait until a dispatch is through; nothing of it may have failed."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        found: dict[str, Any] = await someone.get(f"/dispatches/{dispatch_id}")
        if found["state"] == "done":
            assert found["counts"]["failed"] == found["counts"]["uncertain"] == 0, found
            return found
        await asyncio.sleep(0.3)
    raise AssertionError(f"not sent within {PATIENCE} s: {found}")


async def dispatch_of(someone: Program, kind: str, words: str) -> dict[str, Any]:
    """The newest dispatch of a kind whose title holds `words`."""
    found = await someone.get("/dispatches?limit=50")
    return next(one for one in found["items"] if one["kind"] == kind and words in one["title"])


def attachments(mail: EmailMessage) -> dict[str, bytes]:
    return {str(part.get_filename()): part.get_content() for part in mail.iter_attachments()}


def assert_tagged(pdf: bytes) -> None:
    """Title, language, structure tree and marked content (PDF/UA-1)."""
    with pikepdf.open(io.BytesIO(pdf)) as document:
        assert str(document.Root.Lang).startswith("de")
        assert document.Root.MarkInfo.Marked
        assert "/StructTreeRoot" in document.Root
        assert document.open_metadata()["dc:title"]


@pytest.fixture(scope="session")
def told() -> dict[str, Any]:
    """What one part of the story leaves to the next."""
    return {}


async def test_a_meeting_is_prepared_and_its_invitation_goes_out_once(
    demo: Demo, sign_in: SignIn, told: dict[str, Any]
) -> None:
    office, member = await sign_in(OFFICE), await sign_in(MEMBER)
    day = date(2027, 2, 17)
    meeting = await office.post(
        "/meetings",
        {"title": "Sondersitzung Sprachmittlung", "date": day.isoformat(), "start_local": "10:00", "end_local": "13:00",
         "mode": "in_person", "place": "Arnsberg, Saal 2"},
        201,
    )  # fmt: skip
    assert {name: one["on"] for name, one in meeting["deadlines"].items()} == {
        "agenda_submission": "2027-01-20", "invitation_latest": "2027-02-02", "papers_latest": "2027-02-09",
        "minutes_draft": "2027-03-10",
    }  # fmt: skip
    assert all(one["steps"] for one in meeting["deadlines"].values())
    item = await member.post(
        f"/meetings/{meeting['id']}/agenda-items",
        {"title": "Gemeinsamer Dolmetscherpool", "aim": "coordination", "planned_minutes": 30},
        201,
    )
    assert item["status"] == "registered"
    file_id = await member.upload("Konzept Dolmetscherpool.txt", b"Fuenf Haeuser, ein Pool.\n")
    paper = await member.post(
        f"/meetings/{meeting['id']}/papers",
        {"item_id": item["id"], "title": "Konzept", "confidentiality": "internal", "file_id": file_id},
        201,
    )
    assert paper["label"] == "advance"
    admitted = await office.post(f"/agenda-items/{item['id']}/admit")
    assert admitted["status"] == "admitted"
    agenda = (await office.get(f"/meetings/{meeting['id']}/agenda-items"))["items"]
    before = await office.get(f"/meetings/{meeting['id']}")
    await office.post(
        f"/meetings/{meeting['id']}/agenda-items/order",
        {"item_ids": [one["id"] for one in agenda], "minutes": {item["id"]: 45}},
        revision=before["revision"],
    )
    key = str(uuid.uuid4())
    once = await office.post(f"/meetings/{meeting['id']}/invite", key=key)
    again = await office.post(f"/meetings/{meeting['id']}/invite", key=key)
    assert once == again
    assert once["state"] == "invited"
    dispatch = await dispatch_of(office, "invitation", meeting["reference"])
    done = await sent(office, dispatch["id"])
    deliveries = (await office.get(f"/dispatches/{dispatch['id']}/deliveries?limit=200"))["items"]
    letters = mails(demo, done["subject"])
    assert len(letters) == len(deliveries) == done["counts"]["sent"] >= 7
    assert sorted(str(one["x-envelope-to"]) for one in letters) == sorted(
        one["address"] for one in deliveries
    )
    mine = next(one for one in letters if MEMBER in str(one["to"]))
    parts = attachments(mine)
    assert "Konzept Dolmetscherpool.txt" in parts
    assert_tagged(next(content for name, content in parts.items() if name.endswith(".pdf")))
    _assert_calendar(
        next(part for part in mine.walk() if part.get_content_type() == "text/calendar"), meeting
    )
    told |= {"meeting": meeting, "item": item}


def _assert_calendar(part: Any, meeting: dict[str, Any]) -> None:
    content = part.get_payload(decode=True)
    calendar = icalendar.Calendar.from_ical(content)
    event = calendar.walk("VEVENT")[0]
    assert meeting["id"] in event["UID"]
    assert int(event["SEQUENCE"]) == 0
    assert event["DTSTART"].params["TZID"] == "Europe/Berlin"
    assert event["DTSTART"].dt.isoformat() == f"{meeting['date']}T10:00:00+01:00"


async def test_the_meeting_is_held_and_its_minutes_are_fixed_for_good(
    demo: Demo, sign_in: SignIn, told: dict[str, Any]
) -> None:
    office, moderator, member = [await sign_in(who) for who in (OFFICE, MODERATOR, MEMBER)]
    meeting, item = told["meeting"], told["item"]
    base = f"/meetings/{meeting['id']}"
    await moderator.post(f"{base}/start")
    for who, status in ((MEMBER, "present"), (OTHER_MEMBER, "present"), (OFFICE, "office")):
        person = (await office.get(f"/people?q={who.split('.')[1].split('@')[0]}"))["items"][0]
        answer = await moderator.client.put(
            f"/api/v1{base}/attendance/{person['id']}", json={"status": status}
        )
        assert answer.status_code == 200, answer.text
    treated = await moderator.post(
        f"/agenda-items/{item['id']}/result",
        {"result": "agreed", "minutes": "Die Häuser beraten den Vorschlag.",
         "resolution_text": "Der Koordinierungskreis verabredet einen gemeinsamen Pool.", "votes": {"consent": 2}},
    )  # fmt: skip
    assert treated["status"] == "treated"
    task = await moderator.post(
        "/tasks", {"title": "Ausschreibung vorbereiten", "owner_id": member.id, "due": "2027-03-31", "item_id": item["id"]},
        201,
    )  # fmt: skip
    accepted = await member.client.patch(f"/api/v1/tasks/{task['id']}", json={})
    assert accepted.status_code in (403, 428), accepted.text
    assert (await member.post(f"/tasks/{task['id']}/accept"))["status"] == "accepted"
    assert (await moderator.post(f"{base}/close"))["state"] == "held"
    await office.post(f"{base}/minutes/circulate", key=str(uuid.uuid4()))
    await sent(office, (await dispatch_of(office, "minutes_draft", meeting["reference"]))["id"])
    minutes = await office.post(f"{base}/minutes/approve", key=str(uuid.uuid4()))
    assert minutes["state"] == "approved"
    done = await sent(office, (await dispatch_of(office, "minutes_approved", meeting["reference"]))["id"])
    letter = next(one for one in mails(demo, done["subject"]) if one["subject"] == done["subject"])
    pdf = next(content for name, content in attachments(letter).items() if name.endswith(".pdf"))
    assert_tagged(pdf)
    versions = (await member.get(f"{base}/minutes/versions"))["items"]
    final = next(one for one in versions if one["state"] == "approved" and one["item_id"] is None)
    assert final["file_sha256"] == hashlib.sha256(pdf).hexdigest()
    refused = await office.client.post(
        f"/api/v1/agenda-items/{item['id']}/result", json={"minutes": "Anders."}
    )
    assert refused.status_code == 409, refused.text


async def test_a_question_becomes_advice_and_advice_becomes_knowledge(
    demo: Demo, sign_in: SignIn, told: dict[str, Any]
) -> None:
    member, office, expert, reviewer, approver, staff, other = [
        await sign_in(who) for who in (MEMBER, OFFICE, EXPERT, REVIEWER, APPROVER, STAFF, OTHER_MEMBER)
    ]
    asked = await member.post(
        "/consultations",
        {"subject": "Honorare für Quarzlampendolmetscher", "question": "Welche Honorarsätze gelten?",
         "confidentiality": "internal", "no_personal_data": True},
        201,
    )  # fmt: skip
    assert asked["reference"].startswith("BA-2026-0")
    assert asked["due_on"] == "2026-12-07"
    path = f"/consultations/{asked['id']}"
    await other.get(path, 404)
    await office.post(f"{path}/assign", {"assignee_id": expert.id, "reviewer_id": reviewer.id})
    await expert.post(
        f"{path}/answer",
        {
            "answer": "Es gelten die Sätze des Quarzlampenkatalogs von 2026.",
            "answer_summary": "Katalog 2026.",
        },
    )
    refused = await expert.client.post(f"/api/v1{path}/review", json={"decision": "approve"})
    assert refused.status_code == 403, refused.text
    await reviewer.post(f"{path}/review", {"decision": "approve"})
    answered = await office.post(f"{path}/send", key=str(uuid.uuid4()))
    assert answered["state"] == "answered"
    await sent(office, (await dispatch_of(office, "answer", asked["reference"]))["id"])
    await expert.post(
        f"{path}/release",
        {"title": "Honorarsätze für Quarzlampendolmetscher", "text": "Für Quarzlampendolmetscher gelten die Sätze des Katalogs von 2026.",
         "level": "internal", "approver_id": approver.id},
        key=str(uuid.uuid4()),
    )  # fmt: skip
    released = await approver.post(f"{path}/release", {"approve": True}, key=str(uuid.uuid4()))
    assert released["state"] == "released"
    found = await staff.post("/search", {"query": "quarzlampendolmetscher"})
    assert [one["type"] for one in found["results"]] == ["document"]
    assert "<mark>Quarzlampendolmetscher</mark>" in found["results"][0]["snippet"]
    await staff.get(path, 404)


async def test_knowledge_is_written_released_distributed_and_found(demo: Demo, sign_in: SignIn) -> None:
    office, approver, staff = [await sign_in(who) for who in (REVIEWER, APPROVER, STAFF)]
    file_id = await office.upload("Anlage.md", b"# Anlage\n\nDas Wort Zirbelkieferntagung steht nur hier.\n")
    written = await office.post(
        "/documents",
        {"title": "Leitfaden Übersetzungsqualität", "kind": "Leitfaden", "abstract": "Wie man sie prüft.",
         "body": "## Prüfung\n\nJede Übersetzung wird gegengelesen.", "confidentiality": "internal", "topics": [],
         "file_ids": [file_id]},
        201,
    )  # fmt: skip
    path = f"/documents/{written['id']}"
    await staff.get(path, 404)
    await office.post(f"{path}/submit")
    refused = await office.client.post(
        f"/api/v1{path}/release", json={}, headers={"idempotency-key": str(uuid.uuid4())}
    )
    assert refused.status_code == 403, refused.text
    released = await approver.post(f"{path}/release", key=str(uuid.uuid4()))
    assert released["state"] == "released"
    assert (await staff.get(path))["versions"][0]["sha256"]
    for words in ("Uebersetzungsqualität", "uebersetzungsqualitaet", "Leitfäden Übersetzungsqualität"):
        found = await staff.post("/search", {"query": words})
        assert written["id"] in [one["id"] for one in found["results"]], words
    end = time.monotonic() + PATIENCE
    while not (found := await staff.post("/search", {"query": "Zirbelkieferntagung"}))["results"]:
        assert time.monotonic() < end, "the text of the upload was not read"
        await asyncio.sleep(0.3)
    assert found["results"][0]["id"] == written["id"]
    sender = await sign_in(OFFICE)
    dispatch = await sender.post(
        "/dispatches", {"document_id": written["id"], "roles": ["regional_staff"]}, 201
    )
    await sender.post(f"/dispatches/{dispatch['id']}/send", key=str(uuid.uuid4()))
    done = await sent(sender, dispatch["id"])
    assert len(mails(demo, done["subject"])) == done["counts"]["sent"] >= 3


async def test_nobody_finds_what_is_not_theirs(demo: Demo, sign_in: SignIn) -> None:
    staff = await sign_in(STAFF)
    for words, wanted, hidden in (
        ("Sprachmittlung", {"WD-006", "WD-020"}, {"WD-015"}),
        ("Uebersetzung", {"WD-006"}, {"WD-015"}),
        ("Übersetzungen", {"WD-006"}, {"WD-015"}),
    ):
        found = await staff.post("/search", {"query": words, "limit": 100})
        urls = {one["url"].rsplit("/", 1)[-1] for one in found["results"]}
        assert wanted <= urls, words
        assert not hidden & urls, words
        assert not any(url.startswith("BA-") for url in urls), words


def test_dates_of_the_story_are_right() -> None:
    """The meeting lies on a Wednesday, four weeks after its deadline for items."""
    assert date(2027, 2, 17).weekday() == 2
    assert date(2027, 2, 17) - timedelta(days=28) == date(2027, 1, 20)
