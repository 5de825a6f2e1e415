"""Who may ask „Wer darf was“, how the page and the API answer, and that the tables are those of the code."""

from datetime import date
from typing import Any
from uuid import uuid4

import lxml.html
import pytest

from circle.core import access, auth
from circle.core.clock import Clock
from circle.core.db import Connection
from circle.rights import rules
from tests import make
from tests.clients import Clients, queries

RIGHTS = "/api/v1/rights"


async def document(db: Connection, owner: Any, reference: str = "WD-901", level: str = "confidential") -> Any:
    return await db.fetchval(
        """
        insert into document (reference, title, kind, confidentiality, state, owner_id, authority_id)
        select $2, 'Vermerk', 'Handreichung', $3, 'released', id, authority_id from person where id = $1 returning id
        """,
        owner,
        reference,
        level,
    )


@pytest.mark.parametrize("nick", ["ben", "clara"])
async def test_only_office_head_and_data_protection_ask(client: Clients, db: Connection, nick: str) -> None:
    for one in (await make.person_id(db, "ben"), uuid4()):
        answer = await (await client.as_(nick)).get(f"{RIGHTS}?person_id={one}&object=WD-1")
        assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
        assert (await (await client.browser(nick)).get(f"/rechte?person={one}")).status_code == 403
    assert (await (await client.browser(nick)).get("/rechte")).status_code == 403
    assert (await client.stranger.get(f"{RIGHTS}?person_id={uuid4()}")).status_code == 401


async def test_it_is_one_statement(client: Clients, db: Connection) -> None:
    ben = await make.person_id(db, "ben")
    await document(db, ben, level="circle")
    program, browser = await client.as_("anna"), await client.browser("anna")
    with queries(db) as seen:
        assert (await program.get(f"{RIGHTS}?person_id={ben}&object=WD-901&on=2026-11-20")).status_code == 200
    assert len(seen) == 1
    with queries(db) as seen:
        assert (await browser.get(f"/rechte?person={ben}&sache=WD-901")).status_code == 200
    assert len(seen) == 1


async def test_page_and_api_agree(client: Clients, db: Connection) -> None:
    ben, clara = await make.person_id(db, "ben"), await make.person_id(db, "clara")
    await document(db, ben, level="circle")
    program, browser = await client.as_("anna"), await client.browser("anna")
    for person in (ben, clara):
        told = (await program.get(f"{RIGHTS}?person_id={person}&object=wd-901")).json()
        page = lxml.html.fromstring((await browser.get(f"/rechte?person={person}&sache=wd-901")).text)
        (panel,) = page.xpath("//section[@aria-labelledby='answer']")
        listed = [one.text_content() for one in panel.xpath(".//li")]
        thing = told["object"]
        assert listed[:1] == (thing["because"] or thing["missing"])
        assert ("sieht die Sache nicht" in panel.text_content()) is not thing["visible"]
        assert [one["name"] for one in told["rights"]] == listed[len(listed) - len(told["rights"]) :]
        assert all(word in listed for word in told["keys"])
    assert told["object"] == {
        "reference": "WD-901", "kind": "document", "url": "/wissen/WD-901", "visible": False, "because": [],
        "missing": ["Mitglied des Koordinierungskreises oder für das Dokument verantwortlich"],
    }  # fmt: skip
    assert told["roles"] == [
        {"role": "municipal_contact", "from": "2000-01-01", "until": None, "source": "grant", "about": ""}
    ]


@pytest.mark.confidential
async def test_named_people_are_told_to_those_who_see_the_thing(client: Clients, db: Connection) -> None:
    ben = await make.person_id(db, "ben")
    dora = await make.person(db, "dora", roles=["kfi_expert"])
    thing = await document(db, ben)
    ask = f"{RIGHTS}?person_id={dora}&object=WD-901"
    anna = await client.as_("anna")
    assert (await anna.get(ask)).status_code == 404
    await db.execute("insert into named_access values ($1, $2)", thing, await make.person_id(db, "anna"))
    assert (await anna.get(ask)).json()["object"]["missing"] == [
        "namentlich benannt oder für das Dokument verantwortlich"
    ]
    await db.execute("insert into named_access values ($1, $2)", thing, dora)
    told = (await anna.get(ask)).json()
    assert told["object"]["because"] == ["namentlich benannt"]
    assert "namentlich" not in str(told["keys"])


async def test_data_protection_is_told_of_people_and_not_of_things(client: Clients, db: Connection) -> None:
    ben = await make.person_id(db, "ben")
    await document(db, ben, level="public")
    guard = await make.person(db, "ute", roles=["data_protection_officer"])
    thing = await document(db, guard, "WD-902")
    await db.execute("insert into named_access values ($1, $2)", thing, guard)
    program, browser = await client.as_("ute"), await client.browser("ute")
    told = (await program.get(f"{RIGHTS}?person_id={ben}")).json()
    assert [one["role"] for one in told["roles"]] == ["commissioner"] and told["object"] is None
    for reference in ("WD-901", "WD-902", "WD-999"):
        assert (await program.get(f"{RIGHTS}?person_id={ben}&object={reference}")).status_code == 404
        assert (await browser.get(f"/rechte?person={ben}&sache={reference}")).status_code == 404
    assert 'name="sache"' not in (await browser.get(f"/rechte?person={ben}")).text


async def test_roles_name_where_they_come_from(client: Clients, db: Connection, office: Clock) -> None:
    """The day before its first a role is not there; each of the sources is told with its days."""
    house = await make.authority(db, "br-koeln")
    chief, dora = (
        await make.person(db, "carl", authority="br-koeln"),
        await make.person(db, "dora", authority="br-koeln"),
    )
    await make.appoint(db, chief, house, "commissioner", date(2026, 1, 1))
    await make.appoint(db, dora, house, "deputy", date(2026, 2, 1), date(2026, 12, 31))
    await make.absence(db, chief, dora, date(2026, 3, 2), date(2026, 3, 6))
    anna = await client.as_("anna")

    async def roles(day: str) -> list[tuple[str, ...]]:
        told = (await anna.get(f"{RIGHTS}?person_id={dora}&on={day}")).json()
        return [tuple(one.values()) for one in told["roles"]]

    staff = ("regional_staff", "2026-02-01", "2026-12-31", "appointment", "BR Köln")
    assert await roles("2026-01-31") == []
    assert await roles("2026-03-01") == [staff]
    assert await roles("2026-03-02") == [
        ("deputy", "2026-03-02", "2026-03-06", "absence", "Carl Probe"),
        staff,
    ]
    assert await roles("2027-01-01") == []


@pytest.mark.parametrize(
    "query, field",
    [("person=x", "person"), ("sache=WD-1", "person"), ("person={ben}&tag=gestern", "tag"), ("person={ben}&sache=%00", "sache")],
)  # fmt: skip
async def test_bad_input_names_the_field(client: Clients, db: Connection, query: str, field: str) -> None:
    ben = await make.person_id(db, "ben")
    answer = await (await client.browser("anna")).get("/rechte?" + query.format(ben=ben))
    assert answer.status_code == 422
    assert f'href="#field-{field}"' in answer.text and f'id="error-{field}"' in answer.text
    answer = await (await client.as_("anna")).get(f"{RIGHTS}?person_id={ben}&object=%00")
    assert answer.status_code == 400
    assert (await (await client.as_("anna")).get(f"{RIGHTS}?person_id={uuid4()}")).status_code == 404
    assert (await (await client.browser("anna")).get(f"/rechte?person={uuid4()}")).status_code == 404


async def test_the_tables_are_those_of_the_code(client: Clients, db: Connection) -> None:
    """Every right has its German name; the levels are what `keys_on` says of each role."""
    assert rules.RIGHT_NAMES.keys() == access.RIGHTS.keys()
    page = lxml.html.fromstring((await (await client.browser("anna")).get("/rechte")).text)
    levels, acts = (
        [[cell.text_content() for cell in row] for row in table.xpath(".//tbody/tr")]
        for table in page.xpath("//table")
    )
    expected = []
    for role, name in auth.ROLE_NAMES.items():
        keys = await db.fetchval("select keys_on($1, $1, $2, '2026-11-23')", uuid4(), [role])
        expected.append([name, *("ja" if level in keys else "nein" for level in ("public", "internal", "circle")), "wenn benannt"])  # fmt: skip
    assert levels == expected
    assert acts == [
        [rules.RIGHT_NAMES[right], ", ".join(name for role, name in auth.ROLE_NAMES.items() if role in roles)]
        for right, roles in access.RIGHTS.items()
    ]
    assert len(page.xpath("//tbody//th[@scope='row']")) == len(levels) + len(acts)


async def test_the_page_is_found_where_people_are(client: Clients, db: Connection) -> None:
    ben = await make.person_id(db, "ben")
    anna, other = await client.browser("anna"), await client.browser("ben")
    assert 'href="/rechte"' in (await anna.get("/personen")).text
    assert f'href="/rechte?person={ben}"' in (await anna.get(f"/personen/{ben}")).text
    for path in ("/personen", f"/personen/{ben}"):
        assert "/rechte" not in (await other.get(path)).text
    page = lxml.html.fromstring((await anna.get(f"/rechte?person={ben}")).text)
    assert page.xpath("//select[@name='person']/option[@selected]/@value") == [str(ben)]


async def test_an_expert_is_called_in_until_a_day(client: Clients, db: Connection) -> None:
    ben = await make.person_id(db, "ben")
    dora = await make.person(db, "dora", authority="br-arnsberg", roles=["regional_staff"])
    request = await db.fetchval(
        """
        insert into consultation (reference, subject, question, requested_by, authority_id, state)
        select 'BA-2026-901', 'Förderung', 'Wie?', id, authority_id, 'received' from person where id = $1 returning id
        """,
        ben,
    )
    await db.execute(
        """
        insert into expert_involvement (object_kind, object_id, person_id, authority_id, valid_from, valid_to)
        select 'consultation', $1, id, authority_id, '2026-11-20', '2026-11-30' from person where id = $2
        """,
        request,
        dora,
    )
    anna = await client.as_("anna")
    for day, because in (
        ("2026-11-19", []),
        ("2026-11-30", ["hinzugezogen bis 30.11.2026"]),
        ("2026-12-01", []),
    ):
        thing = (await anna.get(f"{RIGHTS}?person_id={dora}&on={day}&object=BA-2026-901")).json()["object"]
        assert (thing["because"], thing["visible"]) == (because, bool(because))
        assert thing["missing"] == (
            [] if because else ["Haus der Anfrage oder Rolle Geschäftsführung (KfI) oder hinzugezogen"]
        )
