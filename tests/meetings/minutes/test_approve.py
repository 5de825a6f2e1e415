"""The approval: frozen with its SHA-256, sent to the same people, and never changed again."""

import hashlib
from datetime import date

import msgspec
import pytest

from circle.core.clock import Clock
from circle.core.db import Connection
from circle.meetings.agenda import actions as agenda
from circle.meetings.agenda.model import Outcome
from circle.meetings.minutes.model import Content
from circle.meetings.writing import actions as writing
from circle.meetings.writing.model import Writing
from tests import make
from tests.clients import Clients

from .world import PAGE, act, approved, begun, objected, sent


async def test_the_final_version_is_frozen_and_sent(db: Connection, client: Clients, office: Clock) -> None:
    world = await sent(db, office)
    answer = await act(await client.as_("anna"), world, "approve")
    assert answer.status_code == 200
    assert (answer.json()["state"], answer.json()["approved_on"], answer.json()["version"]) == (
        "approved", "2026-11-23", 2,
    )  # fmt: skip
    assert await db.fetchval("select state from meeting where id = $1", world.meeting) == "minutes_approved"
    for row in await db.fetch("select canonical, sha256 from minutes_version"):
        assert hashlib.sha256(row["canonical"].encode()).hexdigest() == row["sha256"]
    main = await db.fetchval("select canonical from minutes_version where number = 2 and item_id is null")
    assert msgspec.json.decode(main, type=Content).items[0].minutes == "Die Erfahrungen werden ausgetauscht."
    kinds = await db.fetch("select kind from dispatch order by created_at, kind desc")
    assert {row["kind"] for row in kinds} == {"minutes_draft", "minutes_approved"}
    assert len(await make.outbox(db, "minutes.build_print")) == 2
    assert await db.fetchval("select count(*) from audit_event where action = 'minutes.approved'") == 1


async def test_it_is_found_and_what_is_confidential_is_not(
    db: Connection, client: Clients, office: Clock
) -> None:
    world = await approved(db, office)
    body = await db.fetchval("select body from search_entry where source_kind = 'minutes'")
    assert "Die Erfahrungen werden ausgetauscht." in body
    assert "Vertraulicher Tagesordnungspunkt" in body and "Geheim" not in body and "Personalsache" not in body
    opened = await db.fetchval("select body from search_entry where source_id = $1", world.open_item)
    assert "Die Erfahrungen werden ausgetauscht." in opened
    sealed = await db.fetchrow(
        "select body, audience from search_sealed where source_id = $1", world.secret_item
    )
    assert sealed["body"] == "Geheimer Verlauf." and sealed["audience"] == [
        f"named:{world.secret_item}",
        f"expert:{world.secret_item}",
    ]


async def test_key_recent_sign_in_and_stand_are_asked(db: Connection, client: Clients, office: Clock) -> None:
    world = await sent(db, office)
    anna = await client.as_("anna")
    assert (await act(anna, world, "approve", key="")).json()["code"] == "key_required"
    assert (await act(anna, world, "approve", match='"v1"')).status_code == 412
    await db.execute("update session set signed_in_at = now() - interval '16 minutes'")
    again = await act(anna, world, "approve")
    assert (again.status_code, again.json()["code"]) == (401, "sign_in_again")
    await db.execute("update session set signed_in_at = now() - interval '14 minutes'")
    first = await act(anna, world, "approve")
    assert first.status_code == 200
    assert (await act(anna, world, "approve")).json() == first.json()
    assert (await act(anna, world, "approve", key="b")).status_code == 409


async def test_words_that_came_since_are_not_approved_unseen(
    db: Connection, client: Clients, office: Clock
) -> None:
    world = await sent(db, office)
    anna, mona = await client.as_("anna"), await make.actor(db, office, "mona")
    seen = (await anna.get(world.path)).headers["etag"]
    await writing.save(db, mona, world.open_item, Writing("Ein Satz mehr.", ""))
    assert (await act(anna, world, "approve", match=seen)).status_code == 412
    now = (await anna.get(world.path)).headers["etag"]
    await agenda.conclude(db, mona, world.open_item, Outcome())
    await db.execute("update agenda_content set minutes = 'Anders.' where item_id = $1", world.secret_item)
    assert (await anna.get(world.path)).headers["etag"] == now
    answer = await act(anna, world, "approve", match=now)
    assert (answer.status_code, answer.json()["state"]) == (200, "approved_with_changes")


@pytest.mark.confidential
async def test_an_annex_is_not_approved_unseen_by_whoever_may_read_it(
    db: Connection, client: Clients, office: Clock
) -> None:
    world = await sent(db, office)
    anna, browser = await client.as_("anna"), await client.browser("anna")
    change = "update agenda_content set minutes = $2 where item_id = $1"
    shut = (await anna.get(world.path)).json()["seen"]
    await db.execute(change, world.secret_item, "Anders.")
    assert (await anna.get(world.path)).json()["seen"] == shut, "nothing is told of what is not open"
    page = (await browser.get(f"{PAGE}/genehmigung")).text
    assert "Vertraulich und für Sie nicht geöffnet: TOP 2" in page
    await db.execute(
        "insert into named_access (object_id, person_id) values ($1, $2)",
        world.secret_item, await make.person_id(db, "anna"),
    )  # fmt: skip
    read = (await browser.get(PAGE)).text
    seen = (await anna.get(world.path)).json()["seen"]
    assert f"{PAGE}/genehmigung?gelesen={seen}" in read and seen != shut
    assert "nicht geöffnet" not in (await browser.get(f"{PAGE}/genehmigung?gelesen={seen}")).text
    await db.execute(change, world.secret_item, "Noch anders.")
    refused = await act(anna, world, "approve", {"seen": seen}, key="a")
    assert (refused.status_code, refused.json()["code"]) == (409, "words_changed")
    page = (await browser.get(f"{PAGE}/genehmigung?gelesen={seen}")).text
    assert "Der Text hat sich geändert" in page and f'name="seen" value="{seen}"' in page
    form = {"revision": "2", "idempotency_key": "b", "seen": seen}
    answer = await browser.post(f"{PAGE}/genehmigung", form)
    assert answer.status_code == 409 and "Bitte lesen Sie sie noch einmal" in answer.text
    seen = (await anna.get(world.path)).json()["seen"]
    assert (await act(anna, world, "approve", {"seen": seen}, key="c")).status_code == 200


async def test_every_objection_is_decided_before(db: Connection, client: Clients, office: Clock) -> None:
    world, objection = await objected(db, office)
    anna = await client.as_("anna")
    held = await act(anna, world, "approve")
    assert (held.status_code, held.json()["code"]) == (409, "objections_undecided")
    await act(anna, world, f"objections/{objection}/decide", {"decision": "noted"}, key="b")
    assert (await act(anna, world, "approve")).json()["state"] == "approved"


async def test_clara_404_ben_403_draft_409(db: Connection, client: Clients, office: Clock) -> None:
    world = await begun(db, office)
    for nick, status in (("clara", 404), ("ben", 403), ("mona", 403), ("anna", 409)):
        assert (await act(await client.as_(nick), world, "approve")).status_code == status


async def test_the_approving_meeting_comes_later(db: Connection, client: Clients, office: Clock) -> None:
    world = await sent(db, office)
    anna = await client.as_("anna")
    before = str(await make.meeting(db, "KK-2026-4", on=date(2026, 9, 16)))
    for wrong in (before, str(world.meeting), "x"):
        assert (await act(anna, world, "approve", {"approved_in": wrong})).status_code == 400
    later = str(await make.meeting(db, "KK-2026-6", on=date(2026, 11, 18), state="held"))
    answer = await act(anna, world, "approve", {"approved_in": later})
    assert (answer.json()["approved_in"], answer.json()["approved_in_reference"]) == (later, "KK-2026-6")


@pytest.mark.parametrize("state", ["agenda_open", "invited", "cancelled", "moved"])
async def test_a_meeting_that_has_not_begun_approves_nothing(
    db: Connection, client: Clients, office: Clock, state: str
) -> None:
    world = await sent(db, office)
    later = str(await make.meeting(db, "KK-2026-6", on=date(2026, 12, 9), state=state))
    answer = await act(await client.as_("anna"), world, "approve", {"approved_in": later})
    assert answer.status_code == 400 and "noch nicht begonnen" in answer.text
    anna = await client.browser("anna")
    assert later not in (await anna.get(f"{PAGE}/genehmigung")).text
    form = {"revision": "2", "idempotency_key": "k", "approved_in": later}
    assert (await anna.post(f"{PAGE}/genehmigung", form)).status_code == 422
    await db.execute("update meeting set state = 'running' where reference = 'KK-2026-6'")
    assert later in (await anna.get(f"{PAGE}/genehmigung")).text


async def test_the_page_warns_of_open_objections_and_of_the_period(
    db: Connection, client: Clients, office: Clock
) -> None:
    await objected(db, office)
    shown = (await (await client.browser("anna")).get(f"{PAGE}/genehmigung")).text
    assert "Es gibt offene Einwendungen" in shown and "Die Einwendungsfrist läuft noch" in shown


async def test_later_changes_of_the_items_change_nothing(
    db: Connection, client: Clients, office: Clock
) -> None:
    world = await approved(db, office)
    before = (await (await client.as_("kim")).get(world.path)).json()
    await db.execute("update agenda_content set minutes = 'Gefälscht', title = 'Gefälscht'")
    await db.execute("update person set name = 'Anders' where email = 'ben@example.org'")
    assert (await (await client.as_("kim")).get(world.path)).json() == before


@pytest.mark.confidential
async def test_after_the_approval_too_an_annex_is_for_those_who_are_named(
    db: Connection, client: Clients, office: Clock
) -> None:
    world = await approved(db, office)
    ben = (await (await client.as_("ben")).get(world.path)).json()
    assert (ben["items"][1]["title"], ben["items"][1]["minutes"]) == ("Personalsache X", "Geheimer Verlauf.")
    for nick in ("anna", "kim", "mona", "dina"):
        seen = await (await client.as_(nick)).get(world.path)
        assert seen.json()["items"][1]["title"] == "Vertraulicher Tagesordnungspunkt"
        assert "Geheim" not in seen.text and "Personalsache" not in seen.text


async def test_the_page_says_what_it_means_and_goes_to_the_dispatch(
    db: Connection, client: Clients, office: Clock
) -> None:
    await sent(db, office)
    anna = await client.browser("anna")
    shown = await anna.get(f"{PAGE}/genehmigung")
    assert "Danach ändert sich kein Text" in shown.text and "Die Einwendungsfrist läuft noch" in shown.text
    done = await anna.post(f"{PAGE}/genehmigung", {"revision": "2", "idempotency_key": "k"})
    assert done.status_code == 303 and done.headers["location"].startswith("/versand/")
    after = (await anna.get(PAGE)).text
    assert "Genehmigt am 23.11.2026." in after and "Berichtigung festhalten" in after
    assert "Einwendung erheben" not in after and "Kopf der Niederschrift ändern" not in after
