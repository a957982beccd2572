"""Where alarms arrive: a real mail server and a real HTTP receiver, which can refuse, fail, or say nothing."""

import asyncio
import hmac
import json
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from hashlib import sha256
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope, Session

SECRET = "a-secret-of-tests"


class Mailbox:
    """Keeps the mails that it takes; `answer` is what it says after the data."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.answer = "250 kept"
        self.tried = 0
        self._server: asyncio.Server | None = None
        self.port = 0

    async def start(self, port: int = 0) -> None:
        loop = asyncio.get_running_loop()
        make = lambda: SMTP(self, enable_SMTPUTF8=True, loop=loop)  # noqa: E731
        self._server = await loop.create_server(make, "127.0.0.1", port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        self.tried += 1
        if self.answer.startswith("2"):
            assert isinstance(envelope.content, bytes)
            self.mails.append(message_from_bytes(envelope.content, policy=default))
        return self.answer

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.port}"

    def texts(self) -> list[str]:
        return [str(mail.get_content()) for mail in self.mails]


class Hook:
    """Keeps the posts that it takes; `status` is what it answers; while `hold` is set it answers nothing."""

    def __init__(self) -> None:
        self.posts: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.status = 204
        self.more = ""
        self.hold: asyncio.Event | None = None
        self.tried = 0
        self.port = 0
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.StreamWriter] = set()

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
            for writer in list(self._open):
                writer.close()
            if self.hold is not None:
                self.hold.set()
            await self._server.wait_closed()
            self._server = None

    def url(self, name: str = "hook") -> str:
        return f"http://127.0.0.1:{self.port}/{name}"

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open.add(writer)
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
                headers = {
                    name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:] if line)
                }
                body = await reader.readexactly(int(headers["content-length"]))
                self.tried += 1
                if self.hold is not None:
                    await self.hold.wait()
                if 200 <= self.status < 300:
                    self._keep(headers, body)
                writer.write(f"HTTP/1.1 {self.status} x\r\ncontent-length: 0\r\n{self.more}\r\n".encode())
                await writer.drain()
        except (asyncio.IncompleteReadError, asyncio.CancelledError, ConnectionError):
            pass  # the client went away, or the test is over
        finally:
            self._open.discard(writer)
            writer.close()

    def _keep(self, headers: dict[str, str], body: bytes) -> None:
        stamp = headers["x-emberwatch-timestamp"]
        expected = "sha256=" + hmac.new(SECRET.encode(), stamp.encode() + b"." + body, sha256).hexdigest()
        assert headers.get("x-emberwatch-signature", expected) == expected
        self.posts.append(json.loads(body))
        self.headers.append(headers)
