"""Whether a meeting was called in form and time, judged by what became of each mail. Pure.

The period is the procedure's: 14 clear days when it is silent (domain rules 3; the decree regulates none). It is the house
that is summoned, in its commissioner of that day. That a member was there and objected to nothing heals a defect only when
the moderation has recorded it (as VwVfG § 90 (1) asks that all are invited, and § 93 that the minutes say who was there).
"""

from collections.abc import Iterable
from datetime import date, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from circle.core import errors
from circle.core.calendar import date_short
from circle.meetings import rules as meetings

from .model import (
    DeliveryState,
    Facts,
    House,
    HouseState,
    LateInvitee,
    Mail,
    Objections,
    Summons,
    SummonsDelivery,
    SummonsHouse,
    Verdict,
)

FORMULA = "Einwendungen gegen Form und Frist der Einladung werden nicht erhoben."
"""As chairs say it (domain rules 3, formulas)."""
VERDICTS: dict[Verdict, tuple[str, str]] = {
    "not_yet": ("noch nicht eingeladen", "neutral"),
    "proper": ("form- und fristgerecht geladen", "success"),
    "defective": ("Mängel der Ladung", "danger"),
    "pending": ("Einladungen noch unterwegs", "info"),
    "unproven": ("kein Zustellnachweis", "warning"),
    "off": ("findet nicht statt", "neutral"),
}
MAIL_STATES: dict[DeliveryState, tuple[str, str]] = {
    "new": ("wartet", "info"),
    "leased": ("wird vorbereitet", "info"),
    "sending": ("wird gesendet", "info"),
    "sent": ("vom Mailserver angenommen", "success"),
    "failed": ("nicht zugestellt", "danger"),
    "uncertain": ("ungeklärt", "warning"),
    "cancelled": ("abgebrochen", "neutral"),
}
RECORDING = ("running", "held", "minutes_draft")
"""States in which the moderation records what was said about form and time."""
_FINE: tuple[HouseState, ...] = ("served", "vacant")
# A mail on its way may still come in time; the better of several mails counts.
_BEST: tuple[DeliveryState, ...] = ("sending", "leased", "new", "uncertain", "failed", "cancelled")


def judge(facts: Facts) -> Summons:
    """The verdict with its words, house by house."""
    periods = meetings.deadlines(facts.date, facts.rules or {})
    latest, papers_latest = periods["invitation_latest"].on, periods["papers_latest"].on
    houses = [_house(house, facts, latest) for house in facts.houses] if facts.deliveries else []
    wrong = [one for one in houses if one.state not in (*_FINE, "waiting")]
    verdict: Verdict = "proper"
    if facts.state in ("cancelled", "moved"):
        verdict = "off"
    elif facts.state in meetings.BEFORE_INVITATION:
        verdict = "not_yet"
    elif not facts.deliveries:
        verdict = "unproven"
    elif wrong:
        verdict = "defective"
    elif any(one.state == "waiting" for one in houses):
        verdict = "pending"
    defects = (
        [one.text for one in houses if one.state not in _FINE] if verdict in ("defective", "pending") else []
    )
    hints = [one.text for one in houses if one.state == "vacant"]
    late = [one for one in facts.papers if one.sent_on > papers_latest]
    hints += [
        f"Nach dem {date_short(papers_latest)}, dem letzten Tag für Unterlagen, versandt (am {date_short(one.sent_on)}): {one.title}"
        for one in late
    ]
    return Summons(
        meeting_id=facts.meeting_id, reference=facts.reference, title=facts.title, date=facts.date,
        meeting_state=facts.state, verdict=verdict, latest=latest, finding=_finding(verdict, facts, latest),
        defects=defects, hints=hints, houses=houses, deliveries=[_delivery(one, facts) for one in facts.deliveries],
        waiting=facts.waiting, objections=facts.objections, statement=statement(facts.objections, verdict, wrong, facts),
        recorded_by_name=facts.recorded_by_name, recorded_at=facts.recorded_at, revision=facts.revision,
    )  # fmt: skip


def _finding(verdict: Verdict, facts: Facts, latest: date) -> str:
    sent = f"Einladung vom {date_short(facts.invitation_sent_on)}, " if facts.invitation_sent_on else ""
    return {
        "not_yet": "Die Einladung ist noch nicht versandt.",
        "proper": f"Zu der Sitzung ist form- und fristgerecht geladen worden ({sent}letzter Tag der Frist: {date_short(latest)}).",
        "defective": f"Die Ladung zu der Sitzung hat Mängel ({sent}letzter Tag der Frist: {date_short(latest)}).",
        "pending": f"Noch nicht alle Einladungen sind angenommen ({sent}letzter Tag der Frist: {date_short(latest)}).",
        "unproven": "Für die Einladung liegt hier kein Zustellnachweis vor"
        + (
            f"; versandt wurde sie am {date_short(facts.invitation_sent_on)}."
            if facts.invitation_sent_on
            else "."
        ),
        "off": "Die Sitzung ist abgesagt."
        if facts.state == "cancelled"
        else "Die Sitzung ist verlegt. Zum neuen Termin wird neu eingeladen.",
    }[verdict]


def _house(house: House, facts: Facts, latest: date) -> SummonsHouse:
    """How a house was summoned: in its commissioner; in a deputy only when the office is vacant."""

    def told(state: HouseState, text: str, on: date | None = None) -> SummonsHouse:
        late = max((on - latest).days, 0) if on else 0
        return SummonsHouse(
            house.id, house.name, house.person_id, house.person_name, state, on, late, f"{house.name}: {text}"
        )

    deputies = [(on, one) for one in house.deputies if (on := _reached(one, facts))]
    deputy = min(deputies, key=lambda pair: pair[0]) if deputies else None
    if house.person_id is None:
        if deputy is None:
            return told(
                "vacant", "Das Amt ist an diesem Tag nicht besetzt; eine Vertretung ist nicht eingeladen."
            )
        on = deputy[0]
        if on > latest:
            return told("late", f"{_name(deputy[1], facts)} (Vertretung) {_late(on, latest)}", on)
        return told("served", f"{_name(deputy[1], facts)} (Vertretung) am {date_short(on)} erreicht.", on)
    reached = _reached(house.person_id, facts)
    if reached and reached <= latest:
        return told("served", f"{house.person_name} am {date_short(reached)} erreicht.", reached)
    if reached:
        return told("late", f"{house.person_name} {_late(reached, latest)}", reached)
    state, text = _unreached(house, facts)
    if deputy:
        on = deputy[0]
        also = f", {_days(on, latest)} zu spät" if on > latest else ""
        return told(
            "deputy_only", f"{text} Erreicht ist nur die Vertretung, {_name(deputy[1], facts)} (am {date_short(on)}{also}).", on
        )  # fmt: skip
    return told(state, text)


def _unreached(house: House, facts: Facts) -> tuple[HouseState, str]:
    states = {one.state for one in facts.deliveries if one.person_id == house.person_id}
    state = next((one for one in _BEST if one in states), None)
    name = house.person_name
    if state is None:
        return "not_invited", f"{name} ist nicht eingeladen."
    if state == "failed":
        return "failed", f"Die Einladung an {name} ist nicht zugestellt worden."
    if state == "uncertain":
        return "uncertain", f"Ob die Einladung an {name} ankam, ist ungeklärt."
    if state == "cancelled":
        return "cancelled", f"Der Versand der Einladung an {name} ist abgebrochen worden."
    return "waiting", f"Die Einladung an {name} ist noch unterwegs."


def _reached(person: UUID, facts: Facts) -> date | None:
    """The day on which a mail to this person was taken by the mail server, or on which they answered: who answers has it."""
    days = [
        _day(one.accepted_at, facts.zone)
        for one in facts.deliveries
        if one.person_id == person and one.state == "sent" and one.accepted_at
    ]
    if person in facts.replies:
        days.append(_day(facts.replies[person], facts.zone))
    return min(days) if days else None


def _day(at: datetime, zone: str) -> date:
    return at.astimezone(ZoneInfo(zone)).date()


def _late(on: date, latest: date) -> str:
    return f"erst am {date_short(on)} erreicht, {_days(on, latest)} nach dem letzten Tag der Frist ({date_short(latest)})."


def _days(on: date, latest: date) -> str:
    count = (on - latest).days
    return "1 Tag" if count == 1 else f"{count} Tage"


def _name(person: UUID, facts: Facts) -> str:
    return next((one.name for one in facts.deliveries if one.person_id == person), "die Vertretung")


def _delivery(one: Mail, facts: Facts) -> SummonsDelivery:
    replied = facts.replies.get(one.person_id)
    return SummonsDelivery(
        one.delivery_id, one.dispatch_id, one.dispatch_title, one.kind, one.version, one.sha256, one.late, one.person_id,
        one.name, one.authority_name, one.member, one.state, one.accepted_at if one.state == "sent" else None,
        _day(replied, facts.zone) if replied else None, one.error,
    )  # fmt: skip


def statement(objections: str | None, verdict: Verdict, wrong: Iterable[SummonsHouse], facts: Facts) -> str:
    """What the minutes say about objections; '' while nothing was recorded, because nothing is assumed."""
    if objections is None:
        return ""
    if objections:
        return f"Einwendungen gegen Form und Frist der Einladung: {objections}"
    if verdict != "defective":
        return FORMULA
    there = {house.id for house in facts.houses if house.present}
    absent = [one.authority_name for one in wrong if one.authority_id not in there]
    if not absent:
        return f"{FORMULA} Die betroffenen Häuser haben teilgenommen; die Mängel sind damit geheilt."
    return f"{FORMULA} Nicht teilgenommen haben: {', '.join(absent)}; insoweit bleibt der Mangel bestehen."


def require_recordable(state: str) -> None:
    """Raises Conflict before the meeting begins, and once its minutes are approved."""
    if state in (*meetings.BEFORE_MEETING, "cancelled", "moved"):
        raise errors.Conflict("Festgehalten wird das zu TOP 1, wenn die Sitzung eröffnet ist.")
    if state not in RECORDING:
        raise errors.Conflict(
            "Die Niederschrift dieser Sitzung ist genehmigt. Änderungen sind nur noch als Berichtigung möglich.",
            code="minutes_approved",
        )


def require_objections(new: Objections) -> None:
    """Raises Invalid when objections are raised without words, or words given for none."""
    if new.raised and not new.text.strip():
        raise errors.Invalid(
            "Erhobene Einwendungen brauchen ihren Wortlaut.",
            fields={"text": "Bitte schreiben Sie, wer was eingewendet hat."},
        )
    if not new.raised and new.text.strip():
        raise errors.Invalid(
            "Wenn keine Einwendungen erhoben werden, bleibt der Text leer.",
            fields={"text": "Bitte leer lassen, oder „Einwendungen festhalten“ wählen."},
        )


def require_waiting(person_id: UUID, waiting: list[LateInvitee], state: str) -> LateInvitee:
    """Who is to be sent the invitation. Raises Conflict when the meeting is over or not invited to, or they have it."""
    if state != "invited":
        raise errors.Conflict("Nachgesandt wird zwischen der Einladung und der Sitzung.")
    for one in waiting:
        if one.person_id == person_id:
            return one
    raise errors.Conflict(
        "Diese Person ist schon eingeladen, oder sie ist weder Mitglied noch Vertretung für diesen Tag.",
        code="already_asked",
    )
