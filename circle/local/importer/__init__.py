"""Loads an existing circle from a folder of files, or texts from a file with one JSON object in each line."""

import asyncio
import contextlib
from collections.abc import Callable
from pathlib import Path

from circle.core import audit, auth, clock, db, files

from . import consultations, knowledge, measures, meetings, minutes, people, polls
from . import folder as folders
from .jsonl import load_jsonl
from .run import TABLES, Run

__all__ = ["load_folder", "load_jsonl"]


async def load_folder(
    database: db.Database,
    storage: files.Storage,
    folder: Path,
    progress: Callable[[str, int], None],
    *,
    passwords: str = "",
) -> dict[str, int]:
    """Load a folder (its format: circle/local/demo/README.md) in one transaction. Returns what is new, by table.

    What the database knows already by number, key or e-mail address stays untouched, so a second run adds nothing.
    Active people may sign in with `passwords`; empty = nobody gets a password. `progress` hears a German name and
    how many were added. Raises LocalError with a German sentence about the first mistake; nothing is written then.
    """
    content = await asyncio.to_thread(folders.read, folder)
    # One hash serves all: argon2 is slow on purpose, and the password is the same.
    password_hash = await auth.hash_password(passwords) if passwords else None
    stored: list[str] = []
    try:
        async with database.begin(None) as connection:
            # Two imports at once would each miss what the other is about to write.
            await connection.execute("lock table person in share row exclusive mode")
            actor = auth.service((await clock.read(connection)).now())
            run = Run(connection, storage, actor, content, stored=stored)
            await _load(run, password_hash)
            if any(run.new.values()):
                await audit.record(
                    connection, actor, "folder.imported", "folder", None, folder.name, **run.new
                )
    except BaseException:
        for key in stored:
            with contextlib.suppress(OSError):
                await storage.drop(key)
        raise
    for table, count in run.new.items():
        progress(TABLES[table], count)
    return run.new


async def _load(run: Run, password_hash: str | None) -> None:
    """Each step finds what it refers to in the steps before."""
    await people.load_authorities(run)
    await people.load_persons(run, password_hash)
    await people.load_appointments(run)
    await people.load_ministry(run)
    await people.load_absences(run)
    await people.load_partners(run)
    await knowledge.load_topics(run)
    await knowledge.load_templates(run)
    await knowledge.load_documents(run)
    await meetings.load_procedure(run)
    fresh = await meetings.load_meetings(run)
    await minutes.load_minutes(run, fresh)
    await minutes.load_tasks(run)
    await minutes.freeze(run, fresh)
    await polls.load_polls(run)
    await meetings.index(run, fresh)
    await consultations.load_consultations(run)
    await measures.load_registers(run)
    await _advance_numbers(run)


async def _advance_numbers(run: Run) -> None:
    """The yearly series go on after the highest number in use; documents count through the years."""
    await run.db.execute(
        """
        insert into number_series (series, year, last)
        select series, year, max(last) from (
            select 'KK' as series, extract(year from date)::int as year, number as last from meeting
            union all
            select m[1], m[2]::int, m[3]::int from (
                select regexp_match(reference, '^(BA|AUF)-(\\d{4})-(\\d{1,6})$') as m from consultation
                union all
                select regexp_match(reference, '^(BA|AUF)-(\\d{4})-(\\d{1,6})$') from task) known where m is not null
            union all
            select m[1] || '-V', m[2]::int, m[3]::int from (
                select regexp_match(reference, '^(BA)-(\\d{4})-V(\\d{1,6})$') as m from consultation) known where m is not null
            union all
            select 'WD', 0, substring(reference from '^WD-(\\d{1,6})$')::int from document where reference ~ '^WD-\\d{1,6}$'
        ) used group by series, year
        on conflict on constraint number_series_unique do update set last = greatest(number_series.last, excluded.last)
        """
    )
