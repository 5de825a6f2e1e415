"""The rules about the agenda: who may put what on it until when, numbers, results, reservations, papers.

The decree regulates none of it (Nr. 6 (2) names only office and moderation); the periods are those of the procedure.
"""

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import date
from typing import Any
from uuid import UUID

from circle.core import access, calendar, errors
from circle.core.auth import Actor, Me

from .model import LONGEST, AgendaItem, Shell, StoredItem, StoredMeeting

AIMS = {
    "experience": "Erfahrungsaustausch",
    "information": "Information",
    "knowledge_transfer": "Wissenstransfer",
    "coordination": "Abstimmung",
}
KINDS = {
    "formality": "Formalie",
    "approval_of_minutes": "Genehmigung der Niederschrift",
    "report": "Bericht",
    "deliberation": "Beratung",
    "exchange": "Austausch",
    "resolution": "Beschluss",
    "information": "Information",
    "miscellaneous": "Verschiedenes",
}
PROPOSED_KINDS = ("report", "deliberation", "exchange", "resolution", "information")
STATUSES = {
    "registered": "angemeldet",
    "returned": "zurückgegeben",
    "admitted": "aufgenommen",
    "on_agenda": "auf der Tagesordnung",
    "treated": "behandelt",
    "adjourned": "vertagt",
    "removed": "abgesetzt",
    "withdrawn": "zurückgezogen",
}
LABELS = {"advance": "Beratungsunterlage", "late": "Nachversand", "tabled": "Tischvorlage"}
RESULTS = {
    "noted": "Kenntnisnahme",
    "exchanged": "Austausch",
    "agreed": "Verabredung",
    "recommended": "Empfehlung",
    "commissioned": "Arbeitsauftrag",
    "adjourned": "Vertagung",
    "removed": "Absetzung",
    "resolution": "Beschluss",
    "adopted": "Annahme",
    "adopted_with_changes": "Annahme mit Änderungen",
    "approved": "Genehmigung",
    "approved_with_changes": "Genehmigung mit Änderungen",
    "postponed_to_circular": "Verweisung in das Umlaufverfahren",
    "confidential": "Vertrauliches Ergebnis, siehe Anlage",
}
SIGHTS = {
    "member": ("Mitglied", "Ein Mitglied des Koordinierungskreises sieht"),
    "guest": ("Gast der Sitzung", "Wer für diese Sitzung als Gast eingetragen ist, sieht"),
    "house": (
        "Person aus dem Haus",
        "Wer in einer Bezirksregierung arbeitet und dem Kreis nicht angehört, sieht",
    ),
    "ministry": ("Ministerium", "Das Ministerium sieht"),
}
OUTCOMES = {"withdrawn": "zurückgenommen", "upheld": "bestätigt"}

SUBMISSION_DAYS, PAPER_DAYS = 28, 7
"""Days before the meeting, when it keeps no deadlines of its own."""
PROPOSALS = ("registered", "returned")
MOST_ITEMS = 200
"""On one agenda: more than a year's meetings ever had, and what one page and one act of ordering still hold."""
MOVABLE = ("registered", "admitted", "on_agenda")
BEFORE_MEETING = ("planned", "agenda_open", "invited")
TALKING = ("running", "held", "minutes_draft")
OVER = ("minutes_approved", "filed", "cancelled", "moved")
_ALWAYS = {"noted", "exchanged", "adjourned", "removed"}
_TOGETHER = {"agreed", "recommended", "commissioned"}


def require_proposals(meeting_state: str, *, office: bool) -> None:
    """Raises Conflict when the meeting takes no proposals: not yet (the office may all the same), or no more."""
    if meeting_state == "planned" and not office:
        raise errors.Conflict(
            "Diese Sitzung ist erst geplant. Punkte können Sie anmelden, wenn die Tagesordnung offen ist."
        )
    if meeting_state not in BEFORE_MEETING:
        raise errors.Conflict(
            "Diese Sitzung nimmt keine Punkte mehr auf. Bitte melden Sie den Punkt für die nächste Sitzung an."
        )


def require_room(items: int) -> None:
    """Raises Conflict when the agenda is full."""
    if items >= MOST_ITEMS:
        raise errors.Conflict(
            f"Diese Tagesordnung hat schon {MOST_ITEMS} Punkte. Mehr nimmt eine Sitzung nicht auf.",
            code="agenda_full",
        )


def submission_day(meeting_day: date) -> date:
    """The last day to hand in an item: 28 days before by default (procedure, Anmeldung)."""
    return calendar.deadline("days_before", meeting_day, SUBMISSION_DAYS).on


def is_late(meeting_state: str, meeting_day: date, until: date | None, today: date) -> bool:
    """Late is what comes after the deadline, and whatever comes after the invitation; TOP 1 has to consent to it.

    `until` is the deadline that the meeting keeps, when it keeps one.
    """
    return meeting_state == "invited" or today > (until or submission_day(meeting_day))


def is_own(actor: Actor | Me, submitted_by: UUID | None, house: UUID | None) -> bool:
    """A proposal is one's own when one made it, or speaks for the house that did."""
    if submitted_by is None:
        return False
    return actor.person_id == submitted_by or (
        actor.authority_id == house and not {"commissioner", "deputy"}.isdisjoint(actor.roles)
    )


def require_change(
    actor: Actor | Me, item: StoredItem | AgendaItem, meeting_state: str, given: set[str]
) -> None:
    """Who changes what: the submitter all until the admission, the office all until the invitation.

    After it only time and rapporteur, until the meeting begins. Raises Forbidden or Conflict.
    """
    own = is_own(actor, item.submitted_by, item.house) and access.may(actor, "agenda.propose")
    office = access.may(actor, "agenda.admit")
    if not item.open or not (own or office):
        raise errors.Forbidden
    if meeting_state not in BEFORE_MEETING or item.status not in (
        "registered",
        "returned",
        "admitted",
        "on_agenda",
    ):
        raise errors.Conflict(f"Der Punkt ist {STATUSES[item.status]} und wird nicht mehr geändert.")
    if item.kind not in PROPOSED_KINDS and given & {"kind", "confidentiality"}:
        raise errors.Conflict("Dieser Punkt steht auf jeder Tagesordnung. Art und Stufe stehen fest.")
    if item.frozen and given - {"planned_minutes", "rapporteur_id", "named"}:
        raise errors.Conflict(
            "Die Tagesordnung ist versandt. Ändern lassen sich nur noch Dauer und Berichterstattung."
        )
    if not office and item.status not in ("registered", "returned"):
        raise errors.Conflict(
            "Der Punkt ist schon aufgenommen. Bitte wenden Sie sich mit Änderungen an die Geschäftsführung."
        )


def require_level_change(actor: Actor, item: StoredItem, level: str) -> None:
    """Raising is free. Lowering takes two persons (3.2): the submitter lowers, and the office admits afterwards."""
    order = ("public", "internal", "circle", "confidential")
    if order.index(level) >= order.index(item.confidentiality):
        return
    if actor.person_id != item.submitted_by or item.status not in ("registered", "returned"):
        raise errors.Conflict(
            "Herabstufen kann nur, wer den Punkt angemeldet hat, und nur vor der Aufnahme. "
            "Die Geschäftsführung prüft die neue Stufe bei der Aufnahme.",
            code="two_persons",
        )


def require_admissible(status: str, meeting_state: str) -> None:
    """Raises Conflict unless the item waits for admission and the meeting is not over."""
    if status != "registered":
        raise errors.Conflict(f"Der Punkt ist schon {STATUSES[status]}.")
    if meeting_state not in (*BEFORE_MEETING, "running"):
        raise errors.Conflict("Die Sitzung ist vorbei. Bitte geben Sie den Punkt zurück.")


def require_returnable(status: str, frozen: bool) -> None:
    """Raises Conflict when the item is not waiting any more, or stands on an agenda that went out."""
    if frozen or status not in ("registered", "admitted"):
        raise errors.Conflict(f"Der Punkt ist {STATUSES[status]} und lässt sich nicht mehr zurückgeben.")


def require_withdrawable(status: str, meeting_state: str) -> None:
    """Raises Conflict once the item was dealt with. After the invitation its number stays (Zurückziehung)."""
    if status not in ("registered", "returned", "admitted", "on_agenda"):
        raise errors.Conflict(f"Der Punkt ist schon {STATUSES[status]}.")
    if meeting_state not in (*BEFORE_MEETING, "running", "cancelled"):
        raise errors.Conflict("Die Sitzung ist vorbei.")


def require_adjournable(
    status: str, adjourned_to: UUID | None, meeting_state: str, *, late: bool = False
) -> None:
    """Raises Conflict unless the item is still to come, or was adjourned without a meeting to take it up.

    A cancelled meeting keeps nothing: from it proposals move on too. So do `late` ones, which the circle need not admit,
    and those on which nobody decided before the meeting was over.
    """
    over = meeting_state in (*TALKING[1:], "minutes_approved", "filed")
    proposals = PROPOSALS if meeting_state == "cancelled" else PROPOSALS[:1] if late or over else ()
    if adjourned_to or status not in ("admitted", "on_agenda", "adjourned", *proposals):
        raise errors.Conflict(f"Der Punkt ist schon {STATUSES[status]}.")
    if meeting_state == "moved" or (
        meeting_state in ("minutes_approved", "filed") and status not in ("adjourned", *proposals)
    ):
        raise errors.Conflict("Die Sitzung ist vorbei.")


def require_length(text: str, before: str, field: str) -> None:
    """Raises Invalid at the field for a text of an item that is too long; one that was longer may become shorter."""
    if len(text) > max(LONGEST, len(before)):
        most = f"Höchstens {LONGEST:,} Zeichen.".replace(",", ".")
        raise errors.Invalid("Der Text ist zu lang.", code="too_long", fields={field: most})


def require_outcome(status: str, meeting_state: str, adjourned_to: UUID | None) -> None:
    """Raises Conflict unless the meeting runs or was held, its minutes are open, and the item is on its agenda."""
    if meeting_state in ("minutes_approved", "filed"):
        raise errors.Conflict(
            "Die Niederschrift dieser Sitzung ist genehmigt. Änderungen sind nur noch als Berichtigung möglich.",
            code="minutes_approved",
        )
    if meeting_state not in TALKING:
        raise errors.Conflict("Ergebnisse gehören in die laufende oder gehaltene Sitzung.")
    if adjourned_to:
        raise errors.Conflict("Der Punkt ist vertagt und steht schon auf einer anderen Tagesordnung.")
    if status not in ("admitted", "on_agenda", "treated", "adjourned", "removed"):
        raise errors.Conflict(f"Der Punkt ist {STATUSES[status]}.")


def results_for(kind: str, confidential: bool) -> list[str]:
    """The results that fit a kind of item. No decisions under „Verschiedenes“; formal ones only for inner matters."""
    if kind == "miscellaneous":
        return [name for name in RESULTS if name in _ALWAYS]
    fitting = _ALWAYS | _TOGETHER | {"postponed_to_circular"}
    if kind in ("formality", "resolution"):
        fitting |= {"resolution", "adopted", "adopted_with_changes"}
    if kind == "approval_of_minutes":
        fitting |= {"approved", "approved_with_changes"}
    if confidential:
        fitting |= {"confidential"}
    return [name for name in RESULTS if name in fitting]


def require_result(
    kind: str, confidential: bool, result: str, resolution_text: str, votes: Mapping[str, int] | None
) -> None:
    """Raises Invalid for a result that the kind of item does not have, or that goes against a house (decree Nr. 4, 6)."""
    if result and result not in results_for(kind, confidential):
        raise errors.Invalid(
            "Unter „Verschiedenes“ wird nichts entschieden."
            if kind == "miscellaneous"
            else f"Zu einem Punkt der Art „{KINDS[kind]}“ passt dieses Ergebnis nicht.",
            fields={"result": "Bitte ein anderes Ergebnis wählen."},
        )
    if kind == "miscellaneous" and (votes or resolution_text.strip()):
        raise errors.Invalid(
            "Unter „Verschiedenes“ wird nichts entschieden.",
            fields={"resolution_text": "Bitte leer lassen und den Punkt für die nächste Sitzung vorsehen."},
        )
    if result in _TOGETHER and votes and votes["against"]:
        raise errors.Invalid(
            "Der Kreis überstimmt kein Haus. Möglich sind ein Vorbehalt, eine Vertagung oder ein anderes Ergebnis.",
            code="no_consensus",
            fields={"against": "Gegen ein Haus gibt es keine Verabredung."},
        )


def require_votes(votes: Mapping[str, int] | None, voices: int) -> None:
    """Raises Invalid when more voices are counted than houses present: one voice per house, guests have none."""
    if votes and sum(votes.values()) > voices:
        raise errors.Invalid(
            f"Gezählt sind {sum(votes.values())} Stimmen, anwesend sind {voices} Häuser.",
            fields={
                "consent": f"{voices} {'Haus ist' if voices == 1 else 'Häuser sind'} da. "
                f"Die Stimmen dürfen zusammen höchstens {voices} ergeben."
            },
        )


def status_after(result: str, status: str) -> str:
    """Where a result leads: adjourned and removed keep their number, everything else is treated."""
    if not result:
        return status
    return result if result in ("adjourned", "removed") else "treated"


def numbers(shells: Iterable[Shell | AgendaItem], *, supplement: bool) -> dict[UUID, str]:
    """The numbers of admitted items, in order: 1 to n; in a supplement 5a, 5b after the item that they follow.

    Numbers that went out never change (domain part 3, Tagesordnung).
    """
    given: dict[UUID, str] = {}
    letters: dict[int, int] = {}
    base, last = 0, 0
    for shell in shells:
        if shell.frozen and (found := re.match(r"(\d+)([a-z]*)", shell.number)):
            base = int(found[1])
            letters[base] = max(letters.get(base, 0), _place(found[2]))
        elif shell.status == "admitted" and supplement:
            letters[base] = letters.get(base, 0) + 1
            given[shell.id] = f"{base}{_letters(letters[base])}"
        elif shell.status == "admitted":
            last += 1
            given[shell.id] = str(last)
    return given


def _place(letters: str) -> int:
    place = 0
    for letter in letters:
        place = place * 26 + ord(letter) - 96
    return place


def _letters(place: int) -> str:
    letters = ""
    while place:
        place, rest = divmod(place - 1, 26)
        letters = chr(97 + rest) + letters
    return letters


def places(shells: list[Shell], wanted: list[UUID]) -> dict[UUID, int]:
    """New places for the items still to come, in the wanted order; the ended ones between them stay where they are.

    Raises Conflict when the agenda holds other items than those named, or when items that went out change places.
    """
    movable = [shell for shell in shells if shell.status in MOVABLE]
    if sorted(wanted) != sorted(shell.id for shell in movable):
        raise errors.Conflict(
            "Die Tagesordnung hat inzwischen andere Punkte. Bitte laden Sie die Seite neu.",
            code="agenda_changed",
        )
    frozen = {shell.id for shell in movable if shell.frozen}
    if [one for one in wanted if one in frozen] != [shell.id for shell in movable if shell.frozen]:
        raise errors.Conflict("Punkte, die schon versandt sind, behalten ihre Reihenfolge.")
    return dict(zip(wanted, [shell.order for shell in movable], strict=True))


def require_paper(item: StoredItem | AgendaItem, meeting_state: str, *, office: bool) -> None:
    """Raises Conflict when the item takes no papers: it has ended, or the meeting is over (for the office: approved)."""
    if item.status in ("withdrawn", "removed", "adjourned"):
        raise errors.Conflict(f"Der Punkt ist {STATUSES[item.status]} und nimmt keine Unterlagen mehr auf.")
    if meeting_state in OVER or (meeting_state not in (*BEFORE_MEETING, "running") and not office):
        raise errors.Conflict("Die Sitzung ist vorbei und nimmt keine Unterlagen mehr auf.")


def paper_level(item_level: str, wanted: str) -> str:
    """The level of a paper: a bundle takes the highest level, so all papers of a confidential item are confidential.

    Raises Invalid for a confidential paper to an open item: then the item itself has to be confidential.
    """
    if item_level == "confidential":
        return item_level
    if wanted == "confidential":
        raise errors.Invalid(
            "Eine vertrauliche Unterlage gehört zu einem vertraulichen Punkt.",
            code="level_too_high",
            fields={"confidentiality": "Bitte zuerst den Punkt als vertraulich kennzeichnen."},
        )
    return wanted


def higher(one: str, other: str) -> str:
    """The higher of two levels."""
    return max(one, other, key=("public", "internal", "circle", "confidential").index)


def paper_label(meeting: StoredMeeting, today: date) -> str:
    """What a paper is called that comes today: in time with 7 clear days, later, or in the meeting itself."""
    if meeting.state not in BEFORE_MEETING or today >= meeting.on:
        return "tabled"
    kept: date | None = meeting.papers_until
    until = kept or calendar.deadline("clear_days_before", meeting.on, PAPER_DAYS).on
    return "advance" if today <= until else "late"


def require_involver(who: Actor | Me, open_: bool, houses: Collection[UUID | None]) -> None:
    """Raises Forbidden unless the actor speaks for the house of the submitter or the rapporteur, or is the office."""
    speaks = who.authority_id in houses and not {"commissioner", "deputy"}.isdisjoint(who.roles)
    if not (open_ and access.may(who, "experts.involve") and (speaks or "circle_office" in who.roles)):
        raise errors.Forbidden


def require_expert_state(status: str) -> None:
    """Raises Conflict for an item that is taken back or off the agenda."""
    if status in ("withdrawn", "removed"):
        raise errors.Conflict(
            "Dieser Punkt wird nicht behandelt. Sachkundige werden nicht mehr hinzugezogen."
        )


def acts(who: Me, item: AgendaItem, meeting_state: str) -> list[str]:
    """What a page offers this person at an item, the next act first. The actions check again."""
    own = is_own(who, item.submitted_by, item.house) and access.may(who, "agenda.propose")
    office, runs = access.may(who, "agenda.admit"), access.may(who, "meetings.run")
    voice = not {"commissioner", "deputy"}.isdisjoint(who.roles)
    houses = {item.house, who.authority_id if who.person_id == item.rapporteur_id else None} - {None}
    offered = {
        "admit": office and _passes(require_admissible, item.status, meeting_state),
        "return": office and _passes(require_returnable, item.status, item.frozen),
        "result": runs
        and item.open
        and _passes(require_outcome, item.status, meeting_state, item.adjourned_to),
        "task": access.may(who, "tasks.assign") and item.open and meeting_state in TALKING,
        "change": _passes(require_change, who, item, meeting_state, set()),
        "paper": item.open
        and access.may(who, "papers.hand_in")
        and _passes(require_paper, item, meeting_state, office=office),
        "reserve": item.open
        and voice
        and _passes(require_outcome, item.status, meeting_state, item.adjourned_to),
        "lift": any(
            one.resolved_on is None and (runs or (voice and one.by == who.person_id))
            for one in item.reservations or []
        ),
        "adjourn": runs
        and _passes(
            require_adjournable, item.status, item.adjourned_to, meeting_state, late=item.late_submission
        ),
        "withdraw": (own or office) and _passes(require_withdrawable, item.status, meeting_state),
        "involve": _passes(require_involver, who, item.open, houses)
        and _passes(require_expert_state, item.status),
    }
    return [act for act, may in offered.items() if may]


def _passes(check: Callable[..., None], *args: Any, **named: Any) -> bool:
    try:
        check(*args, **named)
    except errors.CircleError:
        return False
    return True
