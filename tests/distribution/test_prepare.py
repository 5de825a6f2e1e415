"""Writing a dispatch down: whom it goes to, by their names of now, and what is refused."""

import uuid
from typing import Any

import pytest

from circle.core import errors
from circle.core.clock import Clock
from circle.core.db import Connection
from circle.distribution import actions
from circle.distribution.model import Letter, Part
from tests import make


async def letter(db: Connection, *nicks: str, **fields: Any) -> Letter:
    given: dict[str, Any] = {
        "subject": "Rundschreiben",
        "level": "internal",
        "audience": ["internal"],
    } | fields
    people = [await make.person_id(db, nick) for nick in nicks]
    return Letter(
        kind="notice", object_kind="person", object_id=uuid.uuid4(), title="T", text="x", recipients=people, **given
    )  # fmt: skip


async def test_it_starts_at_once_and_writes_outbox_and_audit(db: Connection, office: Clock) -> None:
    anna = await make.actor(db, office, "anna")
    dispatch_id = await actions.prepare(db, anna, await letter(db, "ben", "anna", "ben"))
    found = await db.fetchrow("select state, sent_on from dispatch where id = $1", dispatch_id)
    assert tuple(found) == ("sending", anna.today)
    assert await make.outbox(db, "distribution.send") == [{"dispatch_id": str(dispatch_id)}]
    assert await db.fetchval("select action from audit_event where object_id = $1", dispatch_id) == (
        "dispatch.prepared"
    )
    rows = await db.fetch("select name, address, state from delivery order by name")
    assert [tuple(row) for row in rows] == [
        ("Anna Amt", "anna@example.org", "new"),
        ("Ben Beauftragt", "ben@example.org", "new"),
    ]


async def test_names_and_addresses_stay_those_of_the_dispatch(db: Connection, office: Clock) -> None:
    await actions.prepare(db, await make.actor(db, office, "anna"), await letter(db, "ben"))
    await db.execute(
        "update person set email = 'new@example.org', name = 'Neu' where name = 'Ben Beauftragt'"
    )
    assert tuple(await db.fetchrow("select name, address from delivery")) == (
        "Ben Beauftragt",
        "ben@example.org",
    )


async def test_with_a_build_the_papers_come_first(db: Connection, office: Clock) -> None:
    anna = await make.actor(db, office, "anna")
    dispatch_id = await actions.prepare(db, anna, await letter(db, "ben"), build="minutes.build_print")
    assert await make.outbox(db, "minutes.build_print") == [{"dispatch_id": str(dispatch_id)}]
    assert await make.outbox(db, "distribution.send") == []
    assert await actions.is_prepared(db, dispatch_id)
    await actions.start(db, dispatch_id)
    await actions.start(db, dispatch_id)
    assert not await actions.is_prepared(db, dispatch_id)
    assert len(await make.outbox(db, "distribution.send")) == 1
    assert await db.fetchval("select sent_on from dispatch") == anna.today


async def test_papers_come_in_order_and_never_after_the_start(db: Connection, office: Clock) -> None:
    ben = await make.person_id(db, "ben")
    dispatch_id = await make.dispatch(db, office, [ben], [Part("A", "public"), Part("B", "public")])
    rows = await db.fetch("select title from dispatch_part order by position")
    assert [row["title"] for row in rows] == ["A", "B"]
    await actions.start(db, dispatch_id)
    await db.execute("update dispatch set created_at = now() - interval '1 minute'")
    with pytest.raises(errors.Conflict):
        await actions.add_part(db, dispatch_id, Part("C", "public"))


@pytest.mark.parametrize("subject", ["Betreff\r\nBcc: x@example.org", "a\x00b", "a\u202eb", "", "x" * 251])
async def test_a_subject_that_cannot_stand_in_a_head_is_refused(
    db: Connection, office: Clock, subject: str
) -> None:
    anna = await make.actor(db, office, "anna")
    with pytest.raises(errors.Invalid) as refused:
        await actions.insert(db, anna, await letter(db, "ben", subject=subject))
    assert "subject" in refused.value.fields


async def test_nobody_and_strangers_are_refused(db: Connection, office: Clock) -> None:
    anna = await make.actor(db, office, "anna")
    with pytest.raises(errors.Invalid) as refused:
        await actions.insert(db, anna, await letter(db))
    assert refused.value.code == "no_recipients"
    with pytest.raises(errors.Invalid) as refused:
        await actions.insert(db, anna, _unknown())
    assert refused.value.code == "unknown_reference"


def _unknown() -> Letter:
    return Letter("notice", "person", uuid.uuid4(), "T", "S", "x", "internal", ["internal"], [uuid.uuid4()])
