"""Lists, single documents and versions: one statement each, by level and state, page by page."""

from datetime import date
from uuid import UUID, uuid4

import msgspec
import pypdfium2
import pytest

from circle.core.clock import Clock
from circle.core.db import Connection
from circle.knowledge.model import Document, DocumentCard, Version
from tests import make
from tests.clients import Clients, queries

from . import act, api, change, released, submitted, write

pytestmark = pytest.mark.usefixtures("team")


async def references(client: Clients, nick: str, query: str = "") -> list[str]:
    answer = await (await client.as_(nick)).get(f"/api/v1/documents{query}")
    assert answer.status_code == 200, answer.text
    return sorted(one["reference"] for one in answer.json()["items"])


async def test_one_document_is_one_statement(client: Clients, db: Connection) -> None:
    made = await released(client)
    rolf = await client.as_("rolf")
    with queries(db) as seen:
        answer = await rolf.get(api(made["id"]))
    assert len(seen) == 1, seen
    found = msgspec.convert(answer.json(), Document)
    assert answer.headers["etag"] == f'"v{found.revision}"' and found.named == []


async def test_levels_decide_who_finds_what_is_released(client: Clients, db: Connection) -> None:
    for level in ("public", "internal", "circle"):
        await released(client, confidentiality=level)
    await write(client)
    seen = {"clara": 1, "rolf": 2, "ben": 3, "frida": 4}
    for nick, count in seen.items():
        assert len(await references(client, nick)) == count, nick
    # The editor works on drafts; what the circle keeps to itself she only sees as its owner.
    await make.person(db, "paul", roles=["knowledge_editor"])
    assert await references(client, "paul") == ["WD-001", "WD-002", "WD-004"]


async def test_a_deputy_sees_what_the_member_sees_in_that_time_only(
    client: Clients, db: Connection, office: Clock
) -> None:
    made = await released(client, confidentiality="circle")
    vera_id = await make.person(db, "vera", authority="br-arnsberg", roles=["deputy"])
    vera = await client.as_("vera")
    assert (await vera.get(api(made["id"]))).status_code == 404
    today = date(2026, 11, 23)
    await make.absence(db, await make.person_id(db, "ben"), vera_id, today, today)
    assert (await vera.get(api(made["id"]))).status_code == 200


async def test_the_list_is_one_statement_with_filters(client: Clients, db: Connection) -> None:
    await released(client, confidentiality="public", kind="Checkliste")
    await released(client, topics=["recht"])
    mine = await write(client, "ben")
    anna = await client.as_("anna")
    with queries(db) as seen:
        answer = await anna.get("/api/v1/documents")
    assert len(seen) == 1, seen
    cards = msgspec.convert(answer.json()["items"], list[DocumentCard])
    assert [card.state for card in cards] == ["draft", "released", "released"]
    for query, wanted in {
        "kind=Checkliste": ["WD-001"],
        "topic=recht": ["WD-002"],
        "level=public": ["WD-001"],
        "state=draft": ["WD-003"],
        f"authority={mine['authority_id']}": ["WD-003"],
        "kind=Checkliste&topic=recht": [],
    }.items():
        assert await references(client, "anna", f"?{query}") == wanted, query
    assert await references(client, "ben", "?mine=true") == ["WD-003"]
    for bad in ("limit=0", "limit=201", "level=geheim", "state=x", "authority=x", "after=a2FwdXR0"):
        assert (await anna.get(f"/api/v1/documents?{bad}")).status_code == 400, bad


async def test_pages_of_the_list_hang_together(client: Clients, db: Connection) -> None:
    for number in range(5):
        await make.document(db, reference=f"WD-9{number}")
    await db.execute("update document set released_on = date '2026-01-01' + (right(reference, 1)::int / 2)")
    anna, found, following = await client.as_("anna"), [], "/api/v1/documents?limit=2"
    while following:
        answer = (await anna.get(following)).json()
        found += [(one["released_on"], one["id"]) for one in answer["items"]]
        following = answer["next"]
    assert len(found) == 5 and found == sorted(found, reverse=True)


async def test_state_finds_next_versions_and_what_is_overdue_today(client: Clients, db: Connection) -> None:
    first = await released(client)
    second = await released(client)
    await change(client, "anna", first["id"], title="Zweite Fassung")
    await act(client, "anna", first["id"], "submit", {})
    await db.execute("update document set review_on = '2026-11-22' where id = $1", UUID(second["id"]))
    assert await references(client, "frida", "?state=in_review") == ["WD-001"]
    assert await references(client, "rolf", "?state=in_review") == []
    assert await references(client, "rolf", "?state=review_overdue") == ["WD-002"]
    assert await references(client, "rolf", "?state=released") == ["WD-001"]
    assert (await (await client.as_("rolf")).get(api(second["id"]))).json()["state"] == "review_overdue"


async def test_a_retired_document_answers_with_its_note_and_successor(
    client: Clients, db: Connection
) -> None:
    old, new, hidden = (
        await released(client),
        await released(client),
        await released(client, confidentiality="circle"),
    )
    refused = await act(client, "wanda", old["id"], "supersede", {"successor_id": old["id"]})
    assert refused.status_code == 400 and refused.json()["errors"][0]["field"] == "successor_id"
    draft = await write(client)
    assert (
        await act(client, "wanda", old["id"], "supersede", {"successor_id": draft["id"], "note": "x"})
    ).status_code == 400
    unknown = await act(client, "wanda", old["id"], "supersede", {"successor_id": str(uuid4())})
    assert unknown.json()["code"] == "unknown_reference"
    assert (await act(client, "ben", old["id"], "supersede", {"successor_id": new["id"]})).status_code == 403
    assert (
        await act(client, "clara", old["id"], "supersede", {"successor_id": new["id"]})
    ).status_code == 404
    done = await act(
        client, "wanda", old["id"], "supersede", {"successor_id": new["id"], "note": "Neues Recht."}
    )
    assert done.status_code == 200
    rolf = await client.as_("rolf")
    seen = (await rolf.get(api(old["id"]))).json()
    assert (seen["state"], seen["retired_note"], seen["superseded_by"]["reference"]) == (
        "superseded", "Neues Recht.", new["reference"])  # fmt: skip
    assert seen["body"] == old["body"]
    assert (await rolf.get(api(new["id"]))).json()["supersedes"]["reference"] == old["reference"]
    trust = await db.fetchval("select trust from search_entry where source_id = $1", UUID(old["id"]))
    assert round(trust, 1) == 0.3
    again = await act(client, "wanda", old["id"], "retire", {"note": "Doch nicht."})
    assert again.status_code == 409
    # A successor that the reader may not open is not named.
    gone = {"note": "Siehe Kreis.", "successor_id": hidden["id"]}
    assert (await act(client, "wanda", new["id"], "retire", gone)).json()["superseded_by"]["id"] == hidden[
        "id"
    ]
    seen = (await rolf.get(api(new["id"]))).json()
    assert (seen["state"], seen["retired_note"], seen["superseded_by"]) == ("retired", "Siehe Kreis.", None)


async def test_retiring_needs_a_reason_and_the_present_state(client: Clients, db: Connection) -> None:
    made = await released(client)
    assert (await act(client, "wanda", made["id"], "retire", {"note": " "})).status_code == 400
    stale = await act(client, "wanda", made["id"], "retire", {"note": "Alt."}, if_match='"v1"')
    assert stale.status_code == 412
    draft = await submitted(client)
    assert (await act(client, "wanda", draft["id"], "retire", {"note": "Alt."})).status_code == 409
    await change(client, "anna", made["id"], title="Zweite Fassung")
    done = await act(client, "wanda", made["id"], "retire", {"note": "Überholt."})
    assert done.json()["state"] == "retired" and done.json()["draft"] is None


async def test_versions_as_a_list_and_one_by_one(client: Clients, db: Connection) -> None:
    made = await released(client)
    for number in (2, 3):
        await act(client, "wanda", made["id"], "submit", None, idempotency_key=f"s{number}")
        await act(client, "frida", made["id"], "release", None, idempotency_key=f"r{number}")
    rolf = await client.as_("rolf")
    with queries(db) as seen:
        answer = (await rolf.get(api(made["id"], "versions?limit=2"))).json()
    assert len(seen) == 1 and [one["number"] for one in answer["items"]] == [3, 2]
    rest = (await rolf.get(answer["next"])).json()
    assert [one["number"] for one in rest["items"]] == [1] and rest["next"] is None
    version = msgspec.convert((await rolf.get(api(made["id"], "versions/2"))).json(), Version)
    assert version.body == made["body"] and version.document.reference == made["reference"]
    clara = await client.as_("clara")
    for path in ("versions", "versions/1", "print"):
        assert (await clara.get(api(made["id"], path))).status_code == 404
    assert (await rolf.get(api(made["id"], "versions/9"))).status_code == 404
    assert (await rolf.get(api(uuid4(), "versions"))).status_code == 404
    assert (await rolf.get(api(made["id"], "versions?after=eA"))).status_code == 400


async def test_it_prints_as_pdf(client: Clients) -> None:
    made = await released(client)
    answer = await (await client.as_("rolf")).get(api(made["id"], "print"))
    assert answer.status_code == 200 and answer.headers["content-type"] == "application/pdf"
    assert 'filename="WD-001.pdf"' in answer.headers["content-disposition"]
    text = pypdfium2.PdfDocument(answer.content)[0].get_textpage().get_text_range()
    assert "Leitfaden Sprachmittlung" in text and "Dolmetschen im Amt" in text and "verwaltungsintern" in text
