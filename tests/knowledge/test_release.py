"""Submitting, giving back and releasing: four eyes, the frozen version, the index, the next version."""

from datetime import timedelta
from uuid import UUID

import asyncpg
import pytest

from circle.core.clock import Clock
from circle.core.db import Connection
from circle.knowledge import actions, rules
from tests import make
from tests.clients import Clients

from . import act, acts, api, change, indexed, released, submitted, write

pytestmark = pytest.mark.usefixtures("team")


async def test_it_works_from_draft_to_a_frozen_version(client: Clients, db: Connection) -> None:
    made = await submitted(client)
    assert made["state"] == "in_review"
    answer = await act(client, "frida", made["id"], "release", {"review_on": "2027-06-30"})
    now = answer.json()
    assert answer.status_code == 200 and answer.headers["etag"] == '"v3"'
    assert (now["state"], now["version"], now["released_on"], now["review_on"]) == (
        "released", 1, "2026-11-23", "2027-06-30")  # fmt: skip
    assert now["released_by_name"] == "Frida Probe"
    (version,) = now["versions"]
    assert version["sha256"] == rules.fingerprint(made["title"], made["abstract"], made["body"], [])
    assert (version["number"], version["released_by_name"], version["confidentiality"]) == (
        1, "Frida Probe", "internal")  # fmt: skip
    assert await acts(db, made["id"]) == ["document.drafted", "document.submitted", "document.released"]
    place, _, body, trust = await indexed(db, made["id"]) or ("", "", "", 0)
    assert (place, trust) == ("open", 1.0) and "Dolmetschen im" in body and "**" not in body
    assert (await (await client.as_("rolf")).get(api(made["id"]))).json()["title"] == made["title"]
    assert (await (await client.as_("clara")).get(api(made["id"]))).status_code == 404


async def test_a_version_is_never_changed(client: Clients, db: Connection) -> None:
    await released(client)
    with pytest.raises(asyncpg.PostgresError):
        await db.execute("update document_version set title = 'X'")


async def test_without_a_date_it_is_checked_again_in_twelve_months(client: Clients) -> None:
    assert (await released(client))["review_on"] == "2027-11-23"
    assert (await released(client, review_on="2027-01-15"))["review_on"] == "2027-01-15"
    made = await submitted(client)
    late = await act(client, "frida", made["id"], "release", {"review_on": "2028-01-01"})
    assert late.status_code == 400 and late.json()["errors"][0]["field"] == "review_on"


async def test_four_eyes_neither_the_owner_nor_the_last_editor(client: Clients) -> None:
    own = (
        await (await client.as_("frida")).post(
            "/api/v1/documents", json={"title": "T", "kind": "Plan", "body": "x"}
        )
    ).json()
    assert (await act(client, "frida", own["id"], "submit")).status_code == 200
    refused = await act(client, "frida", own["id"], "release")
    assert refused.status_code == 403 and refused.json()["code"] == "four_eyes"
    made = await submitted(client)
    await change(client, "quirin", made["id"], body="Von Quirin.")
    refused = await act(client, "quirin", made["id"], "release")
    assert refused.status_code == 403 and refused.json()["code"] == "four_eyes"
    assert (await act(client, "frida", made["id"], "release")).status_code == 200


async def test_who_may_not_release_is_told(client: Clients) -> None:
    made = await submitted(client)
    for nick, status in {"wanda": 403, "anna": 403, "ben": 404, "rolf": 404, "clara": 404}.items():
        assert (await act(client, nick, made["id"], "release")).status_code == status, nick


async def test_it_needs_a_key_and_a_recent_sign_in(client: Clients, db: Connection) -> None:
    made = await submitted(client)
    frida = await client.as_("frida")
    without = await frida.post(api(made["id"], "release"))
    assert without.status_code == 400 and without.json()["code"] == "key_required"
    await db.execute("update session set signed_in_at = now() - interval '16 minutes'")
    old = await frida.post(api(made["id"], "release"), headers={"idempotency-key": "k"})
    assert old.status_code == 401 and old.json()["code"] == "sign_in_again"


async def test_twice_with_the_same_key_is_once(client: Clients, db: Connection) -> None:
    made = await submitted(client)
    first = await act(client, "frida", made["id"], "release")
    again = await act(client, "frida", made["id"], "release")
    assert first.json() == again.json()
    assert await db.fetchval("select count(*) from document_version") == 1
    other = await act(client, "quirin", made["id"], "release")
    assert other.status_code == 409 and other.json()["code"] == "not_in_review"


async def test_stale_gets_412(client: Clients) -> None:
    made = await submitted(client)
    await change(client, "wanda", made["id"], body="Noch etwas.")
    answer = await act(client, "frida", made["id"], "release", None, if_match='"v2"')
    assert answer.status_code == 412 and answer.json()["current"]["revision"] == 3


async def test_an_empty_text_is_not_submitted_and_nothing_twice(client: Clients) -> None:
    empty = await write(client, body="  ")
    answer = await act(client, "wanda", empty["id"], "submit")
    assert answer.status_code == 400 and answer.json()["errors"][0]["field"] == "body"
    made = await submitted(client)
    again = await act(client, "wanda", made["id"], "submit", None, idempotency_key="zweites Mal")
    assert again.status_code == 409


async def test_given_back_with_the_reason_and_submitted_again(client: Clients, db: Connection) -> None:
    made = await submitted(client, owner_id=str(await make.person_id(db, "ben")))
    refused = await act(client, "wanda", made["id"], "return", {"reason": "Quelle fehlt."})
    assert refused.status_code == 403
    assert (await act(client, "quirin", made["id"], "return", {"reason": " "})).status_code == 400
    back = await act(client, "quirin", made["id"], "return", {"reason": "Quelle fehlt."})
    assert (back.json()["state"], back.json()["return_note"]) == ("draft", "Quelle fehlt.")
    assert (await act(client, "ben", made["id"], "submit")).json()["return_note"] == ""
    own = await act(client, "ben", made["id"], "return", {"reason": "Ich möchte noch etwas ändern."})
    assert own.status_code == 200
    assert (await acts(db, made["id"]))[1:] == [
        "document.submitted", "document.returned", "document.submitted", "document.returned"]  # fmt: skip


async def test_the_next_version_replaces_the_text_and_the_first_stays_readable(
    client: Clients, db: Connection
) -> None:
    made = await released(client)
    await change(client, "anna", made["id"], title="Zweite Fassung", body="Neuer Text.")
    sent = (await act(client, "anna", made["id"], "submit")).json()
    assert (sent["state"], sent["draft_state"]) == ("released", "in_review")
    back = (await act(client, "quirin", made["id"], "return", {"reason": "Kürzer."})).json()
    assert back["draft"]["return_note"] == "Kürzer." and back["return_note"] == ""
    await act(client, "anna", made["id"], "submit", None, idempotency_key="noch einmal")
    refused = await act(client, "frida", made["id"], "release", {"review_on": "2026-01-01"})
    assert refused.status_code == 400
    now = (await act(client, "frida", made["id"], "release", {})).json()
    assert (now["version"], now["title"], now["body"], now["draft"]) == (
        2,
        "Zweite Fassung",
        "Neuer Text.",
        None,
    )
    assert [version["number"] for version in now["versions"]] == [2, 1]
    rolf = await client.as_("rolf")
    first = (await rolf.get(api(made["id"], "versions/1"))).json()
    assert (first["body"], first["document"]["reference"]) == (made["body"], made["reference"])
    assert (await indexed(db, made["id"]) or ("", ""))[1] == "Zweite Fassung"


async def test_a_text_is_checked_again_as_it_is(client: Clients) -> None:
    made = await released(client)
    sent = (await act(client, "wanda", made["id"], "submit", {})).json()
    assert sent["draft"]["body"] == made["body"] and sent["draft_state"] == "in_review"
    now = (await act(client, "quirin", made["id"], "release")).json()
    assert (now["version"], now["body"], now["review_on"]) == (2, made["body"], "2027-11-23")


async def test_level_goes_down_only_with_the_release_and_moves_the_index(
    client: Clients, db: Connection
) -> None:
    made = await released(client, confidentiality="circle")
    rolf, clara = await client.as_("rolf"), await client.as_("clara")
    assert (await rolf.get(api(made["id"]))).status_code == 404
    await change(client, "frida", made["id"], confidentiality="public")
    await act(client, "frida", made["id"], "submit")
    assert (await clara.get(api(made["id"]))).status_code == 404
    assert (await act(client, "frida", made["id"], "release", {})).status_code == 403
    assert (await act(client, "quirin", made["id"], "release")).status_code == 200
    seen = (await clara.get(api(made["id"]))).json()
    assert seen["confidentiality"] == "public"
    # The first version was for the circle, and stays so.
    assert [version["number"] for version in seen["versions"]] == [2]
    assert (await clara.get(api(made["id"], "versions/1"))).status_code == 404
    assert await db.fetchval("select audience from search_entry where source_id = $1", UUID(made["id"])) == [
        "public", f"person:{made['owner_id']}"]  # fmt: skip


async def test_a_released_answer_becomes_a_document_without_a_way_back(
    client: Clients, db: Connection, office: Clock
) -> None:
    wanda_id = await make.person_id(db, "wanda")
    frida = await make.actor(db, office, "frida")
    document_id = await actions.release_from_consultation(
        db, frida, title="Welche Standards gelten?", abstract="Kurz.", body="Die **Standards**.", topics=["sprache"],
        level="internal", review_on=office.now().date() + timedelta(days=100), owner_id=wanda_id,
        authority_id=await make.authority(db, "kfi"),
    )  # fmt: skip
    found = (await (await client.as_("rolf")).get(api(document_id))).json()
    assert (found["state"], found["kind"], found["owner_name"], found["released_by_name"]) == (
        "released", "Antwort aus Beratung", "Wanda Probe", "Frida Probe")  # fmt: skip
    assert found["review_on"] == "2027-03-03"
    assert found["versions"][0]["sha256"] == rules.fingerprint(
        "Welche Standards gelten?", "Kurz.", "Die **Standards**.", []
    )
    assert (await indexed(db, str(document_id)) or ("",))[0] == "open"
    assert await acts(db, str(document_id)) == ["document.released"]
