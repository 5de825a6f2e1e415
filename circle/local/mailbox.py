"""The mail catcher: takes every message and puts it into a folder, one file each; nothing leaves the machine.

    python -m circle.local.mailbox PORT FOLDER [--host 127.0.0.1]

Two variables serve tests. `CIRCLE_MAILBOX_REPLIES` refuses recipients: `address=452 4.2.2 Postfach voll`, several
divided by semicolons; a reply that starts with `DATA ` comes after the text of the message instead.
`CIRCLE_MAILBOX_DELAY` waits that many seconds before a message is confirmed.
"""

import argparse
import asyncio
import ipaddress
import itertools
import os
import signal
import sys
import time
from pathlib import Path

from aiosmtpd import smtp

SIZE_LIMIT = 64 * 1024 * 1024
_numbers = itertools.count(1)


def deliver(folder: Path, sender: str, recipients: list[str], content: bytes) -> Path:
    """Store one message durably and return its file. The envelope stands in the first two header lines.

    As Maildir wants it: written in `tmp`, moved to `new` when whole, and on the disk before anybody is told.
    """
    name = f"{time.time_ns()}.{os.getpid()}_{next(_numbers)}.localhost"
    envelope = f"X-Envelope-From: {sender}\nX-Envelope-To: {', '.join(recipients)}\n"
    part, file = folder / "tmp" / name, folder / "new" / name
    with part.open("xb") as output:
        # A Maildir ends its lines as the system does.
        output.write(envelope.encode() + content.replace(b"\r\n", b"\n"))
        output.flush()
        os.fsync(output.fileno())
    part.rename(file)
    handle = os.open(folder / "new", os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
    return file


def replies(text: str) -> dict[str, str]:
    """Read CIRCLE_MAILBOX_REPLIES: address → SMTP reply."""
    pairs = (part.partition("=") for part in text.split(";") if "=" in part)
    return {address.strip().lower(): reply.strip() for address, _, reply in pairs}


class Catcher:
    """What the SMTP server asks; the method names are those of aiosmtpd."""

    def __init__(self, folder: Path, refused: dict[str, str], delay: float) -> None:
        self.folder, self.refused, self.delay = folder, refused, delay

    async def handle_RCPT(
        self,
        server: smtp.SMTP,
        session: smtp.Session,
        envelope: smtp.Envelope,
        address: str,
        options: list[str],
    ) -> str:
        reply = self.refused.get(address.lower(), "")
        if reply and not reply.startswith("DATA "):
            return reply
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 2.1.5 Ok"

    async def handle_DATA(self, server: smtp.SMTP, session: smtp.Session, envelope: smtp.Envelope) -> str:
        for address in envelope.rcpt_tos:
            if reply := self.refused.get(address.lower()):
                return reply.removeprefix("DATA ")
        content = envelope.content if isinstance(envelope.content, bytes) else b""
        await asyncio.to_thread(deliver, self.folder, envelope.mail_from or "<>", envelope.rcpt_tos, content)
        await asyncio.sleep(self.delay)
        return "250 2.0.0 Ok: stored"


async def serve(host: str, port: int, catcher: Catcher) -> None:
    """Answer until SIGTERM or SIGINT. Raises ValueError for an address that others could reach."""
    if not ipaddress.ip_address(host).is_loopback:
        raise ValueError(f"Der Mailfänger hört nur auf diesem Rechner (127.0.0.1), nicht auf {host}.")
    for part in ("tmp", "new", "cur"):
        (catcher.folder / part).mkdir(mode=0o700, parents=True, exist_ok=True)
    loop = asyncio.get_running_loop()
    stopped = asyncio.Event()
    for kind in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(kind, stopped.set)
    server = await loop.create_server(
        # A fixed name: looking up one's own can take seconds.
        lambda: smtp.SMTP(
            catcher,
            hostname="localhost",
            data_size_limit=SIZE_LIMIT,
            enable_SMTPUTF8=True,
            ident="Circle",
            loop=loop,
        ),
        host,
        port,
    )
    print(f"mailbox listens on {host}:{port}, delivers to {catcher.folder}", flush=True)
    await stopped.wait()
    server.close()


def main() -> int:
    """Read the arguments and serve."""
    parser = argparse.ArgumentParser(prog="python -m circle.local.mailbox")
    parser.add_argument("port", type=int)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--host", default="127.0.0.1")
    given = parser.parse_args()
    catcher = Catcher(
        given.folder,
        replies(os.environ.get("CIRCLE_MAILBOX_REPLIES", "")),
        float(os.environ.get("CIRCLE_MAILBOX_DELAY", "0")),
    )
    try:
        asyncio.run(serve(given.host, given.port, catcher))
    except (ValueError, OSError) as error:
        print(f"Der Mailfänger ist nicht gestartet: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
