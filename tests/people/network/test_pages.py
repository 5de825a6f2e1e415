"""The network for people: list, contact, forms, coverage, import, without script."""

from typing import Any

from circle.core.db import Connection
from tests import make
from tests.clients import Browser, Clients
from tests.consultations import Page

from . import HEAD, count, entry


async def opened(person: Browser, path: str) -> str:
    answer = await person.get(path)
    assert answer.status_code == 200, (path, answer.status_code, answer.text[:500])
    Page(answer.text).check()
    return answer.text


def form(**given: Any) -> dict[str, Any]:
    return entry(subscribed="true", idempotency_key="k1") | given


async def test_the_whole_course_by_page(client: Clients, db: Connection) -> None:
    await db.execute("insert into topic (id, label) values ('ki', 'Kommunale Integrationszentren')")
    ben = await client.browser("ben")
    assert "Noch ist keiner eingetragen" in await opened(ben, "/netzwerk")
    await opened(ben, "/netzwerk/neu")
    for _ in range(2):
        made = await ben.post("/netzwerk/neu", form(topics=["ki"]))
        assert made.status_code == 303, made.text
    path = made.headers["location"]
    assert await count(db) == 1
    shown = await opened(ben, path)
    assert (
        "Kommunale Integrationszentren" in shown and "Bochum" in shown and "Internetseite der Stadt" in shown
    )
    changed = await ben.post(
        path, form(name="Petra Probe", revision="1", idempotency_key="k2", subscribed="")
    )
    assert changed.status_code == 303, changed.text
    row = await db.fetchrow("select name, subscribed, topics from partner")
    assert row and tuple(row) == ("Petra Probe", False, [])
    note = {"held_on": "2026-11-02", "text": "Treffen", "participants": "Petra", "idempotency_key": "k3"}
    assert (await ben.post(f"{path}/notizen", note)).status_code == 303
    assert "Treffen" in await opened(ben, path)
    assert "keine Mails" in await opened(ben, "/netzwerk?q=petra&haus=br-arnsberg&art=municipal_contact")
    assert "keinen Kontakt" in await opened(ben, "/netzwerk?art=association")
    assert "Stadt Probestadt" in await opened(ben, "/netzwerk?ags=05911")
    coverage = await opened(ben, "/netzwerk/abdeckung")
    assert "1 von 12 mit Ansprechperson" in coverage and "Märkischer Kreis" in coverage
    gone = await ben.post(f"{path}/loeschen", {"revision": "2", "idempotency_key": "k4"})
    assert gone.status_code == 303 and await count(db) == 0


async def test_errors_and_likeness_stand_in_the_form(client: Clients, db: Connection) -> None:
    ben = await client.browser("ben")
    refused = await ben.post("/netzwerk/neu", form(ags="05315000", organisation="", source=""))
    assert refused.status_code == 422 and 'id="error-organisation"' in refused.text
    Page(refused.text).check()
    refused = await ben.post("/netzwerk/neu", form(ags="05315000"))
    assert (
        refused.status_code == 422
        and "Regierungsbezirk Köln" in refused.text
        and 'value="05315000"' in refused.text
    )
    known = await make.contact(db, email="paul@probe.example")
    alike = await ben.post("/netzwerk/neu", form())
    assert alike.status_code == 409 and f"/netzwerk/{known}" in alike.text and "gleiche E-Mail" in alike.text
    Page(alike.text).check()
    assert (await ben.post("/netzwerk/neu", form(despite_duplicates="true"))).status_code == 303
    assert "Ähnliche Kontakte" in await opened(ben, f"/netzwerk/{known}")
    wrong = await ben.post(f"/netzwerk/{known}", form(revision="1", ags="1", idempotency_key="k5"))
    assert wrong.status_code == 422 and 'id="error-ags"' in wrong.text
    Page(wrong.text).check()
    noted = await ben.post(f"/netzwerk/{known}/notizen", {"idempotency_key": "k6", "held_on": "2026-11-01"})
    assert noted.status_code == 422 and 'id="error-text"' in noted.text
    Page(noted.text).check()


async def test_who_may_what(client: Clients, db: Connection) -> None:
    found = f"/netzwerk/{await make.contact(db, 'br-koeln', ags='05315000')}"
    ben, clara = await client.browser("ben"), await client.browser("clara")
    assert "Kontakt ändern" not in await opened(ben, found)
    assert (await ben.post(found, form(revision="1"))).status_code == 403
    assert (await ben.post(f"{found}/loeschen", {"revision": "1", "idempotency_key": "k"})).status_code == 403
    for path in ("/netzwerk", "/netzwerk/abdeckung", found, "/netzwerk/kontakte.csv"):
        assert (await clara.get(path)).status_code == 404, path
    assert (await (await client.browser("anna")).get("/netzwerk/neu")).status_code == 403
    assert (await clara.post(found, form(revision="1"))).status_code == 404
    await make.person(db, "carl", authority="br-koeln", roles=["commissioner"])
    carl = await client.browser("carl")
    assert (
        await carl.post(f"{found}/loeschen", {"revision": "7", "idempotency_key": "k"})
    ).status_code == 412
    assert (await carl.client.post(found, data=form(revision="1"))).status_code == 403


async def test_a_file_by_page(client: Clients, db: Connection) -> None:
    ben = await client.browser("ben")
    await opened(ben, "/netzwerk/einlesen")
    nothing = await ben.post("/netzwerk/einlesen", {})
    assert nothing.status_code == 422 and 'id="error-file"' in nothing.text
    Page(nothing.text).check()
    text = HEAD + "Stadt A;Kommunale Ansprechperson;A;a@a.example;A;05911000;Netz;01.10.2026\r\n"
    given = await ben.post("/netzwerk/einlesen", {}, files={"file": ("k.csv", text.encode())})
    assert given.status_code == 303, given.text
    path = given.headers["location"]
    assert "1 neu, 0 schon vorhanden, 0 fehlerhaft" in await opened(ben, path)
    assert await count(db) == 0
    for _ in range(2):
        assert (await ben.post(path, {"idempotency_key": "k9"})).status_code == 303
    assert "1 Kontakt ist eingetragen" in await opened(ben, path) and await count(db) == 1
    wrong = await ben.post("/netzwerk/einlesen", {}, files={"file": ("k.csv", b"Name\nX\n")})
    assert wrong.status_code == 422 and "fehlt: Organisation" in wrong.text
    for kind, begin in (("csv", "\ufeff"), ("vcf", "BEGIN:VCARD")):
        saved = await ben.get(f"/netzwerk/kontakte.{kind}")
        assert saved.status_code == 200 and saved.text.startswith(begin)
        assert f"netzwerk.{kind}" in saved.headers["content-disposition"]
    assert (await (await client.browser("anna")).get(path)).status_code == 404


async def test_what_was_typed_on_an_old_state_comes_back(client: Clients, db: Connection) -> None:
    found = f"/netzwerk/{await make.contact(db, 'br-arnsberg', ags='05911000')}"
    ben = await client.browser("ben")
    stale = await ben.post(found, form(address="Behalten 7", revision="7"))
    assert stale.status_code == 412 and "Behalten 7" in stale.text and "stehen noch hier" in stale.text
    Page(stale.text).check()
    assert 'name="revision" value="1"' in stale.text
    assert (await ben.post(found, form(address="Behalten 7", revision="1"))).status_code == 303
    assert await db.fetchval("select address from partner") == "Behalten 7"
    gone = await ben.post(f"{found}/loeschen", {"revision": "1", "idempotency_key": "k"})
    assert gone.status_code == 412 and "stehen noch hier" not in gone.text
