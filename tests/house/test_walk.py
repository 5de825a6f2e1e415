"""One person of each role walks through the whole example circle: every link leads somewhere, every list tells the truth."""

import re
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import httpx
import lxml.html
import pytest
from litestar import Litestar

from circle.core import files
from circle.local import importer
from tests.clients import Browser, Clients, OneConnection

from . import ROOT, compare
from .test_routes import routes

DEMO = Path(importer.__file__).parents[1] / "demo"
SIGHT = ROOT / "tests/house/sight.txt"
WALKERS = {
    "head and approver": "merle.mustertal@kfi.example",
    "office": "leyla.musteroglu@kfi.example",
    "expert": "nuria.exempla@kfi.example",
    "editor and reviewer": "amara.fiktivanda@kfi.example",
    "commissioner": "malik.neubeispiel@br-detmold.example",
    "deputy": "carsten.probebach@br-duesseldorf.example",
    "assistant": "linh.probetran@br-duesseldorf.example",
    "regional staff": "kim.beispielmann@br-koeln.example",
    "ministry": "viola.referatsmuster@ministerium.example",
    "municipal contact": "svenja.kommunalbeispiel@kommunal.example",
    "records": "rainer.registermuster@kfi.example",
    "data protection": "ute.datenprobe@br-arnsberg.example",
    "technical admin": "sam.technikmuster@kfi.example",
}
OF_A_KIND = 3
COLLECTIONS = ["meetings", "consultations", "documents", "tasks", "people"]


@pytest.fixture(name="circle", scope="module")
async def example_circle(
    app: Litestar, shared: tuple[OneConnection, Any, str], tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Clients]:
    """The example circle in this process's database until the end of the module, and clients for its people."""
    one = shared[0]
    async with one.test(), AsyncExitStack() as stack:
        storage = files.Storage(str(tmp_path_factory.mktemp("files")))
        assert one.connection is not None
        # Ben holds the office that the example gives to somebody else.
        await one.connection.execute("delete from appointment")
        await importer.load_folder(one, storage, DEMO, lambda *_: None)
        # Plans that were made for empty tables; outside of a test, autovacuum's analysis ends them.
        await one.connection.execute("discard plans")
        app.state.storage, before = storage, app.state.storage
        yield Clients(stack, httpx.ASGITransport(app, raise_app_exceptions=False), one)
        app.state.storage = before


def flaws(text: str, doors: list[re.Pattern[str]]) -> list[str]:
    """What is wrong with a page: headings, names of things, labels, forms that lead nowhere or lack their token."""
    page = lxml.html.fromstring(text)
    found = [] if len(page.findall(".//h1")) == 1 else [f"{len(page.findall('.//h1'))} h1"]
    ids = [str(name) for name in page.xpath("//@id")]
    found += [f"id {name} twice" for name in set(ids) if ids.count(name) > 1]
    for attribute in ("for", "aria-describedby", "aria-labelledby", "aria-controls"):
        for names in page.xpath(f"//@{attribute}"):
            found += [f"{attribute} {name} leads nowhere" for name in str(names).split() if name not in ids]
    for field in page.xpath("//input[not(@type='hidden' or @type='submit')] | //select | //textarea"):
        named = field.get("aria-label") or field.get("aria-labelledby") or field.xpath("ancestor::label")
        if not named and not page.xpath("//label[@for=$id]", id=field.get("id") or ""):
            found.append(f"field {field.get('name')} has no label")
    for form in page.xpath("//form[@method='post']"):
        if not form.xpath(".//input[@name='csrf_token']"):
            found.append(f"form to {form.get('action')} without its token")
        if (action := form.get("action")) and not any(door.fullmatch(action.split("?")[0]) for door in doors):
            found.append(f"form to {action} leads nowhere")
    return found


def shape(address: str) -> str:
    """`/anfragen/BA-2026-021?schritt=close` → `/anfragen/{}?schritt`: addresses of one kind."""
    path, _, query = address.partition("?")
    path = re.sub(r"/(?:[0-9a-f-]{36}|[A-Z]+-[\w-]+)(?=/|$)", "/{}", path)
    return path + "?" + "&".join(sorted(part.split("=")[0] for part in query.split("&") if part))


async def walk(browser: Browser, doors: list[re.Pattern[str]]) -> tuple[set[str], list[str]]:
    """Follow the inner links from the start page, a few of each kind; the addresses visited, and what was wrong."""
    seen, waiting, wrong = {"/"}, [("/", "")], []
    kinds: Counter[str] = Counter()
    while waiting:
        path, came_from = waiting.pop()
        answer = await browser.get(path)
        if answer.status_code != 200:
            wrong.append(f"{answer.status_code} {path} from {came_from}")
            continue
        if not answer.headers["content-type"].startswith("text/html"):
            continue
        wrong += [f"{path}: {flaw}" for flaw in flaws(answer.text, doors)]
        for link in re.findall(r'(?:href|src)="(/[^"#]*)', answer.text):
            target = link.replace("&amp;", "&")
            kind = shape(target)
            if target in seen or target.startswith("/static/") or kinds[kind] >= OF_A_KIND:
                continue
            kinds[kind] += 1
            seen.add(target)
            waiting.append((target, path))
    return seen, wrong


@pytest.mark.parametrize("who", WALKERS)
async def test_every_link_that_is_shown_leads_somewhere(app: Litestar, circle: Clients, who: str) -> None:
    patterns = {
        re.sub(r"\{\w+:(\w+)\}", lambda kind: "[0-9a-f-]{36}" if kind[1] == "uuid" else "[^/]+", path)
        for method, path, _ in routes(app)
        if method == "POST"
    }
    seen, wrong = await walk(
        await circle.browser(WALKERS[who]), [re.compile(pattern) for pattern in patterns]
    )
    assert not wrong, "\n".join(wrong)
    assert len(seen) > 7


async def everything(client: httpx.AsyncClient, name: str) -> dict[str, str]:
    """Id → reference of all that a list tells, part by part."""
    found: dict[str, str] = {}
    following: str | None = f"/api/v1/{name}?limit=20"
    while following:
        answer = await client.get(following)
        assert answer.status_code == 200, f"{following}: {answer.text}"
        body = answer.json()
        found |= {
            item["id"]: item.get("reference") or item.get("name") or item["id"] for item in body["items"]
        }
        following = body["next"]
    return found


async def test_what_is_listed_opens_and_what_is_not_listed_does_not_exist(circle: Clients) -> None:
    """For each person and kind: the list, and one by one every thing that anybody sees."""
    clients = {who: await circle.as_(email) for who, email in WALKERS.items()}
    lines = []
    for name in COLLECTIONS:
        lists = {who: await everything(client, name) for who, client in clients.items()}
        known = {key: label for seen in lists.values() for key, label in seen.items()}
        assert len(known) > 4, name
        for who, client in clients.items():
            for key, label in known.items():
                answer = await client.get(f"/api/v1/{name}/{key}")
                assert answer.status_code == (200 if key in lists[who] else 404), f"{who}: {name} {label}"
            seen = sorted(lists[who].values())
            told = "all" if len(seen) == len(known) else " ".join(seen) if name != "people" else ""
            lines.append(f"{name:<14} {who:<20} {len(seen):>3} of {len(known)}  {told}".rstrip() + "\n")
    compare(SIGHT, "# What each role sees of the example circle\n" + "".join(lines))
