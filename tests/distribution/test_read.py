"""Lists and single dispatches: one statement each, the office sees all, a recipient their own."""

from uuid import uuid4

import msgspec
import pytest

from circle.core.clock import Clock
from circle.core.db import Connection
from circle.distribution.model import Delivery, Dispatch, FullDispatch, Part
from tests import make
from tests.clients import Clients, queries

from .test_acts import prepared, running


async def test_the_office_sees_all_in_one_statement(db: Connection, client: Clients, office: Clock) -> None:
    await running(db, office, "sent", "failed", title="Erster")
    anna = await client.as_("anna")
    with queries(db) as seen:
        answer = await anna.get("/api/v1/dispatches")
    assert len(seen) == 1, seen
    (one,) = msgspec.convert(answer.json()["items"], list[Dispatch])
    assert (one.title, one.counts.sent, one.counts.failed, one.requested_by_name) == (
        "Erster",
        1,
        1,
        "Anna Amt",
    )


async def test_others_see_what_they_asked_for_and_strangers_sign_in(
    db: Connection, client: Clients, office: Clock
) -> None:
    await prepared(db, office, title="Von Anna")
    await prepared(db, office, by="ben", title="Von Ben")
    items = (await (await client.as_("ben")).get("/api/v1/dispatches")).json()["items"]
    assert [one["title"] for one in items] == ["Von Ben"]
    assert (await (await client.as_("clara")).get("/api/v1/dispatches")).json()["items"] == []
    assert (await client.stranger.get("/api/v1/dispatches")).status_code == 401
    assert (await client.stranger.get("/versand")).headers["location"] == "/anmelden?next=/versand"


async def test_pages_of_the_list_hang_together(db: Connection, client: Clients, office: Clock) -> None:
    for n in range(5):
        await prepared(db, office, title=f"Nr. {n}")
    anna = await client.as_("anna")
    titles, following = [], "/api/v1/dispatches?limit=2"
    while following:
        answer = (await anna.get(following)).json()
        titles += [one["title"] for one in answer["items"]]
        following = answer["next"]
    assert sorted(titles) == [f"Nr. {n}" for n in range(5)]
    for bad in ("limit=0", "limit=201", "after=kaputt", "after=a2FwdXR0"):
        assert (await anna.get(f"/api/v1/dispatches?{bad}")).status_code == 400, bad


async def test_one_dispatch_page_and_api_agree(db: Connection, client: Clients, office: Clock) -> None:
    ben = await make.person_id(db, "ben")
    dispatch_id = await make.dispatch(
        db, office, [ben], [Part("Leitfaden", "internal", url="/wissen/WD-1", audience=["internal"])], start=True
    )  # fmt: skip
    anna = await client.as_("anna")
    with queries(db) as seen:
        answer = await anna.get(f"/api/v1/dispatches/{dispatch_id}")
    assert len(seen) == 1, seen
    found = msgspec.convert(answer.json(), FullDispatch)
    assert answer.headers["etag"] == f'"v{found.revision}"'
    page = (await (await client.browser("anna")).get(f"/versand/{dispatch_id}")).text
    for words in (
        found.subject,
        found.text,
        found.parts[0].title,
        "0 von 1 gesendet",
        "1 wartet",
        "Ben Beauftragt",
    ):
        assert words in page
    (delivery,) = msgspec.convert(
        (await anna.get(f"/api/v1/dispatches/{dispatch_id}/deliveries")).json()["items"], list[Delivery]
    )
    alone = await anna.get(f"/api/v1/deliveries/{delivery.id}")
    assert msgspec.convert(alone.json(), Delivery) == delivery
    assert (await (await client.browser("anna")).get("/versand")).text.count("Rundschreiben") >= 1


async def test_clara_gets_404_as_for_an_unknown_one(db: Connection, client: Clients, office: Clock) -> None:
    dispatch_id = await prepared(db, office)
    clara, browser = await client.as_("clara"), await client.browser("clara")
    for known in (dispatch_id, uuid4()):
        for path in (
            f"/dispatches/{known}",
            f"/dispatches/{known}/preview",
            f"/dispatches/{known}/deliveries",
        ):
            assert (await clara.get(f"/api/v1{path}")).status_code == 404
        assert (await browser.get(f"/versand/{known}")).status_code == 404
        assert (await browser.get(f"/versand/post/{known}")).status_code == 404


async def test_a_recipient_sees_their_delivery_and_nobody_elses(
    db: Connection, client: Clients, office: Clock
) -> None:
    people = [await make.person_id(db, nick) for nick in ("anna", "ben")]
    dispatch_id = await make.dispatch(db, office, people, by="anna")
    ben = await client.as_("ben")
    assert (await ben.get("/api/v1/deliveries")).json()["items"] == [], "nothing before it is on its way"
    await db.execute("update dispatch set state = 'sending'")
    with queries(db) as seen:
        (one,) = (await ben.get("/api/v1/deliveries")).json()["items"]
    assert len(seen) == 1, seen
    assert (one["name"], one["dispatch_title"]) == ("Ben Beauftragt", "Rundschreiben")
    assert (await ben.get(f"/api/v1/dispatches/{dispatch_id}")).status_code == 404
    other = await db.fetchval("select id from delivery where name = 'Anna Amt'")
    assert (await ben.get(f"/api/v1/deliveries/{other}")).status_code == 404


@pytest.mark.confidential
async def test_a_recipient_of_a_confidential_dispatch_sees_their_own_delivery_alone(
    db: Connection, client: Clients, office: Clock
) -> None:
    people = [await make.person_id(db, nick) for nick in ("anna", "ben")]
    keys = [f"person:{person}" for person in people]
    await make.dispatch(
        db, office, people, by="anna", start=True, level="confidential", audience=keys, title="Geheimer Titel"
    )
    ben = await client.as_("ben")
    (one,) = (await ben.get("/api/v1/deliveries")).json()["items"]
    assert one["name"] == "Ben Beauftragt"


@pytest.mark.confidential
async def test_an_expert_who_was_replaced_sees_the_mails_about_the_request_no_more(
    db: Connection, client: Clients, office: Clock
) -> None:
    await make.advisers(db)
    request_id = await make.consultation(db, office, "clarification")
    question = await db.fetchval("select id from dispatch where kind = 'clarification'")
    delivery = await db.fetchval("select id from delivery where dispatch_id = $1", question)
    dora, anna = await client.as_("dora"), await client.as_("anna")
    paths = [f"/api/v1/dispatches/{question}", f"/api/v1/dispatches/{question}/deliveries",
        f"/api/v1/deliveries/{delivery}"]  # fmt: skip
    assert [(await dora.get(path)).status_code for path in paths] == [200, 200, 200]
    emil = {"assignee_id": str(await make.person_id(db, "emil"))}
    assert (await anna.post(f"/api/v1/consultations/{request_id}/assign", json=emil)).status_code == 200
    assert [(await dora.get(path)).status_code for path in paths] == [404, 404, 404]
    assert (await dora.get("/api/v1/dispatches")).json()["items"] == []
    names = {one["name"] for one in (await dora.get("/api/v1/deliveries")).json()["items"]}
    assert names <= {"Dora Probe"}
    cancel = await dora.post(f"/api/v1/dispatches/{question}/cancel")
    assert cancel.status_code == 404
    assert [(await anna.get(path)).status_code for path in paths] == [200, 200, 200]
