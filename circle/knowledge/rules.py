"""Rules of knowledge documents: who may edit and release, until when a text holds, what a version's hash is over."""

import hashlib
from collections.abc import Collection, Sequence
from datetime import date
from typing import Any
from uuid import UUID

import msgspec
from dateutil.relativedelta import relativedelta

from circle.core import access, errors
from circle.core.auth import Actor, Me

from .model import Document

EDITORS = {"knowledge_editor", "circle_office", "quality_reviewer", "release_approver", "kfi_head"}
"""Roles that work on everybody's documents; others only on their own."""
ANSWER = "Antwort aus Beratung"
"""What becomes of an answer that is released for all."""
OUTSIDE = {"technical_admin", "municipal_contact", "partner", "former_commissioner"}
"""Whoever holds none but these roles is not named for confidential documents."""
KINDS = [
    ANSWER, "Arbeitshilfe", "Auswertung", "Checkliste", "Glossar", "Handreichung", "Konzept", "Leitfaden", "Merkblatt",
    "Muster", "Plan", "Präsentation", "Rechtsquelle", "Sammlung", "Übersicht", "Vermerk", "Vorlage", "Wegweiser",
]  # fmt: skip
"""Offered in forms; other kinds are possible."""
STATES = {
    "draft": "Entwurf",
    "in_review": "in Prüfung",
    "released": "freigegeben",
    "review_overdue": "Prüfung überfällig",
    "superseded": "ersetzt",
    "retired": "zurückgezogen",
}
READERS = {
    "public": "Alle mit Zugang zu diesem Dienst, auch kommunale Ansprechpersonen und Partner.",
    "internal": "Beschäftigte der Bezirksregierungen, des KfI und des Ministeriums.",
    "circle": "Mitglieder des Koordinierungskreises, Vertretungen in ihrer Zeit, Geschäftsführung und Leitung des KfI.",
    "confidential": "Nur wer den Text verantwortet und wer dafür benannt ist.",
}
"""Who reads what is released at a level, in the words of the interface (domain rules 4, Levels)."""
LANGUAGES = {"standard": "Standardsprache", "plain": "Einfache Sprache", "easy": "Leichte Sprache"}
IN_FORCE = {"released", "review_overdue"}
TRUST = {
    "draft": 0.6,
    "in_review": 0.6,
    "released": 1.0,
    "review_overdue": 0.7,
    "superseded": 0.3,
    "retired": 0.3,
}
"""Search puts first what holds: a factor for the rank."""


def may_edit(person_id: UUID | None, roles: Collection[str], owner_id: UUID) -> bool:
    """The owner edits; the editors and the office edit everything that they see."""
    return person_id == owner_id or not EDITORS.isdisjoint(roles)


def next_acts(me: Actor | Me, document: Document) -> list[str]:
    """What this person can do with a document now, the most pressing first."""
    writes = access.may(me, "documents.write") and may_edit(me.person_id, me.roles, document.owner_id)
    releases = access.may(me, "documents.release")
    in_force = document.state in IN_FORCE
    stage = document.draft_state if in_force else document.state
    edited_by = document.draft.edited_by_id if document.draft else document.edited_by_id
    possible = {
        "release": stage == "in_review" and releases and me.person_id not in (document.owner_id, edited_by),
        "return": stage == "in_review" and (releases or me.person_id == document.owner_id),
        "submit": stage == "draft" and writes,
        "edit": writes and (in_force or document.state in ("draft", "in_review")),
        "check_again": in_force and stage is None and writes,
        "distribute": in_force and access.may(me, "documents.distribute"),
        "supersede": in_force and writes,
        "retire": in_force and writes,
    }
    return [act for act, now in possible.items() if now]


def draft_audience(document_id: UUID, owner_id: UUID, levels: Sequence[str]) -> list[str]:
    """Who reads the next version before its release; confidential as soon as one of its levels is."""
    readers = [f"person:{owner_id}", f"named:{document_id}"]
    if "confidential" in levels:
        return readers
    return [*readers, *sorted(f"role:{role}" for role in EDITORS)]


def require_other_person(person_id: UUID | None, owner_id: UUID, edited_by: UUID | None) -> None:
    """Four eyes: whoever answers for the text or wrote it last does not release it (domain rules 4, Freigabe)."""
    if person_id is None or person_id in (owner_id, edited_by):
        raise errors.Forbidden(
            "Freigeben muss eine andere Person als die, die den Text verantwortet oder zuletzt bearbeitet hat.",
            code="four_eyes",
        )


def review_day(today: date, wanted: date | None) -> date:
    """The day on which a text must be checked again: at most twelve months ahead, twelve months by default."""
    latest = today + relativedelta(months=12)
    if wanted is None:
        return latest
    if not today < wanted <= latest:
        raise errors.Invalid(
            "Der Prüftermin liegt in der Zukunft und höchstens zwölf Monate entfernt.",
            fields={
                "review_on": f"Bitte einen Tag bis zum {latest.day}.{latest.month}.{latest.year} wählen."
            },
        )
    return wanted


def require_changeable(state: str) -> None:
    """Raises Conflict for a document that no longer holds."""
    if state in ("superseded", "retired"):
        raise errors.Conflict(f"Das Dokument ist {STATES[state]} und wird nicht mehr geändert.")


def require_submittable(state: str, draft_state: str | None) -> None:
    """Raises Conflict unless there is something to review that is not in review already."""
    require_changeable(state)
    if "in_review" in (state, draft_state):
        raise errors.Conflict("Der Text liegt schon zur Prüfung vor.")


def require_in_review(state: str, draft_state: str | None) -> None:
    """Raises Conflict unless the text, or the next version of it, is in review."""
    if "in_review" not in (state, draft_state):
        raise errors.Conflict("Es liegt kein Text zur Prüfung vor.", code="not_in_review")


def require_in_force(state: str) -> None:
    """Raises Conflict unless the document is released and holds."""
    if state not in IN_FORCE:
        raise errors.Conflict(f"Das geht nur mit freigegebenen Dokumenten. Dieses ist {STATES[state]}.")


def require_able_successor(document_id: UUID, successor_id: UUID, state: str) -> None:
    """Raises Invalid unless the successor is another document that holds; so no chain leads back to its beginning."""
    if successor_id == document_id:
        text = "Ein Dokument kann sich nicht selbst ersetzen."
    elif state not in IN_FORCE:
        text = "Das neue Dokument muss freigegeben sein."
    else:
        return
    raise errors.Invalid(text, fields={"successor_id": text})


def require_ready(title: str, body: str, files: Sequence[Any]) -> None:
    """A document that goes into review has a text or a file."""
    if not title.strip() or not (body.strip() or files):
        raise errors.Invalid(
            "Zur Prüfung gehört ein Text oder eine Datei.", fields={"body": "Bitte den Text ausfüllen."}
        )


def fingerprint(title: str, abstract: str, body: str, files: list[dict[str, Any]]) -> str:
    """SHA-256 in hex over the version as canonical JSON (sorted keys, no spaces, UTF-8)."""
    content = {"title": title, "abstract": abstract, "body": body, "files": files}
    return hashlib.sha256(msgspec.json.encode(content, order="sorted")).hexdigest()
