"""„Wer darf was“ as a page: a question about one person, and the two tables of the rules."""

from typing import Any

from litestar import Request, Response, Router, get
from litestar.params import FromQuery

from circle.core import access, auth, errors, fields, pages, web
from circle.core.access import KFI
from circle.core.auth import ROLE_NAMES

from . import api, rules
from .model import Question

Incoming = Request[Any, Any, Any]

UNKNOWN = "Das gibt es hier nicht, oder es ist nicht für Sie bestimmt. Bitte prüfen Sie das Zeichen."


@get("/rechte", opt={"permission": "rights.explain"})
async def show_rights(
    request: Incoming,
    db: web.Db,
    caller: web.Asking,
    person: FromQuery[str] = "",
    tag: FromQuery[str] = "",
    sache: FromQuery[str] = "",
) -> Response[bytes]:
    """The form, the answer when a person is chosen, and what each role opens and allows."""
    form = {"person": person, "tag": tag, "sache": sache}
    question, answer, wrong, status = None, None, {}, 200
    if any(form.values()):
        try:
            question = fields.from_form(Question, {"person_id": person, "on": tag, "object": sache})
        except errors.Invalid as invalid:
            wrong, status = {NAMES[name]: text for name, text in invalid.fields.items()}, 422
    found, facts = await api.ask(db, caller, question)
    me = auth.me(found.me)
    things = not KFI.isdisjoint(me.roles)
    if question:
        if facts.person is None:
            raise errors.NotFound(me=found.me)
        try:
            answer = api.explanation(found, facts, question)
        except errors.NotFound:
            wrong, status = {"sache" if things else "": UNKNOWN}, 404
    return pages.show(
        request, "rights/rights.html", me, status=status, errors=wrong, form=form, answer=answer, facts=facts,
        things=things, may_export=access.may(me, "answers.export"), role_names=ROLE_NAMES, levels=rules.level_table(facts), rights=rules.right_table(),
    )  # fmt: skip


NAMES = {"person_id": "person", "on": "tag", "object": "sache"}
"""The fields of a question as the page calls them."""

router = Router("/", include_in_schema=False, route_handlers=[show_rights])
