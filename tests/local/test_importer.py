"""The example circle is loaded into a fresh database; rows are compared with the files they came from."""

import hashlib
import json
import lzma
import os
import shutil
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from circle.core import auth, db, files
from circle.local import importer
from circle.local.child import LocalError
from circle.people import store as directory
from db.migrate import migrate
from tests.conftest import drop, named

DEMO = Path(importer.__file__).parents[1] / "demo"
COUNTS = {
    "authorities": 8,  # the seven of the file, and the one of the contacts
    "persons": 30,
    "appointments": 12,
    "absences": 3,
    "partners": 32,
    "topics": 25,
    "templates": 10,
    "documents": 26,  # the 25 of the file, and the decree
    "meetings": 6,
    "agenda_items": 44,
    "minutes": 5,
    "tasks": 6,
    "polls": 1,
    "consultations": 20,
    "departments": 5,
    "reports": 2,
    "measures": 2,
}


def table(name: str) -> Any:
    return json.loads((DEMO / f"{name}.json").read_text(encoding="utf-8"))


@asynccontextmanager
async def empty() -> AsyncIterator[db.Database]:
    """A migrated database without a single row, for as long as it is used."""
    admin, runtime = os.environ["CIRCLE_TEST_ADMIN_URL"], os.environ["CIRCLE_TEST_URL"]
    name = f"circle_import_{uuid.uuid4().hex[:12]}"
    owner = await asyncpg.connect(admin)
    await owner.execute(f"create database {name}")
    await owner.close()
    await migrate(named(admin, name), named(runtime, name))
    database = await db.connect(named(runtime, name), smallest=1, largest=2, statement_timeout=10)
    try:
        yield database
    finally:
        await database.pool.close()
        await drop(name)


@pytest.fixture(scope="module")
async def loaded(
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[tuple[db.Database, files.Storage]]:
    """A database with the example circle in it."""
    storage = files.Storage(str(tmp_path_factory.mktemp("files")))
    async with empty() as database:
        heard: dict[str, int] = {}
        new = await importer.load_folder(database, storage, DEMO, heard.__setitem__, passwords="demo")
        assert new == COUNTS
        assert list(heard.values()) == list(COUNTS.values())
        yield database, storage


Loaded = tuple[db.Database, files.Storage]


async def rows(loaded: Loaded, sql: str, *args: Any) -> list[dict[str, Any]]:
    async with loaded[0].begin(None) as connection:
        return [dict(row) for row in await connection.fetch(sql, *args)]


async def by_reference(loaded: Loaded, sql: str) -> dict[str, dict[str, Any]]:
    return {row["reference"]: row for row in await rows(loaded, sql)}


async def snapshot(loaded: Loaded) -> dict[str, tuple[int, str]]:
    """Count and digest of every table."""
    names = await rows(
        loaded, "select tablename from pg_tables where schemaname = 'public' order by tablename"
    )
    found = {}
    for entry in names:
        name = entry["tablename"]
        [row] = await rows(
            loaded,
            f"select count(*) as n, md5(coalesce(string_agg(t::text, '|' order by t::text), '')) as digest from {name} t",
        )
        found[name] = (row["n"], row["digest"])
    return found


async def test_a_second_run_changes_nothing(loaded: Loaded) -> None:
    before = await snapshot(loaded)
    new = await importer.load_folder(*loaded, DEMO, lambda *_: None, passwords="demo")
    assert set(new) == set(COUNTS)
    assert not any(new.values())
    assert await snapshot(loaded) == before
    assert before["audit_event"][0] == 1


async def test_people_stand_with_their_houses_and_roles(loaded: Loaded) -> None:
    people = await by_reference(
        loaded,
        """
        select p.*, a.key, roles_on(p.id, '2026-11-23') as roles
        from person p join authority a on a.id = p.authority_id
        """,
    )
    for person in table("persons"):
        row = people[person["id"]]
        assert (row["name"], row["email"], row["key"], row["active"]) == (
            person["name"],
            person["email"],
            person["authority"],
            person["active"],
        )
        # On the demo's day nobody is away, so deputies do not act.
        expected = {"regional_staff" if role == "deputy" else role for role in person["roles"]}
        assert set(row["roles"]) == expected
        signs_in = person["active"] and "municipal_contact" not in person["roles"]
        assert (row["password_hash"] is not None) == signs_in
    assert await auth.verify_password(people["p-002"]["password_hash"], "demo")


async def test_commissioners_let_their_official_ways_be_public_and_nobody_else_anything(
    loaded: Loaded,
) -> None:
    async with loaded[0].begin(None) as connection:
        contacts = await directory.list_contacts(connection, date(2026, 11, 23))
    assert {one["key"]: (one["email"], one["phone"], one["room"]) for one in contacts if one["name"]} == {
        "br-arnsberg": ("integrationsbeauftragte@br-arnsberg.example", "0221 4710-011", None),
        "br-duesseldorf": ("integrationsbeauftragte@br-duesseldorf.example", "0221 4710-031", None),
        "br-koeln": ("integrationsbeauftragte@br-koeln.example", None, None),
        "br-muenster": ("integrationsbeauftragte@br-muenster.example", "0221 4710-051", None),
    }
    open_ones = await rows(
        loaded, "select reference from person where public_fields <> '{}' order by reference"
    )
    assert [one["reference"] for one in open_ones] == ["p-011", "p-022", "p-031", "p-041", "p-051"]


async def test_a_deputy_acts_while_the_commissioner_is_away(loaded: Loaded) -> None:
    [row] = await rows(loaded, "select roles_on(id, '2026-12-09') from person where reference = 'p-032'")
    assert "deputy" in row["roles_on"]


async def test_appointments_know_their_successors(loaded: Loaded) -> None:
    found = await rows(
        loaded,
        """
        select p.reference as old, n.reference as new from appointment a
        join appointment s on s.id = a.succeeded_by
        join person p on p.id = a.person_id join person n on n.id = s.person_id order by 1
        """,
    )
    assert found == [{"old": "p-021", "new": "p-022"}, {"old": "p-052", "new": "p-052"}]


async def test_meetings_keep_state_and_deadlines(loaded: Loaded) -> None:
    meetings = await by_reference(loaded, "select * from meeting")
    states = {reference: row["state"] for reference, row in meetings.items()}
    assert states == {
        **{f"KK-2026-{number}": "minutes_approved" for number in range(1, 5)},
        "KK-2026-5": "minutes_draft",
        "KK-2026-6": "agenda_open",
    }
    for meeting in table("meetings"):
        deadlines = json.loads(meetings[meeting["id"]]["deadlines"])
        assert {name: one["on"] for name, one in deadlines.items()} == meeting["deadlines"]
        assert all(one["steps"] and one["ends_at_utc"].endswith("Z") for one in deadlines.values())


async def test_agenda_items_are_the_files(loaded: Loaded) -> None:
    items = await rows(
        loaded,
        """
        select m.reference || '/' || i."order" as key, i.*, c.title, c.confidentiality, c.result, c.minutes, c.aim,
            r.reference as rapporteur, s.reference as submitted_by, m.invitation_sent_on,
            (select array_agg(coalesce(d.reference, replace(f.name, '-Entwurf.pdf', '')) order by p.number)
                from paper p left join document d on d.id = p.document_id left join file f on f.id = p.file_id
                where p.item_id = i.id) as documents
        from agenda_item i join agenda_content c on c.item_id = i.id join meeting m on m.id = i.meeting_id
        left join person r on r.id = c.rapporteur_id left join person s on s.id = c.submitted_by
        """,
    )
    found = {item["key"]: item for item in items}
    expected = [
        item
        | {
            "number": item["number"] if meeting["invitation_sent_on"] else "",
            "key": f"{meeting['id']}/{item['order']}",
        }
        for meeting in table("meetings")
        for item in meeting["agenda"]
    ]
    assert len(found) == len(items) == len(expected)
    for item in expected:
        row = found[item["key"]]
        for name in (
            "order", "number", "status", "late_submission", "title", "confidentiality", "aim", "rapporteur", "submitted_by",
        ):  # fmt: skip
            assert row[name] == item[name], (item["id"], name)
        assert row["result"] == (item["result"] or "")
        assert row["minutes"] == (item["minutes"] or "")
        assert (row["documents"] or []) == item["documents"]
        assert row["frozen"] == (row["invitation_sent_on"] is not None)
    adjourned = [item["key"] for item in items if item["adjourned_to"]]
    assert adjourned == [item["key"] for item in expected if item["status"] == "adjourned"] == ["KK-2026-5/5"]


async def test_confidential_items_are_open_to_named_persons_only(loaded: Loaded) -> None:
    named = await rows(
        loaded,
        """
        select m.reference || '/' || i."order" as id, array_agg(p.reference order by p.reference) as people
        from named_access n join agenda_item i on i.id = n.object_id join meeting m on m.id = i.meeting_id
        join person p on p.id = n.person_id group by 1
        """,
    )
    assert {row["id"]: row["people"] for row in named} == {
        "KK-2026-3/5": ["p-002", "p-003", "p-006", "p-011", "p-021", "p-031", "p-041", "p-051"],
        "KK-2026-6/5": ["p-002", "p-003", "p-006", "p-022"],
    }
    entries = await rows(
        loaded,
        "select audience from search_sealed where level = 'confidential' and source_kind = 'agenda_item'",
    )
    assert len(entries) == 2
    assert all(
        {key.partition(":")[0] for key in entry["audience"]} == {"named", "expert"} for entry in entries
    )


async def test_minutes_are_frozen_and_hide_confidential_words(loaded: Loaded) -> None:
    versions = await rows(
        loaded,
        """
        select m.reference, i.state as minutes_state, i.objection_until, v.* from minutes_version v
        join minutes i on i.id = v.minutes_id join meeting m on m.id = i.meeting_id order by 1, v.item_id nulls first
        """,
    )
    assert all(hashlib.sha256(row["canonical"].encode()).hexdigest() == row["sha256"] for row in versions)
    main = {row["reference"]: row for row in versions if row["item_id"] is None}
    annexes = [row for row in versions if row["item_id"]]
    assert [row["reference"] for row in annexes] == ["KK-2026-3"]
    assert "personenbezogenen Eingabe" in annexes[0]["canonical"]
    assert "personenbezogenen Eingabe" not in main["KK-2026-3"]["canonical"]
    assert "AUF-2026-03" in main["KK-2026-3"]["canonical"]
    assert {reference: row["minutes_state"] for reference, row in main.items()} == {
        "KK-2026-1": "approved",
        "KK-2026-2": "approved_with_changes",
        "KK-2026-3": "approved",
        "KK-2026-4": "approved",
        "KK-2026-5": "sent",
    }
    for meeting in table("meetings")[:5]:
        assert str(main[meeting["id"]]["objection_until"]) == meeting["minutes"]["objection_until"]


async def test_tasks_come_from_their_items(loaded: Loaded) -> None:
    tasks = await by_reference(
        loaded,
        """
        select t.*, p.reference as owner, m.reference || '/TOP-' || i.number as item from task t
        join person p on p.id = t.owner_id join agenda_item i on i.id = t.item_id join meeting m on m.id = i.meeting_id
        """,
    )
    for task in table("tasks"):
        row = tasks[task["id"]]
        assert (row["owner"], row["item"], str(row["due"])) == (task["owner"], task["source"], task["due"])
        assert row["status"] == {"in_progress": "accepted"}.get(task["status"], task["status"])


async def test_documents_have_their_text_and_released_version(loaded: Loaded) -> None:
    documents = await by_reference(
        loaded,
        """
        select d.*, v.number as released, v.sha256, p.reference as owner from document d
        join person p on p.id = d.owner_id left join document_version v on v.document_id = d.id
        """,
    )
    for document in table("documents"):
        row = documents[document["id"]]
        assert row["body"] == (DEMO / "texts" / f"{document['id']}.md").read_text(encoding="utf-8").strip()
        assert (row["state"], row["owner"]) == (document["state"], document["owner"])
        assert row["released"] == (None if document["state"] == "draft" else document["version"])
    decree = documents["WD-000"]
    assert (decree["confidentiality"], decree["kind"], decree["released"]) == ("public", "Rechtsquelle", 1)
    assert "## Nr. 7" in decree["body"]


async def test_the_decree_lies_beside_as_a_file_for_everybody(loaded: Loaded) -> None:
    [file] = await rows(
        loaded,
        """
        select f.*, u.audience from file f join file_use u on u.file_id = f.id
        join document d on d.id = u.object_id where d.reference = 'WD-000'
        """,
    )
    content = await loaded[1].get(file["key"])
    assert content == (DEMO / "decree.txt").read_bytes()
    assert hashlib.sha256(content).hexdigest() == file["sha256"]
    assert file["audience"] == ["public"]


async def test_requests_keep_their_course(loaded: Loaded) -> None:
    requests = await by_reference(
        loaded,
        """
        select c.*, p.reference as requester, a.reference as assignee, w.reference as reviewed, d.reference as document,
            s.frozen, s.sha256, (select count(*) from clarification q where q.consultation_id = c.id) as clarifications
        from consultation c join person p on p.id = c.requested_by
        left join person a on a.id = c.assignee_id left join person w on w.id = c.reviewed_by
        left join document d on d.id = c.released_as left join consultation_answer s on s.consultation_id = c.id
        """,
    )
    for request in table("consultations"):
        row = requests[request["id"]]
        for name in (
            "acknowledge_by",
            "due_on",
            "due_on_effective",
            "answered_on",
            "released_on",
            "closed_on",
        ):
            assert (str(row[name]) if row[name] else None) == request[name], (request["id"], name)
        assert (row["state"], row["requester"], row["assignee"]) == (
            request["state"],
            request["requested_by"],
            request["assignee"],
        )
        assert row["answer"] == (request["answer"] or "")
        assert (row["sha256"] is not None) == (request["answered_on"] is not None)
        assert row["reviewed"] == (request["reviewed_by"] if request["answered_on"] else None)
        assert row["clarifications"] == (1 if request["clarification"] else 0)
        if request["released_on"]:
            assert row["document"] == request["released_as"]
        if row["frozen"]:
            assert hashlib.sha256(row["frozen"].encode()).hexdigest() == row["sha256"]


async def test_numbers_go_on_after_the_highest(loaded: Loaded) -> None:
    found = await rows(loaded, "select series, year, last from number_series order by series")
    assert [tuple(row.values()) for row in found] == [
        ("AUF", 2026, 6),
        ("BA", 2026, 20),
        ("KK", 2026, 6),
        ("WD", 0, 25),
    ]


async def test_everything_can_be_found(loaded: Loaded) -> None:
    found = await rows(
        loaded,
        """
        select source_kind, count(*) as n
        from (select source_kind from search_entry union all select source_kind from search_sealed) found group by 1
        """,
    )
    assert {row["source_kind"]: row["n"] for row in found} == {
        "document": 26,
        "meeting": 6,
        "agenda_item": 43,  # one is not admitted yet
        "minutes": 4,
        "task": 6,
        "consultation": 20,
        "measure": 2,
        "report_to_head": 2,
        "contact": 32,
    }


def change(folder: Path, name: str, edit: Any) -> None:
    content = json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
    edit(content)
    (folder / f"{name}.json").write_text(json.dumps(content), encoding="utf-8")


def wrong_deadline(meetings: Any) -> None:
    meetings[5]["deadlines"]["invitation_latest"] = "2026-11-25"


def wrong_due(requests: Any) -> None:
    requests[0]["due_on"] = "2026-01-29"


def stranger(tasks: Any) -> None:
    tasks[0]["owner"] = "p-999"


def no_level(documents: Any) -> None:
    documents[3]["confidentiality"] = "geheim"


@pytest.mark.parametrize(
    ("name", "edit", "words"),
    [
        (
            "meetings",
            wrong_deadline,
            "Die Frist invitation_latest der Sitzung KK-2026-6 .* richtig ist der 24.11.2026",
        ),
        (
            "consultations",
            wrong_due,
            "Die Frist due_on der Anfrage BA-2026-001 .* richtig ist der 28.01.2026",
        ),
        ("tasks", stranger, "AUF-2026-01 verweist auf „p-999“"),
        ("documents", no_level, "documents.json lässt sich nicht lesen"),
    ],
)
async def test_a_mistake_is_named_and_nothing_is_written(
    tmp_path: Path, name: str, edit: Any, words: str
) -> None:
    shutil.copytree(DEMO, tmp_path / "folder")
    change(tmp_path / "folder", name, edit)
    storage = files.Storage(str(tmp_path / "files"))
    async with empty() as database:
        with pytest.raises(LocalError, match=words):
            await importer.load_folder(database, storage, tmp_path / "folder", lambda *_: None)
        async with database.begin(None) as connection:
            assert await connection.fetchval("select count(*) from authority") == 0
    assert not [path for path in (tmp_path / "files").rglob("*") if path.is_file()]


def write_lines(path: Path, lines: list[dict[str, Any]]) -> Path:
    text = "".join(json.dumps(line) + "\n" for line in lines)
    packed = lzma.compress(text.encode()) if path.suffix == ".xz" else text.encode()
    path.write_bytes(packed)
    return path


async def test_texts_of_a_file_become_documents_that_are_found(loaded: Loaded, tmp_path: Path) -> None:
    lines = [
        {"id": f"t-{number}", "title": f"Vermerk {number}", "text": "Zuwendungsbescheid", "colour": "red"}
        for number in range(1203)
    ]
    lines[7] |= {"level": "circle", "house": "br-koeln"}
    lines[8] |= {"level": "confidential", "house": "br-koeln"}
    path = write_lines(tmp_path / "texts.jsonl.xz", lines)
    heard: list[int] = []
    assert await importer.load_jsonl(loaded[0], path, lambda _, count: heard.append(count)) == 1203
    assert heard == [500, 1000, 1203]
    found = await by_reference(
        loaded,
        """
        with entry as (select source_id, audience from search_entry union all select source_id, audience from search_sealed)
        select d.reference, d.state, d.confidentiality, a.key, s.audience, d.id, v.number from document d
        join authority a on a.id = d.authority_id join entry s on s.source_id = d.id
        join document_version v on v.document_id = d.id where d.kind = 'Import'
        """,
    )
    assert len(found) == 1203
    assert (found["IM-t-0"]["state"], found["IM-t-0"]["confidentiality"]) == ("released", "internal")
    assert (found["IM-t-7"]["confidentiality"], found["IM-t-7"]["key"]) == ("circle", "br-koeln")
    assert f"named:{found['IM-t-8']['id']}" in found["IM-t-8"]["audience"]
    assert "internal" not in found["IM-t-8"]["audience"]
    assert await importer.load_jsonl(loaded[0], path, lambda *_: None) == 0


async def test_a_bad_line_stops_with_its_number(loaded: Loaded, tmp_path: Path) -> None:
    lines: list[dict[str, Any]] = [
        {"id": f"u-{number}", "title": "Titel", "text": "Text"} for number in range(600)
    ]
    lines[550] = {"id": "u-550", "title": "Ohne Text"}
    path = write_lines(tmp_path / "texts.jsonl", lines)
    with pytest.raises(LocalError, match="Zeile 551"):
        await importer.load_jsonl(loaded[0], path, lambda *_: None)
    [row] = await rows(loaded, "select count(*) as n from document where reference like 'IM-u-%'")
    assert row["n"] == 500
    lines[550]["text"] = "Text"
    assert await importer.load_jsonl(loaded[0], write_lines(path, lines), lambda *_: None) == 100


async def test_an_unknown_house_is_refused(loaded: Loaded, tmp_path: Path) -> None:
    path = write_lines(
        tmp_path / "texts.jsonl", [{"id": "v", "title": "Titel", "text": "Text", "house": "br-nirgends"}]
    )
    with pytest.raises(LocalError, match="Zeile 1: Die Behörde „br-nirgends“ gibt es nicht"):
        await importer.load_jsonl(loaded[0], path, lambda *_: None)


async def test_an_empty_database_takes_texts_too(tmp_path: Path) -> None:
    path = write_lines(tmp_path / "texts.jsonl", [{"id": "1", "title": "Titel", "text": "Text"}])
    async with empty() as database:
        assert await importer.load_jsonl(database, path, lambda *_: None) == 1


async def test_drafts_go_to_the_meeting_on_paper(loaded: tuple[db.Database, files.Storage]) -> None:
    database, storage = loaded
    async with database.begin(None) as connection:
        papers = await connection.fetch(
            """
            select p.audience, f.name, f.key, u.audience as readers from paper p join file f on f.id = p.file_id
            join file_use u on u.file_id = f.id and u.object_id = p.id where p.document_id is null
            """
        )
    assert sorted(paper["name"] for paper in papers) == [
        "WD-014-Entwurf.pdf", "WD-015-Entwurf.pdf", "WD-016-Entwurf.pdf",
    ]  # fmt: skip
    for paper in papers:
        assert paper["readers"] == paper["audience"]
        assert (await storage.get(paper["key"])).startswith(b"%PDF")
