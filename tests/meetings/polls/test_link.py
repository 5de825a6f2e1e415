"""The link in the mail of a poll: one person answers for themselves without sign-in, until the last day."""

import re
from datetime import UTC, datetime

import pytest

from circle.core import auth
from circle.core.clock import Clock
from circle.core.db import Connection
from tests import make
from tests.clients import Clients

from ..replies.test_link import LINK as REPLY_LINK
from .conftest import Post
from .test_polls import PATH, asked, send

LINK = "/terminantwort"
FORM = {"link": "ein-token", "answer_1": "no", "answer_2": "yes"}


async def link(db: Connection, nick: str = "ben", word: str = "ein-token") -> str:
    """A link as the mail to somebody bears it."""
    await db.execute(
        "insert into answer_link (token_hash, object_id, person_id) select $1, id, $2 from date_poll",
        auth.token_hash(word),
        await make.person_id(db, nick),
    )
    return f"{LINK}?link={word}"


async def answers(db: Connection) -> list[tuple[str, int, str]]:
    rows = await db.fetch(
        """
        select p.email, a.number, a.answer from date_poll_answer a join person p on p.id = a.person_id order by 1, 2
        """
    )
    return [(row["email"].partition("@")[0], row["number"], row["answer"]) for row in rows]


async def test_every_mail_has_its_own(db: Connection, client: Clients, post: Post) -> None:
    await asked(db, client)
    mails = await post.deliver()
    found = {}
    for address, message in mails.items():
        text = message.get_body(("plain",)).get_content()  # type: ignore[union-attr]
        (found[address],) = re.findall(r"http\S+/terminantwort\?link=(\S+)", text)
    assert len(set(found.values())) == len(mails) == 4
    page = await client.stranger.get(f"{LINK}?link={found['ben@example.org']}")
    assert page.status_code == 200 and "Ben Beauftragt" in page.text and "17. Februar 2027" in page.text
    assert "Kim" not in page.text and await answers(db) == []


async def test_one_answers_and_changes_it_by_the_same_link(db: Connection, client: Clients) -> None:
    poll = await asked(db, client)
    path = await link(db)
    done = await client.stranger.post(LINK, data=FORM)
    assert (done.status_code, done.headers["location"]) == (303, path)
    assert "Ihre Antwort ist gespeichert" in (await client.stranger.get(path)).text
    assert await answers(db) == [("ben", 1, "no"), ("ben", 2, "yes")]
    await client.stranger.post(LINK, data=FORM | {"answer_1": "if_needed"})
    assert await answers(db) == [("ben", 1, "if_needed"), ("ben", 2, "yes")]
    told = await db.fetch(
        "select actor_name, detail ->> 'way' as way from audit_event where action = 'date_poll.answered'"
    )
    assert [tuple(row) for row in told] == [("Ben Beauftragt", "link")] * 2
    assert (await (await client.as_("kim")).get(poll)).json()["answered"] == 1


async def test_wrong_entries_come_back(db: Connection, client: Clients) -> None:
    await asked(db, client)
    await link(db)
    for body, field in (
        ({"answer_1": "yes"}, "answer_2"),
        ({}, "answer_1"),
        ({"answer_1": "maybe", "answer_2": "yes"}, ""),
    ):
        answer = await client.stranger.post(LINK, data={"link": "ein-token"} | body)
        assert answer.status_code == 422, body
        assert not field or f'id="error-{field}"' in answer.text, body
    assert await answers(db) == []


async def test_forged_foreign_and_expired_ones_show_the_same_page(
    db: Connection, client: Clients, office: Clock
) -> None:
    poll = await asked(db, client)
    good = await link(db)
    # Clara was not asked; and the link to a meeting opens no poll.
    foreign = await link(db, "clara", "fremd")
    forged = (await client.stranger.get(f"{LINK}?link=geraten")).text
    assert "Dieser Link gilt nicht" in forged and "Klausur" not in forged
    for path in (
        LINK,
        f"{LINK}?link=",
        f"{LINK}?link={'x' * 5000}",
        f"{LINK}?link=%00",
        foreign,
        f"{REPLY_LINK}?link=ein-token",
    ):
        answer = await client.stranger.get(path)
        assert answer.status_code == 404 and without_key(answer.text) == without_key(forged), path
    assert (await client.stranger.post(LINK, data=FORM | {"link": "geraten"})).status_code == 404
    ben = await make.person_id(db, "ben")
    anna = await client.as_("anna")
    revoke = f"{poll}/people/{ben}/revoke-links"
    assert (await send(anna, revoke, None)).status_code == 200
    dead = await client.stranger.get(good)
    assert dead.status_code == 410 and without_key(dead.text).replace("410", "404") == without_key(forged)
    assert (await client.stranger.post(LINK, data=FORM)).status_code == 410
    assert await answers(db) == []


def without_key(page: str) -> str:
    """A page without what differs at every look."""
    return re.sub(r'value="[\w-]{16}"', "", page)


@pytest.mark.parametrize(
    "sql",
    ["update date_poll set state = 'closed'", "update date_poll set answer_until = '2026-11-22'",
     "update appointment set valid_to = '2026-11-01'", "update person set active = false where email = 'ben@example.org'"],
)  # fmt: skip
async def test_one_that_serves_no_more_is_410(db: Connection, client: Clients, sql: str) -> None:
    await asked(db, client)
    path = await link(db)
    assert (await client.stranger.get(path)).status_code == 200
    await db.execute(sql)
    answer = await client.stranger.get(path)
    assert answer.status_code == 410 and "Dieser Link gilt nicht" in answer.text and "Ben" not in answer.text
    assert (await client.stranger.post(LINK, data=FORM)).status_code == 410
    assert await answers(db) == []


async def test_it_serves_until_the_end_of_the_last_day(
    db: Connection, client: Clients, monkeypatch: pytest.MonkeyPatch
) -> None:
    await asked(db, client)
    path = await link(db)
    for hour, status in (
        (datetime(2026, 12, 11, 22, 59, tzinfo=UTC), 200),
        (datetime(2026, 12, 11, 23, tzinfo=UTC), 410),
    ):
        monkeypatch.setattr(Clock, "now", lambda self, hour=hour: hour)
        assert (await client.stranger.get(path)).status_code == status


async def test_the_office_revokes_those_of_one_person(db: Connection, client: Clients) -> None:
    poll = await asked(db, client)
    ben, kim = await make.person_id(db, "ben"), await make.person_id(db, "kim")
    path, other = await link(db), await link(db, "kim", "kims")
    for nick, status in (("ben", 403), ("clara", 404), ("anna", 200)):
        answer = await send(await client.as_(nick), f"{poll}/people/{ben}/revoke-links", None)
        assert answer.status_code == status, nick
    assert (await client.stranger.get(path)).status_code == 410
    assert (await client.stranger.get(other)).status_code == 200
    anna = await client.as_("anna")
    assert (await send(anna, f"{poll}/people/{ben}/revoke-links", None)).status_code == 409
    nobody = await make.person_id(db, "clara")
    assert (await send(anna, f"{poll}/people/{nobody}/revoke-links", None)).status_code == 404
    page = await client.browser("anna")
    here = poll.replace(PATH, "/terminabfragen")
    empty = await page.post(f"{here}/links", {"person_id": ""})
    assert empty.status_code == 422 and 'id="error-person_id"' in empty.text
    assert (await page.post(f"{here}/links", {"person_id": str(kim)})).status_code == 303
    assert (await client.stranger.get(other)).status_code == 410
    assert await db.fetchval("select count(*) from audit_event where action = 'date_poll.links_revoked'") == 2


async def test_another_site_cannot_answer_for_somebody(db: Connection, client: Clients) -> None:
    await asked(db, client)
    await link(db)
    answer = await client.stranger.post(LINK, data=FORM, headers={"sec-fetch-site": "cross-site"})
    assert answer.status_code == 403 and await answers(db) == []
