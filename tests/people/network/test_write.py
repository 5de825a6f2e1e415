"""A house enters, changes and removes its own contacts, each in its own district."""

import pytest

from circle.core.db import Connection
from tests import make
from tests.clients import Clients

from . import API, V1, acts, count, entry


async def test_entering_one(client: Clients, db: Connection) -> None:
    ben = await client.as_("ben")
    made = await ben.post(API, json=entry(ags=" 5911000 "))
    assert made.status_code == 201 and made.headers["etag"] == '"v1"'
    body = made.json()
    assert (body["ags"], body["authority_key"], body["subscribed"]) == ("05911000", "br-arnsberg", True)
    assert await acts(db, body["id"]) == ["contact.added"]
    assert "Probestadt" not in str(
        await db.fetchval("select detail from audit_event order by id desc limit 1")
    )


async def test_the_deputy_only_in_time_and_the_assistant_always(client: Clients, db: Connection) -> None:
    await make.person(db, "dieter", authority="br-arnsberg", roles=["deputy"])
    await make.person(db, "zoe", authority="br-arnsberg", roles=["assistant"])
    dieter, zoe = await client.as_("dieter"), await client.as_("zoe")
    assert (await dieter.post(API, json=entry())).status_code == 403
    assert (await zoe.post(API, json=entry())).status_code == 201
    away = await make.person_id(db, "ben"), await make.person_id(db, "dieter")
    await make.absence(db, *away, make.SINCE, make.date(2030, 1, 1))
    assert (
        await dieter.post(API, json=entry(email="x@y.example", organisation="Stadt Anders"))
    ).status_code == 201


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"ags": "05315000"}, "ags"),
        ({"ags": "0591100"}, "ags"),
        ({"ags": "05999000"}, "ags"),
        ({"ags": "09162000"}, "ags"),
        ({"ags": "٠٥٩١١٠٠٠"}, "ags"),
        ({"ags": None}, "ags"),
        ({"email": "nirgends"}, "email"),
        ({"email": "a@b.example\r\nBcc: c@d.example"}, "email"),
        ({"email": "a@b.example, c@d.example"}, "email"),
        ({"organisation": " "}, "organisation"),
        ({"organisation": "x\x00y"}, "organisation"),
        ({"name": "x\u202ey"}, "name"),
        ({"source": ""}, "source"),
        ({"source_on": "2026-11-24"}, "source_on"),
        ({"source_on": "2026-02-30"}, "source_on"),
        ({"topics": ["gibt-es-nicht"]}, "topics"),
        ({"kind": "firma"}, "kind"),
        ({"address": "x" * 501}, "address"),
    ],
)
async def test_bad_input_is_refused_at_its_field(
    client: Clients, db: Connection, wrong: dict[str, object], field: str
) -> None:
    refused = await (await client.as_("ben")).post(API, json=entry(**wrong))
    assert refused.status_code == 400, refused.text
    assert field in {one["field"].split(".")[0] for one in refused.json()["errors"]}
    assert await count(db) == 0


async def test_the_source_is_required(client: Clients, db: Connection) -> None:
    given = entry()
    del given["source"]
    assert (await (await client.as_("ben")).post(API, json=given)).status_code == 400


async def test_foreign_houses_and_strangers(client: Clients, db: Connection) -> None:
    found = f"{API}/{await make.contact(db)}"
    await make.person(db, "carl", authority="br-koeln", roles=["commissioner"])
    await make.person(db, "kora", authority="br-koeln", roles=["assistant"])
    await make.person(db, "rita", authority="br-arnsberg", roles=["regional_staff"])
    for nick, status in (("carl", 403), ("anna", 403), ("rita", 403), ("kora", 404), ("clara", 404)):
        who = await client.as_(nick)
        assert (await who.patch(found, json={"name": "x"}, headers=V1)).status_code == status, nick
        assert (await who.delete(found, headers=V1)).status_code == status, nick
        noted = await who.post(f"{found}/notes", json={"held_on": "2026-11-02", "text": "x"})
        assert noted.status_code == status, nick
    assert (await (await client.as_("anna")).post(API, json=entry())).status_code == 403
    assert (await (await client.as_("clara")).post(API, json=entry())).status_code == 403
    assert await db.fetchval("select revision from partner") == 1


async def test_changing_and_the_day_of_the_opt_out(client: Clients, db: Connection) -> None:
    found = await make.contact(db)
    ben, path = await client.as_("ben"), f"{API}/{found}"
    assert (await ben.patch(path, json={"name": "Neu"})).status_code == 428
    changed = await ben.patch(path, json={"name": "Neu", "subscribed": False}, headers=V1)
    assert changed.status_code == 200 and changed.headers["etag"] == '"v2"'
    assert (changed.json()["name"], changed.json()["unsubscribed_on"]) == ("Neu", "2026-11-23")
    assert changed.json()["organisation"] == "Stadt Musterhausen"
    stale = await ben.patch(path, json={"name": "Alt"}, headers=V1)
    assert stale.status_code == 412 and stale.json()["current"]["name"] == "Neu"
    refused = await ben.patch(path, json={"ags": "05315000"}, headers={"if-match": '"v2"'})
    assert refused.status_code == 400 and "Köln" in refused.json()["errors"][0]["detail"]
    again = await ben.patch(path, json={"subscribed": True}, headers={"if-match": '"v2"'})
    assert (again.json()["subscribed"], again.json()["unsubscribed_on"]) == (True, None)
    assert await acts(db, found) == ["contact.changed", "contact.changed"]


async def test_removing_leaves_no_content(client: Clients, db: Connection) -> None:
    found = await make.contact(db)
    ben, path = await client.as_("ben"), f"{API}/{found}"
    await ben.post(f"{path}/notes", json={"held_on": "2026-11-02", "text": "Treffen", "participants": "Mia"})
    person = await make.person(db, "mia", authority="kommunal", roles=["municipal_contact"])
    await db.execute("update person set letters_only = true where id = $1", person)
    await db.execute("update partner set person_id = $1", person)
    assert (await ben.delete(path)).status_code == 428
    assert (await ben.delete(path, headers={"if-match": '"v7"'})).status_code == 412
    assert (await ben.delete(path, headers=V1)).status_code == 204
    assert (await ben.get(path)).status_code == 404
    assert (await ben.delete(path, headers=V1)).status_code == 404
    assert await db.fetchval("select count(*) from partner_note") == 0
    gone = await db.fetchrow("select active, name, phone, function from person where id = $1", person)
    assert gone and tuple(gone) == (False, "Gelöschter Kontakt", "", "")
    assert (await acts(db, found))[-1] == "contact.removed"
    written = await db.fetchval(
        "select string_agg(reference || detail, ' ') from audit_event where object_id = $1", found
    )
    assert "Muster" not in written and "mia@" not in written


async def test_likeness_is_shown_before_it_is_saved(client: Clients, db: Connection) -> None:
    known = await make.contact(db)
    ben = await client.as_("ben")
    for new in (
        entry(email="MIA@Stadt.example"),
        entry(organisation="Stadt Musterhausen (Rathaus)", ags="05962000", email="neu@stadt.example"),
    ):
        refused = await ben.post(API, json=new)
        assert refused.status_code == 409 and refused.json()["code"] == "contact_exists"
        assert [one["id"] for one in refused.json()["duplicates"]] == [str(known)]
        assert (await ben.post(API, json=new | {"despite_duplicates": True})).status_code == 201
    assert (
        await ben.post(API, json=entry(organisation="Stadt Musterhausen", email="a@b.example"))
    ).status_code == 201


async def test_who_sees_only_the_own_house_learns_nothing_of_others(client: Clients, db: Connection) -> None:
    await make.contact(db, "br-koeln", ags="05315000")
    await make.person(db, "zoe", authority="br-arnsberg", roles=["assistant"])
    made = await (await client.as_("zoe")).post(API, json=entry(email="mia@stadt.example"))
    assert made.status_code == 201


async def test_said_twice_it_is_entered_once(client: Clients, db: Connection) -> None:
    ben, key = await client.as_("ben"), {"idempotency-key": "k1"}
    first, second = [await ben.post(API, json=entry(), headers=key) for _ in range(2)]
    assert first.json()["id"] == second.json()["id"] and await count(db) == 1


async def test_exchanges_are_for_the_own_house(client: Clients, db: Connection) -> None:
    found = f"{API}/{await make.contact(db)}/notes"
    await make.person(db, "carl", authority="br-koeln", roles=["commissioner"])
    await make.person(db, "rita", authority="br-arnsberg", roles=["regional_staff"])
    ben = await client.as_("ben")
    note = {"held_on": "2026-11-02", "text": "Über Sprachmittlung", "participants": "Mia Muster"}
    assert (await ben.post(found, json=note)).status_code == 201
    assert (await ben.post(found, json=note | {"held_on": "2026-11-24"})).status_code == 400
    (kept,) = (await ben.get(found)).json()["items"]
    assert (kept["text"], kept["written_by_name"]) == ("Über Sprachmittlung", "Ben Beauftragt")
    for nick in ("anna", "carl", "rita"):
        assert (await (await client.as_(nick)).get(found)).json()["items"] == []


async def test_a_contact_with_an_address_becomes_a_recipient(client: Clients, db: Connection) -> None:
    ben = await client.as_("ben")
    made = (await ben.post(API, json=entry(kind="association", ags=None, phone="0231 1"))).json()
    row = await db.fetchrow(
        """
        select p.name, p.email, p.phone, p.password_hash, a.kind, roles_on(p.id, '2026-11-23') as roles
        from partner c join person p on p.id = c.person_id join authority a on a.id = p.authority_id
        """
    )
    assert row and tuple(row) == (
        "Paul Probe",
        "paul@probe.example",
        "0231 1",
        None,
        "municipal",
        ["partner"],
    )
    path = f"{API}/{made['id']}"
    await ben.patch(path, json={"name": "Pia Probe", "email": "Paul@probe.example"}, headers=V1)
    assert (
        await db.fetchval("select p.name from partner c join person p on p.id = c.person_id") == "Pia Probe"
    )
    for number, nick in enumerate(("ben", "clara"), 2):
        moved = await ben.patch(
            path, json={"email": f"{nick}@example.org"}, headers={"if-match": f'"v{number}"'}
        )
        assert moved.status_code == 200, moved.text
        assert await db.fetchval("select person_id from partner") != await make.person_id(db, nick)
    assert (
        await db.fetchval("select name from person where id = $1", await make.person_id(db, "clara"))
        == "Clara Außen"
    )
    assert await db.fetchval("select count(*) from person where name = 'Pia Probe'") == 1, (
        "the earlier ones went"
    )


async def test_two_contacts_share_one_recipient(client: Clients, db: Connection) -> None:
    ben = await client.as_("ben")
    first = (await ben.post(API, json=entry())).json()["id"]
    second = (await ben.post(API, json=entry(email="PAUL@probe.example", despite_duplicates=True))).json()[
        "id"
    ]
    assert await db.fetchval("select count(distinct person_id) from partner where person_id is not null") == 1
    await ben.delete(f"{API}/{first}", headers=V1)
    assert await db.fetchval("select p.active from partner c join person p on p.id = c.person_id")
    await ben.delete(f"{API}/{second}", headers=V1)
    assert not await db.fetchval("select exists (select from person where email ilike 'paul%')")
