"""Signing in and out, by program and by page."""

from circle.core.db import Connection
from tests import make
from tests.clients import Clients, queries


async def test_it_works_and_the_token_opens_the_door(client: Clients, db: Connection) -> None:
    await make.person(db, "dora", roles=["kfi_expert"], password="streng geheim")
    answer = await client.stranger.post(
        "/api/v1/sessions", json={"email": "Dora@example.org", "password": "streng geheim"}
    )
    assert answer.status_code == 201
    token = answer.json()["token"]
    me = await client.stranger.get("/api/v1/me", headers={"authorization": f"Bearer {token}"})
    assert me.json()["roles"] == ["kfi_expert"] and answer.json()["person"]["name"] == "Dora Probe"
    out = await client.stranger.delete("/api/v1/sessions", headers={"authorization": f"Bearer {token}"})
    assert out.status_code == 204
    assert (
        await client.stranger.get("/api/v1/me", headers={"authorization": f"Bearer {token}"})
    ).status_code == 401


async def test_ten_failures_close_the_account_for_a_while(client: Clients, db: Connection) -> None:
    await make.person(db, "dora", roles=["kfi_expert"], password="streng geheim")
    for _ in range(10):
        wrong = await client.stranger.post(
            "/api/v1/sessions", json={"email": "dora@example.org", "password": "falsch"}
        )
        assert wrong.status_code == 401 and wrong.json()["code"] == "sign_in_failed"
    right = await client.stranger.post(
        "/api/v1/sessions", json={"email": "dora@example.org", "password": "streng geheim"}
    )
    assert right.status_code == 429 and 0 < int(right.headers["retry-after"]) <= 900


async def test_the_page_gives_a_cookie_and_leads_only_inside(client: Clients, db: Connection) -> None:
    await make.person(db, "dora", roles=["kfi_expert"], password="streng geheim")
    form = {"email": "dora@example.org", "password": "streng geheim", "next": "//evil.example"}
    answer = await client.stranger.post("/anmelden", data=form, headers={"sec-fetch-site": "same-origin"})
    assert answer.status_code == 303 and answer.headers["location"] == "/"
    cookie = answer.headers["set-cookie"]
    assert "circle=" in cookie and "HttpOnly" in cookie and "SameSite=lax" in cookie


async def test_a_foreign_site_cannot_submit_a_form(client: Clients) -> None:
    answer = await client.stranger.post(
        "/anmelden", data={"email": "a@b.example"}, headers={"sec-fetch-site": "cross-site"}
    )
    assert answer.status_code == 403


async def test_pages_lead_strangers_to_sign_in_and_programs_get_401(client: Clients) -> None:
    page = await client.stranger.get("/personen?q=a")
    assert page.status_code == 303 and page.headers["location"] == "/anmelden?next=/personen%3Fq%3Da"
    assert (await client.stranger.get("/api/v1/people")).status_code == 401


async def test_the_directory_is_one_query(client: Clients, db: Connection) -> None:
    anna = await client.as_("anna")
    with queries(db) as seen:
        answer = await anna.get("/api/v1/people?limit=2")
    assert len(seen) == 1, seen
    assert [person["name"] for person in answer.json()["items"]] == ["Anna Amt", "Ben Beauftragt"]
    rest = await anna.get(answer.json()["next"])
    assert [person["name"] for person in rest.json()["items"]] == ["Clara Außen"] and rest.json()[
        "next"
    ] is None


async def test_outsiders_see_no_directory(client: Clients) -> None:
    clara = await client.as_("clara")
    assert (await clara.get("/api/v1/people")).json()["items"] == []


async def test_unknown_fields_and_broken_input_are_told(client: Clients) -> None:
    unknown = await client.stranger.post(
        "/api/v1/sessions", json={"email": "a@b.example", "password": "x", "admin": True}
    )
    assert unknown.status_code == 400 and unknown.json()["errors"] == [
        {"field": "admin", "detail": "Dieses Feld gibt es nicht."}
    ]
    broken = await client.stranger.post("/api/v1/sessions", content=b'{"email": "\xff"}')
    assert broken.status_code == 400 and broken.headers["content-type"] == "application/problem+json"
