"""Tasks for people: every page and form without script, errors at the field, nothing done twice."""

from typing import Any

from circle.core.clock import Clock
from circle.core.db import Connection
from tests import make
from tests.clients import Browser, Clients
from tests.consultations import Page

from . import acts, api, task


async def opened(person: Browser, path: str) -> tuple[Page, str]:
    """A page, checked for what every page owes its readers."""
    answer = await person.get(path)
    assert answer.status_code == 200, (path, answer.status_code)
    page = Page(answer.text)
    page.check()
    return page, answer.text


async def sent(person: Browser, path: str, act: str, form: dict[str, Any] | None = None) -> None:
    """Fill in a form of a page and send it twice, as by a double click."""
    page, _ = await opened(person, path)
    assert any(one.get("action") == act for one in page.forms), act
    hidden = {name: page.values[name] for name in ("revision", "idempotency_key") if name in page.values}
    for _ in range(2):
        done = await person.post(act, hidden | (form or {}))
        assert done.status_code == 303, done.text


async def test_the_whole_course_by_page(client: Clients, db: Connection) -> None:
    anna, ben = await client.browser("anna"), await client.browser("ben")
    item = await make.item(db, await make.meeting(db), number="4")
    form = {"title": "Merkblatt", "owner_id": str(await make.person_id(db, "ben")), "due": "2026-12-15"}
    await sent(anna, "/aufgaben/neu", "/aufgaben/neu", form)
    await sent(anna, f"/aufgaben/neu?item={item}", "/aufgaben/neu", form | {"item_id": str(item)})
    first, second = [row["id"] for row in await db.fetch("select id from task order by reference")]
    assert "aus KK-2027-1/TOP-4" in (await opened(ben, "/aufgaben"))[1]
    path = f"/aufgaben/{first}"
    await sent(ben, path, f"{path}/annehmen")
    await sent(anna, path, path, {"title": "Merkblatt neu", "owner_id": form["owner_id"], "due": ""})
    await sent(ben, path, f"{path}/erledigen")
    assert await acts(db, first) == [
        f"task.{act}" for act in ("assigned", "accepted", "changed", "completed")
    ]
    made = (await (await client.as_("ben")).get(api(first))).json()
    assert (made["title"], made["due"], made["status"]) == ("Merkblatt neu", None, "done")
    await sent(ben, f"/aufgaben/{second}", f"/aufgaben/{second}/ablehnen", {"reason": "Keine Zeit"})
    assert "Keine Zeit" in (await opened(anna, f"/aufgaben/{second}"))[1]
    assert "Merkblatt neu" in (await opened(anna, "/aufgaben?ansicht=kreis&stand=done"))[1]
    assert "Zurzeit gibt es keine" in (await opened(anna, "/aufgaben"))[1]


async def test_errors_stand_at_the_field_and_values_stay(
    client: Clients, db: Connection, office: Clock
) -> None:
    anna, ben = await client.browser("anna"), await client.browser("ben")
    wrong = {"title": "", "owner_id": "", "due": "2026-11-01", "idempotency_key": "k"}
    refused = await anna.post("/aufgaben/neu", wrong)
    assert refused.status_code == 422 and 'value="2026-11-01"' in refused.text
    assert 'id="error-title"' in refused.text and 'id="error-owner_id"' in refused.text
    Page(refused.text).check()
    found = await task(db, office)
    changed = await anna.post(f"/aufgaben/{found}", wrong | {"title": "Neuer Titel", "revision": "1"})
    assert changed.status_code == 422 and 'value="Neuer Titel"' in changed.text
    Page(changed.text).check()
    reason = {"reason": "x" * 301, "revision": "1", "idempotency_key": "k"}
    declined = await ben.post(f"/aufgaben/{found}/ablehnen", reason)
    assert declined.status_code == 422 and 'id="error-reason"' in declined.text and "x" * 301 in declined.text
    Page(declined.text).check()
    assert await db.fetchval("select revision from task") == 1


async def test_stale_token_and_right(client: Clients, db: Connection, office: Clock) -> None:
    found = await task(db, office)
    ben, clara = await client.browser("ben"), await client.browser("clara")
    form = {"revision": "7", "idempotency_key": "k"}
    assert (await ben.post(f"/aufgaben/{found}/annehmen", form)).status_code == 412
    assert (
        await ben.post(f"/aufgaben/{found}", form | {"title": "x", "owner_id": str(found)})
    ).status_code == 403
    assert (await clara.post(f"/aufgaben/{found}/annehmen", form)).status_code == 404
    assert (await ben.client.post(f"/aufgaben/{found}/annehmen", data=form)).status_code == 403
    assert (await ben.get("/aufgaben/neu")).status_code == 403
    assert (await ben.post("/aufgaben/neu", {})).status_code == 403
    assert await db.fetchval("select status from task") == "open"
