"""A small SMTP server that can do what a good one must not: hang up anywhere, and say nothing."""

import asyncio
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default


class MailServer:
    """What happened, and what shall happen to whom.

    `behaviour` maps an address to one of: `rcpt 550 5.1.1 no`, `data 452 4.2.2 full` (after the message),
    `hang up at rcpt`, `hang up in the message`, `hang up after the dot` (the message is kept), `babble`.
    `port` is where it listens; `calls` counts connections; `closed` = it hangs up on everybody at once.
    """

    def __init__(self) -> None:
        self.behaviour: dict[str, str] = {}
        self.received: list[tuple[str, bytes]] = []
        self.calls = 0
        self.closed = False
        self.pause = 0.0
        self.port = 0

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.port}"

    @property
    def addresses(self) -> list[str]:
        """Who got a message, once for each."""
        return sorted(address for address, _ in self.received)

    def message(self, address: str) -> EmailMessage:
        """The one message somebody got."""
        (raw,) = [raw for to, raw in self.received if to == address]
        found = message_from_bytes(raw, policy=default)
        assert isinstance(found, EmailMessage)
        assert not found.defects
        return found

    async def __aenter__(self) -> "MailServer":
        self.server = await asyncio.start_server(self._talk, "127.0.0.1", 0, limit=2**20)
        self.port = self.server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self.server.close()
        await self.server.wait_closed()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.calls += 1
        try:
            if not self.closed:
                await self._converse(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        def say(reply: str) -> None:
            writer.write(reply.encode() + b"\r\n")

        say("220 test")
        address = way = ""
        while line := await reader.readline():
            verb, _, rest = line.decode().strip().partition(" ")
            verb = verb.lower()
            if verb == "rcpt":
                address = rest.partition("<")[2].partition(">")[0]
                way = self.behaviour.get(address, "")
                if way == "hang up at rcpt":
                    return
                say(way.removeprefix("rcpt ") if way.startswith("rcpt ") else "250 ok")
            elif verb == "data":
                say("354 go ahead")
                if way == "hang up in the message":
                    return
                await asyncio.sleep(self.pause)
                raw = await reader.readuntil(b"\r\n.\r\n")
                if way.startswith("data "):
                    say(way.removeprefix("data "))
                    continue
                self.received.append((address, raw[:-3].replace(b"\r\n..", b"\r\n.")))
                if way == "hang up after the dot":
                    return
                say("hm" if way == "babble" else "250 stored")
            else:
                say("250 ok")
