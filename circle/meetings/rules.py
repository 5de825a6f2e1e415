"""The rules about meetings: which act in which state, deadlines, quorum, who attends how, the time that is left.

The decree regulates none of it (Nr. 6 (2) names only office and moderation); the periods are those of the procedure.
"""

import re
from collections.abc import Collection, Iterable, Mapping
from datetime import UTC, date, datetime, time, tzinfo
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec

from circle.core import access, calendar, errors
from circle.core.auth import Me
from circle.core.calendar import Deadline

from .agenda import rules as agenda_rules
from .agenda.model import AgendaItem
from .model import (
    Attendee,
    Attending,
    AttendingPerson,
    Candidate,
    Edition,
    Meeting,
    Member,
    Status,
    StoredMeeting,
    StoredStay,
)

PERIODS: dict[str, tuple[str, str, int]] = {
    "agenda_submission": ("agenda_submission", "days_before", 28),
    "invitation_latest": ("invitation", "clear_days_before", 14),
    "papers_latest": ("papers", "clear_days_before", 7),
    "minutes_draft": ("minutes_draft", "weeks", 3),
}
"""Deadline of a meeting → the rule of the procedure it follows from, and what holds when the procedure is silent."""
UNITS = {"weeks_after": "weeks", "weeks_after_dispatch": "weeks"}
"""The procedure's word for a period → the calendar's."""
DEADLINE_WORDS = {
    "agenda_submission": "Anmeldung von Punkten",
    "invitation_latest": "Versand der Einladung",
    "papers_latest": "Versand der Unterlagen",
    "minutes_draft": "Entwurf der Niederschrift",
}
QUORUM_LEAST = 3
STATES = {
    "planned": "geplant",
    "agenda_open": "in Vorbereitung",
    "invited": "eingeladen",
    "running": "läuft",
    "held": "gehalten",
    "minutes_draft": "Entwurf der Niederschrift liegt vor",
    "minutes_approved": "Niederschrift genehmigt",
    "filed": "zu den Akten",
    "cancelled": "abgesagt",
    "moved": "verlegt",
}
MODES = {"in_person": "in Präsenz", "online": "online", "hybrid": "in Präsenz mit Zuschaltung"}
ATTENDANCE = {
    "present": "anwesend",
    "represented": "vertreten",
    "excused": "entschuldigt",
    "guest": "Gast",
    "office": "Geschäftsstelle",
}
BEFORE_INVITATION = ("planned", "agenda_open")
BEFORE_MEETING = (*BEFORE_INVITATION, "invited")
OPEN_RECORD = (*BEFORE_MEETING, "running", "held", "minutes_draft")
"""States in which the attendance may still be put right: until the minutes are approved."""
STEPS = {
    "open": ("planned",),
    "invite": BEFORE_INVITATION,
    "supplement": ("invited",),
    "start": ("invited",),
    "close": ("running",),
    "cancel": BEFORE_MEETING,
    "move": BEFORE_MEETING,
    "attend": OPEN_RECORD,
}
_SHARED = {"place", "link", "mode", "start_local", "end_local"}
"""What calendars keep of a meeting besides its date."""


class Quorum(msgspec.Struct, frozen=True):
    """How many houses have a voice, how many of them are there, how many it takes, and why there is none."""

    present: int
    houses: int
    needed: int
    met: bool
    missing: str


class Forecast(msgspec.Struct, frozen=True):
    """Minutes planned and passed, minutes that the rest takes, and when the end will be at that pace (HH:MM).

    `unknown` items are left out of it: the reader does not see how long they take.
    """

    planned: int
    passed: int
    rest: int
    ends: str
    late: bool
    unknown: int


def require_step(act: str, state: str) -> None:
    """Raises Conflict when a meeting in `state` does not allow `act`."""
    if state not in STEPS[act]:
        told = {
            "supplement": "Nachversendet wird zwischen der Einladung und der Sitzung.",
            "start": "Eröffnet wird eine Sitzung, zu der eingeladen ist.",
            "open": "Geöffnet wird die Tagesordnung einer geplanten Sitzung.",
            "close": "Nur eine laufende Sitzung wird geschlossen.",
        }.get(act, "Das geht in diesem Stand nicht mehr.")
        raise errors.Conflict(f"Die Sitzung ist im Stand „{STATES[state]}“. {told}")


def require_change(state: str, changed: set[str]) -> None:
    """Raises Conflict for what stands fast: the date after the invitation, the rest once the meeting has begun."""
    if state in ("cancelled", "moved", "filed"):
        raise errors.Conflict(f"Die Sitzung ist {STATES[state]} und wird nicht mehr geändert.")
    if state not in BEFORE_INVITATION and changed & {"date", "state"}:
        raise errors.Conflict(
            "Die Einladung ist versandt. Ein anderer Tag ist eine Verlegung: Alle bekommen Bescheid.",
            code="already_invited",
        )
    if state not in BEFORE_MEETING and changed - {"file_reference", "note"}:
        raise errors.Conflict("Die Sitzung hat begonnen. Ändern lassen sich nur Aktenzeichen und Hinweis.")


def is_announced_change(state: str, changed: set[str]) -> bool:
    """Whether a change has to reach the calendars of those who are invited."""
    return state == "invited" and bool(changed & _SHARED)


def require_times(on: date, start: str, end: str, today: date | None) -> None:
    """Raises Invalid at the field for a day before `today`, an hour that does not exist, an end before the beginning.

    `today` None: the day was judged before.
    """
    wrong: dict[str, str] = {}
    if today and on < today:
        wrong["date"] = "Dieser Tag ist schon vorbei."
    instants: dict[str, datetime] = {}
    for name, text in (("start_local", start), ("end_local", end)):
        try:
            local_time(text)
            instants[name] = calendar.parse_local(on, text)
        except calendar.LocalTimeError as error:
            year_wrong = not calendar.FIRST_YEAR <= on.year <= calendar.LAST_YEAR
            wrong["date" if year_wrong else name] = str(error)
    if len(instants) == 2 and instants["end_local"].replace(tzinfo=None) <= instants["start_local"].replace(
        tzinfo=None
    ):
        wrong["end_local"] = "Das Ende muss nach dem Beginn liegen."
    if wrong:
        raise errors.Invalid("Bitte prüfen Sie Tag und Uhrzeit.", fields=wrong)


def local_time(text: str) -> time:
    """A time of day in whole minutes. Raises LocalTimeError."""
    if not re.fullmatch(r"([01][0-9]|2[0-3]):[0-5][0-9](:00)?", text):
        raise calendar.LocalTimeError("Bitte geben Sie eine Uhrzeit an, die es gibt, zum Beispiel 10:00.")
    return time.fromisoformat(text)


def require_link(link: str) -> None:
    """Raises Invalid unless the access is an https address, because pages and letters make a link of it."""
    if link and not re.fullmatch(r"https://[!-~]+", link):
        raise errors.Invalid(
            "Der Zugang ist eine Adresse im Netz.",
            fields={"link": "Bitte eine Adresse angeben, die mit https:// beginnt."},
        )


def deadlines(on: date, procedure: Mapping[str, Any]) -> dict[str, Deadline]:
    """Every deadline of a meeting on `on`, each with the steps that lead to it.

    Raises Invalid at the date when one lies outside the years that the calendar knows.
    """
    found = {}
    for name, (rule, unit, value) in PERIODS.items():
        period = procedure.get(rule) or {"unit": unit, "value": value}
        try:
            found[name] = calendar.deadline(UNITS.get(period["unit"], period["unit"]), on, period["value"])
        except calendar.DeadlineError as error:
            raise errors.Invalid(str(error), fields={"date": str(error)}) from error
    return found


def is_known(state: str, sequence: int) -> bool:
    """Whether calendars may hold a meeting that is called off or moved: it was invited to, or a date poll kept its day free."""
    return state == "invited" or sequence > 0


def default_title(number: int, year: int) -> str:
    """What a meeting is called when nobody calls it otherwise."""
    return f"{number}. Sitzung des Koordinierungskreises {year}"


def require_items(numbers: Mapping[UUID, str]) -> None:
    """Raises Conflict when there is nothing to invite to."""
    if not numbers:
        raise errors.Conflict(
            "Auf der Tagesordnung steht noch nichts. Bitte nehmen Sie zuerst Punkte auf.", code="agenda_empty"
        )


def require_news(items: int, papers: int, changed: bool, note: str) -> None:
    """Raises Conflict when a supplement would say nothing new, as far as its sender sees."""
    if not (items or papers or changed or note.strip()):
        raise errors.Conflict(
            "Seit dem letzten Versand gibt es nichts Neues. Bitte schreiben Sie sonst einen Hinweis dazu.",
            code="nothing_new",
        )


def missing_for_invitation(meeting: Meeting) -> list[str]:
    """What an invitation had better say, for the page before it goes out."""
    found = []
    if meeting.mode != "online" and not meeting.place:
        found.append("Es ist noch kein Ort angegeben.")
    if meeting.mode != "in_person" and not meeting.link:
        found.append("Es ist noch kein Zugang für die Zuschaltung angegeben.")
    if meeting.proposal_count:
        found.append(
            "Ein angemeldeter Punkt wartet noch auf die Aufnahme."
            if meeting.proposal_count == 1
            else f"{meeting.proposal_count} angemeldete Punkte warten noch auf die Aufnahme."
        )
    if meeting.overdue and meeting.invitation_until:
        found.append(
            f"Die Einladungsfrist ist am {calendar.date_short(meeting.invitation_until)} abgelaufen. "
            "Einwendungen gegen die Frist sind zu Beginn der Sitzung möglich."
        )
    return found


def require_attending(
    who: Candidate | None,
    attending: Attending,
    by: Candidate | None,
    on: date,
    field: str = "",
    *,
    appointed_only: bool = False,
    overnight: bool = False,
) -> None:
    """How a person may attend: houses by their members, deputies in their time or somebody sent by the member's house.

    `appointed_only`: by the procedure only the appointed deputy represents; `overnight`: the meeting went on after
    midnight, so that whoever left may have done so on the next day. Raises Invalid at the fields; `field` goes before
    their names.
    """
    wrong: dict[str, str] = {}
    if who is None:
        wrong[f"{field}person_id"] = "Diese Person gibt es nicht."
    elif attending.status == "present" and not who.voice:
        wrong[f"{field}status"] = (
            "Anwesend mit Stimme sind Mitglieder und ihre Vertretung. Andere sind Gäste."
        )
    elif attending.status == "represented" and not who.commissioner:
        wrong[f"{field}status"] = "Vertreten wird ein Mitglied."
    if attending.status == "represented":
        if by is None or (who and (by.id == who.id or by.authority_id != who.authority_id)):
            wrong[f"{field}represented_by"] = "Bitte eine Person aus demselben Haus wählen, die vertritt."
        elif appointed_only and not by.voice:
            wrong[f"{field}represented_by"] = (
                "Nach der Geschäftsordnung vertritt nur, wer an diesem Tag als Vertretung eingetragen ist."
            )
    elif attending.represented_by:
        wrong[f"{field}represented_by"] = "Vertreten wird nur, wer selbst nicht da ist."
    wrong |= _span(attending, on, field, overnight=overnight)
    if wrong:
        raise errors.Invalid("Bitte prüfen Sie die Anwesenheit.", fields=wrong)


def _was_there(came: str, left: str, at: str) -> bool:
    """Whether a minute lies between two, the second of which may be past midnight."""
    return came <= at < left if came <= left else at >= came or at < left


def is_overnight(meeting: StoredMeeting, now: datetime) -> bool:
    """Whether a meeting that was opened went on after midnight, on the clock of its place."""
    if meeting.started_at is None:
        return False
    zone = ZoneInfo(meeting.time_zone)
    return (meeting.ended_at or now).astimezone(zone).date() > meeting.started_at.astimezone(zone).date()


def _span(attending: Attending, on: date, field: str, *, overnight: bool) -> dict[str, str]:
    wrong: dict[str, str] = {}
    times: dict[str, time] = {}
    for name in ("from_local", "to_local"):
        text = getattr(attending, name)
        if not text:
            continue
        try:
            times[name] = local_time(text)
            calendar.parse_local(on, text)
        except calendar.LocalTimeError as error:
            wrong[field + name] = str(error)
    if len(times) == 2 and times["to_local"] <= times["from_local"] and not overnight:
        wrong[f"{field}to_local"] = "Das Ende muss nach dem Beginn liegen."
    return wrong


def quorum(
    attendance: Iterable[Attendee],
    members: list[Member],
    editions: list[Edition],
    *,
    least: int = QUORUM_LEAST,
    at: str | None = None,
) -> Quorum:
    """Whether the circle can decide: all members invited, more than half of the houses there (VwVfG § 90 (1)).

    `least` is the procedure's own number, `at` the minute (HH:MM) that counts for those who come later or leave.
    """
    there = {
        one.authority_id
        for one in attendance
        if one.house
        and one.status in ("present", "represented")
        and (at is None or _was_there(one.from_local or "", one.to_local or "24:00", at))
    }
    return quorum_of(there, members, editions, least=least)


def quorum_of(
    there: Collection[UUID], members: list[Member], editions: list[Edition], *, least: int = QUORUM_LEAST
) -> Quorum:
    """Whether the circle can decide with the voices of these houses."""
    needed = max(len(members) // 2 + 1, least)
    asked = {person for edition in editions for person in edition.members}
    forgotten = [one.authority_name for one in members if one.person_id and one.person_id not in asked]
    missing = ""
    if not editions:
        missing = "Die Einladung ist noch nicht versendet."
    elif forgotten:
        missing = f"Nicht eingeladen: {', '.join(forgotten)}."
    elif len(there) < needed:
        lacking = needed - len(there)
        missing = f"Es {'fehlt' if lacking == 1 else 'fehlen'} {lacking} von {needed} Häusern."
    return Quorum(len(there), len(members), needed, not missing, missing)


def attendance_of(
    stays: Iterable[StoredStay], opened: datetime, closed: datetime | None, zone: str
) -> list[AttendingPerson]:
    """What the attendance says of those who were in the room: one line a person.

    A deputy stands in the line of the member, unless the member was there with a voice too: then both are present.
    Times are said when somebody came after the opening or left before the end, and whoever had a voice is told by the
    time of it.
    """
    ordered = sorted(stays, key=lambda one: one.arrived_at)
    own = {one.person_id for one in ordered if one.authority_id and not one.member_id}
    deputies: dict[UUID, UUID] = {}
    for one in ordered:
        if one.member_id and one.member_id not in own:
            deputies.setdefault(one.member_id, one.person_id)
    people: dict[UUID, list[StoredStay]] = {}
    for one in ordered:
        people.setdefault(one.person_id, []).append(one)

    def line(
        person: UUID, status: Status, told: list[StoredStay], deputy: UUID | None = None
    ) -> AttendingPerson:
        came, left = _span_of(told, opened, closed, ZoneInfo(zone))
        return AttendingPerson(
            person_id=person, status=status, represented_by=deputy, from_local=came, to_local=left
        )

    lines = [
        line(member, "represented", [one for one in people[deputy] if one.member_id == member], deputy)
        for member, deputy in deputies.items()
    ]
    for person, theirs in people.items():
        voices = [one for one in theirs if one.authority_id]
        in_line = bool(voices) and all(
            one.member_id and deputies.get(one.member_id) == person for one in voices
        )
        if person not in deputies and not in_line:
            status: Status = "present" if voices else "office" if theirs[0].office else "guest"
            lines.append(line(person, status, voices or theirs))
    return lines


def _span_of(
    stays: list[StoredStay], opened: datetime, closed: datetime | None, zone: tzinfo
) -> tuple[str | None, str | None]:
    """First coming and last going as HH:MM, where they differ from those of the meeting by a minute."""
    came = min(one.arrived_at for one in stays)
    ends = [one.left_at for one in stays]
    left = None if None in ends else max(one for one in ends if one)
    late = _minute(came) > _minute(opened)
    early = left is not None and (closed is None or _minute(left) < _minute(closed))
    return (
        f"{came.astimezone(zone):%H:%M}" if late else None,
        f"{left.astimezone(zone):%H:%M}" if left and early else None,
    )


def require_as_in_room(line: AttendingPerson | None, typed: Attending, field: str = "") -> None:
    """Raises Invalid when the attendance of somebody who was in the room is typed otherwise than their stays say."""
    said = line and (line.status, line.represented_by, line.from_local or "", line.to_local or "")
    times = [(text or "")[:5] for text in (typed.from_local, typed.to_local)]
    if said != (typed.status, typed.represented_by, *times):
        raise errors.Invalid(
            "Bitte prüfen Sie die Anwesenheit.",
            fields={
                f"{field}status": "Diese Person steht mit ihren Zeiten im Sitzungsraum. Bitte ändern Sie die Zeiten dort."
            },
        )


def require_beside_room(typed: Attending, lines: Collection[UUID], state: str, field: str = "") -> None:
    """Raises Invalid when somebody is typed as attending whom the room does not know: in a running meeting people come
    in there, and who was in the room stands in for nobody on paper."""
    wrong: dict[str, str] = {}
    if state == "running" and typed.status != "excused":
        wrong[f"{field}status"] = (
            "Wer da ist, steht im Sitzungsraum. Bitte tragen Sie dort ein, dass die Person kommt."
        )
    if typed.represented_by in lines:
        wrong[f"{field}represented_by"] = "Diese Person steht mit ihren Zeiten im Sitzungsraum."
    if wrong:
        raise errors.Invalid("Bitte prüfen Sie die Anwesenheit.", fields=wrong)


def require_all_of_room(lines: Mapping[UUID, AttendingPerson | None], named: Collection[UUID]) -> None:
    """Raises Conflict when somebody who was in the room would stand in the attendance no more."""
    if any(line is not None and person not in named for person, line in lines.items()):
        raise errors.Conflict(
            "Wer im Sitzungsraum war, bleibt in der Anwesenheit. Was dort versehentlich eingetragen ist, nehmen Sie bitte "
            "dort zurück.",
            code="was_in_room",
        )


def _minute(at: datetime) -> datetime:
    return at.astimezone(UTC).replace(second=0, microsecond=0)


def forecast(meeting: Meeting, now: datetime) -> Forecast:
    """How the time stands at `now` (aware): what is still to come takes as long as it was planned to."""
    waiting = [item for item in meeting.agenda if item.status in ("admitted", "on_agenda")]
    counted = [item for item in meeting.agenda if item.status in ("admitted", "on_agenda", "treated")]
    return forecast_of(
        meeting,
        now,
        planned=sum(item.planned_minutes or 0 for item in counted),
        rest=sum(item.planned_minutes or 0 for item in waiting),
        unknown=sum(not item.open for item in counted),
    )


def forecast_of(meeting: Meeting, now: datetime, *, planned: int, rest: int, unknown: int) -> Forecast:
    """How the time stands when the rest takes so many minutes."""
    planned_start = calendar.parse_local(meeting.date, meeting.start_local, meeting.time_zone)
    planned_end = calendar.parse_local(meeting.date, meeting.end_local, meeting.time_zone)
    begun = (meeting.started_at or planned_start).astimezone(UTC)
    until = meeting.ended_at or now if meeting.started_at else planned_start
    passed = max(int((until.astimezone(UTC) - begun).total_seconds() // 60), 0)
    ends = until.timestamp() + (0 if meeting.ended_at else rest * 60)
    end = datetime.fromtimestamp(ends, UTC).astimezone(planned_end.tzinfo)
    return Forecast(
        planned=planned,
        passed=passed,
        rest=rest,
        ends=f"{end:%H:%M}",
        late=end > planned_end,
        unknown=unknown,
    )


def clock_times(meeting: Meeting) -> dict[UUID, str]:
    """When each item is due to begin, up to the first one whose length the reader does not see."""
    local = time.fromisoformat(meeting.start_local)
    minute, found = local.hour * 60 + local.minute, {}
    for item in meeting.agenda:
        if item.status not in ("admitted", "on_agenda", "treated") or minute >= 24 * 60:
            continue
        found[item.id] = f"{minute // 60:02}:{minute % 60:02}"
        if item.planned_minutes is None:
            break
        minute += item.planned_minutes
    return found


def snapshot(meeting: StoredMeeting, agenda: list[AgendaItem], version: int) -> dict[str, Any]:
    """The agenda as it goes out to everybody: `agenda` is what any member sees, confidential items masked."""
    return {
        "reference": meeting.reference,
        "version": version,
        "sequence": meeting.sequence,
        "title": meeting.title,
        "date": meeting.date,
        "start_local": meeting.start_local,
        "end_local": meeting.end_local,
        "mode": meeting.mode,
        "place": meeting.place,
        "link": meeting.link,
        "file_reference": meeting.file_reference,
        "items": [
            {
                "id": item.id,
                "number": item.number,
                "status": item.status,
                "late_submission": item.late_submission,
                "title": item.title,
                "aim": item.aim,
                "kind": item.kind,
                "confidentiality": item.confidentiality,
                "rapporteur_name": item.rapporteur_name,
                "planned_minutes": item.planned_minutes,
                "papers": [
                    {"id": paper.id, "number": paper.number, "title": paper.title, "version": paper.version}
                    for paper in item.papers or []
                ],
            }
            for item in agenda
            if item.number
        ],
    }


def acts(me: Me, meeting: Meeting, today: date) -> list[str]:
    """What the page offers this person, the next act first. The actions check again."""
    office, runs = access.may(me, "meetings.invite"), access.may(me, "meetings.run")
    news = meeting.unsent is not None and (
        meeting.unsent.items or meeting.unsent.papers or meeting.unsent.changed
    )
    day_has_come = today >= meeting.date
    state = meeting.state
    kept = meeting.deadlines.get("agenda_submission")
    until = kept.on if kept else agenda_rules.submission_day(meeting.date)
    may_call = office and state == "agenda_open" and today <= until
    offered = {
        "room": runs and (state == "running" or (state == "invited" and day_has_come)),
        "live": not runs and (state == "running" or (state == "invited" and day_has_come)),
        "minutes": meeting.minutes_open and state in ("held", "minutes_draft", "minutes_approved", "filed"),
        "invite": office and state in STEPS["invite"],
        "supplement": office and state in STEPS["supplement"],
        "propose": access.may(me, "agenda.propose")
        and (
            state in BEFORE_MEETING if access.may(me, "agenda.admit") else state in ("agenda_open", "invited")
        ),
        "arrange": access.may(me, "agenda.admit") and state in (*BEFORE_MEETING, "running"),
        "change": access.may(me, "meetings.convene") and state not in ("cancelled", "moved", "filed"),
        "attendance": runs and state in OPEN_RECORD,
        "move": office and state in STEPS["move"],
        "cancel": office and state in STEPS["cancel"],
    }
    found = [act for act, may in offered.items() if may]
    if "supplement" in found and not news:
        # Nothing waits to be sent: it stays possible, but it is not what comes next.
        found.remove("supplement")
        found.append("supplement")
    if runs and state == "invited" and not day_has_come:
        # All are invited: the meeting itself comes next, and who prepares it looks into its room before.
        found.insert(1 if found[:1] == ["supplement"] else 0, "room")
    if may_call:
        # First the houses are asked for items; said again, it is one more possibility.
        found.insert(len(found) if meeting.called_on else 0, "call")
    return found
