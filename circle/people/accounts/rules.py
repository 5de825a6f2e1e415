"""The rules of accounts and passwords. Pure."""

import re
from collections.abc import Collection

from circle.core import access, errors, mail
from circle.core.auth import Actor

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
"""Roles that only the technical administration grants: the office does not choose who watches over it."""
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


def require_grantable(actor: Actor, role: str, own: bool) -> None:
    """Raises Forbidden when the actor may not grant or end `role`: never for oneself, some only by the administration."""
    if own:
        raise errors.Forbidden("Die eigenen Rollen ändert jemand anderes.", code="own_role")
    if role in RESERVED and actor.person_id is not None and "technical_admin" not in actor.roles:
        raise errors.Forbidden("Diese Rolle vergibt nur die Technische Administration.")


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
