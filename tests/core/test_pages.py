"""What every page has in common."""

import re
from pathlib import Path

from circle.core import pages
from circle.core.db import Connection
from tests import make
from tests.clients import Clients
from tests.consultations import Page


async def test_the_error_summary_names_the_field_by_its_label(client: Clients) -> None:
    ben = await client.browser("ben")
    answer = await ben.post(
        "/anfragen", {"question": "Welche Standards?", "subject": "", "idempotency_key": "k"}
    )
    assert answer.status_code == 422
    assert '<a href="#field-subject">Betreff: Bitte ausfüllen.</a>' in answer.text


async def test_words_that_no_form_shows_any_more_stand_below_the_reason(
    client: Clients, db: Connection
) -> None:
    ben = await client.browser("ben")
    new = {"title": "Liste", "owner_id": str(await make.person_id(db, "ben")), "due": "2026-12-01"}
    task = (await (await client.as_("anna")).post("/api/v1/tasks", json=new)).json()["id"]
    await db.execute("update task set status = 'done'")
    late = await ben.post(
        f"/aufgaben/{task}/ablehnen", {"revision": "1", "reason": "Keine <Zeit>", "idempotency_key": "k"}
    )
    assert late.status_code == 409 and "Keine &lt;Zeit&gt;</textarea>" in late.text
    assert '<a href="#field-unsaved">Ihr Text: Ist nicht gespeichert' in late.text
    Page(late.text).check()
    gone = await (await client.browser("anna")).post(
        "/aufgaben/neu", {"item_id": str(task), "title": "Liste der Dienste"}
    )
    assert gone.status_code == 404 and "Liste der Dienste</textarea>" in gone.text
    Page(gone.text).check()


async def test_a_form_sent_before_comes_back_and_can_be_sent_anew(client: Clients, db: Connection) -> None:
    anna = await client.browser("anna")
    form = {
        "title": "Liste der Dienste",
        "owner_id": str(await make.person_id(db, "ben")),
        "due": "2026-12-01",
    }
    assert (await anna.post("/aufgaben/neu", form | {"idempotency_key": "k"})).status_code == 303
    changed = await anna.post(
        "/aufgaben/neu", form | {"title": "Liste aller Dienste", "idempotency_key": "k"}
    )
    assert changed.status_code == 422 and 'value="Liste aller Dienste"' in changed.text
    assert "schon abgesendet" in changed.text and "Idempotency" not in changed.text
    fresh = Page(changed.text).values["idempotency_key"]
    done = await anna.post("/aufgaben/neu", form | {"title": "Liste aller Dienste", "idempotency_key": fresh})
    assert done.status_code == 303


async def test_a_password_is_never_shown_again(client: Clients) -> None:
    ben = await client.browser("ben")
    typed = {
        "old": "vier alte kurze Worte",
        "new": "vier neue kurze Worte",
        "again": "und andere kurze Worte",
    }
    told = await ben.post("/konto/kennwort", typed)
    assert told.status_code == 422 and "kurze Worte" not in told.text


def test_every_password_field_is_known_as_a_secret() -> None:
    found = set()
    for template in (Path(__file__).parents[2] / "circle").rglob("*.html"):
        found |= set(re.findall(r"text\('(\w+)'[^}]*type='password'", template.read_text()))
    assert found == pages.SECRETS


def test_no_file_is_said_to_be_empty_for_being_small() -> None:
    size = pages.environment({}).filters["size"]
    told = {
        1: "1 kB",
        400: "1 kB",
        1024: "1 kB",
        1600: "2 kB",
        500 * 1024: "500 kB",
        3 * 1024**2 // 2: "1,5 MB",
    }
    assert {bytes_: size(bytes_) for bytes_ in told} == told
