"""Distributing a released document, or a notice: choose, see exactly who gets what, then send."""

import uuid
from typing import Any

import pytest

from circle.core.clock import Clock
from circle.core.db import Connection
from circle.core.files import Storage
from tests import make
from tests.clients import Clients
from tests.consultations import Page


async def compose(client: Clients, who: str = "anna", key: str = "", **body: Any) -> Any:
    headers = {"idempotency-key": key} if key else {}
    return await (await client.as_(who)).post("/api/v1/dispatches", json=body, headers=headers)


async def test_a_document_to_a_role_with_a_preview_of_who_gets_what(
    db: Connection, client: Clients, storage: Storage
) -> None:
    file_id = await make.file(db, storage, "Leitfaden.pdf", b"%PDF-1.7 x")
    document_id = await make.document(db, files=[file_id])
    clara = await make.person_id(db, "clara")
    answer = await compose(
        client, document_id=str(document_id), roles=["commissioner"], person_ids=[str(clara)]
    )
    assert answer.status_code == 201
    body = answer.json()
    assert (body["state"], body["kind"], body["level"]) == ("prepared", "document", "internal")
    assert body["subject"] == "WD-900: Leitfaden Sprachmittlung"
    by_name = {one["name"]: one for one in body["preview"]}
    assert by_name["Ben Beauftragt"]["attached"] == ["Leitfaden.pdf"]
    assert by_name["Ben Beauftragt"]["linked"] == ["Leitfaden Sprachmittlung"]
    assert by_name["Clara Außen"]["refused"] == "Die Person darf das nicht (mehr) lesen."
    assert by_name["Clara Außen"]["attached"] == by_name["Clara Außen"]["linked"] == []
    assert await make.outbox(db, "distribution.send") == [], "nothing is sent before somebody says so"
    again = await (await client.as_("anna")).get(f"/api/v1/dispatches/{body['id']}/preview")
    assert again.json() == body["preview"]


async def test_recipients_by_role_house_and_name_each_once(db: Connection, client: Clients) -> None:
    koeln = await make.authority(db, "br-koeln")
    await make.person(db, "kim", authority="br-koeln", roles=["commissioner"])
    await make.person(db, "lea", authority="br-koeln", roles=["regional_staff"])
    await make.person(db, "old", authority="br-koeln")
    document_id = str(await make.document(db))

    async def names(**chosen: Any) -> list[str]:
        answer = await compose(client, document_id=document_id, **chosen)
        return [one["name"] for one in answer.json()["preview"]]

    assert await names(roles=["commissioner"]) == ["Ben Beauftragt", "Kim Probe"]
    assert await names(authority_ids=[str(koeln)]) == ["Kim Probe", "Lea Probe"]
    assert await names(roles=["commissioner"], authority_ids=[str(koeln)]) == ["Kim Probe"]
    ben = str(await make.person_id(db, "ben"))
    assert await names(roles=["commissioner"], person_ids=[ben]) == ["Ben Beauftragt", "Kim Probe"]
    assert await names(person_ids=[ben]) == ["Ben Beauftragt"]


async def test_who_may_not_gets_403_who_cannot_see_404(
    db: Connection, client: Clients, office: Clock
) -> None:
    document_id = str(await make.document(db))
    for nick in ("clara", "ben"):
        assert (await compose(client, nick, document_id=document_id)).status_code == 403
    await make.person(db, "erik", roles=["knowledge_editor"])
    circle = str(await make.document(db, level="circle", reference="WD-901"))
    unseen = await compose(client, "erik", document_id=circle, roles=["commissioner"])
    unknown = await compose(client, "erik", document_id=str(uuid.uuid4()), roles=["commissioner"])
    assert unseen.status_code == unknown.status_code == 404
    assert unseen.json() | {"request_id": ""} == unknown.json() | {"request_id": ""}


@pytest.mark.confidential
async def test_a_confidential_document_the_office_is_not_named_for_is_unknown(
    db: Connection, client: Clients
) -> None:
    document_id = str(await make.document(db, "ben", level="confidential"))
    assert (await compose(client, document_id=document_id, roles=["commissioner"])).status_code == 404


@pytest.mark.parametrize("state", ["draft", "in_review", "superseded", "retired"])
async def test_only_released_documents_are_distributed(db: Connection, client: Clients, state: str) -> None:
    document_id = str(await make.document(db, state=state))
    answer = await compose(client, document_id=document_id, roles=["commissioner"])
    assert (answer.status_code, answer.json()["code"]) == (409, "not_released")


@pytest.mark.parametrize(
    "body",
    [
        {"kind": "document", "roles": ["commissioner"]},
        {"kind": "notice", "roles": ["commissioner"]},
        {"kind": "notice", "subject": "S", "text": "T"},
        {"kind": "notice", "subject": "S\r\nBcc: x@example.org", "text": "T", "roles": ["commissioner"]},
        {"kind": "notice", "subject": "S" * 251, "text": "T", "roles": ["commissioner"]},
        {"kind": "notice", "subject": "S", "text": "T", "roles": ["emperor"]},
        {"kind": "notice", "subject": "S", "text": "T", "person_ids": [str(uuid.uuid4())]},
        {"kind": "notice", "subject": "S", "text": "T", "person_ids": [str(uuid.UUID(int=n)) for n in range(2001)]},
        {"kind": "letter", "subject": "S", "text": "T", "roles": ["commissioner"]},
        {"kind": "notice", "subject": "S", "text": "T", "roles": ["commissioner"], "bcc": "x@example.org"},
    ],
)  # fmt: skip
async def test_odd_input_is_400_and_leaves_nothing(
    db: Connection, client: Clients, body: dict[str, Any]
) -> None:
    assert (await compose(client, **body)).status_code == 400
    assert await db.fetchval("select count(*) from dispatch") == 0


async def test_the_same_key_prepares_it_once(db: Connection, client: Clients) -> None:
    body = {"kind": "notice", "subject": "S", "text": "T", "roles": ["commissioner"]}
    first, again = [await compose(client, key="k", **body) for _ in range(2)]
    assert first.json() == again.json()
    other = await compose(client, key="k", **(body | {"text": "U"}))
    assert (other.status_code, other.json()["code"]) == (422, "key_reused")
    assert await db.fetchval("select count(*) from dispatch") == 1


async def test_the_form_leads_to_the_preview(db: Connection, client: Clients) -> None:
    document_id = await make.document(db)
    anna = await client.browser("anna")
    form = await anna.get("/versand/neu?dokument=WD-900")
    assert form.status_code == 200
    ben = await make.person_id(db, "ben")
    for words in ("WD-900 verteilen", "Integrationsbeauftragte", "BR Arnsberg", str(ben)):
        assert words in form.text
    done = await anna.post(
        "/versand/neu",
        {
            "kind": "document", "dokument": "WD-900", "document_id": str(document_id), "person_ids": [str(ben)],
            "idempotency_key": "k",
        },
    )  # fmt: skip
    assert done.status_code == 303
    preview = await anna.get(done.headers["location"])
    assert "Wer bekommt was?" in preview.text and "Ben Beauftragt" in preview.text
    assert "Noch ist nichts versendet." in preview.text


async def test_the_form_keeps_what_was_entered_and_says_what_to_do(db: Connection, client: Clients) -> None:
    anna = await client.browser("anna")
    ben = str(await make.person_id(db, "ben"))
    entered = {"kind": "notice", "person_ids": [ben], "text": "Mein Text", "idempotency_key": "k"}
    again = await anna.post("/versand/neu", entered)
    assert again.status_code == 422
    assert "Mein Text" in again.text and "error-summary" in again.text and "<title>Fehler: " in again.text
    assert f'value="{ben}" checked' in again.text
    done = await anna.post("/versand/neu", entered | {"subject": "Betreff"})
    assert done.status_code == 303
    changed = await anna.post("/versand/neu", entered | {"subject": "Anderer Betreff"})
    assert changed.status_code == 422, "a form that was changed and sent again is not taken for the first"
    page = Page(changed.text)
    page.check()
    fresh = entered | {"subject": "Anderer Betreff", "idempotency_key": page.values["idempotency_key"]}
    assert "schon abgesendet" in changed.text and (await anna.post("/versand/neu", fresh)).status_code == 303


async def test_the_form_says_who_gets_what_without_contradiction(db: Connection, client: Clients) -> None:
    anna = await client.browser("anna")
    notice = (await anna.get("/versand/neu")).text
    Page(notice).check()
    assert "Ohne Auswahl" not in notice, "nothing chosen is nobody, not everybody"
    assert "Angehängt wird nichts." in notice
    nobody = {"kind": "notice", "subject": "Betreff", "text": "Mein Text", "idempotency_key": "k"}
    refused = await anna.post("/versand/neu", nobody)
    assert refused.status_code == 422 and 'id="error-person_ids"' in refused.text
    await make.document(db)
    for level, words in (
        ("public", "abbestellt hat"), ("circle", "nur bei Mitgliedern"), ("confidential", "Angehängt wird nichts."),
    ):  # fmt: skip
        await db.execute("update document set confidentiality = $1", level)
        form = await anna.get("/versand/neu?dokument=WD-900")
        assert words in form.text, level


async def test_the_form_is_for_those_who_may(db: Connection, client: Clients) -> None:
    assert (await (await client.browser("ben")).get("/versand/neu")).status_code == 403
    assert (await (await client.browser("anna")).get("/versand/neu?dokument=WD-1")).status_code == 404
    await make.person(db, "erik", roles=["knowledge_editor"])
    erik = await client.browser("erik")
    done = await erik.post(
        "/versand/neu",
        {"kind": "notice", "roles": ["commissioner"], "subject": "S", "text": "T", "idempotency_key": "k"},
    )
    prepared = await erik.get(done.headers["location"])
    assert "Die Geschäftsführung versendet" in prepared.text and "Jetzt versenden" not in prepared.text
