"""The rules of consultation requests (decree Nr. 6 (1): advice by the competence centre when needed). Pure."""

import re
from datetime import date
from typing import Protocol
from uuid import UUID

from circle.core import access, calendar, errors
from circle.core.auth import Actor, Me
from circle.core.calendar import Deadline

from .model import Consultation, Directory, Finding, NewAnswer, NewConsultation, Staff

LEVELS = ["public", "internal", "circle", "confidential"]
WORKING_DAYS = {"normal": 10, "urgent": 3}
ACKNOWLEDGE_DAYS = 2
REMIND_DAYS = 2
REVIEW_MONTHS = 12

STATES = {
    "draft": "Entwurf",
    "received": "Eingegangen",
    "clarification": "Rückfrage offen",
    "assigned": "Zugewiesen",
    "in_progress": "In Bearbeitung",
    "in_review": "In Prüfung",
    "answered": "Beantwortet",
    "release_review": "Freigabe in Prüfung",
    "released": "Freigegeben",
    "closed": "Abgeschlossen",
    "withdrawn": "Zurückgezogen",
    "referred": "Abgegeben",
    "answered_from_stock": "Aus dem Bestand beantwortet",
}
REVIEWED = "Geprüft, wartet auf Versand"
"""The word for a request in review whose answer is reviewed and not yet sent."""

# In which state an act is possible. In this order a page offers the next act.
ACTS: dict[str, set[str]] = {
    "reply": {"clarification"},
    "approve": {"release_review"},
    "submit": {"draft"},
    "assign": {"received", "clarification", "assigned", "in_progress", "in_review"},
    "review": {"in_review"},
    "send": {"in_review"},
    "answer": {"assigned", "in_progress", "in_review"},
    "clarify": {"received", "assigned", "in_progress"},
    "release": {"answered", "release_review"},
    "change": {"draft", "received"},
    "withdraw": {"draft", "received", "clarification", "assigned", "in_progress", "in_review"},
    "refer": {"received", "clarification", "assigned", "in_progress"},
    "close": {"received", "clarification", "assigned", "in_progress", "answered", "released"},
    "involve": set(STATES) - {"draft", "withdrawn"},
    "hand_over": set(STATES) - {"draft", "withdrawn"},
}
ADVISING = {"answer", "clarify", "review", "send", "release", "approve"}
"""What the competence centre does; never whoever acts for the asking house (two hats, domain rules 3.2)."""
STOCK = {"received", "clarification", "assigned", "in_progress"}
"""Closing from here needs the document that answers the request."""


class Parts(Protocol):
    """What of a request says who has a part in it."""

    @property
    def authority_id(self) -> UUID: ...
    @property
    def assignee_id(self) -> UUID | None: ...
    @property
    def deputy_id(self) -> UUID | None: ...


def asks(actor: Actor | Me, parts: Parts) -> bool:
    """The actor acts for the asking house."""
    return actor.authority_id == parts.authority_id and access.may(actor, "consultations.ask")


def works(actor: Actor | Me, parts: Parts) -> bool:
    """The actor is the responsible expert or stands in for them, and still belongs to the competence centre."""
    return actor.person_id in (parts.assignee_id, parts.deputy_id) and access.may(
        actor, "consultations.answer"
    )


def may(actor: Actor | Me, act: str, parts: Parts) -> bool:
    """Who may do what with a request that they see (domain rules 4)."""
    office = access.may(actor, "consultations.assign")
    match act:
        case "submit" | "change" | "withdraw" | "reply":
            return asks(actor, parts)
        case "involve" | "end_involvement":
            return asks(actor, parts) and access.may(actor, "experts.involve")
        case "answer":
            return works(actor, parts)
        case "clarify":
            return office or works(actor, parts)
        case "release":
            return office or works(actor, parts) or "knowledge_editor" in actor.roles
        case "review":
            return access.may(actor, "consultations.review")
        case "send":
            return access.may(actor, "consultations.send")
        case "approve":
            return access.may(actor, "consultations.release")
        case _:
            return office


def require(actor: Actor | Me, act: str, parts: Parts, state: str) -> None:
    """Raises Forbidden when the actor has no part in it, then Conflict when the state does not allow it."""
    if not may(actor, act, parts):
        raise errors.Forbidden
    if state not in ACTS[act]:
        raise errors.Conflict(f"Das geht im Stand „{STATES[state]}“ nicht.")


def next_acts(actor: Actor | Me, thing: Consultation) -> list[str]:
    """What this person can do now, the most pressing first."""
    found = [act for act, states in ACTS.items() if thing.state in states and may(actor, act, thing)]
    same_hand = actor.person_id == thing.answered_by_id
    proposal = thing.proposal
    barred = {
        "review": same_hand or thing.reviewed_on is not None,
        "send": thing.reviewed_on is None,
        "hand_over": not thing.handover_open,
        "approve": same_hand or (proposal is not None and proposal.proposed_by_id == actor.person_id),
    }
    # A settled assignment or a finished answer can be changed, but is no longer the next thing to do.
    late = {"assign": thing.assignee_id is not None, "answer": thing.state == "in_review"}
    found = [act for act in found if not barred.get(act)]
    return [act for act in found if not late.get(act)] + [act for act in found if late.get(act)]


def require_confirmed(new: NewConsultation) -> None:
    """No personal data in a request (DSGVO Art. 5 (1) c): the house says so before it hands in.

    Raises Invalid at the tick.
    """
    if new.contains_personal_data or not (new.no_personal_data or new.contains_personal_data is False):
        raise errors.Invalid(
            "Bitte entfernen Sie Namen und andere Angaben zu einzelnen Personen und bestätigen Sie das.",
            fields={"no_personal_data": "Bitte bestätigen Sie: keine personenbezogenen Angaben."},
        )


def require_sound(new: NewConsultation, today: date, known_topics: set[str]) -> None:
    """Raises Invalid with one text for each wrong field."""
    wrong: dict[str, str] = {}
    if new.priority == "urgent" and not new.urgency_reason.strip():
        wrong["urgency_reason"] = "Bitte begründen Sie, warum die Anfrage eilt."
    if new.wish_date is not None and new.wish_date < today:
        wrong["wish_date"] = "Bitte wählen Sie einen Tag ab heute."
    if unknown := sorted(set(new.topics) - known_topics):
        wrong["topics"] = f"Dieses Thema gibt es nicht: {unknown[0]}."
    if wrong:
        raise errors.Invalid("Bitte prüfen Sie die markierten Felder.", fields=wrong)


def reference(year: int, number: int, confidential: bool) -> str:
    """BA-2026-021; confidential requests count in their own series, BA-2026-V01."""
    return f"BA-{year}-V{number:02}" if confidential else f"BA-{year}-{number:03}"


def due(priority: str, received_on: date) -> Deadline:
    """10 working days, urgent 3 (domain rules 4)."""
    return calendar.deadline("working_days", received_on, WORKING_DAYS[priority])


def acknowledge_by(received_on: date) -> date:
    """A person confirms the receipt within 2 working days."""
    return calendar.deadline("working_days", received_on, ACKNOWLEDGE_DAYS).on


def stopped_days(asked_on: date, replied_on: date) -> int:
    """Working days on which the clock stood: after the day of the question, up to the day of the reply."""
    days, day = 0, asked_on
    while (day := calendar.add_working_days(day, 1)) <= replied_on:
        days += 1
    return days


def moved(due_on: date, asked_on: date, replied_on: date) -> tuple[date, list[str]]:
    """The deadline after a clarification, and how it came about: the working days left stay the same."""
    days = stopped_days(asked_on, replied_on)
    short = calendar.date_short
    told = (
        f"Rückfrage vom {short(asked_on)}, Antwort am {short(replied_on)}: "
        f"Die Frist ruhte {days} {'Arbeitstag' if days == 1 else 'Arbeitstage'}."
    )
    if not days:
        return due_on, [told]
    end = calendar.add_working_days(due_on, days)
    return end, [told, f"Die Frist endet nun am {calendar.date_long(end)} um 24:00 Uhr."]


def after_reply(assigned: bool, begun: bool) -> str:
    """The state that a request returns to when its clarification is answered."""
    if not assigned:
        return "received"
    return "in_progress" if begun else "assigned"


def require_able(
    staff: dict[UUID, Staff], field: str, person_id: UUID | None, roles: set[str], *, house: bool = True
) -> None:
    """Raises Invalid at `field` unless the named person is active, has one of `roles` and no conflict of interest.

    The two hats of one authority: who acts for the asking house does not answer its request (domain rules 3.2).
    """
    if person_id is None:
        return
    found = staff.get(person_id)
    if found is None or roles.isdisjoint(found.roles):
        text = "Diese Person kann das nicht übernehmen. Bitte wählen Sie jemanden aus dem Kompetenzzentrum."
        raise errors.Invalid(text, fields={field: text})
    if house and found.conflicted:
        text = "Diese Person gehört zum anfragenden Haus. Bitte wählen Sie jemand anderen."
        raise errors.Invalid(text, code="conflict_of_interest", fields={field: text})


def require_different(fields: dict[str, UUID | None]) -> None:
    """Raises Invalid when one person stands in two of the fields."""
    seen: set[UUID] = set()
    for name, person_id in fields.items():
        if person_id in seen:
            text = "Bitte wählen Sie hier eine andere Person."
            raise errors.Invalid(text, fields={name: text})
        if person_id is not None:
            seen.add(person_id)


def require_sources(answer: NewAnswer) -> None:
    """Raises Invalid for a source without a name."""
    for place, source in enumerate(answer.sources):
        if not source.norm.strip() and not source.title.strip():
            text = "Bitte nennen Sie die Quelle (norm oder title)."
            raise errors.Invalid(text, fields={f"sources.{place}": text})


def require_other_hand(actor: Actor, *others: UUID | None) -> None:
    """Four eyes: raises Forbidden (`four_eyes`) when the actor is one of `others`."""
    if actor.person_id in others:
        raise errors.Forbidden(
            "Verfasst, geprüft und freigegeben wird von verschiedenen Personen.", code="four_eyes"
        )


def require_level(level: str, ceiling: str) -> None:
    """A release is at most as closed as the request was. Raises Invalid at `level`."""
    if LEVELS.index(level) > LEVELS.index(ceiling):
        text = "Die Freigabe darf nicht enger sein als die Anfrage."
        raise errors.Invalid(text, fields={"level": text})


def review_on(wanted: date | None, today: date) -> date:
    """A released text is looked at again after at most 12 months. Raises Invalid at `review_on`."""
    latest = _same_day_next_year(today)
    if wanted is None:
        return latest
    if not today < wanted <= latest:
        text = "Der Tag der nächsten Prüfung liegt in den kommenden 12 Monaten."
        raise errors.Invalid(text, fields={"review_on": text})
    return wanted


def _same_day_next_year(day: date) -> date:
    return date(day.year + 1, day.month, min(day.day, 28) if day.month == 2 else day.day)


_MONTHS = "Januar|Februar|März|April|Mai|Juni|Juli|August|September|Oktober|November|Dezember"
_PATTERNS = [
    ("email", "E-Mail-Adresse", re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")),
    ("file_number", "Aktenzeichen", re.compile(r"\b(?:Az\.?|Aktenzeichen|Gz\.?|Geschäftszeichen)\s*:?\s*\S*\d\S*", re.I)),
    ("file_number", "Aktenzeichen", re.compile(r"(?<![\w./-])\d{1,4}\.\d{1,3}(?:\.\d{1,4})*\s?[-/]\s?\d+[\w./-]*")),
    ("reference", "Nummer einer Anfrage", re.compile(r"\bBA-\d{4}-V?\d+\b")),
    ("phone", "Telefonnummer", re.compile(r"(?<![\w.,/-])(?:\+49[\s/()-]*|0)\d{2,5}[)\s/-]{1,3}\d[\d\s-]{3,}\d")),
    ("phone", "Telefonnummer", re.compile(r"(?<![\w.,/-])(?:\+49|0)\d{8,13}\b")),
    ("date", "Datum", re.compile(rf"(?<![\w.])\d{{1,2}}\.\s?(?:\d{{1,2}}\.\s?|(?:{_MONTHS})\s)\d{{4}}\b")),
]  # fmt: skip
FEW_HOUSES = 3
"""A text that names fewer houses of the five points to each of them."""


def anonymity_findings(text: str, directory: Directory) -> list[Finding]:
    """What in `text` may point to a person or to a house (domain rules 4): the machine flags, a person decides.

    Family names count on their own, functions only when one person holds them. Each finding appears once; its key is
    stable, so that it can be confirmed.
    """
    found: dict[str, Finding] = {}
    spoken = {word.casefold() for word in re.findall(r"\w+", text)}

    def add(kind: str, label: str, words: str) -> None:
        words = " ".join(words.split())[:200]
        if not any(one.kind == kind and words in one.text for one in found.values()):
            key = f"{kind}:{words}"
            found[key] = Finding(key, kind, words, label)

    def seen(names: list[str]) -> list[str]:
        """The first of these names that stands in the text, as it stands there. Searching only for names with a word
        of the text keeps a long directory quick."""
        for name in names:
            first = re.findall(r"\w+", name.casefold())[:1]
            if (
                len(name) >= 3
                and first
                and {first[0], first[0] + "s"} & spoken
                and (hit := _word(name).search(text))
            ):
                return [hit.group()]
        return []

    for kind, label, pattern in _PATTERNS:
        for match in pattern.finditer(text):
            add(kind, label, match.group().strip(" .,;"))
    for name in directory.names:
        for words in seen([name, *name.split()[-1:]]):
            add("name", "Name einer Person", words)
    for function in directory.functions:
        for words in seen([function]):
            add("function", "Funktion einer einzelnen Person", words)
    own = [words for name in directory.house for words in seen([name])]
    others = [words for names in directory.others for words in seen(names)]
    for words in own:
        add("house", "Anfragendes Haus", words)
    if bool(own) + len(others) < FEW_HOUSES:
        for words in others:
            add("house", "Einzelnes Haus", words)
    return sorted(found.values(), key=lambda finding: (finding.kind, finding.text))


def _word(words: str) -> re.Pattern[str]:
    """`words` with any white space between them, not inside a longer word; a genitive s may follow."""
    spaced = r"\s+".join(re.escape(part) for part in words.split())
    return re.compile(rf"(?<!\w){spaced}s?(?!\w)", re.I)


def open_findings(findings: list[Finding], confirmed: list[str]) -> list[Finding]:
    """The findings nobody has ticked yet."""
    return [finding for finding in findings if finding.key not in confirmed]


def is_reminder_due(due_on: date, today: date) -> bool:
    """From the second working day before the deadline until its day."""
    return calendar.add_working_days(due_on, -REMIND_DAYS) <= today <= due_on


def short_text(text: str, most: int = 300) -> str:
    """The first paragraph of a text, as an abstract."""
    first = next((part.strip() for part in re.split(r"\n\s*\n", text) if part.strip()), "")
    first = re.sub(r"[*_`#>]+", "", first).strip()
    return first if len(first) <= most else first[: most - 1].rsplit(" ", 1)[0] + " …"
