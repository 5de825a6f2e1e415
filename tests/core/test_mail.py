"""Messages as mail programs read them, and what must never get into their heads."""

from datetime import UTC, datetime
from email import message_from_bytes
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.policy import SMTP, compat32
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from circle.core import mail

PLAIN = mail.Mail(
    sender_name="Geschäftsführung des Koordinierungskreises",
    sender_address="koordinierungskreis@bra.example",
    recipient_name="Müller-Lüdenscheidt, Änne",
    recipient_address="aenne@brk.example",
    subject="Einladung zur 6. Sitzung des Koordinierungskreises: Änderungen bei Ort und Zeit, Größe der Räume",
    text="Guten Tag,\n\nfür die Sitzung gilt: Überlänge.\r\n" + "x" * 2000 + "\n.\nFrom hier\n",
    message_id="<d-1@bra.example>",
    date=datetime(2026, 11, 24, 8, 30, tzinfo=UTC),
)
NASTY = [
    "a\r\nBcc: x@y.example",
    "a\nb",
    "a\rb",
    "a\0b",
    "a\x1bb",
    "a\x85b",
    "a\u2028b",
    "a\u202egpj.exe",
    "\ud800",
    "",
]
LINE = st.text(st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp", "Cn"]), min_size=1, max_size=110)


def parsed(message: mail.Mail) -> EmailMessage:
    raw = mail.compose(message)
    assert raw.isascii()
    assert raw.count(b"\n") == raw.count(b"\r") == raw.count(b"\r\n")
    found = message_from_bytes(raw, policy=SMTP)
    assert isinstance(found, EmailMessage)
    assert not [defect for part in found.walk() for defect in part.defects]
    return found


def change(**fields: Any) -> mail.Mail:
    return msgspec.structs.replace(PLAIN, **fields)


def test_a_plain_message() -> None:
    found = parsed(PLAIN)
    assert found["Subject"] == PLAIN.subject
    (recipient,) = found["To"].addresses
    assert (recipient.display_name, recipient.addr_spec) == (PLAIN.recipient_name, PLAIN.recipient_address)
    assert found["From"].addresses[0].display_name == PLAIN.sender_name
    assert found["Message-ID"] == "<d-1@bra.example>"
    assert found["Date"].datetime == PLAIN.date
    assert found.get_content_type() == "text/plain"
    assert found.get_content().replace("\r\n", "\n") == PLAIN.text.replace("\r\n", "\n")
    assert found.keys().count("MIME-Version") == 1
    assert all(len(line) <= 78 for line in mail.compose(PLAIN).split(b"\r\n"))


def test_all_parts_stand_in_their_order() -> None:
    ics = b"BEGIN:VCALENDAR\r\nSUMMARY:Sitzung \xc3\xbcber L\xc3\xa4rm\r\nEND:VCALENDAR\r\n"
    pdf = bytes(range(256)) * 9
    long_name = "Übersicht über Maßnahmen und Zuständigkeiten der Bezirksregierungen, Entwurf.pdf"
    message = change(
        html="<p>Guten Tag, schöne Größe</p>",
        calendar=ics,
        reply_to="antwort@bra.example",
        headers={"Auto-Submitted": "auto-generated", "List-Id": "Kreis <kreis.bra.example>"},
        attachments=[
            mail.Attachment("Einladung.pdf", "application/pdf", pdf),
            mail.Attachment(long_name, "application/pdf", pdf),
            mail.Attachment("brief.eml", "message/rfc822", b"Subject: x\r\n\r\nx"),
        ],
    )
    found = parsed(message)
    assert [part.get_content_type() for part in found.walk()] == [
        "multipart/mixed",
        "multipart/alternative",
        "text/plain",
        "text/html",
        "text/calendar",
        "application/pdf",
        "application/pdf",
        "application/octet-stream",
    ]
    assert found["List-Id"] == "Kreis <kreis.bra.example>"
    assert found["Auto-Submitted"] == "auto-generated"
    assert found["Reply-To"] == "antwort@bra.example"
    first, second, third = found.iter_attachments()
    assert [a.get_filename() for a in (first, second, third)] == ["Einladung.pdf", long_name, "brief.eml"]
    assert second.get_content() == pdf
    (calendar,) = [part for part in found.walk() if part.get_content_type() == "text/calendar"]
    assert calendar.get_param("method") == "REQUEST"
    assert calendar.get_payload(decode=True) == ics
    assert all(len(line) <= 78 for line in mail.compose(message).split(b"\r\n"))


@settings(deadline=None)
@given(subject=LINE, name=LINE)
def test_any_single_line_arrives_as_it_was(subject: str, name: str) -> None:
    try:
        found = parsed(change(subject=subject, recipient_name=name))
    except mail.HeaderError:
        assert not subject.strip() or not name.strip() or mail._OVERRIDES & {*subject, *name}
        return
    assert found.keys() == parsed(PLAIN).keys()
    assert [a.addr_spec for a in found["To"].addresses] == [PLAIN.recipient_address]
    assert found["Subject"].split() == subject.split()
    # The address parser of the standard library puts a space between two encoded words; RFC 2047 6.2 does not.
    written = message_from_bytes(mail.compose(change(recipient_name=name)), policy=compat32)["To"]
    if name.isascii() and "=?" not in name:
        assert found["To"].addresses[0].display_name.split() == name.split()
    else:
        assert str(make_header(decode_header(written))) == f"{name} <{PLAIN.recipient_address}>"


@pytest.mark.parametrize("bad", NASTY)
@pytest.mark.parametrize(
    "field", ["sender_name", "sender_address", "recipient_address", "reply_to", "subject", "message_id"]
)
def test_nothing_hostile_gets_into_a_header(field: str, bad: str) -> None:
    if field == "sender_name" and not bad:
        assert parsed(change(sender_name=""))["From"] == PLAIN.sender_address
        return
    with pytest.raises(mail.HeaderError):
        mail.compose(change(**{field: bad}))


@pytest.mark.parametrize("bad", NASTY)
def test_nothing_hostile_gets_into_further_headers_and_file_names(bad: str) -> None:
    with pytest.raises(mail.HeaderError):
        mail.compose(change(headers={"List-Id": bad}))
    with pytest.raises(mail.HeaderError):
        mail.compose(change(headers={bad: "x"}))
    with pytest.raises(mail.HeaderError):
        mail.compose(change(attachments=[mail.Attachment(bad, "application/pdf", b"")]))
    with pytest.raises(mail.HeaderError):
        mail.compose(change(attachments=[mail.Attachment("a.pdf", f"application/{bad}", b"")]))


@pytest.mark.parametrize("name", ["Bcc", "to", "Content-Type", "Resent-To", "X Y", "X:Y", "Ü"])
def test_headers_that_are_set_elsewhere_are_refused(name: str) -> None:
    with pytest.raises(mail.HeaderError, match="nicht erlaubt"):
        mail.compose(change(headers={name: "x"}))


def test_a_long_link_in_a_header_is_not_broken() -> None:
    link = "<https://kreis.example/abmelden/" + "a1" * 90 + ">"
    raw = mail.compose(change(headers={"List-Unsubscribe": f"<mailto:ab@kreis.example>, {link}"}))
    assert link.encode() in raw
    assert (
        message_from_bytes(raw)["List-Unsubscribe"].replace("\r\n", "")
        == f"<mailto:ab@kreis.example>, {link}"
    )


@pytest.mark.parametrize(
    "bad",
    [
        "",
        "anna",
        "a@b@c.example",
        "@brk.example",
        "anna@",
        "anna@brk..example",
        "anna@-brk.example",
        "an na@brk.example",
        "anna@brk.example, ben@brk.example",
        "Anna <anna@brk.example>",
        "ännä@brk.example",
        "anna@köln.example",
        ".anna@brk.example",
        f"{'a' * 65}@brk.example",
        f"a@{'b.' * 130}example",
        "anna@brk.example\n",
    ],
)
def test_addresses_that_are_refused(bad: str) -> None:
    with pytest.raises(mail.HeaderError, match="E-Mail-Adresse"):
        mail.check_address(bad)


@pytest.mark.parametrize("good", ["anna@brk.example", "a.b+c@x-y.example", "o'neil@localhost", "a@b"])
def test_addresses_that_are_taken(good: str) -> None:
    assert mail.check_address(good) == good


@pytest.mark.parametrize(
    "bad", ["../x", "a/b.pdf", "a\\b", "a:b", ".bashrc", "a.pdf.", " a.pdf", "a" * 151, "a\tb"]
)
def test_file_names_that_are_refused(bad: str) -> None:
    with pytest.raises(mail.HeaderError, match="Dateiname"):
        mail.check_file_name(bad)


def test_length_time_and_method_have_their_limits() -> None:
    with pytest.raises(mail.HeaderError, match="zu lang"):
        mail.check_subject("x" * 251)
    with pytest.raises(mail.HeaderError, match="Zeitzone"):
        mail.compose(change(date=datetime(2026, 11, 24)))
    with pytest.raises(mail.HeaderError, match="Kalendereintrag"):
        mail.compose(change(calendar=b"x", calendar_method="REQUEST\r\nX: y"))
