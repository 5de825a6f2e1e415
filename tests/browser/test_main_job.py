"""The whole work of a circle as people do it in a browser; every page on the way is checked."""

from typing import Any

import pytest

from tests.demo import Demo

from .conftest import Person, Room
from .test_main_job_api import (
    APPROVER,
    EXPERT,
    MEMBER,
    MODERATOR,
    OFFICE,
    PATIENCE,
    REVIEWER,
    STAFF,
    assert_tagged,
    attachments,
    mails,
)

pytestmark = pytest.mark.browser


@pytest.fixture(scope="session")
def story() -> dict[str, Any]:
    """Addresses of pages that one part leaves to the next."""
    return {}


async def everything_sent(someone: Person) -> None:
    """The progress page is told how far the dispatch is, and shows itself anew when it has ended."""
    await someone.page.get_by_text("abgeschlossen").first.wait_for(timeout=PATIENCE * 1000)
    await someone.page.wait_for_load_state()
    await someone.check()


async def test_a_the_office_prepares_a_meeting(room: Room, story: dict[str, Any]) -> None:
    office = await room.person(OFFICE)
    await office.open("/sitzungen")
    await office.follow("Sitzung ansetzen")
    await office.fill("Tag", "2027-03-10")
    await office.fill("Beginn", "10:00")
    await office.fill("Ende", "14:00")
    await office.fill("Ort", "Köln, Raum 12")
    await office.press("Sitzung ansetzen")
    story["meeting"] = office.page.url.removeprefix(office.demo.url)
    said = await office.text()
    for day in ("10. Februar 2027", "23. Februar 2027", "2. März 2027", "31. März 2027"):
        assert day in said, day
    await office.page.get_by_text("So kommt das Datum zustande").first.click()
    assert "Tag" in await office.text()

    member = await room.person(MEMBER)
    await member.open(story["meeting"])
    await member.follow("Punkt anmelden")
    await member.fill("Titel", "Dolmetschen in Dienstgebäuden")
    await member.page.get_by_label("Abstimmung").check()
    await member.fill("Dauer in Minuten", "35")
    await member.page.get_by_label("Unterlage", exact=False).first.set_input_files(
        {"name": "Überblick.txt", "mimeType": "text/plain", "buffer": "Fünf Häuser, ein Überblick.".encode()}
    )
    await member.press("Punkt anmelden")
    assert "angemeldet" in await member.text()

    await office.open(f"{story['meeting']}/tagesordnung")
    await office.press("Aufnehmen", exact=False)
    await office.open(f"{story['meeting']}/tagesordnung")
    row = office.page.get_by_role("row", name="Dolmetschen in Dienstgebäuden")
    await row.get_by_label("Minuten für: Dolmetschen in Dienstgebäuden").fill("50")
    await office.press("Reihenfolge und Zeiten speichern")
    assert await row.get_by_label("Minuten für: Dolmetschen in Dienstgebäuden").input_value() == "50"


async def test_b_the_invitation_goes_out_once_even_with_a_double_click(
    room: Room, demo: Demo, story: dict[str, Any]
) -> None:
    office = await room.person(OFFICE, scripts=False)
    await office.open(story["meeting"])
    await office.follow("Einladung versenden")
    said = await office.text()
    assert "Malik Neubeispiel" in said
    assert "Überblick.txt" in said or "Überblick" in said
    button = office.page.locator("main").get_by_role("button", name="Einladung versenden")
    await button.dblclick()
    await office.page.wait_for_url("**/versand/*")
    await everything_sent(office)
    address = office.page.url.removeprefix(demo.url)
    assert "Fehl" not in (await office.page.title())
    number = story["meeting"].rpartition("-")[2]
    letters = mails(demo, f"Einladung zur {number}. Sitzung des Koordinierungskreises 2027")
    receivers = [str(letter["to"]) for letter in letters]
    assert len(receivers) == len(set(receivers)) >= 7
    mine = attachments(next(letter for letter in letters if MEMBER in str(letter["to"])))
    assert any(name.endswith(".ics") for name in mine)
    assert_tagged(next(content for name, content in mine.items() if name.endswith(".pdf")))

    checked = await room.person(OFFICE)
    await checked.open(address)
    await checked.open(story["meeting"])
    assert "eingeladen" in await checked.text()


async def test_c_the_meeting_is_held_and_its_minutes_are_approved(
    room: Room, demo: Demo, story: dict[str, Any]
) -> None:
    moderator = await room.person(MODERATOR)
    await moderator.open(f"{story['meeting']}/raum")
    for name in ("Malik Neubeispiel", "Jörn Probemuster", "Paweł Dombeispiel"):
        await moderator.page.get_by_label(name).check()
    await moderator.page.locator("summary", has_text="Heute ist nicht der Tag der Sitzung").click()
    await moderator.press("Trotzdem eröffnen")
    said = await moderator.text()
    assert "Beschlussfähig" in said and "3 von 5 Häusern da" in said
    await moderator.follow("Dolmetschen in Dienstgebäuden")
    await moderator.fill("Text für die Niederschrift", "Die Häuser berichten von ihren Erfahrungen.")
    await moderator.page.get_by_label("Ergebnis", exact=True).select_option(label="Verabredung")
    await moderator.fill(
        "Wortlaut des Ergebnisses", "Der Koordinierungskreis verabredet einen gemeinsamen Überblick."
    )
    await moderator.fill("Zustimmung", "3")
    await moderator.press("Text und Ergebnis speichern")
    await moderator.page.locator("summary", has_text="Aufgabe anlegen").click()
    await moderator.fill("Was ist zu tun?", "Überblick zusammenstellen")
    await moderator.page.get_by_label("Wer?").select_option(label="Malik Neubeispiel (BR Detmold)")
    await moderator.fill("Bis wann?", "2027-04-15")
    await moderator.press("Aufgabe anlegen")
    assert "Überblick zusammenstellen" in await moderator.text()
    await moderator.open(f"{story['meeting']}/raum")
    await moderator.page.locator("summary", has_text="Sitzung schließen").click()
    await moderator.press("Sitzung schließen")

    member = await room.person(MEMBER)
    await member.open("/aufgaben")
    await member.follow("Überblick zusammenstellen")
    await member.press("Aufgabe annehmen")

    office = await room.person(OFFICE)
    await office.open(f"{story['meeting']}/niederschrift")
    await office.follow("Entwurf versenden")
    await office.press("Entwurf versenden")
    await everything_sent(office)
    await member.open(f"{story['meeting']}/niederschrift")
    assert "verabredet einen gemeinsamen Überblick" in await member.text()

    await office.open(f"{story['meeting']}/niederschrift")
    await office.follow("Genehmigen")
    await office.press("Niederschrift genehmigen")
    await everything_sent(office)
    await office.open(f"{story['meeting']}/niederschrift")
    said = await office.text()
    assert "Genehmigt" in said
    assert "Text und Ergebnis bearbeiten" not in said
    letters = mails(demo, "Ergebnisniederschrift über die Sitzung am 10.03.2027")
    final = [letter for letter in letters if "Entwurf" not in str(letter["subject"])]
    assert len(final) >= 7
    assert_tagged(next(content for name, content in attachments(final[0]).items() if name.endswith(".pdf")))


async def test_d_a_question_becomes_advice_and_shared_knowledge(room: Room, story: dict[str, Any]) -> None:
    member = await room.person(MEMBER)
    await member.open("/anfragen/neu")
    await member.fill("Betreff", "Aushänge in Leichter Sprache")
    await member.fill("Frage", "Welche Aushänge müssen in Leichter Sprache angeboten werden?")
    await member.page.get_by_label("verwaltungsintern").check()
    await member.page.get_by_label("Die Anfrage enthält keine personenbezogenen Angaben.").check()
    await member.press("Anfrage abschicken")
    path = member.page.url.removeprefix(member.demo.url)
    if "BA-" not in path:
        path = "/anfragen/" + next(
            word for word in (await member.text()).split() if word.startswith("BA-2026-")
        )
    said = await member.text()
    assert "07.12.2026" in said or "7. Dezember 2026" in said

    office = await room.person(OFFICE)
    await office.open(path)
    await office.page.get_by_label("Zuständige Fachkraft").select_option(label="Tomasz Erfundenski")
    await office.page.get_by_label("Prüfung durch").select_option(label="Amara Fiktivanda")
    await office.press("Zuweisen")

    expert = await room.person(EXPERT)
    await expert.open(path)
    await expert.fill(
        "Antwort",
        "Das regelt das BGG NRW. **Aushänge** für alle werden auf Wunsch in Leichter Sprache erläutert.",
    )
    await expert.fill("Kurzfassung", "Auf Wunsch werden Aushänge erläutert.")
    await expert.press("Zur Prüfung geben")

    reviewer = await room.person(REVIEWER)
    await reviewer.open(path)
    await reviewer.page.get_by_label("In Ordnung, kann versandt werden").check()
    await reviewer.press("Prüfung abschließen")

    await office.open(path)
    await office.press("Antwort versenden")
    assert "beantwortet" in (await office.text()).lower()
    await member.open(path)
    assert "BGG NRW" in await member.text()

    await expert.open(f"{path}?schritt=release")
    await expert.fill("Titel", "Aushänge in Leichter Sprache")
    await expert.fill("Text", "Aushänge für alle werden auf Wunsch in Leichter Sprache erläutert.")
    await expert.page.get_by_label("verwaltungsintern").check()
    await expert.page.get_by_label("Entscheidung durch").select_option(label="Merle Mustertal")
    await expert.press("Freigabe vorschlagen")

    approver = await room.person(APPROVER)
    await approver.open(path)
    await approver.page.get_by_label("Freigeben", exact=True).check()
    await approver.press("Entscheidung speichern")

    staff = await room.person(STAFF)
    await staff.open("/")
    await staff.page.locator("input[type=search]:visible").first.fill("leichte Sprache Aushang")
    async with staff.page.expect_navigation():
        await staff.page.keyboard.press("Enter")
    await staff.check()
    await staff.follow("Aushänge in Leichter Sprache")
    assert "auf Wunsch" in await staff.text()
    assert "Malik" not in await staff.text()
    assert "Detmold" not in await staff.text()
    assert (await staff.context.request.get(staff.demo.url + path)).status == 404


async def test_e_knowledge_is_written_released_and_handed_on(room: Room, demo: Demo) -> None:
    editor = await room.person(REVIEWER)
    await editor.open("/wissen")
    await editor.follow("Neues Dokument")
    await editor.fill("Titel", "Wegweiser Sprachmittlung im Jobcenter")
    await editor.page.get_by_label("Art", exact=False).first.select_option(label="Wegweiser")
    await editor.fill("Text", "## Anlass\n\nÜbersetzungen und Rübenkraut.\n\n## Wege\n\n- Telefon\n- vor Ort")
    await editor.page.get_by_label("verwaltungsintern").check()
    await editor.page.get_by_label("Dateien beifügen").set_input_files(
        {"name": "Liste.csv", "mimeType": "text/csv", "buffer": b"Ort;Telefon\nHamm;0\n"}
    )
    await editor.press("Speichern")
    path = editor.page.url.removeprefix(demo.url)
    staff = await room.person(STAFF)
    assert (await staff.context.request.get(demo.url + path)).status == 404
    await editor.press("Zur Prüfung einreichen")

    approver = await room.person(APPROVER)
    await approver.open(path)
    await approver.follow("Freigeben")
    await approver.press("Freigeben")
    assert "Fassung 1" in await approver.text() or "Version" in await approver.text()

    office = await room.person(OFFICE)
    await office.open(path)
    await office.follow("Verteilen")
    await office.page.get_by_label("Integrationsbeauftragte", exact=True).uncheck()
    await office.page.get_by_label("Regionale Beschäftigte", exact=True).check()
    await office.press("Weiter zur Vorschau")
    assert "Kim Beispielmann" in await office.text()
    await office.press("Jetzt versenden")
    await everything_sent(office)
    assert len(mails(demo, "Wegweiser Sprachmittlung im Jobcenter")) >= 3

    await staff.open("/suche?q=Ruebenkraut")
    assert "Wegweiser Sprachmittlung im Jobcenter" in await staff.text()
    assert await staff.page.locator("main mark").count() >= 1
    await staff.open("/suche?q=Sprachmittlung")
    said = await staff.text()
    assert "WD-006" in said
    assert "WD-015" not in said
    assert "BA-2026" not in said
