"""The room starts its attendance from the answers, marked as a proposal; what is recorded stands."""

import re

from circle.core.clock import Clock
from circle.core.db import Connection
from tests import make
from tests.clients import Clients
from tests.meetings.world import PAGE, act, invited

from .test_answer import deputy


def chosen(page: str, name: str) -> str:
    """The value that a select of the form starts with."""
    (select,) = re.findall(rf'<select[^>]*name="{name}".*?</select>', page, re.DOTALL)
    return next(iter(re.findall(r'value="([^"]*)" selected', select)), "")


async def test_answers_are_proposed_and_nothing_is_recorded_by_that(
    db: Connection, client: Clients, office: Clock
) -> None:
    await make.person(db, "dora", authority="br-detmold", roles=["commissioner"])
    meeting = await invited(db, office)
    for nick, answer in (
        ("ben", "in_person"),
        ("dora", "declined"),
        ("mona", "in_person"),
        ("kim", "declined"),
    ):
        await act(await client.as_(nick), meeting, "reply", {"answer": answer})
    ben, dora, mona, kim, anna = [
        await make.person_id(db, nick) for nick in ("ben", "dora", "mona", "kim", "anna")
    ]
    browser = await client.browser("mona")
    page = (await browser.get(f"{PAGE}/raum/anwesenheit")).text
    assert (chosen(page, f"status_{ben}"), chosen(page, f"status_{dora}")) == ("present", "excused")
    assert (chosen(page, f"status_{mona}"), chosen(page, f"status_{anna}")) == ("office", "")
    # Kim is recorded as represented since the invitation; her answer stands beside it.
    assert chosen(page, f"status_{kim}") == "represented"
    assert page.count("Vorschlag, noch nicht gespeichert") == 3 and "Rückmeldung: kommt nicht" in page
    assert await db.fetchval("select count(*) from attendance where person_id = $1", ben) == 0
    assert "0 von 5" in page or "1 von 5" in page


async def test_a_deputy_is_proposed_with_their_name(db: Connection, client: Clients, office: Clock) -> None:
    dora = await deputy(db)
    meeting = await invited(db, office)
    ben = await make.person_id(db, "ben")
    await act(await client.as_("ben"), meeting, "reply", {"answer": "represented", "deputy_id": str(dora)})
    page = (await (await client.browser("mona")).get(f"{PAGE}/raum/anwesenheit")).text
    assert chosen(page, f"status_{ben}") == "represented" and chosen(page, f"by_{ben}") == str(dora)
    assert "lässt sich vertreten durch Dora Stellvertretung" in page


async def test_without_answers_nothing_is_proposed(db: Connection, client: Clients, office: Clock) -> None:
    await invited(db, office)
    page = (await (await client.browser("mona")).get(f"{PAGE}/raum/anwesenheit")).text
    assert "Vorschlag" not in page and "Vorgeschlagen" not in page
