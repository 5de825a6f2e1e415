"""From an answer to knowledge for all: proposal, findings confirmed one by one, a second person's decision."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest

from circle.core.clock import Clock
from circle.core.db import Connection
from tests import make
from tests.clients import Clients

from . import acts, api, field, letters

TEXT: dict[str, Any] = {
    "title": "Standards der Sprachmittlung",
    "abstract": "Was gilt.",
    "text": "Es gelten die Standards des Landes.",
    "level": "internal",
}
_keys = iter(range(10_000))


def key() -> dict[str, str]:
    return {"idempotency-key": f"freigabe-{next(_keys)}"}


async def propose(who: httpx.AsyncClient, found: UUID, **changed: Any) -> httpx.Response:
    return await who.post(api(found, "release"), json=TEXT | changed, headers=key())


async def decide(who: httpx.AsyncClient, found: UUID, approve: bool = True, **more: Any) -> httpx.Response:
    return await who.post(api(found, "release"), json={"approve": approve, **more}, headers=key())


async def test_a_proposal_goes_to_who_decides(client: Clients, db: Connection, office: Clock) -> None:
    await make.advisers(db)
    found = await make.consultation(db, office, "answered")
    answer = await propose(await client.as_("dora"), found)
    assert answer.status_code == 200, answer.text
    made = answer.json()
    proposal = made["proposal"]
    assert made["state"] == "release_review" and proposal["findings"] == []
    assert (proposal["title"], proposal["level"], proposal["review_on"]) == (
        TEXT["title"],
        "internal",
        "2027-11-23",
    )
    assert (proposal["proposed_by_name"], proposal["approver_name"]) == ("Dora Probe", "Frida Probe")
    asked = ("notice", "Beratungsanfrage BA-2026-001: Freigabe bitte entscheiden", "Frida Probe")
    assert asked in await letters(db, found)
    assert (await acts(db, found))[-1] == "consultation.release_proposed"
    assert (await (await client.as_("ben")).get(api(found))).json()["proposal"] is None
    assert (await (await client.as_("frida")).get(api(found))).status_code == 200


async def test_approved_it_is_a_document_that_leads_nowhere_back(
    client: Clients, db: Connection, office: Clock
) -> None:
    await make.advisers(db)
    found = await make.consultation(db, office, "answered")
    await propose(await client.as_("dora"), found)
    answer = await decide(await client.as_("frida"), found)
    assert answer.status_code == 200, answer.text
    made = answer.json()
    assert (made["state"], made["released_on"]) == ("released", "2026-11-23")
    assert (await acts(db, found))[-1] == "consultation.released"
    document = await db.fetchrow("select * from document where id = $1", UUID(made["released_as"]["id"]))
    assert document and (document["state"], document["confidentiality"]) == ("released", "internal")
    assert document["title"] == TEXT["title"] and document["body"] == TEXT["text"]
    told = " ".join(str(value) for value in document.values())
    for trace in ("BA-2026-001", "Arnsberg", str(found), str(await make.authority(db, "br-arnsberg"))):
        assert trace not in told
    # Carl, of another house, may read the document, not the request.
    carl = await client.as_("carl")
    assert (await carl.get(api(found))).status_code == 404
    assert await db.fetchval("select url from search_entry where source_id = $1", document["id"])


async def test_declined_it_goes_back_with_a_reason(client: Clients, db: Connection, office: Clock) -> None:
    await make.advisers(db)
    found = await make.consultation(db, office, "answered")
    await propose(await client.as_("dora"), found)
    made = (await decide(await client.as_("frida"), found, False, note="Zu speziell.")).json()
    assert (made["state"], made["review_note"], made["released_as"]) == ("answered", "Zu speziell.", None)
    assert made["proposal"]["text"] == TEXT["text"]
    assert ("notice", "Beratungsanfrage BA-2026-001: nicht freigegeben", "Dora Probe") in await letters(
        db, found
    )
    assert (await propose(await client.as_("dora"), found)).status_code == 200


async def test_every_finding_is_confirmed_by_a_person(client: Clients, db: Connection, office: Clock) -> None:
    await make.advisers(db)
    found = await make.consultation(db, office, "answered")
    dora, text = (
        await client.as_("dora"),
        "Ben Beauftragt (ben@example.org) fragte am 3. März 2026 aus BR Arnsberg.",
    )
    refused = await propose(dora, found, text=text)
    assert refused.status_code == 400 and refused.json()["code"] == "findings_open"
    kinds = {finding["kind"] for finding in refused.json()["findings"]}
    assert kinds == {"name", "email", "date", "house"}
    keys = [finding["key"] for finding in refused.json()["findings"]]
    assert (await propose(dora, found, text=text, confirmed_findings=keys[1:])).status_code == 400
    assert await field(db, found, "state") == "answered"
    made = (await propose(dora, found, text=text, confirmed_findings=keys)).json()
    assert [finding["key"] for finding in made["proposal"]["findings"]] == keys


async def test_four_eyes(client: Clients, db: Connection, office: Clock) -> None:
    """Neither the author of the answer nor the proposer decides."""
    await make.advisers(db)
    for nick in ("dora", "emil"):
        await db.execute(
            "insert into role_grant (person_id, role) values ($1, 'release_approver')",
            await make.person_id(db, nick),
        )
    found = await make.consultation(db, office, "answered")
    dora, emil = await client.as_("dora"), await client.as_("emil")
    assert (await propose(emil, found)).json()["proposal"]["approver_name"] == "Frida Probe"
    for who in (dora, emil):
        refused = await decide(who, found)
        assert refused.status_code == 403 and refused.json()["code"] == "four_eyes"
    for nick in ("dora", "emil"):
        named = await propose(emil, found, approver_id=str(await make.person_id(db, nick)))
        assert named.status_code == 400 and named.json()["errors"][0]["field"] == "approver_id"


async def test_an_old_sign_in_is_not_enough(client: Clients, db: Connection, office: Clock) -> None:
    await make.advisers(db)
    found = await make.consultation(db, office, "answered")
    await propose(await client.as_("dora"), found)
    frida = await client.as_("frida")
    await db.execute("update session set signed_in_at = now() - $1::interval", timedelta(minutes=16))
    refused = await decide(frida, found)
    assert refused.status_code == 401 and refused.json()["code"] == "sign_in_again"
    page = await client.browser("frida")
    await db.execute("update session set signed_in_at = now() - $1::interval", timedelta(minutes=16))
    form = {"approve": "true", "revision": str(await field(db, found, "revision")), "idempotency_key": "k"}
    assert (await page.post(f"/anfragen/{found}/approve", form)).status_code == 401
    assert await field(db, found, "state") == "release_review"


async def test_the_same_key_releases_once(client: Clients, db: Connection, office: Clock) -> None:
    await make.advisers(db)
    found = await make.consultation(db, office, "answered")
    await propose(await client.as_("dora"), found)
    frida, same = await client.as_("frida"), key()
    assert (await frida.post(api(found, "release"), json={"approve": True})).json()["code"] == "key_required"
    first, again = [
        await frida.post(api(found, "release"), json={"approve": True}, headers=same) for _ in range(2)
    ]
    assert first.status_code == 200 and again.json() == first.json()
    assert await db.fetchval("select count(*) from document") == 1
    assert (await decide(frida, found)).status_code == 409


@pytest.mark.parametrize(
    ("level", "wrong", "at"),
    [
        ("circle", {"level": "confidential"}, "level"),
        ("internal", {"level": "circle"}, "level"),
        ("circle", {"title": ""}, "title"),
        ("circle", {"text": " "}, "text"),
        ("circle", {"review_on": "2027-11-24"}, "review_on"),
        ("circle", {"review_on": "2026-11-23"}, "review_on"),
        ("circle", {"topics": ["gibt-es-nicht"]}, "topics"),
    ],
)
async def test_what_is_wrong_is_named_at_its_field(
    client: Clients, db: Connection, office: Clock, level: str, wrong: dict[str, Any], at: str
) -> None:
    await make.advisers(db)
    found = await make.consultation(db, office, "answered", confidentiality=level)
    refused = await propose(await client.as_("dora"), found, **wrong)
    assert refused.status_code == 400 and refused.json()["errors"][0]["field"] == at


async def test_who_may_not_and_when_not(client: Clients, db: Connection, office: Clock) -> None:
    await make.advisers(db)
    found = await make.consultation(db, office, "answered")
    for nick, status in (("clara", 404), ("carl", 404), ("frida", 404), ("ben", 403), ("quirin", 403)):
        assert (await propose(await client.as_(nick), found)).status_code == status, nick
    dora = await client.as_("dora")
    stale = await dora.post(api(found, "release"), json=TEXT, headers=key() | {"if-match": '"v1"'})
    assert stale.status_code == 412
    assert (await decide(await client.as_("quirin"), found)).status_code == 403
    early = await make.consultation(db, office, "in_review")
    assert (await propose(dora, early)).status_code == 409


async def test_by_page(client: Clients, db: Connection, office: Clock) -> None:
    await make.advisers(db)
    found = await make.consultation(db, office, "answered")
    dora, frida = await client.browser("dora"), await client.browser("frida")
    form = TEXT | {"text": "Wie Bezirksregierung Arnsberg es macht.", "idempotency_key": "k",
        "revision": str(await field(db, found, "revision"))}  # fmt: skip
    refused = await dora.post(f"/anfragen/{found}/release", form)
    assert refused.status_code == 422 and "Wie Bezirksregierung Arnsberg es macht." in refused.text
    assert 'name="confirmed_findings" value="house:Bezirksregierung Arnsberg"' in refused.text
    done = await dora.post(f"/anfragen/{found}/release", form | {
        "confirmed_findings": ["house:Bezirksregierung Arnsberg", "house:Arnsberg"]})  # fmt: skip
    assert done.status_code == 303, done.text
    shown = (await frida.get("/anfragen/BA-2026-001")).text
    assert "Bestätigte Fundstellen" in shown and "Freigeben" in shown
    choice = {"approve": "true", "revision": str(await field(db, found, "revision")), "idempotency_key": "k2"}
    for _ in range(2):
        assert (await frida.post(f"/anfragen/{found}/approve", choice)).status_code == 303
    assert await db.fetchval("select count(*) from document") == 1
    assert "Freigegeben als" in (await dora.get("/anfragen/BA-2026-001")).text


async def test_the_page_takes_the_topics_along(client: Clients, db: Connection, office: Clock) -> None:
    await make.advisers(db)
    await db.execute("insert into topic (id, label) values ('sprache', 'Sprache'), ('arbeit', 'Arbeit')")
    found = await make.consultation(db, office, "answered", topics=["sprache"])
    dora, frida = await client.browser("dora"), await client.browser("frida")
    form = TEXT | {"topics": ["sprache", "arbeit"], "idempotency_key": "k",
        "revision": str(await field(db, found, "revision"))}  # fmt: skip
    done = await dora.post(f"/anfragen/{found}/release", form)
    assert done.status_code == 303, done.text
    choice = {"approve": "true", "revision": str(await field(db, found, "revision")), "idempotency_key": "k2"}
    assert (await frida.post(f"/anfragen/{found}/approve", choice)).status_code == 303
    assert sorted(await db.fetchval("select topics from document")) == ["arbeit", "sprache"]
