"""SQL about the outbox and scheduled runs. Everything is judged by the database's clock."""

from datetime import datetime, timedelta

import asyncpg

from circle.core.db import Connection


async def claim_due(db: Connection, limit: int, patience: timedelta) -> list[int]:
    """Ids of jobs to hand out now, marked as handed out.

    Due are new ones, those whose worker was lost with its lease, and those handed out longer than `patience` ago that
    no worker ever took.
    """
    rows = await db.fetch(
        """
        with due as (
            select id from outbox
            where done_at is null and failed_at is null and due_at <= now()
                and (lease_until is null or lease_until < now())
                and (published_at is null or published_at < lease_until or published_at < now() - $2::interval)
            order by due_at, id limit $1 for update skip locked
        )
        update outbox o set published_at = now() from due where o.id = due.id returning o.id
        """,
        limit,
        patience,
    )
    return sorted(one["id"] for one in rows)


async def has_untaken(db: Connection, patience: timedelta) -> bool:
    """True when something was handed out longer than `patience` ago and nobody holds it."""
    return bool(
        await db.fetchval(
            """
            select exists (select from outbox
                where done_at is null and failed_at is null and due_at <= now()
                    and published_at < now() - $1::interval and (lease_until is null or lease_until < now()))
            """,
            patience,
        )
    )


async def give_back(db: Connection, ids: list[int]) -> None:
    """Those could not be handed out after all."""
    await db.execute(
        "update outbox set published_at = null where id = any($1) and (lease_until is null or lease_until < now())",
        ids,
    )


async def lease(db: Connection, outbox_id: int, lease: timedelta) -> asyncpg.Record | None:
    """Take a due job that nobody holds; None when there is nothing to do. `fence` names this lease."""
    return await db.fetchrow(
        """
        update outbox set lease_until = now() + $2, fence = fence + 1, attempts = attempts + 1
        where id = $1 and done_at is null and failed_at is null and due_at <= now()
            and (lease_until is null or lease_until < now())
        returning id, job, arguments, fence, attempts
        """,
        outbox_id,
        lease,
    )


async def renew(db: Connection, outbox_id: int, fence: int, lease: timedelta) -> bool:
    """Keep the lease; False when somebody else has it."""
    return bool(
        await db.fetchval(
            """
            update outbox set lease_until = now() + $3 where id = $1 and fence = $2 and done_at is null
            returning true
            """,
            outbox_id,
            fence,
            lease,
        )
    )


async def mark_done(db: Connection, outbox_id: int, fence: int) -> None:
    """The job is done for good."""
    await db.execute(
        "update outbox set done_at = now(), lease_until = null, last_error = '' where id = $1 and fence = $2",
        outbox_id,
        fence,
    )


async def mark_again(db: Connection, outbox_id: int, fence: int, due_at: datetime) -> None:
    """The job went well and is not at its end: again at `due_at`."""
    await db.execute(
        """
        update outbox set due_at = greatest($3, now()), published_at = null, lease_until = null, attempts = 0,
            last_error = ''
        where id = $1 and fence = $2
        """,
        outbox_id,
        fence,
        due_at,
    )


async def mark_failed(
    db: Connection, outbox_id: int, fence: int, error: str, pause: timedelta, most: int
) -> None:
    """The job raised: again after `pause`, or never after `most` attempts. `error` is the name of its class only."""
    await db.execute(
        """
        update outbox set last_error = $3, due_at = now() + $4, published_at = null, lease_until = null,
            failed_at = case when attempts >= $5 then now() end
        where id = $1 and fence = $2
        """,
        outbox_id,
        fence,
        error,
        pause,
        most,
    )


async def schedule(db: Connection, job: str, due_at: datetime) -> bool:
    """Write down that a scheduled job is due, with its outbox row; False when somebody already did."""
    return bool(
        await db.fetchval(
            """
            with once as (
                insert into schedule_run (job, due_at) values ($1, $2)
                on conflict on constraint schedule_run_once do nothing returning job
            ), written as (
                insert into outbox (job) select job from once returning id
            )
            select count(*) from written
            """,
            job,
            due_at,
        )
    )


async def tidy(db: Connection) -> None:
    """Drop what nobody asks for any more: settled jobs after 30 days, stored answers after 7, ended sessions, files
    read for the network that nobody confirmed for a day, links in letters to contacts that are gone after two years,
    and those that asked for an answer, with the record of calendars' answers and addresses of calendars that were
    revoked, after one."""
    await db.execute("delete from calendar_reply where received_at < now() - interval '1 year'")
    await db.execute("delete from calendar_feed where revoked_on < now() - interval '1 year'")
    await db.execute("delete from answer_link where made_at < now() - interval '1 year'")
    await db.execute("delete from outbox where done_at < now() - interval '30 days'")
    await db.execute("delete from schedule_run where created_at < now() - interval '90 days'")
    await db.execute("delete from idempotent_answer where created_at < now() - interval '7 days'")
    await db.execute("delete from session where expires_at < now() - interval '1 day'")
    await db.execute("delete from partner_import where created_at < now() - interval '1 day'")
    await db.execute("delete from partner_opt_out_link where kept_at < now() - interval '2 years'")
