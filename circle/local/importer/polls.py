"""Date polls that are still open: what was proposed, who was asked, and what they answered until now."""

from datetime import time
from typing import Any

from circle.local.child import LocalError
from circle.meetings.polls import store

from .folder import Poll
from .run import Run


async def load_polls(run: Run) -> None:
    """Polls with their days and answers. Nobody gets a letter: that was the matter of whoever asked."""
    found: list[Any] = await run.db.fetch("select title as key, id from date_poll")
    known = {row["key"] for row in found}
    for poll in run.folder.polls:
        if poll.title not in known:
            await _poll(run, poll)


async def _poll(run: Run, poll: Poll) -> None:
    place = f"Die Terminabfrage {poll.id}"
    if unasked := poll.answers.keys() - set(poll.asked):
        raise LocalError(f"{place} hat eine Antwort von „{min(unasked)}“; gefragt ist diese Person nicht.")
    poll_id = await store.insert(
        run.db, title=poll.title, mode=poll.mode, place=poll.place, note=poll.note, answer_until=poll.answer_until,
        created_by=run.maybe("persons", poll.created_by, place), today=poll.created_on,
    )  # fmt: skip
    run.add("polls", poll.id, poll_id)
    for number, one in enumerate(poll.dates, 1):
        await store.insert_date(
            run.db, poll_id, number, one.date, time.fromisoformat(one.start_local), time.fromisoformat(one.end_local)
        )  # fmt: skip
    people = {key: run.find("persons", key, place) for key in poll.asked}
    await store.insert_people(run.db, poll_id, list(people.values()))
    for key, answers in poll.answers.items():
        if len(answers) != len(poll.dates):
            raise LocalError(f"{place} braucht von „{key}“ zu jedem Termin eine Antwort.")
        for number, answer in enumerate(answers, 1):
            await store.put_answer(run.db, poll_id, number, people[key], answer)
