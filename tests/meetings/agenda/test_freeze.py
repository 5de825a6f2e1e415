"""What stands on every agenda, and the numbers that an invitation and a supplement give."""

from datetime import date
from uuid import UUID, uuid4

import pytest

from circle.core.clock import Clock
from circle.core.db import Connection
from circle.meetings.agenda import actions, rules
from circle.meetings.agenda.model import Shell
from tests import make
from tests.clients import Clients

from . import found_in, of


async def numbered(db: Connection, meeting: UUID) -> list[tuple[str, str, bool]]:
    rows = await db.fetch(
        'select number, status, frozen from agenda_item where meeting_id = $1 order by "order"', meeting
    )
    return [tuple(row) for row in rows]


async def test_standing_items_name_the_last_held_meeting(
    client: Clients, db: Connection, office: Clock
) -> None:
    await make.meeting(db, "KK-2026-4", on=date(2026, 9, 2), state="minutes_approved")
    await make.meeting(db, "KK-2026-5", on=date(2026, 11, 4), state="held")
    await make.meeting(db, "KK-2026-6", on=date(2026, 12, 9), state="agenda_open")
    meeting = await make.meeting(db)
    await actions.add_standing_items(db, await make.actor(db, office, "anna"), meeting)
    items = (await (await client.as_("ben")).get(of(meeting))).json()["items"]
    assert [(one["title"], one["kind"], one["status"]) for one in items] == [
        ("Begrüßung, Form und Frist, Tagesordnung", "formality", "admitted"),
        ("Genehmigung der Niederschrift über die 5. Sitzung 2026", "approval_of_minutes", "admitted"),
        ("Termine und Verschiedenes", "miscellaneous", "admitted"),
    ]
    assert await found_in(db, items[2]["id"]) == ("open", "Termine und Verschiedenes", "KK-2027-1")


@pytest.mark.confidential
async def test_the_invitation_numbers_what_is_admitted(
    client: Clients, db: Connection, office: Clock
) -> None:
    meeting = await make.meeting(db)
    anna = await make.actor(db, office, "anna")
    first = await make.item(db, meeting, "Begrüßung", by="anna", kind="formality")
    await make.item(db, meeting, "Wartet", status="registered")
    secret = await make.item(db, meeting, "Personalfrage", level="confidential")
    await make.item(db, meeting, "Weg", status="withdrawn")
    assert await actions.freeze(db, anna, meeting, supplement=False) == [first, secret]
    assert await numbered(db, meeting) == [
        ("1", "on_agenda", True), ("", "registered", False), ("2", "on_agenda", True), ("", "withdrawn", False),
    ]  # fmt: skip
    assert await found_in(db, first) == ("open", "Begrüßung", "KK-2027-1/TOP-1")
    assert await found_in(db, secret) == ("sealed", "Personalfrage", "KK-2027-1/TOP-2")
    assert await actions.freeze(db, anna, meeting, supplement=True) == []


async def test_a_supplement_renumbers_nothing(db: Connection, office: Clock) -> None:
    meeting = await make.meeting(db, state="invited")
    for n in ("1", "2"):
        await make.item(db, meeting, n, status="on_agenda", number=n)
    for title in ("Spät", "Später"):
        await make.item(db, meeting, title)
    await make.item(db, meeting, "3", status="on_agenda", number="3")
    anna = await make.actor(db, office, "anna")
    assert len(await actions.freeze(db, anna, meeting, supplement=True)) == 2
    assert [row[0] for row in await numbered(db, meeting)] == ["1", "2", "2a", "2b", "3"]
    await make.item(db, meeting, "Noch später")
    await actions.freeze(db, anna, meeting, supplement=True)
    assert [row[0] for row in await numbered(db, meeting)] == ["1", "2", "2a", "2b", "3", "3a"]


def test_letters_go_on_after_z() -> None:
    shells = [Shell(uuid4(), 0, "5", "on_agenda", True, False)]
    shells += [Shell(uuid4(), n, "", "admitted", False, True) for n in range(1, 29)]
    given = list(rules.numbers(shells, supplement=True).values())
    assert given[:2] == ["5a", "5b"] and given[25:] == ["5z", "5aa", "5ab"]


def test_the_fifth_letter_follows_the_fourth() -> None:
    shells = [Shell(uuid4(), 0, number, "on_agenda", True, False) for number in ("5", "5a", "5d")]
    late = Shell(uuid4(), 9, "", "admitted", False, True)
    assert rules.numbers([*shells, late], supplement=True) == {late.id: "5e"}
