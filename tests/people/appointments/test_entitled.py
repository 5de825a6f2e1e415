"""Who was entitled on day X answers from history, and agrees with a naive replay of everything that was entered."""

import asyncio
from datetime import date, timedelta
from typing import Any

import asyncpg
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from circle.core import errors
from circle.core.clock import Clock
from circle.core.db import Connection
from circle.people.appointments import actions
from circle.people.appointments.model import Ending, NewAppointment, Succession
from tests import make
from tests.clients import Clients, queries

START, DAYS = date(2026, 1, 1), 60
ORDER = date(2025, 12, 1)
PEOPLE = 4


async def test_the_deputy_stands_in_for_the_absent(client: Clients, db: Connection) -> None:
    ben, house = await make.person_id(db, "ben"), await make.authority(db, "br-arnsberg")
    dirk = await make.person(db, "dirk", authority="br-arnsberg")
    await make.appoint(db, dirk, house, "deputy", until=date(2026, 3, 18))
    await make.absence(db, ben, dirk, date(2026, 3, 16), date(2026, 3, 20))
    anna = await client.as_("anna")

    async def who(day: str) -> tuple[str | None, str | None]:
        with queries(db) as seen:
            found = (await anna.get(f"/api/v1/appointments/entitled?on={day}")).json()["items"]
        assert len(seen) == 1 and len(found) == 5
        (one,) = [x for x in found if x["authority_key"] == "br-arnsberg"]
        return one["entitled_name"], one["absent_until"]

    assert await who("2026-03-15") == ("Ben Beauftragt", None)
    assert await who("2026-03-16") == await who("2026-03-18") == ("Dirk Probe", "2026-03-20")
    assert await who("2026-03-19") == (None, "2026-03-20")
    assert await who("2026-03-21") == ("Ben Beauftragt", None)
    assert await who("2023-12-31") == (None, None)
    page = (await (await client.browser("ben")).get("/bestellungen?am=2026-03-18")).text
    assert (
        "Dirk Probe in Vertretung" in page
        and page.count("<h1") == 1
        and "<svg" in page
        and "style=" not in page
    )
    wrong = await (await client.browser("ben")).get("/bestellungen?am=18.03.")
    assert wrong.status_code == 422 and 'href="#field-am"' in wrong.text
    assert (await (await client.as_("clara")).get("/api/v1/appointments/entitled")).json()["items"] == []
    assert (await anna.get("/api/v1/appointments/entitled?on=gestern")).status_code == 400


DAY = st.integers(0, DAYS - 1)
ENTER = st.tuples(st.just("enter"), st.sampled_from(["commissioner", "deputy"]), st.integers(0, PEOPLE - 1), DAY, st.none() | DAY)  # fmt: skip
END = st.tuples(st.just("end"), st.integers(0, 5), DAY)
SUCCEED = st.tuples(st.just("succeed"), st.integers(0, 5), st.integers(0, PEOPLE - 1), DAY)
AWAY = st.tuples(st.just("away"), st.integers(0, PEOPLE - 1), st.integers(0, PEOPLE - 1), DAY, DAY)


class Naive:
    """What a clerk with one sheet per day would keep: who was appointed as what, and who stood in for whom."""

    def __init__(self) -> None:
        self.appointed: list[dict[str, Any]] = []
        self.away: list[tuple[int, int, int, int]] = []

    def holds(self, kind: str, day: int) -> list[int]:
        return [x["who"] for x in self.appointed if x["kind"] == kind and x["first"] <= day <= x["last"]]

    def entitled(self, day: int) -> set[int | None]:
        """Everybody who may be the answer: with two deputies for one absence, either."""
        commissioners = self.holds("commissioner", day)
        if not commissioners:
            return {None}
        (commissioner,) = commissioners
        absences = [x for x in self.away if x[0] == commissioner and x[2] <= day <= x[3]]
        if not absences:
            return {commissioner}
        return {deputy for _, deputy, _, _ in absences if deputy in self.holds("deputy", day)} or {None}


FAR = 10**6


async def _act(
    db: Connection, anna: Any, house: Any, people: list[Any], naive: Naive, ids: list[Any], event: Any
) -> None:
    """One event, there and on the clerk's sheets; what is refused changes neither."""
    day = lambda n: START + timedelta(days=n)  # noqa: E731  read like a word
    match event:
        case ("enter", kind, who, first, last):
            new = NewAppointment(
                people[who], house, kind, ORDER, "Org", day(first), None if last is None else day(last)
            )
            ids.append(await actions.enter(db, anna, new))
            naive.appointed.append(
                {"who": who, "kind": kind, "first": first, "last": FAR if last is None else last}
            )
        case ("end", which, last) if which < len(ids):
            await actions.end(db, anna, ids[which], Ending(day(last)))
            naive.appointed[which]["last"] = last
        case ("succeed", which, who, first) if which < len(ids):
            ids.append(
                await actions.succeed(db, anna, ids[which], Succession(people[who], day(first), ORDER, "Org"))
            )
            old = naive.appointed[which]
            old["last"] = min(old["last"], first - 1)
            naive.appointed.append({"who": who, "kind": old["kind"], "first": first, "last": FAR})
        case ("away", who, deputy, first, last) if who != deputy and first <= last:
            await make.absence(db, people[who], people[deputy], day(first), day(last))
            naive.away.append((who, deputy, first, last))


async def test_it_agrees_with_a_naive_replay(db: Connection, office: Clock) -> None:
    house = await make.authority(db, "br-koeln")
    people = [await make.person(db, f"p{n}", authority="br-koeln") for n in range(PEOPLE)]
    anna = await make.actor(db, office, "anna")
    loop = asyncio.get_running_loop()
    refused = 0

    async def replay(events: list[Any]) -> None:
        await db.execute("savepoint replay")
        try:
            await compare(events)
        finally:
            await db.execute("rollback to savepoint replay")

    async def compare(events: list[Any]) -> None:
        nonlocal refused
        naive, ids = Naive(), []  # type: ignore[var-annotated]  # ids, filled below
        for event in events:
            await db.execute("savepoint event")
            try:
                await _act(db, anna, house, people, naive, ids, event)
            except (errors.CircleError, asyncpg.ExclusionViolationError):
                refused += 1
                await db.execute("rollback to savepoint event")
        found = await db.fetch(
            """
            select n, e ->> 'entitled_id' as who from generate_series(0, $2::int) n
            cross join lateral jsonb_array_elements(entitled_on($3::date + n)) e where e ->> 'authority_id' = $1
            """,
            str(house),
            DAYS,
            START,
        )
        assert len(found) == DAYS + 1
        for row in found:
            expected = {None if who is None else str(people[who]) for who in naive.entitled(row["n"])}
            assert row["who"] in expected, (row["n"], events)

    @settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck), database=None)
    @given(st.lists(ENTER | END | SUCCEED | AWAY, max_size=8))
    def check(events: list[Any]) -> None:
        asyncio.run_coroutine_threadsafe(replay(events), loop).result(30)

    await asyncio.to_thread(check)
    assert refused
