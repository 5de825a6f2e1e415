"""Votes: opened by the moderation on the item that is called up, cast by the houses, closed with what became of it."""

import uuid
from typing import Any
from uuid import UUID

import asyncpg
import httpx
import pytest

from circle.core.clock import Clock
from circle.core.db import Connection
from circle.meetings import actions as meetings
from tests import make
from tests.clients import Clients, queries

from ..world import PAGE
from .world import API, OTHERS, balloted, call, called, enter, houses, item_of, leave, say

TEXT = "Der Kreis verabredet die Leitlinie."


async def ended(
    client: httpx.AsyncClient, ballot: str, result: str = "agreed", **more: Any
) -> httpx.Response:
    return await client.post(f"{ballot}/close", json={"result": result} | more)


async def the_item(client: httpx.AsyncClient, item: UUID) -> dict[str, Any]:
    found: dict[str, Any] = (await client.get(f"{API}/agenda-items/{item}")).json()
    return found


async def test_objections_are_asked_for_and_silence_is_established(
    db: Connection, client: Clients, office: Clock
) -> None:
    _, item, ballot = await balloted(db, office, client)
    mona, kim = await client.as_("mona"), await client.as_("kim")
    with queries(db) as seen:
        opened = (await kim.get(ballot)).json()
    assert len(seen) <= 2
    assert (opened["kind"], opened["state"], opened["text"], opened["counts"]) == (
        "objection",
        "open",
        TEXT,
        None,
    )
    assert opened["mine"] == str(await make.authority(db, "br-koeln")) and len(opened["votes"]) == 5
    silent = await ended(mona, ballot)
    assert (silent.status_code, silent.json()["code"]) == (400, "consent_missing"), silent.text
    assert silent.json()["errors"][0]["field"] == "no_objection"
    done = (await ended(mona, ballot, no_objection=True)).json()
    assert done["counts"] == {"consent": 5, "reservation": 0, "against": 0, "abstained": 0}
    assert (done["words"], done["quorum"], done["present"], done["houses"], done["needed"]) == (
        "verabredet", True, 5, 5, 3,
    )  # fmt: skip
    assert {(one["choice"], one["assumed"]) for one in done["votes"]} == {("consent", True)}
    found = await the_item(mona, item)
    assert (found["result"], found["resolution_text"], found["status"]) == ("agreed", TEXT, "treated")
    assert found["votes"] == done["counts"] and found["reservations"] == []
    acts = await db.fetch(
        "select action from audit_event where object_kind in ('ballot', 'agenda_item') and action ~ 'ballot|concluded' order by id"
    )
    assert [row["action"] for row in acts] == ["ballot.opened", "agenda_item.concluded", "ballot.closed"]


async def test_four_agree_and_one_reserves(db: Connection, client: Clients, office: Clock) -> None:
    meeting, item, ballot = await balloted(db, office, client, kind="by_name")
    mona, uta = await client.as_("mona"), await client.as_("uta")
    for nick in ("ben", "kim", "tom", "mia"):
        assert (await say(await client.as_(nick), ballot, "consent")).status_code == 200
    cast = await say(uta, ballot, "reservation", text="Haushalt", decide_by="2026-12-16")
    assert cast.status_code == 200, cast.text
    done = (await ended(mona, ballot)).json()
    assert done["words"] == "verabredet, ein Vorbehalt offen"
    assert done["counts"] == {"consent": 4, "reservation": 1, "against": 0, "abstained": 0}
    reservation = (await the_item(mona, item))["reservations"][0]
    assert {name: reservation[name] for name in ("by", "kind", "text", "decide_by", "resolved_on")} == {
        "by": str(await make.person_id(db, "uta")), "kind": "Leitungsvorbehalt", "text": "Haushalt",
        "decide_by": "2026-12-16", "resolved_on": None,
    }  # fmt: skip
    assert (await mona.post(f"{API}/meetings/{meeting}/close")).status_code == 200
    record = (await (await client.browser("mona")).get(f"{PAGE}/niederschrift")).text
    for words in (TEXT, "Zustimmung 4", "Leitungsvorbehalt: Haushalt (Entscheidung bis 16.12.2026)"):
        assert words in record, words
    lifted = await uta.post(f"{API}/agenda-items/{item}/reservations/lift", json={"outcome": "withdrawn"})
    assert lifted.status_code == 200, lifted.text
    assert (await mona.get(ballot)).json()["words"] == "verabredet"


async def test_by_name_nobody_sees_how_before_it_is_closed(
    db: Connection, client: Clients, office: Clock
) -> None:
    _, _, ballot = await balloted(db, office, client, kind="by_name")
    ben, kim, mona = await client.as_("ben"), await client.as_("kim"), await client.as_("mona")
    before = (await kim.get(ballot)).headers["etag"]
    await say(ben, ballot, "against")
    seen = {
        one["authority_name"]: (one["voted"], one["choice"])
        for one in (await kim.get(ballot)).json()["votes"]
    }
    assert seen["BR Arnsberg"] == (True, None) and seen["BR Köln"] == (False, None)
    assert (await kim.get(ballot)).headers["etag"] == before, "nothing that everybody sees has changed"
    own = {one["authority_name"]: one["choice"] for one in (await ben.get(ballot)).json()["votes"]}
    assert own["BR Arnsberg"] == "against"
    assert "against" not in {one["choice"] for one in (await mona.get(ballot)).json()["votes"]}
    assert (await ended(mona, ballot, "adjourned")).status_code == 200
    told = {one["authority_name"]: one["choice"] for one in (await kim.get(ballot)).json()["votes"]}
    assert told["BR Arnsberg"] == "against" and told["BR Köln"] is None


async def test_the_last_vote_counts_and_all_are_kept(db: Connection, client: Clients, office: Clock) -> None:
    _, item, ballot = await balloted(db, office, client, kind="by_name")
    ben, mona = await client.as_("ben"), await client.as_("mona")
    for choice in ("against", "abstained", "consent"):
        assert (await say(ben, ballot, choice)).status_code == 200
    refused = await ended(mona, ballot)
    assert (refused.status_code, refused.json()["code"]) == (400, "consent_missing"), "others have not voted"
    assert [one["field"] for one in refused.json()["errors"]] == ["despite_silence"]
    done = (await ended(mona, ballot, despite_silence=True)).json()
    assert done["counts"]["consent"] == 1 and done["counts"]["against"] == 0
    assert await db.fetchval("select count(*) from ballot_vote") == 3
    late = await say(ben, ballot, "against")
    assert (late.status_code, late.json()["code"]) == (409, "ballot_ended")
    assert (await the_item(mona, item))["votes"]["consent"] == 1


async def test_hands_are_counted_and_reservations_named(
    db: Connection, client: Clients, office: Clock
) -> None:
    _, item, ballot = await balloted(db, office, client, kind="open")
    ben, mona = await client.as_("ben"), await client.as_("mona")
    assert (await say(ben, ballot, "against")).status_code == 400
    assert (await say(ben, ballot, "reservation", reservation_kind="Prüfvorbehalt")).status_code == 200
    for most in (5, 6, 50):
        refused = await ended(mona, ballot, consent=most)
        assert (refused.status_code, refused.json()["code"]) == (400, "too_many_votes"), most
    done = (await ended(mona, ballot, consent=3, abstained=1)).json()
    assert done["counts"] == {"consent": 3, "reservation": 1, "against": 0, "abstained": 1}
    assert [one["kind"] for one in (await the_item(mona, item))["reservations"]] == ["Prüfvorbehalt"]


async def test_nobody_is_outvoted(db: Connection, client: Clients, office: Clock) -> None:
    _, item, ballot = await balloted(db, office, client)
    ben, mona = await client.as_("ben"), await client.as_("mona")
    await say(ben, ballot, "against")
    refused = await ended(mona, ballot, no_objection=True)
    assert (refused.status_code, refused.json()["code"]) == (400, "no_consensus")
    assert (await mona.get(ballot)).json()["state"] == "open", "nothing of it remains"
    assert await db.fetchval("select count(*) from ballot_vote") == 1
    assert (await ended(mona, ballot, "exchanged", no_objection=True)).status_code == 200
    found = await the_item(mona, item)
    assert (found["result"], found["resolution_text"], found["votes"]["against"]) == ("exchanged", "", 1)


async def test_without_a_quorum_nothing_is_decided(db: Connection, client: Clients, office: Clock) -> None:
    _, item = await called(db, office)
    mona, ben = await client.as_("mona"), await client.as_("ben")
    opened = await mona.post(f"{API}/agenda-items/{item}/ballots", json={"text": TEXT})
    ballot = f"{API}/ballots/{opened.json()['id']}"
    await say(ben, ballot, "consent")
    for result in ("agreed", "recommended", "commissioned"):
        refused = await ended(mona, ballot, result, no_objection=True)
        assert (refused.status_code, refused.json()["code"]) == (400, "no_quorum"), result
        assert "2 von 5 Häusern sind da" in refused.json()["detail"]
    done = (await ended(mona, ballot, "postponed_to_circular", no_objection=True)).json()
    assert (done["quorum"], done["present"], done["needed"]) == (False, 2, 3)
    assert (await the_item(mona, item))["resolution_text"] == TEXT, "what goes on by circular"


async def test_the_quorum_is_that_of_the_closing_minute(
    db: Connection, client: Clients, office: Clock
) -> None:
    meeting, _, ballot = await balloted(db, office, client, kind="by_name")
    for nick in ("ben", "kim", *OTHERS):
        await say(await client.as_(nick), ballot, "consent")
    for nick in OTHERS:
        await leave(db, office, meeting, nick)
    refused = await ended(await client.as_("mona"), ballot)
    assert (refused.status_code, refused.json()["code"]) == (400, "no_quorum")


async def test_a_vote_stays_when_its_house_leaves(db: Connection, client: Clients, office: Clock) -> None:
    meeting, _, ballot = await balloted(db, office, client, kind="by_name")
    uta, mona = await client.as_("uta"), await client.as_("mona")
    assert (await say(uta, ballot, "reservation")).status_code == 200
    await leave(db, office, meeting, "uta")
    refused = await say(uta, ballot, "consent")
    assert refused.status_code == 403, "who has left cannot change it"
    for nick in ("ben", "kim"):
        await say(await client.as_(nick), ballot, "consent")
    done = (await ended(mona, ballot, despite_silence=True)).json()
    assert done["counts"] == {"consent": 2, "reservation": 1, "against": 0, "abstained": 0}
    assert (done["present"], done["voices"]) == (4, 5)


async def test_one_voice_a_house_whoever_carries_it(db: Connection, client: Clients, office: Clock) -> None:
    meeting, _, ballot = await balloted(db, office, client, kind="by_name")
    kim, dina, mona = await client.as_("kim"), await client.as_("dina"), await client.as_("mona")
    assert (await say(kim, ballot, "against")).status_code == 200
    assert (await say(dina, ballot, "consent")).status_code in (403, 404), "she carries no voice"
    await leave(db, office, meeting, "kim")
    await enter(db, office, meeting, "dina", house="br-koeln", member="kim")
    await db.execute(
        "insert into attendance (meeting_id, person_id, status, represented_by) values ($1, $2, 'represented', $3) "
        "on conflict do nothing",
        meeting, await make.person_id(db, "kim"), await make.person_id(db, "dina"),
    )  # fmt: skip
    assert (await say(dina, ballot, "consent")).status_code == 200
    assert (await say(kim, ballot, "against")).status_code == 403
    done = (await ended(mona, ballot, despite_silence=True)).json()
    assert done["counts"] == {"consent": 1, "reservation": 0, "against": 0, "abstained": 0}


async def test_a_deputy_without_an_office_of_their_own_reserves_for_the_member(
    db: Connection, client: Clients, office: Clock
) -> None:
    meeting, item, ballot = await balloted(db, office, client, kind="by_name")
    mona = await client.as_("mona")
    await make.person(db, "rita", name="Rita Referat", authority="br-detmold", roles=["regional_staff"])
    await leave(db, office, meeting, "tom")
    await enter(db, office, meeting, "rita", house="br-detmold", member="tom")
    detmold = str(await make.authority(db, "br-detmold"))
    assert (await say(mona, ballot, "reservation", authority_id=detmold)).status_code == 200
    assert (await ended(mona, ballot, "agreed", despite_silence=True)).status_code == 200
    assert [one["by_name"] for one in (await the_item(mona, item))["reservations"]] == [
        "Tom Detmold (BR Detmold)"
    ]


async def test_the_moderation_enters_what_a_house_says_aloud(
    db: Connection, client: Clients, office: Clock
) -> None:
    meeting, _, ballot = await balloted(db, office, client, kind="by_name")
    mona, ben = await client.as_("mona"), await client.as_("ben")
    koeln = str(await make.authority(db, "br-koeln"))
    assert (await say(mona, ballot, "consent", authority_id=koeln)).status_code == 200
    assert (await say(ben, ballot, "consent", authority_id=koeln)).status_code == 403
    [aloud] = await db.fetch("select person_id, entered_by from ballot_vote")
    assert tuple(aloud) == (await make.person_id(db, "kim"), await make.person_id(db, "mona"))
    await leave(db, office, meeting, "kim")
    for house in (koeln, str(await make.authority(db, "kfi")), str(uuid.uuid4())):
        refused = await say(mona, ballot, "consent", authority_id=house)
        assert (refused.status_code, refused.json()["errors"][0]["field"]) == (400, "authority_id")


async def test_who_has_no_vote(db: Connection, client: Clients, office: Clock) -> None:
    meeting, item, ballot = await balloted(db, office, client)
    await enter(db, office, meeting, "anna")
    for nick in ("mona", "anna", "vera"):
        refused = await say(await client.as_(nick), ballot, "consent")
        assert refused.status_code == 403, nick
    clara = await client.as_("clara")
    assert (await say(clara, ballot, "consent")).status_code == 404
    assert (await clara.get(ballot)).status_code == 404
    ben = await client.as_("ben")
    for path, body in (("close", {"result": "agreed"}), ("cancel", None)):
        assert (await ben.post(f"{ballot}/{path}", json=body)).status_code == 403
        assert (await clara.post(f"{ballot}/{path}", json=body)).status_code in (403, 404)
    assert (await ben.post(f"{API}/agenda-items/{item}/ballots", json={"text": TEXT})).status_code == 403
    unknown = f"{API}/ballots/{uuid.uuid4()}"
    mona = await client.as_("mona")
    assert (await mona.get(unknown)).status_code == 404
    assert (await say(mona, unknown, "consent")).status_code == 404


async def test_two_hats_have_one_vote(db: Connection, client: Clients, office: Clock) -> None:
    meeting, _, ballot = await balloted(db, office, client, kind="by_name")
    ben_id = await make.person_id(db, "ben")
    await db.execute("insert into role_grant (person_id, role) values ($1, 'circle_moderator')", ben_id)
    ben = await client.as_("ben")
    assert (await say(ben, ballot, "consent")).status_code == 200
    arnsberg = str(await make.authority(db, "br-arnsberg"))
    assert (await say(ben, ballot, "abstained", authority_id=arnsberg)).status_code == 200
    done = (await ended(ben, ballot, "noted")).json()
    assert done["counts"] == {"consent": 0, "reservation": 0, "against": 0, "abstained": 1}
    assert meeting


async def test_where_consent_is_expressed_silence_is_none(
    db: Connection, client: Clients, office: Clock
) -> None:
    _, item = await called(db, office)
    for nick, (_, house) in list(OTHERS.items())[:1]:
        await enter(db, office, (await item_meeting(db, item)), nick, house=house)
    await db.execute("""update procedure set rules = rules || '{"decision_rule": "expressed_consensus"}'""")
    mona = await client.as_("mona")
    path = f"{API}/agenda-items/{item}/ballots"
    refused = await mona.post(path, json={"text": TEXT, "kind": "objection"})
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (400, "kind")
    opened = (await mona.post(path, json={"text": TEXT})).json()
    assert opened["kind"] == "by_name"
    ballot = f"{API}/ballots/{opened['id']}"
    await say(await client.as_("ben"), ballot, "consent")
    missing = await ended(mona, ballot)
    assert missing.json()["code"] == "consent_missing" and "2 Häuser" in missing.json()["detail"]
    for nick in ("kim", "tom"):
        await say(await client.as_(nick), ballot, "consent")
    assert (await ended(mona, ballot)).json()["words"] == "verabredet"


async def item_meeting(db: Connection, item: UUID) -> UUID:
    found: UUID = await db.fetchval("select meeting_id from agenda_item where id = $1", item)
    return found


async def test_when_it_is_not_opened(db: Connection, client: Clients, office: Clock) -> None:
    meeting, item, ballot = await balloted(db, office, client)
    mona = await client.as_("mona")

    async def opened(of: UUID, **more: Any) -> tuple[int, str]:
        answer = await mona.post(f"{API}/agenda-items/{of}/ballots", json={"text": TEXT} | more)
        return answer.status_code, answer.json().get("code", "")

    assert await opened(item) == (409, "ballot_open")
    third = await item_of(db, meeting, "3")
    assert await opened(third) == (409, "not_called")
    assert (await opened(item, text=" "))[0] == 400
    assert (await opened(uuid.uuid4()))[0] == 404
    await mona.post(f"{ballot}/cancel")
    await call(db, office, meeting, third)
    assert await opened(third) == (409, "wrong_state"), "nothing is decided under „Verschiedenes“"


async def test_a_vote_is_cancelled_and_leaves_a_trace(db: Connection, client: Clients, office: Clock) -> None:
    _, item, ballot = await balloted(db, office, client, kind="by_name")
    ben, mona = await client.as_("ben"), await client.as_("mona")
    await say(ben, ballot, "against")
    done = (await mona.post(f"{ballot}/cancel")).json()
    assert (done["state"], done["counts"], done["words"]) == ("cancelled", None, "")
    assert "against" not in {one["choice"] for one in done["votes"]}
    assert (await mona.post(f"{ballot}/cancel")).status_code == 409
    assert (await ended(mona, ballot)).status_code == 409
    assert (await say(ben, ballot, "consent")).status_code == 409
    assert await db.fetchval("select count(*) from audit_event where action = 'ballot.cancelled'") == 1
    assert (await the_item(mona, item))["votes"] is None
    again = await mona.post(f"{API}/agenda-items/{item}/ballots", json={"text": TEXT})
    assert again.status_code == 201
    both = (await mona.get(f"{API}/agenda-items/{item}/ballots")).json()["items"]
    assert [one["state"] for one in both] == ["cancelled", "open"]


async def test_an_item_is_not_left_while_its_vote_is_open(
    db: Connection, client: Clients, office: Clock
) -> None:
    meeting, item, ballot = await balloted(db, office, client)
    mona = await client.as_("mona")
    third = await item_of(db, meeting, "3")
    for path, body in (
        (f"agenda-items/{third}/call", {}),
        (f"agenda-items/{item}/result", {"result": "adjourned"}),
        (f"meetings/{meeting}/next", {"next_id": str(third)}),
        (f"meetings/{meeting}/close", None),
    ):
        blocked = await mona.post(f"{API}/{path}", json=body)
        assert (blocked.status_code, blocked.json()["code"]) == (409, "ballot_open"), path
    assert await db.fetchval("select state from meeting where id = $1", meeting) == "running"
    await mona.post(f"{ballot}/cancel")
    assert (await mona.post(f"{API}/meetings/{meeting}/close")).status_code == 200


async def test_closing_knows_what_came_meanwhile(db: Connection, client: Clients, office: Clock) -> None:
    _, _, ballot = await balloted(db, office, client)
    ben, mona = await client.as_("ben"), await client.as_("mona")
    seen = (await mona.get(ballot)).headers["etag"]
    await say(ben, ballot, "reservation")
    stale = await mona.post(
        f"{ballot}/close", json={"result": "agreed", "no_objection": True}, headers={"if-match": seen}
    )
    assert (stale.status_code, stale.json()["current"]["state"]) == (412, "open")
    fresh = {"if-match": (await mona.get(ballot)).headers["etag"]}
    done = await mona.post(f"{ballot}/close", json={"result": "agreed", "no_objection": True}, headers=fresh)
    assert done.json()["words"] == "verabredet, ein Vorbehalt offen"


async def test_a_house_that_comes_in_later_does_not_consent_unasked(
    db: Connection, client: Clients, office: Clock
) -> None:
    meeting, _, ballot = await balloted(db, office, client)
    await leave(db, office, meeting, "ben")
    mona, browser = await client.as_("mona"), await client.browser("mona")
    votes = (await mona.get(ballot)).json()["votes"]
    asked = [one["authority_id"] for one in votes if one["present"]]
    page = (await browser.get(f"{PAGE}/raum")).text
    assert len(asked) == 4 and all(f'name="close_houses" value="{one}"' in page for one in asked)
    await enter(db, office, meeting, "ben", house="br-arnsberg")
    refused = await ended(mona, ballot, no_objection=True, houses=asked)
    assert (refused.status_code, refused.json()["code"]) == (409, "houses_changed")
    form = {
        "close_result": "agreed", "close_no_objection": "true", "close_houses": asked, "von": "raum",
        "revision": "1", "idempotency_key": "a",
    }  # fmt: skip
    path = f"{PAGE}/abstimmung/{ballot.rsplit('/', 1)[-1]}/schliessen"
    shown = await browser.post(path, form)
    assert shown.status_code == 409 and "noch einmal nach Einwänden" in shown.text
    ben = str(await make.authority(db, "br-arnsberg"))
    assert f'name="close_houses" value="{ben}"' in shown.text, "the new set is shown"
    form |= {"close_houses": [*asked, ben], "idempotency_key": "b"}
    assert (await browser.post(path, form)).status_code == 303
    assert (await mona.get(ballot)).json()["counts"]["consent"] == 5


async def test_a_double_click_closes_once(db: Connection, client: Clients, office: Clock) -> None:
    _, _, ballot = await balloted(db, office, client)
    mona = await client.as_("mona")
    body, key = {"result": "agreed", "no_objection": True}, {"idempotency-key": "k"}
    both = [await mona.post(f"{ballot}/close", json=body, headers=key) for _ in range(2)]
    assert [one.status_code for one in both] == [200, 200] and both[0].json() == both[1].json()
    assert await db.fetchval("select count(*) from audit_event where action = 'ballot.closed'") == 1
    assert (await ended(mona, ballot, no_objection=True)).status_code == 409


async def test_a_house_that_consents_takes_its_reservation_back(
    db: Connection, client: Clients, office: Clock
) -> None:
    _, item, ballot = await balloted(db, office, client)
    ben, kim, mona = await client.as_("ben"), await client.as_("kim"), await client.as_("mona")
    for member in (ben, kim):
        reserved = await member.post(f"{API}/agenda-items/{item}/reservations", json={"text": "Personal"})
        assert reserved.status_code in (200, 201), reserved.text
    await say(ben, ballot, "consent")
    done = (await ended(mona, ballot, no_objection=True)).json()
    assert done["counts"] == {"consent": 4, "reservation": 1, "against": 0, "abstained": 0}, (
        "Köln said nothing"
    )
    found = {one["by_name"]: one["resolved_on"] for one in (await the_item(mona, item))["reservations"]}
    assert found == {"Ben Beauftragt (BR Arnsberg)": "2026-11-23", "Kim Köln (BR Köln)": None}


async def test_a_reservation_has_a_day_to_come(db: Connection, client: Clients, office: Clock) -> None:
    _, _, ballot = await balloted(db, office, client)
    refused = await say(await client.as_("ben"), ballot, "reservation", decide_by="2026-11-22")
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (400, "decide_by")


async def test_after_the_meeting_nothing_is_cast(db: Connection, client: Clients, office: Clock) -> None:
    meeting, _, ballot = await balloted(db, office, client)
    ben = await client.as_("ben")
    await meetings.close(db, await make.actor(db, office, "mona"), meeting)
    assert (await ben.get(ballot)).json()["state"] == "cancelled", "the service itself closed it"
    assert (await say(ben, ballot, "consent")).status_code in (403, 409)


async def test_the_database_itself_holds_the_counts_to_the_voices(
    db: Connection, client: Clients, office: Clock
) -> None:
    _, _, ballot = await balloted(db, office, client)
    await say(await client.as_("ben"), ballot, "consent")

    async def refused(statement: str, *args: Any) -> str:
        await db.execute("savepoint before")
        with pytest.raises(asyncpg.IntegrityConstraintViolationError) as error:
            await db.execute(statement, *args)
        await db.execute("rollback to savepoint before")
        return str(error.value.constraint_name)

    counted = """
        update ballot set state = 'closed', ended_at = opened_at, present = 5, houses = 5, needed = 3, quorum = true,
            consent = $1, reservation = 0, against = $2, abstained = 0, result = 'agreed',
            voices = array(select authority_id from entitled_at(item_id, opened_at))
        """
    assert await refused(counted, 6, 0) == await refused(counted, 5, 1) == "ballot_within_voices"
    assert await refused(counted, -1, 1) == "ballot_counts_no_debt"
    assert await refused("update ballot set state = 'closed', ended_at = opened_at") == "ballot_counted"
    await db.execute(counted, 5, 0)


@pytest.mark.confidential
async def test_a_confidential_vote_is_for_those_who_may_open_the_item(
    db: Connection, client: Clients, office: Clock
) -> None:
    meeting, item = await called(
        db, office, title="Personalsache", level="confidential", by="ben", named=["kim", "mona"]
    )
    await houses(db, office, meeting)
    mona, ben, kim, tom, anna = [await client.as_(nick) for nick in ("mona", "ben", "kim", "tom", "anna")]
    opened = await mona.post(f"{API}/agenda-items/{item}/ballots", json={"text": TEXT})
    assert opened.status_code == 201, opened.text
    ballot = f"{API}/ballots/{opened.json()['id']}"
    assert {one["authority_name"] for one in opened.json()["votes"]} == {"BR Arnsberg", "BR Köln"}
    for outside in (tom, anna):
        assert (await outside.get(ballot)).status_code == 404
        assert (await say(outside, ballot, "consent")).status_code == 404
        assert (await outside.get(f"{API}/agenda-items/{item}/ballots")).json()["items"] == []
    assert (await anna.post(f"{ballot}/close", json={"result": "agreed"})).status_code == 404
    assert (await say(kim, ballot, "reservation", text="geheim")).status_code == 200
    detmold = str(await make.authority(db, "br-detmold"))
    assert (await say(mona, ballot, "consent", authority_id=detmold)).status_code == 400, "it may not hear it"
    done = (await ended(mona, ballot, no_objection=True)).json()
    assert done["counts"] == {"consent": 1, "reservation": 1, "against": 0, "abstained": 0}
    assert (done["present"], done["quorum"]) == (5, True)
    assert (await ben.get(ballot)).json()["words"] == "verabredet, ein Vorbehalt offen"
    for table in ("ballot", "ballot_vote"):
        assert await db.fetchval(f"select bool_and(not audience && array['circle']) from {table}")
    assert (await the_item(tom, item))["votes"] is None


@pytest.mark.confidential
async def test_whoever_does_not_see_a_vote_goes_on_without_it(
    db: Connection, client: Clients, office: Clock
) -> None:
    meeting, item = await called(
        db, office, title="Personalsache", level="confidential", by="ben", named=["mona"]
    )
    mona, anna = await client.as_("mona"), await client.as_("anna")
    opened = await mona.post(f"{API}/agenda-items/{item}/ballots", json={"text": TEXT})
    assert opened.status_code == 201, opened.text
    closed = await anna.post(f"{API}/meetings/{meeting}/close")
    assert closed.status_code == 200, "she learns nothing of it"
    assert await db.fetchval("select state from ballot") == "cancelled"
    assert await db.fetchval("select count(*) from audit_event where action = 'ballot.cancelled'") == 1


@pytest.mark.confidential
@pytest.mark.parametrize("level, told", [("circle", True), ("confidential", False)])
async def test_the_record_tells_of_a_vote_whoever_may_open_its_item(
    db: Connection, client: Clients, office: Clock, level: str, told: bool
) -> None:
    """Whether there was a vote, who cast one and what came of it is as confidential as the item, to the office too."""
    meeting, item = await called(
        db, office, title="Personalsache", level=level, by="ben", named=["kim", "mona"]
    )
    await houses(db, office, meeting)
    await make.person(db, "ute", roles=["data_protection_officer"])
    mona, kim = await client.as_("mona"), await client.as_("kim")
    ballots = []
    for _ in range(2):
        opened = await mona.post(f"{API}/agenda-items/{item}/ballots", json={"text": TEXT})
        ballots.append(f"{API}/ballots/{opened.json()['id']}")
        await say(kim, ballots[-1], "consent")
        if len(ballots) == 1:
            assert (await ended(mona, ballots[0], no_objection=True)).status_code == 200
    await db.execute("set local circle.system = 'on'")
    await meetings.close(db, await make.actor(db, office, "anna"), meeting)
    kinds = ["cancelled", "cast", "cast", "closed", "opened", "opened"]
    every = [f"ballot.{one}" for one in kinds]
    for nick, known in (("ute", every), ("anna", every if told else [])):
        events = (await (await client.as_(nick)).get(f"{API}/audit-events?limit=200")).json()["items"]
        assert sorted(one["action"] for one in events if one["object_kind"] == "ballot") == known, nick
