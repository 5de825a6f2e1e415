"""Twin worlds: two databases that differ in confidential things answer the same, byte for byte, to whoever may not see them.

Both are copies of one: the example circle with everybody signed in, so that ids, numbers and tokens are equal by
themselves; both have the same instant. One of them gets a thing of every confidential type more. What an agenda shows to
all (that there is an item, its number and place) is in both; its title, words, papers, result and duration are not.
"""

import asyncio
import json
import re
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

import httpx
import pytest
from litestar import Litestar

from circle.app import create_app
from circle.core import auth, db, openapi
from circle.core.files import Storage
from circle.local import importer
from circle.meetings.agenda import actions as agenda
from tests import conftest
from tests.clients import ADDRESS, Browser
from tests.house.test_openapi import operations
from tests.house.test_walk import DEMO, shape

from .conftest import StandingClock

pytestmark = [pytest.mark.confidential, pytest.mark.asyncio(loop_scope="session")]

WORDS = ("Zitronenquarz", "Ypsilonbrücke")
TITLE = f"{WORDS[0]} und {WORDS[1]}"
TEXT = f"Die Förderung der {WORDS[1]} in Münster, {WORDS[0]} betreffend."
OFFICE, HEAD, ASKER, EXPERT = (
    "leyla.musteroglu@kfi.example",
    "merle.mustertal@kfi.example",
    "malik.neubeispiel@br-detmold.example",
    "fenja.musterlippe@br-detmold.example",
)
OUTSIDE = {
    "regional staff": "kim.beispielmann@br-koeln.example",
    "commissioner of another house": "hannelore.probekamp@br-muenster.example",
    "technical admin": "sam.technikmuster@kfi.example",
    "ministry": "viola.referatsmuster@ministerium.example",
    "data protection": "ute.datenprobe@br-arnsberg.example",
}
READS_ALL_EVENTS = "data protection"
"""Who did what when is their work; the words of the thing are not (domain rules 3.2)."""


class World:
    """One of the databases, served."""

    def __init__(self, app: Litestar, database: db.Database, tokens: dict[str, tuple[str, str]]) -> None:
        self.app, self.database, self.tokens = app, database, tokens
        self.transport = httpx.ASGITransport(app, raise_app_exceptions=False)

    def program(self, who: str) -> httpx.AsyncClient:
        headers = {"authorization": f"Bearer {self.tokens[who][0]}"}
        return httpx.AsyncClient(transport=self.transport, base_url=ADDRESS, headers=headers)

    def browser(self, who: str) -> Browser:
        token = self.tokens[who][1]
        cookies = {"circle": token}
        return Browser(httpx.AsyncClient(transport=self.transport, base_url=ADDRESS, cookies=cookies), token)

    async def act(self, who: str, path: str, json: Any = None, **more: Any) -> dict[str, Any]:
        """Something that somebody does, through the API."""
        headers = {"idempotency-key": f"twin {path}"} | more.pop("headers", {})
        answer = await self.program(who).post(f"/api/v1/{path}", json=json, headers=headers, **more)
        assert answer.status_code < 300, f"{path}: {answer.text}"
        found: dict[str, Any] = answer.json()
        return found

    async def file(self, who: str) -> str:
        content = {"file": (f"{WORDS[0]}.txt", TEXT.encode(), "text/plain")}
        return str((await self.act(who, "files", files=content))["id"])

    async def ask(self, sql: str, *args: Any) -> Any:
        """The one value of a statement of the service itself."""
        async with self.database.begin(None) as connection:
            return await connection.fetchval(sql, *args)

    async def person(self, email: str) -> str:
        return str(await self.ask("select id from person where email = $1", email))

    async def item(self, meeting: str) -> UUID:
        """The confidential item of a meeting."""
        found: UUID = await self.ask(
            """
            select c.item_id from agenda_content c join meeting m on m.id = c.meeting_id
            where m.reference = $1 and c.confidentiality = 'confidential'
            """,
            meeting,
        )
        return found


Made = list[str]
"""The addresses of what somebody has put into a world; whoever may see it reads the word in the first of them."""


async def an_agenda_item(world: World) -> Made:
    """Other words, another duration, a result and minutes."""
    item = await world.item("KK-2026-6")
    async with world.database.begin(None) as connection:
        await connection.execute(
            """
            update agenda_content set title = $2, description = $3, minutes = $3, resolution_text = $3, result = 'agreed',
                planned_minutes = 45, kind = 'exchange', aim = 'experience' where item_id = $1
            """,
            item, TITLE, TEXT,
        )  # fmt: skip
        await agenda.index(connection, item)
    return [f"agenda-items/{item}"]


async def a_paper(world: World) -> Made:
    """One paper more on the confidential item, with its file."""
    meeting = await world.ask("select id from meeting where reference = 'KK-2026-6'")
    item, file_id = str(await world.item("KK-2026-6")), await world.file(ASKER)
    new = {"item_id": item, "title": TITLE, "confidentiality": "confidential", "file_id": file_id}
    made = await world.act(ASKER, f"meetings/{meeting}/papers", new)
    return [f"papers/{made['id']}", f"files/{file_id}", f"files/{file_id}/content"]


async def an_expert(world: World) -> Made:
    """Somebody of the own house is called in for the confidential item."""
    item = await world.item("KK-2026-6")
    new = {"person_id": await world.person(EXPERT), "valid_to": "2026-12-31"}
    await world.act(ASKER, f"agenda-items/{item}/experts", new)
    return [f"agenda-items/{item}/experts"]


async def a_request(world: World) -> Made:
    """A house asks the competence centre something confidential, with an attachment."""
    new = {"subject": TITLE, "question": TEXT, "confidentiality": "confidential", "no_personal_data": True,
        "file_ids": [await world.file(ASKER)]}  # fmt: skip
    made = await world.act(ASKER, "consultations", new)
    return [f"consultations/{made['id']}", f"consultations/{made['id']}/experts"]


async def a_document(world: World) -> Made:
    """A released confidential document with an attachment, in its second state."""
    new = {"title": TITLE, "kind": "guideline", "abstract": TEXT, "body": TEXT, "confidentiality": "confidential",
        "named": [await world.person(email) for email in (ASKER, HEAD)], "file_ids": [await world.file(OFFICE)]}  # fmt: skip
    made = await world.act(OFFICE, "documents", new)
    await world.act(OFFICE, f"documents/{made['id']}/submit")
    await world.act(HEAD, f"documents/{made['id']}/release")
    return [f"documents/{made['id']}{end}" for end in ("", "/versions", "/versions/1", "/print")]


async def a_task(world: World) -> Made:
    """A task that follows from the confidential item."""
    new = {"title": TITLE, "owner_id": await world.person(ASKER), "item_id": str(await world.item("KK-2026-6")),
        "due": "2026-12-15"}  # fmt: skip
    return [f"tasks/{(await world.act(OFFICE, 'tasks', new))['id']}"]


async def an_objection(world: World) -> Made:
    """An objection to the minutes of a confidential item, which stand in their annex."""
    meeting, item = (
        await world.ask("select id from meeting where reference = 'KK-2026-3'"),
        await world.item("KK-2026-3"),
    )
    asker = UUID(await world.person(ASKER))
    await world.ask(
        """
        insert into minutes_objection (minutes_id, item_id, by_id, received_on, text, audience)
        select id, $2, $3, '2026-07-02', $4, array['named:' || $2::uuid, 'person:' || $3::uuid] from minutes where meeting_id = $1
        """,
        meeting, item, asker, TEXT,
    )  # fmt: skip
    return [f"meetings/{meeting}/minutes"]


async def a_dispatch(world: World) -> Made:
    """A confidential letter to one person."""
    new = {"kind": "notice", "person_ids": [await world.person(ASKER)], "subject": TITLE, "text": TEXT,
        "level": "confidential"}  # fmt: skip
    made = await world.act(OFFICE, "dispatches", new)
    await world.act(OFFICE, f"dispatches/{made['id']}/send")
    return [f"dispatches/{made['id']}{end}" for end in ("/preview", "", "/deliveries")]


async def a_measure(world: World) -> Made:
    """A measure in the register of one house, with a department that takes part and signs."""
    unit = (await world.act(ASKER, "departments", {"number": "Dezernat 77", "name": TITLE}))["id"]
    made = await world.act(ASKER, "measures", {"title": TITLE, "description": TEXT, "department_ids": [unit]})
    path = f"measures/{made['id']}"
    for act, sent in (
        ("register", None),
        ("participations", {"department_id": unit, "asked_on": "2026-11-20"}),
        ("co-signatures", {"department_id": unit}),
    ):
        made = await world.act(ASKER, f"{path}/{act}", sent, headers={"if-match": f'"v{made["revision"]}"'})
    return [path, f"{path}/participations", f"{path}/co-signatures", f"departments/{unit}"]


async def a_report(world: World) -> Made:
    """A report to the head of one house."""
    new = {"occasion": TITLE, "field": "intercultural_opening", "reported_on": "2026-11-20", "text": TEXT}
    path = f"reports/{(await world.act(ASKER, 'reports', new))['id']}"
    return [path, f"{path}/note"]


async def a_note(world: World) -> Made:
    """What a house talked about with a contact."""
    contact = await world.ask(
        """
        select n.id from partner n join person p on p.authority_id = n.authority_id where p.email = $1 order by n.id limit 1
        """,
        ASKER,
    )
    await world.act(ASKER, f"contacts/{contact}/notes", {"held_on": "2026-11-20", "text": TEXT})
    return [f"contacts/{contact}/notes"]


async def a_vote(world: World) -> Made:
    """A vote on the confidential item and somebody who asks to speak on it."""
    item = await world.item("KK-2026-6")
    vote = await world.ask(
        """
        insert into ballot (meeting_id, item_id, kind, text, opened_at, audience)
        select meeting_id, item_id, 'objection', $2, '2026-11-23 09:00+01', audience from agenda_content where item_id = $1
        returning id
        """,
        item, TITLE,
    )  # fmt: skip
    request = await world.ask(
        """
        insert into speech_request (meeting_id, item_id, person_id, kind, place, asked_at, audience)
        select meeting_id, item_id, $2, 'speech', 1, '2026-11-23 09:00+01', audience from agenda_content where item_id = $1
        returning id
        """,
        item, UUID(await world.person(ASKER)),
    )  # fmt: skip
    return [f"ballots/{vote}", f"agenda-items/{item}/ballots", f"speech-requests/{request}"]


async def a_past_absence(world: World) -> Made:
    """An absence that is over: its own house and the office alone still read it."""
    found = await world.ask(
        """
        insert into absence (person_id, deputy_id, starts_on, ends_on)
        values ($1, $2, '2026-08-03', '2026-08-07') returning id
        """,
        UUID(await world.person(ASKER)), UUID(await world.person(EXPERT)),
    )  # fmt: skip
    return [f"absences/{found}"]


# A new confidential type gets its function and its line here.
TYPES: list[Callable[[World], Awaitable[Made]]] = [
    an_agenda_item, a_paper, an_expert, a_request, a_document, a_task, an_objection, a_dispatch, a_measure, a_report,
    a_note, a_vote, a_past_absence,
]  # fmt: skip

QUESTIONS, FEWER, OF_A_KIND = 500, 200, 12
PATIENT = ("regional staff", "commissioner of another house")
"""They ask 500 questions each; the others fewer."""
PAGES = [
    "/", "/anfragen", "/aufgaben", "/aufgaben?ansicht=kreis", "/personen", "/sitzungen", "/suche", "/versand",
    "/wissen", "/wissen/neu", "/aufgaben/neu", "/anfragen/neu", "/haus", "/netzwerk", "/pflichten", "/bestellungen",
    "/anfragen/BA-2026-V01", "/anfragen/BA-2026-V02", "/wissen/WD-026", "/wissen/WD-027", "/gibt-es-nicht",
    *(f"/sitzungen/KK-2026-6{end}" for end in (
        "", "/tagesordnung", "/termin.ics", "/niederschrift", "/raum", "/einladung", "/nachversand", "/top/neu", "/wort",
        "/unterlagen", "/unterlagen.zip", "/ladung")),
    *(f"/sitzungen/KK-2026-3{end}" for end in ("", "/niederschrift")),
    *(f"/personen/haus/{house}" for house in ("br-detmold", "br-koeln", "kfi")),
]  # fmt: skip
OWN_TIMES = {"/konto", "/api/v1/me/sessions"}
"""They tell when this very session was last used."""


class Question(NamedTuple):
    """An address that a browser or (below /api) a program asks for, or to which it sends something."""

    path: str
    sent: str = ""

    @property
    def kind(self) -> str:
        """Questions of one kind differ in the thing only."""
        return shape(self.path)


class Outsider:
    """Somebody in one world who may not see what it has more."""

    def __init__(self, world: World, role: str) -> None:
        self.role = role
        self.program, self.browser = world.program(OUTSIDE[role]), world.browser(OUTSIDE[role])

    async def ask(self, question: Question) -> tuple[httpx.Response, bytes]:
        """The answer, and body, status and headers without what is drawn for each showing."""
        path, sent = question
        if path.startswith("/api/"):
            answer = await (
                self.program.post(path, json=json.loads(sent)) if sent else self.program.get(path)
            )
        else:
            answer = await (self.browser.post(path, json.loads(sent)) if sent else self.browser.get(path))
        assert answer.status_code < 500, f"{question}: {answer.text}"
        heads = sorted((name, value) for name, value in answer.headers.items() if name != "x-request-id")
        body = answer.content.replace(answer.headers["x-request-id"].encode(), b"")
        # A form's own key of idempotency.
        body = re.sub(rb'name="(?:idempotency_)?key" value="[^"]*"', b"", body)
        return answer, body + f"\n{answer.status_code} {heads}".encode()

    async def explore(self, described: dict[str, Any], most: int) -> dict[Question, bytes]:
        """Ask for every list and page, search, then go where the answers lead, a few of a kind; then search on."""
        told: dict[Question, bytes] = {}
        kinds: Counter[str] = Counter()
        single = [
            path
            for method, path, _ in operations(described)
            if method == "GET" and len(re.findall("{", path)) == 1
        ]
        waiting = [one for one in beginning(described) if self.asks(one)]
        more = searches(narrowed=True)
        while len(told) < most:
            question = waiting.pop(0) if waiting else next(more)
            if question in told:
                continue
            answer, told[question] = await self.ask(question)
            for one in following(question, answer, single):
                if kinds[one.kind] < OF_A_KIND and self.asks(one):
                    kinds[one.kind] += 1
                    waiting.append(one)
        return told

    def asks(self, question: Question) -> bool:
        path = question.path.partition("?")[0]
        return path not in OWN_TIMES and (self.role != READS_ALL_EVENTS or path != "/api/v1/audit-events")


def beginning(described: dict[str, Any]) -> Iterator[Question]:
    """What can be asked without knowing anything: pages, searches, lists with each of their filters, empty input."""
    yield from map(Question, PAGES)
    yield from searches()
    for method, path, operation in operations(described):
        if "{" in path:
            continue
        if method == "GET":
            yield from (Question(f"{path}{query}") for query in filters(operation))
        body = operation.get("requestBody", {}).get("content", {}).get("application/json")
        if method == "POST" and body:
            yield Question(path, "{}")


def filters(operation: dict[str, Any]) -> Iterator[str]:
    """The whole list, the first of it, and the list by each value of a filter."""
    for parameter in operation.get("parameters", []):
        if parameter["in"] != "query":
            continue
        name, schema = parameter["name"], parameter["schema"]
        kinds = [schema, *schema.get("oneOf", [])]
        values = {"1", "200"} if name == "limit" else set()
        for one in kinds:
            values |= {value for value in one.get("enum", []) if value}
            values |= {"true", "false"} if one.get("type") == "boolean" else set()
        yield from (f"?{name}={value}" for value in sorted(values))
    yield ""


def searches(narrowed: bool = False) -> Iterator[Question]:
    """Every prefix of the words, misspelt, in quotes, left out, and a word that many things hold.

    Narrowed: every prefix of all words, by every kind and level.
    """
    words = sorted(set(re.findall(r"\w{6,}", TEXT))) if narrowed else WORDS
    prefixes = [word[:length] for word in words for length in range(2, len(word) + 1)]
    narrow: list[dict[str, Any]] = [{}]
    if narrowed:
        narrow = [{"kind": kind} for kind in ("agenda_item", "paper", "document", "consultation", "task")]
        narrow += [{"level": level} for level in ("public", "internal", "circle", "confidential")]
    else:
        prefixes += ["Zitronenquars", "Ypsilonbruecke", f'"{TITLE}"', f"Förderung -{WORDS[0]}", "Förderung",
            "KK-2026-6", "BA-2026-V01"]  # fmt: skip
        for word in (WORDS[0][:4], WORDS[0], WORDS[1], "Förderung"):
            yield Question("/suche", json.dumps({"q": word}))
        for one in ({"year": 2026}, {"year": 2027}, {"authority": "br-detmold"}, {"authority": "kfi"}):
            yield Question("/api/v1/search", json.dumps({"query": WORDS[0], "filters": one}))
        for limit in (1, 2, 100):
            yield Question("/api/v1/search", json.dumps({"query": "Förderung", "limit": limit}))
    for text in prefixes:
        for one in narrow:
            yield Question("/api/v1/search", json.dumps({"query": text, "filters": one}))


def following(question: Question, answer: httpx.Response, single: list[str]) -> Iterator[Question]:
    """Where an answer leads: the links of a page; the rest of a list, and all that can be asked of its things."""
    kind = answer.headers.get("content-type", "")
    if kind.startswith("text/html"):
        for link in re.findall(r'(?:href|src)="(/[^"#]*)', answer.text):
            if not link.startswith("/static/"):
                yield Question(link.replace("&amp;", "&"))
    elif kind.startswith("application/json") and isinstance(told := answer.json(), dict):
        if following := told.get("next"):
            yield Question(following.removeprefix(ADDRESS), question.sent)
        path = question.path.partition("?")[0]
        for item in told.get("items", []):
            for one in single:
                if one.startswith(f"{path}/{{") and "id" in item:
                    yield Question(re.sub("{.*}", item["id"], one))


@asynccontextmanager
async def served(
    template: str, files: Path, clock: StandingClock, tokens: dict[str, tuple[str, str]]
) -> AsyncIterator[World]:
    """A world: a copy of the database and the application on it."""
    name, admin_url, url = await conftest.clone(template)
    database = await db.connect(url, smallest=1, largest=8, statement_timeout=20)
    try:
        app = create_app(conftest.settings_for(url, admin_url, files), database)
        async with app.lifespan():
            app.state.clock = clock
            yield World(app, database, tokens)
    finally:
        await database.pool.close()
        await conftest.drop(name)


@asynccontextmanager
async def example(files: Path) -> AsyncIterator[tuple[str, dict[str, tuple[str, str]]]]:
    """The example circle in a database of its own, to be copied, and everybody's tokens: of a program, of a browser."""
    name, _, url = await conftest.clone()
    try:
        database = await db.connect(url, smallest=1, largest=1, statement_timeout=60)
        async with database.begin(None) as connection:
            # Ben holds the office that the example gives to somebody else.
            await connection.execute("delete from appointment")
        await importer.load_folder(database, Storage(str(files)), DEMO, lambda *_: None)
        async with database.begin(None) as connection:
            # Whoever stays outside was present when something confidential was treated, and is named for it.
            await connection.execute(
                "delete from named_access a using person p where p.id = a.person_id and p.email = any($1::text[])",
                list(OUTSIDE.values()),
            )
            tokens = {
                one["email"]: (
                    await auth.open_session(connection, one["id"], "bearer"),
                    await auth.open_session(connection, one["id"], "cookie"),
                )
                for one in await connection.fetch("select id, email from person where email is not null")
            }
        await database.pool.close()
        yield name, tokens
    finally:
        await conftest.drop(name)


async def test_whoever_may_not_see_it_cannot_tell_the_worlds_apart(app: Litestar, tmp_path: Path) -> None:
    described = openapi.describe(app, app.openapi_schema.to_schema())
    clock = StandingClock(app.state.clock.offset)
    clock.instant = app.state.clock.now()
    async with (
        example(tmp_path) as (template, tokens),
        served(template, tmp_path, clock, tokens) as first,
        served(template, tmp_path, clock, tokens) as second,
    ):
        made = [
            Question(f"/api/v1/{path}") for differ in TYPES for path in await shown(differ, first, second)
        ]

        async def compare(role: str) -> list[str]:
            """What one person is told differently."""
            one, other = Outsider(first, role), Outsider(second, role)
            told = await one.explore(described, QUESTIONS if role in PATIENT else FEWER)
            told |= {question: (await one.ask(question))[1] for question in made}
            different = []
            for question, answer in told.items():
                _, twin = await other.ask(question)
                if answer != twin:
                    different.append(f"{role}: {question}: {difference(answer, twin)}")
            return different

        different = [line for lines in await asyncio.gather(*map(compare, OUTSIDE)) for line in lines]
        # Confidential requests count for themselves: the next number of all others tells nothing of them.
        new = {
            "subject": "Offen",
            "question": "Was gilt?",
            "confidentiality": "circle",
            "no_personal_data": True,
        }
        asker = OUTSIDE["commissioner of another house"]
        numbers = [(await world.act(asker, "consultations", new))["reference"] for world in (first, second)]
    assert not different, f"{len(different)} answers differ\n" + "\n".join(different[:6])
    assert numbers[0] == numbers[1]


async def shown(differ: Callable[[World], Awaitable[Made]], first: World, second: World) -> Made:
    """Put a thing into the second world. Whoever may see it can tell the worlds apart; its addresses."""
    made = await differ(second)
    for insider in (ASKER, OFFICE):
        answers = [await world.program(insider).get(f"/api/v1/{made[0]}") for world in (first, second)]
        if answers[1].status_code == 200 and answers[0].content != answers[1].content:
            return made
    raise AssertionError(f"{differ.__name__}: the worlds do not differ")


def difference(before: bytes, after: bytes) -> str:
    """The place where two answers part."""
    at = next(
        (n for n, (a, b) in enumerate(zip(before, after, strict=False)) if a != b),
        min(len(before), len(after)),
    )
    return f"{before[max(0, at - 80) : at + 80]!r} / {after[max(0, at - 80) : at + 80]!r}"
