"""The whole demo as a newcomer starts it, and a real Chromium before it."""

import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, Error, Page, async_playwright

from tests.demo import PASSWORD, Demo, running

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
AXE = (Path(__file__).parent / "vendor/axe.min.js").read_text(encoding="utf-8")
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]


@pytest.fixture(scope="session")
def chromium_path() -> str:
    """Where Chromium lies; without one the tests say so in the summary."""
    if CHROMIUM is None:
        pytest.skip("!!! NOT RUN: Chromium is missing. Install it with deploy/install-test-packages")
    return CHROMIUM


@pytest.fixture(scope="session")
def demo() -> Iterator[Demo]:
    with running() as found:
        yield found


@pytest_asyncio.fixture(scope="session")
async def chromium(chromium_path: str) -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=chromium_path, args=["--no-sandbox", "--lang=de-DE", "--disable-dev-shm-usage"]
        )
        yield browser
        await browser.close()


class Person:
    """Somebody at a browser window. Every page they look at is checked; `seen` keeps the paths."""

    def __init__(self, demo: Demo, context: BrowserContext, page: Page, scripts: bool) -> None:
        self.demo, self.context, self.page, self.scripts = demo, context, page, scripts
        self.seen: list[str] = []
        self.complaints: list[str] = []
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("console", lambda line: self.complaints.append(line.text) if line.type == "error" else None)

    async def sign_in(self, email: str) -> None:
        await self.page.goto(f"{self.demo.url}/anmelden")
        await self.page.get_by_label("E-Mail-Adresse").fill(email)
        await self.page.get_by_label("Kennwort").fill(PASSWORD)
        await self.press("Anmelden")

    async def open(self, path: str, *, axe: bool = True) -> None:
        """Go to a page and check it; without `axe` its shape alone."""
        response = await self.page.goto(self.demo.url + path)
        assert response is not None
        assert response.status == 200, f"{path}: {response.status}"
        await self.check(axe=axe)

    async def press(self, name: str, *, exact: bool = True) -> None:
        """Press the button of this name and check the page that follows."""
        button = self.page.locator("main").get_by_role("button", name=name, exact=exact).first
        async with self.page.expect_navigation():
            await button.click()
        await self.check()

    async def follow(self, name: str) -> None:
        """Follow the link of this name and check the page that follows."""
        link = self.page.locator("main").get_by_role("link", name=name).first
        async with self.page.expect_navigation():
            await link.click()
        await self.check()

    async def fill(self, label: str, value: str) -> None:
        """Type into the first visible field whose label begins like this."""
        fields = self.page.locator("main").locator("input, textarea").and_(self.page.get_by_label(label))
        await fields.locator("visible=true").first.fill(value)

    async def check(self, *, axe: bool = True) -> None:
        """axe finds nothing, one h1, nothing is wider than the window, and the console is quiet.

        Where scripts are switched off axe cannot run, and only the number of headings is looked at.
        """
        path = self.page.url.removeprefix(self.demo.url)
        self.seen.append(path)
        assert await self.page.locator("h1").count() == 1, path
        if not self.scripts:
            return
        try:
            found = await violations(self.page) if axe else []
        except Error as away:  # What the page was told has ended: it has just loaded itself anew.
            if "context was destroyed" not in str(away):
                raise
            await self.page.wait_for_load_state()
            found = await violations(self.page)
        assert not found, f"{path}:\n" + "\n".join(found)
        assert await overflow(self.page) <= 0, f"{path} is wider than the window"
        assert not self.complaints, f"{path}: {self.complaints}"

    async def text(self) -> str:
        return await self.page.locator("main").inner_text()


async def violations(page: Page) -> list[str]:
    """What axe has to say against a page, a line each."""
    await page.evaluate(AXE)
    found = await page.evaluate(
        "rules => axe.run(document, {runOnly: {type: 'tag', values: rules}, resultTypes: ['violations']})",
        RULES,
    )
    return [
        f"{one['id']}: {one['help']} – {node['html'][:200]} {node['failureSummary'][:300]}"
        for one in found["violations"]
        for node in one["nodes"][:3]
    ]


async def overflow(page: Page) -> int:
    """Pixels by which a page is wider than its window (WCAG 1.4.10: none at 320 CSS pixels)."""
    return int(
        await page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    )


class Room:
    """Makes people at windows of a width in CSS pixels; 320 is what 1280 is at 400 % zoom."""

    def __init__(self, demo: Demo, chromium: Browser, stack: AsyncExitStack) -> None:
        self.demo, self.chromium, self.stack = demo, chromium, stack

    async def person(
        self, email: str = "", width: int = 1280, *, scripts: bool = True, **options: Any
    ) -> Person:
        context = await self.chromium.new_context(
            viewport={"width": width, "height": 900}, locale="de-DE", timezone_id="Europe/Berlin",
            java_script_enabled=scripts, **options,
        )  # fmt: skip
        self.stack.push_async_callback(context.close)
        context.set_default_timeout(15_000)
        someone = Person(self.demo, context, await context.new_page(), scripts)
        if email:
            await someone.sign_in(email)
        return someone


@pytest_asyncio.fixture
async def room(demo: Demo, chromium: Browser) -> AsyncIterator[Room]:
    async with AsyncExitStack() as stack:
        yield Room(demo, chromium, stack)
