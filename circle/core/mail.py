"""One mail message as bytes: pure, sends nothing.

Header lines are written here and nowhere else, so that one place decides what may stand in them: no line
break, no control character and no direction override gets into an address, a name, a subject or a file name.
The body with its parts is the standard library's work.
"""

import re
import unicodedata
from datetime import datetime
from email.header import Header
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

import msgspec

LINE = 78
_LONGEST_LINE = 998
_OVERRIDES = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_LOCAL = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_LABEL = re.compile(r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?")
_TOKEN = re.compile(r"[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,70}")
_HEADER_NAME = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,60}")
_MESSAGE_ID = re.compile(r"<[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]+@[A-Za-z0-9.-]+>")
_ATOMS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~ -]+")
_OURS = re.compile(
    r"from|to|cc|bcc|sender|reply-to|return-path|subject|date|message-id|received|mime-version|content-.*|resent-.*",
    re.IGNORECASE,
)


class HeaderError(ValueError):
    """Something cannot stand in the head of a mail; the text is German and meant for the person."""


class Attachment(msgspec.Struct, frozen=True):
    """A file in a mail: the name that the recipient sees, its MIME type and its bytes."""

    file_name: str
    content_type: str
    content: bytes


class Mail(msgspec.Struct, frozen=True, kw_only=True):
    """A mail to one recipient.

    `text` and `html` say the same; `date` is an aware time; `message_id` stands in angle brackets;
    `headers` are further header lines in ASCII, such as Auto-Submitted or List-Id; `calendar` is an
    iCalendar file that mail programs show as an invitation, under the method `calendar_method`.
    """

    sender_name: str
    sender_address: str
    recipient_name: str
    recipient_address: str
    subject: str
    text: str
    message_id: str
    date: datetime
    reply_to: str | None = None
    html: str | None = None
    headers: dict[str, str] = {}
    attachments: list[Attachment] = []
    calendar: bytes | None = None
    calendar_method: str = "REQUEST"


def compose(mail: Mail) -> bytes:
    """Return the message as RFC 5322 bytes: ASCII, CRLF, lines of at most 78 characters where they can break.

    The parts are mixed(alternative(text, html, calendar), attachments), with layers left out that have one
    part only. Raises HeaderError, in German, for anything that must not stand in a header.
    """
    if mail.date.tzinfo is None:
        raise HeaderError("Der Zeitpunkt der E-Mail braucht eine Zeitzone.")
    if not _MESSAGE_ID.fullmatch(mail.message_id):
        raise HeaderError("Die Kennung der E-Mail ist ungültig.")
    lines = [
        ("From", _mailbox(mail.sender_name, mail.sender_address)),
        ("To", _mailbox(mail.recipient_name, mail.recipient_address)),
        ("Subject", _words("Subject", check_subject(mail.subject))),
        ("Date", format_datetime(mail.date)),
        ("Message-ID", mail.message_id),
    ]
    if mail.reply_to is not None:
        lines.append(("Reply-To", check_address(mail.reply_to)))
    lines += [_further(name, value) for name, value in mail.headers.items()]
    head = "".join(_fold(name, value) for name, value in lines)
    return head.encode("ascii") + _body(mail).as_bytes()


def check_address(text: str) -> str:
    """Return the address unchanged, or raise HeaderError: one @, ASCII, no spaces, at most 254 characters."""
    _check(text, "Die E-Mail-Adresse", 254)
    if text.count("@") != 1:
        raise HeaderError("Die E-Mail-Adresse muss genau ein @ enthalten.")
    if not text.isascii():
        raise HeaderError("Die E-Mail-Adresse darf keine Umlaute oder Sonderzeichen enthalten.")
    local, domain = text.split("@")
    labels = domain.split(".")
    if not _LOCAL.fullmatch(local) or len(local) > 64 or not all(map(_LABEL.fullmatch, labels)):
        raise HeaderError("Die E-Mail-Adresse ist ungültig. Richtig ist zum Beispiel name@behoerde.example.")
    return text


def check_subject(text: str) -> str:
    """Return the subject unchanged, or raise HeaderError: one line, not empty, at most 250 characters."""
    return _check(text, "Der Betreff", 250)


def check_name(text: str) -> str:
    """Return a sender's or recipient's name unchanged, or raise HeaderError: as subjects, 120 characters."""
    return _check(text, "Der Name", 120)


def check_file_name(text: str) -> str:
    """Return the file name unchanged, or raise HeaderError: no folders, no signs that file systems refuse."""
    _check(text, "Der Dateiname", 150)
    if text != text.strip(" ") or text.startswith(".") or text.endswith("."):
        raise HeaderError("Der Dateiname darf nicht mit einem Punkt oder Leerzeichen beginnen oder enden.")
    if refused := sorted(set(text) & set('/\\:*?"<>|')):
        raise HeaderError(f"Der Dateiname darf diese Zeichen nicht enthalten: {' '.join(refused)}")
    return text


def _check(text: str, what: str, longest: int) -> str:
    if not text.strip():
        raise HeaderError(f"{what} fehlt.")
    if len(text) > longest:
        raise HeaderError(f"{what} ist zu lang. Möglich sind höchstens {longest} Zeichen.")
    # Cc covers CR, LF, NUL and the C1 controls; Zl and Zp are line breaks to some programs, Cs is no text.
    if any(c in _OVERRIDES or unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp") for c in text):
        raise HeaderError(f"{what} darf keine Zeilenumbrüche oder unsichtbaren Steuerzeichen enthalten.")
    return text


def _mailbox(name: str, address: str) -> str:
    check_address(address)
    if not name:
        return address
    check_name(name)
    if name.isascii() and "=?" not in name:
        escaped = name.replace("\\", "\\\\").replace('"', '\\"')
        return f"{name} <{address}>" if _ATOMS.fullmatch(name) else f'"{escaped}" <{address}>'
    return f"{_words('From', name)} <{address}>"


def _words(name: str, text: str) -> str:
    """Write text as encoded words (RFC 2047) if it is not plain ASCII or could be mistaken for such words."""
    if text.isascii() and "=?" not in text:
        return text
    return (
        Header(text, "utf-8", maxlinelen=LINE - 2, header_name=name).encode(linesep="\n").replace("\n ", " ")
    )


def _further(name: str, value: str) -> tuple[str, str]:
    if not _HEADER_NAME.fullmatch(name) or _OURS.fullmatch(name):
        raise HeaderError(f"Die Kopfzeile „{name[:40]!a}“ ist hier nicht erlaubt.")
    _check(value, f"Die Kopfzeile {name}", 2000)
    if not value.isascii() or max(map(len, value.split(" "))) > _LONGEST_LINE - LINE:
        raise HeaderError(f"Die Kopfzeile {name} lässt sich nicht schreiben.")
    return name, value


def _fold(name: str, value: str) -> str:
    """Break the line before words, never inside one; joining the lines again gives the value unchanged."""
    lines, line = [], f"{name}:"
    for word in re.findall(r" *[^ ]+ *$| *[^ ]+", f" {value}"):
        if len(line) + len(word) > LINE and line.strip() and line != f"{name}:":
            lines.append(line)
            line = word
        else:
            line += word
    return "\r\n".join([*lines, line]) + "\r\n"


def _body(mail: Mail) -> EmailMessage:
    body = EmailMessage(policy=SMTP)
    body.set_content(_lines(mail.text), cte="quoted-printable")
    if mail.html is not None:
        body.add_alternative(_lines(mail.html), subtype="html", cte="quoted-printable")
    if mail.calendar is not None:
        if mail.calendar_method not in ("REQUEST", "CANCEL", "PUBLISH"):
            raise HeaderError("Diese Art von Kalendereintrag ist nicht bekannt.")
        body.add_alternative(
            mail.calendar.decode(),
            subtype="calendar",
            cte="base64",
            params={"method": mail.calendar_method},
        )
    for attachment in mail.attachments:
        main, sub = _content_type(attachment.content_type)
        name = check_file_name(attachment.file_name)
        body.add_attachment(attachment.content, maintype=main, subtype=sub, filename=name)
    return body


def _lines(text: str) -> str:
    """Give every line break the same form; a bare CR would go out as it is."""
    return re.sub(r"\r\n?", "\n", text)


def _content_type(text: str) -> tuple[str, str]:
    main, _, sub = text.partition("/")
    if not _TOKEN.fullmatch(main) or not _TOKEN.fullmatch(sub):
        raise HeaderError("Der Dateityp des Anhangs ist ungültig.")
    # Parts that hold messages or further parts would be read as such; as plain bytes they stay files.
    return (main, sub) if main.lower() not in ("multipart", "message") else ("application", "octet-stream")
