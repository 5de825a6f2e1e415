"""Two windows write the same text at once; the web server is killed meanwhile; and a third one has no scripts."""

import asyncio
import os
import re
import signal
from typing import Any

import httpx
import pytest
import pytest_asyncio
from playwright.async_api import Locator, WebSocketRoute

from tests.demo import PASSWORD, Demo

from .conftest import Person, Room

pytestmark = pytest.mark.browser
OFFICE, MODERATOR = "leyla.musteroglu@kfi.example", "bernd.beispielhof@kfi.example"


@pytest_asyncio.fixture(scope="module")
async def places(demo: Demo) -> list[str]:
    """The pages of the texts of the last meeting, whose minutes are not approved."""
    async with httpx.AsyncClient(base_url=f"{demo.url}/api/v1") as client:
        answer = await client.post("/sessions", json={"email": OFFICE, "password": PASSWORD})
        client.headers["authorization"] = f"Bearer {answer.json()['token']}"
        meetings = (await client.get("/meetings?limit=200")).json()["items"]
        meeting = next(one for one in meetings if one["reference"] == "KK-2026-5")
        items = (await client.get(f"/meetings/{meeting['id']}/agenda-items")).json()["items"]
    return [f"/sitzungen/KK-2026-5/top/{item['id']}/schreiben" for item in items if item["kind"] is not None]


def field(person: Person) -> Locator:
    return person.page.get_by_label("Text für die Niederschrift")


async def status(person: Person, words: str, timeout: float = 20) -> None:
    """Wait until the line below the field says so."""
    line = person.page.locator("[data-writing-status]")
    async with asyncio.timeout(timeout):
        while not re.search(words, await line.inner_text()):
            await asyncio.sleep(0.05)


async def opened(room: Room, email: str, path: str, width: int = 1280) -> Person:
    person = await room.person(email, width)
    await person.open(path)
    await status(person, "Verbunden|Gespeichert")
    assert await person.page.get_by_role("button", name="Text speichern").is_hidden()
    return person


async def same(first: Person, second: Person, words: list[str], timeout: float = 20) -> str:
    """The text of both windows, once it is the same and holds all words, each once."""
    async with asyncio.timeout(timeout):
        while True:
            texts = [await field(one).input_value() for one in (first, second)]
            if texts[0] == texts[1] and all(texts[0].count(word) == 1 for word in words):
                return texts[0]
            await asyncio.sleep(0.1)


async def type_slowly(person: Person, words: list[str], place: str) -> None:
    await field(person).press(place)
    for word in words:
        await person.page.keyboard.type(word + " ", delay=15)


async def test_two_windows_write_at_once(room: Room, places: list[str]) -> None:
    office, moderator = await opened(room, OFFICE, places[1]), await opened(room, MODERATOR, places[1], 390)
    before = await field(office).input_value()
    mine, theirs = [f"Öl{n}ß😀x" for n in range(12)], [f"Äpfel{n}👩‍👧y" for n in range(12)]
    await asyncio.gather(
        type_slowly(office, mine, "Control+End"), type_slowly(moderator, theirs, "Control+Home")
    )
    text = await same(office, moderator, [*mine, *theirs])
    assert before in text and len(text) == len(before) + sum(len(word) + 1 for word in [*mine, *theirs])
    assert (
        await office.page.locator("[data-writing-others]").inner_text() == "Bernd Beispielhof schreibt mit."
    )
    await status(office, r"Gespeichert um \d\d:\d\d:\d\d")

    # What one takes back are one's own words alone.
    for _ in range(40):
        await field(moderator).press("Control+z")
    await same(office, moderator, mine)
    assert "Äpfel" not in await field(office).input_value()
    await moderator.page.reload()
    await status(moderator, "Verbunden|Gespeichert")
    await same(office, moderator, mine)


async def test_signs_of_two_units_stay_whole(room: Room, places: list[str]) -> None:
    """😀 and 😁 share their first half; an accent is composed while the other window writes."""
    office, moderator = await opened(room, OFFICE, places[2]), await opened(room, MODERATOR, places[2])
    await field(office).fill("A😀B")
    await same(office, moderator, ["A😀B"])
    await field(office).fill("A😁B")
    await same(office, moderator, ["A😁B"])
    session = await office.context.new_cdp_session(office.page)
    await field(office).press("Control+End")
    await session.send("Input.imeSetComposition", {"text": "´", "selectionStart": 1, "selectionEnd": 1})
    await field(moderator).press("Control+Home")
    await moderator.page.keyboard.type("Davor ", delay=10)
    await asyncio.sleep(1)
    await session.send("Input.insertText", {"text": "é"})
    assert await same(office, moderator, ["Davor ", "A😁B", "é"]) == "Davor A😁Bé"


async def test_the_server_dies_while_people_write(room: Room, demo: Demo, places: list[str]) -> None:
    office, moderator = await opened(room, OFFICE, places[3]), await opened(room, MODERATOR, places[3])
    mine, theirs = [f"büro{n};" for n in range(60)], [f"moderation{n};" for n in range(60)]

    async def kill() -> None:
        await asyncio.sleep(1)
        os.kill(demo.facts["pids"]["web"], signal.SIGKILL)

    pressing = asyncio.gather(
        type_slowly(office, mine, "Control+End"), type_slowly(moderator, theirs, "Control+Home"), kill()
    )
    await status(office, "Keine Verbindung. Sie können weiterschreiben, es wird nachgetragen.")
    await pressing
    await same(office, moderator, [*mine, *theirs], 40)
    await status(office, "Gespeichert")
    kept = await office.page.evaluate(
        "Object.keys(localStorage).filter(name => name.startsWith('circle-writing'))"
    )
    assert kept == [], "nothing stays behind once it is saved"
    # A refused connection is what this test is about.
    office.complaints.clear()
    moderator.complaints.clear()


async def test_what_was_not_sent_is_sent_by_the_next_visit_and_goes_at_sign_out(
    room: Room, places: list[str]
) -> None:
    office, links, cut = await room.person(OFFICE), list[WebSocketRoute](), asyncio.Event()

    async def pass_on(link: WebSocketRoute) -> None:
        if cut.is_set():
            await link.close(code=1013)
        else:
            link.connect_to_server()
            links.append(link)

    await office.page.route_web_socket("**/schreiben", pass_on)
    await office.open(places[0])
    await status(office, "Verbunden")
    cut.set()
    await links[0].close(code=1012)
    await field(office).press("Control+End")
    await office.page.keyboard.type(" Unterwegs geschrieben.")
    await status(office, "Keine Verbindung")
    names = "Object.keys(localStorage).filter(name => name.startsWith('circle-writing')).length"
    assert await office.page.evaluate(names) == 1
    await office.page.goto(office.demo.url)
    cut.clear()
    await office.open(places[0])
    await status(office, "Gespeichert")
    assert "Unterwegs geschrieben." in await field(office).input_value()
    assert await office.page.evaluate(names) == 0
    await office.page.evaluate("localStorage.setItem('circle-writing:x:y', '1 AAA=')")
    await office.page.locator("summary").first.click()
    await office.page.get_by_role("button", name="Abmelden").first.click()
    await office.page.wait_for_url("**/anmelden*")
    assert await office.page.evaluate(names) == 0


async def test_without_scripts_a_form_is_merged(room: Room, places: list[str]) -> None:
    moderator = await opened(room, MODERATOR, places[-1])
    office = await room.person(OFFICE, scripts=False)
    await office.open(places[-1])
    old = await field(office).input_value()
    await type_slowly(moderator, ["Gleichzeitig"], "Control+Home")
    await status(moderator, "Gespeichert")
    await field(office).fill(f"{old}\nOhne Skript 😀.")
    await office.press("Text speichern")
    assert "Der Text ist gespeichert." in await office.text()
    text = await field(office).input_value()
    assert "Gleichzeitig" in text and text.endswith("Ohne Skript 😀.")
    async with asyncio.timeout(10):
        while await field(moderator).input_value() != text:
            await asyncio.sleep(0.1)


async def test_lines_become_cards_by_the_keyboard(room: Room, places: list[str]) -> None:
    office = await opened(room, OFFICE, places[1])
    await field(office).press("Control+End")
    await office.page.get_by_role("button", name="Aufgabe", exact=True).press("Enter")
    assert (await field(office).input_value()).endswith("A: @")
    await office.page.keyboard.type("Malik Liste prüfen bis 9.12.", delay=5)
    card: Any = office.page.locator("li.writing-card", has_text="@Malik Liste prüfen")
    await card.wait_for(timeout=10_000)
    await office.check()
    assert await card.get_by_label("Wer?").evaluate("list => list.selectedOptions[0].textContent") == (
        "Malik Neubeispiel (BR Detmold)"
    )
    await card.get_by_role("button", name="Aufgabe vergeben").press("Enter")
    await office.page.wait_for_load_state()
    assert re.search(r"Aufgabe: @Malik Liste prüfen bis 9\.12\. \(AUF-2026-\d+\)", await office.text())
    await office.check()
