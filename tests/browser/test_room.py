"""A meeting in the room: the moderation at a desk, a commissioner on a phone, and nobody loads a page anew by hand."""

from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import expect

from .conftest import Person, Room, overflow, violations
from .test_main_job_api import MEMBER, MODERATOR, OFFICE, OTHER_MEMBER, SignIn, sign_in

__all__ = ["sign_in"]
pytestmark = pytest.mark.browser
SOON = 8_000
"""Milliseconds until an open page must have heard, on a busy machine."""


async def invited(sign_in: SignIn, day: str) -> str:
    """A meeting of its own with one item of substance, to which everybody is invited; its address."""
    office = await sign_in(OFFICE)
    body = {
        "date": day,
        "start_local": "10:00",
        "end_local": "12:00",
        "place": "Hamm, Saal 2",
        "mode": "hybrid",
        "link": "https://example.org/raum",
    }
    meeting: dict[str, Any] = await office.post("/meetings", body, 201, key=f"room-{day}")
    item = await office.post(
        f"/meetings/{meeting['id']}/agenda-items",
        {"title": "Sprachmittlung in Gerichten", "aim": "coordination", "planned_minutes": 20},
        201,
        key=f"room-item-{day}",
    )
    await office.post(f"/agenda-items/{item['id']}/admit")
    await office.post(f"/meetings/{meeting['id']}/invite", {}, key=f"room-invite-{day}")
    return f"/sitzungen/{meeting['reference']}"


@pytest_asyncio.fixture
async def moderator(room: Room) -> Person:
    return await room.person(MODERATOR, 1440)


async def test_what_the_moderation_does_is_seen_on_a_phone_within_seconds(
    room: Room, moderator: Person, sign_in: SignIn
) -> None:
    here = await invited(sign_in, "2027-02-10")
    member = await room.person(MEMBER, 390)
    await member.open(f"{here}/live")
    assert "noch nicht begonnen" in await member.text()

    await moderator.open(f"{here}/raum")
    await moderator.page.get_by_label("Malik Neubeispiel").check()
    await moderator.page.get_by_label("Jörn Probemuster").check()
    await moderator.page.locator("summary", has_text="Heute ist nicht der Tag der Sitzung").click()
    await moderator.press("Trotzdem eröffnen")
    await expect(member.page.locator("#now-heading")).to_have_text("Die Sitzung ist eröffnet", timeout=SOON)

    await moderator.press("TOP 1 aufrufen")
    await expect(member.page.locator(".room-now")).to_contain_text("TOP 1 von 4", timeout=SOON)
    await expect(member.page.locator("#room-quorum")).to_contain_text("2 von 5 Häusern da", timeout=SOON)
    await expect(member.page.locator("#room-quorum")).to_contain_text("Nicht beschlussfähig")

    # Somebody comes in: the list answers in its place, what is being typed elsewhere stays.
    text = moderator.page.get_by_label("Text für die Niederschrift")
    await text.fill("Die Moderation begrüßt alle.")
    row = moderator.page.locator("#room-people li", has_text="Paweł Dombeispiel")
    await row.get_by_role("button", name="online").click()
    await expect(row.get_by_role("button", name="geht")).to_be_focused(timeout=SOON)
    await expect(moderator.page.locator("#room-quorum")).to_contain_text("3 von 5 Häusern da")
    await expect(text).to_have_value("Die Moderation begrüßt alle.")
    await expect(member.page.locator("#room-quorum")).to_contain_text("Beschlussfähig", timeout=SOON)
    await moderator.check()
    await member.check()

    await moderator.press("TOP 1 abschließen, weiter zu TOP 2")
    await expect(member.page.locator(".room-now")).to_contain_text("TOP 2 von 4", timeout=SOON)
    await moderator.page.locator("body").press("Alt+Shift+KeyN")
    await expect(moderator.page.locator(".room-now")).to_contain_text("TOP 3", timeout=SOON)
    await expect(member.page.locator(".room-now")).to_contain_text("TOP 3 von 4", timeout=SOON)

    # A second one of the office goes on: the moderation is told and loses nothing.
    office = await room.person(OFFICE, 1280)
    await office.open(f"{here}/raum")
    await office.press("zurück zu TOP 2")
    await expect(moderator.page.locator("main")).to_contain_text(
        "Der aktuelle Punkt hat gewechselt", timeout=SOON
    )

    projector = await room.person(OTHER_MEMBER, 1920)
    await projector.open(f"{here}/praesentation")
    await office.press("TOP 2 abschließen, weiter zu TOP 3")
    await expect(projector.page.locator("h1")).to_have_text("Sprachmittlung in Gerichten", timeout=SOON)
    await every_look(room, here)

    cut_off = await room.person(MEMBER, 390)
    await cut_off.page.route("**/live/stand*", lambda route: route.abort())
    await cut_off.page.goto(f"{cut_off.demo.url}{here}/live")
    await expect(cut_off.page.locator("#room-lost")).to_be_visible(timeout=SOON)
    await cut_off.page.unroute("**/live/stand*")
    await expect(cut_off.page.locator("#room-lost")).to_be_hidden(timeout=2 * SOON)

    await moderator.open(f"{here}/raum")
    await moderator.page.locator("summary", has_text="Sitzung schließen").click()
    await moderator.press("Sitzung schließen")
    await expect(member.page.locator("#now-heading")).to_have_text(
        "Die Sitzung ist geschlossen", timeout=SOON
    )
    await moderator.open(f"{here}/raum")


async def every_look(room: Room, here: str) -> None:
    """Each page of the room: by axe in the light and in the dark at a desk and on a phone, and at 400 % zoom."""
    pages = {
        OFFICE: ["raum", "raum/eintragen", "raum/zeiten", "raum/anwesenheit"],
        MEMBER: ["live", "praesentation"],
    }
    for email, paths in pages.items():
        for width in (1440, 390, 320):
            someone = await room.person(email, width)
            for path in paths:
                await someone.open(f"{here}/{path}", axe=False)
                assert await overflow(someone.page) <= 0, (path, width)
                for scheme in ("light", "dark") if width > 320 else ():
                    await someone.page.emulate_media(color_scheme=scheme)
                    assert await violations(someone.page) == [], (path, width, scheme)


async def reach(person: Person, name: str) -> None:
    """Go by the tabulator to the button or field of this name."""
    words = "el => el.matches('input') ? el.labels[0]?.textContent ?? '' : el.textContent"
    for _ in range(250):
        await person.page.keyboard.press("Tab")
        focused = person.page.locator(":focus")
        if not await focused.count():
            continue
        if " ".join(str(await focused.evaluate(words)).split()).startswith(name):
            box = await focused.bounding_box()
            assert box and box["width"] > 0, f"{name} cannot be seen when it has the focus"
            return
    raise AssertionError(f"the tabulator does not come to {name}")


async def hit(person: Person, name: str) -> None:
    """The same, and press it; the page that follows is checked."""
    await reach(person, name)
    async with person.page.expect_navigation():
        await person.page.keyboard.press("Enter")


async def test_from_opening_to_closing_with_the_keyboard_alone(moderator: Person, sign_in: SignIn) -> None:
    here = await invited(sign_in, "2027-02-17")
    await moderator.open(f"{here}/raum", axe=False)
    for name in ("Jörn Probemuster", "Malik Neubeispiel"):
        await reach(moderator, name)
        await moderator.page.keyboard.press("Space")
    await reach(moderator, "Heute ist nicht der Tag")
    await moderator.page.keyboard.press("Enter")
    await hit(moderator, "Trotzdem eröffnen")
    await hit(moderator, "TOP 1 aufrufen")
    await reach(moderator, "kommt: Paweł Dombeispiel")
    await moderator.page.keyboard.press("Enter")
    await expect(moderator.page.locator("#room-quorum")).to_contain_text("3 von 5 Häusern da", timeout=SOON)
    await hit(moderator, "TOP 1 abschließen, weiter zu TOP 2")
    await hit(moderator, "Pause")
    await hit(moderator, "weiter mit TOP 2")
    await hit(moderator, "Vertagen")
    await hit(moderator, "TOP 3 abschließen, weiter zu TOP 4")
    await hit(moderator, "TOP 4 abschließen")
    await hit(moderator, "Sitzung schließen")
    assert moderator.page.url.endswith("/niederschrift")
    assert not moderator.complaints, moderator.complaints
