"""A newcomer calls, holds and closes the next meeting of the demo with an office and a member at two browsers.

Nobody types an address: every page is reached by what is written on the one before. The member has a phone. What one
of them does the other sees without loading the page again, and every page is looked at by axe, by day and by night.
"""

import pytest

from .conftest import Person, Room, violations
from .test_main_job_api import MEMBER, OFFICE, PATIENCE

pytestmark = pytest.mark.browser

PHONE = 390


async def at_night(someone: Person) -> None:
    """The same page in the dark; `check` has looked at it in the light."""
    await someone.page.emulate_media(color_scheme="dark")
    found = await violations(someone.page)
    await someone.page.emulate_media(color_scheme="light")
    assert not found, f"{someone.page.url} in the dark:\n" + "\n".join(found)


async def called(office: Person) -> None:
    """From the overview to the invitation that has reached everybody."""
    await office.open("/")
    await office.follow("Zur Sitzung")
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
    row = member.page.locator("main li", has_text="Rückmeldung").first
    async with member.page.expect_navigation():
        await row.get_by_role("link").last.click()
    await member.check()
    await member.page.get_by_label("kommt in Präsenz").check()
    await member.press("Rückmeldung senden")
    await at_night(member)
    assert "kommt in Präsenz" in await member.text()


async def test_the_next_meeting_is_called_held_and_closed(room: Room) -> None:
    office = await room.person(OFFICE)
    member = await room.person(MEMBER, PHONE)
    await called(office)
    await answered(member)
