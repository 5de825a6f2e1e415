"""The pages: a proposal with its paper, one item with its next act, the office's table. No script anywhere."""

from datetime import date
from typing import Any

import httpx
import lxml.html
import pytest

from circle.core.db import Connection
from tests import make
from tests.clients import Browser, Clients, queries

from . import MASK, NEW, acts, item, of

HERE = "/sitzungen/KK-2027-1"
FORM = {"title": NEW["title"], "aim": "coordination", "kind": "deliberation", "planned_minutes": "30",
    "confidentiality": "circle"}  # fmt: skip


def read(answer: httpx.Response, status: int = 200) -> Any:
    """A page that is sound: one h1, a label for every field, unique ids, nothing inline."""
    assert answer.status_code == status, answer.text[:2000]
    page = lxml.html.fromstring(answer.text)
    assert len(page.findall(".//h1")) == 1
    ids = page.xpath("//@id")
    assert len(ids) == len(set(ids)), sorted(one for one in ids if ids.count(one) > 1)
    labels = set(page.xpath("//label/@for"))
    fields = page.xpath("//main//*[self::input or self::select or self::textarea][not(@type='hidden')]")
    assert all(one.get("id") in labels for one in fields)
    assert not page.xpath("//@style | //script[not(@src)] | //*[@onclick]")
    return page


def values(page: Any, act: str) -> dict[str, str]:
    """The hidden fields of the form with this address."""
    (form,) = page.xpath(f"//form[@action='{act}']")
    return {one.get("name"): one.get("value") for one in form.xpath(".//input[@type='hidden']")}


async def press(who: Browser, path: str, act: str, data: dict[str, Any] | None = None) -> httpx.Response:
    """Open a page and submit one of its forms."""
    page = read(await who.get(path))
    return await who.post(act, values(page, act) | (data or {}))


async def test_a_proposal_with_its_paper(client: Clients, db: Connection) -> None:
    meeting = await make.meeting(db)
    ben = await client.browser("ben")
    page = read(await ben.get(HERE + "/top/neu"))
    assert "bis zum Ablauf des 16.12.2026" in page.text_content()
    hidden = values(page, HERE + "/top/neu")
    sent = {"data": hidden | FORM, "files": {"file": ("Vorlage eins.txt", b"Entwurf")}}
    done = await ben.client.post(HERE + "/top/neu", **sent, headers={"sec-fetch-site": "same-origin"})
    assert done.status_code == 303, done.text
    again = await ben.client.post(HERE + "/top/neu", **sent, headers={"sec-fetch-site": "same-origin"})
    assert again.headers["location"] == done.headers["location"]
    (made,) = (await (await client.as_("ben")).get(of(meeting))).json()["items"]
    assert done.headers["location"] == f"{HERE}/top/{made['id']}"
    assert [paper["title"] for paper in made["papers"]] == ["Vorlage eins"]
    shown = read(await ben.get(done.headers["location"])).text_content()
    for words in (NEW["title"], "angemeldet", "Vorlage eins", "Abstimmung", "30 Minuten"):
        assert words in shown


async def test_what_is_wrong_stands_at_the_field_and_the_file_stays(client: Clients, db: Connection) -> None:
    await make.meeting(db)
    ben = await client.browser("ben")
    hidden = values(read(await ben.get(HERE + "/top/neu")), HERE + "/top/neu")
    answer = await ben.client.post(
        HERE + "/top/neu", data=hidden | FORM | {"title": "", "planned_minutes": "900"},
        files={"file": ("Vorlage.txt", b"Entwurf")}, headers={"sec-fetch-site": "same-origin"},
    )  # fmt: skip
    page = read(answer, 422)
    assert page.xpath("//*[@id='error-title']") and page.xpath("//*[@id='error-planned_minutes']")
    (kept,) = page.xpath("//input[@name='file_ids'][@checked]/@value")
    again = await ben.post(HERE + "/top/neu", values(page, HERE + "/top/neu") | FORM | {"file_ids": kept})
    assert again.status_code == 303
    assert await db.fetchval("select count(*) from paper") == 1
    bad = await ben.client.post(
        HERE + "/top/neu", data=hidden | FORM | {"idempotency_key": "neu"},
        files={"file": ("Schad.exe", b"MZ")}, headers={"sec-fetch-site": "same-origin"},
    )  # fmt: skip
    assert read(bad, 422).xpath("//*[@id='error-file']")


async def test_late_is_said_before(client: Clients, db: Connection) -> None:
    await make.meeting(db, on=date(2026, 12, 9))
    page = read(await (await client.browser("ben")).get(HERE + "/top/neu"))
    assert "Die Anmeldefrist ist am 11.11.2026 abgelaufen" in page.text_content()
    await make.person(db, "rita", roles=["records_manager"])
    assert (await (await client.browser("rita")).get(HERE + "/top/neu")).status_code == 403
    assert (await (await client.browser("clara")).get(HERE + "/top/neu")).status_code == 404
    await db.execute("update meeting set state = 'held'")
    assert (await (await client.browser("ben")).get(HERE + "/top/neu")).status_code == 409


async def test_the_office_admits_and_returns(client: Clients, db: Connection) -> None:
    meeting = await make.meeting(db)
    one, two = [await make.item(db, meeting, title, status="registered") for title in ("Eins", "Zwei")]
    anna, ben = await client.browser("anna"), await client.browser("ben")
    table = read(await anna.get(HERE + "/tagesordnung"))
    assert "Wartet auf Aufnahme" in table.text_content()
    done = await press(anna, HERE + "/tagesordnung", f"{HERE}/top/{one}/admit?von=tagesordnung")
    assert (done.status_code, done.headers["location"]) == (303, f"{HERE}/tagesordnung"), (
        "the next one waits there"
    )
    step = f"{HERE}/top/{two}?schritt=return"
    empty = await press(anna, step, f"{HERE}/top/{two}/return", {"reason": ""})
    assert read(empty, 422).xpath("//*[@id='error-reason']")
    await press(anna, step, f"{HERE}/top/{two}/return", {"reason": "Bitte das Ziel nennen."})
    shown = read(await ben.get(f"{HERE}/top/{two}"))
    assert "Bitte das Ziel nennen." in shown.text_content()
    mended = await ben.post(
        f"{HERE}/top/{two}/change",
        values(shown, f"{HERE}/top/{two}/change") | FORM | {"title": "Zwei, ergänzt"},
    )
    assert mended.status_code == 303
    got = (await (await client.as_("ben")).get(item(two))).json()
    assert (got["title"], got["status"], got["planned_minutes"]) == ("Zwei, ergänzt", "registered", 30)
    await press(ben, f"{HERE}/top/{two}", f"{HERE}/top/{two}/withdraw")
    assert await acts(db, two) == [
        "agenda_item.returned", "agenda_item.changed", "agenda_item.withdrawn",
    ]  # fmt: skip
    assert await acts(db, one) == ["agenda_item.admitted"]


async def test_the_table_orders_without_script(client: Clients, db: Connection) -> None:
    meeting = await make.meeting(db)
    ids = [await make.item(db, meeting, title) for title in ("A", "B", "C")]
    anna, path = await client.browser("anna"), HERE + "/tagesordnung"

    async def titles() -> list[str]:
        listed = (await (await client.as_("ben")).get(of(meeting))).json()["items"]
        return [one["title"] for one in listed]

    page = read(await anna.get(path))
    (form,) = page.xpath(f"//form[@action='{path}']")
    # Enter presses the first button of a form: it has to be the one that saves.
    assert form.xpath(".//button")[0].get("name") is None
    done = await press(anna, path, path, {f"place_{ids[2]}": "1", f"minutes_{ids[0]}": "200"})
    assert done.status_code == 303 and await titles() == ["A", "C", "B"]
    await press(anna, path, path, {"up": str(ids[2])})
    assert await titles() == ["C", "A", "B"]
    moved = await press(anna, path, path, {"down": str(ids[0])})
    assert await titles() == ["C", "B", "A"] and moved.headers["location"] == f"{path}#top-{ids[0]}"
    assert "230 von 300 Minuten" in read(await anna.get(path)).text_content()
    await press(anna, path, path, {f"minutes_{ids[1]}": "150"})
    assert "Die Punkte dauern länger als die Sitzung" in read(await anna.get(path)).text_content()
    wrong = await press(anna, path, path, {f"minutes_{ids[0]}": "-1", f"place_{ids[0]}": "zwei"})
    assert len(read(wrong, 422).xpath("//p[@class='kern-error']")) == 2
    stale = await anna.post(path, {"revision": "1"})
    assert stale.status_code == 412
    for nick, status in (("ben", 403), ("clara", 404)):
        other = await client.browser(nick)
        assert (await other.get(path)).status_code == status
        assert (await other.post(path, {"revision": "1"})).status_code == status


async def test_in_a_running_meeting_an_item_leads_to_the_room_and_to_the_next(
    client: Clients, db: Connection
) -> None:
    meeting = await make.meeting(db, state="running")
    first = await make.item(db, meeting, status="on_agenda", number="1")
    await make.item(db, meeting, status="treated", number="2")
    third = await make.item(db, meeting, status="on_agenda", number="3")
    room, following = f"{HERE}/raum", f"{HERE}/top/{third}"
    for nick, wanted in (("anna", {"Zum Sitzungsraum": room, "Nächster Punkt": following}),
        ("ben", {"Nächster Punkt": following})):  # fmt: skip
        page = read(await (await client.browser(nick)).get(f"{HERE}/top/{first}"))
        found = {one.text_content(): one.get("href") for one in page.xpath("//main//a")}
        assert {
            name: found[name] for name in ("Zum Sitzungsraum", "Nächster Punkt") if name in found
        } == wanted
    anna = await client.browser("anna")
    assert "Nächster Punkt" not in (await anna.get(following)).text
    await db.execute("update meeting set state = 'held'")
    assert "Zum Sitzungsraum" not in (await anna.get(f"{HERE}/top/{first}")).text


async def test_result_and_task_on_one_page(client: Clients, db: Connection) -> None:
    meeting = await make.meeting(db, state="running")
    made = await make.item(db, meeting, status="on_agenda", number="3")
    anna, ben = await client.browser("anna"), await client.browser("ben")
    here, ben_id = f"{HERE}/top/{made}", str(await make.person_id(db, "ben"))
    given = {"result": "agreed", "minutes": "Text.", "resolution_text": "Der Kreis verabredet …", "consent": "4",
        "reservation": "1", "by": ben_id, "kind": "Prüfvorbehalt", "text": "Bis Ende Januar."}  # fmt: skip
    refused = await press(anna, here, here + "/result", given | {"against": "1"})
    page = read(refused, 422)
    assert "überstimmt kein Haus" in page.text_content() or page.xpath("//*[@id='error-against']")
    assert page.xpath("//textarea[@name='minutes']")[0].text.strip() == "Text."
    assert (await press(anna, here, here + "/result", given)).status_code == 303
    assert "Gespeichert." in read(await anna.get(here)).text_content()
    got = (await (await client.as_("anna")).get(item(made))).json()
    assert (got["status"], got["votes"]["consent"], got["votes"]["against"]) == ("treated", 4, 0)
    assert [(one["by_name"], one["kind"]) for one in got["reservations"]] == [
        ("Ben Beauftragt (BR Arnsberg)", "Prüfvorbehalt")
    ]
    task = {"title": "Standards zusammentragen", "owner_id": ben_id, "due": "2027-02-01"}
    assert (await press(anna, here, here + "/task", task)).status_code == 303
    shown = read(await ben.get(here)).text_content()
    for words in ("Verabredung", "Zustimmung 4", "Prüfvorbehalt", "Standards zusammentragen", "TOP 3"):
        assert words in shown
    assert "Text." not in shown
    lifted = await press(ben, here + "?schritt=lift", here + "/lift", {"by": ben_id, "outcome": "withdrawn"})
    assert lifted.status_code == 303
    assert "zurückgenommen am 23.11.2026" in read(await ben.get(here)).text_content()


async def test_a_paper_and_its_new_version(client: Clients, db: Connection) -> None:
    meeting = await make.meeting(db)
    made, ben = await make.item(db, meeting), await client.browser("ben")
    here = f"{HERE}/top/{made}"
    same = {"sec-fetch-site": "same-origin"}
    page = read(await ben.get(here + "?schritt=paper"))
    done = await ben.client.post(
        here + "/paper", data=values(page, here + "/paper") | {"paper_title": "Eckpunkte"},
        files={"file": ("a.txt", b"eins")}, headers=same,
    )  # fmt: skip
    assert done.status_code == 303, done.text
    nothing = await press(ben, here + "?schritt=paper", here + "/paper")
    assert read(nothing, 422).xpath("//*[@id='error-file']")
    await make.document(db)
    known = await press(ben, here + "?schritt=paper", here + "/paper", {"document": "wd-900"})
    assert known.status_code == 303
    first = (await (await client.as_("ben")).get(item(made))).json()["papers"][0]
    page = read(await ben.get(f"{here}?schritt=version&unterlage={first['id']}"))
    new = await ben.client.post(
        here + "/version",
        data=values(page, here + "/version"),
        files={"file": ("b.txt", b"zwei")},
        headers=same,
    )
    assert new.status_code == 303, new.text
    papers = (await (await client.as_("ben")).get(item(made))).json()["papers"]
    assert [(one["title"], one["version"], one["document_reference"]) for one in papers] == [
        ("Eckpunkte", 2, None), ("Leitfaden Sprachmittlung", 1, "WD-900"),
    ]  # fmt: skip


async def test_without_papers_there_is_no_new_version(client: Clients, db: Connection) -> None:
    made, ben = await make.item(db, await make.meeting(db)), await client.browser("ben")
    here = f"{HERE}/top/{made}"
    assert "Neue Fassung" not in read(await ben.get(here + "?schritt=version")).text_content()
    page = read(await ben.get(here + "?schritt=paper"))
    sent = values(page, here + "/paper")
    for files in ([], [("file", ("a.txt", b"eins")), ("file", ("b.txt", b"zwei"))]):
        answer = await ben.client.post(
            here + "/version", data=sent, files=files, headers={"sec-fetch-site": "same-origin"}
        )
        assert answer.status_code == 404


async def test_adjourning_and_stale_forms(client: Clients, db: Connection) -> None:
    meeting = await make.meeting(db, state="running")
    later = await make.meeting(db, "KK-2027-2", on=date(2027, 3, 10))
    made, anna = await make.item(db, meeting, status="on_agenda", number="3"), await client.browser("anna")
    here = f"{HERE}/top/{made}"
    page = read(await anna.get(here + "?schritt=adjourn"))
    hidden = values(page, here + "/adjourn")
    stale = await anna.post(here + "/adjourn", hidden | {"revision": "7", "idempotency_key": "alt"})
    assert "Inzwischen wurde das geändert" in read(stale, 412).text_content()
    done = await anna.post(here + "/adjourn", hidden | {"meeting_id": str(later)})
    assert done.status_code == 303
    shown = read(await anna.get(here))
    assert "Sitzung KK-2027-2" in shown.text_content()
    assert (await anna.get(f"/sitzungen/KK-2027-2/top/{made}")).status_code == 404
    assert (await anna.post(here + "/unsinn")).status_code == 404


async def test_every_step_has_a_sound_page_in_one_or_two_statements(client: Clients, db: Connection) -> None:
    meeting = await make.meeting(db, state="running")
    made = await make.item(db, meeting, status="on_agenda", number="3", text="Es wird beraten.")
    anna, ben = await client.browser("anna"), await client.browser("ben")
    for step in ("result", "task", "change", "paper", "reserve", "lift", "adjourn", "withdraw", "unsinn"):
        for who in (anna, ben):
            read(await who.get(f"{HERE}/top/{made}?schritt={step}"))
    with queries(db) as seen:
        await ben.get(f"{HERE}/top/{made}")
    assert len(seen) == 2  # the item, and its tasks


@pytest.mark.confidential
async def test_confidential_pages_show_the_mask(client: Clients, db: Connection) -> None:
    meeting = await make.meeting(db)
    secret = await make.item(db, meeting, "Personalfrage Nord", status="registered", level="confidential")
    anna = await client.browser("anna")
    for path in (f"{HERE}/top/{secret}", HERE + "/tagesordnung"):
        text = read(await anna.get(path)).text_content()
        assert MASK in text and "Personalfrage" not in text and "benannt" in text
    assert (await press(anna, f"{HERE}/top/{secret}", f"{HERE}/top/{secret}/admit")).status_code == 303
    assert "Personalfrage Nord" in read(await anna.get(f"{HERE}/top/{secret}")).text_content()
    await make.person(db, "carl", authority="br-koeln", roles=["commissioner"])
    carl = await client.browser("carl")
    text = read(await carl.get(f"{HERE}/top/{secret}")).text_content()
    assert MASK in text and "Personalfrage" not in text and "Ben Beauftragt" not in text
    refused = await carl.post(f"{HERE}/top/{secret}/withdraw", {"revision": "1", "idempotency_key": "x"})
    assert refused.status_code == 403 and "Personalfrage" not in refused.text
