"""The way to the mail server: blocking calls for a thread, cut where the promise needs it.

`offer` goes up to the server's „go ahead“; until then nothing is sent, and every fault means a clean second try.
`hand_over` sends the message with its final dot. Without the dot the server must throw the message away (RFC 5321
4.1.1.4); after it, only the server's answer tells what happened (4.2.5, RFC 1047).
"""

import ipaddress
import re
import select
import smtplib
import ssl
from urllib.parse import unquote, urlsplit

from circle.settings import Settings

TIMEOUT = 20.0
"""Seconds for each step of the conversation; shorter than the lease of a delivery."""
LAST_TIMEOUT = 60.0
"""Seconds for the answer to a message: while it is searched for malware, a server may be slow (RFC 5321 4.5.3.2.6)."""


class Unreachable(Exception):
    """No conversation with the server; the German text says why. Everybody waits."""


class Refused(Exception):
    """The server answered no. `final` for 5xx: this recipient gets nothing; otherwise later.

    `nobody_there` when it says that there is no such mailbox (RFC 5321 4.2.3), and not that it dislikes the message
    (5.7.x, RFC 3463).
    """

    def __init__(self, code: int, answer: bytes | str) -> None:
        text = answer.decode(errors="replace") if isinstance(answer, bytes) else answer
        super().__init__(f"{code} {' '.join(text.split())}"[:300])
        self.final = 500 <= code < 600
        self.nobody_there = code in (550, 551, 553) and not re.match(r"\s*5\.7\.", text)


class Unsure(Exception):
    """The connection broke after the message was on its way: it may have arrived or not."""


def connect(settings: Settings) -> smtplib.SMTP:
    """An open connection, encrypted and signed in as SMTP_URL says. Raises Unreachable."""
    place = urlsplit(settings.smtp_url)
    host = place.hostname or ""
    if settings.mode != "live" and not _is_near(host):
        raise Unreachable("In Vorführung und Test gehen E-Mails nur an diesen Rechner (127.0.0.1).")
    try:
        connection = _open(place.scheme, host, place.port)
        if place.username:
            if not (isinstance(connection.sock, ssl.SSLSocket) or _is_near(host)):
                raise Unreachable("Ein Kennwort geht nur verschlüsselt: smtps:// oder smtp+starttls://.")
            connection.login(unquote(place.username), unquote(place.password or ""))
    except ssl.SSLError as error:
        raise Unreachable(f"Der Mailserver hat kein gültiges Zertifikat ({error.reason}).") from error
    except smtplib.SMTPAuthenticationError as error:
        raise Unreachable("Der Mailserver nimmt die Anmeldung nicht an.") from error
    except (OSError, smtplib.SMTPException, ValueError) as error:
        raise Unreachable(f"Der Mailserver ist nicht erreichbar ({type(error).__name__}).") from error
    return connection


def _open(scheme: str, host: str, port: int | None) -> smtplib.SMTP:
    # Given by name: looking up the own host name can take seconds.
    ours = "localhost"
    if scheme == "smtps":
        connection: smtplib.SMTP = smtplib.SMTP_SSL(
            host, port or 465, local_hostname=ours, timeout=TIMEOUT, context=ssl.create_default_context()
        )
    elif scheme in ("smtp", "smtp+starttls"):
        connection = smtplib.SMTP(host, port or 25, local_hostname=ours, timeout=TIMEOUT)
    else:
        raise ValueError(f"unknown scheme {scheme}")
    if scheme == "smtp+starttls":
        connection.starttls(context=ssl.create_default_context())
    connection.ehlo_or_helo_if_needed()
    return connection


def _is_near(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def offer(connection: smtplib.SMTP, sender: str, recipient: str) -> None:
    """MAIL, RCPT and DATA up to the server's 354. Raises Refused, Unreachable."""
    try:
        _expect(connection.mail(sender), 250)
        _expect(connection.rcpt(recipient), 250, 251, 252)
        _expect(connection.docmd("data"), 354)
    except (OSError, smtplib.SMTPException) as error:
        raise Unreachable(_broken(error)) from error


def _expect(said: tuple[int, bytes], *wanted: int) -> None:
    if said[0] not in wanted:
        raise Refused(*said)


def _broken(error: Exception) -> str:
    return f"Die Verbindung zum Mailserver brach ab ({type(error).__name__})."


def hand_over(connection: smtplib.SMTP, message: bytes) -> None:
    """The message and its final dot, then the server's word. Returns when the server took it.

    Raises Refused when it said no, Unreachable when it went away before the dot, Unsure when it did so after it.
    """
    dotted = re.sub(rb"(?m)^\.", b"..", message)
    try:
        connection.send(dotted if dotted.endswith(b"\r\n") else dotted + b"\r\n")
        wire = connection.sock
        if wire is None or select.select([wire], [], [], 0)[0]:
            # It speaks, or hangs up, in the middle of the message. What we said now would still be read as its text.
            code, answer = connection.getreply()
            connection.close()
            raise Refused(code, answer)
    except (OSError, smtplib.SMTPException) as error:
        raise Unreachable(_broken(error)) from error
    try:
        wire.settimeout(LAST_TIMEOUT)
        connection.send(b".\r\n")
        code, answer = connection.getreply()
        wire.settimeout(TIMEOUT)
    except (OSError, smtplib.SMTPException) as error:
        raise Unsure("Die Verbindung brach ab, bevor der Mailserver die Nachricht bestätigte.") from error
    if 400 <= code < 600:
        raise Refused(code, answer)
    if not 200 <= code < 300:
        raise Unsure("Der Mailserver gab eine Antwort, die nicht zu verstehen ist.")


def forget(connection: smtplib.SMTP) -> None:
    """Take back an offer (RSET); raises Unreachable when the connection is of no more use."""
    try:
        code, _ = connection.rset()
    except (OSError, smtplib.SMTPException) as error:
        raise Unreachable("Die Verbindung zum Mailserver brach ab.") from error
    if code != 250:
        raise Unreachable("Der Mailserver nimmt gerade nichts an.")


def close(connection: smtplib.SMTP) -> None:
    """End the conversation; an offered message without its final dot counts for nothing (RFC 5321 4.1.1.4)."""
    connection.close()
