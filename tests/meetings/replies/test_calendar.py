"""Answers of calendars by mail (RFC 5546 3.2.3), in the shapes of three programs; hostile mails are refused with a reason
and leave no content behind. The mails are written after the RFCs and public samples."""

import asyncio
import base64
import contextlib
import os
import quopri
import random
import re
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
import pytest
from click.testing import CliRunner

from circle import cli
from circle.core import clock, ics
from circle.core.clock import Clock
from circle.core.db import Connection, Database
from circle.meetings.replies import actions, incoming, mailbox
from circle.settings import Settings
from tests import make
from tests.clients import Clients, OneConnection
from tests.meetings.world import act, convened, invited

from .test_answer import ALL, answers

MAILS = Path(__file__).parent / "mails"
COMMENTS = {
    "outlook": "Ich komme gegen elf.", "outlook-qp": "Ich bringe die Stellungnahme zur Prüfung mit.",
    "thunderbird": "", "apple": "", "apple-base64": "Mit dem Fahrrad",
}  # fmt: skip
"""The shapes of three programs → what is written beside the answer in each."""
DOMAIN = "example.invalid"


def mail(meeting: UUID | str, program: str = "thunderbird", **given: Any) -> bytes:
    """A mail of a program; `partstat`, `sequence`, `address`, `stamp` and `uid` differ from the usual."""
    values = {"partstat": "ACCEPTED", "sequence": 0, "address": "ben@example.org", "stamp": "20261123T083100Z",
        "uid": f"{meeting}@{DOMAIN}"} | given  # fmt: skip
    text = (MAILS / f"{program}.eml").read_text(encoding="utf-8")
    for name, value in values.items():
        text = text.replace(f"{name.upper()}_HERE", str(value))
    text = re.sub(r"--8<-- (\S+)\n(.*?)-->8--\n", encoded, text, flags=re.DOTALL)
    return text.replace("\n", "\r\n").encode(errors="surrogateescape")


def encoded(part: re.Match[str]) -> str:
    """A calendar file as such a mail bears it: folded, and in the encoding that is named before it."""
    raw = "".join(ics.fold(line) for line in part[2].splitlines()).encode(errors="surrogateescape")
    if part[1] == "base64":
        return base64.encodebytes(raw).decode()
    return quopri.encodestring(raw.replace(b"\r\n", b"\n")).decode()


async def take(db: Connection, raw: bytes, office: Clock) -> str | None:
    return await actions.take_mail(db, raw, DOMAIN, office.now())


@pytest.mark.parametrize("program", COMMENTS)
async def test_each_program_accepts_declines_and_is_tentative(
    db: Connection, office: Clock, program: str
) -> None:
    meeting = await invited(db, office)
    assert await take(db, mail(meeting, program), office) is None
    declined = mail(meeting, program, partstat="DECLINED", stamp="20261123T084500Z")
    assert await take(db, declined, office) is None
    perhaps = mail(meeting, program, partstat="TENTATIVE", stamp="20261123T085000Z")
    assert await take(db, perhaps, office) is None
    assert await answers(db) == [(one, "calendar") for one in ("in_person", "declined", "tentative")]
    notes = await db.fetch("select note from reply")
    assert [row["note"] for row in notes] == [COMMENTS[program]] * 3
    acts = await db.fetch("select actor_name, detail::text from audit_event where action = 'reply.given'")
    assert len(acts) == 3 and acts[0]["actor_name"] == "Ben Beauftragt"
    assert not COMMENTS[program] or not any(COMMENTS[program] in row["detail"] for row in acts)


async def test_a_comment_in_the_letters_of_the_west_is_read_as_it_was_meant(
    db: Connection, office: Clock
) -> None:
    meeting = await invited(db, office)
    raw = mail(meeting).replace(b"TRANSP:OPAQUE", "COMMENT:Komme später".encode("cp1252"))
    assert await take(db, raw, office) is None
    assert await db.fetchval("select note from reply") == "Komme später"


async def test_whoever_passes_the_invitation_on_has_not_answered(db: Connection, office: Clock) -> None:
    """Delegation (RFC 5546 4.2.5) is noted for the office: who stands in for whom is entered in the product."""
    meeting = await invited(db, office)
    passed_on = 'PARTSTAT=DELEGATED;DELEGATED-TO="mailto:kim@example.org"'
    one = mail(meeting).replace(b"PARTSTAT=ACCEPTED", passed_on.encode())
    two = one.replace(
        b"TRANSP:", b'ATTENDEE;DELEGATED-FROM="mailto:ben@example.org":mailto:kim@example.org\r\nTRANSP:'
    )
    assert await take(db, one, office) == "no_answer"
    assert await take(db, two, office) == "not_a_reply"
    assert await answers(db) == []


async def test_what_is_called_off_is_answered_no_more(db: Connection, client: Clients, office: Clock) -> None:
    meeting = await invited(db, office)
    assert (
        await act(await client.as_("anna"), meeting, "cancel", {"reason": "Krankheit"})
    ).status_code == 200
    for sequence in (0, 1):
        stamp = f"20261123T09000{sequence}Z"
        assert await take(db, mail(meeting, sequence=sequence, stamp=stamp), office) in (
            "closed",
            "other_sequence",
        )
    assert await answers(db) == []


async def test_tentative_is_shown_and_is_no_answer_yet(
    db: Connection, client: Clients, office: Clock
) -> None:
    meeting = await invited(db, office)
    assert await take(db, mail(meeting, partstat="TENTATIVE"), office) is None
    page = (await (await client.browser("anna")).get(ALL)).text
    assert "unter Vorbehalt" in page and page.count("offen seit") == 6


async def test_a_hybrid_meeting_keeps_the_form_that_was_said(
    db: Connection, client: Clients, office: Clock
) -> None:
    meeting = await convened(db, office, mode="hybrid", link="https://video.example.org/kk")
    await make.item(db, meeting)
    await act(await client.as_("anna"), meeting, "invite", {})
    await take(db, mail(meeting), office)
    await act(await client.as_("ben"), meeting, "reply", {"answer": "online"})
    await take(db, mail(meeting, stamp="20261123T090000Z"), office)
    assert [answer for answer, _ in await answers(db)] == ["coming", "online", "online"]


async def test_a_mail_counts_once_and_an_older_one_not_any_more(db: Connection, office: Clock) -> None:
    meeting = await invited(db, office)
    first = mail(meeting)
    for _ in range(2):
        assert await take(db, first, office) is None
    for stamp in ("20261122T083100Z", "00010101T000000Z"):
        assert await take(db, mail(meeting, partstat="DECLINED", stamp=stamp), office) == "older"
    assert await answers(db) == [("in_person", "calendar")]


async def test_only_the_version_that_went_out_is_answered(
    db: Connection, client: Clients, office: Clock
) -> None:
    meeting = await invited(db, office)
    anna = await client.as_("anna")
    changed = await anna.patch(
        f"/api/v1/meetings/{meeting}", json={"place": "Saal 2"}, headers={"if-match": '"v2"'}
    )
    assert changed.status_code == 200
    # The supplement is not out: calendars still know the first version.
    assert await take(db, mail(meeting, sequence=0), office) is None
    await act(anna, meeting, "supplement", {})
    late = mail(meeting, sequence=0, stamp="20261123T090000Z")
    assert await take(db, late, office) == "other_sequence"
    assert await take(db, mail(meeting, sequence=2, stamp="20261123T090000Z"), office) == "other_sequence"
    assert await take(db, mail(meeting, sequence=1, stamp="20261123T090000Z"), office) is None


async def test_a_moved_meeting_has_to_be_answered_anew(
    db: Connection, client: Clients, office: Clock
) -> None:
    meeting = await invited(db, office)
    body = {
        "date": "2027-01-20",
        "start_local": "10:00",
        "end_local": "14:00",
        "reason": "Der Saal ist belegt.",
    }
    moved = (await act(await client.as_("anna"), meeting, "move", body)).json()
    assert moved["moved_to"] or moved["id"]
    assert await take(db, mail(meeting), office) == "not_invited"
    assert await answers(db) == []


FOREIGN = [
    ({"uid": "00000000-0000-4000-8000-000000000000@example.invalid"}, "unknown_meeting"),
    ({"uid": "no-id@example.invalid"}, "unknown_meeting"),
    ({"uid": "x" * 5000}, "unknown_meeting"),
    ({"address": "clara@example.org"}, "not_invited"),
    ({"address": "niemand@example.org"}, "not_invited"),
    ({"partstat": "DELEGATED"}, "no_answer"),
    ({"partstat": "NEEDS-ACTION"}, "no_answer"),
    ({"sequence": "-1"}, "other_sequence"),
    ({"sequence": "2147483647"}, "other_sequence"),
    ({"sequence": "99999999999999999999"}, "unreadable"),
    ({"sequence": "viele"}, "unreadable"),
    ({"stamp": "99991231T235959Z"}, "unreadable"),
    ({"address": "ben\x00@example.org"}, "foreign_sender"),
    ({"address": "ben\udc80@example.org"}, "foreign_sender"),
    ({"address": '"ben beauftragt"@example.org'}, "foreign_sender"),
    ({"stamp": "gestern"}, "unreadable"),
    ({"stamp": "20261123T083100"}, "unreadable"),
]  # fmt: skip


@pytest.mark.parametrize(("given", "reason"), FOREIGN)
async def test_what_is_not_ours_is_refused_with_its_reason(
    db: Connection, office: Clock, given: dict[str, Any], reason: str
) -> None:
    meeting = await invited(db, office)
    assert await take(db, mail(meeting, **given), office) == reason
    assert await db.fetchval("select count(*) from reply") == 0
    assert await db.fetchval("select reason from calendar_reply") == reason


def text_mail(body: str, head: str = "", kind: str = "text/calendar; method=REPLY; charset=utf-8") -> bytes:
    return f"From: ben@example.org\r\n{head}Content-Type: {kind}\r\n\r\n{body}".encode()


EVENT = "BEGIN:VEVENT\r\nUID:x@y\r\nDTSTAMP:20261123T083100Z\r\nATTENDEE;PARTSTAT=ACCEPTED:mailto:ben@example.org\r\nEND:VEVENT\r\n"
WHOLE = "BEGIN:VCALENDAR\r\nMETHOD:REPLY\r\n{}END:VCALENDAR\r\n"
HOSTILE: list[tuple[str, bytes, str]] = [
    ("nothing", b"", "no_calendar"),
    ("noise", bytes(range(256)) * 100, "no_calendar"),
    ("huge", b"From: ben@example.org\r\n\r\n" + b"x" * incoming.MAIL_LIMIT, "too_large"),
    ("huge calendar", text_mail("BEGIN:VCALENDAR\r\n" + "X-A:b\r\n" * 20_000), "too_large"),
    ("no calendar", text_mail("Hallo", kind="text/plain"), "no_calendar"),
    ("broken calendar", text_mail("BEGIN:VCALENDAR\r\nno line"), "unreadable"),
    ("request", text_mail(WHOLE.format(EVENT).replace("REPLY", "REQUEST")), "not_a_reply"),
    ("counter", text_mail(WHOLE.format(EVENT).replace("REPLY", "COUNTER")), "not_a_reply"),
    ("two events", text_mail(WHOLE.format(EVENT * 2)), "not_a_reply"),
    ("no event", text_mail(WHOLE.format("")), "not_a_reply"),
    ("one of a series", text_mail(WHOLE.format(EVENT.replace("UID", "RECURRENCE-ID:20270113T090000Z\r\nUID"))), "not_a_reply"),
    ("two attendees", text_mail(WHOLE.format(EVENT.replace("END:", "ATTENDEE:mailto:kim@example.org\r\nEND:"))), "not_a_reply"),
    ("no stamp", text_mail(WHOLE.format(EVENT.replace("DTSTAMP", "X-STAMP"))), "unreadable"),
    ("no name", text_mail(WHOLE.format(EVENT.replace("UID", "X-UID"))), "unreadable"),
    ("two names", text_mail(WHOLE.format(EVENT.replace("UID", "UID:z\r\nUID"))), "unknown_meeting"),
    ("other sender", text_mail(WHOLE.format(EVENT.replace("mailto:ben", "mailto:kim"))), "foreign_sender"),
    ("two senders", text_mail(WHOLE.format(EVENT), "From: kim@example.org\r\n"), "foreign_sender"),
    ("no sender", b"Content-Type: text/calendar\r\n\r\n" + WHOLE.format(EVENT).encode(), "foreign_sender"),
    ("said to be somebody else", text_mail(WHOLE.format(EVENT), "From: \"ben@example.org\" <eve@example.org>\r\n").replace(b"From: ben@example.org\r\n", b""), "foreign_sender"),
    ("for somebody else", text_mail(WHOLE.format(EVENT.replace("ATTENDEE;", "ATTENDEE;SENT-BY=\"mailto:eve@example.org\";"))).replace(b"From: ben@", b"From: eve@"), "foreign_sender"),
    ("one of many to come", text_mail(WHOLE.format(EVENT.replace("UID", "RRULE:FREQ=SECONDLY\r\nUID"))), "not_a_reply"),
    ("ten megabytes", text_mail("BEGIN:VCALENDAR\r\n" + "X" * 10 * 1024 * 1024), "too_large"),
    ("ten thousand events", text_mail(WHOLE.format("BEGIN:VEVENT\r\nUID:x\r\nEND:VEVENT\r\n" * 10_000)), "too_large"),
    ("a thousand events", text_mail(WHOLE.format("BEGIN:VEVENT\r\nUID:x\r\nEND:VEVENT\r\n" * 1000)), "not_a_reply"),
    ("nested components", text_mail("BEGIN:VEVENT\r\n" * 4000), "unreadable"),
    ("folded with nothing", text_mail(WHOLE.format(EVENT.replace("ACCEPTED", "ACC\r\n \x00EPTED"))), "not_a_reply"),
    ("nothing in the name", text_mail(WHOLE.format(EVENT.replace("UID:x", "UID:x\x00\r\n \x00"))), "unknown_meeting"),
    ("folded without end", text_mail(WHOLE.format(EVENT.replace("UID:x", "UID:x" + "\r\n x" * 20_000))), "too_large"),
    ("wide letters", text_mail("").replace(b"utf-8", b"utf-16") + WHOLE.format(EVENT).encode(), "unreadable"),
    ("a file in a file", text_mail(WHOLE.format(WHOLE.format(EVENT))), "not_a_reply"),
    ("unknown letters", text_mail(WHOLE.format(EVENT), kind="text/calendar; charset=klingon"), "unreadable"),
    ("attached mail", text_mail("Content-Type: text/calendar\r\n\r\n" + WHOLE.format(EVENT), kind="message/rfc822"), "no_calendar"),
    ("deep", b"From: ben@example.org\r\n" + b"".join(
        b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n) for n in range(5000)), "unreadable"),
    ("wide", b"From: ben@example.org\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n" + b"--b\r\n\r\nx\r\n" * 9000, "unreadable"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("raw", "reason"), [pytest.param(raw, reason, id=name) for name, raw, reason in HOSTILE]
)
async def test_hostile_mails_are_refused(db: Connection, office: Clock, raw: bytes, reason: str) -> None:
    await invited(db, office)
    assert await take(db, raw, office) == reason
    assert await db.fetchval("select count(*) from reply") == 0
    row = await db.fetchrow("select * from calendar_reply")
    assert row["reason"] == reason and row["person_id"] is None


def test_whatever_comes_is_read_or_refused_in_time() -> None:
    dice = random.Random(7)
    started = time.monotonic()
    for program in COMMENTS:
        good = mail("x", program)
        assert incoming.read(good).answer == "accepted"
        for _ in range(60):
            bad = bytearray(good)
            for _ in range(dice.randint(1, 40)):
                at = dice.randrange(len(bad))
                bad[at : at + dice.randint(0, 3)] = dice.randbytes(dice.randint(0, 3))
            with contextlib.suppress(incoming.Refused):
                incoming.read(bytes(bad))
    assert time.monotonic() - started < 30


async def test_not_after_the_begin_nor_for_who_has_left(db: Connection, office: Clock) -> None:
    meeting = await invited(db, office)
    begun = datetime(2027, 1, 13, 9, tzinfo=UTC)
    assert await actions.take_mail(db, mail(meeting), DOMAIN, begun) == "closed"
    await db.execute("update person set active = false where email = 'ben@example.org'")
    assert await take(db, mail(meeting, partstat="DECLINED"), office) == "not_invited"


async def test_the_office_reads_what_was_refused_and_members_do_not(
    db: Connection, client: Clients, office: Clock
) -> None:
    meeting = await invited(db, office)
    await take(db, mail(meeting, sequence=7), office)
    for nick, reads in (("anna", True), ("ben", False)):
        page = (await (await client.browser(nick)).get(ALL)).text
        assert ("Antwort auf eine frühere Fassung" in page) == reads


async def test_the_address_of_the_invitation_still_counts(db: Connection, office: Clock) -> None:
    meeting = await invited(db, office)
    await db.execute("update person set email = 'neu@example.org' where email = 'ben@example.org'")
    assert await take(db, mail(meeting), office) is None
    assert await take(db, mail(meeting, address="NEU@Example.org", stamp="20261123T090000Z"), office) is None


def maildir(root: Path, **mails: bytes) -> Path:
    for folder in ("new", "cur", "tmp"):
        (root / folder).mkdir(parents=True)
    for name, raw in mails.items():
        (root / "new" / name).write_bytes(raw)
    return root


async def test_the_mailbox_is_read_and_sorted(
    db: Connection, database: OneConnection, settings: Settings, office: Clock, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    meeting = await invited(db, office)
    root = maildir(
        tmp_path / "post", a=mail(meeting, "outlook"), b=b"kein Kalender: Quarz", c=mail(meeting, "outlook")
    )
    (root / "new" / "link").symlink_to("/etc/passwd")
    os.mkfifo(root / "cur" / "pipe")
    told: list[Any] = []
    monkeypatch.setattr(mailbox.log, "info", lambda *said, **more: told.append((said, more)))
    own = msgspec.structs.replace(settings, reply_maildir=str(root))
    assert await mailbox.read(database, own, office) == 3
    assert sorted(path.name for path in (root / ".done" / "cur").iterdir()) == ["a", "c"]
    assert [path.name for path in (root / ".refused" / "cur").iterdir()] == ["b"]
    assert await answers(db) == [("in_person", "calendar")]
    assert await mailbox.read(database, own, office) == 0
    assert await mailbox.read(database, settings, office) == 0
    assert told == [(("calendar reply",), {"reason": reason}) for reason in ("taken", "no_calendar", "taken")]


async def test_one_mail_holds_up_no_other(
    db: Connection, database: OneConnection, settings: Settings, office: Clock, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    meeting = await invited(db, office)
    real = actions.take_mail

    async def take_mail(db: Connection, raw: bytes, *more: Any) -> Any:
        if raw == b"Gift":
            raise ValueError
        return await real(db, raw, *more)

    monkeypatch.setattr(actions, "take_mail", take_mail)
    root = maildir(tmp_path / "post", a=b"Gift", b=mail(meeting))
    with pytest.raises(ValueError):
        await mailbox.read(database, msgspec.structs.replace(settings, reply_maildir=str(root)), office)
    assert await answers(db) == [("in_person", "calendar")]
    assert [path.name for path in (root / "new").iterdir()] == ["a"]


async def test_three_workers_at_one_mailbox_are_as_one(
    fresh: tuple[Database, Settings], tmp_path: Path
) -> None:
    database, settings = fresh
    async with database.begin(None) as db:
        office = await clock.read(db)
        meeting = await invited(db, office)
    mails = {f"m{n}": mail(meeting, stamp=f"20261123T08310{n}Z") for n in range(5)}
    root = maildir(tmp_path / "post", **mails)
    own = msgspec.structs.replace(settings, reply_maildir=str(root))
    for times in (3, 1):
        await asyncio.gather(*(mailbox.read(database, own, office) for _ in range(times)))
        moved = [path.name for folder in (".done", ".refused") for path in (root / folder).glob("cur/*")]
        assert sorted(moved) == sorted(mails) and not list(root.glob("new/*"))
        async with database.begin(None) as db:
            said = await db.fetchval("select count(*) from reply")
            assert said == await db.fetchval("select count(*) from calendar_reply where reason = ''") >= 1
            assert await db.fetchval("select count(*) from calendar_reply") == 5


async def test_a_piped_mail_is_taken_and_a_refusal_is_no_bounce(
    fresh: tuple[Database, Settings],
) -> None:
    database, settings = fresh
    async with database.begin(None) as db:
        meeting = await invited(db, await clock.read(db))
    assert await mailbox.take_one(settings, mail(meeting)) is None
    assert await mailbox.take_one(settings, b"nichts") == "no_calendar"
    async with database.begin(None) as db:
        assert await answers(db) == [("in_person", "calendar")]


async def test_one_mail_in_many_hands_counts_once(fresh: tuple[Database, Settings]) -> None:
    database = fresh[0]
    async with database.begin(None) as db:
        office = await clock.read(db)
        raw = mail(await invited(db, office))

    async def run() -> str | None:
        async with database.begin(None) as db:
            return await take(db, raw, office)

    assert await asyncio.gather(*[run() for _ in range(4)]) == [None] * 4
    async with database.begin(None) as db:
        assert await answers(db) == [("in_person", "calendar")]


def test_no_more_is_read_of_a_huge_mail_than_shows_that_it_is(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    huge, seen = b"From: ben@example.org\r\n\r\n" + b"x" * 10 * 1024 * 1024, []

    async def taken(settings: Settings, raw: bytes) -> str | None:
        seen.append(len(raw))
        return "too_large"

    monkeypatch.setattr(mailbox, "take_one", taken)
    said = CliRunner().invoke(cli.main, ["calendar-reply"], input=huge)
    assert (said.exit_code, said.output) == (0, "nicht übernommen: zu groß\n")
    assert seen == [incoming.MAIL_LIMIT + 1]
    (tmp_path / "huge").write_bytes(huge)
    assert len(mailbox._content(tmp_path / "huge") or b"") == incoming.MAIL_LIMIT + 1


def test_the_command_says_what_became_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    async def taken(settings: Settings, raw: bytes) -> str | None:
        return None if raw == b"gut" else "no_calendar"

    monkeypatch.setattr(mailbox, "take_one", taken)
    good, bad = [CliRunner().invoke(cli.main, ["calendar-reply"], input=raw) for raw in (b"gut", b"x")]
    assert (good.exit_code, good.output) == (0, "übernommen\n")
    assert (bad.exit_code, bad.output) == (0, "nicht übernommen: ohne Kalenderantwort\n")

    async def away(settings: Settings, raw: bytes) -> str | None:
        raise OSError

    monkeypatch.setattr(mailbox, "take_one", away)
    assert CliRunner().invoke(cli.main, ["calendar-reply"], input=b"gut").exit_code == 75
