"""An invitation without an answer waits on the desk of whoever is invited."""

from circle.core.clock import Clock
from circle.core.db import Connection
from tests.clients import Clients
from tests.meetings.world import PAGE, act, invited


async def test_it_waits_until_it_is_answered(db: Connection, client: Clients, office: Clock) -> None:
    meeting = await invited(db, office)
    browser, ben = await client.browser("ben"), await client.as_("ben")
    page = (await browser.get("/")).text
    assert "Rückmeldung zur Sitzung" in page and f"{PAGE}#rueckmeldung" in page
    await act(ben, meeting, "reply", {"answer": "in_person"})
    assert "Rückmeldung zur Sitzung" not in (await browser.get("/")).text
    assert "Rückmeldung zur Sitzung" not in (await (await client.browser("clara")).get("/")).text
