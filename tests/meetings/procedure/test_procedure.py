"""The procedure: read by the circle, entered by the office, computed for a day, kept by the meetings called under it."""

from typing import Any

import pytest

from circle.core.clock import Clock
from circle.core.db import Connection
from tests.clients import Clients, queries

from ..world import NEW, act, convened

PATH = "/api/v1/procedures"
NEXT: dict[str, Any] = {
    "adopted_on": "2026-11-18",
    "in_force_from": "2027-01-01",
    "reference": "Beschluss zu TOP 4",
    "rules": {"invitation": {"unit": "clear_days_before", "value": 10}, "minutes_kind": "course"},
}
FORM = {
    "adopted_on": "2026-11-18", "in_force_from": "2027-01-01", "reference": "Beschluss zu TOP 4", "idempotency_key": "k",
    "agenda_opens_unit": "days_before", "agenda_opens_value": "84", "agenda_submission_unit": "days_before", "agenda_submission_value": "28",
    "invitation_unit": "clear_days_before", "invitation_value": "10",
    "papers_unit": "clear_days_before", "papers_value": "7", "reply_reminder_unit": "days_before",
    "reply_reminder_value": "7", "minutes_draft_unit": "weeks", "minutes_draft_value": "3", "minutes_objection_value": "2",
    "circular_default_unit": "working_days", "circular_default_value": "5", "quorum": "3",
    "decision_rule": "consensus_with_reservations", "deputies": "same_house", "late_items": "consent",
    "minutes_kind": "course",
    "standing_title_0": "Begrüßung, Form und Frist, Tagesordnung", "standing_kind_0": "formality",
    "standing_aim_0": "coordination", "standing_minutes_0": "5", "standing_place_0": "first",
    "standing_title_1": "Genehmigung der Niederschrift", "standing_kind_1": "approval_of_minutes",
    "standing_aim_1": "coordination", "standing_minutes_1": "10", "standing_place_1": "first",
    "standing_title_2": "Termine und Verschiedenes", "standing_kind_2": "miscellaneous",
    "standing_aim_2": "information", "standing_minutes_2": "10", "standing_place_2": "last",
}  # fmt: skip


async def test_a_version_is_entered_and_read_with_what_it_changes(
    db: Connection, client: Clients, office: Clock
) -> None:
    await convened(db, office)
    answer = await (await client.as_("anna")).post(PATH, json=NEXT)
    assert answer.status_code == 201 and answer.headers["etag"] == '"v1"'
    found = answer.json()
    assert (found["version"], found["state"], found["reference"]) == (2, "coming", "Beschluss zu TOP 4")
    assert found["rules"]["papers"] == {"unit": "clear_days_before", "value": 7}, (
        "silent rules have their default"
    )
    assert [(one["rule"], one["after"]) for one in found["changes"]] == [
        ("invitation", "Die Einladung geht spätestens 10 volle Tage vor der Sitzung hinaus."),
        ("minutes_kind", "Verlaufsniederschrift."),
    ]
    ben = await client.as_("ben")
    with queries(db) as seen:
        items = (await ben.get(PATH)).json()["items"]
    assert len(seen) == 1
    assert [(one["version"], one["state"], one["meetings"]) for one in items] == [
        (2, "coming", 0), (1, "in_force", 1),
    ]  # fmt: skip
    assert items[1]["in_force_until"] == "2026-12-31"
    assert (await ben.get(f"{PATH}/{found['id']}")).json() == found
    assert await db.fetchval("select count(*) from audit_event where action = 'procedure.adopted'") == 1


async def test_who_may_not(db: Connection, client: Clients, office: Clock) -> None:
    await convened(db, office)
    one = (await (await client.as_("anna")).post(PATH, json=NEXT)).json()
    ben, clara = await client.as_("ben"), await client.as_("clara")
    match = {"if-match": '"v1"'}
    assert (await ben.post(PATH, json=NEXT)).status_code == 403
    assert (await ben.put(f"{PATH}/{one['id']}", json=NEXT, headers=match)).status_code == 403
    for path in (PATH, f"{PATH}/{one['id']}", f"{PATH}/{one['id']}/deadlines?date=2027-01-13"):
        assert (await clara.get(path)).status_code == 404
    assert (await clara.put(f"{PATH}/{one['id']}", json=NEXT, headers=match)).status_code == 404
    assert (await (await client.browser("clara")).get("/geschaeftsordnung")).status_code == 404
    assert (await (await client.browser("ben")).get("/geschaeftsordnung/neu")).status_code == 403


async def test_it_is_put_right_before_its_first_day_only(
    db: Connection, client: Clients, office: Clock
) -> None:
    await convened(db, office)
    anna = await client.as_("anna")
    one = (await anna.post(PATH, json=NEXT)).json()
    path = f"{PATH}/{one['id']}"
    later = NEXT | {"in_force_from": "2027-02-01", "rules": {}}
    assert (await anna.put(path, json=later)).status_code == 428
    assert (await anna.put(path, json=later, headers={"if-match": '"v9"'})).status_code == 412
    done = await anna.put(path, json=later, headers={"if-match": '"v1"'})
    assert done.status_code == 200 and done.headers["etag"] == '"v2"'
    assert (done.json()["in_force_from"], done.json()["changes"]) == ("2027-02-01", [])
    first = (await anna.get(PATH)).json()["items"][1]
    refused = await anna.put(f"{PATH}/{first['id']}", json=later, headers={"if-match": '"v1"'})
    assert (refused.status_code, refused.json()["code"]) == (409, "wrong_state")


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"in_force_from": "2026-11-23"}, "in_force_from"),
        ({"in_force_from": "2026-11-20"}, "in_force_from"),
        ({"adopted_on": "2026-11-24"}, "adopted_on"),
        ({"adopted_on": "2199-12-31", "in_force_from": "2199-12-31"}, "adopted_on"),
        ({"in_force_from": "0001-01-01"}, "in_force_from"),
        ({"reference": "x" * 301}, "reference"),
        ({"rules": {"invitation": {"unit": "clear_days_before", "value": 28}}}, "rules.agenda_submission.value"),
        ({"rules": {"invitation": {"unit": "clear_days_before", "value": 181}}}, "rules.invitation.value"),
        ({"rules": {"invitation": {"unit": "months", "value": 1}}}, "rules.invitation.unit"),
        ({"rules": {"quorum": {"present_members_min": 0}}}, "rules.quorum.present_members_min"),
        ({"rules": {"decision_rule": "majority"}}, "rules.decision_rule"),
        ({"rules": {"invitations": {}}}, "invitations"),
        ({"meeting_id": "00000000-0000-0000-0000-000000000001"}, "meeting_id"),
    ],
)  # fmt: skip
async def test_what_does_not_fit(
    db: Connection, client: Clients, office: Clock, given: dict[str, Any], field: str
) -> None:
    await convened(db, office)
    answer = await (await client.as_("anna")).post(PATH, json=NEXT | given)
    assert answer.status_code == 400, answer.text
    assert field in [one["field"] for one in answer.json()["errors"]]
    assert await db.fetchval("select count(*) from procedure") == 1


async def test_versions_keep_their_order(db: Connection, client: Clients, office: Clock) -> None:
    await convened(db, office)
    anna = await client.as_("anna")
    second = (await anna.post(PATH, json=NEXT)).json()
    same = await anna.post(PATH, json=NEXT)
    assert same.status_code == 400 and same.json()["errors"][0]["field"] == "in_force_from"
    assert (await anna.post(PATH, json=NEXT | {"in_force_from": "2027-03-01"})).json()["version"] == 3
    past = await anna.put(
        f"{PATH}/{second['id']}", json=NEXT | {"in_force_from": "2027-03-01"}, headers={"if-match": '"v1"'}
    )
    assert past.status_code == 400 and past.json()["errors"][0]["field"] == "in_force_from"


async def test_the_first_one_may_begin_today(db: Connection, client: Clients) -> None:
    anna = await client.as_("anna")
    today = NEXT | {"in_force_from": "2026-11-23"}
    assert (await anna.post(PATH, json=today)).json()["state"] == "in_force"
    meeting = (await anna.post("/api/v1/meetings", json=NEW)).json()
    assert meeting["procedure_version"] == 1
    assert meeting["deadlines"]["invitation_latest"]["on"] == "2026-12-31", (
        "ten clear days, then no Saturday and no 1 January"
    )


async def test_a_meeting_keeps_its_version_and_a_moved_one_takes_that_of_the_new_call(
    db: Connection, client: Clients, office: Clock
) -> None:
    meeting = await convened(db, office)
    anna = await client.as_("anna")
    await anna.post(PATH, json=NEXT)
    # Its first day comes.
    await db.execute(
        "update procedure set adopted_on = '2026-11-20', in_force_from = '2026-11-22' where version = 2"
    )
    await db.execute(
        "update procedure set adopted_on = '2026-01-01', in_force_from = '2026-01-01' where version = 1"
    )
    assert (await anna.get(f"/api/v1/meetings/{meeting}")).json()["procedure_version"] == 1
    done = await act(
        anna, meeting, "move",
        {"date": "2027-01-20", "start_local": "10:00", "end_local": "14:00", "reason": "Saal belegt"},
    )  # fmt: skip
    moved = (await anna.get(f"/api/v1/meetings/{done.json()['moved_to']}")).json()
    assert moved["procedure_version"] == 2
    assert moved["deadlines"]["invitation_latest"]["on"] == "2027-01-08", "ten clear days"
    page = await (await client.browser("ben")).get(f"/sitzungen/{moved['reference']}")
    assert 'href="/geschaeftsordnung/2"' in page.text


async def test_the_deadlines_of_a_day_name_the_holidays(
    db: Connection, client: Clients, office: Clock
) -> None:
    await convened(db, office)
    ben = await client.as_("ben")
    one = (await ben.get(PATH)).json()["items"][0]
    found = (await ben.get(f"{PATH}/{one['id']}/deadlines?date=2026-06-10")).json()
    assert {name: deadline["on"] for name, deadline in found["deadlines"].items()} == {
        "agenda_submission": "2026-05-13", "invitation_latest": "2026-05-26", "papers_latest": "2026-06-02",
        "reply_reminder": "2026-06-03", "minutes_draft": "2026-07-01", "agenda_opens": "2026-03-18",
    }  # fmt: skip
    holidays = " ".join(found["holidays"])
    assert "25. Mai 2026 (Pfingstmontag)" in holidays and "4. Juni 2026 (Fronleichnam)" in holidays
    summer = (await ben.get(f"{PATH}/{one['id']}/deadlines?date=2026-07-22")).json()
    assert "Schulferien (Sommerferien)" in summer["warnings"][0]
    easter = (await ben.get(f"{PATH}/{one['id']}/deadlines?date=2026-04-20")).json()
    assert "Karfreitag" in " ".join(easter["deadlines"]["invitation_latest"]["steps"])
    assert (await ben.get(f"{PATH}/{one['id']}/deadlines")).json()["date"] == "2026-11-23"
    assert (await ben.get(f"{PATH}/{one['id']}/deadlines?date=2199-06-10")).status_code == 400
    assert (await ben.get(f"{PATH}/{one['id']}/deadlines?date=morgen")).status_code == 400


async def test_the_pages_say_what_the_api_says(db: Connection, client: Clients, office: Clock) -> None:
    await convened(db, office)
    anna, ben = await client.browser("anna"), await client.browser("ben")
    form = await anna.get("/geschaeftsordnung/neu")
    assert form.status_code == 200 and 'value="28"' in form.text
    done = await anna.post("/geschaeftsordnung/neu", FORM)
    assert (done.status_code, done.headers["location"]) == (303, "/geschaeftsordnung"), done.text
    assert (await anna.post("/geschaeftsordnung/neu", FORM)).status_code == 303, "a second click"
    api = (await (await client.as_("ben")).get(PATH)).json()["items"]
    assert len(api) == 2
    page = (await ben.get("/geschaeftsordnung/2")).text
    for rule in api[0]["words"]:
        assert rule["label"] in page and rule["text"] in page
    assert "Was Fassung 2 geändert hat" in page and "Neue Fassung eintragen" not in page
    computed = (await ben.get("/geschaeftsordnung?day=2026-06-10")).text
    assert "Dienstag, 26. Mai 2026" in computed and "So kommt das Datum zustande" in computed
    wrong = await ben.get("/geschaeftsordnung?day=2026-13-10")
    assert wrong.status_code == 422 and 'id="error-day"' in wrong.text
    assert (await ben.get("/geschaeftsordnung/9")).status_code == 404


async def test_the_form_names_what_is_wrong_and_changes_what_is_to_come(
    db: Connection, client: Clients, office: Clock
) -> None:
    await convened(db, office)
    anna = await client.browser("anna")
    wrong = await anna.post("/geschaeftsordnung/neu", FORM | {"invitation_value": "30", "quorum": "0"})
    assert wrong.status_code == 422 and 'id="error-quorum"' in wrong.text
    order = await anna.post("/geschaeftsordnung/neu", FORM | {"invitation_value": "30"})
    assert order.status_code == 422 and 'id="error-agenda_submission_value"' in order.text
    await anna.post("/geschaeftsordnung/neu", FORM)
    assert "10" in (await anna.get("/geschaeftsordnung/2/bearbeiten")).text
    change = FORM | {"revision": "1", "reference": "Beschluss zu TOP 5"}
    assert (await anna.post("/geschaeftsordnung/2/bearbeiten", change)).status_code == 303
    stale = await anna.post("/geschaeftsordnung/2/bearbeiten", change)
    assert stale.status_code == 412
    assert (await anna.get("/geschaeftsordnung/1/bearbeiten")).status_code == 409
