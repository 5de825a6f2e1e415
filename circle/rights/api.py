"""JSON API of „Wer darf was“, and of what is kept of one's own answers."""

from uuid import UUID

import msgspec
from litestar import Response, Router, get
from litestar.params import FromQuery

from circle.core import access, answers, audit, auth, errors, fields, web
from circle.core.db import Answer, Caller, Connection
from circle.core.fields import Day

from . import rules, store
from .model import Explanation, Facts, KeptAnswers, PersonNamed, Question


async def ask(db: Connection, caller: Caller, question: Question | None) -> tuple[Answer, Facts]:
    """What the statement finds, with or without a question. Raises Forbidden without the right „rights.explain“."""
    asked = (question.person_id, question.on, question.object.strip()) if question else (None, None, "")
    found = await store.explain(db, caller, list(auth.ROLE_NAMES), *asked)
    if not access.may(auth.me(found.me), "rights.explain"):
        raise errors.Forbidden(me=found.me)
    return found, msgspec.json.decode(found.body, type=Facts)


def explanation(found: Answer, facts: Facts, question: Question) -> Explanation:
    """The answer in words. Raises NotFound when person or thing are unknown, or not for the asker."""
    person = facts.person
    if person is None or (question.object.strip() and facts.object is None):
        raise errors.NotFound(me=found.me)
    return Explanation(
        person=PersonNamed(person.id, person.name, person.authority_name), on=facts.on, roles=person.roles,
        keys=rules.readers(person), object=rules.explain_thing(facts.object) if facts.object else None,
        rights=rules.rights_of(one.role for one in person.roles),
    )  # fmt: skip


@get("/rights", opt={"permission": "rights.explain"})
async def explain(
    db: web.Db,
    caller: web.Asking,
    person_id: FromQuery[UUID],
    on: FromQuery[Day | None] = None,
    object: FromQuery[str] = "",
) -> Response[Explanation]:
    """What a person may on a day (the office's today), and why they see a thing or not.

    `object` is a reference: KK-2026-6, KK-2026-6 TOP 3, BA-2026-021, WD-006, AUF-2026-01. What the asker does not see
    is unknown here; data protection is told of persons, roles and rights alone.
    """
    question = fields.from_form(Question, {"person_id": str(person_id), "on": on, "object": object})
    found, facts = await ask(db, caller, question)
    return answers.one(Answer(found.me, msgspec.json.encode(explanation(found, facts, question))))


@get("/me/answers", opt={"permission": "signed_in"})
async def own_answers(db: web.Db, caller: web.Asking) -> Response[KeptAnswers]:
    """What is kept about oneself as somebody who is invited and asked, as a file (Art. 15 GDPR).

    Invitations with all replies, date polls, links that were in mails and addresses of one's calendar; never the secrets.
    """
    return _file(await store.kept_answers(db, caller), "meine-antworten.json")


@get("/rights/answers", opt={"permission": "answers.export"})
async def export_answers(
    db: web.Db, caller: web.Asking, actor: web.Acting, person_id: FromQuery[UUID]
) -> Response[KeptAnswers]:
    """The same of anybody, for data protection, when a person asks for it: also of those who do not sign in any more.

    It is written into the record of changes.
    """
    access.require(actor, "answers.export")
    found = await store.kept_answers(db, caller, person_id)
    await audit.record(db, actor, "answers.exported", "person", person_id)
    return _file(found, "antworten.json")


def _file(found: Answer, name: str) -> Response[KeptAnswers]:
    response: Response[KeptAnswers] = answers.one(found)
    response.headers["content-disposition"] = f'attachment; filename="{name}"'
    return response


router = Router("/api/v1", tags=["people"], route_handlers=[explain, own_answers, export_answers])
