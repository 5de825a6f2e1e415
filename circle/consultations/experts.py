"""Experts of the asking house: staff who see this one request for a time (decree Nr. 4 (3) S. 1)."""

from uuid import UUID

from circle.core import errors
from circle.core.auth import Actor
from circle.core.db import Connection
from circle.people.experts import actions as experts
from circle.people.experts.model import NewExpert

from . import actions, letters, rules


async def involve(
    db: Connection, actor: Actor, consultation_id: UUID, new: NewExpert, expected: int | None = None
) -> UUID:
    """Call in somebody of the asking house; they are told by mail. Nobody who ever worked on the request for the
    competence centre (two hats). Returns the id. Raises NotFound, Forbidden, Conflict, Invalid."""
    found = await actions.open_for(db, actor, consultation_id, "involve")
    await actions.require_fresh(db, actor, found, expected)
    if new.person_id in (
        found.assignee_id,
        found.deputy_id,
        found.reviewer_id,
        found.answered_by,
        found.proposed_by,
    ):
        text = (
            "Diese Person arbeitet für das Kompetenzzentrum an der Anfrage. Bitte wählen Sie jemand anderen."
        )
        raise errors.Invalid(text, code="conflict_of_interest", fields={"person_id": text})
    reference = actions.named_by(found)
    expert_id = await experts.involve(db, actor, "consultation", found.id, reference, found.audience, new)
    wording = letters.involved(reference, new.valid_to)
    await actions.tell(db, actor, found, wording, [new.person_id])
    return expert_id


async def end(db: Connection, actor: Actor, consultation_id: UUID, person_id: UUID) -> None:
    """End it at once. Raises NotFound and Forbidden."""
    found = await actions.seen(db, actor, consultation_id)
    if not rules.may(actor, "involve", found):
        raise errors.Forbidden
    await experts.end(db, actor, "consultation", found.id, actions.named_by(found), person_id)
