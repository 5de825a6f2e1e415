"""The proof from real deliveries: on the page, by API, for whoever runs the meeting."""

from uuid import UUID

import pytest

from circle.core.clock import Clock
from circle.core.db import Connection
from circle.distribution import actions as distribution
from circle.meetings import dispatches
from circle.meetings.model import Cancellation, Move, Sending
from tests import make
from tests.clients import Clients, queries
from tests.distribution.mailserver import MailServer

from ..world import DAY, convened, invited
from . import PAGE, PATH, dispatch
from .conftest import Send


async def test_it_is_proper_when_all_mails_were_taken(
    db: Connection, client: Clients, office: Clock, send: Send
) -> None:
    meeting = await invited(db, office)
    await send(await dispatch(db))
    mona = await client.as_("mona")
    with queries(db) as seen:
        answer = await mona.get(PATH.format(meeting))
    assert answer.status_code == 200, answer.text
    assert len(seen) == 1
    found = answer.json()
    assert (found["verdict"], found["defects"], found["latest"]) == ("proper", [], "2026-12-29")
    assert [one["state"] for one in found["houses"]] == ["served", "vacant", "vacant", "served", "vacant"]
    assert {one["reached_on"] for one in found["houses"] if one["state"] == "served"} == {"2026-11-23"}
    assert [one["name"] for one in found["deliveries"]] == [
        "Ben Beauftragt", "Dina Vertretung", "Kim Köln", "Vera Ministerium", "Anna Amt", "Mona Moderat",
    ]  # fmt: skip
    sha256 = await db.fetchval("select sha256 from agenda_version")
    assert {(one["version"], one["sha256"], one["state"]) for one in found["deliveries"]} == {(1, sha256, "sent")}  # fmt: skip
    assert {one["accepted_at"][:10] for one in found["deliveries"]} == {"2026-11-23"}, "the office's day, not the machine's"  # fmt: skip
    assert "example.org" not in answer.text, "addresses are the office's"
    page = (await (await client.browser("mona")).get(PAGE)).text
    for words in ("form- und fristgerecht geladen", found["finding"], "Kim Köln", sha256[:16], "vom Mailserver angenommen", "23.11.2026"):  # fmt: skip
        assert words in page, words
    on_meeting = (await (await client.browser("anna")).get("/sitzungen/KK-2027-1")).text
    assert found["finding"] in on_meeting and PAGE in on_meeting
    assert found["finding"] not in (await (await client.browser("ben")).get("/sitzungen/KK-2027-1")).text


async def test_every_state_of_a_mail(
    db: Connection, client: Clients, office: Clock, send: Send, server: MailServer
) -> None:
    server.behaviour |= {"ben@example.org": "rcpt 550 5.1.1 no", "kim@example.org": "hang up after the dot"}
    meeting = await invited(db, office)
    anna = await client.as_("anna")

    async def verdict() -> tuple[str, list[str]]:
        found = (await anna.get(PATH.format(meeting))).json()
        return found["verdict"], found["defects"]

    assert (await verdict())[0] == "pending"
    await send(await dispatch(db))
    state, defects = await verdict()
    assert state == "defective" and defects == [
        "BR Arnsberg: Die Einladung an Ben Beauftragt ist nicht zugestellt worden.",
        "BR Köln: Ob die Einladung an Kim Köln ankam, ist ungeklärt. Erreicht ist nur die Vertretung, Dina Vertretung (am 23.11.2026).",
    ]  # fmt: skip
    page = (await (await client.browser("anna")).get(PAGE)).text
    assert "nur Vertretung" in page and "550 5.1.1" in page
    # What is settled by the office, and sent again, is taken over at once.
    delivery = await db.fetchval("select id from delivery where name = 'Kim Köln'")
    await distribution.settle(db, await make.actor(db, office, "anna"), delivery, True)
    await db.execute("update delivery set state = 'sent', sent_at = now() where name = 'Ben Beauftragt'")
    assert (await verdict())[0] == "proper"


async def test_what_is_settled_later_arrived_when_it_was_handed_over(
    db: Connection, client: Clients, office: Clock, send: Send, server: MailServer
) -> None:
    server.behaviour["kim@example.org"] = "hang up after the dot"
    meeting = await invited(db, office)
    await send(await dispatch(db))
    delivery = await db.fetchval("select id from delivery where name = 'Kim Köln'")
    assert await db.fetchval("select handed_over_at is not null from delivery where id = $1", delivery)
    await db.execute("update delivery set handed_over_at = now() - interval '3 days' where id = $1", delivery)
    await distribution.settle(db, await make.actor(db, office, "anna"), delivery, True)
    found = (await (await client.as_("anna")).get(PATH.format(meeting))).json()
    assert [one["reached_on"] for one in found["houses"] if one["name"] == "Kim Köln"] == ["2026-11-20"]


async def test_a_cancelled_dispatch_reached_nobody(db: Connection, client: Clients, office: Clock) -> None:
    meeting = await invited(db, office)
    anna = await make.actor(db, office, "anna")
    await distribution.cancel(db, anna, await dispatch(db))
    found = (await (await client.as_("anna")).get(PATH.format(meeting))).json()
    assert found["verdict"] == "defective" and "abgebrochen" in found["defects"][0]


async def test_several_editions_count_together(
    db: Connection, client: Clients, office: Clock, send: Send, server: MailServer
) -> None:
    server.behaviour["ben@example.org"] = "rcpt 550 5.1.1 no"
    meeting = await invited(db, office)
    await send(await dispatch(db))
    server.behaviour.clear()
    await dispatches.supplement(db, await make.actor(db, office, "anna"), meeting, Sending("Neuer Saal."))
    await send(await dispatch(db, "supplement"))
    found = (await (await client.as_("anna")).get(PATH.format(meeting))).json()
    assert found["verdict"] == "proper"
    assert [one["version"] for one in found["deliveries"]] == [1] * 6 + [2] * 6


async def test_late_against_the_clear_days(
    db: Connection, client: Clients, office: Clock, send: Send
) -> None:
    meeting = await convened(db, office)
    await make.item(db, meeting)
    await db.execute("update meeting set date = '2026-12-02' where id = $1", meeting)
    await dispatches.invite(db, await make.actor(db, office, "anna"), meeting, Sending())
    await send(await dispatch(db))
    found = (await (await client.as_("anna")).get(PATH.format(meeting))).json()
    assert (found["verdict"], found["latest"]) == ("defective", "2026-11-17")
    assert {one["days_late"] for one in found["houses"] if one["name"]} == {6}


async def test_another_date_needs_another_invitation(
    db: Connection, client: Clients, office: Clock, send: Send
) -> None:
    """Moved: the old meeting is off, the new one not yet called, and then judged by its own letters alone."""
    meeting = await invited(db, office)
    await send(await dispatch(db))
    anna = await make.actor(db, office, "anna")
    new = await dispatches.move(db, anna, meeting, Move(DAY.replace(month=2), "10:00", "14:00", "Krankheit"))
    program = await client.as_("anna")
    old = (await program.get(PATH.format(meeting))).json()
    assert (old["verdict"], old["finding"]) == ("off", "Die Sitzung ist verlegt. Zum neuen Termin wird neu eingeladen.")  # fmt: skip
    fresh = (await program.get(PATH.format(new))).json()
    assert (fresh["verdict"], fresh["deliveries"]) == ("not_yet", [])
    await send(await dispatches.invite(db, anna, new, Sending()))
    assert (await program.get(PATH.format(new))).json()["verdict"] == "proper"


async def test_cancelled(db: Connection, client: Clients, office: Clock, send: Send) -> None:
    meeting = await invited(db, office)
    await send(await dispatch(db))
    await dispatches.cancel(db, await make.actor(db, office, "anna"), meeting, Cancellation("Sturm"))
    found = (await (await client.as_("anna")).get(PATH.format(meeting))).json()
    assert (found["verdict"], found["finding"]) == ("off", "Die Sitzung ist abgesagt.")


async def test_an_imported_meeting_has_no_proof_and_no_defect(db: Connection, client: Clients) -> None:
    await make.person(db, "mona", roles=["circle_moderator"])
    meeting = await make.meeting(db, state="invited")
    await db.execute("update meeting set invitation_sent_on = '2026-11-20' where id = $1", meeting)
    found = (await (await client.as_("mona")).get(PATH.format(meeting))).json()
    assert (found["verdict"], found["defects"], found["waiting"]) == ("unproven", [], [])
    page = (await (await client.browser("mona")).get(PAGE)).text
    assert "kein Zustellnachweis" in page and "nicht von hier aus eingeladen" in page


async def test_who_may_see_it(db: Connection, client: Clients, office: Clock) -> None:
    meeting = await invited(db, office)
    for nick, status in (("ben", 403), ("vera", 403), ("clara", 404), ("anna", 200), ("mona", 200)):
        assert (await (await client.as_(nick)).get(PATH.format(meeting))).status_code == status, nick
        assert (await (await client.browser(nick)).get(PAGE)).status_code == status, nick
    unknown = await (await client.as_("anna")).get(PATH.format(UUID(int=4)))
    assert unknown.status_code == 404
    assert (await client.stranger.get(PATH.format(meeting))).status_code == 401


@pytest.mark.confidential
async def test_it_names_no_confidential_paper(
    db: Connection, client: Clients, office: Clock, send: Send
) -> None:
    meeting = await convened(db, office)
    item = await make.item(db, meeting)
    for title, level in (("Offen", "circle"), ("Quarz", "confidential")):
        await db.execute(
            """
            insert into paper (meeting_id, item_id, number, title, confidentiality, document_id, submitted_on)
            values ($1, $2, (select count(*) + 1 from paper where item_id = $2), $3, $4, $5, '2026-11-20')
            """,
            meeting, item, title, level, await make.document(db, reference=f"WD-{title}"),
        )  # fmt: skip
    await db.execute("update meeting set date = '2026-11-30' where id = $1", meeting)
    await dispatches.invite(db, await make.actor(db, office, "anna"), meeting, Sending())
    answer = await (await client.as_("mona")).get(PATH.format(meeting))
    assert "TOP 4: Offen" in answer.text and "Quarz" not in answer.text
