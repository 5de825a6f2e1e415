"""The rules of accounts and passwords. Pure."""

import re
from collections.abc import Collection
from uuid import UUID

from circle.core import access, errors, mail
from circle.core.auth import ROLE_NAMES, Actor, Me

SHORTEST, LONGEST = 12, 200
"""Characters of a password: length comes before signs of many kinds (NIST SP 800-63B, 3.1.1.2)."""
COMMON = {
    "passwort", "password", "kennwort", "geheim", "geheimnis", "willkommen", "hallo", "qwertz", "qwerty", "qwertzuiop",
    "qwertyuiop", "asdfghjkl", "letmein", "welcome", "iloveyou", "ichliebedich", "schatz", "sommer", "winter", "herbst",
    "fruehling", "admin", "administrator", "integration", "koordinierungskreis", "bezirksregierung", "abc", "test",
}  # fmt: skip
"""Words that remain of the commonest passwords when digits and signs are taken away."""
DIGITS = "01234567890" * 4

RESERVED = {"technical_admin", "data_protection_officer"}
"""Roles that only the technical administration grants: the office does not choose who watches over it. All others it
leaves to the office, or whoever sees no content could make themself somebody who does (domain rules 3.2)."""
REMARKS: list[tuple[set[str], set[str], str]] = [
    (
        {"kfi_expert"},
        {"commissioner", "deputy"},
        "Wer im KfI zu einer Sache berät, stimmt in derselben Sache nicht für das Haus ab.",
    ),
    (
        {"kfi_expert", "knowledge_editor"},
        {"quality_reviewer", "release_approver", "kfi_head"},
        "Wer einen Text verfasst, prüft denselben Text nicht und gibt ihn nicht frei.",
    ),
    (
        {"technical_admin"},
        access.KFI | access.HOUSE,
        "Die Technische Administration sieht sonst keine Inhalte. Mit beiden Rollen sieht die Person beides.",
    ),
]
"""Roles that exclude each other in the same matter (domain rules 3.2): one may hold both, so they are explained."""


def remarks(roles: Collection[str]) -> list[str]:
    """What somebody with these roles has to mind."""
    held = set(roles)
    return [text for one, other, text in REMARKS if held & one and held & other]


def may_grant(who: Actor | Me, role: str, house: UUID | None) -> bool:
    """True when somebody with these roles grants `role` to people of `house`. On the assistants of a house hangs its own
    register, so that its commissioner names them and nobody else (decree Nr. 4)."""
    if role == "assistant":
        return access.may(who, "assistants.name") and who.authority_id == house
    return ("technical_admin" if role in RESERVED else "circle_office") in who.roles


def may_end(who: Actor | Me, role: str, house: UUID | None) -> bool:
    """True when somebody ends `role`: whoever grants it, and the office also where a house has no commissioner."""
    return may_grant(who, role, house) or (role == "assistant" and "circle_office" in who.roles)


def require_grantable(actor: Actor, role: str, house: UUID, *, own: bool, ending: bool = False) -> None:
    """Raises Forbidden when the actor may not grant or end `role`: never for oneself (own_role), and of the others only
    what is theirs to give (role_not_yours)."""
    if own:
        raise errors.Forbidden("Die eigenen Rollen ändert jemand anderes.", code="own_role")
    if not (may_end if ending else may_grant)(actor, role, house):
        who = "die Technische Administration" if role in RESERVED else "die Geschäftsführung"
        if role == "assistant":
            who = "die oder der Integrationsbeauftragte des Hauses"
        raise errors.Forbidden(
            f"Die Rolle „{ROLE_NAMES[role]}“ vergibt und beendet nur {who}.", code="role_not_yours"
        )


def require_second(actor: Actor, owner: UUID, asked_by: UUID, asked_roles: Collection[str]) -> None:
    """Two people change the address of an account, neither of them its owner, and the second is nobody whom the first
    could have made one who keeps accounts: the office confirms for the administration, and the other way round.

    `asked_roles` are what the first holds today. Raises Forbidden (four_eyes), and Conflict when the first keeps no
    accounts any more.
    """
    keepers = access.RIGHTS["people.manage"]
    asked = keepers & set(asked_roles)
    if not asked:
        raise errors.Conflict(
            "Wer die Adresse eingetragen hat, führt keine Konten mehr. Bitte verwerfen Sie die Adresse."
        )
    if actor.person_id in (asked_by, owner) or (asked != keepers and not (keepers & actor.roles) - asked):
        who = "Technische Administration" if asked == {"circle_office"} else "Geschäftsführung"
        raise errors.Forbidden(
            f"Diese Adresse bestätigt jemand anderes als die Person selbst und wer sie eingetragen hat: {who}.",
            code="four_eyes",
        )


def require_address(email: str) -> None:
    """Raises Invalid unless mail can be sent to the address."""
    try:
        mail.check_address(email)
    except mail.HeaderError as wrong:
        raise errors.Invalid(str(wrong), fields={"email": str(wrong)}) from wrong


def require_password(password: str, email: str, name: str, field: str = "password") -> None:
    """Raises Invalid, at `field`, when the password is too short, too common, or the person's own name or address."""
    if reason := weakness(password, email, name):
        raise errors.Invalid(reason, fields={field: reason})


def weakness(password: str, email: str, name: str) -> str:
    """What is wrong with a new password, in German; empty when nothing is."""
    if len(password) < SHORTEST:
        return (
            f"Das Kennwort ist zu kurz. Nehmen Sie mindestens {SHORTEST} Zeichen, zum Beispiel vier Wörter."
        )
    if len(password) > LONGEST:
        return f"Das Kennwort ist zu lang. Möglich sind höchstens {LONGEST} Zeichen."
    folded = password.casefold()
    own = {email, email.partition("@")[0], name, *name.split(), *reversed(name.split())}
    plain = {
        re.sub(r"\W|_|\d", "", word.casefold()) for word in (*own, name, "".join(reversed(name.split())))
    }
    letters = re.sub(r"\W|_|\d", "", folded)
    if folded == email.casefold() or (letters and letters in plain):
        return "Das Kennwort darf nicht Ihr Name oder Ihre Adresse sein."
    repeated = re.fullmatch(r"(.+?)\1*", letters)
    common = not letters or (repeated is not None and repeated[1] in COMMON)
    if len(set(folded)) < 5 or (common and len(re.sub(r"[a-z]", "", folded)) < 30) or folded in DIGITS:
        return "Dieses Kennwort ist zu leicht zu erraten. Nehmen Sie zum Beispiel vier Wörter."
    return ""
