"""The words of the mails that carry a link to set a password, or tell of a new address. Pure."""

from datetime import datetime
from uuid import UUID

from circle.core import auth, mail
from circle.settings import Settings

SUBJECTS = {
    "invitation": "Ihr Zugang zum Koordinierungskreis",
    "reset": "Neues Kennwort setzen",
    "notice": "Neue Adresse für Ihren Zugang",
}
OPENINGS = {
    "invitation": "für Sie ist ein Zugang zum Arbeitsraum des Koordinierungskreises angelegt. Bitte setzen Sie über "
    "diesen Link Ihr Kennwort. Der Link gilt sieben Tage und kann nur einmal benutzt werden:",
    "reset": "für Ihren Zugang wurde ein neues Kennwort verlangt. Bitte setzen Sie es über diesen Link. Er gilt eine "
    "Stunde und kann nur einmal benutzt werden:",
    "notice": "für Ihren Zugang zum Arbeitsraum des Koordinierungskreises wurde eine andere E-Mail-Adresse eingetragen. Sie "
    "gilt, sobald eine zweite Person sie bestätigt. Bis dahin melden Sie sich mit dieser Adresse an.",
}
CLOSINGS = {
    "invitation": "Wenn Sie diese Einladung nicht erwarten, wenden Sie sich bitte an die Geschäftsführung.",
    "reset": "Wenn Sie das nicht waren, ist nichts zu tun. Ihr Kennwort bleibt, wie es ist.",
    "notice": "Wenn Sie davon nichts wissen, rufen Sie bitte gleich die Geschäftsführung an.",
}


def compose(
    link_id: UUID, kind: str, name: str, address: str, token: str, settings: Settings, now: datetime
) -> bytes:
    """The mail with the one link, on the configured address only; a notice has none. Raises mail.HeaderError.

    The token stands in the query, which the service does not log.
    """
    link = [] if kind == "notice" else [f"{settings.address}/kennwort?link={token}"]
    text = "\n\n".join(
        [f"Guten Tag, {name},", OPENINGS[kind], *link, CLOSINGS[kind], f"{settings.mail_name}\n"]
    )
    return mail.compose(
        mail.Mail(
            sender_name=settings.mail_name, sender_address=settings.mail_from, recipient_name=name,
            recipient_address=address, subject=SUBJECTS[kind], text=text,
            message_id=f"<{link_id}.{auth.token_hash(token).hex()[:8]}@{settings.mail_from.rpartition('@')[2]}>",
            date=now, headers={"Auto-Submitted": "auto-generated"},
        )
    )  # fmt: skip
