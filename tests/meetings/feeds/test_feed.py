"""The secret address of a calendar: who has it reads what its owner may see at that moment, and nothing more."""

import re
from datetime import UTC, date, datetime
from typing import Any

import icalendar
import pytest

from circle.core import auth, web
from circle.core.clock import Clock
from circle.core.db import Connection
from circle.meetings import dispatches
from circle.meetings.model import Cancellation, Sending
from tests import make
from tests.clients import Browser, Clients, queries

from ..polls.test_polls import ANSWER, asked
from ..world import act, convened, invited, people, running

API, CIRCLE = "/api/v1/me/calendar-feed", "/api/v1/calendar-feed"


async def made(client: Clients, nick: str = "ben", path: str = API) -> str:
    """The path of a new address."""
    answer = await (await client.as_(nick)).post(path)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["address"]).removeprefix("http://127.0.0.1:8000")


async def events(client: Clients, path: str) -> dict[str, Any]:
    """The events behind an address, by their titles."""
    answer = await client.stranger.get(path)
    assert answer.status_code == 200, answer.text
    found = icalendar.Calendar.from_ical(answer.content)
    return {str(one["SUMMARY"]): one for one in found.walk("VEVENT")}


async def test_a_person_subscribes_to_what_they_may_see(
    db: Connection, client: Clients, office: Clock
) -> None:
    await invited(db, office)
    path = await made(client)
    answer = await client.stranger.get(path)
    assert answer.headers["content-type"] == "text/calendar; charset=utf-8"
    assert answer.headers["cache-control"] == "private, no-cache"
    assert answer.headers["referrer-policy"] == "no-referrer"
    text = answer.text
    assert "REFRESH-INTERVAL;VALUE=DURATION:PT4H\r\n" in text and "X-PUBLISHED-TTL:PT4H\r\n" in text
    assert text.count("METHOD:PUBLISH") == 1 and "ATTENDEE" not in text
    shown = await events(client, path)
    meeting = shown["1. Sitzung des Koordinierungskreises 2027"]
    assert (meeting["STATUS"], meeting["LOCATION"]) == ("CONFIRMED", "Arnsberg, Saal 1")
    assert str(meeting["DESCRIPTION"]) == "KK-2027-1\nhttp://127.0.0.1:8000/sitzungen/KK-2027-1"
    assert "Sprachmittlung" not in text, "no item of an agenda"
    row = await db.fetchrow("select token_hash, made_on, last_used_on from calendar_feed")
    token = path.rpartition("/")[2].removesuffix(".ics")
    assert len(token) == 43 and row["token_hash"] == auth.token_hash(token)
    assert row["made_on"] == row["last_used_on"] == date(2026, 11, 23)
    assert (await (await client.as_("ben")).get(API)).json() == {
        "made_on": "2026-11-23", "last_used_on": "2026-11-23",
    }  # fmt: skip


@pytest.mark.confidential
async def test_nothing_confidential_stands_in_it_for_anybody(
    db: Connection, client: Clients, office: Clock
) -> None:
    """A calendar lies on servers of others: not even whoever may read an item finds it there."""
    meeting = await convened(db, office)
    await make.item(db, meeting, "Vertraulich: Quarzsand", level="confidential", named=["ben"], text="Basalt")
    await dispatches.invite(db, await make.actor(db, office, "anna"), meeting, Sending())
    for nick in ("ben", "kim", "anna"):
        text = (await client.stranger.get(await made(client, nick))).text
        assert "KK-2027-1" in text and not re.search("Quarz|Basalt|ertraulich", text), nick
    text = (await client.stranger.get(await made(client, "anna", CIRCLE))).text
    assert "Sitzung" in text and not re.search("Quarz|Basalt|ertraulich", text)


async def test_what_is_planned_is_tentative_and_what_is_off_is_cancelled_for_a_while(
    db: Connection, client: Clients, office: Clock
) -> None:
    meeting = await convened(db, office)
    path = await made(client)
    shown = await events(client, path)
    assert shown["1. Sitzung des Koordinierungskreises 2027"]["STATUS"] == "TENTATIVE"
    last_day = shown["Anmeldeschluss für KK-2027-1"]
    assert last_day["DTSTART"].dt == date(2026, 12, 16) and last_day["DTEND"].dt == date(2026, 12, 17)
    assert last_day["TRANSP"] == "TRANSPARENT"
    anna = await make.actor(db, office, "anna")
    await dispatches.cancel(db, anna, meeting, Cancellation(reason="Krankheit"))
    (off,) = (await events(client, path)).values()
    assert str(off["SUMMARY"]).startswith("Abgesagt: ") and off["STATUS"] == "CANCELLED"
    assert off["TRANSP"] == "TRANSPARENT"
    await db.execute("update meeting set date = '2026-11-08'")
    assert not await events(client, path)


async def test_a_moved_meeting_stands_once_under_the_name_that_calendars_know(
    db: Connection, client: Clients, office: Clock
) -> None:
    meeting = await invited(db, office)
    path = await made(client)
    before = (await events(client, path))["1. Sitzung des Koordinierungskreises 2027"]
    body = {
        "date": "2027-01-20",
        "start_local": "10:00",
        "end_local": "14:00",
        "reason": "Der Saal ist belegt.",
    }
    await act(await client.as_("anna"), meeting, "move", body)
    (after,) = [one for title, one in (await events(client, path)).items() if "Sitzung des" in title]
    assert after["UID"] == before["UID"] and after["SEQUENCE"] == 1
    assert after["DTSTART"].dt.date() == date(2027, 1, 20) and after["STATUS"] == "TENTATIVE"


async def test_own_periods_and_days_kept_free(db: Connection, client: Clients, office: Clock) -> None:
    poll = await asked(db, client)
    path = await made(client)
    shown = await events(client, path)
    holds = [one for title, one in shown.items() if title == "Vormerkung: Klausur 2027"]
    text = (await client.stranger.get(path)).text
    assert text.count("SUMMARY:Vormerkung: Klausur 2027") == 2 and holds[0]["STATUS"] == "TENTATIVE"
    assert shown["Terminabfrage beantworten"]["DTSTART"].dt == date(2026, 12, 11)
    uids = {row["calendar_id"] for row in await db.fetch("select calendar_id from date_poll_date")}
    assert all(f"UID:{uid}@" in text for uid in uids)
    await (await client.as_("ben")).post(f"{poll}/answer", json=ANSWER)
    text = (await client.stranger.get(path)).text
    assert text.count("SUMMARY:Vormerkung") == 1, "the day that does not suit is free"
    assert "beantworten" not in text


async def test_the_period_for_objections_is_the_members(
    db: Connection, client: Clients, office: Clock
) -> None:
    meeting = await running(db, office)
    await db.execute("update meeting set state = 'minutes_draft'")
    await db.execute(
        "insert into minutes (meeting_id, state, objection_until) values ($1, 'sent', '2027-02-12')", meeting
    )
    title = "Einwendungsfrist zur Niederschrift KK-2027-1"
    assert (await events(client, await made(client)))[title]["DTSTART"].dt == date(2027, 2, 12)
    assert title not in await events(client, await made(client, "anna"))


async def test_rights_are_those_of_the_fetch(db: Connection, client: Clients, office: Clock) -> None:
    await invited(db, office)
    path = await made(client)
    assert await events(client, path)
    ben = await make.person_id(db, "ben")
    await db.execute("update appointment set valid_to = '2026-11-22' where person_id = $1", ben)
    assert not await events(client, path), "the appointment is over"
    await db.execute("update appointment set valid_to = null where person_id = $1", ben)
    assert await events(client, path)
    await db.execute("update person set active = false where id = $1", ben)
    assert not await events(client, path), "the account is closed"
    clara = await made(client, "clara")
    assert not await events(client, clara), "whoever is outside sees no meeting"
    assert "VTIMEZONE" in (await client.stranger.get(clara)).text, "a calendar needs a component"


async def test_unknown_and_revoked_ones_are_the_same_404(
    db: Connection, client: Clients, office: Clock
) -> None:
    await invited(db, office)
    path = await made(client)
    ben = await client.as_("ben")
    assert (await ben.post(f"{API}/revoke")).json() == {"made_on": None, "last_used_on": None}
    refused = await client.stranger.get(path)
    assert refused.status_code == 404 and "Koordinierungskreis" not in refused.text
    for other in ("/kalender/geraten.ics", "/kalender/.ics", path.removesuffix(".ics"), f"/kalender/{'x' * 5000}.ics", "/kalender/%00.ics"):  # fmt: skip
        answer = await client.stranger.get(other)
        assert (answer.status_code, answer.content) == (404, refused.content), other
    assert (await ben.post(f"{API}/revoke")).status_code == 409
    again = await made(client)
    assert again != path
    assert (await client.stranger.get(path)).status_code == 404
    assert (await client.stranger.get(again)).status_code == 200
    newest = await made(client)
    assert (await client.stranger.get(again)).status_code == 404, "renewed"
    assert (await client.stranger.get(newest)).status_code == 200
    told = await db.fetch("select action, detail::text from audit_event where action like 'calendar_feed%'")
    assert [row["action"] for row in told].count("calendar_feed.made") == 3
    assert not any(newest.rpartition("/")[2][:10] in row["detail"] for row in told)


async def test_a_program_that_has_it_is_told_so(db: Connection, client: Clients, office: Clock) -> None:
    await invited(db, office)
    path = await made(client)
    first = await client.stranger.get(path)
    tag = first.headers["etag"]
    with queries(db) as seen:
        same = await client.stranger.get(path, headers={"if-none-match": f'"x", {tag}'})
    assert len(seen) == 2
    assert (same.status_code, same.content, same.headers["etag"]) == (304, b"", tag)
    assert same.headers["cache-control"] == "private, no-cache"
    await db.execute("update meeting set place = 'Köln', sequence = sequence + 1")
    changed = await client.stranger.get(path, headers={"if-none-match": tag})
    assert changed.status_code == 200 and changed.headers["etag"] != tag


async def test_too_many_fetches_wait(db: Connection, client: Clients, office: Clock) -> None:
    path = await made(client)
    await db.execute("update calendar_feed set fetches = 119")
    assert (await client.stranger.get(path)).status_code == 200
    waiting = await client.stranger.get(path)
    assert waiting.status_code == 429 and 0 < int(waiting.headers["retry-after"]) <= 3600
    await db.execute("update calendar_feed set counted_from = now() - interval '61 minutes'")
    assert (await client.stranger.get(path)).status_code == 200


async def test_the_address_is_in_no_log_and_no_answer_but_the_first(
    db: Connection, client: Clients, office: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[Any] = []
    monkeypatch.setattr(web.log, "info", lambda *said, **more: told.append((said, more)))
    page = await client.browser("ben")
    done = await page.post("/kalender/adresse")
    assert done.status_code == 200 and done.headers["cache-control"] == "no-store"
    (token,) = set(re.findall(r"/kalender/([\w-]{43})\.ics", done.text))
    for path in (
        f"/kalender/{token}.ics",
        f"/kalender/{token}",
        f"/x/kalender/{token}.ics",
        f"/kalender/{token}.ics/x",
    ):
        await client.stranger.get(path)
    await client.stranger.post(f"/kalender/{token}.ics")
    log = str(told)
    assert log.count("/kalender/…") == 5 + 1 and token not in log
    assert token not in (await page.get("/kalender")).text
    tables = await db.fetch(
        "select table_name from information_schema.tables where table_schema = 'public' and table_type = 'BASE TABLE'"
    )
    for (name,) in tables:
        assert token not in str(await db.fetchval(f"select string_agg(t::text, ' ') from {name} t")), name


async def test_the_circle_has_one_that_the_office_keeps(
    db: Connection, client: Clients, office: Clock
) -> None:
    await convened(db, office, mode="hybrid", link="https://video.example.org/kk")
    for nick in ("ben", "clara"):
        for path in (CIRCLE, f"{CIRCLE}/revoke"):
            assert (await (await client.as_(nick)).post(path)).status_code == 403, nick
        assert (await (await client.as_(nick)).get(CIRCLE)).status_code == 403
    path = await made(client, "anna", CIRCLE)
    text = (await client.stranger.get(path)).text
    (one,) = (await events(client, path)).values()
    assert (str(one["SUMMARY"]), str(one["LOCATION"])) == (
        "1. Sitzung des Koordinierungskreises 2027", "Arnsberg, Saal 1",
    )  # fmt: skip
    assert "video.example.org" not in text and "DESCRIPTION" not in text and "\r\nURL" not in text
    await db.execute("update meeting set place = 'Saal 1, https://video.example.org/kk'")
    (one,) = (await events(client, path)).values()
    assert str(one["LOCATION"]) == "Saal 1"
    assert (await (await client.as_("anna")).post(f"{CIRCLE}/revoke")).status_code == 200
    assert (await client.stranger.get(path)).status_code == 404


async def test_the_pages(db: Connection, client: Clients, office: Clock) -> None:
    await people(db)
    ben, anna = await client.browser("ben"), await client.browser("anna")
    assert (await client.stranger.get("/kalender")).status_code == 303
    assert "Sitzungen des Kreises" not in (await ben.get("/kalender")).text
    assert "Sitzungen des Kreises" in (await anna.get("/kalender")).text
    assert (await ben.post("/kalender/beenden")).status_code == 409
    assert (await ben.post("/kalender/kreis/adresse")).status_code == 403
    await _made_and_ended(anna, "/kalender/kreis")
    await _made_and_ended(ben, "/kalender")
    assert 'href="/kalender"' in (await ben.get("/konto")).text
    assert 'href="/kalender"' in (await ben.get("/sitzungen")).text


async def _made_and_ended(page: Browser, root: str) -> None:
    done = await page.post(f"{root}/adresse")
    assert done.status_code == 200 and "Die neue Adresse" in done.text
    assert 'href="webcal://127.0.0.1:8000/kalender/' in done.text
    assert "Zuletzt abgerufen" in (await page.get("/kalender")).text
    assert (await page.post(f"{root}/beenden")).status_code == 303


async def test_the_stamp_is_the_hour_of_the_fetch(
    db: Connection, client: Clients, office: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    await invited(db, office)
    path = await made(client)
    monkeypatch.setattr(Clock, "now", lambda self: datetime(2026, 12, 1, 8, tzinfo=UTC))
    (one,) = [one for title, one in (await events(client, path)).items() if "Sitzung des" in title]
    assert one["DTSTAMP"].dt == datetime(2026, 12, 1, 8, tzinfo=UTC)
