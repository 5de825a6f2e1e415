"""The floor on its pages: forms that lead back where they came from, and are shown again when something is wrong."""

import re
from typing import Any
from uuid import UUID

import pytest

from circle.core import auth
from circle.core.clock import Clock
from circle.core.db import Caller, Connection
from circle.meetings.floor import panel
from tests import make
from tests.clients import Browser, Clients

from ..world import PAGE, invited
from .world import API, balloted, call, called, enter, item_of, leave

TEXT = "Der Kreis verabredet die Leitlinie."


async def sent(browser: Browser, path: str, von: str = "raum", **form: Any) -> tuple[int, str]:
    answer = await browser.post(f"{PAGE}/{path}", {"von": von, "idempotency_key": path} | form)
    return answer.status_code, answer.headers.get("location", answer.text)


async def page(browser: Browser) -> str:
    answer = await browser.get(f"{PAGE}/wort")
    assert answer.status_code == 200, answer.text
    return answer.text


async def ballot_id(db: Connection) -> UUID:
    found: UUID = await db.fetchval("select id from ballot order by opened_at desc limit 1")
    return found


async def request_id(db: Connection) -> UUID:
    found: UUID = await db.fetchval("select id from speech_request order by place desc limit 1")
    return found


async def test_a_request_from_the_live_page_and_the_floor_from_the_room(
    db: Connection, client: Clients, office: Clock
) -> None:
    await called(db, office)
    ben, kim, mona = await client.browser("ben"), await client.browser("kim"), await client.browser("mona")
    assert "Zu Wort melden" in await page(ben)
    assert await sent(ben, "wort", "live", speech_kind="speech") == (303, f"{PAGE}/live")
    first = await request_id(db)
    shown = await page(ben)
    assert "Sie sind als Nächstes dran" in shown and "Wortmeldung zurückziehen" in shown
    await sent(kim, "wort", "live", speech_kind="speech")
    second = await request_id(db)
    assert "Vor Ihnen steht eine Person auf der Liste" in await page(kim)
    assert "Ben Beauftragt" in await page(mona)
    assert await sent(mona, f"wort/{second}/verschieben", direction="up") == (303, f"{PAGE}/raum")
    assert await sent(mona, f"wort/{second}/erteilen", "anywhere") == (303, f"{PAGE}/wort")
    assert "Sie haben das Wort" in await page(kim)
    assert await sent(mona, f"wort/{second}/beenden") == (303, f"{PAGE}/raum")
    assert await sent(mona, f"wort/{first}/streichen") == (303, f"{PAGE}/raum")
    assert "Niemand hat sich gemeldet." in await page(mona)
    await sent(ben, "wort", "live", speech_kind="order")
    assert "zur Geschäftsordnung" in await page(mona)
    assert await sent(ben, f"wort/{await request_id(db)}/zurueckziehen", "live") == (303, f"{PAGE}/live")


async def test_the_moderation_enters_a_guest(db: Connection, client: Clients, office: Clock) -> None:
    await called(db, office)
    mona = await client.browser("mona")
    vera = str(await make.person_id(db, "vera"))
    assert vera in await page(mona)
    status, text = await sent(mona, "wort", speech_kind="speech", speech_person_id="x")
    assert status == 422 and 'id="error-speech_person_id"' in text
    status, text = await sent(
        mona, "wort", speech_kind="order", speech_person_id=str(await make.person_id(db, "edda"))
    )
    assert status == 422 and "Bitte eine Person aus der Liste wählen." in text
    assert (await sent(mona, "wort", speech_kind="order", speech_person_id=vera))[0] == 303
    assert vera not in re.findall(r'<option value="([^"]+)"', await page(mona)), "she waits already"
    assert (await sent(mona, "wort", speech_kind="order", speech_person_id=vera))[0] == 409


async def test_what_is_left_is_offered(db: Connection, client: Clients, office: Clock) -> None:
    meeting, item = await called(db, office)
    ben, mona = await client.browser("ben"), await client.browser("mona")
    await sent(ben, "wort", "live", speech_kind="speech")
    await call(db, office, meeting, await item_of(db, meeting, "3"))
    assert "Eine Wortmeldung ist vom vorigen Punkt übrig." in await page(mona)
    assert (await sent(mona, "wort/uebernehmen", keep="true"))[0] == 303
    assert "Ben Beauftragt" in await page(mona) and "übrig" not in await page(mona)
    await call(db, office, meeting, item)
    assert (await sent(mona, "wort/uebernehmen", keep="false"))[0] == 303
    assert await db.fetchval("select count(*) from speech_request where state = 'waiting'") == 0


async def test_a_vote_from_opening_to_the_result(db: Connection, client: Clients, office: Clock) -> None:
    meeting, item, ballot = await balloted(db, office, client)
    await (await client.as_("mona")).post(f"{ballot}/cancel")
    ben, uta, mona = await client.browser("ben"), await client.browser("uta"), await client.browser("mona")
    assert "Abstimmung eröffnen" in await page(mona)
    status, text = await sent(mona, "abstimmung", item_id=str(item), ballot_text=" ", ballot_kind="by_name")
    assert status == 422 and 'id="error-ballot_text"' in text
    form = {"item_id": str(item), "ballot_text": TEXT, "ballot_kind": "by_name"}
    assert await sent(mona, "abstimmung", idempotency_key="o", **form) == (303, f"{PAGE}/raum")
    assert await sent(mona, "abstimmung", idempotency_key="o", **form) == (303, f"{PAGE}/raum"), (
        "clicked twice"
    )
    path = f"abstimmung/{await ballot_id(db)}"
    shown = await page(uta)
    assert "Stimme Ihres Hauses" in shown and TEXT in shown and "Jedes Haus stimmt selbst ab" in shown
    status, text = await sent(uta, f"{path}/stimme", "live", vote_text="Der Haushalt ist offen")
    assert status == 422 and 'id="error-vote_choice"' in text and "Der Haushalt ist offen" in text, (
        "nothing is lost"
    )
    vote = {
        "vote_choice": "reservation",
        "vote_reservation_kind": "Prüfvorbehalt",
        "vote_text": "Der Haushalt ist offen",
    }
    status, text = await sent(uta, f"{path}/stimme", "live", vote_decide_by="2020-01-01", **vote)
    assert status == 422 and 'id="error-vote_decide_by"' in text
    assert await sent(uta, f"{path}/stimme", "live", vote_decide_by="2026-12-16", **vote) == (
        303,
        f"{PAGE}/live",
    )
    shown = await page(uta)
    assert "Stimme ändern" in shown and 'value="2026-12-16"' in shown
    assert "Der Haushalt ist offen" not in await page(ben) + await page(mona), "not before it is closed"
    assert "hat abgestimmt" in await page(mona)
    for key in ("br-arnsberg", "br-koeln", "br-detmold", "br-muenster"):
        aloud = {
            "aloud": "true",
            "aloud_authority_id": str(await make.authority(db, key)),
            "aloud_choice": "consent",
        }
        assert await sent(mona, f"{path}/stimme", **aloud) == (303, f"{PAGE}/raum")
    closing = {"close_result": "agreed", "revision": "1", "idempotency_key": "c"}
    assert await sent(mona, f"{path}/schliessen", **closing) == (303, f"{PAGE}/raum")
    assert await sent(mona, f"{path}/schliessen", **closing) == (303, f"{PAGE}/raum"), "clicked twice"
    for browser in (ben, mona):
        shown = await page(browser)
        assert "verabredet, ein Vorbehalt offen" in shown and "Als Tabelle" in shown
        assert "4 Zustimmung, 1 mit Vorbehalt" in shown and "entschieden bis 16.12.2026" in shown
    assert (await (await client.as_("ben")).get(f"{API}/agenda-items/{item}")).json()["votes"] == {
        "consent": 4, "reservation": 1, "against": 0, "abstained": 0,
    }  # fmt: skip
    assert meeting


async def test_objections_on_the_page(db: Connection, client: Clients, office: Clock) -> None:
    _, _, ballot = await balloted(db, office, client)
    mona = await client.browser("mona")
    path = f"abstimmung/{ballot.rsplit('/', 1)[-1]}"
    assert "Gibt es Einwände?" in await page(mona) and "Kein Einspruch festgestellt" in await page(mona)
    closing = {"close_result": "agreed", "revision": "1"}
    status, text = await sent(mona, f"{path}/schliessen", **closing)
    assert status == 422 and 'id="error-close_no_objection"' in text
    ben = await client.browser("ben")
    assert (await sent(ben, f"{path}/stimme", "live", vote_choice="reservation"))[0] == 303
    status, text = await sent(mona, f"{path}/schliessen", close_no_objection="true", **closing)
    assert status == 412 and "Zustimmung mit Vorbehalt" in text, "what came meanwhile is shown"
    done = await sent(mona, f"{path}/schliessen", close_no_objection="true", close_result="agreed", revision="2", idempotency_key="z")  # fmt: skip
    assert done == (303, f"{PAGE}/raum")
    assert "verabredet, ein Vorbehalt offen" in await page(ben) and "kein Einspruch" in await page(ben)


async def test_hands_on_the_page(db: Connection, client: Clients, office: Clock) -> None:
    _, _, ballot = await balloted(db, office, client, kind="open")
    mona, ben = await client.browser("mona"), await client.browser("ben")
    path = f"abstimmung/{ballot.rsplit('/', 1)[-1]}"
    assert "Bitte heben Sie die Hand" in await page(ben)
    closing = {"close_result": "agreed", "revision": "1", "close_against": "0", "close_abstained": "0"}
    status, text = await sent(mona, f"{path}/schliessen", close_consent="6", **closing)
    assert status == 422 and "höchstens 5" in text and 'value="6"' in text
    assert (await sent(mona, f"{path}/schliessen", close_consent="5", idempotency_key="z", **closing))[
        0
    ] == 303
    assert "verabredet" in await page(mona)


async def test_without_a_quorum_the_page_warns_and_offers_the_rest(
    db: Connection, client: Clients, office: Clock
) -> None:
    _, item = await called(db, office)
    mona = await client.browser("mona")
    form = {"item_id": str(item), "ballot_text": TEXT}
    assert (await sent(mona, "abstimmung", **form))[0] == 303
    shown = await page(mona)
    assert "Nicht beschlussfähig: 2 von 5 Häusern da" in shown
    offered = re.findall(r'<option value="([^"]+)"', shown.partition('id="field-close_result"')[2])
    assert "adjourned" in offered and "postponed_to_circular" in offered and "agreed" not in offered


async def test_before_and_after_the_meeting(db: Connection, client: Clients, office: Clock) -> None:
    await invited(db, office)
    mona, ben = await client.browser("mona"), await client.browser("ben")
    assert "Wortmeldungen sind möglich, sobald ein Punkt aufgerufen ist." in await page(mona)
    status, text = await sent(ben, "wort", "live", speech_kind="speech")
    assert status == 409 and "während die Sitzung läuft" in text


async def test_no_name_is_given_twice_on_a_page(db: Connection, client: Clients, office: Clock) -> None:
    meeting, _, _ = await balloted(db, office, client)
    await db.execute(
        "insert into role_grant (person_id, role) values ($1, 'circle_moderator')",
        await make.person_id(db, "ben"),
    )
    ids = re.findall(r' id="([^"]+)"', await page(await client.browser("ben")))
    assert sorted(ids) == sorted(set(ids)) and {"wort", "abstimmung", "stimme"} <= set(ids)
    assert meeting


async def test_cancelling_on_the_page(db: Connection, client: Clients, office: Clock) -> None:
    _, _, ballot = await balloted(db, office, client)
    mona = await client.browser("mona")
    path = f"abstimmung/{ballot.rsplit('/', 1)[-1]}"
    assert await sent(mona, f"{path}/abbrechen") == (303, f"{PAGE}/raum")
    status, text = await sent(mona, f"{path}/abbrechen")
    assert status == 409 and "Diese Abstimmung ist abgebrochen." in text


async def test_who_may_not(db: Connection, client: Clients, office: Clock) -> None:
    meeting, _, ballot = await balloted(db, office, client)
    ben, clara, vera = (
        await client.browser("ben"),
        await client.browser("clara"),
        await client.browser("vera"),
    )
    path = f"abstimmung/{ballot.rsplit('/', 1)[-1]}"
    await sent(ben, "wort", "live", speech_kind="speech")
    request = f"wort/{await request_id(db)}"
    for act in (
        f"{path}/schliessen", f"{path}/abbrechen", "abstimmung", "wort/uebernehmen", f"{request}/erteilen",
        f"{request}/beenden", f"{request}/verschieben", f"{request}/streichen",
    ):  # fmt: skip
        form = {"direction": "up", "keep": "true", "close_result": "agreed", "revision": "1"}
        form |= {"item_id": str(meeting), "ballot_text": "x"}
        assert (await sent(ben, act, **form))[0] in (403, 404), act
        assert (await sent(clara, act, **form))[0] in (403, 404), act
    assert (await sent(vera, f"{path}/stimme", "live", vote_choice="consent"))[0] == 403
    assert (await sent(clara, f"{path}/stimme", "live", vote_choice="consent"))[0] == 404
    assert (await clara.get(f"{PAGE}/wort")).status_code == 404
    assert (await sent(clara, "wort", "live"))[0] == 404
    strange = await make.meeting(db, "KK-2027-9")
    assert strange
    mona = await client.browser("mona")
    other = await mona.post(f"/sitzungen/KK-2027-9/{request}/erteilen", {"von": "raum"})
    assert other.status_code == 404, "the request is of another meeting"
    await leave(db, office, meeting, "ben")
    assert (await sent(ben, f"{path}/stimme", "live", vote_choice="consent"))[0] == 403
    assert "Stimme Ihres Hauses" not in await page(ben)


@pytest.mark.confidential
async def test_nothing_of_a_confidential_floor_is_shown_to_others(
    db: Connection, client: Clients, office: Clock
) -> None:
    meeting, item = await called(
        db, office, title="Personalsache", level="confidential", by="ben", named=["mona"]
    )
    await enter(db, office, meeting, "anna")
    before = {nick: await page(await client.browser(nick)) for nick in ("kim", "vera", "anna")}
    ben, mona = await client.browser("ben"), await client.browser("mona")
    assert (await sent(ben, "wort", "live", speech_kind="speech"))[0] == 303
    form = {"item_id": str(item), "ballot_text": "Geheimer Wortlaut"}
    assert (await sent(mona, "abstimmung", **form))[0] == 303
    assert "Geheimer Wortlaut" in await page(ben) and "Geheimer Wortlaut" in await page(mona)
    for nick, was in before.items():
        assert strip(await page(await client.browser(nick))) == strip(was), nick
    kim = Caller(auth.token_hash(await client.token("kim")), office.now())
    async with client.database.begin(kim) as connection:
        keys = list((await auth.actor(connection, kim)).keys)
        kept = await panel.shown(connection, keys, meeting, item, office.now())
    assert (kept["speaker"], kept["waiting"], kept["ballot"], kept["last"]) == (None, [], None, None)
    audit = await db.fetch("select detail from audit_event where action like 'ballot.%'")
    assert all("Geheimer" not in row["detail"] for row in audit)


def strip(text: str) -> str:
    """A page without what differs from one loading to the next."""
    return re.sub(r'(csrf_token|idempotency_key)" value="[^"]*"', "", text)
