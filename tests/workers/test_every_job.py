"""Every job run three times at once and once more: the same as once (what Celery may do to any of them)."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import date
from pathlib import Path
from typing import Any

import msgspec
import pytest

from circle.core.db import Connection
from circle.meetings.polls import actions as polls
from circle.meetings.polls.model import NewPoll, NewPollDate
from circle.people.appointments import actions as appointments
from circle.people.appointments.model import Annulment, Succession
from circle.tasks import actions as task_actions
from tests import make, tasks
from tests.distribution.mailserver import MailServer
from tests.meetings.minutes import world
from tests.people import appointments as appointment_tests
from workers import jobs
from workers.jobs import Around

Prepare = Callable[[Connection, Around], Awaitable[dict[str, Any]]]
ELSEWHERE = {
    "accounts.send_link": "tests/people/accounts",
    "distribution.notify_ministry": "tests/people/appointments",
    "meetings.build_bundle": "tests/meetings/bundle",
    "meetings.build_invitation": "tests/meetings",
    "meetings.open_agendas": "tests/meetings/year",
    "meetings.read_mailbox": "tests/meetings/replies",
    "meetings.remind_replies": "tests/meetings/replies",
    "meetings.tidy_bundles": "tests/meetings/bundle",
    "tasks.hand_over": "tests/people/appointments",
    "tasks.take_back": "tests/people/appointments",
    "tasks.remind_due": "tests/tasks",
    "writing.forget": "tests/meetings/writing",
}


async def a_dispatch(db: Connection, around: Around) -> dict[str, Any]:
    people = [await make.person(db, f"p{n}", roles=["regional_staff"]) for n in range(5)]
    return {"dispatch_id": await make.dispatch(db, around.clock, people, start=True)}


async def draft_minutes(db: Connection, around: Around) -> dict[str, Any]:
    await world.sent(db, around.clock)
    return {"dispatch_id": await db.fetchval("select id from dispatch")}


async def imported_minutes(db: Connection, around: Around) -> dict[str, Any]:
    await world.sent(db, around.clock)
    return {"minutes_id": await db.fetchval("select id from minutes"), "number": 1}


async def an_upload(db: Connection, around: Around) -> dict[str, Any]:
    file_id = await make.file(db, around.storage, "brief.txt", b"Sprachmittlung im Amt", "text/plain")
    await make.document(db, files=[file_id])
    return {"file_id": file_id}


async def an_old_document(db: Connection, around: Around) -> dict[str, Any]:
    await make.document(db)
    await db.execute("update document set review_on = $1", date(2026, 11, 1))
    return {}


async def a_request_that_is_due(db: Connection, around: Around) -> dict[str, Any]:
    await make.advisers(db)
    await make.consultation(db, around.clock, "assigned")
    await db.execute("update consultation set due_on = $1, due_on_effective = $1", date(2026, 11, 24))
    return {}


async def an_entry_nobody_confirmed(db: Connection, around: Around) -> dict[str, Any]:
    await db.execute("update person set contact_confirmed_on = '2026-05-22' where name = 'Ben Beauftragt'")
    return {}


async def an_absence_by_the_office(db: Connection, around: Around) -> dict[str, Any]:
    dirk = await make.person(db, "dirk", authority="br-arnsberg", roles=["deputy"])
    await make.absence(db, await make.person_id(db, "ben"), dirk, date(2026, 12, 1), date(2026, 12, 4))
    return {
        "absence_id": await db.fetchval("select id from absence"),
        "by_id": await make.person_id(db, "anna"),
    }


async def a_deputyship(db: Connection, around: Around) -> dict[str, Any]:
    given = await an_absence_by_the_office(db, around)
    days = {"starts_on": date(2026, 12, 1), "ends_on": date(2026, 12, 4)}
    ben, dirk = [await make.person_id(db, nick) for nick in ("ben", "dirk")]
    return days | {"news": "entered", "absence_id": given["absence_id"], "revision": 1, "person_id": ben, "deputy_id": dirk}  # fmt: skip


async def a_mistaken_succession(db: Connection, around: Around) -> dict[str, Any]:
    nadia = await make.person(db, "nadia", authority="br-arnsberg")
    await tasks.task(db, around.clock)
    anna, today = await make.actor(db, around.clock, "anna"), around.clock.now().date()
    ben = await appointment_tests.bens(db)
    mistaken = await appointments.succeed(db, anna, ben, Succession(nadia, today, today, "11-IB/26"))
    await task_actions.hand_over(db, around.clock.now())
    await appointments.annul(db, anna, mistaken, Annulment("Falsche Person."))
    return {"appointment_id": mistaken, "predecessor_id": ben}


async def a_date_poll(db: Connection, around: Around) -> dict[str, Any]:
    days = [NewPollDate(date(2027, 2, day), "10:00", "12:00") for day in (10, 17)]
    new = NewPoll(title="Klausur 2027", answer_until=date(2026, 12, 11), dates=days)
    await polls.ask(db, await make.actor(db, around.clock, "anna"), new)
    return {"dispatch_id": await db.fetchval("select id from dispatch")}


async def old_rows(db: Connection, around: Around) -> dict[str, Any]:
    await db.execute(
        """
        insert into outbox (job, done_at) values ('a', now() - interval '31 days'), ('b', now() - interval '29 days'),
            ('c', null);
        insert into outbox (job, failed_at) values ('d', now() - interval '1 year');
        insert into schedule_run (job, due_at, created_at) values ('a', now(), now() - interval '91 days'), ('b', now(), now());
        insert into idempotent_answer (person_id, key, request_hash, status, answer, created_at)
            select id, 'old', '', 200, '', now() - interval '8 days' from person;
        insert into session (token_hash, person_id, kind, expires_at)
            select sha256(email::bytea), id, 'cookie', now() - interval '2 days' from person;
        insert into partner_import (person_id, authority_id, content, created_at)
            select id, authority_id, '{}', now() - interval '25 hours' from person;
        insert into partner_import (person_id, authority_id, content) select id, authority_id, '{}' from person limit 1;
        insert into calendar_feed (token_hash, person_id, made_by, made_on, revoked_on)
            select sha256('a'), id, id, '2024-01-01', '2024-02-01' from person limit 1;
        insert into calendar_feed (token_hash, person_id, made_by, made_on)
            select sha256('b'), id, id, '2024-01-01' from person limit 1
        """
    )
    return {}


CASES: dict[str, tuple[Prepare, str, list[tuple[Any, ...]]]] = {
    "distribution.send": (a_dispatch, "select state, count(*) from delivery group by state", [("sent", 5)]),
    "minutes.build_print": (
        draft_minutes,
        """
        select (select count(*) from minutes_print), (select count(*) from dispatch_part),
            (select count(*) from outbox where job = 'distribution.send')
        """,
        [(2, 3, 1)],
    ),
    "minutes.file_print": (
        imported_minutes,
        """
        select count(*), count(distinct p.sha256), bool_and(p.sha256 = f.sha256),
            bool_and(exists (select from file_use u where u.file_id = f.id and u.object_id = p.version_id))
        from minutes_print p join file f on f.id = p.file_id
        """,
        [(2, 2, True, True)],
    ),
    "polls.build_holds": (
        a_date_poll,
        """
        select (select string_agg(state, '') from dispatch), (select count(*) from dispatch_part), (select count(*) from file),
            (select count(*) from file_use), (select count(*) from outbox where job = 'distribution.send')
        """,
        [("sending", 3, 2, 2, 1)],
    ),
    "knowledge.extract_text": (
        an_upload,
        "select text, (select count(*) from search_entry where body ilike '%Sprachmittlung im Amt%') from file",
        [("Sprachmittlung im Amt", 1)],
    ),
    "knowledge.mark_overdue": (
        an_old_document,
        "select state, (select count(*) from audit_event where action = 'document.review_due') from document",
        [("review_overdue", 1)],
    ),
    "consultations.remind_due": (
        a_request_that_is_due,
        "select (select count(*) from dispatch where subject ilike '%frist%' or subject ilike '%fällig%'), reminded_for from consultation",
        [(1, date(2026, 11, 24))],
    ),
    "people.remind_contacts": (
        an_entry_nobody_confirmed,
        """
        select (select string_agg(v.name, '' order by v.name) from delivery v join dispatch d on d.id = v.dispatch_id
            where d.subject like 'Stimmen Ihre Angaben%'), (select count(*) from person where contact_reminded_on is not null)
        """,
        [("Ben Beauftragt", 1)],
    ),
    "distribution.tell_absence": (
        an_absence_by_the_office,
        "select d.subject, v.name from dispatch d join delivery v on v.dispatch_id = d.id",
        [("Für Sie ist eine Vertretung eingetragen, vom 01.12.2026 bis 04.12.2026", "Ben Beauftragt")],
    ),
    "distribution.tell_deputy": (
        a_deputyship,
        "select d.subject, v.name from dispatch d join delivery v on v.dispatch_id = d.id",
        [("Sie vertreten Ben Beauftragt, vom 01.12.2026 bis 04.12.2026", "Dirk Probe")],
    ),
    "tasks.take_back": (
        a_mistaken_succession,
        """
        select (select p.name from task t join person p on p.id = t.owner_id),
            (select count(*) from audit_event where action = 'task.taken_back'),
            (select count(*) from dispatch where subject like '%ist wieder bei Ihnen')
        """,
        [("Ben Beauftragt", 1, 1)],
    ),
    "workers.tidy": (
        old_rows,
        """
        select (select string_agg(job, '' order by job) from outbox), (select string_agg(job, '') from schedule_run),
            (select count(*) from idempotent_answer), (select count(*) from session),
            (select count(*) from partner_import), (select count(*) from calendar_feed)
        """,
        [("bcd", "b", 0, 0, 1, 1)],
    ),
}


def test_no_job_is_forgotten() -> None:
    assert {*CASES, *ELSEWHERE} == set(jobs.JOBS)


@pytest.mark.parametrize("name", CASES)
async def test_three_at_once_and_one_more_are_as_one(around: Around, tmp_path: Path, name: str) -> None:
    prepare, result, expected = CASES[name]
    async with MailServer() as server:
        around = msgspec.structs.replace(
            around, settings=msgspec.structs.replace(around.settings, smtp_url=server.url)
        )
        async with around.database.begin(None) as db:
            given = await prepare(db, around)
        for times in (3, 1):
            await asyncio.gather(*(jobs.JOBS[name](around, **given) for _ in range(times)))
            async with around.database.begin(None) as db:
                assert [tuple(row) for row in await db.fetch(result)] == expected
        assert len(server.addresses) == len(set(server.addresses))
