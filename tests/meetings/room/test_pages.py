"""The pages of the room: the moderation's screen by forms alone, the participants' and the projector's view, what open
pages are told, and who sees none of it."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import lxml.html
import pytest
from litestar import Litestar

from circle.core.clock import Clock
from circle.core.db import Connection
from tests import make
from tests.clients import Browser, Clients, Told, listening, queries
from tests.house.test_walk import flaws
from tests.meetings.world import PAGE

from . import scene

EVERY = re.compile(".*")
ROOM, LIVE, SCREEN = f"{PAGE}/raum", f"{PAGE}/live", f"{PAGE}/praesentation"
SECRET: dict[str, Any] = {
    "title": "Geheimer Personalfall",
    "level": "confidential",
    "by": "egon",
    "named": ["mona", "anna"],
}
MASK = "Vertraulicher Tagesordnungspunkt"


class Screen:
    """What somebody sees, and the buttons they press without JavaScript."""

    def __init__(self, browser: Browser) -> None:
        self.browser = browser

    async def open(self, path: str) -> str:
        return self.take(await self.browser.get(path))

    def take(self, answer: httpx.Response, status: int = 200) -> str:
        assert answer.status_code == status, (answer.status_code, answer.text[:500])
        assert flaws(answer.text, [EVERY]) == []
        self.page: Any = lxml.html.fromstring(answer.text)
        return answer.text

    def buttons(self) -> list[str]:
        return [words(one) for one in self.page.xpath("//main//button")]

    async def press(self, label: str, status: int = 303, **typed: Any) -> str:
        """Send the form of a button with what stands in it, and follow where it leads."""
        (button, *_) = [one for one in self.page.xpath("//main//button") if words(one) == label]
        form = next(button.iterancestors("form"))
        fields: dict[str, Any] = {}
        for field in form.xpath(".//input[@name] | .//select[@name]"):
            if field.get("type") == "checkbox" and field.get("checked") is None:
                continue
            value = field.value if field.tag == "select" else field.get("value", "")
            fields.setdefault(field.get("name"), []).append(value)
        if button.get("name"):
            fields[button.get("name")] = button.get("value")
        answer = await self.browser.post(form.get("action"), fields | typed)
        if status != 303:
            return self.take(answer, status)
        assert answer.status_code == 303, (
            answer.status_code,
            re.findall(r"<li>.{0,300}", answer.text.partition("error-summary")[2])[:2],
        )
        return await self.open(answer.headers["location"])


def words(element: Any) -> str:
    return " ".join(element.text_content().split())


async def opened(db: Connection, client: Clients, office: Clock, **item: Any) -> Screen:
    """Mona has opened the meeting; Ben, Dina for Kim, and Dora are there."""
    _, people = await scene.prepare(db, office, **item)
    mona = Screen(await client.browser("mona"))
    await mona.open(ROOM)
    here = [f"{people[nick]},on_site" for nick in ("ben", "dora")] + [
        f"{people['dina']},on_site,{people['kim']}"
    ]
    await mona.press("Trotzdem eröffnen", here=here)
    return mona


async def guest(db: Connection, mona: Screen, nick: str = "edda") -> None:
    """Somebody without a voice comes in."""
    await mona.open(f"{ROOM}/eintragen")
    await mona.press("Eintragen", person_id=str(await make.person_id(db, nick)))
    await mona.open(ROOM)


@asynccontextmanager
async def told(app: Litestar, client: Clients, path: str, nick: str) -> AsyncIterator["Stream"]:
    async with listening(app, path, await client.token(nick)) as found:
        assert (await found.start())["content-type"].startswith("text/event-stream")
        yield Stream(found)


class Stream:
    """The newest text of each part that an open page was told."""

    def __init__(self, told: Told) -> None:
        self.told, self.parts = told, dict[str, str]()

    async def until(self, name: str, text: str = "") -> dict[str, str]:
        """Listen until a part of this name says this."""
        async with asyncio.timeout(15):
            while name not in self.parts or text not in self.parts[name]:
                message = await self.told.messages.get()
                for event in message.get("body", b"").decode().split("\n\n"):
                    lines = event.split("\n")
                    if lines[0].startswith("event: "):
                        said = "\n".join(line.removeprefix("data: ") for line in lines[1:])
                        self.parts[lines[0].removeprefix("event: ")] = said
        return self.parts


async def test_from_opening_to_closing_by_forms_alone(db: Connection, client: Clients, office: Clock) -> None:
    mona = await opened(db, client, office)
    page = await mona.open(ROOM)
    for said in (
        "3 von 5",
        "Beschlussfähig",
        "Dina Vertretung",
        "vertritt Kim Köln",
        "Egon Mitglied",
        "TOP 1 aufrufen",
    ):
        assert said in page, said
    await mona.press("TOP 1 aufrufen")
    page = await mona.press("TOP 1 abschließen, weiter zu TOP 2")
    assert "TOP 2 abschließen, weiter zu TOP 3" in mona.buttons() and "zurück zu TOP 1" in mona.buttons()
    page = await mona.press("Zeit verlängern um 10 min")
    assert "übrig von 20" in page
    await mona.press("zurück zu TOP 1")
    assert "TOP 1 abschließen, weiter zu TOP 2" in mona.buttons()
    page = await mona.press("Pause")
    assert ">Pause</h2>" in page
    await mona.press("weiter mit TOP 2")
    page = await mona.press("Vertagen")
    assert "Der Punkt ist vertagt." in page and "TOP 3 abschließen, weiter zu TOP 4" in mona.buttons()
    assert "vertagt" in page
    page = await mona.press("geht: Ben Beauftragt")
    assert "Nicht beschlussfähig" in page and "Es fehlt 1 von 3 Häusern." in page
    page = await mona.press("kommt: Egon Mitglied")
    assert "Nicht beschlussfähig" not in page
    await guest(db, mona)
    assert "Edda Fachkraft" in await mona.open(ROOM)
    for number in (3, 4, 5):
        await mona.press(f"TOP {number} abschließen, weiter zu TOP {number + 1}")
    page = await mona.press("TOP 6 abschließen")
    assert "Alle Punkte sind behandelt" in page
    await mona.press("Sitzung schließen")
    page = await mona.open(ROOM)
    assert (
        "Die Sitzung ist geschlossen" in page
        and f"{PAGE}/niederschrift" in page
        and "Wer war wann da?" in page
    )
    statuses = await db.fetch("select number, status from agenda_item where number <> '' order by \"order\"")
    assert [tuple(row) for row in statuses] == [
        ("1", "treated"), ("2", "adjourned"), ("3", "treated"), ("4", "treated"), ("5", "treated"), ("6", "treated"),
    ]  # fmt: skip
    assert "3 von 5 Häusern waren beim Schließen da" in await mona.open(f"{ROOM}/anwesenheit")


async def test_before_it_begins_the_ring_counts_the_houses_that_are_ticked(
    db: Connection, client: Clients, office: Clock
) -> None:
    await scene.prepare(db, office)
    mona = Screen(await client.browser("mona"))
    assert "<strong>1 von 5</strong>" in await mona.open(ROOM)  # Dina stands in for Kim.
    answer = await (await client.browser("ben")).post(
        f"{PAGE}/rueckmeldung", {"answer": "in_person", "idempotency_key": "k"}
    )
    assert answer.status_code == 303, answer.text
    page = await mona.open(ROOM)
    assert "<strong>2 von 5</strong> Häusern angekündigt" in page and page.count(" checked>") == 2


async def test_times_are_put_right_and_a_wrong_one_stays_in_its_field(
    db: Connection, client: Clients, office: Clock
) -> None:
    mona = await opened(db, client, office)
    await mona.open(f"{ROOM}/zeiten")
    page = await mona.press("Speichern: Zeiten von Ben Beauftragt", 422, arrived_local="8.15")
    assert 'value="8.15"' in page and 'id="error-arrived_local"' in page
    page = await mona.press("Speichern: Zeiten von Ben Beauftragt", arrived_local="08:15")
    assert "Die Zeiten sind berichtigt." in page and 'value="08:15"' in page
    other = await make.meeting(db, "KK-2026-9", state="running", on=make.date(2026, 11, 23))
    stay = await db.fetchval("select id from presence limit 1")
    strange = await mona.browser.post(
        f"/sitzungen/KK-2026-9/raum/zeiten/{stay}", {"idempotency_key": "k", "arrived_local": "08:00"}
    )
    assert other and strange.status_code == 404


async def test_a_voice_goes_over_and_a_mistake_is_taken_back(
    db: Connection, client: Clients, office: Clock
) -> None:
    mona = await opened(db, client, office)
    await make.person(db, "bodo", name="Bodo Zweiter", authority="br-arnsberg", roles=["regional_staff"])
    await mona.open(f"{ROOM}/eintragen")
    page = await mona.press("Stimme übernehmen", 422)
    assert 'id="error-taker_id"' in page
    page = await mona.press("Stimme übernehmen", taker_id=str(await make.person_id(db, "bodo")), stays="true")
    assert "Bodo Zweiter" in page and "vertritt Ben Beauftragt" in page and "3 von 5" in page
    await mona.open(f"{ROOM}/zeiten")
    button = next(one for one in mona.buttons() if one.startswith("Eintrag zurücknehmen: Dora Mitglied"))
    await mona.press(button)
    assert "2 von 5" in await mona.open(ROOM)


async def test_a_step_from_an_old_page_is_refused_with_the_room_as_it_is(
    db: Connection, client: Clients, office: Clock
) -> None:
    mona = await opened(db, client, office)
    anna = Screen(await client.browser("anna"))
    await anna.open(ROOM)
    await mona.press("TOP 1 aufrufen")
    page = await anna.press("TOP 1 aufrufen", 412)
    assert "TOP 1 abschließen, weiter zu TOP 2" in anna.buttons() and 'id="error-summary"' in page


async def test_before_a_confidential_item_guests_are_named_and_asked_out(
    db: Connection, client: Clients, office: Clock
) -> None:
    mona = await opened(db, client, office, **SECRET)
    await guest(db, mona)
    secret = await db.fetchval(
        "select i.id from agenda_item i join agenda_content c on c.item_id = i.id where c.title = $1",
        SECRET["title"],
    )
    number = await db.fetchval("select number from agenda_item where id = $1", secret)
    page = await mona.press("TOP 1 aufrufen", 409, next_id=str(secret))
    assert "Edda Fachkraft" in page and SECRET["title"] not in page
    page = await mona.press(f"Gäste hinausbitten und TOP {number} aufrufen")
    assert SECRET["title"] in page and "hinausgebeten um" in page
    edda, ben, anna = [Screen(await client.browser(nick)) for nick in ("edda", "ben", "anna")]
    for someone in (edda, ben):
        for path in (LIVE, SCREEN):
            page = await someone.open(path)
            assert MASK in page and SECRET["title"] not in page
        asked_in = "Sie werden wieder hereingebeten." in await someone.open(LIVE)
        assert asked_in is (someone is edda), "a member may stay"
    assert SECRET["title"] in await anna.open(LIVE)
    assert SECRET["title"] not in await anna.open(SCREEN), "the projector shows what everybody may see"
    page = await mona.press(f"TOP {number} abschließen, weiter zu TOP 1")
    assert "Bitten Sie wieder herein: <strong>Edda Fachkraft</strong>" in page


async def test_who_comes_in_to_a_confidential_item_is_asked_for_on_the_page(
    db: Connection, client: Clients, office: Clock
) -> None:
    mona = await opened(db, client, office, **SECRET)
    secret = await db.fetchval(
        "select i.id from agenda_item i join agenda_content c on c.item_id = i.id where c.title = $1",
        SECRET["title"],
    )
    number = await db.fetchval("select number from agenda_item where id = $1", secret)
    await mona.press("TOP 1 aufrufen", 409, next_id=str(secret))
    await mona.press(f"TOP {number} trotzdem aufrufen")
    await mona.open(f"{ROOM}/eintragen")
    page = await mona.press("Eintragen", 409, person_id=str(await make.person_id(db, "edda")), at_local="")
    assert f"TOP {number} ist vertraulich" in page and "<strong>Edda Fachkraft</strong>" in page
    assert SECRET["title"] not in page
    await mona.press("Trotzdem eintragen")
    assert "Edda Fachkraft" in await mona.open(ROOM)
    assert await db.fetchval("select count(*) from audit_event where action = 'agenda_item.heard'") == 2


async def test_the_live_page_is_for_whoever_sees_the_meeting(
    db: Connection, client: Clients, office: Clock
) -> None:
    mona = await opened(db, client, office)
    await guest(db, mona)
    await mona.press("TOP 1 aufrufen")
    for nick in ("anna", "mona", "ben", "dina", "edda"):
        someone = Screen(await client.browser(nick))
        page = await someone.open(LIVE)
        for said in ("Begrüßung", "TOP 1 von", "3 von 5", "BR Arnsberg", "Ende voraussichtlich"):
            assert said in page, (nick, said)
        assert ("Zum Sitzungsraum" in page) == (nick in ("anna", "mona"))
        page = await someone.open(SCREEN)
        assert "Begrüßung" in page and "TOP 1" in page
    await db.execute(
        "update agenda_content set minutes = 'Alle begrüßen sich.' where title like 'Begrüßung%'"
    )
    for nick, reads in (("ben", True), ("dina", True), ("mona", True), ("edda", False)):
        page = await Screen(await client.browser(nick)).open(LIVE)
        assert ("Alle begrüßen sich." in page) is reads, nick
    egon = await Screen(await client.browser("egon")).open(LIVE)
    assert "Alle begrüßen sich." not in egon, "who is not in the room does not read along"


@pytest.mark.parametrize(
    ("state", "said"),
    [
        ("agenda_open", "Die Sitzung hat noch nicht begonnen"),
        ("held", "Die Niederschrift kommt als Entwurf zu Ihnen."),
        ("minutes_approved", "Die Sitzung ist geschlossen"),
        ("cancelled", "Die Sitzung ist abgesagt"),
    ],
)
async def test_every_state_of_a_meeting_has_its_live_page(
    db: Connection, client: Clients, office: Clock, state: str, said: str
) -> None:
    await make.meeting(db, state=state)
    ben = Screen(await client.browser("ben"))
    assert said in await ben.open(LIVE)
    await ben.open(SCREEN)


@pytest.mark.parametrize("path", ["", "/stand", "/eintragen", "/zeiten", "/anwesenheit"])
async def test_only_the_moderation_has_the_room(
    db: Connection, client: Clients, office: Clock, path: str
) -> None:
    await opened(db, client, office)
    for nick, status in (("ben", 403), ("vera", 403), ("clara", 404)):
        answer = await (await client.browser(nick)).get(ROOM + path)
        assert answer.status_code == status, (nick, path)
    stranger = await client.stranger.get(ROOM + path)
    assert stranger.status_code == 303 and stranger.headers["location"].startswith("/anmelden?next=")


@pytest.mark.parametrize(
    "path", ["/live", "/live/stand", "/praesentation", "/praesentation/stand", "/raum", "/raum/stand"]
)
async def test_outside_there_is_no_door(db: Connection, client: Clients, office: Clock, path: str) -> None:
    await opened(db, client, office)
    clara = await client.browser("clara")
    hidden, unknown = await clara.get(PAGE + path), await clara.get("/sitzungen/KK-1999-1" + path)
    assert hidden.status_code == unknown.status_code == 404
    assert (await client.stranger.get(PAGE + path)).status_code == 303


@pytest.mark.parametrize(
    "path",
    ["beginnen", "schliessen", "weiter", "zurueck", "vertagen", "pause", "verlaengern", "kommt", "geht", "eintragen", "stimme",
     "zeiten/00000000-0000-0000-0000-000000000000", "anwesenheit"],
)  # fmt: skip
async def test_no_form_works_without_the_right(
    db: Connection, client: Clients, office: Clock, path: str
) -> None:
    mona = await opened(db, client, office)
    await mona.press("TOP 1 aufrufen")
    before = await db.fetchrow(
        "select (select count(*) from audit_event), (select revision from meeting limit 1)"
    )
    form = {"revision": "5", "idempotency_key": "k"}
    for nick, status in (("ben", 403), ("vera", 403), ("clara", 404)):
        assert (await (await client.browser(nick)).post(f"{ROOM}/{path}", form)).status_code == status, nick
    mona.browser.token = "another"
    assert (await mona.browser.post(f"{ROOM}/{path}", form)).status_code == 403
    assert before == await db.fetchrow(
        "select (select count(*) from audit_event), (select revision from meeting limit 1)"
    )


async def test_an_open_page_is_told_what_goes_on_until_the_right_ends(
    app: Litestar, db: Connection, client: Clients, office: Clock
) -> None:
    mona = await opened(db, client, office)
    async with told(app, client, f"{LIVE}/stand", "ben") as stream:
        parts = await stream.until("foot")
        assert "Die Sitzung ist eröffnet" in parts["now"] and "3 von 5" in parts["quorum"]
        await mona.press("TOP 1 aufrufen")
        parts = await stream.until("now", "Begrüßung")
        assert 'aria-current="step"' in (await stream.until("agenda", "aria-current"))["agenda"]
        assert "csrf_token" not in "".join(parts.values()) and "<form" not in "".join(parts.values())
        await mona.press("geht: Dora Mitglied")
        assert "Nicht beschlussfähig" in (await stream.until("quorum", "2 von 5"))["quorum"]
        await db.execute(
            "update appointment set valid_to = '2026-11-22' where person_id = $1",
            await make.person_id(db, "ben"),
        )
        await db.execute("delete from attendance where person_id = $1", await make.person_id(db, "ben"))
        await stream.until("done")
        assert await stream.told.over()


async def test_what_is_confidential_is_told_to_nobody_else(
    app: Litestar, db: Connection, client: Clients, office: Clock
) -> None:
    mona = await opened(db, client, office, **SECRET)
    await guest(db, mona)
    secret = await db.fetchval(
        "select i.id from agenda_item i join agenda_content c on c.item_id = i.id where c.title = $1",
        SECRET["title"],
    )
    await mona.press("TOP 1 aufrufen", 409, next_id=str(secret))
    await mona.press(next(one for one in mona.buttons() if one.startswith("Gäste hinausbitten")))
    for nick, path in (("edda", LIVE), ("ben", LIVE), ("anna", SCREEN), ("edda", SCREEN)):
        async with told(app, client, f"{path}/stand", nick) as stream:
            parts = await stream.until("foot" if path == LIVE else "screen")
            assert SECRET["title"] not in "".join(parts.values()), (nick, path)
            assert MASK in "".join(parts.values())
    async with told(app, client, f"{LIVE}/stand", "anna") as stream:
        assert SECRET["title"] in (await stream.until("now"))["now"]


async def test_the_end_of_the_meeting_loads_open_pages_anew(
    app: Litestar, db: Connection, client: Clients, office: Clock
) -> None:
    mona = await opened(db, client, office)
    async with told(app, client, f"{ROOM}/stand", "anna") as stream:
        await stream.until("agenda")
        await mona.press("Sitzung schließen")
        await stream.until("done")
    async with told(app, client, f"{LIVE}/stand?stand=running", "ben") as stream:
        await stream.until("done")
        assert list(stream.parts) == ["done"], "a page that was late to listen loads itself anew at once"


async def test_the_moderation_is_told_when_somebody_else_goes_on(
    app: Litestar, db: Connection, client: Clients, office: Clock
) -> None:
    mona = await opened(db, client, office)
    await mona.press("TOP 1 aufrufen")
    first = await db.fetchval("select id from agenda_item where number = '1'")
    async with listening(app, f"{ROOM}/stand?top={first}", await client.token("anna")) as found:
        await found.start()
        stream = Stream(found)
        parts = await stream.until("people")
        assert "gewechselt" not in parts["moved"]
        await mona.press("TOP 1 abschließen, weiter zu TOP 2")
        await stream.until("moved", "Der aktuelle Punkt hat gewechselt")


async def test_the_way_on_is_one_bar_of_short_buttons_with_whole_names(
    db: Connection, client: Clients, office: Clock
) -> None:
    mona = await opened(db, client, office)
    await mona.press("TOP 1 aufrufen")
    await mona.press("TOP 1 abschließen, weiter zu TOP 2")
    (bar,) = mona.page.xpath("//*[@id='room-steps']/*")
    assert [words(one) for one in bar.xpath(".//button")] == [
        "zurück zu TOP 1", "Pause", "Zeit verlängern um 10 min", "Vertagen", "TOP 2 abschließen, weiter zu TOP 3",
    ]  # fmt: skip
    for one in bar.xpath(".//span[@class='hidden-visually']"):
        one.text = ""
    assert [words(one) for one in bar.xpath(".//button")][:4] == ["zurück", "Pause", "10 min", "Vertagen"]


async def test_a_page_of_the_room_takes_few_statements(
    db: Connection, client: Clients, office: Clock
) -> None:
    mona = await opened(db, client, office)
    await mona.press("TOP 1 aufrufen")
    ben = await client.browser("ben")
    # Who asks, the room, who is expected; then what floor, writing (the item, and what waits in the others) and summons say.
    for browser, path, most in (
        (mona.browser, ROOM, 3 + 4 + 3 + 1),
        (ben, LIVE, 2 + 2 + 1),
        (ben, SCREEN, 2 + 1),
    ):
        with queries(db) as seen:
            assert (await browser.get(path)).status_code == 200
        assert len(seen) <= most, [text[:80] for text in seen]


async def test_what_an_open_page_fetches_by_itself_does_not_keep_a_session_alive(
    db: Connection, client: Clients, office: Clock
) -> None:
    await scene.running(db, office)
    mona = await client.browser("mona")
    await db.execute("update session set last_seen = now() - interval '20 minutes'")
    for by_itself in (True, False):
        headers = {"hx-request": "true"} if by_itself else {}
        for path in (ROOM, LIVE):
            assert (await mona.client.get(path, headers=headers)).status_code == 200
        old = await db.fetchval(
            "select count(*) from session where last_seen < now() - interval '19 minutes'"
        )
        assert bool(old == await db.fetchval("select count(*) from session")) == by_itself
