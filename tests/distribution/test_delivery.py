"""One recipient's way through the mail server: sent once, later, never, or unknown."""

import asyncio
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
import pytest

from circle.core import mail
from circle.core.clock import Clock
from circle.core.db import Connection, Database
from circle.core.files import Storage
from circle.distribution import outgoing, rules, sending
from circle.settings import Settings
from tests import make
from tests.clients import OneConnection

from .conftest import Run
from .mailserver import MailServer


async def state(db: Connection, nick: str) -> Any:
    return await db.fetchrow(
        """
        select d.state, d.attempts, d.error, d.message_id, d.next_try - now() as wait, s.state as dispatch
        from delivery d join dispatch s on s.id = d.dispatch_id where d.address = $1
        """,
        f"{nick}@example.org",
    )


async def started(db: Connection, office: Clock, **letter: Any) -> UUID:
    """A dispatch to Anna and Ben that is on its way."""
    people = [await make.person_id(db, nick) for nick in ("anna", "ben")]
    return await make.dispatch(db, office, people, start=True, **letter)


async def due(db: Connection) -> None:
    """Time passes: everything that waits is due, every lease is over."""
    await db.execute("update delivery set next_try = now(), lease_until = now() - interval '1 second'")


async def test_everybody_gets_one_mail_over_one_connection(
    db: Connection, office: Clock, run: Run, server: MailServer
) -> None:
    dispatch_id = await started(db, office)
    assert await run(dispatch_id) is None
    assert server.addresses == ["anna@example.org", "ben@example.org"]
    assert server.calls == 1
    ben = await state(db, "ben")
    assert (ben["state"], ben["attempts"], ben["error"], ben["dispatch"]) == ("sent", 1, "", "done")
    assert server.message("ben@example.org")["message-id"] == ben["message_id"]


async def test_a_second_run_sends_nothing(
    db: Connection, office: Clock, run: Run, server: MailServer
) -> None:
    dispatch_id = await started(db, office)
    await run(dispatch_id)
    await due(db)
    assert await run(dispatch_id) is None
    assert len(server.received) == 2


@pytest.mark.parametrize("way", ["rcpt 450 4.2.0 later", "data 452 4.2.2 full"])
async def test_4xx_is_later_and_the_others_get_theirs(
    db: Connection, office: Clock, run: Run, server: MailServer, way: str
) -> None:
    server.behaviour["anna@example.org"] = way
    dispatch_id = await started(db, office)
    again = await run(dispatch_id)
    assert again is not None and timedelta(seconds=50) < again - datetime.now(UTC) < timedelta(seconds=70)
    anna = await state(db, "anna")
    assert (anna["state"], anna["attempts"], anna["dispatch"]) == ("new", 1, "sending")
    assert anna["error"] == f"Der Mailserver antwortete: {way.partition(' ')[2]}"
    assert server.addresses == ["ben@example.org"]
    server.behaviour.clear()
    await due(db)
    assert await run(dispatch_id) is None
    assert server.addresses == ["anna@example.org", "ben@example.org"]


@pytest.mark.parametrize("way", ["rcpt 550 5.1.1 unknown", "data 554 5.6.0 no"])
async def test_5xx_is_final_for_this_recipient(
    db: Connection, office: Clock, run: Run, server: MailServer, way: str
) -> None:
    server.behaviour["anna@example.org"] = way
    assert await run(await started(db, office)) is None
    anna = await state(db, "anna")
    assert (anna["state"], anna["dispatch"]) == ("failed", "done")
    assert way.partition(" ")[2] in anna["error"]
    assert server.addresses == ["ben@example.org"]


@pytest.mark.parametrize("way", ["hang up at rcpt", "hang up in the message"])
async def test_a_break_before_the_dot_is_a_clean_second_try(
    db: Connection, office: Clock, run: Run, server: MailServer, way: str
) -> None:
    server.behaviour["anna@example.org"] = way
    dispatch_id = await started(db, office)
    assert await run(dispatch_id) is not None
    assert (await state(db, "anna"))["state"] == "new"
    assert server.addresses == ["ben@example.org"], "one bad address stops nobody else"
    server.behaviour.clear()
    await due(db)
    await run(dispatch_id)
    assert server.addresses == ["anna@example.org", "ben@example.org"]


@pytest.mark.parametrize("way", ["hang up after the dot", "babble"])
async def test_a_break_after_the_dot_is_uncertain_and_never_sent_again_by_itself(
    db: Connection, office: Clock, run: Run, server: MailServer, way: str
) -> None:
    server.behaviour["anna@example.org"] = way
    dispatch_id = await started(db, office)
    assert await run(dispatch_id) is None
    anna = await state(db, "anna")
    assert (anna["state"], anna["dispatch"]) == ("uncertain", "done")
    server.behaviour.clear()
    await due(db)
    await run(dispatch_id)
    assert server.addresses == ["anna@example.org", "ben@example.org"]


async def test_the_message_id_is_the_same_in_every_attempt(
    db: Connection, office: Clock, run: Run, server: MailServer
) -> None:
    server.behaviour["anna@example.org"] = "data 452 4.2.2 full"
    dispatch_id = await started(db, office)
    await run(dispatch_id)
    first = (await state(db, "anna"))["message_id"]
    server.behaviour.clear()
    await due(db)
    await run(dispatch_id)
    assert server.message("anna@example.org")["message-id"] == first


async def test_while_the_server_is_away_everybody_waits_without_being_tried(
    db: Connection, office: Clock, run: Run, server: MailServer
) -> None:
    server.closed = True
    dispatch_id = await started(db, office)
    again = await run(dispatch_id)
    assert server.calls == 1
    assert again is not None and again - datetime.now(UTC) < timedelta(seconds=15)
    for nick in ("anna", "ben"):
        found = await state(db, nick)
        assert (found["state"], found["attempts"]) == ("new", 1)
        assert "nicht erreichbar" in found["error"]
    server.closed = False
    await due(db)
    assert await run(dispatch_id) is None
    assert len(server.received) == 2


async def test_after_two_days_of_trying_it_gives_up_and_says_so(
    db: Connection, office: Clock, run: Run, server: MailServer
) -> None:
    server.closed = True
    dispatch_id = await started(db, office)
    await run(dispatch_id)
    await due(db)
    await db.execute("update delivery set first_try_at = now() - interval '49 hours'")
    assert await run(dispatch_id) is None
    assert [(await state(db, nick))["state"] for nick in ("anna", "ben")] == ["failed", "failed"]


async def test_a_worker_killed_before_the_message_left_costs_nothing(
    db: Connection, office: Clock, run: Run, server: MailServer
) -> None:
    dispatch_id = await started(db, office)
    await db.execute("update delivery set state = 'leased' where address = 'anna@example.org'")
    await due(db)
    assert await run(dispatch_id) is None
    assert server.addresses == ["anna@example.org", "ben@example.org"]


async def test_a_worker_killed_while_the_message_left_makes_it_uncertain(
    db: Connection, office: Clock, run: Run, server: MailServer
) -> None:
    dispatch_id = await started(db, office)
    await db.execute("update delivery set state = 'sending' where address = 'anna@example.org'")
    await due(db)
    assert await run(dispatch_id) is None
    assert (await state(db, "anna"))["state"] == "uncertain"
    assert server.addresses == ["ben@example.org"]


async def test_a_living_lease_is_left_alone_and_asked_for_later(
    db: Connection, office: Clock, run: Run, server: MailServer
) -> None:
    dispatch_id = await started(db, office)
    await db.execute(
        "update delivery set state = 'leased', lease_until = now() + interval '1 minute' where address = 'anna@example.org'"
    )
    assert await run(dispatch_id) is not None
    assert server.addresses == ["ben@example.org"]
    assert (await state(db, "anna"))["dispatch"] == "sending"


async def test_whoever_lost_the_right_or_left_gets_nothing(
    db: Connection, office: Clock, run: Run, server: MailServer
) -> None:
    dispatch_id = await started(db, office, level="circle", audience=["circle"])
    await db.execute("update person set active = false where email = 'anna@example.org'")
    await db.execute("update appointment set valid_to = '2026-01-01'")
    assert await run(dispatch_id) is None
    assert server.received == []
    assert (await state(db, "anna"))["error"] == "Die Person ist nicht mehr aktiv."
    assert (await state(db, "ben"))["error"] == "Die Person darf das nicht (mehr) lesen."


@pytest.mark.parametrize(
    ("last_second", "day"),
    [
        ("2026-07-15T21:59:59+00:00", date(2026, 7, 15)),
        ("2026-11-23T22:59:59+00:00", date(2026, 11, 23)),
        ("2026-03-29T21:59:59+00:00", date(2026, 3, 29)),
        ("2026-10-25T22:59:59+00:00", date(2026, 10, 25)),
    ],
)
@pytest.mark.parametrize("late", [0, 1])
async def test_a_mail_that_waited_until_midnight_asks_for_the_right_of_the_new_day(
    db: Connection, office: Clock, run: Run, server: MailServer, monkeypatch: pytest.MonkeyPatch,
    last_second: str, day: date, late: int,
) -> None:  # fmt: skip
    """Rights change at 00:00 Europe/Berlin, for what lies in the queue as well."""
    dispatch_id = await started(db, office, level="circle", audience=["circle"])
    await db.execute("update appointment set valid_to = $1", day)
    now = datetime.fromisoformat(last_second) + timedelta(seconds=late)
    monkeypatch.setattr(office, "now", lambda: now)
    assert await run(dispatch_id) is None
    assert ("ben@example.org" in server.addresses) is (late == 0)
    assert "anna@example.org" in server.addresses


async def test_a_name_that_would_break_the_head_is_refused(
    db: Connection, office: Clock, run: Run, server: MailServer
) -> None:
    await db.execute(
        "update person set name = E'Anna\\r\\nBcc: x@example.org' where email = 'anna@example.org'"
    )
    assert await run(await started(db, office)) is None
    assert (await state(db, "anna"))["state"] == "failed"
    assert server.addresses == ["ben@example.org"]


async def test_without_a_mail_server_mails_wait(
    db: Connection, database: OneConnection, storage: Storage, settings: Settings, office: Clock
) -> None:
    own = msgspec.structs.replace(settings, smtp_url="")
    assert await sending.send(database, storage, own, office, await started(db, office)) is not None
    assert (await state(db, "ben"))["attempts"] == 0


async def test_tests_and_demos_send_to_this_machine_only(settings: Settings) -> None:
    away = msgspec.structs.replace(settings, smtp_url="smtp://192.0.2.1:25")
    with pytest.raises(outgoing.Unreachable, match="nur an diesen Rechner"):
        outgoing.connect(away)


async def test_a_dispatch_that_was_cancelled_meanwhile_sends_nothing_more(
    db: Connection, office: Clock, run: Run, server: MailServer
) -> None:
    dispatch_id = await started(db, office)
    await db.execute("update dispatch set state = 'cancelled'; update delivery set state = 'cancelled'")
    assert await run(dispatch_id) is None
    assert server.received == []


async def test_runs_in_parallel_serve_everybody_once(
    fresh: tuple[Database, Settings], storage: Storage, office: Clock, server: MailServer
) -> None:
    database, settings = fresh
    own = msgspec.structs.replace(settings, smtp_url=server.url)
    server.pause = 0.01
    async with database.begin(None) as db:
        people = [await make.person(db, f"nr{n}", roles=["regional_staff"]) for n in range(20)]
        dispatch_id = await make.dispatch(db, office, people, start=True)
    await asyncio.gather(*(sending.send(database, storage, own, office, dispatch_id) for _ in range(3)))
    assert await sending.send(database, storage, own, office, dispatch_id) is None
    assert len(server.received) == len(set(server.addresses)) == 20
    async with database.begin(None) as db:
        states = await db.fetch("select state, count(*) from delivery group by state")
        assert [tuple(row) for row in states] == [("sent", 20)]
        assert await db.fetchval("select state from dispatch where id = $1", dispatch_id) == "done"


def test_pauses_double_up_to_four_hours() -> None:
    assert [rules.pause(n, answered=True).total_seconds() for n in (1, 2, 3)] == [60, 120, 240]
    assert rules.pause(1, answered=False) == timedelta(seconds=10)
    assert rules.pause(50, answered=False) == rules.LONGEST_PAUSE


@pytest.mark.parametrize(
    ("check", "text"),
    [
        (mail.check_subject, "Betreff\r\nBcc: x@example.org"),
        (mail.check_subject, "Betreff\x00"),
        (mail.check_name, "Anna\nBen"),
        (mail.check_address, "anna@example.org\r\nX: y"),
        (mail.check_file_name, "a\rb.pdf"),
        (mail.check_file_name, "a\u202efdp.exe"),
    ],
)
def test_line_breaks_and_controls_are_refused_everywhere(check: Any, text: str) -> None:
    with pytest.raises(mail.HeaderError):
        check(text)
