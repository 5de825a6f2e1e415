"""Who may do what: one table, read from top to bottom (domain rules 3.2). Who may *see* what stands in the SQL."""

from . import errors
from .auth import Actor, Me

KFI = {
    "circle_office",
    "circle_moderator",
    "kfi_head",
    "kfi_expert",
    "knowledge_editor",
    "quality_reviewer",
    "release_approver",
}
HOUSE = {"commissioner", "deputy", "assistant"}

RIGHTS: dict[str, set[str]] = {
    "polls.manage": {"circle_office"},
    "feeds.manage": {"circle_office"},
    "polls.answer": {"commissioner", "deputy", "circle_office", "circle_moderator"},
    "procedure.adopt": {"circle_office"},
    "meetings.convene": {"circle_office"},
    "meetings.invite": {"circle_office"},
    "meetings.run": {"circle_office", "circle_moderator"},
    "agenda.propose": {
        "commissioner",
        "deputy",
        "circle_office",
        "circle_moderator",
        "kfi_head",
        "kfi_expert",
    },
    "agenda.admit": {"circle_office"},
    "papers.hand_in": {
        "commissioner",
        "deputy",
        "circle_office",
        "circle_moderator",
        "kfi_head",
        "kfi_expert",
    },
    "minutes.write": {"circle_office", "circle_moderator"},
    "minutes.circulate": {"circle_office"},
    "minutes.approve": {"circle_office"},
    "minutes.object": {"commissioner", "deputy"},
    "tasks.assign": {"circle_office", "circle_moderator"},
    "tasks.settle": {"circle_office", "commissioner", "deputy", *KFI},
    "consultations.ask": HOUSE,
    "consultations.withdraw": HOUSE,
    "consultations.reply": HOUSE,
    "consultations.assign": {"circle_office"},
    "consultations.answer": KFI,
    "consultations.review": {"quality_reviewer", "kfi_head", "release_approver"},
    "consultations.send": {"circle_office"},
    "consultations.release": {"release_approver", "kfi_head"},
    "documents.write": {"commissioner", "deputy", *KFI},
    "documents.release": {"release_approver", "quality_reviewer", "kfi_head"},
    "documents.distribute": {"circle_office", "knowledge_editor"},
    "dispatches.send": {"circle_office"},
    "appointments.register": {"circle_office"},
    "appointments.attach": HOUSE,
    "appointments.prove": {"circle_office", *HOUSE},
    "appointments.notify": {"circle_office", "commissioner", "deputy"},
    "absences.enter": {"commissioner", "assistant", "circle_office"},
    "register.draft": HOUSE,
    "register.decide": {"commissioner", "deputy"},
    "people.manage": {"technical_admin", "circle_office"},
    "assistants.name": {"commissioner"},
    "people.review": {"circle_office"},
    "authorities.edit": {"circle_office", "ministry_observer", *HOUSE},
    "network.write": HOUSE,
    "files.upload": HOUSE | KFI | {"regional_staff"},
    "audit.read": {"data_protection_officer", "records_manager", "kfi_head", "circle_office"},
    "experts.involve": {"commissioner", "deputy", "circle_office"},
    "answers.export": {"data_protection_officer"},
    "rights.explain": {"circle_office", "kfi_head", "data_protection_officer"},
}


def may(who: Actor | Me, right: str) -> bool:
    """True when one of their roles holds `right`; a page asks with the card whether it offers an act."""
    return not RIGHTS[right].isdisjoint(who.roles)


def require(actor: Actor, right: str) -> None:
    """Raises Forbidden unless the actor holds `right`."""
    if not may(actor, right):
        raise errors.Forbidden
