"""Every page for the people who use it: by axe, at 400 % zoom, in the dark, in print, by keyboard, without scripts."""

import re

import pytest

from .conftest import Person, Room, overflow, violations

pytestmark = pytest.mark.browser

OFFICE = "leyla.musteroglu@kfi.example"
PAGES = {
    OFFICE: [
        "/", "/sitzungen", "/sitzungen/neu", "/sitzungen/KK-2026-6", "/sitzungen/KK-2026-6/tagesordnung",
        "/sitzungen/KK-2026-6/einladung", "/sitzungen/KK-2026-6/raum", "/sitzungen/KK-2026-5", "/sitzungen/KK-2026-5/niederschrift",
        "/anfragen", "/anfragen/BA-2026-020", "/wissen", "/wissen/WD-000", "/wissen/neu", "/aufgaben", "/personen",
        "/versand", "/versand/neu", "/suche?q=Sprachmittlung", "/hilfe", "/barrierefreiheit", "/datenschutz", "/impressum",
        "/personen/haus/br-koeln", "/personen/veraltet", "/bestellungen", "/bestellungen/neu", "/bestellungen/ministerium",
        "/pflichten", "/bestellungen > /bestellungen/ID", "/bestellungen > /bestellungen/ID > /bestellungen/ID/nachfolge",
        "/bestellungen > /bestellungen/ID > /bestellungen/ID/korrigieren", "/konten", "/konten/neu", "/konten > /konten/ID",
        "/vertretungen", "/vertretungen/neu", "/rechte", "/terminabfragen", "/terminabfragen > /terminabfragen/ID",
        "/terminabfragen/neu", "/kalender",
    ],
    "malik.neubeispiel@br-detmold.example": [
        "/", "/sitzungen", "/sitzungen/KK-2026-6", "/sitzungen/KK-2026-6/top/neu", "/anfragen", "/anfragen/neu", "/wissen",
        "/aufgaben", "/konto", "/personen > /personen/ID", "/netzwerk", "/netzwerk/neu", "/netzwerk > /netzwerk/ID",
        "/netzwerk/abdeckung", "/netzwerk/einlesen", "/personen/haus/br-detmold/angaben", "/haus", "/haus/massnahmen/neu",
        "/haus/vortraege/neu", "/haus/fachbereiche", "/terminabfragen > /terminabfragen/ID", "/kalender",
    ],
    "joern.probemuster@br-arnsberg.example": [
        "/", "/haus", "/haus > /haus/massnahmen/ID", "/haus > /haus/vortraege/ID",
        "/haus > /haus/massnahmen/ID > /haus/massnahmen/ID/mitzeichnung",
    ],
    "nuria.exempla@kfi.example": ["/", "/anfragen", "/anfragen/BA-2026-018", "/wissen"],
    "kim.beispielmann@br-koeln.example": ["/", "/wissen", "/suche?q=Anerkennung", "/personen"],
    "viola.referatsmuster@ministerium.example": ["/", "/wissen", "/sitzungen"],
    "sam.technikmuster@kfi.example": ["/", "/konten", "/konten > /konten/ID"],
    "ute.datenprobe@br-arnsberg.example": ["/"],
}  # fmt: skip


async def arrive(person: Person, way: str, *, axe: bool) -> None:
    """Open a page, or go from page to page by the first link of each form; the last one is checked."""
    first, *links = way.split(" > ")
    await person.open(first, axe=axe and not links)
    for link in links:
        form = re.compile("^" + link.replace("ID", "[0-9a-f-]{36}") + "$")
        found = await person.page.locator("main a").evaluate_all(
            "all => all.map(a => a.getAttribute('href'))"
        )
        target = next((one for one in found if one and form.match(one)), None)
        assert target, f"{way}: no link to {link} on {person.page.url}"
        await person.open(target, axe=axe and link == links[-1])


@pytest.mark.parametrize("email", PAGES)
async def test_pages_stand_every_check_at_both_widths(room: Room, email: str) -> None:
    wrong = []
    for width in (1280, 320):
        person = await room.person(email, width)
        for path in PAGES[email]:
            try:
                await arrive(person, path, axe=width > 320)
            except AssertionError as complaint:
                wrong.append(f"at {width}: {complaint}")
    assert not wrong, "\n".join(wrong)


async def test_what_strangers_see_is_usable_by_everybody(room: Room) -> None:
    for width in (1280, 320):
        person = await room.person("", width)
        for path in ("/anmelden", "/kennwort-vergessen", "/ansprechpersonen"):
            await person.open(path)


async def test_dark_and_forced_colours_keep_their_contrast(room: Room) -> None:
    dark = await room.person(OFFICE, color_scheme="dark")
    forced = await room.person(OFFICE, forced_colors="active")
    for path in (
        "/",
        "/sitzungen/KK-2026-6",
        "/sitzungen/KK-2026-5/niederschrift",
        "/anfragen/BA-2026-020",
        "/wissen/WD-000",
    ):
        await dark.open(path)
        # The system's own colours stand there; axe knows nothing about them.
        await forced.open(path, axe=False)


async def test_text_spacing_breaks_nothing(room: Room) -> None:
    """WCAG 1.4.12."""
    person = await room.person(OFFICE, 320, bypass_csp=True)
    for path in ("/", "/sitzungen/KK-2026-6", "/anfragen/BA-2026-020", "/wissen/WD-000"):
        await person.open(path)
        await person.page.add_style_tag(
            content="* {line-height: 1.5 !important; letter-spacing: .12em !important; word-spacing: .16em !important}"
        )
        assert await overflow(person.page) <= 0, path


async def test_print_leaves_out_what_paper_cannot_do(room: Room) -> None:
    person = await room.person(OFFICE)
    await person.open("/sitzungen/KK-2026-5/niederschrift")
    await person.page.emulate_media(media="print")
    for gone in ("header.page-header", "footer.page-footer", "a.skip"):
        assert not await person.page.locator(gone).first.is_visible(), gone
    assert await person.page.locator(".print-head").is_visible()
    assert len(await person.page.pdf(tagged=True)) > 10_000


async def test_the_keyboard_reaches_the_content_first_and_sees_where_it_is(room: Room) -> None:
    person = await room.person(OFFICE)
    await person.open("/")
    await person.page.keyboard.press("Tab")
    assert await person.page.evaluate("document.activeElement.className") == "skip"
    await person.page.keyboard.press("Enter")
    assert await person.page.evaluate("document.activeElement.id") == "inhalt"
    for _ in range(12):
        await person.page.keyboard.press("Tab")
        ring = await person.page.evaluate(
            "(() => {const s = getComputedStyle(document.activeElement); return s.outlineStyle + s.boxShadow})()"
        )
        assert ring != "nonenone", await person.page.evaluate("document.activeElement.outerHTML")


async def test_a_wrong_form_says_so_at_the_field_and_keeps_what_was_typed(room: Room) -> None:
    person = await room.person("malik.neubeispiel@br-detmold.example", scripts=False)
    await person.page.goto(person.demo.url + "/anfragen/neu")
    await person.page.get_by_label("Betreff").fill("Ein Betreff ohne Frage")
    await person.press("Anfrage abschicken")
    assert await person.page.get_by_label("Betreff").input_value() == "Ein Betreff ohne Frage"
    assert await person.page.locator("[aria-invalid=true]").count() >= 1
    assert (await person.page.title()).startswith("Fehler")


async def test_an_unknown_page_helps_on(room: Room) -> None:
    person = await room.person(OFFICE)
    response = await person.page.goto(person.demo.url + "/gibt-es-nicht")
    assert response is not None
    assert response.status == 404
    assert not await violations(person.page)
    assert await person.page.locator("main a").count() >= 1


async def reach(person: Person, name: str) -> None:
    """Go on with the tabulator until something of this name has the focus."""
    for _ in range(90):
        await person.page.keyboard.press("Tab")
        label = await person.page.evaluate(
            "(e => (e.labels && e.labels.length ? e.labels[0].innerText : e.innerText || '').trim())(document.activeElement)"
        )
        if label.startswith(name):
            return
    raise AssertionError(f"the keyboard does not reach {name} on {person.page.url}")


async def enter(person: Person, *, refused: bool = False) -> None:
    async with person.page.expect_navigation():
        await person.page.keyboard.press("Enter")
    if refused:
        # The browser's console tells of the status that is meant here.
        person.complaints.clear()
    await person.check()


async def test_a_duty_is_recorded_by_keyboard_alone_on_a_phone(room: Room) -> None:
    """From the directory over the open duties to the proof of an announcement, and what was typed wrong is told."""
    person = await room.person(OFFICE, 390)
    await person.open("/personen")
    for name in ("Offene Pflichten", "Zur Bestellung", "Nachweis eintragen"):
        await reach(person, name)
        await enter(person)
    await reach(person, "Fundstelle oder Aktenzeichen")
    await person.page.keyboard.type("Organigramm im Internet (fiktiv)")
    await reach(person, "Nachweis eintragen")
    await enter(person, refused=True)
    assert "Wann? Bitte ausfüllen." in await person.text()
    await reach(person, "Wann? (")
    # The order of day and month is the browser's, which may speak English.
    field = person.page.get_by_label("Wann?")
    await person.page.keyboard.type("11232026")
    if await field.input_value() != "2026-11-23":
        await person.page.keyboard.press("Shift+Tab")
        await reach(person, "Wann? (")
        await person.page.keyboard.type("23112026")
    assert await field.input_value() == "2026-11-23"
    await reach(person, "Nachweis eintragen")
    await enter(person)
    assert "Der Nachweis ist eingetragen." in await person.text()
    await person.open("/pflichten")
    assert "1 Pflicht ist offen" in await person.text()
