"""Files of documents: open to whoever may read the text, in every state, and their words in the index."""

from uuid import UUID

import pytest

from circle.core.db import Connection
from circle.core.files import Storage
from circle.knowledge import actions, rules
from tests import make
from tests.clients import Clients, OneConnection

from . import act, api, change, indexed, released, submitted, write

pytestmark = pytest.mark.usefixtures("team")
TEXT = "Rahmenvertrag für Dolmetschleistungen".encode()


async def upload(
    client: Clients, nick: str = "wanda", name: str = "anlage.txt", content: bytes = TEXT
) -> str:
    answer = await (await client.as_(nick)).post("/api/v1/files", files={"file": (name, content)})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


async def opens(client: Clients, file_id: str) -> set[str]:
    """Who may download a file."""
    found = set()
    for nick in ("wanda", "frida", "ben", "rolf", "clara"):
        answer = await (await client.as_(nick)).get(f"/api/v1/files/{file_id}/content")
        found |= {nick} if answer.status_code == 200 else set()
    return found


async def test_a_file_follows_the_text_from_draft_to_release(client: Clients) -> None:
    file_id = await upload(client)
    assert await opens(client, file_id) == {"wanda"}
    made = await submitted(client, file_ids=[file_id])
    assert made["file_ids"] == [file_id] and made["files"][0]["name"] == "anlage.txt"
    assert await opens(client, file_id) == {"wanda", "frida"}
    now = (await act(client, "frida", made["id"], "release")).json()
    assert await opens(client, file_id) == {"wanda", "frida", "ben", "rolf"}
    assert now["versions"][0]["sha256"] == rules.fingerprint(
        now["title"], now["abstract"], now["body"], now["files"]
    )
    version = (await (await client.as_("rolf")).get(api(made["id"], "versions/1"))).json()
    assert version["files"] == now["files"]


async def test_only_own_or_open_files_are_used(client: Clients) -> None:
    file_id = await upload(client, "ben")
    answer = await (await client.as_("wanda")).post(
        "/api/v1/documents", json={"title": "T", "kind": "Plan", "file_ids": [file_id]}
    )
    assert answer.status_code == 400 and answer.json()["code"] == "unknown_reference"


async def test_a_file_of_the_next_version_is_for_those_who_work_on_it(
    client: Clients, db: Connection
) -> None:
    first = await upload(client)
    made = await released(client, file_ids=[first])
    second = await upload(client, name="neu.txt", content=b"Neue Anlage")
    now = (await change(client, "wanda", made["id"], file_ids=[second])).json()
    assert now["file_ids"] == [first] and [file["id"] for file in now["draft"]["files"]] == [second]
    assert await opens(client, second) == {"wanda", "frida"}
    await act(client, "wanda", made["id"], "submit", {})
    now = (await act(client, "frida", made["id"], "release", {})).json()
    assert now["file_ids"] == [second] and await opens(client, second) == {"wanda", "frida", "ben", "rolf"}
    # The first one still belongs to the first version.
    assert await opens(client, first) == {"wanda", "frida", "ben", "rolf"}


async def test_files_of_a_stricter_earlier_version_stay_shut(client: Clients, db: Connection) -> None:
    first = await upload(client, "frida")
    own = {"title": "T", "kind": "Plan", "body": "x", "confidentiality": "circle", "file_ids": [first]}
    made = (await (await client.as_("frida")).post("/api/v1/documents", json=own)).json()
    await act(client, "frida", made["id"], "submit")
    await act(client, "quirin", made["id"], "release")
    assert await opens(client, first) == {"frida", "ben"}
    await change(client, "frida", made["id"], confidentiality="public", file_ids=[])
    await act(client, "frida", made["id"], "submit", {})
    assert (await act(client, "quirin", made["id"], "release", {})).status_code == 200
    assert (await (await client.as_("clara")).get(api(made["id"]))).status_code == 200
    assert await opens(client, first) == {"frida", "ben"}


async def test_a_file_taken_out_of_a_draft_is_the_uploaders_alone(client: Clients) -> None:
    file_id = await upload(client)
    made = await write(client, file_ids=[file_id])
    assert await opens(client, file_id) == {"wanda", "frida"}
    await change(client, "wanda", made["id"], file_ids=[])
    assert await opens(client, file_id) == {"wanda"}


async def test_words_of_a_file_come_into_the_index_and_twice_is_once(
    client: Clients, db: Connection, database: OneConnection, storage: Storage
) -> None:
    file_id = await upload(client)
    assert [job["file_id"] for job in await make.outbox(db, "knowledge.extract_text")] == [file_id]
    made = await released(client, file_ids=[file_id])
    assert "Rahmenvertrag" not in (await indexed(db, made["id"]) or ("", "", ""))[2]
    for _ in range(2):
        await actions.extract_text(database, storage, UUID(file_id))
        place, _, body, _ = await indexed(db, made["id"]) or ("", "", "", 0)
        assert (place, body.count("Rahmenvertrag")) == ("open", 1)
    assert await db.fetchval("select count(*) from audit_event where action = 'file.text_unread'") == 0


async def test_a_file_that_cannot_be_read_is_noted_and_left(
    client: Clients, db: Connection, database: OneConnection, storage: Storage
) -> None:
    file_id = UUID(await upload(client, name="kaputt.docx", content=b"PK\x03\x04 kein Archiv"))
    await actions.extract_text(database, storage, file_id)
    await db.execute("update file set key = 'aa/weg' where id = $1", file_id)
    await actions.extract_text(database, storage, file_id)
    reasons = await db.fetch(
        "select detail ->> 'reason' from audit_event where object_id = $1 order by id", file_id
    )
    assert [row[0] for row in reasons] == ["the file could not be read", "the bytes are gone"]
    await actions.extract_text(database, storage, UUID(int=0))
