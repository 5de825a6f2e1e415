"""Beginning and changing a document: the draft, and the next version of what is released."""

import pytest

from circle.core.db import Connection
from tests import make
from tests.clients import Clients

from . import WRITTEN, act, acts, api, change, indexed, released, submitted, write

pytestmark = pytest.mark.usefixtures("team")


async def test_it_works_as_a_draft_with_number_record_and_sealed_index(
    client: Clients, db: Connection
) -> None:
    made = await write(client)
    assert (made["reference"], made["state"], made["version"], made["revision"]) == ("WD-001", "draft", 1, 1)
    assert {name: made[name] for name in WRITTEN} == WRITTEN
    assert (made["owner_name"], made["authority_name"], made["edited_by_name"]) == (
        "Wanda Probe",
        "KfI",
        "Wanda Probe",
    )
    assert made["released_on"] is None and made["versions"] == [] and made["draft"] is None
    assert await acts(db, made["id"]) == ["document.drafted"]
    place, title, body, trust = await indexed(db, made["id"]) or ("", "", "", 0)
    assert (place, title, round(trust, 1)) == ("sealed", WRITTEN["title"], 0.6) and "Dolmetschen" in body
    assert (await (await client.as_("wanda")).get(api(made["id"]))).json() == made


async def test_a_draft_is_for_its_owner_and_those_who_work_on_texts(client: Clients) -> None:
    made = await write(client, "ben")
    for nick, status in {
        "ben": 200,
        "wanda": 200,
        "frida": 200,
        "anna": 200,
        "rolf": 404,
        "clara": 404,
    }.items():
        assert (await (await client.as_(nick)).get(api(made["id"]))).status_code == status, nick
    assert (await client.stranger.get(api(made["id"]))).status_code == 401


async def test_who_may_not_write_is_told(client: Clients) -> None:
    for nick in ("clara", "rolf"):
        assert (await (await client.as_(nick)).post("/api/v1/documents", json=WRITTEN)).status_code == 403
    assert (await client.stranger.post("/api/v1/documents", json=WRITTEN)).status_code == 401


async def test_only_the_editors_begin_for_somebody_else(client: Clients, db: Connection) -> None:
    ben_id = str(await make.person_id(db, "ben"))
    made = await write(client, owner_id=ben_id)
    assert (made["owner_name"], made["authority_name"], made["edited_by_name"]) == (
        "Ben Beauftragt", "BR Arnsberg", "Wanda Probe")  # fmt: skip
    ben = await client.as_("ben")
    other = {"owner_id": str(await make.person_id(db, "anna"))}
    assert (await ben.post("/api/v1/documents", json=WRITTEN | other)).status_code == 403
    wanda = await client.as_("wanda")
    unknown = await wanda.post("/api/v1/documents", json=WRITTEN | {"owner_id": made["id"]})
    assert unknown.status_code == 400 and unknown.json()["code"] == "unknown_reference"


@pytest.mark.parametrize(
    ("wrong", "name"),
    [
        ({"title": " "}, "title"),
        ({"title": "zwei\nZeilen"}, "title"),
        ({"kind": ""}, "kind"),
        ({"topics": ["gibt-es-nicht"]}, "topics"),
        ({"confidentiality": "vs-nfd"}, "confidentiality"),
        ({"review_on": "2026-11-23"}, "review_on"),
        ({"review_on": "2027-11-24"}, "review_on"),
        ({"body": "x" * 200_001}, "body"),
        ({"named": ["00000000-0000-4000-8000-000000000000"]}, "named"),
        ({"state": "released"}, "state"),
    ],
)
async def test_what_is_wrong_is_named_at_its_field(
    client: Clients, wrong: dict[str, object], name: str
) -> None:
    answer = await (await client.as_("wanda")).post("/api/v1/documents", json=WRITTEN | wrong)
    assert answer.status_code == 400 and answer.json()["errors"][0]["field"] == name


async def test_the_same_key_begins_one_document(client: Clients, db: Connection) -> None:
    wanda, key = await client.as_("wanda"), {"idempotency-key": "wd-1"}
    first = await wanda.post("/api/v1/documents", json=WRITTEN, headers=key)
    again = await wanda.post("/api/v1/documents", json=WRITTEN, headers=key)
    assert again.json() == first.json() and await db.fetchval("select count(*) from document") == 1


async def test_a_draft_changes_in_place_and_what_is_left_out_stays(client: Clients, db: Connection) -> None:
    made = await write(client, "ben")
    answer = await change(client, "wanda", made["id"], title="Neuer Titel", topics=["recht"])
    assert answer.status_code == 200 and answer.headers["etag"] == '"v2"'
    now = answer.json()
    assert (now["title"], now["topics"], now["body"]) == ("Neuer Titel", ["recht"], made["body"])
    assert (now["owner_name"], now["edited_by_name"], now["draft"]) == ("Ben Beauftragt", "Wanda Probe", None)
    assert await acts(db, made["id"]) == ["document.drafted", "document.changed"]
    assert (await indexed(db, made["id"]) or ("", ""))[1] == "Neuer Titel"


async def test_stale_gets_412_with_the_present_state_and_a_missing_match_428(client: Clients) -> None:
    made = await write(client)
    wanda = await client.as_("wanda")
    assert (await wanda.patch(api(made["id"]), json={"title": "A"})).status_code == 428
    assert (
        await wanda.patch(api(made["id"]), json={"title": "A"}, headers={"if-match": '"v1"'})
    ).status_code == 200
    stale = await wanda.patch(api(made["id"]), json={"title": "B"}, headers={"if-match": '"v1"'})
    assert stale.status_code == 412 and stale.json()["current"]["title"] == "A"
    assert stale.json()["current"]["revision"] == 2


async def test_who_sees_it_without_the_right_gets_403_and_others_404(client: Clients) -> None:
    made = await released(client)
    tag = {"if-match": '"v1"'}
    for nick, status in {"ben": 403, "rolf": 403, "clara": 404}.items():
        answer = await (await client.as_(nick)).patch(api(made["id"]), json={"title": "X"}, headers=tag)
        assert answer.status_code == status, nick


async def test_of_a_released_document_readers_keep_the_text_until_the_next_release(
    client: Clients, db: Connection
) -> None:
    made = await released(client)
    answer = await change(client, "anna", made["id"], title="Zweite Fassung", body="Neuer Text.")
    now = answer.json()
    assert answer.status_code == 200 and (now["title"], now["body"], now["state"]) == (
        made["title"], made["body"], "released")  # fmt: skip
    draft = now["draft"]
    assert (draft["title"], draft["body"], draft["state"]) == ("Zweite Fassung", "Neuer Text.", "draft")
    assert (draft["edited_by_name"], draft["legal_basis"]) == ("Anna Amt", made["legal_basis"])
    again = (await change(client, "wanda", made["id"], abstract="Kurz.")).json()["draft"]
    assert (again["title"], again["abstract"], again["edited_by_name"]) == (
        "Zweite Fassung",
        "Kurz.",
        "Wanda Probe",
    )
    for nick in ("rolf", "ben"):
        seen = (await (await client.as_(nick)).get(api(made["id"]))).json()
        assert seen["draft"] is None and seen["draft_state"] is None and seen["title"] == made["title"]
    place, title, _, _ = await indexed(db, made["id"]) or ("", "", "", 0)
    assert (place, title) == ("open", made["title"])


async def test_what_no_longer_holds_is_not_changed(client: Clients) -> None:
    made = await released(client)
    assert (await act(client, "wanda", made["id"], "retire", {"note": "Überholt."})).status_code == 200
    assert (await change(client, "wanda", made["id"], title="X")).status_code == 409


async def test_in_review_the_text_may_still_be_mended_by_those_who_work_on_it(client: Clients) -> None:
    made = await submitted(client)
    now = (await change(client, "quirin", made["id"], title="Ohne Tippfehler")).json()
    assert (now["state"], now["title"], now["edited_by_name"]) == (
        "in_review",
        "Ohne Tippfehler",
        "Quirin Probe",
    )
