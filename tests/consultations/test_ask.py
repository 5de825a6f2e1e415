"""A house asks: number, deadline, receipt (decree Nr. 6 (1); story S04)."""

from datetime import date

import pytest

from circle.core.db import Connection
from tests import make
from tests.clients import Clients

from . import ASKED, acts, api, field, letters


async def test_it_works_with_number_deadline_and_receipt_at_once(client: Clients, db: Connection) -> None:
    ben = await client.as_("ben")
    answer = await ben.post("/api/v1/consultations", json=ASKED)
    assert answer.status_code == 201 and answer.headers["etag"] == '"v2"'
    made = answer.json()
    assert made["reference"] == "BA-2026-001" and made["state"] == "received"
    assert made["received_on"] == "2026-11-23" and made["acknowledge_by"] == "2026-11-25"
    assert made["due_on"] == made["due_on_effective"] == "2026-12-07" and made["due_steps"]
    assert (made["requested_by_name"], made["authority_name"]) == ("Ben Beauftragt", "BR Arnsberg")
    assert await letters(db, made["id"]) == [
        ("notice", "Neue Beratungsanfrage BA-2026-001", "Anna Amt"),
        ("receipt", "Ihre Beratungsanfrage BA-2026-001", "Ben Beauftragt"),
    ]
    assert len(await make.outbox(db, "distribution.send")) == 2
    assert await acts(db, made["id"]) == ["consultation.received"]
    assert (await ben.get(api(made["id"]))).json() == made


async def test_urgent_ones_have_three_days_and_a_reason(client: Clients) -> None:
    ben = await client.as_("ben")
    without = await ben.post("/api/v1/consultations", json=ASKED | {"priority": "urgent"})
    assert without.status_code == 400 and without.json()["errors"][0]["field"] == "urgency_reason"
    given = ASKED | {"priority": "urgent", "urgency_reason": "Sitzung am Freitag"}
    made = (await ben.post("/api/v1/consultations", json=given)).json()
    assert made["due_on"] == "2026-11-26" and made["reference"] == "BA-2026-001"


async def test_a_draft_stays_in_the_house_without_number_or_mail(client: Clients, db: Connection) -> None:
    ben, anna = await client.as_("ben"), await client.as_("anna")
    made = (
        await ben.post("/api/v1/consultations", json=ASKED | {"draft": True, "no_personal_data": False})
    ).json()
    assert (made["state"], made["reference"], made["due_on"]) == ("draft", None, None)
    assert await letters(db, made["id"]) == [] and await acts(db, made["id"]) == ["consultation.drafted"]
    assert (await anna.get(api(made["id"]))).status_code == 404
    assert not await db.fetchval("select count(*) from search_sealed where source_kind = 'consultation'")


@pytest.mark.parametrize("tick", [{"no_personal_data": False}, {"contains_personal_data": True}])
async def test_without_the_tick_nothing_is_handed_in(
    client: Clients, db: Connection, tick: dict[str, bool]
) -> None:
    ben = await client.as_("ben")
    answer = await ben.post("/api/v1/consultations", json=ASKED | tick)
    assert answer.status_code == 400 and answer.json()["errors"][0]["field"] == "no_personal_data"
    assert await db.fetchval("select count(*) from consultation") == 0


@pytest.mark.parametrize(
    ("wrong", "name"),
    [
        ({"subject": " "}, "subject"),
        ({"question": ""}, "question"),
        ({"subject": "zwei\nZeilen"}, "subject"),
        ({"wish_date": "2026-11-20"}, "wish_date"),
        ({"topics": ["gibt-es-nicht"]}, "topics"),
        ({"confidentiality": "vs-nfd"}, "confidentiality"),
        ({"state": "released"}, "state"),
    ],
)
async def test_what_is_wrong_is_named_at_its_field(
    client: Clients, wrong: dict[str, object], name: str
) -> None:
    ben = await client.as_("ben")
    answer = await ben.post("/api/v1/consultations", json=ASKED | wrong)
    assert answer.status_code == 400 and answer.json()["errors"][0]["field"] == name


async def test_only_houses_ask(client: Clients) -> None:
    assert (await client.stranger.post("/api/v1/consultations", json=ASKED)).status_code == 401
    for nick in ("clara", "anna"):
        answer = await (await client.as_(nick)).post("/api/v1/consultations", json=ASKED)
        assert answer.status_code == 403


async def test_deputy_asks_in_their_time_only_and_assistant_always(client: Clients, db: Connection) -> None:
    await make.person(db, "vera", authority="br-arnsberg", roles=["deputy"])
    await make.person(db, "zoe", authority="br-arnsberg", roles=["assistant"])
    vera, zoe = await client.as_("vera"), await client.as_("zoe")
    assert (await vera.post("/api/v1/consultations", json=ASKED)).status_code == 403
    made = (await zoe.post("/api/v1/consultations", json=ASKED)).json()
    assert (await vera.get(api(made["id"]))).status_code == 404
    ben_id, vera_id, today = (
        await make.person_id(db, "ben"),
        await make.person_id(db, "vera"),
        date(2026, 11, 23),
    )
    await make.absence(db, ben_id, vera_id, today, today)
    assert (await vera.post("/api/v1/consultations", json=ASKED)).status_code == 201
    assert (await vera.get(api(made["id"]))).json()["requested_by_name"] == "Zoe Probe"


async def test_the_same_key_asks_once(client: Clients, db: Connection) -> None:
    ben = await client.as_("ben")
    key = {"idempotency-key": "frage-1"}
    first = await ben.post("/api/v1/consultations", json=ASKED, headers=key)
    again = await ben.post("/api/v1/consultations", json=ASKED, headers=key)
    assert again.json() == first.json() and again.status_code == 201
    other = await ben.post("/api/v1/consultations", json=ASKED | {"subject": "Etwas anderes"}, headers=key)
    assert other.status_code == 422 and other.json()["code"] == "key_reused"
    assert await db.fetchval("select count(*) from consultation") == 1


async def test_page_and_api_agree(client: Clients, db: Connection) -> None:
    ben = await client.browser("ben")
    done = await ben.post("/anfragen", {"subject": ASKED["subject"], "question": ASKED["question"],
        "no_personal_data": "true", "idempotency_key": "k"})  # fmt: skip
    assert done.status_code == 303
    by_page = (await (await client.as_("ben")).get(api(done.headers["location"].rsplit("/", 1)[1]))).json()
    by_api = (await (await client.as_("ben")).post("/api/v1/consultations", json=ASKED)).json()
    own = {"id", "reference"}
    assert {k: v for k, v in by_page.items() if k not in own} == {
        k: v for k, v in by_api.items() if k not in own
    }
    assert (by_page["reference"], by_api["reference"]) == ("BA-2026-001", "BA-2026-002")
    assert await field(db, by_page["id"], "requested_by") == await make.person_id(db, "ben")
