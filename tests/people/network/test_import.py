"""A file is read, shown line by line, and entered on its author's word: all of it once, or nothing."""

import pytest

from circle.core.db import Connection
from circle.people.network import sheets
from tests import make
from tests.clients import Clients, queries

from . import API, HEAD, acts, count, upload

GOOD = "Stadt A;Kommunale Ansprechperson;Ada A;ada@a.example;A;05911000;Netz;01.10.2026\r\n"
OTHER = "Verein B;association;Bo B;bo@b.example;B;;Netz;2026-10-01\r\n"


async def test_preview_then_confirm(client: Clients, db: Connection) -> None:
    known = "Stadt Musterhausen;municipal_contact;Mia;MIA@stadt.example;M;05962000;Netz;2026-10-01\r\n"
    await make.contact(db)
    ben = await client.as_("ben")
    read = await upload(ben, HEAD + GOOD + OTHER + known + GOOD)
    assert read.status_code == 201, read.text
    body = read.json()
    assert (body["new"], body["duplicate"], body["wrong"], body["added"]) == (2, 2, 0, None)
    assert [(one["line"], one["status"]) for one in body["lines"]] == [
        (2, "new"), (3, "new"), (4, "duplicate"), (5, "duplicate")
    ]  # fmt: skip
    assert (
        "Stadt Musterhausen" in body["lines"][2]["messages"][0]
        and "Zeile 2" in body["lines"][3]["messages"][0]
    )
    assert await count(db) == 1
    path = f"{API}/import/{body['id']}"
    assert (await ben.get(path)).json() == body
    for _ in range(2):
        done = await ben.post(f"{path}/confirm")
        assert done.status_code == 200 and done.json()["added"] == 2 and done.json()["lines"] == []
    assert await count(db) == 3
    assert await acts(db, None) == ["contacts.imported"]
    assert (await upload(ben, HEAD + GOOD + OTHER)).json()["new"] == 0
    row = await db.fetchrow(
        "select kind, source_on::text as day, authority_id from partner where name = 'Bo B'"
    )
    assert row and tuple(row) == ("association", "2026-10-01", await make.authority(db, "br-arnsberg"))


async def test_what_came_in_meanwhile_stays_single(client: Clients, db: Connection) -> None:
    ben = await client.as_("ben")
    first, second = [(await upload(ben, HEAD + GOOD)).json()["id"] for _ in range(2)]
    assert (await ben.post(f"{API}/import/{first}/confirm")).json()["added"] == 1
    assert (await ben.post(f"{API}/import/{second}/confirm")).json()["added"] == 0
    assert await count(db) == 1


async def test_wrong_lines_are_named_and_nothing_is_entered(client: Clients, db: Connection) -> None:
    ben = await client.as_("ben")
    text = HEAD + GOOD + (
        "Stadt B;Kommunale Ansprechperson;Bo;kaputt;B;05315000;Netz;2026-13-01\r\n"
        ";association;C;c@c.example;C;;;2026-10-01\r\n"
        '"Verein\nD";association;D;d@d.example;D;;Netz;2026-10-01\r\n'
        "Verein E;association;E;e@e.example;E;;Netz;2026-10-01;zu;viel\r\n"
        "Verein F;Firma;F;f@f.example;F;;Netz;2026-10-01\r\n"
        '"Verein G";association;G;"g@g.example\r\nBcc: x@x.example";G;;Netz;2026-10-01\r\n'
        "Verein H;association;H;h@h.example,i@i.example;H;;Netz;2026-10-01\r\n"
        "Stadt I;Kommunale Ansprechperson;I;i@i.example;I;05315000;Netz;2026-10-01\r\n"
    )  # fmt: skip
    body = (await upload(ben, text)).json()
    wrong = {one["line"]: " ".join(one["messages"]) for one in body["lines"] if one["status"] == "wrong"}
    assert list(wrong) == [3, 4, 5, 7, 8, 9, 11, 12]
    assert "Datum" in wrong[3] and "Organisation: " in wrong[4] and "Quelle: " in wrong[4]
    assert "Steuerzeichen" in wrong[5] and "10 Felder" in wrong[7] and "Art: " in wrong[8]
    assert "E-Mail: " in wrong[9] and "genau ein @" in wrong[11] and "Regierungsbezirk Köln" in wrong[12]
    assert [one["given"]["organisation"] for one in body["lines"] if one["line"] == 7] == ["Verein E"]
    path = f"{API}/import/{body['id']}/confirm"
    for unsaid in ({}, {"leave_out_wrong": False}):
        refused = await ben.post(path, json=unsaid)
        assert refused.status_code == 409 and refused.json()["code"] == "import_has_faults"
    assert (await ben.post(path)).status_code == 409
    assert (await ben.post(path, json={"force": True})).status_code == 400
    assert await count(db) == 0
    for _ in range(2):
        done = await ben.post(path, json={"leave_out_wrong": True})
        assert done.status_code == 200 and (done.json()["added"], done.json()["wrong"]) == (1, 8), done.text
        assert [one["line"] for one in done.json()["lines"]] == list(wrong)
    assert await db.fetch("select organisation from partner") == [("Stadt A",)]
    detail = await db.fetchval("select detail::text from audit_event where action = 'contacts.imported'")
    assert detail == '{"count": 1, "left_out": 8}'
    again = (await upload(ben, text)).json()
    assert (again["new"], again["duplicate"], again["wrong"]) == (0, 1, 8)
    assert (await ben.post(f"{API}/import/{again['id']}/confirm", json={"leave_out_wrong": True})).json()[
        "added"
    ] == 0
    assert await count(db) == 1


async def test_a_wrong_line_takes_no_place(client: Clients, db: Connection) -> None:
    """The good line below it with the same address is entered."""
    ben = await client.as_("ben")
    body = (await upload(ben, HEAD + GOOD.replace("05911000", "5") + GOOD)).json()
    assert [one["status"] for one in body["lines"]] == ["wrong", "new"]


async def test_the_same_file_twice_enters_nobody_twice(client: Clients, db: Connection) -> None:
    """Not without an address, place or letters in the name either."""
    text = (
        HEAD
        + GOOD
        + OTHER
        + "---;association;;;;;Netz;2026-10-01\r\nVerein Ä;association;;;;;Netz;2026-10-01\r\n"
    )
    ben = await client.as_("ben")
    for added in (4, 0):
        body = (await upload(ben, text)).json()
        assert body["new"] == added, body
        assert (await ben.post(f"{API}/import/{body['id']}/confirm")).json()["added"] == added
    assert await count(db) == 4


async def test_the_address_of_another_houses_contact_is_a_hint(client: Clients, db: Connection) -> None:
    await make.contact(db, "br-koeln", ags="05315000", email="ada@a.example")
    (line,) = (await upload(await client.as_("ben"), HEAD + GOOD)).json()["lines"]
    assert line["status"] == "new" and "Gleiche E-Mail-Adresse: Stadt Musterhausen" in line["messages"][0]


async def test_wrong_lines_are_saved_mended_and_read_again(client: Clients, db: Connection) -> None:
    ben = await client.browser("ben")
    text = HEAD.replace(";Quelle;Seit", "") + "=Stadt A;Kommunale Ansprechperson;A;a@a.example;A;5\r\n"
    text += "Verein B;association;Bo B;bo@b.example;B;\r\n"
    given = await ben.post(
        "/netzwerk/einlesen",
        {"source": "Netz", "source_on": "2026-10-01"},
        files={"file": ("k.csv", text.encode())},
    )
    path = given.headers["location"]
    shown = (await ben.get(path)).text
    assert "Eine gültige Zeile übernehmen" in shown and "Noch ist nichts eingetragen" in shown
    unsaid = await ben.post(path, {"idempotency_key": "k1"})
    assert unsaid.status_code == 409 and await count(db) == 0
    assert (await ben.post(path, {"idempotency_key": "k2", "leave_out_wrong": "true"})).status_code == 303
    after = (await ben.get(path)).text
    assert (
        "1 Kontakt ist eingetragen" in after and "Eine Zeile ist fehlerhaft" in after and "8 Ziffern" in after
    )
    saved = await ben.get(f"{path}/fehler.csv")
    assert saved.status_code == 200 and "fehlerhafte-zeilen.csv" in saved.headers["content-disposition"]
    assert '"2";' in saved.text and '"\'=Stadt A"' in saved.text and "8 Ziffern" in saved.text
    mended = saved.text.replace('"5"', '"05911000"')
    (line,) = (await upload(await client.as_("ben"), mended)).json()["lines"]
    assert line["status"] == "new" and line["contact"]["organisation"] == "=Stadt A", line
    assert line["contact"]["source"] == "Netz"
    assert (await (await client.browser("anna")).get(f"{path}/fehler.csv")).status_code == 404


@pytest.mark.parametrize(
    ("encoding", "delimiter", "newline"),
    [("utf-8", ";", "\r\n"), ("utf-8-sig", ",", "\n"), ("cp1252", "\t", "\r\n"), ("cp1252", ";", "\r")],
)
async def test_every_usual_way_to_write_a_table(
    client: Clients, db: Connection, encoding: str, delimiter: str, newline: str
) -> None:
    rows = [
        ["Organisation", "E-Mail", "Quelle", "Seit", "Art", "Bemerkung"],
        ['"Grüße, Söhne; ""e. V."""', "a@a.example", "'=Netz", "01.10.2026", "verband oder verein", "x"],
    ]
    text = newline.join(delimiter.join(row) for row in rows) + newline * 2
    body = (await upload(await client.as_("ben"), text.encode(encoding))).json()
    assert body["new"] == 1, body
    assert body["lines"][0]["organisation"] == 'Grüße, Söhne; "e. V."'
    assert body["lines"][0]["contact"]["source"] == "=Netz"
    assert ("Windows-1252" in " ".join(body["notes"])) == (encoding == "cp1252")
    assert "Bemerkung" in " ".join(body["notes"])


@pytest.mark.parametrize(
    ("content", "word"),
    [
        (b"", "Organisation"),
        (HEAD.encode("utf-16"), "UTF-16"),
        (HEAD.encode("utf-16-le"), "UTF-16"),
        (b"PK\x03\x04\x00\x00", "kein einfacher Text"),
        (HEAD.encode() + b"Stadt\x00A", "kein einfacher Text"),
        (b"Organisation\n\x81\x8d", "Windows-1252"),
        (HEAD.encode(), "keine Zeile"),
        (b"Name;E-Mail\nA;b\n", "fehlt: Organisation, Art, Quelle, Seit"),
        (b"Organisation;organisation;Art;Quelle;Seit\na;b;c;d;e\n", "zweimal"),
        ((HEAD + '"offen;x\n').encode(), "Zeile 2"),
        ((HEAD + 'a"b";c"\n"d"e;f\n').encode(), "Zeile 3"),
        ((HEAD + "x" * 140_000).encode(), "Zeile 2"),
        (b"BEGIN:VCARD\nFN:A\n", "bricht mitten"),
        (b"BEGIN:VCARD", "bricht mitten"),
    ],
)
async def test_a_file_that_cannot_be_read_is_refused_with_its_reason(
    client: Clients, db: Connection, content: bytes, word: str
) -> None:
    refused = await upload(await client.as_("ben"), content)
    assert refused.status_code == 400, refused.text
    assert refused.json()["code"] == "import_unreadable" and word in refused.json()["detail"], refused.text
    assert await db.fetchval("select count(*) from partner_import") == 0


async def test_a_hundred_thousand_lines(client: Clients, db: Connection) -> None:
    """Short ones are stopped by their number, long ones by the size of a request."""
    ben = await client.as_("ben")
    many = await upload(
        ben, "Organisation\n" + "x;y\n" * 100_000, kind="association", source="Netz", source_on="2026-10-01"
    )
    assert many.status_code == 400 and str(sheets.MOST_LINES) in many.json()["detail"]
    large = await upload(ben, HEAD + GOOD * 100_000)
    assert large.status_code == 413 and "kB" in large.json()["detail"]
    page = await (await client.browser("ben")).client.post(
        "/netzwerk/einlesen", files={"file": ("k.csv", (HEAD + GOOD * 100_000).encode())}
    )
    assert page.status_code == 413 and "teilen" in page.text


async def test_the_most_lines_take_few_statements(client: Clients, db: Connection) -> None:
    for number in range(5):
        await make.contact(
            db, organisation=f"Verein {number}", email=f"n{number}@n.example", kind="association"
        )
    text = HEAD + "".join(
        f"Verein {number};association;N;n{number}@n.example;M;05962000;Netz;2026-10-01\r\n"
        for number in range(sheets.MOST_LINES)
    )
    ben = await client.as_("ben")
    with queries(db) as seen:
        body = (await upload(ben, text)).json()
    assert (body["new"], body["duplicate"]) == (sheets.MOST_LINES - 5, 5) and len(seen) < 10
    done = await ben.post(f"{API}/import/{body['id']}/confirm")
    assert done.json()["added"] == sheets.MOST_LINES - 5 and await count(db) == sheets.MOST_LINES


async def test_who_may_read_files(client: Clients, db: Connection) -> None:
    await make.person(db, "zoe", authority="br-arnsberg", roles=["assistant"])
    for nick in ("anna", "clara"):
        assert (await upload(await client.as_(nick), HEAD + GOOD)).status_code == 403
    path = f"{API}/import/{(await upload(await client.as_('ben'), HEAD + GOOD)).json()['id']}"
    for nick in ("anna", "clara", "zoe"):
        who = await client.as_(nick)
        assert (await who.get(path)).status_code == 404 and (
            await who.post(f"{path}/confirm")
        ).status_code == 404
    no_file = await (await client.as_("ben")).post(f"{API}/import", data={"kind": "association"})
    assert no_file.status_code == 400 and no_file.json()["code"] == "file_missing"
    assert (await upload(await client.as_("ben"), HEAD + GOOD, source_on="morgen")).status_code == 400


async def test_old_previews_go(client: Clients, db: Connection) -> None:
    ben = await client.as_("ben")
    await upload(ben, HEAD + GOOD)
    await db.execute("update partner_import set created_at = now() - interval '25 hours'")
    await upload(ben, HEAD + OTHER)
    assert await db.fetchval("select count(*) from partner_import") == 1
