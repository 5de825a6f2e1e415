"""The days of a poll are kept free in calendars until one is fixed: each is given up once, the one that is fixed becomes the
meeting."""

from email.message import EmailMessage
from typing import Any

import icalendar

from circle.core.clock import Clock
from circle.core.db import Connection
from circle.meetings import dispatches
from circle.meetings.model import Cancellation, Sending
from tests import make
from tests.clients import Clients

from ..world import people
from .conftest import Post
from .test_polls import asked, send


def calendars(message: EmailMessage) -> list[Any]:
    """The calendar files that are attached."""
    return [
        icalendar.Calendar.from_ical(part.get_content())
        for part in message.iter_attachments()
        if part.get_content_type() == "text/calendar"
    ]


def told(files: list[Any]) -> list[tuple[str, str, int, str, str]]:
    """Method, name, version, status and day of each."""
    return [
        (str(file["METHOD"]), str(one["UID"]), int(one["SEQUENCE"]), str(one["STATUS"]), str(one["DTSTART"].dt.date()))
        for file in files
        for one in file.walk("VEVENT")
    ]  # fmt: skip


async def names(db: Connection) -> list[str]:
    rows = await db.fetch("select calendar_id from date_poll_date order by number")
    return [f"{row['calendar_id']}@example.invalid" for row in rows]


async def test_each_day_comes_along_with_the_mail(db: Connection, client: Clients, post: Post) -> None:
    await asked(db, client)
    mails = await post.deliver()
    assert sorted(mails) == [f"{nick}@example.org" for nick in ("anna", "ben", "kim", "mona")]
    first, second = await names(db)
    files = calendars(mails["ben@example.org"])
    assert told(files) == [
        ("PUBLISH", first, 0, "TENTATIVE", "2027-02-10"), ("PUBLISH", second, 0, "TENTATIVE", "2027-02-17"),
    ]  # fmt: skip
    (one,) = files[0].walk("VEVENT")
    assert (one["TRANSP"], "ATTENDEE" in one) == ("OPAQUE", False)
    assert str(one["SUMMARY"]) == "Vormerkung: Klausur 2027"
    text = mails["ben@example.org"].get_body(("plain",)).get_content()  # type: ignore[union-attr]
    assert (
        "/terminantwort?link=" in text and "Vormerkung für den Kalender: Mittwoch, 10. Februar 2027" in text
    )
    assert await db.fetchval("select count(*) from file where name like 'Vormerkung%'") == 2
    await make.person(db, "rita", name="Rita Regional", authority="br-koeln", roles=["regional_staff"])
    rita, ben = await client.as_("rita"), await client.as_("ben")
    for file in await db.fetch("select id from file where name like 'Vormerkung%'"):
        assert (await rita.get(f"/api/v1/files/{file['id']}/content")).status_code == 404, "not of her level"
        assert (await ben.get(f"/api/v1/files/{file['id']}/content")).status_code == 200


async def test_a_fixed_day_frees_the_others_once(db: Connection, client: Clients, post: Post) -> None:
    path = await asked(db, client)
    await post.deliver()
    first, second = await names(db)
    anna = await client.as_("anna")
    assert (await send(anna, f"{path}/fix", {"number": 2}, "f")).status_code == 200
    assert (await send(anna, f"{path}/fix", {"number": 2}, "f")).status_code == 200
    # Whoever has left the circle meanwhile still gets the day off their calendar.
    kim = await make.person_id(db, "kim")
    await db.execute("update appointment set valid_to = '2026-11-22' where person_id = $1", kim)
    await db.execute(
        "insert into role_grant (person_id, role, valid_from) values ($1, 'regional_staff', '2026-11-23')",
        kim,
    )
    mails = await post.deliver()
    for nick in ("anna", "ben", "kim", "mona"):
        files = calendars(mails[f"{nick}@example.org"])
        assert told(files) == [("CANCEL", first, 1, "CANCELLED", "2027-02-10")], nick
    await make.person(db, "rita", name="Rita Regional", authority="br-koeln", roles=["regional_staff"])
    off = await db.fetchval("select id from file where name like 'Absage%'")
    for nick, status in (("rita", 404), ("kim", 200), ("ben", 200)):
        assert (await (await client.as_(nick)).get(f"/api/v1/files/{off}/content")).status_code == status, (
            nick
        )
    meeting = await db.fetchrow("select id, calendar_id, sequence from meeting")
    assert f"{meeting['calendar_id']}@example.invalid" == second and meeting["sequence"] == 1


async def test_the_invitation_takes_the_place_of_the_day(
    db: Connection, client: Clients, post: Post, office: Clock
) -> None:
    path = await asked(db, client)
    await post.deliver()
    await send(await client.as_("anna"), f"{path}/fix", {"number": 2})
    await post.deliver()
    meeting = await db.fetchval("select id from meeting")
    anna = await make.actor(db, office, "anna")
    await make.item(db, meeting)
    await db.execute("update meeting set state = 'agenda_open'")
    await dispatches.invite(db, anna, meeting, Sending())
    mails = await post.deliver()
    (_, second) = await names(db)
    assert told(calendars(mails["ben@example.org"])) == [
        ("REQUEST", second, 1, "CONFIRMED", "2027-02-17"),
    ]  # fmt: skip


async def test_calendars_learn_that_a_fixed_day_is_off_before_the_invitation(
    db: Connection, client: Clients, post: Post, office: Clock
) -> None:
    path = await asked(db, client)
    await post.deliver()
    await send(await client.as_("anna"), f"{path}/fix", {"number": 2})
    await post.deliver()
    meeting = await db.fetchval("select id from meeting")
    anna = await make.actor(db, office, "anna")
    await dispatches.cancel(db, anna, meeting, Cancellation(reason="Krankheit"))
    mails = await post.deliver()
    (_, second) = await names(db)
    assert told(calendars(mails["ben@example.org"])) == [("CANCEL", second, 2, "CANCELLED", "2027-02-17")]


async def test_without_a_day_all_are_free(db: Connection, client: Clients, post: Post) -> None:
    path = await asked(db, client)
    await post.deliver()
    anna = await client.as_("anna")
    assert (await anna.post(f"{path}/close")).status_code == 200
    assert (await anna.post(f"{path}/close")).status_code == 409
    mails = await post.deliver()
    first, second = await names(db)
    assert told(calendars(mails["ben@example.org"])) == [
        ("CANCEL", first, 1, "CANCELLED", "2027-02-10"), ("CANCEL", second, 1, "CANCELLED", "2027-02-17"),
    ]  # fmt: skip
    text = mails["ben@example.org"].get_body(("plain",)).get_content()  # type: ignore[union-attr]
    assert "ohne Ergebnis beendet" in text and "/terminantwort" not in text


async def test_files_that_were_made_in_vain_are_thrown_away(
    db: Connection, client: Clients, post: Post
) -> None:
    await people(db)
    answer = await send(await client.as_("anna"), "/api/v1/date-polls", {
        "title": "Klausur", "answer_until": "2026-12-11", "dates": [
            {"date": "2027-02-10", "start_local": "10:00", "end_local": "12:00"},
            {"date": "2027-02-10", "start_local": "13:00", "end_local": "15:00"},
        ]})  # fmt: skip
    assert answer.status_code == 201
    mails = await post.deliver()
    parts = [part.get_filename() for part in mails["ben@example.org"].iter_attachments()]
    assert parts == ["Vormerkung-2027-02-10.ics", "Vormerkung-2027-02-10 (2).ics"]
    stored = await db.fetchval("select count(*) from file")
    listed = [one async for batch in post.storage.store.list() for one in batch]
    assert stored == 2 <= len(listed)
