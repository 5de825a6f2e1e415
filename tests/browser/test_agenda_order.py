"""The order of an agenda by hand: with a real pointer, by keyboard alone, and without scripts."""

from typing import Any

import pytest
from playwright.async_api import Locator

from .conftest import Person, Room

pytestmark = pytest.mark.browser

OFFICE = "leyla.musteroglu@kfi.example"
SAVE = "Reihenfolge und Zeiten speichern"


@pytest.fixture(scope="session")
def story() -> dict[str, Any]:
    """The address of the agenda that the first test makes."""
    return {}


async def table(room: Room, story: dict[str, Any], width: int = 1280, **options: Any) -> Person:
    """The office before the agenda of a new meeting: three standing items and one of its own."""
    office = await room.person(OFFICE, width, **options)
    if not story:
        await office.open("/sitzungen")
        await office.follow("Sitzung ansetzen")
        for label, value in (
            ("Tag", "2027-05-12"),
            ("Beginn", "10:00"),
            ("Ende", "14:00"),
            ("Ort", "Münster"),
        ):
            await office.fill(label, value)
        await office.press("Sitzung ansetzen")
        story["meeting"] = office.page.url.removeprefix(office.demo.url)
        await office.open(story["meeting"] + "/top/neu")
        await office.fill("Titel", "Dolmetschen")
        await office.page.get_by_label("Abstimmung").check()
        await office.press("Punkt anmelden")
        await office.press("Punkt aufnehmen")
    await office.open(story["meeting"] + "/tagesordnung")
    return office


def handle(office: Person, title: str) -> Locator:
    return office.page.get_by_role("button", name=f"Verschieben: {title}")


async def titles(office: Person) -> list[str]:
    """The first word of each item, in the order of the rows, whose numbers count from 1."""
    numbers = await office.page.locator("tbody [data-place]").evaluate_all("all => all.map(one => one.value)")
    assert numbers == [str(n) for n in range(1, len(numbers) + 1)]
    found = await office.page.locator("tbody tr").evaluate_all("all => all.map(one => one.dataset.name)")
    return [one.split()[0].rstrip(",") for one in found]


async def said(office: Person) -> str:
    return await office.page.locator("#order-status").inner_text()


FIRST = ["Begrüßung", "Genehmigung", "Dolmetschen", "Termine"]


async def test_by_pointer(room: Room, story: dict[str, Any]) -> None:
    office = await table(room, story)
    assert await titles(office) == FIRST
    grip, target = handle(office, "Dolmetschen"), handle(office, "Begrüßung, Form und Frist, Tagesordnung")
    await grip.hover()
    await office.page.mouse.down()
    assert await grip.get_attribute("aria-pressed") == "true"
    box = await target.bounding_box()
    assert box is not None
    await office.page.mouse.move(box["x"] + 5, box["y"], steps=12)
    await office.page.mouse.up()
    assert await titles(office) == ["Dolmetschen", "Begrüßung", "Genehmigung", "Termine"]
    assert await said(office) == "„Dolmetschen“: abgelegt auf Platz 1 von 4. Noch nicht gespeichert."
    await office.check()
    await office.press(SAVE)
    assert await titles(office) == ["Dolmetschen", "Begrüßung", "Genehmigung", "Termine"]


async def test_by_keyboard(room: Room, story: dict[str, Any]) -> None:
    office = await table(room, story)
    before, grip, keys = await titles(office), handle(office, "Dolmetschen"), office.page.keyboard
    await grip.focus()
    await keys.press("ArrowDown")
    assert await titles(office) == before, "nothing moves before it is taken"
    await keys.press("Space")
    assert "aufgenommen, Platz 1 von 4" in await said(office)
    await keys.press("ArrowDown")
    assert await said(office) == "„Dolmetschen“: Platz 2 von 4."
    await keys.press("ArrowDown")
    assert await grip.evaluate("one => document.activeElement === one"), "the focus goes along"
    await keys.press("Escape")
    assert await titles(office) == before and "zurück auf Platz 1 von 4" in await said(office)
    await keys.press("Enter")
    for _ in range(2):
        await keys.press("ArrowDown")
    await keys.press("Enter")
    assert await titles(office) == FIRST
    await office.check()
    await office.press(SAVE)
    assert await titles(office) == FIRST


async def test_on_a_phone(room: Room, story: dict[str, Any]) -> None:
    office = await table(room, story, 390, has_touch=True)
    box = await handle(office, "Dolmetschen").bounding_box()
    assert box is not None
    assert min(box["width"], box["height"]) >= 44


async def test_what_somebody_else_did_meanwhile_loses_nothing(room: Room, story: dict[str, Any]) -> None:
    office, other = await table(room, story), await table(room, story)
    await other.press("nach unten", exact=False)
    grip, keys = handle(office, "Dolmetschen"), office.page.keyboard
    await grip.focus()
    for key in ("Space", "ArrowDown", "Space"):
        await keys.press(key)
    mine = await titles(office)
    office.complaints.clear()
    async with office.page.expect_navigation():
        await office.page.get_by_role("button", name=SAVE).click()
    assert "Inzwischen" in await office.text()
    assert await titles(office) == mine == ["Begrüßung", "Genehmigung", "Termine", "Dolmetschen"]
    office.complaints.clear()
    await office.press(SAVE)
    assert await titles(office) == mine


async def test_without_scripts_there_is_no_dead_handle(room: Room, story: dict[str, Any]) -> None:
    office = await table(room, story, scripts=False)
    assert not await handle(office, "Dolmetschen").is_visible()
    assert await office.page.locator("[data-handle]").first.is_hidden()
    await office.press("nach oben", exact=False)


async def test_the_pages_around_it_stand_every_check(room: Room, story: dict[str, Any]) -> None:
    """The call for items, the previews and the versions of a real agenda, wide and at 400 % zoom."""
    await table(room, story)
    for width in (1280, 320):
        office = await room.person(OFFICE, width)
        for path in (
            "/tagesordnung", "/aufruf", "/ansicht?als=member", "/ansicht?als=house", "/fassungen", "/top/neu",
        ):  # fmt: skip
            await office.open(story["meeting"] + path, axe=width > 320)
        await office.open("/sitzungen/KK-2026-5/fassungen", axe=width > 320)
        await office.open("/sitzungen/KK-2026-6/top/neu", axe=width > 320)
        await office.open("/geschaeftsordnung/neu", axe=width > 320)
