"""The start page and the pages that stand in every footer."""

from typing import Any

from litestar import Request, Response, Router, get

from circle.consultations import rules as consultations
from circle.core import auth, pages, web

from . import store
from .model import Desk

Incoming = Request[Any, Any, Any]

ACTS = {
    "assign": ("Anfrage zuweisen", "Zuweisen", "Empfang bis"),
    "answer": ("Anfrage beantworten", "Beantworten", "fällig"),
    "review": ("Antwort prüfen", "Prüfen", "fällig"),
    "send": ("Geprüfte Antwort senden", "Senden", "fällig"),
    "reply": ("Rückfrage an Ihr Haus", "Antworten", ""),
    "finish": ("Entwurf einer Anfrage", "Fertigstellen", "gewünscht bis"),
    "release": ("Freigabe prüfen", "Prüfen", ""),
    "release_document": ("Dokument freigeben", "Prüfen", ""),
    "mend": ("Aus der Prüfung zurück", "Überarbeiten", ""),
    "check": ("Prüftermin eines Dokuments", "Ansehen", "war am"),
    "task": ("Aufgabe", "Ansehen", "bis"),
    "admit": ("Angemeldeter Punkt", "Aufnehmen", "Einladung bis"),
    "amend": ("Zurückgegebener Punkt", "Überarbeiten", ""),
    "invite": ("Einladung vorbereiten", "Zur Sitzung", "spätestens"),
    "come": ("Rückmeldung zur Sitzung", "Antworten", "am"),
    "suit": ("Terminabfrage", "Antworten", "bis"),
    "fix": ("Terminabfrage beantwortet", "Tag festlegen", "Antworten bis"),
    "object": ("Niederschrift prüfen", "Lesen", "Einwendungen bis"),
    "send_on": ("Nach der Einladung dazugekommen", "Einladung nachsenden", "am"),
    "run": ("Laufende Sitzung", "Zum Sitzungsraum", "am"),
    "write": ("Niederschrift schreiben", "Schreiben", "Entwurf bis"),
    "dispatch": ("Vorbereiteter Versand", "Prüfen und senden", ""),
    "settle": ("Ungeklärte Zustellung", "Klären", ""),
    "decide": ("Einwendung entscheiden", "Entscheiden", ""),
    "duty": ("Pflicht nach Nr. 3", "Ansehen", "offen seit"),
    "deputise": ("Vertretung", "Ansehen", "bis"),
    "expert": ("Hinzugezogen", "Ansehen", "bis"),
    "reachability": ("Halbjährliche Prüfung", "Prüfen", "bis"),
    "statement": ("Stellungnahme im eigenen Haus", "Stellung nehmen", "bis"),
    "co_sign": ("Offene Mitzeichnung im eigenen Haus", "Ansehen", ""),
    "resubmit": ("Wiedervorlage im eigenen Haus", "Ansehen", "seit"),
    "approve": ("Genehmigung eintragen", "Zur Niederschrift", ""),
}
ANSWERED = {state: consultations.STATES[state] for state in ("answered", "release_review", "released")}
"""States of a request in which no deadline runs any more; the desk names the state instead."""


@get("/", opt={"permission": "signed_in"})
async def show_desk(request: Incoming, db: web.Db, caller: web.Asking) -> Response[bytes]:
    """What waits, the next meeting, own requests and new knowledge."""
    found = await store.get(db, caller)
    return pages.show(
        request, "desk/desk.html", found.me, desk=pages.as_struct(found, Desk), acts=ACTS, answered=ANSWERED
    )


@get("/hilfe", opt={"permission": "public"})
async def show_help(request: Incoming, db: web.Db, caller: web.Asking) -> Response[bytes]:
    """Who does what, in short."""
    return pages.show(request, "help.html", await auth.card(db, caller))


@get("/barrierefreiheit", opt={"permission": "public"})
async def show_accessibility(request: Incoming, db: web.Db, caller: web.Asking) -> Response[bytes]:
    """The statement of accessibility (BGG NRW § 10 e, BITVNRW)."""
    return pages.show(request, "accessibility.html", await auth.card(db, caller))


@get("/datenschutz", opt={"permission": "public"})
async def show_privacy(request: Incoming, db: web.Db, caller: web.Asking) -> Response[bytes]:
    """What is stored about people."""
    return pages.show(request, "privacy.html", await auth.card(db, caller))


@get("/impressum", opt={"permission": "public"})
async def show_imprint(request: Incoming, db: web.Db, caller: web.Asking) -> Response[bytes]:
    """Who answers for this service."""
    return pages.show(request, "imprint.html", await auth.card(db, caller))


router = Router(
    "/",
    include_in_schema=False,
    route_handlers=[show_desk, show_help, show_accessibility, show_privacy, show_imprint],
)
