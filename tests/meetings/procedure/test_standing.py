"""Ständige Punkte: what stands on every agenda is a rule of the procedure."""

from typing import Any

import lxml.html
import pytest

from circle.core.clock import Clock
from circle.core.db import Connection
from tests.clients import Clients

from ..world import NEW, convened
from .test_procedure import FORM, NEXT, PATH

OPENING = {"title": "Begrüßung", "kind": "formality", "aim": "coordination", "minutes": 5, "place": "first"}
REPORT = {
    "title": "Bericht der Geschäftsstelle",
    "kind": "report",
    "aim": "information",
    "minutes": 15,
    "place": "first",
}
DATES = {"title": "Termine", "kind": "information", "aim": "information", "minutes": 5, "place": "last"}
END = {"title": "Verschiedenes", "kind": "miscellaneous", "aim": "information", "minutes": 5, "place": "last"}


def adopting(*items: Any) -> dict[str, Any]:
    return NEXT | {"in_force_from": "2026-11-23", "rules": {"standing_items": list(items)}}


async def test_a_meeting_gets_those_of_its_version(db: Connection, client: Clients, office: Clock) -> None:
    anna, ben = await client.as_("anna"), await client.as_("ben")
    # What ends the agenda may be named anywhere in the list.
    version = await anna.post(PATH, json=adopting(OPENING, DATES, REPORT, END))
    assert version.status_code == 201, version.text
    told = next(one for one in version.json()["words"] if one["rule"] == "standing_items")["text"]
    assert told == (
        "Am Anfang: Begrüßung (Formalie, 5 Minuten); Bericht der Geschäftsstelle (Bericht, 15 Minuten). "
        "Am Ende: Termine (Information, 5 Minuten); Verschiedenes (Verschiedenes, 5 Minuten)."
    )
    meeting = (await anna.post("/api/v1/meetings", json=NEW)).json()
    assert [(one["title"], one["kind"], one["planned_minutes"]) for one in meeting["agenda"]] == [
        ("Begrüßung", "formality", 5), ("Bericht der Geschäftsstelle", "report", 15),
        ("Termine", "information", 5), ("Verschiedenes", "miscellaneous", 5),
    ]  # fmt: skip
    items = f"/api/v1/meetings/{meeting['id']}/agenda-items"
    await ben.post(items, json={"title": "Sprachmittlung", "aim": "information"})
    titles = [one["title"] for one in (await ben.get(items)).json()["items"]]
    assert titles[2:] == ["Sprachmittlung", "Termine", "Verschiedenes"], "before all that stands last"


async def test_a_later_version_leaves_a_called_meeting_as_it_is(
    db: Connection, client: Clients, office: Clock
) -> None:
    meeting = await convened(db, office)
    anna = await client.as_("anna")
    assert (await anna.post(PATH, json=NEXT | {"rules": {"standing_items": [END]}})).status_code == 201
    titles = [one["title"] for one in (await anna.get(f"/api/v1/meetings/{meeting}")).json()["agenda"]]
    assert titles[0] == "Begrüßung, Form und Frist, Tagesordnung" and len(titles) == 3


async def test_none_at_all_is_a_choice(db: Connection, client: Clients) -> None:
    anna = await client.as_("anna")
    version = (await anna.post(PATH, json=adopting())).json()
    assert {"rule": "standing_items", "label": "Ständige Punkte", "text": "Keine."} in version["words"]
    assert (await anna.post("/api/v1/meetings", json=NEW)).json()["agenda"] == []


@pytest.mark.parametrize(
    ("items", "field"),
    [
        ([OPENING] * 13, "rules.standing_items"),
        ([OPENING | {"title": ""}], "rules.standing_items.0.title"),
        ([OPENING | {"title": "zwei\nZeilen"}], "rules.standing_items.0.title"),
        ([OPENING, OPENING | {"title": "x" * 301}], "rules.standing_items.1.title"),
        ([OPENING | {"minutes": 601}], "rules.standing_items.0.minutes"),
        ([OPENING | {"place": "middle"}], "rules.standing_items.0.place"),
        ([OPENING | {"kind": "chat"}], "rules.standing_items.0.kind"),
        ([OPENING, END, END], "rules.standing_items.2.kind"),
        ([END | {"place": "first"}], "rules.standing_items.0.place"),
    ],
)
async def test_what_does_not_fit(db: Connection, client: Clients, items: Any, field: str) -> None:
    answer = await (await client.as_("anna")).post(PATH, json=adopting(*items))
    assert answer.status_code == 400, answer.text
    assert field in [one["field"] for one in answer.json()["errors"]]


async def test_the_form_shows_keeps_and_takes_rows(db: Connection, client: Clients, office: Clock) -> None:
    await convened(db, office)
    anna, ben = await client.browser("anna"), await client.as_("ben")
    page = lxml.html.fromstring((await anna.get("/geschaeftsordnung/neu")).text)
    assert page.get_element_by_id("field-standing_title_1").get("value") == "Genehmigung der Niederschrift"
    assert len(page.xpath("//input[starts-with(@name, 'standing_title_')]")) == 12
    row = {"standing_title_5": "Bericht", "standing_kind_5": "report", "standing_aim_5": "information",
        "standing_minutes_5": "900", "standing_place_5": "first"}  # fmt: skip
    wrong = await anna.post("/geschaeftsordnung/neu", FORM | row)
    assert (
        wrong.status_code == 422
        and 'id="error-standing_minutes_5"' in wrong.text
        and 'value="900"' in wrong.text
    )
    twice = await anna.post(
        "/geschaeftsordnung/neu",
        FORM | row | {"standing_title_1": "", "standing_minutes_5": "9", "standing_kind_5": "miscellaneous"},
    )
    assert twice.status_code == 422 and 'id="error-standing_kind_5"' in twice.text
    assert "error-standing_place_5" in twice.text or "nur einmal" in twice.text
    done = await anna.post(
        "/geschaeftsordnung/neu", FORM | row | {"standing_minutes_5": "20", "standing_title_1": ""}
    )
    assert done.status_code == 303, done.text[:3000]
    newest = (await ben.get(PATH)).json()["items"][0]
    assert [one["title"] for one in newest["rules"]["standing_items"]] == [
        "Begrüßung, Form und Frist, Tagesordnung", "Termine und Verschiedenes", "Bericht",
    ]  # fmt: skip
    assert "standing_items" in [one["rule"] for one in newest["changes"]]
    assert (
        "Bericht (Bericht, 20 Minuten)"
        in (await (await client.browser("ben")).get("/geschaeftsordnung/2")).text
    )


async def test_another_date_keeps_them_at_the_end(db: Connection, client: Clients, office: Clock) -> None:
    anna = await client.as_("anna")
    await anna.post(PATH, json=adopting(OPENING, DATES))
    meeting = (await anna.post("/api/v1/meetings", json=NEW)).json()
    moved = {"date": "2027-01-20", "start_local": "10:00", "end_local": "14:00", "reason": "Saal belegt"}
    answer = await anna.post(
        f"/api/v1/meetings/{meeting['id']}/move", json=moved, headers={"idempotency-key": "m"}
    )
    new = f"/api/v1/meetings/{answer.json()['moved_to']}/agenda-items"
    await (await client.as_("ben")).post(new, json={"title": "Neu", "aim": "information"})
    assert [one["title"] for one in (await anna.get(new)).json()["items"]] == ["Begrüßung", "Neu", "Termine"]
