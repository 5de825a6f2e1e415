"""The register for people: every page and form without script, errors at the field, nothing done twice."""

import re
from typing import Any

from circle.core.db import Connection
from tests.clients import Browser, Clients
from tests.consultations import Page

from . import SECRET, act, department, measure, report


async def opened(person: Browser, path: str) -> tuple[Page, str]:
    """A page, checked for what every page owes its readers."""
    answer = await person.get(path)
    assert answer.status_code == 200, (path, answer.status_code)
    page = Page(answer.text)
    page.check()
    return page, answer.text


async def sent(person: Browser, path: str, act: str, form: dict[str, Any] | None = None) -> str:
    """Fill in a form of a page and send it twice, as by a double click. Returns where it leads."""
    page, _ = await opened(person, path)
    assert any(one.get("action") == act for one in page.forms), act
    hidden = {name: page.values[name] for name in ("revision", "idempotency_key") if name in page.values}
    for _ in range(2):
        done = await person.post(act, hidden | (form or {}))
        assert done.status_code == 303, done.text
    return str(done.headers["location"])


async def test_a_measure_by_page(client: Clients, db: Connection) -> None:
    ben, program = await client.browser("ben"), await client.as_("ben")
    await opened(ben, "/haus")
    await sent(ben, "/haus/fachbereiche", "/haus/fachbereiche", {"number": "Dezernat 11", "name": "Personal"})
    unit = (await program.get("/api/v1/departments")).json()["items"][0]["id"]
    await sent(
        ben, f"/haus/fachbereiche/{unit}", f"/haus/fachbereiche/{unit}",
        {"number": "Dezernat 12", "name": "Personal", "active": "true"},
    )  # fmt: skip
    here = await sent(
        ben,
        "/haus/massnahmen/neu",
        "/haus/massnahmen/neu",
        {"title": SECRET, "stage": "planned", "lead_unit": unit},
    )
    await sent(ben, here, f"{here}/aufnehmen")
    asked = {
        "department_id": unit,
        "asked_on": "2026-11-20",
        "answer_due": "2026-11-27",
        "subject": "Entwurf",
    }
    await sent(ben, f"{here}/beteiligung", f"{here}/beteiligung", asked)
    await sent(ben, f"{here}/mitzeichnung", f"{here}/mitzeichnung", {"department_id": unit})
    start = (await opened(ben, "/haus"))[1]
    assert "bis 27.11.2026" in start and "Schritt 1, Dezernat 12 Personal" in start
    desk = (await opened(ben, "/"))[1]
    assert "Stellungnahme im eigenen Haus" in desk and "Offene Mitzeichnung im eigenen Haus" in desk
    made = (await program.get("/api/v1/measures")).json()["items"][0]
    part = f"{here}/beteiligungen/{made['participations'][0]['id']}"
    await sent(ben, part, part, {"statement": "Entwurf.", "act": "draft"})
    await sent(ben, part, part, {"statement": "Zustimmung.", "act": "give", "answered_on": "2026-11-23"})
    step = f"{here}/mitzeichnung/1"
    await sent(ben, step, step, {"decision": "signed", "initials": "Mu", "signed_on": "2026-11-23"})
    await sent(ben, f"{here}/stand", f"{here}/stand", {"stage": "in_development", "changed_on": "2026-11-23"})
    changed = {"title": SECRET, "description": "Neu.", "lead_unit": unit, "agreed_to_step": "0"}
    await sent(ben, f"{here}/aendern", f"{here}/aendern", changed)
    made = (await program.get(f"/api/v1/measures/{made['id']}")).json()
    assert (made["stage"], made["participations"][0]["statement"]) == ("in_development", "Zustimmung.")
    assert made["co_signatures"][0]["state"] == "open"
    assert "wieder offen seit 23.11.2026" in (await opened(ben, here))[1]
    assert "Zustimmung." in (await opened(ben, part))[1]


async def test_a_report_by_page(client: Clients) -> None:
    ben = await client.browser("ben")
    form = {"occasion": SECRET, "field": "concerns", "reported_on": "2026-11-20", "text": "Eins.\n\nZwei."}
    here = await sent(ben, "/haus/vortraege/neu", "/haus/vortraege/neu", form)
    await sent(ben, f"{here}/aendern", f"{here}/aendern", form | {"source": "KK-2026-5/TOP-6"})
    assert 'href="/sitzungen/KK-2026-5"' in (await opened(ben, here))[1]
    await sent(ben, here, f"{here}/vorsehen")
    assert "seit 20.11.2026" in (await opened(ben, "/haus"))[1]
    await sent(ben, here, f"{here}/ergebnis", {"outcome": "Zugestimmt.", "reported_on": "2026-11-20"})
    assert "Zugestimmt." in (await opened(ben, here))[1]
    assert (await ben.get(f"{here}/vermerk")).content.startswith(b"%PDF")
    draft = await sent(ben, "/haus/vortraege/neu", "/haus/vortraege/neu", form)
    assert await sent(ben, draft, f"{draft}/loeschen") == "/haus"


async def test_the_resubmission_stands_on_the_desk(client: Clients, db: Connection) -> None:
    ben = await client.as_("ben")
    await measure(ben, resubmission_on="2026-11-23")
    await report(ben, occasion="Später", resubmission_on="2026-11-24")
    desk = (await opened(await client.browser("ben"), "/"))[1]
    assert "Wiedervorlage im eigenen Haus" in desk and SECRET in desk and "Später" not in desk


async def test_errors_stand_at_the_field_and_values_stay(client: Clients, db: Connection) -> None:
    ben, program = await client.browser("ben"), await client.as_("ben")
    unit = await department(program)
    made = await measure(program)
    made = await act(program, made, "participations", {"department_id": unit, "asked_on": "2026-11-20"})
    made = await act(program, made, "co-signatures", {"department_id": unit})
    told = await report(program)
    here, there = f"/haus/massnahmen/{made['id']}", f"/haus/vortraege/{told['id']}"
    guard = {"revision": str(made["revision"]), "idempotency_key": "k"}
    part = f"{here}/beteiligungen/{made['participations'][0]['id']}"
    for path, data, field in (
        ("/haus/massnahmen/neu", {"title": ""}, "title"),
        ("/haus/vortraege/neu", {"occasion": "Behalten", "source": "x"}, "field"),
        ("/haus/fachbereiche", {"number": "Behalten"}, "name"),
        (f"{here}/aendern", {"title": "Behalten", "resubmission_on": "2026-11-01"}, "resubmission_on"),
        (f"{here}/stand", {"stage": "implemented", "changed_on": "2026-12-01"}, "changed_on"),
        (f"{here}/beteiligung", {"subject": "Behalten", "asked_on": "2026-12-01"}, "department_id"),
        (f"{here}/mitzeichnung", {}, "department_id"),
        (f"{here}/mitzeichnung/1", {"decision": "refused", "initials": "Behalten"}, "remark"),
        (part, {"act": "give"}, "statement"),
        (f"{part}/schliessen", {}, "note"),
        (f"{there}/aendern", {"occasion": "Behalten", "field": "concerns"}, "reported_on"),
    ):
        refused = await ben.post(path, guard | data)
        assert refused.status_code == 422 and f'id="error-{field}"' in refused.text, (path, refused.text)
        Page(refused.text).check()
        assert "Behalten" not in str(data) or "Behalten" in refused.text, path
    stale = await ben.post(f"{here}/stand", {"stage": "ended", "revision": "1", "idempotency_key": "s"})
    assert stale.status_code == 412


async def test_what_was_typed_comes_back_when_another_was_first(client: Clients, db: Connection) -> None:
    ben, program = await client.browser("ben"), await client.as_("ben")
    await department(program)
    made = await measure(program)
    path = f"/haus/massnahmen/{made['id']}/aendern"
    kept = {"title": SECRET, "description": "Behalten"}
    stale = await ben.post(path, kept | {"revision": "1", "idempotency_key": "k"})
    assert stale.status_code == 412 and "Behalten" in stale.text and "stehen noch hier" in stale.text
    page = Page(stale.text)
    page.check()
    assert page.values["revision"] == str(made["revision"])
    assert (
        await ben.post(path, kept | {"revision": page.values["revision"], "idempotency_key": "k"})
    ).status_code == 303
    for _ in range(2):
        taken = await ben.post(
            "/haus/fachbereiche", {"number": "Dezernat 11", "name": "Behalten", "idempotency_key": "d"}
        )
        assert taken.status_code == 409 and 'value="Behalten"' in taken.text
        assert "mit dieser Nummer gibt es" in taken.text
        Page(taken.text).check()
    assert await db.fetchval("select count(*) from department") == 1


async def test_strangers_and_forms(client: Clients) -> None:
    made = await measure(await client.as_("ben"))
    anna, clara = await client.browser("anna"), await client.browser("clara")
    here = f"/haus/massnahmen/{made['id']}"
    guard = {"revision": "2", "idempotency_key": "k"}
    for who in (anna, clara):
        for path in ("/haus", "/haus/fachbereiche", here, f"{here}/aendern", f"{here}/stand"):
            assert (await who.get(path)).status_code == 404, path
        for path in ("/haus/massnahmen/neu", "/haus/vortraege/neu"):
            assert (await who.get(path)).status_code == 403
            assert (await who.post(path, guard)).status_code == 403
        for path in ("aendern", "stand", "aufnehmen", "loeschen", "beteiligung", "mitzeichnung"):
            assert (await who.post(f"{here}/{path}", guard | {"title": "x"})).status_code == 404, path
    assert 'href="/haus"' not in (await anna.get("/")).text
    ben = await client.browser("ben")
    for step in ("0", "1", "-1"):
        assert (await ben.get(f"{here}/mitzeichnung/{step}")).status_code == 404, step
    assert 'href="/haus"' in (await ben.get("/")).text
    assert 'href="/haus"' in (await ben.get("/personen/haus/br-arnsberg")).text


async def test_a_stage_left_out_is_drawn_as_that_and_said_in_words(client: Clients) -> None:
    ben, program = await client.browser("ben"), await client.as_("ben")
    for begun, then, words in (
        ("planned", "in_introduction", {"in Entwicklung": "übersprungen"}),
        ("in_introduction", "implemented", {"geplant": "nicht eingetragen", "in Entwicklung": "nicht eingetragen"}),
        ("in_development", "ended", {"geplant": "nicht eingetragen", "in Einführung": "nicht erreicht", "umgesetzt": "nicht erreicht"}),
    ):  # fmt: skip
        made = await act(program, await measure(program, stage=begun), "stage", {"stage": then})
        text = (await opened(ben, f"/haus/massnahmen/{made['id']}"))[1]
        drawn = dict(
            re.findall(
                r'<li class="skipped">([^<]+)<span class="hidden-visually">, </span><small>([^<]+)', text
            )
        )
        assert drawn == words, begun
        told = dict(re.findall(r'<th scope="row"[^>]*>([^<]+)</th><td[^>]*data-label="Seit">([^<]+)', text))
        assert words.items() <= told.items() and len(told) == len(words) + 2, told
        assert f'<li class="skipped">{next(iter(words))}' in (await opened(ben, "/haus"))[1]
