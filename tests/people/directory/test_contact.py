"""How a person is reached: they keep it, or their house; half-yearly they say that it is right."""

import asyncio
from datetime import date
from typing import Any
from uuid import UUID

import httpx
import lxml.html
import msgspec
import pytest

from circle.core.db import Connection
from circle.people import store
from tests import make
from tests.clients import Clients, queries
from tests.distribution.mailserver import MailServer
from workers import jobs
from workers.jobs import Around

OFFICIAL = "ib@bra.example"
CHANGE = {"contact_email": OFFICIAL, "phone": "02931 82-1", "room": "3.12", "hours": "Mo bis Do 9 bis 12 Uhr"}


def path(person_id: UUID, act: str = "") -> str:
    return f"/api/v1/people/{person_id}/contact-details{act}"


async def change(
    client: Clients, db: Connection, nick: str, whose: str, given: dict[str, Any], match: str = '"v1"'
) -> httpx.Response:
    one = await client.as_(nick)
    return await one.patch(path(await make.person_id(db, whose)), json=given, headers={"if-match": match})


async def test_a_change_of_one_s_own_is_saved_and_confirmed(client: Clients, db: Connection) -> None:
    answer = await change(client, db, "ben", "ben", CHANGE | {"public_fields": ["room", "email"]})
    assert answer.status_code == 200 and answer.headers["etag"] == '"v2"'
    shown = answer.json()
    assert {name: shown[name] for name in CHANGE} == CHANGE
    assert shown["email"] == OFFICIAL and shown["public_fields"] == ["email", "room"]
    assert shown["contact_confirmed_on"] == "2026-11-23"
    # The address for sign-in and letters stays.
    assert await db.fetchval("select email from person where contact_email <> ''") == "ben@example.org"
    detail = await db.fetchval("select detail from audit_event where action = 'person.contact_changed'")
    assert "hours" in detail and "02931" not in detail
    assert msgspec.json.decode(detail)["public"] == ["email", "room"]
    page = await (await client.browser("anna")).get(f"/personen/{await make.person_id(db, 'ben')}")
    for text in CHANGE.values():
        assert text in page.text
    cleared = await change(client, db, "ben", "ben", {"contact_email": ""}, '"v2"')
    assert (
        cleared.json()["contact_email"] == ""
        and cleared.json()["email"] == "ben@example.org"
        and cleared.json()["phone"] == "02931 82-1"
    )


@pytest.mark.parametrize(
    ("nick", "whose", "status"),
    [
        ("ina", "ben", 200), ("ben", "rolf", 200), ("rolf", "rolf", 200), ("anna", "kuno", 200),
        ("rolf", "ben", 403), ("ben", "anna", 403), ("anna", "ben", 403), ("ben", "kim", 403),
        ("clara", "ben", 403), ("clara", "anna", 404), ("clara", "rolf", 404), ("ben", "dpo", 403), ("dpo", "ben", 404),
    ],
)  # fmt: skip
async def test_who_may(client: Clients, db: Connection, nick: str, whose: str, status: int) -> None:
    await make.person(db, "ina", authority="br-arnsberg", roles=["assistant"])
    await make.person(db, "rolf", authority="br-arnsberg", roles=["regional_staff"])
    await make.person(db, "kuno", authority="kfi", roles=["kfi_expert"])
    await make.person(db, "kim", authority="br-koeln", roles=["commissioner"])
    await make.person(db, "dpo", authority="kfi", roles=["data_protection_officer"])
    answer = await change(client, db, nick, whose, {"phone": "0815"})
    assert answer.status_code == status
    confirmed = await db.fetchval("select count(*) from person where contact_confirmed_on = '2026-11-23'")
    assert confirmed == (nick == whose), "only oneself confirms"


async def test_what_is_public_only_the_person_decides(client: Clients, db: Connection) -> None:
    await make.person(db, "ina", authority="br-arnsberg", roles=["assistant"])
    await db.execute("update person set public_fields = '{email,phone}' where name = 'Ben Beauftragt'")
    refused = await change(client, db, "ina", "ben", {"phone": "1", "public_fields": ["phone"]})
    assert refused.status_code == 403
    assert (await change(client, db, "ina", "ben", {"public_fields": ["phone", "email"]})).status_code == 200
    assert await db.fetchval("select phone from person where name = 'Ben Beauftragt'") == ""
    browser, ben = await client.browser("ina"), await make.person_id(db, "ben")
    form = f"/personen/{ben}/erreichbarkeit"
    assert "public_fields" not in (await browser.get(form)).text
    assert (await browser.post(form, {"revision": 2, "phone": "2"})).status_code == 303
    assert await db.fetchval("select public_fields from person where id = $1", ben) == ["email", "phone"]


@pytest.mark.parametrize(
    "given",
    [{"contact_email": "nobody"}, {"contact_email": "a@b c"}, {"email": "a@b.example"}, {"phone": "1\r\n2"}, {"room": "x" * 301}, {"public_fields": ["name"]},
     {"public_fields": ["email"] * 5}, {"name": "Ben"}, {"phone": None}],
)  # fmt: skip
async def test_what_is_refused(client: Clients, db: Connection, given: dict[str, Any]) -> None:
    assert (await change(client, db, "ben", "ben", given)).status_code == 400
    assert await db.fetchval("select max(revision) from person") == 1


async def test_stale_and_missing_revisions(client: Clients, db: Connection) -> None:
    stale = await change(client, db, "ben", "ben", {"phone": "1"}, '"v9"')
    assert stale.status_code == 412 and stale.json()["current"]["revision"] == 1
    ben = await make.person_id(db, "ben")
    assert (await (await client.as_("ben")).patch(path(ben), json={"phone": "1"})).status_code == 428
    page = await client.browser("ben")
    assert (
        await page.post(f"/personen/{ben}/erreichbarkeit", {"revision": 9, "phone": "1"})
    ).status_code == 412
    wrong = await page.post(
        f"/personen/{ben}/erreichbarkeit",
        {"revision": 1, "contact_email": "nobody", "public_fields": ["room", "hours"]},
    )
    found = lxml.html.fromstring(wrong.text)
    assert wrong.status_code == 422 and found.xpath("//*[@id='error-summary']//a/@href") == [
        "#field-contact_email"
    ]
    assert found.xpath("//input[@name='public_fields'][@checked]/@value") == ["room", "hours"]
    assert (await page.get(f"/personen/{ben}/erreichbarkeit")).status_code == 200
    assert (await (await client.browser("anna")).get(f"/personen/{ben}/erreichbarkeit")).status_code == 403


async def confirmed(db: Connection, nick: str, day: date | None) -> None:
    await db.execute(
        "update person set contact_confirmed_on = $2 where id = $1", await make.person_id(db, nick), day
    )


@pytest.mark.parametrize(
    ("day", "due"), [(date(2026, 5, 22), True), (date(2026, 5, 23), False), (None, True)]
)
async def test_more_than_half_a_year_after_the_last_one_it_stands_on_the_desk_and_one_click_does_it(
    client: Clients, db: Connection, day: date | None, due: bool
) -> None:
    await confirmed(db, "ben", day)
    ben = await make.person_id(db, "ben")
    browser = await client.browser("ben")
    assert ("Stimmen Ihre Angaben" in (await browser.get("/")).text) == due
    page = await browser.get(f"/personen/{ben}")
    assert ("Meine Angaben stimmen" in page.text) == due
    if not due:
        return
    assert "Meine Angaben stimmen" not in (await (await client.browser("anna")).get(f"/personen/{ben}")).text
    click = f"/personen/{ben}/erreichbarkeit/bestaetigen"
    assert (await browser.post(click, {"revision": 7})).status_code == 412
    assert (await browser.post(click, {"revision": 1})).status_code == 303
    assert "Stimmen Ihre Angaben" not in (await browser.get("/")).text
    assert await db.fetchval("select contact_confirmed_on from person where id = $1", ben) == date(
        2026, 11, 23
    )
    assert (
        await db.fetchval("select count(*) from audit_event where action = 'person.contact_confirmed'") == 1
    )


async def test_nobody_confirms_for_somebody_else(client: Clients, db: Connection) -> None:
    ben = await make.person_id(db, "ben")
    await make.person(db, "ina", authority="br-arnsberg", roles=["assistant"])
    for nick, whose, status in (
        ("ina", ben, 403), ("anna", ben, 403), ("clara", await make.person_id(db, "anna"), 404), ("ben", ben, 200),
    ):  # fmt: skip
        answer = await (await client.as_(nick)).post(path(whose, "/confirm"))
        assert answer.status_code == status, nick
    again = await (await client.as_("ben")).post(path(ben, "/confirm"), headers={"if-match": '"v1"'})
    assert again.status_code == 412


async def test_the_office_s_list_is_exact(client: Clients, db: Connection) -> None:
    """It holds whom the desk asks and whose address is refused; commissioners first, then deputies."""
    for nick, roles in (("rolf", ["regional_staff"]), ("dirk", ["deputy"]), ("frisch", ["regional_staff"])):
        await make.person(db, nick, authority="br-arnsberg", roles=roles)
    await make.person(db, "weg", authority="br-koeln", roles=["regional_staff"])
    await db.execute("update person set active = false where email = 'weg@example.org'")
    for nick in ("ben", "rolf", "dirk", "weg", "clara"):
        await confirmed(db, nick, date(2026, 5, 1))
    await store.mark_doubtful(db, await make.person_id(db, "anna"), date(2026, 11, 20))
    anna = await client.as_("anna")
    with queries(db) as seen:
        listed = (await anna.get("/api/v1/people/outdated")).json()["items"]
    assert len(seen) == 1
    assert [(one["name"], one["contact_due"]) for one in listed] == [
        ("Ben Beauftragt", True), ("Dirk Probe", True), ("Rolf Probe", True), ("Anna Amt", False),
    ]  # fmt: skip
    page = await (await client.browser("anna")).get("/personen/veraltet")
    titles = lxml.html.fromstring(page.text).xpath("//p[@class='title']/a/text()")
    assert titles == [one["name"] for one in listed] and "zweifelhaft seit 20.11.2026" in page.text
    for nick in ("ben", "clara"):
        assert (await (await client.as_(nick)).get("/api/v1/people/outdated")).status_code == 403
        assert (await (await client.browser(nick)).get("/personen/veraltet")).status_code == 403
    assert (await client.stranger.get("/api/v1/people/outdated")).status_code == 401


async def test_the_reminder_goes_out_once_in_half_a_year_however_often_it_runs(around: Around) -> None:
    async with around.database.begin(None) as db:
        await confirmed(db, "ben", date(2026, 5, 1))
        await confirmed(db, "clara", date(2020, 1, 1))

    async def told() -> list[str]:
        async with around.database.begin(None) as db:
            rows = await db.fetch(
                "select v.name from delivery v join dispatch d on d.id = v.dispatch_id where d.object_kind = 'person'"
            )
        return [row["name"] for row in rows]

    await asyncio.gather(*(jobs.remind_contacts(around) for _ in range(3)))
    await jobs.remind_contacts(around)
    assert await told() == ["Ben Beauftragt"]
    for day, mails in ((date(2026, 5, 24), 1), (date(2026, 5, 23), 2)):
        async with around.database.begin(None) as db:
            await db.execute(
                "update person set contact_reminded_on = $1 where contact_reminded_on is not null", day
            )
        await jobs.remind_contacts(around)
        assert len(await told()) == mails


@pytest.mark.parametrize(
    ("word", "doubtful"),
    [("550 5.1.1 mailbox unknown", True), ("550 5.7.1 we dislike you", False), ("552 too large", False)],
)
async def test_a_bounce_makes_the_entry_doubtful_until_it_is_confirmed(
    around: Around, word: str, doubtful: bool
) -> None:
    async with around.database.begin(None) as db:
        ben = await make.person_id(db, "ben")
        dispatch = await make.dispatch(db, around.clock, [ben], start=True)
    async with MailServer() as server:
        server.behaviour["ben@example.org"] = f"rcpt {word}"
        settings = msgspec.structs.replace(around.settings, smtp_url=server.url)
        await jobs.send(msgspec.structs.replace(around, settings=settings), dispatch)
    async with around.database.begin(None) as db:
        since = await db.fetchval("select contact_doubtful_on from person where id = $1", ben)
        assert since == (date(2026, 11, 23) if doubtful else None)
        revision = await store.update_contact(
            db,
            ben,
            1,
            contact_email="",
            phone="",
            room="",
            hours="",
            public_fields=[],
            confirmed_on=date(2026, 11, 24),
        )
        assert revision == 2
        assert await db.fetchval("select contact_doubtful_on from person where id = $1", ben) is None
