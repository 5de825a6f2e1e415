"""A newcomer calls, holds and closes the next meeting of the demo with an office and a member at two browsers.

Nobody types an address: every page is reached by what is written on the one before. The member has a phone. What one
of them does the other sees without loading the page again, and every page is looked at by axe, by day and by night.
"""

import re
import uuid
from typing import Any

import httpx
import pytest
from playwright.async_api import Locator

from tests.demo import PASSWORD

from .conftest import Person, Room, violations
from .test_main_job_api import MEMBER, OFFICE, PATIENCE, Program

pytestmark = pytest.mark.browser

MEETING = "6. Sitzung des Koordinierungskreises 2026"
PHONE = 390
SOON = 5_000
"""Milliseconds until an open page must show what somebody else did; a lost message costs two seconds."""
TEXT = (
    "Die Häuser berichten von ihren Erfahrungen mit Übersetzungen: „geprüft“ heißt überall etwas anderes. 😀"
)
ORDER = "A: @Malik Muster für die Prüfung von Übersetzungen schreiben bis 15.1."
OUTCOME = "Die Häuser prüfen Übersetzungen nach gemeinsamen Kriterien."


async def at_night(someone: Person) -> None:
    """The same page in the dark; `check` has looked at it in the light."""
    await someone.page.emulate_media(color_scheme="dark")
    found = await violations(someone.page)
    await someone.page.emulate_media(color_scheme="light")
    assert not found, f"{someone.page.url} in the dark:\n" + "\n".join(found)


async def sees(someone: Person, text: str | re.Pattern[str], within: Locator | None = None) -> None:
    """Wait until it stands on the open page, which is not loaded again."""
    place = within if within is not None else someone.page.locator("main")
    await place.get_by_text(text).locator("visible=true").first.wait_for(timeout=SOON)


async def waiting(someone: Person, kind: str) -> None:
    """Follow the verb beside what waits on the own desk for this meeting."""
    row = someone.page.locator("main li", has_text=kind).filter(has_text=MEETING)
    async with someone.page.expect_navigation():
        await row.get_by_role("link").last.click()
    await someone.check()


async def called(office: Person) -> None:
    """From the overview to the invitation that has reached everybody."""
    await office.open("/")
    await waiting(office, "Einladung vorbereiten")
    await at_night(office)
    await office.follow("Einladung versenden")
    await at_night(office)
    said = await office.text()
    assert "Wer bekommt was? (12)" in said
    assert "Personalbezogene Einzelfrage" not in said
    await office.press("Einladung versenden")
    await office.page.get_by_text("abgeschlossen").first.wait_for(timeout=PATIENCE * 1000)
    await office.page.wait_for_load_state()
    await office.check()
    await at_night(office)
    assert "12 von 12 gesendet" in await office.text()


async def answered(member: Person) -> None:
    """The member finds the invitation on the own desk, and answers with two taps."""
    await member.open("/")
    await at_night(member)
    await waiting(member, "Rückmeldung")
    await member.page.get_by_label("kommt in Präsenz").check()
    await member.press("Rückmeldung senden")
    await at_night(member)
    assert "kommt in Präsenz" in await member.text()


async def opened(office: Person, member: Person) -> None:
    """The room is opened on another day than its own, which takes a second step; who has answered is ticked already."""
    await office.open("/")
    await office.follow(MEETING)
    await office.follow("Zum Sitzungsraum")
    await at_night(office)
    assert await office.page.get_by_label("Malik Neubeispiel").is_checked()
    await office.page.get_by_label("Jörn Probemuster").check()
    await office.page.get_by_text("Heute ist nicht der Tag der Sitzung").click()
    await office.press("Trotzdem eröffnen")
    await at_night(office)
    await sees(office, "3 von 5 Häusern da")
    await member.open("/")
    await member.follow("Live mitverfolgen")
    await at_night(member)
    await sees(member, "3 von 5 Häusern da")


async def arrived(office: Person, member: Person) -> None:
    people = office.page.locator("#room-people")
    await people.get_by_role("button", name="kommt : Paweł Dombeispiel").click()
    await sees(office, "4 von 5 Häusern da")
    await sees(member, "4 von 5 Häusern da")
    await people.get_by_role("button", name="kommt : Leyla Musteroğlu").click()
    await people.get_by_role("button", name="geht : Leyla Musteroğlu").wait_for(timeout=SOON)
    await office.check()


async def on(office: Person, name: str) -> None:
    """Press the one big button."""
    async with office.page.expect_navigation():
        await office.page.locator("#room-steps").get_by_role("button", name=name).click()


async def treated(office: Person, member: Person) -> None:
    """Item by item with the one big button, each seen by the member at once."""
    now = member.page.locator("section.room-current")
    await on(office, "TOP 1 aufrufen")
    await sees(member, "Begrüßung und Feststellung der Tagesordnung", now)
    await on(office, "TOP 1 abschließen, weiter zu TOP 2")
    await sees(member, "Genehmigung der Niederschrift", now)
    await on(office, "TOP 2 abschließen, weiter zu TOP 3")
    await sees(member, "Mehrsprachige Informationen", now)
    await office.check()
    await at_night(office)


async def spoken(office: Person, member: Person) -> None:
    async with member.page.expect_navigation():
        await member.page.get_by_role("button", name="Zu Wort melden").click()
    await member.check()
    await sees(member, "Sie sind als Nächstes dran")
    floor = office.page.locator("#room-floor")
    await sees(office, "Malik Neubeispiel", floor)
    async with office.page.expect_navigation():
        await floor.get_by_role("button", name="Wort erteilen an Malik Neubeispiel").click()
    await sees(member, "Sie haben das Wort")
    async with office.page.expect_navigation():
        await floor.get_by_role("button", name="Wort beenden").click()
    await member.page.get_by_text("Sie haben das Wort").wait_for(state="hidden", timeout=SOON)


async def written(office: Person, member: Person) -> None:
    """The minutes are typed into the room; the member reads along."""
    field = office.page.get_by_label("Text für die Niederschrift")
    await sees(office, "Verbunden", office.page.locator("main [data-writing]"))
    await field.click()
    await field.press_sequentially(f"{TEXT}\n{ORDER}\n", delay=2)
    await sees(office, "Gespeichert", office.page.locator("[data-writing-status]"))
    await sees(member, TEXT)
    lines = office.page.locator("[data-writing-lines]")
    await lines.get_by_role("button", name="Aufgabe vergeben").wait_for(timeout=SOON)
    assert (
        "Muster für die Prüfung von Übersetzungen schreiben"
        in await lines.get_by_label("Aufgabe").first.input_value()
    )
    async with office.page.expect_navigation():
        await lines.get_by_role("button", name="Aufgabe vergeben").click()
    await office.check()
    assert await field.input_value() == f"{TEXT}\n{ORDER}\n"


async def aloud(office: Person, house: str) -> None:
    """Enter the vote that a house says aloud."""
    floor = office.page.locator("#room-floor")
    await floor.locator("summary", has_text="Stimme eines Hauses eintragen").click()
    await floor.get_by_label("Haus", exact=False).first.select_option(label=house)
    await floor.locator("details[open]").get_by_label("Zustimmung", exact=True).check()
    async with office.page.expect_navigation():
        await floor.get_by_role("button", name="Stimme eintragen").click()


async def voted(office: Person, member: Person) -> None:
    """Each house votes itself; the member agrees with a reservation, the others say it aloud."""
    floor = office.page.locator("#room-floor")
    await floor.locator("summary", has_text="Abstimmung eröffnen").click()
    await floor.get_by_label("Wortlaut").fill(OUTCOME)
    await floor.get_by_label("Jedes Haus stimmt selbst ab").check()
    async with office.page.expect_navigation():
        await floor.get_by_role("button", name="Abstimmung eröffnen").click()
    await office.check()
    await sees(member, "Stimme Ihres Hauses")
    await member.check()
    await at_night(member)
    await member.page.get_by_label("Zustimmung mit Vorbehalt").check()
    await member.page.get_by_label("Prüfvorbehalt").check()
    reason = member.page.get_by_label("Worum geht es?")
    await reason.press_sequentially("Das Haus prüft", delay=2)
    await aloud(office, "BR Arnsberg")
    # What the others do meanwhile takes no word away.
    await sees(member, "1 von 4 Häusern")
    await reason.press_sequentially(" die Kosten.", delay=2)
    assert await reason.input_value() == "Das Haus prüft die Kosten."
    await member.press("Stimme abgeben")
    await sees(office, "2 von 4 Häusern", floor)
    await aloud(office, "BR Köln")
    await aloud(office, "BR Düsseldorf")
    await sees(member, "4 von 4 Häusern")
    async with office.page.expect_navigation():
        await floor.get_by_role("button", name="Abstimmung schließen").click()
    await office.check()
    await at_night(office)
    await sees(member, "Das Haus prüft die Kosten.", member.page.locator("#room-results"))
    await member.check()
    await at_night(member)


async def closed(office: Person, member: Person) -> None:
    for number in (3, 4, 5):
        await on(office, f"TOP {number} abschließen, weiter zu TOP {number + 1}")
    office.complaints.clear()  # The browser tells of the status with which a confidential item asks once more.
    await office.check()
    await at_night(office)
    await office.press("TOP 6 trotzdem aufrufen")
    await sees(member, "Personalbezogene Einzelfrage", member.page.locator("section.room-current"))
    await on(office, "TOP 6 abschließen, weiter zu TOP 7")
    await on(office, "TOP 7 abschließen")
    await office.press("Sitzung schließen")
    await sees(member, "Die Sitzung ist geschlossen")
    await at_night(office)


async def test_the_next_meeting_is_called_held_and_closed(room: Room) -> None:
    office = await room.person(OFFICE)
    member = await room.person(MEMBER, PHONE)
    await called(office)
    await answered(member)
    await opened(office, member)
    await arrived(office, member)
    await treated(office, member)
    await spoken(office, member)
    await written(office, member)
    await voted(office, member)
    await closed(office, member)
    said = await office.text()
    for words in (TEXT, OUTCOME, "Zustimmung 3, mit Vorbehalt 1", "Prüfvorbehalt", "Muster für die Prüfung"):
        assert words in said, words
    await office.follow("Entwurf versenden")
    await at_night(office)
    await office.press("Entwurf versenden")
    await office.page.get_by_text("abgeschlossen").first.wait_for(timeout=PATIENCE * 1000)
    await member.open("/")
    said = await member.text()
    assert "Muster für die Prüfung von Übersetzungen schreiben" in said
    assert "Niederschrift prüfen" in said


async def reach(someone: Person, name: str) -> None:
    """Go on with the tabulator until what has the focus is called like this."""
    for _ in range(120):
        await someone.page.keyboard.press("Tab")
        label = await someone.page.evaluate(
            "(e => e.labels && e.labels.length ? e.labels[0].innerText : e.innerText || '')(document.activeElement)"
        )
        if " ".join(label.split()).startswith(name):
            return
    raise AssertionError(f"the keyboard does not reach {name} on {someone.page.url}")


async def key(office: Person, name: str, keys: str = "Enter") -> None:
    """Go on with the tabulator to what has this name, and press a key there that leads to another page."""
    await reach(office, name)
    async with office.page.expect_navigation():
        await office.page.keyboard.press(keys)


async def invited(url: str) -> dict[str, Any]:
    """Another meeting, to which everybody is invited."""
    async with httpx.AsyncClient(base_url=url, timeout=30) as client:
        signed_in = (
            await client.post("/api/v1/sessions", json={"email": OFFICE, "password": PASSWORD})
        ).json()
        client.headers["authorization"] = f"Bearer {signed_in['token']}"
        office = Program(client, signed_in["person"])
        made: dict[str, Any] = await office.post(
            "/meetings",
            {"title": "Sondersitzung mit der Tastatur", "date": "2027-04-14", "start_local": "10:00",
             "end_local": "12:00", "mode": "in_person", "place": "Münster, Saal 2"},
            201,
        )  # fmt: skip
        await office.post(f"/meetings/{made['id']}/invite", key=str(uuid.uuid4()))
        return made


async def test_the_room_is_led_by_keyboard_alone(room: Room) -> None:
    """From the meeting's page to its minutes with Tab, Space, Enter and the two shortcuts; the pointer is not used."""
    made = await invited(room.demo.url)
    office = await room.person(OFFICE)
    keyboard = office.page.keyboard
    await office.open(f"/sitzungen/{made['reference']}")
    await key(office, "Zum Sitzungsraum")
    for name in ("Jörn Probemuster", "Malik Neubeispiel", "Paweł Dombeispiel"):
        await reach(office, name)
        await keyboard.press("Space")
    await reach(office, "Heute ist nicht der Tag der Sitzung")
    await keyboard.press("Enter")
    await key(office, "Trotzdem eröffnen")
    await sees(office, "3 von 5 Häusern da")
    await reach(office, "kommt : Hannelore Probekamp")
    await keyboard.press("Enter")
    await sees(office, "4 von 5 Häusern da")
    for title in ("Begrüßung, Form und Frist", "Genehmigung der Niederschrift"):
        async with office.page.expect_navigation():
            await keyboard.press("Alt+Shift+N")
        await sees(office, title, office.page.locator(".room-now"))
    await sees(office, "Verbunden", office.page.locator("main [data-writing]"))
    await reach(office, "Text für die Niederschrift")
    await keyboard.type(f"{TEXT}\nB: Die Niederschrift wird genehmigt.\n")
    await sees(office, "Gespeichert", office.page.locator("[data-writing-status]"))
    await office.page.get_by_role("button", name="Ergebnis übernehmen").wait_for(timeout=SOON)
    await reach(office, "Art des Ergebnisses")
    await keyboard.type("Genehmigung")
    await key(office, "Ergebnis übernehmen")
    await reach(office, "Abstimmung eröffnen")
    await keyboard.press("Enter")
    await key(office, "Abstimmung eröffnen")
    await reach(office, "Kein Einspruch festgestellt")
    await keyboard.press("Space")
    await key(office, "Abstimmung schließen")
    await office.check()
    await reach(office, "Sitzung schließen")
    await keyboard.press("Enter")
    await key(office, "Sitzung schließen")
    await office.check()
    said = await office.text()
    for words in (TEXT, "Die Niederschrift wird genehmigt.", "Zustimmung 4"):
        assert words in said, words
