"""The address of an account is the key to it: two people change it, and nobody makes the second person themself."""

from uuid import UUID

import pytest

from circle.core.clock import Clock
from circle.core.db import Connection
from circle.people.accounts import letters
from circle.settings import Settings
from tests import make
from tests.clients import Clients

API = "/api/v1/people"
NEW = "fremd@angreifer.example"


@pytest.fixture(name="ben")
async def ben_with_a_password(db: Connection) -> UUID:
    """Ben, who has signed in before, and Tom, who keeps accounts beside Anna."""
    await make.person(db, "tom", name="Tom Technik", roles=["technical_admin"])
    found = await make.person_id(db, "ben")
    await db.execute("update person set password_hash = 'set' where id = $1", found)
    return found


async def ask(client: Clients, nick: str, person: UUID, revision: int = 1) -> int:
    answer = await (await client.as_(nick)).patch(
        f"{API}/{person}", json={"email": NEW}, headers={"if-match": f'"v{revision}"'}
    )
    if answer.status_code == 200:
        assert (answer.json()["email"], answer.json()["pending_email"]) == ("ben@example.org", NEW)
    return answer.status_code


async def confirm(client: Clients, nick: str, person: UUID, revision: int = 2) -> tuple[int, str]:
    headers = {"if-match": f'"v{revision}"', "idempotency-key": f"{nick}{revision}"}
    answer = await (await client.as_(nick)).post(f"{API}/{person}/confirm-address", headers=headers)
    return answer.status_code, answer.json().get("code", answer.json().get("email"))


@pytest.mark.parametrize(("first", "second"), [("tom", "anna"), ("anna", "tom")])
async def test_one_manager_takes_over_nobody(
    client: Clients, db: Connection, ben: UUID, first: str, second: str
) -> None:
    theirs = await client.as_("ben")
    assert await ask(client, first, ben) == 200
    # The link to a new password still goes to Ben alone, and so does the news.
    await client.stranger.post("/api/v1/password-resets", json={"email": NEW})
    assert not await db.fetchval("select true from account_link where person_id = $1 and kind = 'reset'", ben)
    assert (await theirs.get("/api/v1/me")).status_code == 200
    assert await db.fetchval("select address from account_link where kind = 'notice'") == "ben@example.org"
    assert len(await make.outbox(db, "accounts.send_link")) == 2
    assert await confirm(client, first, ben) == (403, "four_eyes")
    assert await confirm(client, second, ben, 1) == (412, "stale")
    assert await confirm(client, second, ben) == (200, NEW)
    assert (await theirs.get("/api/v1/me")).status_code == 401
    assert await db.fetchval("select pending_email from person where id = $1", ben) is None
    # The news goes to the old address also when the change is quicker.
    assert await db.fetchval("select address from account_link where kind = 'notice'") == "ben@example.org"
    rows = await db.fetch("select action from audit_event where object_id = $1 order by id", ben)
    assert [row["action"] for row in rows] == ["person.changed", "person.address_confirmed"]
    assert (await confirm(client, first, ben, 3))[0] == 409


async def test_whom_the_first_could_have_made_one_who_keeps_accounts_is_no_second(
    client: Clients, db: Connection, ben: UUID
) -> None:
    await make.person(db, "puppet", roles=["technical_admin"])
    tom = await make.person_id(db, "tom")
    assert await ask(client, "tom", ben) == 200
    assert await confirm(client, "puppet", ben) == (403, "four_eyes")
    await db.execute("delete from role_grant where person_id = $1", tom)
    assert (await confirm(client, "puppet", ben))[0] == 409


async def test_with_both_roles_the_owner_confirms_nothing_and_neither_does_who_asked(
    client: Clients, db: Connection, ben: UUID
) -> None:
    both = ["circle_office", "technical_admin"]
    for nick in ("paul", "uwe"):
        await make.person(db, nick, roles=both)
    paul = await make.person_id(db, "paul")
    await db.execute("update person set password_hash = 'set' where id = $1", paul)
    headers = {"if-match": '"v1"'}
    for first, owner in (("tom", "paul"), ("paul", "paul")):
        asked = await (await client.as_(first)).patch(f"{API}/{paul}", json={"email": NEW}, headers=headers)
        assert asked.json()["pending_email"] == NEW, asked.text
        revision = asked.json()["revision"]
        for nick in {first, owner}:
            assert await confirm(client, nick, paul, revision) == (403, "four_eyes"), (first, nick)
        page = await (await client.browser(owner)).get(f"/konten/{paul}")
        assert "/adresse/bestaetigen" not in page.text and "/adresse/verwerfen" in page.text
        dropped = await (await client.as_("anna")).post(f"{API}/{paul}/drop-address")
        headers = {"if-match": f'"v{dropped.json()["revision"]}"'}
    asked = await (await client.as_("paul")).patch(f"{API}/{paul}", json={"email": NEW}, headers=headers)
    assert await confirm(client, "uwe", paul, asked.json()["revision"]) == (200, NEW)


@pytest.mark.parametrize(
    ("nick", "role", "house", "waits"),
    [
        ("tom", "circle_office", "kfi", True), ("tom", "commissioner", "br-koeln", True),
        ("tom", "technical_admin", "kfi", False), ("anna", "kfi_expert", "kfi", False),
        ("anna", "technical_admin", "kfi", True), ("anna", "assistant", "br-koeln", True),
    ],
)  # fmt: skip
async def test_an_account_that_was_never_used_gives_nobody_a_role_they_do_not_grant(
    client: Clients, db: Connection, ben: UUID, nick: str, role: str, house: str, waits: bool
) -> None:
    dora = await make.person(db, "dora", authority=house, roles=[role])
    answer = await (await client.as_(nick)).patch(
        f"{API}/{dora}", json={"email": NEW}, headers={"if-match": '"v1"'}
    )
    assert answer.status_code == 200, answer.text
    assert (answer.json()["email"] != NEW, answer.json()["pending_email"] == NEW) == (waits, waits)


async def test_a_waiting_address_is_dropped_and_a_taken_one_does_not_wait(
    client: Clients, db: Connection, ben: UUID
) -> None:
    anna = await client.as_("anna")
    taken = await anna.patch(
        f"{API}/{ben}", json={"email": "Clara@example.org"}, headers={"if-match": '"v1"'}
    )
    assert (taken.status_code, taken.json()["code"]) == (409, "email_taken")
    assert await ask(client, "anna", ben) == 200
    dropped = await anna.post(f"{API}/{ben}/drop-address", headers={"if-match": '"v2"'})
    assert (dropped.status_code, dropped.json()["pending_email"]) == (200, None)
    assert (await anna.post(f"{API}/{ben}/drop-address")).status_code == 409
    assert await ask(client, "anna", ben, 3) == 200
    await make.person(db, "dora")
    await db.execute("update person set email = $1 where email = 'dora@example.org'", NEW)
    assert await confirm(client, "tom", ben, 4) == (409, "email_taken")


@pytest.mark.parametrize("act", ["confirm-address", "drop-address"])
async def test_others_confirm_and_drop_nothing(client: Clients, db: Connection, ben: UUID, act: str) -> None:
    assert await ask(client, "tom", ben) == 200
    headers = {"if-match": '"v2"', "idempotency-key": "k"}
    anna, unseen = await make.person_id(db, "anna"), await client.as_("clara")
    assert (await (await client.as_("ben")).post(f"{API}/{ben}/{act}", headers=headers)).status_code == 403
    assert (await unseen.post(f"{API}/{anna}/{act}", headers=headers)).status_code == 404
    assert await db.fetchval("select pending_email from person where id = $1", ben) == NEW


async def test_a_confirmation_needs_key_and_state(client: Clients, ben: UUID) -> None:
    assert await ask(client, "tom", ben) == 200
    anna = await client.as_("anna")
    path = f"{API}/{ben}/confirm-address"
    assert (await anna.post(path, headers={"idempotency-key": "k"})).status_code == 428
    assert (await anna.post(path, headers={"if-match": '"v2"'})).json()["code"] == "key_required"


async def test_the_account_page_shows_confirms_and_drops(client: Clients, db: Connection, ben: UUID) -> None:
    tom, anna = await client.browser("tom"), await client.browser("anna")
    here, house = f"/konten/{ben}", await make.authority(db, "br-arnsberg")
    form = {"name": "Ben Beauftragt", "email": NEW, "authority_id": str(house)}
    assert (await tom.post(here, form | {"revision": "1", "idempotency_key": "a"})).status_code == 303
    page = (await anna.get(here)).text
    assert f"Tom Technik hat {NEW} eingetragen" in page and "Adresse bestätigen" in page
    guard = {"revision": "2", "idempotency_key": "b"}
    assert (await tom.post(f"{here}/adresse/bestaetigen", guard)).status_code == 403
    assert (await anna.post(f"{here}/adresse/verwerfen", guard)).status_code == 303
    form |= {"revision": "3", "idempotency_key": "c"}
    assert (await tom.post(here, form)).status_code == 303
    guard = {"revision": "4", "idempotency_key": "d"}
    assert (await anna.post(f"{here}/adresse/bestaetigen", guard)).status_code == 303
    assert await db.fetchval("select email from person where id = $1", ben) == NEW


async def test_the_notice_carries_no_link(ben: UUID, settings: Settings, office: Clock) -> None:
    mail = letters.compose(ben, "notice", "Ben", "ben@example.org", "token", settings, office.now())
    assert b"token" not in mail and b"kennwort?link" not in mail and b"zweite Person" in mail


async def test_who_only_administrates_makes_nobody_with_content(client: Clients, db: Connection) -> None:
    await make.person(db, "tom", roles=["technical_admin"])
    tom, kfi = await client.as_("tom"), str(await make.authority(db, "kfi"))
    puppet = {"name": "Puppe", "email": "puppe@example.org", "authority_id": kfi}
    for role in ("circle_office", "kfi_head", "regional_staff", "records_manager"):
        added = await tom.post(API, json=puppet | {"roles": [role]})
        assert (added.status_code, added.json()["code"]) == (403, "role_not_yours")
        assert "Geschäftsführung" in added.json()["detail"]
    made = await tom.post(API, json=puppet | {"roles": ["data_protection_officer"]})
    assert made.status_code == 201
    path = f"{API}/{made.json()['id']}/roles"
    given = await tom.post(path, json={"role": "circle_office"})
    assert (given.status_code, given.json()["code"]) == (403, "role_not_yours")
    assert (await tom.post(path, json={"role": "technical_admin"})).status_code == 200
    form = (await (await client.browser("tom")).get("/konten/neu")).text
    assert 'value="technical_admin"' in form and 'value="circle_office"' not in form
