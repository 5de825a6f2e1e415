"""The rules of the floor: who speaks next, what is counted in a vote, and which result may follow.

The circle has no power over its members (decree Nr. 6) and each is bound by its own head (Nr. 4), so it finds consent and
lets a house reserve its own; nobody is outvoted. Office and moderation have no vote (Nr. 6 (2)).
"""

from collections.abc import Collection, Iterable, Mapping
from datetime import date
from typing import Any
from uuid import UUID

import msgspec

from circle.core import errors

from .. import rules as meetings
from ..agenda import rules as agenda
from ..agenda.model import Votes
from ..procedure.model import SpeakingOrder
from ..rules import Quorum
from .model import BallotClosing, BallotKind, NewVote, Presence, SpeechRequest, StoredRequest

SPEECHES = {"speech": "Wortmeldung", "order": "zur Geschäftsordnung"}
BALLOTS = {
    "objection": "Gibt es Einwände?",
    "by_name": "Jedes Haus stimmt selbst ab",
    "open": "Handzeichen, gezählt von der Moderation",
}
BALLOT_HINTS = {
    "objection": "Wer nichts sagt, stimmt zu, sobald die Moderation das feststellt.",
    "by_name": "Wie ein Haus stimmt, sehen die anderen nach dem Schließen.",
    "open": "Vorbehalte werden namentlich eingetragen.",
}
CHOICES = {
    "consent": "Zustimmung",
    "reservation": "Zustimmung mit Vorbehalt",
    "against": "dagegen",
    "abstained": "Enthaltung",
}
COUNTED = {"consent": "Zustimmung", "reservation": "mit Vorbehalt", "against": "dagegen", "abstained": "Enthaltung"}  # fmt: skip
DECIDING = {
    "agreed": "verabredet",
    "recommended": "empfohlen",
    "commissioned": "beauftragt",
    "resolution": "beschlossen",
    "adopted": "angenommen",
    "adopted_with_changes": "mit Änderungen angenommen",
    "approved": "genehmigt",
    "approved_with_changes": "mit Änderungen genehmigt",
    "confidential": "vertraulich entschieden",
}
"""Results by which the circle decides something, in the words in which one is told of it: they take a quorum."""
_NUMBERS = {1: "ein", 2: "zwei", 3: "drei", 4: "vier", 5: "fünf"}


class Tally(msgspec.Struct, frozen=True):
    """What a vote found: the counts, and the houses that could vote and said nothing. `silent` are those of them that are
    known by name, `assumed` those whose consent by silence was established."""

    counts: Votes
    without: int
    silent: frozenset[UUID]
    assumed: frozenset[UUID]


def order_of(waiting: Iterable[SpeechRequest], order: SpeakingOrder) -> list[SpeechRequest]:
    """Who speaks next: to the order of business first, then as asked or as the moderation moved them.

    With `first_speech_first` whoever has not spoken on the item goes before whoever has.
    """
    return sorted(waiting, key=lambda one: (*_rank(one, order), one.place))


def _rank(one: SpeechRequest, order: SpeakingOrder) -> tuple[bool, bool]:
    return one.kind != "order", one.kind == "speech" and order == "first_speech_first" and not one.first


def same_rank(one: SpeechRequest, other: SpeechRequest, order: SpeakingOrder) -> bool:
    """Whether two requests may change places."""
    return _rank(one, order) == _rank(other, order)


def neighbour(
    waiting: Iterable[SpeechRequest], order: SpeakingOrder, request_id: UUID, direction: str
) -> tuple[SpeechRequest, SpeechRequest]:
    """The request and the one it changes places with. Raises Conflict at the end of those of the same rank."""
    ordered = order_of(waiting, order)
    place = next((n for n, one in enumerate(ordered) if one.id == request_id), None)
    other = None if place is None else place + (-1 if direction == "up" else 1)
    if place is None or other is None or not 0 <= other < len(ordered):
        raise errors.Conflict("Weiter geht es in dieser Richtung nicht.")
    if not same_rank(ordered[place], ordered[other], order):
        raise errors.Conflict(
            "Zur Geschäftsordnung geht vor, und danach, wer noch nicht gesprochen hat. Sie können das Wort auch außer der "
            "Reihe erteilen."
        )
    return ordered[place], ordered[other]


def require_running(state: str) -> None:
    """Raises Conflict unless the meeting runs."""
    if state != "running":
        raise errors.Conflict("Das geht nur, während die Sitzung läuft.")


def require_waiting(request: StoredRequest) -> None:
    """Raises Conflict for a request that is over, or whose item is not called up."""
    if request.state != "waiting":
        raise errors.Conflict("Diese Wortmeldung ist schon erledigt.")
    if not request.current:
        raise errors.Conflict(
            "Der Punkt dieser Wortmeldung ist gerade nicht aufgerufen. Sie lässt sich für den aktuellen Punkt übernehmen."
        )


def default_kind(procedure: Mapping[str, Any]) -> BallotKind:
    """The kind of vote that follows from the decision rule: objections are asked for, or each house says it."""
    return "by_name" if _expressed(procedure) else "objection"


def _expressed(procedure: Mapping[str, Any]) -> bool:
    return procedure.get("decision_rule") == "expressed_consensus"


def kinds(procedure: Mapping[str, Any]) -> list[BallotKind]:
    """The kinds that the procedure allows, the usual one first: where consent is expressed, silence is none."""
    return ["by_name", "open"] if _expressed(procedure) else ["objection", "by_name", "open"]


def require_ballot(item_kind: str, kind: BallotKind, procedure: Mapping[str, Any]) -> None:
    """Raises Conflict for a vote under „Verschiedenes“, Invalid for a kind that the procedure does not have."""
    if item_kind == "miscellaneous":
        raise errors.Conflict("Unter „Verschiedenes“ wird nichts entschieden.")
    if kind not in kinds(procedure):
        raise errors.Invalid(
            "Nach der Geschäftsordnung erklärt jedes anwesende Haus seine Zustimmung ausdrücklich.",
            fields={"kind": "Bitte eine andere Art der Abstimmung wählen."},
        )


def require_open(state: str) -> None:
    """Raises Conflict once a vote is closed or was cancelled."""
    if state != "open":
        told = "geschlossen" if state == "closed" else "abgebrochen"
        raise errors.Conflict(f"Diese Abstimmung ist {told}.", code="ballot_ended")


def require_vote(kind: BallotKind, vote: NewVote, today: date) -> None:
    """Raises Invalid for a vote that is counted by hands, and for a reservation that would have to be decided before today."""
    if kind == "open" and vote.choice not in ("reservation", "consent"):
        raise errors.Invalid(
            "Bei Handzeichen zählt die Moderation. Eingetragen wird nur ein Vorbehalt.",
            fields={"choice": "Bitte „Zustimmung mit Vorbehalt“ wählen."},
        )
    if vote.choice == "reservation" and vote.decide_by and vote.decide_by < today:
        raise errors.Invalid(
            "Bitte prüfen Sie den Vorbehalt.", fields={"decide_by": "Dieser Tag ist schon vorbei."}
        )


def tally(
    kind: BallotKind,
    present: Collection[UUID],
    votes: Mapping[UUID, str],
    closing: BallotClosing,
    reserved: Collection[UUID] = (),
) -> Tally:
    """Count a vote: one voice for each house, that of the last vote cast, whoever carried its voice.

    `present` are the houses that can vote at the closing instant. A house that has voted and left keeps its vote: what
    somebody declares who may declare it holds when it is said (BGB § 130 for those who are there), and otherwise a
    reservation would vanish with whoever leaves the room. `reserved` are houses with an open reservation on the item: their
    silence takes nothing back. Raises Invalid when hands are counted that cannot be there.
    """
    entitled = {*present, *votes}
    found = {choice: sum(vote == choice for vote in votes.values()) for choice in COUNTED}
    if kind == "open":
        found |= {"consent": closing.consent, "against": closing.against, "abstained": closing.abstained}
        hands, most = (
            found["consent"] + found["against"] + found["abstained"],
            len(entitled) - found["reservation"],
        )
        if hands > most:
            raise errors.Invalid(
                f"Gezählt sind {hands} Stimmen, möglich sind {most}: {_houses(len(entitled))} mit Stimme"
                + (f", davon {found['reservation']} mit Vorbehalt." if found["reservation"] else "."),
                code="too_many_votes",
                fields={"consent": f"Die Stimmen dürfen zusammen höchstens {most} ergeben."},
            )  # fmt: skip
        return Tally(Votes(**found), most - hands, frozenset(), frozenset())
    silent = frozenset(entitled - votes.keys())
    if kind == "by_name" or not closing.no_objection:
        return Tally(Votes(**found), len(silent), silent, frozenset())
    assumed = silent.difference(reserved)
    found["consent"] += len(assumed)
    found["reservation"] += len(silent - assumed)
    return Tally(Votes(**found), 0, frozenset(), assumed)


def require_asked(closing: BallotClosing, present: Collection[UUID]) -> None:
    """Raises Conflict when silence is to be consent, and other houses are there than when objections were asked for."""
    if closing.no_objection and closing.houses is not None and set(closing.houses) != set(present):
        raise errors.Conflict(
            "Inzwischen sind andere Häuser da als auf der Seite. Bitte fragen Sie noch einmal nach Einwänden und "
            "schließen Sie dann.",
            code="houses_changed",
        )


def _houses(number: int) -> str:
    return "1 Haus" if number == 1 else f"{number} Häuser"


def require_result(
    closing: BallotClosing, kind: BallotKind, found: Tally, quorum: Quorum, procedure: Mapping[str, Any]
) -> None:
    """Raises Invalid for a decision without a quorum, without a voice, or while the consent of a house is still missing.

    Whether a result fits the item, and that none goes against a house, the agenda's own rule says.
    """
    if closing.result not in DECIDING:
        return
    if not quorum.met:
        raise errors.Invalid(
            f"Der Kreis ist nicht beschlussfähig: {_there(quorum)}. Entschieden wird in der nächsten Sitzung oder im Umlauf.",
            code="no_quorum",
            fields={"result": "Möglich sind Vertagung, Verweisung in das Umlaufverfahren, Austausch und Kenntnisnahme."},
        )  # fmt: skip
    if kind == "objection" and found.without:
        raise errors.Invalid(
            "Schweigen ist noch keine Zustimmung.",
            code="consent_missing",
            fields={"no_objection": "Bitte stellen Sie fest, dass es keinen weiteren Einspruch gibt."},
        )
    if _expressed(procedure) and found.without:
        raise errors.Invalid(
            f"Nach der Geschäftsordnung stimmt jedes anwesende Haus ausdrücklich zu. Noch nichts gesagt: {_houses(found.without)}.",
            code="consent_missing",
            fields={"result": "Bitte warten Sie alle Stimmen ab oder wählen Sie ein anderes Ergebnis."},
        )  # fmt: skip
    if kind == "by_name" and found.without and not closing.despite_silence:
        raise errors.Invalid(
            f"Noch nicht abgestimmt: {_houses(found.without)}.",
            code="consent_missing",
            fields={"despite_silence": "Bitte warten Sie auf diese Stimmen oder bestätigen Sie, dass es ohne sie geht."},
        )  # fmt: skip
    if not any(msgspec.structs.asdict(found.counts).values()):
        raise errors.Invalid(
            "Es ist keine Stimme abgegeben.",
            code="consent_missing",
            fields={"result": "Bitte ein anderes Ergebnis wählen oder die Stimmen abwarten."},
        )


def _there(quorum: Quorum) -> str:
    return f"{quorum.present} von {quorum.houses} Häusern {'ist' if quorum.present == 1 else 'sind'} da"


def results(item_kind: str, confidential: bool, quorum: Quorum) -> list[tuple[str, str]]:
    """The results to choose from when a vote is closed, in words; without a quorum none that decides."""
    fitting = agenda.results_for(item_kind, confidential)
    return [(one, agenda.RESULTS[one]) for one in fitting if quorum.met or one not in DECIDING]


def usual_result(item_kind: str, confidential: bool, quorum: Quorum) -> str:
    """The result that an item of this kind usually has."""
    usual = {"approval_of_minutes": "approved", "resolution": "resolution", "formality": "adopted"}.get(
        item_kind, "agreed"
    )
    offered = [name for name, _ in results(item_kind, confidential, quorum)]
    return usual if usual in offered else "adjourned"


def quorum(there: Presence, least: int) -> Quorum:
    """The quorum of those whose voices are in the room (VwVfG § 90 (1)), by the rule that all lists of attendance have."""
    return meetings.quorum_of(set(there.voices), there.members, there.editions, least=least)


def words(result: str | None, open_reservations: int) -> str:
    """A result as one says it: „verabredet, ein Vorbehalt offen“."""
    if not result:
        return ""
    said = DECIDING.get(result, agenda.RESULTS[result])
    if not open_reservations:
        return said
    number = _NUMBERS.get(open_reservations, str(open_reservations))
    return f"{said}, {number} {'Vorbehalt' if open_reservations == 1 else 'Vorbehalte'} offen"


def counted(counts: Votes | None) -> str:
    """„4 Zustimmung, 1 mit Vorbehalt“."""
    given = msgspec.structs.asdict(counts) if counts else {}
    return ", ".join(f"{given[name]} {label}" for name, label in COUNTED.items() if given.get(name))


def takes_wording(result: str) -> bool:
    """Whether the wording becomes that of the item: what was decided, and what goes on by circular."""
    return result in DECIDING or result == "postponed_to_circular"
