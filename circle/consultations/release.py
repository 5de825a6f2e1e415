"""From an answer to knowledge for all: a proposal, then a second person's decision (domain rules 4, Freigabe).

What is released is a new document. It does not name the asking house, and nothing leads back from it.
"""

from uuid import UUID

import msgspec

from circle.core import auth, errors
from circle.core.auth import Actor
from circle.core.db import Connection
from circle.knowledge import actions as knowledge

from . import actions, letters, rules, store
from .model import Finding, Release, Stored, plain

APPROVERS = ["release_approver", "kfi_head"]
"""Who decides, in the order in which somebody is proposed."""


async def propose(
    db: Connection, actor: Actor, consultation_id: UUID, wanted: Release, expected: int | None = None
) -> None:
    """Propose a text for release. What may point to persons or the house is flagged and has to be confirmed.

    Raises Invalid (`findings_open`, with `findings`) while a finding is not confirmed.
    """
    found = await actions.open_for(db, actor, consultation_id, "release")
    await actions.require_fresh(db, actor, found, expected)
    fields = {"title": wanted.title.strip(), "text": wanted.text.strip(), "level": wanted.level or ""}
    if missing := [name for name, value in fields.items() if not value]:
        raise errors.Invalid(
            "Bitte füllen Sie den Vorschlag aus.", fields=dict.fromkeys(missing, "Bitte ausfüllen.")
        )
    rules.require_level(fields["level"], found.confidentiality)
    review_on = rules.review_on(wanted.review_on, actor.today)
    topics = found.topics if wanted.topics is None else wanted.topics
    if unknown := sorted(set(topics) - set(found.topics) - set(await store.list_topics(db))):
        text = f"Dieses Thema gibt es nicht: {unknown[0]}."
        raise errors.Invalid(text, fields={"topics": text})
    abstract = wanted.abstract.strip() or rules.short_text(wanted.text)
    findings = await _confirmed_findings(db, found, wanted, abstract)
    approver_id = await _approver(db, actor, found, wanted.approver_id)
    done = await store.mark_proposed(
        db, found.id, found.revision, title=fields["title"], abstract=abstract, text=wanted.text, level=fields["level"],
        topics=topics, review_on=review_on, findings=plain(findings), proposed_by=actor.person_id,
        approver_id=approver_id,
    )  # fmt: skip
    await actions.settle(db, actor, found, done, "consultation.release_proposed", level=fields["level"])
    await actions.tell(db, actor, found, letters.for_release(actions.named_by(found)), [approver_id])


async def _confirmed_findings(db: Connection, found: Stored, wanted: Release, abstract: str) -> list[Finding]:
    """What the machine flags in title, abstract and text, all confirmed by the proposer."""
    text = "\n".join((wanted.title, abstract, wanted.text))
    findings = rules.anonymity_findings(text, await store.get_directory(db, found.authority_id))
    if left := rules.open_findings(findings, wanted.confirmed_findings):
        raise errors.Invalid(
            "Im Text stehen Angaben, die auf Personen oder das anfragende Haus hinweisen können. Bitte entfernen oder "
            "bestätigen Sie jede Fundstelle.",
            code="findings_open",
            fields={"confirmed_findings": f"Noch zu prüfen: {', '.join(finding.text for finding in left)}."},
            findings=msgspec.to_builtins(findings),
        )
    return findings


async def _approver(db: Connection, actor: Actor, found: Stored, wanted: UUID | None) -> UUID | None:
    """Who decides: the one named, or the next in line; neither the proposer nor the author of the answer."""
    barred = {actor.person_id, found.answered_by}
    able = [
        person.id
        for person in await store.list_with_roles(db, APPROVERS, actor.today)
        if person.id not in barred
    ]
    if wanted is None:
        if not able:
            raise errors.Conflict(
                "Es gibt niemanden, der über die Freigabe entscheiden kann.", code="no_approver"
            )
        return able[0]
    if wanted not in able:
        text = "Diese Person kann über diese Freigabe nicht entscheiden."
        raise errors.Invalid(text, fields={"approver_id": text})
    return wanted


async def decide(
    db: Connection, actor: Actor, consultation_id: UUID, wanted: Release, expected: int | None = None
) -> None:
    """Approve or decline the proposal: four eyes, and a recent sign-in for the approval.

    The decision is neither the proposer's nor that of the author of the answer (Forbidden, `four_eyes`).
    """
    found = await actions.open_for(db, actor, consultation_id, "approve")
    rules.require_other_hand(actor, found.proposed_by, found.answered_by)
    if not wanted.approve:
        await actions.require_fresh(db, actor, found, expected)
        done = await store.mark_declined(db, found.id, found.revision, wanted.note)
        await actions.settle(db, actor, found, done, "consultation.release_declined")
        await actions.tell(
            db, actor, found, letters.not_released(actions.named_by(found)), [found.proposed_by]
        )
        return
    auth.require_recent(actor)
    if not found.release_text or not found.release_level:
        raise errors.Conflict("Es fehlt ein Vorschlag für die Freigabe.", code="no_proposal")
    await actions.require_fresh(db, actor, found, expected)
    owner_id = found.answered_by or found.proposed_by
    if owner_id is None:
        raise errors.Conflict("Es fehlt, wer das Dokument verantwortet.", code="no_owner")
    document_id = await knowledge.release_from_consultation(
        db, actor, title=found.release_title, abstract=found.release_abstract, body=found.release_text,
        topics=found.release_topics, level=found.release_level,
        review_on=found.release_review_on or rules.review_on(None, actor.today), owner_id=owner_id,
        authority_id=await store.get_authority_of(db, owner_id),
    )  # fmt: skip
    done = await store.mark_released(
        db, found.id, found.revision, released_as=document_id, approver_id=actor.person_id, day=actor.today
    )
    await actions.settle(db, actor, found, done, "consultation.released", document_id=document_id)


async def act(
    db: Connection, actor: Actor, consultation_id: UUID, wanted: Release, expected: int | None = None
) -> None:
    """The resource `release`: without `approve` a proposal, with it the decision."""
    if wanted.approve is None:
        await propose(db, actor, consultation_id, wanted, expected)
    else:
        await decide(db, actor, consultation_id, wanted, expected)
