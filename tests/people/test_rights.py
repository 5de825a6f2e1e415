"""Rights follow from roles, appointments and absences at the moment of the request (domain rules 3.1 and 3.2)."""

from datetime import UTC, date, datetime, timedelta

import pytest

from circle.core import access, auth, clock
from circle.core.auth import Actor
from circle.core.clock import Clock
from circle.core.db import Connection
from tests import make
from tests.clients import Clients

ME = "/api/v1/me"


def turn(office: Clock, patch: pytest.MonkeyPatch, moment: datetime) -> None:
    """Let it be `moment` in the office."""
    patch.setattr(office, "offset", moment - datetime.now(UTC))


async def test_a_withdrawn_role_acts_on_the_next_request(client: Clients, db: Connection) -> None:
    dora = await make.person(db, "dora", roles=["circle_office"])
    program, browser = await client.as_("dora"), await client.browser("dora")
    assert (await program.get("/api/v1/audit-events")).status_code == 200
    assert (await browser.get("/aufgaben/neu")).status_code == 200
    await db.execute("update role_grant set valid_to = '2026-11-22' where person_id = $1", dora)
    assert (await program.get("/api/v1/audit-events")).status_code == 403
    assert (await browser.get("/aufgaben/neu")).status_code == 403
    assert (await program.get(ME)).json()["roles"] == []


async def test_who_is_deactivated_is_out_by_program_and_by_page(client: Clients, db: Connection) -> None:
    dora = await make.person(db, "dora", roles=["circle_office"])
    program, browser = await client.as_("dora"), await client.browser("dora")
    await db.execute("update person set active = false where id = $1", dora)
    assert (await program.get(ME)).status_code == 401
    assert (await program.post("/api/v1/search", json={"query": "x"})).status_code == 401
    assert (await browser.get("/")).headers["location"].startswith("/anmelden")


@pytest.mark.parametrize(
    "starts, ends, acts",
    [
        (date(2026, 11, 23), date(2026, 11, 23), True),
        (date(2026, 11, 1), date(2026, 11, 23), True),
        (date(2026, 11, 1), date(2026, 11, 22), False),
        (date(2026, 11, 24), date(2026, 12, 1), False),
        (None, None, False),
    ],
)
async def test_a_deputy_acts_within_the_absence_only(
    client: Clients, db: Connection, starts: date | None, ends: date | None, acts: bool
) -> None:
    dirk = await make.person(db, "dirk", authority="br-arnsberg", roles=["deputy"])
    if starts and ends:
        await make.absence(db, await make.person_id(db, "ben"), dirk, starts, ends)
    program, browser = await client.as_("dirk"), await client.browser("dirk")
    assert sorted((await program.get(ME)).json()["roles"]) == (
        ["deputy", "regional_staff"] if acts else ["regional_staff"]
    )
    asked = {"subject": "Frage", "question": "Was gilt?", "no_personal_data": True}
    assert (await program.post("/api/v1/consultations", json=asked)).status_code == (201 if acts else 403)
    assert (await browser.get("/anfragen/neu")).status_code == (200 if acts else 403)


async def test_an_absence_lasts_until_midnight_in_berlin(
    client: Clients, db: Connection, office: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    dirk = await make.person(db, "dirk", authority="br-arnsberg", roles=["deputy"])
    await make.absence(db, await make.person_id(db, "ben"), dirk, date(2026, 12, 1), date(2026, 12, 1))
    program = await client.as_("dirk")
    begins = datetime(2026, 11, 30, 23, tzinfo=UTC)
    second = timedelta(seconds=2)
    for moment, acts in [
        (begins - second, False),
        (begins + second, True),
        (begins + timedelta(days=1) - second, True),
        (begins + timedelta(days=1) + second, False),
    ]:
        turn(office, monkeypatch, moment)
        assert ("deputy" in (await program.get(ME)).json()["roles"]) == acts, moment


async def test_a_deputy_of_another_house_gains_nothing_from_an_absence_here(
    client: Clients, db: Connection
) -> None:
    dirk = await make.person(db, "dirk", authority="br-koeln", roles=["deputy"])
    await make.absence(db, await make.person_id(db, "ben"), dirk, date(2026, 11, 1), date(2026, 12, 1))
    assert (await (await client.as_("dirk")).get(ME)).json()["roles"] == ["regional_staff"]


@pytest.mark.parametrize(
    "midnight", [datetime(2026, 12, 31, 23, tzinfo=UTC), datetime(2027, 6, 30, 22, tzinfo=UTC)]
)
async def test_succession_is_at_midnight_in_berlin_in_winter_and_in_summer(
    client: Clients, db: Connection, office: Clock, monkeypatch: pytest.MonkeyPatch, midnight: datetime
) -> None:
    day = (midnight + timedelta(hours=3)).date()
    koeln = await make.authority(db, "br-koeln")
    olga, nora = (
        await make.person(db, "olga", authority="br-koeln"),
        await make.person(db, "nora", authority="br-koeln"),
    )
    await make.appoint(db, olga, koeln, "commissioner", until=day - timedelta(days=1))
    await make.appoint(db, nora, koeln, "commissioner", since=day)
    programs = {nick: await client.as_(nick) for nick in ("olga", "nora")}
    for moment, holder in [
        (midnight - timedelta(seconds=2), "olga"),
        (midnight + timedelta(seconds=2), "nora"),
    ]:
        turn(office, monkeypatch, moment)
        for nick, program in programs.items():
            roles = (await program.get(ME)).json()["roles"]
            assert ("commissioner" in roles) == (nick == holder), (moment, nick)
            listed = (await program.get("/api/v1/meetings")).json()
            assert "items" in listed


async def test_approval_release_and_export_need_a_sign_in_of_a_quarter_of_an_hour() -> None:
    def actor(minutes: float) -> Actor:
        signed_in = datetime.now(UTC) - timedelta(minutes=minutes)
        return Actor(None, None, "", frozenset(), (), datetime.now(UTC), signed_in_at=signed_in)

    auth.require_recent(actor(14.9))
    with pytest.raises(auth.errors.SignInAgain):
        auth.require_recent(actor(15.1))


def test_a_technical_administrator_opens_no_content() -> None:
    held = {right for right, roles in access.RIGHTS.items() if "technical_admin" in roles}
    assert held == {"people.manage"}


async def test_keys_say_what_each_role_opens(db: Connection) -> None:
    """The levels of domain rules 3.2, row by row."""
    house = await make.authority(db, "br-koeln")
    anna = await make.person_id(db, "anna")
    levels = {"public", "internal", "circle"}
    expected = {
        "circle_office": levels,
        "circle_moderator": levels,
        "kfi_head": levels,
        "kfi_expert": {"public", "internal"},
        "quality_reviewer": levels,
        "release_approver": levels,
        "commissioner": levels,
        "deputy": levels,
        "assistant": {"public", "internal"},
        "regional_staff": {"public", "internal"},
        "ministry_observer": {"public", "internal"},
        "municipal_contact": {"public"},
        "partner": {"public"},
        "former_commissioner": {"public"},
        "records_manager": levels,
        "data_protection_officer": set(),
        "technical_admin": set(),
    }
    for role, opened in expected.items():
        keys = set(await db.fetchval("select keys_on($1, $2, $3, current_date)", anna, house, [role]))
        assert keys & levels == opened, role
        assert (f"asking:{house}" in keys) == (role in access.HOUSE), role


async def keys(db: Connection, nick: str, day: date) -> set[str]:
    """The keys of somebody on a day, by what they begin with."""
    found: list[str] = await db.fetchval(
        "select keys_on(id, authority_id, roles_on(id, $2), $2) from person where email = $1",
        f"{nick}@example.org", day,
    )  # fmt: skip
    return {key.partition(":")[0] for key in found}


async def test_who_holds_no_role_any_more_opens_nothing_by_name(
    client: Clients, db: Connection, office: Clock
) -> None:
    """Being named for confidential matter ends with the office (domain rules 3.2: confidential by name, by role)."""
    meeting = await make.meeting(db)
    item = await make.item(
        db, meeting, "Geheimer Titel", level="confidential", named=["ben"], status="admitted"
    )
    ben = await client.as_("ben")
    assert (await ben.get(f"/api/v1/agenda-items/{item}")).json()["title"] == "Geheimer Titel"
    await db.execute("update appointment set valid_to = '2026-11-22'")
    assert (await ben.get(f"/api/v1/agenda-items/{item}")).status_code == 404
    assert await keys(db, "ben", office_day(office)) == set()


async def test_a_deputy_for_one_meeting_has_its_papers_while_both_are_appointed(
    client: Clients, db: Connection, office: Clock
) -> None:
    meeting = await make.meeting(db)
    on = await db.fetchval("select date from meeting where id = $1", meeting)
    dirk = await make.person(db, "dirk", authority="br-arnsberg", roles=["deputy"])
    await db.execute(
        "insert into absence (person_id, deputy_id, starts_on, ends_on, meeting_id) values ($1, $2, $3, $3, $4)",
        await make.person_id(db, "ben"), dirk, on, meeting,
    )  # fmt: skip
    program = await client.as_("dirk")
    assert (await program.get(f"/api/v1/meetings/{meeting}")).status_code == 200
    await db.execute("update appointment set valid_to = '2026-11-22' where person_id = $1", dirk)
    assert (await program.get(f"/api/v1/meetings/{meeting}")).status_code == 404


async def test_who_acts_for_a_commissioner_is_told_so_with_the_card(client: Clients, db: Connection) -> None:
    await make.person(db, "zoe", authority="br-arnsberg", roles=["assistant"])
    told = (await (await client.as_("zoe")).get(ME)).json()["acting_for"]
    assert told["name"] == "Ben Beauftragt" and told["role"] == "assistant"
    assert (await (await client.as_("ben")).get(ME)).json()["acting_for"] is None


def office_day(office: Clock) -> date:
    return clock.day(office.now())
