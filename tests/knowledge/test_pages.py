"""The pages of knowledge: list, form with preview and files, one document, versions, and the acts, all without script."""

import re
from typing import Any
from uuid import UUID

import pytest

from circle.core.db import Connection
from tests import make
from tests.clients import Browser, Clients
from tests.consultations import Page

from . import act, api, change, released, submitted, write

pytestmark = pytest.mark.usefixtures("team")
FORM = {
    "title": "Leitfaden Sprachmittlung",
    "kind": "Leitfaden",
    "abstract": "Was Häuser beachten.",
    "body": "# Anlass\n\nDolmetschen im **Amt**.",
    "topics": ["sprache"],
    "confidentiality": "internal",
    "language_level": "standard",
}


async def page(browser: Browser, path: str, status: int = 200) -> str:
    """A page that is well made."""
    answer = await browser.get(path)
    assert answer.status_code == status, answer.text
    Page(answer.text).check()
    return answer.text


async def send(browser: Browser, path: str, data: dict[str, Any] | None = None, at: str = "") -> Any:
    """Fill in the form of a page and send it, with what it holds hidden."""
    hidden = Page((await browser.get(at or path)).text).values
    return await browser.post(
        path,
        {"revision": hidden.get("revision", ""), "idempotency_key": hidden["idempotency_key"]} | (data or {}),
    )


async def test_from_the_form_to_the_document_and_page_and_api_agree(client: Clients) -> None:
    browser = await client.browser("wanda")
    await page(browser, "/wissen/neu")
    done = await send(browser, "/wissen/neu", FORM)
    assert (done.status_code, done.headers["location"]) == (303, "/wissen/WD-001")
    text = await page(browser, "/wissen/WD-001")
    for words in ("Leitfaden Sprachmittlung", "Entwurf", "verwaltungsintern", "<strong>Amt</strong>", "Zur Prüfung einreichen",
            "Was Häuser beachten.", "Sprache"):  # fmt: skip
        assert words in text, words
    wanda = await client.as_("wanda")
    (card,) = (await wanda.get("/api/v1/documents")).json()["items"]
    by_page = (await wanda.get(api(card["id"]))).json()
    by_api = await write(client, legal_basis="")
    own = {"id", "reference", "updated_at"}
    assert {k: v for k, v in by_page.items() if k not in own} == {
        k: v for k, v in by_api.items() if k not in own
    }


async def test_a_second_click_begins_nothing_new(client: Clients, db: Connection) -> None:
    browser = await client.browser("wanda")
    for _ in range(2):
        assert (await browser.post("/wissen/neu", FORM | {"idempotency_key": "k"})).status_code == 303
    assert await db.fetchval("select count(*) from document") == 1


async def test_what_is_wrong_stands_at_its_field_and_nothing_typed_is_lost(
    client: Clients, db: Connection
) -> None:
    browser = await client.browser("wanda")
    wrong = FORM | {"title": "", "kind": "other", "kind_other": "", "review_on": "2030-01-01"}
    answer = await send(browser, "/wissen/neu", wrong)
    assert answer.status_code == 422 and "Dolmetschen im **Amt**." in answer.text
    Page(answer.text).check()
    for name in ("title", "kind_other"):
        assert f'id="error-{name}"' in answer.text, name
    answer = await send(browser, "/wissen/neu", FORM | {"review_on": "2030-01-01"})
    assert answer.status_code == 422 and 'id="error-review_on"' in answer.text
    assert await db.fetchval("select count(*) from document") == 0
    done = await send(browser, "/wissen/neu", FORM | {"kind": "other", "kind_other": "Sprechzettel"})
    assert done.status_code == 303 and await db.fetchval("select kind from document") == "Sprechzettel"
    assert '<option value="Sprechzettel" selected>' in await page(browser, "/wissen/WD-001/bearbeiten")


async def test_the_preview_saves_nothing_and_keeps_text_and_files(client: Clients, db: Connection) -> None:
    browser = await client.browser("wanda")
    answer = await browser.post(
        "/wissen/neu", FORM | {"preview": "true"}, files={"file": ("anlage.txt", b"Anlage")}
    )
    assert answer.status_code == 200 and "<strong>Amt</strong>" in answer.text
    Page(answer.text).check()
    assert await db.fetchval("select count(*) from document") == 0
    file_id = await db.fetchval("select id from file")
    assert re.search(f'name="file_ids" value="{file_id}" checked', answer.text)
    key = Page(answer.text).values["idempotency_key"]
    done = await browser.post("/wissen/neu", FORM | {"file_ids": [str(file_id)], "idempotency_key": key})
    assert done.status_code == 303
    text = await page(browser, done.headers["location"])
    assert "anlage.txt" in text and f"/dateien/{file_id}" in text


async def test_a_file_that_is_refused_is_told_and_the_form_kept(client: Clients, db: Connection) -> None:
    browser = await client.browser("wanda")
    answer = await browser.post(
        "/wissen/neu", FORM | {"idempotency_key": "k"}, files={"file": ("x.exe", b"MZ")}
    )
    assert (
        answer.status_code == 422
        and 'id="error-file"' in answer.text
        and "Dolmetschen im **Amt**." in answer.text
    )
    assert await db.fetchval("select count(*) from document") == 0


async def test_a_document_is_changed_by_form_and_a_stale_one_comes_back(
    client: Clients, db: Connection
) -> None:
    made = await write(client, title="Erster Titel")
    browser = await client.browser("wanda")
    text = await page(browser, "/wissen/WD-001/bearbeiten")
    assert "Erster Titel" in text and Page(text).values["revision"] == "1"
    done = await send(browser, "/wissen/WD-001/bearbeiten", FORM | {"title": "Zweiter Titel"})
    assert (done.status_code, done.headers["location"]) == (303, "/wissen/WD-001")
    old = FORM | {"title": "Dritter Titel", "revision": "1", "idempotency_key": "alt"}
    stale = await browser.post("/wissen/WD-001/bearbeiten", old)
    assert (
        stale.status_code == 412
        and "Dritter Titel" in stale.text
        and "Ihre Eingaben stehen noch hier" in stale.text
    )
    again = Page(stale.text).values
    assert again["revision"] == "2"
    done = await browser.post(
        "/wissen/WD-001/bearbeiten", old | {"revision": "2", "idempotency_key": again["idempotency_key"]}
    )
    assert done.status_code == 303
    assert await db.fetchval("select title from document where id = $1", UUID(made["id"])) == "Dritter Titel"


async def test_the_whole_way_from_draft_to_the_second_version(client: Clients, db: Connection) -> None:
    made = await write(client, confidentiality="public")
    wanda, frida, rolf = [await client.browser(nick) for nick in ("wanda", "frida", "rolf")]
    assert (await send(wanda, "/wissen/WD-001/einreichen", at="/wissen/WD-001")).headers[
        "location"
    ] == "/wissen/WD-001"
    assert "In Prüfung" in await page(frida, "/wissen")
    assert "WD-001" in await page(frida, "/wissen?stand=in_review")
    text = await page(frida, "/wissen/WD-001")
    assert "/wissen/WD-001/freigeben" in text and "/wissen/WD-001/zurueckgeben" in text
    text = await page(frida, "/wissen/WD-001/freigeben")
    readers = await db.fetchval(
        "select count(*) from person p where active and 'public' = any(keys_on(p.id, authority_id, roles_on(p.id, '2026-11-23'), '2026-11-23'))"
    )
    assert (
        "auch kommunale Ansprechpersonen" in text
        and f"zurzeit {readers} Personen" in text
        and "<strong>Amt" in text
    )
    assert (await wanda.get("/wissen/WD-001/freigeben")).status_code == 403
    wrong = await send(frida, "/wissen/WD-001/freigeben", {"review_on": "2030-01-01"})
    assert wrong.status_code == 422 and 'id="error-review_on"' in wrong.text
    Page(wrong.text).check()
    assert (await send(frida, "/wissen/WD-001/freigeben", {"review_on": "2027-06-01"})).status_code == 303
    text = await page(rolf, "/wissen/WD-001")
    assert "Dienstag, 1. Juni 2027" in text and "Frida Probe" in text and "Weitere Schritte" not in text
    done = await send(
        wanda, "/wissen/WD-001/bearbeiten", FORM | {"title": "Neue Fassung", "confidentiality": "internal"}
    )
    assert done.headers["location"] == "/wissen/WD-001?fassung=entwurf"
    assert "Neue Fassung" in await page(wanda, "/wissen/WD-001?fassung=entwurf")
    assert "Nächste Fassung ansehen" in await page(wanda, "/wissen/WD-001")
    for path in ("/wissen/WD-001", "/wissen/WD-001?fassung=entwurf", "/wissen"):
        assert "Neue Fassung" not in await page(rolf, path)
    await send(wanda, "/wissen/WD-001/einreichen", at="/wissen/WD-001")
    done = await send(frida, "/wissen/WD-001/zurueckgeben", {"reason": "Bitte kürzen."})
    assert done.status_code == 303 and "Bitte kürzen." in await page(wanda, "/wissen/WD-001?fassung=entwurf")
    await send(wanda, "/wissen/WD-001/einreichen", at="/wissen/WD-001")
    text = await page(frida, "/wissen/WD-001/freigeben")
    assert "Bisher: öffentlich. Mit der Freigabe: verwaltungsintern." in text and "als Fassung 2" in text
    assert (await send(frida, "/wissen/WD-001/freigeben")).status_code == 303
    assert "Neue Fassung" in await page(rolf, "/wissen/WD-001")
    first = await page(rolf, "/wissen/WD-001/version/1")
    assert made["title"] in first and "Fassung 1" in first and "Prüfsumme" in first


async def test_given_no_reason_nothing_goes_back(client: Clients) -> None:
    await submitted(client)
    frida = await client.browser("frida")
    answer = await send(frida, "/wissen/WD-001/zurueckgeben", {"reason": " "})
    assert answer.status_code == 422 and 'id="error-reason"' in answer.text
    Page(answer.text).check()


async def test_replaced_and_retired_documents_say_so(client: Clients) -> None:
    old, new = await released(client, title="Alter Text"), await released(client, title="Neuer Text")
    wanda, rolf = await client.browser("wanda"), await client.browser("rolf")
    text = await page(wanda, f"/wissen/{old['reference']}")
    for words in ("/ersetzen", "/zurueckziehen", "/bearbeiten", "/versand/neu?dokument=WD-001"):
        assert words in text, words
    wrong = await send(wanda, "/wissen/WD-001/ersetzen", {"successor_id": "WD-999", "note": "x"})
    assert wrong.status_code == 422 and 'id="error-successor_id"' in wrong.text and "WD-999" in wrong.text
    Page(wrong.text).check()
    done = await send(wanda, "/wissen/WD-001/ersetzen", {"successor_id": "wd-002", "note": "Neues Recht."})
    assert done.status_code == 303
    text = await page(rolf, "/wissen/WD-001")
    assert "Dieses Dokument ist ersetzt" in text and "Neues Recht." in text and "/wissen/WD-002" in text
    assert "WD-001" in await page(rolf, "/wissen/WD-002")
    await page(wanda, "/wissen/WD-002/zurueckziehen")
    assert (await send(wanda, "/wissen/WD-002/zurueckziehen", {"note": "Entfällt."})).status_code == 303
    text = await page(rolf, f"/wissen/{new['reference']}")
    assert "Dieses Dokument ist zurückgezogen" in text and "Entfällt." in text


async def test_what_is_overdue_warns_and_can_be_handed_in_again(client: Clients, db: Connection) -> None:
    await released(client)
    await db.execute("update document set review_on = '2026-11-02'")
    assert "Die Prüfung dieses Textes ist überfällig" in await page(
        await client.browser("rolf"), "/wissen/WD-001"
    )
    wanda = await client.browser("wanda")
    assert "Unverändert zur Prüfung vorlegen" in await page(wanda, "/wissen/WD-001")
    assert (await send(wanda, "/wissen/WD-001/einreichen", at="/wissen/WD-001")).status_code == 303
    assert "Eine nächste Fassung ist in Prüfung" in await page(wanda, "/wissen/WD-001")


async def test_a_long_text_has_a_table_of_contents(client: Clients) -> None:
    await released(client, body="# Eins\n\nText\n\n## Zwei & drei\n\nText\n\n# Vier\n\nText")
    text = await page(await client.browser("rolf"), "/wissen/WD-001")
    assert 'href="#text-eins">Eins<' in text and "Zwei &amp; drei</a>" in text
    assert all(f'id="{name}"' in text for name in re.findall('href="#(text-[^"]+)"', text))
    await released(client, body="# Eins\n\nText")
    assert "Inhalt</h2>" not in await page(await client.browser("rolf"), "/wissen/WD-002")


async def test_the_list_narrows_and_says_when_it_is_empty(client: Clients, db: Connection) -> None:
    assert "Noch ist keiner da" in await page(await client.browser("rolf"), "/wissen")
    await released(client, kind="Checkliste", topics=["sprache"])
    await released(client, title="Anderes", topics=["recht"])
    rolf = await client.browser("rolf")
    text = await page(rolf, "/wissen?thema=recht")
    assert "Anderes" in text and "WD-001" not in text and "Sprache (1)" in text and "Checkliste (1)" in text
    assert "In dieser Auswahl" in await page(rolf, "/wissen?stufe=circle")
    assert "WD-001" in await page(rolf, "/wissen?stufe=unbekannt&stand=quatsch")
    assert 'action="/suche"' in text and "Neues Dokument" not in text
    wanda = await page(await client.browser("wanda"), "/wissen?ansicht=meine")
    assert "WD-001" in wanda and "/wissen/neu" in wanda
    assert "WD-001" not in await page(await client.browser("ben"), "/wissen?ansicht=meine")


async def test_the_pdf_comes_as_a_download(client: Clients) -> None:
    await released(client)
    answer = await (await client.browser("rolf")).get("/wissen/WD-001/pdf")
    assert answer.content.startswith(b"%PDF") and "attachment" in answer.headers["content-disposition"]


async def test_others_meet_sign_in_404_and_403(client: Clients) -> None:
    await released(client)
    clara, rolf = await client.browser("clara"), await client.browser("rolf")
    for path in ("", "/bearbeiten", "/freigeben", "/version/1", "/pdf"):
        assert (await clara.get(f"/wissen/WD-001{path}")).status_code in (404, 403), path
        hidden, unknown = await clara.get(f"/wissen/WD-001{path}"), await clara.get(f"/wissen/WD-777{path}")
        assert hidden.status_code == unknown.status_code, path
        assert (
            (await client.stranger.get(f"/wissen/WD-001{path}")).headers["location"].startswith("/anmelden")
        ), path
    for path in ("/bearbeiten", "/freigeben", "/ersetzen"):
        assert (await rolf.get(f"/wissen/WD-001{path}")).status_code == 403, path
    assert (
        await rolf.post(
            "/wissen/WD-001/zurueckziehen", {"note": "x", "revision": "3", "idempotency_key": "k"}
        )
    ).status_code == 403
    assert (await rolf.post("/wissen/neu", FORM)).status_code == 403
    assert (await rolf.get("/wissen/neu")).status_code == 403
    assert (await rolf.get("/wissen/WD-001/tanzen")).status_code == 404
    assert (await rolf.post("/wissen/WD-001/tanzen")).status_code == 404


@pytest.mark.confidential
async def test_a_confidential_release_names_its_readers(client: Clients, db: Connection) -> None:
    frida_id = str(await make.person_id(db, "frida"))
    made = await submitted(client, confidentiality="confidential", named=[frida_id])
    frida = await client.browser("frida")
    text = await page(frida, f"/wissen/{made['reference']}/freigeben")
    assert "Wanda Probe" in text and "Frida Probe" in text and "Personen." not in text
    await change(client, "wanda", made["id"], abstract="Kurz.")
    assert (await act(client, "frida", made["id"], "release")).status_code == 200
    assert (await (await client.browser("quirin")).get(f"/wissen/{made['reference']}")).status_code == 404


async def test_what_was_typed_comes_back_when_the_state_forbids_it_by_now(client: Clients) -> None:
    await write(client)
    frida = await client.browser("frida")
    late = {"revision": "1", "reason": "Behalten", "idempotency_key": "k"}
    told = await frida.post("/wissen/WD-001/zurueckgeben", late)
    assert told.status_code == 409 and "Behalten" in told.text, told.text
    Page(told.text).check()


async def test_a_text_written_while_another_retired_it_comes_back(client: Clients, db: Connection) -> None:
    made = await write(client)
    wanda = await client.browser("wanda")
    await db.execute("update document set state = 'retired'")
    late = FORM | {"body": "Sehr viel Text.", "revision": str(made["revision"]), "idempotency_key": "k"}
    told = await wanda.post("/wissen/WD-001/bearbeiten", late)
    assert told.status_code == 409 and "Sehr viel Text.</textarea>" in told.text
    Page(told.text).check()
