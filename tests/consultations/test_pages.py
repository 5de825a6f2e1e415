"""Requests for people: every page and form works without script, keeps what was typed, and does nothing twice."""

import re
from typing import Any

import pytest

from circle.core.clock import Clock
from circle.core.db import Connection
from tests import make
from tests.clients import Browser, Clients

from . import ASKED, Page, acts, api, field

FORM = {"subject": ASKED["subject"], "question": ASKED["question"], "no_personal_data": "true"}


async def opened(person: Browser, path: str) -> tuple[Page, str]:
    """A page, checked for what every page owes its readers."""
    answer = await person.get(path)
    assert answer.status_code == 200, (path, answer.status_code, answer.text)
    page = Page(answer.text)
    page.check()
    return page, answer.text


async def sent(person: Browser, path: str, form: dict[str, Any], step: str = "") -> str:
    """Open the form of a step, fill it in, send it twice as by a double click; the address that follows."""
    page, _ = await opened(person, path)
    act = next(one["action"] for one in page.forms if one.get("action", "").startswith("/anfragen") and (
        not step or one["action"].endswith(f"/{step}")))  # fmt: skip
    hidden = {name: page.values[name] for name in ("revision", "idempotency_key") if name in page.values}
    assert "idempotency_key" in hidden
    done = [await person.post(act, hidden | form) for _ in range(2)]
    assert [one.status_code for one in done] == [303, 303], done[0].text
    assert done[0].headers["location"] == done[1].headers["location"]
    return str(done[0].headers["location"])


async def test_the_whole_course_by_page(client: Clients, db: Connection, office: Clock) -> None:
    await make.advisers(db)
    names = ("ben", "anna", "dora", "quirin")
    ben, anna, dora, quirin = [await client.browser(name) for name in names]
    dora_id, emil_id, quirin_id = [str(await make.person_id(db, nick)) for nick in ("dora", "emil", "quirin")]
    found = (await sent(ben, "/anfragen/neu", FORM)).rsplit("/", 1)[1]
    path = "/anfragen/BA-2026-001"
    await sent(anna, path, {"assignee_id": dora_id, "deputy_id": emil_id, "reviewer_id": quirin_id}, "assign")
    await sent(dora, f"{path}?schritt=clarify", {"question": "Für welches Amt?"}, "clarify")
    await sent(ben, path, {"reply": "Für das Ausländeramt."}, "reply")
    sources = {"source_title": ["§ 8 TIntG", ""], "source_as_of": ["2026-11-20", ""], "source_note": ["", ""]}
    await sent(dora, path, {"answer": "Es gelten **Standards**.", **sources}, "answer")
    await sent(quirin, path, {"decision": "approve"}, "review")
    await sent(anna, path, {}, "send")
    _, shown = await opened(ben, path)
    assert "Es gelten <strong>Standards</strong>." in shown and "§ 8 TIntG, Stand 20.11.2026" in shown
    assert "Für das Ausländeramt." in shown
    assert await acts(db, found) == [f"consultation.{act}" for act in (
        "received", "assigned", "clarified", "replied", "answer_written", "review_approve", "sent")]  # fmt: skip
    await sent(anna, f"{path}?schritt=close", {"note": "Erledigt."}, "close")
    assert "Abgeschlossen" in (await opened(ben, path))[1]


async def test_a_draft_is_kept_changed_submitted_and_another_withdrawn(
    client: Clients, db: Connection
) -> None:
    ben = await client.browser("ben")
    path = await sent(ben, "/anfragen/neu", {"subject": "Entwurf", "question": "Was?", "draft": "true"})
    assert "Entwurf, noch ohne Nummer" in (await opened(ben, path))[1]
    await sent(ben, f"{path}/bearbeiten", {"subject": "Besser", "question": "Was?", "priority": "urgent",
        "urgency_reason": "Eilt"})  # fmt: skip
    assert "Besser" in (await opened(ben, path))[1]
    await sent(ben, path, {"no_personal_data": "true"}, "submit")
    assert await field(db, path.rsplit("/", 1)[1], "reference") == "BA-2026-001"
    other = await sent(ben, "/anfragen/neu", FORM)
    await sent(ben, f"{other}?schritt=withdraw", {"note": ""}, "withdraw")
    assert await field(db, other.rsplit("/", 1)[1], "state") == "withdrawn"


async def test_the_office_refers_or_points_to_the_stock(
    client: Clients, db: Connection, office: Clock
) -> None:
    await make.document(db)
    first, second = await make.consultation(db, office), await make.consultation(db, office)
    anna = await client.browser("anna")
    await sent(anna, f"/anfragen/{first}?schritt=refer", {"referred_to": "Landesamt"}, "refer")
    page = Page((await anna.get(f"/anfragen/{second}?schritt=close")).text)
    wrong = {"revision": page.values["revision"], "idempotency_key": "k", "note": "Steht schon da"}
    for reference, status in (("", 409), ("WD-1", 422)):
        refused = await anna.post(f"/anfragen/{second}/close", wrong | {"document_reference": reference})
        assert refused.status_code == status and 'id="error-document_reference"' in refused.text
        assert "Steht schon da" in refused.text
    await sent(anna, f"/anfragen/{second}?schritt=close", {"document_reference": "WD-900"}, "close")
    assert [await field(db, one, "state") for one in (first, second)] == ["referred", "answered_from_stock"]


async def test_errors_stand_at_the_field_and_values_stay(client: Clients, db: Connection) -> None:
    ben = await client.browser("ben")
    refused = await ben.post("/anfragen", {"subject": "Mein Betreff", "question": "", "priority": "urgent",
        "wish_date": "2026-13-01", "confidentiality": "confidential", "idempotency_key": "k"})  # fmt: skip
    assert refused.status_code == 422
    Page(refused.text).check()
    assert 'id="error-summary"' in refused.text and 'href="#field-question"' in refused.text
    assert 'id="error-question"' in refused.text and 'id="error-wish_date"' in refused.text
    assert 'value="Mein Betreff"' in refused.text and 'value="2026-13-01"' in refused.text
    assert re.search(r'value="confidential"\s+checked', refused.text)
    untick = await ben.post("/anfragen", FORM | {"no_personal_data": "", "idempotency_key": "k"})
    assert untick.status_code == 422 and 'id="error-no_personal_data"' in untick.text
    assert await db.fetchval("select count(*) from consultation") == 0


@pytest.mark.parametrize("act", ["reply", "clarify", "review", "assign", "answer", "refer", "submit"])
async def test_an_empty_form_says_what_is_missing(
    client: Clients, db: Connection, office: Clock, act: str
) -> None:
    state, nick = {
        "reply": ("clarification", "ben"), "clarify": ("assigned", "dora"), "review": ("in_review", "quirin"),
        "assign": ("received", "anna"), "answer": ("assigned", "dora"), "refer": ("received", "anna"),
        "submit": ("draft", "ben"),
    }[act]  # fmt: skip
    await make.advisers(db)
    found = await make.consultation(db, office, state)
    person = await client.browser(nick)
    revision = await field(db, found, "revision")
    refused = await person.post(f"/anfragen/{found}/{act}", {"revision": revision, "idempotency_key": "k"})
    assert refused.status_code == 422
    page = Page(refused.text)
    page.check()
    assert 'aria-invalid="true"' in refused.text or "kern-fieldset--error" in refused.text
    assert await field(db, found, "revision") == revision


async def test_somebody_was_faster_and_the_text_is_not_lost(
    client: Clients, db: Connection, office: Clock
) -> None:
    await make.advisers(db)
    found = await make.consultation(db, office, "in_progress")
    dora = await client.browser("dora")
    stale = {"revision": "1", "idempotency_key": "k", "answer": "Eine lange Antwort."}
    shown = await dora.post(f"/anfragen/{found}/answer", stale)
    assert shown.status_code == 412 and "Eine lange Antwort." in shown.text
    page = Page(shown.text)
    again = stale | {"revision": page.values["revision"], "idempotency_key": page.values["idempotency_key"]}
    assert (await dora.post(f"/anfragen/{found}/answer", again)).status_code == 303
    assert await field(db, found, "answer") == "Eine lange Antwort."


async def test_a_question_mended_while_the_office_took_it_up_comes_back(
    client: Clients, db: Connection, office: Clock
) -> None:
    await make.advisers(db)
    found = await make.consultation(db, office, "in_progress")
    form = FORM | {"question": "Und welche Fristen?", "revision": "1", "idempotency_key": "k"}
    told = await (await client.browser("ben")).post(f"/anfragen/{found}/bearbeiten", form)
    assert told.status_code == 409 and "Und welche Fristen?</textarea>" in told.text
    Page(told.text).check()


async def test_files_come_with_the_question_without_script(
    client: Clients, db: Connection, office: Clock
) -> None:
    ben = await client.browser("ben")
    page, _ = await opened(ben, "/anfragen/neu")
    assert {"enctype": "multipart/form-data"}.items() <= next(one for one in page.forms if one.get("action") == "/anfragen").items()  # fmt: skip
    files = [("file", ("entwurf.txt", b"Entwurf")), ("file", ("plan.txt", b"Plan"))]
    done = await ben.post("/anfragen", FORM | {"idempotency_key": "k"}, files=files)
    assert done.status_code == 303, done.text
    found = done.headers["location"].rsplit("/", 1)[1]
    again = await ben.post("/anfragen", FORM | {"idempotency_key": "k"}, files=files)
    assert again.headers["location"] == done.headers["location"]
    seen = (await (await client.as_("anna")).get(api(found))).json()["files"]
    assert [(file["name"], file["part"], file["size"]) for file in seen] == [
        ("entwurf.txt", "question", 7), ("plan.txt", "question", 4)]  # fmt: skip
    assert "entwurf.txt" in (await opened(ben, f"/anfragen/{found}"))[1]
    got = await (await client.browser("anna")).get(f"/dateien/{seen[0]['id']}")
    assert got.content == b"Entwurf" and "attachment" in got.headers["content-disposition"]


async def test_no_file_chosen_is_no_file(client: Clients, db: Connection) -> None:
    ben = await client.browser("ben")
    body = b"".join(
        b'--grenze\r\nContent-Disposition: form-data; name="%s"%s\r\n\r\n%s\r\n' % part
        for part in [
            (name.encode(), b"", value.encode())
            for name, value in (FORM | {"idempotency_key": "k", "csrf_token": await token(ben)}).items()
        ]
        + [(b"file", b'; filename=""\r\nContent-Type: application/octet-stream', b"")]
    )
    done = await ben.client.post(
        "/anfragen", content=body + b"--grenze--\r\n",
        headers={"content-type": "multipart/form-data; boundary=grenze", "sec-fetch-site": "same-origin"},
    )  # fmt: skip
    assert done.status_code == 303, done.text
    assert await db.fetchval("select count(*) from consultation_file") == 0


async def token(person: Browser) -> str:
    return Page((await person.get("/anfragen/neu")).text).values["csrf_token"]


async def test_a_refused_file_keeps_the_others_and_the_words(client: Clients, db: Connection) -> None:
    ben = await client.browser("ben")
    refused = await ben.post("/anfragen", FORM | {"idempotency_key": "k"}, files=[
        ("file", ("gut.txt", b"Gut")), ("file", ("boese.exe", b"MZ"))])  # fmt: skip
    assert refused.status_code == 422 and 'id="error-file"' in refused.text and "boese.exe" in refused.text
    page = Page(refused.text)
    page.check()
    kept = re.findall(r'name="file_ids" value="([^"]+)"\s*checked', refused.text)
    assert len(kept) == 1 and f'value="{ASKED["subject"]}"' in refused.text
    done = await ben.post(
        "/anfragen", FORM | {"file_ids": kept, "idempotency_key": page.values["idempotency_key"]}
    )
    assert done.status_code == 303
    assert (
        await db.fetchval("select f.name from consultation_file u join file f on f.id = u.file_id")
        == "gut.txt"
    )


async def test_too_large_a_file_is_refused(client: Clients, db: Connection) -> None:
    ben = await client.browser("ben")
    refused = await ben.post("/anfragen", FORM | {"idempotency_key": "k"}, files={
        "file": ("gross.txt", b"x" * (1024 * 1024 + 1))})  # fmt: skip
    assert refused.status_code == 422 and 'id="error-file"' in refused.text
    flood = await ben.post("/anfragen", FORM | {"idempotency_key": "k"}, files={
        "file": ("gross.txt", b"x" * (2 * 1024 * 1024))})  # fmt: skip
    assert flood.status_code == 413
    assert await db.fetchval("select count(*) from file") == 0


async def test_strange_file_ids_are_refused(client: Clients, db: Connection, office: Clock) -> None:
    ben = await client.browser("ben")
    for file_id in ("keine-id", "00000000-0000-4000-8000-000000000000"):
        refused = await ben.post("/anfragen", FORM | {"file_ids": file_id, "idempotency_key": "k"})
        assert refused.status_code == 422


async def test_files_of_a_draft_can_be_taken_away_again(client: Clients, db: Connection) -> None:
    ben = await client.browser("ben")
    done = await ben.post("/anfragen", FORM | {"idempotency_key": "k", "draft": "true"}, files={
        "file": ("entwurf.txt", b"x")})  # fmt: skip
    path = done.headers["location"]
    page, shown = await opened(ben, f"{path}/bearbeiten")
    assert re.search(r'name="file_ids" value="[^"]+"\s*checked', shown) and "entwurf.txt" in shown
    form = FORM | {name: page.values[name] for name in ("revision", "idempotency_key")}
    changed = await ben.post(f"{path}/bearbeiten", form, files={"file": ("neu.txt", b"y")})
    assert changed.status_code == 303
    assert [row["name"] for row in await db.fetch("select f.name from consultation_file u join file f on f.id = u.file_id")] == ["neu.txt"]  # fmt: skip


async def test_an_answer_brings_files_and_keeps_them(client: Clients, db: Connection, office: Clock) -> None:
    await make.advisers(db)
    found = await make.consultation(db, office, "assigned")
    dora = await client.browser("dora")
    for name, kept in (("muster.txt", 0), ("zweites.txt", 1)):
        page, shown = await opened(dora, f"/anfragen/{found}?schritt=answer")
        ticked = re.findall(r'name="file_ids" value="([^"]+)"\s*checked', shown)
        assert len(ticked) == kept
        form = {"answer": "Text", "draft": "true", "file_ids": ticked} | {
            key: page.values[key] for key in ("revision", "idempotency_key")}  # fmt: skip
        done = await dora.post(f"/anfragen/{found}/answer", form, files={"file": (name, b"x")})
        assert done.status_code == 303, done.text
    files = (await (await client.as_("dora")).get(api(found))).json()["files"]
    assert [file["name"] for file in files] == ["muster.txt", "zweites.txt"]


async def test_the_board_of_the_office_and_the_list_of_the_house(
    client: Clients, db: Connection, office: Clock
) -> None:
    await make.advisers(db)
    for state in ("received", "assigned", "answered"):
        await make.consultation(db, office, state, subject=f"Im Stand {state}")
    anna, ben = await client.browser("anna"), await client.browser("ben")
    board = (await opened(anna, "/anfragen"))[1]
    assert ">Eingegangen</h2>" in board and ">Zugewiesen</h2>" in board and "Im Stand answered" not in board
    assert "Anfrage stellen" not in board
    listed = (await opened(ben, "/anfragen"))[1]
    assert ">Eingegangen</h2>" not in listed and "Im Stand assigned" in listed and "/anfragen/neu" in listed
    for view in ("meine", "ueberfaellig", "erledigt", "unbekannt"):
        await opened(ben, f"/anfragen?stand={view}")
    assert "Im Stand answered" in (await opened(ben, "/anfragen?stand=erledigt"))[1]


STATES = (
    "draft",
    "received",
    "clarification",
    "assigned",
    "in_progress",
    "in_review",
    "reviewed",
    "answered",
)


@pytest.mark.parametrize("state", STATES)
async def test_every_state_has_a_page_for_everybody_with_every_form(
    client: Clients, db: Connection, office: Clock, state: str
) -> None:
    await make.advisers(db)
    await db.execute("insert into topic (id, label) values ('sprache', 'Sprache')")
    found = await make.consultation(db, office, state, topics=["sprache"], confidentiality="confidential")
    for nick in ("ben", "anna", "dora", "quirin"):
        person = await client.browser(nick)
        answer = await person.get(f"/anfragen/{found}")
        assert answer.status_code == (200 if nick in ("ben", "anna" if state != "draft" else "") or state not in ("draft", "received") else 404)  # fmt: skip
        if answer.status_code == 404:
            continue
        for step in ["", *re.findall(r"\?schritt=(\w+)", answer.text)]:
            await opened(person, f"/anfragen/{found}?schritt={step}")
        if "/bearbeiten" in answer.text:
            await opened(person, f"/anfragen/{found}/bearbeiten")


async def test_forms_need_their_token_their_key_and_the_right(
    client: Clients, db: Connection, office: Clock
) -> None:
    await make.advisers(db)
    found = await make.consultation(db, office, "assigned")
    ben, anna = await client.browser("ben"), await client.browser("anna")
    assert (await ben.client.post("/anfragen", data=FORM)).status_code == 403
    assert (await ben.post("/anfragen", FORM)).status_code == 422
    assert (await anna.get("/anfragen/neu")).status_code == 403
    assert (await anna.post("/anfragen", FORM)).status_code == 403
    assert (await ben.post(f"/anfragen/{found}/assign", {"revision": "1"})).status_code == 403
    assert (await anna.post(f"/anfragen/{found}/unbekannt", {"revision": "1"})).status_code == 404
    assert (await ben.get(f"/anfragen/{found}/bearbeiten")).status_code == 409
