"""What nobody should send, and what many people do at once: refused in words, and nothing is lost."""

import asyncio
from datetime import date
from typing import Any
from uuid import UUID, uuid4

import pytest

from circle.core import errors
from circle.core.auth import Actor
from circle.core.clock import Clock
from circle.core.db import Connection, Database
from circle.meetings.agenda import actions, rules
from circle.meetings.agenda.model import Plan
from circle.settings import Settings
from tests import make
from tests.clients import Clients, queries

from . import NEW, item, of
from .test_pages import FORM, read, values
from .test_papers import hand_in, upload

HERE = "/sitzungen/KK-2027-1"
PAGE_OF_TEXT = "Ein Titel, der nicht enden will. " * 90
"""About what stands on a page."""


async def filled(db: Connection, meeting: UUID, count: int) -> None:
    """An agenda with many items, each of Ben's with a title of its own."""
    await db.execute(
        """
        with made as (
            insert into agenda_item (meeting_id, "order", status)
            select $1, n, 'admitted' from generate_series(0, $2 - 1) n returning id, "order"
        )
        insert into agenda_content (item_id, meeting_id, title, aim, submitted_by)
        select id, $1, 'Punkt ' || "order", 'information', $3 from made
        """,
        meeting, count, await make.person_id(db, "ben"),
    )  # fmt: skip


async def test_a_title_of_300_pages_is_refused_and_kept(client: Clients, db: Connection) -> None:
    meeting = await make.meeting(db)
    ben, browser = await client.as_("ben"), await client.browser("ben")
    title = (PAGE_OF_TEXT * 300).strip()
    answer = await ben.post(of(meeting), json=NEW | {"title": title})
    assert answer.status_code == 400 and answer.json()["errors"][0]["field"] == "title"
    form = values(read(await browser.get(f"{HERE}/top/neu")), f"{HERE}/top/neu") | FORM | {"title": title}
    page = read(await browser.post(f"{HERE}/top/neu", form), 422)
    assert (
        page.xpath("//*[@id='error-title']") and page.get_element_by_id("field-title").get("value") == title
    )
    assert await db.fetchval("select count(*) from agenda_item") == 0


async def test_an_agenda_has_room_for_200(client: Clients, db: Connection) -> None:
    meeting, later = await make.meeting(db), await make.meeting(db, "KK-2027-2", on=date(2027, 3, 10))
    await filled(db, meeting, rules.MOST_ITEMS - 1)
    ben, anna, browser = await client.as_("ben"), await client.as_("anna"), await client.browser("ben")
    assert (await ben.post(of(meeting), json=NEW)).status_code == 201
    for _ in range(3):
        full = await ben.post(of(meeting), json=NEW)
        assert (full.status_code, full.json()["code"]) == (
            409,
            "agenda_full",
        ) and "200 Punkte" in full.json()["detail"]
    form = values(read(await browser.get(f"{HERE}/top/neu")), f"{HERE}/top/neu") | FORM
    refused = await browser.post(f"{HERE}/top/neu", form | {"description": "Das darf nicht verloren gehen."})
    assert refused.status_code == 409 and "Das darf nicht verloren gehen." in refused.text
    earlier = await make.meeting(db, "KK-2026-6", on=date(2026, 12, 9))
    put_off = await make.item(db, earlier)
    answer = await anna.post(item(put_off, "adjourn"), json={"meeting_id": str(meeting)})
    assert (answer.status_code, answer.json()["code"]) == (409, "agenda_full")
    assert (await anna.post(item(put_off, "adjourn"), json={"meeting_id": str(later)})).status_code == 200
    assert await db.fetchval("select count(*) from agenda_item where meeting_id = $1", meeting) == 200


async def test_a_full_agenda_is_read_and_ordered_in_one_go(client: Clients, db: Connection) -> None:
    meeting = await make.meeting(db)
    anna, browser = await client.as_("anna"), await client.browser("anna")
    with queries(db) as few:
        await browser.get(HERE)
    await filled(db, meeting, rules.MOST_ITEMS)
    with queries(db) as seen:
        items = (await anna.get(of(meeting) + "?limit=200")).json()["items"]
    assert len(seen) == 1 and len(items) == 200
    with queries(db) as seen:
        page = await browser.get(HERE)
    assert len(seen) == len(few) and page.text.count('class="title"') >= 200
    assert len(read(await browser.get(f"{HERE}/tagesordnung")).xpath("//tbody/tr")) == 200
    wanted = {"item_ids": [one["id"] for one in reversed(items)]}
    answer = await anna.post(of(meeting, "agenda-items/order"), json=wanted, headers={"if-match": '"v1"'})
    assert answer.status_code == 200 and answer.json()["items"][0]["title"] == "Punkt 199"


async def test_order_lists_that_do_not_fit(client: Clients, db: Connection) -> None:
    meeting, other = await make.meeting(db), await make.meeting(db, "KK-2027-2", on=date(2027, 3, 10))
    ids = [str(await make.item(db, meeting, title)) for title in "ABC"]
    foreign, gone = str(await make.item(db, other)), str(await make.item(db, meeting, status="withdrawn"))
    anna, path = await client.as_("anna"), of(meeting, "agenda-items/order")
    for wrong, status in (
        (ids[:2], 409), ([*ids, ids[0]], 409), ([ids[0], ids[0], ids[1]], 409), ([*ids[:2], foreign], 409),
        ([*ids, gone], 409), ([*ids, str(uuid4())], 409), ([], 400), ([*ids, "x"], 400), (ids * 67, 400),
    ):  # fmt: skip
        answer = await anna.post(path, json={"item_ids": wrong}, headers={"if-match": '"v1"'})
        assert answer.status_code == status, (wrong[:5], answer.text)
    minutes = {"item_ids": ids, "minutes": {ids[0]: 601}}
    assert (await anna.post(path, json=minutes, headers={"if-match": '"v1"'})).status_code == 400
    assert [one["title"] for one in (await anna.get(of(meeting))).json()["items"]][:3] == ["A", "B", "C"]
    assert await db.fetchval("select revision from meeting where id = $1", meeting) == 1


async def test_a_stale_order_answers_with_the_present_one(client: Clients, db: Connection) -> None:
    meeting = await make.meeting(db)
    ids = [str(await make.item(db, meeting, title)) for title in "ABC"]
    anna, path = await client.as_("anna"), of(meeting, "agenda-items/order")
    turned = {"item_ids": ids[::-1]}
    assert (await anna.post(path, json=turned, headers={"if-match": '"v1"'})).status_code == 200
    stale = await anna.post(path, json={"item_ids": ids}, headers={"if-match": '"v1"'})
    assert stale.status_code == 412
    assert stale.json()["current"] == {"id": str(meeting), "revision": 2, "item_ids": ids[::-1]}
    browser = await client.browser("anna")
    typed = {f"place_{one}": str(n) for n, one in enumerate((ids[1], ids[0], ids[2]), start=1)}
    page = read(await browser.post(f"{HERE}/tagesordnung", typed | {"revision": "1"}), 412)
    assert [one.get("data-name") for one in page.xpath("//tbody/tr")] == ["B", "A", "C"], (
        "as it was put in order"
    )
    kept = values(page, f"{HERE}/tagesordnung")
    assert kept["revision"] == "2"
    assert (await browser.post(f"{HERE}/tagesordnung", typed | kept)).status_code == 303
    assert [one["title"] for one in (await anna.get(of(meeting))).json()["items"]] == ["B", "A", "C"]


@pytest.mark.parametrize(
    ("content", "status", "words"),
    [(b"", 400, "Die Datei ist leer."), (b"x" * (1024 * 1024 + 1), 413, "höchstens 1 MB")],
)
async def test_papers_that_are_empty_or_too_large(
    client: Clients, db: Connection, content: bytes, status: int, words: str
) -> None:
    made = await make.item(db, await make.meeting(db))
    ben, browser = await client.as_("ben"), await client.browser("ben")
    answer = await ben.post("/api/v1/files", files={"file": ("Vorlage.txt", content)})
    assert answer.status_code == status and words in answer.text
    form = values(read(await browser.get(f"{HERE}/top/neu")), f"{HERE}/top/neu") | FORM
    page = await browser.client.post(
        f"{HERE}/top/neu", data=form | {"title": "Bitte nicht verlieren"}, files={"file": ("Vorlage.txt", content)},
        headers={"sec-fetch-site": "same-origin"},
    )  # fmt: skip
    shown = read(page, 422)
    assert shown.xpath("//*[@id='error-file']") and words in shown.text_content()
    assert shown.get_element_by_id("field-title").get("value") == "Bitte nicht verlieren"
    step = f"{HERE}/top/{made}?schritt=paper"
    form = values(read(await browser.get(step)), f"{HERE}/top/{made}/paper") | {
        "paper_title": "Eckpunkte der Lage"
    }
    page = await browser.client.post(
        f"{HERE}/top/{made}/paper", data=form, files={"file": ("Vorlage.txt", content)},
        headers={"sec-fetch-site": "same-origin"},
    )  # fmt: skip
    assert read(page, 422).get_element_by_id("field-paper_title").get("value") == "Eckpunkte der Lage"
    assert await db.fetchval("select count(*) from paper") == 0


@pytest.mark.parametrize("state", ["filed", "moved"])
async def test_no_route_edits_the_agenda_of_a_closed_meeting(
    client: Clients, db: Connection, state: str
) -> None:
    meeting, later = await make.meeting(db), await make.meeting(db, "KK-2027-2", on=date(2027, 3, 10))
    anna, browser = await client.as_("anna"), await client.browser("anna")
    one = str(await make.item(db, meeting, status="on_agenda", number="1", by="anna"))
    waiting = str(await make.item(db, meeting, "Wartet", status="registered", by="anna"))
    paper = (await hand_in(anna, meeting, UUID(one))).json()
    file_id = await upload(anna)
    await db.execute("update meeting set state = $2 where id = $1", meeting, state)
    before = await everything(db, meeting)
    key, match = {"idempotency-key": str(uuid4())}, {"if-match": '"v1"'}
    tries: list[tuple[str, str, Any, dict[str, str]]] = [
        ("post", of(meeting), NEW, key),
        ("post", of(meeting, "agenda-items/order"), {"item_ids": [one, waiting]}, match),
        ("patch", item(one), {"planned_minutes": 5}, match),
        ("patch", item(waiting), {"title": "Anders"}, match),
        ("post", item(waiting, "admit"), None, {}),
        ("post", item(one, "return"), {"reason": "Zu spät."}, {}),
        ("post", item(waiting, "withdraw"), None, {}),
        ("post", item(one, "withdraw"), None, {}),
        ("post", item(one, "adjourn"), {"meeting_id": str(later)}, {}),
        ("post", item(one, "result"), {"result": "noted"}, {}),
        ("post", item(one, "reservations"), {"by": str(await make.person_id(db, "ben"))}, {}),
        ("post", item(one, "reservations/lift"), {}, {}),
        ("post", of(meeting, "papers"), {"item_id": one, "title": "Neu", "file_id": file_id}, {}),
        ("patch", f"/api/v1/papers/{paper['id']}", {"title": "Neu"}, match),
        ("post", of(meeting, "call-for-items"), {}, key | {"idempotency-key": "ruf"}),
    ]
    for method, path, body, headers in tries:
        answer = await anna.request(method, path, json=body, headers=headers)
        assert answer.status_code == 409, (method, path, answer.status_code, answer.text)
    form = {
        "revision": "1",
        "idempotency_key": "k",
        "reason": "Zu spät.",
        "meeting_id": str(later),
        "minutes": "Text",
    }
    for act, made in (
        ("admit", waiting), ("return", one), ("withdraw", one), ("adjourn", one), ("result", one), ("reserve", one),
        ("change", one), ("paper", one),
    ):  # fmt: skip
        answer = await browser.post(f"{HERE}/top/{made}/{act}", form | FORM | {"idempotency_key": act})
        assert answer.status_code in (409, 422), (act, answer.status_code)
    assert (await browser.post(f"{HERE}/tagesordnung", {"revision": "1"})).status_code == 409
    assert (await browser.post(f"{HERE}/top/neu", form | FORM)).status_code == 409
    taken = {"item_id": one, "revision": "1", "idempotency_key": "t"}
    assert (await browser.post(f"{HERE}/tagesordnung/uebernehmen", taken)).status_code in (409, 422)
    assert await everything(db, meeting) == before


async def everything(db: Connection, meeting: UUID) -> str:
    """Items, contents and papers of a meeting as the tables hold them."""
    return str(
        await db.fetchval(
            """
            select jsonb_build_array(
                (select jsonb_agg(to_jsonb(i) order by i.id) from agenda_item i where i.meeting_id = $1),
                (select jsonb_agg(to_jsonb(c) order by c.item_id) from agenda_content c where c.meeting_id = $1),
                (select jsonb_agg(to_jsonb(p) order by p.id) from paper p where p.meeting_id = $1))::text
            """,
            meeting,
        )
    )


class Two:
    """Anna and Mona at the same agenda, each with a connection of her own."""

    def __init__(self, database: Database, meeting: UUID, people: list[Actor]) -> None:
        self.database, self.meeting, self.people = database, meeting, people

    async def at_once(self, *acts: Any) -> list[Any]:
        """Every act in a transaction of its own, all at the same time; refusals are among the results."""

        async def one(act: Any, who: Actor) -> Any:
            async with self.database.begin(None) as db:
                return await act(db, who)

        people = [self.people[n % 2] for n in range(len(acts))]
        return await asyncio.gather(*map(one, acts, people), return_exceptions=True)


async def two_moderators(
    fresh: tuple[Database, Settings], office: Clock, *titles: str, status: str
) -> tuple[Two, list[UUID]]:
    database, _ = fresh
    async with database.begin(None) as db:
        meeting = await make.meeting(db)
        ids = [await make.item(db, meeting, title, status=status) for title in titles]
        await make.person(db, "mona", roles=["circle_office", "circle_moderator"])
        people = [await make.actor(db, office, nick) for nick in ("anna", "mona")]
    return Two(database, meeting, people), ids


async def test_two_order_at_once_and_one_of_them_is_told(
    fresh: tuple[Database, Settings], office: Clock
) -> None:
    two, ids = await two_moderators(fresh, office, *"ABCD", status="admitted")
    orders = [ids[::-1], [ids[1], ids[0], ids[3], ids[2]]]
    done = await two.at_once(
        *(
            lambda db, who, order=order: actions.arrange(db, who, two.meeting, Plan(order), 1)
            for order in orders
        )
    )
    (won,) = [n for n, one in enumerate(done) if one is None]
    (lost,) = [one for one in done if one is not None]
    assert isinstance(lost, errors.Stale) and lost.extra["current"]["item_ids"] == orders[won]
    async with two.database.begin(None) as db:
        rows = await db.fetch('select id, "order" from agenda_item order by "order"')
    assert [row["id"] for row in rows] == orders[won] and [row["order"] for row in rows] == [0, 1, 2, 3]


async def test_two_admit_and_order_at_once_and_nothing_is_lost(
    fresh: tuple[Database, Settings], office: Clock
) -> None:
    two, ids = await two_moderators(fresh, office, *"ABCD", status="registered")
    done = await two.at_once(
        *(lambda db, who, one=one: actions.admit(db, who, one) for one in ids),
        lambda db, who: actions.arrange(db, who, two.meeting, Plan(ids[::-1]), 1),
    )
    assert done == [None] * 5
    async with two.database.begin(None) as db:
        rows = await db.fetch('select id, "order", status from agenda_item order by "order"')
    assert [row["id"] for row in rows] == ids[::-1] and {row["status"] for row in rows} == {"admitted"}


async def test_two_admit_the_same_and_its_house_is_told_once(
    fresh: tuple[Database, Settings], office: Clock
) -> None:
    two, (one,) = await two_moderators(fresh, office, "A", status="registered")
    done = await two.at_once(*[lambda db, who: actions.admit(db, who, one)] * 2)
    assert sorted(isinstance(found, errors.Conflict) for found in done) == [False, True]
    async with two.database.begin(None) as db:
        assert await db.fetchval("select count(*) from dispatch where object_id = $1", one) == 1
