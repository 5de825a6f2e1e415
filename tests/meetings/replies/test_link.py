"""The link in the mail: one person answers one meeting without sign-in, while it serves, and whoever has no link sees
nothing."""

import re
from datetime import UTC, datetime

import msgspec
import pytest

from circle.core import auth
from circle.core.clock import Clock
from circle.core.db import Connection
from circle.core.files import Storage
from circle.distribution import sending
from circle.meetings.build import build_invitation
from circle.settings import Settings
from tests import make
from tests.clients import Clients, OneConnection
from tests.distribution.mailserver import MailServer
from tests.meetings.world import PAGE, act, invited

from .test_answer import ALL, answers, deputy

LINK = "/rueckmeldung"


async def link(db: Connection, nick: str = "ben", word: str = "ein-token") -> str:
    """A link as the mail to somebody bears it."""
    await db.execute(
        "insert into answer_link (token_hash, object_id, person_id) select $1, id, $2 from meeting",
        auth.token_hash(word),
        await make.person_id(db, nick),
    )
    return f"{LINK}?link={word}"


async def test_every_mail_has_its_own_link_and_no_letter_keeps_it(
    db: Connection,
    database: OneConnection,
    office: Clock,
    storage: Storage,
    settings: Settings,
    client: Clients,
) -> None:
    await invited(db, office)
    dispatch_id = await db.fetchval("select id from dispatch where kind = 'invitation'")
    async with MailServer() as server:
        own = msgspec.structs.replace(settings, smtp_url=server.url)
        await build_invitation(database, storage, own, dispatch_id, office)
        await sending.send(database, storage, own, office, dispatch_id)
        found = {}
        for address in server.addresses:
            text = server.message(address).get_body(("plain",)).get_content()  # type: ignore[union-attr]
            (found[address],) = re.findall(r"http\S+/rueckmeldung\?link=(\S+)", text)
            html = server.message(address).get_body(("html",)).get_content()  # type: ignore[union-attr]
            assert f"/rueckmeldung?link={found[address]}" in html
    assert len(set(found.values())) == len(found) == 6
    kept = await db.fetch("select token_hash, person_id from answer_link")
    assert {row["token_hash"] for row in kept} == {auth.token_hash(token) for token in found.values()}
    told = await db.fetchval("select string_agg(d::text, ' ') from dispatch d")
    assert not any(token in told for token in found.values())
    page = await client.stranger.get(f"{LINK}?link={found['ben@example.org']}")
    assert page.status_code == 200 and "Ben Beauftragt" in page.text and "13. Januar 2027" in page.text
    assert "Sprachmittlung" not in page.text and await answers(db) == []


async def test_one_answers_and_changes_it_by_the_same_link(
    db: Connection, client: Clients, office: Clock
) -> None:
    await invited(db, office)
    path = await link(db)
    done = await client.stranger.post(LINK, data={"link": "ein-token", "answer": "in_person", "note": "gern"})
    assert (done.status_code, done.headers["location"]) == (303, path)
    shown = (await client.stranger.get(path)).text
    assert "Ihre Antwort: kommt in Präsenz" in shown and "gern" in shown
    await client.stranger.post(LINK, data={"link": "ein-token", "answer": "declined"})
    assert await answers(db) == [("in_person", "link"), ("declined", "link")]
    assert await db.fetchval("select count(*) from reply where entered_by is not null") == 0
    assert await db.fetchval("select count(*) from audit_event where action = 'reply.given'") == 2


async def test_wrong_entries_come_back(db: Connection, client: Clients, office: Clock) -> None:
    await invited(db, office)
    await link(db)
    for body in ({"answer": "online"}, {}, {"answer": "in_person", "note": "x" * 501}):
        answer = await client.stranger.post(LINK, data={"link": "ein-token", **body})
        assert answer.status_code == 422 and "field-" in answer.text
    assert await answers(db) == []


async def test_a_link_gives_nobody_rights(db: Connection, client: Clients, office: Clock) -> None:
    dora = await deputy(db)
    meeting = await invited(db, office)
    path = await link(db)
    form = {"link": "ein-token", "answer": "represented", "deputy_id": str(dora)}
    assert (await client.stranger.post(LINK, data=form)).status_code == 303
    assert await answers(db) == [("represented", "link")]
    assert await db.fetchval("select count(*) from absence where deputy_id = $1", dora) == 0
    assert "noch nicht eingetragen" in (await client.stranger.get(path)).text
    assert "noch nicht eingetragen" in (await (await client.browser("anna")).get(ALL)).text
    assert (await (await client.as_("dora")).get(f"/api/v1/meetings/{meeting}")).status_code == 404
    assert (await client.stranger.get(PAGE)).status_code == 303


async def test_forged_and_foreign_ones_are_404_and_say_nothing(
    db: Connection, client: Clients, office: Clock
) -> None:
    await invited(db, office)
    await link(db)
    # Clara is invited to nothing; her link was made for something else.
    foreign = await link(db, "clara", "fremd")
    for path in (
        LINK,
        f"{LINK}?link=",
        f"{LINK}?link=geraten",
        f"{LINK}?link={'x' * 5000}",
        f"{LINK}?link=%00",
        foreign,
    ):
        answer = await client.stranger.get(path)
        assert answer.status_code == 404 and "Dieser Link gilt nicht" in answer.text, path
        assert "Ben" not in answer.text and "Sitzung des" not in answer.text
    refused = await client.stranger.post(LINK, data={"link": "geraten", "answer": "in_person"})
    assert refused.status_code == 404
    assert (await client.stranger.post(LINK, data={"answer": "in_person"})).status_code == 404


@pytest.mark.parametrize(
    "sql",
    ["update meeting set state = 'cancelled'", "update meeting set state = 'moved'",
     "update meeting set state = 'running'", "update appointment set valid_to = '2026-11-01'",
     "update person set active = false where email = 'ben@example.org'"],
)  # fmt: skip
async def test_one_that_serves_no_more_is_410(
    db: Connection, client: Clients, office: Clock, sql: str
) -> None:
    await invited(db, office)
    path = await link(db)
    assert (await client.stranger.get(path)).status_code == 200
    await db.execute(sql)
    answer = await client.stranger.get(path)
    assert answer.status_code == 410 and "Dieser Link gilt nicht" in answer.text and "Ben" not in answer.text
    form = {"link": "ein-token", "answer": "in_person"}
    assert (await client.stranger.post(LINK, data=form)).status_code == 410
    assert await answers(db) == []


async def test_it_ends_with_the_begin(
    db: Connection, client: Clients, office: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    await invited(db, office)
    path = await link(db)
    monkeypatch.setattr(Clock, "now", lambda self: datetime(2027, 1, 13, 9, 0, tzinfo=UTC))
    assert (await client.stranger.get(path)).status_code == 410


async def test_the_office_revokes_it(db: Connection, client: Clients, office: Clock) -> None:
    meeting = await invited(db, office)
    ben = await make.person_id(db, "ben")
    path, other = await link(db), await link(db, "kim", "kims")
    for nick, status in (("ben", 403), ("clara", 404), ("anna", 200)):
        answer = await act(await client.as_(nick), meeting, f"replies/{ben}/revoke-links")
        assert answer.status_code == status, nick
    assert (await client.stranger.get(path)).status_code == 410
    assert (await client.stranger.get(other)).status_code == 200
    again = await act(await client.as_("anna"), meeting, f"replies/{ben}/revoke-links")
    assert again.status_code == 409
    assert await db.fetchval("select count(*) from audit_event where action = 'reply.links_revoked'") == 1
    page = await client.browser("anna")
    kim = await make.person_id(db, "kim")
    done = await page.post(f"{ALL}/{kim}/links", {"idempotency_key": "k"})
    assert done.status_code == 303 and (await client.stranger.get(other)).status_code == 410


async def test_another_site_cannot_answer_for_somebody(
    db: Connection, client: Clients, office: Clock
) -> None:
    await invited(db, office)
    await link(db)
    form = {"link": "ein-token", "answer": "declined"}
    answer = await client.stranger.post(LINK, data=form, headers={"sec-fetch-site": "cross-site"})
    assert answer.status_code == 403 and await answers(db) == []


async def test_dead_ones_look_alike_whatever_they_died_of(
    db: Connection, client: Clients, office: Clock
) -> None:
    """Forged, of somebody else and expired: one page, but for the status."""
    await invited(db, office)
    path, foreign = await link(db), await link(db, "clara", "fremd")
    pages = [(await client.stranger.get(one)).text for one in (f"{LINK}?link=geraten", foreign)]
    await db.execute("update answer_link set revoked_at = now()")
    pages += [(await client.stranger.get(one)).text.replace("410", "404") for one in (path, foreign)]
    assert len({re.sub(r'value="[\w-]{16}"', "", page) for page in pages}) == 1


async def test_a_link_answers_one_meeting_for_one_person(
    db: Connection, client: Clients, office: Clock
) -> None:
    await invited(db, office)
    await link(db)
    kim = await make.person_id(db, "kim")
    other = await make.meeting(db, reference="KK-2027-9")
    await db.execute("update meeting set state = 'invited', agenda_version = 1 where id = $1", other)
    await db.execute(
        "insert into invitee (meeting_id, person_id, invited_on) select $1, person_id, '2026-11-23' from invitee",
        other,
    )
    form = {"link": "ein-token", "answer": "declined", "person_id": str(kim), "meeting_id": str(other)}
    await client.stranger.post(LINK, data=form)
    await client.stranger.post(f"{LINK}?link=anderes", data=form)
    told = await db.fetch(
        "select distinct m.reference, p.email from reply y join meeting m on m.id = y.meeting_id join person p on p.id = y.person_id"
    )
    assert [tuple(row) for row in told] == [("KK-2027-1", "ben@example.org")]
