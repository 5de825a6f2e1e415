"""The mail catcher: a real server, a real client, files in a folder."""

import asyncio
import os
import smtplib
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

import pytest

from circle.local import child, mailbox

pytestmark = pytest.mark.local


@contextmanager
def catching(folder: Path, **env: str) -> Iterator[int]:
    port = child.free_port()
    command = [sys.executable, "-m", "circle.local.mailbox", str(port), str(folder)]
    with subprocess.Popen(command, env={**os.environ, **env}, stdout=subprocess.DEVNULL) as process:
        try:
            end = time.monotonic() + 20
            while not child.listens(port) and time.monotonic() < end:
                time.sleep(0.03)
            yield port
        finally:
            process.terminate()
            assert process.wait(5) == 0


def letter() -> EmailMessage:
    message = EmailMessage()
    message["Subject"] = "Einladung zur 3. Sitzung – Übersicht"
    message["From"] = "buero@example.org"
    message["To"] = "anna@example.org"
    message.set_content("Guten Tag,\n.\nein Punkt allein in der Zeile.\n")
    return message


def test_a_message_is_one_file_with_its_envelope(tmp_path: Path) -> None:
    with catching(tmp_path / "mail") as port, smtplib.SMTP("127.0.0.1", port) as client:
        client.send_message(letter(), "bounce+1@example.org", ["anna@example.org", "ben@example.org"])
        files = list((tmp_path / "mail" / "new").iterdir())
    assert len(files) == 1
    found = message_from_bytes(files[0].read_bytes(), policy=policy.default)
    assert found["X-Envelope-From"] == "bounce+1@example.org"
    assert found["X-Envelope-To"] == "anna@example.org, ben@example.org"
    assert found["Subject"] == "Einladung zur 3. Sitzung – Übersicht"
    assert found.get_content() == "Guten Tag,\n.\nein Punkt allein in der Zeile.\n"
    assert list((tmp_path / "mail" / "tmp").iterdir()) == []


def test_given_addresses_are_refused_as_told(tmp_path: Path) -> None:
    rules = "full@example.org=452 4.2.2 Postfach voll; Gone@example.org=550 5.1.1 Unbekannt; late@example.org=DATA 554 5.6.0 Nein"
    with catching(tmp_path / "mail", CIRCLE_MAILBOX_REPLIES=rules) as port:
        with smtplib.SMTP("127.0.0.1", port) as client:
            refused = client.send_message(
                letter(), "a@example.org", ["anna@example.org", "full@example.org", "gone@example.org"]
            )
            assert {who: code for who, (code, _) in refused.items()} == {
                "full@example.org": 452,
                "gone@example.org": 550,
            }
        with smtplib.SMTP("127.0.0.1", port) as client, pytest.raises(smtplib.SMTPDataError) as error:
            client.send_message(letter(), "a@example.org", ["late@example.org"])
        assert error.value.smtp_code == 554
        assert len(list((tmp_path / "mail" / "new").iterdir())) == 1


def test_the_answer_waits_but_the_message_is_stored(tmp_path: Path) -> None:
    with (
        catching(tmp_path / "mail", CIRCLE_MAILBOX_DELAY="0.6") as port,
        smtplib.SMTP("127.0.0.1", port) as client,
    ):
        start = time.monotonic()
        client.send_message(letter(), "a@example.org", ["anna@example.org"])
        assert time.monotonic() - start >= 0.6


def test_it_refuses_to_listen_where_others_can_reach_it(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="nur auf diesem Rechner"):
        asyncio.run(mailbox.serve("192.0.2.1", 2525, mailbox.Catcher(tmp_path, {}, 0.0)))
