"""The pictures of the user guide, taken while people of the demo do what its pages tell.

`python -m tests.browser.guide [NAME …]` starts a demo of its own, lets it do every scene in order, and writes
`docs/handbuch/bilder/*.png`; with names it writes those pictures alone. Day and hour are the demo's, windows are
of one size, colours are the light ones and nothing moves, so that a picture only changes when its page does.
"""

import asyncio
import contextlib
import io
import os
import shutil
import signal
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import httpx
from PIL import Image
from playwright.async_api import Browser, Locator, Page, async_playwright

from tests.demo import PASSWORD, Demo, running

PICTURES = Path(__file__).parents[2] / "docs/handbuch/bilder"
LIMIT = 150_000
"""Bytes of one picture: a page of the guide opens at once on a slow line too."""
WIDE, PHONE = 1440, 390
AIR = 16
"""Pixels around a part of a page."""

OFFICE = "leyla.musteroglu@kfi.example"
MODERATOR = "bernd.beispielhof@kfi.example"
MEMBER = "malik.neubeispiel@br-detmold.example"
OTHERS = (
    "joern.probemuster@br-arnsberg.example",
    "pawel.dombeispiel@br-koeln.example",
    "hannelore.probekamp@br-muenster.example",
)
MINUTES = """Die Häuser berichten von ihren Erfahrungen mit Übersetzungen.
B: Die Häuser prüfen Übersetzungen nach gemeinsamen Kriterien.
"""
OUTCOME = "Die Häuser prüfen Übersetzungen nach gemeinsamen Kriterien."
AWAY = "aylin.rheinmuster@br-duesseldorf.example"
STAFF = "kim.beispielmann@br-koeln.example"

PLAIN = r"""(() => {
    const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (texts.nextNode()) texts.currentNode.data = texts.currentNode.data
        .replace(/\b09:0\d Uhr/, '09:00 Uhr').replace(/(Gespeichert um \d\d:\d\d):\d\d/, '$1:00');
})()"""
"""The minute in which a picture is taken, and the second of the last save, are other ones on a slow machine."""
BARE = "show => document.querySelectorAll('.room-foot').forEach(e => { e.style.visibility = show ? '' : 'hidden' })"
"""A bar that stays at the foot of the window would lie across a part of the page."""
MARK = "e => { e.style.outline = '4px solid #c2185b'; e.style.outlineOffset = '4px' }"
UNMARK = "e => { e.style.outline = ''; e.style.outlineOffset = '' }"


class Window:
    """Somebody's browser window, and the camera before it."""

    def __init__(self, demo: Demo, page: Page, wanted: set[str]) -> None:
        self.demo, self.page, self.wanted = demo, page, wanted
        self.main = page.locator("main")

    async def open(self, path: str) -> None:
        answer = await self.page.goto(self.demo.url + path)
        assert answer is not None
        assert answer.status == 200, f"{path}: {answer.status}"

    async def fill(self, label: str, value: str) -> None:
        fields = self.main.locator("input, textarea").and_(self.page.get_by_label(label))
        await fields.locator("visible=true").first.fill(value)

    async def press(self, name: str, *, exact: bool = True) -> None:
        async with self.page.expect_navigation():
            await self.button(name, exact=exact).click()

    async def follow(self, name: str) -> None:
        async with self.page.expect_navigation():
            await self.main.get_by_role("link", name=name).first.click()

    def button(self, name: str, *, exact: bool = True) -> Locator:
        return self.main.get_by_role("button", name=name, exact=exact).first

    def link(self, name: str) -> Locator:
        return self.main.get_by_role("link", name=name).first

    async def shoot(
        self,
        name: str,
        *,
        marked: Locator | None = None,
        of: Locator | None = None,
        to: Locator | None = None,
    ) -> None:
        """Take what the window shows, or a part of the page alone: `of`, or from `of` down `to` another.

        What has to be pressed next, `marked`, gets a ring.
        """
        if self.wanted and name not in self.wanted:
            return
        await self.page.evaluate("document.fonts.ready")
        await self.page.evaluate("document.activeElement && document.activeElement.blur()")
        await self.page.evaluate("window.scrollTo(0, 0)")
        if await self.page.locator("[sse-connect]").count():
            # An open page is told at once what others see now, and may draw a part anew.
            await self.page.wait_for_timeout(1_000)
        await self.page.evaluate(PLAIN)
        if marked is not None:
            await marked.evaluate(MARK)
        if of is None:
            taken = await self.page.screenshot(animations="disabled", caret="hide")
        else:
            first = await of.bounding_box()
            last = await (to or of).bounding_box()
            assert first is not None
            assert last is not None
            x, y = max(first["x"] - AIR, 0), max(first["y"] - AIR, 0)
            right = max(first["x"] + first["width"], last["x"] + last["width"]) + AIR
            await self.page.evaluate(BARE, False)
            taken = await self.page.screenshot(
                animations="disabled", caret="hide", full_page=True,
                clip={"x": x, "y": y, "width": right - x, "height": last["y"] + last["height"] + AIR - y},
            )  # fmt: skip
            await self.page.evaluate(BARE, True)
        if marked is not None:
            await marked.evaluate(UNMARK)
        _keep(name, taken)


def _keep(name: str, taken: bytes) -> None:
    """Write the picture with as few colours as it needs. Raises AssertionError when it is too heavy."""
    with Image.open(io.BytesIO(taken)) as full:
        small = full.convert("RGB").quantize(128, dither=Image.Dither.NONE)
    written = io.BytesIO()
    small.save(written, "PNG", optimize=True)
    assert written.tell() < LIMIT, f"{name}: {written.tell()} bytes"
    (PICTURES / f"{name}.png").write_bytes(written.getvalue())


class Studio:
    """Opens windows of the people of the demo."""

    def __init__(self, demo: Demo, chromium: Browser, wanted: set[str]) -> None:
        self.demo, self.chromium, self.wanted = demo, chromium, wanted

    @contextlib.asynccontextmanager
    async def window(self, email: str, width: int = WIDE) -> AsyncIterator[Window]:
        context = await self.chromium.new_context(
            viewport={"width": width, "height": 900 if width == WIDE else 844},
            device_scale_factor=1 if width == WIDE else 2,
            locale="de-DE", timezone_id="Europe/Berlin", color_scheme="light", reduced_motion="reduce",
        )  # fmt: skip
        context.set_default_timeout(15_000)
        window = Window(self.demo, await context.new_page(), self.wanted)
        await window.open("/anmelden")
        await window.fill("E-Mail-Adresse", email)
        await window.fill("Kennwort", PASSWORD)
        await window.press("Anmelden")
        yield window
        await context.close()

    async def wind(self, instant: str) -> None:
        """Let the office clock show `instant` (RFC 3339) and start the service anew, as after a night."""
        facts = self.demo.facts
        db = await asyncpg.connect(facts["admin_url"])
        await db.execute(
            "update office_clock set offset_seconds = round(extract(epoch from $1::text::timestamptz - now()))",
            instant,
        )
        await db.close()
        for name in ("web", "worker"):
            os.kill(facts["pids"][name], signal.SIGTERM)
        end = time.monotonic() + 60
        async with httpx.AsyncClient() as client:
            while time.monotonic() < end:
                await asyncio.sleep(0.5)
                with contextlib.suppress(httpx.HTTPError):
                    ready = await client.get(self.demo.url + "/health/ready")
                    if ready.status_code == 200 and self.demo.facts["pids"]["web"] != facts["pids"]["web"]:
                        return
        raise AssertionError("the service did not come back")


async def the_desks(studio: Studio) -> None:
    for name, email in (
        ("geschaeftsfuehrung-1", OFFICE), ("integrationsbeauftragte-1", MEMBER), ("regionale-beschaeftigte-1", STAFF),
    ):  # fmt: skip
        async with studio.window(email) as someone:
            await someone.open("/")
            await someone.shoot(name)


async def the_year(studio: Studio) -> None:
    async with studio.window(OFFICE) as office:
        await office.open("/sitzungen/jahr/2027")
        await office.follow("Jahr planen")
        await office.page.get_by_label("zweiter").check()
        await office.page.get_by_label("Wochentag").select_option(label="Mittwoch")
        for month in ("Februar", "April", "Juni", "September", "November"):
            await office.page.get_by_label(month, exact=True).check()
        await office.fill("Beginn", "10:00")
        await office.fill("Ende", "14:00")
        await office.page.get_by_label("In Präsenz", exact=True).check()
        await office.fill("Ort", "Arnsberg, Raum 3.12 (fiktiv)")
        await office.press("Tage vorschlagen")
        await office.shoot("jahr-planen-1")
        await office.press("Gewählte Sitzungen ansetzen")
        await office.shoot("jahr-planen-2")


async def a_date(studio: Studio) -> None:
    async with studio.window(OFFICE) as office:
        await office.open("/terminabfragen/neu")
        await office.fill("Titel der Sitzung", "Sondersitzung Sprachmittlung")
        await office.fill("Antworten bis", "2026-12-04")
        for place, day in ((1, "2027-01-13"), (2, "2027-01-14"), (3, "2027-01-20")):
            await office.fill(f"{place}. Termin", day)
        await office.shoot("termin-finden-1")
        await office.press("Abfrage versenden")
        path = office.page.url.removeprefix(office.demo.url)
        for email in (MEMBER, *OTHERS[:2]):
            async with studio.window(email, PHONE) as member:
                await member.open(path)
                for group, answer in ((0, "ja"), (1, "nein"), (2, "notfalls")):
                    await member.main.get_by_role("group").nth(group).get_by_label(answer).check()
                if email == MEMBER:
                    await member.shoot("termin-finden-2")
                await member.press("Antwort speichern")
        await office.open(path)
        await office.main.get_by_role("group").last.get_by_label("13. Januar").check()
        await office.shoot(
            "termin-finden-3",
            marked=office.button("Tag festlegen"),
            of=office.main.locator("section[aria-labelledby=counts]"),
            to=office.main.locator("section[aria-labelledby=fix]"),
        )


async def an_item(studio: Studio) -> None:
    async with studio.window(OFFICE) as office:
        await office.open("/sitzungen/KK-2026-6")
        await office.shoot("sitzung-vorbereiten-1")
    async with studio.window(MEMBER) as member:
        await member.open("/sitzungen/KK-2026-6")
        await member.shoot("punkt-anmelden-1", marked=member.link("Punkt anmelden"))
        await member.follow("Punkt anmelden")
        await member.fill("Titel", "Dolmetschen in Dienstgebäuden")
        await member.page.get_by_label("Abstimmung", exact=True).check()
        await member.page.get_by_label("Art", exact=False).first.select_option(label="Beratung")
        await member.fill(
            "Worum es geht", "Drei Häuser haben Verträge, zwei nicht. Wollen wir gemeinsam bestellen?"
        )
        await member.page.get_by_label("Wer trägt vor?").select_option(label="Malik Neubeispiel (BR Detmold)")
        await member.fill("Dauer in Minuten", "25")
        await member.shoot("punkt-anmelden-2")
        await member.main.get_by_label("Unterlage", exact=False).first.set_input_files(
            {
                "name": "Überblick.txt",
                "mimeType": "text/plain",
                "buffer": "Fünf Häuser, ein Überblick.".encode(),
            }
        )
        await member.press("Punkt verspätet anmelden")
        await member.shoot("punkt-anmelden-3")


async def an_agenda(studio: Studio) -> None:
    async with studio.window(OFFICE) as office:
        await office.open("/sitzungen/KK-2026-6/tagesordnung")
        await office.shoot("tagesordnung-ordnen-1", marked=office.button("Aufnehmen", exact=False))
        await office.press("Aufnehmen", exact=False)
        await office.open("/sitzungen/KK-2026-6/tagesordnung")
        await office.press("Aufnehmen", exact=False)
        await office.open("/sitzungen/KK-2026-6/tagesordnung")
        await office.shoot("tagesordnung-ordnen-2")


async def an_invitation(studio: Studio) -> None:
    async with studio.window(OFFICE) as office:
        await office.open("/sitzungen/KK-2026-6/einladung")
        await office.shoot("einladung-versenden-1")
        await office.press("Einladung versenden")
        await office.page.get_by_text("abgeschlossen").first.wait_for(timeout=60_000)
        await office.page.wait_for_load_state()
        await office.shoot("einladung-versenden-2")


async def replies(studio: Studio) -> None:
    async with studio.window(MEMBER, PHONE) as member:
        await member.open("/sitzungen/KK-2026-6")
        await member.shoot("rueckmelden-1", of=member.main.locator("#rueckmeldung"))
        await member.main.locator("#rueckmeldung").get_by_label("kommt in Präsenz").check()
        await member.press("Rückmeldung senden")
    for email in OTHERS:
        async with studio.window(email) as other:
            await other.open("/sitzungen/KK-2026-6")
            await other.main.locator("#rueckmeldung").get_by_label("kommt in Präsenz").check()
            await other.press("Rückmeldung senden")
    async with studio.window(AWAY) as other:
        await other.open("/sitzungen/KK-2026-6")
        answer = other.main.locator("#rueckmeldung")
        await answer.get_by_label("lässt sich vertreten").check()
        await answer.get_by_label("Vertretung durch").select_option(label="Carsten Probebach")
        await other.press("Rückmeldung senden")
    async with studio.window(OFFICE) as office:
        await office.open("/sitzungen/KK-2026-6/rueckmeldungen")
        await office.shoot("rueckmelden-2")


async def minutes(studio: Studio) -> None:
    async with studio.window(MEMBER) as member:
        await member.open("/sitzungen/KK-2026-5/niederschrift")
        await member.shoot("niederschrift-1", marked=member.link("Einwendung erheben"))
    async with studio.window(OFFICE) as office:
        await office.open("/sitzungen/KK-2026-5/niederschrift/versand")
        await office.shoot("niederschrift-2")


async def advice(studio: Studio) -> None:
    async with studio.window(MEMBER) as member:
        await member.open("/anfragen/neu")
        await member.fill("Betreff", "Aushänge in Leichter Sprache")
        await member.fill("Frage", "Welche Aushänge müssen in Leichter Sprache angeboten werden?")
        await member.shoot("beratungsanfrage-1")
        await member.page.get_by_label("verwaltungsintern").check()
        await member.page.get_by_label("Die Anfrage enthält keine personenbezogenen Angaben.").check()
        await member.press("Anfrage abschicken")
        await member.shoot("beratungsanfrage-2")


async def knowledge(studio: Studio) -> None:
    async with studio.window(STAFF) as staff:
        await staff.open("/suche?q=Uebersetzung")
        await staff.shoot("wissen-suchen-1")
    async with studio.window(STAFF, PHONE) as staff:
        await staff.open("/")
        await staff.page.get_by_text("Menü", exact=True).click()
        await staff.shoot("telefon-1")


async def papers(studio: Studio) -> None:
    async with studio.window(MEMBER) as member:
        await member.open("/sitzungen/KK-2026-6")
        await member.press("Alle Unterlagen als PDF")
        await member.link("PDF herunterladen").wait_for(timeout=60_000)
        await member.open("/sitzungen/KK-2026-6/unterlagen")
        await member.shoot("buendel-1", marked=member.link("PDF herunterladen"))
        await member.open("/kalender")
        await member.shoot("kalender-1", marked=member.button("Adresse erzeugen", exact=False))


async def the_room(studio: Studio) -> None:
    """The morning of the meeting, and once more in the middle of its third item."""
    await studio.wind("2026-12-09T09:56:00+01:00")
    async with studio.window(OFFICE) as office, studio.window(MEMBER, PHONE) as member:
        await office.open("/sitzungen/KK-2026-6/raum")
        await office.shoot("sitzung-leiten-2", marked=office.button("Sitzung eröffnen"))
        await office.press("Sitzung eröffnen")
        for name in (
            "TOP 1 aufrufen",
            "TOP 1 abschließen, weiter zu TOP 2",
            "TOP 2 abschließen, weiter zu TOP 3",
        ):
            await office.press(name)
        await studio.wind("2026-12-09T10:18:30+01:00")
        await member.open("/sitzungen/KK-2026-6/live")
        await member.shoot("live-mitverfolgen-1", marked=member.button("Zu Wort melden"))
        await member.press("Zu Wort melden")
        await office.open("/sitzungen/KK-2026-6/raum")
        field = office.page.get_by_label("Text für die Niederschrift")
        await office.page.get_by_text("Verbunden.").wait_for()
        await field.press_sequentially(MINUTES, delay=1)
        await office.button("Ergebnis übernehmen").wait_for()
        await office.shoot("sitzung-leiten-1", marked=office.button("TOP 3 abschließen, weiter zu TOP 4"))
        await office.main.locator("summary", has_text="Abstimmung eröffnen").click()
        await office.page.locator("#abstimmung").get_by_label("Wortlaut").fill(OUTCOME)
        await office.page.get_by_label("Jedes Haus stimmt selbst ab").check()
        await office.press("Abstimmung eröffnen")
        await member.open("/sitzungen/KK-2026-6/live")
        await member.page.get_by_label("Zustimmung mit Vorbehalt").check()
        await member.page.get_by_label("Prüfvorbehalt").check()
        await member.page.get_by_label("Worum geht es?").fill("Das Haus prüft die Kosten.")
        await member.shoot(
            "live-mitverfolgen-2", of=member.page.locator("#stimme"), marked=member.button("Stimme abgeben")
        )
        await member.press("Stimme abgeben")
        await office.open("/sitzungen/KK-2026-6/raum")
        await office.shoot(
            "sitzung-leiten-3",
            of=office.page.locator("#abstimmung"),
            marked=office.button("Abstimmung schließen"),
        )


SCENES = (
    the_desks, the_year, a_date, an_item, an_agenda, an_invitation, replies, papers, minutes, advice, knowledge, the_room,
)  # fmt: skip


async def take(demo: Demo, wanted: set[str]) -> None:
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    assert path, "Chromium is missing. Install it with deploy/install-test-packages"
    PICTURES.mkdir(parents=True, exist_ok=True)
    async with async_playwright() as playwright:
        chromium = await playwright.chromium.launch(
            executable_path=path,
            args=["--no-sandbox", "--lang=de-DE", "--disable-dev-shm-usage"],
            env={**os.environ, "LANGUAGE": "de"},
        )
        studio = Studio(demo, chromium, wanted)
        for scene in SCENES:
            since = time.monotonic()
            await scene(studio)
            print(f"{scene.__name__} … {time.monotonic() - since:.1f} s")
        await chromium.close()


if __name__ == "__main__":
    with running() as found:
        asyncio.run(take(found, set(sys.argv[1:])))
