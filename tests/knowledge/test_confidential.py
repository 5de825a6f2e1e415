"""Confidential documents: for named people alone, in lists, search, files and versions; every reading is on record."""

from typing import Any
from uuid import UUID

import pytest

from circle.core.db import Connection
from tests import make
from tests.clients import Clients

from . import WRITTEN, act, acts, api, change, released, submitted

pytestmark = [pytest.mark.confidential, pytest.mark.usefixtures("team")]
OTHERS = ("anna", "ben", "quirin", "rolf", "clara")


async def secret(client: Clients, db: Connection, **changed: Any) -> dict[str, Any]:
    """Wanda's confidential text, released by Frida, whom she named."""
    named = [str(await make.person_id(db, "frida"))]
    return await released(
        client, title="Geheimer Titel", confidentiality="confidential", named=named, **changed
    )


async def test_only_the_owner_and_named_people_find_it(client: Clients, db: Connection) -> None:
    made = await secret(client, db)
    assert made["reference"] == "WD-V01"
    for nick in OTHERS:
        who = await client.as_(nick)
        for path in ("", "versions", "versions/1", "print"):
            hidden, unknown = await who.get(api(made["id"], path)), await who.get(api(UUID(int=1), path))
            assert hidden.status_code == 404
            assert {**hidden.json(), "request_id": ""} == {**unknown.json(), "request_id": ""}
        assert (await who.get("/api/v1/documents")).json()["items"] == []
        page = await (await client.browser(nick)).get(f"/wissen/{made['reference']}")
        assert page.status_code == 404 and "Geheimer" not in page.text
        assert "Geheimer" not in (await (await client.browser(nick)).get("/wissen")).text
    for nick in ("wanda", "frida"):
        assert (await (await client.as_(nick)).get(api(made["id"]))).json()["named"][0][
            "name"
        ] == "Frida Probe"


async def test_acts_of_others_meet_404(client: Clients, db: Connection) -> None:
    made = await secret(client, db)
    for nick in OTHERS:
        for name, body in (("submit", None), ("release", None), ("return", {"reason": "x"}), ("retire", {"note": "x"}),
                ("supersede", {"successor_id": made["id"]})):  # fmt: skip
            assert (await act(client, nick, made["id"], name, body)).status_code == 404, (nick, name)
        who = await client.as_(nick)
        answer = await who.patch(api(made["id"]), json={"title": "X"}, headers={"if-match": '"v3"'})
        assert answer.status_code == 404


async def test_every_reading_is_recorded_with_its_purpose(client: Clients, db: Connection) -> None:
    made = await secret(client, db)
    frida = await client.as_("frida")
    for path in ("", "versions/1", "print"):
        assert (await frida.get(api(made["id"], path))).status_code == 200
    await (await client.browser("frida")).get(f"/wissen/{made['reference']}")
    rows = await db.fetch(
        "select actor_name, reference, detail ->> 'purpose' as purpose from audit_event where action = 'document.read'"
    )
    assert [tuple(row) for row in rows] == [
        ("Frida Probe", "WD-V01", purpose) for purpose in ("read", "read", "print", "read")]  # fmt: skip
    other = await released(client)
    await frida.get(api(other["id"]))
    assert "document.read" not in await acts(db, other["id"])


async def test_its_index_row_is_sealed_and_its_words_are_offered_to_nobody(
    client: Clients, db: Connection
) -> None:
    made = await secret(client, db, body="Zwiebelkuchengeheimnis")
    row = await db.fetchrow("select audience from search_sealed where source_id = $1", UUID(made["id"]))
    assert row and row["audience"] == [f"named:{made['id']}", f"person:{made['owner_id']}"]
    assert not await db.fetchval("select count(*) from search_entry where source_id = $1", UUID(made["id"]))
    assert not await db.fetchval("select count(*) from search_word where word like 'zwiebelkuchen%'")


async def test_its_files_are_shut_for_others(client: Clients, db: Connection) -> None:
    wanda = await client.as_("wanda")
    file_id = (await wanda.post("/api/v1/files", files={"file": ("a.txt", b"geheim")})).json()["id"]
    await secret(client, db, file_ids=[file_id])
    for nick in OTHERS:
        assert (await (await client.as_(nick)).get(f"/api/v1/files/{file_id}/content")).status_code == 404
    assert (await (await client.as_("frida")).get(f"/api/v1/files/{file_id}/content")).status_code == 200


async def test_whoever_is_no_longer_named_is_shut_out_at_once(client: Clients, db: Connection) -> None:
    made = await secret(client, db)
    frida = await client.as_("frida")
    assert (await frida.get(api(made["id"]))).status_code == 200
    assert (await change(client, "wanda", made["id"], named=[])).status_code == 200
    assert (await frida.get(api(made["id"]))).status_code == 404


async def test_only_people_of_the_houses_are_named(client: Clients, db: Connection) -> None:
    await make.person(db, "tim", roles=["technical_admin"])
    for nick in ("clara", "tim"):
        named = [str(await make.person_id(db, nick))]
        answer = await (await client.as_("wanda")).post(
            "/api/v1/documents", json=WRITTEN | {"confidentiality": "confidential", "named": named}
        )
        assert answer.status_code == 400 and answer.json()["errors"][0]["field"] == "named"


async def test_raised_to_confidential_the_text_is_shut_for_its_readers(
    client: Clients, db: Connection
) -> None:
    made = await released(client)
    frida_id = str(await make.person_id(db, "frida"))
    now = (await change(client, "wanda", made["id"], confidentiality="confidential", named=[frida_id])).json()
    assert now["draft"]["confidentiality"] == "confidential"
    # The next version is shut from the moment one of its levels is; others are told nothing of its text.
    seen = (await (await client.as_("anna")).get(api(made["id"]))).json()
    assert seen["draft"] is None
    taken = await (await client.as_("anna")).patch(
        api(made["id"]), json={"title": "X"}, headers={"if-match": f'"v{seen["revision"]}"'}
    )
    assert taken.status_code == 409
    await act(client, "wanda", made["id"], "submit", {})
    assert (await act(client, "quirin", made["id"], "release", {})).status_code == 409
    assert (await act(client, "frida", made["id"], "release", {})).status_code == 200
    for nick in OTHERS:
        assert (await (await client.as_(nick)).get(api(made["id"]))).status_code == 404
        assert (await (await client.as_(nick)).get(api(made["id"], "versions/1"))).status_code == 404
    assert not await db.fetchval("select count(*) from search_entry where source_id = $1", UUID(made["id"]))


async def test_an_editor_who_shuts_somebody_elses_draft_stays_named(client: Clients, db: Connection) -> None:
    made = await submitted(client, owner_id=str(await make.person_id(db, "ben")))
    now = await change(client, "anna", made["id"], confidentiality="confidential", named=[])
    assert now.status_code == 200 and [one["name"] for one in now.json()["named"]] == ["Anna Amt"]
    assert (await (await client.as_("wanda")).get(api(made["id"]))).status_code == 404
    assert (await (await client.as_("ben")).get(api(made["id"]))).status_code == 200
