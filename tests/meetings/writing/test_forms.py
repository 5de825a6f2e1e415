"""The page without JavaScript: the text is saved and merged, and lines become results and tasks."""

import html
import re
from typing import Any
from uuid import UUID

import pytest

from circle.core import auth
from circle.core.clock import Clock
from circle.core.db import Caller, Connection
from circle.meetings.agenda import store as agenda_store
from circle.meetings.writing import actions, panel, store
from circle.meetings.writing.sheet import Sheet
from tests import make
from tests.clients import Browser, Clients, OneConnection

from .. import world

PLAIN = re.compile(r"\s+")


async def open_item(db: Connection, office: Clock, text: str = "") -> tuple[UUID, UUID, str]:
    """A running meeting, an item in it, and the address of its text."""
    meeting = await world.running(db, office)
    item = await make.item(db, meeting, number="5", status="on_agenda", text=text)
    return meeting, item, f"{world.PAGE}/top/{item}/schreiben"


async def text_of(db: Connection, item: UUID) -> str:
    return str(await db.fetchval("select minutes from agenda_content where item_id = $1", item))


def entries(page: str, action: str) -> dict[str, str]:
    """What the form of that action would send, as it stands."""
    form = next(one for one in re.findall(r"<form\b.*?</form>", page, re.S) if f'action="{action}"' in one)
    found = {
        name: html.unescape(value) for name, value in re.findall(r'name="([^"]+)" value="([^"]*)"', form)
    }
    found |= {name: html.unescape(value.removeprefix("\n")) for name, value in re.findall(r'<textarea[^>]* name="([^"]+)"[^>]*>(.*?)</textarea>', form, re.S)}  # fmt: skip
    for name, value in re.findall(r'<input[^>]*name="([^"]+)" type="\w+" value="([^"]*)"', form):
        found[name] = html.unescape(value)
    for name, options in re.findall(r'<select[^>]* name="([^"]+)".*?>(.*?)</select>', form, re.S):
        chosen = re.search(r'value="([^"]*)" selected', options)
        found[name] = chosen[1] if chosen else ""
    return found


async def save(browser: Browser, path: str, text: str, base: str, **more: Any) -> Any:
    return await browser.post(
        path, {"text": text, "base": base, "idempotency_key": f"k{hash((text, base))}"} | more
    )


async def test_two_forms_from_the_same_state_are_merged(
    db: Connection, client: Clients, office: Clock
) -> None:
    _, item, path = await open_item(db, office, "Der Kreis dankt.")
    mona, anna = await client.browser("mona"), await client.browser("anna")
    page = (await mona.get(path)).text
    form = entries(page, path)
    assert form["base"] == form["text"] == "Der Kreis dankt."
    answer = await mona.post(path, form | {"text": "Der Kreis dankt herzlich.\r\nZweite Zeile 😀"})
    assert (answer.status_code, answer.headers["location"]) == (303, path)
    answer = await save(anna, path, "Der ganze Kreis dankt.", "Der Kreis dankt.", von="raum")
    assert answer.headers["location"] == f"{world.PAGE}/raum"
    assert await text_of(db, item) == "Der ganze Kreis dankt herzlich.\nZweite Zeile 😀"
    sheet = Sheet()
    sheet.take(await store.list_updates(db, item, 0, ["circle"]))
    assert sheet.text == await text_of(db, item), "the log says the same"
    assert await db.fetchval("select count(*) from audit_event where action = 'agenda_item.written'") == 2


async def test_a_second_click_changes_nothing(db: Connection, client: Clients, office: Clock) -> None:
    _, item, path = await open_item(db, office)
    mona = await client.browser("mona")
    for _ in range(2):
        await save(mona, path, "Einmal.", "")
    await save(mona, path, "Einmal.", "", idempotency_key="other")
    assert await text_of(db, item) == "Einmal."
    assert await db.fetchval("select count(*) from writing_update") == 1


async def test_nothing_typed_is_lost_when_it_cannot_be_saved(
    db: Connection, client: Clients, office: Clock
) -> None:
    meeting, _item, path = await open_item(db, office)
    mona = await client.browser("mona")
    answer = await save(mona, path, "ä" * 40_001, "", von="nirgends")
    assert answer.status_code == 422 and "ä" * 40_001 in answer.text and "40" in answer.text
    await db.execute("update meeting set state = 'minutes_approved' where id = $1", meeting)
    assert (await save(mona, path, "Zu spät", "")).status_code == 409


async def attempts(browser: Browser, path: str) -> set[int]:
    """What somebody meets at every door of a text."""
    form = {"kind": "task", "line": "x", "place": "0", "idempotency_key": "k"}
    answers = [
        await browser.get(path),
        await browser.get(f"{path}/zeilen"),
        await save(browser, path, "x", ""),
    ]
    answers += [await browser.post(f"{path}/{act}", form) for act in ("ergebnis", "aufgabe", "lassen")]
    assert not any("Geheimes" in answer.text for answer in answers)
    return {answer.status_code for answer in answers}


async def test_who_may_not(db: Connection, client: Clients, office: Clock) -> None:
    meeting, item, path = await open_item(db, office)
    clara, ben, mona = [await client.browser(nick) for nick in ("clara", "ben", "mona")]
    assert await attempts(clara, path) == {404}
    assert await attempts(ben, path) == {403}
    assert await attempts(mona, path.replace(str(item), str(meeting))) == {404}
    assert await attempts(mona, path.replace(world.REFERENCE, "KK-2026-9")) == {404}
    assert await db.fetchval("select count(*) from writing_update") == 0


@pytest.mark.confidential
async def test_a_confidential_text_is_open_to_whom_it_names(
    db: Connection, database: OneConnection, client: Clients, office: Clock
) -> None:
    meeting, item, path = await open_item(db, office)
    secret = await make.item(
        db, meeting, "Geheimes", number="6", status="on_agenda", level="confidential", named=["mona"]
    )
    hidden = path.replace(str(item), str(secret))
    assert await attempts(await client.browser("anna"), hidden) == {403}
    assert await attempts(await client.browser("clara"), hidden) <= {403, 404}
    mona = await client.browser("mona")
    assert "Geheimes" in (await mona.get(hidden)).text
    await save(mona, hidden, "B: Streng vertraulich.", "")
    assert await db.fetchval("select count(*) from audit_event where action = 'agenda_item.read'") >= 1
    for nick in ("anna", "clara"):
        caller = Caller(auth.token_hash(await client.token(nick)), office.now())
        async with database.begin(caller) as behind:
            me = await auth.actor(behind, caller)
            assert await panel.shown(behind, list(me.keys), meeting, secret) == {"open": False, "html": ""}
            assert await store.list_kept(behind, secret, list(me.keys)) == []
            assert await store.list_updates(behind, secret, 0, list(me.keys)) == []


async def test_a_line_becomes_a_task(db: Connection, client: Clients, office: Clock) -> None:
    _, item, path = await open_item(db, office, "Text.\nA: @Kim Liste prüfen bis 9.12.\nA: @Zora etwas tun")
    mona = await client.browser("mona")
    page = (await mona.get(path)).text
    form = entries(page, f"{path}/aufgabe")
    kim = await make.person_id(db, "kim")
    assert (form["title_0"], form["owner_id_0"], form["due_0"]) == ("Liste prüfen", str(kim), "2026-12-09")
    assert "heißt niemand „Zora“" in page
    answer = await mona.post(f"{path}/aufgabe", form)
    assert answer.status_code == 303, answer.text
    task = await db.fetchrow("select title, owner_id, due::text as due, item_id, reference from task")
    assert tuple(task) == ("Liste prüfen", kim, "2026-12-09", item, "AUF-2026-01")
    page = (await mona.get(path)).text
    assert "AUF-2026-01" in page and "title_1" not in page
    again = await mona.post(f"{path}/aufgabe", form | {"idempotency_key": "another"})
    assert again.status_code == 409 and await db.fetchval("select count(*) from task") == 1
    assert (
        await db.fetchval("select count(*) from audit_event where action = 'agenda_item.line_confirmed'") == 1
    )


async def test_what_is_missing_is_said_at_its_field(db: Connection, client: Clients, office: Clock) -> None:
    _, _, path = await open_item(db, office, "B: Eins.\nA: @Zora etwas tun bis 31.2.")
    mona = await client.browser("mona")
    page = (await mona.get(path)).text
    assert "Den Tag „31.2.“ gibt es nicht" in PLAIN.sub(" ", page)
    answer = await mona.post(f"{path}/aufgabe", entries(page, f"{path}/aufgabe") | {"title_1": "Anders"})
    assert answer.status_code == 422
    assert 'id="error-owner_id_1"' in answer.text and 'value="Anders"' in answer.text


async def test_a_changed_line_shows(db: Connection, client: Clients, office: Clock) -> None:
    _, _item, path = await open_item(db, office, "A: @Kim Liste prüfen bis 9.12.")
    mona = await client.browser("mona")
    await mona.post(f"{path}/aufgabe", entries((await mona.get(path)).text, f"{path}/aufgabe"))
    await save(mona, path, "A: @Kim Liste prüfen bis 16.12.", "A: @Kim Liste prüfen bis 9.12.")
    page = (await mona.get(f"{path}/zeilen")).text
    assert "Übernommen war: „@Kim Liste prüfen bis 9.12.“" in page and "Weitere Aufgabe vergeben" in page
    assert f'formaction="{path}/lassen"' in page
    form = entries(page, f"{path}/aufgabe")
    assert (await mona.post(f"{path}/lassen", form)).status_code == 303
    assert "Weitere Aufgabe" not in (await mona.get(path)).text


async def test_a_line_becomes_the_result(db: Connection, client: Clients, office: Clock) -> None:
    _, item, path = await open_item(db, office, "B: Der Kreis verabredet die Liste.\nB: Und noch etwas.")
    await db.execute("""update agenda_content set votes = '{"consent": 1, "reservation": 0, "against": 0, "abstained": 0}' where item_id = $1""", item)  # fmt: skip
    mona = await client.browser("mona")
    for _ in range(2):
        form = entries((await mona.get(path)).text, f"{path}/ergebnis")
        place = form["place"]
        answer = await mona.post(f"{path}/ergebnis", form | {f"result_{place}": "agreed", "von": "raum"})
        assert answer.status_code == 303, answer.text
        assert answer.headers["location"] == f"{world.PAGE}/raum"
    row = await db.fetchrow("select result, resolution_text, votes ->> 'consent' as consent from agenda_content where item_id = $1", item)  # fmt: skip
    assert tuple(row) == ("agreed", "Der Kreis verabredet die Liste.\n\nUnd noch etwas.", "1")
    assert await db.fetchval("select status from agenda_item where id = $1", item) == "treated"


async def test_against_a_house_there_is_no_agreement(db: Connection, client: Clients, office: Clock) -> None:
    _, item, path = await open_item(db, office, "B: Der Kreis verabredet die Liste.")
    await db.execute("""update agenda_content set votes = '{"consent": 0, "reservation": 0, "against": 1, "abstained": 0}' where item_id = $1""", item)  # fmt: skip
    mona = await client.browser("mona")
    form = entries((await mona.get(path)).text, f"{path}/ergebnis")
    answer = await mona.post(f"{path}/ergebnis", form | {"result_0": "agreed"})
    assert answer.status_code == 422 and "Gegen ein Haus gibt es keine Verabredung." in answer.text
    assert 'id="error-result_0"' in answer.text


async def test_a_question_leads_to_a_request(db: Connection, client: Clients, office: Clock) -> None:
    """Who writes may leave it; who asks finds the way, without the words of what is confidential."""
    meeting, item, path = await open_item(db, office, "W: Gilt das & jenes?")
    mona = await client.browser("mona")
    assert "Gilt das &amp; jenes?" in (await mona.get(path)).text
    ben = await make.actor(db, office, "ben")
    page = await store.find_page(db, item, list(ben.keys))
    assert page is not None
    shown = await panel.of_page(db, ben, page)
    assert (shown["may_write"], shown["may_ask"], len(shown["waiting"])) == (False, True, 1)
    assert (
        await mona.post(f"{path}/lassen", entries((await mona.get(path)).text, f"{path}/lassen"))
    ).status_code == 303
    assert "1 Zeile bleibt" in (await mona.get(path)).text
    found = await panel.shown(db, list(ben.keys), meeting, item)
    assert found["open"] and "<strong>Wissensfrage:</strong> Gilt das &amp; jenes?" in found["html"]


async def test_readers_get_clean_html(db: Connection, office: Clock) -> None:
    meeting, item, _ = await open_item(
        db, office, "<script>alert(1)</script> **fett** [x](javascript:alert(1))"
    )
    me = await make.actor(db, office, "ben")
    found = await panel.shown(db, list(me.keys), meeting, item)
    assert "<script" not in found["html"] and "javascript:" not in found["html"].replace("(javascript:", "")
    assert "<strong>fett</strong>" in found["html"]
    assert await panel.shown(db, list(me.keys), meeting, None) == {"open": False, "html": ""}


async def test_the_panel_of_a_room(db: Connection, client: Clients, office: Clock) -> None:
    _, item, path = await open_item(db, office, "B: Ja.")
    mona, ben = await make.actor(db, office, "mona"), await make.actor(db, office, "ben")
    found = await agenda_store.lock_item(db, item, list(mona.keys))
    shown: Any = await panel.panel(db, mona, None, found)  # type: ignore[arg-type]  # the id is all it asks for
    assert (shown["open"], shown["path"], shown["may_write"], shown["name"]) == (True, path, True, "TOP 5")
    assert (await panel.panel(db, ben, None, found))["may_write"] is False  # type: ignore[arg-type]
    assert await panel.panel(db, mona, None, None) == {"open": False}  # type: ignore[arg-type]


async def test_the_result_form_and_the_api_are_merged(db: Connection, client: Clients, office: Clock) -> None:
    _, item, path = await open_item(db, office, "Anfang.")
    mona = await client.browser("mona")
    place = f"{world.PAGE}/top/{item}"
    before = entries((await mona.get(place)).text, f"{place}/result")
    assert before["minutes_base"] == "Anfang."
    await save(mona, path, "Anfang. Mitte.", "Anfang.")
    answer = await mona.post(f"{place}/result", before | {"minutes": "Der Anfang."})
    assert answer.status_code == 303, answer.text
    assert await text_of(db, item) == "Der Anfang. Mitte."
    await save(mona, path, "Der Anfang. Mitte. Ende.", "Der Anfang. Mitte.")
    api = await client.as_("mona")
    answer = await api.post(
        f"/api/v1/agenda-items/{item}/result", json={"minutes": "Der Anfang. Mitte. Anders."}
    )
    assert (answer.status_code, answer.json()["code"]) == (409, "minutes_base_missing")
    answer = await api.post(f"/api/v1/agenda-items/{item}/result", json={
        "minutes": "Der Anfang. Mitte. Anders.", "minutes_base": "Der Anfang. Mitte."})  # fmt: skip
    assert answer.status_code == 200, answer.text
    text = await text_of(db, item)
    assert "Ende." in text and "Anders." in text
    answer = await api.post(f"/api/v1/agenda-items/{item}/result", json={"minutes": "Alles neu."})
    assert answer.status_code == 200, "nobody wrote since this revision"


async def test_the_log_goes_when_the_minutes_are_approved(
    db: Connection, client: Clients, office: Clock
) -> None:
    from circle.meetings import actions as meetings
    from circle.meetings.minutes import actions as minutes
    from circle.meetings.minutes.model import Approval

    meeting, item, path = await open_item(db, office)
    mona, anna = await client.browser("mona"), await make.actor(db, office, "anna")
    await save(mona, path, "Bleibt.", "")
    await meetings.close(db, anna, meeting)
    await save(mona, path, "Bleibt stehen.", "Bleibt.")
    await minutes.circulate(db, anna, meeting)
    assert await actions.forget(db, meeting) == 0, "not before the approval"
    await minutes.approve(db, anna, meeting, Approval())
    assert await make.outbox(db, "writing.forget") == [{"meeting_id": str(meeting)}]
    assert [await actions.forget(db, meeting) for _ in range(2)] == [2, 0]
    assert await db.fetchval("select count(*) from writing_update") == 0
    assert await text_of(db, item) == "Bleibt stehen."
    assert (await mona.get(path)).status_code == 409


async def test_a_text_that_grew_long_is_not_stuck(db: Connection, client: Clients, office: Clock) -> None:
    """Two who write at once may pass the half at which each stops; the forms take all of it, and nothing beyond the whole."""
    _, item, path = await open_item(db, office, "a " * 15_000)
    mona, api = await client.browser("mona"), await client.as_("mona")
    place = f"{world.PAGE}/top/{item}"
    form = entries((await mona.get(place)).text, f"{place}/result")
    assert (await mona.post(f"{place}/result", form | {"result": "noted"})).status_code == 303
    added = {"minutes": "b " * 15_000, "minutes_base": ""}
    answer = await api.post(f"/api/v1/agenda-items/{item}/result", json=added)
    assert (answer.status_code, answer.json()["code"]) == (400, "too_long")
    await db.execute("update agenda_content set minutes = $2 where item_id = $1", item, "a " * 25_000)
    answer = await save(mona, path, "a " * 19_000, "a " * 20_000)
    assert answer.status_code == 303, "it may become shorter"
