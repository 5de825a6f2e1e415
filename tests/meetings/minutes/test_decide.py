"""Deciding on an objection: the new text stands before the approval."""

import pytest

from circle.core.clock import Clock
from circle.core.db import Connection, for_the_record
from circle.meetings.minutes import actions
from circle.meetings.minutes.model import Approval, NewObjection
from tests import make
from tests.clients import Clients
from tests.consultations import Page

from .world import PAGE, act, objected, sent

ACCEPT = {"decision": "accepted", "reason": "So war es.", "new_text": "Der bessere Text."}


async def test_an_accepted_one_changes_the_text(db: Connection, client: Clients, office: Clock) -> None:
    world, objection = await objected(db, office)
    answer = await act(await client.as_("anna"), world, f"objections/{objection}/decide", ACCEPT)
    assert answer.status_code == 200
    assert answer.json()["items"][0]["minutes"] == "Der bessere Text."
    (one,) = answer.json()["objections"]
    assert (one["decision"], one["reason"]) == ("accepted", "So war es.")
    assert (
        await db.fetchval(
            "select detail ->> 'decision' from audit_event where action = 'minutes.objection_decided'"
        )
        == "accepted"
    )


@pytest.mark.parametrize("decision", ["rejected", "noted"])
async def test_the_others_leave_it(db: Connection, client: Clients, office: Clock, decision: str) -> None:
    world, objection = await objected(db, office)
    answer = await act(
        await client.as_("anna"), world, f"objections/{objection}/decide", {"decision": decision, "reason": "Darum."}
    )  # fmt: skip
    assert answer.json()["items"][0]["minutes"] == "Die Erfahrungen werden ausgetauscht."


async def test_a_refusal_gives_its_reason(db: Connection, client: Clients, office: Clock) -> None:
    world, objection = await objected(db, office)
    path = f"objections/{objection}/decide"
    wrong = await act(await client.as_("anna"), world, path, {"decision": "rejected", "reason": " "})
    assert wrong.status_code == 400 and "begründen" in wrong.text
    browser = await client.browser("anna")
    form = {"decision": "rejected", "revision": "3"}
    page = await browser.post(f"{PAGE}/einwendungen/{objection}", form)
    assert page.status_code == 422 and "Bitte begründen Sie" in page.text


async def test_whoever_objected_is_told(db: Connection, client: Clients, office: Clock) -> None:
    world, objection = await objected(db, office)
    ruling = {"decision": "rejected", "reason": "Es wurde so gesagt."}
    await act(await client.as_("anna"), world, f"objections/{objection}/decide", ruling)
    (letter,) = await db.fetch("select id, level, text from dispatch where kind = 'notice'")
    assert letter["text"] == (
        "Ihre Einwendung zu TOP 1 der Niederschrift über die Sitzung am 04.11.2026: nicht übernommen.\n\n"
        "Begründung: Es wurde so gesagt."
    )
    assert letter["level"] == "circle"
    names = await db.fetch("select name from delivery where dispatch_id = $1", letter["id"])
    assert [row["name"] for row in names] == ["Ben Beauftragt"]
    assert {"dispatch_id": str(letter["id"])} in await make.outbox(db, "distribution.send")


@pytest.mark.confidential
async def test_the_mail_about_a_confidential_item_tells_nothing_of_it(
    db: Connection, client: Clients, office: Clock
) -> None:
    world = await sent(db, office)
    await db.execute(
        "insert into named_access (object_id, person_id) values ($1, $2)",
        world.secret_item, await make.person_id(db, "anna"),
    )  # fmt: skip
    ben = await make.actor(db, office, "ben")
    objection = await actions.object_to(db, ben, world.meeting, NewObjection("Geheim.", world.secret_item))
    ruling = {"decision": "rejected", "reason": "Geheimer Grund."}
    await act(await client.as_("anna"), world, f"objections/{objection}/decide", ruling)
    async with for_the_record(db):
        letters = await db.fetch("select level, subject, text from dispatch where kind = 'notice'")
    assert [row["level"] for row in letters] == ["confidential"]
    assert "Geheim" not in letters[0]["text"] + letters[0]["subject"] and "TOP" not in letters[0]["text"]


async def test_nobody_decides_on_their_own(db: Connection, client: Clients, office: Clock) -> None:
    world, objection = await objected(db, office)
    await db.execute(
        "insert into role_grant (person_id, role) values ($1, 'circle_office')",
        await make.person_id(db, "ben"),
    )
    answer = await act(await client.as_("ben"), world, f"objections/{objection}/decide", ACCEPT)
    assert answer.status_code == 403 and answer.json()["code"] == "four_eyes"


async def test_text_belongs_to_accepting_and_to_nothing_else(
    db: Connection, client: Clients, office: Clock
) -> None:
    world, objection = await objected(db, office)
    anna = await client.as_("anna")
    for body in ({"decision": "accepted"}, {"decision": "noted", "new_text": "x"}, {"decision": "maybe"}):
        assert (await act(anna, world, f"objections/{objection}/decide", body)).status_code == 400


async def test_twice_409_stale_412_clara_404_ben_403(db: Connection, client: Clients, office: Clock) -> None:
    world, objection = await objected(db, office)
    path = f"objections/{objection}/decide"
    assert (await act(await client.as_("clara"), world, path, ACCEPT)).status_code == 404
    assert (await act(await client.as_("ben"), world, path, ACCEPT)).status_code == 403
    anna = await client.as_("anna")
    assert (await act(anna, world, path, ACCEPT, match='"v1"')).status_code == 412
    assert (await act(anna, world, path, ACCEPT)).status_code == 200
    assert (await act(anna, world, path, ACCEPT, key="b")).status_code == 409
    assert (await act(anna, world, f"objections/{world.meeting}/decide", ACCEPT, key="c")).status_code == 404


@pytest.mark.confidential
async def test_one_that_the_office_may_not_read_it_cannot_decide_and_it_holds_the_approval(
    db: Connection, client: Clients, office: Clock
) -> None:
    world = await sent(db, office)
    ben = await make.actor(db, office, "ben")
    objection = await actions.object_to(db, ben, world.meeting, NewObjection("Geheim.", world.secret_item))
    anna = await client.as_("anna")
    assert (await act(anna, world, f"objections/{objection}/decide", ACCEPT)).status_code == 404
    held = await act(anna, world, "approve", {}, key="b")
    assert (held.status_code, held.json()["code"]) == (409, "objections_undecided")


async def test_the_page_decides_and_the_approval_says_with_changes(
    db: Connection, client: Clients, office: Clock
) -> None:
    world, objection = await objected(db, office)
    anna = await client.browser("anna")
    assert "Offene Einwendungen: 1" in (await anna.get(PAGE)).text
    wrong = await anna.post(f"{PAGE}/einwendungen/{objection}", {"decision": "accepted", "revision": "3"})
    assert wrong.status_code == 422 and "Bitte den neuen Text des Punktes angeben." in wrong.text
    done = await anna.post(f"{PAGE}/einwendungen/{objection}", ACCEPT | {"revision": "3"})
    assert done.status_code == 303
    await actions.approve(db, await make.actor(db, office, "anna"), world.meeting, Approval())
    assert await db.fetchval("select state from minutes") == "approved_with_changes"


async def test_typed_words_outlive_the_decision_of_another(
    db: Connection, client: Clients, office: Clock
) -> None:
    world, objection = await objected(db, office)
    anna = await client.browser("anna")
    path = f"{PAGE}/einwendungen/{objection}"
    await db.execute(
        "update agenda_content set minutes = 'Von Mona geändert.' where item_id = $1", world.open_item
    )
    stale = await anna.post(path, ACCEPT | {"revision": "1"})
    page = Page(stale.text)
    page.check()
    assert stale.status_code == 412 and "Der bessere Text.</textarea>" in stale.text
    assert "Inzwischen lautet der Punkt: Von Mona geändert." in stale.text
    noted = {"decision": "noted", "reason": ""}
    await act(await client.as_("anna"), world, f"objections/{objection}/decide", noted)
    late = await anna.post(path, ACCEPT | {"revision": page.values["revision"]})
    Page(late.text).check()
    assert late.status_code == 409 and "schon entschieden: zur Kenntnis genommen" in late.text
    assert "Der bessere Text.</textarea>" in late.text, "what was typed can still be copied"


async def test_what_was_typed_on_an_old_state_counts_when_it_is_sent_again(
    db: Connection, client: Clients, office: Clock
) -> None:
    world, objection = await objected(db, office)
    anna = await client.browser("anna")
    path = f"{PAGE}/einwendungen/{objection}"
    stale = await anna.post(path, ACCEPT | {"revision": "1"})
    again = Page(stale.text).values["revision"]
    assert (await anna.post(path, ACCEPT | {"revision": again})).status_code == 303
    assert (
        await db.fetchval("select minutes from agenda_content where item_id = $1", world.open_item)
        == "Der bessere Text."
    )
