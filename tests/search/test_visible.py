"""What somebody may not see is not found, not counted, not suggested and weighs nothing."""

from typing import Any

import httpx
import pytest

from circle.core.db import Connection
from circle.search import index
from tests import make
from tests.clients import Clients

from . import put, titles

ASKED = [
    "Quittengelee",
    "quitten",
    "Quitengelee",
    '"geheime Quittengelee"',
    "Sprachmittlung Quittengelee",
    "Sprachmitlung",
    "-Quittengelee Sprachmittlung",
    "Sprachmittlung Standards Beratung",
    "gelee",
    "WD-777",
    "BA-2026-V01",
    "Beratungskonzept",
    "",
]


@pytest.mark.confidential
async def test_levels_and_named_persons(client: Clients, db: Connection) -> None:
    dora = await make.person(db, "dora", authority="br-koeln", roles=["regional_staff"])
    await put(db, "öffentlich Quittengelee", level="public")
    await put(db, "intern Quittengelee", level="internal")
    await put(db, "Kreis Quittengelee", level="circle")
    await put(db, "geheim Quittengelee", level="confidential", audience=[f"person:{dora}"])
    seen = {
        nick: {one.split()[0] for one in await titles(await client.as_(nick), "Quittengelee")}
        for nick in ("anna", "ben", "clara", "dora")
    }
    assert "geheim" not in seen["anna"] | seen["ben"] | seen["clara"]
    assert "geheim" in seen["dora"]


async def test_each_level_opens_what_it_should(client: Clients, db: Connection) -> None:
    await make.person(db, "dora", authority="br-koeln", roles=["regional_staff"])
    await make.person(db, "tim", roles=["technical_admin"])
    for level in ("public", "internal", "circle"):
        await put(db, f"{level} Quittengelee", level=level)
    seen = {
        nick: {one.split()[0] for one in await titles(await client.as_(nick), "Quittengelee")}
        for nick in ("ben", "dora", "clara", "tim")
    }
    assert seen == {
        "ben": {"public", "internal", "circle"},
        "dora": {"public", "internal"},
        "clara": {"public"},
        "tim": set(),
    }


async def answers(program: httpx.AsyncClient, filters: list[dict[str, Any]]) -> list[bytes]:
    """Every answer to every question, byte for byte."""
    found = []
    for query in ASKED:
        for narrowed in filters:
            body = {"query": query, "limit": 3, "filters": narrowed}
            answer = await program.post("/api/v1/search", json=body)
            assert answer.status_code == 200
            found.append(answer.content)
            if following := answer.json()["next"]:
                found.append((await program.post(following, json=body)).content)
    return found


@pytest.mark.parametrize(
    "nick, level",
    [
        pytest.param("clara", "confidential", marks=pytest.mark.confidential),
        pytest.param("ben", "confidential", marks=pytest.mark.confidential),
        ("clara", "circle"),
        ("clara", "internal"),
        ("dora", "circle"),
    ],
)
async def test_twin_worlds_answer_the_same(client: Clients, db: Connection, nick: str, level: str) -> None:
    """Two worlds that differ only in what the caller may not see."""
    await make.person(db, "dora", authority="br-koeln", roles=["regional_staff"])
    for number in range(8):
        await put(
            db,
            f"Sprachmittlung {number}",
            "Standards der Beratung. " * (number + 1),
            level="public",
            year=2020 + number,
        )
    program = await client.as_(nick)
    filters: list[dict[str, Any]] = [
        {},
        {"year": 2022},
        {"kind": "Leitfaden"},
        {"level": ["public", "confidential"]},
    ]
    before = await answers(program, filters)
    audience = [f"person:{await make.person_id(db, 'anna')}"] if level == "confidential" else [level]
    for number in range(30):
        await put(
            db, f"Geheime Quittengelee Sprachmittlung {number}", "Standards Beratungskonzept Quittengelee",
            level=level, audience=audience, reference=f"WD-{777 + number}", year=2022, kind="Rezept",
            topics=["quitten"], authority_id=await make.authority(db, "br-muenster"),
        )  # fmt: skip
    await put(
        db, "Anfrage", level=level, audience=audience, reference="BA-2026-V01", source_kind="consultation"
    )
    assert await answers(program, filters) == before


@pytest.mark.confidential
async def test_what_becomes_secret_is_gone_at_once(client: Clients, db: Connection) -> None:
    """Raising a level takes effect before the next answer (domain rules 3.3)."""
    found = await put(db, "Quittengelee", "Rezept", level="public")
    clara = await client.as_("clara")
    assert await titles(clara, "Quittengelee") == ["Quittengelee"]
    anna = await make.person_id(db, "anna")
    await put(
        db, "Quittengelee", "Rezept", level="confidential", audience=[f"person:{anna}"], source_id=found
    )
    answer = (await clara.post("/api/v1/search", json={"query": "Quitengelee"})).json()
    assert (answer["results"], answer["suggestion"], answer["total"]) == ([], None, 0)
    assert await titles(await client.as_("anna"), "Quittengelee") == ["Quittengelee"]
    await put(db, "Quittengelee", "Rezept", level="public", source_id=found)
    assert await titles(clara, "Quittengelee") == ["Quittengelee"]
    await index.drop(db, "document", found)
    assert await titles(clara, "Quittengelee") == []


async def test_a_withdrawn_role_finds_no_more(client: Clients, db: Connection) -> None:
    dora = await make.person(db, "dora", authority="br-koeln", roles=["regional_staff"])
    await put(db, "Quittengelee")
    program = await client.as_("dora")
    assert await titles(program, "Quittengelee") == ["Quittengelee"]
    await db.execute("delete from role_grant where person_id = $1", dora)
    assert await titles(program, "Quittengelee") == []


@pytest.mark.confidential
async def test_confidential_text_is_read_in_its_thing_only(client: Clients, db: Connection) -> None:
    """Reading confidential content is recorded; a snippet would be read without."""
    anna = await make.person_id(db, "anna")
    await put(db, "Quittengelee", "Zucker und Quitten", level="confidential", audience=[f"person:{anna}"])
    program = await client.as_("anna")
    (hit,) = (await program.post("/api/v1/search", json={"query": "Quitten"})).json()["results"]
    assert hit["snippet"] == "" and hit["title"] == "Quittengelee"
