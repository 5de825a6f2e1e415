"""Twin worlds: two circles that differ in one confidential thing answer the same, byte for byte, to whoever may not see it.

Both worlds are the example circle, the second from a savepoint on, so that ids, numbers and the instant are equal by
themselves. What an agenda shows to all (that there is an item, its number and place) is in both worlds; its title,
words, papers, result and duration are not.
"""

import os
import re
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import httpx
import pytest

from circle.meetings.agenda import actions as agenda
from tests.clients import Browser, Clients

pytestmark = [pytest.mark.confidential, pytest.mark.asyncio(loop_scope="session")]

WORDS = ("Zitronenquarz", "Ypsilonbrücke")
TITLE = f"{WORDS[0]} und {WORDS[1]}"
TEXT = f"Die Förderung der {WORDS[1]} in Münster, {WORDS[0]} betreffend."
OFFICE, HEAD, ASKER = (
    "leyla.musteroglu@kfi.example",
    "merle.mustertal@kfi.example",
    "malik.neubeispiel@br-detmold.example",
)
OUTSIDE = {
    "regional staff": "kim.beispielmann@br-koeln.example",
    "commissioner of another house": "hannelore.probekamp@br-muenster.example",
    "technical admin": "sam.technikmuster@kfi.example",
    "ministry": "viola.referatsmuster@ministerium.example",
    "data protection": "ute.datenprobe@br-arnsberg.example",
}
PATIENT = "commissioner of another house"
READS_ALL_EVENTS = "data protection"
"""Who did what when is their work; the words of the thing are not (domain rules 3.2)."""


class World:
    """The circle at one moment, and how its people change it."""

    def __init__(self, circle: Clients) -> None:
        self.circle = circle
        assert circle.database.connection is not None
        self.db = circle.database.connection

    async def act(
        self, who: str, path: str, json: Any = None, method: str = "POST", **more: Any
    ) -> dict[str, Any]:
        """Something that somebody does, through the API."""
        client = await self.circle.as_(who)
        headers = {"idempotency-key": f"twin {path}"} | more.pop("headers", {})
        answer = await client.request(method, f"/api/v1/{path}", json=json, headers=headers, **more)
        assert answer.status_code < 300, f"{path}: {answer.text}"
        found: dict[str, Any] = answer.json() if answer.content else {}
        return found

    async def file(self, who: str) -> str:
        content = {"file": (f"{WORDS[0]}.txt", TEXT.encode(), "text/plain")}
        return str((await self.act(who, "files", files=content))["id"])

    async def person(self, email: str) -> str:
        return str(await self.db.fetchval("select id from person where email = $1", email))

    async def item(self) -> UUID:
        """The confidential item 6 of the coming meeting."""
        found: UUID = await self.db.fetchval(
            """
            select c.item_id from agenda_content c join meeting m on m.id = c.meeting_id
            where m.reference = 'KK-2026-6' and c.confidentiality = 'confidential'
            """
        )
        return found


async def an_agenda_item(world: World) -> None:
    """Other words, another duration, a result and minutes, and one paper more."""
    item = await world.item()
    await world.db.execute(
        """
        update agenda_content set title = $2, description = $3, minutes = $3, resolution_text = $3, result = 'agreed',
            planned_minutes = 45, kind = 'exchange', aim = 'experience' where item_id = $1
        """,
        item, TITLE, TEXT,
    )  # fmt: skip
    await agenda.index(world.db, item)
    meeting = await world.db.fetchval("select id from meeting where reference = 'KK-2026-6'")
    paper = {
        "item_id": str(item),
        "title": TITLE,
        "confidentiality": "confidential",
        "file_id": await world.file(ASKER),
    }
    await world.act(ASKER, f"meetings/{meeting}/papers", paper)


async def a_request(world: World) -> None:
    """A house asks the competence centre something confidential."""
    new = {"subject": TITLE, "question": TEXT, "confidentiality": "confidential", "no_personal_data": True}
    await world.act(ASKER, "consultations", new)


async def a_document(world: World) -> None:
    """A released confidential document with an attachment, in its second state."""
    new = {"title": TITLE, "kind": "guideline", "abstract": TEXT, "body": TEXT, "confidentiality": "confidential",
        "named": [await world.person(email) for email in (ASKER, HEAD)], "file_ids": [await world.file(OFFICE)]}  # fmt: skip
    made = await world.act(OFFICE, "documents", new)
    await world.act(OFFICE, f"documents/{made['id']}/submit")
    await world.act(HEAD, f"documents/{made['id']}/release")


async def a_task(world: World) -> None:
    """A task that follows from the confidential item."""
    new = {
        "title": TITLE,
        "owner_id": await world.person(ASKER),
        "item_id": str(await world.item()),
        "due": "2026-12-15",
    }
    await world.act(OFFICE, "tasks", new)


async def a_dispatch(world: World) -> None:
    """A confidential letter to one person."""
    new = {
        "kind": "notice",
        "person_ids": [await world.person(ASKER)],
        "subject": TITLE,
        "text": TEXT,
        "level": "confidential",
    }
    made = await world.act(OFFICE, "dispatches", new)
    await world.act(OFFICE, f"dispatches/{made['id']}/send")


async def a_register_entry(world: World) -> None:
    """A measure and a report in the register of one house, which no other house sees."""
    await world.act(ASKER, "measures", {"title": TITLE, "description": TEXT})
    await world.act(ASKER, "reports", REPORT)


REPORT = {"occasion": TITLE, "field": "intercultural_opening", "reported_on": "2026-11-20", "text": TEXT}

# A new confidential type gets its function and its line here.
TYPES: list[Callable[[World], Awaitable[None]]] = [
    an_agenda_item, a_request, a_document, a_task, a_dispatch, a_register_entry,
]  # fmt: skip

LISTS = [
    "agenda-items", "appointments", "audit-events", "authorities", "consultations", "deliveries", "dispatches",
    "documents", "meetings", "papers", "people", "tasks",
]  # fmt: skip
PAGES = [
    "/", "/anfragen", "/aufgaben", "/aufgaben?ansicht=kreis", "/personen", "/sitzungen", "/suche", "/versand",
    "/wissen", "/wissen/neu", "/aufgaben/neu", "/anfragen/neu", "/anfragen/BA-2026-V01", "/anfragen/BA-2026-V02",
    "/wissen/WD-026", "/wissen/WD-027",
    *(f"/sitzungen/KK-2026-6{end}" for end in (
        "", "/tagesordnung", "/termin.ics", "/niederschrift", "/raum", "/einladung", "/nachversand", "/top/neu")),
    *(f"/sitzungen/KK-2026-{number}" for number in (1, 3, 5)),
    *(f"/personen/haus/{house}" for house in ("br-detmold", "br-koeln", "kfi")),
]  # fmt: skip
KINDS, LEVELS = (
    ("agenda_item", "paper", "document", "consultation", "task"),
    ("public", "internal", "circle", "confidential"),
)


def queries(patient: bool) -> list[dict[str, Any]]:
    """Every prefix of the words, the words with each filter, misspelt, in quotes, left out, and a word that many things
    hold. Whoever is patient tries every prefix of the whole text, with every kind and level."""
    words = sorted(set(re.findall(r"\w{6,}", TEXT))) if patient else list(WORDS)
    prefixes = [word[:length] for word in words for length in range(2, len(word) + 1)]
    filters = [{"kind": kind} for kind in KINDS] + [{"level": level} for level in LEVELS]
    narrowed = [(text, narrow) for text in (prefixes if patient else WORDS[:1]) for narrow in filters]
    narrowed += [
        (WORDS[0], narrow)
        for narrow in ({"year": 2026}, {"year": 2027}, {"authority": "br-detmold"}, {"authority": "kfi"})
    ]
    shapes = [
        "Zitronenquars",
        "Ypsilonbruecke",
        f'"{TITLE}"',
        f"Förderung -{WORDS[0]}",
        "Förderung",
        "KK-2026-6",
        "BA-2026-V01",
    ]
    return (
        [{"query": text} for text in prefixes + shapes]
        + [{"query": text, "filters": narrow} for text, narrow in narrowed]
        + [{"query": "Förderung", "limit": limit} for limit in (1, 2, 100)]
    )


class Told:
    """What one person is told: the question, and the masked answer."""

    def __init__(self) -> None:
        self.answers: dict[str, bytes] = {}

    def note(self, question: str, answer: httpx.Response) -> None:
        assert answer.status_code < 500, f"{question}: {answer.text}"
        heads = sorted((name, value) for name, value in answer.headers.items() if name != "x-request-id")
        body = answer.content.replace(answer.headers["x-request-id"].encode(), b"")
        # A form's own key of idempotency, drawn for each showing.
        body = re.sub(rb'name="(?:idempotency_)?key" value="[^"]*"', b"", body)
        self.answers[question] = f"{answer.status_code} {heads}\n".encode() + body


async def ask(program: httpx.AsyncClient, browser: Browser, meetings: list[str], role: str) -> Told:
    """The same questions as anybody would ask them; one of them asks 500."""
    told, all_events = Told(), role == READS_ALL_EVENTS
    # With one wall taken away the others' questions have to do.
    for query in queries(role == PATIENT and not os.environ.get("CIRCLE_TEST_WITHOUT")):
        told.note(f"search {query}", await program.post("/api/v1/search", json=query))
    for word in (WORDS[0][:4], WORDS[0], WORDS[1], "Förderung"):
        told.note(f"/suche {word}", await browser.post("/suche", {"q": word}))
    for name in LISTS:
        if all_events and name == "audit-events":
            continue
        for limit in (1, 200):
            answer = await program.get(f"/api/v1/{name}?limit={limit}")
            told.note(f"{name} by {limit}", answer)
            if answer.status_code == 200 and limit == 1 and (following := answer.json()["next"]):
                told.note(f"{name}, next", await program.get(following))
    for meeting in meetings:
        for part in ("", "/agenda-items", "/papers", "/attendance", "/minutes", "/minutes/versions"):
            told.note(f"{meeting}{part}", await program.get(f"/api/v1/meetings/{meeting}{part}"))
    for path in PAGES:
        told.note(path, await browser.get(path))
    return told


@pytest.fixture(name="baseline", scope="module")
async def the_first_world(circle: Clients) -> dict[str, Any]:
    """Kept from test to test: what everybody outside is told without the thing."""
    return {}


@pytest.mark.parametrize("differ", TYPES, ids=lambda differ: differ.__name__)
async def test_whoever_may_not_see_it_cannot_tell_the_worlds_apart(
    circle: Clients, baseline: dict[str, Any], standing: None, differ: Callable[[World], Awaitable[None]]
) -> None:
    world = World(circle)
    if not baseline:
        baseline["meetings"] = [
            str(row["id"])
            for row in await world.db.fetch(
                "select id from meeting where reference in ('KK-2026-3', 'KK-2026-6') order by 1"
            )
        ]
        baseline["people"] = {
            role: (await circle.as_(email), await circle.browser(email)) for role, email in OUTSIDE.items()
        }
        baseline["told"] = {
            role: await ask(*people, baseline["meetings"], role)
            for role, people in baseline["people"].items()
        }
        assert len(baseline["told"][PATIENT].answers) >= (
            100 if os.environ.get("CIRCLE_TEST_WITHOUT") else 500
        )
    await world.db.execute("savepoint twin")
    try:
        await differ(world)
        insider = await (await circle.as_(ASKER)).post("/api/v1/search", json={"query": WORDS[0]})
        if differ is not a_dispatch:
            assert WORDS[0] in insider.text, "the worlds do not differ"
        different = []
        for role, people in baseline["people"].items():
            twin = await ask(*people, baseline["meetings"], role)
            first = baseline["told"][role].answers
            different += [
                (role, question, first.get(question, b""), twin.answers.get(question, b""))
                for question in first | twin.answers
                if first.get(question) != twin.answers.get(question)
            ]
        assert not different, "\n".join(
            f"{role}: {question}: {difference(before, after)}"
            for role, question, before, after in different[:4]
        )
    finally:
        await world.db.execute("rollback to savepoint twin; set local circle.system = 'on'")


def difference(before: bytes, after: bytes) -> str:
    """The place where two answers part."""
    at = next(
        (n for n, (a, b) in enumerate(zip(before, after, strict=False)) if a != b),
        min(len(before), len(after)),
    )
    return f"{before[max(0, at - 80) : at + 80]!r} / {after[max(0, at - 80) : at + 80]!r}"
