"""Duties of decree Nr. 3: what is missing is listed, a proof settles it, taking it back opens it again."""

from circle.core.db import Connection
from circle.core.files import Storage
from tests import make
from tests.clients import Clients, queries

from . import acts, api, bens, reasons

DUTIES = "/api/v1/duties"
PROOF = {
    "duty": "announced_externally", "done_on": "2026-11-20", "reference": "Organigramm 11/2026",
    "proof": "https://bra.example/organigramm",
}  # fmt: skip


async def test_the_list_says_exactly_what_is_missing_and_since_when(client: Clients, db: Connection) -> None:
    anna, ben = await client.as_("anna"), await client.as_("ben")
    assert (await anna.get(DUTIES)).json()["items"] == []
    await make.untold(db, await make.person_id(db, "ben"))
    await make.person(db, "fritz", authority="br-koeln")
    with queries(db) as seen:
        found = (await ben.get(DUTIES)).json()["items"]
    assert len(seen) == 1
    assert [(x["duty"], x["since"], x["person_name"]) for x in found] == [
        (duty, "2024-01-01", "Ben Beauftragt")
        for duty in ("announced_externally", "announced_internally", "ministry_informed")
    ]
    assert (await (await client.as_("clara")).get(DUTIES)).json()["items"] == []
    page = await (await client.browser("ben")).get("/pflichten")
    assert page.text.count("offen seit 01.01.2024") == 3 and "3 Pflichten sind offen" in page.text
    for nick in ("anna", "ben"):
        desk = (await (await client.browser(nick)).get("/")).text
        assert (
            "Bekanntmachung nach außen: Ben Beauftragt" in desk
            and f"/bestellungen/{await bens(db)}#duties" in desk
        )
    await make.person(db, "mia", authority="br-muenster", roles=["commissioner"])
    assert "Ben Beauftragt" not in (await (await client.browser("mia")).get("/")).text
    assert f"/bestellungen/{await bens(db)}#duties" in (await (await client.browser("ben")).get("/personen/haus/br-arnsberg")).text  # fmt: skip
    await db.execute("update appointment set valid_to = '2026-11-22' where id = $1", await bens(db))
    assert (await anna.get(DUTIES)).json()["items"] == []


async def test_a_proof_settles_it(client: Clients, db: Connection, storage: Storage) -> None:
    one, ben = await bens(db), await client.as_("ben")
    await make.untold(db, await make.person_id(db, "ben"))
    up = await ben.post(
        "/api/v1/files", files={"file": ("organigramm.pdf", b"%PDF-1.7 x", "application/pdf")}
    )
    done = await ben.post(
        api(one, "announce"), json=PROOF | {"file_id": up.json()["id"]}, headers={"if-match": '"v1"'}
    )
    assert done.status_code == 200, done.text
    assert done.json()["announced_externally_on"] == "2026-11-20"
    (proof,) = done.json()["proofs"]
    assert (proof["reference"], proof["file_name"], proof["recorded_by_name"]) == (
        "Organigramm 11/2026", "organigramm.pdf", "Ben Beauftragt")  # fmt: skip
    assert await acts(db, one) == ["appointment.announced"]
    anna = await client.as_("anna")
    assert (await anna.get(f"/api/v1/files/{proof['file_id']}")).status_code == 200
    assert [x["duty"] for x in (await anna.get(DUTIES)).json()["items"]] == [
        "announced_internally",
        "ministry_informed",
    ]
    again = await ben.post(api(one, "announce"), json=PROOF)
    assert again.status_code == 409 and "zurücknehmen" in again.json()["detail"]


async def test_a_mistake_is_taken_back_and_stays_to_be_read(client: Clients, db: Connection) -> None:
    one, anna = await bens(db), await client.as_("anna")
    await make.untold(db, await make.person_id(db, "ben"))
    await anna.post(api(one, "announce"), json=PROOF)
    wanted = {"duty": "announced_externally", "reason": "Falsches Organigramm"}
    back = await anna.post(api(one, "withdraw-proof"), json=wanted)
    assert back.status_code == 200 and back.json()["announced_externally_on"] is None
    assert back.json()["proofs"][0]["withdrawn_reason"] == "Falsches Organigramm"
    assert await acts(db, one) == ["appointment.announced", "appointment.proof_withdrawn"]
    assert (await anna.post(api(one, "withdraw-proof"), json=wanted)).status_code == 409
    assert (await anna.post(api(one, "announce"), json=PROOF)).status_code == 200
    assert len((await anna.get(api(one))).json()["proofs"]) == 2


async def test_who_may_not_and_what_is_wrong(client: Clients, db: Connection) -> None:
    one = await bens(db)
    await make.untold(db, await make.person_id(db, "ben"))
    await make.person(db, "mia", authority="br-muenster", roles=["commissioner"])
    for nick, status in (("mia", 403), ("clara", 404)):
        someone = await client.as_(nick)
        assert (await someone.post(api(one, "announce"), json=PROOF)).status_code == status
        wanted = {"duty": "announced_externally", "reason": "x"}
        assert (await someone.post(api(one, "withdraw-proof"), json=wanted)).status_code == status
    ben = await client.as_("ben")
    assert (await ben.post(api(one, "announce"), json=PROOF, headers={"if-match": '"v5"'})).status_code == 412
    for given, field in (
        ({"done_on": "2026-11-24"}, "done_on"),
        ({"done_on": "2023-12-31"}, "done_on"),
        ({"reference": ""}, "reference"),
    ):
        refused = await ben.post(api(one, "announce"), json=PROOF | given)
        assert refused.status_code == 400 and field in reasons(refused)
    foreign = await ben.post(api(one, "announce"), json=PROOF | {"file_id": str(one)})
    assert foreign.status_code == 400 and foreign.json()["code"] == "unknown_reference"
    assert await acts(db, one) == []


async def test_the_page_takes_the_file_along(client: Clients, db: Connection) -> None:
    one, ben = await bens(db), await client.browser("ben")
    await make.untold(db, await make.person_id(db, "ben"))
    address = f"/bestellungen/{one}/nachweis"
    assert 'enctype="multipart/form-data"' in (await ben.get(address)).text
    form = PROOF | {"revision": "1", "idempotency_key": "k"}
    given = {"file": ("organigramm.pdf", b"%PDF-1.7 x", "application/pdf")}
    wrong = await ben.post(address, form | {"done_on": ""}, files=given)
    assert wrong.status_code == 422 and 'href="#field-done_on"' in wrong.text
    assert (await ben.post(address, form, files=given)).status_code == 303
    shown = (await ben.get(f"/bestellungen/{one}")).text
    assert "organigramm.pdf" in shown and "Organigramm 11/2026" in shown
    back = {"duty": "announced_externally", "reason": "Irrtum", "revision": "2", "idempotency_key": "k2"}
    assert (await ben.post(f"/bestellungen/{one}/nachweis-zuruecknehmen", back)).status_code == 303
    assert "zurückgenommen am 23.11.2026: Irrtum" in (await ben.get(f"/bestellungen/{one}")).text
    await make.person(db, "mia", authority="br-muenster", roles=["commissioner"])
    assert (await (await client.browser("mia")).post(address, form, files=given)).status_code == 403


async def test_when_nothing_is_open_the_page_says_what_was_recorded_and_leads_back(
    client: Clients, db: Connection
) -> None:
    await make.untold(db, await make.person_id(db, "ben"))
    one, ben, anna = await bens(db), await client.as_("ben"), await client.browser("anna")
    here = f"/bestellungen/{one}"
    nothing = await anna.get(f"{here}/nachweis-zuruecknehmen")
    assert nothing.status_code == 409 and "noch kein Nachweis eingetragen" in nothing.text
    assert (await anna.get(f"{here}/nachweis")).status_code == 200
    for duty in ("announced_internally", "announced_externally", "ministry_informed"):
        assert (await ben.post(api(one, "announce"), json=PROOF | {"duty": duty})).status_code == 200
    page = await anna.get(f"{here}/nachweis")
    assert page.status_code == 409 and page.text.count("<h1") == 1 and "nichts mehr offen" in page.text
    assert page.text.count("erledigt am 20.11.2026") == page.text.count("eingetragen von Ben Beauftragt") == 3
    assert f'href="{here}"' in page.text and f'href="{here}/nachweis-zuruecknehmen"' in page.text
    await make.person(db, "mia", authority="br-muenster", roles=["commissioner"])
    assert (await (await client.browser("mia")).get(f"{here}/nachweis")).status_code == 403
    assert (await (await client.browser("clara")).get(f"{here}/nachweis")).status_code == 404


async def test_what_is_over_says_so_instead_of_a_form(client: Clients, db: Connection) -> None:
    one, anna = await bens(db), await client.browser("anna")
    await db.execute("update appointment set valid_to = '2026-11-20' where id = $1", one)
    ended = await anna.get(f"/bestellungen/{one}/beenden")
    assert ended.status_code == 409 and "seit dem 20.11.2026 beendet" in ended.text
    assert (await anna.get(f"/bestellungen/{one}/nachfolge")).status_code == 200
