"""Sending the draft: the version is frozen, the objection period begins, everybody who should gets it."""

import msgspec

from circle.core.clock import Clock
from circle.core.db import Connection
from circle.meetings.minutes.model import Minutes
from tests import make
from tests.clients import Clients

from .world import PAGE, act, approved, begun, held


async def test_it_freezes_dates_and_prepares_the_dispatch(
    db: Connection, client: Clients, office: Clock
) -> None:
    world = await begun(db, office)
    answer = await act(await client.as_("anna"), world, "circulate")
    assert answer.status_code == 200
    minutes = msgspec.convert(answer.json(), Minutes)
    assert (minutes.state, minutes.version, minutes.meeting_state) == ("sent", 1, "minutes_draft")
    assert minutes.draft_sent_on is not None and minutes.draft_sent_on.isoformat() == "2026-11-23"
    assert minutes.objection_until is not None and minutes.objection_until.isoformat() == "2026-12-07"
    assert minutes.objection_steps
    dispatch = await db.fetchrow("select id, kind, state, build, level, subject, text from dispatch")
    assert tuple(dispatch)[1:5] == ("minutes_draft", "prepared", "minutes.build_print", "circle")
    assert dispatch["subject"] == "Entwurf der Ergebnisniederschrift über die Sitzung am 04.11.2026"
    assert "bis zum Ablauf des 07.12.2026" in dispatch["text"]
    assert await make.outbox(db, "minutes.build_print") == [{"dispatch_id": str(dispatch["id"])}]
    rows = await db.fetch("select name from delivery order by name")
    assert [row["name"] for row in rows] == [
        "Anna Amt", "Ben Beauftragt", "Dina Vertretung", "Kim Köln", "Mona Moderat",
    ], "members, office, makers, and the deputy who attended though she is none any more"  # fmt: skip
    assert await db.fetchval("select count(*) from audit_event where action = 'minutes.circulated'") == 1


async def test_the_key_is_required_and_does_it_once(db: Connection, client: Clients, office: Clock) -> None:
    world = await begun(db, office)
    anna = await client.as_("anna")
    assert (await act(anna, world, "circulate", key="")).json()["code"] == "key_required"
    first, again = [await act(anna, world, "circulate") for _ in range(2)]
    assert first.json() == again.json()
    assert await db.fetchval("select count(*) from dispatch") == 1


async def test_the_same_words_go_out_once_changed_ones_again(
    db: Connection, client: Clients, office: Clock
) -> None:
    world = await begun(db, office)
    anna = await client.as_("anna")
    await act(anna, world, "circulate")
    assert (await act(anna, world, "circulate", key="b")).status_code == 409
    await db.execute("update agenda_content set minutes = 'Anders.' where item_id = $1", world.open_item)
    again = await act(anna, world, "circulate", key="c")
    assert (again.status_code, again.json()["version"]) == (200, 2)


async def test_a_change_of_the_confidential_item_alone_is_a_change_too(
    db: Connection, client: Clients, office: Clock
) -> None:
    world = await begun(db, office)
    anna = await client.as_("anna")
    await act(anna, world, "circulate")
    await db.execute("update agenda_content set minutes = 'Anders.' where item_id = $1", world.secret_item)
    assert (await act(anna, world, "circulate", key="b")).json()["version"] == 2


async def test_stale_412_wrong_state_409_clara_404_ben_403(
    db: Connection, client: Clients, office: Clock
) -> None:
    world = await begun(db, office)
    anna = await client.as_("anna")
    assert (await act(anna, world, "circulate", match='"v9"')).status_code == 412
    assert (await act(await client.as_("ben"), world, "circulate")).status_code == 403
    assert (await act(await client.as_("mona"), world, "circulate")).status_code == 403
    assert (await act(await client.as_("clara"), world, "circulate")).status_code == 404
    await db.execute("update meeting set state = 'running'")
    assert (await act(anna, world, "circulate", key="b")).status_code == 409


async def test_not_after_the_approval(db: Connection, client: Clients, office: Clock) -> None:
    world = await approved(db, office)
    assert (await act(await client.as_("anna"), world, "circulate", key="b")).status_code == 409


async def test_the_period_is_that_of_the_procedure(db: Connection, client: Clients) -> None:
    world = await held(db, weeks=3)
    answer = await act(await client.as_("anna"), world, "circulate")
    assert answer.json()["objection_until"] == "2026-12-14"


async def test_the_page_shows_who_gets_it_before(db: Connection, client: Clients, office: Clock) -> None:
    await begun(db, office)
    anna = await client.browser("anna")
    preview = await anna.get(f"{PAGE}/versand")
    for words in ("Wer die Niederschrift bekommt (5)", "hat vertreten", "TOP 2 ist vertraulich", "Fassung 1"):
        assert words in preview.text
    assert "Personalsache" not in preview.text
    done = await anna.post(f"{PAGE}/versand", {"revision": "1", "idempotency_key": "k"})
    assert done.status_code == 303
    assert "Die Unterlagen werden gerade erstellt" in (await anna.get(done.headers["location"])).text
    assert (await (await client.browser("ben")).get(f"{PAGE}/versand")).status_code == 403
