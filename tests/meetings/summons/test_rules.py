"""The rule by table: what became of the mails, and what it says about form and time. Day by day, also when clocks change."""

from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import msgspec
import pytest

from circle.meetings.summons import rules
from circle.meetings.summons.model import Facts, House, Mail, SentPaper

BEN, KIM, DINA = UUID(int=1), UUID(int=2), UUID(int=3)
ARNSBERG = House(UUID(int=11), "BR Arnsberg", BEN, "Ben Beauftragt", True, [])
KOELN = House(UUID(int=12), "BR Köln", KIM, "Kim Köln", True, [DINA])
IN_TIME = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)


def mail(
    person: UUID, state: str = "sent", at: datetime | None = IN_TIME, *, version: int = 1, kind: str = "invitation"
) -> Mail:  # fmt: skip
    given = {"delivery_id": UUID(int=version * 100 + person.int), "dispatch_id": UUID(int=version), "dispatch_title": "Einladung",
        "kind": kind, "version": version, "sha256": "a" * 64, "late": False, "person_id": person,
        "name": {BEN: "Ben Beauftragt", KIM: "Kim Köln", DINA: "Dina Vertretung"}[person], "authority_name": "BR",
        "member": True, "address": "a@b.example", "state": state, "accepted_at": at if state == "sent" else None, "error": ""}  # fmt: skip
    return msgspec.convert(given, Mail)


def facts(*deliveries: Mail, **more: Any) -> Facts:
    given: dict[str, Any] = {
        "meeting_id": UUID(int=9), "reference": "KK-2027-1", "title": "1. Sitzung", "date": date(2027, 1, 13),
        "state": "invited", "zone": "Europe/Berlin", "invitation_sent_on": date(2026, 11, 23), "rules": {},
        "moved_to": None, "houses": [ARNSBERG, KOELN], "deliveries": list(deliveries), "replies": {}, "papers": [],
        "waiting": [], "objections": None, "recorded_by_name": "", "recorded_at": None, "revision": 0,
    } | more  # fmt: skip
    return Facts(**given)


def test_all_reached_in_time() -> None:
    found = rules.judge(facts(mail(BEN), mail(KIM)))
    assert (found.verdict, found.defects, found.hints, found.statement) == ("proper", [], [], "")
    assert found.latest == date(2026, 12, 29)
    assert found.finding == (
        "Zu der Sitzung ist form- und fristgerecht geladen worden (Einladung vom 23.11.2026, letzter Tag der Frist: "
        "29.12.2026)."
    )


@pytest.mark.parametrize(
    ("kim", "state", "days", "text"),
    [
        ([], "not_invited", 0, "BR Köln: Kim Köln ist nicht eingeladen."),
        ([mail(KIM, "failed")], "failed", 0, "BR Köln: Die Einladung an Kim Köln ist nicht zugestellt worden."),
        ([mail(KIM, "uncertain")], "uncertain", 0, "BR Köln: Ob die Einladung an Kim Köln ankam, ist ungeklärt."),
        ([mail(KIM, "cancelled")], "cancelled", 0, "BR Köln: Der Versand der Einladung an Kim Köln ist abgebrochen worden."),
        ([mail(KIM, at=datetime(2026, 12, 29, 22, 59, tzinfo=UTC))], "served", 0, "BR Köln: Kim Köln am 29.12.2026 erreicht."),
        ([mail(KIM, at=datetime(2026, 12, 29, 23, 0, tzinfo=UTC))], "late", 1,
            "BR Köln: Kim Köln erst am 30.12.2026 erreicht, 1 Tag nach dem letzten Tag der Frist (29.12.2026)."),
        ([mail(KIM, at=datetime(2027, 1, 4, 9, tzinfo=UTC))], "late", 6,
            "BR Köln: Kim Köln erst am 04.01.2027 erreicht, 6 Tage nach dem letzten Tag der Frist (29.12.2026)."),
        ([mail(KIM, "failed"), mail(DINA)], "deputy_only", 0,
            "BR Köln: Die Einladung an Kim Köln ist nicht zugestellt worden. Erreicht ist nur die Vertretung, Dina Vertretung (am 23.11.2026)."),
        ([mail(DINA, at=datetime(2026, 12, 31, 9, tzinfo=UTC))], "deputy_only", 2,
            "BR Köln: Kim Köln ist nicht eingeladen. Erreicht ist nur die Vertretung, Dina Vertretung (am 31.12.2026, 2 Tage zu spät)."),
        # A later edition reached whom the first did not; the earlier of two counts.
        ([mail(KIM, "failed"), mail(KIM, at=datetime(2026, 12, 1, 9, tzinfo=UTC), version=2, kind="supplement")], "served", 0,
            "BR Köln: Kim Köln am 01.12.2026 erreicht."),
        ([mail(KIM), mail(KIM, at=datetime(2027, 1, 8, 9, tzinfo=UTC), version=2, kind="supplement")], "served", 0,
            "BR Köln: Kim Köln am 23.11.2026 erreicht."),
        ([mail(KIM, "failed"), mail(KIM, "uncertain", version=2)], "uncertain", 0, "BR Köln: Ob die Einladung an Kim Köln ankam, ist ungeklärt."),
    ],
)  # fmt: skip
def test_one_house(kim: list[Mail], state: str, days: int, text: str) -> None:
    found = rules.judge(facts(mail(BEN), *kim))
    house = found.houses[1]
    assert (house.state, house.days_late, house.text) == (state, days, text)
    assert found.verdict == ("proper" if state == "served" else "defective")
    assert found.defects == ([] if state == "served" else [text])


@pytest.mark.parametrize("state", ["new", "leased", "sending"])
def test_what_is_on_its_way_is_no_defect_yet(state: str) -> None:
    found = rules.judge(facts(mail(BEN), mail(KIM, state)))
    assert (found.verdict, found.defects) == (
        "pending",
        ["BR Köln: Die Einladung an Kim Köln ist noch unterwegs."],
    )


def test_who_answers_has_it() -> None:
    """An answer proves what the mail server could not."""
    at = datetime(2026, 12, 2, 9, tzinfo=UTC)
    for kim in (
        mail(KIM, "failed"),
        mail(KIM, "uncertain"),
        mail(KIM, at=datetime(2027, 1, 8, 9, tzinfo=UTC)),
    ):
        found = rules.judge(facts(mail(BEN), kim, replies={KIM: at}))
        assert (found.verdict, found.houses[1].reached_on) == ("proper", date(2026, 12, 2))
        assert found.deliveries[1].replied_on == date(2026, 12, 2)


def test_an_office_that_is_vacant_is_a_hint() -> None:
    empty = msgspec.structs.replace(KOELN, person_id=None, person_name=None)
    found = rules.judge(facts(mail(BEN), houses=[ARNSBERG, empty]))
    assert (found.verdict, found.houses[1].state) == ("proper", "vacant") and "nicht besetzt" in found.hints[
        0
    ]
    served = rules.judge(facts(mail(BEN), mail(DINA), houses=[ARNSBERG, empty]))
    assert (served.verdict, served.houses[1].state, served.hints) == ("proper", "served", [])
    late = rules.judge(
        facts(mail(BEN), mail(DINA, at=datetime(2027, 1, 1, 9, tzinfo=UTC)), houses=[ARNSBERG, empty])
    )
    assert (late.verdict, late.houses[1].days_late) == ("defective", 3)


def test_a_meeting_that_was_not_called_from_here_has_no_false_defect() -> None:
    found = rules.judge(facts())
    assert (found.verdict, found.defects, found.houses) == ("unproven", [], [])
    assert (
        found.finding
        == "Für die Einladung liegt hier kein Zustellnachweis vor; versandt wurde sie am 23.11.2026."
    )


@pytest.mark.parametrize(
    ("state", "verdict"),
    [("planned", "not_yet"), ("agenda_open", "not_yet"), ("cancelled", "off"), ("moved", "off"), ("running", "defective"),
     ("filed", "defective")],
)  # fmt: skip
def test_the_state_of_the_meeting(state: str, verdict: str) -> None:
    found = rules.judge(facts(mail(BEN), state=state))
    assert found.verdict == verdict and bool(found.defects) == (verdict == "defective")


def test_papers_that_came_late_are_only_a_hint() -> None:
    papers = [SentPaper("TOP 4: Vorlage", date(2027, 1, 5)), SentPaper("TOP 5: Liste", date(2027, 1, 6))]
    found = rules.judge(facts(mail(BEN), mail(KIM), papers=papers))
    assert found.verdict == "proper"
    assert found.hints == ["Nach dem 05.01.2027, dem letzten Tag für Unterlagen, versandt (am 06.01.2027): TOP 5: Liste"]  # fmt: skip


@pytest.mark.parametrize(
    ("on", "period", "latest"),
    [
        # The clocks change between invitation and meeting: days are days (29.03.2026, 25.10.2026, 28.03.2027).
        (date(2027, 4, 7), None, date(2027, 3, 23)),
        (date(2026, 11, 4), None, date(2026, 10, 20)),
        # Easter lies between; the day that counts is the working day before.
        (date(2027, 4, 14), {"unit": "clear_days_before", "value": 14}, date(2027, 3, 30)),
        (date(2027, 4, 13), {"unit": "clear_days_before", "value": 14}, date(2027, 3, 25)),
        (date(2027, 1, 13), {"unit": "clear_days_before", "value": 21}, date(2026, 12, 22)),
        (date(2027, 1, 13), {"unit": "days_before", "value": 10}, date(2026, 12, 31)),
    ],
)
def test_the_last_day(on: date, period: Any, latest: date) -> None:
    found = rules.judge(facts(date=on, rules={"invitation": period} if period else {}))
    assert found.latest == latest


def test_an_evening_in_summer_time_counts_by_the_wall_clock() -> None:
    """22:30 UTC is half past midnight in Berlin in summer, half past eleven at night in winter."""
    summer = facts(mail(BEN), mail(KIM, at=datetime(2027, 6, 1, 22, 30, tzinfo=UTC)), date=date(2027, 6, 16))
    assert rules.judge(summer).latest == date(2027, 6, 1)
    assert rules.judge(summer).houses[1].days_late == 1
    winter = facts(mail(BEN), mail(KIM, at=datetime(2026, 12, 29, 22, 30, tzinfo=UTC)))
    assert rules.judge(winter).houses[1].state == "served"


def test_nothing_is_healed_unless_it_is_recorded() -> None:
    late = [mail(BEN), mail(KIM, "failed")]
    assert rules.judge(facts(*late)).statement == ""
    healed = rules.judge(facts(*late, objections=""))
    assert healed.verdict == "defective"
    assert healed.statement == f"{rules.FORMULA} Die betroffenen Häuser haben teilgenommen; die Mängel sind damit geheilt."  # fmt: skip
    away = msgspec.structs.replace(KOELN, present=False)
    stays = rules.judge(facts(*late, objections="", houses=[ARNSBERG, away]))
    assert stays.statement.endswith("Nicht teilgenommen haben: BR Köln; insoweit bleibt der Mangel bestehen.")
    said = rules.judge(facts(*late, objections="BR Köln rügt die Frist."))
    assert said.statement == "Einwendungen gegen Form und Frist der Einladung: BR Köln rügt die Frist."
    assert rules.judge(facts(mail(BEN), mail(KIM), objections="")).statement == rules.FORMULA
