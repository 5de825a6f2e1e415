"""Tables and business cards out and in again: what comes back is what went out, and no cell is a formula."""

import csv
import io
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from circle.core.db import Connection
from circle.people.network import cards, sheets
from circle.people.network.model import NetworkContact, Origin
from tests import make
from tests.clients import Clients

from . import API, acts, count, upload

ODD = [
    "=1+1",
    "+49 2931",
    "-x",
    "@SUM(A1)",
    "'=x",
    "''+y",
    'Müller; „Söhne“, "Co"',
    "a,=b",
    'a,"=b',
    "a;'=b",
    "a\t-b",
    "'quoted'",
    "\\n;,",
    "Ⓐ" * 80,
]
LETTERS = (
    st.text(st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp", "Cf"]), min_size=1, max_size=80)
    .map(str.strip)
    .filter(bool)
)


def contact(**given: Any) -> NetworkContact:
    """A contact as it goes out."""
    body = {
        "id": "00000000-0000-4000-8000-000000000001", "reference": None, "kind": "association", "organisation": "Verein",
        "name": "", "function": "", "address": "", "email": "", "phone": "", "municipality": "", "ags": None, "topics": [],
        "source": "Netz", "source_on": "2026-01-05", "subscribed": True, "unsubscribed_on": None,
        "authority_id": "00000000-0000-4000-8000-000000000002", "authority_key": "br-koeln", "authority_name": "BR Köln",
    } | given  # fmt: skip
    return msgspec.convert(body, NetworkContact)


FIELDS = ("kind", "organisation", "name", "function", "address", "email", "phone", "municipality", "ags", "topics",
    "source", "source_on", "subscribed")  # fmt: skip


def same(one: NetworkContact, rows: list[sheets.Row]) -> None:
    (row,) = rows
    assert row.contact is not None, row.wrong
    assert {name: getattr(row.contact, name) for name in FIELDS} == {
        name: getattr(one, name) for name in FIELDS
    }


@given(LETTERS, LETTERS, st.lists(st.sampled_from(["ki", "ikoe"]), unique=True), st.booleans())
def test_what_went_out_comes_back(organisation: str, word: str, topics: list[str], subscribed: bool) -> None:
    one = contact(
        organisation=organisation, name=word, function=word, phone=word, municipality=word, source=word,
        address=f"{word}\n{organisation}", topics=topics, subscribed=subscribed, ags="05315000",
    )  # fmt: skip
    text, notes = sheets.decode(sheets.write([one]))
    assert notes == []
    rows, _ = sheets.read(text, Origin())
    same(one, rows)
    if word != organisation:
        same(one, cards.read(cards.write([one]).decode(), Origin()))


def test_no_cell_begins_like_a_formula_for_any_program() -> None:
    raw = sheets.write([contact(organisation=word, name=word) for word in ODD]).decode("utf-8-sig")
    for delimiter in ";,\t":
        for row in csv.reader(io.StringIO(raw, newline=""), delimiter=delimiter):
            assert not [cell for cell in row if cell[:1] in "=+-@\t\r\x00" and cell], row
    for word in (*ODD, "\tx", "\rx", "\x00x", "＝1"):
        assert sheets.unguarded(sheets.guarded(word)) == word


def test_a_card_is_folded_at_75_octets_and_escaped() -> None:
    raw = cards.write([contact(organisation="Ä" * 100, name="A; B, C\\D", address="Weg 1\nOrt")])
    assert all(len(line) <= 75 for line in raw.split(b"\r\n"))
    text = raw.decode()
    assert text.startswith("BEGIN:VCARD\r\nVERSION:4.0\r\n") and text.endswith("END:VCARD\r\n")
    assert r"FN:A\; B\, C\\D" in text and r"Weg 1\nOrt" in text


def test_cards_of_other_programs_are_read() -> None:
    text = (
        "BEGIN:VCARD\nVERSION:3.0\nN:Muster;Mia;;;\nFN:Mia Muster\nORG:Stadt Probe;Amt 50\nTITLE:Leitung\n"
        'item1.EMAIL;TYPE="INTERNET,WORK":mia@probe.example\nTEL;VALUE=uri:tel:+49-231-1\n'
        "ADR;TYPE=WORK:;;Markt 1;Probe;NRW;44000;Deutschland\nNOTE:lang\n und gefaltet\nEND:VCARD\n"
    )
    origin = Origin(kind="institution", source="Adressbuch", source_on=contact().source_on)
    (row,) = cards.read(text, origin)
    one = row.contact
    assert one is not None
    assert (one.organisation, one.name, one.function, one.email) == (
        "Stadt Probe",
        "Mia Muster",
        "Leitung",
        "mia@probe.example",
    )
    assert (one.phone, one.address, one.municipality, one.kind) == (
        "+49-231-1",
        "Markt 1\n44000 Probe",
        "Probe",
        "institution",
    )


async def test_the_files_of_the_list(client: Clients, db: Connection) -> None:
    await make.contact(db, organisation="=cmd|' /C calc'!A0", email="")
    await make.contact(db, "br-koeln", organisation="Stadt Domprobe", ags="05315000")
    anna = await client.as_("anna")
    table = await anna.get(f"{API}.csv")
    assert (
        table.headers["content-type"].startswith("text/csv")
        and "netzwerk.csv" in table.headers["content-disposition"]
    )
    assert "\"'=cmd|" in table.text and len(table.text.splitlines()) == 3
    one = await anna.get(f"{API}.csv?authority=br-koeln")
    assert len(one.text.splitlines()) == 2
    both = await anna.get(f"{API}.vcf")
    assert both.text.count("BEGIN:VCARD") == 2 and "X-CIRCLE-AGS:05315000" in both.text
    assert await acts(db, None) == ["contacts.exported"] * 3
    ben = await client.as_("ben")
    again = await upload(ben, one.content)
    assert again.status_code == 201 and again.json()["wrong"] == 1, "another house's contact"
    assert await count(db) == 2


async def test_taking_data_out_needs_a_recent_sign_in(client: Clients, db: Connection) -> None:
    await make.contact(db)
    anna = await client.as_("anna")
    await db.execute("update session set signed_in_at = now() - interval '16 minutes'")
    refused = await anna.get(f"{API}.csv")
    assert refused.status_code == 401 and refused.json()["code"] == "sign_in_again"
    assert await acts(db, None) == []
