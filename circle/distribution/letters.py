"""From a letter and the papers of one recipient to the bytes of a mail: pure."""

import re
from datetime import datetime
from pathlib import Path, PurePath
from uuid import UUID

import jinja2
import msgspec

from circle.core import ics, mail
from circle.settings import Settings

from . import rules
from .model import Level, Paper

_TEMPLATES = jinja2.Environment(
    loader=jinja2.FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=jinja2.select_autoescape(["html"]),
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
)


class Sheet(msgspec.Struct, frozen=True):
    """What is to be written: the letter, its recipient and their share of the papers."""

    delivery_id: UUID
    name: str
    address: str
    subject: str
    text: str
    level: Level
    attached: list[Paper]
    linked: list[Paper]
    opt_out: UUID | None = None
    """The key of a contact's link that ends public letters."""
    answer: str = ""
    """The recipient's own link to an answer without sign-in."""


class Link(msgspec.Struct, frozen=True):
    """A paper that is to be read in the service."""

    title: str
    href: str


def message_id(delivery_id: UUID, settings: Settings) -> str:
    """The same in every attempt: mail servers that see a message twice know it by this."""
    return f"<{delivery_id}.0@{settings.mail_from.rpartition('@')[2]}>"


def letter_page(delivery_id: UUID) -> str:
    """Where the recipient reads the letter after sign-in; the address tells nothing of its matter."""
    return f"/versand/post/{delivery_id}"


def compose(sheet: Sheet, contents: dict[UUID, bytes], settings: Settings, now: datetime) -> bytes:
    """The mail as it goes over the wire. `contents` holds the bytes of every attached file; `now` is office time.

    A confidential letter says only that there is one; a calendar file asks its recipient alone. Raises mail.HeaderError.
    """
    neutral = sheet.level == "confidential"
    own = settings.address + letter_page(sheet.delivery_id)
    links = [_link(paper, settings, own) for paper in sheet.linked] if not neutral else []
    words = {
        "name": sheet.name,
        "paragraphs": [part.strip() for part in re.split(r"\n\s*\n", sheet.text.strip()) if part.strip()],
        "attached": [paper.title for paper in sheet.attached if not paper.calendar],
        "links": links,
        "neutral": neutral,
        "own": own,
        "office": settings.mail_name,
        "service": settings.address,
        "answer": sheet.answer,
        "opt_out": _opt_out(sheet, settings),
    }
    calendar = next((paper for paper in sheet.attached if paper.calendar and paper.file_id), None)
    invitation = None
    if calendar and calendar.file_id:
        invitation = ics.addressed(contents[calendar.file_id], sheet.name, sheet.address)
        contents = contents | {calendar.file_id: invitation}
    return mail.compose(
        mail.Mail(
            sender_name=settings.mail_name,
            sender_address=settings.mail_from,
            recipient_name=sheet.name,
            recipient_address=sheet.address,
            subject=rules.NEUTRAL_SUBJECT if neutral else sheet.subject,
            text=_TEMPLATES.get_template("mail.txt").render(words),
            html=_TEMPLATES.get_template("mail.html").render(words),
            message_id=message_id(sheet.delivery_id, settings),
            date=now,
            reply_to=settings.mail_from,
            headers={
                "Auto-Submitted": "auto-generated",
                "List-Id": f"<koordinierungskreis.{settings.mail_from.rpartition('@')[2]}>",
            }
            | _one_click(_opt_out(sheet, settings)),
            attachments=_attachments(sheet.attached, contents),
            calendar=invitation,
            calendar_method=_method(invitation),
        )
    )


def _opt_out(sheet: Sheet, settings: Settings) -> str:
    """The page that ends public letters to this contact; empty for everybody else."""
    if sheet.opt_out is None or sheet.level != "public":
        return ""
    return f"{settings.address}/abmelden-newsletter/{sheet.opt_out}"


def _one_click(link: str) -> dict[str, str]:
    """Mail programs end the subscription at the press of their own button (RFC 8058, https only)."""
    if not link.startswith("https://"):
        return {"List-Unsubscribe": f"<{link}>"} if link else {}
    return {"List-Unsubscribe": f"<{link}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}


def _link(paper: Paper, settings: Settings, own: str) -> Link:
    title = rules.NEUTRAL_TITLE if paper.level == "confidential" else paper.title
    return Link(title, settings.address + paper.url if paper.url and paper.level != "confidential" else own)


def _attachments(papers: list[Paper], contents: dict[UUID, bytes]) -> list[mail.Attachment]:
    """The files under names that no two of them share."""
    made: list[mail.Attachment] = []
    taken: set[str] = set()
    for paper in papers:
        if paper.file_id is None:
            continue
        # Uploads may bear names that some recipients' systems cannot store.
        path = PurePath(re.sub(r'[/\\:*?"<>|]', "_", paper.file_name).strip(" ."))
        stem, extension = path.stem[:120], path.suffix[:20]
        name, number = stem + extension, 2
        while name.casefold() in taken:
            name = f"{stem} ({number}){extension}"
            number += 1
        taken.add(name.casefold())
        made.append(mail.Attachment(name, paper.content_type, contents[paper.file_id]))
    return made


def _method(calendar: bytes | None) -> str:
    """The method the calendar file itself names (RFC 5546)."""
    found = re.search(rb"^METHOD:([A-Z]+)\s*$", calendar or b"", re.MULTILINE)
    return found.group(1).decode() if found else "REQUEST"
