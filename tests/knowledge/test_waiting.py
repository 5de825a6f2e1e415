"""What waits on the start page: texts to release, texts that came back, texts past their review day."""

from uuid import UUID

import pytest

from circle.core.db import Connection
from tests import make
from tests.clients import Clients
from tests.consultations import Page

from . import act, change, released, submitted

pytestmark = pytest.mark.usefixtures("team")


async def desk(client: Clients, nick: str) -> str:
    answer = await (await client.browser(nick)).get("/")
    assert answer.status_code == 200, answer.text
    Page(answer.text).check()
    return answer.text.split("Neues Wissen")[0]


async def test_a_text_in_review_waits_for_those_who_may_release_it(client: Clients) -> None:
    made = await submitted(client)
    for nick, waits in {"frida": True, "quirin": True, "wanda": False, "anna": False, "rolf": False}.items():
        assert ("Dokument freigeben" in await desk(client, nick)) is waits, nick
    await change(client, "quirin", made["id"], abstract="Kürzer.")
    assert "Dokument freigeben" not in await desk(client, "quirin")
    await act(client, "frida", made["id"], "release")
    assert "Dokument freigeben" not in await desk(client, "frida")
    await change(client, "anna", made["id"], title="Zweite Fassung")
    await act(client, "anna", made["id"], "submit", {})
    assert "Zweite Fassung" in await desk(client, "frida")


async def test_what_came_back_and_what_is_due_waits_for_whoever_answers_for_it(
    client: Clients, db: Connection
) -> None:
    made = await submitted(client)
    await act(client, "quirin", made["id"], "return", {"reason": "Quelle fehlt."})
    assert "Aus der Prüfung zurück" in await desk(client, "wanda")
    assert "Aus der Prüfung zurück" not in await desk(client, "anna")
    due = await released(client, title="Alter Text")
    await db.execute("update document set review_on = '2026-11-20' where id = $1", UUID(due["id"]))
    assert "Prüftermin eines Dokuments" in await desk(client, "wanda")
    await act(client, "wanda", due["id"], "submit", {})
    assert "Prüftermin eines Dokuments" not in await desk(client, "wanda")


@pytest.mark.confidential
async def test_a_confidential_one_waits_for_named_people_alone(client: Clients, db: Connection) -> None:
    named = [str(await make.person_id(db, "frida"))]
    await submitted(client, title="Geheimer Titel", confidentiality="confidential", named=named)
    assert "Geheimer Titel" in await desk(client, "frida")
    assert "Geheimer Titel" not in await desk(client, "quirin")
